"""The figures that a spec expects to come out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from cnncost.base.record import dataclass
from cnncost.base.units import parse_quantity
from cnncost.models.spec.problems import Mark, Problem, Source, SpecError
from cnncost.rules import Shape, show


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of `expect`: a quantity and what it has to come to."""

    quantity: str
    value: Any  # a number, or the shape of `out`
    mark: Mark
    text: str = ""  # as written: 4.23G stands for what rounds to it


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a spec says must come out under its own settings and on its own input; held by whoever has the figures."""

    source: Source
    figures: tuple[Figure, ...]
    values: Mapping[str, Any]
    inputs: Mapping[str, Shape | None]

    def concerns(self, values: Mapping[str, Any], inputs: Mapping[str, Shape]) -> bool:
        """Whether a network has the spec's own settings and inputs."""
        return _plain((*values.values(), *inputs.values())) and (values, inputs) == (self.values, self.inputs)

    def hold(self, output: Shape, total: Mapping[str, Any]) -> None:
        """Hold an output and totals (by the lecture's convention, one example, float32) to it. Raises SpecError."""
        problems = [problem for figure in self.figures if (problem := _missed(figure, output, total))]
        if problems:
            raise SpecError(self.source, problems)


def _plain(value: Any) -> bool:
    """Whether a value is a number or a word, or a tuple of such: columns and letters are never the spec's own."""
    return all(map(_plain, value)) if isinstance(value, tuple) else isinstance(value, (int, float, str, type(None)))


def _missed(figure: Figure, output: Shape, total: Mapping[str, Any]) -> Problem | None:
    """Return the problem of a figure that does not come out, None where it does."""
    if figure.quantity == "out":
        if output == figure.value:
            return None
        remedy = f"if that is right, write out: [{', '.join(map(str, output))}]"
        return Problem("E301", f"out is {show(output)}, where {show(figure.value)} is expected", figure.mark, remedy)
    value = total[figure.quantity]
    if not isinstance(value, int) or abs(value - figure.value) * 2 <= _last_place(figure.text):
        return None
    fact = f"{figure.quantity} are {value:,}, where {figure.text} are expected: {abs(value - figure.value):,} "
    remedy = f"if that is right, write {figure.quantity}: {value:_}"
    return Problem("E301", fact + ("more" if value > figure.value else "less"), figure.mark, remedy)


def _last_place(text: str) -> Fraction:
    """Return what one in the last digit of a figure with a suffix is worth: 4.23G is exact to 10M; 0 without a suffix."""
    found = re.fullmatch(r"[0-9_,]*(?:\.([0-9]+))?\s*(e\+?[0-9]+)?\s*([a-zA-Z]*)", text.strip())
    if found is None or not (found[2] or found[3]):
        return Fraction(0)
    one = f"1{found[2] or ''}{found[3]}"
    size = parse_quantity(one, "bytes" if found[3].lower().endswith("b") else "count")
    return Fraction(size, 10 ** len(found[1] or ""))
