"""Sizes that a PyTorch program writes as expressions, read into our algebra without evaluating anything.

They are sympy's `srepr`: `Add(FloorDiv(Add(Symbol('s53', positive=True, integer=True), Integer(-1)), Integer(2)), Integer(1))`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import reduce
from operator import add, mul
from typing import Any

from cnncost.base.errors import AlgebraError, UsageError
from cnncost.base.poly import Num, maximum, minimum

TOKEN = re.compile(
    r"\s*(?:(?P<open>[A-Za-z_]\w*)\(|(?P<close>\))|(?P<comma>,)|(?P<flag>\w+=\w+)|(?P<integer>-?\d{1,30}\b)|'(?P<name>[A-Za-z]\w*)')"
)
LONGEST = 50_000  # characters of one size
LARGEST = 10**36  # of what it comes to


def _power(base: Num, exponent: Num) -> Num:
    if not isinstance(exponent, int) or not 0 <= exponent <= 8:
        raise AlgebraError(f"a power of {exponent}")
    return base**exponent


FUNCTIONS: dict[str, Callable[..., Num]] = {  # of torch/utils/_sympy/functions.py, and sympy's own
    "Integer": lambda value: value,
    "Add": lambda *parts: reduce(add, parts),
    "Mul": lambda *parts: reduce(mul, parts),
    "Pow": _power,
    "PowByNatural": _power,
    "FloorDiv": lambda top, bottom: top // bottom,
    "CleanDiv": lambda top, bottom: top // bottom,
    "CeilDiv": lambda top, bottom: (top + bottom - 1) // bottom,
    "Mod": lambda top, bottom: top % bottom,
    "PythonMod": lambda top, bottom: top % bottom,
    "Max": lambda *parts: reduce(maximum, parts),
    "Min": lambda *parts: reduce(minimum, parts),
}


class Expression(str):
    """A size as the file writes it, where it is no number."""

    __slots__ = ()


def size_at(text: str, symbols: Mapping[str, Num]) -> Num:
    """Return what a size is where its symbols have these values: integers, columns or letters.

    >>> size_at("FloorDiv(Add(Symbol('s53', positive=True, integer=True), Integer(1)), Integer(2))", {"s53": 224})
    112

    Raises UsageError for anything but such an expression, AlgebraError where letters leave the value open.
    """
    stack: list[tuple[str, list[Any]]] = [("", [])]
    place = 0
    if len(text) > LONGEST:
        raise UsageError(f"a size of {len(text):,} characters", "is the file damaged?")
    while place < len(text):
        token = TOKEN.match(text, place)
        if token is None:
            raise UsageError(f"cannot read the size '{text[:80]}' at '{text[place : place + 20]}'", "is the file damaged?")
        place = token.end()
        if token["open"]:
            stack.append((token["open"], []))
        elif token["integer"]:
            stack[-1][1].append(int(token["integer"]))
        elif token["name"]:
            stack[-1][1].append(token["name"])
        elif token["close"]:
            function, arguments = stack.pop()
            if not stack:
                break
            stack[-1][1].append(_value(function, arguments, symbols, text))
    if len(stack) != 1 or len(stack[0][1]) != 1:
        raise UsageError(f"cannot read the size '{text[:80]}'", "is the file damaged?")
    return stack[0][1][0]


def _value(function: str, arguments: list[Any], symbols: Mapping[str, Num], text: str) -> Num:
    if function == "Symbol" and len(arguments) == 1 and arguments[0] in symbols:
        return symbols[arguments[0]]
    if function not in FUNCTIONS or not arguments or any(isinstance(part, str) for part in arguments):
        what = f"the symbol {arguments[0]} is no size of an input" if function == "Symbol" else f"there is no {function}(…)"
        raise UsageError(f"cannot read the size '{text[:80]}': {what}", "export the network at one size instead")
    try:
        found = FUNCTIONS[function](*arguments)
        if isinstance(found, int) and abs(found) > LARGEST:
            raise UsageError(f"the size '{text[:80]}' is beyond what is possible", "is the file damaged?")
        return found
    except (TypeError, ZeroDivisionError) as error:
        raise UsageError(f"cannot read the size '{text[:80]}': {error}", "is the file damaged?") from None
