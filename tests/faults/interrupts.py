"""Ctrl-C at random moments, in everything that a sweep does: how long it takes to end, how it ends, and what it leaves.

`python tests/faults/interrupts.py [PER_CASE] [SEED] [CASE …]`: each line says the case, the longest and the median time from
the signal to the end, in seconds of a machine that may be busy.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = ["--over", "width=8:4096:8", "--over", "classes=1:2000", "--over", "size=32:1031"]
DEPTHS = [word for stage in range(4) for word in ("--over", f"depths.{stage}=1:60")]
MESH = [word for name in "abcd" for word in ("--over", f"{name}=1:1000")]
CHAIN = "cnncost: 1\ninput: [3, 8, 8]\nparams: {a: 8, b: 8, c: 8, d: 8}\nlayers:\n" + "".join(
    f"  - conv: {{out: {name}, kernel: 1}}\n" for name in ("a*b", "b*c", "c*d")
)
TOP = ["--where", "flops <= 20G", "--top", "3"]
CASES = {
    "start": ["resnet50", *SIZES, *TOP],
    "closed form": ["resnet50", *SIZES, *TOP, "--method", "form"],
    "arrays": ["resnet50", *SIZES, *TOP, "--method", "arrays"],
    "stage tables": ["chain.yaml", *MESH, *TOP, "--method", "tables"],
    "one at a time": ["resnet152", *SIZES, *TOP, "--method", "each"],
    "block by block": ["resnet152", *SIZES, *TOP, "--method", "blocks"],
    "list": ["resnet50", "--from", "list.csv", "--top", "3"],
    "sample": ["resnet50", *SIZES, "--sample", "1000000", "--top", "3"],
    "pool": ["resnet50", *SIZES, *TOP, "--method", "arrays", "--jobs", "2"],
    "Dask": ["resnet50", *SIZES, *TOP, "--method", "arrays", "--jobs", "2", "--dask", "local"],
    "rows": ["resnet50", *SIZES[:4], "--over", "size=32:35", "-o", "rows.csv"],
    "rows of a pool": ["resnet50", *SIZES[:4], "--over", "size=32:35", "-o", "rows.npz", "--jobs", "2"],
}


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


def interrupt(folder: Path, words: list[str], moment: float) -> tuple[float, str]:
    """Interrupt a sweep after some seconds; return how long it went on, and what it said. Raises AssertionError."""
    line = [sys.executable, "-m", "cnncost", "sweep", *words]
    with subprocess.Popen(line, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        time.sleep(moment)
        if running.poll() is not None:
            return 0.0, "was done before"
        running.send_signal(signal.SIGINT)
        begun = time.monotonic()
        assert running.stderr is not None
        said = running.stderr.read()
        code = running.wait()
        took = time.monotonic() - begun
    if "<frozen site>" in said or "<frozen runpy>" in said.partition("cnncost")[0]:
        return took, "Python itself was starting"
    assert code in (0, 130), f"{words}: code {code} after {moment:.2f} s: {said}"
    assert "Traceback" not in said, f"{words}: after {moment:.2f} s: {said}"
    deadline = time.monotonic() + 5
    while processes_in(folder) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not processes_in(folder), f"{words}: processes are left: {processes_in(folder)}"
    return took, said.strip().splitlines()[0] if said.strip() else "said nothing"


def main(number: int, seed: int, cases: list[str]) -> None:
    """Interrupt each case so many times, and print what came of it."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve()
        (folder / "chain.yaml").write_text(CHAIN)
        with (folder / "list.csv").open("w") as file:
            file.write("width,size\n")
            file.writelines(f"{chance.randrange(8, 4096)},{chance.randrange(32, 2048)}\n" for _ in range(1_000_000))
        for name in cases or CASES:
            moments = [chance.uniform(0.0, 0.6) if name == "start" else chance.uniform(0.6, 6.0) for _ in range(number)]
            took = [(*interrupt(folder, CASES[name], moment), moment) for moment in moments]
            longest = max(took)
            median = statistics.median(seconds for seconds, *_ in took)
            print(
                f"{name}: longest {longest[0]:.2f} s (after {longest[2]:.2f} s: {longest[1]}), median {median:.2f} s",
                flush=True,
            )


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 5, int(given[1]) if len(given) > 1 else int(time.time()), given[2:])
