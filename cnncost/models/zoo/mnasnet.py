"""MnasNet: inverted residuals whose kernels, depths and widths were searched for speed on a phone."""

from __future__ import annotations

from typing import Literal, TypeAlias

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import InvertedNames, conv_norm, divisible, exact, inverted_residual

PAPER = "MnasNet, arXiv:1807.11626"
TPU = "tensorflow/tpu, models/official/mnasnet/mnasnet_models.py"

# per stage: kernel, stride of the first block, expansion, squeeze-and-excitation, width, repeats
Stages: TypeAlias = tuple[tuple[int, int, int, bool, int, int], ...]
B1: Stages = (
    (3, 2, 3, False, 24, 3),
    (5, 2, 3, False, 40, 3),
    (5, 2, 6, False, 80, 3),
    (3, 1, 6, False, 96, 2),
    (5, 2, 6, False, 192, 4),
    (3, 1, 6, False, 320, 1),
)
A1: Stages = (
    (3, 2, 6, False, 24, 2),
    (5, 2, 3, True, 40, 3),
    (3, 2, 6, False, 80, 4),
    (3, 1, 6, True, 112, 2),
    (5, 2, 6, True, 160, 3),
    (3, 1, 6, False, 320, 1),
)
SMALL: Stages = (
    (3, 2, 3, False, 16, 1),
    (3, 2, 6, False, 16, 2),
    (5, 2, 6, True, 32, 4),
    (3, 1, 6, True, 32, 3),
    (5, 2, 6, True, 88, 3),
    (3, 1, 6, False, 144, 1),
)
SEARCHED: dict[str, tuple[int, int, Stages]] = {
    "a1": (32, 16, A1),
    "small": (8, 8, SMALL),
}  # widths of the stem and of the first stage, and the others


def residuals(x: Tensor, stages: Stages, ratio: Num, name: str, number: int, *, names: InvertedNames = "block") -> Tensor:
    """Return the map after stages of inverted residuals, called `name` and numbered from `number`.

    Squeeze-and-excitation is to a quarter of what a block takes in.
    """
    for stage, (kernel, stride, expansion, squeezed, channels, repeats) in enumerate(stages, start=number):
        for index in range(repeats):
            x = inverted_residual(
                x,
                divisible(channels * ratio),
                kernel,
                1 if index else stride,
                inner=expansion * x.channels,
                activation="relu",
                squeeze=x.channels // 4 if squeezed else None,
                names=names,
                name=f"{name}{stage}.{index}",
            )
    return x


@family(
    "MnasNet",
    source=f"{PAPER}; MnasNet-B1 as in torchvision",
    spelling={"avgpool": "mean"},
    mnasnet0_5=variant(width=0.5),
    mnasnet0_75=variant(width=0.75),
    mnasnet1_0=variant(),
    mnasnet1_3=variant(width=1.3),
)
def mnasnet(x: Tensor, *, width: float = 1.0, dropout: float = 0.2, classes: Num = 1000) -> Tensor:
    """A 3×3 stem, a separable convolution, six stages of inverted residuals, 1280 channels, and one linear layer.

    Widths are multiples of 8 near width·c, but for the last.

    width: multiplier of all channels but the last, to multiples of 8
    """
    ratio = exact(width)
    stem, first = divisible(32 * ratio), divisible(16 * ratio)
    y = conv_norm(x, "layers.0", "layers.1", stem, 3, 2).relu(name="layers.2")
    y = conv_norm(y, "layers.3", "layers.4", stem, 3, groups=stem).relu(name="layers.5")
    y = conv_norm(y, "layers.6", "layers.7", first, 1)
    y = residuals(y, B1, ratio, "layers.", 8, names="layers")
    y = conv_norm(y, "layers.14", "layers.15", 1280, 1).relu(name="layers.16")
    y = y.global_avg_pool(name="avgpool").dropout(dropout, name="classifier.0")
    return y.linear(classes, name="classifier.1")


@family(
    "MnasNet",
    source=f"{PAPER}, figure 7",
    mnasnet_a1=variant(),
    mnasnet_small=variant(net="small", source=TPU),
)
def mnasnet_searched(
    x: Tensor,
    *,
    net: Literal["a1", "small"] = "a1",
    width: float = 1.0,
    dropout: float = 0.2,
    classes: Num = 1000,
) -> Tensor:
    """MnasNet-A1 and its small sibling: as `mnasnet`, with squeeze-and-excitation.

    width: multiplier of all channels but the last, to multiples of 8
    net: which network: A1 of the paper, or the small one of its authors
    """
    ratio = exact(width)
    stem, first, stages = SEARCHED[net]
    y = conv_norm(x, "stem.conv", "stem.bn", divisible(stem * ratio), 3, 2).relu(name="stem.relu")
    y = residuals(y, ((3, 1, 1, False, first, 1), *stages), ratio, "stage", 1)
    y = conv_norm(y, "head.conv", "head.bn", 1280, 1).relu(name="head.relu")
    return y.global_avg_pool(name="avgpool").dropout(dropout, name="dropout").linear(classes, name="fc")
