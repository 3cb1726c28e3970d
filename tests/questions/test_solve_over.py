"""solve --over: the ResNeXt paper's table 2 in one table, and what cannot be varied."""

from __future__ import annotations

import json
from math import sqrt

import pytest
from support import command

import cnncost

TABLE_2 = {1: 64, 2: 40, 4: 24, 8: 14, 32: 4}  # arXiv:1611.05431, table 2: cardinality, width of the bottleneck
ASKED = ("solve", "resnext_block", "--for", "c", "--equals", "bottleneck", "--set", "C=64", "--over", "G=1,2,4,8,16,32")


def test_the_paper_in_one_table() -> None:
    """The roots are those of 9Gc² + 8·64·Gc − 17·64² = 0, worked out here by the formula for quadratics."""
    data = json.loads(command(*ASKED, "--format", "json").out)
    found = {point["over"]["G"]: point for point in data["points"]}
    assert list(found) == [1, 2, 4, 8, 16, 32]
    for g, point in found.items():
        root = (-8 * 64 * g + sqrt((8 * 64 * g) ** 2 + 4 * 9 * g * 17 * 64**2)) / (18 * g)
        assert point["root"] == pytest.approx(root, abs=1e-6)
        assert point["value"] == TABLE_2.get(g, 8)
        c = point["value"]
        assert point["targets"][0]["achieved"] == 9 * g * c * c + 8 * 64 * g * c
    shown = command(*ASKED).out.splitlines()
    assert [row.split()[:3] for row in shown[2:8]][1] == ["2", "39.948", "40"]
    assert "9·G·c² + 8·C·G·c − 17·C² = 0 with C = 64" in "\n".join(shown)


def test_each_point_is_what_solve_says() -> None:
    over = json.loads(command("solve", "resnet50", "--for", "width", "--target", "flops<=2G", "--over", "size=160,224",
                              "--over", "batch=1,2", "--format", "json").out)  # fmt: skip
    assert len(over["points"]) == 4
    for point in over["points"]:
        words = ("--size", str(point["over"]["size"]), "--batch", str(point["over"]["batch"]), "--format", "json")
        alone = json.loads(command("solve", "resnet50", "--for", "width", "--target", "flops<=2G", *words).out)
        assert alone["value"] == point["value"]


def test_points_without_a_solution_say_so() -> None:
    """ResNet-18 has 11.2 M parameters without its classifier at width 64: no number of classes makes it 5 M."""
    words = ("solve", "resnet18", "--for", "classes", "--target", "params<=5M", "--over", "width=32,64")
    small, large = json.loads(command(*words, "--format", "json").out)["points"]
    assert small["value"] > 1
    assert large["value"] is None
    assert "no classes" in large["why"]
    assert "no classes of resnet18" in command(*words).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--over", "c=1,2"], "c is both varied and asked for"),
        (["--over", "C=1,2"], "C is both varied and given"),
        (["--over", "G"], "names no values"),
        (["--over", "nope=1,2"], "nope"),
        (["--over", "G=1:2000"], "2,000 points"),
        (["--over", "G=1,2", "--over", "G=4"], "'G' twice"),
    ],
)
def test_what_cannot_be_varied(words: list[str], said: str) -> None:
    done = command(*ASKED[:-2], *words)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""


def test_the_library() -> None:
    found = cnncost.solve("resnext_block", "c", equals="bottleneck", over={"G": list(TABLE_2)}, C=64)
    assert [point.solution.value for point in found] == list(TABLE_2.values())
    assert repr(found) == "<Solutions c over G: 64, 40, 24, 14, 4>"


def test_a_figure_that_two_targets_limit_is_shown_once() -> None:
    """Titles and keys are unique, whatever is asked."""
    words = ("solve", "resnet18", "--for", "width", "--target", "params<=10M", "--target", "params>=5M")
    head = command(*words).out.splitlines()[0]
    assert head.count("params") == 1
    keys = command(*words, "--format", "csv").out.splitlines()[0].split(",")
    assert len(set(keys)) == len(keys)
    assert "exactly" not in command("solve", "wrn_40_8", "--for", "depth", "--target", "flops<=1G", "--over", "k=1,2").out
