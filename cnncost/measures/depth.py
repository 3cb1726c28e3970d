"""The depth of a network: the number in the name of ResNet-18."""

from __future__ import annotations

from cnncost.graph.graph import Graph

WEIGHTED = ("conv", "conv_transpose", "linear", "locally_connected", "deform_conv", "lstm", "gru", "rnn")


def weighted_layers(graph: Graph) -> list[int]:
    """Return the depth of each layer: how many layers with weights the longest path from the input to it has, itself included.

    18 of ResNet-18, 22 of GoogLeNet, 152 of ResNet-152.

    >>> import cnncost
    >>> max(weighted_layers(cnncost.load("googlenet").trace()))
    22
    """
    depths: list[int] = []
    for node in graph.nodes:
        before = max((depths[index] for index in node.inputs), default=0)
        depths.append(before + (node.kind in WEIGHTED and node.runs != 0))
    return depths[1:]  # further inputs stand among the layers
