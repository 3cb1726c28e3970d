"""What tools print for networks of one layer, beside what their conventions say of it.

The figures were printed by fvcore 0.1.5, ptflops 0.7.5 (both back ends), thop 0.1.1, torchinfo 1.8.0, torchprofile 0.1.0 and
torch 2.13.0 (FlopCounterMode, on a CPU) for the modules and functions named, on one example.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

import pytest
from tools.totals import FILE, charged

from cnncost.counting import convention
from cnncost.counting.counts import Counts
from cnncost.graph.graph import trace


def rows(name: str) -> list[dict[str, str]]:
    with (FILE.parent / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


TOOLS = ("fvcore", "ptflops", "ptflops_aten", "thop", "torchinfo", "torchprofile", "torch")
Figures = tuple[int, ...]
LAYERS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...], Figures]] = {
    "Conv1d(6, 4, 3, 2, 1)": (lambda x: x.conv(4, 3, 2, 1), (6, 20), (720, 760, 760, 720, 760, 720, 1440)),
    "Conv3d(2, 4, 3, 1, 1)": (lambda x: x.conv(4, 3, 1, 1), (2, 4, 6, 8), (41472, 42240, 42240, 41472, 42240, 41472, 82944)),
    "ConvTranspose1d(6, 4, 3, 2, 1)": (
        lambda x: x.conv_transpose(4, 3, 2, 1),
        (6, 20),
        (1440, 1596, 1596, 2808, 2964, 2808, 2880),
    ),
    "ConvTranspose3d(2, 4, 3, 2, 1)": (
        lambda x: x.conv_transpose(4, 3, 2, 1),
        (2, 4, 6, 8),
        (41472, 46092, 46092, 249480, 254100, 249480, 82944),
    ),
    "Linear(8, 5) on 4×6×8": (lambda x: x.linear(5, axis=-1), (4, 6, 8), (960, 1080, 1080, 960, 45, 960, 1920)),
    "BatchNorm1d(6)": (lambda x: x.batch_norm(axis=0), (6, 20), (240, 240, 0, 480, 12, 120, 0)),
    "BatchNorm3d(2)": (lambda x: x.batch_norm(), (2, 4, 6, 8), (768, 768, 0, 1536, 4, 384, 0)),
    "InstanceNorm3d(2, affine=True)": (
        lambda x: x.instance_norm(affine=True),
        (2, 4, 6, 8),
        (1920, 768, 0, 1536, 4, 384, 0),
    ),
    "MaxPool1d(2)": (lambda x: x.max_pool(2), (6, 20), (0, 240, 0, 0, 0, 0, 0)),
    "MaxPool3d(2)": (lambda x: x.max_pool(2), (2, 4, 6, 8), (0, 768, 0, 0, 0, 0, 0)),
    "AvgPool1d(2)": (lambda x: x.avg_pool(2), (6, 20), (0, 240, 0, 60, 0, 60, 0)),
    "AvgPool3d(2)": (lambda x: x.avg_pool(2), (2, 4, 6, 8), (0, 768, 0, 48, 0, 48, 0)),
    "AdaptiveAvgPool1d(1)": (lambda x: x.adaptive_avg_pool(1), (6, 20), (0, 240, 0, 126, 0, 6, 0)),
    "AdaptiveAvgPool3d(1)": (lambda x: x.adaptive_avg_pool(1), (2, 4, 6, 8), (0, 768, 0, 386, 0, 2, 0)),
    "Upsample(2, mode='linear')": (lambda x: x.upsample(2, mode="linear"), (6, 20), (0, 480, 0, 1200, 0, 0, 0)),
    "Upsample(2, mode='trilinear')": (lambda x: x.upsample(2, mode="trilinear"), (2, 4, 6, 8), (0, 6144, 0, 0, 0, 0, 0)),
    "Upsample(2) of C×D×H×W": (lambda x: x.upsample(2), (2, 4, 6, 8), (0, 6144, 0, 3072, 0, 0, 0)),
    "LSTM(12, 8)": (lambda x: x.lstm(8), (25, 12), (0, 19600, 0, 19200, 17600, 16000, 0)),
    "LSTM(12, 8, 2, bidirectional=True)": (
        lambda x: x.lstm(8, layers=2, bidirectional=True),
        (25, 12),
        (0, 84800, 0, 83200, 76800, 70400, 0),
    ),
    "GRU(12, 8)": (lambda x: x.gru(8), (25, 12), (0, 14600, 13200, 14600, 13200, 0, 24000)),
    "GRU(12, 8, bias=False)": (lambda x: x.gru(8, bias=0), (25, 12), (0, 13400, 12000, 13400, 12000, 0, 24000)),
    "RNN(12, 8)": (lambda x: x.rnn(8), (25, 12), (0, 4600, 4400, 4600, 4400, 0, 8000)),
    "PixelShuffle(2)": (lambda x: x.depth_to_space(2), (8, 6, 5), (0,) * 7),
    "PixelUnshuffle(2)": (lambda x: x.space_to_depth(2), (8, 6, 4), (0,) * 7),
    "Unfold(3, padding=1)": (lambda x: x.unfold(3, pad=1), (4, 6, 5), (0,) * 7),
    "Softmax(1)": (lambda x: x.softmax(axis=0), (4, 6, 5), (0, 120, 0, 330, 0, 0, 0)),
    "PReLU()": (lambda x: x.prelu(shared=True), (4, 6, 5), (0, 240, 0, 120, 1, 0, 0)),
    "Embedding(50, 7)": (lambda x: x.embedding(50, 7), (9,), (0, 0, 0, 0, 350, 0, 0)),
    "F torch.einsum('ab,cb->ac')": (lambda x: x.einsum(x, "ab,cb->ac"), (6, 5), (180, 0, 180, 0, 0, 180, 360)),
    "F x @ y, 3×6×5 by 3×5×6": (
        lambda x: x.matmul(x.permute((0, 2, 1))),
        (3, 6, 5),
        (540, 0, 540, 0, 0, 540, 1080),
    ),
    "F x.mean(1, keepdim=True)": (lambda x: x.reduce("mean", 0, keep=True), (4, 6, 5), (0, 0, 0, 0, 0, 30, 0)),
    "F x.sum(1)": (lambda x: x.reduce("sum", 0), (4, 6, 5), (0,) * 7),
    "F x.amax(1)": (lambda x: x.reduce("max", 0), (4, 6, 5), (0,) * 7),
    "F x.norm(dim=1)": (lambda x: x.reduce("norm", 0), (4, 6, 5), (0,) * 7),
    "F x / x": (lambda x: x.div(x), (4, 6, 5), (0,) * 7),
    "F torch.exp(x)": (lambda x: x.elementwise(op="exp"), (4, 6, 5), (0,) * 7),
    "F x.sqrt()": (lambda x: x.elementwise(op="sqrt"), (4, 6, 5), (0,) * 7),
    "F x.reshape(n, -1)": (lambda x: x.reshape(-1), (4, 6, 5), (0,) * 7),
    "F x.permute(0, 2, 3, 1)": (lambda x: x.permute((1, 2, 0)), (4, 6, 5), (0,) * 7),
    "F torch.stack([x, x], 1)": (lambda x: x.stack(x), (4, 6, 5), (0,) * 7),
    "F F.pad(x, (1, 1))": (lambda x: x.pad((0, 0, 1, 1)), (4, 6, 5), (0,) * 7),
    "F x + parameter": (lambda x: x.bias(), (4, 6, 5), (0,) * 7),
}


@pytest.mark.parametrize("name", LAYERS)
def test_as_the_tools_count_it(name: str) -> None:
    model, shape, figures = LAYERS[name]
    counts = Counts(trace(model, shape))
    charged = {tool: int(counts.charge(convention(tool), "flops").sum()) for tool in TOOLS}
    assert charged == dict(zip(TOOLS, figures, strict=True))


# ── modules, by every tool that can be installed ─────────────────────────────────────────────────────────────────────

MODULES: dict[str, Callable[[Any], Any]] = {
    "Conv2d(8,4,3,padding=1)": lambda x: x.conv(4, 3, pad=1),
    "Conv2d(8,8,3,padding=1,groups=4)": lambda x: x.conv(8, 3, pad=1, groups=4),
    "Conv2d(8,4,3,padding='same')": lambda x: x.conv(4, 3, pad="same"),
    "Conv2d(8,4,3,2,dilation=2,bias=False)": lambda x: x.conv(4, 3, 2, dilation=2, bias=False),
    "ConvTranspose2d(8,4,3,2)": lambda x: x.conv_transpose(4, 3, 2),
    "ConvTranspose2d(8,8,3,2,groups=4)": lambda x: x.conv_transpose(8, 3, 2, groups=4),
    "ConvTranspose2d(8,8,3,2,groups=8,bias=False)": lambda x: x.conv_transpose(8, 3, 2, groups=8, bias=False),
    "Linear(10,7)": lambda x: x.linear(7),
    "Linear(10,7,bias=False)": lambda x: x.linear(7, bias=False),
    "Linear(10,7) on 48×10": lambda x: x.linear(7),
    "BatchNorm2d(8)": lambda x: x.batch_norm(),
    "BatchNorm2d(8,affine=False)": lambda x: x.batch_norm(affine=False),
    "LayerNorm(10)": lambda x: x.layer_norm(),
    "LayerNorm(10,elementwise_affine=False)": lambda x: x.layer_norm(affine=False),
    "GroupNorm(4,8)": lambda x: x.group_norm(4),
    "GroupNorm(4,8,affine=False)": lambda x: x.group_norm(4, affine=False),
    "InstanceNorm2d(8)": lambda x: x.instance_norm(),
    "InstanceNorm2d(8,affine=True)": lambda x: x.instance_norm(affine=True),
    "LocalResponseNorm(5)": lambda x: x.lrn(5),
    "ReLU()": lambda x: x.relu(),
    "ReLU6()": lambda x: x.relu6(),
    "LeakyReLU()": lambda x: x.leaky_relu(),
    "PReLU()": lambda x: x.prelu(shared=True),
    "PReLU(8)": lambda x: x.prelu(),
    "ELU()": lambda x: x.elu(),
    "GELU()": lambda x: x.gelu(),
    "SiLU()": lambda x: x.silu(),
    "Hardswish()": lambda x: x.hardswish(),
    "Sigmoid()": lambda x: x.sigmoid(),
    "Softmax(1)": lambda x: x.softmax(),
    "MaxPool2d(2)": lambda x: x.max_pool(2),
    "MaxPool2d(3,2,1)": lambda x: x.max_pool(3, 2, 1),
    "AvgPool2d(2)": lambda x: x.avg_pool(2),
    "AvgPool2d(3,2,1)": lambda x: x.avg_pool(3, 2, 1),
    "AdaptiveAvgPool2d(1)": lambda x: x.adaptive_avg_pool(1),
    "AdaptiveAvgPool2d((2,3))": lambda x: x.adaptive_avg_pool((2, 3)),
    "AdaptiveMaxPool2d(1)": lambda x: x.adaptive_max_pool(1),
    "Upsample(scale_factor=2)": lambda x: x.upsample(2),
    "Upsample(scale_factor=2,mode='bilinear')": lambda x: x.upsample(2, mode="bilinear"),
    "Upsample(scale_factor=2,mode='bicubic')": lambda x: x.upsample(2, mode="bicubic"),
    "Dropout()": lambda x: x.dropout(0.5),
    "Conv1d(6,4,3,2,1)": lambda x: x.conv(4, 3, 2, 1),
    "Conv3d(2,4,3,1,1)": lambda x: x.conv(4, 3, 1, 1),
    "LSTM(12,8,batch_first=True)": lambda x: x.lstm(8),
    "GRU(12,8,batch_first=True)": lambda x: x.gru(8),
}
SHAPES: dict[str, tuple[int, ...]] = {
    "Linear(10,7)": (10,),
    "Linear(10,7,bias=False)": (10,),
    "Linear(10,7) on 48×10": (48, 10),
    "LayerNorm(10)": (48, 10),
    "LayerNorm(10,elementwise_affine=False)": (48, 10),
    "Conv1d(6,4,3,2,1)": (6, 20),
    "Conv3d(2,4,3,1,1)": (2, 4, 6, 8),
    "LSTM(12,8,batch_first=True)": (25, 12),
    "GRU(12,8,batch_first=True)": (25, 12),
}
ONE = {row["layer"]: row for row in rows("tools_layers.csv")}
SAME = ("fvcore", "fvcore activations", "torchprofile")  # which count 0 where the padding is a word, as a note says


@pytest.mark.parametrize("name", MODULES)
def test_a_module_by_every_tool(name: str) -> None:
    """What the tools of tests/data/tools.csv print, in the same versions, for one module on 8×6×10 or the shape named."""
    counts = Counts(trace(MODULES[name], SHAPES.get(name, (8, 6, 10))))
    printed = {tool: int(number) for tool, number in ONE[name].items() if tool != "layer" and number}
    if "'same'" in name:
        assert {printed.pop(tool) for tool in SAME} == {0}
    assert {tool: charged(counts, tool) for tool in printed} == printed


def test_every_module_has_its_layer() -> None:
    assert ONE.keys() == MODULES.keys()
