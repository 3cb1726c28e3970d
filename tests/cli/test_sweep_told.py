"""What a sweep says before and meanwhile: a forecast, a bar on terminals, lines in logs, nothing in pipes unless asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import pytest

from cnncost.cli import sweep_
from cnncost.questions.sweep.run import Forecast

HURRIED = """
from cnncost.cli import sweep_
sweep_.EVERY, sweep_.LONG = 0.0, 0.0
from cnncost.questions.sweep import run, stages
run.MEASURED = run.PACE = stages.MEASURED = 0.0
from cnncost.__main__ import main
main()
"""
CHAIN = "cnncost: 1\ninput: [3, 8, 8]\nparams: {a: 8, b: 8, c: 8, d: 8}\nlayers:\n" + "".join(
    f"  - conv: {{out: {name}, kernel: 1}}\n" for name in ("a*b", "b*c", "c*d")
)
DEPTHS = ["chain.yaml", "--top", "2", *(word for name in "abcd" for word in ("--over", f"{name}=1:24"))]
SWEEPS = {  # by the method that is to run
    "stage tables": [*DEPTHS, "--method", "tables"],
    "closed form": ["resnet18", "--over", "width=8:256:8", "--over", "classes=1:9000", "--top", "1"],
    "block by block": [
        "regnet_x_400mf",
        "--over",
        "depth=2:60",
        "--over",
        "w0=24,32,40",
        "--over",
        "stem=8:80:8",
        "--top",
        "1",
    ],
}


def said(folder: Path, words: list[str], stderr: int | IO[bytes]) -> str:
    """Run a sweep that is in a hurry to say something, and return what a pipe got of it."""
    (folder / "chain.yaml").write_text(CHAIN)
    line = [sys.executable, "-c", HURRIED, "sweep", *words]
    done = subprocess.run(line, cwd=folder, stdout=subprocess.PIPE, stderr=stderr, check=True)
    return (done.stderr or b"").decode()


@pytest.mark.parametrize("method", SWEEPS)
def test_a_log_has_a_forecast_and_lines(tmp_path: Path, method: str) -> None:
    with (tmp_path / "log").open("wb") as log:
        said(tmp_path, SWEEPS[method], log)
    lines = (tmp_path / "log").read_text().splitlines()
    forecast = next(line for line in lines if " candidates by " in line and method in line and ": about " in line)
    remedy = "  to shorten it: fewer values along --over, --jobs N or --dask, --sample N"
    assert lines[lines.index(forecast) + 1] == remedy
    lines = [line for line in lines if line not in (forecast, remedy)]
    done = [int(line.partition(" of ")[0].replace(",", "")) for line in lines]
    assert done == sorted(done)
    assert len(done) > 1
    assert all(line.endswith(" left") and "%" in line for line in lines)


def test_a_pipe_has_the_forecast_alone_unless_asked(tmp_path: Path) -> None:
    words = SWEEPS["closed form"]
    assert len(said(tmp_path, words, subprocess.PIPE).splitlines()) == 2
    assert len(said(tmp_path, [*words, "--progress"], subprocess.PIPE).splitlines()) > 3


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals here")
def test_where_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    master, terminal = os.openpty()
    with (tmp_path / "log").open("w") as log, os.fdopen(writing, "w") as pipe, os.fdopen(terminal, "w") as screen:
        for stream, asked, told in ((log, False, True), (pipe, False, False), (pipe, True, True), (screen, False, True)):
            monkeypatch.setattr(sys, "stderr", stream)
            with sweep_._told(asked) as (advance, foretell):
                assert (advance is not None) == told
                assert foretell is sweep_._foretell
    os.close(reading)
    os.close(master)


def test_a_line_every_half_minute(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    monkeypatch.setitem(sys.modules, "time", SimpleNamespace(monotonic=lambda: now[0]))
    advance = sweep_._lines()
    for second in range(1, 101):
        now[0] = float(second)
        advance(second * 1000, 100_000)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "30,000 of 100,000 candidates (30 %), about 70 seconds left",
        "60,000 of 100,000 candidates (60 %), about 40 seconds left",
        "90,000 of 100,000 candidates (90 %), about 10 seconds left",
    ]


@pytest.mark.parametrize(
    ("seconds", "rows", "told"),
    [
        (59, None, []),
        (61, None, ["1,000,000 candidates by arrays: about 61 seconds"]),
        (9000, 5_000_000, ["1,000,000 candidates by arrays: about 2 hours, some 5,000,000 rows (191 MiB)"]),
        (4e9, None, ["1,000,000 candidates by arrays: about 127 years"]),
    ],
)
def test_the_forecast(seconds: float, rows: int | None, told: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    sweep_._foretell(Forecast(10**6, "arrays", seconds, rows, None if rows is None else 40 * rows))
    assert capsys.readouterr().err.splitlines()[:1] == told
