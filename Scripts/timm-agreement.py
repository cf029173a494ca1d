#!/usr/bin/env python3
"""Models of timm with random weights, and what they give: what the tests hold Norma's backbones to.

    Scripts/timm-agreement.py FOLDER NAME:ARCHITECTURE:HEIGHTxWIDTH:BLOCK,BLOCK …

For each, FOLDER/NAME.safetensors is the model's state under timm's names, and FOLDER/NAME.maps.safetensors
has the normalised pictures ("pictures") and the output of each block named ("block.5"), of a transformer
without the tokens before those of its patches. Nothing is fetched.
"""

import importlib.abc
import importlib.machinery
import os
import sys
import types


class Attributes(type):
    """A class that has every attribute: its name."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return name


class Absent(types.ModuleType):
    """A module that has every class."""

    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Attributes(name, (), {})


class WithoutTorchvision(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """timm imports torchvision for its pictures and its tracing, neither of which is used here. It is not
    among the tests' packages: the one of Python's own index does not fit PyTorch without CUDA."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torchvision" and not name.endswith("feature_extraction"):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return Absent(spec.name)

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, WithoutTorchvision())

import safetensors.torch  # noqa: E402
import timm  # noqa: E402
import torch  # noqa: E402


def randomise(model):
    """Values at which every parameter tells: scales that timm begins with 1e-6, zeros and ones would not."""
    generator = torch.Generator().manual_seed(7)

    def normal(like, deviation, mean=0.0):
        return mean + deviation * torch.randn(like.shape, generator=generator)

    with torch.no_grad():
        for name, value in model.named_parameters():
            last = name.split(".")[-1]
            if "gamma" in last:
                value.copy_(normal(value, 0.1, 0.5))
            elif last in ("cls_token", "reg_token", "pos_embed"):
                value.copy_(normal(value, 0.5))
            elif value.dim() == 1:
                value.copy_(normal(value, 0.1, 1.0 if last == "weight" else 0.0))
            else:
                value.copy_(normal(value, (2 / value[0].numel()) ** 0.5))
        for name, value in model.named_buffers():
            if name.endswith("running_mean"):
                value.copy_(normal(value, 0.1))
            elif name.endswith("running_var"):
                value.copy_(0.5 + torch.rand(value.shape, generator=generator))


def blocks(model):
    """All blocks in the order of the forward pass."""
    if hasattr(model, "layer1"):
        return [block for i in range(1, 5) for block in getattr(model, f"layer{i}")]
    if hasattr(model, "stages"):
        return [block for stage in model.stages for block in stage.blocks]
    if hasattr(model, "conv_stem"):
        return [block for stage in model.blocks for block in stage]
    return list(model.blocks)


def describe(folder, name, architecture, height, width, taps):
    isTransformer = architecture.startswith(("vit", "deit"))
    options = {"dynamic_img_size": True} if isTransformer else {}
    model = timm.create_model(architecture, pretrained=False, **options).eval()
    randomise(model)
    maps = {}

    def keep(index):
        def hook(module, inputs, output):
            if isTransformer:
                tokens = output[:, model.num_prefix_tokens :]
                patch = model.patch_embed.patch_size[0]
                output = tokens.transpose(1, 2).reshape(
                    len(tokens), -1, height // patch, width // patch
                )
            maps[f"block.{index}"] = output.clone().contiguous()

        return hook

    found = blocks(model)
    for index in taps:
        found[index].register_forward_hook(keep(index))
    maps["pictures"] = torch.randn(
        2, 3, height, width, generator=torch.Generator().manual_seed(11)
    )
    with torch.inference_mode():
        model.forward_features(maps["pictures"])
    path = os.path.join(folder, name)
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    safetensors.torch.save_file(state, path + ".safetensors")
    safetensors.torch.save_file(maps, path + ".maps.safetensors")


if __name__ == "__main__":
    torch.set_num_threads(2)
    for text in sys.argv[2:]:
        name, architecture, size, taps = text.split(":")
        height, width = map(int, size.split("x"))
        describe(sys.argv[1], name, architecture, height, width, [int(t) for t in taps.split(",")])
