"""The table of `cnncost explain --claim`: what reproduces a published number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cnncost.base.figures import FIGURES
from cnncost.base.units import Amount, Shown
from cnncost.counting import CONVENTIONS
from cnncost.questions.claims import Readings
from cnncost.questions.claims.ratios import Ratios
from cnncost.show.table import Column, Record, Table

SHOWN = 10  # candidates in the table
WAYS = 3  # of each


def readings_table(found: Readings, exact: bool = False) -> Table:
    """Return what reproduces a claim about a model, the likeliest first."""
    columns = (
        Column("model", "network", wraps=True),
        Column("value", "counts", "bytes" if found.claim.counts == "bytes" else "count"),
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


def ratios_table(found: Ratios, exact: bool = False) -> Table:
    """Return what reproduces a ratio of two networks, the likeliest first."""
    first, other = found.labels
    columns = (
        Column("figure", "figure", of=lambda each: FIGURES[each["figure"]].title),
        Column("of", "of", wraps=True),
        Column("first", first, "number", of=_side(0)),
        Column("other", other if other != first else f"{other} (2)", "number", of=_side(1)),
        Column("ratio", "ratio", "ratio"),
        Column("match", "printed", priority=1),
        Column("departures", "assumes", "number", priority=2),
    )
    records = [
        {
            "figure": each.figure,
            "of": each.scopes[0] if each.scopes[0] == each.scopes[1] else f"{each.scopes[0]}; {each.scopes[1]}",
            "first": round(each.values[0]),
            "other": round(each.values[1]),
            "divided": None if each.printed is None else list(each.printed),
            "ratio": float(each.ratio),
            "match": each.match,
            "departures": each.departures,
        }
        for each in found.candidates
    ]
    notes = ["searched: all layers, convolutions, convolutions with linear layers; figures as they are, and rounded first"]
    if not records:
        notes.append("none of them gives this ratio")
    return Table.of(
        columns,
        records,
        schema="cnncost.compare_claim/1",
        field="candidates",
        head={"models": list(found.labels), "settings": list(found.settings), "claim": found.claim.text},
        shown=records[:SHOWN],
        title=f"× {found.claim.text} between {first} and {other}",
        notes=tuple(notes),
        exact=exact,
    )


def _side(place: int) -> Callable[[Record], Any]:
    """Return how one of two figures is shown: as it was printed before division, or exactly."""

    def read(record: Record) -> Any:
        value = record[("first", "other")[place]]
        if record["divided"] is not None:
            return Shown(value, record["divided"][place])
        return Amount(value, FIGURES[record["figure"]].measure, (record[("other", "first")[place]],))

    return read


def _some(ways: Sequence[str]) -> Shown:
    """Return all ways for files, and the first of them for people."""
    more = len(ways) - WAYS
    return Shown(", ".join(ways), ", ".join(ways[:WAYS]) + (f" and {more} more" if more > 0 else ""))
