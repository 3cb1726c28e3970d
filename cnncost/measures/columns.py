"""Columns of a report that are worked out when they are asked for, from its graph: memory, receptive field, roofline.

`DERIVED` names them all, with how the figures of several layers make that of a group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, reduce
from typing import Any, Literal

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.poly import Num, maximum
from cnncost.base.units import short
from cnncost.measures.field import Axis, Field, exceeds, receptive_fields
from cnncost.measures.memory import Memory, Precision, memory
from cnncost.measures.report import Report, Row
from cnncost.measures.roofline import Bound, Device, bound, bytes_moved, ridge
from cnncost.measures.training import Training, training
from cnncost.rules.ops import show

MICRO = 10**6


@dataclass(frozen=True, slots=True)
class Derived:
    """One column: the figure of each layer, and what a group of layers shows: their sum, the largest, the last, or a ratio."""

    of: Callable[[Derivation], Sequence[Any]]
    group: Literal["sum", "largest", "last", "ratio", "limit"]


class Derivation:
    """What the columns of `DERIVED` are made from, each part once for any number of columns and rows."""

    def __init__(self, report: Report, device: Device | None = None) -> None:
        self.report = report
        self.graph = report.counts.graph
        self.device = device
        self._columns: dict[str, Sequence[Any]] = {}

    @cached_property
    def plan(self) -> Memory:
        """The graph's memory at the report's batch and dtype."""
        report = self.report
        return memory(self.graph, batch=report.batch, precision=Precision.of(report.dtype), convention=report.convention)

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
        return training(self.report.counts, self.report.convention, self.report.batch)

    @cached_property
    def bounds(self) -> list[Bound]:
        """The roofline bound of each layer. Raises UsageError without a device, or where sizes are letters."""
        if self.device is None:
            raise UsageError(
                "a roofline bound needs a device", "give --device h100, or its rates: --peak 60T --bandwidth 3.35T"
            )
        found = []
        for node, moved in zip(self.graph.layers, self.moved, strict=True):
            macs = node.cost.macs * self.report.batch if node.runs != 0 else 0
            if not isinstance(macs, int) or not isinstance(moved, int):
                raise UsageError("a roofline bound needs numbers", "give the letters values")
            found.append(bound(macs, moved, self.device, self.report.dtype))
        return found

    def column(self, name: str, report: Report) -> list[Any]:
        """Return a column for the rows of a report of this graph, whole, grouped or in part."""
        if name not in DERIVED:
            raise UsageError(f"no column of figures is called '{name}'", did_you_mean(name, DERIVED, ", ".join(DERIVED)))
        flops = report.flops.tolist()
        return [self._cell(name, row, count) for row, count in zip(report.rows, flops, strict=True)]

    def adds_up(self, name: str) -> bool:
        """Return whether a column's total is the sum of its rows, so that none that adds to it may be left out."""
        return DERIVED[name].group == "sum"

    def notes(self, names: Sequence[str]) -> Iterator[str]:
        """Iterate over the lines that say what the columns of these names count."""
        if "outputs_bytes" in names or "live_bytes" in names:
            kinds = ", ".join(kind for kind in self.plan.in_place if any(node.kind == kind for node in self.graph.layers))
            yield f"in place: {kinds or 'nothing'}; views make no storage; the input image is left out"
        if "live_bytes" in names:
            yield "live: while the layer runs, at inference; of several layers, and in all, the most"
        if "training_bytes" in names:
            yield "training: parameters, their gradients, and what is kept; without an optimizer's slots (see: cnncost memory)"
        if "kept_bytes" in names:
            yield "kept: what the layer is the first to keep for the backward pass; the input image is left out"
        if not {"input_gradient_flops", "weight_gradient_flops", "training_flops"}.isdisjoint(names):
            yield from self.step.notes
        if "exceeds_input" in names:
            marks = self._figures("exceeds_input")
            unknown = f", {marks.count(None)} not worked out" if None in marks else ""
            size = show(self.graph.input[1:])
            yield f"receptive field: larger than the {size} input in {marks.count(True)} of {len(marks)} layers{unknown}"
        if "bytes_moved" in names or "intensity" in names:
            yield "moved: inputs, parameters and output, each once, with every layer run by itself"
        if self.device is not None and "bound_us" in names:
            yield self._bound_note(self.device)

    def _bound_note(self, device: Device) -> str:
        dtype = self.report.dtype
        return (
            f"{device.name}: {short(device.rate(dtype))} operations/s in {dtype}, {short(device.bandwidth)} bytes/s "
            f"({device.source}); compute bounds from {float(ridge(device, dtype)):.1f} multiply-adds per byte; "
            "a bound on the time, not a latency"
        )

    def total(self, name: str, report: Report) -> Any:
        """Return what the total's row shows: the sum, or the largest; of a ratio that of the sums."""
        everything = Row("total", "group", (), (), {}, nodes=tuple([i for row in report.rows for i in row.nodes]))
        return None if DERIVED[name].group == "last" else self._cell(name, everything, report.total["flops"])

    def _cell(self, name: str, row: Row, flops: Num) -> Any:
        derived, figures = DERIVED[name], self._figures(name)
        own = [figures[index - 1] for index in row.nodes]
        if derived.group == "last":
            return own[-1] if own and row.kind != "others" else None
        if derived.group == "limit":
            return _limit(own)
        if derived.group == "ratio":
            moved = sum(own)
            return float(Fraction(flops) / moved) if isinstance(moved, int) and moved else None
        total = reduce(maximum, own, 0) if derived.group == "largest" else sum(own)
        return float(total * MICRO) if isinstance(total, Fraction) else total

    def _figures(self, name: str) -> Sequence[Any]:
        if name not in self._columns:
            self._columns[name] = DERIVED[name].of(self)
        return self._columns[name]


def _limit(bounds: Sequence[Bound]) -> str | None:
    """Return which rate sets most of the bound."""
    times = {by: sum((b.seconds for b in bounds if b.by == by), Fraction(0)) for by in ("compute", "memory")}
    return max(times, key=lambda by: times[by]) if any(times.values()) else None


def _along(axes: Field | None, value: Callable[[Axis], Num]) -> Any:
    """Return one number where both axes agree, else vertical×horizontal."""
    if axes is None:
        return None
    vertical, horizontal = (float(n) if isinstance(n, Fraction) else n for n in map(value, axes))
    return vertical if vertical == horizontal else f"{vertical}×{horizontal}"


DERIVED: dict[str, Derived] = {
    "outputs_bytes": Derived(
        lambda d: [made + extra for made, extra in zip(d.plan.outputs, d.plan.indices, strict=True)], "sum"
    ),
    "live_bytes": Derived(lambda d: d.plan.live, "largest"),
    "kept_bytes": Derived(lambda d: d.plan.kept, "sum"),
    "input_gradient_flops": Derived(lambda d: d.step.input_gradient.tolist(), "sum"),
    "weight_gradient_flops": Derived(lambda d: d.step.weight_gradient.tolist(), "sum"),
    "training_flops": Derived(lambda d: d.step.total.tolist(), "sum"),
    "training_bytes": Derived(lambda d: d.plan.training, "sum"),
    "bytes_moved": Derived(lambda d: d.moved, "sum"),
    "intensity": Derived(lambda d: d.moved, "ratio"),
    "bound_us": Derived(lambda d: [b.seconds for b in d.bounds], "sum"),
    "bound_by": Derived(lambda d: d.bounds, "limit"),
    "receptive_field": Derived(lambda d: [_along(f, lambda axis: axis.size) for f in d.fields], "last"),
    "exceeds_input": Derived(lambda d: [exceeds(f, d.graph.input) for f in d.fields], "last"),
    "effective_stride": Derived(lambda d: [_along(f, lambda axis: axis.stride) for f in d.fields], "last"),
    "effective_pad": Derived(lambda d: [_along(f, lambda axis: axis.pad) for f in d.fields], "last"),
}
