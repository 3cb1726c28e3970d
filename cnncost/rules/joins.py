"""Joins: arithmetic on several tensors, and tensors put side by side."""

from __future__ import annotations

import re
from typing import Literal

from cnncost.base.errors import CostError, Refusal
from cnncost.base.poly import Num
from cnncost.rules.rule import Cost, Shape, require, require_equal, rule, show
from cnncost.rules.shapes import axis_of, broadcast, channels, replaced

OPERATION = r"[a-z][a-z0-9_]*"


def _pointwise(xs: tuple[Shape, ...], doing: str, remedy: str = "") -> Cost:
    if len(xs) == 1:
        return Cost(xs[0])
    return Cost(broadcast(xs, f"cannot {doing} {' and '.join(map(show, xs))}: shapes must be equal, or broadcast", remedy))


@rule("joins")
def add(*xs: Shape) -> Cost:
    """Sum of tensors: the residual connection. The identity has no parameters.

    Shapes are equal or broadcast, aligned from the right: a size of 1 fits any (1×H×W, C×1×1, C×H×1 with C×1×W); a vector of
    C numbers beside a map has one for each channel.

    Source: rule R18 of the counting rules; arXiv:1512.03385, equation 1; numpy's rules of broadcasting.
    """
    return _pointwise(xs, "add", "bring the branches to one shape, with a 1×1 convolution (a projection) for instance")


@rule("joins")
def sub(*xs: Shape) -> Cost:
    """Difference of tensors; shapes as in `add`."""
    return _pointwise(xs, "subtract")


@rule("joins")
def mul(*xs: Shape) -> Cost:
    """Product of tensors, such as a map and its gate of C, C×1×1 or 1×H×W; shapes as in `add`.

    Source: squeeze-and-excitation, arXiv:1709.01507, equation 4; CBAM, arXiv:1807.06521, equation 1.
    """
    return _pointwise(xs, "multiply", "a gate has the map's channels, or one; and its sizes, or 1")


@rule("joins")
def div(*xs: Shape) -> Cost:
    """Quotient of tensors; shapes as in `add`."""
    return _pointwise(xs, "divide")


@rule("joins")
def maximum(*xs: Shape) -> Cost:
    """The larger of tensors, element by element: maxout; shapes as in `add`.

    Source: Maxout Networks, arXiv:1302.4389.
    """
    return _pointwise(xs, "compare")


@rule("joins")
def minimum(*xs: Shape) -> Cost:
    """The smaller of tensors, element by element; shapes as in `add`."""
    return _pointwise(xs, "compare")


@rule("joins")
def elementwise(*xs: Shape, op: str = "identity") -> Cost:
    """An operation on each element of one or several tensors, by its name: exp, sqrt, clamp, pow, where.

    Shapes are as in `add`. For what has no layer type of its own; it has no parameters and costs no multiply-adds.
    """
    if not isinstance(op, str) or not re.fullmatch(OPERATION, op):
        raise CostError(f"op is {op!r}, which names no operation", "write a word in small letters, such as exp")
    return _pointwise(xs, op)


@rule("joins")
def weighted_sum(*xs: Shape, per: Literal["layer", "channel"] = "layer") -> Cost:
    """Sum of tensors times learned weights: one weight for each tensor, or one for each `channel` of each.

    Source: EfficientDet's BiFPN, arXiv:1911.09070, equation 1; darknet's [shortcut] with weights_type.
    """
    require(per in ("layer", "channel"), f"per is {per!r}", "give layer or channel")
    shape = _pointwise(xs, "add").shape
    return Cost(shape, params=len(xs) * (1 if per == "layer" else channels(shape)))


@rule("joins")
def concat(*xs: Shape, axis: int | None = None) -> Cost:
    """Concatenation along the channels (features, for vectors and tokens) or along `axis`; other sizes are equal.

    Source: rule R17 of the counting rules.
    """
    first = xs[0]
    for x in xs[1:]:
        first = x if type(x) is not tuple and type(first) is tuple else first  # one that says where its channels are
    along = axis_of(first, axis)
    which = "channels" if axis is None else f"sizes of axis {axis}"
    fact = f"cannot concatenate {' and '.join(map(show, xs))}: only {which} may differ"
    total: Num = 0
    for x in xs:
        require(len(x) == len(first), fact, kind=Refusal.BRANCHES)
        for other, (a, b) in enumerate(zip(x, first, strict=True)):
            if other != along and a is not b:
                require_equal(a, b, fact, kind=Refusal.BRANCHES)
        total = total + x[along]
    return Cost(replaced(first, along, total))


@rule("joins")
def stack(*xs: Shape, axis: int = 0) -> Cost:
    """Tensors of one shape side by side along a new axis."""
    first = xs[0]
    place = axis_of(first, axis, ends=1)
    fact = f"cannot stack {' and '.join(map(show, xs))}: shapes must be equal"
    for x in xs[1:]:
        require(len(x) == len(first), fact, kind=Refusal.BRANCHES)
        for a, b in zip(x, first, strict=True):
            require_equal(a, b, fact, kind=Refusal.BRANCHES)
    return Cost((*first[:place], len(xs), *first[place:]))
