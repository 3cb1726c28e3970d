"""Arithmetic on sizes that ONNX graphs do: small tensors whose numbers are known while the graph is run.

Numbers are Python's, or letters where sizes are: arrays of objects, so that one line serves both. Operators as in the ONNX
operator reference, onnx.ai/onnx/operators.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from cnncost.base.poly import maximum, minimum

Array: TypeAlias = Any  # of NumPy, of objects
LARGEST = 4096  # numbers worth following


def array(numbers: Sequence[Any], sizes: Sequence[int]) -> Array:
    """Return numbers as an array of objects."""
    made = np.empty(len(numbers), object)
    for place, number in enumerate(numbers):
        made[place] = number
    return made.reshape(tuple(sizes))


def each(function: Callable[..., Any], *arrays: Array) -> Array:
    """Return a function of the elements of arrays that broadcast."""
    shape = np.broadcast_shapes(*[a.shape for a in arrays])
    if math.prod(shape) > LARGEST:
        raise ValueError(f"{math.prod(shape)} numbers")
    parts = [np.broadcast_to(a, shape).ravel() for a in arrays]
    found = [function(*numbers) for numbers in zip(*parts, strict=True)]
    if any(isinstance(number, int) and abs(number) >= 2**64 for number in found):
        raise ValueError("a size of more than 64 bits")
    return array(found, shape)


def _divide(a: Any, b: Any) -> Any:
    if isinstance(a, float) or isinstance(b, float):
        return a / b
    if isinstance(a, int) and isinstance(b, int) and (a < 0) != (b < 0):
        return -(-a // b) if b else 0  # towards zero
    return a // b


def _power(a: Any, b: Any) -> Any:
    if isinstance(b, float) and b.is_integer():
        b = int(b)
    if isinstance(b, int) and not 0 <= b <= 64:
        return float(a) ** b
    return a**b


ELEMENTS: Mapping[str, Callable[..., Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mul": operator.mul,
    "Div": _divide,
    "Mod": operator.mod,
    "Pow": _power,
    "Max": maximum,
    "Min": minimum,
    "Equal": lambda a, b: bool(a == b),
    "Less": lambda a, b: bool(a < b),
    "LessOrEqual": lambda a, b: bool(a <= b),
    "Greater": lambda a, b: bool(a > b),
    "GreaterOrEqual": lambda a, b: bool(a >= b),
    "And": lambda a, b: bool(a and b),
    "Or": lambda a, b: bool(a or b),
    "Not": lambda a: not a,
    "Neg": operator.neg,
    "Abs": abs,
    "Floor": lambda a: float(math.floor(a)) if isinstance(a, float) else a,
    "Ceil": lambda a: float(math.ceil(a)) if isinstance(a, float) else a,
    "Round": lambda a: float(round(a)) if isinstance(a, float) else a,
    "Sqrt": lambda a: math.sqrt(a),
    "Where": lambda condition, a, b: a if condition else b,
    "Identity": lambda a: a,
}
REDUCTIONS: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "ReduceProd": lambda numbers: math.prod(numbers) if all(isinstance(n, int) for n in numbers) else _product(numbers),
    "ReduceSum": sum,
    "ReduceMax": lambda numbers: max(numbers),
    "ReduceMin": lambda numbers: min(numbers),
}


def _product(numbers: Sequence[Any]) -> Any:
    total: Any = 1
    for number in numbers:
        total = total * number
    return total


def cast(numbers: Array, to: int) -> Array:
    """Return numbers as another type: 1, 10, 11 and 16 are floats, 9 booleans, others integers."""
    if to in (1, 10, 11, 16):
        return each(lambda n: float(n) if isinstance(n, (int, bool)) else n, numbers)
    if to == 9:
        return each(bool, numbers)
    return each(lambda n: int(n) if isinstance(n, (float, bool)) else n, numbers)


def fold(operation: str, inputs: Sequence[Array | None], given: Mapping[str, Any]) -> list[Array] | None:
    """Return the outputs of an operation on known numbers; None where it is none of sizes. Raises ValueError for too many."""
    first = inputs[0] if inputs else None
    if operation in ELEMENTS:
        return (
            [each(ELEMENTS[operation], *[each_ for each_ in inputs if each_ is not None])]
            if len(inputs) < 3 or operation == "Where"
            else None
        )
    if first is None:
        return None
    if operation == "Cast":
        return [cast(first, given.get("to", 1))]
    if operation == "Concat":
        parts = [part for part in inputs if part is not None]
        if sum(part.size for part in parts) > LARGEST:
            return None
        return [np.concatenate(parts, given.get("axis", 0))]
    if operation == "Gather":
        assert inputs[1] is not None
        return [
            np.take(first, inputs[1].astype(int), axis=given.get("axis", 0))
            if inputs[1].shape
            else _one(first, int(inputs[1].item()), given)
        ]
    if operation in ("Squeeze", "Unsqueeze"):
        axes = given.get("axes")
        if axes is None and len(inputs) > 1 and inputs[1] is not None:
            axes = [int(n) for n in inputs[1].ravel()]
        if operation == "Squeeze":
            return [np.squeeze(first, None if axes is None else tuple(axes))]
        return [np.expand_dims(first, tuple(axes or ()))]
    if operation == "Reshape":
        target = inputs[1] if len(inputs) > 1 else array(given.get("shape", []), (len(given.get("shape", [])),))
        assert target is not None
        return [first.reshape([first.shape[i] if n == 0 else n for i, n in enumerate(target.ravel().tolist())])]
    if operation == "Transpose":
        return [np.transpose(first, given.get("perm"))]
    if operation == "Flatten":
        return [first.reshape((1, -1))]
    if operation == "Slice":
        return [_slice(first, inputs, given)]
    if operation == "Range":
        start, stop, step = [each_.item() if each_ is not None else 0 for each_ in inputs]
        if not all(isinstance(n, (int, float)) for n in (start, stop, step)) or step == 0:
            return None
        count = max(0, math.ceil((stop - start) / step))
        if count > LARGEST:
            return None
        return [array([start + step * i for i in range(count)], (count,))]
    if operation == "Size":
        return [array([math.prod(first.shape)], ())]
    if operation == "Expand":
        assert inputs[1] is not None
        shape = np.broadcast_shapes(first.shape, tuple(inputs[1].tolist()))
        return [np.broadcast_to(first, shape)] if math.prod(shape) <= LARGEST else None
    if operation == "Tile":
        assert inputs[1] is not None
        times = inputs[1].tolist()
        return [np.tile(first, times)] if first.size * math.prod(times) <= LARGEST else None
    if operation == "Split":
        return None
    if operation in REDUCTIONS:
        axes = given.get("axes")
        if axes is None and len(inputs) > 1 and inputs[1] is not None:
            axes = [int(n) for n in inputs[1].ravel()]
        if first.ndim == 1 or axes is None:
            kept = (1,) * first.ndim if given.get("keepdims", 1) else ()
            return [array([REDUCTIONS[operation](first.ravel().tolist())], kept)]
    return None


def _one(numbers: Array, index: int, given: Mapping[str, Any]) -> Array:
    taken = np.take(numbers, index, axis=given.get("axis", 0))
    return taken if isinstance(taken, np.ndarray) else array([taken], ())


def _slice(numbers: Array, inputs: Sequence[Array | None], given: Mapping[str, Any]) -> Array:
    def listed(place: int, name: str) -> list[int] | None:
        found = inputs[place] if len(inputs) > place else None
        return [int(n) for n in found.ravel()] if found is not None else given.get(name)

    starts, ends = listed(1, "starts") or [], listed(2, "ends") or []
    axes = listed(3, "axes") or list(range(len(starts)))
    steps = listed(4, "steps") or [1] * len(starts)
    places = [slice(None)] * numbers.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        stop = None if step < 0 and end < -numbers.shape[axis] else end
        places[axis] = slice(start, stop, step)
    return numbers[tuple(places)]
