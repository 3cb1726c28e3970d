"""Gradient checkpointing: segments of a network that keep only what they read, and are computed again for their gradients.

A segment's forward pass keeps its inputs alone; in the backward pass it runs a second time, and what it then keeps is dropped
once its gradients are known. So training keeps what is outside of segments, what all segments read, and the largest segment.

Source: Chen, Xu, Zhang and Guestrin, Training Deep Nets with Sublinear Memory Cost, arXiv:1604.06174, section 4;
`torch.utils.checkpoint` of PyTorch 2.13.
"""

from __future__ import annotations

from collections import Counter
from math import isqrt

from cnncost.base.errors import UsageError
from cnncost.graph.graph import Graph

CHECKPOINTS = {
    "none": "everything is kept",
    "blocks": "every block is computed again, what is outside of blocks is kept",
    "sqrt": "the network is cut into √n segments of its n blocks and layers, each computed again",
}
JOINS = ("add", "concat")  # by which blocks are known: residual ones, then those with branches


def segments(graph: Graph, how: str) -> list[list[int]]:
    """Return the segments of a graph as lists of nodes, by their indices in execution order; none for "none".

    Blocks are the scopes at the depth at which most sums stand, or concatenations in a network without sums. √n cuts the list
    of blocks, and of layers outside of them, as `torch.utils.checkpoint.checkpoint_sequential` cuts a list of n modules. Raises
    UsageError for the blocks of a network that has none.

    >>> import cnncost
    >>> graph = cnncost.load("resnet50").trace()
    >>> len(segments(graph, "blocks")), len(segments(graph, "sqrt"))
    (16, 4)
    """
    if how == "none":
        return []
    depth = block_depth(graph)
    units: dict[str, list[int]] = {}
    for index, node in enumerate(graph.nodes):
        if node.inputs and node.runs != 0:
            path = node.name.split(".")
            units.setdefault(".".join(path[:depth]) if 0 < depth < len(path) else f"{node.name} ", []).append(index)
    if how == "blocks":
        if not depth:
            raise UsageError(
                f"{graph.name} has no blocks: no scope of it joins branches", "--checkpoint sqrt cuts it into √n segments"
            )
        return [unit for name, unit in units.items() if not name.endswith(" ")]
    listed = list(units.values())
    count = isqrt(len(listed))
    size = len(listed) // max(count, 1)
    starts = [size * number for number in range(count)]
    return [
        [index for unit in listed[start:stop] for index in unit]
        for start, stop in zip(starts, [*starts[1:], len(listed)], strict=True)
    ]


def block_depth(graph: Graph) -> int:
    """Return how many names lead to a block: 2 for `layer1.0` of ResNet; 0 for a network without blocks."""
    for kind in JOINS:
        depths = Counter(node.name.count(".") for node in graph.layers if node.kind == kind and "." in node.name)
        if depths:
            return max(depths, key=lambda depth: (depths[depth], -depth))
    return 0
