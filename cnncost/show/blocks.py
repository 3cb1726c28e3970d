"""Lengths and courses in characters: what a terminal draws within a table."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

CELLS = 12  # characters of a bar
STEPS = 24  # characters of a course
EIGHTHS = " ▏▎▍▌▋▊▉█"
HEIGHTS = " ▁▂▃▄▅▆▇█"


def bar(value: int | Fraction | float | None, largest: int | Fraction | float, cells: int = CELLS) -> str:
    """Return a bar as long as a value is of the largest, to an eighth of a character; what is not zero is seen.

    >>> bar(3, 8, cells=4), bar(1, 10**9, cells=4), bar(0, 8, cells=4)
    ('█▌  ', '▏   ', '    ')
    """
    if not value or not largest:
        return " " * cells
    eighths = max(round(Fraction(value) / Fraction(largest) * cells * 8), 1)
    whole, rest = divmod(min(eighths, cells * 8), 8)
    return f"{'█' * whole}{EIGHTHS[rest] if rest else ''}".ljust(cells)


def course(values: Sequence[int], largest: int, cells: int = STEPS) -> str:
    """Return values in their order as one line; where several share a character it shows the largest of them.

    >>> course([0, 1, 4, 8], 8, cells=4)
    ' ▁▄█'
    """
    if not values or not largest:
        return " " * cells
    count = len(values)
    parts = [values[i * count // cells : max(-(-(i + 1) * count // cells), i * count // cells + 1)] for i in range(cells)]
    return "".join(HEIGHTS[-(-max(part) * 8 // largest)] for part in parts)
