"""The structure of a graph: its scopes as a tree, and neighbours that are alike as series.

A layer's name is a path: `layer3.4.conv2` is the layer `conv2` of the scope `layer3.4`. Two neighbouring scopes belong to one
series when the first feeds the second and both hold the same kinds of layers with the same kernels: `exact` where arguments and
shapes agree, too, else `growing` (DenseNet's layers read more channels each). Names alone never make a series.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import pairwise
from typing import Any

from cnncost.base.record import dataclass
from cnncost.graph.graph import Graph, Node


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope: its path ("" is the whole network), and what it holds, layers as indices into `graph.layers`."""

    name: str
    parts: tuple[Scope | int, ...]  # in execution order
    layers: tuple[int, ...]  # all of them, those of inner scopes too

    @property
    def label(self) -> str:
        """The last part of its path."""
        return self.name.rpartition(".")[2]

    def scopes(self) -> Iterator[Scope]:
        """Iterate over the scopes inside, outer ones first."""
        for part in self.parts:
            if isinstance(part, Scope):
                yield part
                yield from part.scopes()


@dataclass(frozen=True, slots=True)
class Series:
    """Neighbouring scopes of one scope that are alike."""

    members: tuple[Scope, ...]
    exact: bool


def scopes(graph: Graph) -> Scope:
    """Return the tree of a graph's scopes.

    >>> import cnncost
    >>> [scope.name for scope in scopes(cnncost.load("resnet18").trace()).scopes()][:3]
    ['layer1', 'layer1.0', 'layer1.1']
    """
    tree: dict[Any, Any] = {}
    for index, node in enumerate(graph.layers):
        level = tree
        *path, last = node.name.split(".")
        for part in path:
            level = level.setdefault((part, "scope"), {})
        level[(last, index)] = index

    def build(name: str, level: dict[Any, Any]) -> Scope:
        parts: list[Scope | int] = []
        layers: list[int] = []
        for (part, _), inner in level.items():
            if isinstance(inner, int):
                parts.append(inner)
                layers.append(inner)
            else:
                scope = build(f"{name}.{part}" if name else part, inner)
                parts.append(scope)
                layers += scope.layers
        return Scope(name, tuple(parts), tuple(sorted(layers)))

    return build("", tree)


class Alike:
    """Tells which scopes of a graph are alike."""

    def __init__(self, graph: Graph) -> None:
        self.nodes = graph.layers
        self._numbers: dict[Hashable, int] = {}
        self._of: dict[str, tuple[int, int]] = {}
        self._seen: dict[tuple[int, int], tuple[int, int]] = {}

    def series(self, scope: Scope) -> list[Series | int]:
        """Return the parts of a scope, neighbours that are alike as one series."""
        found: list[Series | int] = []
        for part in scope.parts:
            last = found[-1] if found else None
            if isinstance(part, int):
                found.append(part)
            elif isinstance(last, Series) and self._continues(last.members, part):
                exact = last.exact and self._key(last.members[-1])[0] == self._key(part)[0]
                found[-1] = Series((*last.members, part), exact)
            else:
                found.append(Series((part,), True))
        return found

    def repeats(self, scope: Scope) -> Iterator[tuple[Scope, Series]]:
        """Iterate over the series of two members and more, outer ones first, each with the scope that holds it."""
        for part in self.series(scope):
            if isinstance(part, Series):
                if len(part.members) > 1:
                    yield scope, part
                for member in part.members:
                    yield from self.repeats(member)

    def copies(self, graph: Graph) -> Iterator[tuple[list[list[int]], bool]]:
        """Iterate over what the network's definition repeats: the layers of each copy, and whether they agree exactly."""
        for bounds in graph.copies:
            parts = [list(range(start - 1, end - 1)) for start, end in pairwise(bounds)]
            keys = [tuple([self._layer(self.nodes[index])[0] for index in part]) for part in parts]
            if all(parts):
                yield parts, len(set(keys)) == 1

    def _continues(self, members: tuple[Scope, ...], scope: Scope) -> bool:
        """Return whether a scope continues a series: it is alike, the last member feeds it, and nothing stands between them."""
        last, begin = members[-1], members[0].layers[0]
        if len(last.layers) != len(scope.layers) or self._key(last)[1] != self._key(scope)[1]:
            return False
        own, before = set(scope.layers), set(last.layers)
        fed = False
        for index in scope.layers:
            for source in self.nodes[index].inputs:
                if source - 1 in before:
                    fed = True
                elif source > begin and source - 1 not in own and not any(source - 1 in member.layers for member in members):
                    return False
        return fed

    def _number(self, key: Hashable) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def _key(self, scope: Scope) -> tuple[int, int]:
        """Return two numbers: scopes with the first in common agree exactly, with the second in kinds and kernels."""
        if scope.name not in self._of:
            keys = [self._key(part) if isinstance(part, Scope) else self._layer(self.nodes[part]) for part in scope.parts]
            exact, kinds = (tuple(key[side] for key in keys) for side in (0, 1))
            self._of[scope.name] = self._number(("exact", exact)), self._number(("kinds", kinds))
        return self._of[scope.name]

    def _layer(self, node: Node) -> tuple[int, int]:
        at = id(node.args), id(node.cost)
        if at not in self._seen:
            kind, kernel = node.kind, repr(node.args.get("kernel"))
            args = repr(sorted((name, repr(value)) for name, value in node.args.items()))
            self._seen[at] = self._number((kind, args, repr(node.cost.shape))), self._number((kind, kernel))
        return self._seen[at]
