"""A stack in a terminal: labels in coloured lengths that fill a line, and a legend where they need one."""

from __future__ import annotations

from rich.text import Text

from cnncost.base.units import ASKED, BYTE_UNITS, COUNT_UNITS
from cnncost.show.table import Stack

# Okabe and Ito, Color Universal Design, 2008; dark ink is read on all but blue.
COLOURS = ("#0072B2", "#E69F00", "#56B4E9", "#CC79A7", "#009E73", "#F0E442")


def lines(stack: Stack, width: int, coloured: bool, memory: str = "") -> list[Text]:
    """Return a stack as lines of `width` characters; without colour a stroke stands between the parts."""
    out = [Text(stack.title, style="dim")]
    total = max((sum(value for _, value in row) for row in stack.rows), default=0)
    if not total:
        return []
    for row in stack.rows:
        line, done, at = Text(), 0, 0
        for number, (label, value) in enumerate(row):
            done += value
            room = round(done * width / total) - at
            at += room
            if room > 0:
                line.append(_fitted(label, value / total, room, coloured, stack.legend), _style(number) if coloured else "")
        out.append(line)
    return [*out, *(_legend(stack, width, coloured, memory) if stack.legend else [])]


def _style(number: int) -> str:
    colour = COLOURS[number % len(COLOURS)]
    return f"{'#ffffff' if number % len(COLOURS) == 0 else '#111111'} on {colour}"


def _fitted(label: str, share: float, room: int, coloured: bool, numbered: bool) -> str:
    """Return what fits into the room: the label with its share, the label, a part of it."""
    free = room if coloured else room - 1
    texts = (f" {label} {share:.0%}", f" {label}", label)
    text = next((text for text in texts if len(text) <= free), label[: max(free, 0)] if free > 2 else "")
    return text.ljust(free) + ("" if coloured else "│")


def _legend(stack: Stack, width: int, coloured: bool, memory: str) -> list[Text]:
    units = BYTE_UNITS if stack.unit == "bytes" else COUNT_UNITS
    units = {memory: ASKED[memory]} if stack.unit == "bytes" and memory in ASKED else units
    found = [Text()]
    for number, (label, value) in enumerate(stack.rows[0]):
        unit = next((unit for unit, size in reversed(units.items()) if value >= size), next(iter(units)))
        said = f"{label} {value / units[unit]:.4g} {unit}".rstrip()
        if found[-1] and found[-1].cell_len + len(said) + 4 > width:
            found.append(Text())
        if found[-1]:
            found[-1].append("  ")
        found[-1].append("■ ", COLOURS[number % len(COLOURS)] if coloured else "")
        found[-1].append(said)
    return found
