"""What changed between two models: totals, layers, versions in git, snapshots."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import examples

from cnncost import analyze
from cnncost.base import git as base_git
from cnncost.base.errors import CnncostError
from cnncost.base.limits import QUANTITIES
from cnncost.graph.graph import Tensor
from cnncost.questions.check import history
from cnncost.questions.check.history import costs
from cnncost.questions.diff import Difference, difference
from cnncost.show.tables.diff import percent

PROPERTY = examples(60)
FIGURES = ("params", "flops", "macs", "activation_bytes")


Run = Callable[..., Any]


@pytest.fixture
def run(cli: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The command line, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Any:
        base_git._commit.cache_clear()  # one process, several repositories
        history.read_snapshot.cache_clear()
        return cli(*words)

    return call


# ── layers ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def plain(x: Tensor, *, widths: Any, named: bool = False) -> Tensor:
    """A chain of convolutions with ReLU, named by the author or numbered by the tracer."""
    for index, (width, kernel) in enumerate(widths):
        x = x.conv(width, kernel, pad="same", name=f"layer{index}.{width}" if named else None).relu()
    return x


def chain(widths: Any, named: bool = False) -> dict[str, Any]:
    report = analyze(plain, input=(3, 16, 16), widths=tuple(widths), named=named)
    return json.loads(json.dumps(costs(report, "chain")))  # as it comes back from a file


def counts(found: Difference) -> dict[str, int]:
    tally: dict[str, int] = {}
    for change in found.layers:
        tally[change.change] = tally.get(change.change, 0) + 1
    return tally


layers = st.lists(st.tuples(st.sampled_from([4, 8, 16]), st.sampled_from([1, 3, 5])), max_size=7)


@PROPERTY
@given(layers, layers, st.booleans())
def test_layers_account_for_every_change(old: Any, new: Any, named: bool) -> None:
    a, b = chain(old, named), chain(new, named)
    there, back = difference(a, b), difference(b, a)
    for key in FIGURES:
        step = b["total"][key] - a["total"][key]
        assert sum(change.delta(key) for change in there.layers) == step
        assert sum(change.delta(key) for change in back.layers) == -step
    tally = counts(there)
    assert sum(change.old is not None for change in there.layers) + there.unchanged == len(a["layers"])
    assert sum(change.new is not None for change in there.layers) + there.unchanged == len(b["layers"])
    flipped = {"added": "removed", "removed": "added"}
    assert counts(back) == {flipped.get(change, change): count for change, count in tally.items()}
    steps = [abs(change.delta("flops")) for change in there.layers]
    assert steps == sorted(steps, reverse=True)
    if old == new:
        assert not there.layers
    for change in there.layers:
        if change.change == "renamed":
            place = {"name": "", "index": 0, "stage": ""}
            assert {**(change.old or {}), **place} == {**(change.new or {}), **place}


def test_one_layer_more_is_one_addition() -> None:
    """The tracer numbers layers, so that those behind an insertion get new names: conv_2 was conv."""
    old = [(4, 3), (4, 3), (8, 3), (16, 1)]
    found = difference(chain(old), chain([*old[:2], (4, 5), *old[2:]]))
    added = [change for change in found.layers if change.change == "added"]
    assert [(change.layer["kind"], change.delta("params")) for change in added] == [("conv", 4 * 4 * 25 + 4), ("relu", 0)]
    assert counts(found).keys() == {"added", "renamed"}


def test_a_wider_network_has_the_layers_it_had() -> None:
    """ResNeXt-50 is ResNet-50 with other widths: no layer comes or goes, though some now look like others did."""
    found = difference(costs(analyze("resnet50"), "a"), costs(analyze("resnext50_32x4d"), "b"))
    assert counts(found) == {"changed": len(found.layers)}
    assert len(found.layers) + found.unchanged == 174


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [(0, 5, None), (100, 102, "+2.00%"), (3, 2, "-33.33%"), (10**9, 10**9 + 1, "+1e-07%"), (7, 7, "0%")],
)
def test_percent(old: int, new: int, text: str | None) -> None:
    shown = percent(old, new)
    assert (shown and shown.text) == text


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_json(run: Run) -> None:
    found = json.loads(run("diff", "resnet50", "resnext50_32x4d", "--format", "json").out)
    assert found["schema"] == "cnncost.diff/1"
    assert (found["old"]["model"], found["new"]["model"]) == ("resnet50", "resnext50_32x4d")
    # torchvision 0.28.0
    assert found["total"]["params"] == {"old": 25_557_032, "new": 25_028_904, "change": 25_028_904 - 25_557_032}
    assert found["total"]["macs"] == {"old": 4_089_184_256, "new": 4_230_479_872, "change": 4_230_479_872 - 4_089_184_256}
    assert {"name", "change", "old", "new", "delta"} <= found["layers"][0].keys()
    for key in FIGURES:
        assert sum(layer["delta"][key] for layer in found["layers"]) == found["total"][key]["change"]


def test_text(run: Run) -> None:
    lines = run("diff", "resnet18", "resnet18 --set classes=10").out.splitlines()
    assert lines[0] == "resnet18 → resnet18 --set classes=10"
    # 990 classes fewer, of 512 weights and a bias each
    assert lines[3].split() == ["params", "11,689,512", "11,181,642", f"-{990 * 513:,}", "-4.34%"]
    changed = next(line for line in lines if line.startswith("changed"))
    assert changed.split() == [
        *("changed", "fc", "linear,", "out", "1000", "→", "10"),
        f"-{990 * 512:,}",
        f"-{990 * 513:,}",
        f"-{990 * 4 / 1024:.2f}",
    ]
    assert "layers: 1 changed, 67 unchanged" in lines  # 20 conv, 20 batch_norm, 17 relu, 8 add, 2 pools and fc
    assert "input 3×224×224 → 3×112×112" not in lines
    assert "the inputs differ: 3×224×224 → 3×112×112" in run("diff", "resnet18", "resnet18 --size 112").out


@pytest.mark.parametrize("options", [[], ["--top", "3"], ["--sort", "params"], ["--sort", "memory", "--top", "1"]])
def test_rows_sum_to_the_total(run: Run, options: list[str]) -> None:
    words = ["diff", "resnet18", "resnet34", *options]
    rows = list(csv.DictReader(io.StringIO(run(*words, "--format", "csv").out)))
    total = json.loads(run(*words, "--format", "json").out)["total"]
    assert rows[-1]["change"] == "total"
    for key in ("params", "flops", "activation_bytes"):
        assert sum(int(row[key]) for row in rows[:-1]) == int(rows[-1][key]) == total[key]["change"]
    if "--top" in options:
        assert len(rows) == int(options[-1]) + 2 if options[-1].isdecimal() else 5


def test_equal_models(run: Run) -> None:
    found = json.loads(run("diff", "resnet50", "resnet50", "--format", "json").out)
    assert found["layers"] == []
    assert {figure["change"] for figure in found["total"].values()} == {0}
    lines = run("diff", "resnet50", "resnet50").out.splitlines()
    assert lines[-2] == "layers: 174 unchanged"
    assert not any(line.startswith("change ") for line in lines)  # no table without rows


# ── git ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

NET = """\
cnncost: 1
input: [3, 8, 8]
params: {width: 100}
layers: [conv: {out: width, kernel: 1, bias: false}]
budget:
  params: {growth: 1%}
  macs: {max: 1M, growth: 64}
"""


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose branch `main` has a spec of 300 parameters and 300·64 multiply-adds, in a folder."""
    (tmp_path / "my specs").mkdir()
    (tmp_path / "my specs" / "net.yaml").write_text(NET)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def results(result: Any) -> list[tuple[Any, ...]]:
    return [(r["quantity"], r["kind"], r["before"], r["limit"], r["ok"]) for r in json.loads(result.out)["results"]]


@pytest.mark.parametrize(("width", "ok"), [(100, True), (101, True), (102, False), (50, True)])
def test_growth_against_git(run: Run, repository: Path, width: int, ok: bool) -> None:
    """Of 300 parameters 1 % is 3: one channel more. 64 multiply-adds more are not even one."""
    (repository / "my specs" / "net.yaml").write_text(NET.replace("width: 100", f"width: {width}"))
    result = run("check", "my specs/net.yaml", "--against", "main", "--format", "json")
    assert results(result) == [
        ("params", "growth", 300, 303, ok),
        ("macs", "max", None, 10**6, True),
        ("macs", "growth", 300 * 64, 301 * 64, width <= 100),
    ]
    assert result.code == (0 if width <= 100 else 1)
    if width == 102:
        told = run("check", "my specs/*.yaml", "--against", "main").out
        assert (
            "my specs/net.yaml: 306 params, +2.00% from 300: 3 above the 303 that a growth of 1% allows (my specs/net.yaml:6)\n"
            in told
        )
        assert "  grew most: conv +6 (100.0%)\n" in told


def test_growth_from_another_folder(run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = repository / "my specs" / "net.yaml"
    spec.write_text(NET.replace("width: 100", "width: 200"))
    git(repository, "commit", "--quiet", "--all", "-m", "second")
    monkeypatch.chdir(repository / "my specs")
    for reference in ("net.yaml", str(spec)):
        assert [r[2] for r in results(run("check", reference, "--against", "HEAD~1", "--format", "json"))] == [300, None, 19200]
    found = json.loads(run("diff", "HEAD~1:net.yaml", "net.yaml", "--format", "json").out)
    assert found["total"]["params"] == {"old": 300, "new": 600, "change": 300}
    assert json.loads(run("table", "main~1:net.yaml", "--format", "json").out)["total"]["params"] == 300


def test_what_has_no_past(run: Run, repository: Path) -> None:
    """A limit of growth that has nothing to be measured from is a verdict of its own, and fails unless that is allowed."""
    new = repository / "my specs" / "new.yaml"
    new.write_text(NET)
    for words, why in (
        (("--against", "main"), f"'{new}' is not in main"),
        ((), "nothing to measure it from was given with --against"),
        (("--against", "HEAD:my specs"), ""),
    ):
        refused = run("check", str(new), *words)
        assert refused.code == 2
        if why:
            assert f"unchecked: {new}: growth of params is not checked: {why} ({new}:6)\n" in refused.out
            assert "1 limit kept, 2 not checked\n" in refused.out
            assert refused.err.startswith(f"error: 2 limits were not checked: {why}\n  measure growth with --against REF")
        else:
            assert refused.err.startswith("error: git knows no commit, branch or tag 'HEAD:my specs'")
    allowed = run("check", str(new), "--against", "main", "--allow-new")
    assert (allowed.code, allowed.err) == (0, "")
    assert "1 limit kept, 2 not checked (allowed)\n" in allowed.out
    assert (
        "no limit of growth to measure against main\n"
        in run("check", "resnet18", "--max-params", "12M", "--against", "main").out
    )


def test_unchecked_in_every_format(run: Run, repository: Path) -> None:
    """What was not checked is an entry of its own for programs, too: notes are for people."""
    new = repository / "my specs" / "new.yaml"
    new.write_text(NET)
    for words, ok in (((), False), (("--allow-new",), True)):

        def told(format: str, words: tuple[str, ...] = words, ok: bool = ok) -> str:
            result = run("check", "my specs/new.yaml", "--against", "main", "--format", format, *words)
            assert result.code == (0 if ok else 2)
            return str(result.out)

        data = json.loads(told("json"))
        assert data["ok"] is ok
        assert [(r["state"], r["ok"], r["limit"], r["before"]) for r in data["results"]] == [
            ("unchecked", ok, None, None),
            ("ok", True, 10**6, None),
            ("unchecked", ok, None, None),
        ]
        rows = list(csv.DictReader(io.StringIO(told("csv"))))
        assert [(row["state"], row["limit"]) for row in rows] == [("unchecked", ""), ("ok", "1000000"), ("unchecked", "")]
        assert [entry["severity"] for entry in json.loads(told("gitlab"))] == ["minor" if ok else "major"] * 2
        assert told("github").count("::warning " if ok else "::error ") == 2
        cases = [child.tag for case in ElementTree.fromstring(told("junit")).iter("testcase") for child in case]
        assert cases == ["skipped" if ok else "failure"] * 2


REFUSALS = {
    "diff nope:net.yaml net.yaml": "git knows no commit, branch or tag 'nope'\nit knows: main",
    "diff main:other.yaml net.yaml": "'other.yaml' is not in main\nsee what is: git ls-tree -r --name-only main",
    "check net.yaml --against nope": "git knows no commit, branch or tag 'nope'\nit knows: main",
    "check net.yaml --against costs.json": "cannot read the snapshot 'costs.json': no such file or directory\n"
    "write one: cnncost snapshot MODEL… -o costs.json",
    "diff resnet18 resnet34 --sort time": "cannot sort by 'time'\nfigures: params, flops, macs, memory, param_bytes, buffers",
}


@pytest.mark.parametrize("command", REFUSALS)
def test_refusals(run: Run, repository: Path, command: str) -> None:
    (repository / "net.yaml").write_text(NET)
    fact, _, remedy = REFUSALS[command].partition("\n")
    result = run(*command.split())
    assert result.err == f"error: {fact}\n  {remedy}\n"
    assert (result.code, result.out) == (2, "")


def test_a_ref_is_never_an_option(run: Run, repository: Path) -> None:
    (repository / "net.yaml").write_text(NET)
    refused = run("check", "net.yaml", "--against=--output=stolen")
    assert refused.err.startswith("error: git knows no commit, branch or tag '--output=stolen'")
    assert not (repository / "stolen").exists()


@pytest.mark.parametrize("slip", [("kernel: 1", "kernal: 1"), ("kernel: 1", "kernel: 9")])
def test_a_broken_base_is_no_absence(run: Run, repository: Path, slip: tuple[str, str]) -> None:
    spec = repository / "my specs" / "net.yaml"
    spec.write_text(NET.replace(*slip))
    git(repository, "commit", "--quiet", "--all", "-m", "broken")
    spec.write_text(NET)
    for words in ((), ("--allow-new",)):
        refused = run("check", "my specs/net.yaml", "--against", "main", *words)
        assert refused.code == 2
        assert refused.out == ""
        assert refused.err.startswith("error: my specs/net.yaml cannot be read as it was at main: main:my specs/net.yaml:4:")
        assert "  it was broken: compare with a version that works" in refused.err
    assert run("check", "my specs/net.yaml", "--against", "main~1").code == 0
    refused = run("diff", "main:my specs/net.yaml", "resnet18")
    assert refused.code == 2


def test_outside_of_git(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.yaml").write_text(NET)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    refused = run("check", "net.yaml", "--against", "main")
    remedy = "without git: cnncost snapshot MODEL… -o costs.json, and costs.json in place of the commit"
    assert refused.err == f"error: '{tmp_path}' is in no git repository\n  {remedy}\n"
    monkeypatch.setenv("PATH", str(tmp_path))
    refused = run("check", "net.yaml", "--against", "main")
    assert refused.err == "error: git cannot be run\n  install it, or compare with a file of cnncost snapshot\n"


# ── snapshots ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_snapshot(run: Run, tmp_path: Path) -> None:
    net = tmp_path / "net.yaml"
    net.write_text(NET)
    assert run("snapshot", "net.yaml", "resnet18", "-o", "costs.json").out == ""
    kept = json.loads((tmp_path / "costs.json").read_text())
    assert (kept["schema"], [model["model"] for model in kept["models"]]) == ("cnncost.snapshot/1", ["net.yaml", "resnet18"])
    assert kept["models"][1]["total"]["params"] == 11_689_512
    again = run("snapshot", "net.yaml", "resnet18", "--format", "json").out
    assert again == (tmp_path / "costs.json").read_text()
    net.write_text(NET.replace("width: 100", "width: 102"))
    result = run("check", "net.yaml", "--against", "costs.json", "--format", "json")
    assert (result.code, results(result)[0]) == (1, ("params", "growth", 300, 303, False))
    found = json.loads(run("diff", "costs.json", "net.yaml", "--format", "json").out)
    assert found["total"]["params"] == {"old": 300, "new": 306, "change": 6}
    assert [layer["name"] for layer in found["layers"]] == ["conv"]
    assert json.loads(run("diff", "costs.json", "resnet18", "--format", "json").out)["layers"] == []
    (tmp_path / "cnncost.toml").write_text('[budget."*"]\nmacs = { growth = 0 }\n')
    assert run("check", "resnet18", "--against", "costs.json").code == 0
    assert run("check", "resnet18", "--against", "costs.json", "--set", "width=65").code == 1


def test_a_table_is_a_snapshot_of_one_model(run: Run) -> None:
    run("table", "resnet18", "-o", "one.json", "--free")
    assert json.loads(run("diff", "one.json", "resnet18", "--format", "json").out)["layers"] == []
    assert json.loads(run("diff", "one.json", "resnet34", "--format", "json").out)["new"]["model"] == "resnet34"


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        (
            ["--convention", "macs"],
            "convention lecture and net.yaml with macs\n  count both in the same way: --convention lecture",
        ),
        (["--batch", "2"], "batch 1 and net.yaml with 2\n  count both in the same way: --batch 1"),
        (["--dtype", "int8"], "dtype float32 and net.yaml with int8\n  count both in the same way: --dtype float32"),
    ],
)
def test_different_conventions_are_not_compared(run: Run, tmp_path: Path, options: list[str], fact: str) -> None:
    (tmp_path / "net.yaml").write_text(NET.replace("macs", "flops"))
    run("snapshot", "net.yaml", "-o", "costs.json")
    for words in (["diff", "costs.json", "net.yaml"], ["check", "net.yaml", "--against", "costs.json"]):
        refused = run(*words, *options)
        assert (refused.code, refused.out) == (2, "")
        assert refused.err == f"error: net.yaml is counted with {fact}\n"


SNAPSHOTS = {
    "": "cannot read the snapshot 'costs.json': it is no JSON",
    "[" * 100_000: "cannot read the snapshot 'costs.json': it is no JSON",
    "[]": "'costs.json' is no snapshot",
    '{"schema": "cnncost.snapshot/2", "models": []}': "'costs.json' is no snapshot",
    '{"schema": "cnncost.snapshot/1", "models": [3]}': "'costs.json' is no snapshot",
    '{"schema": "cnncost.snapshot/1", "models": [{"model": "x", "total": {}, "layers": []}]}': "'costs.json' is no snapshot",
    '{"schema": "cnncost.table/1", "model": "x"}': "'costs.json' is no snapshot",
}


@pytest.mark.parametrize("text", SNAPSHOTS, ids=range(len(SNAPSHOTS)))
def test_what_is_no_snapshot(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "costs.json").write_text(text)
    refused = run("diff", "costs.json", "resnet18")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == f"error: {SNAPSHOTS[text]}\n  write one: cnncost snapshot MODEL… -o costs.json\n"


@examples(300)
@given(st.lists(st.integers(0, 2**16), min_size=1, max_size=6), st.sampled_from([None, "x", -1, 1.5, [], {}, True, 10**30]))
def test_no_snapshot_is_a_traceback(way: list[int], value: Any) -> None:
    """A snapshot with one value replaced, anywhere: it is compared, or refused."""
    data: Any = json.loads(json.dumps(chain([(4, 3), (8, 1)])))
    place = data
    for step in way:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = keys[step % len(keys)]
        if isinstance(place[key], (dict, list)) and place[key] and step is not way[-1]:
            place = place[key]
        else:
            place[key] = value
            break
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "costs.json"
        path.write_text(json.dumps(data))
        with contextlib.suppress(CnncostError):
            (kept,) = history.read_snapshot(str(path)).values()
            difference(kept, chain([(4, 3)])).table()
            difference(chain([(4, 3)]), kept).table().text()


def test_a_snapshot_of_several_does_not_guess(run: Run) -> None:
    run("snapshot", "resnet18", "resnet34", "-o", "costs.json")
    refused = run("diff", "costs.json", "resnet50")
    assert refused.err == (
        "error: 'costs.json' does not say which model is meant: it has resnet18, resnet34\n"
        "  name one of them on the other side\n"
    )


def test_every_quantity_of_layers_sums_to_its_total() -> None:
    """What sorting and weighing rely on."""
    data = costs(analyze("resnet18"), "resnet18")
    for quantity in QUANTITIES.values():
        if quantity.layers:
            assert sum(layer[quantity.layers] for layer in data["layers"]) == data["total"][quantity.key]
