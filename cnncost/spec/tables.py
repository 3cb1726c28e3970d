"""What `cnncost errors` shows."""

from __future__ import annotations

from cnncost.spec.problems import CODES, Code
from cnncost.tables import Column, Table


def codes_table() -> Table:
    """Return the codes of what can be wrong with a spec."""
    columns = (Column("code", "code"), Column("title", "what is wrong"))
    rows = tuple((code.code, code.title) for code in CODES.values())
    data = {"schema": "cnncost.errors/1", "errors": [_data(code) for code in CODES.values()]}
    return Table(columns, rows, notes=("cnncost errors CODE explains one",), data=data)


def code_table(code: str) -> Table:
    """Return what one code means: what is wrong with the first spec, and right with the second."""
    found = CODES[code]
    wrong, right = found.wrong.split("\n"), found.right.split("\n")
    height = max(len(wrong), len(right)) if found.wrong else 0
    rows = tuple((wrong[i] if i < len(wrong) else "", right[i] if i < len(right) else "") for i in range(height))
    columns = (Column("wrong", "wrong"), Column("right", "right"))
    if not rows:
        columns, rows = (Column("title", found.code),), ((found.title,),)
    return Table(
        columns,
        rows,
        title=f"{found.code}: {found.title}" if found.wrong else "",
        notes=("", found.words),
        data={"schema": "cnncost.errors/1", "errors": [_data(found)]},
    )


def _data(code: Code) -> dict[str, str]:
    return {"code": code.code, "title": code.title, "words": code.words, "wrong": code.wrong, "right": code.right}
