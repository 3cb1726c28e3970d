"""`Ints`: a column of exact integers. int64 while that provably suffices, Python integers from there on."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cnncost.base.errors import Disagreement

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INT64_MAX = 2**63 - 1
SHOWN = 4  # numbers of a column that its text shows


class Ints:
    """An array of integers that cannot overflow.

    `bound` is a Python integer that no magnitude in `values` exceeds. Each operation computes the bound of its result
    first; where that passes 2^63 − 1 the true magnitudes are looked up, and where those would pass it too the operation
    runs on Python integers (dtype object): slower, never wrong.

    >>> import numpy as np
    >>> str(Ints(np.array([2, 3])) * 10**18 * 10)
    '[20000000000000000000 30000000000000000000]'
    """

    __slots__ = ("bound", "values")
    __array_ufunc__ = None  # NumPy leaves mixed operations to the methods below
    __hash__ = None  # type: ignore[assignment]  # a mutable array inside

    def __init__(self, values: NDArray[Any], bound: int | None = None) -> None:
        if values.dtype != "int64" and values.dtype != object:  # narrower ones would overflow sooner, uint64 mixes with none
            values = values.astype(object if values.dtype.kind == "u" else "int64")
        self.values = values
        self.bound = magnitude(values) if bound is None else bound

    def combine(
        self, other: object, operation: Callable[[Any, Any], Any], bound: Callable[[int, int], int], swap: bool = False
    ) -> Ints:
        """Apply an operation element by element; `bound` bounds the result's magnitude by those of the operands."""
        right = _ints(other)
        if right is None:
            return NotImplemented  # type: ignore[no-any-return]  # as operators do
        a, b = (right, self) if swap else (self, right)
        limit = bound(a.bound, b.bound)
        if limit > INT64_MAX:
            limit = bound(magnitude(a.values), magnitude(b.values))
        if limit > INT64_MAX:
            return Ints(operation(a.values.astype(object), b.values.astype(object)))
        return Ints(operation(a.values, b.values), limit)

    def __add__(self, other: object) -> Ints:
        return self.combine(other, operator.add, operator.add)

    def __radd__(self, other: object) -> Ints:
        return self.combine(other, operator.add, operator.add, swap=True)

    def __sub__(self, other: object) -> Ints:
        return self.combine(other, operator.sub, operator.add)

    def __rsub__(self, other: object) -> Ints:
        return self.combine(other, operator.sub, operator.add, swap=True)

    def __mul__(self, other: object) -> Ints:
        return self.combine(other, operator.mul, operator.mul)

    def __rmul__(self, other: object) -> Ints:
        return self.combine(other, operator.mul, operator.mul, swap=True)

    def __floordiv__(self, other: object) -> Ints:
        return self.combine(other, operator.floordiv, _quotient_bound)

    def __rfloordiv__(self, other: object) -> Ints:
        return self.combine(other, operator.floordiv, _quotient_bound, swap=True)

    def __mod__(self, other: object) -> Ints:
        return self.combine(other, operator.mod, lambda a, b: max(a, b))

    def __rmod__(self, other: object) -> Ints:
        return self.combine(other, operator.mod, lambda a, b: max(a, b), swap=True)

    def __pow__(self, exponent: int) -> Ints:
        if exponent < 0:
            raise ValueError(f"a column to the power {exponent}: an exponent is a whole number from 0")
        result = self * 0 + 1
        for _ in range(exponent):
            result = result * self
        return result

    def __neg__(self) -> Ints:
        return 0 - self

    def _compare(self, other: object, operation: Callable[[Any, Any], Any]) -> NDArray[np.bool_]:
        right = _ints(other)
        if right is None:
            return NotImplemented  # type: ignore[no-any-return]  # as operators do
        from cnncost.base.answers import Answers

        return operation(self.values, right.values).astype(bool).view(Answers)  # type: ignore[no-any-return]  # numpy's stubs

    def __lt__(self, other: object) -> NDArray[np.bool_]:
        return self._compare(other, operator.lt)

    def __le__(self, other: object) -> NDArray[np.bool_]:
        return self._compare(other, operator.le)

    def __gt__(self, other: object) -> NDArray[np.bool_]:
        return self._compare(other, operator.gt)

    def __ge__(self, other: object) -> NDArray[np.bool_]:
        return self._compare(other, operator.ge)

    def __eq__(self, other: object) -> NDArray[np.bool_]:  # type: ignore[override]  # of columns, an answer each
        return self._compare(other, operator.eq)

    def __ne__(self, other: object) -> NDArray[np.bool_]:  # type: ignore[override]  # the same
        return self._compare(other, operator.ne)

    def __bool__(self) -> bool:
        """Whether the numbers are other than 0: all of them, or none; otherwise `Disagreement` carries the mask to split by."""
        mask = self.values != 0
        if mask.all():
            return True
        if mask.any():
            raise Disagreement(mask)
        return False

    def __str__(self) -> str:
        """Show a few of the numbers, at little cost: rules put columns into messages that are seldom read."""
        flat = self.values.reshape(-1)
        if flat.size <= SHOWN:
            return f"[{' '.join(map(str, flat))}]"
        return f"[{' '.join(map(str, flat[: SHOWN - 1]))} … {flat[-1]}]"

    def __repr__(self) -> str:
        return f"Ints({self.values!r})"


def _quotient_bound(a: int, b: int) -> int:
    """Bound of a // b: no larger than a, and -1 where a small negative number is floored."""
    return max(a, 1)


def magnitude(values: NDArray[Any]) -> int:
    """Return the largest absolute value of an integer array, as a Python integer."""
    if values.size == 0:
        return 0
    return max(abs(int(values.max())), abs(int(values.min())))


def _ints(value: object) -> Ints | None:
    """Return `value` as Ints, or None where it is no integer or array of integers."""
    if isinstance(value, Ints):
        return value
    import numpy as np

    if isinstance(value, np.ndarray):
        return Ints(value) if value.dtype.kind in "iuO" else None
    if isinstance(value, (int, np.integer)):
        number = int(value)
        return Ints(np.array(number, dtype=np.int64 if abs(number) <= INT64_MAX else object), abs(number))
    return None


def checked(value: Any) -> Any:
    """Return NumPy integers as Python integers, integer arrays as `Ints`, sequences with their items so, all else as it is."""
    kind = type(value)
    if kind is int or kind is str or kind is bool:
        return value
    if kind is tuple or kind is list:
        return tuple(checked(item) for item in value)
    if hasattr(value, "dtype"):
        if value.ndim == 0:
            return value.item()
        exact = value.ndim == 1 and (value.dtype != object or all(isinstance(item, int) for item in value))
        column = _ints(value) if exact else None
        return value if column is None else column
    return value
