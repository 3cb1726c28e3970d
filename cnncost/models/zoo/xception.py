"""Xception: depthwise separable convolutions with residual connections."""

from __future__ import annotations

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, block
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import conv_norm, conv_norm_relu, separable_conv


def separable(x: Tensor, name: str, out: Num) -> Tensor:
    """Return a separable 3×3 convolution with batch normalisation."""
    return separable_conv(x, out, 3, name=name).batch_norm(name=f"{name}.bn")


@block
def residual(x: Tensor, widths: tuple[Num, ...], *, halve: bool = False, activated: bool = False) -> Tensor:
    """Separable convolutions, each after a ReLU (the first not where the input is `activated`), and a shortcut.

    With `halve` max pooling halves the map, and the shortcut is a 1×1 convolution.

    Source: arXiv:1610.02357, figure 5.
    """
    y = x
    for index, width in enumerate(widths, 1):
        if index > 1 or not activated:
            y = y.relu(name=f"relu{index}")
        y = separable(y, f"sepconv{index}", width)
    if halve:
        y = y.max_pool(3, 2, "same", name="pool")
        x = conv_norm(x, "shortcut.conv", "shortcut.bn", widths[-1], 1, 2)
    return y.add(x, name="add")


@family(
    "Xception",
    source="Xception: Deep Learning with Depthwise Separable Convolutions, arXiv:1610.02357, figure 5",
    input=(3, 299, 299),
    xception=variant(),
)
def xception(x: Tensor, *, depth: int = 8, width: Num = 728, dropout: float = 0.5, classes: Num = 1000) -> Tensor:
    """Entry, middle and exit flow; `depth` is the number of blocks of the middle flow, `width` their channels.

    depth: blocks of the middle flow
    width: channels of the middle flow
    """
    with x.scope("entry_flow"):
        with x.scope("block1"):
            y = conv_norm_relu(x, "conv1", 32, 3, 2, valid=True)
            y = conv_norm_relu(y, "conv2", 64, 3, valid=True)
        for index, out in enumerate((128, 256, width), 2):
            y = residual(y, (out, out), halve=True, activated=index == 2, name=f"block{index}")
    with x.scope("middle_flow"):
        for index in range(depth):
            y = residual(y, (width, width, width), name=f"block{index + 5}")
    with x.scope("exit_flow"):
        y = residual(y, (width, 1024), halve=True, name=f"block{depth + 5}")
        with x.scope(f"block{depth + 6}"):
            for index, out in enumerate((1536, 2048), 1):
                y = separable(y, f"sepconv{index}", out).relu(name=f"relu{index}")
    return y.global_avg_pool(name="avgpool").dropout(dropout, name="dropout").linear(classes, name="linear")
