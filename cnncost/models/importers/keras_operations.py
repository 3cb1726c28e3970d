"""Operations that stand as layers in a Keras model: x + 1, keras.ops.mean(x), tf.nn.relu(x), x[..., :4]."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, TypeAlias

from cnncost.graph.graph import Tensor
from cnncost.models.importers.keras_call import ACTIVATIONS, OPERATIONS, Applied, Layer, Made, activate, whole
from cnncost.models.importers.keras_layers import Translation, joined, reshaped

Json: TypeAlias = Any
MOST_PARTS = 4096  # that a tensor is split into


def operation(layer: Layer) -> Translation | None:
    """Return what an operation is in rules; None for a layer that is none.

    Keras 3 names a module of operations and a class (keras.src.ops.numpy, Mean); Keras 2 a TFOpLambda with the function.
    """
    if layer.kind in ("TFOpLambda", "SlicingOpLambda"):
        name = str(layer.config.get("function", "")).rpartition(".")[2]
    elif ".ops" in layer.module:
        name = layer.kind
    else:
        return None
    return TABLE.get(name.replace("_", "").lower(), None) or _unknown(name)


def _unknown(name: str) -> Translation:
    def refuse(call: Applied) -> Made:
        raise ValueError(f"the operation '{name[:40]}' is not known")

    return refuse


def binary(kind: str) -> Translation:
    """Return the translation of an operation of two tensors, or of one and a number."""

    def apply(call: Applied) -> Tensor:
        if len(call.tensors) == 1:
            return call.x.elementwise(op=kind, name=call.name)
        return joined(kind)(call)

    return apply


def single(op: str) -> Translation:
    """Return the translation of an operation on each element."""
    return lambda call: call.x.elementwise(op=op, name=call.name)


def several(op: str) -> Translation:
    """Return the translation of an operation on each element of one or several tensors, numbers among them."""
    return lambda call: call.x.elementwise(*call.alike()[1:], op=op, name=call.name)


def option(call: Applied, key: str, place: int, default: Json = None) -> Json:
    """Return an argument of an operation: in its configuration, by name, or by place."""
    if key in call.layer.config:
        return call.layer.config[key]
    return call.named[key] if key in call.named else call.arguments[place] if place < len(call.arguments) else default


def reduced(op: Any) -> Translation:
    """Return the translation of a mean, a sum or the like over axes."""

    def apply(call: Applied) -> Tensor:
        x = call.x
        axis = option(call, "axis", 1)
        axes = tuple(range(len(x.shape))) if axis is None else call.axes(axis, x)
        keep = bool(option(call, "keepdims", 2, False))
        y = x.reduce(op, axes=axes, keep=keep, name=call.name)
        call.state.rotated[y.index] = call.rotated(x) and (keep or 0 not in axes)
        return y

    return apply


def item(call: Applied) -> Tensor:
    """x[…]: slices, numbers, an ellipsis and new axes, of which the first is of the batch."""
    where = call.arguments[1] if len(call.arguments) > 1 else call.named.get("slice_spec", call.named.get("key"))
    y = call.plain()
    parts = list(where) if isinstance(where, list) else [where]
    parts = [_part(part) for part in parts]
    used = sum(part is not None and part is not ... for part in parts)
    if ... in parts:
        place = parts.index(...)
        parts[place : place + 1] = [slice(None)] * (len(y.shape) + 1 - used)
    if not parts or parts[0] != slice(None):
        raise ValueError("it takes a part of the batch, which one example does not have")
    axis = 0
    for part in parts[1:]:
        if part is None:
            y = y.unsqueeze(axis, name=call.name)
            axis += 1
        elif isinstance(part, int):
            y = y.select(part, axis=axis, name=call.name)
        else:
            start, stop, step = part.indices(y.shape[axis])
            if step < 1:
                step, start, stop = -step, stop + 1, start + 1
            if (start, stop, step) != (0, y.shape[axis], 1):
                y = y.slice(start, stop, step, axis=axis, name=call.name)
            axis += 1
    call.state.rotated[y.index] = False
    return call.turned(y, True) if len(y.shape) > 2 and call.rotated(call.x) else y


def _part(part: Json) -> Any:
    """Return a part of an index as Python has it."""
    if isinstance(part, dict):
        inner = part.get("config", part)
        if part.get("class_name") == "__ellipsis__":
            return ...
        ends = [inner.get(key) if isinstance(inner, dict) else None for key in ("start", "stop", "step")]
        return slice(*(None if end is None else whole(end, "an index") for end in ends))
    return part if part is None or part is ... else whole(part, "an index")


def concat(call: Applied) -> Tensor:
    """concatenate(xs, axis)."""
    first, *others = call.alike()
    return first.concat(*others, axis=call.axis(option(call, "axis", 1, 0), first), name=call.name) if others else first


def transpose(call: Applied) -> Tensor:
    """transpose(x, axes): the file's axes, the batch among them, in a new order."""
    x = call.plain()
    axes = option(call, "axes", 1, option(call, "perm", 1))
    order = [whole(axis, "axes") for axis in axes] if isinstance(axes, list) else []
    if order[:1] != [0]:
        raise ValueError("it moves the batch, which one example does not have")
    y = x.permute(tuple(axis - 1 for axis in order[1:]), name=call.name)
    call.state.rotated[y.index] = False
    return call.turned(y, True) if len(y.shape) > 2 else y


def reshape(call: Applied) -> Tensor:
    """reshape(x, newshape), whose first size is the batch."""
    to = option(call, "newshape", 1, option(call, "shape", 1))
    if not isinstance(to, list) or any(isinstance(size, Tensor) for size in to) or len(to) < 2:
        raise ValueError("a shape that is computed is not known here")
    return reshaped(call, [-1 if size is None else whole(size, "shape") for size in to[1:]])


def expand(call: Applied) -> Tensor:
    """expand_dims(x, axis)."""
    x = call.plain()
    axis = whole(option(call, "axis", 1), "axis")
    axis = axis + len(x.shape) + 2 if axis < 0 else axis
    y = x.unsqueeze(axis - 1, name=call.name)
    call.state.rotated[y.index] = False
    return call.turned(y, True) if len(y.shape) > 2 else y


def squeeze(call: Applied) -> Tensor:
    """squeeze(x, axis)."""
    x = call.plain()
    axis = whole(option(call, "axis", 1), "axis")
    y = x.squeeze(axis - 1 if axis > 0 else axis, name=call.name)
    call.state.rotated[y.index] = False
    return y


def matmul(call: Applied) -> Tensor:
    """matmul(a, b) of two tensors."""
    first, second = (call.plain(x) for x in call.tensors)
    y = first.matmul(second, name=call.name)
    call.state.rotated[y.index] = False
    return y


def moved(call: Applied, y: Tensor) -> Tensor:
    """Return a tensor whose axes are the file's in the order of the first input."""
    call.state.rotated[y.index] = False
    return call.turned(y, True) if len(y.shape) > 2 and call.rotated(call.x) else y


def file_axis(call: Applied, x: Tensor, default: Json = None) -> int:
    """Return the axis of an operation as one of `x`, whose axes are the file's without the batch."""
    axis = option(call, "axis", 1, default)
    return call.axis(axis, x)


def padded(call: Applied) -> Tensor:
    """pad(x, pad_width): a pair for each axis, the batch's first."""
    widths = option(call, "pad_width", 1, option(call, "paddings", 1))
    x = call.plain()
    if (
        not isinstance(widths, list)
        or len(widths) != len(x.shape) + 1
        or not all(isinstance(w, list) and len(w) == 2 for w in widths)
    ):
        raise ValueError("pads are a pair for each axis")
    pairs = [tuple(whole(number, "pad_width") for number in pair) for pair in widths]
    if pairs[0] != (0, 0):
        raise ValueError("it pads the batch, which one example does not have")
    return moved(call, x.pad(tuple(number for pair in pairs[1:] for number in pair), name=call.name))


def split(call: Applied) -> list[Tensor]:
    """split(x, indices_or_sections, axis)."""
    x = call.plain()
    axis = (
        file_axis(call, x) if "axis" in call.layer.config else call.axis(call.named.get("axis", option(call, "axis", 2, 0)), x)
    )
    where = option(call, "indices_or_sections", 1, option(call, "num_or_size_splits", 1))
    if isinstance(where, list):
        points = [0, *(whole(point, "indices") for point in where), None]
        parts = [x.slice(one, other, axis=axis, name=call.name) for one, other in pairwise(points)]
    else:
        count = whole(where, "sections")
        if not 0 < count <= MOST_PARTS:
            raise ValueError(f"it makes {count} parts")
        parts = [x.split(count, part, axis=axis, name=call.name) for part in range(count)]
    return [moved(call, part) for part in parts]


def stacked(call: Applied) -> Tensor:
    """stack(xs, axis)."""
    first, *others = (call.plain(x) for x in call.tensors)
    axis = whole(option(call, "axis", 1, 0), "axis")
    axis = axis + len(first.shape) + 2 if axis < 0 else axis
    if not axis:
        raise ValueError("it stacks along the batch, which one example does not have")
    return moved(call, first.stack(*others, axis=axis - 1, name=call.name))


def swapped(call: Applied) -> Tensor:
    """swapaxes(x, axis1, axis2)."""
    x = call.plain()
    one, other = (call.axis(option(call, key, place), x) for place, key in ((1, "axis1"), (2, "axis2")))
    order = list(range(len(x.shape)))
    order[one], order[other] = other, one
    return moved(call, x.permute(tuple(order), name=call.name))


def tiled(call: Applied) -> Tensor:
    """tile(x, repeats): a number for each axis, the batch's first."""
    x = call.plain()
    times = option(call, "repeats", 1, option(call, "multiples", 1))
    numbers = [whole(number, "repeats") for number in times] if isinstance(times, list) else []
    if len(numbers) != len(x.shape) + 1 or numbers[0] != 1:
        raise ValueError("it repeats the batch, which one example does not have")
    return moved(call, x.tile(tuple(numbers[1:]), name=call.name))


def repeated(call: Applied) -> Tensor:
    """repeat(x, repeats, axis)."""
    x = call.plain()
    axis = call.axis(option(call, "axis", 2), x)
    times = whole(option(call, "repeats", 1), "repeats")
    return moved(call, x.tile(tuple(times if other == axis else 1 for other in range(len(x.shape))), name=call.name))


def resized(call: Applied) -> Tensor:
    """image.resize(x, size)."""
    size = option(call, "size", 1)
    if not isinstance(size, list) or len(size) != 2:
        raise ValueError("a size is a height and a width")
    mode = option(call, "interpolation", 2, option(call, "method", 2, "bilinear"))
    to = (whole(size[0], "size"), whole(size[1], "size"))
    return call.first().upsample(size=to, mode=mode if mode in ("nearest", "bilinear") else "bicubic", name=call.name)


def pooled(call: Applied) -> Tensor:
    """average_pool and max_pool."""
    x = call.first()
    axes = len(x.shape) - 1
    size, step = option(call, "pool_size", 1), option(call, "strides", 2)
    kernel = tuple(whole(number, "pool_size") for number in (size if isinstance(size, list) else [size] * axes))
    stride = kernel if step is None else tuple(whole(n, "strides") for n in (step if isinstance(step, list) else [step] * axes))
    pad: Any = "same" if option(call, "padding", 3, "valid") == "same" else 0
    return (x.max_pool if call.layer.kind.startswith("Max") else x.avg_pool)(kernel, stride, pad, name=call.name)


def einsum(call: Applied) -> Tensor:
    """einsum(equation, a, b) of two tensors."""
    equation = option(call, "subscripts", 0, option(call, "equation", 0))
    first, second = (call.plain(x) for x in call.tensors)
    inputs, _, output = str(equation).replace(" ", "").partition("->")
    one, _, other = inputs.partition(",")
    if not one or one[0] != other[:1] or one[0] != output[:1]:
        raise ValueError(f"'{str(equation)[:40]}' is no product for each example")
    y = first.einsum(second, f"{one[1:]},{other[1:]}->{output[1:]}", name=call.name)
    call.state.rotated[y.index] = False
    return call.turned(y, True) if len(y.shape) > 2 else y


def activation(name: str) -> Callable[[Applied], Tensor]:
    """Return the translation of an activation by Keras's name."""
    return lambda call: activate(call.x, name, call.name)


TABLE: Mapping[str, Translation] = {
    **{name.replace("_", ""): activation(name) for name in (*ACTIVATIONS, *OPERATIONS)},
    **{word: binary("add") for word in ("add", "addv2", "biasadd")},
    **{word: binary("sub") for word in ("subtract", "sub")},
    **{word: binary("mul") for word in ("multiply", "mul")},
    **{word: binary("div") for word in ("truedivide", "truediv", "divide", "divnonan", "realdiv")},
    **{word: binary(word) for word in ("maximum", "minimum")},
    **{word: single(op) for word, op in (
        ("power", "pow"), ("pow", "pow"), ("sqrt", "sqrt"), ("rsqrt", "rsqrt"), ("square", "square"), ("abs", "abs"),
        ("absolute", "abs"), ("negative", "neg"), ("exp", "exp"), ("log", "log"), ("clip", "clip"), ("clipbyvalue", "clip"),
        ("cast", "cast"), ("reciprocal", "reciprocal"), ("sin", "sin"), ("cos", "cos"), ("floor", "floor"),
    )},
    **{word: reduced(op) for op in ("mean", "sum", "max", "min", "prod", "var") for word in (op, f"reduce{op}")},
    **dict.fromkeys(("getitem", "stridedslice"), item),
    **dict.fromkeys(("concatenate", "concat"), concat),
    "transpose": transpose,
    "reshape": reshape,
    "expanddims": expand,
    "squeeze": squeeze,
    "matmul": matmul,
    "pad": padded,
    "split": split,
    "stack": stacked,
    "swapaxes": swapped,
    "tile": tiled,
    "repeat": repeated,
    **dict.fromkeys(("resize", "resizeimages"), resized),
    **dict.fromkeys(("averagepool", "maxpool"), pooled),
    "einsum": einsum,
    **{word: reduced(word) for word in ("argmax", "argmin", "std", "logsumexp", "any", "all", "norm")},
    **{word: several(word) for word in (
        "greater", "greaterequal", "less", "lessequal", "equal", "notequal", "logicaland", "logicalor", "logicalnot", "where",
        "mod", "floordivide", "arctan2",
    )},
    **{word: single(word) for word in (
        "normalize", "flip", "round", "ceil", "sign", "tan", "erf", "isnan", "nantonum", "roll",
    )},
    **{word: (lambda call: call.x) for word in ("identity", "stopgradient", "copy")},
}  # fmt: skip
