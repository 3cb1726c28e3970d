"""The tables of `cnncost compare` and `cnncost list`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cnncost.rules import show
from cnncost.show.table import Column, Table
from cnncost.show.tables.columns import FIGURE_COLUMNS

if TYPE_CHECKING:
    from cnncost.measures.report import Report


def compare_table(reports: Sequence[Report], labels: Sequence[str], exact: bool = False) -> Table:
    """Return the totals of several models side by side, with ratios to the first; `labels` are what the user called them."""
    compared = ("params", "flops", "macs", "activation_bytes")
    totals = [report.total for report in reports]
    first = totals[0]
    columns = [Column("model", "model"), Column("input", "input", priority=6)]
    for key in compared:
        column = replace(FIGURE_COLUMNS[key], priority={"params": 0, "flops": 0, "activation_bytes": 2}.get(key, 4))
        columns += [column, Column(f"{key}_ratio", f"× {column.title}", "ratio", priority=column.priority + 1)]
    rows = []
    for label, report, total in zip(labels, reports, totals, strict=True):
        row: list[Any] = [label, show(report.input)]
        for key in compared:
            row += [total[key], total[key] / first[key] if first[key] else None]
        rows.append(tuple(row))
    data = {
        "schema": "cnncost.compare/1",
        "batch": reports[0].batch,
        "dtype": reports[0].dtype,
        "convention": reports[0].convention.name,
        "models": [
            {"model": label, "input": data["input"], "total": data["total"]}
            for label, data in zip(labels, (report.to_dict(rows=False) for report in reports), strict=True)
        ],
    }
    one = reports[0]
    note = f"batch {one.batch}, {one.dtype}; {one.convention.name}: {one.convention.states}; ratios are to {labels[0]}"
    said = [f"{label}: {text}" for label, report in zip(labels, reports, strict=True) for text in report.notes]
    return Table(tuple(columns), tuple(rows), notes=(note, *said), data=data, exact=exact)


def list_table(models: Sequence[Any]) -> Table:
    """Return the zoo's models: name, family, input and source."""
    rows = tuple((m.name, m.family, show(m.shape), m.source) for m in models)
    columns = (
        Column("name", "name"),
        Column("family", "family", priority=2),
        Column("input", "input", priority=1),
        Column("source", "source", priority=3, wraps=True),
    )
    data = {
        "schema": "cnncost.list/1",
        "models": [
            {"name": m.name, "family": m.family, "input": list(m.shape), "source": m.source, "settings": m.values}
            for m in models
        ],
    }
    return Table(columns, rows, notes=(f"{len(rows)} models",), data=data)
