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


def scalar(value: Any) -> Any:
    """Return one value that JSON has no word for: a fraction, a number of NumPy, a polynomial."""
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else float(value)
    if hasattr(value, "tolist"):  # of NumPy
        return plain(value.tolist())
    return str(value)
