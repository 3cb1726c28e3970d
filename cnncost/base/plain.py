"""Plain data: what JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

_KEPT = frozenset((int, str, bool, float, type(None)))


def plain(value: Any) -> Any:
    """Return a value as plain data: exact integers, a fraction as a float unless it is whole, a polynomial as its text.

    >>> plain({"runs": Fraction(1, 2), "input": (3, 224, 224)})
    {'runs': 0.5, 'input': [3, 224, 224]}
    """
    if type(value) in _KEPT:
        return value
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return scalar(value)


OPEN = "cnncost.open/1"  # the schema of objects of which some figures are expressions or lists


def named(schema: str, *parts: Any) -> dict[str, str]:
    """Return the name of an object's shape; where letters or columns leave figures of `parts` open, of its own kind.

    >>> named("cnncost.table/1", {"params": 3}), named("cnncost.table/1", {"params": Fraction(1, 2)})
    ({'schema': 'cnncost.table/1'}, {'schema': 'cnncost.table/1'})
    """
    return {"schema": OPEN, "of": schema} if _is_open(parts) else {"schema": schema}


def _is_open(value: Any) -> bool:
    """Whether there is a polynomial or an array in a value."""
    if type(value) in _KEPT:
        return False
    if isinstance(value, Mapping):
        return any(map(_is_open, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_is_open, value))
    return hasattr(value, "letters") or hasattr(value, "bound") or bool(getattr(value, "shape", ()))


def scalar(value: Any) -> Any:
    """Return one value that JSON has no word for: a fraction, a number of NumPy, a polynomial."""
    if hasattr(value, "bound"):  # an array that cannot overflow
        value = value.values
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else float(value)
    if hasattr(value, "tolist"):  # of NumPy
        return plain(value.tolist())
    return str(value)
