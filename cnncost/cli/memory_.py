"""cnncost memory."""

from __future__ import annotations

from typing import Any

import click

from cnncost.base.errors import UsageError
from cnncost.cli.options import (
    Name,
    check_output,
    complete_model,
    model_options,
    output_options,
    packed,
    reports,
    show,
    training_options,
    unit_option,
)


def _in_place() -> list[str]:
    from cnncost.measures.facts import CAN_WORK_IN_PLACE

    return [*CAN_WORK_IN_PLACE, "none"]


@click.command("memory")
@click.argument("model", required=False, shell_complete=complete_model)
@click.option("--rules", is_flag=True, help="Show what each layer type makes and keeps.")
@click.option(
    "--in-place",
    type=Name("layer type", _in_place, several=True),
    metavar="A,B,…",
    help="The layer types that work in place, as in relu,add; or none.  [default: as torchvision writes the network]",
)
@click.option("--block", metavar="BYTES", default="1", help="Round each storage up; 512 as CUDA's caching allocator.")
@training_options
@model_options
@unit_option
@output_options
def command(
    model: str | None,
    rules: bool,
    in_place: str | None,
    block: str,
    format: str | None,
    path: str | None,
    exact: bool,
    **options: Any,
) -> None:
    """The memory of MODEL by name: activations, outputs, peak, saved for backward, training memory.

    \b
    cnncost memory resnet50
    cnncost memory resnet50 --batch 64 --optimizer adam --dtypes mixed
    cnncost memory resnet50 --batch 64 --checkpoint blocks
    cnncost memory --rules
    """
    from cnncost.base.units import whole_number
    from cnncost.measures.facts import IN_PLACE
    from cnncost.measures.memory import in_place_of, kinds_in_place, memory
    from cnncost.measures.precision import PLAIN
    from cnncost.show.tables.memory import memory_table, rules_table

    check_output(format, path)
    if model is None and not rules:
        raise UsageError("no model named", "write cnncost memory MODEL, or cnncost memory --rules")
    kinds = None if in_place is None else kinds_in_place(in_place)
    trained = packed(options).get("trained", PLAIN)
    size = whole_number(block, "--block")
    if model is None:
        show(rules_table(IN_PLACE if kinds is None else kinds), format, path)
        return
    (report,) = reports([model], **options)
    graph = report.counts.graph
    if rules:
        show(rules_table(in_place_of(graph) if kinds is None else kinds), format, path)
        return
    plan = memory(
        graph,
        batch=report.batch,
        precision=trained.precision(report.dtype),
        optimizer=trained.optimizer,
        checkpoint=trained.checkpoint,
        in_place=kinds,
        block=size,
        convention=report.convention,
    )
    show(memory_table(plan, exact), format, path)
