"""The terminal's table, with rich."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from rich.console import Console
from rich.text import Text

from cnncost.base.text import log
from cnncost.show.render import stack
from cnncost.show.render.fit import SPACING, fitted, wrapped
from cnncost.show.render.plot import area
from cnncost.show.render.text import paragraphs
from cnncost.show.table import Table

STYLES = {"over": "red", "warn": "yellow"}  # of rows and notes by their first word
BAR = "#56B4E9"
HEAVY, LIGHT = ((0.06, "bold red"), (0.03, "yellow")), (0.001, "dim")  # styles of figures by their share of the total
MANY = 12  # rows from which shares are coloured: of a few rows each is heavy


def terminal(table: Table) -> str:
    """Return the table for this terminal's width, in colour where it has any."""
    console = Console(file=StringIO(), force_terminal=True, legacy_windows=False)
    return draw(table, console)


def draw(table: Table, console: Console) -> str:
    """Return the table as drawn on `console`, within its width."""
    width = console.width
    found = fitted(table, width)
    shown = found.table
    with console.capture() as captured:

        def put(text: str | Text, style: str = "") -> None:
            lines = [Text(line, style) for line in wrapped(text, width) or [""]] if isinstance(text, str) else [text]
            for line in lines:
                console.print(line, no_wrap=True, overflow="ignore", crop=False)

        def put_row(cells: Sequence[Sequence[str]], styles: Sequence[str], style: str | None) -> None:
            for parts in found.lines(cells):
                line = Text(style=style or "")
                for at, (part, own) in enumerate(zip(parts, styles, strict=True)):
                    line.append(" " * SPACING * (at > 0)).append(part, own)
                put(line)

        if table.stack is not None:
            for line in stack.lines(table.stack, width, not console.no_color, table.memory):
                console.print(line, no_wrap=True, overflow="crop")
            console.print()
        if title := table.caption or table.title:
            put(title, "bold")
        rule = " " * SPACING
        rule = "─" * (sum(found.widths) + len(rule) * (len(found.widths) - 1))
        put_row(found.headers, ["bold"] * len(found.widths), None)
        put(Text(rule))
        for index, row in enumerate(found.rows):
            is_total = shown.total is not None and index == len(shown.rows)
            if is_total:
                put(Text(rule))
            first = row[0][0] if row and row[0] else ""
            put_row(row, [_style(shown, index, at) for at in range(len(row))], "bold" if is_total else STYLES.get(first))
        for words in paragraphs(table, width):
            put(words)
        if table.plot is not None:
            put(Text("\n".join(["", *area(table.plot, width, table.memory), ""])))
        for note in table.notes:
            put(note, STYLES.get(note.partition(":")[0], "dim"))
        if found.missed:
            put(f"{found.missed} (a wider terminal or a pipe shows all)", "dim")
    return log("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _style(table: Table, row: int, at: int) -> str:
    """Return how a cell looks: growth is red and a loss green, bars are blue, figures go by their share of the total."""
    column, value = table.columns[at], table.body[row][at]
    if column.unit in ("bar", "course"):
        return BAR
    if column.signed:
        number = getattr(value, "value", value)
        return "" if not isinstance(number, (int, float)) or number == 0 else "red" if number > 0 else "green"
    if not table.weighed or column.unit not in ("count", "bytes") or table.total is None or row >= len(table.rows) > 0:
        return ""
    total = table.total[at]
    others = str(table.body[row][0]).endswith((" other)", " others)"))
    if others or len(table.rows) < MANY or not isinstance(value, int) or not isinstance(total, int) or not total:
        return ""
    share = value / total
    heavy = next((style for least, style in HEAVY if share > least), "")
    return heavy or (LIGHT[1] if share < LIGHT[0] else "")
