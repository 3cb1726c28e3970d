"""Renderers: a `Table` to text, one function per format. `FORMATS` names them all.

Text formats show figures as people read them; json, csv and tsv carry exact integers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from cnncost.base import text as outside
from cnncost.base.errors import UsageError, did_you_mean
from cnncost.show.render.text import paragraphs, plain, plot_lines
from cnncost.show.table import Table, exact, word


def render(table: Table, format: str, width: int | None = None) -> str:
    """Return a table as text in one of `FORMATS`, one of verdicts also in `ci.FORMATS`; without a line end at its end.

    `width` is that of plain text, where something limits it.
    """
    if format not in FORMATS:
        from cnncost.show.render import ci

        return ci.FORMATS[format](table)
    if table.above is not None and not table.rows and format not in DATA:  # of a table without rows its notes are enough
        return render(replace(table.above, notes=(*table.above.notes, *table.notes)), format, width)
    drawn = table if format == "terminal" else table.undrawn()
    drawn = drawn if format in DATA else drawn.seen()
    text = plain(drawn, width) if format == "plain" else FORMATS[format](drawn)
    return text if table.above is None or format in DATA else f"{render(table.above, format, width)}\n\n{text}"


def markdown(table: Table) -> str:
    """A GitHub table, the plot and the notes below it."""
    fenced = (
        "\n".join(["", "```text", *(line.replace("`", "'") for line in plot_lines(table)[1:-1]), "```"]) if table.plot else ""
    )
    text = _tabulate(table, "github", outside.markdown) + ("\n" + outside.log(fenced) if fenced else "")
    caption = [f"{outside.markdown(table.caption)}\n"] if table.caption else []
    return "\n".join([*caption, text, *paragraphs(table), *(f"\n{outside.markdown(note)}" for note in table.notes)])


def latex(table: Table) -> str:
    """A LaTeX tabular with the rules of booktabs, a rule before the total; the notes as comments."""
    from cnncost.show.render.latex import latex

    return latex(table)


def html(table: Table) -> str:
    """An HTML table, the plot as preformatted text, the notes as paragraphs."""
    escape = outside.html
    text = _tabulate(table, "html").replace("##[", "&#35;#[")
    text = text.replace("<th>", '<th style="text-align: left;">').replace("<td>", '<td style="text-align: left;">')
    if table.total is not None:  # the last row
        head, start, last = text.rpartition("<tr>")
        text = head + start + last.replace(';">', '; font-weight: bold;">')
    if table.caption:
        text = text.replace("<table>", f"<table>\n<caption>{escape(table.caption)}</caption>", 1)
    plot = ["<pre>" + escape("\n".join(plot_lines(table)[1:-1])) + "</pre>"] if table.plot else []
    remarks = [*filter(None, table.prose.split("\n\n")), *table.notes]
    return "\n".join([text, *plot, *(f"<p>{escape(text)}</p>" for text in remarks)])


def json(table: Table) -> str:
    """One JSON object with exact integers: a line per field, and per item of a list of objects."""
    return json_object(table.data or {})


def json_object(data: Mapping[str, Any]) -> str:
    """Return an object as text in JSON, as `json` does that of a table."""
    from json import dumps

    from cnncost.base.plain import scalar

    def write(value: Any) -> str:
        return outside.json(dumps(value, ensure_ascii=False, default=scalar))

    fields = []
    for key, value in data.items():
        text = write(value)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            text = "[\n    " + ",\n    ".join(map(write, value)) + "\n  ]"
        fields.append(f"  {dumps(key)}: {text}")
    return "{\n" + ",\n".join(fields) + "\n}"


def csv(table: Table) -> str:
    """Comma-separated values: keys as the header, exact integers, the total as the last row."""
    return _separated(table, ",")


def tsv(table: Table) -> str:
    """Tab-separated values, as csv."""
    return _separated(table, "\t")


def terminal(table: Table) -> str:
    """Colour and rules for a terminal; drops the least important columns where it is narrow."""
    from cnncost.show.render.terminal import terminal

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
BINARY = ("parquet", "npz")  # those of files alone: see `cnncost.show.frame`
SUFFIXES = {
    ".txt": "plain",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".md": "markdown",
    ".tex": "latex",
    ".html": "html",
}
FILES = {**SUFFIXES, ".parquet": "parquet", ".npz": "npz"}  # what a table can be written to


def format_of(path: str, suffixes: Mapping[str, str] = FILES) -> str:
    """Return the format that a file's suffix asks for. Raises UsageError where it asks for none."""
    from pathlib import PurePath

    suffix = PurePath(path).suffix.lower()
    if suffix not in suffixes:
        other = "; or name one with --format" if suffixes is FILES else ""
        hint = did_you_mean(suffix, suffixes, f"suffixes: {', '.join(suffixes)}{other}")
        raise UsageError(f"the suffix of '{path}' names no format", hint)
    return suffixes[suffix]


def need_pyarrow() -> None:
    """Raise UsageError where pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise UsageError("Parquet files need pyarrow", "install it: pip install 'cnncost[sweep]'") from None


def _tabulate(table: Table, style: str, escape: Callable[[str], str] = str) -> str:
    from tabulate import tabulate

    headers, rows = table.text()
    headers, rows = [escape(cell) for cell in headers], [[escape(cell) for cell in row] for row in rows]
    align = ["left" if column.unit == "text" else "right" for column in table.columns]
    return tabulate(rows, headers, tablefmt=style, disable_numparse=True, colalign=align if rows else None)


def _separated(table: Table, delimiter: str) -> str:
    import csv
    from types import SimpleNamespace

    rows: list[str] = []
    writer = csv.writer(SimpleNamespace(write=rows.append), delimiter=delimiter, lineterminator="\r\n")  # quotes both in cells
    writer.writerow([column.key for column in table.columns])
    writer.writerows([[_cell(value) for value in row] for row in table.body])
    return "\n".join(row.removesuffix("\r\n") for row in rows)


def _cell(cell: Any) -> Any:
    value = exact(cell)
    if value is None or isinstance(value, (bool, tuple)):
        return word(cell)
    if isinstance(value, Fraction):
        return float(value)
    return outside.cell(value) if isinstance(value, str) else value
