"""cnncost compare."""

from __future__ import annotations

from typing import Any

import click

from cnncost.base.errors import UsageError
from cnncost.cli.options import (
    WAYS,
    Name,
    check_output,
    complete_model,
    format_for,
    model_options,
    output_options,
    reports,
    show,
    training_options,
    unit_option,
)


@click.command("compare")
@click.argument("models", nargs=-1, required=True, shell_complete=complete_model)
@click.option(
    "--by",
    type=Name("way to group", lambda: WAYS),
    metavar="WAY",
    help="Group by group: by scope, resolution of the map or type of layer.",
)
@click.option("--columns", metavar="A,B,…", help="The figures to compare: params,flops,weighted_layers,peak_memory, …")
@click.option("--bars/--no-bars", default=True, help="Draw bars and the course of live memory.  [default: in terminals]")
@training_options
@model_options
@unit_option
@output_options
def command(
    models: tuple[str, ...],
    by: str | None,
    columns: str | None,
    bars: bool,
    format: str | None,
    path: str | None,
    exact: bool,
    **options: Any,
) -> None:
    """The totals of MODELS side by side, with ratios to the first.

    \b
    cnncost compare resnet50 resnext50_32x4d wide_resnet50_2
    cnncost compare alexnet vgg16 resnet50 --by resolution
    cnncost compare resnet50 "resnet50 --set width=32"
    """
    check_output(format, path)
    if by and columns:
        raise UsageError("--by and --columns ask different things", "give one of them")
    found = reports(models, **options)
    from cnncost.measures.comparison import Comparison

    drawn = bars and format_for(format, path) == "terminal"
    show(Comparison(tuple(found), models).table(exact=exact, by=by, bars=drawn, columns=columns), format, path)
