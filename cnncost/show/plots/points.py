"""The points of a bubble plot: figures of networks, and what a file says of them, such as accuracies."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import Any

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.figures import NAMES, figure
from cnncost.base.files import read_text
from cnncost.measures.accuracy import published
from cnncost.measures.report import Report

FIRST = "IMAGENET1K_V1"  # the weights whose accuracies are drawn unless a file has others
TITLES = {"top1": "ImageNet top-1 accuracy (%)", "top5": "ImageNet top-5 accuracy (%)"}
Known = Mapping[str, Mapping[str, float]]  # by model, then by column


def known(path: str | None) -> Known:
    """Return what a CSV file says of models: its first column names them, the others are numbers.

    Without a file these are the accuracies of torchvision's weights. Raises UsageError with the line for what is no number.
    """
    if path is None:
        first = [row for row in published() if row.weights == FIRST]
        return {row.model: {"top1": row.top1 or 0, "top5": row.top5 or 0, "crop": row.crop} for row in first}
    text = read_text(path, "the data", "name a CSV file with models and numbers")
    lines = [row for row in csv.reader(text.splitlines()) if row]
    if len(lines) < 2 or len(lines[0]) < 2:
        raise UsageError(f"'{path}' has no table", "its first line names the columns, as in: model,top1")
    head, *body = lines
    found: dict[str, dict[str, float]] = {}
    for number, row in enumerate(body, start=2):
        values = {}
        for column, cell in zip(head[1:], row[1:], strict=False):
            try:
                if cell.strip():
                    values[column.strip()] = float(cell)
            except ValueError:
                if column not in ("source", "weights", "note"):
                    raise UsageError(f"{path}, line {number}: '{cell[:40]}' is no number", f"the column is {column}") from None
        found[row[0].strip()] = values
    return found


def axis_title(name: str, data: Known) -> tuple[str, str]:
    """Return the title of an axis and its unit: "count", "bytes" or "number". Raises UsageError for an unknown name."""
    columns = {column for values in data.values() for column in values}
    if name in columns:
        return TITLES.get(name, name), "number"
    if name.lower() in NAMES:
        found = figure(name)
        return (f"{found.title} (MB)", "bytes") if found.unit == "bytes" else (found.title, "count")
    names = [*columns, *NAMES]
    listed = f"columns: {', '.join(sorted(columns))}; and figures: params, flops, macs, memory, peak_memory, …"
    raise UsageError(f"no figure or column is called '{name}'", did_you_mean(name, names, listed))


def points(reports: Sequence[Report], labels: Sequence[str], names: Sequence[str], data: Known) -> list[dict[str, Any]]:
    """Return a point for each network: its `x`, `y` and `size`, each named by a figure of the network or a column of `data`.

    Raises UsageError for a network of which `data` says nothing.
    """
    axes = {axis: (name, *axis_title(name, data)) for axis, name in zip(("x", "y", "size"), names, strict=True)}
    found = []
    for label, report in zip(labels, reports, strict=True):
        values = {axis: _value(name, unit, report, label, data) for axis, (name, _, unit) in axes.items()}
        said = ", ".join(f"{title} {values[axis]:,.4g}" for axis, (_, title, _) in axes.items())
        found.append({"label": label, **values, "says": f"{label}: {said}"})
    return found


def _value(name: str, unit: str, report: Report, label: str, data: Known) -> float:
    if unit != "number":
        return float(report.total[name]) / (2**20 if unit == "bytes" else 1)
    for key in (label, report.model):
        if name in data.get(key, {}):
            return data[key][name]
    raise UsageError(f"the data say nothing of {label}'s {name}", "add a line to the file given with --data")
