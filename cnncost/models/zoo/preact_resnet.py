"""Pre-activation ResNet: normalisation and ReLU come before the convolutions, and nothing after the addition."""

from __future__ import annotations

from typing import Literal

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, need
from cnncost.models.model import family, variant
from cnncost.models.zoo import resnet

PAPER = "Identity Mappings in Deep Residual Networks, arXiv:1603.05027"

BlockType = Literal["basic", "bottleneck"]


@family(
    "Pre-activation ResNet CIFAR",
    source=f"{PAPER}, table 4",
    input=(3, 32, 32),
    preact_resnet110=variant(block="basic", depth=110, source=f"{PAPER}, table 3"),
    preact_resnet164=variant(),
    preact_resnet1001=variant(depth=1001),
)
def preact_resnet_cifar(
    x: Tensor, *, block: BlockType = "bottleneck", depth: int = 164, width: Num = 16, classes: Num = 10
) -> Tensor:
    """A 3×3 stem and three stages of n basic units (depth 6n + 2) or bottlenecks (depth 9n + 2).

    depth: layers with weights, the number in the network's name: 6n + 2 of basic units, 9n + 2 of bottlenecks
    width: channels of the first stage; each next one has twice as many
    """
    per_unit, example = (6, "110") if block == "basic" else (9, "164 or 1001")
    need(
        depth >= per_unit + 2 and depth % per_unit == 2,
        f"depth={depth} is not {per_unit}n + 2 with n ≥ 1",
        f"try {example}",
    )
    depths = (depth // per_unit,) * 3
    return resnet.resnet(x, block=block, depths=depths, width=width, classes=classes, stem="cifar", preact=True)


@family("Pre-activation ResNet", source=f"{PAPER}, table 5", preact_resnet200=variant())
def preact_resnet(
    x: Tensor,
    *,
    block: BlockType = "bottleneck",
    depths: tuple[int, ...] = (3, 24, 36, 3),
    width: Num = 64,
    classes: Num = 1000,
) -> Tensor:
    """A 7×7 stem, stages of pre-activated units that halve the map and double the width, and one linear layer.

    width: channels of the first stage; each next one has twice as many
    """
    return resnet.resnet(x, block=block, depths=depths, width=width, classes=classes, preact=True)
