"""A solution: the value of the unknown, its neighbours, and the equations it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from cnncost.base import usual
from cnncost.base.errors import ModelError
from cnncost.base.poly import Num, Poly
from cnncost.base.record import dataclass
from cnncost.base.showable import Showable
from cnncost.measures.precision import PLAIN, Setup
from cnncost.questions.solve.candidates import Candidate
from cnncost.questions.solve.equation import Equation
from cnncost.questions.solve.target import Side, Target


@dataclass(frozen=True, slots=True, repr=False)
class Solution(Showable):
    """The value of the unknown that meets the targets best, and its neighbours."""

    side: Side
    unknown: str
    targets: tuple[Target, ...]
    equations: tuple[Equation | None, ...]  # one per target; None where a search found the crossings
    chosen: Candidate
    why: str  # nearest, nearest below, nearest above, largest, smallest
    others: tuple[Candidate, ...]  # for a target that is crossed several times, what comes nearest at the other crossings
    rows: tuple[Candidate, ...]  # in order: neighbours, the chosen one and the others
    impossible: Mapping[Any, ModelError]
    method: Literal["closed form", "search", "every value"]
    reached: bool  # whether some value crosses the target
    up_to: int | None = None  # the number of the last value, where every one was traced because the cost rises and falls
    trained: Setup = PLAIN  # how the network is trained, for targets of training memory
    dtype: str = usual.DTYPE
    convention: str = usual.CONVENTION  # by name
    notes: tuple[str, ...] = ()  # what whoever reads the network's figures must know

    def __repr__(self) -> str:
        costs = ", ".join(f"{goal.quantity.key} {cost:,}" for goal, cost in zip(self.targets, self.chosen.costs, strict=True))
        return f"<Solution {self.unknown}={shown(self.value)}: {costs}>"

    @property
    def figures(self) -> list[str]:
        """The keys of the figures that the targets are about."""
        return [target.quantity.key for target in self.targets]

    @property
    def value(self) -> Any:
        """The value of the unknown."""
        return self.chosen.value

    def per(self, index: int) -> tuple[Num, int]:
        """Return the symbols that both sides of a comparison have in common, H·W mostly, and their product as a number."""
        found = self.equations[index]
        if found is None or self.targets[index].other is None or not isinstance(found.cancelled, Poly):
            return 1, 1
        return found.cancelled, found.cancelled.subs(found.numbers)


def shown(value: Any) -> Any:
    """Return a value as `--set` takes it."""
    return str(value).lower() if isinstance(value, bool) or value is None else value
