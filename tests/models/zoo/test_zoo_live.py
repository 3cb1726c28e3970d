"""Networks whose figures a program was run for: tests/data/zoo.csv, and the programs themselves where they are installed.

A row has what `program` counts of the network that it calls `name`, made with `arguments`: learned numbers, and half the
operations of PyTorch's FlopCounterMode, which counts convolutions and products of matrices. One network of each family of timm
or torchvision is run again, at another size than the recorded one.
"""

from __future__ import annotations

import ast
import csv
from pathlib import Path
from typing import Any

import pytest

from cnncost import analyze
from cnncost.models.load import load

with (Path(__file__).parents[2] / "data" / "zoo.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))

FAMILIES = {  # the first network of each, which is mostly the smallest
    (load(row["model"]).function, row["arguments"]): row
    for row in reversed(ROWS)
    if row["program"].startswith(("timm", "torchvision"))
}


def shape(row: dict[str, str]) -> tuple[int, ...]:
    return tuple(map(int, row["input"].split("x")))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['model']} {row['input']}")
def test_recorded_figures(row: dict[str, str]) -> None:
    total = analyze(load(row["model"]).trace(shape(row))).total
    assert (total["params"], total["macs"]) == (int(row["params"]), int(row["macs"]))


def made(program: str, name: str, arguments: dict[str, Any]) -> Any:
    """The network of a program; skips the test where it is not installed."""
    try:
        if program == "timm":
            import timm

            return timm.create_model(name, **arguments)
        import torchvision

        return torchvision.models.get_model(name, weights=None, **arguments)
    except (ImportError, RuntimeError):  # not there, or torchvision's operators do not fit this build of PyTorch
        pytest.skip(f"{program} cannot be imported")


@pytest.mark.parametrize("row", FAMILIES.values(), ids=lambda row: row["model"])
def test_figures_of_the_program_itself(row: dict[str, str]) -> None:
    torch = pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    given = dict(pair.split("=") for pair in row["arguments"].split())
    module = made(row["program"].split()[0], row["name"], {key: ast.literal_eval(value) for key, value in given.items()})
    channels, *sizes = shape(row)
    other = (channels, *sizes[:-2], sizes[-2] + 32, sizes[-1] + 64)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module.eval().to("meta")(torch.zeros(1, *other, device="meta"))
    total = analyze(load(row["model"]).trace(other)).total
    assert total["params"] == sum(parameter.numel() for parameter in module.parameters())
    assert total["macs"] == counter.get_total_flops() // 2
