"""Specs: the figures they give, what they are equal to, and how they are refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Result, examples, zoo_names

import cnncost
from cnncost import analyze, load, symbols
from cnncost.base.errors import CnncostError, ModelError, UsageError
from cnncost.base.ints import checked
from cnncost.base.poly import Poly
from cnncost.measures.report import Report, report
from cnncost.models import zoo
from cnncost.models.spec import SpecError, expressions, read
from cnncost.models.spec.expressions import Ratio
from cnncost.models.spec.problems import CODES
from cnncost.models.spec.write import write
from cnncost.rules import RULES

ROOT = Path(__file__).parents[3]
SPECS = ROOT / "specs"
INVALID = ROOT / "tests" / "models" / "spec" / "specs_invalid"
HEAD = "cnncost: 1\ninput: [3, 32, 32]\n"


def traced(text: str, **given: Any) -> Any:
    return read("net.yaml", text).model.trace(**given)


def total(text: str, **given: Any) -> dict[str, Any]:
    return report(traced(text, **given)).total


def rows(result: Report) -> list[tuple[Any, ...]]:
    """Return what a table shows of each layer that costs anything, its name left out."""
    columns = zip(result.rows, result.params, result.macs, result.flops, result.activation_bytes, result.charged(), strict=True)
    return [(row.kind, row.output, *map(int, figures)) for row, *figures, charged in columns if charged]


def kinds(text: str, **given: Any) -> str:
    return " ".join(node.kind for node in traced(text, **given).layers)


# ── the shipped specs ────────────────────────────────────────────────────────────────────────────────────────────────

PUBLISHED = {  # parameters: torchvision 0.28, the papers, and the authors' releases
    "alexnet_lecture": 61_100_840,
    "vgg16": 138_357_544,
    "googlenet_bvlc": 6_998_552,
    "resnet50": 25_557_032,
    "resnext50_32x4d": 25_028_904,
    "wrn_28_10": 36_479_194,
    "densenet121": 7_978_856,
    "se_resnet50": 28_088_024,
    "squeezenet1_0": 1_248_424,
    "mobilenet_v2": 3_504_872,
    "fractalnet20": 33_724_618,
    "unet": 7_763_041,  # mateuszbuda/brain-segmentation-pytorch, README
    "ensemble": 25_557_032 + 44_549_160 + 60_192_808,
}
WITHOUT_TWIN = ("unet", "ensemble", "resnext50_slim")  # no model of the zoo has their name


def test_every_spec_is_named_here() -> None:
    assert {path.stem for path in SPECS.glob("*.yaml")} == {*PUBLISHED, "resnext50_slim"}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_of_the_shipped_specs(name: str) -> None:
    assert analyze(str(SPECS / f"{name}.yaml")).total["params"] == PUBLISHED[name]


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name not in WITHOUT_TWIN])
def test_shipped_specs_equal_the_zoo_layer_by_layer(name: str) -> None:
    spec, model = analyze(str(SPECS / f"{name}.yaml")), analyze(name)
    assert spec.total == model.total
    assert Counter(rows(spec)) == Counter(rows(model))
    if name != "wrn_28_10":  # where the projection comes after the convolutions
        assert rows(spec) == rows(model)


@pytest.mark.parametrize(
    ("spec", "of_spec", "model", "of_model"),
    [
        ("resnext50_32x4d", {"groups": 16, "base": 8}, "resnext50_32x4d", {"cardinality": 16, "base_width": 8}),
        ("resnext50_32x4d", {"d3": 23, "classes": 10}, "resnext101_32x4d", {"classes": 10}),
        ("wrn_28_10", {"depth": 40, "k": 4}, "wrn_40_4", {}),
        ("densenet121", {"growth": 48}, "densenet121", {"growth": 48, "stem": 96}),
        ("mobilenet_v2", {"alpha": 0.75}, "mobilenet_v2", {"width": 0.75}),
        ("mobilenet_v2", {"alpha": 1.4}, "mobilenet_v2", {"width": 1.4}),
        ("se_resnet50", {"reduction": 8}, "se_resnet50", {"reduction": 8}),
        ("fractalnet20", {"classes": 100}, "fractalnet20", {"classes": 100}),
    ],
)
def test_settings_of_specs_equal_those_of_the_zoo(
    spec: str, of_spec: dict[str, Any], model: str, of_model: dict[str, Any]
) -> None:
    assert analyze(str(SPECS / f"{spec}.yaml"), **of_spec).total == analyze(model, **of_model).total


def test_the_short_spec_of_a_model() -> None:
    slim = read(str(SPECS / "resnext50_slim.yaml"))
    model = load("resnext50_32x4d", cardinality=16, depths=(3, 4, 5, 3), classes=100)
    assert report(slim.model.trace()).total == report(model.trace((3, 192, 192))).total
    assert [(limit.quantity, limit.value, limit.line) for limit in slim.budget] == [
        ("params", 13_000_000, 11),
        ("flops", 1_700_000_000, 12),
        ("memory", 32 * 2**20, 13),
    ]
    assert all(limit.file == str(SPECS / "resnext50_slim.yaml") and limit.column == 3 for limit in slim.budget)


INCEPTION_3A = """cnncost: 1
name: inception-3a
input: [192, 28, 28]
defaults:
  conv: {pad: same, act: relu}
blocks:
  inception:
    params: {c1, r3, c3, r5, c5, proj}
    layers:
      - concat:
          1x1: [conv: {out: c1, kernel: 1}]
          3x3: [conv: {out: r3, kernel: 1}, conv: {out: c3, kernel: 3}]
          5x5: [conv: {out: r5, kernel: 1}, conv: {out: c5, kernel: 5}]
          pool: [max_pool: {kernel: 3, stride: 1, pad: 1}, conv: {out: proj, kernel: 1}]
layers:
  - inception: {c1: 64, r3: 96, c3: 128, r5: 16, c5: 32, proj: 32}
expect: {params: 163_696, out: [256, 28, 28]}
"""


def test_one_inception_module() -> None:
    """Table 1 of arXiv:1409.4842, row 3a: 163,696 parameters, 256 maps of 28x28."""
    graph = traced(INCEPTION_3A)
    assert graph.output == (256, 28, 28)
    assert sum(node.cost.params for node in graph.layers) == 163_696
    names = [node.name for node in graph.layers]
    assert names[:3] == ["inception.1x1.conv", "inception.1x1.relu", "inception.3x3.conv"]
    assert names[-1] == "inception.concat"


# ── the dialect ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_norm_and_act_are_layers_of_their_own() -> None:
    text = HEAD + "layers: [conv: {out: 8, kernel: 3, norm: batch_norm, act: relu6}, linear]\n"
    assert kinds(HEAD + "layers: [conv: {out: 8, kernel: 3, norm: batch_norm, act: relu6}]\n") == "conv batch_norm relu6"
    with pytest.raises(SpecError):
        traced(text)


@pytest.mark.parametrize(
    ("written", "biases"),
    [
        ("conv: {out: 8, kernel: 1}", 8),
        ("conv: {out: 8, kernel: 1, norm: batch_norm}", 0),
        ("conv: {out: 8, kernel: 1, norm: none}", 8),
        ("conv: {out: 8, kernel: 1, norm: batch_norm, bias: true}", 8),
        ("conv: {out: 8, kernel: 1, bias: false}", 0),
    ],
)
def test_a_norm_takes_the_bias_s_place(written: str, biases: int) -> None:
    node = traced(f"{HEAD}layers: [{written}]\n").layers[0]
    assert node.cost.params == 3 * 8 + biases


def test_defaults_are_overridden_by_the_layer() -> None:
    text = (
        HEAD
        + """
defaults: {conv: {kernel: 3, pad: same, norm: group_norm, act: relu}, group_norm: {groups: 4}}
layers: [conv: 8, conv: {out: 16, norm: none, act: none}]
"""
    )
    graph = traced(text)
    assert [node.kind for node in graph.layers] == ["conv", "group_norm", "relu", "conv"]
    assert graph.layers[1].args["groups"] == 4
    assert graph.output == (16, 32, 32)


def test_repeat_first_and_the_number_of_the_copy() -> None:
    graph = traced(HEAD + "layers: [{conv: {out: 8 * (i + 1), kernel: 3, pad: 1}, repeat: 3, first: {stride: 2}}]\n")
    assert [node.cost.shape for node in graph.layers] == [(8, 16, 16), (16, 16, 16), (24, 16, 16)]
    assert traced(HEAD + "layers: [relu, {relu: , repeat: 0}]\n").layers[-1].name == "relu"


def test_in_is_what_arrives_at_a_layer() -> None:
    text = (
        HEAD
        + """
blocks: {half: {let: {c: in}, layers: [conv: {out: 4 * in, kernel: 1}, conv: {out: c + in // 2, kernel: 1}]}}
layers: [conv: {out: 6, kernel: 1}, half, concat: [identity, [conv: {out: in, kernel: 1}]]]
"""
    )
    assert [node.cost.shape[0] for node in traced(text).layers] == [6, 24, 18, 18, 36]


def test_ids_join_and_start_branches() -> None:
    text = (
        HEAD
        + """
layers:
  down: [{conv: {out: 8, kernel: 3, pad: 1}, id: a}, {max_pool: 2, id: b}]
  up: [upsample, concat: [identity, a, input], {relu: , from: b}]
"""
    )
    graph = traced(text)
    assert [graph.nodes[i].name for i in graph.layers[3].inputs] == ["up.upsample", "down.a", "input"]
    assert graph.layers[4].inputs == (2,)
    assert [graph.nodes[i].kind for i in graph.outputs] == ["relu", "concat"]  # what nothing reads is an output, too


def test_several_tensors_into_one_layer() -> None:
    text = "cnncost: 1\ninput: [64, 4, 4]\nlayers: [{tokens: , id: t}, {linear: 64, id: q}, {attention: 8, from: [q, t, t]}]\n"
    graph = traced(text)
    assert graph.output == (16, 64)
    assert graph.layers[-1].cost.macs == 2 * 16 * 16 * 64


def test_project_is_the_identity_where_that_fits() -> None:
    def block(out: int, stride: int) -> str:
        conv = f"{{out: {out}, kernel: 3, pad: 1, stride: {stride}, norm: batch_norm}}"
        head = "cnncost: 1\ninput: [8, 9, 9]\ndefaults: {conv: {norm: batch_norm}}\n"
        return f"{head}layers: [add: [[conv: {conv}], project]]\n"

    assert kinds(block(8, 1)) == "conv batch_norm add"
    assert kinds(block(16, 1)) == "conv batch_norm conv batch_norm add"
    strided = traced(block(8, 2)).layers[2]
    assert (strided.name, strided.args["kernel"], strided.args["stride"]) == ("project.conv", 1, 2)


def test_runs_and_shared_weights() -> None:
    text = (
        HEAD
        + """
layers:
  - conv: {out: 3, kernel: 3, pad: 1}
    id: once
  - conv: {out: 3, kernel: 3, pad: 1}
    shares: once
    runs: 3/4
  - conv: {out: 3, kernel: 1}
    runs: 0
"""
    )
    result = report(traced(text))
    assert list(result.params) == [84, 0, 12]
    assert result.total["macs"] == 2 * 81 * 1024
    assert result.total["expected_flops"] == 81 * 1024 * Fraction(7, 4)


def test_params_of_every_kind() -> None:
    text = (
        HEAD
        + """
params:
  width: {default: 8, range: [4, 32, 4], help: channels}
  act: {default: relu, choices: [relu, silu]}
  bias: true
  ratio: 0.25
layers: [conv: {out: round(width * (1 + ratio)), kernel: 1, bias: bias, act: act}]
"""
    )
    model = read("net.yaml", text).model
    assert model.values == {"width": 8, "act": "relu", "bias": True, "ratio": 0.25}
    changed = model.set(["width=12", "act=silu", "bias=false", "ratio=0.5"]).trace()
    assert [(node.kind, node.cost.params) for node in changed.layers] == [("conv", 54), ("silu", 0)]
    for wrong in ("act=gelu", "width=wide", "widht=8", "bias=yes"):
        with pytest.raises(UsageError):
            model.set([wrong])
    for out_of_range in (36, 2, 9):
        with pytest.raises(SpecError, match="width"):
            model.trace(width=out_of_range)


def test_params_may_be_columns_and_letters() -> None:
    model = load(str(SPECS / "resnext50_32x4d.yaml"))
    column = model.trace(base=np.arange(1, 65))
    params = sum(node.cost.params for node in column.layers).values
    assert [params[base - 1] for base in (1, 4, 64)] == [analyze(model, base=base).total["params"] for base in (1, 4, 64)]
    (b,) = symbols("b")
    closed = analyze(model, base=b).total["params"]
    assert str(closed) == "88416·b² + 4687232·b + 4865320"
    assert isinstance(closed, Poly)
    assert closed.subs({"b": 4}) == 25_028_904
    height, width = symbols("H W")
    assert str(analyze(model, input=(3, 32 * height, 32 * width)).total["macs"]).endswith("·H·W + 2048000")


def test_candidates_of_a_column_that_a_spec_refuses() -> None:
    text = HEAD + "params: {a: {default: 2, range: [1, 3]}}\nrequire: [a != 2]\nlayers: [conv: {out: 6 / a, kernel: 1}]\n"
    model = read("net.yaml", text).model
    for column, valid in (([1, 3, 4], [True, True, False]), ([1, 2, 3], [True, False, True])):
        with pytest.raises(ModelError) as caught:
            model.trace(a=np.array(column))
        assert list(caught.value.valid) == valid  # type: ignore[call-overload]
    assert traced(text.replace("[a != 2]", "[a > 0]"), a=np.array([1, 2, 3])).output[0].values.tolist() == [6, 3, 2]


def test_expectations_hold_for_the_spec_s_own_settings_only() -> None:
    text = (
        HEAD
        + "params: {width: 8}\nlayers: [conv: {out: width, kernel: 1}]\nexpect: {params: 32, macs: 24.6k, out: [8, 32, 32]}\n"
    )
    assert total(text)["macs"] == 24_576
    assert total(text, width=9)["params"] == 36
    assert total(text, input=(4, 8, 8))["params"] == 40
    with pytest.raises(SpecError, match="params are 32, where 33 are expected: 1 less"):
        total(text.replace("params: 32", "params: 33"))


@pytest.mark.parametrize("words", ["table", "memory", "explain", "compare", "check --max-params 1M", "graph", "snapshot"])
def test_every_command_with_figures_holds_a_spec_to_its_expectations(
    words: str, tmp_path: Path, cli: Callable[..., Result]
) -> None:
    verb, *options = words.split()
    path = tmp_path / "net.yaml"
    path.write_text(HEAD + "layers: [conv: {out: 8, kernel: 1}]\nexpect: {params: 33}\n")
    result = cli(verb, str(path), *options)
    assert result.code == 2
    assert "params are 32, where 33 are expected: 1 less" in result.err


@pytest.mark.parametrize("verb", [cnncost.analyze, cnncost.memory, cnncost.explain, cnncost.draw])
def test_every_verb_with_figures_holds_a_spec_to_its_expectations(verb: Callable[[str], object], tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(HEAD + "layers: [conv: {out: 8, kernel: 1}]\nexpect: {params: 33}\n")
    with pytest.raises(SpecError, match="params are 32, where 33 are expected"):
        verb(str(path))


def test_every_rule_has_a_form_in_specs() -> None:
    """Each rule with all its arguments written out gives what the builder gives."""
    given = {"out": 8, "kernel": 3, "tokens": 5, "features": 4, "parts": 4, "height": 8, "width": 8, "groups": 4}
    given |= {"shape": [3, 4], "to": [64, 64], "order": [1, 2, 0], "axis": 0, "times": [1, 2, 2], "count": 5, "op": "sort"}
    given |= {"equation": "tk,dk->td"}
    starts = {
        "linear": "flatten, ",
        "lstm": "tokens, ",
        "gru": "tokens, ",
        "rnn": "tokens, ",
        "squeeze": "{slice: {stop: 1}}, ",
        "expand": "{reshape: {to: [4096, 1]}}, {slice: {stop: 1}}, ",
        "einsum": "{tokens: , id: a}, ",
        "class_token": "tokens, ",
        "untokens": "tokens, ",
        "matmul": "{tokens: , id: a}, {constant: {tokens: 64, features: 9}, id: b, from: input}, ",
        "attention": "{tokens: , id: a}, ",
        "attention_bias": "{tokens: , id: a}, ",
    }
    pairs = {"matmul": "[a, b]", "attention": "[a, a, a]", "attention_bias": "[a, a]", "einsum": "[a, a]"}
    for kind, rule in RULES.items():
        args = {name: given[name] for name, p in rule.arguments.items() if p.default is p.empty}
        written = json.dumps(args) if args else ""
        layer = f"{kind}: [identity, identity]" if rule.inputs is None and not args else f"{kind}: {written}"
        layer += f", from: {pairs[kind]}" if kind in pairs else ""
        text = f"cnncost: 1\ninput: [64, 8, 8]\nlayers: [{starts.get(kind, '')}{{{layer}}}]\n"
        last = traced(text).layers[-1]
        assert last.kind == kind
        assert {name: last.args[name] for name in args} == {name: checked(value) for name, value in args.items()}


# ── expressions ──────────────────────────────────────────────────────────────────────────────────────────────────────

numbers = st.integers(0, 60).map(str) | st.sampled_from(["0.5", "2.25", "1e2", "1_000", "w", "h"])
terms = st.recursive(
    numbers,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(lambda t: f"{t[0]} {t[1]} {t[2]}")
        | inner.map(lambda t: f"({t})")
        | inner.map(lambda t: f"-{t}")
        | st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})")
    ),
    max_leaves=8,
)


def number(value: Any) -> Fraction:
    return Fraction(value.numerator, value.denominator) if isinstance(value, Ratio) else Fraction(value)


@examples(300)
@given(terms, st.integers(1, 40), st.integers(1, 40))
def test_expressions_are_exact_arithmetic(text: str, w: int, h: int) -> None:
    """Against Python's own evaluation with every number a fraction."""
    import re

    exact = re.sub(r"\d[\d_]*(\.\d+)?(e\d+)?", lambda m: f"F('{m[0].replace('_', '')}')", text)
    names = {"F": Fraction, "w": Fraction(w), "h": Fraction(h), "min": min, "max": max}
    try:
        wanted = Fraction(eval(exact, {"__builtins__": {}}, names))
    except ZeroDivisionError:
        with pytest.raises(expressions.ExpressionError, match="division by zero"):
            expressions.parse(text).value({"w": w, "h": h})
        return
    assert number(expressions.parse(text).value({"w": w, "h": h})) == wanted


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 ** 3 ** 2", 512),
        ("-2 ** 2", -4),
        ("2 ** -1", Fraction(1, 2)),
        ("1 + 2 * 3 - 4 // 3", 6),
        ("round(5 / 2)", 3),
        ("ceil(7 / 3)", 3),
        ("floor(-7 / 3)", -3),
        ("divisible(100 / 3, 8)", 32),
        ("divisible(0.35 * 32)", 16),
        ("7 % 4 == 3", True),
        ("1 / 3 + 1 / 6 < 0.5", False),
        ("1.5e3", 1500),
    ],
)
def test_expressions(text: str, value: Any) -> None:
    found = expressions.parse(text).value({})
    assert (found if isinstance(found, bool) else number(found)) == value


@examples(200)
@given(st.integers(1, 10**6), st.integers(1, 50), st.sampled_from([1, 2, 4, 8, 10]))
def test_rounding_of_ratios_is_that_of_the_zoo(top: int, bottom: int, by: int) -> None:
    from cnncost.models.zoo.blocks import divisible

    assert expressions.parse(f"divisible(a / {bottom}, {by})").value({"a": top}) == divisible(Fraction(top, bottom), by)


@examples(300)
@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    refused = None
    try:
        expression = expressions.parse(text)
        expression.value(dict.fromkeys((name for name, _ in expression.names), 3))
    except expressions.ExpressionError as error:
        refused = error
    assert refused is None or (refused.code in CODES and 0 <= refused.offset <= len(text))


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────

BROKEN = sorted(INVALID.glob("*.yaml"))
OF_LIBYAML = ("syntax", "tab", "control_character")  # what the parser says, in its words


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_invalid_specs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    if path.stem in OF_LIBYAML and not hasattr(yaml, "CBaseLoader"):
        pytest.skip("PyYAML's own parser has other words")
    monkeypatch.chdir(INVALID)
    with pytest.raises(SpecError) as caught:
        analyze(path.name)
    assert caught.value.text() + "\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_every_code_is_met() -> None:
    """Each code that `cnncost errors` explains is what some broken spec gets."""
    met = {
        line[6:10]
        for path in BROKEN
        for line in path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
        if line.startswith("error[")
    }
    assert met == set(CODES)


@pytest.mark.parametrize("code", [code for code in CODES.values() if code.wrong and code.right], ids=lambda code: code.code)
def test_the_codes_own_examples(code: Any) -> None:
    """What a code calls wrong is refused with it, or with no other; what it calls right is not."""
    for snippet, wanted in ((code.wrong, True), (code.right, False)):
        text = snippet if snippet.startswith("cnncost") else wrapped(snippet)
        try:
            traced(text)
            found = set()
        except SpecError as error:
            found = {problem.code for problem in error.problems}
        assert (code.code in found) == wanted, (text, found)


def wrapped(snippet: str) -> str:
    """Put a line of an explanation into a spec."""
    head = "cnncost: 1\ninput: [96, 32, 32]\nparams: {width: 100, groups: 4, base: 2}\n"
    if snippet.startswith("name:"):
        return snippet + "\n" + head
    if snippet.startswith("layer"):
        return f"{head}{snippet.replace('...', 'relu')}\n"
    if snippet.startswith("- "):
        lines = "".join(f"  {line}\n" for line in snippet.split("\n"))
        return f"{head}defaults: {{conv: {{kernel: 3, pad: same}}, max_pool: {{kernel: 2}}}}\nlayers:\n{lines}"
    if snippet.startswith("repeat"):
        return f"{head}layers:\n  - relu:\n    {snippet}\n"
    if snippet.startswith("conv"):
        return f"{head}layers:\n  - {snippet}\n"
    if snippet.startswith("stride"):
        return f"{head}layers:\n  - conv: {{out: 8, kernel: 3, {snippet}}}\n"
    if snippet.startswith("{"):
        return f"{head}layers:\n  - conv: {snippet.replace('}', ', kernel: 3}')}\n"
    return f"{head}layers:\n  - conv: {{out: {snippet.removeprefix('out: ')}, kernel: 1}}\n"


# Files that harm other readers. Each is refused within a second of processor time and 200 MB, or read as text.
HAZARDS = {
    "a billion laughs": "a: &a [l, l]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{f'*{chr(97 + n)}, ' * 10}]\n" for n in range(10)),
    "merge keys": "a: &a {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a, *a]}}\n" for n in range(26)),
    "100,000 brackets": "layers: " + "[" * 100_000,
    "100,000 braces": "layers: " + "{a: " * 100_000,
    "100,000 indentations": "layers:\n" + "".join(" " * n + "-\n" for n in range(1000)),
    "a list in itself": "layers: &x [*x]\n",
    "code": 'layers: !!python/object/apply:os.system ["echo harm"]\n',
    "code in the zoo's place": "model: 'os:system'\n",
    "2 MB": "name: " + "a " * 1_000_000,
    "200,000 values": "layers: [" + "a," * 250_000 + "]",
    "a long value": "name: " + "a" * 100_000,
    "10^9 copies": "input: [3, 8, 8]\nlayers: [{relu: , repeat: 10**9}]\n",
    "10^9 block calls": "input: [3, 8, 8]\nblocks:\n  b0: {layers: [relu]}\n"
    + "".join(f"  b{n}: {{layers: [{', '.join([f'b{n - 1}'] * 10)}]}}\n" for n in range(1, 10))
    + "layers: [b9]\n",
    "wide copies": "input: [3, 8, 8]\nblocks:\n  a: {layers: [" + "relu, " * 10_000 + "]}\nlayers: [{a: , repeat: 9000}]\n",
    "deep blocks": "input: [3, 8, 8]\nblocks:\n  b0: {layers: [relu]}\n"
    + "".join(f"  b{n}: {{layers: [b{n - 1}]}}\n" for n in range(1, 3000))
    + "layers: [b2999]\n",
    "towers of powers": "input: [3, 8, 8]\nlayers: [conv: {out: 9**9**9**9, kernel: 1}]\n",
    "growing numbers": "let: {a: 10**30, b: a * a, c: b * b}\ninput: [3, 8, 8]\nlayers: [relu]\n",
    "deep expressions": "input: [3, 8, 8]\nlayers: [conv: {out: " + "(" * 90 + "1" + ")" * 90 + ", kernel: 1}]\n",
    "growing maps": "input: [3, 8, 8]\nlayers: [{upsample: {scale: 10**30}, repeat: 9000}]\n",
    "windows tap by tap": "input: [3, 8, 8]\nlayers:\n"
    "  - max_pool: {kernel: 1000, stride: 1, pad: 999, count_pad: false}\n    repeat: 9000\n",
    "60,000 slips": "input: [3, 8, 8]\nlayers:\n" + "  - foo\n" * 60_000,
    "50,000 keys of one name": "a: 1\n" * 50_000,
}
GUARD = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (2, 2))  # one second, and what starting takes on a slow machine
resource.setrlimit(resource.RLIMIT_AS, (200 * 10**6,) * 2)
sys.argv = ["cnncost", "table", sys.argv[1]]
from cnncost.__main__ import main
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are those of Linux")
@pytest.mark.parametrize("name", HAZARDS)
def test_hazards(name: str, tmp_path: Path) -> None:
    path = tmp_path / "hazard.yaml"
    path.write_text("cnncost: 1\n" + HAZARDS[name], encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", GUARD, str(path)], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 2, (done.returncode, done.stderr[-500:])
    assert done.stderr.startswith("error[E"), done.stderr[:300]
    assert "memory of this machine" not in done.stderr
    assert len(done.stderr) < 20_000


@pytest.mark.parametrize(
    ("value", "meaning"),
    [("NO", "NO"), ("off", "off"), ("1.10", "1.10"), ("2024-01-01", "2024-01-01"), ("12:30:45", "12:30:45"), ("010", "010")],
)
def test_text_stays_text(value: str, meaning: str) -> None:
    """A spec named 1.10 or NO keeps its name, which YAML 1.1 makes a number, a truth or a date."""
    assert read("net.yaml", f"cnncost: 1\nname: {value}\ninput: [1]\nlayers: [relu]\n").model.name == meaning


def test_numbers() -> None:
    for written, out in (("1e3", 1000), ("1_000", 1000), ("1.5e1", 15), ("'8'", 8), ('"max(8, in)"', 8)):
        assert traced(f"{HEAD}layers: [conv: {{out: {written}, kernel: 1}}]\n").output[0] == out


def test_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pure parser of PyYAML gives the same models and the same problems."""
    import yaml

    monkeypatch.delattr(yaml, "CBaseLoader", raising=False)
    for name in ("resnext50_32x4d", "squeezenet1_0", "resnext50_slim"):
        assert analyze(str(SPECS / f"{name}.yaml")).total["params"] > 0
    monkeypatch.chdir(INVALID)
    for name in ("groups", "duplicate_key", "alias", "depth", "several"):
        with pytest.raises(SpecError) as caught:
            load(f"{name}.yaml").trace()
        assert caught.value.text() + "\n" == (INVALID / f"{name}.txt").read_text(encoding="utf-8")
    for name in OF_LIBYAML:
        with pytest.raises(SpecError, match="E002"):
            load(f"{name}.yaml")


def test_fuzz() -> None:
    """A bounded run of tests/tools/fuzz_spec.py; CNNCOST_FUZZ=100000 is the nightly one."""
    from importlib.util import module_from_spec, spec_from_file_location

    found = spec_from_file_location("fuzz_spec", ROOT / "tests" / "tools" / "fuzz_spec.py")
    assert found is not None
    assert found.loader is not None
    module = module_from_spec(found)
    found.loader.exec_module(module)
    defects = module.run(int(os.environ.get("CNNCOST_FUZZ", "1000")))
    assert not defects, defects[:3]


# ── any model as a spec ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("family", zoo.FAMILIES)
def test_every_model_of_the_zoo_reads_back(family: str) -> None:
    for name in set(zoo.FAMILIES[family].split()) & set(zoo_names()):
        graph = load(name).trace()
        again = read(f"{name}.yaml", write(graph)).model.trace()
        before, after = report(graph), report(again)
        assert after.total == before.total, name
        assert rows(after) == rows(before), name
        assert [again.nodes[i].cost.shape for i in again.outputs] == [graph.nodes[i].cost.shape for i in graph.outputs], name


@pytest.mark.parametrize(
    ("name", "lines", "parts"),
    [
        ("resnet152", 45, ["residual: 256\n      repeat: 36\n      first: {stride: 2}", "- project: {norm: batch_norm}"]),
        ("densenet201", 50, ["denselayer:\n      repeat: 48", "conv: {out: in // 2, kernel: 1, bias: false}"]),
        ("mobilenet_v2", 50, ["groups: in", "residual:\n      repeat: 3"]),
        ("googlenet_bvlc", 60, ["inception: {out: 64, out2: 96"]),
        ("wrn_40_10", 55, ["repeat: 5"]),
        ("vgg16", 40, ["conv: {out: 512, kernel: 3, pad: same, act: relu}\n      repeat: 3"]),
        ("resnet1202_cifar", 60, ["repeat: 199"]),
    ],
)
def test_blocks_and_repeats_are_found_again(name: str, lines: int, parts: list[str]) -> None:
    text = write(load(name).trace())
    assert text.count("\n") <= lines
    for part in parts:
        assert part in text


def joined(x: cnncost.Tensor) -> cnncost.Tensor:
    a = x.conv(8, 3, pad=1, name="a").relu(name="b")
    c = x.conv(8, 1, name="c")
    d = a.add(c, name="d")
    e = d.concat(x, a, name="e")
    return e.mul(e.global_avg_pool(name="f"), name="g").add(d.conv(19, 1, name="h"), name="i")


def test_a_graph_that_is_no_nest_keeps_its_ids() -> None:
    graph = cnncost.trace(joined, (3, 8, 8))
    text = write(graph)
    assert "from:" in text
    again = read("net.yaml", text).model.trace()
    assert report(again).total == report(graph).total
    assert [sorted(n.inputs) for n in again.nodes] == [sorted(n.inputs) for n in graph.nodes]


# ── the command line ─────────────────────────────────────────────────────────────────────────────────────────────────

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)

    def call(*words: str, stdin: str = "") -> tuple[int, str, str]:
        done = cli(*words, stdin=stdin)
        return done.code, done.out, done.err

    return call


def test_specs_stand_where_models_stand(run: Run, tmp_path: Path) -> None:
    spec = str(SPECS / "resnext50_32x4d.yaml")
    by_name = json.loads(run("table", "resnext50_32x4d", "--format", "json")[1])
    assert json.loads(run("table", spec, "--format", "json")[1])["total"] == by_name["total"]
    standard = run("table", "-", "--depth", "1", stdin=Path(spec).read_text(encoding="utf-8"))[1]
    assert [line.split()[0] for line in standard.splitlines()[3:9]] == ["stem", "conv2", "conv3", "conv4", "conv5", "head"]
    compared = json.loads(run("compare", spec, f"{spec} --set base=8", f"{spec} + resnet50", "--format", "json")[1])["models"]
    assert [model["total"]["params"] for model in compared] == [25_028_904, 48_021_800, 50_585_936]
    smaller = run("table", spec, "--size", "64", "--set", "classes=10", "--format", "json")[1]
    assert json.loads(smaller)["input"] == [3, 64, 64]
    spaced = tmp_path / "my net.yaml"
    spaced.write_text(HEAD + "layers: [relu]\n")
    assert run("table", "my net.yaml")[0] == 0
    assert run("table", "none.yaml")[2] == "error[E001]: cannot read the spec: no such file or directory\n --> none.yaml\n"


def test_show(run: Run, tmp_path: Path) -> None:
    code, text, _ = run("show", "resnet50", "--set", "width=32", "--size", "160")
    assert code == 0
    assert run("show", "resnet50", "--set", "width=32", "--size", "160", "-o", "net.yaml")[1] == ""
    assert (tmp_path / "net.yaml").read_text(encoding="utf-8") == text
    assert analyze("net.yaml").total == analyze("resnet50", input=(3, 160, 160), width=32).total
    sum_of_two = run("show", "resnet18 + alexnet")[1]
    assert total(sum_of_two)["params"] == 11_689_512 + 61_100_840


def test_new(run: Run, tmp_path: Path) -> None:
    assert run("new", "net.yaml")[0] == 0
    assert analyze("net.yaml").total["params"] == 272_474  # ResNet-20 with projections
    code, _, error = run("new", "net.yaml")
    assert (code, error) == (2, "error: 'net.yaml' is there already\n  choose another name, or replace it: --force\n")
    assert run("new", "--from", "resnext50_32x4d", "--force", "net.yaml")[0] == 0
    assert analyze("net.yaml").total == analyze("resnext50_32x4d").total
    text = (tmp_path / "net.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=cnncost.schema.json\n")
    assert run("new", "-")[1].startswith("# yaml-language-server")
    assert run("new", "net.txt")[2] == "error: 'net.txt' is no name of a spec\n  name it with the suffix .yaml: net.txt.yaml\n"


def test_schema_and_errors(run: Run) -> None:
    from cnncost.models.spec.schema import schema

    assert json.loads(run("schema")[1]) == schema()
    assert "kernal" in run("errors", "E103")[1]
    assert run("errors", "e103") == run("errors", "E103")
    listed = json.loads(run("errors", "--format", "json")[1])
    assert [error["code"] for error in listed["errors"]] == list(CODES)
    assert run("errors", "E999")[0] == 2


HEAVY = ("numpy", "rich", "tabulate")
PROBE = """
import atexit, sys
atexit.register(lambda: print("imported:", *(name for name in %r if name in sys.modules), file=sys.stderr))
sys.argv = ["cnncost", *%r]
from cnncost.__main__ import main
main()
"""


@pytest.mark.parametrize(
    "words",
    [
        ["table", str(INVALID / "groups.yaml")],
        ["table", str(INVALID / "several.yaml")],
        ["table", str(INVALID / "syntax.yaml")],
        ["compare", str(INVALID / "linear_on_a_map.yaml"), "resnet50"],
        ["show", str(INVALID / "unknown_name.yaml")],
        ["show", "resnext50_32x4d"],
        ["schema"],
    ],
)
def test_errors_and_specs_import_nothing_heavy(words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", PROBE % (HEAVY, words)], capture_output=True, text=True, encoding="utf-8")
    assert done.stderr.splitlines()[-1].split()[1:] == []


def test_the_library_names_the_place() -> None:
    with pytest.raises(CnncostError) as caught:
        load(str(INVALID / "groups.yaml")).trace()
    assert str(caught.value).endswith("groups.yaml:10:15: groups=48 must divide the 100 filters [E212]")


def test_a_spec_s_settings_are_those_of_a_model() -> None:
    model = load(str(SPECS / "wrn_28_10.yaml"))
    assert isinstance(model.values, Mapping)
    assert (model.family, model.values) == ("spec", {"depth": 28, "k": 10, "classes": 10})
    with pytest.raises(UsageError, match="has no setting 'dept'"):
        load(str(SPECS / "wrn_28_10.yaml"), dept=3)
    with pytest.raises(SpecError, match="repeat is 25/6, which is not whole"):
        model.trace(depth=29)
