"""What `cnncost solve` shows: the candidates beside the solution, and the equation in the notes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from fractions import Fraction
from typing import Any

from cnncost.base.notation import PYTHON, written
from cnncost.base.poly import Poly
from cnncost.questions.solve.candidates import Candidate
from cnncost.questions.solve.over import Solutions
from cnncost.questions.solve.solution import Solution, shown
from cnncost.questions.solve.target import RELATIONS
from cnncost.show.table import Column, Record, Table


def solution_table(found: Solution, exact: bool = False) -> Table:
    """Return the candidates with their costs and errors, the chosen one marked, and the equation in the notes."""
    columns = [Column("value", found.unknown, "number", of=lambda candidate: shown(candidate["value"]))]
    columns += _of_targets([found])
    columns.append(Column("verdict", ""))
    return Table.of(
        columns,
        [
            {
                "value": row.value,
                "targets": [_side(found, row, index) for index in range(len(found.targets))],
                "verdict": _verdict(found, row),
            }
            for row in found.rows
        ],
        schema="cnncost.solve/1",
        field="candidates",
        head=_head(found),
        notes=tuple(_notes(found)),
        exact=exact,
    )


def _of_targets(found: Sequence[Solution]) -> Iterator[Column]:
    """Iterate over the columns of what a solution costs and how far that is from each target; each figure once."""
    first, seen = found[0], set()
    for index, goal in enumerate(first.targets):
        per, key = first.per(index)[0], goal.quantity.name
        alike = isinstance(per, Poly) and all(each.per(index)[0] == per for each in found)
        title = goal.quantity.title + (f" per {written(per)}" if alike else "")
        if key not in seen:
            yield Column(key, title, goal.quantity.unit, of=_of_target(index, "achieved"))
        error = f"{key}_error" if key not in seen else f"{key}_error_{index + 1}"
        seen.add(key)
        early = 0 if goal.relation == "=" else 1 + index
        yield Column(error, f"to {goal.amount}", "change", early, of=_of_target(index, "error"))


def solutions_table(found: Solutions, exact: bool = False) -> Table:
    """Return a row for each point of a grid: what was put in, the root of the equation, the value, and what it costs."""
    first = found.solved[0]
    names = dict.fromkeys([*found.over, found.unknown])
    columns = [Column(f"over.{name}", name, "number", of=_varied(name)) for name in found.over]
    if any(point.root is not None for point in found):
        columns.append(Column("root", f"{found.unknown} exactly", "ratio", priority=2))
    columns.append(Column("value", found.unknown, "number", of=lambda point: shown(point["value"])))
    columns += _of_targets(found.solved)
    columns.append(Column("why", "choice", priority=3, wraps=True))
    records = [
        {
            "over": dict(point.values),
            "root": None if point.root is None else float(point.root),
            "value": None if point.solution is None else point.solution.value,
            "targets": []
            if point.solution is None
            else [_side(point.solution, point.solution.chosen, index) for index in range(len(first.targets))],
            "why": point.error if point.solution is None else point.solution.why,
        }
        for point in found
    ]
    asked = " and ".join(goal.name for goal in first.targets)
    return Table.of(
        columns,
        records,
        schema="cnncost.solve_over/1",
        field="points",
        head={
            "model": found.model,
            "settings": {name: value for name, value in first.side.case.model.settings.items() if name not in found.over},
            "dtype": first.dtype,
            "convention": first.convention,
            "for": found.unknown,
            "over": list(found.over),
            "equation": _common(found, "text"),
        },
        notes=(f"{found.model}: {found.unknown} for {asked}, over {' and '.join(found.over)}", *_equations(found, names)),
        exact=exact,
    )


def _varied(name: str) -> Callable[[Record], Any]:
    return lambda point: shown(point["over"][name])


def _common(found: Solutions, what: str) -> str | None:
    """Return the equation in letters that all points have in common, if they do."""
    texts = {getattr(own, what) if own is not None else None for each in found.solved for own in each.equations}
    return next(iter(texts)) if len(texts) == 1 else None


def _equations(found: Solutions, varied: Collection[str]) -> Iterator[str]:
    """Iterate over the lines about the common equation, and how its root was rounded."""
    text = _common(found, "text")
    first = found.solved[0]
    own = first.equations[0]
    if text is not None and own is not None and isinstance(own.polynomial, Poly):
        fixed = {name: own.numbers[name] for name in own.polynomial.letters() if name in own.numbers and name not in varied}
        yield text + (f" with {', '.join(f'{name} = {value}' for name, value in fixed.items())}" if fixed else "")
    if any(point.root is not None for point in found):
        yield f"{found.unknown} is the whole number on either side of the root whose cost is {first.why}"


def _of_target(index: int, key: str) -> Callable[[Record], Any]:
    return lambda candidate: candidate["targets"][index][key] if candidate["targets"] else None


def _side(found: Solution, candidate: Candidate, index: int) -> Record:
    """Return what a candidate costs beside one of the targets."""
    size = found.per(index)[1]
    error = candidate.error(index)
    return {
        "quantity": found.targets[index].quantity.name,
        "relation": found.targets[index].relation,
        "target": candidate.goals[index] // size,
        "achieved": candidate.costs[index] // size,
        "error": None if error is None else float(error),
    }


def _head(found: Solution) -> Record:
    """Return what was asked, the equation, and the value that is chosen."""
    main = next((index for index, goal in enumerate(found.targets) if goal.relation == "="), 0)
    own = found.equations[main]
    per, _ = found.per(main)
    chosen = [_side(found, found.chosen, index) for index in range(len(found.targets))]
    return {
        "model": found.side.case.model.name,
        "settings": found.side.case.model.values,
        "input": list(found.side.case.shape),
        "batch": found.side.case.batch,
        "dtype": found.dtype,
        "convention": found.convention,
        "for": found.unknown,
        "equation": None if own is None else own.text,
        "polynomial": None if own is None else written(own.polynomial, PYTHON, unknown=own.letter),
        "numbers": {} if own is None else dict(own.numbers),
        "roots": [] if own is None else [float(root) for root in own.roots],
        "value": found.value,
        "target": chosen[main]["target"],
        "achieved": chosen[main]["achieved"],
        "per": written(per, PYTHON),
        "method": found.method,
        **found.trained.record(found.figures, found.dtype),
        "choice": found.why,
        "targets": chosen,
        **({"notes": list(found.notes)} if found.notes else {}),
    }


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
    notes += [*found.notes, *found.trained.notes(found.figures, found.dtype)]
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
