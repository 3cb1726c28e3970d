"""The table of `cnncost table`: a row per layer, or per group of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncost.base.errors import UsageError
from cnncost.base.figures import FIGURES, order_key
from cnncost.base.poly import Poly, equal
from cnncost.base.units import figures
from cnncost.graph.graph import stated
from cnncost.measures.groups import way
from cnncost.show.table import Column, Record, Stack, Table
from cnncost.show.tables.columns import (
    BAR_COLUMNS,
    DEFAULT_COLUMNS,
    DEVICE_COLUMNS,
    FIGURE_COLUMNS,
    GROUP_COLUMNS,
    SHARE_COLUMNS,
    SHARES,
    TEXT_COLUMNS,
    column_keys,
    device_record,
)

if TYPE_CHECKING:
    from cnncost.measures.devices import Device
    from cnncost.measures.report import Report
    from cnncost.measures.rows import Row
    from cnncost.rules import Shape


BAR_PRIORITIES = {"flops": 13, "params": 14}  # bars go before all else where space is short, the one of FLOPs last


def layer_table(
    report: Report,
    *,
    depth: int | None = None,
    by: str | None = None,
    columns: str | Iterable[str] | None = None,
    sort: str | None = None,
    top: int | None = None,
    exact: bool = False,
    free: bool = False,
    device: Device | None = None,
    bars: bool = False,
) -> Table:
    """Return the table of a report's layers, or of its groups at `depth` or `by` "resolution" or "type", with totals.

    `columns` names the columns; `sort` the figure to sort by, largest first; `top` keeps so many rows and sums the others;
    `free` shows layers that cost nothing too; `device` is what the roofline's columns need; with `bars` terminals draw bars
    beside figures, and the share of FLOPs with the running sum of shares.
    """
    from cnncost.measures.report import COLUMNS

    grouped = by is not None and way(by) != "scope"
    keys = column_keys(columns or (GROUP_COLUMNS if grouped else BAR_COLUMNS if bars else DEFAULT_COLUMNS))
    if columns is None and not grouped and any(not equal(node.args.get("groups", 1), 1) for node in report.counts.graph.layers):
        before = "pad" if "pad" in keys else "name"
        keys.insert(keys.index(before) + 1, "groups")  # a grouped convolution looks like any other without them
    if device is not None and not any(key.startswith("bound") for key in keys):
        keys += [key for key in DEVICE_COLUMNS if key not in keys]
    order = order_key(sort) if sort else "flops" if top is not None else None
    if top is not None and top < 1:
        raise UsageError(f"--top {top} keeps no row", "give a whole number from 1")
    whole = report.without_inputs().group(depth, by)
    asked = [key for key in dict.fromkeys((*keys, order)) if key in FIGURES and key not in (*COLUMNS, "layers")]
    derivation = whole.derivation(device) if asked else None

    shown, hidden = whole, []
    if not free:
        charged = whole.charged() | np.array([_reshapes(row) for row in whole.rows], dtype=bool)
        for key in asked:
            if FIGURES[key].group == "sum":
                charged |= np.array([value != 0 for value in whole.column(key, device)], dtype=bool)
        shown = whole if charged.all() else whole.take(charged)
        nodes = report.counts.graph.nodes
        hidden = [nodes[at].kind for i in np.flatnonzero(~charged).tolist() for at in whole.rows[i].nodes]
    if order is not None:
        ranks = [value or 0 for value in shown.column(order, device)]
        shown = shown.take(sorted(range(len(ranks)), key=lambda i: -ranks[i]))
    if top is not None:
        shown = shown.head(top)

    total: dict[str, Any] = dict(report.total)
    records = shown.records()
    for key in keys:
        if key not in asked or derivation is None:
            continue
        total[key] = derivation.total(key, whole.rows, total["flops"])
        for record, value in zip(records, derivation.column(key, shown.rows, shown.flops.tolist()), strict=True):
            record[key] = value
    described = [_described(key, total) for key in keys]
    if bars:
        described = list(_with_bars(described, keys, total, records))
    table = Table.of(
        described,
        records,
        schema="cnncost.table/1",
        field="layers",
        head={**report.head_record(), **report.trained.record(keys, report.dtype), **device_record(device, report.dtype)},
        total=total,
        tail={"notes": list(report.notes), "free": _tally(hidden)} if report.notes else {"free": _tally(hidden)},
        title=report.model,
        notes=(
            counted(report),
            *_beside(report),
            *slips(report),
            *_expected_note(report),
            *(derivation.notes(keys) if derivation is not None else ()),
            *_hidden_note(hidden),
            *report.notes,
        ),
        exact=exact,
        weighed=bars,
        stack=_icicle(report, "flops") if bars and depth == 1 and not grouped else None,
    )
    if columns is None:  # of the columns nobody asked for by name, show those that say something
        table = table.select(
            [i for i, c in enumerate(described) if c.priority < 2 or any(row[i] is not None for row in table.rows)]
        )
    return table


def _reshapes(row: Row) -> bool:
    """Whether a layer joins branches to another shape than any of them has: a concatenation has a row, an addition has none."""
    return len(row.inputs) > 1 and row.kind != "group" and not any(_alike(row.output, shape) for shape in row.inputs)


def _alike(a: Shape, b: Shape) -> bool:
    return len(a) == len(b) and all(map(_equal, a, b))


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, int) and isinstance(b, int):
        return a == b
    return equal(a, b) if isinstance(a, Poly) or isinstance(b, Poly) else bool(np.array_equal(a, b))  # of many candidates


def _described(key: str, total: Record) -> Column:
    """Return a column by its key; a share is that of the total."""
    if key not in SHARES:
        return {**TEXT_COLUMNS, **FIGURE_COLUMNS}[key]
    figure = SHARES[key]
    return replace(SHARE_COLUMNS[key], of=lambda each: _share(each[figure], total[figure]))


def _share(value: Any, total: Any) -> Fraction | None:
    exact = isinstance(value, (int, Fraction)) and isinstance(total, (int, Fraction))
    return Fraction(value) / Fraction(total) if exact and total else None


def _with_bars(columns: Sequence[Column], keys: Sequence[str], total: Record, records: Sequence[Record]) -> Iterator[Column]:
    """Iterate over columns with a bar behind each sum of numbers; behind FLOPs the share and the running sum of shares."""
    running: dict[int, Fraction] = {}
    so_far = Fraction(0)
    for record in records:
        so_far += _share(record["flops"], total["flops"]) or 0
        running[id(record)] = so_far
    last = "flops_share" if "flops_share" in keys else "flops"
    for key, column in zip(keys, columns, strict=True):
        yield column
        if key in FIGURES and FIGURES[key].group == "sum" and column.unit in ("count", "bytes"):
            yield Column(f"{key}_bar", "", "bar", BAR_PRIORITIES.get(key, 15), drawn=True, of=_length(key))
            if key == last:
                yield replace(_described("flops_share", total), priority=12, drawn=True)
        if key == last:
            yield Column("running_share", "Σ %", "share", 12, drawn=True, of=lambda each: running.get(id(each)))


def _length(key: str) -> Callable[[Record], Any]:
    """Return what the bar of a figure is read off: rows but the one of all others, whose bar would dwarf theirs."""
    return lambda each: each[key] if each.get("kind", "others") != "others" else None


def _icicle(report: Report, figure: str) -> Stack | None:
    """Return where a figure is spent as two lines: the stages, and their blocks below them."""
    if not isinstance(report.total[figure], int):
        return None
    lines = []
    for depth in (1, 2):
        whole = report.group(depth)
        names = [name.rpartition(".")[2] if depth > 1 else name for name in (row.name for row in whole.rows)]
        lines.append(tuple(zip(names, whole.column(figure).tolist(), strict=True)))
    return Stack(f"{FIGURES[figure].title} by stage and block", tuple(lines), "count")


def counted(report: Report) -> str:
    """Return the line that states what is counted."""
    how = report.convention
    return f"{stated(report.inputs)}, batch {report.batch}, {report.dtype}; {how.name}: {how.states}"


def _beside(report: Report) -> tuple[str, ...]:
    """Return the line with the other totals that the convention's tool prints."""
    from cnncost.counting import convention

    found = []
    for name in report.convention.beside:
        other = convention(name)
        total = report.counts.charge(other, "flops", 1 if other.per_example else report.batch).sum()
        found.append(f"{name} {total:,}" if isinstance(total, (int, np.integer)) else f"{name} {total}")
    return (f"beside it: {', '.join(found)}",) if found else ()


def slips(report: Report) -> tuple[str, ...]:
    """Return a line for each slip of the tool that the convention emulates, where it concerns this network."""
    return tuple(f"note: {slip}" for slip in report.counts.slips(report.convention))


def _tally(kinds: Iterable[str]) -> dict[str, int]:
    count: dict[str, int] = {}
    for kind in kinds:
        count[kind] = count.get(kind, 0) + 1
    return count


def _hidden_note(kinds: Sequence[str]) -> tuple[str, ...]:
    if not kinds:
        return ()
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(_tally(kinds).items(), key=lambda item: -item[1]))
    return (f"not shown, for they cost nothing by this convention: {listed} (--free shows them)",)


def _expected_note(report: Report) -> tuple[str, ...]:
    """State the expected cost where training drops layers at random, and parameters that are never used."""
    idle = sum(count for row, count in zip(report.rows, report.params, strict=True) if row.runs == 0)
    notes = []
    expected, full = report.total["expected_flops"], report.total["flops"]
    if all(isinstance(total, (int, Fraction)) for total in (expected, full)) and expected != full:
        (mean,) = figures([expected], 1, exact=False)
        notes.append(f"expected while training: {mean} FLOPs, {float(expected / full):.1%} of the full cost")
    if isinstance(idle, (int, np.integer)) and idle:
        notes.append(f"{idle:,} of the parameters belong to layers that never run")
    return tuple(notes)
