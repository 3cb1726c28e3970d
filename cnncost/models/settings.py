"""Settings: what can be changed of a network, what each setting takes, and the one way to read and to check a value.

A `Setting` is worked out once, from the signature of a model function: `--set`, `--over`, `--among`, the params of specs and
keyword arguments in Python all go through `Setting.read` (text) or `Setting.checked` (values), with the same refusals.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from types import UnionType
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.ints import Ints
from cnncost.base.poly import Poly
from cnncost.base.record import dataclass
from cnncost.base.units import LARGEST_NUMBER, whole_number
from cnncost.graph.graph import Tensor

MISSING = inspect.Parameter.empty  # the value of a setting that has to be given

Kind: TypeAlias = Literal[
    "size",  # a whole number that only changes sizes: a column of a sweep, a letter of a formula
    "count",  # a whole number that may decide which layers there are
    "real",  # a number such as 0.5
    "flag",  # true or false
    "choice",  # one of `choices`
    "word",  # any text
    "list",  # a tuple, each of whose entries is a setting like `entry`
    "any",  # whatever the model function takes
]
NUMBERS = ("size", "count", "real")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a network: its name, what it takes, and its present value.

    >>> depths = Setting("depths", "list", (3, 4, 6, 3), entry=Setting("depths", "count", 3))
    >>> depths.read("2,2,2,2"), depths.at(2).name, depths.at(2).default
    ((2, 2, 2, 2), 'depths.2', 6)
    """

    name: str  # "width", "depths.2"; of an `Instance` also "H", "W", "C", "size", "batch"
    kind: Kind
    default: Any  # the present value, MISSING where one has to be given
    choices: tuple[Any, ...] = ()
    entry: Setting | None = None  # of a list: what its entries are
    optional: bool = False  # None is a value, too
    typed: bool = True  # False: the function says nothing, so the kind is that of the default and Python may give any value
    low: int = 0  # of whole numbers

    def __repr__(self) -> str:
        return f"<Setting {self.name}: {self.kind}, {'no value' if self.default is MISSING else shown(self.default)}>"

    @property
    def number(self) -> bool:
        """Whether it stands for one number."""
        return self.kind in NUMBERS

    def at(self, place: int) -> Setting:
        """Return the setting that an entry of a list is, counted from 0."""
        assert self.entry is not None
        return replace(self.entry, name=f"{self.name}.{place}", default=self.default[place])

    def values(self) -> tuple[Any, ...]:
        """Return every value where they are few: the choices, or false and true; else nothing."""
        return (False, True) if self.kind == "flag" else self.choices

    def read(self, text: str, place: str = "") -> Any:
        """Return the value that a text stands for. Raises UsageError, with the remedy, where it stands for none.

        `place` says where the text was given, if not as a setting.
        """
        text = text.strip()
        place = place or f"setting {self.name}={text}"
        if self.optional and text.lower() == "none":
            return None
        match self.kind:
            case "choice":
                by_text = {shown(choice): choice for choice in self.choices}
                if text not in by_text:
                    raise UsageError(f"{place}: no such choice", did_you_mean(text, by_text, f"choices: {', '.join(by_text)}"))
                return by_text[text]
            case "list":
                parts = [part for part in text.strip("()[]").split(",") if part.strip()]
                assert self.entry is not None
                return tuple(self.entry.read(part, f"setting {self.name}={part.strip()}") for part in parts)
            case "flag":
                if text.lower() not in ("true", "false"):
                    raise UsageError(f"{place}: '{text}' is neither true nor false", "write true or false")
                return text.lower() == "true"
            case "real":
                if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?", text):
                    raise UsageError(f"{place}: '{text[:40]}' is no number", "write digits, as in 0.5")
                return float(text)
            case "word":
                return text
        return whole_number(text, place, self.low)

    def checked(self, value: Any) -> Any:
        """Return a value given in Python in the form that the model function takes: the same refusals as those of `read`.

        Numbers may be NumPy's, columns of them, or letters. Raises UsageError.
        """
        if not self.typed or self.kind == "any" or (value is None and self.optional) or self._plain(value):
            return value
        place = f"setting {self.name}={_quoted(value)}"
        match self.kind:
            case "choice":
                if not any(type(value) is type(choice) and value == choice for choice in self.choices):
                    words = [shown(choice) for choice in self.choices]
                    near = did_you_mean(value, words) if isinstance(value, str) else ""
                    raise UsageError(f"{place}: no such choice", near or f"choices: {', '.join(words)}")
            case "list":
                if getattr(value, "ndim", None) == 1 and not isinstance(value, Ints):
                    value = value.tolist()
                if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
                    example = ", ".join(map(shown, self.default)) if isinstance(self.default, tuple) else "3, 4, 6, 3"
                    raise UsageError(f"{place}: it is no list of values", f"give a tuple: {self.name}=({example})")
                entry = self.entry
                assert entry is not None
                named = ((replace(entry, name=f"{self.name}.{i}"), each) for i, each in enumerate(value))
                return tuple(value) if all(map(entry._plain, value)) else tuple(one.checked(each) for one, each in named)
            case "flag":
                if getattr(getattr(value, "dtype", None), "kind", "") == "b" and not value.ndim:
                    return bool(value)
                if not isinstance(value, bool):
                    raise UsageError(f"{place}: it is neither true nor false", "give True or False")
            case "word":
                if not isinstance(value, str):
                    raise UsageError(f"{place}: it is no text", "give a word in quotes")
            case _:
                return self._number(value, place)
        return value

    def _plain(self, value: Any) -> bool:
        """Whether a value is a whole number as most are, of which nothing more is to be asked."""
        return type(value) is int and self.kind in ("size", "count") and self.low <= value <= LARGEST_NUMBER

    def _number(self, value: Any, place: str) -> Any:
        kinds = "iuf" if self.kind == "real" else "iu"
        dtype = getattr(value, "dtype", None)
        if dtype is not None:
            if getattr(dtype, "kind", "") not in kinds + "O":
                raise UsageError(f"{place}: it holds no {self._noun}s", f"give an array of {self._noun}s")
            return value if value.ndim else value.item()
        if isinstance(value, (Poly, Ints)):
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float) if self.kind == "real" else int):
            exact = self.kind == "real" and hasattr(value, "numerator") and not isinstance(value, bool)  # a Fraction
            if not exact:
                raise UsageError(
                    f"{place}: it is no {self._noun}", f"give a {self._noun}, as in {0.5 if kinds == 'iuf' else 224}"
                )
        elif self.kind != "real":
            whole_number(str(value), place, self.low)
        return value

    @property
    def _noun(self) -> str:
        return "number" if self.kind == "real" else "whole number"


def shown(value: Any) -> str:
    """Return a value as it is written on a command line: `true`, `3,4,6,3`, `none`; `…` for one that has to be given."""
    if isinstance(value, tuple):
        return ",".join(map(shown, value))
    if value is MISSING:
        return "…"
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def _quoted(value: Any) -> str:
    """Return a value as Python shows it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def declared(function: Callable[..., Any], tensors: int = 1) -> dict[str, Setting]:
    """Return the settings of a model function, by name: its parameters after the tensors, with their defaults.

    >>> def net(x, width: int = 64, act: Literal["relu", "silu"] = "relu"): ...
    >>> {name: setting.kind for name, setting in declared(net).items()}
    {'width': 'count', 'act': 'choice'}
    """
    try:
        return {setting.name: setting for setting in _declared(function, tensors)}
    except TypeError:  # a callable that cannot be looked up
        return {setting.name: setting for setting in _declared.__wrapped__(function, tensors)}


@lru_cache(maxsize=512)
def _declared(function: Callable[..., Any], tensors: int) -> tuple[Setting, ...]:
    parameters = _parameters(function)
    own = _positional(parameters)[:tensors]
    types = hints(function)
    return tuple(
        setting_of(p.name, types.get(p.name, MISSING), p.default)
        for p in parameters
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name not in own
    )


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return a function's parameters; none of a callable without a signature, of which nothing is known."""
    try:
        return list(inspect.signature(function).parameters.values())
    except ValueError:
        return []


def _positional(parameters: Sequence[inspect.Parameter]) -> list[str]:
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def tensors(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the tensors that a model function takes: its first parameter, and those after it typed `Tensor`.

    >>> from cnncost import Tensor
    >>> def siamese(left: Tensor, right: Tensor, width: int = 64): ...
    >>> tensors(siamese)
    ('left', 'right')
    """
    try:
        return _tensors(function)
    except TypeError:
        return _tensors.__wrapped__(function)


@lru_cache(maxsize=512)
def _tensors(function: Callable[..., Any]) -> tuple[str, ...]:
    names = _positional(_parameters(function))
    types = hints(function)
    last = next((at for at, name in enumerate(names) if at and types.get(name) is not Tensor), len(names))
    return tuple(names[:last])


def leading(function: Callable[..., Any], count: int) -> tuple[str, ...]:
    """Return the names of a function's first `count` parameters; none where it takes any number of tensors."""
    names = _positional(_parameters(function))
    return tuple(names[:count]) if len(names) >= count else ()


def hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the types of a function's parameters, as far as they can be resolved."""
    try:
        return get_type_hints(function)
    except Exception:  # an annotation of a model of one's own that cannot be resolved says nothing
        return {}


def setting_of(name: str, annotation: Any, default: Any) -> Setting:
    """Return the setting that a parameter of this type and default is; without a type, by its default."""
    if annotation is MISSING:
        return replace(_by_value(name, default), typed=False, optional=default is None)
    options = tuple(option for option in get_args(annotation) if option is not type(None))
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        if len(options) == 1:
            return replace(setting_of(name, options[0], default), optional=True)
        optional = len(options) < len(get_args(annotation))
        kind: Kind = "real" if set(options) == {int, float} else "any"
        return Setting(name, kind, default, optional=optional)
    if origin is Literal:
        return Setting(name, "choice", default, options)
    optional = default is None
    collection = origin if origin is not None else annotation
    if isinstance(collection, type) and collection is not str and issubclass(collection, Sequence):
        same = {option for option in options if option is not Ellipsis}
        first = default[0] if isinstance(default, Sequence) and default else MISSING
        if not same:
            entry = _by_value(name, first)
        else:
            entry = setting_of(name, same.pop(), first) if len(same) == 1 else Setting(name, "any", first)
        return Setting(name, "list", default, entry=entry, optional=optional)
    by_type: dict[Any, Kind] = {bool: "flag", float: "real", str: "word", int: "count"}
    if annotation in by_type:
        return Setting(name, by_type[annotation], default, optional=optional)
    if annotation is Any:
        return replace(_by_value(name, default), optional=optional)
    return Setting(name, "any", default, optional=optional)


def _by_value(name: str, default: Any) -> Setting:
    if isinstance(default, (tuple, list)):
        return Setting(name, "list", default, entry=_by_value(name, default[0] if default else MISSING))
    kind: Kind = "flag" if isinstance(default, bool) else "real" if isinstance(default, float) else "size"
    return Setting(name, "word" if isinstance(default, str) else kind, default)
