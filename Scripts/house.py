#!/usr/bin/env python3
"""Prints the house: every module with its files, lines and what it imports, lowest first.

usage: Scripts/house.py [--json]

What imports what is read from the sources, not from the manifest, so that it is what is so. Exits with 1
when an arrow points up: when modules import each other in a circle.
"""

import json
import re
import sys
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "Sources"
EXECUTABLES = ("NormaCommand", "NormaRuntimeCommand", "NormaTrainCommand")


def modules() -> dict[str, dict]:
    found = {}
    names = {folder.name for folder in SOURCES.iterdir() if folder.is_dir()}
    for name in sorted(names):
        files = sorted((SOURCES / name).rglob("*.swift"))
        texts = [file.read_text(encoding="utf-8") for file in files]
        imports = {
            match for text in texts for match in re.findall(r"^(?:[@a-z]+ )*import (\w+)", text, re.M)
        }
        found[name] = {
            "files": len(files),
            "lines": sum(text.count("\n") for text in texts),
            "imports": sorted(imports & names - {name}),
        }
    return found


def ranked(found: dict[str, dict]) -> list[str]:
    """Every module after all that it imports."""
    order: list[str] = []
    while len(order) < len(found):
        ready = [
            name for name in found if name not in order and set(found[name]["imports"]) <= set(order)
        ]
        if not ready:
            circle = sorted(set(found) - set(order))
            sys.exit(f"modules import each other in a circle: {', '.join(circle)}")
        order += sorted(ready)
    return order


def main() -> None:
    found = modules()
    order = ranked(found)
    if "--json" in sys.argv[1:]:
        print(json.dumps({name: found[name] for name in order}, indent=1))
        return
    for name in order:
        row = found[name]
        print(f"{name:20} {row['files']:4} files {row['lines']:6} lines  {' '.join(row['imports'])}")
    files = sum(row["files"] for row in found.values())
    lines = sum(row["lines"] for row in found.values())
    own = sum(found[name]["lines"] for name in EXECUTABLES)
    print(
        f"{'all':20} {files:4} files {lines:6} lines, {lines / max(1, files):.0f} a file; "
        f"{100 * own / max(1, lines):.1f} % of the lines in executables")


if __name__ == "__main__":
    main()
