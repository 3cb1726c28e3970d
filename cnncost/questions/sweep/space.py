"""Design spaces: ordered products of axes. A candidate is an index, a chunk a range of indices; neither is ever a list."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

from cnncost.base.errors import UsageError
from cnncost.base.record import dataclass
from cnncost.base.units import whole_number
from cnncost.models.instance import PREFIX, Instance
from cnncost.models.model import AXES, Model
from cnncost.models.settings import Setting, shown

Role = Literal["structure", "column", "size", "batch"]
LARGEST_SPACE = 2**63 - 1  # of which a candidate's index is still an int64


@dataclass(frozen=True, slots=True)
class Axis:
    """One setting and the values it takes.

    Its role says how candidates differ along it: a "column" of sizes, the "size" of the input or the "batch" run together as
    an array; "structure" decides which layers there are.
    """

    name: str  # a setting, an entry of one ("depths.2"), "H", "W", "size" or "batch"
    values: range | tuple[Any, ...]
    role: Role

    @property
    def whole(self) -> bool:
        """Whether all values are whole numbers."""
        return isinstance(self.values, range) or all(type(value) is int for value in self.values)

    @property
    def text(self) -> str:
        """The values as `--over` takes them."""
        values = self.values
        if isinstance(values, range):
            return f"{values[0]}:{values[-1]}:{values.step}" if len(values) > 1 else str(values[0])
        return ("|" if any(isinstance(value, tuple) for value in values) else ",").join(map(shown, values))

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers."""
        return self.whole or all(type(value) in (int, float) for value in self.values)

    @property
    def rising(self) -> bool:
        """Whether the first value is the lowest, so that all others lie some steps above it."""
        return bool(self.values[0] == self.ends[0])

    @property
    def step(self) -> int:
        """The greatest number of which all differences between the values are multiples."""
        if isinstance(self.values, range):
            return self.values.step
        return math.gcd(*(value - self.values[0] for value in self.values))

    @property
    def ends(self) -> tuple[int, int]:
        """The lowest and the highest value, without a walk along a range."""
        if isinstance(self.values, range):
            return min(self.values[0], self.values[-1]), max(self.values[0], self.values[-1])
        return min(self.values), max(self.values)

    def steps(self, value: Any) -> Any:
        """Return how many steps a value, or an array of values, lies above the first one."""
        return (value - self.values[0]) // self.step

    def taken(self, places: range) -> Sequence[Any]:
        """Return the values at consecutive places."""
        return self.values[places.start : places.stop]


@dataclass(frozen=True)
class Space:
    """The product of all axes over one model, in the order in which they were given; the last axis runs fastest."""

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

    @property
    def strides(self) -> dict[str, int]:
        """By how much a candidate's index grows with the next value of each axis."""
        found: dict[str, int] = {}
        stride = 1
        for axis in reversed(self.axes):
            found[axis.name] = stride
            stride *= len(axis.values)
        return found

    def places(self, axis: Axis, index: Any) -> Any:
        """Return the places of candidates along one axis, for an index or an array of them."""
        return index // self.strides[axis.name] % len(axis.values)

    def values(self, index: int) -> dict[str, Any]:
        """Return the settings of one candidate, by axis."""
        found: dict[str, Any] = {}
        for axis in reversed(self.axes):
            index, place = divmod(index, len(axis.values))
            found[axis.name] = axis.values[place]
        return {axis.name: found[axis.name] for axis in self.axes}

    def configured(self, values: Mapping[str, Any]) -> tuple[Model, Any]:
        """Return the model with some axes at the given values (numbers, columns or letters), and the batch among them, or 1."""
        settings, sizes, batch = dict(self.model.settings), {}, 1
        for axis, (base, place, of_input) in self._placed:  # whose values were checked when they were read
            if axis.name not in values:
                continue
            value = values[axis.name]
            if axis.role == "batch":
                batch = value
            elif axis.role == "size":
                sizes.update(dict.fromkeys(of_input, value))
            elif place is None:
                settings[base] = value
            else:
                now = settings[base] if base in settings else self.model.values[base]
                settings[base] = (*now[:place], value, *now[place + 1 :])
        model = replace(self.model, settings=settings)
        return (replace(model, input=model.input_at(sizes)) if sizes else model), batch

    @cached_property
    def _placed(self) -> list[tuple[Axis, tuple[str, int | None, Sequence[str]]]]:
        """The axes, each with its setting, the entry of a list that it is, and the axes of the input that it stands for."""
        found: list[tuple[Axis, tuple[str, int | None, Sequence[str]]]] = []
        for axis in self.axes:
            base, dot, place = axis.name.partition(".")
            if axis.role in ("size", "batch"):
                base, dot = axis.name.removeprefix(PREFIX), ""
            of_input = (self.model.axes or AXES)[1:] if base == "size" else (base,)
            found.append((axis, (base, int(place) if dot else None, of_input)))
        return found


_NUMBERS = re.compile(r"(?!.*[0-9]-)[-+0-9_:,\s]+")
_LIKE_A_RANGE = re.compile(r"[-+0-9_.:,\s]*(:|\.\.|[0-9]-[0-9])[-+0-9_.:,\s]*")  # written in another way, perhaps
_RANGES = "ranges are of whole numbers, FIRST:LAST or FIRST:LAST:STEP, as in 16:64:8; list other values: 0.5,0.75,1"


def axis(model: Model, text: str) -> Axis:
    """Return the axis that `NAME=VALUES` describes: `width=16:512:8`, `cardinality=1,2,4`, `block=basic,bottleneck`.

    A range runs from its first number to its last, both included. The values of a setting that is itself a list are
    separated by `|`. `H`, `W` and `size` (both) are the input's, `batch` the examples at once; where a model has settings of
    these names, `input.size` is the input's. Raises UsageError for anything else.
    """
    name, equals, listed = (part.strip() for part in text.partition("="))
    if not equals or not listed:
        raise UsageError(
            f"--over '{text}' names no values", "write NAME=VALUES, as in width=16:512:8 or block=basic,bottleneck"
        )
    case = Instance(model)
    setting = case.setting(name)
    if case.of_input(name):
        batch = name.endswith("batch")
        if not batch and (model.shape is None or not model.axes):
            raise UsageError(f"--over {name}: {model.name} reads no C×H×W map by itself", "give one: --input 3,224,224")
        if not _NUMBERS.fullmatch(listed):
            hint = f"write {name}=32,64 or FIRST:LAST:STEP, {name}=32:64:8"
            apart = "" if batch else "; height and width apart are --over H=… --over W=…"
            raise UsageError(f"--over {name}: '{listed}' is no list of whole numbers", hint + apart)
        return Axis(name, _numbers(listed, name, 1), role_of(case, setting))
    if setting.kind in ("size", "count") and _NUMBERS.fullmatch(listed):
        return Axis(name, _numbers(listed, name, 0), role_of(case, setting))
    if setting.kind not in ("word", "any") and _LIKE_A_RANGE.fullmatch(listed):
        single = f"a range is for one entry: --over {name}.0={listed}" if setting.kind == "list" else _RANGES
        raise UsageError(f"--over {name}: '{listed}' is no list of values", single)
    parts = listed.split("|" if setting.kind == "list" else ",")
    chosen = tuple(setting.read(part) for part in parts)
    if len(set(chosen)) < len(chosen):
        raise UsageError(f"--over {name}: a value comes twice in '{listed}'", "name each value once")
    return Axis(name, chosen, "structure")


def role_of(case: Instance, setting: Setting) -> Role:
    """Return how candidates differ along a setting."""
    if case.of_input(setting.name):
        return "batch" if setting.name.endswith("batch") else "size"
    return "column" if setting.kind == "size" else "structure"


def space(model: Model, axes: Sequence[str | Axis]) -> Space:
    """Return the space of a model over axes given as text or ready-made. Raises UsageError where they clash."""
    found = [axis(model, given) if isinstance(given, str) else given for given in axes]
    if not found:
        raise UsageError(
            "nothing to sweep over", "name an axis, --over width=16:512:8, or a file of configurations, --from FILE"
        )
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"--over names '{name}' twice", "give all its values at once: 16:64:16,128,256")
        if "." in name and name.partition(".")[0] in names:
            raise UsageError(f"--over names both '{name.partition('.')[0]}' and '{name}'", "vary the whole list or its entries")
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
