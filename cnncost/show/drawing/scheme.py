"""What a drawing shows, before any coordinates: boxes in levels, each level a scope, each box a layer or a scope inside.

A level is laid out by itself, so that the time follows the size of the levels and not that of the network: the rows of its
boxes, the lines between them, and the order within each row are worked out here, once, for the drawing of `cnncost draw` and
for the page, whose boxes open on a click.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Any

from cnncost.base.record import dataclass
from cnncost.graph.graph import Graph
from cnncost.graph.structure import Alike, Scope, Series, scopes
from cnncost.show.drawing import words
from cnncost.show.drawing.rows import Rows, rows


@dataclass(slots=True)
class Box:
    """A layer with what is drawn on it, or a scope, or a series of scopes of which the first stands for all."""

    id: str  # the name of the layer or the scope
    title: str
    detail: str
    family: str  # of `words.FAMILIES`, or "scope"
    layers: tuple[int, ...]  # of all members
    times: int = 1
    exact: bool = True
    inside: Level | None = None

    @property
    def badge(self) -> str:
        """How often it stands there: "×6", "×6 growing"."""
        return "" if self.times == 1 else f"×{self.times}" if self.exact else f"×{self.times} growing"


@dataclass(slots=True)
class Level:
    """The boxes of a scope, in rows."""

    boxes: list[Box]
    rows: Rows = field(default_factory=lambda: Rows([], []))

    def walk(self) -> Iterator[Box]:
        """Iterate over all boxes, outer ones first."""
        for box in self.boxes:
            yield box
            if box.inside is not None:
                yield from box.inside.walk()


def scheme(graph: Graph) -> Level:
    """Return the levels of a graph.

    >>> import cnncost
    >>> [f"{box.title} {box.badge}".strip() for box in scheme(cnncost.load("resnet50").trace()).boxes][2:5]
    ['layer1', 'layer2', 'layer3']
    """
    return _Builder(graph).level(scopes(graph))


class _Builder:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes = graph.layers
        self.sources = [tuple(source - 1 for source in node.inputs) for node in self.nodes]  # -1: the input image
        self.readers: list[list[int]] = [[] for _ in self.nodes]
        for index, sources in enumerate(self.sources):
            for source in sources:
                if source >= 0:
                    self.readers[source].append(index)
        self.outputs = {index - 1 for index in graph.outputs}
        self.on = self._drawn_on()
        self.carried: dict[int, list[int]] = {}
        for index, carrier in self.on.items():
            self.carried.setdefault(carrier, []).append(index)
        self.alike = Alike(graph)
        self.copy_of = {part[0]: number for number, (parts, _) in enumerate(self.alike.copies(graph)) for part in parts}

    def _drawn_on(self) -> dict[int, int]:
        """Return, for each layer that is drawn on another, that other layer."""
        on: dict[int, int] = {}
        for index, node in enumerate(self.nodes):
            kind, sources = node.kind, self.sources[index]
            if words.family(kind) not in words.DRAWN_ON and kind not in words.DRAWN_ON_KINDS:
                continue
            if len(sources) != 1 or sources[0] < 0 or len(self.readers[sources[0]]) != 1 or sources[0] in self.outputs:
                continue
            if self.nodes[sources[0]].name.rpartition(".")[0] != node.name.rpartition(".")[0]:
                continue
            carrier = on.get(sources[0], sources[0])
            if words.family(self.nodes[carrier].kind) in words.CARRIES:
                on[index] = carrier
        return on

    def level(self, scope: Scope) -> Level:
        boxes: list[Box] = []
        for part in self.alike.series(scope):
            if isinstance(part, Series):
                boxes.append(self._scope(part))
            elif part not in self.on:
                boxes.append(self._layer(part))
        level = Level(self._folded(boxes))
        self._arrange(level)
        return level

    def _folded(self, boxes: list[Box]) -> list[Box]:
        """Return boxes with the copies that a definition repeats as one, where each copy is one box and all say the same."""
        found: list[Box] = []
        for box in boxes:
            last = found[-1] if found else None
            if last is not None and self._copies(last, box):
                last.layers, last.times = (*last.layers, *box.layers), last.times + 1
            else:
                found.append(box)
        return found

    def _copies(self, first: Box, second: Box) -> bool:
        """Return whether both are copies of one repeated item, boxes without an inside that say the same."""
        group = self.copy_of.get(first.layers[0])
        alike = (first.title, first.detail, first.inside, second.inside) == (second.title, second.detail, None, None)
        return group is not None and group == self.copy_of.get(second.layers[0]) and alike

    def _layer(self, index: int) -> Box:
        node, carried = self.nodes[index], self.carried.get(index, [])
        detail = [words.shape(self.nodes[carried[-1]].cost.shape if carried else node.cost.shape)]
        detail += [words.short(self.nodes[each]) for each in carried]
        if node.runs == 0:
            detail.append("never runs")
        elif node.shares is not None:
            detail.append("shared weights")
        return Box(
            node.name,
            words.title(node),
            " · ".join([detail[0], " ".join(detail[1:])] if detail[1:] else detail),
            words.family(node.kind),
            (index, *carried),
        )

    def _scope(self, series: Series) -> Box:
        first, last = series.members[0], series.members[-1]
        layers = tuple(index for member in series.members for index in member.layers)
        inside = self.level(first)
        if len(inside.boxes) == 1:  # a scope around one box says no more than the box
            box = inside.boxes[0]
            if box.family != "scope" or len(series.members) == 1:
                many = len(series.members) * box.times if box.family != "scope" else box.times
                title = box.title if box.family != "scope" else f"{first.label}.{box.title}"
                return Box(first.name, title, box.detail, box.family, layers, many, series.exact and box.exact, box.inside)
        title = first.label if len(series.members) == 1 else _span(first.label, last.label)
        detail = f"{words.shape(self.nodes[last.layers[-1]].cost.shape)} · {len(layers)} layers"
        return Box(first.name, title, detail, "scope", layers, len(series.members), series.exact, inside)

    def _arrange(self, level: Level) -> None:
        """Work out the rows of a level from what its layers read."""
        owner = {index: number for number, box in enumerate(level.boxes) for index in box.layers}
        entering: set[int] = set()
        leaving: set[int] = set()
        edges: set[tuple[int, int]] = set()
        for index, number in owner.items():
            for source in self.sources[index]:
                if source not in owner:
                    entering.add(number)
                elif owner[source] != number:
                    edges.add((owner[source], number))
            if index in self.outputs or any(reader not in owner for reader in self.readers[index]):
                leaving.add(number)
        level.rows = rows(len(level.boxes), edges, entering, leaving)


def _span(first: str, last: str) -> str:
    """Return two names as a range: "denselayer1 … 6"."""
    common = 0
    while common < min(len(first), len(last)) - 1 and first[common] == last[common] and not first[common].isdigit():
        common += 1
    return f"{first} … {last[common:]}"


def plain(level: Level) -> dict[str, Any]:
    """Return a level as plain data for the page: short keys, the layers of a box as ranges."""
    return {
        "boxes": [
            {
                "id": words.printable(box.id),
                "title": words.printable(box.title),
                "detail": box.detail,
                "family": box.family,
                "badge": box.badge,
                "layers": list(ranges(box.layers)),
                **({"inside": plain(box.inside)} if box.inside is not None else {}),
            }
            for box in level.boxes
        ],
        "rows": level.rows.order,
        "lines": level.rows.lines,
    }


def ranges(indices: Iterable[int]) -> Iterator[list[int]]:
    """Iterate over runs of consecutive indices, as first and last.

    >>> list(ranges([3, 1, 2, 7]))
    [[1, 3], [7, 7]]
    """
    run: list[int] = []
    for index in sorted(indices):
        if run and index == run[1] + 1:
            run[1] = index
        else:
            if run:
                yield run
            run = [index, index]
    if run:
        yield run
