"""Reports: columns and totals that are exact at any size, groups, conventions, and plain data."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support import examples

from cnncost import analyze, symbols, trace
from cnncost.base.errors import UsageError
from cnncost.base.poly import Poly
from cnncost.graph.graph import Tensor
from cnncost.measures.report import COLUMNS, Report, report

BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "int8": 1}


def network(x: Tensor, out: Any = 8) -> Tensor:
    with x.scope("stem"):
        x = (
            x.conv(out, 1, name="conv")
            .batch_norm(affine=False, name="norm")
            .relu(name="relu")
            .max_pool(3, 1, "same", name="pool")
        )
    with x.scope("head.pool"):
        x = x.global_avg_pool(name="mean")
    return x.linear(10, name="fc")


def by_hand(c: int, h: int, w: int, out: int) -> list[tuple[str, int, int, int, int, int]]:
    """Name, parameters, multiply-adds, the lecture's FLOPs, the elements it keeps, and buffers, of each layer of `network`."""
    area = h * w
    return [
        ("stem.conv", c * out + out, c * out * area, c * out * area, out * area, 0),
        ("stem.norm", 0, 0, 0, 0, 2 * out),
        ("stem.relu", 0, 0, 0, 0, 0),
        ("stem.pool", 0, 0, 9 * out * area, out * area, 0),
        ("head.pool.mean", 0, 0, out * area, out, 0),
        ("fc", 10 * out + 10, 10 * out, 10 * out, 10, 0),
    ]


def figures(result: Report) -> dict[str, list[Any]]:
    return {figure: [n.item() if isinstance(n, np.generic) else n for n in getattr(result, figure)] for figure in COLUMNS}


sizes = st.integers(1, 300) | st.integers(0, 45).flatmap(lambda e: st.integers(2**e, 2 ** (e + 1)))


@examples(120)
@given(sizes, sizes, sizes, sizes, st.integers(1, 64), st.sampled_from(sorted(BYTES)))
@example(10, 2**30, 2**10, 2**19, 1, "int8")  # each column of counts fits into int64, their sum does not
@example(1, 1, 1, 2**63 - 1, 1, "int8")
@example(1, 1, 1, 2**80, 2**20, "float64")
def test_columns_groups_and_totals_are_exact_at_any_size(c: int, h: int, w: int, out: int, batch: int, dtype: str) -> None:
    result = report(trace(network, (c, h, w), out=out), batch=batch, dtype=dtype)
    names, params, macs, flops, kept, buffers = (list(column) for column in zip(*by_hand(c, h, w, out), strict=True))
    expected = {
        "params": params,
        "macs": [n * batch for n in macs],
        "flops": [n * batch for n in flops],
        "activation_bytes": [n * batch * BYTES[dtype] for n in kept],
        "expected_flops": [n * batch for n in flops],
        "param_bytes": [n * BYTES[dtype] for n in params],
        "buffers": buffers,
    }
    total = {figure: sum(column) for figure, column in expected.items()}
    assert [row.name for row in result.rows] == names
    assert figures(result) == expected
    assert result.total == total
    assert all(type(number) is int for number in result.total.values())
    for depth in (0, 1, 2, 3):
        assert result.group(depth).total == total
    for key in COLUMNS:
        assert result.top(2, key).total == total


def test_sums_of_what_no_convention_prices_are_exact() -> None:
    norm = report(trace(lambda x: x.batch_norm(affine=False), (2**62, 1, 1)), dtype="int8")
    assert norm.total["buffers"] == 2**63
    norms = report(trace(lambda x: x.batch_norm(affine=False).batch_norm(affine=False), (2**61, 1, 1)), dtype="int8")
    assert norms.total["buffers"] == 2**63


def test_bytes_are_exact_where_the_numbers_fit() -> None:
    result = report(trace(lambda x: x.conv(2**20, 1, bias=False), (1, 2**20, 2**20)), dtype="float64")
    assert result.total["activation_bytes"] == 2**63
    assert list(report(trace(lambda x: x.linear(2**30), (2**30,)), dtype="float64").param_bytes) == [2**63 + 2**33]


def test_columns_are_int64_where_that_suffices() -> None:
    result = analyze(network, input=(3, 32, 32))
    assert {getattr(result, figure).dtype for figure in COLUMNS} == {np.dtype(np.int64)}


# ── groups and tops ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("depth", "rows"),
    [
        (None, "stem.conv:1 stem.norm:1 stem.relu:1 stem.pool:1 head.pool.mean:1 fc:1"),
        (0, "network:6"),
        (1, "stem:4 head:1 fc:1"),
        (2, "stem.conv:1 stem.norm:1 stem.relu:1 stem.pool:1 head.pool:1 fc:1"),
        (9, "stem.conv:1 stem.norm:1 stem.relu:1 stem.pool:1 head.pool.mean:1 fc:1"),
    ],
)
def test_groups(depth: int | None, rows: str) -> None:
    grouped = analyze(network, input=(3, 32, 32)).group(depth)
    assert " ".join(f"{row.name}:{row.layers}" for row in grouped.rows) == rows


def test_a_group_goes_from_its_first_input_to_its_last_output() -> None:
    stem, head, fc = analyze(network, input=(3, 32, 32)).group(1).rows
    assert (stem.kind, stem.inputs, stem.output) == ("group", ((3, 32, 32),), (8, 32, 32))
    assert (head.kind, head.inputs, head.output) == ("group", ((8, 32, 32),), (8,))
    assert (fc.kind, fc.inputs, fc.output, fc.args["out"]) == ("linear", ((8,),), (10,), 10)


def test_layers_of_one_group_that_are_apart_are_one_row() -> None:
    result = analyze(lambda x: x.relu(name="a.1").relu(name="b.1").conv(2, 1, name="a.2"), input=(3, 4, 4)).group(1)
    assert [(row.name, row.layers) for row in result.rows] == [("a", 2), ("b", 1)]
    assert list(result.params) == [8, 0]


def test_a_depth_below_0() -> None:
    with pytest.raises(UsageError) as caught:
        analyze(network, input=(3, 32, 32)).group(-1)
    assert (caught.value.message, caught.value.hint) == ("depth -1 is below 0", "0 is the total, 1 the stages, 2 the blocks")


@pytest.mark.parametrize(
    ("count", "key", "rows"),
    [
        (2, "flops", "stem.pool stem.conv (4 others)"),
        (1, "params", "fc (5 others)"),
        (1, "activation_bytes", "stem.conv (5 others)"),  # of equals the first
        (6, "macs", "stem.conv fc stem.norm stem.relu stem.pool head.pool.mean"),
        (9, "macs", "stem.conv fc stem.norm stem.relu stem.pool head.pool.mean"),
        (0, "macs", "(6 others)"),
    ],
)
def test_tops(count: int, key: str, rows: str) -> None:
    assert " ".join(row.name for row in analyze(network, input=(3, 32, 32)).top(count, key).rows) == rows


def test_a_network_of_no_layers_costs_nothing() -> None:
    result = analyze(lambda x: x, input=(3, 4, 4))
    assert result.total == result.group(0).total == result.top(1, "macs").total == dict.fromkeys(COLUMNS, 0)


# ── what counts ──────────────────────────────────────────────────────────────────────────────────────────────────────


def stem(x: Tensor) -> Tensor:
    return x.conv(64, 11, 4, 2, name="conv1").relu().max_pool(3, 2, name="pool1")


def test_the_lecture_pays_for_pools_and_macs_do_not() -> None:
    """AlexNet's first rows in EECS 498-007 lecture 8: 784 and 182.25 KB, 72,855,552 and 419,904 FLOPs."""
    lecture = analyze(stem, input=(3, 227, 227))
    assert list(lecture.params) == [23_296, 0, 0]
    assert list(lecture.flops) == [72_855_552, 0, 419_904]
    assert [number / 1024 for number in lecture.activation_bytes] == [784, 0, 182.25]
    macs = analyze(stem, input=(3, 227, 227), convention="macs")
    assert list(macs.flops) == list(macs.macs) == list(lecture.macs) == [72_855_552, 0, 0]
    assert list(macs.activation_bytes) == list(lecture.activation_bytes)


def test_charged_rows_are_those_of_the_lecture_s_table() -> None:
    result = analyze(stem, input=(3, 227, 227))
    assert list(result.charged()) == [True, False, True]


def dropped(x: Tensor) -> Tensor:
    for survival in (Fraction(1), Fraction(3, 4), Fraction(1, 2)):
        with x.runs(survival), x.scope("block"):
            y = x.conv(x.channels, 1, bias=False)
            with y.runs(Fraction(1, 2)):
                y = y.conv(x.channels, 1, bias=False)
        x = x + y
    with x.runs(0):
        x.conv(9, 1, name="dead")
    return x


def test_layers_that_run_in_a_share_of_the_passes() -> None:
    """Expected FLOPs are exact fractions; a layer that never runs has parameters only."""
    result = analyze(dropped, input=(4, 3, 3))
    shares = [Fraction(1), Fraction(1, 2), 1, Fraction(3, 4), Fraction(3, 8), 1, Fraction(1, 2), Fraction(1, 4), 1, 0]
    assert [row.runs for row in result.rows] == shares
    assert list(result.flops) == [144, 144, 0] * 3 + [0]
    assert list(result.expected_flops) == [144, 72, 0, 108, 54, 0, 72, 36, 0, 0]
    assert list(result.params) == [16, 16, 0] * 3 + [45]
    assert result.activation_bytes[-1] == result.macs[-1] == 0
    assert result.total["expected_flops"] == 144 * Fraction(27, 8) == 486
    assert result.group(1).total == result.top(3, "expected_flops").total == result.total
    assert analyze(dropped, input=(1, 1, 1)).total["expected_flops"] == Fraction(27, 8)


# ── options ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"batch": 0}, "a batch of 0", "give a whole number from 1"),
        ({"batch": -3}, "a batch of -3", "give a whole number from 1"),
        ({"batch": 2.5}, "a batch of 2.5", "give a whole number from 1"),
        ({"dtype": "float31"}, "unknown dtype 'float31'", "did you mean 'float32', 'float16' or 'bfloat16'?"),
        ({"convention": "lectur"}, "unknown convention 'lectur'", "did you mean 'lecture'?"),
    ],
)
def test_options_that_mean_nothing(options: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        analyze(network, input=(3, 32, 32), **options)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_batch_may_be_any_integer() -> None:
    two, many = (analyze(network, input=(3, 32, 32), batch=batch) for batch in (2, np.int64(2)))
    assert two.total == many.total
    assert json.loads(json.dumps(many.to_dict())) == two.to_dict()


# ── plain data ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_plain_data_keeps_every_digit() -> None:
    result = analyze(network, input=(3, 2**40, 2**40), batch=3, out=5)
    data = json.loads(json.dumps(result.to_dict()))
    assert data["input"] == [3, 2**40, 2**40]
    assert (data["model"], data["batch"], data["dtype"], data["convention"]) == ("network", 3, "float32", "lecture")
    assert data["total"] == result.total
    assert data["total"]["macs"] == 3 * 5 * 2**80 * 3 + 3 * 50
    for name, column in figures(result).items():
        assert [layer[name] for layer in data["layers"]] == column
    first = data["layers"][0]
    assert (first["name"], first["kind"], first["shares"], first["layers"]) == ("stem.conv", "conv", None, 1)
    assert (first["input"], first["output"]) == ([[3, 2**40, 2**40]], [5, 2**40, 2**40])
    assert first["args"]["kernel"] == 1
    assert json.loads(json.dumps(result.to_dict(rows=False)))["layers"] == []


# ── letters ──────────────────────────────────────────────────────────────────────────────────────────────────────────


C, H, W, N, B = symbols("C H W N B")


def test_a_report_in_letters() -> None:
    result = report(trace(network, (C, H, W), out=N), batch=B)
    assert str(result.params[0]) == "C·N + N"
    assert str(result.flops[3]) == "9·B·H·N·W"
    assert str(result.total["macs"]) == "B·C·H·N·W + 10·B·N"
    assert str(result.group(1).activation_bytes[0]) == "8·B·H·N·W"
    point = {"C": 3, "H": 32, "W": 20, "N": 8, "B": 5}
    numbers = analyze(network, input=(3, 32, 20), out=8, batch=5)
    for depth in (None, 0, 1):
        for figure, column in figures(result.group(depth)).items():
            values = [number.subs(point) if isinstance(number, Poly) else number for number in column]
            assert values == figures(numbers.group(depth))[figure]
    data = json.loads(json.dumps(result.to_dict()))
    assert (data["input"], data["batch"], data["total"]["params"]) == (["C", "H", "W"], "B", "C·N + 11·N + 10")


def test_letters_and_layers_that_run_in_a_share_of_the_passes() -> None:
    total = report(trace(dropped, (C, H, W))).total
    numbers = analyze(dropped, input=(4, 3, 3)).total
    for figure in ("params", "macs", "flops", "activation_bytes", "expected_flops"):
        assert total[figure].subs({"C": 4, "H": 3, "W": 3}) == numbers[figure]


@pytest.mark.parametrize(
    ("name", "depth"),
    [("resnet18", 18), ("resnet34", 34), ("resnet152", 152), ("googlenet_bvlc", 22), ("vgg16", 16), ("densenet121", 121)],
)
def test_the_depth_is_the_number_in_the_name(name: str, depth: int) -> None:
    """arXiv:1409.4842 calls GoogLeNet 22 layers deep "when counting only layers with parameters"; the others' names say it."""
    assert analyze(name).total["weighted_layers"] == depth
