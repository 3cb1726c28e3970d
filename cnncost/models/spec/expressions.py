"""Expressions: what stands in a spec where a number is expected.

Integers, decimals, names, `+ - * / // % **`, comparisons, parentheses, and a few functions; nothing else, so that a
stranger's spec can be read. Values are exact: integers, columns of integers, letters, and ratios of those.

>>> parse("divisible(width / 3, 8)").value({"width": 100})
32
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import gcd
from typing import Any, NamedTuple, TypeAlias

from cnncost.base.poly import Num, maximum, minimum

LONGEST = 200  # characters
DEEPEST = 32  # levels
LARGEST_EXPONENT = 64
LARGEST = 10**30  # a result, its numerator and its denominator

Value: TypeAlias = Any  # Num | Ratio | bool | str: what an expression may come to
Env: TypeAlias = Mapping[str, Value]
Evaluate: TypeAlias = Callable[[Env], Value]

TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9][0-9_]*(?:\.[0-9_]+)?(?:[eE][+-]?[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<symbol>\*\*|//|<=|>=|==|!=|[-+*/%<>(),]))"
)
NUMBER = re.compile(r"(?:0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.[0-9]+(?:_[0-9]+)*)?(?:[eE][+-]?[0-9]+)?")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ExpressionError(Exception):
    """What is wrong with an expression, and where in its text."""

    def __init__(self, code: str, message: str, offset: int = 0, length: int = 1, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.offset, self.length, self.hint = code, message, offset, length, hint


@dataclass(frozen=True, slots=True, eq=False)
class Ratio:
    """A quotient that is not known to be whole; of integers it is in lowest terms."""

    numerator: Num
    denominator: Num

    def __str__(self) -> str:
        if not isinstance(self.numerator, int) or not isinstance(self.denominator, int):
            return f"({self.numerator})/({self.denominator})"
        number = Fraction(self.numerator, self.denominator)
        return f"{float(number):.10g}" if number.denominator in (2, 4, 5, 8, 10, 20, 25, 100, 1000) else f"{number}"


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that has been read: its text, how to evaluate it, and the names it uses with their offsets."""

    text: str
    value: Evaluate
    names: tuple[tuple[str, int], ...]


def ratio(top: Num, bottom: Num) -> Value:
    """Return top / bottom, as an integer where that is whole. Raises ExpressionError for 0 below."""
    if isinstance(top, int) and isinstance(bottom, int):
        if bottom == 0:
            raise ExpressionError("E113", "a division by zero")
        if bottom < 0:
            top, bottom = -top, -bottom
        common = gcd(top, bottom)
        top, bottom = top // common, bottom // common
        if max(abs(top), bottom) > LARGEST:
            raise ExpressionError("E113", "a result past 10^30")
        return top if bottom == 1 else Ratio(top, bottom)
    return top if isinstance(bottom, int) and bottom == 1 else Ratio(top, bottom)


def parts(value: Value) -> tuple[Num, Num]:
    """Return numerator and denominator of any number."""
    if isinstance(value, Ratio):
        return value.numerator, value.denominator
    if isinstance(value, (bool, str)):
        raise ExpressionError("E110", f"{shown(value)} is no number")
    return value, 1


def shown(value: Value) -> str:
    """Return a value as a spec writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _bounded(value: Value) -> Value:
    if type(value) is int and not -LARGEST <= value <= LARGEST:
        raise ExpressionError("E113", "a result past 10^30")
    return value


def _add(a: Value, b: Value) -> Value:
    if type(a) is int and type(b) is int:
        return _bounded(a + b)
    (n, d), (m, e) = parts(a), parts(b)
    return ratio(n * e + m * d, d * e)


def _subtract(a: Value, b: Value) -> Value:
    (n, d), (m, e) = parts(a), parts(b)
    return ratio(n * e - m * d, d * e)


def _multiply(a: Value, b: Value) -> Value:
    if type(a) is int and type(b) is int:
        return _bounded(a * b)
    (n, d), (m, e) = parts(a), parts(b)
    return ratio(n * m, d * e)


def _divide(a: Value, b: Value) -> Value:
    (n, d), (m, e) = parts(a), parts(b)
    return ratio(n * e, d * m)


def _floor_divide(a: Value, b: Value) -> Value:
    return floor(_divide(a, b))


def _remainder(a: Value, b: Value) -> Value:
    return _subtract(a, _multiply(b, _floor_divide(a, b)))


def _power(a: Value, b: Value) -> Value:
    if type(b) is not int or not -LARGEST_EXPONENT <= b <= LARGEST_EXPONENT:
        raise ExpressionError(
            "E113", f"an exponent of {shown(b)}", hint=f"an exponent is a whole number up to {LARGEST_EXPONENT}"
        )
    n, d = parts(a)
    for part in (n, d):
        if isinstance(part, int) and part.bit_length() * abs(b) > 256:
            raise ExpressionError("E113", "a result past 10^30")
    return ratio(n**b, d**b) if b >= 0 else ratio(d**-b, n**-b)


def floor(a: Value) -> Value:
    """Return the largest whole number up to a."""
    n, d = parts(a)
    return n // d


def ceil(a: Value) -> Value:
    """Return the smallest whole number from a."""
    n, d = parts(a)
    return (n + d - 1) // d


def round_(a: Value) -> Value:
    """Return the nearest whole number, halves up."""
    n, d = parts(a)
    return (2 * n + d) // (2 * d)


def divisible(a: Value, by: Value = 8) -> Value:
    """Return the nearest multiple of `by`, as MobileNet rounds its widths."""
    from cnncost.models.zoo.blocks import divisible

    parts(a)
    if not isinstance(by, int) or isinstance(by, bool) or by < 1:
        raise ExpressionError("E113", f"divisible by {shown(by)}", hint="give a whole number from 1, as in divisible(x, 8)")
    return divisible(a, by)


def _extreme(pick: Callable[[Num, Num], Num]) -> Callable[..., Value]:
    def of(first: Value, *others: Value) -> Value:
        result = first
        for other in others:
            (n, d), (m, e) = parts(result), parts(other)
            result = ratio(pick(n * e, m * d), d * e)
        return result

    return of


FUNCTIONS: dict[str, tuple[Callable[..., Value], int, int]] = {  # with the least and the most arguments
    "min": (_extreme(minimum), 2, 16),
    "max": (_extreme(maximum), 2, 16),
    "round": (round_, 1, 1),
    "ceil": (ceil, 1, 1),
    "floor": (floor, 1, 1),
    "divisible": (divisible, 1, 2),
}

COMPARISONS: dict[str, Callable[[Num, Num], Any]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def _compared(test: Callable[[Num, Num], Any]) -> Callable[[Value, Value], Any]:
    def of(a: Value, b: Value) -> Any:
        if isinstance(a, (bool, str)) and isinstance(b, (bool, str)):
            return test(a, b) if type(a) is type(b) else a is b
        (n, d), (m, e) = parts(a), parts(b)
        return test(n * e, m * d)

    return of


# Binding strengths, as in Python: comparisons, sums, products, powers.
BINARY: dict[str, tuple[int, Callable[[Value, Value], Value]]] = {
    **{symbol: (1, _compared(test)) for symbol, test in COMPARISONS.items()},
    "+": (2, _add),
    "-": (2, _subtract),
    "*": (3, _multiply),
    "/": (3, _divide),
    "//": (3, _floor_divide),
    "%": (3, _remainder),
    "**": (5, _power),
}
UNARY_STRENGTH = 4


class Token(NamedTuple):
    """A piece of an expression."""

    kind: str  # number, name, symbol or end
    text: str
    offset: int


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
    return _bounded(int(digits))


@lru_cache(maxsize=8192)
def parse(text: str) -> Expression:
    """Return an expression that has been read. Raises ExpressionError with the offset of what cannot be."""
    if len(text) > LONGEST:
        raise ExpressionError(
            "E113", f"an expression of {len(text)} characters", 0, 1, f"the most is {LONGEST}: name parts in let"
        )
    parser = _Parser(text)
    value = parser.binary(0, 0)
    parser.expect("end")
    return Expression(text, value, tuple(parser.names))


class _Parser:
    """Precedence climbing; builds one closure per operation."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: list[tuple[str, int]] = []
        self.end = 0
        self.token = self._next()

    def _next(self) -> Token:
        found = TOKEN.match(self.text, self.end)
        if found is None:
            rest = self.text[self.end :]
            offset = self.end + len(rest) - len(rest.lstrip())
            if not rest.strip():
                return Token("end", "", offset)
            raise ExpressionError("E110", f"cannot read '{self._show(offset)}' in an expression", offset)
        self.end = found.end()
        kind = str(found.lastgroup)
        return Token(kind, found.group(kind), found.start(kind))

    def _show(self, offset: int) -> str:
        return "".join(c if c.isprintable() else "�" for c in self.text[offset : offset + 12])

    def expect(self, kind: str, text: str = "") -> Token:
        token = self.token
        if token.kind != kind or (text and token.text != text):
            wanted = f"'{text}'" if text else "an operator" if kind == "end" else f"a {kind}"
            got = "the end" if token.kind == "end" else f"'{token.text}'"
            hint = ""
            if kind == "end" and token.text == ",":
                hint = "a list is written in brackets: [1, 7]"
            raise ExpressionError("E110", f"expected {wanted}, got {got}", token.offset, max(1, len(token.text)), hint)
        if kind != "end":
            self.token = self._next()
        return token

    def binary(self, strength: int, depth: int) -> Evaluate:
        if depth > DEEPEST:
            raise ExpressionError("E113", f"more than {DEEPEST} levels in an expression", self.token.offset)
        left = self.unary(depth)
        compared = False
        while self.token.kind == "symbol" and self.token.text in BINARY:
            power, operation = BINARY[self.token.text]
            if power <= strength:
                break
            if power == 1 and compared:
                raise ExpressionError(
                    "E110", "two comparisons in a row", self.token.offset, len(self.token.text), "write two conditions"
                )
            compared = compared or power == 1
            offset, length = self.token.offset, len(self.token.text)
            self.token = self._next()
            # ** binds to the right, the others to the left
            right = self.binary(4 if power == 5 else power, depth + 1)
            left = _operation(operation, left, right, offset, length)
        return left

    def unary(self, depth: int) -> Evaluate:
        token = self.token
        if token.kind == "symbol" and token.text in "+-":
            if depth > DEEPEST:
                raise ExpressionError("E113", f"more than {DEEPEST} levels in an expression", token.offset)
            self.token = self._next()
            operand = self.binary(UNARY_STRENGTH, depth + 1)
            return operand if token.text == "+" else _operation(_subtract, lambda env: 0, operand, token.offset, 1)
        return self.atom(depth)

    def atom(self, depth: int) -> Evaluate:
        token = self.token
        if token.kind == "number":
            self.token = self._next()
            try:
                value = number(token.text)
            except ExpressionError as error:
                error.offset += token.offset
                raise
            if value is None:
                raise ExpressionError("E110", f"cannot read '{token.text}'", token.offset, len(token.text))
            if self.token.kind == "name" and self.token.offset == token.offset + len(token.text):
                written = token.text + self.token.text
                raise ExpressionError("E110", f"cannot read '{written}'", token.offset, len(written), _UNIT)
            return lambda env: value
        if token.kind == "name":
            self.token = self._next()
            if self.token.text == "(" and self.token.kind == "symbol":
                return self.call(token, depth)
            name = token.text
            if name in ("true", "false"):
                truth = name == "true"
                return lambda env: truth
            self.names.append((name, token.offset))
            return lambda env: env[name]
        if token.text == "(":
            self.token = self._next()
            inner = self.binary(0, depth + 1)
            self.expect("symbol", ")")
            return inner
        got = "the end" if token.kind == "end" else f"'{token.text}'"
        raise ExpressionError("E110", f"expected a number or a name, got {got}", token.offset, max(1, len(token.text)))

    def call(self, token: Token, depth: int) -> Evaluate:
        from cnncost.base.errors import did_you_mean

        if token.text not in FUNCTIONS:
            known = f"functions: {', '.join(FUNCTIONS)}"
            message = f"unknown function '{token.text}'"
            raise ExpressionError("E111", message, token.offset, len(token.text), did_you_mean(token.text, FUNCTIONS, known))
        function, least, most = FUNCTIONS[token.text]
        self.expect("symbol", "(")
        arguments: list[Evaluate] = []
        while not (self.token.kind == "symbol" and self.token.text == ")"):
            if arguments:
                self.expect("symbol", ",")
            arguments.append(self.binary(0, depth + 1))
        self.expect("symbol", ")")
        if not least <= len(arguments) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            message = f"{token.text}() takes {wanted} values, got {len(arguments)}"
            raise ExpressionError("E110", message, token.offset, len(token.text))

        def evaluate(env: Env) -> Value:
            try:
                return function(*[argument(env) for argument in arguments])
            except ExpressionError as error:
                raise _placed(error, token.offset, len(token.text)) from None

        return evaluate


_UNIT = "units such as M or MiB belong to figures under budget and expect"


def _operation(
    function: Callable[[Value, Value], Value], left: Evaluate, right: Evaluate, offset: int, length: int
) -> Evaluate:
    def evaluate(env: Env) -> Value:
        a, b = left(env), right(env)
        try:
            return function(a, b)
        except ExpressionError as error:
            raise _placed(error, offset, length) from None

    return evaluate


def _placed(error: ExpressionError, offset: int, length: int) -> ExpressionError:
    """Return the error at a place, unless an operation inside has placed it already."""
    if not error.offset and error.length == 1:
        error.offset, error.length = offset, length
    return error
