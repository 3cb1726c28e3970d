"""What the rows of a report are about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, overload

from cnncost.base.record import dataclass
from cnncost.graph.graph import INPUT, Graph, as_read
from cnncost.rules import Shape


@dataclass(frozen=True, slots=True)
class Row:
    """A layer, or the layers of a group."""

    name: str
    kind: str
    inputs: tuple[Shape, ...]
    output: Shape
    args: Mapping[str, Any]
    layers: int = 1
    shares: str | None = None
    runs: Fraction | int = 1
    nodes: tuple[int, ...] = ()  # its layers in the graph


class Rows(Sequence[Row]):
    """A row for each layer of a graph, made when one is first looked at: whoever asks for totals needs none."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @cached_property
    def made(self) -> tuple[Row, ...]:
        """All of them."""
        nodes = self.graph.nodes
        shapes = [node.cost.shape for node in nodes]
        return tuple(
            [
                Row(
                    node.name,
                    node.kind,
                    tuple([as_read(shapes[i], node) for i in node.inputs]),
                    shapes[at],
                    node.args,
                    int(node.kind != INPUT),  # a further input is no layer
                    node.shares,
                    node.runs,
                    (at,),
                )
                for at, node in enumerate(nodes[1:], start=1)
            ]
        )

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Row, ...]: ...
    def __getitem__(self, index: int | slice) -> Row | tuple[Row, ...]:
        return self.made[index]

    def __len__(self) -> int:
        return len(self.graph.nodes) - 1

    def __iter__(self) -> Iterator[Row]:
        return iter(self.made)
