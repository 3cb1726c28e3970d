"""Budgets: quantities, limits, configuration, verdicts, and what `cnncost check` prints for people and for machines."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import command, examples

import cnncost
from cnncost.base import limits
from cnncost.base.errors import UsageError
from cnncost.base.limits import QUANTITIES, Limit, limit
from cnncost.base.site import page
from cnncost.base.units import amounts, parse_quantity
from cnncost.questions.check import config
from cnncost.questions.check.budget import Verdict, verdicts
from cnncost.questions.check.history import Missing
from cnncost.testing import assert_budget

PROPERTY = examples(200)

RESNET50 = 25_557_032  # parameters, torchvision 0.28.0
RESNEXT50 = 25_028_904
RESNEXT50_FLOPS = 4_230_479_872 + 1_806_336 + 100_352  # torchvision's multiply-adds and the taps of the two pools

SPEC = """\
cnncost: 1
input: [3, 8, 8]
layers:
  - conv: {out: 4, kernel: 3}
  - global_avg_pool
  - linear: 10
budget:
  params: 162
  flops: {max: 4K, warn: 3K, message: the chip has no more}
"""
SPEC_PARAMS = 4 * 3 * 9 + 4 + 4 * 10 + 10
SPEC_FLOPS = 4 * 3 * 9 * 36 + 4 * 36 + 40  # the convolution on 6×6, the pool's taps, the linear layer


Run = Callable[..., Any]


@pytest.fixture
def run(cli: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The command line, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return cli


# ── quantities ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("4.5G", "count", 4_500_000_000),
        ("26M", "count", 26_000_000),
        (" 26 m ", "count", 26_000_000),
        ("25_557_032", "count", RESNET50),
        ("25,557,032", "count", RESNET50),
        ("4.1e9", "count", 4_100_000_000),
        (".5k", "count", 500),
        ("4.0", "count", 4),
        ("20KB", "bytes", 20 * 1024),  # 1 KB = 1024 bytes, as in the lecture's table
        ("40 MiB", "bytes", 40 * 1024**2),
        ("40mb", "bytes", 40 * 1024**2),
        ("1.5 GB", "bytes", 3 * 2**29),
        ("17 B", "bytes", 17),
        ("17", "bytes", 17),
    ],
)
def test_quantities_as_people_write_them(text: str, unit: Any, number: int) -> None:
    assert parse_quantity(text, unit) == number


@pytest.mark.parametrize(
    "text", ["", "M", "26X", "26MB", "-1", "1,23", "2.5.1", "1e", "0x10", "1/2", "٣", "2²", "nan", "9" * 60]
)
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(UsageError, match=r"is no number\nwrite it as 26M, 4\.5G or 25_557_032"):
        parse_quantity(text, "count")


@PROPERTY
@given(st.integers(0, 10**24), st.sampled_from("kMGTP"))
def test_a_quantity_is_read_back_exactly(number: int, suffix: str) -> None:
    size = 1000 ** ("kMGTP".index(suffix) + 1)
    digits = f"{number:0{len(str(size))}d}"
    text = f"{digits[: -len(str(size)) + 1]}.{digits[-len(str(size)) + 1 :]}{suffix}"
    assert parse_quantity(text, "count") == number
    assert parse_quantity(f"{number:,}", "count") == number == parse_quantity(f"{number:_}", "bytes")


@PROPERTY
@given(st.integers(0, 10**13), st.integers(-(10**7), 10**7), st.sampled_from(["count", "bytes"]))
def test_no_rounding_hides_a_difference(value: int, step: int, unit: Any) -> None:
    """Read back what is shown: the order of two figures is that of their values."""
    other = max(0, value + step)
    shown = [cell.text.replace(",", "") for cell in amounts([value, other], unit)]
    a, b = (Fraction(text.split()[0]) for text in shown)
    assert (a > b, a == b) == (value > other, value == other)
    assert len({text.partition(" ")[2] for text in shown}) == 1


# ── limits ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@PROPERTY
@given(st.integers(0, 10**15), st.integers(0, 10**15), st.integers(0, 10**6), st.sampled_from(["1%", "0.5%", "12.25 %", "0%"]))
def test_growth(before: int, after: int, amount: int, share: str) -> None:
    most = limit("params", {"growth": share}).growth
    assert most is not None
    assert (after <= most.most(before)) == (after - before <= before * Fraction(share.strip("% ")) / 100)
    by = limit("params", {"growth": amount}).growth
    assert by is not None
    assert (after <= by.most(before)) == (after - before <= amount)


WRONG_LIMITS: list[tuple[str, Any, str]] = [
    ("parms", 1, "unknown figure 'parms'\ndid you mean 'params'?"),
    ("latency", 1, f"unknown figure 'latency'\nfigures: {', '.join(QUANTITIES)}"),
    ("params", "big", "params: 'big' is no number\nwrite it as 26M, 4.5G or 25_557_032"),
    ("memory", "26M", "memory: '26M' is no number of bytes\nwrite it as 512KB, 40 MiB or 25_557_032"),
    ("params", True, 'params: True is no whole number from 0\nwrite it as 26_000_000 or "26M"'),
    ("params", -1, 'params: -1 is no whole number from 0\nwrite it as 26_000_000 or "26M"'),
    ("params", float("nan"), 'params: nan is no whole number from 0\nwrite it as 26_000_000 or "26M"'),
    (
        "params",
        {"maximum": 1},
        "unknown key 'maximum' in the limit of params\na limit has: max, warn, growth, message, optimizer, dtypes, checkpoint",
    ),
    ("params", {"wran": 1}, "unknown key 'wran' in the limit of params\ndid you mean 'warn'?"),
    ("params", {"message": "no"}, "the limit of params limits nothing\ngive it max, warn or growth"),
    ("params", {"max": 1, "message": 3}, "message of params: 3 is no text\nput it in quotes"),
    ("params", {"max": 2, "warn": "3"}, "the warning of params at 3 comes after its max of 2\nmake warn the smaller one"),
    (
        "params",
        {"growth": "1 percent"},
        "growth of params: '1 percent' is no number\nwrite a share as 1%, or an amount as 100k",
    ),
    ("params", {"growth": 0.01}, "growth of params: 0.01 is no whole number from 0\nwrite a share as 1%, or an amount as 100k"),
    ("params", {"growth": "0.01"}, "growth of params: '0.01' is no whole number\nwrite a share as 1%, or an amount as 100k"),
    ("memory", 0.5, 'memory: 0.5 is no whole number from 0\nwrite it as 26_000_000 or "26M"'),
    ("params", {"growth": "-1%"}, "growth of params: '-1%' is no number\nwrite a share as 1%, or an amount as 100k"),
]


@pytest.mark.parametrize(("name", "given", "text"), WRONG_LIMITS)
def test_wrong_limits(name: str, given: Any, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        limit(name, given)
    assert str(caught.value) == text


# ── verdicts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def data(value: int) -> dict[str, Any]:
    return {"model": "net", "total": {"params": value}, "layers": [{"name": "a", "params": value}]}


@PROPERTY
@given(st.integers(0, 10**14), st.integers(0, 10**14), st.integers(0, 10**14))
def test_verdicts(value: int, most: int, warn: int) -> None:
    (verdict,) = verdicts(data(value), [Limit("params", most, warn=min(warn, most))], Missing("no growth is limited"))
    assert verdict.ok == (value <= most)
    assert verdict.state == ("over" if value > most else "warn" if value > min(warn, most) else "ok")
    if value > most:
        shown = re.fullmatch(
            r"([0-9,.]+)( M| G)? params, ([0-9,.]+)( M| G)? above the limit of ([0-9,.]+)( M| G)?", verdict.sentence
        )
        assert shown
        if not any(shown[i] for i in (2, 4, 6)):
            a, step, b = (int(shown[i].replace(",", "")) for i in (1, 3, 5))
            assert (a, step, b) == (value, value - most, most)


def test_exact_digits_where_rounding_would_hide_it(run: Run) -> None:
    """One FLOP too many, of four thousand million."""
    result = run("check", "resnext50_32x4d", "--max-flops", str(RESNEXT50_FLOPS - 1))
    assert result.code == 1
    assert "resnext50_32x4d: 4,232,386,560 FLOPs, 1 above the limit of 4,232,386,559 (--max-flops)" in result.out
    assert run("check", "resnext50_32x4d", "--max-flops", str(RESNEXT50_FLOPS)).code == 0
    rounded = run("check", "resnext50_32x4d", "--max-flops", "4.5G").out
    assert "4,232.39 M  4,500.00 M" in rounded


def test_heaviest_layers(run: Run) -> None:
    """The three largest of ResNet-50 are the 3×3 convolutions of its last stage, of 9·512² weights."""
    told = run("check", "resnet50", "--max-params", "25M").out
    share = f"{9 * 512 * 512:,} ({9 * 512 * 512 / RESNET50:.1%})"
    assert f"\n  heaviest: layer4.0.conv2 {share}, layer4.1.conv2 {share}, layer4.2.conv2 {share}\n" in told


def test_every_quantity_has_an_option_and_is_measured(run: Run) -> None:
    report = cnncost.analyze("resnet18")
    params, kept, products = (
        11_689_512,
        21_616_128,
        1_814_073_344,
    )  # torchvision; torch 2.13
    figures = {
        **report.total,
        "layers": len(report.rows),
        "weighted_layers": 18,  # its name
        "bops": products * 32 * 32,
        "model_bytes": 4 * params,
        "peak_bytes": 6_422_528,  # as measured with torch 2.13, as are the outputs
        "outputs_bytes": 22_284_192,
        "kept_bytes": kept,
        "inference_bytes": 4 * (params + 9_600) + 602_112 + 6_422_528,  # 9,600 statistics of norms, the image, the peak
        "training_bytes": 8 * params + kept,  # parameters and gradients; momentum adds one number each, Adam two
        "training_momentum_bytes": 12 * params + kept,
        "training_adam_bytes": 16 * params + kept,
        # twice more each product, but for the gradient of the image; pooling is free in the backward pass
        "training_flops": report.total["flops"] + 2 * products - 118_013_952,
    }
    for quantity in QUANTITIES.values():
        value = figures[quantity.key]
        option = f"--max-{quantity.name.replace('_', '-')}"
        assert run("check", "resnet18", option, str(value)).code == 0
        over = run("check", "resnet18", option, str(value - 1), "--format", "json")
        (result,) = json.loads(over.out)["results"]
        assert (over.code, result["value"], result["limit"], result["quantity"]) == (1, value, value - 1, quantity.name)


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_json(run: Run) -> None:
    result = run("check", "resnet50", "resnext50_32x4d", "--max-params", "25.5M", "--format", "json")
    found = json.loads(result.out)
    assert (result.code, found["schema"], found["ok"]) == (1, "cnncost.check/1", False)
    keys = ("model", "quantity", "value", "limit", "ok", "file", "line")
    assert [tuple(each[key] for key in keys) for each in found["results"]] == [
        ("resnet50", "params", RESNET50, 25_500_000, False, None, None),
        ("resnext50_32x4d", "params", RESNEXT50, 25_500_000, True, None, None),
    ]


def test_a_budget_in_the_spec(run: Run, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SPEC)
    found = json.loads(run("check", "net.yaml", "--format", "json").out)
    assert [(each["quantity"], each["value"], each["state"], each["line"]) for each in found["results"]] == [
        ("params", SPEC_PARAMS, "ok", 8),
        ("flops", SPEC_FLOPS, "over", 9),
    ]
    text = run("check", "net.yaml").out
    assert f"net.yaml: {SPEC_FLOPS:,} FLOPs, {SPEC_FLOPS - 4000} above the limit of 4,000 (net.yaml:9)\n" in text
    assert "\n  the chip has no more\n" in text
    assert run("check", "net.yaml", "--set", "x=1").err.startswith("error: net has no setting 'x'")
    smaller = run("check", "net.yaml", "--size", "7", "--format", "json")
    assert (smaller.code, json.loads(smaller.out)["results"][1]["state"]) == (0, "ok")


CONFIG = """\
# what this project promises
[tool.other]
list = [
  "a", # with a comment,
  "b",
]

[tool.cnncost]
models = [
  "specs/*.yaml",
  "resnet18",
]

[tool.cnncost.budget."*"]
params = "11.7M"

[tool.cnncost.budget."specs/*.yaml"]
flops = { max = 4000, warn = 3000, message = "the chip" }

[tool.cnncost.budget."specs/big.yaml"]
  flops.max = "5k"
"""


def project(folder: Path, text: str, name: str = "pyproject.toml") -> None:
    (folder / "specs").mkdir(exist_ok=True)
    for spec in ("small", "big"):
        (folder / "specs" / f"{spec}.yaml").write_text(SPEC.partition("budget:")[0])
    (folder / name).write_text(text)


def test_configuration(run: Run, tmp_path: Path) -> None:
    project(tmp_path, CONFIG)
    result = run("check", "--format", "json")
    assert result.code == 1
    found = [(r["model"], r["quantity"], r["limit"], r["ok"], r["file"], r["line"]) for r in json.loads(result.out)["results"]]
    assert found == [
        ("specs/big.yaml", "params", 11_700_000, True, "pyproject.toml", 15),
        ("specs/big.yaml", "flops", 3000, True, "pyproject.toml", 18),  # the warning of the earlier entry goes on
        ("specs/big.yaml", "flops", 5000, True, "pyproject.toml", 21),  # the later max holds
        ("specs/small.yaml", "params", 11_700_000, True, "pyproject.toml", 15),
        ("specs/small.yaml", "flops", 4000, False, "pyproject.toml", 18),
        ("resnet18", "params", 11_700_000, True, "pyproject.toml", 15),
    ]


def test_configuration_from_below(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns are relative to the file, models and places to the folder one is in."""
    project(tmp_path, CONFIG)
    monkeypatch.chdir(tmp_path / "specs")
    found = json.loads(run("check", "small.yaml", "--format", "json").out)["results"]
    assert [(r["model"], r["limit"], r["file"]) for r in found] == [
        ("small.yaml", 11_700_000, "../pyproject.toml"),
        ("small.yaml", 4000, "../pyproject.toml"),
    ]
    assert [r["model"] for r in json.loads(run("check", "--format", "json").out)["results"]][-2:] == [
        "../specs/small.yaml",
        "resnet18",
    ]


def test_configured_counting_gives_way_to_options(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cnncost.toml").write_text(
        'convention = "macs"\nbatch = 2\ndtype = "float16"\n[budget.resnet18]\nflops = 1\nmemory = 1\n'
    )
    macs = 1_814_073_344  # torchvision 0.28.0

    def values(*options: str) -> list[int]:
        return [r["value"] for r in json.loads(run("check", *options, "--format", "json").out)["results"]]

    flops, memory = values()
    assert flops == 2 * macs
    assert values("--batch", "1") == [macs, memory // 2]
    assert values("--dtype", "float32") == [2 * macs, 2 * memory]
    assert values("--convention", "lecture", "--batch", "1")[0] == cnncost.analyze("resnet18").total["flops"]


WRONG_CONFIGS = {
    '[budget.resnet50\nparams = "26M"': "cnncost.toml:1:17: expected ']' at the end of a table declaration\nsee: https://toml.io",
    '[budget.resnet50]\nparams = 1\n\n"params" = 2': "cnncost.toml:4:13: cannot overwrite a value\nsee: https://toml.io",
    "[budget.resnet50]\nparams = 26M": "cnncost.toml:2:12: expected newline or end of document after a statement\n"
    'an amount with a unit is written in quotes: "26M"',
    "a = " + "[" * 10_000: "cnncost.toml:1:1: nested too deep\nsee: https://toml.io",
    "[bugdet.resnet50]\nparams = 1": "cnncost.toml:1:1: unknown key 'bugdet' in the configuration\ndid you mean 'budget'?",
    "[budget]\nresnet50 = 26": "cnncost.toml:2:1: the budget of 'resnet50' is no table of limits\n"
    'write [budget."*"] for limits of every model, or [budget."specs/*.yaml"]',
    "[budget.resnet50]": "cnncost.toml:1:1: the budget of 'resnet50' has no limit\nadd one, such as params = \"26M\"",
    "[budget.resnet50]\n\n  parms = 3": "cnncost.toml:3:3: unknown figure 'parms'\ndid you mean 'params'?",
    '[budget.resnet50]\nparams = {max="1M",\twran=3}': "cnncost.toml:2:1: unknown key 'wran' in the limit of params\n"
    "did you mean 'warn'?",
    '\n[budget.resnet50.params]\ngrowth = "x"': "cnncost.toml:2:1: growth of params: 'x' is no number\n"
    "write a share as 1%, or an amount as 100k",
    "[budget.resnet5]\nparams = 3": "cnncost.toml:1:1: a budget for no model: unknown model 'resnet5'\n"
    "did you mean 'resnet50', 'resnet152' or 'resnest50'?",
    '[budget."specs/*.yaml"]\nparams = 3': "cnncost.toml:1:1: a budget for no model: 'specs/*.yaml' matches nothing\n"
    "patterns match spec files (*.yaml), and names of cnncost list",
    '[budget."net.yaml"]\nparams = 3': "cnncost.toml:1:1: a budget for no model: there is no file 'net.yaml'\n"
    "paths are relative to the configuration file",
    'models = ["resnet5*"]\nmodels_ = 3': "cnncost.toml:2:1: unknown key 'models_' in the configuration\n"
    "did you mean 'models'?",
    'models = "resnet50"': "cnncost.toml:1:1: models is no list of names and paths\n"
    'write models = ["specs/*.yaml", "resnet50"]',
    'models = ["resnot*"]': "cnncost.toml:1:1: 'resnot*' matches nothing\n"
    "patterns match spec files (*.yaml), and names of cnncost list",
    'convention = "lectur"': "cnncost.toml:1:1: unknown convention 'lectur'\ndid you mean 'lecture'?",
    'convention = "nowhere.yaml"': "cnncost.toml:1:1: cannot read the convention 'nowhere.yaml': no such file or directory\n"
    "give a YAML file, or a name",
    "convention = 3": "cnncost.toml:1:1: unknown convention 3\nwrite the name of one, or of a YAML file",
    'dtype = "float33"': "cnncost.toml:1:1: unknown dtype 'float33'\ndid you mean 'float32', 'float8' or 'float64'?",
    "batch = 0": "cnncost.toml:1:1: a batch of 0\ngive a whole number from 1",
}


@pytest.mark.parametrize("text", WRONG_CONFIGS, ids=range(len(WRONG_CONFIGS)))
def test_wrong_configurations(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "cnncost.toml").write_text(text)
    fact, _, remedy = WRONG_CONFIGS[text].partition("\n")
    result = run("check")
    assert result.err == f"error: {fact}\n  {remedy}\n"
    assert (result.code, result.out) == (2, "")


LINES = [
    ("models =", "convention =", "dtype =", "batch =", "budget =", "modles ="),
    (
        "[budget.'*']",
        "[budget.resnet18]",
        "[budget.'resnet1*']",
        "[budget.resnet18.flops]",
        "[budget]",
        "[budgets]",
        "[[budget]]",
    ),
    (
        "params =",
        "flops =",
        "memory.max =",
        "params.growth =",
        "max =",
        "warn =",
        "growth =",
        "message =",
        "parms =",
        "resnet18 =",
    ),
]
VALUES = (
    *("1", "-1", "0.01", "1e9", "nan", "true", "'26M'", "'1%'", "'macs'", "'float16'", "''", "1979-05-27", "9" * 40),
    *(
        "[]",
        "['resnet18']",
        "[[1]]",
        "[1, 'resnet1*']",
        "{}",
        "{max = 1}",
        "{max = '1M', warn = [], growth = {}}",
        "{growth = '2%'}",
    ),
)
assignments = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(VALUES)), max_size=2, unique_by=lambda each: each[0])


@examples(400)
@given(
    assignments,
    st.lists(st.tuples(st.integers(0, 6), assignments), max_size=2, unique_by=lambda each: each[0]),
    st.text("[]{}\"'=\n", max_size=1),
)
def test_no_configuration_is_a_traceback(top: list[Any], tables: list[Any], slip: str) -> None:
    """Keys with values of every kind: they are read, or refused with their place."""

    def line(kind: int, number: int, value: str = "") -> str:
        return f"{LINES[kind][number % len(LINES[kind])]} {value}\n"

    text = "".join(line(0, *entry) for entry in top)
    for header, entries in tables:
        text += line(1, header) + "".join(line(2, *entry) for entry in entries)
    text += slip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cnncost.toml"
        path.write_text(text)
        refused: config.ConfigError | None = None
        try:
            found = config.find(str(path))
        except config.ConfigError as error:
            refused = error
        if refused is None:
            assert all(each.line is not None for rule in found.rules for each in rule.limits)
        else:
            file, line, column = refused.place
            assert (file, bool(refused.hint)) == (str(path), True)
            assert 1 <= line <= text.count("\n") + 1
            assert column >= 1


REFUSALS = {
    "check": f"no model to check\nname one, or configure models and limits: {page('ci')}",
    "check resnet50": "no limit for resnet50\n"
    "give one: --max-params 26M, budget: in the spec, or [tool.cnncost.budget] in pyproject.toml",
    "check resnet50 --max-params 26X": "--max-params: '26X' is no number\nwrite it as 26M, 4.5G or 25_557_032",
    "check resnt50 --max-params 1": "unknown model 'resnt50'\ndid you mean 'resnet50', 'resnest50' or 'resnet50_d'?",
    "check specs/*.yaml --max-params 1": "'specs/*.yaml' matches nothing\n"
    "patterns match spec files (*.yaml), and names of cnncost list",
    "check resnet50 --config no.toml": "cannot read the configuration 'no.toml': no such file or directory\n"
    "name a configuration file with --config",
    "check resnet50 --max-params 1 --format jnit": "unknown format 'jnit'\ndid you mean 'junit'?",
}


@pytest.mark.parametrize("command", REFUSALS)
def test_refusals(run: Run, command: str) -> None:
    fact, _, remedy = REFUSALS[command].partition("\n")
    result = run(*command.split())
    assert result.err == f"error: {fact}\n  {remedy}\n"
    assert (result.code, result.out) == (2, "")


def test_an_internal_error_is_told_from_a_broken_limit(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CNNCOST_DEBUG", raising=False)
    monkeypatch.setattr("cnncost.questions.check.hold.verdicts", lambda *_: 1 / 0)
    result = run("check", "resnet18", "--max-params", "1")
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith("error: internal error: ZeroDivisionError")


@pytest.mark.parametrize(
    ("config", "command"),
    [
        ("[budget.resnet50]\nparms = 3", []),
        ("", ["resnet5o", "--max-params", "1"]),
        ("", ["resnet50"]),
        ("", ["net.yaml", "--max-params", "1"]),
    ],
)
def test_errors_import_neither_numpy_nor_rich(tmp_path: Path, config: str, command: list[str]) -> None:
    (tmp_path / "cnncost.toml").write_text(config)
    (tmp_path / "net.yaml").write_text(SPEC.replace("kernel", "kernal"))
    code = f"""
import sys
sys.argv = ["cnncost", "check", *{command}]
from cnncost.__main__ import main
try:
    main()
except SystemExit as end:
    print(end.code, *({{"numpy", "rich", "tabulate"}} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "2\n", done.stderr


# ── places in TOML ───────────────────────────────────────────────────────────────────────────────────────────────────

names = st.sampled_from(["params", "flops", '"specs/*.yaml"', "'a.b'", "x-y", "tool", '"a\\"b"'])
values = st.sampled_from(
    [
        "1",
        '"x"',
        "true",
        "[1, 2]",
        "[\n  1, # one,\n  2,\n]",
        "[\n  [1], # ]\n  ']',\n]",
        '{ max = 1, warn = "2" }',
        '"""\n[a]\nb = 1,\n"""',
        "''",
        "{}",
    ]
)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[tuple[str, ...], int]]:
    """A TOML document, and the line of each header and assignment as they are written into it."""
    lines = 1
    text = ""
    where: dict[tuple[str, ...], int] = {}
    for number in range(draw(st.integers(0, 4))):
        text += "\n" * (gap := draw(st.integers(0, 2)))
        lines += gap
        table = (f"t{number}", draw(names))
        if number:  # before the first header stand the keys of the root
            text += f"[{'.'.join(table)}]  # {{\n"
            where[table] = lines
            lines += 1
        for key in draw(st.lists(names, unique=True, max_size=3)):
            value = draw(values)
            text += f"{key} = {value}\n"
            where[(*(table if number else ()), key)] = lines
            lines += 1 + value.count("\n")
    return text, where


@PROPERTY
@given(documents())
def test_places(document: tuple[str, dict[tuple[str, ...], int]]) -> None:
    text, where = document
    tomllib.loads(text)
    found = config.places(text)
    for path, line in where.items():
        plain = tuple(next(iter(tomllib.loads(f"{name} = 1"))) for name in path)
        assert found[plain][0] == line

    def leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if isinstance(value, dict):
            for key, item in value.items():
                yield from leaves(item, (*path, key))
        if path:
            yield path

    assert set(found) == set(leaves(tomllib.loads(text), ()))


# ── formats for machines ─────────────────────────────────────────────────────────────────────────────────────────────

ANNOTATED = """\
[budget.resnet50]
params = "25M"
  flops = { max = "4.5G", warn = "4G", message = "50%, and\\nno more" }
memory = "1GB"
"""


def unescaped(text: str) -> str:
    for code, mark in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(code, mark)
    return text


def test_github(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub, folder").mkdir()
    (tmp_path / "sub, folder" / "cnncost.toml").write_text(ANNOTATED)
    monkeypatch.chdir(tmp_path / "sub, folder")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (tmp_path / "summary.md").write_text("before\n")
    result = run("check", "--format", "github")
    assert result.code == 1
    commands = re.findall(r"^::(\w+) ([^:]*)::(.*)$", result.out, flags=re.MULTILINE)
    found = []
    for level, properties, message in commands:
        fields = dict(part.split("=", 1) for part in properties.split(","))
        found.append((level, unescaped(fields["file"]), fields["line"], fields["col"], unescaped(message)))
    assert [entry[:4] for entry in found] == [
        ("error", "sub, folder/cnncost.toml", "2", "1"),
        ("warning", "sub, folder/cnncost.toml", "3", "3"),
    ]
    assert found[0][4].startswith(
        "resnet50: 25,557,032 params, 557,032 above the limit of 25,000,000\nheaviest: layer4.0.conv2"
    )
    assert found[1][4].endswith("\n50%, and\nno more")
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("before\n### cnncost\n\n| state")
    assert "| over    | resnet50 | params " in summary


@pytest.mark.parametrize(
    ("name", "text", "command"),
    [
        (
            "net.yaml",
            SPEC.replace("kernel", "kernal"),
            "::error file=net.yaml,line=4,col=20,title=cnncost E103::unknown argument 'kernal'",
        ),
        (
            "cnncost.toml",
            "[budget.resnet50]\n parms = 1",
            "::error file=cnncost.toml,line=2,col=2,title=cnncost::unknown figure 'parms'",
        ),
        ("other.txt", "", "::error title=cnncost::no limit for resnet50%0Agive one: --max-params"),
    ],
)
def test_github_shows_what_kept_the_check_from_running(run: Run, tmp_path: Path, name: str, text: str, command: str) -> None:
    (tmp_path / name).write_text(text)
    result = run("check", name if name == "net.yaml" else "resnet50", "--format", "github")
    assert result.code == 2
    assert result.out.startswith(command)
    assert result.err.startswith("error")


def test_all_broken_specs_are_told_at_once(run: Run, tmp_path: Path) -> None:
    for number, (right, wrong) in enumerate([("kernel", "kernal"), ("linear", "linaer"), ("", "")]):
        (tmp_path / f"net{number}.yaml").write_text(SPEC.replace(right, wrong))
    result = run("check", "*.yaml", "--format", "github")
    assert (result.code, result.err.count("error[")) == (2, 2)
    assert re.findall("^::error file=(.*?),line=(.*?),", result.out, flags=re.MULTILINE) == [
        ("net0.yaml", "4"),
        ("net1.yaml", "6"),
    ]
    for name in ("a", "b"):
        (tmp_path / f"small_{name}.yaml").write_text(SPEC.replace("[3, 8, 8]", "[3, 2, 2]"))
    assert run("check", "small_*.yaml").err.count("error[E204]") == 2
    assert run("check", "resnet18", "resnet34", "--size", "big", "--max-params", "1").err == (
        "error: --size big: 'big' is no whole number\n  write digits, as in 224\n"
    )


def test_gitlab(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cnncost.toml").write_text(ANNOTATED)
    result = run("check", "--format", "gitlab", "-o", "report.json")
    assert (result.code, result.out) == (1, "")
    assert "resnet50: 25,557,032 params, 557,032 above the limit" in result.err
    entries = json.loads((tmp_path / "report.json").read_text())
    required = {"description", "check_name", "fingerprint", "severity", "location"}  # by GitLab's documentation
    assert [required - entry.keys() for entry in entries] == [set(), set()]
    assert [(e["severity"], e["location"]) for e in entries] == [
        ("major", {"path": "cnncost.toml", "lines": {"begin": 2}}),
        ("minor", {"path": "cnncost.toml", "lines": {"begin": 3}}),
    ]
    again = json.loads(run("check", "--format", "gitlab", "--set", "width=65").out)
    assert [e["fingerprint"] for e in again][:2] == [e["fingerprint"] for e in entries]  # GitLab tells new from old by it
    assert len({e["fingerprint"] for e in again}) == len(again)


def test_junit(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cnncost.toml").write_text(ANNOTATED.replace("50%", '<5\\u0001 & \\"0%]]>'))
    result = run("check", "--format", "junit")
    root = ET.fromstring(result.out)
    assert (root.tag, root.attrib) == ("testsuites", {"tests": "3", "failures": "1", "errors": "0"})
    cases = root.findall("./testsuite/testcase")
    assert [(c.get("classname"), c.get("name"), c.get("line")) for c in cases] == [
        ("resnet50", "params", "2"),
        ("resnet50", "flops", "3"),
        ("resnet50", "memory", "4"),
    ]
    assert [[child.tag for child in case] for case in cases] == [["failure"], ["system-out"], []]
    assert (cases[1][0].text or "").endswith('<5� & "0%]]>, and\nno more')
    junitparser = pytest.importorskip("junitparser", reason="junitparser reads JUnit as others do; it is not installed")
    read = junitparser.JUnitXml.fromstring(result.out)
    assert [(suite.name, suite.tests, suite.failures) for suite in read] == [("resnet50", 3, 1)]


def test_markdown_and_text(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cnncost.toml").write_text(ANNOTATED)
    assert run("check", "--format", "text").out == run("check").out == run("check", "--format", "plain").out
    markdown = run("check", "--format", "markdown").out.splitlines()
    cells = [[cell.strip() for cell in line.split("|")] for line in markdown]
    assert cells[2] == ["", "over", "resnet50", "params", "25,557,032", "25,000,000", "102.2%", "cnncost.toml:2", ""]
    rows = [line.split(",") for line in run("check", "--format", "csv").out.splitlines()]
    assert rows[0] == ["state", "model", "limited", "value", "limit", "used", "place"]
    assert rows[1][:5] == ["over", "resnet50", "params", str(RESNET50), "25000000"]


# ── in tests ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_assert_budget(tmp_path: Path) -> None:
    assert_budget("resnext50_32x4d", params="26M", flops=RESNEXT50_FLOPS, memory="60MB")
    assert_budget("resnext50_32x4d", flops=2 * RESNEXT50_FLOPS, batch=2)
    assert_budget(lambda x: x.conv(4, 3), input=(3, 8, 8), params=112)
    assert_budget("resnet18", params=11_700_000 // 4 + 700_000, settings={"width": 32})
    with pytest.raises(AssertionError) as caught:
        assert_budget("resnext50_32x4d", params="25M", macs="5G")
    first, second = str(caught.value).split("\n")
    assert first == "resnext50_32x4d: 25,028,904 params, 28,904 above the limit of 25,000,000 (assert_budget)"
    assert second.startswith(f"heaviest: layer4.0.conv3 {1024 * 2048:,} (8.4%), ")
    (tmp_path / "net.yaml").write_text(SPEC)
    with pytest.raises(
        AssertionError, match=f"net: {SPEC_FLOPS:,} FLOPs, .*net.yaml:9\\)\nheaviest: .*\nthe chip has no more$"
    ):
        assert_budget(str(tmp_path / "net.yaml"))
    assert_budget(str(tmp_path / "net.yaml"), input=(3, 7, 7))
    with pytest.raises(UsageError, match="no limit to assert"):
        assert_budget("resnet18")
    with pytest.raises(UsageError, match="unknown figure 'param'\ndid you mean 'params'"):
        assert_budget("resnet18", param=3)


def test_meanings_are_those_of_a_limit() -> None:
    assert set(limits.MEANINGS) == {"max", "warn", "growth", "message", "optimizer", "dtypes", "checkpoint"}
    assert isinstance(Verdict.sentence, property)


@pytest.mark.parametrize(("name", "flops"), [("timm", "1819065856"), ("mine.yaml", "2000")])
def test_a_configuration_names_any_convention(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, flops: str
) -> None:
    """Other names of tools, and files beside the configuration, as on the command line."""
    (tmp_path / "mine.yaml").write_text("flops: {linear: 2*writes}", encoding="utf-8")
    (tmp_path / "cnncost.toml").write_text(
        f'convention = "{name}"\nmodels = ["resnet18"]\n[budget."*"]\nflops = "4G"\n', encoding="utf-8"
    )
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    result = run("check", "--format", "csv")
    assert (result.code, result.out.splitlines()[1].split(",")[3]) == (0, flops)


# ── how the model is trained ─────────────────────────────────────────────────────────────────────────────────────────


def trained(tmp_path: Path, text: str) -> list[dict[str, Any]]:
    (tmp_path / "cnncost.toml").write_text(text)
    result = command("check", "--config", str(tmp_path / "cnncost.toml"), "--format", "json")
    assert result.code == 0, result.err
    return list(json.loads(result.out)["results"])


def test_a_configuration_says_how_models_are_trained(tmp_path: Path) -> None:
    """Momentum adds a number to each of ResNet-18's 11,689,512 parameters, Adam another one."""
    head = 'models = ["resnet18"]\n'
    limit = '[budget.resnet18]\ntraining_memory = "1GiB"\n'
    sgd, momentum, adam = (
        trained(tmp_path, f'{head}optimizer = "{name}"\n{limit}')[0]["value"] for name in ("sgd", "momentum", "adam")
    )
    assert (momentum - sgd, adam - sgd) == (4 * 11_689_512, 8 * 11_689_512)


def test_a_limit_says_itself_how_the_model_is_trained(tmp_path: Path) -> None:
    head = 'models = ["resnet18"]\noptimizer = "momentum"\n[budget.resnet18]\n'
    own = trained(tmp_path, f'{head}training_memory = {{ max = "1GiB", optimizer = "adam", checkpoint = "sqrt" }}\n')
    assert own[0]["value"] == cnncost.memory("resnet18", optimizer="adam", checkpoint="sqrt").training_bytes
    spec = tmp_path / "net.yaml"
    spec.write_text(
        "cnncost: 1\ninput: [3, 32, 32]\nlayers:\n- conv: {out: 8, kernel: 3}\n- relu\n"
        "budget:\n  training_memory: {max: 1MB, optimizer: adam}\n"
    )
    found = json.loads(command("check", str(spec), "--format", "json").out)
    assert found["results"][0]["value"] == cnncost.memory(str(spec), optimizer="adam").training_bytes
    assert found["notes"][-1] == "training: optimizer adam, float32, no checkpointing"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('optimizer = "adm"\n', "unknown optimizer 'adm'"),
        ("optimizer = 3\n", "optimizer 3 is no text"),
        ('dtypes = "activ=float16"\n', "no part is called 'activ'"),
        ('checkpoint = "half"\n', "unknown checkpointing 'half'"),
        ('[budget.resnet18]\nparams = { max = "1G", optimizer = "adam" }\n', "optimizer says nothing about params"),
        ('[budget.resnet18]\ntraining_memory = { max = "1GB", optimizer = 3 }\n', "optimizer of training_memory: 3 is no text"),
        ('[budget.resnet18]\ntraining_memory = { max = "1GB", optimizer = "adm" }\n', "unknown optimizer 'adm'"),
    ],
)
def test_training_that_is_none_is_refused_at_its_place(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "cnncost.toml").write_text(f'models = ["resnet18"]\n{text}')
    result = command("check", "--config", str(tmp_path / "cnncost.toml"))
    error = result.err
    assert result.code == 2
    assert message in error
    assert f"cnncost.toml:{3 if 'budget' in text else 2}:" in error


def test_growth_of_training_memory_against_a_snapshot(tmp_path: Path) -> None:
    """A snapshot has what the configuration limits; one that lacks it says how to write it, and that works."""
    limits = 'training_memory = { growth = "1%" }\nkept_memory = { growth = "0", checkpoint = "sqrt" }\n'
    configuration = tmp_path / "cnncost.toml"
    assert command("snapshot", "resnet18", "-o", "costs.json", folder=tmp_path).code == 0
    configuration.write_text(f'models = ["resnet18"]\noptimizer = "adam"\n[budget.resnet18]\n{limits}')
    refused = command("check", "--against", "costs.json", folder=tmp_path)
    assert refused.code == 2
    assert "write them again: cnncost snapshot" in refused.err
    assert command("snapshot", "-o", "again.json", folder=tmp_path).code == 0
    held = json.loads(command("check", "--against", "again.json", "--format", "json", folder=tmp_path).out)
    assert [(each["state"], each["value"]) for each in held["results"]] == [
        ("ok", cnncost.memory("resnet18", optimizer="adam").training_bytes),
        ("ok", cnncost.memory("resnet18", checkpoint="sqrt").kept_bytes),
    ]
    other = command("check", "--against", "again.json", "--optimizer", "sgd", folder=tmp_path)
    assert other.code == 2
    assert "train both in the same way: --optimizer adam" in other.err
