"""A network's graph as a table: its layers, or its stages, with what they make."""

from __future__ import annotations

from dataclasses import replace

from cnncost.graph.graph import Graph, stated
from cnncost.measures.report import report
from cnncost.show.table import Table
from cnncost.show.tables.layers import layer_table

COLUMNS = "name,kind,input,output,params"


def graph_table(graph: Graph, depth: int | None = None) -> Table:
    """Return a row for each layer, or for each group at `depth`: its type, what it reads, makes and learns."""
    found = layer_table(report(graph), depth=depth, columns=COLUMNS, free=True)
    return replace(found, notes=(stated(graph.inputs), *graph.notes))
