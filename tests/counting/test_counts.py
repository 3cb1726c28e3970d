"""Columns of counts: exact where sums pass int64, read-only, and nothing but parameters for layers that never run."""

from __future__ import annotations

import numpy as np
import pytest

from cnncost.base.ints import INT64_MAX
from cnncost.base.poly import symbol
from cnncost.counting import COUNTS, LETTERS, Convention, convention
from cnncost.counting.counts import Counts, column, times
from cnncost.counting.letters import value, values
from cnncost.graph.graph import Tensor, trace
from cnncost.measures.report import report


def net(x: Tensor) -> Tensor:
    """A convolution, a pooling whose windows leave inputs out, and a head that is declared and never run."""
    x = x.conv(8, 3, pad=1, name="conv").max_pool(2, 3, name="pool")
    with x.runs(0):
        x.conv(4, 1, name="idle")
    return x.conv(8, 3, pad=1, shared="conv", name="again")


GRAPH = trace(lambda x: net(x.conv(8, 1, name="stem")), (3, 12, 12))
IDLE = [node.name for node in GRAPH.layers].index("idle")


@pytest.mark.parametrize("figure", ["params", "flops", "macs", "activation_bytes"])
@pytest.mark.parametrize("batch", [1, 2])
def test_columns_are_read_only(figure: str, batch: int) -> None:
    made = report(GRAPH, "lecture", batch)
    with pytest.raises(ValueError, match="read-only"):
        getattr(made, figure)[0] = 0


def test_counts_are_read_only() -> None:
    counts = Counts(GRAPH)
    for figure in ("flops", "params", "memory"):
        with pytest.raises(ValueError, match="read-only"):
            counts.charge(convention("fvcore"), figure)[0] = 0
    for letter in COUNTS:
        with pytest.raises(ValueError, match="read-only"):
            counts.columns[letter][0] = 0


@pytest.mark.parametrize("factor", [1, 3, 2**20, 2**40, 2**70])
def test_sums_are_exact(factor: int) -> None:
    """Every number times 2^20 fits into int64 here, and the sum of a hundred does not."""
    numbers = [2**40 + index for index in range(100)]
    product = times(column(numbers), factor)
    assert int(product.sum()) == sum(numbers) * factor
    assert product.tolist() == [number * factor for number in numbers]
    assert (product.dtype == np.int64) == (sum(numbers) * factor <= INT64_MAX)


def test_layers_that_never_run_are_charged_parameters_only() -> None:
    everything = symbol("macs") + symbol("reads") + symbol("writes") + 4
    charged = Convention("all", "", "", flops={"conv": everything}, memory={"conv": everything})
    counts = Counts(GRAPH)
    for figure in ("flops", "memory"):
        column = counts.charge(charged, figure).tolist()
        assert column[IDLE] == 0
        assert all(number > 4 for index, number in enumerate(column) if GRAPH.layers[index].kind == "conv" and index != IDLE)
    assert counts.charge(charged, "params")[IDLE] == 8 * 4 + 4
    idle = {letter: int(counts.columns[letter][IDLE]) for letter in COUNTS}
    assert idle == {"params": 36, "learned": 36, "buffers": 0, "macs": 0, "bias": 0, "taps": 0, "reads": 0, "writes": 0}


def test_parameters_and_flops_of_one_formula_are_two_columns() -> None:
    params = symbol("params")
    alike = Convention("alike", "", "", flops={"conv": params, "max_pool": params}, params={"conv": params, "max_pool": params})
    counts = Counts(GRAPH)
    assert counts.charge(alike, "flops")[IDLE] == 0
    assert counts.charge(alike, "params")[IDLE] == 36


def test_a_slip_may_make_too_few() -> None:
    """convnet-burden takes a pooling's window for its stride's: 2·2 − 3·3 is below 0, and no less a slip."""
    said = Counts(GRAPH).slips(convention("convnet_burden"))
    pooled = [slip.says for slip in convention("convnet_burden").slips if "max_pool" in slip.kinds]
    assert pooled
    assert set(pooled) <= set(said)


def test_a_letter_is_the_same_for_one_layer_and_for_many() -> None:
    for letter in LETTERS:
        layers = [node for node in GRAPH.layers if "pad" in node.args] if letter == "untransposed" else GRAPH.layers
        if letter == "untransposed":
            continue
        assert values(letter, layers, GRAPH.nodes) == [value(letter, node, GRAPH.nodes) for node in layers], letter
