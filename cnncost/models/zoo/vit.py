"""Vision Transformer: patches as tokens."""

from __future__ import annotations

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, block
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import self_attention

PAPER = "An Image is Worth 16x16 Words, arXiv:2010.11929"


@block
def encoder_layer(x: Tensor, heads: Num, expansion: Num, dropout: float) -> Tensor:
    """Attention between all tokens and a two-layer network on each, both normalised before and added to their input.

    Source: arXiv:2010.11929, figure 1, right.
    """
    y = self_attention(x.layer_norm(name="ln_1"), heads, name="self_attention")
    x = y.dropout(dropout, name="dropout").add(x, name="add")
    y = x.layer_norm(name="ln_2").linear(expansion * x.channels, name="mlp.0").gelu(name="mlp.1")
    y = y.dropout(dropout, name="mlp.2").linear(x.channels, name="mlp.3").dropout(dropout, name="mlp.4")
    return y.add(x, name="add")


@family(
    "ViT",
    spelling={"*.self_attention.*": "SDPA"},
    source=f"{PAPER}, table 1; as in torchvision",
    vit_b_16=variant(),
    vit_b_32=variant(patch=32),
    vit_l_16=variant(depth=24, width=1024, heads=16),
    vit_l_32=variant(patch=32, depth=24, width=1024, heads=16),
    vit_h_14=variant(input=(3, 518, 518), patch=14, depth=32, width=1280, heads=16),
)
def vit(
    x: Tensor,
    *,
    patch: int = 16,
    depth: int = 12,
    width: Num = 768,
    heads: Num = 12,
    expansion: Num = 4,
    classes: Num = 1000,
    dropout: float = 0.0,
) -> Tensor:
    """Patches projected to tokens, a class token, learned positions, encoder layers, and a linear layer on the class token.

    Each position has parameters of its own, so their number depends on the input's size.

    depth: encoder layers
    width: features of each token
    """
    y = x.conv(width, patch, patch, name="conv_proj").tokens(name="tokens").class_token(name="class_token")
    y = y.position_embedding(name="encoder.pos_embedding").dropout(dropout, name="encoder.dropout")
    for index in range(depth):
        y = encoder_layer(y, heads, expansion, dropout, name=f"encoder.layers.encoder_layer_{index}")
    y = y.layer_norm(name="encoder.ln").slice(stop=1, axis=0, name="class").flatten(name="flatten")
    return y.linear(classes, name="heads.head")
