"""Receptive fields: which part of the input each layer's output sees, how far apart, and how much of it is padding.

Output u of a layer depends on the inputs u·stride − pad … u·stride − pad + size − 1 of each axis, positions outside the image
being padding. A window of k inputs (dilation d, stride s, padding p) makes of (size, stride, pad) the field

    size + d·(k − 1)·stride,   stride·s,   pad + p·stride

and a join takes the smallest window that holds those of its branches: the widest path's, where they are centred alike.
Behind upsampling neighbours see different windows, over and over again in the same order. There each window of one such period
is followed by itself (`Axis.windows`), and the size of the field is that of the largest.

Source: Araujo, Norris and Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill 2019, equations 2, 6 and 7.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import field
from fractions import Fraction
from functools import reduce
from typing import Any, TypeAlias

from cnncost.base.errors import AlgebraError
from cnncost.base.ints import Ints
from cnncost.base.poly import Num, equal, maximum, minimum, same
from cnncost.base.record import dataclass
from cnncost.graph.graph import INPUT, Graph, Node, no_collection
from cnncost.rules import Shape
from cnncost.rules.shapes import ChannelsLast, Signal, axes_of, axis_of, per_axis, sides

Window: TypeAlias = tuple[Num, Num]  # the first and the last pixel that a position sees

LONGEST_PERIOD = 4096  # positions after which the windows repeat, up to which they are followed one by one


@dataclass(frozen=True, slots=True)
class Axis:
    """The field along one axis, in pixels of the input; fractions where the map is finer than the input."""

    size: Num  # of the largest window; 0: does not depend on the input
    stride: Num = 1
    pad: Num = 0  # how far the first output's window reaches past the image's edge
    # Where neighbours see different windows: those of the first positions, as many as there are until they repeat. None is
    # that of a position that sees nothing, as behind a transposed convolution whose stride exceeds its kernel.
    windows: tuple[Window | None, ...] = field(default=(), compare=False, repr=False)

    @property
    def smallest(self) -> Num:
        """The size of the smallest window."""
        sizes = [0 if window is None else window[1] - window[0] + 1 for window in self.windows]
        return reduce(minimum, sizes) if sizes else self.size

    @property
    def period(self) -> int:
        """How many positions see different windows."""
        return len(self.windows) or 1

    def at(self, position: int) -> Window | None:
        """Return what a position sees."""
        if not self.windows:
            first = position * self.stride - self.pad
            return first, first + self.size - 1
        turn, place = divmod(position, len(self.windows))
        window, shift = self.windows[place], turn * int(self.stride * len(self.windows))
        return None if window is None else (window[0] + shift, window[1] + shift)


Field: TypeAlias = tuple[Axis, ...]  # one axis for each of the input: vertical and horizontal, of an image

# ── what layer types see ─────────────────────────────────────────────────────────────────────────────────────────────

# An output sees of its layer's input …
SEES: dict[str, tuple[str, ...]] = {
    "position": (  # its own position
        *("linear", "batch_norm", "layer_norm", "group_norm", "instance_norm", "lrn", "scale", "bias", "relu", "relu6"),
        *("leaky_relu", "elu", "gelu", "silu", "mish", "sigmoid", "tanh", "hardswish", "hardsigmoid", "softmax", "prelu"),
        *("dropout", "stochastic_depth", "channel_shuffle", "tokens", "untokens", "position_embedding", "class_token"),
        "attention_bias",
    ),
    "join": (  # its own position of each branch
        *("add", "sub", "mul", "div", "maximum", "minimum", "elementwise", "weighted_sum", "concat"),
    ),
    "window": ("conv", "locally_connected", "max_pool", "avg_pool"),  # a window
    "transposed": ("conv_transpose",),  # the windows that reach it
    "resized": ("upsample",),  # the positions that it is interpolated from
    "adaptive": ("adaptive_avg_pool", "adaptive_max_pool"),  # a window, whose size may differ from position to position
    "all": ("global_avg_pool", "global_max_pool", "flatten", "lstm", "gru", "rnn"),  # every position
    "some": ("slice", "split", "pad", "space_to_depth", "depth_to_space", "reduce"),  # what its arguments say
    "attention": ("attention",),  # every position; within windows of tokens it depends on where these came from
    "nothing": ("constant", "parameter"),
    "rearranged": ("reshape", "permute", "squeeze", "unsqueeze"),  # what lies there: known where all see the same window
    # What depends on where the numbers came from, or on the numbers themselves, is not worked out.
    "unknown": (
        *("matmul", "einsum", "unfold", "deform_conv", "embedding", "expand", "tile", "select", "gather", "stack", "opaque"),
    ),
}
SEES_OF = {kind: sees for sees, kinds in SEES.items() for kind in kinds}
SAMPLES = {"nearest": 1, "linear": 2, "bilinear": 2, "trilinear": 2, "bicubic": 4}  # inputs along an axis of an upsampled one


@no_collection()
def receptive_fields(graph: Graph) -> list[Field | None]:
    """Return the field of every node, the input's first; None from where a layer's field is not worked out.

    >>> import cnncost
    >>> receptive_fields(cnncost.trace(lambda x: x.conv(8, 3).conv(8, 3, stride=2), (3, 32, 32)))[-1][0]
    Axis(size=5, stride=2, pad=0)
    >>> up = receptive_fields(cnncost.trace(lambda x: x.max_pool(4).upsample(4).conv(8, 3, pad=1), (3, 32, 32)))[-1][0]
    >>> up.size, up.smallest
    (8, 4)
    """
    axes = max(len(graph.input) - 1, 1)
    fields: list[Field | None] = []
    grids: list[tuple[Num, ...]] = []  # the sizes of the map that tokens came from
    for node in graph.nodes:
        if node.kind == INPUT:
            grids.append(tuple(node.cost.shape[1:]) or (1,))
            fields.append((Axis(1),) * axes if len(grids[-1]) == axes else None)
            continue
        grid = grids[node.inputs[0]] if node.inputs else (1,) * axes
        one = all(isinstance(size, int) and size == 1 for i in node.inputs for size in grids[i]) and bool(node.inputs)
        if one and SEES_OF[node.kind] in ("position", "rearranged"):  # all numbers see the same window, in whatever shape
            grids.append(grid)
            fields.append(fields[node.inputs[0]])
            continue
        grids.append(_grid(node.cost.shape, grid))
        try:
            fields.append(_seen(graph, node, [fields[i] for i in node.inputs], grid))
        except AlgebraError:  # letters leave open which of two windows is larger
            fields.append(None)
    return fields


def exceeds(field: Field | None, input: Shape) -> bool | None:
    """Return whether a field is larger than the input on some axis; None where it is unknown or letters leave it open."""
    if field is None or len(field) != len(input) - 1:
        return None
    try:
        return any(bool(axis.size > size) for axis, size in zip(field, input[1:], strict=True))
    except (AlgebraError, ValueError):  # letters, columns
        return None


def _grid(shape: Shape, otherwise: tuple[Num, ...]) -> tuple[Num, ...]:
    """Return the spatial sizes of a map; of anything else those of the map that it came from."""
    own = len(shape) == len(otherwise) + 1 and not isinstance(shape, ChannelsLast)
    return tuple(shape[1:]) if own and (len(shape) > 2 or isinstance(shape, Signal)) else otherwise


def _seen(graph: Graph, node: Node, before: list[Field | None], grid: tuple[Num, ...]) -> Field | None:
    """Return the field after a layer."""
    sees, args = SEES_OF[node.kind], node.args
    if sees == "nothing":
        return (Axis(0),) * len(grid)
    known = [field for field in before if field is not None]
    if len(known) < len(before) or sees in ("unknown", "rearranged"):
        return None
    shapes = [graph.nodes[i].cost.shape for i in node.inputs]
    if sees == "join":
        return _merged(node, shapes, known)
    if sees == "attention":
        return _spread(_joined(known, [False] * len(known)), grid) if args.get("window") is None else None
    return SEEING[sees](node, shapes[0], known[0], grid)


def _merged(node: Node, shapes: Sequence[Shape], fields: Sequence[Field]) -> Field | None:
    if len(fields) == 1:
        return fields[0]
    if node.kind == "concat" and node.args.get("axis") is not None and axis_of(shapes[0], node.args["axis"]) != 0:
        return None  # side by side along another axis than the channels
    sizes = node.cost.shape[1:]
    gates = [len(shape) != len(node.cost.shape) or not all(map(_alike, shape[1:], sizes)) for shape in shapes]
    return _joined(fields, gates)


def _alike(a: Num, b: Num) -> bool:
    return bool((a == b).all()) if isinstance(a, Ints) or isinstance(b, Ints) else equal(a, b)


def _position(node: Node, shape: Shape, field: Field, grid: tuple[Num, ...]) -> Field | None:
    if node.kind == "linear" and node.args.get("axis") is not None:
        along = axis_of(shape, node.args["axis"])
        return field if along == len(shape) - 1 and (len(shape) < 3 or isinstance(shape, ChannelsLast)) else None
    return field


def _window(node: Node, shape: Shape, field: Field, grid: tuple[Num, ...]) -> Field | None:
    n, args = len(field), node.args
    if len(shape) != n + 1:
        return None
    kernel = per_axis(args["kernel"], "kernel", n)
    stride = kernel if args.get("stride") is None else per_axis(args["stride"], "stride", n)
    dilation, pads = per_axis(args.get("dilation", 1), "dilation", n), sides(args["pad"], n)
    found = []
    for axis, before in enumerate(field):
        reach = dilation[axis] * (kernel[axis] - 1) + 1
        if pads is not None:
            pad = pads[2 * axis]
        else:
            size, step = shape[1 + axis], stride[axis]
            pad = maximum(((size - 1) // step) * step + reach - size, 0) // 2
        found.append(slid(before, reach, stride[axis], pad, dilation[axis]))
    return tuple(found)


def slid(axis: Axis, reach: Num, stride: Num, pad: Num, dilation: Num = 1) -> Axis:
    """Return the field of windows that reach over so many positions, `dilation` apart."""
    if same(axis.size, 0):  # sees nothing, and neither does what is made of it
        return axis
    if not axis.windows:
        return Axis(axis.size + (reach - 1) * axis.stride, axis.stride * stride, axis.pad + pad * axis.stride)
    _require_numbers(reach, stride, pad, dilation)
    return _followed(axis, Fraction(stride), lambda u: range(u * stride - pad, u * stride - pad + reach, dilation))


def _transposed(node: Node, shape: Shape, field: Field, grid: tuple[Num, ...]) -> Field | None:
    n, args = len(field), node.args
    if len(shape) != n + 1:
        return None
    kernel, stride, dilation = (per_axis(args[name], name, n) for name in ("kernel", "stride", "dilation"))
    pads = sides(args["pad"], n)
    found = []
    for axis, before in enumerate(field):
        k, s, d = kernel[axis], stride[axis], dilation[axis]
        pad = maximum(d * (k - 1) + 1 - s, 0) // 2 if pads is None else pads[2 * axis]
        found.append(before if same(before.size, 0) else _spread_over(before, k, s, d, pad))
    return tuple(found)


def _spread_over(axis: Axis, kernel: Num, stride: Num, dilation: Num, pad: Num) -> Axis:
    """Return the field where output u takes the inputs i and taps t with i·stride + t·dilation = u + pad."""
    _require_numbers(kernel, stride, dilation, pad)

    def taps(u: int) -> list[int]:
        ends = [u + pad - t * dilation for t in range(kernel)]
        return sorted(end // stride for end in ends if end % stride == 0)

    return _followed(axis, Fraction(1, stride), taps)


def _resized(node: Node, shape: Shape, field: Field, grid: tuple[Num, ...]) -> Field | None:
    if len(shape) != len(field) + 1:
        return None
    sizes, made = shape[1:], node.cost.shape[1:]
    scale = node.args.get("scale", 2)
    scales: Sequence[Any] = scale if isinstance(scale, tuple) else (scale,) * len(field)
    if node.args.get("size") is not None or len(node.inputs) > 1:
        _require_numbers(*sizes, *made)
        scales = [Fraction(after, before) for before, after in zip(sizes, made, strict=True)]
    taps = SAMPLES[node.args["mode"]]
    return tuple([_interpolated(axis, by, taps) for axis, by in zip(field, scales, strict=True)])


def _interpolated(axis: Axis, scale: Any, taps: int) -> Axis:
    """Return the field of an axis made `scale` times as long, each output of so many inputs (of one where it meets it)."""
    if same(axis.size, 0) or (isinstance(scale, int) and scale == 1):
        return axis
    if not isinstance(scale, (int, float, Fraction)):
        raise AlgebraError(f"the windows behind a scale of {scale} depend on the symbols")
    by = Fraction(str(scale)) if isinstance(scale, float) else Fraction(scale)

    def inputs(u: int) -> range:
        if taps == 1:
            return range(math.floor(u / by), math.floor(u / by) + 1)
        centre = (u + Fraction(1, 2)) / by - Fraction(1, 2)
        first = math.floor(centre)
        return range(first, first + 1) if centre == first else range(first - taps // 2 + 1, first + taps // 2 + 1)

    return _followed(axis, 1 / by, inputs)


def _adaptive(node: Node, shape: Shape, field: Field, grid: tuple[Num, ...]) -> Field | None:
    if len(shape) != len(field) + 1:
        return None
    found = []
    for axis, size, out in zip(field, shape[1:], per_axis(node.args["out"], "out", len(field)), strict=True):
        if same(axis.size, 0):
            found.append(axis)
        elif same(size % out, 0):
            found.append(slid(axis, size // out, size // out, 0))
        else:
            _require_numbers(size, out)
            found.append(_pooled(axis, size, out))
    return tuple(found)


def _pooled(axis: Axis, size: int, out: int) -> Axis:
    return _followed(axis, Fraction(size, out), lambda u: range(u * size // out, -(-(u + 1) * size // out)))


def _all(node: Node, shape: Shape, field: Field, grid: tuple[Num, ...]) -> Field | None:
    if node.kind == "flatten" and node.args.get("start", 0) not in (0, -len(shape)):
        return None
    return field if len(shape) < 2 else _spread(field, grid)


def _spread(field: Field, grid: tuple[Num, ...]) -> Field:
    """Return the field of what sees a whole map of that many positions."""
    found = []
    for axis, size in zip(field, grid, strict=True):
        if axis.windows:
            _require_numbers(size)
            seen = [window for window in map(axis.at, range(size)) if window is not None]
            first, last = (seen[0][0], seen[-1][1]) if seen else (0, -1)
            found.append(Axis(last - first + 1, axis.stride * size, -first))
        else:
            whole = same(axis.size, 0)
            found.append(axis if whole else Axis(axis.size + (size - 1) * axis.stride, axis.stride * size, axis.pad))
    return tuple(found)


def _some(node: Node, shape: Shape, field: Field, grid: tuple[Num, ...]) -> Field | None:
    kind, args, n = node.kind, node.args, len(field)
    is_map = len(shape) == n + 1 and not isinstance(shape, ChannelsLast)
    if kind == "reduce":
        gone = set(range(len(shape)) if args.get("axes") is None else axes_of(shape, args["axes"]))
        if is_map and gone >= set(range(1, n + 1)):
            return _spread(field, grid)
        return field if is_map and gone == {0} else None
    if kind in ("slice", "split"):
        along = axis_of(shape, args.get("axis"))
        if not is_map or along == 0:
            return field if is_map or along == len(shape) - 1 else None
        start, step = (args["start"], args["step"]) if kind == "slice" else (args["part"] * node.cost.shape[along], 1)
        return tuple([slid(a, 1, step, -start) if axis == along - 1 else a for axis, a in enumerate(field)])
    if not is_map:
        return None
    if kind == "pad":
        pad = args["pad"]
        every = pad[2:] if isinstance(pad, tuple) and len(pad) == 2 * len(shape) else sides(pad, n) or ()
        return tuple([slid(a, 1, 1, every[2 * axis]) for axis, a in enumerate(field)])
    if kind == "space_to_depth":
        return tuple([slid(a, args["size"], args["size"], 0) for a in field])
    return tuple([_interpolated(a, args["size"], 1) for a in field])  # depth_to_space


SEEING: dict[str, Callable[[Node, Shape, Field, tuple[Num, ...]], Field | None]] = {
    "position": _position,
    "window": _window,
    "transposed": _transposed,
    "resized": _resized,
    "adaptive": _adaptive,
    "all": _all,
    "some": _some,
}

# ── windows that differ from position to position ────────────────────────────────────────────────────────────────────


def _require_numbers(*values: Any) -> None:
    if not all(isinstance(value, int) for value in values):
        raise AlgebraError("windows that differ from position to position are followed in numbers only")


def _followed(axis: Axis, rate: Fraction, inputs: Callable[[int], Sequence[int]]) -> Axis:
    """Return the field of outputs that take `inputs(u)` of an axis, in order; output u + n lies n·rate positions further."""
    turns = axis.period * rate.denominator
    period = turns // math.gcd(turns, rate.numerator)
    if period > LONGEST_PERIOD:
        raise AlgebraError(f"the windows repeat after {period} positions only")
    windows = []
    for u in range(period):
        seen = [window for window in map(axis.at, inputs(u)) if window is not None]
        windows.append((reduce(minimum, [w[0] for w in seen]), reduce(maximum, [w[1] for w in seen])) if seen else None)
    return _of(tuple(windows), axis.stride * rate)


def _of(windows: tuple[Window | None, ...], stride: Num) -> Axis:
    """Return the field of a period of windows: uniform where each is the one before, moved by the stride."""
    step = stride.numerator if isinstance(stride, Fraction) and stride.denominator == 1 else stride
    there = [window for window in windows if window is not None]
    if not there:
        return Axis(0)
    size = reduce(maximum, [last - first + 1 for first, last in there])
    lead = windows[0] if windows[0] is not None else there[0]
    whole = isinstance(step, int) and len(there) == len(windows)
    if whole and all(w == (lead[0] + u * step, lead[1] + u * step) for u, w in enumerate(there)):
        windows = ()
    return Axis(size, step, -lead[0], windows)


def _joined(fields: Sequence[Field], gates: Sequence[bool]) -> Field:
    """Return the smallest field that holds those of all branches; a gate has the same window for all positions."""
    found = []
    for axis in range(len(fields[0])):
        seeing = [(f[axis], gate) for f, gate in zip(fields, gates, strict=True) if not same(f[axis].size, 0)]
        found.append(_hull(seeing) if seeing else Axis(0))
    return tuple(found)


def _hull(axes: Sequence[tuple[Axis, bool]]) -> Axis:
    lead = next((axis for axis, gate in axes if not gate), axes[0][0])
    size, pad = lead.size, lead.pad
    if all(axis == lead and axis.windows == lead.windows for axis, _ in axes):
        return lead
    if all(axis.stride == lead.stride for axis, _ in axes):
        if any(axis.windows for axis, _ in axes):
            return _hull_of_periods([axis for axis, _ in axes])
        after = lead.size - lead.pad
        for axis, _ in axes:
            pad, after = maximum(pad, axis.pad), maximum(after, axis.size - axis.pad)
        return Axis(pad + after, lead.stride, pad)
    for axis, _ in axes:  # a gate: one window for all positions
        size, pad = maximum(size, axis.size), maximum(pad, axis.pad)
    if not lead.windows:
        return Axis(size, lead.stride, pad)
    more, wide = pad - lead.pad, size - 1
    windows = [None if w is None else (w[0] - more, maximum(w[1], w[0] - more + wide)) for w in lead.windows]
    return Axis(size + more, lead.stride, pad, tuple(windows))


def _hull_of_periods(axes: Sequence[Axis]) -> Axis:
    period = math.lcm(*(axis.period for axis in axes))
    if period > LONGEST_PERIOD:
        raise AlgebraError(f"the windows repeat after {period} positions only")
    windows = []
    for u in range(period):
        seen = [window for window in (axis.at(u) for axis in axes) if window is not None]
        windows.append((reduce(minimum, [w[0] for w in seen]), reduce(maximum, [w[1] for w in seen])) if seen else None)
    return _of(tuple(windows), axes[0].stride)
