"""cnncost check."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cnncost.base.errors import CnncostError, ModelError, Several, UsageError, each
from cnncost.base.limits import QUANTITIES, Limit, limit
from cnncost.cli.options import FORMATS, check_output, complete_model, model_options, output_options, reports, show

if TYPE_CHECKING:
    from cnncost.questions.check.budget import Verdict
    from cnncost.questions.check.config import Config
    from cnncost.show.table import Table

F = TypeVar("F", bound=Callable[..., Any])

OVER = 1  # the exit code where a limit is broken


def limit_options(function: F) -> F:
    """Add --max-params, --max-flops and so on: one option per quantity that can be limited."""
    for quantity in reversed(QUANTITIES.values()):
        unit = "BYTES" if quantity.unit == "bytes" else "N"
        words = f"The most {quantity.title} a model may have."
        function = click.option(f"--max-{quantity.name.replace('_', '-')}", metavar=unit, help=words)(function)
    return function


@click.command("check")
@click.argument("models", nargs=-1, shell_complete=complete_model)
@limit_options
@click.option("--against", metavar="REF|FILE", help="Hold growth against a git ref, or a file of cnncost snapshot.")
@click.option("--config", metavar="FILE", help="Where limits are configured.  [default: cnncost.toml or pyproject.toml]")
@model_options
@partial(output_options, formats=("text", "github", "gitlab", "junit", *FORMATS))
def command(
    models: tuple[str, ...],
    against: str | None,
    config: str | None,
    format: str | None,
    path: str | None,
    exact: bool,
    **options: Any,
) -> int:
    """Hold MODELS to their budgets: exit code 0 within, 1 over, 2 for what cannot be checked.

    MODELS are models, specs, or patterns ("specs/*.yaml"); without any, those of the configuration. Limits come from a spec's
    own budget, from the configuration, and from --max-…; every one of them holds.

    \b
    cnncost check
    cnncost check resnet50 --max-params 26M --max-flops 4.5G --max-memory 45MiB
    cnncost check "specs/*.yaml" --against origin/main --format github
    """
    check_output(format, path)
    chosen = None if format == "text" else format
    try:
        given = [_limit(name, options.pop(f"max_{name}")) for name in QUANTITIES]
        found, notes = _verdicts(models, [each for each in given if each], against, config, options)
    except CnncostError as error:
        if format == "github":
            _annotate(error)
        raise
    from cnncost.questions.check.budget import Check

    verdicts = Check(tuple(found), tuple(notes)).table(exact=exact)
    show(verdicts, chosen, path)
    if format == "github" and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
        _summarise(verdicts, summary)
    broken = [verdict for verdict in found if not verdict.ok]
    if path not in (None, "-"):  # the report goes to a file, yet whoever reads the log wants to know
        for verdict in broken:
            click.echo(f"{verdict.model}: {verdict.sentence} ({verdict.place})", err=True)
    return OVER if broken else 0


def _limit(name: str, text: str | None) -> Limit | None:
    if text is None:
        return None
    try:
        return limit(name, text)
    except UsageError as error:
        raise UsageError(f"--max-{error.message}", error.hint) from None


def configured(words: Sequence[str], file: str | None, options: dict[str, Any]) -> tuple[Config, list[str]]:
    """Return the configuration and the models meant by `words`, else its own. Puts its way of counting into `options`."""
    from cnncost.questions.check import config

    found = config.find(file)
    context = click.get_current_context()
    for key, value in found.counting.items():
        if context.get_parameter_source(key) is click.core.ParameterSource.DEFAULT:
            options[key] = value
    names = [name for word in words for name in config.matching(word)] if words else found.models
    if not names:
        raise UsageError("no model to check", "name one, or configure models and limits: see docs/ci.md")
    return found, list(dict.fromkeys(names))


def _verdicts(
    words: Sequence[str], given: Sequence[Limit], against: str | None, file: str | None, options: dict[str, Any]
) -> tuple[list[Verdict], list[str]]:
    """Return the verdicts of all models, and what is to be said about what was not checked."""
    from cnncost.models.load import with_budget
    from cnncost.models.model import Model
    from cnncost.questions.check import budget, history

    configuration, names = configured(words, file, options)
    models, limits = {}, {}
    for name, (model, own) in zip(names, each(with_budget, names), strict=True):
        models[name] = model
        limits[name] = [*own, *configuration.limits(name), *given]
    if not any(limits.values()):
        where = "--max-params 26M, budget: in the spec, or [tool.cnncost.budget] in pyproject.toml"
        raise UsageError(f"no limit for {', '.join(names[:3])}{' …' * (len(names) > 3)}", f"give one: {where}")
    quantities = {limit.quantity for held in limits.values() for limit in held}
    found = zip(names, reports([*models.values()], **options), strict=True)
    costs = {name: history.costs(report, name, quantities) for name, report in found}
    notes = [f"no limit for: {', '.join(name for name in names if not limits[name])}"] if not all(limits.values()) else []
    growing = [name for name in names if any(limit.growth for limit in limits[name])]
    earlier: dict[str, Any] = {}
    if growing and against is None:
        notes.append(f"growth is not checked without --against: {', '.join(growing)}")
    elif against is not None and not growing:
        notes.append(f"no limit of growth to hold against {against}")
    elif against is not None:
        for name in growing:
            try:
                was = history.before(name, against)
                if isinstance(was, Model):
                    (report,) = reports([was], **options)
                    was = history.costs(report, name, quantities)
                earlier[name] = was
            except ModelError as error:  # what was broken before must not keep its repair out
                notes.append(f"growth of {name} is not checked, for it was broken: {error.message}")
        if missing := [name for name in growing if earlier.get(name, "") is None]:
            notes.append(f"not in {against}, so that growth is not checked: {', '.join(missing)}")
    verdicts = [v for name in names for v in budget.verdicts(costs[name], limits[name], earlier.get(name))]
    return verdicts, notes


def _annotate(error: CnncostError) -> None:
    """Say on GitHub, beside the line, what kept the check from running."""
    from cnncost.models.spec import SpecError
    from cnncost.questions.check.config import ConfigError
    from cnncost.show.render.ci import workflow_command

    if isinstance(error, Several):
        for part in error.errors:
            _annotate(part)
    elif isinstance(error, SpecError):
        for problem in error.problems:
            line, column = (problem.mark.line + 1, problem.mark.column + 1) if problem.mark else (None, None)
            click.echo(workflow_command("error", problem.message, f"cnncost {problem.code}", error.source.path, line, column))
    elif isinstance(error, ConfigError):
        click.echo(workflow_command("error", error.fact, "cnncost", *error.place))
    else:
        click.echo(workflow_command("error", str(error), "cnncost"))


def _summarise(table: Table, path: str) -> None:
    """Add the table to the summary that GitHub shows for the job."""
    from cnncost.show.render import render

    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"### cnncost\n\n{render(table, 'markdown')}\n")
    except OSError as error:
        raise UsageError(f"cannot write the job summary '{path}': {(error.strerror or '').lower()}") from None
