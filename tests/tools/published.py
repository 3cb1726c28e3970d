"""Published figures, what `explain --claim` says of each, and the table of docs/models.md that is made of both.

    python tests/tools/published.py

tests/data/published.csv has the figures, tests/data/published_models/*.csv how each is to be read:

- model: the network it is of, a reference as on the command line
- params, macs: the way of `explain --claim` that gives the figure ("macs", "params (without norms)"), "none" where no way is
  known; with ", cut off" where the source does not round, or ", zeros no digits" where its last zeros are none
- reason: why a figure is read in another way than the first, or why none gives it
"""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cnncost import load
from cnncost.counting import CONVENTIONS
from cnncost.questions.claims import Candidate, candidates, claim
from cnncost.questions.claims.numbers import numbers

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
PAGE = ROOT / "docs" / "models.md"
HEADING = "\n## Published figures, read as their sources count\n"
HEADS = "| figure | network | of | published | `explain --claim` | why |\n|---|---|---|--:|---|---|\n"
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}
PLAIN = ("params", "macs")
PRINTED = {"cut off": "truncated", "zeros no digits": "zeros", "": "rounded"}
CITED = {  # how the page cites what the table of figures names in short
    "Howard 2017": "arXiv:1704.04861",
    "MobileNet paper": "arXiv:1704.04861",
    "Sandler 2018": "arXiv:1801.04381",
    "Tan&Le 2019": "arXiv:1905.11946",
    "Hu 2017": "arXiv:1709.01507",
    "Xie 2016": "arXiv:1611.05431",
    "He 2015": "arXiv:1512.03385",
    "ResNet paper": "arXiv:1512.03385",
    "Zagoruyko 2016": "arXiv:1605.07146",
    "WRN paper": "arXiv:1605.07146",
    "Huang 2017": "arXiv:1608.06993",
}


class Figure(NamedTuple):
    """One published figure: where it stands, the network, what it is of, its text, and how that is to be read."""

    source: str
    model: str
    of: str
    text: str  # "3.8G"; of an exact one, all digits
    exact: int | None
    way: str
    printed: str  # "rounded", "truncated", "zeros"
    reason: str

    @property
    def asked(self) -> str:
        """The network that one would ask about: without the size, the classes or the version that it turns out to be."""
        return re.sub(r" --(size \d+|set classes=\d+)", "", re.sub(r"^(resnet\d+)_v1", r"\1", self.model))

    @property
    def claim(self) -> str:
        return f"{self.text} params" if self.of == "params" else self.text


def read(*paths: Path) -> list[dict[str, str]]:
    rows = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            rows += csv.DictReader(file)
    return rows


def key(row: dict[str, str]) -> tuple[str, str, str]:
    return row["name"], row["reference"], row["input"]


PUBLISHED = {key(row): row for row in read(DATA / "published.csv")}
READINGS = read(*sorted((DATA / "published_models").glob("*.csv")))


def as_printed(value: str, precision: str) -> str:
    """Return a figure as it was printed: 3860000000 to 0.01G is "3.86G"."""
    if precision in ("", "exact"):
        return f"{int(value):,}"
    unit = precision[-1]
    return f"{int(value) / UNITS[unit]:.{len(precision[:-1].partition('.')[2])}f}{unit}"


def cited(reference: str) -> str:
    for short, source in CITED.items():
        if reference.startswith(short):
            place = re.sub(r" \(.*|:.*|/ authors README", "", reference.removeprefix(short)).strip()
            return f"{source}, {place.replace('Table', 'table')}".replace("tables s", "tables ")
    return reference.replace("research/slim/nets/", "").removesuffix("/README.md").removesuffix(" README")


def figures(reading: dict[str, str]) -> Iterator[Figure]:
    """Iterate over the figures of one row."""
    row = PUBLISHED[key(reading)]
    for of, precision in (("params", row["params_unit_precision"]), ("macs", row["macs_precision"])):
        if row[of]:
            way, _, how = reading[of].partition(", ")
            exact = int(row[of]) if precision == "exact" else None
            text = as_printed(row[of], precision)
            yield Figure(cited(row["reference"]), reading["model"], of, text, exact, way, PRINTED[how], reading["reason"])


FIGURES = [figure for reading in READINGS for figure in figures(reading)]
NEEDED = {figure.way.partition(" by ")[2].partition(" ")[0] or figure.way.partition(" ")[0] for figure in FIGURES}
CHOSEN = [CONVENTIONS[name] for name in CONVENTIONS if name in NEEDED | {"lecture"}]


@functools.cache
def counted(model: str) -> dict[str, int]:
    """Return what a network counts, by the ways that some figure is read in."""
    return {number.way: number.value for number in numbers(load(model).trace(), CHOSEN, None)}


def value(figure: Figure) -> int:
    """Return what the program counts in the way in which a figure is to be read."""
    way = figure.way.removesuffix(" × 2")
    return counted(figure.model)[way] * (2 if way != figure.way else 1)


def printed(text: str, number: int) -> str | None:
    """Return how a number is printed as a figure: "rounded", "truncated" or "zeros", or None where it is not."""
    for low, high, how, more in claim(text).intervals():
        if low <= number <= high:
            return "zeros" if how == "rounded" and more else how
    return None


@functools.cache
def first(asked: str, text: str) -> Candidate | None:
    """Return the first answer of `explain --claim`."""
    found = candidates(load(asked), claim(text), asked, enough=1)
    return found[0] if found else None


def is_right(figure: Figure) -> bool:
    """Whether the first answer is the known cause: the network (a size changes no parameters) and the way of counting."""
    answer = first(figure.asked, figure.claim)
    of = re.sub(r" --size \d+", "", figure.model) if figure.of == "params" else figure.model
    return answer is not None and answer.model == of and figure.way in answer.ways


def known() -> list[Figure]:
    """The figures that are rounded and whose cause is known, each question once."""
    return list({(f.asked, f.claim): f for f in reversed(FIGURES) if f.exact is None and f.way != "none"}.values())


def answer(figure: Figure) -> str:
    """Return what `explain --claim` says of a figure: the way that gives it, and the first answer where that is another."""
    words = f"`{figure.way}`" if figure.way != "none" else "none"
    words += {"truncated": ", cut off", "zeros": ", zeros no digits", "rounded": ""}[figure.printed]
    if is_right(figure):
        return words
    found = first(figure.asked, figure.claim)
    if found is None:
        return words
    of = "" if found.model == figure.model else f" of `{found.model}`"
    return f"{words}; first: `{found.ways[0]}`{of}"


def listed() -> list[Figure]:
    """Return the figures that docs/models.md lists: those that are read in another way than the first, or in none."""
    return [figure for figure in FIGURES if (figure.way, figure.printed) not in (("params", "rounded"), ("macs", "rounded"))]


def line(figure: Figure) -> str:
    """Return the row of docs/models.md for a figure."""
    number, unit = re.fullmatch(r"([\d.,]+)(\D*)", figure.text).groups()  # type: ignore[union-attr]
    whole, point, rest = number.replace(",", "").partition(".")
    text = f"{int(whole):,}{point}{rest} {unit}".strip()
    cells = (figure.source, f"`{figure.model}`", figure.of, text, answer(figure), figure.reason)
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    before, heading, rest = page.partition(HEADING)
    intro, _, after = rest.partition("\n| figure |")
    after = after.partition("\n\n")[2]
    PAGE.write_text(f"{before}{heading}{intro}\n{HEADS}{''.join(sorted(map(line, listed())))}\n{after}", encoding="utf-8")
    asked = known()
    print(f"the first answer is right for {sum(map(is_right, asked))} of {len(asked)}")
    for figure in asked:
        if not is_right(figure):
            print(f"- {figure.source}, {figure.model}, {figure.claim}: {answer(figure)}")
