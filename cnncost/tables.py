"""Tables: columns with units and rows of values. What each command shows is built here and rendered elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from cnncost.algebra import Num
from cnncost.errors import UsageError, did_you_mean
from cnncost.ops import Shape, show
from cnncost.units import BYTE_UNITS, COUNT_UNITS, KB_DECIMALS, figure, unit_of

if TYPE_CHECKING:
    from cnncost.conventions import Convention
    from cnncost.report import Report, Row

FILTERED = ("conv", "conv_transpose", "linear")  # kinds whose `out` counts filters

Unit = Literal["text", "number", "count", "bytes", "ratio", "share"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key in machine formats, its title for people, its unit, and how early it goes when space is short."""

    key: str
    title: str
    unit: Unit = "text"
    priority: int = 0  # 0 always stays; the highest number is dropped first
    signed: bool = False  # a change: what has grown gets a +


@dataclass(frozen=True, slots=True)
class Table:
    """What a command shows, before any formatting: exact values."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: tuple[Any, ...] | None = None
    title: str = ""
    notes: tuple[str, ...] = ()
    data: Mapping[str, Any] | None = None  # the object that the json format prints
    exact: bool = False
    above: Table | None = None  # a table that people read first; formats for programs leave it out

    @property
    def body(self) -> tuple[tuple[Any, ...], ...]:
        """The rows, the total last."""
        return self.rows if self.total is None else (*self.rows, self.total)

    def select(self, keep: Sequence[int]) -> Table:
        """Return the table of some of its columns."""

        def pick(row: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(row[i] for i in keep)

        total = None if self.total is None else pick(self.total)
        return replace(self, columns=pick(self.columns), rows=tuple(map(pick, self.rows)), total=total)

    def text(self) -> tuple[list[str], list[list[str]]]:
        """Return headers and rows as people read them: each column in one unit, rounded once, the total last."""
        columns = [self._text_of(index) for index in range(len(self.columns))]
        return [head for head, _ in columns], [list(row) for row in zip(*(cells for _, cells in columns), strict=True)]

    def _text_of(self, index: int) -> tuple[str, list[str]]:
        column = self.columns[index]
        values = [row[index] for row in self.body]
        if column.unit in ("text", "number"):
            return column.title, ["" if value is None else str(value) for value in values]
        if column.unit == "ratio":
            return column.title, ["" if value is None else f"{value:.3f}" for value in values]
        if column.unit == "share":
            return column.title, ["" if value is None else f"{float(value):.1%}" for value in values]
        units = BYTE_UNITS if column.unit == "bytes" else COUNT_UNITS
        unit = unit_of(values, units, self.exact)
        return (f"{column.title} ({unit})" if unit else column.title), [
            "" if value is None else ("+" if column.signed and value > 0 else "") + figure(value, units[unit], self.exact)
            for value in values
        ]


# ── the table of layers ──────────────────────────────────────────────────────────────────────────────────────────────


def _channels(shape: Shape) -> Num | None:
    return None if not shape else shape[0] if len(shape) == 3 else shape[-1]


def _size(shape: Shape) -> str | None:
    """H×W of a map; the number of tokens; nothing for features."""
    return show(shape[1:]) if len(shape) == 3 else f"{shape[0]} tokens" if len(shape) == 2 else None


def _input(row: Row) -> Shape:
    return row.inputs[0] if row.inputs else ()


def _pair(value: Any) -> str | None:
    """One number where both axes agree, else vertical×horizontal; four pads as top,bottom,left,right."""
    if isinstance(value, tuple):
        same = all(part == value[0] for part in value)
        return str(value[0]) if same else ("×" if len(value) == 2 else ",").join(map(str, value))
    return None if value is None else str(value)


def _kernel(row: Row) -> str | None:
    value = row.args.get("kernel")
    return None if value is None else show(value if isinstance(value, tuple) else (value, value))


def _stride(row: Row) -> str | None:
    value = row.args.get("stride")
    return _pair(row.args.get("kernel") if value is None else value)


def _kind(row: Row) -> str:
    if row.kind == "group":
        return f"{row.layers} layers"
    notes = [f"shares {row.shares}"] if row.shares else []
    notes += [] if row.runs else ["never run"]
    return f"{row.kind} ({', '.join(notes)})" if notes else row.kind


# Every column of the table of layers: what it holds, and where its value comes from. Figures and outputs stay longest.
LAYER_TEXT: dict[str, tuple[Column, Callable[[Row], Any]]] = {
    column.key: (column, value)
    for column, value in (
        (Column("name", "layer"), lambda row: row.name),
        (Column("kind", "type", priority=6), _kind),
        (Column("input_channels", "in C", "number", priority=8), lambda row: _channels(_input(row))),
        (Column("input_size", "in H×W", "number", priority=9), lambda row: _size(_input(row))),
        (
            Column("filters", "filters", "number", priority=5),
            lambda row: row.args.get("out") if row.kind in FILTERED else None,
        ),
        (Column("kernel", "kernel", "number", priority=4), _kernel),
        (Column("stride", "stride", "number", priority=7), _stride),
        (
            Column("pad", "pad", "number", priority=10),
            lambda row: _pair(row.args.get("pad")) if "kernel" in row.args else None,
        ),
        (Column("groups", "groups", "number", priority=11), lambda row: row.args.get("groups")),
        (Column("output_channels", "out C", "number", priority=2), lambda row: _channels(row.output)),
        (Column("output_size", "out H×W", "number", priority=3), lambda row: _size(row.output)),
        (Column("layers", "layers", "number", priority=11), lambda row: row.layers),
        (Column("runs", "runs", "share", priority=11), lambda row: row.runs),
    )
}
LAYER_FIGURES: dict[str, Column] = {
    column.key: column
    for column in (
        Column("activation_bytes", "memory", "bytes", priority=1),
        Column("params", "params", "count"),
        Column("flops", "FLOPs", "count"),
        Column("macs", "MACs", "count"),
        Column("expected_flops", "expected FLOPs", "count", priority=1),
        Column("param_bytes", "param memory", "bytes", priority=1),
        Column("buffers", "buffers", "count", priority=1),
    )
}
GROUPED = {  # names that stand for several columns, and other names for one
    "input": ("input_channels", "input_size"),
    "output": ("output_channels", "output_size"),
    "type": ("kind",),
    "memory": ("activation_bytes",),
}
DEFAULT_COLUMNS = (
    "name,kind,input,filters,kernel,stride,pad,output,memory,params,flops"  # the lecture's table, with the layer's type
)
COLUMN_NAMES = (*LAYER_TEXT, *LAYER_FIGURES, *GROUPED)


def column_keys(text: str) -> list[str]:
    """Return the column keys of a list such as "name,output,params". Raises UsageError for an unknown one."""
    keys: list[str] = []
    for word in filter(None, (part.strip().lower() for part in text.split(","))):
        if word not in COLUMN_NAMES:
            raise UsageError(
                f"unknown column '{word}'", did_you_mean(word, COLUMN_NAMES, f"columns: {', '.join(COLUMN_NAMES)}")
            )
        keys += [key for key in GROUPED.get(word, (word,)) if key not in keys]
    if not keys:
        raise UsageError("no columns named", f"columns: {', '.join(COLUMN_NAMES)}")
    return keys


def figure_key(word: str) -> str:
    """Return the key of a column of figures by which rows can be sorted."""
    keys = GROUPED.get(word.strip().lower(), (word.strip().lower(),))
    if len(keys) != 1 or keys[0] not in LAYER_FIGURES:
        names = [*LAYER_FIGURES, "memory"]
        raise UsageError(f"cannot sort by '{word}'", did_you_mean(word, names, f"figures: {', '.join(names)}"))
    return keys[0]


def layer_table(
    report: Report,
    *,
    depth: int | None = None,
    columns: str | None = None,
    sort: str | None = None,
    top: int | None = None,
    exact: bool = False,
    free: bool = False,
) -> Table:
    """Return the table of a report's layers, or of its groups at `depth`, with totals.

    `columns` names the columns; `sort` the figure to sort by, largest first; `top` keeps so many rows and sums the others;
    `free` shows layers that cost nothing too.
    """
    import numpy as np

    keys = column_keys(columns or DEFAULT_COLUMNS)
    order = figure_key(sort) if sort else "flops" if top is not None else None
    whole = report.group(depth)
    charged = np.ones(len(whole.rows), dtype=bool) if free else whole.charged()
    shown = whole if charged.all() else whole.take(np.flatnonzero(charged))
    if order is not None:
        shown = shown.take(np.argsort(-getattr(shown, order), kind="stable"))
    if top is not None:
        if top < 1:
            raise UsageError(f"--top {top} keeps no row", "give a whole number from 1")
        shown = shown.top(top, order or "flops")
    hidden = [whole.rows[i].kind for i in np.flatnonzero(~charged)]

    cells: list[list[Any]] = []
    for key in keys:
        if key in LAYER_TEXT:
            value = LAYER_TEXT[key][1]
            cells.append([value(row) for row in shown.rows])
        else:
            cells.append(getattr(shown, key).tolist())
    total = report.total
    described = [LAYER_TEXT[key][0] if key in LAYER_TEXT else LAYER_FIGURES[key] for key in keys]
    table = Table(
        columns=tuple(described),
        rows=tuple(zip(*cells, strict=True)),
        total=tuple("total" if key == "name" else total[key] if key in LAYER_FIGURES else None for key in keys),
        title=report.model,
        notes=(counted(report), *_expected_note(report), *_hidden_note(hidden)),
        data={**shown.to_dict(), "free": _tally(hidden)},
        exact=exact,
    )
    if columns is None:  # of the columns nobody asked for by name, show those that say something
        table = table.select(
            [i for i, c in enumerate(described) if c.priority < 2 or any(row[i] is not None for row in table.rows)]
        )
    return table


def counted(report: Report) -> str:
    """Return the line that states what is counted."""
    how = report.convention
    return f"input {show(report.input)}, batch {report.batch}, {report.dtype}; {how.name}: {how.states}"


def _tally(kinds: Iterable[str]) -> dict[str, int]:
    count: dict[str, int] = {}
    for kind in kinds:
        count[kind] = count.get(kind, 0) + 1
    return count


def _hidden_note(kinds: Sequence[str]) -> tuple[str, ...]:
    if not kinds:
        return ()
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(_tally(kinds).items(), key=lambda item: -item[1]))
    return (f"not shown, for they cost nothing by this convention: {listed} (--free shows them)",)


def _expected_note(report: Report) -> tuple[str, ...]:
    """State the expected cost where training drops layers at random, and parameters that are never used."""
    idle = sum(int(count) for row, count in zip(report.rows, report.params, strict=True) if row.runs == 0 and count)
    notes = []
    expected, full = report.total["expected_flops"], report.total["flops"]
    if expected != full:
        notes.append(
            f"expected while training: {figure(expected, 1, exact=False)} FLOPs, {float(expected / full):.1%} of the full cost"
        )
    if idle:
        notes.append(f"{idle:,} of the parameters belong to layers that never run")
    return tuple(notes)


# ── the other commands' tables ───────────────────────────────────────────────────────────────────────────────────────


def compare_table(reports: Sequence[Report], labels: Sequence[str], exact: bool = False) -> Table:
    """Return the totals of several models side by side, with ratios to the first; `labels` are what the user called them."""
    figures = ("params", "flops", "macs", "activation_bytes")
    totals = [report.total for report in reports]
    first = totals[0]
    columns = [Column("model", "model"), Column("input", "input", priority=6)]
    for key in figures:
        column = replace(LAYER_FIGURES[key], priority={"params": 0, "flops": 0, "activation_bytes": 2}.get(key, 4))
        columns += [column, Column(f"{key}_ratio", f"× {column.title}", "ratio", priority=column.priority + 1)]
    rows = []
    for label, report, total in zip(labels, reports, totals, strict=True):
        row: list[Any] = [label, show(report.input)]
        for key in figures:
            row += [total[key], total[key] / first[key] if first[key] else None]
        rows.append(tuple(row))
    data = {
        "schema": "cnncost.compare/1",
        "batch": reports[0].batch,
        "dtype": reports[0].dtype,
        "convention": reports[0].convention.name,
        "models": [
            {"model": label, "input": data["input"], "total": data["total"]}
            for label, data in zip(labels, (report.to_dict(rows=False) for report in reports), strict=True)
        ],
    }
    one = reports[0]
    note = f"batch {one.batch}, {one.dtype}; {one.convention.name}: {one.convention.states}; ratios are to {labels[0]}"
    return Table(tuple(columns), tuple(rows), notes=(note,), data=data, exact=exact)


def list_table(models: Sequence[Any]) -> Table:
    """Return the zoo's models: name, family, input and source."""
    rows = tuple((m.name, m.family, show(m.shape), m.source) for m in models)
    columns = (
        Column("name", "name"),
        Column("family", "family", priority=2),
        Column("input", "input", priority=1),
        Column("source", "source", priority=3),
    )
    data = {
        "schema": "cnncost.list/1",
        "models": [
            {"name": m.name, "family": m.family, "input": list(m.shape), "source": m.source, "settings": m.values}
            for m in models
        ],
    }
    return Table(columns, rows, notes=(f"{len(rows)} models",), data=data)


# What a rule is shown on, where that is not one C×H×W map: shapes in letters, and arguments that are not letters of their own.
SHOWN_ON: dict[str, tuple[str, ...]] = {
    "linear": ("F",),
    "matmul": ("N K", "K M"),
    "attention": ("T D", "S D", "S E"),
    "attention_bias": ("T heads·D", "P heads"),
    "space_to_depth": ("C size·h size·w",),
    "adaptive_avg_pool": ("C out·h out·w",),
    "adaptive_max_pool": ("C out·h out·w",),
    "concat": ("A H W", "B H W"),
    "mul": ("C H W", "C"),
    "class_token": ("T D",),
    "untokens": ("height·width D",),
}
COUNT_NAMES = ("params", "macs", "bias", "taps", "buffers")


def rule_table(kind: str) -> Table:
    """Return one rule: its arguments, its words, and its formulas, read off the rule itself by running it on letters."""
    from math import prod

    from cnncost.algebra import Poly, symbols
    from cnncost.ops import RULES, Cost

    if kind not in RULES:
        raise UsageError(f"unknown layer type '{kind}'", did_you_mean(kind, RULES, "see: cnncost ops"))
    rule = RULES[kind]
    shapes = SHOWN_ON.get(kind, ("C H W",) * (rule.inputs or 2))
    inputs = [tuple(prod(symbols(size.replace("·", " "))) for size in shape.split()) for shape in shapes]
    letters = {
        name: symbols(name)[0] for name, p in rule.arguments.items() if p.annotation.split(" | ")[0] in ("Num", "Pair", "Pad")
    }
    letters.pop("window", None)  # attention within windows is a case of its own, told in its words
    cost: Cost = rule.function(*inputs, **letters)
    output, sizes = [], {}
    for axis, size in enumerate(cost.shape):  # a long output size gets a name, by which the other formulas stay short
        if isinstance(size, Poly) and len(size.terms) > 1 and len(cost.shape) == 3:
            sizes["CHW"[axis] + "′"] = size
            (size,) = symbols("CHW"[axis] + "′")
        output.append(size)
    formulas = {
        "input": " and ".join(map(show, inputs)),
        "output": show(tuple(output)),
        **{k: str(v) for k, v in sizes.items()},
    }
    for name in COUNT_NAMES:
        value = getattr(cost, name)
        for letter, size in sizes.items():
            if value % size == 0:
                value = value // size * symbols(letter)[0]
        if value != 0:
            formulas[name] = str(value)
    return Table(
        columns=(Column("count", "count"), Column("formula", "formula")),
        rows=tuple(formulas.items()),
        title=f"{kind}({signature(rule.arguments.values())})",
        notes=("", *rule.words.split("\n")),
        data={"schema": "cnncost.op/1", "kind": kind, "section": rule.section, **rule_data(rule), "formulas": formulas},
    )


def ops_table() -> Table:
    """Return the layer types: kind, arguments and the rule's first sentence."""
    from cnncost.ops import RULES

    columns = (Column("kind", "type"), Column("arguments", "arguments", priority=1), Column("rule", "rule", priority=2))
    rows = tuple((rule.kind, signature(rule.arguments.values()), rule.summary) for rule in RULES.values())
    data = {
        "schema": "cnncost.ops/1",
        "ops": [{"kind": rule.kind, "section": rule.section, **rule_data(rule)} for rule in RULES.values()],
    }
    return Table(columns, rows, notes=(f"{len(rows)} layer types; cnncost ops KIND shows one with its formula",), data=data)


def signature(parameters: Iterable[Any]) -> str:
    """Return parameters as people write them: out, kernel, stride=1."""
    return ", ".join(p.name if p.default is p.empty else f"{p.name}={_literal(p.default)}" for p in parameters)


def rule_data(rule: Any) -> dict[str, Any]:
    """Return a rule's inputs, arguments and words as plain data."""
    return {
        "inputs": rule.inputs,
        "arguments": {p.name: None if p.default is p.empty else p.default for p in rule.arguments.values()},
        "required": [p.name for p in rule.arguments.values() if p.default is p.empty],
        "rule": rule.words,
    }


def _literal(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def conventions_table(chosen: Sequence[Convention]) -> Table:
    """Return the counting conventions: name, what is counted, source."""
    columns = (Column("name", "name"), Column("states", "counts"), Column("source", "source", priority=1))
    rows = tuple((c.name, c.states, c.source) for c in chosen)
    data = {"schema": "cnncost.conventions/1", "conventions": [convention_data(c) for c in chosen]}
    return Table(columns, rows, notes=("cnncost conventions NAME shows the formula of each layer type",), data=data)


def convention_table(convention: Convention) -> Table:
    """Return one convention: per layer type, its FLOPs and its memory as formulas over the counts."""
    from cnncost.conventions import MEANINGS
    from cnncost.ops import RULES

    columns = (Column("kind", "type"), Column("flops", "FLOPs"), Column("memory", "memory (elements)"))
    rows = tuple((kind, str(convention.flops.get(kind, 0)), str(convention.memory.get(kind, 0))) for kind in RULES)
    used = sorted(
        {
            letter
            for f in (*convention.flops.values(), *convention.memory.values())
            if not isinstance(f, int)
            for letter in f.letters()
        }
    )
    notes = (
        f"{convention.name}: {convention.states}",
        f"source: {convention.source}",
        *(f"{name}: {MEANINGS[name]}" for name in used),
    )
    data = {"schema": "cnncost.conventions/1", "conventions": [convention_data(convention)]}
    return Table(columns, rows, notes=notes, data=data)


def convention_data(convention: Convention) -> dict[str, Any]:
    """Return a convention as plain data, formulas as text."""
    return {
        "name": convention.name,
        "states": convention.states,
        "source": convention.source,
        "flops": {kind: str(formula) for kind, formula in convention.flops.items()},
        "memory": {kind: str(formula) for kind, formula in convention.memory.items()},
    }


__all__ = ["KB_DECIMALS", "Column", "Table", "compare_table", "layer_table", "list_table"]
