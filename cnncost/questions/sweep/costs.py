"""What one candidate, or many at once, cost: the model traced on numbers, columns or letters, and its totals."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, TypeAlias

from cnncost.base import usual
from cnncost.base.errors import CnncostError
from cnncost.base.poly import Num, Poly
from cnncost.base.record import dataclass
from cnncost.base.units import DTYPES
from cnncost.counting.convention import Convention, keys
from cnncost.counting.letters import value as worth
from cnncost.graph.graph import Graph, Tensor
from cnncost.graph.usercode import CodeError
from cnncost.measures.memory import memory
from cnncost.measures.precision import PLAIN, Setup
from cnncost.questions.sweep.chunk import FIGURES, TRAINED
from cnncost.questions.sweep.space import Space
from cnncost.questions.sweep.tally import Known, Tally

_Charge: TypeAlias = tuple[str, Num, tuple[str, ...], dict[str, Num] | None]


def _charge(figure: str, formula: Num, sums: dict[tuple[str, Num], dict[str, Num]]) -> _Charge:
    """Return a figure, its formula, the formula's letters, and where to add them up if it is linear in them."""
    if not isinstance(formula, Poly):
        return figure, formula, (), None
    letters = tuple(formula.letters())
    if not all(len(monomial) == 1 and isinstance(monomial[0][0], str) and monomial[0][1] == 1 for monomial in formula.terms):
        return figure, formula, letters, None  # each layer by itself: what is rounded down, say, is no sum's
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
    return figures(priced["params"], macs, priced["flops"], priced["memory"], convention, batch, dtype)


def figures(params: Num, macs: Num, flops: Num, memory: Num, convention: Convention, batch: Num, dtype: str) -> dict[str, Num]:
    """Return the figures of a network from its sums: parameters, and for one example multiply-adds, FLOPs and elements."""
    return {
        "params": params,
        "macs": macs * batch,
        "flops": flops * (1 if convention.per_example else batch),
        "activation_bytes": memory * batch * DTYPES[dtype],
    }


@dataclass(frozen=True)
class Costs:
    """The figures of candidates of a space, traced: the one source that every quicker way is held against."""

    space: Space
    convention: Convention
    dtype: str = usual.DTYPE
    batch: int = 1
    figures: tuple[str, ...] = FIGURES
    trained: Setup = PLAIN

    @cached_property
    def known(self) -> Known:
        """What layers and blocks cost, as far as they were met."""
        return Known(self.convention)

    def traced(self, values: Mapping[str, Any]) -> tuple[dict[str, Num], int]:
        """Return the figures of settings given as numbers, columns or letters, and the number of layers."""
        model, batch = self.space.configured(values)
        graph = model.trace()
        found = totals(graph, self.convention, batch * self.batch, self.dtype)
        if TRAINED in self.figures:
            found[TRAINED] = self.training(graph, batch * self.batch)
        return found, len(graph.nodes)

    def training(self, graph: Graph, batch: Num) -> Num:
        """Return the bytes that training takes."""
        how = self.trained
        plan = memory(
            graph,
            batch=batch,
            precision=how.precision(self.dtype),
            optimizer=how.optimizer,
            checkpoint=how.checkpoint,
            convention=self.convention,
        )
        return plan.training_bytes

    def counted(self, values: Mapping[str, Any]) -> dict[str, Num] | None:
        """Return the figures of one candidate as they add up without a graph; None where they do not, or it cannot be built."""
        if TRAINED in self.figures:
            return None
        try:
            model, batch = self.space.configured(values)
            if model.fold or model.quantised or (model.spelling and self.convention.spelled):
                return None
            tally = Tally(self.known)
            input = model.input if type(model.input) is tuple else model.input_at({})
            shapes = input.values() if isinstance(input, Mapping) else (input,)
            output = model.function(*map(tally.started, map(tuple, shapes)), **model.settings)
            made = output if isinstance(output, tuple) else (output,)
            if not made or any(type(one) is not Tensor or one.tracer is not tally for one in made):
                return None
            total = tally.total
            self.known.last = (total.layers, tally.calls)
        except Exception:  # whatever it is, the full trace says it
            return None
        return figures(*total[:4], self.convention, batch * self.batch, self.dtype)

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
