"""Windows that slide over one to three axes of a map: how many fit, and how many inputs they visit."""

from __future__ import annotations

from typing import Literal, TypeAlias

from cnncost.base.errors import Refusal
from cnncost.base.ints import Ints
from cnncost.base.poly import Num, Poly, maximum, minimum
from cnncost.rules.rule import Shape, at_least, holds, require, show
from cnncost.rules.shapes import AXES, Sides

CeilMode: TypeAlias = bool | Literal["caffe"]

LONGEST_EXACT_WINDOW = 1024  # taps of a window without its padding are summed one by one


def reach(kernel: Num, stride: Num, before: Num, after: Num, dilation: Num, ceil: CeilMode = False, padding: Num = 0) -> Num:
    """Return e such that an axis of `size` has ⌊(size + e) / stride⌋ + 1 windows; `padding` is that of all axes."""
    end = before + after - dilation * (kernel - 1) - 1
    if not ceil:
        return end
    end = end + stride - 1
    if ceil == "caffe" and isinstance(padding, int) and padding == 0:
        return end
    inside = minimum(end, before - 1)  # the last window starts inside the image or its leading padding
    if ceil == "caffe" and isinstance(padding, Ints):
        padded = minimum(padding, 1)
        return padded * inside + (1 - padded) * end
    return inside


def same_pad(size: Num, kernel: Num, stride: Num, windows: Num, dilation: Num = 1) -> Num:
    """Return the padding before an axis by "same": half of what the windows reach beyond it, rounded down."""
    return maximum((windows - 1) * stride + dilation * (kernel - 1) + 1 - size, 0) // 2


def ones(numbers: tuple[Num, ...]) -> bool:
    """Whether all numbers are the integer 1."""
    return all(isinstance(number, int) and number == 1 for number in numbers)


def positions(
    x: Shape,
    kernel: tuple[Num, ...],
    stride: tuple[Num, ...],
    pad: Sides | None,
    dilation: tuple[Num, ...],
    ceil: CeilMode = False,
) -> tuple[Num, ...]:
    """Return how many windows fit along each spatial axis of a map."""
    counts = []
    for axis, size in enumerate(x[1:]):
        if pad is None:
            end: Num = -1  # ⌈size / stride⌉ windows
        else:
            before, after = pad[2 * axis], pad[2 * axis + 1]
            end = reach(kernel[axis], stride[axis], before, after, dilation[axis], ceil, sum(pad) if ceil else 0)
        count = (size + end) // stride[axis] + 1
        if isinstance(count, Poly) or not holds(count >= 1):  # the words below are written only where they may be needed
            window = f"a {show(kernel)} window" + ("" if ones(dilation) else f" (dilation {dilation[axis]})")
            remedy = f"{window} does not fit into the {show(x[1:])} input: use a smaller one, or pad"
            if len(x) == 3 and all(isinstance(size, int) for size in x) and x[2] == 3 and x[0] == x[1]:  # channels last
                remedy += f"; channels come first: {show((x[2], x[0], x[1]))}"
            at_least(1, count, f"the output {AXES[len(x) - 1][axis]}", remedy, Refusal.WINDOW)
        counts.append(count)
    return tuple(counts)


def real_taps(size: Num, kernel: Num, stride: Num, before: Num, end: Num) -> Num:
    """Return how many inputs all windows along one axis visit together, positions in the padding left out."""
    require(
        isinstance(kernel, int) and kernel <= LONGEST_EXACT_WINDOW,
        f"windows of {kernel} without their padding are not computed",
        f"count_pad=false needs a kernel given as a number up to {LONGEST_EXACT_WINDOW}",
    )
    taps: Num = 0
    for tap in range(kernel):  # the windows in which this tap lies inside the map: from `first` to `last`
        last = (size + minimum(end, before - 1 - tap)) // stride
        first = maximum((before - tap + stride - 1) // stride, 0)
        visits = last + 1 - first
        near = isinstance(before, int) and isinstance(stride, int) and abs(before - tap) <= stride
        taps = taps + (visits if near else maximum(visits, 0))  # a tap far out may lie inside in no window
    return taps


def product(numbers: tuple[Num, ...]) -> Num:
    """Return the product of one or more numbers."""
    total = numbers[0]
    for number in numbers[1:]:
        total = total * number
    return total
