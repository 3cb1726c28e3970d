"""Lists of configurations and random samples: each candidate as analysed by itself, whatever its structure."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
from support import command

import cnncost
from cnncost.base.errors import CnncostError, UsageError
from cnncost.models.load import load
from cnncost.questions.sweep.listed import listed, read, sampled
from cnncost.questions.sweep.query import Query
from cnncost.questions.sweep.run import sweep
from cnncost.questions.sweep.space import space

KEYS = ("params", "macs", "flops", "activation_bytes")


def regnets(number: int) -> list[dict[str, Any]]:
    """Structures at random, as searches over design spaces draw them (arXiv:2003.13678, section 3.4)."""
    rng = random.Random(0)
    return [
        {
            "depth": rng.randrange(12, 29),
            "w0": 8 * rng.randrange(1, 30),
            "wa": round(rng.uniform(8, 60), 2),
            "wm": round(rng.uniform(1.5, 3), 3),
            "group_width": rng.choice([8, 16, 24]),
        }
        for _ in range(number)
    ]


def alone(model: str, row: dict[str, Any]) -> dict[str, int] | None:
    try:
        total = cnncost.analyze(model, **row).total
    except CnncostError:
        return None
    return {key: total[key] for key in KEYS}


def test_structures_from_python() -> None:
    rows = regnets(40)
    found = cnncost.sweep("regnet_x_400mf", configurations=rows)
    costs = [alone("regnet_x_400mf", row) for row in rows]
    assert [{key: row[key] for key in KEYS} for row in found] == [cost for cost in costs if cost is not None]
    assert (found.candidates, found.valid) == (40, sum(cost is not None for cost in costs))


def test_sizes_run_together_structures_apart() -> None:
    rng = random.Random(1)
    rows = [
        {"depths": rng.choice([(1, 1, 1, 1), (2, 1, 2, 1)]), "width": rng.randrange(8, 200), "size": rng.randrange(32, 200)}
        for _ in range(120)
    ]
    found = sweep(Query("resnet18", (), configurations=tuple(rows), every=True))
    assert found.method == "arrays"
    for row, asked in zip(found, rows, strict=True):
        assert {name: row[name] for name in asked} == asked
        assert {key: row[key] for key in KEYS} == alone("resnet18", asked)
    where = sweep(Query("resnet18", (), configurations=tuple(rows), every=True, where="width > 100 and size > 140"))
    assert where.matching == sum(row["width"] > 100 and row["size"] > 140 for row in rows)


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_what_a_sweep_has_written_can_be_read_again(tmp_path: Path, suffix: str) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    over = ("--over", "depths=2,2,2,2|1,1,1,1", "--over", "width=8,16", "--over", "size=32,40")
    assert command("sweep", "resnet18", *over, "-o", f"first.{suffix}", folder=tmp_path).code == 0
    done = command("sweep", "resnet18", "--from", f"first.{suffix}", "--format", "json", folder=tmp_path)
    assert done.code == 0, done.err
    expected = command("sweep", "resnet18", *over, "--format", "json", folder=tmp_path)
    assert json.loads(done.out)["rows"] == json.loads(expected.out)["rows"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("widht\n16\n", "resnet18 has no setting 'widht'"),
        ("width\nmany\n", "the configurations, row 1: setting width=many: 'many' is no whole number"),
        ("width\n16\n32,1\n", "line 3: not as many values as names"),
        ("width;classes\n16;10\n", "configs.csv: one column, 'width;classes'\ncolumns are separated by commas"),
        ("params\n16\n", "the configurations: no column is a setting"),
        ("width\n", "the configurations: there is no configuration"),
    ],
)
def test_lists_that_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "configs.csv"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        listed(load("resnet18"), read(str(path)))
    assert message in str(caught.value)
    assert caught.value.hint


def test_samples() -> None:
    over = ("width=1:4096", "depths.2=1:36", "size=32:512")
    query = Query("resnet50", over, sample=20, seed=3, every=True)
    found = sweep(query)
    assert len({tuple(row[name] for name in found.axes) for row in found}) == 20
    assert list(found) == list(sweep(query))
    assert list(found) != list(sweep(Query("resnet50", over, sample=20, seed=4, every=True)))
    for row in list(found)[:3]:
        total = cnncost.analyze("resnet50", width=row["width"], size=row["size"], **{"depths.2": row["depths.2"]}).total
        assert {key: row[key] for key in KEYS} == {key: total[key] for key in KEYS}


def test_log_uniform_draws_small_numbers_as_often_as_large_ones() -> None:
    drawn = sampled(space(load("resnet50"), ["width=1:1048575"]), 2000, seed=0, log=True)
    widths = [drawn.values(index)["width"] for index in range(drawn.size)]
    octaves = [sum(2**n <= width < 2 ** (n + 1) for width in widths) for n in range(12, 20)]
    assert all(abs(count - 2000 / 20) < 5 * math.sqrt(2000 / 20) + 20 for count in octaves)
    assert sampled(space(load("resnet50"), ["width=1:9", "size=64,128"]), 10**6).size == 18  # no more than there are
