#!/usr/bin/env python3
"""Unpacks chosen parts of a Python wheel after checking its SHA-256 digest.

    unpack-wheel.py WHEEL SHA256 DESTINATION FROM=TO [FROM=TO ...] [--without PATTERN ...]

FROM is a shell pattern for paths inside the wheel; as many leading folders of a path as the pattern
has are replaced by TO. Nothing of the wheel is imported or run. Needs Python's own library only.
Exit status: 0 unpacked, 3 wrong digest, 4 disk full, 5 not the wheel that was expected.
"""

import errno
import fnmatch
import hashlib
import os
import shutil
import sys
import zipfile


def stop(status, message):
    print(message, file=sys.stderr)
    sys.exit(status)


def digest(path):
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            sha.update(block)
    return sha.hexdigest()


def target(name, rules):
    for pattern, folder in rules:
        if fnmatch.fnmatchcase(name, pattern):
            return os.path.join(folder, name.split("/", pattern.count("/"))[-1])
    return None


def unpack(wheel, destination, rules, without):
    matched = set()
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if entry.is_dir() or any(fnmatch.fnmatchcase(entry.filename, w) for w in without):
                continue
            inside = target(entry.filename, rules)
            if inside is None:
                continue
            path = os.path.normpath(os.path.join(destination, inside))
            if not path.startswith(os.path.normpath(destination) + os.sep):
                stop(5, f"{wheel}: {entry.filename} points outside the folder")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(entry) as source, open(path, "wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
            matched.update(p for p, _ in rules if fnmatch.fnmatchcase(entry.filename, p))
    for pattern, _ in rules:
        if pattern not in matched:
            stop(5, f"{os.path.basename(wheel)}: nothing in it matches {pattern}")


def main(arguments):
    split = arguments.index("--without") if "--without" in arguments else len(arguments)
    wheel, expected, destination = arguments[:3]
    rules = [tuple(rule.split("=", 1)) for rule in arguments[3:split]]
    found = digest(wheel)
    if found != expected:
        stop(
            3,
            f"{os.path.basename(wheel)} is not the file that this script was written for:\n"
            f"  expected SHA-256 {expected}\n  found            {found}",
        )
    try:
        unpack(wheel, destination, rules, arguments[split + 1:])
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            stop(4, f"the disk that holds {destination} is full")
        raise
    except zipfile.BadZipFile:
        stop(5, f"{os.path.basename(wheel)} is not a wheel")


if __name__ == "__main__":
    main(sys.argv[1:])
