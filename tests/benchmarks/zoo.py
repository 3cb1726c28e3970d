"""What the zoo takes: tracing all of it, listing it, and how little of it one network imports.

python tests/benchmarks/zoo.py
"""

from __future__ import annotations

import subprocess
import sys

from core import HELP, best, ratio

from cnncost.measures.report import report
from cnncost.models import zoo

LIST = [sys.executable, "-m", "cnncost", "list"]
PROBE = """
import atexit, sys
from cnncost.__main__ import main
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
main()
"""


def families(*words: str) -> list[str]:
    """Return the modules inside the zoo that a command imports."""
    done = subprocess.run([sys.executable, "-c", PROBE, *words], check=True, capture_output=True, text=True)
    return [name.removeprefix("cnncost.models.zoo.") for name in done.stderr.split() if name.startswith("cnncost.models.zoo.")]


def main() -> None:
    """Print the measurements as a table."""
    models = [model for module in zoo.FAMILIES for model in zoo.models(module).values()]
    layers = sum(len(model.trace().layers) for model in models)
    traced = best(lambda: [model.trace() for model in models])
    analysed = best(lambda: [report(model.trace()).total for model in models])
    listed, helped, both = ratio(LIST, HELP)

    print("| what | measured | beside | ratio | wanted |\n|---|--:|--:|--:|--:|")
    for what, seconds, wanted in (
        (f"tracing all {len(models)} networks, {layers:,} layers", traced, "< 10 s"),
        ("tracing them and adding up what they cost", analysed, ""),
    ):
        print(f"| {what} | {seconds:.2f} s | | {seconds / layers * 1e6:.1f} µs a layer | {wanted} |")
    print(f"| `cnncost list`, cold | {listed * 1e3:.0f} ms | {helped * 1e3:.0f} ms for `cnncost --help` | {both:.2f} | |")
    for words, wanted in (("--help", "none"), ("table resnext50_32x4d", "blocks, resnet, resnext")):
        print(f"| families imported by `cnncost {words}` | {', '.join(families(*words.split())) or 'none'} | | | {wanted} |")


if __name__ == "__main__":
    main()
