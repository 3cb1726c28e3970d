"""Who works on a sweep: this process, others of this machine, or a cluster; and the parcel in which a query reaches them."""

from __future__ import annotations

import pickle
import platform
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from importlib import import_module
from typing import Any

from cnncost.base.errors import UsageError
from cnncost.base.record import dataclass
from cnncost.questions.sweep.query import Partial, Query, Task
from cnncost.questions.sweep.subject import VERSION, own_modules, program, sources


@dataclass
class Crew:
    """Workers that answer ranges. `watch` is called while an answer is awaited, and raises UsageError where none can come."""

    executor: Executor
    seconds: float  # that a range should take
    workers: int = 1
    parted: bool = False  # whether they are other processes
    by_value: bool = False  # whether a query must carry its modules, because the files are not there
    watch: Callable[[], None] = lambda: None
    stop: Callable[[], None] = lambda: None  # ends what they are at, without waiting
    lost: Callable[[BaseException], UsageError] = lambda error: UsageError(
        "a worker ended before its time",
        "was it short of memory? a script that asks for several jobs does so under if __name__ == '__main__'",
    )

    @property
    def ahead(self) -> int:
        """How many ranges are given out at a time."""
        return 2 * self.workers if self.parted else 1


@dataclass(frozen=True)
class Parcel:
    """A query made ready to travel, with everything it names: a worker needs no files, and traces nothing again."""

    digest: str  # of the subject
    program: str  # of the cnncost that packed it
    version: str
    content: bytes | None  # the task, pickled
    query: Query | None = None  # in place of it where the model cannot be pickled: read again, and compared
    modules: tuple[tuple[str, str], ...] = ()  # the user's, by digest, where they are imported and not carried

    def answer(self, start: int, stop: int) -> Partial:
        """Return the answer for a range. Raises UsageError where this worker would understand the query otherwise."""
        task, lock = self._task()
        with lock:  # of threads of one worker
            begun = time.perf_counter()
            found = task.answer(start, stop)
            found.seconds = time.perf_counter() - begun
        return found

    def _task(self) -> tuple[Task, threading.Lock]:
        with _unpacking:
            if self.digest not in _tasks:
                self._check()
                _tasks.clear()
                _tasks[self.digest] = (self._unpacked(), threading.Lock())
            return _tasks[self.digest]

    def _check(self) -> None:
        if program() != self.program:
            other = VERSION if self.version != VERSION else f"another state of {self.version}"
            raise UsageError(
                f"the worker on {platform.node()} has cnncost {other}, and the query was made with {self.version}",
                f"install the same on every worker: pip install cnncost=={self.version}",
            )

    def _unpacked(self) -> Task:
        where = f"the worker on {platform.node()}"
        try:
            task: Task = Task(self.query) if self.content is None and self.query else pickle.loads(self.content or b"")
        except UsageError as error:
            raise UsageError(f"{where}: {error.message}", error.hint) from None
        except (ImportError, AttributeError) as error:
            raise UsageError(f"{where} cannot load the model: {error}", "is the module there, too?") from None
        there = sources(task.space.model) if self.modules else {}
        changed = any(there.get(name) != digest for name, digest in self.modules)
        if changed or (self.content is None and task.subject.digest != self.digest):
            raise UsageError(f"{where} has another version of the model's files", "bring them up to date, and start it again")
        return task


_tasks: dict[str, tuple[Task, threading.Lock]] = {}
_unpacking = threading.Lock()


def packed(task: Task, by_value: bool) -> Parcel:
    """Return a task as a parcel; `by_value`, with the code of the user's modules in it, as cloudpickle carries it.

    Raises UsageError for a model that can neither be pickled nor found again by its name.
    """
    task.prepare()
    subject = task.subject
    made = (subject.digest, subject.program, subject.version)
    dumps: Any = pickle.dumps
    modules = list(own_modules(task.space.model.function))
    if by_value:
        cloudpickle: Any = import_module("cloudpickle")  # which distributed needs, too

        for module in modules:
            cloudpickle.register_pickle_by_value(module)
        dumps = cloudpickle.dumps
    try:
        content = dumps(task)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        if not isinstance(task.query.model, str):
            raise UsageError(
                f"{task.space.model.name} cannot be sent to other processes: {error}",
                "write its function in a module of its own",
            ) from None
        return Parcel(*made, None, task.query)
    named = () if by_value else tuple(item for item in subject.sources.items() if item[0].startswith("module "))
    return Parcel(*made, content, None, named)
