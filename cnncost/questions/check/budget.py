"""Budgets: limits in, verdicts out. What a model comes to, what it may come to, and where that is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Literal

from cnncost.base.figures import Figure
from cnncost.base.limits import QUANTITIES, Limit
from cnncost.base.record import dataclass
from cnncost.base.showable import Showable
from cnncost.base.units import Measure, Shown, amounts, many
from cnncost.questions.check.history import Data, Missing
from cnncost.questions.diff import difference, need_same_counting, need_same_training, percent, total

if TYPE_CHECKING:
    from cnncost.measures.report import Report

HEAVIEST = 3  # layers named for a limit that is broken
STAGES = 6  # stages named for a growth that is too much
COUNTED = ("model", "settings", "input", "batch", "dtype", "convention")  # of a model, beside its verdicts

State = Literal["ok", "warn", "over", "unchecked"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One model held to one limit. Where growth has nothing to be measured from, the verdict is that it was not checked."""

    model: str
    limit: Limit
    kind: Literal["max", "warn", "growth"]  # which part of the limit
    value: int
    most: int | None  # the largest value within it; None where that cannot be told
    before: int | None = None  # what growth is measured from
    missing: str = ""  # why there is nothing that it could be measured from
    allowed: bool = False  # whether that was said to be right
    heaviest: tuple[tuple[str, int], ...] = ()  # layers, largest first; of growth, what they grew by
    stages: tuple[tuple[str, int], ...] = ()  # of growth, what each stage grew by, largest first
    typed: str = ""  # the command that shows what changed, where there is an earlier version
    at: tuple[str, int, int] | None = None  # file, line and column of the heaviest layer, where a file defines the model

    @property
    def state(self) -> State:
        """How it turned out."""
        if self.most is None:
            return "unchecked"
        if self.value > self.most:
            return "warn" if self.kind == "warn" else "over"
        return "warn" if self.kind == "max" and self.limit.warn is not None and self.value > self.limit.warn else "ok"

    @property
    def ok(self) -> bool:
        """Whether the limit is kept; a warning keeps it, and so does what was allowed to go unchecked."""
        return self.allowed if self.state == "unchecked" else self.state != "over"

    @property
    def quantity(self) -> Figure:
        """What is limited."""
        return QUANTITIES[self.limit.quantity]

    @property
    def place(self) -> str:
        """Where the limit is written: file:line, the file, or the option."""
        limit = self.limit
        if limit.file is None:
            return f"--max-{limit.quantity.replace('_', '-')}"
        return limit.file if limit.line is None else f"{limit.file}:{limit.line}"

    @property
    def sentence(self) -> str:
        """What is to be said about it, in one line without the model's name."""
        if self.most is None:
            return f"growth of {self.quantity.title} is not checked: {self.missing}"
        bound = self.most if self.kind != "max" or self.state != "warn" else self.limit.warn or 0
        value, most = beside(self.value, bound, self.quantity.measure)
        step, _ = amounts([abs(self.value - bound), 0], self.quantity.measure)
        relation = "within" if self.value <= bound else "above"
        what = {"over": f"the limit of {most}", "warn": f"the warning at {most}", "ok": f"the limit of {most}"}[self.state]
        if self.kind == "growth" and self.limit.growth is not None:
            before, _ = amounts([self.before or 0, self.value], self.quantity.measure)
            what = f"the {most} that a growth of {self.limit.growth.text} allows"
            grown = percent(self.before or 0, self.value)
            return f"{value} {self.quantity.title}, {grown.text if grown else 'up'} from {before}: {step} {relation} {what}"
        return f"{value} {self.quantity.title}, {step} {relation} {what}"

    @property
    def details(self) -> list[str]:
        """The lines below the sentence of a limit that is not kept: what weighs most, and what its author says."""
        lines = [f"by stage: {self._listed(self.stages)}"] if self.stages else []
        if self.heaviest:
            lines.append(f"{'grew most' if self.kind == 'growth' else 'heaviest'}: {self._listed(self.heaviest)}")
        return [*lines, *([f"what changed: {self.typed}"] if self.typed else []), *self.limit.message.splitlines()]

    def _listed(self, parts: Sequence[tuple[str, int]]) -> str:
        """Return parts with what they weigh, or grew by, and their shares."""
        cells = amounts([count for _, count in parts], self.quantity.measure)
        whole = self.value - (self.before or 0)
        sign = "+" if self.kind == "growth" else ""
        told = (
            f"{name} {sign if count > 0 else ''}{cell} ({count / whole:.1%})"
            for (name, count), cell in zip(parts, cells, strict=True)
        )
        return ", ".join(told)


def beside(value: int, bound: int, unit: Measure) -> tuple[Shown, Shown]:
    """Return a value and its bound as people read them: in one unit, unless that would make the smaller one look like nothing.

    >>> [cell.text for cell in beside(11_514_530_000, 4_000, "count")]
    ['11,514.53 M', '4,000']
    """
    if far_apart(value, bound):
        return amounts([value], unit)[0], amounts([bound], unit)[0]
    together = amounts([value, bound], unit)
    return together[0], together[1]


def far_apart(value: int, bound: int) -> bool:
    """Whether two figures are better read in units of their own."""
    return min(value, bound) > 0 and max(value, bound) > 1000 * min(value, bound)


def verdicts(costs: Data, limits: Sequence[Limit], before: Data | Missing, allow_new: bool = False) -> list[Verdict]:
    """Return one verdict or more per limit of a model: its max and warning, and its growth.

    Raises UsageError where the model and what was `before` are counted differently.
    """
    if not isinstance(before, Missing):
        need_same_counting(before, costs)
        need_same_training(before, costs)
    found = []
    for limit in limits:
        quantity, model = QUANTITIES[limit.quantity], costs["model"]
        value = total(costs, quantity, limit.key)
        if limit.value is not None:
            found.append(Verdict(model, limit, "max", value, limit.value))
        elif limit.warn is not None:
            found.append(Verdict(model, limit, "warn", value, limit.warn))
        if limit.growth is None:
            continue
        if isinstance(before, Missing):
            found.append(Verdict(model, limit, "growth", value, None, missing=before.reason, allowed=allow_new))
        else:
            was = total(before, quantity, limit.key)
            found.append(Verdict(model, limit, "growth", value, limit.growth.most(was), was))
    return [_weighed(verdict, costs, before) for verdict in found]


def _weighed(verdict: Verdict, costs: Data, before: Data | Missing) -> Verdict:
    """Return the verdict with the layers that weigh most, or grew most, where the limit is not kept."""
    from dataclasses import replace

    key = verdict.quantity.layers
    if verdict.state in ("ok", "unchecked") or not key:
        return verdict
    stages: list[tuple[str, int]] = []
    if verdict.kind == "growth" and not isinstance(before, Missing):
        found = difference(before, costs, verdict.limit.quantity)
        weights = [(change.layer["name"], change.delta(key)) for change in found.layers]
        stages = [(stage.name, stage.delta(key)) for stage in found.by_stage() if stage.delta(key)]
    else:
        weights = [(layer["name"], layer[key]) for layer in costs["layers"]]
    weights = sorted((weight for weight in weights if weight[1] > 0), key=lambda weight: -weight[1])
    stages.sort(key=lambda stage: -stage[1])
    return replace(verdict, heaviest=tuple(weights[:HEAVIEST]), stages=tuple(stages[:STAGES]))


@dataclass(frozen=True, slots=True)
class Compared:
    """A model beside what it was: how `cnncost diff` names the two, and what they cost."""

    was: str
    name: str
    old: Data
    new: Data

    def typed(self, options: Sequence[str] = ()) -> str:
        """Return the command that shows what changed, counted with the same options."""
        import shlex

        return shlex.join(["cnncost", "diff", self.was, self.name, *options])

    @property
    def differ(self) -> bool:
        """Whether anything changed."""
        return bool(self.old["layers"] != self.new["layers"])


@dataclass(frozen=True, slots=True)
class Check(Showable):
    """The verdicts of models held to their limits, and what is to be said about what was not checked."""

    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...] = ()
    models: tuple[Data, ...] = ()  # what was held, and how it was counted: see `COUNTED`
    compared: tuple[Compared, ...] = ()  # those whose growth was measured
    reports: Mapping[str, Report] = field(default_factory=dict)  # of all that were held, by name

    def __repr__(self) -> str:
        return f"<Check: {many(len(self.verdicts), 'limit')}, {len(self.over)} broken, {len(self.unchecked)} not checked>"

    @property
    def ok(self) -> bool:
        """Whether every limit is kept."""
        return all(verdict.ok for verdict in self.verdicts)

    @property
    def over(self) -> list[Verdict]:
        """The limits that are broken."""
        return [verdict for verdict in self.verdicts if verdict.state == "over"]

    @property
    def unchecked(self) -> list[Verdict]:
        """The limits that could not be checked, and of which nobody has said that this is right."""
        return [verdict for verdict in self.verdicts if verdict.state == "unchecked" and not verdict.ok]
