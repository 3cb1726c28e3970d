"""cnncost conventions."""

from __future__ import annotations

import click

from cnncost.cli.options import CONVENTION, check_output, output_options, show


@click.command("conventions")
@click.argument("name", required=False, type=CONVENTION)
@output_options
def command(name: str | None, format: str | None, path: str | None, exact: bool) -> None:
    """The counting conventions; with NAME (or a YAML file) the formula of each layer type.

    \b
    cnncost conventions
    cnncost conventions fvcore
    cnncost conventions my.yaml
    """
    from cnncost.counting import CONVENTIONS, convention
    from cnncost.show.tables.conventions import convention_table, conventions_table

    check_output(format, path)
    show(convention_table(convention(name)) if name else conventions_table(list(CONVENTIONS.values())), format, path)
