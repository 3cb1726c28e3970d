"""cnncost plot."""

from __future__ import annotations

from typing import Any

import click

from cnncost.cli.options import Name, chosen_device, complete_model, device_options, model_options, reports, write_picture


def _kinds() -> list[str]:
    from cnncost.show.plots import KINDS

    return list(KINDS)


@click.command("plot")
@click.argument("models", nargs=-1, required=True, shell_complete=complete_model)
@click.option(
    "--kind",
    type=Name("kind of plot", _kinds),
    default="icicle",
    show_default=True,
    metavar="KIND",
    help="icicle, stages, memory, diff, bubble, roofline or field.",
)
@click.option("--figure", default="flops", show_default=True, metavar="COLUMN", help="The figure of icicle, stages and diff.")
@click.option("--x", default="macs", show_default=True, metavar="NAME", help="Of bubble: a figure or a column of the data.")
@click.option("--y", default="top1", show_default=True, metavar="NAME", help="Of bubble: a figure or a column of the data.")
@click.option("--area", default="params", show_default=True, metavar="NAME", help="Of bubble: what the area of a dot is.")
@click.option(
    "--data",
    metavar="FILE.csv",
    help="Of bubble: models and numbers, as in model,top1.  [default: accuracies of torchvision's weights]",
)
@click.option("--dark", is_flag=True, help="Light ink on a dark ground.")
@click.option(
    "-o",
    "--output",
    "path",
    metavar="FILE",
    help="Write to FILE: .svg, .png, .pdf, .html, or .vl.json for Vega-Lite.  [default: Vega-Lite to the standard output]",
)
@device_options
@model_options
def command(
    models: tuple[str, ...],
    kind: str,
    figure: str,
    x: str,
    y: str,
    area: str,
    data: str | None,
    dark: bool,
    path: str | None,
    device: str | None,
    peak: str | None,
    bandwidth: str | None,
    **options: Any,
) -> None:
    """A plot of one or several MODELS.

    \b
    cnncost plot resnet50 -o icicle.svg
    cnncost plot vgg16 resnet50 densenet121 --kind stages --figure params -o s.png
    cnncost plot alexnet vgg16 googlenet resnet50 --kind bubble -o complexity.svg
    """
    from cnncost.show.pictures import plot_format, share_key
    from cnncost.show.plots import check
    from cnncost.show.plots.points import axis_title, known

    key = share_key(figure)
    check(kind, len(models))
    chosen = plot_format(path)
    if kind == "bubble":
        for name in (x, y, area):
            axis_title(name, known(data))
    bounding = chosen_device(device, peak, bandwidth)
    found = reports(models, **options)
    asked = {"figure": key, "device": bounding, "x": x, "y": y, "area": area, "data": data, "dark": dark}
    if chosen == "html":
        from cnncost.show.page.plots import plot_page

        write_picture(plot_page(kind, found, models, **asked), path)
        return
    from cnncost.show.pictures import drawn
    from cnncost.show.plots import figure as plot

    write_picture(drawn(plot(kind, found, models, **asked), chosen), path)
