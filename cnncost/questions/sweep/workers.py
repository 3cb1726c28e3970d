"""Crews beyond this process: a pool of processes, a Dask cluster."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, InvalidStateError, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from multiprocessing import active_children, get_all_start_methods, get_context, parent_process
from multiprocessing.connection import wait
from typing import Any

from cnncost.base.errors import UsageError
from cnncost.questions.sweep.crew import Crew, Team
from cnncost.questions.sweep.subject import program

RETRIES = 10  # times that work lost with a worker is done again elsewhere
PATIENCE = 8.0  # seconds without a worker, or without a sign of life of one, before that is said
START = 0.5  # seconds until processes of this machine work
DASK_START = 4.0  # until those of a cluster made here do: 3.3 on two idle cores, and forecasts are a quarter too long
CONNECTED = 1.0  # until those of a cluster that is there do
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
LOGGERS = ("distributed", "tornado", "asyncio")  # with all below them
FETCHED = 1.0  # seconds in which the word of a worker that it can work must be here, once it is given
RANGE = 2.0  # seconds that a range should take


# ── processes of this machine ────────────────────────────────────────────────────────────────────────────────────────


def _start() -> None:
    """Leave interruptions to the parent process, and end when it does, however that came about."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def processes(jobs: int) -> Team:
    """Return a pool of so many processes."""
    return Team(_pool, jobs, START)


@contextmanager
def _pool(jobs: int) -> Iterator[Crew]:
    """Give a pool of processes: copies of one that has everything loaded, and no threads."""
    context: Any = get_context(_method())
    before = {child.pid for child in active_children()}
    if _method() == "forkserver":
        from multiprocessing.forkserver import ensure_running

        context.set_forkserver_preload([__name__])
        with _alone():
            ensure_running()
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start)

    def stop() -> None:
        for child in active_children():
            if child.pid not in before:
                child.kill()

    try:
        yield Crew(pool, RANGE, jobs, parted=True, stop=stop)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _method() -> str:
    """Return how processes are started: never as copies of one with threads, as this one may be."""
    return "forkserver" if "forkserver" in get_all_start_methods() else "spawn"


@contextmanager
def _alone() -> Iterator[None]:
    """Let what is started meanwhile work with one thread, as NumPy's libraries read in the environment."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


# ── a cluster ────────────────────────────────────────────────────────────────────────────────────────────────────────


def dask_cluster(address: str, jobs: int, say: Callable[[str], None] = lambda text: None) -> Team:
    """Return the workers of a Dask cluster: at `address`, or so many of one made here ("local").

    Work lost with a worker is done again by another, also where it only fell silent; each answer counts once. `say` is told of
    workers that cannot be used. Raises UsageError where distributed is not installed, where nobody answers, and where no
    worker can run this cnncost, when they are opened.
    """
    local = address == "local"
    return Team(partial(_cluster, address, say), jobs if local else max(2, jobs), DASK_START if local else CONNECTED)


@contextmanager
def _unlogged() -> Iterator[None]:
    """Leave out what Dask's client logs, of a scheduler that goes some thirty lines: it is said in words."""
    loggers = [logging.getLogger(name) for name in [*logging.root.manager.loggerDict] if name.partition(".")[0] in LOGGERS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@contextmanager
def _cluster(address: str, say: Callable[[str], None], jobs: int) -> Iterator[Crew]:
    try:
        import distributed
    except ImportError:
        raise UsageError("Dask clusters need distributed", "install it: pip install 'cnncost[dask]'") from None
    with _unlogged(), _opened(distributed, address, say, jobs) as crew:
        yield crew


@contextmanager
def _opened(distributed: Any, address: str, say: Callable[[str], None], jobs: int) -> Iterator[Crew]:
    dask: Any = distributed  # which has no types
    local = {"n_workers": jobs, "threads_per_worker": 1, "dashboard_address": None}
    settings: Any = import_module("dask.config")
    with settings.set({"distributed.worker.multiprocessing-method": _method()}):
        cluster = dask.LocalCluster(**local) if address == "local" else None
    try:
        try:
            client = dask.Client(cluster or address, timeout=f"{PATIENCE:.0f}s")
        except (OSError, ValueError) as error:
            raise UsageError(f"no Dask scheduler answers at '{address}': {error}", "write tcp://HOST:PORT, or local") from None
        try:
            members = _Members(client, address, say)
            members.wait_for_one()
            crew = Crew(members, RANGE, len(members.good), parted=True, by_value=True)
            crew.watch = partial(members.watch, crew)
            crew.lost = members.lost
            yield crew
        finally:
            with suppress(Exception):  # a scheduler that is gone cannot be told
                client.close(timeout=2)
    finally:
        if cluster is not None:
            with suppress(TimeoutError):
                cluster.close()


class _Members(Executor):
    """The workers of a cluster that have this cnncost, as an executor. Others are told of once, and left out."""

    def __init__(self, client: Any, address: str, say: Callable[[str], None]) -> None:
        self.client, self.address, self.say = client, address, say
        self.good: list[str] = []
        self.refused: dict[str, str] = {}  # by worker, why it is left out
        self.asked: dict[str, Any] = {}  # futures of what each says of itself
        self.seen: dict[str, tuple[Any, float]] = {}  # by worker, its last sign of life, and when it came here
        self.silent: set[str] = set()
        self.open: dict[Future[Any], tuple[Callable[..., Any], tuple[Any, ...], frozenset[str]]] = {}
        self.empty = time.monotonic()  # since when there is no worker

    # ── who they are ─────────────────────────────────────────────────────────────────────────────────────────────────

    def wait_for_one(self) -> None:
        """Wait until a worker can be given work. Raises UsageError where none can within the time of patience."""
        while not self.good:
            self.look()
            if not self.good:
                self._patience()
                time.sleep(0.1)

    def look(self) -> None:
        """Take note of workers that came, went, or fell silent. Raises UsageError where the scheduler is gone."""
        if self.client.status != "running":
            raise self.lost(CancelledError())
        now = time.monotonic()
        present = self.client.scheduler_info(n_workers=-1).get("workers", {})  # none while it goes
        for name, facts in present.items():
            if name not in self.asked:
                self.asked[name] = self.client.submit(_probe(), workers=[name], pure=False, retries=0)
            if name not in self.seen or self.seen[name][0] != facts.get("last_seen"):
                self.seen[name] = (facts.get("last_seen"), now)
        for name, future in [*self.asked.items()]:
            if name not in self.good and name not in self.refused and future.done():
                self._judge(name, future)
        gone = [name for name in self.good if name not in present]
        silent = {name for name in self.good if name in present and now - self.seen[name][1] > PATIENCE}
        for name in silent - self.silent:
            self.say(f"the worker {name} has not answered for {PATIENCE:.0f} s: its work is done again by others")
        self.silent = silent
        self.good = [name for name in self.good if name not in gone]
        for name in gone:
            self.asked.pop(name, None)
        if self.good and set(self.good) != silent:
            self.empty = now

    def _judge(self, name: str, future: Any) -> None:
        try:
            version, own = future.result(timeout=FETCHED)
            if own == program():
                self.good.append(name)
                return
            reason = "it has no cnncost" if version is None else f"it has another cnncost, {version}"
        except TimeoutError:  # it went before its answer could be fetched; should it still be there, it is asked again
            del self.asked[name]
            return
        except Exception as error:  # whatever a strange worker answers
            if self.client.status != "running":  # it is the scheduler that does not answer
                return
            reason = f"it cannot be asked ({type(error).__name__})"
        self.refused[name] = reason
        self.say(f"the worker {name} is left out: {reason}")

    def _patience(self) -> None:
        if time.monotonic() - self.empty < PATIENCE:
            return
        if self.silent:
            names = ", ".join(sorted(self.silent))
            raise UsageError(f"the workers of the Dask scheduler at {self.address} do not answer: {names}", "start others")
        if self.refused:
            told = "; ".join(f"{name}: {reason}" for name, reason in list(self.refused.items())[:3])
            raise UsageError(
                f"no worker of the Dask scheduler at {self.address} can run this: {told}",
                "install the same cnncost there, and start the worker again",
            )
        raise UsageError(
            f"the Dask scheduler at {self.address} has had no worker for {PATIENCE:.0f} s",
            f"start some: dask worker {self.address} --nthreads 1",
        )

    # ── work ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Give work to any of the workers, and return the future of its answer."""
        answer: Future[Any] = Future()
        self._give(answer, fn, args, self.able)
        return answer

    @property
    def able(self) -> list[str]:
        """The workers that answer."""
        return [name for name in self.good if name not in self.silent] or self.good

    def _give(self, answer: Future[Any], fn: Callable[..., Any], args: tuple[Any, ...], workers: list[str]) -> None:
        self.open[answer] = (fn, args, frozenset(workers))
        inner = self.client.submit(fn, *args, workers=workers, pure=False, retries=RETRIES)
        inner.add_done_callback(partial(self._arrived, answer))

    def _arrived(self, answer: Future[Any], inner: Any) -> None:
        """Pass on the first answer that comes; of work that was given out twice the other one is dropped."""
        with suppress(InvalidStateError):
            try:
                answer.set_result(inner.result(timeout=PATIENCE))
            except TimeoutError:  # the answer was with a worker that went before it could be fetched
                if answer in self.open:
                    fn, args, _ = self.open[answer]
                    self._give(answer, fn, args, self.able)
                return
            except BaseException as error:
                if not answer.done():
                    answer.set_exception(error)
        self.open.pop(answer, None)

    def watch(self, crew: Crew) -> None:
        """Look at the workers while an answer is awaited. Raises UsageError where none can come any more."""
        self.look()
        crew.workers = max(1, len(self.good))
        able = set(self.good) - self.silent
        if not able:
            self._patience()
            return
        for answer, (fn, args, given) in list(self.open.items()):
            if not given & able or given & self.silent:
                self._give(answer, fn, args, sorted(able))

    def lost(self, error: BaseException) -> UsageError:
        """Return the error for work that did not come back."""
        if isinstance(error, CancelledError) or self.client.status != "running":
            return UsageError(f"the Dask scheduler at {self.address} is gone", "start it again")
        return UsageError(f"work ended its workers again and again: {error}", "were they short of memory?")


def _probe() -> Callable[[], tuple[str | None, str | None]]:
    """Return a function that says which cnncost a worker has: one that travels by value, as the worker may have none."""

    def probe() -> tuple[str | None, str | None]:
        from importlib import import_module

        try:
            version = import_module("cnncost").__version__
        except ImportError:
            return None, None
        try:
            return version, import_module("cnncost.questions.sweep.subject").program()
        except ImportError:  # an older one
            return version, None

    probe.__module__ = "__main__"
    return probe
