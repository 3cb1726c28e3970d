"""One record at its run: its arguments as numbers and values, and how layers are made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from cnncost.graph.graph import Tensor
from cnncost.models.importers import axes as ax
from cnncost.models.importers.axes import Axes, Axis, PinnedError, Stated
from cnncost.models.importers.records import Record, Ref
from cnncost.models.importers.run import Run
from cnncost.models.importers.sizes import Expression
from cnncost.models.importers.values import Made, Value
from cnncost.rules import RULES

Translation: TypeAlias = "Callable[[Call], Value | Sequence[Value | None]]"
UNRULED = "it has no rule"


class Call:
    """A record at its run: its arguments as numbers and values, and how layers are made of it."""

    __slots__ = ("record", "replay")

    def __init__(self, replay: Run, record: Record) -> None:
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

    def stated(self, x: Value, axis: int, size: int, fact: str) -> Axis:
        """Return an axis of an output as long as the file states, at another size of the input as long as joins demand."""
        replay = self.replay
        free = x.tensor is None or replay.tracer.nodes[x.tensor.index].kind == "parameter"
        if replay.exported is None or free:
            return ax.axis(size, size)
        where = f"layer '{self.record.name}' ({self.record.operation}) cannot follow another size of the input"
        found = replay.stated.setdefault((self.record.outputs[0], axis), Stated(f"{where}: {fact}"))
        return ax.axis(size, found.used) if found.used is not None else (ax.Atom(size, size, False, found),)

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
        record = self.record
        made = self.operands[0].made if record.storage in ("view", "in place") and self.operands else None
        if record.storage == "new" and record.bytes:
            made = Made(record.bytes, len(self.replay.tracer.nodes))
            self.replay.aside.append(made)
        for place, name in enumerate(self.record.outputs):
            shape = self.record.shapes[place] if place < len(self.record.shapes) else None
            if shape is None:
                shape = self.replay.program.shapes.get(name)
            if shape is None:
                raise PinnedError(f"{UNRULED}, and the file does not record its shape")
            sizes = [self.replay.number(size) for size in shape]
            before = self.replay.exported.sizes.get(name) if self.replay.exported else None
            dims = tuple(ax.axis(before[i] if before else size, size) for i, size in enumerate(sizes))
            found.append(Value(dims, made=made))
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
