"""A model at given sizes: what `--let`, `--over`, `--for` and keyword arguments in Python may name, and how it is put."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.poly import Num
from cnncost.base.record import dataclass
from cnncost.graph.graph import Graph
from cnncost.models.model import AXES, Inputs, Model
from cnncost.models.settings import Setting

OF_INPUT = ("C", "size", "batch")  # what is put beside a model's own settings and the other axes; "size" is all of these
PREFIX = "input."  # names the input's where a model has a setting of that name: input.size


@dataclass(frozen=True, slots=True)
class Instance:
    """A model, and what stands in place of its input's sizes and of the batch: numbers, columns or letters.

    >>> from cnncost.models.load import load
    >>> Instance(load("resnet50")).put("size", 160).put("width", 32).trace().input
    (3, 160, 160)
    """

    model: Model
    sizes: Mapping[str, Num] = field(default_factory=dict)  # by axis, instead of the model's own
    batch: Num = 1

    def settings(self) -> dict[str, Setting]:
        """Return all that can be put, by name: the model's settings, H, W, C and size of its input, and the batch."""
        own = self.model.declared
        return {**own, **{(PREFIX + name if name in own else name): self._of_input(name) for name in self._words()}}

    def _words(self) -> tuple[str, ...]:
        """What is put beside the model's own settings: H, W, C, size and batch; L or D, H and W of other maps."""
        return (*(self.model.axes or AXES)[1:], *OF_INPUT)

    def setting(self, name: str) -> Setting:
        """Return one of them, or an entry of one: `width`, `depths.2`, `H`. Raises UsageError with the nearest."""
        own = self.model.declared
        if self.of_input(name):
            return replace(self._of_input(name.removeprefix(PREFIX)), name=name)
        if name.partition(".")[0] in own:
            return self.model.setting(name)
        known = self.settings()
        raise UsageError(f"{self.model.name} has no setting '{name}'", did_you_mean(name, known, f"it has {', '.join(known)}"))

    def put(self, name: str, value: Any) -> Instance:
        """Return the instance with a value for one of them. Raises UsageError for a name or a value that cannot be."""
        setting = self.setting(name)
        if not self.of_input(name):
            return replace(self, model=self.model.with_settings(**{name: value}))
        value, bare = setting.checked(value), name.removeprefix(PREFIX)
        if bare == "batch":
            return replace(self, batch=value)
        axes = (self.model.axes or AXES)[1:] if bare == "size" else bare
        return replace(self, sizes={**self.sizes, **dict.fromkeys(axes, value)})

    def value(self, name: str) -> Any:
        """Return the present value of one of them."""
        return self.setting(name).default

    def of_input(self, name: str) -> bool:
        """Whether a name is one of the input's; it begins with `input.` where the model has a setting of that name."""
        bare = name.removeprefix(PREFIX)
        return bare in self._words() and (name != bare or bare not in self.model.declared)

    def _of_input(self, name: str) -> Setting:
        if name == "batch":
            return Setting(name, "size", self.batch, low=1)
        shape, axes = self.model.shape, self.model.axes
        axis = (axes or AXES)[1] if name == "size" else name
        now: Any = None
        if shape is not None and axes:
            now = (dict(zip(axes, shape, strict=True)) | dict(self.sizes))[axis]
        return Setting(name, "size", self.sizes.get(axis, now), low=1)

    @property
    def input(self) -> Inputs:
        """The shape of one example; of several inputs each by its name."""
        return self.model.input_at(self.sizes)

    @property
    def shape(self) -> tuple[Num, ...]:
        """The shape of one example of the (first) input."""
        found = self.input
        first: tuple[Num, ...] = next(iter(found.values())) if isinstance(found, Mapping) else found
        return first

    def trace(self) -> Graph:
        """Return the graph."""
        return self.model.trace(self.input)
