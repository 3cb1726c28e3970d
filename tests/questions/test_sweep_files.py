"""Files that say what they are: read back by the libraries people read them with, each column with its type."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import command

from cnncost.questions.sweep.query import Query, Result
from cnncost.questions.sweep.run import sweep
from cnncost.show.sweepfiles import WRITERS

HEAD = ("model", "settings", "input", "batch", "dtype", "convention", "version", "digest", "over", "where")
MIXED = Query(  # fractions, flags, lists, words and numbers
    "resnet18",
    ("block=basic,bottleneck", "depths=2,2,2,2|1,1,1,1", "width=16:32:8"),
    ("groups=1",),
    size="64",
    batch=8,
    every=True,
)
FRACTIONS = Query("mobilenet_v2", ("width=0.35,0.5,1.4", "size=96,128"), every=True)
FLAGS = Query("vgg16", ("batch_norm=true,false", "size=32,64"), every=True)
WIDE = Query("lenet5", ("batch=1000:100000000000000:9000000000000",), every=True)
QUERIES = [MIXED, FRACTIONS, FLAGS, WIDE]


def written(folder: Path, result: Result, suffix: str) -> Path:
    path = folder / f"rows.{suffix}"
    with path.open("wb") as file:
        WRITERS[suffix](result, file)
    return path


def expected(result: Result) -> list[dict[str, Any]]:
    rows = [result.row(place) for place in range(len(result))]
    return [{name: list(value) if isinstance(value, tuple) else value for name, value in row.items()} for row in rows]


def without_texts(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.endswith("_text")}


@pytest.mark.parametrize("query", QUERIES, ids=["mixed", "fractions", "flags", "wide"])
def test_parquet_as_pandas_polars_and_duckdb_read_it(tmp_path: Path, query: Query) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    result = sweep(query)
    path = written(tmp_path, result, "parquet")
    head = json.loads(pq.read_schema(path).metadata[b"cnncost"])
    assert {name for name in HEAD if name in head} == set(HEAD)
    assert head["digest"] == result.subject.digest
    assert [without_texts(row) for row in pq.read_table(path).to_pylist()] == expected(result)
    read: list[list[dict[str, Any]]] = []
    try:
        import pandas

        read.append(pandas.read_parquet(path).to_dict("records"))
    except ImportError:
        pass
    try:
        import polars

        read.append(polars.read_parquet(path).to_dicts())
    except ImportError:
        pass
    try:
        import duckdb

        found = duckdb.sql(f"select * from '{path}'")
        read.append([dict(zip(found.columns, row, strict=True)) for row in found.fetchall()])
    except ImportError:
        pass
    for rows in read:
        plain = [{name: list(value) if isinstance(value, np.ndarray) else value for name, value in row.items()} for row in rows]
        assert [without_texts(row) for row in plain] == expected(result)


def test_fractions_compare_as_numbers_and_keep_their_digits(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    table = pq.read_table(written(tmp_path, sweep(FRACTIONS), "parquet"))
    assert [row["width_text"] for row in table.to_pylist() if row["width"] > 0.4] == ["0.5", "0.5", "1.4", "1.4"]


@pytest.mark.parametrize("query", QUERIES[:3], ids=["mixed", "fractions", "flags"])
def test_npz(tmp_path: Path, query: Query) -> None:
    result = sweep(query)
    with np.load(written(tmp_path, result, "npz")) as archive:
        head = json.loads(archive["cnncost"].item())
        columns = {name: archive[name].tolist() for name in archive if name != "cnncost"}
    assert head["digest"] == result.subject.digest
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    assert [without_texts(row) for row in rows] == expected(result)


@pytest.mark.parametrize("query", QUERIES, ids=["mixed", "fractions", "flags", "wide"])
def test_json(tmp_path: Path, query: Query) -> None:
    result = sweep(query)
    data = json.loads(written(tmp_path, result, "json").read_text())
    assert data.pop("rows") == expected(result)
    assert {name for name in HEAD if name in data} == set(HEAD)
    table = result.table().data
    assert {**table, "rows": None} == {"schema": "cnncost.sweep/1", **data, "rows": None}


def test_two_sweeps_that_differ_have_heads_that_differ() -> None:
    asked: list[dict[str, Any]] = [{}, {"settings": ("groups=2",)}, {"size": "160"}, {"batch": 8}]
    heads = [sweep(Query("resnet50", ("width=32,64",), **options)).table().data for options in asked]
    assert len({head["digest"] for head in heads}) == 4
    assert [head["settings"] for head in heads] == [[], ["groups=2"], [], []]
    assert [head["input"] for head in heads] == [[3, 224, 224], [3, 224, 224], [3, 160, 160], [3, 224, 224]]
    assert [head["batch"] for head in heads] == [1, 1, 1, 8]


def test_past_int64_in_every_format_that_can(tmp_path: Path) -> None:
    words = ("sweep", "lenet5", "--over", "batch=1000:100000000000000:9000000000000", "-o")
    rows = expected(sweep(WIDE))
    assert max(row["flops"] for row in rows) > 2**63
    assert command(*words, "rows.csv", folder=tmp_path).code == 0
    lines = (tmp_path / "rows.csv").read_text().splitlines()
    assert [int(line.split(",")[3]) for line in lines[1:]] == [row["flops"] for row in rows]
    assert json.loads((tmp_path / "rows.csv.json").read_text())["version"]
    done = command(*words, "rows.npz", folder=tmp_path)
    assert (done.code, done.err.splitlines()[1]) == (2, "  name a file .parquet, .csv or .json, or keep fewer: --top N")
    pq = pytest.importorskip("pyarrow.parquet")
    assert command(*words, "rows.parquet", folder=tmp_path).code == 0
    assert [Decimal(row["flops"]) for row in rows] == pq.read_table(tmp_path / "rows.parquet")["flops"].to_pylist()
