"""What fits into a width: which columns stay, and where lines of notes break."""

from __future__ import annotations

import os
from collections.abc import Sequence

from cnncost.show.table import Table

SPACING = 2  # columns between columns
LINE_BUDGET = 28  # columns that a text column of prose may be squeezed to before others are dropped


def width_asked() -> int | None:
    """Return the width that the environment's COLUMNS asks for, None where it asks for none."""
    text = os.environ.get("COLUMNS", "")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 6 and int(text) else None


def wrapped(lines: str, width: int | None) -> list[str]:
    """Return lines broken between words to a width; what is broken goes on below its own indent and two blanks more.

    >>> wrapped("input 3×224×224, batch 1", 14)
    ['input', '  3×224×224,', '  batch 1']
    """
    if width is None:
        return lines.splitlines()
    import textwrap  # imported late: it compiles patterns that only narrow output needs

    found: list[str] = []
    for line in lines.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        found += textwrap.wrap(
            line, width, subsequent_indent=indent + "  ", break_long_words=False, break_on_hyphens=False
        ) or [""]
    return found


def squeezed(widths: Sequence[int], wraps: Sequence[bool], width: int) -> list[int]:
    """Return the widths of columns, those that wrap made narrower until all fit; none below `LINE_BUDGET`."""
    found = list(widths)
    for index, wrap in enumerate(wraps):
        over = sum(found) + SPACING * (len(found) - 1) - width
        if wrap and over > 0:
            found[index] = max(min(found[index], LINE_BUDGET), found[index] - over)
    return found


def fit(table: Table, width: int) -> tuple[Table, list[str]]:
    """Return the table without the columns that do not fit into `width`, least important first, and their titles."""
    keep = list(range(len(table.columns)))
    headers, rows = table.text()
    widths = []
    for index, column in enumerate(table.columns):
        widest = max(len(cell) for cell in (headers[index], *(row[index] for row in rows)))
        widths.append(min(widest, LINE_BUDGET) if column.wraps else widest)
    dropped: list[str] = []
    while sum(widths[i] for i in keep) + SPACING * (len(keep) - 1) > width:
        least = max(keep, key=lambda i: (table.columns[i].priority, i))
        if table.columns[least].priority == 0:
            break
        keep.remove(least)
        if not table.columns[least].drawn:  # what only terminals show is not missed
            dropped.append(table.columns[least].title)
    return table.select(keep), dropped
