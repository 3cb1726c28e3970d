"""Sweeps: a question about a space, cut into ranges of candidates, answered here or by a crew of workers.

Answers to ranges are merged in order, each once; what is finished survives an interruption.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import ExitStack
from typing import Any

import numpy as np

from cnncost.base.errors import UsageError
from cnncost.base.record import dataclass
from cnncost.base.showable import Columns
from cnncost.questions.sweep.boxes import BOX
from cnncost.questions.sweep.crew import Calling, Crew, Parcel, Team
from cnncost.questions.sweep.query import Partial, Query, Result, Task, no_rows, taken
from cnncost.questions.sweep.space import LARGEST_SPACE
from cnncost.questions.sweep.stages import by_stages
from cnncost.questions.sweep.store import Store

FIRST_RANGE = 2**6
LONGEST_RANGE = 2**32
MOST_ROWS = 2**20  # candidates of a range where all rows are kept
SECONDS = 0.5  # that a range should take in this process
EFFICIENT = 0.8  # share of the time of all workers that must be of use for them to be asked
MEASURED = 0.25  # seconds after which it is forecast
CALLED = 0.1  # seconds that a range takes while workers are being called
LATEST = 2  # ranges from which the pace of the rest is told: each takes its time, or the last one is large
PACE = 0.04  # seconds that it takes then
SHORTEST = 0.05  # seconds of work for which a worker is asked
POLL = 0.2  # seconds between two looks at the workers
WAIT = 0.02  # seconds between two looks at those that are to do all of it


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
    efficiency: float = EFFICIENT,
    seconds: float | None = None,
) -> Result:
    """Return the answer to a query.

    `team` are the workers of a pool or a cluster. They are asked where so great a share of their time would be of use, their
    start included; with an `efficiency` of 0 they do all of it.
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
        return _result(task, answer, begun, answer.candidates == size)
    if query.method == "stage tables":
        raise UsageError(
            "this sweep is no question about sums over separate stages",
            "ask for --sort and --top, or a --pareto of two figures, under upper bounds; or leave out --method",
        )
    if size > LARGEST_SPACE:
        raise UsageError(
            f"{size:,} candidates are too many to visit each", "narrow the space; stages that are separate can be counted"
        )
    store = None if part is None else Store(part, task.subject, resume, task.figures)
    try:
        work = _Work(task, store, progress, forecast, team, efficiency, seconds)
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
        efficiency: float,
        seconds: float | None,
    ) -> None:
        self.task, self.store, self.progress, self.forecast = task, store, progress, forecast
        self.team, self.efficiency = team, efficiency
        self.calling: Calling | None = None
        self.latest: deque[tuple[int, float]] = deque(maxlen=LATEST)  # candidates and seconds of ranges
        self.crew = Crew(InProcess(task), SECONDS if seconds is None else seconds)
        self.seconds = seconds
        self.parcel: Parcel | None = None
        self.interrupted = False
        self.size = task.space.size
        self.longest = MOST_ROWS if task.keeps_all else LONGEST_RANGE
        self.total = Partial() if store is None else store.load()
        self.pending: deque[tuple[int, int, float, Future[Partial]]] = deque()
        self.length = FIRST_RANGE
        self.started = time.perf_counter()
        self.serial = 0.0  # seconds of what only this process can do: keeping rows

    def run(self, stack: ExitStack) -> bool:
        """Do all of it, and return whether it was not interrupted. Raises UsageError where no worker is left."""
        position = self.total.candidates
        self.length = max(1, min(FIRST_RANGE, int(self.crew.seconds / self.task.traced)))  # of large networks fewer
        stack.callback(self._let_go)
        try:
            if self.team is not None and self.efficiency <= 0:
                self._call(self.team.workers)
                while not self._joined():
                    time.sleep(WAIT)
            while position < self.size or self.pending:
                self._joined()
                while position < self.size and len(self.pending) < self.crew.ahead:
                    stop = self._stop(position)
                    given = time.perf_counter()
                    future = self.crew.executor.submit(_answer, self.parcel, position, stop)
                    self.pending.append((position, stop, given, future))
                    position = stop
                self._merge(*self.pending.popleft())
                if time.perf_counter() - self.started > MEASURED:
                    self._look_ahead()
                if self.progress is not None:
                    self.progress(self.total.candidates, self.size)
        except KeyboardInterrupt:
            self.interrupted = True
            return False
        except (BrokenExecutor, CancelledError) as error:
            crew = self.crew if self.calling is None or self.calling.crew is None else self.calling.crew
            raise self._lost(crew.lost(error)) from None
        except UsageError as error:
            self.crew.stop()
            if self.calling is None:
                raise
            raise self._lost(error) from None
        return True

    def _call(self, workers: int) -> None:
        """Ask the team; the work goes on here until one of them is ready."""
        assert self.team is not None
        self.calling = Calling(self.team, workers, self.task)
        self.team = None
        self.crew.seconds = min(self.crew.seconds, CALLED)

    def _joined(self) -> bool:
        """Whether the team that was called has come: it then does the rest."""
        if self.calling is not None and not self.crew.parted and self.calling.ready():
            crew, self.parcel = self.calling.crew, self.calling.parcel
            assert crew is not None
            self.crew = crew
            if self.seconds is not None:
                self.crew.seconds = self.seconds
        return self.crew.parted

    def _let_go(self) -> None:
        if self.calling is not None:
            self.calling.close(at_once=self.interrupted)

    def _stop(self, position: int) -> int:
        """Return the end of the range that begins at a position: no longer than lets all workers end together."""
        left = self.size - position
        least = max([FIRST_RANGE, *(int(number * SHORTEST / seconds) for number, seconds in self.latest)])
        fair = left if not self.crew.parted else max(least, left // (3 * self.crew.workers))
        length = min(self.length, fair, self.longest)
        grain = self.task.grain
        stop = position + length
        return min(self.size, -(-stop // grain) * grain if length >= grain else stop)

    def _merge(self, first: int, stop: int, started: float, future: Future[Partial]) -> None:
        while not wait([future], timeout=0 if future.done() else POLL).done:
            self.crew.watch()
        found = future.result()
        answered = time.perf_counter()
        if self.store is not None and self.task.keeps_all:
            self.store.keep(found.rows)  # rows by the million go to the disk, in order
            found.rows = no_rows()
            self.serial += time.perf_counter() - answered
        self.total = self.task.merged(self.total, found)
        if self.store is not None:
            self.store.note(self.total)
        spent = found.seconds or answered - started
        self.latest.append((stop - first, max(1e-4, spent)))
        self.length = max(1, int((stop - first) * min(8.0, self.crew.seconds / max(1e-4, spent))))

    def _look_ahead(self) -> None:
        """Say what the work will take, once, and call the team where it is worth it."""
        if (self.forecast is None and self.team is None) or len(self.latest) < LATEST:
            return
        done, seconds = self.latest[-1]  # small ranges are slow, and a first one works out how the others are answered
        if seconds < PACE or (done < BOX and self.latest[0][1] < PACE):
            return
        remaining = (self.size - self.total.candidates) * seconds / done
        if self.forecast is not None:
            rows = self.total.matching * self.size // max(1, self.total.candidates) if self.task.keeps_all else None
            width = 8 * (len(self.total.rows) - 1 + len(self.task.space.axes))
            told = Forecast(self.size, named(self.total.methods), remaining, rows, None if rows is None else rows * width)
            self.forecast(told)
            self.forecast = None
        if self.team is not None:
            passed = time.perf_counter() - self.started
            workers = self.team.worth(passed, remaining, self.efficiency, self.serial / passed)
            if workers:
                self._call(workers)

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
    total.rows = {**no_rows(task.figures), **total.rows}
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
        Columns(rows),
        named(total.methods),
        time.perf_counter() - begun,
        complete,
        task.subject,
        task.convention,
        task.graph.notes if task.graph is not None else (),
    )


def named(methods: Mapping[str, int]) -> str:
    """Return how candidates were evaluated: the methods that evaluated one in a hundred or more, most first."""
    whole = sum(methods.values())
    shown = [name for name, count in sorted(methods.items(), key=lambda item: -item[1]) if count * 100 >= whole and count]
    return " and ".join(shown) or "none"
