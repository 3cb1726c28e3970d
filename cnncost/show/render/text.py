"""Plain text: aligned columns, the plot and the notes below them."""

from __future__ import annotations

from collections.abc import Iterable

from cnncost.base import text as outside
from cnncost.show.render.fit import SPACING, fitted, wrapped
from cnncost.show.table import Table


def plain(table: Table, width: int | None = None) -> str:
    """Aligned columns without colour; of any width, or within `width`: notes wrapped, the least important columns dropped."""
    found = fitted(table, width)
    gap = " " * SPACING
    rule = gap.join("-" * each for each in found.widths)
    title = table.caption or table.title
    lines = wrapped(title, width) if title else []
    lines += [*map(gap.join, found.lines(found.headers)), rule]
    for index, row in enumerate(found.rows):
        if table.total is not None and index == len(table.rows):
            lines.append(rule)
        lines += map(gap.join, found.lines(row))
    notes = [*table.notes, *([found.missed] if found.missed else [])]
    lines += [*paragraphs(table, width), *plot_lines(table, width), *_wrapped(notes, width)]
    return outside.log("\n".join(line.rstrip() for line in lines))


def _wrapped(lines: Iterable[str], width: int | None) -> list[str]:
    return [part for line in lines for part in (wrapped(line, width) or [""])]


def plot_lines(table: Table, width: int | None = None) -> list[str]:
    """Return the lines of a table's plot, if it has one, between empty lines."""
    if table.plot is None:
        return []
    from cnncost.show.render.plot import PLAIN_WIDTH, area

    return ["", *area(table.plot, PLAIN_WIDTH if width is None else min(width, 72), table.memory), ""]


def paragraphs(table: Table, width: int | None = None) -> list[str]:
    """Return the lines of a table's prose, an empty one before each paragraph; as it was written where there is room."""
    lines: list[str] = []
    for paragraph in table.prose.split("\n\n") if table.prose else ():
        written = paragraph.splitlines()
        fits = width is None or all(len(line) <= width for line in written)
        lines += ["", *(written if fits else wrapped(" ".join(paragraph.split()), width, indent=""))]
    return lines
