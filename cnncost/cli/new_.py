"""cnncost new."""

from __future__ import annotations

import os

import click

from cnncost.base.errors import UsageError
from cnncost.cli.options import complete_model, emit


@click.command("new")
@click.argument("file", type=click.Path())
@click.option("--from", "model", metavar="MODEL", shell_complete=complete_model, help="Start from MODEL.")
@click.option("--force", is_flag=True, help="Replace FILE where it is there already.")
def command(file: str, model: str | None, force: bool) -> None:
    """Write a commented spec to start from to FILE (- for the terminal).

    \b
    cnncost new mynet.yaml
    cnncost new --from resnext50_32x4d mynet.yaml
    """
    from cnncost.models.load import is_spec, load

    if not is_spec(file):
        raise UsageError(f"'{file}' is no name of a spec", f"name it with the suffix .yaml: {file}.yaml")
    if file != "-" and os.path.exists(file) and not force:
        raise UsageError(f"'{file}' is there already", "choose another name, or replace it: --force")
    from cnncost.models.spec.start import start

    emit(start(load(model) if model is not None else None, "mynet.yaml" if file == "-" else file), file)
    if file != "-":
        click.echo(f"{file} is written. Its cost: cnncost table {file}", err=True)
