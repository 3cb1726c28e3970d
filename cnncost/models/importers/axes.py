"""Axes that remember where they came from, so that a graph recorded at one size can be run at another.

A file states every reshape by numbers that held at the size it was exported at. An axis is a tuple of atoms; an atom is one
size of the input, or one that a window made, with what it was in the file and what it is now. Merging axes puts their atoms
side by side; splitting takes them apart again: 196 tokens that were 14 rows of 14 are 14×14 once more. An atom that has
changed is never cut, for nothing says which of its parts grew; then the reshape is pinned to the size of the export.

The batch is an atom, too: what it was in the file, and now 1. An axis of nothing but the batch is no axis of an example.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from cnncost.base.poly import Num, Poly, equal


class Stated:
    """A size that the file states, of which nothing says whether it follows the input: what it is joined with decides.

    `used` is what it is in this run, None as stated; `found` what a join demands, for the network could not run otherwise.
    """

    __slots__ = ("fact", "found", "used")

    def __init__(self, fact: str) -> None:
        self.fact = fact  # what is said where no join decides
        self.used: Num = None
        self.found: Num = None


class Atom(NamedTuple):
    """A size that was one number in the file and is another now."""

    was: int
    now: Num
    batch: bool = False
    stated: Stated | None = None  # while it is not known whether it follows the input

    @property
    def fixed(self) -> bool:
        """Whether it is what it was: a constant of the program, as far as one can see."""
        return not self.batch and isinstance(self.now, int) and self.now == self.was


Axis: TypeAlias = tuple[Atom, ...]  # () is an axis of one
Axes: TypeAlias = tuple[Axis, ...]


class PinnedError(Exception):
    """What cannot follow another size of the input, or cannot be told at all: the bare fact, and what helps if it is known."""

    def __init__(self, fact: str, remedy: str = "") -> None:
        super().__init__(fact)
        self.remedy = remedy


def axis(was: int, now: Num) -> Axis:
    """Return an axis of one atom."""
    return () if isinstance(now, int) and was == now == 1 else (Atom(was, now),)


def fixed(sizes: Sequence[int]) -> Axes:
    """Return axes whose sizes are numbers of the program."""
    return tuple(axis(size, size) for size in sizes)


def was(dim: Axis) -> int:
    """Return what the size of an axis was in the file."""
    return math.prod(atom.was for atom in dim)


def now(dim: Axis) -> Num:
    """Return the size of an axis now, for one example."""
    product: Num = None
    for atom in dim:
        product = atom.now if product is None else product * atom.now
    return 1 if product is None else product


def is_batch(dim: Axis) -> bool:
    """Whether an axis is the batch and nothing else."""
    return len(dim) == 1 and dim[0].batch


def is_fixed(dim: Axis) -> bool:
    """Whether the size of an axis is what it was in the file."""
    return all(atom.fixed for atom in dim)


def is_one(dim: Axis) -> bool:
    """Whether an axis has one index now, for one example: it can be left out or put in."""
    size = now(dim)
    return isinstance(size, int) and size == 1


def alike(a: Axis, b: Axis) -> bool:
    """Whether two axes have one size, in the file and now."""
    return a is b or (was(a) == was(b) and same_size(now(a), now(b)))


def same_size(a: Num, b: Num) -> bool:
    """Whether two sizes are equal: numbers, letters, or columns in all their places."""
    if isinstance(a, (int, Poly)) and isinstance(b, (int, Poly)):
        return equal(a, b)
    found: Any = a == b
    return bool(found.all()) if hasattr(found, "all") else bool(found)


def is_open(dim: Axis) -> bool:
    """Whether an axis has a size that the file states, and nothing has decided yet whether it follows the input."""
    return len(dim) == 1 and dim[0].stated is not None


def decided(dim: Axis, other: Axis) -> bool:
    """Whether an axis of a stated size can be as long as one that it is joined with: then it is."""
    if not is_open(dim) or is_open(other) or was(dim) != was(other):
        return False
    stated = dim[0].stated
    assert stated is not None
    stated.found = now(other)
    return True


def joined(dims: Sequence[Axis]) -> Axis:
    """Return several neighbouring axes as one."""
    return tuple(atom for dim in dims for atom in dim)


def resolved(total: int, target: Sequence[int]) -> list[int]:
    """Return the target of a reshape with its −1 worked out. Raises PinnedError where the numbers do not fit."""
    sizes = list(target)
    unknown = [place for place, size in enumerate(sizes) if size == -1]
    rest = math.prod(size for size in sizes if size != -1)
    if len(unknown) == 1 and rest and total % rest == 0:
        sizes[unknown[0]] = total // rest
    if math.prod(sizes) != total or any(size < 0 for size in sizes):
        raise PinnedError(f"{total} numbers do not fill {'×'.join(map(str, target))}")
    return sizes


def reshaped(dims: Axes, target: Sequence[int]) -> Axes:
    """Return the axes of a reshape whose target is stated as in the file, −1 included.

    >>> height, width = axis(14, 18), axis(14, 20)
    >>> tokens = reshaped(((Atom(1, 1, True),), axis(64, 64), height, width), (1, 64, 196))
    >>> [now(dim) for dim in tokens]
    [1, 64, 360]
    >>> [now(dim) for dim in reshaped(tokens, (1, 8, 8, 14, 14))]
    [1, 8, 8, 18, 20]

    Raises PinnedError where a size that has changed would have to be cut.
    """
    sizes = resolved(math.prod(map(was, dims)), target)
    try:
        return _dealt(joined(dims), sizes, target)
    except PinnedError:
        if all(atom.fixed or (atom.batch and atom.was == 1) for dim in dims for atom in dim):
            return _with_batch(dims, sizes)
        return _around_the_unknown(dims, sizes, target)


def _dealt(atoms: Axis, sizes: Sequence[int], target: Sequence[int]) -> Axes:
    """Deal atoms out in order: whole where they changed, cut where they are constants."""
    rest = _merged(atoms)
    found: list[Axis] = []
    for size, stated in zip(sizes, target, strict=True):
        taken: list[Atom] = []
        have = 1
        while rest:
            atom, need = rest[0], size // have
            if atom.was == 1 and (not taken or stated == -1 or (atom.batch and need == 1 and not taken)):
                taken.append(rest.pop(0))  # a batch of one, or a size that was one and has grown
                if have == size and atom.batch:
                    break
                continue
            if have == size:
                break
            if need % atom.was == 0:
                taken.append(rest.pop(0))
                have *= atom.was
            elif atom.was % need == 0 and atom.fixed:
                taken.append(Atom(need, need))
                rest[0] = Atom(atom.was // need, atom.was // need)
                have = size
            else:
                raise PinnedError(f"{_text(atom)} cannot be split into {size}")
            if size % have:
                raise PinnedError(f"{_text(atom)} does not fill {size}")
        if have != size:
            raise PinnedError(f"the sizes do not fill {size}")
        found.append(tuple(taken))
    if rest and found:
        found[-1] = (*found[-1], *_only_batch(rest))
    return tuple(found)


def _only_batch(rest: Sequence[Atom]) -> Sequence[Atom]:
    if not all(atom.batch and atom.was == 1 for atom in rest):
        raise PinnedError(f"{_text(rest[0])} has no place")
    return rest


def _merged(atoms: Axis) -> list[Atom]:
    merged: list[Atom] = []
    for atom in atoms:
        if merged and atom.fixed and merged[-1].fixed:
            merged[-1] = Atom(merged[-1].was * atom.was, merged[-1].was * atom.was)
        else:
            merged.append(atom)
    return merged


def _with_batch(dims: Axes, sizes: Sequence[int]) -> Axes:
    """Return stated sizes as they are, nothing having changed: a batch of one goes to the first axis of one, or the first."""
    found = list(fixed(sizes))
    batch = [atom for dim in dims for atom in dim if atom.batch]
    if batch and found:
        place = next((place for place, size in enumerate(sizes) if size == 1), 0)
        found[place] = (*batch, *found[place])
    return tuple(found)


def _around_the_unknown(dims: Axes, sizes: Sequence[int], target: Sequence[int]) -> Axes:
    """Return the axes where the target has one −1 and the sizes beside it are those of the input's first and last axes."""
    if list(target).count(-1) != 1:
        raise PinnedError(f"it makes {'×'.join(map(str, target))} of sizes that have changed")
    hole = list(target).index(-1)
    front = 0
    while front < min(hole, len(dims)) and was(dims[front]) == sizes[front]:
        front += 1
    back = 0
    while back < min(len(sizes) - 1 - hole, len(dims) - front) and was(dims[-1 - back]) == sizes[-1 - back]:
        back += 1
    middle = dims[front : len(dims) - back]
    stated = fixed([size for place, size in enumerate(sizes[front : len(sizes) - back], front) if place != hole])
    others: Num = 1
    for dim in stated:
        others = others * now(dim)
    total = now(joined(middle))
    if any(atom.batch and atom.was != 1 for atom in joined(middle)) or not _divides(others, total):
        raise PinnedError(f"it makes {'×'.join(map(str, target))} of sizes that have changed")
    batch = tuple(atom for atom in joined(middle) if atom.batch)
    filled = [*stated[: hole - front], (*batch, *axis(sizes[hole], total // others)), *stated[hole - front :]]
    return (*dims[:front], *filled, *dims[len(dims) - back :])


def _divides(part: Num, whole: Num) -> bool:
    return isinstance(part, int) and part > 0 and isinstance(whole, int) and whole % part == 0


def _text(atom: Atom) -> str:
    return "the batch" if atom.batch else f"{atom.now} (was {atom.was})"
