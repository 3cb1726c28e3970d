"""The terminal's table, with rich."""

from __future__ import annotations

from io import StringIO

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from cnncost.base.text import log
from cnncost.show.render import stack
from cnncost.show.render.fit import fit
from cnncost.show.render.plot import area
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
    """Return the table as drawn on `console`, the least important columns dropped until it fits."""
    fitted, dropped = fit(table, console.width)
    headers, rows = fitted.text()
    drawn = RichTable(
        box=box.SIMPLE_HEAD,
        title=Text(fitted.title) if fitted.title else None,  # no markup: a name may have [brackets]
        title_style="bold",
        title_justify="left",
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        header_style="bold",
    )
    for column, header in zip(fitted.columns, headers, strict=True):
        drawn.add_column(
            Text(header),
            justify="left" if column.unit in ("text", "bar", "course") else "right",
            no_wrap=not column.wraps,
            overflow="fold",
        )
    for index, row in enumerate(rows):
        is_total = fitted.total is not None and index == len(rows) - 1
        drawn.add_row(
            *(Text(text, _style(fitted, index, at)) for at, text in enumerate(row)),
            style="bold" if is_total else STYLES.get(row[0]),
            end_section=index == len(rows) - 2 and fitted.total is not None,
        )
    with console.capture() as captured:
        if fitted.stack is not None:
            for line in stack.lines(fitted.stack, console.width, not console.no_color, fitted.memory):
                console.print(line, no_wrap=True, overflow="crop")
            console.print()
        console.print(drawn)
        for paragraph in filter(None, fitted.prose.split("\n\n")):
            console.print()
            console.print(Text(" ".join(paragraph.split())))
        if fitted.plot is not None:
            console.print(Text("\n".join(["", *area(fitted.plot, console.width, fitted.memory), ""])))
        for note in fitted.notes:
            console.print(Text(note, style=STYLES.get(note.partition(":")[0], "dim")))
        if dropped:
            names = ", ".join(dropped)
            console.print(
                Text(
                    f"{console.width} columns are too few for: {names} (a wider terminal or a pipe shows all)",
                    style="dim",
                )
            )
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
    others = str(table.body[row][0]).endswith(" others)")
    if others or len(table.rows) < MANY or not isinstance(value, int) or not isinstance(total, int) or not total:
        return ""
    share = value / total
    heavy = next((style for least, style in HEAVY if share > least), "")
    return heavy or (LIGHT[1] if share < LIGHT[0] else "")
