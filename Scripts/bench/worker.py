#!/usr/bin/env python3
"""One part of the work, done the other way; speaks as `norma measure --on-request` does: "ready", then
for each line on standard input one round and a JSON object with its seconds, items and results."""

import argparse
import ctypes
import json
import sys
import time

import numpy as np


def serve(work):
    """`work()` gives (items, results) and is timed, unless it gives its own seconds as a third."""
    work()
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        items, results, *own = work()
        seconds = own[0] if own else time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "items": items, "results": results}), flush=True)


def batches(paths, size, count=16):
    import reference
    import torch

    for first in range(0, len(paths), count):
        yield torch.stack([reference.picture(path, size) for path in paths[first:first + count]]).float()


def extract(options):
    """The trunk in PyTorch: eager float32, or its best case."""
    import reference
    import torch

    trunk = reference.Trunk(options.weights, options.nominal)
    if options.best:
        trunk = trunk.to(memory_format=torch.channels_last)

    def work():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=options.best):
            for pictures in batches(options.pictures, options.size):
                if options.best:
                    pictures = pictures.to(memory_format=torch.channels_last)
                features = trunk(pictures)
        return len(options.pictures), {"mean": float(features.float().mean())}

    serve(work)


def detector(options):
    import reference

    trunk = reference.Trunk(options.weights, options.nominal)
    stored, _ = reference.read_safetensors(options.network)
    network = reference.RAS(stored["input.weight"].shape[1], options.size // 16)
    network.load_state_dict(stored)
    return trunk, network.eval()


def inspect(options):
    """Trunk and RAS in PyTorch, eager float32, PIL decoding."""
    import torch

    trunk, network = detector(options)

    def work():
        scores = []
        with torch.inference_mode():
            for pictures in batches(options.pictures, options.size, options.batch):
                scores += network.detect(trunk(pictures), options.size)[1].tolist()
        return len(scores), dict(zip(options.pictures, scores))

    serve(work)


def steps(options):
    """Training steps in PyTorch under bf16 autocast, features in memory."""
    import reference
    import torch

    torch.manual_seed(0)
    network = reference.RAS(options.channels, options.size // 16)
    adam = reference.optimizer(network)
    side = options.size // 16
    features = torch.randn(options.batch, options.channels, side, side)

    def work():
        for _ in range(options.steps):
            loss = reference.train_step(network, adam, features, bf16=not options.float32)
        return options.steps, {"loss": loss}

    serve(work)


def train(options):
    """A training as the authors' code does it: the trunk in every epoch, float32. No protocol."""
    import random

    import reference
    import torch

    torch.manual_seed(0)
    trunk = reference.Trunk(options.weights, options.nominal)
    network = reference.RAS(options.channels, options.size // 16)
    adam = reference.optimizer(network)
    order, random_order = list(options.pictures), random.Random(0)
    start = time.perf_counter()
    done = 0
    for _ in range(options.epochs):
        random_order.shuffle(order)
        for pictures in batches(order, options.size, options.batch):
            if len(pictures) < options.batch:
                continue
            with torch.no_grad():
                features = trunk(pictures)
            reference.train_step(network, adam, features, bf16=False)
            done += 1
    print(json.dumps({"seconds": time.perf_counter() - start, "items": done, "results": {}}))


def graph(options):
    """The bare graph in OpenVINO, driven from Python: pictures decoded beforehand."""
    import openvino as ov
    import reference

    core = ov.Core()
    hints = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": options.precision}
    model = core.read_model(options.graph)
    model.reshape([1, options.size, options.size, 3])
    compiled = core.compile_model(model, "CPU", hints)
    queue = ov.AsyncInferQueue(compiled)
    inputs = [reference.picture(p, options.size).permute(1, 2, 0).numpy()[None] for p in options.pictures]

    def work():
        for picture in inputs:
            queue.start_async({0: picture})
        queue.wait_all()
        return len(inputs), {}

    serve(work)


def floor(options):
    """What the machine can do at best, and how much there is to do. No protocol."""
    import reference
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    def best(work, times=12):
        seconds = []
        for _ in range(times):
            start = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - start)
        return min(seconds)

    def operations(work):
        with FlopCounterMode(display=False) as counter:
            work()
        return counter.get_total_flops()

    results = {}
    for name, kind in (("bf16", torch.bfloat16), ("float32", torch.float32)):
        a, b = (torch.randn(2048, 2048, dtype=kind) for _ in range(2))
        results[f"{name} operations a second"] = 2 * 2048 ** 3 / best(lambda: a @ b)
    source, target = torch.empty(1 << 27), torch.empty(1 << 27)
    results["bytes copied a second"] = 2 * source.numel() * 4 / best(lambda: target.copy_(source))

    trunk = reference.Trunk(options.weights, options.nominal)
    picture = torch.zeros(1, 3, options.size, options.size)
    results["operations of the trunk, a picture"] = operations(lambda: trunk(picture))
    network = reference.RAS(options.channels, options.size // 16)
    with torch.no_grad():
        features = trunk(picture)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        results["operations of RAS, a picture"] = operations(lambda: network(features))
        results["operations of a training step, a picture"] = operations(
            lambda: network.loss(features).backward())
    print(json.dumps({"seconds": 0, "items": 0, "results": results}))


def metrics(options):
    """scikit-learn's AUROC and average precision, and AUPRO by SciPy's regions and one sort."""
    import reference
    from scipy import ndimage
    from sklearn import metrics as sk

    tensors, _ = reference.read_safetensors(options.maps)
    maps, masks = tensors["maps"].numpy(), tensors["masks"].numpy() > 0

    def aupro(limit=0.3):
        weights = np.zeros(maps.shape, np.float64)
        regions = 0
        for number, mask in enumerate(masks):
            labels, count = ndimage.label(mask, np.ones((3, 3)))
            areas = np.bincount(labels.ravel(), minlength=count + 1)
            weights[number] = np.where(labels > 0, 1 / areas[labels], 0)
            regions += count
        order = np.argsort(-maps, axis=None, kind="stable")
        scores, normal = maps.ravel()[order], ~masks.ravel()[order]
        last = np.append(np.flatnonzero(np.diff(scores)), scores.size - 1)
        rate = np.append(0, np.cumsum(normal)[last] / normal.sum())
        overlap = np.append(0, np.cumsum(weights.ravel()[order])[last] / regions)
        inside = rate <= limit
        x, y = np.append(rate[inside], limit), np.append(overlap[inside], np.interp(limit, rate, overlap))
        return np.trapezoid(y, x) / limit

    def work():
        truth, scores = masks.ravel(), maps.ravel()
        return len(maps), {
            "auroc": sk.roc_auc_score(truth, scores),
            "averagePrecision": sk.average_precision_score(truth, scores), "aupro": float(aupro())}

    serve(work)


class PNGImage(ctypes.Structure):
    """libpng's png_image, of its simplified interface."""

    _fields_ = [("opaque", ctypes.c_void_p), ("version", ctypes.c_uint32), ("width", ctypes.c_uint32),
                ("height", ctypes.c_uint32), ("format", ctypes.c_uint32), ("flags", ctypes.c_uint32),
                ("colormap_entries", ctypes.c_uint32), ("warning_or_error", ctypes.c_uint32),
                ("message", ctypes.c_char * 64)]


def png(options):
    """Bare libpng, and a resize."""
    from PIL import Image

    library = ctypes.CDLL("libpng16.so.16")
    rgb = 2
    path = options.pictures[0]

    def read():
        image = PNGImage(version=1)
        if not library.png_image_begin_read_from_file(ctypes.byref(image), path.encode()):
            sys.exit(image.message.decode())
        image.format = rgb
        pixels = np.empty((image.height, image.width, 3), np.uint8)
        library.png_image_finish_read(ctypes.byref(image), None, pixels.ctypes.data_as(ctypes.c_void_p), 0, None)
        size = options.size
        return Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR)

    def work():
        for _ in range(50):
            read()
        return 50, {}

    serve(work)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", choices=[
        "extract", "inspect", "steps", "train", "graph", "metrics", "png", "floor"])
    parser.add_argument("pictures", nargs="*")
    for name in ("weights", "network", "graph", "maps", "precision", "list"):
        parser.add_argument("--" + name)
    for name, value in (("nominal", 380), ("size", 224), ("channels", 272), ("batch", 16), ("steps", 12),
                        ("epochs", 2)):
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--best", action="store_true")
    parser.add_argument("--float32", action="store_true")
    options = parser.parse_intermixed_args()
    if options.list:
        with open(options.list, encoding="utf-8") as file:
            options.pictures += file.read().splitlines()
    globals()[options.work](options)


if __name__ == "__main__":
    main()
