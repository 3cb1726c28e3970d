"""One call of a layer of Keras: its configuration, its arguments, and which of our axes the file's are.

Keras keeps a map as H×W×C or as C×H×W, rules as C×H×W: see rotation.py.

Source: Keras 3.15.1, keras/src/layers and keras/src/activations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, NamedTuple, TypeAlias

from cnncost.base.record import dataclass
from cnncost.graph.graph import Tensor
from cnncost.models.importers.assume import Assumptions
from cnncost.models.importers.rotation import Rotated, our_axis, turned
from cnncost.models.importers.text import LARGEST_NUMBER, counted

Json: TypeAlias = Any
Made: TypeAlias = Tensor | Sequence[Tensor]


class Ref(NamedTuple):
    """A tensor of a file: the layer, the number of its call, and which of its results."""

    layer: str
    node: int
    tensor: int


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One layer of a file."""

    name: str
    kind: str  # its class
    module: str
    registered: str
    config: Mapping[str, Json]

    @property
    def path(self) -> str:
        """The layer's name in a graph: slashes open scopes."""
        name = self.name.replace(".", "_")
        return (".".join(filter(None, name.split("/"))) if "/" in name else name) or self.kind


@dataclass(slots=True)
class State:
    """What is known while a model is replayed."""

    assumed: Assumptions
    own: bool = False  # whether the inputs are those of the file, so that the shapes it records must come out
    rotated: Rotated = field(default_factory=dict)
    owners: dict[tuple[Layer, str], str] = field(default_factory=dict)  # of weights: the first call of a layer
    passed: list[str] = field(default_factory=list)  # classes that hand their input on
    calls: int = 0
    models: dict[Layer, Any] = field(default_factory=dict)  # those that a TimeDistributed applies at each step
    wrapped: dict[Layer, Layer] = field(default_factory=dict)  # the layers that others wrap

    def say(self, x: Tensor) -> None:
        """Say what was not taken as it is."""
        self.assumed.say(x)
        if self.passed:
            x.note(f"at inference these hand their input on: {counted(self.passed)}")


@dataclass(slots=True)
class Applied:
    """One call of a layer: its configuration, its arguments with tensors in their places, and the state."""

    layer: Layer
    arguments: list[Json]
    named: dict[str, Json]
    state: State
    tensors: list[Tensor] = field(init=False)  # all among the arguments, in order
    x: Tensor = field(init=False)  # the first

    def __post_init__(self) -> None:
        """Find the tensors. Raises ValueError where there is none."""
        self.tensors = list(
            tensors_in([*self.arguments, *(part for key, part in self.named.items() if key not in ("mask", "training"))])
        )
        if not self.tensors:
            raise ValueError("it reads no tensor")
        self.x = self.tensors[0]

    @property
    def name(self) -> str:
        """The name of what the layer makes, in a graph."""
        return self.layer.path

    def get(self, key: str, default: Json = None) -> Json:
        """Return an entry of the configuration."""
        return self.layer.config.get(key, default)

    def number(self, key: str, default: int | None = None) -> int:
        """Return a whole number of the configuration. Raises ValueError for anything else."""
        return whole(self.get(key, default), key)

    def true(self, key: str, default: bool) -> bool:
        """Return a truth of the configuration, which old files write as 0 or 1."""
        value = self.get(key, default)
        if value not in (True, False):
            raise ValueError(f"{key} is {str(value)[:40]!r}, which is neither true nor false")
        return bool(value)

    def sizes(self, key: str, axes: int, default: Json = 1) -> tuple[int, ...]:
        """Return one number for each of so many axes: one for all, or as many."""
        value = self.get(key)
        value = default if value is None else value
        found = [whole(part, key) for part in value] if isinstance(value, list) else [whole(value, key)] * axes
        if len(found) == 1:
            found *= axes
        if len(found) != axes:
            raise ValueError(f"{key} has {len(found)} numbers for {axes} axes")
        return tuple(found)

    def rotated(self, x: Tensor) -> bool:
        """Whether our first axis of a tensor is the file's last one."""
        return self.state.rotated.get(x.index, False)

    def turned(self, x: Tensor, rotated: bool) -> Tensor:
        """Return a tensor in the order asked for, permuted if it is in the other one."""
        return turned(self.state.rotated, x, rotated)

    def first(self, x: Tensor | None = None) -> Tensor:
        """Return a tensor with the channels of the layer's `data_format` as its first axis."""
        return self.turned(self.x if x is None else x, self.get("data_format", "channels_last") != "channels_first")

    def plain(self, x: Tensor | None = None) -> Tensor:
        """Return a tensor with its axes as in the file."""
        return self.turned(self.x if x is None else x, False)

    def alike(self) -> list[Tensor]:
        """Return all tensors, in the order of the first."""
        first, *others = self.tensors
        return [first, *(self.turned(other, self.rotated(first)) for other in others)]

    def axis(self, axis: Json, x: Tensor) -> int:
        """Return our axis of one of the file's, where 0 is the batch. Raises ValueError for the batch itself."""
        return our_axis(self.state.rotated, whole(axis, "axis"), x)

    def axes(self, axes: Json, x: Tensor) -> tuple[int, ...]:
        """Return our axes of several of the file's."""
        return tuple(sorted(self.axis(axis, x) for axis in (axes if isinstance(axes, list) else [axes])))

    def weights(self, part: str, make: Callable[..., Tensor], *arguments: Any, name: str = "", **named: Any) -> Tensor:
        """Return what a layer with weights makes; a later call of the same layer uses those of the first."""
        key = (self.layer, part)
        owner = self.state.owners.get(key)
        y = make(*arguments, name=name or self.name, **({"shared": owner} if owner else {}), **named)
        self.state.owners.setdefault(key, y.tracer.nodes[y.index].name)
        self.state.rotated.setdefault(y.index, self.rotated(make.__self__))  # type: ignore[attr-defined]  # a tensor's method
        return y

    def activated(self, x: Tensor, key: str = "activation", suffix: str = "_") -> Tensor:
        """Return a tensor after the activation that the configuration names."""
        name = activation_name(self.get(key))
        y = activate(x, name, f"{self.name}{suffix}{name}" if suffix else self.name)
        self.state.rotated.setdefault(y.index, self.rotated(x))
        return y


def tensors_in(value: Json) -> Iterator[Tensor]:
    """Iterate over the tensors in nested arguments."""
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, Tensor):
            yield part
        elif isinstance(part, (list, tuple)):
            stack += reversed(part)
        elif isinstance(part, dict):
            stack += reversed(list(part.values()))


def whole(value: Json, key: str) -> int:
    """Return a value as a whole number. Raises ValueError."""
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int or abs(value) > LARGEST_NUMBER:
        raise ValueError(f"{key} is {str(value)[:40]!r}, which is no whole number" if value is not None else f"it has no {key}")
    return value


# Keras's activations by our kinds; None: the identity. Those that have no kind of their own are `elementwise`.
ACTIVATIONS: Mapping[str, str | None] = {
    "linear": None, "relu": "relu", "relu6": "relu6", "leaky_relu": "leaky_relu", "elu": "elu", "gelu": "gelu",
    "silu": "silu", "swish": "silu", "mish": "mish", "sigmoid": "sigmoid", "tanh": "tanh", "softmax": "softmax",
    "hard_silu": "hardswish", "hard_swish": "hardswish", "hard_sigmoid": "hardsigmoid",
}  # fmt: skip
OPERATIONS = (
    *("selu", "celu", "softplus", "softsign", "exponential", "log_softmax", "log_sigmoid", "hard_tanh", "hard_shrink"),
    *("soft_shrink", "tanh_shrink", "squareplus", "sparse_plus", "sparse_sigmoid", "sparsemax", "threshold"),
)


def activation_name(value: Json) -> str:
    """Return the name of an activation, which may be a string, an object, or nothing."""
    if isinstance(value, dict):
        inner = value.get("config")
        value = inner if isinstance(inner, str) else value.get("class_name")
    text = "linear" if value is None else str(value)
    snake = "".join(
        f"_{c.lower()}" if c.isupper() and n and not text[n - 1].isupper() else c.lower() for n, c in enumerate(text)
    )
    return {"re_lu": "relu", "leaky_re_lu": "leaky_relu"}.get(snake, snake)


def activate(x: Tensor, name: str, path: str) -> Tensor:
    """Return a tensor after an activation by Keras's name. Raises ValueError for an unknown one."""
    if name in ACTIVATIONS:
        kind = ACTIVATIONS[name]
        return x if kind is None else getattr(x, kind)(name=path)
    if name in OPERATIONS:
        return x.elementwise(op=name, name=path)
    raise ValueError(f"the activation '{name[:40]}' is not one of Keras's")
