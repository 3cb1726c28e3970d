"""Earlier versions of files come from git alone, whatever lies on the disk, and a failure of git is no absence."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cnncost.base import git
from cnncost.base.errors import UsageError
from cnncost.base.git import NotInGitError, text_at
from cnncost.models.load import load

SPEC = "cnncost: 1\nname: net\ninput: [3, 32, 32]\nlayers:\n  - conv: {out: %d, kernel: 3}\n"


def run(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    (folder / "specs").mkdir(parents=True)
    (folder / "specs" / "net.yaml").write_text(SPEC % 64)
    (folder / "specs" / "link.yaml").symlink_to("net.yaml")
    (folder / "specs" / "ünï.yaml").write_text(SPEC % 8)
    run(tmp_path, "init", "-q", "-b", "main", "work")
    run(folder, "add", "-A")
    run(folder, "commit", "-q", "-m", "first")
    monkeypatch.chdir(folder)
    git._commit.cache_clear()
    return folder


def test_a_file_of_that_name_is_never_read(repository: Path) -> None:
    planted = repository / "main:specs"
    planted.mkdir()
    (planted / "net.yaml").write_text(SPEC % 4096)
    assert text_at("main", "specs/net.yaml") == SPEC % 64
    assert load("main:specs/net.yaml").trace().output[0] == 64
    assert load("./main:specs/net.yaml").trace().output[0] == 4096


def test_a_link_of_today_is_not_followed(repository: Path) -> None:
    """A change that turns a file into a link to a heavier one would else be measured from that one."""
    (repository / "specs" / "big.yaml").write_text(SPEC % 4096)
    run(repository, "add", "-A")
    run(repository, "commit", "-q", "-m", "second")
    (repository / "specs" / "net.yaml").unlink()
    (repository / "specs" / "net.yaml").symlink_to("big.yaml")
    assert text_at("main", "specs/net.yaml") == SPEC % 64


def test_paths_are_those_of_the_work_tree(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(repository / "specs")
    assert (
        text_at("main", "net.yaml")
        == text_at("main", "../specs/net.yaml")
        == text_at("main", str(repository / "specs/net.yaml"))
    )
    assert text_at("main", "ünï.yaml") == SPEC % 8
    elsewhere = tmp_path / "elsewhere"
    elsewhere.symlink_to(repository)
    monkeypatch.chdir(elsewhere)
    assert text_at("HEAD", "specs/net.yaml") == SPEC % 64


REFUSED: dict[tuple[str, str], tuple[type[UsageError], str]] = {
    ("main", "specs/link.yaml"): (UsageError, "'specs/link.yaml' is a symbolic link at main"),
    ("main", "specs"): (UsageError, "'specs' is a folder at main"),
    ("main", "specs/none.yaml"): (NotInGitError, "'specs/none.yaml' is not in main"),
    ("main", "specs/*.yaml"): (NotInGitError, "'specs/*.yaml' is not in main"),
    ("main", ":(top)specs/net.yaml"): (NotInGitError, "':(top)specs/net.yaml' is not in main"),
    ("nope", "specs/net.yaml"): (UsageError, "git knows no commit, branch or tag 'nope'"),
    ("--output=x", "specs/net.yaml"): (UsageError, "git knows no commit, branch or tag '--output=x'"),
    ("", "specs/net.yaml"): (UsageError, "git knows no commit, branch or tag ''"),
}


@pytest.mark.parametrize(("ref", "path"), REFUSED)
def test_refusals(repository: Path, ref: str, path: str) -> None:
    kind, message = REFUSED[ref, path]
    with pytest.raises(UsageError) as error:
        text_at(ref, path)
    assert (type(error.value), error.value.message) == (kind, message)
    assert not (repository / "x").exists()


def test_outside_of_the_repository(repository: Path) -> None:
    with pytest.raises(UsageError) as error:
        text_at("main", "../outside.yaml")
    assert error.value.message == f"'{repository.parent}' is in no git repository"


def promisor(repository: Path, folder: Path, uploader: str = "") -> Path:
    """Return a clone that has the trees and lacks the files: its remote has promised them."""
    run(repository, "config", "uploadpack.allowFilter", "true")
    run(folder, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{repository}", "partial")
    clone = folder / "partial"
    if uploader:
        run(clone, "config", "remote.origin.uploadpack", uploader)
    (clone / "specs").mkdir()
    return clone


def test_nothing_is_fetched_and_a_failure_is_no_absence(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = promisor(repository, tmp_path, f"touch {tmp_path}/ran; git-upload-pack")
    monkeypatch.chdir(clone)
    with pytest.raises(UsageError, match=r"git cannot read 'specs/net.yaml' at origin/main") as error:
        text_at("origin/main", "specs/net.yaml")
    assert not isinstance(error.value, NotInGitError)
    assert not (tmp_path / "ran").exists()
    with pytest.raises(NotInGitError):
        text_at("origin/main", "specs/none.yaml")


def test_without_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match=r"git cannot be run"):
        text_at("main", "specs/net.yaml")
