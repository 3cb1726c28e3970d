"""The inputs of a program: which is the first, where the batch stands in each, and what an example of them is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cnncost.base.errors import UsageError
from cnncost.models.importers.records import Program


def main_of(program: Program) -> str:
    """Return the input by whose first axis the batch is known. Raises UsageError where there is no tensor among the inputs."""
    main = next((name for name, sizes in program.exported.items() if len(sizes) > 1), next(iter(program.exported), None))
    if main is None:
        raise UsageError(f"'{program.name}' has no input that is a tensor", "is it a network?")
    return main


def batch_places(program: Program, main: str, name: str) -> frozenset[int]:
    """Return which axes of another input are the batch's: those called as in the main one, or a first one as large."""
    first, stated = program.inputs[main][0], program.inputs[name]
    was = first if type(first) is int else 1
    return frozenset(
        place
        for place, size in enumerate(stated)
        if (isinstance(size, str) and size == first)
        or (place == 0 and len(stated) > 1 and size in (was, None) and not isinstance(first, str))
    )


SEQUENTIAL: Mapping[
    str, Callable[[Mapping[str, Any]], bool]
] = {  # layers that run along an axis: whether that is the first one, by their arguments
    **dict.fromkeys(("LSTM", "GRU", "RNN"), lambda given: not given.get("layout")),
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), lambda given: not given.get("batch_first")),
}
HANDING = ("Cast", "Identity", "Dropout", "contiguous", "to", "_to_copy", "clone", "dropout")  # what they read on the way


def runs_along_the_first(program: Program, main: str) -> bool:
    """Whether a recurrent layer reads the main input, and its first axis is the sequence: then the batch is not the first."""
    same = {main}
    for record in program.records:
        if record.operation in HANDING and record.inputs and record.inputs[0] in same:
            same.update(record.outputs[:1])
        elif record.operation in SEQUENTIAL and record.inputs and record.inputs[0] in same:
            return SEQUENTIAL[record.operation](record.arguments)
    return False


def shapes_of(program: Program, batched: bool = True) -> dict[str, tuple[Any, ...]]:
    """Return the shapes of one example by the names of the inputs, None for a size that is not known; numbers have none."""
    main = main_of(program)
    shapes: dict[str, tuple[Any, ...]] = {}
    for name, sizes in program.exported.items():
        if name == main:
            shapes[name] = tuple(sizes[1:] if batched and len(sizes) > 1 else sizes)
            if not batched and type(program.inputs[name][0]) is str:  # a name: it was taken for a batch of one
                shapes[name] = (None, *sizes[1:])
            continue
        places = batch_places(program, main, name) if batched and len(program.exported[main]) > 1 else ()
        shapes[name] = tuple(size for place, size in enumerate(sizes) if place not in places)
    return {name: shape for name, shape in shapes.items() if shape}
