"""A real Dask scheduler and real workers on 127.0.0.1: rows as in one process, whoever comes, goes, or falls silent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import NIGHTLY

from cnncost.base.errors import UsageError
from cnncost.questions.sweep import workers
from cnncost.questions.sweep.query import Query, Result
from cnncost.questions.sweep.run import sweep

pytest.importorskip("distributed")

OVER = ("width=16:64:16", "cardinality=1,2,4,12,32", "base_width=1:4", "depths.0=1:3", "depths.2=1:3")
SLOW = Query("resnext50_32x4d", OVER, where="flops <= 2G", sort="-flops", top=9, method="one at a time")
WORKER = "from distributed.cli.dask_worker import main; main()"
STRANGERS = {
    "it has no cnncost": f"import sys; sys.modules['cnncost'] = None; {WORKER}",
    "it has another cnncost, 0.0.9": (
        "import cnncost, cnncost.questions.sweep.subject as subject; "
        f"cnncost.__version__ = '0.0.9'; subject.program = lambda: 'another'; {WORKER}"
    ),
}


SPEC = """\
cnncost: 1
name: net
input: [3, 16, 16]
params: {w: 8}
layers:
- conv: {out: w, kernel: KERNEL, pad: same}
"""


class Cluster:
    """A scheduler of its own, and the workers that a test starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[bytes]] = []
        self.file = folder / "scheduler.json"
        main = "from distributed.cli.dask_scheduler import main; main()"
        self.scheduler = self.start(main, "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        deadline = time.monotonic() + 30
        while not (self.file.exists() and self.file.read_text().rstrip().endswith("}")) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.address = json.loads(self.file.read_text())["address"]

    def start(self, code: str, *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / "messages").open("ab") as messages:
            line = [sys.executable, "-c", code, "--scheduler-file", str(self.file), *words]
            self.started.append(subprocess.Popen(line, cwd=self.folder, stdout=messages, stderr=messages))
        return self.started[-1]

    def worker(self, code: str = WORKER) -> subprocess.Popen[bytes]:
        return self.start(code, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard")

    def end(self) -> None:
        for process in reversed(self.started):
            with suppress(OSError):
                process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setattr(workers, "PATIENCE", 60.0)  # workers may take their time to start
    folder = tmp_path / "cluster"
    folder.mkdir()
    made = Cluster(folder)
    yield made
    made.end()


def asked(cluster: Cluster, query: Query, told: list[str] | None = None, **options: Any) -> Result:
    say = told.append if told is not None else lambda text: None
    team = workers.dask_cluster(cluster.address, 1, say)
    return sweep(query, team, efficiency=0, **{"seconds": 0.1, **options})


def once(condition: Callable[[int, int], bool], act: Callable[[], object]) -> Callable[[int, int], None]:
    """Do something once, when so much is done."""
    done: list[int] = []

    def progress(finished: int, size: int) -> None:
        if not done and condition(finished, size):
            done.append(finished)
            act()

    return progress


def rows(result: Result) -> list[dict[str, Any]]:
    return [result.row(place) for place in range(len(result))]


def test_one_worker_killed_and_one_that_joins_lose_nothing(cluster: Cluster) -> None:
    first, _ = cluster.worker(), cluster.worker()

    def change() -> None:
        first.kill()
        cluster.worker()

    found = asked(cluster, SLOW, progress=once(lambda done, size: done > size // 8, change))
    alone = sweep(SLOW)
    assert (found.candidates, found.valid, found.matching) == (alone.candidates, alone.valid, alone.matching)
    assert rows(found) == rows(alone)


def test_workers_need_no_files_and_strangers_are_left_out(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spec, a convention and a module that lie here only, each edited between two sweeps."""
    cluster.worker()
    for code in list(STRANGERS.values())[: None if NIGHTLY else 1]:  # a process each
        cluster.worker(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    told: list[str] = []
    for kernel in (3, 5):
        (tmp_path / "net.yaml").write_text(SPEC.replace("KERNEL", str(kernel)))
        (tmp_path / "my.yaml").write_text(f"name: my\nstates: so\nflops: {{conv: {kernel}*macs}}\n")
        (tmp_path / "dasknets.py").write_text(f"def net(x, w=8):\n    return x.conv(w, {kernel}, pad=1)\n")
        sys.modules.pop("dasknets", None)
        for model in (str(tmp_path / "net.yaml"), "dasknets:net"):
            query = Query(model, ("w=8:12",), convention=str(tmp_path / "my.yaml"), input=("3,16,16",), every=True)
            assert rows(asked(cluster, query, told)) == rows(sweep(query))
    assert all(text.endswith(tuple(f"is left out: {reason}" for reason in STRANGERS)) for text in told)


@pytest.mark.parametrize("reason", [*(STRANGERS if NIGHTLY else ()), "has had no worker"])
def test_nobody_who_can_work_is_said_soon(cluster: Cluster, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PATIENCE", 8.0 if reason in STRANGERS else 1.0)
    if reason in STRANGERS:
        cluster.worker(STRANGERS[reason])
    with pytest.raises(UsageError, match=reason) as caught:
        asked(cluster, SLOW)
    assert caught.value.hint


@pytest.mark.skipif(not NIGHTLY, reason="waits for some seconds")
def test_a_worker_that_falls_silent_is_told_and_done_without(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PATIENCE", 8.0)
    silent, _ = cluster.worker(), cluster.worker()
    told: list[str] = []
    stop = once(lambda done, size: done > size // 8, lambda: os.kill(silent.pid, signal.SIGSTOP))
    found = asked(cluster, SLOW, told, progress=stop)
    assert rows(found) == rows(sweep(SLOW))
    assert any("has not answered for 8 s: its work is done again by others" in text for text in told)


def test_a_scheduler_that_is_gone_is_told_and_nothing_is_lost(cluster: Cluster, tmp_path: Path) -> None:
    cluster.worker()
    query = Query("resnext50_32x4d", OVER, where="flops <= 2G", every=True, method="one at a time")
    part = str(tmp_path / "part")
    kill = once(lambda done, size: done > size // 8, cluster.scheduler.kill)
    with pytest.raises(UsageError, match=r"the Dask scheduler at .* is gone") as caught:
        asked(cluster, query, part=part, progress=kill)
    assert "nothing is lost: " in caught.value.hint
    assert "--resume goes on from there" in caught.value.hint
    resumed, alone = sweep(query, part=part, resume=True), sweep(query)
    for name, column in alone.rows.items():
        assert np.array_equal(resumed.rows[name], column)
