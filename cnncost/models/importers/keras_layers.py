"""Keras's layers in rules: a table from the class to a function of one call of a layer.

Source: Keras 3.15.1, keras/src/layers; keras/src/applications for LayerScale, StochasticDepth and CustomScaleLayer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, TypeAlias

from cnncost.base.errors import CostError
from cnncost.graph.graph import Tensor
from cnncost.models.importers.keras_call import Applied, Layer, Made, whole
from cnncost.rules.shapes import channel_axis

# ── windows ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def rank_of(kind: str) -> int:
    """Return how many spatial axes a class works on: the digit before its D.

    >>> rank_of("Conv2DTranspose"), rank_of("MaxPooling1D")
    (2, 1)
    """
    return next((int(digit) for digit, d in pairwise(kind) if digit in "123" and d == "D"), 2)


def padding(call: Applied) -> Any:
    """Return our padding of one of Keras's."""
    how = call.get("padding", "valid")
    if how not in ("same", "valid"):
        raise ValueError(
            f"padding '{str(how)[:20]}' is not counted here" if how != "causal" else "causal padding is not counted yet"
        )
    return "same" if how == "same" else 0


def convolution(call: Applied) -> Tensor:
    """Conv1D to Conv3D, the depthwise ones and, as two layers, the separable ones."""
    if "nb_filter" in call.layer.config:
        raise CostError("it is written by Keras 1 (nb_filter)", "load the model with Keras 2 and write it again")
    axes, x = rank_of(call.layer.kind), call.first()
    kind = call.layer.kind
    depthwise, separable = kind.startswith("Depthwise"), kind.startswith("Separable")
    bias = call.true("use_bias", True)
    causal = call.get("padding") == "causal"
    kernel, dilation = call.sizes("kernel_size", axes), call.sizes("dilation_rate", axes)
    pad: Any = (dilation[0] * (kernel[0] - 1), 0) if causal and axes == 1 else padding(call)
    out = x.shape[0] * call.number("depth_multiplier", 1) if depthwise or separable else call.number("filters")
    y = call.weights(
        "depthwise" if separable else "",
        x.conv,
        out,
        kernel,
        call.sizes("strides", axes),
        pad,
        name=f"{call.name}_depthwise" if separable else call.name,
        groups=x.shape[0] if depthwise or separable else call.number("groups", 1),
        dilation=dilation,
        bias=bias and not separable,
    )
    if separable:
        y = call.weights("", y.conv, call.number("filters"), (1,) * axes, bias=bias)
    call.state.rotated[y.index] = call.rotated(x)
    return call.activated(y)


def transposed(call: Applied) -> Tensor:
    """Conv1DTranspose to Conv3DTranspose: without an output_padding, "same" makes size·stride, "valid" all that is reached."""
    axes, x = rank_of(call.layer.kind), call.first()
    kernel, stride, dilation = (call.sizes(key, axes) for key in ("kernel_size", "strides", "dilation_rate"))
    same = padding(call) == "same"
    extra = call.get("output_padding")
    given = None if extra is None else call.sizes("output_padding", axes)
    pads, extras = [], []
    for axis in range(axes):
        reach = dilation[axis] * (kernel[axis] - 1) + 1
        if given is not None:
            pads.append(reach // 2 if same else 0)
            extras.append(given[axis])
        elif same:
            pads.append(max(-(-(reach - stride[axis]) // 2), 0))
            extras.append(2 * pads[-1] - (reach - stride[axis]))
        else:
            pads.append(0)
            extras.append(max(stride[axis] - reach, 0))
    y = call.weights(
        "",
        x.conv_transpose,
        call.number("filters"),
        kernel,
        stride,
        tuple(pads),
        output_pad=tuple(extras),
        groups=call.number("groups", 1),
        dilation=dilation,
        bias=call.true("use_bias", True),
    )
    call.state.rotated[y.index] = call.rotated(x)
    return call.activated(y)


def locally_connected(call: Applied) -> Tensor:
    """LocallyConnected1D and 2D of Keras 2."""
    axes, x = rank_of(call.layer.kind), call.first()
    y = call.weights(
        "",
        x.locally_connected,
        call.number("filters"),
        call.sizes("kernel_size", axes),
        call.sizes("strides", axes),
        padding(call),
        bias=call.true("use_bias", True),
    )
    call.state.rotated[y.index] = call.rotated(x)
    return call.activated(y)


def pooling(call: Applied) -> Tensor:
    """Pooling; a mean with "same" padding is over real inputs."""
    axes, x = rank_of(call.layer.kind), call.first()
    kernel = call.sizes("pool_size", axes, 2)
    stride = call.sizes("strides", axes, list(kernel))
    pad = padding(call)
    if call.layer.kind.startswith("Max"):
        return x.max_pool(kernel, stride, pad, name=call.name)
    return x.avg_pool(kernel, stride, pad, count_pad=not pad, name=call.name)


def global_pooling(call: Applied) -> Tensor:
    """Global pooling, which may keep the axes it works on."""
    x, keep, largest = call.first(), call.true("keepdims", False), "Max" in call.layer.kind
    if len(x.shape) == 2:  # steps of features that no layer with windows has made C×L yet
        return x.reduce("max" if largest else "mean", axes=(1,), keep=keep, name=call.name)
    return (x.global_max_pool if largest else x.global_avg_pool)(keep=keep, name=call.name)


def adaptive(call: Applied) -> Tensor:
    """Adaptive pooling to a stated size."""
    axes, x = rank_of(call.layer.kind), call.first()
    return (x.adaptive_max_pool if "Max" in call.layer.kind else x.adaptive_avg_pool)(
        call.sizes("output_size", axes), name=call.name
    )


def upsampling(call: Applied) -> Tensor:
    """UpSampling1D to 3D."""
    x = call.first()
    mode = call.get("interpolation", "nearest")
    if mode not in ("nearest", "bilinear", "bicubic"):
        mode = "bicubic"  # lanczos3 and lanczos5 read even more
    return x.upsample(call.sizes("size", rank_of(call.layer.kind), 2), mode=mode, name=call.name)


def resizing(call: Applied) -> Tensor:
    """Resizing, CenterCrop and RandomCrop: to a stated height and width."""
    x = call.first()
    to = (call.number("height"), call.number("width"))
    if call.layer.kind in ("CenterCrop", "RandomCrop"):
        y = x.slice(0, to[0], axis=1, name=f"{call.name}_rows")
        return y.slice(0, to[1], axis=2, name=f"{call.name}_columns")
    mode = call.get("interpolation", "bilinear")
    return x.upsample(size=to, mode=mode if mode in ("nearest", "bilinear") else "bicubic", name=call.name)


def ends(call: Applied, key: str) -> list[tuple[int, int]]:
    """Return what is added to or cut off each axis: one number, one for each axis, or a pair for each."""
    axes, value = rank_of(call.layer.kind), call.get(key, 1)
    if axes == 1:
        value = [value]
    parts = value if isinstance(value, list) else [value] * axes
    if len(parts) != axes:
        raise ValueError(f"{key} has {len(parts)} entries for {axes} axes")
    pairs = []
    for part in parts:
        both = part if isinstance(part, list) else [part, part]
        if len(both) != 2:
            raise ValueError(f"{key} has {len(both)} numbers for one axis")
        pairs.append((whole(both[0], key), whole(both[1], key)))
    return pairs


def zero_padding(call: Applied) -> Tensor:
    """ZeroPadding1D to 3D."""
    x = call.first()
    pairs = ends(call, "padding")
    if len(pairs) != 2:
        return x.pad((0, 0, *(number for pair in pairs for number in pair)), name=call.name)
    return x.pad((*pairs[0], *pairs[1]), name=call.name)


def cropping(call: Applied) -> Tensor:
    """Cropping1D to 3D."""
    y = call.first()
    rotated = call.rotated(y)
    for axis, (before, after) in enumerate(ends(call, "cropping"), 1):
        if before or after:
            y = y.slice(before, y.shape[axis] - after, axis=axis, name=call.name)
            call.state.rotated[y.index] = rotated
    return y


# ── products ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def dense(call: Applied) -> Tensor:
    """Dense: on the last axis of whatever it reads; on a map that is a convolution of 1×1."""
    x, bias, units = call.x, call.true("use_bias", True), call.number("units")
    if len(x.shape) > 1 and call.rotated(x):
        y = call.weights("", x.conv, units, (1,) * (len(x.shape) - 1), bias=bias)
    elif len(x.shape) < 3:
        y = call.weights("", x.linear, units, bias=bias)
    else:
        y = call.weights("", x.linear, units, bias=bias, axis=-1)
    call.state.rotated[y.index] = call.rotated(x)
    return call.activated(y)


def embedding(call: Applied) -> Tensor:
    """Embedding."""
    y = call.weights("", call.plain().embedding, call.number("input_dim"), call.number("output_dim"))
    call.state.rotated[y.index] = False
    return y


def attention(call: Applied) -> Tensor:
    """MultiHeadAttention: projections of query, key and value to heads, attention, and a projection back."""
    tensors = [call.plain(x) for x in call.tensors]
    query, value = tensors[0], tensors[1] if len(tensors) > 1 else tensors[0]
    key = tensors[2] if len(tensors) > 2 else value
    if any(len(x.shape) != 2 for x in (query, key, value)) or call.true("use_gate", False) or call.get("sliding_window"):
        raise ValueError("attention over more than one axis, with gates or in windows is not counted here")
    heads, width = call.number("num_heads"), call.number("key_dim")
    depth = width if call.get("value_dim") is None else call.number("value_dim")
    shape = call.get("output_shape")
    out = query.shape[-1] if shape is None else whole(shape[-1] if isinstance(shape, list) and shape else shape, "output_shape")
    bias = call.true("use_bias", True)
    with query.scope(call.name):
        projected = [
            call.weights(word, x.linear, heads * size, bias=bias, name=word)
            for word, x, size in (("query", query, width), ("key", key, width), ("value", value, depth))
        ]
        y = projected[0].attention(projected[1], projected[2], heads, name="attention")
        y = call.weights("output", y.linear, out, bias=bias, name="output")
    call.state.rotated[y.index] = False
    return y


def grouped_attention(call: Applied) -> Tensor:
    """GroupQueryAttention: several heads of the query share one of key and value."""
    tensors = [call.plain(x) for x in call.tensors]
    query, value = tensors[0], tensors[1] if len(tensors) > 1 else tensors[0]
    key = tensors[2] if len(tensors) > 2 else value
    width, heads, groups = (call.number(name) for name in ("head_dim", "num_query_heads", "num_key_value_heads"))
    if any(len(x.shape) != 2 for x in tensors) or not 0 < groups <= heads or heads % groups or call.get("use_gate"):
        raise ValueError("attention over more than one axis, or of heads in no whole groups, is not counted here")
    bias = call.true("use_bias", True)
    with query.scope(call.name):
        q = call.weights("query", query.linear, heads * width, bias=bias, name="query")
        k, v = (
            call.weights(word, x.linear, groups * width, bias=bias, name=word).tile((1, heads // groups), name=f"{word}_heads")
            for word, x in (("key", key), ("value", value))
        )
        y = q.attention(k, v, heads, name="attention")
        y = call.weights("output", y.linear, query.shape[-1], bias=bias, name="output")
    call.state.rotated[y.index] = False
    return y


def dot_attention(call: Applied) -> Tensor:
    """Attention: products of query, value and key, without projections."""
    query, value, *key = (call.plain(x) for x in call.tensors)
    if call.get("score_mode", "dot") != "dot" or call.true("use_scale", False):
        raise ValueError("scores other than the plain product are not counted here")
    y = query.attention(key[0] if key else value, value, name=call.name)
    call.state.rotated[y.index] = False
    return y


def dot(call: Applied) -> Tensor:
    """Dot: sums of products along one axis of each of two tensors."""
    first, second = (call.plain(x) for x in call.tensors)
    axes = call.get("axes")
    both = axes if isinstance(axes, list) else [axes, axes]
    if len(both) != 2:
        raise ValueError("axes are one number, or two")
    one, other = (call.axis(axis, x) for axis, x in zip(both, (first, second), strict=True))
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    a, b = ([next(letters) for _ in x.shape] for x in (first, second))
    b[other] = a[one]
    kept = [letter for letter in (*a, *b) if letter != a[one]]
    y = first.einsum(second, f"{''.join(a)},{''.join(b)}->{''.join(kept)}", name=call.name)
    call.state.rotated[y.index] = False
    return y


def einsum_dense(call: Applied) -> Tensor:
    """EinsumDense: a product with learned numbers by an equation, whose new letters have the sizes of `output_shape`."""
    x = call.plain()
    inputs, _, output = str(call.get("equation")).replace(" ", "").partition("->")
    given, comma, kernel = inputs.partition(",")
    shape = call.get("output_shape")
    shape = shape if isinstance(shape, list) else [shape]
    batch = 1 if given[:1] != "." else 3
    given, output = given[batch:], output[batch:]
    if not comma or len(given) != len(x.shape) or len(output) != len(shape):
        raise ValueError(f"its equation '{call.get('equation')}' does not fit what it reads")
    sizes = dict(zip(given, x.shape, strict=True))
    sizes |= {letter: whole(size, "output_shape") for letter, size in zip(output, shape, strict=True) if letter not in sizes}
    if not set(kernel) <= set(sizes):
        raise ValueError(f"its equation '{call.get('equation')}' leaves sizes open")
    key = (call.layer, "")
    if key in call.state.owners:
        raise ValueError("products by one equation that share their numbers are not counted here")
    weights = x.parameter(tuple(sizes[letter] for letter in kernel), name=f"{call.name}_kernel")
    call.state.owners[key] = call.name
    y = x.einsum(weights, f"{given},{kernel}->{output}", name=call.name)
    biased = call.get("bias_axes")
    if biased:
        y = y.bias(axis=tuple(output.index(letter) for letter in output if letter in biased), name=f"{call.name}_bias")
    call.state.rotated[y.index] = False
    return call.activated(y)


def recurrent(call: Applied, both: bool = False, key: str = "") -> Tensor:
    """LSTM, GRU and SimpleRNN over the steps of (steps, features); GRU with `reset_after` has two bias vectors."""
    x = call.plain()
    kind = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "rnn"}[call.layer.kind]
    vectors = (
        0
        if not call.true("use_bias", True)
        else 2
        if kind == "gru" and call.true("reset_after", "reset_after" in call.layer.config)
        else 1
    )
    if call.true("return_state", False):
        raise ValueError("states that are returned are not known here")
    y = call.weights(
        "",
        getattr(x, kind),
        call.number("units"),
        bidirectional=both,
        bias=vectors,
        last=not call.true("return_sequences", False),
    )
    call.state.rotated[y.index] = False
    return y


def bidirectional(call: Applied) -> Made:
    """Bidirectional: the wrapped layer forwards and backwards, side by side or merged."""
    inner = wrapped(call, "layer")
    if inner.layer.kind not in ("LSTM", "GRU", "SimpleRNN"):
        raise ValueError(f"it wraps a {inner.layer.kind[:40]}, which is not known here")
    y = recurrent(inner, both=True)
    how = call.get("merge_mode", "concat")
    if how == "concat":
        return y
    if how is None:
        return [y.split(2, part, axis=-1, name=f"{call.name}_half") for part in (0, 1)]
    halves = [y.split(2, part, axis=-1, name=f"{call.name}_half") for part in (0, 1)]
    return (halves[0].mul if how == "mul" else halves[0].add)(halves[1], name=f"{call.name}_merge")


def wrapped(call: Applied, key: str) -> Applied:
    """Return the call of the layer that another one wraps, under the name of the outer one."""
    entry = call.get(key)
    if not isinstance(entry, dict) or not isinstance(entry.get("class_name"), str) or not isinstance(entry.get("config"), dict):
        raise ValueError("it wraps no layer")
    known = call.state.wrapped.setdefault(
        call.layer, Layer(call.layer.name, entry["class_name"], str(entry.get("module") or ""), "", entry["config"])
    )
    return Applied(known, call.arguments, call.named, call.state)


AT_EACH_STEP = (
    "Conv2D",
    "DepthwiseConv2D",
    "SeparableConv2D",
    "MaxPooling2D",
    "AveragePooling2D",
    "ZeroPadding2D",
    "Cropping2D",
)
AXES = ("axis", "axes")  # entries that name axes, which the steps move


def time_distributed(call: Applied) -> Made:
    """TimeDistributed: a layer at each step. A layer with windows takes one step of (C, steps, H, W) at a time."""
    inner = wrapped(call, "layer")
    kind, config = inner.layer.kind, inner.layer.config
    if kind in ("Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D"):
        x = call.plain()
        last = inner.get("data_format", "channels_last") != "channels_first"
        axes = tuple(range(1, len(x.shape) - 1)) if last else tuple(range(2, len(x.shape)))
        if kind == "Flatten":
            y = x if len(x.shape) < 3 else x.flatten(1, -1, name=call.name)
        else:
            y = x.reduce("max" if "Max" in kind else "mean", axes=axes, keep=inner.true("keepdims", False), name=call.name)
        call.state.rotated[y.index] = False
        return y
    if kind in AT_EACH_STEP:
        config = dict(config)
        for key, one in (("kernel_size", 1), ("pool_size", 1), ("strides", 1), ("dilation_rate", 1)):
            if config.get(key) is not None:
                config[key] = [one, *inner.sizes(key, 2)]
        for key in ("padding", "cropping"):
            if kind in ("ZeroPadding2D", "Cropping2D") and key in config:
                config[key] = [[0, 0], *map(list, ends(inner, key))]
        kind = kind.replace("2D", "3D")
    elif kind in WINDOWED:
        raise ValueError(f"it applies a {kind[:40]} at each step, which is not known here")
    else:
        moved = {key: _moved(config[key]) for key in AXES if config.get(key) is not None}
        config = {**config, **moved}
    if kind not in TRANSLATIONS:
        raise ValueError(f"it applies a {kind[:40]} at each step, which is not known here")
    layer = call.state.wrapped.setdefault(inner.layer, Layer(inner.layer.name, kind, "", "", config))
    return TRANSLATIONS[kind](Applied(layer, call.arguments, call.named, call.state))


def _moved(axes: Any) -> Any:
    """Return axes of one step as those of all steps together: the steps stand behind the batch."""
    if isinstance(axes, list):
        return [_moved(axis) for axis in axes]
    return axes + 1 if type(axes) is int and axes > 0 else axes


# ── norms ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def learned(call: Applied, offset: bool = True) -> dict[str, Any]:
    """Return which of a scale and an offset a norm learns, as arguments of its rule."""
    scale, offset = call.true("scale", True), call.true("center", True) and offset
    return {} if scale and offset else {"scale": scale, "offset": offset} if scale or offset else {"affine": False}


def along(axis: int, x: Tensor) -> dict[str, Any]:
    """Return an axis as an argument; nothing where it is that of the channels anyway."""
    return {} if axis == channel_axis(x.shape) else {"axis": axis}


def batch_norm(call: Applied) -> Tensor:
    """BatchNormalization, with a scale, an offset, both or neither."""
    (axis,) = call.axes(call.get("axis", -1), call.x)
    return call.weights("", call.x.batch_norm, **learned(call), **along(axis, call.x))


def layer_norm(call: Applied) -> Tensor:
    """LayerNormalization and RMSNormalization over the axes that it names."""
    axes = call.axes(call.get("axis", -1), call.x)
    rms = call.layer.kind == "RMSNormalization" or bool(call.get("rms_scaling", False))
    over = "channels" if len(axes) == 1 and not along(axes[0], call.x) else axes
    return call.weights("", call.x.layer_norm, over=over, **learned(call, offset=not rms))


def group_norm(call: Applied) -> Tensor:
    """GroupNormalization; -1 groups are as many as channels."""
    x = call.x
    axis, groups = call.axis(call.get("axis", -1), x), call.number("groups", 32)
    return call.weights("", x.group_norm, x.shape[axis] if groups == -1 else groups, **learned(call), **along(axis, x))


def normalization(call: Applied) -> Tensor:
    """Normalization: with moments in the file a fixed shift and factor; else buffers, and a count."""
    if call.get("mean") is not None:
        return unchanged(call)
    axes = call.axes(call.get("axis", -1), call.x)
    if len(axes) != 1:
        raise ValueError("moments over several axes are not counted here")
    return call.weights("", call.x.batch_norm, affine=False, counter=True, **along(axes[0], call.x))


# ── activations, joins and rearrangements ────────────────────────────────────────────────────────────────────────────


def relu(call: Applied) -> Tensor:
    """ReLU with a ceiling, a slope, or neither."""
    slope = call.get("negative_slope", call.get("alpha", 0))
    kind = "relu6" if call.get("max_value") == 6 else "leaky_relu" if slope not in (None, 0, 0.0) else "relu"
    made: Tensor = getattr(call.x, kind)(name=call.name)
    return made


def prelu(call: Applied) -> Tensor:
    """PReLU: a slope for each element, but those on shared axes."""
    x = call.x
    shared = set(call.axes(call.get("shared_axes") or [], x)) if call.get("shared_axes") else set()
    own = tuple(axis for axis in range(len(x.shape)) if axis not in shared)
    if (call.layer, "") in call.state.owners:
        raise ValueError("slopes used twice are not counted here")
    call.state.owners[call.layer, ""] = call.name
    if not own:
        return x.prelu(shared=True, name=call.name)
    return x.prelu(name=call.name, **along(own[0], x)) if len(own) == 1 else x.prelu(axis=own, name=call.name)


def joined(kind: str) -> Callable[[Applied], Tensor]:
    """Return the translation of a join of several tensors."""

    def join(call: Applied) -> Tensor:
        first, *others = call.alike()
        return getattr(first, kind)(*others, name=call.name) if others else first

    return join


def concatenate(call: Applied) -> Tensor:
    """Concatenate along one axis of the file."""
    first, *others = call.alike()
    return first.concat(*others, axis=call.axis(call.get("axis", -1), first), name=call.name) if others else first


def flatten(call: Applied) -> Tensor:
    """Flatten."""
    return call.x if len(call.x.shape) == 1 else call.x.flatten(name=call.name)


def reshape(call: Applied) -> Tensor:
    """Reshape to a stated shape, -1 being what is left."""
    target = call.get("target_shape")
    if not isinstance(target, list):
        raise ValueError("it has no target_shape")
    return reshaped(call, [whole(size, "target_shape") for size in target])


def reshaped(call: Applied, target: list[int]) -> Tensor:
    """Return a tensor in a shape of the file. Maps stay C×H×W, and H·W rows of C are tokens."""
    x = call.x
    maps = len(target) > 2 and (call.rotated(x) or len(x.shape) < 3)
    to = (target[-1], *target[:-1]) if maps else tuple(target)
    if to == x.shape and maps == call.rotated(x):
        return x
    if len(to) == 1:
        y = x if len(x.shape) == 1 else x.flatten(name=call.name)
    elif (
        len(to) == 2
        and len(x.shape) == 3
        and call.rotated(x)
        and to[1] == x.shape[0]
        and to[0] in (-1, x.shape[1] * x.shape[2])
    ):
        y = x.tokens(name=call.name)
    elif (
        len(to) == 3
        and maps
        and len(x.shape) == 2
        and not call.rotated(x)
        and to == (x.shape[1], to[1], to[2])
        and -1 not in to
    ):
        y = x.untokens(to[1], to[2], name=call.name)
    else:
        y = x.reshape(to, name=call.name)
    call.state.rotated[y.index] = maps
    return y


def permuted(call: Applied) -> Tensor:
    """Permute: the file's axes in a new order, counted from 1."""
    dims = call.get("dims")
    if not isinstance(dims, list):
        raise ValueError("it has no dims")
    x = call.plain()
    y = x.permute(tuple(whole(axis, "dims") - 1 for axis in dims), name=call.name)
    call.state.rotated[y.index] = False
    return call.turned(y, True) if len(y.shape) > 2 else y


def repeated(call: Applied) -> Tensor:
    """RepeatVector: (features,) becomes (n, features)."""
    size = call.x.shape[0]
    y = call.x.reshape((1, size), name=call.name).tile((call.number("n"), 1), name=f"{call.name}_tile")
    call.state.rotated[y.index] = False
    return y


def unchanged(call: Applied) -> Tensor:
    """A layer that hands its input on at inference."""
    call.state.passed.append(call.layer.kind)
    return call.x


Translation: TypeAlias = Callable[[Applied], Made]
_DIMENSIONS = ("1D", "2D", "3D")
TRANSLATIONS: Mapping[str, Translation] = {
    **{f"{kind}{d}": convolution for kind in ("Conv", "Convolution", "DepthwiseConv", "SeparableConv") for d in _DIMENSIONS},
    **{f"Conv{d}Transpose": transposed for d in _DIMENSIONS},
    **{f"LocallyConnected{d}": locally_connected for d in ("1D", "2D")},
    **{f"{kind}Pooling{d}": pooling for kind in ("Max", "Average") for d in _DIMENSIONS},
    **{f"Global{kind}Pooling{d}": global_pooling for kind in ("Max", "Average") for d in _DIMENSIONS},
    **{f"Adaptive{kind}Pooling{d}": adaptive for kind in ("Max", "Average") for d in _DIMENSIONS},
    **{f"UpSampling{d}": upsampling for d in _DIMENSIONS},
    **{f"ZeroPadding{d}": zero_padding for d in _DIMENSIONS},
    **{f"Cropping{d}": cropping for d in _DIMENSIONS},
    **dict.fromkeys(("Resizing", "CenterCrop", "RandomCrop"), resizing),
    "Dense": dense,
    "Embedding": embedding,
    "EinsumDense": einsum_dense,
    "MultiHeadAttention": attention,
    **dict.fromkeys(("GroupQueryAttention", "GroupedQueryAttention"), grouped_attention),
    "Attention": dot_attention,
    "Dot": dot,
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), recurrent),
    "Bidirectional": bidirectional,
    "TimeDistributed": time_distributed,
    **dict.fromkeys(("BatchNormalization", "BatchNormalizationV1", "SyncBatchNormalization"), batch_norm),
    **dict.fromkeys(("LayerNormalization", "RMSNormalization"), layer_norm),
    "GroupNormalization": group_norm,
    "Normalization": normalization,
    "Activation": lambda call: call.activated(call.x, suffix=""),
    "ReLU": relu,
    "LeakyReLU": lambda call: call.x.leaky_relu(name=call.name),
    "ELU": lambda call: call.x.elu(name=call.name),
    "Softmax": lambda call: call.x.softmax(name=call.name),
    "PReLU": prelu,
    "UnitNormalization": lambda call: call.x.elementwise(op="normalize", name=call.name),
    **dict.fromkeys(("Add", "Average"), joined("add")),
    "Subtract": joined("sub"),
    "Maximum": joined("maximum"),
    "Minimum": joined("minimum"),
    "Multiply": joined("mul"),
    "CustomScaleLayer": joined("add"),  # of InceptionResNetV2: inputs[0] + inputs[1]·scale
    "Concatenate": concatenate,
    "Flatten": flatten,
    "Reshape": reshape,
    "Permute": permuted,
    "RepeatVector": repeated,
    **dict.fromkeys(
        ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout"),
        lambda call: call.x.dropout(float(call.get("rate", 0.5)), name=call.name),
    ),
    "LayerScale": lambda call: call.weights("", call.x.scale),
    "StochasticDepth": lambda call: call.x.stochastic_depth(float(call.get("drop_path_rate", 0)), name=call.name),
    **dict.fromkeys(
        (
            "GaussianNoise",
            "ActivityRegularization",
            "Rescaling",
            "Identity",
            "Masking",
            "AutoContrast",
            "Equalization",
            "Solarization",
        ),
        unchanged,
    ),
}
WINDOWED = {  # what works on axes that it counts itself
    *(kind for kind in TRANSLATIONS if kind.endswith(_DIMENSIONS) or "Transpose" in kind),
    *("Reshape", "Permute", "RepeatVector", "MultiHeadAttention", "GroupQueryAttention", "Attention", "Dot", "EinsumDense"),
    *(
        "LSTM",
        "GRU",
        "SimpleRNN",
        "Bidirectional",
        "TimeDistributed",
        "Embedding",
        "Resizing",
        "CenterCrop",
        "RandomCrop",
        "Normalization",
    ),
}
