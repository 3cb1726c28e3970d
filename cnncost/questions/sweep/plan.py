"""Plans: how the candidates of one structure are evaluated, and whether a quick way is believed.

Nothing quicker than tracing one candidate after the other is taken for granted. A count of layers is a letter only where the
model asks nothing of it, and closed forms and counts are taken only after they reproduced candidates that were traced by
themselves, with every value of a short axis among them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cnncost.base.errors import CnncostError, CostError, ModelError
from cnncost.base.ints import Ints
from cnncost.base.poly import Num, Poly, assumptions, symbol
from cnncost.base.record import dataclass
from cnncost.graph.usercode import CodeError
from cnncost.questions.sweep.asked import Asked
from cnncost.questions.sweep.chunk import ALONE, Method
from cnncost.questions.sweep.costs import Costs
from cnncost.questions.sweep.forms import Condition, fits, form, letters_of, met, open_conditions
from cnncost.questions.sweep.space import Axis

WORTH_A_FORM = 2**13  # candidates of one structure from which tracing on letters pays
SAMPLES = 24  # candidates traced one at a time before a closed form or a depth is believed
SAMPLED_LAYERS = 100_000  # and at most so many layers of them, some half a second
TRIES = 6  # candidates, beside the first and the last, at which a model is asked what it makes of a letter
LOOKED_AT = 10**6  # values of an axis for which a condition is worked out at once
NOT_SAID = {"": 0}  # in place of figures: a closed form says nothing of this candidate

FAILURES = (CnncostError, TypeError, ValueError, AttributeError, ArithmeticError, LookupError, RecursionError)


@dataclass(frozen=True)
class Plan:
    """How the candidates of one structure are evaluated."""

    depths: tuple[Axis, ...]  # counts of layers that are letters or columns like sizes
    forms: Mapping[str, Num] | None = None  # per figure, in the names of the axes; None: arrays
    conditions: tuple[tuple[str | None, Condition], ...] = ()  # with the depth axis past whose first value each one holds
    plain: tuple[bool, bool] = (False, False)  # whether int64 suffices: for the forms, for the conditions

    @property
    def exceptions(self) -> tuple[tuple[str | None, Condition], ...]:
        """The conditions without which a candidate is another network, rather than none."""
        return tuple(one for one in self.conditions if one[1][0] == "!=")


def as_column(costs: Costs, axis: Axis) -> Axis:
    """Return an axis of whole numbers as a column where the model takes a letter for it: then it counts no layers."""
    if axis.role != "structure" or not axis.whole or axis.ends[0] < 1:
        return axis
    for values in _tries(costs):
        try:
            with assumptions():
                costs.traced({**values, axis.name: symbol(axis.name)})
        except ModelError as error:
            if not _refused(error):
                return axis
            continue  # a rule refuses these values, whatever the axis is
        except FAILURES:  # from the model's own code, which was given a letter
            return axis
        return replace(axis, role="column")
    return axis


def _tries(costs: Costs) -> Iterator[dict[str, Any]]:
    """Iterate over a few candidates, of which some may be impossible to build: the first, the last, and others."""
    axes = costs.space.axes
    rng = random.Random(1)
    yield {axis.name: axis.values[0] for axis in axes}
    yield {axis.name: axis.values[-1] for axis in axes}
    for _ in range(TRIES):
        yield {axis.name: axis.values[rng.randrange(len(axis.values))] for axis in axes}


class Planner:
    """The plans of a space's structures. `axes` are in the order in which candidates are evaluated, the last one fastest.

    Axes along which each value needs a graph of its own (`fixed`) stand outermost, counts of layers (`counts`) innermost.
    """

    def __init__(self, costs: Costs, method: Method = "auto") -> None:
        self.costs = costs
        self.method = method
        self.plans: dict[Any, Plan] = {}
        axes = costs.space.axes if method in ALONE else tuple(as_column(costs, axis) for axis in costs.space.axes)
        structures = [axis for axis in axes if axis.role == "structure"]
        self.sizes = tuple(axis for axis in axes if axis.role != "structure")
        self.counts: tuple[Axis, ...] = ()
        self.fixed = tuple(structures)
        if method not in ALONE:
            self.counts = self._counts(structures)
            self.fixed = tuple(axis for axis in structures if axis not in self.counts)
        self.axes = (*self.fixed, *self.sizes, *self.counts)

    def plan(self, fixed: Mapping[str, Any]) -> Plan:
        """Return how candidates of one structure are evaluated."""
        key = tuple(fixed.values())
        if key not in self.plans:
            depths = self.counts
            if depths and fixed and not self._sampled(Plan(depths), dict(fixed)):
                depths = ()
            self.plans[key] = self._closed(dict(fixed), depths) or Plan(depths)
        return self.plans[key]

    def largest(self, depths: Sequence[Axis]) -> dict[str, int]:
        """Return the largest value that each letter takes: of a depth, its steps."""
        return {
            **{axis.name: axis.ends[1] for axis in self.sizes if axis.whole},
            **{axis.name: axis.steps(axis.ends[1]) for axis in depths},
        }

    # ── which axes are counts of layers ──────────────────────────────────────────────────────────────────────────────

    def _counts(self, structures: Sequence[Axis]) -> tuple[Axis, ...]:
        first = {axis.name: axis.values[0] for axis in structures}
        counts = tuple(axis for axis in structures if axis.whole and len(axis.values) > 1 and axis.rising and self._loops(axis))
        while counts and not self._sampled(Plan(counts), first):
            alone = [axis for axis in counts if self._sampled(Plan((axis,)), first)]
            counts = tuple(alone) if len(alone) < len(counts) else ()
        return counts

    def _loops(self, axis: Axis) -> bool:
        """Whether a model only counts with a setting, or gives the same steps for each of its few values."""
        for values in _tries(self.costs):
            asked: list[str] = []
            try:
                for value in axis.values[:2]:
                    self.costs.traced({**values, axis.name: Asked(value, asked)})
            except CodeError:
                return False
            except CnncostError:
                if not asked:
                    continue
            except FAILURES:
                return False
            return not asked or self._even(axis, values)
        return True

    def _even(self, axis: Axis, values: Mapping[str, Any]) -> bool:
        """Whether each step of an axis of few values costs the same."""
        if len(axis.values) > 2 * SAMPLES:
            return False
        plan = Plan((axis,))
        layers = 0
        for value in axis.values:
            own = {**values, axis.name: value}
            try:
                direct, count = self.costs.traced(own)
            except CnncostError:
                return False
            layers += count
            if layers > SAMPLED_LAYERS or self._single(plan, own) != direct:
                return False
        return True

    # ── belief ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _sampled(self, plan: Plan, fixed: dict[str, Any]) -> bool:
        """Whether a plan gives what candidates traced one at a time give."""
        others = {axis.name: axis.values[0] for axis in self.costs.space.axes if axis not in self.sizes}
        layers = valid = 0
        rng = random.Random(0)
        wanted = SAMPLES + sum(min(len(axis.values), SAMPLES) for axis in plan.depths)
        spread = {axis.name: _Spread(axis.values, rng) for axis in (*self.sizes, *plan.depths)}
        for number in range(10 * wanted):
            if number >= wanted and valid >= SAMPLES // 2:  # candidates that cannot be built say little
                break
            values = {**others, **fixed, **{axis.name: spread[axis.name].next() for axis in self.sizes}}
            for place, axis in enumerate(plan.depths):
                late = number < SAMPLES or number % len(plan.depths) == place  # in pairs and more, then each by itself
                values[axis.name] = spread[axis.name].next() if late else axis.values[0]
            if number == 0:
                values.update({axis.name: axis.values[-1] for axis in plan.depths})
            if number == 1:
                values.update({axis.name: axis.values[1] for axis in plan.depths})
            single = self._single(plan, values)
            if single is NOT_SAID:
                continue
            direct: dict[str, Num] | None
            try:
                direct, count = self.costs.traced(values)
            except CnncostError:
                direct, count = None, 100
            if single != direct:
                return False
            layers += count
            valid += direct is not None
            if layers > SAMPLED_LAYERS and number > 3:
                break
        return True

    def _single(self, plan: Plan, values: dict[str, Any]) -> dict[str, Num] | None:
        """Return the figures of one candidate by a plan, None where it cannot be built, NOT_SAID of another network."""
        if plan.forms is not None:
            numbers = {n: np.array([v], dtype=object) for n, v in self._letters(plan, values).items()}
            broken = {
                condition[0]
                for guard, condition in plan.conditions
                if (guard is None or numbers[guard][0]) and not np.all(met(condition, dict(numbers)))
            }
            if broken:
                return NOT_SAID if "!=" in broken else None
            found = {figure: form(poly, ())(dict(numbers)) for figure, poly in plan.forms.items()}
            return {figure: int(np.asarray(value).reshape(-1)[0]) for figure, value in found.items()}
        lowest = {**values, **{axis.name: axis.values[0] for axis in plan.depths}}
        base = self.costs.exact(lowest)
        if isinstance(base, str):
            return None
        result = dict(base)
        for axis in plan.depths:
            steps = axis.steps(values[axis.name])
            if steps:
                raised = self.costs.exact({**lowest, axis.name: axis.values[0] + axis.step})
                if isinstance(raised, str):
                    return None
                for figure in self.costs.figures:
                    result[figure] += steps * (raised[figure] - base[figure])
        return dict(result)

    def _letters(self, plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what stands for each letter: the value of a size, the steps of a depth."""
        return {
            **{axis.name: values[axis.name] for axis in self.sizes},
            **{axis.name: axis.steps(values[axis.name]) for axis in plan.depths},
        }

    # ── closed forms ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _closed(self, fixed: dict[str, Any], depths: tuple[Axis, ...]) -> Plan | None:
        """Return the plan of polynomials where letters go through the model, enough candidates share them and samples agree."""
        shared = math.prod(len(axis.values) for axis in (*self.sizes, *depths))
        if self.method not in ("auto", "stage tables", "closed form") or (self.method == "auto" and shared < WORTH_A_FORM):
            return None
        if any(not axis.whole or axis.ends[0] < 1 for axis in self.sizes):
            return None
        if any(axis.name not in fixed and axis not in depths for axis in (*self.fixed, *self.counts)):
            return None
        letters = {axis.name: symbol(axis.name) for axis in self.sizes}
        lowest = {**fixed, **letters, **{axis.name: axis.values[0] for axis in depths}}
        try:
            with assumptions() as taken:
                figures = dict(self.costs.traced(lowest)[0])
            base = dict(figures)
            conditions: list[tuple[str | None, Condition]] = [(None, one) for one in open_conditions(taken)]
            known = set(taken)
            for axis in depths:
                with assumptions() as taken:
                    raised = self.costs.traced({**lowest, axis.name: axis.values[0] + axis.step})[0]
                conditions += [(axis.name, one) for one in open_conditions(one for one in taken if one not in known)]
                for figure in self.costs.figures:
                    figures[figure] = figures[figure] + (raised[figure] - base[figure]) * symbol(axis.name)
        except FAILURES:
            return None
        conditions = [one for one in conditions if not self._kept(one[1])]
        largest = self.largest(depths)
        asked = [part for _, (_, a, b) in conditions for part in (a, b, a - b)]
        plan = Plan(depths, figures, tuple(conditions), (fits(figures.values(), largest), fits(asked, largest)))
        return plan if self._sampled(plan, fixed) else None

    def _kept(self, condition: Condition) -> bool:
        """Whether two numbers that must differ do so for every value of the one axis that they depend on."""
        involved = letters_of(condition[1]) | letters_of(condition[2])
        axes = [axis for axis in self.sizes if axis.name in involved]
        if condition[0] != "!=" or len(axes) != 1 or len(axes[0].values) > LOOKED_AT:
            return False
        column = Ints(np.array(axes[0].values, dtype=np.int64))
        return bool(np.all(met(condition, {axes[0].name: column})))


def _refused(error: BaseException | None) -> bool:
    """Whether an error goes back to a rule that cannot be applied."""
    return error is not None and (isinstance(error, CostError) or _refused(error.__cause__))


class _Spread:
    """Values of an axis in random order, none a second time before all were taken: a short axis is seen whole."""

    def __init__(self, values: Sequence[Any], rng: random.Random) -> None:
        self.values = values
        self.rng = rng
        self.left: list[int] = []

    def next(self) -> Any:
        """Return the next value."""
        if len(self.values) > 4 * SAMPLES:
            return self.values[self.rng.randrange(len(self.values))]
        if not self.left:
            self.left = self.rng.sample(range(len(self.values)), len(self.values))
        return self.values[self.left.pop()]


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
