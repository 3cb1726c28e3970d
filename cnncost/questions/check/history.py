"""Earlier versions of models: from git, and from snapshots for places without git.

A model's costs are kept as the plain data of `Report.to_dict` (schema cnncost.table/1); a snapshot holds those of several.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnncost.base.errors import UsageError
from cnncost.base.limits import QUANTITIES

if TYPE_CHECKING:
    from cnncost.measures.report import Report
    from cnncost.models.model import Model

SCHEMA = "cnncost.snapshot/1"
ONE = "cnncost.table/1"  # what `cnncost table --format json` prints: a snapshot of one model


def costs(report: Report, label: str, quantities: Collection[str] = ()) -> dict[str, Any]:
    """Return what a model costs as plain data, under the name by which the user calls it.

    Figures that are not counted but worked out, such as the peak of its memory, are there where `quantities` name them.
    """
    data = {**report.to_dict(), "model": label}
    late = [QUANTITIES[name].key for name in quantities if not QUANTITIES[name].expected]
    data["total"] |= {key: report.total[key] for key in late}
    return data


def snapshot(reports: Sequence[Report], labels: Sequence[str]) -> dict[str, Any]:
    """Return the costs of several models as plain data: what `cnncost snapshot -o costs.json` writes."""
    return {
        "schema": SCHEMA,
        "models": [costs(report, label, ("peak_memory",)) for report, label in zip(reports, labels, strict=True)],
    }


def is_snapshot(name: str) -> bool:
    """Whether a word names a file of costs rather than a model or a git ref."""
    return name.lower().endswith(".json")


@functools.cache
def read_snapshot(path: str) -> dict[str, dict[str, Any]]:
    """Return the costs in a file, by model. Raises UsageError for anything but a snapshot or a table in JSON."""
    import json

    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else "it is no JSON"
        raise UsageError(f"cannot read the snapshot '{path}': {reason}", _WRITE) from None
    schema = data.get("schema") if isinstance(data, dict) else None
    models = data.get("models") if schema == SCHEMA else [data] if schema == ONE else None
    if not isinstance(models, list) or not all(map(_sound, models)):
        raise UsageError(f"'{path}' is no snapshot", _WRITE)
    return {model["model"]: model for model in models}


def pick(models: Mapping[str, dict[str, Any]], path: str, beside: Sequence[str]) -> dict[str, Any]:
    """Return the one model of a snapshot that is meant: the one named `beside` it, or the only one.

    Raises UsageError where that leaves several or none.
    """
    chosen = [model for model in beside if model in models] or list(models)
    if len(chosen) != 1:
        held = ", ".join(models) or "nothing"
        raise UsageError(f"'{path}' does not say which model is meant: it has {held}", "name one of them on the other side")
    return models[chosen[0]]


_WRITE = "write one: cnncost snapshot MODEL… -o costs.json"


def _sound(model: Any) -> bool:
    """Whether plain data has what comparisons read."""
    if not isinstance(model, Mapping) or not isinstance(model.get("total"), Mapping):
        return False
    layers = model.get("layers")
    if not isinstance(layers, list) or not all(isinstance(layer, Mapping) for layer in layers):
        return False
    texts = (model.get(key) for key in ("model", "dtype", "convention"))
    entries = (model["total"], *layers)
    return (
        all(isinstance(text, str) for text in texts)
        and type(model.get("batch")) is int
        and isinstance(model.get("input"), list)
        and all(type(entry.get(figure)) is int for entry in entries for figure in FIGURES)
        and all(isinstance(layer.get("name"), str) and isinstance(layer.get("kind"), str) for layer in layers)
        and all(isinstance(layer.get("args"), Mapping) for layer in layers)
        and all(isinstance(layer.get("runs"), int | float) for layer in layers)
        and all(isinstance(layer.get(key), list) for layer in layers for key in ("input", "output"))
        and all(isinstance(shape, list) for layer in layers for shape in layer["input"])
    )


def before(name: str, against: str) -> Model | dict[str, Any] | None:
    """Return an earlier version of a model: of a spec as it was at a git ref, of any model as a snapshot has it.

    None where there was none. Raises UsageError where there is no such snapshot, repository or ref.
    """
    if is_snapshot(against):
        return read_snapshot(against).get(name)
    from cnncost.models.load import at

    return at(against, name)


FIGURES = ("params", "flops", "macs", "activation_bytes", "param_bytes", "buffers")  # of a layer and of totals, all whole
