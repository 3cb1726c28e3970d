"""Tensors and graphs of an ONNX file as data: names, types and sizes, the numbers of small tensors.

Source: onnx/onnx.proto of ONNX 1.23.
"""

from __future__ import annotations

import math
import struct
from dataclasses import field
from typing import Any

from cnncost.base.record import dataclass
from cnncost.models.importers import Data
from cnncost.models.importers.naming import Module, named
from cnncost.models.importers.protobuf import BYTES, Span, WireError, fields, floats, integers, signed, text
from cnncost.models.importers.records import Record

SMALL = 4096  # numbers of a tensor that are worth decoding: sizes, axes, scales
FORMATS = {  # data types, as the letters of struct and their size
    1: ("f", 4),
    2: ("B", 1),
    3: ("b", 1),
    4: ("H", 2),
    5: ("h", 2),
    6: ("i", 4),
    7: ("q", 8),
    9: ("?", 1),
    10: ("e", 2),
    11: ("d", 8),
    12: ("I", 4),
    13: ("Q", 8),
}
FLOATS = (1, 10, 11, 16)  # float32, float16, float64, bfloat16
UNKNOWN = None  # a size that the file leaves open


@dataclass(slots=True)
class Tensor:
    """A TensorProto: sizes and type, and where its numbers are."""

    name: str = ""
    dims: tuple[int, ...] = ()
    type: int = 0
    raw: Span | None = None
    given: list[Any] = field(default_factory=list)  # numbers that stand one by one
    external: bool = False
    whole: bool = True  # whether `given` has been decoded


@dataclass(slots=True)
class Graph:
    """A GraphProto: of a model, or of a branch."""

    nodes: list[Record] = field(default_factory=list)
    modules: list[Module] = field(default_factory=list)
    weights: dict[str, Tensor] = field(default_factory=dict)
    inputs: dict[str, tuple[Any, ...] | None] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    shapes: dict[str, tuple[Any, ...]] = field(default_factory=dict)  # that the file states of values, right or wrong

    @property
    def records(self) -> tuple[Record, ...]:
        """The nodes, named, as a branch has them."""
        return tuple(named(list(zip(self.nodes, self.modules, strict=True))))


def tensor_of(data: Data, span: Span) -> Tensor:
    """Return a TensorProto. Raises WireError for one of too many axes, or of sizes below 0."""
    found = Tensor()
    dims: list[int] = []
    for number, wire, value, inner in fields(data, span):
        if number == 1:
            dims += integers(data, wire, value, inner)
        elif number == 2:
            found.type = value
        elif number == 8:
            found.name = text(data, inner)
        elif number == 9:
            found.raw = inner
        elif number == 14:
            found.external = value == 1
        elif number in (4, 5, 7, 10):
            found.given.append((number, wire, value, inner))
    if len(dims) > 64 or any(not 0 <= dim <= 10**12 for dim in dims):
        raise WireError(f"a tensor of {len(dims)} axes, or of sizes below 0")
    found.dims = tuple(dims)
    return found


def sparse_of(data: Data, span: Span) -> Tensor:
    """Return a SparseTensorProto as a tensor whose numbers are not known: all of its places are weights."""
    found, dims = Tensor(), []
    for number, wire, value, inner in fields(data, span):
        if number == 1:
            found = tensor_of(data, inner)
        elif number == 3:
            dims += integers(data, wire, value, inner)
    return Tensor(found.name, tuple(dims), found.type, external=True)


def value_of(data: Data, span: Span) -> tuple[str, tuple[Any, ...] | None]:
    """Return a ValueInfo: its name, and the sizes of its tensor, None for those left open."""
    name, sizes = "", None
    for number, _, _, inner in fields(data, span):
        if number == 1:
            name = text(data, inner)
        elif number == 2:
            for n, _, _, tensor in fields(data, inner):
                if n == 1:
                    for m, _, _, shape in fields(data, tensor):
                        if m == 2:
                            sizes = tuple(_size(data, dim) for k, _, _, dim in fields(data, shape) if k == 1)
                    sizes = () if sizes is None else sizes
    return name, sizes


def _size(data: Data, span: Span) -> Any:
    """Return a size: a number, a name that stands for one, or nothing."""
    for number, _, value, inner in fields(data, span):
        if number == 1 and 0 < signed(value) <= 10**12:
            return value
        if number == 2 and text(data, inner) not in ("", "?"):
            return text(data, inner)
    return UNKNOWN


def pair_of(data: Data, span: Span) -> tuple[str, str]:
    """Return a key and a value."""
    found = ["", ""]
    for number, kind, _, inner in fields(data, span):
        if number in (1, 2) and kind == BYTES:
            found[number - 1] = text(data, inner)
    return found[0], found[1]


def decoded(data: Data, tensor: Tensor) -> list[Any] | None:
    """Return the numbers of a small tensor; None for a large one, and for what is not in the file."""
    count = math.prod(tensor.dims)
    if count > SMALL or tensor.external or tensor.type not in FORMATS:
        return None
    letter, size = FORMATS[tensor.type]
    if tensor.raw is not None:
        start, end = tensor.raw
        if end - start < count * size:
            return None
        return list(struct.unpack(f"<{count}{letter}", data[start : start + count * size]))
    found: list[Any] = []
    for number, wire, value, span in tensor.given:
        if number == 4:
            found += floats(data, span)
        elif number == 10:
            found += struct.unpack(f"<{(span[1] - span[0]) // 8}d", data[span[0] : span[0] + (span[1] - span[0]) // 8 * 8])
        else:
            found += integers(data, wire, value, span)
    if tensor.type == 9:
        found = [bool(number) for number in found]
    return found if len(found) == count else None
