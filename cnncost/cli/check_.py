"""cnncost check."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cnncost.base.errors import CnncostError, Several, UsageError
from cnncost.base.limits import QUANTITIES, Limit, limit
from cnncost.base.site import page
from cnncost.base.text import lines
from cnncost.cli.options import (
    FORMATS,
    check_output,
    complete_model,
    model_options,
    output_options,
    reports,
    show,
    training_options,
    unit_option,
)

if TYPE_CHECKING:
    from cnncost.questions.check.budget import Check
    from cnncost.questions.check.config import Config
    from cnncost.show.table import Table

F = TypeVar("F", bound=Callable[..., Any])

OVER = 1  # the exit code where a limit is broken


def limit_options(function: F) -> F:
    """Add --max-params, --max-flops and so on: one option per figure that can be limited."""
    for quantity in reversed(QUANTITIES.values()):
        unit = "BYTES" if quantity.unit == "bytes" else "N"
        words = f"The most {quantity.title} a model may have."
        function = click.option(f"--max-{quantity.name.replace('_', '-')}", metavar=unit, help=words)(function)
    return function


@click.command("check")
@click.argument("models", nargs=-1, shell_complete=complete_model)
@limit_options
@click.option("--against", metavar="REF|FILE", help="Measure growth from a git ref, or a file of cnncost snapshot.")
@click.option("--allow-new", is_flag=True, help="Pass where growth cannot be measured: a new model, or a renamed one.")
@click.option("--config", metavar="FILE", help="Where limits are configured.  [default: cnncost.toml or pyproject.toml]")
@training_options
@model_options
@unit_option
@partial(output_options, formats=("text", "github", "gitlab", "junit", *FORMATS))
def command(
    models: tuple[str, ...],
    against: str | None,
    allow_new: bool,
    config: str | None,
    format: str | None,
    path: str | None,
    exact: bool,
    **options: Any,
) -> int:
    """Check MODELS against their budgets. Exit code: 0 all limits kept, 1 a limit broken, 2 not checked.

    MODELS are models, specs, other files, or patterns ("specs/*.yaml", "nets/*.onnx"); without any, those of the
    configuration. Limits come from a spec's own budget, from the configuration, and from --max-…; every one of them holds.

    \b
    cnncost check
    cnncost check resnet50 --max-params 26M --max-flops 4.5G --max-memory 45MiB
    cnncost check "specs/*.yaml" --against origin/main --format github
    """
    check_output(format, path)
    chosen = None if format == "text" else format
    try:
        given = [_limit(name, options.pop(f"max_{name}")) for name in QUANTITIES]
        found = _hold(models, [each for each in given if each], against, allow_new, config, options)
    except CnncostError as error:
        if format == "github":
            _annotate(error)
            if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
                _append(summary, f"**The check could not be run.**\n\n```text\n{lines(error.text())}\n```\n")
        raise
    verdicts = found.table(exact=exact)
    show(verdicts, chosen, path)
    if format == "github" and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
        _summarise(found, verdicts, summary)
    if path not in (None, "-"):  # the report goes to a file, yet whoever reads the log wants to know
        for verdict in [*found.over, *found.unchecked]:
            click.echo(lines(f"{verdict.model}: {verdict.sentence} ({verdict.place})"), err=True)
    if found.over:
        return OVER
    if found.unchecked:
        many = "a limit was" if len(found.unchecked) == 1 else f"{len(found.unchecked)} limits were"
        hint = f"{REMEDY}; where the model is new, or renamed: --allow-new"
        raise UsageError(f"{many} not checked: {found.unchecked[0].missing}", hint)
    return 0


REMEDY = "measure growth with --against REF, or --against costs.json of cnncost snapshot"


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
        below = config.below()
        more = f"cnncost check --config {below[0]}" if below else page("ci")
        fact = f"no model to check here; there are limits in {', '.join(below[:5])}" if below else "no model to check"
        raise UsageError(fact, f"name one, or {'check there' if below else 'configure models and limits'}: {more}")
    return found, list(dict.fromkeys(names))


def _hold(
    words: Sequence[str],
    given: Sequence[Limit],
    against: str | None,
    allow_new: bool,
    file: str | None,
    options: dict[str, Any],
) -> Check:
    """Return the verdicts of all models that are meant."""
    from cnncost.questions.check.hold import hold

    configuration, names = configured(words, file, options)
    if not words:
        configuration.need_use(names)
    repeated = _repeated(options)
    return hold(names, lambda model: reports([model], **options)[0], given, configuration, against, allow_new, repeated)


def _repeated(options: dict[str, Any]) -> list[str]:
    """Return the options that say which network and how to count, as they are typed: those that `cnncost diff` takes, too."""
    from cnncost.cli.diff_ import command as diff

    context = click.get_current_context()
    known = {parameter.name for parameter in diff.params} - {"format", "path", "exact"}
    words: list[str] = []
    for option in context.command.params:
        if not isinstance(option, click.Option) or option.name not in known:
            continue
        value = options.get(option.name, context.params.get(option.name))  # the configuration may say how to count
        spelling = max(option.opts, key=len)
        if value == option.get_default(context) or not value:
            continue
        words += [spelling] if value is True else [word for each in _each(value) for word in (spelling, str(each))]
    return words


def _each(value: Any) -> Sequence[Any]:
    return value if isinstance(value, tuple) else (value,)


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


def _summarise(found: Check, verdicts: Table, path: str) -> None:
    """Add to the summary that GitHub shows for the job: the verdicts, what changed by stage, and the models folded."""
    from cnncost.show.summary import summary

    _append(path, summary(found, verdicts))


def _append(path: str, text: str) -> None:
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"cannot write the job summary '{path}': {(error.strerror or '').lower()}") from None
