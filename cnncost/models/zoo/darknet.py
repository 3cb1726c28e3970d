"""Darknet-19 and Darknet-53, the networks behind YOLO."""

from __future__ import annotations

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, block
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import conv_norm

V2 = "YOLO9000, arXiv:1612.08242"
V3 = "YOLOv3, arXiv:1804.02767"


@block
def conv(x: Tensor, width: Num, kernel: int = 3, stride: int = 1) -> Tensor:
    """Convolution, batch normalisation and leaky rectifier."""
    return conv_norm(x, "conv", "norm", width, kernel, stride).leaky_relu(name="leaky")


@block
def residual(x: Tensor, width: Num) -> Tensor:
    """1×1 to half the width, 3×3 back, and the input. Source: arXiv:1804.02767, table 1."""
    y = conv(x, width // 2, 1, name="1x1")
    return conv(y, width, name="3x3").add(x, name="add")


def features(x: Tensor, depths: tuple[int, ...], width: Num) -> list[Tensor]:
    """Return the maps of Darknet-53 behind its stem and behind each stage; settings as in `darknet53`."""
    maps = [conv(x, width, name="stem")]
    for stage, depth in enumerate(depths, start=1):
        y = conv(maps[-1], width * 2**stage, 3, 2, name=f"stage{stage}.down")
        for index in range(depth):
            y = residual(y, width * 2**stage, name=f"stage{stage}.{index}")
        maps.append(y)
    return maps


@family(
    "Darknet",
    source=f"{V3}, table 1",
    input=(3, 256, 256),
    darknet53=variant(),
)
def darknet53(x: Tensor, *, depths: tuple[int, ...] = (1, 2, 8, 8, 4), width: Num = 32, classes: Num = 1000) -> Tensor:
    """A 3×3 stem and stages that halve the map and double the width with a 3×3 convolution, then refine with residuals.

    width: channels of the first convolution; each stage has twice as many as the one before
    """
    y = features(x, depths, width)[-1]
    return y.global_avg_pool(name="avgpool").linear(classes, name="connected").softmax(name="softmax")


@family(
    "Darknet",
    source=f"{V2}, table 6",
    darknet19=variant(),
)
def darknet19(x: Tensor, *, depths: tuple[int, ...] = (1, 1, 3, 3, 5, 5), width: Num = 32, classes: Num = 1000) -> Tensor:
    """Stages of 3×3 convolutions, with 1×1 ones to half the width in between, 2×2 pooling after each but the last.

    width: channels of the first stage; each next one has twice as many
    """
    y = x
    for stage, depth in enumerate(depths, start=1):
        out = width * 2 ** (stage - 1)
        if stage > 1:
            y = y.max_pool(2, name=f"stage{stage - 1}.pool")
        for index in range(depth):
            squeeze = index % 2 == 1
            y = conv(y, out // 2 if squeeze else out, 1 if squeeze else 3, name=f"stage{stage}.conv{index + 1}")
    return y.conv(classes, 1, name="classifier").global_avg_pool(name="avgpool").softmax(name="softmax")
