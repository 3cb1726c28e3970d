"""Budgets in tests.

>>> from cnncost.testing import assert_budget
>>> assert_budget("resnext50_32x4d", params="26M", flops="4.5G")
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from cnncost.base import usual
from cnncost.base.errors import UsageError
from cnncost.base.limits import limit
from cnncost.graph.graph import Graph, Outputs
from cnncost.models.model import Model


def assert_budget(
    model: str | Model | Graph | Callable[..., Outputs],
    *,
    input: Sequence[int] | None = None,
    batch: int = 1,
    dtype: str = usual.DTYPE,
    convention: str = usual.CONVENTION,
    settings: dict[str, Any] | None = None,
    against: str | None = None,
    allow_new: bool = False,
    **limits: int | str | dict[str, Any],
) -> None:
    """Assert that a model keeps its limits: `params="26M"`, `flops={"max": "4.5G", "warn": "4G"}`, `memory="40 MiB"`, …

    `model`, `input`, `batch`, `dtype` and `convention` are those of `cnncost.analyze`, `settings` the model's own. A spec's
    budget holds as well. Growth is measured `against` a git ref or a file of `cnncost snapshot`, of models given by name.

    Raises AssertionError that names the limit, by how much it is broken, and the heaviest layers; UsageError where there is no
    limit, one of no quantity (`cnncost.base.limits.QUANTITIES` are those there are), or one that cannot be checked, unless
    `allow_new`. What is above a warning is warned of (`UserWarning`).
    """
    __tracebackhide__ = True  # pytest shows the test, not this function
    from cnncost.api import analyze
    from cnncost.models.load import with_budget
    from cnncost.questions.check.budget import verdicts
    from cnncost.questions.check.history import Earlier, Missing, before, costs

    def price(what: Any) -> dict[str, Any]:
        report = analyze(what, input=input, batch=batch, dtype=dtype, convention=convention, **(settings or {}))
        return costs(report, report.model, held)

    held = [limit(name, given, "assert_budget") for name, given in limits.items()]
    name = model if isinstance(model, str) else ""
    if isinstance(model, str):
        model, own = with_budget(model)
        held += own
    if not held:
        raise UsageError("no limit to assert", 'give one, such as params="26M"')
    base: Any = Missing("nothing to measure it from was given as against=")
    if against is not None:
        base = before(name, against) if name else Missing("a model without a name has no earlier version")
        if isinstance(base, Earlier):
            base = price(base.found) if isinstance(base.found, Model) else base.found
    found = verdicts(price(model), held, base, allow_new)
    told = {each: f"{each.model}: {each.sentence} ({each.place})" for each in found}
    if broken := [each for each in found if each.state == "over"]:
        raise AssertionError("\n".join(line for each in broken for line in (told[each], *each.details)))
    if unchecked := [each for each in found if not each.ok]:
        raise UsageError(told[unchecked[0]], "give against=REF or against='costs.json'; allow_new=True for a new model")
    for each in found:
        if each.state == "warn":
            warnings.warn("\n".join((told[each], *each.details)), stacklevel=2)
