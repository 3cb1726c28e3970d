"""cnncost table."""

from __future__ import annotations

from typing import Any

import click

from cnncost.cli.options import (
    COLUMNS,
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
)


@click.command("table")
@click.argument("model", shell_complete=complete_model)
@click.option("--depth", type=click.IntRange(0), metavar="N", help="Group: 0 totals, 1 stages, 2 blocks, …  [default: layers]")
@click.option(
    "--by",
    type=Name("way to group", lambda: WAYS),
    metavar="WAY",
    help="Group by scope (with --depth), stage (resolution of the map) or type of layer.",
)
@click.option("--sort", type=COLUMNS, metavar="COLUMN", help="Sort by a figure, largest first: flops, params, memory, …")
@click.option(
    "--top",
    type=click.IntRange(1),
    metavar="N",
    help="Only the N largest rows (by --sort, or FLOPs); the others as one.",
)
@click.option("--columns", type=COLUMNS, metavar="A,B,…", help="Which columns, in which order: name,output,params,flops, …")
@click.option("--bars", is_flag=True, help="Draw bars beside figures, and shares; in terminals only.")
@click.option("--free", is_flag=True, help="Also show the layers that cost nothing.")
@device_options
@training_options
@model_options
@unit_option
@output_options
def command(
    model: str,
    depth: int | None,
    by: str | None,
    sort: str | None,
    top: int | None,
    columns: str | None,
    bars: bool,
    free: bool,
    device: str | None,
    peak: str | None,
    bandwidth: str | None,
    format: str | None,
    path: str | None,
    exact: bool,
    **options: Any,
) -> None:
    """One row per layer of MODEL, as in the lecture, with totals.

    \b
    cnncost table alexnet_lecture
    cnncost table resnext50_32x4d --depth 1
    cnncost table vgg16 --by resolution
    cnncost table resnet50 --set width=32 --size 160 -o narrow.csv
    cnncost table vgg16 --columns name,output,rf,intensity,bound --device h100
    """
    from cnncost.base.figures import order_key
    from cnncost.show.tables.columns import column_keys

    check_output(format, path)
    if columns is not None:
        column_keys(columns)
    if sort is not None:
        order_key(sort)
    bounding = chosen_device(device, peak, bandwidth)
    (report,) = reports([model], **options)
    asked: dict[str, Any] = {"columns": columns, "sort": sort, "top": top, "free": free, "exact": exact, "device": bounding}
    table = report.table(depth=depth, by=by, bars=bars and format_for(format, path) == "terminal", **asked)
    show(table, format, path)
