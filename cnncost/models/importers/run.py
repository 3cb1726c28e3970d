"""What one run of a program has so far: the tensors of its trace, the numbers of the file, and which layer has which weight."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, Tracer
from cnncost.models.importers import axes as ax
from cnncost.models.importers.axes import Atom, Axis, Stated
from cnncost.models.importers.inputs import batch_places, main_of
from cnncost.models.importers.naming import clean
from cnncost.models.importers.records import Program, Weight
from cnncost.models.importers.sizes import Expression, size_at
from cnncost.models.importers.values import Exported, Made, Value
from cnncost.rules import RULES
from cnncost.rules.shapes import channel_axis


class Run:
    """One run of a program on tensors of a tracer: its state, and how layers are added."""

    def __init__(
        self,
        program: Program,
        tensors: Mapping[str, Tensor],
        exported: Exported | None,
        stated: dict[tuple[str, int], Stated] | None = None,
    ) -> None:
        self.program = program
        self.tracer: Tracer = next(iter(tensors.values())).tracer
        self.exported = exported  # what all values were at the export; None: this run is at that size
        self.stated = {} if stated is None else stated  # sizes by value and axis, shared by all runs at one size
        self.found = Exported({}, {})  # the same, found by this run
        self.values: dict[str, Value] = {}
        self.read = reads(program)  # the values that something reads
        self.charged: dict[str, str] = {}  # a weight: the layer that has it
        self.opaque: Counter[str] = Counter()
        self.aside: list[Made] = []  # numbers of the program that no layer makes
        self.symbols: dict[str, Num] = {}
        self._cache: dict[str, Num] = {}
        self.main = main_of(program)
        for name in sorted(program.inputs, key=lambda name: name != self.main):
            self._enter(name, program.inputs[name], tensors.get(name))
        for name, weight in program.weights.items():
            self.values[name] = Value(ax.fixed([self.number(size) for size in weight.sizes]), weight=weight)

    def branch(self, call: Any, branches: Sequence[Any]) -> list[Value]:
        """Run the branches of a condition and keep one: what runs records says how."""
        raise NotImplementedError

    def _enter(self, name: str, sizes: Sequence[Any], tensor: Tensor | None) -> None:
        if name != self.main:
            self._beside(name, tensor)
            return
        assert tensor is not None
        dims: list[Axis] = []
        batched = len(sizes) == len(tensor.shape) + 1
        for place, size in enumerate(sizes):
            if place == 0 and batched:
                dims.append((Atom(size if type(size) is int else 1, 1, True),))
                self._bind(size, 1)
                continue
            current = tensor.shape[place - batched]
            self._bind(size, current)
            before = self.exported.sizes[name][place] if self.exported else current
            dims.append(ax.axis(size if type(size) is int else before, current))
        present = [True] * len(dims)
        if batched:
            present[0] = False
        self.values[name] = Value(tuple(dims), tensor, present)
        self.found.sizes[name] = tuple(map(ax.was, dims))

    def _beside(self, name: str, tensor: Tensor | None) -> None:
        """Enter an input beside the main one; without a tensor one of a single number, or of one that is worked with apart."""
        before, batch = self.program.exported[name], self.batch
        places = batch_places(self.program, self.main, name) if batch is not None else frozenset()
        sizes = iter(tensor.shape if tensor is not None else ())
        dims: list[Axis] = []
        for place, was in enumerate(before):
            if batch is not None and place in places:
                dims.append((batch,))
                continue
            current = next(sizes, was)
            self._bind(self.program.inputs[name][place], current)
            dims.append(ax.axis(current if was is None else was, current))
        self.values[name] = Value(tuple(dims), tensor)
        self.found.sizes[name] = tuple(map(ax.was, dims))

    def _bind(self, size: Any, value: Num) -> None:
        if isinstance(size, Expression):
            symbol = size.partition("Symbol('")[2].partition("'")[0]
            self.symbols.setdefault(symbol, value)

    @property
    def batch(self) -> Atom | None:
        """The atom that stands for the batch, where the input has one."""
        known = (self.values[name] for name in self.program.inputs if name in self.values)
        return next((dim[0] for value in known for dim in value.dims[:1] if ax.is_batch(dim)), None)

    def number(self, size: Any) -> Any:
        """Return a size at this run: what an expression comes to."""
        if not isinstance(size, Expression):
            return size
        found = self._cache.get(size)
        if found is None:
            found = self._cache[size] = size_at(size, self.symbols)
        return found

    # ── numbers of the file ──

    def source(self, value: Value, present: Sequence[bool]) -> Tensor:
        """Return numbers of the file as a tensor: a layer that has them as its parameters, where no other has."""
        shape = tuple([ax.now(dim) for dim, there in zip(value.dims, present, strict=True) if there])
        weight = value.weight
        if value.made is not None:
            value.made.bytes = 0  # this layer makes them
        owner = weight and self.charged.get(weight.same_as or weight.name)
        if weight is None or owner is not None or not (weight.learned or weight.counted):
            args: dict[str, Any] = {"shape": shape, "learned": False, "counted": False}
        else:
            args = {"shape": shape, "learned": weight.learned, "counted": True}
        tensor = self.apply("parameter", (), args, clean(weight.name) if weight else "constant")
        if any(ax.is_batch(dim) for dim in value.dims):
            self.tracer.storage[self.name(tensor)] = "each"
        if weight is not None and owner is None:
            self.charged[weight.same_as or weight.name] = self.name(tensor)
        return tensor

    def note(self, text: str) -> None:
        """Say something that whoever reads the figures must know."""
        self.tracer.notes[text] = None

    def name(self, tensor: Tensor) -> str:
        """Return the name of the layer that makes a tensor."""
        return self.tracer.nodes[tensor.index].name

    def apply(
        self, kind: str, tensors: Sequence[Tensor], args: Mapping[str, Any], name: str, shared: str | None = None
    ) -> Tensor:
        """Add a layer, with the defaults of its rule; an axis that is the one it would take anyway is not named."""
        defaults = _defaults(kind)
        bound = {**defaults, **args}
        axis = bound.get("axis")
        if axis is not None and "axis" in defaults and defaults["axis"] is None and tensors and tensors[0].shape:
            shape = tensors[0].shape
            if (
                type(axis) is int
                and axis % len(shape) == channel_axis(shape) % len(shape)
                and (kind != "linear" or len(shape) < 3)
            ):
                bound["axis"] = None
        return self.tracer.apply(kind, tuple(tensors), bound, name, shared)

    def unread(self) -> list[Weight]:
        """Return the parameters and buffers of the file that no layer has."""
        weights = self.program.weights.values() if self.program.unused else ()
        return [w for w in weights if w.counted and not w.same_as and w.sizes and w.name not in self.charged]

    def declare(self, weights: Sequence[Weight]) -> None:
        """Let parameters that nothing reads be layers that never run."""
        outer, self.tracer.runs = self.tracer.runs, 0
        for weight in weights:
            dims = ax.fixed([self.number(size) for size in weight.sizes])
            self.source(Value(dims, weight=weight), [True] * len(dims))
        self.tracer.runs = outer


def reads(program: Program) -> frozenset[str]:
    """Return the values that an operation reads, or that the network returns."""
    found = set(program.outputs)
    waiting: list[Sequence[Any]] = [program.records]
    while waiting:
        for record in waiting.pop():
            found.update(record.inputs)
            for branch in record.arguments.values():
                if hasattr(branch, "records"):
                    waiting.append(branch.records)
                    found.update(branch.outputs)
    return frozenset(found)


_DEFAULTS: dict[str, dict[str, Any]] = {}


def _defaults(kind: str) -> Mapping[str, Any]:
    if kind not in _DEFAULTS:
        arguments = RULES[kind].arguments.items()
        _DEFAULTS[kind] = {name: p.default for name, p in arguments if p.default is not inspect.Parameter.empty}
    return _DEFAULTS[kind]
