"""What one candidate, or many at once, cost: the model traced on numbers, columns or letters, and its totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from cnncost.base.errors import CnncostError
from cnncost.base.poly import Num, Poly
from cnncost.base.record import dataclass
from cnncost.base.units import DTYPES
from cnncost.counting.convention import Convention, keys
from cnncost.counting.letters import value as worth
from cnncost.graph.graph import Graph
from cnncost.graph.usercode import CodeError
from cnncost.questions.sweep.space import Space

_Charge: TypeAlias = tuple[str, Num, tuple[str, ...], dict[str, Num] | None]


def _charge(figure: str, formula: Num, sums: dict[tuple[str, Num], dict[str, Num]]) -> _Charge:
    """Return a figure, its formula, the formula's letters, and where to add them up if it is linear in them."""
    if not isinstance(formula, Poly):
        return figure, formula, (), None
    letters = tuple(formula.letters())
    if any(len(monomial) != 1 or monomial[0][1] != 1 for monomial in formula.terms):
        return figure, formula, letters, None
    return figure, formula, letters, sums.setdefault((figure, formula), dict.fromkeys(letters, 0))


def totals(graph: Graph, convention: Convention, batch: Num, dtype: str) -> dict[str, Num]:
    """Return the figures of a traced network, as the totals of its report: numbers, columns or polynomials."""
    macs: Num = 0
    priced: dict[str, Num] = {"params": 0, "flops": 0, "memory": 0}
    sums: dict[tuple[str, Num], dict[str, Num]] = {}  # of letters, as far as formulas are linear in them
    charged: dict[Any, tuple[_Charge, ...]] = {}  # by key: what all its layers have in common
    nodes = graph.nodes
    for node, key in zip(graph.layers, keys(graph), strict=True):
        if node.runs:
            macs = macs + node.cost.macs
        charges = charged.get(key)
        if charges is None:
            charges = charged[key] = tuple(_charge(figure, convention.formula(figure, key), sums) for figure in priced)
        for figure, formula, letters, sum_of in charges if node.runs else charges[:1]:
            if sum_of is not None:
                for letter in letters:
                    sum_of[letter] += worth(letter, node, nodes)
            elif isinstance(formula, Poly):
                priced[figure] = priced[figure] + formula.subs({letter: worth(letter, node, nodes) for letter in letters})
            elif formula:
                priced[figure] = priced[figure] + formula
    for (figure, formula), values in sums.items():
        priced[figure] = priced[figure] + formula.subs(values)
    return {
        "params": priced["params"],
        "macs": macs * batch,
        "flops": priced["flops"] * (1 if convention.per_example else batch),
        "activation_bytes": priced["memory"] * batch * DTYPES[dtype],
    }


@dataclass(frozen=True)
class Costs:
    """The figures of candidates of a space, traced: the one source that every quicker way is held against."""

    space: Space
    convention: Convention
    dtype: str = "float32"
    batch: int = 1

    def traced(self, values: Mapping[str, Any]) -> tuple[dict[str, Num], int]:
        """Return the figures of settings given as numbers, columns or letters, and the number of layers."""
        model, batch = self.space.configured(values)
        graph = model.trace()
        return totals(graph, self.convention, batch * self.batch, self.dtype), len(graph.nodes)

    def exact(self, values: Mapping[str, Any]) -> dict[str, int] | str:
        """Return the figures of one candidate traced by itself, or the message of why it cannot be built.

        Raises CodeError where a model function of the user's fails, unless it refuses by ValueError or AssertionError.
        """
        try:
            return self.traced(values)[0]
        except CnncostError as error:
            if isinstance(error, CodeError) and not isinstance(error.raised, (ValueError, AssertionError)):
                raise
            return self.bare(error)

    def bare(self, error: CnncostError) -> str:
        """Return an error's message without the name of the model."""
        return error.message.removeprefix(f"{self.space.model.name}: ")
