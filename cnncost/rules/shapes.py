"""Shapes of any rank: where their channels are, which axes are meant, and how two of them broadcast.

Shapes are of one example, without the batch: (C, L), (C, H, W) and (C, D, H, W) are maps, (F,) is features, (…, D) tokens.
Two axes may be either, three or more may have their channels last: `Signal` and `ChannelsLast` are shapes that say so.
Convolutions and pools of C×L maps make signals, and `permute` says where it moved the channels.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from cnncost.base.errors import CostError, Refusal
from cnncost.base.ints import Ints
from cnncost.base.poly import Num, equal, maximum
from cnncost.rules.foreign import value_meant
from cnncost.rules.rule import Shape, at_least, elements, refuse, require, require_equal, show

Axes: TypeAlias = int | tuple[int, ...]  # of one example; negative ones count from the end
Sizes: TypeAlias = Num | tuple[Num] | tuple[Num, Num] | tuple[Num, Num, Num]  # for all spatial axes, or for each
Pad: TypeAlias = (
    Num
    | tuple[Num]
    | tuple[Num, Num]
    | tuple[Num, Num, Num]
    | tuple[Num, Num, Num, Num]
    | tuple[Num, Num, Num, Num, Num, Num]
    | Literal["same"]
)
Sides: TypeAlias = tuple[Num, ...]  # before and after each axis: top, bottom, left, right

AXES = {0: (), 1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
ORDER = {
    0: "give one number",
    1: "give one number",
    2: "give one number, or two: vertical, horizontal",
    3: "give one number, or three: depth, vertical, horizontal",
}
SIDES = {
    0: "give one number",
    1: "give one or two: before, after",
    2: "give one, two or four: top, bottom, left, right",
    3: "give one, three or six: before and after of depth, height and width",
}
PADS = {
    1: "give a number, two (before, after) or 'same'",
    2: "give a number, a pair, four numbers (top, bottom, left, right) or 'same'",
    3: "give a number, three, six numbers (before and after of each axis) or 'same'",
}
MOST_AXES = 8


class Signal(tuple[Num, ...]):
    """A C×L map: two axes, the channels first."""

    __slots__ = ()


class ChannelsLast(tuple[Num, ...]):
    """A map whose channels are its last axis, as `permute` makes: H×W×C."""

    __slots__ = ()


def mapped(channels: Num, sizes: Any) -> Shape:
    """Return the shape of a map of these channels and spatial sizes."""
    return Signal((channels, *sizes)) if len(sizes) == 1 else (channels, *sizes)


def image(x: Shape) -> Shape:
    """Return a map's channels and one to three spatial sizes."""
    if not 2 <= len(x) <= 4:
        refuse(
            f"needs a C×H×W map, got {show(x)}", "a map has channels and one to three axes: C×L, C×H×W, C×D×H×W", Refusal.AXES
        )
    if isinstance(x, ChannelsLast):
        refuse(f"needs a map with its channels first, got {show(x)} with them last", "permute it back", Refusal.AXES)
    return x


def channel_axis(x: Shape) -> int:
    """Return the axis of the channels: the first of a map, the last of features and tokens."""
    if type(x) is tuple:
        return 0 if len(x) > 2 else -1
    return 0 if isinstance(x, Signal) else -1


def channels(x: Shape) -> Num:
    """Return the number of channels of a map, or of features in a vector or in each token."""
    return x[channel_axis(x)] if x else 1


def axis_of(x: Shape, axis: int | None, ends: int = 0) -> int:
    """Return an axis of a shape, counted from 0; None is that of its channels. `ends` is 1 where a new axis may be last."""
    rank = len(x) + ends
    if axis is None:
        axis = channel_axis(x)
    if type(axis) is not int:
        raise CostError(f"an axis is {axis!r}, which is no whole number", "axes are counted from 0, or from the end: -1")
    if not -rank <= axis < rank:
        refuse(
            f"there is no axis {axis} in {show(x)}", "axes are those of one example, without the batch, from 0", Refusal.AXES
        )
    return axis % rank


def axes_of(x: Shape, axes: Any, ends: int = 0) -> tuple[int, ...]:
    """Return one or several axes of a shape in the order given, each once."""
    chosen = tuple(axis_of(x, axis, ends) for axis in (axes if isinstance(axes, tuple) else (axes,)))
    require(len(set(chosen)) == len(chosen), f"axes={axes} names an axis twice")
    return chosen


def positions_of(x: Shape, axes: Axes | None) -> Num:
    """Return how many positions the axes named have together; by default the channels."""
    return channels(x) if axes is None else elements(tuple([x[axis] for axis in axes_of(x, axes)]))


def replaced(x: Shape, axis: int, size: Num) -> Shape:
    """Return a shape with another size of one axis."""
    return type(x)((*x[:axis], size, *x[axis + 1 :]))


def per_axis(value: Any, name: str, axes: int, low: int = 1) -> tuple[Num, ...]:
    """Return a number for each spatial axis, from one for all of them or one for each."""
    if isinstance(value, tuple):
        if len(value) != axes:
            refuse(f"{name}={value} has {len(value)} numbers", ORDER[axes])
        for number in value:
            at_least(low, number, name)
        return value
    at_least(low, value, name)
    return (value,) * axes


def sides(pad: Any, axes: int) -> Sides | None:
    """Return what is added before and after each spatial axis, or None for "same"."""
    if isinstance(pad, str):
        require(pad == "same", f"pad is {pad!r}", value_meant(pad) or PADS[axes])
        return None
    if not isinstance(pad, tuple):
        at_least(0, pad, "pad")
        return (pad,) * (2 * axes)
    if len(pad) == 2 * axes:
        both = pad
    elif len(pad) == axes:
        both = tuple(number for number in pad for _ in range(2))
    else:
        refuse(f"pad={pad} has {len(pad)} numbers", SIDES[axes])
    for number in both:
        at_least(0, number, "pad")
    return both


def target(value: Any, name: str) -> tuple[Any, ...]:
    """Return the numbers of a shape that is given as an argument, or of one number."""
    numbers = value if isinstance(value, tuple) else (value,)
    require(0 < len(numbers) <= MOST_AXES, f"{name}={value} has {len(numbers)} numbers", f"give 1 to {MOST_AXES}")
    return numbers


# ── broadcasting ─────────────────────────────────────────────────────────────────────────────────────────────────────


def broadcast(xs: tuple[Shape, ...], fact: str, remedy: str = "") -> Shape:
    """Return the shape that several broadcast to: aligned from the right, a size of 1 fits any.

    A vector beside a larger shape may also hold one number for each of its channels: C beside C×H×W.
    """
    whole = xs[0]
    for x in xs[1:]:
        whole = _both(whole, x, fact, remedy)
    return whole


def _both(a: Shape, b: Shape, fact: str, remedy: str) -> Shape:
    if len(a) == len(b):
        sizes = tuple([fitted(m, n, fact, remedy) for m, n in zip(a, b, strict=True)])
        return type(a if type(a) is not tuple else b)(sizes)
    large, small = (a, b) if len(a) > len(b) else (b, a)
    if len(small) == 1 and len(large) > 1:
        return _beside_vector(large, small[0], fact, remedy)
    start = len(large) - len(small)
    tail = [fitted(m, n, fact, remedy) for m, n in zip(large[start:], small, strict=True)]
    return type(large)((*large[:start], *tail))


def _beside_vector(x: Shape, count: Num, fact: str, remedy: str) -> Shape:
    """Return what a shape and a vector broadcast to: a number for each channel, or else for each position of the last axis."""
    own, last = x[channel_axis(x)], x[-1]
    per_channel = _equal(own, count)
    if not hasattr(per_channel, "all"):
        return x if per_channel else replaced(x, len(x) - 1, fitted(last, count, fact, remedy))
    require(per_channel | _fits(last, count), fact, remedy, Refusal.BRANCHES)
    kept = Ints(per_channel.astype("int64"))
    return replaced(x, len(x) - 1, kept * last + (1 - kept) * maximum(last, count))


def _equal(a: Num, b: Num) -> Any:
    """Whether two sizes are equal; of letters nothing is taken for granted."""
    return a == b if isinstance(a, Ints) or isinstance(b, Ints) else equal(a, b)


def _fits(a: Num, b: Num) -> Any:
    if isinstance(a, Ints) or isinstance(b, Ints):
        return (a == b) | (a == 1) | (b == 1)
    return equal(a, b) or (isinstance(a, int) and a == 1) or (isinstance(b, int) and b == 1)


def fitted(a: Num, b: Num, fact: str, remedy: str = "") -> Num:
    """Return the size that two axes broadcast to. Raises CostError unless they are equal or one of them is 1.

    Sizes in letters are taken to be equal where `require_equal` takes them to be.
    """
    if a is b:
        return a
    if isinstance(a, Ints) or isinstance(b, Ints):
        require(_fits(a, b), fact, remedy, Refusal.BRANCHES)
        return maximum(a, b)  # equal, or one of them is 1
    if not _fits(a, b):
        require_equal(a, b, fact, remedy, Refusal.BRANCHES)
    return b if isinstance(a, int) and a == 1 else a
