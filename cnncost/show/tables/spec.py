"""What `cnncost errors` shows."""

from __future__ import annotations

from cnncost.base.site import page
from cnncost.models.spec.problems import CODES, Code
from cnncost.show.table import Column, Record, Table

SCHEMA = "cnncost.errors/1"


def codes_table() -> Table:
    """Return the codes of what can be wrong with a spec."""
    columns = (Column("code", "code"), Column("title", "what is wrong"))
    notes = ("cnncost errors CODE explains one", f"more: {page('reference/errors')}")
    return Table.of(columns, list(map(_record, CODES.values())), schema=SCHEMA, field="errors", notes=notes)


def code_table(code: str) -> Table:
    """Return what one code means: what is wrong with the first spec, and right with the second."""
    found = CODES[code]
    lines = {"why": [found.words], "wrong": found.wrong.split("\n"), "right": found.right.split("\n")}
    told = [(part, line) for part, several in lines.items() for line in several if line]
    parts = [{"part": part if line == lines[part][0] else "", "rule": line} for part, line in told]
    columns = (Column("part", found.code), Column("rule", found.title))
    return Table.of(columns, parts, schema=SCHEMA, field="parts", head={"errors": [_record(found)]})


def _record(code: Code) -> Record:
    return {"code": code.code, "title": code.title, "words": code.words, "wrong": code.wrong, "right": code.right}
