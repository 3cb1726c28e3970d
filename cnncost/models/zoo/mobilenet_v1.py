"""MobileNet (V1): depthwise separable convolutions."""

from __future__ import annotations

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, block
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import conv_norm, portion

PAPER = "MobileNets, arXiv:1704.04861"

# stride and width of each separable convolution; the five alike in the middle are those a shallow MobileNet lacks
FIRST = ((1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512))
MIDDLE = ((1, 512),) * 5
LAST = ((2, 1024), (1, 1024))


@block
def separable(x: Tensor, out: Num, stride: int = 1) -> Tensor:
    """A depthwise 3×3 and a 1×1 convolution, each with normalisation and ReLU: C·(9 + out) multiply-adds per output position.

    Source: arXiv:1704.04861, figure 3, right.
    """
    y = conv_norm(x, "depthwise", "depthwise_bn", x.channels, 3, stride, x.channels).relu(name="depthwise_relu")
    return conv_norm(y, "pointwise", "pointwise_bn", out, 1).relu(name="pointwise_relu")


@block
def full(x: Tensor, out: Num, stride: int = 1) -> Tensor:
    """A 3×3 convolution with normalisation and ReLU: 9·C·out multiply-adds per output position.

    Source: arXiv:1704.04861, figure 3, left.
    """
    return conv_norm(x, "conv", "bn", out, 3, stride).relu(name="relu")


@family(
    "MobileNetV1",
    source=f"{PAPER}, table 1",
    mobilenet_v1=variant(),
)
def mobilenet_v1(
    x: Tensor,
    *,
    alpha: float = 1.0,
    depthwise: bool = True,
    shallow: bool = False,
    classes: Num = 1000,
) -> Tensor:
    """A 3×3 stem, thirteen separable convolutions (eight if `shallow`), and one linear layer.

    Widths are ⌊alpha·width⌋. Without `depthwise` all are full 3×3 convolutions: the paper's "Conv MobileNet".
    """
    unit = separable if depthwise else full
    y = full(x, portion(32, alpha), 2, name="conv0")
    for index, (stride, width) in enumerate((*FIRST, *(() if shallow else MIDDLE), *LAST)):
        y = unit(y, portion(width, alpha), stride, name=f"conv{index + 1}")
    return y.global_avg_pool(name="avgpool").linear(classes, name="fc")
