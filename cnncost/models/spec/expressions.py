"""Expressions: what stands in a spec where a number is expected.

Integers, decimals, names, `+ - * / // % **`, comparisons, parentheses, and a few functions; nothing else, so that a
stranger's spec can be read. Values are exact: integers, columns of integers, letters, and ratios of those.

>>> parse("divisible(width / 3, 8)").value({"width": 100})
32
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

from cnncost.base import grammar
from cnncost.base.exact import (
    LARGEST,
    OPERATIONS,
    Evaluate,
    Ratio,
    Value,
    bounded,
    ceil,
    compiled,
    extreme,
    floor,
    parts,
    ratio,
    round_,
    shown,
)
from cnncost.base.grammar import ARITHMETIC, COMPARISONS, Dialect, ExpressionError
from cnncost.base.poly import maximum, minimum
from cnncost.base.record import dataclass

__all__ = ["FUNCTIONS", "LARGEST", "Expression", "ExpressionError", "Ratio", "number", "parse", "shown"]

NUMBER = re.compile(r"(?:0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.[0-9]+(?:_[0-9]+)*)?(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that has been read: its text, how to evaluate it, and the names it uses with their offsets."""

    text: str
    value: Evaluate
    names: tuple[tuple[str, int], ...]


def divisible(a: Value, by: Value = 8) -> Value:
    """Return the nearest multiple of `by`, as MobileNet rounds its widths."""
    from cnncost.models.zoo.blocks import divisible

    parts(a)
    if not isinstance(by, int) or isinstance(by, bool) or by < 1:
        raise ExpressionError("E113", f"divisible by {shown(by)}", hint="give a whole number from 1, as in divisible(x, 8)")
    return divisible(a, by)


FUNCTIONS: dict[str, tuple[Callable[..., Value], int, int]] = {  # with the least and the most arguments
    "min": (extreme(minimum), 2, 16),
    "max": (extreme(maximum), 2, 16),
    "round": (round_, 1, 1),
    "ceil": (ceil, 1, 1),
    "floor": (floor, 1, 1),
    "divisible": (divisible, 1, 2),
}


def number(text: str) -> Value | None:
    """Return the value of a number as specs write them, or None where the text is none.

    Raises ExpressionError for one that readers of YAML disagree about: 010.
    """
    found = NUMBER.fullmatch(text)
    if found is None:
        if re.fullmatch(r"0[0-9_]+", text):
            raise ExpressionError("E114", f"'{text}' has a leading zero", 0, len(text), f"write {text.lstrip('0_') or '0'}")
        if re.fullmatch(r"0[xobXOB][0-9a-fA-F_]+", text):
            raise ExpressionError("E114", f"'{text}' is not decimal", 0, len(text), "write decimal digits")
        if re.fullmatch(r"[0-9]+_[0-9_]*", text):
            right = re.sub("_+", "_", text).strip("_")
            raise ExpressionError("E114", f"'{text}' has a _ that is not between digits", 0, len(text), f"write {right}")
        if re.fullmatch(r"[0-9]+(:[0-9]+)+", text):
            raise ExpressionError("E114", f"'{text}' is not a number", 0, len(text), "write decimal digits")
        if re.fullmatch(r"\.[0-9]+|[0-9]+\.", text):
            right = f"0{text}" if text[0] == "." else text[:-1]
            raise ExpressionError("E114", f"'{text}' has no digit on one side of its point", 0, len(text), f"write {right}")
        return None
    digits, _, power = text.replace("_", "").lower().partition("e")
    if len(text) > 40 or len(power) > 3:
        raise ExpressionError("E113", "a number past 10^30", 0, len(text))
    if power or "." in digits:
        whole = Fraction(digits) * Fraction(10) ** int(power or 0)
        return ratio(whole.numerator, whole.denominator)
    return bounded(int(digits))


TRUTHS = ("true", "false")
DIALECT = Dialect(
    "expression",
    signs=(*ARITHMETIC, *COMPARISONS),
    functions={name: (least, most) for name, (_, least, most) in FUNCTIONS.items()},
    number=number,
    shorter=": name parts in let",
    unit="units such as M or MiB belong to figures under budget and expect",
)
EVALUATED = {**OPERATIONS, **{name: function for name, (function, _, _) in FUNCTIONS.items()}}


@lru_cache(maxsize=8192)
def parse(text: str) -> Expression:
    """Return an expression that has been read. Raises ExpressionError with the offset of what cannot be."""
    tree = grammar.parse(text, DIALECT)
    names = tuple((part.value, part.span[0]) for part in tree.walk() if part.operation == "name" and part.value not in TRUTHS)
    return Expression(text, compiled(tree, EVALUATED), names)
