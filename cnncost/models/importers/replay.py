"""Runs the records of a file as a model: each is looked up in a format's translations and becomes layers of a traced graph.

Nothing is copied that a rule can work out: shapes come from the rules, at whatever size is asked for. What the file recorded
is the check: at the size of the export each layer's shape must be the file's, and a difference is a fault of ours that names
the layer. What has no rule is kept as an `opaque` layer: its cost is said to be uncounted, and no other size goes through it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from typing import Any

from cnncost.base.errors import AlgebraError, ModelError, UsageError
from cnncost.base.poly import Num, equal
from cnncost.graph.graph import Outputs, Tensor
from cnncost.models.importers import axes as ax
from cnncost.models.importers.axes import PinnedError, Stated
from cnncost.models.importers.call import UNRULED, Call, Translation
from cnncost.models.importers.records import Program, Record
from cnncost.models.importers.run import Run
from cnncost.models.importers.sizes import Expression
from cnncost.models.importers.values import Exported, Value
from cnncost.rules import show

LOOKS = ("reshape", "permute", "flatten", "expand", "squeeze", "unsqueeze", "select", "slice", "split")
FOLLOW = "export it with sizes that may change (dynamic_shapes of torch.export, dynamic axes of ONNX), or keep the file's size"


class Replay(Run):
    """One run of a program's records."""

    def __init__(
        self,
        program: Program,
        translations: Mapping[str, Translation],
        tensors: Mapping[str, Tensor],
        exported: Exported | None,
        assume: Sequence[str] = (),
        stated: dict[tuple[str, int], Stated] | None = None,
    ) -> None:
        self.translations = translations
        self.assumed = frozenset(_assumed(assume))
        super().__init__(program, tensors, exported, stated)

    def run(self, records: Sequence[Record]) -> None:
        """Run records in order. Raises ModelError, with the layer's name, for what cannot follow the size asked for."""
        for record in records:
            translation = self.translations.get(record.operation) or self.translations.get(record.operation.rstrip("_"))
            call = Call(self, record)
            start = len(self.tracer.nodes)
            try:
                if call.known and not (self.program.follows and translation is not None):
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
            if not nodes[index].inputs:
                continue
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
        if any(None in sizes for sizes in self.program.exported.values()):
            remedy = "sizes that the file leaves open may be fixed inside it: give those that it was exported with"
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

    def finish(self) -> Outputs:
        """Return what the network returns."""
        for text in self.program.notes:
            self.note(text)
        follow = len({name for (name, _), stated in self.stated.items() if stated.used is not None})
        if follow:
            who = "the stated size of 1 layer is" if follow == 1 else f"the stated sizes of {follow} layers are"
            self.note(f"{who} taken to follow the maps that they are joined with, without which the network does not run")
        if self.batch is not None and self.batch.was > 1:
            self.note(f"exported for {self.batch.was} examples at once; --batch {self.batch.was} gives the figures of the file")
        nodes = self.tracer.nodes
        for made in self.aside:
            name = nodes[min(made.before, len(nodes) - 1)].name
            self.tracer.aside[name] = self.tracer.aside.get(name, 0) + made.bytes
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
