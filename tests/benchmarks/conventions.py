"""What the conventions cost: python tests/benchmarks/conventions.py

Layers are counted once and priced by formulas per layer type, so that all conventions together should cost less than twice
what one does. Both run here, side by side.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import cnncost
from cnncost.counting import MODULE_OF
from cnncost.measures.report import report, reports

MODEL = "resnet152"


def best(run: Callable[[], object], times: int = 50) -> float:
    timings = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        timings.append(time.perf_counter() - start)
    return min(timings)


def main() -> None:
    """Print the measurements as a table."""
    model = cnncost.load(MODEL)
    one = best(lambda: report(model.trace()).flops.sum())
    every = best(lambda: [each.flops.sum() for each in reports(model.trace(), list(MODULE_OF))])
    print("| what | measured | beside | ratio | wanted |\n|---|--:|--:|--:|--:|")
    name = f"{MODEL} by all {len(MODULE_OF)} conventions"
    print(f"| {name} | {every * 1e3:.1f} ms | {one * 1e3:.1f} ms for one | {every / one:.2f} | < 2 |")


if __name__ == "__main__":
    main()
