"""What a sweep shows and writes: a table for people, and rows by the million to files, a batch at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import TextIOWrapper
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from cnncost.base.errors import UsageError
from cnncost.models.settings import shown
from cnncost.questions.sweep.chunk import FIGURES
from cnncost.questions.sweep.query import Result
from cnncost.show.table import Column, Table
from cnncost.show.tables.columns import FIGURE_COLUMNS

BATCH = 2**16  # rows that are in memory while a file is written
REASONS_SHOWN = 5


def sweep_table(result: Result, exact: bool = False) -> Table:
    """Return the table of a sweep's rows, with what was counted in the notes."""
    columns = tuple(Column(name, name, "number", priority=1) for name in result.axes)
    late = {"macs": 5, "activation_bytes": 4}  # what goes first on a narrow terminal
    figures = tuple(replace(FIGURE_COLUMNS[figure], priority=late.get(figure, 0)) for figure in FIGURES)
    rows = [result.row(place) for place in range(len(result))]
    cells = tuple(tuple(_cell(value) for value in row.values()) for row in rows)
    return Table(
        (*columns, *figures), cells, title=result.space.model.name, notes=tuple(notes(result)), data=data(result), exact=exact
    )


def notes(result: Result) -> Iterator[str]:
    """Iterate over the lines below the table: counts, method, and why candidates were invalid."""
    shown, query = len(result), result.query
    if shown < result.matching:
        kind = f"the front of {query.pareto}" if query.pareto else f"by {query.sort or 'flops'}"
        yield f"{shown:,} of {result.matching:,} rows: {kind}"
    state = "" if result.complete else f", interrupted after {result.candidates:,}"
    counted = f"{result.space.size:,} candidates{state}, {result.valid:,} valid, {result.matching:,} matching"
    yield f"{counted}; {result.method}"
    yield f"{query.dtype}; {result.convention.name}: {result.convention.states}"
    if not result.valid:
        yield "no candidate can be built"
    elif not result.matching:
        yield "no candidate meets the condition"
    invalid = sorted(result.reasons.values(), key=lambda reason: (-reason.count, reason.first))
    for reason in invalid[:REASONS_SHOWN]:
        yield f"invalid, {reason.count:,}: {reason.message} (with {_settings(result, reason.first)})"
    if len(invalid) > REASONS_SHOWN:
        yield f"invalid for {len(invalid) - REASONS_SHOWN} more reasons: {sum(r.count for r in invalid[REASONS_SHOWN:]):,}"


def data(result: Result) -> dict[str, Any]:
    """Return the sweep as plain data: the object that the json format prints (cnncost.sweep/1)."""
    return {**_head(result), "rows": [result.row(place) for place in range(len(result))]}


def _head(result: Result) -> dict[str, Any]:
    query = result.query
    return {
        "schema": "cnncost.sweep/1",
        "model": result.space.model.name,
        "over": list(query.over),
        "where": query.where,
        "dtype": query.dtype,
        "convention": query.convention,
        "candidates": result.candidates,
        "valid": result.valid,
        "matching": result.matching,
        "method": result.method,
        "seconds": round(result.seconds, 3),
        "complete": result.complete,
        "invalid": [
            {"count": reason.count, "reason": reason.message, "example": _named(result, reason.first)}
            for reason in sorted(result.reasons.values(), key=lambda reason: (-reason.count, reason.first))
        ],
    }


def _named(result: Result, index: int) -> dict[str, Any]:
    values = result.space.values(index)
    return {name: values[name] for name in result.axes}


def _settings(result: Result, index: int) -> str:
    return " ".join(f"{name}={shown(value)}" for name, value in _named(result, index).items())


def _cell(value: Any) -> Any:
    return shown(value) if isinstance(value, (tuple, bool)) or value is None else value


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def column(result: Result, name: str, start: int, stop: int) -> NDArray[Any]:
    """Return some rows of one column: integers, or texts as people write them."""
    if name in FIGURES:
        return np.asarray(result.rows[name][start:stop])
    index = np.asarray(result.rows["index"][start:stop])
    for axis in reversed(result.space.axes):
        index, place = index // len(axis.values), index % len(axis.values)
        if axis.name == name:
            if isinstance(axis.values, range):
                return np.asarray(axis.values.start + axis.values.step * place)
            values = axis.values if axis.whole else [shown(value) for value in axis.values]
            return np.asarray(np.array(values)[place.astype(np.intp)])
    raise KeyError(name)


def _batches(result: Result) -> Iterator[list[NDArray[Any]]]:
    for start in range(0, len(result), BATCH):
        yield [column(result, name, start, start + BATCH) for name in (*result.axes, *FIGURES)]


def write_csv(result: Result, file: IO[bytes], delimiter: str = ",") -> None:
    """Write the rows as comma-separated values."""
    import csv

    text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow([*result.axes, *FIGURES])
    for batch in _batches(result):
        writer.writerows(zip(*(values.tolist() for values in batch), strict=True))
    text.detach()


def write_tsv(result: Result, file: IO[bytes]) -> None:
    """Write the rows as tab-separated values."""
    write_csv(result, file, "\t")


def write_json(result: Result, file: IO[bytes]) -> None:
    """Write the sweep as one JSON object, a row a line."""
    head = json.dumps(_head(result), indent=2, ensure_ascii=False).removesuffix("\n}")
    file.write(f'{head},\n  "rows": ['.encode())
    names = (*result.axes, *FIGURES)
    mark = "\n    "
    places = {axis.name: axis for axis in result.space.axes}
    for batch in _batches(result):
        lists = [values.tolist() for values in batch]
        for at, name in enumerate(result.axes):  # lists and true or false as such, not as texts
            if not places[name].whole:
                by_text = {shown(value): value for value in places[name].values}
                lists[at] = [by_text[text] for text in lists[at]]
        for row in zip(*lists, strict=True):
            file.write((mark + json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False)).encode())
            mark = ",\n    "
    file.write(b"\n  ]\n}\n" if len(result) else b"]\n}\n")


def write_npz(result: Result, file: IO[bytes]) -> None:
    """Write one NumPy array per column, as numpy.load reads them."""
    from zipfile import ZipFile

    _need_int64(result, ".npz")
    with ZipFile(file, "w") as archive:
        for name in (*result.axes, *FIGURES):
            dtype = column(result, name, 0, 1).dtype if len(result) else np.dtype(np.int64)
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                header: Any = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (len(result),)}
                np.lib.format.write_array_header_2_0(entry, header)
                for start in range(0, len(result), BATCH):
                    entry.write(column(result, name, start, start + BATCH).astype(dtype).tobytes())


def write_parquet(result: Result, file: IO[bytes]) -> None:
    """Write the rows as Parquet, with pyarrow."""
    _need_int64(result, ".parquet")
    need_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = (*result.axes, *FIGURES)
    whole = {axis.name: axis.whole for axis in result.space.axes}
    schema = pa.schema([(name, pa.int64() if whole.get(name, True) else pa.string()) for name in names])
    with pq.ParquetWriter(file, schema) as writer:
        for batch in _batches(result):
            arrays = [
                pa.array(v.tolist() if v.dtype.kind == "U" else v, type=field.type)
                for v, field in zip(batch, schema, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def need_pyarrow() -> None:
    """Raise UsageError where pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise UsageError("Parquet files need pyarrow", "install it: pip install 'cnncost[sweep]'") from None


def _need_int64(result: Result, suffix: str) -> None:
    if any(result.rows[figure].dtype == object for figure in FIGURES):
        raise UsageError(f"a figure passes 2^63, which {suffix} files cannot hold", "write .csv or .json")


WRITERS: dict[str, Callable[[Result, IO[bytes]], None]] = {
    "csv": write_csv,
    "tsv": write_tsv,
    "json": write_json,
    "npz": write_npz,
    "parquet": write_parquet,
}
