"""PolyNet: residual Inception modules composed as polynomials."""

from __future__ import annotations

from typing import Literal

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, block, need
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import conv_norm, exactly
from cnncost.models.zoo.inception import Grid, reduction_a, residual_branches, residual_reduction_b, stem

Composition = Literal["way", "poly", "mpoly"]
PolyModule = Literal["1-way", "2-way", "3-way", "poly-2", "poly-3", "mpoly-2", "mpoly-3"]

MODULES: dict[PolyModule, tuple[Composition, int]] = {
    "1-way": ("way", 1),  # I + F: the residual module
    "2-way": ("way", 2),  # I + F + G
    "3-way": ("way", 3),  # I + F + G + H
    "poly-2": ("poly", 2),  # I + F + F²
    "poly-3": ("poly", 3),  # I + F + F² + F³
    "mpoly-2": ("mpoly", 2),  # I + F + GF
    "mpoly-3": ("mpoly", 3),  # I + F + GF + HGF
}


@block
def polyinception(x: Tensor, grid: Grid, module: PolyModule) -> Tensor:
    """PolyInception module: the input plus residual units side by side (way) or one after the other (poly, mpoly).

    The units of a poly module have the weights of their branches in common; batch normalisation and the 1×1 convolution
    back to the channels of the input are each unit's own, as in the released network.

    Source: arXiv:1611.05725, section 3.1.
    """
    need(module in MODULES, f"there is no PolyNet module '{module}'", f"choices: {', '.join(MODULES)}")
    composition, order = MODULES[module]
    total = y = x
    for unit in range(order):
        if unit and composition != "way":
            y = y.relu(name="relu")
        y = residual_branches(x if composition == "way" else y, grid, shared=composition == "poly" and unit > 0)
        y = conv_norm(y, "up.conv", "up.bn", x.channels, 1)
        total = total.add(y, name="add")
    return total.relu(name="relu")


@family(
    "PolyNet",
    source="PolyNet: A Pursuit of Structural Diversity in Very Deep Networks, arXiv:1611.05725, figure 5; "
    "details of the released network, as ported in github.com/Cadene/pretrained-models.pytorch",
    input=(3, 331, 331),
    polynet=variant(),
)
def polynet(
    x: Tensor,
    *,
    depths: tuple[int, ...] = (10, 20, 10),
    stage_a: tuple[PolyModule, ...] = ("2-way",),
    stage_b: tuple[PolyModule, ...] = ("poly-3", "2-way"),
    stage_c: tuple[PolyModule, ...] = ("poly-3", "2-way"),
    dropout: float = 0.2,
    classes: Num = 1000,
) -> Tensor:
    """Very Deep PolyNet: the stem of Inception-v4 and three stages of modules, which take turns within a stage."""
    a, b, c = exactly(3, depths, "depths")

    def stage(y: Tensor, grid: Grid, depth: int, modules: tuple[PolyModule, ...]) -> Tensor:
        need(len(modules) > 0, f"stage_{grid} names no module", f"choices: {', '.join(MODULES)}")
        for index in range(depth):
            y = polyinception(y, grid, modules[index % len(modules)], name=f"stage_{grid}.{index + 1}")
        return y

    y = stage(stem(x), "a", a, stage_a)
    y = stage(reduction_a(y, 384, (256, 256, 384)), "b", b, stage_b)
    y = residual_reduction_b(y, (256, 384), (256, 256), (256, 256, 256), name="reduction_b")
    y = stage(y, "c", c, stage_c)
    return y.global_avg_pool(name="avgpool").dropout(dropout, name="dropout").linear(classes, name="linear")
