"""Accuracies of published weights: facts, which belong to one network at one size, and where they are shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import command

import cnncost
from cnncost.base.errors import UsageError
from cnncost.measures.accuracy import accuracy, published


def test_every_network_is_in_the_zoo_with_the_parameters_of_the_weights() -> None:
    """torchvision records the parameters of each of its 115 weights."""
    rows = published()
    assert len(rows) == 115
    for row in rows:
        graph = cnncost.load(row.model).trace((3, row.crop, row.crop))
        assert sum(node.cost.params for node in graph.layers) == row.params, row


@pytest.mark.parametrize(
    ("model", "weights", "top1", "top5"),
    [  # as torchvision's documentation lists them
        ("resnet50", "", 76.130, 92.862),
        ("resnet50", "V2", 80.858, 95.434),
        ("resnet50", "best", 80.858, 95.434),
        ("alexnet", "best", 56.522, 79.066),
        ("vit_b_16", "SWAG_LINEAR_V1", 81.886, 96.180),
        ("vit_h_14", "", 88.552, 98.694),  # at 518 pixels, which is its own size
        ("efficientnet_b1", "", 78.642, 94.186),
    ],
)
def test_which_weights_are_meant(model: str, weights: str, top1: float, top5: float) -> None:
    network = cnncost.load(model)
    report = cnncost.analyze(network, weights=weights, input=(3, 240, 240) if model == "efficientnet_b1" else None)
    assert (report.total["top1"], report.total["top5"]) == (top1, top5)


@pytest.mark.parametrize(
    "asked",
    [
        "resnet50 --size 160",
        "resnet50 --set width=32",
        "resnet50 --set classes=10",
        "resnet50 --until layer3",
        "resnet50 --no-head",
        "resnet50 --bits 2",
        "resnet50 --density 0.1",
        # These have all parameters of the published ones.
        "resnet50 --set output_stride=8",
        "vit_l_16 --set heads=1",
        "swin_v2_t --set window=16",
        "inception_v3 --set aux_runs=true",
    ],
)
def test_another_network_has_none(asked: str) -> None:
    report = cnncost.analyze(asked)
    assert report.total["top1"] is None
    assert report.total["weights"] is None


def test_a_network_of_the_same_name_from_elsewhere_has_none_unless_it_is_the_same(tmp_path: Path) -> None:
    spec = command("show", "squeezenet1_1").out.partition("\nexpect:")[0] + "\n"
    path = tmp_path / "squeezenet1_1.yaml"
    for text, top1 in ((spec, 58.178), (spec.replace("stride: 2", "stride: 1", 1), None)):
        path.write_text(text)
        assert cnncost.analyze(str(path)).total["top1"] == top1


@pytest.mark.parametrize("dtype", ["int8", "int4", "float8"])
def test_no_accuracy_was_published_of_coarser_numbers(dtype: str) -> None:
    assert cnncost.analyze("resnet50", dtype=dtype).total["top1"] is None
    assert cnncost.analyze("resnet50", dtype="float16").total["top1"] == 76.13


def test_features_without_a_classifier_have_none() -> None:
    found = accuracy("vgg16", 224, weights="FEATURES")
    assert found is not None
    assert found.top1 is None


def test_unknown_weights_are_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="unknown weights 'V3'") as refused:
        cnncost.analyze("resnet50", weights="V3")
    assert "SWAG_E2E_V1" in refused.value.hint


def test_compare_says_whose_they_are() -> None:
    found = command("compare", "resnet50", "vgg16", "--columns", "top1,weights", "--weights", "best")
    assert "80.858  IMAGENET1K_V2" in found.out
    assert "weights of torchvision 0.28: best" in found.out
    data = json.loads(command("compare", "resnet50", "--columns", "top1", "--format", "json").out)
    assert data["models"][0]["total"]["top1"] == 76.13


def listed(*words: str) -> list[dict[str, object]]:
    found = command("list", *words, "--format", "json")
    assert found.code == 0, found.err
    return list(json.loads(found.out)["models"])


def test_list_filters_and_sorts_by_accuracy() -> None:
    """By hand from torchvision's table: the networks above 80 % that have less than 20 M parameters."""
    found = listed("--columns", "name,top1", "--where", "top1 >= 80 and params < 20M", "--sort", "-top1")
    assert [model["name"] for model in found] == ["efficientnet_b4", "efficientnet_b3", "efficientnet_b2"]


def test_list_shows_what_it_is_asked_by() -> None:
    """Whoever sorts or filters by a figure sees it; RegNetY-128GF has 644,812,894 parameters (torchvision)."""
    first = command("list", "--sort", "-params").out.splitlines()[2].split()
    assert (first[0], first[-1]) == ("regnet_y_128gf", "644,812,894")
    assert {model["name"]: model["total"]["params"] for model in listed("alexnet", "--where", "params > 61M")}[
        "alexnet"
    ] == 61_100_840  # type: ignore[index]


def test_list_has_a_row_for_each_of_the_weights() -> None:
    found = listed("--columns", "name,top1,macs", "--weights", "all")
    assert len(found) == 115
    vit = [m for m in found if m["name"] == "vit_h_14"]
    assert [m["input"] for m in vit] == [[3, 518, 518], [3, 224, 224]]
    assert round(vit[0]["total"]["macs"] / 10**9, 3) == 1016.717  # type: ignore[index]  # torchvision's figure for these weights


def test_the_plot_has_the_same_source() -> None:
    figure = cnncost.plot("bubble", "alexnet", "resnet50").figure
    values = [point["y"] for layer in figure["layer"][:1] for point in layer.get("data", figure["data"])["values"]]
    assert values == [56.522, 76.13]
