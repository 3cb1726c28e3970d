"""cnncost compare."""

from __future__ import annotations

import re
from typing import Any

import click

from cnncost.base.errors import UsageError
from cnncost.base.units import many
from cnncost.cli.options import (
    WAYS,
    Name,
    check_output,
    chosen_device,
    complete_model,
    device_options,
    format_for,
    model_options,
    output_options,
    reports,
    show,
    training_options,
    unit_option,
    weights_option,
)


@click.command("compare")
@click.argument("models", nargs=-1, required=True, shell_complete=complete_model)
@click.option(
    "--by",
    type=Name("way to group", lambda: WAYS),
    metavar="WAY",
    help="Group by group: by scope, stage (resolution of the map) or type of layer.",
)
@click.option(
    "--columns", metavar="A,B,…", help="The columns: params,depth,peak,top1,energy, …; input, and ratio to the first."
)
@click.option("--claim", metavar="RATIO", help="Of two models: which figures, of which layers, give this ratio: 19.4x, 25x.")
@click.option("--bars/--no-bars", default=True, help="Draw bars and the course of live memory.  [default: in terminals]")
@weights_option
@training_options
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="TEXT",
    help="What a model is called, once for each in their order; tab:… is the label of the table in LaTeX.",
)
@click.option("--caption", metavar="TEXT", help="The caption of the table.")
@device_options
@model_options
@unit_option
@output_options
def command(
    models: tuple[str, ...],
    by: str | None,
    columns: str | None,
    claim: str | None,
    bars: bool,
    weights: str | None,
    labels: tuple[str, ...],
    caption: str | None,
    device: str | None,
    peak: str | None,
    bandwidth: str | None,
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
    cnncost compare alexnet_lecture vgg16_lecture --claim 19.4x
    cnncost compare vgg16 resnet50 --columns params,depth,peak --device p100
    cnncost compare vgg16 resnet50 --columns macs,top1,energy --weights best
    cnncost compare vgg16 resnet50 --label VGG-16 --label ResNet-50 -o nets.tex
    """
    check_output(format, path)
    tags = [text for text in labels if re.fullmatch(r"[A-Za-z]+:[\w:.-]+", text)]
    names = [text for text in labels if text not in tags] or models
    if len(names) != len(models) or len(tags) > 1:
        raise UsageError(f"{many(len(names), 'label')} for {many(len(models), 'model')}", "give --label once for each model")
    bounding = chosen_device(device, peak, bandwidth)
    if claim is not None and (by or columns or bounding is not None):
        raise UsageError("--claim asks where a ratio comes from", "leave out --by, --columns and --device")
    if claim is not None and len(models) != 2:
        raise UsageError("a ratio is one of two models", "name two: cnncost compare alexnet vgg16 --claim 2.3x")
    if by and bounding is not None:
        raise UsageError("--by and --device cannot be combined", "give one of them; or see: cnncost table MODEL --by type")
    found = reports(models, **options)
    from dataclasses import replace

    from cnncost.measures.accuracy import check
    from cnncost.measures.comparison import Comparison

    if claim is not None:
        from cnncost.questions.claims.ratios import ratios

        show(ratios(claim, found[0], found[1], (names[0], names[1])).table(exact=exact), format, path)
        return
    drawn = bars and format_for(format, path) == "terminal"
    asked = {"by": by, "bars": drawn, "columns": columns, "device": bounding}
    if weights:
        found = [replace(report, weights=check(weights)) for report in found]
    table = Comparison(tuple(found), tuple(names)).table(exact=exact, **asked)
    show(replace(table, caption=caption or "", label=tags[0] if tags else ""), format, path)
