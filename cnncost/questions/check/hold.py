"""Holding models to their limits: whose limits hold, what growth is measured from, and what is to be said about it."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from cnncost.base.errors import CostError, ModelError, UsageError, each
from cnncost.base.limits import QUANTITIES, Limit
from cnncost.models.load import with_budget
from cnncost.models.model import Model
from cnncost.questions.check import config, history
from cnncost.questions.check.budget import COUNTED, Check, Compared, Verdict, verdicts
from cnncost.questions.check.history import Data, Missing

if TYPE_CHECKING:
    from cnncost.graph.graph import Graph
    from cnncost.measures.report import Report

WRITTEN = "--max-params 26M, budget: in the spec, or [tool.cnncost.budget] in pyproject.toml"


def hold(
    names: Sequence[str],
    analyse: Callable[[Model], Report],
    given: Sequence[Limit] = (),
    configuration: config.Config | None = None,
    against: str | None = None,
    allow_new: bool = False,
    options: Sequence[str] = (),
) -> Check:
    """Return the verdicts of models, by the names under which they are called, held to all their limits.

    Limits are those of a spec's own budget, of the configuration, of the configuration in a spec's own folder, and those
    `given`; all of them hold. Growth is measured `against` a git ref or a snapshot. Every limit yields a verdict; what could
    not be checked is `unchecked`, and fails unless `allow_new` says that it is right. `options` are words of the command line
    that the command for what changed needs as well.

    Raises UsageError where there is no limit at all, and where what growth is measured from cannot be read.
    """
    configuration = configuration or config.Config()
    models: dict[str, Model] = {}
    limits: dict[str, list[Limit]] = {}
    files = [configuration.file] if configuration.file else []
    for name, (model, own) in zip(names, each(with_budget, names), strict=True):
        near = config.beside(name, configuration)
        need_same(name, near, configuration)
        files += [near.file] if near.file else []
        models[name] = model
        limits[name] = [*own, *configuration.limits(name), *near.limits(name), *given]
    if not any(limits.values()):
        raise UsageError(f"no limit for {', '.join(names[:3])}{' …' * (len(names) > 3)}", f"give one: {WRITTEN}")
    reports = dict(zip(names, each(analyse, models.values()), strict=True))
    costs = {name: history.costs(report, name, limits[name]) for name, report in reports.items()}
    found: list[Verdict] = []
    compared: list[Compared] = []
    for name in names:
        base: Data | Missing = Missing("no growth is limited")
        typed = ""
        if any(limit.growth for limit in limits[name]):
            known = _base(name, against, configuration.file, partial(_price, analyse, name, limits[name]))
            base = known if isinstance(known, Missing) else known.old
            if not isinstance(known, Missing):
                compared.append(replace(known, new=costs[name]))
                typed = compared[-1].typed(options)
        judged = verdicts(costs[name], limits[name], base, allow_new)
        told = [verdict for verdict in judged if verdict.state in ("over", "warn")]
        shown = next((verdict for verdict in told if verdict.kind == "growth"), told[0] if told else None)  # the command, once
        for verdict in judged:
            place = _place(verdict, models[name], reports[name].counts.graph, against) if verdict in told else None
            found.append(replace(verdict, at=place, typed=typed if verdict is shown else ""))
    notes = [f"limits read from {', '.join(dict.fromkeys(files))}"] if files else []
    if unlimited := [name for name in names if not limits[name]]:
        notes.append(f"no limit for: {', '.join(unlimited)}")
    if against is not None and not any(verdict.kind == "growth" for verdict in found):
        history.need(against)
        notes.append(f"no limit of growth to measure against {against}")
    notes += trained(reports, limits)
    notes += [f"{name}: {text}" for name, report in reports.items() for text in report.notes]  # what a network leaves out, say
    held = tuple([{key: costs[name][key] for key in COUNTED} for name in names])
    return Check(tuple(found), tuple(notes), held, tuple(compared), reports)


def _place(verdict: Verdict, model: Model, graph: Graph, against: str | None) -> tuple[str, int, int] | None:
    """Return the line of a model's own file that a reviewer looks at: that of the layer that grew most or weighs most.

    Of growth since a git ref it is a line that was changed: that of the layer, or else the first. Of a function it is the line
    where it begins.

    Nothing where the limit itself is written in that file, unless it is one of growth, or where there is no such file.
    """
    if verdict.kind != "growth" and verdict.limit.file in _files(graph):
        return None
    places = {graph.nodes[index].name: place for index, place in graph.places.items()}
    known = [places[name] for name, _ in verdict.heaviest if name in places] or [*graph.places.values()][:1]
    if known:
        file = known[0][0]
        changed = history.changed_lines(file, against) if verdict.kind == "growth" else []
        return next((place for place in known if place[1] in changed), (file, changed[0], 1) if changed else known[0])
    own = ":" in config.bare(verdict.model)  # package.module:function
    code = getattr(inspect.unwrap(model.function), "__code__", None) if own else None
    return None if code is None else (os.path.relpath(code.co_filename), code.co_firstlineno, 1)


def _files(graph: Graph) -> set[str]:
    return {file for file, _, _ in graph.places.values()}


def trained(reports: Mapping[str, Report], limits: Mapping[str, Sequence[Limit]]) -> list[str]:
    """Return the lines that say how models are trained, for those of their limits that depend on it."""
    said: dict[str, list[str]] = {}
    for name, report in reports.items():
        for limit in limits[name]:
            for line in history.setup_of(limit, report.trained).notes([QUANTITIES[limit.quantity].key], report.dtype):
                said.setdefault(line, []).append(name)
    several = len(said) > 1
    return [f"{', '.join(dict.fromkeys(names))}: {line}" if several else line for line, names in said.items()]


def _price(analyse: Callable[[Model], Report], name: str, limits: Collection[Limit], model: Model) -> Data:
    return history.costs(analyse(model), name, limits)


def _base(name: str, against: str | None, file: str | None, price: Callable[[Model], Data]) -> Compared | Missing:
    """Return what a model cost before, and how it is named. Raises UsageError where it was there and cannot be read."""
    try:
        found = history.before(name, against, file)
        if isinstance(found, Missing):
            return found
        costs = price(found.found) if isinstance(found.found, Model) else found.found
        return Compared(found.reference, name, costs, costs)
    except (ModelError, CostError) as error:
        hint = "it was broken: compare with a version that works, or with a snapshot"
        raise UsageError(f"{name} cannot be read as it was at {against}: {error.message}", hint) from error


def need_same(name: str, near: config.Config, main: config.Config) -> None:
    """Raise UsageError where the configuration in a model's folder counts in another way than the main one."""
    for key, value in near.counting.items():
        if main.file is not None and main.counting.get(key, value) != value:
            raise UsageError(
                f"{name} is counted with {key} {value} by '{near.file}' and {main.counting[key]} by '{main.file}'",
                f"check it alone: --config {near.file}",
            )
