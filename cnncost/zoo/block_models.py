"""Blocks as models of their own: what one costs, and in letters, why.

Settings bear the papers' letters: C channels, G groups of c channels. The input's channels follow from them.
"""
# ruff: noqa: N803 (the settings are the papers' letters)

from __future__ import annotations

from cnncost.algebra import Num, same
from cnncost.graph import Tensor, need
from cnncost.models import family, variant
from cnncost.ops import show
from cnncost.zoo import blocks

RESNET = "Deep Residual Learning for Image Recognition, arXiv:1512.03385, figure 5"
RESNEXT = "Aggregated Residual Transformations for Deep Neural Networks, arXiv:1611.05431, section 3.2"
VGG = "Very Deep Convolutional Networks for Large-Scale Image Recognition, arXiv:1409.1556, section 2.3"


def _reads(x: Tensor, channels: Num, formula: str) -> None:
    need(
        same(x.channels, channels),
        f"the block reads {formula} = {channels} channels, the input {show(x.shape)} has {x.channels}",
        f"change the input with the setting: --input {channels},H,W",
    )


@family("Residual blocks", source=f"{RESNET}, left", input=lambda its: (its["C"], 56, 56), basic=variant())
def basic(x: Tensor, *, C: Num = 64) -> Tensor:
    """The residual block C → C → C of two 3×3 convolutions: 18·C²·H·W multiply-adds."""
    _reads(x, C, "C")
    return blocks.basic(x, C)


@family("Residual blocks", source=f"{RESNET}, right", input=lambda its: (4 * its["C"], 56, 56), bottleneck=variant())
def bottleneck(x: Tensor, *, C: Num = 64) -> Tensor:
    """The residual block 4C → C → C → 4C of a 1×1, a 3×3 and a 1×1 convolution: 17·C²·H·W multiply-adds."""
    _reads(x, 4 * C, "4·C")
    return blocks.bottleneck(x, C)


@family("Residual blocks", source=RESNEXT, input=lambda its: (4 * its["C"], 56, 56), resnext_block=variant())
def resnext_block(x: Tensor, *, C: Num = 64, G: Num = 32, c: Num = 4) -> Tensor:
    """The residual block of G paths 4C → c → c → 4C, as one grouped 3×3: (8·C·G·c + 9·G·c²)·H·W multiply-adds."""
    _reads(x, 4 * C, "4·C")
    return blocks.bottleneck(x, C, inner=G * c, groups=G)


@family(
    "Convolutions C → C",
    source=VGG,
    input=lambda its: (its["C"], 56, 56),
    conv3x3=variant(),
    conv3x3_twice=variant(repeat=2),
    conv3x3_thrice=variant(repeat=3),
    conv5x5=variant(kernel=5),
    conv7x7=variant(kernel=7),
)
def convs(x: Tensor, *, C: Num = 64, kernel: int = 3, repeat: int = 1) -> Tensor:
    """`repeat` convolutions that keep the size and the C channels, without bias: k²·C² weights each."""
    _reads(x, C, "C")
    for index in range(1, repeat + 1):
        x = x.conv(C, kernel, pad="same", bias=False, name=f"conv{index}")
    return x
