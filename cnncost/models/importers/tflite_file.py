"""What stands in a TensorFlow Lite file: a flatbuffer of tensors and operators, read by struct alone, every offset checked.

Source: tensorflow/lite/schema/schema.fbs of tflite-micro at 6cdf0d7; flatbuffers.dev, "FlatBuffer Internals".
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from cnncost.base.errors import UsageError
from cnncost.base.record import dataclass
from cnncost.models.importers import Data

MAGIC = b"TFL3"
LARGEST_CONSTANT = 4096  # numbers of a constant that are looked at: sizes, axes, pads; weights are not
MOST_NUMBERS = 1 << 40  # of a tensor
# The builtin operators by number, as far as they are mapped or named in messages.
OPERATORS = (
    "ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR "
    "FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM "
    "MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS "
    "SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND "
    "SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN "
    "EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 "
    "GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG "
    "SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT "
    "UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU "
    "SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE "
    "MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 "
    "SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL"
)
NAMES = dict(enumerate(OPERATORS.split())) | {128: "CUMSUM", 129: "CALL_ONCE", 130: "BROADCAST_TO", 132: "CONV_3D", 150: "GELU"}
NAMES |= {
    140: "REDUCE_ALL",
    141: "CONV_3D_TRANSPOSE",
    142: "VAR_HANDLE",
    143: "READ_VARIABLE",
    144: "ASSIGN_VARIABLE",
    158: "SIGN",
}
TYPES = {
    0: "float32",
    1: "float16",
    2: "int32",
    3: "uint8",
    4: "int64",
    6: "bool",
    7: "int16",
    9: "int8",
    10: "float64",
    17: "int4",
}
INTEGERS = {2: "i", 4: "q"}  # types of the constants that state sizes


@dataclass(frozen=True, slots=True)
class Variable:
    """A tensor of a file: its shape there, the batch first; None where a size is open."""

    name: str
    shape: tuple[int | None, ...]
    type: int
    constant: bool  # whether its numbers stand in the file
    values: tuple[int, ...] | None  # of a short constant of whole numbers


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: its name, the tensors it reads (-1: none) and makes, and the table of its options."""

    index: int
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Table | None

    @property
    def path(self) -> str:
        """Its name in a graph: its number and what it is."""
        return f"{self.index}_{self.name.lower()}"

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"operator {self.index} ({self.name})"

    def number(self, field: int, kind: str = "i", default: int = 0) -> int:
        """Return an option by the number of its field."""
        return default if self.options is None else self.options.number(field, kind, default)


@dataclass(frozen=True, slots=True)
class Program:
    """The main graph of a file."""

    variables: tuple[Variable, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class Table:
    """A table of a flatbuffer. A field that is absent has its default; whatever points out of the file raises struct.error."""

    __slots__ = ("at", "data", "fields")

    def __init__(self, data: Data, at: int) -> None:
        self.data, self.at = data, at
        self.fields = at - self._read("i", at)

    def _read(self, kind: str, at: int) -> int:
        if at < 0:
            raise struct.error("an offset points before the file")
        return int(struct.unpack_from(f"<{kind}", self.data, at)[0])

    def _place(self, field: int) -> int:
        """Return where a field stands; 0 where it is absent."""
        entry = 4 + 2 * field
        offset = self._read("H", self.fields + entry) if entry < self._read("H", self.fields) else 0
        return self.at + offset if offset else 0

    def number(self, field: int, kind: str = "i", default: int = 0) -> int:
        """Return a number: kind b (8 bits), i (32), I (32 without a sign), Q (64 without one)."""
        place = self._place(field)
        return self._read(kind, place) if place else default

    def _target(self, field: int) -> int:
        place = self._place(field)
        return place + self._read("I", place) if place else 0

    def table(self, field: int) -> Table | None:
        """Return a table that a field points at."""
        target = self._target(field)
        return Table(self.data, target) if target else None

    def _vector(self, field: int, size: int) -> tuple[int, int]:
        """Return where a vector's entries begin and how many there are."""
        target = self._target(field)
        if not target:
            return 0, 0
        count = self._read("I", target)
        if target + 4 + count * size > len(self.data):
            raise struct.error("a vector is longer than the file")
        return target + 4, count

    def numbers(self, field: int, kind: str = "i") -> tuple[int, ...]:
        """Return a vector of numbers."""
        start, count = self._vector(field, struct.calcsize(kind))
        return struct.unpack_from(f"<{count}{kind}", self.data, start) if count else ()

    def tables(self, field: int) -> list[Table]:
        """Return a vector of tables."""
        start, count = self._vector(field, 4)
        return [Table(self.data, start + 4 * entry + self._read("I", start + 4 * entry)) for entry in range(count)]

    def bytes(self, field: int, most: int = 1 << 20) -> bytes:
        """Return a vector of bytes, or a text, up to a length."""
        start, count = self._vector(field, 1)
        return bytes(self.data[start : start + min(count, most)])

    def length(self, field: int) -> int:
        """Return how many bytes a vector of bytes has."""
        return self._vector(field, 1)[1]


def program(data: Data, name: str) -> Program:
    """Return the main graph of a file. Raises UsageError where the file is damaged."""
    try:
        return _program(Table(data, struct.unpack_from("<I", data, 0)[0]))
    except (struct.error, IndexError, OverflowError, MemoryError) as error:
        raise UsageError(f"'{name}' is a TensorFlow Lite model that cannot be read: {error}", "is the file whole?") from None


def _program(model: Table) -> Program:
    codes = []
    for code in model.tables(1):
        number = max(code.number(0, "b"), code.number(3))  # the older field has eight bits, and holds 127 for larger ones
        custom = code.bytes(1, 100).decode("utf-8", "replace")
        codes.append(f"CUSTOM:{custom}" if number == 32 else NAMES.get(number, f"BUILTIN_{number}"))
    buffers = model.tables(4)
    graph = model.tables(2)[0]
    variables = tuple(_variable(tensor, buffers) for tensor in graph.tables(0))
    operators = []
    for index, entry in enumerate(graph.tables(3)):
        inputs, outputs = entry.numbers(1), entry.numbers(2)
        for number in (*inputs, *outputs):
            if not -1 <= number < len(variables):
                raise IndexError(f"operator {index} names tensor {number}")
        operators.append(Operator(index, codes[entry.number(0, "I")], inputs, outputs, entry.table(4)))
    inputs, outputs = graph.numbers(1), graph.numbers(2)
    for number in (*inputs, *outputs):
        if not 0 <= number < len(variables):
            raise IndexError(f"the graph names tensor {number}")
    return Program(variables, tuple(operators), inputs, outputs)


def _variable(tensor: Table, buffers: Sequence[Table]) -> Variable:
    shape: tuple[Any, ...] = tensor.numbers(0)
    signature = tensor.numbers(7)
    if len(signature) == len(shape):
        shape = tuple(None if sign < 0 else size for size, sign in zip(shape, signature, strict=True))
    if any(size is not None and not 0 <= size < MOST_NUMBERS for size in shape):
        raise struct.error(f"a tensor has the shape {shape}")
    kind = tensor.number(1, "b")
    buffer = buffers[tensor.number(2, "I")]
    constant = buffer.length(0) > 0 or buffer.number(1, "Q") > 1
    values = None
    letter = INTEGERS.get(kind)
    if letter and 0 < buffer.length(0) <= LARGEST_CONSTANT * struct.calcsize(letter):
        content = buffer.bytes(0)
        count = len(content) // struct.calcsize(letter)
        values = struct.unpack_from(f"<{count}{letter}", content, 0)
    return Variable(tensor.bytes(3, 200).decode("utf-8", "replace"), shape, kind, constant, values)
