"""Boxes of candidates: ranges of indices cut into them, and the parts of a box where a mask holds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cnncost.base.record import dataclass
from cnncost.questions.sweep.chunk import Array

BOX = 2**17  # candidates that run together: columns of 1 MiB, which stay in the cache


def boxes(shape: Sequence[int], start: int, stop: int, limit: int = BOX) -> Iterator[tuple[range, ...]]:
    """Iterate over a range of indices as boxes: a range of places per axis, at most `limit` candidates each, in order."""
    if start >= stop:
        return
    if not shape:
        yield ()
        return
    inner = math.prod(shape[1:])
    first, offset = divmod(start, inner)
    last, end = divmod(stop, inner)
    if first == last:
        yield from ((range(first, first + 1), *box) for box in boxes(shape[1:], offset, end, limit))
        return
    if offset:
        yield from ((range(first, first + 1), *box) for box in boxes(shape[1:], offset, inner, limit))
        first += 1
    step = max(1, limit // inner)
    full = tuple(range(n) for n in shape[1:])
    for place in range(first, last, step):
        if inner <= limit:
            yield (range(place, min(place + step, last)), *full)
        else:
            yield from ((range(place, place + 1), *box) for box in boxes(shape[1:], 0, inner, limit))
    if end:
        yield from ((range(last, last + 1), *box) for box in boxes(shape[1:], 0, end, limit))


def grain(shape: Sequence[int], limit: int = BOX) -> int:
    """Return how many candidates a full box holds: ranges that end at multiples of it are cut into full boxes only."""
    inner = 1
    for size in reversed(shape):
        if inner * size > limit:
            return inner * max(1, limit // inner)
        inner *= size
    return inner


@dataclass
class Dimension:
    """One dimension of a box under evaluation: some values of one axis, or of several that were split together."""

    offsets: Array  # the share of the flat place
    values: Mapping[str, Array]


def chosen(dimensions: list[Dimension], mask: NDArray[np.bool_]) -> list[Dimension]:
    """Return the part of a box where the mask holds: the dimensions that the mask depends on become one."""
    mask = mask.reshape((1,) * (len(dimensions) - mask.ndim) + mask.shape)
    involved = [at for at, size in enumerate(mask.shape) if size > 1]
    if not involved:
        return (
            dimensions
            if mask.all()
            else [Dimension(d.offsets[:0], {n: v[:0] for n, v in d.values.items()}) for d in dimensions]
        )
    where = np.nonzero(mask.reshape([mask.shape[at] for at in involved]))
    offsets = np.zeros(len(where[0]), dtype=np.int64)
    values: dict[str, Array] = {}
    for at, places in zip(involved, where, strict=True):
        offsets = offsets + dimensions[at].offsets[places]
        values.update({name: column[places] for name, column in dimensions[at].values.items()})
    merged = Dimension(offsets, values)
    return [merged if at == involved[0] else d for at, d in enumerate(dimensions) if at not in involved[1:]]


def flat(dimensions: Sequence[Dimension]) -> Array:
    """Return the flat places of all candidates, in order."""
    total: Array = np.zeros(1, dtype=np.int64)
    for dimension in dimensions:
        total = (total[:, None] + dimension.offsets[None, :]).reshape(-1)
    return total


def values_at(dimensions: Sequence[Dimension], place: int) -> dict[str, int]:
    """Return the settings of the candidate number `place`, from 0."""
    found: dict[str, int] = {}
    for dimension in reversed(dimensions):
        place, own = divmod(place, len(dimension.offsets))
        found.update({name: int(values[own]) for name, values in dimension.values.items()})
    return found
