"""Columns of a report that are worked out when they are asked for, from its graph: memory, receptive field, roofline.

`DERIVED` says how each is made; what several layers have of one stands in `cnncost.base.figures`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property, reduce
from typing import Any

from cnncost.base import usual
from cnncost.base.errors import UsageError
from cnncost.base.figures import FIGURES
from cnncost.base.poly import Num, equal, maximum
from cnncost.base.units import BITS, many, short
from cnncost.counting import Convention
from cnncost.counting.counts import Counts
from cnncost.graph.bits import Quantised
from cnncost.graph.graph import INPUT, Graph
from cnncost.measures.accuracy import SOURCE as ACCURACIES
from cnncost.measures.accuracy import Accuracy, accuracy
from cnncost.measures.bops import bit_operations, stored_bits
from cnncost.measures.depth import weighted_layers
from cnncost.measures.devices import Device
from cnncost.measures.energy import ASSUMED, per_layer
from cnncost.measures.energy import SOURCE as ENERGY
from cnncost.measures.field import Axis, Field, exceeds, receptive_fields
from cnncost.measures.fits import fits, stored_bytes, working_bytes
from cnncost.measures.memory import Memory, memory
from cnncost.measures.precision import PLAIN, Setup
from cnncost.measures.roofline import Bound, bound, bytes_moved, ridge
from cnncost.measures.rows import Row
from cnncost.measures.training import Training, training
from cnncost.models.zoo import find
from cnncost.rules import show

MICRO = 10**6
PUBLISHED = ("float32", "float64", "float16", "bfloat16")  # dtypes in which weights compute what they did when published


class Derivation:
    """What the columns of `DERIVED` are made from, each part once for any number of columns and rows."""

    def __init__(
        self,
        counts: Counts,
        convention: Convention,
        batch: Num = 1,
        dtype: str = usual.DTYPE,
        device: Device | None = None,
        trained: Setup = PLAIN,
        weights: str = "",
    ) -> None:
        self.counts = counts
        self.graph = counts.graph
        self.convention = convention
        self.batch = batch
        self.dtype = dtype
        self.device = device
        self.trained = trained
        self.weights = weights
        self._columns: dict[str, Sequence[Any]] = {}

    @cached_property
    def plan(self) -> Memory:
        """The graph's memory at this batch and dtype, at inference."""
        return memory(self.graph, batch=self.batch, precision=self.dtype, convention=self.convention)

    @cached_property
    def training_plan(self) -> Memory:
        """The graph's memory while it is trained as `trained` says."""
        how = self.trained
        return self.plan if how == PLAIN else self.plan_with(how.optimizer)

    def plan_with(self, optimizer: str) -> Memory:
        """Return the graph's memory, trained by an optimizer."""
        how = self.trained
        return memory(
            self.graph,
            batch=self.batch,
            precision=how.precision(self.dtype),
            optimizer=optimizer,
            checkpoint=how.checkpoint,
            convention=self.convention,
        )

    @property
    def quantised(self) -> Quantised:
        """The bits of each layer and the density of the weights."""
        return self.graph.quantised

    @cached_property
    def fields(self) -> list[Field | None]:
        """The receptive field of each layer."""
        return receptive_fields(self.graph)[1:]

    @cached_property
    def moved(self) -> tuple[Num, ...]:
        """The bytes each layer moves."""
        return bytes_moved(self.plan)

    @cached_property
    def step(self) -> Training:
        """What each layer computes in a training step."""
        return training(self.counts, self.convention, self.batch, self.trained.checkpoint)

    @cached_property
    def accuracy(self) -> Accuracy | None:
        """What was published of the network, where it is the published one at the size of the published crop."""
        graph, shape = self.graph, self.graph.input
        params = sum([node.cost.params for node in graph.layers])
        square = len(shape) == 3 and equal(shape[1], shape[2])
        whole = not graph.quantised and self.dtype in PUBLISHED
        found = accuracy(graph.name, shape[1], params, self.weights) if square and whole else None
        return found if found is not None and _as_in_the_zoo(graph) else None

    @cached_property
    def bounds(self) -> list[Bound]:
        """The roofline bound of each layer. Raises UsageError without a device, or where sizes are letters."""
        if self.device is None:
            raise UsageError(
                "a roofline bound needs a device", "give --device h100, or its rates: --peak 60T --bandwidth 3.35T"
            )
        found = []
        for node, moved in zip(self.graph.layers, self.moved, strict=True):
            macs = node.cost.macs * self.batch if node.runs != 0 else 0
            if not isinstance(macs, int) or not isinstance(moved, (int, Fraction)):
                raise UsageError("a roofline bound needs numbers", "give the symbols numbers")
            found.append(bound(macs, moved, self.device, self.dtype))
        return found

    def column(self, key: str, rows: Sequence[Row], flops: Sequence[Num]) -> list[Any]:
        """Return a column for rows of this graph, whole, grouped or in part; `flops` are theirs."""
        return [self._cell(key, row, count) for row, count in zip(rows, flops, strict=True)]

    def notes(self, names: Sequence[str]) -> Iterator[str]:
        """Iterate over the lines that say what the columns of these names count."""
        if "outputs_bytes" in names or "peak_bytes" in names:
            kinds = ", ".join(kind for kind in self.plan.in_place if any(node.kind == kind for node in self.graph.layers))
            yield f"in place: {kinds or 'nothing'}; views make no storage; the input image is left out"
        if "peak_bytes" in names:
            yield "live: while the layer runs, at inference; of several layers, and in all, the most"
        yield from self.trained.notes(names, self.dtype)
        if "kept_bytes" in names:
            yield "kept: what the layer is the first to keep for the backward pass; the input image is left out"
        if not {"input_gradient_flops", "weight_gradient_flops", "training_flops"}.isdisjoint(names):
            yield from self.step.notes
        if "exceeds_input" in names:
            marks = [
                mark for node, mark in zip(self.graph.layers, self._figures("exceeds_input"), strict=True) if node.kind != INPUT
            ]
            unknown = f", {marks.count(None)} not worked out" if None in marks else ""
            size = show(self.graph.input[1:])
            of = f"{marks.count(True)} of {many(len(marks), 'layer')}"
            yield f"receptive field: larger than the {size} input in {of}{unknown}"
        if "receptive_field" in names:
            uneven = [(node.name, f) for node, f in zip(self.graph.layers, self.fields, strict=True) if f and _uneven(f)]
            if uneven:
                name, last = uneven[-1]
                ends = f"{_text(_along(last, lambda axis: axis.smallest))} to {_text(_along(last, lambda axis: axis.size))}"
                yield f"receptive field: of the largest position; behind upsampling they differ, {ends} in '{name}'"
        if "energy_uj" in names:
            yield f"energy: an estimate, {ENERGY}; {ASSUMED}"
        if not {"top1", "top5", "weights"}.isdisjoint(names):
            yield f"top-1, top-5: ImageNet, one crop as large as the input, weights of {ACCURACIES}: {self._weights_said()}"
        if "inference_bytes" in names or "fits" in names:
            yield "inference memory: parameters and statistics, the input, and the peak of what layers make"
        if self.device is not None and "fits" in names:
            yield f"fits: {self.device.room}"
        if "bops" in names or "model_bytes" in names:
            yield f"bits: {self._bits_said()}"
        if "bytes_moved" in names or "intensity" in names:
            yield "moved: inputs, parameters and output, each once, with every layer run by itself"
        if self.device is not None and "bound_us" in names:
            yield self._bound_note(self.device)

    def _weights_said(self) -> str:
        return self.weights or "the first that were published (others: --weights)"

    def _bits_said(self) -> str:
        how, default = self.quantised, BITS[self.dtype]
        first = how.of("", default)
        others = [(name, how.of(name, default)) for name in how.bits if name]
        listed = ", ".join(f"{name} w{weights}a{activations}" for name, (weights, activations) in others[:6])
        more = f", {listed}{', …' if len(others) > 6 else ''}" if others else ""
        density = "" if how.density == 1 else f"; {float(how.density):.4g} of the weights are kept, their places not counted"
        return f"w{first[0]}a{first[1]}{more}{density}; a bit operation is one bit of a weight with one of an activation"

    def _bound_note(self, device: Device) -> str:
        dtype = self.dtype
        return (
            f"{device.name}: {short(device.rate(dtype))} operations/s in {dtype}, {short(device.bandwidth)} bytes/s "
            f"({device.source}); compute-bound above {float(ridge(device, dtype)):.1f} multiply-adds per byte; "
            "a bound on the time, not a latency"
        )

    def total(self, key: str, rows: Iterable[Row], flops: Num) -> Any:
        """Return what rows have together: the sum, or the largest; of a ratio that of the sums, whose FLOPs are `flops`.

        Of a figure that only a whole network has it is the network's.
        """
        if FIGURES[key].group == "network":
            return NETWORK[key](self)
        everything = Row("total", "group", (), (), {}, nodes=tuple([index for row in rows for index in row.nodes]))
        return None if FIGURES[key].group == "last" else self._cell(key, everything, flops)

    def _cell(self, key: str, row: Row, flops: Num) -> Any:
        group = FIGURES[key].group
        if group == "network":
            return None
        figures = self._figures(key)
        own = [figures[index - 1] for index in row.nodes]
        if group == "last":
            return own[-1] if own and row.kind != "others" else None
        if group == "main":
            return _main(own)
        if group == "ratio":
            moved = sum(own)
            return float(Fraction(flops) / moved) if isinstance(moved, (int, Fraction)) and moved else None
        total = reduce(maximum, own, 0) if group == "largest" else sum(own)
        if isinstance(total, Fraction) and FIGURES[key].unit == "ratio":
            return float(total * MICRO)
        return total.numerator if isinstance(total, Fraction) and total.denominator == 1 else total

    def _figures(self, key: str) -> Sequence[Any]:
        if key not in self._columns:
            self._columns[key] = DERIVED[key](self)
        return self._columns[key]


def _as_in_the_zoo(graph: Graph) -> bool:
    """Whether a network is that of its name in the zoo, as far as settings and multiply-adds tell.

    Some settings, such as a number of heads, change neither parameters nor multiply-adds.
    """
    model = find(graph.name)
    if any(model.values.get(name) != value for name, value in graph.settings.items()):
        return False
    known = model.trace(graph.input)
    return equal(*(sum([node.cost.macs for node in each.layers]) for each in (graph, known)))


def eighth(bits: Num) -> Num:
    """Return bits as bytes: an integer where they are whole, else a fraction. Raises AlgebraError for open letters."""
    if isinstance(bits, (int, Fraction)):
        exact = Fraction(bits, 8)
        return exact.numerator if exact.denominator == 1 else exact
    return bits / 8


def _main(bounds: Sequence[Bound]) -> str | None:
    """Return which rate sets most of the bound."""
    times = {by: sum((b.seconds for b in bounds if b.by == by), Fraction(0)) for by in ("compute", "memory")}
    return max(times, key=lambda by: times[by]) if any(times.values()) else None


def _along(axes: Field | None, value: Callable[[Axis], Num]) -> Any:
    """Return one number where all axes agree, else one for each: [vertical, horizontal]."""
    if axes is None:
        return None
    first, *others = map(value, axes)
    return first if all(other == first for other in others) else [first, *others]


def _uneven(field: Field) -> bool:
    """Whether neighbours see windows of different sizes."""
    return any(axis.windows and axis.smallest != axis.size for axis in field)


def _text(sizes: Any) -> str:
    return "×".join(map(str, sizes)) if isinstance(sizes, list) else str(sizes)


DERIVED: dict[str, Callable[[Derivation], Sequence[Any]]] = {  # the figure of each layer
    "weighted_layers": lambda d: weighted_layers(d.graph),
    "outputs_bytes": lambda d: [made + extra for made, extra in zip(d.plan.outputs, d.plan.indices, strict=True)],
    "peak_bytes": lambda d: d.plan.live,
    "kept_bytes": lambda d: d.training_plan.kept,
    "input_gradient_flops": lambda d: d.step.input_gradient.tolist(),
    "weight_gradient_flops": lambda d: d.step.weight_gradient.tolist(),
    "training_flops": lambda d: d.step.total.tolist(),
    "training_bytes": lambda d: d.training_plan.training,
    "training_momentum_bytes": lambda d: d.plan_with("momentum").training,
    "training_adam_bytes": lambda d: d.plan_with("adam").training,
    "bops": lambda d: [bit_operations(node, d.quantised, BITS[d.dtype]) * d.batch for node in d.graph.layers],
    "model_bytes": lambda d: [eighth(stored_bits(node, d.quantised, BITS[d.dtype])) for node in d.graph.layers],
    "energy_uj": lambda d: per_layer(d.plan, d.dtype),
    "bytes_moved": lambda d: d.moved,
    "intensity": lambda d: d.moved,
    "bound_us": lambda d: [b.seconds for b in d.bounds],
    "bound_by": lambda d: d.bounds,
    "receptive_field": lambda d: [_along(f, lambda axis: axis.size) for f in d.fields],
    "smallest_field": lambda d: [_along(f, lambda axis: axis.smallest) for f in d.fields],
    "exceeds_input": lambda d: [exceeds(f, d.graph.input) for f in d.fields],
    "effective_stride": lambda d: [_along(f, lambda axis: axis.stride) for f in d.fields],
    "effective_pad": lambda d: [_along(f, lambda axis: axis.pad) for f in d.fields],
}


def _fits(derivation: Derivation) -> str | None:
    if derivation.device is None:
        raise UsageError("whether it fits depends on a device", "give one: --device stm32f746")
    return fits(derivation.plan, derivation.device)


NETWORK: dict[str, Callable[[Derivation], Any]] = {  # what only a whole network has
    "inference_bytes": lambda d: stored_bytes(d.plan) + working_bytes(d.plan),
    "fits": _fits,
    "top1": lambda d: d.accuracy and d.accuracy.top1,
    "top5": lambda d: d.accuracy and d.accuracy.top5,
    "weights": lambda d: d.accuracy and d.accuracy.weights,
}
