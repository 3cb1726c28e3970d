"""Documentation is executed: every `$ command` of a console block in README.md and docs/ prints what stands below it, and every
`>>>` of a pycon block gives what it says.

`python tests/test_docs.py` writes the present output into the documents; read the difference before you commit it.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import command

ROOT = Path(__file__).parent.parent
WIDTH = "97"  # of the terminal in which the documents are made: what GitHub shows without scrolling
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(console|pycon)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


FILES = {path.name: path for path in sorted((ROOT / "tests" / "data").rglob("*.*")) if path.suffix != ".csv"}
SHELL = frozenset("|<>;&$`*#\\\n")  # what only a shell understands


def run(line: str, folder: Path) -> str:
    """Return what a command prints, errors included: in this process where that is possible, which is much faster.

    Files of other programs that it names are taken from the test data.
    """
    for word in re.findall(r"[\w.-]+", line):
        if word in FILES:
            shutil.copyfile(FILES[word], folder / word)
    if SHELL & set(line) or not line.startswith("cnncost "):
        return in_a_shell(line, folder)
    done = command(*shlex.split(line)[1:], folder=folder, env={"COLUMNS": WIDTH, "NO_COLOR": "1"}, merged=True)
    return "".join(line.rstrip() + "\n" for line in done.out.splitlines())


def in_a_shell(line: str, folder: Path) -> str:
    """Return what a shell prints for a command, errors included, with this Python's cnncost on the path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "COLUMNS": WIDTH, "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}
    done = subprocess.run(
        line,
        shell=True,
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    return "".join(line.rstrip() + "\n" for line in done.stdout.splitlines())


def commands(block: str) -> Iterator[tuple[str, str]]:
    """Iterate over the commands of a console block and the output below each."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, _, output = part.partition("\n")
        yield line, output


def blocks(language: str) -> list[tuple[str, str]]:
    return [
        (path.relative_to(ROOT).as_posix().removeprefix("docs/"), match.group(2))
        for path in DOCUMENTS
        for match in BLOCK.finditer(path.read_text(encoding="utf-8"))
        if match.group(1) == language
    ]


SHOWN = [(name, line, output) for name, block in blocks("console") for line, output in commands(block)]


@pytest.mark.parametrize(("document", "line", "output"), SHOWN, ids=[f"{name}: {line}" for name, line, _ in SHOWN])
def test_console(document: str, line: str, output: str, tmp_path: Path) -> None:
    assert run(line, tmp_path) == output


def test_this_process_prints_what_a_shell_prints(tmp_path: Path) -> None:
    for line in ("cnncost table alexnet --depth 1", "cnncost table alexnot", "cnncost compare vgg16 resnet18 --format csv"):
        assert run(line, tmp_path) == in_a_shell(line, tmp_path) != ""


@pytest.mark.parametrize("document", sorted({name for name, _ in blocks("pycon")}))
def test_python_session(document: str) -> None:
    """The blocks of a document are one session."""
    session = "\n".join(block for name, block in blocks("pycon") if name == document)
    test = doctest.DocTestParser().get_doctest(session, {}, document, document, 0)
    results = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS).run(test)
    assert results.attempted
    assert not results.failed


def test_something_is_shown() -> None:
    assert len(SHOWN) > 10
    assert len(blocks("pycon")) > 1


def test_ci_runs_the_test_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    install, test = re.findall(r"^```sh\n(python3 -m venv .*)\n```$", readme, flags=re.MULTILINE)
    assert install.endswith("cnncost table resnext50_32x4d")
    assert f"\n{test} | tee" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def rewrite(path: Path, folder: Path) -> None:
    """Put the present output under every command of a document."""

    def fresh(match: re.Match[str]) -> str:
        if match.group(1) != "console":
            return match.group(0)
        body = "".join(f"$ {line}\n{run(line, folder)}" for line, _ in commands(match.group(2)))
        return f"```console\n{body}```"

    text = path.read_text(encoding="utf-8")
    path.write_text(BLOCK.sub(fresh, text), encoding="utf-8")


if __name__ == "__main__":
    import tempfile

    from tools.notebook import main as rewrite_notebook

    rewrite_notebook()
    for document in DOCUMENTS:
        with tempfile.TemporaryDirectory() as directory:
            rewrite(document, Path(directory))
