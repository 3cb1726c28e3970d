"""Explanations: parts that sum to the difference, published numbers found again, one layer's arithmetic."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from fractions import Fraction
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import command as typed
from support import examples

from cnncost import load, trace
from cnncost.base.errors import UsageError
from cnncost.base.poly import Num
from cnncost.counting import MODULE_OF, convention
from cnncost.counting.counts import Counts
from cnncost.graph.graph import Tensor
from cnncost.measures.report import report
from cnncost.questions.claims import Claim, candidates, claim
from cnncost.questions.explain import coverage, explanation, field_working, parts, steps, working

# ── the parts of a count ─────────────────────────────────────────────────────────────────────────────────────────────


@examples(40)
@given(
    st.sampled_from(["alexnet", "densenet121", "mobilenet_v2", "vit_b_16", "googlenet", "inception_v3"]),
    st.sampled_from(sorted(MODULE_OF)),
    st.sampled_from(sorted(MODULE_OF)),
    st.integers(1, 9),
)
def test_parts_sum_to_the_totals_and_the_difference(model: str, one: str, other: str, batch: int) -> None:
    graph = load(model).trace()
    pair = [convention(one), convention(other)]
    found = parts(Counts(graph), pair, batch)
    totals = [report(graph, each, batch).total["flops"] for each in pair]
    assert [sum(part.counts[i] for part in found) for i in (0, 1)] == totals
    assert sum(part.difference for part in found) == totals[1] - totals[0]
    assert sum(part.layers for part in found) == len(graph.layers)


def test_where_fvcore_and_thop_differ() -> None:
    """The golden totals of both tools differ by 22,230,016; batch norm has 11,113,984 elements, the pooling 2,048 outputs."""
    shown = explanation(load("resnet50").trace(), [convention("fvcore"), convention("thop")]).table()
    assert shown.data is not None
    assert shown.data["difference"] == 4_133_742_592 - 4_111_512_576 == 2 * 11_113_984 + 2_048
    assert shown.notes == (
        "thop counts batch norm 4 per element, fvcore 2: +22.23 M",
        "thop counts global avg pool 50 per output, fvcore 1 per input: +2.05 k",
        "thop − fvcore = +22.23 M",
        "fvcore counts 4.11 G: conv, batch_norm, global_avg_pool, linear; "
        "not counted: relu (9.61 M elements), max_pool (1.81 M taps), add (5.52 M elements)",
        "thop counts 4.13 G: conv, batch_norm, global_avg_pool, linear; "
        "not counted: relu (9.61 M elements), max_pool (1.81 M taps), add (5.52 M elements)",
    )


def test_rates_in_words() -> None:
    def net(x: Tensor) -> Tensor:
        x = x.conv(8, 3).relu().batch_norm(affine=False).max_pool(2)
        return x.conv_transpose(4, 3, 2).lrn().softmax().global_avg_pool()

    def rates(name: str) -> dict[str, str]:
        return {p.key: p.rates[0] for p in parts(Counts(trace(net, (3, 20, 20))), [convention(name)])}

    assert rates("ptflops") == {
        "conv": "1 per multiply-add, and biases",
        "relu": "2 per element",
        "batch_norm": "1 per element",
        "max_pool": "2 per input",
        "conv_transpose": "1 per multiply-add, and biases",
        "lrn": "5 per element",
        "softmax": "1 per element",
        "global_avg_pool": "2 per input",
    }
    assert rates("thop")["conv_transpose"] == "72 per output"  # 8 channels of 3×3 filters
    assert rates("lecture")["relu"] == "nothing"


def test_coverage() -> None:
    def net(x: Tensor) -> Tensor:
        return x.conv(8, 3).relu().dropout().flatten()

    found = coverage(Counts(trace(net, (3, 5, 5))), convention("macs"), batch=2)
    assert (found.counted, found.free) == (("conv",), ("dropout", "flatten"))
    assert found.uncounted == {"relu": (2 * 8 * 9, "elements")}
    vit = coverage(Counts(load("vit_b_16").trace()), convention("torch"))
    assert vit.uncounted["SDPA.attention"] == (12 * 197 * 197 * 2 * 768, "multiply-adds")


def test_several_conventions_stand_one_under_another() -> None:
    shown = explanation(load("resnet18").trace(), [convention(name) for name in ("macs", "torch", "thop")]).table()
    assert [row[:3] for row in shown.rows] == [
        ("macs", 1_814_073_344, 1.0),
        ("torch", 3_628_146_688, 2.0),
        ("thop", 1_824_033_792, 1_824_033_792 / 1_814_073_344),
    ]
    for row in shown.rows:
        assert sum(row[3:]) == row[1]


# ── claims ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "value", "last_digit", "counts"),
    [
        ("3.8G", 3_800_000_000, 10**8, None),
        ("3.8 GFLOPs", 3_800_000_000, 10**8, "flops"),
        ("4.11 gmacs", 4_110_000_000, 10**7, "flops"),
        ("25.6M params", 25_600_000, 10**5, "params"),
        ("138 million", None, None, None),
        ("11.3B", 11_300_000_000, 10**8, None),
        ("4,089,184,256", 4_089_184_256, 1, None),
        ("3800000000", 3_800_000_000, 10**8, None),
        ("0.72G FLOPs", 720_000_000, 10**7, "flops"),
        ("seven", None, None, None),
        ("-3G", None, None, None),
        ("1e9", None, None, None),
        ("0.0G", None, None, None),
    ],
)
def test_claims(text: str, value: int | None, last_digit: int, counts: str | None) -> None:
    if value is None:
        with pytest.raises(UsageError):
            claim(text)
    else:
        said = claim(text)
        assert (said.value, said.last_digit, said.counts) == (value, last_digit, counts)


def printed_as(said: Claim, value: Num) -> str | None:
    """Return how a number is printed as a claim, all of whose digits count."""
    return next((how for low, high, how, _ in islice(said.intervals(), 2) if low <= value <= high), None)


@examples(200)
@given(st.integers(1, 10**12), st.integers(0, 3))
def test_a_number_matches_what_it_is_printed_as(number: int, decimals: int) -> None:
    text = f"{number / 10**9:.{decimals}f}"
    if float(text):
        assert printed_as(claim(f"{text}G"), number) is not None
        cut = str(Fraction(number * 10**decimals // 10**9, 10**decimals).limit_denominator(10**decimals))
        if "/" not in cut and int(cut):
            assert decimals or printed_as(claim(f"{cut}G"), number) is not None
        assert printed_as(claim(f"{text}G"), number + 2 * int(claim(f"{text}G").last_digit)) is None


@pytest.mark.parametrize(
    ("model", "text", "found", "value", "way"),
    [
        # arXiv:1512.03385, table 1: 3.8×10⁹ and 11.3×10⁹ multiply-adds, of the first version
        ("resnet50", "3.8G", "resnet50_v1", 3_857_973_248, "macs"),
        ("resnet152", "11.3G", "resnet152_v1", 11_282_415_616, "macs"),
        # torchvision 0.28's recorded figures, timm's, and fvcore's of the golden table
        ("resnet50", "4.09G", "resnet50", 4_089_184_256, "macs"),
        ("resnet50", "4.11G", "resnet50", 4_111_512_576, "fvcore"),
        ("resnet50", "4.13G", "resnet50", 4_132_436_968, "ptflops"),
        ("resnet50", "8.2G", "resnet50", 8_178_368_512, "torch"),
        ("resnet50", "8.178G", "resnet50", 8_178_368_512, "torch"),
        # arXiv:1611.05431, table 2: 25.0×10⁶ parameters
        ("resnext50_32x4d", "25.0M params", "resnext50_32x4d", 25_028_904, "params"),
        # Keras Applications: 3,538,984 parameters with moving statistics
        ("mobilenet_v2", "3538984 params", "mobilenet_v2", 3_538_984, "params by keras"),
        # with auxiliary heads: torchvision's GoogLeNet has 13,004,888 parameters
        ("googlenet", "13.0M params", "googlenet_aux", 13_004_888, "params"),
        # at another size: 15,346,630,656·(256/224)² of the convolutions, 123,633,664 of the linear layers
        ("vgg16", "20.17G", "vgg16 --size 256", 20_168_212_480, "macs"),
    ],
)
def test_published_numbers_are_found_again(model: str, text: str, found: str, value: int | None, way: str) -> None:
    first = candidates(load(model), claim(text))[0]
    assert first.model == found
    assert value is None or first.value == value
    assert way in first.ways


def test_candidates_give_the_claimed_number_when_asked() -> None:
    said = claim("3.8G")
    for found in candidates(load("resnet50"), said)[:8]:
        way = next((way for way in found.ways if "(" not in way), "")
        if not way:
            continue  # of a part of the network
        name, _, reading = way.removesuffix("÷ 1024³").strip().partition(" ")
        value = report(load(found.model).trace(), name).total["flops"]
        assert value * {"": 1, "× 2": 2, "÷ 2": Fraction(1, 2)}[reading] == found.value
        assert printed_as(said, found.printed) == found.match


def test_what_nothing_gives() -> None:
    assert candidates(load("alexnet"), claim("123.456789G")) == []


# ── one layer ────────────────────────────────────────────────────────────────────────────────────────────────────────


def value(text: str) -> int:
    """What the numbers of a step come to, read as a person would."""
    text = text.replace(",", "").replace("·", "*").replace("−", "-")
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "**" + "".join(str("⁰¹²³⁴⁵⁶⁷⁸⁹".index(c)) for c in m[0]), text)
    while "⌊" in text or "⌈" in text:
        text = re.sub(r"⌊([^⌊⌋⌈⌉]*)/([^⌊⌋⌈⌉/]*)⌋", r"((\1)//(\2))", text)
        text = re.sub(r"⌈([^⌊⌋⌈⌉]*)/([^⌊⌋⌈⌉/]*)⌉", r"(-(-(\1)//(\2)))", text)
    assert re.fullmatch(r"[0-9+*/() -]+", text), text
    return int(eval(text))


@pytest.mark.parametrize(
    "name",
    ["alexnet_lecture", "resnext50_32x4d", "googlenet_bvlc", "swin_v2_t", "efficientnet_b0", "lenet5", "maxvit_t", "vit_b_16"],
)
@pytest.mark.parametrize("by", ["lecture", "ptflops", "calflops"])
def test_the_numbers_put_in_give_the_result(name: str, by: str) -> None:
    graph = load(name).trace()
    seen = set()
    for node in graph.layers:
        if (node.kind, tuple(node.args.items())) in seen:
            continue
        seen.add((node.kind, tuple(node.args.items())))
        for step in steps(graph, node, convention(by), batch=3, dtype="float16"):
            if step.numbers:
                assert value(step.numbers) == step.result, (node.name, step)
    assert len(seen) > 8


def test_steps_are_the_figures_of_the_report() -> None:
    graph = load("resnext50_32x4d").trace()
    whole = report(graph, "fvcore", batch=4, dtype="float16")
    for index in (0, 1, 7, 40, len(graph.layers) - 1):
        found = {s.name: s.result for s in steps(graph, graph.layers[index], convention("fvcore"), 4, "float16")}
        assert found["flops"] == whole.flops[index]
        assert found["memory"] == whole.activation_bytes[index]
        assert found.get("params", 0) == whole.params[index]
        assert found.get("macs", 0) * 4 == whole.macs[index]


def test_the_arithmetic_of_the_lectures_first_layer() -> None:
    """EECS 498-007, lecture 8: 3 × 11 × 11 weights a filter, (227 + 2·2 − 11)/4 + 1 = 56, 64·56·56·4 bytes = 784 KB."""
    shown = working(load("alexnet_lecture").trace(), "conv1", convention("lecture")).table()
    assert tuple(tuple(map(str, row)) for row in shown.rows) == (
        ("H′", "⌊(H - kernel + 2·pad)/stride⌋ + 1", "⌊(227 - 11 + 2·2)/4⌋ + 1", "56"),
        ("W′", "⌊(W - kernel + 2·pad)/stride⌋ + 1", "⌊(227 - 11 + 2·2)/4⌋ + 1", "56"),
        ("output elements", "H′·W′·out", "56·56·64", "200,704"),
        ("parameters", "C·kernel²·out + out", "3·11²·64 + 64", "23,296"),
        ("multiply-adds", "C·H′·W′·kernel²·out", "3·56·56·11²·64", "72,855,552"),
        ("outputs with a bias", "H′·W′·out", "56·56·64", "200,704"),
        ("FLOPs (lecture)", "multiply-adds", "72,855,552", "72,855,552"),
        ("memory (bytes)", "output elements·bytes", "200,704·4", "802,816"),
    )


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────────────────


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cnncost", "explain", *words], capture_output=True, text=True, encoding="utf-8"
    )


def test_json() -> None:
    found: dict[str, Any] = json.loads(command("resnet18", "--conventions", "fvcore,thop", "--format", "json").stdout)
    assert (found["schema"], found["model"]) == ("cnncost.explain.types/1", "resnet18")
    assert found["difference"] == 1_824_033_792 - 1_819_065_856
    assert sum(t["counts"]["thop"] - t["counts"]["fvcore"] for t in found["types"]) == found["difference"]
    layer = json.loads(command("resnet18", "--layer", "fc", "--format", "json").stdout)
    assert {step["figure"]: step["result"] for step in layer["steps"]}["params"] == 513_000
    said = json.loads(command("resnet18", "--claim", "11.7M", "--format", "json").stdout)
    assert said["candidates"][0]["value"] == 11_689_512


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "resnet50 --claim lots",
            "cannot read the claim 'lots'\n  write a number as it was published: 3.8G, 25.6M params, 48.6 MB, 4089184256",
        ),
        ("resnet50 --layer conv", "resnet50 has no layer 'conv'\n  did you mean 'conv1'?"),
        ("resnet50 --conventions fvcor", "unknown convention 'fvcor'\n  did you mean 'fvcore'?"),
        ("resnet50 --claim 3G --layer conv1", "--claim and --layer cannot be combined\n  give one of them"),
        ("resnet50 --conventions ,", "no convention named\n  known: " + ", ".join(MODULE_OF)),
    ],
)
def test_refusals(words: str, message: str) -> None:
    done = command(*words.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {message}\n"


# ── receptive fields, and sheets to fill in ──────────────────────────────────────────────────────────────────────────

# Source: Araujo, Norris and Sim, Distill 2019, and google-research/receptive_field: size, effective stride.
PUBLISHED_FIELDS = {("alexnet", "features.12"): (195, 32), ("vgg16", "features.30"): (212, 32)}


@pytest.mark.parametrize(("network", "layer"), PUBLISHED_FIELDS)
def test_the_field_of_a_layer_by_its_steps(network: str, layer: str) -> None:
    steps = field_working(load(network).trace(), layer).steps
    assert (steps[-1].size[0], steps[-1].effective_stride[0]) == PUBLISHED_FIELDS[network, layer]
    size = 1
    for step in steps:
        before, added = step.numbers[0].split(" + ")
        factor, stride = added.split("·")
        kernel, one = factor.strip("()").split(" - ")
        assert (int(before), int(one)) == (size, 1)
        size += (int(kernel) - 1) * int(stride)
        assert step.size == (size, size)


def test_a_sheet_hides_what_is_asked_for_and_ends_with_its_solution() -> None:
    sheet, _, solution = typed(*["explain", "alexnet_lecture", "--layer", "conv1", "--blank"]).out.partition("Solution\n")
    assert "72,855,552" not in sheet
    assert "makes" not in sheet
    assert "conv(out=64, kernel=11, stride=4, pad=2" in sheet  # what is given
    assert "C·H′·W′·kernel²·out" in sheet
    assert "3·56·56·11²·64" in solution
    sheet, _, solution = typed(*["explain", "alexnet_lecture", "--field", "conv3", "--blank"]).out.partition("Solution\n")
    assert "99" not in sheet
    assert "67 + (3 - 1)·16" in solution
    assert typed("explain", "alexnet", "--blank").code == 2


def test_a_sheet_in_latex_shows_what_is_given() -> None:
    """Comments are not printed: what the exercise is about stands in its caption."""
    found = typed("explain", "alexnet_lecture", "--layer", "conv1", "--blank", "--format", "latex").out
    sheet, _, solution = found.partition(r"\caption{Solution}")
    assert r"\caption{alexnet\_lecture: conv1: conv(out=64, kernel=11, stride=4, pad=2" in sheet
    assert "72,855,552" not in sheet
    assert "72,855,552" in solution


def test_a_scope_is_the_sum_of_its_parts() -> None:
    """conv2_x of ResNet-50 has 215,808 parameters (torchvision's layer1) and the rows of a table add up to what it costs."""
    table = json.loads(typed("table", "resnet50", "--depth", "1", "--format", "json").out)
    (whole,) = (layer for layer in table["layers"] if layer["name"] == "layer1")
    for name, count in (("layer1", 3), ("layer1.0", 11)):
        found = json.loads(typed("explain", "resnet50", "--layer", name, "--format", "json").out)
        assert len(found["parts"]) == count
        for key in ("params", "macs", "flops", "activation_bytes"):
            assert sum(part[key] for part in found["parts"]) == found["total"][key]
            assert name != "layer1" or found["total"][key] == whole[key]
    assert whole["params"] == 215_808
    assert "215,808" in typed("explain", "resnet50", "--layer", "layer1").out
    wrong = typed("explain", "resnet50", "--layer", "layr1")
    assert wrong.code == 2
    assert "did you mean 'layer1'" in wrong.err
    sheet = typed("explain", "resnet50", "--layer", "layer1", "--blank").out
    assert "215,808" not in sheet.partition("Solution")[0]
    assert "215,808" in sheet.partition("Solution")[2]
