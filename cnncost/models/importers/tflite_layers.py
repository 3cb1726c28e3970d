"""TensorFlow Lite's operators in rules: a table from the name to a function of one call.

Maps are H×W×C in the file: see rotation.py. Convolutions and fully connected layers may have an activation in them.

Source: tensorflow/lite/schema/schema.fbs of tflite-micro at 6cdf0d7; tensorflow/lite/kernels for sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, TypeAlias

from cnncost.graph.graph import Tensor
from cnncost.models.importers.rotation import turned
from cnncost.models.importers.tflite_call import Call, Made
from cnncost.models.importers.tflite_file import Variable
from cnncost.models.importers.tflite_shapes import (
    concatenation,
    expand,
    packed,
    padded,
    reduced,
    reshape,
    slice_,
    split,
    squeeze,
    strided,
    tile,
    transpose,
    unpacked,
)


def _pad(call: Call) -> Any:
    return "same" if call.op.number(0, "b") == 0 else 0


def convolution(call: Call) -> Tensor:
    """CONV_2D: weights are out×kh×kw×in."""
    x = call.map(call.x())
    out, kh, kw, width = call.shape(1, 4)
    channels = x.shape[0]
    if not isinstance(channels, int) or width < 1 or channels % width:
        raise ValueError(f"weights of {width} channels do not fit {channels}")
    op = call.op
    y = x.conv(
        out,
        (kh, kw),
        (op.number(2), op.number(1)),
        _pad(call),
        groups=channels // width,
        dilation=(op.number(5, default=1), op.number(4, default=1)),
        bias=call.given(2) is not None,
        name=call.name,
    )
    return call.activated(call.kept(y, True), op.number(3, "b"))


def depthwise(call: Call) -> Tensor:
    """DEPTHWISE_CONV_2D: weights are 1×kh×kw×out."""
    x = call.map(call.x())
    _, kh, kw, out = call.shape(1, 4)
    op = call.op
    y = x.conv(
        out,
        (kh, kw),
        (op.number(2), op.number(1)),
        _pad(call),
        groups=x.shape[0],
        dilation=(op.number(6, default=1), op.number(5, default=1)),
        bias=call.given(2) is not None,
        name=call.name,
    )
    return call.activated(call.kept(y, True), op.number(4, "b"))


def transposed(call: Call) -> Tensor:
    """TRANSPOSE_CONV: the inputs are the output's shape, weights out×kh×kw×in, and the map."""
    x = call.map(call.x(2))
    out, kh, kw, _ = call.shape(1, 4)
    op = call.op
    stride = (op.number(2), op.number(1))
    bias = call.given(3) is not None
    if _pad(call) == "same":
        y = x.conv_transpose(out, (kh, kw), stride, "same", bias=bias, name=call.name)
    else:
        extra = tuple(max(step - size, 0) for step, size in zip(stride, (kh, kw), strict=True))
        y = x.conv_transpose(out, (kh, kw), stride, 0, output_pad=extra, bias=bias, name=call.name)
    return call.activated(call.kept(y, True), op.number(3, "b"))


def connected(call: Call) -> Tensor:
    """FULLY_CONNECTED: weights are out×in; what it reads is rows of in, or keeps its axes."""
    x = call.x()
    out, width = call.shape(1, 2)
    bias = call.given(2) is not None
    if call.op.number(2, "b") and len(x.shape) > 1:
        x = call.plain(x)
        y = x.linear(out, bias=bias, axis=len(x.shape) - 1, name=call.name)
    else:
        count = prod(x.shape) if all(isinstance(size, int) for size in x.shape) else None
        rows = count // width if count is not None and width > 0 else 1
        x = call.plain(x)
        if rows > 1 and x.shape != (rows, width):
            x = x.reshape((-1, width))
        elif rows <= 1 and len(x.shape) > 1:
            x = x.flatten()
        y = x.linear(out, bias=bias, name=call.name)
    return call.activated(call.kept(y, False), call.op.number(0, "b"))


def pooling(call: Call) -> Tensor:
    """MAX_POOL_2D and AVERAGE_POOL_2D; a mean with "same" padding is over real inputs."""
    x = call.map(call.x())
    op = call.op
    kernel, stride, pad = (op.number(4), op.number(3)), (op.number(2), op.number(1)), _pad(call)
    if op.name == "MAX_POOL_2D":
        y = x.max_pool(kernel, stride, pad, name=call.name)
    else:
        y = x.avg_pool(kernel, stride, pad, count_pad=not pad, name=call.name)
    return call.activated(call.kept(y, True), op.number(5, "b"))


def resize(call: Call) -> Tensor:
    """RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR to a constant size."""
    size = call.integers(1)
    if len(size) != 2:
        raise ValueError("a size is a height and a width")
    mode: Any = "bilinear" if call.op.name == "RESIZE_BILINEAR" else "nearest"
    return call.kept(call.map(call.x()).upsample(size=size, mode=mode, name=call.name), True)


def binary(kind: str, fused: int | None) -> Callable[[Call], Tensor]:
    """Return the translation of an operation of two tensors, one perhaps constant; `fused` is the field of its activation."""

    def apply(call: Call) -> Tensor:
        first, *others = call.live
        constant = next((v for place in (0, 1) if (v := call.given(place)) is not None), None)
        if others:
            join = getattr(first, kind, None)
            moved = [turned(call.rotated, other, call.rotated.get(first.index, False)) for other in others]
            y = join(*moved, name=call.name) if join else first.elementwise(*moved, op=kind, name=call.name)
        elif constant is None or prod(size or 1 for size in constant.shape) <= 1:
            y = first.elementwise(op=kind, name=call.name)
        else:
            y = _with_numbers(call, first, constant, kind)
        call.rotated.setdefault(y.index, call.rotated.get(first.index, False))
        return y if fused is None else call.activated(y, call.op.number(fused, "b"))

    return apply


def _with_numbers(call: Call, x: Tensor, constant: Variable, kind: str) -> Tensor:
    """Return a tensor joined with learned numbers: one for each channel, or of any shape that fits."""
    sizes = tuple(size or 1 for size in constant.shape)
    while len(sizes) > len(x.shape) and sizes[0] == 1:
        sizes = sizes[1:]
    if len(sizes) > len(x.shape):
        raise ValueError(f"numbers of {sizes} do not fit what it reads")
    sizes = (1,) * (len(x.shape) - len(sizes)) + sizes
    if call.rotated.get(x.index, False):
        sizes = (sizes[-1], *sizes[:-1])
    numbers = x.parameter(sizes, name=f"{call.name}_numbers")
    join = getattr(x, kind, None)
    made: Tensor = join(numbers, name=call.name) if join else x.elementwise(numbers, op=kind, name=call.name)
    return made


def single(op: str) -> Callable[[Call], Tensor]:
    """Return the translation of an operation on each element."""
    return lambda call: call.live[0].elementwise(op=op, name=call.name)


def kind(name: str) -> Callable[[Call], Tensor]:
    """Return the translation of an operator that is one of our kinds."""

    def apply(call: Call) -> Tensor:
        made: Tensor = getattr(call.live[0], name)(name=call.name)
        return made

    return apply


def prelu(call: Call) -> Tensor:
    """PRELU: slopes for each channel, or for each element."""
    x, slopes = call.x(), [axis for axis, size in enumerate(call.shape(1)) if size > 1]
    rank = len(call.shape(1))
    axes = tuple(sorted(call.axis(axis - rank, x) for axis in slopes))
    return x.prelu(axis=axes, name=call.name) if axes else x.prelu(shared=True, name=call.name)


def matmul(call: Call) -> Tensor:
    """BATCH_MATMUL of two tensors, or of one and learned numbers."""
    first, second = call.plain(call.x()), call.given(1)
    if second is not None:
        sizes = [size or 1 for size in second.shape if size != 1]
        if len(sizes) != 2:
            raise ValueError("products with numbers of more than two axes are not counted here")
        out = sizes[0] if call.op.number(1, "b") else sizes[1]
        y = first.linear(out, bias=False, axis=len(first.shape) - 1, name=call.name)
        return call.kept(y, False)
    other = call.plain(call.x(1))
    order = (*range(len(first.shape) - 2), len(first.shape) - 1, len(first.shape) - 2)
    first = first.permute(order) if call.op.number(0, "b") else first
    other = other.permute(order) if call.op.number(1, "b") else other
    return call.kept(first.matmul(other, name=call.name), False)


def unchanged(call: Call) -> Tensor:
    """QUANTIZE, DEQUANTIZE, CAST and the like: the same numbers, stored otherwise."""
    return call.live[0]


Translation: TypeAlias = Callable[[Call], Made]
TRANSLATIONS: Mapping[str, Translation] = {
    "CONV_2D": convolution,
    "DEPTHWISE_CONV_2D": depthwise,
    "TRANSPOSE_CONV": transposed,
    "FULLY_CONNECTED": connected,
    **dict.fromkeys(("MAX_POOL_2D", "AVERAGE_POOL_2D"), pooling),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), resize),
    **{name: binary(kind, 0) for name, kind in (("ADD", "add"), ("SUB", "sub"), ("MUL", "mul"), ("DIV", "div"))},
    **{name: binary(name.lower(), None) for name in (
        "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "POW", "LESS", "GREATER", "GREATER_EQUAL", "LESS_EQUAL", "EQUAL",
        "NOT_EQUAL", "LOGICAL_OR", "LOGICAL_AND", "FLOOR_DIV", "FLOOR_MOD",
    )},
    **{name: kind(ours) for name, ours in (
        ("RELU", "relu"), ("RELU6", "relu6"), ("LOGISTIC", "sigmoid"), ("TANH", "tanh"), ("ELU", "elu"),
        ("LEAKY_RELU", "leaky_relu"), ("HARD_SWISH", "hardswish"), ("GELU", "gelu"),
    )},
    **{name: single(name.lower()) for name in (
        "RELU_N1_TO_1", "EXP", "LOG", "SQRT", "RSQRT", "SQUARE", "ABS", "NEG", "SIN", "COS", "FLOOR", "CEIL", "ROUND", "SIGN",
        "LOGICAL_NOT", "L2_NORMALIZATION", "LOG_SOFTMAX",
    )},
    "SOFTMAX": lambda call: call.x().softmax(axis=call.axis(-1, call.x()), name=call.name),
    "PRELU": prelu,
    "LOCAL_RESPONSE_NORMALIZATION": lambda call: call.map(call.x()).lrn(2 * call.op.number(0) + 1, name=call.name),
    "CONCATENATION": concatenation,
    "RESHAPE": reshape,
    **dict.fromkeys(("PAD", "PADV2", "MIRROR_PAD"), padded),
    **{name: reduced(op) for name, op in (
        ("MEAN", "mean"), ("SUM", "sum"), ("REDUCE_MAX", "max"), ("REDUCE_MIN", "min"), ("REDUCE_PROD", "prod"),
        ("REDUCE_ANY", "any"), ("REDUCE_ALL", "all"), ("ARG_MAX", "argmax"), ("ARG_MIN", "argmax"),
    )},
    "TRANSPOSE": transpose,
    "SQUEEZE": squeeze,
    "EXPAND_DIMS": expand,
    "SLICE": slice_,
    "STRIDED_SLICE": strided,
    **dict.fromkeys(("SPLIT", "SPLIT_V"), split),
    "PACK": packed,
    "UNPACK": unpacked,
    "TILE": tile,
    "BATCH_MATMUL": matmul,
    "DEPTH_TO_SPACE": lambda call: call.kept(call.map(call.x()).depth_to_space(call.op.number(0), name=call.name), True),
    "SPACE_TO_DEPTH": lambda call: call.kept(call.map(call.x()).space_to_depth(call.op.number(0), name=call.name), True),
    **dict.fromkeys(("QUANTIZE", "DEQUANTIZE", "DENSIFY", "CAST", "FAKE_QUANT"), unchanged),
}  # fmt: skip
