"""Where a number comes from: the parts of several counts beside one another, and the arithmetic of one layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.poly import Num, Poly, symbols
from cnncost.base.units import DTYPES, short
from cnncost.counting import FREE, Convention
from cnncost.counting.convention import count, keys
from cnncost.graph.graph import Graph, Node
from cnncost.graph.lettered import in_primes, lettered, primed
from cnncost.rules.ops import RULES, elements, show
from cnncost.show.table import Column, Table

if TYPE_CHECKING:
    from cnncost.counting.counts import Counts

# ── the parts of a count ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Part:
    """What the layers of one type cost by each of several conventions."""

    key: str  # a kind, with its mode and spelling: "relu", "F.relu", "upsample.bilinear"
    layers: int
    counts: tuple[Num, ...]  # FLOPs, one number for each convention
    rates: tuple[str, ...]  # what each convention charges: "2 per element"

    @property
    def difference(self) -> Num:
        """How much more the last convention counts than the first."""
        return self.counts[-1] - self.counts[0]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a convention counts of a network, what is free for it does no arithmetic, and what it leaves out."""

    convention: Convention
    total: Num
    counted: tuple[str, ...]
    free: tuple[str, ...]
    uncounted: Mapping[str, tuple[Num, str]]  # how much of what: (9608704, "elements")


def parts(counts: Counts, conventions: Sequence[Convention], batch: Num = 1) -> list[Part]:
    """Return the parts of each convention's count, by layer type; they sum to its total."""
    priced = [_totals(counts, each, batch) for each in conventions]
    return [
        Part(
            key,
            len(counts.groups[key]),
            tuple(totals[key] for totals in priced),
            tuple(_rate(counts, each, key) for each in conventions),
        )
        for key in counts.groups
    ]


def coverage(counts: Counts, by: Convention, batch: Num = 1) -> Coverage:
    """Return which layer types a convention counts, and the size of what it does not."""
    totals = _totals(counts, by, batch)
    counted, free, uncounted = [], [], {}
    for key in counts.groups:
        if not _zero(totals[key]) or not _zero(by.formula("flops", key)):
            counted.append(key)
        elif kind_of(key) in FREE:
            free.append(key)
        else:
            sizes = {name: _sum(counts.columns[name][counts.groups[key]]) * batch for name in ("macs", "taps", "writes")}
            name, unit = next(
                ((name, unit) for name, unit in UNITS.items() if not _zero(sizes[name])), ("writes", UNITS["writes"])
            )
            uncounted[key] = (sizes[name], unit)
    return Coverage(by, sum(totals.values()), tuple(counted), tuple(free), uncounted)


UNITS = {"macs": "multiply-adds", "taps": "taps", "writes": "elements"}


def kind_of(key: str) -> str:
    """Return the kind of a key: "upsample" of "F.upsample.bilinear"."""
    return next(part for part in key.split(".") if part in RULES)


def _totals(counts: Counts, by: Convention, batch: Num) -> dict[str, Num]:
    charged = counts.charge(by, "flops", 1 if by.per_example else batch)
    return {key: _sum(charged[where]) for key, where in counts.groups.items()}


def _sum(column: Any) -> Num:
    total = column.sum()
    return total.item() if hasattr(total, "item") else total


def _zero(value: Num) -> bool:
    return isinstance(value, int) and value == 0


def _rate(counts: Counts, by: Convention, key: str) -> str:
    """Return what a convention charges for a layer type in words: "1 per multiply-add", "2 per element", or its formula."""
    formula = by.formula("flops", key)
    if _zero(formula):
        return "nothing"
    if not isinstance(formula, Poly):
        return f"{formula} a layer"
    (letter,) = symbols("macs")
    rest = formula.subs({"macs": 0})
    rate = (formula - rest) // letter
    if isinstance(rate, int) and rate:
        extra = {0: "", symbols("bias")[0]: ", and biases"}
        return f"{rate} per multiply-add{extra[rest]}" if rest in extra else f"{formula} a layer"
    where = counts.groups[key]
    total, sizes = _sum(counts.charge(by, "flops")[where]), {n: _sum(counts.columns[n][where]) for n in ("reads", "writes")}
    units = {"writes": "output", "reads": "input"}
    for name in ("reads", "writes") if "reads" in formula.letters() else units:
        size = sizes[name]
        if isinstance(total, int) and isinstance(size, int) and total and size and total % size == 0:
            return f"{total // size} per {'element' if sizes['reads'] == sizes['writes'] else units[name]}"
    return f"{formula} a layer"


# ── the arithmetic of one layer ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Step:
    """One figure of a layer: its formula in letters, the same with the numbers put in, and the result."""

    name: str
    formula: str
    numbers: str
    result: Num


def find(graph: Graph, name: str) -> Node:
    """Return a layer by name. Raises UsageError with the nearest names."""
    by_name = {node.name: node for node in graph.layers}
    if name not in by_name:
        hint = did_you_mean(name, by_name, f"see: cnncost table {graph.name} --free --columns name,kind")
        raise UsageError(f"{graph.name} has no layer '{name}'", hint)
    return by_name[name]


def steps(graph: Graph, node: Node, by: Convention, batch: Num = 1, dtype: str = "float32") -> list[Step]:
    """Return the arithmetic of one layer: its rule run on letters, then with the layer's numbers in their place."""
    inputs = [graph.nodes[index].cost.shape for index in node.inputs]
    cost, letters = lettered(node, inputs)
    shape, sizes = primed(cost.shape)
    values = {**letters, **{letter: size.subs(letters) for letter, size in sizes.items()}}
    names = {letter: _number(value) for letter, value in values.items()}
    found = [Step(letter, str(size), size.text(names), values[letter]) for letter, size in sizes.items()]

    def step(name: str, value: Num, result: Num) -> Step:
        return Step(name, str(value), value.text(names) if isinstance(value, Poly) else _number(value), result)

    writes = elements(shape)
    found.append(step("outputs", writes, elements(node.cost.shape)))
    for name in ("params", "macs", "bias", "taps", "buffers"):
        value, result = getattr(cost, name), getattr(node.cost, name)
        if name == "params" and node.shares:
            found.append(Step(name, f"those of {node.shares}", "", 0))
        elif not _zero(value):
            found.append(step(name, in_primes(value, sizes), result))
    return [*found, *_charges(graph, node, by, batch, dtype)]


def _charges(graph: Graph, node: Node, by: Convention, batch: Num, dtype: str) -> Iterator[Step]:
    """Iterate over what the convention makes of the counts: FLOPs, and the memory column in bytes."""
    key = keys(graph)[graph.layers.index(node)]
    size = DTYPES[dtype]
    for figure, factors in (
        ("flops", () if by.per_example else (("batch", batch),)),
        ("memory", (("batch", batch), ("bytes", size))),
    ):
        formula = by.formula(figure, key)
        if _zero(formula):
            yield Step(figure, f"nothing by {by.name}", "", 0)
            continue
        letters = formula.letters() if isinstance(formula, Poly) else ()
        values = {letter: count(letter, node, graph.nodes) for letter in letters}
        result = formula.subs(values) if isinstance(formula, Poly) else formula
        shown, numbers = str(formula), formula.text({k: _number(v) for k, v in values.items()}) if letters else str(formula)
        for word, factor in factors:
            if word == "bytes" or not (isinstance(factor, int) and factor == 1):
                shown, numbers, result = (
                    f"{_bracketed(shown)}·{word}",
                    f"{_bracketed(numbers)}·{_number(factor)}",
                    result * factor,
                )
        yield Step(figure, shown, numbers, result)


def _bracketed(text: str) -> str:
    return f"({text})" if " " in text else text


def _number(value: Num) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────

SENTENCES = 6  # differences told in words


def parts_table(graph: Graph, conventions: Sequence[Convention], batch: Num = 1, exact: bool = False) -> Table:
    """Return what each convention counts of a network: by layer type for one or two, side by side for more."""
    from cnncost.counting.counts import Counts

    counts = Counts(graph)
    found = parts(counts, conventions, batch)
    covered = [coverage(counts, each, batch) for each in conventions]
    names = [each.name for each in conventions]
    build = _beside_one_another if len(conventions) > 2 else _by_type
    columns, rows, total, notes = build(found, covered)
    slips = [f"note: {slip}" for each in conventions for slip in counts.slips(each)]
    data: dict[str, Any] = {
        "schema": "cnncost.explain/1",
        "model": graph.name,
        "input": list(graph.input),
        "batch": batch,
        "conventions": [
            {
                "name": c.convention.name,
                "states": c.convention.states,
                "source": c.convention.source,
                "total": c.total,
                "counted": list(c.counted),
                "free": list(c.free),
                "not_counted": {key: {"size": size, "unit": unit} for key, (size, unit) in c.uncounted.items()},
                "notes": counts.slips(c.convention),
            }
            for c in covered
        ],
        "types": [
            {
                "type": part.key,
                "layers": part.layers,
                "counts": dict(zip(names, part.counts, strict=True)),
                "charges": dict(zip(names, part.rates, strict=True)),
            }
            for part in found
        ],
    }
    if len(conventions) == 2:
        data["difference"] = covered[1].total - covered[0].total
    remarks = (*notes, *dict.fromkeys(slips))
    return Table(columns, rows, total, title=graph.name, notes=remarks, data=data, exact=exact)


Shown: TypeAlias = tuple[tuple[Column, ...], tuple[tuple[Any, ...], ...], tuple[Any, ...] | None, list[str]]


def _by_type(found: Sequence[Part], covered: Sequence[Coverage]) -> Shown:
    """Return columns, rows, total and notes with a row for each layer type."""
    two = len(covered) == 2
    columns = [Column("type", "type"), Column("layers", "layers", "number", priority=3)]
    for each in covered:
        name = each.convention.name
        columns += [Column(name, name, "count"), Column(f"{name}_charges", "charges", priority=2)]
    columns += [Column("difference", "difference", "count")] if two else [Column("share", "share", "share", priority=1)]
    order = sorted(found, key=lambda part: abs(part.difference) if two else part.counts[0], reverse=True)
    whole = covered[0].total
    rows = tuple(
        (
            part.key,
            part.layers,
            *(cell for pair in zip(part.counts, part.rates, strict=True) for cell in pair),
            part.difference if two else part.counts[0] / whole if whole else None,
        )
        for part in order
    )
    totals = [cell for each in covered for cell in (each.total, None)]
    last = covered[1].total - whole if two else None
    total = ("total", sum(part.layers for part in found), *totals, last)
    notes = [*(_differences(order, *covered) if two else ()), *map(covered_line, covered)]
    return tuple(columns), rows, total, notes


def _beside_one_another(found: Sequence[Part], covered: Sequence[Coverage]) -> Shown:
    """Return columns, rows and notes with a row for each convention."""
    charged = [part for part in found if any(not _zero(count) for count in part.counts)]
    charged.sort(key=lambda part: max(part.counts), reverse=True)
    first = covered[0]
    columns = (
        Column("convention", "convention"),
        Column("flops", "total", "count"),
        Column("ratio", f"× {first.convention.name}", "ratio", priority=1),
        *(Column(part.key, part.key, "count", priority=2 + place) for place, part in enumerate(charged)),
    )
    rows = tuple(
        (each.convention.name, each.total, each.total / first.total if first.total else None, *(p.counts[i] for p in charged))
        for i, each in enumerate(covered)
    )
    return columns, rows, None, ["cnncost conventions NAME shows what each charges"]


def _differences(order: Sequence[Part], first: Coverage, second: Coverage) -> Iterator[str]:
    """Iterate over sentences that say where two counts differ, the largest difference first, and what that comes to."""
    one, other = first.convention.name, second.convention.name
    differing = [part for part in order if not _zero(part.difference)]
    for part in differing[:SENTENCES]:
        mine, _, unit = part.rates[0].partition(" per ")
        _, _, same = part.rates[1].partition(" per ")
        usual = mine if unit and unit == same else part.rates[0]
        words = part.key.replace("_", " ")
        yield f"{other} charges {words} {part.rates[1]}, {one} {usual}: {_signed(part.difference)}"
    rest = sum(part.difference for part in differing[SENTENCES:])
    if not _zero(rest):
        yield f"{len(differing) - SENTENCES} more types: {_signed(rest)}"
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


def layer_table(graph: Graph, name: str, by: Convention, batch: Num = 1, dtype: str = "float32") -> Table:
    """Return the arithmetic of one layer, from its rule to its figures."""
    node = find(graph, name)
    found = steps(graph, node, by, batch, dtype)
    inputs = [graph.nodes[index].cost.shape for index in node.inputs]
    given = ", ".join(f"{key}={value}" for key, value in node.args.items())
    columns = (
        Column("figure", "figure"),
        Column("formula", "formula", priority=2, wraps=True),
        Column("numbers", "with its numbers", priority=1, wraps=True),
        Column("result", "result", "number"),
    )
    words = {**WORDS, "flops": f"FLOPs ({by.name})"}
    rows = tuple((words.get(s.name, s.name), s.formula, s.numbers, _number(s.result)) for s in found)
    notes = (
        f"{node.kind}({given}) of {' and '.join(map(show, inputs))} makes {show(node.cost.shape)}",
        RULES[node.kind].summary,
        f"{by.name}: {by.states}",
    )
    data = {
        "schema": "cnncost.explain/1",
        "model": graph.name,
        "layer": name,
        "kind": node.kind,
        "input": [list(shape) for shape in inputs],
        "output": list(node.cost.shape),
        "args": dict(node.args),
        "convention": by.name,
        "batch": batch,
        "dtype": dtype,
        "steps": [{"figure": s.name, "formula": s.formula, "numbers": s.numbers, "result": s.result} for s in found],
    }
    return Table(columns, rows, title=f"{graph.name}: {name}", notes=notes, data=data)
