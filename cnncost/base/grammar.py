"""Expressions in letters and whole numbers."""

from __future__ import annotations

import keyword
import re

from cnncost.base.errors import AlgebraError
from cnncost.base.notation import Num
from cnncost.base.poly import symbol

TOKEN = re.compile(r"\s*(?:(?P<number>\d+)|(?P<name>[^\W\d]\w*)|(?P<sign>\*\*|//|[-+*()])|(?P<other>\S))")
LARGEST_POWER = 8
LONGEST_EXPRESSION = 150  # characters, so that parentheses nest no deeper than Python does


def expression(text: str) -> Num:
    """Return the value of an expression in letters and whole numbers with + - * // ** and parentheses.

    >>> str(expression("(32*h + 6 - 7)//2 + 1"))
    '16·h'

    Raises AlgebraError with the position of what cannot be read, counted from 1.
    """
    if len(text) > LONGEST_EXPRESSION:
        raise AlgebraError(f"an expression of {len(text)} characters", f"write at most {LONGEST_EXPRESSION}")
    tokens = [
        (match.lastgroup or "", match[match.lastgroup or 0], match.start(match.lastgroup or 0))
        for match in TOKEN.finditer(text)
    ]
    tokens.append(("end", "", len(text)))
    position = 0

    def expected(what: str) -> AlgebraError:
        kind, word, start = tokens[position]
        found = "the end" if kind == "end" else f"'{word}'"
        return AlgebraError(
            f"column {start + 1} of '{text}': {what} expected, not {found}",
            "write letters and whole numbers with + - * // ** ( )",
        )

    def take(*words: str) -> str | None:
        nonlocal position
        kind, word, _ = tokens[position]
        if kind == "sign" and word in words:
            position += 1
            return word
        return None

    def total() -> Num:
        value = product()
        while sign := take("+", "-"):
            value = value + product() if sign == "+" else value - product()
        return value

    def product() -> Num:
        value = signed()
        while sign := take("*", "//"):
            value = value * signed() if sign == "*" else value // signed()
        return value

    def signed() -> Num:
        return -signed() if take("-") else power()

    def power() -> Num:
        nonlocal position
        value = single()
        if take("**"):
            kind, word, _ = tokens[position]
            if kind != "number" or int(word) > LARGEST_POWER:
                raise expected(f"a whole number up to {LARGEST_POWER}")
            position += 1
            value = value ** int(word)
        return value

    def single() -> Num:
        nonlocal position
        kind, word, _ = tokens[position]
        if kind == "number":
            position += 1
            return int(word)
        if kind == "name" and not keyword.iskeyword(word):
            position += 1
            return symbol(word)
        if take("("):
            value = total()
            if not take(")"):
                raise expected("an operator or ')'")
            return value
        raise expected("a letter, a number or '('")

    try:
        value = total()
    except ZeroDivisionError:
        raise AlgebraError(f"'{text}' divides by 0") from None
    if tokens[position][0] != "end":
        raise expected("an operator")
    return value
