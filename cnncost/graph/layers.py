"""The layers as methods of `Tensor`, for completion and type checks.

Generated from the signatures in `cnncost/rules` by tests/tools/generate_layers.py; a test holds the two together.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from cnncost.base.poly import Num
from cnncost.rules.pooling import Mode, Scale
from cnncost.rules.rearrange import PadMode, Reduction, Target
from cnncost.rules.shapes import Axes, Pad, Sizes
from cnncost.rules.windows import CeilMode


class Layers:
    """One method per rule. `name` names the layer; `shared` names an earlier layer whose weights it uses."""

    __slots__ = ()

    def _apply(
        self, kind: str, others: tuple[Any, ...] | None, args: dict[str, Any], name: str | None, shared: str | None = None
    ) -> Self:
        raise NotImplementedError

    def conv(
        self,
        out: Num,
        kernel: Sizes,
        stride: Sizes = 1,
        pad: Pad = 0,
        *,
        groups: Num = 1,
        dilation: Sizes = 1,
        bias: bool = True,
        learned: bool = True,
        weight: Self | None = None,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Convolution of a C×H×W map (C×L, C×D×H×W) with `out` filters of (C/groups)×kh×kw each."""
        args: dict[str, Any] = {
            "out": out,
            "kernel": kernel,
            "stride": stride,
            "pad": pad,
            "groups": groups,
            "dilation": dilation,
            "bias": bias,
            "learned": learned,
        }
        return self._apply("conv", tuple([t for t in (weight,) if t is not None]), args, name, shared)

    def conv_transpose(
        self,
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
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Transposed convolution: every input element is spread over `out`/groups filters of kh×kw."""
        args: dict[str, Any] = {
            "out": out,
            "kernel": kernel,
            "stride": stride,
            "pad": pad,
            "output_pad": output_pad,
            "groups": groups,
            "dilation": dilation,
            "bias": bias,
            "learned": learned,
        }
        return self._apply("conv_transpose", (), args, name, shared)

    def locally_connected(
        self,
        out: Num,
        kernel: Sizes,
        stride: Sizes = 1,
        pad: Pad = 0,
        *,
        groups: Num = 1,
        dilation: Sizes = 1,
        bias: bool = True,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Convolution whose filters differ from position to position: each output has weights and a bias of its own."""
        args: dict[str, Any] = {
            "out": out,
            "kernel": kernel,
            "stride": stride,
            "pad": pad,
            "groups": groups,
            "dilation": dilation,
            "bias": bias,
        }
        return self._apply("locally_connected", (), args, name, shared)

    def deform_conv(
        self,
        out: Num,
        kernel: Sizes,
        stride: Sizes = 1,
        pad: Pad = 0,
        *,
        groups: Num = 1,
        offset_groups: Num = 1,
        dilation: Sizes = 1,
        bias: bool = True,
        offset: Self | None = None,
        mask: Self | None = None,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Deformable convolution of a C×H×W map: each tap is sampled beside its place, by an offset, and times a mask."""
        args: dict[str, Any] = {
            "out": out,
            "kernel": kernel,
            "stride": stride,
            "pad": pad,
            "groups": groups,
            "offset_groups": offset_groups,
            "dilation": dilation,
            "bias": bias,
        }
        return self._apply("deform_conv", tuple([t for t in (offset, mask) if t is not None]), args, name, shared)

    def unfold(
        self,
        kernel: Sizes,
        stride: Sizes = 1,
        pad: Pad = 0,
        *,
        dilation: Sizes = 1,
        name: str | None = None,
    ) -> Self:
        """All windows of a map, each as a column of C·kh·kw numbers: im2col. The output positions become one axis."""
        return self._apply("unfold", (), {"kernel": kernel, "stride": stride, "pad": pad, "dilation": dilation}, name)

    def linear(
        self,
        out: Num,
        *,
        bias: bool = True,
        learned: bool = True,
        axis: int | None = None,
        weight: Self | None = None,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Fully connected layer on features (F,), or on the last axis of tokens (…, D)."""
        args: dict[str, Any] = {
            "out": out,
            "bias": bias,
            "learned": learned,
            "axis": axis,
        }
        return self._apply("linear", tuple([t for t in (weight,) if t is not None]), args, name, shared)

    def matmul(
        self,
        b: Self,
        *,
        name: str | None = None,
    ) -> Self:
        """Product of matrices, (…, N, K) and (…, K, M): N·K·M multiply-adds for each, no parameters."""
        return self._apply("matmul", (b,), {}, name)

    def attention(
        self,
        key: Self,
        value: Self,
        heads: Num = 1,
        *,
        window: Num | None = None,
        mask: Self | None = None,
        name: str | None = None,
    ) -> Self:
        """Scaled dot-product attention of tokens: query·keyᵀ and weights·value. Projections are `linear` layers."""
        args: dict[str, Any] = {
            "heads": heads,
            "window": window,
        }
        return self._apply("attention", (key, value, *[t for t in (mask,) if t is not None]), args, name)

    def einsum(
        self,
        b: Self,
        equation: str,
        *,
        name: str | None = None,
    ) -> Self:
        """Sum of products of two tensors, in Einstein's notation: "ij,jk->ik" is a product of matrices."""
        return self._apply("einsum", (b,), {"equation": equation}, name)

    def lstm(
        self,
        out: Num,
        *,
        layers: Num = 1,
        bidirectional: bool = False,
        projection: Num = 0,
        bias: Num = 2,
        last: bool = False,
        learned: bool = True,
        weight: Self | None = None,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Long short-term memory over T×D tokens: T×out, or `out` features of the last state (`last`)."""
        args: dict[str, Any] = {
            "out": out,
            "layers": layers,
            "bidirectional": bidirectional,
            "projection": projection,
            "bias": bias,
            "last": last,
            "learned": learned,
        }
        return self._apply("lstm", tuple([t for t in (weight,) if t is not None]), args, name, shared)

    def gru(
        self,
        out: Num,
        *,
        layers: Num = 1,
        bidirectional: bool = False,
        bias: Num = 2,
        last: bool = False,
        learned: bool = True,
        weight: Self | None = None,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Gated recurrent unit over T×D tokens: as `lstm`, with three gates."""
        args: dict[str, Any] = {
            "out": out,
            "layers": layers,
            "bidirectional": bidirectional,
            "bias": bias,
            "last": last,
            "learned": learned,
        }
        return self._apply("gru", tuple([t for t in (weight,) if t is not None]), args, name, shared)

    def rnn(
        self,
        out: Num,
        *,
        layers: Num = 1,
        bidirectional: bool = False,
        bias: Num = 2,
        last: bool = False,
        learned: bool = True,
        weight: Self | None = None,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Plain recurrent layer over T×D tokens: as `lstm`, with one product of each."""
        args: dict[str, Any] = {
            "out": out,
            "layers": layers,
            "bidirectional": bidirectional,
            "bias": bias,
            "last": last,
            "learned": learned,
        }
        return self._apply("rnn", tuple([t for t in (weight,) if t is not None]), args, name, shared)

    def max_pool(
        self,
        kernel: Sizes,
        stride: Sizes | None = None,
        pad: Pad = 0,
        *,
        dilation: Sizes = 1,
        ceil_mode: CeilMode = False,
        count_pad: bool = True,
        name: str | None = None,
    ) -> Self:
        """Maximum over kh×kw windows of each channel; `stride` is the kernel unless given."""
        args: dict[str, Any] = {
            "kernel": kernel,
            "stride": stride,
            "pad": pad,
            "dilation": dilation,
            "ceil_mode": ceil_mode,
            "count_pad": count_pad,
        }
        return self._apply("max_pool", (), args, name)

    def avg_pool(
        self,
        kernel: Sizes,
        stride: Sizes | None = None,
        pad: Pad = 0,
        *,
        ceil_mode: CeilMode = False,
        count_pad: bool = True,
        name: str | None = None,
    ) -> Self:
        """Mean over kh×kw windows of each channel; sizes and taps as in `max_pool`."""
        args: dict[str, Any] = {
            "kernel": kernel,
            "stride": stride,
            "pad": pad,
            "ceil_mode": ceil_mode,
            "count_pad": count_pad,
        }
        return self._apply("avg_pool", (), args, name)

    def global_avg_pool(
        self,
        *,
        keep: bool = False,
        name: str | None = None,
    ) -> Self:
        """Mean of each channel: C×H×W becomes C features, or C×1×1 (`keep`), visiting every input once."""
        return self._apply("global_avg_pool", (), {"keep": keep}, name)

    def global_max_pool(
        self,
        *,
        keep: bool = False,
        name: str | None = None,
    ) -> Self:
        """Maximum of each channel: C×H×W becomes C features, or C×1×1 (`keep`), visiting every input once."""
        return self._apply("global_max_pool", (), {"keep": keep}, name)

    def adaptive_avg_pool(
        self,
        out: Sizes,
        *,
        name: str | None = None,
    ) -> Self:
        """Mean over windows chosen so that the output is `out`×`out`, whatever the input."""
        return self._apply("adaptive_avg_pool", (), {"out": out}, name)

    def adaptive_max_pool(
        self,
        out: Sizes,
        *,
        name: str | None = None,
    ) -> Self:
        """Maximum over windows chosen so that the output is `out`×`out`; windows as in `adaptive_avg_pool`."""
        return self._apply("adaptive_max_pool", (), {"out": out}, name)

    def upsample(
        self,
        scale: Scale = 2,
        *,
        mode: Mode = "nearest",
        size: Sizes | None = None,
        like: Self | None = None,
        name: str | None = None,
    ) -> Self:
        """Resize a map: `scale` times, to a stated `size`, or to that of another map (`like`)."""
        args: dict[str, Any] = {
            "scale": scale,
            "mode": mode,
            "size": size,
        }
        return self._apply("upsample", tuple([t for t in (like,) if t is not None]), args, name)

    def batch_norm(
        self,
        *,
        affine: bool = True,
        scale: bool = True,
        offset: bool = True,
        track: bool = True,
        counter: bool = False,
        axis: int | None = None,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Batch normalisation: a learned scale and offset per channel (`affine`); running mean and variance are buffers."""
        args: dict[str, Any] = {
            "affine": affine,
            "scale": scale,
            "offset": offset,
            "track": track,
            "counter": counter,
            "axis": axis,
        }
        return self._apply("batch_norm", (), args, name, shared)

    def layer_norm(
        self,
        *,
        over: Literal["channels", "all"] | Axes = "channels",
        affine: bool = True,
        scale: bool = True,
        offset: bool = True,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Layer normalisation over the channels at each position, over `all` of the example, or over the axes named."""
        args: dict[str, Any] = {
            "over": over,
            "affine": affine,
            "scale": scale,
            "offset": offset,
        }
        return self._apply("layer_norm", (), args, name, shared)

    def group_norm(
        self,
        groups: Num = 32,
        *,
        affine: bool = True,
        scale: bool = True,
        offset: bool = True,
        axis: int | None = None,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Group normalisation: statistics of each example over `groups` groups of channels."""
        args: dict[str, Any] = {
            "groups": groups,
            "affine": affine,
            "scale": scale,
            "offset": offset,
            "axis": axis,
        }
        return self._apply("group_norm", (), args, name, shared)

    def instance_norm(
        self,
        *,
        affine: bool = False,
        scale: bool = True,
        offset: bool = True,
        axis: int | None = None,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Instance normalisation: statistics of each channel of each example; a learned scale and offset where `affine`."""
        args: dict[str, Any] = {
            "affine": affine,
            "scale": scale,
            "offset": offset,
            "axis": axis,
        }
        return self._apply("instance_norm", (), args, name, shared)

    def lrn(
        self,
        size: Num = 5,
        *,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Local response normalisation across `size` neighbouring channels; no parameters."""
        return self._apply("lrn", (), {"size": size}, name, shared)

    def scale(
        self,
        *,
        bias: bool = False,
        axis: Axes | None = None,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Multiply each channel by a learned number, and add one (`bias`): ConvNeXt's layer scale, Caffe's Scale."""
        return self._apply("scale", (), {"bias": bias, "axis": axis}, name, shared)

    def bias(
        self,
        *,
        axis: Axes | None = None,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Add a learned number to each channel, or to each position of the axes named (`axis`)."""
        return self._apply("bias", (), {"axis": axis}, name, shared)

    def relu(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """Rectifier: max(x, 0). Works in place: no memory, no parameters. Source: rule R10 of docs/counting.md."""
        return self._apply("relu", (), {}, name)

    def relu6(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """Rectifier with a ceiling: min(max(x, 0), 6). Source: arXiv:1704.04861."""
        return self._apply("relu6", (), {}, name)

    def leaky_relu(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """Rectifier with a small fixed slope below zero."""
        return self._apply("leaky_relu", (), {}, name)

    def elu(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """Exponential linear unit. Source: arXiv:1511.07289."""
        return self._apply("elu", (), {}, name)

    def gelu(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """Gaussian error linear unit. Source: arXiv:1606.08415."""
        return self._apply("gelu", (), {}, name)

    def silu(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """x·sigmoid(x), also called swish. Source: arXiv:1606.08415 and arXiv:1710.05941."""
        return self._apply("silu", (), {}, name)

    def mish(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """x·tanh(softplus(x)). Source: arXiv:1908.08681."""
        return self._apply("mish", (), {}, name)

    def sigmoid(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """Logistic function."""
        return self._apply("sigmoid", (), {}, name)

    def tanh(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """Hyperbolic tangent."""
        return self._apply("tanh", (), {}, name)

    def hardswish(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """x·relu6(x + 3)/6. Source: MobileNetV3, arXiv:1905.02244."""
        return self._apply("hardswish", (), {}, name)

    def hardsigmoid(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """relu6(x + 3)/6. Source: MobileNetV3, arXiv:1905.02244."""
        return self._apply("hardsigmoid", (), {}, name)

    def softmax(
        self,
        *,
        axis: int | None = None,
        name: str | None = None,
    ) -> Self:
        """Exponentials divided by their sum, along the channels (features) or along `axis`."""
        return self._apply("softmax", (), {"axis": axis}, name)

    def prelu(
        self,
        *,
        shared: bool = False,
        axis: Axes | None = None,
        name: str | None = None,
    ) -> Self:
        """Rectifier with a learned slope below zero: one per channel, or one for all (`shared`)."""
        return self._apply("prelu", (), {"shared": shared, "axis": axis}, name)

    def dropout(
        self,
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> Self:
        """Set each element to zero with probability `p` while training; nothing at inference."""
        return self._apply("dropout", (), {"p": p}, name)

    def stochastic_depth(
        self,
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> Self:
        """Drop a whole residual branch with probability `p` while training; nothing at inference."""
        return self._apply("stochastic_depth", (), {"p": p}, name)

    def add(
        self,
        *others: Self,
        name: str | None = None,
    ) -> Self:
        """Sum of tensors: the residual connection. The identity has no parameters."""
        return self._apply("add", others, {}, name)

    def sub(
        self,
        *others: Self,
        name: str | None = None,
    ) -> Self:
        """Difference of tensors; shapes as in `add`."""
        return self._apply("sub", others, {}, name)

    def mul(
        self,
        *others: Self,
        name: str | None = None,
    ) -> Self:
        """Product of tensors, such as a map and its gate of C, C×1×1 or 1×H×W; shapes as in `add`."""
        return self._apply("mul", others, {}, name)

    def div(
        self,
        *others: Self,
        name: str | None = None,
    ) -> Self:
        """Quotient of tensors; shapes as in `add`."""
        return self._apply("div", others, {}, name)

    def maximum(
        self,
        *others: Self,
        name: str | None = None,
    ) -> Self:
        """The larger of tensors, element by element: maxout; shapes as in `add`."""
        return self._apply("maximum", others, {}, name)

    def minimum(
        self,
        *others: Self,
        name: str | None = None,
    ) -> Self:
        """The smaller of tensors, element by element; shapes as in `add`."""
        return self._apply("minimum", others, {}, name)

    def elementwise(
        self,
        *others: Self,
        op: str = "identity",
        name: str | None = None,
    ) -> Self:
        """An operation on each element of one or several tensors, by its name: exp, sqrt, clamp, pow, where."""
        return self._apply("elementwise", others, {"op": op}, name)

    def weighted_sum(
        self,
        *others: Self,
        per: Literal["layer", "channel"] = "layer",
        name: str | None = None,
    ) -> Self:
        """Sum of tensors times learned weights: one weight for each tensor, or one for each `channel` of each."""
        return self._apply("weighted_sum", others, {"per": per}, name)

    def concat(
        self,
        *others: Self,
        axis: int | None = None,
        name: str | None = None,
    ) -> Self:
        """Concatenation along the channels (features, for vectors and tokens) or along `axis`; other sizes are equal."""
        return self._apply("concat", others, {"axis": axis}, name)

    def stack(
        self,
        *others: Self,
        axis: int = 0,
        name: str | None = None,
    ) -> Self:
        """Tensors of one shape side by side along a new axis."""
        return self._apply("stack", others, {"axis": axis}, name)

    def flatten(
        self,
        start: int = 0,
        end: int = -1,
        *,
        name: str | None = None,
    ) -> Self:
        """All elements as one vector of features, or the axes from `start` to `end` (with it) as one axis."""
        return self._apply("flatten", (), {"start": start, "end": end}, name)

    def reshape(
        self,
        to: Target,
        *,
        name: str | None = None,
    ) -> Self:
        """The same numbers in the same order, in another shape; one size may be -1: what the others leave."""
        return self._apply("reshape", (), {"to": to}, name)

    def permute(
        self,
        order: Axes,
        *,
        name: str | None = None,
    ) -> Self:
        """The axes in another order: (1, 2, 0) makes H×W×C of C×H×W."""
        return self._apply("permute", (), {"order": order}, name)

    def squeeze(
        self,
        axis: Axes | None = None,
        *,
        name: str | None = None,
    ) -> Self:
        """Without the axes named, which have the size 1; by default without all axes of size 1."""
        return self._apply("squeeze", (), {"axis": axis}, name)

    def unsqueeze(
        self,
        axis: Axes,
        *,
        name: str | None = None,
    ) -> Self:
        """With new axes of size 1 at the places named, counted in the new shape."""
        return self._apply("unsqueeze", (), {"axis": axis}, name)

    def expand(
        self,
        to: Target,
        *,
        name: str | None = None,
    ) -> Self:
        """Axes of size 1 repeated to the sizes named, at no memory; -1 keeps a size, and new axes come first."""
        return self._apply("expand", (), {"to": to}, name)

    def tile(
        self,
        times: Target,
        *,
        name: str | None = None,
    ) -> Self:
        """The tensor repeated so many times along each axis; more numbers than axes make new axes in front."""
        return self._apply("tile", (), {"times": times}, name)

    def split(
        self,
        parts: Num,
        part: int = 0,
        *,
        axis: int | None = None,
        name: str | None = None,
    ) -> Self:
        """One of `parts` equal pieces of the channels (features, for vectors and tokens) or of `axis`, counted from 0."""
        return self._apply("split", (), {"parts": parts, "part": part, "axis": axis}, name)

    def slice(
        self,
        start: Num = 0,
        stop: Num | None = None,
        step: Num = 1,
        *,
        axis: int = 0,
        name: str | None = None,
    ) -> Self:
        """Every `step`-th index from `start` to before `stop` (the end) along one axis: 0 channels, 1 height, 2 width."""
        return self._apply("slice", (), {"start": start, "stop": stop, "step": step, "axis": axis}, name)

    def select(
        self,
        index: Num = 0,
        *,
        axis: int = 0,
        name: str | None = None,
    ) -> Self:
        """One index of an axis, which goes: `index=0` of tokens is the class token."""
        return self._apply("select", (), {"index": index, "axis": axis}, name)

    def gather(
        self,
        count: Target,
        *,
        axis: int = 0,
        name: str | None = None,
    ) -> Self:
        """Some indices of an axis in some order: `count` of them, or as many as a shape has, which takes the axis's place."""
        return self._apply("gather", (), {"count": count, "axis": axis}, name)

    def reduce(
        self,
        op: Reduction = "mean",
        axes: Axes | None = None,
        *,
        keep: bool = False,
        name: str | None = None,
    ) -> Self:
        """Mean, sum, maximum, norm or the like over some axes, all of them by default; `keep` leaves each with the size 1."""
        return self._apply("reduce", (), {"op": op, "axes": axes, "keep": keep}, name)

    def pad(
        self,
        pad: Pad | Target = 0,
        *,
        channels: Sizes = 0,
        mode: PadMode = "constant",
        name: str | None = None,
    ) -> Self:
        """Zeros, or repeated numbers (`mode`), around a map: (top, bottom, left, right), and before and after its channels."""
        return self._apply("pad", (), {"pad": pad, "channels": channels, "mode": mode}, name)

    def channel_shuffle(
        self,
        groups: Num,
        *,
        name: str | None = None,
    ) -> Self:
        """Reorder channels so that those of each of `groups` groups are spread over all."""
        return self._apply("channel_shuffle", (), {"groups": groups}, name)

    def space_to_depth(
        self,
        size: Num = 2,
        *,
        name: str | None = None,
    ) -> Self:
        """Each size×size patch of a C×H×W map becomes one position: C·size² channels, H/size, W/size."""
        return self._apply("space_to_depth", (), {"size": size}, name)

    def depth_to_space(
        self,
        size: Num = 2,
        *,
        name: str | None = None,
    ) -> Self:
        """Channels become positions: C/size² channels, size·H, size·W. Also called pixel shuffle."""
        return self._apply("depth_to_space", (), {"size": size}, name)

    def tokens(
        self,
        *,
        window: Sizes = 1,
        name: str | None = None,
    ) -> Self:
        """A C×H×W map as H·W tokens of C features; with `window`, which must divide H and W, window by window."""
        return self._apply("tokens", (), {"window": window}, name)

    def untokens(
        self,
        height: Num,
        width: Num,
        *,
        name: str | None = None,
    ) -> Self:
        """Tokens as a map again: (height·width, C) becomes C×height×width."""
        return self._apply("untokens", (), {"height": height, "width": width}, name)

    def parameter(
        self,
        shape: Target,
        *,
        learned: bool = True,
        counted: bool = True,
        name: str | None = None,
    ) -> Self:
        """Numbers that are the same for every input and read none: `learned`, or fixed (then they are buffers)."""
        return self._apply("parameter", None, {"shape": shape, "learned": learned, "counted": counted}, name)

    def constant(
        self,
        tokens: Num,
        features: Num,
        *,
        learned: bool = False,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Tokens that are the same for every input: fixed numbers, such as coordinates, or `learned` ones."""
        return self._apply("constant", (), {"tokens": tokens, "features": features, "learned": learned}, name, shared)

    def embedding(
        self,
        tokens: Num,
        out: Num,
        *,
        learned: bool = True,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """A learned vector of `out` features for each index of the input, from a table of `tokens` of them: T becomes T×out."""
        return self._apply("embedding", (), {"tokens": tokens, "out": out, "learned": learned}, name, shared)

    def position_embedding(
        self,
        *,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Add a learned number to each element of an example: T·D for tokens."""
        return self._apply("position_embedding", (), {}, name, shared)

    def class_token(
        self,
        *,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Put one learned token before the tokens: (T, D) becomes (T + 1, D). Source: ViT, arXiv:2010.11929, equation 1."""
        return self._apply("class_token", (), {}, name, shared)

    def attention_bias(
        self,
        bias: Self,
        *,
        name: str | None = None,
    ) -> Self:
        """Queries whose attention scores get a term for each relative position and head (P×heads of `bias`)."""
        return self._apply("attention_bias", (bias,), {}, name)

    def opaque(
        self,
        *others: Self,
        op: str,
        to: Target,
        params: Num = 0,
        name: str | None = None,
    ) -> Self:
        """An operation that has no rule, by its name: it makes the shape stated (`to`), and what it costs is not counted."""
        return self._apply("opaque", others, {"op": op, "to": to, "params": params}, name)
