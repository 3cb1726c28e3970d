"""Tables: columns with units and rows of values. What each command shows is built here and rendered elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.poly import Num, Poly
from cnncost.base.units import figures
from cnncost.rules.ops import Shape, show
from cnncost.show.table import Column, Table

if TYPE_CHECKING:
    from cnncost.counting import Convention
    from cnncost.measures.columns import Derivation
    from cnncost.measures.report import Report, Row
    from cnncost.measures.roofline import Device

FILTERED = ("conv", "conv_transpose", "linear")  # kinds whose `out` counts filters


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
# Figures that are worked out when they are asked for: see cnncost.measures.columns.
LAYER_DERIVED: dict[str, Column] = {
    column.key: column
    for column in (
        Column("outputs_bytes", "outputs", "bytes", priority=1),
        Column("live_bytes", "live", "bytes", priority=1),
        Column("kept_bytes", "kept", "bytes", priority=1),
        Column("input_gradient_flops", "input gradient", "count", priority=1),
        Column("weight_gradient_flops", "weight gradient", "count", priority=1),
        Column("training_flops", "training FLOPs", "count", priority=1),
        Column("training_bytes", "training memory", "bytes", priority=1),
        Column("bytes_moved", "moved", "bytes", priority=1),
        Column("intensity", "FLOPs/byte", "ratio", priority=1),
        Column("bound_us", "bound (µs)", "ratio", priority=1),
        Column("bound_by", "bound by", priority=1),
        Column("receptive_field", "field", "number", priority=1),
        Column("exceeds_input", "> input", "number", priority=1),
        Column("effective_stride", "field stride", "number", priority=1),
        Column("effective_pad", "field pad", "number", priority=1),
    )
}
DEVICE_COLUMNS = "intensity,bound,bound_by"  # what a device adds unless its bound is among the columns asked for
GROUPED = {  # names that stand for several columns, and other names for one
    "input": ("input_channels", "input_size"),
    "output": ("output_channels", "output_size"),
    "type": ("kind",),
    "memory": ("activation_bytes",),
    "activations": ("activation_bytes",),
    "outputs": ("outputs_bytes",),
    "live": ("live_bytes",),
    "peak": ("live_bytes",),
    "kept": ("kept_bytes",),
    "training_memory": ("training_bytes",),
    "training": ("flops", "input_gradient_flops", "weight_gradient_flops", "training_flops"),
    "moved": ("bytes_moved",),
    "bound": ("bound_us",),
    "rf": ("receptive_field", "exceeds_input"),
    "field": ("receptive_field", "exceeds_input", "effective_stride", "effective_pad"),
}
SORTABLE_DERIVED = (
    *("outputs_bytes", "live_bytes", "kept_bytes", "input_gradient_flops", "weight_gradient_flops", "training_flops"),
    *("bytes_moved", "intensity", "bound_us"),
)
DEFAULT_COLUMNS = (
    "name,kind,input,filters,kernel,stride,pad,output,memory,params,flops"  # the lecture's table, with the layer's type
)
COLUMN_NAMES = (*LAYER_TEXT, *LAYER_FIGURES, *LAYER_DERIVED, *GROUPED)


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
    if len(keys) != 1 or keys[0] not in (*LAYER_FIGURES, *SORTABLE_DERIVED):
        names = [*LAYER_FIGURES, "memory", *SORTABLE_DERIVED]
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
    device: Device | None = None,
) -> Table:
    """Return the table of a report's layers, or of its groups at `depth`, with totals.

    `columns` names the columns; `sort` the figure to sort by, largest first; `top` keeps so many rows and sums the others;
    `free` shows layers that cost nothing too; `device` is what the roofline's columns need.
    """
    import numpy as np

    keys = column_keys(columns or DEFAULT_COLUMNS)
    if device is not None and not any(key.startswith("bound") for key in keys):
        keys += [key for key in column_keys(DEVICE_COLUMNS) if key not in keys]
    order = figure_key(sort) if sort else "flops" if top is not None else None
    whole = report.group(depth)
    derived = [key for key in dict.fromkeys((*keys, order)) if key in LAYER_DERIVED]
    derivation = _derivation(whole, device) if derived else None

    def figures(key: str, of: Report) -> list[Any]:
        return getattr(of, key).tolist() if derivation is None or key not in LAYER_DERIVED else derivation.column(key, of)

    charged = np.ones(len(whole.rows), dtype=bool) if free else whole.charged()
    for key in derived:
        if derivation is not None and derivation.adds_up(key):
            charged |= np.array([value != 0 for value in figures(key, whole)], dtype=bool)
    shown = whole if charged.all() else whole.take(np.flatnonzero(charged))
    if order is not None:
        ranks = [value or 0 for value in figures(order, shown)]
        shown = shown.take(sorted(range(len(ranks)), key=lambda i: -ranks[i]))
    if top is not None:
        if top < 1:
            raise UsageError(f"--top {top} keeps no row", "give a whole number from 1")
        shown = shown.head(top)
    hidden = [whole.rows[i].kind for i in np.flatnonzero(~charged)]

    total = dict(report.total)
    cells: list[list[Any]] = []
    for key in keys:
        cells.append([LAYER_TEXT[key][1](row) for row in shown.rows] if key in LAYER_TEXT else figures(key, shown))
        if derivation is not None and key in LAYER_DERIVED:
            total[key] = derivation.total(key, whole)
    described = [LAYER_TEXT[key][0] if key in LAYER_TEXT else {**LAYER_FIGURES, **LAYER_DERIVED}[key] for key in keys]
    data = {**shown.to_dict(), "free": _tally(hidden)}
    for key, column in zip(keys, cells, strict=True):
        if key in LAYER_DERIVED:
            for layer, value in zip(data["layers"], column, strict=True):
                layer[key] = _plain(value)
            data["total"][key] = _plain(total[key])
    rows = zip(*([_yes(value) for value in column] for column in cells), strict=True)
    table = Table(
        columns=tuple(described),
        rows=tuple(rows),
        total=tuple("total" if key == "name" else total.get(key) for key in keys),
        title=report.model,
        notes=(
            counted(report),
            *_beside(report),
            *slips(report),
            *_expected_note(report),
            *(derivation.notes(keys) if derivation is not None else ()),
            *_hidden_note(hidden),
            *report.notes,
        ),
        data=data,
        exact=exact,
    )
    if columns is None:  # of the columns nobody asked for by name, show those that say something
        table = table.select(
            [i for i, c in enumerate(described) if c.priority < 2 or any(row[i] is not None for row in table.rows)]
        )
    return table


def _derivation(report: Report, device: Device | None) -> Derivation:
    from cnncost.measures.columns import Derivation  # imported late: most tables need none

    return Derivation(report, device)


def _yes(value: Any) -> Any:
    return ("yes" if value else None) if isinstance(value, bool) else value


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Poly) else value


def counted(report: Report) -> str:
    """Return the line that states what is counted."""
    how = report.convention
    return f"input {show(report.input)}, batch {report.batch}, {report.dtype}; {how.name}: {how.states}"


def _beside(report: Report) -> tuple[str, ...]:
    """Return the line with the other totals that the convention's tool prints."""
    from cnncost.counting import convention

    found = []
    for name in report.convention.beside:
        other = convention(name)
        total = report.counts.charge(other, "flops", 1 if other.per_example else report.batch).sum()
        found.append(f"{name} {total:,}" if not isinstance(total, Poly) else f"{name} {total}")
    return (f"beside it: {', '.join(found)}",) if found else ()


def slips(report: Report) -> tuple[str, ...]:
    """Return a line for each slip of the tool that the convention emulates, where it concerns this network."""
    return tuple(f"note: {slip}" for slip in report.counts.slips(report.convention))


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
        (mean,) = figures([expected], 1, exact=False)
        notes.append(f"expected while training: {mean} FLOPs, {float(expected / full):.1%} of the full cost")
    if idle:
        notes.append(f"{idle:,} of the parameters belong to layers that never run")
    return tuple(notes)


# ── the other commands' tables ───────────────────────────────────────────────────────────────────────────────────────


def compare_table(reports: Sequence[Report], labels: Sequence[str], exact: bool = False) -> Table:
    """Return the totals of several models side by side, with ratios to the first; `labels` are what the user called them."""
    compared = ("params", "flops", "macs", "activation_bytes")
    totals = [report.total for report in reports]
    first = totals[0]
    columns = [Column("model", "model"), Column("input", "input", priority=6)]
    for key in compared:
        column = replace(LAYER_FIGURES[key], priority={"params": 0, "flops": 0, "activation_bytes": 2}.get(key, 4))
        columns += [column, Column(f"{key}_ratio", f"× {column.title}", "ratio", priority=column.priority + 1)]
    rows = []
    for label, report, total in zip(labels, reports, totals, strict=True):
        row: list[Any] = [label, show(report.input)]
        for key in compared:
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
    said = [f"{label}: {text}" for label, report in zip(labels, reports, strict=True) for text in report.notes]
    return Table(tuple(columns), tuple(rows), notes=(note, *said), data=data, exact=exact)


def list_table(models: Sequence[Any]) -> Table:
    """Return the zoo's models: name, family, input and source."""
    rows = tuple((m.name, m.family, show(m.shape), m.source) for m in models)
    columns = (
        Column("name", "name"),
        Column("family", "family", priority=2),
        Column("input", "input", priority=1),
        Column("source", "source", priority=3, wraps=True),
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

    from cnncost.base.poly import symbols
    from cnncost.graph.lettered import in_primes, primed
    from cnncost.rules.ops import RULES, Cost

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
    output, sizes = primed(cost.shape)  # a long output size gets a name, by which the other formulas stay short
    formulas = {
        "input": " and ".join(map(show, inputs)),
        "output": show(output),
        **{k: str(v) for k, v in sizes.items()},
    }
    for name in COUNT_NAMES:
        value = in_primes(getattr(cost, name), sizes)
        if value != 0:
            formulas[name] = str(value)
    return Table(
        columns=(Column("count", "count"), Column("formula", "formula", wraps=True)),
        rows=tuple(formulas.items()),
        title=f"{kind}({signature(rule.arguments.values())})",
        prose=rule.words,
        data={"schema": "cnncost.op/1", "kind": kind, "section": rule.section, **rule_data(rule), "formulas": formulas},
    )


def ops_table() -> Table:
    """Return the layer types: kind, arguments and the rule's first sentence."""
    from cnncost.rules.ops import RULES

    columns = (
        Column("kind", "type"),
        Column("arguments", "arguments", priority=1, wraps=True),
        Column("rule", "rule", priority=2, wraps=True),
    )
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
    columns = (
        Column("name", "name"),
        Column("states", "counts", wraps=True),
        Column("source", "source", priority=1, wraps=True),
    )
    rows = tuple((c.name, c.states, c.source) for c in chosen)
    data = {"schema": "cnncost.conventions/1", "conventions": [convention_data(c) for c in chosen]}
    return Table(columns, rows, notes=("cnncost conventions NAME shows the formula of each layer type",), data=data)


def convention_table(convention: Convention) -> Table:
    """Return one convention: per layer type, its FLOPs, memory and parameters as formulas over the counts."""
    from cnncost.counting import FORMS, LETTERS
    from cnncost.rules.ops import RULES

    figures = ("flops", "memory", *(("params",) if convention.params else ()))
    columns = (
        Column("kind", "type"),
        Column("flops_formula", "FLOPs"),
        Column("memory_formula", "memory (elements)", priority=2),
        *((Column("params_formula", "params", priority=1),) if convention.params else ()),
    )
    rows: list[tuple[Any, ...]] = []
    used: set[str] = set()
    for kind in RULES:  # each kind, then its modes and spellings that are charged otherwise
        usual = convention.formula("flops", kind)
        others = [key for key in convention.flops if kind in key.split(".") and convention.flops[key] != usual]
        for key in (kind, *others):
            formulas = [convention.formula(figure, key) for figure in figures]
            rows.append((key, *map(str, formulas)))
            used.update(letter for formula in formulas if isinstance(formula, Poly) for letter in formula.letters())
    forms = [form for form in FORMS if any(row[0].startswith(f"{form}.") for row in rows)]
    notes = (
        f"{convention.name}: {convention.states}",
        f"source: {convention.source}",
        *(f"note: {slip.says}" for slip in convention.slips),
        *((f"printed beside it: {', '.join(convention.beside)}",) if convention.beside else ()),
        *(f"{name}: {meaning}" for name, meaning in LETTERS.items() if name in used),
        *(f"{form}.…: {FORMS[form]}" for form in forms),
    )
    data = {"schema": "cnncost.conventions/1", "conventions": [convention_data(convention)]}
    return Table(columns, tuple(rows), notes=notes, data=data)


def convention_data(convention: Convention) -> dict[str, Any]:
    """Return a convention as plain data, formulas as text."""

    def texts(formulas: Mapping[str, Num]) -> dict[str, str]:
        return {kind: str(formula) for kind, formula in formulas.items()}

    return {
        "name": convention.name,
        "states": convention.states,
        "source": convention.source,
        "flops": texts(convention.flops),
        "memory": texts(convention.memory),
        "params": texts(convention.params),
        "input_gradient": texts(convention.input_gradient),
        "weight_gradient": texts(convention.weight_gradient),
        "per_example": convention.per_example,
        "notes": [slip.says for slip in convention.slips],
        "beside": list(convention.beside),
    }
