"""What specs take: a spec of 2,000 lines beside the same network in Python, from the text to the printed table.

python tests/benchmarks/spec.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cnncost
from cnncost.measures.report import report
from cnncost.models.spec import read
from cnncost.show.render import render

RUNS = 15
LINES = 2000
WIDTHS = (64, 96, 128, 160)


def spec() -> str:
    """Return a spec of 2,000 lines: a layer on each, in stages, with every tenth layer a residual block."""
    lines = ["cnncost: 1", "input: [64, 56, 56]", "params: {width: 64}", "layers:"]
    number = 0
    while len(lines) < LINES:
        if number % 200 == 0:
            lines.append(f"  stage{number // 200}:")
        width = "width" if number % 7 == 0 else str(WIDTHS[number % 4])
        lines.append(f"    - conv: {{out: {width}, kernel: 3, pad: same, norm: batch_norm, act: relu}}")
        number += 1
    return "\n".join(lines) + "\n"


def python() -> str:
    """Return the same network as the source of a model function, a layer on each line."""
    lines = ["def net(x, width=64):"]
    number = 0
    while len(lines) + 3 + number // 200 + 1 < LINES:
        if number % 200 == 0:
            lines.append(f"    with x.scope('stage{number // 200}'):")
        width = "width" if number % 7 == 0 else str(WIDTHS[number % 4])
        lines.append(f"        x = x.conv({width}, 3, pad='same', bias=False).batch_norm().relu()")
        number += 1
    return "\n".join([*lines, "    return x"]) + "\n"


def median(pairs: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Return the medians of both and of the ratio pair by pair."""
    return (*(statistics.median(side) for side in zip(*pairs, strict=True)), statistics.median(a / b for a, b in pairs))


def timed(function: Callable[[], object]) -> float:
    """Return how long a call takes, in seconds of this process."""
    start = time.process_time()
    function()
    return time.process_time() - start


def seconds(*command: str, folder: str) -> float:
    """Return how long a process takes, from start to end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "cnncost", *command], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    return time.perf_counter() - start


def main() -> None:
    """Print the measurements as a table."""
    text, source = spec(), python()

    def from_spec() -> str:
        return render(report(read("net.yaml", text).model.trace()).table(), "plain")

    def from_python() -> str:
        names: dict[str, Callable[..., cnncost.Tensor]] = {}
        exec(compile(source, "net.py", "exec"), names)
        return render(report(cnncost.trace(names["net"], (64, 56, 56))).table(), "plain")

    layers = len(read("net.yaml", text).model.trace().layers)
    print(f"{text.count(chr(10)):,} lines, {layers:,} layers\n")
    print("| what | spec | Python | ratio | wanted |\n|---|--:|--:|--:|--:|")
    both = median([(timed(from_spec), timed(from_python)) for _ in range(RUNS + 1)][1:])
    print(f"| load, build and print, warm | {both[0] * 1e3:.0f} ms | {both[1] * 1e3:.0f} ms | {both[2]:.2f} | ≤ 2 |")

    def built() -> tuple[float, float]:
        names: dict[str, Callable[..., cnncost.Tensor]] = {}
        exec(compile(source, "net.py", "exec"), names)
        return timed(lambda: read("net.yaml", text).model.trace()), timed(lambda: cnncost.trace(names["net"], (64, 56, 56)))

    both = median([built() for _ in range(RUNS + 1)][1:])
    print(
        f"| load and build, warm, the function compiled before | {both[0] * 1e3:.0f} ms | {both[1] * 1e3:.0f} ms "
        f"| {both[2]:.2f} | |"
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "net.yaml").write_text(text, encoding="utf-8")
        Path(folder, "net.py").write_text(source, encoding="utf-8")
        commands = (("table", "net.yaml"), ("table", "net:net", "--input", "64,56,56"))
        pairs = [(seconds(*commands[0], folder=folder), seconds(*commands[1], folder=folder)) for _ in range(RUNS + 1)][1:]
    both = median(pairs)
    print(f"| `cnncost table`, cold | {both[0] * 1e3:.0f} ms | {both[1] * 1e3:.0f} ms | {both[2]:.2f} | ≤ 2 |")


if __name__ == "__main__":
    main()
