"""How values show themselves: each type of value with the builder of its table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

from cnncost.base.errors import CnncostError
from cnncost.base.notation import LATEX
from cnncost.base.showable import MOST
from cnncost.base.text import clip
from cnncost.base.units import byte_unit, many
from cnncost.show.render import render
from cnncost.show.table import Table, in_unit

# Builders by the name of the type, as module:function below cnncost.show.tables: imported when one is wanted.
BUILDERS = {
    "Report": "layers:layer_table",
    "Comparison": "compare:comparison_table",
    "Formula": "formula:formula_table",
    "Solution": "solve:solution_table",
    "Solutions": "solve:solutions_table",
    "Memory": "memory:memory_table",
    "Difference": "diff:difference_table",
    "Check": "check:check_table",
    "Explanation": "explain:types_table",
    "Working": "explain:working_table",
    "GroupWorking": "explain:group_table",
    "FieldWorking": "explain:field_table",
    "Energy": "energy:energy_table",
    "Readings": "claims:readings_table",
    "Ratios": "claims:ratios_table",
    "Result": "sweep:sweep_table",
    "Graph": "graph:graph_table",
    "Model": "settings:model_table",
}

STAGED = ("Report", "Graph", "Difference")  # types whose rows are layers, and fall into stages
FOLDED = 60  # rows beyond which stages or the first rows come first
KEPT = 1_000  # rows below a fold
WIDTHS = (None, 97, 80)  # of printed tables, the first that is short enough
MOST_COLUMNS = 8  # where not even one row fits
MARGIN = 80  # characters for the line that says what is left out
ADVICE = r" \((?:see: cnncost|--)[^)]*\)"  # for the command line


def table_of(value: Any, **options: Any) -> Table:
    """Return the table of a value; options are those of its builder, and `unit`, the unit of memory ("MB", "auto")."""
    if isinstance(value, Table):
        return value
    unit = options.pop("unit", None)
    module, _, name = BUILDERS[type(value).__name__].partition(":")
    table: Table = getattr(import_module(f"cnncost.show.tables.{module}"), name)(value, **options)
    return table if unit is None else in_unit(table, byte_unit(unit))


def text(value: Any) -> str:
    """Return a value as it is printed, within `MOST` characters: a table asked for by name, `value.table()`, as a whole.

    What is longer leaves out columns, as in narrow terminals, then layers for their stages, then rows.
    """
    table = table_of(value)
    if isinstance(value, Table):
        return render(table, "plain")
    if len(table.rows) <= FOLDED and len(shown := _printed(table)) <= MOST:
        return shown
    short, left = brief(value, table, lambda each: len(_printed(each)) <= MOST - MARGIN)
    return _printed(replace(short, notes=(f"{left}: print(….table()) shows all", *short.notes)))


def notebook(value: Any) -> str:
    """Return a value as a notebook shows it: what is long as `text` has it, and the whole folded below."""
    try:
        return _shown(value)
    except CnncostError as error:  # what letters leave open, say: no traceback of a display
        from html import escape  # knows 2,000 entities: most values are not shown in notebooks

        return f"<p>{escape(repr(value))}: {escape(str(error))}</p>"


def _shown(value: Any) -> str:
    if type(value).__name__ == "Formula" and len(_seen(page := _page(table_of(value, style=LATEX)))) <= MOST:
        return page
    table = table_of(value)
    if len(table.rows) <= FOLDED and len(_seen(page := _page(table))) <= MOST:
        return page
    short, _ = brief(value, table, lambda each: len(_seen(_page(each))) <= MOST - MARGIN)
    rows = len(table.rows)
    summary = _layers(value, table) if type(value).__name__ in STAGED else many(rows, "row")
    if rows > KEPT:
        table, summary = replace(table, rows=table.rows[:KEPT]), f"{KEPT} of {summary}"
    whole = _page(replace(table, above=None, title=""))
    return f"{_page(short)}\n<details><summary>{summary}</summary>\n{whole}\n</details>"


def brief(value: Any, table: Table, fits: Callable[[Table], bool]) -> tuple[Table, str]:
    """Return a table that fits, and in words what it is of: of layers their stages, of others the first rows."""
    layers = f"the stages of {_layers(value, table)}" if type(value).__name__ in STAGED else ""
    if layers:
        table = table_of(value, depth=1)
        if fits(table):
            return table, layers
    if table.plot is not None and fits(without := replace(table, plot=None)):
        return without, "all but the plot"
    rows, (low, high) = table.rows, (0, min(len(table.rows), FOLDED))
    while low < high:  # the most rows that fit
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(replace(table, rows=rows[:middle])) else (low, middle - 1)
    if low == 0:
        table, low = _clipped(table), 1
    return replace(table, rows=table.rows[:low]), f"{low} of {len(rows)} rows{' of ' * bool(layers)}{layers}"


def _printed(table: Table) -> str:
    """Return a table as text in the first of some widths in which it is short enough, else in the last."""
    for width in WIDTHS:
        text = render(table, "plain", width)
        if len(text) <= MOST:
            break
    return text


def _layers(value: Any, table: Table) -> str:
    return many(len(value) if hasattr(value, "__len__") else len(table.rows), "layer")


def _clipped(table: Table) -> Table:
    """Return a table of few words and columns: without its plot, long texts ended by a sign."""
    table = table.select(range(min(len(table.columns), MOST_COLUMNS)))
    rows = tuple(tuple(clip(str(cell)) if isinstance(cell, str) else cell for cell in row) for row in table.rows)
    notes = tuple(clip(note, 120) for note in table.notes[:4])
    return replace(table, title=clip(table.title), rows=rows, plot=None, above=None, notes=notes)


def _seen(page: str) -> str:
    """Return the text of a page without its marks."""
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", page))


def _page(table: Table) -> str:
    """Return a table in HTML below its title, without advice for the command line: in a notebook there is none."""
    above = "" if table.above is None else f"{_page(table.above)}\n"
    notes = [re.sub(ADVICE, "", note) for note in table.notes if not note.startswith(("cnncost ", "change one with"))]
    data = table.data or {}
    models = [each["model"] for each in data.get("models", ()) if isinstance(each, Mapping) and "model" in each]
    named = table.title or (", ".join(models) if models else data.get("model", "") if not above else "")
    from html import escape

    title = f"<strong>{escape(clip(str(named), 120))}</strong>\n" if named else ""
    return above + title + render(replace(table, above=None, notes=tuple(notes)), "html")
