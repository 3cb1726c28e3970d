"""Maps whose channels are last in a file, H×W×C, are C×H×W in rules: which axis is which, and permutations between the two.

A tensor is *rotated* where our first axis is the file's last one. `Rotated` says so by the index of the tensor in its graph.
"""

from __future__ import annotations

from typing import TypeAlias

from cnncost.graph.graph import Tensor

Rotated: TypeAlias = dict[int, bool]


def turned(rotated: Rotated, x: Tensor, to: bool) -> Tensor:
    """Return a tensor in the order asked for, permuted if it is in the other one."""
    if len(x.shape) < 2 or rotated.get(x.index, False) == to:
        return x
    last = len(x.shape) - 1
    y = x.permute((last, *range(last)) if to else (*range(1, last + 1), 0))
    rotated[y.index] = to
    return y


def our_axis(rotated: Rotated, axis: int, x: Tensor) -> int:
    """Return our axis of one of the file's, where 0 is the batch. Raises ValueError for the batch itself."""
    rank = len(x.shape)
    place = axis + rank + 1 if axis < 0 else axis
    if not 0 < place <= rank:
        raise ValueError(
            f"axis {axis} is the batch, which one example does not have" if not place else f"there is no axis {axis}"
        )
    return place - 1 if not rotated.get(x.index, False) else 0 if place == rank else place


def file_shape(rotated: Rotated, x: Tensor) -> tuple[object, ...]:
    """Return the shape of a tensor as the file would write it, without the batch."""
    return (*x.shape[1:], x.shape[0]) if rotated.get(x.index, False) and len(x.shape) > 1 else tuple(x.shape)
