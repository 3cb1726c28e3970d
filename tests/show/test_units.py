"""Units of memory: one number of decimals in a column, points in line, and what --unit asks for."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from support import command

import cnncost

# EECS 498-007, lecture 8: the memory column of AlexNet in KB; docs/counting.md.
LECTURE_KB = ["784", "182.25", "546.75", "126.75", "253.5", "169", "169", "36", "36", "16", "16", "3.90625"]
GIVEN = ("alexnet_lecture", "--columns", "name,memory")


def cells(text: str) -> list[str]:
    """Return the cells of the last column, the total last."""
    rows = [line for line in text.splitlines() if re.match(r"(conv|pool|flatten|fc|total)", line)]
    return [row.split()[-1] for row in rows]


def test_the_lecture_in_one_column() -> None:
    shown = command("table", *GIVEN).out
    assert cells(shown)[:-1] == [f"{float(value):.2f}" for value in LECTURE_KB]  # 784.00, 182.25, …, 3.91
    assert "memory (KB)" in shown
    ends = {len(line) for line in shown.splitlines() if re.match("(conv|pool|fc|total)", line)}
    assert len(ends) == 1  # points stand in line


@pytest.mark.parametrize(("unit", "size"), [("KB", 1), ("kib", 1), ("MB", 1024), ("MiB", 1024), ("GB", 1024**2)])
def test_units_are_asked_for(unit: str, size: int) -> None:
    shown = command("table", *GIVEN, "--unit", unit).out
    for cell, value in zip(cells(shown), LECTURE_KB, strict=False):
        expected = float(value) / size
        assert cell == (f"{expected:.2f}" if expected >= 0.005 else "<0.01"), value
    assert f"memory ({unit.replace('kib', 'KiB')})" in shown


def test_exact_digits_have_one_number_of_decimals() -> None:
    found = cells(command("table", *GIVEN, "--exact").out)
    assert [float(cell.replace(",", "")) for cell in found[:-1]] == list(map(float, LECTURE_KB))
    assert {cell.partition(".")[2].__len__() for cell in found} == {5}
    assert cells(command("table", *GIVEN, "--unit", "B").out)[0] == f"{64 * 56 * 56 * 4:,}"


def test_a_figure_does_not_depend_on_its_neighbours() -> None:
    """VGG-16's 59,129.90625 KB alone and beside others."""
    for others in ([], ["googlenet_stem"], ["resnext_block"], ["googlenet_stem", "alexnet_lecture", "resnet18"]):
        assert " 59,129.91 " in command("compare", "vgg16", *others, env={"COLUMNS": "200"}).out
    assert " 7,644.00 " in command("compare", "googlenet_stem").out
    assert " 7,644.00 " in command("compare", "googlenet_stem", "vgg16").out


def test_large_figures_stay_readable() -> None:
    for words in (("memory", "resnet50", "--batch", "256"), ("table", "vgg16", "--batch", "4096", "--columns", "name,memory")):
        text = command(*words).out
        assert not re.search(r"\d,\d{3},\d{3}\.\d\d", text)
        assert re.search(r"memory \([MG]B\)", text)
    auto = command("compare", "vgg16_lecture", "--unit", "auto").out
    assert "memory (MB)" in auto
    assert " 54.59 " in auto  # 55,895.90625 / 1024


@pytest.mark.parametrize(
    "words",
    [
        ("diff", "resnet18", "resnet34"),
        ("check", "resnet18", "--max-memory", "20MB"),
        ("solve", "resnet18", "--for", "batch", "--target", "memory<=1GB"),
        ("sweep", "resnet18", "--over", "width=32,64"),
        ("compare", "resnet18", "resnet34", "--columns", "model_size,param_bytes,peak"),
        ("memory", "resnet18"),
        ("table", "resnet18", "--depth", "1"),
        ("explain", "vgg16_lecture", "--claim", "48.6MB"),
        ("explain", "resnet18", "--layer", "conv1"),
        ("explain", "resnet18", "--layer", "layer1"),
        ("list", "vgg", "--columns", "name,memory,model_size"),
        ("snapshot", "lenet5"),
        ("compare", "resnet18", "resnet34", "--by", "type"),
    ],
    ids=" ".join,
)
def test_every_command_takes_a_unit(words: tuple[str, ...]) -> None:
    env = {"COLUMNS": "240"}
    shown = command(*words, "--unit", "MiB", env=env)
    assert shown.code == 0, shown.err
    assert "MiB" in shown.out
    table = shown.out.partition("\nover: ")[0]
    assert not re.search(r"\d KB|\(KB\)|\(MB\)", table)
    assert (
        command(*words, "--unit", "MiB", "--format", "json").out.partition('"seconds"')[0]
        == (command(*words, "--format", "json").out.partition('"seconds"')[0])
    )


def test_programs_get_bytes() -> None:
    for unit in ((), ("--unit", "GB")):
        layers = json.loads(command("table", "alexnet_lecture", "--format", "json", *unit).out)["layers"]
        rows = list(csv.DictReader(io.StringIO(command("table", *GIVEN, "--format", "csv", *unit).out)))
        for layer, row, value in zip(layers, rows, LECTURE_KB, strict=False):
            assert layer["activation_bytes"] == int(row["activation_bytes"]) == float(value) * 1024


def test_the_library_takes_a_unit() -> None:
    report = cnncost.analyze("resnet18")
    assert "memory (MiB)" in report.table(unit="MiB").text()[0]
    with pytest.raises(cnncost.CnncostError, match="unknown unit 'MBit'"):
        report.table(unit="MBit")
