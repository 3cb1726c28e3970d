"""The tables of `cnncost compare` and `cnncost list`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cnncost.base.errors import UsageError
from cnncost.base.figures import FIGURES, figure
from cnncost.base.poly import Num
from cnncost.graph.graph import inputs_record, reads
from cnncost.measures.groups import coarseness
from cnncost.rules import show
from cnncost.show.table import Column, Record, Table
from cnncost.show.tables.columns import FIGURE_COLUMNS

if TYPE_CHECKING:
    from cnncost.measures.comparison import Comparison
    from cnncost.measures.report import Report


GROUPED = ("flops", "params")  # figures that are compared group by group
COMPARED = {"params": 0, "flops": 0, "macs": 4, "activation_bytes": 2}  # figures, and how early each goes in narrow terminals


def _read(costs: Record) -> str:
    """Return what a model reads: one shape, or several with their names."""
    return reads(costs.get("inputs", {"input": costs["input"]}))


def comparison_table(
    found: Comparison, exact: bool = False, by: str | None = None, bars: bool = False, columns: str | None = None
) -> Table:
    """Return the totals of several models side by side, with ratios to the first.

    `columns` names the figures, "params,weighted_layers,peak_memory", where it is given. With `by`, "scope", "resolution" or
    "type", a row for each group and a column for each model: its FLOPs there. With `bars` terminals draw bars beside figures,
    and the course of live memory, all on one scale.
    """
    if by is not None:
        return groups_table(found, by, exact)
    asked = COMPARED if columns is None else _asked(columns)
    more = [key for key in asked if key not in COMPARED]
    records: list[Record] = [
        {
            "model": label,
            "settings": report.counts.graph.settings,
            **inputs_record(report.inputs),
            "total": {**report.total, **{key: report.total[key] for key in more}},
            "stages": _stages(report),
        }
        for label, report in zip(found.labels, found, strict=True)
    ]
    drawn = {id(record): report for record, report in zip(records, found, strict=True)}
    shown = [
        Column("model", "model"),
        Column("input", "input", priority=6, of=lambda each: reads(each.get("inputs", {"input": each["input"]}))),
    ]
    for key, priority in asked.items():
        title = FIGURES[key].title if key in more else FIGURE_COLUMNS[key].title  # "live" of a layer is a network's peak
        column = replace(FIGURE_COLUMNS[key], title=title, priority=priority, of=_total(key))
        ratio = Column(f"{key}_ratio", f"× {column.title}", "ratio", priority + 1, of=_ratio(key, records[0]["total"][key]))
        shown += [column, *([_bar(key)] if bars and key in ("params", "flops") else []), ratio]
    if bars and columns is None:
        shown += [
            Column("live", "live memory over execution", "course", 2, drawn=True, of=lambda each: _live(drawn[id(each)])),
            Column("peak_bytes", "peak", "bytes", 2, drawn=True, of=lambda each: drawn[id(each)].total["peak_memory"]),
        ]
    one = found[0]
    note = f"batch {one.batch}, {one.dtype}; {one.convention.name}: {one.convention.states}; ratios are to {found.labels[0]}"
    said = [f"{label}: {text}" for label, report in zip(found.labels, found, strict=True) for text in report.notes]
    return Table.of(
        shown,
        records,
        schema="cnncost.compare/1",
        field="models",
        head={
            "batch": one.batch,
            "dtype": one.dtype,
            "convention": one.convention.name,
            **one.trained.record(asked, one.dtype),
        },
        notes=(note, *one.trained.notes(asked, one.dtype), *said),
        exact=exact,
    )


def _asked(text: str) -> dict[str, int]:
    """Return the keys of the figures that a list names, and how early each goes. Raises UsageError for what no network has."""
    found: dict[str, int] = {}
    for place, word in enumerate(text.split(",")):
        known = figure(word)
        if known.key not in FIGURE_COLUMNS or (known.group in ("last", "main", "ratio") or known.key == "bound_us"):
            fact = f"{known.name} cannot be compared: it belongs to single layers, or to a device"
            raise UsageError(fact, "figures: params, flops, macs, memory, weighted_layers, peak_memory, …")
        found[known.key] = 2 * place
    return found


def groups_table(found: Comparison, by: str, exact: bool = False) -> Table:
    """Return the FLOPs and the parameters of several models group by group."""
    parts = [report.group(by=by) for report in found]
    names = list(dict.fromkeys(row.name for part in parts for row in part.rows))
    if by == "resolution":
        names.sort(key=coarseness)
    cells = [{row.name: place for place, row in enumerate(part.rows)} for part in parts]
    records = []
    for name in names:
        record: dict[str, Any] = {"group": name}
        for number, (part, places) in enumerate(zip(parts, cells, strict=True)):
            for key in GROUPED:
                record[f"{key}_{number + 1}"] = part.column(key).tolist()[places[name]] if name in places else 0
        records.append(record)
    columns = [Column("group", by)]
    for column in (FIGURE_COLUMNS[key] for key in GROUPED):
        for number, label in enumerate(found.labels, start=1):
            columns.append(replace(column, key=f"{column.key}_{number}", title=f"{column.title} {label}", of=None))
    one = found[0]
    counting = {"batch": one.batch, "dtype": one.dtype, "convention": one.convention.name}
    totals = {f"{key}_{number + 1}": part.total[key] for key in GROUPED for number, part in enumerate(parts)}
    return Table.of(
        columns,
        records,
        schema="cnncost.compare_groups/1",
        field="groups",
        head={"by": by, "models": list(found.labels), "settings": [r.counts.graph.settings for r in found], **counting},
        total=totals,
        label="group",
        notes=(f"batch {one.batch}, {one.dtype}; {one.convention.name}: {one.convention.states}",),
        exact=exact,
    )


def _stages(report: Report) -> list[dict[str, Any]]:
    """Return a model's figures by resolution; nothing where sizes are letters."""
    try:
        parts = report.group(by="resolution")
    except UsageError:
        return []
    columns = [parts.column(key).tolist() for key in COMPARED]
    return [
        {"stage": row.name, "layers": row.layers, **dict(zip(COMPARED, values, strict=True))}
        for row, *values in zip(parts.rows, *columns, strict=True)
    ]


def _bar(key: str) -> Column:
    return Column(f"{key}_bar", "", "bar", 3, drawn=True, of=lambda each: each["total"][key])


def _live(report: Report) -> Any:
    return report.column("live").tolist() if isinstance(report.total["peak_memory"], int) else None


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
