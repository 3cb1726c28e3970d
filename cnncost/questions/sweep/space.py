"""Design spaces: ordered products of axes. A candidate is an index, a chunk a range of indices; neither is ever a list."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args, get_type_hints

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.units import whole_number
from cnncost.models.model import Model

Role = Literal["structure", "column", "size", "batch"]
LARGEST_SPACE = 2**63 - 1  # of which a candidate's index is still an int64


@dataclass(frozen=True, slots=True)
class Axis:
    """One setting and the values it takes.

    Its role says how candidates differ along it: a "column" of sizes, the "size" of the input or the "batch" run together as
    an array; "structure" decides which layers there are.
    """

    name: str  # a setting, an entry of one ("depths.2"), "size" or "batch"
    values: range | tuple[Any, ...]
    role: Role

    @property
    def whole(self) -> bool:
        """Whether all values are whole numbers."""
        return isinstance(self.values, range) or all(type(value) is int for value in self.values)


@dataclass(frozen=True, slots=True)
class Space:
    """The product of all axes over one model; the last axis runs fastest."""

    model: Model
    axes: tuple[Axis, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis takes."""
        return tuple(len(axis.values) for axis in self.axes)

    @property
    def size(self) -> int:
        """The number of candidates."""
        return math.prod(self.shape)

    def values(self, index: int) -> dict[str, Any]:
        """Return the settings of one candidate, by axis."""
        found: dict[str, Any] = {}
        for axis in reversed(self.axes):
            index, place = divmod(index, len(axis.values))
            found[axis.name] = axis.values[place]
        return {axis.name: found[axis.name] for axis in self.axes}

    def configured(self, values: Mapping[str, Any]) -> tuple[Model, Any]:
        """Return the model with some axes at the given values (numbers, columns or letters), and the batch among them, or 1."""
        model = self.model
        settings: dict[str, Any] = {}
        for axis in self.axes:
            if axis.role in ("size", "batch") or axis.name not in values:
                continue
            base, dot, place = axis.name.partition(".")
            value = values[axis.name]
            if dot:
                now = settings.get(base, model.values[base])
                value = (*now[: int(place)], value, *now[int(place) + 1 :])
            settings[base] = value
        model = model.with_settings(**settings)
        if "size" in values and any(axis.role == "size" for axis in self.axes):
            shape = model.shape
            assert shape is not None
            model = replace(model, input=(shape[0], values["size"], values["size"]))
        batch = values["batch"] if any(axis.role == "batch" for axis in self.axes) and "batch" in values else 1
        return model, batch


def axis(model: Model, text: str) -> Axis:
    """Return the axis that `NAME=VALUES` describes: `width=16:512:8`, `cardinality=1,2,4`, `block=basic,bottleneck`.

    A range runs from its first number to its last, both included. The values of a setting that is itself a list are
    separated by `|`. `size` is the height and width of the input and `batch` the examples at once, unless the model has
    settings of these names. Raises UsageError for anything else.
    """
    name, equals, listed = (part.strip() for part in text.partition("="))
    if not equals or not listed:
        raise UsageError(
            f"--over '{text}' names no values", "write NAME=VALUES, as in width=16:512:8 or block=basic,bottleneck"
        )
    base = name.partition(".")[0]
    if name in ("size", "batch") and name not in model.parameters:
        if name == "size" and (model.shape is None or len(model.shape) != 3):
            raise UsageError(f"--over {name}: {model.name} reads no C×H×W map by itself", "give one: --input C,H,W")
        return Axis(name, _numbers(listed, name, 1), "size" if name == "size" else "batch")
    if base not in model.parameters:
        known = (*model.parameters, "size", "batch")
        raise UsageError(f"{model.name} has no setting '{base}'", did_you_mean(base, known, f"axes: {', '.join(known)}"))
    kind = _kind(model, name)
    numbers = kind is Any or kind is int
    if numbers and re.fullmatch(r"[-+0-9_:,\s]+", listed):
        values: range | tuple[Any, ...] = _numbers(listed, name, 0)
        model.set([f"{name}={values[0]}"])  # refuses an entry that there is not
        return Axis(name, values, "column" if kind is Any else "structure")
    parts = listed.split("|" if isinstance(model.values[base], tuple) and "." not in name else ",")
    chosen = tuple(_value(model.set([f"{name}={part.strip()}"]), name) for part in parts)
    if len(set(chosen)) < len(chosen):
        raise UsageError(f"--over {name}: a value comes twice in '{listed}'", "name each value once")
    return Axis(name, chosen, "structure")


def space(model: Model, axes: Sequence[str | Axis]) -> Space:
    """Return the space of a model over axes given as text or ready-made. Raises UsageError where they clash."""
    found = [axis(model, given) if isinstance(given, str) else given for given in axes]
    if not found:
        raise UsageError("nothing to sweep over", "name an axis: --over width=16:512:8")
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"--over names '{name}' twice", "give all its values at once: 16:64:16,128,256")
        if "." in name and name.partition(".")[0] in names:
            raise UsageError(f"--over names both '{name.partition('.')[0]}' and '{name}'", "vary the whole list or its entries")
    # structure outermost: the candidates of a chunk then share it
    found.sort(key=lambda one: one.role != "structure")
    return Space(model, tuple(found))


def _numbers(listed: str, name: str, low: int) -> range | tuple[int, ...]:
    """Return the numbers of `16:512:8`, `1,2,4` or both mixed: a range where they are evenly spaced."""
    values: list[range] = []
    for part in listed.split(","):
        ends = [whole_number(word, f"--over {name}={listed}", low) for word in part.split(":")]
        if len(ends) > 3:
            raise UsageError(f"--over {name}: '{part}' has {len(ends)} numbers", "write FIRST:LAST or FIRST:LAST:STEP")
        first, last, step = ends[0], ends[1] if len(ends) > 1 else ends[0], ends[2] if len(ends) > 2 else 1
        if step < 1 or last < first:
            raise UsageError(f"--over {name}: '{part}' holds no number", "write FIRST:LAST:STEP, upwards")
        values.append(range(first, last + 1, step))
    if len(values) == 1:
        return values[0]
    if sum(map(len, values)) > 10**7:
        raise UsageError(f"--over {name}: more than 10^7 numbers that are no single range", "write one range: FIRST:LAST:STEP")
    listed_values = tuple(number for numbers in values for number in numbers)
    if len(set(listed_values)) < len(listed_values):
        raise UsageError(f"--over {name}: a value comes twice in '{listed}'", "name each value once")
    return listed_values


def _kind(model: Model, name: str) -> Any:
    """Return the type of a setting or of its entry: Any for sizes, int for what counts layers."""
    base, dot, _ = name.partition(".")
    now = model.values[base]
    try:
        kind = get_type_hints(model.function).get(base)
    except NameError:  # an annotation of a model of one's own that cannot be resolved says nothing
        kind = None
    if kind is None:
        first = now[0] if dot and isinstance(now, tuple) and now else now
        return Any if type(first) is int else type(first)
    options = [option for option in get_args(kind) if option is not type(None)]
    if dot:
        return options[0] if options else Any
    return options[0] if type(None) in get_args(kind) and len(options) == 1 else kind


def _value(model: Model, name: str) -> Any:
    base, dot, place = name.partition(".")
    value = model.values[base]
    return value[int(place)] if dot else value
