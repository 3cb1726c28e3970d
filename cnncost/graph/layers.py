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
        """Convolution of a C×H×W map (C×L, C×D×H×W) with `out` filters of (C/groups)×kh×kw each.

        Output sizes are ⌊(H + pads − dilation·(kh − 1) − 1)/stride⌋ + 1. A filter costs one multiply-add per weight and
        output position; positions in the padding count like all others. `kernel`, `stride` and `dilation` are one number, or
        one for each axis; `pad` is one number, one for each axis, two for each (top, bottom, left, right), or "same":
        ⌈H/stride⌉ outputs. Weights that are fixed rather than `learned` are buffers; those computed by the network are a
        tensor, `weight`.

        Source: EECS 498-007 lecture 8; rules R1, R6, R9 and R15 of the counting rules.

            input   C×H×W
            output  out×H′×W′
            H′      ⌊(H - dilation·kernel + dilation + 2·pad - 1)/stride⌋ + 1
            W′      ⌊(W - dilation·kernel + dilation + 2·pad - 1)/stride⌋ + 1
            params  kernel²·out·⌊C/groups⌋ + out
            macs    H′·W′·kernel²·out·⌊C/groups⌋
            bias    H′·W′·out

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.conv(out=8, kernel=3), (64, 28, 28)).output
        (8, 26, 26)
        """
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
        """Transposed convolution: every input element is spread over `out`/groups filters of kh×kw.

        Output sizes are (H − 1)·stride − pads + dilation·(kh − 1) + output_pad + 1, or H·stride for the pad "same"; a weight
        costs one multiply-add per input position. `output_pad` stays below the stride or the dilation, as in PyTorch.

        Source: the input gradient of a convolution; sizes as in PyTorch's ConvTranspose2d and TensorFlow's Conv2DTranspose.

            input   C×H×W
            output  out×H′×W′
            H′      H·stride + dilation·kernel - dilation + output_pad - 2·pad - stride + 1
            W′      W·stride + dilation·kernel - dilation + output_pad - 2·pad - stride + 1
            params  C·kernel²·⌊out/groups⌋ + out
            macs    C·H·W·kernel²·⌊out/groups⌋
            bias    H′·W′·out

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.conv_transpose(out=8, kernel=3), (64, 28, 28)).output
        (8, 30, 30)
        """
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
        """Convolution whose filters differ from position to position: each output has weights and a bias of its own.

        Sizes and multiply-adds are those of `conv`; there are as many weights as multiply-adds.

        Source: DeepFace, CVPR 2014, section 3; Keras 2 LocallyConnected2D; darknet src/local_layer.c.

            input   C×H×W
            output  out×H′×W′
            H′      ⌊(H - dilation·kernel + dilation + 2·pad - 1)/stride⌋ + 1
            W′      ⌊(W - dilation·kernel + dilation + 2·pad - 1)/stride⌋ + 1
            params  H′·W′·kernel²·out·⌊C/groups⌋ + H′·W′·out
            macs    H′·W′·kernel²·out·⌊C/groups⌋
            bias    H′·W′·out

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.locally_connected(out=8, kernel=3), (64, 28, 28)).output
        (8, 26, 26)
        """
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
        """Deformable convolution of a C×H×W map: each tap is sampled beside its place, by an offset, and times a mask.

        The `offset` is a tensor of 2·offset_groups·kh·kw channels at each output position, the `mask` of half as many; what
        makes them is a layer of its own. Multiply-adds are those of `conv`. A sample is interpolated from four inputs: its
        taps.

        Source: arXiv:1703.06211, equation 2, and arXiv:1811.11168, equation 1; torchvision ops/deform_conv.py.

            input   C×H×W
            output  out×H′×W′
            H′      ⌊(H - dilation·kernel + dilation + 2·pad - 1)/stride⌋ + 1
            W′      ⌊(W - dilation·kernel + dilation + 2·pad - 1)/stride⌋ + 1
            params  kernel²·out·⌊C/groups⌋ + out
            macs    H′·W′·kernel²·out·⌊C/groups⌋
            bias    H′·W′·out
            taps    4·C·H′·W′·kernel²

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.deform_conv(out=8, kernel=3), (64, 28, 28)).output
        (8, 26, 26)
        """
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
        """All windows of a map, each as a column of C·kh·kw numbers: im2col. The output positions become one axis.

        Source: PyTorch's Unfold; sizes as in `conv`.

            input   C×H×W
            output  C·kernel²×⌊(H - dilation·kernel + dilation + 2·pad - 1)/stride⌋·⌊(W - dilation·kernel + dilation + 2·pad -
                    1)/stride⌋ + ⌊(H - dilation·kernel + dilation + 2·pad - 1)/stride⌋ + ⌊(W - dilation·kernel + dilation +
                    2·pad - 1)/stride⌋ + 1

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.unfold(kernel=3), (64, 28, 28)).output
        (576, 676)
        """
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
        """Fully connected layer on features (F,), or on the last axis of tokens (…, D).

        A map is refused, for what is forgotten before it is mostly `flatten`; with `axis` the layer works along that axis of
        any shape, at each position of the others. Weights that are fixed rather than `learned`, such as the codes of
        LeNet-5's output, are buffers; those computed by the network are a tensor, `weight`.

        Source: EECS 498-007 lecture 8; rules R13 and R14 of the counting rules.

            input   F
            output  out
            params  F·out + out
            macs    F·out
            bias    out

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.linear(out=8), (256,)).output
        (8,)
        """
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
        """Product of matrices, (…, N, K) and (…, K, M): N·K·M multiply-adds for each, no parameters.

        Leading axes broadcast; a vector (K,) is a row on the left, a column on the right, and its axis goes.

        Source: numpy.matmul and torch.matmul.

            input   N×K and K×M
            output  N×M
            macs    K·M·N

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x, y: x.matmul(y), {"x": (49, 64), "y": (64, 10)}).output
        (49, 10)
        """
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
        """Scaled dot-product attention of tokens: query·keyᵀ and weights·value. Projections are `linear` layers.

        T×D queries meet T'×D keys and T'×E values: T·T'·(D + E) multiply-adds, whatever the number of heads. With `window`
        the tokens attend within groups of `window` tokens: T·window·(D + E). Leading axes broadcast, and each is an attention
        of its own: heads×T×D. A `mask` is added to the scores, of which there are T×T'.

        Source: Attention Is All You Need, arXiv:1706.03762, section 3.2; Swin, arXiv:2103.14030, equation 2.

            input   T×D and S×D and S×E
            output  T×E
            macs    D·S·T + E·S·T

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x, y, z: x.attention(y, z), {"x": (49, 64), "y": (20, 64), "z": (20, 32)}).output
        (49, 32)
        """
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
        """Sum of products of two tensors, in Einstein's notation: "ij,jk->ik" is a product of matrices.

        Each letter is an axis of one example; there are as many multiply-adds as positions of all letters together. Without
        "->" the output has the letters that occur once, in alphabetical order.

        Source: numpy.einsum and torch.einsum.

            input   T×K and K×D
            output  T×D
            macs    D·K·T

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x, y: x.einsum(y, equation="tk,kd->td"), {"x": (49, 64), "y": (64, 64)}).output
        (49, 64)
        """
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
        """Long short-term memory over T×D tokens: T×out, or `out` features of the last state (`last`).

        Four gates, each a product of the token and one of the state; with `projection` the state is that narrow. A direction
        more doubles the features. Leading axes are sequences of their own. There are as many vectors of offsets (`bias`) as
        in PyTorch: two; Keras has 1. Weights that are fixed rather than `learned` are buffers; those computed by the network
        are a tensor, `weight`.

        Source: PyTorch's LSTM; projections as in arXiv:1402.1128.

            input   T×D
            output  T×out
            params  4·D·out + 4·out² + 8·out
            macs    4·D·T·out + 4·T·out²
            bias    8·T·out

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.lstm(out=8), (49, 64)).output
        (49, 8)
        """
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
        """Gated recurrent unit over T×D tokens: as `lstm`, with three gates.

        Source: PyTorch's GRU; Keras has two vectors of offsets where `reset_after`, its default.

            input   T×D
            output  T×out
            params  3·D·out + 3·out² + 6·out
            macs    3·D·T·out + 3·T·out²
            bias    6·T·out

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.gru(out=8), (49, 64)).output
        (49, 8)
        """
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
        """Plain recurrent layer over T×D tokens: as `lstm`, with one product of each.

        Source: PyTorch's RNN; Keras's SimpleRNN, which has one vector of offsets.

            input   T×D
            output  T×out
            params  D·out + out² + 2·out
            macs    D·T·out + T·out²
            bias    2·T·out

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.rnn(out=8), (49, 64)).output
        (49, 8)
        """
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
        """Maximum over kh×kw windows of each channel; `stride` is the kernel unless given.

        A window visits kh·kw inputs (taps). `ceil_mode` rounds sizes up: true as PyTorch does, which drops a last window that
        starts in the trailing padding, "caffe" as Caffe does, which drops it only where there is padding at all.
        `count_pad=false` leaves positions in the padding out of the taps. A pad is below the kernel, as Caffe asks: then
        every window sees an input. (PyTorch asks for at most half of the kernel.)

        Source: EECS 498-007 lecture 8, rules R2, R3 and R11 of the counting rules; PyTorch aten/src/ATen/native/Pool.h; Caffe
        src/caffe/layers/pooling_layer.cpp.

            input   C×H×W
            output  C×H′×W′
            H′      ⌊(H - dilation·kernel + dilation + 2·pad - 1)/stride⌋ + 1
            W′      ⌊(W - dilation·kernel + dilation + 2·pad - 1)/stride⌋ + 1
            taps    C·H′·W′·kernel²

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.max_pool(kernel=3), (64, 28, 28)).output
        (64, 9, 9)
        """
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
        """Mean over kh×kw windows of each channel; sizes and taps as in `max_pool`.

        Source: as `max_pool`; `count_pad` is PyTorch's count_include_pad.

            input   C×H×W
            output  C×H′×W′
            H′      ⌊(H - kernel + 2·pad)/stride⌋ + 1
            W′      ⌊(W - kernel + 2·pad)/stride⌋ + 1
            taps    C·H′·W′·kernel²

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.avg_pool(kernel=3), (64, 28, 28)).output
        (64, 9, 9)
        """
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
        """Mean of each channel: C×H×W becomes C features, or C×1×1 (`keep`), visiting every input once.

        Source: Network in Network, arXiv:1312.4400, section 3.2; rule R16 of the counting rules.

            input   C×H×W
            output  C
            taps    C·H·W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.global_avg_pool(), (64, 28, 28)).output
        (64,)
        """
        return self._apply("global_avg_pool", (), {"keep": keep}, name)

    def global_max_pool(
        self,
        *,
        keep: bool = False,
        name: str | None = None,
    ) -> Self:
        """Maximum of each channel: C×H×W becomes C features, or C×1×1 (`keep`), visiting every input once.

            input   C×H×W
            output  C
            taps    C·H·W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.global_max_pool(), (64, 28, 28)).output
        (64,)
        """
        return self._apply("global_max_pool", (), {"keep": keep}, name)

    def adaptive_avg_pool(
        self,
        out: Sizes,
        *,
        name: str | None = None,
    ) -> Self:
        """Mean over windows chosen so that the output is `out`×`out`, whatever the input.

        Windows may differ by one input and overlap; an axis of n inputs is visited n + out − gcd(n, out) times.

        Source: PyTorch aten/src/ATen/native/AdaptivePooling.h.

            input   C×h·out×out·w
            output  C×out×out
            taps    C·h·out²·w

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.adaptive_avg_pool(out=8), (64, 32, 32)).output
        (64, 8, 8)
        """
        return self._apply("adaptive_avg_pool", (), {"out": out}, name)

    def adaptive_max_pool(
        self,
        out: Sizes,
        *,
        name: str | None = None,
    ) -> Self:
        """Maximum over windows chosen so that the output is `out`×`out`; windows as in `adaptive_avg_pool`.

            input   C×h·out×out·w
            output  C×out×out
            taps    C·h·out²·w

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.adaptive_max_pool(out=8), (64, 32, 32)).output
        (64, 8, 8)
        """
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
        """Resize a map: `scale` times, to a stated `size`, or to that of another map (`like`).

        A scale need not be whole: sizes are ⌊H·scale⌋. An output visits 1 input (nearest), 4 (bilinear) or 16 (bicubic); 2 of
        a C×L map (linear), 8 of a C×D×H×W map (trilinear).

        Source: PyTorch's torch.nn.functional.interpolate.

            input   C×H×W
            output  C×H·scale×W·scale
            taps    C·H·W·scale²

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.upsample(), (64, 28, 28)).output
        (64, 56, 56)
        """
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
        """Batch normalisation: a learned scale and offset per channel (`affine`); running mean and variance are buffers.

        `scale=false` or `offset=false` leaves one of the two out, `track=false` the running statistics; with `counter` one
        buffer more counts the batches seen. The channels are the first axis of a map, the last of tokens and features, or
        `axis`.

        Source: arXiv:1502.03167, algorithm 1.

            input    C×H×W
            output   C×H×W
            params   2·C
            bias     C·H·W
            buffers  2·C

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.batch_norm(), (64, 28, 28)).output
        (64, 28, 28)
        """
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
        """Layer normalisation over the channels at each position, over `all` of the example, or over the axes named.

        There are as many scales and offsets as numbers are normalised together. The channels are the first axis of a map: of
        H×W×C write `over=-1`.

        Source: arXiv:1607.06450; over the channels of a map as in ConvNeXt, arXiv:2201.03545.

            input   C×H×W
            output  C×H×W
            params  2·C
            bias    C·H·W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.layer_norm(), (64, 28, 28)).output
        (64, 28, 28)
        """
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
        """Group normalisation: statistics of each example over `groups` groups of channels.

        Source: arXiv:1803.08494.

            input   C×H×W
            output  C×H×W
            params  2·C
            bias    C·H·W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.group_norm(), (64, 28, 28)).output
        (64, 28, 28)
        """
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
        """Instance normalisation: statistics of each channel of each example; a learned scale and offset where `affine`.

        Source: arXiv:1607.08022.

            input   C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.instance_norm(), (64, 28, 28)).output
        (64, 28, 28)
        """
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
        """Local response normalisation across `size` neighbouring channels; no parameters.

        Source: AlexNet, section 3.3.

            input   C×H×W
            output  C×H×W
            taps    C·H·W·size

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.lrn(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("lrn", (), {"size": size}, name, shared)

    def scale(
        self,
        *,
        bias: bool = False,
        axis: Axes | None = None,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Multiply each channel by a learned number, and add one (`bias`): ConvNeXt's layer scale, Caffe's Scale.

        With `axis` there is a number for each position of the axes named.

        Source: arXiv:2103.17239, equation 5; Caffe src/caffe/layers/scale_layer.cpp.

            input   C×H×W
            output  C×H×W
            params  C

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.scale(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("scale", (), {"bias": bias, "axis": axis}, name, shared)

    def bias(
        self,
        *,
        axis: Axes | None = None,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Add a learned number to each channel, or to each position of the axes named (`axis`).

        Source: Caffe src/caffe/layers/bias_layer.cpp.

            input   C×H×W
            output  C×H×W
            params  C
            bias    C·H·W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.bias(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("bias", (), {"axis": axis}, name, shared)

    def relu(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """Rectifier: max(x, 0). Works in place: no memory, no parameters. Source: rule R10 of the counting rules.

            input   C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.relu(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("relu", (), {}, name)

    def relu6(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """Rectifier with a ceiling: min(max(x, 0), 6). Source: arXiv:1704.04861.

            input   C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.relu6(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("relu6", (), {}, name)

    def leaky_relu(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """Rectifier with a small fixed slope below zero.

            input   C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.leaky_relu(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("leaky_relu", (), {}, name)

    def elu(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """Exponential linear unit. Source: arXiv:1511.07289.

            input   C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.elu(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("elu", (), {}, name)

    def gelu(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """Gaussian error linear unit. Source: arXiv:1606.08415.

            input   C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.gelu(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("gelu", (), {}, name)

    def silu(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """x·sigmoid(x), also called swish. Source: arXiv:1606.08415 and arXiv:1710.05941.

            input   C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.silu(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("silu", (), {}, name)

    def mish(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """x·tanh(softplus(x)). Source: arXiv:1908.08681.

            input   C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.mish(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("mish", (), {}, name)

    def sigmoid(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """Logistic function.

            input   C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.sigmoid(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("sigmoid", (), {}, name)

    def tanh(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """Hyperbolic tangent.

            input   C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.tanh(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("tanh", (), {}, name)

    def hardswish(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """x·relu6(x + 3)/6. Source: MobileNetV3, arXiv:1905.02244.

            input   C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.hardswish(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("hardswish", (), {}, name)

    def hardsigmoid(
        self,
        *,
        name: str | None = None,
    ) -> Self:
        """relu6(x + 3)/6. Source: MobileNetV3, arXiv:1905.02244.

            input   C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.hardsigmoid(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("hardsigmoid", (), {}, name)

    def softmax(
        self,
        *,
        axis: int | None = None,
        name: str | None = None,
    ) -> Self:
        """Exponentials divided by their sum, along the channels (features) or along `axis`.

            input   C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.softmax(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("softmax", (), {"axis": axis}, name)

    def prelu(
        self,
        *,
        shared: bool = False,
        axis: Axes | None = None,
        name: str | None = None,
    ) -> Self:
        """Rectifier with a learned slope below zero: one per channel, or one for all (`shared`).

        With `axis` there is one for each position of the axes named.

        Source: arXiv:1502.01852, section 2.1.

            input   C×H×W
            output  C×H×W
            params  C

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.prelu(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("prelu", (), {"shared": shared, "axis": axis}, name)

    def dropout(
        self,
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> Self:
        """Set each element to zero with probability `p` while training; nothing at inference.

        Source: arXiv:1207.0580.

            input   C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.dropout(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("dropout", (), {"p": p}, name)

    def stochastic_depth(
        self,
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> Self:
        """Drop a whole residual branch with probability `p` while training; nothing at inference.

        Source: arXiv:1603.09382.

            input   C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.stochastic_depth(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("stochastic_depth", (), {"p": p}, name)

    def add(
        self,
        *others: Self,
        name: str | None = None,
    ) -> Self:
        """Sum of tensors: the residual connection. The identity has no parameters.

        Shapes are equal or broadcast, aligned from the right: a size of 1 fits any (1×H×W, C×1×1, C×H×1 with C×1×W); a vector
        of C numbers beside a map has one for each channel.

        Source: rule R18 of the counting rules; arXiv:1512.03385, equation 1; numpy's rules of broadcasting.

            input   C×H×W and C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x, y: x.add(y), {"x": (64, 28, 28), "y": (64, 28, 28)}).output
        (64, 28, 28)
        """
        return self._apply("add", others, {}, name)

    def sub(
        self,
        *others: Self,
        name: str | None = None,
    ) -> Self:
        """Difference of tensors; shapes as in `add`.

            input   C×H×W and C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x, y: x.sub(y), {"x": (64, 28, 28), "y": (64, 28, 28)}).output
        (64, 28, 28)
        """
        return self._apply("sub", others, {}, name)

    def mul(
        self,
        *others: Self,
        name: str | None = None,
    ) -> Self:
        """Product of tensors, such as a map and its gate of C, C×1×1 or 1×H×W; shapes as in `add`.

        Source: squeeze-and-excitation, arXiv:1709.01507, equation 4; CBAM, arXiv:1807.06521, equation 1.

            input   C×H×W and C
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x, y: x.mul(y), {"x": (64, 28, 28), "y": (64,)}).output
        (64, 28, 28)
        """
        return self._apply("mul", others, {}, name)

    def div(
        self,
        *others: Self,
        name: str | None = None,
    ) -> Self:
        """Quotient of tensors; shapes as in `add`.

            input   C×H×W and C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x, y: x.div(y), {"x": (64, 28, 28), "y": (64, 28, 28)}).output
        (64, 28, 28)
        """
        return self._apply("div", others, {}, name)

    def maximum(
        self,
        *others: Self,
        name: str | None = None,
    ) -> Self:
        """The larger of tensors, element by element: maxout; shapes as in `add`.

        Source: Maxout Networks, arXiv:1302.4389.

            input   C×H×W and C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x, y: x.maximum(y), {"x": (64, 28, 28), "y": (64, 28, 28)}).output
        (64, 28, 28)
        """
        return self._apply("maximum", others, {}, name)

    def minimum(
        self,
        *others: Self,
        name: str | None = None,
    ) -> Self:
        """The smaller of tensors, element by element; shapes as in `add`.

            input   C×H×W and C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x, y: x.minimum(y), {"x": (64, 28, 28), "y": (64, 28, 28)}).output
        (64, 28, 28)
        """
        return self._apply("minimum", others, {}, name)

    def elementwise(
        self,
        *others: Self,
        op: str = "identity",
        name: str | None = None,
    ) -> Self:
        """An operation on each element of one or several tensors, by its name: exp, sqrt, clamp, pow, where.

        Shapes are as in `add`. For what has no layer type of its own; it has no parameters and costs no multiply-adds.

            input   C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.elementwise(op="exp"), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("elementwise", others, {"op": op}, name)

    def weighted_sum(
        self,
        *others: Self,
        per: Literal["layer", "channel"] = "layer",
        name: str | None = None,
    ) -> Self:
        """Sum of tensors times learned weights: one weight for each tensor, or one for each `channel` of each.

        Source: EfficientDet's BiFPN, arXiv:1911.09070, equation 1; darknet's [shortcut] with weights_type.

            input   C×H×W and C×H×W
            output  C×H×W
            params  2

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x, y: x.weighted_sum(y), {"x": (64, 28, 28), "y": (64, 28, 28)}).output
        (64, 28, 28)
        """
        return self._apply("weighted_sum", others, {"per": per}, name)

    def concat(
        self,
        *others: Self,
        axis: int | None = None,
        name: str | None = None,
    ) -> Self:
        """Concatenation along the channels (features, for vectors and tokens) or along `axis`; other sizes are equal.

        Source: rule R17 of the counting rules.

            input   A×H×W and B×H×W
            output  C′×H×W
            C′      A + B

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x, y: x.concat(y), {"x": (16, 28, 28), "y": (32, 28, 28)}).output
        (48, 28, 28)
        """
        return self._apply("concat", others, {"axis": axis}, name)

    def stack(
        self,
        *others: Self,
        axis: int = 0,
        name: str | None = None,
    ) -> Self:
        """Tensors of one shape side by side along a new axis.

            input   C×H×W and C×H×W
            output  2×C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x, y: x.stack(y), {"x": (64, 28, 28), "y": (64, 28, 28)}).output
        (2, 64, 28, 28)
        """
        return self._apply("stack", others, {"axis": axis}, name)

    def flatten(
        self,
        start: int = 0,
        end: int = -1,
        *,
        name: str | None = None,
    ) -> Self:
        """All elements as one vector of features, or the axes from `start` to `end` (with it) as one axis.

        Source: rule R12 of the counting rules; PyTorch's flatten.

            input   C×H×W
            output  C·H·W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.flatten(), (64, 28, 28)).output
        (50176,)
        """
        return self._apply("flatten", (), {"start": start, "end": end}, name)

    def reshape(
        self,
        to: Target,
        *,
        name: str | None = None,
    ) -> Self:
        """The same numbers in the same order, in another shape; one size may be -1: what the others leave.

        Source: numpy.reshape and torch.reshape.

            input   C×H×W
            output  C·H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.reshape(to=(1792, 28)), (64, 28, 28)).output
        (1792, 28)
        """
        return self._apply("reshape", (), {"to": to}, name)

    def permute(
        self,
        order: Axes,
        *,
        name: str | None = None,
    ) -> Self:
        """The axes in another order: (1, 2, 0) makes H×W×C of C×H×W.

        Source: torch.permute; numpy.transpose.

            input   C×H×W
            output  H×W×C

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.permute(order=(1, 2, 0)), (64, 28, 28)).output
        (28, 28, 64)
        """
        return self._apply("permute", (), {"order": order}, name)

    def squeeze(
        self,
        axis: Axes | None = None,
        *,
        name: str | None = None,
    ) -> Self:
        """Without the axes named, which have the size 1; by default without all axes of size 1.

        Source: torch.squeeze; numpy.squeeze.

            input   C×H×1
            output  C×H

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.squeeze(axis=-1), (64, 28, 1)).output
        (64, 28)
        """
        return self._apply("squeeze", (), {"axis": axis}, name)

    def unsqueeze(
        self,
        axis: Axes,
        *,
        name: str | None = None,
    ) -> Self:
        """With new axes of size 1 at the places named, counted in the new shape.

        Source: torch.unsqueeze; numpy.expand_dims.

            input   C×H×W
            output  1×C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.unsqueeze(axis=0), (64, 28, 28)).output
        (1, 64, 28, 28)
        """
        return self._apply("unsqueeze", (), {"axis": axis}, name)

    def expand(
        self,
        to: Target,
        *,
        name: str | None = None,
    ) -> Self:
        """Axes of size 1 repeated to the sizes named, at no memory; -1 keeps a size, and new axes come first.

        Source: torch.Tensor.expand; numpy.broadcast_to.

            input   C×H×W
            output  N×C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.expand(to=(49, 64, 28, 28)), (64, 28, 28)).output
        (49, 64, 28, 28)
        """
        return self._apply("expand", (), {"to": to}, name)

    def tile(
        self,
        times: Target,
        *,
        name: str | None = None,
    ) -> Self:
        """The tensor repeated so many times along each axis; more numbers than axes make new axes in front.

        Source: numpy.tile; torch.Tensor.repeat.

            input   C×H×W
            output  C×2·H×2·W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.tile(times=(1, 2, 2)), (64, 28, 28)).output
        (64, 56, 56)
        """
        return self._apply("tile", (), {"times": times}, name)

    def split(
        self,
        parts: Num,
        part: int = 0,
        *,
        axis: int | None = None,
        name: str | None = None,
    ) -> Self:
        """One of `parts` equal pieces of the channels (features, for vectors and tokens) or of `axis`, counted from 0.

            input   C×H×W
            output  C′×H×W
            C′      ⌊C/parts⌋

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.split(parts=2), (64, 28, 28)).output
        (32, 28, 28)
        """
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
        """Every `step`-th index from `start` to before `stop` (the end) along one axis: 0 channels, 1 height, 2 width.

            input   C×H×W
            output  C′×H×W
            C′      ⌊(stop - start - 1)/step⌋ + 1

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.slice(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("slice", (), {"start": start, "stop": stop, "step": step, "axis": axis}, name)

    def select(
        self,
        index: Num = 0,
        *,
        axis: int = 0,
        name: str | None = None,
    ) -> Self:
        """One index of an axis, which goes: `index=0` of tokens is the class token.

        Source: torch.select.

            input   C×H×W
            output  H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.select(), (64, 28, 28)).output
        (28, 28)
        """
        return self._apply("select", (), {"index": index, "axis": axis}, name)

    def gather(
        self,
        count: Target,
        *,
        axis: int = 0,
        name: str | None = None,
    ) -> Self:
        """Some indices of an axis in some order: `count` of them, or as many as a shape has, which takes the axis's place.

        Source: torch.index_select; ONNX Gather.

            input   C×H×W
            output  N×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.gather(count=49), (64, 28, 28)).output
        (49, 28, 28)
        """
        return self._apply("gather", (), {"count": count, "axis": axis}, name)

    def reduce(
        self,
        op: Reduction = "mean",
        axes: Axes | None = None,
        *,
        keep: bool = False,
        name: str | None = None,
    ) -> Self:
        """Mean, sum, maximum, norm or the like over some axes, all of them by default; `keep` leaves each with the size 1.

        Every input is visited once. The mean over a map's height and width is `global_avg_pool`; over its channels, kept, it
        is CBAM's: `axes=0, keep=true`.

        Source: torch.mean and the like; CBAM, arXiv:1807.06521, equation 3.

            input   C×H×W
            output  a number
            taps    C·H·W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.reduce(), (64, 28, 28)).output
        ()
        """
        return self._apply("reduce", (), {"op": op, "axes": axes, "keep": keep}, name)

    def pad(
        self,
        pad: Pad | Target = 0,
        *,
        channels: Sizes = 0,
        mode: PadMode = "constant",
        name: str | None = None,
    ) -> Self:
        """Zeros, or repeated numbers (`mode`), around a map: (top, bottom, left, right), and before and after its channels.

        Twice as many numbers as a shape has axes are those before and after each of them, the first axis first.

        Source: torch.nn.functional.pad.

            input   C×H×W
            output  C′×H′×W′
            C′      C + 2·channels
            H′      H + 2·pad
            W′      W + 2·pad

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.pad(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("pad", (), {"pad": pad, "channels": channels, "mode": mode}, name)

    def channel_shuffle(
        self,
        groups: Num,
        *,
        name: str | None = None,
    ) -> Self:
        """Reorder channels so that those of each of `groups` groups are spread over all.

        Source: ShuffleNet, arXiv:1707.01083, figure 1.

            input   C×H×W
            output  C×H×W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.channel_shuffle(groups=4), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("channel_shuffle", (), {"groups": groups}, name)

    def space_to_depth(
        self,
        size: Num = 2,
        *,
        name: str | None = None,
    ) -> Self:
        """Each size×size patch of a C×H×W map becomes one position: C·size² channels, H/size, W/size.

        Source: patch merging in Swin, arXiv:2103.14030, section 3.1; PyTorch's PixelUnshuffle.

            input   C×h·size×size·w
            output  C·size²×h×w

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.space_to_depth(), (64, 8, 8)).output
        (256, 4, 4)
        """
        return self._apply("space_to_depth", (), {"size": size}, name)

    def depth_to_space(
        self,
        size: Num = 2,
        *,
        name: str | None = None,
    ) -> Self:
        """Channels become positions: C/size² channels, size·H, size·W. Also called pixel shuffle.

        Source: arXiv:1609.05158, equation 4; PyTorch's PixelShuffle; TensorFlow's depth_to_space.

            input   C·size²×H×W
            output  C×H·size×W·size

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.depth_to_space(), (256, 28, 28)).output
        (64, 56, 56)
        """
        return self._apply("depth_to_space", (), {"size": size}, name)

    def tokens(
        self,
        *,
        window: Sizes = 1,
        name: str | None = None,
    ) -> Self:
        """A C×H×W map as H·W tokens of C features; with `window`, which must divide H and W, window by window.

            input   C×H×W
            output  H·W×C

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.tokens(), (64, 28, 28)).output
        (784, 64)
        """
        return self._apply("tokens", (), {"window": window}, name)

    def untokens(
        self,
        height: Num,
        width: Num,
        *,
        name: str | None = None,
    ) -> Self:
        """Tokens as a map again: (height·width, C) becomes C×height×width.

            input   height·width×D
            output  D×height×width

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.untokens(height=7, width=7), (49, 64)).output
        (64, 7, 7)
        """
        return self._apply("untokens", (), {"height": height, "width": width}, name)

    def parameter(
        self,
        shape: Target,
        *,
        learned: bool = True,
        counted: bool = True,
        name: str | None = None,
    ) -> Self:
        """Numbers that are the same for every input and read none: `learned`, or fixed (then they are buffers).

        Numbers that are not `counted`, such as a range or a mask that the program makes, are neither.

        Source: PyTorch's nn.Parameter and register_buffer.

            input
            output  T×D
            params  D·T

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.parameter(shape=(49, 64)), (64, 28, 28)).output
        (49, 64)
        """
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
        """Tokens that are the same for every input: fixed numbers, such as coordinates, or `learned` ones.

        Source: the table of relative position biases in Swin, arXiv:2103.14030, section 3.2, which is learned.

            input   C×H×W
            output  tokens×features

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.constant(tokens=1000, features=10), (64, 28, 28)).output
        (1000, 10)
        """
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
        """A learned vector of `out` features for each index of the input, from a table of `tokens` of them: T becomes T×out.

        Which vector it is is looked up, at no multiply-add.

        Source: PyTorch's nn.Embedding; Keras's Embedding.

            input   T
            output  T×out
            params  out·tokens

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.embedding(tokens=1000, out=8), (49,)).output
        (49, 8)
        """
        return self._apply("embedding", (), {"tokens": tokens, "out": out, "learned": learned}, name, shared)

    def position_embedding(
        self,
        *,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Add a learned number to each element of an example: T·D for tokens.

        Source: ViT, arXiv:2010.11929, equation 1.

            input   C×H×W
            output  C×H×W
            params  C·H·W
            bias    C·H·W

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.position_embedding(), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("position_embedding", (), {}, name, shared)

    def class_token(
        self,
        *,
        name: str | None = None,
        shared: str | None = None,
    ) -> Self:
        """Put one learned token before the tokens: (T, D) becomes (T + 1, D). Source: ViT, arXiv:2010.11929, equation 1.

            input   T×D
            output  T + 1×D
            params  D

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.class_token(), (49, 64)).output
        (50, 64)
        """
        return self._apply("class_token", (), {}, name, shared)

    def attention_bias(
        self,
        bias: Self,
        *,
        name: str | None = None,
    ) -> Self:
        """Queries whose attention scores get a term for each relative position and head (P×heads of `bias`).

        Which position is which is looked up, at no multiply-add.

        Source: Swin, arXiv:2103.14030, equation 4; Swin V2, arXiv:2111.09883, equation 2.

            input   T×D·heads and P×heads
            output  T×D·heads

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x, y: x.attention_bias(y), {"x": (49, 256), "y": (169, 4)}).output
        (49, 256)
        """
        return self._apply("attention_bias", (bias,), {}, name)

    def opaque(
        self,
        *others: Self,
        op: str,
        to: Target,
        params: Num = 0,
        name: str | None = None,
    ) -> Self:
        """An operation that has no rule, by its name: it makes the shape stated (`to`), and what it costs is not counted.

        It may have parameters. It stands for what files of networks hold and nobody here can count; a new size of the input
        does not reach it.

            input   C×H×W
            output  C×H×W
            params  params

        Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.

        >>> from cnncost import trace
        >>> trace(lambda x: x.opaque(op="sort", to=(64, 28, 28)), (64, 28, 28)).output
        (64, 28, 28)
        """
        return self._apply("opaque", others, {"op": op, "to": to, "params": params}, name)
