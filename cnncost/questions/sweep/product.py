"""Product spaces: questions about sums over stages, answered from the stages' tables instead of the product of their options.

Two lists: the stages are gathered into two halves, of whose sums all pairs are the product. Of 10¹² configurations in four
stages of 1,000 options only 2·10⁶ sums are ever made. All answers are exact.

Source: Horowitz and Sahni, Computing Partitions with Applications to the Knapsack Problem, J. ACM 21, 1974, section 3; for two
budgets a wavelet tree, Grossi, Gupta and Vitter, SODA 2003, which counts the points of a quadrant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnncost.base.errors import UsageError
from cnncost.base.ints import INT64_MAX
from cnncost.base.record import dataclass

Array = NDArray[Any]

LARGEST_HALF = 2**22  # sums of a half that are kept in memory
AT_ONCE = 2**18  # sums of the other half that are asked about together


@dataclass(frozen=True)
class Stage:
    """What the options of one stage cost: `figures` with a row per option and a column per figure, and their marks.

    Marks add up like figures: choose them so that their sum names the configuration.
    """

    figures: Array
    marks: Array

    def __len__(self) -> int:
        return len(self.marks)


def stages(tables: Sequence[Array]) -> list[Stage]:
    """Return tables of figures as stages, marked so that the sum of marks is the place in the product, last stage fastest."""
    found, stride = [], 1
    for table in reversed(tables):
        figures = np.asarray(table, dtype=np.int64)
        figures = figures.reshape(len(figures), -1)
        found.append(Stage(figures, np.arange(len(figures), dtype=np.int64) * stride))
        stride *= len(figures)
    return found[::-1]


def count(tables: Sequence[Stage], budgets: Sequence[int | None]) -> int:
    """Return how many configurations stay within the budgets: one upper bound for each figure, or None; at most two bounds.

    >>> count(stages([np.array([[1], [2], [3]]), np.array([[10], [20]])]), [13])
    3
    """
    bounded = [column for column, budget in enumerate(budgets) if budget is not None]
    if not bounded:
        return math.prod(map(len, tables))
    few, many = _halves(tables)
    if not len(few) or not len(many):
        return 0
    limits = [budgets[column] for column in bounded]
    points = few.figures[:, bounded]
    total = 0
    if len(bounded) == 1:
        column = np.sort(points[:, 0])
        for part in _parts(many):
            total += int(np.searchsorted(column, limits[0] - part.figures[:, bounded[0]], "right").sum())
        return total
    if len(bounded) > 2:
        raise UsageError(f"{len(bounded)} budgets at once", "stage tables are counted under one or two")
    quadrant = Quadrant(points[:, 0], points[:, 1])
    for part in _parts(many):
        rest = [limit - part.figures[:, column] for limit, column in zip(limits, bounded, strict=True)]
        total += int(quadrant.count(*rest).sum())
    return total


def best(
    tables: Sequence[Stage], budgets: Sequence[int | None], by: int, number: int, largest: bool = False
) -> tuple[Array, Array]:
    """Return the `number` configurations with the smallest (or `largest`) figure `by` within the budgets: figures and marks.

    Besides figure `by` one other may be bounded. Of equal ones those with the lowest marks come first.
    """
    others = [column for column, budget in enumerate(budgets) if budget is not None and column != by]
    if len(others) > 1:
        raise UsageError("two budgets besides the figure that is sorted by", "stage tables are searched under one")
    few, many = _halves(tables)
    width = len(budgets)
    if not len(few) or not len(many):
        return np.zeros((0, width), dtype=np.int64), np.zeros(0, dtype=np.int64)
    by_mark = np.argsort(-few.marks if largest else few.marks, kind="stable")  # equal figures then rank by their marks
    few = Stage(few.figures[by_mark], few.marks[by_mark])
    beside = few.figures[:, others[0]] if others else np.zeros(len(few), dtype=np.int64)
    quadrant = Quadrant(beside, few.figures[:, by])
    limit, other = budgets[by], budgets[others[0]] if others else 0
    heads = []  # per sum of the other half: its best value, the mark of that, how many are within, the prefix
    for part in _parts(many):
        prefix = quadrant.prefix(other - part.figures[:, others[0]] if others else np.zeros(len(part), dtype=np.int64))
        within = quadrant.below(prefix, limit - part.figures[:, by]) if limit is not None else prefix
        place = quadrant.place(np.maximum(prefix, 1), np.maximum(within - 1, 0) if largest else within * 0)
        heads.append((few.figures[place, by] + part.figures[:, by], few.marks[place] + part.marks, within, prefix))
    values, names, within, prefixes = (np.concatenate(column) for column in zip(*heads, strict=True))
    open_ = np.flatnonzero(within > 0)
    keys = -values[open_] if largest else values[open_]
    if len(keys) > number:
        near = keys <= np.partition(keys, number - 1)[number - 1]
        open_, keys = open_[near], keys[near]
    chosen = open_[np.lexsort((names[open_], keys))][:number]  # each of the `number` best lies behind one of these
    figures = [np.zeros((0, width), dtype=np.int64)]
    marks = [np.zeros(0, dtype=np.int64)]
    for query in chosen:
        steps = np.arange(min(int(within[query]), number))
        where = quadrant.place(np.full(len(steps), prefixes[query]), int(within[query]) - 1 - steps if largest else steps)
        figures.append(few.figures[where] + many.figures[query])
        marks.append(few.marks[where] + many.marks[query])
    sums, found = np.concatenate(figures), np.concatenate(marks)
    order = np.lexsort((found, -sums[:, by] if largest else sums[:, by]))[:number]
    return sums[order], found[order]


def pareto(tables: Sequence[Stage], by: Sequence[int], signs: Sequence[int]) -> tuple[Array, Array]:
    """Return the configurations that no other beats in all figures `by`: figures and marks; sign -1 is for larger is better.

    Fronts merge: a sum can only be on the front where both its parts are on theirs.
    """
    merged: Stage | None = None
    for table in tables:
        own = table if merged is None else _summed(merged, table)
        keep = front(own.figures[:, list(by)] * np.array(signs))
        merged = Stage(own.figures[keep], own.marks[keep])
    assert merged is not None
    return merged.figures, merged.marks


def front(points: Array) -> Array:
    """Return which points no other one beats: none is as small in every column and smaller in one. Equal points stay."""
    if not len(points):
        return np.zeros(0, dtype=np.intp)
    if points.dtype == object:  # ranks compare as the numbers do
        points = np.stack([np.unique(column, return_inverse=True)[1] for column in points.T], axis=1)
    order = np.lexsort(points.T[::-1])
    ordered = points[order]
    fresh = np.concatenate([[True], np.any(ordered[1:] != ordered[:-1], axis=1)])
    unique = ordered[fresh]
    if points.shape[1] == 1:
        kept = np.arange(1)
    elif points.shape[1] == 2:
        lowest = np.minimum.accumulate(unique[:, 1])
        kept = np.flatnonzero(np.concatenate([[True], unique[1:, 1] < lowest[:-1]]))
    else:
        kept_places = []
        alive = np.arange(len(unique))
        while len(alive):  # the first in lexicographic order is beaten by none
            kept_places.append(alive[0])
            alive = alive[np.any(unique[alive] < unique[alive[0]], axis=1)]
        kept = np.array(kept_places)
    chosen = np.zeros(len(unique), dtype=bool)
    chosen[kept] = True
    return np.sort(order[chosen[np.cumsum(fresh) - 1]])


class Quadrant:
    """Points (x, y), of which those with x ≤ a and y ≤ b are counted, for many (a, b) together, and found by their rank in y.

    A wavelet tree: the points in the order of x hold their ranks in y; level by level they are parted by one bit of the rank.
    """

    def __init__(self, x: Array, y: Array) -> None:
        size = len(x)
        by_x = np.argsort(x, kind="stable")
        self.x = x[by_x]
        self.by_y = np.argsort(y, kind="stable")
        self.y = y[self.by_y]
        ranks = np.empty(size, dtype=np.int64)
        ranks[self.by_y] = np.arange(size)
        row = ranks[by_x]
        self.bits = size.bit_length()
        self.zeros: list[Array] = []
        places = np.arange(size)
        for bit in range(self.bits - 1, -1, -1):
            ones = (row >> bit) & 1
            zeros = np.zeros(size + 1, dtype=np.int32)
            np.cumsum(1 - ones, out=zeros[1:])
            self.zeros.append(zeros)
            # a node's ranks begin at a multiple of its width, all lower ranks lie before it, half of them with a zero here
            node = row >> (bit + 1) << (bit + 1)
            before = zeros[:-1] - (node >> 1)
            target = np.where(ones == 1, (1 << bit) + places - before, node + before)
            moved = np.empty_like(row)
            moved[target] = row
            row = moved

    def prefix(self, a: Array) -> Array:
        """Return how many points have x ≤ a."""
        return np.searchsorted(self.x, a, "right")

    def below(self, prefix: Array, b: Array) -> Array:
        """Return how many of the first `prefix` points in the order of x have y ≤ b."""
        rank = np.searchsorted(self.y, b, "right")
        total = np.zeros(len(prefix), dtype=np.int64)
        for level, zeros in enumerate(self.zeros):
            bit = self.bits - 1 - level
            node = rank >> (bit + 1) << (bit + 1)
            small = zeros[node + prefix] - (node >> 1)
            right = (rank >> bit) & 1
            total += small * right
            prefix = np.where(right == 1, prefix - small, small)
        return total

    def count(self, a: Array, b: Array) -> Array:
        """Return how many points have x ≤ a and y ≤ b."""
        return self.below(self.prefix(a), b)

    def place(self, prefix: Array, number: Array) -> Array:
        """Return which points, as given, have rank `number` in y, from 0, among the first `prefix` in the order of x."""
        node = np.zeros(len(prefix), dtype=np.int64)
        for level, zeros in enumerate(self.zeros):
            bit = self.bits - 1 - level
            small = zeros[node + prefix] - (node >> 1)
            right = number >= small
            prefix = np.where(right, prefix - small, small)
            number = np.where(right, number - small, number)
            node = node + (right.astype(np.int64) << bit)
        return self.by_y[np.minimum(node, len(self.y) - 1)]  # past the end only where there is no such point


def _summed(a: Stage, b: Stage) -> Stage:
    """Return the sums of all pairs of options."""
    if len(a) * len(b) > 64 * LARGEST_HALF:
        raise UsageError("the stage tables are too large to combine", "give the stages fewer options")
    largest = [max((int(np.abs(s.figures).max()) for s in (a, b) if s.figures.size), default=0)]
    if sum(largest) * 2 > INT64_MAX:
        raise UsageError("a figure of the stage tables passes 2^62", "narrow the space")
    figures = (a.figures[:, None, :] + b.figures[None, :, :]).reshape(len(a) * len(b), -1)
    return Stage(figures, (a.marks[:, None] + b.marks[None, :]).reshape(-1))


def parted(sizes: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return which stages make the two halves, so that the larger product of their sizes is as small as can be."""
    ordered = sorted(range(len(sizes)), key=lambda i: -sizes[i])
    options = []
    for bits in range(1 << min(len(ordered), 12)):
        left = [i for place, i in enumerate(ordered) if bits >> place & 1]
        right = [i for i in range(len(sizes)) if i not in left]
        options.append((max(math.prod(sizes[i] for i in part) for part in (left, right)), left, right))
    _, left, right = min(options, key=lambda option: option[0])
    shorter, longer = sorted((left, right), key=lambda part: math.prod(sizes[i] for i in part))
    return shorter, longer


def _halves(tables: Sequence[Stage]) -> tuple[Stage, Stage]:
    """Return the sums of both halves of the stages, the shorter first."""
    width = tables[0].figures.shape[1]
    halves = []
    for part in parted([len(table) for table in tables]):
        total = Stage(np.zeros((1, width), dtype=np.int64), np.zeros(1, dtype=np.int64))
        for index in part:
            total = _summed(total, tables[index])
        halves.append(total)
    if len(halves[0]) > LARGEST_HALF:
        raise UsageError(
            f"half of the stages have {len(halves[0]):,} sums", f"give the stages fewer options: {LARGEST_HALF:,} fit"
        )
    return halves[0], halves[1]


def _parts(stage: Stage) -> list[Stage]:
    return [
        Stage(stage.figures[start : start + AT_ONCE], stage.marks[start : start + AT_ONCE])
        for start in range(0, len(stage), AT_ONCE)
    ]
