"""Sweeps equal what each candidate costs by itself: over every family, by every method, in any pieces, on any workers."""

from __future__ import annotations

import csv
import itertools
import json
import math
import os
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import NIGHTLY, examples

from cnncost.base.errors import CnncostError, UsageError
from cnncost.counting import MODULE_OF, convention
from cnncost.measures.report import report
from cnncost.models import zoo
from cnncost.models.load import load
from cnncost.models.model import Model
from cnncost.models.settings import shown
from cnncost.questions.sweep.boxes import boxes
from cnncost.questions.sweep.chunk import FIGURES
from cnncost.questions.sweep.costs import totals
from cnncost.questions.sweep.evaluate import Evaluator
from cnncost.questions.sweep.product import best, count, front, pareto, stages
from cnncost.questions.sweep.query import Query, Result, Task
from cnncost.questions.sweep.run import sweep
from cnncost.questions.sweep.space import Axis, Space, axis, space
from cnncost.questions.sweep.where import holds, parse, upper_bounds

RESNEXT = (
    "width=16:64:16",
    "cardinality=1,2,4,12,32",
    "base_width=1:4",
    "depths.0=1:3",
    "depths.1=1:2",
    "depths.2=1:4",
    "depths.3=1:2",
)


def alone(space: Space, index: int, convention: str = "lecture") -> dict[str, Any] | None:
    """What one candidate costs by the table's own way; None where it cannot be built."""
    model, batch = space.configured(space.values(index))
    try:
        return report(model.trace(), convention, batch).total
    except CnncostError:
        return None


def figures_of(evaluator: Evaluator, start: int, stop: int) -> dict[int, dict[str, int] | None]:
    found: dict[int, dict[str, int] | None] = {}
    invalid = 0
    for chunk in evaluator.chunks(start, stop):
        places = np.arange(math.prod(chunk.shape))
        valid = np.broadcast_to(np.asarray(chunk.valid), chunk.shape).reshape(-1)
        columns = {figure: chunk.at(figure, places) for figure in FIGURES}
        invalid += sum(reason.count for reason in chunk.reasons.values())
        for place, index in enumerate(chunk.index(places).tolist()):
            assert index not in found
            found[index] = {figure: int(column[place]) for figure, column in columns.items()} if valid[place] else None
    assert invalid == sum(cost is None for cost in found.values())
    return found


# ── every family ─────────────────────────────────────────────────────────────────────────────────────────────────────

FAMILIES = {  # the first network of each, which is mostly the smallest
    model.function: model for module in zoo.FAMILIES for model in reversed(zoo.models(module).values())
}
SLOW = {"columns"}  # of a FractalNet, whose layers double with each
TRIES = int(os.environ.get("CNNCOST_SWEEP_TRIES", "1"))  # spaces of each family


def axes_of(model: Model, rng: random.Random) -> list[Axis]:
    """A few axes at random: sizes near their present value, depths, choices."""
    found: list[Axis] = []
    for name, value in model.values.items():
        texts = []
        if model.declared[name].values():
            texts = [f"{name}={','.join(map(shown, model.declared[name].values()))}"]
        elif type(value) is int:
            step = max(1, value // 8)
            texts = [f"{name}={max(1, value - step)}:{value + 2 * step}:{step}", f"{name}={value + 1},{value + 2}"]
        elif isinstance(value, tuple) and value and all(type(entry) is int for entry in value):
            place = rng.randrange(len(value))
            texts = [f"{name}.{place}={max(1, value[place] - 1)}:{value[place] + 1}"]
        if texts:
            found.append(axis(model, rng.choice(texts)))
    if model.shape is not None and len(model.shape) == 3 and not callable(model.input) and "size" not in model.declared:
        found.append(axis(model, f"size={model.shape[1]},{max(1, model.shape[1] - 3)}"))
    found.append(Axis("batch", (1, 3), "batch"))
    found = [axis for axis in found if axis.name not in SLOW]
    return rng.sample(found, min(len(found), 4))


@pytest.mark.parametrize("function", FAMILIES, ids=lambda function: f"{function.__module__.split('.')[-1]}.{function.__name__}")
def test_random_candidates_of_every_family(function: Any) -> None:
    rng = random.Random(function.__name__)
    model = FAMILIES[function]
    method = rng.choice(["closed form", "arrays"])
    for _ in range(TRIES):
        evaluator = Evaluator(space(model, axes_of(model, rng)), convention("lecture"), method=method)  # type: ignore[arg-type]
        size = evaluator.space.size
        found = figures_of(evaluator, 0, min(size, 512))
        for index in rng.sample(sorted(found), min(len(found), 12 if NIGHTLY else 6)):
            direct = alone(evaluator.space, index)
            assert found[index] == (direct and {figure: direct[figure] for figure in FIGURES}), evaluator.space.values(index)


@pytest.mark.parametrize("name", ["resnet50", "densenet121", "swin_t", "googlenet_aux", "resnet110_stochastic"])
@pytest.mark.parametrize("counting", list(MODULE_OF))
def test_totals_are_those_of_the_report(name: str, counting: str) -> None:
    graph = load(name).trace()
    expected = report(graph, counting, 3, "float16").total
    assert totals(graph, convention(counting), 3, "float16") == {figure: expected[figure] for figure in FIGURES}


@pytest.mark.parametrize("method", ["closed form", "arrays", "one at a time"])
def test_every_candidate_of_a_space(method: Any) -> None:
    evaluator = Evaluator(space(load("resnext50_32x4d"), RESNEXT[:4]), convention("lecture"), method=method)
    found = figures_of(evaluator, 0, evaluator.space.size)
    for index, cost in found.items():
        direct = alone(evaluator.space, index)
        assert cost == (direct and {figure: direct[figure] for figure in FIGURES})
    assert len(found) == 4 * 5 * 4 * 3
    assert set(evaluator.used) == {method}


def test_candidates_that_need_different_graphs_split() -> None:
    """Where the stem is as wide as the first stage's output the first block has no projection: 64 = 4·16."""
    evaluator = Evaluator(
        space(load("resnet50"), ["stem_width=16:128:16", "width=8,16,24,32"]), convention("lecture"), method="arrays"
    )
    for index, cost in figures_of(evaluator, 0, evaluator.space.size).items():
        direct = alone(evaluator.space, index)
        assert cost == (direct and {figure: direct[figure] for figure in FIGURES})


def test_columns_past_int64_are_exact() -> None:
    evaluator = Evaluator(space(load("vgg16"), ["hidden=1000000000:1000000004", "batch=1,1000000000"]), convention("lecture"))
    for index, cost in figures_of(evaluator, 0, evaluator.space.size).items():
        direct = alone(evaluator.space, index)
        assert direct is not None
        assert cost == {figure: direct[figure] for figure in FIGURES}


def odd_depth(x: Any, *, depth: int = 1, width: Any = 8) -> Any:
    """Grows by one layer for each depth, but for depth 7, where it grows by more."""
    for _ in range(depth + (2 if depth == 7 else 0)):
        x = x.conv(width, 3, pad=1)
    return x


def by_value(x: Any, *, width: int = 8) -> Any:
    """Asks which number a size is, as code written for numbers only does."""
    return x.conv(width if int(width) % 2 else 2 * int(width), 3)


def test_a_model_whose_depth_is_not_even_is_not_believed() -> None:
    model = Model("odd", odd_depth, (3, 8, 8))
    evaluator = Evaluator(space(model, ["width=1:40", "depth=1:9"]), convention("lecture"))
    assert evaluator.planner.counts == ()
    for index, cost in figures_of(evaluator, 0, evaluator.space.size).items():
        assert cost is not None
        values = evaluator.space.values(index)
        layers = values["depth"] + (2 if values["depth"] == 7 else 0)
        assert cost["params"] == 28 * values["width"] + (layers - 1) * (9 * values["width"] ** 2 + values["width"])


def test_a_model_written_for_numbers_only_is_traced_one_at_a_time() -> None:
    model = Model("own", lambda x, width=8: by_value(x, width=width), (3, 8, 8))
    evaluator = Evaluator(space(model, ["width=1:20"]), convention("lecture"))
    found = figures_of(evaluator, 0, 20)
    assert [cost and cost["params"] for cost in found.values()] == [28 * (w if w % 2 else 2 * w) for w in range(1, 21)]


# ── spaces and boxes ─────────────────────────────────────────────────────────────────────────────────────────────────


@examples(80)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.data())
def test_boxes_hold_every_candidate_once_in_order(shape: list[int], data: st.DataObject) -> None:
    size = math.prod(shape)
    start = data.draw(st.integers(0, size))
    stop = data.draw(st.integers(start, size))
    limit = data.draw(st.integers(1, 30))
    every = list(itertools.product(*map(range, shape)))
    found = [list(itertools.product(*box)) for box in boxes(shape, start, stop, limit)]
    assert [place for box in found for place in box] == every[start:stop]
    assert all(len(box) <= limit for box in found)


def test_values_of_axes() -> None:
    model = load("resnext50_32x4d")
    assert axis(model, "width=16:512:8").values == range(16, 513, 8)
    assert axis(model, "cardinality=1,2,4:8:2").values == (1, 2, 4, 6, 8)
    assert axis(model, "depths.2=1:36") == Axis("depths.2", range(1, 37), "structure")
    assert axis(model, "depths=3,4,6,3|3,4,23,3").values == ((3, 4, 6, 3), (3, 4, 23, 3))
    assert axis(model, "size=160:320:32").role == "size"
    assert axis(load("resnet18"), "block=basic,bottleneck").values == ("basic", "bottleneck")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("width", "--over 'width' names no values\nwrite NAME=VALUES, as in width=16:512:8 or block=basic,bottleneck"),
        ("widht=1:3", "resnext50_32x4d has no setting 'widht'\ndid you mean 'width'?"),
        ("width=9:3", "--over width: '9:3' holds no number\nwrite FIRST:LAST:STEP, upwards"),
        ("width=1:2:3:4", "--over width: '1:2:3:4' has 4 numbers\nwrite FIRST:LAST or FIRST:LAST:STEP"),
        ("width=1,1", "--over width: a value comes twice in '1,1'\nname each value once"),
        ("width=a", "setting width=a: 'a' is no whole number\nwrite digits, as in 224"),
        ("depths.9=1:3", "resnext50_32x4d has no setting 'depths.9'\ndepths is 3,4,6,3: its entries are 0 to 3"),
        (
            "size=128x160",
            "--over size: '128x160' is no list of whole numbers\nwrite size=32,64 or FIRST:LAST:STEP, size=32:64:8; "
            "height and width apart are --over H=… --over W=…",
        ),
        ("batch=1..4", "--over batch: '1..4' is no list of whole numbers\nwrite batch=32,64 or FIRST:LAST:STEP, batch=32:64:8"),
        ("size=0", "--over size=0: 0 is below what is possible\ngive 1 to 10^18"),
    ],
)
def test_axes_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        axis(load("resnext50_32x4d"), text)
    assert str(caught.value) == message


# ── conditions ───────────────────────────────────────────────────────────────────────────────────────────────────────

NAMES = ("flops", "params", "width", "block")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flops <= 4.1G and params < 26M", True),
        ("1G <= flops < 4.1 G", False),
        ("not (width == 48 or width == 64)", True),
        ("flops / 1000 > 160*params - 0.5 * 2", False),
        ("block == basic2 or block != 'basic'", None),
        ("block == 'basic'", True),
        ("-width < -55", True),
        ("width * 1.5 == 84", True),
        ("params <= 25.6 MB", True),
    ],
)
def test_conditions(text: str, expected: bool | None) -> None:
    values = {"flops": 4_100_000_000, "params": 25_600_000, "width": 56, "block": "basic"}
    if expected is None:
        with pytest.raises(UsageError, match="unknown name 'basic2'"):
            parse(text, NAMES)
    else:
        assert holds(parse(text, NAMES), values) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("flop <= 4G", "--where: unknown name 'flop'\n  flop <= 4G\n  ^^^^\ndid you mean 'flops'?"),
        ("flops and 3 < 4", "--where: this is a value, no condition\n  flops and 3 < 4\n  ^^^^^\n"),
        ("(flops < 3", "--where: this bracket is never closed\n  (flops < 3\n  ^\nadd a )"),
        ("flops <", "--where: expected a number or a name, got the end\n  flops <\n         ^\n"),
        ("flops / params < 3", "--where: divide by numbers other than 0 only\n  flops / params < 3\n          ^^^^^^\n"),
        ("flops < 3X", "--where: unknown suffix 'X'\n  flops < 3X\n           ^\n"),
        ("flops $ 3", "--where: cannot read '$ 3' in a condition\n  flops $ 3\n        ^\n"),
        ("flops < 3 4", "--where: expected an operator, got '4'\n  flops < 3 4\n            ^\n"),
        ("block < 'a'", "--where: a text has no order, so < says nothing\n  block < 'a'\n          ^^^\nuse == or !="),
    ],
)
def test_conditions_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, NAMES)
    assert str(caught.value).startswith(message)


def test_upper_bounds() -> None:
    figures = ("flops", "params")
    assert upper_bounds(parse("flops <= 4.1G and 26M > params and flops < 4G", NAMES), figures) == {
        "flops": 3_999_999_999,
        "params": 25_999_999,
    }
    for text in ("flops >= 4G", "width <= 4", "flops <= 4G or params < 1", "flops <= params", "flops == 3"):
        assert upper_bounds(parse(text, NAMES), figures) is None


# ── questions: where, top, pareto ────────────────────────────────────────────────────────────────────────────────────


def brute(query: Query) -> tuple[int, int, list[dict[str, Any]]]:
    """The answer by visiting every candidate by itself."""
    every = sweep(replace(query, where=None, pareto=None, sort=None, top=None, every=True, method="one at a time"))
    rows = [every.row(place) for place in range(len(every))]
    if query.where is not None:
        condition = parse(query.where, (*FIGURES, *every.axes))
        rows = [row for row in rows if holds(condition, row)]
    return every.valid, len(rows), rows


def rows_of(result: Result) -> list[dict[str, Any]]:
    return [result.row(place) for place in range(len(result))]


def cost(row: dict[str, Any], keys: Sequence[str]) -> tuple[int, ...]:
    return tuple(-row[key[1:]] if key.startswith("-") else row[key] for key in keys)


@pytest.fixture(scope="module")
def visited() -> tuple[int, int, list[dict[str, Any]]]:
    return brute(Query("resnext50_32x4d", RESNEXT[2:], ("cardinality=12",), where="flops <= 1.2G and params < 20M"))


@pytest.mark.parametrize("method", ["stage tables", "closed form", "arrays"])
@pytest.mark.parametrize("question", [{"sort": "-flops", "top": 7}, {"sort": "params", "top": 5}, {"pareto": "flops,params"}])
def test_questions_are_answered_as_by_visiting_each(visited: Any, method: Any, question: dict[str, Any]) -> None:
    valid, matching, rows = visited
    query = Query("resnext50_32x4d", RESNEXT[2:], ("cardinality=12",), where="flops <= 1.2G and params < 20M", method=method)
    found = sweep(replace(query, **question))
    assert found.method.startswith(method)
    assert (found.candidates, found.valid, found.matching) == (4 * 3 * 2 * 4 * 2, valid, matching)
    if "pareto" in question:
        keys = question["pareto"].split(",")
        wanted = [row for row in rows if not any(beats(cost(other, keys), cost(row, keys)) for other in rows)]
        assert sorted(map(repr, rows_of(found))) == sorted(map(repr, wanted))
    else:
        key = [question["sort"]]
        wanted = sorted(rows, key=lambda row: cost(row, key))[: question["top"]]
        assert [cost(row, key) for row in rows_of(found)] == [cost(row, key) for row in wanted]
        assert all(row in rows for row in rows_of(found))


def beats(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return a != b and all(x <= y for x, y in zip(a, b, strict=True))


def test_stage_tables_count_as_visiting_does_where_candidates_are_invalid() -> None:
    over = ("width=8,16", "base_width=1:8", "cardinality=1,3", "depths.0=1:6", "depths.1=1:6", "depths.3=1:5")
    queries = [
        Query("resnext50_32x4d", over, where="flops < 900M and params <= 12M", sort="-flops", top=4, method=method)
        for method in ("stage tables", "closed form", "arrays")
    ]
    tables, form, arrays = map(sweep, queries)
    assert tables.method == "stage tables"
    for other in (form, arrays):
        assert (tables.candidates, tables.valid, tables.matching) == (other.candidates, other.valid, other.matching)
        assert [row["flops"] for row in rows_of(tables)] == [row["flops"] for row in rows_of(other)]
        assert {key: reason.count for key, reason in tables.reasons.items()} == {k: r.count for k, r in other.reasons.items()}
    assert 0 < tables.valid < tables.candidates


def test_the_result_is_the_same_in_any_pieces() -> None:
    query = Query("resnext50_32x4d", RESNEXT, where="flops <= 2G", sort="-params", top=30)
    task = Task(query)
    whole = task.answer(0, 3840)
    cuts = [0, 1, 2, 700, 701, 2500, 3840]
    total = task.answer(0, 0)
    for start, stop in itertools.pairwise(cuts):
        total = task.merged(total, task.answer(start, stop))
    assert (total.candidates, total.valid, total.matching) == (whole.candidates, whole.valid, whole.matching)
    for name in whole.rows:
        assert total.rows[name].tolist() == whole.rows[name].tolist()
    assert {key: reason.count for key, reason in total.reasons.items()} == {k: r.count for k, r in whole.reasons.items()}


@pytest.mark.parametrize("method", ["auto", "one at a time"])
def test_conditions_on_choices(method: Any) -> None:
    over = ("block=basic,bottleneck", "width=16,32", "depths=2,2,2,2|3,4,6,3")
    query = Query("resnet18", over, every=True, method=method)
    for condition, expected in (("block == 'basic'", 4), ("block != 'basic' and width < 20", 2), ("depths == '2,2,2,2'", 4)):
        found = sweep(replace(query, where=condition))
        assert found.matching == len(found) == expected
    fractions = Query("mobilenet_v2", ("width=0.35,0.5,0.75,1.0", "size=96,128"), every=True, method=method)
    assert sweep(replace(fractions, where="width >= 0.5 and width * 2 < size / 64")).matching == 3  # 0.5 twice, 0.75 once
    assert {row["block"] for row in rows_of(sweep(replace(query, where="block == 'basic'")))} == {"basic"}


def test_a_space_with_none_left_says_so() -> None:
    found = sweep(Query("resnet18", ("groups=3,7",)))
    assert (found.candidates, found.valid, found.matching, len(found)) == (2, 0, 0, 0)
    assert sum(reason.count for reason in found.reasons.values()) == 2


# ── product spaces ───────────────────────────────────────────────────────────────────────────────────────────────────

TABLES = st.lists(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9)), min_size=1, max_size=6), min_size=1, max_size=4)


@examples(150)
@given(TABLES, st.integers(0, 40), st.integers(0, 30), st.integers(1, 6))
def test_product_spaces_against_enumeration(tables: list[Any], x: int, y: int, number: int) -> None:
    made = stages([np.array(table) for table in tables])
    sums = np.array([np.sum(choice, axis=0) for choice in itertools.product(*tables)])
    for budgets in ([x, y], [x, None], [None, y], [None, None]):
        within = np.ones(len(sums), dtype=bool)
        for place, budget in enumerate(budgets):
            within &= True if budget is None else sums[:, place] <= budget
        assert count(made, budgets) == within.sum()
        for by, largest in itertools.product((0, 1), (False, True)):
            _, marks = best(made, budgets, by, number, largest)
            places = np.flatnonzero(within)
            order = np.lexsort((places, -sums[places, by] if largest else sums[places, by]))
            assert marks.tolist() == places[order][:number].tolist()
    for signs in ((1, 1), (1, -1)):
        _, marks = pareto(made, (0, 1), signs)
        points = [tuple(row) for row in (sums * np.array(signs)).tolist()]
        assert sorted(marks) == [i for i, point in enumerate(points) if not any(beats(other, point) for other in points)]


@examples(60)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), max_size=20), st.integers(1, 3))
def test_fronts(points: list[tuple[int, ...]], width: int) -> None:
    cut = [point[:width] for point in points]
    expected = [i for i, point in enumerate(cut) if not any(beats(other, point) for other in cut)]
    for dtype in (np.int64, object):
        assert front(np.array(cut, dtype=dtype).reshape(-1, width)).tolist() == expected


def test_a_trillion_configurations() -> None:
    """Costs that are their option's number: of all sums of four, those up to n are counted by a formula."""
    table = np.stack([np.arange(1000)] * 2, axis=1)
    assert count(stages([table] * 4), [500, None]) == math.comb(504, 4)
    assert count(stages([table] * 4), [500, 400]) == math.comb(404, 4)


# ── files, resuming, workers ─────────────────────────────────────────────────────────────────────────────────────────


def test_resume_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    query = Query("resnext50_32x4d", RESNEXT, where="flops <= 2G", every=True)
    whole = sweep(query)
    part = str(tmp_path / "part")

    def interrupt(done: int, size: int) -> None:
        if done >= size // 3:
            raise KeyboardInterrupt

    first = sweep(query, progress=interrupt, part=part, seconds=0.001)
    assert not first.complete
    assert 0 < first.candidates < whole.candidates
    second = sweep(query, part=part, resume=True)
    assert second.complete
    assert (second.candidates, second.valid, second.matching) == (whole.candidates, whole.valid, whole.matching)
    for name in whole.rows:
        assert np.array_equal(second.rows[name], whole.rows[name])
    with pytest.raises(UsageError, match="is of another sweep"):
        sweep(replace(query, where=None), part=part, resume=True)


def test_processes_give_the_same(tmp_path: Path) -> None:
    from cnncost.questions.sweep.workers import processes

    query = Query("resnext50_32x4d", RESNEXT, where="flops <= 2G", sort="-flops", top=9, method="arrays")
    alone = sweep(query)
    pooled = sweep(query, processes(2), efficiency=0, seconds=0.05)
    assert (pooled.candidates, pooled.valid, pooled.matching) == (alone.candidates, alone.valid, alone.matching)
    assert rows_of(pooled) == rows_of(alone)


@pytest.mark.parametrize("suffix", ["csv", "tsv", "json", "npz", "parquet"])
def test_files_hold_every_row(
    tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    from cnncost.__main__ import main

    path = tmp_path / f"out.{suffix}"
    over = ["block=basic,bottleneck", "width=16,32,48", "depths.0=1:3"]
    words = [
        "sweep",
        "resnet18",
        *(word for text in over for word in ("--over", text)),
        "--where",
        "params < 5M",
        "-o",
        str(path),
    ]
    monkeypatch.setattr("sys.argv", ["cnncost", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code, capsys.readouterr().err
    result = sweep(Query("resnet18", tuple(over), where="params < 5M", every=True))
    expected = rows_of(result)
    assert 0 < len(expected) < 18
    rows: list[dict[str, Any]]
    if suffix in ("csv", "tsv"):
        with path.open(newline="") as file:
            rows = [
                {key: value if key == "block" else int(value) for key, value in row.items()}
                for row in csv.DictReader(file, delimiter="," if suffix == "csv" else "\t")
            ]
    elif suffix == "json":
        data = json.loads(path.read_text())
        assert (data["schema"], data["candidates"], data["valid"]) == ("cnncost.sweep/1", 18, 18)
        assert (data["matching"], data["method"]) == (len(expected), result.method)
        rows = data["rows"]
    elif suffix == "npz":
        with np.load(path) as archive:
            columns = {name: archive[name].tolist() for name in archive if name != "cnncost"}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    else:
        import pyarrow.parquet as pq

        rows = pq.read_table(path).to_pylist()
    assert rows == expected
    beside = [f"{path.name}.json"] if suffix in ("csv", "tsv") else []
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name, *beside]  # nothing else is left
