"""VGG: 3×3 convolutions only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, need
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import three_linears

PAPER = "Very Deep Convolutional Networks for Large-Scale Image Recognition, arXiv:1409.1556"
LECTURE = "CS231n 2017 and EECS 498-007, lectures on CNN architectures: two convolutions in each of the stages 1 to 3"
BATCH_NORM = f"{PAPER}, table 1; with batch normalisation as in torchvision"
WIDTHS = (64, 128, 256, 512, 512)


def stages(x: Tensor, depths: Sequence[int], widths: Sequence[Num], batch_norm: bool, names: Iterator[str]) -> Tensor:
    """Return the input after stages of 3×3 convolutions that keep the size, each stage closed by a 2×2 pooling."""
    need(len(depths) == len(widths), f"{len(depths)} depths and {len(widths)} widths", "each stage has one of both")
    for depth, width in zip(depths, widths, strict=True):
        for _ in range(depth):
            x = x.conv(width, 3, 1, 1, name=next(names))
            if batch_norm:
                x = x.batch_norm(name=next(names))
            x = x.relu(name=next(names))
        x = x.max_pool(2, name=next(names))
    return x


@family(
    "VGG",
    source=f"{PAPER}, table 1",
    vgg11=variant(depths=(1, 1, 2, 2, 2)),
    vgg13=variant(depths=(2, 2, 2, 2, 2)),
    vgg16=variant(),
    vgg19=variant(depths=(2, 2, 4, 4, 4)),
    vgg11_bn=variant(depths=(1, 1, 2, 2, 2), batch_norm=True, source=BATCH_NORM),
    vgg13_bn=variant(depths=(2, 2, 2, 2, 2), batch_norm=True, source=BATCH_NORM),
    vgg16_bn=variant(batch_norm=True, source=BATCH_NORM),
    vgg19_bn=variant(depths=(2, 2, 4, 4, 4), batch_norm=True, source=BATCH_NORM),
)
def vgg(
    x: Tensor,
    *,
    depths: tuple[int, ...] = (2, 2, 3, 3, 3),
    widths: tuple[Num, ...] = WIDTHS,
    hidden: Num = 4096,
    classes: Num = 1000,
    dropout: float = 0.5,
    batch_norm: bool = False,
) -> Tensor:
    """Five stages of 3×3 convolutions, an adaptive 7×7 pooling and three linear layers, named as in torchvision."""
    y = stages(x, depths, widths, batch_norm, map("features.{}".format, count()))
    y = y.adaptive_avg_pool(7, name="avgpool").flatten(name="flatten")
    return three_linears(y, hidden, classes, dropout, map("classifier.{}".format, count()))


@family("VGG", source=LECTURE, vgg16_lecture=variant())
def vgg_lecture(
    x: Tensor,
    *,
    depths: tuple[int, ...] = (2, 2, 2, 3, 3),
    widths: tuple[Num, ...] = WIDTHS,
    hidden: Num = 4096,
    classes: Num = 1000,
    dropout: float = 0.5,
) -> Tensor:
    """Five stages of 3×3 convolutions and three linear layers, named as in the paper: conv1_1 to fc8."""
    y = stages(x, depths, widths, False, _paper_names(depths))
    return three_linears(y.flatten(name="flatten"), hidden, classes, dropout)


@family(
    "VGG CIFAR",
    source=f"{PAPER}, table 1; for CIFAR as in kuangliu/pytorch-cifar, models/vgg.py",
    input=(3, 32, 32),
    vgg11_cifar=variant(depths=(1, 1, 2, 2, 2)),
    vgg13_cifar=variant(depths=(2, 2, 2, 2, 2)),
    vgg16_cifar=variant(),
    vgg19_cifar=variant(depths=(2, 2, 4, 4, 4)),
)
def vgg_cifar(
    x: Tensor,
    *,
    depths: tuple[int, ...] = (2, 2, 3, 3, 3),
    widths: tuple[Num, ...] = WIDTHS,
    hidden: Num | None = None,
    classes: Num = 10,
    batch_norm: bool = True,
) -> Tensor:
    """Five stages of 3×3 convolutions and one linear layer, or three with `hidden` features between them.

    hidden: features of two hidden linear layers, of which there are none without it
    """
    y = stages(x, depths, widths, batch_norm, map("features.{}".format, count())).flatten(name="flatten")
    if hidden is None:
        return y.linear(classes, name="classifier")
    return three_linears(y, hidden, classes, names=map("classifier.{}".format, count()))


def _paper_names(depths: Sequence[int]) -> Iterator[str]:
    for stage, depth in enumerate(depths, start=1):
        for index in range(1, depth + 1):
            yield from (f"conv{stage}_{index}", f"relu{stage}_{index}")
        yield f"pool{stage}"
