"""TensorFlow Lite's operators that put tensors together, cut them and give them other shapes, and those that reduce."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncost.graph.graph import Tensor
from cnncost.models.importers.rotation import our_axis, turned
from cnncost.models.importers.tflite_call import Call

MOST_PARTS = 4096  # that a tensor is split into


def concatenation(call: Call) -> Tensor:
    """CONCATENATION along one axis."""
    first, *others = call.live
    if len(call.live) != len(call.op.inputs):
        raise ValueError("constants among what is put together are not counted here")
    moved = [turned(call.rotated, other, call.rotated.get(first.index, False)) for other in others]
    y = first.concat(*moved, axis=call.axis(call.op.number(0), first), name=call.name) if others else first
    call.rotated.setdefault(y.index, call.rotated.get(first.index, False))
    return call.activated(y, call.op.number(1, "b"))


def reshape(call: Call) -> Tensor:
    """RESHAPE to a shape whose first size is the batch; in the file as a constant, or as that of the output."""
    variable = call.given(1)
    stated = variable.values if variable is not None and variable.values is not None else None
    to = list(
        stated if stated is not None else [-1 if size is None else size for size in call.variables[call.op.outputs[0]].shape]
    )
    if not to or to[0] not in (1, -1) or to[1:].count(-1) > 1 or (len(to) == 1 and to[0] == 1):
        raise ValueError("it changes the batch, which one example does not have")
    x = call.x()
    target = to[1:]
    if not target:
        raise ValueError("it changes the batch, which one example does not have")
    if len(target) == 1 and target[0] == -1:
        return call.kept(x if len(x.shape) == 1 else x.flatten(name=call.name), False)
    if len(target) == 1:
        return call.kept(x if x.shape == tuple(target) else x.reshape(tuple(target), name=call.name), False)
    if len(target) > 2:
        return call.kept(x.reshape((target[-1], *target[:-1]), name=call.name), True)
    rows, width = target
    tokens = len(x.shape) == 3 and call.rotated.get(x.index, False) and x.shape[0] == width
    return call.kept(x.tokens(name=call.name) if tokens else x.reshape((rows, width), name=call.name), False)


def padded(call: Call) -> Tensor:
    """PAD, PADV2 and MIRROR_PAD: a pair for each axis, the batch's first."""
    x = call.plain(call.x()) if len(call.x().shape) < 3 else call.x()
    pads = call.integers(1)
    if len(pads) != 2 * (len(x.shape) + 1) or pads[:2] != (0, 0):
        raise ValueError("pads are a pair for each axis, and none for the batch")
    pairs = [pads[place : place + 2] for place in range(2, len(pads), 2)]
    if call.rotated.get(x.index, False):
        pairs = [pairs[-1], *pairs[:-1]]
    y = x.pad(tuple(number for pair in pairs for number in pair), name=call.name)
    call.rotated[y.index] = call.rotated.get(x.index, False)
    return y


def reduced(op: Any) -> Callable[[Call], Tensor]:
    """Return the translation of a mean, a sum or the like over axes."""

    def apply(call: Call) -> Tensor:
        x = call.x()
        keep = bool(call.op.number(0, "b")) and op not in ("argmax",)
        axes = tuple(sorted(call.axis(axis, x) for axis in call.integers(1)))
        y = x.reduce(op, axes=axes, keep=keep, name=call.name)
        call.rotated[y.index] = call.rotated.get(x.index, False) and (keep or 0 not in axes)
        return y

    return apply


def transpose(call: Call) -> Tensor:
    """TRANSPOSE: the file's axes, the batch first, in a new order."""
    x, order = call.plain(call.x()), call.integers(1)
    if order[:1] != (0,):
        raise ValueError("it moves the batch, which one example does not have")
    return call.kept(x.permute(tuple(axis - 1 for axis in order[1:]), name=call.name), False)


def squeeze(call: Call) -> Tensor:
    """SQUEEZE the axes of size one."""
    x = call.plain(call.x())
    axes = call.op.options.numbers(0) if call.op.options else ()
    chosen = [our_axis(call.rotated, axis, x) for axis in axes] or [a for a, size in enumerate(x.shape) if size == 1]
    for axis in sorted(chosen, reverse=True):
        x = x.squeeze(axis, name=call.name)
    return call.kept(x, False)


def expand(call: Call) -> Tensor:
    """EXPAND_DIMS."""
    x = call.plain(call.x())
    (axis,) = call.integers(1)
    axis = axis + len(x.shape) + 2 if axis < 0 else axis
    if axis < 1:
        raise ValueError("it puts an axis before the batch")
    return call.kept(x.unsqueeze(axis - 1, name=call.name), False)


def slice_(call: Call) -> Tensor:
    """SLICE: where to begin and how much of each axis, -1 being the rest."""
    x = call.plain(call.x())
    begin, size = call.integers(1), call.integers(2)
    if len(begin) != len(x.shape) + 1 or len(size) != len(begin) or begin[0] != 0:
        raise ValueError("it takes a part of the batch, which one example does not have")
    for axis, (start, count) in enumerate(zip(begin[1:], size[1:], strict=True)):
        if start or count not in (-1, x.shape[axis]):
            x = x.slice(start, None if count == -1 else start + count, axis=axis, name=call.name)
    return call.kept(x, False)


def strided(call: Call) -> Tensor:
    """STRIDED_SLICE: begin, end and step of each axis, with masks of bits for those that are open or a single number."""
    x = call.plain(call.x())
    begin, end, step = (call.integers(place) for place in (1, 2, 3))
    open_begin, open_end, ellipsis, new, shrink = (call.op.number(place) for place in range(5))
    if ellipsis or new or not len(begin) == len(end) == len(step) <= len(x.shape) + 1:
        raise ValueError("slices with an ellipsis or a new axis are not known here")
    axis = 0
    for place, (one, other, by) in enumerate(zip(begin, end, step, strict=True)):
        bit = 1 << place
        size: Any = 1 if place == 0 else x.shape[axis]
        part = range(size)[slice(None if open_begin & bit else one, None if open_end & bit else other, by or None)]
        if place == 0:
            if len(part) != 1 or shrink & bit:
                raise ValueError("it takes a part of the batch, which one example does not have")
            continue
        if shrink & bit:
            x = x.select(one, axis=axis, name=call.name)
            continue
        if len(part) != size:
            low, high = (part[0], part[-1]) if part and part.step > 0 else (part[-1], part[0]) if part else (0, -1)
            x = x.slice(low, high + 1, abs(part.step), axis=axis, name=call.name)
        axis += 1
    return call.kept(x, False)


def split(call: Call) -> list[Tensor]:
    """SPLIT into equal parts, SPLIT_V into stated ones."""
    equal = call.op.name == "SPLIT"
    x = call.plain(call.x(1 if equal else 0))
    (axis,) = call.integers(0 if equal else 2)
    ours = call.axis(axis, x)
    count = len(call.op.outputs)
    if not 0 < count <= MOST_PARTS:
        raise ValueError(f"it makes {count} parts")
    if equal:
        return [call.kept(x.split(count, part, axis=ours, name=call.name), False) for part in range(count)]
    parts, start = [], 0
    for size in call.integers(1):
        parts.append(call.kept(x.slice(start, None if size < 0 else start + size, axis=ours, name=call.name), False))
        start += max(size, 0)
    return parts


def packed(call: Call) -> Tensor:
    """PACK: tensors side by side along a new axis."""
    first, *others = (call.plain(x) for x in call.live)
    axis = call.op.number(1)
    axis = axis + len(first.shape) + 2 if axis < 0 else axis
    if axis < 1 or len(call.live) != len(call.op.inputs):
        raise ValueError("it packs along the batch, or packs constants")
    return call.kept(first.stack(*others, axis=axis - 1, name=call.name), False)


def unpacked(call: Call) -> list[Tensor]:
    """UNPACK: the entries along an axis."""
    x = call.plain(call.x())
    axis = call.axis(call.op.number(1), x)
    if not 0 < len(call.op.outputs) <= MOST_PARTS:
        raise ValueError(f"it makes {len(call.op.outputs)} parts")
    return [call.kept(x.select(index, axis=axis, name=call.name), False) for index in range(len(call.op.outputs))]


def tile(call: Call) -> Tensor:
    """TILE: copies along each axis, the batch first."""
    x, times = call.plain(call.x()), call.integers(1)
    if len(times) != len(x.shape) + 1 or times[0] != 1:
        raise ValueError("it repeats the batch, which one example does not have")
    return call.kept(x.tile(tuple(times[1:]), name=call.name), False)
