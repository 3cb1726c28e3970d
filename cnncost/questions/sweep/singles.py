"""Candidates whose structures differ: each by itself, block by block where that is believed, else traced in full."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cnncost.base.poly import Num
from cnncost.graph.graph import no_collection
from cnncost.questions.sweep.chunk import FEW, Method
from cnncost.questions.sweep.costs import Costs

FIRST = 12  # candidates that are traced in full beside, before blocks are believed
EVERY = 1024  # of so many later ones another
COLUMN = 10  # times as long as a call takes a layer on columns, however many candidates they hold
IN_VAIN = 8  # candidates that blocks say nothing of, one after the other, before they are asked no more


class Singles:
    """The figures of candidates one by one.

    Adding up blocks is right where a block is a function of its arguments, which a model of the user's may break: so the
    first candidates, the last of many that come together (the largest, mostly), and some at random are traced in full, too,
    and from a difference on all of them are.
    """

    def __init__(self, costs: Costs, method: Method) -> None:
        self.costs = costs
        self.by_blocks = method != "one at a time"
        self.counted = self.vain = 0
        self.rng = random.Random(0)

    def few(self, some: Sequence[Mapping[str, Any]]) -> int:
        """Return up to how many candidates of one structure are quicker one by one than as columns, as some of them tell."""
        if not self.by_blocks or self.costs.counted(some[0]) is None:
            return FEW
        for values in some[1:]:  # what recurs is known by now
            self.costs.counted(values)
        layers, calls = self.costs.known.last
        return max(FEW, COLUMN * layers // max(1, calls))

    def of(self, candidates: Sequence[Mapping[str, Any]], used: Counter[str]) -> list[dict[str, Num] | str]:
        """Return the figures of candidates, or why one cannot be built; `used` counts how many each method evaluated."""
        with no_collection():
            return self._of(candidates, used)

    def _of(self, candidates: Sequence[Mapping[str, Any]], used: Counter[str]) -> list[dict[str, Num] | str]:
        found: list[dict[str, Num] | str] = []
        counted = 0
        last = max(FIRST, len(candidates) - 1)
        for place, values in enumerate(candidates):
            quick = self.costs.counted(values) if self.by_blocks else None
            if quick is None:
                exact = self.costs.exact(values)
                self.vain += isinstance(exact, dict)
                self.by_blocks = self.by_blocks and self.vain < IN_VAIN
                found.append(exact)
                continue
            self.vain = 0
            due = self.counted < FIRST or place == last or self.rng.randrange(EVERY) == 0
            if due and self.costs.exact(values) != quick:
                self.by_blocks = False
                found, counted = [self.costs.exact(each) for each in candidates[: place + 1]], 0
                continue
            counted += 1
            self.counted += 1
            found.append(quick)
        used += Counter({"block by block": counted, "one at a time": len(found) - counted})  # none where it is none
        return found
