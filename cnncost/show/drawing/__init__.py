"""Drawings of networks: boxes in nested levels, repeats folded."""

from __future__ import annotations

from cnncost.base.figures import figure as named
from cnncost.base.units import short
from cnncost.measures.report import Report
from cnncost.show.drawing.scheme import scheme
from cnncost.show.drawing.svg import svg
from cnncost.show.drawing.words import entry


def drawing(report: Report, *, depth: int | None = None, figure: str = "flops", dark: bool = False) -> str:
    """Return the drawing of a report's network as the text of an SVG file.

    `depth` says how many levels of scopes are drawn open, by default as many as stay readable; each box shows its share of
    `figure`, a column of the report.

    >>> import cnncost
    >>> drawing(cnncost.analyze("resnet18")).startswith("<svg ")
    True
    """
    graph, total = report.counts.graph, report.total
    subtitle = f"{short(total['params'])} parameters, {short(total['flops'])} FLOPs ({report.convention.name})"
    return svg(
        scheme(graph),
        title=report.model,
        subtitle=subtitle,
        input=entry(graph.inputs),
        figures=report.column(figure).tolist(),
        figure=named(figure).title,
        depth=depth,
        dark=dark,
    )
