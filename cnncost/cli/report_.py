"""cnncost report."""

from __future__ import annotations

from typing import Any

import click

from cnncost.cli.options import chosen_device, complete_model, device_options, emit, model_options, reports


@click.command("report")
@click.argument("models", nargs=-1, required=True, shell_complete=complete_model)
@click.option("--diff", is_flag=True, help="Show what changed from the first model to the second.")
@click.option("-o", "--output", "path", metavar="FILE", help="Write to FILE.html.  [default: the standard output]")
@device_options
@model_options
def command(
    models: tuple[str, ...],
    diff: bool,
    path: str | None,
    device: str | None,
    peak: str | None,
    bandwidth: str | None,
    **options: Any,
) -> None:
    """A page about 1 to 6 MODELS in one HTML file that needs no network.

    \b
    cnncost report resnet50 -o resnet50.html
    cnncost report resnet50 resnext50_32x4d densenet121 --device a100 -o 3.html
    cnncost report --diff main:specs/net.yaml specs/net.yaml -o changes.html
    """
    from cnncost.show.page.data import check_models, page_data
    from cnncost.show.pictures import checked_suffix

    checked_suffix(path, ".html", ".htm")
    check_models(len(models), diff)
    bounding = chosen_device(device, peak, bandwidth)
    found = reports(models, **options)
    from cnncost.show.page import page

    emit(page(page_data(found, models, device=bounding, diff=diff)), path)
