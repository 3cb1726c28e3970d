"""Totals that the tools themselves printed for whole networks, beside those of the conventions.

tests/data/tools.csv has them for torchvision's models, with the version of each tool and the day; tests/tools/run_tools.py
wrote it. The others were printed by the programs named, in November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from tools.totals import FILE, OTHERS, ROWS, RUN, charged, within

from cnncost import load
from cnncost.counting import CONVENTIONS, MODULE_OF
from cnncost.counting.counts import Counts
from cnncost.graph.graph import trace


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['model']}-{row['size']}" for row in ROWS])
def test_a_tool_printed_what_its_convention_gives(row: dict[str, str]) -> None:
    name, size = row["model"], int(row["size"])
    counts = Counts(load("inception_v3_no_aux" if name == "inception_v3" else name).trace((3, size, size)))
    printed = {column: int(row[column]) for column in row if column not in ("model", "size") and row[column]}
    found = {column: charged(counts, column) for column in printed}
    wrong = {
        column: (found[column], printed[column])
        for column in printed
        if abs(found[column] - printed[column]) > within(name, column) * printed[column]
    }
    assert not wrong


def test_the_record_is_whole() -> None:
    """All 80 classification models of torchvision at all their sizes, by every tool that can run them."""
    assert (len(ROWS), len({row["model"] for row in ROWS})) == (99, 80)
    for column in RUN:
        empty = [f"{row['model']}-{row['size']}" for row in ROWS if not row[column]]
        if column.startswith("torchstat"):  # its hooks take maps and features only
            assert all(name.startswith(("convnext", "swin", "maxvit", "vit")) for name in empty)
        elif not column.startswith(("nni", "pycls")):
            assert set(empty) <= {"vit_h_14-518"}, column  # which needs more memory than there was


@pytest.mark.parametrize("name", CONVENTIONS)
def test_every_convention_says_which_version_was_run_and_when(name: str) -> None:
    ran = CONVENTIONS[name].ran
    if ran.startswith("not run, as "):
        assert re.search(r": held to .+", ran)
    else:
        assert re.search(r"\d.* on .+, \d{4}-\d\d-\d\d$|record of .+, \d{4}-\d\d-\d\d$", ran)
    if name in RUN:
        version, day = RUN[name].rsplit(", ", 1)
        assert ran.startswith(f"{version} on ")
        assert ran.endswith(day)
    assert set(RUN) - set(OTHERS) <= MODULE_OF.keys()


# ── other programs ───────────────────────────────────────────────────────────────────────────────────────────────────

SOFTMAX = 5 * 1000  # of Keras's networks, which end in one
PREPARED = 607_115  # its normalised and rescaled input, and the softmax: EfficientNet has both inside

KERAS = {  # TensorFlow 2.16.2's profiler with keras-flops 0.1.2's rules, Keras 3.15.1's applications
    "efficientnet_b0": 803_050_119 - PREPARED,
    "mobilenet_v1": 1_147_687_920 - SOFTMAX,
    "mobilenet_v2": 615_292_208 - SOFTMAX,
    "densenet121": 5_702_474_160 - SOFTMAX,
    "xception": 16_773_724_144 - SOFTMAX,
    "vgg16": 30_960_211_824 - SOFTMAX + 512 * 7 * 7,  # and the adaptive pooling that torchvision has and Keras has not
}


@pytest.mark.parametrize("name", KERAS)
def test_networks_by_tensorflows_profiler(name: str) -> None:
    assert charged(Counts(load(name).trace()), "keras") == KERAS[name]


Layer = Callable[[Any], Any]
LAYERS: dict[str, tuple[Layer, int]] = {  # on 32×8×8, of which there are 2,048 numbers: by the same
    "silu": (lambda x: x.silu(), 4_096),
    "sigmoid": (lambda x: x.sigmoid(), 0),
    "hard sigmoid": (lambda x: x.hardsigmoid(), 4_096),
    "hard swish": (lambda x: x.hardswish(), 6_144),
    "gelu": (lambda x: x.gelu(), 8_192),
    "relu": (lambda x: x.relu(), 0),
    "prelu of 32 numbers": (lambda x: x.prelu(), 6_176),
    "global max pool": (lambda x: x.global_max_pool(), 2_016),
    "global mean pool": (lambda x: x.global_avg_pool(), 2_048),
    "max pool 2": (lambda x: x.max_pool(2), 2_048),
    "mean pool 2": (lambda x: x.avg_pool(2), 2_048),
    "softmax over channels": (lambda x: x.softmax(), 10_240),
    "add": (lambda x: x + x, 2_048),
    "multiply": (lambda x: x * x, 2_048),
    "batch norm": (lambda x: x.batch_norm(), 4_288),
    "conv 16, 3×3": (lambda x: x.conv(16, 3, pad=1), 590_848),
    "depthwise 3×3": (lambda x: x.conv(32, 3, pad=1, groups=32), 38_912),
    "transposed 16, 3×3, stride 2": (lambda x: x.conv_transpose(16, 3, 2, pad=1, output_pad=1, bias=False), 589_824),
    "the same with a bias": (lambda x: x.conv_transpose(16, 3, 2, pad=1, output_pad=1), 593_920),
    "upsample 2, bilinear": (lambda x: x.upsample(2, mode="bilinear"), 0),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_by_tensorflows_profiler(name: str) -> None:
    layer, flops = LAYERS[name]
    assert charged(Counts(trace(layer, (32, 8, 8))), "keras") == flops


ONNX_TOOL = {  # onnx-tool 1.0.1, networks exported by torch.onnx with their norms as nodes of their own
    "alexnet": 715_979_944,
    "vgg11": 7_630_106_088,
    "squeezenet1_1": 357_475_224,
    "resnet18": 1_895_963_624,
    "resnet50": 4_450_761_704,
    "densenet121": 3_338_084_328,
}


@pytest.mark.parametrize("name", ONNX_TOOL)
def test_networks_by_onnx_tool(name: str) -> None:
    assert charged(Counts(load(name).trace()), "onnx_tool") == ONNX_TOOL[name]


NETWORKS = {path.stem: path for path in (FILE.parent / "networks" / "darknet").glob("*/*.cfg")}
DARKNET = {  # "Total BFLOPS" of darknet at 59596d7, which prints three digits
    "darknet19": "5.585",
    "darknet53": "18.576",
    "alexnet": "2.154",
    "vgg-16": "30.699",
    "tiny": "0.985",
    "yolov2": "29.475",
    "yolov3": "65.879",
    "yolov3-tiny": "5.571",
    "yolov4": "128.459",
    "yolov4-tiny": "6.910",
    "densenet201": "10.850",
    "enet-coco": "3.731",
    "yolov3-spp": "141.531",
    "yolov3-tiny-prn": "3.467",
    "yolov4-csp": "77.003",
    "yolov4-sam-mish-csp-reorg-bfm": "84.320",
    "yolov7-tiny": "5.802",
    "Gaussian_yolov3_BDD": "99.066",
    "cspx-p7-mish": "1600.719",
    "csresnext50-panet-spp-original-optimal": "100.606",
    "darknet53_448_xnor": "2.336",
}


@pytest.mark.parametrize("name", sorted(DARKNET.keys() & NETWORKS))
def test_networks_by_darknet(name: str) -> None:
    counts = Counts(load(str(NETWORKS[name])).trace())
    assert f"{charged(counts, 'darknet') / 10**9:.3f}" == DARKNET[name]
