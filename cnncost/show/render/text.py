"""Plain text: aligned columns, the plot and the notes below them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from cnncost.base import text as outside
from cnncost.show.render.fit import fit, squeezed, wrapped
from cnncost.show.table import Table


def plain(table: Table, width: int | None = None) -> str:
    """Aligned columns without colour; of any width, or within `width`: notes wrapped, the least important columns dropped."""
    dropped: list[str] = []
    if width is not None:
        table, dropped = fit(table, width)
    headers, rows = table.text()
    left = [column.unit == "text" for column in table.columns]
    widths = [max(map(len, cells)) for cells in zip(headers, *rows, strict=True)]
    if width is not None:
        widths = squeezed(widths, [column.wraps for column in table.columns], width)

    def line(cells: Iterable[str]) -> str:
        aligned = (
            f"{cell:<{most}}" if lefts else f"{cell:>{most}}" for cell, most, lefts in zip(cells, widths, left, strict=True)
        )
        return "  ".join(aligned).rstrip()

    def row(cells: Sequence[str]) -> str:
        """Return a row, on several lines where a cell is folded."""
        if width is None or all(len(cell) <= most for cell, most in zip(cells, widths, strict=True)):
            return line(cells)
        folded = [wrapped(cell, most) or [""] for cell, most in zip(cells, widths, strict=True)]
        return "\n".join(map(line, zip_longest(*folded, fillvalue="")))

    lines = [table.title] if table.title else []
    rule = line("-" * width for width in widths)
    lines += [line(headers), rule]
    for index, cells in enumerate(rows):
        if table.total is not None and index == len(rows) - 1:
            lines.append(rule)
        lines.append(row(cells))
    notes = [*table.notes, *([f"{width} columns are too few for: {', '.join(dropped)}"] if dropped else [])]
    whole = [*lines, *paragraphs(table, width), *plot_lines(table, width), *_wrapped(notes, width)]
    return outside.log("\n".join(whole))


def _wrapped(lines: Iterable[str], width: int | None) -> list[str]:
    return [part for line in lines for part in (wrapped(line, width) or [""])]


def plot_lines(table: Table, width: int | None = None) -> list[str]:
    """Return the lines of a table's plot, if it has one, between empty lines."""
    if table.plot is None:
        return []
    from cnncost.show.render.plot import PLAIN_WIDTH, area

    return ["", *(area(table.plot, PLAIN_WIDTH if width is None else min(width, 72), table.memory)), ""]


def paragraphs(table: Table, width: int | None = None) -> list[str]:
    """Return the lines of a table's prose, after an empty one: as they are, or each paragraph broken anew to a width."""
    if not table.prose or width is None:
        return ["", *table.prose.splitlines()] if table.prose else []
    import textwrap  # imported late: it compiles patterns that only narrow output needs

    found: list[str] = []
    for paragraph in table.prose.split("\n\n"):
        found += ["", *textwrap.wrap(paragraph, width, break_long_words=False, break_on_hyphens=False)]
    return found
