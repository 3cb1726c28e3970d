"""How values show themselves: each type of value with the builder of its table."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from cnncost.show.render import render
from cnncost.show.table import Table

# Builders by the name of the type, as module:function below cnncost.show.tables: imported when one is wanted.
BUILDERS = {
    "Report": "layers:layer_table",
    "Formula": "formula:formula_table",
    "Solution": "solve:solution_table",
    "Memory": "memory:memory_table",
    "Difference": "diff:difference_table",
    "Check": "check:check_table",
    "Explanation": "explain:types_table",
    "Working": "explain:working_table",
    "Readings": "claims:readings_table",
    "Result": "sweep:sweep_table",
}


def table_of(value: Any, **options: Any) -> Table:
    """Return the table of a value; options are those of its builder."""
    module, _, name = BUILDERS[type(value).__name__].partition(":")
    table: Table = getattr(import_module(f"cnncost.show.tables.{module}"), name)(value, **options)
    return table


def text(value: Any) -> str:
    """Return a value as it is printed."""
    return render(table_of(value), "plain")


def notebook(value: Any) -> str:
    """Return a value as a notebook shows it."""
    return render(table_of(value), "html")
