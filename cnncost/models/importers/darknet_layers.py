"""What darknet's sections are in rules: a table from the type to a function of the options and the tensors it reads.

Source: AlexeyAB/darknet at 59596d7, src/parser.c and src/*_layer.c; pjreddie/darknet for what only it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from cnncost.base.errors import ModelError, did_you_mean
from cnncost.graph.graph import Tensor
from cnncost.models.importers.darknet_file import Section

MOST_PARTS = 4096  # among whose channels a maximum is taken

# darknet's activations by our kinds; None: the identity. Those that have no kind of their own are `elementwise`.
ACTIVATIONS: Mapping[str, str | None] = {
    "logistic": "sigmoid",
    "relu": "relu",
    "relu6": "relu6",
    "leaky": "leaky_relu",
    "linear": None,
    "tanh": "tanh",
    "elu": "elu",
    "gelu": "gelu",
    "swish": "silu",
    "mish": "mish",
}
OPERATIONS = (
    *("selu", "hard_mish", "ramp", "loggy", "plse", "stair", "hardtan", "lhtan", "relie"),
    *("norm_chan", "norm_chan_softmax", "norm_chan_softmax_maxval"),
)
Translation: TypeAlias = Callable[[Section, Tensor, Sequence[Tensor]], Tensor]


def activated(layer: Section, x: Tensor, default: str) -> Tensor:
    """Return a tensor after the section's activation."""
    chosen = layer.options.get("activation", default)
    if chosen in OPERATIONS:
        return x.elementwise(op=chosen, name=chosen)
    if chosen not in ACTIVATIONS:
        known = (*ACTIVATIONS, *OPERATIONS)
        raise ModelError(
            f"{layer.place}: unknown activation '{chosen[:40]}'",
            did_you_mean(chosen[:40], known, f"darknet's are: {', '.join(known)}"),
        )
    kind = ACTIVATIONS[chosen]
    return x if kind is None else getattr(x, kind)(name=kind)


def as_map(x: Tensor) -> Tensor:
    """Return a tensor as a map: what [connected] makes is C×1×1 in darknet."""
    return x.reshape((x.shape[0], 1, 1)) if len(x.shape) == 1 else x


def convolutional(layer: Section, x: Tensor, _: Sequence[Tensor]) -> Tensor:
    """[convolutional]: `pad=1` is size//2 whatever `padding` says; a batch norm takes the place of the bias."""
    x = as_map(x)
    size = layer.number("size", 1)
    stride = strides(layer)
    dilation = layer.number("dilation", 1) if size > 1 else 1
    pad = size // 2 if layer.number("pad", 0) else layer.number("padding", 0)
    both = 2 * pad + (dilation - 1) * (
        size - 1
    )  # so that there are (H + 2·pad - size)/stride + 1 outputs whatever the dilation
    normed = layer.number("batch_normalize", 0) or layer.number("cbn", 0)
    groups = 1 if layer.number("xnor", 0) else max(layer.number("groups", 1), 1)
    owner = None
    if "share_index" in layer.options:
        shared = layer.number("share_index", 0)
        owner = f"{shared if shared >= 0 else layer.index + shared}_{layer.type}"
    blur = layer.number("antialiasing", 0)
    y = x.conv(
        layer.number("filters", 1),
        size,
        1 if blur else stride,
        (both // 2, both - both // 2, both // 2, both - both // 2),
        groups=groups,
        dilation=dilation,
        bias=not normed,
        name="conv",
        shared=owner and f"{owner}.conv",
    )
    if normed:
        y = y.batch_norm(name="bn", shared=owner and f"{owner}.bn")
    return blurred(layer, activated(layer, y, "logistic"), stride)


def strides(layer: Section) -> tuple[int, int]:
    """Return the (vertical, horizontal) stride."""
    stride = layer.number("stride", 1)
    down, across = layer.number("stride_y", -1), layer.number("stride_x", -1)
    return (down if down > 0 else stride, across if across > 0 else stride)


def blurred(layer: Section, x: Tensor, stride: tuple[int, int]) -> Tensor:
    """Return what `antialiasing` adds: a fixed blur of each channel that takes over the stride."""
    how = layer.number("antialiasing", 0)
    return (
        x
        if not how
        else x.avg_pool(3, stride, 1, name="blur")
        if how == 1
        else x.avg_pool(2, stride, (0, 1, 0, 1), name="blur")
    )


def connected(layer: Section, x: Tensor, _: Sequence[Tensor]) -> Tensor:
    """[connected]: all inputs to all outputs."""
    normed = layer.number("batch_normalize", 0)
    y = x if len(x.shape) == 1 else x.flatten()
    y = y.linear(layer.number("output", 1), bias=not normed, name="linear")
    if normed:
        y = y.batch_norm(name="bn")
    return activated(layer, y, "logistic")


def pooled(layer: Section, x: Tensor, _: Sequence[Tensor]) -> Tensor:
    """[maxpool] and [local_avgpool]: `padding` is the total of both ends, size - 1 unless given."""
    if layer.number("maxpool_depth", 0):
        return deepest(layer, x)
    blur = layer.number("antialiasing", 0)
    stride = strides(layer)
    size = layer.number("size", layer.number("stride", 1))
    both = layer.number("padding", size - 1)
    pool = x.max_pool if layer.type.startswith("max") else x.avg_pool
    y = pool(size, 1 if blur else stride, (both // 2, both - both // 2, both // 2, both - both // 2), name="pool")
    return blurred(layer, y, stride)


def deepest(layer: Section, x: Tensor) -> Tensor:
    """`maxpool_depth`: the maximum over every out_channels-th channel."""
    out = layer.number("out_channels", 1)
    if not isinstance(x.channels, int) or out < 1 or x.channels % out or x.channels // out > MOST_PARTS:
        raise ModelError(f"{layer.place}: {x.channels} channels are no whole multiple of out_channels={out}", "give a divisor")
    parts = [x.slice(start, start + out) for start in range(0, x.channels, out)]
    return parts[0].maximum(*parts[1:], name="maximum")


def route(layer: Section, _: Tensor, sources: Sequence[Tensor]) -> Tensor:
    """[route]: earlier layers side by side, or one of `groups` parts of them."""
    first, *others = sources
    y = first.concat(*others, name="concat") if others else first
    groups = layer.number("groups", 1)
    return y.split(groups, layer.number("group_id", 0), name="split") if groups > 1 else y


def shortcut(layer: Section, x: Tensor, sources: Sequence[Tensor]) -> Tensor:
    """[shortcut]: a sum in the shape of the previous layer. Of other channels the common ones are added, other sizes are read
    in steps. `weights_type` learns a factor for each source, or for each source and channel."""
    weights = layer.options.get("weights_type", "none")
    if weights not in WEIGHTS:
        raise ModelError(f"{layer.place}: unknown weights_type '{weights[:40]}'", f"darknet's are: {', '.join(WEIGHTS)}")
    others = [like(layer, x, source) for source in sources]
    per = WEIGHTS[weights]
    y = x.add(*others, name="add") if per is None else x.weighted_sum(*others, per=per, name="add")
    return activated(layer, y, "linear")


WEIGHTS: Mapping[str, Any] = {"none": None, "per_feature": "layer", "per_layer": "layer", "per_channel": "channel"}


def like(layer: Section, x: Tensor, source: Tensor) -> Tensor:
    """Return a source of a sum with the shape of `x`."""
    if source.shape == x.shape:
        return source
    for axis in (1, 2):
        have, want = source.shape[axis], x.shape[axis]
        if have != want:
            if not isinstance(have, int) or not isinstance(want, int) or have < want:
                raise ModelError(
                    f"{layer.place}: a map of {have} is added to one of {want} along axis {axis}",
                    "sums of maps of other sizes are known where the earlier map is the larger one",
                )
            source = source.slice(0, (want - 1) * (have // want) + 1, have // want, axis=axis, name="step")
    if source.channels > x.channels:
        return source.slice(0, x.channels, name="cut")
    return source.pad(0, channels=(0, x.channels - source.channels), name="fill") if source.channels < x.channels else source


def multiplied(layer: Section, x: Tensor, sources: Sequence[Tensor]) -> Tensor:
    """[scale_channels] and [sam]: the product with an earlier layer."""
    return activated(layer, sources[0].mul(x, name="mul"), "linear")


def upsample(layer: Section, x: Tensor, _: Sequence[Tensor]) -> Tensor:
    """[upsample]: each pixel `stride` times; where it is negative, the sum over windows of that size."""
    stride = layer.number("stride", 2)
    return x.upsample(stride, name="upsample") if stride > 0 else x.avg_pool(-stride, name="downsample")


def reorg(layer: Section, x: Tensor, _: Sequence[Tensor]) -> Tensor:
    """[reorg]: patches to channels, and back with `reverse`."""
    size = layer.number("stride", 1)
    return (x.depth_to_space if layer.number("reverse", 0) else x.space_to_depth)(size, name="reorg")


def crop(layer: Section, x: Tensor, _: Sequence[Tensor]) -> Tensor:
    """[crop]: a window of a size of its own."""
    y = x.slice(0, layer.number("crop_height", 1), axis=1, name="rows")
    return y.slice(0, layer.number("crop_width", 1), axis=2, name="columns")


def local(layer: Section, x: Tensor, _: Sequence[Tensor]) -> Tensor:
    """[local]: a convolution with filters of its own at each position."""
    size = layer.number("size", 1)
    pad = size // 2 if layer.number("pad", 0) else 0
    y = x.locally_connected(layer.number("filters", 1), size, layer.number("stride", 1), pad, name="local")
    return activated(layer, y, "logistic")


def implicit(layer: Section, x: Tensor, _: Sequence[Tensor]) -> Tensor:
    """[implicit] of YOLOR: learned numbers that are the same for every image."""
    return x.parameter((layer.number("filters", 128) * layer.number("atoms", 1), 1, 1), name="implicit")


def dropout(layer: Section, x: Tensor, _: Sequence[Tensor]) -> Tensor:
    """[dropout]."""
    text = layer.options.get("probability", "0.2")
    try:
        share = float(text)
    except ValueError:
        raise ModelError(f"{layer.place}: the probability is '{text[:40]}'", "give a number from 0 to 1") from None
    return x.dropout(share, name="dropout")


def unchanged(_: Section, x: Tensor, __: Sequence[Tensor]) -> Tensor:
    """A section that makes nothing new: a head or a loss."""
    return x


HEADS = ("yolo", "region", "detection", "Gaussian_yolo", "contrastive")
TRANSLATIONS: Mapping[str, Translation] = {
    **dict.fromkeys(("convolutional", "conv"), convolutional),
    **dict.fromkeys(("connected", "conn"), connected),
    **dict.fromkeys(("maxpool", "max", "local_avgpool", "local_avg"), pooled),
    **dict.fromkeys(("avgpool", "avg"), lambda layer, x, _: x.adaptive_avg_pool(1, name="pool")),
    **dict.fromkeys(("normalization", "lrn"), lambda layer, x, _: x.lrn(layer.number("size", 5), name="lrn")),
    **dict.fromkeys(("batchnorm", "batch_norm"), lambda layer, x, _: x.batch_norm(name="bn")),
    "activation": lambda layer, x, _: activated(layer, x, "linear"),
    **dict.fromkeys(("softmax", "soft"), lambda layer, x, _: x.softmax(name="softmax")),
    "dropout": dropout,
    "route": route,
    "shortcut": shortcut,
    **dict.fromkeys(("scale_channels", "sam"), multiplied),
    "upsample": upsample,
    **dict.fromkeys(("reorg", "reorg3d", "reorg_old"), reorg),
    "crop": crop,
    "local": local,
    "implicit": implicit,
    **dict.fromkeys((*HEADS, "cost"), unchanged),
}
STRIDED = ("convolutional", "conv", "maxpool", "max", "local_avgpool", "local_avg", "reorg", "reorg3d", "reorg_old", "local")
SOURCES = {"route": "layers", "shortcut": "from", "scale_channels": "from", "sam": "from"}  # which option names earlier layers
RECURRENT = ("rnn", "gru", "lstm", "crnn", "conv_lstm", "history")
