"""What is wrong with the words of a command, said as everything else is: the fact, and a remedy that can be typed."""

from __future__ import annotations

import re
import sys

import click

from cnncost.base.errors import UsageError, did_you_mean

EXTRA = re.compile(r"Got unexpected extra arguments? \((.*)\)", re.DOTALL)
MEANT = {  # an option that people expect, by the option that does it: what to write
    "--depth": ("--by", "write --by scope"),
    **dict.fromkeys(("--rf", "--field", "--receptive-field"), ("--columns", "write --columns name,output,field")),
    **dict.fromkeys(
        ("--growth", "--max-growth"), ("--against", "growth is limited in a budget: write params: {growth: 1%} in the spec")
    ),
}
NEEDS_VALUE = re.compile(r"Option '(--?[\w-]+)' requires (?:an argument|\d+ arguments)\.?")


def told(error: click.UsageError) -> UsageError:
    """Return a mistake that click found, as one of ours."""
    context = error.ctx
    name = context.command_path if context is not None else "cnncost"
    known = {word: option for option in _options(context) for word in (*option.opts, *option.secondary_opts)}
    see = f"see: {name} --help"
    if isinstance(error, click.NoSuchOption):
        return _unknown(error.option_name, name, known, see)
    if isinstance(error, click.MissingParameter) and error.param is not None:
        what = error.param.metavar or (error.param.name or "").upper()
        return UsageError(f"{name} needs {f'{_spelling(error.param)} {what}'.strip()}", _purpose(error.param, see))
    if isinstance(error, click.BadParameter) and error.param is not None:
        fact = error.message.rstrip(".")
        return UsageError(f"{_spelling(error.param) or error.param.name}: {fact}", _purpose(error.param, see))
    if found := NEEDS_VALUE.fullmatch(error.message):
        option = known.get(found[1])
        remedy = see if option is None else f"write {found[1]} {option.metavar}: {option.help}"
        return UsageError(f"{found[1]} needs a value", remedy)
    if found := EXTRA.fullmatch(error.message):
        return _extra((found[1].split() or [""])[0], name, known, see)
    return UsageError(error.format_message().rstrip("."), see)


def _unknown(word: str, name: str, known: dict[str, click.Option], see: str) -> UsageError:
    """Return what to say of an option that there is not: it may have one dash too few, be a format, or name a model."""
    typed = next((each for each in sys.argv[1:] if each.startswith(word) and each != word and not each.startswith("--")), word)
    fact = f"{name} has no option '{typed if len(word) == 2 else word}'"
    if len(word) == 2 and typed != word:  # letters behind one dash are read one by one
        return UsageError(fact, did_you_mean(f"-{typed.partition('=')[0]}", known, see))
    if "--format" in known and word.removeprefix("--") in ("json", "csv", "tsv", "markdown", "latex", "html", "plain"):
        return UsageError(fact, f"write {'--format ' + word.removeprefix('--')}")
    if word in ("--model", "--models", "--network"):
        return UsageError(fact, f"a model is named without an option: {name} resnet50")
    needed, remedy = MEANT.get(word, ("", ""))
    if needed in known:
        return UsageError(fact, remedy)
    return UsageError(fact, did_you_mean(word, known, see))


def _options(context: click.Context | None) -> list[click.Option]:
    return [] if context is None else [each for each in context.command.params if isinstance(each, click.Option)]


def _spelling(parameter: click.Parameter) -> str:
    """Return how an option is typed; of an argument nothing."""
    return max(parameter.opts, key=len) if isinstance(parameter, click.Option) else ""


def _purpose(parameter: click.Parameter, see: str) -> str:
    if isinstance(parameter, click.Option) and parameter.help:
        return parameter.help
    return f"name one: cnncost list shows the networks; {see}" if parameter.name in ("model", "models") else see


def _extra(word: str, name: str, known: dict[str, click.Option], see: str) -> UsageError:
    """Return what to say of a word too many: a setting or an option without its sign, perhaps."""
    left, equals, value = word.partition("=")
    fact = f"{name} cannot use '{word}'"
    if equals and f"--{left}" in known:
        return UsageError(fact, f"write it as an option: --{left} {value}")
    if equals and "--set" in known:
        return UsageError(fact, f"a setting is changed by an option: --set {word}")
    before = sys.argv[1 : sys.argv.index(word)][-2:] if word in sys.argv else []
    if len(before) == 2 and before[0] == "--set" and "=" not in before[1]:
        return UsageError(fact, f"a setting and its value are one word: --set {before[1]}={word}")
    if len(before) == 2 and before[0] in known and "," in (known[before[0]].metavar or ""):
        return UsageError(fact, f"a list is one word, with commas: {before[0]} {before[1]},{word}")
    return UsageError(fact, f"it takes one model, with what belongs to it in quotes; {see}")
