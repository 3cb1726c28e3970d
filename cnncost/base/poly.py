"""An exact integer algebra: polynomials over symbols, with floor division.

Rules use `+ - * // **` only, so one rule runs on integers, on columns of integers (`cnncost.base.ints.Ints`) and on the
polynomials of this module. Symbols stand for integers of at least 1: a size, a width, a count.

The normal form of a polynomial is a mapping from monomials to integer coefficients that are not 0; a monomial is a sorted
tuple of (atom, exponent); an atom is a symbol or one flat floor ⌊numerator / denominator⌋. A constant polynomial is an `int`.
Sums and products with fractions (a share of training passes) give fractional coefficients; such polynomials are not floored.
"""

from __future__ import annotations

import keyword
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from operator import index
from typing import Any

from cnncost.base.assumed import asked_by_a_model
from cnncost.base.assumed import assume as assume
from cnncost.base.assumed import assumptions as assumptions
from cnncost.base.errors import AlgebraError, Disagreement, did_you_mean
from cnncost.base.ints import Ints, checked
from cnncost.base.notation import LATEX, TEXT, Atom, Floor, Monomial, letters_in, plain, reading_order, times, written
from cnncost.base.notation import Num as Num
from cnncost.base.record import LONGEST
from cnncost.base.showable import MOST
from cnncost.base.text import clip

MOST_PRODUCTS = 20_000  # of two terms in one multiplication: formulas that people read need some hundred
LARGEST_EXPONENT = 1_000


class Poly:
    """A polynomial with integer coefficients, never constant. Make symbols with `symbols`.

    A question that symbols leave open is never guessed. `==`, `!=`, `in` and `if` take what differs as polynomials to differ,
    and note that for `assumptions`; `<` and `>`, remainders, and sets and dicts asked inside a model raise AlgebraError.

    >>> C, H, W = symbols("C, H, W")
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
        self._hash: int | None = None  # worked out when it is first asked for: most polynomials are but a step to another

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.terms,)  # another process hashes texts differently

    def __hash__(self) -> int:
        if asked_by_a_model(sys._getframe(1)):
            raise AlgebraError(
                f"{self} is looked up in a set or a dict, which tells symbols from every number",
                "compare it: == with a number, or `in` with a tuple such as (8, 16)",
            )
        if self._hash is None:
            self._hash = hash(frozenset(self.terms.items()))
        return self._hash

    def __eq__(self, other: object) -> bool:
        if equal(self, other):
            return True
        if isinstance(other, float) and other.is_integer():
            other = int(other)
        if isinstance(other, (int, Fraction, Poly)) or hasattr(other, "__index__"):
            _differ(self, other)
        return False

    def __bool__(self) -> bool:
        constant = 0 if isinstance(self, Remainder) else self.terms.get((), 0)
        letters = self - constant
        if max(letters.terms.values()) < 0:  # 3 - C is noted as C ≠ 3
            letters, constant = -letters, -constant
        _differ(letters, -constant) if constant else _differ(self, 0)
        return True

    def __add__(self, other: Num) -> Num:
        other = _operand(self, other)
        if other is None:
            return NotImplemented
        total = dict(self.terms)
        for monomial, coefficient in terms_in(other).items():
            total[monomial] = total.get(monomial, 0) + coefficient
        return number_of(total)

    __radd__ = __add__

    def __neg__(self) -> Num:
        return Poly({monomial: -coefficient for monomial, coefficient in self.terms.items()})

    def __sub__(self, other: Num) -> Num:
        other = _operand(self, other)
        return NotImplemented if other is None else self + -other

    def __rsub__(self, other: Num) -> Num:
        return -self + other

    def __mul__(self, other: Num) -> Num:
        other = _operand(self, other)
        if other is None:
            return NotImplemented
        product: dict[Monomial, int] = {}
        others = terms_in(other)
        if len(self.terms) * len(others) > MOST_PRODUCTS:
            raise AlgebraError(
                f"a product of {len(self.terms):,} by {len(others):,} terms: more than {MOST_PRODUCTS:,} in all",
                "give some of the symbols a number",
            )
        for left, a in self.terms.items():
            for right, b in others.items():
                monomial = times(left, right)
                product[monomial] = product.get(monomial, 0) + a * b
        return number_of(product)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Num:
        if not isinstance(exponent, int) or exponent < 0:
            raise AlgebraError(f"({self}) to the power {exponent}: an exponent is a whole number from 0")
        if exponent > LARGEST_EXPONENT:
            raise AlgebraError(f"a power of {exponent:,}: the most is {LARGEST_EXPONENT:,}", "give the symbol a number")
        result: Num = 1
        for _ in range(exponent):
            result = result * self
        return result

    def __floordiv__(self, other: Num) -> Num:
        other = _operand(self, other)
        return NotImplemented if other is None else _floor(self, other)

    def __rfloordiv__(self, other: Num) -> Num:
        other = _operand(self, other)
        return NotImplemented if other is None else _floor(other, self)

    def __truediv__(self, other: Num) -> Num:
        other = _operand(self, other)
        return NotImplemented if other is None else _quotient(self, other)

    def __rtruediv__(self, other: Num) -> Num:
        other = _operand(self, other)
        return NotImplemented if other is None else _quotient(other, self)

    def __mod__(self, other: Num) -> Num:
        other = _operand(self, other)
        return NotImplemented if other is None else _remainder(self, other)

    def __rmod__(self, other: Num) -> Num:
        other = _operand(self, other)
        return NotImplemented if other is None else _remainder(other, self)

    def __lt__(self, other: Num) -> bool:
        return _positive(other - self, f"whether {self} < {other}")

    def __gt__(self, other: Num) -> bool:
        return _positive(self - other, f"whether {self} > {other}")

    def __le__(self, other: Num) -> bool:
        return not self > other

    def __ge__(self, other: Num) -> bool:
        return not self < other

    def letters(self) -> tuple[str, ...]:
        """Return the symbols that occur, sorted, those inside floors too."""
        return tuple(sorted({letter for atom in self.atoms() for letter in letters_in(atom)}))

    def subs(self, values: Mapping[Any, Num]) -> Num:
        """Return the polynomial with numbers, columns or other polynomials in place of symbols, given by name or as symbols.

        >>> C, H = symbols("C, H")
        >>> str((C * H // 2).subs({C: 3, "H": H + 1}))
        'H + ⌈H/2⌉ + 1'

        Raises AlgebraError where a number divides by 0, and for a key that is no symbol.
        """
        if not all(type(name) is str for name in values):
            values = {_name(name): value for name, value in values.items()}
        try:
            return self._subs(values)
        except ZeroDivisionError:
            given = ", ".join(f"{name}={value}" for name, value in values.items())
            raise AlgebraError(f"{self} divides by 0 for {given}", "symbols stand for whole numbers from 1") from None

    def _subs(self, values: Mapping[str, Num]) -> Num:
        numbers: dict[Atom, Num] = {atom: _value(atom, values) for atom in set(self.atoms())}
        total: Num = None
        for monomial, coefficient in self.terms.items():
            product: Num = None if coefficient == 1 and monomial else coefficient
            for atom, exponent in monomial:
                factor = numbers[atom] if exponent == 1 else numbers[atom] ** exponent
                product = factor if product is None else product * factor
            total = product if total is None else total + product
        return total

    def __call__(self, **values: Num) -> Num:
        """Return the value for numbers, arrays of integers or polynomials in place of symbols: `f(C=64)`.

        >>> C, H = symbols("C, H")
        >>> (17 * C**2 * H)(C=64, H=56)
        3899392

        Raises AlgebraError for a symbol that does not occur, and for what is no whole number.
        """
        known = self.letters()
        for name, value in values.items():
            if name not in known:
                raise AlgebraError(f"{self} has no symbol '{name}'", did_you_mean(name, known, f"symbols: {', '.join(known)}"))
            if not isinstance(checked(value), (int, Fraction, Ints, Poly)):
                raise AlgebraError(f"{name}={value!r} is no whole number", "give whole numbers, arrays of them, or symbols")
        result = self.subs({name: checked(value) for name, value in values.items()})
        return result.values if isinstance(result, Ints) else result

    def __index__(self) -> int:
        raise AlgebraError(f"{self} has to be a number here", "it decides which layers there are")

    def _repr_latex_(self) -> str | None:
        """Return what a notebook shows, unless it is too long: then its beginning is shown as text."""
        text = f"${written(self, LATEX)}$"
        return text if len(text) <= MOST else None

    def __str__(self) -> str:
        return self.text({})

    def text(self, names: Mapping[str, str]) -> str:
        """Return the polynomial as people write it, with other words in place of the symbols in `names`.

        >>> C, k = symbols("C k")
        >>> (k**2 * C).text({"C": "64", "k": "3"})
        '64·3²'
        """
        style = replace(TEXT, letter=lambda name: names.get(name, name)) if names else TEXT
        return plain(self, style)

    def __repr__(self) -> str:
        return f"<Poly {clip(str(self), LONGEST)}>"

    def atoms(self) -> Iterator[Atom]:
        """Iterate over the symbols and floors of all terms."""
        return (atom for monomial in self.terms for atom, _ in monomial)


def symbols(names: str) -> tuple[Poly, ...]:
    """Return one symbol per name. Symbols stand for integers of at least 1.

    >>> symbols("C, H")
    (<Poly C>, <Poly H>)

    Raises AlgebraError for what cannot be a name in Python.
    """
    found = [name for name in re.split(r"[\s,]+", names) if name]
    for name in found:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise AlgebraError(f"'{name}' cannot be a symbol", 'write names, as in symbols("C, H, depth_2")')
    return tuple(map(symbol, found))


def symbol(name: str) -> Poly:
    """Return the symbol of that name."""
    return Poly({((name, 1),): 1})


class Remainder(Poly):
    """What division leaves over. No answer is the usual one, so that asking whether it is 0, or another number, raises."""

    __slots__ = ()


_UNDECIDED = "give the symbols numbers, or set the setting that asks to a number"


def equal(a: object, b: object) -> bool:
    """Return whether two numbers are the same number or the same polynomial, and take nothing for granted."""
    if isinstance(a, Poly) and isinstance(b, Poly):
        return a.terms == b.terms
    return not isinstance(a, Poly) and not isinstance(b, Poly) and bool(a == b)


_PERIOD = 2**12 * 3**2 * 5 * 7  # what sizes are divided by divides it
_APART = (101, 211, 307, 401, 503, 601, 701, 809)  # how many periods the symbols stand for, so that none is another's multiple


def agree_rounded(a: Num, b: Num) -> bool:
    """Return whether two numbers in symbols differ by rounding alone: for sizes that divide well they are the same.

    >>> H, W = symbols("H W")
    >>> agree_rounded(2 * (H // 32), H // 16), agree_rounded(H // 2, H), agree_rounded(H, W)
    (True, False, False)
    """
    letters = sorted({letter for side in (a, b) if isinstance(side, Poly) for letter in side.letters()})
    if not letters or len(letters) > len(_APART):
        return False
    for rest in range(64):
        values = {letter: _PERIOD * apart + rest for letter, apart in zip(letters, _APART, strict=False)}
        one, other = (side.subs(values) if isinstance(side, Poly) else side for side in (a, b))
        if one == other:
            return True
    return False


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
    if equal(a, b):
        return True
    if (isinstance(a, Poly) or isinstance(b, Poly)) and a is not None and b is not None:
        _differ(a, b)
    return False


def _differ(a: Num, b: Num) -> None:
    """Take two numbers to differ. Raises AlgebraError where they do for some symbols, and as often do not."""
    if isinstance(a, Remainder) or isinstance(b, Remainder):
        raise AlgebraError(f"whether {a} is {b} depends on the symbols", _UNDECIDED)
    assume("!=", a, b)


def minimum(a: Num, b: Num) -> Num:
    """Return the smaller number, element by element for columns.

    Raises AlgebraError where symbols leave open which it is.
    """
    if isinstance(a, Ints) or isinstance(b, Ints):
        return _elementwise("minimum", a, b)
    return a if a <= b else b


def maximum(a: Num, b: Num) -> Num:
    """Return the larger number, element by element for columns.

    Raises AlgebraError where symbols leave open which it is.
    """
    if isinstance(a, Ints) or isinstance(b, Ints):
        return _elementwise("maximum", a, b)
    return a if a >= b else b


def gcd(a: Num, b: Num) -> Num:
    """Return the greatest common divisor of two sizes.

    Raises AlgebraError for symbols, unless one number is seen to divide the other.
    """
    if isinstance(a, int) and isinstance(b, int):
        return math.gcd(a, b)
    if isinstance(a, Ints) or isinstance(b, Ints):
        return _elementwise("gcd", a, b)
    for small, large in ((a, b), (b, a)):
        if equal(large % small, 0):
            return small
    raise AlgebraError(f"the greatest common divisor of {a} and {b} depends on the symbols")


def _elementwise(name: str, a: Num, b: Num) -> Ints:
    import numpy as np

    column, other = (a, b) if isinstance(a, Ints) else (b, a)  # all three are symmetric
    return column.combine(other, getattr(np, name), max)


def added(values: Iterable[Num]) -> Num:
    """Return the sum of numbers and polynomials, in one pass: + makes a new polynomial at every step.

    >>> C, H = symbols("C, H")
    >>> print(added([C * H, 2, 3 * C * H, 5]))
    4·C·H + 7
    """
    terms: dict[Monomial, int] = {}
    numbers: Num = 0
    for value in values:
        if isinstance(value, Poly):
            for monomial, coefficient in value.terms.items():
                terms[monomial] = terms.get(monomial, 0) + coefficient
        else:
            numbers = numbers + value
    return number_of(terms) + numbers


def terms_in(value: Num) -> dict[Monomial, int]:
    """Return the terms of a polynomial or of a number."""
    if isinstance(value, Poly):
        return value.terms
    return {(): value} if value else {}


def number_of(terms: dict[Monomial, int]) -> Num:
    """Return the polynomial of these terms, or an int where it is constant."""
    terms = {monomial: coefficient for monomial, coefficient in terms.items() if coefficient}
    if not terms:
        return 0
    if len(terms) == 1 and () in terms:
        constant: int | Fraction = terms[()]
        return int(constant) if constant.denominator == 1 else constant
    return Poly(terms)


def _operand(poly: Poly, other: Num) -> Num:
    """Return what a polynomial is combined with, NumPy's integers as Python's; None for what answers itself."""
    if isinstance(other, (int, Fraction, Poly)):
        return other
    if isinstance(other, float):
        raise AlgebraError(
            f"{poly} and {other!r}: symbols know no decimals", "write // to round down, or a share such as Fraction(1, 2)"
        )
    return index(other) if hasattr(other, "__index__") and getattr(other, "ndim", 0) == 0 else None


def _name(key: object) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, Poly) and len(names := key.letters()) == 1 and equal(key, symbol(names[0])):
        return names[0]
    raise AlgebraError(f"{key!r} is no symbol", "put values in place of symbols, as in {C: 64} or {'C': 64}")


def _positive(value: Num, question: str) -> bool:
    """Return whether a polynomial is above 0, where that is so, or is not so, for all symbols of at least 1."""
    if not isinstance(value, Poly):
        return bool(value > 0)
    beyond = value.subs({name: symbol(name) + 1 for name in value.letters()})  # of letters of at least 0
    if _never_negative(beyond) and terms_in(beyond).get((), 0) > 0:
        return True
    if _never_negative(-beyond):
        return False
    raise AlgebraError(f"{question} depends on the symbols", _UNDECIDED)


def _never_negative(value: Num) -> bool:
    """Whether all coefficients are positive, and those inside floors too, so that no symbols make it negative."""
    if not isinstance(value, Poly):
        return bool(value >= 0)
    floors = (atom for atom in value.atoms() if isinstance(atom, Floor))
    return all(coefficient > 0 for coefficient in value.terms.values()) and all(
        _never_negative(floor.numerator) and _never_negative(floor.denominator) for floor in floors
    )


def _value(atom: Atom, values: Mapping[str, Num]) -> Num:
    if isinstance(atom, str):
        return values[atom] if atom in values else symbol(atom)
    top, bottom = (part.subs(values) if isinstance(part, Poly) else part for part in (atom.numerator, atom.denominator))
    return top // bottom


def _floor(top: Num, bottom: Num) -> Num:
    """Return ⌊top / bottom⌋: exact quotient terms outside, what is left as one flat floor atom."""
    if any(isinstance(factor, Fraction) for part in (top, bottom) for factor in terms_in(part).values()):
        raise AlgebraError(f"({top}) divided by {bottom}: fractions are not rounded down")
    if isinstance(bottom, int):
        if bottom == 0:
            raise AlgebraError(f"({top}) divided by 0")
        if bottom < 0:
            return _floor(-top, -bottom)
    whole, rest = _divide(top, bottom)
    if isinstance(rest, int) and isinstance(bottom, int):
        return whole  # 0 <= rest < bottom
    if equal(rest, 0):
        return whole
    inner = _lone_floor(rest)
    if (
        inner is not None and _never_negative(inner.denominator) and _never_negative(bottom)
    ):  # ⌊(⌊a/m⌋ + b)/n⌋ = ⌊(a + b·m)/(m·n)⌋
        remaining = rest - number_of({((inner, 1),): 1})
        return whole + _floor(inner.numerator + remaining * inner.denominator, inner.denominator * bottom)
    if isinstance(bottom, int):  # ⌊(g·a + k)/(g·n)⌋ = ⌊(a + ⌊k/g⌋)/n⌋
        g = math.gcd(bottom, *(coefficient for monomial, coefficient in rest.terms.items() if monomial))
        if g > 1:
            return whole + _floor(number_of({monomial: factor // g for monomial, factor in rest.terms.items()}), bottom // g)
    return whole + Poly({((Floor(rest, bottom), 1),): 1})


def _remainder(top: Num, bottom: Num) -> Num:
    rest = top - _floor(top, bottom) * bottom
    return Remainder(rest.terms) if isinstance(rest, Poly) else rest


def _quotient(top: Num, bottom: Num) -> Num:
    """Return top / bottom where that is whole whatever the symbols are. Raises AlgebraError otherwise."""
    if equal(bottom, 0):
        raise AlgebraError(f"({top}) divided by 0")
    if isinstance(bottom, Fraction) or any(isinstance(factor, Fraction) for factor in terms_in(top).values()):
        return top * (1 / Fraction(bottom)) if isinstance(bottom, (int, Fraction)) else _undivided(top, bottom)
    whole, rest = _divide(top, bottom)
    return whole if equal(rest, 0) else _undivided(top, bottom)


def _undivided(top: Num, bottom: Num) -> Num:
    share = f", or multiply by Fraction(1, {bottom}) for a share" if isinstance(bottom, int) else ""
    raise AlgebraError(f"({top}) / {bottom} may be no whole number", f"write // to round down{share}")


def _divide(top: Num, bottom: Num) -> tuple[Num, Num]:
    """Return (q, r) with top = q·bottom + r; for an integer divisor the coefficients of r lie in [0, bottom)."""
    if isinstance(bottom, int):
        terms = terms_in(top).items()
        whole = number_of({monomial: coefficient // bottom for monomial, coefficient in terms})
        return whole, number_of({monomial: coefficient % bottom for monomial, coefficient in terms})
    lead, lead_coefficient = min(bottom.terms.items(), key=reading_order)
    whole, rest, done = 0, top, 0
    while isinstance(rest, Poly) or (rest and not lead):  # long division by the leading term
        term = next((t for t in sorted(terms_in(rest).items(), key=reading_order) if _contains(t[0], lead)), None)
        if term is None or term[1] % lead_coefficient or done > 64:
            break
        done += 1
        quotient = number_of({_without(term[0], lead): term[1] // lead_coefficient})
        whole, rest = whole + quotient, rest - quotient * bottom
    return (whole, rest) if equal(rest, 0) or len(bottom.terms) == 1 else (0, top)


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
        for monomial, coefficient in terms_in(value).items()
        if coefficient == 1 and len(monomial) == 1 and monomial[0][1] == 1 and isinstance(monomial[0][0], Floor)
    ]
    return min(floors, key=str) if floors else None
