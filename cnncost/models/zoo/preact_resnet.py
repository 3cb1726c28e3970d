"""Pre-activation ResNet: normalisation and ReLU come before the convolutions, and nothing after the addition."""

from __future__ import annotations

from typing import Literal

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, need
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import conv_norm, preactivated

PAPER = "Identity Mappings in Deep Residual Networks, arXiv:1603.05027"

BlockType = Literal["basic", "bottleneck"]


def _units(x: Tensor, block: BlockType, depths: tuple[int, ...], width: Num) -> Tensor:
    """Stages of residual units. The stem has activated the first one's input; the last one's output is activated here.

    Source: arXiv:1603.05027, appendix.
    """
    for stage, depth in enumerate(depths):
        channels = width * 2**stage
        basic = block == "basic"
        for index in range(depth):
            x = preactivated(
                x,
                (channels, channels) if basic else (channels, channels, 4 * channels),
                (3, 3) if basic else (1, 3, 1),
                2 if stage and not index else 1,
                strided=0 if basic else 1,
                activated=not stage and not index,
                name=f"layer{stage + 1}.{index}",
            )
    return x.batch_norm(name="bn2").relu(name="relu")


@family(
    "Pre-activation ResNet CIFAR",
    source=f"{PAPER}, tables 3 and 4",
    input=(3, 32, 32),
    preact_resnet110=variant(block="basic", depth=110),
    preact_resnet164=variant(),
    preact_resnet1001=variant(depth=1001),
)
def preact_resnet_cifar(
    x: Tensor, *, block: BlockType = "bottleneck", depth: int = 164, width: Num = 16, classes: Num = 10
) -> Tensor:
    """A 3×3 stem and three stages of n basic units (depth 6n + 2) or bottlenecks (depth 9n + 2)."""
    per_unit, example = (6, "110") if block == "basic" else (9, "164 or 1001")
    need(
        depth >= per_unit + 2 and depth % per_unit == 2,
        f"depth={depth} is not {per_unit}n + 2 with n ≥ 1",
        f"try {example}",
    )
    y = conv_norm(x, "conv1", "bn1", width, 3).relu(name="relu")
    y = _units(y, block, (depth // per_unit,) * 3, width)
    return y.global_avg_pool(name="avgpool").linear(classes, name="fc")


@family("Pre-activation ResNet", source=f"{PAPER}, table 5", preact_resnet200=variant())
def preact_resnet(
    x: Tensor,
    *,
    block: BlockType = "bottleneck",
    depths: tuple[int, ...] = (3, 24, 36, 3),
    width: Num = 64,
    classes: Num = 1000,
) -> Tensor:
    """A 7×7 stem, stages of pre-activated units that halve the map and double the width, and one linear layer."""
    y = conv_norm(x, "conv1", "bn1", width, 7, 2).relu(name="relu").max_pool(3, 2, 1, name="maxpool")
    y = _units(y, block, depths, width)
    return y.global_avg_pool(name="avgpool").linear(classes, name="fc")
