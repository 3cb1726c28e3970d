"""Normalisation, and what scales or shifts channels by learned numbers."""

from __future__ import annotations

from typing import Literal

from cnncost.base.errors import Refusal
from cnncost.base.poly import Num
from cnncost.rules.rule import Cost, Shape, at_least, divide, elements, require, rule, show
from cnncost.rules.shapes import Axes, ChannelsLast, axis_of, channels, image, positions_of


def _normalised(x: Shape, numbers: Num, affine: bool, scale: bool, offset: bool, buffers: Num = 0) -> Cost:
    """Return the cost of a layer with `numbers` scales and as many offsets, where it has them."""
    if not affine:
        return Cost(x, buffers=buffers)
    return Cost(x, numbers * (scale + offset), bias=elements(x) if offset else 0, buffers=buffers)


@rule("normalisation")
def batch_norm(
    x: Shape,
    *,
    affine: bool = True,
    scale: bool = True,
    offset: bool = True,
    track: bool = True,
    counter: bool = False,
    axis: int | None = None,
) -> Cost:
    """Batch normalisation: a learned scale and offset per channel (`affine`); running mean and variance are buffers.

    `scale=false` or `offset=false` leaves one of the two out, `track=false` the running statistics; with `counter` one
    buffer more counts the batches seen. The channels are the
    first axis of a map, the last of tokens and features, or `axis`.

    Source: arXiv:1502.03167, algorithm 1.
    """
    c = x[axis_of(x, axis)]
    buffers = 2 * c if track else 0
    return _normalised(x, c, affine, scale, offset, buffers + 1 if counter else buffers)


@rule("normalisation")
def layer_norm(
    x: Shape,
    *,
    over: Literal["channels", "all"] | Axes = "channels",
    affine: bool = True,
    scale: bool = True,
    offset: bool = True,
) -> Cost:
    """Layer normalisation over the channels at each position, over `all` of the example, or over the axes named.

    There are as many scales and offsets as numbers are normalised together. The channels are the first axis of a map: of
    H×W×C write `over=-1`.

    Source: arXiv:1607.06450; over the channels of a map as in ConvNeXt, arXiv:2201.03545.
    """
    if isinstance(over, str):
        require(over in ("channels", "all"), f"over is {over!r}", "give channels or all")
        width = channels(x) if over == "channels" else elements(x)
    else:
        width = positions_of(x, over)
    return _normalised(x, width, affine, scale, offset)


@rule("normalisation")
def group_norm(
    x: Shape, groups: Num = 32, *, affine: bool = True, scale: bool = True, offset: bool = True, axis: int | None = None
) -> Cost:
    """Group normalisation: statistics of each example over `groups` groups of channels.

    Source: arXiv:1803.08494.
    """
    c = x[axis_of(x, axis)]
    divide(c, groups, "channels", "groups", Refusal.GROUPS)
    return _normalised(x, c, affine, scale, offset)


@rule("normalisation")
def instance_norm(x: Shape, *, affine: bool = False, scale: bool = True, offset: bool = True, axis: int | None = None) -> Cost:
    """Instance normalisation: statistics of each channel of each example; a learned scale and offset where `affine`.

    Source: arXiv:1607.08022.
    """
    if axis is None:
        c = channels(x) if isinstance(x, ChannelsLast) else image(x)[0]
    else:
        require(len(x) > 1, f"needs a C×H×W map, got {show(x)}", kind=Refusal.AXES)
        c = x[axis_of(x, axis)]
    return _normalised(x, c, affine, scale, offset)


@rule("normalisation")
def lrn(x: Shape, size: Num = 5) -> Cost:
    """Local response normalisation across `size` neighbouring channels; no parameters.

    Source: AlexNet, section 3.3.
    """
    require(len(x) > 1, f"needs a C×H×W map, got {show(x)}", kind=Refusal.AXES)
    at_least(1, size, "size")
    return Cost(x, taps=size * elements(x))


@rule("normalisation")
def scale(x: Shape, *, bias: bool = False, axis: Axes | None = None) -> Cost:
    """Multiply each channel by a learned number, and add one (`bias`): ConvNeXt's layer scale, Caffe's Scale.

    With `axis` there is a number for each position of the axes named.

    Source: arXiv:2103.17239, equation 5; Caffe src/caffe/layers/scale_layer.cpp.
    """
    c = positions_of(x, axis)
    return Cost(x, params=c + c * bias, bias=elements(x) * bias)


@rule("normalisation")
def bias(x: Shape, *, axis: Axes | None = None) -> Cost:
    """Add a learned number to each channel, or to each position of the axes named (`axis`).

    Source: Caffe src/caffe/layers/bias_layer.cpp.
    """
    return Cost(x, params=positions_of(x, axis), bias=elements(x))
