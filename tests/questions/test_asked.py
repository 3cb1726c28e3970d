"""Models that ask which number a setting is, in the ways that people write it: right numbers or a refusal, never a guess."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cnncost.base.errors import CnncostError
from cnncost.models.model import Model
from cnncost.questions.formula import formula
from cnncost.questions.solve.solve import solve
from cnncost.questions.sweep.query import Query
from cnncost.questions.sweep.run import sweep


def projection(x: Any, w: Any = 64) -> Any:
    """The ResNet shortcut as everybody writes it: 64 channels come in."""
    x = x.conv(64, 7, 2, pad=3, bias=False)
    y = x.conv(w, 3, pad=1, bias=False).conv(w, 3, pad=1, bias=False)
    if x.channels != w:
        x = x.conv(w, 1, bias=False)
    return (x + y).relu().global_avg_pool().linear(10)


def equal(x: Any, w: Any = 8) -> Any:
    """One value unlike all others, in a comparison."""
    return x.conv(4 * w if w == 64 else w, 3, pad=1)


def counted(x: Any, w: int = 8) -> Any:
    """The same, in a setting that is said to be a whole number."""
    return x.conv(4 * w if w == 64 else w, 3, pad=1)


def truth(x: Any, w: Any = 8) -> Any:
    """Nothing at all at 1."""
    return x.conv(w, 3, pad=1, bias=False) if w - 1 else x


def among(x: Any, w: Any = 8) -> Any:
    """Two values unlike all others."""
    return x.conv(2 * w if w in (8, 16) else w, 3, pad=1)


def parity(x: Any, w: Any = 8) -> Any:
    """Even ones are four times as wide."""
    return x.conv(w if w % 2 else 4 * w, 3, pad=1, bias=False)


def negated(x: Any, w: Any = 8) -> Any:
    """Odd ones are twice as wide."""
    return x.conv(w if not w % 2 else 2 * w, 3, pad=1)


MODELS = [projection, equal, counted, truth, among, parity, negated]
LAST = 96


def by_hand(function: Callable[..., Any], w: int) -> dict[str, int]:
    from cnncost.measures.report import report

    found = report(Model("own", function, (3, 8, 8)).trace(w=w))
    return {key: found.total[key] for key in ("params", "macs", "flops", "activation_bytes")}


@pytest.mark.parametrize("method", ["auto", "closed form", "arrays"])
@pytest.mark.parametrize("function", MODELS, ids=lambda function: function.__name__)
def test_sweeps_are_right(function: Callable[..., Any], method: Any) -> None:
    model = Model("own", function, (3, 8, 8))
    over = (f"w=1:{LAST}", "size=8:10", "batch=1:29")  # enough for closed forms to pay
    found = sweep(Query(model, over, where="size == 8 and batch == 1", every=True, method=method))
    assert len(found) == LAST
    for place in range(LAST):
        row = found.row(place)
        assert row == {"w": place + 1, "size": 8, "batch": 1, **by_hand(function, place + 1)}


@pytest.mark.parametrize("function", MODELS, ids=lambda function: function.__name__)
def test_solutions_are_right_or_refused(function: Callable[..., Any]) -> None:
    costs = {w: by_hand(function, w)["params"] for w in range(1, 3 * LAST)}
    for wanted in (1, 2, 8, 16, 17, 32, 63, 64, 65):
        try:
            found = solve(Model("own", function, (3, 8, 8)), "w", [f"params={costs[wanted]}"])
        except CnncostError:
            assert function in (parity, negated)
            continue
        assert costs[found.value] == costs[wanted]
        limit = solve(Model("own", function, (3, 8, 8)), "w", [f"params<={costs[wanted]}"])
        assert limit.value == max(w for w, cost in costs.items() if cost <= costs[wanted])


@pytest.mark.parametrize("function", MODELS, ids=lambda function: function.__name__)
def test_formulas_hold_where_they_say(function: Callable[..., Any]) -> None:
    try:
        found = formula(Model("own", function, (3, 8, 8)), ["w"])
    except CnncostError:
        assert function in (parity, negated)
        return
    for w in (1, 2, 7, 8, 16, 63, 64, 65, 90):
        exact = by_hand(function, w)["params"]
        value = found.total["params"]
        value = value.subs({"w": w}) if hasattr(value, "subs") else value
        held = all(eval(fact, {"w": w}) for fact in found.to_dict()["assumes"])  # expressions of our own
        assert value == exact or not held
