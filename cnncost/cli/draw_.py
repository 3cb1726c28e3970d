"""cnncost draw."""

from __future__ import annotations

from typing import Any

import click

from cnncost.cli.options import complete_model, model_options, reports, write_picture


@click.command("draw")
@click.argument("model", shell_complete=complete_model)
@click.option(
    "-o", "--output", "path", metavar="FILE", help="Write to FILE: .svg, .png or .pdf.  [default: SVG to the standard output]"
)
@click.option("--depth", type=click.IntRange(0), metavar="N", help="Levels of scopes drawn open.  [default: as stays readable]")
@click.option("--figure", default="flops", show_default=True, metavar="COLUMN", help="The figure whose shares the boxes show.")
@click.option("--dark", is_flag=True, help="Light ink on a dark ground.")
@model_options
def command(model: str, path: str | None, depth: int | None, figure: str, dark: bool, **options: Any) -> None:
    """A drawing of MODEL: a box for each layer or scope, repeats folded to ×n.

    \b
    cnncost draw resnext50_32x4d -o resnext.svg
    cnncost draw inception_reduced -o inception.png
    cnncost draw net.yaml --depth 2 --figure params -o net.pdf
    """
    from cnncost.show.pictures import convert, picture_format, share_key

    key = share_key(figure)
    chosen = picture_format(path)
    (report,) = reports([model], **options)
    from cnncost.show.drawing import drawing

    write_picture(convert(drawing(report, depth=depth, figure=key, dark=dark), chosen), path)
