"""What a sweep shows: its rows, and what was counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from cnncost.base.units import many
from cnncost.models.settings import shown
from cnncost.questions.sweep.query import Result
from cnncost.show.table import Column, Table
from cnncost.show.tables.columns import FIGURE_COLUMNS

SCHEMA = "cnncost.sweep/1"
REASONS_SHOWN = 5


def sweep_table(result: Result, exact: bool = False) -> Table:
    """Return the table of a sweep's rows, with what was counted in the notes: its JSON object is cnncost.sweep/1."""
    late = {"macs": 5, "activation_bytes": 4}  # what goes first on a narrow terminal
    columns = (
        *(Column(name, name, "number", priority=1, of=partial(_cell, name)) for name in result.axes),
        *(replace(FIGURE_COLUMNS[figure], priority=late.get(figure, 0)) for figure in result.query.figures),
    )
    return Table.of(
        columns,
        [result.row(place) for place in range(len(result))],
        schema=SCHEMA,
        field="rows",
        head=head(result),
        title=result.space.model.name,
        notes=tuple(notes(result)),
        exact=exact,
    )


def notes(result: Result) -> Iterator[str]:
    """Iterate over the lines below the table: counts, method, and why candidates were invalid."""
    shown, query = len(result), result.query
    if shown < result.matching:
        kind = f"the front of {query.pareto}" if query.pareto else f"by {query.sort or 'flops'}"
        yield f"{shown:,} of {many(result.matching, 'row')}: {kind}"
    state = "" if result.complete else f", interrupted after {result.candidates:,}"
    counted = f"{many(result.space.size, 'candidate')}{state}, {result.valid:,} valid, {result.matching:,} matching"
    yield f"{counted}; {result.method}"
    yield from result.notes
    yield f"{query.dtype}; {result.convention.name}: {result.convention.states}"
    yield from query.trained.notes(query.figures, query.dtype)
    if not result.valid and result.candidates:
        yield "no candidate can be built"
    elif not result.matching and result.candidates:
        yield "no candidate meets the condition"
    invalid = sorted(result.reasons.values(), key=lambda reason: (-reason.count, reason.first))
    for reason in invalid[:REASONS_SHOWN]:
        yield f"invalid, {reason.count:,}: {reason.message} (with {_settings(result, reason.first)})"
    if len(invalid) > REASONS_SHOWN:
        yield f"invalid for {len(invalid) - REASONS_SHOWN} more reasons: {sum(r.count for r in invalid[REASONS_SHOWN:]):,}"


def head(result: Result) -> dict[str, Any]:
    """Return what a sweep asked, of which content, and what it counted: the JSON object but for its rows."""
    query, subject = result.query, result.subject
    return {
        "model": result.space.model.name,
        "settings": list(subject.question["settings"]),
        "input": subject.question["input"],
        "batch": query.batch,
        "over": list(query.over),
        **({} if query.sample is None else {"sample": {"number": query.sample, "seed": query.seed, "log": query.log}}),
        **({} if query.configurations is None else {"configurations": subject.question["configurations"]}),
        "where": query.where,
        "pareto": query.pareto,
        "sort": query.sort,
        "top": query.top,
        "dtype": query.dtype,
        "convention": result.convention.name,
        **query.trained.record(query.figures, query.dtype),
        "version": subject.version,
        "digest": subject.digest,
        "sources": dict(subject.sources),
        "candidates": result.candidates,
        "valid": result.valid,
        "matching": result.matching,
        "method": result.method,
        "seconds": round(result.seconds, 3),
        "complete": result.complete,
        **({"notes": list(result.notes)} if result.notes else {}),
        "invalid": [
            {"count": reason.count, "reason": reason.message, "example": _named(result, reason.first)}
            for reason in sorted(result.reasons.values(), key=lambda reason: (-reason.count, reason.first))
        ],
    }


def _named(result: Result, index: int) -> dict[str, Any]:
    values = result.space.values(index)
    return {name: values[name] for name in result.axes}


def _settings(result: Result, index: int) -> str:
    return " ".join(f"{name}={shown(value)}" for name, value in _named(result, index).items())


def _cell(name: str, row: Mapping[str, Any]) -> Any:
    value = row[name]
    return shown(value) if isinstance(value, (tuple, bool)) or value is None else value
