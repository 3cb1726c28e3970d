"""Equations in one letter: coefficients, common factors, and the real roots above 0."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

from cnncost.base.notation import Floor, Monomial, Num, atom_order, letters_in
from cnncost.base.poly import Poly, number_of, terms_in


def common_factor(value: Poly) -> tuple[int, Num]:
    """Return (number, product of letters and floors) that divide every term: 4 and H·W of 8·C·H·W + 4·H·W."""
    monomials = [dict(monomial) for monomial in value.terms]
    shared = {atom: min(m.get(atom, 0) for m in monomials) for atom in monomials[0]}
    monomial = tuple((atom, e) for atom, e in sorted(shared.items(), key=lambda item: atom_order(item[0])) if e)
    return math.gcd(*value.terms.values()), (Poly({monomial: 1}) if monomial else 1)


def coefficients(value: Num, letter: str) -> list[Num] | None:
    """Return the coefficients of 1, x, x², … where x is the letter; None where it stands inside a floor."""
    found: list[dict[Monomial, int]] = [{}]
    for monomial, coefficient in terms_in(value).items():
        powers = dict(monomial)
        exponent = powers.pop(letter, 0)
        if any(isinstance(atom, Floor) and letter in letters_in(atom) for atom in powers):
            return None
        found += [{} for _ in range(exponent + 1 - len(found))]
        found[exponent][tuple(powers.items())] = coefficient
    return [number_of(terms) for terms in found]


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
