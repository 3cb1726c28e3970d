"""Which sweeps are questions about sums over separate stages, and their answers from the stages' tables."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import combinations, product
from typing import Any

import numpy as np

from cnncost.base.ints import INT64_MAX
from cnncost.base.poly import Num, Poly
from cnncost.questions.sweep.chunk import ALIASES, Reason, joined, reason_key
from cnncost.questions.sweep.evaluate import Evaluator
from cnncost.questions.sweep.forms import bound, form, letters_of, met
from cnncost.questions.sweep.plan import Plan, separate
from cnncost.questions.sweep.product import LARGEST_HALF, Stage, best, count, pareto, parted
from cnncost.questions.sweep.query import Partial, Task
from cnncost.questions.sweep.space import Axis
from cnncost.questions.sweep.where import upper_bounds

WORTH_TABLES = 2 * 10**6  # candidates from which tables may be quicker than visiting each
VISIT = 2e-8  # seconds that a visited candidate takes
SUM = 5e-7  # seconds that a sum of a half takes
SETTING = 2e-3  # seconds that each value of the shared settings takes
PATIENCE = 3600.0  # seconds past which tables are no answer either
MEASURED = 0.4  # seconds after which the rest is forecast
MOST_SHARED = 12  # axes among which the shared ones are looked for


def by_stages(
    task: Task, progress: Callable[[int, int], None] | None = None, remaining: Callable[[float], None] | None = None
) -> Partial | None:
    """Return the answer by stage tables; None where stages are not separate or visiting each candidate is quicker.

    Interrupted, it is the answer for those candidates that are done.
    """
    space = task.space
    if not isinstance(task.evaluator, Evaluator):
        return None
    bounds = upper_bounds(task.where, (*task.figures, *ALIASES))
    forced = task.query.method == "stage tables"
    if task.query.method not in ("auto", "stage tables") or bounds is None or (space.size < WORTH_TABLES and not forced):
        return None
    limits: dict[str, int] = {}
    for name, limit in bounds.items():
        figure = ALIASES.get(name, name)
        limits[figure] = min(limit, limits.get(figure, limit))
    if len(limits) > 2 or task.query.every or not (task.objectives or task.sort):
        return None
    if task.objectives and (len(task.objectives) != 2 or any((figure, 1) not in task.objectives for figure in limits)):
        return None
    if task.sort and not task.objectives and len(set(limits) - {task.sort[0]}) > 1:
        return None
    plans = []
    planner = task.evaluator.planner
    for values in product(*(axis.values for axis in planner.fixed)):
        fixed = {axis.name: value for axis, value in zip(planner.fixed, values, strict=True)}
        plan = planner.plan(fixed)
        if plan.forms is None or len(plan.depths) < len(planner.counts) or plan.exceptions:
            return None
        layout = _Layout(task, plan, limits)
        if layout.shared is None:
            return None
        plans.append(layout)
        if len(plans) > 64:
            return None
    total, begun = Partial(), time.perf_counter()
    strides = [range(0, len(axis.values) * space.strides[axis.name], space.strides[axis.name]) for axis in planner.fixed]
    with suppress(KeyboardInterrupt):
        for starts, layout in zip(product(*strides), plans, strict=True):
            for found in layout.answers(sum(starts)):
                total = task.merged(total, found)
                passed = time.perf_counter() - begun
                if remaining is not None and passed > MEASURED:
                    remaining(passed * (space.size - total.candidates) / total.candidates)
                    remaining = None
                if progress is not None:
                    progress(total.candidates, space.size)
    return total


class _Layout:
    """How the axes of one structure fall apart: those that stages share, whose values are taken in turn, and the stages."""

    def __init__(self, task: Task, plan: Plan, limits: dict[str, int]) -> None:
        self.task = task
        self.plan = plan
        self.limits = limits
        assert isinstance(task.evaluator, Evaluator)
        planner = task.evaluator.planner
        self.axes = [axis for axis in planner.axes if axis not in planner.fixed]
        self.strides = task.space.strides
        assert plan.forms is not None
        self.forms: dict[str, Num] = dict(plan.forms)
        self.shared: tuple[str, ...] | None = None
        self.groups: list[list[Axis]] = []
        largest = planner.largest(plan.depths)
        polys = [*self.forms.values(), *(part for _, (_, a, b) in plan.conditions for part in (a, b))]
        if max(bound(poly, largest) for poly in polys) > INT64_MAX // 4:
            return
        self._choose()

    def _choose(self) -> None:
        sizes = {axis.name: len(axis.values) for axis in self.axes}
        names = list(sizes)
        if len(names) > MOST_SHARED:
            return
        quickest = math.prod(sizes.values()) * VISIT
        if self.task.query.method == "stage tables":
            quickest = PATIENCE
        quickest = min(quickest, PATIENCE)
        for number in range(len(names)):
            for shared in combinations(names, number):
                if math.prod(sizes[name] for name in shared) * SETTING > quickest:
                    continue
                groups = self._parts(shared)
                counts = [math.prod(sizes[name] for name in group) for group in groups]
                few, many = parted(counts)
                halves = [math.prod(counts[i] for i in half) for half in (few, many)]
                if halves[0] > LARGEST_HALF or halves[1] > 64 * LARGEST_HALF or len(groups) < 2:
                    continue
                cost = math.prod(sizes[name] for name in shared) * (SETTING + SUM * sum(halves))
                if cost < quickest:
                    quickest, self.shared = cost, shared
                    self.groups = [[axis for axis in self.axes if axis.name in group] for group in groups]

    def _parts(self, shared: Sequence[str]) -> list[frozenset[str]]:
        """Return the groups of axes that meet in no term and no condition once the shared ones are numbers."""
        names = [axis.name for axis in self.axes if axis.name not in shared]
        conditions = [condition for _, condition in self.plan.conditions]
        guards = [(letters_of(a) | letters_of(b) | {guard}) for guard, (_, a, b) in self.plan.conditions if guard]
        groups = separate(list(self.forms.values()), conditions, [axis.name for axis in self.axes], shared)
        for term in guards:
            touched = [group for group in groups if group & term]
            if len(touched) > 1:
                groups = [group for group in groups if group not in touched] + [frozenset().union(*touched)]
        return [group for group in groups if group & set(names)]

    def answers(self, start: int) -> Iterator[Partial]:
        """Iterate over the answers for the values of the shared axes; `start` is the structure's first candidate."""
        assert self.shared is not None
        shared = [axis for axis in self.axes if axis.name in self.shared]
        for places in product(*(range(len(axis.values)) for axis in shared)):
            letters = {axis.name: np.array(self._letter(axis)[place]) for axis, place in zip(shared, places, strict=True)}
            yield self._answer(start + sum(self.strides[a.name] * p for a, p in zip(shared, places, strict=True)), letters)

    def _letter(self, axis: Axis) -> Any:
        column = np.array(axis.values, dtype=np.int64)
        return axis.steps(column) if axis in self.plan.depths else column

    def _answer(self, start: int, shared: dict[str, Any]) -> Partial:
        task, plan = self.task, self.plan
        size = math.prod(len(axis.values) for group in self.groups for axis in group)
        answer = Partial(candidates=size, methods=Counter({"stage tables": size}))
        own = [frozenset(axis.name for axis in group) for group in self.groups]
        tables: list[Stage] = []
        valid = 1
        for at, group in enumerate([[], *self.groups]):
            names = own[at - 1] if at else frozenset()
            values: dict[Any, Any] = dict(shared)
            for place, axis in enumerate(group):
                values[axis.name] = self._letter(axis).reshape([-1 if i == place else 1 for i in range(len(group))])
            shape = tuple(len(axis.values) for axis in group)
            marks: Any = np.zeros(shape, dtype=np.int64)
            for place, axis in enumerate(group):
                steps = np.arange(len(axis.values), dtype=np.int64) * self.strides[axis.name]
                marks = marks + steps.reshape([-1 if i == place else 1 for i in range(len(group))])
            marks = marks.reshape(-1)
            alive = np.ones(shape, dtype=bool)
            after = math.prod(math.prod(len(axis.values) for axis in later) for later in self.groups[at:])
            for guard, condition in plan.conditions:
                involved = (letters_of(condition[1]) | letters_of(condition[2]) | ({guard} if guard else set())) - set(shared)
                if involved & names if at else not involved:
                    holds = np.asarray(met(condition, values))
                    if guard is not None:
                        holds = holds | (values[guard] == 0)
                    broken = alive & ~np.broadcast_to(holds, shape)
                    if broken.any():
                        first = start + int(marks[np.flatnonzero(broken)[0]])
                        found = task.evaluator.costs.exact(task.space.values(first))
                        message = found if isinstance(found, str) else "a setting does not fit"
                        number = int(broken.sum()) * valid * after
                        answer.reasons = joined(answer.reasons, {reason_key(message): Reason(number, first, message)})
                    alive &= holds
            figures = np.stack([self._share(figure, names, values, shape) for figure in task.figures], axis=1)
            kept = alive.reshape(-1)
            tables.append(Stage(figures[kept], marks[kept]))
            valid *= int(kept.sum())
            if not valid:
                return answer
        answer.valid = valid
        constant, *stages = tables
        stages[0] = Stage(stages[0].figures + constant.figures, stages[0].marks + start)
        budgets = [self.limits.get(figure) for figure in task.figures]
        answer.matching = count(stages, budgets)
        if not answer.matching:
            return answer
        if task.objectives:
            figures, marks = pareto(
                stages, [task.figures.index(f) for f, _ in task.objectives], [sign for _, sign in task.objectives]
            )
            within = np.ones(len(marks), dtype=bool)
            for figure, limit in self.limits.items():
                within &= figures[:, task.figures.index(figure)] <= limit
            figures, marks = figures[within], marks[within]
        else:
            assert task.sort is not None
            figure, sign = task.sort
            figures, marks = best(stages, budgets, task.figures.index(figure), task.query.top or 20, largest=sign < 0)
        answer.rows = {"index": marks, **{figure: figures[:, at] for at, figure in enumerate(task.figures)}}
        return answer

    def _share(self, figure: str, names: frozenset[str], values: dict[Any, Any], shape: tuple[int, ...]) -> Any:
        """Return a stage's share of a figure: the terms in which its letters occur; of no stage, those without any."""
        poly = self.forms[figure]
        terms = dict(poly.terms) if isinstance(poly, Poly) else {(): poly}
        shared = set(self.shared or ())
        share = {
            m: c
            for m, c in terms.items()
            if ((letters_of(Poly({m: 1})) - shared) & names if names else not letters_of(Poly({m: 1})) - shared)
        }
        if not share:
            return np.zeros(math.prod(shape), dtype=np.int64)
        part: Num = share[()] if set(share) == {()} else Poly(share)
        value = form(part, list(values))(values)
        return np.broadcast_to(np.asarray(value, dtype=np.int64), shape).reshape(-1)
