"""Plots of points: networks in three figures, layers under a device's roofline, the candidates of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import log, pi
from typing import Any

from cnncost.base.errors import UsageError
from cnncost.measures.devices import Device
from cnncost.measures.report import Report
from cnncost.measures.roofline import OPERATIONS_PER_MAC
from cnncost.show.drawing import words
from cnncost.show.plots.style import COLOURS, DARK, LETTER, LIGHT, WIDTH, Figure, data, plot

HEIGHT = 380
LARGEST = 2200.0  # area of the largest dot, in square pixels
WIDE = 12.0  # the ratio from which an axis is logarithmic
MARK = "#D55E00"


def scale(values: Sequence[float]) -> dict[str, Any]:
    """Return the scale of an axis: logarithmic over a wide range, with room at both ends."""
    low, high = min(values), max(values)
    if low > 0 and high / low > WIDE:
        return {"type": "log", "domain": [low / 1.5, high * 1.8], "nice": False}
    room = (high - low) * 0.12 or abs(high) * 0.1 or 1
    least = max(0.0, low - room) if low >= 0 else low - room
    return {"type": "linear", "domain": [least, high + room], "zero": False, "nice": False}


def bubble(points: Sequence[Mapping[str, Any]], x: str, y: str, size: str, *, dark: bool = False) -> Figure:
    """Return networks as dots at two figures, of the area of a third.

    Each point has its `label` and the values `x`, `y` and `size`; the titles of the axes are those given.
    """
    if not points:
        raise UsageError("no point to draw", "name models")
    most = max(point["size"] for point in points) or 1
    scales = {axis: scale([point[axis] for point in points]) for axis in ("x", "y")}
    rows = [{**point, "radius": (LARGEST * point["size"] / most / pi) ** 0.5} for point in points]
    labels = _labels(rows, scales)
    place = {
        axis: {"field": axis, "type": "quantitative", "title": title, "scale": scales[axis], "axis": {"format": "~s"}}
        for axis, title in (("x", x), ("y", y))
    }
    legend = {"format": "~s", "symbolFillColor": COLOURS["conv"], "symbolOpacity": 0.65}
    return plot(
        f"{y} against {x}",
        subtitle=f"the area of a dot is its {size}",
        dark=dark,
        height=HEIGHT,
        **data(rows),
        layer=[
            {
                "mark": {"type": "point", "filled": True, "opacity": 0.65, "color": COLOURS["conv"]},
                "encoding": {
                    **place,
                    "size": {
                        "field": "size",
                        "type": "quantitative",
                        "title": size,
                        "scale": {"domain": [0, most], "range": [0, LARGEST]},
                        "legend": legend,
                    },
                    "tooltip": {"field": "says"},
                    "description": {"field": "says"},
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 9, "color": (DARK if dark else LIGHT)["ink"]},
                "encoding": place,
            },
            *(
                {
                    **data([row for row in labels if row["align"] == align]),
                    "mark": {"type": "text", "align": align, "dx": {"expr": "datum.dx"}, "dy": {"expr": "datum.dy"}},
                    "encoding": {**place, "text": {"field": "label"}},
                }
                for align in sorted({row["align"] for row in labels})
            ),
        ],
    )


def _labels(rows: Sequence[Mapping[str, Any]], scales: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return where the label of each dot stands: beside, below or above it, where it covers no other label."""

    def pixel(axis: str, value: float) -> float:
        low, high = scales[axis]["domain"]
        if scales[axis]["type"] == "log":
            low, high, value = log(low), log(high), log(value)
        part = (value - low) / (high - low)
        return float(part * WIDTH if axis == "x" else (1 - part) * HEIGHT)

    taken: list[tuple[float, float, float, float]] = []
    found = []
    for row in sorted(rows, key=lambda row: -row["size"]):
        x, y, reach, wide = pixel("x", row["x"]), pixel("y", row["y"]), row["radius"] + 4, len(row["label"]) * LETTER
        places = [
            ("left", reach, 0.0),
            ("right", -reach, 0.0),
            *(("center", 0.0, side * (reach + 6 + 13 * step)) for step in range(4) for side in (1, -1)),
        ]
        free: list[tuple[Any, ...]] = []
        for align, dx, dy in places:
            left = x + dx - (0 if align == "left" else wide if align == "right" else wide / 2)
            box = (left, y + dy - 7, left + wide, y + dy + 7)
            hits = sum(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken)
            outside = box[0] < 0 or box[2] > WIDTH + 60 or box[1] < 0 or box[3] > HEIGHT
            free.append((hits + 2 * outside, len(free), align, dx, dy, box))
        _, _, align, dx, dy, box = min(free)
        taken.append(box)
        found.append({"label": row["label"], "x": row["x"], "y": row["y"], "align": align, "dx": dx, "dy": dy})
    return found


def roofline(report: Report, label: str, device: Device, *, dark: bool = False) -> Figure:
    """Return the layers with multiply-adds under the roofline of a device: each at the most it can reach."""
    bounds = report.column("bound", device).tolist()
    moved = report.column("moved").tolist()
    rate, bandwidth = device.rate(report.dtype), device.bandwidth
    rows = []
    for row, macs, size, bound in zip(report.rows, report.macs.tolist(), moved, bounds, strict=True):
        if macs and size and bound:
            operations = OPERATIONS_PER_MAC * macs
            rows.append(
                {
                    "x": operations / size,
                    "y": operations / bound * 1e6,
                    "bound": bound,
                    "family": words.LEGEND[words.family(row.kind)],
                    "says": f"{row.name}: {operations / size:.1f} operations per byte, at least {bound:.3g} µs",
                }
            )
    if not rows:
        raise UsageError(f"{label} has no layer with multiply-adds", "name another model")
    ridge = rate / bandwidth
    left, right = min(ridge, *(row["x"] for row in rows)) / 2, max(ridge, *(row["x"] for row in rows)) * 2
    roof = [{"x": left, "y": left * bandwidth}, {"x": ridge, "y": rate}, {"x": right, "y": rate}]
    families = list(dict.fromkeys(row["family"] for row in rows))
    colours = {words.LEGEND[key]: colour for key, colour in COLOURS.items() if key in words.LEGEND}
    low = min(row["y"] for row in rows)
    place = {
        "x": {
            "field": "x",
            "type": "quantitative",
            "title": "operations per byte moved (a multiply-add is two)",
            "scale": {"type": "log", "domain": [left, right], "nice": False},
            "axis": {"format": "~g"},
        },
        "y": {
            "field": "y",
            "type": "quantitative",
            "title": f"operations/s on {device.name}, at most",
            "scale": {"type": "log", "domain": [low / 2, rate * 2], "nice": False},
            "axis": {"format": "~s"},
        },
    }
    ink = DARK if dark else LIGHT
    return plot(
        f"Roofline of {label} on {device.name}",
        subtitle=f"{rate:.4g} operations/s in {report.dtype}, {bandwidth:.4g} bytes/s ({device.source}); ridge at {ridge:.1f}",
        dark=dark,
        height=300,
        layer=[
            {**data(roof), "mark": {"type": "line", "color": ink["line"], "strokeWidth": 2}, "encoding": place},
            {
                **data(rows),
                "mark": {"type": "point", "filled": True, "opacity": 0.6},
                "encoding": {
                    **place,
                    "size": {
                        "field": "bound",
                        "type": "quantitative",
                        "title": "bound (µs)",
                        "scale": {"rangeMax": 500, "rangeMin": 10},
                    },
                    "color": {
                        "field": "family",
                        "type": "nominal",
                        "title": None,
                        "scale": {"domain": families, "range": [colours[family] for family in families]},
                    },
                    "tooltip": {"field": "says"},
                    "description": {"field": "says"},
                },
            },
        ],
    )


def front(
    points: Sequence[Mapping[str, Any]],
    x: str,
    y: str,
    limits: Mapping[str, float] | None = None,
    *,
    title: str = "Candidates",
    subtitle: str = "",
    dark: bool = False,
) -> Figure:
    """Return the candidates of a sweep at two figures, the box of a budget, and a line through them where they are a front.

    `limits` has the largest `x` and `y` that a budget allows, where it limits them.
    """
    if not points:
        raise UsageError("no candidate to draw", "ask for less: a wider --where")
    limits = limits or {}
    ink = DARK if dark else LIGHT
    reach = {axis: [p[axis] for p in points] + ([limits[axis]] if axis in limits else []) for axis in ("x", "y")}
    place: dict[str, dict[str, Any]] = {
        axis: {
            "field": axis,
            "type": "quantitative",
            "title": said,
            "scale": scale(reach[axis]),
            "axis": {"format": "~s"},
        }
        for axis, said in (("x", x), ("y", y))
    }
    layers: list[dict[str, Any]] = []
    if limits:
        low = {axis: place[axis]["scale"]["domain"][0] for axis in ("x", "y")}
        high = {axis: limits.get(axis, place[axis]["scale"]["domain"][1]) for axis in ("x", "y")}
        box = {"x": low["x"], "x2": high["x"], "y": low["y"], "y2": high["y"]}
        layers.append(
            {
                **data([box]),
                "mark": {"type": "rect", "color": COLOURS["pool"], "opacity": 0.13},
                "encoding": {**place, "x2": {"field": "x2"}, "y2": {"field": "y2"}},
            }
        )
        layers += [
            {
                **data([{axis: limits[axis]}]),
                "mark": {"type": "rule", "color": MARK, "strokeDash": [4, 3]},
                "encoding": {axis: place[axis]},
            }
            for axis in limits
        ]
    ordered = sorted(points, key=lambda point: point["x"])
    steps = {a["y"] <= b["y"] for a, b in pairwise(ordered)}
    if len(steps) == 1 and len(points) > 2:
        layers.append({**data(ordered), "mark": {"type": "line", "color": ink["line"], "strokeWidth": 1}, "encoding": place})
    layers.append(
        {
            **data(points),
            "mark": {"type": "point", "filled": True, "opacity": 0.7, "size": 45, "color": COLOURS["conv"]},
            "encoding": {**place, "tooltip": {"field": "says"}, "description": {"field": "says"}},
        }
    )
    if len(points) <= 24:
        layers.append(
            {
                **data(points),
                "mark": {"type": "text", "align": "left", "dx": 7, "dy": -4, "fontSize": 10},
                "encoding": {**place, "text": {"field": "label"}},
            }
        )
    return plot(title, subtitle=subtitle, dark=dark, height=HEIGHT, layer=layers)
