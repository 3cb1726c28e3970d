"""Squeeze-and-excitation networks, as in the authors' Caffe definitions."""

from __future__ import annotations

from cnncost.base.poly import Num, same
from cnncost.graph.graph import Tensor, block
from cnncost.models.model import family, variant
from cnncost.models.zoo import resnet
from cnncost.models.zoo.blocks import Shortcut, conv_norm, reduced, squeeze_excite

PAPER = "Squeeze-and-Excitation Networks, arXiv:1709.01507"
DEFINITIONS = f"{PAPER}, table 1; details of the authors' definitions, github.com/hujie-frank/SENet"


@family(
    "SE-ResNet",
    source=DEFINITIONS,
    se_resnet50=variant(),
    se_resnet101=variant(depths=(3, 4, 23, 3)),
    se_resnet152=variant(depths=(3, 8, 36, 3)),
    se_resnext50_32x4d=variant(cardinality=32, base_width=4, stride_in_1x1=False),
    se_resnext101_32x4d=variant(depths=(3, 4, 23, 3), cardinality=32, base_width=4, stride_in_1x1=False),
)
def se_resnet(
    x: Tensor,
    *,
    depths: tuple[int, ...] = (3, 4, 6, 3),
    cardinality: Num = 1,
    base_width: Num = 64,
    reduction: Num = 16,
    stride_in_1x1: bool = True,
    width: Num = 64,
    stem: resnet.Stem = "7x7",
    shortcut: Shortcut = "B",
    preact: bool = False,
    classes: Num = 1000,
) -> Tensor:
    """A ResNet, or with `cardinality` a ResNeXt, of bottlenecks with squeeze-and-excitation before the addition.

    width: channels of the first stage; each next one has twice as many, and blocks end with four times as many
    stem: the first layers: one 7×7, three 3×3 (deep), or one 3×3 that halves nothing (cifar)
    """
    return resnet.resnet(
        x,
        depths=depths,
        groups=cardinality,
        width_per_group=base_width,
        reduction=reduction,
        stride_in_1x1=stride_in_1x1,
        width=width,
        stem=stem,
        shortcut=shortcut,
        preact=preact,
        classes=classes,
        pool="ceil",
    )


@block
def _bottleneck(x: Tensor, width: Num, stride: int, cardinality: Num, reduction: Num) -> Tensor:
    """1×1 to 2·width channels, grouped 3×3 to 4·width, 1×1, squeeze-and-excitation, and a shortcut.

    Where the stride is 2 the shortcut projects with a 3×3 convolution.
    """
    out = 4 * width
    y = conv_norm(x, "conv1", "bn1", 2 * width, 1).relu(name="relu")
    y = conv_norm(y, "conv2", "bn2", out, 3, stride, cardinality).relu(name="relu")
    y = conv_norm(y, "conv3", "bn3", out, 1)
    y = squeeze_excite(y, reduced(out, reduction), name="se")
    if stride != 1 or not same(x.channels, out):
        x = conv_norm(x, "downsample.0", "downsample.1", out, 1 if stride == 1 else 3, stride)
    return y.add(x, name="add").relu(name="relu")


@family("SENet", source=f"{PAPER}, appendix; details of the authors' definition", senet154=variant())
def senet(
    x: Tensor,
    *,
    depths: tuple[int, ...] = (3, 8, 36, 3),
    cardinality: Num = 64,
    reduction: Num = 16,
    width: Num = 64,
    dropout: float = 0.2,
    classes: Num = 1000,
) -> Tensor:
    """A stem of three 3×3 convolutions, stages of grouped bottlenecks with squeeze-and-excitation, a linear layer.

    width: channels of the stem's first convolutions; blocks end with four times as many, and twice as many in each next stage
    """
    y = conv_norm(x, "conv1_1", "bn1_1", width, 3, 2).relu(name="relu1_1")
    y = conv_norm(y, "conv1_2", "bn1_2", width, 3).relu(name="relu1_2")
    y = conv_norm(y, "conv1_3", "bn1_3", 2 * width, 3).relu(name="relu1_3")
    y = y.max_pool(3, 2, ceil_mode="caffe", name="maxpool")
    for stage, depth in enumerate(depths):
        for index in range(depth):
            stride = 2 if stage and not index else 1
            y = _bottleneck(y, width * 2**stage, stride, cardinality, reduction, name=f"layer{stage + 1}.{index}")
    y = y.global_avg_pool(name="avgpool")
    if dropout:
        y = y.dropout(dropout, name="dropout")
    return y.linear(classes, name="fc")
