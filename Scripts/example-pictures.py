#!/usr/bin/env python3
"""Draws pictures of made-up products, for trying Norma out without any data: washers and tiles, good
ones to train on, and for each kind a few with defects and their masks, in MVTec AD's layout.

    Scripts/example-pictures.py FOLDER [--pictures N]

Needs numpy and Pillow (`Scripts/setup.sh test` brings both: .native/python/bin/python3). The README's
picture comes from these.
"""

import argparse
import pathlib

import numpy
from PIL import Image, ImageDraw, ImageFilter

SIDE = 256


def noise(random, deviation, blur):
    field = Image.fromarray((random.normal(128, 60, (SIDE, SIDE))).clip(0, 255).astype("uint8"))
    values = numpy.asarray(field.filter(ImageFilter.GaussianBlur(blur)), dtype="float32") - 128
    return values / max(values.std(), 1e-6) * deviation


def finish(random, picture):
    values = numpy.asarray(picture.resize((SIDE, SIDE), Image.LANCZOS), dtype="float32")
    values = values * random.uniform(0.95, 1.05) + random.normal(0, 2, values.shape)
    return Image.fromarray(values.clip(0, 255).astype("uint8"))


def washer(random):
    """A steel washer, seen from above, turned at random."""
    big = SIDE * 2
    light = noise(random, 6, 40)
    table = numpy.full((SIDE, SIDE, 3), (58, 66, 74), dtype="float32") + light[..., None]
    y, x = numpy.mgrid[0:SIDE, 0:SIDE] - SIDE / 2 - random.normal(0, 2, (2, 1, 1))
    radius, angle = numpy.hypot(x, y), numpy.arctan2(y, x)
    sheen = 26 * numpy.cos(2 * angle - random.uniform(0, 6.3)) + 5 * numpy.sin(radius * 1.9)
    ring = ((radius < 92) & (radius > 40))[..., None]
    edge = numpy.clip(1 - numpy.minimum(abs(radius - 92), abs(radius - 40)) / 5, 0, 1) * 34
    steel = numpy.array([168, 172, 178], dtype="float32") + (sheen + edge)[..., None]
    picture = numpy.where(ring, steel, table)
    return Image.fromarray(picture.clip(0, 255).astype("uint8")).resize((big, big), Image.BICUBIC)


def tile(random):
    """A glazed tile with its pattern, hardly shifted."""
    big = SIDE * 2
    ground = numpy.full((SIDE, SIDE, 3), (214, 204, 184), dtype="float32")
    ground += noise(random, 4, 6)[..., None]
    picture = Image.fromarray(ground.clip(0, 255).astype("uint8")).resize((big, big))
    draw = ImageDraw.Draw(picture)
    dx, dy = random.integers(-4, 5, 2)
    for row in range(4):
        for column in range(4):
            x, y = 64 + column * 128 + dx, 64 + row * 128 + dy
            draw.ellipse((x - 38, y - 38, x + 38, y + 38), outline=(44, 84, 128), width=9)
            draw.polygon([(x, y - 22), (x + 22, y), (x, y + 22), (x - 22, y)], fill=(170, 92, 56))
    return picture


def scratch(random, picture, mask):
    start = random.uniform(150, 360, 2)
    angle, length = random.uniform(0, 6.3), random.uniform(80, 150)
    points = [
        tuple(start + numpy.array([numpy.cos(angle + 0.3 * t), numpy.sin(angle + 0.3 * t)]) * length * t)
        for t in numpy.linspace(0, 1, 12)
    ]
    ImageDraw.Draw(picture).line(points, fill=(92, 70, 60), width=6, joint="curve")
    ImageDraw.Draw(mask).line(points, fill=255, width=12, joint="curve")


def stain(random, picture, mask):
    centre, size = random.uniform(130, 380, 2), random.uniform(24, 44)
    shape = Image.new("L", picture.size)
    for _ in range(5):
        x, y = centre + random.normal(0, size / 2, 2)
        ImageDraw.Draw(shape).ellipse((x - size, y - size * 0.7, x + size, y + size * 0.7), fill=255)
    soft = shape.filter(ImageFilter.GaussianBlur(5)).point(lambda value: int(value * 0.7))
    picture.paste((112, 64, 34), mask=soft)
    mask.paste(255, mask=shape)


def save(picture, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--pictures", type=int, default=60, help="good ones of each kind, to train on")
    options = parser.parse_args()
    for number, (name, draw) in enumerate([("washer", washer), ("tile", tile)]):
        random = numpy.random.default_rng(number)
        root = options.folder / name
        for index in range(options.pictures):
            save(finish(random, draw(random)), root / f"train/good/{index:03}.png")
        for index in range(12):
            save(finish(random, draw(random)), root / f"test/good/{index:03}.png")
        for defect in (scratch, stain):
            for index in range(8):
                picture = draw(random)
                mask = Image.new("L", picture.size)
                defect(random, picture, mask)
                kind = defect.__name__
                save(finish(random, picture), root / f"test/{kind}/{index:03}.png")
                small = mask.resize((SIDE, SIDE)).point(lambda value: 255 if value > 127 else 0)
                save(small, root / f"ground_truth/{kind}/{index:03}_mask.png")


if __name__ == "__main__":
    main()
