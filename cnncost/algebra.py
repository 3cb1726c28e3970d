"""An exact integer algebra: polynomials over letters, with floor division.

Rules use `+ - * // **` only, so one rule runs on integers, on columns of integers (`cnncost.ints.Ints`) and on the
polynomials of this module. Letters stand for integers of at least 1: a size, a width, a count.

The normal form of a polynomial is a mapping from monomials to integer coefficients that are not 0; a monomial is a sorted
tuple of (atom, exponent); an atom is a letter or one flat floor ⌊numerator / denominator⌋. A constant polynomial is an `int`.
Sums and products with fractions (a share of training passes) give fractional coefficients; such polynomials are not floored.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from cnncost.errors import AlgebraError, Disagreement
from cnncost.ints import Ints

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
        return self.text({})

    def text(self, names: Mapping[str, str]) -> str:
        """Return the floor as people write it, or as the ceiling it is."""
        top, bottom = self.numerator, self.denominator
        if isinstance(top, Poly) and isinstance(bottom, int) and top.terms.get((), 0) == bottom - 1:
            return f"⌈{_fraction(top - (bottom - 1), bottom, names)}⌉"  # ⌊(n + d − 1) / d⌋
        return f"⌊{_fraction(top, bottom, names)}⌋"


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
        return _sign(other - self, f"whether {self} < {other}") > 0

    def __gt__(self, other: Num) -> bool:
        return _sign(self - other, f"whether {self} > {other}") > 0

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

    def __str__(self) -> str:
        return self.text({})

    def text(self, names: Mapping[str, str]) -> str:
        """Return the polynomial as people write it, with other words in place of the letters in `names`.

        >>> C, k = symbols("C k")
        >>> (k**2 * C).text({"C": "64", "k": "3"})
        '64·3²'
        """
        text = ""
        ordered = sorted(self.terms.items(), key=_reading_order)
        lead = next((term for term in ordered if term[1] > 0), ordered[0])  # 3 - C rather than -C + 3
        for monomial, coefficient in (lead, *(term for term in ordered if term is not lead)):
            factors = [str(abs(coefficient))] if abs(coefficient) != 1 or not monomial else []
            factors += [f"{_atom(atom, names)}{str(e).translate(SUPERSCRIPTS) if e > 1 else ''}" for atom, e in monomial]
            sign = ("-" if coefficient < 0 else "") if not text else (" - " if coefficient < 0 else " + ")
            text += sign + "·".join(factors)
        return text

    def __repr__(self) -> str:
        return f"<Poly {self}>"

    def atoms(self) -> Iterator[Atom]:
        """Iterate over the letters and floors of all terms."""
        return (atom for monomial in self.terms for atom, _ in monomial)


def symbols(names: str) -> tuple[Poly, ...]:
    """Return one letter per name: `C, H, W = symbols("C H W")`. Letters stand for integers of at least 1."""
    return tuple(Poly({((name, 1),): 1}) for name in names.split())


def same(a: Num, b: Num) -> bool:
    """Return whether two numbers are equal: the one question a rule or a model may ask of a size.

    Integers compare, polynomials compare as polynomials. Columns must agree: all candidates say yes or all say no; otherwise
    `Disagreement` carries the mask by which to split them.
    """
    if isinstance(a, Ints) or isinstance(b, Ints):
        mask = a == b
        if mask.all():
            return True
        if mask.any():
            raise Disagreement(mask)
        return False
    return bool(a == b)


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


def _atom_order(atom: Atom) -> tuple[bool, str]:
    return (not isinstance(atom, str), str(atom))


def _times(left: Monomial, right: Monomial) -> Monomial:
    if not left or not right:
        return left or right
    powers: dict[Atom, int] = dict(left)
    for atom, exponent in right:
        powers[atom] = powers.get(atom, 0) + exponent
    return tuple(sorted(powers.items(), key=lambda item: _atom_order(item[0])))


def _reading_order(term: tuple[Monomial, int]) -> tuple[int, list[tuple[bool, str, int]]]:
    """Highest degree first, then alphabetically, higher powers first: C²·H before C·H²."""
    monomial = term[0]
    return (-sum(e for _, e in monomial), [(*_atom_order(atom), -e) for atom, e in monomial])


def _atom(atom: Atom, names: Mapping[str, str]) -> str:
    return names.get(atom, atom) if isinstance(atom, str) else atom.text(names)


def _fraction(top: Num, bottom: Num, names: Mapping[str, str]) -> str:
    over, under = (part.text(names) if isinstance(part, Poly) else str(part) for part in (top, bottom))
    over, under = (
        f"({text})" if isinstance(part, Poly) and len(part.terms) > 1 else text for part, text in ((top, over), (bottom, under))
    )
    return f"{over}/({under})" if "·" in under and "(" not in under else f"{over}/{under}"


def _sign(value: Num, question: str) -> int:
    """Return the sign of a polynomial whose letters are integers of at least 1, where it has one for all of them."""
    if isinstance(value, int):
        return (value > 0) - (value < 0)
    for sign in (1, -1):
        never_zero = any(all(isinstance(atom, str) for atom, _ in monomial) for monomial in value.terms)
        if never_zero and _never_negative(sign * value):
            return sign
    raise AlgebraError(
        f"{question} depends on the letters", "give the letters values, or set the setting that asks to a number"
    )


def _never_negative(value: Num) -> bool:
    """Whether all coefficients are positive, and those inside floors too, so that no letters make it negative."""
    if isinstance(value, int):
        return value >= 0
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
