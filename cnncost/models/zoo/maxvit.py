"""MaxViT: inverted residuals, attention within windows and attention across a grid, in turn."""

from __future__ import annotations

from cnncost.base.poly import Num, same
from cnncost.graph.graph import Tensor, block, need
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import conv_norm, reduced, self_attention, squeeze_excite
from cnncost.rules import divide

PAPER = "MaxViT: Multi-Axis Vision Transformer, arXiv:2204.01697"


@block
def mbconv(x: Tensor, out: Num, stride: int, *, expansion: Num, reduction: Num, drop: float) -> Tensor:
    """Inverted residual with squeeze-and-excitation that normalises first; its shortcut pools, then projects.

    Source: arXiv:2204.01697, section 3; as in torchvision.
    """
    inner = expansion * out
    y = x.batch_norm(name="layers.pre_norm")
    y = conv_norm(y, "layers.conv_a.0", "layers.conv_a.1", inner, 1).gelu(name="layers.conv_a.2")
    y = conv_norm(y, "layers.conv_b.0", "layers.conv_b.1", inner, 3, stride, inner).gelu(name="layers.conv_b.2")
    y = squeeze_excite(y, reduced(out, reduction), activation="silu", name="layers.squeeze_excitation")
    y = y.conv(out, 1, name="layers.conv_c").stochastic_depth(drop, name="stochastic_depth")
    if stride != 1:
        x = x.avg_pool(3, stride, 1, name="proj.0").conv(out, 1, name="proj.1")
    elif not same(x.channels, out):
        x = x.conv(out, 1, name="proj.0")
    return y.add(x, name="add")


@block
def partition_attention(x: Tensor, head_width: Num, partition: int, *, expansion: Num, dropout: float, drop: float) -> Tensor:
    """Attention in groups of partition² tokens and a two-layer network on each token, each normalised and added to its input.

    The groups are windows, or grids of positions as far apart as possible: both cost the same.

    Source: arXiv:2204.01697, section 3.
    """
    width, heads = x.channels, divide(x.channels, head_width, "channels", "head_width")
    windows = x.tokens(window=partition, name="partition")
    table = windows.constant((2 * partition - 1) ** 2, heads, learned=True, name="attn_layer.1.relative_position_bias_table")
    y = self_attention(
        windows.layer_norm(name="attn_layer.0"),
        heads,
        window=partition**2,
        biases=[table],
        names=("to_qkv", "merge"),
        name="attn_layer.1",
    )
    y = y.dropout(dropout, name="attn_layer.2").stochastic_depth(drop, name="stochastic_dropout")
    attended = y.add(windows, name="add")
    y = attended.layer_norm(name="mlp_layer.0").linear(expansion * width, name="mlp_layer.1").gelu(name="mlp_layer.2")
    y = y.linear(width, name="mlp_layer.3").dropout(dropout, name="mlp_layer.4")
    y = y.stochastic_depth(drop, name="stochastic_dropout").add(attended, name="add")
    return y.untokens(x.height, x.width, name="departition")


@family(
    "MaxViT",
    spelling={"*.attn_layer.1.attention": "einsums"},
    source=f"{PAPER}, table 1; as in torchvision",
    maxvit_t=variant(),
)
def maxvit(
    x: Tensor,
    *,
    depths: tuple[int, ...] = (2, 2, 5, 2),
    width: Num = 64,
    stem: Num = 64,
    partition: int = 7,
    head_width: Num = 32,
    expansion: Num = 4,
    reduction: Num = 4,
    classes: Num = 1000,
    dropout: float = 0.0,
    stochastic_depth: float = 0.2,
) -> Tensor:
    """Two 3×3 convolutions, and stages of layers that each convolve, attend within windows, and attend across a grid.

    Each stage halves the map, which has to consist of whole partitions. Stochastic depth rises linearly from 0 in the first
    layer to `stochastic_depth` in the last.

    width: channels of the first stage; each next one has twice as many
    stem: channels of the first two convolutions
    """
    need(partition > 0, f"partition={partition} holds no token", "give 1 or more")
    y = conv_norm(x, "stem.0.0", "stem.0.1", stem, 3, 2).gelu(name="stem.0.2").conv(stem, 3, 1, 1, name="stem.1.0")
    index, last = 0, max(sum(depths) - 1, 1)
    for stage, depth in enumerate(depths):
        for place in range(depth):
            drop = stochastic_depth * index / last
            with y.scope(f"blocks.{stage}.layers.{place}.layers"):
                stride = 1 if place else 2
                y = mbconv(y, width * 2**stage, stride, expansion=expansion, reduction=reduction, drop=drop, name="MBconv")
                for name in ("window_attention", "grid_attention"):
                    y = partition_attention(
                        y, head_width, partition, expansion=expansion, dropout=dropout, drop=drop, name=name
                    )
            index += 1
    y = y.global_avg_pool(name="classifier.0").layer_norm(name="classifier.2")
    y = y.linear(y.channels, name="classifier.3").tanh(name="classifier.4")
    return y.linear(classes, bias=False, name="classifier.5")
