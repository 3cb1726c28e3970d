# ruff: noqa: E501  # rows of a table
"""No input ends in a traceback, takes longer than ten seconds, or takes the machine's memory: thousands of odd command lines.

`CNNCOST_NIGHTLY=1` tries more of them, from a new seed; what fails is printed with its number. Twenty thousand at once:
`python tests/test_fuzz.py 20000 [SEED]`. What was found stands in FOUND.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fuzz_inputs import case
from support import NIGHTLY, Result, command

LONGEST = 10  # seconds
PARTS = 4
COUNT = 5_000 if NIGHTLY else 60  # of each part
SEED = int(time.time()) if NIGHTLY else 1

H = "cnncost: 1\nname: net\ninput: [3, 32, 32]\n"
CONV = "layers:\n  - conv: {out: 4, kernel: 3}\n"
LETS = (
    "let:\n  a0: 3\n"
    + "".join(f"  a{i}: a{i - 1}*a{i - 1}\n" for i in range(1, 40))
    + "layers:\n  - conv: {out: a39, kernel: 3}\n"
)

# What fuzzers and readers have found: the command, the file net.yaml, and what is said now.
FOUND: list[tuple[str, str, str]] = [
    *(("table net.yaml", H + f"params: {{{word}: 3}}\n" + CONV, "means something already") for word in ("class", "lambda", "None")),
    ("formula net.yaml", H + "layers:\n  - conv: {out: 4, kernel: 3}\n  - conv: {out: 4, kernel: 3, groups: 3}\n", "error[E212]"),
    ("formula net.yaml", H + LETS, "error[E113]: a result past 10^30"),
    ("formula net.yaml --let a0", H + LETS.replace("let:\n  a0: 3\n", "params: {a0: 3}\nlet:\n"), "error[E113]: a degree above 64"),
    ("formula resnet18 --let H=(a+b+c+d+e+f)**5 --let W=(a+b+c+d+e+f)**5", "", "more than 20,000 in all"),
    ("formula net.yaml --let w", "cnncost: 1\nname: n\ninput: [16]\nparams: {w: 3}\nlayers:\n  - linear: {out: w}\n", "17·w"),
    ("solve resnext_block --for size --target params=1k", "", "whatever size is"),
    (f"solve resnet18 --for width --target params=1M --among {','.join(map(str, range(2001)))}", "", "the most is 2,000"),
    ("table net.yaml", H + "layers:\n  - avg_pool: {kernel: 99999, count_pad: false}\n", "error[E204]"),
    ("table net.yaml", "cnncost: 1\nmodel: resnext50_32x4d\nparams: {depths: [3, 4, 5, 3000000000]}\n", "more than 120,000 layers"),
    ("table resnet18 -o loop.csv", "", "it is a link that leads to itself"),
    ("table resnet18 -o a\0.csv", "", "it is no name of a file"),
    ("check **x.yaml --max-params 1M", "", "is no pattern"),
    ("table net.yaml --format terminal", H.replace("net", '"a[/b]"') + CONV, "a[/b]"),
]  # fmt: skip


class Late(BaseException):
    """A command that takes too long."""


def run(words: list[str], files: dict[str, str], folder: Path) -> Result:
    """Run a command in a folder with files."""
    for name, text in files.items():
        (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))

    def late(*_: Any) -> None:
        raise Late

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST if not NIGHTLY else 3 * LONGEST)
    try:
        return command(*words, folder=folder, env={"GIT_CEILING_DIRECTORIES": str(folder.parent)})
    except Late:
        return Result(99, "", "internal error: it takes too long")
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def fault(seed: int, number: int, folder: Path) -> str | None:
    """Return what is wrong with a case, if anything is."""
    words, files = case(Random(seed * 1_000_003 + number))
    found = run(words, files, folder)
    if found.code in (0, 1, 2) and "Traceback" not in found.err and (found.code != 1 or words[0] == "check"):
        return None
    return f"seed {seed}, case {number}: {words!r} ended with {found.code}: {found.err[-500:]}\n{files['net.yaml']}"


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="it needs an alarm")
@pytest.mark.parametrize("part", range(PARTS))
def test_odd_inputs(part: int, tmp_path: Path) -> None:
    import resource

    faults = [found for number in range(part * COUNT, (part + 1) * COUNT) if (found := fault(SEED, number, tmp_path))]
    assert faults == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2**20 * (1024 if sys.platform == "darwin" else 1)  # 1 GiB


@pytest.mark.parametrize("index", range(len(FOUND)))
def test_what_was_found(index: int, tmp_path: Path) -> None:
    words, text, said = FOUND[index]
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    found = run(words.split(" "), {"net.yaml": text}, tmp_path)
    assert found.code == (0 if not found.err else 2)
    assert said in found.out + found.err


def test_many_lines_of_let_are_read_in_linear_time(tmp_path: Path) -> None:
    """Counted in calls, for time is not to be trusted."""

    def calls(lines: int) -> int:
        count = 0

        def profile(*_: Any) -> None:
            nonlocal count
            count += 1

        name = f"a{lines}_"  # its own: expressions are remembered
        text = H + f"let:\n  {name}0: 1\n" + "".join(f"  {name}{i}: {name}{i - 1} + 1\n" for i in range(1, lines)) + CONV
        (tmp_path / "net.yaml").write_text(text)
        sys.setprofile(profile)
        try:
            assert command("table", "net.yaml", folder=tmp_path).code == 0
        finally:
            sys.setprofile(None)
        return count

    calls(100)
    assert calls(2_000) < 2.5 * calls(1_000)


if __name__ == "__main__":
    many = int(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    kinds: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for each in range(many):
            told = fault(seed, each, Path(temporary))
            if told is not None and kinds.setdefault(told.rpartition("internal error")[2].partition("\n")[0], told) == told:
                print(told, flush=True)
    print(f"{many} cases from seed {seed}: {len(kinds)} kinds of faults; pid {os.getpid()}")
