"""Closed forms, compiled: polynomials as Python functions of arrays, and the conditions under which they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnncost.base.errors import AlgebraError
from cnncost.base.ints import INT64_MAX, Ints
from cnncost.base.notation import Atom, Floor, Monomial
from cnncost.base.poly import Num, Poly
from cnncost.base.record import dataclass

Condition = tuple[str, Num, Num]  # as collected by `cnncost.base.poly.assumptions`


@dataclass(frozen=True)
class Form:
    """A polynomial as a function of columns: exact, and in plain int64 where no intermediate result can pass it."""

    poly: Num
    floors: tuple[Floor, ...]  # in the order in which they can be computed
    function: Callable[[Mapping[Atom, Any]], Any]

    def __call__(self, values: dict[Any, Any]) -> Any:
        """Return the value for columns by letter. `values` remembers the floors that are computed on the way."""
        for floor in self.floors:
            if floor not in values:
                values[floor] = value_of(floor.numerator, values) // value_of(floor.denominator, values)
        return self.function(values)


_compiled: dict[Num, Form] = {}


def value_of(poly: Num, values: dict[Any, Any]) -> Any:
    """Return a polynomial, or a number, for columns by letter."""
    return form(poly, ())(values) if isinstance(poly, Poly) else poly


def form(poly: Num, order: Sequence[str]) -> Form:
    """Return a polynomial compiled. `order` names the letters, those that vary slowest first."""
    if poly in _compiled:
        return _compiled[poly]
    atoms: dict[Atom, str] = {}
    source = _horner(dict(poly.terms) if isinstance(poly, Poly) else {(): poly}, atoms, {n: i for i, n in enumerate(order)})
    floors = tuple(atom for atom in atoms if isinstance(atom, Floor))
    names = {name: atom for atom, name in atoms.items()}
    arguments = ", ".join(names)
    function = eval(f"lambda {arguments}: {source}", {})  # of our own making: letters are numbered, not named
    keys = tuple(names.values())
    _compiled[poly] = Form(poly, floors, lambda values: function(*[values[key] for key in keys]))
    return _compiled[poly]


def letters_of(part: Any) -> frozenset[str]:
    """Return the letters of a number, a polynomial or an atom."""
    if isinstance(part, str):
        return frozenset([part])
    if isinstance(part, Floor):
        return letters_of(part.numerator) | letters_of(part.denominator)
    return frozenset(part.letters()) if isinstance(part, Poly) else frozenset()


def _horner(terms: dict[Monomial, int], atoms: dict[Atom, str], order: Mapping[str, int]) -> str:
    """Return the source of Horner's scheme, nested letter by letter, so that products are small before they meet.

    Columns have the shape of the letters in them: what depends on few letters is computed on few numbers.
    """
    if not terms or set(terms) == {()}:
        return str(terms.get((), 0))
    beside: dict[Atom, set[str]] = {}
    for monomial in terms:
        involved = set().union(*(letters_of(atom) for atom, _ in monomial))
        for atom, _ in monomial:
            beside.setdefault(atom, set()).update(involved)
    lead = min(beside, key=lambda atom: (len(beside[atom]), min(order.get(name, 0) for name in letters_of(atom)), str(atom)))
    name = atoms.setdefault(lead, f"x{len(atoms)}")
    powers: dict[int, dict[Monomial, int]] = {}
    for monomial, coefficient in terms.items():
        exponent = dict(monomial).get(lead, 0)
        powers.setdefault(exponent, {})[tuple(item for item in monomial if item[0] != lead)] = coefficient
    top = max(powers)
    source = _horner(powers[top], atoms, order)
    for exponent in range(top - 1, -1, -1):
        source = name if source == "1" else f"({source})*{name}" if not source.isalnum() else f"{source}*{name}"
        if exponent in powers:
            source = f"{source}+{_horner(powers[exponent], atoms, order)}"
    return source


def bound(poly: Num, largest: Mapping[str, int]) -> int:
    """Return what no value of a polynomial, and no step of its computation, exceeds for letters from 0 to `largest`."""
    if not isinstance(poly, Poly):
        return abs(int(poly))
    total = 0
    for monomial, coefficient in poly.terms.items():
        product = abs(coefficient)
        for atom, exponent in monomial:
            product *= max(1, _atom_bound(atom, largest)) ** exponent
        total += product
    return max([total, *(_atom_bound(atom, largest) for atom in poly.atoms())])


def _atom_bound(atom: Atom, largest: Mapping[str, int]) -> int:
    if isinstance(atom, str):
        return largest[atom]
    return max(bound(atom.numerator, largest), bound(atom.denominator, largest), 1)


def fits(polys: Iterable[Num], largest: Mapping[str, int]) -> bool:
    """Whether plain int64 arrays provably suffice to compute these polynomials, for letters from 0 to `largest`."""
    return max((bound(poly, largest) for poly in polys), default=0) <= INT64_MAX


def columns(values: Mapping[str, NDArray[Any]], plain: bool) -> dict[Any, Any]:
    """Return columns ready for forms: int64 arrays where that suffices, `Ints` where not."""
    return dict(values) if plain else {name: Ints(array) for name, array in values.items()}


def met(condition: Condition, values: dict[Any, Any]) -> Any:
    """Return where a condition holds: an array of booleans, or one."""
    relation, a, b = condition
    if relation == "%":
        divisor = value_of(b, values)
        dividend = value_of(a, values)
        if isinstance(divisor, int) or bool(np.all(_array(divisor) != 0)):
            return dividend % divisor == 0
        safe = divisor + (_array(divisor) == 0).astype(np.int64)
        return (dividend % safe == 0) & (_array(divisor) != 0)
    difference = value_of(a - b, values)
    return difference != 0 if relation == "!=" else difference >= 0


def _array(value: Any) -> Any:
    return value.values if isinstance(value, Ints) else value


def open_conditions(conditions: Iterable[Condition]) -> list[Condition]:
    """Return those conditions that some letters from 1 break."""
    return [condition for condition in conditions if not _always(condition)]


def _always(condition: Condition) -> bool:
    relation, a, b = condition
    if relation == "%":
        try:
            return bool(a % b == 0)
        except AlgebraError:
            return False
    return any(
        _positive(difference, 0 if relation == ">=" else 1) for difference in ((a - b,) if relation == ">=" else (a - b, b - a))
    )


def _positive(poly: Num, low: int) -> bool:
    """Whether a polynomial is at least `low` for all letters from 1: counted from 0, all its coefficients are positive."""
    if not isinstance(poly, Poly):
        return bool(poly >= low)
    if any(isinstance(atom, Floor) for atom in poly.atoms()):
        return False
    shifted = poly.subs({name: Poly({((name, 1),): 1}) + 1 for name in poly.letters()})
    return all(c >= 0 for c in shifted.terms.values()) and shifted.terms.get((), 0) >= low
