"""ONNX operators of multiply-adds, and those that look through windows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from cnncost.models.importers import axes as ax
from cnncost.models.importers import layers
from cnncost.models.importers.axes import Axis, PinnedError
from cnncost.models.importers.call import Call, Translation
from cnncost.models.importers.onnx_inputs import attribute, before, given, learned, listed, needed, numbers, plain
from cnncost.models.importers.values import Value


def conv_of(x: int, w: int, b: int | None, transposed: bool = False) -> Callable[[Call], Value]:
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
        return conv_of(0, 1, 2, True)(call)
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


def deform_conv(call: Call) -> Value:
    """DeformConv."""
    weight = learned(needed(call, 1))
    count = weight.rank - 2
    pads = windows(call, count)
    return layers.deform_conv(
        call, needed(call), weight, given(call, 3), needed(call, 2), given(call, 4),
        stride=attribute(call, "strides", [1] * count), pad=pads, dilation=attribute(call, "dilations", [1] * count),
        groups=attribute(call, "group", 1), offset_groups=attribute(call, "offset_group", 1),
    )  # fmt: skip


def causal_conv(call: Call) -> list[Value | None]:
    """CausalConvWithState: along one axis, each channel by itself, with what came before in front."""
    x, weight = needed(call), needed(call, 1)
    before_, channels = ax.was(weight.dims[-1]) - 1, ax.was(weight.dims[0])
    made = layers.conv(
        call, x, weight, given(call, 2), stride=1, pad=(before_, 0), dilation=1, groups=channels
    )  # fmt: skip
    word = attribute(call, "activation", "none")
    made = made if word in ("none", "") else layers.pointwise(call, made, {"swish": "silu"}.get(word, word))
    return [made, None][: len(call.record.outputs)]


def grid_sample(call: Call) -> Value:
    """GridSample."""
    return layers.sampled(call, needed(call), needed(call, 1))


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


def fused_matmul(call: Call) -> Value:
    """FusedMatMul of onnxruntime: a product whose operands may be transposed first."""
    operands = [needed(call), needed(call, 1)]
    for place, side in enumerate("AB"):
        x = operands[place]
        if attribute(call, f"transBatch{side}", 0):  # the first axis stands behind those of the batch
            x = operands[place] = layers.permute(call, x, [*range(1, x.rank - 1), 0, x.rank - 1])
        if attribute(call, f"trans{side}", 0) and x.rank > 1:
            operands[place] = layers.permute(call, x, [*range(x.rank - 2), x.rank - 1, x.rank - 2])
    return layers.product(call, operands[0], operands[1], None)


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
    peepholes = given(call, 7)
    if peepholes is not None and peepholes.tensor is None:
        call.fit(peepholes)  # a number for each gate and unit, by which a state is multiplied
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
    dims: list[Axis | None] = [None] * x.rank
    if sizes is not None:
        earlier = before(call, 3)
        follows = earlier is not None and any(a is not b and a != b for a, b in zip(earlier, sizes, strict=True))
        policy = attribute(call, "keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            ratios = [size / ax.was(x.dims[axis]) for axis, size in zip(axes, sizes, strict=True)]
            ratio = min(ratios) if policy == "not_larger" else max(ratios)
            sizes = [math.floor(ratio * ax.was(x.dims[axis]) + 0.5) for axis in axes]
        fact = f"it makes a map of {'×'.join(map(str, sizes))}, whatever the input"
        for axis, size in zip(axes, sizes, strict=True):
            if not follows and size != ax.was(x.dims[axis]):
                dims[axis] = made = call.stated(x, axis, size, fact)
                target[axis] = ax.now(made)
            elif not ax.is_batch(x.dims[axis]) and not ax.same_size(size, ax.now(x.dims[axis])):
                if not follows:
                    raise PinnedError(fact)
                target[axis] = size
    else:
        for axis, scale in zip(axes, scales or (), strict=True):
            if scale != 1:
                factors[axis] = int(scale) if float(scale).is_integer() else float(scale)
    return layers.resized(call, x, _mode(call), dims, target, factors)


def _mode(call: Call) -> str:
    return {"linear": "linear", "cubic": "bicubic"}.get(attribute(call, "mode", "nearest"), "nearest")
