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
from functools import cached_property

from cnncost.base import usual
from cnncost.base.errors import AlgebraError, UsageError, did_you_mean
from cnncost.base.ints import checked
from cnncost.base.poly import Num, equal
from cnncost.base.record import dataclass
from cnncost.base.showable import Several
from cnncost.counting import Convention
from cnncost.counting import convention as find_convention
from cnncost.graph.graph import INPUT, Graph, Node, no_collection
from cnncost.measures.checkpoints import CHECKPOINTS, segments
from cnncost.measures.facts import (
    CAN_WORK_IN_PLACE,
    IN_PLACE,
    KEEP_FOR_OTHERS,
    KEEP_FOR_WEIGHTS,
    KEEP_OUTPUT_IN_PLACE,
    NOTHING,
    keeps_of,
)
from cnncost.measures.layout import is_stored, keeps_nothing
from cnncost.measures.live import Live
from cnncost.measures.precision import OPTIMIZERS, Precision, known_name, size_of
from cnncost.rules import RULES

CUDA_BLOCK = 512  # bytes; kMinBlockSize of PyTorch's c10/cuda/CUDACachingAllocator.cpp

# ── the plan ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, repr=False)
class Memory(Live):
    """What a graph takes. Figures are bytes for the whole batch; columns have one entry per layer, in execution order.

    Made by `memory`; each figure is worked out when it is asked for, in time linear in layers and connections.
    """

    optimizer: str = "sgd"
    checkpoint: str = "none"  # which segments keep their inputs only, and are computed again: a key of `CHECKPOINTS`
    convention: Convention = field(default_factory=lambda: find_convention(usual.CONVENTION))

    def __repr__(self) -> str:
        named = f"Memory {self.graph.name}, batch {self.batch}"
        try:
            return f"<{named}: peak {self.peak_bytes} bytes, training {self.training_bytes} bytes>"
        except AlgebraError:  # letters leave open what is largest
            return f"<{named}>"

    # ── training ──

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
        in_place_of(graph) if in_place is None else kinds_in_place(",".join(in_place) or "none"),
        block,
        optimizer=optimizer,
        checkpoint=checkpoint,
        convention=find_convention(convention) if isinstance(convention, str) else convention,
    )


def training_bytes(graph: Graph, *, batch: Num = 1, optimizer: str = "sgd", precision: Precision | str = usual.DTYPE) -> Num:
    """Return the bytes that training a graph takes: parameters, gradients, optimizer slots and what is kept.

    With letters or columns in the graph or the batch it is a polynomial or a column.
    """
    return memory(graph, batch=batch, optimizer=optimizer, precision=precision).training_bytes


def peak_bytes(graph: Graph, *, batch: Num = 1, precision: Precision | str = usual.DTYPE) -> Num:
    """Return the most bytes that are live at once at inference."""
    return memory(graph, batch=batch, precision=precision).peak_bytes
