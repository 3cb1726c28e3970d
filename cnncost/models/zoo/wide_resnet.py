"""Wide ResNet: fewer, wider residual blocks. WRN-n-k has n convolutions and k times the channels."""

from __future__ import annotations

from typing import Literal

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, need
from cnncost.models.model import family, variant
from cnncost.models.zoo import resnet
from cnncost.models.zoo.blocks import Shortcut, portion, preactivated

PAPER = "Wide Residual Networks, arXiv:1605.07146"
BLOCK_TYPES = f"{PAPER}, table 2"
LISTING = f"{PAPER}, as a published listing has it: no batch norm in the projections, 1000 classes"


@family(
    "Wide ResNet CIFAR",
    in_place=("add",),
    source=f"{PAPER}, tables 1 and 4",
    input=(3, 32, 32),
    wrn_40_1=variant(depth=40, k=1),
    wrn_40_2=variant(depth=40, k=2),
    wrn_40_4=variant(depth=40, k=4),
    wrn_40_8=variant(depth=40, k=8),
    wrn_40_10=variant(depth=40, k=10, source=f"{PAPER}, tables 1 and 9"),
    wrn_28_10=variant(),
    wrn_28_12=variant(k=12),
    wrn_22_8=variant(depth=22, k=8),
    wrn_22_10=variant(depth=22, k=10),
    wrn_16_8=variant(depth=16, k=8),
    wrn_16_10=variant(depth=16, k=10),
    wrn_16_2=variant(depth=16, k=2, source=f"{PAPER}; widths and depths of tables 2 and 6"),
    wrn_16_4=variant(depth=16, k=4, source=f"{PAPER}; widths and depths of tables 2 and 6"),
    wrn_52_1=variant(depth=52, k=1, source=f"{PAPER}, table 6"),
    wrn_40_2_b131=variant(depth=40, k=2, kernels=(1, 3, 1), source=BLOCK_TYPES),
    wrn_40_2_b31=variant(depth=40, k=2, kernels=(3, 1), source=BLOCK_TYPES),
    wrn_40_2_b13=variant(depth=40, k=2, kernels=(1, 3), source=BLOCK_TYPES),
    wrn_40_2_b311=variant(depth=40, k=2, kernels=(3, 1, 1), source=BLOCK_TYPES),
    wrn_28_2_b33=variant(k=2, source=BLOCK_TYPES),
    wrn_22_2_b313=variant(depth=22, k=2, kernels=(3, 1, 3), source=BLOCK_TYPES),
    wrn_listing=variant(classes=1000, source=LISTING),
)
def wide_resnet_cifar(
    x: Tensor,
    *,
    depth: int = 28,
    k: Num = 10,
    kernels: tuple[int, ...] = (3, 3),
    dropout: float = 0.0,
    classes: Num = 10,
) -> Tensor:
    """A 3×3 stem and three stages of N = (depth − 4)/6 pre-activated blocks, 16k, 32k and 64k channels wide.

    A block B(3, 3) has convolutions with those `kernels`; N does not depend on how many they are. With `dropout` each
    convolution of a block but the first is preceded by it.

    k: how many times wider than a ResNet with 16, 32 and 64 channels
    depth: convolutions, the first number in the network's name: 6N + 4
    """
    need(depth >= 10 and depth % 6 == 4, f"depth={depth} is not 6N + 4 with N ≥ 1", "try 16, 22, 28 or 40")
    odd = all(kernel % 2 for kernel in kernels)
    need(len(kernels) > 0 and odd, f"kernels={kernels} are not odd numbers", "try 3,3 or 1,3,1")
    y = x.conv(16, 3, pad=1, bias=False, name="conv1")
    for stage in range(3):
        widths = (16 * k * 2**stage,) * len(kernels)
        for index in range((depth - 4) // 6):
            stride = 2 if stage and not index else 1
            y = preactivated(y, widths, kernels, stride, dropout=dropout, name=f"conv{stage + 2}.{index}")
    y = y.batch_norm(name="bn").relu(name="relu")
    return y.global_avg_pool(name="avg-pool").linear(classes, name="fc")


@family(
    "Wide ResNet",
    in_place=("add",),
    source=f"{PAPER}, table 7",
    wrn_18_1=variant(block="basic", depths=(2, 2, 2, 2), k=1.0),
    wrn_18_1_5=variant(block="basic", depths=(2, 2, 2, 2), k=1.5),
    wrn_18_2=variant(block="basic", depths=(2, 2, 2, 2)),
    wrn_18_3=variant(block="basic", depths=(2, 2, 2, 2), k=3.0),
    wrn_34_1=variant(block="basic", k=1.0),
    wrn_34_1_5=variant(block="basic", k=1.5),
    wrn_34_2=variant(block="basic"),
    wide_resnet50_2=variant(source=f"{PAPER}, table 8; stride in the 3×3 as in torchvision"),
    wide_resnet101_2=variant(depths=(3, 4, 23, 3), source=f"{PAPER}; as in torchvision"),
)
def wide_resnet(
    x: Tensor,
    *,
    block: Literal["basic", "bottleneck"] = "bottleneck",
    depths: tuple[int, ...] = (3, 4, 6, 3),
    k: float = 2.0,
    stem: resnet.Stem = "7x7",
    shortcut: Shortcut = "B",
    preact: bool = False,
    classes: Num = 1000,
) -> Tensor:
    """A ResNet with 3×3 convolutions of 64·`k` channels in the first stage, twice as many in each next one.

    The stem and, of bottlenecks, the channels between blocks stay as they are.

    stem: the first layers: one 7×7, three 3×3 (deep), or one 3×3 that halves nothing (cifar)
    k: how many times wider the 3×3 convolutions are than a ResNet's
    """
    wide = portion(64, k)
    widths = {"width": wide, "stem_width": 64} if block == "basic" else {"width_per_group": wide}
    return resnet.resnet(x, block=block, depths=depths, stem=stem, shortcut=shortcut, preact=preact, classes=classes, **widths)
