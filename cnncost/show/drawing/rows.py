"""Rows of a drawing: who stands in which row, in which order, and which lines join neighbouring rows.

The method is that of Sugiyama, Tagawa and Toda, Methods for Visual Understanding of Hierarchical System Structures, IEEE
SMC 11(2), 1981: a row is the longest way from the input, an edge over several rows passes through a bend in each, and the
order in a row follows the mean place of the neighbours. One thing differs: the edges that leave a box for far rows share
their bends, so that a shortcut read by many is one line, and the number of bends is bounded by boxes times rows.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection
from heapq import heappop, heappush
from itertools import pairwise

from cnncost.base.record import dataclass

ENTRY, EXIT = -1, -2  # where the level's input comes from, and where its output goes
SWEEPS = 8


@dataclass(frozen=True, slots=True)
class Rows:
    """The order of each row, and the lines between neighbouring rows as (from, to).

    Numbers below the number of boxes are boxes, those above are bends; ENTRY and EXIT are the level's two ends.
    """

    order: list[list[int]]
    lines: list[tuple[int, int]]


def rows(count: int, edges: Collection[tuple[int, int]], entering: Collection[int], leaving: Collection[int]) -> Rows:
    """Return the rows of `count` boxes, numbered in execution order, with their edges and those from and to the outside.

    >>> rows(2, [(0, 1)], [0, 1], [1]).order
    [[-1], [0, 2], [1], [-2]]
    """
    place = _before(count, edges)
    sources: list[set[int]] = [set() for _ in range(count)]
    targets: list[set[int]] = [set() for _ in range(count)]
    for a, b in edges:
        upper, lower = (a, b) if place[a] < place[b] else (b, a)  # scopes that read each other: the line still runs downwards
        sources[lower].add(upper)
        targets[upper].add(lower)
    rank = _ranks(place, sources, targets, set(entering))
    bottom = max(rank, default=0) + 1
    lines: list[tuple[int, int]] = []
    levels: list[list[int]] = [[] for _ in range(bottom + 1)]
    for number in range(count):
        levels[rank[number]].append(number)
    if entering or not count:
        levels[0].append(ENTRY)
    if leaving:
        levels[bottom].append(EXIT)
    new = count
    row_of = {ENTRY: 0, EXIT: bottom, **dict(enumerate(rank))}
    reach = [(ENTRY, set(entering))] + [(n, targets[n] | ({EXIT} if n in leaving else set())) for n in range(count)]
    for start, ends in reach:
        at, here = start, row_of[start]
        for end in sorted(ends, key=lambda end: (row_of[end], end)):
            while here < row_of[end] - 1:
                here += 1
                levels[here].append(new)
                lines.append((at, new))
                at, new = new, new + 1
            lines.append((at, end))
    return Rows(_ordered([row for row in levels if row], lines), lines)


def _before(count: int, edges: Collection[tuple[int, int]]) -> list[int]:
    """Return the place of each box in an order in which boxes follow those that they read, as far as that is possible."""
    readers: list[list[int]] = [[] for _ in range(count)]
    waits = [0] * count
    for a, b in edges:
        readers[a].append(b)
        waits[b] += 1
    ready = [number for number in range(count) if not waits[number]]
    place = [-1] * count
    for at in range(count):
        if not ready:  # scopes that read each other: the first of them begins
            ready.append(next(number for number in range(count) if place[number] < 0))
        number = heappop(ready)
        place[number] = at
        for reader in readers[number]:
            waits[reader] -= 1
            if waits[reader] == 0 and place[reader] < 0:
                heappush(ready, reader)
    return place


def _ranks(place: list[int], sources: list[set[int]], targets: list[set[int]], entering: set[int]) -> list[int]:
    """Return the row of each box: one below the lowest of those it reads; without any, above its first reader."""
    order = sorted(range(len(place)), key=place.__getitem__)
    rank = [0] * len(place)
    for number in order:
        rank[number] = 1 + max((rank[source] for source in sources[number]), default=0)
    for number in reversed(order):
        if not sources[number] and number not in entering and targets[number]:
            rank[number] = max(1, min(rank[target] for target in targets[number]) - 1)
    return rank


def _ordered(levels: list[list[int]], lines: list[tuple[int, int]]) -> list[list[int]]:
    """Return the rows with as few crossings as sweeps of means find."""
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for a, b in lines:
        above.setdefault(b, []).append(a)
        below.setdefault(a, []).append(b)
    if all(len(row) < 2 for row in levels):
        return levels
    best, fewest = levels, _crossings(levels, below)
    now = levels
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        now = [list(row) for row in now]
        downwards = sweep % 2 == 0
        steps = range(1, len(now)) if downwards else range(len(now) - 2, -1, -1)
        for index in steps:
            other = {n: place for place, n in enumerate(now[index - 1 if downwards else index + 1])}
            neighbours = above if downwards else below
            mean: dict[int, float] = {}
            for place, number in enumerate(now[index]):
                places = [other[n] for n in neighbours.get(number, ()) if n in other]
                mean[number] = sum(places) / len(places) if places else place
            now[index].sort(key=mean.__getitem__)
        crossings = _crossings(now, below)
        if crossings < fewest:
            best, fewest = now, crossings
    return best


def _crossings(levels: list[list[int]], below: dict[int, list[int]]) -> int:
    """Return how often lines between neighbouring rows cross."""
    found = 0
    for upper, lower in pairwise(levels):
        place = {number: at for at, number in enumerate(lower)}
        passed: list[int] = []
        for number in upper:
            ends = sorted(place[end] for end in below.get(number, ()) if end in place)
            found += sum(len(passed) - bisect_left(passed, end + 1) for end in ends)
            for end in ends:
                insort(passed, end)
    return found
