"""cnncost explain."""

from __future__ import annotations

from typing import Any

import click

from cnncost.base import usual
from cnncost.base.errors import UsageError
from cnncost.cli.options import (
    CONVENTIONS,
    check_output,
    chosen,
    complete_model,
    model_options,
    output_options,
    show,
    unit_option,
)


@click.command("explain")
@click.argument("model", shell_complete=complete_model)
@click.option("--conventions", type=CONVENTIONS, metavar="A,B,…", help="Which conventions to compare; * stands for any.")
@click.option("--claim", metavar="NUMBER", help="Which network, counted how, gives this number: 3.8G, 25.6M params, 48.6MB.")
@click.option("--layer", metavar="NAME", help="The arithmetic of one layer with its numbers put in, or the sum of a scope.")
@click.option("--field", metavar="NAME", help="How the receptive field of one layer comes about, layer by layer.")
@click.option("--blank", is_flag=True, help="With --layer or --field: an exercise sheet, the solution at its end.")
@model_options
@unit_option
@output_options
def command(
    model: str,
    conventions: str | None,
    claim: str | None,
    layer: str | None,
    field: str | None,
    blank: bool,
    convention: str,
    batch: str,
    dtype: str,
    format: str | None,
    path: str | None,
    exact: bool,
    **options: Any,
) -> None:
    """Where the numbers of MODEL come from: what is counted for each layer type, whose count a number is, one layer's sums.

    \b
    cnncost explain resnet50
    cnncost explain resnet50 --conventions fvcore,thop
    cnncost explain resnet50 --claim 3.8G
    cnncost explain resnet50 --layer conv1
    cnncost explain resnet50 --layer layer1
    cnncost explain alexnet --field features.12 --blank --format markdown
    """
    from cnncost.base.units import whole_number

    check_output(format, path)
    given = {"--conventions": conventions, "--claim": claim, "--layer": layer, "--field": field}
    asked = [name for name, value in given.items() if value is not None]
    if len(asked) > 1 and asked != ["--conventions", "--claim"]:
        raise UsageError(f"{' and '.join(asked)} cannot be combined", "give one of them")
    if blank and layer is None and field is None:
        raise UsageError("--blank makes an exercise of one layer", "give it one: --layer NAME, or --field NAME")
    number = whole_number(batch, "--batch")
    network = chosen(model, **options)
    if claim is not None:
        from cnncost.counting import several
        from cnncost.questions import claims

        said = claims.claim(claim)
        own = (
            several(convention if conventions is None else conventions) if conventions or convention != usual.CONVENTION else []
        )
        sizes = [f"--size {options['size']}"] if options["size"] else [f"--input {text}" for text in options["input"]]
        label = " ".join([model, *(f"--set {setting}" for setting in options["settings"]), *sizes, *options["changes"].words])
        found: Any = claims.readings(network, said, label, own)
    else:
        from cnncost.counting import several
        from cnncost.measures.report import held
        from cnncost.questions import explain

        named = several(convention if conventions is None else conventions)
        graph = held(network.trace())
        if field is not None:
            found = explain.field_working(graph, field)
        elif layer is None:
            found = explain.explanation(graph, named, number)
        else:
            found = explain.working(graph, layer, named[0], number, dtype)
    show(found.table(exact=exact, blank=True) if blank else found.table(exact=exact), format, path)
