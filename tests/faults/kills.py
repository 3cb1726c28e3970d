"""Kills at random moments: afterwards a file is the old one or a new one, whole, and the repository is as it was.

`python tests/faults/kills.py [KILLS] [SEED]`: half of them end a process that writes, half `cnncost check` against git.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cnncost.cli.options import write

CHECK = [sys.executable, "-m", "cnncost", "check", "net.yaml", "resnet18", "--max-params", "30M", "--against", "HEAD", "-o"]
SPEC = "cnncost: 1\ninput: [3, 32, 32]\nlayers:\n  - conv: {out: 64, kernel: 3}\nbudget: {params: {growth: 0}}\n"
TEXTS = tuple(character * 3_000_000 + "\n" for character in "abc")  # long enough that a kill falls into the writing


def kill_writing(path: Path, moment: float) -> None:
    """End a process that writes one text after the other, and look at the file."""
    write(str(path), TEXTS[0])
    child = os.fork()
    if not child:
        number = 0
        while True:
            number += 1
            write(str(path), TEXTS[number % len(TEXTS)])
    time.sleep(moment)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert path.read_text() in TEXTS, f"{path} is neither the old file nor a new one: {path.stat().st_size:,} bytes"
    for left in path.parent.glob(f".{path.name}.*"):  # what a kill leaves beside the file; the next run minds it no more
        left.unlink()


def kill_check(folder: Path, moment: float, how: signal.Signals) -> bool:
    """End a check, and look at its report and at the repository. Returns whether it was still running."""
    report, old = folder / "report.json", '{"old": true}\n'
    report.write_text(old)
    with subprocess.Popen([*CHECK, report.name], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        time.sleep(moment)
        running = process.poll() is None
        process.send_signal(how)
        process.wait()
    text = report.read_text()
    assert text == old or json.loads(text)["schema"] == "cnncost.check/1", f"half of a report: {text[:200]}"
    assert process.returncode in (0, -how, 130), f"{how.name} ends a check with {process.returncode}"
    assert git(folder, "status", "--porcelain", "--untracked-files=no") == ""
    for left in folder.glob(f".{report.name}.*"):
        left.unlink()
    return running


def git(folder: Path, *words: str) -> str:
    """Run git and return what it prints."""
    identity = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def main(kills: int, seed: int) -> str:
    """Kill so many times, and return what was done. Raises AssertionError where something is left in pieces."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        git(folder, "init", "--quiet", "--initial-branch=main")
        (folder / "net.yaml").write_text(SPEC)
        git(folder, "add", "net.yaml")
        git(folder, "commit", "--quiet", "-m", "first")
        started = time.monotonic()
        subprocess.run([*CHECK, "report.json"], cwd=folder, check=True, capture_output=True)
        whole = time.monotonic() - started
        for _ in range(kills - kills // 2):
            kill_writing(folder / "costs.json", chance.uniform(0, 0.08))
        signals = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
        running = sum(kill_check(folder, chance.uniform(0, 1.1 * whole), chance.choice(signals)) for _ in range(kills // 2))
        git(folder, "fsck", "--strict")
    return f"{kills} kills from seed {seed}, {running} of {kills // 2} checks in their course: every file is whole"


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    print(main(given[0] if given else 200, given[1] if len(given) > 1 else int(time.time())))
