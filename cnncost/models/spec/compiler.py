"""The tree of a spec as steps, checked; and the steps run on a tensor.

Reading has two halves. `Compiler` turns the tree into steps once and finds what is wrong with words, names and arguments.
`Run` takes the steps through the builder for one choice of params and finds what is wrong with shapes. Both note a problem
and go on with what does not depend on it, so that one reading finds all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

from cnncost.base.errors import AlgebraError, CnncostError, CostError, Disagreement, ModelError, Refusal, did_you_mean
from cnncost.base.ints import Ints
from cnncost.base.poly import Poly, assume, same
from cnncost.base.yamltree import Dict, List, Node, Scalar, clip, is_null
from cnncost.graph.graph import Tensor
from cnncost.models.spec import expressions
from cnncost.models.spec.expressions import ExpressionError, Ratio
from cnncost.models.spec.problems import Mark, Problems, Source, SpecError
from cnncost.models.spec.signatures import (
    ANY,
    CONSTANT,
    EXPANDING,
    JOINS,
    MODIFIERS,
    NONE,
    Argument,
    arguments,
    project_arguments,
    words,
)
from cnncost.rules import RULES

MOST_COPIES = 10_000  # of repeated items and block calls together
MOST_LAYERS = 50_000
DEEPEST_CALLS = 64  # blocks and joins inside each other
LONGEST_TRAIL = 5  # block calls that a problem shows
LARGEST_STRIDE = 64  # of a projection
LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # ids, stages, branches
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # what expressions can name
RESERVED = ("in", "i", "true", "false", "identity", "project", "input")
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
    apply: Layer | BlockCall | Join | Project | None  # None: identity, or an item in which a problem was found
    broken: bool = False
    id: str | None = None
    sources: tuple[str, ...] = ()
    repeat: Arg | None = None
    first: dict[str, Arg] = field(default_factory=dict)
    first_apply: Layer | BlockCall | Join | Project | None = None
    runs: Arg | None = None
    shares: str | None = None


@dataclass(slots=True)
class BlockCall:
    """A call of a block with its arguments."""

    name: str
    args: dict[str, Arg]


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


class Compiler:
    """Turns nodes into steps and notes what is wrong."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems = Problems(source)
        self.blocks: dict[str, Block] = {}
        self.block_params: dict[str, dict[str, bool]] = {}  # of each block: which have to be given
        self.defaults: dict[str, dict[str, Arg]] = {}
        self.default_layers: dict[str, Layer] = {}
        self.calls: dict[str, Mark] = {}
        self.seen: dict[tuple[Any, ...], Arg] = {}

    def fail(self, code: str, message: str, mark: Mark, hint: str = "") -> Broken:
        """Note a problem and return the signal to raise."""
        self.problems.add(code, message, mark, hint)
        return Broken()

    # ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def value(self, node: Node | None, wants: Argument, scope: Scope, what: str, at: Mark | None = None) -> Arg:
        """Return a value that an argument may have."""
        mark = node.mark if node is not None else at
        assert mark is not None
        if is_null(node):
            if wants.null:
                return Arg(None, mark)
            raise self.fail("E107", f"{what} has no value", at or mark, "write one after the colon")
        if isinstance(node, Scalar):
            return self.scalar(node, wants, scope, what)
        if isinstance(node, List):
            if not wants.lengths:
                raise self.fail("E107", f"{what} is a list, where one value is wanted", mark)
            if len(node.items) not in wants.lengths:
                lengths = " or ".join(map(str, wants.lengths)) if len(wants.lengths) < 4 else "1 to 64"
                single = "one number, or a list of " if wants.number and wants is not ANY else "a list of "
                raise self.fail("E107", f"{what} has {len(node.items)} numbers", mark, f"give {single}{lengths}")
            item = replace(wants, lengths=(), words=(), null=False, number=True) if wants is not ANY else ANY_ITEM
            items = tuple(self.value(each, item, scope, f"an entry of {what}") for each in node.items)
            if all(each.fixed for each in items):
                return Arg(tuple(each.constant for each in items), mark)
            return Arg(None, mark, items=items)
        raise self.fail("E107", f"{what} is a mapping, where a value is wanted", mark)

    def scalar(self, node: Scalar, wants: Argument, scope: Scope, what: str) -> Arg:
        """Return a value written as text: a word, a number, true or false, or an expression."""
        text = node.text
        if wants.text or (text in wants.words and text not in scope):
            return Arg(text, node.mark)
        if (
            text.isdecimal()
            and text.isascii()
            and len(text) < 19
            and (text[0] != "0" or text == "0")
            and (wants.number or wants.decimal)
        ):
            return Arg(int(text), node.mark)
        if wants.null and text == NONE:
            return Arg(None, node.mark)
        try:
            constant = expressions.number(text)
            if constant is not None:
                return Arg(self.suits(constant, wants, what), node.mark)
            if NAME.fullmatch(text) and text not in scope and wants is ANY and text in words():
                return Arg(text, node.mark)
            expression = expressions.parse(text)
            for name, offset in expression.names:
                if name not in scope:
                    raise self.unknown(name, offset, expression, wants, scope, what)
            if not expression.names:
                return Arg(self.suits(expression.value({}), wants, what), node.mark)
        except ExpressionError as error:
            raise self.placed(error, node) from None
        return Arg(None, node.mark, expression, wants=wants, plain=node.plain)

    def unknown(
        self, name: str, offset: int, expression: expressions.Expression, wants: Argument, scope: Scope, what: str
    ) -> ExpressionError:
        """Return the error of a name that means nothing here, with the nearest that does."""
        if expression.text == name and wants.boolean and not wants.number:
            return ExpressionError(
                "E107", f"{what} is '{clip(name)}', neither true nor false", 0, len(name), "write true or false"
            )
        known = [*scope, *(wants.words if expression.text == name else ())]
        listed = (
            f"known here: {', '.join(known[:12])}{', …' if len(known) > 12 else ''}"
            if known
            else "there are no params or let to name"
        )
        fact = f"{what} cannot be '{clip(name)}'" if expression.text == name and wants.words else f"unknown name '{clip(name)}'"
        near = did_you_mean(name, known)
        return ExpressionError("E111", f"{fact}; {near}" if near else fact, offset, len(name), "" if near else listed)

    def suits(self, value: Any, wants: Argument, what: str) -> Any:
        """Return a value in the form that an argument wants. Raises ExpressionError where it has another."""
        return suited(value, wants, what)

    def placed(self, error: ExpressionError, node: Scalar) -> Broken:
        """Note what is wrong with an expression, at its place inside the text."""
        return self.fail(error.code, error.message, inside(node.mark, node.plain, error), error.hint)

    # ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def mapping(self, node: Node | None, what: str, at: Mark | None = None) -> Dict:
        """Return a node that has to be a mapping."""
        if isinstance(node, Dict):
            return node
        mark = node.mark if node is not None else at
        assert mark is not None
        raise self.fail("E107", f"{what} is no mapping", mark, "write NAME: VALUE below it, or {NAME: VALUE}")

    def name(self, key: Scalar, what: str, taken: Sequence[str] = ()) -> str:
        """Return a name that expressions can use."""
        if not NAME.fullmatch(key.text):
            hint = spacing(key.text) or "use letters, digits and _, a letter first"
            raise self.fail("E109", f"'{clip(key.text)}' cannot be the name of {what}", key.mark, hint)
        if key.text in (*RESERVED, *expressions.FUNCTIONS, *taken):
            raise self.fail("E109", f"'{key.text}' means something already, and cannot be the name of {what}", key.mark)
        return key.text

    def label(self, key: Scalar, what: str) -> str:
        """Return a name that shows in tables."""
        if not LABEL.fullmatch(key.text) or len(key.text) > 80:
            raise self.fail(
                "E109", f"'{clip(key.text)}' cannot be the name of {what}", key.mark, "use letters, digits, _ and -"
            )
        return key.text

    # ── lists of layers ──────────────────────────────────────────────────────────────────────────────────────────────

    def steps(self, node: Node | None, scope: dict[str, Any], ids: set[str], what: str, at: Mark) -> list[Step]:
        """Return the steps of a list of layers; `ids` grows by those it defines."""
        if isinstance(node, List):
            return [self.step(item, scope, ids) for item in node.items]
        if node is not None and not is_null(node):
            return [self.step(node, scope, ids)]
        self.fail("E104", f"{what} has no layers", at, "write a list: [conv: 64, relu]")
        return []

    def step(self, item: Node, scope: dict[str, Any], ids: set[str]) -> Step:
        """Return one item of a list as a step; a broken one where a problem is found."""
        word = item if isinstance(item, Scalar) else Scalar("", True, item.mark)
        try:
            return self.read(item, scope, ids)
        except Broken:
            name = item.get("id") if isinstance(item, Dict) else None
            if isinstance(name, Scalar):
                ids.add(name.text)
            return Step(word, None, broken=True, id=name.text if isinstance(name, Scalar) else None)

    def read(self, item: Node, scope: dict[str, Any], ids: set[str]) -> Step:
        """Return an item as a step. Raises Broken where it is none."""
        if isinstance(item, Scalar):
            if is_null(item):
                raise self.fail("E105", "an empty item", item.mark, "write a layer after the dash")
            return Step(item, self.operation(item, None, scope, ids))
        if isinstance(item, List):
            raise self.fail("E105", "a list where a layer is wanted", item.mark, "branches stand under add, mul or concat")
        operators = [entry for key, entry in item.entries.items() if key not in MODIFIERS]
        if len(operators) != 1:
            if not operators:
                raise self.fail("E105", "an item without a layer", item.mark, "name a layer type or a block")
            second, value = operators[1]
            hint = spacing(second.text, value)
            known = {*RULES, *self.block_params}
            if not hint and operators[0][0].text in known and second.text not in known:
                found = self.takes(operators[0][0].text)
                if second.text in found:
                    hint = f"arguments go inside: {operators[0][0].text}: {{{second.text}: …}}"
            fact = f"two layers in one item: {clip(operators[0][0].text)} and {clip(second.text)}"
            raise self.fail(
                "E105", fact, second.mark, hint or "begin each with its own dash; modifiers are " + ", ".join(MODIFIERS)
            )
        word, value = operators[0]
        step = Step(word, None)
        inner = scope
        if "repeat" in item.entries:
            step.repeat = self.value(item.get("repeat"), COUNT, scope, "repeat", item.entries["repeat"][0].mark)
            inner = {**scope, COPY: True}
        step.sources = self.sources(item, ids)
        step.apply = self.operation(word, value, inner, ids)
        if "first" in item.entries:
            key, first = item.entries["first"]
            step.first_apply = self.overridden(word, value, self.mapping(first, "first", key.mark), inner, ids, key.mark)
        if "runs" in item.entries:
            step.runs = self.value(item.get("runs"), SHARE, inner, "runs", item.entries["runs"][0].mark)
        if "shares" in item.entries:
            owner = item.get("shares")
            if not isinstance(owner, Scalar) or owner.text not in ids:
                raise self.unknown_id(owner, item.entries["shares"][0].mark, ids)
            if not isinstance(step.apply, Layer):
                raise self.fail("E105", "only a layer shares weights", owner.mark)
            step.shares = owner.text
        if "id" in item.entries:
            step.id = self.identifier(item.entries["id"], ids)
        return step

    def identifier(self, entry: tuple[Scalar, Any], ids: set[str]) -> str:
        """Return the id of an item, known from here on."""
        key, node = entry
        if not isinstance(node, Scalar) or is_null(node):
            raise self.fail("E109", "an id is a word", key.mark)
        name = self.label(node, "an id")
        if name in RULES or name in self.block_params or name in RESERVED:
            raise self.fail("E109", f"'{name}' means something already, and cannot be an id", node.mark)
        ids.add(name)
        return name

    def sources(self, item: Dict, ids: set[str]) -> tuple[str, ...]:
        """Return the ids that an item reads, none where it reads what comes before it."""
        if "from" not in item.entries:
            return ()
        key, node = item.entries["from"]
        nodes = node.items if isinstance(node, List) else [node]
        for each in nodes:
            if not isinstance(each, Scalar) or (each.text not in ids and each.text != "identity"):
                raise self.unknown_id(each, key.mark, ids)
        if not nodes:
            raise self.fail("E106", "from names nothing", key.mark, "name the id of an earlier layer")
        return tuple(each.text for each in nodes)

    def unknown_id(self, node: Any, at: Mark, ids: set[str]) -> Broken:
        """Note an id that no earlier layer has."""
        if not isinstance(node, Scalar) or is_null(node):
            return self.fail("E106", "this is no id", node.mark if node is not None else at, "name the id of an earlier layer")
        known = f"earlier ids: {', '.join(sorted(ids))}"
        return self.fail(
            "E106", f"no earlier layer has the id '{clip(node.text)}'", node.mark, did_you_mean(node.text, ids, known)
        )

    def takes(self, operator: str) -> Mapping[str, Any]:
        """Return the names of the arguments of a layer type or block."""
        return (
            self.block_params[operator] if operator in self.block_params else arguments(operator) if operator in RULES else {}
        )

    def operation(self, word: Scalar, value: Node | None, scope: dict[str, Any], ids: set[str]) -> Any:
        """Return what an operator does with the value after it."""
        name = word.text
        if name in self.block_params:
            return self.call(word, self.entries(word, value, list(self.block_params[name])), scope)
        if name in JOINS and not self.only_arguments(name, value):
            return self.join(word, value, scope, ids)
        if name in RULES:
            return self.layer(word, self.entries(word, value, list(arguments(name))), scope)
        if name == "identity":
            if not is_null(value) and not (isinstance(value, Dict) and not value.entries):
                raise self.fail("E103", "identity takes no arguments", word.mark)
            return None
        if name == "project":
            raise self.fail("E102", "project stands among the branches of add, mul or concat only", word.mark)
        if name in ids:
            raise self.fail("E102", f"'{name}' is an id, not a layer", word.mark, f"start a layer from it: from: {name}")
        raise self.unknown_operator(word)

    @staticmethod
    def only_arguments(kind: str, value: Node | None) -> bool:
        """Whether what stands after a join names arguments and no branches: it then merges the tensors of `from`."""
        return isinstance(value, Dict) and bool(value.entries) and set(value.entries) <= set(arguments(kind))

    def unknown_operator(self, word: Scalar) -> Broken:
        """Note a word that is neither a layer type nor a block."""
        hint = spacing(word.text)
        near = did_you_mean(word.text, [*self.block_params, *RULES, "identity", "project"])
        fact = f"unknown layer type or block '{clip(word.text)}'"
        return self.fail(
            "E102", f"{fact}; {near}" if near and not hint else fact, word.mark, hint or ("" if near else "see: cnncost ops")
        )

    def entries(self, word: Scalar, value: Node | None, names: Sequence[str]) -> dict[str, tuple[Scalar, Node | None]]:
        """Return the arguments after an operator; one value alone is the main one."""
        if isinstance(value, Dict):
            for key, (name, given) in value.entries.items():
                if key not in names:
                    raise self.unknown_argument(word, name, given, names)
            return dict(value.entries)
        if value is None or is_null(value):
            return {}
        if not names:
            raise self.fail("E103", f"{word.text} takes no arguments", value.mark)
        return {names[0]: (Scalar(names[0], True, value.mark), value)}

    def unknown_argument(self, word: Scalar, key: Scalar, given: Node | None, names: Sequence[str]) -> Broken:
        """Note an argument that a layer does not take."""
        takes = f"{word.text} takes: {', '.join(names)}" if names else f"{word.text} takes no arguments"
        fact = f"unknown argument '{clip(key.text)}' for {word.text}"
        if key.text in MODIFIERS:
            return self.fail("E103", fact, key.mark, f"{key.text} goes beside {word.text}, not inside")
        near = did_you_mean(key.text, names)
        hint = spacing(key.text, given)
        return self.fail("E103", f"{fact}; {near}" if near and not hint else fact, key.mark, hint or takes)

    def arguments(
        self, word: Scalar, entries: Mapping[str, tuple[Scalar, Node | None]], takes: Mapping[str, Argument], scope: Scope
    ) -> dict[str, Arg]:
        """Return the arguments of a layer as written."""
        within = {**scope, IN: True}
        return {
            name: self.value(node, takes[name], within, f"{name} of {word.text}", key.mark)
            for name, (key, node) in entries.items()
        }

    def layer(self, word: Scalar, entries: Mapping[str, tuple[Scalar, Node | None]], scope: Scope) -> Layer:
        """Return a layer with its defaults and those of its rule."""
        given = self.arguments(word, entries, arguments(word.text), scope)
        return self.completed(word, given)

    def completed(self, word: Scalar, given: Mapping[str, Arg]) -> Layer:
        """Return a layer whose arguments are complete, with those of `defaults`."""
        kind = word.text
        takes = arguments(kind)
        args = {**self.defaults.get(kind, {}), **given}
        for name, argument in takes.items():
            if argument.required and name not in args:
                hint = f"write {kind}: {{{name}: …}}, or give it under defaults"
                raise self.fail("E104", f"{kind} needs {name}", word.mark, hint)
        return self.assembled(kind, args, takes)

    def assembled(self, kind: str, args: Mapping[str, Arg], takes: Mapping[str, Argument]) -> Layer:
        """Return a layer, its arguments parted into those that are known and those that wait for names."""
        fixed = {name: takes[name].default for name in RULES[kind].arguments if name in takes}
        layer = Layer(kind, fixed, [], {})
        for name, arg in args.items():
            if name in ("norm", "act") and kind in EXPANDING:
                continue
            layer.marks[name] = arg.mark
            if arg.fixed:
                fixed[name] = arg.constant
            else:
                layer.dynamic.append((name, arg))
        if kind in EXPANDING:
            layer.norm, layer.act = (self.nothing(args.get(name)) for name in ("norm", "act"))
            layer.free_bias = "bias" not in args
        return layer

    @staticmethod
    def nothing(arg: Arg | None) -> Arg | None:
        """Return None for a norm or an activation that is none."""
        return None if arg is None or (arg.fixed and arg.constant == NONE) else arg

    def overridden(self, word: Scalar, value: Node | None, first: Dict, scope: dict[str, Any], ids: set[str], at: Mark) -> Any:
        """Return the operation with the arguments of the first copy."""
        names = list(self.takes(word.text))
        if word.text in JOINS or not names:
            raise self.fail("E103", f"first overrides arguments, and {word.text} has none", at)
        entries = {**self.entries(word, value, names), **self.entries(word, first, names)}
        return self.call(word, entries, scope) if word.text in self.block_params else self.layer(word, entries, scope)

    def call(self, word: Scalar, entries: Mapping[str, tuple[Scalar, Node | None]], scope: Scope) -> BlockCall:
        """Return a call of a block."""
        params = self.block_params[word.text]
        for name, required in params.items():
            if required and name not in entries:
                raise self.fail("E104", f"block {word.text} needs {name}", word.mark, f"write {word.text}: {{{name}: …}}")
        self.calls.setdefault(word.text, word.mark)
        return BlockCall(word.text, self.arguments(word, entries, dict.fromkeys(params, ANY), scope))

    # ── branches ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def join(self, word: Scalar, value: Node | None, scope: dict[str, Any], ids: set[str]) -> Join:
        """Return the branches under add, mul or concat."""
        named: list[tuple[str | None, Mark, Node | None]]
        takes, given = arguments(word.text), {}
        if isinstance(value, List):
            named = [(None, node.mark, node) for node in value.items]
        elif isinstance(value, Dict):
            given = {name: entry for name, entry in value.entries.items() if name in takes}
            branches = [entry for name, entry in value.entries.items() if name not in takes]
            named = [(self.label(key, "a branch"), key.mark, node) for key, node in branches]
        else:
            raise self.fail(
                "E107", f"{word.text} takes branches", word.mark, f"write a list: {word.text}: [[conv: 64], identity]"
            )
        if not named:
            raise self.fail(
                "E107", f"{word.text} has no branches", word.mark, f"write a list: {word.text}: [[conv: 64], identity]"
            )
        join = Join(self.layer(word, given, scope), [])
        for index, (name, mark, node) in enumerate(named):
            join.branches.append((name, self.branch(node, scope, ids, mark, index)))
        return join

    def branch(self, node: Node | None, scope: dict[str, Any], ids: set[str], at: Mark, index: int) -> Branch:
        """Return one branch of a join."""
        lone = node.items[0] if isinstance(node, List) and len(node.items) == 1 else node
        if isinstance(lone, Scalar) and lone.text in ids | {"identity"}:
            return lone.text
        word, value = None, None
        if isinstance(lone, Scalar):
            word = lone
        elif isinstance(lone, Dict) and len(lone.entries) == 1:
            (word, value) = next(iter(lone.entries.values()))
        if word is not None and word.text == "project":
            if index == 0:
                raise self.fail(
                    "E102", "project is the first branch", word.mark, "it takes the shape of the first: put it second"
                )
            takes = project_arguments()
            given = self.arguments(word, self.entries(word, value, list(takes)), takes, scope)
            inherited = {name: arg for name, arg in self.defaults.get("conv", {}).items() if name in ("norm", "bias")}
            return Project(self.assembled("conv", {**inherited, **given}, takes), word.mark)
        if isinstance(lone, Scalar) and lone.text not in RULES and lone.text not in self.block_params and not is_null(lone):
            near = did_you_mean(lone.text, [*ids, *self.block_params, *RULES, "identity", "project"])
            fact = f"'{clip(lone.text)}' is no earlier id, layer type or block"
            self.fail("E106", f"{fact}; {near}" if near else fact, lone.mark, spacing(lone.text))
            return [Step(lone, None, broken=True)]
        return self.steps(node, scope, ids, "the branch", at)


def suited(value: Any, wants: Argument, what: str) -> Any:
    """Return a value in the form that an argument wants. Raises ExpressionError where it has another."""
    if isinstance(value, bool) or hasattr(value, "dtype"):
        if not wants.boolean:
            raise ExpressionError("E107", f"{what} is {str(value).lower()}, where a number is wanted")
        return value
    if isinstance(value, str) or value is None or isinstance(value, tuple):
        if isinstance(value, str) and value not in wants.words and wants is not ANY:
            known = ", ".join(wants.words) or "a number"
            raise ExpressionError("E107", f"{what} is '{value}'", hint=f"give {known}")
        return value
    if wants.boolean and not wants.number and not wants.decimal:
        raise ExpressionError("E107", f"{what} is {value}, neither true nor false", hint="write true or false")
    if not (wants.number or wants.decimal):
        raise ExpressionError("E107", f"{what} cannot be {value}", hint=f"give one of {', '.join(wants.words)}")
    if wants in (ANY, ANY_ITEM, SHARE, CONSTANT):
        return value
    if wants.decimal:
        if isinstance(value, Ratio):
            top, bottom = value.numerator, value.denominator
            return float(Fraction(top, bottom)) if isinstance(top, int) and isinstance(bottom, int) else value
        return float(value) if type(value) is int else value
    return whole(value, what)


def whole(value: Any, what: str) -> Any:
    """Return a value that has to be whole. Raises ExpressionError, or CostError for the candidates of a column."""
    if not isinstance(value, Ratio):
        return value
    top, bottom = value.numerator, value.denominator
    if isinstance(top, int) and isinstance(bottom, int):
        hint = "say how to round: round(…), ceil(…) or divisible(…, 8)"
        raise ExpressionError("E112", f"{what} is {value}, which is not whole", hint=hint)
    if isinstance(top, Ints) or isinstance(bottom, Ints):
        fits = top % bottom == 0
        if not fits.all():
            raise CostError(f"{what} is not whole", valid=fits)
    if isinstance(top, Poly) or isinstance(bottom, Poly):
        assume("%", top, bottom)
    return top // bottom


def inside(mark: Mark, plain: bool, error: ExpressionError) -> Mark:
    """Return the place of an error inside an expression."""
    if not error.offset and error.length == 1 and error.code in ("E112", "E107", "E113"):
        return mark
    return Mark(mark.line, mark.column + error.offset + (not plain), max(1, error.length))


def spacing(text: str, given: Node | None = None) -> str:
    """Return the remedy for the two slips of flow mappings, where a key looks like one."""
    if ")" in text or "(" in text:
        return 'put expressions with commas in quotes: "max(8, c)"'
    if re.match(r"[A-Za-z_]+:\S", text):
        return "put a space after the colon"
    return ""


ANY_ITEM = replace(ANY, lengths=(), null=False)
COUNT = Argument(None, number=True)
SHARE = Argument(None, number=True, decimal=True)
CONDITION = Argument(None, boolean=True)


# ── running ──────────────────────────────────────────────────────────────────────────────────────────────────────────


Tensors: TypeAlias = "Tensor | None"  # None: a problem was found on the way there
Env: TypeAlias = dict[str, Any]


class Run:
    """One pass of the steps through the builder, under one choice of params."""

    def __init__(self, compiler: Compiler, top: Env) -> None:
        self.compiler = compiler
        self.source = compiler.source
        self.top = top
        self.problems = Problems(compiler.source)
        self.copies = self.layers = self.depth = 0
        self.trail: list[tuple[str, Mark, str, Env]] = []
        self.stage = ""
        self.copy: int | None = None
        self.norm_layers: dict[str, Layer] = {}

    def note(self, code: str, message: str, mark: Mark, hint: str = "", used: Sequence[Arg] = ()) -> None:
        """Note a problem, with the way through block calls that led to it."""
        trail = []
        names = [name for arg in used for name in arg.names()]
        for block, called, where, env in reversed(self.trail):
            own = self.compiler.blocks[block].params
            shown = [f"{name} = {expressions.shown(env[name])}" for name in dict.fromkeys(names) if name in own and name in env]
            trail.append(
                f"in block '{block}', called at {called.line + 1}:{called.column + 1}"
                + (f" ({where})" if where else "")
                + "".join(f", {text}" for text in shown)
            )
            names = []
        if len(trail) > LONGEST_TRAIL:
            trail[LONGEST_TRAIL:] = [f"and {len(trail) - LONGEST_TRAIL} calls further out"]
        self.problems.add(code, message, mark, hint, tuple(trail))

    def evaluate(self, arg: Arg, env: Env, x: Tensor | None, what: str) -> Any:
        """Return the value of an argument. Raises Broken after noting what is wrong."""
        if arg.items is not None:
            return tuple([self.evaluate(item, env, x, f"an entry of {what}") for item in arg.items])
        if arg.expression is None:
            return arg.constant
        if arg.outer:
            env = {**self.top, **({COPY: env[COPY]} if COPY in env else {})}
        if x is not None:
            for name, _ in arg.expression.names:
                if name == IN:
                    env = {**env, IN: x.channels}
                    break
        try:
            value = arg.expression.value(env)
            if type(value) is int and arg.wants.number and arg.wants is not ANY:
                return value
            return suited(value, arg.wants, what)
        except ExpressionError as error:
            mark = inside(arg.mark, arg.plain, error)
            self.note(error.code, error.message, mark, error.hint, [arg])
        except CostError as error:
            raise ModelError(f"{self.at(arg.mark)}: {error.message}", error.hint, error.valid) from error
        except AlgebraError as error:
            if isinstance(error, Disagreement):
                raise
            self.note("E113", error.message, arg.mark, error.hint, [arg])
        raise Broken

    def at(self, mark: Mark) -> str:
        """Return file:line:column."""
        return f"{self.source.path}:{mark.line + 1}:{mark.column + 1}"

    def steps(self, steps: Sequence[Step], x: Tensors, env: Env, ids: dict[str, Any], owners: dict[str, str]) -> Tensors:
        """Return what a list of layers makes of x."""
        for step in steps:
            if step.broken:
                x = None
            elif x is not None or step.sources:
                x = self.step(step, x, env, ids, owners)
            if step.id is not None:
                ids[step.id] = x
        return x

    def step(self, step: Step, x: Tensors, env: Env, ids: dict[str, Any], owners: dict[str, str]) -> Tensors:
        """Return what one item makes of x."""
        others: tuple[Tensor, ...] = ()
        if step.sources:
            found = [x if name == "identity" else ids.get(name) for name in step.sources]
            tensors = tuple([tensor for tensor in found if tensor is not None])
            if len(tensors) < len(found):
                return None
            x, others = tensors[0], tensors[1:]
        if x is None:
            return None
        if step.repeat is None and step.runs is None:
            return self.once(step, step.first_apply or step.apply, x, others, env, ids, owners)
        try:
            count = self.count(step, env, x)
            for copy in range(count):
                inner = env if step.repeat is None else {**env, COPY: copy}
                outer, self.copy = self.copy, copy if step.repeat is not None else self.copy
                apply = step.first_apply if copy == 0 and step.first_apply is not None else step.apply
                share = self.share(step.runs, inner, x) if step.runs is not None else None
                with x.runs(share) if share is not None else nullcontext():
                    y = self.once(step, apply, x, others, inner, ids, owners)
                self.copy = outer
                if y is None:
                    return None
                x = y
        except Broken:
            return None
        return x

    def count(self, step: Step, env: Env, x: Tensor) -> int:
        """Return how many copies of a repeated item there are."""
        if step.repeat is None:
            return 1
        count = self.evaluate(step.repeat, env, x, "repeat")
        if isinstance(count, Ints):
            mask = count == int(count.values.flat[0])
            if not mask.all():
                raise Disagreement(mask)
            count = int(count.values.flat[0])
        if isinstance(count, Poly):
            self.note(
                "E113", f"repeat is {count}, which depends on letters", step.repeat.mark, "set what it depends on to a number"
            )
            raise Broken
        if count < 0:
            self.note("E107", f"repeat is {count}", step.repeat.mark, "give a whole number from 0", [step.repeat])
            raise Broken
        self.more_copies(count, step.repeat.mark)
        return int(count)

    def more_copies(self, count: int, mark: Mark) -> None:
        """Count copies. Raises SpecError past the limit."""
        self.copies += count
        if self.copies > MOST_COPIES:
            self.note("E004", f"the spec unrolls to more than {MOST_COPIES:,} copies", mark, "is a repeat mistyped?")
            raise SpecError(self.source, self.problems)

    def share(self, runs: Arg, env: Env, x: Tensor) -> Any:
        """Return the share of training passes in which an item runs."""
        share = self.evaluate(runs, env, x, "runs")
        if isinstance(share, Ratio) and isinstance(share.numerator, int) and isinstance(share.denominator, int):
            share = Fraction(share.numerator, share.denominator)
        if not isinstance(share, (int, Fraction)) or not 0 <= share <= 1:
            self.note("E107", f"runs is {share}", runs.mark, "give a share from 0 to 1", [runs])
            raise Broken
        return share

    def once(
        self,
        step: Step,
        apply: Any,
        x: Tensor,
        others: tuple[Tensor, ...],
        env: Env,
        ids: dict[str, Any],
        owners: dict[str, str],
    ) -> Tensors:
        """Return what one copy of an item makes of x."""
        try:
            if type(apply) is Layer:
                shared = owners.get(step.shares) if step.shares else None
                y, name = self.layer(apply, step.word.mark, x, others, env, step.id, shared)
                if step.id is not None:
                    owners[step.id] = name
                return y
            if apply is None:
                return x
            self.depth += 1
            if self.depth > DEEPEST_CALLS:
                self.note("E004", f"more than {DEEPEST_CALLS} blocks and joins inside each other", step.word.mark)
                raise SpecError(self.source, self.problems)
            try:
                if type(apply) is BlockCall:
                    return self.call(apply, step, x, env)
                return self.join(apply, step, x, env, ids, owners)
            finally:
                self.depth -= 1
        except Broken:
            return None

    def layer(
        self,
        layer: Layer,
        mark: Mark,
        x: Tensor,
        others: tuple[Tensor, ...],
        env: Env,
        name: str | None,
        shared: str | None = None,
    ) -> tuple[Tensor, str]:
        """Apply a layer, its norm and its activation; return the output and the layer's full name."""
        args = layer.fixed
        norm = self.word(layer.norm, env, x) if layer.norm is not None else None
        if layer.dynamic or (norm is not None and layer.free_bias):
            args = dict(args)
            for argument, arg in layer.dynamic:
                args[argument] = self.evaluate(arg, env, x, f"{argument} of {layer.kind}")
            if norm is not None and layer.free_bias:
                args["bias"] = False
        y = self.apply(layer, args, mark, (x, *others), name, shared)
        path = y.tracer.nodes[-1].name
        if norm is not None:
            y = self.follow(norm, mark, y, env)
        if layer.act is not None:
            act = self.word(layer.act, env, x)
            if act is not None:
                y = self.follow(act, mark, y, env)
        return y, path

    def word(self, arg: Arg, env: Env, x: Tensor) -> str | None:
        """Return the kind of a norm or an activation, None for none."""
        found = self.evaluate(arg, env, x, "norm or act")
        return None if found == NONE else found

    def follow(self, kind: str, mark: Mark, x: Tensor, env: Env) -> Tensor:
        """Apply the norm or activation that a layer asks for, with its arguments of `defaults`."""
        layer = self.compiler.default_layers.get(kind)
        if layer is None:
            layer = self.compiler.completed(Scalar(kind, True, mark), {})
            self.compiler.default_layers[kind] = layer
        args = layer.fixed
        if layer.dynamic:
            args = {**args, **{name: self.evaluate(arg, env, x, f"{name} of {kind}") for name, arg in layer.dynamic}}
        return self.apply(layer, args, mark, (x,), None, None)

    def apply(
        self, layer: Layer, args: dict[str, Any], mark: Mark, tensors: tuple[Tensor, ...], name: str | None, shared: str | None
    ) -> Tensor:
        """Apply a rule through the builder. Raises Broken after noting what it refuses."""
        kind = layer.kind
        self.layers += 1
        if args.get("count_pad") is False:  # the taps of a window without its padding are summed one by one
            sides = args["kernel"] if isinstance(args["kernel"], tuple) else (args["kernel"],)
            self.layers += sum(side for side in sides if type(side) is int)
        if self.layers > MOST_LAYERS:
            self.note("E004", f"the spec unrolls to more than {MOST_LAYERS:,} layers", mark, "is a repeat mistyped?")
            raise SpecError(self.source, self.problems)
        tracer, least, most = tensors[0].tracer, RULES[kind].least, RULES[kind].inputs
        if most == 0:
            tensors = ()  # a parameter reads nothing
        elif most is not None and not least <= len(tensors) <= most:
            count = f"{least} to {most}" if least < most else "one" if most == 1 else most
            fact = f"{kind} takes {count} {'tensor' if most == 1 else 'tensors'}"
            hint = f"name them by their ids: from: [{', '.join('abcdef'[:least])}]" if most > 1 else ""
            self.note("E201", f"{fact}, got {len(tensors)}", mark, hint)
            raise Broken
        try:
            y = tracer.apply(kind, tensors, args, name, shared)
        except ModelError as error:
            cause = error.__cause__ if isinstance(error.__cause__, (CostError, AlgebraError)) else error
            if error.valid is not None:
                raise ModelError(f"{self.at(mark)}: {cause.message}", error.hint, error.valid) from error
            self.refused(layer, cause, cause.hint, mark)
            raise Broken from None
        for size in y.shape:
            if type(size) is int and size > expressions.LARGEST:  # sizes that grow with each layer would fill the memory
                self.note("E113", f"{kind} makes a size past 10^30", mark)
                raise Broken
        return y

    def refused(self, layer: Layer, cause: CnncostError, hint: str, mark: Mark) -> None:
        """Note what a rule refuses, under the code for its reason."""
        kind, fact = layer.kind, cause.message
        code = CODE_OF.get(cause.kind, "E201") if isinstance(cause, CostError) else "E201"
        shown = fact if kind in fact or code in ("E204", "E212") else f"{kind}: {fact}"
        self.note(code, shown, mark, hint, [arg for _, arg in layer.dynamic])

    def call(self, call: BlockCall, step: Step, x: Tensor, env: Env) -> Tensors:
        """Run a block's steps under a scope of its own."""
        block = self.compiler.blocks[call.name]
        self.more_copies(1, step.word.mark)
        inner: Env = dict(self.top)
        own: Env = {}
        where = ", ".join(
            part
            for part in (f"stage {self.stage}" if self.stage else "", "" if self.copy is None else f"copy {self.copy}")
            if part
        )
        for name, default in block.params.items():
            if name in call.args:
                own[name] = self.evaluate(call.args[name], env, x, name)
            elif default is not None:
                own[name] = self.evaluate(default, {**inner, **own}, x, name)
        inner.update(own)
        self.trail.append((call.name, step.word.mark, where, inner))
        outer, self.copy = self.copy, None
        try:
            for name, arg in block.let.items():
                inner[name] = self.evaluate(arg, inner, x, name)
            with x.scope(step.id or call.name):
                return self.steps(block.steps, x, inner, {INPUT: x}, {})
        finally:
            self.trail.pop()
            self.copy = outer

    def join(self, join: Join, step: Step, x: Tensor, env: Env, ids: dict[str, Any], owners: dict[str, str]) -> Tensors:
        """Run the branches and merge them."""
        found: list[Tensors] = []
        for name, branch in join.branches:
            with x.scope(name) if name is not None and not isinstance(branch, str) else nullcontext():
                if isinstance(branch, str):
                    found.append(x if branch == "identity" else ids.get(branch))
                elif isinstance(branch, Project):
                    found.append(self.project(branch, x, found[0], env))
                else:
                    found.append(self.steps(branch, x, env, ids, owners))
        tensors = tuple([tensor for tensor in found if tensor is not None])
        if len(tensors) < len(found):
            return None
        return self.merged(join.layer, step, tensors, env)

    def merged(self, layer: Layer, step: Step, tensors: tuple[Tensor, ...], env: Env) -> Tensor:
        """Return the branches as one tensor."""
        args = dict(layer.fixed)
        for argument, arg in layer.dynamic:
            args[argument] = self.evaluate(arg, env, tensors[0], f"{argument} of {layer.kind}")
        try:
            return tensors[0].tracer.apply(layer.kind, tensors, args, step.id, None)
        except ModelError as error:
            cause = error.__cause__ if isinstance(error.__cause__, (CostError, AlgebraError)) else error
            if error.valid is not None:
                raise ModelError(f"{self.at(step.word.mark)}: {cause.message}", error.hint, error.valid) from error
            hint = "bring the shortcut to the shape of the first branch: project" if layer.kind == "add" else cause.hint
            self.refused(layer, cause, hint, step.word.mark)
            raise Broken from None

    def project(self, project: Project, x: Tensor, target: Tensors, env: Env) -> Tensors:
        """Return x where it has the shape of the target, else its projection to that shape."""
        if target is None:
            return None
        goal = target.shape
        if len(goal) == len(x.shape) and all(same(a, b) for a, b in zip(goal, x.shape, strict=True)):
            return x
        if len(goal) != 3 or len(x.shape) != 3:
            self.note("E203", "project makes maps fit, not features", project.mark, "add a linear layer in the branch")
            return None
        strides = [self.stride(size, wanted) for size, wanted in zip(x.shape[1:], goal[1:], strict=True)]
        if None in strides:
            fact = f"no stride makes {x.shape[1]}×{x.shape[2]} to {goal[1]}×{goal[2]}"
            self.note("E203", f"project cannot follow the first branch: {fact}", project.mark)
            return None
        stride = strides[0] if strides[0] == strides[1] else tuple(strides)
        layer = replace(project.layer, fixed={**project.layer.fixed, "out": goal[0], "stride": stride})
        try:
            with x.scope("project"):
                return self.layer(layer, project.mark, x, (), env, None)[0]
        except Broken:
            return None

    @staticmethod
    def stride(size: Any, wanted: Any) -> int | None:
        """Return the least s with ⌈size / s⌉ = wanted."""
        if isinstance(size, int) and isinstance(wanted, int):
            s = -(-size // wanted)
            return s if -(-size // s) == wanted else None
        return next((s for s in range(1, LARGEST_STRIDE + 1) if same((size + s - 1) // s, wanted)), None)


CODE_OF = {
    Refusal.FEATURES: "E202",
    Refusal.BRANCHES: "E203",
    Refusal.WINDOW: "E204",
    Refusal.GROUPS: "E212",
}


@contextmanager
def named_stage(run: Run, x: Tensor, name: str) -> Iterator[None]:
    """Put layers under a stage, in tables and in trails."""
    outer, run.stage = run.stage, name
    try:
        with x.scope(name):
            yield
    finally:
        run.stage = outer
