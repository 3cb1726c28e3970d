"""Models by name: a function, its settings and its input; and the one way to write a model on a command line.

A reference is `NAME`, `NAME --set SETTING=VALUE …`, a spec `FILE.yaml`, one in git `REF:FILE.yaml`, or
`package.module:function` for a model of one's own.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

from cnncost.base.errors import ModelError, UsageError, did_you_mean
from cnncost.base.poly import Num
from cnncost.graph.graph import Graph, Outputs, Tensor, trace

if TYPE_CHECKING:
    from cnncost.base.limits import Limit
    from cnncost.models.spec import Spec

F = TypeVar("F", bound=Callable[..., Outputs])

Input: TypeAlias = tuple[Num, ...] | Callable[[Mapping[str, Num]], tuple[Num, ...]]  # a shape, or a function of the settings

LARGEST_NUMBER = 10**18  # what a size or a setting may be, at most: beyond it is a slip, not a network


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


def load(reference: str, **settings: Any) -> Model:
    """Return a model by reference: `resnet50`, `resnet50 --set width=32`, `resnet50 + vgg16`, `net.yaml` or `module:function`.

    >>> load("resnet50", width=32).trace().output
    (1000,)

    Raises UsageError for an unknown name, with the nearest ones.
    """
    words = _words(reference)
    members = [_member(part, reference) for part in _split(words, "+")]
    model = members[0] if len(members) == 1 else ensemble(members)
    return model.with_settings(**settings)


def _member(words: list[str], reference: str) -> Model:
    """Return the model of NAME [--set SETTING=VALUE] [--size S] [--input C,H,W], as words."""
    if not words:
        raise UsageError(f"no model named in '{reference}'", "see: cnncost list")
    name, options = words[0], words[1:]
    model = spec(name).model if is_spec(name) else _own(name) if ":" in name else _known(name)
    sizes = []
    while options:
        flag, equals, value = options.pop(0).partition("=")
        if flag not in ("--set", "--size", "--input") or not (equals or options):
            raise UsageError(f"cannot read '{flag}' in the model '{reference}'", "a model is NAME, or NAME --set SETTING=VALUE")
        value = value if equals else options.pop(0)
        if flag == "--set":
            model = model.set([value])
        else:
            sizes.append((flag.removeprefix("--"), value))
    for option, text in sizes:  # after the settings, of which an input may be a function
        model = replace(model, input=resized(model, option, text))
    return model


def ensemble(members: Sequence[Model]) -> Model:
    """Return the model that runs all members on one input and adds up their outputs: its cost is the sum of theirs.

    Source: ensembles as in AlexNet (section 6) and GoogLeNet (section 7). Raises UsageError where the members' inputs differ.
    """
    for member in members[1:]:
        if member.shape != members[0].shape:
            raise UsageError(
                f"{members[0].name} reads {members[0].shape} and {member.name} {member.shape}",
                'the members of an ensemble share one input: give them one, as in "inception_v3 --size 224 + resnet50"',
            )

    def run(x: Tensor) -> Tensor:
        outputs = []
        for member in members:
            with x.scope(member.name):
                output = member.function(x, **member.settings)
            outputs.append(output[0] if isinstance(output, tuple) else output)
        return outputs[0].add(*outputs[1:], name="sum")

    name = " + ".join(member.name for member in members)
    spelling = {f"{member.name}.{pattern}": form for member in members for pattern, form in member.spelling.items()}
    return Model(name, run, members[0].shape, family="ensemble", spelling=spelling)


def sized(model: Model, input: str | None, size: str | None) -> Model:
    """Return a model with the input that `--input` or `--size` asks for, if any. Raises UsageError where both are given."""
    if input and size:
        raise UsageError("--input and --size both say how large the input is", "give one of them")
    for option, text in (("input", input), ("size", size)):
        if text is not None:
            model = replace(model, input=resized(model, option, text))
    return model


def resized(model: Model, option: str, text: str) -> tuple[Num, ...]:
    """Return the input that `--input C,H,W` or `--size S` (or HxW) asks of a model."""
    sizes = [whole_number(part, f"--{option} {text}") for part in re.split(r"[,x×]", text.strip())]
    if option == "input":
        if len(sizes) not in (1, 2, 3):
            raise UsageError(f"--input {text} has {len(sizes)} numbers", "give channels, height and width: --input 3,224,224")
        return tuple(sizes)
    if model.shape is None:
        raise UsageError(f"{model.name} has no input of its own to resize", "give all of it: --input C,H,W")
    if len(model.shape) != 3 or len(sizes) > 2:
        raise UsageError(f"--size {text} does not fit the input {model.shape}", "give one number, or HEIGHTxWIDTH")
    return (model.shape[0], sizes[0], sizes[-1])


def whole_number(text: str, place: str, low: int = 1) -> int:
    """Return a whole number written in digits, `_` between them allowed. Raises UsageError that names the place."""
    digits = text.strip().replace("_", "")
    if not re.fullmatch(r"[+-]?[0-9]{1,30}", digits):
        raise UsageError(f"{place}: '{text.strip()[:40]}' is no whole number", "write digits, as in 224")
    number = int(digits)
    if not low <= number <= LARGEST_NUMBER:
        raise UsageError(
            f"{place}: {number} is {'below' if number < low else 'above'} what is possible", f"give {low} to 10^18"
        )
    return number


def names(prefix: str = "") -> list[str]:
    """Return the names of the zoo's models that begin with `prefix`."""
    from cnncost.models import zoo

    return [name for name in zoo.MODULE_OF if name.startswith(prefix)]


def _words(reference: str) -> list[str]:
    import shlex

    if not any(character.isspace() for character in reference) or (is_spec(reference) and os.path.exists(reference)):
        return [reference] if reference else []
    try:
        return shlex.split(reference)
    except ValueError as error:
        raise UsageError(f"cannot read the model '{reference}': {error}", "mind the quotes") from None


def _split(words: Sequence[str], mark: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word == mark:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def is_spec(name: str) -> bool:
    """Whether a reference names a spec: a YAML file, or `-` for the standard input."""
    return name == "-" or name.lower().endswith((".yaml", ".yml"))


def spec(reference: str) -> Spec:
    """Return the spec in a file, or, of `REF:path`, as it was in git at a commit, branch or tag."""
    from cnncost.models.spec import read

    ref, colon, path = reference.partition(":")
    if not colon or os.path.exists(reference):
        return read(reference)
    from cnncost.questions.check.history import text_at

    return read(reference, text_at(ref, path))


def at(ref: str, reference: str) -> Model | None:
    """Return the model of a spec as it was at a git ref, settings as in `reference`; None where there was none."""
    from cnncost.questions.check.history import NotInGitError

    words = _words(reference)
    if not words or not is_spec(words[0]) or words[0] == "-" or "+" in words:
        return None
    try:
        return _member([f"{ref}:{words[0]}", *words[1:]], reference)
    except NotInGitError:
        return None


def with_budget(reference: str) -> tuple[Model, tuple[Limit, ...]]:
    """Return a model by reference and the limits of its own: the budget of a spec, none of any other model."""
    words = _words(reference)
    if not words or not is_spec(words[0]) or "+" in words:
        return load(reference), ()
    found = spec(words[0])
    return found.model if len(words) == 1 else load(reference), found.budget


def _known(name: str) -> Model:
    from cnncost.models import zoo

    model = zoo.find(name)
    if model is None:
        raise UsageError(f"unknown model '{name}'", did_you_mean(name, zoo.MODULE_OF, "see: cnncost list"))
    return model


def _own(reference: str) -> Model:
    """Return the model of `package.module:function`, looked up with the current directory on the path."""
    from importlib import import_module

    module_name, _, attribute = reference.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        module = import_module(module_name)
    except (ImportError, ValueError) as error:
        raise UsageError(
            f"cannot import '{module_name}' of the model '{reference}': {error}", "write package.module:function"
        ) from error
    value = getattr(module, attribute, None)
    if isinstance(value, Model):
        return value
    if not callable(value):
        functions = [name for name, item in vars(module).items() if inspect.isfunction(item)]
        known = f"its functions: {', '.join(functions)}"
        raise UsageError(f"'{module_name}' has no model function '{attribute}'", did_you_mean(attribute, functions, known))
    return Model(attribute, value, None, family=module_name)


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
