"""Sweeps: a question about a space, cut into ranges of candidates, answered by any `concurrent.futures.Executor`.

Answers to ranges are merged in order, each once; what is finished survives an interruption.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any

import numpy as np

from cnncost.base.errors import UsageError
from cnncost.questions.sweep.query import Partial, Query, Result, Task, no_rows, taken
from cnncost.questions.sweep.space import LARGEST_SPACE
from cnncost.questions.sweep.stages import by_stages
from cnncost.questions.sweep.store import Store

FIRST_RANGE = 2**6
LONGEST_RANGE = 2**32


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
    grain = task.grain
    runner = executor or InProcess()
    complete = True
    try:
        while position < size or pending:
            while position < size and len(pending) < (2 * workers if executor else 1):
                fair = size if executor is None else max(FIRST_RANGE, (size - position) // (3 * workers))  # all end together
                stop = min(size, position + min(length, fair))
                stop = min(size, -(-stop // grain) * grain) if stop - position >= grain else stop
                pending.append((position, stop, time.perf_counter(), runner.submit(work, query, position, stop)))
                position = stop
            first, stop, started, future = pending.popleft()
            found = future.result()
            rows = found.rows
            if store is not None and task.keeps_all:
                store.keep(rows)  # rows by the million go to the disk, in order
                found.rows = no_rows()
            total = task.merged(total, found)
            if store is not None:
                store.note(total)
            if progress is not None:
                progress(total.candidates, size)
            spent = max(1e-4, time.perf_counter() - started) / (1 if executor is None else max(1, len(pending)))
            length = max(1, min(LONGEST_RANGE, int((stop - first) * min(8.0, seconds_each / spent))))
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
    )


def named(methods: Mapping[str, int]) -> str:
    """Return how candidates were evaluated: the methods that evaluated one in a hundred or more, most first."""
    whole = sum(methods.values())
    shown = [name for name, count in sorted(methods.items(), key=lambda item: -item[1]) if count * 100 >= whole and count]
    return " and ".join(shown) or "none"
