"""The library's front door: `analyze` one model, `compare` several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cnncost.base.poly import Num
from cnncost.counting import Convention
from cnncost.graph.graph import Graph, Outputs, trace
from cnncost.measures.report import Report, report
from cnncost.models.load import load
from cnncost.models.model import Model


def analyze(
    model: str | Model | Graph | Callable[..., Outputs],
    *,
    input: Sequence[Num] | None = None,
    batch: Num = 1,
    dtype: str = "float32",
    convention: str | Convention = "lecture",
    **settings: Any,
) -> Report:
    """Return what a network costs: a `Report` with one row per layer.

    `model` is a name of the zoo ("resnet50"), a `Model`, a traced `Graph`, or a function from a tensor to a tensor, which
    needs `input`, the shape (C, H, W) of one example. `settings` are the model's own: `width=32`, `classes=10`.

    >>> report = analyze("resnet50", width=32)
    >>> report.total["params"] == report.params.sum()
    True

    Raises CnncostError for anything that cannot be used, with the place and the remedy.
    """
    return report(_graph(model, input, settings), convention, batch, dtype)


def compare(*models: str | Model | Graph, **options: Any) -> list[Report]:
    """Return the reports of several models; options as those of `analyze`."""
    return [analyze(model, **options) for model in models]


def _graph(model: Any, input: Sequence[Num] | None, settings: dict[str, Any]) -> Graph:
    if isinstance(model, Graph):
        if input is not None or settings:
            raise TypeError("a traced graph has its input and settings: give them to trace()")
        return model
    if isinstance(model, str):
        model = load(model)
    if isinstance(model, Model):
        return model.trace(input, **settings)
    if input is None:
        raise TypeError("a model function needs input=(C, H, W)")
    return trace(model, input, **settings)
