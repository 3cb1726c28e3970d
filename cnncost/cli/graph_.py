"""cnncost graph."""

from __future__ import annotations

from typing import Any

import click

from cnncost.cli.options import Name, complete_model, emit, model_options, reports

FORMATS = ("json", "mermaid", "dot", "folded")  # those of cnncost.show.graphs, named here for --help


@click.command("graph")
@click.argument("model", shell_complete=complete_model)
@click.option(
    "--format", "format", type=Name("format", lambda: FORMATS), metavar="FORMAT", help=f"One of {', '.join(FORMATS)}."
)
@click.option(
    "--depth",
    type=click.IntRange(0),
    metavar="N",
    help="Levels of scopes shown open (mermaid, dot).  [default: as stays readable]",
)
@click.option("--figure", default="flops", show_default=True, metavar="COLUMN", help="The figure of mermaid, dot and folded.")
@click.option("-o", "--output", "path", metavar="FILE", help="Write to FILE: .json, .mmd, .dot or .folded.")
@model_options
def command(model: str, format: str | None, depth: int | None, figure: str, path: str | None, **options: Any) -> None:
    """The graph of MODEL for other programs: nodes, edges, scopes and repeats.

    \b
    cnncost graph resnet50 -o resnet50.json
    cnncost graph resnet50 --format mermaid
    cnncost graph resnet50 --format folded | flamegraph.pl > flops.svg
    """
    from cnncost.show.graphs import SUFFIXES, TEXTS, graph_data
    from cnncost.show.pictures import share_key
    from cnncost.show.render import format_of, json_object

    key = share_key(figure)
    chosen = format or ("json" if path is None or path == "-" else format_of(path, SUFFIXES))
    (report,) = reports([model], **options)
    if chosen == "json":
        emit(json_object(graph_data(report.counts.graph)) + "\n", path)
    else:
        emit(TEXTS[chosen](report, key, depth), path)
