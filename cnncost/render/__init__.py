"""Renderers: a `Table` to text, one function per format. `FORMATS` names them all.

Text formats show figures as people read them; json, csv and tsv carry exact integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from cnncost.errors import UsageError, did_you_mean
from cnncost.tables import Table
from cnncost.units import Shown


def render(table: Table, format: str) -> str:
    """Return a table as text in one of `FORMATS`, one of verdicts also in `ci.FORMATS`; without a line end at its end."""
    if format not in FORMATS:
        from cnncost.render import ci

        return ci.FORMATS[format](table)
    text = FORMATS[format](table)
    return text if table.above is None or format in DATA else f"{render(table.above, format)}\n\n{text}"


def plain(table: Table) -> str:
    """Aligned columns without colour, at any width."""
    headers, rows = table.text()
    left = [column.unit == "text" for column in table.columns]
    widths = [max(map(len, cells)) for cells in zip(headers, *rows, strict=True)]

    def line(cells: Iterable[str]) -> str:
        aligned = (
            f"{cell:<{width}}" if lefts else f"{cell:>{width}}" for cell, width, lefts in zip(cells, widths, left, strict=True)
        )
        return "  ".join(aligned).rstrip()

    lines = [table.title] if table.title else []
    rule = line("-" * width for width in widths)
    lines += [line(headers), rule]
    for index, row in enumerate(rows):
        if table.total is not None and index == len(rows) - 1:
            lines.append(rule)
        lines.append(line(row))
    return "\n".join([*lines, *table.notes])


def markdown(table: Table) -> str:
    """A GitHub table, the notes below it."""
    return _with_notes(table, _tabulate(table, "github"))


def latex(table: Table) -> str:
    """A LaTeX tabular with booktabs rules, the notes as comments."""
    return "\n".join([_tabulate(table, "latex_booktabs"), *(f"% {note}" for note in table.notes)])


def html(table: Table) -> str:
    """An HTML table, the notes as paragraphs."""
    from html import escape

    return "\n".join([_tabulate(table, "html"), *(f"<p>{escape(note)}</p>" for note in table.notes)])


def json(table: Table) -> str:
    """One JSON object with exact integers."""
    from json import dumps

    return dumps(table.data, indent=2, ensure_ascii=False)


def csv(table: Table) -> str:
    """Comma-separated values: keys as the header, exact integers, the total as the last row."""
    return _separated(table, ",")


def tsv(table: Table) -> str:
    """Tab-separated values, as csv."""
    return _separated(table, "\t")


def terminal(table: Table) -> str:
    """Colour and rules for a terminal; drops the least important columns where it is narrow."""
    from cnncost.render.terminal import terminal

    return terminal(table)


FORMATS: dict[str, Callable[[Table], str]] = {
    "terminal": terminal,
    "plain": plain,
    "json": json,
    "csv": csv,
    "tsv": tsv,
    "markdown": markdown,
    "latex": latex,
    "html": html,
}
DATA = ("json", "csv", "tsv")  # formats for programs
SUFFIXES = {
    ".txt": "plain",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".md": "markdown",
    ".tex": "latex",
    ".html": "html",
}


def format_of(path: str) -> str:
    """Return the format that a file's suffix asks for. Raises UsageError where it asks for none."""
    from pathlib import PurePath

    suffix = PurePath(path).suffix.lower()
    if suffix not in SUFFIXES:
        hint = did_you_mean(suffix, SUFFIXES, f"suffixes: {', '.join(SUFFIXES)}; or name one with --format")
        raise UsageError(f"the suffix of '{path}' names no format", hint)
    return SUFFIXES[suffix]


def _with_notes(table: Table, text: str) -> str:
    return "\n".join([text, *(f"\n{note}" for note in table.notes)])


def _tabulate(table: Table, style: str) -> str:
    from tabulate import tabulate

    headers, rows = table.text()
    align = ["left" if column.unit == "text" else "right" for column in table.columns]
    return tabulate(rows, headers, tablefmt=style, disable_numparse=True, colalign=align if rows else None)


def _separated(table: Table, delimiter: str) -> str:
    import csv
    from io import StringIO

    text = StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow([column.key for column in table.columns])
    writer.writerows([[_cell(value) for value in row] for row in table.body])
    return text.getvalue().removesuffix("\n")


def _cell(value: Any) -> Any:
    value = value.value if isinstance(value, Shown) else value
    return "" if value is None else value.replace("×", "x") if isinstance(value, str) else value
