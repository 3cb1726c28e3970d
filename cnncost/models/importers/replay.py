"""Runs the records of a file as a model: each is looked up in a format's translations and becomes layers of a traced graph.

Nothing is copied that a rule can work out: shapes come from the rules, at whatever size is asked for. What the file recorded
is the check: at the size of the export each layer's shape must be the file's, and a difference is a fault of ours that names
the layer. What has no rule is kept as an `opaque` layer: its cost is said to be uncounted, and no other size goes through it.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any, TypeAlias

from cnncost.base.errors import AlgebraError, ModelError, UsageError
from cnncost.base.poly import Num, equal
from cnncost.graph.graph import Outputs, Tensor, Tracer
from cnncost.models.importers import axes as ax
from cnncost.models.importers.axes import Atom, Axes, Axis, PinnedError
from cnncost.models.importers.inputs import batch_places, main_of
from cnncost.models.importers.naming import clean
from cnncost.models.importers.records import Program, Record, Ref, Weight
from cnncost.models.importers.sizes import Expression, size_at
from cnncost.models.importers.values import Exported, Value
from cnncost.rules import RULES, show
from cnncost.rules.shapes import channel_axis

Translation: TypeAlias = "Callable[[Call], Value | Sequence[Value | None]]"
UNRULED = "it has no rule"
LOOKS = ("reshape", "permute", "flatten", "expand", "squeeze", "unsqueeze", "select", "slice", "split")
FOLLOW = "export it with sizes that may change (dynamic_shapes of torch.export, dynamic axes of ONNX), or keep the file's size"


class Replay:
    """One run of a program on tensors of a tracer."""

    def __init__(
        self,
        program: Program,
        translations: Mapping[str, Translation],
        tensors: Mapping[str, Tensor],
        exported: Exported | None,
        assume: Sequence[str] = (),
    ) -> None:
        self.program = program
        self.translations = translations
        self.assumed = frozenset(_assumed(assume))
        self.tracer: Tracer = next(iter(tensors.values())).tracer
        self.exported = exported  # what all values were at the export; None: this run is at that size
        self.found = Exported({}, {})  # the same, found by this run
        self.values: dict[str, Value] = {}
        self.read = reads(program)  # the values that something reads
        self.charged: dict[str, str] = {}  # a weight: the layer that has it
        self.opaque: Counter[str] = Counter()
        self.symbols: dict[str, Num] = {}
        self._cache: dict[str, Num] = {}
        self.main = main_of(program)
        for name in sorted(program.inputs, key=lambda name: name != self.main):
            self._enter(name, program.inputs[name], tensors.get(name))
        for name, weight in program.weights.items():
            self.values[name] = Value(ax.fixed([self.number(size) for size in weight.sizes]), weight=weight)

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
            if place in places:
                dims.append((batch,))  # type: ignore[arg-type]  # there are places only where there is a batch
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

    # ── running ──

    def run(self, records: Sequence[Record]) -> None:
        """Run records in order. Raises ModelError, with the layer's name, for what cannot follow the size asked for."""
        for record in records:
            translation = self.translations.get(record.operation) or self.translations.get(record.operation.rstrip("_"))
            call = Call(self, record)
            start = len(self.tracer.nodes)
            try:
                if call.known and not getattr(translation, "always", False):
                    found: Any = call.constants()
                elif record.operation in self.assumed:
                    found = [call.operands[0]] * len(record.outputs)
                elif translation is None:
                    found = call.without_rule()
                else:
                    found = translation(call)
            except PinnedError as error:
                raise self._stuck(call, str(error), error.remedy) from None
            except AlgebraError as error:
                raise ModelError(f"layer '{record.name}' ({record.operation}): {error.message}", error.hint) from error
            except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
                fact = f"{type(error).__name__}: {error}"[:120]
                raise ModelError(
                    f"layer '{record.name}' ({record.operation}, {record.place}) cannot be read: {fact}",
                    "is the file damaged? if it is sound, please report it",
                ) from error
            values = [found] if isinstance(found, Value) else list(found)
            self._keep(record, values)
            if record.storage:
                self._say(record.storage, values, start)

    def _say(self, storage: str, values: Sequence[Value | None], start: int) -> None:
        """Note whose storage the layers of a record have; those that only look otherwise at what it reads are views."""
        nodes, known = self.tracer.nodes, self.tracer.storage
        made = {value.tensor.index for value in values if value is not None and value.tensor is not None}
        for index in range(start, len(nodes)):
            if index in made:
                known[nodes[index].name] = storage
            elif nodes[index].kind in LOOKS:
                known[nodes[index].name] = "view"
            else:
                known[nodes[index].name] = "new"

    def _stuck(self, call: Call, fact: str, known: str) -> ModelError:
        record = call.record
        what = f"layer '{record.name}' ({record.operation}"
        if known:
            return ModelError(f"{what}, {record.place}): {fact}", known)
        if self.exported is not None:
            return ModelError(f"{what}) cannot follow another size of the input: {fact}", FOLLOW)
        remedy = "is the file damaged? if it is sound, please report it"
        if fact.startswith(UNRULED):
            remedy = f"if it hands on its input, and costs nothing: --assume {record.operation}=identity"
        return ModelError(f"{what}, {record.place}): {fact}", remedy)

    def _keep(self, record: Record, found: Sequence[Value | None]) -> None:
        for place, (name, value) in enumerate(zip(record.outputs, found, strict=False)):
            if value is None or not name:
                continue
            self.values[name] = value
            sizes = self.found.sizes[name] = tuple(map(ax.was, value.dims))
            if value.content is not None:
                self.found.numbers[name] = list(value.content.values)
            recorded = record.shapes[place] if place < len(record.shapes) else None
            if recorded is None:
                continue
            stated = tuple(map(self.number, recorded))
            if self.exported is not None and any(isinstance(size, Expression) for size in recorded):
                sizes = tuple(map(ax.now, value.dims))
            if len(stated) != len(sizes) or any(
                isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(stated, sizes, strict=True)
            ):
                made = f"makes {show(sizes)}, and the file says {show(stated)}"
                raise ModelError(
                    f"layer '{record.name}' ({record.operation}, {record.place}) {made}",
                    "this is a fault of cnncost: please report it, with the file",
                )

    def branch(self, call: Call, branches: Sequence[Any]) -> list[Value]:
        """Run the branches of a condition in turn and keep the one with the most multiply-adds, which is said."""
        tracer = self.tracer
        costs: list[Num] = []
        failed: ModelError | None = None
        for side in branches:
            start, used, indices = len(tracer.nodes), dict(tracer.used), dict(tracer.indices)
            outer, charged, opaque = self.values, dict(self.charged), self.opaque.copy()
            self.values = {name: copy(value) for name, value in outer.items()}  # a trial leaves no trace
            try:
                self._side(call, side)
                costs.append(sum((node.cost.macs for node in tracer.nodes[start:]), start=0))
            except ModelError as error:  # of an input of this size the branch is not for
                failed = error
                costs.append(-1)
            del tracer.nodes[start:]
            tracer.used, tracer.indices = used, indices
            self.values, self.charged, self.opaque = outer, charged, opaque
        chosen = costs.index(max(costs))
        if failed is not None and equal(costs[chosen], -1):
            raise failed
        if len(costs) > 1:
            self.note(f"{call.record.name}: which branch runs depends on the data; the dearer one is counted")
        return self._side(call, branches[chosen])

    def _side(self, call: Call, side: Any) -> list[Value]:
        names = [name for name in call.record.inputs if name][-len(side.inputs) :] if side.inputs else []
        self.values.update({own: self.values[name] for own, name in zip(side.inputs, names, strict=True)})
        self.run(side.records)
        return [self.values[name] for name in side.outputs]

    # ── numbers of the file ──

    def source(self, value: Value, present: Sequence[bool]) -> Tensor:
        """Return numbers of the file as a tensor: a layer that has them as its parameters, where no other has."""
        shape = tuple([ax.now(dim) for dim, there in zip(value.dims, present, strict=True) if there])
        weight = value.weight
        owner = weight and self.charged.get(weight.same_as or weight.name)
        if weight is None or owner is not None or not (weight.learned or weight.counted):
            args: dict[str, Any] = {"shape": shape, "learned": False, "counted": False}
        else:
            args = {"shape": shape, "learned": weight.learned, "counted": True}
        tensor = self.apply("parameter", (), args, clean(weight.name) if weight else "constant")
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

    def finish(self) -> Outputs:
        """Return what the network returns."""
        for text in self.program.notes:
            self.note(text)
        if self.batch is not None and self.batch.was > 1:
            self.note(f"exported for {self.batch.was} examples at once; --batch {self.batch.was} gives the figures of the file")
        if self.opaque:
            shown = ", ".join(f"{op} ({count})" if count > 1 else op for op, count in self.opaque.most_common(5))
            layers = "layer has" if sum(self.opaque.values()) == 1 else "layers have"
            more = f" and {len(self.opaque) - 5} more types" if len(self.opaque) > 5 else ""
            self.note(f"not counted: {sum(self.opaque.values())} {layers} no rule: {shown}{more}")
        found = []
        for name in self.program.outputs:
            value = self.values.get(name)
            if value is not None and value.tensor is not None and value.tensor not in found:
                found.append(value.tensor)
        if not found:
            raise ModelError("nothing that the network returns depends on its input", "is it the whole file?")
        return found[0] if len(found) == 1 else tuple(found)


def _assumed(words: Sequence[str]) -> Iterator[str]:
    """Iterate over the operations that are taken for the identity, of words such as "foo=identity"."""
    for word in words:
        operation, _, what = word.partition("=")
        if what not in ("", "identity"):
            raise UsageError(
                f"--assume {word}: an operation of a graph stands for what it is, or for the identity", "write TYPE=identity"
            )
        yield operation


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


class Call:
    """A record at its run: its arguments as numbers and values, and how layers are made of it."""

    __slots__ = ("record", "replay")

    def __init__(self, replay: Replay, record: Record) -> None:
        self.replay = replay
        self.record = record

    # ── arguments ──

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument that is no tensor, its sizes worked out; the default where it is absent or none."""
        found = self._resolved(self.record.arguments.get(name))
        return default if found is None else found

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._resolved(part) for part in value]
        return self.replay.number(value)

    def value(self, *names: str) -> Value:
        """Return the value that the first of these arguments names. Raises LookupError where there is none."""
        found = self.optional(*names)
        if found is None:
            raise LookupError(f"it has no input {names[0]}")
        return found

    def optional(self, *names: str) -> Value | None:
        """Return the value that the first of these arguments names, if any does."""
        for name in names:
            argument = self.record.arguments.get(name)
            if isinstance(argument, Ref):
                return self.replay.values[argument]
        return None

    def several(self, name: str) -> list[Value]:
        """Return the values that a list names."""
        return [self.replay.values[part] for part in self.record.arguments[name] if isinstance(part, Ref)]

    @property
    def operands(self) -> list[Value]:
        """All values it reads, in order."""
        return [self.replay.values[name] for name in self.record.inputs if name]

    @property
    def known(self) -> bool:
        """Whether it computes on numbers of the program alone: no layer."""
        return all(value.known for value in self.operands)

    # ── layers ──

    def fit(self, value: Value, present: Sequence[bool] | None = None) -> Tensor:
        """Return a value as a tensor of exactly these axes of the file; others must have one index."""
        wanted = value.present if present is None else tuple(present)
        if value.tensor is None:
            value.tensor, value.present = self.replay.source(value, wanted), wanted
            return value.tensor
        if wanted == value.present:
            return value.tensor
        for dim, there, asked in zip(value.dims, value.present, wanted, strict=True):
            if there != asked and not ax.is_one(dim):
                raise PinnedError(f"an axis of {ax.now(dim)} has no place")
        shape = tuple([ax.now(dim) for dim, asked in zip(value.dims, wanted, strict=True) if asked])
        return self.replay.apply("reshape", (value.tensor,), {"to": shape}, f"{self.record.name}.reshape")

    def make(
        self,
        kind: str,
        tensors: Sequence[Tensor],
        args: Mapping[str, Any],
        dims: Sequence[Axis | None],
        present: Sequence[bool] | None = None,
        *,
        name: str | None = None,
        shared: str | None = None,
        output: int = 0,
        order: Sequence[int] | None = None,
    ) -> Value:
        """Add a layer and return its value; an axis that is None is new: what it was is looked up, what it is the rule says."""
        tensor = self.replay.apply(kind, tensors, args, name or self.record.name, shared)
        there = tuple(dim is None or not ax.is_batch(dim) for dim in dims) if present is None else tuple(present)
        return Value(self.measured(tensor, dims, there, output, order), tensor, there)

    def measured(
        self,
        tensor: Tensor,
        dims: Sequence[Axis | None],
        present: Sequence[bool],
        output: int = 0,
        order: Sequence[int] | None = None,
    ) -> Axes:
        """Return axes, the new ones as the tensor has them now and had them at the export.

        `order` says which axis of the file each of them is, where that is not the same.
        """
        sizes = iter(tensor.shape)
        before = self.replay.exported and self.replay.exported.sizes.get(self.record.outputs[output])
        if before and order is not None:
            before = tuple(before[axis] for axis in order)
        found: list[Axis] = []
        for place, (dim, there) in enumerate(zip(dims, present, strict=True)):
            size = next(sizes) if there else 1
            if dim is None:
                found.append(ax.axis(before[place] if before else size if isinstance(size, int) else 0, size))
            else:
                found.append(dim)
        return tuple(found)

    def same(self, kind: str, value: Value, args: Mapping[str, Any] | None = None) -> Value:
        """Add a layer that keeps the shape of its input."""
        return self.make(kind, (self.fit(value),), args or {}, value.dims, value.present)

    def weighted(
        self,
        kind: str,
        tensor: Tensor,
        args: Mapping[str, Any],
        slots: Mapping[str, Value | None],
        dims: Sequence[Axis | None],
        present: Sequence[bool] | None = None,
        order: Sequence[int] | None = None,
    ) -> Value:
        """Add a layer with weights, charged to it where no other layer has them; `slots` holds its weight and its bias."""
        given = {slot: value for slot, value in slots.items() if value is not None}
        plain = all(value.tensor is None and value.weight is not None for value in given.values())
        keys = [(value.weight.same_as or value.weight.name) for value in given.values() if value.weight is not None]
        owners = {self.replay.charged.get(key) for key in keys}
        learned = all(value.weight is not None and value.weight.learned for value in given.values())
        if plain and owners == {None}:
            made = self.make(kind, (tensor,), {**args, **({} if learned else {"learned": False})}, dims, present, order=order)
            assert made.tensor is not None
            self.replay.charged.update(dict.fromkeys(keys, self.replay.name(made.tensor)))
            return made
        if plain and len(owners) == 1 and (owner := next(iter(owners))) is not None:
            node = self.replay.tracer.nodes[self.replay.tracer.indices[owner]]
            if node.kind == kind and all(node.args.get(key) == args.get(key) for key in ("out", "kernel", "groups", "bias")):
                return self.make(kind, (tensor,), args, dims, present, shared=owner, order=order)
        # Some of the numbers belong to other layers, or the network works them out.
        weight, bias = slots["weight"], slots.get("bias")
        assert weight is not None
        own = [value for value in given.values() if self._own(value)]
        if "bias" in args and bias not in own:
            args = {**args, "bias": False}
        if weight in own or "weight" not in RULES[kind].optional:
            made = self.make(
                kind, (tensor,), {**args, **({} if weight in own else {"learned": False})}, dims, present, order=order
            )
        else:
            made = self.make(kind, (tensor, self.fit(weight, [True] * weight.rank)), args, dims, present, order=order)
        assert made.tensor is not None
        for value in own:
            assert value.weight is not None
            self.replay.charged[value.weight.same_as or value.weight.name] = self.replay.name(made.tensor)
        return made

    def _own(self, value: Value) -> bool:
        """Whether a value is learned numbers that no layer has yet."""
        weight = value.weight
        return (
            value.tensor is None
            and weight is not None
            and weight.learned
            and (weight.same_as or weight.name) not in self.replay.charged
        )

    def constants(self) -> list[Value]:
        """Return what it makes of numbers of the program: more of them, of the sizes that the file records."""
        found = []
        for place, name in enumerate(self.record.outputs):
            shape = self.record.shapes[place] if place < len(self.record.shapes) else None
            if shape is None:
                shape = self.replay.program.shapes.get(name)
            if shape is None:
                raise PinnedError(f"{UNRULED}, and the file does not record its shape")
            sizes = [self.replay.number(size) for size in shape]
            before = self.replay.exported.sizes.get(name) if self.replay.exported else None
            found.append(Value(tuple(ax.axis(before[i] if before else size, size) for i, size in enumerate(sizes))))
        return found

    def without_rule(self) -> list[Value]:
        """Keep an operation that has no rule: its name and the shape that the file records."""
        operands = self.operands
        moved = [dim for value in operands for dim in value.dims if not ax.is_batch(dim) and not ax.is_fixed(dim)]
        symbolic = any(isinstance(size, Expression) for shape in self.record.shapes for size in shape or ())
        if self.replay.exported is not None and moved and not symbolic:
            raise PinnedError(f"{UNRULED}, and its shape is known as exported only")
        self.replay.opaque[self.record.operation] += 1
        tensors = [self.fit(value) for value in operands if not value.known]
        batched = any(ax.is_batch(value.dims[0]) for value in operands if value.rank and value.tensor is not None)
        found: list[Value] = []
        for place, name in enumerate(self.record.outputs):
            shape = self.record.shapes[place] if place < len(self.record.shapes) else self.replay.program.shapes.get(name)
            if shape is None:
                if place == 0:
                    raise PinnedError(f"{UNRULED}, and the file does not record its shape")
                continue
            sizes = [self.replay.number(size) for size in shape]
            dims = (
                list(ax.fixed(sizes))
                if not self.replay.exported
                else [ax.axis(b, s) for b, s in zip(self.replay.exported.sizes[name], sizes, strict=True)]
            )
            first = next((value.dims[0] for value in operands if value.rank and ax.is_batch(value.dims[0])), None)
            if batched and dims and first is not None and (dims[0] == () or ax.was(dims[0]) == ax.was(first)):
                dims[0] = first
            kept = tuple(ax.now(dim) for dim in dims if not ax.is_batch(dim))
            found.append(self.make("opaque", tensors, {"op": self.record.operation, "to": kept}, dims, output=place))
        return found
