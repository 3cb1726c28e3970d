"""An exact integer algebra: polynomials over letters, with floor division.

Rules use `+ - * // **` only, so one rule runs on integers, on columns of integers (`cnncost.base.ints.Ints`) and on the
polynomials of this module. Letters stand for integers of at least 1: a size, a width, a count.

The normal form of a polynomial is a mapping from monomials to integer coefficients that are not 0; a monomial is a sorted
tuple of (atom, exponent); an atom is a letter or one flat floor ⌊numerator / denominator⌋. A constant polynomial is an `int`.
Sums and products with fractions (a share of training passes) give fractional coefficients; such polynomials are not floored.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, TypeAlias

from cnncost.base.errors import AlgebraError, Disagreement
from cnncost.base.ints import Ints

Num: TypeAlias = Any  # int | Ints | Poly: whatever + - * // ** mean something for
Atom: TypeAlias = "str | Floor"
Monomial: TypeAlias = "tuple[tuple[Atom, int], ...]"

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Floor:
    """The atom ⌊numerator / denominator⌋, with numerator reduced as far as `Poly.__floordiv__` can."""

    numerator: Num
    denominator: Num

    def __str__(self) -> str:
        return _atom_text(self, TEXT)


class Poly:
    """A polynomial with integer coefficients, never constant. Make letters with `symbols`.

    >>> C, H, W = symbols("C H W")
    >>> str(4 * C * C + (3 * C) ** 2 + 4 * C * C)
    '17·C²'
    >>> str((32 * H + 6 - 7) // 2 + 1)
    '16·H'
    >>> str(((H + 1) // 2 + 1) // 2)
    '⌈H/4⌉'
    """

    __slots__ = ("_hash", "terms")

    def __init__(self, terms: dict[Monomial, int]) -> None:
        self.terms = terms
        self._hash = hash(frozenset(terms.items()))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Poly) and self._hash == other._hash and self.terms == other.terms

    def __add__(self, other: Num) -> Num:
        if not isinstance(other, (int, Fraction, Poly)):
            return NotImplemented
        total = dict(self.terms)
        for monomial, coefficient in _terms(other).items():
            total[monomial] = total.get(monomial, 0) + coefficient
        return _number(total)

    __radd__ = __add__

    def __neg__(self) -> Num:
        return Poly({monomial: -coefficient for monomial, coefficient in self.terms.items()})

    def __sub__(self, other: Num) -> Num:
        return self + -other if isinstance(other, (int, Fraction, Poly)) else NotImplemented

    def __rsub__(self, other: Num) -> Num:
        return -self + other

    def __mul__(self, other: Num) -> Num:
        if not isinstance(other, (int, Fraction, Poly)):
            return NotImplemented
        product: dict[Monomial, int] = {}
        for left, a in self.terms.items():
            for right, b in _terms(other).items():
                monomial = _times(left, right)
                product[monomial] = product.get(monomial, 0) + a * b
        return _number(product)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Num:
        if not isinstance(exponent, int) or exponent < 0:
            raise AlgebraError(f"({self}) to the power {exponent}: an exponent is a whole number from 0")
        result: Num = 1
        for _ in range(exponent):
            result = result * self
        return result

    def __floordiv__(self, other: Num) -> Num:
        return _floor(self, other) if isinstance(other, (int, Poly)) else NotImplemented

    def __rfloordiv__(self, other: Num) -> Num:
        return _floor(other, self) if isinstance(other, int) else NotImplemented

    def __mod__(self, other: Num) -> Num:
        return self - self // other * other

    def __rmod__(self, other: Num) -> Num:
        return other - other // self * self

    def __lt__(self, other: Num) -> bool:
        return _positive(other - self, f"whether {self} < {other}")

    def __gt__(self, other: Num) -> bool:
        return _positive(self - other, f"whether {self} > {other}")

    def __le__(self, other: Num) -> bool:
        return not self > other

    def __ge__(self, other: Num) -> bool:
        return not self < other

    def letters(self) -> tuple[str, ...]:
        """Return the letters that occur, sorted, those inside floors too."""
        found: set[str] = set()
        for atom in self.atoms():
            if isinstance(atom, str):
                found.add(atom)
            else:
                for part in (atom.numerator, atom.denominator):
                    found.update(part.letters() if isinstance(part, Poly) else ())
        return tuple(sorted(found))

    def subs(self, values: Mapping[str, Num]) -> Num:
        """Return the polynomial with numbers, columns or other polynomials in place of the letters named in `values`."""
        numbers: dict[Atom, Num] = {atom: _value(atom, values) for atom in set(self.atoms())}
        total: Num = None
        for monomial, coefficient in self.terms.items():
            product: Num = None if coefficient == 1 and monomial else coefficient
            for atom, exponent in monomial:
                factor = numbers[atom] if exponent == 1 else numbers[atom] ** exponent
                product = factor if product is None else product * factor
            total = product if total is None else total + product
        return total

    def __index__(self) -> int:
        raise AlgebraError(f"{self} has to be a number here", "it decides which layers there are")

    def __str__(self) -> str:
        return self.text({})

    def text(self, names: Mapping[str, str]) -> str:
        """Return the polynomial as people write it, with other words in place of the letters in `names`.

        >>> C, k = symbols("C k")
        >>> (k**2 * C).text({"C": "64", "k": "3"})
        '64·3²'
        """
        style = replace(TEXT, letter=lambda name: names.get(name, name)) if names else TEXT
        return _sum(self, style)

    def __repr__(self) -> str:
        return f"<Poly {self}>"

    def atoms(self) -> Iterator[Atom]:
        """Iterate over the letters and floors of all terms."""
        return (atom for monomial in self.terms for atom, _ in monomial)


def symbols(names: str) -> tuple[Poly, ...]:
    """Return one letter per name: `C, H, W = symbols("C H W")`. Letters stand for integers of at least 1."""
    return tuple(Poly({((name, 1),): 1}) for name in names.split())


_assumed: ContextVar[dict[tuple[str, Num, Num], None] | None] = ContextVar("assumed", default=None)


@contextmanager
def assumptions() -> Iterator[dict[tuple[str, Num, Num], None]]:
    """Collect what is taken for granted of letters inside `with assumptions() as found:`, in order.

    The keys of `found` are ("!=", a, b), (">=", a, b) and ("%", a, b) for b divides a. A closed form holds where all do.
    """
    found: dict[tuple[str, Num, Num], None] = {}
    token = _assumed.set(found)
    try:
        yield found
    finally:
        _assumed.reset(token)


def assume(relation: str, a: Num, b: Num) -> None:
    """Note what is taken for granted of letters, for `assumptions`."""
    found = _assumed.get()
    if found is not None:
        found[relation, a, b] = None


def same(a: Num, b: Num) -> bool:
    """Return whether two numbers are equal: the one question a rule or a model may ask of a size.

    Integers compare, polynomials compare as polynomials, and are assumed to differ where they do not (see `assumptions`).
    Columns must agree: all candidates say yes or all say no; otherwise `Disagreement` carries the mask by which to split them.
    """
    if isinstance(a, Ints) or isinstance(b, Ints):
        mask = a == b
        if mask.all():
            return True
        if mask.any():
            raise Disagreement(mask)
        return False
    equal = bool(a == b)
    if not equal and (isinstance(a, Poly) or isinstance(b, Poly)) and None not in (a, b):
        assume("!=", a, b)
    return equal


def minimum(a: Num, b: Num) -> Num:
    """Return the smaller number, element by element for columns.

    Raises AlgebraError where letters leave open which it is.
    """
    if isinstance(a, Ints) or isinstance(b, Ints):
        return _elementwise("minimum", a, b)
    return a if a <= b else b


def maximum(a: Num, b: Num) -> Num:
    """Return the larger number, element by element for columns.

    Raises AlgebraError where letters leave open which it is.
    """
    if isinstance(a, Ints) or isinstance(b, Ints):
        return _elementwise("maximum", a, b)
    return a if a >= b else b


def gcd(a: Num, b: Num) -> Num:
    """Return the greatest common divisor of two sizes.

    Raises AlgebraError for letters, unless one number is seen to divide the other.
    """
    if isinstance(a, int) and isinstance(b, int):
        return math.gcd(a, b)
    if isinstance(a, Ints) or isinstance(b, Ints):
        return _elementwise("gcd", a, b)
    for small, large in ((a, b), (b, a)):
        if large % small == 0:
            return small
    raise AlgebraError(f"the greatest common divisor of {a} and {b} depends on the letters")


def _elementwise(name: str, a: Num, b: Num) -> Ints:
    import numpy as np

    column, other = (a, b) if isinstance(a, Ints) else (b, a)  # all three are symmetric
    return column.combine(other, getattr(np, name), max)


def _terms(value: Num) -> dict[Monomial, int]:
    if isinstance(value, Poly):
        return value.terms
    return {(): value} if value else {}


def _number(terms: dict[Monomial, int]) -> Num:
    """Return the polynomial of these terms, or an int where it is constant."""
    terms = {monomial: coefficient for monomial, coefficient in terms.items() if coefficient}
    if not terms:
        return 0
    if len(terms) == 1 and () in terms:
        constant: int | Fraction = terms[()]
        return int(constant) if constant.denominator == 1 else constant
    return Poly(terms)


def _atom_order(atom: Atom) -> tuple[int, str]:
    """Letters first, then floors, those of small divisors first."""
    if isinstance(atom, str):
        return 0, atom
    return atom.denominator if isinstance(atom.denominator, int) else 1, str(atom)


def _times(left: Monomial, right: Monomial) -> Monomial:
    if not left or not right:
        return left or right
    powers: dict[Atom, int] = dict(left)
    for atom, exponent in right:
        powers[atom] = powers.get(atom, 0) + exponent
    return tuple(sorted(powers.items(), key=lambda item: _atom_order(item[0])))


def _reading_order(term: tuple[Monomial, int]) -> tuple[int, list[tuple[int, str, int]]]:
    """Highest degree first, then alphabetically, higher powers first: C²·H before C·H²."""
    monomial = term[0]
    return (-sum(e for _, e in monomial), [(*_atom_order(atom), -e) for atom, e in monomial])


def _positive(value: Num, question: str) -> bool:
    """Return whether a polynomial is above 0, where that is so, or is not so, for all letters of at least 1."""
    if not isinstance(value, Poly):
        return bool(value > 0)
    beyond = value.subs({letter: symbols(letter)[0] + 1 for letter in value.letters()})  # of letters of at least 0
    if _never_negative(beyond) and _terms(beyond).get((), 0) > 0:
        return True
    if _never_negative(-beyond):
        return False
    raise AlgebraError(
        f"{question} depends on the letters", "give the letters values, or set the setting that asks to a number"
    )


def _never_negative(value: Num) -> bool:
    """Whether all coefficients are positive, and those inside floors too, so that no letters make it negative."""
    if not isinstance(value, Poly):
        return bool(value >= 0)
    floors = (atom for atom in value.atoms() if isinstance(atom, Floor))
    return all(coefficient > 0 for coefficient in value.terms.values()) and all(
        _never_negative(floor.numerator) and _never_negative(floor.denominator) for floor in floors
    )


def _value(atom: Atom, values: Mapping[str, Num]) -> Num:
    if isinstance(atom, str):
        return values[atom] if atom in values else Poly({((atom, 1),): 1})
    top, bottom = (part.subs(values) if isinstance(part, Poly) else part for part in (atom.numerator, atom.denominator))
    return top // bottom


def _floor(top: Num, bottom: Num) -> Num:
    """Return ⌊top / bottom⌋: exact quotient terms outside, what is left as one flat floor atom."""
    if any(isinstance(factor, Fraction) for part in (top, bottom) for factor in _terms(part).values()):
        raise AlgebraError(f"({top}) divided by {bottom}: fractions are not rounded down")
    if isinstance(bottom, int):
        if bottom == 0:
            raise AlgebraError(f"({top}) divided by 0")
        if bottom < 0:
            return _floor(-top, -bottom)
    whole, rest = _divide(top, bottom)
    if isinstance(rest, int) and isinstance(bottom, int):
        return whole  # 0 <= rest < bottom
    if rest == 0:
        return whole
    inner = _lone_floor(rest)
    if (
        inner is not None and _never_negative(inner.denominator) and _never_negative(bottom)
    ):  # ⌊(⌊a/m⌋ + b)/n⌋ = ⌊(a + b·m)/(m·n)⌋
        remaining = rest - _number({((inner, 1),): 1})
        return whole + _floor(inner.numerator + remaining * inner.denominator, inner.denominator * bottom)
    if isinstance(bottom, int):  # ⌊(g·a + k)/(g·n)⌋ = ⌊(a + ⌊k/g⌋)/n⌋
        g = math.gcd(bottom, *(coefficient for monomial, coefficient in rest.terms.items() if monomial))
        if g > 1:
            rest = _number({monomial: coefficient // g for monomial, coefficient in rest.terms.items()})
            bottom //= g
    return whole + Poly({((Floor(rest, bottom), 1),): 1})


def _divide(top: Num, bottom: Num) -> tuple[Num, Num]:
    """Return (q, r) with top = q·bottom + r; for an integer divisor the coefficients of r lie in [0, bottom)."""
    if isinstance(bottom, int):
        terms = _terms(top).items()
        whole = _number({monomial: coefficient // bottom for monomial, coefficient in terms})
        return whole, _number({monomial: coefficient % bottom for monomial, coefficient in terms})
    lead, lead_coefficient = min(bottom.terms.items(), key=_reading_order)
    whole, rest, done = 0, top, 0
    while isinstance(rest, Poly) or (rest and not lead):  # long division by the leading term
        term = next((t for t in sorted(_terms(rest).items(), key=_reading_order) if _contains(t[0], lead)), None)
        if term is None or term[1] % lead_coefficient or done > 64:
            break
        done += 1
        quotient = _number({_without(term[0], lead): term[1] // lead_coefficient})
        whole, rest = whole + quotient, rest - quotient * bottom
    return (whole, rest) if rest == 0 or len(bottom.terms) == 1 else (0, top)


def _contains(monomial: Monomial, part: Monomial) -> bool:
    powers = dict(monomial)
    return all(powers.get(atom, 0) >= exponent for atom, exponent in part)


def _without(monomial: Monomial, part: Monomial) -> Monomial:
    powers = dict(monomial)
    for atom, exponent in part:
        powers[atom] -= exponent
    return tuple((atom, exponent) for atom, exponent in powers.items() if exponent)


def _lone_floor(value: Num) -> Floor | None:
    """Return the floor atom that stands in `value` alone, to the first power, with coefficient 1."""
    floors = [
        monomial[0][0]
        for monomial, coefficient in _terms(value).items()
        if coefficient == 1 and len(monomial) == 1 and monomial[0][1] == 1 and isinstance(monomial[0][0], Floor)
    ]
    return min(floors, key=str) if floors else None


# ── letters and expressions in text ──────────────────────────────────────────────────────────────────────────────────

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
            return symbols(word)[0]
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


# ── polynomials as people and programs write them ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Style:
    """A way of writing polynomials."""

    times: str
    minus: str
    letter: Callable[[str], str]
    power: Callable[[str, int], str]
    floor: Callable[[Num, Num, Style], str]
    wrap: str  # a sum in parentheses, as a format


def _text_floor(top: Num, bottom: Num, style: Style) -> str:
    top, left, right = _ceiling(top, bottom)
    over, under = (_sum(part, style) for part in (top, bottom))
    over, under = (
        f"({text})" if isinstance(part, Poly) and len(part.terms) > 1 else text for part, text in ((top, over), (bottom, under))
    )
    return f"{left}{over}/({under}){right}" if "·" in under and "(" not in under else f"{left}{over}/{under}{right}"


def _latex_floor(top: Num, bottom: Num, style: Style) -> str:
    top, left, right = _ceiling(top, bottom)
    names = {"⌈": "lceil", "⌉": "rceil", "⌊": "lfloor", "⌋": "rfloor"}
    return f"\\left\\{names[left]} \\frac{{{written(top, style)}}}{{{written(bottom, style)}}} \\right\\{names[right]}"


def _python_floor(top: Num, bottom: Num, style: Style) -> str:
    over, under = (text if text.isalnum() else f"({text})" for text in (written(part, style) for part in (top, bottom)))
    return f"({over} // {under})"


def _ceiling(top: Num, bottom: Num) -> tuple[Num, str, str]:
    """Return the numerator with its brackets: ⌊(n + d − 1)/d⌋ is ⌈n/d⌉."""
    if isinstance(top, Poly) and isinstance(bottom, int) and top.terms.get((), 0) == bottom - 1:
        return top - (bottom - 1), "⌈", "⌉"
    return top, "⌊", "⌋"


TEXT = Style("·", "−", str, lambda base, e: base + str(e).translate(SUPERSCRIPTS), _text_floor, "({})")
LATEX = Style(
    " ",
    "-",
    lambda name: name if len(name) == 1 else f"\\mathrm{{{name}}}".replace("_", "\\_"),
    lambda base, e: f"{base}^{{{e}}}",
    _latex_floor,
    "\\left({}\\right)",
)
PYTHON = Style("*", "-", str, lambda base, e: f"{base}**{e}", _python_floor, "({})")
STYLES = {"text": TEXT, "latex": LATEX, "python": PYTHON}


def written(value: Num, style: Style = TEXT, outside: Collection[str] = (), unknown: str | None = None) -> str:
    """Return a polynomial in a style, with what is made of the letters `outside` factored out of each sum.

    With `unknown` the terms are ordered by its power, the highest first.

    >>> C, G, c, H, W = symbols("C G c H W")
    >>> written(H * W * (8 * C * G * c + 9 * G * c**2), outside=("H", "W"))
    'H·W·(8·C·G·c + 9·G·c²)'
    >>> written(17 * C**2 * H * W, PYTHON)
    '17*C**2*H*W'
    """
    if not isinstance(value, Poly):
        return str(value).replace("-", style.minus)
    groups: dict[Monomial, dict[Monomial, int]] = {}
    for monomial, coefficient in value.terms.items():
        before = tuple(factor for factor in monomial if _made_of(factor[0], outside))
        groups.setdefault(before, {})[tuple(factor for factor in monomial if factor not in before)] = coefficient
    parts: list[tuple[int, str]] = []
    for before, inner in sorted(groups.items(), key=_reading_order_of_group):
        terms = sorted(inner.items(), key=_reading_order)
        if before and len(terms) > 1:
            within = _sum_text([(c, _product(abs(c), m, style)) for m, c in terms], style.minus)
            parts.append((1, style.times.join((*_factors(before, style), style.wrap.format(within)))))
        else:
            if unknown is not None:
                terms.sort(key=lambda term: -dict(term[0]).get(unknown, 0))
            parts += [(c, _product(abs(c), _times(before, m), style)) for m, c in terms]
    return _sum_text(parts, style.minus)


def _made_of(atom: Atom, letters: Collection[str]) -> bool:
    return atom in letters if isinstance(atom, str) else set(Poly({((atom, 1),): 1}).letters()) <= set(letters)


def _reading_order_of_group(group: tuple[Monomial, Any]) -> Any:
    return _reading_order((group[0], 1))


def _sum_text(parts: Sequence[tuple[int, str]], minus: str = "-") -> str:
    """Return signed terms as a sum that begins with a positive one where there is one: 3 - C rather than -C + 3."""
    lead = next((part for part in parts if part[0] > 0), parts[0])
    text = ("" if lead[0] > 0 else minus) + lead[1]
    for part in parts:
        if part is not lead:
            text += (" + " if part[0] > 0 else f" {minus} ") + part[1]
    return text


def _sum(value: Num, style: Style) -> str:
    """Return a polynomial as one sum, with the plain minus of code and messages."""
    if not isinstance(value, Poly):
        return str(value)
    return _sum_text([(c, _product(abs(c), m, style)) for m, c in sorted(value.terms.items(), key=_reading_order)])


def _product(number: int, monomial: Monomial, style: Style) -> str:
    return style.times.join(([str(number)] if number != 1 or not monomial else []) + _factors(monomial, style))


def _factors(monomial: Iterable[tuple[Atom, int]], style: Style) -> list[str]:
    return [style.power(_atom_text(atom, style), e) if e > 1 else _atom_text(atom, style) for atom, e in monomial]


def _atom_text(atom: Atom, style: Style) -> str:
    return style.letter(atom) if isinstance(atom, str) else style.floor(atom.numerator, atom.denominator, style)


# ── equations ────────────────────────────────────────────────────────────────────────────────────────────────────────


def common_factor(value: Poly) -> tuple[int, Num]:
    """Return (number, product of letters and floors) that divide every term: 4 and H·W of 8·C·H·W + 4·H·W."""
    monomials = [dict(monomial) for monomial in value.terms]
    shared = {atom: min(m.get(atom, 0) for m in monomials) for atom in monomials[0]}
    monomial = tuple((atom, e) for atom, e in sorted(shared.items(), key=lambda item: _atom_order(item[0])) if e)
    return math.gcd(*value.terms.values()), (Poly({monomial: 1}) if monomial else 1)


def coefficients(value: Num, letter: str) -> list[Num] | None:
    """Return the coefficients of 1, x, x², … where x is the letter; None where it stands inside a floor."""
    found: list[dict[Monomial, int]] = [{}]
    for monomial, coefficient in _terms(value).items():
        powers = dict(monomial)
        exponent = powers.pop(letter, 0)
        if any(isinstance(atom, Floor) and letter in Poly({((atom, 1),): 1}).letters() for atom in powers):
            return None
        found += [{} for _ in range(exponent + 1 - len(found))]
        found[exponent][tuple(powers.items())] = coefficient
    return [_number(terms) for terms in found]


def positive_roots(polynomial: Sequence[int | Fraction]) -> list[Fraction]:
    """Return the distinct real roots above 0 of c₀ + c₁·x + c₂·x² + …, in order: whole ones exactly, others to 2^-48.

    The fractional ones lie strictly between the same whole numbers as the true roots: Sturm's theorem, in exact fractions.

    >>> [float(root) for root in positive_roots([-69632, 16384, 288])]
    [3.9725...]
    """
    chain = _sturm(_trimmed(polynomial))
    while len(chain[-1]) > 1:  # a repeated root: divide by the greatest common divisor with the derivative
        chain = _sturm(_long_division(chain[0], chain[-1])[0])
    top = chain[0]
    if len(top) < 2:
        return []
    bound = 1 + math.ceil(max(abs(c / top[-1]) for c in top[:-1]))
    found: list[Fraction] = []
    pending = [(Fraction(0), Fraction(bound))]
    while pending:  # each (a, b] is halved until it is narrow and holds one root
        a, b = pending.pop()
        count = _changes(chain, a) - _changes(chain, b)
        if count == 1 and _at(top, b) == 0:
            found.append(b)
        elif count == 1 and b - a < Fraction(1, 2**48):
            found.append((a + b) / 2)
        elif count:
            middle = (a + b) / 2 if b - a <= 1 else Fraction(int(a + b) // 2)
            pending += [(middle, b), (a, middle)]
    return found


def _trimmed(polynomial: Iterable[int | Fraction]) -> list[Fraction]:
    result = [Fraction(c) for c in polynomial]
    while result and result[-1] == 0:
        result.pop()
    return result


def _at(polynomial: Sequence[Fraction], x: Fraction) -> Fraction:
    value = Fraction(0)
    for c in reversed(polynomial):
        value = value * x + c
    return value


def _long_division(top: Sequence[Fraction], bottom: Sequence[Fraction]) -> tuple[list[Fraction], list[Fraction]]:
    rest, quotient = list(top), [Fraction(0)] * max(len(top) - len(bottom) + 1, 0)
    for shift in reversed(range(len(quotient))):
        quotient[shift] = rest[shift + len(bottom) - 1] / bottom[-1]
        for index, c in enumerate(bottom):
            rest[shift + index] -= quotient[shift] * c
    return quotient, _trimmed(rest)


def _sturm(polynomial: list[Fraction]) -> list[list[Fraction]]:
    """Return the polynomial, its derivative, and the negated remainders that follow."""
    chain = [polynomial, _trimmed(index * c for index, c in enumerate(polynomial) if index)]
    while chain[-1]:
        rest = _long_division(chain[-2], chain[-1])[1]
        scale = abs(rest[-1]) if rest else Fraction(1)  # a positive factor changes no sign and keeps fractions short
        chain.append([-c / scale for c in rest])
    return chain[:-1]


def _changes(chain: Sequence[Sequence[Fraction]], x: Fraction) -> int:
    signs = [value > 0 for polynomial in chain if (value := _at(polynomial, x))]
    return sum(a != b for a, b in pairwise(signs))
