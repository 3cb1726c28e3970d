"""cnncost compare."""

from __future__ import annotations

from typing import Any

import click

from cnncost.cli.options import check_output, complete_model, model_options, output_options, reports, show


@click.command("compare")
@click.argument("models", nargs=-1, required=True, shell_complete=complete_model)
@model_options
@output_options
def command(models: tuple[str, ...], format: str | None, path: str | None, exact: bool, **options: Any) -> None:
    """The totals of MODELS side by side, with ratios to the first.

    \b
    cnncost compare resnet50 resnext50_32x4d wide_resnet50_2
    cnncost compare resnet50 "resnet50 --set width=32"
    """
    check_output(format, path)
    found = reports(models, **options)
    from cnncost.measures.comparison import Comparison

    show(Comparison(tuple(found), models).table(exact=exact), format, path)
