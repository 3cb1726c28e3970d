"""Sweeps: a question about a space, cut into ranges of candidates, answered here or by a crew of workers.

Answers to ranges are merged in order, each once; what is finished survives an interruption.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeAlias

import numpy as np

from cnncost.base.errors import UsageError
from cnncost.base.record import dataclass
from cnncost.questions.sweep.crew import Crew, Parcel, packed
from cnncost.questions.sweep.query import Partial, Query, Result, Task, no_rows, taken
from cnncost.questions.sweep.space import LARGEST_SPACE
from cnncost.questions.sweep.stages import by_stages
from cnncost.questions.sweep.store import Store

FIRST_RANGE = 2**6
LONGEST_RANGE = 2**32
MOST_ROWS = 2**20  # candidates of a range where all rows are kept
SECONDS = 0.5  # that a range should take in this process
WORTH_A_CREW = 3.0  # seconds that the work must take for others to be asked
MEASURED = 0.4  # seconds after which it is forecast
POLL = 0.2  # seconds between two looks at the workers

Team: TypeAlias = Callable[[], AbstractContextManager[Crew]]


@dataclass(frozen=True)
class Forecast:
    """What a sweep will take, after its first ranges."""

    candidates: int
    method: str
    seconds: float  # that remain
    rows: int | None  # that a file will hold, where all are kept
    bytes: int | None  # of them, as int64


class InProcess(Executor):
    """The executor that runs everything at once, here."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Answer a range and return its finished future; errors and interruptions are raised."""
        future: Future[Any] = Future()
        future.set_result(self.task.answer(*args[1:]))
        return future


def sweep(
    query: Query,
    team: Team | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
    forecast: Callable[[Forecast], None] | None = None,
    part: str | None = None,
    resume: bool = False,
    worth: float = WORTH_A_CREW,
    seconds: float | None = None,
) -> Result:
    """Return the answer to a query.

    `team` opens the workers of a pool or a cluster; they are asked where the work would take more than `worth` seconds here.
    `progress` is told how many candidates of how many are done, `forecast` what the whole will take. With `part`, a path,
    finished work is kept there while it is needed: `resume` goes on from it. Ranges take some `seconds`. Interrupted, the
    result is that of the finished ranges and not `complete`. Raises UsageError for a query that cannot be read.
    """
    begun = time.perf_counter()
    task = Task(query)
    size = task.space.size

    def tables(seconds: float) -> None:
        if forecast is not None:
            forecast(Forecast(size, "stage tables", seconds, None, None))

    try:
        answer = by_stages(task, progress, tables)
    except KeyboardInterrupt:
        return _result(task, Partial(), begun, False)
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
    store = None if part is None else Store(part, task.subject, resume)
    try:
        work = _Work(task, store, progress, forecast, team, worth, seconds)
        with ExitStack() as stack:
            complete = work.run(stack)
        if store is not None:
            store.note(work.total, now=True)
            if store.spooled:
                work.total.rows = store.rows()
    except OSError as error:
        raise UsageError(
            f"cannot keep the results: {(error.strerror or str(error)).lower()}", "free some space, or write elsewhere"
        ) from None
    finally:
        if store is not None:
            store.close()
    return _result(task, work.total, begun, complete)


class _Work:
    """The work on one query: ranges given out, answers merged in order."""

    def __init__(
        self,
        task: Task,
        store: Store | None,
        progress: Callable[[int, int], None] | None,
        forecast: Callable[[Forecast], None] | None,
        team: Team | None,
        worth: float,
        seconds: float | None,
    ) -> None:
        self.task, self.store, self.progress, self.forecast = task, store, progress, forecast
        self.team, self.worth = team, worth
        self.crew = Crew(InProcess(task), SECONDS if seconds is None else seconds)
        self.seconds = seconds
        self.parcel: Parcel | None = None
        self.size = task.space.size
        self.longest = MOST_ROWS if task.keeps_all else LONGEST_RANGE
        self.total = Partial() if store is None else store.load()
        self.pending: deque[tuple[int, int, float, Future[Partial]]] = deque()
        self.length = FIRST_RANGE
        self.started, self.before = time.perf_counter(), self.total.candidates

    def run(self, stack: ExitStack) -> bool:
        """Do all of it, and return whether it was not interrupted. Raises UsageError where no worker is left."""
        position = self.total.candidates
        foretold = False
        try:
            if self.team is not None and self.worth <= 0:
                self._call(stack)
            while position < self.size or self.pending:
                while position < self.size and len(self.pending) < self.crew.ahead:
                    stop = self._stop(position)
                    future = self.crew.executor.submit(_answer, self.parcel, position, stop)
                    self.pending.append((position, stop, time.perf_counter(), future))
                    position = stop
                self._merge(*self.pending.popleft())
                if not foretold and time.perf_counter() - self.started > MEASURED:
                    foretold = True
                    self._foretell(stack)
        except KeyboardInterrupt:
            self.crew.stop()
            return False
        except (BrokenExecutor, CancelledError) as error:
            raise self._lost(self.crew.lost(error)) from None
        except UsageError as error:
            self.crew.stop()
            if not self.crew.parted:
                raise
            raise self._lost(error) from None
        return True

    def _call(self, stack: ExitStack) -> None:
        """Ask the team from here on."""
        assert self.team is not None
        self.crew = stack.enter_context(self.team())
        if self.seconds is not None:
            self.crew.seconds = self.seconds
        self.parcel = packed(self.task, self.crew.by_value)
        self.team = None

    def _stop(self, position: int) -> int:
        """Return the end of the range that begins at a position: no longer than lets all workers end together."""
        left = self.size - position
        fair = left if not self.crew.parted else max(FIRST_RANGE, left // (3 * self.crew.workers))
        length = min(self.length, fair, self.longest)
        grain = self.task.grain
        stop = position + length
        return min(self.size, -(-stop // grain) * grain if length >= grain else stop)

    def _merge(self, first: int, stop: int, started: float, future: Future[Partial]) -> None:
        while not wait([future], timeout=0 if future.done() else POLL).done:
            self.crew.watch()
        found = future.result()
        if self.store is not None and self.task.keeps_all:
            self.store.keep(found.rows)  # rows by the million go to the disk, in order
            found.rows = no_rows()
        self.total = self.task.merged(self.total, found)
        if self.store is not None:
            self.store.note(self.total)
        if self.progress is not None:
            self.progress(self.total.candidates, self.size)
        spent = found.seconds or time.perf_counter() - started
        self.length = max(1, int((stop - first) * min(8.0, self.crew.seconds / max(1e-4, spent))))

    def _foretell(self, stack: ExitStack) -> None:
        """Say what the work will take, and call the team where it takes long."""
        done = self.total.candidates - self.before
        left = self.size - self.total.candidates
        remaining = (time.perf_counter() - self.started) * left / max(1, done)
        if self.forecast is not None:
            rows = self.total.matching * self.size // max(1, self.total.candidates) if self.task.keeps_all else None
            width = 8 * (len(self.total.rows) - 1 + len(self.task.space.axes))
            told = Forecast(self.size, named(self.total.methods), remaining, rows, None if rows is None else rows * width)
            self.forecast(told)
        if self.team is not None and remaining > self.worth:
            self._call(stack)

    def _lost(self, error: UsageError) -> UsageError:
        """Return an error of the workers with what is kept, and how to go on."""
        done = f"{self.total.candidates:,} of {self.size:,} candidates are finished"
        if self.store is None:
            return UsageError(error.message, f"{error.hint}; with -o FILE finished work is kept ({done})".removeprefix("; "))
        self.store.note(self.total, now=True)
        return UsageError(
            error.message, f"{error.hint}; nothing is lost: {done}, --resume goes on from there".removeprefix("; ")
        )


def _answer(parcel: Parcel | None, start: int, stop: int) -> Partial:
    """Return the answer for a range of candidates: what workers run."""
    assert parcel is not None
    return parcel.answer(start, stop)


def _result(task: Task, total: Partial, begun: float, complete: bool) -> Result:
    rows = total.rows if task.keeps_all else taken(total.rows, task.order(total.rows))  # all rows are in order as they are
    if task.objectives and task.query.top is not None:
        rows = taken(rows, np.arange(min(task.query.top, len(rows["index"]))))
    return Result(
        task.query,
        task.space,
        total.candidates,
        total.valid,
        total.matching,
        total.reasons,
        rows,
        named(total.methods),
        time.perf_counter() - begun,
        complete,
        task.subject,
        task.convention,
    )


def named(methods: Mapping[str, int]) -> str:
    """Return how candidates were evaluated: the methods that evaluated one in a hundred or more, most first."""
    whole = sum(methods.values())
    shown = [name for name, count in sorted(methods.items(), key=lambda item: -item[1]) if count * 100 >= whole and count]
    return " and ".join(shown) or "none"
