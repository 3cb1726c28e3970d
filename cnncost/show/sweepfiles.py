"""Sweeps as files: rows by the million, a batch at a time, each column with its type, and beside them what was asked.

The head of a sweep (model, settings, input, batch, convention, version, digest, …) is part of every file: the object's first
entries in JSON, the metadata `cnncost` in Parquet, the array `cnncost` in NPZ, and a file `NAME.json` beside CSV and TSV.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from io import TextIOWrapper
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnncost.base.errors import UsageError
from cnncost.base.record import dataclass
from cnncost.models.settings import shown
from cnncost.questions.sweep.chunk import FIGURES
from cnncost.questions.sweep.query import Result
from cnncost.questions.sweep.space import Axis
from cnncost.show.tables.sweep import SCHEMA, head

BATCH = 2**16  # rows that are in memory while a file is written
NAME = "cnncost"  # of the head in files that name their parts
TEXT = "_text"  # ends the name of the column with the digits that a fraction was given in

Array = NDArray[Any]
Kind = Literal["integer", "wide", "fraction", "flag", "integers", "text"]


@dataclass(frozen=True)
class Field:
    """A column of a file."""

    name: str
    kind: Kind
    source: Axis | str  # an axis, or the key of a figure
    values: tuple[Any, ...] = ()  # of an axis that is no range of numbers
    beside: bool = False  # whether it only has the digits of the column before it

    def read(self, result: Result, start: int, stop: int) -> Any:
        """Return some rows of it: an array, or a list of lists."""
        if isinstance(self.source, str):
            return np.asarray(result.rows[self.source][start:stop])
        axis = self.source
        index = np.asarray(result.rows["index"][start:stop])
        places = result.space.places(axis, index)
        if isinstance(axis.values, range):
            return np.asarray(axis.values.start + axis.values.step * places)
        if self.kind == "integers":
            return [self.values[place] for place in places]
        return np.array(self.values)[places.astype(np.intp)]


def fields(result: Result) -> list[Field]:
    """Return the columns of a sweep's file. A fraction is a float64, and its digits as a text in a column beside it."""
    found: list[Field] = []
    axes = {axis.name: axis for axis in result.space.axes}
    for name in result.axes:
        axis = axes[name]
        values = tuple(axis.values) if not isinstance(axis.values, range) else ()
        texts = tuple(map(shown, values))
        if axis.whole:
            found.append(Field(name, "integer", axis, values))
        elif all(type(value) is bool for value in values):
            found.append(Field(name, "flag", axis, values))
        elif axis.numeric:
            found.append(Field(name, "fraction", axis, tuple(map(float, values))))
            found.append(Field(name + TEXT, "text", axis, texts, beside=True))
        elif all(isinstance(value, tuple) and all(type(part) is int for part in value) for value in values):
            found.append(Field(name, "integers", axis, tuple(map(list, values))))
        else:
            found.append(Field(name, "text", axis, texts))
    return found + [Field(key, "wide" if result.rows[key].dtype == object else "integer", key) for key in FIGURES]


def described(result: Result) -> str:
    """Return the head of a sweep as JSON."""
    return json.dumps({"schema": SCHEMA, **head(result)}, ensure_ascii=False)


def _batches(result: Result, columns: list[Field]) -> Iterator[list[Any]]:
    for start in range(0, len(result), BATCH):
        yield [column.read(result, start, start + BATCH) for column in columns]


def write_csv(result: Result, file: IO[bytes], delimiter: str = ",") -> None:
    """Write the rows as comma-separated values, settings as `--set` takes them."""
    import csv

    columns = [column for column in fields(result) if column.kind != "fraction"]  # whose digits stand in the next one
    text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow([column.source if isinstance(column.source, str) else column.source.name for column in columns])
    for batch in _batches(result, columns):
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
    for batch in _batches(result, columns):
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
    """Write one NumPy array per column, as numpy.load reads them; lists of one length have two axes, others are texts."""
    from zipfile import ZipFile

    columns = fields(result)
    if any(column.kind == "wide" for column in columns):
        raise UsageError(
            "a figure passes 2^63, which .npz files cannot hold", "name a file .parquet, .csv or .json, or keep fewer: --top N"
        )
    with ZipFile(file, "w") as archive:
        with archive.open(f"{NAME}.npy", "w") as entry:
            np.lib.format.write_array(entry, np.array(described(result)))
        for column in columns:
            ragged = column.kind == "integers" and len({len(value) for value in column.values}) > 1
            first = _plain(column, column.read(result, 0, 1), ragged)
            widest = max((len(shown(tuple(value))) for value in column.values), default=1) if ragged else 0
            dtype = np.dtype(f"<U{widest}") if ragged else first.dtype
            with archive.open(f"{column.name}.npy", "w", force_zip64=True) as entry:
                shape = (len(result), *first.shape[1:])
                about: Any = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_2_0(entry, about)
                for start in range(0, len(result), BATCH):
                    part = _plain(column, column.read(result, start, start + BATCH), ragged)
                    entry.write(part.astype(dtype).tobytes())


def _plain(column: Field, values: Any, ragged: bool) -> Array:
    if column.kind != "integers":
        return np.asarray(values)
    if ragged:
        return np.array([shown(tuple(value)) for value in values], dtype=str)
    return np.array(values, dtype=np.int64).reshape(-1, len(column.values[0]))


def write_parquet(result: Result, file: IO[bytes]) -> None:
    """Write the rows as Parquet, with pyarrow: integers past 2^63 as decimals of 38 digits."""
    need_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "integer": pa.int64(),
        "wide": pa.decimal128(38, 0),
        "fraction": pa.float64(),
        "flag": pa.bool_(),
        "integers": pa.list_(pa.int64()),
        "text": pa.string(),
    }
    columns = fields(result)
    schema = pa.schema([(column.name, types[column.kind]) for column in columns], metadata={NAME: described(result)})
    with pq.ParquetWriter(file, schema) as writer:
        for batch in _batches(result, columns):
            arrays = [
                pa.array(_arrow(column.kind, values), type=types[column.kind])
                for column, values in zip(columns, batch, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def _arrow(kind: Kind, values: Any) -> Any:
    if kind == "wide":
        if max(map(int, values), default=0) >= 10**38:
            raise UsageError("a figure passes 10^38, which .parquet files cannot hold", "name a file .csv or .json")
        return [Decimal(int(value)) for value in values]
    return values.tolist() if kind == "text" else values


def need_pyarrow() -> None:
    """Raise UsageError where pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise UsageError("Parquet files need pyarrow", "install it: pip install 'cnncost[sweep]'") from None


WRITERS: dict[str, Callable[[Result, IO[bytes]], None]] = {
    "csv": write_csv,
    "tsv": write_tsv,
    "json": write_json,
    "npz": write_npz,
    "parquet": write_parquet,
}
DESCRIBED_BESIDE = ("csv", "tsv")  # formats that cannot say what they are
