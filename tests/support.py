"""What several test modules share: the command line run in this process, and traces kept for the session."""

from __future__ import annotations

import functools
import io
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from cnncost import Graph, load
from cnncost.__main__ import main
from cnncost.models import zoo
from cnncost.show import render
from cnncost.show.table import Table

NIGHTLY = bool(os.environ.get("CNNCOST_NIGHTLY"))  # new random cases, and ten times as many


def examples(count: int) -> settings:
    """Return the settings of a property that is tried on `count` random cases, the same ones every day."""
    return settings(max_examples=10 * count if NIGHTLY else count, derandomize=not NIGHTLY, deadline=None, print_blob=NIGHTLY)


@functools.cache
def zoo_names() -> tuple[str, ...]:
    """Return the networks to walk over: by day the first of each way to set a model function, by night all of them."""
    found: dict[Any, str] = {}
    for name in zoo.MODULE_OF:
        model = load(name)
        found.setdefault(name if NIGHTLY else (model.function, *sorted(model.settings)), name)
    return tuple(found.values())


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str


@contextmanager
def _streams(stdin: str, out: io.TextIOWrapper, err: io.TextIOWrapper) -> Iterator[None]:
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"), out, err
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


@contextmanager
def _process(words: tuple[str, ...], folder: Path | None, env: Mapping[str, str]) -> Iterator[None]:
    """Give this process the arguments, the folder and the environment of another one, for a while."""
    before = sys.argv, os.getcwd(), dict(os.environ), list(sys.path)
    sys.argv = ["cnncost", *words]
    os.environ.pop("COLUMNS", None)  # pytest sets it, and pipes honour it
    os.environ.update(env)
    try:
        if folder is not None:
            os.chdir(folder)
        yield
    finally:
        sys.argv = before[0]
        os.chdir(before[1])
        os.environ.clear()
        os.environ.update(before[2])
        sys.path[:] = before[3]


def command(
    *words: str, stdin: str = "", folder: Path | None = None, env: Mapping[str, str] | None = None, merged: bool = False
) -> Result:
    """Run `cnncost` with some words in this process; with `merged`, its errors stand in its output, as on a terminal."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    err = out if merged else io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    code: object = None
    with _process(words, folder, env or {}), _streams(stdin, out, err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    out.flush()
    err.flush()
    written = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
    return Result(code if isinstance(code, int) else int(code is not None), written[0], "" if merged else written[1])


@functools.cache
def tables_of(call: str) -> tuple[Table, ...]:
    """Return the tables that a command shows: it runs once, and they can be drawn in every format and at every width."""
    found: list[Table] = []

    def keep(table: Table, *others: object, **named: object) -> str:
        found.append(table)
        return ""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "render", keep)
        done = command(*call.split())
    assert done.code in (0, 1), (call, done.err)
    return tuple(found)


@functools.cache
def traced(name: str) -> Graph:
    """Return the graph of a model of the zoo at its own input: traced once a session."""
    return load(name).trace()
