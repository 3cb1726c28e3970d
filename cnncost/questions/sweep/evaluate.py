"""Figures of a whole chunk of candidates at once, and equal to those of each candidate by itself.

Candidates run as columns through the model's own rules ("arrays"), or through the polynomials that the rules give on letters
("closed form"). A count of layers whose cost grows by the same amount with each, such as a stage's depth, is a letter too.
Which way is taken, and why it is believed, is said in `plan`.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from cnncost.base import usual
from cnncost.base.ints import Ints
from cnncost.counting.convention import Convention
from cnncost.measures.precision import PLAIN, Setup
from cnncost.questions.sweep.boxes import BOX, Dimension, boxes
from cnncost.questions.sweep.chunk import (
    ALONE,
    FIGURES,
    Array,
    Choices,
    Chunk,
    Method,
    Reason,
    Reasons,
    integers,
    joined,
    reason_key,
)
from cnncost.questions.sweep.columns import Columns
from cnncost.questions.sweep.costs import Costs
from cnncost.questions.sweep.forms import columns, form, met
from cnncost.questions.sweep.plan import Plan, Planner
from cnncost.questions.sweep.singles import Singles
from cnncost.questions.sweep.space import Axis, Space

CHECKED = 6  # candidates of another network than the closed form's that are traced by themselves
SORTED = 2**20  # candidates whose rows are put in order together

Box = tuple[range, ...]  # a range of places per axis, in the order in which candidates are evaluated


class Evaluator:
    """The figures of the candidates of a space, by the fastest method that is exact."""

    def __init__(
        self,
        space: Space,
        convention: Convention,
        dtype: str = usual.DTYPE,
        batch: int = 1,
        method: Method = "auto",
        figures: tuple[str, ...] = FIGURES,
        trained: Setup = PLAIN,
    ) -> None:
        self.space = space
        self.method = method
        self.costs = Costs(space, convention, dtype, batch, figures, trained)
        self.planner = Planner(self.costs, method)
        self.axes = self.planner.axes
        self.strides = tuple(space.strides[axis.name] for axis in self.axes)
        self.singles = Singles(self.costs, method)
        self.messages: dict[Any, str] = {}
        self.used: Counter[str] = Counter()  # how many candidates each method evaluated
        self.last: tuple[Any, Any] = (None, None)  # the arrays of the last sizes, which the next depths ask for again

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "last": (None, None), "messages": {}}  # what another process can do without

    @property
    def in_order(self) -> bool:
        """Whether candidates are evaluated in the order of their indices."""
        return tuple(axis.name for axis in self.axes) == tuple(axis.name for axis in self.space.axes)

    # ── chunks ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def chunks(self, start: int, stop: int) -> Iterator[Chunk]:
        """Iterate over as many candidates as lie from start to stop − 1, in the order that is quickest to evaluate."""
        for box in boxes([len(axis.values) for axis in self.axes], start, stop):
            yield self._chunk(box)

    def ordered(self, start: int, stop: int) -> Iterator[list[Chunk]]:
        """Iterate over the candidates with the indices start to stop − 1: chunks whose rows are to be put in order together."""
        names = [axis.name for axis in self.space.axes]
        for given in boxes(self.space.shape, start, stop, SORTED):
            by_name = dict(zip(names, given, strict=True))
            whole = tuple(by_name[axis.name] for axis in self.axes)
            count = math.prod(map(len, whole))
            parts = boxes([len(places) for places in whole], 0, count, BOX)
            yield [self._chunk(tuple(a[b.start : b.stop] for a, b in zip(whole, part, strict=True))) for part in parts]

    def _start(self, box: Box) -> int:
        """Return the index of a box's first candidate."""
        return sum(places.start * stride for places, stride in zip(box, self.strides, strict=True))

    def _made(self, box: Box, valid: Any, compute: Any, settings: dict[str, Any], reasons: Reasons) -> Chunk:
        return Chunk(self._start(box), tuple(map(len, box)), self.strides, valid, compute, settings, reasons)

    def _chunk(self, box: Box) -> Chunk:
        """Return the figures of a box of candidates."""
        axes, fixed_axes = self.axes, self.planner.fixed
        count = math.prod(map(len, box))
        structures = math.prod(len(places) for places, axis in zip(box, axes, strict=True) if axis in fixed_axes)
        if self.method in ALONE or count == 1:
            return self._one_by_one(box)
        if structures > 1:
            some = [self.space.values(self._index(box, place)) for place in (0, count // 2 - 1, count // 2)]
            if self.method == "auto" and count < self.singles.few(some) * structures:
                return self._one_by_one(box)
            return self._several(box, fixed_axes)
        taken = {axis.name: axis.taken(places) for axis, places in zip(axes, box, strict=True)}
        fixed = {axis.name: taken[axis.name][0] for axis in fixed_axes}
        plan = self.planner.plan(fixed)
        if len(plan.depths) < len(self.planner.counts):
            loose = tuple(axis for axis in self.planner.counts if axis not in plan.depths)
            if any(len(taken[axis.name]) > 1 for axis in loose):
                return self._several(box, loose)
            fixed.update({axis.name: taken[axis.name][0] for axis in loose})
        settings: dict[str, Any] = dict(fixed)
        inputs: dict[str, Array] = {}
        depths = set(plan.depths)
        for place, axis in enumerate(axes):
            if axis.name in fixed:
                continue
            shape = [-1 if i == place else 1 for i in range(len(axes))]
            if not axis.whole:
                settings[axis.name] = Choices(taken[axis.name], shape)
                continue
            column = np.array(taken[axis.name], dtype=np.int64).reshape(shape)
            settings[axis.name] = Ints(column)
            inputs[axis.name] = axis.steps(column) if axis in depths else column
        if plan.forms is not None:
            return self._by_form(box, plan, fixed, settings, inputs)
        return self._by_arrays(box, plan, fixed, settings, inputs)

    # ── closed forms ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _by_form(
        self, box: Box, plan: Plan, fixed: dict[str, Any], settings: dict[str, Any], inputs: dict[str, Array]
    ) -> Chunk:
        assert plan.forms is not None
        shape = tuple(map(len, box))
        self.used["closed form"] += math.prod(shape)
        order = list(inputs)
        reasons: Reasons = {}
        values = columns(inputs, plan.plain[1])
        other: Any = False  # where the network is another one than that of the forms
        for guard, condition in plan.exceptions:
            other = other | ~self._met(guard, condition, values, inputs)
        valid: Any = True
        for guard, condition in plan.conditions:
            if condition[0] == "!=":
                continue
            holds = self._met(guard, condition, values, inputs)
            if np.all(holds):
                continue
            broken = np.asarray(valid & ~holds & ~np.asarray(other))
            count = int(np.count_nonzero(broken)) * (math.prod(shape) // max(1, broken.size))
            if count:
                place = int(np.flatnonzero(np.broadcast_to(broken, shape))[0])
                key = (tuple(fixed.values()), guard, condition)
                message = self.messages.get(key)
                if message is None:
                    message = self.messages[key] = self._message(box, place)
                reasons = joined(reasons, {reason_key(message): Reason(count, self._index(box, place), message)})
            valid = valid & holds
        forms = plan.forms
        prepared = columns(inputs, plan.plain[0])

        def compute(figure: str) -> Any:
            return form(forms[figure], order)(prepared)

        chunk = self._made(box, valid, compute, settings, reasons)
        return self._mended(chunk, box, np.broadcast_to(other, shape), plan, fixed, inputs) if np.any(other) else chunk

    @staticmethod
    def _met(guard: str | None, condition: Any, values: dict[Any, Any], inputs: Mapping[str, Array]) -> Any:
        holds = np.asarray(met(condition, values))
        return holds if guard is None else holds | (inputs[guard] == 0)

    def _mended(
        self, chunk: Chunk, box: Box, other: Any, plan: Plan, fixed: dict[str, Any], inputs: Mapping[str, Array]
    ) -> Chunk:
        """Return a chunk by closed form with those candidates whose network is another one run as columns."""
        shape = chunk.shape
        places = np.flatnonzero(other)
        at = np.unravel_index(places, shape)
        own = {name: np.broadcast_to(column, shape)[at] for name, column in inputs.items()}
        valid = np.array(np.broadcast_to(np.asarray(chunk.valid), shape)).reshape(-1)
        found, figures, refused = self._flat(own, plan, fixed)
        self.used["arrays"] += len(places)
        valid[places] = found
        reasons = chunk.reasons
        for message, where in refused:
            index = int(chunk.index(places[where]).min())
            reasons = joined(reasons, {reason_key(message): Reason(len(where), index, message)})

        def compute(figure: str) -> Any:
            value = chunk.compute(figure)
            value = np.array(np.broadcast_to(value.values if isinstance(value, Ints) else np.asarray(value), shape)).reshape(-1)
            value = value.astype(object) if figures[figure].dtype == object else value
            value[places] = figures[figure]
            return Ints(value.reshape(shape))

        return self._made(box, valid.reshape(shape), compute, chunk.settings, reasons)

    def _flat(
        self, own: Mapping[str, Array], plan: Plan, fixed: dict[str, Any]
    ) -> tuple[Array, dict[str, Array], list[tuple[str, Array]]]:
        """Return validity, figures and refusals of a list of candidates, given as columns of sizes and of steps of depths."""
        count = len(next(iter(own.values())))
        lowest = {**fixed, **{axis.name: axis.values[0] for axis in plan.depths}}
        sizes = {axis.name: own[axis.name] for axis in self.planner.sizes}
        dimension = Dimension(np.arange(count), sizes)
        base = Columns(self.costs, lowest, [dimension])
        figures: dict[str, Any] = {figure: Ints(base.figures[figure]) for figure in self.costs.figures}
        sound = base.valid
        for axis in plan.depths:
            raised = Columns(self.costs, {**lowest, axis.name: axis.values[0] + axis.step}, [dimension])
            sound = sound & raised.valid
            for figure in self.costs.figures:
                step = Ints(raised.figures[figure]) - Ints(base.figures[figure])
                figures[figure] = figures[figure] + step * Ints(own[axis.name])
        plain = {figure: column.values for figure, column in figures.items()}

        def values(place: int) -> dict[str, Any]:
            depths = {axis.name: axis.values[0] + axis.step * int(own[axis.name][place]) for axis in plan.depths}
            return {**fixed, **{name: int(column[place]) for name, column in sizes.items()}, **depths}

        good = np.flatnonzero(sound)
        checked = random.Random(0).sample(good.tolist(), min(CHECKED, len(good)))
        figures_at = [{figure: int(plain[figure][n]) for figure in self.costs.figures} for n in checked]
        wrong = any(self.costs.exact(values(n)) != said for n, said in zip(checked, figures_at, strict=True))
        refused = base.refused
        rest = range(count) if wrong else np.flatnonzero(base.valid & ~sound).tolist()
        if wrong:
            refused, sound = [], np.zeros(count, dtype=bool)
        for place in rest:  # each by itself
            cost = self.costs.exact(values(place))
            if isinstance(cost, str):
                refused = [*refused, (cost, np.array([place]))]
                continue
            sound[place] = True
            for figure in self.costs.figures:
                if abs(cost[figure]) >= 2**63:
                    plain[figure] = plain[figure].astype(object)
                plain[figure][place] = cost[figure]
        return sound, plain, refused

    # ── arrays ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _by_arrays(
        self, box: Box, plan: Plan, fixed: dict[str, Any], settings: dict[str, Any], inputs: dict[str, Array]
    ) -> Chunk:
        sizes = [(axis, places) for axis, places in zip(self.axes, box, strict=True) if axis in self.planner.sizes]
        lowest = {**fixed, **{axis.name: axis.values[0] for axis in plan.depths}}
        key = (tuple(lowest.items()), tuple(places for _, places in sizes))
        if self.last[0] != key:
            dimensions = _dimensions(sizes)
            raised = [{**lowest, axis.name: axis.values[0] + axis.step} for axis in plan.depths]
            self.last = (key, [Columns(self.costs, values, dimensions) for values in (lowest, *raised)])
        base, *deeper = self.last[1]
        count = math.prod(map(len, box))
        alone = count * base.alone // max(1, base.valid.size)
        self.used += Counter({"one at a time": alone, "arrays": count - alone})
        broad = [len(places) if axis in self.planner.sizes else 1 for axis, places in zip(self.axes, box, strict=True)]
        sound: Any = base.valid.reshape(broad)
        for axis, one in zip(plan.depths, deeper, strict=True):
            sound = sound & (one.valid.reshape(broad) | (inputs[axis.name] == 0))
            if np.any(one.valid & ~base.valid):  # candidates that only later depths make valid: each depth for itself
                return self._several(box, plan.depths)
        reasons = self._reasons(box, base, deeper, plan, inputs, broad)

        def compute(figure: str) -> Any:
            total: Any = Ints(base.figures[figure].reshape(broad))
            for axis, one in reversed(list(zip(plan.depths, deeper, strict=True))):
                step = Ints(one.figures[figure].reshape(broad)) - Ints(base.figures[figure].reshape(broad))
                total = total + step * Ints(inputs[axis.name])
            return total

        return self._made(box, sound, compute, settings, reasons)

    def _reasons(
        self,
        box: Box,
        base: Columns,
        deeper: Sequence[Columns],
        plan: Plan,
        inputs: Mapping[str, Array],
        broad: Sequence[int],
    ) -> Reasons:
        """Return why candidates of a box cannot be built: at the lowest depths, or past the first value of a depth."""
        shape = tuple(map(len, box))
        reasons: Reasons = {}
        open_: Any = True
        for guard, one in ((None, base), *zip(plan.depths, deeper, strict=True)):
            for message, places in one.refused:
                mask = np.zeros(one.valid.size, dtype=bool)
                mask[places] = True
                broken: Any = mask.reshape(broad)
                if guard is not None:
                    broken = broken & (inputs[guard.name] > 0)
                broken = broken & open_
                count = int(np.count_nonzero(broken)) * (math.prod(shape) // max(1, broken.size))
                if count:
                    place = int(np.flatnonzero(np.broadcast_to(broken, shape))[0])
                    first = Reason(count, self._index(box, place), self._message(box, place))
                    reasons = joined(reasons, {reason_key(message): first})
                open_ = open_ & ~broken
        return reasons

    # ── one at a time, and structure by structure ────────────────────────────────────────────────────────────────────

    def _index(self, box: Box, place: int) -> int:
        """Return the index of the candidate at a flat place of a box."""
        index = 0
        for places, stride in zip(reversed(box), reversed(self.strides), strict=True):
            place, own = divmod(place, len(places))
            index += places[own] * stride
        return index

    def _message(self, box: Box, place: int) -> str:
        """Return why the candidate at a flat place of a box cannot be built."""
        found = self.costs.exact(self.space.values(self._index(box, place)))
        return found if isinstance(found, str) else "a setting does not fit"

    def _one_by_one(self, box: Box) -> Chunk:
        shape = tuple(map(len, box))
        names = [axis.name for axis in self.axes]
        listed = product(*(axis.taken(places) for axis, places in zip(self.axes, box, strict=True)))
        results = self.singles.of([dict(zip(names, values, strict=True)) for values in listed], self.used)
        reasons: Reasons = {}
        for place, found in enumerate(results):
            if isinstance(found, str):
                reasons = joined(reasons, {reason_key(found): Reason(1, self._index(box, place), found)})
        valid = np.array([not isinstance(found, str) for found in results], dtype=bool).reshape(shape)
        figures = {
            figure: Ints(integers([0 if isinstance(found, str) else found[figure] for found in results]).reshape(shape))
            for figure in self.costs.figures
        }
        return self._made(box, valid, figures.__getitem__, self._named(box), reasons)

    def _named(self, box: Box) -> dict[str, Any]:
        """Return the settings of a box: arrays of numbers; arrays of texts and lists where structures vary within it."""
        settings: dict[str, Any] = {}
        for place, (axis, places) in enumerate(zip(self.axes, box, strict=True)):
            values = axis.taken(places)
            if len(values) == 1:
                settings[axis.name] = values[0]
            else:
                where = [-1 if i == place else 1 for i in range(len(box))]
                settings[axis.name] = Ints(integers(values).reshape(where)) if axis.whole else Choices(values, where)
        return settings

    def _several(self, box: Box, loose: tuple[Axis, ...]) -> Chunk:
        """Return the chunk of a box that spans several structures, evaluated structure by structure."""
        shape = tuple(map(len, box))
        valid = np.zeros(shape, dtype=bool)
        figures: dict[str, Array] = {figure: np.zeros(shape, dtype=np.int64) for figure in self.costs.figures}
        reasons: Reasons = {}
        at = [self.axes.index(axis) for axis in loose]
        for places in product(*(range(len(box[place])) for place in at)):
            window: list[slice] = [slice(None)] * len(box)
            part = list(box)
            for axis, place in zip(at, places, strict=True):
                window[axis] = slice(place, place + 1)
                part[axis] = box[axis][place : place + 1]
            chunk = self._chunk(tuple(part))
            reasons = joined(reasons, chunk.reasons)
            valid[tuple(window)] = chunk.valid
            for figure in self.costs.figures:
                value = chunk[figure]
                array = value.values if isinstance(value, Ints) else np.asarray(value)
                if array.dtype == object and figures[figure].dtype != object:
                    figures[figure] = figures[figure].astype(object)
                figures[figure][tuple(window)] = array
        return self._made(box, valid, lambda figure: Ints(figures[figure]), self._named(box), reasons)


def _dimensions(sizes: Sequence[tuple[Axis, range]]) -> list[Dimension]:
    """Return the dimensions of a box of sizes, the last one fastest."""
    found: list[Dimension] = []
    stride = 1
    for axis, places in reversed(sizes):
        offsets = np.arange(len(places), dtype=np.int64) * stride
        found.insert(0, Dimension(offsets, {axis.name: np.array(axis.taken(places), dtype=np.int64)}))
        stride *= len(places)
    return found
