"""Attention that a network writes out with matrix products, whose memory is not that of a fused kernel."""

from __future__ import annotations

from cnncost.base.poly import Num
from cnncost.counting.convention import WRITTEN, keys
from cnncost.counting.letters import value
from cnncost.graph.graph import Graph


def written_scores(graph: Graph) -> Num:
    """Return how many attention scores the layers keep, for one example, whose attention is written out: 0 of a fused one's.

    Memory is counted as that of a fused kernel, which keeps none (FlashAttention, arXiv:2205.14135). Autograd keeps them where
    products and a softmax are written one by one, as in torchvision's Swin and MaxViT.

    >>> import cnncost
    >>> written_scores(cnncost.load("swin_t").trace()), written_scores(cnncost.load("vit_b_16").trace())
    (2189712, 0)
    """
    spelled = zip(keys(graph), graph.layers, strict=True)
    scores: Num = 0
    for key, layer in spelled:
        if key in WRITTEN:
            scores = scores + value("scores", layer, graph.nodes)
    return scores
