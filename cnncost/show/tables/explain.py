"""The tables of `cnncost explain`: the parts of a count, and the arithmetic of one layer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from cnncost.base.poly import Num, Poly
from cnncost.base.units import Amount, Shown, many, short
from cnncost.graph.graph import inputs_record
from cnncost.questions.explain import Coverage, Explanation, FieldWorking, GroupWorking, Part, Working, is_zero, written_number
from cnncost.rules import RULES, show
from cnncost.show.table import Column, Record, Table
from cnncost.show.tables.columns import FIGURE_COLUMNS, TEXT_COLUMNS

SENTENCES = 6  # differences told in words


def types_table(found: Explanation, exact: bool = False) -> Table:
    """Return what each convention counts of a network: by layer type for one or two, side by side for more."""
    names = [each.convention.name for each in found.coverage]
    types: list[Record] = [
        {
            "type": part.key,
            "layers": part.layers,
            "counts": dict(zip(names, part.counts, strict=True)),
            "charges": dict(zip(names, part.rates, strict=True)),
            **({"difference": part.difference} if len(names) == 2 else {}),
        }
        for part in found.parts
    ]
    conventions = [_convention(each, slips) for each, slips in zip(found.coverage, found.slips, strict=True)]
    total = {
        "layers": sum(part.layers for part in found.parts),
        "counts": {each["name"]: each["total"] for each in conventions},
        **({"difference": conventions[1]["total"] - conventions[0]["total"]} if len(names) == 2 else {}),
    }
    several = len(names) > 2
    build = _beside_one_another if several else _by_type
    columns, shown, notes = build(found, types, conventions)
    tail = {"difference": total["difference"]} if len(names) == 2 else {}
    slips = dict.fromkeys(f"note: {slip}" for each in found.slips for slip in each)
    return Table.of(
        columns,
        types,
        schema="cnncost.explain.types/1",
        field="types",
        head={
            "model": found.graph.name,
            "settings": found.graph.settings,
            **inputs_record(found.graph.inputs),
            "batch": found.batch,
            "conventions": conventions,
        },
        total=None if several else total,  # of types, which are columns then
        tail={"total": total, **tail} if several else tail,
        shown=shown,
        label="type",
        title=found.graph.name,
        notes=(*notes, *slips, *found.graph.notes),
        exact=exact,
    )


def _convention(covered: Coverage, slips: Sequence[str]) -> Record:
    return {
        "name": covered.convention.name,
        "states": covered.convention.states,
        "source": covered.convention.source,
        "total": covered.total,
        "counted": list(covered.counted),
        "free": list(covered.free),
        "not_counted": {key: {"size": size, "unit": unit} for key, (size, unit) in covered.uncounted.items()},
        "notes": list(slips),
    }


Parts: TypeAlias = tuple[list[Column], list[Record], list[str]]  # columns, the records of the rows, and notes


def _by_type(found: Explanation, types: list[Record], conventions: list[Record]) -> Parts:
    """Return columns, the records of the rows, and notes, with a row for each layer type."""
    names = [each["name"] for each in conventions]
    first, two = names[0], len(names) == 2
    columns = [Column("type", "type"), Column("layers", "layers", "number", priority=3)]
    for name in names:
        columns += [
            Column(name, name, "count", of=_entry("counts", name)),
            Column(f"{name}_charges", f"{name} counts", priority=2, wraps=True, of=_entry("charges", name)),
        ]
    whole = conventions[0]["total"]
    if two:
        columns.append(Column("difference", "difference", "count", 4))
    else:
        columns.append(Column("share", "share", "share", priority=1, of=_share_of(whole, first)))
    order = list(range(len(types)))
    if _are_numbers(found):  # letters stay in the order of the network
        order.sort(key=lambda i: abs(found.parts[i].difference) if two else found.parts[i].counts[0], reverse=True)
    parts = [found.parts[i] for i in order]
    notes = [*(_differences(parts, *found.coverage) if two else ()), *map(covered_line, found.coverage)]
    return columns, [types[i] for i in order], notes


def _entry(field: str, name: str) -> Callable[[Record], Any]:
    return lambda record: record[field][name]


def _share_of(whole: Num, name: str) -> Callable[[Record], Any]:
    return lambda record: _ratio(record["counts"][name], whole) if "type" in record else None


def _ratio(value: Num, whole: Num) -> Any:
    """Return a share of a whole, if both are numbers."""
    return value / whole if whole and not isinstance(value, Poly) and not isinstance(whole, Poly) else None


def _are_numbers(found: Explanation) -> bool:
    return not any(isinstance(count, Poly) for part in found.parts for count in part.counts)


def _beside_one_another(found: Explanation, types: list[Record], conventions: list[Record]) -> Parts:
    """Return columns, the records of the rows, and notes, with a row for each convention."""
    charged = [each for each in types if any(not is_zero(count) for count in each["counts"].values())]
    if _are_numbers(found):
        charged.sort(key=lambda each: max(each["counts"].values()), reverse=True)
    first = conventions[0]
    columns = [
        Column("convention", "convention", of=lambda each: each["name"]),
        Column("flops", "total", "count", of=lambda each: each["total"]),
        Column(
            *("ratio", f"× {first['name']}", "ratio", 1),
            of=lambda each: _ratio(each["total"], first["total"]),
        ),
        *(
            Column(each["type"], each["type"], "count", priority=2 + place, of=_count_of(each))
            for place, each in enumerate(charged)
        ),
    ]
    return columns, conventions, ["cnncost conventions NAME shows what each one counts"]


def _count_of(kind: Record) -> Callable[[Record], Any]:
    return lambda convention: kind["counts"][convention["name"]]


def _differences(order: Sequence[Part], first: Coverage, second: Coverage) -> Iterator[str]:
    """Iterate over sentences that say where two counts differ, the largest difference first, and what that comes to."""
    one, other = first.convention.name, second.convention.name
    differing = [part for part in order if not is_zero(part.difference)]
    for part in differing[:SENTENCES]:
        mine, _, unit = part.rates[0].partition(" per ")
        _, _, same = part.rates[1].partition(" per ")
        usual = mine if unit and unit == same else part.rates[0]
        words = part.key.replace("_", " ")
        yield f"{other} counts {words} {part.rates[1]}, {one} {usual}: {_signed(part.difference)}"
    rest = sum(part.difference for part in differing[SENTENCES:])
    if not is_zero(rest):
        yield f"{many(len(differing) - SENTENCES, 'more type')}: {_signed(rest)}"
    if differing:
        yield f"{other} − {one} = {_signed(second.total - first.total)}"
    else:
        yield f"{other} and {one} count the same"


def _signed(value: Num) -> str:
    return f"{'+' if value > 0 else '−'}{short(abs(value))}" if isinstance(value, int) else str(value)


def covered_line(covered: Coverage) -> str:
    """Return the line that says what a convention counts, what is free, and what it leaves out."""
    size = short(covered.total) if isinstance(covered.total, int) else str(covered.total)
    left = [f"{key} ({short(n) if isinstance(n, int) else n} {unit})" for key, (n, unit) in covered.uncounted.items()]
    said = [f"{covered.convention.name} counts {size}: {', '.join(covered.counted) or 'nothing'}"]
    said += [f"free: {', '.join(covered.free)}"] if covered.free else []
    said += [f"not counted: {', '.join(left)}"] if left else ["nothing is left out"]
    return "; ".join(said)


WORDS = {
    "outputs": "output elements",
    "params": "parameters",
    "macs": "multiply-adds",
    "bias": "outputs with a bias",
    "taps": "taps",
    "buffers": "buffers",
    "memory": "memory (bytes)",
}


def _result(step: Record) -> Any:
    """Return the result of a step: memory in bytes, or in the unit that is asked for."""
    value = step["result"]
    if step["figure"] == "memory" and isinstance(value, int):
        return Amount(value, "bytes", bare=True)
    return Shown(value, written_number(value))


COUNTED = {"macs": "multiply-adds", "writes": "output elements", "reads": "input elements", "bias": "outputs with a bias"}


def _worded(step: Record) -> str:
    """Return the formula of a step; what a convention multiplies is named as the steps above it are."""
    text: str = step["formula"]
    if step["figure"] not in ("flops", "memory"):
        return text
    return re.sub("|".join(rf"\b{name}\b" for name in COUNTED), lambda found: COUNTED[found[0]], text)


def working_table(found: Working, exact: bool = False, blank: bool = False) -> Table:
    """Return the arithmetic of one layer, from its rule to its figures; with `blank`, an exercise, and its solution below."""
    node, by = found.node, found.convention
    inputs = [found.graph.nodes[index].cost.shape for index in node.inputs]
    given = ", ".join(f"{key}={value}" for key, value in node.args.items())
    words = {**WORDS, "flops": f"FLOPs ({by.name})"}
    columns = (
        Column("figure", "figure", of=lambda step: words.get(step["figure"], step["figure"])),
        Column("formula", "formula", priority=2, wraps=True, of=_worded),
        Column("numbers", "with its numbers", priority=1, wraps=True),
        Column("result", "result", "number", of=_result),
    )
    solution = Table.of(
        columns,
        [{"figure": s.name, "formula": s.formula, "numbers": s.numbers, "result": s.result} for s in found.steps],
        schema="cnncost.explain.layer/1",
        field="steps",
        head={
            "model": found.graph.name,
            "settings": found.graph.settings,
            "layer": node.name,
            "kind": node.kind,
            "input": [list(shape) for shape in inputs],
            "output": list(node.cost.shape),
            "args": dict(node.args),
            "convention": by.name,
            "batch": found.batch,
            "dtype": found.dtype,
        },
        title=f"{found.graph.name}: {node.name}",
        notes=(
            f"{node.kind}({given}) of {' and '.join(map(show, inputs))} makes {show(node.cost.shape)}",
            RULES[node.kind].summary,
            f"{by.name}: {by.states}",
        ),
        exact=exact,
    )
    return exercise(solution, ("numbers", "result")) if blank else solution


GROUPED = ("params", "macs", "flops", "activation_bytes")  # figures of the parts of a scope


def group_table(found: GroupWorking, exact: bool = False, blank: bool = False) -> Table:
    """Return the parts of a scope and their sum; with `blank`, an exercise, and its solution below."""
    whole, parts = found.report, found.parts
    records = parts.records()
    columns = (
        Column("name", "part"),
        replace(TEXT_COLUMNS["kind"], priority=2),
        *(replace(TEXT_COLUMNS[key], priority=3) for key in ("output_channels", "output_size")),
        *(replace(FIGURE_COLUMNS[key], priority=int(key in ("macs", "activation_bytes"))) for key in GROUPED),
    )
    first, last = records[0]["input"], records[-1]["output"]
    solution = Table.of(
        columns,
        records,
        schema="cnncost.explain.group/1",
        field="parts",
        head={
            "model": whole.model,
            "settings": whole.counts.graph.settings,
            "group": found.name,
            "layers": whole.total["layers"],
            "convention": whole.convention.name,
            "batch": whole.batch,
            "dtype": whole.dtype,
        },
        total={key: whole.total[key] for key in GROUPED},
        title=f"{whole.model}: {found.name}",
        notes=(
            f"{found.name} of {' and '.join(map(show, first))} makes {show(last)} in {many(whole.total['layers'], 'layer')}",
            f"{whole.convention.name}: {whole.convention.states}",
        ),
        exact=exact,
    )
    return exercise(solution, GROUPED) if blank else solution


def exercise(solution: Table, hidden: Sequence[str]) -> Table:
    """Return the table of a solution below the same table with some columns left out: a sheet to fill in."""
    given = solution.notes[0].partition(" makes ")[0]
    sheet = replace(solution.blank(hidden), caption=f"{solution.title}: {given}", notes=())
    return replace(solution, title="Solution", caption="Solution", above=sheet)


def field_table(found: FieldWorking, exact: bool = False, blank: bool = False) -> Table:
    """Return how a receptive field comes about, a row for each layer that changes it; with `blank`, an exercise."""
    columns = (
        Column("layer", "layer"),
        Column("kind", "type", priority=2),
        Column("kernel", "kernel", "number", of=_per_axis("kernel")),
        Column("stride", "stride", "number", of=_per_axis("stride")),
        Column("numbers", "size before + what the window adds", priority=1, wraps=True, of=_per_axis("numbers")),
        Column("size", "field", "number", of=_per_axis("size")),
        Column("effective_stride", "field stride", "number", of=_per_axis("effective_stride")),
        Column("effective_pad", "field pad", "number", priority=1, of=_per_axis("effective_pad")),
    )
    records = [
        {
            "layer": step.layer,
            "kind": step.kind,
            "kernel": None if step.kernel is None else list(step.kernel),
            "stride": None if step.stride is None else list(step.stride),
            "numbers": list(step.numbers),
            "size": list(step.size),
            "effective_stride": list(step.effective_stride),
            "effective_pad": list(step.effective_pad),
        }
        for step in found.steps
    ]
    solution = Table.of(
        columns,
        records,
        schema="cnncost.explain.field/1",
        field="steps",
        head={
            "model": found.graph.name,
            "settings": found.graph.settings,
            "layer": found.node.name,
            "input": list(found.graph.input),
        },
        title=f"{found.graph.name}: the receptive field of {found.node.name}",
        notes=(
            f"input {show(found.graph.input)}; along the path that sees most; the input itself: field 1, stride 1",
            "a window of k inputs widens a field of size r and stride j to r + (k - 1)·j; its stride s makes j·s",
        ),
        exact=exact,
    )
    return exercise(solution, ("numbers", "size", "effective_stride", "effective_pad")) if blank else solution


def _per_axis(key: str) -> Callable[[Record], Any]:
    """Return how what differs by axis is shown: once where all axes agree."""

    def read(record: Record) -> Any:
        values = tuple(record[key] or ())
        texts = [value if isinstance(value, str) else written_number(value) for value in values]
        text = texts[0] if len(set(texts)) == 1 else " × ".join(texts)
        return Shown(text if isinstance(values[0], str) else values, text) if values else None

    return read
