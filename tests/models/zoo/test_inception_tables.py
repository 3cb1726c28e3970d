"""The Inception networks, PolyNet and Xception against recorded tables and published counts."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

import cnncost
from cnncost.base.errors import ModelError, UsageError
from cnncost.graph.graph import Graph, Node

LAYERS = Path(__file__).parents[2] / "data" / "layers"
CAFFE_TABLES = {
    "caffe_inception_v3_port": "inception_v3_no_aux",
    "caffe_inception_v4_port": "inception_v4",
    "caffe_inception_resnet_v2_port": "inception_resnet_v2",
}

Record = dict[str, str]


def table(name: str) -> list[Record]:
    with (LAYERS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shape(sizes: tuple[int, ...]) -> str:
    """A shape as the tables write it: 64x35x35."""
    return "x".join(map(str, sizes))


def pair(value: int | tuple[int, int]) -> str:
    return shape(value if isinstance(value, tuple) else (value, value))


def conv(graph: Graph, node: Node) -> tuple[str, ...]:
    (source,) = node.inputs
    args = node.args
    return (
        shape(graph.nodes[source].cost.shape),
        shape(node.cost.shape),
        pair(args["kernel"]),
        pair(args["stride"]),
        pair(args["pad"]),
        str(args["bias"]),
        str(node.cost.params),
        str(node.cost.macs),
    )


@pytest.mark.parametrize("name", CAFFE_TABLES)
def test_caffe_table(name: str) -> None:
    """Branches run in another order than in the Caffe definitions, so rows are compared as multisets."""
    *rows, total = table(name)
    graph = cnncost.load(CAFFE_TABLES[name]).trace()
    columns = ("input", "output", "kernel", "stride", "pad", "bias", "params", "macs_or_pool_ops")
    expected = Counter(tuple(row[column] for column in columns) for row in rows if row["type"] == "Convolution")
    assert Counter(conv(graph, node) for node in graph.layers if node.kind == "conv") == expected

    pools = Counter(int(row["macs_or_pool_ops"]) for row in rows if row["type"].startswith("Pooling"))
    assert Counter(node.cost.taps for node in graph.layers if node.cost.taps) == pools
    concats = Counter(row["output"] for row in rows if row["type"] == "Concat")
    ours = Counter(shape(node.cost.shape) for node in graph.layers if node.kind == "concat")
    assert {output: ours[output] for output in concats} == dict(concats)

    (linear,) = (node for node in graph.layers if node.kind == "linear")
    (classifier,) = (row for row in rows if row["type"] == "InnerProduct")
    assert (linear.cost.params, linear.cost.macs) == (int(classifier["params"]), int(classifier["macs_or_pool_ops"]))
    assert sum(node.cost.params for node in graph.layers) == int(total["params"])
    assert sum(node.cost.macs for node in graph.layers) == int(total["macs_or_pool_ops"])
    norms = sum(node.cost.params for node in graph.layers if node.kind == "batch_norm")
    assert total["bias"] == f"scale(gamma/beta) params {norms}"


def test_inception_v4_stages_read_like_the_paper() -> None:
    report = cnncost.analyze("inception_v4")
    stages = ["stem", "inception_a", "reduction_a", "inception_b", "reduction_b", "inception_c"]
    assert [row.name for row in report.group(1).rows] == [*stages, "avgpool", "dropout", "linear"]
    outputs = {row.name: shape(row.output) for row in report.group(1).rows}
    assert [outputs[stage] for stage in stages] == [
        "384x35x35",
        "384x35x35",
        "1024x17x17",
        "1024x17x17",
        "1536x8x8",
        "1536x8x8",
    ]
    blocks = Counter(row.name.rpartition(".")[0] for row in report.group(2).rows)
    assert (blocks["inception_a"], blocks["inception_b"], blocks["inception_c"]) == (4, 7, 3)


def test_auxiliary_classifier_of_inception_v3() -> None:
    """torchvision's network at inference has its 3,326,696 parameters, but does not run it."""
    none, output = cnncost.analyze("inception_v3_no_aux"), cnncost.analyze("inception_v3_aux")
    declared = cnncost.analyze("inception_v3")
    assert declared.total["params"] == output.total["params"] == none.total["params"] + 3_326_696
    assert declared.total["macs"] == none.total["macs"] < output.total["macs"]
    assert len(cnncost.load("inception_v3_aux").trace().outputs) == 2
    assert len(cnncost.load("inception_v3").trace().outputs) == 1


def test_bn_inception_of_tf_slim() -> None:
    """TF-Slim tests 10,173,112 model variables before the classifier.

    A batch norm has three there (no scale); the separable convolution has a bias in place of it.
    """
    nodes = cnncost.load("bn_inception", separable_stem=True).trace().layers
    weights = sum(node.cost.params for node in nodes if node.kind == "conv")
    channels = [node.cost.shape[0] for node in nodes if node.kind == "batch_norm" and node.name != "conv1.bn"]
    assert weights + 3 * sum(channels) + 64 == 10_173_112


def test_se_bn_inception_adds_only_the_gates() -> None:
    plain = cnncost.analyze("bn_inception", projection_4cd=128).total["params"]
    widths = (256, 320, 576, 576, 576, 608, 608, 1056, 1024, 1024)
    gates = sum(2 * width * (width // 16) + width // 16 + width for width in widths)
    assert cnncost.analyze("se_bn_inception").total["params"] == plain + gates


def test_xception_of_keras() -> None:
    total = cnncost.analyze("xception").total
    assert total["params"] == 22_855_952
    assert total["params"] + total["buffers"] == 22_910_480


def test_polynet_modules() -> None:
    """A poly module computes its branches once per order and has their weights once; the rest is each unit's own."""

    def figures(module: str) -> tuple[int, int, int]:
        rows = cnncost.load(f"polynet --set depths=0,1,0 --set stage_b={module}").trace().layers
        stage = [node for node in rows if node.name.startswith("stage_b.")]
        convs = [node for node in stage if node.kind == "conv" and not node.name.startswith("stage_b.1.up.")]
        own = sum(node.cost.params for node in stage if node not in convs)
        return sum(node.cost.params for node in convs), own, sum(node.cost.macs for node in stage)

    weights, own, macs = figures("1-way")
    for module in ("2-way", "mpoly-2"):
        assert figures(module) == (2 * weights, 2 * own, 2 * macs)
    for module in ("3-way", "mpoly-3"):
        assert figures(module) == (3 * weights, 3 * own, 3 * macs)
    for order in (2, 3):
        assert figures(f"poly-{order}") == (weights, order * own, order * macs)


def test_polynet_normalisations() -> None:
    nodes = cnncost.load("polynet").trace().layers
    sizes = [node.cost.shape for node in nodes if node.kind == "batch_norm"]
    assert sum(channels * height * width for channels, height, width in sizes) == 66_521_920
    shared = {node.shares for node in nodes if node.shares}
    assert "stage_b.1.branch7x7_2.conv" in shared
    assert not any(".up." in name for name in shared)


@pytest.mark.parametrize("reference", ["inception_v4", "inception_resnet_v2", "polynet"])
def test_depths_are_three(reference: str) -> None:
    with pytest.raises(ModelError, match="depths takes 3 numbers, not 2"):
        cnncost.load(f"{reference} --set depths=1,2").trace()


def test_polynet_needs_known_modules() -> None:
    with pytest.raises(UsageError, match=r"setting stage_a\.0='poly-9': no such choice"):
        cnncost.load("polynet", stage_a=("poly-9",)).trace()
    with pytest.raises(ModelError, match="stage_c names no module"):
        cnncost.load("polynet", stage_c=()).trace()
