"""What the core takes: start-up, a warm model, and how cost grows with depth. Ratios are measured side by side in one run.

python tests/benchmarks/core.py
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
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


def main() -> None:
    """Print the measurements as a table."""
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
