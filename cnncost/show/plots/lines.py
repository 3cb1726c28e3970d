"""Plots over execution: live memory, and the receptive field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncost.base.errors import UsageError
from cnncost.measures.report import Report
from cnncost.show.plots.bars import amount
from cnncost.show.plots.style import COLOURS, STAGES, Figure, data, plot

HEIGHT = 240
MARK = "#D55E00"


def memory(reports: Sequence[Report], labels: Sequence[str], *, dark: bool = False) -> Figure:
    """Return what is live while each layer runs; of several networks over the share of their layers that has run."""
    several = len(reports) > 1
    rows = []
    for label, report in zip(labels, reports, strict=True):
        live = report.column("live").tolist()
        names = [row.name for row in report.rows]
        for index, value in enumerate(live):
            rows.append(
                {
                    "model": label,
                    "layer": index / len(live) if several else index,
                    "live": value / 2**20,
                    "says": f"{names[index]}: {amount(value, 'peak')}",
                }
            )
        if not live:
            raise UsageError(f"{label} has no layers", "name another model")
    first = reports[0].derivation().plan
    x = {
        "field": "layer",
        "type": "quantitative",
        "title": "share of the layers that has run" if several else "layers, in execution order",
        "scale": {"nice": False},
        "axis": {"grid": False, **({"format": "%"} if several else {})},
    }
    y = {"field": "live", "type": "quantitative", "title": "live at inference (MB)"}
    shape = (
        {"type": "line", "interpolate": "step-after"}
        if several
        else {
            "type": "area",
            "interpolate": "step-after",
            "color": COLOURS["conv"],
            "opacity": 0.55,
        }
    )
    layers: list[dict[str, Any]] = [
        {
            "mark": shape,
            "encoding": {
                "x": x,
                "y": y,
                **(
                    {
                        "color": {
                            "field": "model",
                            "type": "nominal",
                            "title": None,
                            "scale": {"domain": list(labels), "range": list(STAGES[: len(labels)])},
                        }
                    }
                    if several
                    else {}
                ),
            },
        }
    ]
    if not several:
        peak = max(rows, key=lambda row: row["live"])
        said = f"peak {amount(first.peak_bytes, 'peak')} at {first.peak_at}"
        right = peak["layer"] > len(rows) / 2
        layers += [
            {
                **data([peak]),
                "mark": {"type": "rule", "color": MARK, "strokeDash": [4, 3]},
                "encoding": {"x": {"field": "layer", "type": "quantitative"}},
            },
            {
                **data([{**peak, "text": said}]),
                "mark": {
                    "type": "text",
                    "align": "right" if right else "left",
                    "dx": -6 if right else 6,
                    "dy": -5,
                    "color": MARK,
                    "fontWeight": 600,
                },
                "encoding": {
                    "x": {"field": "layer", "type": "quantitative"},
                    "y": {"field": "live", "type": "quantitative"},
                    "text": {"field": "text"},
                },
            },
        ]
    title = "Live memory over execution" if several else f"Live memory of {labels[0]}"
    subtitle = f"batch {reports[0].batch}, {reports[0].dtype}; each storage is freed right after its last reader"
    return plot(title, subtitle=subtitle, dark=dark, height=HEIGHT, **data(rows), layer=layers)


def field(reports: Sequence[Report], labels: Sequence[str], *, dark: bool = False) -> Figure:
    """Return how the receptive field grows with depth, the larger of both axes, and how large the input is."""
    rows = []
    for label, report in zip(labels, reports, strict=True):
        found = [None if each is None else max(axis.size for axis in each) for each in report.derivation().fields]
        last = 0
        for index, value in enumerate(found):
            if value is not None:
                rows.append({"model": label, "layer": index, "field": float(value)})
                last = index
        if not last:
            raise UsageError(f"the receptive field of {label} is not worked out", "name another model")
    several = len(reports) > 1
    sizes = sorted({max(report.input[1:]) for report in reports})
    x = {"field": "layer", "type": "quantitative", "title": "layers, in execution order", "axis": {"grid": False}}
    y = {"field": "field", "type": "quantitative", "title": "receptive field (pixels of the input)"}
    lines = [{"size": size, "text": f"input {size} pixels"} for size in sizes]
    return plot(
        "Receptive field along depth" if several else f"Receptive field of {labels[0]}",
        subtitle="which part of the input the layer's output sees, along its longer side",
        dark=dark,
        height=HEIGHT,
        **data(rows),
        layer=[
            {
                "mark": {"type": "line", "interpolate": "step-after", **({} if several else {"color": COLOURS["conv"]})},
                "encoding": {"x": x, "y": y, **(colours(labels) if several else {})},
            },
            {
                **data(lines),
                "mark": {"type": "rule", "color": MARK, "strokeDash": [4, 3]},
                "encoding": {"y": {"field": "size", "type": "quantitative"}},
            },
            {
                **data(lines),
                "mark": {"type": "text", "align": "left", "x": 6, "dy": -6, "color": MARK, "fontWeight": 600},
                "encoding": {"y": {"field": "size", "type": "quantitative"}, "text": {"field": "text"}},
            },
        ],
    )


def colours(labels: Sequence[str]) -> dict[str, Any]:
    """Return the encoding that gives each network a colour."""
    scale = {"domain": list(labels), "range": list(STAGES[: len(labels)])}
    return {"color": {"field": "model", "type": "nominal", "title": None, "scale": scale}}
