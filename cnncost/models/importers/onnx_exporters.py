"""What exporters did to a graph: biases that stand apart, batch norms that are gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cnncost.models.importers.onnx_tensors import Graph
from cnncost.models.importers.records import Record


def folded(nodes: Sequence[Record]) -> tuple[str, ...]:
    """Return what is said of a graph whose batch norms the exporter has folded into its convolutions."""
    convs = [node for node in nodes if node.operation == "Conv"]
    biased = sum(len(node.inputs) > 2 and bool(node.inputs[2]) for node in convs)
    if len(convs) < 5 or 10 * biased < 9 * len(convs) or any(node.operation == "BatchNormalization" for node in nodes):
        return ()
    return ("as exported: convolutions have biases and there is no batch norm; exporters fold norms into convolutions",)


def fused(graph: Graph, sizes: Mapping[str, tuple[int, ...]]) -> None:
    """Let the product of a matrix and a weight have the bias that an Add behind it adds, where nothing else reads it.

    `sizes` are those of all weights, by name.
    """
    readers = Counter(name for node in graph.nodes for name in node.inputs)
    readers.update(graph.outputs)
    readers.update(name for node in graph.nodes for value in node.arguments.values() for name in _captured(value))
    makers = {node.outputs[0]: place for place, node in enumerate(graph.nodes) if node.operation == "MatMul" and node.outputs}
    gone = set()
    for place, node in enumerate(graph.nodes):
        if node.operation != "Add" or len(node.inputs) != 2:
            continue
        for product, bias in (node.inputs, node.inputs[::-1]):
            maker = makers.get(product)
            if maker is None or maker in gone or readers[product] != 1 or len(graph.nodes[maker].inputs) != 2:
                continue
            right = sizes.get(graph.nodes[maker].inputs[1], ())
            if len(right) == 2 and sizes.get(bias) == right[1:] != (1,):
                before = graph.nodes[maker]
                graph.nodes[maker] = replace(before, arguments={**before.arguments, "bias": bias}, outputs=node.outputs)
                gone.add(place)
                break
    graph.modules = [module for place, module in enumerate(graph.modules) if place not in gone]
    graph.nodes = [node for place, node in enumerate(graph.nodes) if place not in gone]


def _captured(value: Any) -> Iterator[str]:
    """Iterate over the names that a branch reads of the graph around it."""
    if isinstance(value, Graph):
        for node in value.nodes:
            yield from node.inputs
            for inner in node.arguments.values():
                yield from _captured(inner)
        yield from value.outputs
