"""Folding: norms behind convolutions and linear layers disappear into them, as deployed networks have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.frozen import FrozenMap
from cnncost.graph.graph import Graph, Node
from cnncost.rules import RULES

FOLDABLE = {  # what can be folded: a fixed factor and offset for each channel at inference
    "batch_norm": "its statistics are fixed at inference",
    "scale": "a factor and an offset for each channel",
    "bias": "an offset for each channel",
}
INTO = ("conv", "conv_transpose", "deform_conv", "linear")


def kinds_to_fold(text: str) -> tuple[str, ...]:
    """Return the layer types of a list such as "batch_norm,scale". Raises UsageError for one that cannot be folded."""
    kinds = [word.strip() for word in text.split(",") if word.strip()]
    if not kinds:
        raise UsageError("nothing to fold", f"layer types: {', '.join(FOLDABLE)}")
    for kind in kinds:
        if kind not in FOLDABLE:
            known = f"those that can: {', '.join(FOLDABLE)}"
            if kind in RULES:
                raise UsageError(f"{kind} cannot be folded: it is no fixed factor for each channel", known)
            raise UsageError(f"unknown layer type '{kind}'", did_you_mean(kind, FOLDABLE, known))
    return tuple(dict.fromkeys(kinds))


def fold(graph: Graph, kinds: Sequence[str]) -> Graph:
    """Return a graph whose layers of these kinds are gone where they stand behind a layer that can take them in.

    That layer gets a bias. It must be read by nothing else, and be no output; where it shares its weights, all that share them
    must be followed alike. The notes say how many were folded and how many stay.

    >>> from cnncost.models.load import load
    >>> folded = fold(load("resnet18").trace(), ("batch_norm",))
    >>> sum(node.cost.params for node in folded.nodes), sum(node.kind == "batch_norm" for node in folded.nodes)
    (11684712, 0)

    Source: Quantization and Training of Neural Networks …, arXiv:1712.05877, section 3.2; PyTorch 2.13, nn/utils/fusion.py.
    """
    nodes = list(graph.nodes)
    taken: dict[int, int] = {}  # layers that go, by index: the layer whose output stands for theirs
    readers: dict[int, list[int]] = {}
    for index, node in enumerate(nodes):
        for source in node.inputs:
            readers.setdefault(source, []).append(index)
    foldable = {index for index, node in enumerate(nodes) if _fits(graph, node, index, kinds, readers)}
    alike = _alike(nodes, foldable, readers)
    for index, node in enumerate(nodes):
        if index in alike:
            source = node.inputs[0]
            taken[index] = owner = taken.get(source, source)
            nodes[owner] = _with_bias(nodes[owner], nodes)
    if not taken:
        return replace(graph, notes=(*graph.notes, _said(nodes, taken, kinds)))
    places = {index: place for place, index in enumerate(i for i in range(len(nodes)) if i not in taken)}

    def now(index: int) -> int:
        return places[taken.get(index, index)]

    def start(index: int) -> int:  # where a copy begins or ends
        return next((places[i] for i in range(index, len(nodes)) if i in places), len(places))

    kept = [replace(nodes[index], inputs=tuple(map(now, nodes[index].inputs))) for index in places]
    return replace(
        graph,
        nodes=tuple(kept),
        outputs=tuple(map(now, graph.outputs)),
        places={places[index]: place for index, place in graph.places.items() if index in places},
        copies=tuple(tuple(map(start, copy)) for copy in graph.copies),
        notes=(*graph.notes, _said(nodes, taken, kinds)),
    )


def _fits(graph: Graph, node: Node, index: int, kinds: Sequence[str], readers: dict[int, list[int]]) -> bool:
    """Whether a layer stands behind one that could take it in, directly or behind others that go."""
    if node.kind not in kinds or len(node.inputs) != 1 or node.args.get("axis") is not None:
        return False
    source = graph.nodes[node.inputs[0]]
    if readers[node.inputs[0]] != [index] or node.inputs[0] in graph.outputs or source.runs != node.runs:
        return False
    if source.kind in INTO:
        return source.args.get("learned", True) is not False
    return _fits(graph, source, node.inputs[0], kinds, readers)


def _alike(nodes: Sequence[Node], foldable: set[int], readers: dict[int, list[int]]) -> set[int]:
    """Return the layers that go: behind layers that share their weights only where what is behind all of them shares, too."""
    groups: dict[str, list[int]] = {}  # layers by the name of that whose weights they use
    for index, node in enumerate(nodes):
        groups.setdefault(node.shares or node.name, []).append(index)
    found = set(foldable)
    for members in groups.values():
        if len(members) < 2 or nodes[members[0]].kind not in INTO:
            continue
        behind = [next((i for i in readers.get(member, ()) if i in foldable), None) for member in members]
        owners = {nodes[i].shares or nodes[i].name for i in behind if i is not None}
        if None in behind or len(owners) != 1:
            found -= {i for i in behind if i is not None}
    return found


def _with_bias(node: Node, nodes: Sequence[Node]) -> Node:
    """Return a layer with a bias."""
    if node.args.get("bias") is not False:
        return node
    args: dict[str, Any] = {**node.args, "bias": True}
    cost = RULES[node.kind].cost(tuple(nodes[i].cost.shape for i in node.inputs), args)
    if node.shares is not None:
        cost = replace(cost, params=0, buffers=0)
    return replace(node, args=FrozenMap(args), cost=cost)


def _said(nodes: Sequence[Node], taken: dict[int, int], kinds: Sequence[str]) -> str:
    went = sum(nodes[index].kind in kinds for index in taken)
    stay = sum(node.kind in kinds for index, node in enumerate(nodes) if index not in taken)
    left = f"; {stay} stay, for nothing before them can take them in" if stay else ""
    return f"folded: {went} {' and '.join(kinds)} into the layers before them{left}"
