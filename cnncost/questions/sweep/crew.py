"""Who works on a sweep: this process, others of this machine, or a cluster; and the parcel in which a query reaches them."""

from __future__ import annotations

import ctypes
import pickle
import platform
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from importlib import import_module
from typing import Any

from cnncost.base.errors import UsageError
from cnncost.base.record import dataclass
from cnncost.questions.sweep.query import Partial, Query, Task
from cnncost.questions.sweep.subject import VERSION, own_modules, program, sources

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h
KEPT = 128 * 2**20  # bytes that are not given back


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
class Team:
    """Workers that can be asked for: how they are opened, how many, and how long they need until they work."""

    open: Callable[[int], AbstractContextManager[Crew]]  # so many of them; of a cluster that is there, all
    workers: int
    seconds: float

    def worth(self, passed: float, remaining: float, efficiency: float, serial: float = 0.0) -> int:
        """Return how many workers to ask for, 0 for none: as many as are of use in so great a share of the time.

        While they start, the work goes on here, alone, and a share of it stays here: what takes T seconds in one process takes
        w workers S + (T − S)·(s + (1 − s)/w).
        """
        whole, alone = passed + remaining, passed + self.seconds
        rest = max(0.0, whole - alone)
        asked = [w for w in range(2, self.workers + 1) if whole >= efficiency * (w * alone + rest * (w * serial + 1 - serial))]
        return self.workers if efficiency <= 0 else max(asked, default=0)


class Calling:
    """A team that is being called, while the work goes on here."""

    def __init__(self, team: Team, workers: int, task: Task) -> None:
        self.task = task
        self.stack = ExitStack()
        self.crew: Crew | None = None
        self.error: BaseException | None = None
        self.parcel: Parcel | None = None
        self.greeted: list[Future[None]] = []
        self.left = False
        self.thread = threading.Thread(target=self._open, args=(team, workers), daemon=True)
        self.thread.start()

    def _open(self, team: Team, workers: int) -> None:
        try:
            self.crew = self.stack.enter_context(team.open(workers))
        except BaseException as error:  # told where the work is done
            self.error = error
        if self.left:
            self.stack.close()

    def ready(self) -> bool:
        """Whether a worker has what it needs. Raises UsageError where none can have it."""
        if self.thread.is_alive():
            return False
        if self.error is not None:
            raise self.error
        assert self.crew is not None
        if self.parcel is None:
            self.parcel = packed(self.task, self.crew.by_value)
            with _signals_put_off():  # processes that are half started would be forgotten
                self.greeted = [self.crew.executor.submit(_greet, self.parcel) for _ in range(self.crew.workers)]
        self.crew.watch()
        done = [future for future in self.greeted if future.done()]
        for future in done:
            future.result()
        return bool(done)

    def close(self, at_once: bool = False) -> None:
        """Let go of the team, `at_once` without waiting for it; one that is still being called is let go of when it comes."""
        self.left = True
        if self.thread.is_alive():
            return
        if self.crew is not None and (at_once or not any(future.done() for future in self.greeted)):
            self.crew.stop()
        if at_once:
            threading.Thread(target=self.stack.close, daemon=True).start()
        else:
            self.stack.close()


@contextmanager
def _signals_put_off() -> Iterator[None]:
    """Let signals that end the work come when this is done."""
    names = ("SIGINT", "SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()
    came: list[int] = []
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, lambda number, frame: came.append(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


def _greet(parcel: Parcel) -> None:
    """Make a worker ready: what workers run first."""
    parcel.unpacked()


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
        task, lock = self.unpacked()
        with lock:  # of threads of one worker
            begun = time.perf_counter()
            found = task.answer(start, stop)
            found.seconds = time.perf_counter() - begun
        return found

    def unpacked(self) -> tuple[Task, threading.Lock]:
        """Return the task, which is unpacked once."""
        with _unpacking:
            if self.digest not in _tasks:
                self._check()
                _tasks.clear()
                _tasks[self.digest] = (self._unpack(), threading.Lock())
            return _tasks[self.digest]

    def _check(self) -> None:
        if program() != self.program:
            other = VERSION if self.version != VERSION else f"another state of {self.version}"
            raise UsageError(
                f"the worker on {platform.node()} has cnncost {other}, and the query was made with {self.version}",
                f"install the same on every worker: pip install cnncost=={self.version}",
            )

    def _unpack(self) -> Task:
        where = f"the worker on {platform.node()}"
        keep_memory()
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


def keep_memory() -> None:
    """Have memory that was given back used again: for processes that do nothing but sweep.

    The GNU C library gives the top of its memory back to the system, and fetches it anew for the next column: a million page
    faults, two fifths of the time; more so in workers of Dask, whose nannies set MALLOC_TRIM_THRESHOLD_ to 64 KiB.
    Source: malloc.h and mallopt(3) of the GNU C library.
    """
    with suppress(OSError, AttributeError, TypeError):  # of another C library
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_THRESHOLD, KEPT // 4)
        library.mallopt(M_TRIM_THRESHOLD, KEPT)


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
