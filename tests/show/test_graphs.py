"""Graphs for other programs."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest
from support import command, traced

from cnncost.measures.report import report
from cnncost.models.load import names
from cnncost.show.graphs import dot, folded, graph_data, mermaid


def test_the_data_is_the_graph() -> None:
    graph = traced("resnet50")
    data = graph_data(graph)
    assert data["schema"] == "cnncost.graph/1"
    assert data["name"] == [node.name for node in graph.layers]
    assert data["from"] == [[source - 1 for source in node.inputs] for node in graph.layers]
    assert data["outputs"] == [len(graph.layers) - 1]
    add = data["name"].index("layer1.0.add")
    assert [data["name"][source] for source in data["from"][add]] == ["layer1.0.bn3", "layer1.0.downsample.1"]
    assert data["args"][data["args_of"][0]]["kernel"] == 7
    inside = data["scopes"][data["scope_of"][add]]
    assert (inside["name"], inside["parent"]) == ("layer1.0", "layer1")
    (repeat,) = [each for each in data["repeats"] if each["scope"] == "layer3"]
    assert (repeat["first"], repeat["last"], repeat["times"], repeat["alike"]) == ("1", "5", 5, "exact")
    assert [data["name"][first] for ((first, _),) in repeat["layers"]] == [f"layer3.{number}.conv1" for number in range(1, 6)]
    json.dumps(data)


def test_it_can_be_read_back() -> None:
    """Every layer reads what stands before it, and every scope holds the layers that name it."""
    for name in names()[::9]:
        data = graph_data(traced(name))
        assert all(source < index for index, sources in enumerate(data["from"]) for source in sources), name
        for number, scope in enumerate(data["scopes"]):
            own = {index for first, last in scope["layers"] for index in range(first, last + 1)}
            direct = {index for index, at in enumerate(data["scope_of"]) if at == number}
            assert direct <= own, (name, scope)
            assert all(data["name"][index].startswith(f"{scope['name']}.") for index in own), (name, scope)


@pytest.mark.parametrize("figure", ["flops", "params", "kept_bytes"])
def test_stacks_add_up(figure: str) -> None:
    """The format of Brendan Gregg's flamegraph.pl: frames with semicolons between them, a space, a whole number."""
    whole = report(traced("inception_v3"))
    total = 0
    for line in folded(whole, figure).splitlines():
        found = re.fullmatch(r"([^ ;]+(?:;[^ ;]+)*) ([0-9]+)", line)
        assert found is not None, line
        total += int(found[2])
    assert total == sum(whole.column(figure).tolist())


@pytest.mark.parametrize("name", ["resnet18", "inception_v3", "densenet121", "lenet5", "vit_b_16"])
@pytest.mark.parametrize("depth", [None, 0, 2])
def test_texts_of_drawings_name_what_they_join(name: str, depth: int | None) -> None:
    whole = report(traced(name))
    text = mermaid(whole, depth=depth)
    known = set(re.findall(r"^\s*(?:subgraph )?(n\d+|input)[\[(]", text, re.MULTILINE))
    edges = re.findall(r"^  (\w+) --> (\w+)$", text, re.MULTILINE)
    assert edges
    assert {end for edge in edges for end in edge} <= known
    assert text.count("subgraph ") == len(re.findall(r"^\s*end$", text, re.MULTILINE))
    reached, before = {"input"}, set()
    while reached != before:
        before = set(reached)
        reached |= {b for a, b in edges if a in reached}
    assert len(reached) > 5 or depth == 0
    graphviz = dot(whole, depth=depth)
    assert graphviz.count("{") == graphviz.count("}")
    assert re.findall(r"^  (\w+) -> (\w+)$", graphviz, re.MULTILINE) == edges


def test_parallel_branches_stay_apart() -> None:
    text = mermaid(report(traced("inception_reduced")), depth=9)
    (first, *_) = re.findall(r"input --> (\w+)", text)
    assert len(re.findall(r"input --> ", text)) == 4
    joins = {b for a, b in re.findall(r"(\w+) --> (\w+)", text) if a == first}
    assert len(joins) == 1


def test_command_line(tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert json.loads(command("graph", "resnet18").out)["model"] == "resnet18"
    files = {"net.json": "{", "net.mmd": "flowchart", "net.dot": "digraph", "net.folded": "conv1 "}
    for file, begins in files.items():
        assert command("graph", "resnet18", "-o", str(tmp_path / file)).code == 0
        assert (tmp_path / file).read_text(encoding="utf-8").startswith(begins)
    assert command("graph", "resnet18", "-o", str(tmp_path / "net.xyz")).code == 2
    assert command("graph", "resnet18", "--format", "mermaid", "--figure", "colour").code == 2
    lines = command("graph", "resnet18", "--format", "folded").out.splitlines()
    assert all(a != b for a, b in pairwise(lines))


def test_a_specs_repeats_and_places_survive() -> None:
    spec = """cnncost: 1
input: [3, 32, 32]
blocks:
  cell:
    params: {out}
    layers:
      - conv: {out: out, kernel: 3, pad: same}
      - relu
layers:
  - conv: {out: 8, kernel: 3, pad: same, act: relu}
    repeat: 4
  - cell: {out: 8}
    repeat: 3
"""
    data = json.loads(command("graph", "-", stdin=spec).out)
    repeats = [(each["first"], each["times"], each["alike"]) for each in data["repeats"]]
    assert repeats == [("cell", 3, "exact"), ("conv", 4, "exact")]
    assert data["repeats"][1]["layers"] == [[[0, 1]], [[2, 3]], [[4, 5]], [[6, 7]]]
    assert data["at"][:2] == [[10, 5], [10, 5]]
    assert data["at"][-1] == [8, 9]
    drawn = command("draw", "-", stdin=spec).out
    assert "×4" in drawn
    assert "×3" in drawn
    assert "at" not in graph_data(traced("resnet18"))
