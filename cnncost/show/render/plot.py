"""Plots in plain Unicode: an area over a row of layers."""

from __future__ import annotations

from cnncost.base.units import figure, scale
from cnncost.show.table import Plot

HEIGHT = 8  # lines
PLAIN_WIDTH = 80
BLOCKS = " ▁▂▃▄▅▆▇█"


def area(plot: Plot, width: int = PLAIN_WIDTH, memory: str = "") -> list[str]:
    """Return a plot as lines of at most `width` characters; where layers share a character it shows the largest."""
    unit, size = scale(plot.values, plot.unit, asked=memory)
    largest = max(plot.values, default=0)
    top = f"{figure(largest, size, exact=False)} {unit}".rstrip()
    room = max(width - len(top) - 2, 10)
    heights = [_height(value, largest) for value in _binned(plot.values, room)]
    lines = [plot.title]
    for line in range(HEIGHT, 0, -1):
        label = top if line == HEIGHT else ""
        blocks = "".join(BLOCKS[min(max(height - 8 * (line - 1), 0), 8)] for height in heights)
        lines.append(f"{label:>{len(top)}} │{blocks}".rstrip())
    lines.append(f"{'0':>{len(top)}} └{'─' * room}")
    at = plot.values.index(largest) * room // len(plot.values) if plot.values else 0
    mark = f"▲ {plot.mark}" if at + len(plot.mark) + 2 <= room else f"{plot.mark} ▲"
    before = at if mark.startswith("▲") else max(at + 1 - len(mark), 0)
    lines.append(" " * (len(top) + 2 + before) + mark)
    return lines


def _binned(values: tuple[int, ...], room: int) -> list[int]:
    count = len(values)
    return [max(values[i * count // room : max(-(-(i + 1) * count // room), i * count // room + 1)]) for i in range(room)]


def _height(value: int, largest: int) -> int:
    """Return a height in eighths of a line, at least one for what is not zero."""
    return -(-value * HEIGHT * 8 // largest) if largest else 0
