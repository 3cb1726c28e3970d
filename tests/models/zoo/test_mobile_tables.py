"""DenseNet, SqueezeNet, NIN and the networks for phones, layer by layer, against recorded tables."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

import cnncost
from cnncost.base.errors import AlgebraError, ModelError
from cnncost.base.ints import Ints
from cnncost.graph.graph import Graph, Node
from cnncost.models.zoo import models
from cnncost.models.zoo.blocks import divisible, exact, portion
from cnncost.rules import show

LAYERS = Path(__file__).parents[2] / "data" / "layers"

Record = dict[str, str]


def table(name: str) -> list[Record]:
    with (LAYERS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def params(nodes: Iterable[Node]) -> int:
    return sum(node.cost.params for node in nodes)


def macs(nodes: Iterable[Node]) -> int:
    return sum(node.cost.macs for node in nodes)


def within(graph: Graph, *groups: str) -> list[Node]:
    return [node for node in graph.layers if any(f"{node.name}.".startswith(f"{group}.") for group in groups)]


def across(x: tuple[int, ...], last: bool = True) -> str:
    """A shape as the papers print it, channels last; features count as a map of one pixel."""
    c, h, w = (*x, 1, 1)[:3]
    return f"{h}x{w}x{c}" if last else f"{c}x{h}x{w}"


# ── DenseNet ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def densenet_groups(stage: str) -> list[str]:
    if stage.startswith("dense block"):
        return [f"features.denseblock{stage.split()[2]}"]
    if stage.startswith("transition"):
        parts = ["pool"] if "pool" in stage else ["norm", "relu", "conv"]
        return [f"features.transition{stage.split()[1]}.{part}" for part in parts]
    return {
        "conv 7x7/2": ["features.conv0", "features.norm0", "features.relu0"],
        "max pool 3x3/2": ["features.pool0"],
        "BN + GAP + fc": ["features.norm5", "relu", "avgpool", "classifier"],
        "TOTAL": ["features", "relu", "avgpool", "classifier"],
    }[stage]


@pytest.mark.parametrize("row", table("densenet_table1"), ids=lambda r: f"{r['net']}-{r['layer']}")
def test_densenet_stages(row: Record) -> None:
    model = cnncost.load(row["net"].replace("-", "").lower())
    assert row["growth"] == f"k={model.values['growth']}"
    stage = within(model.trace(), *densenet_groups(row["layer"]))
    if row["output"]:
        assert across(stage[-1].cost.shape) == f"{row['output']}x{row['out_channels']}"
    assert params(stage) == int(row["params"])
    assert macs(stage) == int(row["macs"])


@pytest.mark.parametrize(
    ("model", "published"), [("densenet_100_24", 27.2), ("densenet_bc_190_40", 25.6), ("densenet_bc_100_12", 0.8)]
)
def test_densenet_table_2(model: str, published: float) -> None:
    assert cnncost.analyze(model).total["params"] / 10**6 == pytest.approx(published, abs=0.05)


def test_densenet_in_letters() -> None:
    (k,) = cnncost.symbols("k")
    letters = cnncost.analyze("densenet_bc_40_12", growth=k).total
    for growth in (12, 36, 60):
        for figure, count in cnncost.analyze("densenet_bc_40_12", growth=growth).total.items():
            if figure in ("params", "macs", "buffers"):
                assert letters[figure].subs({"k": growth}) == count


def test_densenet_depth() -> None:
    with pytest.raises(ModelError, match=r"depth=41 is not 3n \+ 4 with n ≥ 1"):
        cnncost.analyze("densenet_40_12", depth=41)
    with pytest.raises(ModelError, match="compression=0"):
        cnncost.analyze("densenet_bc_40_12", compression=0.0)


# ── SqueezeNet and NIN ───────────────────────────────────────────────────────────────────────────────────────────────


def test_squeezenet_table_1() -> None:
    *rows, total = table("squeezenet_table1")
    model = cnncost.load("squeezenet1_0_caffe", head_pad=0)  # the paper's map of 13×13 pixels
    graph = model.trace()
    for row in rows:
        stage = within(graph, row["layer"])
        assert across(stage[-1].cost.shape) == row["output"]
        assert params(stage) == int(row["computed_params"]) == int(row["published_params"])
        filters = {node.name.partition(".")[2]: str(node.args["out"]) for node in stage if node.kind == "conv"}
        if row["s1x1"]:
            assert filters == {"squeeze1x1": row["s1x1"], "expand1x1": row["e1x1"], "expand3x3": row["e3x3"]}
    assert params(graph.layers) == int(total["computed_params"])


@pytest.mark.parametrize(
    ("recorded", "model"),
    [("caffe_squeezenet_v1.1_authors", "squeezenet1_1_caffe"), ("caffe_nin_imagenet", "nin_imagenet")],
)
def test_authors_definition(recorded: str, model: str) -> None:
    *rows, total = table(recorded)
    graph = cnncost.load(model).trace()
    nodes = {node.name: node for node in graph.layers}
    for row in rows:
        node = nodes.pop(row["layer"].replace("/", "."))
        assert "+".join(across(graph.nodes[i].cost.shape, last=False) for i in node.inputs) == row["input"]
        assert across(node.cost.shape, last=False) == row["output"]
        assert node.cost.params == int(row["params"])
        assert node.cost.macs + node.cost.taps == int(row["macs_or_pool_ops"])
        for argument in ("kernel", "stride", "pad"):
            if row[argument] and argument in node.args:
                assert row[argument].startswith(f"{node.args[argument]}x")
    assert {node.kind for node in nodes.values()} == {"relu", "dropout"}
    assert params(graph.layers) == int(total["params"])
    assert macs(graph.layers) == int(total["macs_or_pool_ops"])


def test_nin_cifar() -> None:
    """0.97 M parameters: arXiv:1412.6806, table 1 and others who compare with it."""
    total = cnncost.analyze("nin_cifar").total
    assert (total["params"], total["macs"]) == (966_986, 222_486_528)


# ── networks for phones ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("network", ["v1", "v2"])
def test_mobilenet_layers(network: str) -> None:
    rows = table({"v1": "mobilenetv1_table1", "v2": "mobilenetv2_layers"}[network])
    graph = cnncost.load(f"mobilenet_{network}").trace()
    layers = [node for node in graph.layers if node.kind in ("conv", "linear")]
    for node, row in zip(layers, rows, strict=True):
        source = across(graph.nodes[node.inputs[0]].cost.shape)
        assert source == row.get("input", row.get("input_size"))
        assert across(node.cost.shape) == row.get("output", row.get("output_size"))
        assert node.cost.params == int(row["params_no_bn"])
        assert node.cost.macs == int(row["macs"])


@pytest.mark.parametrize(("groups", "published"), [(1, 143), (2, 140), (3, 137), (4, 133), (8, 137)])
def test_shufflenet_v1_table_1(groups: int, published: int) -> None:
    """The paper's complexity is that of the convolutions: the linear layer is left out."""
    graph = cnncost.load(f"shufflenet_v1_g{groups}").trace()
    assert round(macs(node for node in graph.layers if node.kind == "conv") / 10**6) == published


@pytest.mark.parametrize(
    ("settings", "published"),
    [("g3 --set scale=0.5 --set stem=12", 38), ("g3 --set scale=1.5", 292), ("g3 --set scale=2.0 --set stem=48", 524)],
)
def test_shufflenet_v1_table_2(settings: str, published: int) -> None:
    assert round(cnncost.analyze(f"shufflenet_v1_{settings}").total["macs"] / 10**6) == published


def test_shufflenet_v1_scale_that_groups_cannot_divide() -> None:
    with pytest.raises(ModelError, match="groups=4 must divide the 17"):
        cnncost.analyze("shufflenet_v1_g4", scale=0.25)


@pytest.mark.parametrize("module", ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3", "mnasnet", "shufflenet"])
def test_sizes_in_letters(module: str) -> None:
    height, width, classes = cnncost.symbols("H W n")
    for model in models(module).values():
        graph = model.trace((3, 32 * height, 32 * width), classes=classes)
        at = {"H": 7, "W": 7, "n": 1000}
        for mine, numbers in zip(graph.layers, model.trace().layers, strict=True):
            for figure in ("params", "macs"):
                count = getattr(mine.cost, figure)
                assert (count if isinstance(count, int) else count.subs(at)) == getattr(numbers.cost, figure), mine.name


def test_width_in_letters() -> None:
    (alpha,) = cnncost.symbols("α")
    total = cnncost.analyze("mobilenet_v1", alpha=alpha).total
    assert str(total["params"]) == "3139584·α² + 1091392·α + 1000"
    assert total["params"].subs({"α": 1}) == 4_231_976


# ── widths ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def make_divisible(value: float, by: int) -> int:
    """The rule as MobileNet's code has it, in floating point."""
    nearest = max(by, int(value + by / 2) // by * by)
    return nearest + by if nearest < 0.9 * value else nearest


@pytest.mark.parametrize("by", [4, 8, 10])
def test_divisible(by: int) -> None:
    values = range(1, 3000)
    expected = [make_divisible(value, by) for value in values]
    assert [divisible(value, by) for value in values] == expected
    assert list(divisible(Ints(np.array(values)), by).values) == expected


@pytest.mark.parametrize("width", [0.1, 0.25, 0.35, 0.5, 0.75, 1.0, 1.3, 1.4, 2.0])
def test_divisible_multiples(width: float) -> None:
    for channels in (8, 16, 24, 32, 40, 48, 64, 80, 88, 96, 112, 144, 160, 192, 320, 1280):
        assert divisible(channels * exact(width)) == make_divisible(channels * width, 8)


def test_divisible_letters() -> None:
    (width,) = cnncost.symbols("W")
    assert divisible(32 * width) == 32 * width
    with pytest.raises(AlgebraError, match="depends on the symbols"):
        divisible(width)


def test_portion() -> None:
    (c,) = cnncost.symbols("C")
    assert [portion(30, ratio) for ratio in (0.5, 0.125, 1.0, 2)] == [15, 3, 30, 60]
    assert str(portion(c, 0.5)) == "⌊C/2⌋"
    assert show((portion(32, c),)) == "32·C"
