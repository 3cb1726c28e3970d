"""What fits into a width: which columns stay, how wide they are, and where lines break: never within a word."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from unicodedata import combining, east_asian_width

from cnncost.base.record import dataclass
from cnncost.show.table import Column, Table

INDENT = "  "  # of what goes on in another line
SPACING = 2  # columns between columns
LEAST = 18  # columns that a text which wraps may be squeezed to before others are dropped
REDUNDANT = 10  # priority from which a column never stays in place of another
LONGEST = 30  # columns that one word of a name keeps: longer paths break at their folders before figures are dropped
NAMES = 12  # columns that names are squeezed to where nothing is left to drop
LEFT = ("text", "bar", "course")  # units of columns that stand at the left


def width_asked() -> int | None:
    """Return the width that the environment's COLUMNS asks for, None where it asks for none."""
    text = os.environ.get("COLUMNS", "")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 6 and int(text) else None


def length(text: str) -> int:
    """Return how many columns a text takes on a screen: the signs of Korean, Chinese and Japanese take two.

    >>> length("conv1"), length("모델")
    (5, 4)
    """
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(sign) in "WF" else not combining(sign) for sign in text)


def padded(text: str, width: int, left: bool) -> str:
    """Return a text with blanks that fill a column."""
    blanks = " " * (width - length(text))
    return text + blanks if left else blanks + text


# ── lines ────────────────────────────────────────────────────────────────────────────────────────────────────────────

# Words: an option stays with its value, unless it is one of those that take none; a sign stays with its number.
_WORD = re.compile(r"[×÷] \S+|--(?!(?:free|exact|blank|bars|strict|rules|no-head|allow-new) )[\w-]+ \S+|\S+")
_SIGNS = [r"(?<=·)", r"(?<=,)(?!\d)", r"(?<=/)", r"(?<=[.+])", r"(?<=[_=:-])"]  # behind which a word too wide may break


def wrapped(lines: str, width: int | None, indent: str = INDENT) -> list[str]:
    """Return lines broken between words to a width; what is broken goes on below its own indent and two blanks more.

    >>> wrapped("input 3×224×224, batch 1", 14)
    ['input', '  3×224×224,', '  batch 1']
    >>> wrapped("see it with --set NAME=8", 17)
    ['see it with', '  --set NAME=8']
    >>> wrapped("all with --free shown", 18)
    ['all with --free', '  shown']
    """
    if width is None:
        return lines.splitlines()
    found: list[str] = []
    for line in lines.splitlines():
        own = line[: len(line) - len(line.lstrip())]
        now = own
        for space, word in (
            _words(line, max(width - len(own) - len(indent), 1)) if length(line) > width else [("", line.strip())]
        ):
            longer = now + (space if now.strip() else "") + word
            if length(longer) > width and now.strip():
                found.append(now)
                longer = own + indent + word
            now = longer
        found.append(now.rstrip())
    return found


def _words(line: str, room: int) -> Iterator[tuple[str, str]]:
    """Iterate over the words of a line with what stands before each; those wider than the room in parts."""
    found = _WORD.findall(line)
    for word in (part for each in found for part in (each.split() if length(each) > room else [each])):
        space = " "
        for part in _parts(word, room):
            yield space, part
            space = ""


def _parts(word: str, room: int) -> list[str]:
    """Return a word in parts that fit: formulas break behind products, lists behind commas, addresses lose their anchors."""
    if word.startswith("http") and length(word) > room:
        word = word.partition("#")[0]
    if length(word) <= room:
        return [word]
    for sign in _SIGNS:
        pieces = [piece for piece in re.split(sign, word) if piece]
        if len(pieces) > 1:
            found = [""]
            for piece in (part for each in pieces for part in _parts(each, room)):
                if found[-1] and length(found[-1]) + length(piece) > room:
                    found.append("")
                found[-1] += piece
            return found
    step = max(room // (1 if word.isascii() else 2), 1)
    return [word[at : at + step] for at in range(0, len(word), step)]


def longest_word(text: str) -> int:
    """Return the width that a text needs at least, if no word of it is to break: formulas break behind a product."""
    return max((length(part) for word in text.split() for part in re.split(f"{_SIGNS[0]}|{_SIGNS[1]}", word)), default=0)


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Fitted:
    """A table as it fits: its columns, each cell as lines, and what is to be said of the columns that are not there."""

    table: Table
    headers: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[tuple[str, ...], ...], ...]
    widths: tuple[int, ...]
    missed: str = ""

    def lines(self, cells: Sequence[Sequence[str]]) -> Iterator[tuple[str, ...]]:
        """Iterate over the lines of a row, the cells as wide as their columns."""
        left = [column.unit in LEFT for column in self.table.columns]
        for parts in zip_longest(*cells, fillvalue=""):
            yield tuple(padded(part, width, lefts) for part, width, lefts in zip(parts, self.widths, left, strict=True))


def fitted(table: Table, width: int | None) -> Fitted:
    """Return a table as it fits into a width: texts wrapped, and without columns that say least, where that is not enough.

    First those go that say the same in every row, then the others, the least important first.
    """
    headers, rows = table.text()
    columns = table.columns
    keep = list(range(len(columns)))
    if width is None:
        return _cut(table, headers, rows, keep, _widest(headers, rows), "")
    widths = _widest(headers, rows)
    for at, column in enumerate(columns):
        if column.brief is not None and _total(widths, keep) > width:
            for row, values in zip(rows, table.body, strict=True):
                row[at] = column.brief(values[at])
            widths = _widest(headers, rows)
    least = [
        min(widest, _needed([cells[at] for cells in (headers, *rows)], columns[at])) if columns[at].wraps else widest
        for at, widest in enumerate(widths)
    ]
    same = [_same(rows[: len(table.rows)], at) for at in keep]
    keep, gone = _kept(columns, least, same, width)
    if _total(least, keep) > width:  # names that are too long
        least = [min(each, NAMES) if columns[at].unit == "text" else each for at, each in enumerate(least)]
        least = [max(each, longest_word(head)) for each, head in zip(least, headers, strict=True)]
    return _cut(table, headers, rows, keep, _squeezed(widths, least, keep, width), _missed(table, headers, gone, same, width))


def _kept(
    columns: Sequence[Column], least: Sequence[int], same: Sequence[str | None], width: int
) -> tuple[list[int], list[int]]:
    """Return the columns that stay and those that go: what says the same in every row first, then the least important."""
    keep, gone = list(range(len(columns))), []
    while _total(least, keep) > width:
        at = max(keep, key=lambda at: (columns[at].priority > 0 and same[at] is not None, columns[at].priority, at))
        if columns[at].priority == 0:
            break
        keep.remove(at)
        gone.append(at)
    for at in [at for at in reversed(gone) if same[at] is None and columns[at].priority < REDUNDANT]:  # room may be left over
        figure = columns[at].key.removesuffix("_ratio")  # a ratio does not stand without its figure
        alone = figure != columns[at].key and all(columns[each].key != figure for each in keep)
        if not alone and _total(least, [*keep, at]) <= width:
            keep = sorted([*keep, at])
            gone.remove(at)
    return keep, gone


def _widest(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(length, cells)) for cells in zip(headers, *rows, strict=True)]


def _total(widths: Sequence[int], keep: Sequence[int]) -> int:
    return sum(widths[at] for at in keep) + SPACING * (len(keep) - 1)


def _same(rows: Sequence[Sequence[str]], at: int) -> str | None:
    """Return what a column says in every row that says anything; None where rows differ, and where there is but one."""
    said = {row[at] for row in rows if row[at]}
    return next(iter(said), "") if len(rows) > 1 and len(said) < 2 else None


def _squeezed(widths: Sequence[int], least: Sequence[int], keep: Sequence[int], width: int) -> list[int]:
    """Return widths that fit, the widest made narrower first, none below what it needs."""
    found = list(widths)
    while (over := _total(found, keep) - width) > 0:
        able = [at for at in keep if found[at] > least[at]]
        if not able:
            break
        at = max(able, key=lambda at: found[at])
        others = max((found[each] for each in able if each != at), default=0)
        found[at] = max(least[at], found[at] - over, min(others, found[at] - 1))
    return found


def _missed(table: Table, headers: Sequence[str], gone: Sequence[int], same: Sequence[str | None], width: int) -> str:
    """Return the line about columns that did not fit: those that differ by name, the others with what they say in all rows."""
    told = [at for at in sorted(gone) if not table.columns[at].drawn]  # what only terminals show is not missed
    names = ", ".join(table.columns[at].title for at in told if same[at] is None)
    known = ", ".join(f"{headers[at]} {same[at]}".rstrip() for at in told if same[at])
    parts = [f"{width} columns are too few for: {names}"] if names else []
    return "; ".join([*parts, *([f"in all rows: {known}"] if known else [])])


def _cut(
    table: Table,
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    keep: Sequence[int],
    widths: Sequence[int],
    missed: str,
) -> Fitted:
    """Return the table of some columns, their cells broken to their widths."""

    def cells(row: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        return tuple([tuple(_broken(row[at], widths[at], table.columns[at].unit == "text")) for at in keep])

    kept = table if len(keep) == len(table.columns) else table.select(keep)
    return Fitted(kept, cells(headers), tuple(map(cells, rows)), tuple([widths[at] for at in keep]), missed)


def _needed(cells: Sequence[str], column: Column) -> int:
    """Return the width that a column which wraps needs at least, so that no word breaks, but a path that names a row."""
    words = max(map(longest_word, cells))
    kept = words if column.priority else min(words, LONGEST)
    return max(kept + len(INDENT), LEAST) if column.unit == "text" else words


def _broken(cell: str, width: int, text: bool) -> Iterable[str]:
    """Return the lines of a cell: as one where it fits, blanks at its ends included, for bars have them."""
    return [cell] if length(cell) <= width else wrapped(cell, width, INDENT * text) or [""]
