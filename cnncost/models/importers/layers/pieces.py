"""Tensors put side by side and cut again, along an axis of the file that may have grown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncost.models.importers import axes as ax
from cnncost.models.importers.axes import Axis, PinnedError
from cnncost.models.importers.call import Call
from cnncost.models.importers.layers.common import moved, place
from cnncost.models.importers.layers.elements import broadcast, unchanged
from cnncost.models.importers.layers.shapes import rearranged
from cnncost.models.importers.sizes import Expression
from cnncost.models.importers.values import Value


def concat(call: Call, parts: Sequence[Value], dim: int) -> Value:
    """Return values side by side along an axis; the other axes are equal."""
    axis = parts[0].axis(dim)
    parts = [part for part in parts if part.rank != 1 or ax.was(part.dims[0]) != 0]  # PyTorch lets [] stand for nothing
    parts = [part for part in parts if ax.was(part.dims[axis]) != 0] or list(parts)
    if len(parts) == 1:
        return unchanged(call, parts[0])
    dims: list[Axis | None] = []
    for place_ in range(parts[0].rank):
        if place_ == axis:
            dims.append(None)
            continue
        dims.append(broadcast([(part.dims[place_],) for part in parts])[0])
        sizes = {ax.was(part.dims[place_]) for part in parts}
        if len(sizes) > 1:
            raise PinnedError(f"it puts {sorted(sizes)} side by side")
    there = [place_ == axis or not ax.is_batch(found or ()) for place_, found in enumerate(dims)]
    tensors = [call.fit(part, there) for part in parts]
    made = call.make("concat", tensors, {"axis": place(there, axis)}, dims, there)
    along = [part.dims[axis] for part in parts]
    if any(atom.batch for part in along for atom in part):
        batch = next(atom for part in along for atom in part if atom.batch)
        made.dims = (*made.dims[:axis], (batch, *ax.axis(len(parts), len(parts))), *made.dims[axis + 1 :])
    elif all(map(ax.is_fixed, along)):
        total = sum(map(ax.was, along))
        made.dims = (*made.dims[:axis], ax.axis(total, total), *made.dims[axis + 1 :])
    return made


def stack(call: Call, parts: Sequence[Value], dim: int) -> Value:
    """Return values of one shape along a new axis."""
    axis = parts[0].axis(dim, 1)
    dims = broadcast([part.dims for part in parts])
    there = [not ax.is_batch(found) for found in dims]
    tensors = [call.fit(part, there) for part in parts]
    new = ax.axis(len(parts), len(parts))
    if len(parts) == 1:
        return rearranged(call, parts[0], (*dims[:axis], (), *dims[axis:]))
    return call.make(
        "stack", tensors, {"axis": place(there, axis)}, [*dims[:axis], new, *dims[axis:]], [*there[:axis], True, *there[axis:]]
    )


def split(call: Call, x: Value, axis: int, pieces: Sequence[int], parts: int | None) -> list[Value]:
    """Return the pieces of an axis: so many equal `parts`, or of stated sizes, which then cannot grow."""
    dim = x.dims[axis]
    size = ax.now(dim)
    if moved((dim,)):
        if parts is None or (isinstance(size, int) and size % parts):
            raise PinnedError(f"it cuts {size} into pieces of {', '.join(map(str, pieces))}")
    elif sum(pieces) != ax.was(dim):
        raise ValueError(f"pieces of {sum(pieces)} for an axis of {ax.was(dim)}")
    if x.known:
        return [Value((*x.dims[:axis], ax.axis(piece, piece), *x.dims[axis + 1 :])) for piece in pieces]
    equal = len(set(pieces)) == 1
    if 0 in pieces and not equal:  # an empty piece is no layer
        rest = iter(split(call, x, axis, [piece for piece in pieces if piece], None))
        return [next(rest) if piece else Value((*x.dims[:axis], ax.axis(0, 0), *x.dims[axis + 1 :])) for piece in pieces]
    present = [*x.present[:axis], True, *x.present[axis + 1 :]]
    tensor = call.fit(x, present)
    where, start, found = place(present, axis), 0, []
    for number, piece in enumerate(pieces):
        if len(pieces) == 1:
            return [Value(x.dims, tensor, present)]
        if equal:
            args: dict[str, Any] = {"parts": len(pieces), "part": number, "axis": where}
            kind = "split"
        else:
            kind, args = "slice", {"start": start, "stop": start + piece, "axis": where}
        new: list[Axis | None] = [*x.dims[:axis], None if moved((dim,)) else ax.axis(piece, piece), *x.dims[axis + 1 :]]
        found.append(call.make(kind, (tensor,), args, new, present, output=number))
        start += piece
    return found


def slice_(call: Call, x: Value, dim: int, start: Any, end: Any, step: Any, *, exact: bool = False) -> Value:
    """Return some indices of an axis; a negative start or end counts from the end, and a step may go backwards.

    `exact`: the numbers are those of this run, not of the export.
    """
    axis = x.axis(dim)
    if any(atom.batch and atom.was > 1 for atom in x.dims[axis]):
        return _of_the_batch(x, axis, start, end, step)
    was, now = ax.was(x.dims[axis]), ax.now(x.dims[axis])
    follows = any(isinstance(call.record.arguments.get(name), Expression) for name in ("start", "end"))
    start = 0 if start is None else start
    if moved((x.dims[axis],)) and not follows and not (exact and isinstance(now, int)):
        whole = end is None or (isinstance(end, int) and end >= was)
        first = start + was if start < 0 else start
        last = was if whole else end + was if end < 0 else end
        if start == 0 and whole:
            start, end = 0, None
        elif whole and start < 0:
            start, end = now + start, None  # the last ones
        elif whole and first < 2:
            start, end = first, None  # all but the first, as of a class token
        elif not whole and end < 0 and start >= 0:
            start, end = first, now + end  # all but the last ones
        elif (first, last) == (0, 1):
            start, end = 0, 1
        else:
            raise PinnedError(f"it takes {first} to {last} of {was}, and there are {now}")
    elif isinstance(now, int):
        places = range(*slice(start, end, step).indices(now)) if step != 0 else range(0)
        if not places and exact:
            return Value((*x.dims[:axis], ax.axis(0, 0), *x.dims[axis + 1 :]))
        if not places:
            raise PinnedError(f"it takes nothing of {now}")
        start, end, step = (places[0], places[-1] + 1, step) if step > 0 else (places[-1], places[0] + 1, -step)
        if end + step > now and (end == now or (now - start + step - 1) // step == len(places)):
            end = None
    if isinstance(start, int) and start == 0 and (end is None or ax.same_size(end, now)) and step == 1:
        return x
    if x.known:
        count = -(-((was if end is None else end) - start) // step)
        return Value((*x.dims[:axis], ax.axis(count, count), *x.dims[axis + 1 :]))
    present = [*x.present[:axis], True, *x.present[axis + 1 :]]
    args = {"start": start, "stop": end, "step": step, "axis": place(present, axis)}
    tensor = call.fit(x, present)
    return call.make("slice", (tensor,), args, [*x.dims[:axis], None, *x.dims[axis + 1 :]], present)


def _of_the_batch(x: Value, axis: int, start: Any, end: Any, step: Any) -> Value:
    """Return all examples of a batch; to take some of them is nothing that one example does."""
    was = ax.was(x.dims[axis])
    if not all(n is None or isinstance(n, int) for n in (start, end)) or list(range(was))[slice(start, end, step)] != list(
        range(was)
    ):
        raise PinnedError(f"it takes some of {was} examples, and figures are those of one")
    return x
