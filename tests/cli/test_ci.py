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

from cnncost.models.importers import READERS

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


@pytest.fixture(scope="session", params=["in place", pytest.param("installed", marks=pytest.mark.installing)])
def installed(tool: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """The action after its first step, which installs; every day what is installed here already stands in its place."""
    temp = tmp_path_factory.mktemp("runner")
    runner = Runner(tool / ".github" / "actions" / "cnncost" / "action.yml", temp, temp)
    if request.param == "in place":
        (temp / "cnncost").symlink_to(sys.prefix)
        return runner
    request.getfixturevalue("packages")
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
    assert "309 params, +3.00%25 from 300: 6 above the 303 that a growth of 1%25 allows" in done.stdout
    assert runner.run(steps=CHECK, models="specs/net.yaml", against="main").returncode == 0
    assert "fatal" in runner.run(steps=CHECK, models="specs/net.yaml", against="nowhere").stdout


GROWING = SPEC.replace(
    "layers: [conv: {out: 100, kernel: 1, bias: false}]",
    """\
layers:
  stem: [conv: {out: 50, kernel: 1, bias: false}]
  body:
    - conv: {out: 3, kernel: 1, bias: false}
  head: [global_avg_pool, linear: 10]""",
)


def pull_request(repository: Path, folder: Path) -> tuple[Path, str]:
    """A pull request that widens the stem from 50 to 52 filters, in a clone of its last commit, as at GitHub; its base."""
    (repository / "specs" / "net.yaml").write_text(GROWING)
    base = commit(repository, "base")
    git(repository, "config", "uploadpack.allowAnySHA1InWant", "true")
    (repository / "specs" / "net.yaml").write_text(GROWING.replace("50", "52"))
    commit(repository, "heavier")
    git(folder, "clone", "--quiet", "--depth=1", repository.as_uri(), "clone")
    return folder / "clone", base


def test_a_heavier_pull_request_reads_well(action: Runner, repository: Path, tmp_path: Path) -> None:
    """150 + 150 + 40 parameters become 156 + 156 + 40: 3.53 % more, half of it in the stem and half in the body."""
    clone, base = pull_request(repository, tmp_path)
    runner = Runner(action.action, clone, action.temp)
    done = runner.run(base=base, steps=CHECK, models="specs/net.yaml")
    assert done.returncode == 1, done.stdout
    assert "352 params, +3.53% from 340: 9 above the 343 that a growth of 1% allows" in done.stdout
    assert "  by stage: stem +6 (50.0%), body +6 (50.0%)\n" in done.stdout
    assert (
        "\n::error file=specs/net.yaml,line=4,col=10,title=cnncost%3A params over budget::" in done.stdout
    )  # the stem's filters
    summary = action.summary.read_text(encoding="utf-8")
    assert "### What changed: specs/net.yaml\n" in summary
    assert re.search(r"^\| stem +\| +1 \| +\\\+384 \| +\\\+6 ", summary, flags=re.MULTILINE)  # 2 filters of 3 on 8×8
    assert summary.count("```mermaid\nflowchart TD") == 1
    typed = re.search(r"what changed: cnncost (diff \S+ \S+)", done.stdout)
    assert typed
    assert typed[1] == f"diff {base}:specs/net.yaml specs/net.yaml"
    shown = cnncost(clone, *typed[1].split(), "--depth", "1")
    assert shown.returncode == 0, shown.stdout
    assert re.search(r"^params +340 +352 +\+12 +\+3.53%$", shown.stdout, flags=re.MULTILINE)


def cnncost(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program as somebody who types it."""
    env = {**os.environ, "NO_COLOR": "1", "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    command = [sys.executable, "-m", "cnncost", *words]
    return subprocess.run(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_a_function_is_annotated_where_it_begins(repository: Path) -> None:
    """The limit is written elsewhere: a reviewer looks at the code."""
    (repository / "nets.py").write_text("\n\ndef net(x):\n    return x.conv(100, 1)\n")
    done = cnncost(repository, "check", "nets:net --input 3,8,8", "--max-params", "10", "--format", "github")
    assert done.returncode == 1
    assert "\n::error file=nets.py,line=3,col=1,title=cnncost%3A params over budget::" in done.stdout


def test_a_monorepo(action: Runner, repository: Path) -> None:
    """Configurations in subfolders: named where none is at the top, read for their specs, and found by `working-directory`."""
    for team, most in (("teamA", "310"), ("teamB", "200")):
        (repository / team / "specs").mkdir(parents=True)
        (repository / team / "specs" / "net.yaml").write_text(SPEC.split("budget")[0])
        (repository / team / "cnncost.toml").write_text(f'models = ["specs/*.yaml"]\n[budget."*"]\nparams = "{most}"\n')
    done = cnncost(repository, "check")
    assert done.returncode == 2
    assert "no model to check here; there are limits in teamA/cnncost.toml, teamB/cnncost.toml" in done.stdout
    remedy = re.search(r"cnncost (check --config \S+)", done.stdout)
    assert remedy
    done = cnncost(repository, *remedy[1].split())
    assert (
        done.returncode,
        bool(re.search("^ok +teamA/specs/net.yaml +params +300 +310 ", done.stdout, flags=re.MULTILINE)),
    ) == (0, True)
    done = cnncost(repository, "check", "teamA/specs/net.yaml", "teamB/specs/net.yaml")
    assert done.returncode == 1
    assert "over: teamB/specs/net.yaml: 300 params, 100 above the limit of 200 (teamB/cnncost.toml:3)" in done.stdout
    done = action.run(steps=CHECK, **{"working-directory": "teamB"})
    assert done.returncode == 1
    assert "\n::error file=teamB/specs/net.yaml,line=3," in done.stdout  # not the configuration, which nobody changed


def test_without_history(repository: Path, tmp_path: Path) -> None:
    """What a teammate is told whose clone has not what growth is measured from; each remedy is typed, and leads on."""
    check = ("check", "specs/net.yaml", "--against")
    clone, base = pull_request(repository, tmp_path)
    done = cnncost(clone, *check, "origin/release")
    assert done.returncode == 2
    git(repository, "branch", "release", base)
    done = cnncost(clone, *check, "origin/release")
    assert "error: git knows no commit, branch or tag 'origin/release'\n" in done.stdout
    remedy = re.search(r"this clone is shallow: git (fetch .*), and then FETCH_HEAD", done.stdout)
    assert remedy
    git(clone, *remedy[1].split())
    done = cnncost(clone, *check, "FETCH_HEAD")
    assert (done.returncode, "+3.53% from 340" in done.stdout) == (1, True)
    done = cnncost(clone, *check, "mian")
    assert "did you mean 'main'?" in done.stdout
    assert cnncost(clone, *check, "main").returncode == 1  # over: 352 > 310
    empty = tmp_path / "empty"
    (empty / "specs").mkdir(parents=True)
    (empty / "specs" / "net.yaml").write_text(GROWING.replace("max: 310, ", ""))
    done = cnncost(empty, *check, "main")
    assert "is in no git repository\n  without git: cnncost snapshot MODEL… -o costs.json" in done.stdout
    assert cnncost(empty, "snapshot", "specs/net.yaml", "-o", "costs.json").returncode == 0
    assert cnncost(empty, *check, "costs.json").returncode == 0
    git(empty, "init", "--quiet", "--initial-branch=main")
    assert "there is no commit yet: commit first" in cnncost(empty, *check, "main").stdout
    commit(empty, "first")
    assert cnncost(empty, *check, "main").returncode == 0


def test_action_draws_the_models(action: Runner, repository: Path) -> None:
    page = action.temp / "cnncost-report.html"
    page.unlink(missing_ok=True)
    grow(repository, 104)  # over budget: the page is there all the same
    done = action.run(steps=CHECK, models="specs/*.yaml\nresnet18\n")
    assert done.returncode == 1
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    summary = action.summary.read_text(encoding="utf-8")
    assert summary.count("```mermaid\nflowchart TD") == 2  # folded
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


@pytest.mark.installing
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
    assert all(matches(f"net{suffix}") for _, suffixes in READERS.values() for suffix in suffixes)
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
    assert (code, finding["location"]) == (1, {"path": "specs/net.yaml", "lines": {"begin": 3}})  # the line that was changed
    assert "309 params, +3.00% from 300: 6 above the 303" in finding["description"]


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
