"""TensorFlow Lite's operators in rules: a table from the name to a function of one call.

Maps are H×W×C in the file: see rotation.py. Convolutions and fully connected layers may have an activation in them.

Source: tensorflow/lite/schema/schema.fbs of tflite-micro at 6cdf0d7; tensorflow/lite/kernels for sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from math import prod
from typing import Any, TypeAlias

from cnncost.base.record import dataclass
from cnncost.graph.graph import Tensor
from cnncost.models.importers.rotation import Rotated, our_axis, turned
from cnncost.models.importers.tflite_file import Operator, Variable

Made: TypeAlias = Tensor | Sequence[Tensor]
ACTIVATIONS = {0: "", 1: "relu", 2: "relu_n1_to_1", 3: "relu6", 4: "tanh", 5: "sign"}
MOST_PARTS = 4096  # that a tensor is split into


@dataclass(slots=True)
class Call:
    """One operator with the tensors that it reads: those of the network, and constants."""

    op: Operator
    variables: Sequence[Variable]
    tensors: Mapping[int, Tensor]  # by number in the file
    rotated: Rotated
    live: list[Tensor] = field(init=False)  # the tensors among its inputs that are not constants

    def __post_init__(self) -> None:
        """Collect the inputs that are computed."""
        self.live = [self.tensors[number] for number in self.op.inputs if number in self.tensors]

    @property
    def name(self) -> str:
        """The name of what it makes, in a graph."""
        return self.op.path

    def x(self, place: int = 0) -> Tensor:
        """Return an input that is computed. Raises ValueError where it is none."""
        number = self.op.inputs[place] if place < len(self.op.inputs) else -1
        if number not in self.tensors:
            raise ValueError(f"input {place} is no tensor that is computed")
        return self.tensors[number]

    def given(self, place: int) -> Variable | None:
        """Return an input that is a constant; None where there is none."""
        number = self.op.inputs[place] if place < len(self.op.inputs) else -1
        return self.variables[number] if number >= 0 and number not in self.tensors else None

    def shape(self, place: int, rank: int | None = None) -> tuple[int, ...]:
        """Return the shape of a constant input, of so many axes."""
        variable = self.given(place)
        if variable is None or None in variable.shape or rank not in (None, len(variable.shape)):
            raise ValueError(f"input {place} is no constant of {rank} axes")
        return variable.shape  # type: ignore[return-value]  # no size is None

    def integers(self, place: int) -> tuple[int, ...]:
        """Return a constant input of whole numbers: sizes, axes or pads. Raises ValueError where they are computed."""
        variable = self.given(place)
        if variable is None or variable.values is None:
            raise ValueError("sizes that are computed, or not in the file, are not known here")
        return variable.values

    def axis(self, axis: int, x: Tensor) -> int:
        """Return our axis of one of the file's, where 0 is the batch."""
        return our_axis(self.rotated, axis, x)

    def plain(self, x: Tensor) -> Tensor:
        """Return a tensor with its axes as in the file."""
        return turned(self.rotated, x, False)

    def map(self, x: Tensor) -> Tensor:
        """Return a tensor as a map, the channels first."""
        return turned(self.rotated, x, True)

    def kept(self, y: Tensor, rotated: bool) -> Tensor:
        """Return a tensor whose order is known; maps are kept with the channels first."""
        self.rotated[y.index] = rotated
        return self.map(y) if not rotated and len(y.shape) > 2 else y

    def activated(self, y: Tensor, number: int) -> Tensor:
        """Return a tensor after the activation that is part of an operator."""
        if number not in ACTIVATIONS:
            raise ValueError(f"the activation {number} is not known")
        name = ACTIVATIONS[number]
        made = y if not name else activate(y, name, f"{self.name}_{name}")
        self.rotated.setdefault(made.index, self.rotated.get(y.index, False))
        return made


def activate(x: Tensor, name: str, path: str) -> Tensor:
    """Return a tensor after an activation."""
    if name in ("relu", "relu6", "tanh"):
        made: Tensor = getattr(x, name)(name=path)
        return made
    return x.elementwise(op=name, name=path)


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


def concatenation(call: Call) -> Tensor:
    """CONCATENATION along one axis."""
    first, *others = call.live
    if len(call.live) != len(call.op.inputs):
        raise ValueError("constants among what is put together are not counted here")
    moved = [turned(call.rotated, other, call.rotated.get(first.index, False)) for other in others]
    y = first.concat(*moved, axis=call.axis(call.op.number(0), first), name=call.name) if others else first
    call.rotated.setdefault(y.index, call.rotated.get(first.index, False))
    return call.activated(y, call.op.number(1, "b"))


def reshape(call: Call) -> Tensor:
    """RESHAPE to a shape whose first size is the batch; in the file as a constant, or as that of the output."""
    variable = call.given(1)
    stated = variable.values if variable is not None and variable.values is not None else None
    to = list(
        stated if stated is not None else [-1 if size is None else size for size in call.variables[call.op.outputs[0]].shape]
    )
    if not to or to[0] not in (1, -1) or to[1:].count(-1) > 1 or (len(to) == 1 and to[0] == 1):
        raise ValueError("it changes the batch, which one example does not have")
    x = call.x()
    target = to[1:]
    if not target:
        raise ValueError("it changes the batch, which one example does not have")
    if len(target) == 1 and target[0] == -1:
        return call.kept(x if len(x.shape) == 1 else x.flatten(name=call.name), False)
    if len(target) == 1:
        return call.kept(x if x.shape == tuple(target) else x.reshape(tuple(target), name=call.name), False)
    if len(target) > 2:
        return call.kept(x.reshape((target[-1], *target[:-1]), name=call.name), True)
    rows, width = target
    tokens = len(x.shape) == 3 and call.rotated.get(x.index, False) and x.shape[0] == width
    return call.kept(x.tokens(name=call.name) if tokens else x.reshape((rows, width), name=call.name), False)


def padded(call: Call) -> Tensor:
    """PAD, PADV2 and MIRROR_PAD: a pair for each axis, the batch's first."""
    x = call.plain(call.x()) if len(call.x().shape) < 3 else call.x()
    pads = call.integers(1)
    if len(pads) != 2 * (len(x.shape) + 1) or pads[:2] != (0, 0):
        raise ValueError("pads are a pair for each axis, and none for the batch")
    pairs = [pads[place : place + 2] for place in range(2, len(pads), 2)]
    if call.rotated.get(x.index, False):
        pairs = [pairs[-1], *pairs[:-1]]
    y = x.pad(tuple(number for pair in pairs for number in pair), name=call.name)
    call.rotated[y.index] = call.rotated.get(x.index, False)
    return y


def reduced(op: Any) -> Callable[[Call], Tensor]:
    """Return the translation of a mean, a sum or the like over axes."""

    def apply(call: Call) -> Tensor:
        x = call.x()
        keep = bool(call.op.number(0, "b")) and op not in ("argmax",)
        axes = tuple(sorted(call.axis(axis, x) for axis in call.integers(1)))
        y = x.reduce(op, axes=axes, keep=keep, name=call.name)
        call.rotated[y.index] = call.rotated.get(x.index, False) and (keep or 0 not in axes)
        return y

    return apply


def transpose(call: Call) -> Tensor:
    """TRANSPOSE: the file's axes, the batch first, in a new order."""
    x, order = call.plain(call.x()), call.integers(1)
    if order[:1] != (0,):
        raise ValueError("it moves the batch, which one example does not have")
    return call.kept(x.permute(tuple(axis - 1 for axis in order[1:]), name=call.name), False)


def squeeze(call: Call) -> Tensor:
    """SQUEEZE the axes of size one."""
    x = call.plain(call.x())
    axes = call.op.options.numbers(0) if call.op.options else ()
    chosen = [our_axis(call.rotated, axis, x) for axis in axes] or [a for a, size in enumerate(x.shape) if size == 1]
    for axis in sorted(chosen, reverse=True):
        x = x.squeeze(axis, name=call.name)
    return call.kept(x, False)


def expand(call: Call) -> Tensor:
    """EXPAND_DIMS."""
    x = call.plain(call.x())
    (axis,) = call.integers(1)
    axis = axis + len(x.shape) + 2 if axis < 0 else axis
    if axis < 1:
        raise ValueError("it puts an axis before the batch")
    return call.kept(x.unsqueeze(axis - 1, name=call.name), False)


def slice_(call: Call) -> Tensor:
    """SLICE: where to begin and how much of each axis, -1 being the rest."""
    x = call.plain(call.x())
    begin, size = call.integers(1), call.integers(2)
    if len(begin) != len(x.shape) + 1 or len(size) != len(begin) or begin[0] != 0:
        raise ValueError("it takes a part of the batch, which one example does not have")
    for axis, (start, count) in enumerate(zip(begin[1:], size[1:], strict=True)):
        if start or count not in (-1, x.shape[axis]):
            x = x.slice(start, None if count == -1 else start + count, axis=axis, name=call.name)
    return call.kept(x, False)


def strided(call: Call) -> Tensor:
    """STRIDED_SLICE: begin, end and step of each axis, with masks of bits for those that are open or a single number."""
    x = call.plain(call.x())
    begin, end, step = (call.integers(place) for place in (1, 2, 3))
    open_begin, open_end, ellipsis, new, shrink = (call.op.number(place) for place in range(5))
    if ellipsis or new or not len(begin) == len(end) == len(step) <= len(x.shape) + 1:
        raise ValueError("slices with an ellipsis or a new axis are not known here")
    axis = 0
    for place, (one, other, by) in enumerate(zip(begin, end, step, strict=True)):
        bit = 1 << place
        size: Any = 1 if place == 0 else x.shape[axis]
        part = range(size)[slice(None if open_begin & bit else one, None if open_end & bit else other, by or None)]
        if place == 0:
            if len(part) != 1 or shrink & bit:
                raise ValueError("it takes a part of the batch, which one example does not have")
            continue
        if shrink & bit:
            x = x.select(one, axis=axis, name=call.name)
            continue
        if len(part) != size:
            low, high = (part[0], part[-1]) if part and part.step > 0 else (part[-1], part[0]) if part else (0, -1)
            x = x.slice(low, high + 1, abs(part.step), axis=axis, name=call.name)
        axis += 1
    return call.kept(x, False)


def split(call: Call) -> list[Tensor]:
    """SPLIT into equal parts, SPLIT_V into stated ones."""
    equal = call.op.name == "SPLIT"
    x = call.plain(call.x(1 if equal else 0))
    (axis,) = call.integers(0 if equal else 2)
    ours = call.axis(axis, x)
    count = len(call.op.outputs)
    if not 0 < count <= MOST_PARTS:
        raise ValueError(f"it makes {count} parts")
    if equal:
        return [call.kept(x.split(count, part, axis=ours, name=call.name), False) for part in range(count)]
    parts, start = [], 0
    for size in call.integers(1):
        parts.append(call.kept(x.slice(start, None if size < 0 else start + size, axis=ours, name=call.name), False))
        start += max(size, 0)
    return parts


def packed(call: Call) -> Tensor:
    """PACK: tensors side by side along a new axis."""
    first, *others = (call.plain(x) for x in call.live)
    axis = call.op.number(1)
    axis = axis + len(first.shape) + 2 if axis < 0 else axis
    if axis < 1 or len(call.live) != len(call.op.inputs):
        raise ValueError("it packs along the batch, or packs constants")
    return call.kept(first.stack(*others, axis=axis - 1, name=call.name), False)


def unpacked(call: Call) -> list[Tensor]:
    """UNPACK: the entries along an axis."""
    x = call.plain(call.x())
    axis = call.axis(call.op.number(1), x)
    if not 0 < len(call.op.outputs) <= MOST_PARTS:
        raise ValueError(f"it makes {len(call.op.outputs)} parts")
    return [call.kept(x.select(index, axis=axis, name=call.name), False) for index in range(len(call.op.outputs))]


def tile(call: Call) -> Tensor:
    """TILE: copies along each axis, the batch first."""
    x, times = call.plain(call.x()), call.integers(1)
    if len(times) != len(x.shape) + 1 or times[0] != 1:
        raise ValueError("it repeats the batch, which one example does not have")
    return call.kept(x.tile(tuple(times[1:]), name=call.name), False)


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
