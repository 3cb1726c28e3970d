"""Parts of a traced network: up to a layer, from a layer on, or without its head; and a part written into another network."""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.poly import equal
from cnncost.base.record import dataclass
from cnncost.graph.graph import INPUT, Graph, Tensor
from cnncost.rules import channels, elements


@dataclass(frozen=True, slots=True)
class Part:
    """Some nodes of a graph, as indices: what they read from outside, themselves in order, and what comes out."""

    graph: Graph
    inputs: tuple[int, ...]
    nodes: tuple[int, ...]
    outputs: tuple[int, ...]


def part(graph: Graph, start: str | None = None, until: str | Sequence[str] | None = None, head: bool = True) -> Part:
    """Return the part of a network from the layer or scope `start` on, and up to the layers or scopes `until`, both with them.

    Without `head` it ends where its last map is made: before the global pooling, the flattening or the class token. What does
    not lead to the outputs, such as an auxiliary classifier, is left out.

    >>> from cnncost.models.load import load
    >>> found = part(load("resnet18").trace(), until="layer1.0")
    >>> [found.graph.nodes[index].name for index in found.outputs], len(found.nodes)
    (['layer1.0.relu_2'], 11)

    Raises UsageError for a name that there is not, and where nothing is left.
    """
    nodes = graph.nodes
    first = 0 if start is None else min(_named(graph, start))
    ends = [until] if isinstance(until, str) else list(until or ())
    outputs = tuple(max(_named(graph, name)) for name in ends) or graph.outputs
    if not head:
        outputs = (_last_map(graph, outputs),)
    kept: set[int] = set()
    read: set[int] = set()
    waiting = list(outputs)
    while waiting:
        index = waiting.pop()
        source = not nodes[index].inputs and nodes[index].kind != INPUT
        if index in kept or index in read:
            continue
        if (index < first and not source) or nodes[index].kind == INPUT:
            read.add(index)
            continue
        kept.add(index)
        waiting += nodes[index].inputs
    if not kept or (start is not None and not kept & set(_named(graph, start))):
        fact = f"'{start}' does not lead to '{ends[0]}'" if start and ends else "nothing is left of it"
        raise UsageError(f"{graph.name}: {fact}", "name an earlier layer to begin with, and a later one to end with")
    return Part(graph, tuple(sorted(read)), tuple(sorted(kept)), outputs)


def _named(graph: Graph, name: str) -> list[int]:
    """Return the nodes of a layer, or of a scope. Raises UsageError with the nearest names."""
    found = [index for index, node in enumerate(graph.nodes) if node.kind != INPUT and node.name == name]
    found = found or [index for index, node in enumerate(graph.nodes) if node.name.startswith(f"{name}.")]
    if not found:
        scopes = {
            ".".join(node.name.split(".")[:depth]) for node in graph.layers for depth in range(1, node.name.count(".") + 2)
        }
        top = dict.fromkeys(node.name.partition(".")[0] for node in graph.layers)
        known = f"its parts: {', '.join([*top][:12])}{', …' if len(top) > 12 else ''}"
        raise UsageError(f"{graph.name} has no layer '{name}'", did_you_mean(name, sorted(scopes), known))
    return found


def _last_map(graph: Graph, outputs: Sequence[int]) -> int:
    """Return the last node before an output that has more than one position: a map, or tokens."""
    before, waiting = set(), list(outputs)
    while waiting:
        index = waiting.pop()
        if index not in before:
            before.add(index)
            waiting += graph.nodes[index].inputs
    for index in sorted(before, reverse=True):
        shape = graph.nodes[index].cost.shape
        if graph.nodes[index].inputs and len(shape) > 1 and not equal(elements(shape) // channels(shape), 1):
            return index
    raise UsageError(f"{graph.name} makes no map, so it has no head behind one", "name where it ends: --until LAYER")


def written(found: Part, tensors: Sequence[Tensor]) -> dict[int, Tensor]:
    """Write a part into the network that `tensors` belong to, under the present scope; return its tensors by node.

    Raises ModelError where a layer does not fit the tensors given.
    """
    graph, tracer = found.graph, tensors[0].tracer
    made = dict(zip(found.inputs, tensors, strict=True))
    names: dict[str, str] = {}  # of layers in the graph: what they are called here
    runs, prefix = tracer.runs, tracer.prefix
    try:
        for index in found.nodes:
            node = graph.nodes[index]
            scope = node.name.rpartition(".")[0]
            while scope and f"{prefix}{scope}." not in tracer.scopes:
                tracer.scopes[f"{prefix}{scope}."] = None
                scope = scope.rpartition(".")[0]
            tracer.runs = runs * node.runs
            owner = names.get(node.shares) if node.shares else None  # cut away: the first that used its weights has them
            made[index] = tracer.apply(node.kind, tuple(made[i] for i in node.inputs), dict(node.args), node.name, owner)
            name = tracer.nodes[made[index].index].name
            names[node.name] = name
            names.setdefault(node.shares or node.name, name)
            if node.name in graph.quantised.bits:
                tracer.bits[name] = graph.quantised.bits[node.name]
            if node.name in graph.storage:
                tracer.storage[name] = graph.storage[node.name]
            if node.name in graph.aside:
                tracer.aside[name] = graph.aside[node.name]
    finally:
        tracer.runs = runs
    tracer.notes |= dict.fromkeys(graph.notes)
    return made
