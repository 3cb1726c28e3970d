"""cnncost sweep."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.cli.options import (
    Name,
    check_output,
    complete_model,
    complete_setting,
    describe,
    model_options,
    output_options,
    packed,
    replacing,
    show,
    training_options,
    unit_option,
)

if TYPE_CHECKING:
    from cnncost.questions.sweep.crew import Team
    from cnncost.questions.sweep.run import Forecast

METHODS = {
    "tables": "stage tables",
    "form": "closed form",
    "arrays": "arrays",
    "blocks": "block by block",
    "each": "one at a time",
}
ROWS = ("csv", "tsv", "json", "npz", "parquet")  # formats that take every row
PICTURES = (".svg", ".png", ".pdf")
LONG = 60.0  # seconds from which it is said beforehand what a sweep will take
EVERY = 30.0  # seconds between two lines in a log
PATIENCE = 0.7  # seconds before a progress bar appears
INTERRUPTED = 130


@click.command("sweep")
@click.argument("model", shell_complete=complete_model)
@click.option(
    "--over",
    multiple=True,
    metavar="NAME=VALUES",
    shell_complete=complete_setting,
    help="An axis: width=16:512:8 (both ends included), groups=1,2,4, depths.2=1:36, block=basic,bottleneck, size=…, batch=…",
)
@click.option(
    "--from",
    "source",
    metavar="FILE",
    help="The candidates: a .csv, .tsv, .json or .parquet of configurations, a column per setting.",
)
@click.option("--sample", type=click.IntRange(1), metavar="N", help="N candidates at random, in place of all.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, metavar="S", help="Which ones --sample draws.")
@click.option("--log", is_flag=True, help="Draw the numbers of ranges log-uniformly: small ones as often as large ones.")
@click.option("--where", metavar="CONDITION", help='Which candidates match: "flops <= 4.1G and params < 26M".')
@click.option(
    "--pareto", metavar="A,B", help="Keep those that no other beats in all of these figures; -A where more is better."
)
@click.option("--sort", metavar="FIGURE", help="Smallest first, or -FIGURE: largest first.")
@click.option("--top", type=click.IntRange(1), metavar="N", help="Keep the first N, by --sort or by FLOPs.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="Processes that work at once.")
@click.option(
    "--dask", metavar="ADDRESS", help="Work on a Dask cluster: tcp://host:8786, or local for one of --jobs processes."
)
@click.option("--progress", is_flag=True, help="Say how far the work has come where the messages go to a pipe, too.")
@click.option("--resume", is_flag=True, help="Go on with what an interrupted sweep has kept beside its -o FILE.")
@click.option(
    "--method",
    type=Name("method", lambda: METHODS),
    metavar="METHOD",
    help=f"One of {', '.join(METHODS)}. [default: the fastest]",
)
@training_options
@partial(model_options, begins=False)  # its own --from names a file; a part in quotes: "resnet50 --from layer3"
@unit_option
@output_options
def command(
    model: str,
    over: tuple[str, ...],
    source: str | None,
    jobs: int,
    dask: str | None,
    progress: bool,
    resume: bool,
    method: str | None,
    format: str | None,
    path: str | None,
    exact: bool,
    **asked: Any,
) -> None:
    """The cost of every candidate of a design space of MODEL: counted, filtered, sorted, exactly.

    \b
    cnncost sweep resnet50 --over width=16:128:16 --over size=160,192,224
    cnncost sweep resnext50_32x4d --over cardinality=1,32 --over base_width=4:64 \\
      --where "flops <= 4.2G and params < 26M" --sort -flops --top 10
    cnncost sweep regnet_x_400mf --from configs.csv -o costs.parquet
    cnncost sweep resnet50 --over width=8:64:8 --pareto flops,-params -o front.csv

    With -o FILE.svg, .png, .pdf or .vl.json the candidates are drawn, with the budget of --where as a box.
    With -o FILE (.csv .tsv .json .npz .parquet) every matching row is written, unless --top or --pareto keeps fewer.
    """
    chosen = _format(format, path, exact)
    if resume and (path is None or path == "-"):
        raise UsageError("--resume goes on with what is kept beside an output file", "name the file: -o FILE")
    from cnncost.base.units import whole_number
    from cnncost.questions.sweep.query import Query
    from cnncost.questions.sweep.run import sweep

    every = chosen in ROWS and asked["top"] is None
    if every and asked["sort"] and not asked["pareto"]:
        raise UsageError("--sort orders no file of all rows: they are written as they are found", "say how many: --top N")
    drawn = chosen == "vega-lite" or f".{chosen}" in PICTURES
    if drawn and asked["top"] is None and not asked["pareto"]:
        from cnncost.show.plots.sweep import MOST

        asked["top"] = MOST
    settings, changes = asked.pop("settings"), asked.pop("changes")
    if changes:
        from cnncost.cli.options import chosen as part_of

        network: Any = part_of(model, asked.pop("input"), asked.pop("size"), settings, changes)
        settings = ()
    else:
        network = model
    batch = whole_number(asked.pop("batch"), "--batch")
    if source is not None:
        from cnncost.questions.sweep.listed import read

        asked["configurations"] = tuple(read(source))
    asked = packed(asked)
    query = Query(network, over, settings, batch=batch, every=every, method=METHODS.get(method or "", "auto"), **asked)  # type: ignore[arg-type]  # click's words
    if chosen == "parquet":
        from cnncost.show.render import need_pyarrow

        need_pyarrow()
    from cnncost.questions.sweep.crew import keep_memory

    keep_memory()
    with _ended_by_signals() as ended, _place(path, every) as part:
        with _told(progress) as (advance, foretell):
            result = sweep(query, _team(jobs, dask), progress=advance, forecast=foretell, part=part, resume=resume)
        from cnncost.show.tables import sweep as output

        if drawn and result.complete:
            from cnncost.cli.options import write_picture
            from cnncost.show.pictures import drawn as rendered
            from cnncost.show.plots.sweep import sweep_plot

            write_picture(rendered(sweep_plot(result), "json" if chosen == "vega-lite" else str(chosen)), path)
        elif result.complete or part is None:
            try:
                _print(result, chosen, format, path, exact)
            except KeyboardInterrupt:
                if part is not None and path is not None and path != "-":
                    click.echo(f"interrupted while '{path}' was written\n  the same command with --resume writes it", err=True)
                raise
        if part is not None and result.complete:
            _remove(part)
    if not result.complete:
        done = f"{result.candidates:,} of {result.space.size:,} candidates, {result.matching:,} matching"
        click.echo(f"interrupted after {done}", err=True)
        if path is not None and path != "-":
            click.echo("  the same command with --resume goes on from there", err=True)
            show(output.sweep_table(_head(result), exact), format if format not in ROWS else None, None)
        code = 128 + ended[0] if ended else INTERRUPTED
        if dask is not None:
            _leave(code)
        raise click.exceptions.Exit(code)


def _leave(code: int) -> None:
    """End now: Dask would take its leave for seconds, and what was started here ends with this process."""
    import os

    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _head(result: Any) -> Any:
    """Return the result with as many of its rows as people read."""
    from dataclasses import replace

    from cnncost.questions.sweep.query import SHOWN

    return replace(result, rows={name: column[:SHOWN] for name, column in result.rows.items()})


def _format(format: str | None, path: str | None, exact: bool) -> str | None:
    """Return the format of the output, npz and parquet by their suffix among them. Raises UsageError for an unknown one."""
    if path is not None and format is None:
        from pathlib import PurePath

        suffix = PurePath(path).suffix.lower()
        if path.lower().endswith(".vl.json"):
            return "vega-lite"
        if suffix in PICTURES:
            from cnncost.show.pictures import plot_format

            return plot_format(path)
        if path != "-":
            from cnncost.show.render import FILES, format_of

            if suffix not in FILES:
                known = (*FILES, *PICTURES)
                raise UsageError(
                    f"the suffix of '{path}' names no format", did_you_mean(suffix, known, f"suffixes: {', '.join(known)}")
                )
            return format_of(path)
    check_output(format, path)
    return format


def _print(result: Any, chosen: str | None, format: str | None, path: str | None, exact: bool) -> None:
    from cnncost.show.tables import sweep as output

    if chosen not in ROWS:
        show(output.sweep_table(result, exact), format, path)
        return
    from cnncost.show import sweepfiles

    write = sweepfiles.WRITERS[chosen]
    if path is None or path == "-":
        sys.stdout.flush()
        write(result, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    with replacing(path) as file:
        write(result, file)
    describe(path, chosen, lambda: sweepfiles.described(result))
    for line in output.notes(result):
        click.echo(line, err=True)


@contextmanager
def _place(path: str | None, every: bool) -> Iterator[str | None]:
    """Give the path beside the output where finished work is kept; a temporary one for rows that go to standard output."""
    if path is not None and path != "-":
        yield f"{path}.part"
    elif every:
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="cnncost-") as folder:
            yield f"{folder}/part"
    else:
        yield None


def _remove(part: str) -> None:
    import os
    from contextlib import suppress

    for suffix in (".json", ".rows", ".lock"):
        with suppress(OSError):
            os.unlink(part + suffix)


def _team(jobs: int, dask: str | None) -> Team | None:
    """Return what opens the workers that are asked for; none for work in this process."""
    if dask is None and jobs == 1:
        return None
    import re

    from cnncost.questions.sweep.workers import dask_cluster, processes

    if dask is not None:
        if dask != "local" and not re.fullmatch(r"([a-z]+://)?[^/\s]+:[0-9]+/?", dask):
            raise UsageError(f"--dask '{dask}' is no address", "write tcp://HOST:PORT, or local")
        return dask_cluster(dask, jobs, lambda text: click.echo(text, err=True))
    return processes(jobs)


@contextmanager
def _ended_by_signals() -> Iterator[list[int]]:
    """Have TERM and HUP end the work as Ctrl-C does, so that nothing is left behind; give the list of those that came."""
    import signal
    import threading

    came: list[int] = []
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        names = []

    def end(number: int, frame: object) -> None:
        came.append(number)
        raise KeyboardInterrupt

    before = {name: signal.signal(getattr(signal, name), end) for name in names}
    try:
        yield came
    except KeyboardInterrupt:
        if came:
            raise click.exceptions.Exit(128 + came[0]) from None
        raise
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


@contextmanager
def _told(asked: bool) -> Iterator[tuple[Callable[[int, int], None] | None, Callable[[Forecast], None]]]:
    """Give what is told how far the work has come, and what it will take.

    On a terminal a bar, once the work takes its time; in a log a line every half minute; in a pipe nothing, unless asked for.
    """
    import os
    import stat

    if sys.stderr.isatty():
        with _bar() as advance:
            yield advance, _foretell
        return
    try:
        in_file = stat.S_ISREG(os.fstat(sys.stderr.fileno()).st_mode)
    except (OSError, ValueError):
        in_file = False
    yield (_lines() if asked or in_file else None), _foretell


def _foretell(told: Forecast) -> None:
    """Say what a sweep of more than a minute will take, and how to shorten it."""
    if told.seconds < LONG:
        return
    rows = "" if told.rows is None or told.bytes is None else f", some {told.rows:,} rows ({told.bytes / 2**20:,.0f} MiB)"
    click.echo(f"{told.candidates:,} candidates by {told.method}: about {_duration(told.seconds)}{rows}", err=True)
    click.echo("  to shorten it: fewer values along --over, --jobs N or --dask, --sample N", err=True)


def _duration(seconds: float) -> str:
    for unit, size in (("years", 31_557_600), ("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:,.0f} seconds"


def _lines() -> Callable[[int, int], None]:
    """Return what writes a line every half minute."""
    import time

    begun = last = time.monotonic()

    def advance(done: int, size: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= EVERY and done < size:
            last = now
            left = _duration((now - begun) * (size - done) / max(1, done))
            click.echo(f"{done:,} of {size:,} candidates ({100 * done // size} %), about {left} left", err=True)

    return advance


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """Give what draws a bar with rate and remaining time."""
    import time

    begun = time.monotonic()
    bar: Any = None
    task: Any = None

    def advance(done: int, size: int) -> None:
        nonlocal bar, task
        if bar is None:
            if time.monotonic() - begun < PATIENCE or done == size:
                return
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

            columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
            bar = Progress(*columns, console=Console(stderr=True), transient=True)
            bar.start()
            task = bar.add_task("", total=size, rate="")
        from cnncost.base.units import short

        rate = int(done / max(1e-3, time.monotonic() - begun))
        bar.update(task, completed=done, rate=f"{short(rate)} candidates/s")

    try:
        yield advance
    finally:
        if bar is not None:
            bar.stop()
