"""Layer by layer against the tables in tests/data/layers, and the totals that the lecture compares."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import cnncost
from cnncost.measures.report import Report
from cnncost.rules import Shape, elements

DATA = Path(__file__).parents[2] / "data" / "layers"
Record = dict[str, str]

LECTURE_KINDS = ("conv", "max_pool", "flatten", "linear")  # what has a row in a lecture's table

# Tables in the lecture's columns: the model, and whether the layers bear the table's names.
LECTURE_TABLES = {
    "alexnet_lecture": ("alexnet_lecture", True),
    "alexnet_original_grouped": ("alexnet_original", True),
    "alexnet_torchvision_224": ("alexnet", False),
    "googlenet_stem_lecture": ("googlenet_stem", False),
    "lenet5_lecture": ("lenet5_lecture", True),
    "vgg16_lecture_2conv_stage3": ("vgg16_lecture", True),
    "vgg16_standard": ("vgg16", False),
    "vgg16_to_28_lecture": ("vgg16_lecture", True),
    "zfnet_paper": ("zfnet", True),
}
CAFFE_TABLES = {"caffe_googlenet_bvlc": "googlenet_bvlc"}
INCEPTION_TABLES = {"naive": "inception_naive", "bottleneck": "inception_reduced"}


def read(table: str) -> list[Record]:
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def of_kinds(report: Report, *kinds: str) -> Report:
    """The rows of some kinds; of all, where none is named."""
    return report.take([i for i, row in enumerate(report.rows) if not kinds or row.kind in kinds])


def size(channels: str, side: str) -> Shape:
    return (int(channels), int(side), int(side)) if side else (int(channels),)


def shape(text: str) -> Shape:
    """A shape as Caffe has it, 1024x1x1, without sides of 1."""
    sizes = tuple(map(int, text.split("x")))
    return sizes[:1] if sizes[1:] == (1, 1) else sizes


def argument(text: str) -> int | None:
    return int(text) if text else None


@pytest.mark.parametrize("table", LECTURE_TABLES)
def test_lecture_table(table: str) -> None:
    model, named = LECTURE_TABLES[table]
    rows = read(table)
    report = of_kinds(cnncost.analyze(model), *LECTURE_KINDS)
    assert len(report.rows) == len(rows) or table == "vgg16_to_28_lecture"
    report = report.take(range(len(rows)))
    for index, (row, ours) in enumerate(zip(rows, report.rows, strict=True)):
        if named:
            assert ours.name == row["layer"]
        assert ours.inputs == (size(row["in_channels"], row["in_hw"]),), row
        assert ours.output == size(row["out_channels"], row["out_hw"]), row
        for column in ("filters", "kernel", "stride", "pad"):
            expected = argument(row[column])
            given = ours.args.get({"filters": "out"}.get(column, column))
            if column == "stride" and given is None:
                given = ours.args.get("kernel")  # a pooling's stride is its window
            assert expected is None or given == expected, (row, column)
        assert report.activation_bytes[index] == 4 * int(row["out_elems"]), row
        assert report.activation_bytes[index] / 1024 == pytest.approx(float(row["memory_KB"]), abs=1e-4), row
        assert report.params[index] == int(row["params"]), row
        assert report.params[index] - int(row["params_no_bias"]) in (0, int(row["filters"] or 0) or ours.output[0]), row
        assert report.flops[index] == int(row["flops"]), row
    assert report.total["params"] == sum(int(row["params"]) for row in rows)
    assert report.total["flops"] == sum(int(row["flops"]) for row in rows)
    assert report.total["activation_bytes"] == 4 * sum(int(row["out_elems"]) for row in rows)


@pytest.mark.parametrize("table", CAFFE_TABLES)
def test_caffe_table(table: str) -> None:
    *rows, total = read(table)
    report = cnncost.analyze(CAFFE_TABLES[table])
    place = {row.name: index for index, row in enumerate(report.rows)}
    assert total["layer"] == "TOTAL"
    listed = [place.pop(row["layer"].replace("/", ".")) for row in rows]
    assert listed == sorted(listed)
    for index, row in zip(listed, rows, strict=True):
        ours = report.rows[index]
        assert [elements(x) for x in ours.inputs] == [elements(shape(text)) for text in row["input"].split("+")], row
        assert ours.output == shape(row["output"]), row
        assert report.params[index] == int(row["params"]), row
        assert report.flops[index] == int(row["macs_or_pool_ops"]), row
    unlisted = list(place.values())
    assert not report.params[unlisted].any()
    assert not report.flops[unlisted].any()
    assert report.total["params"] == int(total["params"])
    assert report.total["macs"] == int(total["macs_or_pool_ops"])


@pytest.mark.parametrize("module", INCEPTION_TABLES)
def test_inception_module(module: str) -> None:
    *rows, total = (row for row in read("inception_modules_cs231n") if row["module"] == module)
    whole = cnncost.analyze(INCEPTION_TABLES[module])
    report = of_kinds(whole, "conv")
    ours = [
        (row.inputs[0], row.output, int(params), int(macs))
        for row, params, macs in zip(report.rows, report.params, report.macs, strict=True)
    ]
    expected = [(shape(row["input"]), shape(row["output"]), int(row["weights"]), int(row["macs"])) for row in rows]
    assert sorted(ours) == sorted(expected)
    assert (whole.input, whole.rows[-1].output) == (shape(total["input"]), shape(total["output"]))
    assert (whole.total["params"], whole.total["macs"]) == (int(total["weights"]), int(total["macs"]))


def test_lenet5_of_1998() -> None:
    """Per stage, and connections: a weight used, a subsampled input and an offset are one each."""
    _, *rows, total = read("lenet5_1998")
    graph = cnncost.load("lenet5").trace()
    stages = cnncost.analyze(graph).group(1)
    connections = dict.fromkeys((row.name for row in stages.rows), 0)
    for node in graph.layers:
        connections[node.name.split(".")[0]] += node.cost.macs + node.cost.taps + node.cost.bias
    for index, row in enumerate(rows):
        ours = stages.rows[index]
        assert ours.name == row["layer"]
        assert elements(ours.output) == int(row["maps"]) * int(row["hw"]) ** 2, row
        assert stages.params[index] == int(row["params"]), row
        assert stages.macs[index] == int(row["weight_macs"]), row
        assert connections[ours.name] == int(row["connections"]), row
    assert len(stages.rows) == len(rows)
    assert stages.total["params"] == int(total["params"]) == 60_000
    assert stages.total["macs"] == int(total["weight_macs"]) == 326_520
    assert sum(connections.values()) == int(total["connections"]) == 340_908


def test_c3_reads_the_maps_of_the_paper() -> None:
    """Every map of S2 is read by ten of C3, and no two of C3 read the same maps."""
    from cnncost.models.zoo.lenet import C3_READS

    reads = [maps for group in C3_READS.values() for maps in group]
    assert len(set(reads)) == 16
    assert np.bincount([int(digit) for digit in "".join(reads)]).tolist() == [10] * 6


MB, K, M, G = 2**20, 10**3, 10**6, 10**9

# Model, figure, kinds of layers (empty: all), unit, and what the lecture prints: the readings that reproduce it.
COMPARED = [
    ("alexnet_lecture", "activation_bytes", "conv", MB, "1.9"),
    ("alexnet_lecture", "params", "", M, "61"),
    ("alexnet_lecture", "flops", "conv linear", G, "0.7"),
    ("vgg16_lecture", "activation_bytes", "conv", MB, "48.6"),
    ("vgg16_lecture", "params", "", M, "138"),
    ("vgg16_lecture", "flops", "conv linear", G, "13.6"),
    ("vgg16", "activation_bytes", "conv", MB, "51.7"),
    ("vgg16", "params", "", 1, "138357544"),
    ("vgg16", "flops", "conv linear", G, "15.47"),
    ("googlenet_stem", "activation_bytes", "conv max_pool", MB, "7.5"),
    ("googlenet_stem", "params", "conv max_pool", K, "124"),
    ("googlenet_stem", "flops", "conv max_pool", M, "481"),
    ("vgg16_lecture --set depths=2,2,2 --set widths=64,128,256", "activation_bytes", "conv", MB, "42.9"),
    ("vgg16_lecture --set depths=2,2,2 --set widths=64,128,256", "params", "conv", M, "1.1"),
    ("vgg16_lecture --set depths=2,2,2 --set widths=64,128,256", "flops", "conv", M, "7485"),
    ("inception_naive", "flops", "conv", 1, "854196224"),
    ("inception_naive", "activation_bytes", "conv", 4, "326144"),
    ("inception_reduced", "flops", "conv", 1, "271351808"),
]


@pytest.mark.parametrize(("model", "figure", "kinds", "unit", "printed"), COMPARED)
def test_totals_the_lecture_compares(model: str, figure: str, kinds: str, unit: int, printed: str) -> None:
    value = of_kinds(cnncost.analyze(model), *kinds.split()).total[figure]
    digits = len(printed.partition(".")[2])
    assert f"{value / unit:.{digits}f}" == printed


@pytest.mark.parametrize(
    ("model", "output", "count"), [("inception_naive", (672, 28, 28), 526_848), ("inception_reduced", (480, 28, 28), 376_320)]
)
def test_inception_output(model: str, output: Shape, count: int) -> None:
    graph = cnncost.load(model).trace()
    assert graph.output == output
    assert elements(output) == count


@pytest.mark.parametrize("model", ["googlenet_aux", "googlenet_bvlc_aux"])
def test_auxiliary_heads_follow_the_main_output(model: str) -> None:
    graph = cnncost.load(model, classes=7).trace()
    assert [graph.nodes[index].cost.shape for index in graph.outputs] == [(7,)] * 3
    assert graph.outputs[0] == max(graph.outputs)
    without = cnncost.load(model, aux=False).trace()
    assert len(without.outputs) == 1
    kept = {node.name for node in graph.nodes} - {node.name for node in without.nodes}
    assert {name.split(".")[0] for name in kept} in ({"aux1", "aux2"}, {"loss1", "loss2"})
