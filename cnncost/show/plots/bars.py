"""Plots of lengths: the icicle of one network, networks side by side by resolution, what changed between two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncost.base.figures import figure as named
from cnncost.base.units import BYTE_UNITS, many, short
from cnncost.graph.structure import Scope, scopes
from cnncost.measures.groups import coarseness
from cnncost.measures.report import Report
from cnncost.questions.diff import difference
from cnncost.show.drawing import words
from cnncost.show.drawing.svg import percent
from cnncost.show.plots.style import (
    COLOURS,
    DARK,
    GROWN,
    LETTER,
    LIGHT,
    SHRUNK,
    WIDTH,
    Figure,
    axis,
    data,
    ink_on,
    number,
    plot,
    stage_colour,
)

ROW = 28  # pixels of a level of the icicle
MOST_CHANGES = 24


def amount(value: float, key: str) -> str:
    """Return a figure in three or four digits with its unit."""
    if named(key).unit != "bytes":
        return short(int(value))
    for unit, size in reversed(BYTE_UNITS.items()):
        if abs(value) >= size:
            return f"{float(value / size):.2f} {unit}"
    return f"{int(value)} B"


def icicle(report: Report, figure: str = "flops", *, dark: bool = False) -> Figure:
    """Return the icicle of a report: a row for each level of scopes, as wide as what it costs, in execution order.

    >>> import cnncost
    >>> sorted(icicle(cnncost.analyze("resnet18"))["layer"][0]["encoding"])[:3]
    ['color', 'description', 'tooltip']
    """
    column: list[int] = report.column(figure).tolist()
    kinds = [node.kind for node in report.counts.graph.layers]
    names = [node.name for node in report.counts.graph.layers]
    total = sum(column) or 1
    rows: list[dict[str, Any]] = []
    ink = DARK if dark else LIGHT

    def add(label: str, name: str, family: str, start: int, value: int, depth: int) -> None:
        room = value / total * WIDTH
        colour = ink["scope"] if family == "scope" else COLOURS[family]
        said = f"{label}  {amount(value, figure)}"
        text = next((text for text in (said, label) if len(text) * LETTER + 8 < room), "")
        rows.append(
            {
                "x": start / total,
                "x2": (start + value) / total,
                "y": depth * ROW,
                "y2": (depth + 1) * ROW - 2,
                "at": start / total + 4 / WIDTH,
                "line": depth * ROW + ROW / 2,
                "text": text,
                "colour": colour,
                "ink": ink["ink"] if family == "scope" else ink_on(colour),
                "name": name,
                "says": f"{name}: {amount(value, figure)} ({percent(value / total) or '0 %'})",
            }
        )

    def walk(scope: Scope, start: int, depth: int) -> None:
        for part in scope.parts:
            inside = part.layers if isinstance(part, Scope) else (part,)
            value = sum(column[index] for index in inside)
            if value * WIDTH / total < 0.5:
                start += value
                continue
            if isinstance(part, Scope):
                add(part.label, part.name, "scope", start, value, depth)
                walk(part, start, depth + 1)
            else:
                add(names[part].rpartition(".")[2], names[part], words.family(kinds[part]), start, value, depth)
            start += value

    add(report.model, report.model, "scope", 0, sum(column), 0)
    walk(scopes(report.counts.graph), 0, 1)
    deepest = max(row["y2"] for row in rows)
    place = {"type": "quantitative", "axis": None}
    across = {"x": {"field": "x", "scale": {"domain": [0, 1], "nice": False}, **place}, "x2": {"field": "x2"}}
    down = {"y": {"field": "y", "scale": {"domain": [deepest, 0], "nice": False}, **place}, "y2": {"field": "y2"}}
    return plot(
        f"{named(figure).title} of {report.model}",
        subtitle=f"{amount(sum(column), figure)} by stage, block and layer, in execution order",
        dark=dark,
        height=int(deepest),
        **data(rows),
        layer=[
            {
                "mark": {"type": "rect", "cornerRadius": 2, "stroke": ink["back"], "strokeWidth": 0.7},
                "encoding": {
                    **across,
                    **down,
                    "color": {"field": "colour", "type": "nominal", "scale": None},
                    "description": {"field": "says"},
                    "tooltip": {"field": "says"},
                },
            },
            {
                "mark": {"type": "text", "align": "left", "baseline": "middle"},
                "transform": [{"filter": "datum.text != ''"}],
                "encoding": {
                    "x": {"field": "at", "scale": {"domain": [0, 1], "nice": False}, **place},
                    "y": {"field": "line", "scale": {"domain": [deepest, 0], "nice": False}, **place},
                    "text": {"field": "text"},
                    "color": {"field": "ink", "type": "nominal", "scale": None},
                },
            },
        ],
    )


def stages(reports: Sequence[Report], labels: Sequence[str], figure: str = "flops", *, dark: bool = False) -> Figure:
    """Return networks side by side: one bar each, made of its resolutions, which line up and have the same colours."""
    title, size = axis(figure)
    rows = []
    for label, report in zip(labels, reports, strict=True):
        parts = report.group(by="resolution")
        start = 0
        whole = sum(parts.column(figure).tolist()) or 1
        for row, value in zip(parts.rows, parts.column(figure).tolist(), strict=True):
            if value:
                rows.append(
                    {
                        "model": label,
                        "stage": row.name,
                        "from": start / size,
                        "to": (start + value) / size,
                        "says": f"{label} at {row.name}: {amount(value, figure)} ({percent(value / whole)})",
                    }
                )
            start += value
    every = {"labelOverlap": False}
    order = sorted({row["stage"] for row in rows}, key=coarseness)
    return plot(
        f"{title.removesuffix(' (MB)')} by resolution of the map",
        subtitle="1/4: maps with a quarter of the input's height and width; head: vectors",
        dark=dark,
        height=34 * len(reports),
        **data(rows),
        mark={"type": "bar", "stroke": (DARK if dark else LIGHT)["back"], "strokeWidth": 0.7},
        encoding={
            "y": {"field": "model", "type": "nominal", "sort": list(labels), "title": None, "axis": every},
            "x": {"field": "from", "type": "quantitative", "title": title, "axis": number(figure)},
            "x2": {"field": "to"},
            "color": {
                "field": "stage",
                "type": "nominal",
                "title": "resolution",
                "scale": {"domain": order, "range": [stage_colour(stage) for stage in order]},
            },
            "tooltip": {"field": "says"},
            "description": {"field": "says"},
        },
    )


def changes(old: Report, new: Report, labels: Sequence[str], figure: str = "flops", *, dark: bool = False) -> Figure:
    """Return what changed between two networks, layer by layer, the largest change first."""
    title, size = axis(figure)
    key = named(figure).key
    listed = [change for change in difference(old.to_dict(), new.to_dict(), named(figure).name).layers if change.delta(key)]
    rows = []
    for change in listed[:MOST_CHANGES]:
        by = change.delta(key)
        said = f"{change.layer['name']}, {change.change}: {'+' if by > 0 else ''}{amount(by, figure)}"
        grown = "grown" if by > 0 else "shrunk"
        rows.append({"layer": change.layer["name"], "change": by / size, "what": grown, "says": said})
    every = {"labelOverlap": False}
    rest = listed[MOST_CHANGES:]
    left = sum(change.delta(key) for change in rest)
    total = sum(new.column(figure).tolist()) - sum(old.column(figure).tolist())
    short_title = title.removesuffix(" (MB)")
    subtitle = f"{short_title} {'+' if total > 0 else ''}{amount(total, figure)} in all: the largest changes by layer"
    if rest:
        subtitle += f"; {many(len(rest), 'other')} together {'+' if left > 0 else ''}{amount(left, figure)}"
    return plot(
        f"{labels[0]} → {labels[1]}",
        subtitle=subtitle,
        dark=dark,
        height=max(19 * len(rows), 40),
        **data(rows),
        mark={"type": "bar"},
        encoding={
            "y": {"field": "layer", "type": "nominal", "sort": [row["layer"] for row in rows], "title": None, "axis": every},
            "x": {"field": "change", "type": "quantitative", "title": f"change of {title}", "axis": number(figure)},
            "color": {
                "field": "what",
                "type": "nominal",
                "title": None,
                "scale": {"domain": ["grown", "shrunk"], "range": [GROWN, SHRUNK]},
            },
            "tooltip": {"field": "says"},
            "description": {"field": "says"},
        },
    )
