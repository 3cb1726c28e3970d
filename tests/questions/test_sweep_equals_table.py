"""A row of a sweep is what the table says of that candidate, to the unit: under every way of counting, by every method."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cnncost.base.errors import CnncostError
from cnncost.counting import ALIASES, MODULE_OF
from cnncost.measures.report import report
from cnncost.models.instance import Instance
from cnncost.models.load import load
from cnncost.models.model import Model
from cnncost.questions.sweep.query import Query
from cnncost.questions.sweep.run import sweep
from cnncost.show.tables.sweep import notes

KEYS = ("params", "macs", "flops", "activation_bytes")


def check(query: Query, counting: str) -> int:
    """Hold each row against a report of its own; return how many there are."""
    found = sweep(query)
    case = Instance(load(query.model) if isinstance(query.model, str) else query.model)
    for place in range(len(found)):
        row = found.row(place)
        own = case
        for name in found.axes:
            own = own.put(name, row[name])
        total = report(own.trace(), counting, own.batch, query.dtype).total
        assert {key: row[key] for key in KEYS} == {key: total[key] for key in KEYS}, row
    assert list(notes(found))
    return len(found)


@pytest.mark.parametrize("counting", [*MODULE_OF, *ALIASES])
def test_every_convention(counting: str) -> None:
    query = Query("vgg11", ("size=223:257:3", "hidden=64,96"), every=True, convention=counting, dtype="float16")
    assert check(query, counting) == 24


@pytest.mark.parametrize("size", ["size=64:299:5", "size=256:256"])
def test_a_tool_that_rounds_in_double_precision(size: str) -> None:
    """thop takes int() of a double for adaptive pools: 256 costs one FLOP less than the exact sum, in whatever company."""
    found = sweep(Query("vgg11", ("size=64,256,299",), every=True, convention="thop"))
    assert found.row(1)["flops"] == 9900614143  # thop 0.1.1
    assert check(Query("vgg11", (size,), every=True, convention="thop"), "thop")


def test_a_convention_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text("like: lecture\nflops: {conv: 2*macs + bias, relu: writes}\n")
    for over in (("width=8:64:8", "size=32,64"), ("width=1:128", "size=32:96")):
        query = Query("resnet18", over, every=over[0].endswith(":8"), top=20, sort="-flops", convention=str(path))
        assert check(query, str(path)) >= 16


@pytest.mark.parametrize("axis", ["H=32:64:7", "W=32:64:7", "size=32:64:7", "batch=1:3"])
@pytest.mark.parametrize("method", ["closed form", "arrays", "one at a time"])
def test_sizes_of_the_input(axis: str, method: Any) -> None:
    assert check(Query("resnet18", (axis, "width=8,16"), every=True, method=method), "lecture")


def sized(x: Any, size: Any = 8) -> Any:
    return x.conv(size, 3, 2)


def test_a_setting_that_is_called_size() -> None:
    assert check(Query(Model("own", sized, (3, 64, 64)), ("input.size=64:96:16", "size=4,8"), every=True), "lecture") == 6


def test_a_gate_that_is_one_position_for_some_candidates_only() -> None:
    def gated(x: Any) -> Any:
        y = x.conv(16, 3, 2, pad=1).max_pool(2)
        return (y * y.avg_pool(7, 7, ceil_mode=True).conv(16, 1).sigmoid()).global_avg_pool().linear(10)

    model = Model("gated", gated, (3, 28, 28))
    found = sweep(Query(model, ("size=4:64",), every=True, top=None))
    assert {row["size"] for row in map(found.row, range(len(found)))} == {
        size for size in range(4, 65) if built(Instance(model).put("size", size))
    }
    assert check(Query(model, ("size=4:64",), every=True), "lecture") == found.valid


def built(case: Instance) -> bool:
    try:
        case.trace()
    except CnncostError:
        return False
    return True


def test_a_kernel_is_the_same_as_a_number_and_as_a_pair() -> None:
    def net(x: Any) -> Any:
        x = x.conv(8, 1, name="stem")
        return x.conv(8, 3, pad=1, name="a").conv(8, (3, 3), pad=1, shared="a")

    assert report(Model("own", net, (3, 8, 8)).trace()).total["params"] == (3 * 8 + 8) + (8 * 8 * 9 + 8)


def test_rows_come_in_the_order_of_the_axes_whatever_the_method() -> None:
    over = ("depths.2=1:3", "width=8:24:8", "block=basic,bottleneck", "size=32,40")
    rows = []
    for method in ("auto", "closed form", "arrays", "one at a time"):
        found = sweep(Query("resnet18", over, every=True, method=method))  # type: ignore[arg-type]
        rows.append([found.row(place) for place in range(len(found))])
    named = [(row["depths.2"], row["width"], row["block"], row["size"]) for row in rows[0]]
    order = ("basic", "bottleneck").index
    assert named == sorted(named, key=lambda row: (row[0], row[1], order(row[2]), row[3]))
    assert rows[0] == rows[1] == rows[2] == rows[3]
    tops = [sweep(Query("resnet18", over, sort="depths.2", top=5, method=method)) for method in ("auto", "one at a time")]  # type: ignore[arg-type]
    assert [[found.row(place) for place in range(5)] for found in tops] == [rows[0][:5]] * 2
