"""Budgets in tests.

>>> from cnncost.testing import assert_budget
>>> assert_budget("resnext50_32x4d", params="26M", flops="4.5G")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cnncost.base.errors import UsageError
from cnncost.base.limits import limit
from cnncost.graph.graph import Graph, Outputs
from cnncost.models.model import Model


def assert_budget(
    model: str | Model | Graph | Callable[..., Outputs],
    *,
    input: Sequence[int] | None = None,
    batch: int = 1,
    dtype: str = "float32",
    convention: str = "lecture",
    settings: dict[str, Any] | None = None,
    **limits: int | str,
) -> None:
    """Assert that a model keeps its limits: `params="26M"`, `flops=4_500_000_000`, `memory="40 MiB"`, …

    `model`, `input`, `batch`, `dtype` and `convention` are those of `cnncost.analyze`, `settings` the model's own. A spec's
    budget holds as well. Raises AssertionError that names the limit, by how much it is broken, and the heaviest layers;
    UsageError where there is no limit, or one of no quantity (`cnncost.base.limits.QUANTITIES` are those there are).
    """
    __tracebackhide__ = True  # pytest shows the test, not this function
    from cnncost.api import analyze
    from cnncost.models.load import with_budget
    from cnncost.questions.check.budget import verdicts
    from cnncost.questions.check.history import costs

    held = [limit(name, given, "assert_budget") for name, given in limits.items()]
    if isinstance(model, str):
        model, own = with_budget(model)
        held += own
    if not held:
        raise UsageError("no limit to assert", 'give one, such as params="26M"')
    report = analyze(model, input=input, batch=batch, dtype=dtype, convention=convention, **(settings or {}))
    found = costs(report, report.model, {each.quantity for each in held})
    broken = [verdict for verdict in verdicts(found, held) if not verdict.ok]
    if broken:
        told = ([f"{each.model}: {each.sentence} ({each.place})", *each.details] for each in broken)
        raise AssertionError("\n".join(line for lines in told for line in lines))
