"""Receptive fields: which part of the input each layer's output sees, how far apart, and how much of it is padding.

Output (u, v) of a layer depends on the inputs u·stride − pad … u·stride − pad + size − 1 of each axis, positions outside the
image being padding. A window of k inputs (dilation d, stride s, padding p) makes of (size, stride, pad) the field

    size + d·(k − 1)·stride,   stride·s,   pad + p·stride

and a join takes the smallest window that holds those of its branches: the widest path's, where they are centred alike.

Source: Araujo, Norris and Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill 2019, equations 2, 6 and 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from cnncost.base.errors import AlgebraError
from cnncost.base.poly import Num, maximum, same
from cnncost.graph.graph import Graph, Node, no_collection
from cnncost.rules import Shape


@dataclass(frozen=True, slots=True)
class Axis:
    """The field along one axis, in pixels of the input; fractions where the map is finer than the input."""

    size: Num  # 0: does not depend on the input
    stride: Num = 1
    pad: Num = 0  # how far the first output's window reaches past the image's edge


Field: TypeAlias = tuple[Axis, Axis]  # vertical, horizontal

INPUT_FIELD: Field = (Axis(1), Axis(1))
NO_FIELD: Field = (Axis(0), Axis(0))

WINDOWS = ("conv", "max_pool", "avg_pool")
WHOLE_MAP = ("global_avg_pool", "global_max_pool", "flatten")
ADAPTIVE = ("adaptive_avg_pool", "adaptive_max_pool")
JOINS = ("add", "mul", "concat")
SAMPLES = {"nearest": 1, "bilinear": 2, "bicubic": 4}  # inputs along an axis that an upsampled output is made of
# Attention within windows and products of tokens see what depends on where the tokens came from: not worked out.
UNKNOWN = ("matmul",)


@no_collection()
def receptive_fields(graph: Graph) -> list[Field | None]:
    """Return the field of every node, the input's first; None from where a layer's field is not worked out.

    >>> import cnncost
    >>> receptive_fields(cnncost.trace(lambda x: x.conv(8, 3).conv(8, 3, stride=2), (3, 32, 32)))[-1][0]
    Axis(size=5, stride=2, pad=0)
    """
    fields: list[Field | None] = [INPUT_FIELD]
    grids: list[tuple[Num, Num]] = [_grid(graph.input, (1, 1))]  # height and width of the map that tokens came from
    for node in graph.layers:
        shape = graph.nodes[node.inputs[0]].cost.shape
        before = [fields[i] for i in node.inputs]
        grid = grids[node.inputs[0]]
        grids.append(_grid(node.cost.shape, grid))
        known = [field for field in before if field is not None]
        if node.kind == "constant":
            fields.append(NO_FIELD)
        elif len(known) < len(before) or node.kind in UNKNOWN:
            fields.append(None)
        elif node.kind in JOINS:
            exact = [graph.nodes[i].cost.shape[1:] == node.cost.shape[1:] for i in node.inputs]
            fields.append(_joined(known, exact.index(True)))
        elif node.kind == "attention":
            fields.append(_spread(_joined(known, 0), grid) if node.args.get("window") is None else None)
        else:
            fields.append(_seen(node, shape, grid, known[0]))
    return fields


def exceeds(field: Field | None, input: Shape) -> bool | None:
    """Return whether a field is larger than the input on some axis; None where it is unknown or letters leave it open."""
    if field is None or len(input) != 3:
        return None
    try:
        return any(bool(axis.size > size) for axis, size in zip(field, input[1:], strict=True))
    except (AlgebraError, ValueError):  # letters, columns
        return None


def _grid(shape: Shape, otherwise: tuple[Num, Num]) -> tuple[Num, Num]:
    return (shape[1], shape[2]) if len(shape) == 3 else otherwise


def _seen(node: Node, shape: Shape, grid: tuple[Num, Num], field: Field) -> Field:
    """Return the field after a layer of one input; layers that work on each position alone change nothing."""
    kind, args = node.kind, node.args
    if kind in WINDOWS:
        kernel = _both(args["kernel"])
        stride = kernel if args.get("stride") is None else _both(args["stride"])
        dilation = _both(args.get("dilation", 1))
        reach = [dilation[axis] * (kernel[axis] - 1) + 1 for axis in (0, 1)]
        return _each(field, lambda a, axis: _window(a, reach[axis], stride[axis], _before(args, axis, shape, reach, stride)))
    if kind in WHOLE_MAP:
        return _spread(field, grid) if len(shape) == 3 else field
    if kind in ADAPTIVE:
        out = _both(args["out"])
        return _each(field, lambda a, axis: _window(a, *_adaptive(grid[axis], out[axis]), 0))
    if kind == "space_to_depth":
        return _each(field, lambda a, axis: _window(a, args["size"], args["size"], 0))
    if kind == "slice" and args["axis"] and len(shape) == 3:
        chosen = args["axis"] - 1
        return _each(field, lambda a, axis: _window(a, 1, args["step"], -args["start"]) if axis == chosen else a)
    if kind == "pad":
        return _each(field, lambda a, axis: _window(a, 1, 1, _first(args["pad"], axis)))
    if kind == "upsample":
        taps, scale = SAMPLES[args["mode"]], _both(args["scale"])
        return _each(
            field,
            lambda a, axis: Axis(
                a.size + (taps - 1) * a.stride, _quotient(a.stride, scale[axis]), a.pad + taps // 2 * a.stride
            ),
        )
    if kind == "conv_transpose":
        kernel, stride, pad, dilation = (_both(args[name]) for name in ("kernel", "stride", "pad", "dilation"))
        reach = [dilation[axis] * (kernel[axis] - 1) + 1 for axis in (0, 1)]
        return _each(field, lambda a, axis: _transposed(a, reach[axis], stride[axis], pad[axis]))
    return field


def _each(field: Field, change: Any) -> Field:
    if same(field[0].size, 0):  # sees nothing, and neither does what is made of it
        return field
    return change(field[0], 0), change(field[1], 1)


def _window(axis: Axis, reach: Num, stride: Num, pad: Num) -> Axis:
    return Axis(axis.size + (reach - 1) * axis.stride, axis.stride * stride, axis.pad + pad * axis.stride)


def _transposed(axis: Axis, reach: Num, stride: Num, pad: Num) -> Axis:
    """Output u takes the inputs from ⌈(u + pad − reach + 1)/stride⌉ to ⌊(u + pad)/stride⌋."""
    windows = (reach + stride - 1) // stride
    first = (reach - 1 - pad) // stride  # of output 0, before the image's edge
    return Axis(axis.size + (windows - 1) * axis.stride, _quotient(axis.stride, stride), axis.pad + first * axis.stride)


def _spread(field: Field, grid: tuple[Num, Num]) -> Field:
    """Return the field of what sees a whole map of that many positions."""
    return _each(field, lambda a, axis: Axis(a.size + (grid[axis] - 1) * a.stride, a.stride * grid[axis], a.pad))


def _adaptive(size: Num, out: Num) -> tuple[Num, Num]:
    """Return the widest window of an adaptive pooling, and its mean stride."""
    if same(size % out, 0):
        return size // out, size // out
    if not isinstance(size, int):
        raise AlgebraError(f"the windows of {size} positions pooled to {out} depend on the letters")
    return max(-(-(i + 1) * size // out) - i * size // out for i in range(out)), _quotient(size, out)


def _joined(fields: Sequence[Field], leader: int) -> Field:
    """Return the smallest field that holds those of all branches; `leader` is the branch whose positions are the output's."""
    seeing = [field for field in fields if not same(field[0].size, 0)]
    if not seeing:
        return NO_FIELD
    lead = fields[leader] if fields[leader] in seeing else seeing[0]
    return _hull([field[0] for field in seeing], lead[0]), _hull([field[1] for field in seeing], lead[1])


def _hull(axes: Sequence[Axis], lead: Axis) -> Axis:
    size, pad = lead.size, lead.pad
    if all(axis == lead for axis in axes):
        return lead
    if all(axis.stride == lead.stride for axis in axes):
        after = lead.size - lead.pad
        for axis in axes:
            pad, after = maximum(pad, axis.pad), maximum(after, axis.size - axis.pad)
        return Axis(pad + after, lead.stride, pad)
    for axis in axes:  # a gate: one window for all positions
        size, pad = maximum(size, axis.size), maximum(pad, axis.pad)
    return Axis(size, lead.stride, pad)


def _before(args: Any, axis: int, shape: Shape, reach: Sequence[Num], stride: Sequence[Num]) -> Num:
    """Return the padding before the first position of an axis."""
    if args["pad"] == "same":
        size, step = shape[1 + axis], stride[axis]
        return maximum(((size - 1) // step) * step + reach[axis] - size, 0) // 2
    return _first(args["pad"], axis)


def _first(pad: Any, axis: int) -> Num:
    """Return top or left of a padding: one number, a pair, or (top, bottom, left, right)."""
    return pad[axis * (len(pad) // 2)] if isinstance(pad, tuple) else pad


def _both(value: Any) -> tuple[Num, Num]:
    return value if isinstance(value, tuple) else (value, value)


def _quotient(stride: Num, by: Num) -> Num:
    if isinstance(stride, (int, Fraction)) and isinstance(by, int):
        number = Fraction(stride) / by
        return number.numerator if number.denominator == 1 else number
    return stride // by
