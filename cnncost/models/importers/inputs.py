"""The inputs of a program: which is the first, where the batch stands in each, and what an example of them is."""

from __future__ import annotations

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


def shapes_of(program: Program, batched: bool = True) -> dict[str, tuple[Any, ...]]:
    """Return the shapes of one example by the names of the inputs, None for a size that is not known; numbers have none."""
    main = main_of(program)
    shapes: dict[str, tuple[Any, ...]] = {}
    for name, sizes in program.exported.items():
        if name == main:
            shapes[name] = tuple(sizes[1:] if batched and len(sizes) > 1 else sizes)
            continue
        places = batch_places(program, main, name) if batched and len(program.exported[main]) > 1 else ()
        shapes[name] = tuple(size for place, size in enumerate(sizes) if place not in places)
    return {name: shape for name, shape in shapes.items() if shape}
