"""What a sweep keeps beside its file: by content, by one owner, whole or refused; and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support import NIGHTLY

from cnncost.base.errors import UsageError
from cnncost.models.load import load
from cnncost.questions.sweep import run
from cnncost.questions.sweep.crew import Team
from cnncost.questions.sweep.query import Query, Result, Task
from cnncost.questions.sweep.run import sweep
from cnncost.questions.sweep.store import Store

SPEC = """\
cnncost: 1
name: net
input: [3, 16, 16]
params: {width: 16, b: 8}
layers:
- conv: {out: width, kernel: KERNEL, pad: same}
- conv: {out: b, kernel: 3, pad: 1}
- linear: {out: 10}
"""


def spec(folder: Path, kernel: int = 3) -> Path:
    path = folder / "net.yaml"
    path.write_text(SPEC.replace("KERNEL", str(kernel)).replace("- linear: {out: 10}", "- global_avg_pool\n- linear: 10"))
    return path


def interrupted(query: Query, part: str, share: float = 0.3, **options: Any) -> Result:
    """Sweep until a share of the candidates is done, and then as after Ctrl-C."""

    def interrupt(done: int, size: int) -> None:
        if done >= share * size:
            raise KeyboardInterrupt

    return sweep(query, progress=interrupt, part=part, seconds=0.001, **options)


def every(path: Path, **options: Any) -> Query:
    return Query(str(path), ("width=1:60", "b=1:40"), every=True, method="arrays", **options)


def edit_spec(folder: Path) -> None:
    spec(folder, 5)


def edit_convention(folder: Path) -> None:
    (folder / "my.yaml").write_text("like: lecture\nflops: {conv: 3*macs}\n")


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (edit_spec, r"spec .*net.yaml has changed"),
        (edit_convention, "convention my has changed"),
    ],
)
def test_what_was_edited_in_between_is_another_sweep(tmp_path: Path, edit: Callable[[Path], None], words: str) -> None:
    path, part = spec(tmp_path), str(tmp_path / "part")
    (tmp_path / "my.yaml").write_text("like: lecture\nflops: {conv: 2*macs}\n")
    query = every(path, convention=str(tmp_path / "my.yaml"))
    first = interrupted(query, part)
    assert not first.complete
    edit(tmp_path)
    with pytest.raises(UsageError, match=words):
        sweep(query, part=part, resume=True)


def test_a_module_edited_in_between_is_another_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "sweephelper.py").write_text("def kernel():\n    return 3\n")
    (tmp_path / "sweepnets.py").write_text(
        "from sweephelper import kernel\ndef net(x, w=8, b=4):\n    return x.conv(w, kernel(), pad=1).conv(b, 1)\n"
    )
    query = Query("sweepnets:net", ("w=1:60", "b=1:40"), input=("3,16,16",), every=True, method="arrays")
    part = str(tmp_path / "part")
    interrupted(query, part)
    whole = sweep(query, part=part, resume=True)
    assert whole.complete
    assert len(whole) == 2400
    interrupted(query, part)
    (tmp_path / "sweephelper.py").write_text("def kernel():\n    return 5\n")
    with pytest.raises(UsageError, match="module sweephelper has changed"):
        sweep(query, part=part, resume=True)


def test_another_version_or_another_question_is_another_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    query, part = every(spec(tmp_path)), str(tmp_path / "part")
    interrupted(query, part)
    monkeypatch.setattr("cnncost.questions.sweep.query.VERSION", "0.0.9")
    with pytest.raises(UsageError, match=r"cnncost is 0\.0\.9 instead of"):
        sweep(query, part=part, resume=True)
    monkeypatch.undo()
    with pytest.raises(UsageError, match="batch is 2 instead of 1"):
        sweep(every(spec(tmp_path), batch=2), part=part, resume=True)


def test_another_part_of_a_network_is_another_sweep(tmp_path: Path) -> None:
    part, whole = str(tmp_path / "part"), load("resnet18")
    axes = ("width=1:30", "classes=1:20")
    query = Query(whole.folded(), axes, every=True, method="arrays")
    interrupted(query, part)
    with pytest.raises(UsageError, match="the network has other layers"):
        sweep(replace(query, model=whole), part=part, resume=True)
    assert sweep(query, part=part, resume=True).complete


def cut(part: str) -> None:
    os.truncate(f"{part}.rows", os.path.getsize(f"{part}.rows") // 2)


def overwrite(part: str) -> None:
    with open(f"{part}.rows", "r+b") as file:
        file.seek(80)
        file.write(b"\1" * 400)


def lose(part: str) -> None:
    os.unlink(f"{part}.rows")


def empty_note(part: str) -> None:
    Path(f"{part}.json").write_text("[]")


def edited_note(part: str) -> None:
    data = json.loads(Path(f"{part}.json").read_text())
    Path(f"{part}.json").write_text(json.dumps({**data, "written": data["written"] - 1}))


@pytest.mark.parametrize("harm", [cut, overwrite, lose, empty_note, edited_note])
def test_what_is_kept_is_held_against_length_and_checksum(tmp_path: Path, harm: Callable[[str], None]) -> None:
    query, part = every(spec(tmp_path)), str(tmp_path / "part")
    interrupted(query, part)
    harm(part)
    with pytest.raises(UsageError, match=r"damaged|shorter|cannot read"):
        sweep(query, part=part, resume=True)
    assert sweep(query, part=part).complete  # and without --resume it begins anew


def test_two_sweeps_never_write_one_file(tmp_path: Path) -> None:
    query, part = every(spec(tmp_path)), str(tmp_path / "part")
    store = Store(part, Task(query).subject, resume=False)
    with pytest.raises(UsageError, match=rf"another sweep is writing this file: process {os.getpid()} on"):
        sweep(query, part=part)
    store.close()
    assert sweep(query, part=part).complete
    assert not os.path.exists(f"{part}.lock")


def test_figures_past_int64_are_kept_exactly(tmp_path: Path) -> None:
    """From the middle on they pass 2^63: the rows before are written again."""
    query = Query("lenet5", ("batch=10000000000000:50000000000000:20000000000",), every=True, method="arrays")
    whole = sweep(query, part=str(tmp_path / "part"), seconds=0.001)
    alone = sweep(query)
    assert max(int(n) for n in alone.rows["flops"]) > 2**63 > min(int(n) for n in alone.rows["flops"])
    assert [whole.row(place) for place in range(len(whole))] == [alone.row(place) for place in range(len(alone))]
    resumed = interrupted(query, str(tmp_path / "other"), 0.9)
    assert not resumed.complete
    again = sweep(query, part=str(tmp_path / "other"), resume=True)
    assert np.array_equal(again.rows["flops"][:], np.array([int(n) for n in alone.rows["flops"]], dtype=object))


AT_ONCE = """
from cnncost.__main__ import main
from cnncost.questions.sweep.run import sweep
sweep.__kwdefaults__["efficiency"] = 0
main()
"""


def command(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start a sweep of a second or two that calls its workers at once."""
    line = ["-c", AT_ONCE, "sweep", "resnet18", "--over", "width=1:40", "--over", "classes=1:40", "--method", "each", *words]
    with (folder.parent / "messages").open("ab") as messages:
        return subprocess.Popen([sys.executable, *line], cwd=folder, stdout=subprocess.DEVNULL, stderr=messages)


def processes_in(folder: Path) -> set[int]:
    """The processes that work in a folder, whoever started them."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(entry / "cwd") == str(folder):
                found.add(int(entry.name))
        except OSError:
            continue
    return found


ENDINGS = [("SIGTERM", 143), ("SIGKILL", -9), *([("SIGHUP", 129), ("SIGINT", 130)] if NIGHTLY else [])]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for processes by their folder")
@pytest.mark.parametrize(("ending", "code"), ENDINGS)
def test_however_it_ends_it_can_go_on_and_leaves_no_process(tmp_path: Path, ending: str, code: int) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    running = command(folder, "--jobs", "2", "-o", "rows.csv")
    deadline = time.monotonic() + 30
    while len(processes_in(folder)) < 4 and time.monotonic() < deadline:  # itself, two that watch over it, a worker
        time.sleep(0.02)
    time.sleep(0.2)
    running.send_signal(getattr(signal, ending))
    begun = time.monotonic()
    assert running.wait(timeout=20) == code
    while processes_in(folder) and time.monotonic() < begun + 10:
        time.sleep(0.02)
    assert not processes_in(folder)
    done = command(folder, "-o", "rows.csv", "--resume")
    assert done.wait(timeout=60) == 0
    rows = (folder / "rows.csv").read_text().splitlines()[1:]
    assert [tuple(map(int, row.split(",")[:2])) for row in rows] == [(w, n) for w in range(1, 41) for n in range(1, 41)]
    assert not [path.name for path in folder.iterdir() if ".part" in path.name]


# ── whom to ask ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("workers", "start", "passed", "remaining", "serial", "asked"),
    [
        (2, 0.5, 0.25, 0.5, 0.0, 0),  # it is done before they have started
        (2, 0.5, 0.25, 2.7, 0.0, 0),  # 0.75 + 2.2/2 s of two for 2.95 s of one: 0.797
        (2, 0.5, 0.25, 2.8, 0.0, 2),  # 0.803
        (2, 2.0, 0.25, 3.7, 0.0, 0),  # 10⁹ candidates in 3.95 s, and a cluster that takes 2 s to start
        (2, 2.0, 0.25, 15.0, 0.0, 2),
        (32, 0.5, 0.25, 20.0, 0.0, 7),  # 0.75 + 19.5/7 s of seven: 0.82; of eight 0.79
        (8, 0.5, 0.25, 600.0, 0.0, 8),
        (8, 0.5, 0.25, 600.0, 0.3, 0),  # where a third is writing, two are of use for 0.77 of their time
        (8, 0.5, 0.25, 600.0, 0.1, 3),
    ],
)
def test_as_many_workers_as_are_of_use(
    workers: int, start: float, passed: float, remaining: float, serial: float, asked: int
) -> None:
    team = Team(nobody, workers, start)
    assert team.worth(passed, remaining, 0.8, serial) == asked
    assert team.worth(passed, remaining, 0.0, serial) == workers  # where they are to do all of it


def nobody(workers: int) -> Any:
    raise AssertionError("nobody is to be called")


def test_ranges_take_about_the_time_they_should(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a pace of a million candidates a second, by a clock of the test's own."""
    now, lengths = [0.0], []
    monkeypatch.setattr(run, "time", SimpleNamespace(perf_counter=lambda: now[0], sleep=time.sleep))
    submit = run.InProcess.submit

    def slowly(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        now[0] += (args[2] - args[1]) / 1e6
        lengths.append(args[2] - args[1])
        return submit(self, fn, *args, **kwargs)

    monkeypatch.setattr(run.InProcess, "submit", slowly)
    told: list[run.Forecast] = []
    query = Query(
        "resnet50", ("width=8:256:8", "classes=1:1000", "size=32:287"), where="flops <= 1", top=1, method="closed form"
    )
    found = sweep(query, forecast=told.append)
    assert (sum(lengths), found.candidates) == (8_192_000, 8_192_000)
    assert max(lengths) <= 0.5e6 + 2**18  # half a second, and a box more
    assert sorted(lengths)[-8] >= 0.25e6
    assert [round(forecast.seconds) for forecast in told] in ([7], [8])  # said once, after the first ranges


def test_short_work_calls_nobody() -> None:
    found = sweep(Query("resnet18", ("width=1:40",), top=1), Team(nobody, 8, 0.5))
    assert found.complete
