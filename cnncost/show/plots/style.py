"""How all plots look: sizes, colours, fonts; and the frame of a Vega-Lite object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cnncost.base.figures import figure
from cnncost.show.drawing.svg import COLOURS, DARK, LIGHT

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # a name, which nothing is fetched from
WIDTH = 640
LETTER = 6.6  # pixels of a letter, at most
STAGES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")  # from fine to coarse
HEAD = "#999999"
GROWN, SHRUNK = "#D55E00", "#009E73"

Figure = dict[str, Any]  # a Vega-Lite object


def plot(title: str, *, subtitle: str = "", dark: bool = False, height: int | None = None, **parts: Any) -> Figure:
    """Return a Vega-Lite object with the style of this module around its parts."""
    ink = DARK if dark else LIGHT
    size = {"height": height} if height is not None else {}
    return {
        "$schema": SCHEMA,
        "title": {"text": title, **({"subtitle": subtitle} if subtitle else {}), "anchor": "start", "offset": 12},
        "width": WIDTH,
        **size,
        "background": ink["back"],
        "padding": {"left": 12, "right": 30, "top": 12, "bottom": 12},  # fonts differ in width
        "config": {
            "font": "Arial, Helvetica, sans-serif",  # as wide as what vl-convert measures with
            "title": {"color": ink["ink"], "subtitleColor": ink["dim"], "fontSize": 15, "subtitleFontSize": 12},
            "axis": {
                "labelColor": ink["dim"],
                "titleColor": ink["dim"],
                "titleFontWeight": "normal",
                "gridColor": ink["line"],
                "gridOpacity": 0.35,
                "domainColor": ink["line"],
                "tickColor": ink["line"],
                "labelFontSize": 11,
                "labelOverlap": "greedy",
                "labelSeparation": 8,
                "titleFontSize": 12,
            },
            "legend": {"labelColor": ink["ink"], "titleColor": ink["dim"], "labelFontSize": 11, "titleFontWeight": "normal"},
            "text": {"color": ink["ink"], "fontSize": 11},
            "view": {"stroke": None},
        },
        **parts,
    }


def data(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return rows as inline data."""
    return {"data": {"values": list(rows)}}


def axis(key: str) -> tuple[str, float]:
    """Return the title of an axis for a figure, and what its values are divided by: bytes are shown in MB of 1024² bytes."""
    found = figure(key)
    return (f"{found.title} (MB)", 2.0**20) if found.unit == "bytes" else (found.title, 1.0)


def number(key: str) -> dict[str, Any]:
    """Return the format of an axis of a figure's values: 1.5G for counts."""
    return {"format": "~g" if figure(key).unit == "bytes" else "~s"}


def stage_colour(stage: str) -> str:
    """Return the colour of a resolution, the same in every plot."""
    from math import log2

    if stage == "head":
        return HEAD
    over, under = stage.split("/")
    return STAGES[int(log2(int(under) / int(over))) % len(STAGES)]


def ink_on(colour: str) -> str:
    """Return the ink that is read on a colour: white on blue alone, for the others are light."""
    return "#ffffff" if colour == COLOURS["conv"] else "#111111"


__all__ = [
    "COLOURS",
    "DARK",
    "GROWN",
    "LETTER",
    "LIGHT",
    "SHRUNK",
    "STAGES",
    "WIDTH",
    "Figure",
    "axis",
    "data",
    "ink_on",
    "number",
    "plot",
    "stage_colour",
]
