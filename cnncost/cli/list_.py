"""cnncost list."""

from __future__ import annotations

import click

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.cli.options import check_output, complete_model, output_options, show


@click.command("list")
@click.argument("pattern", required=False, shell_complete=complete_model)
@output_options
def command(pattern: str | None, format: str | None, path: str | None, exact: bool) -> None:
    """The networks of the zoo: name, family, depth, input, source. PATTERN is part of one, or a name with * and ? in it.

    Files of PyTorch, ONNX, Keras, TensorFlow Lite, Darknet and Caffe are models, too: name the file.

    \b
    cnncost list
    cnncost list lecture
    cnncost list "resnext*"
    """
    from cnncost.models import zoo
    from cnncost.show.tables.compare import list_table

    check_output(format, path)
    wanted = zoo.search(pattern)
    if not wanted:
        raise UsageError(f"no model matches '{pattern}'", did_you_mean(pattern or "", zoo.MODULE_OF, "see: cnncost list"))
    show(list_table(wanted), format, path)
