"""One operator of TensorFlow Lite at its run: its inputs, by place, and the order of their axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TypeAlias

from cnncost.base.record import dataclass
from cnncost.graph.graph import Tensor
from cnncost.models.importers.rotation import Rotated, our_axis, turned
from cnncost.models.importers.tflite_file import Operator, Variable

Made: TypeAlias = Tensor | Sequence[Tensor]
ACTIVATIONS = {0: "", 1: "relu", 2: "relu_n1_to_1", 3: "relu6", 4: "tanh", 5: "sign"}


@dataclass(slots=True)
class Call:
    """One operator with the tensors that it reads: those of the network, and constants."""

    op: Operator
    variables: Sequence[Variable]
    tensors: Mapping[int, Tensor]  # by number in the file
    rotated: Rotated
    live: list[Tensor] = field(init=False)  # the tensors among its inputs that are not constants

    def __post_init__(self) -> None:
        """Collect the inputs that are computed."""
        self.live = [self.tensors[number] for number in self.op.inputs if number in self.tensors]

    @property
    def name(self) -> str:
        """The name of what it makes, in a graph."""
        return self.op.path

    def x(self, place: int = 0) -> Tensor:
        """Return an input that is computed. Raises ValueError where it is none."""
        number = self.op.inputs[place] if place < len(self.op.inputs) else -1
        if number not in self.tensors:
            raise ValueError(f"input {place} is no tensor that is computed")
        return self.tensors[number]

    def given(self, place: int) -> Variable | None:
        """Return an input that is a constant; None where there is none."""
        number = self.op.inputs[place] if place < len(self.op.inputs) else -1
        return self.variables[number] if number >= 0 and number not in self.tensors else None

    def shape(self, place: int, rank: int | None = None) -> tuple[int, ...]:
        """Return the shape of a constant input, of so many axes."""
        variable = self.given(place)
        if variable is None or None in variable.shape or rank not in (None, len(variable.shape)):
            raise ValueError(f"input {place} is no constant of {rank} axes")
        return variable.shape  # type: ignore[return-value]  # no size is None

    def integers(self, place: int) -> tuple[int, ...]:
        """Return a constant input of whole numbers: sizes, axes or pads. Raises ValueError where they are computed."""
        variable = self.given(place)
        if variable is None or variable.values is None:
            raise ValueError("sizes that are computed, or not in the file, are not known here")
        return variable.values

    def axis(self, axis: int, x: Tensor) -> int:
        """Return our axis of one of the file's, where 0 is the batch."""
        return our_axis(self.rotated, axis, x)

    def plain(self, x: Tensor) -> Tensor:
        """Return a tensor with its axes as in the file."""
        return turned(self.rotated, x, False)

    def map(self, x: Tensor) -> Tensor:
        """Return a tensor as a map, the channels first."""
        return turned(self.rotated, x, True)

    def kept(self, y: Tensor, rotated: bool) -> Tensor:
        """Return a tensor whose order is known; maps are kept with the channels first."""
        self.rotated[y.index] = rotated
        return self.map(y) if not rotated and len(y.shape) > 2 else y

    def activated(self, y: Tensor, number: int) -> Tensor:
        """Return a tensor after the activation that is part of an operator."""
        if number not in ACTIVATIONS:
            raise ValueError(f"the activation {number} is not known")
        name = ACTIVATIONS[number]
        made = y if not name else activate(y, name, f"{self.name}_{name}")
        self.rotated.setdefault(made.index, self.rotated.get(y.index, False))
        return made


def activate(x: Tensor, name: str, path: str) -> Tensor:
    """Return a tensor after an activation."""
    if name in ("relu", "relu6", "tanh"):
        made: Tensor = getattr(x, name)(name=path)
        return made
    return x.elementwise(op=name, name=path)
