"""Inputs and attributes of ONNX operators. Inputs stand by their place; attributes became inputs over time."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from cnncost.models.importers import axes as ax
from cnncost.models.importers.axes import PinnedError
from cnncost.models.importers.call import Call
from cnncost.models.importers.onnx_folding import Numbers
from cnncost.models.importers.onnx_tensors import SMALL
from cnncost.models.importers.values import Value


def given(call: Call, place: int) -> Value | None:
    """Return the input at a place, if there is one."""
    inputs = call.record.inputs
    return call.replay.values[inputs[place]] if place < len(inputs) and inputs[place] else None


def needed(call: Call, place: int = 0) -> Value:
    """Return the input at a place. Raises LookupError where there is none."""
    found = given(call, place)
    if found is None:
        raise LookupError(f"it has no input {place + 1}")
    return found


def attribute(call: Call, name: str, default: Any = None) -> Any:
    """Return an attribute, or its default."""
    found = call.record.arguments.get(name)
    return default if found is None or found == [] else found


def numbers(value: Value | None) -> Numbers | None:
    """Return the numbers of a value, where they are few and known."""
    if value is None:
        return None
    if value.content is None and value.tensor is None and value.weight is not None and value.weight.numbers is not None:
        sizes = value.weight.sizes
        if math.prod(sizes) <= SMALL and tuple(map(ax.was, value.dims)) == tuple(sizes):
            found = value.weight.numbers()
            value.content = None if found is None else Numbers(tuple(found), tuple(sizes))
    content: Numbers | None = value.content
    return content


def listed(call: Call, name: str, place: int) -> list[Any] | None:
    """Return whole numbers that are an attribute or an input. Raises PinnedError where the input is not known."""
    if name and name in call.record.arguments:
        return list(attribute(call, name, []))
    value = given(call, place)
    if value is None:
        return None
    found = numbers(value)
    if found is None:
        raise PinnedError(f"its input {place + 1} is worked out from the data, so its size is not known")
    return [int(n) if isinstance(n, float) else n for n in found.values]


def before(call: Call, place: int) -> list[Any] | None:
    """Return what the numbers of an input were at the export; None while it runs at that size."""
    exported = call.replay.exported
    inputs = call.record.inputs
    if exported is None or place >= len(inputs):
        return None
    return exported.numbers.get(inputs[place])


def learned(value: Value) -> Value:
    """Return numbers of the file as learned ones: quantised weights are integers."""
    if value.weight is None or value.tensor is not None:
        return value
    return Value(value.dims, weight=replace(value.weight, learned=True, counted=True))


def plain(value: Value) -> Value:
    """Return a single number of the file as one of the program: a bound, an epsilon, a factor."""
    one = value.tensor is None and all(dim == () for dim in value.dims)
    return Value(value.dims, content=value.content) if one else value
