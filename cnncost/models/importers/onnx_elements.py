"""ONNX operators element by element: norms, activations, joins; and numbers that stand in the file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from cnncost.models.importers import axes as ax
from cnncost.models.importers import layers
from cnncost.models.importers.axes import PinnedError
from cnncost.models.importers.call import Call, Translation
from cnncost.models.importers.onnx_folding import Numbers
from cnncost.models.importers.onnx_inputs import attribute, before, given, learned, listed, needed, numbers, plain
from cnncost.models.importers.onnx_tensors import FLOATS, SMALL, Tensor
from cnncost.models.importers.records import Weight
from cnncost.models.importers.values import Value


def batch_norm(call: Call) -> list[Value | None]:
    """BatchNormalization: scale and offset are learned, mean and variance are buffers."""
    x, mean = needed(call), given(call, 3)
    made = layers.norm(call, "batch_norm", x, given(call, 1), given(call, 2), axis=1, args={}, stats=mean)
    for place in (3, 4):
        layers.claim(call, given(call, place), made)
    return [made] + [None] * (len(call.record.outputs) - 1)


def instance_norm(call: Call) -> Value:
    """InstanceNormalization."""
    return layers.norm(call, "instance_norm", needed(call), given(call, 1), given(call, 2), axis=1, args={})


def group_norm(call: Call) -> Value:
    """GroupNormalization: from opset 21 on with a scale for each channel."""
    args = {"groups": attribute(call, "num_groups", 1)}
    return layers.norm(call, "group_norm", needed(call), given(call, 1), given(call, 2), axis=1, args=args)


def layer_norm(call: Call) -> list[Value | None]:
    """LayerNormalization from an axis on."""
    x = needed(call)
    start = x.axis(attribute(call, "axis", -1))
    shape = [ax.now(dim) for dim in x.dims[start:]]
    weight = given(call, 1)
    if weight is not None and tuple(map(ax.now, weight.dims)) != tuple(shape) and layers.moved(x.dims[start:]):
        raise PinnedError("it normalises numbers that have become more")
    made = layers.layer_norm(call, x, weight, given(call, 2), shape)
    return [made] + [None] * (len(call.record.outputs) - 1)


def lrn(call: Call) -> Value:
    """LRN."""
    return call.same("lrn", needed(call), {"size": attribute(call, "size", 1)})


def activation(kind: str) -> Translation:
    """Return the translation of an operation that keeps the shape of its first input."""

    def translate(call: Call) -> list[Value]:
        made = layers.pointwise(call, needed(call), kind)
        return [made] * len(call.record.outputs)

    return translate


def clip(call: Call) -> Value:
    """Clip: relu6 from 0 to 6."""
    low, high = (attribute(call, name) for name in ("min", "max"))
    bounds = [numbers(given(call, place)) for place in (1, 2)]
    low = bounds[0].one if bounds[0] is not None and len(bounds[0].values) == 1 else low
    high = bounds[1].one if bounds[1] is not None and len(bounds[1].values) == 1 else high
    return layers.pointwise(
        call, needed(call), "relu6" if (low, high) == (0, 6) else "relu" if (low, high) == (0, None) else "clip"
    )


def softmax(call: Call) -> Value:
    """Softmax: along the last axis from opset 13 on."""
    return layers.softmax(call, needed(call), attribute(call, "axis", -1 if call.replay.program.opset >= 13 else 1))


def joined(kind: str, places: Sequence[int] | None = None) -> Translation:
    """Return the translation of an operation on operands that broadcast: all, or those at some places."""

    def translate(call: Call) -> Value:
        operands = call.operands if places is None else [learned(needed(call, place)) for place in places]
        return layers.joined(call, kind, [plain(operand) for operand in operands])

    return translate


def prelu(call: Call) -> Value:
    """PRelu: one slope, or one for each channel, wherever the channels stand."""
    x, slope = needed(call), needed(call, 1)
    long = [place for place, dim in enumerate(slope.dims) if dim != ()]
    axis = x.rank - slope.rank + long[0] if len(long) == 1 else 1
    if len(long) == 1 and slope.rank == 1 and ax.was(slope.dims[0]) == (ax.was(x.dims[1]) if x.rank > 1 else 0):
        axis = 1
    return layers.prelu(call, x, slope, axis)


def dropout(call: Call) -> list[Value]:
    """Dropout."""
    ratio = attribute(call, "ratio", 0.5)
    made = call.same("dropout", needed(call), {"p": float(ratio) if 0 <= ratio <= 1 else 0.5})
    return [made] * len(call.record.outputs)


def alias(call: Call) -> list[Value]:
    """Cast and the like: the same numbers."""
    return [needed(call)] * len(call.record.outputs)


def identity(call: Call) -> Value:
    """Identity: of a weight, it is what PyTorch's exporter writes for a parameter whose numbers another has, too."""
    x = needed(call)
    if x.tensor is None and x.weight is not None and x.weight.learned:
        return Value(x.dims, weight=replace(x.weight, name=call.record.outputs[0]), content=x.content)
    return x


def dequantize(call: Call) -> Value:
    """DequantizeLinear: a weight that is stored as integers is learned all the same."""
    return learned(needed(call))


def dynamic_quantize(call: Call) -> list[Value]:
    """DynamicQuantizeLinear: the numbers, their scale and their zero point."""
    return [needed(call), Value(()), Value(())]


def weight(call: Call, tensor: Tensor, name: str) -> Weight:
    """Return a tensor that stands in a node, as numbers under a name."""
    make = call.replay.program.weight_of
    assert make is not None
    return make(tensor, name)


def constant(call: Call) -> Value:
    """Constant: like an initializer."""
    arguments = call.record.arguments
    tensor = arguments.get("value", arguments.get("sparse_value"))
    if isinstance(tensor, Tensor):
        return Value(ax.fixed(tensor.dims), weight=weight(call, tensor, call.record.outputs[0]))
    for key in ("value_float", "value_int", "value_floats", "value_ints"):
        if key in arguments:
            found = arguments[key]
            many = found if isinstance(found, list) else [found]
            sizes = (len(many),) if isinstance(found, list) else ()
            return Value(ax.fixed(sizes), content=Numbers(tuple(many), sizes) if len(many) <= SMALL else None)
    return Value(())


def numbers_of(place: int | None) -> Translation:
    """Return the translation of an operation that makes numbers of the program, of a stated size: noise, windows."""

    def translate(call: Call) -> Value:
        if place is None:
            return Value(ax.fixed(attribute(call, "shape", [])))
        return Value(ax.fixed(listed(call, "", place) or []))

    return translate


def eye_like(call: Call) -> Value:
    """EyeLike: a unit matrix, as large as its input."""
    return Value(needed(call).dims)


def constant_of_shape(call: Call) -> Value:
    """ConstantOfShape: sizes filled with one number; where the sizes stand in the file, a weight that was left out."""
    sizes = listed(call, "", 0) or []
    tensor = call.record.arguments.get("value")
    kind = tensor.type if isinstance(tensor, Tensor) else 1
    fill = 0.0
    if isinstance(tensor, Tensor):
        filled = weight(call, tensor, "value").numbers
        found = filled() if filled is not None else None
        fill = found[0] if found else 0
    earlier = before(call, 0)
    dims = tuple(ax.axis(old, size) for old, size in zip(earlier or sizes, sizes, strict=True))
    small = all(isinstance(size, int) for size in sizes) and math.prod(sizes) <= SMALL
    content = Numbers((fill,) * math.prod(sizes), tuple(sizes)) if small else None
    if kind in FLOATS and sizes and call.record.inputs[0] in call.replay.program.weights:
        return Value(dims, weight=Weight(call.record.outputs[0], tuple(sizes)), content=content)
    return Value(dims, content=content)


def shape(call: Call) -> Value:
    """Shape, from one axis to another."""
    x = needed(call)
    found = [ax.was(dim) if ax.is_batch(dim) else ax.now(dim) for dim in x.dims]
    found = found[slice(attribute(call, "start", 0), attribute(call, "end"))]
    return Value(ax.fixed((len(found),)), content=Numbers(tuple(found), (len(found),)))


def size_of(call: Call) -> Value:
    """Size: how many elements there are."""
    return Value((), content=Numbers((ax.now(ax.joined(needed(call).dims)),), ()))
