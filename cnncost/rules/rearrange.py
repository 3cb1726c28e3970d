"""Other shapes of the same numbers, parts of them, and reductions along axes."""

from __future__ import annotations

from typing import Literal, TypeAlias

from cnncost.base.errors import CostError, Refusal
from cnncost.base.ints import Ints
from cnncost.base.poly import Num, assume, equal
from cnncost.rules.rule import Cost, Shape, at_least, at_most, divide, elements, refuse, require, require_equal, rule, show
from cnncost.rules.shapes import (
    Axes,
    ChannelsLast,
    Pad,
    Signal,
    Sizes,
    axes_of,
    axis_of,
    channel_axis,
    image,
    mapped,
    per_axis,
    replaced,
    sides,
    target,
)

Target: TypeAlias = Num | tuple[Num, ...]
Reduction: TypeAlias = Literal["mean", "sum", "max", "min", "prod", "norm", "var", "std", "logsumexp", "argmax", "any", "all"]
PadMode: TypeAlias = Literal["constant", "reflect", "replicate", "circular"]
REDUCTIONS = ("mean", "sum", "max", "min", "prod", "norm", "var", "std", "logsumexp", "argmax", "any", "all")
PAD_MODES = ("constant", "reflect", "replicate", "circular")


def _still_a_map(x: Shape, made: Shape, channels_kept: bool) -> Shape:
    """Return what a map became, as a C×L map where two axes are left and the first are still its channels."""
    return Signal(made) if channels_kept and len(made) == 2 and len(x) > 2 and channel_axis(x) == 0 else made


@rule("joins")
def flatten(x: Shape, start: int = 0, end: int = -1) -> Cost:
    """All elements as one vector of features, or the axes from `start` to `end` (with it) as one axis.

    Source: rule R12 of the counting rules; PyTorch's flatten.
    """
    if (type(start), type(end)) == (int, int) and (start, end) == (0, -1):
        return Cost((elements(x),))
    first, last = axis_of(x, start), axis_of(x, end)
    require(first <= last, f"axis {end} does not come after axis {start}")
    return Cost(_still_a_map(x, (*x[:first], elements(x[first : last + 1]), *x[last + 1 :]), first > 0))


@rule("joins")
def reshape(x: Shape, to: Target) -> Cost:
    """The same numbers in the same order, in another shape; one size may be -1: what the others leave.

    Source: numpy.reshape and torch.reshape.
    """
    sizes = list(target(to, "to"))
    count = elements(x)
    fact = f"{show(x)} has {count} numbers, which do not fill {show(tuple(sizes))}"
    open_axes = [axis for axis, size in enumerate(sizes) if isinstance(size, int) and size == -1]
    require(len(open_axes) < 2, f"to={to} leaves more than one size open", "one size may be -1")
    for axis, size in enumerate(sizes):
        if axis not in open_axes:
            at_least(1, size, "a size")
    if not open_axes:
        require_equal(elements(tuple(sizes)), count, fact)
        return Cost(tuple(sizes))
    stated = elements(tuple([size for axis, size in enumerate(sizes) if axis not in open_axes]))
    if isinstance(count, (int, Ints)) and isinstance(stated, (int, Ints)):
        require(count % stated == 0, fact)
    else:
        assume("%", count, stated)
    sizes[open_axes[0]] = count // stated
    return Cost(tuple(sizes))


@rule("joins")
def permute(x: Shape, order: Axes) -> Cost:
    """The axes in another order: (1, 2, 0) makes H×W×C of C×H×W.

    Source: torch.permute; numpy.transpose.
    """
    axes = axes_of(x, order)
    if len(axes) != len(x):
        refuse(f"order={order} has {len(axes)} axes, {show(x)} has {len(x)}", "name each axis once")
    sizes = tuple([x[axis] for axis in axes])
    channels = axes.index(channel_axis(x) % len(x))
    if len(x) == 2 and channels == 0:
        return Cost(Signal(sizes))
    return Cost(ChannelsLast(sizes) if len(x) > 2 and channels == len(x) - 1 else sizes)


@rule("joins")
def squeeze(x: Shape, axis: Axes | None = None) -> Cost:
    """Without the axes named, which have the size 1; by default without all axes of size 1.

    Source: torch.squeeze; numpy.squeeze.
    """
    if axis is None:
        return Cost(tuple([size for size in x if not (isinstance(size, int) and size == 1)]))
    gone = axes_of(x, axis)
    for each in gone:
        require_equal(x[each], 1, f"axis {each} of {show(x)} has more than one position")
    return Cost(_still_a_map(x, tuple([size for each, size in enumerate(x) if each not in gone]), 0 not in gone))


@rule("joins")
def unsqueeze(x: Shape, axis: Axes) -> Cost:
    """With new axes of size 1 at the places named, counted in the new shape.

    Source: torch.unsqueeze; numpy.expand_dims.
    """
    new = len(axis) if isinstance(axis, tuple) else 1
    places = axes_of(x, axis, ends=new)
    sizes = iter(x)
    return Cost(tuple([1 if each in places else next(sizes) for each in range(len(x) + new)]))


@rule("joins")
def expand(x: Shape, to: Target) -> Cost:
    """Axes of size 1 repeated to the sizes named, at no memory; -1 keeps a size, and new axes come first.

    Source: torch.Tensor.expand; numpy.broadcast_to.
    """
    sizes = target(to, "to")
    fact = f"cannot expand {show(x)} to {show(sizes)}"
    require(len(sizes) >= len(x), fact, "name every axis; new ones come first")
    new = len(sizes) - len(x)
    found: list[Num] = []
    for axis, size in enumerate(sizes):
        own = x[axis - new] if axis >= new else 1
        if isinstance(size, int) and size == -1:
            require(axis >= new, fact, "a new axis needs a size")
            found.append(own)
            continue
        at_least(1, size, "a size")
        if not (isinstance(own, int) and own == 1):
            same = (own == size) | (own == 1) if isinstance(own, Ints) or isinstance(size, Ints) else equal(own, size)
            require(same, fact, "only axes of size 1 are repeated")
        found.append(size)
    return Cost(tuple(found) if new else type(x)(found))


@rule("joins")
def tile(x: Shape, times: Target) -> Cost:
    """The tensor repeated so many times along each axis; more numbers than axes make new axes in front.

    Source: numpy.tile; torch.Tensor.repeat.
    """
    repeats = target(times, "times")
    require(len(repeats) >= len(x), f"times={times} has {len(repeats)} numbers, {show(x)} has {len(x)} axes")
    new = len(repeats) - len(x)
    for number in repeats:
        at_least(1, number, "times")
    sizes = tuple([number * x[axis - new] if axis >= new else number for axis, number in enumerate(repeats)])
    return Cost(type(x)(sizes) if not new else sizes)


@rule("joins")
def split(x: Shape, parts: Num, part: int = 0, *, axis: int | None = None) -> Cost:
    """One of `parts` equal pieces of the channels (features, for vectors and tokens) or of `axis`, counted from 0."""
    at_least(0, part, "part")
    at_most(parts - 1, part, f"there is no part {part} of {parts}", "parts are counted from 0")
    along = axis_of(x, axis)
    name = "channels" if axis is None else f"positions of axis {axis}"
    return Cost(replaced(x, along, divide(x[along], parts, name, "parts")))


@rule("joins")
def slice_(x: Shape, start: Num = 0, stop: Num | None = None, step: Num = 1, *, axis: int = 0) -> Cost:
    """Every `step`-th index from `start` to before `stop` (the end) along one axis: 0 channels, 1 height, 2 width."""
    along = axis_of(x, axis)
    size = x[along]
    at_least(0, start, "start")
    at_least(1, step, "step")
    end = size if stop is None else stop
    at_most(size, end, f"stop={end} is past the {size} there are")
    count = (end - start + step - 1) // step
    at_least(1, count, "the number of indices taken")
    return Cost(replaced(x, along, count))


@rule("joins")
def select(x: Shape, index: Num = 0, *, axis: int = 0) -> Cost:
    """One index of an axis, which goes: `index=0` of tokens is the class token.

    Source: torch.select.
    """
    along = axis_of(x, axis)
    at_least(0, index, "index")
    at_most(x[along] - 1, index, f"there is no index {index} among {x[along]}", "indices are counted from 0")
    rest = (*x[:along], *x[along + 1 :])
    return Cost(_still_a_map(x, rest, along > 0))


@rule("joins")
def gather(x: Shape, count: Target, *, axis: int = 0) -> Cost:
    """Some indices of an axis in some order: `count` of them, or as many as a shape has, which takes the axis's place.

    Source: torch.index_select; ONNX Gather.
    """
    along = axis_of(x, axis)
    counts = target(count, "count")
    for number in counts:
        at_least(1, number, "count")
    shape = (*x[:along], *counts, *x[along + 1 :])
    return Cost(type(x)(shape) if len(counts) == 1 else shape)


@rule("joins")
def reduce(x: Shape, op: Reduction = "mean", axes: Axes | None = None, *, keep: bool = False) -> Cost:
    """Mean, sum, maximum, norm or the like over some axes, all of them by default; `keep` leaves each with the size 1.

    Every input is visited once. The mean over a map's height and width is `global_avg_pool`; over its channels, kept, it is
    CBAM's: `axes=0, keep=true`.

    Source: torch.mean and the like; CBAM, arXiv:1807.06521, equation 3.
    """
    require(op in REDUCTIONS, f"op is {op!r}", f"give one of {', '.join(REDUCTIONS)}")
    gone = range(len(x)) if axes is None else axes_of(x, axes)
    if keep:
        return Cost(type(x)([1 if axis in gone else size for axis, size in enumerate(x)]), taps=elements(x))
    rest = tuple([size for axis, size in enumerate(x) if axis not in gone])
    return Cost(_still_a_map(x, rest, 0 not in gone), taps=elements(x))


@rule("joins")
def pad(x: Shape, pad: Pad | Target = 0, *, channels: Sizes = 0, mode: PadMode = "constant") -> Cost:
    """Zeros, or repeated numbers (`mode`), around a map: (top, bottom, left, right), and before and after its channels.

    Twice as many numbers as a shape has axes are those before and after each of them, the first axis first.

    Source: torch.nn.functional.pad.
    """
    require(mode in PAD_MODES, f"mode is {mode!r}", f"give one of {', '.join(PAD_MODES)}")
    if isinstance(pad, tuple) and len(pad) == 2 * len(x):
        for number in pad:
            at_least(0, number, "pad")
        require(type(channels) is int and channels == 0, "the pads of every axis are stated, and the channels once more")
        return Cost(type(x)([size + pad[2 * axis] + pad[2 * axis + 1] for axis, size in enumerate(x)]))
    c, *axes = image(x)
    both = sides(pad, len(axes))
    if both is None:
        raise CostError("pad cannot be 'same' here", "give the number of zeros")
    before, after = per_axis(channels, "channels", 2, low=0) if isinstance(channels, tuple) else (channels, channels)
    for number in (before, after):
        at_least(0, number, "channels")
    return Cost(mapped(c + before + after, [n + both[2 * axis] + both[2 * axis + 1] for axis, n in enumerate(axes)]))


@rule("joins")
def channel_shuffle(x: Shape, groups: Num) -> Cost:
    """Reorder channels so that those of each of `groups` groups are spread over all.

    Source: ShuffleNet, arXiv:1707.01083, figure 1.
    """
    divide(image(x)[0], groups, "channels", "groups", Refusal.GROUPS)
    return Cost(x)


NAMES = {1: ("positions",), 2: ("rows", "columns"), 3: ("planes", "rows", "columns")}


@rule("joins")
def space_to_depth(x: Shape, size: Num = 2) -> Cost:
    """Each size×size patch of a C×H×W map becomes one position: C·size² channels, H/size, W/size.

    Source: patch merging in Swin, arXiv:2103.14030, section 3.1; PyTorch's PixelUnshuffle.
    """
    c, *axes = image(x)
    names = NAMES[len(axes)]
    return Cost(mapped(c * size ** len(axes), [divide(n, size, name, "size") for n, name in zip(axes, names, strict=True)]))


@rule("joins")
def depth_to_space(x: Shape, size: Num = 2) -> Cost:
    """Channels become positions: C/size² channels, size·H, size·W. Also called pixel shuffle.

    Source: arXiv:1609.05158, equation 4; PyTorch's PixelShuffle; TensorFlow's depth_to_space.
    """
    c, *axes = image(x)
    at_least(1, size, "size")
    n = len(axes)
    power = {1: "size", 2: "size·size", 3: "size·size·size"}[n]
    return Cost(mapped(divide(c, size**n, "channels", power), [number * size for number in axes]))


@rule("joins")
def tokens(x: Shape, *, window: Sizes = 1) -> Cost:
    """A C×H×W map as H·W tokens of C features; with `window`, which must divide H and W, window by window."""
    c, *axes = image(x)
    names = NAMES[len(axes)]
    for number, name, part in zip(axes, names, per_axis(window, "window", len(axes)), strict=True):
        divide(number, part, name, "window")
    return Cost((elements(tuple(axes)), c))


@rule("joins")
def untokens(x: Shape, height: Num, width: Num) -> Cost:
    """Tokens as a map again: (height·width, C) becomes C×height×width."""
    require(len(x) == 2, f"needs tokens, got {show(x)}", kind=Refusal.AXES)
    at_least(1, height, "height")
    at_least(1, width, "width")
    require_equal(x[0], height * width, f"{x[0]} tokens do not fill a {height}×{width} map")
    return Cost((x[1], height, width))
