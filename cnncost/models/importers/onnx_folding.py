"""Arithmetic on sizes that ONNX graphs do: small tensors whose numbers are known while the graph is run.

Numbers are Python's, or letters where sizes are, so that one line serves both; NumPy would take longer to import than such a
graph to read. Operators as in the ONNX operator reference, onnx.ai/onnx/operators.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from cnncost.base.poly import maximum, minimum
from cnncost.base.record import dataclass

LARGEST = 4096  # numbers worth following
FLOATS = (1, 10, 11, 16)  # data types


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a small tensor, the last axis fastest."""

    values: tuple[Any, ...]
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        if math.prod(self.sizes) != len(self.values):
            raise ValueError(f"{len(self.values)} numbers for {self.sizes}")

    @property
    def one(self) -> Any:
        """The number itself, where there is one."""
        if len(self.values) != 1:
            raise ValueError(f"{len(self.values)} numbers")
        return self.values[0]

    def at(self, places: Sequence[Sequence[int]]) -> Numbers:
        """Return the numbers at these indices of each axis."""
        strides = [math.prod(self.sizes[axis + 1 :]) for axis in range(len(self.sizes))]
        sizes = tuple(map(len, places))
        if math.prod(sizes) > LARGEST:
            raise ValueError(f"{math.prod(sizes)} numbers")
        found = (sum(map(operator.mul, place, strides)) for place in product(*places))
        return Numbers(tuple([self.values[place] for place in found]), sizes)

    def axis(self, number: int) -> int:
        """Return an axis, counted from 0. Raises ValueError where there is none."""
        if not -len(self.sizes) <= number < len(self.sizes):
            raise ValueError(f"there is no axis {number} of {len(self.sizes)}")
        return number % len(self.sizes)


def broadcast(parts: Sequence[Numbers]) -> tuple[int, ...]:
    """Return the sizes that several broadcast to. Raises ValueError where they do not."""
    rank = max(len(part.sizes) for part in parts)
    sizes = []
    for place in range(-rank, 0):
        each_ = {part.sizes[place] for part in parts if len(part.sizes) >= -place} - {1}
        if len(each_) > 1:
            raise ValueError(f"{sorted(each_)} do not broadcast")
        sizes.append(each_.pop() if each_ else 1)
    return tuple(sizes)


def expanded(part: Numbers, sizes: Sequence[int]) -> Numbers:
    """Return numbers repeated along their axes of one."""
    own = (1,) * (len(sizes) - len(part.sizes)) + part.sizes
    places = [[0] * size if here == 1 else range(size) for size, here in zip(sizes, own, strict=True)]
    return Numbers(part.values, own).at(places)


def each(function: Callable[..., Any], *parts: Numbers) -> Numbers:
    """Return a function of the elements of tensors that broadcast."""
    sizes = broadcast(parts)
    columns = [expanded(part, sizes).values for part in parts]
    found = tuple([function(*numbers) for numbers in zip(*columns, strict=True)])
    if any(isinstance(number, int) and abs(number) >= 2**64 for number in found):
        raise ValueError("a size of more than 64 bits")
    return Numbers(found, sizes)


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


def _rounded(function: Callable[[float], int]) -> Callable[[Any], Any]:
    return lambda number: float(function(number)) if isinstance(number, float) else number


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
    "Not": operator.not_,
    "Neg": operator.neg,
    "Abs": abs,
    "Floor": _rounded(math.floor),
    "Ceil": _rounded(math.ceil),
    "Round": _rounded(round),
    "Sqrt": math.sqrt,
    "Where": lambda condition, a, b: a if condition else b,
    "Identity": lambda a: a,
}
OPERANDS = {"Where": 3, **dict.fromkeys(("Not", "Neg", "Abs", "Floor", "Ceil", "Round", "Sqrt", "Identity"), 1)}


def _product(numbers: Sequence[Any]) -> Any:
    total: Any = 1
    for number in numbers:
        total = total * number
    return total


REDUCTIONS: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "ReduceProd": _product,
    "ReduceSum": sum,
    "ReduceMax": max,
    "ReduceMin": min,
}


def cast(part: Numbers, to: int) -> Numbers:
    """Return numbers as another type: floats, booleans (9) or integers."""
    if to in FLOATS:
        return each(lambda n: float(n) if isinstance(n, (int, bool)) else n, part)
    if to == 9:
        return each(bool, part)
    return each(lambda n: int(n) if isinstance(n, (float, bool)) else n, part)


def concatenated(parts: Sequence[Numbers], number: int) -> Numbers:
    """Return tensors side by side along an axis."""
    axis = parts[0].axis(number)
    if sum(len(part.values) for part in parts) > LARGEST:
        raise ValueError("too many numbers")
    outer = math.prod(parts[0].sizes[:axis])
    rows = [len(part.values) // outer if outer else 0 for part in parts]
    values: list[Any] = []
    for row in range(outer):
        for part, length in zip(parts, rows, strict=True):
            values += part.values[row * length : (row + 1) * length]
    total = sum(part.sizes[axis] for part in parts)
    return Numbers(tuple(values), (*parts[0].sizes[:axis], total, *parts[0].sizes[axis + 1 :]))


def taken(part: Numbers, at: Numbers, number: int) -> Numbers:
    """Return indices of an axis, in the shape of the indices."""
    axis = part.axis(number)
    places: list[Sequence[int]] = [range(size) for size in part.sizes]
    places[axis] = [int(n) + part.sizes[axis] if n < 0 else int(n) for n in at.values]
    found = part.at(places)
    return Numbers(found.values, (*part.sizes[:axis], *at.sizes, *part.sizes[axis + 1 :]))


def sliced(part: Numbers, given: Mapping[str, Any], inputs: Sequence[Numbers | None]) -> Numbers:
    """Return a slice: starts, ends, axes and steps are inputs, or attributes below opset 10."""

    def listed(place: int, name: str) -> list[int] | None:
        found = inputs[place] if len(inputs) > place else None
        return [int(n) for n in found.values] if found is not None else given.get(name)

    starts, ends = listed(1, "starts") or [], listed(2, "ends") or []
    axes = listed(3, "axes") or list(range(len(starts)))
    steps = listed(4, "steps") or [1] * len(starts)
    places: list[Sequence[int]] = [range(size) for size in part.sizes]
    for number, start, end, step in zip(axes, starts, ends, steps, strict=True):
        axis = part.axis(number)
        stop = None if step < 0 and end < -part.sizes[axis] else end
        places[axis] = range(part.sizes[axis])[slice(start, stop, step)]
    return part.at(places)


def reshaped(part: Numbers, target: Sequence[int]) -> Numbers:
    """Return numbers in other sizes: 0 keeps one, −1 is what the others leave."""
    sizes = [part.sizes[place] if size == 0 else size for place, size in enumerate(target)]
    if -1 in sizes:
        rest = math.prod(size for size in sizes if size != -1)
        sizes[sizes.index(-1)] = len(part.values) // rest if rest else 0
    return Numbers(part.values, tuple(sizes))


def transposed(part: Numbers, order: Sequence[int] | None) -> Numbers:
    """Return numbers with their axes in another order, by default the reverse."""
    axes = list(order) if order else list(range(len(part.sizes)))[::-1]
    strides = [math.prod(part.sizes[axis + 1 :]) for axis in range(len(part.sizes))]
    sizes = tuple(part.sizes[axis] for axis in axes)
    steps = [strides[axis] for axis in axes]
    found = (sum(map(operator.mul, place, steps)) for place in product(*map(range, sizes)))
    return Numbers(tuple([part.values[place] for place in found]), sizes)


def fold(operation: str, inputs: Sequence[Numbers | None], given: Mapping[str, Any]) -> Numbers | None:
    """Return what an operation makes of known numbers; None where it is none of sizes. Raises ValueError for too many."""
    parts = [part for part in inputs if part is not None]
    if not parts:
        return None
    first, second = parts[0], parts[1] if len(parts) > 1 else None
    if operation in ELEMENTS:
        return each(ELEMENTS[operation], *parts) if len(parts) == OPERANDS.get(operation, 2) else None
    if operation == "Cast":
        return cast(first, given.get("to", 1))
    if operation == "Concat":
        return concatenated(parts, given.get("axis", 0)) if sum(len(part.values) for part in parts) <= LARGEST else None
    if operation == "Gather" and second is not None:
        return taken(first, second, given.get("axis", 0))
    if operation in ("Squeeze", "Unsqueeze"):
        return _with_ones(operation, first, given.get("axes") or ([int(n) for n in second.values] if second else None))
    if operation == "Reshape":
        return reshaped(first, [int(n) for n in second.values] if second is not None else given.get("shape", []))
    if operation == "Transpose":
        return transposed(first, given.get("perm"))
    if operation == "Slice":
        return sliced(first, given, inputs)
    if operation == "Range" and len(parts) == 3:
        return _range(*(part.one for part in parts))
    if operation == "Size":
        return Numbers((math.prod(first.sizes),), ())
    if operation in ("Expand", "Tile") and second is not None:
        return _repeated(operation, first, [int(n) for n in second.values])
    if operation in REDUCTIONS and (len(first.sizes) == 1 or (second is None and not given.get("axes"))):
        kept = (1,) * len(first.sizes) if given.get("keepdims", 1) else ()
        return Numbers((REDUCTIONS[operation](first.values),), kept) if first.values else None
    return None


def _with_ones(operation: str, part: Numbers, axes: Sequence[int] | None) -> Numbers:
    """Return numbers without axes of one, or with new ones."""
    if operation == "Squeeze":
        gone = {part.axis(n) for n in axes} if axes else {axis for axis, size in enumerate(part.sizes) if size == 1}
        return Numbers(part.values, tuple(size for axis, size in enumerate(part.sizes) if axis not in gone))
    rank = len(part.sizes) + len(axes or ())
    sizes: Iterator[int] = iter(part.sizes)
    new = {n % rank for n in axes or ()}
    return Numbers(part.values, tuple(1 if axis in new else next(sizes) for axis in range(rank)))


def _range(start: Any, stop: Any, step: Any) -> Numbers | None:
    if not all(isinstance(n, (int, float)) for n in (start, stop, step)) or step == 0:
        return None
    count = max(0, math.ceil((stop - start) / step))
    return Numbers(tuple(start + step * place for place in range(count)), (count,)) if count <= LARGEST else None


def _repeated(operation: str, part: Numbers, target: Sequence[int]) -> Numbers | None:
    if operation == "Expand":
        return expanded(part, broadcast([part, Numbers((0,) * math.prod(target), tuple(target))])) if _small(target) else None
    if len(target) != len(part.sizes) or not _small([*target, len(part.values)]):
        return None
    return part.at([list(range(size)) * times for size, times in zip(part.sizes, target, strict=True)])


def _small(sizes: Sequence[int]) -> bool:
    return all(size >= 0 for size in sizes) and math.prod(sizes) <= LARGEST
