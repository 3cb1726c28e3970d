"""Kills at random moments of sweeps: the command, a worker of its pool, a worker of a Dask cluster, its scheduler.

`python tests/faults/kills_sweeps.py [KILLS] [SEED] [KIND …]`: so many of each kind. Afterwards the command is repeated with
--resume. The file must then be that of an undisturbed sweep, byte for byte: every row is there, each once; and nothing is left.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from cnncost.__main__ import main as command
from cnncost.questions.sweep import run, store

WORDS = ["sweep", "resnet18", "--over", "width=1:24", "--over", "classes=1:25", "--method", "each", "-o", "rows.csv"]
ENDINGS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
SCHEDULER = "from distributed.cli.dask_scheduler import main; main()"
WORKER = "from distributed.cli.dask_worker import main; main()"


class Folder:
    """Where sweeps run: each in a copy of this process, in which everything is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def start(self, *words: str) -> int:
        """Start a command, and return its process."""
        child = os.fork()
        if child:
            return child
        os.chdir(self.path)
        with open("../said", "ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.argv = ["cnncost", *WORDS, *words]
        code = 3
        try:
            command()
        except SystemExit as error:
            code = int(error.code or 0)
        finally:
            os._exit(code)

    def end(self, child: int) -> int:
        """Wait for a command, and return its exit code, or minus the signal that ended it."""
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def processes(self) -> set[int]:
        """The processes that work here, whoever started them."""
        found = set()
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if os.readlink(entry / "cwd") == str(self.path):
                    found.add(int(entry.name))
        return found

    def said(self) -> str:
        """Return what commands said since this was last asked."""
        path = self.path.parent / "said"
        text = path.read_text(errors="replace")
        path.write_text("")
        return text

    def held(self, codes: set[int], code: int, expected: str) -> None:
        """Resume, and hold the file against that of an undisturbed sweep. Raises AssertionError."""
        said = self.said()
        assert code in codes, f"ended with {code}: {said}"
        assert "Traceback" not in said, said
        deadline = time.monotonic() + 20
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not self.processes(), f"processes are left: {self.processes()}"
        if code != 0:
            assert self.end(self.start("--resume")) == 0, self.said()
        assert digest(self.path / "rows.csv") == expected, f"another file, after the command had ended with {code}"
        left = {path.name for path in self.path.iterdir()} - {"rows.csv", "rows.csv.json"}
        assert all(name.startswith(".rows.csv") for name in left), left  # that much a kill leaves while the file is written
        for path in self.path.iterdir():
            path.unlink()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def parent_of(process: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


class Kills:
    """One method for each kind: it starts a sweep, kills, and returns the exit code and those that are right."""

    def __init__(self, folder: Folder, chance: random.Random, whole: float) -> None:
        self.folder, self.chance = folder, chance
        self.whole = whole  # seconds that an undisturbed sweep takes, as the last one that was not hit did
        self.cluster: list[subprocess.Popen[bytes]] = []

    def moment(self) -> None:
        time.sleep(self.chance.uniform(0.0, self.whole))

    def _command(self, *words: str) -> tuple[int, set[int]]:
        how = self.chance.choice(ENDINGS)
        child = self.folder.start(*words)
        self.moment()
        os.kill(child, how)
        return self.folder.end(child), {0, -how, 128 + how}

    def the_command(self) -> tuple[int, set[int]]:
        return self._command()

    def the_command_of_a_pool(self) -> tuple[int, set[int]]:
        return self._command("--jobs", "2")

    def a_worker_of_a_pool(self) -> tuple[int, set[int]]:
        child = self.folder.start("--jobs", "2")
        self.moment()
        workers = [one for one in self.folder.processes() if parent_of(one) not in (child, os.getpid())]
        if workers:
            os.kill(self.chance.choice(workers), signal.SIGKILL)
        return self.folder.end(child), {0, 2}

    def _open(self, code: str, *words: str) -> subprocess.Popen[bytes]:
        file = self.folder.path.parent / "scheduler.json"
        line = [sys.executable, "-c", code, "--scheduler-file", str(file), "--host", "127.0.0.1", "--no-dashboard", *words]
        opened = subprocess.Popen(line, cwd=file.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.cluster.append(opened)
        return opened

    def _address(self) -> str:
        import json

        file = self.folder.path.parent / "scheduler.json"
        while not self.cluster or self.cluster[0].poll() is not None or not file.exists():
            if not self.cluster or self.cluster[0].poll() is not None:
                self.close()
                file.unlink(missing_ok=True)
                self._open(SCHEDULER, "--port", "0")
                self._open(WORKER, "--nthreads", "1", "--no-nanny")
                self._open(WORKER, "--nthreads", "1", "--no-nanny")
            time.sleep(0.05)
        while True:
            with suppress(ValueError, KeyError):
                return str(json.loads(file.read_text())["address"])
            time.sleep(0.05)

    def a_worker_of_a_cluster(self) -> tuple[int, set[int]]:
        child = self.folder.start("--dask", self._address())
        self.moment()
        self.cluster.pop(self.chance.randrange(1, len(self.cluster))).kill()
        self._open(WORKER, "--nthreads", "1", "--no-nanny")
        return self.folder.end(child), {0}

    def the_scheduler(self) -> tuple[int, set[int]]:
        child = self.folder.start("--dask", self._address())
        self.moment()
        self.cluster[0].kill()
        return self.folder.end(child), {0, 2}

    def close(self) -> None:
        """End the cluster."""
        for process in reversed(self.cluster):
            process.kill()
            process.wait()
        self.cluster.clear()


KINDS = [name for name in vars(Kills) if name.startswith(("the_", "a_"))]


def main(kills: int, seed: int, kinds: list[str]) -> None:
    """Kill so many times in every way, and print what came of it. Raises AssertionError where a row is lost or doubled."""
    chance = random.Random(seed)
    run.sweep.__kwdefaults__.update(efficiency=0, seconds=0.02)  # type: ignore[union-attr]  # it has some
    store.INTERVAL = 0.02
    if any("cluster" in kind or "scheduler" in kind for kind in kinds):
        __import__("distributed")
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary).resolve() / "work"
        path.mkdir()
        folder = Folder(path)
        started = time.monotonic()
        assert folder.end(folder.start()) == 0, folder.said()
        expected, whole = digest(path / "rows.csv"), time.monotonic() - started
        kind = Kills(folder, chance, whole)
        try:
            for name in kinds:
                codes: Counter[int] = Counter()
                for _ in range(kills):
                    begun = time.monotonic()
                    code, right = getattr(kind, name)()
                    kind.whole = time.monotonic() - begun if code == 0 else min(10.0, 1.05 * kind.whole)
                    folder.held(right, code, expected)
                    codes[code] += 1
                told = ", ".join(f"{count} with {code}" for code, count in codes.most_common())
                what = f"{kills} kills of {name.replace('_', ' ')} from seed {seed}"
                print(f"{what}: the same file each time; ended {told}", flush=True)
        finally:
            kind.close()


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 100, int(given[1]) if len(given) > 1 else int(time.time()), given[2:] or KINDS)
