"""Structures that searches draw at random, and what each costs by functions written for it by hand: RegNets, OFA's networks.

The hand-written way is that of network design spaces (arXiv:2003.13678): a dictionary that each layer's function updates.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import groupby
from math import log
from typing import Any

import cnncost
from cnncost import Tensor

Cost = dict[str, int]


def begun(size: int) -> Cost:
    """Return the cost of nothing, at a picture of a height and width."""
    return {"height": size, "params": 0, "macs": 0}


def conv(cost: Cost, inputs: int, out: int, kernel: int, stride: int = 1, groups: int = 1) -> Cost:
    """Return the running cost after a convolution and its batch norm."""
    height = (cost["height"] - 1) // stride + 1
    weights = kernel * kernel * inputs * out // groups
    macs = cost["macs"] + weights * height * height
    return {"height": height, "params": cost["params"] + weights + 2 * out, "macs": macs}


def excited(cost: Cost, channels: int, hidden: int) -> Cost:
    """Return the running cost after squeeze-and-excitation: two layers with biases on one pixel."""
    weights = 2 * channels * hidden
    params = cost["params"] + weights + hidden + channels
    return {"height": cost["height"], "params": params, "macs": cost["macs"] + weights}


def linear(cost: Cost, inputs: int, out: int, bias: bool = True) -> Cost:
    """Return the running cost after a linear layer."""
    weights = inputs * out
    return {"height": 1, "params": cost["params"] + weights + bias * out, "macs": cost["macs"] + weights}


# ── RegNet, arXiv:2003.13678, section 3.3 ────────────────────────────────────────────────────────────────────────────


def regnet(depth: int, w0: int, wa: float, wm: float, group_width: int) -> Cost:
    """Return the cost of a RegNetX by hand."""
    widths = [8 * round(w0 * wm ** round(log(1 + wa * j / w0) / log(wm)) / 8) for j in range(depth)]
    cost = conv(begun(224), 3, 32, 3, 2)
    inputs = 32
    for line, blocks in groupby(widths):
        group = min(group_width, line)
        width = (2 * line + group) // (2 * group) * group
        if 10 * width < 9 * line:
            width += group
        for index, _ in enumerate(blocks):
            stride = 1 if index else 2
            if stride != 1 or inputs != width:
                cost = {**conv(cost, inputs, width, 1, stride), "height": cost["height"]}
            cost = conv(cost, inputs, width, 1)
            cost = conv(cost, width, width, 3, stride, width // group)
            cost = conv(cost, width, width, 1)
            inputs = width
    return linear(cost, inputs, 1000)


def some_regnet(rng: random.Random) -> dict[str, Any]:
    """Draw a RegNet."""
    slope, factor = round(rng.uniform(8, 60), 2), round(rng.uniform(1.5, 3), 3)
    return {
        "depth": rng.randrange(12, 29),
        "w0": 8 * rng.randrange(2, 30),
        "wa": slope,
        "wm": factor,
        "group_width": rng.choice([8, 16]),
    }


# ── Once-for-All, arXiv:1908.09791, section 4: MobileNetV3 with depths, kernels and expansions of its own ────────────

WIDTHS, STRIDES = (24, 40, 80, 112, 160), (2, 2, 2, 1, 2)
SQUEEZED, HARD = (False, True, False, True, True), (False, False, True, True, True)
DEEPEST = 4  # blocks of a stage


def squeezed(inner: int) -> int:
    """Return the channels inside squeeze-and-excitation: a fourth, as a multiple of 8 that takes at most a tenth away."""
    nearest = (inner // 4 + 4) // 8 * 8
    return max(8, nearest + 8 * (10 * nearest < 9 * (inner // 4)))


@cnncost.block
def mobile(x: Tensor, out: int, kernel: int, expand: int, stride: int, squeeze: bool, hard: bool) -> Tensor:
    """An inverted residual."""
    inner = expand * x.channels
    y = x
    if expand != 1:
        y = y.conv(inner, 1, bias=False).batch_norm()
        y = y.hardswish() if hard else y.relu()
    y = y.conv(inner, kernel, stride, kernel // 2, groups=inner, bias=False).batch_norm()
    if squeeze:
        gate = y.global_avg_pool().linear(squeezed(inner)).relu().linear(inner).hardsigmoid()
        y = y.mul(gate)
    y = y.hardswish() if hard else y.relu()
    y = y.conv(out, 1, bias=False).batch_norm()
    return y + x if stride == 1 and x.channels == out else y


def ofa(
    x: Tensor,
    depths: tuple[int, ...] = (DEEPEST,) * 5,
    kernels: tuple[int, ...] = (7,) * 5 * DEEPEST,
    expands: tuple[int, ...] = (6,) * 5 * DEEPEST,
) -> Tensor:
    """Any network inside OFA's: a depth for each stage, a kernel and an expansion for each block that a stage may have."""
    y = x.conv(16, 3, 2, 1, bias=False).batch_norm().hardswish()
    y = mobile(y, 16, 3, 1, 1, False, False)
    for stage, depth in enumerate(depths):
        for index in range(depth):
            at = DEEPEST * stage + index
            stride = 1 if index else STRIDES[stage]
            y = mobile(y, WIDTHS[stage], kernels[at], expands[at], stride, SQUEEZED[stage], HARD[stage])
    y = y.conv(960, 1, bias=False).batch_norm().hardswish().global_avg_pool()
    return y.linear(1280, bias=False).hardswish().linear(1000)


def ofa_by_hand(size: int, depths: tuple[int, ...], kernels: tuple[int, ...], expands: tuple[int, ...]) -> Cost:
    """Return the cost of one of these networks by hand."""
    cost = conv(begun(size), 3, 16, 3, 2)
    cost = conv(cost, 16, 16, 3, 1, 16)
    cost = conv(cost, 16, 16, 1)
    inputs = 16
    for stage, depth in enumerate(depths):
        out = WIDTHS[stage]
        for index in range(depth):
            at = DEEPEST * stage + index
            inner = inputs * expands[at]
            if expands[at] != 1:
                cost = conv(cost, inputs, inner, 1)
            cost = conv(cost, inner, inner, kernels[at], 1 if index else STRIDES[stage], inner)
            if SQUEEZED[stage]:
                cost = excited(cost, inner, squeezed(inner))
            cost = conv(cost, inner, out, 1)
            inputs = out
    cost = conv(cost, inputs, 960, 1)
    return linear(linear(cost, 960, 1280, bias=False), 1280, 1000)


def some_ofa(rng: random.Random) -> dict[str, Any]:
    """Draw one of OFA's networks."""
    blocks = 5 * DEEPEST
    return {
        "size": rng.randrange(128, 225, 4),
        "depths": tuple(rng.choices((2, 3, 4), k=5)),
        "kernels": tuple(rng.choices((3, 5, 7), k=blocks)),
        "expands": tuple(rng.choices((3, 4, 6), k=blocks)),
    }


OFA = cnncost.Model("ofa", ofa, (3, 224, 224))
KINDS: Mapping[str, tuple[Any, Any, Any]] = {  # the model, what draws a network, what it costs by hand
    "RegNets": ("regnet_x_400mf", some_regnet, regnet),
    "OFA's networks": (OFA, some_ofa, ofa_by_hand),
}
