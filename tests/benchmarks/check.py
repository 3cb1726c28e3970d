"""What `cnncost check` takes: start-up beside `table`, and a hundred specs, also against git.

python tests/benchmarks/check.py
"""

from __future__ import annotations

import contextlib
import io
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cnncost.__main__ import main as cnncost

SPECS = 100
RUNS = 11
TABLE = [sys.executable, "-m", "cnncost", "table", "resnext50_32x4d"]
CHECK = [sys.executable, "-m", "cnncost", "check", "resnext50_32x4d", "--max-params", "26M", "--max-flops", "4.5G"]

# ResNeXt-50 with its 175 layers, each copy of another width.
SPEC = """\
cnncost: 1
name: net{number}
input: [3, 224, 224]
params: {{groups: 32, base: {base}}}
defaults:
  conv: {{pad: same, bias: false, norm: batch_norm, act: relu}}
blocks:
  bottleneck:
    params: {{width, out, stride: 1}}
    layers:
      - add:
          - - conv: {{out: width, kernel: 1}}
            - conv: {{out: width, kernel: 3, stride: stride, groups: groups}}
            - conv: {{out: out, kernel: 1, act: none}}
          - project
      - relu
layers:
  stem: [conv: {{out: 64, kernel: 7, stride: 2}}, max_pool: {{kernel: 3, stride: 2, pad: 1}}]
  conv2: [{{bottleneck: {{width: groups * base, out: 256}}, repeat: 3}}]
  conv3: [{{bottleneck: {{width: 2 * groups * base, out: 512}}, repeat: 4, first: {{stride: 2}}}}]
  conv4: [{{bottleneck: {{width: 4 * groups * base, out: 1024}}, repeat: 6, first: {{stride: 2}}}}]
  conv5: [{{bottleneck: {{width: 8 * groups * base, out: 2048}}, repeat: 3, first: {{stride: 2}}}}]
  head: [global_avg_pool, linear: 1000]
budget:
  params: {{max: 10G, growth: 1%}}
  flops: 1T
  memory: 1 GB
"""


def seconds(command: list[str]) -> float:
    """Return how long a process takes, from start to end."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def warm(*words: str) -> float:
    """Return the shortest of several timings of a command in this process, in seconds."""
    timings = []
    for _ in range(5):
        sys.argv = ["cnncost", *words]
        start = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            try:
                cnncost()
            except SystemExit as end:
                if end.code != 0:
                    raise RuntimeError(printed.getvalue()) from None
        timings.append(time.perf_counter() - start)
    return min(timings)


def main() -> None:
    """Print the measurements as a table."""
    print("| what | measured | beside | ratio | wanted |\n|---|--:|--:|--:|--:|")
    pairs = [(seconds(CHECK), seconds(TABLE)) for _ in range(RUNS + 1)][1:]  # the first pair warms the disk cache
    check, table = (statistics.median(side) * 1e3 for side in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"| `cnncost check resnext50_32x4d`, cold | {check:.0f} ms | {table:.0f} ms for `table` | {ratio:.2f} | ≤ 1.05 |")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for number in range(SPECS):
            Path(f"net{number}.yaml").write_text(SPEC.format(number=number, base=number + 1))
        git = ["git", "-c", "user.name=n", "-c", "user.email=n@example.org"]
        for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "specs"]):
            subprocess.run([*git, *words], check=True)
        one = warm("table", "net0.yaml", "--format", "json")
        for name, words in (("", []), (", against git", ["--against", "HEAD"])):
            each = warm("check", "*.yaml", *words) / SPECS
            wanted = "≤ 20 ms" if not words else ""
            print(
                f"| check of {SPECS} specs of 175 layers{name}, warm, per spec | {each * 1e3:.1f} ms "
                f"| {one * 1e3:.1f} ms for `table` of one | {each / one:.2f} | {wanted} |"
            )


if __name__ == "__main__":
    main()
