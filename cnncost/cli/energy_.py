"""cnncost energy."""

from __future__ import annotations

from typing import Any

import click

from cnncost.cli.options import check_output, complete_model, model_options, output_options, reports, show


@click.command("energy")
@click.argument("model", shell_complete=complete_model)
@model_options
@output_options
def command(model: str, format: str | None, path: str | None, exact: bool, **options: Any) -> None:
    """An estimate of the energy that MODEL takes: multiply-adds by dtype, and bytes moved by level.

    \b
    cnncost energy resnet50
    cnncost energy resnet50 --dtype int8
    cnncost compare resnet50 mobilenet_v2 --columns macs,energy --dtype int8
    """
    check_output(format, path)
    (report,) = reports([model], **options)
    from cnncost.measures.energy import energy
    from cnncost.measures.memory import memory

    graph = report.counts.graph
    plan = memory(graph, batch=report.batch, precision=report.dtype)
    show(energy(plan, report.dtype).table(exact=exact), format, path)
