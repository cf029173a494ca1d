#!/usr/bin/env python3
"""Closes a run of the tests: what was skipped and why, what failed and where, and the counts.

usage: test-summary.py RESULTS.xml LOG

What became of each test is in the results, which `swift test --xunit-output` writes; the lines of the
log are for people, and some of them are lost when it is written faster than it is read. Where an issue
was recorded is in the log alone. Without results, when a test has ended the process, the log's issues are
all there is. Exits with 1 when a test failed, none ran, or there are no results.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree


def issues(log: str) -> dict[str, list[str]]:
    """The log's lines on each test's issues, by the test's name: the issue's own and those below it."""
    found: dict[str, list[str]] = {}
    details: list[str] | None = None
    for line in log.splitlines():
        issue = re.match(r"^\S+ Test (\S+?\(\S*?\)|\".*?\").* (recorded an issue.*)", line)
        if issue:
            details = found.setdefault(issue[1], [])
            details.append(issue[2][:1500])
        elif details is not None and line.startswith("↳ "):
            details.append("  " + line[:600])
        else:
            details = None
    return found


def show(test: str, lines: list[str]) -> None:
    print(f"  {test}")
    for line in lines[:12]:
        print(f"    {line}")


def main() -> int:
    results, log = sys.argv[1:]
    with open(log, encoding="utf-8", errors="replace") as file:
        where = issues(file.read())
    try:
        cases = list(ElementTree.parse(results).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        print("\nFailed:" if where else "")
        for name, lines in where.items():
            show(name, lines)
        print(f"the tests did not run to their end (log: {log})")
        return 1
    skipped = [case for case in cases if case.find("skipped") is not None]
    failed = [case for case in cases if case.find("failure") is not None]
    passed = len(cases) - len(skipped) - len(failed)
    if skipped:
        print("\nSkipped:")
    for case in skipped:
        print(f"  {case.get('name')}: {(case.findtext('skipped') or '').strip() or 'without a reason'}")
    # What went wrong comes last, where nobody has to search for it.
    if failed:
        print("\nFailed:")
    for case in failed:
        name = case.get("name") or ""
        messages = [issue.get("message") or "" for issue in case.iter("failure")]
        show(f"{case.get('classname')}: {name}", where.get(name) or messages)
    if not passed and not failed:
        print("\nno test ran")
    print(f"\n{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
