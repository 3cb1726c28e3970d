"""The table of `cnncost table`: a row per layer, or per group of layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncost.base.errors import UsageError
from cnncost.base.figures import FIGURES, order_key
from cnncost.base.units import figures
from cnncost.rules import show
from cnncost.show.table import Table
from cnncost.show.tables.columns import DEFAULT_COLUMNS, DEVICE_COLUMNS, FIGURE_COLUMNS, TEXT_COLUMNS, column_keys

if TYPE_CHECKING:
    from cnncost.measures.devices import Device
    from cnncost.measures.report import Report


def layer_table(
    report: Report,
    *,
    depth: int | None = None,
    columns: str | None = None,
    sort: str | None = None,
    top: int | None = None,
    exact: bool = False,
    free: bool = False,
    device: Device | None = None,
) -> Table:
    """Return the table of a report's layers, or of its groups at `depth`, with totals.

    `columns` names the columns; `sort` the figure to sort by, largest first; `top` keeps so many rows and sums the others;
    `free` shows layers that cost nothing too; `device` is what the roofline's columns need.
    """
    from cnncost.measures.report import COLUMNS

    keys = column_keys(columns or DEFAULT_COLUMNS)
    if device is not None and not any(key.startswith("bound") for key in keys):
        keys += [key for key in DEVICE_COLUMNS if key not in keys]
    order = order_key(sort) if sort else "flops" if top is not None else None
    if top is not None and top < 1:
        raise UsageError(f"--top {top} keeps no row", "give a whole number from 1")
    whole = report.group(depth)
    asked = [key for key in dict.fromkeys((*keys, order)) if key in FIGURES and key not in (*COLUMNS, "layers")]
    derivation = whole.derivation(device) if asked else None

    shown, hidden = whole, []
    if not free:
        charged = whole.charged()
        for key in asked:
            if FIGURES[key].group == "sum":
                charged |= np.array([value != 0 for value in whole.column(key, device)], dtype=bool)
        shown = whole if charged.all() else whole.take(charged)
        hidden = [whole.rows[i].kind for i in np.flatnonzero(~charged).tolist()]
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
    described = [{**TEXT_COLUMNS, **FIGURE_COLUMNS}[key] for key in keys]
    table = Table.of(
        described,
        records,
        schema="cnncost.table/1",
        field="layers",
        head=report.head_record(),
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
    )
    if columns is None:  # of the columns nobody asked for by name, show those that say something
        table = table.select(
            [i for i, c in enumerate(described) if c.priority < 2 or any(row[i] is not None for row in table.rows)]
        )
    return table


def counted(report: Report) -> str:
    """Return the line that states what is counted."""
    how = report.convention
    return f"input {show(report.input)}, batch {report.batch}, {report.dtype}; {how.name}: {how.states}"


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
