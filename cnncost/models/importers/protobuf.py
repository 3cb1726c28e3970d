"""Protocol Buffers' wire format, as far as ONNX needs it: fields by their number, without a schema and without copies.

A field of bytes is yielded as its place in the file, so that gigabytes of weights are passed over by their length alone.
Source: protobuf.dev, "Encoding".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TypeAlias

from cnncost.models.importers import Data

Span: TypeAlias = tuple[int, int]  # where a field's bytes are: from, to before
MOST_NUMBERS = 2**20  # of a list that is read
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # types of the wire


class WireError(ValueError):
    """Bytes that are no message."""


def varint(data: Data, place: int, end: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, the lowest first, and the place behind it."""
    number = shift = 0
    while place < end:
        byte = data[place]
        place += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, place
        shift += 7
        if shift > 63:
            raise WireError("a number of more than ten bytes")
    raise WireError("cut off inside a number")


def fields(data: Data, span: Span) -> Iterator[tuple[int, int, int, Span]]:
    """Iterate over the fields of a message: number, type, the value of a varint, and the place of everything else."""
    place, end = span
    while place < end:
        key = data[place]  # almost all keys are one byte
        place += 1
        if key > 127:
            key, place = varint(data, place - 1, end)
        kind = key & 7
        if kind == BYTES:
            length = data[place] if place < end else 0
            place += 1
            if length > 127 or place > end:
                length, place = varint(data, place - 1, end)
            if place + length > end:
                raise WireError("cut off inside a field")
            yield key >> 3, kind, 0, (place, place + length)
            place += length
        elif kind == VARINT:
            value, place = varint(data, place, end)
            yield key >> 3, kind, value, (place, place)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
            if place + size > end:
                raise WireError("cut off inside a number")
            yield key >> 3, kind, 0, (place, place + size)
            place += size
        else:
            raise WireError(f"there is no type {kind}")


def text(data: Data, span: Span) -> str:
    """Return a field of bytes as text."""
    return bytes(data[span[0] : span[1]]).decode("utf-8", "replace")


def signed(number: int) -> int:
    """Return a varint as the integer of 64 bits that it stands for."""
    number &= (1 << 64) - 1
    return number - (1 << 64) if number >> 63 else number


def integers(data: Data, kind: int, value: int, span: Span) -> list[int]:
    """Return the integers of a repeated field, packed or one by one."""
    if kind == VARINT:
        return [signed(value)]
    found = []
    place, end = span
    _require_few(end - place)
    while place < end:
        number, place = varint(data, place, end)
        found.append(signed(number))
    return found


def _require_few(count: int) -> None:
    """Raise WireError for more numbers than an attribute has: those of weights are never read."""
    if count > MOST_NUMBERS:
        raise WireError(f"a list of {count:,} numbers")


def floats(data: Data, span: Span) -> list[float]:
    """Return the numbers of a repeated field of 32 bits each, packed or one."""
    count = (span[1] - span[0]) // 4
    _require_few(count)
    return list(struct.unpack(f"<{count}f", data[span[0] : span[0] + 4 * count]))
