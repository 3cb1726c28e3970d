"""GhostNet: half of each map is computed, the other half is made of it by cheap depthwise convolutions."""

from __future__ import annotations

from typing import Literal

from cnncost.base.poly import Num, same
from cnncost.graph.graph import Tensor, block
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import conv_norm, divisible, exact, squeeze_excite

PAPER = "GhostNet: More Features from Cheap Operations, arXiv:1911.11907"

# kernel, expanded channels, output channels, squeeze-and-excitation, stride
STAGES = (
    ((3, 16, 16, False, 1),),
    ((3, 48, 24, False, 2),),
    ((3, 72, 24, False, 1),),
    ((5, 72, 40, True, 2),),
    ((5, 120, 40, True, 1),),
    ((3, 240, 80, False, 2),),
    (
        (3, 200, 80, False, 1),
        (3, 184, 80, False, 1),
        (3, 184, 80, False, 1),
        (3, 480, 112, True, 1),
        (3, 672, 112, True, 1),
    ),
    ((5, 672, 160, True, 2),),
    (
        (5, 960, 160, False, 1),
        (5, 960, 160, True, 1),
        (5, 960, 160, False, 1),
        (5, 960, 160, True, 1),
    ),
)


@block
def ghost(x: Tensor, out: Num, *, ratio: int = 2, kernel: int = 3, relu: bool = True) -> Tensor:
    """⌈out/ratio⌉ channels by a 1×1 convolution, the others by depthwise convolutions of these; concatenated.

    Source: arXiv:1911.11907, figure 1b and section 3.1; layer names as in timm.
    """
    own = -(-out // ratio)
    y = conv_norm(x, "primary_conv.0", "primary_conv.1", own, 1)
    y = y.relu(name="primary_conv.2") if relu else y
    if ratio == 1:
        return y
    made = own * (ratio - 1)
    z = conv_norm(y, "cheap_operation.0", "cheap_operation.1", made, kernel, groups=own)
    z = z.relu(name="cheap_operation.2") if relu else z
    y = y.concat(z, name="concat")
    return y if same(own + made, out) else y.slice(stop=out, name="slice")


@block
def ghost_bottleneck(
    x: Tensor, out: Num, kernel: int, stride: int, *, inner: Num, squeeze: bool, ratio: int, cheap: int
) -> Tensor:
    """A ghost module to `inner` channels, a depthwise convolution where the stride is not 1, and one to `out` channels.

    The shortcut is a depthwise and a 1×1 convolution where the shape changes.

    Source: arXiv:1911.11907, figure 3.
    """
    y = ghost(x, inner, ratio=ratio, kernel=cheap, name="ghost1")
    if stride != 1:
        y = conv_norm(y, "conv_dw", "bn_dw", inner, kernel, stride, inner)
    if squeeze:
        y = squeeze_excite(y, divisible(inner // 4, 4), gate="hardsigmoid", name="se")
    y = ghost(y, out, ratio=ratio, kernel=cheap, relu=False, name="ghost2")
    if stride != 1 or not same(x.channels, out):
        x = conv_norm(x, "shortcut.0", "shortcut.1", x.channels, kernel, stride, x.channels)
        x = conv_norm(x, "shortcut.2", "shortcut.3", out, 1)
    return y.add(x, name="add")


@family(
    "GhostNet",
    in_place=("add",),
    spelling={"*.se.avgpool": "mean", "blocks.9.0.bn1": "derived", "classifier": "derived"},
    source=f"{PAPER}, table 7; as in timm",
    ghostnet_050=variant(width=0.5),
    ghostnet_100=variant(),
    ghostnet_130=variant(width=1.3),
)
def ghostnet(
    x: Tensor,
    *,
    width: float = 1.0,
    ratio: Literal[1, 2, 3, 4, 5] = 2,
    kernel: int = 3,
    dropout: float = 0.2,
    classes: Num = 1000,
) -> Tensor:
    """A 3×3 stem, sixteen ghost bottlenecks, a 1×1 convolution, 1280 features, and one linear layer.

    Widths are multiples of 4 near width·c, but for the last.

    ratio: how many times more channels a ghost module has than it computes by a 1×1 convolution: s of the paper
    kernel: side of the cheap depthwise kernels: d of the paper
    width: multiplier of all channels but the last, to multiples of 4
    """
    times = exact(width)
    y = conv_norm(x, "conv_stem", "bn1", divisible(16 * times, 4), 3, 2).relu(name="act1")
    expanded = 1
    for stage, rows in enumerate(STAGES):
        for index, (side, expanded, channels, squeezed, stride) in enumerate(rows):
            y = ghost_bottleneck(
                y,
                divisible(channels * times, 4),
                side,
                stride,
                inner=divisible(expanded * times, 4),
                squeeze=squeezed,
                ratio=ratio,
                cheap=kernel,
                name=f"blocks.{stage}.{index}",
            )
    last = f"blocks.{len(STAGES)}.0"
    y = conv_norm(y, f"{last}.conv", f"{last}.bn1", divisible(expanded * times, 4), 1).relu(name=f"{last}.act")
    y = y.adaptive_avg_pool(1, name="global_pool").conv(1280, 1, name="conv_head").relu(name="act2")
    y = y.flatten(name="flatten").dropout(dropout, name="dropout")
    return y.linear(classes, name="classifier")
