"""Every object that a command prints as JSON has the shape that docs/schemas promises, and cells say what JSON says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import command, traced, zoo_names
from tools.schemas import COMMANDS, prepare

import cnncost
from cnncost.base.units import Amount, Shown
from cnncost.measures.devices import DEVICES
from cnncost.measures.memory import memory
from cnncost.measures.report import Report, report
from cnncost.show.render import render
from cnncost.show.table import Table
from cnncost.show.tables.columns import COLUMN_NAMES

ROOT = Path(__file__).parents[2]
FILES = {path.name: json.loads(path.read_text("utf-8")) for path in sorted((ROOT / "docs" / "schemas").glob("*.json"))}


@cache
def validator(schema: str) -> Any:
    jsonschema = pytest.importorskip("jsonschema")
    referencing = pytest.importorskip("referencing")
    resources = [(name, referencing.Resource.from_contents(content)) for name, content in FILES.items()]
    registry = referencing.Registry().with_resources(resources)
    return jsonschema.Draft7Validator(FILES[f"{schema.replace('/', '.')}.json"], registry=registry)


def check(table: Table) -> None:
    """Hold a table's object to its schema; integers are no floats."""
    check_text(render(table, "json"))


def check_text(text: str) -> None:
    data = json.loads(text)
    errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}"[:300] for e in validator(data["schema"]).iter_errors(data)]
    assert errors == []
    schema = FILES[f"{data['schema'].replace('/', '.')}.json"]
    assert [path for path, value, of in walk(data, schema, "") if of == "integer" and type(value) is not int] == []


def walk(value: Any, schema: dict[str, Any], path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            inner = schema.get("properties", {}).get(key, schema.get("additionalProperties") or {})
            yield from walk(part, inner, f"{path}.{key}")
    elif isinstance(value, list):
        for part in value:
            yield from walk(part, schema.get("items", {}), path)
    else:
        yield path, value, schema.get("type")


def types(schema: dict[str, Any], path: str) -> Iterator[tuple[str, set[str]]]:
    kinds = schema.get("type", [])
    yield path, {kinds} if isinstance(kinds, str) else set(kinds)
    for key, part in schema.get("properties", {}).items():
        yield from types(part, f"{path}.{key}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from types(schema[key], f"{path}.{key}")


def test_each_shape_has_one_name_and_one_file() -> None:
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "cnncost").rglob("*.py") if "page" not in path.parts)
    assert {f"{name.replace('/', '.')}.json" for name in re.findall(r'"(cnncost\.[a-z_.]+/[0-9]+)"', source)} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_schema_is_one_and_no_number_is_text(name: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft7Validator.check_schema(FILES[name])
    mixed = [path for path, kinds in types(FILES[name], name) if "string" in kinds and kinds & {"integer", "number"}]
    assert mixed == []


@pytest.mark.parametrize("line", COMMANDS)
def test_what_commands_print(line: str, tmp_path: Path) -> None:
    prepare(tmp_path)
    done = command(*line.split(), "--format", "json", folder=tmp_path)
    check_text(done.out)


@pytest.mark.parametrize("place", range(8))
def test_the_zoo(place: int) -> None:
    """Stages of zoo_names of every kind with every figure; and the memory of each."""
    for name in zoo_names()[place::8]:
        found = report(traced(name))
        check(found.table(depth=1, free=True, columns="name,params,flops,memory,kept,rf,field,training_step,moved,intensity"))
        check(cnncost.compare(traced(name)).table())


@pytest.mark.parametrize("name", ["alexnet", "googlenet", "maxvit_t", "vit_b_16", "resnet110_stochastic"])
def test_every_column_of_every_layer(name: str) -> None:
    found = report(traced(name))
    check(found.table(columns=",".join(COLUMN_NAMES), free=True, device=DEVICES["h100"]))
    check(memory(traced(name)).table())


def test_a_field_that_differs_by_axis_is_a_list() -> None:
    def net(x: cnncost.Tensor) -> cnncost.Tensor:
        return x.conv(4, (3, 5), (1, 2))

    table = cnncost.analyze(net, input=(3, 32, 32)).table(columns="name,field")
    assert table.data is not None
    layer = table.data["layers"][0]
    assert (layer["receptive_field"], layer["effective_stride"]) == ([3, 5], [1, 2])
    assert table.rows[0][1] == "3×5"
    check(table)


def test_what_letters_and_columns_leave_open_is_no_table_of_numbers() -> None:
    """Then figures are expressions or lists, under a name of their own, which says of what; no number is text otherwise."""
    (h,) = cnncost.symbols("H")
    lettered = cnncost.analyze("resnet18", input=(3, h, h))
    columns = cnncost.analyze("resnet18", width=np.array([32, 64]))
    graph = lettered.counts.graph
    others = [cnncost.compare(graph), cnncost.explain(graph), cnncost.explain(graph, ["fvcore", "thop", "torch"])]
    for value in (lettered, columns, lettered.table(), *others):
        data = value.to_dict()
        check_text(json.dumps(data))
        assert data["schema"] == "cnncost.open/1"
        assert f"{data['of'].replace('/', '.')}.json" in FILES
    assert columns.to_dict()["layers"][0]["output"] == [[32, 64], 112, 112]
    assert cnncost.analyze("resnet18").to_dict()["schema"] == "cnncost.table/1"


# ── cells and JSON ───────────────────────────────────────────────────────────────────────────────────────────────────


def exact(value: Any) -> Any:
    return value.value if isinstance(value, (Amount, Shown)) else value


@pytest.mark.parametrize(
    ("table", "field"),
    [
        (lambda r: r.table(columns="name,params,flops,macs,memory,kept,peak,training"), "layers"),
        (lambda r: cnncost.compare(r.counts.graph, "alexnet").table(), "models"),
        (lambda r: cnncost.check("resnet18", params="12M", flops="1G").table(), "results"),
        (lambda r: cnncost.explain("resnet18", claim="1.8G").table(), "candidates"),
    ],
    ids=["table", "compare", "check", "claim"],
)
def test_cells_are_what_json_says(table: Any, field: str) -> None:
    """Columns with a key of the record show its value, those of totals that of the total; rows are the records in order."""
    shown = table(report(traced("resnet18")))
    records = shown.data[field]
    assert len(shown.rows) <= len(records)
    for place, column in enumerate(shown.columns):
        for row, record in zip(shown.rows, records, strict=False):
            said = record.get(column.key, record.get("total", {}).get(column.key) if field == "models" else None)
            if isinstance(said, int) and not isinstance(said, bool):
                assert exact(row[place]) == said
        if shown.total is not None and column.key in shown.data["total"]:
            assert shown.total[place] == shown.data["total"][column.key]


def test_csv_and_json_have_the_same_figures() -> None:
    found: Report = report(traced("resnet18"))
    table = found.table(columns="name,params,flops,macs,memory,peak")
    rows = [line.split(",") for line in render(table, "csv").splitlines()]
    data = json.loads(render(table, "json"))
    for row, layer in zip(rows[1:-1], data["layers"], strict=True):
        assert row == [layer["name"], *(str(layer[key]) for key in rows[0][1:])]
    assert rows[-1] == ["total", *(str(data["total"][key]) for key in rows[0][1:])]
