"""What `cnncost formula` shows: the closed forms of a network, or a row of them per group of layers."""

from __future__ import annotations

from cnncost.base.notation import LATEX, PYTHON, TEXT, Style, written
from cnncost.base.poly import Num
from cnncost.base.text import Math
from cnncost.base.units import DTYPES
from cnncost.questions.formula import FIGURES, Formula
from cnncost.show.table import Column, Table

CONDITIONS = 6  # of those under which a form holds, shown below a table


def formula_table(found: Formula, depth: int | None = None, style: Style = TEXT) -> Table:
    """Return the forms as a table: of the whole network, or a row per group of layers at `depth`."""

    def cell(value: Num) -> str:
        return Math(f"${found.write(value, style)}$") if style is LATEX else found.write(value, style)

    report = found.report
    read = {name: " × ".join(map(written, shape)) for name, shape in report.inputs.items()}
    several = ", ".join(f"{name} {shape}" for name, shape in read.items())
    inputs = f"inputs {several}" if len(read) > 1 else f"input {next(iter(read.values()))}"
    notes = [f"{report.model}: {inputs}, batch {written(report.batch)}, {report.dtype}"]
    notes.append(f"{report.convention.name}: {report.convention.states}")
    if found.letters:
        notes.append(f"letters: {', '.join(found.letters)}, whole numbers from 1")
    if found.assumed:
        facts = found.conditions()
        more = f", and {len(facts) - CONDITIONS} more: --format json lists them" if len(facts) > CONDITIONS else ""
        notes.append(f"holds for {', '.join(facts[:CONDITIONS])}{more}")
    notes += report.notes
    titles = {"params": "params", "flops": "FLOPs", "macs": "MACs", "activation_bytes": "memory (bytes)"}
    share = "  of {}"
    if style is PYTHON:  # for programs
        titles, share = {figure: figure for figure in FIGURES}, "params.{}"
    if depth is None:
        rows = [(titles[figure], cell(value)) for figure, value in found.total.items()]
        kinds = found.params_by_kind
        if len(kinds) > 1:
            rows[1:1] = [(share.format(kind), cell(value)) for kind, value in kinds.items()]
        memory = found.total["activation_bytes"]
        rows.insert(-1, ("activations", cell(memory // DTYPES[report.dtype])))
        shown = (Column("figure", "figure"), Column("formula", "formula", wraps=True))
        return Table(shown, tuple(rows), notes=tuple(notes), data=found.to_dict())
    groups = report.group(depth)
    groups = groups.take([index for index, costs in enumerate(groups.charged()) if costs])
    priority = {"params": 0, "flops": 0, "macs": 2, "activation_bytes": 1}
    columns = (
        Column("name", "layer"),
        *(Column(key, titles[key], priority=priority[key], wraps=True) for key in titles),
    )
    cells = [[row.name for row in groups.rows]]
    cells += [[cell(value) for value in getattr(groups, key).tolist()] for key in titles]
    total = ("total", *(cell(found.total[key]) for key in titles))
    return Table(columns, tuple(zip(*cells, strict=True)), total, notes=tuple(notes), data=found.to_dict(depth))
