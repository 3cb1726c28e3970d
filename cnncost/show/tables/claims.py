"""The table of `cnncost explain --claim`: what reproduces a published number."""

from __future__ import annotations

from cnncost.counting import CONVENTIONS
from cnncost.questions.claims import Readings
from cnncost.show.table import Column, Table

SHOWN = 10  # candidates in the table


def readings_table(found: Readings, exact: bool = False) -> Table:
    """Return what reproduces a claim about a model, the likeliest first."""
    columns = (
        Column("model", "network"),
        Column("value", "counts", "count"),
        Column("match", "printed", priority=2),
        Column("departures", "assumes", "number", priority=3),
        Column("ways", "by", priority=1, wraps=True, of=lambda candidate: ", ".join(candidate["ways"])),
    )
    records = [
        {
            "model": c.model,
            "change": c.change,
            "value": c.value,
            "ways": list(c.ways),
            "match": c.match,
            "departures": c.departures,
        }
        for c in found.candidates
    ]
    searched = f"{len(CONVENTIONS)} conventions, each also × 2 and ÷ 2, variants of {found.model.name}, and input sizes"
    notes = [f"searched: {searched}"]
    if not records:
        notes.append("none of them gives this number: is it of another network, or of part of one?")
    if len(records) > SHOWN:
        notes.append(f"{len(records) - SHOWN} more, less likely")
    return Table.of(
        columns,
        records,
        schema="cnncost.explain.claim/1",
        field="candidates",
        head={"model": found.model.name, "claim": found.claim.text},
        shown=records[:SHOWN],
        title=f"{found.claim.text} of {found.label}",
        notes=tuple(notes),
        exact=exact,
    )
