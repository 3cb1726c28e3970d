"""The command line: commands, options and exit codes; no arithmetic and no formatting."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module

import click

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.site import SITE, page
from cnncost.base.version import __version__

# Each command with its help line, so that `cnncost --help` imports none of them.
COMMANDS = {
    "table": "One row per layer of a network: shapes, memory, parameters, FLOPs.",
    "compare": "The totals of several networks side by side.",
    "explain": "Where a network's numbers come from: by layer type, by tool, and layer by layer.",
    "memory": "The memory of a network by name: outputs, peak, saved for backward, training memory.",
    "energy": "An estimate of the energy that a network takes: arithmetic, and bytes moved by level.",
    "graph": "The graph of a network for other programs: JSON, Mermaid, DOT, stacks for flame graphs.",
    "draw": "A drawing of a network: boxes and lines, repeats folded.",
    "plot": "A plot of one or several networks: icicle, stages, memory, roofline, accuracy against cost, …",
    "report": "A page to look at and send: one to six networks, or what changed, in one file.",
    "serve": "A live page on this machine: a spec to edit, and its report beside it.",
    "formula": "What a network costs in symbols: exact polynomials.",
    "solve": "The width, depth, size or other setting that meets a target.",
    "sweep": "Every candidate of a design space: filtered, sorted, counted.",
    "check": "Check models against their budgets, for CI.",
    "diff": "What changed between two models: totals, and layer by layer.",
    "snapshot": "What models cost now, to compare later versions with.",
    "new": "Write a commented spec to start from.",
    "show": "A model as a spec in YAML.",
    "list": "The networks of the zoo.",
    "settings": "What can be changed of a network, and what each setting means.",
    "ops": "The layer types, and the rule of each in words and formulas.",
    "conventions": "The counting conventions: what each one counts for each layer type.",
    "schema": "The JSON Schema of specs, for editors.",
    "errors": "What can be wrong with a spec, by code.",
}


class Commands(click.Group):
    """A group whose commands live in modules of their own, imported when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of the help text."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by name. Raises UsageError with the nearest names for an unknown one."""
        if cmd_name not in COMMANDS:
            if ctx.resilient_parsing:
                return None
            raise UsageError(f"unknown command '{cmd_name}'", did_you_mean(cmd_name, COMMANDS) or _as_a_model(cmd_name))
        command = import_module(f"cnncost.cli.{cmd_name}_").command
        assert isinstance(command, click.Command)
        command.epilog = f"\b\nMore: {page('reference/commands', f'cnncost-{cmd_name}')}"
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command and its words. Raises UsageError for an option that is given twice: the last would win, unseen."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and not ctx.resilient_parsing:
            for option in _repeated(click.Context(command, ctx, name), rest):
                raise UsageError(f"{option} is given twice", "give it once")
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands into the help text without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _as_a_model(word: str) -> str:
    """Return the remedy where a command was left out before a model."""
    from cnncost.models.load import in_a_file
    from cnncost.models.zoo import MODULE_OF

    return f"write cnncost table {word}" if word in MODULE_OF or in_a_file(word) else "see: cnncost --help"


def _repeated(context: click.Context, words: list[str]) -> Iterator[str]:
    """Iterate over the options that are given more than once and may be given once."""
    try:
        order = context.command.make_parser(context).parse_args(list(words))[2]
    except click.UsageError as error:
        error.ctx = error.ctx or context  # of which command it is, click does not always say
        raise
    seen = set()
    for parameter in order:
        if isinstance(parameter, click.Option) and not parameter.multiple and not parameter.count:
            if parameter in seen:
                yield max(parameter.opts, key=len)
            seen.add(parameter)


if os.environ.get("_CNNCOST_COMPLETE", "").startswith("fish"):
    import cnncost.cli.completion  # noqa: F401  # it enters a script for fish that leaves commas in words alone


@click.group(
    cls=Commands,
    epilog=f"\b\nDocumentation: {SITE}",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="cnncost", message="%(prog)s %(version)s")
def cli() -> None:
    """What a convolutional network costs, from its architecture alone.

    A MODEL is a name from `cnncost list`, the same with settings in quotes ("resnet50 --set width=32"), a sum of models
    ("resnet50 + vgg16"), a spec (net.yaml, or - for the standard input), a file of another program (.pt2, .onnx, .keras,
    .h5, .json, .cfg, .prototxt), one of them in git (REF:net.onnx), or package.module:function, whose code is run.
    """
