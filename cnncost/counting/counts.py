"""What the layers of a graph report, as columns: computed once, priced by any number of conventions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from cnncost.base.errors import UsageError
from cnncost.base.ints import INT64_MAX, Ints
from cnncost.base.notation import Floor
from cnncost.base.poly import Num, Poly
from cnncost.counting.convention import FORMS, Convention, Slip, keys, names
from cnncost.counting.letters import COUNTS, values
from cnncost.graph.graph import INPUT, Graph, Node

if TYPE_CHECKING:
    from numpy.typing import NDArray

Column: TypeAlias = "NDArray[Any]"  # int64, or Python integers (dtype object) where a sum could pass 2^63


LATE = ("learned", "reads")  # made of numbers that other columns hold, too, so that these are worked out where one asks


class _Columns(dict[str, Column]):
    """The counts of layers by letter, each worked out when it is asked for."""

    def __init__(self, layers: Sequence[Node], nodes: Sequence[Node]) -> None:
        super().__init__()
        self.layers, self.nodes = layers, nodes

    def __missing__(self, letter: str) -> Column:
        self[letter] = column(values(letter, self.layers, self.nodes))
        return self[letter]


class Counts:
    """The counts of a graph's layers, for one example, grouped by key: the kind, its mode, and how the model spells it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        layers, nodes = graph.layers, graph.nodes
        self.idle = np.array([index for index, node in enumerate(layers) if node.runs == 0], dtype=np.intp)
        self.columns = _Columns(layers, nodes)
        whole = (self.columns[letter] for letter in COUNTS if letter not in LATE)
        numbers = (number for part in whole if part.dtype == object for number in part)
        self.lettered = not all(isinstance(number, int) for number in (*nodes[0].cost.shape, *numbers))
        where: dict[str, list[int]] = {}
        for index, key in enumerate(keys(graph)):
            if key != INPUT:  # a further input is no layer: nobody charges it
                where.setdefault(key, []).append(index)
        self.groups = {key: np.array(indices, dtype=np.intp) for key, indices in where.items()}
        # What was worked out once: conventions ask for much the same.
        self._parts: dict[tuple[str, str], Any] = {}
        self._prices: dict[tuple[str, Num], Any] = {}
        self._columns: dict[tuple[bool, tuple[Num, ...]], Column] = {}

    def part(self, key: str, letter: str) -> Any:
        """Return the column of one letter of `LETTERS` for the layers of one key."""
        known = self._parts.get((key, letter))
        if known is None:
            where = self.groups[key]
            if letter in COUNTS:
                numbers = self.columns[letter][where]
            else:
                nodes = self.graph.nodes
                numbers = column(values(letter, [nodes[index + 1] for index in where], nodes))
            known = numbers.astype(object) if self.lettered else Ints(numbers)  # Ints cannot overflow
            self._parts[key, letter] = known
        return known

    def price(self, key: str, formula: Num) -> Any:
        """Return what the layers of a key cost by a formula: a number for all of them, or a column."""
        if not isinstance(formula, Poly):
            return formula
        known = self._prices.get((key, formula))
        if known is None:
            parts = {letter: self.part(key, letter) for letter in formula.letters()}
            for floor in formula.atoms():
                if isinstance(floor, Floor) and isinstance(floor.denominator, Poly):
                    self._refuse_zero(floor, key, parts)
            known = formula.subs(parts)
            self._prices[key, formula] = known
        return known

    def charge(self, convention: Convention, figure: str, factor: Num = 1) -> Column:
        """Return what a convention charges each layer, times `factor`; layers that never run are charged parameters only.

        Conventions that charge the same share the column, which is therefore read-only.
        """
        formulas = tuple([convention.formula(figure, key) for key in self.groups])
        whole = self._columns.get((figure == "params", formulas))
        if whole is None:
            whole = self._assembled(formulas, even_idle=figure == "params")
            self._refuse_less_than_nothing(convention, figure, whole)
            self._columns[figure == "params", formulas] = whole
        return times(whole, factor)

    def _assembled(self, formulas: tuple[Num, ...], even_idle: bool) -> Column:
        priced = {key: self.price(key, formula) for key, formula in zip(self.groups, formulas, strict=True)}
        whole = np.zeros(len(self.columns["params"]), dtype=np.int64 if self._fits(priced) else object)
        for key, value in priced.items():
            if not isinstance(value, int) or value:
                whole[self.groups[key]] = value.values if isinstance(value, Ints) else value
        if len(self.idle) and not even_idle:
            whole[self.idle] = 0
        return _frozen(whole)

    def _refuse_less_than_nothing(self, convention: Convention, figure: str, whole: Column) -> None:
        if whole.dtype == np.int64:
            below = np.flatnonzero(whole < 0)
        else:
            below = np.array([index for index, number in enumerate(whole) if isinstance(number, int) and number < 0], dtype=int)
        if len(below):
            layer = self.graph.layers[below[0]]
            fact = f"{convention.name} counts {whole[below[0]]:,} {figure} at '{layer.name}' ({layer.kind})"
            raise UsageError(f"{fact}: no layer costs less than nothing", "correct the formula of its type")

    def _refuse_zero(self, floor: Floor, key: str, parts: Mapping[str, Any]) -> None:
        below = floor.denominator.subs(parts)
        zero = _plain(below) == 0
        if np.any(zero):
            name = self._named(key, zero)
            raise UsageError(f"the formula of {key} divides by 0 at '{name}': {floor}", "divide by sizes, such as Ci or writes")

    def _named(self, key: str, chosen: Any) -> str:
        """Return the first of the layers of a key that are chosen by a mask."""
        first = int(np.argmax(np.broadcast_to(np.asarray(chosen, dtype=bool), self.groups[key].shape)))
        return str(self.graph.layers[self.groups[key][first]].name)

    def slips(self, convention: Convention, *figures: str) -> list[str]:
        """Return what a convention's tool gets wrong about these layers, as far as it concerns the figures."""
        return [
            slip.says
            for slip in convention.slips
            if slip.figure in (figures or ("flops",)) and any(self._concerns(convention, slip, key) for key in self.groups)
        ]

    def _concerns(self, convention: Convention, slip: Slip, key: str) -> bool:
        if set(slip.kinds).isdisjoint(names(key)):
            return False
        own = next((name for name in names(key) if name in getattr(convention, slip.figure)), key)
        if own.split(".")[0] in FORMS and own not in slip.kinds:
            return False  # this spelling is counted by a rule of its own
        if slip.args:
            layers = (self.graph.layers[index].args for index in self.groups[key])
            return any(all(args.get(name) == value for name, value in slip.args.items()) for args in layers)
        return bool(np.any(_plain(self.price(key, slip.where)) != 0))

    def _fits(self, priced: Mapping[str, Any]) -> bool:
        """Whether every entry, and every sum of entries, stays in int64: judged in Python integers, beforehand."""
        bound = 0
        for key, value in priced.items():
            if not isinstance(value, (int, Ints)):
                return False
            bound += (abs(value) if isinstance(value, int) else value.bound) * len(self.groups[key])
        if bound <= INT64_MAX:
            return True
        parts = (v.values.tolist() if isinstance(v, Ints) else [v] * len(self.groups[key]) for key, v in priced.items())
        total: int = sum(abs(number) for part in parts for number in part)
        return total <= INT64_MAX


def column(values: list[Num]) -> Column:
    """Return numbers as a column, read-only: int64, or dtype object where one is no integer or their sum could pass 2^63."""
    if set(map(type, values)) <= {int, bool} and sum(map(abs, values)) <= INT64_MAX:
        return _frozen(np.array(values, dtype=np.int64))
    whole = np.empty(len(values), dtype=object)
    whole[:] = values
    return _frozen(whole)


def times(figures: Column, factor: Num) -> Column:
    """Return a column of `column` times a number, read-only: of Python integers where its sum would pass 2^63."""
    if isinstance(factor, int) and factor == 1:
        return _frozen(figures)
    if figures.dtype == np.int64 and not (isinstance(factor, int) and int(np.abs(figures).sum()) * factor <= INT64_MAX):
        figures = figures.astype(object)
    product: Column = figures * factor
    return _frozen(product)


def _frozen(figures: Column) -> Column:
    figures.flags.writeable = False  # reports of one graph share columns
    return figures


def _plain(value: Any) -> Any:
    return value.values if isinstance(value, Ints) else np.asarray(value)
