"""ResNet, ResNeXt, Wide ResNet and SENet, stage by stage and layer by layer, against recorded tables."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

import cnncost
from cnncost.graph.graph import Graph, Node
from cnncost.rules import elements

LAYERS = Path(__file__).parents[2] / "data" / "layers"

Record = dict[str, str]


def table(name: str) -> list[Record]:
    with (LAYERS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def params(nodes: Iterable[Node]) -> int:
    return sum(node.cost.params for node in nodes)


def macs(nodes: Iterable[Node]) -> int:
    return sum(node.cost.macs for node in nodes)


def within(graph: Graph, *prefixes: str) -> list[Node]:
    """The layers named by the prefixes, or inside the groups they name."""
    return [node for node in graph.layers if any(f"{node.name}.".startswith(f"{prefix}.") for prefix in prefixes)]


def size(nodes: list[Node]) -> str:
    return "x".join(map(str, nodes[-1].cost.shape[1:])) or "1x1"


RESNET_STAGES = {
    "conv1": ("conv1", "bn1", "relu"),
    "conv2_x": ("layer1",),
    "conv3_x": ("layer2",),
    "conv4_x": ("layer3",),
    "conv5_x": ("layer4",),
    "fc": ("fc",),
}


@pytest.mark.parametrize("row", table("resnet_table1"), ids=lambda r: f"{r['net']}-{r['version']}-{r['stage']}")
def test_resnet_stages(row: Record) -> None:
    name = row["net"].replace("-", "").lower()
    graph = cnncost.load(name if row["version"] == "v1.5" else f"{name}_v1").trace()
    total = row["stage"] == "TOTAL"
    stage = list(graph.layers) if total else within(graph, *RESNET_STAGES[row["stage"]])
    assert total or size(stage) == row["output"]
    assert params(stage) == int(row["params_incl_bn"])
    assert macs(stage) == int(row["macs"])
    made = sum(elements(node.cost.shape) for node in stage if node.kind in ("conv", "linear"))
    assert made == int(row["conv_fc_out_elems"])


@pytest.mark.parametrize("row", table("resnext_table2"), ids=lambda r: f"{r['cardinality_C']}x{r['width_d']}d")
def test_resnext_pairs(row: Record) -> None:
    pair = f"{row['cardinality_C']}x{row['width_d']}d"
    for depth in ("50", "101"):
        graph = cnncost.load(f"resnext{depth}_{pair}").trace()
        assert params(graph.layers) == int(row[f"net{depth}_params"])
        assert params(n for n in graph.layers if n.kind != "batch_norm") == int(row[f"net{depth}_params_no_bn"])
        assert macs(graph.layers) == int(row[f"net{depth}_macs"])
        block = within(graph, "layer1.1")
        (grouped,) = (node for node in block if node.name.endswith("conv2"))
        assert grouped.cost.shape[0] == int(row["group_conv_width"])
        assert grouped.args["groups"] == int(row["cardinality_C"])
        assert params(node for node in block if node.kind == "conv") == int(row["conv2_block_weights"])


@pytest.mark.parametrize("row", table("wrn_structure"), ids=lambda r: f"{r['net']}-{r['group']}")
def test_wide_resnet_groups(row: Record) -> None:
    graph = cnncost.load(row["net"].replace("-", "_").lower()).trace()
    group = within(graph, *row["group"].replace("avg-pool+fc", "avg-pool fc").split())
    assert size(group) == row["output"]
    assert group[-1].cost.shape[0] == int(row["channels"])
    if row["blocks"].isdecimal():
        blocks = {node.name.rpartition(".")[0] for node in group}
        assert len(blocks) == int(row["blocks"])
    else:
        assert row["blocks"] == f"params {params(graph.layers)} macs {macs(graph.layers)}"


CAFFE_KINDS = {
    "Convolution": {"conv"},
    "Pooling:MAX": {"max_pool"},
    "Pooling:AVE": {"global_avg_pool", "adaptive_avg_pool"},
    "InnerProduct": {"linear"},
}


def caffe_layers(rows: list[Record]) -> list[tuple[Any, ...]]:
    """What a Caffe definition says of each layer; a map of 1×1 pixels is a vector, as in a graph."""

    def shape(text: str) -> tuple[int, ...]:
        return tuple(map(int, text.removesuffix("x1x1").split("x")))

    found = []
    for row in rows:
        arguments: tuple[Any, ...] = ()
        if row["type"] == "Convolution":
            kernel, stride, pad = (int(row[a].split("x")[0]) for a in ("kernel", "stride", "pad"))
            arguments = (kernel, stride, pad, int(row["group"]), row["bias"] == "True")
        figures = int(row["params"]), int(row["macs_or_pool_ops"])
        found.append((row["type"], shape(row["input"]), shape(row["output"]), arguments, *figures))
    return found


def graph_layers(graph: Graph) -> list[tuple[Any, ...]]:
    """The same of a graph's layers, without those that a Caffe table leaves out."""

    def shape(node: Node) -> tuple[int, ...]:
        full = node.cost.shape
        return full[:1] if full[1:] == (1, 1) else full

    found = []
    for node in graph.layers:
        kind = next((kind for kind, kinds in CAFFE_KINDS.items() if node.kind in kinds), None)
        if kind is None:
            continue
        names = ("kernel", "stride", "pad", "groups", "bias")
        arguments = tuple(node.args[name] for name in names) if kind == "Convolution" else ()
        source = graph.nodes[node.inputs[0]]
        found.append((kind, shape(source), shape(node), arguments, node.cost.params, node.cost.macs + node.cost.taps))
    return found


@pytest.mark.parametrize(
    ("recorded", "model", "order"),
    [
        ("caffe_resnet50_authors", "resnet50_v1 --set pool=ceil --set stem_bias=true", Counter),  # projections first
        ("caffe_senet154_authors", "senet154", list),
    ],
)
def test_authors_definition(recorded: str, model: str, order: Callable[[list[Any]], object]) -> None:
    *rows, total = table(recorded)
    graph = cnncost.load(model).trace()
    assert order(graph_layers(graph)) == order(caffe_layers(rows))
    normalisation = params(node for node in graph.layers if node.kind == "batch_norm")
    assert total["bias"] == f"scale(gamma/beta) params {normalisation}"
    assert params(graph.layers) == int(total["params"])
    assert macs(graph.layers) == int(total["macs_or_pool_ops"])
