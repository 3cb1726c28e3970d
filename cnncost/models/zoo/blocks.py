"""Blocks that several families build with: written once, here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Literal, TypeVar

from cnncost.base.poly import Num, minimum, same
from cnncost.graph.graph import Tensor, block, need
from cnncost.rules import at_least

Shortcut = Literal["A", "B", "C", "D", "none"]
Activation = Literal["relu", "relu6", "hardswish", "silu", "gelu", "sigmoid", "hardsigmoid"]
InvertedNames = Literal["block", "conv", "layers"]  # of the layers of an inverted residual

T = TypeVar("T")


def conv_norm(
    x: Tensor,
    name: str,
    norm: str,
    out: Num,
    kernel: int,
    stride: int = 1,
    groups: Num = 1,
    *,
    dilation: int = 1,
    bias: bool = False,
) -> Tensor:
    """Return a size-keeping convolution, without bias unless asked for, followed by batch normalisation."""
    pad = kernel // 2 * dilation
    y = x.conv(out, kernel, stride, pad, groups=groups, dilation=dilation, bias=bias, name=name)
    return y.batch_norm(name=norm)


def shortcut(x: Tensor, out: Num, stride: int, option: Shortcut = "B") -> Tensor:
    """Return the input in the shape of a residual branch with `out` channels at `stride`.

    Option A keeps the identity, takes every `stride`-th pixel and pads channels with zeros; B projects with a 1×1 convolution
    where the shape changes; C projects always; D is B with a pooling in place of the stride.

    Source: Deep Residual Learning, arXiv:1512.03385, section 3.3 and table 3; D: Bag of Tricks, arXiv:1812.01187, figure 2c.
    """
    changes = stride != 1 or not same(x.channels, out)
    if option == "C" or (option == "B" and changes):
        return conv_norm(x, "downsample.0", "downsample.1", out, 1, stride)
    if option == "D" and changes:
        if stride != 1:
            x = x.avg_pool(stride, stride, ceil_mode=True, count_pad=False, name="downsample.pool")
        return conv_norm(x, "downsample.0", "downsample.1", out, 1)
    if changes:
        extra = out - x.channels
        if stride != 1:
            x = x.slice(step=stride, axis=1, name="shortcut.rows").slice(step=stride, axis=2, name="shortcut.columns")
        return x.pad(channels=(extra // 2, extra - extra // 2), name="shortcut.pad")
    return x


@block
def basic(
    x: Tensor,
    width: Num,
    stride: int = 1,
    *,
    option: Shortcut = "B",
    reduction: Num | None = None,
    survival: Fraction | int = 1,
    dilations: tuple[int, int] = (1, 1),
) -> Tensor:
    """Two 3×3 convolutions and a shortcut: 18·C²·H·W multiply-adds for C → C channels.

    `reduction` as in `bottleneck`; the branch runs in the share `survival` of training passes; each convolution has its own
    of the `dilations`.

    Source: arXiv:1512.03385, figure 5, left; with survival: arXiv:1603.09382, equation 2.
    """
    with x.runs(survival):
        y = conv_norm(x, "conv1", "bn1", width, 3, stride, dilation=dilations[0]).relu(name="relu")
        y = conv_norm(y, "conv2", "bn2", width, 3, dilation=dilations[1])
        if reduction is not None:
            y = squeeze_excite(y, reduced(width, reduction), name="se")
    if survival != 1:
        y = y.stochastic_depth(float(1 - survival), name="drop")
    if option != "none":
        y = y.add(shortcut(x, width, stride, option), name="add")
    return y.relu(name="relu")


@block
def bottleneck(
    x: Tensor,
    width: Num,
    stride: int = 1,
    *,
    inner: Num | None = None,
    groups: Num = 1,
    stride_in_1x1: bool = False,
    option: Shortcut = "B",
    reduction: Num | None = None,
    dilation: int = 1,
) -> Tensor:
    """1×1 to `inner` (= width) channels, 3×3, 1×1 to 4·width, and a shortcut: 17·C²·H·W multiply-adds for 4C → C → C → 4C.

    With `groups` the 3×3 is grouped: a ResNeXt block. The stride is in the 3×3 ("v1.5"), or in the first 1×1 as in the
    paper. With `reduction` squeeze-and-excitation weights the branch's channels, and has so many times fewer inside.

    Source: arXiv:1512.03385, figure 5, right; grouped: arXiv:1611.05431, figure 3c; with squeeze-and-excitation:
    arXiv:1709.01507, figure 3.
    """
    inner = width if inner is None else inner
    first, second = (stride, 1) if stride_in_1x1 else (1, stride)
    y = conv_norm(x, "conv1", "bn1", inner, 1, first).relu(name="relu")
    y = conv_norm(y, "conv2", "bn2", inner, 3, second, groups, dilation=dilation).relu(name="relu")
    y = conv_norm(y, "conv3", "bn3", 4 * width, 1)
    if reduction is not None:
        y = squeeze_excite(y, reduced(4 * width, reduction), name="se")
    if option != "none":
        y = y.add(shortcut(x, 4 * width, stride, option), name="add")
    return y.relu(name="relu")


def exact(multiplier: Num) -> Num:
    """Return a multiplier such as 0.35 as the fraction its digits say; whole numbers, columns and letters as they are."""
    if not isinstance(multiplier, float):
        return multiplier
    need(math.isfinite(multiplier), f"a multiplier is {multiplier}", "give a number, as in 0.75")
    return Fraction(repr(multiplier))


def portion(value: Num, ratio: Num) -> Num:
    """Return ⌊value·ratio⌋, with the ratio read as `exact` reads it."""
    ratio = exact(ratio)
    return value * ratio.numerator // ratio.denominator if isinstance(ratio, Fraction) else value * ratio


def divisible(value: Num, by: int = 8) -> Num:
    """Return the nearest multiple of `by`, or the next one where that would take away more than a tenth of `value`.

    Exact on whole numbers, fractions and columns, and on letters where they leave no doubt: 32·W is divisible by 8, of C the
    remainder is unknown and AlgebraError says so.

    Source: MobileNet's make_divisible, tensorflow/models research/slim/nets/mobilenet.
    """
    top: Num = getattr(value, "numerator", value)
    bottom: Num = getattr(value, "denominator", 1)
    nearest = (2 * top + by * bottom) // (2 * by * bottom) * by
    return nearest - minimum(10 * nearest * bottom - 9 * top, 0) // (5 * by * bottom) * by  # the minimum is above −5·by·bottom


def widening(multiplier: Num) -> Num:
    """Return a width multiplier as `exact` does, or 1 where it is below; columns and letters are at least 1."""
    return exact(max(multiplier, 1.0) if isinstance(multiplier, float) else multiplier)


def activate(x: Tensor, kind: Activation, name: str) -> Tensor:
    """Return the input after an activation given by its kind."""
    layer: Callable[..., Tensor] = getattr(x, kind)
    return layer(name=name)


@block
def inverted_residual(
    x: Tensor,
    out: Num,
    kernel: int = 3,
    stride: int = 1,
    *,
    inner: Num,
    activation: Activation = "relu6",
    squeeze: Num | None = None,
    squeeze_activation: Activation = "relu",
    gate: Activation = "sigmoid",
    residual: bool = True,
    drop: float | None = None,
    dilation: int = 1,
    names: InvertedNames = "block",
) -> Tensor:
    """1×1 to `inner` channels unless there are as many, depthwise kernel×kernel, 1×1 to `out` channels and no activation.

    With `squeeze` the depthwise map is recalibrated by squeeze-and-excitation with so many channels inside. Where the shape
    stays the input is added, unless `residual` is false; `drop` is the probability of the stochastic depth before that.
    `names` are those torchvision gives the layers: `block.0.0` (MobileNetV3, EfficientNet), `conv.0.0` (MobileNetV2) or
    `layers.0` (MnasNet).

    Source: MobileNetV2, arXiv:1801.04381, table 1 and figure 3b; with squeeze-and-excitation: MnasNet, arXiv:1807.11626,
    figure 7; MobileNetV3, arXiv:1905.02244, figure 4.
    """

    def part(step: int, index: int) -> str:
        if names == "layers":
            return f"layers.{3 * step + index}"
        return f"{names}.{step}.{index}"

    step = 0
    y = x
    if not same(x.channels, inner):
        y = activate(conv_norm(y, part(0, 0), part(0, 1), inner, 1), activation, part(0, 2))
        step += 1
    depthwise = conv_norm(y, part(step, 0), part(step, 1), inner, kernel, stride, inner, dilation=dilation)
    y = activate(depthwise, activation, part(step, 2))
    step += 1
    if squeeze is not None:
        y = squeeze_excite(y, squeeze, activation=squeeze_activation, gate=gate, name=f"{names}.{step}")
        step += 1
    last = (f"conv.{step}", f"conv.{step + 1}") if names == "conv" else (part(step, 0), part(step, 1))
    y = conv_norm(y, *last, out, 1)
    if residual and stride == 1 and same(x.channels, out):
        y = y if drop is None else y.stochastic_depth(drop, name="stochastic_depth")
        y = y.add(x, name="add")
    return y


def reduced(channels: Num, reduction: Num) -> Num:
    """Return ⌊channels / reduction⌋: the width inside a squeeze-and-excitation. Raises CostError where it divides by zero."""
    at_least(1, reduction, "reduction", "give a number such as 16")
    return channels // reduction


def exactly(count: int, values: tuple[T, ...], name: str) -> tuple[T, ...]:
    """Return the values of a setting that has `count` of them. Raises ModelError where there are more or fewer."""
    need(len(values) == count, f"{name} takes {count} numbers, not {len(values)}")
    return values


@block
def squeeze_excite(
    x: Tensor,
    hidden: Num,
    *,
    activation: Activation = "relu",
    gate: Activation = "sigmoid",
    convs: bool = True,
    bias: bool = True,
) -> Tensor:
    """Weight each channel by what all of them show on average: C → `hidden` → C, 2·C·hidden weights.

    The two layers are 1×1 convolutions of a C×1×1 map, or `linear` layers of C features (`convs=False`).

    Source: Squeeze-and-Excitation Networks, arXiv:1709.01507, section 3; layer names as in torchvision.
    """
    if convs:
        y = x.adaptive_avg_pool(1, name="avgpool").conv(hidden, 1, bias=bias, name="fc1")
        y = activate(y, activation, "activation").conv(x.channels, 1, bias=bias, name="fc2")
    else:
        y = x.global_avg_pool(name="avgpool").linear(hidden, bias=bias, name="fc1")
        y = activate(y, activation, "activation").linear(x.channels, bias=bias, name="fc2")
    return x.mul(activate(y, gate, "scale_activation"), name="mul")


@block
def preactivated(
    x: Tensor,
    widths: tuple[Num, ...],
    kernels: tuple[int, ...],
    stride: int = 1,
    *,
    strided: int = 0,
    groups: Num = 1,
    dilations: tuple[int, ...] = (),
    option: Shortcut = "B",
    reduction: Num | None = None,
    dropout: float = 0.0,
    activated: bool = False,
) -> Tensor:
    """Convolutions of the given widths and kernels, each after batch normalisation and ReLU, and a shortcut.

    Convolution number `strided` has the stride and the `groups`; each has its own of the `dilations`. Where the shape changes,
    a 1×1 convolution without normalisation projects what the first convolution reads, or its average where the `option` is D.
    Dropout comes before every convolution but the first. The first normalisation is left out where the input is `activated`
    already.

    Source: Identity Mappings in Deep Residual Networks, arXiv:1603.05027, figure 1b; with dropout: arXiv:1605.07146,
    figure 1d.
    """
    y = x
    for index, (width, kernel) in enumerate(zip(widths, kernels, strict=True)):
        if index or not activated:
            y = y.batch_norm(name=f"bn{index + 1}").relu(name="relu")
        changes = stride != 1 or not same(x.channels, widths[-1])
        if index == 0 and (option == "C" or (option in ("B", "D") and changes)):
            pooled = option == "D" and stride != 1
            x = y.avg_pool(stride, stride, ceil_mode=True, count_pad=False, name="shortcut.pool") if pooled else y
            x = x.conv(widths[-1], 1, 1 if pooled else stride, bias=False, name="shortcut")
        elif index == 0 and option == "A":
            x = shortcut(x, widths[-1], stride, "A")
        if index and dropout:
            y = y.dropout(dropout, name="dropout")
        here, among = (stride, groups) if index == strided else (1, 1)
        apart = dilations[index] if dilations else 1
        y = y.conv(width, kernel, here, kernel // 2 * apart, groups=among, dilation=apart, bias=False, name=f"conv{index + 1}")
    if reduction is not None:
        y = squeeze_excite(y, reduced(widths[-1], reduction), name="se")
    return y if option == "none" else y.add(x, name="add")


def three_linears(
    x: Tensor,
    hidden: Num,
    classes: Num,
    dropout: float = 0.5,
    names: Iterable[str] = ("fc6", "relu6", "drop6", "fc7", "relu7", "drop7", "fc8"),
) -> Tensor:
    """Return the scores of two hidden linear layers, each with ReLU and dropout, and a last one.

    Source: AlexNet, NIPS 2012, section 3.5; names as in BVLC/caffe models/bvlc_alexnet.
    """
    name = iter(names)
    for _ in range(2):
        x = x.linear(hidden, name=next(name)).relu(name=next(name)).dropout(dropout, name=next(name))
    return x.linear(classes, name=next(name))


def conv_norm_relu(
    x: Tensor,
    name: str,
    out: Num,
    kernel: int | tuple[int, int],
    stride: int = 1,
    *,
    valid: bool = False,
    shared: bool = False,
) -> Tensor:
    """Return a convolution without bias, batch normalisation and ReLU: `name`.conv, `name`.bn and `name`.relu.

    It keeps the size, or with `valid` sees no padding. With `shared` it has the weights of the earlier `name`.conv.
    """
    pad = 0 if valid else (kernel[0] // 2, kernel[1] // 2) if isinstance(kernel, tuple) else kernel // 2
    owner = f"{name}.conv" if shared else None
    y = x.conv(out, kernel, stride, pad, bias=False, name=f"{name}.conv", shared=owner)
    return y.batch_norm(name=f"{name}.bn").relu(name=f"{name}.relu")


@block
def separable_conv(x: Tensor, out: Num, kernel: int, stride: int = 1, *, multiplier: Num = 1) -> Tensor:
    """Depthwise kernel×kernel convolution with `multiplier` filters per channel, then 1×1: C·(m·K² + m·out) weights.

    Source: Xception, arXiv:1610.02357, section 1.2; TensorFlow's SeparableConv2D.
    """
    inner = multiplier * x.channels
    y = x.conv(inner, kernel, stride, kernel // 2, groups=x.channels, bias=False, name="depthwise")
    return y.conv(out, 1, bias=False, name="pointwise")


@block
def self_attention(
    x: Tensor,
    heads: Num,
    *,
    window: Num | None = None,
    biases: Iterable[Tensor] = (),
    names: tuple[str, str] = ("in_proj", "out_proj"),
    attention: str = "attention",
) -> Tensor:
    """Queries, keys and values from one linear layer, attention, and a linear layer: 4·D² weights for tokens of D features.

    With `window` tokens attend within groups of so many; `biases` are terms of their scores. `names` are the linear layers',
    `attention` is that of the layer between.

    Source: Attention Is All You Need, arXiv:1706.03762, section 3.2.2; within windows: Swin, arXiv:2103.14030, section 3.2.
    """
    projections = x.linear(3 * x.channels, name=names[0])
    query, key, value = (projections.split(3, part, name=("query", "key", "value")[part]) for part in range(3))
    for bias in biases:
        query = query.attention_bias(bias, name="bias")
    y = query.attention(key, value, heads, window=window, name=attention)
    return y.linear(x.channels, name=names[1])
