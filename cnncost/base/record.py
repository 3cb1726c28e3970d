"""`dataclass`, as the standard library has it, made in a quarter of the time: a short command creates some thirty of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, eq=True, repr=True):  # the standard names
        """Return a class of data, as `dataclasses.dataclass` does; `replace`, `fields`, `field` and pickle work on it.

        The standard library compiles up to six methods for each class. Here only `__init__` is compiled, for it runs for every
        layer of a network; the others are the functions below, which read the fields of the class they are called for.

        >>> @dataclass(frozen=True, slots=True)
        ... class Point:
        ...     x: int
        ...     y: int = 0
        >>> Point(3), Point(3) == Point(3, 0), len({Point(3), Point(3, 0)})
        (Point(x=3, y=0), True, 1)
        """

        def made(cls):
            own = set(vars(cls))
            cls = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
            fields = dataclasses.fields(cls)
            compared = [each.name for each in fields if each.compare]
            cls._compared = attrgetter(*compared) if compared else type
            if "__init__" not in own:
                cls.__init__ = _initialiser(cls, fields, frozen)
            if repr and "__repr__" not in own:
                cls.__repr__ = _repr
            if eq:
                cls.__eq__ = cls.__dict__.get("__eq__", _eq)
            if eq and "__hash__" not in own:
                cls.__hash__ = _hash if frozen else None
            if frozen:
                cls.__setattr__, cls.__delattr__ = _refuse, _refuse
            if frozen and slots and "__getstate__" not in own:  # the usual ones set attributes
                cls.__getstate__, cls.__setstate__ = _state, _restore
            return cls

        return made if cls is None else made(cls)


class _Factory:
    """The default of a field that is made anew for each value."""

    def __repr__(self) -> str:
        return "<factory>"


_FACTORY = _Factory()


def _initialiser(cls: type, fields: Any, frozen: bool) -> Callable[..., None]:
    """Compile `__init__`: a parameter a field, in order, and then `__post_init__` where the class has one."""
    missing = dataclasses.MISSING
    scope: dict[str, Any] = {"_set": object.__setattr__, "_factory": _FACTORY}
    parameters, lines = ["self"], []
    for each in fields:
        name, value = each.name, each.name
        if each.default_factory is not missing:
            scope[f"_make_{name}"] = each.default_factory
            value = f"_make_{name}() if {name} is _factory else {name}" if each.init else f"_make_{name}()"
            parameters += [f"{name}=_factory"] if each.init else []
        elif each.default is not missing:
            scope[f"_{name}"] = each.default
            parameters += [f"{name}=_{name}"] if each.init else []
            value = name if each.init else f"_{name}"
        elif each.init:
            parameters.append(name)
        else:
            continue
        lines.append(f" _set(self, '{name}', {value})" if frozen else f" self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    exec(f"def __init__({', '.join(parameters)}):\n" + ("\n".join(lines) or " pass"), scope)
    made: Callable[..., None] = scope["__init__"]
    made.__qualname__, made.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    made.__annotations__ = {each.name: each.type for each in fields if each.init} | {"return": None}
    return made


LONGEST = 300  # characters of a value at a prompt


def _repr(self: Any) -> str:
    shown = ", ".join([f"{name}={getattr(self, name)!r}" for name, each in self.__dataclass_fields__.items() if each.repr])
    return f"{type(self).__qualname__}({shown if len(shown) <= LONGEST else shown[:LONGEST] + '…'})"


def _eq(self: Any, other: Any) -> Any:
    return self._compared(self) == self._compared(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(self._compared(self))


def _refuse(self: Any, name: str, *value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot change '{name}' of a {type(self).__name__}: make another by `replace`")


def _state(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__dataclass_fields__]


def _restore(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__dataclass_fields__, state, strict=True):
        object.__setattr__(self, name, value)
