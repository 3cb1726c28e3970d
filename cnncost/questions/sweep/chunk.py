"""Chunks: the figures of many candidates at once, as arrays; and why some of them cannot be built."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import field
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnncost.base.figures import usable
from cnncost.base.ints import Ints
from cnncost.base.record import dataclass
from cnncost.models.settings import shown

FIGURES = ("params", "macs", "flops", "activation_bytes")  # by key, in the order of the columns
TRAINED = "training_bytes"  # worked out from the whole graph, where it is asked for
ALIASES = {word: figure.key for figure in usable("condition").values() for word in figure.words if word != figure.key}
Method = Literal["auto", "stage tables", "closed form", "arrays", "block by block", "one at a time"]
ALONE = ("block by block", "one at a time")  # methods that make no columns of candidates
FEW = 8  # candidates of one structure below which each is evaluated by itself: that is quicker than columns
Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why candidates cannot be built: how many, and the first of them with its message."""

    count: int
    first: int
    message: str


Reasons = dict[str, Reason]  # by message without its numbers


def reason_key(message: str) -> str:
    """Return a message without its numbers, by which like failures are counted together; the layer's name stays."""
    return "".join(
        part if i % 2 else re.sub(r"\[[^\]]*\]|\d+", "#", part) for i, part in enumerate(re.split(r"('[^']*')", message))
    )


def joined(a: Reasons, b: Reasons) -> Reasons:
    """Return the tally of both, each reason with its first candidate."""
    result = dict(a)
    for key, reason in b.items():
        known = result.get(key)
        if known is None:
            result[key] = reason
        else:
            first = min(known, reason, key=lambda one: one.first)
            result[key] = Reason(known.count + reason.count, first.first, first.message)
    return result


@dataclass
class Chunk:
    """A box of candidates, as arrays of the given shape: an axis of the array per axis of the space.

    The first candidate has the index `start`, and `strides` say by how much the index grows along each axis. `valid` and the
    figures are arrays that broadcast to `shape`. Figures are computed when first asked for.
    """

    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    valid: Any
    compute: Callable[[str], Any]
    settings: dict[str, Any]  # the axes, as scalars or arrays that broadcast
    reasons: Reasons = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        """Return a figure or an axis by name, as a number, an array or a text."""
        name = ALIASES.get(name, name) if name not in self.settings else name
        if name in self.settings:
            return self.settings[name]
        if name not in self.figures:
            self.figures[name] = self.compute(name)
        return self.figures[name]

    def at(self, figure: str, places: Array) -> Array:
        """Return a figure at flat places."""
        value = self[figure]
        array = value.values if isinstance(value, Ints) else np.asarray(value)
        array = np.broadcast_to(array, self.shape)
        return array.reshape(-1)[places] if array.flags.c_contiguous else array[np.unravel_index(places, self.shape)]

    def index(self, places: Array) -> Array:
        """Return the candidates' indices at flat places."""
        return index_of(self.start, self.shape, self.strides, places)


def index_of(start: int, shape: Sequence[int], strides: Sequence[int], places: Array) -> Array:
    """Return the indices of candidates at flat places of a box, as int64."""
    inner = 1
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        if size > 1 and stride != inner:
            break
        inner *= size
    else:
        return places + start  # the box is one range
    total = np.full(len(places), start, dtype=np.int64)
    for own, stride in zip(np.unravel_index(places, tuple(shape)), strides, strict=True):
        total += own * stride
    return total


class Choices:
    """A column of settings that are no whole numbers: exact fractions, or texts as people write them."""

    def __init__(self, given: Sequence[Any], shape: Sequence[int]) -> None:
        self.given, self.shape = given, shape

    @cached_property
    def values(self) -> Array:
        """The column: most are never asked for."""
        numbers = all(type(value) in (int, float) for value in self.given)
        listed = [Fraction(repr(value)) if numbers else shown(value) for value in self.given]
        return np.array(listed, dtype=object).reshape(self.shape)


def integers(values: Sequence[int]) -> Array:
    """Return numbers as an array: of int64 where that holds them all, else of Python integers."""
    fits = all(-(2**63) < value < 2**63 for value in values)
    return np.array(values, dtype=np.int64 if fits else object)
