"""The table of `cnncost explain --claim`: what reproduces a published number."""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.base.units import Shown
from cnncost.counting import CONVENTIONS
from cnncost.questions.claims import Readings
from cnncost.show.table import Column, Table

SHOWN = 10  # candidates in the table
WAYS = 3  # of each


def readings_table(found: Readings, exact: bool = False) -> Table:
    """Return what reproduces a claim about a model, the likeliest first."""
    columns = (
        Column("model", "network", wraps=True),
        Column("value", "counts", "count"),
        Column("match", "printed", priority=4),
        Column("departures", "assumes", "number", priority=1),
        Column("ways", "by", priority=0, wraps=True, of=lambda candidate: _some(candidate["ways"])),
    )
    records = [
        {
            "model": c.model,
            "change": c.change,
            "value": round(c.value),
            "ways": list(c.ways),
            "match": c.match,
            "departures": c.departures,
        }
        for c in found.candidates
    ]
    notes = [
        f"searched: {len(CONVENTIONS)} conventions, each also × 2 and ÷ 2 and ÷ 1024ⁿ, parts of the network, variants of"
        f" {found.model.name}, other sizes and classes"
    ]
    if not records:
        notes.append("none of them gives this number: is it of another network, or of part of one?")
    if len(records) > SHOWN:
        notes.append(f"{len(records) - SHOWN} more, less likely")
    return Table.of(
        columns,
        records,
        schema="cnncost.explain.claim/1",
        field="candidates",
        head={"model": found.model.name, "settings": found.model.values, "claim": found.claim.text},
        shown=records[:SHOWN],
        title=f"{found.claim.text} of {found.label}",
        notes=tuple(notes),
        exact=exact,
    )


def _some(ways: Sequence[str]) -> Shown:
    """Return all ways for files, and the first of them for people."""
    more = len(ways) - WAYS
    return Shown(", ".join(ways), ", ".join(ways[:WAYS]) + (f" and {more} more" if more > 0 else ""))
