"""The plot of a sweep: its candidates at two figures, and the box of its budget."""

from __future__ import annotations

import re

from cnncost.base.errors import UsageError
from cnncost.base.figures import NAMES, figure
from cnncost.base.units import parse_quantity
from cnncost.questions.sweep.query import Result
from cnncost.show.plots.bars import amount
from cnncost.show.plots.dots import front
from cnncost.show.plots.style import Figure, axis

MOST = 2000  # candidates drawn, unless --top says how many
USUAL = ("flops", "params")
LIMIT = re.compile(r"\s*\(?\s*(\w+)\s*<=?\s*([0-9][\w.]*(?:\s[A-Za-z]+)?)\s*\)?\s*")


def sweep_plot(result: Result, dark: bool = False) -> Figure:
    """Return the candidates that a sweep kept: at the first two figures of its Pareto front, else at FLOPs and parameters.

    Limits that its condition sets on these, as in "flops <= 4.2G and params < 26M", are drawn as a box. Raises UsageError where
    nothing was kept.
    """
    query = result.query
    asked = [word.strip().lstrip("-") for word in (query.pareto or "").split(",") if word.strip()]
    keys = [figure(word).key for word in [*asked, *USUAL] if figure(word).key in result.rows]
    x, y = list(dict.fromkeys(keys))[:2]
    scale = {"x": axis(x)[1], "y": axis(y)[1]}
    points = []
    for row in result:
        values = ", ".join(f"{name}={row[name]}" for name in result.axes)
        said = f"{values}: {axis(x)[0]} {amount(row[x], x)}, {axis(y)[0]} {amount(row[y], y)}"
        label = ",".join(str(row[name]) for name in result.axes)
        points.append({"x": row[x] / scale["x"], "y": row[y] / scale["y"], "label": label, "says": said})
    if not points:
        raise UsageError("no candidate to draw", "ask for less: a wider --where")
    limits = {}
    for part in re.split(r"\band\b", query.where or ""):
        found = LIMIT.fullmatch(part)
        if found is None or found[1].lower() not in NAMES:
            continue
        named = figure(found[1])
        for side, key in (("x", x), ("y", y)):
            if named.key == key:
                limits[side] = parse_quantity(found[2], named.measure) / scale[side]
    some = f"the first of {result.matching:,} that match"
    kept = "those that no other beats" if query.pareto else some if len(points) < result.matching else "all that match"
    return front(
        points,
        axis(x)[0],
        axis(y)[0],
        limits,
        title=f"{result.space.model.name} over {', '.join(result.axes)}",
        subtitle=f"{len(points):,} of {result.candidates:,} candidates: {kept}; each is {', '.join(result.axes)}",
        dark=dark,
    )
