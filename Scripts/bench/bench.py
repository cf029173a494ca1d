#!/usr/bin/env python3
"""Norma beside what its users have: every row is one piece of work done by both sides, in turns.

Correctness comes first: both sides must compute the same before either is timed. Prints a Markdown
table and writes the rows to --output."""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NORMA = ROOT / ".build/release/norma"
RUNTIME = ROOT / ".build/release/norma-runtime"


class Pictures:
    """Real pictures, and the backbone that goes with them."""

    def __init__(self, shared, home):
        inspection = shared / "data/inspection7"
        if inspection.is_dir():
            self.name, self.recipe, self.dataset = "inspection7", "three", inspection
            self.categories = ["bottle", "tire", "metal_plate"]
            self.weights, self.nominal, self.channels = shared / "weights/tf_efficientnet_b4_trunk.safetensors", 380, 272
            self.training = [p for c in self.categories for p in sorted((inspection / c / "train/good").iterdir())]
            self.all = sorted(inspection.glob("*/train/good/*.jpg"))
        else:
            self.name, self.recipe, self.dataset = "solar cells", "solar", ROOT / ".native/demo/solar-cells"
            self.categories = ["mono", "poly"]
            self.weights, self.nominal, self.channels = home / "weights/efficientnet-lite0.safetensors", 224, 192
            self.all = self.training = sorted((self.dataset / "images").iterdir())[:473]
        # Both sides read the same files; JPEGs are what a line's cameras give.
        self.some = [str(p) for p in (self.all * (1000 // len(self.all) + 1))[:160]]


class Side:
    """A process that does a round of its work for each line that it is sent."""

    def __init__(self, command, environment=None):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log, text=True, env={**os.environ, **(environment or {})})
        self.line("ready")

    def line(self, wanted=None):
        text = self.process.stdout.readline().strip()
        if not text or (wanted and text != wanted):
            self.log.seek(0)
            sys.exit(f"{' '.join(map(str, self.process.args))[:300]}: {self.log.read()[-2000:]}")
        return text

    def round(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.line())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Bench:
    def __init__(self, options, home, work):
        self.options, self.home, self.work = options, home, work
        self.pictures = Pictures(options.shared, home)
        self.rows, self.measured = [], {}
        self.environment = {"NORMA_HOME": str(home), "NORMA_SHARED": str(options.shared)}
        self.list = work / "pictures.txt"
        self.list.write_text("\n".join(self.pictures.some))

    # Running

    def norma(self, *arguments, program=NORMA, home=None):
        start = time.perf_counter()
        result = subprocess.run(
            [str(a) for a in (program, *arguments)], capture_output=True, text=True,
            env={**os.environ, **self.environment, **({"NORMA_HOME": str(home)} if home else {})})
        if result.returncode not in (0, 1):
            sys.exit(f"norma {' '.join(map(str, arguments))}: {result.stderr[-2000:]}")
        return time.perf_counter() - start, result.stdout

    def ours(self, *arguments):
        return Side([NORMA, "measure", *arguments, "--on-request"], self.environment)

    def other(self, work, *arguments):
        p = self.pictures
        return Side([sys.executable, HERE / "worker.py", work, "--nominal", p.nominal, "--channels", p.channels,
                     "--weights", p.weights, *arguments])

    def alternate(self, sides, rounds=None):
        """The rounds of each side, taken in turns."""
        found = {name: [] for name in sides}
        for _ in range(rounds or self.options.rounds):
            for name, side in sides.items():
                found[name].append(side.round())
        for side in sides.values():
            side.close()
        return found

    @staticmethod
    def rate(rounds):
        return statistics.median(r["items"] / r["seconds"] for r in rounds)

    @staticmethod
    def spread(rounds):
        rates = [r["items"] / r["seconds"] for r in rounds]
        return (max(rates) - min(rates)) / statistics.median(rates)

    # Rows

    def floor_of_the_machine(self):
        """Said below the header: what the operations of each part take at the machine's best."""
        p = self.pictures
        result = subprocess.run(
            [sys.executable, HERE / "worker.py", "floor", "--nominal", str(p.nominal), "--channels", str(p.channels),
             "--weights", p.weights], capture_output=True, text=True, check=True)
        for name, value in json.loads(result.stdout)["results"].items():
            print(f"- {name}: {value / 1e9:.3g} G")
        print()

    def row(self, name, ours, other, unit, goal, higher=True, spread=None):
        ratio = ours / other if higher else other / ours
        row = {"name": name, "ours": round(ours, 3), "other": round(other, 3), "unit": unit,
               "ratio": round(ratio, 3), "goal": goal, "met": None if goal is None else ratio >= goal}
        if spread is not None:
            row["spread"] = round(spread, 3)
        self.rows.append(row)
        print(self.markdown(row), flush=True)
        self.save()

    @staticmethod
    def markdown(row):
        met = {True: "yes", False: "**no**", None: ""}[row["met"]]
        goal = "" if row["goal"] is None else f"{row['goal']:.2g}×"
        spread = f"±{50 * row['spread']:.0f} %" if "spread" in row else ""
        return (f"| {row['name']} | {row['ours']:.4g} | {row['other']:.4g} | {row['unit']} | "
                f"{row['ratio']:.2f}× | {goal} | {met} | {spread} |")

    def save(self):
        self.options.output.parent.mkdir(parents=True, exist_ok=True)
        self.options.output.write_text("[\n" + ",\n".join(json.dumps(r) for r in self.rows) + "\n]\n")

    def rates(self, name, unit, sides, goals, rounds=None):
        """One row for each other side."""
        found = self.alternate(sides, rounds)
        ours = found["ours"]
        for other, goal in goals.items():
            self.row(f"{name}, against {other}", self.rate(ours), self.rate(found[other]), unit, goal,
                     spread=max(self.spread(ours), self.spread(found[other])))
        return found

    # What is measured

    def model(self):
        """A model of these pictures; how well it is trained does not matter for its speed."""
        path = self.work / "bench.norma"
        self.norma("train", self.pictures.dataset, "--categories", ",".join(self.pictures.categories), "--recipe",
                   self.recipe(epochs=1), "--output", path)
        return path

    def recipe(self, epochs):
        """The recipe of the pictures, short, with thresholds from held-out pictures."""
        text = (ROOT / f"Recipes/{self.pictures.recipe}.yaml").read_text()
        text = text[:text.index("  crossFit:")].replace("holdout: 0 ", "holdout: 0.1 ").replace("holdout: 0\n", "holdout: 0.1\n")
        lines = [f"  epochs: {epochs}" if line.startswith("  epochs:") else line for line in text.splitlines()]
        path = self.work / f"epochs{epochs}.yaml"
        path.write_text("\n".join(lines) + "\n")
        return path

    def same(self, model):
        """Both sides' scores of the same pictures, which must agree before anything is timed."""
        ours = self.ours("inspect", model, *self.pictures.some[:8])
        other = self.other("inspect", "--network", model / "weights.safetensors", *self.pictures.some[:8])
        found = self.alternate({"ours": ours, "other": other}, 1)
        ours, other = found["ours"][0]["results"], found["other"][0]["results"]
        worst = max(abs(ours[path] - other[path]) / other[path] for path in other)
        print(f"Both sides score 8 pictures alike: largest difference {100 * worst:.2f} %"
              " (libvips and PIL resize differently).\n")
        if worst > 0.05:
            sys.exit("the two sides do not compute the same")

    def extraction(self):
        trunk = self.work / "trunk.onnx"
        self.norma("measure", "extract", self.pictures.some[0], "--recipe", self.pictures.recipe, "--graph", trunk,
                   "--rounds", 1)
        found = self.alternate({
            "ours": self.ours("extract", *self.pictures.some, "--recipe", self.pictures.recipe),
            "graph": self.other("graph", "--graph", trunk, "--precision", "bf16", "--list", self.list),
            "decoder": self.ours("decode", self.pictures.some[0], "--times", 100)})
        name = "extract features, bf16, pictures a second"
        self.floor(name, found)
        for title, arguments, goal in (
                ("PyTorch eager float32", (), 5), ("PyTorch channels-last bf16", ("--best",), None)):
            other = self.alternate({
                "ours": self.ours("extract", *self.pictures.some, "--recipe", self.pictures.recipe),
                "other": self.other("extract", "--list", self.list, *arguments)}, 3)
            self.row(f"{name}, against {title}", self.rate(other["ours"]), self.rate(other["other"]), "1/s", goal)

    def floor(self, name, found):
        """What the bare graph and the decoder allow: their core-times, on all cores."""
        cores = os.cpu_count()
        decoding = statistics.median(r["processorSeconds"] / r["items"] for r in found["decoder"])
        core_time = cores / self.rate(found["graph"]) + decoding
        self.row(f"{name}, against the bare graph and decoder", self.rate(found["ours"]), cores / core_time, "1/s",
                 0.95, spread=self.spread(found["ours"]))

    def inspection(self, model):
        found = self.alternate({
            "ours": self.ours("inspect", model, *self.pictures.some),
            "graph": self.other("graph", "--graph", model / "graph.onnx", "--precision", "f32", "--list", self.list),
            "decoder": self.ours("decode", self.pictures.some[0], "--times", 100)})
        name = "inspect JPEGs, pictures a second"
        self.floor(name, found)
        self.rates(name, "1/s", {
            "ours": self.ours("inspect", model, *self.pictures.some),
            "PyTorch eager, PIL": self.other(
                "inspect", "--network", model / "weights.safetensors", "--list", self.list)},
            {"PyTorch eager, PIL": 5}, 3)

    def steps(self):
        for batch, count in ((16, 12), (64, 3)):
            self.rates(f"RAS training steps, batch {batch}", "1/s", {
                "ours": self.ours("steps", "--recipe", self.pictures.recipe, "--batch", batch, "--steps", count),
                "PyTorch bf16": self.other("steps", "--batch", batch, "--steps", count)},
                {"PyTorch bf16": 1.0})

    def training(self):
        """Two epochs a side as whole processes; then what that makes of the recipe's schedule."""
        p = self.pictures
        ours, other = [], []
        listed = self.work / "training.txt"
        listed.write_text("\n".join(map(str, p.training)))
        for number in range(self.options.trainings):
            home = self.work / f"home{number}"
            shutil.copytree(self.home / "weights", home / "weights")
            seconds, _ = self.norma(
                "train", p.dataset, "--categories", ",".join(p.categories), "--recipe", self.recipe(epochs=2),
                "--output", self.work / f"{number}.norma", home=home)
            ours.append(seconds)
            start = time.perf_counter()
            subprocess.run([sys.executable, HERE / "worker.py", "train", "--weights", p.weights, "--nominal",
                            str(p.nominal), "--channels", str(p.channels), "--list", listed],
                           check=True, capture_output=True)
            other.append(time.perf_counter() - start)
        self.row("norma train, 2 epochs, against PyTorch as published", statistics.median(ours),
                 statistics.median(other), "s", 4, higher=False)

    def minutes(self):
        """A whole training to figures that must be reached, and how long the reference's schedule of 60 epochs
        takes PyTorch when it extracts once and keeps the features: from rates measured here."""
        p = self.pictures
        if p.name != "inspection7":
            return
        wanted = {"bottle": (0.995, 0.980), "metal_plate": (0.99, 0.985)}
        home, model = self.work / "minutes", self.work / "minutes.norma"
        shutil.copytree(self.home / "weights", home / "weights")
        recipe = self.work / "minutes.yaml"
        lines = (ROOT / "Recipes/three-standardized.yaml").read_text()
        lines = lines[:lines.index("  crossFit:")].splitlines()
        recipe.write_text("\n".join("  epochs: 20" if l.startswith("  epochs:") else l for l in lines) + "\n")
        seconds, _ = self.norma("train", p.dataset, "--categories", ",".join(p.categories), "--recipe", recipe,
                                "--output", model, home=home)
        found = json.loads(self.norma("evaluate", model, p.dataset, "--json", "--no-report")[1])
        for row in found["categories"]:
            image, pixel = wanted.get(row["name"], (0, 0))
            print(f"  {row['name']}: {100 * row['imageAUROC']:.2f} / {100 * row['pixelAUROC']:.2f}", file=sys.stderr)
            if row["imageAUROC"] < image or row["pixelAUROC"] < pixel:
                sys.exit(f"{row['name']} did not reach {image}, {pixel}: {row}")
        extraction = self.rate(self.alternate({"other": self.other("extract", "--list", self.list)}, 2)["other"])
        steps = self.rate(self.alternate({"other": self.other("steps", "--batch", 16, "--steps", 12)}, 3)["other"])
        other = len(p.training) / extraction + 60 * (len(p.training) // 16) / steps
        self.row("minutes to bottle 99.5/98.0 and metal_plate 99/98.5, against the reference's schedule in PyTorch",
                 seconds / 60, other / 60, "min", 3, higher=False)

    def decoding(self):
        path = self.work / "large.png"
        from PIL import Image
        with Image.open(self.pictures.some[0]) as image:
            image.convert("RGB").resize((900, 900), Image.Resampling.LANCZOS).save(path)
        self.rates("decode and resize a 900×900 PNG", "1/s", {
            "ours": self.ours("decode", path), "bare libpng": self.other("png", path)}, {"bare libpng": 1 / 1.1})
        return path

    def latency(self, model, path):
        self.rates("one 900×900 PNG, warm", "1/s", {
            "ours": self.ours("inspect", model, path, "--latency"),
            "PyTorch eager, PIL": self.other(
                "inspect", "--network", model / "weights.safetensors", "--batch", 1, path)},
            {"PyTorch eager, PIL": 4})

    def start(self, model):
        """Whole processes: a verdict on one picture, against no more than `import torch`."""
        picture, cold, warm, other = self.pictures.some[0], [], [], []
        for number in range(self.options.rounds):
            home = self.work / f"cold{number}"
            cold.append(self.norma("inspect", model, picture, program=RUNTIME, home=home)[0])
            warm.append(self.norma("inspect", model, picture, program=RUNTIME, home=home)[0])
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", "import torch"], check=True)
            other.append(time.perf_counter() - start)
        other = statistics.median(other)
        self.row("cold start to a verdict, first ever, against import torch", statistics.median(cold), other, "s",
                 None, higher=False)
        self.row("cold start to a verdict, cached graph, against import torch", statistics.median(warm), other, "s",
                 1, higher=False)

    def metrics(self):
        import numpy as np
        path = self.work / "maps.safetensors"
        random = np.random.default_rng(0)
        count, side = self.options.maps, 256
        masks = np.zeros((count, side, side), np.float32)
        for number in range(0, count, 2):
            for _ in range(random.integers(1, 4)):
                y, x, h, w = random.integers(0, 200, 2).tolist() + random.integers(8, 50, 2).tolist()
                masks[number, y:y + h, x:x + w] = 1
        maps = (random.random(masks.shape, np.float32) + 0.4 * masks).astype(np.float32)
        header = json.dumps({name: {"dtype": "F32", "shape": masks.shape, "data_offsets": [
            i * masks.nbytes, (i + 1) * masks.nbytes]} for i, name in enumerate(("maps", "masks"))}).encode()
        with open(path, "wb") as file:
            file.write(len(header).to_bytes(8, "little") + header + maps.tobytes() + masks.tobytes())
        found = self.rates(f"metrics of {count} maps with AUPRO", "1/s", {
            "ours": self.ours("metrics", path), "scikit-learn and SciPy": self.other("metrics", "--maps", path)},
            {"scikit-learn and SciPy": 10}, 1)
        ours, other = (found[k][0]["results"] for k in ("ours", "scikit-learn and SciPy"))
        if any(abs(ours[name] - other[name]) > 1e-5 for name in other):
            sys.exit(f"the two sides' metrics differ: {ours}, {other}")

    def memory(self):
        """Peak anonymous memory of a training, and of one of ten times the pictures."""
        p = self.pictures
        few, many = self.work / "few", self.work / "many"
        for folder, pictures in ((few, p.all[: len(p.all) // 10]), (many, p.all)):
            (folder / "all").mkdir(parents=True)
            for number, picture in enumerate(pictures):
                shutil.copy(picture, folder / "all" / f"{number}{Path(picture).suffix}")
        peaks = []
        for folder in (few, many):
            process = subprocess.Popen(
                [NORMA, "train", folder, "--recipe", self.recipe(epochs=1), "--output", f"{folder}.norma"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **self.environment})
            peak = 0
            while process.poll() is None:
                try:
                    status = Path(f"/proc/{process.pid}/status").read_text()
                    peak = max([peak] + [int(line.split()[1]) for line in status.splitlines()
                                         if line.startswith("RssAnon")])
                except OSError:
                    pass
                time.sleep(0.05)
            peaks.append(peak / 1024)
        self.row("peak anonymous memory of training, ten times the pictures", peaks[1], peaks[0], "MiB", 1 / 1.1,
                 higher=False)

    def run(self):
        parts = {
            "extraction": self.extraction, "inspection": lambda: self.inspection(model), "steps": self.steps,
            "latency": lambda: self.latency(model, self.decoding()), "start": lambda: self.start(model),
            "metrics": self.metrics, "training": self.training, "minutes": self.minutes,
            "memory": self.memory}
        unknown = set(self.options.only or []) - set(parts)
        if unknown:
            sys.exit(f"--only {' '.join(sorted(unknown))}: there are {', '.join(parts)}")
        print(f"{self.header()}\n")
        model = self.model()
        self.same(model)
        self.floor_of_the_machine()
        print("| work | Norma | other | unit | ratio | goal | met | spread |\n|---|---|---|---|---|---|---|---|")
        for name, part in parts.items():
            if not self.options.only or name in self.options.only:
                part()

    def header(self):
        import openvino
        import torch
        model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                      if line.startswith("model name")), platform.processor()) if Path("/proc/cpuinfo").exists() \
            else platform.processor()
        version = subprocess.run([NORMA, "--version"], capture_output=True, text=True).stdout.strip()
        return (f"{time.strftime('%Y-%m-%d')}, {model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
                f"Norma {version}, PyTorch {torch.__version__}, OpenVINO {openvino.__version__.split('-')[0]}; "
                f"pictures: {self.pictures.name}; medians of alternating rounds, in one run")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("NORMA_SHARED", ROOT.parent / "shared")))
    parser.add_argument("--output", type=Path, default=ROOT / ".build/bench.json")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trainings", type=int, default=2, help="whole trainings a side")
    parser.add_argument("--maps", type=int, default=1000)
    parser.add_argument("--only", nargs="*", help="parts to run: extraction, steps, …")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        home = work / "home"
        (home / "weights").mkdir(parents=True)
        known = Path(os.environ.get("NORMA_HOME", Path.home() / ".cache/norma")) / "weights"
        if known.is_dir():
            shutil.copytree(known, home / "weights", dirs_exist_ok=True)
        fetched = ROOT / ".native/demo/efficientnet-lite0.pth"
        if fetched.exists() and not (home / "weights/efficientnet-lite0.safetensors").exists():
            # What `make demo` would have brought in.
            subprocess.run(
                [NORMA, "weights", "import", fetched, "--as", "efficientnet-lite0"],
                check=True, stdout=subprocess.DEVNULL, env={**os.environ, "NORMA_HOME": str(home)})
        Bench(options, home, work).run()


if __name__ == "__main__":
    main()
