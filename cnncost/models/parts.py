"""Parts of a model as models: `resnet50` up to `layer4`, VGG from a layer on, any network without its head."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from cnncost.base.errors import ModelError, UsageError
from cnncost.base.poly import Num
from cnncost.base.record import dataclass
from cnncost.graph.graph import INPUT, Graph, Tensor, trace
from cnncost.graph.part import Part, part, written
from cnncost.models.settings import hints

Model: TypeAlias = Any  # `cnncost.models.model.Model`, which imports this module


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a part begins and ends: layers or scopes by name, both with them."""

    start: str | None = None
    until: str | tuple[str, ...] | None = None
    head: bool = True

    def __bool__(self) -> bool:
        return self != Cut()

    def __str__(self) -> str:
        until = self.until if isinstance(self.until, str) else ", ".join(self.until or ())
        words = (
            f"from {self.start}" if self.start else "",
            f"until {until}" if until else "",
            "" if self.head else "without head",
        )
        return " ".join(filter(None, words))

    def of(self, graph: Graph) -> Part:
        """Return the part of a graph. Raises UsageError for names that it has not."""
        return part(graph, self.start, self.until, self.head)


class Partial:
    """The model function of a part of a model; its settings are the model's."""

    def __init__(self, model: Model, cut: Cut) -> None:
        self.model, self.cut = model, cut
        tensors = inspect.Parameter(INPUT, inspect.Parameter.VAR_POSITIONAL)
        declared = [
            inspect.Parameter(p.name, p.KEYWORD_ONLY, default=p.default, annotation=types.get(p.name, p.annotation))
            for types in (hints(model.function),)
            for p in inspect.signature(model.function).parameters.values()
            if p.name in model.declared
        ]
        self.__signature__ = inspect.Signature([tensors, *declared])
        self.__annotations__ = {p.name: p.annotation for p in declared if p.annotation is not p.empty}
        self.__name__ = model.name

    def __reduce__(self) -> tuple[Any, ...]:
        return Partial, (self.model, self.cut)

    def __call__(self, *xs: Tensor, **settings: Any) -> Tensor | tuple[Tensor, ...]:
        """Write the part into the network of the tensors. Raises ModelError where it does not fit them."""
        found = self.cut.of(self.graph(settings, xs))
        if len(found.inputs) != len(xs):
            raise ModelError(f"{self.model.name} {self.cut} reads {len(found.inputs)} tensors, got {len(xs)}")
        made = written(found, xs)
        outputs = tuple(made[index] for index in found.outputs)
        return outputs[0] if len(outputs) == 1 else outputs

    def graph(self, settings: Mapping[str, Any], xs: Sequence[Tensor] = ()) -> Graph:
        """Return the whole model's graph: on tensors as large as these, where the part begins with the model."""
        model = replace(self.model, settings=settings)
        if self.cut.start is not None or not xs:
            found: Graph = model.trace()
            return found
        names = [*model.inputs] or [INPUT]
        if len(names) != len(xs):
            raise ModelError(f"{model.name} reads {len(names)} inputs ({', '.join(names)}), got {len(xs)}")
        shapes = {name: x.shape for name, x in zip(names, xs, strict=True)}
        return trace(model.function, shapes if len(shapes) > 1 else xs[0].shape, model.name, **settings)

    def input(self, settings: Mapping[str, Num]) -> Any:
        """Return what the part reads where it begins inside the model."""
        usual = replace(self.model, settings={}).values
        graph = self.graph({name: value for name, value in settings.items() if value is not usual.get(name)})
        found = [graph.nodes[index] for index in self.cut.of(graph).inputs]
        return found[0].cost.shape if len(found) == 1 else {node.name.replace(".", "_"): node.cost.shape for node in found}


def partial(model: Model, cut: Cut) -> Model:
    """Return a part of a model as a model. Raises UsageError for a layer that it does not have, where its input is known."""
    if not cut:
        return model
    function = Partial(replace(model, expect=None, quantised=None, fold=()), cut)
    inputs = model.inputs
    known = bool(inputs) and all(shape is not None and None not in shape for shape in inputs.values())
    if known:
        cut.of(model.trace())
    elif cut.start is not None:
        raise UsageError(f"{model.name} has no input size of its own", "give one: --input 3,224,224")
    return replace(
        model,
        name=f"{model.name} {cut}",
        function=function,
        input=model.input if cut.start is None else function.input,
        expect=None,
    )
