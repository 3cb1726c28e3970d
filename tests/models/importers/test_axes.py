"""Axes that remember: reshapes at another size are what NumPy makes of them there, or they are refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies
from support import examples

from cnncost.models.importers import axes as ax
from cnncost.models.importers.axes import Atom, PinnedError

BATCH = (Atom(1, 1, True),)
HEIGHT, WIDTH = ax.axis(14, 18), ax.axis(14, 20)


def now(dims: ax.Axes) -> list[int]:
    return [ax.now(dim) for dim in dims]


@pytest.mark.parametrize(
    ("dims", "target", "expected"),
    [
        ((BATCH, ax.axis(64, 64), HEIGHT, WIDTH), (1, 64, -1), [1, 64, 360]),  # a map as tokens
        ((BATCH, ax.axis(64, 64), HEIGHT, WIDTH), (1, 2, 32, 14, 14), [1, 2, 32, 18, 20]),  # channel shuffle
        ((BATCH, (*HEIGHT, *WIDTH), ax.axis(64, 64)), (1, 196, 4, 16), [1, 360, 4, 16]),  # heads
        ((BATCH, (*HEIGHT, *WIDTH), ax.axis(64, 64)), (1, 14, 14, 64), [1, 18, 20, 64]),  # tokens as a map
        ((BATCH, ax.axis(512, 512), (), ()), (1, 512), [1, 512]),
        ((BATCH, ax.axis(512, 512), ax.axis(1, 2), ax.axis(1, 3)), (1, -1), [1, 3072]),
        (((Atom(8, 1, True),), ax.axis(6, 6), HEIGHT), (8, 2, 3, 14), [1, 2, 3, 18]),  # exported for eight
        (((Atom(8, 1, True),), ax.axis(6, 6), HEIGHT), (16, 3, 14), [2, 3, 18]),  # heads folded into the batch
        ((BATCH, HEIGHT, ax.axis(49, 49), ax.axis(64, 64)), (-1, 49, 64), [18, 49, 64]),
    ],
)
def test_sizes_are_followed(dims: ax.Axes, target: tuple[int, ...], expected: list[int]) -> None:
    assert now(ax.reshaped(dims, target)) == expected


@pytest.mark.parametrize(
    ("dims", "target"),
    [
        ((BATCH, ax.axis(56, 72), ax.axis(56, 80), ax.axis(96, 96)), (1, 8, 7, 8, 7, 96)),  # windows: which of 8 and 7 grew?
        ((BATCH, ax.axis(512, 512), ax.axis(1, 2), ax.axis(1, 2)), (1, 512)),  # more features than were stated
        ((BATCH, HEIGHT, WIDTH), (1, 28, 7)),
    ],
)
def test_what_nothing_says_is_pinned(dims: ax.Axes, target: tuple[int, ...]) -> None:
    with pytest.raises(PinnedError):
        ax.reshaped(dims, target)


SIZES = strategies.lists(strategies.sampled_from([1, 2, 3, 4, 6, 7, 8, 14]), min_size=1, max_size=5)


@given(SIZES, strategies.randoms(use_true_random=False))
@examples(200)
def test_at_the_size_of_the_export_every_reshape_is_what_it_says(sizes: list[int], dice: object) -> None:
    total = math.prod(sizes)
    target: list[int] = []
    while total > 1:
        part = dice.choice([n for n in range(2, total + 1) if total % n == 0])  # type: ignore[attr-defined]
        target.append(part)
        total //= part
    dims = (BATCH, *ax.fixed(sizes))
    made = ax.reshaped(dims, (1, *target))
    assert now(made) == [1, *target]
    assert sum(atom.batch for dim in made for atom in dim) == 1


@given(SIZES, SIZES, strategies.integers(2, 5))
@examples(200)
def test_a_followed_reshape_holds_as_many_numbers(front: list[int], back: list[int], factor: int) -> None:
    """Whatever is made of sizes that have grown has all their numbers, or there is none."""
    grown = ax.axis(10, 10 * factor)
    dims = (BATCH, *ax.fixed(front), grown, *ax.fixed(back))
    flat = ax.reshaped(dims, (1, -1))
    assert ax.now(flat[1]) == math.prod(front) * 10 * factor * math.prod(back)
    again = ax.reshaped(flat, (1, math.prod(front), 10, math.prod(back)))
    assert now(again) == [1, math.prod(front), 10 * factor, math.prod(back)]
