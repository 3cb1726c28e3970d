"""Specs of any rank and of the types that read several tensors: written by `show`, they are the same network again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cnncost.graph.graph import Tensor, trace
from cnncost.models.spec.reader import read
from cnncost.models.spec.write import write


def joined(x: Tensor) -> Tensor:
    y = x.deform_conv(8, 3, pad=1, offset=x.conv(18, 3, pad=1))
    z = y.max_pool(2).upsample(like=y)
    tokens = y.concat(z, axis=1).tokens()
    table = x.parameter((4, 8))
    both = tokens.matmul(table.permute((1, 0))).einsum(table, "tk,kd->td")
    return both.lstm(6, bidirectional=True).elementwise(op="exp").reduce("mean", 0).linear(10)


def stacked(x: Tensor) -> Tensor:
    y = x.conv(4, 3, pad=1)
    rows = x.conv(4, 3, pad=1).stack(y, axis=1).reshape((8, -1))
    rows = rows.weighted_sum(rows.sub(rows.maximum(rows)), per="channel")
    return rows.einsum(y.flatten().reshape((4, 64)), "ab,cb->ac")


def signal(x: Tensor) -> Tensor:
    x = x.conv(64, 16, 4, bias=False).batch_norm().relu().max_pool(2)
    return x.permute((1, 0)).gru(32, last=True, bias=1).linear(5)


def volume(x: Tensor) -> Tensor:
    x = x.conv(8, (3, 5, 5), (1, 2, 2), (1, 2, 2)).upsample(1.5).adaptive_avg_pool((2, 3, 3))
    return x.pad((0, 0, 1, 0, 0, 0, 2, 2)).reduce("max", (1, 3), keep=True).squeeze((1, 3)).unsqueeze(0).flatten(1)


@pytest.mark.parametrize(
    ("model", "input"), [(joined, (3, 8, 8)), (stacked, (3, 8, 8)), (signal, (12, 4096)), (volume, (3, 8, 20, 20))]
)
def test_what_show_writes_is_the_same_network(model: Callable[..., Any], input: tuple[int, ...]) -> None:
    graph = trace(model, input)
    again = read("net.yaml", write(graph)).model.trace()
    assert [node.cost for node in again.layers] == [node.cost for node in graph.layers]
    assert [node.kind for node in again.layers] == [node.kind for node in graph.layers]
