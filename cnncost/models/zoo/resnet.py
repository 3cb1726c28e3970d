"""ResNet and the plain networks it is compared with."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from cnncost.base.poly import Num, same
from cnncost.graph.graph import Tensor, need
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import Shortcut, basic, bottleneck, conv_norm, exact, preactivated

PAPER = "Deep Residual Learning for Image Recognition, arXiv:1512.03385"
CIFAR = f"{PAPER}, table 6"
POST = "Identity Mappings, arXiv:1603.05027, table 5; with post-activation"
STOCHASTIC = "Deep Networks with Stochastic Depth, arXiv:1603.09382, section 4"
V1_5 = f"{PAPER}, table 1; stride in the 3×3 as in torchvision (v1.5)"

Stem = Literal["7x7", "deep", "cifar"]
Pool = Literal["pad", "ceil"]


def stem_of(x: Tensor, kind: Stem, width: Num, *, bias: bool = False, pool: Pool = "pad") -> Tensor:
    """Return the input after a stem `width` channels wide: a 7×7, three 3×3, or one 3×3 without a pool; see `resnet`.

    Source: arXiv:1512.03385, table 1; three 3×3: Bag of Tricks, arXiv:1812.01187, figure 2b.
    """
    if kind == "deep":
        y = conv_norm(x, "conv1.0", "conv1.1", width // 2, 3, 2, bias=bias).relu(name="conv1.2")
        y = conv_norm(y, "conv1.3", "conv1.4", width // 2, 3, bias=bias).relu(name="conv1.5")
        y = conv_norm(y, "conv1.6", "bn1", width, 3, bias=bias).relu(name="relu")
    else:
        kernel, stride = (7, 2) if kind == "7x7" else (3, 1)
        y = conv_norm(x, "conv1", "bn1", width, kernel, stride, bias=bias).relu(name="relu")
    if kind == "cifar":
        return y
    return y.max_pool(3, 2, 1, name="maxpool") if pool == "pad" else y.max_pool(3, 2, ceil_mode="caffe", name="maxpool")


def stages_of(
    x: Tensor,
    *,
    block: Literal["basic", "bottleneck"] = "bottleneck",
    depths: tuple[int, ...] = (3, 4, 6, 3),
    width: Num = 64,
    stride_in_1x1: bool = False,
    shortcut: Shortcut = "B",
    groups: Num = 1,
    width_per_group: Num = 64,
    reduction: Num | None = None,
    preact: bool = False,
    output_stride: int = 32,
) -> list[Tensor]:
    """Return the maps behind each stage of residual blocks, for what a stem leaves; settings as in `resnet`.

    A stage that would make the map smaller than the input divided by `output_stride` dilates its 3×3 convolutions instead, the
    first of them no more than the stage before (arXiv:1706.05587, section 3.1; torchvision).
    """
    maps, y, dilation = [], x, 1
    for stage, depth in enumerate(depths):
        channels = width * 2**stage
        inner = channels * width_per_group // 64 * groups
        before, stride = dilation, 2 if stage else 1
        if 4 * 2**stage > output_stride:
            dilation, stride = 2 * dilation, 1
        for index in range(depth):
            name = f"layer{stage + 1}.{index}"
            first = not index
            apart, step = (before, stride) if first else (dilation, 1)
            if preact:
                y = preactivated(
                    y,
                    (channels, channels) if block == "basic" else (inner, inner, 4 * channels),
                    (3, 3) if block == "basic" else (1, 3, 1),
                    step,
                    strided=0 if block == "basic" or stride_in_1x1 else 1,
                    groups=groups,
                    dilations=(apart, dilation) if block == "basic" else (1, apart, 1),
                    option=shortcut,
                    reduction=reduction,
                    activated=not stage and first,
                    name=name,
                )
            elif block == "basic":
                dilations = (apart, dilation)
                y = basic(y, channels, step, option=shortcut, reduction=reduction, dilations=dilations, name=name)
            else:
                y = bottleneck(
                    y,
                    channels,
                    step,
                    inner=inner,
                    groups=groups,
                    stride_in_1x1=stride_in_1x1,
                    option=shortcut,
                    reduction=reduction,
                    dilation=apart,
                    name=name,
                )
        maps.append(y)
    return maps


@family(
    "ResNet",
    in_place=("add",),
    source=f"{PAPER}, table 1",
    resnet18=variant(block="basic", depths=(2, 2, 2, 2)),
    resnet34=variant(block="basic", depths=(3, 4, 6, 3)),
    resnet50=variant(source=V1_5),
    resnet101=variant(depths=(3, 4, 23, 3), source=V1_5),
    resnet152=variant(depths=(3, 8, 36, 3), source=V1_5),
    resnet200=variant(depths=(3, 24, 36, 3), source=POST),
    resnet50_d=variant(
        stem="deep", shortcut="D", source="Bag of Tricks, arXiv:1812.01187, figures 2b and 2c; timm's resnet50d"
    ),
    resnet18_v1=variant(block="basic", depths=(2, 2, 2, 2), shortcut="A"),
    resnet34_v1=variant(block="basic", depths=(3, 4, 6, 3), shortcut="A"),
    resnet50_v1=variant(stride_in_1x1=True),
    resnet101_v1=variant(depths=(3, 4, 23, 3), stride_in_1x1=True),
    resnet152_v1=variant(depths=(3, 8, 36, 3), stride_in_1x1=True),
    resnet200_v1=variant(depths=(3, 24, 36, 3), stride_in_1x1=True),
    plain18=variant(block="basic", depths=(2, 2, 2, 2), shortcut="none", source=f"{PAPER}, figure 3 and table 2"),
    plain34=variant(block="basic", depths=(3, 4, 6, 3), shortcut="none", source=f"{PAPER}, figure 3 and table 2"),
)
def resnet(
    x: Tensor,
    *,
    block: Literal["basic", "bottleneck"] = "bottleneck",
    depths: tuple[int, ...] = (3, 4, 6, 3),
    width: Num = 64,
    classes: Num = 1000,
    stride_in_1x1: bool = False,
    shortcut: Shortcut = "B",
    groups: Num = 1,
    width_per_group: Num = 64,
    reduction: Num | None = None,
    stem: Stem = "7x7",
    stem_width: Num | None = None,
    stem_bias: bool = False,
    pool: Pool = "pad",
    preact: bool = False,
    output_stride: Literal[32, 16, 8] = 32,
) -> Tensor:
    """A 7×7 stem, stages of residual blocks that halve the map and double the width, and one linear layer.

    The 3×3 of a bottleneck has `groups` groups, of `width_per_group` channels in the first stage where `width` is 64,
    as in torchvision. With `reduction` every block has squeeze-and-excitation. The stem is as wide as the first stage,
    or `stem_width`; it is a 7×7 convolution, three 3×3 convolutions of which two are half as wide ("deep", of ResNet-D), or one
    3×3 that halves nothing and has no pool behind it ("cifar"). The pool pads by 1 ("pad") or rounds its size up as in Caffe
    ("ceil"). With `preact` normalisation and ReLU come before the convolutions of a block, and nothing after the addition
    (arXiv:1603.05027).

    output_stride: how many times smaller the last map is; at 16 or 8 the last one or two stages are dilated instead of halved
    width: channels of the first stage; each next one has twice as many, and bottlenecks end with four times as many
    groups: groups of the 3×3 convolution of a bottleneck
    stem: the first layers: one 7×7, three 3×3 (deep), or one 3×3 that halves nothing (cifar)
    pool: how the pooling after the stem rounds: padded by 1, or up as in Caffe
    stem_width: channels of the stem; none: as many as the first stage
    """
    need(
        block == "bottleneck" or (same(groups, 1) and same(width_per_group, 64)),
        f"basic blocks have no groups={groups} or width_per_group={width_per_group}",
        "leave them at 1 and 64 and change width, or use bottlenecks",
    )
    y = stem_of(x, stem, width if stem_width is None else stem_width, bias=stem_bias, pool=pool)
    need(
        stem != "cifar" or output_stride == 32,
        f"behind the stem of CIFAR there is no output_stride={output_stride}",
        "the stages of 7x7 and deep stems are dilated; give these 32",
    )
    maps = stages_of(
        y,
        block=block,
        depths=depths,
        width=width,
        stride_in_1x1=stride_in_1x1,
        shortcut=shortcut,
        groups=groups,
        width_per_group=width_per_group,
        reduction=reduction,
        preact=preact,
        output_stride=output_stride,
    )
    y = maps[-1] if maps else y
    if preact:
        y = y.batch_norm(name="bn2").relu(name="relu")
    return y.global_avg_pool(name="avgpool").linear(classes, name="fc")


@family(
    "ResNet CIFAR",
    in_place=("add",),
    source=CIFAR,
    input=(3, 32, 32),
    resnet20_cifar=variant(depth=20),
    resnet32_cifar=variant(depth=32),
    resnet44_cifar=variant(depth=44),
    resnet56_cifar=variant(depth=56),
    resnet110_cifar=variant(depth=110),
    resnet1202_cifar=variant(depth=1202),
    resnet110_stochastic=variant(depth=110, survival=0.5, source=STOCHASTIC),
    resnet1202_stochastic=variant(depth=1202, survival=0.5, source=STOCHASTIC),
    plain20_cifar=variant(depth=20, shortcut="none", source=f"{PAPER}, figure 6"),
    plain56_cifar=variant(depth=56, shortcut="none", source=f"{PAPER}, figure 6"),
)
def resnet_cifar(
    x: Tensor,
    *,
    depth: int = 20,
    width: Num = 16,
    classes: Num = 10,
    shortcut: Shortcut = "A",
    survival: float = 1.0,
    preact: bool = False,
) -> Tensor:
    """A 3×3 stem and three stages of n = (depth − 2)/6 basic blocks, 16, 32 and 64 channels wide.

    While training, block l of L survives with probability 1 − l/L·(1 − `survival`): arXiv:1603.09382, equation 4.

    depth: layers with weights, the number in the network's name: 6n + 2
    width: channels of the first stage; each next one has twice as many
    """
    need(depth >= 8 and depth % 6 == 2, f"depth={depth} is not 6n + 2 with n ≥ 1", "try 20, 32, 44, 56, 110 or 1202")
    need(0 <= survival <= 1, f"survival={survival} is no probability", "give a number from 0 to 1")
    n, lost = (depth - 2) // 6, 1 - exact(survival)
    if preact:
        need(lost == 0, "blocks that are dropped are not pre-activated", "leave survival at 1, or preact at false")
        about = {"width": width, "shortcut": shortcut, "classes": classes}
        return resnet(x, block="basic", depths=(n, n, n), stem="cifar", preact=True, **about)
    y = conv_norm(x, "conv1", "bn1", width, 3).relu(name="relu")
    for stage in range(3):
        for index in range(n):
            stride = 2 if stage and not index else 1
            alive = 1 - Fraction(stage * n + index + 1, 3 * n) * lost
            y = basic(y, width * 2**stage, stride, option=shortcut, survival=alive, name=f"layer{stage + 1}.{index}")
    return y.global_avg_pool(name="avgpool").linear(classes, name="fc")
