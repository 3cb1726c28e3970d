"""All of the output is written, or the exit code says that it was not."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time

import pytest
from support import command

from cnncost.base.streams import Spelling

CNNCOST = f"{sys.executable} -m cnncost"

# What a shell does to the streams, and the exit code of cnncost that must come of it. A 1 would mean a broken budget.
SHELL = {
    "list | true": 141,
    "check resnet18 --max-params 30M | true": 141,
    "check --help | true": 141,
    "table resnet18 > /dev/full": 2,
    "check resnet18 --max-params 30M > /dev/full": 2,
    "table resnet18 >&-": 2,
    "check nope 2> /dev/full": 2,
    "check nope 2>&-": 2,
    "check nope >&- 2>&-": 2,
    "check resnet18 --max-params 1 2>&-": 1,
    "table - <&-": 2,
    "table resnet18 2>&-": 0,
}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is Linux's")
@pytest.mark.parametrize("words", SHELL)
def test_streams_that_fail(words: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{CNNCOST} {words}; exit ${{PIPESTATUS[0]}}"], capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == SHELL[words]
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    if " | " in words:
        assert done.stderr == ""


def test_a_pipe_that_does_not_wait_loses_nothing() -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETFL, fcntl.fcntl(writing, fcntl.F_GETFL) | os.O_NONBLOCK)
    with subprocess.Popen(
        [sys.executable, "-m", "cnncost", "table", "resnet152", "--format", "json"], stdout=writing
    ) as process:
        os.close(writing)
        time.sleep(0.5)  # until the pipe is full
        with os.fdopen(reading, "rb") as pipe:
            shown = pipe.read()
    assert process.returncode == 0
    assert shown.decode() == command("table", "resnet152", "--format", "json").out
    assert len(shown) > 65_536  # more than a pipe holds


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp949", "latin-1", "koi8-r"])
@pytest.mark.parametrize("words", ["formula resnext_block", "table resnet18 --depth 1", "explain resnet18 --layer conv1"])
def test_encodings_that_lack_our_signs(words: str, encoding: str) -> None:
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([*CNNCOST.split(), *words.split()], env=env, capture_output=True)
    assert done.returncode == 0
    text, whole = done.stdout.decode(encoding), command(*words.split()).out
    assert text.count("?") == whole.count("?")
    assert text.count("\\u") == 0
    assert text.split()[:2] == whole.split()[:2]


def test_a_spelling_can_be_read() -> None:
    shown = "3×3, 9·C² − ⌈H/32⌉, 2¹⁰ ≤ x".encode("ascii", "spelled").decode()
    assert shown == "3x3, 9*C^2 - ceil(H/32), 2^10 <= x"
    assert "名".encode("ascii", "spelled") == b"\\u540d"


def test_other_code_can_encode_by_the_name_that_a_stream_gives() -> None:
    """Sympy does when it is imported, and PyTorch imports it."""
    assert "3×3".encode(Spelling.encoding) == "3×3".encode()
