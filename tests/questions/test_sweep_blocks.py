"""Candidates added up block by block: the figures of the table and of functions written by hand, and nothing guessed."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from benchmarks.structures import KINDS

import cnncost
from cnncost import Model, Tensor
from cnncost.base.errors import CnncostError
from cnncost.counting import CONVENTIONS, convention
from cnncost.models.load import load, names
from cnncost.models.model import family
from cnncost.questions.sweep.costs import Costs
from cnncost.questions.sweep.listed import listed
from cnncost.questions.sweep.query import Query
from cnncost.questions.sweep.run import sweep
from cnncost.questions.sweep.space import Space

KEYS = ("params", "macs", "flops", "activation_bytes")
SHAPE = (3, 16, 16)


def each(model: Any, rows: list[dict[str, Any]], **options: Any) -> list[dict[str, int] | None]:
    """Return what the table says of every configuration, None where it cannot be built."""
    found: list[dict[str, int] | None] = []
    for row in rows:
        try:
            total = cnncost.analyze(model, **row, **options).total
        except CnncostError:
            found.append(None)
        else:
            found.append({key: total[key] for key in KEYS})
    return found


def swept(model: Any, rows: list[dict[str, Any]], **options: Any) -> tuple[list[dict[str, int]], str]:
    found = cnncost.sweep(model, configurations=rows, **options)
    return [{key: row[key] for key in KEYS} for row in found], found.method


@pytest.mark.parametrize("kind", KINDS)
def test_random_structures_cost_what_functions_by_hand_say(kind: str) -> None:
    model, draw, by_hand = KINDS[kind]
    rng = random.Random(1)
    rows = [draw(rng) for _ in range(300)]
    found, method = swept(model, rows)
    assert method == "block by block"
    assert [(row["params"], row["macs"]) for row in found] == [
        (c["params"], c["macs"]) for row in rows for c in [by_hand(**row)]
    ]
    assert found[-20:] == each(model, rows[-20:])
    small, _ = swept(model, rows[:40], batch=2, dtype="float16", convention="fvcore")
    assert small == each(model, rows[:40], batch=2, dtype="float16", convention="fvcore")


def test_one_network_of_each_family_under_conventions_of_every_make(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(
        'like: lecture\nsource: me\nstates: mine\nflops: {conv: "(macs + bias + 6) // 7", linear: "2 * Ci * writes"}\n'
    )
    first: dict[str, str] = {}
    for name in names():
        first.setdefault(load(name).family, name)
    counted = 0
    for name in first.values():
        for one in (CONVENTIONS["lecture"], convention(str(path)), convention("thop")):
            costs = Costs(Space(load(name), ()), one, "float16", 3)
            found = costs.counted({})
            counted += found is not None
            assert found in (None, costs.exact({}))
    assert counted > 2 * len(first)


@pytest.mark.parametrize("method", ["closed form", "arrays", "block by block", "one at a time"])
def test_what_a_convention_rounds_is_rounded_layer_by_layer(tmp_path: Path, method: Any) -> None:
    path = tmp_path / "own.yaml"
    path.write_text('like: lecture\nsource: me\nstates: mine\nflops: {conv: "(macs + 1) // 2", linear: "(macs + 5) // 7"}\n')
    query = Query("resnet18", ("width=1:4", "size=33:35"), every=True, convention=str(path), method=method)
    rows = list(sweep(query))
    assert len(rows) == 12
    for row in rows:
        total = cnncost.analyze("resnet18", width=row["width"], size=row["size"], convention=str(path)).total
        assert row["flops"] == total["flops"]


# ── blocks that are no functions of their arguments, and networks that are no sums ───────────────────────────────────

NOW = {"width": 8}


@cnncost.block
def remembering(x: Tensor) -> Tensor:
    return x.conv(NOW["width"], 3)


def from_outside(x: Tensor, width: int = 8) -> Tensor:
    NOW["width"] = width
    return remembering(remembering(x))


def around(x: Tensor, width: int = 8) -> Tensor:
    @cnncost.block
    def inner(x: Tensor) -> Tensor:
        return x.conv(width, 3)

    return inner(inner(x))


@cnncost.block
def kinds_of_one(x: Tensor, flag: Any, sizes: Any = ()) -> Tensor:
    return x.conv(8, 3) if flag is True else x.conv(16, 3) if type(flag) is int else x.conv(4 + len(sizes), 1)


def told_apart(x: Tensor, mode: int = 0) -> Tensor:
    return kinds_of_one(x, (True, 1, 1.0)[mode % 3], [] if mode % 2 else ())


@cnncost.block
def tower(x: Tensor, width: int) -> Tensor:
    return x.conv(width, 3).relu()


def siamese(x: Tensor, width: int = 8) -> Tensor:
    return tower(x, width, name="left").add(tower(x, width, name="right", shared="left"))


def shared_layer(x: Tensor, width: int = 8) -> Tensor:
    return x.conv(width, 1, name="a").conv(width, 1, name="b") + x.conv(width, 1, name="c", shared="a")


@cnncost.block
def fork(x: Tensor, width: int, act: Any) -> tuple[Tensor, Tensor]:
    return act(x.conv(width, 3)), x.conv(width, 3)


def forked(x: Tensor, width: int = 8) -> Tensor:
    a, b = fork(x, width, Tensor.relu)
    c, d = fork(a, width, lambda x: x.gelu())
    return a.concat(b).add(x.conv(2 * width, 3)) if width % 3 == 0 else c.add(d)


def resting(x: Tensor, width: int = 8, share: float = 0.5) -> Tensor:
    with x.runs(Fraction(share).limit_denominator(8)):
        y = tower(x, width)
    with x.runs(0):
        tower(y, width).conv(width, 1)
    return tower(y, width).conv(width, 1)


def with_a_variable() -> Any:
    now = 8

    @cnncost.block
    def inner(x: Tensor) -> Tensor:
        return x.conv(now, 3)

    def net(x: Tensor, width: int = 8) -> Tensor:
        nonlocal now
        now = width
        return tower(inner(x), width)

    net.__name__ = "variable"
    return net


@cnncost.block
def acted(x: Tensor, act: Any) -> Tensor:
    return act(x)


def with_a_function() -> Any:
    now = 8

    def act(x: Tensor) -> Tensor:
        return x.conv(now, 1)

    def net(x: Tensor, width: int = 8) -> Tensor:
        nonlocal now
        now = width
        return acted(x, act)

    net.__name__ = "function"
    return net


def trying(x: Tensor, width: int = 8) -> Tensor:
    try:
        y = tower(x.conv(width, 3), 6).conv(8, 3, groups=4)
    except CnncostError:
        y = x.conv(width, 1)
    return y


def looking(x: Tensor, width: int = 8) -> Tensor:
    y = tower(x, width)
    return y.conv(len(y.tracer.nodes), 1)


def caught(x: Tensor, width: int = 8) -> Tensor:
    y = tower(x, width)
    try:
        count = len(y.tracer.nodes)
    except CnncostError:
        count = 1
    return y.conv(count, 1)


def refusing(x: Tensor, width: int = 8) -> Tensor:
    if width % 4 == 3:
        raise ValueError("no such width")
    return tower(x, width).conv(8, 3, groups=1 + width % 2)


@cnncost.block
def normed(x: Tensor) -> Tensor:
    return x.batch_norm()


def signals(x: Tensor, width: int = 8) -> tuple[Tensor, Tensor]:
    """A C×L map and tokens of the same two sizes: the channels of one are the first, of the other the last."""
    row = x.reshape((8, 96))
    return normed(row.conv(width, 1)), normed(row.linear(96))


VARIABLE, FUNCTION = with_a_variable(), with_a_function()
NETS = (
    from_outside,
    around,
    VARIABLE,
    FUNCTION,
    siamese,
    shared_layer,
    forked,
    resting,
    trying,
    looking,
    caught,
    refusing,
    signals,
)


@pytest.mark.parametrize("function", NETS, ids=lambda function: function.__name__)
def test_whatever_a_function_does_the_table_agrees(function: Any) -> None:
    model = Model(function.__name__, function, SHAPE)
    rng = random.Random(2)
    rows = [{"width": rng.choice([2, 3, 4, 6, 7, 8, 12, 16, 24])} for _ in range(60)]
    expected = [cost for cost in each(model, rows) if cost is not None]
    assert expected, "every one is refused: the test says nothing"
    assert swept(model, rows, method="block by block")[0] == expected
    if function is not from_outside:  # only comparing tells
        sums_are_right(model, rows)


def sums_are_right(model: Model, rows: list[dict[str, Any]], name: str = "lecture") -> int:
    """Hold sums against full traces, with nothing that would catch a wrong one; return how many there are."""
    costs = Costs(listed(model, rows), convention(name))
    found = [(costs.counted(row), costs.exact(row)) for row in rows]
    assert all(quick in (None, exact) for quick, exact in found)
    return sum(quick is not None for quick, _ in found)


def test_one_and_true_are_different_arguments() -> None:
    model = Model("told_apart", told_apart, SHAPE)
    rows = [{"mode": mode} for mode in range(6)] * 6
    assert swept(model, rows)[0] == each(model, rows)
    assert sums_are_right(model, rows) == len(rows)


@cnncost.block
def counting(x: Tensor) -> Tensor:
    NOW["calls"] += 1
    return x.conv(8 + (NOW["calls"] > 40), 1)


def widened_late(x: Tensor, depth: int = 3) -> Tensor:
    NOW["calls"] = 0
    for _ in range(depth):
        x = counting(x)
    return x


def test_a_state_that_only_large_candidates_show_is_seen_in_the_last_one() -> None:
    model = Model("widened_late", widened_late, SHAPE)
    rows = [{"depth": depth} for depth in range(1, 61)]
    found = cnncost.sweep(model, depth=range(1, 61), method="block by block")
    assert [{key: row[key] for key in KEYS} for row in found] == each(model, rows)


def test_refusals_are_those_of_the_table() -> None:
    model = Model("refusing", refusing, SHAPE)
    rows = [{"width": width} for width in (2, 3, 4, 5, 6, 7)]
    blocks, alone = (cnncost.sweep(model, configurations=rows, method=m) for m in ("block by block", "one at a time"))
    assert blocks.reasons == alone.reasons
    assert any("no such width" in reason.message for reason in blocks.reasons.values())


def test_signals_and_tokens_under_a_convention_that_asks_for_channels(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text('like: lecture\nsource: me\nstates: mine\nflops: {batch_norm: "Ci"}\n')
    assert sums_are_right(Model("signals", signals, SHAPE), [{"width": 8}, {"width": 8}], str(path)) == 2


def test_how_a_model_spells_its_layers_matters_to_some() -> None:
    @family("net", source="", input=SHAPE, spelling={"*relu*": "F"}, net=(None, None, {}))
    def net(x: Tensor, *, width: int = 8) -> Tensor:
        return tower(tower(x, width), width)

    model = net.variants[0]  # type: ignore[attr-defined]
    rows = [{"width": width} for width in range(1, 30)]
    for name in ("lecture", "thop", "ptflops"):
        assert swept(model, rows, convention=name, method="block by block")[0] == each(model, rows, convention=name)
        assert bool(sums_are_right(model, rows, name)) == (name == "lecture")


def test_structures_of_a_product_of_axes_are_added_up_too() -> None:
    over = ("depth=12:18:2", "w0=24,32", "group_width=8,16")
    quick, sure = (sweep(Query("regnet_x_400mf", over, every=True, method=m)) for m in ("auto", "one at a time"))  # type: ignore[arg-type]
    assert (quick.method, sure.method) == ("block by block", "one at a time")
    assert list(quick) == list(sure)


def test_structures_that_share_blocks_are_no_columns_and_sizes_of_one_are() -> None:
    over = ("depth=12:20", "w0=24,32", "classes=8:80:8")  # ten sizes of each structure, which differ in one layer
    assert sweep(Query("regnet_x_400mf", over, top=1)).method.startswith("block by block")
    assert sweep(Query("regnet_x_400mf", ("classes=8:800:8",), top=1)).method.startswith("arrays")
