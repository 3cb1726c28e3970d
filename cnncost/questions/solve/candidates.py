"""The values that an unknown can take, and what each of them costs: traced once, as numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from itertools import pairwise
from typing import Any

from cnncost.base.errors import ModelError, UsageError
from cnncost.base.poly import Num
from cnncost.base.record import dataclass
from cnncost.base.units import whole_number
from cnncost.models.instance import Instance
from cnncost.models.model import Model
from cnncost.questions.formula import is_block, natural_letters
from cnncost.questions.solve.target import RELATIONS, Target

REACH = 512  # values in a row that may be impossible before a search takes it that none is left
HORIZON = 10**18  # the largest multiple of a step that a search tries
LARGE = 20_000  # layers: a search grows a network no further than about twice this
AROUND = 4  # candidates on either side at which a search looks whether the cost changes steadily
MOST_LISTED = 2_000  # values of --among
STEP = Fraction(1, 100)  # of settings that are no whole numbers


def shares(mine: Model, theirs: Model, unknown: str) -> bool:
    """Whether the unknown of one model is the other's, too: blocks share their letters, networks share nothing."""
    shared = unknown not in mine.declared or unknown in natural_letters(theirs)
    return is_block(mine) and is_block(theirs) and shared


@dataclass(frozen=True, slots=True)
class Values:
    """Candidates numbered from 1: multiples of a step, or those of a list."""

    step: Fraction = Fraction(1)
    listed: tuple[Any, ...] | None = None
    fractional: bool = False

    @property
    def end(self) -> int:
        """The number of the last one that is tried."""
        return HORIZON if self.listed is None else len(self.listed)

    def __getitem__(self, number: int) -> Any:
        if self.listed is not None:
            return self.listed[number - 1]
        value = self.step * number
        return float(value) if self.fractional else int(value)


def values_of(case: Instance, unknown: str, among: Sequence[str] = (), step: str | None = None) -> Values:
    """Return what a setting, an entry of one, `size`, `H`, `W` or `batch` can be: the choices of its type, or numbers."""
    setting = case.setting(unknown)
    if among:
        if step is not None:
            raise UsageError("--among and --step both say which values there are", "give one of them")
        if len(among) > MOST_LISTED:
            raise UsageError(
                f"--among lists {len(among):,} values, and each is traced: the most is {MOST_LISTED:,}",
                "leave it out where any whole number will do, or see: cnncost sweep --help",
            )
        return Values(listed=tuple(setting.read(text) for text in among))
    if setting.values():
        return Values(listed=setting.values())
    if not setting.number:
        base, now = unknown.partition(".")[0], setting.default
        remedy = f"name an entry, as in {base}.0" if isinstance(now, tuple) and now else "name its values: --among A,B,…"
        raise UsageError(f"{case.model.name}: '{unknown}' is no single number", remedy)
    if setting.kind == "real":
        return Values(_step(step, fractional=True) if step else STEP, fractional=True)
    return Values(_step(step, fractional=False) if step else Fraction(1))


def _step(text: str, fractional: bool) -> Fraction:
    if not fractional:
        return Fraction(whole_number(text, "--step"))
    if not re.fullmatch(r"[0-9]{0,9}\.?[0-9]{1,9}", text) or not Fraction(text):
        raise UsageError(f"--step: '{text[:40]}' is no number above 0", "write digits, as in 0.05")
    return Fraction(text)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One value of the unknown, with its costs and what the targets ask, in the order of the targets."""

    value: Any
    costs: tuple[int, ...]
    goals: tuple[int, ...]

    def error(self, index: int) -> Fraction | None:
        """Return how far a cost is from its target, as a share of the target."""
        return Fraction(self.costs[index], self.goals[index]) - 1 if self.goals[index] else None


@dataclass(slots=True)
class Candidates:
    """The candidates' costs, each traced once; those that cannot be built are kept with the reason."""

    case: Instance
    unknown: str
    values: Values
    targets: Sequence[Target]
    counting: Mapping[str, Any]
    costs: dict[int, tuple[Num, ...] | None] = field(default_factory=dict)
    goals: dict[int, tuple[Num, ...]] = field(default_factory=dict)
    impossible: dict[Any, ModelError] = field(default_factory=dict)
    layers: int = 0  # of the largest network so far
    notes: tuple[str, ...] = ()  # of the first network that was traced
    every: bool = False  # whether all there are, or all up to the last one tried, were traced

    def at(self, number: int) -> tuple[Num, ...] | None:
        """Return the cost of a candidate for each target, or None where it cannot be built."""
        if number not in self.costs:
            value = self.values[number]
            try:
                self.costs[number] = self._costs(self.case.put(self.unknown, value), self.targets)
                self.goals[number] = tuple(self._goal(target, value) for target in self.targets)
            except ModelError as error:
                self.costs[number] = None
                self.impossible[value] = error
        return self.costs[number]

    def _costs(self, case: Instance, targets: Sequence[Target]) -> tuple[Num, ...]:
        graph = case.trace()
        self.notes = self.notes or graph.notes
        self.layers = max(self.layers, len(graph.nodes))
        from cnncost.measures.report import report

        found = report(graph, batch=case.batch, **self.counting)
        return tuple(found.total[target.quantity.key] for target in targets)

    def _goal(self, target: Target, value: Any) -> Num:
        if target.other is None:
            return target.value
        other = target.other.case
        if shares(self.case.model, other.model, self.unknown):
            other = other.put(self.unknown, value)
        return self._costs(other, [target])[0]

    def up(self, number: int, end: int | None = None) -> int | None:
        """Return the first candidate from `number` on (before `end`) that can be built."""
        stop = min(number + REACH, self.values.end + 1, self.values.end + 1 if end is None else end)
        return next((n for n in range(max(number, 1), stop) if self.at(n) is not None), None)

    def down(self, number: int) -> int | None:
        """Return the last candidate up to `number` that can be built."""
        start = min(number, self.values.end)
        return next((n for n in range(start, max(start - REACH, 0), -1) if self.at(n) is not None), None)

    def candidate(self, number: int) -> Candidate:
        """Return a candidate that can be built, as a record."""
        costs = self.at(number)
        assert costs is not None
        return Candidate(self.values[number], costs, self.goals[number])

    def within(self, number: int) -> bool:
        """Whether a candidate keeps all limits."""
        found = self.candidate(number)
        return all(RELATIONS[t.relation](c, v) for t, c, v in zip(self.targets, found.costs, found.goals, strict=True))

    def beside(self, points: Iterable[int]) -> set[int]:
        """Return the candidates at or before each point and after it."""
        return {n for point in points for n in (self.down(point), self.up(point + 1)) if n is not None}

    def under(self, number: int, index: int) -> bool:
        """Whether a candidate lies on the lower side of target number `index`: what costs as much lies there for <= and >."""
        costs = self.at(number)
        assert costs is not None
        cost, goal = costs[index], self.goals[number][index]
        return bool(cost < goal if self.targets[index].relation in ("<", ">=") else cost <= goal)

    def steady(self, points: Iterable[int]) -> bool:
        """Whether the costs around some candidates all rise, or all fall, from one value to the next."""
        for point in points:
            known = [self.at(n) for n in range(max(1, point - AROUND), min(point + AROUND, self.values.end) + 1)]
            costs = [cost for cost in known if cost is not None]
            for index in range(len(self.targets)):
                steps = [after[index] - before[index] for before, after in pairwise(costs)]
                if min(steps, default=0) < 0 < max(steps, default=0):
                    return False
        return True

    def past(self, number: int) -> bool:
        """Whether all candidates from half of a number up to it cost more than every target."""
        known = [(self.at(n), self.goals.get(n)) for n in range(number // 2 + 1, number + 1)]
        costs = [(cost, goal) for cost, goal in known if cost is not None and goal is not None]
        return bool(costs) and all(c > g for cost, goal in costs for c, g in zip(cost, goal, strict=True))

    def differs(self, index: int, cost: Callable[[Any], Num | None], points: Iterable[int]) -> bool:
        """Whether cost − target, traced as numbers, is another than a function of the value says at one of some candidates."""
        for number in points:
            said = cost(self.values[number]) if 1 <= number <= self.values.end else None
            costs = self.at(number) if said is not None else None
            if costs is not None and costs[index] - self.goals[number][index] != said:
                return True
        return False

    def crossings(self, index: int) -> list[int]:
        """Return the candidates after which the cost passes what a target says, upwards or downwards."""
        points = [first] if (first := self.up(1)) is not None else []
        while points and (following := self.farther(points[-1])) is not None:
            points.append(following)
            costs = [self.at(n) for n in points[-2:]]
            growing = costs[0] is not None and costs[1] is not None and costs[1][index] > costs[0][index]
            if growing and not any(self.under(n, index) for n in points[-2:]):
                break  # past it, and growing
        return [
            self._bisect(low, high, index)
            for low, high in pairwise(points)
            if self.under(low, index) != self.under(high, index)
        ]

    def farther(self, number: int) -> int | None:
        """Return a candidate about twice as far, or the last one there is; None where a search should go no further."""
        if number >= self.values.end or self.layers >= LARGE:
            return None
        following = self.up(2 * number) or self.down(2 * number - 1)
        return following if following is not None and following > number else None

    def _bisect(self, low: int, high: int, index: int) -> int:
        side = self.under(low, index)
        while high - low > 1:
            middle = (low + high) // 2
            tried = self.up(middle, high) or self.down(middle)
            if tried is None or tried <= low:
                break
            if self.under(tried, index) == side:
                low = tried
            else:
                high = tried
        return low
