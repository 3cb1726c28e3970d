"""cnncost snapshot."""

from __future__ import annotations

from typing import Any

import click

from cnncost.cli.options import (
    check_output,
    complete_model,
    model_options,
    output_options,
    reports,
    show,
    training_options,
    unit_option,
)


@click.command("snapshot")
@click.argument("models", nargs=-1, shell_complete=complete_model)
@click.option("--config", metavar="FILE", help="Where models are configured.  [default: cnncost.toml or pyproject.toml]")
@training_options
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
    from cnncost.models.load import with_budget

    configuration, names = configured(models, config, options)
    found = reports(names, **options)
    limits = {name: [*with_budget(name)[1], *configuration.limits(name)] for name in names}
    from cnncost.show.tables.snapshot import snapshot_table

    show(snapshot_table(found, names, exact, limits), format, path)
