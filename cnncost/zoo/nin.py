"""Network in Network: a small multilayer perceptron at every position, and no fully connected layers."""

from __future__ import annotations

from cnncost.algebra import Num
from cnncost.graph import Tensor
from cnncost.models import family, variant

PAPER = "Network in Network, arXiv:1312.4400"


def mlpconv(x: Tensor, conv: str, relu: str, cccp: tuple[str, str], widths: tuple[Num, Num, Num], *shape: int) -> Tensor:
    """Return a convolution (kernel, stride, pad) followed by two 1×1 convolutions, "cascaded cross-channel pooling"."""
    y = x.conv(widths[0], *shape, name=conv).relu(name=relu)
    for name, width in zip(cccp, widths[1:], strict=True):
        y = y.conv(width, 1, name=name).relu(name=f"relu_{name}")
    return y
