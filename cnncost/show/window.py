"""How values show themselves: each type of value with the builder of its table."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

from cnncost.base.units import byte_unit
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
}

FOLDED = 60  # layers beyond which a notebook shows stages first
ADVICE = r" \((?:see: cnncost|--)[^)]*\)"  # for the command line


def table_of(value: Any, **options: Any) -> Table:
    """Return the table of a value; options are those of its builder, and `unit`, the unit of memory ("MB", "auto")."""
    unit = options.pop("unit", None)
    module, _, name = BUILDERS[type(value).__name__].partition(":")
    table: Table = getattr(import_module(f"cnncost.show.tables.{module}"), name)(value, **options)
    return table if unit is None else in_unit(table, byte_unit(unit))


def text(value: Any) -> str:
    """Return a value as it is printed."""
    return render(table_of(value), "plain")


def notebook(value: Any) -> str:
    """Return a value as a notebook shows it; of a report of many layers the stages, and the layers folded below."""
    if type(value).__name__ == "Report" and len(value) > FOLDED:
        layers = _html(table_of(value))
        summary = f"<details><summary>{len(value)} layers</summary>\n{layers}\n</details>"
        return f"{_html(table_of(value, depth=1))}\n{summary}"
    return _html(table_of(value))


def _html(table: Table) -> str:
    """Return a table in HTML without advice for the command line: in a notebook there is none."""
    import re
    from html import escape  # imported late: only notebooks need them

    notes = [re.sub(ADVICE, "", note) for note in table.notes if not note.startswith("cnncost ")]
    title = f"<strong>{escape(table.title)}</strong>\n" if table.title else ""
    return title + render(replace(table, notes=tuple(notes)), "html")
