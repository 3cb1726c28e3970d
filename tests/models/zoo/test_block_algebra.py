"""Closed forms: blocks traced on letters give the lecture's algebra, and its numbers at integer points."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from cnncost import Poly, load, symbols
from cnncost.base.errors import ModelError
from cnncost.rules import Shape, elements

DATA = Path(__file__).parents[2] / "data" / "layers"
C, G, H, W, c = symbols("C G H W c")
POINTS = [dict(zip("CGHWc", values, strict=True)) for values in ((64, 32, 56, 56, 4), (3, 2, 5, 7, 11), (1, 1, 1, 1, 1))]

Record = dict[str, str]


def read(table: str) -> list[Record]:
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True)
class Traced:
    """What the convolutions of a model cost in letters."""

    params: Any
    macs: Any
    memory: Any


def traced(model: str, input: Shape, **settings: Any) -> Traced:
    convs = [node.cost for node in load(model).trace(input, **settings).layers if node.kind == "conv"]
    return Traced(
        sum(cost.params for cost in convs), sum(cost.macs for cost in convs), sum(elements(cost.shape) for cost in convs)
    )


BLOCKS = {
    "one 5x5 conv C->C": traced("conv5x5", (C, H, W), C=C),
    "two 3x3 convs": traced("conv3x3_twice", (C, H, W), C=C),
    "one 7x7 conv": traced("conv7x7", (C, H, W), C=C),
    "three 3x3 convs": traced("conv3x3_thrice", (C, H, W), C=C),
    "conv 3x3 C->C on 2H x 2W (before pool)": traced("conv3x3", (C, 2 * H, 2 * W), C=C),
    "conv 3x3 2C->2C on H x W (after pool)": traced("conv3x3", (2 * C, H, W), C=2 * C),
    "basic residual block (C->C)": traced("basic", (C, H, W), C=C),
    "bottleneck block (4C->C->C->4C)": traced("bottleneck", (4 * C, H, W), C=C),
    "ResNeXt G paths (4C->c->c->4C)": traced("resnext_block", (4 * C, H, W), C=C, G=G, c=c),
}


@pytest.mark.parametrize("row", read("vgg_and_block_algebra"), ids=lambda row: row["rule"])
def test_coefficients(row: Record) -> None:
    """The table's coefficients of C² and of H·W·C², at integer points; plain numbers also as polynomials."""
    ours = BLOCKS[row["rule"]]
    params, flops = row["params_coefficient_C2"], row["flops_coefficient_HWC2"]
    if params.isdigit():
        assert ours.params == int(params) * C**2
        assert ours.macs == int(flops) * C**2 * H * W
    for point in POINTS:
        letters = {letter: Fraction(value) for letter, value in point.items()}
        scale = letters["C"] ** 2
        assert ours.params.subs(point) == eval(params.replace("^", "**"), letters.copy()) * scale
        assert ours.macs.subs(point) == eval(flops.replace("^", "**"), letters.copy()) * scale * letters["H"] * letters["W"]


def test_resnext_block_in_letters() -> None:
    block = BLOCKS["ResNeXt G paths (4C->c->c->4C)"]
    assert block.macs == H * W * (8 * C * G * c + 9 * G * c**2)
    assert block.params == 8 * C * G * c + 9 * G * c**2


def test_pooling_then_twice_the_channels() -> None:
    """Memory halves, parameters are four times as many, FLOPs are equal."""
    before = BLOCKS["conv 3x3 C->C on 2H x 2W (before pool)"]
    after = BLOCKS["conv 3x3 2C->2C on H x W (after pool)"]
    assert (before.memory, after.memory) == (4 * H * W * C, 2 * H * W * C)
    assert (before.params, after.params) == (9 * C**2, 36 * C**2)
    assert before.macs == after.macs == 36 * H * W * C**2


def test_one_path_as_wide_as_the_bottleneck_is_the_bottleneck() -> None:
    assert traced("resnext_block", (4 * C, H, W), C=C, G=1, c=C) == BLOCKS["bottleneck block (4C->C->C->4C)"]


def test_a_pixel_of_the_block_costs_its_parameters() -> None:
    for name, block in BLOCKS.items():
        if "pool" not in name:
            assert block.macs == block.params * H * W


@pytest.mark.parametrize("row", read("resnext_equation"), ids=lambda row: f"G={row['G']}")
def test_equal_flops_with_the_bottleneck(row: Record) -> None:
    """The equation 9·G·c² + 8·G·C·c = 17·C² comes from the two blocks; the table's c is the whole number nearest to it."""
    point = {"C": int(row["C"]), "G": int(row["G"])}
    resnext = BLOCKS["ResNeXt G paths (4C->c->c->4C)"].params.subs(point)
    target = BLOCKS["bottleneck block (4C->C->C->4C)"].params.subs(point)
    assert isinstance(resnext, Poly)
    assert resnext.letters() == ("c",)
    assert target == int(row["bottleneck_17C2"])

    at = {width: resnext.subs({"c": width}) for width in range(1, 2 * point["C"])}
    nearest = min(at, key=lambda width: abs(at[width] - target))
    assert nearest == int(row["c_rounded"])
    assert at[nearest] == int(row["flops_per_HW_at_rounded_c"])
    assert at[nearest] / target == pytest.approx(float(row["ratio"]), abs=5e-6)

    step = Fraction(1, 10**6)  # the table prints the root to six decimals
    root = Fraction(row["c_exact"])
    below, above = (resnext.subs({"c": root + offset}) for offset in (-step, step))
    assert below < target < above


@pytest.mark.parametrize(("model", "channels"), [("basic", 32), ("bottleneck", 128), ("resnext_block", 128), ("conv3x3", 32)])
def test_settings_and_input_must_agree(model: str, channels: int) -> None:
    assert load(model, C=32).trace().output == (channels, 56, 56)
    with pytest.raises(ModelError, match=f"{channels} channels") as caught:
        load(model, C=32).trace((2 * channels, 56, 56))
    assert caught.value.hint == f"change the input with the setting: --input {channels},H,W"
    assert load(model, C=32).trace((channels, 8, 8)).output == (channels, 8, 8)
