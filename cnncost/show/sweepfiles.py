"""Sweeps as files: rows by the million, a batch at a time, each column with its type, and beside them what was asked.

The head of a sweep (model, settings, input, batch, convention, version, digest, …) is part of every file: the object's first
entries in JSON, the metadata `cnncost` in Parquet, the array `cnncost` in NPZ, and a file `NAME.json` beside CSV and TSV.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from io import TextIOWrapper
from typing import IO, Any

import numpy as np

from cnncost.base.errors import UsageError
from cnncost.models.settings import shown
from cnncost.questions.sweep.query import Result
from cnncost.questions.sweep.space import Axis
from cnncost.show import frame
from cnncost.show.frame import TEXT, Field, Frame, Kind
from cnncost.show.tables.sweep import SCHEMA, head


def fields(result: Result) -> list[Field]:
    """Return the columns of a sweep's file. A fraction is a float64, and its digits as a text in a column beside it."""
    found: list[Field] = []
    axes = {axis.name: axis for axis in result.space.axes}
    for name in result.axes:
        axis = axes[name]
        values = tuple(axis.values) if not isinstance(axis.values, range) else ()
        texts = tuple(map(shown, values))
        if axis.whole:
            found.append(_along(result, axis, name, "integer", values))
        elif all(type(value) is bool for value in values):
            found.append(_along(result, axis, name, "flag", values))
        elif axis.numeric:
            found.append(_along(result, axis, name, "fraction", tuple(map(float, values))))
            found.append(_along(result, axis, name + TEXT, "text", texts, beside=True))
        elif all(isinstance(value, tuple) and all(type(part) is int for part in value) for value in values):
            found.append(_along(result, axis, name, "integers", tuple(map(list, values))))
        else:
            found.append(_along(result, axis, name, "text", texts))
    return found + [_figure(result, key) for key in result.query.figures]


def _figure(result: Result, key: str) -> Field:
    column = result.rows[key]
    return Field(key, "wide" if column.dtype == object else "integer", lambda start, stop: np.asarray(column[start:stop]))


def _along(result: Result, axis: Axis, name: str, kind: Kind, values: tuple[Any, ...], beside: bool = False) -> Field:
    """Return the column of what candidates have along an axis: one of its `values`, or a number of its range."""
    entries = values if kind == "integers" else np.array(values)

    def read(start: int, stop: int) -> Any:
        places = result.space.places(axis, np.asarray(result.rows["index"][start:stop]))
        if isinstance(axis.values, range):
            return np.asarray(axis.values.start + axis.values.step * places)
        return [entries[place] for place in places] if kind == "integers" else entries[places.astype(np.intp)]

    return Field(name, kind, read, values, beside=beside)


def framed(result: Result) -> Frame:
    """Return a sweep as typed columns."""
    return Frame(fields(result), len(result), described(result))


def described(result: Result) -> str:
    """Return the head of a sweep as JSON."""
    return json.dumps({"schema": SCHEMA, **head(result)}, ensure_ascii=False)


def write_csv(result: Result, file: IO[bytes], delimiter: str = ",") -> None:
    """Write the rows as comma-separated values, settings as `--set` takes them."""
    import csv

    columns = [column for column in fields(result) if column.kind != "fraction"]  # whose digits stand in the next one
    text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow([column.name.removesuffix(TEXT) if column.beside else column.name for column in columns])
    for batch in Frame(columns, len(result), "").batches():
        lists = [
            list(map(shown, map(tuple, values))) if column.kind == "integers" else values.tolist()
            for column, values in zip(columns, batch, strict=True)
        ]
        for at, column in enumerate(columns):
            if column.kind == "flag":
                lists[at] = list(map(shown, lists[at]))
        writer.writerows(zip(*lists, strict=True))
    text.detach()


def write_tsv(result: Result, file: IO[bytes]) -> None:
    """Write the rows as tab-separated values."""
    write_csv(result, file, "\t")


def write_json(result: Result, file: IO[bytes]) -> None:
    """Write the sweep as one JSON object, a row a line."""
    opening = json.dumps({"schema": SCHEMA, **head(result)}, indent=2, ensure_ascii=False).removesuffix("\n}")
    file.write(f'{opening},\n  "rows": ['.encode())
    columns = [column for column in fields(result) if not column.beside]
    names = [column.name for column in columns]
    given = {axis.name: axis.values for axis in result.space.axes}
    mixed = {  # settings as they are, where a column is of texts
        column.name: {shown(value): value for value in given[column.name]} for column in columns if column.kind == "text"
    }
    mark = "\n    "
    for batch in Frame(columns, len(result), "").batches():
        lists = [
            values if column.kind == "integers" else values.tolist() for column, values in zip(columns, batch, strict=True)
        ]
        for at, name in enumerate(names):
            if name in mixed:
                lists[at] = [mixed[name][text] for text in lists[at]]
        for row in zip(*lists, strict=True):
            file.write((mark + json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False)).encode())
            mark = ",\n    "
    file.write(b"\n  ]\n}\n" if len(result) else b"]\n}\n")


def write_npz(result: Result, file: IO[bytes]) -> None:
    """Write one NumPy array per column."""
    try:
        frame.write_npz(framed(result), file)
    except UsageError as error:
        raise UsageError(error.message, f"{error.hint}, or keep fewer: --top N") from None


def write_parquet(result: Result, file: IO[bytes]) -> None:
    """Write the rows as Parquet."""
    frame.write_parquet(framed(result), file)


WRITERS: dict[str, Callable[[Result, IO[bytes]], None]] = {
    "csv": write_csv,
    "tsv": write_tsv,
    "json": write_json,
    "npz": write_npz,
    "parquet": write_parquet,
}
