"""The values that arguments take, and the places of what is wrong with them."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

from cnncost.base.errors import CostError
from cnncost.base.ints import Ints
from cnncost.base.poly import Poly, assume
from cnncost.base.yamltree import Node
from cnncost.models.spec.expressions import ExpressionError, Ratio
from cnncost.models.spec.problems import Mark
from cnncost.models.spec.signatures import (
    ANY,
    CONSTANT,
    Argument,
)

ANY_ITEM = replace(ANY, lengths=(), null=False)
COUNT = Argument(None, number=True)
SHARE = Argument(None, number=True, decimal=True)
CONDITION = Argument(None, boolean=True)


def suited(value: Any, wants: Argument, what: str) -> Any:
    """Return a value in the form that an argument wants. Raises ExpressionError where it has another."""
    if isinstance(value, bool) or hasattr(value, "dtype"):
        if not wants.boolean:
            raise ExpressionError("E107", f"{what} is {str(value).lower()}, where a number is wanted")
        return value
    if isinstance(value, str) or value is None or isinstance(value, tuple):
        if isinstance(value, str) and value not in wants.words and wants is not ANY:
            known = ", ".join(wants.words) or "a number"
            raise ExpressionError("E107", f"{what} is '{value}'", hint=f"give {known}")
        return value
    if wants.boolean and not wants.number and not wants.decimal:
        raise ExpressionError("E107", f"{what} is {value}, neither true nor false", hint="write true or false")
    if not (wants.number or wants.decimal):
        raise ExpressionError("E107", f"{what} cannot be {value}", hint=f"give one of {', '.join(wants.words)}")
    if wants in (ANY, ANY_ITEM, SHARE, CONSTANT):
        return value
    if wants.decimal:
        if isinstance(value, Ratio):
            top, bottom = value.numerator, value.denominator
            return float(Fraction(top, bottom)) if isinstance(top, int) and isinstance(bottom, int) else value
        return float(value) if type(value) is int else value
    return whole(value, what)


def whole(value: Any, what: str) -> Any:
    """Return a value that has to be whole. Raises ExpressionError, or CostError for the candidates of a column."""
    if not isinstance(value, Ratio):
        return value
    top, bottom = value.numerator, value.denominator
    if isinstance(top, int) and isinstance(bottom, int):
        hint = "say how to round: round(…), ceil(…) or divisible(…, 8)"
        raise ExpressionError("E112", f"{what} is {value}, which is not whole", hint=hint)
    if isinstance(top, Ints) or isinstance(bottom, Ints):
        fits = top % bottom == 0
        if not fits.all():
            raise CostError(f"{what} is not whole", valid=fits)
    if isinstance(top, Poly) or isinstance(bottom, Poly):
        assume("%", top, bottom)
    return top // bottom


def inside(mark: Mark, plain: bool, error: ExpressionError) -> Mark:
    """Return the place of an error inside an expression."""
    if not error.offset and error.length == 1 and error.code in ("E112", "E107", "E113"):
        return mark
    return Mark(mark.line, mark.column + error.offset + (not plain), max(1, error.length))


def spacing(text: str, given: Node | None = None) -> str:
    """Return the remedy for the two slips of flow mappings, where a key looks like one."""
    if ")" in text or "(" in text:
        return 'write a list in square brackets, [3, 3], and an expression with commas in quotes: "max(8, c)"'
    if re.match(r"[A-Za-z_]+:\S", text):
        return "put a space after the colon"
    return ""
