"""The tables of `cnncost compare` and `cnncost list`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cnncost.base.errors import UsageError
from cnncost.base.figures import FIGURES, figure
from cnncost.base.poly import Num
from cnncost.graph.graph import inputs_record
from cnncost.measures.groups import coarseness, way
from cnncost.show.table import Column, Record, Table
from cnncost.show.tables.columns import FIGURE_COLUMNS, SETS, device_record, inputs_read, named_columns

if TYPE_CHECKING:
    from cnncost.measures.comparison import Comparison
    from cnncost.measures.devices import Device
    from cnncost.measures.report import Report


GROUPED = ("flops", "params", "activation_bytes")  # figures that are compared group by group
COMPARED = {"params": 0, "flops": 0, "macs": 5, "activation_bytes": 2, "weighted_layers": 1}  # and how early each goes
STAGED = ("params", "flops", "macs", "activation_bytes")  # figures of each stage
BOUNDS = ("bound_us", "bound_by", "fits")  # what a device adds
SAID = (*BOUNDS, "inference_bytes", "energy_uj", "top1", "top5", "weights")  # figures of which a line says what they are


def counting(reports: Sequence[Report]) -> dict[str, Any]:
    """Return the settings of several models, and how they are counted, all in one way."""
    settings = [report.counts.graph.settings for report in reports]
    one = reports[0]
    return {"settings": settings, "batch": one.batch, "dtype": one.dtype, "convention": one.convention.name}


MORE = ("input", "ratio")  # columns that can be named beside figures: what a network reads, and ratios to the first


def comparison_table(
    found: Comparison,
    exact: bool = False,
    by: str | None = None,
    bars: bool = False,
    columns: str | Iterable[str] | None = None,
    device: Device | None = None,
) -> Table:
    """Return the totals of several models side by side, with ratios to the first.

    `columns` names the columns where it is given, "params,depth,peak", with "input" and "ratio" if they are to be there;
    `device` adds the bound of its roofline. With `by`, "scope", "resolution" or "type", a row for each group and a column for
    each model. With `bars` terminals draw bars beside figures, and the course of live memory, all on one scale.
    """
    if by is not None:
        return groups_table(found, by, exact, columns)
    words = [*MORE] if columns is None else named_columns(columns)
    asked = dict(COMPARED) if columns is None else _asked([word for word in words if word not in MORE], device)
    if device is not None:
        asked |= {key: 2 for key in BOUNDS if key not in asked and (key != "fits" or device.memory is not None)}
    more = [key for key in asked if key not in found[0].total]
    records: list[Record] = [
        {
            "model": label,
            **inputs_record(report.inputs),
            "total": {**report.total, **_worked_out(report, more, device)},
            "stages": _stages(report),
        }
        for label, report in zip(found.labels, found, strict=True)
    ]
    drawn = {id(record): report for record, report in zip(records, found, strict=True)}
    shown = [Column("model", "model", wraps=any("/" in label for label in found.labels))]
    shown += [Column("input", "input", priority=7, of=inputs_read)] if "input" in words else []
    for key, priority in asked.items():
        title = FIGURES[key].title if key in more else FIGURE_COLUMNS[key].title  # "live" of a layer is a network's peak
        column = replace(FIGURE_COLUMNS[key], title=title, priority=priority, of=_total(key))
        shown += [column, *([_bar(key)] if bars and key in ("params", "flops") else [])]
        if "ratio" in words and column.unit in ("count", "bytes") and key != "weighted_layers":
            first = records[0]["total"][key]
            shown.append(Column(f"{key}_ratio", f"× {column.title}", "ratio", priority + 1, of=_ratio(key, first)))
    if bars and columns is None:
        shown += [
            Column("live", "live memory over execution", "course", 2, drawn=True, of=lambda each: _live(drawn[id(each)])),
            Column("peak_bytes", "peak", "bytes", 2, drawn=True, of=lambda each: drawn[id(each)].total["peak_memory"]),
        ]
    one = found[0]
    note = f"batch {one.batch}, {one.dtype}; {one.convention.name}: {one.convention.states}"
    note += f"; ratios are to {found.labels[0]}" if "ratio" in words and len(found) > 1 else ""
    said = [f"{label}: {text}" for label, report in zip(found.labels, found, strict=True) for text in report.notes]
    bound = one.derivation(device).notes([key for key in asked if key in SAID])
    return Table.of(
        shown,
        records,
        schema="cnncost.compare/1",
        field="models",
        head={
            **counting(found),
            **one.trained.record(asked, one.dtype),
            **device_record(device, one.dtype),
        },
        notes=(note, *one.trained.notes(asked, one.dtype), *bound, *said),
        exact=exact,
    )


def _worked_out(report: Report, keys: Sequence[str], device: Device | None) -> dict[str, Any]:
    """Return the totals of figures that are worked out when they are asked for."""
    derivation = report.derivation(device)
    return {
        key: report.total[key]
        if key == "layers"
        else report.group(0)[0][key]  # of the last layer
        if FIGURES[key].group == "last"
        else derivation.total(key, report.rows, report.total["flops"])
        for key in keys
    }


def _asked(words: Sequence[str], device: Device | None = None) -> dict[str, int]:
    """Return the keys of the figures that words name, and how early each goes. Raises UsageError for what no network has."""
    found: dict[str, int] = {}
    for place, word in enumerate(words):
        for key in SETS.get(word) or (figure(word).key,):
            if key not in FIGURE_COLUMNS or FIGURES[key].group == "ratio":
                known = "figures: params, flops, macs, memory, depth, peak, rf, …"
                raise UsageError(f"{word} cannot be compared: it belongs to single layers", known)
            if device is None and key in BOUNDS:
                raise UsageError(f"{word} cannot be compared: it depends on a device", "name one: --device a100")
            found[key] = 2 * place
    return found


def groups_table(found: Comparison, by: str, exact: bool = False, columns: str | Iterable[str] | None = None) -> Table:
    """Return figures of several models group by group, FLOPs, parameters and memory, with ratios to the first model."""
    asked = GROUPED if columns is None else tuple(_asked(named_columns(columns)))
    for key in asked:
        if FIGURES[key].group != "sum":
            raise UsageError(f"{FIGURES[key].name} of groups has no sum", "figures: params, flops, macs, memory, …")
    parts = [report.group(by=by) for report in found]
    labels = [
        label if label not in found.labels[:at] else f"{label} ({found.labels[: at + 1].count(label)})"
        for at, label in enumerate(found.labels)
    ]
    names = list(dict.fromkeys(row.name for part in parts for row in part.rows))
    if way(by) == "resolution":
        names.sort(key=coarseness)
    records: list[dict[str, Any]] = [{"group": name} for name in names]
    totals: dict[str, Any] = {}
    shown = [Column("group", by)]
    for at, key in enumerate(asked):
        column = replace(FIGURE_COLUMNS[key], wraps=True, scaled=key)
        for number, (label, part, report) in enumerate(zip(labels, parts, found, strict=True), start=1):
            own = f"{key}_{number}"
            values = dict(zip([row.name for row in part.rows], part.column(key).tolist(), strict=True))
            for record in records:
                record[own] = values.get(record["group"], 0)
            totals[own] = report.total[key]
            title = f"{column.title} {label}"
            shown.append(replace(column, key=own, title=title, priority=1 + at, of=None))
            if number > 1:
                ratio = Column(
                    f"{own}_ratio", f"× {title}", "ratio", 1 + len(asked) + at, wraps=True, of=_ratio_of(own, f"{key}_1")
                )
                shown.append(ratio)
    charged = [record for record in records if any(value != 0 for key, value in record.items() if key != "group")]
    one = found[0]
    ratios = f"; ratios are to {found.labels[0]}" if len(found) > 1 else ""
    return Table.of(
        shown,
        records,
        schema="cnncost.compare_groups/1",
        field="groups",
        head={"by": way(by), "models": list(found.labels), **counting(found)},
        total=totals,
        label="group",
        shown=charged or records,
        notes=(f"batch {one.batch}, {one.dtype}; {one.convention.name}: {one.convention.states}{ratios}",),
        exact=exact,
    )


def _ratio_of(key: str, first: str) -> Callable[[Record], Any]:
    def read(group: Record) -> Any:
        mine, other = group[key], group[first]
        return mine / other if isinstance(mine, (int, Fraction)) and isinstance(other, (int, Fraction)) and other else None

    return read


def _stages(report: Report) -> list[dict[str, Any]]:
    """Return a model's figures by resolution; nothing where sizes are letters."""
    try:
        parts = report.group(by="resolution")
    except UsageError:
        return []
    columns = [parts.column(key).tolist() for key in STAGED]
    return [
        {"stage": row.name, "layers": row.layers, **dict(zip(STAGED, values, strict=True))}
        for row, *values in zip(parts.rows, *columns, strict=True)
    ]


def _bar(key: str) -> Column:
    return Column(f"{key}_bar", "", "bar", 3, drawn=True, of=lambda each: each["total"][key])


def _live(report: Report) -> Any:
    return report.column("live").tolist() if isinstance(report.total["peak_memory"], int) else None


def _total(key: str) -> Callable[[Record], Any]:
    return lambda model: FIGURE_COLUMNS[key].read(model["total"])


def _ratio(key: str, first: Num) -> Callable[[Record], Any]:
    def read(model: Record) -> Any:
        value = model["total"][key]
        return value / first if isinstance(value, (int, Fraction)) and isinstance(first, (int, Fraction)) and first else None

    return read
