"""Groups by scope, resolution and type."""

from __future__ import annotations

import pytest
from support import traced

from cnncost import Graph, trace
from cnncost.base.errors import UsageError
from cnncost.base.poly import symbols
from cnncost.measures.groups import resolutions
from cnncost.measures.report import report
from cnncost.models.load import names


def stages(graph: Graph) -> dict[str, str]:
    return dict(zip([node.name for node in graph.layers], resolutions(graph), strict=True))


def test_stages_are_the_rows_of_the_papers_tables() -> None:
    # arXiv:1512.03385, table 1: conv1 makes 112×112 of 224×224, conv2_x 56×56, … conv5_x 7×7.
    found = stages(traced("resnet50"))
    assert [found[name] for name in ("conv1", "maxpool", "layer1.0.conv1", "layer2.0.conv3", "layer3.5.add", "layer4.2.add")
    ] == [
        "1/2", "1/4", "1/4", "1/8", "1/16", "1/32"
    ]  # fmt: skip
    assert found["fc"] == "head"
    # arXiv:2010.11929: patches of 16×16.
    assert set(stages(traced("vit_b_16")).values()) == {"1/16", "head"}
    # LeCun et al., 1998, figure 2: C3 makes 10×10 of 32×32, nearer to a quarter than to a half.
    assert stages(traced("lenet5"))["C3.conv_six"] == "1/4"
    # arXiv:1905.02244: what squeeze-and-excitation learns about a stage belongs to the stage.
    found = stages(traced("mobilenet_v3_large"))
    assert {found[name] for name in found if ".fc" in name and name.startswith("features.4.")} == {"1/8"}


def test_a_finer_map_than_the_input_has_a_stage() -> None:
    found = resolutions(trace(lambda x: x.upsample(2).conv(8, 3, pad=1), (3, 8, 8)))
    assert found == ["2/1", "2/1"]


@pytest.mark.parametrize("by", ["scope", "resolution", "type"])
def test_groups_keep_the_totals(by: str) -> None:
    whole = report(traced("inception_v3"), batch=3)
    parts = whole.group(by=by)
    assert parts.total == whole.total
    assert sum(row.layers for row in parts.rows) == len(whole.rows)


def test_every_network_of_the_zoo_has_stages() -> None:
    crowded = 0
    for name in names():
        whole = report(traced(name))
        parts = whole.group(by="resolution")
        assert parts.total["flops"] == whole.total["flops"], name
        crowded += max(parts.flops.tolist()) > 0.9 * parts.total["flops"]
    assert crowded < 74  # networks that put over nine tenths into one scope of depth 1


def test_the_lectures_summary_by_type() -> None:
    # EECS 498-007, lecture 8: of AlexNet, convolutions hold most FLOPs and memory, linear layers most parameters.
    parts = report(traced("alexnet_lecture")).group(by="type")
    by = {row.name: index for index, row in enumerate(parts.rows)}
    assert parts.flops[by["conv"]] > parts.total["flops"] / 2
    assert parts.activation_bytes[by["conv"]] > parts.total["activation_bytes"] / 2
    assert parts.params[by["linear"]] > parts.total["params"] / 2


def test_what_cannot_be_grouped() -> None:
    whole = report(traced("resnet18"))
    with pytest.raises(UsageError, match="cannot group by 'stag'"):
        whole.group(by="stag")
    with pytest.raises(UsageError, match="a depth of 2"):
        whole.group(2, by="type")
    (height,) = symbols("H")
    with pytest.raises(UsageError, match="need numbers"):
        resolutions(trace(lambda x: x.conv(8, 3), (3, height, height)))
