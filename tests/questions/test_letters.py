"""A letter is never misread: a model that asks about its sizes in plain Python gets a right closed form, or a refusal.

Each network asks in another idiom; its closed form is held against numbers, one at a time, wherever its conditions hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cnncost import analyze
from cnncost.base.errors import CnncostError
from cnncost.graph.graph import Tensor
from cnncost.models.model import Model
from cnncost.questions.formula import formula

WIDTHS = {8: 1, 16: 2}


def shortcut(x: Tensor, w: Any = 64) -> Tensor:
    """The residual block as everybody writes it."""
    x = x.conv(64, 7, 2, pad=3, bias=False).batch_norm()
    y = x.conv(w, 3, pad=1, bias=False).batch_norm().relu().conv(w, 3, pad=1, bias=False).batch_norm()
    if x.channels != w:
        x = x.conv(w, 1, bias=False).batch_norm()
    return y + x


def equal(x: Tensor, w: Any = 8) -> Tensor:
    return x.conv(4 * w if w == 8 else w, 3)


def truth(x: Tensor, w: Any = 8) -> Tensor:
    return x.conv(8, 3) if w - 1 else x


def falsehood(x: Tensor, w: Any = 8) -> Tensor:
    return x if not (w - 3) else x.conv(w, 3)


def membership(x: Tensor, w: Any = 8) -> Tensor:
    return x.conv(2 * w if w in (8, 16) else w, 3)


def several(x: Tensor, w: Any = 8) -> Tensor:
    return x.conv(2 * w if 2 * w != 16 and w != 5 else w, 3)


def remainder(x: Tensor, w: Any = 8) -> Tensor:
    return x.conv(w if w % 2 else 4 * w, 3)


def even(x: Tensor, w: Any = 8) -> Tensor:
    return x.conv(w, 3) if w % 2 == 0 else x


def odd(x: Tensor, w: Any = 8) -> Tensor:
    return x.conv(w, 3) if not w % 2 else x


def set_of_widths(x: Tensor, w: Any = 8) -> Tensor:
    return x.conv(2 * w if w in {8, 16} else w, 3)


def table_of_widths(x: Tensor, w: Any = 8) -> Tensor:
    return x.conv(WIDTHS.get(w, w), 3)


def order(x: Tensor, w: Any = 8) -> Tensor:
    return x.conv(w if w > 8 else 8, 3)


def division(x: Tensor, w: Any = 8) -> Tensor:
    return x.conv(w / 2, 3)


def decimal(x: Tensor, w: Any = 8) -> Tensor:
    return x.conv(round(w * 1.5), 3)


def total(function: Callable[..., Tensor], w: int) -> int:
    return int(analyze(function, input=(3, 32, 32), w=w).total["params"])


@pytest.mark.parametrize(
    ("function", "conditions"),
    [
        (shortcut, ["w ≠ 64"]),
        (equal, ["w ≠ 8"]),
        (truth, ["w ≠ 1"]),
        (falsehood, ["w ≠ 3"]),
        (membership, ["w ≠ 8", "w ≠ 16"]),
        (several, ["w ≠ 8", "w ≠ 5"]),
    ],
)
def test_conditions(function: Callable[..., Tensor], conditions: list[str]) -> None:
    form = formula(Model(function.__name__, function, (3, 32, 32)), ["w"])
    assert form.conditions() == conditions
    params = form.total["params"]
    others = {int(condition.rpartition(" ")[2]) for condition in conditions}
    for w in range(1, 80):
        exact = params if isinstance(params, int) else params(w=w)
        assert (exact == total(function, w)) == (w not in others), w


@pytest.mark.parametrize(
    ("function", "word"),
    [
        (remainder, "depends on the symbols"),
        (even, "depends on the symbols"),
        (odd, "depends on the symbols"),
        (set_of_widths, "is looked up in a set or a dict"),
        (table_of_widths, "is looked up in a set or a dict"),
        (order, "depends on the symbols"),
        (division, "may be no whole number"),
        (decimal, "symbols know no decimals"),
    ],
)
def test_refusals(function: Callable[..., Tensor], word: str) -> None:
    with pytest.raises(CnncostError) as caught:
        formula(Model(function.__name__, function, (3, 32, 32)), ["w"])
    assert word in caught.value.message
    assert caught.value.hint
