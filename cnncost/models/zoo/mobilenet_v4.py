"""MobileNetV4: universal inverted bottlenecks, and in hybrid networks attention whose heads share keys and values."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from cnncost.base.poly import Num, same
from cnncost.graph.graph import Tensor, block
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import Activation, activate, conv_norm, divisible, exact

PAPER = "MobileNetV4: Universal Models for the Mobile Ecosystem, arXiv:2404.10518"


TIMM = {  # its norms hold the activation, and so are of a class of their own
    **dict.fromkeys(("*bn?", "*.bn", "norm_head", "blocks.?.?.norm", "blocks.?.??.norm", "classifier"), "derived"),
}


class Conv(NamedTuple):
    """A convolution with batch normalisation and activation."""

    out: int
    kernel: int = 1
    stride: int = 1


class Fused(NamedTuple):
    """A 3×3 convolution of stride 2 that expands, and a 1×1."""

    out: int
    expansion: int


class Uib(NamedTuple):
    """Universal inverted bottlenecks: the kernels of the depthwise convolutions before and behind the expansion, 0 for none."""

    start: int
    middle: int
    expansion: int
    out: int
    stride: int = 1
    repeat: int = 1


class Mqa(NamedTuple):
    """Mobile attention: keys and values of `features` numbers each, taken at every `stride`-th pixel, for all heads."""

    out: int
    heads: int
    features: int
    stride: int = 1


Row: TypeAlias = Conv | Fused | Uib | Mqa
Stages: TypeAlias = tuple[tuple[Row, ...], ...]

# The stages of each network as timm has them (mobilenetv3.py).
SMALL: Stages = (
    (Conv(32, 3, 2), Conv(32)),
    (Conv(96, 3, 2), Conv(64)),
    (Uib(5, 5, 3, 96, 2), Uib(0, 3, 2, 96, repeat=4), Uib(3, 0, 4, 96)),
    (Uib(3, 3, 6, 128, 2), Uib(5, 5, 4, 128), Uib(0, 5, 4, 128), Uib(0, 5, 3, 128), Uib(0, 3, 4, 128, repeat=2)),
    (Conv(960),),
)
MEDIUM: Stages = (
    (Fused(48, 4),),
    (Uib(3, 5, 4, 80, 2), Uib(3, 3, 2, 80)),
    (
        *(Uib(3, 5, 6, 160, 2), Uib(3, 3, 4, 160, repeat=2), Uib(3, 5, 4, 160), Uib(3, 3, 4, 160)),
        *(Uib(3, 0, 4, 160), Uib(0, 0, 2, 160), Uib(3, 0, 4, 160)),
    ),
    (
        *(Uib(5, 5, 6, 256, 2), Uib(5, 5, 4, 256), Uib(3, 5, 4, 256, repeat=2), Uib(0, 0, 4, 256), Uib(3, 0, 4, 256)),
        *(Uib(3, 5, 2, 256), Uib(5, 5, 4, 256), Uib(0, 0, 4, 256, repeat=2), Uib(5, 0, 2, 256)),
    ),
    (Conv(960),),
)
LARGE: Stages = (
    (Fused(48, 4),),
    (Uib(3, 5, 4, 96, 2), Uib(3, 3, 4, 96)),
    (
        *(Uib(3, 5, 4, 192, 2), Uib(3, 3, 4, 192, repeat=3), Uib(3, 5, 4, 192), Uib(5, 3, 4, 192, repeat=5)),
        Uib(3, 0, 4, 192),
    ),
    (
        *(Uib(5, 5, 4, 512, 2), Uib(5, 5, 4, 512, repeat=3), Uib(5, 0, 4, 512), Uib(5, 3, 4, 512)),
        *(Uib(5, 0, 4, 512, repeat=2), Uib(5, 3, 4, 512), Uib(5, 5, 4, 512), Uib(5, 0, 4, 512, repeat=3)),
    ),
    (Conv(960),),
)
NEAR, LAST = Mqa(160, 4, 64, 2), Mqa(256, 4, 64)
HYBRID_MEDIUM: Stages = (
    *MEDIUM[:2],
    (
        *(Uib(3, 5, 6, 160, 2), Uib(0, 0, 2, 160), Uib(3, 3, 4, 160), Uib(3, 5, 4, 160), NEAR, Uib(3, 3, 4, 160), NEAR),
        *(Uib(3, 0, 4, 160), NEAR, Uib(3, 3, 4, 160), NEAR, Uib(3, 0, 4, 160)),
    ),
    (
        *(Uib(5, 5, 6, 256, 2), Uib(5, 5, 4, 256), Uib(3, 5, 4, 256, repeat=2), Uib(0, 0, 2, 256), Uib(3, 5, 2, 256)),
        *(Uib(0, 0, 2, 256), Uib(0, 0, 4, 256), LAST, Uib(3, 0, 4, 256), LAST, Uib(5, 5, 4, 256), LAST, Uib(5, 0, 4, 256)),
        *(LAST, Uib(5, 0, 4, 256)),
    ),
    (Conv(960),),
)
NEAR8, LAST8 = Mqa(192, 8, 48, 2), Mqa(512, 8, 64)
HYBRID_LARGE: Stages = (
    *LARGE[:2],
    (
        *(Uib(3, 5, 4, 192, 2), Uib(3, 3, 4, 192, repeat=3), Uib(3, 5, 4, 192), Uib(5, 3, 4, 192, repeat=2)),
        *(NEAR8, Uib(5, 3, 4, 192), NEAR8, Uib(5, 3, 4, 192), NEAR8, Uib(5, 3, 4, 192), NEAR8, Uib(3, 0, 4, 192)),
    ),
    (
        *(Uib(5, 5, 4, 512, 2), Uib(5, 5, 4, 512, repeat=3), Uib(5, 0, 4, 512), Uib(5, 3, 4, 512)),
        *(Uib(5, 0, 4, 512, repeat=2), Uib(5, 3, 4, 512), Uib(5, 5, 4, 512)),
        *(LAST8, Uib(5, 0, 4, 512), LAST8, Uib(5, 0, 4, 512), LAST8, Uib(5, 0, 4, 512), LAST8, Uib(5, 0, 4, 512)),
    ),
    (Conv(960),),
)


class Net(NamedTuple):
    """One of the paper's networks: its stem, its stages, its activation, and whether its blocks have a layer scale."""

    stem: int
    stages: Stages
    activation: Activation = "relu"
    scaled: bool = False


NETS = {
    "conv_small": Net(32, SMALL),
    "conv_medium": Net(32, MEDIUM),
    "conv_large": Net(24, LARGE),
    "hybrid_medium": Net(32, HYBRID_MEDIUM, scaled=True),
    "hybrid_large": Net(24, HYBRID_LARGE, "gelu", scaled=True),
}


@block
def fused(x: Tensor, out: Num, *, inner: Num, activation: Activation) -> Tensor:
    """A 3×3 of stride 2 to `inner` channels and a 1×1 to `out`. Source: arXiv:2404.10518, section 3; names as in timm."""
    y = activate(conv_norm(x, "conv_exp", "bn1", inner, 3, 2), activation, "act1")
    return conv_norm(y, "conv_pwl", "bn2", out, 1)


@block
def universal(
    x: Tensor, out: Num, stride: int, *, start: int, middle: int, inner: Num, activation: Activation, scaled: bool
) -> Tensor:
    """1×1 to `inner` channels and 1×1 to `out`, with a depthwise convolution before, between, both, or neither.

    So it is an inverted residual, a ConvNeXt block, a feed-forward network, or one with an extra depthwise convolution.

    Source: arXiv:2404.10518, section 3 and figure 4; layer names as in timm.
    """
    y = x
    if start:
        y = conv_norm(y, "dw_start.conv", "dw_start.bn", x.channels, start, 1 if middle else stride, x.channels)
    y = activate(conv_norm(y, "pw_exp.conv", "pw_exp.bn", inner, 1), activation, "pw_exp.act")
    if middle:
        y = activate(conv_norm(y, "dw_mid.conv", "dw_mid.bn", inner, middle, stride, inner), activation, "dw_mid.act")
    y = conv_norm(y, "pw_proj.conv", "pw_proj.bn", out, 1)
    y = y.scale(name="layer_scale") if scaled else y
    return y.add(x, name="add") if stride == 1 and same(x.channels, out) else y


@block
def mobile_attention(x: Tensor, out: Num, *, heads: int, features: int, stride: int) -> Tensor:
    """Each pixel attends to all, or to every `stride`-th in each direction; all heads share keys and values.

    Source: arXiv:2404.10518, section 4; layer names as in timm.
    """
    y = x.batch_norm(name="norm")
    query = y.conv(heads * features, 1, bias=False, name="attn.query.proj")
    _, height, width = query.shape
    query = query.tokens(name="attn.query.tokens")
    seen = []
    for role in ("key", "value"):
        z = y
        if stride != 1:
            names = (f"attn.{role}.down_conv", f"attn.{role}.norm")
            z = conv_norm(y, *names, y.channels, 3, stride, y.channels)
        seen.append(z.conv(features, 1, bias=False, name=f"attn.{role}.proj").tokens(name=f"attn.{role}.tokens"))
    found = [query.split(heads, head, name=f"attn.query.{head}").attention(*seen, name=f"attn.{head}") for head in range(heads)]
    z = found[0].concat(*found[1:], name="attn.concat").untokens(height, width, name="attn.output.map")
    z = z.conv(out, 1, bias=False, name="attn.output.proj").scale(name="layer_scale")
    return z.add(x, name="add") if same(x.channels, out) else z


@family(
    "MobileNetV4",
    in_place=("add",),
    spelling=TIMM,
    source=f"{PAPER}; as in timm",
    mobilenetv4_conv_small=variant(),
    mobilenetv4_conv_small_035=variant(width=0.35),
    mobilenetv4_conv_small_050=variant(width=0.5),
    mobilenetv4_conv_medium=variant(net="conv_medium", input=(3, 256, 256)),
    mobilenetv4_conv_large=variant(net="conv_large", input=(3, 384, 384)),
    mobilenetv4_hybrid_medium=variant(net="hybrid_medium", input=(3, 256, 256)),
    mobilenetv4_hybrid_medium_075=variant(net="hybrid_medium", width=0.75),
    mobilenetv4_hybrid_large=variant(net="hybrid_large", input=(3, 384, 384)),
    mobilenetv4_hybrid_large_075=variant(net="hybrid_large", width=0.75, input=(3, 256, 256)),
)
def mobilenet_v4(
    x: Tensor,
    *,
    net: Literal["conv_small", "conv_medium", "conv_large", "hybrid_medium", "hybrid_large"] = "conv_small",
    width: float = 1.0,
    dropout: float = 0.2,
    classes: Num = 1000,
) -> Tensor:
    """A stem, five stages, a global pooling, 1280 features and a linear layer.

    Widths are multiples of 8 near width·c, but for the last and, of narrower networks, the stem's.

    width: multiplier of all channels but the last, to multiples of 8
    net: which of the paper's networks
    """
    about, ratio = NETS[net], exact(width)
    act = about.activation
    stem = about.stem if width < 1 else divisible(about.stem * ratio)
    y = activate(conv_norm(x, "conv_stem", "bn1", stem, 3, 2), act, "act1")
    for stage, rows in enumerate(about.stages):
        place = 0
        for row in rows:
            out = divisible(row.out * ratio)
            for index in range(row.repeat if isinstance(row, Uib) else 1):
                name = f"blocks.{stage}.{place}"
                place += 1
                match row:
                    case Conv(_, kernel, stride):
                        y = activate(conv_norm(y, f"{name}.conv", f"{name}.bn1", out, kernel, stride), act, f"{name}.act")
                    case Fused(_, expansion):
                        y = fused(y, out, inner=divisible(expansion * y.channels), activation=act, name=name)
                    case Uib(start, middle, expansion, _, stride):
                        y = universal(
                            y,
                            out,
                            1 if index else stride,
                            start=start,
                            middle=middle,
                            inner=divisible(expansion * y.channels),
                            activation=act,
                            scaled=about.scaled,
                            name=name,
                        )
                    case Mqa(_, heads, features, stride):
                        y = mobile_attention(y, out, heads=heads, features=features, stride=stride, name=name)
    y = conv_norm(y.adaptive_avg_pool(1, name="global_pool"), "conv_head", "norm_head", 1280, 1)
    y = activate(y, act, "act2").flatten(name="flatten").dropout(dropout, name="dropout")
    return y.linear(classes, name="classifier")
