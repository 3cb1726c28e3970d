"""cnncost snapshot."""

from __future__ import annotations

from typing import Any

import click

from cnncost.cli.options import check_output, complete_model, model_options, output_options, reports, show, unit_option


@click.command("snapshot")
@click.argument("models", nargs=-1, shell_complete=complete_model)
@click.option("--config", metavar="FILE", help="Where models are configured.  [default: cnncost.toml or pyproject.toml]")
@model_options
@unit_option
@output_options
def command(
    models: tuple[str, ...], config: str | None, format: str | None, path: str | None, exact: bool, **options: Any
) -> None:
    """What MODELS cost now, layer by layer, for `check --against FILE` and `diff FILE MODEL`: for places without git.

    MODELS are those of `check`.

    \b
    cnncost snapshot "specs/*.yaml" -o costs.json
    cnncost check --against costs.json
    """
    check_output(format, path)
    from cnncost.cli.check_ import configured

    names = configured(models, config, options)[1]
    found = reports(names, **options)
    from cnncost.show.tables.snapshot import snapshot_table

    show(snapshot_table(found, names, exact), format, path)
