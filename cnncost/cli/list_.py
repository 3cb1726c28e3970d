"""cnncost list."""

from __future__ import annotations

import click

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.cli.options import Name, check_output, complete_model, output_options, show, unit_option, weights_option


def _columns() -> tuple[str, ...]:
    from cnncost.show.tables.listing import names

    return names()


@click.command("list")
@click.argument("pattern", required=False, shell_complete=complete_model)
@click.option(
    "--columns",
    type=Name("column", _columns, several=True),
    metavar="A,B,…",
    help="Which columns: name,family,input,source, top1,top5,weights,crop,recipe, and figures: depth,params,energy, …",
)
@click.option("--where", metavar="CONDITION", help='Which networks: "top1 >= 80 and params < 30M".')
@click.option(
    "--sort", type=Name("column", _columns, several=True), metavar="COLUMN", help="Smallest first; -COLUMN: largest first."
)
@weights_option
@unit_option
@output_options
def command(
    pattern: str | None,
    columns: str | None,
    where: str | None,
    sort: str | None,
    weights: str | None,
    format: str | None,
    path: str | None,
    exact: bool,
) -> None:
    """The networks of the zoo: name, family, input, source. PATTERN is part of one, or a name with * and ? in it.

    Files of PyTorch, ONNX, Keras, TensorFlow Lite, Darknet and Caffe are models, too: name the file.

    \b
    cnncost list
    cnncost list lecture
    cnncost list "resnext*"
    cnncost list --columns name,params,top1 --where "top1 >= 80" --sort -top1
    """
    from cnncost.models import zoo
    from cnncost.show.tables.listing import list_table

    check_output(format, path)
    wanted = zoo.search(pattern)
    if not wanted:
        raise UsageError(f"no model matches '{pattern}'", did_you_mean(pattern or "", zoo.MODULE_OF, "see: cnncost list"))
    show(list_table(wanted, columns, where, sort, weights or "", exact), format, path)
