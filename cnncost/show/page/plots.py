"""A plot as a page: the report's page with one of its views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncost.measures.report import Report
from cnncost.show.page import page
from cnncost.show.page.data import page_data
from cnncost.show.plots.points import axis_title, known, points


def plot_page(kind: str, reports: Sequence[Report], labels: Sequence[str], **asked: Any) -> str:
    """Return the page that shows one kind of plot; `asked` are the fields of `cnncost.show.plots.Asked`.

    It needs no other program, and can be hovered over, zoomed into and searched.
    """
    bubble: dict[str, Any] | None = None
    shown = list(reports)[:6]
    if kind == "bubble":
        data = known(asked.get("data"))
        names = [asked.get("x", "macs"), asked.get("y", "top1"), asked.get("area", "params")]
        axes = {}
        for axis, name in zip(("x", "y", "size"), names, strict=True):
            title, unit = axis_title(name, data)
            axes[axis] = {"title": title, "unit": "count" if unit == "count" else "number"}
        bubble = {**axes, "points": points(reports, labels, names, data)}
    metric = asked.get("figure", "flops")
    return page(
        page_data(
            shown,
            list(labels)[: len(shown)],
            device=asked.get("device"),
            diff=kind == "diff",
            title=f"{', '.join(labels)}: {kind}",
            only=[kind],
            bubble=bubble,
            metric=metric,
        )
    )
