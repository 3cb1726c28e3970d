"""What CI runs, run for real: the action's steps as the shell they are, the hook by pre-commit, the documented jobs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github" / "actions" / "cnncost" / "action.yml"
GUIDE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
SHIPPED = ("cnncost", ".github", ".pre-commit-hooks.yaml", "pyproject.toml", "README.md", "LICENSE")

SPEC = """\
cnncost: 1
input: [3, 8, 8]
layers: [conv: {out: 100, kernel: 1, bias: false}]
budget:
  params: {max: 310, growth: 1%}
"""

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="these are POSIX shell scripts"),
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
]


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, message: str) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--no-verify", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A project with a spec and its budget, under git."""
    folder = tmp_path / "project"
    (folder / "specs").mkdir(parents=True)
    (folder / "specs" / "net.yaml").write_text(SPEC)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "first")
    return folder


def grow(folder: Path, width: int) -> None:
    (folder / "specs" / "net.yaml").write_text(SPEC.replace("100", str(width)))


@pytest.fixture(scope="session")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project as others get it: a git repository with a commit."""
    folder = tmp_path_factory.mktemp("tool") / "cnncost"
    folder.mkdir()
    for name in SHIPPED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "as it is")
    return folder


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips where there is no package index to install from."""
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "hatchling>=1.27"]
    done = subprocess.run(words, cwd=tmp_path_factory.mktemp("download"), capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"installing needs a package index: {done.stderr.strip().splitlines()[-1:]}")


def shell(script: str, folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a step as GitHub's `shell: bash` does."""
    words = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(words, cwd=folder, env=dict(env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


# ── the action ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Runner:
    """Runs the steps of the action in a folder, with the expressions replaced as GitHub does."""

    def __init__(self, action: Path, folder: Path, temp: Path) -> None:
        self.action, self.folder, self.temp = action, folder, temp
        self.summary = temp / "summary.md"

    def run(self, base: str = "0" * 40, steps: slice = slice(None), **inputs: str) -> subprocess.CompletedProcess[str]:
        described = yaml.safe_load(self.action.read_text(encoding="utf-8"))
        assert inputs.keys() <= described["inputs"].keys()
        known = {
            "github.action_path": str(self.action.parent),
            "github.event.pull_request.base.sha || github.event.before": base,
            "steps.page.outputs.artifact-url": "https://example.org/page",
        }
        for name, declared in described["inputs"].items():
            known[f"inputs.{name}"] = inputs.get(name, self.filled(declared["default"], known))
        env = {**os.environ, "RUNNER_TEMP": str(self.temp), "GITHUB_STEP_SUMMARY": str(self.summary), "NO_COLOR": "1"}
        env["GITHUB_WORKSPACE"] = str(self.folder)
        env.pop("PYTHONPATH", None)
        output, code = "", 0
        for step in described["runs"]["steps"][steps]:
            if "uses" in step or (code and "!cancelled()" not in step.get("if", "")):
                continue
            if "inputs.report" in step.get("if", "") and known["inputs.report"] != "true":
                continue
            assert step["shell"] == "bash"
            assert "${{" not in step["run"]  # an expression in a script is an injection
            own = {name: self.filled(value, known) for name, value in step.get("env", {}).items()}
            where = self.folder / self.filled(step.get("working-directory", "."), known)
            done = shell(step["run"], where, env | own)
            output += done.stdout
            code = code or done.returncode
        return subprocess.CompletedProcess("action", code, output)

    @staticmethod
    def filled(text: str, known: Mapping[str, str]) -> str:
        return re.sub(r"\$\{\{ *([\w.| -]+?) *\}\}", lambda match: known[match.group(1)], text)


@pytest.fixture(scope="session")
def installed(tool: Path, packages: None, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """The action after its first step, which installs."""
    temp = tmp_path_factory.mktemp("runner")
    runner = Runner(tool / ".github" / "actions" / "cnncost" / "action.yml", temp, temp)
    done = runner.run(steps=slice(0, 1))
    assert done.returncode == 0, done.stdout
    return runner


@pytest.fixture
def action(installed: Runner, repository: Path) -> Iterator[Runner]:
    yield Runner(installed.action, repository, installed.temp)
    installed.summary.unlink(missing_ok=True)


CHECK = slice(1, None)


def test_action(action: Runner, repository: Path) -> None:
    done = action.run(steps=CHECK, models="specs/*.yaml\nresnet18\n", options="--max-params=12M")
    assert done.returncode == 0, done.stdout
    assert "\n3 limits kept, 1 not checked (allowed)" in done.stdout
    assert "::error" not in done.stdout
    grow(repository, 104)
    done = action.run(steps=CHECK, models="specs/*.yaml", **{"working-directory": "."})
    assert done.returncode == 1
    assert (
        "\n::error file=specs/net.yaml,line=5,col=3,title=cnncost%3A params over budget::specs/net.yaml: 312 params, 2 above"
        in (done.stdout)
    )
    assert re.search(r"\| over +\| specs/net.yaml \| params +\| +312 \| +310 \|", action.summary.read_text())
    done = action.run(steps=CHECK, models="net.yaml", **{"working-directory": "specs"})
    assert "\n::error file=specs/net.yaml,line=5," in done.stdout


def test_action_in_a_pull_request(action: Runner, repository: Path, tmp_path: Path) -> None:
    """The checkout is shallow and the base is fetched; 309 parameters are within the budget, and 3 % more than the base has."""
    base = git(repository, "rev-parse", "HEAD")
    git(repository, "config", "uploadpack.allowAnySHA1InWant", "true")  # as at GitHub
    grow(repository, 103)
    commit(repository, "second")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", repository.as_uri(), "clone")
    runner = Runner(action.action, clone, action.temp)
    done = runner.run(base=base, steps=CHECK, models="specs/net.yaml")
    assert done.returncode == 1, done.stdout
    assert "309 params, 6 above the 303 that a growth of 1%25 from 300 allows" in done.stdout
    assert runner.run(steps=CHECK, models="specs/net.yaml", against="main").returncode == 0
    assert "fatal" in runner.run(steps=CHECK, models="specs/net.yaml", against="nowhere").stdout


def test_action_draws_the_models(action: Runner, repository: Path) -> None:
    page = action.temp / "cnncost-report.html"
    page.unlink(missing_ok=True)
    grow(repository, 104)  # over budget: the page is there all the same
    done = action.run(steps=CHECK, models="specs/*.yaml\nresnet18\n")
    assert done.returncode == 1
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    summary = action.summary.read_text(encoding="utf-8")
    assert summary.count("```mermaid\nflowchart TD") == 2
    assert "<details><summary>specs/net.yaml</summary>" in summary
    assert "[The page about these models](https://example.org/page)" in summary
    page.unlink()
    assert action.run(steps=CHECK, models="specs/*.yaml", report="false").returncode == 1
    assert not page.exists()
    commit(repository, "second")
    assert action.run(steps=CHECK, models="specs/net.yaml", against="HEAD~1").returncode == 1
    assert "net.yaml → specs/net.yaml" in page.read_text(encoding="utf-8")


def test_action_takes_inputs_as_text(action: Runner, repository: Path) -> None:
    done = action.run(steps=CHECK, models="$(touch stolen)`touch stolen`; touch stolen\n", options='"; touch stolen #')
    assert done.returncode == 2
    assert not (repository / "stolen").exists()


# ── the hook ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.skipif(
    shutil.which("pre-commit", path=str(Path(sys.executable).parent)) is None, reason="pre-commit is not installed"
)
def test_hook(tool: Path, packages: None, repository: Path, tmp_path: Path) -> None:
    hook = {"id": "cnncost-check", "args": ["--against=HEAD", "specs/*.yaml"]}
    source = {"repo": str(tool), "rev": git(tool, "rev-parse", "HEAD"), "hooks": [hook]}
    (repository / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [source]}))
    git(repository, "add", ".")
    env = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "home"), "PRE_COMMIT_COLOR": "never"}
    env.pop("PYTHONPATH", None)

    def pre_commit(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / "pre-commit"), *words]
        return subprocess.run(command, cwd=repository, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    passed = pre_commit("run", "--all-files")
    assert passed.returncode == 0, passed.stdout
    assert re.search(r"^cnncost check\.+Passed$", passed.stdout, flags=re.MULTILINE)
    installed = pre_commit("install")
    assert installed.returncode == 0, installed.stdout
    grow(repository, 104)
    git(repository, "add", ".")
    words = ["git", "-c", "user.name=n", "-c", "user.email=n@example.org", "commit", "-m", "too much"]
    refused = subprocess.run(words, cwd=repository, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert refused.returncode == 1
    assert "over: specs/net.yaml: 312 params, 2 above the limit of 310 (specs/net.yaml:5)" in refused.stdout
    assert git(repository, "log", "--oneline").count("\n") == 0  # nothing was committed


def test_hook_runs_where_limits_or_networks_change() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    matches = re.compile(hook["files"]).search
    assert all(map(matches, ["specs/a.yaml", "a.yml", "pyproject.toml", "sub/cnncost.toml", "nets.py"]))
    assert not any(map(matches, ["README.md", "notpyproject.toml", "yaml"]))


# ── the documented jobs ──────────────────────────────────────────────────────────────────────────────────────────────

BLOCKS = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)]


def block(key: str) -> dict[str, Any]:
    (found,) = [each for each in BLOCKS if key in each]
    return dict(found)


def test_documented_workflow_fits_the_action() -> None:
    action = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    steps = block("jobs")["jobs"]["budget"]["steps"]
    (step,) = [step for step in steps if "cnncost" in step["uses"]]
    path, _, _ = step["uses"].partition("@")
    assert ROOT.joinpath(*path.split("/")[2:]) == ACTION.parent
    assert step["with"].keys() <= action["inputs"].keys()
    named = set(re.findall(r"`(\w[\w-]*)`", GUIDE[GUIDE.index("All inputs are optional") :].partition(". Without")[0]))
    assert named == action["inputs"].keys()


def test_documented_workflow_runs(action: Runner) -> None:
    (step,) = [step for step in block("jobs")["jobs"]["budget"]["steps"] if "cnncost" in step["uses"]]
    done = action.run(steps=CHECK, **step["with"])
    assert done.returncode == 0, done.stdout


def test_documented_gitlab_job_runs(repository: Path, tmp_path: Path) -> None:
    """All of its script but the installation; GitLab runs the lines as one script of sh."""
    (job,) = [each["budget"] for each in BLOCKS if "script" in each.get("budget", {})]
    install, check = job["script"]
    assert install.startswith("pip install")
    base = git(repository, "rev-parse", "HEAD")
    git(repository, "remote", "add", "origin", repository.as_uri())
    git(repository, "config", "uploadpack.allowAnySHA1InWant", "true")
    (repository / "cnncost.toml").write_text('models = ["specs/*.yaml"]\n')
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "CI_MERGE_REQUEST_DIFF_BASE_SHA": "", "CI_PROJECT_DIR": str(repository)}

    def run(**more: str) -> tuple[int, list[Any]]:
        done = subprocess.run(["sh", "-e", "-c", check], cwd=repository, env=env | more, capture_output=True, text=True)
        report = repository / job["artifacts"]["reports"]["codequality"]
        return done.returncode, json.loads(report.read_text())

    code, (told,) = run()
    assert (code, told["severity"]) == (0, "minor")  # the default branch has nothing to be held against
    grow(repository, 103)
    assert run()[0] == 0
    code, (finding,) = run(CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    assert (code, finding["location"]) == (1, {"path": "specs/net.yaml", "lines": {"begin": 5}})
    assert "309 params, 6 above the 303" in finding["description"]


def test_documented_hook_exists() -> None:
    (source,) = block("repos")["repos"]
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert {hook["id"] for hook in source["hooks"]} <= {hook["id"] for hook in hooks}


def test_documented_configuration(repository: Path) -> None:
    """The guide's example of [tool.cnncost], word for word."""
    text = re.search(r"^```toml\n(.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)
    assert text
    (repository / "pyproject.toml").write_text(text.group(1))
    (repository / "specs" / "big.yaml").write_text(SPEC)
    done = subprocess.run(
        [sys.executable, "-m", "cnncost", "check", "--against", "HEAD", "--allow-new", "--format", "json"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [(each["model"], each["quantity"], each["limit"]) for each in json.loads(done.stdout)["results"]]
    assert ("specs/big.yaml", "params", 60_000_000) in found
    assert ("specs/net.yaml", "params", 30_000_000) in found
    assert [entry for entry in found if entry[0] == "resnet18"] == [("resnet18", "params", 30_000_000)]
