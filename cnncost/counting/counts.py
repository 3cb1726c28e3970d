"""What the layers of a graph report, as columns: computed once, priced by any number of conventions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnncost.base.ints import INT64_MAX, Ints
from cnncost.base.poly import Num, Poly
from cnncost.counting.convention import COUNTS, GEOMETRY, Convention, Slip, keys, names
from cnncost.graph.graph import Graph, read_by
from cnncost.rules import elements

Column = NDArray[Any]  # int64, or Python integers (dtype object) where a sum could pass 2^63


class Counts:
    """The counts of a graph's layers, for one example, grouped by key: the kind, its mode, and how the model spells it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        layers = graph.layers
        sizes = [elements(node.cost.shape) for node in graph.nodes]
        own = {node.name: node.cost.params for node in layers} if any(node.shares for node in layers) else {}
        costs = [node.cost for node in layers]
        lists: dict[str, list[Num]] = {
            "params": [cost.params for cost in costs],
            "learned": [own[node.shares] if node.shares else node.cost.params for node in layers],
            "buffers": [cost.buffers for cost in costs],
            "macs": [cost.macs for cost in costs],
            "bias": [cost.bias for cost in costs],
            "taps": [cost.taps for cost in costs],
            "reads": [sum([sizes[i] for i in node.inputs]) for node in layers],
            "writes": sizes[1:],
        }
        idle = [index for index, node in enumerate(layers) if node.runs == 0]  # declared, never run
        for index in idle:
            for name in ("macs", "bias", "taps", "reads", "writes"):
                lists[name][index] = 0
        self.idle = np.array(idle, dtype=np.intp)
        self.columns = {name: column(lists[name]) for name in COUNTS}
        whole = (part for part in self.columns.values() if part.dtype == object)
        self.lettered = any(not isinstance(number, int) for part in whole for number in part)
        where: dict[str, list[int]] = {}
        for index, key in enumerate(keys(graph)):
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
            if letter in self.columns:
                numbers = self.columns[letter][where]
            else:
                nodes = self.graph.nodes
                value = GEOMETRY[letter][1]
                layers = [nodes[index + 1] for index in where]
                numbers = column([value(node, read_by(node, nodes)) for node in layers])
            known = numbers.astype(object) if self.lettered else Ints(numbers)  # Ints cannot overflow
            self._parts[key, letter] = known
        return known

    def price(self, key: str, formula: Num) -> Any:
        """Return what the layers of a key cost by a formula: a number for all of them, or a column."""
        if not isinstance(formula, Poly):
            return formula
        known = self._prices.get((key, formula))
        if known is None:
            known = formula.subs({letter: self.part(key, letter) for letter in formula.letters()})
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
        whole.flags.writeable = False
        return whole

    def slips(self, convention: Convention, *figures: str) -> list[str]:
        """Return what a convention's tool gets wrong about these layers, as far as it concerns the figures."""
        return [
            slip.says
            for slip in convention.slips
            if slip.figure in (figures or ("flops",)) and any(self._concerns(slip, key) for key in self.groups)
        ]

    def _concerns(self, slip: Slip, key: str) -> bool:
        if set(slip.kinds).isdisjoint(names(key)):
            return False
        extent = self.price(key, slip.where)
        return bool(np.any((extent.values if isinstance(extent, Ints) else np.asarray(extent)) != 0))

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
    """Return numbers as a column: int64, or dtype object where one is no integer or the sum of all could pass 2^63."""
    if set(map(type, values)) <= {int, bool} and sum(map(abs, values)) <= INT64_MAX:
        return np.array(values, dtype=np.int64)
    whole = np.empty(len(values), dtype=object)
    whole[:] = values
    return whole


def times(figures: Column, factor: Num) -> Column:
    """Return a column of `column` times a number: of Python integers where its sum would pass 2^63."""
    if isinstance(factor, int) and factor == 1:
        return figures
    if figures.dtype == np.int64 and not (isinstance(factor, int) and int(np.abs(figures).sum()) * factor <= INT64_MAX):
        figures = figures.astype(object)
    product: Column = figures * factor
    return product
