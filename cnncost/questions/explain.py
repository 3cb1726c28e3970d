"""Where a number comes from: the parts of several counts beside one another, and the arithmetic of one layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cnncost.base import usual
from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.poly import Num, Poly, symbols
from cnncost.base.record import dataclass
from cnncost.base.showable import Several, Showable
from cnncost.base.text import clip
from cnncost.base.units import DTYPES, many
from cnncost.counting import FREE, Convention
from cnncost.counting.convention import keys
from cnncost.counting.letters import value as worth
from cnncost.graph.graph import Graph, Node
from cnncost.graph.lettered import in_primes, lettered, primed
from cnncost.rules import RULES, elements
from cnncost.rules.shapes import per_axis

if TYPE_CHECKING:
    from cnncost.counting.counts import Counts
    from cnncost.measures.field import Field
    from cnncost.measures.report import Report

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


@dataclass(frozen=True, slots=True)
class Explanation(Showable):
    """What each of several conventions counts of a network, by layer type."""

    graph: Graph
    batch: Num
    parts: tuple[Part, ...]
    coverage: tuple[Coverage, ...]  # one for each convention
    slips: tuple[tuple[str, ...], ...]  # what the tool of each gets wrong about this network

    def __repr__(self) -> str:
        totals = ", ".join(f"{each.convention.name} {each.total}" for each in self.coverage)
        return f"<Explanation of {self.graph.name}: {clip(totals)}>"


def explanation(graph: Graph, conventions: Sequence[Convention], batch: Num = 1) -> Explanation:
    """Return what each of several conventions counts of a network."""
    from cnncost.counting.counts import Counts

    counts = Counts(graph)
    return Explanation(
        graph,
        batch,
        Several(parts(counts, conventions, batch)),
        Several([coverage(counts, each, batch) for each in conventions]),
        tuple([tuple(counts.slips(each)) for each in conventions]),
    )


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
        if not is_zero(totals[key]) or not is_zero(by.formula("flops", key)):
            counted.append(key)
        elif kind_of(key) in FREE:
            free.append(key)
        else:
            sizes = {name: _sum(counts.columns[name][counts.groups[key]]) * batch for name in ("macs", "taps", "writes")}
            name, unit = next(
                ((name, unit) for name, unit in UNITS.items() if not is_zero(sizes[name])), ("writes", UNITS["writes"])
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


def is_zero(value: Num) -> bool:
    """Whether a count is nothing: the integer 0, no letter."""
    return isinstance(value, int) and value == 0


def _rate(counts: Counts, by: Convention, key: str) -> str:
    """Return what a convention charges for a layer type in words: "1 per multiply-add", "2 per element", or its formula."""
    formula = by.formula("flops", key)
    if is_zero(formula):
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


@dataclass(frozen=True, slots=True)
class Working(Showable):
    """The arithmetic of one layer, from its rule to its figures by a convention."""

    graph: Graph
    node: Node
    convention: Convention
    batch: Num
    dtype: str
    steps: tuple[Step, ...]

    def __repr__(self) -> str:
        return f"<Working of {self.node.name} of {self.graph.name}: {many(len(self.steps), 'step')}>"


@dataclass(frozen=True, slots=True)
class GroupWorking(Showable):
    """The figures of a scope, `layer1`, as the sum of those of the parts in it."""

    name: str
    report: Report  # of its layers

    def __repr__(self) -> str:
        return f"<GroupWorking of {self.name} of {self.report.model}: {many(len(self.parts), 'part')}>"

    @property
    def parts(self) -> Report:
        """The report of the scopes and layers that lie in it directly."""
        return self.report.group(depth=self.name.count(".") + 2)


def working(graph: Graph, name: str, by: Convention, batch: Num = 1, dtype: str = usual.DTYPE) -> Working | GroupWorking:
    """Return the arithmetic of one layer, or of a scope the sum of its parts.

    Raises UsageError with the nearest names where there is neither of that name.
    """
    inside = [node.name.startswith(f"{name}.") for node in graph.layers]
    if any(inside) and all(node.name != name for node in graph.layers):
        from cnncost.measures.report import report

        return GroupWorking(name, report(graph, by, batch, dtype).without_inputs().take(inside))
    node = find(graph, name, scopes=True)
    return Working(graph, node, by, batch, dtype, Several(steps(graph, node, by, batch, dtype)))


def find(graph: Graph, name: str, scopes: bool = False) -> Node:
    """Return a layer by name. Raises UsageError with the nearest names, with `scopes` those of scopes among them."""
    by_name = {node.name: node for node in graph.layers}
    if name not in by_name:
        inside = [known for known in by_name if known.startswith(f"{name}.")]
        if inside and not scopes:
            fact = f"'{name}' is not one layer of {graph.name}, but {len(inside)}"
            raise UsageError(fact, f"name one of them, such as {inside[0]}; all are rows of: cnncost table {graph.name}")
        outer = [known.split(".") for known in by_name if scopes]
        known = dict.fromkeys([*by_name, *(".".join(parts[:end]) for parts in outer for end in range(1, len(parts)))])
        hint = did_you_mean(name, known, f"see: cnncost table {graph.name} --free --columns name,kind")
        raise UsageError(f"{graph.name} has no layer '{name}'", hint)
    return by_name[name]


def steps(graph: Graph, node: Node, by: Convention, batch: Num = 1, dtype: str = usual.DTYPE) -> list[Step]:
    """Return the arithmetic of one layer: its rule run on letters, then with the layer's numbers in their place."""
    inputs = [graph.nodes[index].cost.shape for index in node.inputs]
    cost, letters = lettered(node, inputs)
    shape, sizes = primed(cost.shape)
    values = {**letters, **{letter: size.subs(letters) for letter, size in sizes.items()}}
    names = {letter: written_number(value) for letter, value in values.items()}
    found = [Step(letter, str(size), size.text(names), values[letter]) for letter, size in sizes.items()]

    def step(name: str, value: Num, result: Num) -> Step:
        return Step(name, str(value), value.text(names) if isinstance(value, Poly) else written_number(value), result)

    writes = elements(shape)
    found.append(step("outputs", writes, elements(node.cost.shape)))
    for name in ("params", "macs", "bias", "taps", "buffers"):
        value, result = getattr(cost, name), getattr(node.cost, name)
        if name == "params" and node.shares:
            found.append(Step(name, f"those of {node.shares}", "", 0))
        elif not is_zero(value):
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
        if is_zero(formula):
            yield Step(figure, f"nothing by {by.name}", "", 0)
            continue
        letters = formula.letters() if isinstance(formula, Poly) else ()
        values = {letter: worth(letter, node, graph.nodes) for letter in letters}
        result = formula.subs(values) if isinstance(formula, Poly) else formula
        shown, numbers = (
            str(formula),
            formula.text({k: written_number(v) for k, v in values.items()}) if letters else str(formula),
        )
        for word, factor in factors:
            if word == "bytes" or not (isinstance(factor, int) and factor == 1):
                shown, numbers, result = (
                    f"{_bracketed(shown)}·{word}",
                    f"{_bracketed(numbers)}·{written_number(factor)}",
                    result * factor,
                )
        yield Step(figure, shown, numbers, result)


# ── the receptive field of one layer ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class FieldStep:
    """One layer that changes what its outputs see: how its window widens the field, along each axis of the input."""

    layer: str
    kind: str
    kernel: tuple[Num, ...] | None  # of a window
    stride: tuple[Num, ...] | None
    numbers: tuple[str, ...]  # the size before, and what the window adds; empty where that is no sum
    size: tuple[Num, ...]
    effective_stride: tuple[Num, ...]
    effective_pad: tuple[Num, ...]


@dataclass(frozen=True, slots=True)
class FieldWorking(Showable):
    """How the receptive field of one layer comes about, along the path that sees most."""

    graph: Graph
    node: Node
    steps: tuple[FieldStep, ...]

    def __repr__(self) -> str:
        return f"<FieldWorking of {self.node.name} of {self.graph.name}: {many(len(self.steps), 'step')}>"


def field_working(graph: Graph, name: str) -> FieldWorking:
    """Return how the receptive field of a layer comes about. Raises UsageError where it is not worked out.

    A window of k inputs, dilation d, widens a field of size r and stride j to r + d·(k − 1)·j; its stride s makes j·s.

    >>> from cnncost.models.load import load
    >>> [step.size for step in field_working(load("resnet18").trace(), "maxpool").steps]
    [(7, 7), (11, 11)]

    Source: Araujo, Norris and Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill 2019, equation 2.
    """
    from cnncost.measures.field import receptive_fields

    node = find(graph, name)
    fields = receptive_fields(graph)
    at = graph.nodes.index(node)
    if fields[at] is None:
        raise UsageError(
            f"the receptive field of '{name}' is not worked out", "what depends on values, or behind a reshape, is not"
        )
    path = [at]
    while graph.nodes[path[-1]].inputs:
        path.append(max(graph.nodes[path[-1]].inputs, key=lambda index: _extent(fields[index])))
    path.reverse()
    steps = [
        _field_step(graph, now, fields[before], fields[now]) for before, now in pairwise(path) if fields[before] != fields[now]
    ]
    return FieldWorking(graph, node, Several(steps))


def _extent(field: Field | None) -> Num:
    return -1 if field is None else max(axis.size for axis in field)


def _field_step(graph: Graph, at: int, before: Field | None, now: Field | None) -> FieldStep:
    node = graph.nodes[at]
    assert before is not None  # on the way to a field that is known all are
    assert now is not None
    kernel = stride = None
    numbers: tuple[str, ...] = ()
    if "kernel" in node.args:
        kernel = per_axis(node.args["kernel"], "kernel", len(now))
        stride = kernel if node.args.get("stride") is None else per_axis(node.args["stride"], "stride", len(now))
        dilation = per_axis(node.args.get("dilation", 1), "dilation", len(now))
        sums = [
            (axis.size + d * (k - 1) * axis.stride, f"{axis.size} + {f'{d}·' if d != 1 else ''}({k} - 1)·{axis.stride}")
            for axis, k, d in zip(before, kernel, dilation, strict=True)
        ]
        if all(size == axis.size for (size, _), axis in zip(sums, now, strict=True)):
            numbers = tuple(text for _, text in sums)
    sizes, strides, pads = zip(*((axis.size, axis.stride, axis.pad) for axis in now), strict=True)
    return FieldStep(node.name, node.kind, kernel, stride, numbers, sizes, strides, pads)


def _bracketed(text: str) -> str:
    return f"({text})" if " " in text else text


def written_number(value: Num) -> str:
    """Return a number with thousands separators, a polynomial as it is."""
    return f"{value:,}" if isinstance(value, int) else str(value)
