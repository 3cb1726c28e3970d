"""The zoo as a whole: its contents, its settings, its figures that tests/data/published.csv does not have, and its page."""

from __future__ import annotations

import csv
import itertools
import math
import pkgutil
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import examples

from cnncost import Model, analyze, load
from cnncost.base.errors import CnncostError, Disagreement, ModelError
from cnncost.base.ints import Ints
from cnncost.base.poly import Num
from cnncost.graph import graph
from cnncost.graph.graph import Graph
from cnncost.models import zoo
from cnncost.models.zoo.fractalnet import kept

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data"

Record = dict[str, str]


def read(*paths: Path) -> list[Record]:
    rows = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            rows += csv.DictReader(file)
    return rows


PUBLISHED = read(DATA / "published.csv")
READINGS = read(*sorted((DATA / "published_models").glob("*.csv")))

MODELS = [model for module in zoo.FAMILIES for model in zoo.models(module).values()]
VARIANTS: dict[str, list[Model]] = defaultdict(list)  # of each function, under the name of the first
for model in MODELS:
    first = next((name for name, others in VARIANTS.items() if others[0].function is model.function), model.name)
    VARIANTS[first].append(model)

each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
each_function = pytest.mark.parametrize("variants", list(VARIANTS.values()), ids=list(VARIANTS))

# ── contents ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_table_of_contents_is_what_the_modules_define() -> None:
    modules = {module.name for module in pkgutil.iter_modules(zoo.__path__)}
    assert set(zoo.FAMILIES) == modules - {"blocks"}
    for module, names in zoo.FAMILIES.items():
        assert sorted(names.split()) == sorted(zoo.models(module)), module
    assert len(zoo.MODULE_OF) == len(MODELS)


def scores(model: Model, classes: int) -> int:
    """The numbers that a network says at a position: one for each class, or of each of three boxes five more."""
    return 3 * (5 + classes) if model.name.startswith("yolo") else classes


def heads(model: Model) -> int:
    """The layers that say them."""
    many = {"YOLOv5": 3, "LR-ASPP": 2}.get(model.family, {"yolov3": 3, "yolov3_spp": 3, "yolov3_tiny": 2}.get(model.name, 1))
    if not model.values.get("aux"):
        return many
    return 2 if model.name.startswith("inception") else 3


@each_model
def test_every_model_traces_at_its_own_input(model: Model) -> None:
    traced = model.trace()
    assert traced.name == model.name
    assert traced.input == model.shape
    if "classes" in model.values:
        made = {traced.nodes[index].cost.shape for index in traced.outputs}
        assert {shape[0] for shape in made} == {scores(model, model.values["classes"])}
        everywhere = re.search("segmentation|detection", model.source.lower())  # says something at each position
        assert all(len(shape) == (3 if everywhere else 1) for shape in made)


@each_model
def test_every_source_names_a_paper_a_lecture_or_a_repository(model: Model) -> None:
    assert re.search(r"arXiv:\d{4}\.\d{4,5}|NIPS|IEEE|CS231n|EECS 498|\w+/[\w-]+[ ,]", model.source)


@each_function
def test_no_network_has_two_names(variants: list[Model]) -> None:
    told_apart = {(model.shape, *map(repr, model.values.items())) for model in variants}
    assert len(told_apart) == len(variants)


def test_the_zoo_has_torchvision() -> None:
    """All 80 classification models of torchvision 0.28, 12 of them transformers, by name and evaluation size."""
    recorded = defaultdict(set)
    for row in PUBLISHED:
        if row["source"] == "torchvision":
            recorded[row["name"]].add(row["input"])
    assert len(recorded) == 80
    for name, inputs in recorded.items():
        assert "x".join(map(str, load(name).shape or ())) in inputs
    for reading in READINGS:  # which test_published holds to the recorded figures
        if reading["reference"].startswith("torchvision 0.28.0 weights"):
            assert reading["model"].split()[0] == reading["name"]


def test_the_smallest_inputs_are_those_of_torchvision() -> None:
    """Those it records as `min_size`: one pixel less leaves some window without a place."""
    sizes = {
        row["name"]: re.search(r"min_size \[(\d+), \1\]", row["notes"]) for row in PUBLISHED if row["source"] == "torchvision"
    }
    assert all(sizes.values())
    for name, found in sizes.items():
        if name.startswith(("vit", "swin", "maxvit", "efficientnet_v2")):  # theirs is not the smallest that can be run
            continue
        smallest = int(found[1]) if found else 0
        load(name).trace((3, smallest, smallest))
        if smallest > 1:
            with pytest.raises(ModelError, match="the output"):
                load(name).trace((3, smallest - 1, smallest - 1))


def test_an_ensemble_is_the_sum_of_its_members() -> None:
    members = ("inception_v3 --size 224", "resnet50", "googlenet_aux")
    whole, *parts = (analyze(reference).total for reference in (" + ".join(members), *members))
    for figure in ("params", "macs", "flops", "activation_bytes", "expected_flops", "buffers"):
        assert whole[figure] == sum(part[figure] for part in parts)


@pytest.mark.parametrize(
    ("command", "modules"),
    [
        ("load('vgg16')", "blocks vgg"),
        ("load('se_resnext50_32x4d')", "blocks resnet senet"),
        ("load('polynet').trace()", "blocks inception polynet"),
        ("load('squeezenet1_0 + squeezenet1_1')", "blocks squeezenet"),
        ("models.names('resnet')", ""),
    ],
)
def test_a_model_imports_only_its_own_family(command: str, modules: str) -> None:
    setup = "import sys; from cnncost import load; from cnncost.models import load as models"
    probe = f"{setup}; {command}; print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout.split()
    assert {name.removeprefix("cnncost.models.zoo.") for name in printed if name.startswith("cnncost.models.zoo.")} == set(
        modules.split()
    )
    assert "rich" not in printed
    assert "tabulate" not in printed


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────

WHOLE = [0, 1, 2, 3, 4, 7, 8, 16, 33, 64, 200, 10**6, 10**12, 10**18]
REAL = [0.0, 0.1, 0.35, 0.5, 1.0, 1.5, 2.0, -1.0, 1e9, 1e300, math.inf, math.nan]


def candidates(hint: Any, now: Any = None) -> list[Any]:
    """Values that a setting with this type could be given, sensible and absurd."""
    options = get_args(hint)
    if get_origin(hint) is Literal:
        return list(options)
    if type(None) in options:
        return [None, *candidates(next(option for option in options if option is not type(None)), now)]
    if get_origin(hint) is tuple:
        entries, now = candidates(options[0]), now or (1, 2, 3)
        whole = [(), now[1:], now + now, *((entry,) * len(now) for entry in entries)]
        return whole + [(*now[:-1], entry) for entry in entries] + [(entry, *now[1:]) for entry in entries]
    return [False, True] if hint is bool else REAL if hint is float else WHOLE


def hints(model: Model) -> dict[str, Any]:
    found = get_type_hints(model.function)
    return {name: found[name] for name in model.declared}


def tried(model: Model, **changed: Any) -> Graph | None:
    """The graph, or None where a user would be told what is wrong. Networks of any depth are cut off early."""
    try:
        with patch.object(graph, "MAX_LAYERS", 2_000), patch.object(graph, "MAX_CONNECTIONS", 20_000):
            return model.trace(**changed)
    except CnncostError as error:
        message = error.message
    assert message
    assert "cannot work with" not in message  # the tracer's words for an error that no rule foresaw
    return None


@each_function
def test_no_setting_is_idle(variants: list[Model]) -> None:
    """Each setting changes some variant's graph."""
    for setting, hint in hints(variants[0]).items():
        changed = (
            (other := tried(model, **{setting: value})) is not None and other.nodes != model.trace().nodes
            for model in variants
            for value in candidates(hint, model.values[setting])
        )
        assert any(changed), setting


@each_function
@examples(8)
@given(data=st.data())
def test_settings_work_or_are_refused(variants: list[Model], data: st.DataObject) -> None:
    model = data.draw(st.sampled_from(variants))
    types = hints(model)
    changed = data.draw(st.lists(st.sampled_from(sorted(types)), min_size=1, max_size=3, unique=True)) if types else []
    values = {name: data.draw(st.sampled_from(candidates(types[name], model.values[name])), name) for name in changed}
    traced = tried(model, **values)
    if traced is not None:
        for node in traced.layers:
            assert all(size >= 1 for size in node.cost.shape), node.name
            assert min(node.cost.params, node.cost.macs, node.cost.taps, node.cost.bias, node.cost.buffers) >= 0, node.name


@each_model
def test_classes_change_the_last_layers_only(model: Model) -> None:
    if "classes" not in model.declared:
        return
    before, after = model.trace(), model.trace(classes=7)
    pairs = list(zip(before.nodes, after.nodes, strict=True))
    changed = [new for old, new in pairs if old != new]
    last = [node for node in changed if node.kind in ("linear", "conv")]
    assert len(last) == len([node for node in changed if node.cost.params or node.cost.macs])
    assert len(last) == heads(model)
    for node in changed:
        assert node.cost.shape[0] == scores(model, 7), node.name


@each_function
def test_dropout_costs_nothing(variants: list[Model]) -> None:
    model = variants[0]
    if "dropout" not in model.declared:
        return

    def rates(value: float) -> Any:
        return (value,) * len(model.values["dropout"]) if isinstance(model.values["dropout"], tuple) else value

    without, half = model.trace(dropout=rates(0.0)), model.trace(dropout=rates(0.5))
    assert [node for node in half.layers if node.kind == "dropout" and node.args["p"] == 0.5]
    for figure in ("params", "macs", "flops", "activation_bytes"):
        assert analyze(without).total[figure] == analyze(half).total[figure]


def numeric(model: Model) -> Iterator[tuple[str, list[int]]]:
    """The settings that can be a column of numbers, with values for it."""
    for setting, hint in hints(model).items():
        now = model.values[setting]
        if hint is float and setting in ("width", "alpha", "scale"):
            yield setting, [1, 2, 3]
        elif (hint is Num or Num in get_args(hint)) and not isinstance(now, tuple):
            unit = now or 16
            yield setting, [unit, 2 * unit, 3 * unit]


@each_function
def test_columns_are_candidates_one_by_one(variants: list[Model]) -> None:
    """A column costs, at each place, what its entry costs alone; or the error says which candidates to part from which."""
    model = variants[0]
    for setting, values in numeric(model):
        alone = [tried(model, **{setting: value}) for value in values]
        shape = model.with_settings(**{setting: Ints(np.array(values))}).shape  # the input may follow from the setting
        try:
            together = model.trace(shape, **{setting: np.array(values)})
        except (Disagreement, ModelError) as error:
            mask, refused = np.asarray(getattr(error, "mask", getattr(error, "valid", None))), error
        else:
            for place, one in enumerate(alone):
                assert one is not None, setting
                for mine, whole in zip(one.nodes, together.nodes, strict=True):
                    assert mine.name == whole.name
                    for figure in ("params", "macs", "taps", "bias", "buffers"):
                        column = getattr(whole.cost, figure)
                        column = np.broadcast_to(column.values if isinstance(column, Ints) else column, len(values))
                        assert column[place] == getattr(mine.cost, figure), (setting, mine.name, figure)
            continue
        assert mask.shape == (len(values),), refused
        assert not mask.all()
        if isinstance(refused, Disagreement):
            assert mask.any()
        else:
            assert [one for one, valid in zip(alone, mask, strict=True) if not valid and one is not None] == []


REFUSALS = """
alexnet --set widths=64,192
    alexnet: widths takes 5 numbers, not 2
lenet5_lecture --set widths=20
    lenet5_lecture: widths takes 2 numbers, not 1
resnet18 --set groups=2
    resnet18: basic blocks have no groups=2 or width_per_group=64
    leave them at 1 and 64 and change width, or use bottlenecks
resnet20_cifar --set depth=21
    resnet20_cifar: depth=21 is not 6n + 2 with n ≥ 1
    try 20, 32, 44, 56, 110 or 1202
resnet110_stochastic --set survival=1.5
    resnet110_stochastic: survival=1.5 is no probability
    give a number from 0 to 1
fractalnet20 --set columns=20
    fractalnet20: columns=20 is not from 1 to 16
    try 3, which is 20 layers deep
fractalnet20 --set drop_path=2
    fractalnet20: drop_path=2.0 is no probability
    give a number from 0 to 1
shufflenet_v1_g3 --set groups=5
    shufflenet_v1_g3: groups=5 is not in the paper's table
    give one of 1, 2, 3, 4, 8
vgg16 --set depths=2,2
    vgg16: 2 depths and 5 widths
    each stage has one of both
se_resnet50 --set reduction=0
    se_resnet50: reduction is 0, which is below 1 (after layer 'layer1.0.bn3')
    give a number such as 16
maxvit_t --set head_width=48
    maxvit_t: head_width=48 must divide the 64 channels (after layer 'blocks.0.layers.0.layers.MBconv.add')
"""


@pytest.mark.parametrize("refusal", re.split(r"\n(?=\S)", REFUSALS.strip()), ids=lambda text: text.split("\n")[0])
def test_refusal(refusal: str) -> None:
    reference, *lines = refusal.splitlines()
    message, hint = (*map(str.strip, lines), "")[:2]
    with pytest.raises(ModelError) as caught:
        load(reference).trace()
    assert (caught.value.message, caught.value.hint) == (message, hint)


# ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("model", "figure", "unit", "published"),
    [
        ("wrn_40_2_b131", "params", 10**6, "1.4"),  # arXiv:1605.07146, table 2
        ("wrn_40_2_b13", "params", 10**6, "1.3"),
        ("wrn_28_2_b33", "params", 10**6, "1.5"),
        ("fractalnet5_thin", "params", 10**6, "0.3"),  # arXiv:1605.07648, table 3
        ("fractalnet10_thin", "params", 10**6, "0.8"),
        ("fractalnet20_thin", "params", 10**6, "2.1"),
        ("fractalnet40_thin", "params", 10**6, "4.8"),
        ("fractalnet80_thin", "params", 10**6, "10.2"),
        ("fractalnet160_thin", "params", 10**6, "21.1"),
        ("resnext_listing", "params", 1, "59057576"),  # of the published listings, recounted
        ("resnext_listing", "macs", 1, "7399630848"),
        ("wrn_listing --set classes=10", "params", 1, "36479194"),
    ],
)
def test_figure(model: str, figure: str, unit: int, published: str) -> None:
    digits = len(published.partition(".")[2])
    assert f"{analyze(model).total[figure] / unit:.{digits}f}" == published


def test_what_the_listing_never_runs() -> None:
    report = analyze("resnext_listing")
    dead = [index for index, row in enumerate(report.rows) if row.runs == 0]
    assert len(dead) == 12
    assert report.params[dead].sum() == 14_560_256
    assert not report.macs[dead].any()


# ── layers that are dropped while training ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("name", "blocks"), [("resnet110_stochastic", 54), ("resnet1202_stochastic", 600)])
def test_stochastic_depth_runs_three_quarters_of_the_blocks(name: str, blocks: int) -> None:
    """(3L − 1)/4 of L blocks on average: arXiv:1603.09382, section 3."""
    traced = load(name).trace()
    assert sum(node.runs for node in traced.layers if node.name.endswith(".conv1")) == Fraction(3 * blocks - 1, 4)
    report = analyze(traced)
    convolutions = sum(node.runs * node.cost.macs for node in traced.layers if node.kind == "conv")
    pooled = report.total["flops"] - report.total["macs"]
    assert report.total["expected_flops"] == convolutions + report.macs[-1] + pooled
    full = name.replace("stochastic", "cifar")
    assert analyze(full).total["expected_flops"] == analyze(full).total["flops"] == report.total["flops"]


def survivors(inputs: tuple[int, ...], drop: Fraction) -> Iterator[tuple[Fraction, set[int]]]:
    """What a join may keep of its inputs, and how likely: any of them, or where chance drops all, one of them."""
    for choice in itertools.product((True, False), repeat=len(inputs)):
        chance = math.prod((1 - drop if keep else drop for keep in choice), start=Fraction(1))
        if any(choice):
            yield chance, {index for index, keep in zip(inputs, choice, strict=True) if keep}
        else:
            yield from ((chance / len(inputs), {index}) for index in inputs)


@pytest.mark.parametrize("drop", [Fraction(0), Fraction(3, 20), Fraction(1, 2), Fraction(1)])
@pytest.mark.parametrize("columns", [1, 2, 3, 4])
def test_drop_path_runs_what_joins_ask_for(columns: int, drop: Fraction) -> None:
    """Every way in which the joins of a block can drop inputs, and what then has to run for the output."""
    model = load("fractalnet20", widths=(8,), dropout=(0.0,), columns=columns, drop_path=float(drop))
    traced = model.trace()
    joins = [index for index, node in enumerate(traced.nodes) if node.kind == "add"]
    ran = dict.fromkeys((index for index, node in enumerate(traced.nodes) if node.kind == "conv"), Fraction(0))
    assert len(ran) == 2**columns - 1
    for kept_by_join in itertools.product(*(list(survivors(traced.nodes[join].inputs, drop)) for join in joins)):
        chance = math.prod((chance for chance, _ in kept_by_join), start=Fraction(1))
        keeps = dict(zip(joins, (keep for _, keep in kept_by_join), strict=True))
        asked = {traced.outputs[0]}
        for index in sorted(range(len(traced.nodes)), reverse=True):
            if index in asked:
                asked |= keeps.get(index, set(traced.nodes[index].inputs))
        for index in asked & ran.keys():
            ran[index] += chance
    assert {index: traced.nodes[index].runs for index in ran} == ran


def test_drop_path_by_chance() -> None:
    """The shares of three columns, beside a simulation of the joins at the end and in the middle of a block."""
    chance = np.random.default_rng(1)
    passes, drop = 200_000, 0.15

    def join(inputs: int) -> Any:
        keep = chance.random((passes, inputs)) >= drop
        emptied = np.flatnonzero(~keep.any(axis=1))
        keep[emptied, chance.integers(inputs, size=len(emptied))] = True
        return keep

    end, middle = join(3), join(2)
    asked = end[:, 1:].any(axis=1)  # the second half of the block asks for its middle
    expected = {
        "column1": end[:, 0],
        "column2_2": end[:, 1],
        "column3_4": end[:, 2],
        "column2": asked & middle[:, 0],
        "column3_2": asked & middle[:, 1],
    }
    runs = {node.name: node.runs for node in load("fractalnet20", drop_path=drop).trace().layers if node.kind == "conv"}
    for name, ran in expected.items():
        assert float(runs[f"block1.{name}.conv"]) == pytest.approx(ran.mean(), abs=0.005), name


def test_kept_paths() -> None:
    half = Fraction(1, 2)
    assert kept(half, 1, 1) == kept(half, 3, 3) == 1
    assert kept(half, 1, 2) == half + Fraction(1, 8)
    assert kept(Fraction(0), 1, 4) == 1
    assert kept(Fraction(1), 1, 4) == Fraction(1, 4)


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


PAGES = "\n".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("models.md", "dense.md"))
HEADER = "| network | parameters | multiply-adds | published in |\n|---|--:|--:|---|\n"


def published_beside() -> Iterator[tuple[str, str, str]]:
    """The figures that stand in the pages' tables beside the networks."""
    for part in PAGES.split(HEADER)[1:]:
        for line in part.partition("\n\n")[0].splitlines():
            model, params, macs, _ = (cell.strip() for cell in line.strip("|").split("|"))
            yield from ((model.strip("`"), figure, cell) for figure, cell in (("params", params), ("macs", macs)) if cell)


@pytest.mark.parametrize(("model", "figure", "printed"), list(published_beside()))
def test_a_figure_on_the_page(model: str, figure: str, printed: str) -> None:
    """It comes out to its last digit, rounded or cut off; one with a star is not what rounding gives."""
    number, _, unit = printed.rstrip("*").partition(" ")
    step = Fraction(1, 10 ** len(number.partition(".")[2])) * {"": 1, "M": 10**6, "G": 10**9}[unit]
    value = Fraction(number.replace(",", "")) * {"": 1, "M": 10**6, "G": 10**9}[unit]
    ours = analyze(model).total[figure]
    if printed.endswith("*"):
        assert abs(ours - value) > step / 2
    else:
        assert -step / 2 <= ours - value < step


def test_the_first_page_says_how_many_there_are() -> None:
    assert f" {len(MODELS)} networks" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_pages_show_every_family() -> None:
    shown = set(re.findall(r"[\w.]+", "\n".join(re.findall(r"^\$ cnncost (?:compare|table) .*$", PAGES, flags=re.MULTILINE))))
    missing = {first for first, variants in VARIANTS.items() if not shown & {model.name for model in variants}}
    assert not missing
