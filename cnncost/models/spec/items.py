"""What is written of a network: items of lists of layers, the scopes they lie in, and the blocks that they repeat."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from typing import Any, TypeAlias

from cnncost.base.record import dataclass
from cnncost.models.spec.steps import INPUT
from cnncost.rules import RULES

IDENTITY, PROJECT = "identity", "project"


@dataclass(slots=True, eq=False)
class Unit:
    """A layer, or a call of what a scope holds: what it reads and the node that it gives."""

    nodes: range
    inputs: tuple[int, ...]
    call: Item | None = None

    @property
    def output(self) -> int:
        """The node that others read."""
        return self.nodes[-1]


@dataclass(slots=True, eq=False)
class Item:
    """One item of a list of layers, to be written."""

    op: str
    args: dict[str, Any] = field(default_factory=dict)
    channels: Any = None  # that arrive
    branches: list[Branch] | None = None
    id: str | None = None
    sources: tuple[str, ...] = ()
    shares: str | None = None
    runs: Any = 1
    repeat: Any = 1
    first: dict[str, Any] = field(default_factory=dict)
    omitted: dict[str, Any] = field(default_factory=dict)  # arguments that need not be written where they have this value

    def holes(self) -> Iterator[tuple[dict[str, Any] | Item, str]]:
        """Iterate over the places of values in which two items of one form may differ."""
        for name in self.args:
            yield self.args, name
        yield self, "runs"
        yield self, "repeat"
        for branch in self.branches or ():
            for item in branch if isinstance(branch, list) else ():
                yield from item.holes()

    def form(self) -> tuple[Any, ...]:
        """Return what two items of one form share: all but the values."""
        inside = tuple(
            ("shortcut" if self.op == "add" else branch)
            if isinstance(branch, str) and branch == IDENTITY
            else "shortcut"
            if isinstance(branch, Shortcut)
            else branch
            if isinstance(branch, str)
            else tuple(item.form() for item in branch)
            for branch in self.branches or ()
        )
        firsts = tuple(sorted(self.first.items()))
        return (self.op, tuple(self.args), inside, self.id, self.sources, self.shares, firsts, self.branches is None)

    def shortcuts(self) -> Iterator[tuple[list[Branch], int]]:
        """Iterate over the places of shortcuts: projections, and identities under add."""
        branches = self.branches or []
        for index, branch in enumerate(branches):
            if isinstance(branch, list):
                for item in branch:
                    yield from item.shortcuts()
            elif isinstance(branch, Shortcut) or (branch == IDENTITY and self.op == "add"):
                yield branches, index


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A projection as `project` makes it; its arguments."""

    args: tuple[tuple[str, Any], ...]


Branch: TypeAlias = "list[Item] | str | Shortcut"


@dataclass(slots=True)
class Template:
    """A block: its params with their defaults (or none), and its body."""

    name: str
    params: dict[str, Any]
    body: list[Item]


@dataclass(slots=True, eq=False)
class Scope:
    """What one scope of names holds, in order."""

    name: str
    nodes: range
    parts: list[Scope | int]
    whole: bool = False  # read from one place and left at one place
    units: list[Unit] = field(default_factory=list)
    body: list[Item] = field(default_factory=list)
    call: Item | None = None

    depth: int = 0

    def height(self, simple: Callable[[Scope], bool]) -> int:
        """Return how many levels of scopes it has, those that hold one layer and what follows it left out."""
        inner = max((part.height(simple) for part in self.parts if isinstance(part, Scope)), default=0)
        return inner if simple(self) else 1 + inner


class Names:
    """Ids of one list of layers, each given once."""

    def __init__(self, start: int, taken: set[str], input: str = INPUT) -> None:
        self.start = start
        self.input = input  # what the start is called
        self.given: set[str] = set()
        self.taken = taken

    def fresh(self, path: str) -> str:
        """Return an id after the last parts of a layer's name."""
        word = re.sub(r"[^A-Za-z0-9_-]+", "_", path.rpartition(".")[2]).strip("_-") or "x"
        word = (
            word if re.match(r"[A-Za-z]", word) else re.sub(r"[^A-Za-z0-9_-]+", "_", ".".join(path.split(".")[-3:])).strip("_-")
        )
        if word in self.taken:
            word += "_out"
        name = unique(word, {*self.given, *self.taken})
        self.given.add(name)
        return name


class Expression(str):
    """An argument of a block's layer that depends on the block's params."""

    __slots__ = ()


def layers(items: Sequence[Item]) -> Iterator[Item]:
    """Iterate over items and those in their branches, in the order of `Item.holes`."""
    for item in items:
        yield item
        for branch in item.branches or ():
            if isinstance(branch, list):
                yield from layers(branch)


def read(holder: dict[str, Any] | Item, key: str) -> Any:
    """Return the value in a hole."""
    return holder[key] if isinstance(holder, dict) else getattr(holder, key)


def put(holder: dict[str, Any] | Item, key: str, value: Any) -> None:
    """Put a value into a hole."""
    if isinstance(holder, dict):
        holder[key] = value
    else:
        setattr(holder, key, value)


def multiple(column: tuple[Any, ...], name: str, of: tuple[Any, ...]) -> Expression | None:
    """Return a column of values as a multiple of a param's, None where it is none."""
    if not all(type(value) is int and value > 0 for value in (*column, *of)):
        return None
    if column[0] % of[0] == 0 and all(a == b * (column[0] // of[0]) for a, b in zip(column, of, strict=True)):
        return Expression(f"{column[0] // of[0]} * {name}")
    if of[0] % column[0] == 0 and all(b == a * (of[0] // column[0]) for a, b in zip(column, of, strict=True)):
        return Expression(f"{name} // {of[0] // column[0]}")
    return None


def by_shortcut(scopes: Sequence[Scope]) -> list[list[Scope]]:
    """Split scopes of one form by how their shortcuts project; those that do not project go with the first that do."""
    groups: dict[Any, list[Scope]] = {}
    plain = []
    for scope in scopes:
        own = {b.args for item in scope.body for bs, at in item.shortcuts() if isinstance(b := bs[at], Shortcut)}
        if own:
            groups.setdefault(frozenset(own), []).append(scope)
        else:
            plain.append(scope)
    single = [group for key, group in groups.items() if len(key) == 1]
    if plain and single:
        single[0] += plain
        single[0].sort(key=lambda scope: scope.nodes.start)
    elif plain:
        single.append(plain)
    return single


def same_item(a: Item, b: Item) -> bool:
    """Whether two items say the same."""
    if a.form() != b.form() or a.id or b.id or a.sources or b.sources:
        return False
    if [bs[at] for bs, at in a.shortcuts()] != [bs[at] for bs, at in b.shortcuts()]:
        return False
    pairs = zip(a.holes(), b.holes(), strict=True)
    return all(read(*x) == read(*y) and type(read(*x)) is type(read(*y)) for x, y in pairs)


def repeated(items: list[Item]) -> list[Item]:
    """Return items with runs of the same one as one item with repeat, the first of a run with other arguments as `first`."""
    found: list[Item] = []
    for item in items:
        before = found[-1] if found else None
        if before is not None and not before.first and before.id is None and not before.sources and not item.id:
            count = before.repeat
            if isinstance(count, int) and not isinstance(item.repeat, str) and item.repeat == 1:
                before.repeat = 1
                if same_item(before, item):
                    before.repeat = count + 1
                    continue
                before.repeat = count
                if count == 1 and before.op == item.op and item.branches is None and not isinstance(item, str) and item.args:
                    other = {name: value for name, value in before.args.items() if item.args.get(name) != value}
                    if (
                        0 < len(other) < len(item.args)
                        and other.keys() <= item.omitted.keys()
                        and list(before.args) == list(item.args)
                        and item.op not in RULES
                        and before.runs == item.runs
                        and not item.sources
                    ):
                        item.first, item.repeat = other, 2
                        found[-1] = item
                        continue
        elif before is not None and before.first and not item.id and not item.sources and item.repeat == 1:
            first, count = before.first, before.repeat
            before.first, before.repeat = {}, 1
            alike = same_item(before, item)
            before.first, before.repeat = first, count + alike
            if alike:
                continue
        found.append(item)
    return found


def unique(word: str, taken: set[str]) -> str:
    """Return a word, numbered from 2 where it is taken."""
    name, number = word, 2
    while name in taken:
        name, number = f"{word}{number}", number + 1
    return name
