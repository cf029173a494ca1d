"""The other side: the same networks in PyTorch, as a researcher would write them.

An EfficientNet trunk whose shape is read off its weights (timm's names), RAS as its paper has it, and
the picture's way into them with PIL. Nothing here is used by Norma; `make bench` times it.
"""

import json
import math
import struct

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

STAGE_STRIDES = [1, 2, 2, 2, 1, 2, 1]


def read_safetensors(path):
    """Tensors by name, and the header's metadata."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    kinds = {"F32": np.float32, "F64": np.float64, "I64": np.int64, "U8": np.uint8, "BOOL": np.bool_}
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        array = np.frombuffer(data[begin:end], kinds[entry["dtype"]]).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(array.copy())
    return tensors, metadata


class Convolution(nn.Module):
    """A convolution, padded "same" for the resolution that the network was designed for."""

    def __init__(self, weight, bias, stride, groups, nominal):
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), None if bias is None else nn.Parameter(bias)
        self.stride, self.groups = stride, groups
        kernel = weight.shape[-1]
        self.nominal = -(-nominal // stride)
        total = max((self.nominal - 1) * stride + kernel - nominal, 0)
        self.padding = (total // 2, total - total // 2) * 2

    def forward(self, x):
        left, right, _, _ = self.padding
        if left == right:
            return F.conv2d(x, self.weight, self.bias, self.stride, left, 1, self.groups)
        return F.conv2d(F.pad(x, self.padding), self.weight, self.bias, self.stride, 0, 1, self.groups)


class Normalisation(nn.BatchNorm2d):
    def __init__(self, weights, name):
        super().__init__(weights[name + ".weight"].shape[0], eps=1e-3)
        self.load_state_dict({k: weights[f"{name}.{k}"] for k in ("weight", "bias", "running_mean", "running_var")},
                             strict=False)


class Block(nn.Module):
    def __init__(self, weights, name, stride, nominal, activation):
        super().__init__()
        self.activation = activation
        separable = name + ".conv_pwl.weight" not in weights
        names = ["conv_dw", "conv_pw"] if separable else ["conv_pw", "conv_dw", "conv_pwl"]
        self.convolutions, self.norms = nn.ModuleList(), nn.ModuleList()
        for number, part in enumerate(names):
            weight = weights[f"{name}.{part}.weight"]
            deep = part == "conv_dw"
            layer = Convolution(weight, None, stride if deep else 1, weight.shape[0] if deep else 1, nominal)
            nominal = layer.nominal
            self.convolutions.append(layer)
            self.norms.append(Normalisation(weights, f"{name}.bn{number + 1}"))
        self.depthwise, self.nominal = names.index("conv_dw"), nominal
        self.squeeze = None
        if name + ".se.conv_reduce.weight" in weights:
            self.squeeze = nn.ModuleList(
                Convolution(weights[f"{name}.se.{p}.weight"], weights[f"{name}.se.{p}.bias"], 1, 1, 1)
                for p in ("conv_reduce", "conv_expand"))
        first = self.convolutions[0].weight
        inputs = first.shape[0] if separable else first.shape[1]
        self.skips = stride == 1 and inputs == self.convolutions[-1].weight.shape[0]

    def forward(self, x):
        result = x
        last = len(self.convolutions) - 1
        for number, (convolution, norm) in enumerate(zip(self.convolutions, self.norms)):
            result = norm(convolution(result))
            if number < last:
                result = self.activation(result)
            if number == self.depthwise and self.squeeze is not None:
                pooled = self.activation(self.squeeze[0](result.mean((2, 3), keepdim=True)))
                result = result * torch.sigmoid(self.squeeze[1](pooled))
        return result + x if self.skips else result


class Trunk(nn.Module):
    """Pictures, N×3×S×S in 0–255, to aligned features, N×C×S/16×S/16."""

    def __init__(self, path, nominal):
        super().__init__()
        weights, _ = read_safetensors(path)
        lite = not any(".se." in name for name in weights)
        self.activation = F.relu6 if lite else F.silu
        mean, deviation = ([127] * 3, [128] * 3) if lite else (
            [255 * v for v in (0.485, 0.456, 0.406)], [255 * v for v in (0.229, 0.224, 0.225)])
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1).float())
        self.register_buffer("deviation", torch.tensor(deviation).view(3, 1, 1).float())
        self.stem = Convolution(weights["conv_stem.weight"], None, 2, 1, nominal)
        self.norm = Normalisation(weights, "bn1")
        nominal = self.stem.nominal
        self.blocks, self.taps = nn.ModuleList(), []
        for stage in range(5):
            if STAGE_STRIDES[stage] == 2:
                self.taps.append(len(self.blocks) - 1)
            place = 0
            while f"blocks.{stage}.{place}.bn1.weight" in weights:
                stride = STAGE_STRIDES[stage] if place == 0 else 1
                self.blocks.append(Block(weights, f"blocks.{stage}.{place}", stride, nominal, self.activation))
                nominal = self.blocks[-1].nominal
                place += 1
        self.taps.append(len(self.blocks) - 1)
        self.eval().requires_grad_(False)

    def forward(self, pictures):
        x = self.activation(self.norm(self.stem((pictures - self.mean) / self.deviation)))
        maps = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.taps:
                maps.append(F.avg_pool2d(x, 3, 1, 1))
        grid = maps[-1].shape[-2:]
        return torch.cat([F.interpolate(m, grid, mode="bilinear", align_corners=True) for m in maps], 1)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))

    def forward(self, query, key, value, mask=None):
        def split(x):
            return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

        result = F.scaled_dot_product_attention(
            split(self.query(query)), split(self.key(key)), split(self.value(value)), mask)
        return self.output(result.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    def __init__(self, width, heads, inner):
        super().__init__()
        self.attention = Attention(width, heads)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.feedforward1, self.feedforward2 = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, residual, query, key, value, mask=None):
        x = self.norm1(residual + self.attention(query, key, value, mask))
        return self.norm2(x + self.feedforward2(F.relu(self.feedforward1(x))))


class Step(nn.Module):
    def __init__(self, width, heads, inner, tokens, channels):
        super().__init__()
        self.context = nn.Parameter(torch.randn(tokens, width))
        self.gate, self.update = nn.Linear(2 * width, width, bias=False), nn.Linear(width, width)
        self.block, self.norm = Layer(width, heads, inner), nn.LayerNorm(width)
        self.output = nn.Linear(width, channels)

    def forward(self, latent, position):
        context = self.context.expand(latent.shape[0], -1, -1)
        gated = torch.sigmoid(self.gate(torch.cat([context, latent], 2))) * latent
        seen = self.block(context, context + position, gated + position, gated)
        return self.norm((self.update(latent) + seen) / 2)


class Positions(nn.Module):
    def __init__(self, side, width):
        super().__init__()
        self.row, self.column = (nn.Parameter(torch.rand(side, width // 2)) for _ in range(2))

    def forward(self):
        side = self.row.shape[0]
        return torch.cat([self.column.repeat(side, 1), self.row.repeat_interleave(side, 0)], 1)


class RAS(nn.Module):
    def __init__(self, channels, side, width=256, heads=8, inner=1024, encoder=2, decoder=4, window=7):
        super().__init__()
        self.side = side
        self.input, self.positions = nn.Linear(channels, width), Positions(side, width)
        self.encoder = nn.ModuleList(Layer(width, heads, inner) for _ in range(encoder))
        self.decoder = nn.ModuleList(
            Step(width, heads, inner, side * side, channels) for _ in range(decoder))
        rows, columns = torch.arange(side * side) // side, torch.arange(side * side) % side
        near = ((rows[:, None] - rows).abs() <= window // 2) & ((columns[:, None] - columns).abs() <= window // 2)
        self.register_buffer("mask", torch.zeros(near.shape).masked_fill(near, -math.inf), persistent=False)

    def forward(self, features, jitter=0.0):
        tokens = features.flatten(2).transpose(1, 2)
        if jitter:
            scale = tokens.norm(dim=2, keepdim=True) / tokens.shape[2] * jitter
            tokens = tokens + torch.randn_like(tokens) * scale
        position = self.positions()
        x = self.input(tokens)
        for layer in self.encoder:
            x = layer(x, x + position, x + position, x, self.mask.to(x.dtype))
        for step in self.decoder:
            x = step(x, position)
        return self.decoder[-1].output(x)

    def loss(self, features, jitter=0.0):
        return F.mse_loss(self(features, jitter).float(), features.flatten(2).transpose(1, 2).float())

    def detect(self, features, size):
        difference = features.flatten(2).transpose(1, 2) - self(features)
        grid = difference.norm(dim=2).view(-1, 1, self.side, self.side)
        pixels = F.interpolate(grid, (size, size), mode="bilinear", align_corners=True)
        return pixels[:, 0], F.avg_pool2d(pixels, 16, 1).amax((1, 2, 3))


def picture(path, size):
    """A picture as 3×size×size, 0–255, resized as torchvision's transforms do."""
    with Image.open(path) as image:
        resized = image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
        return torch.from_numpy(np.array(resized)).permute(2, 0, 1)


def optimizer(network):
    return torch.optim.AdamW(network.parameters(), 7e-4, weight_decay=1e-4, fused=True)


def train_step(network, adam, features, jitter=25.0, bf16=True):
    adam.zero_grad(set_to_none=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        loss = network.loss(features, jitter)
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 0.1)
    adam.step()
    return loss.item()
