"""The layers as methods of `Tensor`, for completion and type checks.

Generated from the signatures in `cnncost/rules/ops.py` by tests/tools/generate_layers.py; a test holds the two together.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from cnncost.base.poly import Num
from cnncost.rules.ops import CeilMode, Pad, Pair


class Layers:
    """One method per rule. `name` names the layer; `shared` names an earlier layer whose weights it uses."""

    __slots__ = ()

    def _apply(
        self, kind: str, others: tuple[Any, ...], args: dict[str, Any], name: str | None, shared: str | None = None
    ) -> Self:
        raise NotImplementedError

    def conv(
        self,
        out: Num,
        kernel: Pair,
        stride: Pair = 1,
        pad: Pad = 0,
        *,
        groups: Num = 1,
        dilation: Pair = 1,
        bias: bool = True,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """2-D convolution of a C×H×W map with `out` filters of (C/groups)×kh×kw each."""
        args: dict[str, Any] = {
            "out": out,
            "kernel": kernel,
            "stride": stride,
            "pad": pad,
            "groups": groups,
            "dilation": dilation,
            "bias": bias,
        }
        return self._apply("conv", (), args, name, shared)

    def conv_transpose(
        self,
        out: Num,
        kernel: Pair,
        stride: Pair = 1,
        pad: Pair = 0,
        *,
        output_pad: Pair = 0,
        groups: Num = 1,
        dilation: Pair = 1,
        bias: bool = True,
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
        }
        return self._apply("conv_transpose", (), args, name, shared)

    def linear(
        self,
        out: Num,
        *,
        bias: bool = True,
        learned: bool = True,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Fully connected layer on features (F,), or on each token of (T, D)."""
        return self._apply("linear", (), {"out": out, "bias": bias, "learned": learned}, name, shared)

    def matmul(
        self,
        b: Self,
        *,
        name: str | None = None,
    ) -> Self:
        """Product of two matrices, (N, K) and (K, M): N·K·M multiply-adds, no parameters."""
        return self._apply("matmul", (b,), {}, name)

    def attention(
        self,
        key: Self,
        value: Self,
        heads: Num = 1,
        *,
        window: Num | None = None,
        name: str | None = None,
    ) -> Self:
        """Scaled dot-product attention of tokens: query·keyᵀ and weights·value. Projections are `linear` layers."""
        return self._apply("attention", (key, value), {"heads": heads, "window": window}, name)

    def attention_bias(
        self,
        bias: Self,
        *,
        name: str | None = None,
    ) -> Self:
        """Queries whose attention scores get a term for each relative position and head (P×heads of `bias`)."""
        return self._apply("attention_bias", (bias,), {}, name)

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

    def max_pool(
        self,
        kernel: Pair,
        stride: Pair | None = None,
        pad: Pad = 0,
        *,
        dilation: Pair = 1,
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
        kernel: Pair,
        stride: Pair | None = None,
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
        name: str | None = None,
    ) -> Self:
        """Mean of each channel: C×H×W becomes C features, visiting every input once."""
        return self._apply("global_avg_pool", (), {}, name)

    def global_max_pool(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """Maximum of each channel: C×H×W becomes C features, visiting every input once."""
        return self._apply("global_max_pool", (), {}, name)

    def adaptive_avg_pool(
        self,
        out: Pair,
        *,
        name: str | None = None,
    ) -> Self:
        """Mean over windows chosen so that the output is `out`×`out`, whatever the input."""
        return self._apply("adaptive_avg_pool", (), {"out": out}, name)

    def adaptive_max_pool(
        self,
        out: Pair,
        *,
        name: str | None = None,
    ) -> Self:
        """Maximum over windows chosen so that the output is `out`×`out`; windows as in `adaptive_avg_pool`."""
        return self._apply("adaptive_max_pool", (), {"out": out}, name)

    def upsample(
        self,
        scale: Pair = 2,
        *,
        mode: Literal["nearest", "bilinear", "bicubic"] = "nearest",
        name: str | None = None,
    ) -> Self:
        """Enlarge a map `scale` times; an output visits 1 input (nearest), 4 (bilinear) or 16 (bicubic)."""
        return self._apply("upsample", (), {"scale": scale, "mode": mode}, name)

    def batch_norm(
        self,
        *,
        affine: bool = True,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Batch normalisation: a learned scale and offset per channel (`affine`); running mean and variance are buffers."""
        return self._apply("batch_norm", (), {"affine": affine}, name, shared)

    def layer_norm(
        self,
        *,
        over: Literal["channels", "all"] = "channels",
        affine: bool = True,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Layer normalisation over the channels at each position, or over `all` of the example."""
        return self._apply("layer_norm", (), {"over": over, "affine": affine}, name, shared)

    def group_norm(
        self,
        groups: Num = 32,
        *,
        affine: bool = True,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Group normalisation: statistics of each example over `groups` groups of channels."""
        return self._apply("group_norm", (), {"groups": groups, "affine": affine}, name, shared)

    def instance_norm(
        self,
        *,
        affine: bool = False,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Instance normalisation: statistics of each channel of each example; a learned scale and offset where `affine`."""
        return self._apply("instance_norm", (), {"affine": affine}, name, shared)

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
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Multiply each channel by a learned number, and add one (`bias`): ConvNeXt's layer scale, Caffe's Scale."""
        return self._apply("scale", (), {"bias": bias}, name, shared)

    def position_embedding(
        self,
        *,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Add a learned number to each element of an example: T·D for tokens."""
        return self._apply("position_embedding", (), {}, name, shared)

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
        name: str | None = None,
    ) -> Self:
        """Exponentials divided by their sum."""
        return self._apply("softmax", (), {}, name)

    def prelu(
        self,
        *,
        shared: bool = False,
        name: str | None = None,
    ) -> Self:
        """Rectifier with a learned slope below zero: one per channel, or one for all (`shared`)."""
        return self._apply("prelu", (), {"shared": shared}, name)

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
        """Sum of tensors of one shape: the residual connection. The identity has no parameters."""
        return self._apply("add", others, {}, name)

    def mul(
        self,
        *others: Self,
        name: str | None = None,
    ) -> Self:
        """Product of tensors. A gate of (C,) or C×1×1 multiplies every position of a C×H×W map; otherwise shapes are equal."""
        return self._apply("mul", others, {}, name)

    def concat(
        self,
        *others: Self,
        name: str | None = None,
    ) -> Self:
        """Concatenation along the channels (features, for vectors and tokens); other sizes are equal."""
        return self._apply("concat", others, {}, name)

    def flatten(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """All elements as one vector of features."""
        return self._apply("flatten", (), {}, name)

    def split(
        self,
        parts: Num,
        part: int = 0,
        *,
        name: str | None = None,
    ) -> Self:
        """One of `parts` equal pieces of the channels (features, for vectors and tokens), counted from 0."""
        return self._apply("split", (), {"parts": parts, "part": part}, name)

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

    def pad(
        self,
        pad: Pad = 0,
        *,
        channels: Pair = 0,
        name: str | None = None,
    ) -> Self:
        """Zeros around a map: (top, bottom, left, right), and before and after its channels."""
        return self._apply("pad", (), {"pad": pad, "channels": channels}, name)

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

    def tokens(
        self,
        *,
        window: Pair = 1,
        name: str | None = None,
    ) -> Self:
        """A C×H×W map as H·W tokens of C features; with `window`, which must divide H and W, window by window."""
        return self._apply("tokens", (), {"window": window}, name)

    def class_token(
        self,
        *,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Put one learned token before the tokens: (T, D) becomes (T + 1, D). Source: ViT, arXiv:2010.11929, equation 1."""
        return self._apply("class_token", (), {}, name, shared)

    def untokens(
        self,
        height: Num,
        width: Num,
        *,
        name: str | None = None,
    ) -> Self:
        """Tokens as a map again: (height·width, C) becomes C×height×width."""
        return self._apply("untokens", (), {"height": height, "width": width}, name)
