"""Layers element by element: operations that broadcast, activations, norms. Every join checks its axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from cnncost.models.importers import axes as ax
from cnncost.models.importers.axes import Axes, Axis, PinnedError
from cnncost.models.importers.call import Call
from cnncost.models.importers.layers.common import claim, last_of, place
from cnncost.models.importers.values import Made, Value
from cnncost.rules import RULES


def broadcast(shapes: Sequence[Axes]) -> Axes:
    """Return the axes that several broadcast to, aligned from the right. Raises PinnedError where they no longer do."""
    rank = max(map(len, shapes), default=0)
    found: list[Axis] = []
    for place_ in range(-rank, 0):
        dims = [shape[place_] for shape in shapes if len(shape) >= -place_]
        large = [dim for dim in dims if dim != ()]
        sure = [dim for dim in large if not ax.is_open(dim)] or large
        first = next((dim for dim in sure if not ax.is_batch(dim)), sure[0] if sure else ())
        for dim in large:
            one = ax.is_batch(dim) and ax.was(dim) in (1, ax.was(first))
            if dim is not first and not (ax.decided(dim, first) or ax.alike(dim, first) or one):
                raise PinnedError(f"it joins {ax.now(dim)} with {ax.now(first)}")
        batch = next((dim for dim in large if any(atom.batch for atom in dim)), first)
        found.append(batch if ax.now(batch) is ax.now(first) or ax.alike(batch, first) else first)
    return tuple(found)


def joined(call: Call, kind: str, operands: Sequence[Value]) -> Value:
    """Return an operation on several operands that broadcast; `kind` is a layer type, or elementwise and an operation."""
    args: dict[str, Any] = {}
    kind, _, op = kind.partition(".")
    if len(operands) == 1 and kind not in ("elementwise",):
        kind, op = "elementwise", kind
    if op:
        args["op"] = op
    operands = _batched(operands)
    dims = broadcast([operand.dims for operand in operands])
    there = [not ax.is_batch(dim) for dim in dims]
    tensors = []
    rank = sum(there)
    for operand in operands:
        if operand.known and all(dim == () for dim in operand.dims) and (operand.weight is None or not operand.weight.counted):
            continue  # a number of the program
        if (
            operand.rank == 1
            and rank > 1
            and ax.now(next(d for d, kept in zip(dims, there, strict=True) if kept)) in (1, ax.now(operand.dims[0]))
        ):
            # A vector beside a larger shape may also mean its channels: here it is the last axis.
            operand = Value(
                (*[()] * (len(dims) - 1), *operand.dims),
                operand.tensor,
                [*[False] * (len(dims) - 1), *operand.present],
                operand.weight,
            )
        tensors.append(call.fit(operand, last_of(there, operand.rank)))
    if not tensors:
        return Value(dims)
    if len(tensors) == 1 and kind != "elementwise":
        kind, args = "elementwise", {"op": kind}
    return call.make(kind, tensors, args, dims, there)


def _batched(operands: Sequence[Value]) -> list[Value]:
    """Return operands of which numbers of the program have the batch where the others have it: noise for each example."""
    found = []
    for operand in operands:
        dims = list(operand.dims)
        for other in operands if operand.known else ():
            for back in range(1, min(operand.rank, other.rank) + 1):
                dim = other.dims[-back]
                if ax.is_batch(dim) and ax.was(dim) > 1 and ax.was(dims[-back]) == ax.was(dim):
                    dims[-back] = dim
        found.append(operand if tuple(dims) == operand.dims else Value(tuple(dims), weight=operand.weight))
    return found


def pointwise(call: Call, x: Value, kind: str) -> Value:
    """Return an activation: of its own type where there is one."""
    return call.same(kind, x) if kind in RULES else elementwise(call, x, kind)


def elementwise(call: Call, x: Value, op: str) -> Value:
    """Return an operation on each element, by its name."""
    return call.same("elementwise", x, {"op": op})


def unchanged(call: Call, x: Value) -> Value:
    """Return a value as it is, or a copy of it where the file says that one is made."""
    if call.record.storage != "new":
        return x
    if x.tensor is not None:
        return elementwise(call, x, "copy")
    if call.record.bytes:  # a copy of numbers of the file, which no layer makes
        call.replay.aside.append(Made(call.record.bytes, len(call.replay.tracer.nodes)))
    return x


def softmax(call: Call, x: Value, dim: int) -> Value:
    """Return a softmax along one axis."""
    axis = x.axis(dim)
    if not x.present[axis]:
        return elementwise(call, x, "softmax")
    return call.same("softmax", x, {"axis": place(x.present, axis)})


def prelu(call: Call, x: Value, weight: Value, axis: int) -> Value:
    """Return a rectifier with learned slopes: one for all, one per channel, or joined like any operand."""
    numbers = math.prod(map(ax.was, weight.dims))
    key = weight.weight and (weight.weight.same_as or weight.weight.name)
    shared = numbers == 1
    fits = shared or (x.rank > axis and numbers == ax.was(x.dims[axis]))
    if (
        weight.tensor is not None
        or weight.weight is None
        or not weight.weight.learned
        or not fits
        or key in call.replay.charged
    ):
        return joined(call, "elementwise.prelu", [x, weight])
    args = {"shared": shared} if shared else {"shared": False, "axis": place(x.present, axis)}
    made = call.same("prelu", x, args)
    claim(call, weight, made)
    return made


def norm(
    call: Call,
    kind: str,
    x: Value,
    weight: Value | None,
    bias: Value | None,
    *,
    axis: int,
    args: dict[str, Any],
    stats: Value | None = None,
) -> Value:
    """Return a normalisation along the channels, which are axis `axis` of the file."""
    plain = [
        value is not None and value.tensor is None and value.weight is not None and value.weight.learned
        for value in (weight, bias)
    ]
    known = call.replay.charged
    fresh = [
        there and value is not None and value.weight is not None and (value.weight.same_as or value.weight.name) not in known
        for there, value in zip(plain, (weight, bias), strict=True)
    ]
    args |= {"affine": any(fresh), "scale": fresh[0] or not any(fresh), "offset": fresh[1] or not any(fresh)}
    if kind == "batch_norm":
        args["track"] = stats is not None and stats.weight is not None and stats.weight.name not in known
    present = [*x.present[:axis], True, *x.present[axis + 1 :]] if axis < x.rank else list(x.present)
    args["axis"] = place(present, axis)
    made = call.make(kind, (call.fit(x, present),), args, x.dims, present)
    for there, value in zip(fresh, (weight, bias), strict=True):
        if there:
            claim(call, value, made)
    return made


def layer_norm(call: Call, x: Value, weight: Value | None, bias: Value | None, shape: Sequence[int]) -> Value:
    """Return a layer norm over the last axes, whose sizes are stated."""
    count = len(shape)
    for dim, size in zip(x.dims[-count:], shape, strict=True):
        if not ax.same_size(ax.now(dim), size):
            raise PinnedError(f"it normalises {size} numbers and gets {ax.now(dim)}")
    present = [*x.present[:-count], *[True] * count]
    fresh = [
        value is not None
        and value.tensor is None
        and value.weight is not None
        and value.weight.learned
        and (value.weight.same_as or value.weight.name) not in call.replay.charged
        for value in (weight, bias)
    ]
    args = {"affine": any(fresh), "scale": fresh[0] or not any(fresh), "offset": fresh[1] or not any(fresh)}
    tensor = call.fit(x, present)
    over: Any = "all" if len(tensor.shape) == count else tuple(range(-count, 0)) if count > 1 else -1
    made = call.make("layer_norm", (tensor,), {**args, "over": over}, x.dims, present)
    for there, value in zip(fresh, (weight, bias), strict=True):
        if there:
            claim(call, value, made)
    return made
