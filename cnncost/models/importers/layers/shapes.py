"""Other shapes of the same numbers, parts of them by index, and reductions, on the axes of the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncost.base.poly import Num
from cnncost.models.importers import axes as ax
from cnncost.models.importers.axes import Axes, Axis, PinnedError
from cnncost.models.importers.call import Call
from cnncost.models.importers.layers.common import last_of, moved, place, unruled
from cnncost.models.importers.layers.elements import broadcast, unchanged
from cnncost.models.importers.sizes import Expression
from cnncost.models.importers.values import Value


def rearranged(call: Call, x: Value, dims: Axes, output: int = 0) -> Value:
    """Return the same numbers in the same order on other axes: a layer only where an example's axes change."""
    present = [not ax.is_batch(dim) for dim in dims]
    if x.tensor is None:
        return Value(dims, weight=x.weight, present=present)
    shape = tuple([ax.now(dim) for dim, there in zip(dims, present, strict=True) if there])
    if len(shape) == len(x.tensor.shape) and all(ax.same_size(a, b) for a, b in zip(shape, x.tensor.shape, strict=True)):
        return Value(dims, x.tensor, present)
    if not shape:
        keep = tuple([True] + [False] * (len(dims) - 1))
        if not dims:
            return call.make("squeeze", (x.tensor,), {}, (), ())
        return call.make("reshape", (x.tensor,), {"to": (1,)}, dims, keep)
    if len(shape) == 1 and len(x.tensor.shape) > 1:
        return call.make("flatten", (x.tensor,), {}, dims, present, output=output)
    return call.make("reshape", (x.tensor,), {"to": shape}, dims, present, output=output)


def reshape(call: Call, x: Value, target: Sequence[Any], only: int | None = None) -> Value:
    """Return a reshape to stated sizes, −1 included; `only`: one axis is split into them, the others stay."""
    raw = call.record.arguments.get("size", call.record.arguments.get("shape", call.record.arguments.get("sizes")))
    follows = isinstance(raw, list) and any(isinstance(part, Expression) for part in raw)
    part = x.dims if only is None else (x.dims[only],)
    dims = stated(call, part, target) if follows else ax.reshaped(part, [int(size) for size in target])
    return rearranged(call, x, dims if only is None else (*x.dims[:only], *dims, *x.dims[only + 1 :]))


def stated(call: Call, dims: Axes, target: Sequence[Any], before: Sequence[int] | None = None) -> Axes:
    """Return the axes of a reshape whose sizes follow the input: as they are stated now."""
    total = ax.now(ax.joined(dims))
    rest: Num = 1
    for size in target:
        if not (isinstance(size, int) and size == -1):
            rest = size if isinstance(rest, int) and rest == 1 else rest * size
    sizes = [total // rest if isinstance(size, int) and size == -1 else size for size in target]
    if before is None:
        found = call.replay.exported and call.replay.exported.sizes.get(call.record.outputs[0])
        before = found[-len(sizes) :] if found else [size if isinstance(size, int) else 0 for size in sizes]
    try:
        walked = ax.reshaped(dims, list(before))
    except PinnedError:
        walked = tuple(ax.axis(b, s) for b, s in zip(before, sizes, strict=True))
    found_dims = [
        dim if ax.same_size(ax.now(dim), size) else (*[atom for atom in dim if atom.batch], *ax.axis(old, size))
        for dim, size, old in zip(walked, sizes, before, strict=True)
    ]
    if not any(atom.batch for dim in found_dims for atom in dim):
        batch = [atom for dim in dims for atom in dim if atom.batch]
        ones = [index for index, dim in enumerate(found_dims) if dim == ()] or [0]
        if batch and found_dims:
            found_dims[ones[0]] = (*batch, *found_dims[ones[0]])
    return tuple(found_dims)


def reshape_like(call: Call, x: Value, other: Value) -> Value:
    """Return a value on the axes of another of as many elements."""
    if not ax.same_size(ax.now(ax.joined(x.dims)), ax.now(ax.joined(other.dims))):
        raise PinnedError("the value whose shape it takes has another number of elements")
    return rearranged(call, x, other.dims)


def permute(call: Call, x: Value, order: Sequence[int]) -> Value:
    """Return the axes in another order."""
    dims, present = tuple(x.dims[axis] for axis in order), [x.present[axis] for axis in order]
    if x.tensor is None:
        return Value(dims, weight=x.weight, present=present)
    here = [place(x.present, axis) for axis in order if x.present[axis]]
    if here == sorted(here):
        return Value(dims, x.tensor, present)
    return call.make("permute", (x.tensor,), {"order": tuple(here)}, dims, present)


def expand(call: Call, x: Value, target: Sequence[Any]) -> Value:
    """Return axes of one repeated to stated sizes; −1 keeps, and so does the size that was."""
    lead = len(target) - x.rank
    dims: list[Axis] = []
    for axis, size in enumerate(target):
        own = x.dims[axis - lead] if axis >= lead else ()
        keeps = isinstance(size, int) and (size == -1 or (size == ax.was(own) and axis >= lead))
        if keeps or ax.same_size(size, ax.now(own)):
            dims.append(own)
        elif own != () and not ax.is_batch(own):
            if not ax.same_size(size, ax.now(own)):
                raise PinnedError(f"it expands {ax.now(own)} to {size}")
            dims.append(own)
        else:
            dims.append(_grown(call, axis, size))
    return expanded(call, x, tuple(dims))


def _grown(call: Call, axis: int, size: Any) -> Axis:
    """Return an axis that expand makes: the batch, where the batch is what it is made as many as."""
    batch = call.replay.batch
    if axis == 0 and batch is not None and batch.was > 1 and isinstance(size, int) and size == batch.was:
        return (batch,)
    found = call.replay.exported and call.replay.exported.sizes.get(call.record.outputs[0])
    before = found[axis] if found else size
    return ax.axis(before if isinstance(before, int) else 0, size)


def expanded(call: Call, x: Value, dims: Axes) -> Value:
    """Return a value repeated along its axes of one."""
    lead = len(dims) - x.rank
    if dims[lead:] == x.dims and all(dim == () or ax.is_batch(dim) for dim in dims[:lead]):
        return Value(dims, x.tensor, [False] * lead + list(x.present), x.weight) if lead else x
    if x.known:
        return Value(dims)
    there = [not ax.is_batch(dim) for dim in dims]
    tensor = call.fit(x, last_of(there, x.rank))
    sizes = tuple([ax.now(dim) for dim, kept in zip(dims, there, strict=True) if kept])
    if not sizes:
        return Value(dims, tensor, there)
    return call.make("expand", (tensor,), {"to": sizes}, dims, there)


def expand_like(call: Call, x: Value, other: Value) -> Value:
    """Return a value expanded to the axes of another."""
    return expanded(call, x, broadcast([x.dims, other.dims]))


def tile(call: Call, x: Value, times: Sequence[Any]) -> Value:
    """Return a value repeated along its axes."""
    lead = len(times) - x.rank
    own: list[Axis] = [*[()] * lead, *x.dims]
    dims = tuple(dim if isinstance(n, int) and n == 1 else (*dim, *ax.axis(n, n)) for dim, n in zip(own, times, strict=True))
    if x.known:
        return Value(dims)
    there = [not ax.is_batch(dim) for dim in dims]
    tensor = call.fit(Value(tuple(own), x.tensor, [*[False] * lead, *x.present], x.weight), there)
    if all(isinstance(n, int) and n == 1 for n in times):
        return Value(dims, tensor, there)
    return call.make(
        "tile", (tensor,), {"times": tuple([n for n, kept in zip(times, there, strict=True) if kept])}, dims, there
    )


def select(call: Call, x: Value, dim: int, index: Any) -> Value:
    """Return one index of an axis, which goes."""
    axis = x.axis(dim)
    dims = (*x.dims[:axis], *x.dims[axis + 1 :])
    if x.known:
        return Value(dims)
    size = ax.now(x.dims[axis])
    if isinstance(index, int) and index < 0:
        index = size + index
    elif moved((x.dims[axis],)) and not (isinstance(index, int) and index == 0):
        raise PinnedError(f"it takes index {index} of {size}")
    present = [*x.present[:axis], True, *x.present[axis + 1 :]]
    there = [*x.present[:axis], *x.present[axis + 1 :]]
    tensor = call.fit(x, present)
    if len(tensor.shape) == 1:
        return call.make("select", (tensor,), {"index": index, "axis": 0}, dims, there)
    return call.make("select", (tensor,), {"index": index, "axis": place(present, axis)}, dims, there)


def pad(call: Call, x: Value, pads: Sequence[tuple[Num, Num]], mode: str = "constant") -> Value:
    """Return an axis longer by zeros, or shorter where a pad is negative."""
    for axis, (before, after) in enumerate(pads):
        if any(atom.batch and atom.was > 1 for atom in x.dims[axis]) and (before, after) != (0, 0):
            raise PinnedError("it makes more examples, and figures are those of one")
        crop = [-n if isinstance(n, int) and n < 0 else 0 for n in (before, after)]
        if any(crop):
            size = ax.now(x.dims[axis])
            tensor = call.fit(x)
            args = {"start": crop[0], "stop": size - crop[1], "axis": place(x.present, axis)}
            x = call.make(
                "slice", (tensor,), args, [*x.dims[:axis], _less(x.dims[axis], sum(crop)), *x.dims[axis + 1 :]], x.present
            )
    more = [tuple(0 if isinstance(n, int) and n < 0 else n for n in pair) for pair in pads]
    grown = [not all(isinstance(n, int) and n == 0 for n in pair) for pair in more]
    if not any(grown):
        return unchanged(call, x)
    present = [there or grow for there, grow in zip(x.present, grown, strict=True)]
    numbers = tuple([n for pair, there in zip(more, present, strict=True) if there for n in pair])
    names = {"reflect": "reflect", "replicate": "replicate", "edge": "replicate", "circular": "circular", "wrap": "circular"}
    dims = [None if grow else dim for dim, grow in zip(x.dims, grown, strict=True)]
    return call.make("pad", (call.fit(x, present),), {"pad": numbers, "mode": names.get(mode, "constant")}, dims, present)


def _less(dim: Axis, by: int) -> Axis:
    return ax.axis(ax.was(dim) - by, ax.now(dim) - by)


def index(call: Call, x: Value, indices: Sequence[Value | None]) -> Value:
    """Return elements by indices, whose shape takes the place of the axes they index."""
    given = [(axis, value) for axis, value in enumerate(indices) if value is not None]
    places = [axis for axis, _ in given]
    if not places or places != list(range(places[0], places[-1] + 1)):
        return unruled(call)
    batch = [atom for axis in places for atom in x.dims[axis] if atom.batch]
    if any(ax.is_batch(x.dims[axis]) for axis in places) or any(atom.was != 1 for atom in batch):
        raise PinnedError("it takes indices of the batch")
    if moved([tuple(atom for atom in x.dims[axis] if not atom.batch) for axis in places]):
        raise PinnedError("it takes indices of an axis that has grown")
    taken = broadcast([value.dims for _, value in given])
    if batch and () in taken:  # a batch of one that had been merged into the axis has a place of its own again
        one = taken.index(())
        taken = (*taken[:one], tuple(batch), *taken[one + 1 :])
    front, back = x.dims[: places[0]], x.dims[places[-1] + 1 :]
    dims = (*front, *taken, *back)
    if x.known:
        return Value(dims)
    if len(places) > 1:
        x = rearranged(
            call, Value(x.dims, call.fit(x), x.present), (*front, ax.joined([x.dims[axis] for axis in places]), *back)
        )
    present = [*x.present[: places[0]], True, *x.present[places[0] + 1 :]]
    tensor = call.fit(x, present)
    there = [not ax.is_batch(dim) for dim in taken]
    counts = tuple([ax.now(dim) for dim, kept in zip(taken, there, strict=True) if kept])
    where = place(present, places[0])
    shown = [*present[: places[0]], *there, *present[places[0] + 1 :]]
    if not counts:
        return call.make("select", (tensor,), {"index": 0, "axis": where}, dims, shown)
    return call.make("gather", (tensor,), {"count": counts if len(counts) > 1 else counts[0], "axis": where}, dims, shown)


def taken(call: Call, x: Value, dims: Axes) -> Value:
    """Return elements chosen one by one: of the axes named."""
    if moved(x.dims):
        raise PinnedError("it takes elements by indices of the export")
    if x.known:
        return Value(dims)
    there = [not ax.is_batch(dim) for dim in dims]
    tensor = call.fit(x)
    shape = tuple([ax.now(dim) for dim, kept in zip(dims, there, strict=True) if kept])
    if not tensor.shape or not shape:
        return Value(dims, tensor, there)
    differing = [place_ for place_, (a, b) in enumerate(zip(tensor.shape, shape, strict=False)) if not ax.same_size(a, b)]
    if len(tensor.shape) == len(shape) and len(differing) <= 1:
        axis = differing[0] if differing else 0
        return call.make("gather", (tensor,), {"count": shape[axis], "axis": axis}, dims, there)
    flat = call.replay.apply("flatten", (tensor,), {}, f"{call.record.name}.flatten")
    return call.make("gather", (flat,), {"count": shape, "axis": 0}, dims, there)


REDUCTIONS = {"argmin": "argmax"}


def reduce(call: Call, x: Value, axes: Sequence[int], keep: bool, op: str) -> Value:
    """Return a reduction over some axes of the file; the mean over a map's positions is the global pool."""
    dims = [() if axis in axes else dim for axis, dim in enumerate(x.dims) if keep or axis not in axes]
    gone = [place(x.present, axis) for axis in axes if x.present[axis]]
    present = [x.present[axis] for axis in range(x.rank) if keep or axis not in axes]
    tensor = call.fit(x)
    if not gone:
        return Value(tuple(dims), tensor, present)
    rank = len(tensor.shape)
    if op in ("mean", "max") and rank == 3 and sorted(gone) == [1, 2]:
        kind = "global_avg_pool" if op == "mean" else "global_max_pool"
        return call.make(kind, (tensor,), {"keep": keep}, dims, present)
    args = {"op": REDUCTIONS.get(op, op), "axes": tuple(sorted(gone)), "keep": keep}
    return call.make("reduce", (tensor,), args, dims, present)
