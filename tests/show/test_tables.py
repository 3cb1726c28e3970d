"""One builder of tables: what people read and what programs read are two readings of the same records."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import command
from tools.schemas import COMMANDS, prepare

from cnncost.base.units import Shown
from cnncost.show import render as renderers
from cnncost.show.table import Table

PACKAGE = Path(__file__).parents[2] / "cnncost"
TABLES = [line for line in COMMANDS if not line.startswith("graph ")]
TABLES += ["memory resnet18 --optimizer adam", "errors E103", "conventions fvcore", "ops attention", "diff vgg11 vgg16 --top 2"]


def test_tables_are_made_by_the_builder_alone() -> None:
    """`Table(…)`, or an object of JSON beside the rows, would be a second place that says what the first one says."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name == "table.py" or "importers" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and (
                ast.unparse(node.func) == "Table"
                or any(word.arg == "data" and ast.unparse(word.value) != "None" for word in node.keywords)
                or (ast.unparse(node.func) == "replace" and any(word.arg in ("data", "total") for word in node.keywords))
            ):
                found.append(f"{path.relative_to(PACKAGE)}:{node.lineno}: {ast.unparse(node)[:60]}")
    assert found == []


def numbers(value: Any) -> Iterator[str]:
    """Iterate over the numbers of plain data, those within its texts as well."""
    if isinstance(value, dict):
        for part in value.values():
            yield from numbers(part)
    elif isinstance(value, list):
        for part in value:
            yield from numbers(part)
    elif isinstance(value, str):
        yield from re.findall("[0-9]+", value.replace(",", ""))
    elif type(value) is int:
        yield str(abs(value))


@pytest.mark.parametrize("line", TABLES)
def test_what_a_row_says_its_record_says(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every whole number of a row stands in one record of the JSON object, and so do those of the total."""
    prepare(tmp_path)
    shown: list[Table] = []
    usual = renderers.render

    def render(table: Table, *args: Any) -> str:
        shown.append(table)
        return usual(table, *args)

    monkeypatch.setattr(renderers, "render", render)
    command(*line.split(), folder=tmp_path)
    data, table = json.loads(command(*line.split(), "--format", "json", folder=tmp_path).out), shown[0]
    assert data["version"]
    turned = len(line.split(",")) > 2 and line.startswith("explain")  # a row for each convention, a record for each type
    records = [set(numbers(record)) for record in ([data] if turned else data[table.field])]
    for row in table.rows:
        if "others" not in str(row[0] or row[1]):  # the row of all that have none
            cells = [cell.value if isinstance(cell, Shown) else cell for cell in row]
            said = {str(abs(cell)) for cell in cells if type(cell) is int}
            assert any(said <= record for record in records), row
    if table.total is not None:
        total = set(numbers(data["total"]))
        assert {str(abs(cell)) for cell in table.total if type(cell) is int} <= total
