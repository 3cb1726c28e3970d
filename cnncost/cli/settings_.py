"""cnncost settings."""

from __future__ import annotations

import click

from cnncost.cli.options import check_output, complete_model, output_options, show


@click.command("settings")
@click.argument("model", shell_complete=complete_model)
@output_options
def command(model: str, format: str | None, path: str | None, exact: bool) -> None:
    """What can be changed of MODEL: each setting, its value, what it takes and what it means.

    \b
    cnncost settings resnet50
    cnncost settings "wrn_28_10 --set k=4"
    """
    from cnncost.models.load import load
    from cnncost.show.tables.settings import settings_table

    check_output(format, path)
    show(settings_table(load(model)), format, path)
