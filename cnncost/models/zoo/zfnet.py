"""ZFNet: AlexNet with a smaller first window and stride."""

from __future__ import annotations

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor
from cnncost.models.model import family, variant
from cnncost.models.zoo.alexnet import eight_layers


@family(
    "ZFNet",
    source="Visualizing and Understanding Convolutional Networks, arXiv:1311.2901, figure 3",
    zfnet=variant(),
    zfnet_wide=variant(
        widths=(96, 256, 512, 1024, 512), source="CS231n 2017, lecture 9; arXiv:1311.2901, table 3, the larger maps"
    ),
)
def zfnet(
    x: Tensor,
    *,
    widths: tuple[Num, ...] = (96, 256, 384, 384, 256),
    lrn: bool = True,
    hidden: Num = 4096,
    classes: Num = 1000,
    dropout: float = 0.5,
) -> Tensor:
    """AlexNet in one piece with a 7×7 window at stride 2 and a 5×5 at stride 2.

    The paper's sizes, 224 → 110 → 55 → 26 → 13 → 6, come out with padding 1 before the first window and poolings that
    round up.

    widths: channels of each convolution
    """
    return eight_layers(
        x,
        widths,
        ((7, 2, 1), (5, 2, 0)),
        lrn="after_pool" if lrn else "none",
        ceil_mode="caffe",
        hidden=hidden,
        classes=classes,
        dropout=dropout,
    )
