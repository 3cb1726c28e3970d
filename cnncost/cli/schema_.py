"""cnncost schema."""

from __future__ import annotations

import click

from cnncost.cli.options import emit


@click.command("schema")
@click.option("-o", "--output", "path", metavar="FILE", help="Write to FILE.")
def command(path: str | None) -> None:
    """The JSON Schema of specs, for completion and checks in editors.

    \b
    cnncost schema -o cnncost.schema.json
    """
    from json import dumps

    from cnncost.models.spec.schema import schema

    emit(dumps(schema(), indent=2, ensure_ascii=False) + "\n", path)
