#!/usr/bin/env python3
"""Draws the levels of inspected pictures, a row a product: good ones above, defective ones below the line.

    norma inspect MODEL DATA/*/test --json > verdicts.jsonl
    Scripts/levels-picture.py verdicts.jsonl docs/images/levels.png

Takes the layout of MVTec AD: PRODUCT/test/good, PRODUCT/test/DEFECT. Needs Pillow.
"""
import collections
import json
import sys

from PIL import Image, ImageDraw, ImageFont

source, target = sys.argv[1:3]
rows = collections.defaultdict(lambda: ([], []))
for line in open(source):
    verdict = json.loads(line)
    product, _, kind = verdict["path"].split("/")[-4:-1]
    rows[product][kind != "good"].append(verdict["level"])

scale, left, width, height, most = 2, 130, 720, 52, 4.0
image = Image.new("RGB", ((left + width + 20) * scale, (len(rows) * height + 70) * scale), "white")
draw = ImageDraw.Draw(image)
font = ImageFont.load_default(size=14 * scale)


def place(level):
    return (left + width * min(level, most) / most) * scale


for number, (product, (good, defective)) in enumerate(sorted(rows.items())):
    top = (40 + number * height) * scale
    draw.text((10 * scale, top + 12 * scale), product, fill="#333333", font=font)
    for levels, colour, offset in ((good, "#2a6f97", 8), (defective, "#c8553d", 26)):
        for level in levels:
            x = place(level)
            draw.line([(x, top + offset * scale), (x, top + (offset + 14) * scale)], fill=colour, width=scale)
bottom = (40 + len(rows) * height) * scale
for level in range(int(most) + 1):
    colour = "#000000" if level == 1 else "#dddddd"
    draw.line([(place(level), 34 * scale), (place(level), bottom)], fill=colour, width=scale)
    text = f"{level}" + (" and more" if level == most else "")
    draw.text((place(level), bottom + 6 * scale), text, fill="#333333", font=font, anchor="ra" if level == most else "ma")
draw.text((place(1) + 6 * scale, 12 * scale), "threshold", fill="#000000", font=font)
draw.text((10 * scale, 12 * scale), "good", fill="#2a6f97", font=font)
draw.text((60 * scale, 12 * scale), "defective", fill="#c8553d", font=font)
image.save(target, optimize=True)
