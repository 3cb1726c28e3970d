"""What a change could do to be let through, and what an unlucky user could miss: each attempt is refused, or told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from support import Result, command

from cnncost.base import git
from cnncost.cli import cli, options
from cnncost.questions.check.config import models_of
from cnncost.questions.check.history import read_snapshot

NET = "cnncost: 1\nname: net\ninput: [3, 32, 32]\nparams: {w: 64}\nlayers:\n  - conv: {out: w, kernel: 3}\n"  # 28·w parameters
GROWTH = "budget: {params: {growth: 0}}\n"


def run_git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository whose main branch holds specs/net.yaml, which may not grow."""
    folder = tmp_path / "work"
    (folder / "specs").mkdir(parents=True)
    (folder / "specs" / "net.yaml").write_text(NET + GROWTH)
    run_git(tmp_path, "init", "-q", "-b", "main", "work")
    run_git(folder, "add", "-A")
    run_git(folder, "commit", "-q", "-m", "first")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    for cache in (git._commit, read_snapshot):
        cache.cache_clear()
    yield folder
    for cache in (git._commit, read_snapshot):
        cache.cache_clear()


def states(result: Result) -> list[tuple[str, str]]:
    return [(found["state"], found["kind"]) for found in json.loads(result.out)["results"]]


def check(*words: str) -> Result:
    return command("check", *words, "--format", "json")


def test_a_planted_base_is_not_read(work: Path) -> None:
    (work / "main:specs").mkdir()
    (work / "main:specs" / "net.yaml").write_text(NET.replace("w: 64", "w: 6400") + GROWTH)
    (work / "specs" / "net.yaml").write_text(NET.replace("w: 64", "w: 640") + GROWTH)
    assert check("specs/net.yaml", "--against", "main").code == 1


def test_a_rename_does_not_shed_a_limit(work: Path) -> None:
    run_git(work, "mv", "specs/net.yaml", "specs/other.yaml")
    refused = check("specs/other.yaml", "--against", "main")
    assert (refused.code, states(refused)) == (2, [("unchecked", "growth")])
    assert check("specs/other.yaml", "--against", "main", "--allow-new").code == 0


def test_growth_alone_without_a_base_checks_nothing(work: Path) -> None:
    refused = check("specs/net.yaml")
    assert (refused.code, json.loads(refused.out)["ok"]) == (2, False)


@pytest.mark.parametrize(
    ("label", "folder"),
    [("./specs/net.yaml", "."), ("{work}/specs/net.yaml", "."), ("net.yaml", "specs"), ("../specs/net.yaml", "specs")],
)
def test_labels_of_snapshots_are_paths(work: Path, monkeypatch: pytest.MonkeyPatch, label: str, folder: str) -> None:
    assert command("snapshot", "specs/net.yaml", "-o", "costs.json").code == 0
    snapshot = str(work / "costs.json")
    monkeypatch.chdir(work / folder)
    label = label.format(work=work)
    assert states(check(label, "--against", snapshot)) == [("ok", "growth")]
    (work / "specs" / "net.yaml").write_text(NET.replace("w: 64", "w: 65") + GROWTH)
    assert check(label, "--against", snapshot).code == 1


def test_a_snapshot_without_the_model(work: Path) -> None:
    assert command("snapshot", "resnet18", "-o", "costs.json").code == 0
    refused = command("check", "specs/net.yaml", "--against", "costs.json")
    assert refused.code == 2
    assert "growth of params is not checked: 'costs.json' does not have it (it has resnet18)" in refused.out


def test_a_network_of_the_zoo_is_the_one_that_the_ref_configures(work: Path) -> None:
    text = 'models = ["%s"]\n[budget.resnet18]\nparams = {growth = 0}\n'
    (work / "cnncost.toml").write_text(text % "resnet18 --set width=32")
    assert models_of((work / "cnncost.toml").read_text()) == ["resnet18 --set width=32"]
    assert states(check("--against", "main")) == [("unchecked", "growth")]  # main has no configuration
    run_git(work, "add", "-A")
    run_git(work, "commit", "-q", "-m", "configured")
    git._commit.cache_clear()
    assert states(check("--against", "main")) == [("ok", "growth")]
    (work / "cnncost.toml").write_text(text % "resnet18")
    found = check("--against", "main")
    assert (found.code, states(found)) == (1, [("over", "growth")])
    assert (
        json.loads(found.out)["results"][0]["before"]
        == json.loads(command("table", "resnet18", "--set", "width=32", "--format", "json").out)["total"]["params"]
    )


def test_code_has_no_past(work: Path) -> None:
    (work / "nets.py").write_text("def net(x):\n    return x.conv(8, 3)\n")
    (work / "cnncost.toml").write_text('models = ["nets:net --input 3,8,8"]\n[budget."*"]\nparams = {growth = 0}\n')
    refused = command("check", "--against", "main")
    assert refused.code == 2
    assert "growth of params is not checked: code of an earlier commit is not run" in refused.out


CONFIGURATIONS: dict[str, str] = {
    # a table that holds none of the models
    'models = ["resnet18"]\n[budget.resnet18]\nparams = "30M"\n[budget."specs/net.yaml"]\nparams = 1\n': (
        "cnncost.toml:4:1: the budget of 'specs/net.yaml' holds none of the models that are checked"
    ),
    "[budget.resnet18]\nparams = \"30M\"\n[budget.resnet18.flops]\ngrowth = '1%'\n": "a limit was not checked: nothing to",
}


@pytest.mark.parametrize("text", CONFIGURATIONS)
def test_configured_budgets_are_enforced_or_refused(work: Path, text: str) -> None:
    (work / "cnncost.toml").write_text(text)
    refused = command("check")
    assert refused.code == 2
    assert refused.err.startswith(f"error: {CONFIGURATIONS[text]}")


PROJECTS = {
    "[tool.cnncosts]\nmodels = []\n": "pyproject.toml:1:1: 'tool.cnncosts' configures nothing",
    "[tool.other]\nx = 1\n[cnncost.budget.resnet18]\nparams = 1\n": "pyproject.toml:3:1: 'cnncost' configures nothing",
    "[tool]\ncnncost = 5\n": "pyproject.toml:2:1: tool.cnncost is no table",
    "[tool]\ncnncost = false\n": "pyproject.toml:2:1: tool.cnncost is no table",
    "[tool]\ncnncost = []\n": "pyproject.toml:2:1: tool.cnncost is no table",
    "[tool]\ncnncost = 2001-01-01\n": "pyproject.toml:2:1: tool.cnncost is no table",
    "[[tool.cnncost]]\nx = 1\n": "pyproject.toml:1:1: tool.cnncost is no table",
}


@pytest.mark.parametrize("text", PROJECTS)
def test_tables_that_are_misspelt(work: Path, text: str) -> None:
    (work / "pyproject.toml").write_text(text)
    refused = command("check", "resnet18", "--max-params", "12M")
    assert (refused.code, refused.err.splitlines()[0]) == (2, f"error: {PROJECTS[text]}")


def test_a_bare_name_covers_settings(work: Path) -> None:
    (work / "cnncost.toml").write_text(
        'models = ["specs/net.yaml --set w=512", "resnet18 --set width=128"]\n'
        '[budget."specs/net.yaml"]\nparams = 1\n[budget.resnet18]\nparams = 2\n'
    )
    limits = [(found["limit"], found["state"]) for found in json.loads(check().out)["results"] if found["kind"] == "max"]
    assert limits == [(1, "over"), (2, "over")]


def test_a_folder_holds_its_own_specs(work: Path) -> None:
    """A configuration in the spec's folder holds beside that of the folder above, and takes nothing away from it."""
    (work / "specs" / "net.yaml").write_text(NET)
    (work / "cnncost.toml").write_text('[budget."*"]\nparams = 1\n')
    (work / "specs" / "cnncost.toml").write_text('[budget."net.yaml"]\nparams = "1M"\nflops = 2\n')
    found = json.loads(check("specs/net.yaml").out)["results"]
    assert [(each["quantity"], each["limit"], each["state"], each["file"]) for each in found] == [
        ("params", 1, "over", "cnncost.toml"),
        ("params", 1_000_000, "ok", "specs/cnncost.toml"),
        ("flops", 2, "over", "specs/cnncost.toml"),
    ]
    assert "limits read from cnncost.toml, specs/cnncost.toml" in command("check", "specs/net.yaml").out


def test_limits_merge_by_key(work: Path) -> None:
    (work / "cnncost.toml").write_text(
        '[budget."*"]\nparams = 1\n[budget.resnet18]\nparams = {warn = "1k"}\n[budget."resnet1*"]\nparams = {warn = 3}\n'
    )
    found = json.loads(check("resnet18").out)["results"]
    assert [(each["kind"], each["limit"], each["line"]) for each in found] == [("max", 1, 2), ("warn", 3, 6)]


def test_reading_runs_no_code(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (work / "evil.py").write_text("open('ran', 'w').close()\ndef fn(x):\n    return x\n")
    (work / "pyproject.toml").write_text('[tool.cnncost.budget."evil:fn"]\nparams = 1\n')
    assert command("check", "resnet18", "--max-params", "12M").code == 0
    context = click.Context(cli.get_command(click.Context(cli), "table") or cli)
    context.params["model"] = "evil:fn"
    (parameter,) = (each for each in context.command.params if each.name == "settings" or "--set" in each.opts)
    assert options.complete_setting(context, parameter, "") == []
    assert options.complete_unknown(context, parameter, "") == []
    assert not (work / "ran").exists()


@pytest.mark.parametrize("words", ["--max-params=1 --max-params=1G", "--against main --against HEAD"])
def test_an_option_given_twice(work: Path, words: str) -> None:
    refused = command("check", "resnet18", *words.split())
    assert refused.code == 2
    assert refused.err.startswith(f"error: {words.partition('=')[0].split()[0]} is given twice")


def test_a_limit_is_shown_so_that_it_can_be_read(work: Path) -> None:
    told = command("check", "resnet18", "--max-flops", "4k").out
    assert "above the limit of 4,000 (--max-flops)" in told
    assert "0.00" not in told


def test_links_that_lead_in_circles_are_not_followed(work: Path) -> None:
    for name in ("a", "b"):
        (work / name).symlink_to(".")
    found = command("check", "**/*.yaml", "--max-params", "1M", "--against", "main", "--format", "json")
    assert [each["model"] for each in json.loads(found.out)["results"]] == ["specs/net.yaml"] * 2


@pytest.mark.parametrize("what", ["/dev/zero", "pipe", "."])
@pytest.mark.parametrize("option", ["--config", "--against"])
def test_what_is_no_file(work: Path, option: str, what: str) -> None:
    os.mkfifo(work / "pipe")
    path = work / "linked.json"
    path.symlink_to(what)
    refused = command("check", "resnet18", "--max-params", "12M", option, str(path))
    assert refused.code == 2
    assert "it is no file" in refused.err or "is a directory" in refused.err


def snapshot_of(layers: list[dict[str, Any]], **total: int) -> str:
    figures = dict.fromkeys(("params", "flops", "macs", "activation_bytes", "param_bytes", "buffers"), 0)
    layer = {"kind": "conv", "args": {}, "runs": 1, "input": [[3, 8, 8]], "output": [3, 8, 8], **figures}
    head = {"model": "net", "dtype": "float32", "convention": "lecture", "batch": 1, "input": [3, 8, 8]}
    model = {**head, "layers": [{**layer, **each} for each in layers], "total": {**figures, **total}}
    return json.dumps({"schema": "cnncost.snapshot/1", "models": [model]})


@pytest.mark.parametrize(
    "text",
    [snapshot_of([{"name": "conv"}, {"name": "conv"}]), snapshot_of([{"name": "conv"}], params=10**400)],
    ids=["a layer twice", "a figure beyond all measure"],
)
def test_snapshots_that_are_none(work: Path, text: str) -> None:
    (work / "costs.json").write_text(text)
    refused = command("diff", "costs.json", "costs.json")
    assert (refused.code, refused.err.splitlines()[0]) == (2, "error: 'costs.json' is no snapshot")


def test_a_snapshot_that_has_a_model_twice(work: Path) -> None:
    one = json.loads(snapshot_of([{"name": "conv"}]))
    one["models"] *= 2
    (work / "costs.json").write_text(json.dumps(one))
    assert command("diff", "costs.json", "costs.json").err.startswith("error: 'costs.json' has two models 'net'")


def test_nothing_is_imported_for_a_refusal(work: Path) -> None:
    code = """import sys
from cnncost.__main__ import main
sys.argv = ["cnncost", "check", "--against", "main"]
try:
    main()
except SystemExit as ended:
    print(ended.code, *{"numpy", "rich", "tabulate"} & set(sys.modules))
"""
    (work / "cnncost.toml").write_text("[budgets]\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "2\n"
