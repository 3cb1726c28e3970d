"""Why a rule refuses is told by a kind, not only by a sentence: each kind is met, and spec codes follow the kind."""

from __future__ import annotations

from typing import Any

import pytest

from cnncost.base.errors import CostError, Refusal
from cnncost.rules import RULES

MAP, FEATURES, TOKENS = (8, 6, 6), (8,), (6, 8)

REFUSED: list[tuple[Refusal, str, tuple[tuple[int, ...], ...], dict[str, Any]]] = [
    (Refusal.ARGUMENT, "conv", (MAP,), {"out": 0, "kernel": 3}),
    (Refusal.ARGUMENT, "conv", (MAP,), {"out": 8, "kernel": 3, "groups": 0}),
    (Refusal.AXES, "conv", (FEATURES,), {"out": 8, "kernel": 3}),
    (Refusal.AXES, "class_token", (MAP,), {}),
    (Refusal.FEATURES, "linear", (MAP,), {"out": 8}),
    (Refusal.WINDOW, "conv", (MAP,), {"out": 8, "kernel": 7}),
    (Refusal.WINDOW, "max_pool", (MAP,), {"kernel": 7}),
    (Refusal.WINDOW, "conv_transpose", (MAP,), {"out": 8, "kernel": 1, "pad": 3}),
    (Refusal.GROUPS, "conv", (MAP,), {"out": 8, "kernel": 3, "groups": 3}),
    (Refusal.GROUPS, "channel_shuffle", (MAP,), {"groups": 3}),
    (Refusal.PARTS, "attention", (TOKENS, TOKENS, TOKENS), {"heads": 3}),
    (Refusal.PARTS, "attention", (TOKENS, TOKENS, (6, 9)), {"heads": 2}),
    (Refusal.PARTS, "split", (MAP,), {"parts": 3}),
    (Refusal.INPUTS, "matmul", (TOKENS, TOKENS), {}),
    (Refusal.BRANCHES, "add", (MAP, (8, 6, 5)), {}),
    (Refusal.BRANCHES, "mul", (MAP, (4, 6, 6)), {}),
    (Refusal.BRANCHES, "concat", (MAP, TOKENS), {}),
]


@pytest.mark.parametrize(("kind", "rule", "shapes", "args"), REFUSED, ids=lambda value: str(value)[:40])
def test_kinds(kind: Refusal, rule: str, shapes: tuple[tuple[int, ...], ...], args: dict[str, Any]) -> None:
    with pytest.raises(CostError) as refused:
        RULES[rule].function(*shapes, **args)
    assert refused.value.kind is kind


def test_every_kind_is_met() -> None:
    assert {kind for kind, *_ in REFUSED} == set(Refusal)
