"""Keras's layers with windows in rules: convolutions, pooling, resampling, padding.

Source: Keras 3.15.1, keras/src/layers/convolutional, pooling and reshaping.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from cnncost.base.errors import CostError
from cnncost.graph.graph import Tensor
from cnncost.models.importers.keras_call import Applied, whole


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
