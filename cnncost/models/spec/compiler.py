"""The tree of a spec as steps, checked: what is wrong with words, names and arguments is found here, once for all params.

A problem is noted, and what does not depend on it is read on, so that one reading finds all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from keyword import kwlist
from typing import Any

from cnncost.base.errors import UsageError, did_you_mean, nearest, one_of
from cnncost.base.text import clip
from cnncost.base.yamltree import Dict, List, Node, Scalar, is_null
from cnncost.graph.bits import MOST_BITS, Bits
from cnncost.models import zoo
from cnncost.models.model import Model
from cnncost.models.parts import Cut
from cnncost.models.reference import model_of
from cnncost.models.spec import expressions
from cnncost.models.spec.expressions import ExpressionError
from cnncost.models.spec.problems import Mark, Problems, Source
from cnncost.models.spec.signatures import (
    ANY,
    EXPANDING,
    JOINS,
    MODIFIERS,
    NONE,
    Argument,
    arguments,
    project_arguments,
    words,
)
from cnncost.models.spec.steps import (
    COPY,
    IN,
    LABEL,
    NAME,
    PART,
    RESERVED,
    Arg,
    Block,
    BlockCall,
    Branch,
    Broken,
    Inner,
    Join,
    Layer,
    Project,
    Scope,
    Step,
)
from cnncost.models.spec.values import ANY_ITEM, COUNT, SHARE, inside, spacing, suited
from cnncost.rules import RULES
from cnncost.rules.foreign import arguments_meant, kind_meant, layer_meant, value_meant


class Compiler:
    """Turns nodes into steps and notes what is wrong."""

    def __init__(self, source: Source, find: Callable[[str], Model] = zoo.find) -> None:
        self.source = source
        self.find = find  # the model of a name: one of the zoo, or a spec beside this one
        self.inside: set[str] = set()  # the ids of networks inside this one
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
        words = wants.words if expression.text == name else ()
        known = [*words, *scope]
        listed = (
            f"known here: {', '.join(known[:12])}{', …' if len(known) > 12 else ''}"
            if known
            else "there are no params or let to name"
        )
        fact = f"{what} cannot be '{clip(name)}'" if expression.text == name and wants.words else f"unknown name '{clip(name)}'"
        near = one_of([kind_meant(name)]) if kind_meant(name) in words else did_you_mean(name, known)
        hint = value_meant(name) if expression.text == name and wants.words else ""
        return ExpressionError(
            "E111", f"{fact}; {near}" if near and not hint else fact, offset, len(name), hint or ("" if near else listed)
        )

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
        if key.text in (*RESERVED, *kwlist, *expressions.FUNCTIONS, *taken):  # a param is a setting in Python, too
            fact = f"'{key.text}' means something already, and cannot be the name of {what}"
            raise self.fail("E109", fact, key.mark, f"call it my_{key.text}" if NAME.fullmatch(f"my_{key.text}") else "")
        return key.text

    def label(self, key: Scalar, what: str) -> str:
        """Return a name that shows in tables."""
        if not LABEL.fullmatch(key.text) or len(key.text) > 80:
            raise self.fail(
                "E109", f"'{clip(key.text)}' cannot be the name of {what}", key.mark, "use letters, digits, _ and -"
            )
        return key.text

    # ── lists of layers ──────────────────────────────────────────────────────────────────────────────────────────────

    def steps(self, node: Node | None, scope: Scope, ids: set[str], what: str, at: Mark) -> list[Step]:
        """Return the steps of a list of layers; `ids` grows by those it defines."""
        if isinstance(node, List):
            return [self.step(item, scope, ids) for item in node.items]
        if node is not None and not is_null(node):
            return [self.step(node, scope, ids)]
        self.fail("E104", f"{what} has no layers", at, "write a list: [conv: 64, relu]")
        return []

    def step(self, item: Node, scope: Scope, ids: set[str]) -> Step:
        """Return one item of a list as a step; a broken one where a problem is found."""
        word = item if isinstance(item, Scalar) else Scalar("", True, item.mark)
        try:
            return self.read(item, scope, ids)
        except Broken:
            name = item.get("id") if isinstance(item, Dict) else None
            if isinstance(name, Scalar):
                ids.add(name.text)
                self.inside |= {name.text} if isinstance(item, Dict) and "model" in item.entries else set()
            return Step(word, None, broken=True, id=name.text if isinstance(name, Scalar) else None)

    def read(self, item: Node, scope: Scope, ids: set[str]) -> Step:
        """Return an item as a step. Raises Broken where it is none."""
        if isinstance(item, Scalar):
            if is_null(item):
                raise self.fail("E105", "an empty item", item.mark, "write a layer after the dash")
            return Step(item, self.operation(item, None, scope, ids))
        if isinstance(item, List):
            raise self.fail(
                "E105", "a list where a layer is wanted", item.mark, "branches are written under add, mul or concat"
            )
        beside = (*MODIFIERS, *PART) if "model" in item.entries else MODIFIERS
        operators = [entry for key, entry in item.entries.items() if key not in beside]
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
        step.apply = self.inner(word, value, item, inner) if word.text == "model" else self.operation(word, value, inner, ids)
        if "first" in item.entries:
            key, first = item.entries["first"]
            step.first_apply = self.overridden(word, value, self.mapping(first, "first", key.mark), inner, ids, key.mark)
        if "runs" in item.entries:
            step.runs = self.value(item.get("runs"), SHARE, inner, "runs", item.entries["runs"][0].mark)
        if "shares" in item.entries:
            owner = item.get("shares")
            if not isinstance(owner, Scalar) or owner.text not in ids:
                raise self.unknown_id(owner, item.entries["shares"][0].mark, ids)
            if not isinstance(step.apply, (Layer, BlockCall, Inner)):
                raise self.fail("E105", "only a layer, a block or a network shares weights", owner.mark)
            step.shares = owner.text
        if "bits" in item.entries:
            step.bits = self.bits(item.get("bits"), item.entries["bits"][0].mark)
        if "id" in item.entries:
            step.id = self.identifier(item.entries["id"], ids)
            if isinstance(step.apply, Inner):
                self.inside.add(step.id)
        return step

    def bits(self, node: Node | None, at: Mark) -> Bits:
        """Return bits: `4` for weights and activations, or {weights: 4, activations: 8}."""
        if not isinstance(node, Dict):
            both = self.number_of_bits(node, "bits", at)
            return Bits(both, both)
        for key, _ in node.entries.values():
            if key.text not in ("weights", "activations"):
                near = did_you_mean(key.text, ("weights", "activations"), "bits are those of weights and activations")
                raise self.fail("E103", f"unknown key '{clip(key.text)}' of bits", key.mark, near)
        found = {key: self.number_of_bits(value, key, at) for key, (_, value) in node.entries.items()}
        return Bits(found.get("weights"), found.get("activations"))

    def number_of_bits(self, node: Node | None, what: str, at: Mark) -> int:
        """Return a number of bits."""
        count = self.value(node, COUNT, {}, what, at).constant
        if not 1 <= count <= MOST_BITS:
            raise self.fail("E107", f"{what} is {count}", node.mark if node is not None else at, f"give 1 to {MOST_BITS} bits")
        return int(count)

    def reaches(self, name: str, ids: set[str]) -> bool:
        """Whether a name is that of a layer or scope inside a network of this one: `body.layer2`."""
        owner, dot, _ = name.partition(".")
        return bool(dot) and owner in ids and owner in self.inside

    def inner(self, word: Scalar, value: Node | None, item: Dict, scope: Scope) -> Inner:
        """Return the network that an item puts inside this one."""
        if not isinstance(value, Scalar) or is_null(value):
            raise self.fail("E304", "model names no model", word.mark, "write model: resnet50; see: cnncost list")
        try:
            model = model_of(value.text, self.find)
            model.require_plain("a spec", "write bits and fold at the top of this one")
        except UsageError as error:
            raise self.fail("E304", error.message, value.mark, error.hint) from None
        words: dict[str, Any] = {}
        for key in ("start", "until"):
            node = item.get(key)
            if key in item.entries and not isinstance(node, Scalar) and not (key == "until" and isinstance(node, List)):
                raise self.fail("E107", f"{key} is no name of a layer", item.entries[key][0].mark, f"write {key}: layer4")
            parts = node.items if isinstance(node, List) else [node] if node is not None else []
            for part in parts:
                self.named(model, part)
            texts = tuple(part.text for part in parts if isinstance(part, Scalar))
            words[key] = None if not texts else texts if isinstance(node, List) else texts[0]
        head = item.get("head")
        if "head" in item.entries and (not isinstance(head, Scalar) or head.text not in ("true", "false")):
            raise self.fail("E107", "head is neither true nor false", item.entries["head"][0].mark, "write head: false")
        cut = Cut(words["start"], words["until"], not (isinstance(head, Scalar) and head.text == "false"))
        return Inner(model, cut, self.settings_of(model, item, scope), isinstance(words["until"], tuple))

    def named(self, model: Model, node: Node) -> None:
        """Note a layer that a network does not have, where its own input is known."""
        if isinstance(node, Scalar) and model.shape is not None and None not in model.shape:
            try:
                model.part(until=node.text)
            except UsageError as error:
                raise self.fail("E106", error.message, node.mark, error.hint) from None

    def settings_of(self, model: Model, item: Dict, scope: Scope) -> dict[str, Arg]:
        """Return the settings of a network inside this one, by name."""
        entry = item.entries.get("params")
        if entry is None:
            return {}
        found = {}
        for key, node in self.mapping(entry[1], "params", entry[0].mark).entries.values():
            try:
                model.setting(key.text)
            except UsageError as error:
                raise self.fail("E103", error.message, key.mark, error.hint) from None
            found[key.text] = self.value(node, ANY, {**scope, IN: True}, key.text, key.mark)
        return found

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
            if not isinstance(each, Scalar) or not (
                each.text in ids or each.text == "identity" or self.reaches(each.text, ids)
            ):
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

    def operation(self, word: Scalar, value: Node | None, scope: Scope, ids: set[str]) -> Any:
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
            raise self.fail("E102", "project can only be a branch of add, mul or concat", word.mark)
        if name in ids:
            raise self.fail("E102", f"'{name}' is an id, not a layer", word.mark, f"start a layer from it: from: {name}")
        raise self.unknown_operator(word, value)

    @staticmethod
    def only_arguments(kind: str, value: Node | None) -> bool:
        """Whether what stands after a join names arguments and no branches: it then merges the tensors of `from`."""
        return isinstance(value, Dict) and bool(value.entries) and set(value.entries) <= set(arguments(kind))

    def unknown_operator(self, word: Scalar, value: Node | None = None) -> Broken:
        """Note a word that is neither a layer type nor a block; of one from another framework, its arguments, too."""
        hint = spacing(word.text)
        near = layer_meant(word.text, [*self.block_params, *RULES, "identity", "project"])
        fact = f"unknown layer type or block '{clip(word.text)}'"
        if hint:
            return self.fail("E102", fact, word.mark, hint)
        if isinstance(value, Dict):
            meant = kind_meant(word.text) or next(iter(nearest(word.text, RULES)), "")
            names = list(arguments(meant)) if meant in RULES else []
            hint = arguments_meant([name for name in value.entries if name not in names], names) if names else ""
        told = hint or ("" if near else "see: cnncost ops")
        return self.fail("E102", f"{fact}; {near}" if near else fact, word.mark, told)

    def entries(self, word: Scalar, value: Node | None, names: Sequence[str]) -> dict[str, tuple[Scalar, Node | None]]:
        """Return the arguments after an operator; one value alone is the main one."""
        if isinstance(value, Dict):
            unknown = [key for key in value.entries if key not in names]
            if unknown:
                name, given = value.entries[unknown[0]]
                raise self.unknown_argument(word, name, given, names, unknown)
            return dict(value.entries)
        if value is None or is_null(value):
            return {}
        if not names:
            raise self.fail("E103", f"{word.text} takes no arguments", value.mark)
        return {names[0]: (Scalar(names[0], True, value.mark), value)}

    def unknown_argument(
        self, word: Scalar, key: Scalar, given: Node | None, names: Sequence[str], unknown: Sequence[str]
    ) -> Broken:
        """Note an argument that a layer does not take; of those with names of other frameworks, all."""
        takes = f"{word.text} takes: {', '.join(names)}" if names else f"{word.text} takes no arguments"
        fact = f"unknown argument '{clip(key.text)}' for {word.text}"
        if key.text in MODIFIERS:
            return self.fail("E103", fact, key.mark, f"{key.text} goes beside {word.text}, not inside")
        near = did_you_mean(key.text, names)
        hint = spacing(key.text, given) or arguments_meant(unknown, names)
        beside = [name for name in unknown if name in MODIFIERS or name == "name"]
        if beside and (hint or key.text in beside):
            other = "".join(f"{'id' if name == 'name' else name} goes beside {word.text}, not inside" for name in beside[:1])
            hint = f"{hint}; {other}" if hint else other
        if hint and len(unknown) > 1 and not all(name in hint for name in unknown):
            hint += f"; {takes}"
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

    def overridden(self, word: Scalar, value: Node | None, first: Dict, scope: Scope, ids: set[str], at: Mark) -> Any:
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

    def join(self, word: Scalar, value: Node | None, scope: Scope, ids: set[str]) -> Join:
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

    def branch(self, node: Node | None, scope: Scope, ids: set[str], at: Mark, index: int) -> Branch:
        """Return one branch of a join."""
        lone = node.items[0] if isinstance(node, List) and len(node.items) == 1 else node
        if isinstance(lone, Scalar) and (lone.text in ids | {"identity"} or self.reaches(lone.text, ids)):
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
