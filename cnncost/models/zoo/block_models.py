"""Blocks as models of their own: what one costs, and in letters, why.

Settings bear the papers' symbols: C channels, G groups of c channels. The input's channels follow from them.
"""
# ruff: noqa: N803 (the settings are the papers' letters)

from __future__ import annotations

from functools import partial

from cnncost.base.poly import Num, same
from cnncost.graph.graph import Tensor, need
from cnncost.models.model import family, variant
from cnncost.models.zoo import blocks, densenet, googlenet, squeezenet
from cnncost.rules import show

RESNET = "Deep Residual Learning for Image Recognition, arXiv:1512.03385, figure 5"
RESNEXT = "Aggregated Residual Transformations for Deep Neural Networks, arXiv:1611.05431, section 3.3 and figure 3c"
GOOGLENET = "Going Deeper with Convolutions, arXiv:1409.4842, figure 2; filters of module 3a"
DENSENET = "Densely Connected Convolutional Networks, arXiv:1608.06993, section 3"
SQUEEZENET = "SqueezeNet, arXiv:1602.07360, figure 1"
XCEPTION = "Xception, arXiv:1610.02357, section 1.2; MobileNets, arXiv:1704.04861, section 3.1"
MOBILENET_V2 = "MobileNetV2, arXiv:1801.04381, table 1"
SENET = "Squeeze-and-Excitation Networks, arXiv:1709.01507, section 3"
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


@family("Inception module", source=GOOGLENET, input=lambda its: (its["C"], 28, 28), inception=variant())
def inception(
    x: Tensor,
    *,
    C: Num = 192,
    n1: Num = 64,
    r3: Num | None = 96,
    n3: Num = 128,
    r5: Num | None = 16,
    n5: Num = 32,
    p: Num | None = 32,
    bias: bool = False,
) -> Tensor:
    """n1 filters of 1×1; r3 of 1×1 and n3 of 3×3; r5 of 1×1 and n5 of 5×5; 3×3 max pooling and p of 1×1; concatenated.

    `none` for r3, r5 or p leaves that 1×1 out: with none of them it is the naive module.
    """
    _reads(x, C, "C")
    return googlenet.inception(x, n1, r3, n3, r5, n5, p, unit=partial(googlenet.conv_relu, bias=bias))


@family("Dense block", source=DENSENET, input=lambda its: (its["C"], 56, 56), dense_block=variant())
def dense_block(x: Tensor, *, C: Num = 64, k: Num = 32, layers: int = 6, bottleneck: int = 4) -> Tensor:
    """`layers` layers that each add k maps to all before them, by a 1×1 to bottleneck·k channels (none at 0) and a 3×3.

    k: channels that each layer adds
    """
    _reads(x, C, "C")
    return densenet.dense_block(x, layers, k, bottleneck)


@family("Fire module", source=SQUEEZENET, input=lambda its: (its["C"], 55, 55), fire=variant())
def fire(x: Tensor, *, C: Num = 96, s: Num = 16, e1: Num = 64, e3: Num = 64) -> Tensor:
    """A 1×1 convolution to s channels, then e1 filters of 1×1 and e3 of 3×3 side by side."""
    _reads(x, C, "C")
    return squeezenet.fire(x, s, e1, e3)


@family("Depthwise blocks", source=XCEPTION, input=lambda its: (its["C"], 56, 56), separable_conv=variant())
def separable_conv(x: Tensor, *, C: Num = 128, D: Num = 128, kernel: int = 3) -> Tensor:
    """A depthwise convolution and a 1×1 from C to D channels, without normalisation: H·W·(k²·C + C·D) multiply-adds."""
    _reads(x, C, "C")
    return blocks.separable_conv(x, D, kernel)


@family("Depthwise blocks", source=MOBILENET_V2, input=lambda its: (its["C"], 56, 56), inverted_residual=variant())
def inverted_residual(x: Tensor, *, C: Num = 24, D: Num = 24, t: Num = 6, kernel: int = 3, stride: int = 1) -> Tensor:
    """A 1×1 to t·C channels, a depthwise convolution, a 1×1 to D channels, and a shortcut where the shape stays."""
    _reads(x, C, "C")
    return blocks.inverted_residual(x, D, kernel, stride, inner=t * C)


@family("Squeeze and excitation", source=SENET, input=lambda its: (its["C"], 56, 56), squeeze_excite=variant())
def squeeze_excite(x: Tensor, *, C: Num = 256, c: Num = 16) -> Tensor:
    """Each channel weighted by what all of them show on average: C → c → C features, 2·C·c weights."""
    _reads(x, C, "C")
    return blocks.squeeze_excite(x, c, convs=False)
