"""Sizes of inputs that are no pictures: C×L signals and C×D×H×W clips have letters of their own, L and D, everywhere."""

from __future__ import annotations

from typing import Any

import pytest

import cnncost
from cnncost.base.errors import UsageError
from cnncost.graph.graph import Tensor
from cnncost.models.model import Model
from cnncost.questions.formula import formula


def beats(x: Tensor, width: int = 8) -> Tensor:
    return x.conv(width, 16, 4).batch_norm().relu().global_avg_pool().linear(5)


def clips(x: Tensor, width: int = 8) -> Tensor:
    return x.conv(width, (3, 7, 7), (1, 2, 2), (1, 3, 3)).max_pool(2).global_avg_pool().linear(5)


def words(x: Tensor) -> Tensor:
    return x.linear(4).layer_norm()


def model(function: Any, *shape: int) -> Model:
    return Model(function.__name__, function, input=shape)


def test_axes_follow_the_rank_of_the_input_and_what_reads_it() -> None:
    assert model(beats, 12, 4096).axes == "CL"
    assert model(clips, 3, 16, 112, 112).axes == "CDHW"
    assert model(words, 12, 64).axes == ""  # tokens of features: nothing to resize
    assert cnncost.load("resnet18").axes == "CHW"


@pytest.mark.parametrize(
    ("network", "sizes", "input"),
    [
        (model(beats, 12, 4096), {"size": 1000}, (12, 1000)),
        (model(beats, 12, 4096), {"L": 77, "C": 1}, (1, 77)),
        (model(clips, 3, 16, 112, 112), {"size": 32}, (3, 32, 32, 32)),
        (model(clips, 3, 16, 112, 112), {"size": (8, 56, 28)}, (3, 8, 56, 28)),
        (model(clips, 3, 16, 112, 112), {"D": 5}, (3, 5, 112, 112)),
    ],
)
def test_sizes(network: Model, sizes: dict[str, Any], input: tuple[int, ...]) -> None:
    assert tuple(network.trace(**sizes).input) == input


@pytest.mark.parametrize(
    ("network", "sizes", "message"),
    [
        (model(beats, 12, 4096), {"H": 8}, "beats reads C×L, so its input has no H"),
        (model(clips, 3, 16, 112, 112), {"size": (8, 8)}, "size=(8, 8) has 2 numbers"),
        (model(words, 12, 64), {"size": 8}, "words reads no C×H×W map, so its input has no H"),
    ],
)
def test_refusals(network: Model, sizes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        network.trace(**sizes)
    assert caught.value.message == message


def test_closed_forms_are_what_the_layers_cost() -> None:
    """(L − 16)/4 + 1 positions of 12·16·8 weights; D·⌈H/2⌉·⌈W/2⌉ of 3·3·7·7·8: each beside 40 of the linear layer."""
    assert str(formula(model(beats, 12, 4096)).total["macs"]) == "1536·⌊L/4⌋ - 4568"
    assert str(formula(model(clips, 3, 16, 112, 112)).total["macs"]) == "3528·D·⌈H/2⌉·⌈W/2⌉ + 40"
    for length in (64, 65, 1000):
        macs = 1536 * ((length - 16) // 4 + 1) + 40
        assert cnncost.analyze(model(beats, 12, 4096), L=length).total["macs"] == macs


def test_solving_and_sweeping() -> None:
    found = cnncost.solve(model(clips, 3, 16, 112, 112), "D", "macs<=100M")
    assert " 9   99,574,312   -0.4 %  largest" in str(found)  # 3528·D·56·56/2² + 40; 110,638,120 at 10
    swept = cnncost.sweep(model(beats, 12, 4096), {"L": [64, 128]})
    assert [row["L"] for row in swept.to_dict()["rows"]] == [64, 128]
