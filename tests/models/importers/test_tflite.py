"""TensorFlow Lite's operators make the shapes that its own documents state; small files are put together here by struct."""

import struct
from typing import Any

import pytest

from cnncost.base.errors import CnncostError, ModelError, UsageError
from cnncost.graph.graph import Graph
from cnncost.models.importers import tflite
from cnncost.models.importers.tflite_file import NAMES

NUMBERS = {name: number for number, name in NAMES.items()}
FLOAT, INT = 0, 2


def flatbuffer(root: dict[int, Any]) -> bytes:
    """Return tables as a flatbuffer: by field number an int (32 bits), a list of ints or of tables, bytes, or a table."""
    out = bytearray(struct.pack("<I4s", 0, b"TFL3"))

    def table(fields: dict[int, Any]) -> int:
        entries = max(fields, default=-1) + 1
        vtable = len(out)
        out.extend(struct.pack("<HH", 4 + 2 * entries, 4 + 4 * len(fields)))
        places = {field: 4 + 4 * number for number, field in enumerate(sorted(fields))}
        out.extend(b"".join(struct.pack("<H", places.get(field, 0)) for field in range(entries)))
        start = len(out)
        out.extend(struct.pack("<i", start - vtable) + bytes(4 * len(fields)))
        for field in sorted(fields):
            value, at = fields[field], start + places[field]
            if isinstance(value, int):
                struct.pack_into("<i", out, at, value)
            else:
                struct.pack_into("<I", out, at, target(value) - at)
        return start

    def target(value: Any) -> int:
        if isinstance(value, dict):
            return table(value)
        start = len(out)
        if isinstance(value, bytes):
            out.extend(struct.pack("<I", len(value)) + value)
        elif value and isinstance(value[0], dict):
            out.extend(struct.pack("<I", len(value)) + bytes(4 * len(value)))
            for number, part in enumerate(value):
                at = start + 4 + 4 * number
                struct.pack_into("<I", out, at, table(part) - at)
        else:
            out.extend(struct.pack(f"<I{len(value)}i", len(value), *value))
        return start

    struct.pack_into("<I", out, 0, table(root))
    return bytes(out)


def model(
    op: str,
    shape: list[int],
    out: list[int],
    constants: list[Any] = (),
    options: dict[int, int] | None = None,
    **more: Any,  # type: ignore[assignment]
) -> bytes:
    """Return a file with one operator. Constants are lists of whole numbers, or a shape as a tuple: weights."""
    tensors = [{0: shape, 1: FLOAT, 2: 0, 3: b"x"}, {0: out, 1: FLOAT, 2: 0, 3: b"y"}]
    buffers: list[dict[int, Any]] = [{}]
    for constant in constants:
        if constant is None:
            continue
        content = b"\1" if isinstance(constant, tuple) else struct.pack(f"<{len(constant)}i", *constant)
        tensors.append(
            {
                0: list(constant) if isinstance(constant, tuple) else [len(constant)],
                1: FLOAT if isinstance(constant, tuple) else INT,
                2: len(buffers),
                3: b"c",
            }
        )
        buffers.append({0: content})
    numbers = iter(range(2, len(tensors)))
    inputs = more.get("inputs") or [0, *(-1 if constant is None else next(numbers) for constant in constants)]
    custom = op not in NUMBERS
    code = {0: 32, 1: op.encode(), 3: 32} if custom else {0: min(NUMBERS[op], 127), 3: NUMBERS[op]}
    operators = [{0: 0, 1: inputs, 2: [1], **({4: options} if options is not None else {})}]
    codes = [code]
    if more.get("then"):
        name, made, weights, chosen = more["then"]
        codes.append({0: NUMBERS[name], 3: NUMBERS[name]} if name in NUMBERS else {0: 32, 1: name.encode(), 3: 32})
        if weights:
            tensors.append({0: list(weights), 1: FLOAT, 2: len(buffers), 3: b"w"})
            buffers.append({0: b"\1"})
        tensors.append({0: made, 1: FLOAT, 2: 0, 3: b"z"})
        inputs = [1, len(tensors) - 2] if weights else [1]
        operators.append({0: 1, 1: inputs, 2: [len(tensors) - 1], 4: chosen})
    graph = {0: tensors, 1: [0], 2: [len(tensors) - 1 if more.get("then") else 1], 3: operators}
    return flatbuffer({0: 3, 1: codes, 2: [graph], 4: buffers})


def graph(*words: Any, **more: Any) -> Graph:
    return tflite.read(model(*words, **more), "a.tflite").trace()


def totals(found: Graph) -> tuple[int, int]:
    return sum(node.cost.params for node in found.layers), sum(node.cost.macs for node in found.layers)


@pytest.mark.parametrize(
    ("op", "shape", "out", "constants", "options", "params", "macs"),
    [  # the shapes and options are those of TensorFlow's documents; the costs are multiplied out by hand
        ("CONV_2D", [1, 9, 8, 6], [1, 5, 4, 4], [(4, 3, 3, 6), (4,)], {0: 0, 1: 2, 2: 2}, 4 * 54 + 4, 20 * 4 * 54),
        ("CONV_2D", [1, 9, 8, 6], [1, 5, 4, 4], [(4, 3, 3, 3)], {0: 1, 1: 1, 2: 1, 4: 2, 5: 2, 3: 1}, 4 * 27, 20 * 4 * 27),
        ("DEPTHWISE_CONV_2D", [1, 9, 8, 3], [1, 7, 6, 6], [(1, 3, 3, 6), (6,)], {0: 1, 1: 1, 2: 1, 4: 3}, 54 + 6, 42 * 54),
        ("FULLY_CONNECTED", [1, 2, 3, 4], [1, 5], [(5, 24), (5,)], {0: 1}, 125, 120),
        ("FULLY_CONNECTED", [1, 7, 4], [1, 7, 5], [(5, 4), None], {2: 1}, 20, 140),
        ("PRELU", [1, 4, 4, 3], [1, 4, 4, 3], [(1, 1, 3)], None, 3, 0),
        ("MUL", [1, 4, 4, 3], [1, 4, 4, 3], [(3,)], {0: 3}, 3, 0),
        ("ADD", [1, 4, 4, 3], [1, 4, 4, 3], [(1, 4, 4, 3)], {0: 0}, 48, 0),
        ("BATCH_MATMUL", [1, 7, 4], [1, 7, 5], [(1, 4, 5)], {}, 20, 140),
    ],
)  # fmt: skip
def test_weights(op: str, shape: list[int], out: list[int], constants: list[Any], options: Any, params: int, macs: int) -> None:
    assert totals(graph(op, shape, out, constants, options)) == (params, macs)


@pytest.mark.parametrize(
    ("pad", "stride", "out"),
    [(0, 2, [1, 18, 16, 5]), (1, 2, [1, 19, 17, 5]), (1, 4, [1, 36, 32, 5])],  # "same", "valid"
)
def test_transposed_convolutions(pad: int, stride: int, out: list[int]) -> None:
    options = {0: pad, 1: stride, 2: stride}
    found = graph("TRANSPOSE_CONV", [1, 9, 8, 6], out, [out, (5, 3, 3, 6)], options, inputs=[2, 3, 0])
    assert totals(found) == (5 * 9 * 6, 5 * 9 * 6 * 72)


@pytest.mark.parametrize(
    ("op", "shape", "out", "constants", "options"),
    [
        ("MAX_POOL_2D", [1, 9, 8, 3], [1, 5, 4, 3], [], {0: 0, 1: 2, 2: 2, 3: 2, 4: 2}),
        ("AVERAGE_POOL_2D", [1, 9, 8, 3], [1, 3, 3, 3], [], {0: 1, 1: 2, 2: 3, 3: 3, 4: 2}),
        ("RESIZE_BILINEAR", [1, 9, 8, 3], [1, 20, 10, 3], [[20, 10]], {}),
        ("RESIZE_NEAREST_NEIGHBOR", [1, 9, 8, 3], [1, 18, 16, 3], [[18, 16]], {}),
        ("PAD", [1, 9, 8, 3], [1, 12, 8, 4], [[0, 0, 1, 2, 0, 0, 0, 1]], {}),
        ("MEAN", [1, 9, 8, 3], [1, 3], [[1, 2]], {0: 0}),
        ("MEAN", [1, 9, 8, 3], [1, 1, 1, 3], [[1, 2]], {0: 1}),
        ("SUM", [1, 9, 8, 3], [1, 9, 8], [[-1]], {0: 0}),
        ("TRANSPOSE", [1, 9, 8, 3], [1, 3, 9, 8], [[0, 3, 1, 2]], {}),
        ("RESHAPE", [1, 9, 8, 3], [1, 72, 3], [[-1, 72, 3]], {}),
        ("RESHAPE", [1, 9, 8, 3], [1, 216], [[1, -1]], {}),
        ("RESHAPE", [1, 9, 8, 3], [1, 4, 6, 9], [[1, 4, 6, 9]], {}),
        ("SQUEEZE", [1, 1, 1, 3], [1, 3], [], {}),
        ("EXPAND_DIMS", [1, 9, 3], [1, 9, 1, 3], [[2]], {}),
        ("SLICE", [1, 9, 8, 3], [1, 4, 8, 2], [[0, 2, 0, 1], [-1, 4, 8, -1]], {}),
        ("STRIDED_SLICE", [1, 9, 8, 3], [1, 4, 8, 1], [[0, 1, 0, 0], [1, 9, 0, 1], [1, 2, 1, 1]], {0: 4, 1: 4}),
        ("STRIDED_SLICE", [1, 9, 8, 3], [1, 8, 3], [[0, 4, 0, 0], [1, 5, 8, 3], [1, 1, 1, 1]], {4: 2}),
        ("TILE", [1, 9, 8, 3], [1, 9, 16, 3], [[1, 1, 2, 1]], {}),
        ("DEPTH_TO_SPACE", [1, 9, 8, 12], [1, 18, 16, 3], [], {0: 2}),
        ("SPACE_TO_DEPTH", [1, 8, 6, 3], [1, 4, 3, 12], [], {0: 2}),
        ("ARG_MAX", [1, 9, 8, 3], [1, 9, 8], [[3]], {}),
        ("SOFTMAX", [1, 10], [1, 10], [], {}),
        ("LOGISTIC", [1, 9, 8, 3], [1, 9, 8, 3], [], {}),
        ("RSQRT", [1, 9, 8, 3], [1, 9, 8, 3], [], None),
        ("LOCAL_RESPONSE_NORMALIZATION", [1, 9, 8, 3], [1, 9, 8, 3], [], {0: 2}),
        ("QUANTIZE", [1, 9, 8, 3], [1, 9, 8, 3], [], {}),
    ],
)
def test_shapes(op: str, shape: list[int], out: list[int], constants: list[Any], options: Any) -> None:
    assert totals(graph(op, shape, out, constants, options)) == (0, 0)  # the reader refuses what is not the recorded shape


def test_a_recorded_shape_that_does_not_come_out_is_refused() -> None:
    with pytest.raises(ModelError) as refused:
        graph("MAX_POOL_2D", [1, 9, 8, 3], [1, 4, 4, 3], [], {0: 0, 1: 2, 2: 2, 3: 2, 4: 2})
    assert "operator 0 (MAX_POOL_2D): the file says that it makes 4×4×3, by the rules it is 5×4×3" in refused.value.message


def test_post_processing_is_cut_and_listed() -> None:
    then = ("TFLite_Detection_PostProcess", [1, 10, 4], None, {})
    data = model("CONV_2D", [1, 9, 9, 3], [1, 7, 7, 4], [(4, 3, 3, 3)], {0: 1, 1: 1, 2: 1}, then=then)
    found = tflite.read(data, "a.tflite").trace()
    assert totals(found) == (108, 49 * 108)
    assert found.notes == ("not counted: 1 TFLite_Detection_PostProcess",)
    with pytest.raises(ModelError, match="TFLite_Detection_PostProcess"):  # alone it leaves nothing to count
        graph("TFLite_Detection_PostProcess", [1, 9, 4], [1, 9, 4])


def test_an_unknown_operator_before_weights_is_refused_with_the_remedy() -> None:
    then = ("CONV_2D", [1, 7, 7, 4], (4, 3, 3, 3), {0: 1, 1: 1, 2: 1})
    data = model("Mystery", [1, 9, 9, 3], [1, 9, 9, 3], then=then)
    with pytest.raises(ModelError) as refused:
        tflite.read(data, "a.tflite").trace()
    assert "operator 0 (CUSTOM:Mystery) is not known" in refused.value.message
    assert "--assume CUSTOM:Mystery=identity" in refused.value.hint
    assert totals(tflite.read(data, "a.tflite").trace(assume=("CUSTOM:Mystery",))) == (108, 49 * 108)


def test_a_file_for_an_edge_tpu_says_what_it_is() -> None:
    with pytest.raises(ModelError, match="Edge TPU"):
        graph("edgetpu-custom-op", [1, 9, 9, 3], [1, 10])


def test_a_damaged_file_is_refused() -> None:
    data = model("LOGISTIC", [1, 9, 8, 3], [1, 9, 8, 3])
    for size in range(9, len(data), 7):
        with pytest.raises(CnncostError):
            tflite.read(data[:size], "a.tflite").trace()
    with pytest.raises(UsageError, match="cannot be read"):
        tflite.read(b"\x1c\0\0\0TFL3", "a.tflite")
