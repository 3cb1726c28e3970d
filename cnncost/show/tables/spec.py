"""What `cnncost errors` shows."""

from __future__ import annotations

from cnncost.base.site import page
from cnncost.models.spec.problems import CODES, Code
from cnncost.show.table import Column, Table


def codes_table() -> Table:
    """Return the codes of what can be wrong with a spec."""
    columns = (Column("code", "code"), Column("title", "what is wrong"))
    rows = tuple((code.code, code.title) for code in CODES.values())
    data = {"schema": "cnncost.errors/1", "errors": [_data(code) for code in CODES.values()]}
    return Table(columns, rows, notes=("cnncost errors CODE explains one", f"more: {page('reference/errors')}"), data=data)


def code_table(code: str) -> Table:
    """Return what one code means: what is wrong with the first spec, and right with the second."""
    found = CODES[code]
    told = [("what", found.title), ("why", found.words)]
    told += [
        (name, line) for name, text in (("wrong", found.wrong), ("right", found.right)) for line in text.split("\n") if line
    ]
    shown = [(name if index == 0 or told[index - 1][0] != name else "", line) for index, (name, line) in enumerate(told)]
    return Table(
        (Column("part", found.code), Column("rule", found.title)),
        tuple(shown[1:]),
        data={"schema": "cnncost.errors/1", "errors": [_data(found)]},
    )


def _data(code: Code) -> dict[str, str]:
    return {"code": code.code, "title": code.title, "words": code.words, "wrong": code.wrong, "right": code.right}
