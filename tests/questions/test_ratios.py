"""Ratios that somebody published: the summary slides of CS231n 2017, lecture 9, and EECS 498-007, lecture 8."""

from __future__ import annotations

import json

import pytest
from support import command

PAIR = ("compare", "alexnet_lecture", "vgg16_lecture")


def first(*words: str) -> dict[str, object]:
    found = json.loads(command(*words, "--format", "json").out)["candidates"]
    assert [each["departures"] for each in found] == sorted(each["departures"] for each in found)
    return found[0]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("claim", "figure", "layers", "divided"),
    [
        ("2.3x", "params", "all layers", None),  # 138 M to 61 M
        ("19.4x", "flops", "all layers", ["0.7 G", "13.6 G"]),
        ("19.0×", "flops", "all layers", None),  # like with like
        ("23.9", "activation_bytes", "all layers", None),
    ],
)
def test_the_lecture(claim: str, figure: str, layers: str, divided: list[str] | None) -> None:
    found = first(*PAIR, "--claim", claim)
    assert (found["figure"], found["of"], found["divided"]) == (figure, layers, divided)


def test_25_times_the_memory_is_that_of_convolutions() -> None:
    """48.6 MB and 1.9 MB are the outputs of the convolutions: 49,784 KB and 1,922.25 KB."""
    found = json.loads(command(*PAIR, "--claim", "25x", "--format", "json").out)["candidates"]
    mine = next(each for each in found if each["of"] == "convolutions")
    assert (mine["figure"], mine["match"]) == ("activation_bytes", "truncated")
    assert (mine["first"] / 1024, mine["other"] / 1024) == (1922.25, 49784)
    assert {each["figure"] for each in found} == {"activation_bytes"}


def test_the_stem_of_googlenet() -> None:
    """42.9 MB (convolutions of VGG to 28×28) by 7.5 MB (all of the stem) is 5.7: two scopes."""
    found = first("compare", "googlenet_stem", "vgg16_lecture --until pool3", "--claim", "5.7x")
    assert found["of"] == "all layers; convolutions"


def test_what_is_no_ratio() -> None:
    assert "none of them" in command(*PAIR, "--claim", "1234x").out
    for words in (["--claim", "many"], ["--claim", "2x", "--columns", "params"], ["resnet18", "--claim", "2x"]):
        assert command(*PAIR, *words).code == 2
