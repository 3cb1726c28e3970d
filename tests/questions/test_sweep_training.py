"""Training memory in sweeps: every way of evaluating gives what `cnncost memory` says of each candidate by itself."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from support import command

import cnncost
from cnncost.base.errors import UsageError


def by_itself(model: str, row: Any, names: list[str], **how: Any) -> int:
    settings = {name: row[name] for name in names}
    batch = int(settings.pop("batch", 1))
    found = cnncost.memory(model, batch=batch, **settings, **how).training_bytes
    return int(found)


SPACES: list[tuple[str, dict[str, Any]]] = [
    ("resnet50", {"width": range(16, 65, 16), "batch": [1, 7, 64]}),
    ("resnet18", {"width": [16, 48], "size": [97, 160]}),
    ("mobilenet_v2", {"width": [0.35, 1.0], "size": [96, 224]}),
    ("vgg11", {"hidden": [64, 4096], "size": [64, 224]}),
    ("densenet121", {"growth": [8, 32]}),
    ("googlenet", {"size": [160, 224], "batch": [1, 3]}),
    ("efficientnet_b0", {"size": [128, 224]}),
]


@pytest.mark.parametrize(("model", "axes"), SPACES, ids=[name for name, _ in SPACES])
@pytest.mark.parametrize("how", [{"optimizer": "adam"}, {"dtypes": "mixed"}, {"optimizer": "momentum", "checkpoint": "sqrt"}])
def test_every_candidate_as_memory_says(model: str, axes: dict[str, Any], how: dict[str, str]) -> None:
    found = cnncost.sweep(model, **axes, **how)
    assert found.valid == len(found) > 1
    for row in found:
        assert row["training_bytes"] == by_itself(model, row, list(axes), **how)


@pytest.mark.parametrize("method", ["closed form", "arrays", "one at a time"])
def test_every_method_agrees(method: str) -> None:
    found = cnncost.sweep("resnet50", {"depths.2": range(1, 7)}, width=range(16, 65, 16), optimizer="adam", method=method)
    assert len(found) == 24
    for row in found:
        depths = (3, 4, row["depths.2"], 3)
        assert (
            row["training_bytes"]
            == cnncost.memory("resnet50", width=row["width"], depths=depths, optimizer="adam").training_bytes
        )


def test_a_condition_asks_for_it() -> None:
    """The batches of ResNet-50 that fit 11 GiB with Adam: 85,307,392 bytes each and 409,124,992."""
    words = ("sweep", "resnet50", "--over", "batch=100:140:1", "--optimizer", "adam", "--where", "training <= 11GiB")
    data = json.loads(command(*words, "--format", "json").out)
    assert data["matching"] == sum(85_307_392 * batch + 409_124_992 <= 11 * 2**30 for batch in range(100, 141)) == 34
    assert data["trained"]["optimizer"] == "adam"
    assert all(row["training_bytes"] == 85_307_392 * row["batch"] + 409_124_992 for row in data["rows"])
    assert "training: optimizer adam, float32, no checkpointing" in command(*words).out


def test_without_a_question_about_it_there_is_no_column() -> None:
    assert "training" not in command("sweep", "resnet18", "--over", "width=32,64").out
    assert set(cnncost.sweep("resnet18", width=[32, 64])[0]) == {"width", "params", "macs", "flops", "activation_bytes"}


def test_pareto_and_order() -> None:
    found = cnncost.sweep("resnet50", {"depths.2": range(1, 7)}, width=range(16, 65, 16), pareto="training,-params")
    rows = list(
        cnncost.sweep("resnet50", {"depths.2": range(1, 7)}, width=range(16, 65, 16), optimizer="sgd", sort="training", top=24)
    )
    front = [
        row
        for row in rows
        if not any(
            other["training_bytes"] <= row["training_bytes"] and other["params"] >= row["params"] and other != row
            for other in rows
        )
    ]
    assert sorted(row["params"] for row in found) == sorted(row["params"] for row in front)
    assert [row["training_bytes"] for row in rows] == sorted(row["training_bytes"] for row in rows)


def test_lists_processes_and_files(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("width,batch\n16,4\n64,8\n32,1\n")
    words = ("sweep", "resnet18", "--from", "list.csv", "--optimizer", "adam", "-o", "out.csv")
    assert command(*words, "--jobs", "2", folder=tmp_path).code == 0
    with open(tmp_path / "out.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["training_bytes"]) for row in rows] == [
        cnncost.memory("resnet18", width=w, batch=b, optimizer="adam").training_bytes for w, b in ((16, 4), (64, 8), (32, 1))
    ]


def test_checkpointing_takes_each_candidate_by_itself() -> None:
    assert cnncost.sweep("resnet18", width=[32, 64], checkpoint="blocks").method == "one at a time"
    with pytest.raises(UsageError, match="the largest segment"):
        cnncost.sweep("resnet18", width=[32, 64], checkpoint="blocks", method="closed form")
    none = cnncost.sweep("vgg11", hidden=[64, 128], checkpoint="blocks")
    assert none.valid == 0
    assert "has no blocks" in next(iter(none.reasons.values())).message


def test_parts_of_few_bits_are_refused() -> None:
    with pytest.raises(UsageError, match="whole"):
        cnncost.sweep("resnet18", width=[32, 64], dtypes="activations=int4")
