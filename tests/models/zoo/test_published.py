"""Every published and recorded figure in tests/data/published.csv, against the zoo.

tests/data/published_models/*.csv say which model each row is about, and how its figures are to be read:

- model: a model reference, as on the command line
- params_reading: all, or no_norm (normalisation layers' parameters left out)
- macs_reading: all, or conv (convolutions only)
- rounding: nearest, down (the source cuts figures off), or "macs down" (it cuts off those)
- not_reproduced: empty, params, macs or "params macs": published figures that the definition does not give

`reason` says why a figure is not reproduced, or why it is read in another way than the first.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import cnncost

DATA = Path(__file__).parents[2] / "data"
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}
NORMS = {"batch_norm", "layer_norm", "group_norm"}

Record = dict[str, str]


def read(path: Path) -> list[Record]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def key(row: Record) -> tuple[str, str, str]:
    return row["name"], row["reference"], row["input"]


PUBLISHED = {key(row): row for row in read(DATA / "published.csv")}
READINGS = [row for path in sorted((DATA / "published_models").glob("*.csv")) for row in read(path)]


def precision(text: str) -> float:
    """The size of the last printed digit: "0.1M" is 100,000."""
    if text == "exact":
        return 0
    unit = text[-1] if text[-1] in UNITS else ""
    return float(text.removesuffix(unit)) * UNITS[unit]


def agrees(ours: int, published: str, unit: str, rounding: str) -> bool:
    step = precision(unit)
    if rounding == "down":
        return int(published) <= ours < int(published) + step
    return abs(ours - int(published)) <= step / 2


def figures(model: str, reading: Record) -> dict[str, int]:
    report = cnncost.analyze(model)
    params = sum(
        int(count)
        for row, count in zip(report.rows, report.params, strict=True)
        if not (reading["params_reading"] == "no_norm" and row.kind in NORMS)
    )
    macs = sum(
        int(count)
        for row, count in zip(report.rows, report.macs, strict=True)
        if not (reading["macs_reading"] == "conv" and row.kind != "conv")
    )
    return {"params": params, "macs": macs}


@pytest.mark.parametrize("reading", READINGS, ids=lambda r: f"{r['name']}|{r['reference'][:24]}|{r['input']}")
def test_published_figure(reading: Record) -> None:
    row = PUBLISHED[key(reading)]
    ours = figures(reading["model"], reading)
    missed = reading["not_reproduced"].split()
    plain = [reading[how] for how in ("params_reading", "macs_reading", "rounding")] == ["all", "all", "nearest"]
    assert bool(reading["reason"]) == (not plain or bool(missed))
    for figure, unit in (("params", "params_unit_precision"), ("macs", "macs_precision")):
        if row[f"computed_{figure}"]:
            assert ours[figure] == int(row[f"computed_{figure}"]), figure
        if row[figure]:
            rounding = reading["rounding"].removeprefix(f"{figure} ")
            assert agrees(ours[figure], row[figure], row[unit], rounding) == (figure not in missed), figure


def test_every_row_has_one_reading() -> None:
    assert sorted(map(key, READINGS)) == sorted(PUBLISHED)
