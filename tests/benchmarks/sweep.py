"""How fast design spaces are swept, beside one configuration at a time. Everything is measured in one run, ratios side by side.

python tests/benchmarks/sweep.py [spaces] [lists] [pools] [efficiency] [--dask]: all of it, or some parts.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from structures import KINDS

from cnncost.counting import CONVENTIONS
from cnncost.models.load import load
from cnncost.questions.sweep.costs import totals
from cnncost.questions.sweep.crew import keep_memory
from cnncost.questions.sweep.evaluate import Evaluator
from cnncost.questions.sweep.listed import ListedEvaluator, listed
from cnncost.questions.sweep.product import count, stages
from cnncost.questions.sweep.query import Query
from cnncost.questions.sweep.run import sweep
from cnncost.questions.sweep.space import space

SEVEN = (  # seven free settings of ResNeXt-50
    "width=16:264:8",
    "cardinality=1,2,4,8,16,32",
    "base_width=2:64:2",
    "depths.0=1:6",
    "depths.1=1:12",
    "depths.2=1:36",
    "depths.3=1:6",
)
HARDER = (*SEVEN[:3], "depths.0=1:12", "depths.1=1:24", "depths.2=1:36", "depths.3=1:16")  # 10^9, each with more terms
BUDGETS = "flops <= 4.1G and params < 26M"


def timed(function: Callable[[], Any], clock: Callable[[], float] = time.process_time) -> tuple[float, Any]:
    """Return the seconds a call takes, and its result: of this process alone, so that rates are those of one free core."""
    start = clock()
    result = function()
    return clock() - start, result


def conv(cost: dict[str, int], inputs: int, out: int, kernel: int, stride: int = 1, groups: int = 1) -> dict[str, int]:
    """Return the running cost of height, parameters, multiply-adds and activations after a convolution and its batch norm.

    The analytic way of network design spaces (arXiv:2003.13678): a dictionary that each layer's function updates in turn.
    """
    height = (cost["height"] - 1) // stride + 1
    weights = kernel * kernel * inputs * out // groups
    return {
        "height": height,
        "params": cost["params"] + weights + 2 * out,
        "flops": cost["flops"] + weights * height * height,
        "acts": cost["acts"] + out * height * height,
    }


def analytic(width: int, cardinality: int, base_width: int, *depths: int) -> dict[str, int]:
    """Return the cost of one ResNeXt by functions written for it by hand, one per part of the network."""
    cost = conv({"height": 224, "params": 0, "flops": 0, "acts": 0}, 3, width, 7, 2)
    cost["height"] = (cost["height"] - 1) // 2 + 1
    inputs = width
    for stage, depth in enumerate(depths):
        out = 4 * width * 2**stage
        inner = width * 2**stage * base_width // 64 * cardinality
        for index in range(depth):
            stride = 2 if stage and not index else 1
            if not index:
                skip = conv(cost, inputs, out, 1, stride)
                cost = {**skip, "height": cost["height"]}
            cost = conv(cost, inputs, inner, 1)
            cost = conv(cost, inner, inner, 3, stride, cardinality)
            cost = conv(cost, inner, out, 1)
            inputs = out
    return {**cost, "params": cost["params"] + inputs * 1000 + 1000, "flops": cost["flops"] + inputs * 1000}


def peer(rng: random.Random, number: int) -> tuple[float, float]:
    """Return configurations a second: by the functions above, and by tracing each; they must agree."""
    asked = space(load("resnext50_32x4d"), SEVEN)
    evaluator = Evaluator(asked, CONVENTIONS["macs"], method="one at a time")
    rows = []
    while len(rows) < number:
        values = evaluator.space.values(rng.randrange(asked.size))
        if values["width"] * values["base_width"] >= 64:
            rows.append(values)
    names = ("width", "cardinality", "base_width", *(f"depths.{stage}" for stage in range(4)))
    by_hand, found = timed(lambda: [analytic(*(row[name] for name in names)) for row in rows])
    traced, exact = timed(lambda: [evaluator.costs.exact(row) for row in rows])
    for one, other in zip(found, exact, strict=True):
        assert not isinstance(other, str)
        assert (one["params"], one["flops"]) == (other["params"], other["macs"])
    return number / by_hand, number / traced


def arrays_without_depths(candidates: int) -> float:
    """Return candidates a second through the rules alone: sizes only, as flat columns, nothing factored out."""
    model = load("resnext50_32x4d")
    rng = np.random.default_rng(0)
    size = 2**14
    settings = {
        "width": 8 * rng.integers(8, 32, size),
        "cardinality": 2 ** rng.integers(0, 6, size),
        "base_width": rng.integers(8, 64, size),
    }
    from cnncost.base.ints import Ints

    start = time.process_time()
    for _ in range(candidates // size):
        totals(model.trace(**{name: Ints(column) for name, column in settings.items()}), CONVENTIONS["lecture"], 1, "float32")
    return candidates // size * size / (time.process_time() - start)


def add(what: str, measured: str, beside: str, wanted: str = "") -> None:
    """Print a row of the table."""
    print(f"| {what} | {measured} | {beside} | {wanted} |", flush=True)


def spaces(add: Callable[..., None]) -> None:
    """Measure product spaces in one process, beside functions by hand."""
    rng = random.Random(0)
    by_hand, traced = peer(rng, 2000)
    add("analytic functions by hand, one at a time", f"{by_hand:,.0f}/s", "1", "")
    add("one at a time through the rules", f"{traced:,.0f}/s", f"{traced / by_hand:.2f} ×", "")
    flat = arrays_without_depths(2**17)
    add("flat columns through the rules, three sizes", f"{flat:,.0f}/s", f"{flat / by_hand:,.0f} ×", "")

    question = Query("resnext50_32x4d", SEVEN, where=BUDGETS, sort="-flops", top=20)
    size = space(load("resnext50_32x4d"), SEVEN).size
    answers = []
    for method, wanted in (("arrays", "≥ 1,000,000/s"), ("closed form", "≥ 20,000,000/s")):
        seconds, found = timed(lambda method=method: sweep(replace(question, method=method)))  # type: ignore[misc]
        answers.append(found)
        rate = size / seconds
        add(f"seven settings, {size:,} candidates: {method}", f"{rate:,.0f}/s", f"{rate / by_hand:,.0f} ×", wanted)
    seconds, found = timed(lambda: sweep(question))
    answers.append(found)
    add(f"the same, left to choose: {found.method}", f"{seconds:.1f} s", f"{size / seconds / by_hand:,.0f} ×")
    assert len({(a.candidates, a.valid, a.matching, tuple(a.rows["flops"].tolist())) for a in answers}) == 1

    table = np.random.default_rng(0)
    four = stages([table.integers(0, 10**6, (1000, 2)) for _ in range(4)])
    seconds, number = timed(lambda: count(four, [2 * 10**6, 18 * 10**5]))
    add(
        "10^12 configurations, four stages of 1,000 options, counted under two budgets",
        f"{seconds:.2f} s",
        f"{number:,}",
        "≤ 5 s",
    )
    stages_ = Query(
        "resnext50_32x4d", tuple(f"depths.{i}=1:1000" for i in range(4)), where="flops <= 100G and params < 1G", top=3
    )
    seconds, found = timed(lambda: sweep(stages_))
    add(f"the same by the command: depths of 1 to 1,000; {found.method}", f"{seconds:.2f} s", f"{found.matching:,}", "")

    wide = Query(
        "resnet50", ("width=8:4096:8", "classes=1:2000", "size=32:1008:1"), where="flops <= 1G", top=5, method="closed form"
    )
    seconds, found = timed(lambda: sweep(wide))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    add(f"{found.candidates:,} candidates by closed form", f"{seconds:.1f} s", f"peak resident {peak:,.0f} MB", "≤ 500 MB")


def pools(add: Callable[..., None]) -> None:
    """Measure two processes, and with --dask a local cluster of two, beside one, on ranges of two seconds."""
    from cnncost.questions.sweep.workers import dask_cluster, processes

    each = Query("resnet50", ("width=8:512:8", "depths.0=1:5", "depths.1=1:5", "size=64:224:16"), top=5, method="one at a time")
    alone, expected = timed(lambda: sweep(each), time.perf_counter)
    crews = [("two processes", processes(2))]
    if "--dask" in sys.argv:
        crews.append(("a local Dask cluster of two", dask_cluster("local", 2)))
    for name, team in crews:
        seconds, found = timed(lambda team=team: sweep(each, team, efficiency=0), time.perf_counter)  # type: ignore[misc]
        assert np.array_equal(found.rows["index"], expected.rows["index"])
        add(name, f"{seconds:.1f} s", f"{alone / seconds:.2f} × one process ({alone:.1f} s)", "≥ 1.6 ×")


def efficiency(add: Callable[..., None]) -> None:
    """Measure how much of two processes is of use, from a million to a billion candidates: the best few by closed form."""
    from cnncost.questions.sweep.workers import dask_cluster, processes

    teams = {"pool": processes(2), **({"Dask": dask_cluster("local", 2)} if "--dask" in sys.argv else {})}
    asked = [
        Query("resnet50", ("width=16:264:8", "size=32:1056:8", "classes=1:250"), where="flops <= 2G", top=1),
        Query("resnext50_32x4d", SEVEN, where="flops <= 2G", top=1),
        Query("resnet50", ("width=8:4096:8", "classes=1:2000", "size=32:1031:1"), where="flops <= 2G", top=1),
        Query("resnext50_32x4d", HARDER, where=BUDGETS, sort="-flops", top=20),
    ]
    for query in (replace(one, method="closed form") for one in asked):
        one, expected = timed(lambda query=query: sweep(query), time.perf_counter)  # type: ignore[misc]
        told = []
        for name, team in teams.items():
            called: list[int] = []
            watched = replace(team, open=lambda workers, team=team, called=called: called.append(workers) or team.open(workers))
            seconds, found = timed(lambda query=query, team=watched: sweep(query, team), time.perf_counter)  # type: ignore[misc]
            assert found.rows["flops"].tolist() == expected.rows["flops"].tolist()
            share = f"{one / seconds / 2:.2f} of two" if called else "one process"
            told.append(f"{name} {seconds:.1f} s, {share}")
        add(
            f"{expected.candidates:,} candidates of {query.model}, the best by closed form",
            f"{one:.1f} s",
            "; ".join(told),
            "≥ 0.8, or one process",
        )


def lists(add: Callable[..., None]) -> None:
    """Measure random structures beside functions by hand and one analysis each; and a list of sizes of one structure."""
    import cnncost

    for kind in KINDS:
        structures(add, kind)
    rng = random.Random(0)
    sizes = [{"width": rng.randrange(8, 256), "size": rng.randrange(32, 320)} for _ in range(20_000)]
    seconds, _ = timed(lambda: cnncost.sweep("resnet50", configurations=sizes))
    add("a list of 20,000 sizes of ResNet-50", f"{20_000 / seconds:,.0f}/s", "")


def structures(add: Callable[..., None], kind: str, number: int = 10_000, parts: int = 20) -> None:
    """Measure one kind of random structures, by turns with the functions by hand and with `analyze`."""
    import cnncost

    model, draw, by_hand = KINDS[kind]
    rng = random.Random(0)
    rows = [draw(rng) for _ in range(number)]
    network = load(model) if isinstance(model, str) else model
    swept, asked = timed(lambda: listed(network, rows))
    evaluator = ListedEvaluator(asked, CONVENTIONS["macs"])
    hand = alone = 0.0
    for start in range(0, number, number // parts):
        stop = start + number // parts
        seconds, costs = timed(lambda start=start, stop=stop: [by_hand(**row) for row in rows[start:stop]])  # type: ignore[misc]
        hand += seconds
        seconds, chunks = timed(lambda start=start, stop=stop: list(evaluator.chunks(start, stop)))  # type: ignore[misc]
        swept += seconds
        assert [cost["macs"] for cost in costs] == chunks[0]["macs"].values.tolist()
        seconds, _ = timed(lambda start=start: [cnncost.analyze(network, **row).total for row in rows[start : start + 10]])  # type: ignore[misc]
        alone += seconds * (stop - start) / 10
    beside = f"{hand / swept:.2f} × by hand ({number / hand:,.0f}/s), {alone / swept:.1f} × analyze one by one"
    add(f"{number:,} random {kind}, a list of structures", f"{number / swept:,.0f}/s", beside, "≥ 0.2 × by hand")


PARTS = {"spaces": spaces, "lists": lists, "pools": pools, "efficiency": efficiency}

if __name__ == "__main__":
    keep_memory()  # as the command does
    print("| what | measured | beside | wanted |\n|---|--:|--:|--:|")
    for name in [word for word in sys.argv[1:] if word in PARTS] or PARTS:
        PARTS[name](add)
