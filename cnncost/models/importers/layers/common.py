"""What all translations of records stand on: which axes of the file a tensor has, and how maps are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncost.models.importers import axes as ax
from cnncost.models.importers.axes import Axis, PinnedError
from cnncost.models.importers.call import Call
from cnncost.models.importers.values import Value
from cnncost.rules.shapes import Signal


def place(present: Sequence[bool], axis: int) -> int:
    """Return which axis of the tensor an axis of the file is."""
    return sum(present[:axis])


def moved(dims: Sequence[Axis]) -> bool:
    """Whether a size is no longer what it was."""
    return not all(ax.is_batch(dim) or ax.is_fixed(dim) for dim in dims)


def as_map(value: Value, count: int) -> list[bool]:
    """Return which axes a map of `count` spatial axes has: all but the first, if it has one more."""
    if value.rank == count + 2:
        if not ax.is_one(value.dims[0]):
            raise PinnedError(f"it works on {ax.now(value.dims[0])} maps of each example, which layers here do not")
        return [False] + [True] * (count + 1)
    if value.rank != count + 1:
        raise ValueError(f"an input of {value.rank} axes")
    return [True] * (count + 1)


def many_maps(x: Value, count: int) -> bool:
    """Whether a value holds many maps of each example, as where heads are folded into the batch."""
    return count < 3 and x.rank == count + 2 and not ax.is_one(x.dims[0])


FOLDED = {2: (1, 0, 2), 3: (1, 0, 2, 3)}  # where the axes of the file are among those of the layer


def for_each(numbers: Any, count: int) -> tuple[Any, ...]:
    """Return a number for each axis."""
    return tuple(numbers) if isinstance(numbers, (list, tuple)) else (numbers,) * count


def short(numbers: Any) -> Any:
    """Return one number where all are equal, else a tuple of them."""
    values = tuple(numbers) if isinstance(numbers, (list, tuple)) else (numbers,)
    return values[0] if all(type(value) is int and value == values[0] for value in values) else values


def last_of(there: Sequence[bool], count: int) -> list[bool]:
    """Return the last `count` of what is said of leading axes: an operand may have fewer of them."""
    return list(there[len(there) - count :]) if count else []


def channels_first(call: Call, tensor: Any) -> Any:
    """Return a tensor whose first axis is said to be its channels: two axes may be tokens, too."""
    if len(tensor.shape) != 2 or isinstance(tensor.shape, Signal):
        return tensor
    return type(tensor)(tensor.tracer, tensor.index, Signal(tensor.shape))


def plainly(tensor: Any) -> Any:
    """Return a tensor of which nothing is said about where its channels are: the axes of a layer are named."""
    if type(tensor.shape) is tuple:
        return tensor
    return type(tensor)(tensor.tracer, tensor.index, tuple(tensor.shape))


def unruled(call: Call) -> Value:
    """Return the first output of an operation that has no rule."""
    return call.without_rule()[0]


def claim(call: Call, value: Value | None, made: Value) -> None:
    """Charge numbers of the file to a layer."""
    if value is not None and value.weight is not None and made.tensor is not None:
        name = call.replay.name(made.tensor)
        call.replay.charged.setdefault(value.weight.same_as or value.weight.name, name)
