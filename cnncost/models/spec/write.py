"""A traced network as a spec that reads back to the same costs, with the blocks and repeats that its names show.

The graph's scopes ("layer1.0") say where blocks begin and end. A scope that is read from one place and left at one place is a
candidate; scopes of one form become one block, whose params are the arguments in which they differ. What lies between a
tensor and the join of all that follows from it is written as branches; whatever is no such nest keeps its ids.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, TypeAlias

from cnncost.graph.graph import INPUT, Graph
from cnncost.models.spec.build import RESERVED, Run
from cnncost.models.spec.signatures import ACTIVATIONS, EXPANDING, JOINS, NONE, NORMS
from cnncost.rules import RULES, channels

WIDTH = 110  # of a line, where it can be broken
IDENTITY, PROJECT = "identity", "project"


@dataclass(slots=True, eq=False)
class Unit:
    """A layer, or a call of what a scope holds: what it reads and the node that it gives."""

    nodes: range
    inputs: tuple[int, ...]
    call: Item | None = None

    @property
    def output(self) -> int:
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
        for index, branch in enumerate(self.branches or ()):
            if isinstance(branch, list):
                for item in branch:
                    yield from item.shortcuts()
            elif isinstance(branch, Shortcut) or (branch == IDENTITY and self.op == "add"):
                yield self.branches, index  # type: ignore[misc]


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


def write(graph: Graph, about: str = "", expect: bool = True) -> str:
    """Return a traced network as the text of a spec."""
    return Writer(graph).text(about, expect)


class Writer:
    """Finds the form of a graph and writes it down."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes = graph.nodes
        self.inputs: list[tuple[int, ...]] = [node.inputs for node in graph.nodes]
        self.names = [node.name for node in graph.nodes]
        self.skipped: dict[int, int] = {}  # joins of one tensor, and what they stand for
        self.items: dict[int, Item] = {}  # by the node that they give
        self.templates: list[Template] = []
        self.taken: set[str] = {*RULES, *RESERVED, "layers"}
        self.chain_concats()
        self.readers: dict[int, list[int]] = {}
        for index, read in enumerate(self.inputs):
            for i in read:
                self.readers.setdefault(i, []).append(index)
        self.owners = {node.name: index for index, node in enumerate(self.nodes)}
        self.lent = {self.owners[node.shares] for node in self.nodes if node.shares}

    def chain_concats(self) -> None:
        """Let concat(a, b, c) read concat(a, b) where that is there: dense blocks, layer by layer."""
        known: dict[tuple[int, ...], int] = {}
        for index, node in enumerate(self.nodes):
            read = tuple(self.skipped.get(i, i) for i in self.inputs[index])
            if node.kind in JOINS and len(read) == 1:
                self.skipped[index] = read[0]
                known[read] = read[0]
                continue
            if node.kind == "concat":
                before = known.get(read[:-1])
                known.setdefault(read, index)
                if before is not None and read[-1] > before:
                    read = (before, read[-1])
                    scope = self.names[read[-1]].rpartition(".")[0]
                    self.names[index] = f"{scope}.{node.name.rpartition('.')[2]}".lstrip(".")
            self.inputs[index] = read

    # ── scopes ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def scope(self, nodes: Sequence[int], depth: int, name: str) -> Scope:
        """Return the tree of scopes of consecutive nodes."""
        parts: list[Scope | int] = []
        start = 0
        while start < len(nodes):
            head = self.names[nodes[start]].split(".")
            stop = start + 1
            if len(head) > depth + 1:
                while stop < len(nodes) and self.names[nodes[stop]].split(".")[depth : depth + 1] == head[depth : depth + 1]:
                    stop += 1
            if stop - start > 1:
                parts.append(self.scope(nodes[start:stop], depth + 1, head[depth]))
            else:
                parts.append(nodes[start])
            start = stop
        found = Scope(name, range(nodes[0], nodes[-1] + 1), parts)
        found.whole = self.is_whole(nodes)
        found.depth = depth
        return found

    def simple(self, scope: Scope) -> bool:
        """Whether a scope holds one layer at most, with the norm and the activation that follow it."""
        sections = [RULES[self.nodes[index].kind].section for index in scope.nodes]
        return len(sections) < 4 and all(section in ("normalisation", "activations") for section in sections[1:])

    def is_whole(self, nodes: Sequence[int]) -> bool:
        inside, last = set(nodes), nodes[-1]
        outside = {i for index in nodes for i in self.inputs[index]} - inside
        if len(outside) != 1:
            return False
        for index in nodes:
            if index != last and any(reader not in inside for reader in self.readers.get(index, ())):
                return False
            if index != last and (index in self.graph.outputs or (not self.readers.get(index) and self.nodes[index].runs)):
                return False
            owner = self.nodes[index].shares
            if (owner and self.owners[owner] not in inside) or index in self.lent:
                return False
        return True

    def scopes(self, scope: Scope) -> Iterator[Scope]:
        for part in scope.parts:
            if isinstance(part, Scope):
                yield from self.scopes(part)
                yield part

    def resolved(self, scope: Scope) -> list[Unit]:
        """Return the units of a scope: layers, and calls of the blocks in it."""
        units: list[Unit] = []
        for part in scope.parts:
            if isinstance(part, int):
                units.append(Unit(range(part, part + 1), self.inputs[part]))
            elif part.call is not None:
                outside = {i for index in part.nodes if index not in self.skipped for i in self.inputs[index]} - set(part.nodes)
                units.append(Unit(part.nodes, tuple(outside), part.call))
            else:
                units += self.resolved(part)
        return units

    # ── forms ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def layer(self, index: int) -> Item:
        """Return one layer as an item."""
        node = self.nodes[index]
        rule = RULES[node.kind]
        args = dict(node.args)
        kernel: Any = args.get("kernel")
        odd = node.kind == "conv" and isinstance(kernel, int) and kernel % 2 == 1 and kernel > 1
        if odd and args["pad"] == kernel // 2 and args["dilation"] == 1:
            args["pad"] = "same"
        omitted = {name: p.default for name, p in rule.arguments.items() if p.default is not inspect.Parameter.empty}
        read = self.inputs[index]
        return Item(node.kind, args, channels(self.nodes[read[0]].cost.shape), runs=node.runs, omitted=omitted)

    def fold(self, item: Item, index: int, item_end: int, kind: str) -> bool:
        """Let a layer name the norm or the activation that follows it. Returns whether that was possible."""
        node = self.nodes[index]
        if (
            self.items.get(item_end) is not item
            or item.op not in EXPANDING
            or item.id
            or item.runs != 1
            or node.runs != 1
            or node.shares
            or item_end in self.lent
        ):
            return False
        if kind not in (*NORMS, *ACTIVATIONS) or len(item.sources) > 1:
            return False
        defaults = {name: p.default for name, p in RULES[kind].arguments.items()}
        if dict(node.args) != defaults or self.readers.get(item_end) != [index] or item_end in self.graph.outputs:
            return False
        if kind in NORMS and "norm" not in item.args and "act" not in item.args:
            item.args["norm"] = kind
            item.omitted = {**item.omitted, "bias": False}
            return True
        if kind in ACTIVATIONS and "act" not in item.args:
            item.args["act"] = kind
            return True
        return False

    def items_of(self, units: Sequence[Unit], current: int, names: Names) -> list[Item]:
        """Return units as a list of layers that starts from the node `current`."""
        items: list[Item] = []
        position = 0
        places = {index: place for place, unit in enumerate(units) for index in unit.nodes}
        while position < len(units):
            closed = self.nest(units, position, current, places)
            if closed is not None:
                stop, parts = closed
                item = self.joined(units[stop], parts, current, names)
                self.append(items, item, units[stop].output)
                current, position = units[stop].output, stop + 1
                continue
            unit = units[position]
            item = replace(unit.call, args=dict(unit.call.args)) if unit.call is not None else self.layer(unit.output)
            node = self.nodes[unit.output]
            if unit.call is None and node.kind in JOINS:
                item.branches = [IDENTITY if i == current else self.named(i, names) for i in unit.inputs]
            elif unit.inputs != (current,):
                item.sources = tuple(IDENTITY if i == current else self.named(i, names) for i in unit.inputs)
            elif unit.call is None and items and self.fold(items[-1], unit.output, current, node.kind):
                self.items[unit.output] = items[-1]
                current, position = unit.output, position + 1
                continue
            if unit.call is None and node.shares:
                item.shares = self.named(self.owners[node.shares], names)
            self.append(items, item, unit.output)
            current, position = unit.output, position + 1
        return items

    def append(self, items: list[Item], item: Item, output: int) -> None:
        items.append(item)
        self.items[output] = item

    def named(self, index: int, names: Names) -> str:
        """Return the id of a node, giving it one where it has none."""
        index = self.skipped.get(index, index)
        if index == names.start:
            return INPUT
        item = self.items[index]
        if item.id is None:
            item.id = names.fresh(self.nodes[index].name)
        return item.id

    def nest(
        self, units: Sequence[Unit], position: int, current: int, places: dict[int, int]
    ) -> tuple[int, list[list[Unit]]] | None:
        """Return where the branches that begin at `position` are joined, and the branches; None where they are no nest."""
        readers = [places[i] for i in self.readers.get(current, ()) if i in places and places[i] >= position]
        if len(set(readers)) < 2:
            return None
        furthest = max(readers)
        for stop in range(position, len(units)):
            unit = units[stop]
            if any(i != current and not position <= places.get(i, -1) < stop for i in unit.inputs):
                return None
            after = [places.get(i, len(units)) for i in self.readers.get(unit.output, ())]
            if unit.call is not None or self.nodes[unit.output].kind not in JOINS or stop < furthest:
                furthest = max([furthest, *after])
                if any(i not in places for i in self.readers.get(unit.output, ())) or unit.output in self.graph.outputs:
                    return None
                continue
            parts = self.parts(units[position:stop], unit, current)
            if parts is not None:
                return stop, parts
            furthest = max([furthest, *after])
        return None

    def parts(self, inner: Sequence[Unit], join: Unit, current: int) -> list[list[Unit]] | None:
        """Return what lies before a join as branches that share nothing and that only the join reads; None where it is not.

        Branches that take turns are written one after the other: the same layers, in another order.
        """
        found: list[list[Unit]] = []
        for unit in inner:
            linked = [part for part in found if any(i == other.output for other in part for i in unit.inputs)]
            if not linked:
                found.append([unit])
                continue
            first, *others = linked
            first += [other for part in others for other in part]
            first.sort(key=lambda other: other.output)
            first.append(unit)
            found = [part for part in found if not any(part is other for other in others)]
        ends = [part[-1].output for part in found]
        if sorted(i for i in join.inputs if i != current) != sorted(ends):
            return None
        inside = {unit.output for unit in inner}
        if any(i in inside and i not in ends for i in join.inputs) or len(join.inputs) < 2:
            return None
        return found if len(found) > 1 or current in join.inputs else None

    def joined(self, join: Unit, parts: list[list[Unit]], current: int, names: Names) -> Item:
        """Return a join with its branches."""
        item = self.layer(join.output)
        branches: list[Branch] = []
        main = self.nodes[parts[0][-1].output].cost.shape
        for place, part in enumerate(parts):
            branch = self.items_of(part, current, names)
            shortcut = self.shortcut(branch, current, main) if place and item.op == "add" else None
            branches.append(shortcut if shortcut is not None else branch)
        identities = [IDENTITY for i in join.inputs if i == current]
        first = identities if join.inputs[0] == current and item.op != "add" else []
        item.branches = [*first, *branches, *(identities if not first else [])]
        if item.runs != 1:
            self.share_out(item, item.runs)
        return item

    def share_out(self, join: Item, runs: Any) -> None:
        """Take the share in which a join runs out of its branches: what stands beside it holds for them, too."""
        for branch in join.branches or ():
            for item in branch if isinstance(branch, list) else ():
                item.runs = Fraction(item.runs) / runs if runs else 1

    def shortcut(self, branch: list[Item], current: int, main: tuple[Any, ...]) -> Shortcut | None:
        """Return a branch as `project` makes it, None where it is something else."""
        if len(branch) != 1 or branch[0].op != "conv":
            return None
        (item,) = branch
        shape = self.nodes[current].cost.shape
        args = item.args
        if item.id or item.sources or item.shares or item.runs != 1 or "act" in args or len(main) != 3 or shape == main:
            return None
        kernel = args["kernel"]
        kept = args["pad"] == "same" or (kernel == 1 and args["pad"] == 0)
        strides = tuple(Run.stride(size, wanted) for size, wanted in zip(shape[1:], main[1:], strict=True))
        wanted = strides[0] if strides[0] == strides[1] else strides
        if not kept or args["out"] != main[0] or args["stride"] != wanted or (args["groups"], args["dilation"]) != (1, 1):
            return None
        own = {name: args[name] for name in ("kernel", "norm") if args.get(name) not in (None, 1)}
        if args["bias"] != ("norm" not in args):
            own["bias"] = args["bias"]
        return Shortcut(tuple(own.items()))

    # ── blocks ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def find_blocks(self, root: Scope) -> None:
        """Make blocks of scopes that have one form, the innermost first."""
        by_height: dict[int, list[Scope]] = {}
        for scope in self.scopes(root):
            if scope.whole and not self.simple(scope):
                by_height.setdefault(scope.height(self.simple), []).append(scope)
        for height in sorted(by_height):
            buckets: dict[Any, list[Scope]] = {}
            for scope in by_height[height]:
                units = self.resolved(scope)
                if scope.depth == 1 and any(unit.call is not None for unit in units):
                    continue  # a stage
                outside = next(iter({i for unit in units for i in unit.inputs} - {unit.output for unit in units}))
                scope.body = repeated(self.items_of(units, outside, Names(outside, self.taken)))
                buckets.setdefault(tuple(item.form() for item in scope.body), []).append(scope)
            for scopes in buckets.values():
                for alike in by_shortcut(scopes):
                    if len(alike) > 1 and (len(alike[0].body) > 1 or alike[0].body[0].branches):
                        self.template(alike)

    def template(self, scopes: list[Scope]) -> None:
        """Make one block of several scopes, and let each call it."""
        name = self.block_name(scopes)
        columns: list[tuple[Any, ...]] = []  # of values: one for each scope
        params: dict[str, tuple[Any, ...]] = {}
        defaults: dict[str, Any] = {}
        body = scopes[0].body
        places = [[place for item in scope.body for place in item.holes()] for scope in scopes]
        arriving = [[item.channels for item in layers(scope.body)] for scope in scopes]
        order = [item for item in layers(body) for _ in range(len(item.args) + 2)]
        number = {id(item): place for place, item in enumerate(layers(body))}
        for hole, (holder, key) in enumerate(places[0]):
            column = tuple(read(*row[hole]) for row in places)
            if all(value == column[0] and type(value) is type(column[0]) for value in column):
                continue
            item = order[hole]
            ins = tuple(row[number[id(item)]] for row in arriving)
            arrives = [("in", ins)] if key in ("out", "groups") else []
            known = [*arrives, *params.items()] if key == "groups" else [*params.items(), *arrives]
            exact = (Expression(own) for own, of in known if column == of and all(map(alike, column, of)))
            if body[0].branches or len(params):
                known = list(params.items())
            expression = next(exact, None) or next((e for e in (multiple(column, own, of) for own, of in known) if e), None)
            if expression is None:
                own = unique({"runs": "share", "repeat": "depth", "shared": "one"}.get(key, key), {*params, *self.taken})
                params[own] = column
                usual = item.omitted.get(key, inspect.Parameter.empty) if key not in ("runs", "repeat") else 1
                defaults[own] = usual if usual in column and usual is not None else inspect.Parameter.empty
                expression = Expression(own)
            put(holder, key, expression)
            columns.append(column)
        shared = next(
            (b for s in scopes for i in s.body for bs, at in i.shortcuts() if isinstance(b := bs[at], Shortcut)), None
        )
        if shared is not None:
            for item in body:
                for branches, at in item.shortcuts():
                    branches[at] = shared
        ordered = sorted(params, key=lambda own: defaults[own] is not inspect.Parameter.empty)
        self.templates.append(Template(name, {own: defaults[own] for own in ordered}, body))
        for place, scope in enumerate(scopes):
            start = self.nodes[next(iter({i for n in scope.nodes for i in self.inputs[n]} - set(scope.nodes)))]
            args = {own: params[own][place] for own in ordered}
            usual = {own: defaults[own] for own in ordered if defaults[own] is not inspect.Parameter.empty}
            scope.call = Item(name, args, channels(start.cost.shape), omitted=usual)

    def block_name(self, scopes: Sequence[Scope]) -> str:
        """Return a name for a block: the scopes' own without numbers, or what the block is."""
        words = {re.sub(r"[^A-Za-z]+$|_?[0-9].*$", "", re.sub(r"^[^A-Za-z]+", "", scope.name)).strip("_-") for scope in scopes}
        word = words.pop().lower().replace("-", "_") if len(words) == 1 else ""
        if not re.fullmatch(r"[a-z][a-z0-9_]*", word or ""):
            joins = [item.op for item in scopes[0].body if item.branches]
            word = {"add": "residual", "concat": "branches", "mul": "gated"}.get(joins[0] if joins else "", "block")
        name = unique(word, self.taken)
        self.taken.add(name)
        return name

    # ── text ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def text(self, about: str, expect: bool) -> str:
        """Return the spec."""
        nodes = [index for index in range(1, len(self.nodes)) if index not in self.skipped]
        lines = ["cnncost: 1", f"name: {quoted(self.graph.name)}"]
        lines += [f"about: {quoted(about)}"] if about else []
        lines += [f"input: {value_text(self.graph.input)}", ""]
        stages: list[tuple[str, list[Item]]] = []
        if nodes:
            root = self.scope(nodes, 0, "")
            self.find_blocks(root)
            stages = self.stages(root)
        used = self.used_templates([item for _, items in stages for item in items])
        if used:
            lines.append("blocks:")
            for template in used:
                lines.append(f"  {template.name}:")
                if template.params:
                    shown = [
                        name if p is inspect.Parameter.empty else f"{name}: {value_text(p)}"
                        for name, p in template.params.items()
                    ]
                    lines.append(f"    params: {{{', '.join(shown)}}}")
                lines += ["    layers:", *indented(written(template.body), 6)]
            lines.append("")
        lines.append("layers:")
        for name, items in stages:
            lines += [f"  {name}:", *indented(written(items), 4)] if name else indented(written(items), 2)
        if not stages:
            lines[-1] = "layers: [identity]"
        if expect:
            params = sum(node.cost.params for node in self.graph.layers)
            macs = sum(node.cost.macs for node in self.graph.layers if node.runs)
            lines += ["", f"expect: {{params: {params:_}, macs: {macs:_}, out: {value_text(self.graph.output)}}}"]
        return "\n".join(lines) + "\n"

    def used_templates(self, items: list[Item]) -> list[Template]:
        known = {template.name: template for template in self.templates}
        found: dict[str, Template] = {}

        def visit(items: list[Item]) -> None:
            for item in layers(items):
                if item.op in known and item.op not in found:
                    visit(known[item.op].body)
                    found[item.op] = known[item.op]

        visit(items)
        return list(found.values())

    def stages(self, root: Scope) -> list[tuple[str, list[Item]]]:
        """Return the network's stages: its outermost scopes, and what stands between them."""
        groups: list[tuple[str, list[Unit]]] = []
        for part in root.parts:
            alone = Scope("", range(0), [part])
            units = self.resolved(alone)
            stage = part.name if isinstance(part, Scope) and part.call is None and not self.simple(part) else ""
            if groups and not stage and not groups[-1][0]:
                groups[-1][1].extend(units)
            else:
                groups.append((stage, units))
        if not any(stage for stage, _ in groups):
            units = [unit for _, part in groups for unit in part]
            return [("", repeated(self.items_of(units, 0, Names(0, self.taken))))]
        used: set[str] = set()
        found = []
        names = Names(0, self.taken)
        current = 0
        for place, (stage, units) in enumerate(groups):
            between = "stem" if place == 0 else "head" if place == len(groups) - 1 else "then"
            name = unique(re.sub(r"[^A-Za-z0-9_-]+", "_", stage).strip("_-") or between, used)
            used.add(name)
            found.append((name, self.items_of(units, current, names)))
            current = units[-1].output
        return [(name, repeated(items)) for name, items in found]


class Names:
    """Ids of one list of layers, each given once."""

    def __init__(self, start: int, taken: set[str]) -> None:
        self.start = start
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


# ── lines ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def written(items: Sequence[Item]) -> list[str]:
    """Return the lines of a list of layers."""
    return [line for item in items for line in item_lines(item)]


def indented(lines: Sequence[str], by: int) -> list[str]:
    """Return lines moved to the right."""
    return [" " * by + line for line in lines]


def item_lines(item: Item) -> list[str]:
    """Return the lines of one item, the first with its dash."""
    if item.branches is not None:
        lines = branch_lines(item)
    else:
        args = {
            name: value for name, value in item.args.items() if name not in item.omitted or not alike(value, item.omitted[name])
        }
        lone = len(args) == 1 and next(iter(args)) == next(iter(item.args), None) and item.op != "dropout"
        if not args:
            head = item.op
        elif lone or (item.op in ("dropout", "stochastic_depth")):
            head = f"{item.op}: {value_text(next(iter(args.values())))}"
        else:
            head = f"{item.op}: {{{', '.join(f'{name}: {value_text(value)}' for name, value in args.items())}}}"
        lines = [head]
    more = []
    if item.sources:
        more.append(f"from: {item.sources[0] if len(item.sources) == 1 else '[' + ', '.join(item.sources) + ']'}")
    if item.repeat != 1:
        more.append(f"repeat: {value_text(item.repeat)}")
    if item.first:
        more.append(f"first: {{{', '.join(f'{name}: {value_text(value)}' for name, value in item.first.items())}}}")
    if item.runs != 1:
        more.append(f"runs: {value_text(item.runs)}")
    if item.shares:
        more.append(f"shares: {item.shares}")
    if item.id:
        more.append(f"id: {item.id}")
    if more and ":" not in lines[0]:
        lines[0] += ":"
    return ["- " + lines[0], *indented([*lines[1:], *more], 2)]


def branch_lines(item: Item) -> list[str]:
    """Return the lines of a join."""
    branches = item.branches or []
    if all(isinstance(branch, str) for branch in branches):
        line = f"{item.op}: [{', '.join(map(str, branches))}]"
        return [line] if len(line) < WIDTH else [f"{item.op}:", *(f"  - {branch}" for branch in branches)]
    lines = [f"{item.op}:"]
    for branch in branches:
        if isinstance(branch, str):
            lines.append(f"  - {branch}")
        elif isinstance(branch, Shortcut):
            inside = ", ".join(f"{name}: {value_text(value)}" for name, value in branch.args)
            lines.append(f"  - project: {{{inside}}}" if inside else "  - project")
        else:
            inner = written(branch)
            lines += ["  - " + inner[0], *indented(inner[1:], 4)]
    return lines


def alike(a: Any, b: Any) -> bool:
    """Whether two values are the same, true and 1 apart."""
    return type(a) is type(b) and bool(a == b)


def value_text(value: Any) -> str:
    """Return a value as a spec writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return NONE
    if isinstance(value, tuple):
        return f"[{', '.join(map(value_text, value))}]"
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}" if value.denominator != 1 else str(value.numerator)
    return repr(value) if isinstance(value, float) else str(value)


def quoted(text: str) -> str:
    """Return text as a YAML scalar."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9 _.,()/-]*", text) and not text.endswith(" ")
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


__all__ = ["write"]
