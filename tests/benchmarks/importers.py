"""What reading a network takes, beside the tools of its own format: processor time and memory of cold processes.

python tests/benchmarks/importers.py    # needs torch, torchvision, onnx, onnxscript and onnx-tool
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = 7

EXPORT = """
import torch, torchvision, warnings
warnings.simplefilter("ignore")
model, x = torchvision.models.resnet50().eval(), torch.zeros(1, 3, 224, 224)
torch.export.save(torch.export.export(model, (x,)), "resnet50.pt2")
torch.onnx.export(model, x, "resnet50.onnx", dynamo=False)
"""
ONNX_TOOL = """
import onnx_tool
model = onnx_tool.Model("resnet50.onnx")
model.graph.shape_infer()
model.graph.profile()
model.graph.print_node_map()
"""
TORCH = """
import torch
from torch.utils.flop_counter import FlopCounterMode
program = torch.export.load("resnet50.pt2")
with FlopCounterMode(display=True), torch.no_grad():
    program.module()(torch.zeros(1, 3, 224, 224))
"""


def cold(*command: str) -> tuple[float, float]:
    """Return the seconds of processor time and the megabytes at most that a process takes."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"failed: {' '.join(command)[:80]}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def middle(*command: str) -> tuple[float, float]:
    """Return the median of both over some runs."""
    seconds, megabytes = zip(*(cold(*command) for _ in range(RUNS)), strict=True)
    return statistics.median(seconds), statistics.median(megabytes)


def main() -> None:
    """Print a line for each file."""
    table = (sys.executable, "-m", "cnncost", "table")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH", "")]))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        cold(sys.executable, "-c", EXPORT)
        base = middle(*table, "resnet50")
        print(f"table resnet50 (of the zoo): {base[0]:.2f} s, {base[1]:.0f} MB")
        for name, other, code in (("resnet50.onnx", "onnx-tool", ONNX_TOOL), ("resnet50.pt2", "torch", TORCH)):
            ours, theirs = middle(*table, name), middle(sys.executable, "-c", code)
            size = Path(name).stat().st_size / 2**20
            print(f"table {name} ({size:.0f} MB): {ours[0]:.2f} s, {ours[1]:.0f} MB; ratio {ours[0] / theirs[0]:.2f}")
            print(f"  {other}: {theirs[0]:.2f} s, {theirs[1]:.0f} MB")


if __name__ == "__main__":
    main()
