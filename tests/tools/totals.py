"""Totals that tools printed for torchvision's models, as tests/data/tools.csv has them, and what conventions give for them."""

from __future__ import annotations

import csv
from pathlib import Path

from cnncost.counting import convention
from cnncost.counting.counts import Counts

FILE = Path(__file__).parents[1] / "data" / "tools.csv"
LINES = FILE.read_text(encoding="utf-8").splitlines()
RUN = dict(line[2:].split(": ", 1) for line in LINES if line.startswith("# "))
ROWS = list(csv.DictReader(line for line in LINES if not line.startswith("#")))
OTHERS = {  # columns that are not FLOPs by the convention of their name: what they are, how many to one
    "params": ("lecture", "params", 1),
    "buffers": ("lecture", "buffers", 1),
    "fvcore activations": ("fvcore", "memory", 1),
    "torchinfo bytes": ("torchinfo", "memory", 4),
    "pycls activations": ("pycls", "memory", 1),
}
SINGLE = ("thop_2019", "thop_2020")  # which add up in single precision
EINSUM = ("fvcore", "calflops", "deepspeed")  # which read einsum's count off a text of four digits: MaxViT
REUSED = ("resnet", "resnext", "wide_resnet")  # whose blocks call one ReLU several times, which torchstat counts once


def charged(counts: Counts, column: str) -> int:
    """Return what a convention gives for a column."""
    name, figure, times = OTHERS.get(column, (column, "flops", 1))
    if figure == "buffers":
        return int(counts.columns["buffers"].sum())
    return times * int(counts.charge(convention(name), figure).sum())


def within(model: str, column: str) -> float:
    """What share of the total may differ, for a reason that the convention names as a slip."""
    if column in SINGLE:
        return 5e-6
    if column in EINSUM and model == "maxvit_t":
        return 5e-7
    return 0.002 if column.startswith("torchstat") and model.startswith(REUSED) else 0
