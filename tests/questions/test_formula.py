"""Closed forms: the lecture's algebra as text, and equality with the numeric table at integer points for every family."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import NIGHTLY, examples

from cnncost import load
from cnncost.base.errors import AlgebraError, CnncostError, ModelError, UsageError
from cnncost.base.exact import expression
from cnncost.base.notation import LATEX, PYTHON, written
from cnncost.base.poly import Poly, symbols
from cnncost.base.roots import coefficients, common_factor, positive_roots
from cnncost.models import zoo
from cnncost.models.instance import Instance
from cnncost.models.model import AXES, Model
from cnncost.questions.formula import FIGURES, Formula, costs_of, formula, natural_letters

EXACT = examples(150)


def forms(model: str, *let: str) -> dict[str, str]:
    found = formula(model, let)
    return {figure: found.write(value) for figure, value in found.total.items()}


# ── the algebra table of the lecture: parameters of the convolutions, FLOPs, memory in numbers ───────────────────────

LECTURE = [
    ("conv5x5", (), "25·C²", "25·C²·H·W", "C·H·W"),
    ("conv3x3_twice", (), "18·C²", "18·C²·H·W", "2·C·H·W"),
    ("conv7x7", (), "49·C²", "49·C²·H·W", "C·H·W"),
    ("conv3x3_thrice", (), "27·C²", "27·C²·H·W", "3·C·H·W"),
    ("conv3x3", ("H=2*H", "W=2*W"), "9·C²", "36·C²·H·W", "4·C·H·W"),  # before a 2×2 pooling
    ("conv3x3", ("C=2*C",), "36·C²", "36·C²·H·W", "2·C·H·W"),  # after it, with twice the channels
    ("basic", (), "18·C²", "18·C²·H·W", "2·C·H·W"),
    ("bottleneck", (), "17·C²", "17·C²·H·W", "6·C·H·W"),
    ("resnext_block", (), "8·C·G·c + 9·G·c²", "H·W·(8·C·G·c + 9·G·c²)", "H·W·(2·G·c + 4·C)"),
]


@pytest.mark.parametrize(("model", "let", "params", "flops", "numbers"), LECTURE)
def test_lecture(model: str, let: tuple[str, ...], params: str, flops: str, numbers: str) -> None:
    found = formula(model, let)
    assert found.write(found.params_by_kind["conv"]) == params
    assert found.write(found.total["flops"]) == found.write(found.total["macs"]) == flops
    assert found.write(found.total["activation_bytes"] // 4) == numbers
    assert not found.assumed


def test_batch_norm_is_told_apart() -> None:
    found = formula("bottleneck")
    assert found.write(found.total["params"]) == "17·C² + 12·C"  # scale and offset of C, C and 4·C channels
    assert {kind: found.write(value) for kind, value in found.params_by_kind.items()} == {"conv": "17·C²", "batch_norm": "12·C"}


# Sources: Inception, arXiv:1409.4842, figure 2; MobileNets, arXiv:1704.04861, section 3.1; MobileNetV2, arXiv:1801.04381,
# section 3.3 (h·w·d·t·(d + k² + d')); SE, arXiv:1709.01507, section 3 (2·C²/r weights, here C·c); SqueezeNet, figure 1.
BLOCKS = {
    "inception": "H·W·(C·n1 + C·p + C·r3 + C·r5 + 9·n3·r3 + 25·n5·r5)",
    "inception --set r3=none --set r5=none --set p=none": "H·W·(C·n1 + 9·C·n3 + 25·C·n5)",
    "separable_conv": "H·W·(C·D + 9·C)",
    "inverted_residual": "H·W·(C²·t + C·D·t + 9·C·t)",
    "squeeze_excite": "2·C·c",
    "fire": "H·W·(C·s + e1·s + 9·e3·s)",
    "dense_block --set layers=1": "H·W·(4·C·k + 36·k²)",
    "dense_block --set layers=2 --set bottleneck=0": "H·W·(18·C·k + 9·k²)",
}


@pytest.mark.parametrize("model", BLOCKS)
def test_blocks(model: str) -> None:
    assert forms(model)["macs"] == BLOCKS[model]


def test_inception_modules_of_the_lecture() -> None:
    """CS231n 2017 lecture 9: 854 M and 271 M multiply-adds on 28×28×256."""
    values = {"C": 256, "H": 28, "W": 28, "n1": 128, "r3": 64, "n3": 192, "r5": 64, "n5": 96, "p": 64}
    assert formula("inception").total["macs"].subs(values) == 271_351_808
    assert formula("inception --set r3=none --set r5=none --set p=none").total["macs"].subs(values) == 854_196_224


NETWORKS = [
    (
        ("resnet50",),
        "macs",
        "9408·⌈H/2⌉·⌈W/2⌉ + 245760·⌈H/4⌉·⌈W/4⌉ + 1310720·⌈H/8⌉·⌈W/8⌉ + 7471104·⌈H/16⌉·⌈W/16⌉ "
        "+ 14417920·⌈H/32⌉·⌈W/32⌉ + 2048000",
    ),
    (("resnet50", "H=32*h", "W=32*w"), "macs", "83410944·h·w + 2048000"),
    (("resnet50", "width"), "params", "5724·width² + 32977·width + 1000"),
    (("resnet50", "width", "H=32*h", "W=32*w"), "macs", "h·w·(19776·width² + 37632·width) + 32000·width"),
    (("mobilenet_v2", "width"), "params", "2124672·width² + 1379200·width + 1000"),  # widths of 8: exact for whole multipliers
    (("vgg16", "H=224*h", "W=224*w"), "macs", "15346630656·h·w + 123633664"),
    (("googlenet_stem", "size=32*s"), "macs", "9748480·s²"),  # by hand: (4·49·3·64 + 64·64 + 9·64·192)·64·s²
    (("wrn_28_10", "k"), "params", "364288·k² + 4992·k + 474"),
]


@pytest.mark.parametrize(("words", "figure", "text"), NETWORKS)
def test_networks(words: tuple[str, ...], figure: str, text: str) -> None:
    assert forms(*words)[figure] == text


def test_published_totals_at_the_published_point() -> None:
    """torchvision 0.28: ResNet-50 4.09 G and 25,557,032; MobileNetV2 3,504,872. WRN paper: 36.5 M."""
    assert formula("resnet50").total["macs"].subs({"H": 224, "W": 224}) == 4_089_184_256
    assert formula("resnet50", ["width"]).total["params"].subs({"width": 64}) == 25_557_032
    assert formula("mobilenet_v2", ["width"]).total["params"].subs({"width": 1}) == 3_504_872
    assert formula("wrn_28_10", ["k"]).total["params"].subs({"k": 10}) == 36_479_194


# ── equal to the numeric table at every point tried, for every family ────────────────────────────────────────────────


def one_of_each_family() -> list[str]:
    found: dict[Any, str] = {}
    for name in zoo.MODULE_OF:
        found.setdefault(load(name).function, name)
    return list(found.values())


FAMILIES = one_of_each_family()
NO_SIZES = {"alexnet", "vgg11"}  # an adaptive pooling to a fixed size: a greatest common divisor with ⌊H/32⌋
POINTS = 4 if NIGHTLY else 2

# Settings that cannot be symbols: those that decide which layers there are, shares between 0 and 1, and roundings.
REFUSING = {
    "alexnet": "dropout",
    "alexnet_lecture": "dropout",
    "zfnet": "dropout",
    "vgg11": "dropout",
    "vgg16_lecture": "dropout",
    "googlenet": "dropout last_pool",
    "googlenet_bvlc": "dropout",
    "inception_v3": "dropout",
    "inception_v4": "dropout",
    "inception_resnet_v2": "dropout",
    "polynet": "dropout",
    "xception": "depth dropout",
    "conv3x3": "repeat",
    "dense_block": "layers",
    "resnet18": "groups width_per_group",
    "resnet20_cifar": "depth survival",
    "preact_resnet110": "depth",
    "wrn_40_1": "depth dropout",
    "resnext29_8x64d": "depth",
    "senet154": "dropout",
    "resnest14": "radix cardinality base_width width",
    "densenet121": "compression",
    "densenet_40_12": "depth compression dropout",
    "nin_cifar": "dropout",
    "nin_imagenet": "dropout",
    "squeezenet1_0": "share_3x3 dropout",
    "mobilenet_v2": "dropout",
    "mobilenet_v3_large": "width dropout",
    "mobilenetv4_conv_small_035": "dropout",
    "mnasnet0_5": "dropout",
    "mnasnet_a1": "dropout",
    "shufflenet_v1_g1": "groups",
    "ghostnet_050": "width dropout",
    "efficientnet_b0": "depth dropout stochastic_depth",
    "efficientnet_lite0": "depth dropout stochastic_depth",
    "efficientnet_v2_s": "dropout stochastic_depth",
    "regnet_x_400mf": "depth w0 wa wm group_width se_ratio stem",
    "convnext_tiny": "kernel stochastic_depth",
    "hrnet_w18_small": "depth stem_depth",
    "yolov5n": "depth",
    "unet": "depth",
    "s3d": "dropout",
    "fractalnet20": "columns drop_path",
    "vit_b_16": "depth dropout",
    "swin_t": "window dropout stochastic_depth",
    "maxvit_t": "dropout stochastic_depth",
}


@cache
def letters_of(name: str) -> tuple[str, ...]:
    """The settings of a model that can be letters, one at a time."""
    model = load(name)
    found = []
    for setting in filter(lambda name: model.declared[name].number, model.declared):
        try:
            formula(model, [setting])
        except CnncostError:
            continue
        found.append(setting)
    return tuple(found)


@pytest.mark.parametrize("name", FAMILIES)
def test_letters_of_every_family(name: str) -> None:
    model = load(name)
    numbers = [setting for setting, found in model.declared.items() if found.number]
    assert [setting for setting in numbers if setting not in letters_of(name)] == REFUSING.get(name, "").split()
    if name not in NO_SIZES:
        assert formula(model).letters


def numeric(model: Model, values: dict[str, int]) -> dict[str, int] | None:
    case = Instance(model)
    for name, value in values.items():
        case = case.put(name, value)
    try:
        return costs_of(case).total
    except ModelError:
        return None


def check(found: Formula, model: Model, point: dict[str, int], values: dict[str, int]) -> bool:
    """Compare a closed form with the table, where the network exists and the form holds; return whether it did."""
    total = numeric(model, values)
    data = found.to_dict(1)
    if total is None or not all(eval(fact, {}, point) for fact in data["assumes"]):
        return False
    for figure in FIGURES:
        assert eval(data["total"][figure], {}, point) == total[figure]
        assert sum(eval(layer[figure], {}, point) for layer in data["layers"]) == total[figure]
    assert sum(eval(form, {}, point) for form in data["params_by_kind"].values()) == total["params"]
    return True


@pytest.mark.parametrize("name", FAMILIES)
def test_equals_the_table(name: str) -> None:
    model = load(name)
    chance = random.Random(name)
    can = letters_of(name)
    some = tuple(chance.sample(can, min(len(can), 2)))
    checked = 0
    for let in {can[:1], can, some} - {()}:
        for sizes in ((), ("H", "W")):
            if sizes and name in NO_SIZES:
                continue
            try:
                found = formula(model, (*let, *sizes))
            except CnncostError:
                continue  # together they leave open what each alone does not
            assert found.letters
            settings_ = {**model.values, **dict(zip(AXES, model.shape or (), strict=False))}
            for attempt in range(POINTS):
                point = {}
                for letter in found.letters:
                    now = settings_[letter]
                    now = int(now) if isinstance(now, (int, float)) and now >= 1 else 4
                    point[letter] = (
                        now if attempt == 0 else chance.choice((chance.randint(1, 2 * now), now * chance.randint(1, 3)))
                    )
                checked += check(found, model, point, point)
    assert checked, f"no point of {name} was compared"


@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in {"alexnet"}])
def test_equals_the_table_at_multiples_of_the_input(name: str) -> None:
    """With H a multiple of the network's own input there are no floors to speak of, and the form holds there."""
    model = load(name)
    shape = model.shape
    assert shape is not None
    *_, height, width = shape
    found = formula(model, [f"H={height}*h", f"W={width}*w"])
    assert {"h", "w"} <= set(found.letters)
    for h, w in ((1, 1), (1, 2), (3, 2)):
        numbers = {letter: model.values[letter] for letter in found.letters if letter not in "hw"}
        numbers.update({"D": 32} if "D" in numbers else {})  # other than C
        assert check(found, model, {"h": h, "w": w, **numbers}, {"H": h * height, "W": w * width, **numbers})


@examples(40)
@given(st.integers(1, 700), st.integers(1, 700), st.integers(1, 40), st.integers(1, 9))
def test_floors_are_exact(height: int, width: int, channels: int, batch: int) -> None:
    found = formula("resnet18", ["H", "W", "width", "batch"])
    total = formula("resnet18", [f"H={height}", f"W={width}", f"width={channels}", f"batch={batch}"]).total
    point = {"H": height, "W": width, "width": channels, "batch": batch}
    assert {figure: value.subs(point) for figure, value in found.total.items()} == total


def test_what_is_taken_for_granted() -> None:
    found = formula("resnet50", ["stem_width", "width"])
    assert found.conditions() == ["stem_width ≠ 4·width"]
    assert found.conditions(PYTHON) == ["stem_width != 4*width"]
    there = {"stem_width": 64, "width": 16}  # the first block needs no projection
    assert found.total["params"].subs(there) > formula("resnet50", ["stem_width=64", "width=16"]).total["params"]
    assert formula("wrn_28_10", ["k"]).conditions() == ["k ≠ 1"]
    assert formula("resnet50", ["width"]).conditions() == []
    assert formula("vit_b_16", ["width"]).conditions() == ["width is a multiple of 12"]  # heads


# ── what it refuses ──────────────────────────────────────────────────────────────────────────────────────────────────

REFUSALS = {
    ("vgg16",): "vgg16: layer 'avgpool' (adaptive_avg_pool of 512×⌊H/32⌋×⌊W/32⌋): "
    "the greatest common divisor of ⌊H/32⌋ and 7 depends on the symbols\n"
    "there is a closed form for multiples of its own input: --let H=224*h --let W=224*w",
    ("alexnet",): "alexnet: layer 'avgpool' (adaptive_avg_pool of 256×⌊(H + 1)/32⌋ - 1×⌊(W + 1)/32⌋ - 1): "
    "the greatest common divisor of ⌊(H + 1)/32⌋ - 1 and 6 depends on the symbols\n"
    "give the input a size, --size 224, and symbols to settings: hidden, classes, dropout, H, W, C, size, batch",
    ("mobilenet_v3_large", "width"): "mobilenet_v3_large: whether 80·⌊(width + 2)/4⌋ - 2·width > 0 depends on the symbols "
    "(after layer 'features.3.add')\ngive the symbols numbers, or set the setting that asks to a number",
    ("resnet50", "depths.2=n"): "resnet50: n has to be a number here (after layer 'layer2.3.relu_3')\n"
    "depths.2 can decide which layers there are: give it a number, with --set",
    ("resnet20_cifar", "depth"): "resnet20_cifar: whether depth < 8 depends on the symbols (after layer 'input')\n"
    "depth can decide which layers there are: give it a number, with --set",
    ("resnet50", "block"): "resnet50: 'block' is no number, so it cannot be a symbol\nsymbols can stand for width, classes, "
    "groups, width_per_group, reduction, stem_width, H, W, C, size, batch",
    ("resnet50", "widht"): "resnet50 has no setting 'widht'\ndid you mean 'width'?",
    ("resnet50", "depths.4"): "resnet50 has no setting 'depths.4'\ndepths is 3,4,6,3: its entries are 0 to 3",
    ("resnet50", "H=32*"): "--let H=32*: expected a number or a name, got the end\n  32*\n     ^\n"
    "write symbols and whole numbers with + - * // ** ( )",
    ("resnet50", "=3"): "--let '=3' names no symbol\nwrite NAME, or NAME=EXPRESSION as in H=32*h",
    ("bottleneck", "C=-C"): "bottleneck: −4·C is below 1 whatever the symbols are\nsymbols count from 1",
    ("bottleneck", "H=0"): "setting H=0: 0 is below what is possible\ngive 1 to 10^18",
    ("fractalnet20", "columns"): "fractalnet20: whether columns > 16 depends on the symbols (after layer 'input')\n"
    "columns can decide which layers there are: give it a number, with --set",
}


@pytest.mark.parametrize("words", REFUSALS)
def test_refusal(words: tuple[str, ...]) -> None:
    with pytest.raises(CnncostError) as caught:
        formula(words[0], words[1:])
    assert str(caught.value) == REFUSALS[words]


# ── expressions, and the three ways of writing ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "shown", "latex", "python"),
    [
        ("32*h", "32·h", "32 h", "32*h"),
        ("17*C**2*H*W", "17·C²·H·W", "17 C^{2} H W", "17*C**2*H*W"),
        ("(H+1)//2", "⌈H/2⌉", "\\left\\lceil \\frac{H}{2} \\right\\rceil", "((H + 1) // 2)"),
        ("H // (2*C) - 3", "⌊H/(2·C)⌋ − 3", "\\left\\lfloor \\frac{H}{2 C} \\right\\rfloor - 3", "(H // (2*C)) - 3"),
        ("(H//4)**2", "⌊H/4⌋²", "\\left\\lfloor \\frac{H}{4} \\right\\rfloor^{2}", "(H // 4)**2"),
        ("-base_width + 2", "2 − base_width", "2 - \\mathrm{base\\_width}", "2 - base_width"),
        ("-3", "−3", "-3", "-3"),
        ("2 ** 3 * (1 + 1)", "16", "16", "16"),
        ("-C**2", "−C²", "-C^{2}", "-C**2"),
    ],
)
def test_writing(text: str, shown: str, latex: str, python: str) -> None:
    value = expression(text)
    assert (written(value), written(value, LATEX), written(value, PYTHON)) == (shown, latex, python)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a number or a name, got the end\n  \n  ^"),
        ("3h", "cannot read '3h'\n  3h\n  ^^"),
        ("H^2", "cannot read '^2' in an expression\n  H^2\n   ^"),
        ("H/2", "(H)/(2) may be no whole number\n  H/2\n  ^^^"),
        ("(H + 1", "this bracket is never closed\n  (H + 1\n  ^"),
        ("H ** h", "an exponent of h\n  H ** h\n    ^^"),
        ("H ** 65", "an exponent of 65\n  H ** 65\n    ^^"),
        ("lambda + 1", "'lambda' cannot be a symbol\n  lambda + 1\n  ^^^^^^"),
        ("__import__('os')", "unknown function '__import__'\n  __import__('os')\n  ^^^^^^^^^^"),
        ("7 // 0", "a division by zero\n  7 // 0\n    ^^"),
        ("H // 0", "a division by zero\n  H // 0\n    ^^"),
    ],
)
def test_unreadable_expressions(text: str, message: str) -> None:
    with pytest.raises(AlgebraError) as caught:
        expression(text)
    assert caught.value.message == message


NUMBER = st.integers(0, 9).map(str)
EXPRESSION = st.recursive(
    st.sampled_from(["a", "b", "c"]) | NUMBER,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" + ", " - ", " * "]), inner).map("".join).map("({})".format),
        st.tuples(inner, st.integers(2, 9).map(" // {}".format)).map("".join).map("({})".format),
        inner.map("-{}".format),
        st.tuples(inner.map("({})".format), st.integers(0, 3).map("**{}".format)).map("".join),
    ),
    max_leaves=7,
)


@EXACT
@given(EXPRESSION, st.integers(1, 30), st.integers(1, 30), st.integers(1, 30))
def test_what_is_read_and_written_has_pythons_value(text: str, a: int, b: int, c: int) -> None:
    point = {"a": a, "b": b, "c": c}
    exact = eval(text, {}, point)
    value = expression(text)
    assert (value.subs(point) if isinstance(value, Poly) else value) == exact
    for outside in ((), ("a",), ("a", "b")):
        assert eval(written(value, PYTHON, outside), {}, point) == exact


# ── coefficients and roots ───────────────────────────────────────────────────────────────────────────────────────────


@EXACT
@given(st.lists(st.integers(-12, 12), min_size=1, max_size=5), st.integers(1, 9))
def test_roots_of_a_product_of_linear_factors(roots: list[int], scale: int) -> None:
    (x,) = symbols("x")
    product: Any = scale
    for root in roots:
        product = product * (x - root)
    found = positive_roots(coefficients(product, "x") or [])
    assert found == sorted({root for root in roots if root > 0})


@EXACT
@given(st.lists(st.integers(-50, 50), min_size=2, max_size=6))
def test_roots_change_the_sign(polynomial: list[int]) -> None:
    """Every sign change between whole numbers is in a gap that holds a root, and every simple root is near a sign change."""
    roots = positive_roots(polynomial)

    def at(value: Any) -> Any:
        return sum(c * value**power for power, c in enumerate(polynomial))

    for low in range(1, 60):
        if at(low) * at(low + 1) < 0:
            assert any(low < root < low + 1 for root in roots)
        assert (at(low) == 0) == (low in roots) or not any(polynomial)
    assert roots == sorted(set(roots))


C, G, H, c = symbols("C G H c")


def test_coefficients() -> None:
    assert coefficients(9 * G * c**2 + 8 * C * G * c - 17 * C**2, "c") == [-17 * C**2, 8 * C * G, 9 * G]
    assert coefficients(7, "c") == [7]
    assert coefficients(c * ((H + c) // 2), "c") is None
    assert common_factor(8 * C * H + 4 * H**2) == (4, H)
    assert common_factor(6 * ((H + 1) // 2)) == (6, (H + 1) // 2)


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────────────────

Run = Callable[..., str]


@pytest.fixture
def run(cli: Callable[..., Any]) -> Run:
    def call(*words: str) -> str:
        done = cli("formula", *words)
        assert done.code == (2 if done.err else 0)
        return done.out + done.err

    return call


def test_text(run: Run) -> None:
    lines = run("resnext_block").splitlines()
    assert lines[5].split("  ")[-1] == "H·W·(8·C·G·c + 9·G·c²)"
    assert run("bottleneck").splitlines()[5].split() == ["FLOPs", "17·C²·H·W"]
    assert "$17 C^{2} H W$" in run("bottleneck", "--format", "latex")
    assert "of batch\\_norm" in run("bottleneck", "--format", "latex")
    assert run("bottleneck", "--format", "csv").splitlines()[:3] == [
        "figure,formula",
        "params,17*C**2 + 12*C",
        "params.conv,17*C**2",
    ]
    assert "17*C**2*H*W" in run("bottleneck", "--as", "python")
    assert run("bottleneck", "--as", "pyhton") == "error: unknown style 'pyhton'\n  did you mean 'python'?\n"


def test_json(run: Run) -> None:
    data = json.loads(run("bottleneck", "--format", "json"))
    assert data["schema"] == "cnncost.formula/1"
    assert (data["model"], data["symbols"]) == ("bottleneck", ["C", "H", "W"])
    assert data["total"] == {
        "params": "17*C**2 + 12*C",
        "flops": "17*C**2*H*W",
        "macs": "17*C**2*H*W",
        "activation_bytes": "24*C*H*W",
    }
    layers = json.loads(run("resnet50", "--let", "width", "--depth", "1", "--format", "json"))["layers"]
    assert [layer["params"] for layer in layers if layer["name"] == "layer2"] == ["296*width**2 + 112*width"]


def test_options_are_numbers_and_the_rest_stays_letters(run: Run) -> None:
    def letters(*words: str) -> Any:
        return json.loads(run(*words, "--format", "json"))["symbols"]

    assert letters("bottleneck", "--set", "C=64") == ["H", "W"]
    assert letters("bottleneck", "--size", "14") == ["C"]
    assert letters("resnet50", "--size", "160", "--let", "width") == ["width"]
    assert letters("resnet50", "--input", "3,160,160") == []
    assert json.loads(run("bottleneck", "--batch", "8", "--dtype", "float16", "--format", "json"))["total"] == {
        "params": "17*C**2 + 12*C",
        "flops": "136*C**2*H*W",
        "macs": "136*C**2*H*W",
        "activation_bytes": "96*C*H*W",
    }


@pytest.mark.parametrize("words", [["bottleneck", "--let", "H=32*"], ["bottleneck", "--let", "D"], ["vgg16"], ["--help"]])
def test_errors_come_before_numpy(words: list[str]) -> None:
    probe = f"""
import atexit, sys
atexit.register(lambda: print("imported:", *(name for name in ("numpy", "rich", "tabulate") if name in sys.modules)))
sys.argv = ["cnncost", "formula", *{words!r}]
from cnncost.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, encoding="utf-8")
    assert done.stdout.splitlines()[-1] == "imported:"


def test_completion() -> None:
    typed = "cnncost formula resnet50 --let wid"
    env = {**os.environ, "_CNNCOST_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": "4"}
    done = subprocess.run([sys.executable, "-m", "cnncost"], env=env, capture_output=True, text=True, encoding="utf-8")
    assert done.stdout.split() == ["plain,width", "plain,width_per_group"]


def test_natural_letters() -> None:
    assert natural_letters(load("resnext_block")) == ("C", "G", "c", "H", "W")
    assert natural_letters(load("resnet50")) == ("H", "W")
    assert natural_letters(load("conv7x7")) == ("C", "H", "W")


def test_a_function_of_ones_own() -> None:
    def net(x: Any, width: int = 8, kernel: int = 3) -> Any:
        return x.conv(width, kernel, pad="same", bias=False).global_avg_pool().linear(10)

    found = formula(Model("net", net, (3, 32, 32)), ["width", "kernel"])
    assert found.write(found.total["macs"]) == "3072·kernel²·width + 10·width"
    with pytest.raises(UsageError, match="no input size"):
        formula(Model("net", net, None), ["width"])
