"""Spaces that are a list: configurations from a file or from Python, and random samples of a product of axes.

Candidates whose sizes alone differ run together, as columns; each other one is traced by itself.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import TextIOWrapper
from pathlib import PurePath
from typing import Any

import numpy as np

from cnncost.base import usual
from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.figures import NAMES
from cnncost.base.files import opened
from cnncost.base.ints import Ints
from cnncost.base.record import dataclass
from cnncost.counting.convention import Convention
from cnncost.measures.precision import PLAIN, Setup
from cnncost.models.instance import Instance
from cnncost.models.model import Model
from cnncost.questions.sweep.boxes import Dimension
from cnncost.questions.sweep.chunk import (
    ALONE,
    FEW,
    FIGURES,
    Array,
    Choices,
    Chunk,
    Method,
    Reason,
    Reasons,
    integers,
    joined,
    reason_key,
)
from cnncost.questions.sweep.columns import Columns
from cnncost.questions.sweep.costs import Costs
from cnncost.questions.sweep.plan import as_column
from cnncost.questions.sweep.singles import Singles
from cnncost.questions.sweep.space import LARGEST_SPACE, Axis, Space, role_of

TOGETHER = 2**14  # candidates of a chunk
MOST = 10**7  # of a list, which is kept in memory
SUFFIXES = (".csv", ".tsv", ".json", ".parquet")
BESIDE = "_text"  # ends columns that only repeat another one's digits

Configuration = Mapping[str, Any]  # settings by name; those that are left out are as the model has them


@dataclass(frozen=True, eq=False)
class Listed(Space):
    """Some candidates of a product of axes: `picked` has a row each, with the place of its value along every axis."""

    picked: Array

    @property
    def size(self) -> int:
        """The number of candidates."""
        return len(self.picked)

    @property
    def digest(self) -> str:
        """The digest of which candidates they are."""
        values = repr([(axis.name, axis.values) for axis in self.axes])
        return hashlib.sha256(values.encode() + self.picked.tobytes()).hexdigest()

    def values(self, index: int) -> dict[str, Any]:
        """Return the settings of one candidate, by axis."""
        return {axis.name: axis.values[place] for axis, place in zip(self.axes, self.picked[index].tolist(), strict=True)}

    def places(self, axis: Axis, index: Any) -> Any:
        """Return the places of candidates along one axis."""
        return self.picked[index, [one.name for one in self.axes].index(axis.name)]


def listed(model: Model, rows: Sequence[Configuration], source: str = "the configurations") -> Listed:
    """Return the space of configurations. Raises UsageError, with the row, for what a model does not have or take.

    Texts are read as `--set` reads them. Columns with figures of an earlier sweep are no settings and are left out.
    """
    if not rows:
        raise UsageError(f"{source}: there is no configuration", "give a row each, with a column per setting")
    if len(rows) > MOST:
        raise UsageError(f"{source}: {len(rows):,} configurations", f"give up to {MOST:,} at a time")
    case = Instance(model)
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if not _figure(case, name)]
    if not names:
        raise UsageError(f"{source}: no column is a setting", f"settings: {', '.join(case.settings())}")
    axes, columns = [], []
    for name in names:
        setting = case.setting(name)
        found: dict[Any, Any] = {}
        column = []
        for number, row in enumerate(rows, 1):
            given = row.get(name)
            key = tuple(given) if isinstance(given, list) else given
            if key not in found:
                try:
                    if given is None or given == "":
                        value = setting.default
                    else:
                        value = setting.read(given) if isinstance(given, str) else setting.checked(given)
                except UsageError as error:
                    raise UsageError(f"{source}, row {number}: {error.message}", error.hint) from None
                found[key] = value
            column.append(found[key])
        values = _ordered(set(column))
        where = {value: place for place, value in enumerate(values)}
        axes.append(Axis(name, values, role_of(case, setting)))
        columns.append([where[value] for value in column])
    return Listed(model, tuple(axes), np.array(columns, dtype=np.int64).T)


def _figure(case: Instance, name: str) -> bool:
    known = name.partition(".")[0] in case.settings()
    beside = name.endswith(BESIDE) and name.removesuffix(BESIDE).partition(".")[0] in case.settings()
    return not known and (name in NAMES or beside)


def _ordered(values: set[Any]) -> tuple[Any, ...]:
    try:
        return tuple(sorted(values))
    except TypeError:  # none among numbers
        return tuple(sorted(values, key=repr))


def sampled(space: Space, number: int, seed: int = 0, log: bool = False) -> Listed:
    """Return so many different candidates of a space at random, in the order of the axes; all where there are no more.

    Each is as likely as any other; with `log`, the logarithm of a number along a range is, so that small ones are as well
    searched as large ones. The same seed draws the same ones.
    """
    rng = random.Random(seed)
    number = min(number, space.size)
    if number > MOST:
        raise UsageError(f"a sample of {number:,} candidates", f"draw up to {MOST:,}, or sweep the space whole")
    if not log and space.size <= LARGEST_SPACE:
        chosen = sorted(rng.sample(range(space.size), number))
        rows = [[int(space.places(axis, index)) for axis in space.axes] for index in chosen]
    else:
        drawn = _drawn if log else _uniform
        found: set[tuple[int, ...]] = set()
        for _ in range(100 * number):
            found.add(tuple([drawn(axis, rng) for axis in space.axes]))
            if len(found) == number:
                break
        rows = [list(row) for row in sorted(found)]
    return Listed(space.model, space.axes, np.array(rows, dtype=np.int64).reshape(-1, len(space.axes)))


def _uniform(axis: Axis, rng: random.Random) -> int:
    """Return the place of a value, each as likely as any other."""
    return rng.randrange(len(axis.values))


def _drawn(axis: Axis, rng: random.Random) -> int:
    """Return the place of a value: of a range of numbers from 1, such that its logarithm is as likely as any other."""
    if not axis.numeric or axis.values[0] <= 0 or len(axis.values) < 2 or not isinstance(axis.values, range):
        return rng.randrange(len(axis.values))
    low, high, step = math.log(axis.values[0]), math.log(axis.values[-1] + axis.step), axis.step
    return min(len(axis.values) - 1, int((math.exp(rng.uniform(low, high)) - axis.values[0]) // step))


def read(path: str) -> list[dict[str, Any]]:
    """Return the configurations in a file: CSV or TSV with names in its first line, JSON with a list of objects, or Parquet."""
    suffix = PurePath(path).suffix.lower()
    if suffix not in SUFFIXES:
        hint = did_you_mean(suffix, SUFFIXES, f"write {', '.join(SUFFIXES)}")
        raise UsageError(f"--from {path}: not a list of configurations", hint)
    try:
        if suffix == ".parquet":
            return _parquet(path)
        plain = opened(path, "--from ", f"name a file: {', '.join(SUFFIXES)}")
        with TextIOWrapper(plain, encoding="utf-8-sig", newline="") as file:
            if suffix == ".json":
                data = json.load(file)
                rows = data.get("rows") if isinstance(data, dict) else data
                if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                    raise UsageError(f"--from {path}: no list of objects", 'write [{"width": 32}, …]')
                return rows
            table = csv.DictReader(file, delimiter="\t" if suffix == ".tsv" else ",", strict=True, restkey="")
            rows = list(table)
            head = list(table.fieldnames or ())
            if len(head) == 1 and set(";,\t").intersection(head[0]):
                hint = "columns are separated by commas, in .tsv by tabs"
                raise UsageError(f"--from {path}: one column, '{head[0][:40]}'", hint)
    except (OSError, ValueError, csv.Error) as error:
        raise UsageError(f"--from {path}: cannot be read ({error})", f"is it {suffix}?") from None
    for number, row in enumerate(rows, 2):
        if "" in row or None in row.values():
            raise UsageError(f"--from {path}, line {number}: not as many values as names", "put values with commas in quotes")
    return rows


def _parquet(path: str) -> list[dict[str, Any]]:
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise UsageError("Parquet files need pyarrow", "install it: pip install 'cnncost[sweep]'") from None
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


class ListedEvaluator:
    """The figures of the candidates of a list."""

    in_order = True

    def __init__(
        self,
        space: Listed,
        convention: Convention,
        dtype: str = usual.DTYPE,
        batch: int = 1,
        method: Method = "auto",
        figures: tuple[str, ...] = FIGURES,
        trained: Setup = PLAIN,
    ) -> None:
        self.space = space
        self.costs = Costs(space, convention, dtype, batch, figures, trained)
        self.singles = Singles(self.costs, method)
        self.axes = space.axes if method in ALONE else tuple(as_column(self.costs, axis) for axis in space.axes)
        self.method = method
        self.used: Counter[str] = Counter()

    def chunks(self, start: int, stop: int) -> Iterator[Chunk]:
        """Iterate over the candidates start to stop − 1, in order, chunk by chunk."""
        for first in range(start, stop, TOGETHER):
            yield self._chunk(first, min(first + TOGETHER, stop))

    def _chunk(self, start: int, stop: int) -> Chunk:
        picked = self.space.picked[start:stop]
        count = len(picked)
        valid = np.zeros(count, dtype=bool)
        figures: dict[str, Array] = {figure: np.zeros(count, dtype=np.int64) for figure in self.costs.figures}
        reasons: Reasons = {}
        together = [at for at, axis in enumerate(self.axes) if axis.role != "structure"]
        alone = [at for at in range(len(self.axes)) if at not in together]
        by_structure: dict[tuple[int, ...], list[int]] = {}
        apart: list[int] = []
        for place, row in enumerate(picked[:, alone].tolist()):
            by_structure.setdefault(tuple(row), []).append(place)
        most = max(by_structure.values(), key=len)
        some = [most[place] for place in (0, len(most) // 2 - 1, len(most) // 2)]
        few = FEW if len(most) < FEW else self.singles.few([self.space.values(start + place) for place in some])
        for structure, own in by_structure.items():
            fixed = {self.axes[at].name: self.axes[at].values[p] for at, p in zip(alone, structure, strict=True)}
            places = np.array(own)
            if len(own) < few or not together or self.method in ALONE:
                apart += own
                continue
            sizes = {self.axes[at].name: integers(self.axes[at].values)[picked[places, at]] for at in together}
            found_here = Columns(self.costs, fixed, [Dimension(np.arange(len(own)), sizes)])
            self.used += Counter({"one at a time": found_here.alone, "arrays": len(own) - found_here.alone})
            valid[places] = found_here.valid
            for figure in self.costs.figures:
                _put(figures, figure, places, found_here.figures[figure])
            for message, where in found_here.refused:
                first = start + int(places[where].min())
                reasons = joined(reasons, {reason_key(message): Reason(len(where), first, message)})
        apart.sort()
        costs = self.singles.of([self.space.values(start + place) for place in apart], self.used)
        for place, cost in zip(apart, costs, strict=True):
            if isinstance(cost, str):
                reasons = joined(reasons, {reason_key(cost): Reason(1, start + place, cost)})
        built = [(place, cost) for place, cost in zip(apart, costs, strict=True) if not isinstance(cost, str)]
        where = np.array([place for place, _ in built], dtype=np.int64)
        valid[where] = True
        for figure in self.costs.figures:
            _put(figures, figure, where, integers([cost[figure] for _, cost in built]))
        named: dict[str, Any] = {}
        for at, axis in enumerate(self.axes):
            values = [axis.values[place] for place in picked[:, at].tolist()]
            named[axis.name] = Ints(integers(values)) if axis.whole else Choices(values, (-1,))
        return Chunk(start, (count,), (1,), valid, lambda figure: Ints(figures[figure]), named, reasons)


def _put(figures: dict[str, Array], figure: str, where: Any, values: Array) -> None:
    if values.dtype == object:
        figures[figure] = figures[figure].astype(object)
    figures[figure][where] = values


def of(rows: Iterable[Configuration]) -> tuple[Configuration, ...]:
    """Return configurations from Python as plain data that can travel."""
    return tuple({str(name): value for name, value in row.items()} for row in rows)
