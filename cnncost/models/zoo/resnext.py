"""ResNeXt: bottlenecks with grouped 3×3 convolutions; 32x4d is 32 groups of 4 channels in the first stage."""

from __future__ import annotations

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, need
from cnncost.models.model import family, variant
from cnncost.models.zoo import resnet
from cnncost.models.zoo.blocks import Shortcut, bottleneck, conv_norm

PAPER = "Aggregated Residual Transformations for Deep Neural Networks, arXiv:1611.05431"
RELEASED = f"{PAPER}; the authors' release, as in torchvision"
TABLE4 = f"{PAPER}, table 4"
OTHER = f"{PAPER}, section 5.3; in groups that table 7 does not have"

DEEP = (3, 4, 23, 3)


@family(
    "ResNeXt",
    in_place=("add",),
    source=f"{PAPER}, tables 1 to 3",
    resnext50_1x64d=variant(cardinality=1, base_width=64),
    resnext50_2x40d=variant(cardinality=2, base_width=40),
    resnext50_4x24d=variant(cardinality=4, base_width=24),
    resnext50_8x14d=variant(cardinality=8, base_width=14),
    resnext50_32x4d=variant(),
    resnext101_1x64d=variant(depths=DEEP, cardinality=1, base_width=64),
    resnext101_2x40d=variant(depths=DEEP, cardinality=2, base_width=40),
    resnext101_4x24d=variant(depths=DEEP, cardinality=4, base_width=24),
    resnext101_8x14d=variant(depths=DEEP, cardinality=8, base_width=14),
    resnext101_32x4d=variant(depths=DEEP),
    resnext101_1x100d=variant(depths=DEEP, cardinality=1, base_width=100, source=TABLE4),
    resnext101_2x64d=variant(depths=DEEP, cardinality=2, base_width=64, source=TABLE4),
    resnext101_64x4d=variant(depths=DEEP, cardinality=64, source=TABLE4),
    resnext101_32x8d=variant(depths=DEEP, base_width=8, source=RELEASED),
)
def resnext(
    x: Tensor,
    *,
    depths: tuple[int, ...] = (3, 4, 6, 3),
    cardinality: Num = 32,
    base_width: Num = 4,
    width: Num = 64,
    stem: resnet.Stem = "7x7",
    shortcut: Shortcut = "B",
    preact: bool = False,
    classes: Num = 1000,
) -> Tensor:
    """A ResNet of bottlenecks whose 3×3 has `cardinality` groups, of `base_width` channels each in the first stage.

    width: channels of the first stage; each next one has twice as many, and blocks end with four times as many
    stem: the first layers: one 7×7, three 3×3 (deep), or one 3×3 that halves nothing (cifar)
    """
    return resnet.resnet(
        x,
        depths=depths,
        groups=cardinality,
        width_per_group=base_width,
        width=width,
        stem=stem,
        shortcut=shortcut,
        preact=preact,
        classes=classes,
    )


@family("ResNeXt listing", in_place=("add",), source=f"{PAPER}, as a published listing has it", resnext_listing=variant())
def listing(
    x: Tensor, *, depths: tuple[int, ...] = (3, 4, 6, 3), cardinality: Num = 32, width: Num = 64, classes: Num = 1000
) -> Tensor:
    """ResNeXt-50 with slips: the grouped 3×3 is as wide as the block's input, and the last 1×1 has the stride.

    Every block owns a 1×1 shortcut with bias and no batch norm, but only the first of each stage runs it.

    width: channels of the stem; blocks end with four times as many, and twice as many in each next stage
    """
    y = conv_norm(x, "conv1", "bn1", width, 7, 2).relu(name="relu").max_pool(3, 2, 1, name="maxpool")
    for stage, depth in enumerate(depths):
        for index in range(depth):
            with y.scope(f"layer{stage + 1}.{index}"):
                y = _listed(y, 4 * width * 2**stage, 2 if stage and not index else 1, cardinality, first=not index)
    y = conv_norm(y, "head.conv", "head.bn", 1280, 1).relu(name="head.relu")
    return y.global_avg_pool(name="avgpool").linear(classes, name="fc")


def _listed(x: Tensor, out: Num, stride: int, cardinality: Num, *, first: bool) -> Tensor:
    y = conv_norm(x, "conv1", "bn1", x.channels, 1).relu(name="relu")
    y = conv_norm(y, "conv2", "bn2", x.channels, 3, groups=cardinality).relu(name="relu")
    y = conv_norm(y, "conv3", "bn3", out, 1, stride)
    with x.runs(int(first)):
        projected = x.conv(out, 1, stride, name="shortcut")
    return y.add(projected if first else x, name="add").relu(name="relu")


@family(
    "ResNeXt CIFAR",
    in_place=("add",),
    source=f"{PAPER}, section 5.3 and table 7",
    input=(3, 32, 32),
    resnext29_8x64d=variant(),
    resnext29_16x64d=variant(cardinality=16),
    resnext29_4x64d=variant(cardinality=4, source=OTHER),
    resnext29_32x4d=variant(cardinality=32, base_width=4, source=OTHER),
)
def resnext_cifar(
    x: Tensor, *, depth: int = 29, cardinality: Num = 8, base_width: Num = 64, width: Num = 64, classes: Num = 10
) -> Tensor:
    """A 3×3 stem and three stages of n = (depth − 2)/9 bottlenecks, 4, 8 and 16 times `width` channels wide.

    depth: layers with weights, the number in the network's name: 9n + 2
    width: channels of the stem; blocks end with four times as many, and twice as many in each next stage
    """
    need(depth >= 11 and depth % 9 == 2, f"depth={depth} is not 9n + 2 with n ≥ 1", "try 20, 29, 38 or 47")
    y = conv_norm(x, "conv1", "bn1", width, 3).relu(name="relu")
    for stage in range(3):
        for index in range((depth - 2) // 9):
            y = bottleneck(
                y,
                width * 2**stage,
                2 if stage and not index else 1,
                inner=cardinality * base_width * 2**stage,
                groups=cardinality,
                name=f"layer{stage + 1}.{index}",
            )
    return y.global_avg_pool(name="avgpool").linear(classes, name="fc")
