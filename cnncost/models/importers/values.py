"""What flows between records, and what it was at the export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncost.base.record import dataclass
from cnncost.graph.graph import Tensor
from cnncost.models.importers import axes as ax
from cnncost.models.importers.axes import Axes, PinnedError
from cnncost.models.importers.records import Weight


@dataclass(slots=True)
class Made:
    """Storage that a program makes of its own numbers: its bytes, and which node of the trace comes next."""

    bytes: int
    before: int


class Value:
    """What flows between records: a tensor of the graph, or numbers of the file that no layer has made yet."""

    __slots__ = ("content", "dims", "made", "present", "tensor", "weight")

    def __init__(
        self,
        dims: Axes,
        tensor: Tensor | None = None,
        present: Sequence[bool] | None = None,
        weight: Weight | None = None,
        content: Any = None,
        made: Any = None,
    ) -> None:
        self.dims = dims  # all axes, as in the file
        self.tensor = tensor
        # Which of the axes the tensor has: all but a batch, or an axis of one that was left out.
        self.present = tuple(not ax.is_batch(dim) for dim in dims) if present is None else tuple(present)
        self.weight = weight  # whose numbers these are, perhaps in another order
        self.content = content  # small whole numbers, where they are known: sizes that the network works out
        self.made: Made | None = made  # where the program makes numbers of its own while it runs, such as a mask

    @property
    def rank(self) -> int:
        """How many axes it has in the file."""
        return len(self.dims)

    @property
    def known(self) -> bool:
        """Whether it is the same whatever the input is, and holds nothing learned."""
        return self.tensor is None and (self.weight is None or not self.weight.learned)

    def axis(self, number: int, ends: int = 0) -> int:
        """Return an axis of the file, counted from 0. Raises PinnedError where there is none."""
        rank = self.rank + ends
        if not -rank <= number < max(rank, 1):
            raise PinnedError(f"there is no axis {number} of {rank}")
        return number % rank if rank else 0


@dataclass(frozen=True, slots=True)
class Exported:
    """What the values of a program are at the size it was exported at."""

    sizes: dict[str, tuple[int, ...]]
    numbers: dict[str, list[Any]]  # of those that hold sizes
