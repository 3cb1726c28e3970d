"""Executors of sweeps beyond this process: a pool of processes, a Dask cluster."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_all_start_methods, get_context
from typing import Any

from cnncost.base.errors import UsageError

RETRIES = 10  # times that work lost with a worker is done again elsewhere


def _leave_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process handles them


@contextmanager
def processes(jobs: int) -> Iterator[Executor]:
    """Give a pool of so many processes."""
    method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"  # never a copy of a process with threads
    pool = ProcessPoolExecutor(jobs, mp_context=get_context(method), initializer=_leave_interrupts)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def dask_cluster(address: str, jobs: int) -> Iterator[tuple[Executor, int]]:
    """Give the executor of a Dask cluster and its number of threads: at `address`, or one made here ("local").

    Work lost with a worker is done again by another; each answer arrives once. Raises UsageError where distributed is not
    installed or nobody answers.
    """
    try:
        import distributed
    except ImportError:
        raise UsageError("Dask clusters need distributed", "install it: pip install 'cnncost[dask]'") from None
    dask: Any = distributed  # which has no types
    cluster = dask.LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None) if address == "local" else None
    try:
        try:
            client = dask.Client(cluster or address, timeout="10s")
        except (OSError, ValueError) as error:
            raise UsageError(f"no Dask scheduler answers at '{address}': {error}", "write tcp://HOST:PORT, or local") from None
        with client:
            yield client.get_executor(pure=False, retries=RETRIES), max(1, sum(client.nthreads().values()))
    finally:
        if cluster is not None:
            with suppress(TimeoutError):
                cluster.close()
