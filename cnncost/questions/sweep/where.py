"""Conditions on candidates: `flops <= 4.1G and params < 26M and not width == 48`.

Names are figures and axes; numbers may have a suffix (k, M, G, T; KB, MB, GB of 1024); `+ - * /` with division by numbers only,
comparisons, which may be chained, and `and`, `or`, `not`. Everything is exact: a value is a whole number, or a column of
them, over a positive whole denominator.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NoReturn

from cnncost.base import units
from cnncost.base.errors import UsageError, did_you_mean

SUFFIXES = {suffix: size for unit in ("bytes", "count") for suffix, size in units.SUFFIXES[unit].items() if suffix}
TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d[\d_]*\.?\d*|\.\d+)(?:e\d{1,2})?)\s?(?P<suffix>[A-Za-z]+)?(?![\w.])"
    r"|(?P<name>[A-Za-z_]\w*(?:\.\d+)?)|(?P<text>'[^']*'|\"[^\"]*\")|(?P<mark><=|>=|==|!=|<|>|\+|-|\*|/|\(|\)))"
)
WORDS = ("and", "or", "not")
COMPARISONS = ("<=", ">=", "==", "!=", "<", ">")
LONGEST = 10_000  # characters; deeper nesting than such a text can hold is no condition that a person wrote


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed condition: an operation on its parts, or a value."""

    operation: str  # "number", "name", "text", an operator, "compare", "and", "or" or "not"
    parts: tuple[Expression, ...] = ()
    value: Any = None  # of a number, a name or a text; the operators of a comparison
    span: tuple[int, int] = (0, 0)

    @property
    def truth(self) -> bool:
        """Whether it is true or false, rather than a value."""
        return self.operation in ("compare", *WORDS)

    def names(self) -> set[str]:
        """Return the names that occur."""
        if self.operation == "name":
            return {self.value}
        return set().union(*(part.names() for part in self.parts))


def parse(text: str, known: Iterable[str], option: str = "--where") -> Expression:
    """Return a condition from its text. Raises UsageError with the place marked where it cannot be read.

    `known` are the names that may occur.
    """
    if len(text) > LONGEST:
        raise UsageError(f"{option}: a condition of {len(text):,} characters", f"give up to {LONGEST:,}")
    try:
        return _Parser(text, tuple(known), option).whole()
    except RecursionError:
        raise UsageError(f"{option}: too many brackets within each other", "write it flatter") from None


class _Parser:
    def __init__(self, text: str, known: tuple[str, ...], option: str) -> None:
        self.text = text
        self.known = known
        self.option = option
        self.tokens = list(self.read())
        self.at = 0

    def read(self) -> Iterator[tuple[str, Any, tuple[int, int]]]:
        place = 0
        while self.text[place:].strip():
            match = TOKEN.match(self.text, place)
            if match is None:
                start = place + len(self.text[place:]) - len(self.text[place:].lstrip())
                self.fail("cannot read this", (start, start + 1), "write a condition such as flops <= 4.1G and params < 26M")
            kind = match.lastgroup if match.lastgroup != "suffix" else "number"
            assert kind is not None
            span = (match.start(kind), match.end())
            value: Any = match.group(kind)
            if kind == "number":
                suffix = match.group("suffix")
                if suffix in WORDS:  # 3 and …
                    span = (span[0], match.end("number"))
                    suffix = None
                if suffix is not None and suffix.lower() not in SUFFIXES:
                    listed = ", ".join(SUFFIXES)
                    self.fail(f"unknown suffix '{suffix}'", match.span("suffix"), f"suffixes: {listed}")
                value = Fraction(value.replace("_", "")) * SUFFIXES.get((suffix or "").lower(), 1)
            elif kind == "name" and value in WORDS:
                kind = "mark"
            yield kind, value, span
            place = span[1]

    def fail(self, fact: str, span: tuple[int, int], hint: str = "") -> NoReturn:
        marked = f"  {self.text}\n  {' ' * span[0]}{'^' * max(1, span[1] - span[0])}"
        raise UsageError(f"{self.option}: {fact}\n{marked}", hint)

    def peek(self, *marks: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at][0] == "mark" and self.tokens[self.at][1] in marks

    def take(self) -> tuple[str, Any, tuple[int, int]]:
        if self.at == len(self.tokens):
            self.fail("it ends too early", (len(self.text), len(self.text)), "a value is missing")
        self.at += 1
        return self.tokens[self.at - 1]

    def whole(self) -> Expression:
        found = self.junction("or")
        if self.at < len(self.tokens):
            self.fail("it should end here", self.tokens[self.at][2], "join conditions with and, or")
        return self.demand(found, True)

    def demand(self, part: Expression, truth: bool) -> Expression:
        if part.truth != truth:
            fact = "this is a value, no condition" if truth else "this is a condition, no value"
            self.fail(fact, part.span, "compare values: flops <= 4.1G; join conditions: … and …")
        return part

    def junction(self, word: str) -> Expression:
        inner: Callable[[], Expression] = (lambda: self.junction("and")) if word == "or" else self.negation
        parts = [inner()]
        while self.peek(word):
            self.take()
            self.demand(parts[0], True)
            parts.append(self.demand(inner(), True))
        return parts[0] if len(parts) == 1 else Expression(word, tuple(parts), span=(parts[0].span[0], parts[-1].span[1]))

    def negation(self) -> Expression:
        if self.peek("not"):
            start = self.take()[2][0]
            part = self.demand(self.negation(), True)
            return Expression("not", (part,), span=(start, part.span[1]))
        return self.comparison()

    def comparison(self) -> Expression:
        parts, operators = [self.sum()], []
        while self.peek(*COMPARISONS):
            operators.append(self.take()[1])
            parts.append(self.sum())
        if not operators:
            return parts[0]
        for part in parts:
            self.demand(part, False)
        for left, operator, right in zip(parts, operators, parts[1:], strict=False):
            words = [part for part in (left, right) if part.operation == "text"]
            if words and operator not in ("==", "!="):
                self.fail(f"a text has no order, so {operator} says nothing", words[0].span, "use == or !=")
        return Expression("compare", tuple(parts), tuple(operators), (parts[0].span[0], parts[-1].span[1]))

    def sum(self) -> Expression:
        return self.chain(("+", "-"), lambda: self.chain(("*", "/"), self.sign))

    def chain(self, operators: tuple[str, ...], inner: Callable[[], Expression]) -> Expression:
        found = inner()
        while self.peek(*operators):
            operator = self.take()[1]
            right = inner()
            for part in (found, right):
                self.demand(part, False)
                if part.operation == "text":
                    self.fail("no arithmetic with a text", part.span)
            if operator == "/" and (right.names() or _constant(right) == 0):
                self.fail("divide by numbers other than 0 only", right.span, "multiply the other side instead")
            found = Expression(operator, (found, right), span=(found.span[0], right.span[1]))
        return found

    def sign(self) -> Expression:
        if self.peek("-"):
            start = self.take()[2][0]
            part = self.demand(self.sign(), False)
            zero = Expression("number", value=Fraction(0), span=(start, start))
            return Expression("-", (zero, part), span=(start, part.span[1]))
        return self.atom()

    def atom(self) -> Expression:
        kind, value, span = self.take()
        if kind == "name":
            if value not in self.known and value not in ("true", "false"):
                self.fail(f"unknown name '{value}'", span, did_you_mean(value, self.known, f"names: {', '.join(self.known)}"))
            if value in ("true", "false") and value not in self.known:
                return Expression("text", value=value, span=span)
            return Expression("name", value=value, span=span)
        if kind == "number":
            return Expression("number", value=value, span=span)
        if kind == "text":
            return Expression("text", value=value[1:-1], span=span)
        if value != "(":
            self.fail(f"'{value}' cannot stand here", span, "a number, a name or a bracket is missing")
        found = self.junction("or")
        if not self.peek(")"):
            self.fail("this bracket is never closed", span, "add a )")
        self.take()
        return found


# A text, or a numerator, which is an int or Ints, and a positive denominator.


def holds(expression: Expression, values: Mapping[str, Any]) -> Any:
    """Return where a condition holds: a boolean, or an array of them.

    `values` are numbers, `Ints`, texts, or arrays of texts, by name.
    """
    if expression.operation == "compare":
        result: Any = True
        for left, operator, right in zip(expression.parts, expression.value, expression.parts[1:], strict=False):
            result = result & _compare(left, operator, right, values)
        return result
    first, *others = (holds(part, values) for part in expression.parts)
    if expression.operation == "not":
        return ~first if hasattr(first, "dtype") else not first
    for other in others:
        first = first & other if expression.operation == "and" else first | other
    return first


def _compare(left: Expression, operator: str, right: Expression, values: Mapping[str, Any]) -> Any:
    a, b = _value(left, values), _value(right, values)
    if not (isinstance(a, tuple) and isinstance(b, tuple)):  # texts, or columns of them; a text and a number differ
        equal = False if isinstance(a, tuple) or isinstance(b, tuple) else a == b
        return equal if operator == "==" else ~equal if hasattr(equal, "dtype") else not equal
    (x, over), (y, under) = a, b
    x, y = (x if under == 1 else x * under), (y if over == 1 else y * over)
    compared = {
        "<=": lambda: x <= y,
        ">=": lambda: x >= y,
        "<": lambda: x < y,
        ">": lambda: x > y,
        "==": lambda: x == y,
        "!=": lambda: x != y,
    }
    return compared[operator]()


def _value(expression: Expression, values: Mapping[str, Any]) -> Any:
    if expression.operation == "number":
        return expression.value.numerator, expression.value.denominator
    if expression.operation == "text":
        return str(expression.value)
    if expression.operation == "name":
        return _plain(values[expression.value])
    (a, over), (b, under) = (_value(part, values) for part in expression.parts)
    if expression.operation == "*":
        return a * b, over * under
    if expression.operation == "/":
        sign = 1 if b > 0 else -1
        return a * under * sign, over * b * sign
    a, b = (a if under == 1 else a * under), (b if over == 1 else b * over)
    return (a + b if expression.operation == "+" else a - b), over * under


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
