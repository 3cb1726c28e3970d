"""Solving: the lecture's equation, published pairs of setting and cost, and brute force."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import examples

from cnncost import analyze, load
from cnncost.base.errors import CnncostError, ModelError, UsageError
from cnncost.base.units import parse_quantity
from cnncost.models.model import Model
from cnncost.questions.solve.solution import Solution
from cnncost.questions.solve.solve import Approach, solve
from cnncost.questions.solve.target import RELATIONS
from cnncost.show.tables.solve import solution_table

DATA = Path(__file__).parents[1] / "data" / "layers"
EXACT = examples(12)

with (DATA / "resnext_equation.csv").open(encoding="utf-8", newline="") as file:
    EQUATION = list(csv.DictReader(file))


# ── the lecture's equation ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("row", EQUATION, ids=lambda row: f"G={row['G']}")
def test_as_wide_as_the_bottleneck(row: dict[str, str]) -> None:
    found = solve("resnext_block", "c", equals="bottleneck", settings=[f"C={row['C']}", f"G={row['G']}"])
    (equation,) = found.equations
    assert equation is not None
    assert equation.text == "9·G·c² + 8·C·G·c − 17·C² = 0"
    (root,) = equation.roots
    assert float(root) == pytest.approx(float(row["c_exact"]), abs=5e-7)  # printed to six decimals
    assert found.value == int(row["c_rounded"])
    data = found.to_dict()
    assert (data["target"], data["achieved"]) == (int(row["bottleneck_17C2"]), int(row["flops_per_HW_at_rounded_c"]))
    assert data["per"] == "H*W"
    assert data["targets"][0]["error"] == pytest.approx(float(row["ratio"]) - 1, abs=5e-6)


@pytest.mark.parametrize("row", EQUATION, ids=lambda row: f"G={row['G']}")
def test_how_many_paths(row: dict[str, str]) -> None:
    """The other way round: the rounded width asks for so many paths, as many as the table has where rounding cost little."""
    c, capital = int(row["c_rounded"]), int(row["C"])
    found = solve("resnext_block", "G", equals="bottleneck", settings=[f"C={capital}", f"c={c}"])
    (equation,) = found.equations
    assert equation is not None
    assert equation.text == "8·C·G·c + 9·G·c² − 17·C² = 0"
    assert list(equation.roots) == [pytest.approx(17 * capital**2 / (8 * capital * c + 9 * c * c), rel=1e-12)]
    if abs(float(row["ratio"]) - 1) < 0.02:
        assert found.value == int(row["G"])


# The paper's table 2 pairs cardinalities with these widths; over the whole network 8 groups come out at 13.4, not 14.
@pytest.mark.parametrize(("cardinality", "width"), [(1, 64), (2, 40), (4, 24), (32, 4)])
def test_whole_networks_of_one_cost(cardinality: int, width: int) -> None:
    found = solve("resnext50_32x4d", "base_width", equals="resnet50", settings=[f"cardinality={cardinality}"])
    assert found.value == width


# ── settings that published costs belong to ──────────────────────────────────────────────────────────────────────────

# torchvision 0.28 (ResNet-50, ResNet-101); ResNet paper, table 6 (1.7 M); WRN paper, table 4 (36.5 M); MobileNetV1, table 6
# (325 M and 149 M multiply-adds) and the authors' README (418 M at 192); DenseNet paper, table 2 (0.8 M for BC-100-12).
PUBLISHED = [
    ("resnet50", "size", "macs=4089184256", 224),
    ("resnet50", "width", "params=25557032", 64),
    ("resnet50", "classes", "params=25557032", 1000),
    ("resnet50", "depths.2", "params=44549160", 23),  # ResNet-101
    ("resnet20_cifar", "depth", "params=1.7M", 110),
    ("wrn_28_10", "k", "params=36.5M", 10),
    ("mobilenet_v1", "alpha", "macs=325M", 0.75),
    ("mobilenet_v1", "alpha", "macs=149M", 0.5),
    ("mobilenet_v1", "size", "macs=418122752", 192),
    ("densenet_bc_100_12", "depth", "params=0.77M", 100),
]


@pytest.mark.parametrize(("model", "unknown", "target", "value"), PUBLISHED)
def test_published(model: str, unknown: str, target: str, value: Any) -> None:
    found = solve(model, unknown, [target], step="0.05" if isinstance(value, float) else None)
    cost, goal = found.chosen.costs[0], found.chosen.goals[0]
    assert found.value == value or (found.unknown == "size" and cost == goal)  # several sizes can cost the same
    assert abs(cost / goal - 1) < 0.02


# ── brute force ──────────────────────────────────────────────────────────────────────────────────────────────────────

SPACES: list[tuple[str, str, list[Any]]] = [
    ("conv3x3_twice", "C", list(range(1, 200))),
    ("resnext_block", "G", list(range(1, 120))),
    ("resnet20_cifar", "size", list(range(1, 120))),
    ("resnet20_cifar", "depth", list(range(1, 130))),
    ("densenet_40_12", "growth", list(range(1, 60))),
    ("resnet18", "depths.1", list(range(1, 40))),
    ("mobilenet_v2", "width", [n / 100 for n in range(1, 130)]),
    ("lenet5", "batch", list(range(1, 300))),
]
QUANTITIES = ("params", "flops", "memory")


@cache
def costs_of(model: str, unknown: str) -> dict[Any, tuple[int, ...]]:
    """Every candidate's parameters, FLOPs and memory, each analysed on its own; those that cannot be built left out."""
    ((_, _, values),) = [space for space in SPACES if space[:2] == (model, unknown)]
    found = {}
    for value in values:
        options: dict[str, Any] = {}
        base, entry, place = unknown.partition(".")
        if unknown == "batch":
            options["batch"] = value
        elif unknown == "size":
            shape = load(model).shape
            options["input"] = (shape[0] if shape else 3, value, value)
        elif entry:
            now = load(model).values[base]
            options[base] = (*now[: int(place)], value, *now[int(place) + 1 :])
        else:
            options[unknown] = value
        try:
            total = analyze(model, **options).total
        except ModelError:
            continue
        found[value] = (total["params"], total["flops"], total["activation_bytes"])
    return found


@pytest.mark.parametrize(("model", "unknown"), [space[:2] for space in SPACES])
@EXACT
@given(data=st.data())
def test_nearest_below_and_above(model: str, unknown: str, data: st.DataObject) -> None:
    costs = costs_of(model, unknown)
    index = data.draw(st.integers(0, 2))
    own = [cost[index] for cost in costs.values()]
    goal = data.draw(st.integers(min(own), max(own)) | st.sampled_from(own))
    side: Approach = data.draw(st.sampled_from(["nearest", "below", "above"]))
    allowed = [cost for cost in own if side == "nearest" or (cost <= goal if side == "below" else cost >= goal)]
    if min(own) == max(own):
        return
    best = min(abs(cost - goal) for cost in allowed)
    found = solve(model, unknown, [f"{QUANTITIES[index]}={goal}"], side=side)
    assert found.chosen.costs == (costs[found.value][index],)
    assert abs(costs[found.value][index] - goal) == best
    for row in found.rows:
        assert row.value not in costs or row.costs == (costs[row.value][index],)


@pytest.mark.parametrize(("model", "unknown"), [space[:2] for space in SPACES])
@EXACT
@given(data=st.data())
def test_largest_within_limits(model: str, unknown: str, data: st.DataObject) -> None:
    costs = costs_of(model, unknown)
    last = list(costs.values())[-1]
    wanted, limits = [], []
    for index, quantity in enumerate(QUANTITIES):
        own = [cost[index] for cost in costs.values()]
        if min(own) == max(own) or not data.draw(st.booleans()):
            continue
        limit = data.draw(st.integers(min(own), max(own) - 1))
        relation = data.draw(st.sampled_from(["<=", "<"]))
        wanted.append(f"{quantity}{relation}{limit}")
        limits.append((index, limit + (relation == "<=")))
    if not limits or all(last[index] < limit for index, limit in limits):
        return
    within = [value for value, cost in costs.items() if all(cost[index] < limit for index, limit in limits)]
    if within:
        found = solve(model, unknown, wanted)
        assert (found.value, found.why) == (max(within), "largest")
    else:
        with pytest.raises(UsageError, match=f"no {unknown} of {model} meets"):
            solve(model, unknown, wanted)


@pytest.mark.parametrize(
    ("model", "unknown", "questions"),
    [
        ("conv3x3_twice", "C", 80),
        ("resnext_block", "G", 80),
        ("lenet5", "batch", 80),
        ("resnet20_cifar", "size", 30),
        ("mobilenet_v2", "width", 30),
    ],
)
def test_amounts_that_a_value_meets_exactly(model: str, unknown: str, questions: int) -> None:
    """Limits of all four relations at costs that candidates have, or one beside them: 300 questions against brute force."""
    costs = costs_of(model, unknown)
    rng = random.Random(model + unknown)
    asked = 0
    while asked < questions:
        index = rng.randrange(3)
        relation = rng.choice(["<", "<=", ">", ">="])
        goal = rng.choice(list(costs.values()))[index] + rng.choice([0, 0, 0, -1, 1])
        met = [value for value, cost in costs.items() if RELATIONS[relation](cost[index], goal)]
        if len({cost[index] for cost in costs.values()}) == 1 or not met or len(met) == len(costs):
            continue
        found = solve(model, unknown, [f"{QUANTITIES[index]}{relation}{goal}"])
        assert (found.value, found.why) == ((max(met), "largest") if relation[0] == "<" else (min(met), "smallest"))
        asked += 1


@EXACT
@given(st.integers(1, 100), st.integers(1, 100), st.integers(1, 10**5))
def test_quadratic_with_two_solutions(top: int, weight: int, goal: int) -> None:
    """macs = n·(top − n)·weight: risen and fallen again, all of it against brute force."""

    def hill(x: Any, n: int = 1) -> Any:
        return x.conv(top + 2 - n, 1, bias=False).conv(n * weight, 1, bias=False)

    costs = {n: (top + 2 - n) * (1 + n * weight) for n in range(1, top + 2)}
    found = solve(Model("hill", hill, (1, 1, 1)), "n", [f"macs={goal}"])
    assert abs(costs[found.value] - goal) == min(abs(cost - goal) for cost in costs.values())
    crossings = [n for n in range(1, top + 1) if (costs[n] <= goal) != (costs[n + 1] <= goal)]
    reported = [found.value, *(candidate.value for candidate in found.others)]
    for crossing in crossings:
        assert {crossing, crossing + 1} & set(reported)


def test_of_any_degree() -> None:
    """n filters of n×n, twice, at a goal past 64 bits: of degree 4, and exact."""

    def power(x: Any, n: int = 1) -> Any:
        return x.conv(n, n, pad="same", bias=False).conv(n, n, pad="same", bias=False)

    goal = 10**22
    found = solve(Model("power", power, (1, 1, 1)), "n", [f"params={goal}"])
    (equation,) = found.equations
    assert equation is not None
    assert equation.text == "n⁴ + n³ − 10000000000000000000000 = 0"
    below, chosen, above = (row.value for row in found.rows)
    assert (below, above) == (found.value - 1, found.value + 1)
    assert below**4 + below**3 < goal < above**4 + above**3
    assert found.chosen.costs == (chosen**4 + chosen**3,)


def test_few_candidates_are_traced() -> None:
    found = solve("bottleneck", "C", ["params=1e30"])
    assert found.to_dict()["roots"][0] == pytest.approx((1e30 / 17) ** 0.5)
    assert 17 * found.value**2 + 12 * found.value == found.chosen.costs[0]
    assert len(found.rows) == 3


# ── limits, ends, choices ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("model", "unknown", "value"),
    [("resnet50", "size", 224), ("resnet50", "width", 64), ("resnet50", "depths.2", 6), ("resnet20_cifar", "depth", 116)],
)
def test_within_a_budget_of_all_three(model: str, unknown: str, value: int) -> None:
    cifar = model == "resnet20_cifar"
    budget = ["params<=2M", "flops<=270M", "memory<=8MB"] if cifar else ["params<=26M", "flops<=4.1G", "memory<=50MB"]
    limits = (2e6, 270e6, 8 * 2**20) if cifar else (26e6, 4.1e9, 50 * 2**20)
    found = solve(model, unknown, budget)
    assert (found.value, found.why) == (value, "largest")
    after = found.rows[found.rows.index(found.chosen) + 1]
    assert all(cost <= limit for cost, limit in zip(found.chosen.costs, limits, strict=True))
    assert any(cost > limit for cost, limit in zip(after.costs, limits, strict=True))


def grouped(x: Any, groups: int = 1) -> Any:
    return x.conv(256, 3, pad=1, groups=groups, bias=False)


GROUPED = Model("grouped", grouped, (256, 8, 8))


def test_the_end_of_a_range() -> None:
    """Only divisors of 256 can be built: the search steps over the others and finds the last."""
    found = solve(GROUPED, "groups", ["macs<=1M"])
    assert (found.value, found.why) == (256, "largest")
    assert {value for value in found.impossible if 256 % value == 0} == set()
    assert [row.value for row in solve(GROUPED, "groups", ["macs=4M"]).rows] == [4, 8, 16]


def test_choices_and_lists() -> None:
    found = solve("resnet50", "stride_in_1x1", ["flops<=4G"])
    assert (found.value, [row.value for row in found.rows]) == (True, [False, True])
    assert solve("resnet50", "block", ["params=20M"]).value == "basic"
    assert solve("resnet50", "size", ["flops<=4.1G"], among=["128", "160", "192", "256"]).value == 192
    assert solve("resnet50", "width", ["flops<=4.1G"], step="24").value == 48


def test_smallest_that_is_large_enough() -> None:
    found = solve("resnet50", "width", ["flops>=4.1G"])
    assert (found.value, found.why) == (65, "smallest")


def test_a_target_under_a_limit() -> None:
    """FLOPs near 4.1 G, but no more than 20 M parameters."""
    found = solve("resnet50", "width", ["flops=4.1G", "params<=20M"])
    assert (found.value, found.why) == (56, "nearest")


# ── no solution, and why ─────────────────────────────────────────────────────────────────────────────────────────────

REFUSALS: dict[tuple[str, ...], str] = {
    ("conv5x5", "C", "--equals", "conv3x3_thrice"): "no C makes conv5x5 cost the FLOPs of conv3x3_thrice\n"
    "the difference is −2·C²·H·W, which is never 0",
    ("resnet50", "size", "params=26M"): "params of resnet50 is 25,557,032 whatever size is\nsolve for another setting",
    ("resnet50", "size", "params<=26M"): "resnet50 meets params<=26M with every size from 1 up: there is no largest\n"
    "size=1 has params 25,557,032; name the values to choose from with --among",
    ("resnet50", "size", "params<=2M"): "no size of resnet50 meets params<=2M\nsize=1 comes closest: params 25,557,032",
    ("resnet20_cifar", "depth", "params<=10k"): "no depth of resnet20_cifar meets params<=10k\n"
    "depth=8 comes closest: params 75,290; depth=1, for one, cannot be built: "
    "resnet20_cifar: depth=1 is not 6n + 2 with n ≥ 1",
    ("resnet50", "widht", "flops=1G"): "resnet50 has no setting 'widht'\ndid you mean 'width'?",
    ("resnet50", "depths", "flops=1G"): "resnet50: 'depths' is no single number\nname an entry, as in depths.0",
    ("resnet50", "depths.7", "flops=1G"): "resnet50 has no setting 'depths.7'\ndepths is 3,4,6,3: its entries are 0 to 3",
    ("resnet50", "width"): "nothing to solve for\ngive --target flops=4.1G, or --equals MODEL",
    ("resnet50", "width", "flop=1G"): "--target: unknown figure 'flop'\ndid you mean 'flops'?",
    ("resnet50", "width", "flops"): "--target 'flops' names no amount\nwrite flops=4.1G, params<=26M or memory<=20MB",
    ("resnet50", "width", "flops=1GB"): "--target flops=1GB: '1GB' is no number\nwrite it as 26M, 4.5G or 25_557_032",
    (
        "resnet50",
        "width",
        "memory=many",
    ): "--target memory=many: 'many' is no number of bytes\nwrite it as 512KB, 40 MiB or 25_557_032",
    ("resnet50", "width", "flops=1G", "params=1M"): "two amounts cannot both be met with one setting\n"
    "keep one =, and make limits of the others: <=",
    ("resnet50", "width", "flops=1G", "--set", "width=3"): "width is both given and asked for\n"
    "leave out the --set, --size or --input that gives it",
    ("resnet50", "width", "flops=1G", "--set", "widht=3"): "resnet50 has no setting 'widht'\ndid you mean 'width'?",
}


@pytest.mark.parametrize("words", REFUSALS)
def test_refusal(words: tuple[str, ...]) -> None:
    model, unknown, *rest = words
    options: dict[str, Any] = {}
    if "--equals" in rest:
        options["equals"] = rest[rest.index("--equals") + 1]
        rest = []
    if "--set" in rest:
        options["settings"] = [rest[rest.index("--set") + 1]]
        rest = rest[: rest.index("--set")]
    with pytest.raises(CnncostError) as caught:
        solve(model, unknown, rest, **options)
    assert str(caught.value) == REFUSALS[words]


def test_a_search_says_where_it_stopped() -> None:
    """A million blocks would be needed: the search ends where networks get too large to trace quickly."""
    found = solve("resnet50", "depths.2", ["flops=1e15"])
    assert not found.reached
    assert found.value == max(row.value for row in found.rows[:-1]) > 1000


def test_unreached_targets_say_so() -> None:
    found = solve("resnet50", "width", ["params=10k"])
    assert (found.value, found.reached) == (1, False)
    assert "no width tried reaches it: nearest of all is width = 1" in solution_table(found).notes
    with pytest.raises(UsageError, match="from below"):
        solve("resnet50", "width", ["params=10k"], side="below")


# ── amounts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "in_bytes", "value"),
    [
        ("4.1G", False, 4_100_000_000),
        ("25.557032M", False, 25_557_032),
        ("16_000", False, 16_000),
        ("1e9", False, 10**9),
        ("1.5e3k", False, 1_500_000),
        ("300K", False, 300_000),
        ("4096", True, 4096),
        ("20MB", True, 20 * 2**20),
        ("20MiB", True, 20 * 2**20),
        ("1.5 GiB", True, 3 * 2**29),
        ("10kb", True, 10_240),
        ("7B", True, 7),
    ],
)
def test_amount(text: str, in_bytes: bool, value: int) -> None:
    assert parse_quantity(text, "bytes" if in_bytes else "count") == value


@pytest.mark.parametrize(("text", "in_bytes"), [("", False), ("G", False), ("-1", False), ("1.", False), ("8G", True)])
def test_no_amount(text: str, in_bytes: bool) -> None:
    with pytest.raises(UsageError, match="--target"):
        parse_quantity(text, "bytes" if in_bytes else "count", "--target: ")


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────────────────

Run = Callable[..., str]


@pytest.fixture
def run(cli: Callable[..., Any]) -> Run:
    def call(*words: str) -> str:
        done = cli("solve", *words)
        assert done.code == (2 if done.err else 0)
        return done.out + done.err

    return call


SHOWN = """\
c  FLOPs per H·W  to bottleneck
-  -------------  -------------  -------
3         51,744        -25.7 %
4         70,144         +0.7 %  nearest
5         89,120        +28.0 %
resnext_block: c for the FLOPs of bottleneck
9·G·c² + 8·C·G·c − 17·C² = 0
288·c² + 16384·c − 69632 = 0 with C = 64, G = 32
c = 3.973
"""


def test_text(run: Run) -> None:
    assert run("resnext_block", "--for", "c", "--equals", "bottleneck", "--set", "C=64", "--set", "G=32") == SHOWN
    four = run("resnext_block", "--for", "c", "--equals", "bottleneck", "--set", "C=64", "--set", "G=4").splitlines()
    assert four[3].split() == ["24", "69,888", "+0.4", "%", "nearest"]
    assert four[-1] == "c = 23.932"


def test_json(run: Run) -> None:
    words = ("resnext_block", "--for", "c", "--equals", "bottleneck", "--set", "C=64", "--set", "G=32", "--format", "json")
    data = json.loads(run(*words))
    assert data["schema"] == "cnncost.solve/1"
    assert data["equation"] == "9·G·c² + 8·C·G·c − 17·C² = 0"
    assert eval(data["polynomial"], {"C": 64, "G": 32, "c": 4}) == data["achieved"] - data["target"] == 70_144 - 69_632
    assert data["roots"] == [pytest.approx(3.972591, abs=5e-7)]
    assert (data["for"], data["value"], data["method"]) == ("c", 4, "closed form")
    found = json.loads(run("resnet20_cifar", "--for", "depth", "--target", "params=1M", "--format", "json"))
    assert (found["value"], found["equation"], found["roots"], found["method"]) == (68, None, [], "search")
    assert [row["value"] for row in found["candidates"]] == [62, 68, 74]


def test_every_option(run: Run) -> None:
    def value(*words: str) -> Any:
        return json.loads(run(*words, "--format", "json"))["value"]

    assert value("resnet50", "--for", "width", "--target", "flops=2G", "--below") == 44
    assert value("resnet50", "--for", "width", "--target", "flops=2G", "--above") == 45
    assert value("resnet50", "--for", "width", "--target", "flops=2G", "--above", "--step", "8") == 48
    assert value("resnet50", "--for", "width", "--target", "flops=2G", "--among", "32,64") == 32
    assert value("resnet101", "--for", "size", "--equals", "resnet50", "--by", "macs", "--below") <= 160
    assert value("resnet50", "--for", "batch", "--target", "memory<=8GiB") == 189  # 44,209.9 KB each
    assert value("resnet50", "--for", "batch", "--target", "memory<=8GiB", "--dtype", "float16") == 379
    assert value("resnet50", "--for", "H", "--target", "macs=4089184256", "--above") in range(193, 225)
    assert run("resnet50", "--for", "width", "--target", "flops=2G", "--by", "flopz").startswith("error: unknown figure")


def test_shared_letters_take_one_number() -> None:
    """An inception of 192 channels is compared with a 3×3 convolution of 192, unless that one says otherwise."""
    both = solve("inception", "n3", equals="conv3x3")
    assert both.chosen.goals[0] == 9 * 192**2 * 28 * 28
    own = solve("inception", "n3", equals="conv3x3 --set C=64")
    assert own.chosen.goals[0] == 9 * 64**2 * 28 * 28


def test_the_window_that_costs_as_much_as_three_3x3() -> None:
    """VGG paper, section 2.3: three 3×3 layers have 27·C² weights and one 7×7 has 49·C²; √27 is 5.196."""
    found = solve("conv7x7", "kernel", equals="conv3x3_thrice")
    (equation,) = found.equations
    assert equation is not None
    assert equation.text == "kernel² − 27 = 0"
    assert (found.value, found.chosen.costs[0] * 27) == (5, found.chosen.goals[0] * 25)


def test_sizes_given_as_numbers_are_no_letters_to_divide_out() -> None:
    found = solve("separable_conv --set C=16", "D", equals="conv3x3 --set C=16", sizes={"H": 7, "W": 5})
    data = found.to_dict()
    assert (data["per"], data["target"]) == ("1", 9 * 16 * 16 * 35)
    assert data["value"] == 135  # 9·16 + 16·D = 9·256


def test_solution_is_data() -> None:
    found = solve("resnet50", "width", ["flops=2G"])
    assert isinstance(found, Solution)
    assert [row.value for row in found.rows] == [43, 44, 45]
    assert found.chosen.error(0) == pytest.approx(-0.020058, abs=1e-6)
