"""Swin Transformer: attention within windows, on maps that halve from stage to stage; and Swin V2."""

from __future__ import annotations

from typing import Any

from cnncost.base.poly import Num, same
from cnncost.graph.graph import Tensor, block, need
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import self_attention

PAPER = "Swin Transformer, arXiv:2103.14030"
SECOND: dict[str, Any] = {
    "window": 8,
    "hidden": 512,
    "input": (3, 256, 256),
    "source": "Swin Transformer V2, arXiv:2111.09883, section 3",
}


def padded(x: Tensor, size: int) -> Tensor:
    """Return the map with zeros below and at the right, up to multiples of `size`."""
    below, right = ((side + size - 1) // size * size - side for side in (x.height, x.width))
    return x if same(below, 0) and same(right, 0) else x.pad((0, below, 0, right), name="pad")


def cropped(x: Tensor, height: Num, width: Num) -> Tensor:
    """Return the upper left height×width part of the map."""
    if same(x.height, height) and same(x.width, width):
        return x
    return x.slice(stop=height, axis=1, name="rows").slice(stop=width, axis=2, name="columns")


def position_terms(x: Tensor, heads: Num, window: int, hidden: Num | None) -> tuple[Tensor, ...]:
    """Return what the attention scores get: a learned number for each offset between two positions of a window, and head.

    With `hidden` those come from a network of two layers on the offsets, run once whatever the batch, and each head has a
    learned scale (V2).

    Source: arXiv:2103.14030, equation 4; arXiv:2111.09883, equations 2 and 3.
    """
    offsets = (2 * window - 1) ** 2
    if hidden is None:
        return (x.constant(offsets, heads, learned=True, name="attn.relative_position_bias_table"),)
    y = x.constant(offsets, 2, name="attn.relative_coords_table")
    y = y.linear(hidden, name="attn.cpb_mlp.0").relu(name="attn.cpb_mlp.1").linear(heads, bias=False, name="attn.cpb_mlp.2")
    return y, x.constant(1, heads, learned=True, name="attn.logit_scale")


@block
def window_block(
    x: Tensor, heads: Num, *, window: int, hidden: Num | None, expansion: Num, dropout: float, drop: float
) -> Tensor:
    """Attention within windows and a two-layer network on each token, each added to its input.

    Both are normalised before, or after in V2 (`hidden`). Shifting the windows costs nothing.

    Source: arXiv:2103.14030, figure 3b; arXiv:2111.09883, figure 1.
    """
    after = hidden is not None
    y = padded(x if after else x.layer_norm(name="norm1"), window)
    height, width = y.height, y.width
    y = self_attention(
        y.tokens(window=window, name="attn.windows"),
        heads,
        window=window**2,
        biases=position_terms(x, heads, window, hidden),
        names=("qkv", "proj"),
        attention="cosine_attention" if after else "attention",
        name="attn",
    )
    y = cropped(y.dropout(dropout, name="attn.dropout").untokens(height, width, name="attn.map"), x.height, x.width)
    y = y.layer_norm(name="norm1") if after else y
    x = y.stochastic_depth(drop, name="stochastic_depth").add(x, name="add")
    y = (x if after else x.layer_norm(name="norm2")).tokens(name="mlp.tokens")
    y = y.linear(expansion * x.channels, name="mlp.0").gelu(name="mlp.1").dropout(dropout, name="mlp.2")
    y = y.linear(x.channels, name="mlp.3").dropout(dropout, name="mlp.4").untokens(x.height, x.width, name="mlp.map")
    y = y.layer_norm(name="norm2") if after else y
    return y.stochastic_depth(drop, name="stochastic_depth").add(x, name="add")


@block
def patch_merging(x: Tensor, *, after: bool) -> Tensor:
    """The four pixels of each 2×2 patch as one of four times the width, projected to half of that; normalised before or after.

    Source: arXiv:2103.14030, section 3.1; the projection, a `Linear` layer in torchvision, costs what a 1×1 convolution does.
    """
    width = 2 * x.channels
    y = padded(x, 2).space_to_depth(2, name="patches")
    if after:
        return y.conv(width, 1, bias=False, name="reduction").layer_norm(name="norm")
    return y.layer_norm(name="norm").conv(width, 1, bias=False, name="reduction")


@family(
    "Swin",
    spelling={
        "*.attn.qkv": "F",
        "*.attn.proj": "F",
        "*.attn.attention": "written",
        "*.attn.cosine_attention": "operators",
        "*.reduction": "Linear",
    },
    source=f"{PAPER}, section 3.3",
    swin_t=variant(),
    swin_s=variant(depths=(2, 2, 18, 2), stochastic_depth=0.3),
    swin_b=variant(depths=(2, 2, 18, 2), width=128, heads=(4, 8, 16, 32), stochastic_depth=0.5),
    swin_v2_t=variant(**SECOND),
    swin_v2_s=variant(depths=(2, 2, 18, 2), stochastic_depth=0.3, **SECOND),
    swin_v2_b=variant(depths=(2, 2, 18, 2), width=128, heads=(4, 8, 16, 32), stochastic_depth=0.5, **SECOND),
)
def swin(
    x: Tensor,
    *,
    depths: tuple[int, ...] = (2, 2, 6, 2),
    width: Num = 96,
    heads: tuple[int, ...] = (3, 6, 12, 24),
    window: int = 7,
    hidden: int | None = None,
    expansion: Num = 4,
    classes: Num = 1000,
    dropout: float = 0.0,
    stochastic_depth: float = 0.2,
) -> Tensor:
    """A 4×4 patch stem, stages of window blocks with patch merging between, normalisation and a linear layer.

    `hidden` makes it V2: positions through a network of that width, cosine attention, and normalisation after each part.
    Maps are padded to whole windows. Stochastic depth rises linearly from 0 in the first block to `stochastic_depth`.

    width: channels of the first stage; each next one has twice as many
    hidden: features of the network that makes the position terms (V2); none: they are learned directly
    """
    need(len(heads) == len(depths), f"{len(heads)} numbers of heads for {len(depths)} stages", "give one for each")
    need(window > 1, f"window={window} lets no two tokens meet", "give 2 or more")
    after = hidden is not None
    y = x.conv(width, 4, 4, name="features.0.0").layer_norm(name="features.0.2")
    index, last = 0, max(sum(depths) - 1, 1)
    for stage, (depth, count) in enumerate(zip(depths, heads, strict=True)):
        if stage:
            y = patch_merging(y, after=after, name=f"features.{2 * stage}")
        for place in range(depth):
            y = window_block(
                y,
                count,
                window=window,
                hidden=hidden,
                expansion=expansion,
                dropout=dropout,
                drop=stochastic_depth * index / last,
                name=f"features.{2 * stage + 1}.{place}",
            )
            index += 1
    return y.layer_norm(name="norm").global_avg_pool(name="avgpool").linear(classes, name="head")
