#!/usr/bin/env python3
"""Runs a model's graph in ONNX Runtime on the pictures that `norma doctor --dump` kept, and compares
scores and maps with LibTorch's of the same dump.

    norma doctor --model line.norma --pictures FOLDER --dump dump.safetensors
    norma export line.norma --output line.onnx
    Scripts/onnxruntime-agreement.py line.onnx dump.safetensors

Prints one JSON object: the largest differences as shares of the largest score and map value. Ends with
1 when one is above 1e-3.
"""

import json
import struct
import sys

import numpy
import onnxruntime


def tensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__", None)
    return {
        name: numpy.frombuffer(data[slice(*item["data_offsets"])], "<f4").reshape(item["shape"])
        for name, item in header.items()
    }


def main(graph, dump):
    reference = tensors(dump)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    found = {"scores": [], "maps": []}
    for picture in reference["pictures"].astype(numpy.uint8):
        maps, scores = session.run(["anomaly_map", "score"], {"pictures": picture[None]})
        found["maps"].append(maps[0])
        found["scores"].append(scores[0])
    deviation = {
        name: float(abs(numpy.array(values) - reference[name]).max() / abs(reference[name]).max())
        for name, values in found.items()
    }
    print(
        json.dumps(
            {
                "engine": "ONNX Runtime " + onnxruntime.__version__,
                "pictures": len(found["scores"]),
                "score": deviation["scores"],
                "map": deviation["maps"],
            }
        )
    )
    return 1 if max(deviation.values()) > 1e-3 else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
