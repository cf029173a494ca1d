#!/usr/bin/env python3
"""Writes the demo's table from the solar cells' labels file.

    solar-table.py LABELS.csv TABLE.csv

The labels file holds, per photograph, its path, the probability that the cell is defective
(0, 1/3, 2/3 or 1) and its type, mono- or polycrystalline. Cells that the experts were sure of are
used: 0 is normal, 1 is defective. In the file's order, and per type, normal cell i (counted from 0)
is a test picture when (i div 10) mod 5 is 0: ten of every fifty. All defective cells are tested.
"""

import csv
import os
import sys
from collections import Counter

# Train on 1,198 normal cells; test on 310 normal and 715 defective ones.
EXPECTED = Counter({("train", "normal"): 1198, ("test", "normal"): 310, ("test", "defective"): 715})


def rows(labels):
    normals = Counter()
    with open(labels, encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            fields = line.replace(",", " ").split()
            if not fields:
                continue
            if len(fields) != 3:
                sys.exit(f"{labels}:{number}: expected path, probability and type, found: {line!r}")
            path, probability, kind = fields
            if float(probability) == 0:
                index = normals[kind]
                normals[kind] += 1
                split = "test" if index // 10 % 5 == 0 else "train"
                yield path, kind, split, "normal", ""
            elif float(probability) == 1:
                yield path, kind, "test", "defective", ""


def main(labels, table):
    found = list(rows(labels))
    counts = Counter((split, label) for _, _, split, label, _ in found)
    if counts != EXPECTED:
        sys.exit(f"{labels}: expected {dict(EXPECTED)}, found {dict(counts)}")
    temporary = table + ".part"
    with open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "category", "split", "label", "mask"])
        writer.writerows(found)
    os.replace(temporary, table)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
