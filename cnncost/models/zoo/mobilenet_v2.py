"""MobileNetV2: inverted residuals and linear bottlenecks."""

from __future__ import annotations

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import conv_norm, divisible, exact, inverted_residual, widening

# expansion t, channels c, repeats n, stride s of the first
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


@family(
    "MobileNetV2",
    source="MobileNetV2, arXiv:1801.04381, table 2",
    spelling={"avgpool": "F"},
    mobilenet_v2=variant(),
)
def mobilenet_v2(x: Tensor, *, width: float = 1.0, dropout: float = 0.2, classes: Num = 1000) -> Tensor:
    """A 3×3 stem, seven stages of inverted residuals, a 1×1 convolution, and one linear layer.

    Widths are multiples of 8 near width·c. The last convolution widens but does not narrow: 1280 channels up to width 1.

    width: multiplier of all channels, to multiples of 8
    """
    ratio = exact(width)
    y = conv_norm(x, "features.0.0", "features.0.1", divisible(32 * ratio), 3, 2).relu6(name="features.0.2")
    number = 1
    for expansion, channels, repeats, stride in STAGES:
        for index in range(repeats):
            y = inverted_residual(
                y,
                divisible(channels * ratio),
                stride=1 if index else stride,
                inner=expansion * y.channels,
                names="conv",
                name=f"features.{number}",
            )
            number += 1
    last = f"features.{number}"
    wide = divisible(1280 * widening(width))
    y = conv_norm(y, f"{last}.0", f"{last}.1", wide, 1).relu6(name=f"{last}.2")
    y = y.global_avg_pool(name="avgpool").dropout(dropout, name="classifier.0")
    return y.linear(classes, name="classifier.1")
