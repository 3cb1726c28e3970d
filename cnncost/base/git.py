"""Files as they were at a commit, branch or tag of git."""

from __future__ import annotations

import functools
import os

from cnncost.base.errors import UsageError


class NotInGitError(UsageError):
    """A file that was not there at a commit."""


def text_at(ref: str, path: str) -> str:
    """Return the text of a file as it was at a commit, branch or tag; the path is that of today.

    Raises NotInGitError where it was not there, UsageError where there is no git, no repository or no such ref.
    """
    folder = os.path.dirname(os.path.abspath(path))
    while not os.path.isdir(folder):  # one that has been removed since
        folder = os.path.dirname(folder)
    commit, top = _commit(folder, ref)
    inside = os.path.relpath(os.path.realpath(path), top).replace(os.sep, "/")
    text = _git(folder, "cat-file", "blob", f"{commit}:{inside}")
    if text is None:
        raise NotInGitError(f"'{path}' is not in {ref}", f"see what is: git ls-tree -r --name-only {ref}")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"'{path}' at {ref} is no text in UTF-8", "compare with another version") from None


@functools.cache  # the same for all specs of a folder
def _commit(folder: str, ref: str) -> tuple[str, str]:
    """Return the commit that a ref names, and the top of its work tree."""
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top is None:
        raise UsageError(f"'{folder}' is in no git repository", "without git: cnncost snapshot MODEL… -o costs.json")
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}") if ref else None
    if commit is None:
        hint = "a shallow clone lacks it: git fetch --depth=1 origin BRANCH, and then FETCH_HEAD"
        raise UsageError(f"git knows no commit, branch or tag '{ref}'", hint)
    return commit.decode().strip(), os.path.realpath(top.decode().rstrip("\n"))


def _git(folder: str, *words: str) -> bytes | None:
    """Return what a git command prints, None where it fails."""
    import subprocess

    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, check=False)
    except OSError:
        raise UsageError("git cannot be run", "install it, or compare with a file of cnncost snapshot") from None
    return done.stdout if done.returncode == 0 else None
