"""The equation of a target: cost − target as a polynomial in the unknown, with its roots."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any, TypeAlias

from cnncost.base.errors import AlgebraError, ModelError
from cnncost.base.notation import TEXT, written
from cnncost.base.poly import Num, Poly, assumptions, symbol
from cnncost.base.record import dataclass
from cnncost.base.roots import coefficients, common_factor, positive_roots
from cnncost.models.instance import Instance
from cnncost.questions.solve.candidates import shares
from cnncost.questions.solve.target import Side, Target

Assumption: TypeAlias = tuple[str, Num, Num]  # ("!=", a, b), (">=", a, b) or ("%", a, b), as collected by `assumptions`

MOST_EXCEPTIONS = 64  # values that are traced beside the equation; with more of them it is no equation of the network
FARTHEST = 2**12  # up to which exceptions under floors are looked for


@dataclass(frozen=True, slots=True)
class Equation:
    """cost − target = 0 as a polynomial in symbols, without common factors; and with numbers for all but the unknown."""

    letter: str
    polynomial: Num
    numbers: Mapping[str, int]  # what the other letters are
    cancelled: Num  # the factor of letters that every term had
    roots: tuple[Fraction, ...]
    turns: tuple[Fraction, ...]  # where the cost turns from rising to falling or back
    difference: Num  # cost − target, as it came
    assumed: tuple[Assumption, ...] = ()  # of the unknown alone: where the equation holds
    exceptions: tuple[int, ...] = ()  # values at which the network is another one

    @property
    def text(self) -> str:
        """The equation in its symbols: 9·G·c² + 8·C·G·c − 17·C² = 0."""
        return f"{written(self.polynomial, TEXT, unknown=self.letter)} = 0"

    @property
    def numeric(self) -> str:
        """The equation with numbers for all symbols but the unknown."""
        value = self.polynomial.subs(self.numbers) if isinstance(self.polynomial, Poly) else self.polynomial
        return f"{written(value, TEXT, unknown=self.letter)} = 0"

    def at(self, value: int) -> Num | None:
        """Return cost − target at a value of the unknown; None where the equation says nothing of it."""
        if not all(_holds(fact, self.letter, value) for fact in self.assumed):
            return None
        return _at(self.difference, {**self.numbers, self.letter: value})


def equation(side: Side, unknown: str, goal: Target, counting: Mapping[str, Any]) -> tuple[Equation | None, tuple[int, ...]]:
    """Return the equation of a target, or None where the cost is no polynomial in the unknown; and its exceptions.

    Both sides of a comparison are traced on their symbols, which they share by name, and on the unknown. Exceptions are values
    of the unknown for which the network asked, and at which it can be another one.
    """
    letter = unknown.replace(".", "_")

    def cost(case: Instance) -> Num:
        from cnncost.measures.report import report

        return report(case.trace(), batch=case.batch, **counting).total[goal.quantity.key]

    difference: Num | None = None
    with assumptions() as assumed, suppress(AlgebraError, ModelError, TypeError, ValueError, RecursionError):
        # the last three errors come from the model's own code, which was given a letter
        difference = cost(side.with_letters().put(unknown, symbol(letter)))
        if goal.other is None:
            difference = difference - goal.value
        else:
            other = goal.other.with_letters()
            both = shares(side.case.model, other.model, unknown)
            difference = difference - cost(other.put(unknown, symbol(letter)) if both else other)
    numbers = {name: side.number(name) for name in side.letters if name != letter}
    if goal.other is not None:
        numbers = {name: goal.other.number(name) for name in goal.other.letters if name != letter} | numbers
    facts = tuple({fact: None for one in assumed if (fact := _about(one, letter, numbers)) is not None})
    exceptions = sorted({value for fact in facts for value in _exceptions(fact, letter)})
    powers = None if difference is None else coefficients(difference, letter)
    if difference is None or powers is None or len(exceptions) > MOST_EXCEPTIONS:
        return None, tuple(exceptions[:MOST_EXCEPTIONS])
    found = Equation(letter, difference, {}, 1, (), (), difference, facts, tuple(exceptions))
    if isinstance(difference, Poly):
        given = side.given | (goal.other.given if goal.other else frozenset())
        found = _reduced(replace(found, numbers=numbers), powers, given)
    return found, found.exceptions


def _reduced(found: Equation, powers: list[Num], given: frozenset[str]) -> Equation:
    """Return an equation without common factors, and with its roots; `given` are the symbols whose numbers the user chose."""
    number, factor = common_factor(found.difference)
    negative = written(powers[-1]).startswith("−")  # the highest power of the unknown gets a positive sign
    polynomial = found.difference // factor // (-number if negative else number)
    free = found.numbers.keys() - given  # letters whose numbers nobody chose: the equation holds whatever they are
    ((monomial, _),) = factor.terms.items() if isinstance(factor, Poly) else (((), 1),)
    parts = (Poly({((atom, exponent),): 1}) for atom, exponent in monomial)
    univariate = coefficients(_at(polynomial, found.numbers), found.letter)
    assert univariate is not None
    slope = [power * c for power, c in enumerate(univariate)][1:]
    return replace(
        found,
        polynomial=polynomial,
        cancelled=prod(part for part in parts if set(part.letters()) <= free),
        roots=tuple(positive_roots(univariate)),
        turns=tuple(positive_roots(slope)) if slope else (),
    )


def _about(fact: Assumption, letter: str, numbers: Mapping[str, int]) -> Assumption | None:
    """Return an assumption with numbers for all symbols but the unknown, or None where it holds whatever the unknown is."""
    relation, a, b = fact[0], _at(fact[1], numbers), _at(fact[2], numbers)
    if letter in _letters(a) | _letters(b):
        return (relation, a, b)
    return None if _holds((relation, a, b), letter, 1) else (relation, a, b)


def _holds(fact: Assumption, letter: str, value: int) -> bool:
    relation, a, b = fact[0], _at(fact[1], {letter: value}), _at(fact[2], {letter: value})
    if relation == "%":
        return bool(b != 0 and a % b == 0)
    return bool(a != b if relation == "!=" else a >= b)


def _exceptions(fact: Assumption, letter: str) -> list[int]:
    """Return the values from 1 at which two numbers that are assumed to differ are equal: those up to FARTHEST under floors."""
    relation, a, b = fact
    if relation != "!=":
        return []  # what breaks another assumption cannot be built
    powers = coefficients(a - b, letter)
    if powers is None:
        return [value for value in range(1, FARTHEST + 1) if not _holds(fact, letter, value)]
    return [int(root) for root in positive_roots(powers) if root.denominator == 1]


def _at(value: Num, numbers: Mapping[str, int]) -> Num:
    return value.subs(numbers) if isinstance(value, Poly) else value


def _letters(value: Num) -> frozenset[str]:
    return frozenset(value.letters()) if isinstance(value, Poly) else frozenset()
