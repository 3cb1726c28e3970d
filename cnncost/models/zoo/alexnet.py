"""AlexNet: on two GPUs as in 2012, in one piece, as lectures show it, and as in torchvision."""

from __future__ import annotations

from typing import Literal

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import exactly, three_linears
from cnncost.rules import CeilMode

PAPER = "ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012"
ONE_WEIRD_TRICK = "One Weird Trick for Parallelizing Convolutional Neural Networks, arXiv:1404.5997"

Window = tuple[Num, Num, Num]  # kernel, stride, padding


def eight_layers(
    x: Tensor,
    widths: tuple[Num, ...],
    windows: tuple[Window, ...],
    *,
    groups: Num = 1,
    lrn: Literal["none", "before_pool", "after_pool"] = "none",
    ceil_mode: CeilMode = False,
    hidden: Num = 4096,
    classes: Num = 1000,
    dropout: float = 0.5,
) -> Tensor:
    """Return the output of five convolutions, pooled after the first, second and fifth, and three linear layers.

    `windows` are those of the first two convolutions, the others are 3×3. `groups` divide the second, fourth and fifth,
    where the two GPUs of the paper do not talk.
    """
    y = x
    windows = (*windows, *[(3, 1, 1)] * 3)
    for layer, (width, window) in enumerate(zip(exactly(5, widths, "widths"), windows, strict=True), start=1):
        y = y.conv(width, *window, groups=groups if layer in (2, 4, 5) else 1, name=f"conv{layer}")
        y = y.relu(name=f"relu{layer}")
        if layer <= 2 and lrn == "before_pool":
            y = y.lrn(5, name=f"norm{layer}")
        if layer in (1, 2, 5):
            y = y.max_pool(3, 2, ceil_mode=ceil_mode, name=f"pool{layer}")
        if layer <= 2 and lrn == "after_pool":
            y = y.lrn(5, name=f"norm{layer}")
    return three_linears(y.flatten(name="flatten"), hidden, classes, dropout)


@family(
    "AlexNet",
    source=PAPER,
    input=(3, 227, 227),
    alexnet_original=variant(source=f"{PAPER}, section 3.5; input of 227 as its layer sizes need"),
    alexnet_ungrouped=variant(groups=1, source="CS231n 2017, lecture 9: the paper's widths without groups"),
    alexnet_lecture=variant(
        widths=(64, 192, 384, 256, 256),
        pad=2,
        groups=1,
        lrn=False,
        source="EECS 498-007, lecture 8: the widths of arXiv:1404.5997 at 227×227",
    ),
)
def alexnet_original(
    x: Tensor,
    *,
    widths: tuple[Num, ...] = (96, 256, 384, 384, 256),
    pad: Num = 0,
    groups: Num = 2,
    lrn: bool = True,
    hidden: Num = 4096,
    classes: Num = 1000,
    dropout: float = 0.5,
) -> Tensor:
    """Five convolutions, the first 11×11 with stride 4 and padding `pad`, three poolings and three linear layers.

    `groups=2` is the paper's division between two GPUs.

    groups: groups of the second, fourth and fifth convolution: one for each GPU
    widths: channels of each convolution
    """
    return eight_layers(
        x,
        widths,
        ((11, 4, pad), (5, 1, 2)),
        groups=groups,
        lrn="before_pool" if lrn else "none",
        hidden=hidden,
        classes=classes,
        dropout=dropout,
    )


@family("AlexNet", source=f"{ONE_WEIRD_TRICK}, with dropout; layers as in torchvision", alexnet=variant())
def alexnet(
    x: Tensor,
    *,
    widths: tuple[Num, ...] = (64, 192, 384, 256, 256),
    hidden: Num = 4096,
    classes: Num = 1000,
    dropout: float = 0.5,
) -> Tensor:
    """Five convolutions without groups or normalisation, an adaptive 6×6 pooling and three linear layers.

    widths: channels of each convolution
    """
    first, second, third, fourth, fifth = exactly(5, widths, "widths")
    with x.scope("features"):
        y = x.conv(first, 11, 4, 2, name="0").relu(name="1").max_pool(3, 2, name="2")
        y = y.conv(second, 5, 1, 2, name="3").relu(name="4").max_pool(3, 2, name="5")
        y = y.conv(third, 3, 1, 1, name="6").relu(name="7")
        y = y.conv(fourth, 3, 1, 1, name="8").relu(name="9")
        y = y.conv(fifth, 3, 1, 1, name="10").relu(name="11").max_pool(3, 2, name="12")
    y = y.adaptive_avg_pool(6, name="avgpool").flatten(name="flatten")
    with x.scope("classifier"):
        y = y.dropout(dropout, name="0").linear(hidden, name="1").relu(name="2")
        y = y.dropout(dropout, name="3").linear(hidden, name="4").relu(name="5")
        return y.linear(classes, name="6")
