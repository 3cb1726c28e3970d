"""A traced network as a spec that reads back to the same costs, with the blocks and repeats that its names show.

The graph's scopes ("layer1.0") say where blocks begin and end. A scope that is read from one place and left at one place is a
candidate; scopes of one form become one block, whose params are the arguments in which they differ. What lies between a
tensor and the join of all that follows from it is written as branches; whatever is no such nest keeps its ids.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from cnncost.graph.graph import Graph
from cnncost.models.spec.items import (
    IDENTITY,
    Branch,
    Expression,
    Item,
    Names,
    Scope,
    Shortcut,
    Template,
    Unit,
    by_shortcut,
    layers,
    multiple,
    put,
    read,
    repeated,
    unique,
)
from cnncost.models.spec.lines import alike, indented, quoted, value_text, written
from cnncost.models.spec.run import Run
from cnncost.models.spec.signatures import ACTIVATIONS, EXPANDING, JOINS, NORMS, PLAIN_JOINS
from cnncost.models.spec.steps import INPUT, RESERVED
from cnncost.rules import RULES, channels


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
        self.ids = {0: INPUT}  # of the inputs
        if len(graph.inputs) > 1:
            self.ids = {
                index: self.named_input(name) for index, name in enumerate(self.names) if self.nodes[index].kind == "input"
            }
        self.chain_concats()
        self.readers: dict[int, list[int]] = {}
        for index, inputs in enumerate(self.inputs):
            for i in inputs:
                self.readers.setdefault(i, []).append(index)
        self.owners = {node.name: index for index, node in enumerate(self.nodes)}
        self.lent = {self.owners[node.shares] for node in self.nodes if node.shares}

    def named_input(self, name: str) -> str:
        """Return an input's name as a spec can write it, taken from then on."""
        word = unique(re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-") or "x", self.taken)
        self.taken.add(word)
        return word

    def chain_concats(self) -> None:
        """Let concat(a, b, c) read concat(a, b) where that is there: dense blocks, layer by layer."""
        known: dict[tuple[int, ...], int] = {}
        for index, node in enumerate(self.nodes):
            read = tuple(self.skipped.get(i, i) for i in self.inputs[index])
            if node.kind in PLAIN_JOINS and len(read) == 1:
                self.skipped[index] = read[0]
                known[read] = read[0]
                continue
            if node.kind == "concat" and self.branching(index):
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
        arriving = channels(self.nodes[read[0]].cost.shape) if read else None
        return Item(node.kind, args, arriving, runs=node.runs, omitted=omitted)

    def branching(self, index: int) -> bool:
        """Whether a node is a join that is written with its branches: one with arguments merges tensors by their ids."""
        node = self.nodes[index]
        if node.kind not in JOINS:
            return False
        defaults = {name: p.default for name, p in RULES[node.kind].arguments.items()}
        return all(alike(value, defaults[name]) for name, value in node.args.items())

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
            if unit.call is None and self.branching(unit.output):
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
            return names.input
        if index in self.ids:
            return self.ids[index]
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
            if unit.call is not None or not self.branching(unit.output) or stop < furthest:
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
                for same in by_shortcut(scopes):
                    if len(same) > 1 and (len(same[0].body) > 1 or same[0].body[0].branches):
                        self.template(same)

    def template(self, scopes: list[Scope]) -> None:
        """Make one block of several scopes, and let each call it."""
        name = self.block_name(scopes)
        columns: list[tuple[Any, ...]] = []  # of values: one for each scope
        params: dict[str, tuple[Any, ...]] = {}
        defaults: dict[str, Any] = {}
        body = scopes[0].body
        places = [[place for item in scope.body for place in item.holes()] for scope in scopes]
        arriving = [[item.channels for item in layers(scope.body)] for scope in scopes]
        repeats = [*zip(*([item.repeat for item in layers(scope.body)] for scope in scopes), strict=True)]
        order = [item for item in layers(body) for _ in range(len(item.args) + 2)]
        number = {id(item): place for place, item in enumerate(layers(body))}
        for hole, (holder, key) in enumerate(places[0]):
            column = tuple(read(*row[hole]) for row in places)
            if all(value == column[0] and type(value) is type(column[0]) for value in column):
                continue
            item = order[hole]
            ins = tuple(row[number[id(item)]] for row in arriving)
            chained = key == "out" and holder is item.args and any(row != 1 for row in repeats[number[id(item)]])
            arrives = [("in", ins)] if key in ("out", "groups") and not chained else []
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
        nodes = [index for index in range(1, len(self.nodes)) if index not in self.skipped and index not in self.ids]
        lines = ["cnncost: 1", f"name: {quoted(self.graph.name)}"]
        lines += [f"about: {quoted(about)}"] if about else []
        shapes = [f"{name}: {value_text(self.nodes[index].cost.shape)}" for index, name in self.ids.items()]
        lines += [f"input: {{{', '.join(shapes)}}}" if len(shapes) > 1 else f"input: {value_text(self.graph.input)}", ""]
        lines[-1:-1] = self.stored()
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

    def stored(self) -> list[str]:
        """Return the lines that say how numbers are stored; bits of single layers are said in a remark."""
        how = self.graph.quantised
        default = how.bits.get("")
        parts = {"weights": default.weights, "activations": default.activations} if default is not None else {}
        said = [f"{name}: {bits}" for name, bits in parts.items() if bits is not None]
        lines = [f"bits: {{{', '.join(said)}}}"] if said else []
        lines += [f"density: {float(how.density):.9g}"] if how.density != 1 else []
        single = [name for name in how.bits if name]
        return [*lines, *([f"# bits of their own, to be written beside them: {', '.join(single)}"] if single else [])]

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
            return [("", repeated(self.items_of(units, 0, Names(0, self.taken, self.ids[0]))))]
        used: set[str] = set()
        found = []
        names = Names(0, self.taken, self.ids[0])
        current = 0
        for place, (stage, units) in enumerate(groups):
            between = "stem" if place == 0 else "head" if place == len(groups) - 1 else "then"
            name = unique(re.sub(r"[^A-Za-z0-9_-]+", "_", stage).strip("_-") or between, used)
            used.add(name)
            found.append((name, self.items_of(units, current, names)))
            current = units[-1].output
        return [(name, repeated(items)) for name, items in found]


__all__ = ["write"]
