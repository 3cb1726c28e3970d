"""Caffe's layer types in rules: a table from the type to a function of the layer's parameters and its input tensors.

Source: BVLC/caffe at 9b89154, src/caffe/proto/caffe.proto and src/caffe/layers; forks: SSD (weiliu89/caffe), SENet
(hujie-frank/SENet), SegNet and PSPNet, ShuffleNet's ShuffleChannel, MobileNet's DepthwiseConvolution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from cnncost.graph.graph import Tensor
from cnncost.models.importers.caffe_file import Layer
from cnncost.models.importers.prototxt import Message

Made: TypeAlias = Tensor | Sequence[Tensor]
Translation: TypeAlias = Callable[[Layer, Sequence[Tensor], str | None], Made]  # the last: whose weights it uses


def axis_of(axis: int, x: Tensor) -> int:
    """Return our axis of one of Caffe's, which count from the batch. Raises ValueError for the batch itself."""
    rank = len(x.shape) + 1
    counted = axis + rank if axis < 0 else axis
    if not 0 < counted < rank:
        raise ValueError(
            "it works along the batch, which one example does not have" if not counted else f"there is no axis {axis} in {rank}"
        )
    return counted - 1


def sides(options: Message, stem: str, default: int | None, repeated: str = "") -> tuple[int, int]:
    """Return a (vertical, horizontal) parameter: stem_h and stem_w, or one number for both, or one each."""
    key = repeated or stem
    one = options.numbers(key) or ([] if default is None else [default])
    down, across = options.numbers(f"{stem}_h"), options.numbers(f"{stem}_w")
    if not one and not (down and across):
        raise ValueError(f"it has no {key}")
    if len(one) > 2:
        raise ValueError(f"{key} has {len(one)} numbers, and maps two axes")
    return (down[-1] if down else one[0], across[-1] if across else one[-1])


# ── layers with weights ──────────────────────────────────────────────────────────────────────────────────────────────


def convolution(layer: Layer, xs: Sequence[Tensor], shared: str | None) -> list[Tensor]:
    """Convolution and Deconvolution; a depthwise one takes a group for each channel. Several bottoms share the weights."""
    options = layer.options("convolution_param")
    made: list[Tensor] = []
    for x in xs:
        groups = x.channels if layer.type == "ConvolutionDepthwise" else options.number("group", 1)
        transposed = layer.type in ("Deconvolution", "DeconvolutionDepthwise")
        y = (x.conv_transpose if transposed else x.conv)(
            options.number("num_output", 0),
            sides(options, "kernel", None, "kernel_size"),
            sides(options, "stride", 1),
            sides(options, "pad", 0),
            groups=groups,
            dilation=sides(options, "dilation", 1),
            bias=options.true("bias_term", True),
            name=layer.path,
            shared=shared or (made[0].tracer.nodes[made[0].index].name if made else None),
        )
        made.append(y)
    return made


def inner_product(layer: Layer, xs: Sequence[Tensor], shared: str | None) -> Tensor:
    """InnerProduct: everything from `axis` on is one vector."""
    options = layer.options("inner_product_param")
    axis = axis_of(options.number("axis", 1), xs[0])
    x = xs[0] if axis == len(xs[0].shape) - 1 else xs[0].flatten(axis)
    plain: dict[str, Any] = {} if len(x.shape) < 2 else {"axis": -1}
    return x.linear(
        options.number("num_output", 0), bias=options.true("bias_term", True), name=layer.path, shared=shared, **plain
    )


def batch_norm(layer: Layer, xs: Sequence[Tensor], shared: str | None) -> Tensor:
    """BatchNorm: moments, and the factor by which Caffe divides them; what is learned stands in a Scale behind it."""
    return xs[0].batch_norm(affine=False, counter=True, name=layer.path, shared=shared)


def scale(layer: Layer, xs: Sequence[Tensor], shared: str | None) -> Tensor:
    """Scale: by learned numbers over `num_axes` axes from `axis` on, or by a second bottom."""
    options = layer.options("scale_param")
    if len(xs) > 1:
        return xs[0].mul(_from(xs[0], xs[1], options.number("axis", 1)), name=layer.path)
    bias = options.true("bias_term", False)
    return xs[0].scale(bias=bias, name=layer.path, shared=shared, **_over(options, xs[0]))


def bias(layer: Layer, xs: Sequence[Tensor], shared: str | None) -> Tensor:
    """Bias: learned numbers over `num_axes` axes from `axis` on, or a second bottom, added."""
    options = layer.options("bias_param")
    if len(xs) > 1:
        return xs[0].add(_from(xs[0], xs[1], options.number("axis", 1)), name=layer.path)
    return xs[0].bias(name=layer.path, shared=shared, **_over(options, xs[0]))


def _over(options: Message, x: Tensor) -> dict[str, Any]:
    """Return over which axes learned numbers differ; nothing where it is the channels alone."""
    first = axis_of(options.number("axis", 1), x)
    count = options.number("num_axes", 1)
    end = len(x.shape) if count < 0 else first + count
    if end > len(x.shape):
        raise ValueError(f"num_axes={count} from axis {first + 1} goes past the {len(x.shape) + 1} there are")
    axes = tuple(range(first, end))
    return {} if axes == (0,) and len(x.shape) != 2 else {"axis": axes}


def _from(x: Tensor, other: Tensor, axis: int) -> Tensor:
    """Return a second bottom as it is spread over the first: from `axis` on."""
    first = axis - 1 if axis > 0 else 0 if axis == 0 else axis_of(axis, x)
    rest = len(x.shape) - first - len(other.shape)
    return other if not rest and not first else other.reshape((1,) * first + other.shape + (1,) * rest)


def normalize(layer: Layer, xs: Sequence[Tensor], shared: str | None) -> Tensor:
    """Normalize of SSD: to length one, times a learned number for each channel, or one for all."""
    if layer.options("norm_param").true("channel_shared", True):
        return xs[0].mul(xs[0].parameter((1,), name=f"{layer.path}.scale"), name=layer.path)
    return xs[0].scale(name=layer.path, shared=shared)


def prelu(layer: Layer, xs: Sequence[Tensor], shared: str | None) -> Tensor:
    """PReLU: a slope for each channel, or one for all."""
    if shared:
        raise ValueError("slopes shared between layers are not known here")
    return xs[0].prelu(shared=layer.options("prelu_param").true("channel_shared", False), name=layer.path)


# ── windows ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def pooling(layer: Layer, xs: Sequence[Tensor], _: str | None) -> Tensor:
    """Pooling: sizes are rounded up unless a fork's file says otherwise; a global one keeps C×1×1."""
    options = layer.options("pooling_param")
    how = options.choice("pool", ("MAX", "AVE", "STOCHASTIC"))
    x = xs[0]
    if options.true("global_pooling", False):
        return (x.global_max_pool if how == "MAX" else x.global_avg_pool)(keep=True, name=layer.path)
    down = options.choice("round_mode", ("CEIL", "FLOOR")) == "FLOOR" or not options.true("ceil_mode", True)
    return (x.max_pool if how == "MAX" else x.avg_pool)(
        sides(options, "kernel", None, "kernel_size"),
        sides(options, "stride", 1),
        sides(options, "pad", 0),
        ceil_mode=False if down else "caffe",
        name=layer.path,
    )


def lrn(layer: Layer, xs: Sequence[Tensor], _: str | None) -> Tensor:
    """LRN across channels, or within a channel over windows of local_size by local_size."""
    options = layer.options("lrn_param")
    size = options.number("local_size", 5)
    within = options.choice("norm_region", ("ACROSS_CHANNELS", "WITHIN_CHANNEL")) == "WITHIN_CHANNEL"
    return xs[0].lrn(size * size if within else size, name=layer.path)


def upsample(layer: Layer, xs: Sequence[Tensor], _: str | None) -> Tensor:
    """Upsample of SegNet: to a stated size, or `scale` times; which pixels were the largest, the second bottom says."""
    options = layer.options("upsample_param")
    factor = options.number("scale", 2)
    height, width = (
        options.number(f"upsample_{side}", 0) or size * factor for side, size in zip("hw", xs[0].shape[1:], strict=True)
    )
    return xs[0].upsample(size=(height, width), name=layer.path)


def interp(layer: Layer, xs: Sequence[Tensor], _: str | None) -> Tensor:
    """Interp of DeepLab and PSPNet: bilinear, to a stated size or by factors that keep the corners."""
    options = layer.options("interp_param")
    ends = options.number("pad_beg", 0) + options.number("pad_end", 0)
    height, width = (size + ends for size in xs[0].shape[1:])
    if "height" in options or "width" in options:
        height, width = options.number("height", 1), options.number("width", 1)
    else:
        shrink, zoom = options.number("shrink_factor", 1), options.number("zoom_factor", 1)
        if shrink < 1 or zoom < 1:
            raise ValueError("shrink_factor and zoom_factor are whole numbers from 1")
        height, width = ((size - 1) // shrink + 1 for size in (height, width))
        height, width = (size + (size - 1) * (zoom - 1) for size in (height, width))
    return xs[0].upsample(size=(height, width), mode="bilinear", name=layer.path)


# ── joins and rearrangements ─────────────────────────────────────────────────────────────────────────────────────────


def eltwise(layer: Layer, xs: Sequence[Tensor], _: str | None) -> Tensor:
    """Eltwise: a product, a sum (of multiples) or a maximum."""
    how = layer.options("eltwise_param").choice("operation", ("SUM", "PROD", "SUM", "MAX"))
    join = {"PROD": xs[0].mul, "SUM": xs[0].add, "MAX": xs[0].maximum}[how]
    return join(*xs[1:], name=layer.path)


def axpy(layer: Layer, xs: Sequence[Tensor], _: str | None) -> Tensor:
    """Axpy of SENet: a·x + y."""
    gate, x, y = xs
    return x.mul(gate, name=f"{layer.path}.mul").add(y, name=f"{layer.path}.add")


def concat(layer: Layer, xs: Sequence[Tensor], _: str | None) -> Tensor:
    """Concat along one axis, the channels unless said."""
    options = layer.options("concat_param")
    axis = axis_of(options.number("axis", options.number("concat_dim", 1)), xs[0])
    return xs[0] if len(xs) == 1 else xs[0].concat(*xs[1:], axis=axis, name=layer.path)


def slice_(layer: Layer, xs: Sequence[Tensor], _: str | None) -> list[Tensor]:
    """Slice into the tops: at stated points, or into equal parts."""
    options = layer.options("slice_param")
    axis = axis_of(options.number("axis", options.number("slice_dim", 1)), xs[0])
    points = options.numbers("slice_point")
    if not points:
        size, parts = xs[0].shape[axis], len(layer.tops)
        points = [size * part // parts for part in range(1, parts)]
    if len(points) + 1 != len(layer.tops):
        raise ValueError(f"{len(points)} slice points make no {len(layer.tops)} tops")
    ends = [*points, None]
    return [
        xs[0].slice(start, stop, axis=axis, name=f"{layer.path}.{number}")
        for number, (start, stop) in enumerate(zip([0, *points], ends, strict=True))
    ]


def crop(layer: Layer, xs: Sequence[Tensor], _: str | None) -> Tensor:
    """Crop: the first bottom in the size of the second, from `axis` on."""
    x, like = xs
    options = layer.options("crop_param")
    first = axis_of(options.number("axis", 2), x)
    offsets = options.numbers("offset") or [0]
    cut = [axis for axis in range(first, len(x.shape)) if x.shape[axis] != like.shape[axis]]
    for axis in cut:
        offset = offsets[0] if len(offsets) == 1 else offsets[axis - first] if axis - first < len(offsets) else 0
        name = layer.path if axis == cut[-1] else f"{layer.path}_{axis}"
        x = x.slice(offset, offset + like.shape[axis], axis=axis, name=name)
    return x


def flatten(layer: Layer, xs: Sequence[Tensor], _: str | None) -> Tensor:
    """Flatten: the axes from `axis` to `end_axis` as one."""
    options = layer.options("flatten_param")
    first, last = (axis_of(options.number(key, default), xs[0]) for key, default in (("axis", 1), ("end_axis", -1)))
    return xs[0] if first == last else xs[0].flatten(first, last, name=layer.path)


def reshape(layer: Layer, xs: Sequence[Tensor], _: str | None) -> Tensor:
    """Reshape: 0 copies a size, -1 is what is left; the axes before `axis` and behind its `num_axes` stay."""
    options = layer.options("reshape_param")
    x, rank = xs[0], len(xs[0].shape) + 1
    first, count = options.number("axis", 0), options.number("num_axes", -1)
    first = first + rank + 1 if first < 0 else first
    last = rank if count < 0 else first + count
    if not 0 <= first <= last <= rank:
        raise ValueError(f"axis={first} and num_axes={count} do not fit its {rank} axes")
    shape = (1, *x.shape)
    sizes = options.message("shape").numbers("dim")
    for place, size in enumerate(sizes):
        if size == 0 and first + place >= rank:
            raise ValueError(f"dim {place} copies an axis that is not there")
    to = [*shape[:first], *(size or shape[first + place] for place, size in enumerate(sizes)), *shape[last:]]
    if not to or (to[0] == -1 and -1 in to[1:]) or (to[0] not in (1, -1) and first == 0):
        raise ValueError("it changes the batch, which one example does not have")
    return x if tuple(to[1:]) == x.shape else x.reshape(tuple(to[1:]), name=layer.path)


def permute(layer: Layer, xs: Sequence[Tensor], _: str | None) -> Tensor:
    """Permute of SSD: the axes in a new order, those not named at the end."""
    x = xs[0]
    order = layer.options("permute_param").numbers("order")
    order += [axis for axis in range(len(x.shape) + 1) if axis not in order]
    if order[:1] != [0]:
        raise ValueError("it moves the batch, which one example does not have")
    return x.permute(tuple(axis - 1 for axis in order[1:]), name=layer.path)


def tile(layer: Layer, xs: Sequence[Tensor], _: str | None) -> Tensor:
    """Tile: copies side by side along one axis."""
    options = layer.options("tile_param")
    axis = axis_of(options.number("axis", 1), xs[0])
    times = options.number("tiles", 1)
    return xs[0].tile(tuple(times if other == axis else 1 for other in range(len(xs[0].shape))), name=layer.path)


def reduction(layer: Layer, xs: Sequence[Tensor], _: str | None) -> Tensor:
    """Reduction: a sum or mean over everything from `axis` on."""
    options = layer.options("reduction_param")
    axis = axis_of(options.number("axis", 0), xs[0])
    how = options.choice("operation", ("SUM", "SUM", "ASUM", "SUMSQ", "MEAN"))
    op: Any = {"SUM": "sum", "ASUM": "norm", "SUMSQ": "norm", "MEAN": "mean"}[how]
    return xs[0].reduce(op, axes=tuple(range(axis, len(xs[0].shape))), name=layer.path)


def softmax(layer: Layer, xs: Sequence[Tensor], _: str | None) -> Tensor:
    """Softmax along the channels unless said."""
    axis = axis_of(layer.options("softmax_param").number("axis", 1), xs[0])
    return xs[0].softmax(name=layer.path, axis=axis)


def pointwise(kind: str) -> Translation:
    """Return the translation of an activation."""
    return lambda layer, xs, shared: getattr(xs[0], kind)(name=layer.path)


def elementwise(op: str) -> Translation:
    """Return the translation of what has no kind of its own."""
    return lambda layer, xs, shared: xs[0].elementwise(op=op, name=layer.path)


TRANSLATIONS: Mapping[str, Translation] = {
    **dict.fromkeys(("Convolution", "DepthwiseConvolution", "ConvolutionDepthwise", "Deconvolution"), convolution),
    "InnerProduct": inner_product,
    "BatchNorm": batch_norm,
    "BN": lambda layer, xs, shared: xs[0].batch_norm(name=layer.path, shared=shared),
    "Scale": scale,
    "Bias": bias,
    "PReLU": prelu,
    "Normalize": normalize,
    "Pooling": pooling,
    "LRN": lrn,
    "Interp": interp,
    "Upsample": upsample,
    "Eltwise": eltwise,
    "Axpy": axpy,
    "Concat": concat,
    "Slice": slice_,
    "Split": lambda layer, xs, shared: [xs[0]] * len(layer.tops),
    "Crop": crop,
    "Flatten": flatten,
    "Reshape": reshape,
    "Permute": permute,
    "Tile": tile,
    "Reduction": reduction,
    "ShuffleChannel": lambda layer, xs, shared: xs[0].channel_shuffle(
        layer.options("shuffle_channel_param").number("group", 1), name=layer.path
    ),
    "Dropout": lambda layer, xs, shared: xs[0].dropout(
        layer.options("dropout_param").real("dropout_ratio", 0.5), name=layer.path
    ),
    "Softmax": softmax,
    "ReLU": lambda layer, xs, shared: pointwise(
        "leaky_relu" if layer.options("relu_param").real("negative_slope", 0) else "relu"
    )(layer, xs, shared),
    **{type: pointwise(kind) for type, kind in (
        ("ReLU6", "relu6"), ("ELU", "elu"), ("Sigmoid", "sigmoid"), ("TanH", "tanh"), ("Swish", "silu"), ("Mish", "mish")
    )},
    **{type: elementwise(op) for type, op in (
        ("Power", "pow"), ("Exp", "exp"), ("Log", "log"), ("AbsVal", "abs"), ("BNLL", "softplus"), ("Clip", "clip"),
        ("Threshold", "greater"), ("MVN", "normalize"),
    )},
}  # fmt: skip
