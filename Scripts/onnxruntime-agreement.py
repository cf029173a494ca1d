#!/usr/bin/env python3
"""Holds a model's exported graph, run by ONNX Runtime alone, to what Norma says.

    norma export line.norma --output line.onnx

Its reference picture, which lies beside it:

    Scripts/onnxruntime-agreement.py line.onnx

Verdicts on a data set. The pictures come from a store, decoded and resized as Norma does:

    norma store DATA --test --image-size 224 --output pictures.store
    norma inspect line.norma DATA --json > verdicts.jsonl
    Scripts/onnxruntime-agreement.py line.onnx pictures.store verdicts.jsonl

Scores and maps of the trained network in LibTorch:

    norma doctor --model line.norma --pictures FOLDER --dump dump.safetensors
    Scripts/onnxruntime-agreement.py line.onnx dump.safetensors

Prints one JSON object: differences as shares of the largest value, and how many verdicts differ. Ends with
1 when a verdict does, or a difference is above 1e-3.
"""

import json
import os
import struct
import sys

import numpy
import onnxruntime

BATCH = 8
LARGEST = 1e-3


def safetensors(path):
    """The tensors of a file, mapped into memory, and its metadata."""
    types = {"F32": "<f4", "U8": "u1"}
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))
    metadata = header.pop("__metadata__", {})
    tensors = {
        name: numpy.memmap(
            path,
            types[item["dtype"]],
            "r",
            8 + length + item["data_offsets"][0],
            tuple(item["shape"]),
        )
        for name, item in header.items()
    }
    return tensors, metadata


def opened(graph):
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return session, [output.name for output in session.get_outputs()]


def off(found, expected):
    """The largest difference as a share of the largest value expected."""
    found, expected = numpy.asarray(found, "f8"), numpy.asarray(expected, "f8")
    return float(abs(found - expected).max() / max(abs(expected).max(), 1e-30))


def ended(result, differing=0):
    result = {"engine": "ONNX Runtime " + onnxruntime.__version__, **result}
    print(json.dumps(result))
    differences = [value for value in result.values() if isinstance(value, float)]
    # Not "any above": what is not a number is not within, either.
    return 0 if differing == 0 and all(value <= LARGEST for value in differences) else 1


def dumped(graph, dump):
    reference, _ = safetensors(dump)
    session, _ = opened(graph)
    found = {"scores": [], "maps": []}
    for picture in reference["pictures"].astype(numpy.uint8):
        maps, scores = session.run(["anomaly_map", "score"], {"pictures": picture[None]})
        found["maps"].append(maps[0])
        found["scores"].append(scores[0])
    return ended(
        {
            "pictures": len(found["scores"]),
            "score": off(found["scores"], reference["scores"]),
            "map": off(found["maps"], reference["maps"]),
        }
    )


def reference(graph):
    from PIL import Image

    stem = graph[:-5] if graph.lower().endswith(".onnx") else graph
    with open(stem + ".reference.json", encoding="utf-8") as file:
        expected = json.load(file)
    picture = Image.open(os.path.join(os.path.dirname(graph), expected["picture"]))
    expected = expected["outputs"]
    session, names = opened(graph)
    found = dict(
        zip(names, session.run(names, {"pictures": numpy.asarray(picture.convert("RGB"))[None]}))
    )
    anomaly_map = found["anomaly_map"][0]
    rows, columns, side = expected["mapRows"], expected["mapColumns"], len(anomaly_map)
    cells = [
        anomaly_map[
            row * side // rows : (row + 1) * side // rows,
            column * side // columns : (column + 1) * side // columns,
        ].mean()
        for row in range(rows)
        for column in range(columns)
    ]
    result = {
        "score": off(found["score"], [expected["score"]]),
        "map": off(cells + [anomaly_map.max()], expected["mapCells"] + [expected["mapPeak"]]),
        "feature": off(found["feature"][0], expected["feature"]),
    }
    if "level" in names:
        result["level"] = off(found["level"], [expected["level"]])
    differing = [
        name
        for name in ("category", "unknown", "anomalous")
        if name in names and found[name][0] != expected[name]
    ]
    return ended({**result, "differing": differing}, len(differing))


def verdicts(graph, store, lines):
    """Every picture's verdict, as `norma inspect --json` gives it."""
    session, names = opened(graph)
    if "level" not in names:
        sys.exit(graph + " gives no verdicts: its model is uncalibrated, or it was exported by Norma 0.1")
    categories = json.loads(session.get_modelmeta().custom_metadata_map["norma.categories"])
    tensors, metadata = safetensors(store)
    places = {entry["path"]: place for place, entry in enumerate(json.loads(metadata["samples"]))}
    with open(lines, encoding="utf-8") as file:
        expected = [json.loads(line) for line in file]
    expected = [(place_of(item["path"], places), item) for item in expected if "score" in item]
    # What was inspected besides the store's pictures cannot be compared.
    left_out = sum(place is None for place, _ in expected)
    expected = [(place, item) for place, item in expected if place is not None]
    if not expected:
        sys.exit("the store holds none of the pictures that verdicts are given on")
    found = {name: [] for name in names if name not in ("anomaly_map", "feature")}
    for first in range(0, len(expected), BATCH):
        places = [place for place, _ in expected[first : first + BATCH]]
        pictures = numpy.stack([tensors["pictures"][place] for place in places])
        for name, values in zip(found, session.run(list(found), {"pictures": pictures})):
            found[name].extend(values.tolist())
    differing = []
    for index, (_, item) in enumerate(expected):
        says = {"anomalous": found["anomalous"][index]}
        if "category" in found:
            says["category"] = categories[found["category"][index]]
        if "unknown" in found:
            says["unknown"] = found["unknown"][index]
        norma = {name: item[name] for name in says}
        # Where Norma does not know how far a category's pictures lie, nothing is unknown.
        if "unknown" in norma:
            norma["unknown"] = bool(norma["unknown"])
        if any(says[name] != norma[name] for name in says):
            differing.append({"path": item["path"], "graph": says, "norma": norma})
    levels = [item["level"] for _, item in expected]
    result = {
        "pictures": len(expected),
        "leftOut": left_out,
        "anomalous": sum(found["anomalous"]),
        "unknown": sum(found.get("unknown", [])),
        "score": off(found["score"], [item["score"] for _, item in expected]),
        "level": off(found["level"], levels),
        "largestLevelDifference": str(
            max(abs(a - b) for a, b in zip(found["level"], levels))
        ),
        "differing": len(differing),
        "differences": differing[:10],
    }
    return ended(result, len(differing))


def place_of(path, places):
    """Where a picture lies in the store, whose paths are as seen from the data set's folder."""
    parts = path.split("/")
    return next((places[name] for name in map("/".join, tails(parts)) if name in places), None)


def tails(parts):
    return (parts[start:] for start in range(len(parts)))


if __name__ == "__main__":
    modes = {1: reference, 2: dumped, 3: verdicts}
    mode = modes.get(len(sys.argv) - 1)
    if mode is None:
        sys.exit(__doc__)
    sys.exit(mode(*sys.argv[1:]))
