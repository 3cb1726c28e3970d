"""Operators of ONNX as layers, opsets 8 to 28, with the operators of onnxruntime that its tools write.

Inputs stand by their place, "" for one left out; attributes became inputs over time, so both are looked at. Source of names,
defaults and versions: onnx.ai/onnx/operators.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cnncost.models.importers import axes as ax
from cnncost.models.importers import layers
from cnncost.models.importers.axes import Axis, PinnedError
from cnncost.models.importers.onnx_folding import ELEMENTS, Numbers, fold
from cnncost.models.importers.onnx_graph import FLOATS, SMALL, Graph, Tensor
from cnncost.models.importers.records import Weight
from cnncost.models.importers.replay import Call, Translation, Value

# ── inputs and attributes ────────────────────────────────────────────────────────────────────────────────────────────


def given(call: Call, place: int) -> Value | None:
    """Return the input at a place, if there is one."""
    inputs = call.record.inputs
    return call.replay.values[inputs[place]] if place < len(inputs) and inputs[place] else None


def needed(call: Call, place: int = 0) -> Value:
    """Return the input at a place. Raises LookupError where there is none."""
    found = given(call, place)
    if found is None:
        raise LookupError(f"it has no input {place + 1}")
    return found


def attribute(call: Call, name: str, default: Any = None) -> Any:
    """Return an attribute, or its default."""
    found = call.record.arguments.get(name)
    return default if found is None or found == [] else found


def numbers(value: Value | None) -> Numbers | None:
    """Return the numbers of a value, where they are few and known."""
    if value is None:
        return None
    if value.content is None and value.tensor is None and value.weight is not None and value.weight.numbers is not None:
        sizes = value.weight.sizes
        if math.prod(sizes) <= SMALL and tuple(map(ax.was, value.dims)) == tuple(sizes):
            found = value.weight.numbers()
            value.content = None if found is None else Numbers(tuple(found), tuple(sizes))
    content: Numbers | None = value.content
    return content


def listed(call: Call, name: str, place: int) -> list[Any] | None:
    """Return whole numbers that are an attribute or an input. Raises PinnedError where the input is not known."""
    if name and name in call.record.arguments:
        return list(attribute(call, name, []))
    value = given(call, place)
    if value is None:
        return None
    found = numbers(value)
    if found is None:
        raise PinnedError(f"its input {place + 1} is worked out from the data, so its size is not known")
    return [int(n) if isinstance(n, float) else n for n in found.values]


def before(call: Call, place: int) -> list[Any] | None:
    """Return what the numbers of an input were at the export; None while it runs at that size."""
    exported = call.replay.exported
    inputs = call.record.inputs
    if exported is None or place >= len(inputs):
        return None
    return exported.numbers.get(inputs[place])


def learned(value: Value) -> Value:
    """Return numbers of the file as learned ones: quantised weights are integers."""
    if value.weight is None or value.tensor is not None:
        return value
    return Value(value.dims, weight=replace(value.weight, learned=True, counted=True))


def plain(value: Value) -> Value:
    """Return a single number of the file as one of the program: a bound, an epsilon, a factor."""
    one = value.tensor is None and all(dim == () for dim in value.dims)
    return Value(value.dims, content=value.content) if one else value


# ── products ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def conv_of(x: int, w: int, b: int | None, transposed: bool = False) -> Translation:
    """Return the translation of a convolution whose operands stand at these places."""

    def translate(call: Call) -> Value:
        weight = learned(needed(call, w))
        bias = given(call, b) if b is not None else None
        count = weight.rank - 2
        pads = windows(call, count)
        made = layers.conv(
            call,
            needed(call, x),
            weight,
            None if bias is None else learned(bias),
            stride=tuple(attribute(call, "strides", [1] * count)),
            pad=pads,
            dilation=tuple(attribute(call, "dilations", [1] * count)),
            groups=attribute(call, "group", 1),
            transposed=transposed,
            output_pad=tuple(attribute(call, "output_padding", [0] * count)),
        )
        activation = attribute(call, "activation")
        return made if activation is None else layers.pointwise(call, made, activation.lower())

    return translate


def windows(call: Call, count: int) -> Any:
    """Return the pads of a window, before and after each axis, or "same"."""
    auto = attribute(call, "auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        return "same"
    pads = attribute(call, "pads", [0] * 2 * count) if auto != "VALID" else [0] * 2 * count
    if len(pads) != 2 * count:
        raise ValueError(f"{len(pads)} pads for {count} axes")
    return tuple(pads[axis + count * side] for axis in range(count) for side in (0, 1))


def conv_transpose(call: Call) -> Value:
    """ConvTranspose; a stated output_shape says what the pads are."""
    stated = attribute(call, "output_shape")
    if stated is None:
        return conv_of(0, 1, 2, True)(call)  # type: ignore[return-value]
    x, weight = needed(call), learned(needed(call, 1))
    count = weight.rank - 2
    stride = attribute(call, "strides", [1] * count)
    dilation = attribute(call, "dilations", [1] * count)
    extra = attribute(call, "output_padding", [0] * count)
    pads: list[int] = []
    for axis, size in enumerate(stated[-count:]):
        kernel = ax.was(weight.dims[2 + axis])
        total = stride[axis] * (ax.was(x.dims[axis - count]) - 1) + extra[axis] + (kernel - 1) * dilation[axis] + 1 - size
        pads += [total // 2, total - total // 2]
    if min(pads) < 0 or layers.moved(x.dims):
        raise PinnedError(f"it makes a map of {'×'.join(map(str, stated))}, whatever the input")
    bias = given(call, 2)
    return layers.conv(
        call, x, weight, bias, stride=stride, pad=tuple(pads), dilation=dilation,
        groups=attribute(call, "group", 1), transposed=True, output_pad=extra,
    )  # fmt: skip


def gemm(call: Call) -> Value:
    """Gemm: a linear layer where B is a weight, in×out unless transB."""
    a, b, c = needed(call), needed(call, 1), given(call, 2)
    if attribute(call, "transA", 0):
        a = layers.permute(call, a, (1, 0))
    vector = c is not None and c.tensor is None and c.weight is not None and c.rank == 1 and c.dims != ((),)
    bias = c if vector else None
    if b.tensor is None and b.weight is not None:
        made = layers.linear(call, a, b, bias, features=1 if attribute(call, "transB", 0) else 0)
    else:
        made = layers.product(call, a, layers.permute(call, b, (1, 0)) if attribute(call, "transB", 0) else b, bias)
    return made if c is None or bias is not None else layers.joined(call, "add", [made, plain(c)])


def matmul_of(a: int, b: int) -> Translation:
    """Return the translation of a product of matrices; `bias` is the initializer that an Add behind it adds."""

    def translate(call: Call) -> Value:
        bias = call.record.arguments.get("bias")
        right = needed(call, b)
        if right.weight is not None and (call.record.operation != "MatMul"):
            right = learned(right)
        left = needed(call, a)
        return layers.product(call, left, right, call.replay.values[bias] if bias else None)

    return translate


def einsum(call: Call) -> Value:
    """Einsum of two operands."""
    return layers.einsum(call, attribute(call, "equation", ""), call.operands)


def recurrent(call: Call) -> list[Value | None]:
    """LSTM, GRU and RNN: of T×N×I tokens, one layer, one or two directions."""
    x, w, r, b = needed(call), needed(call, 1), needed(call, 2), given(call, 3)
    layout = attribute(call, "layout", 0)
    time, batch = (1, 0) if layout else (0, 1)
    directions, hidden = ax.was(w.dims[0]), ax.was(r.dims[2])
    args = {"out": hidden, "bidirectional": directions == 2, "bias": 2 if b is not None else 0}
    weights = [value for value in (w, r, b) if value is not None]
    made = layers.recurrent(call, call.record.operation.lower(), x, weights, args, directions * hidden, time)
    outputs: list[Value | None] = [None, None, None]
    names = [*call.record.outputs, "", "", ""][:3]
    state = (ax.axis(directions, directions), x.dims[batch], ax.axis(hidden, hidden))
    if names[0] in call.replay.read:
        order = (x.dims[batch], x.dims[time], *state[::2]) if layout else (x.dims[time], state[0], x.dims[batch], state[2])
        outputs[0] = layers.rearranged(call, made, order)
    for place in (1, 2):
        if names[place] in call.replay.read:
            last = layers.select(call, made, time, 0)
            outputs[place] = layers.rearranged(call, last, (x.dims[batch], *state[::2]) if layout else state)
    return outputs


# ── windows ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def pool(kind: str) -> Translation:
    """Return the translation of a pool; its stride is 1 unless given."""

    def translate(call: Call) -> list[Value]:
        kernel = attribute(call, "kernel_shape", [])
        count = len(kernel)
        pads = windows(call, count)
        args: dict[str, Any] = {
            "kernel": tuple(kernel),
            "stride": tuple(attribute(call, "strides", [1] * count)),
            "pad": pads,
            "ceil_mode": bool(attribute(call, "ceil_mode", 0)),
        }
        padded = pads == "same" or any(pads)
        if kind == "avg_pool" and padded and not attribute(call, "count_include_pad", 0):
            args["count_pad"] = False
        dilations = attribute(call, "dilations", [1] * count)
        if kind == "max_pool":
            args["dilation"] = tuple(dilations)
        elif any(n != 1 for n in dilations):
            raise PinnedError("an average over dilated windows has no rule")
        made = layers.windowed(call, kind, needed(call), count, args)
        return [made] * len(call.record.outputs)

    return translate


def global_pool(kind: str) -> Translation:
    """Return the translation of a pool over all positions, whose axes stay."""

    def translate(call: Call) -> Value:
        x = needed(call)
        if attribute(call, "channels_last", 0):
            return layers.reduce(call, x, list(range(1, x.rank - 1)), True, "mean")
        return layers.adaptive(call, kind, x, [1] * (x.rank - 2))

    return translate


def resize(call: Call) -> Value:
    """Resize and Upsample: by factors or to sizes, of all axes or of those named."""
    x = needed(call)
    old = call.record.operation == "Upsample" or call.replay.program.opset < 11
    axes = [x.axis(n) for n in attribute(call, "axes", list(range(x.rank)))]
    scales: list[Any] | None = attribute(call, "scales")
    if scales is None:
        value = given(call, 1 if old else 2)
        known = numbers(value)
        if value is not None and known is None and given(call, 3) is None:
            raise PinnedError("its factors are worked out from the data")
        scales = list(known.values) if known is not None and known.values else None
    sizes = None if old or scales else listed(call, "", 3)
    if scales is None and sizes is None:
        raise LookupError("it has neither factors nor sizes")
    target: list[Any] = [None] * x.rank
    factors: list[Any] = [None] * x.rank
    if sizes is not None:
        earlier = before(call, 3)
        follows = earlier is not None and any(a is not b and a != b for a, b in zip(earlier, sizes, strict=True))
        policy = attribute(call, "keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            ratios = [size / ax.was(x.dims[axis]) for axis, size in zip(axes, sizes, strict=True)]
            ratio = min(ratios) if policy == "not_larger" else max(ratios)
            sizes = [math.floor(ratio * ax.was(x.dims[axis]) + 0.5) for axis in axes]
        for axis, size in zip(axes, sizes, strict=True):
            if not ax.is_batch(x.dims[axis]) and not ax.same_size(size, ax.now(x.dims[axis])):
                if layers.moved((x.dims[axis],)) and not follows:
                    raise PinnedError(f"it makes a map of {'×'.join(map(str, sizes))}, whatever the input")
                target[axis] = size
    else:
        for axis, scale in zip(axes, scales or (), strict=True):
            if scale != 1:
                factors[axis] = int(scale) if float(scale).is_integer() else float(scale)
    return layers.resized(call, x, _mode(call), target, factors)


def _mode(call: Call) -> str:
    return {"linear": "linear", "cubic": "bicubic"}.get(attribute(call, "mode", "nearest"), "nearest")


# ── norms ────────────────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── element by element ───────────────────────────────────────────────────────────────────────────────────────────────


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


# ── numbers of the file ──────────────────────────────────────────────────────────────────────────────────────────────


def _weight(call: Call, tensor: Tensor, name: str) -> Weight:
    make = call.replay.program.weight_of
    assert make is not None
    return make(tensor, name)


def constant(call: Call) -> Value:
    """Constant: like an initializer."""
    arguments = call.record.arguments
    tensor = arguments.get("value")
    if isinstance(tensor, Tensor):
        return Value(ax.fixed(tensor.dims), weight=_weight(call, tensor, call.record.outputs[0]))
    for key in ("value_float", "value_int", "value_floats", "value_ints"):
        if key in arguments:
            found = arguments[key]
            many = found if isinstance(found, list) else [found]
            sizes = (len(many),) if isinstance(found, list) else ()
            return Value(ax.fixed(sizes), content=Numbers(tuple(many), sizes) if len(many) <= SMALL else None)
    return Value(())


def constant_of_shape(call: Call) -> Value:
    """ConstantOfShape: sizes filled with one number; where the sizes stand in the file, a weight that was left out."""
    sizes = listed(call, "", 0) or []
    tensor = call.record.arguments.get("value")
    kind = tensor.type if isinstance(tensor, Tensor) else 1
    fill = 0.0
    if isinstance(tensor, Tensor):
        filled = _weight(call, tensor, "value").numbers
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


# ── shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def reshape(call: Call) -> Value:
    """Reshape: 0 keeps the size of the input (unless allowzero), −1 is what the others leave."""
    x = needed(call)
    target = listed(call, "shape", 1) or []
    earlier = before(call, 1) or target
    keep = not attribute(call, "allowzero", 0)
    zero = [keep and isinstance(size, int) and size == 0 for size in target]
    old = [ax.was(x.dims[place]) if kept else size for place, (size, kept) in enumerate(zip(earlier, zero, strict=True))]
    if all(ax.same_size(a, b) for a, b in zip(earlier, target, strict=True)):
        made = layers.rearranged(call, x, _kept(x, zero, ax.reshaped(x.dims, old)))
    else:
        new = [ax.now(x.dims[place]) if kept else size for place, (size, kept) in enumerate(zip(target, zero, strict=True))]
        made = layers.rearranged(call, x, layers.stated(call, x.dims, new, ax.resolved(math.prod(map(ax.was, x.dims)), old)))
    content = numbers(x)
    if content is not None and made.tensor is None:
        made.content = Numbers(content.values, tuple(map(ax.now, made.dims)))
    return made


def _kept(x: Value, zero: Sequence[bool], dims: Sequence[Axis]) -> tuple[Axis, ...]:
    """Return axes with those that 0 keeps as the input has them, as far as the atoms before them agree."""
    if all(zero[: len(dims)]) and len(dims) == x.rank:
        return x.dims
    return tuple(dims)


def flatten(call: Call) -> Value:
    """Flatten to two axes."""
    x = needed(call)
    axis = attribute(call, "axis", 1)
    axis = axis + x.rank if axis < 0 else axis
    return layers.rearranged(call, x, (ax.joined(x.dims[:axis]), ax.joined(x.dims[axis:])))


def squeeze(call: Call) -> Value:
    """Squeeze the axes named, or all of one."""
    x = needed(call)
    axes = listed(call, "axes", 1)
    gone = (
        [x.axis(n) for n in axes]
        if axes is not None
        else [n for n, dim in enumerate(x.dims) if ax.was(dim) == 1 and not ax.is_batch(dim)]
    )
    if any(not ax.is_one(x.dims[place]) for place in gone):
        raise PinnedError("it drops an axis of one, which has grown")
    return layers.rearranged(call, x, tuple(dim for place, dim in enumerate(x.dims) if place not in gone))


def unsqueeze(call: Call) -> Value:
    """Unsqueeze: new axes of one, counted in the result."""
    x = needed(call)
    axes = listed(call, "axes", 1) or []
    rank = x.rank + len(axes)
    new = sorted(n % rank for n in axes)
    dims = list(x.dims)
    for place in new:
        dims.insert(place, ())
    return layers.rearranged(call, x, tuple(dims))


def transpose(call: Call) -> Value:
    """Transpose; without perm the axes are reversed."""
    x = needed(call)
    return layers.permute(call, x, attribute(call, "perm", list(range(x.rank))[::-1]))


def expand(call: Call) -> Value:
    """Expand: broadcasts with a shape."""
    x = needed(call)
    target = listed(call, "", 1) or []
    rank = max(len(target), x.rank)
    sizes = [1] * (rank - len(target)) + list(target)
    lead = rank - x.rank
    wanted = [
        -1 if place >= lead and isinstance(size, int) and size in (1, ax.was(x.dims[place - lead])) else size
        for place, size in enumerate(sizes)
    ]
    return layers.expand(call, x, wanted)


def tile(call: Call) -> Value:
    """Tile."""
    return layers.tile(call, needed(call), listed(call, "", 1) or [])


def concat(call: Call) -> Value:
    """Concat."""
    return layers.concat(call, call.operands, attribute(call, "axis", 0))


def split(call: Call) -> list[Value]:
    """Split: of stated sizes, or into as many equal parts as there are outputs."""
    x = needed(call)
    axis = x.axis(attribute(call, "axis", 0))
    pieces = listed(call, "split", 1)
    size = ax.was(x.dims[axis])
    parts = None
    if pieces is None:
        count = attribute(call, "num_outputs", len(call.record.outputs))
        if not 0 < count <= len(call.record.outputs):
            raise ValueError(f"{count} parts")
        step = -(-size // count)
        pieces = [min(step, size - start) for start in range(0, size, step)]
        parts = count if size % count == 0 else None
    return layers.split(call, x, axis, pieces, parts)


def slice_(call: Call) -> Value:
    """Slice: several axes at once; attributes below opset 10."""
    x = needed(call)
    starts, ends = listed(call, "starts", 1) or [], listed(call, "ends", 2) or []
    axes = listed(call, "axes", 3) or list(range(len(starts)))
    steps = listed(call, "", 4) or [1] * len(starts)
    content = numbers(x)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        size = ax.now(x.dims[x.axis(axis)])
        if isinstance(end, int) and end >= 2**31 - 1:
            end = None
        if isinstance(step, int) and step < 0 and isinstance(end, int) and isinstance(size, int) and end < -size:
            end = None
        if isinstance(step, int) and step < 0 and isinstance(start, int) and start >= 2**31 - 1:
            start = None
        x = layers.slice_(call, x, axis, start, end, step, exact=True)
    if content is not None and x.tensor is None:
        made = fold("Slice", [numbers(given(call, n)) for n in range(len(call.record.inputs))], call.record.arguments)
        x = Value(x.dims, weight=x.weight, content=made)
    return x


def gather(call: Call) -> Value:
    """Gather along an axis: a lookup in a table of weights, an index, or several."""
    x, at = needed(call), needed(call, 1)
    axis = x.axis(attribute(call, "axis", 0))
    if x.tensor is None and x.weight is not None and x.weight.learned and axis == 0 and x.rank == 2 and at.tensor is not None:
        return layers.embedding(call, x, at)
    where = numbers(at)
    if where is not None and where.sizes == ():
        if ax.is_batch(x.dims[axis]):
            return Value((*x.dims[:axis], *x.dims[axis + 1 :]), x.tensor, [*x.present[:axis], *x.present[axis + 1 :]])
        return layers.select(call, x, axis, where.one)
    indices: list[Value | None] = [None] * axis + [at]
    return layers.index(call, x, indices)


def gather_elements(call: Call) -> Value:
    """GatherElements: an element for each index."""
    return layers.taken(call, needed(call), needed(call, 1).dims)


def top_k(call: Call) -> list[Value]:
    """TopK along an axis."""
    x = needed(call)
    axis = x.axis(attribute(call, "axis", -1))
    count = (listed(call, "", 1) or [attribute(call, "k", 1)])[0]
    made = layers.taken(call, x, (*x.dims[:axis], ax.axis(count, count), *x.dims[axis + 1 :]))
    return [made] * len(call.record.outputs)


def pad(call: Call) -> Value:
    """Pad: all begins, then all ends; of all axes or of those named."""
    x = needed(call)
    found = attribute(call, "pads", attribute(call, "paddings"))
    found = listed(call, "", 1) if found is None else found
    if found is None:
        raise LookupError("it has no pads")
    named = listed(call, "", 3)
    axes = [x.axis(n) for n in named] if named is not None else list(range(x.rank))
    pads: list[tuple[Any, Any]] = [(0, 0)] * x.rank
    for place, axis in enumerate(axes):
        pads[axis] = (found[place], found[place + len(axes)])
    return layers.pad(call, x, pads, attribute(call, "mode", "constant"))


def reduce(op: str) -> Translation:
    """Return the translation of a reduction; its axes stay unless keepdims is 0."""

    def translate(call: Call) -> Value:
        x = needed(call)
        if op in ("argmax", "argmin"):
            axes: list[Any] | None = [attribute(call, "axis", 0)]
        else:
            axes = listed(call, "axes", 1)
        if not axes and attribute(call, "noop_with_empty_axes", 0):
            return x
        wanted = [x.axis(n) for n in axes] if axes else list(range(x.rank))
        return layers.reduce(call, x, wanted, bool(attribute(call, "keepdims", 1)), op)

    return translate


def depth_to_space(call: Call) -> Value:
    """DepthToSpace."""
    return layers.blocks(call, "depth_to_space", needed(call), attribute(call, "blocksize", 1))


def space_to_depth(call: Call) -> Value:
    """SpaceToDepth."""
    return layers.blocks(call, "space_to_depth", needed(call), attribute(call, "blocksize", 1))


def conditional(call: Call) -> list[Value]:
    """If: the branch that the condition takes where it is known, else the dearer."""
    sides = [call.record.arguments.get(name) for name in ("then_branch", "else_branch")]
    graphs = [side for side in sides if isinstance(side, Graph)]
    if len(graphs) != 2:
        raise LookupError("it has not two branches")
    for graph in graphs:
        for name, tensor in graph.weights.items():
            call.replay.values[name] = Value(ax.fixed(tensor.dims), weight=_weight(call, tensor, name))
    known = numbers(needed(call))
    if known is not None and len(known.values) == 1:
        graphs = [graphs[0] if known.one else graphs[1]]
    return call.replay.branch(call, [Side(graph) for graph in graphs])


class Side:
    """A branch of If: it reads the names of the graph around it."""

    def __init__(self, graph: Graph) -> None:
        self.inputs: tuple[str, ...] = ()
        self.records, self.outputs = graph.records, tuple(graph.outputs)


def refused(call: Call) -> Value:
    """Loop, Scan and the like: how often they run is not in the file."""
    raise PinnedError("how often it runs is not in the file, so its cost is not known")


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────────

ACTIVATIONS = {
    **{name: name.lower() for name in ("Relu", "Sigmoid", "Tanh", "Elu", "Gelu", "Mish", "HardSwish", "HardSigmoid")},
    "LeakyRelu": "leaky_relu",
    "Selu": "selu",
    "Celu": "celu",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Swish": "silu",
    **{
        name: name.lower()
        for name in ("Erf", "Exp", "Log", "Sqrt", "Abs", "Neg", "Floor", "Ceil", "Round", "Reciprocal", "Sign")
    },
    **{
        name: name.lower()
        for name in ("Not", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "IsNaN", "IsInf", "Shrink")
    },
    "CumSum": "cumsum",
    "Trilu": "trilu",
    "Hardmax": "hardmax",
    "LogSoftmax": "log_softmax",
    "ThresholdedRelu": "threshold",
    "MeanVarianceNormalization": "standardize",
    "LpNormalization": "normalize",
    "ScatterND": "scatter",
    "ReverseSequence": "flip",
    "ScatterElements": "scatter",
    "BitwiseNot": "not",
    "com.microsoft::QuickGelu": "gelu",
    "com.microsoft::FastGelu": "gelu",
    "com.microsoft::Gelu": "gelu",
    "com.microsoft::QLinearSigmoid": "sigmoid",
    "com.microsoft::QLinearLeakyRelu": "leaky_relu",
    "com.microsoft::QLinearSoftmax": "softmax",
    "Bernoulli": "bernoulli",
    "RandomNormalLike": "random",
    "RandomUniformLike": "random",
}
ACTIVATIONS |= {"HardSwish": "hardswish", "HardSigmoid": "hardsigmoid"}
JOINS = {
    "Add": "add",
    "Sum": "add",
    "Sub": "sub",
    "Mul": "mul",
    "Div": "div",
    "Max": "maximum",
    "Min": "minimum",
    **{name: f"elementwise.{word}" for name, word in {"Pow": "pow", "Mean": "mean", "Where": "where", "Equal": "eq"}.items()},
    **{name: f"elementwise.{word}" for name, word in {"Less": "lt", "LessOrEqual": "le", "Greater": "gt"}.items()},
    **{name: f"elementwise.{word}" for name, word in {"GreaterOrEqual": "ge", "And": "and", "Or": "or", "Xor": "xor"}.items()},
    **{
        name: f"elementwise.{word}"
        for name, word in {"Mod": "mod", "BitwiseAnd": "and", "BitwiseOr": "or", "BitShift": "shift"}.items()
    },
}
REDUCTIONS = {
    "ReduceMean": "mean",
    "ReduceSum": "sum",
    "ReduceMax": "max",
    "ReduceMin": "min",
    "ReduceProd": "prod",
    "ReduceL1": "norm",
    "ReduceL2": "norm",
    "ReduceLogSumExp": "logsumexp",
    "ReduceSumSquare": "sum",
    "ReduceLogSum": "sum",
    "ArgMax": "argmax",
    "ArgMin": "argmin",
}

LAYERS: Mapping[str, Translation] = {
    "Conv": conv_of(0, 1, 2),
    "com.microsoft::FusedConv": conv_of(0, 1, 2),
    "FusedConv": conv_of(0, 1, 2),
    "ConvInteger": conv_of(0, 1, None),
    "QLinearConv": conv_of(0, 3, 8),
    "ConvTranspose": conv_transpose,
    "Gemm": gemm,
    "MatMul": matmul_of(0, 1),
    "com.microsoft::FusedMatMul": matmul_of(0, 1),
    "MatMulInteger": matmul_of(0, 1),
    "QLinearMatMul": matmul_of(0, 3),
    "Einsum": einsum,
    **dict.fromkeys(("LSTM", "GRU", "RNN"), recurrent),
    "MaxPool": pool("max_pool"),
    "AveragePool": pool("avg_pool"),
    "LpPool": pool("avg_pool"),
    "GlobalAveragePool": global_pool("adaptive_avg_pool"),
    "com.microsoft::QLinearGlobalAveragePool": global_pool("adaptive_avg_pool"),
    "GlobalLpPool": global_pool("adaptive_avg_pool"),
    "GlobalMaxPool": global_pool("adaptive_max_pool"),
    **dict.fromkeys(("Resize", "Upsample"), resize),
    "BatchNormalization": batch_norm,
    "InstanceNormalization": instance_norm,
    "GroupNormalization": group_norm,
    "LayerNormalization": layer_norm,
    "LRN": lrn,
    **{name: activation(kind) for name, kind in ACTIVATIONS.items()},
    "Clip": clip,
    "Softmax": softmax,
    **{name: joined(kind) for name, kind in JOINS.items()},
    "com.microsoft::QLinearAdd": joined("add", (0, 3)),
    "com.microsoft::QLinearMul": joined("mul", (0, 3)),
    "com.microsoft::BiasGelu": joined("elementwise.gelu"),
    "PRelu": prelu,
    "Dropout": dropout,
    "Identity": identity,
    **dict.fromkeys(("Cast", "CastLike", "QuantizeLinear"), alias),
    "DequantizeLinear": dequantize,
    "DynamicQuantizeLinear": dynamic_quantize,
    "Constant": constant,
    "ConstantOfShape": constant_of_shape,
    "Shape": shape,
    "Size": size_of,
    "Reshape": reshape,
    "Flatten": flatten,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Transpose": transpose,
    "Expand": expand,
    "Tile": tile,
    "Concat": concat,
    "Split": split,
    "Slice": slice_,
    "Gather": gather,
    "GatherElements": gather_elements,
    "TopK": top_k,
    "Pad": pad,
    **{name: reduce(op) for name, op in REDUCTIONS.items()},
    "DepthToSpace": depth_to_space,
    "SpaceToDepth": space_to_depth,
    "If": conditional,
    **dict.fromkeys(("Loop", "Scan", "SequenceMap"), refused),
}
FOLDED = {
    *ELEMENTS,
    *("Cast", "Concat", "Gather", "Squeeze", "Unsqueeze", "Reshape", "Transpose", "Slice", "Range", "Size", "Expand", "Tile"),
    *("ReduceProd", "ReduceSum", "ReduceMax", "ReduceMin"),
}


def _or_folded(operation: str, translation: Translation | None) -> Translation:
    """Return a translation that first looks whether all its inputs are known numbers, and none of them weights."""

    def translate(call: Call) -> Value | Sequence[Value | None]:
        operands = [given(call, place) for place in range(len(call.record.inputs))]
        if operands and all(value is None or (value.tensor is None and not _weighs(value)) for value in operands):
            known = [numbers(value) for value in operands]
            if all((value is None) == (found is None) for value, found in zip(operands, known, strict=True)):
                made = fold(operation, known, call.record.arguments)
                if made is not None:
                    return Value(ax.fixed(made.sizes), content=made)
        if translation is None:
            return call.without_rule()
        return translation(call)

    return translate


def _weighs(value: Value) -> bool:
    """Whether a value is learned numbers, and more than one."""
    return value.weight is not None and value.weight.learned and any(dim != () for dim in value.dims)


def _always(translation: Translation) -> Translation:
    translation.always = True  # type: ignore[attr-defined]
    return translation


TRANSLATIONS: Mapping[str, Translation] = {
    name: _always(_or_folded(name, LAYERS.get(name)) if name in FOLDED else LAYERS[name])
    for name in (*LAYERS, *sorted(FOLDED - set(LAYERS)))
}
