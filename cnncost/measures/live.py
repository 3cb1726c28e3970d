"""What is live at inference: where each output is stored, who reads it last, and the most that stands at one time.

Which layer types work in place and are views are the tables of facts.py; `cnncost.measures.memory` adds what training takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from functools import cached_property, reduce

from cnncost.base.poly import Num, Poly, equal, maximum, minimum, same
from cnncost.base.record import dataclass
from cnncost.base.showable import Several, Showable
from cnncost.graph.graph import INPUT, Graph, Node, read_by
from cnncost.measures.facts import (
    COPY_FIRST,
    COPY_INSTEAD,
    IN_PLACE,
    KEEP_ORDER,
    KEEPS,
    MAKES,
    MOVE_AXES,
    NOTHING_AT_INFERENCE,
    PADDED_FIRST,
    STORED,
    VIEWS,
)
from cnncost.measures.layout import APART, channels_of, cut, is_stored, is_view, moved, padded
from cnncost.measures.precision import Precision, size_of
from cnncost.rules import elements
from cnncost.rules.shapes import positions_of


@dataclass(frozen=True, repr=False)
class Live(Showable):
    """What the layers of a graph make and how long it lives. Figures are bytes for the whole batch, columns by layer."""

    graph: Graph
    batch: Num = 1
    precision: Precision = field(default_factory=Precision)
    in_place: tuple[str, ...] = IN_PLACE
    block: int = 1  # every storage is rounded up to a multiple of so many bytes

    def _bytes(self, count: Num, dtype: str | None) -> Num:
        number = count * size_of(dtype) if dtype else 0
        return number if self.block == 1 else (number + self.block - 1) // self.block * self.block

    def _count(self, node: Node, formula: Num) -> Num:
        """Return what a formula over `facts.COUNTS` comes to at a layer."""
        if not isinstance(formula, Poly):
            return formula
        x = read_by(node, self.graph.nodes)
        count = channels_of(node, x)
        counts = {
            "batch": self.batch,
            "channels": count,
            "writes": elements(node.cost.shape),
            "positions": elements(x) // count,
            "groups": node.args.get("groups", 1),
            "heads": node.args.get("heads", 1),
            "size": node.args.get("size", 1),
            "layers": node.args.get("layers", 1),
            "affine": int(node.args.get("affine", False)),
            "others": max(len(node.inputs) - 2, 0),
            "more": int(len(node.inputs) > 2),
        }
        if node.kind == "layer_norm":
            over = node.args.get("over", "channels")
            counts["apart"] = 1 if over == "all" else elements(x) // positions_of(x, None if over == "channels" else over)
        return formula.subs({letter: counts[letter] for letter in formula.letters()})

    @cached_property
    def tensor_bytes(self) -> list[Num]:
        """Bytes of the tensor that each node makes, the input's first."""
        known: dict[tuple[Num, ...], Num] = {}
        sizes: list[Num] = []
        for index, node in enumerate(self.graph.nodes):
            shape = node.cost.shape
            if index in self._alike:
                sizes.append(self._bytes(elements(shape), self.precision.activations))
                continue
            try:
                size = known.get(shape)
            except TypeError:  # columns cannot be looked up
                size = self._bytes(elements(shape) * self.batch, self.precision.activations)
            else:
                if size is None:
                    size = known[shape] = self._bytes(elements(shape) * self.batch, self.precision.activations)
            sizes.append(size)
        return sizes

    @cached_property
    def _alike(self) -> frozenset[int]:
        """The nodes that make the same for every example, of parameters alone: they are made once, whatever the batch."""
        found: set[int] = set()
        for index, node in enumerate(self.graph.nodes):
            each = node.kind == INPUT or self.graph.storage.get(node.name) == "each"
            if not each and all(source in found for source in node.inputs):
                found.add(index)
        return frozenset(found)

    @cached_property
    def _readers(self) -> list[int]:
        """The index of the last node that reads what a node makes; past the end for outputs, the node's own for none."""
        last = list(range(len(self.graph.nodes)))
        for index, node in enumerate(self.graph.nodes):
            if node.runs != 0:
                for source in node.inputs:
                    last[source] = index
        for output in self.graph.outputs:
            last[output] = len(last)
        return last

    @cached_property
    def _storages(self) -> tuple[list[int], list[int]]:
        """For each node the node whose storage it writes or looks at, and for each of those its last reader.

        A layer works in place where its type does and nobody reads its input's storage afterwards; never on the input image.
        """
        in_place, readers, known = set(self.in_place), self._readers, self.graph.storage
        storage, last = list(range(len(readers))), list(readers)
        for index, node in enumerate(self.graph.nodes):
            if not node.inputs:  # an input, or a parameter
                continue
            kind, first = node.kind, storage[node.inputs[0]]
            if node.name in known:  # a file says so, and its program runs
                shares = known[node.name] != "new"
            elif kind in NOTHING_AT_INFERENCE or self._looks(index):
                shares = True
            else:
                shares = (
                    kind in in_place and bool(self.graph.nodes[first].inputs) and last[first] <= index and self._fills(node)
                )
            if shares:
                storage[index] = first
                last[first] = max(last[first], readers[index])
        return storage, last

    @cached_property
    def _orders(self) -> list[tuple[int, ...] | None]:
        """In which order a node's numbers lie: None as its shape says, otherwise the axes of the storage, outermost first."""
        nodes = self.graph.nodes
        found: list[tuple[int, ...] | None] = []
        for node in nodes:
            before = found[node.inputs[0]] if node.inputs else None
            if node.kind in MOVE_AXES and is_view(node, self.graph.storage):
                found.append(moved(node, read_by(node, nodes), before))
            elif before is None and node.kind in ("slice", "split", "select"):
                found.append(cut(node, read_by(node, nodes)))
            elif before is None or not (node.kind in KEEP_ORDER or (node.kind in VIEWS and node.kind not in COPY_INSTEAD)):
                found.append(None)
            else:
                found.append(before if len(before) == len(node.cost.shape) or before == APART else ())
        return found

    def _looks(self, index: int) -> bool:
        """Whether a node's output is another look at its input's storage; what moved axes is copied where it is flattened."""
        node = self.graph.nodes[index]
        known = self.graph.storage
        if node.name in known:
            return known[node.name] == "view"
        order = self._orders[node.inputs[0]] if node.inputs else None
        copied = node.kind in COPY_INSTEAD and order not in (None, APART) and not (node.kind == "tokens" and order)
        return is_view(node, known) and not copied

    @cached_property
    def _copies(self) -> dict[int, Num]:
        """Bytes of the copy that a layer makes of its input before it begins, by its index."""
        nodes, found = self.graph.nodes, {}
        for index, node in enumerate(nodes):
            if node.runs == 0 or not node.inputs or node.name in self.graph.storage:
                continue
            if node.kind in COPY_FIRST and len(node.cost.shape) > 1 and self._scattered(node.inputs[0]):
                found[index] = self.tensor_bytes[node.inputs[0]]
            elif node.kind in PADDED_FIRST and (shape := padded(node, read_by(node, nodes))) is not None:
                found[index] = self._bytes(elements(shape) * self.batch, self.precision.activations)
        return found

    def _scattered(self, index: int) -> bool:
        """Whether a node's numbers, those of the whole batch, lie otherwise than its shape says."""
        order = self._orders[index]
        return order is not None and not (order == APART and isinstance(self.batch, int) and self.batch == 1)

    def _fills(self, node: Node) -> bool:
        shape = read_by(node, self.graph.nodes)
        return len(shape) == len(node.cost.shape) and all(map(same, shape, node.cost.shape))

    # ── inference ──

    @cached_property
    def outputs(self) -> tuple[Num, ...]:
        """New storage that each layer makes for its output."""
        storage, sizes = self._storages[0], self.tensor_bytes
        return Several(
            [
                0 if storage[index] != index or is_stored(node) or node.runs == 0 else sizes[index]
                for index, node in enumerate(self.graph.nodes)
            ][1:]
        )

    @cached_property
    def indices(self) -> tuple[Num, ...]:
        """Storage of the second output of max pooling: where each maximum was found."""
        return Several(
            [
                0
                if node.runs == 0 or node.kind not in KEEPS or equal(KEEPS[node.kind].indices, 0)
                else self._bytes(self._count(node, KEEPS[node.kind].indices), self.precision.indices)
                for node in self.graph.layers
            ]
        )

    @cached_property
    def beside(self) -> tuple[Num, ...]:
        """Storage made and dropped on the way to outputs: copies of inputs, results in between, numbers of a program."""
        storage, found = self._storages[0], []
        for index, node in enumerate(self.graph.nodes):
            made: Num = self._copies.get(index, 0)
            if node.kind in MAKES and node.runs != 0 and storage[index] == index:
                made = made + self._bytes(self._count(node, MAKES[node.kind].total), self.precision.activations)
            found.append(made + self.graph.aside.get(node.name, 0))
        return Several(found[1:])

    @property
    def outputs_bytes(self) -> Num:
        """All newly made storage, indices and what is made beside the outputs, too."""
        return sum(self.outputs) + sum(self.indices) + sum(self.beside)

    @cached_property
    def live(self) -> tuple[Num, ...]:
        """What is live while each layer runs: storages that are still to be read, and those it makes."""
        return self._live(self.indices)

    @cached_property
    def live_without_indices(self) -> tuple[Num, ...]:
        """The same as if max pooling made no indices."""
        return self._live((0,) * len(self.indices))

    def _live(self, indices: Sequence[Num]) -> tuple[Num, ...]:
        last, made = self._storages[1], self.outputs
        freed: list[Num] = [0] * (len(last) + 1)  # after each node
        for index, count in enumerate(made, start=1):
            freed[last[index]] = freed[last[index]] + count
        now: Num = 0
        column = []
        for index, (count, extra) in enumerate(zip(made, indices, strict=True), start=1):
            now = now + count
            column.append(now + extra + self._passing(index))
            now = now - freed[index]
        return Several(column)

    def _passing(self, index: int) -> Num:
        """What is live beside a layer's input and output while it runs."""
        node, (storage, last) = self.graph.nodes[index], self._storages
        passing: Num = 0
        if node.kind in MAKES and node.runs != 0 and storage[index] == index:
            passing = self._bytes(self._count(node, MAKES[node.kind].live), self.precision.activations)
            if len(node.inputs) > 2:  # two by two: those of the first pair may be gone when the next is taken
                own = {storage[i] for i in node.inputs[:2]} - {storage[i] for i in node.inputs[2:]}
                gone = [i for i in own if last[i] == index and self.graph.nodes[i].kind not in STORED]
                passing = maximum(passing - sum(self.tensor_bytes[i] for i in gone), 0) if gone else passing
        if index in self._copies:
            passing = passing + self._copies[index]
            source = storage[node.inputs[0]]
            if last[source] == index and self.graph.nodes[source].kind not in STORED:  # once copied, the input is not needed
                passing = passing - minimum(self.tensor_bytes[index], self.tensor_bytes[source])
        return passing

    @property
    def peak_bytes(self) -> Num:
        """The most that is live at once at inference, indices of max pooling too."""
        return reduce(maximum, self.live, 0)

    @property
    def peak_at(self) -> str | None:
        """The name of the (first) layer at which the peak happens; None for a network without layers."""
        return self.graph.layers[self.live.index(max(self.live))].name if self.live else None

    def alive(self, layer: str) -> list[tuple[str, int]]:
        """Return the storages that are live while a layer runs: the name of the layer that made each, and its bytes."""
        names = [node.name for node in self.graph.nodes]
        now, last = names.index(layer), self._storages[1]
        found = [
            (names[index], count)
            for index, count in enumerate(self.outputs[:now], start=1)
            if not equal(count, 0) and last[index] >= now
        ]
        extra = self.indices[now - 1]
        return [*found, (f"{layer} (indices)", extra)] if not equal(extra, 0) else found

    def storages(self) -> Iterator[Storage]:
        """Iterate over what the layers newly make: who makes it, its bytes, and while which layers it is live.

        Indices of max pooling are live while their layer runs.
        """
        last, final = self._storages[1], len(self.graph.layers)
        for index, count in enumerate(self.outputs, start=1):
            if not (isinstance(count, int) and count == 0):
                yield Storage(index - 1, count, min(last[index], final) - 1)
            extra = self.indices[index - 1]
            if not (isinstance(extra, int) and extra == 0):
                yield Storage(index - 1, extra, index - 1)


@dataclass(frozen=True, slots=True)
class Storage:
    """What a layer newly makes: layers as indices into `graph.layers`, the bytes, and the last layer that reads it."""

    layer: int
    bytes: Num
    last: int
