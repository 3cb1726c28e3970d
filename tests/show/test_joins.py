"""Rows of joins: a concatenation has one, and totals stay the sums of the rows."""

from __future__ import annotations

import json

import pytest
from support import command

import cnncost


def rows(*words: str) -> list[dict[str, object]]:
    data = json.loads(command("table", *words, "--format", "json").out)
    for key in ("params", "flops", "macs", "activation_bytes"):
        assert sum(layer[key] for layer in data["layers"]) == data["total"][key]
    return data["layers"]  # type: ignore[no-any-return]


def test_the_naive_inception_module() -> None:
    """GoogLeNet's example in CS231n 2017, lecture 9: 28×28×(128 + 192 + 96 + 256) = 28×28×672."""
    shown = command("table", "inception_naive").out
    (row,) = [line.split() for line in shown.splitlines() if "concat" in line]
    assert row == ["inception.output", "concat", "128+192+96+256", "28×28", "672", "28×28", "0.00", "0", "0"]
    assert [layer["kind"] for layer in rows("inception_naive")] == ["conv", "conv", "conv", "max_pool", "concat"]
    narrow = command("table", "inception_naive", env={"COLUMNS": "80"}).out
    assert "inception.output   672 " in narrow


def test_dense_blocks() -> None:
    """DenseNet-121 (arXiv:1608.06993): 64 channels and 32 more with each layer."""
    shown = command("table", "densenet121").out
    found = [line.split() for line in shown.splitlines() if " concat " in line]
    assert [row[2] for row in found[:6]] == ["64+32", "64+2·32", "64+3·32", "64+4·32", "64+5·32", "64+6·32"]
    assert [int(row[4]) for row in found[:6]] == [96, 128, 160, 192, 224, 256]
    rows("densenet121")


@pytest.mark.parametrize("model", ["resnet18", "se_resnet50", "mobilenet_v2"])
def test_additions_and_products_change_no_shape(model: str) -> None:
    assert not {layer["kind"] for layer in rows(model)} & {"add", "mul", "concat"}
    assert " add" in command("table", model).out.partition("not shown")[2]


def test_joins_along_other_axes() -> None:
    def net(x: cnncost.Tensor) -> cnncost.Tensor:
        return x.conv(8, 3, pad=1).concat(x.conv(8, 1), axis=1)

    report = cnncost.analyze(net, input=(3, 6, 6))
    text = str(report)
    row = next(line for line in text.splitlines() if "concat" in line).split()
    assert row[2:6] == ["8", "6×6", "8", "12×6"]
