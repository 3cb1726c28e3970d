"""What `cnncost formula` shows: the closed forms of a network, or a row of them per group of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cnncost.base.notation import LATEX, PYTHON, TEXT, Style, written
from cnncost.base.poly import Num
from cnncost.base.text import Math
from cnncost.base.units import DTYPES
from cnncost.graph.graph import inputs_record
from cnncost.questions.formula import FIGURES, Formula
from cnncost.show.table import Column, Record, Table

CONDITIONS = 6  # of those under which a form holds, shown below a table
TITLES = {"params": "params", "flops": "FLOPs", "macs": "MACs", "activation_bytes": "memory (bytes)"}
PRIORITIES = {"params": 0, "flops": 0, "macs": 2, "activation_bytes": 1}


class Form(str):
    """A form as JSON has it, a Python expression of the letters, which knows the polynomial that cells write in a style."""

    __slots__ = ("value",)
    value: Num


def formula_table(found: Formula, depth: int | None = None, style: Style = TEXT) -> Table:
    """Return the forms as a table: of the whole network, or a row per group of layers at `depth`."""

    def form(value: Num) -> Form:
        made = Form(found.write(value, PYTHON))
        made.value = value
        return made

    def forms(values: Mapping[str, Num]) -> dict[str, Form]:
        return {name: form(value) for name, value in values.items()}

    def of(key: str) -> Callable[[Record], str]:
        def read(record: Record) -> str:
            text = found.write(record[key].value, style)
            return Math(f"${text}$") if style is LATEX else text

        return read

    report = found.report
    head = {
        "model": report.model,
        "settings": {name: _setting(value) for name, value in report.counts.graph.settings.items()},
        "symbols": list(found.letters),
        **inputs_record({name: [found.write(size, PYTHON) for size in shape] for name, shape in report.inputs.items()}),
        "batch": found.write(report.batch, PYTHON),
        "dtype": report.dtype,
        "convention": report.convention.name,
        "assumes": found.conditions(PYTHON),
    }
    kinds = {"params_by_kind": forms(found.params_by_kind)}
    rest: dict[str, Any] = {"schema": "cnncost.formula/1", "notes": tuple(_notes(found))}
    total = forms(found.total)
    if depth is None:
        titles = (
            Column("figure", "figure", of=lambda record: _title(record, style)),
            Column("formula", "formula", wraps=True, of=of("formula")),
        )
        records = [{"figure": key, "kind": kind, "formula": form(value)} for key, kind, value in _figures(found)]
        return Table.of(titles, records, field="figures", head={**head, "total": total, **kinds}, **rest)
    groups = report.group(depth)
    figures = {figure: getattr(groups, figure).tolist() for figure in FIGURES}
    layers = [
        {"name": row.name, "kind": row.kind, **forms({figure: figures[figure][index] for figure in FIGURES})}
        for index, row in enumerate(groups.rows)
    ]
    columns = (
        Column("name", "layer"),
        *(
            Column(key, key if style is PYTHON else title, priority=PRIORITIES[key], wraps=True, of=of(key))
            for key, title in TITLES.items()
        ),
    )
    charged = [layer for layer, costs in zip(layers, groups.charged(), strict=True) if costs]
    return Table.of(columns, layers, field="layers", head=head, total=total, tail=kinds, shown=charged, **rest)


def _figures(found: Formula) -> Iterator[tuple[str, str | None, Num]]:
    """Iterate over what is told of the whole network: a figure, of which type of layer where not of all, and its form."""
    kinds = found.params_by_kind
    for figure, value in found.total.items():
        if figure == "activation_bytes":
            yield "activations", None, value // DTYPES[found.report.dtype]
        yield figure, None, value
        if figure == "params" and len(kinds) > 1:
            yield from ((figure, kind, part) for kind, part in kinds.items())


def _title(record: Record, style: Style) -> str:
    figure, kind = record["figure"], record["kind"]
    if style is PYTHON:  # for programs
        return f"{figure}.{kind}" if kind else str(figure)
    return f"  of {kind}" if kind else TITLES.get(figure, str(figure))


def _setting(value: Any) -> Any:
    """Return a setting as it is, letters in it as text."""
    if isinstance(value, (list, tuple)):
        return list(map(_setting, value))
    return value if value is None or isinstance(value, (bool, int, float, str)) else written(value, PYTHON)


def _notes(found: Formula) -> Iterator[str]:
    report = found.report
    read = {name: " × ".join(map(written, shape)) for name, shape in report.inputs.items()}
    several = ", ".join(f"{name} {shape}" for name, shape in read.items())
    inputs = f"inputs {several}" if len(read) > 1 else f"input {next(iter(read.values()))}"
    yield f"{report.model}: {inputs}, batch {written(report.batch)}, {report.dtype}"
    yield f"{report.convention.name}: {report.convention.states}"
    if found.letters:
        yield f"symbols: {', '.join(found.letters)}, whole numbers from 1"
    if found.assumed:
        facts = found.conditions()
        more = f", and {len(facts) - CONDITIONS} more: --format json lists them" if len(facts) > CONDITIONS else ""
        yield f"holds for {', '.join(facts[:CONDITIONS])}{more}"
    yield from report.notes
