"""The tables of `cnncost compare` and `cnncost list`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cnncost.base.poly import Num
from cnncost.rules import show
from cnncost.show.table import Column, Record, Table
from cnncost.show.tables.columns import FIGURE_COLUMNS

if TYPE_CHECKING:
    from cnncost.measures.comparison import Comparison


COMPARED = {"params": 0, "flops": 0, "macs": 4, "activation_bytes": 2}  # figures, and how early each goes in narrow terminals


def comparison_table(found: Comparison, exact: bool = False) -> Table:
    """Return the totals of several models side by side, with ratios to the first."""
    records: list[Record] = [
        {"model": label, "input": list(report.input), "total": dict(report.total)}
        for label, report in zip(found.labels, found, strict=True)
    ]
    columns = [Column("model", "model"), Column("input", "input", priority=6, of=lambda each: show(tuple(each["input"])))]
    for key, priority in COMPARED.items():
        column = replace(FIGURE_COLUMNS[key], priority=priority, of=_total(key))
        ratio = Column(f"{key}_ratio", f"× {column.title}", "ratio", priority + 1, of=_ratio(key, records[0]["total"][key]))
        columns += [column, ratio]
    one = found[0]
    note = f"batch {one.batch}, {one.dtype}; {one.convention.name}: {one.convention.states}; ratios are to {found.labels[0]}"
    said = [f"{label}: {text}" for label, report in zip(found.labels, found, strict=True) for text in report.notes]
    return Table.of(
        columns,
        records,
        schema="cnncost.compare/1",
        field="models",
        head={"batch": one.batch, "dtype": one.dtype, "convention": one.convention.name},
        notes=(note, *said),
        exact=exact,
    )


def _total(key: str) -> Callable[[Record], Any]:
    return lambda model: model["total"][key]


def _ratio(key: str, first: Num) -> Callable[[Record], Any]:
    def read(model: Record) -> Any:
        value = model["total"][key]
        return value / first if isinstance(value, (int, Fraction)) and isinstance(first, (int, Fraction)) and first else None

    return read


def list_table(models: Sequence[Any]) -> Table:
    """Return the zoo's models: name, family, input and source."""
    columns = (
        Column("name", "name"),
        Column("family", "family", priority=2),
        Column("input", "input", priority=1, of=lambda model: show(tuple(model["input"]))),
        Column("source", "source", priority=3, wraps=True),
    )
    records = [
        {"name": m.name, "family": m.family, "input": list(m.shape), "source": m.source, "settings": m.values} for m in models
    ]
    return Table.of(columns, records, schema="cnncost.list/1", field="models", notes=(f"{len(records)} models",))
