"""The table of `cnncost list`: the networks of the zoo, with any figure, and with the accuracies that were published."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.figures import FIGURES, NAMES
from cnncost.base.units import many
from cnncost.graph.graph import Graph
from cnncost.measures.accuracy import SOURCE, accuracies, accuracy, check
from cnncost.models.model import Model
from cnncost.questions.sweep.where import holds, parse
from cnncost.show.table import Column, Record, Table
from cnncost.show.tables.columns import FIGURE_COLUMNS, inputs_read, named_columns

ALL = "all"  # weights: a row for each of them
BRIEF = 15  # characters of a source that has no number


def _briefly(source: str) -> str:
    """Return a source in few words: its number at arXiv, or its beginning."""
    found = re.search(r"arXiv:[0-9]{4}\.[0-9]{4,5}", source)
    first = re.split("[,;:] ", source)[0]
    cut = first[: BRIEF - 1]
    return found[0] if found else first if len(first) <= BRIEF else f"{cut.rpartition(' ')[0] or cut}…"


def _published(key: str) -> Callable[[Record], Any]:
    return lambda record: (record.get("accuracy") or {}).get(key)


OWN: dict[str, Column] = {  # what a network is
    column.key: column
    for column in (
        Column("name", "name"),
        Column("family", "family", priority=2),
        Column("input", "input", priority=1, of=inputs_read),
        Column("source", "source", priority=3, brief=_briefly),
    )
}
PUBLISHED = {  # what was measured with its weights
    column.key: replace(column, of=_published(column.key))
    for column in (
        Column("top1", "top-1 (%)", "ratio"),
        Column("top5", "top-5 (%)", "ratio"),
        Column("weights", "weights", priority=1),
        Column("crop", "crop", "number", priority=2),
        Column("resize", "resized to", "number", priority=3),
        Column("recipe", "recipe", priority=4, wraps=True),
    )
}
USUAL = tuple(OWN)
COMPARED = {
    key: each for key, each in FIGURES.items() if each.group in ("sum", "largest", "network") and not each.why_not("column")
}
NEEDS_DEVICE = ("fits", "bound_us")


def names() -> tuple[str, ...]:
    """Return the columns that can be asked for, as they are typed."""
    own = [word for key in (*OWN, *PUBLISHED) for word in ([FIGURES[key].name] if key in FIGURES else [key])]
    return tuple(dict.fromkeys((*own, *(each.name for key, each in COMPARED.items() if key not in NEEDS_DEVICE))))


def key_of(word: str) -> str:
    """Return the key of a column by any of its names. Raises UsageError for a word that means none."""
    name = word.strip().lower()
    key = name if name in OWN or name in PUBLISHED else NAMES[name].key if name in NAMES else ""
    if key in OWN or key in PUBLISHED or (key in COMPARED and key not in NEEDS_DEVICE):
        return key
    raise UsageError(
        f"no column of list is called '{word.strip()}'", did_you_mean(name, names(), f"columns: {', '.join(names())}")
    )


def list_table(
    models: Sequence[Model],
    columns: str | Iterable[str] | None = None,
    where: str | None = None,
    sort: str | None = None,
    weights: str = "",
    exact: bool = False,
) -> Table:
    """Return networks of the zoo as a table: by default name, family, input and source, for which nothing is built,
    and what they are sorted by or have to meet.

    `columns` names others, any figure of a network among them; `where` is a condition such as "top1 >= 80 and params < 30M", as
    that of a sweep; `sort` a column, smallest first, or largest first behind a minus. `weights` says whose accuracies are
    meant: those of a name, "best", or "all" for a row each.
    """
    order = None if sort is None else key_of(sort.removeprefix("-"))
    condition = None if where is None else parse(where, names())
    by = [*([order] if order else []), *([] if condition is None else map(key_of, condition.names()))]
    asked = [key_of(word) for word in named_columns(columns)] if columns else [*USUAL, *by]
    used = [*asked, *by]
    late = [key for key in dict.fromkeys(used) if key in COMPARED and key not in OWN and key not in PUBLISHED]
    facts = bool(weights) or any(key in PUBLISHED for key in used)
    if weights and weights != ALL:
        check(weights)
    if condition is not None and any(key_of(name) in PUBLISHED for name in condition.names()):
        models = [model for model in models if any(accuracies(model.name))]  # the others have nothing that could meet it
    records = [record for model in models for record in _records(model, late, weights if facts else None)]
    if condition is not None:
        records = [record for record in records if _meets(condition, record)]
    if order is not None:
        records = _sorted(records, order, -1 if str(sort).startswith("-") else 1)
    shown = [_column(key) for key in dict.fromkeys(asked)]
    notes = [many(len(records), "model") if weights != ALL else f"{many(len(records), 'row')}, one for each of the weights"]
    if facts:
        which = {"": "the first that were published (others: --weights)", ALL: "all of them"}.get(weights, weights)
        notes.append(f"top-1, top-5: ImageNet, one crop as large as the input, weights of {SOURCE}: {which}")
    return Table.of(shown, records, schema="cnncost.list/1", field="models", notes=tuple(notes), exact=exact)


def _column(key: str) -> Column:
    if key in OWN or key in PUBLISHED:
        return {**OWN, **PUBLISHED}[key]
    column = replace(FIGURE_COLUMNS[key], title=FIGURES[key].title, priority=1)
    return replace(column, of=lambda record: record["total"][key])


def _records(model: Model, late: Sequence[str], weights: str | None) -> list[Record]:
    """Return the record of a network, or one for each of its weights; without `weights` nothing is looked up."""
    if weights == ALL:
        sizes = [(3, each.crop, each.crop) for each in accuracies(model.name)]
        graphs = [model.trace(size) if late else None for size in sizes]
        every = zip(accuracies(model.name), sizes, graphs, strict=True)
        return [{**_record(model, late, size, graph), "accuracy": asdict(each)} for each, size, graph in every]
    shape = model.shape
    assert shape is not None  # of a network of the zoo it is known
    measured = weights is not None and any(accuracies(model.name))
    graph = model.trace() if late or measured else None
    record = _record(model, late, shape, graph)
    if weights is None:
        return [record]
    if graph is None or not measured:
        return [{**record, "accuracy": None}]
    height = shape[1] if len(shape) == 3 else 0
    found = accuracy(model.name, height, sum(node.cost.params for node in graph.layers), weights)
    return [{**record, "accuracy": None if found is None else asdict(found)}]


def _record(model: Model, late: Sequence[str], shape: Sequence[int], graph: Graph | None) -> dict[str, Any]:
    """Return what a network is, and the figures that are asked for of its graph at an input."""
    record = {
        "name": model.name,
        "family": model.family,
        "input": list(shape),
        "source": model.source,
        "settings": model.values,
    }
    if graph is not None and late:
        from cnncost.measures.report import report  # imports numpy

        total = report(graph).total
        record["total"] = {key: total[key] for key in late}
    return record


def _value(record: Record, key: str) -> Any:
    return _column(key).read(record)


def _meets(condition: Any, record: Record) -> bool:
    """Whether a record meets a condition; one that does not have what is asked for does not."""
    values = {name: _value(record, key_of(name)) for name in condition.names()}
    if any(value is None for value in values.values()):
        return False
    return bool(holds(condition, values))


def _sorted(records: Sequence[Record], key: str, sign: int) -> list[Record]:
    """Return records in order; those that do not have what they are sorted by come last."""
    having = [record for record in records if _value(record, key) is not None]
    having.sort(key=partial(_value, key=key), reverse=sign < 0)
    return [*having, *(record for record in records if _value(record, key) is None)]
