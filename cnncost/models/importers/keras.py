"""Keras models: the calls of a file's layers in an order in which all they read is there, applied by rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from cnncost.base.errors import CostError, ModelError
from cnncost.graph.graph import Tensor
from cnncost.models.importers import Data
from cnncost.models.importers.assume import assumptions
from cnncost.models.importers.keras_call import Applied, Layer, Ref, State
from cnncost.models.importers.keras_file import (
    MODELS,
    Json,
    Network,
    architecture,
    channels_first,
    is_mine,
    manifest,
    network,
    read_by_windows,
    tensors_of,
)
from cnncost.models.importers.keras_layers import TRANSLATIONS, Translation, unchanged
from cnncost.models.importers.keras_operations import operation
from cnncost.models.importers.rotation import file_shape
from cnncost.models.importers.text import as_input, as_stated, require_inputs, say_buffers, say_growth
from cnncost.models.model import Model
from cnncost.rules import show

__all__ = ["is_mine", "read", "replay"]

MOST_CALLS = 200_000  # of layers; the largest seen has 1,039


def read(data: Data, name: str) -> Model:
    """Return the model in a file of Keras. Raises UsageError for one without an architecture that can be read."""
    found = architecture(data, name)
    net = network(found, name)
    last = not channels_first(found)
    rotated = [
        last and shape is not None and (len(shape) > 2 or (len(shape) == 2 and read_by_windows(net, number)))
        for number, shape in enumerate(net.shapes)
    ]
    shapes = {
        ref.layer or "input": (shape[-1], *shape[:-1]) if shape and turn else shape
        for ref, shape, turn in zip(net.inputs, net.shapes, rotated, strict=True)
    }
    own = as_input(shapes)
    listed = manifest(data)

    def run(*xs: Tensor, assume: tuple[str, ...] = ()) -> tuple[Tensor, ...]:
        require_inputs(xs, shapes)
        state = State(assumptions(assume), own=not assume and as_stated(xs, shapes.values()))
        state.rotated.update(zip((x.index for x in xs), rotated, strict=True))
        outputs = replay(net, xs, state)
        state.say(xs[0])
        say_buffers(xs[0], "Keras")
        if state.own and listed is not None and listed != (counted := _numbers(xs[0])):
            xs[0].note(f"the file lists {listed:,} numbers of weights, {counted:,} are counted")
        say_growth(xs, own, partial(run, assume=assume))
        return tuple({tensor.index: tensor for tensor in outputs}.values())

    return Model(name, run, own, family="keras", source=f"{name}, a model of Keras")


def _numbers(x: Tensor) -> int:
    return sum(node.cost.params + node.cost.buffers for node in x.tracer.nodes)


def replay(net: Network, inputs: Sequence[Tensor], state: State) -> list[Tensor]:
    """Apply a model to its inputs and return its outputs. Raises ModelError with the layer's name and class."""
    if net.sequential:
        made = [inputs[0]]
        before = net.layers[0][0]
        for number, (layer, _, inner) in enumerate(net.layers):
            if state.own and Ref("", number, 0) in net.recorded:
                _check(before, made[0], net.recorded[Ref("", number, 0)], state)
            if layer.kind != "InputLayer":
                made = _apply(layer, inner, [made[0]], {}, state)
            before = layer
        return made
    if len(inputs) != len(net.inputs):
        raise ModelError(f"a model with {len(net.inputs)} inputs is called with {len(inputs)}", "is the file whole?")
    values: dict[Ref, Tensor] = dict(zip(net.inputs, inputs, strict=True))
    waiting: dict[Ref, list[int]] = {}  # calls by a tensor that they wait for
    calls = [
        (layer, number, call, inner)
        for layer, uses, inner in net.layers
        if layer.kind != "InputLayer"
        for number, call in enumerate(uses)
    ]
    ready = list(range(len(calls) - 1, -1, -1))
    done = 0
    while ready:
        index = ready.pop()
        layer, number, call, inner = calls[index]
        lacking = next((ref for ref in tensors_of(call) if ref not in values), None)
        if lacking is not None:
            waiting.setdefault(lacking, []).append(index)
            continue
        done += 1
        made = _apply(
            layer, inner, _resolved(call.arguments, values), {k: _resolved(v, values) for k, v in call.named.items()}, state
        )
        for place, tensor in enumerate(made):
            ref = Ref(layer.name, number, place)
            values[ref] = tensor
            if state.own and ref in net.recorded:
                _check(layer, tensor, net.recorded[ref], state)
            ready += sorted(waiting.pop(ref, ()), reverse=True)
    missing = next((ref for ref in net.outputs if ref not in values), None)
    if missing is None:
        return [values[ref] for ref in net.outputs]
    stuck = next(iter(waiting), missing)
    raise ModelError(
        f"nothing makes the tensor that layer '{stuck.layer[:60]}' gives out (call {stuck.node}, {stuck.tensor})",
        "is the file whole?",
    )


def _check(layer: Layer, made: Tensor, recorded: Sequence[int | None], state: State) -> None:
    """Raise ModelError where the rules make another shape of a layer than the file records."""
    ours = file_shape(state.rotated, made)
    if len(ours) != len(recorded) or any(size not in (None, known) for size, known in zip(recorded, ours, strict=True)):
        says = "×".join("…" if size is None else str(size) for size in recorded)
        raise ModelError(
            f"layer '{layer.name}' ({layer.kind}): the file says that it makes {says}, by the rules it is {show(ours)}",
            "has the file been changed by hand? If Keras wrote it so, please report it",
        )


def _resolved(value: Json, values: Mapping[Ref, Tensor]) -> Json:
    if isinstance(value, Ref):
        return values.get(value)
    if isinstance(value, list):
        return [_resolved(part, values) for part in value]
    return {key: _resolved(part, values) for key, part in value.items()} if isinstance(value, dict) else value


def _apply(layer: Layer, inner: Network | None, arguments: list[Json], named: dict[str, Json], state: State) -> list[Tensor]:
    state.calls += 1
    if state.calls > MOST_CALLS:  # models in models, each called twice, are no longer than their file, but take for ever
        raise ModelError(f"its layers are called more than {MOST_CALLS:,} times", "networks are smaller")
    if layer.kind == "TimeDistributed" and inner is None:
        inner = _at_each_step(layer, state)
    try:
        applied = Applied(layer, arguments, named, state)
        if inner is not None:
            with applied.x.scope(layer.path):
                return replay(inner, applied.tensors, state)
        made = translation(applied)(applied)
    except (CostError, ValueError) as error:
        place = f"layer '{layer.name}' ({layer.kind})"
        raise ModelError(f"{place}: {getattr(error, 'message', error)}", getattr(error, "hint", "")) from None
    outputs = [made] if isinstance(made, Tensor) else list(made)
    for tensor in outputs:
        state.rotated.setdefault(tensor.index, state.rotated.get(applied.x.index, False))
    return outputs


def _at_each_step(layer: Layer, state: State) -> Network | None:
    """Return the model that a TimeDistributed applies at each step, layer by layer; None where it is a layer."""
    entry = layer.config.get("layer")
    if not isinstance(entry, dict) or entry.get("class_name") not in MODELS:
        return None
    if layer not in state.models:

        def stepwise(net: Network) -> Network:
            layers = []
            for one, calls, inner in net.layers:
                if inner is None and one.kind != "InputLayer":
                    whole = {"class_name": one.kind, "module": one.module, "config": one.config}
                    one = Layer(one.name, "TimeDistributed", "", "", {"layer": whole})
                layers.append((one, calls, stepwise(inner) if inner else None))
            return replace(net, layers=tuple(layers))

        state.models[layer] = stepwise(network(entry, layer.name))
    found: Network = state.models[layer]
    return found


HOME = ("keras", "tensorflow", "tf_keras", "")  # packages whose classes the table means


def translation(call: Applied) -> Translation:
    """Return what a layer is in rules. Raises ModelError, with the layer's name and class, for one that is not known."""
    layer = call.layer
    if layer.kind in call.state.assumed:
        return lambda call: call.state.assumed.apply(layer.kind, call.x, call.name)
    package, custom, _ = layer.registered.rpartition(">")
    home = layer.module.split(".")[0] in HOME and (not custom or package in HOME)
    found = operation(layer) if home else None
    if found is None and home:
        found = TRANSLATIONS.get(layer.kind) or (unchanged if layer.kind.startswith("Random") else None)
    if found is None:
        kind = layer.kind[:60]
        why = (
            "what it computes is byte code, which is never run or decoded"
            if kind == "Lambda"
            else "no layer that is known here"
            if home and not layer.registered
            else "a class of somebody's own, whose weights the file does not tell"
        )
        raise ModelError(
            f"layer '{layer.name[:60]}' is a {kind}: {why}",
            f"if it keeps its input's shape and costs nothing: --assume {kind}=identity",
        )
    return found
