"""What the list of layers of a spec is made of: steps, their layers, blocks and arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, NamedTuple, TypeAlias

from cnncost.base.record import dataclass
from cnncost.base.yamltree import Scalar
from cnncost.graph.bits import Bits
from cnncost.models.model import Model
from cnncost.models.parts import Cut
from cnncost.models.spec import expressions
from cnncost.models.spec.problems import Mark
from cnncost.models.spec.signatures import (
    ANY,
    Argument,
)

LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # ids, stages, branches
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # what expressions can name
RESERVED = ("in", "i", "true", "false", "identity", "project", "input", "model")
PART = ("start", "until", "head", "params")  # what stands beside `model`: a network inside this one
IN, COPY, INPUT = "in", "i", "input"


class Arg(NamedTuple):
    """An argument as written: a constant, an expression, or a list of both."""

    constant: Any
    mark: Mark
    expression: expressions.Expression | None = None
    items: tuple[Arg, ...] | None = None
    wants: Argument = ANY
    outer: bool = False  # from `defaults`: its names are those of the top level
    plain: bool = True  # not in quotes

    @property
    def fixed(self) -> bool:
        """Whether no name is in it."""
        return self.expression is None and self.items is None

    def names(self) -> Iterator[str]:
        """Iterate over the names it uses."""
        if self.expression is not None:
            yield from (name for name, _ in self.expression.names)
        for item in self.items or ():
            yield from item.names()


Scope: TypeAlias = Mapping[str, Any]  # the names that an expression may use


@dataclass(slots=True)
class Layer:
    """A rule to apply: its arguments that are known, and those that depend on names."""

    kind: str
    fixed: dict[str, Any]
    dynamic: list[tuple[str, Arg]]
    marks: dict[str, Mark]
    norm: Arg | None = None
    act: Arg | None = None
    free_bias: bool = False  # nobody said whether there is a bias: no where a norm follows


@dataclass(slots=True)
class Step:
    """One item of a list of layers."""

    word: Scalar  # the operator as written
    apply: Layer | BlockCall | Inner | Join | Project | None  # None: identity, or an item in which a problem was found
    broken: bool = False
    id: str | None = None
    sources: tuple[str, ...] = ()
    repeat: Arg | None = None
    first: dict[str, Arg] = field(default_factory=dict)
    first_apply: Layer | BlockCall | Join | Project | None = None
    runs: Arg | None = None
    shares: str | None = None
    bits: Bits | None = None


@dataclass(slots=True)
class BlockCall:
    """A call of a block with its arguments."""

    name: str
    args: dict[str, Arg]


@dataclass(slots=True)
class Inner:
    """A network inside this one, whole or in part, and its settings."""

    model: Model
    cut: Cut
    params: dict[str, Arg]
    many: bool  # several outputs, which only their names reach


@dataclass(slots=True)
class Join:
    """Branches that are merged by add, mul or concat; each with its name where it has one."""

    layer: Layer
    branches: list[tuple[str | None, Branch]]


@dataclass(slots=True)
class Project:
    """A shortcut: the untouched tensor, or a convolution to the shape of the first branch."""

    layer: Layer
    mark: Mark


Branch: TypeAlias = "list[Step] | str | Project"  # a string is an id, or identity


@dataclass(slots=True)
class Block:
    """A template: its params with their defaults, its let and its steps."""

    name: str
    params: dict[str, Arg | None]
    let: dict[str, Arg]
    steps: list[Step]
    calls: dict[str, Mark]


class Broken(Exception):  # noqa: N818  # a signal: the problem is noted already
    """An item that cannot be used; what is wrong with it has been noted."""
