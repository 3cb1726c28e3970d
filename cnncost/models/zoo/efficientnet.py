"""EfficientNet: one network scaled in width, depth and resolution; and EfficientNetV2."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import NamedTuple

from cnncost.base.poly import Num, same
from cnncost.graph.graph import Tensor, block, need
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import Activation, activate, conv_norm, divisible, exact, inverted_residual

PAPER = "EfficientNet, arXiv:1905.11946"
LITE = "tensorflow/tpu, models/official/efficientnet/lite; after arXiv:1905.11946"
V2 = "EfficientNetV2, arXiv:2104.00298"


class Stage(NamedTuple):
    """What the blocks of a stage share. `fused` blocks have one full convolution where the others expand and go depthwise."""

    expansion: int
    kernel: int
    stride: int  # of the first block
    fused: bool = False


BASE = (  # with width and depth: table 1
    (Stage(1, 3, 1), 16, 1),
    (Stage(6, 3, 2), 24, 2),
    (Stage(6, 5, 2), 40, 2),
    (Stage(6, 3, 2), 80, 3),
    (Stage(6, 5, 1), 112, 3),
    (Stage(6, 5, 2), 192, 4),
    (Stage(6, 3, 1), 320, 1),
)
STAGES_V2 = (  # table 4, and stage 7 of the larger ones
    Stage(1, 3, 1, fused=True),
    Stage(4, 3, 2, fused=True),
    Stage(4, 3, 2, fused=True),
    Stage(4, 3, 2),
    Stage(6, 3, 1),
    Stage(6, 3, 2),
    Stage(6, 3, 1),
)


@block
def fused_inverted_residual(x: Tensor, out: Num, kernel: int, stride: int, *, inner: Num, drop: float) -> Tensor:
    """kernel×kernel to `inner` channels and 1×1 to `out`, or one kernel×kernel where `inner` is the width already.

    Source: EfficientNetV2, arXiv:2104.00298, figure 2.
    """
    if same(x.channels, inner):
        y = conv_norm(x, "block.0.0", "block.0.1", out, kernel, stride).silu(name="block.0.2")
    else:
        y = conv_norm(x, "block.0.0", "block.0.1", inner, kernel, stride).silu(name="block.0.2")
        y = conv_norm(y, "block.1.0", "block.1.1", out, 1)
    if stride == 1 and same(x.channels, out):
        y = y.stochastic_depth(drop, name="stochastic_depth").add(x, name="add")
    return y


def network(
    x: Tensor,
    stages: Iterable[tuple[Stage, Num, int]],
    *,
    stem: Num,
    head: Num | None,
    classes: Num,
    dropout: float,
    stochastic_depth: float,
    lite: bool = False,
) -> Tensor:
    """Return a stem, stages of (fused) inverted residuals, given with their widths and depths, and a head.

    The head is four times as wide as the last stage unless `head` is given. `lite` networks have ReLU6 for SiLU, and no
    squeeze-and-excitation.
    """
    kind: Activation = "relu6" if lite else "silu"
    stages = list(stages)
    total = sum(depth for *_, depth in stages)
    y = activate(conv_norm(x, "features.0.0", "features.0.1", stem, 3, 2), kind, "features.0.2")
    index = 0
    for number, (stage, width, depth) in enumerate(stages, start=1):
        for place in range(depth):
            name, stride = f"features.{number}.{place}", 1 if place else stage.stride
            inner, drop = divisible(stage.expansion * y.channels), stochastic_depth * index / total
            if stage.fused:
                y = fused_inverted_residual(y, width, stage.kernel, stride, inner=inner, drop=drop, name=name)
            else:
                y = inverted_residual(
                    y,
                    width,
                    stage.kernel,
                    stride,
                    inner=inner,
                    activation=kind,
                    squeeze=None if lite else y.channels // 4,
                    squeeze_activation="silu",
                    drop=drop,
                    name=name,
                )
            index += 1
    last = f"features.{len(stages) + 1}"
    y = conv_norm(y, f"{last}.0", f"{last}.1", 4 * y.channels if head is None else head, 1)
    y = activate(y, kind, f"{last}.2")
    y = y.global_avg_pool(name="avgpool").dropout(dropout, name="classifier.0")
    return y.linear(classes, name="classifier.1")


@family(
    "EfficientNet",
    in_place=("add",),
    source=f"{PAPER}, table 1 and section 3.3; sizes as torchvision evaluates them",
    efficientnet_b0=variant(),
    efficientnet_b1=variant(input=(3, 240, 240), depth=1.1),
    efficientnet_b2=variant(input=(3, 288, 288), width=1.1, depth=1.2, dropout=0.3),
    efficientnet_b3=variant(input=(3, 300, 300), width=1.2, depth=1.4, dropout=0.3),
    efficientnet_b4=variant(input=(3, 380, 380), width=1.4, depth=1.8, dropout=0.4),
    efficientnet_b5=variant(input=(3, 456, 456), width=1.6, depth=2.2, dropout=0.4),
    efficientnet_b6=variant(input=(3, 528, 528), width=1.8, depth=2.6, dropout=0.5),
    efficientnet_b7=variant(input=(3, 600, 600), width=2.0, depth=3.1, dropout=0.5),
)
def efficientnet(
    x: Tensor,
    *,
    width: float = 1.0,
    depth: float = 1.0,
    classes: Num = 1000,
    dropout: float = 0.2,
    stochastic_depth: float = 0.2,
) -> Tensor:
    """The B0 network with channels times `width`, in multiples of 8, and blocks times `depth`, rounded up.

    The probability of stochastic depth rises linearly from 0 in the first block towards `stochastic_depth` after the last.

    depth: multiplier of the blocks of each stage, rounded up
    width: multiplier of all channels, to multiples of 8
    """
    need(depth > 0, f"depth={depth} leaves no blocks", "give a multiplier such as 1.2")
    return network(
        x,
        [(stage, divisible(exact(width) * out), ceil(exact(depth) * blocks)) for stage, out, blocks in BASE],
        stem=divisible(exact(width) * 32),
        head=None,
        classes=classes,
        dropout=dropout,
        stochastic_depth=stochastic_depth,
    )


@family(
    "EfficientNet-Lite",
    in_place=("add",),
    source=LITE,
    efficientnet_lite0=variant(),
    efficientnet_lite1=variant(input=(3, 240, 240), depth=1.1),
    efficientnet_lite2=variant(input=(3, 260, 260), width=1.1, depth=1.2, dropout=0.3),
    efficientnet_lite3=variant(input=(3, 280, 280), width=1.2, depth=1.4, dropout=0.3),
    efficientnet_lite4=variant(input=(3, 300, 300), width=1.4, depth=1.8, dropout=0.3),
)
def efficientnet_lite(
    x: Tensor,
    *,
    width: float = 1.0,
    depth: float = 1.0,
    classes: Num = 1000,
    dropout: float = 0.2,
    stochastic_depth: float = 0.2,
) -> Tensor:
    """EfficientNet with ReLU6, without squeeze-and-excitation; its stem, its head and the depths of its outer stages stay.

    depth: multiplier of the blocks of each stage but the first and the last, rounded up
    width: multiplier of the channels of the stages, to multiples of 8
    """
    need(depth > 0, f"depth={depth} leaves no blocks", "give a multiplier such as 1.2")
    inner = len(BASE) - 1
    return network(
        x,
        [
            (stage, divisible(exact(width) * out), ceil(exact(depth) * blocks) if 0 < place < inner else blocks)
            for place, (stage, out, blocks) in enumerate(BASE)
        ],
        stem=32,
        head=1280,
        classes=classes,
        dropout=dropout,
        stochastic_depth=stochastic_depth,
        lite=True,
    )


@family(
    "EfficientNetV2",
    in_place=("add",),
    source=f"{V2}, table 4 and the authors' definition; sizes as torchvision evaluates them",
    input=(3, 480, 480),
    efficientnet_v2_s=variant(input=(3, 384, 384)),
    efficientnet_v2_m=variant(widths=(24, 48, 80, 160, 176, 304, 512), depths=(3, 5, 5, 7, 14, 18, 5), dropout=0.3),
    efficientnet_v2_l=variant(widths=(32, 64, 96, 192, 224, 384, 640), depths=(4, 7, 7, 10, 19, 25, 7), dropout=0.4),
)
def efficientnet_v2(
    x: Tensor,
    *,
    widths: tuple[int, ...] = (24, 48, 64, 128, 160, 256),
    depths: tuple[int, ...] = (2, 4, 4, 6, 9, 15),
    head: Num = 1280,
    classes: Num = 1000,
    dropout: float = 0.2,
    stochastic_depth: float = 0.2,
) -> Tensor:
    """Three stages of fused inverted residuals, then three or four with squeeze-and-excitation; stochastic depth as in V1."""
    need(
        0 < len(widths) == len(depths) <= len(STAGES_V2),
        f"{len(widths)} widths and {len(depths)} depths do not make stages",
        f"give as many of each, up to {len(STAGES_V2)}",
    )
    return network(
        x,
        zip(STAGES_V2, widths, depths, strict=False),
        stem=widths[0],
        head=head,
        classes=classes,
        dropout=dropout,
        stochastic_depth=stochastic_depth,
    )
