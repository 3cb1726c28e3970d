"""Queries: what is asked of a design space, made ready to run on any range of candidates, and the answers, which add up."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, field
from functools import cached_property
from itertools import product
from typing import Any, get_args, overload

import numpy as np

from cnncost.base import usual
from cnncost.base.errors import CnncostError, UsageError, did_you_mean
from cnncost.base.figures import NAMES, figure
from cnncost.base.ints import Ints
from cnncost.base.record import dataclass
from cnncost.base.showable import Columns, Showable
from cnncost.base.units import many, require_whole_bytes
from cnncost.counting import convention
from cnncost.counting.convention import Convention
from cnncost.graph.graph import Graph
from cnncost.measures.precision import PLAIN, Setup
from cnncost.models.load import load
from cnncost.models.model import Model
from cnncost.models.reference import sized
from cnncost.questions.sweep.boxes import grain
from cnncost.questions.sweep.chunk import ALIASES, ALONE, FIGURES, TRAINED, Array, Choices, Chunk, Method, Reasons, joined
from cnncost.questions.sweep.evaluate import SORTED, Evaluator
from cnncost.questions.sweep.listed import TOGETHER, Configuration, Listed, ListedEvaluator, listed, sampled
from cnncost.questions.sweep.product import front
from cnncost.questions.sweep.space import Space, space
from cnncost.questions.sweep.subject import VERSION, Subject, input_of, layers_of, of_convention, program, settings_of, sources
from cnncost.questions.sweep.where import Expression, holds, parse

Rows = dict[str, Array]  # "index" and the figures, a column each

PREPARED = 1.0  # seconds after which no more structures are looked at before the work is given out
SHOWN = 20  # rows that people are shown unless --top asks for others


@dataclass(frozen=True)
class Query:
    """What is asked of which space, as plain data that travels to workers."""

    model: str | Model
    over: tuple[str, ...]
    settings: tuple[str, ...] = ()
    size: str | None = None
    input: tuple[str, ...] = ()  # as `--input` takes it
    where: str | None = None
    pareto: str | None = None
    sort: str | None = None
    top: int | None = None
    every: bool = False  # keep all rows that match, rather than those to be shown
    convention: str | Convention = usual.CONVENTION
    dtype: str = usual.DTYPE
    batch: int = 1
    method: Method = "auto"
    configurations: tuple[Configuration, ...] | None = None  # a list of candidates, in place of axes
    sample: int | None = None  # so many candidates at random
    seed: int = 0
    log: bool = False  # with the logarithms of numbers along ranges as likely as each other
    trained: Setup = PLAIN  # how candidates are trained

    @property
    def figures(self) -> tuple[str, ...]:
        """The figures of each row: the usual ones, and training memory where something is asked or said of it."""
        words = re.findall(r"[A-Za-z_]\w*", " ".join(filter(None, (self.where, self.pareto, self.sort))))
        asked = self.trained != PLAIN or any(ALIASES.get(word, word) == TRAINED for word in words)
        return (*FIGURES, TRAINED) if asked else FIGURES


@dataclass
class Partial:
    """The answer for some of the candidates."""

    candidates: int = 0
    valid: int = 0
    matching: int = 0
    reasons: Reasons = field(default_factory=dict)
    rows: Rows = field(default_factory=lambda: no_rows())
    methods: Counter[str] = field(default_factory=Counter)  # how many candidates each one evaluated
    seconds: float = 0.0  # that a worker took for it


@dataclass(frozen=True, eq=False, repr=False)
class Result(Showable, Sequence[dict[str, Any]]):
    """The answer to a query: counts, why candidates are invalid, and rows by candidate index, of which it is a sequence."""

    query: Query
    space: Space
    candidates: int
    valid: int
    matching: int
    reasons: Reasons
    rows: Rows
    method: str
    seconds: float
    complete: bool
    subject: Subject  # what the query was about, by content
    convention: Convention
    notes: tuple[str, ...] = ()  # what whoever reads the network's figures must know

    def __len__(self) -> int:
        return len(self.rows["index"])

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> Any:
        places = range(len(self))[index]
        return self.row(places) if isinstance(places, int) else list(map(self.row, places))

    def __repr__(self) -> str:
        counted = f"{many(self.candidates, 'candidate')}, {self.valid:,} valid, {self.matching:,} matching"
        return f"<Result of a sweep over {self.space.model.name}: {counted}>"

    @property
    def columns(self) -> dict[str, Array]:
        """The figures of all rows as arrays, and the values along the axes: what `pandas.DataFrame` takes."""
        values = [self.space.values(int(index)) for index in self.rows["index"]]
        axes = {name: _column([each[name] for each in values]) for name in self.axes}
        return Columns({**axes, **{figure: self.rows[figure] for figure in self.query.figures}})

    def row(self, place: int) -> dict[str, Any]:
        """Return one row: the axes in the order in which they were given, and the figures as exact integers."""
        values = self.space.values(int(self.rows["index"][place]))
        named = {name: values[name] for name in self.axes}
        return {**named, **{figure: int(self.rows[figure][place]) for figure in self.query.figures}}

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the axes, as given."""
        return tuple(axis.name for axis in self.space.axes)


def _column(values: list[Any]) -> Array:
    """Return values along an axis as an array: of numbers, or of truth values, where all are; else of objects."""
    if {type(value) for value in values} in ({int}, {float}, {int, float}, {bool}):
        return np.array(values)
    return np.fromiter(values, dtype=object, count=len(values))


def _space(model: Model, query: Query) -> Space:
    """Return the candidates that a query names: a product of axes, some of them at random, or a list."""
    if query.configurations is not None:
        if query.over or query.sample is not None:
            raise UsageError("a list of configurations is all there is", "leave out --over and --sample, or --from")
        return listed(model, query.configurations)
    found = space(model, query.over)
    if query.sample is None:
        if query.log:
            raise UsageError("--log says how a sample is drawn", "say how many: --sample N")
        return found
    return sampled(found, query.sample, query.seed, query.log)


class Task:
    """A query made ready to run: the evaluator, the condition, and what to keep."""

    def __init__(self, query: Query) -> None:
        require_whole_bytes(query.dtype, "a sweep")
        model = load(query.model) if isinstance(query.model, str) else query.model
        model = model.set(query.settings)
        model = sized(model, query.input, query.size)
        if model.shape is None:
            raise UsageError(f"{model.name} has no input size of its own", "give one: --input 3,224,224")
        if query.method not in get_args(Method):
            near = did_you_mean(query.method, get_args(Method), f"known: {', '.join(get_args(Method))}")
            raise UsageError(f"unknown method '{query.method}'", near)
        if query.top is not None and query.top < 1:
            raise UsageError(f"a top of {query.top}", "give the number of rows, from 1")
        self.query = query
        self.convention = convention(query.convention) if isinstance(query.convention, str) else query.convention
        self.sources = {**sources(model, query.model), **of_convention(query.convention, self.convention)}
        asked = _space(model, query)
        if query.size and any(axis.role == "size" for axis in asked.axes):
            raise UsageError("--size and --over size= both say how large the input is", "give one of them")
        if query.batch != 1 and any(axis.role == "batch" for axis in asked.axes):
            raise UsageError("--batch and --over batch= both say how many examples there are", "give one of them")
        self.space = asked
        self.figures = query.figures
        self.names = (*self.figures, *ALIASES, *(axis.name for axis in asked.axes))
        self.where: Expression | None = None if query.where is None else self._condition(query.where)
        self.objectives = [self.objective(word, "--pareto") for word in (query.pareto or "").split(",") if word.strip()]
        self.sort = None if query.sort is None else self.objective(query.sort, "--sort")
        if self.sort is None and not self.objectives and (query.top is not None or not query.every):
            self.sort = ("flops", 1)
        self.limit = query.top if query.top is not None else None if query.every or self.objectives else SHOWN
        for dtype in asdict(query.trained.precision(query.dtype)).values() if TRAINED in self.figures else ():
            require_whole_bytes(dtype or query.dtype, "a sweep")
        counting = (self.convention, query.dtype, query.batch, _method(query), self.figures, query.trained)
        self.evaluator = ListedEvaluator(asked, *counting) if isinstance(asked, Listed) else Evaluator(asked, *counting)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_first"}  # what workers can do without

    def _condition(self, text: str) -> Expression:
        """Return a condition parsed. Raises UsageError, for a figure that a sweep does not have with the reason."""
        try:
            return parse(text, self.names)
        except UsageError:
            for word in re.findall(r"[A-Za-z_]\w*", text):
                if word not in self.names and word.lower() in NAMES:
                    figure(word, "condition")  # raises the reason
            raise

    @cached_property
    def subject(self) -> Subject:
        """The question, and the content of everything that it names."""
        query, model = self.query, self.space.model
        question = {
            "model": query.model if isinstance(query.model, str) else model.name,
            "settings": settings_of(model),
            "input": input_of(model),
            "over": [axis.name if query.configurations else f"{axis.name}={axis.text}" for axis in self.space.axes],
            "configurations": None if isinstance(self.evaluator, Evaluator) else self.evaluator.space.digest,
            **{name: getattr(query, name) for name in ("sample", "seed", "log")},
            **{name: getattr(query, name) for name in ("where", "pareto", "sort", "top", "every", "dtype", "batch", "method")},
            "convention": self.convention.name,
            "trained": query.trained.said(query.dtype) if TRAINED in self.figures else "",
            "layers": "" if self.graph is None else layers_of(self.graph),
        }
        return Subject(question, self.sources, VERSION, program())

    @property
    def graph(self) -> Graph | None:
        """The first candidate, or the last where that cannot be built."""
        return self._first[0]

    @property
    def traced(self) -> float:
        """How many seconds it takes to trace a candidate."""
        return self._first[1]

    @cached_property
    def _first(self) -> tuple[Graph | None, float]:
        begun = time.perf_counter()
        for index in (0, self.space.size - 1):
            try:
                found = self.space.configured(self.space.values(index))[0].trace()
            except CnncostError:
                continue
            return found, max(1e-4, time.perf_counter() - begun)
        return None, 1e-4

    def objective(self, word: str, option: str) -> tuple[str, int]:
        """Return the figure that `flops` or `-flops` names, and 1 for smallest or -1 for largest first."""
        name = word.strip()
        sign = -1 if name.startswith("-") else 1
        figure = ALIASES.get(name.removeprefix("-"), name.removeprefix("-"))
        axes = [axis.name for axis in self.space.axes if axis.numeric] if option == "--sort" else []
        if figure not in self.figures and figure not in axes:
            known = (*self.figures, *ALIASES, *axes)
            raise UsageError(
                f"{option}: '{name}' is no figure", did_you_mean(name.removeprefix("-"), known, f"figures: {', '.join(known)}")
            )
        return figure, sign

    def answer(self, start: int, stop: int) -> Partial:
        """Return the answer for the candidates start to stop − 1: by index where all rows are kept, else as evaluated."""
        result = Partial()
        self.evaluator.used.clear()
        kept: list[Rows] = []
        if self.keeps_all and isinstance(self.evaluator, Evaluator) and not self.evaluator.in_order:
            for chunks in self.evaluator.ordered(start, stop):
                rows = stacked(*(self._add(result, chunk) for chunk in chunks))
                kept.append(taken(rows, np.argsort(rows["index"], kind="stable")))
        else:
            for chunk in self.evaluator.chunks(start, stop):
                rows = self._add(result, chunk)
                if self.keeps_all:
                    kept.append(rows)
                else:
                    result.rows = self.chosen(stacked(result.rows, rows))
        if self.keeps_all:
            result.rows = stacked(*kept)
        result.methods = Counter(self.evaluator.used)
        return result

    def prepare(self) -> None:
        """Work out how the candidates of each structure are evaluated, where there are few: workers then need not trace."""
        if not isinstance(self.evaluator, Evaluator):
            return
        planner = self.evaluator.planner
        begun = time.monotonic()
        for values in product(*(axis.values for axis in planner.fixed)):
            planner.plan({axis.name: value for axis, value in zip(planner.fixed, values, strict=True)})
            if time.monotonic() - begun > PREPARED:
                break

    @property
    def grain(self) -> int:
        """How many candidates are best evaluated together."""
        if not isinstance(self.evaluator, Evaluator):
            return TOGETHER
        if self.keeps_all and not self.evaluator.in_order:
            return grain(self.space.shape, SORTED)
        return grain([len(axis.values) for axis in self.evaluator.axes])

    @property
    def keeps_all(self) -> bool:
        """Whether all rows that match are kept, by index."""
        return self.query.every and not self.objectives and self.sort is None

    def _add(self, result: Partial, chunk: Chunk) -> Rows:
        """Count the candidates of a chunk, and return those of its rows that may be kept."""
        count = int(np.prod(chunk.shape, dtype=np.int64))
        keep = np.broadcast_to(np.asarray(chunk.valid), chunk.shape)
        result.candidates += count
        valid = count if chunk.valid is True else int(np.count_nonzero(keep))
        result.valid += valid
        if chunk.reasons:
            result.reasons = joined(result.reasons, chunk.reasons)
        if not valid:
            return no_rows()
        if self.where is not None:
            values = {name: _exact(chunk[name]) for name in self.where.names()}
            keep = keep & np.broadcast_to(np.asarray(holds(self.where, values)), chunk.shape)
        matching = valid if self.where is None else int(np.count_nonzero(keep))
        result.matching += matching
        if not matching:
            return no_rows()
        full = self.limit is not None and len(result.rows["index"]) >= self.limit
        if self.sort is not None and not self.objectives and full and self.sort[0] in self.figures:
            figure, sign = self.sort  # only what is as good as the worst row so far can enter
            column = _array(chunk[figure])
            worst = result.rows[figure][-1]
            keep = keep & np.broadcast_to(column <= worst if sign > 0 else column >= worst, chunk.shape)
        places = np.flatnonzero(keep)
        if not len(places):
            return no_rows()
        if self.objectives:
            points = np.stack([chunk.at(figure, places) * sign for figure, sign in self.objectives], axis=1)
            places = places[front(points)]
        elif self.sort is not None and self.limit is not None and len(places) > self.limit:
            keys = self._keys(chunk.at(self.sort[0], places) if self.sort[0] in self.figures else chunk.index(places))
            if keys.dtype != object:
                places = places[keys <= np.partition(keys, self.limit - 1)[self.limit - 1]]
        rows = {"index": chunk.index(places), **{figure: chunk.at(figure, places) for figure in self.figures}}
        return self.chosen(rows) if self.sort is not None and not self.objectives else rows

    def _keys(self, column: Array) -> Array:
        """Return what rows are sorted by, smallest first, from the column of a figure, or from indices for an axis."""
        assert self.sort is not None
        name, sign = self.sort
        if name in self.figures:
            return column * sign
        axis = next(axis for axis in self.space.axes if axis.name == name)
        places = np.asarray(self.space.places(axis, column))
        if isinstance(axis.values, range):
            return places * sign
        ranks = np.argsort(np.argsort([float(v) if v is not None else -1.0 for v in axis.values], kind="stable"), kind="stable")
        return np.asarray(ranks[places] * sign)

    def chosen(self, rows: Rows) -> Rows:
        """Return those of some rows that are kept: the front, the first few in order, or all."""
        if not len(rows["index"]):
            return rows
        if self.objectives:
            rows = taken(rows, front(np.stack([rows[figure] * sign for figure, sign in self.objectives], axis=1)))
        elif self.sort is not None:
            rows = taken(rows, self.order(rows)[: self.limit])
        return rows

    def order(self, rows: Rows) -> Array:
        """Return the order of rows: by the figure or axis asked for, equal ones in the order of the axes."""
        if self.sort is None:
            return np.argsort(rows["index"], kind="stable")
        keys = self._keys(rows[self.sort[0]] if self.sort[0] in self.figures else rows["index"])
        by_index = np.argsort(rows["index"], kind="stable")
        return by_index[np.argsort(keys[by_index], kind="stable")]

    def merged(self, a: Partial, b: Partial) -> Partial:
        """Return the answer for the candidates of both."""
        return Partial(
            a.candidates + b.candidates,
            a.valid + b.valid,
            a.matching + b.matching,
            joined(a.reasons, b.reasons),
            self.chosen(stacked(a.rows, b.rows)),
            a.methods + b.methods,
        )


def _exact(value: Any) -> Any:
    """Return a number or a column as one that cannot overflow, a column of choices as its array."""
    if isinstance(value, Ints) or not hasattr(value, "dtype"):
        return value.values if isinstance(value, Choices) else value
    return Ints(value)


def _array(value: Any) -> Any:
    return value.values if isinstance(value, Ints) else value


def no_rows(figures: Sequence[str] = FIGURES) -> Rows:
    """Return rows of which there are none."""
    return {name: np.zeros(0, dtype=np.int64) for name in ("index", *figures)}


def _method(query: Query) -> Method:
    """Return how candidates are evaluated: each by itself where the largest of several segments is asked for."""
    if query.trained.checkpoint == "none" or query.method in ALONE:
        return query.method
    if query.method != "auto":
        raise UsageError(
            f"checkpointing depends on the largest segment, which {query.method} cannot tell", "leave out --method"
        )
    return "one at a time"


def stacked(*several: Rows) -> Rows:
    """Return rows one below the other."""
    filled = [rows for rows in several if len(rows["index"])]
    if len(filled) < 2:
        return filled[0] if filled else no_rows()
    return {name: np.concatenate([rows[name] for rows in filled]) for name in filled[0]}


def taken(rows: Rows, places: Array) -> Rows:
    """Return the rows at some places."""
    return {name: column[places] for name, column in rows.items()}
