"""Counting conventions: what each layer type is charged, as formulas over the counts that rules report.

What tools and textbooks disagree about is data here. A convention prices a layer by substituting the layer's counts into
a polynomial; kinds it does not list are free.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cnncost.algebra import Num, symbols
from cnncost.errors import UsageError, did_you_mean
from cnncost.ops import RULES

COUNTS = ("params", "macs", "bias", "taps", "reads", "writes")
MEANINGS = {
    "params": "learned numbers",
    "macs": "multiply-adds of conv, linear and matmul kinds",
    "bias": "output elements that also get a learned offset",
    "taps": "inputs visited by parameter-free windows",
    "reads": "elements of all inputs",
    "writes": "elements of the output",
}

params, macs, bias, taps, reads, writes = symbols(" ".join(COUNTS))

WEIGHTS = tuple(kind for kind, rule in RULES.items() if rule.section == "weights")
POOLS = tuple(kind for kind, rule in RULES.items() if rule.section == "pooling")


@dataclass(frozen=True, slots=True)
class Convention:
    """One way of counting."""

    name: str
    states: str  # what is counted, in one line
    source: str
    flops: Mapping[str, Num]  # per kind, a formula over COUNTS; a kind left out costs nothing
    memory: Mapping[str, Num]  # likewise, the elements that the memory column shows


LECTURE_MEMORY = dict.fromkeys((*WEIGHTS, *POOLS, "flatten"), writes)

CONVENTIONS = {
    convention.name: convention
    for convention in (
        Convention(
            "lecture",
            "1 multiply-add = 1 FLOP; pooling pays its taps; biases, norms and activations are free",
            "EECS 498-007 lecture 8 and CS231n 2017 lecture 9; rules R1–R18 of docs/counting.md",
            flops={**dict.fromkeys(WEIGHTS, macs), **dict.fromkeys(POOLS, taps)},
            memory=LECTURE_MEMORY,
        ),
        Convention(
            "macs",
            "1 multiply-add = 1 FLOP; only convolutions, linear layers and matrix products count",
            "torchvision 0.28 weights' recorded GFLOPS (_ops), which are multiply-adds",
            flops=dict.fromkeys(WEIGHTS, macs),
            memory=LECTURE_MEMORY,
        ),
    )
}


def convention(name: str) -> Convention:
    """Return the convention of that name. Raises UsageError with the nearest names otherwise."""
    if name not in CONVENTIONS:
        known = ", ".join(CONVENTIONS)
        raise UsageError(f"unknown convention '{name}'", did_you_mean(name, CONVENTIONS, f"known: {known}"))
    return CONVENTIONS[name]
