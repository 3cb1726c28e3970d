"""Rows as typed columns, for files that programs read: Parquet and NPZ.

Whole numbers are int64, past 2^63 decimals of 38 digits (in Parquet alone); fractions are float64, and a column beside has
the exact ones as text; true and false are booleans, sizes of several axes are lists, all else is text. What holds for all rows
(model, settings, convention, version, totals, …) is the metadata `cnncost` of Parquet and the array `cnncost` of NPZ, as JSON.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnncost.base.errors import UsageError
from cnncost.base.record import dataclass
from cnncost.models.settings import shown
from cnncost.show.render import need_pyarrow
from cnncost.show.table import Column, Table, described, exact, word

BATCH = 2**16  # rows that are in memory while a file is written
NAME = "cnncost"  # of what holds for all rows, in files that name their parts
TEXT = "_text"  # ends the name of the column with the digits that a fraction was given in
LONGEST = 2**63  # what int64 does not hold
DIGITS = 38  # of a decimal of Parquet
EXACT = 2**53  # up to which a float64 holds every whole number

Array = NDArray[Any]
Kind = Literal["integer", "wide", "fraction", "flag", "integers", "text"]


@dataclass(frozen=True)
class Field:
    """A column of a file: its name, its type, and its values from one row to another, None where there is none."""

    name: str
    kind: Kind
    read: Callable[[int, int], Any]
    distinct: Sequence[Any] = ()  # every value that it can have, where it holds texts or lists
    gaps: bool = False  # whether some rows have no value
    beside: bool = False  # whether it only has the digits of the column before it


@dataclass(frozen=True)
class Frame:
    """Typed columns, and what holds for all rows as JSON."""

    fields: Sequence[Field]
    length: int
    head: str

    def batches(self) -> Iterator[list[Any]]:
        """Iterate over the rows, so many at once, a column each."""
        for start in range(0, self.length, BATCH):
            yield [field.read(start, min(start + BATCH, self.length)) for field in self.fields]


def frame(table: Table) -> Frame:
    """Return the rows of a table as typed columns; its total is part of what holds for all rows."""
    table = table.undrawn()
    found: dict[str, Field] = {}
    for index, column in enumerate(table.columns):
        for field in _fields(column, [row[index] for row in table.rows]):
            name = next(name for name in _names(field.name) if name not in (NAME, *found))
            found[name] = replace(field, name=name)
    return Frame(list(found.values()), len(table.rows), _sound(described(table)))


def _names(name: str) -> Iterator[str]:
    """Iterate over names for a column, the first of which no other has: name, name_2, name_3, …"""
    yield name
    yield from (f"{name}_{number}" for number in count(2))


def _sound(text: str) -> str:
    """Return text that UTF-8 can hold: names of files may have bytes that are no text."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _fields(column: Column, cells: Sequence[Any]) -> Iterator[Field]:
    """Iterate over the columns of a file that one of a table makes."""
    values = [exact(cell) for cell in cells]
    kind = _kind(column, [value for value in values if value is not None])
    if kind == "fraction":
        yield _listed(column.key, kind, [None if value is None else float(value) for value in values])
        if any(isinstance(cell, Fraction) for cell in cells):
            texts = [None if cell is None else str(cell) for cell in cells]
            yield _listed(column.key + TEXT, "text", texts, beside=True)
    elif kind == "integers":
        lists = [None if value is None else list(value) if isinstance(value, tuple) else [value] for value in values]
        yield _listed(column.key, kind, lists)
    elif kind == "text":
        yield _listed(column.key, kind, [None if cell is None else _sound(word(cell)) for cell in cells])
    else:
        yield _listed(column.key, kind, values)


def _listed(name: str, kind: Kind, values: list[Any], beside: bool = False) -> Field:
    present = [value for value in values if value is not None]
    return Field(name, kind, lambda start, stop: values[start:stop], present, len(present) < len(values), beside)


def _kind(column: Column, values: Sequence[Any]) -> Kind:
    """Return the type of a column; its unit decides where there are no values, or where some fractions are whole."""
    if column.unit in ("ratio", "share", "change"):
        return "fraction"
    if not values:
        return "integer" if column.unit in ("count", "bytes") else "text"
    types = set(map(type, values))
    if types == {bool}:
        return "flag"
    if types == {int}:
        return "integer" if all(-LONGEST <= value < LONGEST for value in values) else "wide"
    if types <= {int, float, Fraction}:
        return "fraction"
    if types <= {int, tuple} and all(type(part) is int for value in values if isinstance(value, tuple) for part in value):
        return "integers"
    return "text"


def write_npz(frame: Frame, file: IO[bytes]) -> None:
    """Write one NumPy array per column, as numpy.load reads them.

    Lists of one length have two axes, others are texts. Where some rows have no value, numbers are float64 with NaN there.
    """
    from zipfile import ZipFile

    layouts = [_layout(field) for field in frame.fields]
    with ZipFile(file, "w") as archive:
        with archive.open(f"{NAME}.npy", "w") as entry:
            np.lib.format.write_array(entry, np.array(frame.head))
        for field, (dtype, axes) in zip(frame.fields, layouts, strict=True):
            with archive.open(f"{field.name}.npy", "w", force_zip64=True) as entry:
                descr = np.lib.format.dtype_to_descr(dtype)
                about: Any = {"descr": descr, "fortran_order": False, "shape": (frame.length, *axes)}
                np.lib.format.write_array_header_2_0(entry, about)
                for start in range(0, frame.length, BATCH):
                    entry.write(_array(field, start, min(start + BATCH, frame.length), dtype).tobytes())


def _layout(field: Field) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Return the type of a column's entries in NPZ, and the axes of an entry."""
    if field.kind == "wide" or (field.gaps and field.kind == "integer" and any(abs(value) > EXACT for value in field.distinct)):
        power = "2^63" if field.kind == "wide" else "2^53 in a column with gaps"
        raise UsageError(f"a figure passes {power}, which .npz files cannot hold", "name a file .parquet, .csv or .json")
    if field.kind == "fraction" or (field.gaps and field.kind == "integer"):
        return np.dtype(np.float64), ()
    if field.kind == "integer":
        return np.dtype(np.int64), ()
    if field.kind == "flag" and not field.gaps:
        return np.dtype(bool), ()
    if field.kind == "integers" and not field.gaps and len(lengths := set(map(len, field.distinct))) == 1:
        return np.dtype(np.int64), (lengths.pop(),)
    return np.dtype(f"<U{max((len(_text(value)) for value in field.distinct), default=1) or 1}"), ()


def _array(field: Field, start: int, stop: int, dtype: np.dtype[Any]) -> Array:
    """Return some rows of a column as an array of a type."""
    values = field.read(start, stop)
    if isinstance(values, np.ndarray):
        return values.astype(dtype)
    if dtype.kind == "U":
        return np.array(["" if value is None else _text(value) for value in values], dtype=dtype)
    return np.array([math.nan if value is None else value for value in values], dtype=dtype)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(shown(tuple(value) if isinstance(value, list) else value))


def write_parquet(frame: Frame, file: IO[bytes]) -> None:
    """Write the rows as Parquet, with pyarrow: integers past 2^63 as decimals of 38 digits."""
    need_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "integer": pa.int64(),
        "wide": pa.decimal128(DIGITS, 0),
        "fraction": pa.float64(),
        "flag": pa.bool_(),
        "integers": pa.list_(pa.int64()),
        "text": pa.string(),
    }
    schema = pa.schema([(field.name, types[field.kind]) for field in frame.fields], metadata={NAME: frame.head})
    with pq.ParquetWriter(file, schema) as writer:
        for batch in frame.batches():
            arrays = [
                pa.array(_arrow(field.kind, values), type=types[field.kind])
                for field, values in zip(frame.fields, batch, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def _arrow(kind: Kind, values: Any) -> Any:
    if kind == "wide":
        if any(value is not None and abs(int(value)) >= 10**DIGITS for value in values):
            raise UsageError(f"a figure passes 10^{DIGITS}, which .parquet files cannot hold", "name a file .csv or .json")
        return [None if value is None else Decimal(int(value)) for value in values]
    return values.tolist() if kind == "text" and isinstance(values, np.ndarray) else values


WRITERS: dict[str, Callable[[Frame, IO[bytes]], None]] = {"npz": write_npz, "parquet": write_parquet}
