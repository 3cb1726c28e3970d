"""What the core takes: start-up, a warm model, and how cost grows with depth. Ratios are measured side by side in one run.

python tests/benchmarks/core.py [--beside FOLDER]

With --beside, another version's checkout, both are measured in turn: `git worktree add /tmp/first 20cdb7e`.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable

import cnncost
from cnncost.measures.report import report

RUNS = 15
TABLE = [sys.executable, "-m", "cnncost", "table", "resnext50_32x4d"]
HELP = [sys.executable, "-m", "cnncost", "--help"]
TABLE_IMPORTS = [sys.executable, "-c", "import numpy, click, rich.console, rich.table, yaml"]
HELP_IMPORTS = [sys.executable, "-c", "import click"]


def seconds(command: list[str]) -> float:
    """Return how long a process takes, from start to end."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def ratio(command: list[str], baseline: list[str]) -> tuple[float, float, float]:
    """Return the medians of both and of the ratio pair by pair, the two run in turn."""
    pairs = [(seconds(command), seconds(baseline)) for _ in range(RUNS + 1)][1:]  # the first pair warms the disk cache
    return (*(statistics.median(side) for side in zip(*pairs, strict=True)), statistics.median(a / b for a, b in pairs))


def best(function: Callable[[], object]) -> float:
    """Return the shortest of several timings, in seconds."""
    timings = []
    for _ in range(RUNS):
        start = time.perf_counter()
        function()
        timings.append(time.perf_counter() - start)
    return min(timings)


def residual(x: cnncost.Tensor, layers: int) -> cnncost.Tensor:
    """Return a residual network of that many layers: conv, batch norm, ReLU, addition, over and over."""
    for _ in range(layers // 4):
        x = x + x.conv(64, 3, pad=1, bias=False).batch_norm().relu()
    return x


def deep(layers: int) -> tuple[float, int]:
    """Return seconds and peak bytes of tracing and analysing a residual network."""

    def run() -> object:
        return report(cnncost.trace(residual, (64, 56, 56), layers=layers)).total

    timings = []
    for _ in range(3):
        gc.collect()
        start = time.perf_counter()
        run()
        timings.append(time.perf_counter() - start)
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return min(timings), peak


WARM = """
import time, cnncost
def once():
    start = time.process_time()
    cnncost.analyze("resnet50")
    return time.process_time() - start
print(sorted(once() for _ in range(200))[20])
"""
COLD = {
    name: [sys.executable, "-m", "cnncost", *name.split()[1:]]
    for name in (
        "cnncost table resnext50_32x4d --format csv",
        "cnncost check resnet50 --max-params 26M",
    )
}
IMPORTS = [sys.executable, "-c", "import numpy, click"]


def used(command: list[str], folder: str) -> float:
    """Return the processor time of a process that finds cnncost in a folder, in seconds."""
    compiled = {"PYTHONPYCACHEPREFIX": os.path.join(tempfile.gettempdir(), "cnncost-bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = {**os.environ, **compiled, "PYTHONPATH": folder}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def beside(first: str) -> None:
    """Print what another version takes beside this one, in processor time, the two in turn."""
    now = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    print("| what | before | now | now : before | now : `import numpy, click` |\n|---|--:|--:|--:|--:|")
    warm = [
        [
            float(subprocess.check_output([sys.executable, "-c", WARM], cwd=at, env={**os.environ, "PYTHONPATH": at}))
            for at in (first, now)
        ]
        for _ in range(5)
    ]
    a, b = (statistics.median(side) * 1e3 for side in zip(*warm, strict=True))
    print(f'| `analyze("resnet50")`, warm | {a:.2f} ms | {b:.2f} ms | {statistics.median(y / x for x, y in warm):.2f} | |')
    for name, command in COLD.items():
        rounds = [(used(command, first), used(command, now), used(IMPORTS, now)) for _ in range(RUNS + 1)][1:]
        a, b, _ = (statistics.median(side) * 1e3 for side in zip(*rounds, strict=True))
        grown = statistics.median(y / x for x, y, _ in rounds)
        over = statistics.median(y / z for _, y, z in rounds)
        print(f"| `{name}`, cold | {a:.0f} ms | {b:.0f} ms | {grown:.2f} | {over:.2f} |")


def main() -> None:
    """Print the measurements as a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--beside", metavar="FOLDER")
    if (first := parser.parse_args().beside) is not None:
        beside(first)
        return
    print("| what | measured | beside | ratio | wanted |\n|---|--:|--:|--:|--:|")
    for name, command, baseline, wanted in (
        ("`cnncost table resnext50_32x4d`, cold", TABLE, TABLE_IMPORTS, "1.3"),
        ("`cnncost --help`, cold", HELP, HELP_IMPORTS, "1.6"),
    ):
        a, b, both = ratio(command, baseline)
        print(f"| {name} | {a * 1e3:.0f} ms | {b * 1e3:.0f} ms for `{baseline[-1]}` | {both:.2f} | ≤ {wanted} |")

    model = cnncost.load("resnet152")
    layers = len(model.trace().layers)
    warm = best(lambda: report(model.trace()).total)
    each = warm / layers * 1e6
    print(f"| resnet152, {layers} layers, warm | {warm * 1e3:.1f} ms | | {each:.1f} µs a layer | ≤ 10 ms, ≤ 25 µs |")

    (short, small), (long, large) = deep(10_000), deep(100_000)
    print(f"| residual network of 100,000 layers, time | {long:.2f} s | {short:.2f} s for 10,000 | {long / short:.1f} | ≤ 12 |")
    print(f"| the same, peak memory | {large / 1e6:.0f} MB | {small / 1e6:.0f} MB for 10,000 | {large / small:.1f} | ≤ 12 |")


if __name__ == "__main__":
    main()
