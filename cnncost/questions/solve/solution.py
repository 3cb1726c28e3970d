"""A solution: the value of the unknown, its neighbours, and the equations it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from cnncost.base.errors import ModelError
from cnncost.base.notation import PYTHON, written
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
    dtype: str = "float32"

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
        """Return the letters that both sides of a comparison have in common, H·W mostly, and their product as a number."""
        found = self.equations[index]
        if found is None or self.targets[index].other is None or not isinstance(found.cancelled, Poly):
            return 1, 1
        return found.cancelled, found.cancelled.subs(found.numbers)

    def to_dict(self) -> dict[str, Any]:
        """Return the solution as plain data with exact integers: the object of `--format json` (cnncost.solve/1)."""
        main = next((index for index, goal in enumerate(self.targets) if goal.relation == "="), 0)
        found = self.equations[main]
        per, size = self.per(main)

        def side(candidate: Candidate, index: int) -> dict[str, Any]:
            size = self.per(index)[1]
            error = candidate.error(index)
            return {
                "quantity": self.targets[index].quantity.name,
                "relation": self.targets[index].relation,
                "target": candidate.goals[index] // size,
                "achieved": candidate.costs[index] // size,
                "error": None if error is None else float(error),
            }

        return {
            "schema": "cnncost.solve/1",
            "model": self.side.case.model.name,
            "for": self.unknown,
            "equation": None if found is None else found.text,
            "polynomial": None if found is None else written(found.polynomial, PYTHON, unknown=found.letter),
            "numbers": {} if found is None else dict(found.numbers),
            "roots": [] if found is None else [float(root) for root in found.roots],
            "value": self.value,
            "target": self.chosen.goals[main] // size,
            "achieved": self.chosen.costs[main] // size,
            "per": written(per, PYTHON),
            "method": self.method,
            **self.trained.record(self.figures, self.dtype),
            "choice": self.why,
            "targets": [side(self.chosen, index) for index in range(len(self.targets))],
            "candidates": [
                {"value": row.value, "targets": [side(row, index) for index in range(len(self.targets))]} for row in self.rows
            ],
        }


def shown(value: Any) -> Any:
    """Return a value as `--set` takes it."""
    return str(value).lower() if isinstance(value, bool) or value is None else value
