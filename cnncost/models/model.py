"""What a network is before it is traced: a function of a tensor, its settings and its input; families and their variants."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

from cnncost.base.errors import ModelError, UsageError, did_you_mean
from cnncost.base.poly import Num
from cnncost.base.units import whole_number
from cnncost.graph.graph import Graph, Outputs, trace

F = TypeVar("F", bound=Callable[..., Outputs])

Input: TypeAlias = tuple[Num, ...] | Callable[[Mapping[str, Num]], tuple[Num, ...]]  # a shape, or a function of the settings


@dataclass(frozen=True)
class Model:
    """A network that can be traced: a function of a tensor, with settings."""

    name: str
    function: Callable[..., Outputs]
    input: Input | None  # (C, H, W) unless another is asked for
    settings: Mapping[str, Any] = field(default_factory=dict)  # those that differ from the function's defaults
    family: str = ""
    source: str = ""
    spelling: Mapping[str, str] = field(default_factory=dict)  # of torchvision's definition, as in `Graph`

    @property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """The settings that can be changed, with their defaults: the function's parameters after the tensor."""
        parameters = list(inspect.signature(self.function).parameters.values())[1:]
        return {p.name: p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}

    @property
    def values(self) -> dict[str, Any]:
        """Every setting with its present value."""
        defaults = {name: p.default for name, p in self.parameters.items()}
        return {**defaults, **self.settings}

    @property
    def kinds(self) -> dict[str, Any]:
        """The type of each setting: Any for a size (Num) and for one without a type."""
        types = hints(self.function)
        return {name: types.get(name, Any) for name in self.parameters}

    @property
    def shape(self) -> tuple[Num, ...] | None:
        """The input of one example under the present settings."""
        return self.input(self.values) if callable(self.input) else self.input

    def with_settings(self, **settings: Any) -> Model:
        """Return the model with some settings changed. Raises UsageError for a setting it does not have."""
        for name in settings:
            if name not in self.parameters:
                raise UsageError(f"{self.name} has no setting '{name}'", self._known(name))
        return replace(self, settings={**self.settings, **settings}) if settings else self

    def set(self, assignments: Sequence[str]) -> Model:
        """Return the model with settings given as text, `width=32`, `depths=3,4,6,3`, or one entry, `depths.2=8` (from 0)."""
        model = self
        for assignment in assignments:
            name, equals, text = assignment.partition("=")
            name = name.strip()
            if not equals:
                raise UsageError(f"'{assignment}' sets nothing", "write NAME=VALUE, as in width=32")
            base, dot, place = name.partition(".")
            if base not in model.parameters:
                raise UsageError(f"{model.name} has no setting '{base}'", model._known(base))
            kind = hints(model.function).get(base, Any)
            if dot:
                now = model.values[base]
                if not isinstance(now, tuple) or not place.isdecimal() or int(place) >= len(now):
                    entries = f"{base} is {_show(now)}" + (
                        f": its entries are 0 to {len(now) - 1}" if isinstance(now, tuple) else ""
                    )
                    raise UsageError(f"{model.name} has no setting '{name}'", entries)
                entry = _parse(text.strip(), get_args(kind)[0] if get_args(kind) else int, name, now[int(place)])
                value: Any = (*now[: int(place)], entry, *now[int(place) + 1 :])
            else:
                value = _parse(text.strip(), kind, name, model.values[base])
            model = model.with_settings(**{base: value})
        return model

    def trace(self, input: Sequence[Any] | None = None, **settings: Any) -> Graph:
        """Return the graph for an input of one example, (C, H, W); settings as keyword arguments."""
        model = self.with_settings(**settings)
        shape = model.shape if input is None else input
        if shape is None:
            raise UsageError(f"{self.name} has no input size of its own", "give one: --input C,H,W")
        missing = [name for name, p in model.parameters.items() if p.default is p.empty and name not in model.settings]
        if missing:
            raise UsageError(f"{self.name} needs a value for '{missing[0]}'", f"give one: --set {missing[0]}=…")
        try:
            graph = trace(model.function, shape, self.name, **model.settings)
        except ModelError as error:
            raise error.of(self.name) from error
        return replace(graph, spelling=model.spelling)

    def _known(self, word: str) -> str:
        if not self.parameters:
            return "it has no settings" + (": give them to a member, in quotes" if self.family == "ensemble" else "")
        return did_you_mean(word, self.parameters) or "its settings: " + ", ".join(
            f"{name}={_show(value)}" for name, value in self.values.items()
        )


def variant(
    *, input: Input | None = None, source: str | None = None, **settings: Any
) -> tuple[Input | None, str | None, dict[str, Any]]:
    """Return one row of a family's table: its settings, and its input and source where they differ from the family's."""
    return input, source, settings


def family(
    title: str,
    *,
    source: str,
    input: Input = (3, 224, 224),
    spelling: Mapping[str, str] | None = None,
    **variants: tuple[Input | None, str | None, dict[str, Any]],
) -> Callable[[F], F]:
    """Make a model function a family: `variants` are rows made with `variant`, by model name.

    `spelling` says which layers torchvision's definition calls as functions, as in `Graph`: some tools count modules only.
    """

    def enter(function: F) -> F:
        rows = tuple(
            Model(name, function, size or input, settings, title, paper or source, spelling or {})
            for name, (size, paper, settings) in variants.items()
        )
        function.variants = rows  # type: ignore[attr-defined]
        return function

    return enter


def hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the types of a model function's settings, as far as they can be resolved."""
    try:
        return get_type_hints(function)
    except NameError:  # an annotation of a model of one's own that cannot be resolved says nothing
        return {}


def _parse(text: str, kind: Any, name: str, now: Any) -> Any:
    """Return the value of a setting from its text, by the setting's type; an untyped one by its present value's."""
    place = f"setting {name}={text}"
    options = get_args(kind)
    if get_origin(kind) is Literal:
        by_text = {str(option): option for option in options}
        if text not in by_text:
            raise UsageError(f"{place}: no such choice", did_you_mean(text, by_text, f"choices: {', '.join(by_text)}"))
        return by_text[text]
    if type(None) in options:
        if text.lower() == "none":
            return None
        (kind,) = (option for option in options if option is not type(None))
        return _parse(text, kind, name, now)
    if get_origin(kind) is tuple or (kind is Any and isinstance(now, tuple)):
        item = options[0] if options else type(now[0]) if now else int
        return tuple(_parse(part.strip(), item, name, None) for part in text.strip("()[]").split(",") if part.strip())
    if kind is bool or (kind is Any and isinstance(now, bool)):
        if text.lower() not in ("true", "false"):
            raise UsageError(f"{place}: '{text}' is neither true nor false", "write true or false")
        return text.lower() == "true"
    if kind is float or (kind is Any and isinstance(now, float)):
        if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?", text):
            raise UsageError(f"{place}: '{text[:40]}' is no number", "write digits, as in 0.5")
        return float(text)
    if kind is str or (kind is Any and isinstance(now, str)):
        return text
    return whole_number(text, place, low=0)


def _show(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(_show, value))
    if value is inspect.Parameter.empty:
        return "…"
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)
