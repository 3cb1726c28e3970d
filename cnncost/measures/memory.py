"""Memory by name: what a network's tensors take, at inference and while it is trained, in bytes.

What tools call "memory" differs, so each figure here has a name of its own:

    activations  what a convention's memory column counts, the lecture's by default
    outputs      memory allocated for layer outputs, each allocation counted once; views and in-place layers allocate none
    peak         the most that is live at the same time at inference; each storage is freed after its last reader
    kept         saved for backward: each tensor once, also if several layers save it
    training     parameters, gradients, optimizer slots and `kept`

Which layer types work in place, are views, and keep what, are the tables of facts.py; cnncost memory --rules prints them. The
input image is no layer's output: it is in none of the five, and `Memory.input_bytes` says what it takes.

Sizes may be letters, and columns of candidates: each figure but `peak_at` is then a polynomial or a column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from fractions import Fraction
from functools import cached_property, reduce

from cnncost.base import usual
from cnncost.base.errors import AlgebraError, UsageError, did_you_mean
from cnncost.base.ints import checked
from cnncost.base.poly import Num, Poly, equal, maximum, minimum, same
from cnncost.base.record import dataclass
from cnncost.base.showable import Several, Showable
from cnncost.counting import Convention
from cnncost.counting import convention as find_convention
from cnncost.graph.graph import INPUT, Graph, Node, no_collection, read_by
from cnncost.measures.checkpoints import CHECKPOINTS, segments
from cnncost.measures.facts import (
    CAN_WORK_IN_PLACE,
    COPY_FIRST,
    COPY_INSTEAD,
    IN_PLACE,
    KEEP_FOR_OTHERS,
    KEEP_FOR_WEIGHTS,
    KEEP_ORDER,
    KEEP_OUTPUT_IN_PLACE,
    KEEPS,
    MAKES,
    MOVE_AXES,
    NOTHING,
    NOTHING_AT_INFERENCE,
    PADDED_FIRST,
    STORED,
    VIEWS,
    keeps_of,
)
from cnncost.measures.layout import APART, channels_of, cut, is_stored, is_view, keeps_nothing, moved, padded
from cnncost.measures.precision import OPTIMIZERS, Precision, known_name, size_of
from cnncost.rules import RULES, elements
from cnncost.rules.shapes import positions_of

CUDA_BLOCK = 512  # bytes; kMinBlockSize of PyTorch's c10/cuda/CUDACachingAllocator.cpp

# ── the plan ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, repr=False)
class Memory(Showable):
    """What a graph takes. Figures are bytes for the whole batch; columns have one entry per layer, in execution order.

    Made by `memory`; each figure is worked out when it is asked for, in time linear in layers and connections.
    """

    graph: Graph
    batch: Num = 1
    precision: Precision = field(default_factory=Precision)
    optimizer: str = "sgd"
    checkpoint: str = "none"  # which segments keep their inputs only, and are computed again: a key of `CHECKPOINTS`
    in_place: tuple[str, ...] = IN_PLACE
    block: int = 1  # every storage is rounded up to a multiple of so many bytes
    convention: Convention = field(default_factory=lambda: find_convention(usual.CONVENTION))

    def __repr__(self) -> str:
        named = f"Memory {self.graph.name}, batch {self.batch}"
        try:
            return f"<{named}: peak {self.peak_bytes} bytes, training {self.training_bytes} bytes>"
        except AlgebraError:  # letters leave open what is largest
            return f"<{named}>"

    def _bytes(self, count: Num, dtype: str | None) -> Num:
        number = count * size_of(dtype) if dtype else 0
        return number if self.block == 1 else (number + self.block - 1) // self.block * self.block

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

    # ── training ──

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
    @no_collection()
    def _saves(self) -> list[Saved]:
        """What each node saves for the backward pass, the input first, also if another node saves it."""
        nodes, sizes = self.graph.nodes, self.tensor_bytes
        tensor = list(range(len(nodes)))  # whose output it is that a node's readers see: views looked through
        trained = [False] * len(nodes)  # whether a gradient flows back to the node
        found = [Saved(0)]
        in_place = set(self.in_place)
        for index, node in enumerate(nodes[1:], start=1):
            looks = node.runs != 0 and self._looks(index)
            if looks:
                tensor[index] = tensor[node.inputs[0]]
            saved = Saved(tensor[index])
            found.append(saved)
            if node.runs == 0:
                continue
            learns = node.shares is not None or not (isinstance(node.cost.params, int) and node.cost.params == 0)
            trained[index] = learns or any(map(trained.__getitem__, node.inputs))
            keeps = NOTHING if keeps_nothing(node) else keeps_of(node)
            root = self._storages[0][index]
            if node.kind in in_place and root != index and not looks and not equal(sizes[root], sizes[index]):
                tensor[index] = saved.tensor = root  # worked in place on a part of a storage, which is kept as a whole
            if looks or not trained[index]:
                continue
            copied = index in self._copies
            wanted = self._inputs_kept(node, learns, trained) if keeps.inputs else []
            if node.kind in KEEP_OUTPUT_IN_PLACE and node.kind in in_place and root != index:
                wanted = [index]
            if keeps.output:
                wanted.append(index)
            for source in wanted:
                if copied and source == node.inputs[0]:
                    saved.own["activations"] = saved.own.get("activations", 0) + self._copies[index]
                else:
                    saved.whose.append(tensor[source])
            for part, dtype in KEPT_PARTS.items():
                formula = getattr(keeps, part, 0)
                if part != "activations" and not equal(formula, 0):
                    saved.own[part] = self._bytes(self._count(node, formula), getattr(self.precision, dtype))
        return found

    @cached_property
    @no_collection()
    def _kept(self) -> tuple[dict[str, list[Num]], Num]:
        """Per layer and dtype, what it is the first to keep; and what is kept of the input image."""
        nodes = self.graph.nodes
        parts: dict[str, list[Num]] = {part: [0] * (len(nodes) - 1) for part in KEPT_PARTS}
        pieces = segments(self.graph, self.checkpoint)
        inside = {index for piece in pieces for index in piece}
        seen: set[int] = set()  # tensors that are kept from the forward pass on
        image = self._keep([index for index in range(1, len(nodes)) if index not in inside], seen, parts)
        borders: list[set[int]] = []
        for piece in pieces:  # of its input nothing but what it reads is kept, until it is computed again
            own = set(piece)
            borders.append({self._saves[i].tensor for index in piece for i in nodes[index].inputs if i not in own})
            for source in sorted(borders[-1] - seen):
                image = image + self._put(source, piece[0], parts)
                seen.add(source)
        if pieces:
            again = [self._again(piece, border) for piece, border in zip(pieces, borders, strict=True)]
            largest = max(again, key=_whole)
            for part, column in largest.items():
                parts[part] = [kept + more for kept, more in zip(parts[part], column, strict=True)]
        return parts, image

    def _keep(self, places: Iterable[int], seen: set[int], parts: dict[str, list[Num]]) -> Num:
        """Add what some nodes are the first to keep to the columns; return what is kept of the input image."""
        image: Num = 0
        for index in places:
            saved = self._saves[index]
            for source in saved.whose:
                if source not in seen:
                    seen.add(source)
                    image = image + self._put(source, index, parts)
            for part, count in saved.own.items():
                parts[part][index - 1] = parts[part][index - 1] + count
        return image

    def _put(self, source: int, index: int, parts: dict[str, list[Num]]) -> Num:
        """Add a tensor to what a layer keeps; return it where it is the input image, which no layer makes."""
        node = self.graph.nodes[source]
        if node.kind == INPUT:
            return self.tensor_bytes[source]
        if not is_stored(node):
            column = parts["activations"]
            column[index - 1] = column[index - 1] + self.tensor_bytes[source]
        return 0

    def _again(self, piece: Sequence[int], border: set[int]) -> dict[str, list[Num]]:
        """Return what a segment keeps while it is computed again, beside what it reads."""
        parts: dict[str, list[Num]] = {part: [0] * (len(self.graph.nodes) - 1) for part in KEPT_PARTS}
        roots = self._storages[0]
        overwritten = {roots[source] for source in border}
        seen = set(border)
        for index in piece:  # a layer that works in place on what the segment reads makes nothing new
            if self.graph.nodes[index].kind in KEEP_OUTPUT_IN_PLACE and roots[index] in overwritten:
                seen.add(index)
        self._keep(piece, seen, parts)
        return parts

    @staticmethod
    def _inputs_kept(node: Node, learns: bool, trained: Sequence[bool]) -> list[int]:
        """Return the inputs that a layer needs to go back: a factor for the gradient of the other."""
        reads = list(node.inputs)
        if node.kind in KEEP_FOR_OTHERS:
            return [i for place, i in enumerate(reads) if any(trained[j] for other, j in enumerate(reads) if other != place)]
        if node.kind == "div":  # a numerator for the gradient of what divides it
            return reads if any(trained[i] for i in reads[1:]) else reads[1:]
        if node.kind in KEEP_FOR_WEIGHTS:
            x, *weights = reads
            kept = [x] if learns or any(trained[i] for i in weights) else []
            return kept + (weights if trained[x] else [])
        return reads

    @cached_property
    def kept(self) -> tuple[Num, ...]:
        """What each layer is the first to keep for the backward pass."""
        return Several([sum(figures) for figures in zip(*self._kept[0].values(), strict=True)])

    @cached_property
    def kept_parts(self) -> dict[str, Num]:
        """What is kept, by what it is: activations, statistics, masks, indices, maps."""
        return {part: sum(column) for part, column in self._kept[0].items()}

    @property
    def kept_bytes(self) -> Num:
        """What the forward pass keeps for the backward pass, without the input image."""
        return sum(self.kept)

    @property
    def kept_input_bytes(self) -> Num:
        """What is kept of the input image, beside `kept_bytes`."""
        return self._kept[1]

    def _per_parameter(self, node: Node, dtype: str | None) -> Num:
        """Bytes of one number for each parameter of a layer."""
        return sum([self._bytes(count, dtype) for count in parameter_tensors(node)])

    def _all_parameters(self, dtype: str | None) -> Num:
        return sum([self._per_parameter(node, dtype) for node in self.graph.layers])

    @cached_property
    def training(self) -> tuple[Num, ...]:
        """What training takes for each layer: parameters, their gradients and slots, and what it is the first to keep."""
        how, slots = self.precision, OPTIMIZERS[self.optimizer]
        dtypes = (how.parameters, how.master, how.gradients, *[how.optimizer] * slots)
        return Several(
            [
                kept + sum([self._per_parameter(node, dtype) for dtype in dtypes])
                for node, kept in zip(self.graph.layers, self.kept, strict=True)
            ]
        )

    @property
    def training_parts(self) -> dict[str, tuple[Num, str]]:
        """The parts of `training_bytes`, each with what it is stored as."""
        how = self.precision
        parts: dict[str, tuple[Num, str]] = {"parameters": (self.params_bytes, how.parameters)}
        if how.master:
            parts["master"] = (self._all_parameters(how.master), how.master)
        parts["gradients"] = (self._all_parameters(how.gradients), how.gradients)
        parts["optimizer"] = (self._all_parameters(how.optimizer) * OPTIMIZERS[self.optimizer], how.optimizer)
        dtypes = {part: getattr(how, dtype) for part, dtype in KEPT_PARTS.items() if self.kept_parts[part] != 0}
        parts["kept"] = (self.kept_bytes, ", ".join(dict.fromkeys(dtypes.values())) or how.activations)
        return parts

    @property
    def training_bytes(self) -> Num:
        """Parameters, their master copy if any, gradients, optimizer slots, and what is kept for the backward pass."""
        return sum(count for count, _ in self.training_parts.values())

    # ── beside ──

    @property
    def activations_bytes(self) -> Num:
        """What the convention's memory column counts: with the lecture's, the outputs of conv, pool, flatten and linear."""
        from cnncost.counting.counts import Counts  # imports numpy

        total = Counts(self.graph).charge(self.convention, "memory").sum()
        count = total.item() if hasattr(total, "item") else total  # exact: a column whose sum could pass 2^63 holds integers
        return count * self.batch * size_of(self.precision.activations)

    @property
    def params_bytes(self) -> Num:
        """The parameters, shared ones once."""
        return self._all_parameters(self.precision.parameters)

    @property
    def buffers_bytes(self) -> Num:
        """Running means and variances, and weights that are fixed."""
        return sum(node.cost.buffers for node in self.graph.layers) * size_of(self.precision.buffers)

    @property
    def input_bytes(self) -> Num:
        """The input image, all of several, which the figures leave out."""
        return sum(size for node, size in zip(self.graph.nodes, self.tensor_bytes, strict=True) if node.kind == INPUT)


@dataclass(slots=True)
class Saved:
    """What a node saves for the backward pass: whose outputs, and bytes of its own by part; and whose output its own is."""

    tensor: int
    whose: list[int] = field(default_factory=list)
    own: dict[str, Num] = field(default_factory=dict)


def _whole(parts: dict[str, list[Num]]) -> Num:
    """Return what the columns of a segment come to. Raises AlgebraError for letters, which leave open which is the largest."""
    total = sum(sum(column) for column in parts.values())
    if not isinstance(total, (int, Fraction)):
        raise AlgebraError("which segment is the largest depends on the symbols")
    return total  # a fraction is as good: it is compared only


@dataclass(frozen=True, slots=True)
class Storage:
    """What a layer newly makes: layers as indices into `graph.layers`, the bytes, and the last layer that reads it."""

    layer: int
    bytes: Num
    last: int


KEPT_PARTS = {  # what `kept` is made of, and the part of `Precision` that says as what it is stored
    "activations": "activations",
    "statistics": "statistics",
    "masks": "masks",
    "indices": "indices",
    "maps": "activations",
}


def parameter_tensors(node: Node) -> Iterator[Num]:
    """Iterate over the sizes of a layer's parameter tensors: weights and biases, scales and offsets."""
    params = node.cost.params
    if isinstance(params, int) and params == 0:
        return
    rule, offset = RULES[node.kind], 0
    if rule.section == "weights" and node.args.get("bias"):
        offset = node.args["out"]
    elif node.kind == "scale":
        offset = params // 2 if node.args.get("bias") else 0
    elif rule.section == "normalisation" and node.args.get("scale", True) and node.args.get("offset", True):
        offset = params // 2 if node.kind != "bias" else 0
    yield params - offset
    if not (isinstance(offset, int) and offset == 0):
        yield offset


def in_place_of(graph: Graph) -> tuple[str, ...]:
    """Return the layer types that work in place in a network: activations, and what its definition says besides."""
    return (*IN_PLACE, *graph.in_place)


def kinds_in_place(text: str) -> tuple[str, ...]:
    """Return the layer types of a list such as "relu,add", or "none". Raises UsageError for one that cannot work in place."""
    kinds = [word.strip() for word in text.split(",") if word.strip()]
    if kinds == ["none"]:
        return ()
    for kind in kinds:
        if kind not in CAN_WORK_IN_PLACE:
            fact = f"'{kind}' cannot work in place" if kind in RULES else f"unknown layer type '{kind}'"
            known = f"those that can: {', '.join(CAN_WORK_IN_PLACE)}; or none"
            raise UsageError(fact, known if kind in RULES else did_you_mean(kind, CAN_WORK_IN_PLACE, known))
    return Several(dict.fromkeys(kinds))


def memory(
    graph: Graph,
    *,
    batch: Num = 1,
    precision: Precision | str = usual.DTYPE,
    optimizer: str = "sgd",
    checkpoint: str = "none",
    in_place: Sequence[str] | None = None,
    block: int = 1,
    convention: Convention | str = usual.CONVENTION,
) -> Memory:
    """Return what a traced graph takes, figure by figure.

    `precision` is a dtype for everything or a `Precision`; `in_place` the layer types that work in place, by default those of
    `in_place_of`; `checkpoint` one of `CHECKPOINTS`; `block=512` rounds every storage up as PyTorch's CUDA allocator does.
    Raises UsageError for what it does not know.

    >>> import cnncost
    >>> plan = memory(cnncost.load("resnet50").trace(), batch=8)
    >>> plan.peak_bytes, plan.peak_at
    (77070336, 'layer1.0.downsample.1')
    """
    count = checked(batch)
    if (isinstance(count, int) and count < 1) or isinstance(count, float):
        raise UsageError(f"a batch of {batch}", "give a whole number from 1")
    known_name("optimizer", optimizer, OPTIMIZERS)
    known_name("checkpointing", checkpoint, CHECKPOINTS)
    if block < 1:
        raise UsageError(f"blocks of {block} bytes", "give a whole number from 1; CUDA's allocator has 512")
    return Memory(
        graph,
        count,
        Precision.of(precision) if isinstance(precision, str) else precision,
        optimizer,
        checkpoint,
        in_place_of(graph) if in_place is None else kinds_in_place(",".join(in_place) or "none"),
        block,
        find_convention(convention) if isinstance(convention, str) else convention,
    )


def training_bytes(graph: Graph, *, batch: Num = 1, optimizer: str = "sgd", precision: Precision | str = usual.DTYPE) -> Num:
    """Return the bytes that training a graph takes: parameters, gradients, optimizer slots and what is kept.

    With letters or columns in the graph or the batch it is a polynomial or a column.
    """
    return memory(graph, batch=batch, optimizer=optimizer, precision=precision).training_bytes


def peak_bytes(graph: Graph, *, batch: Num = 1, precision: Precision | str = usual.DTYPE) -> Num:
    """Return the most bytes that are live at once at inference."""
    return memory(graph, batch=batch, precision=precision).peak_bytes
