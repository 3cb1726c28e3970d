"""cnncost diff."""

from __future__ import annotations

from typing import Any

import click

from cnncost.cli.options import check_output, complete_model, costs, model_options, output_options, show, unit_option


@click.command("diff")
@click.argument("old", shell_complete=complete_model)
@click.argument("new", shell_complete=complete_model)
@click.option(
    "--sort", default="flops", show_default=True, metavar="FIGURE", help="Order of the layers: flops, params, memory, …"
)
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the N largest changes; the others as one row.")
@click.option("--depth", type=click.IntRange(1), metavar="N", help="Scope by scope, not layer by layer: 1 stages, 2 blocks, …")
@model_options
@unit_option
@output_options
def command(
    old: str,
    new: str,
    sort: str,
    top: int | None,
    depth: int | None,
    format: str | None,
    path: str | None,
    exact: bool,
    **options: Any,
) -> None:
    """What changed from OLD to NEW: totals, and layer by layer, heaviest first.

    OLD and NEW are models, specs, REF:path for a spec as it was in git, or files of `cnncost snapshot`.

    \b
    cnncost diff resnet50 resnext50_32x4d
    cnncost diff main:specs/net.yaml specs/net.yaml
    cnncost diff main:specs/net.yaml specs/net.yaml --depth 1
    """
    check_output(format, path)
    from cnncost.questions.diff import difference, sort_key

    sort_key(sort)
    before, after = costs([old, new], **options)
    show(difference(before, after, sort).table(top=top, exact=exact, depth=depth, by=sort), format, path)
