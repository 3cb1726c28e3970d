"""Candidates as columns through the model's own rules, split wherever some of them need another graph."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cnncost.base.errors import CnncostError, Disagreement
from cnncost.base.ints import Ints
from cnncost.questions.sweep.boxes import Dimension, chosen, flat, values_at
from cnncost.questions.sweep.chunk import Array, integers, reason_key
from cnncost.questions.sweep.costs import Costs


class Columns:
    """The figures of many sizes of one structure: `valid`, `figures`, and who was `refused`, by flat place."""

    def __init__(self, costs: Costs, fixed: Mapping[str, Any], dimensions: Sequence[Dimension]) -> None:
        self.costs = costs
        self.fixed = fixed
        count = math.prod(len(dimension.offsets) for dimension in dimensions)
        self.valid = np.zeros(count, dtype=bool)
        self.figures: dict[str, Array] = {figure: np.zeros(count, dtype=np.int64) for figure in self.costs.figures}
        self.refused: list[tuple[str, Array]] = []  # messages, and the flat places of those they are about
        self.alone = 0  # how many candidates were traced by themselves
        self._run(list(dimensions))

    def _run(self, dimensions: list[Dimension]) -> None:
        rank = len(dimensions)
        places_of = np.zeros((1,) * rank, dtype=np.int64)
        given: dict[str, Any] = {}
        for at, dimension in enumerate(dimensions):
            shape = [-1 if i == at else 1 for i in range(rank)]
            places_of = places_of + dimension.offsets.reshape(shape)
            given.update({name: Ints(values.reshape(shape)) for name, values in dimension.values.items()})
        if places_of.size == 0:
            return
        if places_of.size == 1:
            self._alone(dimensions)
            return
        try:
            figures = self.costs.traced({**self.fixed, **given})[0]
        except Disagreement as split:
            yes = np.asarray(split.mask)
            self._run(chosen(dimensions, yes))
            self._run(chosen(dimensions, ~yes))
            return
        except CnncostError as error:
            valid = getattr(error, "valid", None)
            if valid is not None and np.any(valid):
                bad = chosen(dimensions, ~np.asarray(valid))
                self.refused.append((self.costs.bare(error), flat(bad)))
                self._run(chosen(dimensions, np.asarray(valid)))
            elif self._all_refused(dimensions, error, valid):
                self.refused.append((self.costs.bare(error), places_of.reshape(-1)))
            else:
                self._alone(dimensions)
            return
        except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError):  # a model that asks numbers one by one
            self._alone(dimensions)
            return
        places = places_of.reshape(-1)
        self.valid[places] = True
        for figure in self.costs.figures:
            value = figures[figure]
            array = value.values if isinstance(value, Ints) else np.asarray(value, dtype=None if abs(value) < 2**63 else object)
            self._put(figure, places, np.broadcast_to(array, places_of.shape).reshape(-1))

    def _all_refused(self, dimensions: list[Dimension], error: CnncostError, valid: Any) -> bool:
        """Whether an error is about every candidate: it named them, or the first, middle and last meet it by themselves."""
        if valid is not None:
            return True
        count = math.prod(len(dimension.offsets) for dimension in dimensions)
        key = reason_key(self.costs.bare(error))
        for place in (0, count // 2, count - 1):
            found = self.costs.exact({**self.fixed, **values_at(dimensions, place)})
            if not isinstance(found, str) or reason_key(found) != key:
                return False
        return True

    def _alone(self, dimensions: list[Dimension]) -> None:
        """Trace each candidate by itself."""
        count = math.prod(len(dimension.offsets) for dimension in dimensions)
        self.alone += count if count > 1 else 0  # of a split, one candidate may be left over
        for place, own in enumerate(flat(dimensions)):
            found = self.costs.exact({**self.fixed, **values_at(dimensions, place)})
            where = np.array([own])
            if isinstance(found, str):
                self.refused.append((found, where))
            else:
                self.valid[own] = True
                for figure in self.costs.figures:
                    self._put(figure, where, integers([found[figure]]))

    def _put(self, figure: str, places: Array, values: Array) -> None:
        if values.dtype == object and self.figures[figure].dtype != object:
            self.figures[figure] = self.figures[figure].astype(object)
        self.figures[figure][places] = values
