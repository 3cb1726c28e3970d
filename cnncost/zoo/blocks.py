"""Blocks that several families build with: written once, here."""

from __future__ import annotations

from typing import Literal

from cnncost.algebra import Num, same
from cnncost.graph import Tensor, block

Shortcut = Literal["A", "B", "C", "none"]


def conv_norm(x: Tensor, name: str, norm: str, out: Num, kernel: int, stride: int = 1, groups: Num = 1) -> Tensor:
    """Return a size-keeping convolution without bias, followed by batch normalisation."""
    y = x.conv(out, kernel, stride, kernel // 2, groups=groups, bias=False, name=name)
    return y.batch_norm(name=norm)


def shortcut(x: Tensor, out: Num, stride: int, option: Shortcut = "B") -> Tensor:
    """Return the input in the shape of a residual branch with `out` channels at `stride`.

    Option A keeps the identity, takes every `stride`-th pixel and pads channels with zeros; B projects with a 1×1 convolution
    where the shape changes; C projects always.

    Source: Deep Residual Learning, arXiv:1512.03385, section 3.3 and table 3.
    """
    changes = stride != 1 or not same(x.channels, out)
    if option == "C" or (option == "B" and changes):
        return conv_norm(x, "downsample.0", "downsample.1", out, 1, stride)
    if changes:
        extra = out - x.channels
        if stride != 1:
            x = x.slice(step=stride, axis=1, name="shortcut.rows").slice(step=stride, axis=2, name="shortcut.columns")
        return x.pad(channels=(extra // 2, extra - extra // 2), name="shortcut.pad")
    return x


@block
def basic(x: Tensor, width: Num, stride: int = 1, *, option: Shortcut = "B") -> Tensor:
    """Two 3×3 convolutions and a shortcut: 18·C²·H·W multiply-adds for C → C channels.

    Source: arXiv:1512.03385, figure 5, left.
    """
    y = conv_norm(x, "conv1", "bn1", width, 3, stride).relu(name="relu")
    y = conv_norm(y, "conv2", "bn2", width, 3)
    if option != "none":
        y = y.add(shortcut(x, width, stride, option), name="add")
    return y.relu(name="relu")


@block
def bottleneck(
    x: Tensor,
    width: Num,
    stride: int = 1,
    *,
    inner: Num | None = None,
    groups: Num = 1,
    stride_in_1x1: bool = False,
    option: Shortcut = "B",
) -> Tensor:
    """1×1 to `inner` (= width) channels, 3×3, 1×1 to 4·width, and a shortcut: 17·C²·H·W multiply-adds for 4C → C → C → 4C.

    With `groups` the 3×3 is grouped: a ResNeXt block. The stride is in the 3×3 ("v1.5"), or in the first 1×1 as in the paper.

    Source: arXiv:1512.03385, figure 5, right; grouped: arXiv:1611.05431, figure 3c.
    """
    inner = width if inner is None else inner
    first, second = (stride, 1) if stride_in_1x1 else (1, stride)
    y = conv_norm(x, "conv1", "bn1", inner, 1, first).relu(name="relu")
    y = conv_norm(y, "conv2", "bn2", inner, 3, second, groups).relu(name="relu")
    y = conv_norm(y, "conv3", "bn3", 4 * width, 1)
    if option != "none":
        y = y.add(shortcut(x, 4 * width, stride, option), name="add")
    return y.relu(name="relu")
