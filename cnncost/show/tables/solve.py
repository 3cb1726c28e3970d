"""What `cnncost solve` shows: the candidates beside the solution, and the equation in the notes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from cnncost.base.notation import written
from cnncost.base.poly import Poly
from cnncost.questions.solve.candidates import Candidate
from cnncost.questions.solve.solution import Solution, shown
from cnncost.questions.solve.target import RELATIONS
from cnncost.show.table import Column, Table


def solution_table(found: Solution, exact: bool = False) -> Table:
    """Return the candidates with their costs and errors, the chosen one marked, and the equation in the notes."""
    columns = [Column("value", found.unknown, "number")]
    for index, goal in enumerate(found.targets):
        per = found.per(index)[0]
        title = goal.quantity.title + (f" per {written(per)}" if isinstance(per, Poly) else "")
        key = goal.quantity.name
        error = Column(f"{key}_error", f"to {goal.amount}", "change", priority=0 if goal.relation == "=" else 1 + index)
        columns += [Column(key, title, goal.quantity.unit), error]
    columns.append(Column("verdict", ""))
    rows = []
    for candidate in found.rows:
        row: list[Any] = [shown(candidate.value)]
        for index in range(len(found.targets)):
            share = candidate.error(index)
            row += [candidate.costs[index] // found.per(index)[1], None if share is None else float(share)]
        rows.append((*row, _verdict(found, candidate)))
    return Table(tuple(columns), tuple(rows), notes=tuple(_notes(found)), data=found.to_dict(), exact=exact)


def _verdict(found: Solution, candidate: Candidate) -> str:
    if candidate == found.chosen:
        return found.why
    broken = [
        f"not {target.name}"
        for target, cost, goal in zip(found.targets, candidate.costs, candidate.goals, strict=True)
        if not RELATIONS[target.relation](cost, goal)
    ]
    return ", ".join(broken) or ("also" if candidate in found.others else "")


def _notes(found: Solution) -> list[str]:
    model = found.side.case.model
    notes = [f"{model.name}: {found.unknown} for {' and '.join(target.name for target in found.targets)}"]
    notes += found.trained.notes(found.figures, found.dtype)
    for own in found.equations:
        if own is None or not isinstance(own.polynomial, Poly):
            if own is not None and own.polynomial == 0:
                notes.append(f"both cost the same whatever {found.unknown} is")
            continue
        notes.append(own.text)
        if own.numbers and own.numeric != own.text:
            letters = [name for name in own.numbers if name in own.polynomial.letters()]
            notes.append(f"{own.numeric} with {', '.join(f'{name} = {own.numbers[name]}' for name in letters)}")
        if own.exceptions:
            notes.append(f"the equation does not hold for {_listed(found.unknown, own.exceptions)}: traced as numbers")
        if own.roots:
            roots = " or ".join(_decimal(root) for root in own.roots)
            notes.append(f"{own.letter} = {roots}")
    if found.method == "search":
        notes.append(f"found by search, as the cost is no polynomial in {found.unknown}")
    if found.up_to is not None:
        notes.append(f"each of the first {found.up_to:,} values was traced, as the cost rises and falls with {found.unknown}")
    if not found.reached:
        notes.append(f"no {found.unknown} tried reaches it: {found.why} of all is {found.unknown} = {shown(found.value)}")
    if found.others:
        values = " and ".join(str(candidate.value) for candidate in (found.chosen, *found.others))
        notes.append(f"there are several solutions: {values}")
    if found.impossible:
        value, error = next(iter(found.impossible.items()))
        count = len(found.impossible)
        notes.append(f"{count} of the values tried cannot be built, such as {found.unknown}={shown(value)}: {error.message}")
    return notes


def _listed(name: str, values: tuple[int, ...]) -> str:
    more = f" and {len(values) - 6} more" if len(values) > 6 else ""
    return f"{name} = {', '.join(map(str, values[:6]))}{more}"


def _decimal(root: Fraction) -> str:
    whole, thousandths = divmod(round(root * 1000), 1000)
    return str(root) if root.denominator == 1 else f"{whole}.{thousandths:03}"
