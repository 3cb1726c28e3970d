"""Solving: the value of one setting at which a network costs what it should.

Where the cost is a polynomial in the setting, its roots say where to look; elsewhere (depths, sizes under floors, widths that
are rounded) a search does, which takes the cost to change steadily between the points it tries. Either way the candidates
themselves are traced as numbers, so that what is reported is exact.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from cnncost.base.errors import AlgebraError, ModelError, UsageError, did_you_mean
from cnncost.base.poly import PYTHON, TEXT, Num, Poly, coefficients, common_factor, positive_roots, symbols, written
from cnncost.base.units import parse_quantity, whole_number
from cnncost.graph.graph import Graph
from cnncost.models.load import load
from cnncost.models.model import Model
from cnncost.questions.formula import AXES, Case, is_block, natural_letters, takes_numbers

if TYPE_CHECKING:
    from cnncost.measures.memory import Memory
    from cnncost.measures.report import Report
    from cnncost.show.table import Table

REACH = 512  # values in a row that may be impossible before a search takes it that none is left
HORIZON = 10**18  # the largest multiple of a step that a search tries
LARGE = 100_000  # layers: a search grows a network no further than about twice this
STEP = Fraction(1, 100)  # of settings that are no whole numbers
SHOWN = 32  # listed values up to which all are shown

Approach = Literal["nearest", "below", "above"]


def _memory(graph: Graph, report: Report, optimizer: str = "sgd") -> Memory:
    from cnncost.measures.memory import memory

    return memory(graph, batch=report.batch, optimizer=optimizer, precision=report.dtype)


def _training(graph: Graph, report: Report, optimizer: str = "sgd") -> Num:
    return _memory(graph, report, optimizer).training_bytes


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure that a target can name."""

    key: str
    title: str
    unit: Literal["count", "bytes"]
    of: Callable[[Graph, Report], Num]


QUANTITIES = {
    quantity.key: quantity
    for quantity in (
        Quantity("flops", "FLOPs", "count", lambda graph, report: report.total["flops"]),
        Quantity("macs", "MACs", "count", lambda graph, report: report.total["macs"]),
        Quantity("params", "params", "count", lambda graph, report: report.total["params"]),
        Quantity("memory", "memory", "bytes", lambda graph, report: report.total["activation_bytes"]),
        Quantity("param_bytes", "param memory", "bytes", lambda graph, report: report.total["param_bytes"]),
        Quantity("peak", "peak memory", "bytes", lambda graph, report: _memory(graph, report).peak_bytes),
        Quantity("kept", "kept memory", "bytes", lambda graph, report: _memory(graph, report).kept_bytes),
        Quantity("training", "training memory", "bytes", _training),
        *(
            Quantity(f"training_{name}", f"training memory, {name}", "bytes", partial(_training, optimizer=name))
            for name in ("momentum", "adam")
        ),
    )
}
RELATIONS: dict[str, Callable[[Num, Num], bool]] = {
    "<=": lambda cost, value: cost <= value,
    ">=": lambda cost, value: cost >= value,
    "<": lambda cost, value: cost < value,
    ">": lambda cost, value: cost > value,
    "=": lambda cost, value: True,  # to be met as well as can be
}


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an equation: a model under its numbers, and the letters in which its equation is written."""

    case: Case
    letters: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()  # those of the letters whose numbers the user chose

    def number(self, letter: str) -> int:
        """Return what a letter stands for."""
        case = self.case
        value: int = case.model.values[letter] if letter in case.model.parameters else case.input[AXES.index(letter)]
        return value

    def with_letters(self) -> Case:
        """Return the case with its letters in place of their numbers."""
        case = self.case
        for letter in self.letters:
            case = case.put(letter, symbols(letter)[0])
        return case


@dataclass(frozen=True, slots=True)
class Target:
    """What a quantity should be: a number, or what another model has of it."""

    quantity: Quantity
    relation: str
    value: int = 0
    other: Side | None = None
    text: str = ""  # of the amount, as it was given: 4.1G

    @property
    def name(self) -> str:
        """How people say it: flops<=4.1G; the FLOPs of bottleneck."""
        if self.other is not None:
            return f"the {self.quantity.title} of {self.other.case.model.name}"
        return f"{self.quantity.key}{self.relation}{self.amount}"

    @property
    def amount(self) -> str:
        """What the quantity is compared with."""
        return self.other.case.model.name if self.other is not None else self.text or f"{self.value:,}"


def target(text: str) -> Target:
    """Return the target of `flops=4.1G`, `params<=26M`, `memory<=20MB`. Raises UsageError for anything else."""
    match = re.fullmatch(r"\s*([A-Za-z_]+)\s*(<=|>=|=|<|>)\s*(.+)", text)
    if match is None:
        raise UsageError(f"--target '{text}' names no amount", "write flops=4.1G, params<=26M or memory<=20MB")
    name, relation, right = match.groups()
    quantity = _quantity(name, "--target")
    value = parse_quantity(right, quantity.unit, f"--target {text}: ")
    return Target(quantity, relation, value, text=right.strip())


def _quantity(name: str, option: str) -> Quantity:
    if name.lower() not in QUANTITIES:
        hint = did_you_mean(name, QUANTITIES, f"quantities: {', '.join(QUANTITIES)}")
        raise UsageError(f"{option}: unknown quantity '{name}'", hint)
    return QUANTITIES[name.lower()]


# ── the values that an unknown can take ──────────────────────────────────────────────────────────────────────────────


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


def values_of(model: Model, unknown: str, among: Sequence[str] = (), step: str | None = None) -> Values:
    """Return what a setting, an entry of one, `size`, `H`, `W` or `batch` can be: the choices of its type, or numbers."""
    base, entry, _ = unknown.partition(".")
    kind = model.kinds.get(base, int)
    if among:
        if step is not None:
            raise UsageError("--among and --step both say which values there are", "give one of them")
        return Values(listed=tuple(_value(model, unknown, text.strip()) for text in among))
    options = [option for option in get_args(kind) if option not in (type(None), Ellipsis)]
    if get_origin(kind) is Literal or kind is bool:
        return Values(listed=tuple(options) or (False, True))
    if not takes_numbers(model, unknown):
        now = model.values[base]
        remedy = f"name an entry, as in {base}.0" if isinstance(now, tuple) and now else "name its values: --among A,B,…"
        raise UsageError(f"{model.name}: '{unknown}' is no single number", remedy)
    if kind is float or (entry and options and options[0] is float):
        return Values(_step(step, fractional=True) if step else STEP, fractional=True)
    return Values(_step(step, fractional=False) if step else Fraction(1))


def _step(text: str, fractional: bool) -> Fraction:
    if not fractional:
        return Fraction(whole_number(text, "--step"))
    if not re.fullmatch(r"[0-9]{0,9}\.?[0-9]{1,9}", text) or not Fraction(text):
        raise UsageError(f"--step: '{text[:40]}' is no number above 0", "write digits, as in 0.05")
    return Fraction(text)


def _value(model: Model, unknown: str, text: str) -> Any:
    base, entry, place = unknown.partition(".")
    if base not in model.parameters:
        return whole_number(text, f"--among {unknown}={text}")
    value = model.set([f"{unknown}={text}"]).values[base]
    return value[int(place)] if entry else value


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

    case: Case
    unknown: str
    values: Values
    targets: Sequence[Target]
    counting: Mapping[str, Any]
    costs: dict[int, tuple[Num, ...] | None] = field(default_factory=dict)
    goals: dict[int, tuple[Num, ...]] = field(default_factory=dict)
    impossible: dict[Any, ModelError] = field(default_factory=dict)
    layers: int = 0  # of the largest network so far

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

    def _costs(self, case: Case, targets: Sequence[Target]) -> tuple[Num, ...]:
        graph = case.trace()
        self.layers = max(self.layers, len(graph.nodes))
        from cnncost.measures.report import report

        found = report(graph, batch=case.batch, **self.counting)
        return tuple(target.quantity.of(graph, found) for target in targets)

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
        """Whether a candidate costs no more than target number `index` says."""
        costs = self.at(number)
        assert costs is not None
        return bool(costs[index] <= self.goals[number][index])

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


# ── the equation ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Equation:
    """cost − target = 0 as a polynomial in letters, without common factors; and with numbers for all but the unknown."""

    letter: str
    polynomial: Num
    numbers: Mapping[str, int]  # what the other letters are
    cancelled: Num  # the factor of letters that every term had
    roots: tuple[Fraction, ...]
    turns: tuple[Fraction, ...]  # where the cost turns from rising to falling or back
    difference: Num  # cost − target, as it came

    @property
    def text(self) -> str:
        """The equation in its letters: 9·G·c² + 8·C·G·c − 17·C² = 0."""
        return f"{written(self.polynomial, TEXT, unknown=self.letter)} = 0"

    @property
    def numeric(self) -> str:
        """The equation with numbers for all letters but the unknown."""
        value = self.polynomial.subs(self.numbers) if isinstance(self.polynomial, Poly) else self.polynomial
        return f"{written(value, TEXT, unknown=self.letter)} = 0"


def shares(mine: Model, theirs: Model, unknown: str) -> bool:
    """Whether the unknown of one model is the other's, too: blocks share their letters, networks share nothing."""
    shared = unknown not in mine.parameters or unknown in natural_letters(theirs)
    return is_block(mine) and is_block(theirs) and shared


def equation(side: Side, unknown: str, goal: Target, counting: Mapping[str, Any]) -> Equation | None:
    """Return the equation of a target, or None where the cost is no polynomial in the unknown.

    Both sides of a comparison are traced on their letters, which they share by name, and on the unknown.
    """
    letter = unknown.replace(".", "_")

    def cost(case: Case) -> Num:
        graph = case.trace()
        from cnncost.measures.report import report

        return goal.quantity.of(graph, report(graph, batch=case.batch, **counting))

    try:
        difference = cost(side.with_letters().put(unknown, symbols(letter)[0]))
        if goal.other is None:
            difference = difference - goal.value
        else:
            other = goal.other.with_letters()
            both = shares(side.case.model, other.model, unknown)
            difference = difference - cost(other.put(unknown, symbols(letter)[0]) if both else other)
    except (AlgebraError, ModelError, TypeError, ValueError, RecursionError):  # the last three from the model's own code
        return None
    powers = coefficients(difference, letter)
    if powers is None:
        return None
    if not isinstance(difference, Poly):
        return Equation(letter, difference, {}, 1, (), (), difference)
    number, factor = common_factor(difference)
    negative = written(powers[-1]).startswith("−")  # the highest power of the unknown gets a positive sign
    polynomial = difference // factor // (-number if negative else number)
    numbers = {name: side.number(name) for name in side.letters if name != letter}
    if goal.other is not None:
        numbers = {name: goal.other.number(name) for name in goal.other.letters if name != letter} | numbers
    given = side.given | (goal.other.given if goal.other else frozenset())
    free = numbers.keys() - given  # letters whose numbers nobody chose: the equation holds whatever they are
    ((monomial, _),) = factor.terms.items() if isinstance(factor, Poly) else (((), 1),)
    parts = (Poly({((atom, exponent),): 1}) for atom, exponent in monomial)
    cancelled = prod(part for part in parts if set(part.letters()) <= free)
    univariate = coefficients(polynomial.subs(numbers) if isinstance(polynomial, Poly) else polynomial, letter)
    assert univariate is not None
    slope = [power * c for power, c in enumerate(univariate)][1:]
    return Equation(
        letter,
        polynomial,
        numbers,
        cancelled,
        tuple(positive_roots(univariate)),
        tuple(positive_roots(slope)) if slope else (),
        difference,
    )


# ── solving ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Solution:
    """The value of the unknown that meets the targets best, and its neighbours."""

    side: Side
    unknown: str
    targets: tuple[Target, ...]
    equations: tuple[Equation | None, ...]  # one per target; None where a search found the crossings
    chosen: Candidate
    why: str  # nearest, nearest below, nearest above, largest, smallest
    others: tuple[Candidate, ...]  # for a target that is crossed several times, what comes nearest at the other crossings
    rows: tuple[Candidate, ...]  # in order: neighbours, the chosen one and the others
    impossible: Mapping[Any, ModelError]
    method: Literal["closed form", "search", "every value"]
    reached: bool  # whether some value crosses the target

    @property
    def value(self) -> Any:
        """The value of the unknown."""
        return self.chosen.value

    def _per(self, index: int) -> tuple[Num, int]:
        """Return the letters that both sides of a comparison have in common, H·W mostly, and their product as a number."""
        found = self.equations[index]
        if found is None or self.targets[index].other is None or not isinstance(found.cancelled, Poly):
            return 1, 1
        return found.cancelled, found.cancelled.subs(found.numbers)

    def table(self) -> Table:
        """Return the candidates with their costs and errors, the chosen one marked, and the equation in the notes."""
        from cnncost.show.table import Column, Table

        columns = [Column("value", self.unknown, "number")]
        for index, goal in enumerate(self.targets):
            per = self._per(index)[0]
            title = goal.quantity.title + (f" per {written(per)}" if isinstance(per, Poly) else "")
            key = goal.quantity.key
            error = Column(f"{key}_error", f"to {goal.amount}", "change", priority=0 if goal.relation == "=" else 1 + index)
            columns += [Column(key, title, goal.quantity.unit), error]
        columns.append(Column("verdict", ""))
        rows = []
        for candidate in self.rows:
            row: list[Any] = [_shown(candidate.value)]
            for index in range(len(self.targets)):
                share = candidate.error(index)
                row += [candidate.costs[index] // self._per(index)[1], None if share is None else float(share)]
            rows.append((*row, self._verdict(candidate)))
        return Table(tuple(columns), tuple(rows), notes=tuple(self._notes()), data=self.to_dict())

    def _verdict(self, candidate: Candidate) -> str:
        if candidate == self.chosen:
            return self.why
        broken = [
            f"not {target.name}"
            for target, cost, goal in zip(self.targets, candidate.costs, candidate.goals, strict=True)
            if not RELATIONS[target.relation](cost, goal)
        ]
        return ", ".join(broken) or ("also" if candidate in self.others else "")

    def _notes(self) -> list[str]:
        model = self.side.case.model
        notes = [f"{model.name}: {self.unknown} for {' and '.join(target.name for target in self.targets)}"]
        for found in self.equations:
            if found is None or not isinstance(found.polynomial, Poly):
                if found is not None and found.polynomial == 0:
                    notes.append(f"both cost the same whatever {self.unknown} is")
                continue
            notes.append(found.text)
            if found.numbers and found.numeric != found.text:
                letters = [name for name in found.numbers if name in found.polynomial.letters()]
                notes.append(f"{found.numeric} with {', '.join(f'{name} = {found.numbers[name]}' for name in letters)}")
            if found.roots:
                roots = " or ".join(_decimal(root) for root in found.roots)
                notes.append(f"{found.letter} = {roots}")
        if self.method == "search":
            notes.append(f"found by search, as the cost is no polynomial in {self.unknown}")
        if not self.reached:
            notes.append(f"no {self.unknown} tried reaches it: {self.why} of all is {self.unknown} = {_shown(self.value)}")
        if self.others:
            values = " and ".join(str(candidate.value) for candidate in (self.chosen, *self.others))
            notes.append(f"there are several solutions: {values}")
        if self.impossible:
            value, error = next(iter(self.impossible.items()))
            count = len(self.impossible)
            notes.append(
                f"{count} of the values tried cannot be built, such as {self.unknown}={_shown(value)}: {error.message}"
            )
        return notes

    def to_dict(self) -> dict[str, Any]:
        """Return the solution as plain data with exact integers: the object of `--format json` (cnncost.solve/1)."""
        main = next((index for index, goal in enumerate(self.targets) if goal.relation == "="), 0)
        found = self.equations[main]
        per, size = self._per(main)

        def side(candidate: Candidate, index: int) -> dict[str, Any]:
            size = self._per(index)[1]
            error = candidate.error(index)
            return {
                "quantity": self.targets[index].quantity.key,
                "relation": self.targets[index].relation,
                "target": candidate.goals[index] // size,
                "achieved": candidate.costs[index] // size,
                "error": None if error is None else float(error),
            }

        return {
            "schema": "cnncost.solve/1",
            "model": self.side.case.model.name,
            "for": self.unknown,
            "equation": None if found is None else found.text,
            "polynomial": None if found is None else written(found.polynomial, PYTHON, unknown=found.letter),
            "numbers": {} if found is None else dict(found.numbers),
            "roots": [] if found is None else [float(root) for root in found.roots],
            "value": self.value,
            "target": self.chosen.goals[main] // size,
            "achieved": self.chosen.costs[main] // size,
            "per": written(per, PYTHON),
            "method": self.method,
            "choice": self.why,
            "targets": [side(self.chosen, index) for index in range(len(self.targets))],
            "candidates": [
                {"value": row.value, "targets": [side(row, index) for index in range(len(self.targets))]} for row in self.rows
            ],
        }


def _shown(value: Any) -> Any:
    """Return a value as `--set` takes it."""
    return str(value).lower() if isinstance(value, bool) or value is None else value


def _decimal(root: Fraction) -> str:
    whole, thousandths = divmod(round(root * 1000), 1000)
    return str(root) if root.denominator == 1 else f"{whole}.{thousandths:03}"


def solve(
    model: str | Model,
    unknown: str,
    targets: Sequence[str | Target] = (),
    *,
    equals: str | Model | None = None,
    quantity: str = "flops",
    side: Approach = "nearest",
    among: Sequence[str] = (),
    step: str | None = None,
    settings: Sequence[str] = (),
    sizes: Mapping[str, int] | None = None,
    batch: int = 1,
    **counting: Any,
) -> Solution:
    """Return the value of `unknown` at which a model costs what `targets` say, or as much as the model `equals`.

    `unknown` is a setting, an entry of one (`depths.2`), H, W, `size` or `batch`. Targets are text such as `flops=4.1G` or
    `params<=26M`. With one `=` the answer comes as near to it as can be, or as near as can be from `side`; with limits alone
    it is the largest value within all of them (the smallest, where there are only `>=`). `settings` (`C=64`) hold for both
    sides of a comparison of blocks. `counting` is `convention` and `dtype`.

    >>> solve("resnext_block", "c", equals="bottleneck", settings=["C=64", "G=32"]).value
    4

    Raises UsageError where no value meets the targets, and says why.
    """
    wanted = [target(text) if isinstance(text, str) else text for text in targets]
    mine = _side(load(model) if isinstance(model, str) else model, settings, sizes or {}, batch)
    if equals is not None:
        wanted.insert(0, Target(_quantity(quantity, "--by"), "=", other=_other(mine, equals, settings, sizes or {}, batch)))
    if not wanted:
        raise UsageError("nothing to solve for", "give --target flops=4.1G, or --equals MODEL")
    if sum(goal.relation == "=" for goal in wanted) > 1:
        raise UsageError("two amounts cannot both be met with one setting", "keep one =, and make limits of the others: <=")
    mine.case.put(unknown, 1)  # refuses an unknown that there is not
    fixed = {text.partition("=")[0].strip() for text in settings} | set(sizes or ()) | ({"size"} if sizes else set())
    if unknown in fixed:
        raise UsageError(f"{unknown} is both given and asked for", "leave out the --set, --size or --input that gives it")
    values = values_of(mine.case.model, unknown, among, step)
    tried = Candidates(mine.case, unknown, values, wanted, counting)
    numeric = values.listed is None and not values.fractional
    equations = tuple(equation(mine, unknown, goal, counting) if numeric else None for goal in wanted)
    for found, goal in zip(equations, wanted, strict=True):
        if found is not None and goal.relation == "=" and found.polynomial != 0 and not _has(found.polynomial, found.letter):
            raise _hopeless(mine, unknown, goal, found)
    if tried.up(1) is None:
        error = next(iter(tried.impossible.values()))
        which = "of --among" if values.listed is not None else f"up to {values[REACH]}"
        raise UsageError(f"no {unknown} {which} can be built: {error.message}", error.hint)
    crossings = [
        [int(root // values.step) for root in found.roots] if found is not None else tried.crossings(index)
        for index, found in enumerate(equations)
    ]
    return _choose(mine, tried, equations, crossings, side)


def _has(value: Num, letter: str) -> bool:
    return isinstance(value, Poly) and letter in value.letters()


def _hopeless(mine: Side, unknown: str, goal: Target, found: Equation) -> UsageError:
    """Return why no value of the unknown can meet a target."""
    if _has(found.difference, found.letter):
        return UsageError(
            f"no {unknown} makes {mine.case.model.name} cost {goal.name}",
            f"the difference is {written(found.difference)}, which is never 0",
        )
    return _idle(mine.case.model, unknown, goal, goal.value + found.difference)


def _idle(model: Model, unknown: str, goal: Target, cost: Num) -> UsageError:
    amount = "another than that" if goal.other is not None else f"{cost:,}"
    return UsageError(f"{goal.quantity.key} of {model.name} is {amount} whatever {unknown} is", "solve for another setting")


def _side(model: Model, settings: Sequence[str], sizes: Mapping[str, int], batch: int) -> Side:
    letters = tuple(name for name in natural_letters(model) if name not in sizes) if is_block(model) else ()
    given = {text.partition("=")[0].strip() for text in settings} | set(model.settings) | set(sizes)
    return Side(Case(model.set(settings), dict(sizes), batch), letters, frozenset(given))


def _other(mine: Side, reference: str | Model, settings: Sequence[str], sizes: Mapping[str, int], batch: int) -> Side:
    """Return the model of --equals: a block takes over the numbers of the letters that it shares, unless it sets its own."""
    model = load(reference) if isinstance(reference, str) else reference
    if not (is_block(model) and mine.letters):
        return _side(model, (), sizes, batch)
    own = set(model.settings)
    side = _side(
        model, [text for text in settings if text.partition("=")[0].strip() in set(model.parameters) - own], sizes, batch
    )
    case = side.case
    for letter in set(side.letters) & set(mine.letters):
        case = case.put(letter, mine.number(letter))
    return replace(side, case=case)


def _choose(
    mine: Side,
    tried: Candidates,
    equations: tuple[Equation | None, ...],
    crossings: list[list[int]],
    approach: Approach,
) -> Solution:
    """Return the solution among the candidates beside the crossings, the turning points and the ends of what was tried."""
    wanted, values = tried.targets, tried.values
    turns = [int(turn // values.step) for found in equations if found is not None for turn in found.turns]
    near = {number for number, costs in tried.costs.items() if costs is not None}
    near = {min(near), max(near)} | tried.beside([*turns, *(point for points in crossings for point in points)])
    if values.listed is not None:
        near = {number for number in range(1, values.end + 1) if tried.at(number) is not None}
    feasible = sorted(filter(tried.within, near))
    main = next((index for index, goal in enumerate(wanted) if goal.relation == "="), None)
    others: list[int] = []
    reached = True
    if main is not None:
        why = "nearest" if approach == "nearest" else f"nearest from {approach}"
        gaps = {n: tried.candidate(n).costs[main] - tried.candidate(n).goals[main] for n in near}
        reached = min(gaps.values()) <= 0 <= max(gaps.values())
        if not reached and equations[main] is None and wanted[main].other is None and _same(tried, main):
            raise _idle(tried.case.model, tried.unknown, wanted[main], tried.candidate(min(near)).costs[main])
        sign = {"nearest": 0, "below": -1, "above": 1}[approach]
        allowed = [n for n in feasible if sign * gaps[n] >= 0]
        chosen = min(allowed, key=lambda n: (abs(gaps[n]), n), default=None)
        if values.listed is None:
            pairs = [tried.beside([point]) & set(allowed) for point in crossings[main]]
            others = sorted({min(pair, key=lambda n: (abs(gaps[n]), n)) for pair in pairs if pair} - {chosen})
    else:
        upper = any(goal.relation in ("<=", "<") for goal in wanted)
        why = "largest" if upper else "smallest"
        chosen = (feasible[-1] if upper else feasible[0]) if feasible else None
        if upper and chosen is not None and values.listed is None:
            chosen = _last(tried, chosen, max((point for points in crossings for point in points), default=0))
    if chosen is None:
        closest = min(near, key=lambda n: _excess(tried.candidate(n), wanted))
        raise _refusal(tried, tried.candidate(closest), "" if main is None or approach == "nearest" else f" from {approach}")
    shown = {chosen, *others} | tried.beside([chosen - 1, chosen])
    if values.listed is not None and len(near) <= SHOWN:
        shown |= near
    return Solution(
        mine,
        tried.unknown,
        tuple(wanted),
        equations,
        tried.candidate(chosen),
        why,
        tuple(map(tried.candidate, others)),
        tuple(map(tried.candidate, sorted(shown))),
        tried.impossible,
        "every value" if values.listed is not None else "search" if None in equations else "closed form",
        reached,
    )


def _same(tried: Candidates, index: int) -> bool:
    """Whether all candidates tried cost the same."""
    return len({costs[index] for costs in tried.costs.values() if costs is not None}) == 1


def _last(tried: Candidates, chosen: int, crossing: int) -> int:
    """Return the last candidate within the limits: past the last crossing, the end of what can be built."""
    if chosen <= crossing:
        return chosen
    while (following := tried.farther(chosen)) is not None and tried.within(following):
        chosen = following
    if chosen > HORIZON // 2 or tried.layers >= LARGE:
        beyond = tried.up(crossing + 1) or chosen
        raise _unlimited(tried, tried.candidate(beyond))
    return chosen


def _excess(candidate: Candidate, wanted: Sequence[Target]) -> Fraction:
    """How far a candidate is from what the targets ask, at most."""
    errors = [candidate.error(index) for index in range(len(wanted))]
    missed = [
        abs(error)
        for error, goal, cost, value in zip(errors, wanted, candidate.costs, candidate.goals, strict=True)
        if error is not None and (goal.relation == "=" or not RELATIONS[goal.relation](cost, value))
    ]
    return max(missed, default=Fraction(0))


def _refusal(tried: Candidates, closest: Candidate, approach: str) -> UsageError:
    """Return why no candidate will do, and what comes closest."""
    asked = " and ".join(goal.name for goal in tried.targets)
    remedy = f"{tried.unknown}={_shown(closest.value)} comes closest: {_costs_text(tried, closest)}"
    if tried.impossible:
        value, error = next(iter(tried.impossible.items()))
        remedy += f"; {tried.unknown}={_shown(value)}, for one, cannot be built: {error.message}"
    return UsageError(f"no {tried.unknown} of {tried.case.model.name} meets {asked}{approach}", remedy)


def _unlimited(tried: Candidates, found: Candidate) -> UsageError:
    asked = " and ".join(goal.name for goal in tried.targets)
    return UsageError(
        f"{tried.case.model.name} meets {asked} with every {tried.unknown} from {found.value} up: there is no largest",
        f"{tried.unknown}={found.value} has {_costs_text(tried, found)}; name the values to choose from with --among",
    )


def _costs_text(tried: Candidates, found: Candidate) -> str:
    return ", ".join(f"{goal.quantity.key} {cost:,}" for goal, cost in zip(tried.targets, found.costs, strict=True))
