"""The floors of docs/architecture.md are those of the contract that CI checks, and of the packages that are there."""

from __future__ import annotations

import re
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import cnncost

ROOT = Path(__file__).parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def test_the_documented_floors_are_those_of_the_contract() -> None:
    (floors,) = (contract for contract in CONTRACTS if contract["type"] == "layers")
    agreed = [package.strip() for layer in floors["layers"] for package in re.split("[:|]", layer)]
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("Each thing that several")[0]
    rows = re.findall(r"^\| ([0-9]+) \| `(\w+)` \|", text, flags=re.MULTILINE)
    assert [package for _, package in rows] == agreed
    numbers = [int(number) for number, _ in rows]
    assert numbers == sorted(numbers, reverse=True)
    assert floors["exhaustive"] is True
    assert floors["containers"] == ["cnncost"]


def test_nothing_lies_flat_but_the_doors() -> None:
    folder = Path(cnncost.__file__).parent
    assert {path.name for path in folder.iterdir() if path.is_file()} == {
        "__init__.py",
        "__main__.py",
        "api.py",
        "testing.py",
        "py.typed",
    }


def test_the_contract_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in CI, where import-linter is installed: no arrow upwards, no circle, late and type-only imports included."""
    importlinter = pytest.importorskip("importlinter.cli", reason="import-linter is an extra: pip install -e '.[lint]'")
    monkeypatch.chdir(ROOT)
    assert importlinter.lint_imports(no_cache=True) == importlinter.EXIT_STATUS_SUCCESS


def test_no_circle_of_modules() -> None:
    """A package and a module in it may be one, too, which the contract does not look at."""
    grimp = pytest.importorskip("grimp", reason="import-linter is an extra: pip install -e '.[lint]'")
    graph = grimp.build_graph("cnncost", cache_dir=None)
    modules = graph.modules - {"cnncost"}  # the door names everything, late
    imports = {module: graph.find_modules_directly_imported_by(module) - {"cnncost"} for module in modules}
    TopologicalSorter(imports).prepare()
