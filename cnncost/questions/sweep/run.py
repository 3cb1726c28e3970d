"""Sweeps: a question about a space, cut into ranges of candidates, answered by any `concurrent.futures.Executor`.

Answers to ranges are merged in order, each once; what is finished survives an interruption.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnncost import counting as conventions
from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.ints import Ints
from cnncost.models.load import load, sized
from cnncost.models.model import Model
from cnncost.questions.sweep.evaluate import ALIASES, FIGURES, Choices, Chunk, Evaluator, Method, Reason, Reasons, joined
from cnncost.questions.sweep.product import front
from cnncost.questions.sweep.space import LARGEST_SPACE, Space, space
from cnncost.questions.sweep.where import Expression, holds, parse

Array = NDArray[Any]
Rows = dict[str, Array]  # "index" and the figures, a column each

SHOWN = 20  # rows that people are shown unless --top asks for others
FIRST_RANGE = 2**6
LONGEST_RANGE = 2**32


@dataclass(frozen=True)
class Query:
    """What is asked of which space, as plain data that travels to workers."""

    model: str | Model
    over: tuple[str, ...]
    settings: tuple[str, ...] = ()
    size: str | None = None
    input: str | None = None
    where: str | None = None
    pareto: str | None = None
    sort: str | None = None
    top: int | None = None
    every: bool = False  # keep all rows that match, rather than those to be shown
    convention: str = "lecture"
    dtype: str = "float32"
    batch: int = 1
    method: Method = "auto"


@dataclass
class Partial:
    """The answer for some of the candidates."""

    candidates: int = 0
    valid: int = 0
    matching: int = 0
    reasons: Reasons = field(default_factory=dict)
    rows: Rows = field(default_factory=lambda: {name: np.zeros(0, dtype=np.int64) for name in ("index", *FIGURES)})
    methods: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """The answer to a query: counts, why candidates are invalid, and rows by candidate index."""

    query: Query
    space: Space
    candidates: int
    valid: int
    matching: int
    reasons: Reasons
    rows: Rows
    method: str
    seconds: float
    complete: bool = True

    def __len__(self) -> int:
        return len(self.rows["index"])

    def row(self, place: int) -> dict[str, Any]:
        """Return one row: the axes in the order in which they were given, and the figures as exact integers."""
        values = self.space.values(int(self.rows["index"][place]))
        named = {name: values[name] for name in self.axes}
        return {**named, **{figure: int(self.rows[figure][place]) for figure in FIGURES}}

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the axes, as given."""
        return tuple(given.partition("=")[0].strip() for given in self.query.over)


class Task:
    """A query made ready to run: the evaluator, the condition, and what to keep."""

    def __init__(self, query: Query) -> None:
        model = load(query.model) if isinstance(query.model, str) else query.model
        model = model.set(query.settings)
        model = sized(model, query.input, query.size)
        if model.shape is None:
            raise UsageError(f"{model.name} has no input size of its own", "give one: --input C,H,W")
        self.query = query
        asked = space(model, query.over)
        if query.size and any(axis.role == "size" for axis in asked.axes):
            raise UsageError("--size and --over size= both say how large the input is", "give one of them")
        if query.batch != 1 and any(axis.role == "batch" for axis in asked.axes):
            raise UsageError("--batch and --over batch= both say how many examples there are", "give one of them")
        self.names = (*FIGURES, *ALIASES, *(axis.name for axis in asked.axes))
        self.where: Expression | None = None if query.where is None else parse(query.where, self.names)
        self.objectives = [self.objective(word, "--pareto") for word in (query.pareto or "").split(",") if word.strip()]
        self.sort = None if query.sort is None else self.objective(query.sort, "--sort")
        if self.sort is None and not self.objectives and (query.top is not None or not query.every):
            self.sort = ("flops", 1)
        self.limit = query.top if query.top is not None else None if query.every or self.objectives else SHOWN
        self.evaluator = Evaluator(asked, conventions.convention(query.convention), query.dtype, query.batch, query.method)
        self.space = self.evaluator.space

    def objective(self, word: str, option: str) -> tuple[str, int]:
        """Return the figure that `flops` or `-flops` names, and 1 for smallest or -1 for largest first."""
        name = word.strip()
        sign = -1 if name.startswith("-") else 1
        figure = ALIASES.get(name.removeprefix("-"), name.removeprefix("-"))
        if figure not in FIGURES:
            known = (*FIGURES, *ALIASES)
            raise UsageError(
                f"{option}: '{name}' is no figure", did_you_mean(name.removeprefix("-"), known, f"figures: {', '.join(known)}")
            )
        return figure, sign

    def answer(self, start: int, stop: int) -> Partial:
        """Return the answer for the candidates start to stop − 1."""
        result = Partial()
        for chunk in self.evaluator.chunks(start, stop):
            self._add(result, chunk)
        result.methods = tuple(sorted(self.evaluator.used))
        return result

    def _add(self, result: Partial, chunk: Chunk) -> None:
        count = int(np.prod(chunk.shape, dtype=np.int64))
        keep = np.broadcast_to(np.asarray(chunk.valid), chunk.shape)
        result.candidates += count
        valid = count if chunk.valid is True else int(np.count_nonzero(keep))
        result.valid += valid
        if chunk.reasons:
            result.reasons = joined(result.reasons, chunk.reasons)
        if not valid:
            return
        if self.where is not None:
            values = {name: _exact(chunk[name]) for name in self.where.names()}
            keep = keep & np.broadcast_to(np.asarray(holds(self.where, values)), chunk.shape)
        matching = valid if self.where is None else int(np.count_nonzero(keep))
        result.matching += matching
        if not matching:
            return
        limit = self.limit
        if self.sort is not None and not self.objectives and limit is not None and len(result.rows["index"]) >= limit:
            figure, sign = self.sort  # only what beats the worst row so far can enter
            column = _array(chunk[figure])
            worst = result.rows[figure][-1]
            keep = keep & np.broadcast_to(column < worst if sign > 0 else column > worst, chunk.shape)
        places = np.flatnonzero(keep)
        if not len(places):
            return
        if self.objectives:
            points = np.stack([chunk.at(figure, places) * sign for figure, sign in self.objectives], axis=1)
            places = places[front(points)]
        elif self.sort is not None:
            figure, sign = self.sort
            places = places[np.argsort(chunk.at(figure, places) * sign, kind="stable")[:limit]]
        rows = {"index": places + chunk.start, **{figure: chunk.at(figure, places) for figure in FIGURES}}
        result.rows = self.chosen(_stacked(result.rows, rows))

    def chosen(self, rows: Rows) -> Rows:
        """Return those of some rows that are kept: the front, the first few in order, or all."""
        if self.objectives:
            rows = _taken(rows, front(np.stack([rows[figure] * sign for figure, sign in self.objectives], axis=1)))
        elif self.sort is not None:
            rows = _taken(rows, self.order(rows)[: self.limit])
        return rows

    def order(self, rows: Rows) -> Array:
        """Return the order of rows: by the figure asked for, equal ones by index."""
        if self.sort is None:
            return np.argsort(rows["index"], kind="stable")
        figure, sign = self.sort
        by_index = np.argsort(rows["index"], kind="stable")
        return by_index[np.argsort((rows[figure] * sign)[by_index], kind="stable")]

    def merged(self, a: Partial, b: Partial) -> Partial:
        """Return the answer for the candidates of both."""
        return Partial(
            a.candidates + b.candidates,
            a.valid + b.valid,
            a.matching + b.matching,
            joined(a.reasons, b.reasons),
            self.chosen(_stacked(a.rows, b.rows)),
            tuple(sorted({*a.methods, *b.methods})),
        )


_tasks: dict[str, Task] = {}


def work(query: Query, start: int, stop: int) -> Partial:
    """Return the answer for a range of candidates: what workers run. A worker reads its query once."""
    key = repr(query)
    if key not in _tasks:
        _tasks.clear()
        _tasks[key] = Task(query)
    return _tasks[key].answer(start, stop)


class InProcess(Executor):
    """The executor that runs everything at once, here."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the call and return its finished future; errors and interruptions are raised."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def sweep(
    query: Query,
    executor: Executor | None = None,
    workers: int = 1,
    seconds_each: float = 0.5,
    progress: Callable[[int, int], None] | None = None,
    part: str | None = None,
    resume: bool = False,
) -> Result:
    """Return the answer to a query.

    `executor` runs ranges of some `seconds_each` seconds, `workers` at a time; `progress` is told how many candidates of how
    many are done. With `part`, a path, finished work is kept there: `resume` goes on from it. Interrupted, the result is that
    of the finished ranges and not `complete`. Raises UsageError for a query that cannot be read.
    """
    begun = time.perf_counter()
    task = Task(query)
    _tasks.clear()
    _tasks[repr(query)] = task
    size = task.space.size
    from cnncost.questions.sweep.stages import by_stages

    answer = by_stages(task)
    if answer is not None:
        return _result(task, answer, begun, True)
    if query.method == "stage tables":
        raise UsageError(
            "this sweep is no question about sums over separate stages",
            "ask for --sort and --top, or a --pareto of two figures, under upper bounds; or leave out --method",
        )
    if size > LARGEST_SPACE:
        raise UsageError(
            f"{size:,} candidates are too many to visit each", "narrow the space; stages that are separate can be counted"
        )
    store = None if part is None else Store(part, query, resume)
    total = Partial() if store is None else store.load()
    position = total.candidates
    pending: deque[tuple[int, int, float, Future[Partial]]] = deque()
    length = FIRST_RANGE
    runner = executor or InProcess()
    complete = True
    try:
        while position < size or pending:
            while position < size and len(pending) < (2 * workers if executor else 1):
                fair = size if executor is None else max(FIRST_RANGE, (size - position) // (3 * workers))  # all end together
                stop = min(size, position + min(length, fair))
                pending.append((position, stop, time.perf_counter(), runner.submit(work, query, position, stop)))
                position = stop
            first, stop, started, future = pending.popleft()
            found = future.result()
            rows = found.rows
            if store is not None and query.every and not task.objectives and task.sort is None:
                store.keep(rows)  # rows by the million go to the disk, in order
                found.rows = _taken(rows, np.zeros(0, dtype=np.intp))
            total = task.merged(total, found)
            if store is not None:
                store.note(total)
            if progress is not None:
                progress(total.candidates, size)
            taken = max(1e-4, time.perf_counter() - started) / (1 if executor is None else max(1, len(pending)))
            length = max(1, min(LONGEST_RANGE, int((stop - first) * min(8.0, seconds_each / taken))))
    except KeyboardInterrupt:
        complete = False
        for _, _, _, future in pending:
            future.cancel()
    except BrokenExecutor:
        if store is not None:
            store.note(total, now=True)
        raise UsageError(
            "a worker ended before its time", "was it short of memory? --resume goes on with what is finished"
        ) from None
    except OSError as error:
        raise UsageError(
            f"cannot keep the results: {(error.strerror or str(error)).lower()}", "free some space, or write elsewhere"
        ) from None
    if store is not None:
        store.note(total, now=True)
        if store.spooled:
            total.rows = store.rows()
    return _result(task, total, begun, complete)


def _result(task: Task, total: Partial, begun: float, complete: bool) -> Result:
    rows = _taken(total.rows, task.order(total.rows))
    if task.objectives and task.query.top is not None:
        rows = _taken(rows, np.arange(min(task.query.top, len(rows["index"]))))
    return Result(
        task.query,
        task.space,
        total.candidates,
        total.valid,
        total.matching,
        total.reasons,
        rows,
        " and ".join(total.methods) or "none",
        time.perf_counter() - begun,
        complete,
    )


class Store:
    """Finished work on the disk: counts and reasons in PATH.json, rows by the million in PATH.rows, five int64 each."""

    INTERVAL = 2.0  # seconds between two notes

    def __init__(self, path: str, query: Query, resume: bool) -> None:
        self.notes, self.spool = f"{path}.json", f"{path}.rows"
        self.query = repr(query)
        self.written = 0
        self.noted = time.monotonic()
        self.spooled = False
        self.found: dict[str, Any] | None = None
        if resume:
            try:
                with open(self.notes, encoding="utf-8") as file:
                    self.found = json.load(file)
            except FileNotFoundError:
                self.found = None
            except (OSError, ValueError) as error:
                raise UsageError(f"cannot read '{self.notes}': {error}", "start again without --resume") from None
            if self.found is not None and self.found["query"] != self.query:
                raise UsageError(f"'{self.notes}' is of another sweep", "repeat the command it was made with, or drop --resume")
        else:
            self.remove()

    def load(self) -> Partial:
        """Return the work found, or none."""
        if self.found is None:
            return Partial()
        data = self.found
        self.written = data["written"]
        if self.written:
            self.spooled = True
            with open(self.spool, "r+b") as file:
                file.truncate(self.written * 8 * (1 + len(FIGURES)))  # what came after the last note is done again
        rows = {
            name: np.array(values, dtype=object if max(values, default=0) >= 2**63 else np.int64)
            for name, values in data["rows"].items()
        }
        reasons = {key: Reason(**reason) for key, reason in data["reasons"].items()}
        return Partial(data["candidates"], data["valid"], data["matching"], reasons, rows, tuple(data["methods"]))

    def keep(self, rows: Rows) -> None:
        """Append rows."""
        self.spooled = True
        columns = [rows[name] for name in ("index", *FIGURES)]
        if any(column.dtype == object for column in columns):
            raise UsageError("a figure passes 2^63", "narrow the space, or ask for --top N rows")
        if len(columns[0]):
            with open(self.spool, "ab") as file:
                np.stack(columns, axis=1).astype("<i8").tofile(file)
            self.written += len(columns[0])

    def note(self, total: Partial, now: bool = False) -> None:
        """Write down how far the work has come, every few seconds or `now`."""
        if not now and time.monotonic() - self.noted < self.INTERVAL:
            return
        self.noted = time.monotonic()
        data = {
            "query": self.query,
            "written": self.written,
            "candidates": total.candidates,
            "valid": total.valid,
            "matching": total.matching,
            "methods": total.methods,
            "reasons": {key: asdict(reason) for key, reason in total.reasons.items()},
            "rows": {name: column.tolist() for name, column in total.rows.items()},
        }
        with open(f"{self.notes}.new", "w", encoding="utf-8") as file:
            json.dump(data, file)
        os.replace(f"{self.notes}.new", self.notes)

    def rows(self) -> Rows:
        """Return the rows kept, without reading them: columns of the file."""
        names = ("index", *FIGURES)
        if not self.written:
            return {name: np.zeros(0, dtype=np.int64) for name in names}
        table = np.memmap(self.spool, dtype="<i8", mode="r", shape=(self.written, len(names)))
        return {name: table[:, place] for place, name in enumerate(names)}

    def remove(self) -> None:
        """Delete what is kept."""
        for path in (self.notes, self.spool):
            if os.path.exists(path):
                os.unlink(path)


def _exact(value: Any) -> Any:
    """Return a number or a column as one that cannot overflow, a column of choices as its array."""
    if isinstance(value, Ints) or not hasattr(value, "dtype"):
        return value.values if isinstance(value, Choices) else value
    return Ints(value)


def _array(value: Any) -> Any:
    return value.values if isinstance(value, Ints) else value


def _stacked(a: Rows, b: Rows) -> Rows:
    if not len(a["index"]):
        return b
    return {name: np.concatenate([a[name], b[name]]) for name in a} if len(b["index"]) else a


def _taken(rows: Rows, places: Array) -> Rows:
    return {name: column[places] for name, column in rows.items()}
