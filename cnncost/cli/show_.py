"""cnncost show."""

from __future__ import annotations

from typing import Any

import click

from cnncost.cli.options import chosen, complete_model, emit, network_options


@click.command("show")
@click.argument("model", shell_complete=complete_model)
@network_options
@click.option("-o", "--output", "path", metavar="FILE", help="Write to FILE.")
def command(model: str, path: str | None, **options: Any) -> None:
    """MODEL as a spec in YAML, which reads back to the same costs.

    \b
    cnncost show resnet50
    cnncost show resnext50_32x4d --set base_width=8 -o wider.yaml
    """
    found = chosen(model, **options)
    from cnncost.models.spec.write import write

    emit(write(found.trace(), found.source), path)
