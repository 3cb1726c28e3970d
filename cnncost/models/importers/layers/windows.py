"""Layers that look through windows but convolutions: pools, interpolation, unfolding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncost.models.importers import axes as ax
from cnncost.models.importers.axes import Axis, PinnedError
from cnncost.models.importers.call import Call
from cnncost.models.importers.layers.common import FOLDED, as_map, channels_first, many_maps, place, short
from cnncost.models.importers.layers.shapes import permute, rearranged
from cnncost.models.importers.sizes import Expression
from cnncost.models.importers.values import Value


def windowed(call: Call, kind: str, x: Value, count: int, args: dict[str, Any]) -> Value:
    """Return a pool over the last `count` axes."""
    folded = many_maps(x, count)
    if folded:
        x = permute(call, x, (1, 0, *range(2, x.rank)))
        for key, value in args.items():
            if isinstance(value, tuple):
                args[key] = (*(0 if key == "pad" else 1,) * (len(value) // count), *value)
        tensor = call.fit(x, [True] * x.rank)
        new: list[Axis | None] = [*x.dims[:2], *[None] * count]
        made = call.make(kind, (tensor,), args, new, [True] * x.rank, order=FOLDED[count + 1])
        return permute(call, made, (1, 0, *range(2, made.rank)))
    present = as_map(x, count)
    for key, value in args.items():
        args[key] = short(value) if isinstance(value, tuple) else value
    dims: list[Axis | None] = [None] * count
    return call.make(kind, (call.fit(x, present),), args, [*x.dims[:-count], *dims], present)


def adaptive(call: Call, kind: str, x: Value, out: Sequence[Any]) -> Value:
    """Return an adaptive pool; to one position it is the global one, its axes kept."""
    count = len(out)
    present = as_map(x, count)
    sizes = tuple(ax.now(dim) if size is None else size for dim, size in zip(x.dims[-count:], out, strict=True))
    tensor = call.fit(x, present)
    if all(isinstance(size, int) and size == 1 for size in sizes):
        kind = "global_max_pool" if "max" in kind else "global_avg_pool"
        return call.make(kind, (channels_first(call, tensor),), {"keep": True}, [*x.dims[:-count], *[()] * count], present)
    dims: list[Axis | None] = [dim if size is None else None for dim, size in zip(x.dims[-count:], out, strict=True)]
    return call.make(kind, (tensor,), {"out": short(sizes)}, [*x.dims[:-count], *dims], present)


def upsample(call: Call, x: Value, mode: str, size: Sequence[Any] | None, factors: Sequence[float] | None) -> Value:
    """Return an enlarged map: to a stated size, or by factors."""
    count = len(size if size is not None else factors or ())
    present = as_map(x, count)
    raw = call.record.arguments.get("output_size")
    follows = isinstance(raw, list) and any(isinstance(part, Expression) for part in raw)
    args: dict[str, Any] = {"mode": mode}
    new: list[Axis | None] = [None] * count
    if size is not None and not follows:
        fact = f"it makes a map of {'×'.join(map(str, size))}, whatever the input"
        new = [call.stated(x, x.rank - count + place_, each, fact) for place_, each in enumerate(size)]
        size = [ax.now(dim) for dim in new if dim is not None]
    if size is not None:
        args["size"] = short(size)
    else:
        args["scale"] = short([int(f) if float(f).is_integer() else float(f) for f in factors or ()])
    return call.make("upsample", (call.fit(x, present),), args, [*x.dims[:-count], *new], present)


def resized(
    call: Call, x: Value, mode: str, dims: Sequence[Axis | None], target: Sequence[Any], factors: Sequence[Any]
) -> Value:
    """Return a map enlarged along any axes: to a size or by a factor where one is named, wherever the channels stand.

    `dims` are axes of the result, where they are known beforehand.
    """
    changed = [
        axis for axis, (size, factor) in enumerate(zip(target, factors, strict=True)) if size is not None or factor is not None
    ]
    if not changed:
        return x
    first = min(changed)
    front = [axis for axis in range(x.rank) if axis < first and x.present[axis]]
    if len(front) == 1 and x.rank - first <= 3:
        order = None
        spatial = list(range(first, x.rank))
    else:  # channels last
        back = x.rank - 1
        order = [*range(first), back, *range(first, back)]
        x = permute(call, x, order)
        dims, target, factors = ([each[axis] for axis in order] for each in (dims, target, factors))
        spatial = list(range(first + 1, x.rank))
    count = len(spatial)
    present = [*[False] * (x.rank - count - 1), *[True] * (count + 1)]
    tensor = call.fit(x, present)
    modes = {1: {"linear": "linear"}, 2: {"linear": "bilinear", "bicubic": "bicubic"}, 3: {"linear": "trilinear"}}
    args: dict[str, Any] = {"mode": modes.get(count, {}).get(mode, "nearest")}
    if any(target[axis] is not None for axis in spatial):
        args["size"] = short([ax.now(x.dims[axis]) if target[axis] is None else target[axis] for axis in spatial])
    else:
        args["scale"] = short([1 if factors[axis] is None else factors[axis] for axis in spatial])
    new = [dims[axis] for axis in spatial]
    made = call.make("upsample", (channels_first(call, tensor),), args, [*x.dims[:-count], *new], present)
    if order is None:
        return made
    return permute(call, made, [order.index(axis) for axis in range(x.rank)])


def sampled(call: Call, x: Value, grid: Value) -> Value:
    """Return a map sampled at the places that a grid names: as many as it has."""
    spatial = x.rank - 2
    as_map(x, spatial)
    places = grid.dims[1:-1]
    if grid.rank != x.rank or len(places) != spatial:
        raise ValueError(f"a grid of {grid.rank} axes for a map of {x.rank}")
    flat = rearranged(call, x, (*x.dims[:2], ax.joined(x.dims[2:])))
    tensor = call.fit(flat, [False, True, True])
    count = tuple([ax.now(dim) for dim in places])
    dims = [*x.dims[:2], *places]
    return call.make("gather", (tensor,), {"count": count, "axis": 1}, dims, [False, True, *[True] * spatial])


def columns(call: Call, x: Value, kernel: Any, stride: Any, pad: Any, dilation: Any) -> Value:
    """Return the windows of a map as columns: C·k·k × positions."""
    present = as_map(x, len(kernel))
    args = {"kernel": short(kernel), "stride": short(stride), "pad": short(pad), "dilation": short(dilation)}
    return call.make(
        "unfold", (call.fit(x, present),), args, [*x.dims[: -len(kernel) - 1], None, None], [*present[:-3], True, True]
    )


def windows_along(call: Call, x: Value, dim: int, size: int, step: int) -> Value:
    """Return the windows along one axis, their elements last."""
    axis = x.axis(dim)
    now = ax.now(x.dims[axis])
    if not isinstance(now, int) or now < size:
        raise PinnedError(f"windows of {size} along {now}")
    count = (now - size) // step + 1
    tensor = call.fit(x, [*x.present[:axis], True, *x.present[axis + 1 :]])
    present = [*x.present[:axis], True, *x.present[axis + 1 :]]
    where = place(present, axis)
    tensor = call.replay.apply("gather", (tensor,), {"count": (count, size), "axis": where}, call.record.name)
    if where + 2 < len(tensor.shape):
        order = (*range(where + 1), *range(where + 2, len(tensor.shape)), where + 1)
        tensor = call.replay.apply("permute", (tensor,), {"order": order}, f"{call.record.name}.permute")
    present = [*present, True]
    return Value(
        call.measured(tensor, [*x.dims[:axis], None, *x.dims[axis + 1 :], ax.axis(size, size)], present), tensor, present
    )


def blocks(call: Call, kind: str, x: Value, size: int) -> Value:
    """Return channels as positions, or positions as channels."""
    present = as_map(x, 2)
    return call.make(kind, (call.fit(x, present),), {"size": size}, [*x.dims[:-3], None, None, None], present)
