"""One grammar for all expressions that people type: `--let`, conventions, specs and `--where`.

A text becomes a tree by precedence climbing; what may stand in it is a row, a `Dialect`. What the program prints can be typed
in all of them: `32·h`, `−`, `⌊H/2⌋`, `C²`, `w ≠ 64`. How strongly operators bind is as in Python.

>>> tree = parse("2·w² + ⌊w/3⌋", Dialect("expression"))
>>> tree.operation, [part.operation for part in tree.parts], tree.names()
('+', ['*', 'floor'], {'w': 2})
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from fractions import Fraction
from typing import Any, NamedTuple

from cnncost.base.errors import did_you_mean
from cnncost.base.record import dataclass

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
WORDS = ("and", "or", "not")
ARITHMETIC = ("+", "-", "*", "/", "//", "%", "**")
PRINTED = {"·": "*", "−": "-", "≤": "<=", "≥": ">=", "≠": "!="}  # as this program prints them
BRACKETS = {"(": (")", ""), "⌊": ("⌋", "floor"), "⌈": ("⌉", "ceil")}
STRENGTH = {  # how strongly an operator binds
    "or": 1,
    "and": 2,
    "not": 3,
    **dict.fromkeys(COMPARISONS, 4),
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "//": 6,
    "%": 6,
    "**": 8,
}
COMPARED, SIGNED, RAISED = 4, 7, 8
DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
PLAIN = str.maketrans(DIGITS, "0123456789")
LISTS = {  # what people write between the numbers of a list, and × as this program prints sizes: never a product
    ",": "a list is written in brackets: [1, 7]",
    **dict.fromkeys("×xX", "two sizes are written [3, 3], and a product 3*3"),
}
SIGNS = {"^": "powers are written **", "=": "equality is written ==", "!": "write not, or !="}

TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)"
    rf"|(?P<name>[^\W\d{DIGITS}][^\W{DIGITS}]*(?:\.[0-9]+)?)|(?P<text>'[^']*'|\"[^\"]*\")|(?P<power>[{DIGITS}]+)"
    r"|(?P<sign>\*\*|//|<=|>=|==|!=|[-+*/%<>(),·×−≤≥≠⌊⌋⌈⌉]))"
)
UNIT = re.compile(r"\s?([A-Za-z]+)(?![\w.])")


class ExpressionError(Exception):
    """What is wrong with an expression, and where in its text. `code` is its number among those of `cnncost errors`."""

    def __init__(self, code: str, message: str, offset: int = 0, length: int = 1, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.offset, self.length, self.hint = code, message, offset, length, hint

    def shown(self, text: str) -> str:
        """Return the message with the text and a caret below the place."""
        return f"{self.message}\n{caret(text, self.offset, self.length)}"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What may stand in one kind of expression."""

    what: str  # as messages call it
    signs: tuple[str, ...] = ARITHMETIC
    functions: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # the least and the most arguments of each
    suffixes: Mapping[str, int] = field(default_factory=dict)  # of numbers, in lower case
    texts: bool = False  # whether quoted texts may stand in it
    dotted: bool = False  # whether names may have an entry: depths.2
    chains: bool = False  # whether comparisons may be chained: 1 < x < 3
    longest: int = 200  # characters
    deepest: int = 32  # levels
    most: int = 250  # operations, for they nest to the left
    number: Callable[[str], Any] | None = None  # reads a number in another way than `exact`
    ending: str = ""  # the remedy where it should end
    unit: str = ""  # the remedy for a number with a unit
    shorter: str = ""  # the remedy for one that is too long, after "the most is 200"


class Tree(NamedTuple):
    """An operation on its parts, or a value; `span` is its place in the text, `at` that of its operator."""

    operation: str  # "number", "name", "text", "-x", "compare", "and", "or", "not", a sign, or the name of a function
    parts: tuple[Tree, ...] = ()
    value: Any = None  # of a number, a name or a text; the operators of a comparison
    span: tuple[int, int] = (0, 0)
    at: tuple[int, int] = (0, 0)

    @property
    def truth(self) -> bool:
        """Whether it is true or false, rather than a value."""
        return self.operation in ("compare", *WORDS)

    def walk(self) -> Iterator[Tree]:
        """Iterate over the tree and all its parts, in the order of the text."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def names(self) -> dict[str, int]:
        """Return the names that occur, with the place of the first of each."""
        found: dict[str, int] = {}
        for tree in self.walk():
            if tree.operation == "name":
                found.setdefault(tree.value, tree.span[0])
        return found


class Token(NamedTuple):
    """A piece of an expression."""

    kind: str  # number, name, text, power, sign or end
    text: str
    start: int
    end: int


def parse(text: str, dialect: Dialect) -> Tree:
    """Return the tree of a text. Raises ExpressionError with the place of what cannot be read."""
    if len(text) > dialect.longest:
        fact = f"{_a(dialect.what)} of {len(text):,} characters"
        raise ExpressionError("E113", fact, 0, 1, f"the most is {dialect.longest:,}{dialect.shorter}")
    parser = _Parser(text, dialect)
    tree = parser.climb(0, 0)
    token = parser.token
    if token.kind != "end":
        raise parser.expected("an operator", dialect.ending or LISTS.get(token.text, ""))
    return tree


def exact(text: str) -> Fraction:
    """Return the number that a text of digits stands for: 26_000_000, 4.5, 1e9."""
    digits, _, power = text.replace("_", "").lower().partition("e")
    whole = digits.partition(".")[0]
    if len(whole) > 1 and whole[0] == "0":  # a date, or a number that other readers take for octal
        raise ExpressionError(
            "E114", f"'{text[:40]}' has a leading zero", 0, len(text), f"write {text.lstrip('0_')[:40] or '0'}"
        )
    if len(digits) > 40 or len(power) > 3:
        raise ExpressionError("E113", "a number past 10^40", 0, len(text))
    return Fraction(digits.rstrip(".") or "0") * Fraction(10) ** int(power or 0)


WIDEST = 100  # characters of a line that are shown around a place


def caret(text: str, offset: int, length: int) -> str:
    """Return a line of text, or the part of it around a place, with carets below the place."""
    shown, column = window("".join(character if character.isprintable() else " " for character in text), offset)
    return f"  {shown}\n  {' ' * column}{'^' * max(1, min(length, len(shown) - column))}"


def window(line: str, column: int) -> tuple[str, int]:
    """Return the part of a long line around a column, and where the column is in it."""
    if len(line) <= WIDEST:
        return line, column
    start = max(0, min(column - WIDEST // 2, len(line) - WIDEST))
    head, tail = ("…" if start else ""), ("…" if start + WIDEST < len(line) else "")
    return head + line[start : start + WIDEST] + tail, column - start + len(head)


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


class _Parser:
    """Precedence climbing, with one token of foresight."""

    def __init__(self, text: str, dialect: Dialect) -> None:
        self.text = text
        self.dialect = dialect
        self.end = 0  # of the tokens read
        self.before = 0  # the end of the one taken last
        self.operations = 0
        self.token = self.read()

    def read(self) -> Token:
        found = TOKEN.match(self.text, self.end)
        if found is None:
            rest = self.text[self.end :]
            offset = self.end + len(rest) - len(rest.lstrip())
            if not rest.strip():
                return Token("end", "", len(self.text.rstrip()), len(self.text.rstrip()))
            hint = SIGNS.get(self.text[offset], self.dialect.ending)
            raise ExpressionError("E110", f"cannot read '{self.show(offset)}' in {_a(self.dialect.what)}", offset, 1, hint)
        kind = str(found.lastgroup)
        text, start, self.end = found.group(kind), found.start(kind), found.end()
        if kind == "name" and "." in text and not self.dialect.dotted:
            text = text.partition(".")[0]
            self.end = start + len(text)
        text = PRINTED.get(text, text)
        if kind == "name" and text in WORDS and text in self.dialect.signs:
            kind = "sign"
        if kind == "text" and not self.dialect.texts:
            raise ExpressionError("E110", f"cannot read '{self.show(start)}' in {_a(self.dialect.what)}", start)
        return Token(kind, text, start, self.end)

    def show(self, offset: int) -> str:
        return "".join(c if c.isprintable() else "�" for c in self.text[offset : offset + 12])

    def take(self) -> Token:
        token = self.token
        self.before = token.end
        self.token = self.read()
        return token

    def sees(self, *signs: str) -> bool:
        return self.token.kind == "sign" and self.token.text in signs

    def expected(self, what: str, hint: str = "") -> ExpressionError:
        token = self.token
        got = (
            "the end" if token.kind == "end" else f"'{self.text[token.start : token.start + min(40, token.end - token.start)]}'"
        )
        return ExpressionError("E110", f"expected {what}, got {got}", token.start, max(1, token.end - token.start), hint)

    def deeper(self, depth: int) -> int:
        self.operations += 1
        if depth >= self.dialect.deepest:
            raise ExpressionError(
                "E113", f"more than {self.dialect.deepest} levels in {_a(self.dialect.what)}", self.token.start
            )
        if self.operations > self.dialect.most:
            raise ExpressionError("E113", f"more than {self.dialect.most} operations", self.token.start, 1, "name parts of it")
        return depth + 1

    def climb(self, above: int, depth: int) -> Tree:
        """Return what stands here up to an operator that binds no stronger than `above`."""
        left = self.prefix(depth)
        while self.token.kind == "power" or (self.token.kind == "sign" and STRENGTH.get(self.token.text, 0) > above):
            sign = "**" if self.token.kind == "power" else self.token.text
            strength = STRENGTH[sign]
            if strength <= above or sign == "not":
                break
            if sign not in self.dialect.signs:
                raise ExpressionError(
                    "E110", f"no {sign} in {_a(self.dialect.what)}", self.token.start, len(self.token.text), self.dialect.ending
                )
            if sign in COMPARISONS:
                left = self.comparison(left, depth)
            elif sign in ("and", "or"):
                parts = [left]
                while self.sees(sign):
                    self.take()
                    parts.append(self.climb(strength, depth + 1))
                left = Tree(sign, tuple(parts), span=(left.span[0], self.before))
            else:
                at = (self.token.start, self.token.end)
                inner = self.deeper(depth)
                if self.token.kind == "power":
                    digits = self.take().text.translate(PLAIN)
                    right = Tree("number", value=self.number(digits, at[0]), span=at)
                else:
                    self.take()
                    right = self.climb(strength - 1 if strength == RAISED else strength, inner)  # ** binds to the right
                left = Tree(sign, (left, right), span=(left.span[0], self.before), at=at)
        return left

    def comparison(self, left: Tree, depth: int) -> Tree:
        parts: list[Tree] = [left]
        signs: list[str] = []
        while self.sees(*COMPARISONS):
            if signs and not self.dialect.chains:
                token = self.token
                raise ExpressionError("E110", "two comparisons in a row", token.start, len(token.text), "write two conditions")
            at = (self.token.start, self.token.end)
            signs.append(self.take().text)
            parts.append(self.climb(COMPARED, self.deeper(depth)))
        return Tree("compare", tuple(parts), tuple(signs), (left.span[0], self.before), at)

    def prefix(self, depth: int) -> Tree:
        token = self.token
        if self.sees("-", "+", "not") and token.text in self.dialect.signs:
            inner = self.deeper(depth)
            self.take()
            part = self.climb(STRENGTH["not"] if token.text == "not" else SIGNED, inner)
            if token.text == "+":
                return part
            return Tree("not" if token.text == "not" else "-x", (part,), span=(token.start, self.before), at=token[2:])
        return self.atom(depth)

    def atom(self, depth: int) -> Tree:
        token = self.token
        if token.kind == "number":
            return self.measured()
        if token.kind == "name":
            self.take()
            if self.sees("("):
                return self.call(token, depth)
            return Tree("name", value=token.text, span=token[2:])
        if token.kind == "text":
            self.take()
            return Tree("text", value=token.text[1:-1], span=token[2:])
        if not self.sees(*BRACKETS):
            raise self.expected("a number or a name", self.dialect.ending)
        closing, function = BRACKETS[token.text]
        inner = self.deeper(depth)
        self.take()
        part = self.climb(0, inner)
        self.close(closing, token)
        span = (token.start, self.before)
        return Tree(function, (part,), span=span, at=token[2:]) if function else part._replace(span=span)

    def close(self, closing: str, opened: Token) -> None:
        if self.token.kind == "end":
            raise ExpressionError("E110", "this bracket is never closed", opened.start, 1, f"add a {closing}")
        if not self.sees(closing):
            raise self.expected(f"an operator or '{closing}'", LISTS.get(self.token.text, ""))
        self.take()

    def call(self, token: Token, depth: int) -> Tree:
        functions = self.dialect.functions
        if token.text not in functions:
            known = f"functions: {', '.join(functions)}" if functions else "there are no functions here"
            fact = f"unknown function '{token.text[:40]}'"
            raise ExpressionError("E111", fact, token.start, len(token.text), did_you_mean(token.text, functions, known))
        opened = self.take()
        inner = self.deeper(depth)
        arguments: list[Tree] = []
        while not self.sees(")"):
            if arguments:
                if not self.sees(","):
                    self.close(")", opened)
                    break
                self.take()
            arguments.append(self.climb(0, inner))
        else:
            self.take()
        least, most = functions[token.text]
        if not least <= len(arguments) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            fact = f"{token.text}() takes {wanted} values, got {len(arguments)}"
            raise ExpressionError("E110", fact, token.start, len(token.text))
        return Tree(token.text, tuple(arguments), span=(token.start, self.before), at=token[2:])

    def measured(self) -> Tree:
        """Return a number, with its suffix where the dialect has such."""
        token, dialect = self.token, self.dialect
        start, end = token.start, token.end
        value = self.number(token.text, start)
        suffix = UNIT.match(self.text, end) if dialect.suffixes else None
        if suffix is not None and suffix[1] not in WORDS:
            if suffix[1].lower() not in dialect.suffixes:
                listed = ", ".join(dialect.suffixes)
                length = len(suffix[1])
                raise ExpressionError(
                    "E110", f"unknown suffix '{suffix[1][:40]}'", suffix.start(1), length, f"suffixes: {listed}"
                )
            value, end = value * dialect.suffixes[suffix[1].lower()], suffix.end()
            self.end = end
        self.take()
        self.before = end
        if self.token.kind == "name" and self.token.start == end:
            word = token.text + self.token.text
            hint = LISTS["x"] if re.fullmatch("[xX][0-9]+", self.token.text) else dialect.unit
            raise ExpressionError("E110", f"cannot read '{word[:40]}'", start, len(word), hint)
        return Tree("number", value=value, span=(start, end))

    def number(self, text: str, offset: int) -> Any:
        try:
            value = (self.dialect.number or exact)(text)
        except ExpressionError as error:
            error.offset += offset
            raise
        if value is None:
            raise ExpressionError("E110", f"cannot read '{text}'", offset, len(text))
        return value
