"""Figures of a whole chunk of candidates at once, and equal to those of each candidate by itself.

Candidates run as columns through the model's own rules ("arrays"), or through the polynomials that the rules give on letters
("closed form"). A count of layers whose cost grows by the same amount with each, such as a stage's depth, is a letter too.
Closed forms and depths are taken only after they reproduced sampled candidates that were traced one at a time.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnncost.base.errors import CnncostError, Disagreement
from cnncost.base.ints import Ints
from cnncost.base.poly import Num, Poly, assumptions, symbol
from cnncost.base.units import DTYPES
from cnncost.counting.convention import Convention, count, keys
from cnncost.graph.graph import Graph
from cnncost.questions.sweep.forms import Condition, columns, fits, form, letters_of, met, open_conditions
from cnncost.questions.sweep.space import Axis, Space

FIGURES = ("params", "macs", "flops", "activation_bytes")
ALIASES = {"memory": "activation_bytes"}
Method = Literal["auto", "stage tables", "closed form", "arrays", "one at a time"]
Array = NDArray[Any]

BOX = 2**17  # candidates that run together: columns of 1 MiB, which stay in the cache
WORTH_A_FORM = 2**13  # candidates of one structure from which tracing on letters pays
SAMPLES = 24  # candidates traced one at a time before a closed form or a depth is believed
SAMPLED_LAYERS = 100_000  # and at most so many layers of them, some half a second


def totals(graph: Graph, convention: Convention, batch: Num, dtype: str) -> dict[str, Num]:
    """Return the figures of a traced network, as the totals of its report: numbers, columns or polynomials."""
    macs: Num = 0
    priced: dict[str, Num] = {"params": 0, "flops": 0, "memory": 0}
    sums: dict[tuple[str, Num], dict[str, Num]] = {}  # of letters, as far as formulas are linear in them
    for node, key in zip(graph.layers, keys(graph), strict=True):
        if node.runs:
            macs = macs + node.cost.macs
        for figure in priced if node.runs else ("params",):
            formula = convention.formula(figure, key)
            if not isinstance(formula, Poly):
                priced[figure] = priced[figure] + formula
                continue
            own = {letter: count(letter, node, graph.nodes) for letter in formula.letters()}
            if all(len(monomial) == 1 and monomial[0][1] == 1 for monomial in formula.terms):
                sum_of = sums.setdefault((figure, formula), {})
                for letter, value in own.items():
                    sum_of[letter] = sum_of.get(letter, 0) + value
            else:
                priced[figure] = priced[figure] + formula.subs(own)
    for (figure, formula), values in sums.items():
        priced[figure] = priced[figure] + formula.subs(values)
    return {
        "params": priced["params"],
        "macs": macs * batch,
        "flops": priced["flops"] * (1 if convention.per_example else batch),
        "activation_bytes": priced["memory"] * batch * DTYPES[dtype],
    }


def boxes(shape: Sequence[int], start: int, stop: int, limit: int = BOX) -> Iterator[tuple[range, ...]]:
    """Iterate over a range of indices as boxes: a range of places per axis, at most `limit` candidates each, in order."""
    if start >= stop:
        return
    if not shape:
        yield ()
        return
    inner = math.prod(shape[1:])
    first, offset = divmod(start, inner)
    last, end = divmod(stop, inner)
    if first == last:
        yield from ((range(first, first + 1), *box) for box in boxes(shape[1:], offset, end, limit))
        return
    if offset:
        yield from ((range(first, first + 1), *box) for box in boxes(shape[1:], offset, inner, limit))
        first += 1
    step = max(1, limit // inner)
    full = tuple(range(n) for n in shape[1:])
    for place in range(first, last, step):
        if inner <= limit:
            yield (range(place, min(place + step, last)), *full)
        else:
            yield from ((range(place, place + 1), *box) for box in boxes(shape[1:], 0, inner, limit))
    if end:
        yield from ((range(last, last + 1), *box) for box in boxes(shape[1:], 0, end, limit))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why candidates cannot be built: how many, and the first of them with its message."""

    count: int
    first: int
    message: str


Reasons = dict[str, Reason]  # by message without its numbers


def reason_key(message: str) -> str:
    """Return a message without its numbers, by which like failures are counted together; the layer's name stays."""
    return "".join(
        part if i % 2 else re.sub(r"\[[^\]]*\]|\d+", "#", part) for i, part in enumerate(re.split(r"('[^']*')", message))
    )


def joined(a: Reasons, b: Reasons) -> Reasons:
    """Return the tally of both, each reason with its first candidate."""
    result = dict(a)
    for key, reason in b.items():
        known = result.get(key)
        if known is None:
            result[key] = reason
        else:
            first = min(known, reason, key=lambda one: one.first)
            result[key] = Reason(known.count + reason.count, first.first, first.message)
    return result


@dataclass
class Chunk:
    """The candidates start, start + 1, …, as an array of the given shape, last axis fastest.

    `valid` and the figures are arrays that broadcast to `shape`. Figures are computed when first asked for.
    """

    start: int
    shape: tuple[int, ...]
    valid: Any
    compute: Callable[[str], Any]
    settings: dict[str, Any]  # the axes, as scalars or arrays that broadcast
    reasons: Reasons = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        """Return a figure or an axis by name, as a number, an array or a text."""
        name = ALIASES.get(name, name) if name not in self.settings else name
        if name in self.settings:
            return self.settings[name]
        if name not in self.figures:
            self.figures[name] = self.compute(name)
        return self.figures[name]

    def at(self, figure: str, places: Array) -> Array:
        """Return a figure at flat places."""
        value = self[figure]
        array = value.values if isinstance(value, Ints) else np.asarray(value)
        array = np.broadcast_to(array, self.shape)
        return array.reshape(-1)[places] if array.flags.c_contiguous else array[np.unravel_index(places, self.shape)]


@dataclass(frozen=True)
class Plan:
    """How the candidates of one structure are evaluated."""

    depths: tuple[Axis, ...]  # counts of layers that are letters or columns like sizes
    forms: Mapping[str, Num] | None = None  # per figure, in the names of the axes; None: arrays
    conditions: tuple[tuple[str | None, Condition], ...] = ()  # with the depth axis past whose first value each one holds
    plain: tuple[bool, bool] = (False, False)  # whether int64 suffices: for the forms, for the conditions


class Evaluator:
    """The figures of the candidates of a space, by the fastest method that is exact."""

    def __init__(
        self, space: Space, convention: Convention, dtype: str = "float32", batch: int = 1, method: Method = "auto"
    ) -> None:
        self.convention = convention
        self.dtype = dtype
        self.batch = batch
        self.method = method
        self.plans: dict[Any, Plan] = {}
        self.messages: dict[Any, str] = {}
        self.used: set[str] = set()  # methods, as they were used
        self.last: tuple[Any, Any] = (None, None)  # the arrays of the last sizes, which the next depths ask for again
        self.space = space
        self.space = Space(space.model, self._ordered(space))
        self.fixed = tuple(axis for axis in self.space.axes if axis.role == "structure" and axis not in self.counts)
        self.sizes = tuple(axis for axis in self.space.axes if axis.role != "structure")

    # ── one at a time ────────────────────────────────────────────────────────────────────────────────────────────────

    def traced(self, values: Mapping[str, Any]) -> tuple[dict[str, Num], int]:
        """Return the figures of settings given as numbers, columns or letters, and the number of layers."""
        model, batch = self.space.configured(values)
        graph = model.trace()
        return totals(graph, self.convention, batch * self.batch, self.dtype), len(graph.nodes)

    def exact(self, values: Mapping[str, Any]) -> dict[str, int] | str:
        """Return the figures of one candidate traced by itself, or the message of why it cannot be built."""
        try:
            return self.traced(values)[0]
        except CnncostError as error:
            return error.message.removeprefix(f"{self.space.model.name}: ")

    # ── how to evaluate ──────────────────────────────────────────────────────────────────────────────────────────────

    def _ordered(self, space: Space) -> tuple[Axis, ...]:
        """Return the axes with those outermost along which each value needs a graph of its own, and depths innermost."""
        structures = [axis for axis in space.axes if axis.role == "structure"]
        counts = [axis for axis in structures if axis.whole and len(axis.values) > 1 and _even(axis)]
        self.counts: tuple[Axis, ...] = ()
        if self.method != "one at a time" and counts:
            first = {axis.name: axis.values[0] for axis in structures}
            self.counts = tuple(counts)
            while self.counts and not self._sampled(Plan(self.counts), first):
                alone = [axis for axis in self.counts if self._sampled(Plan((axis,)), first)]
                self.counts = tuple(alone) if len(alone) < len(self.counts) else ()
        rest = [axis for axis in structures if axis not in self.counts]
        return (*rest, *(axis for axis in space.axes if axis.role != "structure"), *self.counts)

    def plan(self, fixed: Mapping[str, Any]) -> Plan:
        """Return how candidates of one structure are evaluated."""
        key = tuple(fixed.values())
        if key not in self.plans:
            depths = self.counts
            if depths and fixed and not self._sampled(Plan(depths), dict(fixed)):
                depths = ()
            self.plans[key] = self._closed(dict(fixed), depths) or Plan(depths)
        return self.plans[key]

    def _sampled(self, plan: Plan, fixed: dict[str, Any]) -> bool:
        """Whether a plan gives what candidates traced one at a time give."""
        others = {axis.name: axis.values[0] for axis in self.space.axes if axis.name not in fixed and axis.role == "structure"}
        sizes = [axis for axis in self.space.axes if axis.role != "structure"]
        layers = valid = 0
        rng = random.Random(0)
        wanted = SAMPLES + sum(min(len(axis.values), SAMPLES) for axis in plan.depths)
        for number in range(10 * wanted):
            if number >= wanted and valid >= SAMPLES // 2:  # candidates that cannot be built say little
                break
            values = {**others, **fixed, **{axis.name: rng.choice(axis.values) for axis in sizes}}
            for place, axis in enumerate(plan.depths):
                late = number < SAMPLES or number % len(plan.depths) == place  # in pairs and more, then each by itself
                values[axis.name] = rng.choice(axis.values) if late else axis.values[0]
            if number == 0:
                values.update({axis.name: axis.values[-1] for axis in plan.depths})
            if number == 1:
                values.update({axis.name: axis.values[1] for axis in plan.depths})
            try:
                direct: dict[str, Num] | None
                direct, count = self.traced(values)
            except CnncostError:
                direct, count = None, 100
            if self._single(plan, values) != direct:
                return False
            layers += count
            valid += direct is not None
            if layers > SAMPLED_LAYERS and number > 3:
                break
        return True

    def _single(self, plan: Plan, values: dict[str, Any]) -> dict[str, Num] | None:
        """Return the figures of one candidate by a plan, or None where it cannot be built."""
        if plan.forms is not None:
            numbers = {n: np.array([v], dtype=object) for n, v in self._letters(plan, values).items()}
            for guard, condition in plan.conditions:
                if (guard is None or numbers[guard][0]) and not np.all(met(condition, dict(numbers))):
                    return None
            found = {figure: form(poly, ())(dict(numbers)) for figure, poly in plan.forms.items()}
            return {figure: int(np.asarray(value).reshape(-1)[0]) for figure, value in found.items()}
        lowest = {**values, **{axis.name: axis.values[0] for axis in plan.depths}}
        base = self.exact(lowest)
        if isinstance(base, str):
            return None
        result = dict(base)
        for axis in plan.depths:
            place = _place(axis, values[axis.name])
            if place:
                raised = self.exact({**lowest, axis.name: axis.values[0] + _step(axis)})
                if isinstance(raised, str):
                    return None
                for figure in FIGURES:
                    result[figure] += place * (raised[figure] - base[figure])
        return result

    def _letters(self, plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what stands for each letter: the value of a size, the place of a depth among its values."""
        depths = {axis.name: axis for axis in plan.depths}
        sizes = (axis.name for axis in self.space.axes if axis.role != "structure")
        return {**{name: values[name] for name in sizes}, **{n: _place(a, values[n]) for n, a in depths.items()}}

    def _closed(self, fixed: dict[str, Any], depths: tuple[Axis, ...]) -> Plan | None:
        """Return the plan of polynomials where letters go through the model, enough candidates share them and samples agree."""
        sizes = [axis for axis in self.space.axes if axis.role != "structure"]
        shared = math.prod(len(axis.values) for axis in (*sizes, *depths))
        if self.method not in ("auto", "stage tables", "closed form") or (self.method == "auto" and shared < WORTH_A_FORM):
            return None
        if any(not axis.whole or min(axis.values) < 1 for axis in sizes):
            return None
        rest = {
            a.name: a.values[0] for a in self.space.axes if a.role == "structure" and a.name not in fixed and a not in depths
        }
        if rest:
            return None
        letters = {axis.name: symbol(axis.name) for axis in sizes}
        lowest = {**fixed, **letters, **{axis.name: axis.values[0] for axis in depths}}
        try:
            with assumptions() as taken:
                figures = dict(self.traced(lowest)[0])
            base = dict(figures)
            conditions: list[tuple[str | None, Condition]] = [(None, one) for one in open_conditions(taken)]
            known = set(taken)
            for axis in depths:
                with assumptions() as taken:
                    raised = self.traced({**lowest, axis.name: axis.values[0] + _step(axis)})[0]
                conditions += [(axis.name, one) for one in open_conditions(one for one in taken if one not in known)]
                for figure in FIGURES:
                    figures[figure] = figures[figure] + (raised[figure] - base[figure]) * symbol(axis.name)
        except (CnncostError, TypeError, ValueError, AttributeError, ArithmeticError, LookupError):
            return None
        largest = self._largest(Plan(depths))
        asked = [part for _, (_, a, b) in conditions for part in (a, b, a - b)]
        plan = Plan(depths, figures, tuple(conditions), (fits(figures.values(), largest), fits(asked, largest)))
        return plan if self._sampled(plan, fixed) else None

    # ── chunks ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def chunks(self, start: int, stop: int) -> Iterator[Chunk]:
        """Iterate over the candidates start to stop − 1, in order, chunk by chunk."""
        at = start
        for box in boxes(self.space.shape, start, stop):
            size = math.prod(map(len, box))
            yield self._chunk(at, box)
            at += size

    def _chunk(self, start: int, box: tuple[range, ...]) -> Chunk:
        """Return the figures of a box of candidates, of which the first has the index `start`."""
        axes = self.space.axes
        shape = tuple(map(len, box))
        if len(self.fixed) and math.prod(len(places) for places, axis in zip(box, axes, strict=True) if axis in self.fixed) > 1:
            return self._several(start, box, tuple(axis for axis in axes if axis in self.fixed))
        taken = {axis.name: _taken(axis, places) for axis, places in zip(axes, box, strict=True)}
        fixed = {axis.name: taken[axis.name][0] for axis in self.fixed}
        if self.method == "one at a time" or math.prod(shape) == 1:
            return self._one_by_one(start, box)
        plan = self.plan(fixed)
        if len(plan.depths) < len(self.counts):
            loose = tuple(axis for axis in self.counts if axis not in plan.depths)
            if any(len(taken[axis.name]) > 1 for axis in loose):
                return self._several(start, box, loose)
            fixed.update({axis.name: taken[axis.name][0] for axis in loose})
        settings: dict[str, Any] = dict(fixed)
        inputs: dict[str, Array] = {}
        depths = set(plan.depths)
        for place, axis in enumerate(axes):
            if axis.name in fixed:
                continue
            column = np.array(taken[axis.name], dtype=np.int64).reshape([-1 if i == place else 1 for i in range(len(axes))])
            settings[axis.name] = Ints(column)
            inputs[axis.name] = (column - axis.values[0]) // _step(axis) if axis in depths else column
        if plan.forms is not None:
            return self._by_form(start, box, plan, fixed, settings, inputs)
        return self._by_arrays(start, box, plan, fixed, settings, inputs)

    def _by_form(
        self,
        start: int,
        box: tuple[range, ...],
        plan: Plan,
        fixed: dict[str, Any],
        settings: dict[str, Any],
        inputs: dict[str, Array],
    ) -> Chunk:
        assert plan.forms is not None
        self.used.add("closed form")
        shape = tuple(map(len, box))
        order = list(inputs)
        valid: Any = True
        reasons: Reasons = {}
        values = columns(inputs, plan.plain[1])
        for guard, condition in plan.conditions:
            holds = met(condition, values)
            if guard is not None:
                holds = holds | (inputs[guard] == 0)
            if np.all(holds):
                continue
            broken = valid & ~np.asarray(holds)
            count = int(np.count_nonzero(broken)) * (math.prod(shape) // max(1, broken.size))
            if count:
                place = int(np.flatnonzero(np.broadcast_to(broken, shape))[0])
                key = (tuple(fixed.values()), guard, condition)
                message = self.messages.get(key)
                if message is None:
                    message = self.messages[key] = self._message(box, place)
                reasons = joined(reasons, {reason_key(message): Reason(count, start + place, message)})
            valid = valid & np.asarray(holds)
        forms = plan.forms
        prepared = columns(inputs, plan.plain[0])

        def compute(figure: str) -> Any:
            return form(forms[figure], order)(prepared)

        return Chunk(start, shape, valid, compute, settings, reasons)

    def _largest(self, plan: Plan) -> dict[str, int]:
        depths = set(plan.depths)
        return {
            axis.name: (_place(axis, max(axis.values)) if axis in depths else max(axis.values))
            for axis in self.space.axes
            if axis in depths or axis.role != "structure"
        }

    def _message(self, box: tuple[range, ...], place: int) -> str:
        """Return why the candidate at a flat place of a box cannot be built."""
        values: dict[str, Any] = {}
        for axis, places in zip(reversed(self.space.axes), reversed(box), strict=True):
            place, own = divmod(place, len(places))
            values[axis.name] = axis.values[places[own]]
        found = self.exact(values)
        assert isinstance(found, str), f"{values} can be built"
        return found

    def _one_by_one(self, start: int, box: tuple[range, ...]) -> Chunk:
        if self.method == "one at a time":
            self.used.add("one at a time")
        shape = tuple(map(len, box))
        results = []
        reasons: Reasons = {}
        for offset, values in enumerate(product(*(_taken(a, places) for a, places in zip(self.space.axes, box, strict=True)))):
            named = {axis.name: value for axis, value in zip(self.space.axes, values, strict=True)}
            found = self.exact(named)
            if isinstance(found, str):
                reasons = joined(reasons, {reason_key(found): Reason(1, start + offset, found)})
            results.append(found)
        return self._gathered(start, shape, results, reasons, box)

    def _gathered(
        self, start: int, shape: tuple[int, ...], results: list[dict[str, int] | str], reasons: Reasons, box: tuple[range, ...]
    ) -> Chunk:
        valid = np.array([not isinstance(found, str) for found in results], dtype=bool).reshape(shape)
        figures = {
            figure: Ints(_integers([0 if isinstance(found, str) else found[figure] for found in results]).reshape(shape))
            for figure in FIGURES
        }
        return Chunk(start, shape, valid, figures.__getitem__, self._named(box), reasons)

    def _named(self, box: tuple[range, ...]) -> dict[str, Any]:
        """Return the settings of a box: arrays of numbers; arrays of texts and lists where structures vary within it."""
        settings: dict[str, Any] = {}
        for place, (axis, places) in enumerate(zip(self.space.axes, box, strict=True)):
            values = _taken(axis, places)
            if len(values) == 1:
                settings[axis.name] = values[0]
            else:
                where = [-1 if i == place else 1 for i in range(len(box))]
                settings[axis.name] = Ints(_integers(values).reshape(where)) if axis.whole else Choices(values, where)
        return settings

    def _several(self, start: int, box: tuple[range, ...], loose: tuple[Axis, ...]) -> Chunk:
        """Return the chunk of a box that spans several structures, evaluated structure by structure."""
        axes = self.space.axes
        shape = tuple(map(len, box))
        flat = np.arange(math.prod(shape), dtype=np.int64).reshape(shape)
        valid = np.zeros(shape, dtype=bool)
        figures: dict[str, Array] = {figure: np.zeros(shape, dtype=np.int64) for figure in FIGURES}
        reasons: Reasons = {}
        for places in product(*(range(len(box[axes.index(axis)])) for axis in loose)):
            window: list[slice] = [slice(None)] * len(axes)
            part = list(box)
            for axis, place in zip(loose, places, strict=True):
                at = axes.index(axis)
                window[at] = slice(place, place + 1)
                part[at] = box[at][place : place + 1]
            chunk = self._chunk(0, tuple(part))
            where = flat[tuple(window)].reshape(-1)
            for key, reason in chunk.reasons.items():
                first = start + int(where[reason.first])
                reasons = joined(reasons, {key: Reason(reason.count, first, reason.message)})
            valid[tuple(window)] = chunk.valid
            for figure in FIGURES:
                value = chunk[figure]
                array = value.values if isinstance(value, Ints) else np.asarray(value)
                if array.dtype == object and figures[figure].dtype != object:
                    figures[figure] = figures[figure].astype(object)
                figures[figure][tuple(window)] = array
        return Chunk(start, shape, valid, lambda figure: Ints(figures[figure]), self._named(box), reasons)

    # ── arrays ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _by_arrays(
        self,
        start: int,
        box: tuple[range, ...],
        plan: Plan,
        fixed: dict[str, Any],
        settings: dict[str, Any],
        inputs: dict[str, Array],
    ) -> Chunk:
        self.used.add("arrays")
        axes = self.space.axes
        shape = tuple(map(len, box))
        sizes = [(axis, places) for axis, places in zip(axes, box, strict=True) if axis.role != "structure"]
        lowest = {**fixed, **{axis.name: axis.values[0] for axis in plan.depths}}
        key = (tuple(lowest.items()), tuple(places for _, places in sizes))
        if self.last[0] != key:
            raised = [{**lowest, axis.name: axis.values[0] + _step(axis)} for axis in plan.depths]
            self.last = (key, [_Columns(self, values, sizes).run() for values in (lowest, *raised)])
        base, *deeper = self.last[1]
        broad = [len(places) if axis.role != "structure" else 1 for axis, places in zip(axes, box, strict=True)]
        valid: Any = base.valid.reshape(broad)
        sound: Any = valid
        for axis, one in zip(plan.depths, deeper, strict=True):
            sound = sound & (one.valid.reshape(broad) | (inputs[axis.name] == 0))
            if np.any(one.valid & ~base.valid):  # candidates that only later depths make valid: each depth for itself
                return self._several(start, box, plan.depths)
        reasons = self._reasons(start, shape, axes, box, base, deeper, plan, inputs, broad)

        def compute(figure: str) -> Any:
            total: Any = Ints(base.figures[figure].reshape(broad))
            for axis, one in reversed(list(zip(plan.depths, deeper, strict=True))):
                step = Ints(one.figures[figure].reshape(broad)) - Ints(base.figures[figure].reshape(broad))
                total = total + step * Ints(inputs[axis.name])
            return total

        return Chunk(start, shape, sound, compute, settings, reasons)

    def _reasons(
        self,
        start: int,
        shape: tuple[int, ...],
        axes: tuple[Axis, ...],
        box: tuple[range, ...],
        base: _Columns,
        deeper: list[_Columns],
        plan: Plan,
        inputs: dict[str, Array],
        broad: list[int],
    ) -> Reasons:
        """Return why candidates of a box cannot be built: at the lowest depths, or past the first value of a depth."""
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
                    reasons = joined(reasons, {reason_key(message): Reason(count, start + place, self._message(box, place))})
                open_ = open_ & ~broken
        return reasons


class Choices:
    """A column of settings that are no whole numbers: exact fractions, or texts as people write them."""

    def __init__(self, values: Sequence[Any], shape: Sequence[int]) -> None:
        from cnncost.models.settings import shown

        numbers = all(type(value) in (int, float) for value in values)
        listed = [Fraction(repr(value)) if numbers else shown(value) for value in values]
        self.values = np.array(listed, dtype=object).reshape(shape)


@dataclass
class _Dimension:
    """One dimension of a box under evaluation: some values of one axis, or of several that were split together."""

    offsets: Array  # the share of the flat place
    values: dict[str, Array]


class _Columns:
    """The figures of all sizes of one structure, through the rules, split wherever candidates need different graphs."""

    def __init__(self, evaluator: Evaluator, fixed: dict[str, Any], sizes: Sequence[tuple[Axis, range]]) -> None:
        self.evaluator = evaluator
        self.fixed = fixed
        self.dimensions: list[_Dimension] = []
        stride = 1
        for axis, places in reversed(sizes):
            offsets = np.arange(len(places), dtype=np.int64) * stride
            self.dimensions.insert(0, _Dimension(offsets, {axis.name: np.array(_taken(axis, places), dtype=np.int64)}))
            stride *= len(places)
        self.valid = np.zeros(stride, dtype=bool)
        self.figures: dict[str, Array] = {figure: np.zeros(stride, dtype=np.int64) for figure in FIGURES}
        self.refused: list[tuple[str, Array]] = []  # messages, and the flat places of those they are about

    def run(self) -> _Columns:
        """Evaluate all sizes and return self."""
        self._run(self.dimensions)
        return self

    def _run(self, dimensions: list[_Dimension]) -> None:
        rank = len(dimensions)
        flat = np.zeros((1,) * rank, dtype=np.int64)
        given: dict[str, Any] = {}
        for at, dimension in enumerate(dimensions):
            shape = [-1 if i == at else 1 for i in range(rank)]
            flat = flat + dimension.offsets.reshape(shape)
            given.update({name: Ints(values.reshape(shape)) for name, values in dimension.values.items()})
        if flat.size == 0:
            return
        if flat.size == 1:
            self._alone(dimensions)
            return
        try:
            figures = self.evaluator.traced({**self.fixed, **given})[0]
        except Disagreement as split:
            yes = np.asarray(split.mask)
            self._run(_chosen(dimensions, yes))
            self._run(_chosen(dimensions, ~yes))
            return
        except CnncostError as error:
            valid = getattr(error, "valid", None)
            if valid is not None and np.any(valid):
                bad = _chosen(dimensions, ~np.asarray(valid))
                self.refused.append((self._bare(error), _flat(bad)))
                self._run(_chosen(dimensions, np.asarray(valid)))
            elif self._all_refused(dimensions, error, valid):
                self.refused.append((self._bare(error), flat.reshape(-1)))
            else:
                self._alone(dimensions)
            return
        except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError):  # a model that asks numbers one by one
            self._alone(dimensions)
            return
        places = flat.reshape(-1)
        self.valid[places] = True
        for figure in FIGURES:
            value = figures[figure]
            array = value.values if isinstance(value, Ints) else np.asarray(value, dtype=None if abs(value) < 2**63 else object)
            self._put(figure, places, np.broadcast_to(array, flat.shape).reshape(-1))

    def _bare(self, error: CnncostError) -> str:
        return error.message.removeprefix(f"{self.evaluator.space.model.name}: ")

    def _all_refused(self, dimensions: list[_Dimension], error: CnncostError, valid: Any) -> bool:
        """Whether an error is about every candidate: it named them, or the first, middle and last meet it by themselves."""
        if valid is not None:
            return True
        count = math.prod(len(dimension.offsets) for dimension in dimensions)
        key = reason_key(self._bare(error))
        for place in (0, count // 2, count - 1):
            found = self.evaluator.exact({**self.fixed, **_at(dimensions, place)})
            if not isinstance(found, str) or reason_key(found) != key:
                return False
        return True

    def _alone(self, dimensions: list[_Dimension]) -> None:
        """Trace each candidate by itself."""
        for place, flat in enumerate(_flat(dimensions)):
            found = self.evaluator.exact({**self.fixed, **_at(dimensions, place)})
            where = np.array([flat])
            if isinstance(found, str):
                self.refused.append((found, where))
            else:
                self.valid[flat] = True
                for figure in FIGURES:
                    self._put(figure, where, _integers([found[figure]]))

    def _put(self, figure: str, places: Array, values: Array) -> None:
        if values.dtype == object and self.figures[figure].dtype != object:
            self.figures[figure] = self.figures[figure].astype(object)
        self.figures[figure][places] = values


def _chosen(dimensions: list[_Dimension], mask: NDArray[np.bool_]) -> list[_Dimension]:
    """Return the part of a box where the mask holds: the dimensions that the mask depends on become one."""
    mask = mask.reshape((1,) * (len(dimensions) - mask.ndim) + mask.shape)
    involved = [at for at, size in enumerate(mask.shape) if size > 1]
    if not involved:
        return (
            dimensions
            if mask.all()
            else [_Dimension(d.offsets[:0], {n: v[:0] for n, v in d.values.items()}) for d in dimensions]
        )
    where = np.nonzero(mask.reshape([mask.shape[at] for at in involved]))
    offsets = np.zeros(len(where[0]), dtype=np.int64)
    values: dict[str, Array] = {}
    for at, places in zip(involved, where, strict=True):
        offsets = offsets + dimensions[at].offsets[places]
        values.update({name: column[places] for name, column in dimensions[at].values.items()})
    merged = _Dimension(offsets, values)
    return [merged if at == involved[0] else d for at, d in enumerate(dimensions) if at not in involved[1:]]


def _flat(dimensions: list[_Dimension]) -> Array:
    total: Array = np.zeros(1, dtype=np.int64)
    for dimension in dimensions:
        total = (total[:, None] + dimension.offsets[None, :]).reshape(-1)
    return total


def _at(dimensions: list[_Dimension], place: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for dimension in reversed(dimensions):
        place, own = divmod(place, len(dimension.offsets))
        found.update({name: int(values[own]) for name, values in dimension.values.items()})
    return found


def _integers(values: Sequence[int]) -> Array:
    fits = all(-(2**63) < value < 2**63 for value in values)
    return np.array(values, dtype=np.int64 if fits else object)


def _taken(axis: Axis, places: range) -> Sequence[Any]:
    return axis.values[places.start : places.stop]


def _step(axis: Axis) -> int:
    """Return the greatest number of which all differences between an axis's values are multiples."""
    if isinstance(axis.values, range):
        return axis.values.step
    return math.gcd(*(value - axis.values[0] for value in axis.values))


def _even(axis: Axis) -> bool:
    """Whether the first value is the lowest, so that all others lie some steps above it."""
    return axis.values[0] == min(axis.values)


def _place(axis: Axis, value: int) -> int:
    return (value - axis.values[0]) // _step(axis)


def separate(
    polys: Sequence[Num], conditions: Sequence[Condition], names: Sequence[str], shared: Sequence[str] = ()
) -> list[frozenset[str]]:
    """Return the groups of letters that never meet in one term, or one condition, of any of the polynomials.

    Letters that are `shared` are taken for numbers.
    """
    groups = [frozenset([name]) for name in names if name not in shared]
    terms = {letters_of(Poly({monomial: 1})) for poly in polys if isinstance(poly, Poly) for monomial in poly.terms if monomial}
    terms |= {letters_of(a) | letters_of(b) for _, a, b in conditions}
    for term in terms:
        touched = [group for group in groups if group & term]
        if len(touched) > 1:
            groups = [group for group in groups if group not in touched] + [frozenset().union(*touched)]
    return groups
