"""The table of `cnncost energy`: arithmetic, and bytes moved by level, with what each takes."""

from __future__ import annotations

from cnncost.base.units import Amount
from cnncost.graph.graph import inputs_record, stated
from cnncost.measures.energy import ASSUMED, SOURCE, Energy
from cnncost.show.table import Column, Record, Table

MICRO = 10**6


def energy_table(found: Energy, exact: bool = False) -> Table:
    """Return what each part of an estimate takes, with its share, and the sum."""
    whole = found.joules
    records: list[Record] = [
        {
            "part": part.name,
            "count": part.count,
            "unit": part.unit,
            "pj_each": float(part.each),
            "energy_uj": float(part.joules * MICRO),
            "share": float(part.joules / whole) if whole else 0.0,
            "stated": part.stated,
        }
        for part in found.parts
    ]

    def amount(each: Record) -> Amount:
        return Amount(each["count"], each["unit"], tuple([part.count for part in found.parts if part.unit == each["unit"]]))

    columns = (
        Column("part", "what"),
        Column("count", "operations, bytes", "number", priority=1, of=amount),
        Column("pj_each", "pJ each", "ratio", priority=2),
        Column("energy_uj", "energy (µJ)", "ratio"),
        Column("share", "share", "share", priority=3),
        Column("stated", "from the table", priority=4, wraps=True),
    )
    total = {"energy_uj": float(whole * MICRO)}
    return Table.of(
        columns,
        records,
        schema="cnncost.energy/1",
        field="parts",
        head={
            "model": found.graph.name,
            **inputs_record(found.graph.inputs),
            "batch": found.batch,
            "dtype": found.dtype,
            "source": SOURCE,
            "assumed": ASSUMED,
        },
        total=total,
        label="part",
        title=found.graph.name,
        notes=(
            f"{stated(found.graph.inputs)}, batch {found.batch}, {found.dtype}",
            f"an estimate, {SOURCE}: {ASSUMED}",
            *found.graph.notes,
        ),
        exact=exact,
    )
