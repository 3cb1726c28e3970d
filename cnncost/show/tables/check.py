"""The table of `cnncost check`: a verdict per limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from cnncost.base.limits import QUANTITIES
from cnncost.base.units import Amount
from cnncost.questions.check.budget import Check, Verdict, far_apart
from cnncost.questions.diff import percent
from cnncost.show.table import Column, Record, Table

KINDS = {"max": "", "warn": " (warning)", "growth": " (growth)"}


def check_table(check: Check, exact: bool = False) -> Table:
    """Return the table of verdicts, one row each; what is not kept is told below it."""
    columns: tuple[Column, ...] = (
        Column("state", "state"),
        Column("model", "model", wraps=any("/" in verdict.model for verdict in check.verdicts)),
        Column("limited", "limited", of=lambda record: QUANTITIES[record["quantity"]].title + KINDS[record["kind"]]),
        Column("value", "value", "number", of=_amount(0)),
        Column("limit", "limit", "number", of=_amount(1)),
        Column("used", "used", "share", 2, of=lambda record: record["value"] / record["limit"] if record["limit"] else None),
        Column("place", "written in", priority=1),
    )
    found = check.verdicts
    if any(verdict.before for verdict in found):
        grown = Column("growth", "grown", "number", 1, of=lambda r: percent(r["before"], r["value"]) if r["before"] else None)
        columns = (*columns[:4], grown, *columns[4:])
    told = []
    for verdict in found:
        if verdict.state != "ok":
            told += [f"{verdict.state}: {verdict.model}: {verdict.sentence} ({verdict.place})"]
            told += [f"  {line}" for line in verdict.details]
    counts = Counter(verdict.state for verdict in found)
    checked = len(found) - counts["unchecked"]
    broken = counts["over"]
    summary = f"{broken} of {_limits(checked)} broken" if broken else f"{_limits(checked)} kept"
    if counts["warn"]:
        summary += f", {counts['warn']} with a warning"
    if counts["unchecked"]:
        summary += f", {counts['unchecked']} not checked" + (" (allowed)" if not check.unchecked else "")
    return Table.of(
        columns,
        [_record(verdict) for verdict in found],
        schema="cnncost.check/1",
        field="results",
        head={"ok": check.ok},
        tail={"models": list(check.models), "notes": list(check.notes)},
        notes=(*told, *check.notes, summary),
        exact=exact,
    )


def _amount(place: int) -> Callable[[Record], Any]:
    """Return how the value (0) or the limit (1) of a verdict is shown; a limit that could not be told has none."""

    def read(record: Record) -> Any:
        unit = QUANTITIES[record["quantity"]].measure
        if record["limit"] is None:
            return None if place else Amount(record["value"], unit)
        both = (record["value"], record["limit"])
        return Amount(both[place], unit, () if far_apart(*both) else (both[1 - place],))

    return read


def _record(verdict: Verdict) -> Record:
    return {
        "model": verdict.model,
        "quantity": verdict.limit.quantity,
        "kind": verdict.kind,
        "value": verdict.value,
        "limit": verdict.most,
        "ok": verdict.ok,
        "state": verdict.state,
        "before": verdict.before,
        "file": verdict.limit.file,
        "line": verdict.limit.line,
        "column": verdict.limit.column,
        "place": verdict.place,
        "at": None if verdict.at is None else dict(zip(("file", "line", "column"), verdict.at, strict=True)),
        "growth": None if verdict.kind != "growth" or not verdict.before else verdict.value / verdict.before - 1,
        "text": verdict.sentence,
        "details": verdict.details,
        "heaviest": [{"name": name, "value": value} for name, value in verdict.heaviest],
        "stages": [{"name": name, "value": value} for name, value in verdict.stages],
        "what_changed": verdict.typed,
    }


def _limits(count: int) -> str:
    return f"{count} limit{'s' * (count != 1)}"
