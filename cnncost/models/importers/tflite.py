"""TensorFlow Lite models: the operators of a file's main graph, applied by rules; every shape that it records must come out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import Any

from cnncost.base.errors import CostError, ModelError
from cnncost.base.units import DTYPES
from cnncost.graph.graph import Tensor
from cnncost.models.importers import Data
from cnncost.models.importers.assume import Assumptions, assumptions
from cnncost.models.importers.rotation import Rotated, file_shape
from cnncost.models.importers.text import as_input, as_stated, counted, require_inputs, say_growth
from cnncost.models.importers.tflite_call import Call
from cnncost.models.importers.tflite_file import MAGIC, TYPES, Operator, Program, Variable, program
from cnncost.models.importers.tflite_layers import TRANSLATIONS
from cnncost.models.model import Model
from cnncost.rules import show

PASSED_ON = ("DEQUANTIZE", "DENSIFY", "QUANTIZE", "CAST")  # a constant behind one of them is the constant itself


def is_mine(data: Data) -> bool:
    """Whether a file is a TensorFlow Lite model.

    >>> is_mine(b"\\x1c\\0\\0\\0TFL3\\0\\0"), is_mine(b"PK")
    (True, False)
    """
    return data[4:8] == MAGIC


def read(data: Data, name: str) -> Model:
    """Return the model in a .tflite file. Raises UsageError where the file is damaged."""
    found = program(data, name)
    inputs: dict[str, Any] = {}
    rotated = []
    for number in found.inputs:
        variable = found.variables[number]
        shape = variable.shape[1:]
        rotated.append(len(shape) > 2)
        label = variable.name or f"input_{number}"
        inputs[label if label not in inputs else f"{label}_{number}"] = (shape[-1], *shape[:-1]) if len(shape) > 2 else shape
    own = as_input(inputs)

    def run(*xs: Tensor, assume: tuple[str, ...] = ()) -> tuple[Tensor, ...]:
        require_inputs(xs, inputs)
        assumed = assumptions(assume)
        state: Rotated = dict(zip((x.index for x in xs), rotated, strict=True))
        made = replay(found, xs, state, assumed, own=not assume and as_stated(xs, inputs.values()))
        assumed.say(xs[0])
        _say_type(xs[0], found)
        say_growth(xs, own, partial(run, assume=assume))
        return tuple({tensor.index: tensor for tensor in made}.values())

    return Model(name, run, own, family="tflite", source=f"{name}, a model of TensorFlow Lite")


def _say_type(x: Tensor, found: Program) -> None:
    """Say as what the weights are stored where it is not what tables count."""
    weights = [v for v in found.variables if v.constant and len(v.shape) > 1]
    stored = max(weights, key=_count, default=None)
    kind = TYPES.get(stored.type, "") if stored else ""
    if kind != "float32" and kind in DTYPES:
        x.note(f"the weights are stored as {kind}: --dtype {kind} counts their bytes so")


def _count(variable: Variable) -> int:
    return prod(size or 1 for size in variable.shape)


def replay(found: Program, xs: Sequence[Tensor], rotated: Rotated, assumed: Assumptions, own: bool = False) -> list[Tensor]:
    """Apply the operators and return the outputs. Raises ModelError with the operator's number and name.

    What is not known is cut at the end, where nothing with weights hangs behind it, and refused otherwise.
    """
    tensors = dict(zip(found.inputs, xs, strict=True))
    variables = list(found.variables)
    lost: dict[int, Operator] = {}  # what is not made, and the unknown operator it hangs behind
    unknown: list[Operator] = []
    behind: list[tuple[Operator, Operator]] = []
    made: list[Tensor] = []
    for op in found.operators:
        cause = next((lost[number] for number in op.inputs if number in lost), None)
        constant = all(number < 0 or (number not in tensors and variables[number].constant) for number in op.inputs)
        if op.name in PASSED_ON and constant and op.inputs and cause is None:
            source = variables[op.inputs[0]]
            target = variables[op.outputs[0]]
            variables[op.outputs[0]] = Variable(target.name, source.shape, source.type, True, source.values)
            continue
        if op.name in assumed and cause is None and not constant:
            first = next(tensors[number] for number in op.inputs if number in tensors)
            outputs = [assumed.apply(op.name, first, op.path)] * len(op.outputs)
            rotated.setdefault(outputs[0].index, rotated.get(first.index, False))
        elif op.name not in TRANSLATIONS or cause is not None:
            (unknown.append(op) if cause is None else behind.append((op, cause)))
            lost.update(dict.fromkeys(op.outputs, cause or op))
            continue
        else:
            outputs = _apply(op, variables, tensors, rotated)
        for number, tensor in zip(op.outputs, outputs, strict=False):
            tensors[number] = tensor
            rotated.setdefault(tensor.index, rotated.get(outputs[0].index, False))
            if own:
                _check(op, variables[number], tensor, rotated)
        made += outputs
    _judge(unknown, behind, variables, xs[0], made)
    ends = [tensors[number] for number in found.outputs if number in tensors]
    read_by = {index for node in xs[0].tracer.nodes for index in node.inputs}
    return ends or [tensor for tensor in made if tensor.index not in read_by] or made[-1:]


def _apply(op: Operator, variables: Sequence[Variable], tensors: dict[int, Tensor], rotated: Rotated) -> list[Tensor]:
    try:
        call = Call(op, variables, tensors, rotated)
        if not call.live:
            raise ValueError("it reads constants alone")
        made = TRANSLATIONS[op.name](call)
    except (CostError, ValueError) as error:
        raise ModelError(f"{op.place}: {getattr(error, 'message', error)}", getattr(error, "hint", "")) from None
    if isinstance(made, Tensor):
        rotated.setdefault(made.index, rotated.get(call.live[0].index, False))
        return [made]
    return list(made)


def _check(op: Operator, recorded: Variable, made: Tensor, rotated: Rotated) -> None:
    """Raise ModelError where the rules make another shape than the file records."""
    ours = file_shape(rotated, made)
    sizes = recorded.shape[1:]
    if recorded.shape and (len(sizes) != len(ours) or any(s not in (None, o) for s, o in zip(sizes, ours, strict=True))):
        says = "×".join("…" if size is None else str(size) for size in sizes)
        raise ModelError(
            f"{op.place}: the file says that it makes {says or 'a number'}, by the rules it is {show(ours)}",
            "is the file whole? If TensorFlow Lite runs it, please report it",
        )


def _judge(
    unknown: Sequence[Operator],
    behind: Sequence[tuple[Operator, Operator]],
    variables: Sequence[Variable],
    x: Tensor,
    made: Sequence[Tensor],
) -> None:
    """Say what is not counted, or refuse: an operator that is not known must not hide what others cost."""

    def weighs(op: Operator) -> bool:
        return any(
            n >= 0 and variables[n].constant and variables[n].values is None and _count(variables[n]) > 1 for n in op.inputs
        )

    inside = next((cause for op, cause in behind if weighs(op)), None) or next((op for op in unknown if weighs(op)), None)
    if inside is not None or not made:
        op = inside or (unknown[0] if unknown else None)
        if op is None:
            raise ModelError("the file has no operator that reads its input", "is it whole?")
        name = op.name.removeprefix("CUSTOM:")
        if "edgetpu" in name:
            raise ModelError(
                "it is compiled for an Edge TPU: one operation, in which the layers cannot be seen",
                "give the file before edgetpu_compiler",
            )
        raise ModelError(
            f"{op.place} is not known, and operators with weights follow it or it has weights itself",
            f"if it keeps its input's shape and costs nothing: --assume {op.name}=identity",
        )
    rest = [op.name.removeprefix("CUSTOM:") for op in (*unknown, *(op for op, _ in behind))]
    if rest:
        x.note(f"not counted: {counted(rest)}")
