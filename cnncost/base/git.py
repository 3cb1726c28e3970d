"""Files as they were at a commit, branch or tag of git.

What git is asked comes from outside: names stand behind `--end-of-options`, paths are literal, and nothing is fetched: a
partial clone would run what its remote is configured to run, and a failure of the network must not read as "was not there".
"""

from __future__ import annotations

import functools
import os
import re

from cnncost.base.errors import UsageError, did_you_mean

# GIT_ALLOW_PROTOCOL keeps a git before 2.44, which does not know the other, from fetching.
SAFE = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_LITERAL_PATHSPECS": "1", "GIT_TERMINAL_PROMPT": "0"}
FILES = ("100644", "100755", "100664")  # the modes of regular files; the last is what early versions of git wrote
OTHERS = {"120000": "a symbolic link", "160000": "a submodule", "040000": "a folder"}


class NotInGitError(UsageError):
    """A file that was not there at a commit."""


def text_at(ref: str, path: str) -> str:
    """Return the text of a file as it was at a commit, branch or tag. Raises as `bytes_at`, and for what is no text."""
    try:
        return bytes_at(ref, path).decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"'{path}' at {ref} is no text in UTF-8", "compare with another version") from None


def bytes_at(ref: str, path: str) -> bytes:
    """Return the bytes of a file as it was at a commit, branch or tag; the path is that of today.

    Raises NotInGitError where it was not there, UsageError where there is no git, no repository or no such ref, and where
    what was there is no file or cannot be read.
    """
    folder = os.path.dirname(os.path.abspath(path))
    while not os.path.isdir(folder):  # one that has been removed since
        folder = os.path.dirname(folder)
    commit, top = _commit(folder, ref)
    inside = _inside(path, top)
    listed = _git(top, "ls-tree", "-z", "--full-tree", commit, "--", inside)
    if listed is None:
        raise _unreadable(path, ref)
    entry = next((line for line in listed.decode("utf-8", "surrogateescape").split("\0") if line), "")
    head, _, name = entry.partition("\t")
    if name != inside:
        raise NotInGitError(f"'{path}' is not in {ref}", f"see what is: git ls-tree -r --name-only {ref}")
    mode, _, blob = head.split(" ")
    if mode not in FILES:
        raise UsageError(f"'{path}' is {OTHERS.get(mode, 'no file')} at {ref}", "compare with a version in which it is a file")
    content = _git(top, "cat-file", "blob", blob)
    if content is None:
        raise _unreadable(path, ref)
    return content


def need_commit(ref: str) -> None:
    """Raise UsageError unless the repository of the present folder has such a commit, branch or tag."""
    _commit(os.getcwd(), ref)


def _inside(path: str, top: str) -> str:
    """Return a path as the repository calls it. Links inside the work tree are not followed: a path is what it is called."""
    whole = os.path.abspath(path)
    above = os.path.dirname(whole)
    while os.path.realpath(above) != top:
        if above == os.path.dirname(above):
            raise UsageError(f"'{path}' is not in the work tree of '{top}'", "name a file of the repository")
        above = os.path.dirname(above)
    return os.path.relpath(whole, above).replace(os.sep, "/")


def _unreadable(path: str, ref: str) -> UsageError:
    hint = "a partial or damaged clone lacks it; fetch it: git fetch --refetch, or git clone without --filter"
    return UsageError(f"git cannot read '{path}' at {ref}", hint)


@functools.cache  # the same for all specs of a folder
def _commit(folder: str, ref: str) -> tuple[str, str]:
    """Return the commit that a ref names, and the top of its work tree."""
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top is None:
        raise UsageError(f"'{folder}' is in no git repository", _WITHOUT_GIT)
    named = ref and "\0" not in ref
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}") if named else None
    if commit is None:
        raise UsageError(f"git knows no commit, branch or tag '{ref}'", _how_to_have(ref, folder))
    return commit.decode().strip(), os.path.realpath(os.fsdecode(top).rstrip("\n"))


def _how_to_have(ref: str, folder: str) -> str:
    """Return the remedy where a commit is not there: what is there instead, or how this clone gets it."""
    if _git(folder, "rev-parse", "--verify", "--quiet", "HEAD") is None:
        return "there is no commit yet: commit first"
    known = (_git(folder, "for-each-ref", "--format=%(refname:short)") or b"").decode("utf-8", "replace").split()
    remotes = (_git(folder, "remote") or b"").decode("utf-8", "replace").split()
    remote = next((name for name in remotes if ref.startswith(f"{name}/")), "")
    if near := "" if remote else did_you_mean(ref, known):
        return near
    if remotes and _PLAIN.fullmatch(ref):
        remote = remote or remotes[0]
        branch = ref.removeprefix(f"{remote}/")
        clone = "this clone is shallow" if _git(folder, "rev-parse", "--is-shallow-repository") == b"true\n" else "fetch it"
        return f"{clone}: git fetch --depth=1 {remote} {branch}, and then FETCH_HEAD in its place"
    return f"it knows: {', '.join(known[:8])}{' …' * (len(known) > 8)}" if known else "see: git log"


_WITHOUT_GIT = "without git: cnncost snapshot MODEL… -o costs.json, and costs.json in place of the commit"
_PLAIN = re.compile(r"[A-Za-z0-9][\w./-]*")  # a name that can be typed as it is


def _git(folder: str, *words: str) -> bytes | None:
    """Return what a git command prints, None where it fails."""
    import subprocess

    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, check=False, env={**os.environ, **SAFE})
    except OSError:
        raise UsageError("git cannot be run", "install it, or compare with a file of cnncost snapshot") from None
    return done.stdout if done.returncode == 0 else None
