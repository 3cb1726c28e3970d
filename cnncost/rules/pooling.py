"""Pooling over windows or whole maps, and resampling."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from cnncost.base.errors import CostError, Refusal
from cnncost.base.ints import Ints
from cnncost.base.poly import Num, Poly, assume, gcd
from cnncost.rules.rule import Cost, Shape, at_least, elements, holds, refuse, require, rule, show
from cnncost.rules.shapes import ORDER, Pad, Signal, Sizes, image, mapped, per_axis, sides
from cnncost.rules.windows import CeilMode, ones, positions, reach, real_taps, same_pad

Mode: TypeAlias = Literal["nearest", "linear", "bilinear", "trilinear", "bicubic"]
Scale: TypeAlias = Num | float | tuple[Num] | tuple[Num, Num] | tuple[Num, Num, Num]

MODES = {  # how many inputs an output visits, by the number of axes
    1: {"nearest": 1, "linear": 2},
    2: {"nearest": 1, "bilinear": 4, "bicubic": 16},
    3: {"nearest": 1, "trilinear": 8},
}


def _pool(x: Shape, kernel: Any, stride: Any, pad: Any, dilation: Any, ceil_mode: CeilMode, count_pad: bool) -> Cost:
    if not isinstance(ceil_mode, (bool, str)) or (isinstance(ceil_mode, str) and ceil_mode != "caffe"):
        refuse(f"ceil_mode is {ceil_mode!r}", "give true, false or 'caffe'")
    c, *axes = image(x)
    n = len(axes)
    kernel_ = per_axis(kernel, "kernel", n)
    stride_ = kernel_ if stride is None else per_axis(stride, "stride", n)
    dilation_, pads = per_axis(dilation, "dilation", n), sides(pad, n)
    if pads is not None:
        for axis, side in enumerate(kernel_):
            for p in pads[2 * axis : 2 * axis + 2]:
                if isinstance(p, (int, Ints)) and isinstance(side, (int, Ints)):
                    below = p < side
                    if not holds(below):
                        require(below, f"pad={p} leaves windows of {side} without any input")
                else:
                    assume(">=", side, p + 1)
    counts = positions(x, kernel_, stride_, pads, dilation_, ceil_mode)
    taps = c
    if count_pad:
        for number in (*counts, *kernel_):
            taps = taps * number
        return Cost(mapped(c, counts), taps=taps)
    require(ones(dilation_), "dilated windows without their padding are not computed", "leave count_pad true")
    for axis, size in enumerate(axes):
        if pads is None:
            before, end = same_pad(size, kernel_[axis], stride_[axis], counts[axis]), -1
        else:
            before, after = pads[2 * axis], pads[2 * axis + 1]
            end = reach(kernel_[axis], stride_[axis], before, after, 1, ceil_mode, sum(pads))
        taps = taps * real_taps(size, kernel_[axis], stride_[axis], before, end)
    return Cost(mapped(c, counts), taps=taps)


@rule("pooling")
def max_pool(
    x: Shape,
    kernel: Sizes,
    stride: Sizes | None = None,
    pad: Pad = 0,
    *,
    dilation: Sizes = 1,
    ceil_mode: CeilMode = False,
    count_pad: bool = True,
) -> Cost:
    """Maximum over kh×kw windows of each channel; `stride` is the kernel unless given.

    A window visits kh·kw inputs (taps). `ceil_mode` rounds sizes up: true as PyTorch does, which drops a last window that
    starts in the trailing padding, "caffe" as Caffe does, which drops it only where there is padding at all.
    `count_pad=false` leaves positions in the padding out of the taps. A pad is below the kernel, as Caffe asks: then every
    window sees an input. (PyTorch asks for at most half of the kernel.)

    Source: EECS 498-007 lecture 8, rules R2, R3 and R11 of the counting rules; PyTorch aten/src/ATen/native/Pool.h; Caffe
    src/caffe/layers/pooling_layer.cpp.
    """
    return _pool(x, kernel, stride, pad, dilation, ceil_mode, count_pad)


@rule("pooling")
def avg_pool(
    x: Shape,
    kernel: Sizes,
    stride: Sizes | None = None,
    pad: Pad = 0,
    *,
    ceil_mode: CeilMode = False,
    count_pad: bool = True,
) -> Cost:
    """Mean over kh×kw windows of each channel; sizes and taps as in `max_pool`.

    Source: as `max_pool`; `count_pad` is PyTorch's count_include_pad.
    """
    return _pool(x, kernel, stride, pad, 1, ceil_mode, count_pad)


def _global_pool(x: Shape, keep: bool) -> Cost:
    c, *axes = image(x)
    if len(x) == 2 and not isinstance(x, Signal):
        remedy = "for the mean over tokens: reduce with axes 0; for that over a C×L map: with axes 1"
        refuse(f"needs a map, and {show(x)} may be tokens", remedy, Refusal.AXES)
    return Cost(mapped(c, (1,) * len(axes)) if keep else (c,), taps=elements(x))


@rule("pooling")
def global_avg_pool(x: Shape, *, keep: bool = False) -> Cost:
    """Mean of each channel: C×H×W becomes C features, or C×1×1 (`keep`), visiting every input once.

    Source: Network in Network, arXiv:1312.4400, section 3.2; rule R16 of the counting rules.
    """
    return _global_pool(x, keep)


@rule("pooling")
def global_max_pool(x: Shape, *, keep: bool = False) -> Cost:
    """Maximum of each channel: C×H×W becomes C features, or C×1×1 (`keep`), visiting every input once."""
    return _global_pool(x, keep)


def _adaptive_pool(x: Shape, out: Any) -> Cost:
    c, *axes = image(x)
    counts = per_axis(out, "out", len(axes))
    taps = c
    for size, count in zip(axes, counts, strict=True):
        # window i runs from ⌊i·n/count⌋ to ⌈(i + 1)·n/count⌉; over all i that is n + count − gcd(n, count) inputs
        taps = taps * (size + count - gcd(size, count))
    return Cost(mapped(c, counts), taps=taps)


@rule("pooling")
def adaptive_avg_pool(x: Shape, out: Sizes) -> Cost:
    """Mean over windows chosen so that the output is `out`×`out`, whatever the input.

    Windows may differ by one input and overlap; an axis of n inputs is visited n + out − gcd(n, out) times.

    Source: PyTorch aten/src/ATen/native/AdaptivePooling.h.
    """
    return _adaptive_pool(x, out)


@rule("pooling")
def adaptive_max_pool(x: Shape, out: Sizes) -> Cost:
    """Maximum over windows chosen so that the output is `out`×`out`; windows as in `adaptive_avg_pool`."""
    return _adaptive_pool(x, out)


@rule("pooling")
def upsample(
    x: Shape, scale: Scale = 2, *, mode: Mode = "nearest", size: Sizes | None = None, like: Shape | None = None
) -> Cost:
    """Resize a map: `scale` times, to a stated `size`, or to that of another map (`like`).

    A scale need not be whole: sizes are ⌊H·scale⌋. An output visits 1 input (nearest), 4 (bilinear) or 16 (bicubic); 2 of a
    C×L map (linear), 8 of a C×D×H×W map (trilinear).

    Source: PyTorch's torch.nn.functional.interpolate.
    """
    c, *axes = image(x)
    taps = MODES[len(axes)]
    require(mode in taps, f"mode is {mode!r}", f"give one of {', '.join(taps)}")
    if like is not None:
        require(len(like) == len(x), "the map whose size is wanted has another number of axes", kind=Refusal.INPUTS)
        sizes = like[1:]
    elif size is not None:
        sizes = per_axis(size, "size", len(axes))
    else:
        scales = scale if isinstance(scale, tuple) else (scale,) * len(axes)
        require(len(scales) == len(axes), f"scale={scale} has {len(scales)} numbers", ORDER[len(axes)])
        sizes = tuple([_scaled(n, by) for n, by in zip(axes, scales, strict=True)])
    shape = mapped(c, sizes)
    return Cost(shape, taps=elements(shape) * taps[mode])


def _scaled(size: Num, by: Any) -> Num:
    """Return ⌊size·by⌋; a decimal number is taken as it is written."""
    if isinstance(by, (int, Ints, Poly)):
        at_least(1, by, "scale")
        return size * by
    if isinstance(by, float) and math.isfinite(by):
        by = Fraction(str(by))
    if not isinstance(by, Fraction):
        raise CostError(f"scale is {by!r}, which is no number", "give a number above 0, such as 2 or 1.5")
    require(by > 0, f"scale is {by}, which is not above 0", "give a number above 0, such as 2 or 1.5")
    scaled = size * by.numerator // by.denominator
    at_least(1, scaled, "the output size", "give a larger scale")
    return scaled
