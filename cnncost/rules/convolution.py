"""Convolutions and their kin, over one to three spatial axes."""

from __future__ import annotations

from cnncost.base.errors import Refusal
from cnncost.base.ints import Ints
from cnncost.base.poly import Num, Poly, assume, equal
from cnncost.rules.rule import Cost, Shape, at_least, divide, elements, refuse, require, require_equal, rule, show
from cnncost.rules.shapes import AXES, Pad, Sizes, image, mapped, per_axis, sides
from cnncost.rules.windows import positions, product


@rule("weights")
def conv(
    x: Shape,
    out: Num,
    kernel: Sizes,
    stride: Sizes = 1,
    pad: Pad = 0,
    *,
    groups: Num = 1,
    dilation: Sizes = 1,
    bias: bool = True,
    learned: bool = True,
    weight: Shape | None = None,
) -> Cost:
    """Convolution of a C×H×W map (C×L, C×D×H×W) with `out` filters of (C/groups)×kh×kw each.

    Output sizes are ⌊(H + pads − dilation·(kh − 1) − 1)/stride⌋ + 1. A filter costs one multiply-add per weight and output
    position; positions in the padding count like all others. `kernel`, `stride` and `dilation` are one number, or one for
    each axis; `pad` is one number, one for each axis, two for each (top, bottom, left, right), or "same": ⌈H/stride⌉ outputs.
    Weights that are fixed rather than `learned` are buffers; those computed by the network are a tensor, `weight`.

    Source: EECS 498-007 lecture 8; rules R1, R6, R9 and R15 of the counting rules.
    """
    c, *axes = image(x)
    at_least(1, out, "out")
    n = len(axes)
    kernel_ = per_axis(kernel, "kernel", n)
    places = positions(x, kernel_, per_axis(stride, "stride", n), sides(pad, n), per_axis(dilation, "dilation", n))
    divide(out, groups, "filters", "groups", Refusal.GROUPS)
    weights = out * divide(c, groups, "input channels", "groups", Refusal.GROUPS)
    for side in kernel_:
        weights = weights * side
    area = product(places)
    if weight is None:
        params, buffers = owned(weights + out if bias else weights, learned)
    else:
        require_computed(weight, weights, places, f"{out} filters of {show((c // groups, *kernel_))}")
        params, buffers = owned(out if bias else 0, learned)
    return Cost(mapped(out, places), params, weights * area, bias=out * area if bias else 0, buffers=buffers)


def owned(numbers: Num, learned: bool) -> tuple[Num, Num]:
    """Return the parameters and the buffers of a layer whose numbers are learned or fixed."""
    return (numbers, 0) if learned else (0, numbers)


def require_computed(weight: Shape, weights: Num, places: tuple[Num, ...], filters: str) -> None:
    """Require a computed weight to hold the filters: once, or for each position of the output, as involution does."""
    own = len(weight) > len(places) and all(map(_equal, weight[-len(places) :], places))
    if not own:
        require_equal(elements(weight), weights, f"a weight of {show(weight)} does not hold {filters}")


def _equal(a: Num, b: Num) -> bool:
    return bool((a == b).all()) if isinstance(a, Ints) or isinstance(b, Ints) else equal(a, b)


@rule("weights")
def conv_transpose(
    x: Shape,
    out: Num,
    kernel: Sizes,
    stride: Sizes = 1,
    pad: Pad = 0,
    *,
    output_pad: Sizes = 0,
    groups: Num = 1,
    dilation: Sizes = 1,
    bias: bool = True,
    learned: bool = True,
) -> Cost:
    """Transposed convolution: every input element is spread over `out`/groups filters of kh×kw.

    Output sizes are (H − 1)·stride − pads + dilation·(kh − 1) + output_pad + 1, or H·stride for the pad "same"; a weight
    costs one multiply-add per input position. `output_pad` stays below the stride or the dilation, as in PyTorch.

    Source: the input gradient of a convolution; sizes as in PyTorch's ConvTranspose2d and TensorFlow's Conv2DTranspose.
    """
    c, *axes = image(x)
    at_least(1, out, "out")
    n = len(axes)
    kernel_, stride_ = per_axis(kernel, "kernel", n), per_axis(stride, "stride", n)
    dilation_, extra = per_axis(dilation, "dilation", n), per_axis(output_pad, "output_pad", n, low=0)
    pads = sides(pad, n)
    divide(c, groups, "input channels", "groups", Refusal.GROUPS)
    weights = c * divide(out, groups, "filters", "groups", Refusal.GROUPS)
    for side in kernel_:
        weights = weights * side
    places = []
    for axis, size in enumerate(axes):
        more = extra[axis]
        if pads is None:
            require(type(more) is int and more == 0, "output_pad adds to stated pads, not to 'same'")
            places.append(size * stride_[axis])
            continue
        _require_less(more, stride_[axis], dilation_[axis])
        before, after = pads[2 * axis], pads[2 * axis + 1]
        place = (size - 1) * stride_[axis] - before - after + dilation_[axis] * (kernel_[axis] - 1) + more + 1
        at_least(1, place, f"the output {AXES[n][axis]}", "use less padding", Refusal.WINDOW)
        places.append(place)
    params, buffers = owned(weights + out if bias else weights, learned)
    made = out * product(tuple(places)) if bias else 0
    return Cost(mapped(out, places), params, weights * product(tuple(axes)), bias=made, buffers=buffers)


def _require_less(extra: Num, stride: Num, dilation: Num) -> None:
    """Require an output_pad below the stride or the dilation: beyond it outputs would see no input at all."""
    if type(extra) is int and extra == 0:
        return
    if isinstance(extra, Poly) or isinstance(stride, Poly) or isinstance(dilation, Poly):
        if not (isinstance(extra, int) and isinstance(dilation, int) and extra < dilation):
            assume(">=", stride, extra + 1)
        return
    below = (extra < stride) | (extra < dilation)
    fact = f"output_pad={extra} is not below the stride {stride}, nor below the dilation {dilation}"
    require(bool(below) if not hasattr(below, "all") else below, fact, "the last outputs would see no input")


@rule("weights")
def locally_connected(
    x: Shape,
    out: Num,
    kernel: Sizes,
    stride: Sizes = 1,
    pad: Pad = 0,
    *,
    groups: Num = 1,
    dilation: Sizes = 1,
    bias: bool = True,
) -> Cost:
    """Convolution whose filters differ from position to position: each output has weights and a bias of its own.

    Sizes and multiply-adds are those of `conv`; there are as many weights as multiply-adds.

    Source: DeepFace, CVPR 2014, section 3; Keras 2 LocallyConnected2D; darknet src/local_layer.c.
    """
    plain = conv(x, out, kernel, stride, pad, groups=groups, dilation=dilation, bias=bias)
    return Cost(plain.shape, plain.macs + plain.bias, plain.macs, bias=plain.bias)


@rule("weights")
def deform_conv(
    x: Shape,
    out: Num,
    kernel: Sizes,
    stride: Sizes = 1,
    pad: Pad = 0,
    *,
    groups: Num = 1,
    offset_groups: Num = 1,
    dilation: Sizes = 1,
    bias: bool = True,
    offset: Shape | None = None,
    mask: Shape | None = None,
) -> Cost:
    """Deformable convolution of a C×H×W map: each tap is sampled beside its place, by an offset, and times a mask.

    The `offset` is a tensor of 2·offset_groups·kh·kw channels at each output position, the `mask` of half as many; what makes
    them is a layer of its own. Multiply-adds are those of `conv`. A sample is interpolated from four inputs: its taps.

    Source: arXiv:1703.06211, equation 2, and arXiv:1811.11168, equation 1; torchvision ops/deform_conv.py.
    """
    if len(x) != 3:
        refuse(f"needs a C×H×W map, got {show(x)}", "deformable convolutions have two axes", Refusal.AXES)
    plain = conv(x, out, kernel, stride, pad, groups=groups, dilation=dilation, bias=bias)
    divide(x[0], offset_groups, "input channels", "offset_groups")
    taps = product(per_axis(kernel, "kernel", 2))
    places = plain.shape[1:]
    for what, tensor, each in (("offset", offset, 2), ("mask", mask, 1)):
        if tensor is None:
            continue
        wanted = (each * offset_groups * taps, *places)
        fact = f"{what} is {show(tensor)}, where {show(wanted)} is wanted"
        require(len(tensor) == 3, fact, kind=Refusal.INPUTS)
        for a, b in zip(tensor, wanted, strict=True):
            require_equal(a, b, fact)
    return Cost(plain.shape, plain.params, plain.macs, plain.bias, taps=4 * x[0] * taps * product(places))


@rule("joins")
def unfold(x: Shape, kernel: Sizes, stride: Sizes = 1, pad: Pad = 0, *, dilation: Sizes = 1) -> Cost:
    """All windows of a map, each as a column of C·kh·kw numbers: im2col. The output positions become one axis.

    Source: PyTorch's Unfold; sizes as in `conv`.
    """
    c, *axes = image(x)
    n = len(axes)
    kernel_ = per_axis(kernel, "kernel", n)
    places = positions(x, kernel_, per_axis(stride, "stride", n), sides(pad, n), per_axis(dilation, "dilation", n))
    return Cost(mapped(c * product(kernel_), (product(places),)))
