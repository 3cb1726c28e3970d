"""What compare shows: depths, receptive fields, devices, groups, columns of one's own."""

from __future__ import annotations

import json

import pytest
from support import command

import cnncost

DEPTHS = {
    "resnet18": 18,
    "resnet34": 34,
    "googlenet": 22,
    "resnet152": 152,
    "vgg16": 16,
    "vgg19": 19,
    "alexnet": 8,
    "densenet121": 121,
}


def test_depth_is_the_number_in_the_name() -> None:
    """arXiv:1512.03385, 1409.4842 (22 layers with parameters), 1409.1556, 1608.06993."""
    data = json.loads(command("compare", *DEPTHS, "--format", "json").out)
    assert {each["model"]: each["total"]["weighted_layers"] for each in data["models"]} == DEPTHS
    listed = json.loads(command("list", "[rdgav]*", "--columns", "name,depth", "--format", "json").out)["models"]
    assert {each["name"]: each["total"]["weighted_layers"] for each in listed}.items() >= DEPTHS.items()
    assert " depth" in command("compare", "resnet18", env={"COLUMNS": "80"}).out
    last = command("table", "resnet18", "--columns", "name,depth").out.splitlines()
    assert next(line.split()[1] for line in last if line.startswith("total")) == "18"


def test_two_of_3x3_see_as_much_as_one_of_5x5() -> None:
    """CS231n 2017, lecture 9: the same field, 18C² to 25C² weights, one layer more."""
    shown = command("compare", "conv5x5", "conv3x3_twice", "--columns", "params,rf,depth").out.splitlines()
    assert shown[2].split() == ["conv5x5", "102,400", "5", "1"]
    assert shown[3].split() == ["conv3x3_twice", "73,728", "5", "2"]
    assert 102_400 * 18 == 73_728 * 25


def test_columns_are_those_that_are_named() -> None:
    head = command("compare", "resnet18", "vgg16", "--columns", "params,depth").out.splitlines()[0]
    assert head.split() == ["model", "params", "depth"]
    head = command("compare", "resnet18", "vgg16", "--columns", "input,params,ratio").out.splitlines()[0]
    assert head.split() == ["model", "input", "params", "×", "params"]


def test_a_device_bounds_them_in_one_table() -> None:
    """Each bound is that of `table --device`; ResNet-50 in float16 fits an 80 GB H100, and batch 4096 of VGG-16 does not."""
    data = json.loads(command("compare", "vgg16", "resnet50", "--device", "h100", "--format", "json").out)
    for each in data["models"]:
        alone = json.loads(command("table", each["model"], "--depth", "0", "--device", "h100", "--format", "json").out)
        assert each["total"]["bound_us"] == pytest.approx(alone["total"]["bound_us"])
        assert each["total"]["bound_by"] == alone["total"]["bound_by"]
        assert each["total"]["fits"] == "yes"
    large = json.loads(command("compare", "vgg16", "--device", "h100", "--batch", "8192", "--format", "json").out)
    assert large["models"][0]["total"]["fits"] == "no: memory"


@pytest.mark.parametrize("way", ["type", "stage", "scope"])
def test_groups_add_up(way: str) -> None:
    data = json.loads(command("compare", "alexnet_lecture", "vgg16_lecture", "--by", way, "--format", "json").out)
    for key, whole in data["total"].items():
        assert sum(group[key] for group in data["groups"]) == whole
    assert {"flops_1", "flops_2", "params_1", "activation_bytes_2"} <= set(data["total"])


def test_convolutions_have_the_memory_and_linear_layers_the_parameters() -> None:
    """The lecture's summary: 49,784 KB of VGG's are its convolutions', and 123.6 M of its 137.8 M parameters are linear."""
    data = json.loads(command("compare", "alexnet_lecture", "vgg16_lecture", "--by", "type", "--format", "json").out)
    groups = {group["group"]: group for group in data["groups"]}
    assert groups["conv"]["activation_bytes_2"] == 49_784 * 1024
    assert groups["linear"]["params_2"] == 25_088 * 4096 + 4096 + 4096 * 4096 + 4096 + 4096 * 1000 + 1000
    shown = command("compare", "alexnet_lecture", "vgg16_lecture", "--by", "type", "--columns", "memory").out
    assert next(line.split()[-1] for line in shown.splitlines() if line.startswith("conv")) == "25.899"
    assert not any(line.startswith("relu") for line in shown.splitlines())  # groups without a cost have no row


def test_labels_of_the_library() -> None:
    found = cnncost.compare("resnet18", "vgg16", labels=["R", "V"])
    assert found.labels == ("R", "V")
    with pytest.raises(cnncost.CnncostError, match="1 label for 2 models"):
        cnncost.compare("resnet18", "vgg16", labels=["R"])
