"""Keras's layers in rules: a table from the class to a function of one call of a layer.

Source: Keras 3.15.1, keras/src/layers; keras/src/applications for LayerScale, StochasticDepth and CustomScaleLayer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from cnncost.graph.graph import Tensor
from cnncost.models.importers.keras_call import Applied, Layer, Made, whole
from cnncost.models.importers.keras_products import (
    attention,
    bidirectional,
    dense,
    dot,
    dot_attention,
    einsum_dense,
    embedding,
    grouped_attention,
    recurrent,
    wrapped,
)
from cnncost.models.importers.keras_windows import (
    adaptive,
    convolution,
    cropping,
    ends,
    global_pooling,
    locally_connected,
    pooling,
    resizing,
    transposed,
    upsampling,
    zero_padding,
)
from cnncost.rules.shapes import channel_axis

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


# ── a layer at each step ─────────────────────────────────────────────────────────────────────────────────────────────


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


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────────


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
