"""Solving: the value of one setting at which a network costs what it should.

Where the cost is a polynomial in the setting, its roots say where to look; elsewhere (depths, sizes under floors, widths that
are rounded) a search does, which assumes that the cost is monotonic between the points it tries. Either way the candidates
themselves are traced as numbers, so that what is reported is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, Literal

from cnncost.base import usual
from cnncost.base.errors import UsageError
from cnncost.base.notation import written
from cnncost.base.poly import Num, Poly
from cnncost.base.units import require_whole_bytes
from cnncost.measures.precision import PLAIN
from cnncost.models.instance import Instance
from cnncost.models.load import load
from cnncost.models.model import Model
from cnncost.questions.formula import is_block, natural_letters
from cnncost.questions.solve.candidates import HORIZON, LARGE, REACH, Candidate, Candidates, values_of
from cnncost.questions.solve.equation import Equation, equation
from cnncost.questions.solve.solution import Solution, shown
from cnncost.questions.solve.target import RELATIONS, Side, Target, quantity_of, target

SHOWN = 32  # listed values up to which all are shown
EVERY = 2**10  # values that are traced one after the other where the cost does not change steadily
FIRST = (1, 2, 3, 5, 8, 13)  # candidates at which an equation is compared with the network, beside those near its roots

Approach = Literal["nearest", "below", "above"]


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
    sides of a comparison of blocks. `counting` is `convention`, `dtype` and `trained`.

    >>> solve("resnext_block", "c", equals="bottleneck", settings=["C=64", "G=32"]).value
    4

    Raises UsageError where no value meets the targets, and says why.
    """
    wanted = [target(text) if isinstance(text, str) else text for text in targets]
    require_whole_bytes(counting.get("dtype", usual.DTYPE), "solve")
    mine = _side(load(model) if isinstance(model, str) else model, settings, sizes or {}, batch)
    if equals is not None:
        wanted.insert(0, Target(quantity_of(quantity, "--by"), "=", other=_other(mine, equals, settings, sizes or {}, batch)))
    if not wanted:
        raise UsageError("nothing to solve for", "give --target flops=4.1G, or --equals MODEL")
    if sum(goal.relation == "=" for goal in wanted) > 1:
        raise UsageError("two amounts cannot both be met with one setting", "keep one =, and make limits of the others: <=")
    mine.case.setting(unknown)  # refuses an unknown that there is not
    fixed = {text.partition("=")[0].strip() for text in settings} | set(sizes or ()) | ({"size"} if sizes else set())
    if unknown in fixed:
        raise UsageError(f"{unknown} is both given and asked for", "leave out the --set, --size or --input that gives it")
    values = values_of(mine.case, unknown, among, step)
    tried = Candidates(mine.case, unknown, values, wanted, counting)
    numeric = values.listed is None and not values.fractional
    pairs = [equation(mine, unknown, goal, counting) if numeric else (None, ()) for goal in wanted]
    equations = tuple(found for found, _ in pairs)
    exceptions = sorted({int(value // values.step) for _, asked in pairs for value in asked if value % values.step == 0})
    for found, goal in zip(equations, wanted, strict=True):
        if (
            found is not None
            and goal.relation == "="
            and found.polynomial != 0
            and not (exceptions or _has(found.polynomial, found.letter))
        ):
            raise _hopeless(mine, unknown, goal, found)
    if tried.up(1) is None:
        error = next(iter(tried.impossible.values()))
        which = "of --among" if values.listed is not None else f"up to {values[REACH]}"
        raise UsageError(f"no {unknown} {which} can be built: {error.message}", error.hint)
    equations = tuple(
        found if found and _believed(tried, at, found, exceptions) else None for at, found in enumerate(equations)
    )
    crossings = [
        [int(root // values.step) for root in found.roots] if found is not None else tried.crossings(index)
        for index, found in enumerate(equations)
    ]
    if None in equations and numeric:
        _look_closely(tried, [point for points in crossings for point in points])
    return _choose(mine, tried, equations, crossings, exceptions, side)


def _believed(tried: Candidates, index: int, found: Equation, exceptions: Sequence[int]) -> bool:
    """Whether an equation gives what the network costs, traced as numbers: at first values, and around roots and exceptions."""
    step = tried.values.step
    roots = [int(root // step) + more for root in found.roots for more in (-1, 0, 1, 2)]
    points = sorted({*FIRST, *roots, *(2 * point + 1 for point in roots), *(n + more for n in exceptions for more in (-1, 1))})
    return not tried.differs(index, found.at, points)


def _look_closely(tried: Candidates, crossings: Sequence[int]) -> None:
    """Trace every candidate where a search found that the cost does not change steadily. Raises UsageError for too many."""
    first = tried.up(1)
    assert first is not None
    if tried.steady([first, *crossings]):
        return
    number = last = max(number for number, costs in tried.costs.items() if costs is not None)
    while last <= EVERY and not tried.past(last):
        last += 1
    if last > EVERY or number > EVERY:
        name = tried.case.model.name
        raise UsageError(
            f"what {name} costs rises and falls from one {tried.unknown} to the next, so that a search can miss the answer",
            "name the values to choose from: --among A,B,…",
        )
    for number in range(1, last + 1):
        tried.at(number)
    tried.every = True


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
    amount = "another than that" if goal.other is not None else written(cost) if isinstance(cost, Poly) else f"{cost:,}"
    return UsageError(f"{goal.quantity.name} of {model.name} is {amount} whatever {unknown} is", "solve for another setting")


def _side(model: Model, settings: Sequence[str], sizes: Mapping[str, int], batch: int) -> Side:
    letters = tuple(name for name in natural_letters(model) if name not in sizes) if is_block(model) else ()
    given = {text.partition("=")[0].strip() for text in settings} | set(model.settings) | set(sizes)
    return Side(Instance(model.set(settings), dict(sizes), batch), letters, frozenset(given))


def _other(mine: Side, reference: str | Model, settings: Sequence[str], sizes: Mapping[str, int], batch: int) -> Side:
    """Return the model of --equals: a block takes over the numbers of the symbols that it shares, unless it sets its own."""
    model = load(reference) if isinstance(reference, str) else reference
    if not (is_block(model) and mine.letters):
        return _side(model, (), sizes, batch)
    own = set(model.settings)
    side = _side(
        model, [text for text in settings if text.partition("=")[0].strip() in set(model.declared) - own], sizes, batch
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
    exceptions: Sequence[int],
    approach: Approach,
) -> Solution:
    """Return the solution among the candidates beside the crossings, the turning points and the ends of what was tried."""
    wanted, values = tried.targets, tried.values
    turns = [int(turn // values.step) for found in equations if found is not None for turn in found.turns]
    if values.listed is not None:
        for number in range(1, values.end + 1):
            tried.at(number)
        tried.every = True
    near = {number for number, costs in tried.costs.items() if costs is not None}
    if not tried.every:
        exact = [*turns, *exceptions]  # where a cost may be met exactly, so that the values on both sides count
        for found, points in zip(equations, crossings, strict=True):
            exact += [] if found is None else points
        searched = [point for points in crossings for point in points]
        near = {min(near), max(near)} | tried.beside([*searched, *(point + more for point in exact for more in (-1, 0, 1))])
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
        if reached and not tried.every:
            pairs = [tried.beside([point]) & set(allowed) for point in crossings[main]]
            others = sorted({min(pair, key=lambda n: (abs(gaps[n]), n)) for pair in pairs if pair} - {chosen})
    else:
        upper = any(goal.relation in ("<=", "<") for goal in wanted)
        why = "largest" if upper else "smallest"
        chosen = (feasible[-1] if upper else feasible[0]) if feasible else None
        if upper and chosen is not None and not tried.every:
            chosen = _last(tried, chosen, max((point for points in crossings for point in points), default=0))
    if chosen is None:
        closest = min(near, key=lambda n: _excess(tried.candidate(n), wanted))
        raise _refusal(tried, tried.candidate(closest), "" if main is None or approach == "nearest" else f" from {approach}")
    rows = {chosen, *others} | tried.beside([chosen - 1, chosen])
    if values.listed is not None and len(near) <= SHOWN:
        rows |= near
    return Solution(
        mine,
        tried.unknown,
        tuple(wanted),
        equations,
        tried.candidate(chosen),
        why,
        tuple(map(tried.candidate, others)),
        tuple(map(tried.candidate, sorted(rows))),
        tried.impossible,
        "every value" if tried.every else "search" if None in equations else "closed form",
        reached,
        max(near) if tried.every and values.listed is None else None,
        tried.counting.get("trained", PLAIN),
        tried.counting.get("dtype", usual.DTYPE),
        getattr(by := tried.counting.get("convention", usual.CONVENTION), "name", by),
        tried.notes,
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
    remedy = f"{tried.unknown}={shown(closest.value)} comes closest: {_costs_text(tried, closest)}"
    if tried.impossible:
        value, error = next(iter(tried.impossible.items()))
        remedy += f"; {tried.unknown}={shown(value)}, for one, cannot be built: {error.message}"
    return UsageError(f"no {tried.unknown} of {tried.case.model.name} meets {asked}{approach}", remedy)


def _unlimited(tried: Candidates, found: Candidate) -> UsageError:
    asked = " and ".join(goal.name for goal in tried.targets)
    return UsageError(
        f"{tried.case.model.name} meets {asked} with every {tried.unknown} from {found.value} up: there is no largest",
        f"{tried.unknown}={found.value} has {_costs_text(tried, found)}; name the values to choose from with --among",
    )


def _costs_text(tried: Candidates, found: Candidate) -> str:
    return ", ".join(f"{goal.quantity.name} {cost:,}" for goal, cost in zip(tried.targets, found.costs, strict=True))
