"""Conventions: the totals that the tools themselves print, for whole networks and for single layers; files of one's own."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cnncost import load, trace
from cnncost.conventions import MODULE_OF
from cnncost.graph import Graph, Tensor
from cnncost.report import report, reports

DATA = Path(__file__).parent / "data"


def table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


# ── whole networks ───────────────────────────────────────────────────────────────────────────────────────────────────

TOTALS = table("golden_totals.csv")


@pytest.mark.parametrize("row", TOTALS, ids=[row["model"] for row in TOTALS])
def test_totals_are_those_that_the_tools_print(row: dict[str, str]) -> None:
    graph = load(row["model"]).trace()
    names = [name for name in row if name in MODULE_OF]
    found = {r.convention.name: r.total["flops"] for r in reports(graph, names)}
    assert found == {name: int(row[name]) for name in names}
    assert report(graph, "torch").total["flops"] == 2 * int(row["macs"])
    assert report(graph, "calflops_macs").total["flops"] == report(graph, "nni").total["flops"] == int(row["macs"])
    assert report(graph, "fvcore", dtype="int8").total["activation_bytes"] == int(row["fvcore activations"])
    assert report(graph).total["params"] == int(row["params"])


# ── single layers ────────────────────────────────────────────────────────────────────────────────────────────────────

MAP, TOKENS = (8, 6, 10), (48, 10)
Function = Callable[[Tensor], Tensor]


def product(x: Tensor) -> Tensor:
    """48×10 by 10×6."""
    return x.matmul(x.constant(10, 6))


def attention(x: Tensor) -> Tensor:
    """8 heads of 6 tokens with 10 features each attend to themselves."""
    return x.attention(x, x, 8)


# Each row of the table as a layer here: the input, and the layer.
MICRO: dict[str, tuple[tuple[int, ...], Function, str]] = {
    "conv 3x3 8->4 pad 1": (MAP, lambda x: x.conv(4, 3, pad=1, bias=False), ""),
    "same + bias": (MAP, lambda x: x.conv(4, 3, pad=1), ""),
    "same, batch 2": (MAP, lambda x: x.conv(4, 3, pad=1), ""),
    "conv 3x3 8->8 g=4 + bias": (MAP, lambda x: x.conv(8, 3, pad=1, groups=4), ""),
    "conv 3x3 8->4 stride 2 dilation 2 no pad": (MAP, lambda x: x.conv(4, 3, 2, dilation=2, bias=False), ""),
    "transposed 3x3 8->4 s2 + bias (out 13x21)": (MAP, lambda x: x.conv_transpose(4, 3, 2), ""),
    "transposed 8->8 g=4 + bias": (MAP, lambda x: x.conv_transpose(8, 3, 2, groups=4), ""),
    "transposed depthwise": (MAP, lambda x: x.conv_transpose(8, 3, 2, groups=8, bias=False), ""),
    "linear 10->7 on 1x10": ((10,), lambda x: x.linear(7), ""),
    "linear 10->7 on 1x8x6x10": (TOKENS, lambda x: x.linear(7), ""),
    "BatchNorm": (MAP, lambda x: x.batch_norm(), ""),
    "BatchNorm no affine": (MAP, lambda x: x.batch_norm(affine=False), ""),
    "LayerNorm": (TOKENS, lambda x: x.layer_norm(), ""),
    "GroupNorm": (MAP, lambda x: x.group_norm(4), ""),
    "LRN n=5": (MAP, lambda x: x.lrn(5), ""),
    "ReLU module": (MAP, lambda x: x.relu(), ""),
    "ReLU6": (MAP, lambda x: x.relu6(), ""),
    "LeakyReLU": (MAP, lambda x: x.leaky_relu(), ""),
    "PReLU": (MAP, lambda x: x.prelu(shared=True), ""),
    "GELU": (MAP, lambda x: x.gelu(), ""),
    "SiLU": (MAP, lambda x: x.silu(), ""),
    "Hardswish": (MAP, lambda x: x.hardswish(), ""),
    "Sigmoid": (MAP, lambda x: x.sigmoid(), ""),
    "Softmax dim 1": (MAP, lambda x: x.softmax(), ""),
    "MaxPool 2": (MAP, lambda x: x.max_pool(2), ""),
    "MaxPool 3 s2 p1": (MAP, lambda x: x.max_pool(3, 2, 1), ""),
    "AvgPool 2": (MAP, lambda x: x.avg_pool(2), ""),
    "AvgPool 3 s2 p1": (MAP, lambda x: x.avg_pool(3, 2, 1), ""),
    "AdaptiveAvgPool 1": (MAP, lambda x: x.adaptive_avg_pool(1), ""),
    "AdaptiveAvgPool 2x3": (MAP, lambda x: x.adaptive_avg_pool((2, 3)), ""),
    "AdaptiveMaxPool 1": (MAP, lambda x: x.adaptive_max_pool(1), ""),
    "Upsample nearest x2": (MAP, lambda x: x.upsample(2), ""),
    "Upsample bilinear x2": (MAP, lambda x: x.upsample(2, mode="bilinear"), ""),
    "Upsample bicubic x2": (MAP, lambda x: x.upsample(2, mode="bicubic"), ""),
    "x + x": (MAP, lambda x: x.add(x), ""),
    "torch.add": (MAP, lambda x: x.add(x), "F"),
    "x * x": (MAP, lambda x: x.mul(x), ""),
    "torch.mul": (MAP, lambda x: x.mul(x), "F"),
    "F.relu": (MAP, lambda x: x.relu(), "F"),
    "F.adaptive_avg_pool2d 1": (MAP, lambda x: x.adaptive_avg_pool(1), "F"),
    "F.avg_pool2d 2": (MAP, lambda x: x.avg_pool(2), "F"),
    "F.max_pool2d 2": (MAP, lambda x: x.max_pool(2), "F"),
    "F.softmax": (MAP, lambda x: x.softmax(), "F"),
    "torch.matmul": (TOKENS, product, "F"),
    "a @ b": (TOKENS, product, ""),
    "F.scaled_dot_product_attention": ((6, 80), attention, "F"),
    "mean over H,W": (MAP, lambda x: x.global_avg_pool(), "mean"),
}
ROWS = {row.pop("op"): row for row in table("golden_micro.csv")}
ELSEWISE = {
    # A layer of linear layers and attention here; tools that hook the module see one thing, or count some parts twice.
    "MultiheadAttention 16 dims 4 heads length 5",
    # A group_norm with one channel a group here; thop tells nn.InstanceNorm2d, which it counts, from nn.GroupNorm.
    "InstanceNorm no affine",
}


def test_every_row_has_its_layer() -> None:
    assert ROWS.keys() - MICRO.keys() == ELSEWISE


def traced(shape: tuple[int, ...], function: Function, form: str) -> Graph:
    return replace(trace(function, shape), spelling={"*": form} if form else {})


# `macs` are all multiply-adds; torchvision's recorded ones are read off PyTorch's counter, which sees no attention on a CPU.
ROWS["F.scaled_dot_product_attention"]["macs"] = "5760"


@pytest.mark.parametrize("op", [op for op in ROWS if op in MICRO])
def test_single_layers_cost_what_the_tools_say(op: str) -> None:
    stated = {name: int(number) for name, number in ROWS[op].items() if number}  # empty: the tool fails
    found = reports(traced(*MICRO[op]), list(stated), batch=2 if "batch 2" in op else 1)
    assert {r.convention.name: r.total["flops"] for r in found} == stated
