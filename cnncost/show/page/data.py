"""What a page shows, as plain data (cnncost.page/1): models as columns, their drawings, and what changed between two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cnncost.base.errors import UsageError
from cnncost.base.version import __version__
from cnncost.graph.graph import reads
from cnncost.measures.devices import DEVICES, Device
from cnncost.measures.groups import resolutions
from cnncost.measures.report import Report
from cnncost.questions.diff import difference
from cnncost.show.drawing import words
from cnncost.show.drawing.scheme import plain, scheme
from cnncost.show.tables.layers import counted, slips

USUAL_DEVICE = "h100"
MOST_MODELS = 6  # of one page
VIEWS = ("icicle", "diff", "drawing", "stages", "memory", "roofline", "field", "bubble", "table")
FIGURES = ("params", "macs", "flops", "activation_bytes")
SUMS = ("kept_bytes", "bytes_moved", "live_bytes")


def page_data(
    reports: Sequence[Report],
    labels: Sequence[str] | None = None,
    *,
    device: Device | None = None,
    diff: bool = False,
    title: str | None = None,
    only: Sequence[str] | None = None,
    bubble: Mapping[str, Any] | None = None,
    metric: str = "flops",
) -> dict[str, Any]:
    """Return the data of a page of 1 to 6 models; with `diff` of what changed from the first to the second.

    `labels` are what the user called the models; `device` bounds the roofline, by default an H100 where it has a rate for the
    dtype; `only` names the views shown. Raises UsageError for more models, and for sizes in letters.
    """
    check_models(len(reports), diff)
    names = [words.printable(name) for name in labels or [report.model for report in reports]]
    between = " → " if diff else ", "
    return {
        "schema": "cnncost.page/1",
        "version": __version__,
        "title": title or between.join(names),
        "only": list(only) if only is not None else None,
        "models": [model_data(report, label, device) for report, label in zip(reports, names, strict=True)],
        "diff": _diff(*reports) if diff else None,
        "bubble": bubble,
        "metric": metric,
    }


def check_models(count: int, diff: bool = False) -> None:
    """Raise UsageError where a page cannot show so many models."""
    if not 1 <= count <= MOST_MODELS:
        raise UsageError(f"a page of {count} models", f"name 1 to {MOST_MODELS}")
    if diff and count != 2:
        raise UsageError(f"a difference of {count} models", "name two: the old one and the new one")


def model_data(report: Report, label: str, device: Device | None = None) -> dict[str, Any]:
    """Return one model's figures, layers as columns in execution order; names that repeat are numbers into lists."""
    if not isinstance(report.total["flops"], int):
        raise UsageError("a page needs numbers", "give the symbols numbers")
    graph = report.counts.graph
    if device is None and report.dtype in DEVICES[USUAL_DEVICE].rates:
        device = DEVICES[USUAL_DEVICE]
    derivation = report.derivation(device)
    plan = derivation.plan
    kinds, kind_of = _distinct([node.kind for node in graph.layers])
    titles, title_of = _distinct([words.title(node) for node in graph.layers])
    outputs, output_of = _distinct([words.shape(node.cost.shape) for node in graph.layers])
    stages, stage_of = _distinct(resolutions(graph))
    columns: dict[str, list[Any]] = {
        "name": [words.printable(node.name) for node in graph.layers],
        "kind": kind_of,
        "title": title_of,
        "output": output_of,
        "stage": stage_of,
        **{figure: getattr(report, figure).tolist() for figure in FIGURES},
        **{name: report.column(name).tolist() for name in SUMS},
        "receptive_field": [None if field is None else _sizes([axis.size for axis in field]) for field in derivation.fields],
    }
    if device is not None:
        columns["bound_us"] = [_short(value) for value in report.column("bound_us", device).tolist()]
    storages = list(plan.storages())
    return {
        "label": words.printable(label),
        "model": report.model,
        "input": reads(graph.inputs),
        "entry": words.entry(graph.inputs),
        "size": list(graph.input[1:]) or list(graph.input),
        "batch": report.batch,
        "dtype": report.dtype,
        "counted": counted(report),
        "notes": [*slips(report), *report.notes],
        "convention": {"name": report.convention.name, "says": report.convention.states},
        "device": None
        if device is None
        else {
            "name": device.name,
            "rate": device.rate(report.dtype),
            "bandwidth": device.bandwidth,
            "source": device.source,
        },
        "total": {figure: report.total[figure] for figure in FIGURES},
        "memory": {
            "peak_bytes": plan.peak_bytes,
            "peak_at": plan.peak_at,
            "training_bytes": plan.training_bytes,
            "optimizer": plan.optimizer,
        },
        "kinds": [[kind, words.family(kind)] for kind in kinds],
        "titles": titles,
        "outputs": outputs,
        "stages": stages,
        "columns": columns,
        "storages": {
            "layer": [each.layer for each in storages],
            "bytes": [each.bytes for each in storages],
            "last": [each.last for each in storages],
        },
        "drawing": plain(scheme(graph)),
    }


def _diff(old: Report, new: Report) -> dict[str, Any]:
    from cnncost.questions.diff import what

    found = difference(old.to_dict(), new.to_dict())
    return {
        "old": 0,
        "new": 1,
        "layers": [
            {
                "name": change.layer["name"],
                "change": change.change,
                "what": what(change),
                **{figure: change.delta(figure) for figure in FIGURES},
            }
            for change in found.layers
            if change.change != "renamed"
        ],
        "unchanged": found.unchanged,
    }


def _distinct(values: Sequence[str]) -> tuple[list[str], list[int]]:
    places: dict[str, int] = {}
    of = [places.setdefault(value, len(places)) for value in values]
    return list(places), of


def _sizes(values: Sequence[Any]) -> Any:
    """Return one number where all axes agree, else all of them; whole ones as integers."""
    numbers = [int(value) if int(value) == value else float(value) for value in values]
    return numbers[0] if len(set(numbers)) == 1 else numbers


def _short(value: float) -> float:
    """Return a time with six digits, which is more than a bound is worth."""
    return float(f"{value:.6g}")
