"""Conventions: the totals that the tools themselves print, for whole networks and for single layers; files of one's own."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import examples

from cnncost import load, symbols, trace
from cnncost.base.errors import UsageError
from cnncost.base.poly import Poly
from cnncost.base.problems import SpecError
from cnncost.counting import CONVENTIONS, FORMS, LETTERS, MODULE_OF, MODULES, convention, module
from cnncost.counting.convention import names
from cnncost.counting.counts import Counts
from cnncost.counting.letters import value as worth
from cnncost.counting.own import formula
from cnncost.graph.graph import Graph, Tensor
from cnncost.measures.report import report, reports
from cnncost.measures.training import training
from cnncost.models.zoo import FAMILIES, models
from cnncost.rules import RULES, elements

DATA = Path(__file__).parents[1] / "data"


def table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


# ── whole networks ───────────────────────────────────────────────────────────────────────────────────────────────────

TOTALS = table("golden_totals.csv")


@pytest.mark.parametrize("row", TOTALS, ids=[row["model"] for row in TOTALS])
def test_totals_are_those_that_the_tools_print(row: dict[str, str]) -> None:
    graph = load(row["model"]).trace()
    tools = [name for name in row if name in MODULE_OF]
    found = {r.convention.name: r.total["flops"] for r in reports(graph, tools)}
    assert found == {name: int(row[name]) for name in tools}
    assert report(graph, "torch").total["flops"] == 2 * int(row["macs"])
    assert report(graph, "calflops_macs").total["flops"] == report(graph, "nni").total["flops"] == int(row["macs"])
    assert report(graph, "fvcore", dtype="int8").total["activation_bytes"] == int(row["fvcore activations"])
    assert report(graph).total["params"] == int(row["params"])


# ── single layers ────────────────────────────────────────────────────────────────────────────────────────────────────

MAP, TOKENS = (8, 6, 10), (48, 10)
Function = Callable[[Tensor], Tensor]


def product(x: Tensor) -> Tensor:
    """48×10 by 10×6."""
    return x.matmul(x.constant(10, 6))


def attention(x: Tensor) -> Tensor:
    """8 heads of 6 tokens with 10 features each attend to themselves."""
    return x.attention(x, x, 8)


def multihead(x: Tensor) -> Tensor:
    """4 heads over 5 tokens of 16 features: projections to queries, keys and values, attention, one more projection."""
    projected = x.linear(48)
    q, k, v = (projected.split(3, part) for part in range(3))
    return q.attention(k, v, 4).linear(16)


# Each row of the table as a layer here: the input, and the layer.
MICRO: dict[str, tuple[tuple[int, ...], Function, str]] = {
    "conv 3x3 8->4 pad 1": (MAP, lambda x: x.conv(4, 3, pad=1, bias=False), ""),
    "same + bias": (MAP, lambda x: x.conv(4, 3, pad=1), ""),
    "same, batch 2": (MAP, lambda x: x.conv(4, 3, pad=1), ""),
    "conv 3x3 8->8 g=4 + bias": (MAP, lambda x: x.conv(8, 3, pad=1, groups=4), ""),
    "conv 3x3 8->4 stride 2 dilation 2 no pad": (MAP, lambda x: x.conv(4, 3, 2, dilation=2, bias=False), ""),
    "transposed 3x3 8->4 s2 + bias (out 13x21)": (MAP, lambda x: x.conv_transpose(4, 3, 2), ""),
    "transposed 8->8 g=4 + bias": (MAP, lambda x: x.conv_transpose(8, 3, 2, groups=4), ""),
    "transposed depthwise": (MAP, lambda x: x.conv_transpose(8, 3, 2, groups=8, bias=False), ""),
    "linear 10->7 on 1x10": ((10,), lambda x: x.linear(7), ""),
    "linear 10->7 on 1x8x6x10": (TOKENS, lambda x: x.linear(7), ""),
    "BatchNorm": (MAP, lambda x: x.batch_norm(), ""),
    "BatchNorm no affine": (MAP, lambda x: x.batch_norm(affine=False), ""),
    "LayerNorm": (TOKENS, lambda x: x.layer_norm(), ""),
    "GroupNorm": (MAP, lambda x: x.group_norm(4), ""),
    "InstanceNorm no affine": (MAP, lambda x: x.instance_norm(), ""),
    "LRN n=5": (MAP, lambda x: x.lrn(5), ""),
    "ReLU module": (MAP, lambda x: x.relu(), ""),
    "ReLU6": (MAP, lambda x: x.relu6(), ""),
    "LeakyReLU": (MAP, lambda x: x.leaky_relu(), ""),
    "PReLU": (MAP, lambda x: x.prelu(shared=True), ""),
    "GELU": (MAP, lambda x: x.gelu(), ""),
    "SiLU": (MAP, lambda x: x.silu(), ""),
    "Hardswish": (MAP, lambda x: x.hardswish(), ""),
    "Sigmoid": (MAP, lambda x: x.sigmoid(), ""),
    "Softmax dim 1": (MAP, lambda x: x.softmax(), ""),
    "MaxPool 2": (MAP, lambda x: x.max_pool(2), ""),
    "MaxPool 3 s2 p1": (MAP, lambda x: x.max_pool(3, 2, 1), ""),
    "AvgPool 2": (MAP, lambda x: x.avg_pool(2), ""),
    "AvgPool 3 s2 p1": (MAP, lambda x: x.avg_pool(3, 2, 1), ""),
    "AdaptiveAvgPool 1": (MAP, lambda x: x.adaptive_avg_pool(1), ""),
    "AdaptiveAvgPool 2x3": (MAP, lambda x: x.adaptive_avg_pool((2, 3)), ""),
    "AdaptiveMaxPool 1": (MAP, lambda x: x.adaptive_max_pool(1), ""),
    "Upsample nearest x2": (MAP, lambda x: x.upsample(2), ""),
    "Upsample bilinear x2": (MAP, lambda x: x.upsample(2, mode="bilinear"), ""),
    "Upsample bicubic x2": (MAP, lambda x: x.upsample(2, mode="bicubic"), ""),
    "x + x": (MAP, lambda x: x.add(x), ""),
    "torch.add": (MAP, lambda x: x.add(x), "F"),
    "x * x": (MAP, lambda x: x.mul(x), ""),
    "torch.mul": (MAP, lambda x: x.mul(x), "F"),
    "F.relu": (MAP, lambda x: x.relu(), "F"),
    "F.adaptive_avg_pool2d 1": (MAP, lambda x: x.adaptive_avg_pool(1), "F"),
    "F.avg_pool2d 2": (MAP, lambda x: x.avg_pool(2), "F"),
    "F.max_pool2d 2": (MAP, lambda x: x.max_pool(2), "F"),
    "F.softmax": (MAP, lambda x: x.softmax(), "F"),
    "torch.matmul": (TOKENS, product, "F"),
    "a @ b": (TOKENS, product, ""),
    "F.scaled_dot_product_attention": ((6, 80), attention, "F"),
    "MultiheadAttention 16 dims 4 heads length 5": ((5, 16), multihead, "MHA"),
    "mean over H,W": (MAP, lambda x: x.global_avg_pool(), "mean"),
}
ROWS = {row.pop("op"): row for row in table("golden_micro.csv")}


def test_every_row_has_its_layer() -> None:
    assert ROWS.keys() == MICRO.keys()


def traced(shape: tuple[int, ...], function: Function, form: str) -> Graph:
    return replace(trace(function, shape), spelling={"*": form} if form else {})


# `macs` are all multiply-adds; torchvision's recorded ones are read off PyTorch's counter, which sees no attention on a CPU.
ROWS["F.scaled_dot_product_attention"]["macs"] = "5760"
ROWS["MultiheadAttention 16 dims 4 heads length 5"]["macs"] = "5920"


@pytest.mark.parametrize("op", [op for op in ROWS if op in MICRO])
def test_single_layers_cost_what_the_tools_say(op: str) -> None:
    stated = {name: int(number) for name, number in ROWS[op].items() if number}  # empty: the tool fails
    found = reports(traced(*MICRO[op]), list(stated), batch=2 if "batch 2" in op else 1)
    assert {r.convention.name: r.total["flops"] for r in found} == stated


# ── the other figures that tools print ───────────────────────────────────────────────────────────────────────────────

NETSCOPE = ("netscope", "netscope_comp", "netscope_add", "netscope_div", "netscope_exp")


@pytest.mark.parametrize(
    ("name", "settings", "classes", "params", "activations"),
    [  # Netscope's presets: macc, comp, add, div, exp; a Caffe network ends in softmax, and its input counts as activation
        (
            "resnet50_v1",
            {"stem_bias": True, "pool": "ceil"},
            [3_868_560_384, 10_888_192, 16_207_848, 10_588_136, 1_000],
            25_557_096,
            46_717_904,
        ),
        ("squeezenet1_0_caffe", {}, [861_339_936, 9_665_768, 226_000, 1_000, 1_000], 1_248_424, 12_576_283),
        # its analyzer at 8ae36d8, run in November 2026 on its presets resnet-152 and squeezenet_v11 (with a softmax)
        (
            "resnet152_v1",
            {"pool": "ceil"},
            [11_304_442_880, 22_328_320, 35_274_728, 22_028_264, 1_000],
            60_192_808,
            100_105_168,
        ),
        ("squeezenet1_1_caffe", {}, [387_747_520, 6_024_544, 197_000, 1_000, 1_000], 1_235_496, 7_689_835),
    ],
)
def test_netscope(name: str, settings: dict[str, Any], classes: list[int], params: int, activations: int) -> None:
    model = load(name, **settings)
    graph = trace(lambda x: model.function(x, **model.settings).softmax(), model.shape)  # type: ignore[arg-type, union-attr]
    found = reports(graph, NETSCOPE, dtype="int8")
    assert [r.total["flops"] for r in found] == classes
    assert {r.total["params"] for r in found} == {params}
    assert found[0].total["activation_bytes"] + elements(graph.input) == activations
    beside = ", ".join(f"{other} {total:,}" for other, total in zip(NETSCOPE[1:], classes[1:], strict=True))
    assert f"beside it: {beside}" in found[0].table().notes


@pytest.mark.parametrize(
    ("name", "flops"),
    [  # by convnet-burden's own rules
        ("squeezenet1_0", 836_557_024),
        ("vgg16", 15_523_175_400 + 25_088),  # and the adaptive pooling that torchvision has and Caffe has not
        ("resnet18", 1_820_321_256 + 752_640),  # and the additions
    ],
)
def test_convnet_burden(name: str, flops: int) -> None:
    assert report(load(name).trace(), "convnet_burden").total["flops"] == flops


@pytest.mark.parametrize(
    ("name", "size"),
    [  # torchinfo 1.8.0's "forward/backward pass size" in bytes
        ("alexnet", 3_953_472),
        ("vgg16", 108_453_696),
        ("resnet18", 39_747_392),
        ("resnet50", 177_831_744),
        ("densenet121", 180_541_248),
        ("squeezenet1_0", 34_769_984),
        ("mobilenet_v2", 106_857_792),
    ],
)
def test_torchinfo_memory(name: str, size: int) -> None:
    assert report(load(name).trace(), "torchinfo").total["activation_bytes"] == size


def test_pycls_and_keras() -> None:
    assert report(load("resnet50").trace(), "pycls", dtype="int8").total["activation_bytes"] == 11_315_688  # its R-50's acts
    # Keras 3, keras.applications' summary(): total params, 83,648 and 34,112 of them moving statistics.
    assert report(load("densenet121").trace(), "keras").total["params"] == 8_062_504
    assert report(load("mobilenet_v2").trace(), "keras").total["params"] == 3_538_984


# Forward and backward, batch 2, by FlopCounterMode of torch 2.13.0; the last two with its slip on grouped convolutions.
STEPS = {
    "alexnet": 8_289_154_560,
    "vgg16": 185_296_355_328,
    "resnet18": 21_296_824_320,
    "resnet50": 48_598_155_264,
    "densenet121": 33_537_884_160,
    "resnext50_32x4d": 78_963_867_648,
    "mobilenet_v2": 24_559_401_984,
}


@pytest.mark.parametrize("name", STEPS)
def test_training_step(name: str) -> None:
    counts = Counts(load(name).trace())
    assert training(counts, convention("torch"), batch=2).total.sum() == STEPS[name]
    if name in ("resnext50_32x4d", "mobilenet_v2"):  # what it would be without: three times forward but for the first layer
        layers = training(counts, convention("macs"))
        first = next(macs for macs in counts.columns["macs"] if macs)
        assert layers.total.sum() == 3 * counts.columns["macs"].sum() - first
        assert STEPS[name] > 4 * layers.total.sum()


def test_fixed_numbers_need_no_gradient() -> None:
    """Swin V2-T at 64, batch 1, by FlopCounterMode of torch 2.13.0: what its network of offsets reads is not learned."""
    counts = Counts(load("swin_v2_t").trace((3, 64, 64)))
    assert training(counts, convention("torch")).total.sum() == 5_202_413_568


def test_training_columns() -> None:
    table = report(load("resnext50_32x4d").trace(), "torch", batch=2).table(columns="name,training_step")
    assert table.total is not None
    assert table.total[-1] == STEPS["resnext50_32x4d"] == sum(table.total[1:-1])
    assert "note: torch's counter multiplies the weight gradient of a grouped convolution by its groups" in table.notes


def test_only_layers_above_something_learned_need_a_gradient_of_their_input() -> None:
    def net(x: Tensor) -> Tensor:
        y = x.relu().conv(4, 1, name="first")
        z = x.avg_pool(1).conv(4, 1, name="also_first")
        return (y + z).conv(4, 1, name="second").conv(4, 1, name="third", shared="second")

    step = training(Counts(trace(net, (4, 3, 3))), convention("macs"))
    names = [node.name for node in trace(net, (4, 3, 3)).layers]
    macs = 4 * 4 * 9
    assert {name: value for name, value in zip(names, step.input_gradient, strict=True) if value} == dict.fromkeys(
        ("second", "third"), macs
    )
    assert {name: value for name, value in zip(names, step.weight_gradient, strict=True) if value} == dict.fromkeys(
        ("first", "also_first", "second", "third"), macs
    )


def test_a_product_of_two_inputs_has_two_gradients() -> None:
    graph = trace(lambda x: x.linear(4).attention(x.linear(4), x.linear(4), 2, name="attention"), (5, 4))
    step = training(Counts(graph), convention("macs"))
    assert step.input_gradient[-1] == 2 * step.forward[-1] == 2 * 5 * 5 * 8
    assert step.weight_gradient[-1] == 0


# ── what conventions are ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_table_of_contents_is_what_the_modules_define() -> None:
    assert {name: " ".join(module(name)) for name in MODULES} == MODULES
    for each in CONVENTIONS.values():
        assert each.source
        assert set(each.beside) <= MODULE_OF.keys() - {each.name}
        for formulas in (each.flops, each.memory, each.params, each.input_gradient, each.weight_gradient):
            for key, charge in formulas.items():
                assert names(key)[-1] in RULES, key
                assert isinstance(charge, int) or set(charge.letters()) <= LETTERS.keys()
        assert {names(kind)[-1] for slip in each.slips for kind in slip.kinds} <= RULES.keys()


def test_spellings_in_the_zoo_name_layers_of_their_families() -> None:
    spelled = [model for file in FAMILIES for model in models(file).values() if model.spelling]
    assert len(spelled) > 10
    for model in spelled:
        family = [other for other in spelled if other.family == model.family]  # Swin's two editions attend in two ways
        names = [node.name for other in (model, family[0], family[-1]) for node in other.trace().layers]
        for pattern, form in model.spelling.items():
            assert form in FORMS
            if "aux" not in pattern.lower():
                assert any(fnmatchcase(name, pattern) for name in names), (model.name, pattern)


def test_a_functional_layer_is_charged_as_such_in_an_ensemble_too() -> None:
    one, two = (report(load(name).trace(), "ptflops").total["flops"] for name in ("densenet121", "resnet18"))
    assert report(load("densenet121 + resnet18").trace(), "ptflops").total["flops"] == one + two


@pytest.mark.parametrize("of", ["fvcore", "ptflops"])
def test_what_a_tool_divides_by_the_batch(of: str) -> None:
    graph = load("resnet18").trace()
    one = report(graph, of).total["flops"]
    assert report(graph, of, batch=8).total["flops"] == one * (1 if of == "ptflops" else 8)


def test_slips_are_named_where_they_count() -> None:
    def net(x: Tensor) -> Tensor:
        return x.conv_transpose(4, 3, 2)

    notes = report(trace(net, (8, 6, 10)), "thop").table().notes
    assert "note: thop counts a transposed convolution per output position, about stride² too many" in notes
    assert not any(note.startswith("note:") for note in report(load("resnet18").trace(), "thop").table().notes)


def test_letters() -> None:
    """A convention is substitution: priced on letters, then given numbers, is priced on the numbers."""
    channels, height, width = symbols("C H W")

    def net(x: Tensor) -> Tensor:
        return x.batch_norm().relu().conv(8, 3, pad=1).adaptive_avg_pool(1).prelu().softmax()

    for each in CONVENTIONS.values():
        total = report(trace(net, (channels, height, width)), each).total["flops"]
        number = total.subs({"C": 4, "H": 6, "W": 10}) if isinstance(total, Poly) else total
        assert number == report(trace(net, (4, 6, 10)), each).total["flops"], each.name


# ── one's own ────────────────────────────────────────────────────────────────────────────────────────────────────────

OWN = """
like: fvcore
states: fvcore, with ReLU and additions
flops:
  relu: writes
  add: writes
  conv: 2*macs + bias
  upsample: 3
"""


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(OWN, encoding="utf-8")
    found, base = convention(str(path)), convention("fvcore")
    assert (found.name, found.states, found.source) == ("mine", "fvcore, with ReLU and additions", str(path))
    assert str(found.flops["conv"]) == "bias + 2·macs"
    assert found.formula("flops", "upsample.nearest") == found.formula("flops", "F.upsample.bilinear") == 3
    assert found.formula("flops", "batch_norm") == base.formula("flops", "batch_norm")
    assert found.memory == base.memory
    graph = load("resnet50").trace()
    # conv M, batch norm elements, ReLU elements and additions of the golden table; ReLU and additions 1, batch norm 2.
    expected = 2 * 4_087_136_256 + 2 * 11_113_984 + 9_608_704 + 5_519_360 + 100_352 + 2_048_000
    assert report(graph, str(path)).total["flops"] == expected


@examples(100)
@given(
    st.recursive(
        st.sampled_from(["macs", "writes", "Ci", "kh", "7", "0"]),
        lambda parts: st.builds("({} {} {})".format, parts, st.sampled_from("+-*"), parts),
        max_leaves=8,
    )
)
def test_a_formula_reads_as_python_reads_it(text: str) -> None:
    values = {"macs": 11, "writes": 5, "Ci": 3, "kh": 2}
    read = formula(text)
    assert (read.subs(values) if isinstance(read, Poly) else read) == eval(text, {}, values)


HINT = "formulas are made of whole numbers, names, + - * // ** and brackets, as in 2*macs + bias"
BEGIN = (
    "write a mapping with some of: name, like, states, source, flops, memory, params, input_gradient, weight_gradient, "
    "per_example"
)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "the file is empty [E006]", BEGIN),
        ("[1, 2]", "1:1: it states no convention [E104]", BEGIN),
        ("flop: {conv: macs}", "1:1: unknown key 'flop' [E101]", "did you mean 'flops'?"),
        ("flops: macs", "1:8: flops is no mapping [E107]", "write a mapping from layer types to formulas, as in {conv: macs}"),
        ("flops: {konv: macs}", "1:9: flops: unknown layer type 'konv' [E102]", "did you mean 'conv'?"),
        ("flops: {conv: 2*mac}", "1:17: unknown name 'mac' [E111]", "did you mean 'macs'?"),
        ("flops: {conv: 2*}", "1:17: expected a number or a name, got the end [E110]", HINT),
        ("flops: {conv: macs / 2}", "1:15: (macs)/(2) may be no whole number [E112]", "write // to round down"),
        (
            "flops: {conv: macs ** macs}",
            "1:20: an exponent of macs [E113]",
            "an exponent is a whole number up to 64",
        ),
        (
            "flops: {conv: __import__('os')}",
            "1:15: unknown function '__import__' [E111]",
            "there are no functions here",
        ),
        ("flops: {conv: macs // 0}", "1:20: a division by zero [E113]", HINT),
        ("flops: {conv: -3}", "1:15: it counts -3: no layer costs less than nothing [E113]", HINT),
        ("flops: {conv: 1.5}", "1:15: 1.5 is no whole number [E112]", "write // to round down"),
        ("flops: {conv: 2024-01-01, relu: [1]}", "1:20: '01' has a leading zero [E114]", "write 1"),
        ("like: fvcor", "1:7: unknown convention 'fvcor' [E107]", "did you mean 'fvcore'?"),
        ("like: mine.yaml", "1:7: like: 'mine.yaml' is a file [E107]", "name one of the conventions that cnncost has"),
        ("per_example: 3", "1:14: per_example is neither true nor false [E107]", "write true or false"),
        ("name: [a]", "1:7: name is no text of one line [E107]", "write name: and a few words"),
        (
            "flops: {relu: 1}\nflops: {add: 1}",
            "2:1: the key 'flops' is there already, in line 1 [E005]",
            "leave out one of the two",
        ),
        ("a: &a [x]\nflops: *a", "1:4: an anchor, &a [E003]", "write it out"),
        (
            "flops: {conv: [macs",
            "1:15: this is not valid YAML: did not find expected ',' or ']' while parsing a flow sequence [E002]",
            "see: cnncost errors E002",
        ),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str, message: str, hint: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        convention(str(path))
    assert caught.value.message.removeprefix(f"{path}").lstrip(":").strip() == message
    assert caught.value.hint == hint


def test_a_file_that_refers_to_itself_many_times_over_is_refused_at_once(tmp_path: Path) -> None:
    """Nine levels of aliases, nine times each, are 387 bytes that once took 108 seconds and printed 358 MB."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join([*lines, "flops: *a8"]), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        convention(str(path))
    assert len(str(caught.value)) < 500


def test_every_place_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("like: fvcore\nflops:\n  relu: write\n  add: 'writes +'\n", encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        convention(str(path))
    first, second = caught.value.text().replace(str(path), "mine.yaml").split("\n\n")
    assert first.split("\n") == [
        "error[E111]: unknown name 'write'",
        " --> mine.yaml:3:9",
        "  |",
        "3 |   relu: write",
        "  |         ^^^^^",
        "  = did you mean 'writes'?",
    ]
    assert second.split("\n")[1:5] == [" --> mine.yaml:4:17", "  |", "4 |   add: 'writes +'", "  |                 ^"]


def test_formulas_are_typed_as_they_are_printed() -> None:
    for each in CONVENTIONS.values():
        for value in each.flops.values():
            assert formula(str(value)) == value


def test_no_layer_costs_less_than_nothing(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("flops: {conv: macs, relu: writes - 9000000}", encoding="utf-8")
    with pytest.raises(UsageError, match=r"mine counts -8,197,184 flops at 'relu' \(relu\): no layer costs less than nothing"):
        report(load("resnet18").trace(), str(path)).total  # noqa: B018  # 64·112·112 − 9,000,000
    path.write_text("flops: {conv: macs // bias}", encoding="utf-8")
    with pytest.raises(UsageError, match=r"the formula of conv divides by 0 at 'conv1': ⌊macs/bias⌋"):
        report(load("resnet18").trace(), str(path)).total  # noqa: B018


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(UsageError) as caught:
        convention("nowhere.yaml")
    assert caught.value.message == "cannot read the convention 'nowhere.yaml': no such file or directory"


@pytest.mark.parametrize("name", ["swin_t", "densenet121", "inception_v3_aux", "lenet5"])
def test_one_layers_count_is_its_entry_of_the_columns(name: str) -> None:
    graph = load(name).trace()
    counts = Counts(graph)
    for key, where in counts.groups.items():
        for letter in sorted(LETTERS.keys() - {"untransposed"}):
            column = counts.part(key, letter).values.tolist()
            assert column == [worth(letter, graph.layers[index], graph.nodes) for index in where], (key, letter)
