"""The roofline: bytes moved and bounds by hand, devices, and the columns of a table."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

import cnncost
from cnncost.base.errors import UsageError
from cnncost.graph.graph import Tensor, trace
from cnncost.measures.devices import DEVICES, device, per_second
from cnncost.measures.memory import memory
from cnncost.measures.roofline import Bound, bound, bytes_moved, ridge
from cnncost.show.render import FORMATS, render

T = 10**12


def network(x: Tensor) -> Tensor:
    y = x.conv(16, 3, pad=1, name="conv").batch_norm(name="norm").relu(name="relu")
    y = y.add(y.conv(16, 1, bias=False, name="point"), name="add").max_pool(2, name="pool")
    return y.dropout(name="drop").flatten(name="flatten").linear(10, name="fc")


def test_bytes_moved_by_hand() -> None:
    """Inputs, parameters (and running statistics) and output, each once; views and dropout move nothing at inference."""
    area, pooled = 16 * 8 * 8, 16 * 4 * 4
    batch = 3
    numbers = [
        batch * (3 * 8 * 8 + area) + 16 * 27 + 16,
        batch * 2 * area + 2 * 16 + 2 * 16,
        batch * 2 * area,
        batch * 2 * area + 256,
        batch * 3 * area,
        batch * (area + pooled),
        0,
        0,
        batch * (pooled + 10) + 2560 + 10,
    ]
    graph = trace(network, (3, 8, 8))
    assert bytes_moved(memory(graph, batch=batch)) == tuple(4 * number for number in numbers)
    assert bytes_moved(memory(graph, batch=batch, precision="float16"))[0] == 2 * numbers[0]


def test_shared_weights_are_read_again() -> None:
    graph = trace(lambda x: x.conv(4, 1, name="a").conv(4, 1, name="b", shared="a"), (4, 2, 2))
    assert bytes_moved(memory(graph)) == (4 * (32 + 20),) * 2


def test_bounds_by_hand() -> None:
    """NVIDIA's H100 SXM5: 67 TFLOPS in float32, 3.35 TB/s, so 20 FLOPs, or 10 multiply-adds, per byte."""
    h100 = device("h100")
    assert ridge(h100, "float32") == 10
    assert bound(67 * T, 1, h100, "float32") == Bound(Fraction(2), "compute")
    assert bound(0, 3350 * 10**9, h100, "float32") == Bound(Fraction(1), "memory")
    assert bound(10, 1, h100, "float32").seconds == bound(0, 1, h100, "float32").seconds


@pytest.mark.parametrize("name", DEVICES)
def test_devices(name: str) -> None:
    found = DEVICES[name]
    assert found.name == name
    assert any(kind in found.source for kind in ("data sheet", "whitepaper", "specification", "product brief", "Apple, M2"))
    assert 10**8 < found.bandwidth < 10**13
    rates = [found.rates[dtype] for dtype in ("float64", "float32", "float16", "int8") if dtype in found.rates]
    assert rates == sorted(rates)  # narrower numbers are not slower
    assert all(10**7 < rate < 10**16 for rate in rates)


@pytest.mark.parametrize(
    ("text", "value"),
    [("60T", 60 * T), ("3.35T", 3_350 * 10**9), ("3.35TB/s", 3_350 * 10**9), ("900 G", 900 * 10**9), ("2e12", 2 * T), ("7", 7)],
)
def test_rates(text: str, value: int) -> None:
    assert per_second(text, "--peak") == value


def test_a_device_given_by_its_rates() -> None:
    own = device(peak="60T", bandwidth="3T")
    assert (own.rate("float16"), own.rate("int8"), own.bandwidth) == (60 * T, 60 * T, 3 * T)
    assert ridge(own, "float32") == 10
    faster = device("h100", peak="494.5T")  # with TF32
    assert (faster.rate("float32"), faster.bandwidth) == (4945 * 10**11, DEVICES["h100"].bandwidth)


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        (lambda: device("h10"), "unknown device 'h10'", "did you mean 'h100' or 'a10'?"),
        (
            lambda: device(peak="60T"),
            "a roofline needs a peak rate and a bandwidth",
            "give --device NAME, or both: --peak 60T --bandwidth 3.35T",
        ),
        (lambda: device("h100", peak="-3T"), "--peak: '-3T' is no rate", "write a number and a unit, as in 60T or 900G"),
        (lambda: device("h100", bandwidth="0"), "--bandwidth: '0' is no rate", "write a number and a unit, as in 60T or 900G"),
        (
            lambda: DEVICES["v100"].rate("int8"),
            "v100 has no rate for int8",
            "it has float64, float32, float16; or give one with --peak",
        ),
        (
            lambda: cnncost.analyze("alexnet").column("bound_us"),
            "a roofline bound needs a device",
            "give --device h100, or its rates: --peak 60T --bandwidth 3.35T",
        ),
    ],
)
def test_refusals(call: Callable[[], Any], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        call()
    assert (caught.value.message, caught.value.hint) == (message, hint)


# ── as columns ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("depth", [None, 0, 1, 2])
def test_columns(depth: int | None) -> None:
    """Intensity is FLOPs over bytes in every row; bounds add up, and no row's is below what either rate alone allows."""
    report = cnncost.analyze("resnet18", batch=4)
    table = report.table(columns="name,flops,macs,moved,intensity,bound,bound_by", depth=depth, device=device("a100"))
    rows = list(csv.DictReader(io.StringIO(render(table, "csv"))))
    *body, total = rows
    for row in rows:
        flops, macs, moved = (int(row[key]) for key in ("flops", "macs", "bytes_moved"))
        if moved:
            assert float(row["intensity"]) == pytest.approx(flops / moved)
        compute, memory_ = 2 * macs / 19.5e12 * 1e6, moved / 2039e9 * 1e6
        assert float(row["bound_us"]) >= max(compute, memory_) * (1 - 1e-12)
        if row in body and depth is None:
            assert float(row["bound_us"]) == pytest.approx(max(compute, memory_))
            assert row["bound_by"] == ("compute" if compute > memory_ else "memory")
    assert sum(int(row["bytes_moved"]) for row in body) == int(total["bytes_moved"])
    assert sum(float(row["bound_us"]) for row in body) == pytest.approx(float(total["bound_us"]))


def test_a_device_adds_its_columns_unless_they_are_asked_for() -> None:
    report = cnncost.analyze("alexnet")
    h100 = device("h100")
    assert [c.key for c in report.table(device=h100).columns][-3:] == ["intensity", "bound_us", "bound_by"]
    assert [c.key for c in report.table(columns="name,bound", device=h100).columns] == ["name", "bound_us"]
    assert any("a bound on the time, not a latency" in note for note in report.table(device=h100).notes)


@pytest.mark.parametrize("format", FORMATS)
def test_every_format(format: str) -> None:
    columns = "name,output,params,flops,kept,rf,intensity,bound"
    table = cnncost.analyze("alexnet").table(columns=columns, device=device("t4"))
    assert "features.12" in render(table, format)


def test_letters_have_an_intensity_of_no_number() -> None:
    (h,) = cnncost.symbols("H")
    report = cnncost.analyze(lambda x: x.conv(8, 3, pad=1), input=(3, h, h))
    assert report.column("intensity").tolist() == [None]
    assert str(report.column("bytes_moved")[0]) == "44·H² + 896"
    with pytest.raises(UsageError, match="a roofline bound needs numbers"):
        report.column("bound_us", device("t4"))


def test_a_table_without_such_columns_imports_nothing_for_them() -> None:
    code = (
        "import sys, cnncost; str(cnncost.analyze('alexnet')); "
        "print([m for m in ('memory', 'field', 'roofline', 'columns') if 'cnncost.measures.' + m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_an_embedding_reads_the_vectors_that_it_looks_up() -> None:
    plan = memory(trace(lambda x: x.embedding(20_000, 100), (7,)))
    assert bytes_moved(plan) == (4 * 7 + 4 * 700 + 4 * 700,)  # indices, vectors, output
