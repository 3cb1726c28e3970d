"""The library's face: public names, verbs, and values that behave as Python's own do."""

from __future__ import annotations

import ast
import copy
import pickle
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import command

import cnncost
from cnncost import CnncostError, Report, analyze
from cnncost.base.errors import UsageError
from cnncost.cli import COMMANDS

TREE = ast.parse(Path(cnncost.__file__).read_text(encoding="utf-8"))

# ── public names: every one exposed, unique, with one home ───────────────────────────────────────────────────────────


def test_public_names_are_exposed() -> None:
    """`__all__`, `dir()`, the homes and what type checkers see are the same names."""
    block = next(node for node in TREE.body if isinstance(node, ast.If))
    seen = {alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == {name: f"cnncost.{home}" for name, home in cnncost._HOMES.items()}
    assert sorted(seen) == sorted(cnncost.__all__) == [name for name in dir(cnncost) if not name.startswith("__")]


@pytest.mark.parametrize("name", cnncost.__all__)
def test_a_public_name_has_one_home(name: str) -> None:
    """It is defined where it is said to live, documented, and no package has its name, whatever was imported before."""
    value = getattr(cnncost, name)
    home = import_module(f"cnncost.{cnncost._HOMES[name]}")
    assert getattr(home, name) is value
    assert value.__module__.startswith("cnncost.")
    assert len(value.__doc__ or "") > 20
    assert not (Path(cnncost.__file__).parent / name).is_dir()
    assert sum(getattr(cnncost, other) is value for other in cnncost.__all__) == 1


def test_verbs_are_those_of_the_command_line() -> None:
    """Each command that answers a question about models is a function; the others look things up or write files."""
    others = {"table", "snapshot", "new", "show", "list", "ops", "conventions", "schema", "errors", "graph", "draw", "plot"}
    others |= {"report", "serve", "settings"}
    assert set(COMMANDS) - others <= set(cnncost.__all__)


# ── verbs ────────────────────────────────────────────────────────────────────────────────────────────────────────────

SAME = {  # the same question asked in both ways has the same answer, in every digit
    "table resnet18 --set width=32 --size 160": lambda: analyze("resnet18", width=32, size=160).to_dict(),
    "compare resnet18 vgg11 --batch 2": lambda: cnncost.compare("resnet18", "vgg11", batch=2).to_dict(),
    "memory resnet18 --optimizer adam --dtypes mixed": lambda: cnncost.memory(
        "resnet18", optimizer="adam", dtypes="mixed"
    ).to_dict(),
    "formula bottleneck": lambda: cnncost.formula("bottleneck").to_dict(),
    "formula resnet18 --let width --size 64": lambda: cnncost.formula("resnet18", "width", size=64).to_dict(),
    "solve resnet18 --for width --target flops<=1G": lambda: cnncost.solve("resnet18", "width", "flops<=1G").to_dict(),
    "solve resnext_block --for c --equals bottleneck --set C=64 --set G=32": lambda: cnncost.solve(
        "resnext_block", "c", equals="bottleneck", C=64, G=32
    ).to_dict(),
    "explain resnet18 --conventions fvcore,thop": lambda: cnncost.explain("resnet18", ["fvcore", "thop"]).to_dict(),
    "explain resnet18 --claim 1.8G": lambda: cnncost.explain("resnet18", claim="1.8G").to_dict(),
    "explain resnet18 --layer layer1": lambda: cnncost.explain("resnet18", layer="layer1").to_dict(),
    "explain resnet18 --layer conv1": lambda: cnncost.explain("resnet18", layer="conv1").to_dict(),
    "diff resnet18 resnet34": lambda: cnncost.diff("resnet18", "resnet34").to_dict(),
}


@pytest.mark.parametrize("line", SAME)
def test_a_verb_answers_as_its_command(line: str) -> None:
    import json

    told = json.loads(command(*line.split(), "--format", "json").out)
    answer = json.loads(json.dumps(SAME[line]()))
    answer.pop("free", None), told.pop("free", None)
    if "layers" in told and "memory" not in line and line.startswith("table"):
        names = {layer["name"] for layer in told["layers"]}
        answer["layers"] = [layer for layer in answer["layers"] if layer["name"] in names]  # those that cost something
    assert answer == told


def test_sweep_is_a_sequence() -> None:
    found = cnncost.sweep("resnet18", width=range(16, 65, 16), size=[96, 128], classes=10)
    assert len(found) == 8
    assert found[0]["params"] == analyze("resnet18", width=16, size=96, classes=10).total["params"]
    assert [row["flops"] for row in found] == found.columns["flops"].tolist()
    assert [row["width"] for row in found[-2:]] == [64, 64]
    blocks = cnncost.sweep("resnet18", {"depths.2": [1, 2], "block": ["basic", "bottleneck"]}, sort="-flops", top=1)
    assert [row["block"] for row in blocks] == ["bottleneck"]
    assert repr(found).startswith("<Result of a sweep over resnet18: 8 candidates")
    assert len(repr(found)) < 200


def test_check_is_of_several_models() -> None:
    found = cnncost.check("resnet18", "resnet34", params="20M", peak="7MB")
    assert [(verdict.model, verdict.quantity.key, verdict.ok) for verdict in found.verdicts] == [
        ("resnet18", "params", True),
        ("resnet18", "peak_bytes", True),
        ("resnet34", "params", False),
        ("resnet34", "peak_bytes", True),
    ]
    assert not found.ok
    with pytest.raises(UsageError, match="no limit for resnet18"):
        cnncost.check("resnet18")


DTYPES = {"float16": np.float16, "int8": np.dtype("int8"), "float64": float, "bfloat16": "torch.bfloat16"}


@pytest.mark.parametrize("name", DTYPES)
def test_dtypes_of_others(name: str) -> None:
    assert analyze("alexnet", dtype=DTYPES[name]).to_dict() == analyze("alexnet", dtype=name).to_dict()


REFUSED: dict[str, Any] = {
    "unknown dtype 'complex64'": lambda: analyze("alexnet", dtype=np.complex64),
    "a model function needs an input": lambda: analyze(lambda x: x),
    "42 is no model": lambda: analyze(42),  # type: ignore[arg-type]
    "no model to compare": lambda: cnncost.compare(),
    "claim and layer cannot be combined": lambda: cnncost.explain("alexnet", claim="1G", layer="conv1"),
    "resnet18 has no layer 'conv2'\ndid you mean 'layer1.0.conv2'": lambda: analyze("resnet18")["conv2"],
    "resnet18 has no layer 'peak'\na column: report.column": lambda: analyze("resnet18")["peak"],
    "a mask of 2 for 68 rows": lambda: analyze("resnet18").take([True, False]),
    "unknown figure 'latency'": lambda: cnncost.check("alexnet", latency=3),
    "cannot sort by 'bound_by'": lambda: analyze("alexnet").top(3, "bound_by"),
    "the input 224 of alexnet is no shape": lambda: analyze("alexnet", input=224),
    "optimizer None is no text": lambda: analyze("alexnet", optimizer=None),  # type: ignore[arg-type]
    "checkpointing True is no text": lambda: analyze("alexnet", checkpoint=True),  # type: ignore[arg-type]
    "unknown method 'fast'": lambda: cnncost.sweep("alexnet", classes=[3, 4], method="fast"),
    "a top of -1": lambda: cnncost.sweep("alexnet", classes=[3, 4], top=-1),
    "columns are 3": lambda: analyze("alexnet").table(columns=3),
}


COLUMNS: dict[str, Any] = {
    "table": lambda columns: analyze("alexnet").table(columns=columns),
    "compare": lambda columns: cnncost.compare("alexnet", "vgg11").table(columns=columns),
    "groups": lambda columns: cnncost.compare("alexnet", "vgg11").table(columns=columns, by="type"),
}


@pytest.mark.parametrize("shown", COLUMNS.values(), ids=COLUMNS)
def test_columns_are_a_text_or_a_list(shown: Any) -> None:
    assert str(shown(["params", "flops"])) == str(shown("params,flops")) != str(shown("params"))


@pytest.mark.parametrize("fact", REFUSED)
def test_refusals(fact: str) -> None:
    with pytest.raises(CnncostError) as error:
        REFUSED[fact]()
    assert fact in str(error.value)


# ── a report as a sequence of layers ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def report() -> Report:
    return analyze("resnet18")


def test_rows(report: Report) -> None:
    assert len(report) == 68 == len(list(report))
    first = report[0]
    assert first == report["conv1"] == report[-68] == next(iter(report))
    assert (first.name, first.kind, first.output, first.params, first.macs) == (
        "conv1",
        "conv",
        (64, 112, 112),
        9408,
        118_013_952,
    )
    assert first.memory == first["activation_bytes"] == first.activation_bytes == 64 * 112 * 112 * 4
    assert type(first.params) is int
    assert [layer.name for layer in report[1:3]] == ["bn1", "relu"]
    assert [layer.name for layer in report[[2, 0]]] == ["relu", "conv1"]
    assert sum(layer.flops for layer in report) == report.total["flops"]
    assert "conv1" in report
    assert "conv9" not in report
    assert first.to_dict()["params"] == 9408
    with pytest.raises(IndexError):
        report[68]
    with pytest.raises(AttributeError, match="a layer has no 'colour'"):
        _ = first.colour


def test_masks_and_columns(report: Report) -> None:
    heavy = report[report.params > 1_000_000]
    assert {layer.kind for layer in heavy} == {"conv"}
    assert heavy.total["params"] == sum(n for n in report.params.tolist() if n > 1_000_000)
    assert report.take([True] * 68) == report
    columns = report.columns
    assert {len(column) for column in columns.values()} == {68}
    assert columns["output"][0] == (64, 112, 112)
    assert columns["flops"].dtype == np.int64
    for name in (*columns, "peak", "kept", "rf", "layers")[:-2]:
        column = columns[name] if name in columns else report.column(name)
        with pytest.raises(ValueError, match="read-only"):
            column[0] = column[1]


def test_pandas(report: Report) -> None:
    pandas = pytest.importorskip("pandas")
    frame = report.to_pandas()
    assert frame["params"].sum() == report.total["params"]
    assert frame.groupby("kind")["params"].sum()["linear"] == 513_000
    assert pandas.DataFrame(cnncost.sweep("resnet18", width=[32, 64]).columns)["params"].tolist() == [3_055_880, 11_689_512]


def test_values_are_compared_copied_and_pickled(report: Report) -> None:
    assert report == analyze("resnet18")
    assert report != analyze("resnet18", batch=2)
    assert report != analyze("resnet34")
    assert report != 5
    assert hash(report) == hash(analyze("resnet18"))
    for other in (copy.deepcopy(report), pickle.loads(pickle.dumps(report))):
        assert other == report
        assert other.to_dict() == report.to_dict()
        assert other.group(1) == report.group(1)
        assert other.column("peak").tolist() == report.column("peak").tolist()
    graph = report.counts.graph
    assert pickle.loads(pickle.dumps(graph)) == graph == copy.deepcopy(graph)
    assert pickle.loads(pickle.dumps(report[0])) == report[0]


def test_representations(report: Report) -> None:
    for value in (
        report,
        report[0],
        cnncost.compare("resnet18", "vgg11"),
        cnncost.memory("resnet18"),
        cnncost.formula("bottleneck"),
        cnncost.solve("resnet18", "width", "flops<=1G"),
        cnncost.sweep("resnet18", width=[32, 64]),
    ):
        assert len(repr(value)) < 120
        assert "\n" not in repr(value)
    for value in (report, cnncost.compare("resnet18", "vgg11"), cnncost.memory("resnet18"), cnncost.diff("resnet18", "vgg11")):
        assert (str(value) == value.table().__class__ and False) or len(str(value).splitlines()) > 3


def test_letters_and_columns_can_be_printed() -> None:
    (h,) = cnncost.symbols("H")
    lettered = analyze("resnet18", input=(3, h, h))
    assert "H" in str(lettered)
    assert "total" in str(lettered)
    several = analyze("resnet18", width=np.array([32, 64]))
    assert "3,055,880 … 11,689,512" in str(several)
    assert several.to_dict()["total"]["params"] == [3_055_880, 11_689_512]
    assert "<table>" in several._repr_html_()
    assert len(str(lettered.group(1)).splitlines()) < 20


# ── notebooks ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Tables(HTMLParser):
    """The rows of the tables of a page, how each cell is aligned, and what is folded."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[tuple[str, str]]]] = []
        self.folded: list[int] = []  # tables within <details>
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if tag == "table":
            self.folded += [len(self.tables)] if "details" in self.open else []
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append(("", dict(attrs)["style"] or ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open and self.open[-1] in ("td", "th"):
            text, style = self.tables[-1][-1][-1]
            self.tables[-1][-1][-1] = (text + data.strip(), style)


def test_a_notebook_shows_stages_and_folds_layers(report: Report) -> None:
    page = Tables()
    page.feed(report._repr_html_())
    stages, layers = page.tables
    assert page.folded == [1]
    names = [row[0][0] for row in stages]
    assert names == ["layer", "conv1", "bn1", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool", "fc", "total"]
    assert len(layers) > 40
    assert "left" in layers[1][0][1]
    assert "right" in layers[1][-1][1]
    assert all("bold" in style for _, style in layers[-1])
    assert not any("bold" in style for _, style in layers[-2])
    assert "--" not in page.text
    assert "cnncost " not in page.text
    small = Tables()
    small.feed(analyze("alexnet")._repr_html_())
    assert (len(small.tables), small.folded) == (1, [])


# ── its reference ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_reference_is_what_the_docstrings_say() -> None:
    """`python tests/tools/api.py` writes it."""
    from tools.api import PAGE, page

    assert PAGE.read_text("utf-8") == page()
