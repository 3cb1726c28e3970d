"""The table of `cnncost snapshot`: the totals of models; their layers are in JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cnncost.questions.check.history import SCHEMA, snapshot
from cnncost.show.table import Column, Record, Table
from cnncost.show.tables.columns import FIGURE_COLUMNS
from cnncost.show.tables.compare import counting

if TYPE_CHECKING:
    from cnncost.base.limits import Limit
    from cnncost.measures.report import Report

SHOWN = ("params", "flops", "macs", "activation_bytes")


def snapshot_table(
    reports: Sequence[Report],
    labels: Sequence[str],
    exact: bool = False,
    limits: Mapping[str, Sequence[Limit]] | None = None,
) -> Table:
    """Return the table of a snapshot: the totals, and in JSON all layers; `limits` say which further figures it has."""
    columns = (Column("model", "model"), *(replace(FIGURE_COLUMNS[key], priority=0, of=_total(key)) for key in SHOWN))
    records = snapshot(reports, labels, limits)["models"]
    return Table.of(
        columns,
        records,
        schema=SCHEMA,
        field="models",
        head=counting(reports),
        notes=("the layers are in JSON: -o costs.json",),
        exact=exact,
    )


def _total(key: str) -> Callable[[Record], Any]:
    return lambda model: model["total"][key]
