"""Conditions on candidates: `flops <= 4.1G and params < 26M and not width == 48`.

Names are figures and axes; numbers may have a suffix (k, M, G, T; KB, MB, GB of 1024); arithmetic with division by numbers
only, comparisons, which may be chained, and `and`, `or`, `not`. Everything is exact: a value is a whole number, or a column of
them, over a positive whole denominator.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import reduce
from typing import Any, TypeAlias

from cnncost.base import grammar, units
from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.grammar import ARITHMETIC, COMPARISONS, WORDS, Dialect, ExpressionError, Tree

Expression: TypeAlias = Tree

TRUTHS = ("true", "false")
HIGHEST = 8  # power
DIALECT = Dialect(
    "condition",
    signs=(*ARITHMETIC, *COMPARISONS, *WORDS),
    suffixes={suffix: size for unit in ("bytes", "count") for suffix, size in units.SUFFIXES[unit].items() if suffix},
    texts=True,
    dotted=True,
    chains=True,
    longest=10_000,
    ending="write a condition such as flops <= 4.1G; join conditions with and, or",
)
COMPARED = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
    "!=": operator.ne,
}


def parse(text: str, known: Iterable[str], option: str = "--where") -> Expression:
    """Return a condition from its text. Raises UsageError with the place marked where it cannot be read.

    `known` are the names that may occur.
    """
    names = tuple(known)
    try:
        tree = grammar.parse(text, DIALECT)
        for part in tree.walk():
            _sound(part, names)
        _demand(tree, True)
        return tree
    except ExpressionError as error:
        raise UsageError(f"{option}: {error.shown(text)}", error.hint) from None


def _sound(tree: Tree, known: tuple[str, ...]) -> None:
    """Raise ExpressionError for an unknown name, and for an operation on what it cannot work with."""
    match tree.operation:
        case "name" if tree.value not in known and tree.value not in TRUTHS:
            near = did_you_mean(tree.value, known, f"names: {', '.join(known)}")
            raise _wrong(tree, f"unknown name '{tree.value[:40]}'", near)
        case "number" | "name" | "text":
            return
        case "and" | "or" | "not":
            for part in tree.parts:
                _demand(part, True)
        case "compare":
            for part in tree.parts:
                _demand(part, False)
            for sign, *sides in zip(tree.value, tree.parts, tree.parts[1:], strict=False):
                words = [side for side in sides if side.operation == "text"]
                if words and sign not in ("==", "!="):
                    raise _wrong(words[0], f"a text has no order, so {sign} says nothing", "use == or !=")
        case _:
            for part in tree.parts:
                _demand(part, False)
                if part.operation == "text":
                    raise _wrong(part, "no arithmetic with a text")
            if tree.operation in ("/", "//", "%") and (tree.parts[1].names() or _constant(tree.parts[1]) == 0):
                raise _wrong(tree.parts[1], "divide by numbers other than 0 only", "multiply the other side instead")
            if tree.operation == "**" and not _is_power(tree.parts[1]):
                raise _wrong(tree.parts[1], f"a power is a whole number from 0 to {HIGHEST}")


def _demand(part: Tree, truth: bool) -> None:
    if part.truth != truth:
        fact = "this is a value, no condition" if truth else "this is a condition, no value"
        raise _wrong(part, fact, "compare values: flops <= 4.1G; join conditions: … and …")


def _wrong(part: Tree, fact: str, hint: str = "") -> ExpressionError:
    return ExpressionError("E110", fact, part.span[0], part.span[1] - part.span[0], hint)


def _is_power(part: Tree) -> bool:
    return part.operation == "number" and part.value in range(HIGHEST + 1)


def holds(expression: Expression, values: Mapping[str, Any]) -> Any:
    """Return where a condition holds: a boolean, or an array of them.

    `values` are numbers, `Ints`, texts, or arrays of texts, by name.
    """
    if expression.operation == "compare":
        sides = [_value(part, values) for part in expression.parts]
        links = [_compare(a, sign, b) for a, sign, b in zip(sides, expression.value, sides[1:], strict=False)]
        return reduce(operator.and_, links)
    truths = [holds(part, values) for part in expression.parts]
    if expression.operation == "not":
        return ~truths[0] if hasattr(truths[0], "dtype") else not truths[0]
    return reduce(operator.and_ if expression.operation == "and" else operator.or_, truths)


def _compare(a: Any, sign: str, b: Any) -> Any:
    if not (isinstance(a, tuple) and isinstance(b, tuple)):  # texts, or columns of them; a text and a number differ
        equal = False if isinstance(a, tuple) or isinstance(b, tuple) else a == b
        return equal if sign == "==" else ~equal if hasattr(equal, "dtype") else not equal
    return COMPARED[sign](*_over_one(a, b)[:2])


def _over_one(a: Any, b: Any) -> tuple[Any, Any, int]:
    """Return the numerators of two values over one denominator, and that."""
    (x, over), (y, under) = a, b
    return (x if under == 1 else x * under), (y if over == 1 else y * over), over * under


def _value(expression: Expression, values: Mapping[str, Any]) -> Any:
    """Return a text, or a numerator, which is an int or Ints, and a positive denominator."""
    operation = expression.operation
    if operation == "number":
        return expression.value.numerator, expression.value.denominator
    if operation == "text":
        return str(expression.value)
    if operation == "name":
        name = expression.value
        return _plain(values[name]) if name in values or name not in TRUTHS else name
    a, *others = (_value(part, values) for part in expression.parts)
    if operation == "-x":
        return -a[0], a[1]
    if operation in ("floor", "ceil"):
        return (a[0] // a[1] if operation == "floor" else -(-a[0] // a[1])), 1
    (b,) = others
    if operation == "*":
        return a[0] * b[0], a[1] * b[1]
    if operation == "**":
        return a[0] ** b[0], a[1] ** b[0]
    if operation == "/":
        sign = 1 if b[0] > 0 else -1
        return a[0] * b[1] * sign, a[1] * b[0] * sign
    x, y, bottom = _over_one(a, b)
    if operation == "//":
        return x // y, 1
    return (x % y if operation == "%" else x + y if operation == "+" else x - y), bottom


def _plain(value: Any) -> Any:
    """Return a setting as a text or a rational: none and lists are compared as people write them."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, float):
        exact = Fraction(repr(value))
        return exact.numerator, exact.denominator
    if hasattr(value, "dtype") and isinstance(value.flat[0], str):
        return value
    return value if isinstance(value, str) else (value, 1)


def _constant(expression: Expression) -> Fraction:
    numerator, denominator = _value(expression, {})
    return Fraction(numerator, denominator)


def upper_bounds(expression: Expression | None, figures: Iterable[str]) -> dict[str, int] | None:
    """Return the bounds that a condition sets, figure by figure, where it is nothing but upper bounds on figures; else None."""
    if expression is None:
        return {}
    if expression.operation == "and":
        bounds: dict[str, int] = {}
        for part in expression.parts:
            found = upper_bounds(part, figures)
            if found is None:
                return None
            for figure, bound in found.items():
                bounds[figure] = min(bound, bounds.get(figure, bound))
        return bounds
    if expression.operation != "compare" or len(expression.parts) != 2:
        return None
    left, right = expression.parts
    operator = expression.value[0]
    if operator in (">", ">="):
        left, right, operator = right, left, operator.replace(">", "<")
    if operator not in ("<", "<=") or left.operation != "name" or left.value not in figures:
        return None
    if right.names() or right.operation == "text":
        return None
    limit = _constant(right)
    whole = limit.numerator // limit.denominator
    return {left.value: whole - 1 if operator == "<" and whole == limit else whole}
