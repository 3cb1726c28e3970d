"""What memory and receptive fields take: how they grow with depth, and that tables without them do not pay for them.

python tests/benchmarks/memory.py
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import cnncost
from cnncost.measures.field import receptive_fields
from cnncost.measures.memory import memory

RUNS = 5
TABLE = [sys.executable, "-m", "cnncost", "table", "resnext50_32x4d"]
COLUMNS = [*TABLE, "--columns", "name,output,params,flops,kept,rf,intensity"]
MEMORY = [sys.executable, "-m", "cnncost", "memory", "resnext50_32x4d"]


def residual(x: cnncost.Tensor, layers: int) -> cnncost.Tensor:
    """Return a residual network of that many layers: conv, batch norm, ReLU, addition, over and over."""
    for _ in range(layers // 4):
        x = x + x.conv(64, 3, pad=1, bias=False).batch_norm().relu()
    return x


def long_skip(x: cnncost.Tensor, layers: int) -> cnncost.Tensor:
    """Return a network in which every tenth tensor lives to the very end."""
    kept = []
    for index in range(layers):
        x = x.conv(8, 1).relu() if index % 2 else x.batch_norm()
        if index % 20 == 0:
            kept.append(x)
    return x.concat(*kept)


FIGURES: dict[str, Callable[[cnncost.Graph], object]] = {
    "peak": lambda graph: memory(graph).peak_bytes,
    "kept": lambda graph: memory(graph).kept_bytes,
    "receptive fields": receptive_fields,
}


def seconds(run: Callable[[], object]) -> float:
    """Return the shortest of several timings."""
    timings = []
    for _ in range(RUNS):
        gc.collect()
        start = time.perf_counter()
        run()
        timings.append(time.perf_counter() - start)
    return min(timings)


def process(command: list[str]) -> Callable[[], object]:
    """Return a function that runs a command to its end."""
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Print the measurements as a table."""
    print("| what | measured | beside | ratio | wanted |\n|---|--:|--:|--:|--:|")
    for model in (residual, long_skip):
        small, large = (cnncost.trace(model, (64, 56, 56), layers=layers) for layers in (10_000, 100_000))
        for name, figure in FIGURES.items():
            short, long = (seconds(lambda graph=graph, figure=figure: figure(graph)) for graph in (small, large))
            what = f"{name}, `{model.__name__}`, 100,000 layers"
            print(f"| {what} | {long:.2f} s | {short:.3f} s for 10,000 | {long / short:.1f} | ≤ 12 |")
    for name, command in (("memory, rf and intensity as columns", COLUMNS), ("`cnncost memory`", MEMORY)):
        pairs = [(seconds(process(command)), seconds(process(TABLE))) for _ in range(3)]
        both = statistics.median(a / b for a, b in pairs)
        took, beside = (statistics.median(side) * 1e3 for side in zip(*pairs, strict=True))
        print(f"| resnext50_32x4d, cold: {name} | {took:.0f} ms | {beside:.0f} ms for the table | {both:.2f} | |")


if __name__ == "__main__":
    main()
