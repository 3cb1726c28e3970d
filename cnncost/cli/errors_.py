"""cnncost errors."""

from __future__ import annotations

from collections.abc import Iterable

import click

from cnncost.cli.options import Name, check_output, output_options, show


def _codes() -> Iterable[str]:
    from cnncost.models.spec.problems import CODES

    return CODES


class Code(Name):
    """A code of an error, in either case."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the code as it is printed."""
        return super().convert(value.upper(), param, ctx)


@click.command("errors")
@click.argument("code", required=False, type=Code("code", _codes))
@output_options
def command(code: str | None, format: str | None, path: str | None, exact: bool) -> None:
    """What can be wrong with a spec; with CODE what it means and how it is mended.

    \b
    cnncost errors
    cnncost errors E103
    """
    from cnncost.show.tables.spec import code_table, codes_table

    check_output(format, path)
    show(code_table(code) if code else codes_table(), format, path)
