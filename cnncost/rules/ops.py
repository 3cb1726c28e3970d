"""The rules: one function per layer type, from shapes and arguments to a `Cost`.

A rule's signature is its schema: the builder, specs, help and suggestions read it. Parameters before the arguments that
are shapes are the layer's inputs. Rules use `+ - * // **` and the functions of `cnncost.base.poly`, never a branch on a size,
so each runs on integers, on columns of integers and on letters.

Shapes are of one example, without the batch: (C, H, W) a map, (F,) features, (T, D) tokens. All numbers are exact.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from cnncost.base.errors import CostError, Refusal
from cnncost.base.ints import Ints
from cnncost.base.poly import Num, Poly, assume, gcd, maximum, minimum

Shape: TypeAlias = tuple[Num, ...]
Pair: TypeAlias = Num | tuple[Num, Num]
Pad: TypeAlias = Num | tuple[Num, Num] | tuple[Num, Num, Num, Num] | Literal["same"]
CeilMode: TypeAlias = bool | Literal["caffe"]
Sides: TypeAlias = tuple[Num, Num, Num, Num]  # top, bottom, left, right

LONGEST_EXACT_WINDOW = 1024  # taps of a window without its padding are summed one by one


@dataclass(frozen=True, slots=True)
class Cost:
    """What one layer makes for one example, and what it takes."""

    shape: Shape
    params: Num = 0  # learned numbers
    macs: Num = 0  # multiply-adds
    bias: Num = 0  # output elements that also get a learned offset
    taps: Num = 0  # inputs visited by parameter-free windows
    buffers: Num = 0  # numbers kept between steps but not learned: running mean and variance


@dataclass(frozen=True, slots=True)
class Rule:
    """A layer type: its function, and what its signature says."""

    kind: str
    section: str
    function: Callable[..., Cost]
    inputs: int | None  # how many tensors it takes; None: any number from two
    arguments: Mapping[str, inspect.Parameter]  # in order, without the inputs
    flags: tuple[str, ...]  # the arguments that are true or false

    @property
    def words(self) -> str:
        """The rule in words: the docstring, unindented."""
        return inspect.getdoc(self.function) or ""

    @property
    def summary(self) -> str:
        """The first sentence of the rule in words."""
        return self.words.split("\n", 1)[0]


RULES: dict[str, Rule] = {}


def rule(section: str) -> Callable[[Callable[..., Cost]], Callable[..., Cost]]:
    """Enter a function into `RULES` under its own name."""

    def enter(function: Callable[..., Cost]) -> Callable[..., Cost]:
        parameters = list(inspect.signature(function).parameters.values())
        shapes = [p for p in parameters if p.annotation == "Shape"]
        several = any(p.kind is p.VAR_POSITIONAL for p in shapes)
        kind = function.__name__.rstrip("_")
        arguments = {p.name: p for p in parameters if p not in shapes}
        flags = tuple(name for name, p in arguments.items() if p.annotation == "bool")
        RULES[kind] = Rule(kind, section, function, None if several else len(shapes), arguments, flags)
        return function

    return enter


# ── what rules are written with ──────────────────────────────────────────────────────────────────────────────────────


def require(ok: Any, fact: str, remedy: str = "", kind: Refusal = Refusal.ARGUMENT) -> None:
    """Raise CostError unless `ok`: a boolean, or a boolean column whose entries must all hold. `kind` says why."""
    if ok is True:
        return
    if hasattr(ok, "all"):
        if not ok.all():
            raise CostError(fact, remedy, ok, kind)
    elif not ok:
        raise CostError(fact, remedy, kind=kind)


def at_least(low: int, value: Num, name: str, remedy: str = "", kind: Refusal = Refusal.ARGUMENT) -> None:
    """Require an integer or a column to be at least `low`. Letters are sizes and are taken to be."""
    if isinstance(value, (int, Ints)):
        require(value >= low, f"{name} is {value}, which is below {low}", remedy, kind)
    elif isinstance(value, Poly):
        assume(">=", value, low)
    else:
        raise CostError(f"{name} is {value!r}, which is no whole number", remedy)


def divide(value: Num, parts: Num, name: str, parts_name: str, kind: Refusal = Refusal.PARTS) -> Num:
    """Return value / parts, which must be whole. For letters it is ⌊value / parts⌋: equal wherever the layer is valid."""
    at_least(1, parts, parts_name)
    if isinstance(value, (int, Ints)) and isinstance(parts, (int, Ints)):
        require(value % parts == 0, f"{parts_name}={parts} must divide the {value} {name}", kind=kind)
    else:
        assume("%", value, parts)
    return value // parts


def pair(value: Pair, name: str, low: int = 1) -> tuple[Num, Num]:
    """Return (vertical, horizontal) from one number for both or a pair."""
    if isinstance(value, tuple):
        require(len(value) == 2, f"{name}={value} has {len(value)} numbers", "give one number, or two: vertical, horizontal")
        both = value
    else:
        both = (value, value)
    for number in both:
        at_least(low, number, name)
    return both


def sides(pad: Pad) -> Sides | None:
    """Return pads as (top, bottom, left, right), or None for "same"."""
    if isinstance(pad, str):
        require(pad == "same", f"pad is {pad!r}", "give a number, a pair, four numbers (top, bottom, left, right) or 'same'")
        return None
    if isinstance(pad, tuple):
        require(len(pad) in (2, 4), f"pad={pad} has {len(pad)} numbers", "give one, two or four: top, bottom, left, right")
        four = pad if len(pad) == 4 else (pad[0], pad[0], pad[1], pad[1])
    else:
        four = (pad, pad, pad, pad)
    for number in four:
        at_least(0, number, "pad")
    return four


def image(x: Shape) -> tuple[Num, Num, Num]:
    """Return (C, H, W) of a map."""
    require(len(x) == 3, f"needs a C×H×W map, got {show(x)}", "only maps have a height and a width", Refusal.AXES)
    return x


def elements(x: Shape) -> Num:
    """Return the number of elements of a shape."""
    count = x[0]
    for size in x[1:]:
        count = count * size
    return count


def show(x: Shape) -> str:
    """Return a shape as people write it: 3×224×224."""
    return "×".join(map(str, x)) if x else "a number"


def channels(x: Shape) -> Num:
    """Return the number of channels of a map, or of features in a vector or in each token."""
    return x[0] if len(x) == 3 else x[-1]


def _reach(kernel: Num, stride: Num, before: Num, after: Num, dilation: Num, ceil: CeilMode = False, padding: Num = 0) -> Num:
    """Return e such that an axis of `size` has ⌊(size + e) / stride⌋ + 1 windows; `padding` is that of both axes."""
    reach = before + after - dilation * (kernel - 1) - 1
    if not ceil:
        return reach
    reach = reach + stride - 1
    if ceil == "caffe" and isinstance(padding, int) and padding == 0:
        return reach
    inside = minimum(reach, before - 1)  # the last window starts inside the image or its leading padding
    if ceil == "caffe" and isinstance(padding, Ints):
        padded = minimum(padding, 1)
        return padded * inside + (1 - padded) * reach
    return inside


def _ones(pair: tuple[Num, Num]) -> bool:
    return all(isinstance(number, int) and number == 1 for number in pair)


def _positions(
    x: Shape,
    kernel: tuple[Num, Num],
    stride: tuple[Num, Num],
    pad: Sides | None,
    dilation: tuple[Num, Num],
    ceil: CeilMode = False,
) -> tuple[Num, Num]:
    """Return how many windows fit vertically and horizontally."""
    _, height, width = image(x)
    counts = []
    for axis, size in enumerate((height, width)):
        if pad is None:
            reach: Num = -1  # ⌈size / stride⌉ windows
        else:
            before, after = pad[2 * axis], pad[2 * axis + 1]
            reach = _reach(kernel[axis], stride[axis], before, after, dilation[axis], ceil, sum(pad))
        count = (size + reach) // stride[axis] + 1
        if not isinstance(count, int) or count < 1:
            name = ("height", "width")[axis]
            window = f"a {kernel[0]}×{kernel[1]} window" + ("" if _ones(dilation) else f" (dilation {dilation[axis]})")
            at_least(
                1,
                count,
                f"the output {name}",
                f"{window} does not fit into the {height}×{width} input: use a smaller one, or pad",
                Refusal.WINDOW,
            )
        counts.append(count)
    return counts[0], counts[1]


def _real_taps(size: Num, kernel: Num, stride: Num, before: Num, reach: Num) -> Num:
    """Return how many inputs all windows along one axis visit together, positions in the padding left out."""
    require(
        isinstance(kernel, int) and kernel <= LONGEST_EXACT_WINDOW,
        f"windows of {kernel} without their padding are not computed",
        f"count_pad=false needs a kernel given as a number up to {LONGEST_EXACT_WINDOW}",
    )
    taps: Num = 0
    for tap in range(kernel):  # the windows in which this tap lies inside the map: from `first` to `last`
        last = (size + minimum(reach, before - 1 - tap)) // stride
        first = maximum((before - tap + stride - 1) // stride, 0)
        visits = last + 1 - first
        near = isinstance(before, int) and isinstance(stride, int) and abs(before - tap) <= stride
        taps = taps + (visits if near else maximum(visits, 0))  # a tap far out may lie inside in no window
    return taps


# ── convolution and linear ───────────────────────────────────────────────────────────────────────────────────────────


@rule("weights")
def conv(
    x: Shape,
    out: Num,
    kernel: Pair,
    stride: Pair = 1,
    pad: Pad = 0,
    *,
    groups: Num = 1,
    dilation: Pair = 1,
    bias: bool = True,
) -> Cost:
    """2-D convolution of a C×H×W map with `out` filters of (C/groups)×kh×kw each.

    Output sizes are ⌊(H + pads − dilation·(kh − 1) − 1)/stride⌋ + 1. A filter costs one multiply-add per weight and output
    position; positions in the padding count like all others. `pad` is one number, a pair (vertical, horizontal), four
    numbers (top, bottom, left, right), or "same": ⌈H/stride⌉ outputs.

    Source: EECS 498-007 lecture 8; rules R1, R6, R9 and R15 of docs/counting.md.
    """
    c = image(x)[0]
    at_least(1, out, "out")
    kh, kw = kernel_ = pair(kernel, "kernel")
    h, w = _positions(x, kernel_, pair(stride, "stride"), sides(pad), pair(dilation, "dilation"))
    divide(out, groups, "filters", "groups", Refusal.GROUPS)
    weights = out * divide(c, groups, "input channels", "groups", Refusal.GROUPS) * kh * kw
    area = h * w
    return Cost((out, h, w), weights + out * bias, weights * area, bias=out * area * bias)


@rule("weights")
def conv_transpose(
    x: Shape,
    out: Num,
    kernel: Pair,
    stride: Pair = 1,
    pad: Pair = 0,
    *,
    output_pad: Pair = 0,
    groups: Num = 1,
    dilation: Pair = 1,
    bias: bool = True,
) -> Cost:
    """Transposed convolution: every input element is spread over `out`/groups filters of kh×kw.

    Output sizes are (H − 1)·stride − 2·pad + dilation·(kh − 1) + output_pad + 1; a weight costs one multiply-add per input
    position.

    Source: the input gradient of a convolution; sizes as in PyTorch's ConvTranspose2d.
    """
    c, *size = image(x)
    at_least(1, out, "out")
    kernel_, stride_, dilation_ = pair(kernel, "kernel"), pair(stride, "stride"), pair(dilation, "dilation")
    pad_, output_pad_ = pair(pad, "pad", low=0), pair(output_pad, "output_pad", low=0)
    divide(c, groups, "input channels", "groups", Refusal.GROUPS)
    weights = c * divide(out, groups, "filters", "groups", Refusal.GROUPS) * kernel_[0] * kernel_[1]
    h, w = (
        (size[axis] - 1) * stride_[axis] - 2 * pad_[axis] + dilation_[axis] * (kernel_[axis] - 1) + output_pad_[axis] + 1
        for axis in (0, 1)
    )
    at_least(1, h, "the output height", "use less padding", Refusal.WINDOW)
    at_least(1, w, "the output width", "use less padding", Refusal.WINDOW)
    return Cost((out, h, w), weights + out * bias, weights * size[0] * size[1], bias=out * h * w * bias)


@rule("weights")
def linear(x: Shape, out: Num, *, bias: bool = True, learned: bool = True) -> Cost:
    """Fully connected layer on features (F,), or on each token of (T, D).

    Weights that are fixed rather than `learned`, such as the codes of LeNet-5's output, are buffers.

    Source: EECS 498-007 lecture 8; rules R13 and R14 of docs/counting.md.
    """
    require(
        len(x) < 3,
        f"needs features, got a {show(x)} map",
        "add flatten or global_avg_pool before it, or tokens to apply it at every position",
        Refusal.FEATURES,
    )
    at_least(1, out, "out")
    rows = elements(x[:-1]) if len(x) > 1 else 1
    weights = x[-1] * out
    numbers = weights + out * bias
    return Cost((*x[:-1], out), numbers * learned, weights * rows, rows * out * bias, buffers=numbers * (1 - learned))


@rule("weights")
def matmul(a: Shape, b: Shape) -> Cost:
    """Product of two matrices, (N, K) and (K, M): N·K·M multiply-adds, no parameters."""
    require(len(a) == 2 and len(b) == 2, f"needs two matrices, got {show(a)} and {show(b)}", kind=Refusal.AXES)
    _require_equal(a[1], b[0], f"cannot multiply {show(a)} by {show(b)}: the inner sizes differ")
    return Cost((a[0], b[1]), macs=a[0] * a[1] * b[1])


@rule("weights")
def attention(query: Shape, key: Shape, value: Shape, heads: Num = 1, *, window: Num | None = None) -> Cost:
    """Scaled dot-product attention of tokens: query·keyᵀ and weights·value. Projections are `linear` layers.

    T×D queries meet T'×D keys and T'×E values: T·T'·(D + E) multiply-adds, whatever the number of heads. With `window` the
    tokens attend within groups of `window` tokens: T·window·(D + E).

    Source: Attention Is All You Need, arXiv:1706.03762, section 3.2; Swin, arXiv:2103.14030, equation 2.
    """
    require(
        len(query) == len(key) == len(value) == 2,
        f"needs tokens, got {show(query)}, {show(key)} and {show(value)}",
        kind=Refusal.AXES,
    )
    _require_equal(query[1], key[1], f"queries have {query[1]} features and keys {key[1]}")
    _require_equal(key[0], value[0], f"there are {key[0]} keys and {value[0]} values")
    divide(query[1], heads, "query features", "heads")
    divide(value[1], heads, "value features", "heads")
    seen = key[0]
    if window is not None:
        divide(key[0], window, "tokens", "window")
        _require_equal(query[0], key[0], f"window needs as many queries as keys, got {query[0]} and {key[0]}")
        seen = window
    return Cost((query[0], value[1]), macs=query[0] * seen * (query[1] + value[1]))


@rule("embeddings")
def attention_bias(query: Shape, bias: Shape) -> Cost:
    """Queries whose attention scores get a term for each relative position and head (P×heads of `bias`).

    Which position is which is looked up, at no multiply-add.

    Source: Swin, arXiv:2103.14030, equation 4; Swin V2, arXiv:2111.09883, equation 2.
    """
    require(len(query) == len(bias) == 2, f"needs tokens, got {show(query)} and {show(bias)}", kind=Refusal.AXES)
    divide(query[1], bias[1], "query features", "heads")
    return Cost(query)


@rule("embeddings")
def constant(x: Shape, tokens: Num, features: Num, *, learned: bool = False) -> Cost:
    """Tokens that are the same for every input: fixed numbers, such as coordinates, or `learned` ones.

    Source: the table of relative position biases in Swin, arXiv:2103.14030, section 3.2, which is learned.
    """
    at_least(1, tokens, "tokens")
    at_least(1, features, "features")
    return Cost((tokens, features), params=tokens * features * learned)


# ── pooling and resampling ───────────────────────────────────────────────────────────────────────────────────────────


def _pool(x: Shape, kernel: Pair, stride: Pair | None, pad: Pad, dilation: Pair, ceil_mode: CeilMode, count_pad: bool) -> Cost:
    require(ceil_mode in (True, False, "caffe"), f"ceil_mode is {ceil_mode!r}", "give true, false or 'caffe'")
    kernel_ = pair(kernel, "kernel")
    stride_ = kernel_ if stride is None else pair(stride, "stride")
    dilation_, pad_ = pair(dilation, "dilation"), sides(pad)
    if pad_ is not None:
        for axis in (0, 1):
            for p in pad_[2 * axis : 2 * axis + 2]:
                if isinstance(p, (int, Ints)) and isinstance(kernel_[axis], (int, Ints)):
                    require(p < kernel_[axis], f"pad={p} leaves windows of {kernel_[axis]} without any input")
                else:
                    assume(">=", kernel_[axis], p + 1)
    c, *size = image(x)
    counts = _positions(x, kernel_, stride_, pad_, dilation_, ceil_mode)
    if count_pad:
        taps = c * counts[0] * counts[1] * kernel_[0] * kernel_[1]
    else:
        require(_ones(dilation_), "dilated windows without their padding are not computed", "leave count_pad true")
        taps = c
        for axis in (0, 1):
            if pad_ is None:
                before = maximum((counts[axis] - 1) * stride_[axis] + kernel_[axis] - size[axis], 0) // 2
                reach: Num = -1
            else:
                before, after = pad_[2 * axis], pad_[2 * axis + 1]
                reach = _reach(kernel_[axis], stride_[axis], before, after, 1, ceil_mode, sum(pad_))
            taps = taps * _real_taps(size[axis], kernel_[axis], stride_[axis], before, reach)
    return Cost((c, *counts), taps=taps)


@rule("pooling")
def max_pool(
    x: Shape,
    kernel: Pair,
    stride: Pair | None = None,
    pad: Pad = 0,
    *,
    dilation: Pair = 1,
    ceil_mode: CeilMode = False,
    count_pad: bool = True,
) -> Cost:
    """Maximum over kh×kw windows of each channel; `stride` is the kernel unless given.

    A window visits kh·kw inputs (taps). `ceil_mode` rounds sizes up: true as PyTorch does, which drops a last window that
    starts in the trailing padding, "caffe" as Caffe does, which drops it only where there is padding at all.
    `count_pad=false` leaves positions in the padding out of the taps.

    Source: EECS 498-007 lecture 8, rules R2, R3 and R11 of docs/counting.md; PyTorch aten/src/ATen/native/Pool.h; Caffe
    src/caffe/layers/pooling_layer.cpp.
    """
    return _pool(x, kernel, stride, pad, dilation, ceil_mode, count_pad)


@rule("pooling")
def avg_pool(
    x: Shape,
    kernel: Pair,
    stride: Pair | None = None,
    pad: Pad = 0,
    *,
    ceil_mode: CeilMode = False,
    count_pad: bool = True,
) -> Cost:
    """Mean over kh×kw windows of each channel; sizes and taps as in `max_pool`.

    Source: as `max_pool`; `count_pad` is PyTorch's count_include_pad.
    """
    return _pool(x, kernel, stride, pad, 1, ceil_mode, count_pad)


def _global_pool(x: Shape) -> Cost:
    c, h, w = image(x)
    return Cost((c,), taps=c * h * w)


@rule("pooling")
def global_avg_pool(x: Shape) -> Cost:
    """Mean of each channel: C×H×W becomes C features, visiting every input once.

    Source: Network in Network, arXiv:1312.4400, section 3.2; rule R16 of docs/counting.md.
    """
    return _global_pool(x)


@rule("pooling")
def global_max_pool(x: Shape) -> Cost:
    """Maximum of each channel: C×H×W becomes C features, visiting every input once."""
    return _global_pool(x)


def _adaptive_pool(x: Shape, out: Pair) -> Cost:
    c, *size = image(x)
    counts = pair(out, "out")
    taps = c
    for n, count in zip(size, counts, strict=True):
        # window i runs from ⌊i·n/count⌋ to ⌈(i + 1)·n/count⌉; over all i that is n + count − gcd(n, count) inputs
        taps = taps * (n + count - gcd(n, count))
    return Cost((c, *counts), taps=taps)


@rule("pooling")
def adaptive_avg_pool(x: Shape, out: Pair) -> Cost:
    """Mean over windows chosen so that the output is `out`×`out`, whatever the input.

    Windows may differ by one input and overlap; an axis of n inputs is visited n + out − gcd(n, out) times.

    Source: PyTorch aten/src/ATen/native/AdaptivePooling.h.
    """
    return _adaptive_pool(x, out)


@rule("pooling")
def adaptive_max_pool(x: Shape, out: Pair) -> Cost:
    """Maximum over windows chosen so that the output is `out`×`out`; windows as in `adaptive_avg_pool`."""
    return _adaptive_pool(x, out)


@rule("pooling")
def upsample(x: Shape, scale: Pair = 2, *, mode: Literal["nearest", "bilinear", "bicubic"] = "nearest") -> Cost:
    """Enlarge a map `scale` times; an output visits 1 input (nearest), 4 (bilinear) or 16 (bicubic)."""
    c, h, w = image(x)
    taps = {"nearest": 1, "bilinear": 4, "bicubic": 16}
    require(mode in taps, f"mode is {mode!r}", f"give one of {', '.join(taps)}")
    sh, sw = pair(scale, "scale")
    shape = (c, h * sh, w * sw)
    return Cost(shape, taps=elements(shape) * taps[mode])


# ── normalisation ────────────────────────────────────────────────────────────────────────────────────────────────────


@rule("normalisation")
def batch_norm(x: Shape, *, affine: bool = True) -> Cost:
    """Batch normalisation: a learned scale and offset per channel (`affine`); running mean and variance are buffers.

    Source: arXiv:1502.03167, algorithm 1.
    """
    c = channels(x)
    return Cost(x, params=2 * c * affine, bias=elements(x) * affine, buffers=2 * c)


@rule("normalisation")
def layer_norm(x: Shape, *, over: Literal["channels", "all"] = "channels", affine: bool = True) -> Cost:
    """Layer normalisation over the channels at each position, or over `all` of the example.

    There are as many scales and offsets as numbers are normalised together.

    Source: arXiv:1607.06450; over the channels of a map as in ConvNeXt, arXiv:2201.03545.
    """
    require(over in ("channels", "all"), f"over is {over!r}", "give channels or all")
    width = channels(x) if over == "channels" else elements(x)
    return Cost(x, params=2 * width * affine, bias=elements(x) * affine)


@rule("normalisation")
def group_norm(x: Shape, groups: Num = 32, *, affine: bool = True) -> Cost:
    """Group normalisation: statistics of each example over `groups` groups of channels.

    Source: arXiv:1803.08494.
    """
    c = channels(x)
    divide(c, groups, "channels", "groups", Refusal.GROUPS)
    return Cost(x, params=2 * c * affine, bias=elements(x) * affine)


@rule("normalisation")
def instance_norm(x: Shape, *, affine: bool = False) -> Cost:
    """Instance normalisation: statistics of each channel of each example; a learned scale and offset where `affine`.

    Source: arXiv:1607.08022.
    """
    c = image(x)[0]
    return Cost(x, params=2 * c * affine, bias=elements(x) * affine)


@rule("normalisation")
def lrn(x: Shape, size: Num = 5) -> Cost:
    """Local response normalisation across `size` neighbouring channels; no parameters.

    Source: AlexNet, section 3.3.
    """
    image(x)
    at_least(1, size, "size")
    return Cost(x, taps=size * elements(x))


@rule("normalisation")
def scale(x: Shape, *, bias: bool = False) -> Cost:
    """Multiply each channel by a learned number, and add one (`bias`): ConvNeXt's layer scale, Caffe's Scale.

    Source: arXiv:2103.17239, equation 5; Caffe src/caffe/layers/scale_layer.cpp.
    """
    c = channels(x)
    return Cost(x, params=c + c * bias, bias=elements(x) * bias)


@rule("embeddings")
def position_embedding(x: Shape) -> Cost:
    """Add a learned number to each element of an example: T·D for tokens.

    Source: ViT, arXiv:2010.11929, equation 1.
    """
    return Cost(x, params=elements(x), bias=elements(x))


# ── activations and noise ────────────────────────────────────────────────────────────────────────────────────────────


def _pointwise(kind: str, words: str) -> None:
    def function(x: Shape) -> Cost:
        return Cost(x)

    function.__name__, function.__doc__ = kind, words
    rule("activations")(function)


for _kind, _words in {
    "relu": "Rectifier: max(x, 0). Works in place: no memory, no parameters. Source: rule R10 of docs/counting.md.",
    "relu6": "Rectifier with a ceiling: min(max(x, 0), 6). Source: arXiv:1704.04861.",
    "leaky_relu": "Rectifier with a small fixed slope below zero.",
    "elu": "Exponential linear unit. Source: arXiv:1511.07289.",
    "gelu": "Gaussian error linear unit. Source: arXiv:1606.08415.",
    "silu": "x·sigmoid(x), also called swish. Source: arXiv:1606.08415 and arXiv:1710.05941.",
    "mish": "x·tanh(softplus(x)). Source: arXiv:1908.08681.",
    "sigmoid": "Logistic function.",
    "tanh": "Hyperbolic tangent.",
    "hardswish": "x·relu6(x + 3)/6. Source: MobileNetV3, arXiv:1905.02244.",
    "hardsigmoid": "relu6(x + 3)/6. Source: MobileNetV3, arXiv:1905.02244.",
    "softmax": "Exponentials divided by their sum.",
}.items():
    _pointwise(_kind, _words)


@rule("activations")
def prelu(x: Shape, *, shared: bool = False) -> Cost:
    """Rectifier with a learned slope below zero: one per channel, or one for all (`shared`).

    Source: arXiv:1502.01852, section 2.1.
    """
    return Cost(x, params=1 if shared else channels(x))


def _probability(p: float) -> None:
    require(0 <= p <= 1, f"the probability is {p}", "give a number from 0 to 1")


@rule("activations")
def dropout(x: Shape, p: float = 0.5) -> Cost:
    """Set each element to zero with probability `p` while training; nothing at inference.

    Source: arXiv:1207.0580.
    """
    _probability(p)
    return Cost(x)


@rule("activations")
def stochastic_depth(x: Shape, p: float = 0.5) -> Cost:
    """Drop a whole residual branch with probability `p` while training; nothing at inference.

    Source: arXiv:1603.09382.
    """
    _probability(p)
    return Cost(x)


# ── joins and rearrangements ─────────────────────────────────────────────────────────────────────────────────────────


def _require_equal(a: Num, b: Num, fact: str, remedy: str = "", kind: Refusal = Refusal.INPUTS) -> None:
    equal = a == b  # a column compares element by element: candidates that differ are invalid, not another structure
    require(equal if hasattr(equal, "all") else bool(equal), fact, remedy, kind)


@rule("joins")
def add(*xs: Shape) -> Cost:
    """Sum of tensors of one shape: the residual connection. The identity has no parameters.

    Source: rule R18 of docs/counting.md; arXiv:1512.03385, equation 1.
    """
    first = xs[0]
    fact = f"cannot add {' and '.join(map(show, xs))}: shapes must be equal"
    remedy = "bring the branches to one shape, with a 1×1 convolution (a projection) for instance"
    for other in xs[1:]:
        require(len(other) == len(first), fact, remedy, Refusal.BRANCHES)
        for a, b in zip(first, other, strict=True):
            _require_equal(a, b, fact, remedy, Refusal.BRANCHES)
    return Cost(first)


@rule("joins")
def mul(*xs: Shape) -> Cost:
    """Product of tensors. A gate of (C,) or C×1×1 multiplies every position of a C×H×W map; otherwise shapes are equal.

    Source: squeeze-and-excitation, arXiv:1709.01507, equation 4.
    """
    largest = max(xs, key=lambda x: (len(x), sum(not (isinstance(size, int) and size == 1) for size in x)))
    fact = f"cannot multiply {' and '.join(map(show, xs))}: a gate has the map's channels"
    for x in xs:
        gate = (*x, 1, 1) if len(x) == 1 and len(largest) == 3 else x
        require(len(gate) == len(largest), fact, kind=Refusal.BRANCHES)
        for axis, (size, full) in enumerate(zip(gate, largest, strict=True)):
            if not (axis and isinstance(size, int) and size == 1):
                _require_equal(size, full, fact, kind=Refusal.BRANCHES)
    return Cost(largest)


@rule("joins")
def concat(*xs: Shape) -> Cost:
    """Concatenation along the channels (features, for vectors and tokens); other sizes are equal.

    Source: rule R17 of docs/counting.md.
    """
    first = xs[0]
    axis = 0 if len(first) == 3 else -1
    fact = f"cannot concatenate {' and '.join(map(show, xs))}: only channels may differ"
    total: Num = 0
    for x in xs:
        require(len(x) == len(first), fact, kind=Refusal.BRANCHES)
        if len(x) == 3:
            _require_equal(x[1], first[1], fact, kind=Refusal.BRANCHES)
            _require_equal(x[2], first[2], fact, kind=Refusal.BRANCHES)
        elif len(x) == 2:
            _require_equal(x[0], first[0], fact, kind=Refusal.BRANCHES)
        total = total + x[axis]
    return Cost((total, *first[1:]) if axis == 0 else (*first[:-1], total))


@rule("joins")
def flatten(x: Shape) -> Cost:
    """All elements as one vector of features.

    Source: rule R12 of docs/counting.md.
    """
    return Cost((elements(x),))


@rule("joins")
def split(x: Shape, parts: Num, part: int = 0) -> Cost:
    """One of `parts` equal pieces of the channels (features, for vectors and tokens), counted from 0."""
    at_least(0, part, "part")
    if isinstance(parts, (int, Ints)):
        require(parts > part, f"there is no part {part} of {parts}", "parts are counted from 0")
    else:
        assume(">=", parts, part + 1)
    size = divide(channels(x), parts, "channels", "parts")
    return Cost((size, *x[1:]) if len(x) == 3 else (*x[:-1], size))


@rule("joins")
def slice_(x: Shape, start: Num = 0, stop: Num | None = None, step: Num = 1, *, axis: int = 0) -> Cost:
    """Every `step`-th index from `start` to before `stop` (the end) along one axis: 0 channels, 1 height, 2 width."""
    require(axis in range(len(x)), f"there is no axis {axis} in {show(x)}")
    size = x[axis]
    at_least(0, start, "start")
    at_least(1, step, "step")
    end = size if stop is None else stop
    if isinstance(end, (int, Ints)) and isinstance(size, (int, Ints)):
        require(end <= size, f"stop={end} is past the {size} there are")
    else:
        assume(">=", size, end)
    count = (end - start + step - 1) // step
    at_least(1, count, "the number of indices taken")
    return Cost((*x[:axis], count, *x[axis + 1 :]))


@rule("joins")
def pad(x: Shape, pad: Pad = 0, *, channels: Pair = 0) -> Cost:
    """Zeros around a map: (top, bottom, left, right), and before and after its channels."""
    c, h, w = image(x)
    four = sides(pad)
    require(four is not None, "pad cannot be 'same' here", "give the number of zeros")
    top, bottom, left, right = four  # type: ignore[misc]
    both = channels if isinstance(channels, tuple) else (channels, channels)
    require(len(both) == 2, f"channels={channels} has {len(both)} numbers", "give one number, or two: before, after")
    for number in both:
        at_least(0, number, "channels")
    return Cost((c + both[0] + both[1], h + top + bottom, w + left + right))


@rule("joins")
def channel_shuffle(x: Shape, groups: Num) -> Cost:
    """Reorder channels so that those of each of `groups` groups are spread over all.

    Source: ShuffleNet, arXiv:1707.01083, figure 1.
    """
    divide(image(x)[0], groups, "channels", "groups", Refusal.GROUPS)
    return Cost(x)


@rule("joins")
def space_to_depth(x: Shape, size: Num = 2) -> Cost:
    """Each size×size patch of a C×H×W map becomes one position: C·size² channels, H/size, W/size.

    Source: patch merging in Swin, arXiv:2103.14030, section 3.1.
    """
    c, h, w = image(x)
    return Cost((c * size * size, divide(h, size, "rows", "size"), divide(w, size, "columns", "size")))


@rule("joins")
def tokens(x: Shape, *, window: Pair = 1) -> Cost:
    """A C×H×W map as H·W tokens of C features; with `window`, which must divide H and W, window by window."""
    c, h, w = image(x)
    rows, columns = pair(window, "window")
    divide(h, rows, "rows", "window")
    divide(w, columns, "columns", "window")
    return Cost((h * w, c))


@rule("embeddings")
def class_token(x: Shape) -> Cost:
    """Put one learned token before the tokens: (T, D) becomes (T + 1, D). Source: ViT, arXiv:2010.11929, equation 1."""
    require(len(x) == 2, f"needs tokens, got {show(x)}", kind=Refusal.AXES)
    return Cost((x[0] + 1, x[1]), params=x[1])


@rule("joins")
def untokens(x: Shape, height: Num, width: Num) -> Cost:
    """Tokens as a map again: (height·width, C) becomes C×height×width."""
    require(len(x) == 2, f"needs tokens, got {show(x)}", kind=Refusal.AXES)
    at_least(1, height, "height")
    at_least(1, width, "width")
    _require_equal(x[0], height * width, f"{x[0]} tokens do not fill a {height}×{width} map")
    return Cost((x[1], height, width))
