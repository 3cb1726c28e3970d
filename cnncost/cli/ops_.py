"""cnncost ops."""

from __future__ import annotations

import click

from cnncost.cli.options import KIND, check_output, output_options, show


@click.command("ops")
@click.argument("kind", required=False, type=KIND)
@output_options
def command(kind: str | None, format: str | None, path: str | None, exact: bool) -> None:
    """The layer types with their arguments; with KIND its rule in words and formulas, read off the rule itself.

    \b
    cnncost ops
    cnncost ops conv
    """
    from cnncost.show.tables.rules import ops_table, rule_table

    check_output(format, path)
    show(rule_table(kind) if kind else ops_table(), format, path)
