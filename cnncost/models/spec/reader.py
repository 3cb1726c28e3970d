"""The keys at the top of a spec, read: its params, its layers, what it expects, and its budget."""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.limits import EXPECTED, QUANTITIES, Limit, limit
from cnncost.base.record import dataclass
from cnncost.base.text import clip
from cnncost.base.units import parse_quantity
from cnncost.base.yamltree import Dict, List, Node, Scalar, decoded, is_null, parse, read_text
from cnncost.graph.bits import Quantised, read_density
from cnncost.models import zoo
from cnncost.models.model import Input, Model
from cnncost.models.reference import model_of
from cnncost.models.spec.compiler import Compiler
from cnncost.models.spec.expected import Expectation, Figure
from cnncost.models.spec.network import Network, Param, out_of_range
from cnncost.models.spec.problems import Mark, Problem, Source, SpecError
from cnncost.models.spec.signatures import ANY, CONSTANT, MODIFIERS, arguments
from cnncost.models.spec.steps import IN, INPUT, PART, RESERVED, Arg, Block, Broken, Step
from cnncost.models.spec.values import CONDITION, COUNT
from cnncost.rules import RULES
from cnncost.rules.shapes import MOST_AXES

VERSION = "1"
KEYS = (
    "cnncost",
    "name",
    "about",
    "input",
    "params",
    "let",
    "defaults",
    "blocks",
    "layers",
    "model",
    "require",
    "bits",
    "density",
    "fold",
    "expect",
    "budget",
)
OF_MODEL = (  # keys beside `model:`
    *("bits", "density", "fold", "input", "params", "expect", "budget", "name", "about", "model", "cnncost"),
)
TAKEN = ("self", "model", "function", "name", "reference", "batch", "dtype", "convention")  # by load, trace and analyze
DECLARED = ("default", "choices", "range", "help")


@dataclass(frozen=True, slots=True)
class Spec:
    """A spec that has been read: the model, and what the file says about its cost."""

    path: str
    model: Model
    budget: tuple[Limit, ...]
    expect: tuple[Figure, ...]
    about: str
    params: Mapping[str, Param]
    source: Source


_READING: ContextVar[tuple[str, ...]] = ContextVar("reading", default=())  # the specs that are being read, each inside the last


def read(path: str, text: str | None = None, beside: Callable[[str], Model] | None = None) -> Spec:
    """Return the spec in a file; `-` is the standard input. With `text` the file is not read: `path` is what it is called.

    `beside` returns the model of another spec that this one names as a part of its own: by default that of a file beside it.

    Raises SpecError with every problem that can be found without tracing, and those of tracing where there are any of both.
    """
    source = read_text(path) if text is None else decoded(path, text.encode("utf-8", "surrogatepass"))
    outer = _READING.get()
    token = _READING.set((*outer, path))
    try:
        return _Reader(source, parse(source), _finder(path, beside, (*outer, path))).spec()
    finally:
        _READING.reset(token)


def _finder(path: str, beside: Callable[[str], Model] | None, outer: tuple[str, ...]) -> Callable[[str], Model]:
    """Return what finds the networks that a spec names: those of the zoo, and specs beside it."""

    def find(name: str) -> Model:
        if not name.lower().endswith((".yaml", ".yml")):
            return zoo.find(name)
        if beside is not None:
            return beside(name)
        whole = name if path == "-" else os.path.join(os.path.dirname(path), name)
        if whole in outer:
            raise UsageError(f"the spec {name} contains itself", "a network inside another is a smaller one")
        return read(whole).model

    return find


def function_of(path: str, text: str) -> Network:
    """Return the model function of a spec, read again."""
    found: Network = read(path, text).model.function  # type: ignore[assignment]  # of a spec it is one
    return found


class _Reader:
    """Reads the keys at the top of a spec."""

    def __init__(self, source: Source, root: Node, find: Callable[[str], Model]) -> None:
        self.source = source
        self.find = find
        self.compiler = Compiler(source, find)
        self.problems = self.compiler.problems
        if not isinstance(root, Dict):
            raise SpecError(source, [Problem("E006", "a spec is a mapping", root.mark, "its first line is: cnncost: 1")])
        self.root = root
        self.params: dict[str, Param] = {}
        self.let: dict[str, Arg] = {}
        self.require: list[tuple[str, Arg]] = []
        self.meant: list[str] = []  # keys that misspelt ones were meant to be

    def spec(self) -> Spec:
        """Return the spec. Raises SpecError where there is any problem."""
        self.version()
        for key, (word, _) in self.root.entries.items():
            if key not in KEYS:
                near, known = did_you_mean(key, KEYS), f"keys: {', '.join(KEYS)}"
                self.meant += [name for name in KEYS if f"'{name}'" in near]
                fact = f"unknown key '{clip(key)}'"
                self.problems.add("E101", f"{fact}; {near}" if near else fact, word.mark, "" if near else known)
        about = self.text("about")
        name = self.text("name") or default_name(self.source.path)
        expect = self.tolerant(self.figures, "expect", self.figure) or ()
        budget = self.tolerant(self.figures, "budget", self.limit) or ()
        model = self.tolerant(self.from_zoo, name, expect) if "model" in self.root.entries else self.own(name, about, expect)
        if self.problems:
            self.explore(model)
            raise SpecError(self.source, self.problems)
        assert model is not None
        return Spec(self.source.path, model, budget, expect, about, self.params, self.source)

    def tolerant(self, read: Callable[..., Any], *part: Any) -> Any:
        """Return what a part says; None where it cannot be used, which is noted."""
        try:
            return read(*part)
        except Broken:
            return None

    def explore(self, model: Model | None) -> None:
        """Note the problems of shapes, too, where others have been found already: all at once."""
        if model is None or model.input is None:
            return
        try:
            model.trace()
        except SpecError as error:
            for problem in error.problems:
                self.problems.add(problem.code, problem.message, problem.mark, problem.hint, problem.trail)
        except Exception:  # the others matter more
            return

    def version(self) -> None:
        first = next(iter(self.root.entries.values()), None)
        if first is None or first[0].text != "cnncost":
            mark = first[0].mark if first else self.root.mark
            raise SpecError(
                self.source, [Problem("E006", "the first key is not cnncost", mark, "begin with the line: cnncost: 1")]
            )
        value = first[1]
        if not isinstance(value, Scalar) or value.text != VERSION:
            hint = "this cnncost reads version 1; is there a newer one?"
            raise SpecError(self.source, [Problem("E006", "the version of the spec format is not 1", value.mark, hint)])

    def text(self, key: str) -> str:
        entry = self.root.entries.get(key)
        if entry is None:
            return ""
        if not isinstance(entry[1], Scalar):
            self.problems.add("E107", f"{key} is no text", entry[1].mark)
            return ""
        return " ".join(entry[1].text.split())

    # ── params, let, input, require ──────────────────────────────────────────────────────────────────────────────────

    @property
    def scope(self) -> Mapping[str, Any]:
        return ChainMap(self.let, self.params)  # no copy: there may be 60,000 lines of let

    def read_params(self) -> None:
        entry = self.root.entries.get("params")
        if entry is None:
            return
        for name, node in self.compiler.mapping(entry[1], "params", entry[0].mark).entries.values():
            self.tolerant(self.param, name, node)

    def param(self, key: Scalar, node: Node) -> None:
        compiler = self.compiler
        name = compiler.name(key, "a param", TAKEN)
        self.params[name] = Param(1, key.mark)  # known, whatever is wrong with it
        if isinstance(node, List):
            raise compiler.fail(
                "E107", f"the param {name} is a list", node.mark, f"give one number, or {{{', '.join(DECLARED)}}}"
            )
        if not isinstance(node, Dict):
            self.params[name] = Param(self.constant(node, f"the param {name}", key.mark), key.mark)
            return
        for word, _ in node.entries.values():
            if word.text not in DECLARED:
                near = did_you_mean(word.text, DECLARED, f"a param has: {', '.join(DECLARED)}")
                raise compiler.fail("E103", f"unknown key '{clip(word.text)}' of a param", word.mark, near)
        if "default" not in node.entries:
            raise compiler.fail("E104", f"the param {name} has no default", key.mark, "write {default: …}")
        default = self.constant(node.get("default"), f"the default of {name}", key.mark)
        options: dict[str, tuple[Any, ...]] = {}
        for word_, lengths in (("choices", range(1, 1001)), ("range", range(2, 4))):
            if word_ in node.entries:
                given = node.get(word_)
                if not isinstance(given, List) or len(given.items) not in lengths:
                    hint = "write a list: [1, 2, 4]" if word_ == "choices" else "write [low, high] or [low, high, step]"
                    raise compiler.fail("E107", f"{word_} of {name} is no such list", node.entries[word_][0].mark, hint)
                options[word_] = tuple(self.constant(each, f"{word_} of {name}", key.mark) for each in given.items)
        if "range" in options and not all(type(each) is int for each in (*options["range"], default)):
            raise compiler.fail("E107", f"range of {name} is not of whole numbers", node.entries["range"][0].mark)
        param = Param(default, key.mark, help=getattr(node.get("help"), "text", ""), **options)
        self.params[name] = param
        wrong = out_of_range(name, default, param)
        if "range" in options and (param.range[0] > param.range[1] or param.range[2:3] == (0,)):
            wrong = (f"the range of {name} is empty", "write [low, high] or [low, high, step]")
        if wrong:
            self.params[name] = Param(default, key.mark)
            raise compiler.fail("E303", wrong[0], node.entries["default"][1].mark, wrong[1])

    def constant(self, node: Node | None, what: str, at: Mark) -> Any:
        """Return a number, true, false or a word."""
        if isinstance(node, Scalar) and node.text.isidentifier() and node.text not in ("true", "false"):
            return node.text
        arg = self.compiler.value(node, CONSTANT, {}, what, at)
        if not arg.fixed:
            raise self.compiler.fail("E107", f"{what} is not a constant", arg.mark, "put what is computed under let")
        return arg.constant

    def read_let(self) -> None:
        entry = self.root.entries.get("let")
        if entry is None:
            return
        for name, node in self.compiler.mapping(entry[1], "let", entry[0].mark).entries.values():
            self.tolerant(self.bind, name, node)

    def bind(self, key: Scalar, node: Node) -> None:
        name = self.compiler.name(key, "a let", list(self.params))
        try:
            self.let[name] = self.compiler.value(node, ANY, self.scope, name, key.mark)
        finally:
            self.let.setdefault(name, Arg(1, key.mark))  # known, whatever is wrong with it

    def input(self) -> dict[str, list[Arg]] | None:
        """Return the sizes of each input by its name; of one alone under the name input."""
        entry = self.root.entries.get("input")
        if entry is None:
            if "model" not in self.root.entries and "input" not in self.meant:
                hint = "write the shape of one example: input: [3, 224, 224]"
                self.problems.add("E104", "the spec has no input", self.root.mark, hint)
            return None
        if not isinstance(entry[1], Dict):
            return {INPUT: self.sizes(entry[1])}
        found: dict[str, list[Arg]] = {}
        for key, node in entry[1].entries.values():
            name = self.compiler.label(key, "an input")
            if name in (*RULES, *RESERVED):
                raise self.compiler.fail(
                    "E109", f"'{name}' means something already, and cannot be the name of an input", key.mark
                )
            found[name] = self.sizes(node)
        if not found:
            raise self.compiler.fail(
                "E107", "input names no input", entry[1].mark, "write {left: [3, 64, 64], right: [3, 64, 64]}"
            )
        return found

    def sizes(self, node: Node) -> list[Arg]:
        """Return the sizes of one input."""
        if not isinstance(node, List) or not 1 <= len(node.items) <= MOST_AXES:
            raise self.compiler.fail("E107", "input is no shape", node.mark, "write channels, height and width: [3, 224, 224]")
        sizes = [self.compiler.value(item, COUNT, self.scope, "a size of the input") for item in node.items]
        for arg in sizes:
            if arg.fixed and arg.constant < 1:
                raise self.compiler.fail(
                    "E107", f"a size of the input is {arg.constant}", arg.mark, "sizes are whole numbers from 1"
                )
        return sizes

    def conditions_of(self) -> None:
        entry = self.root.entries.get("require")
        if entry is None:
            return
        if not isinstance(entry[1], List):
            raise self.compiler.fail("E107", "require is no list", entry[0].mark, "write a list of conditions: [base % 2 == 0]")
        for node in entry[1].items:
            arg = self.tolerant(self.compiler.value, node, CONDITION, self.scope, "a condition")
            if arg is not None:
                self.require.append((node.text, arg))

    # ── budget and expect ────────────────────────────────────────────────────────────────────────────────────────────

    def figures(self, key: str, read: Callable[[Scalar, Node], Any]) -> tuple[Any, ...]:
        """Return what the lines of `budget` or `expect` say, without those that say nothing."""
        entry = self.root.entries.get(key)
        if entry is None:
            return ()
        lines = self.compiler.mapping(entry[1], key, entry[0].mark).entries.values()
        found = [self.tolerant(read, name, node) for name, node in lines]
        return tuple(figure for figure in found if figure is not None)

    def limit(self, key: Scalar, node: Node) -> Limit:
        given: Any = None
        if isinstance(node, Scalar) and not is_null(node):
            given = node.text
        elif isinstance(node, Dict) and all(isinstance(value, Scalar) for _, value in node.entries.values()):
            given = {name: value.text for name, (_, value) in node.entries.items()}
        else:
            raise self.compiler.fail(
                "E401", f"the limit of {clip(key.text)} is no figure", key.mark, f"write {clip(key.text)}: 26M"
            )
        try:
            return limit(key.text, given, self.source.path, key.mark.line + 1, key.mark.column + 1)
        except UsageError as error:
            mark = key.mark if key.text not in QUANTITIES else node.mark
            raise self.compiler.fail("E401", error.message, mark, error.hint) from None

    def figure(self, key: Scalar, node: Node) -> Figure:
        if key.text == "out":
            if not isinstance(node, List):
                raise self.compiler.fail("E107", "the expected out is no shape", node.mark, "write it as a list: [1000]")
            shape = [self.compiler.value(item, COUNT, {}, "a size of out").constant for item in node.items]
            return Figure("out", tuple(shape), key.mark)
        if key.text not in EXPECTED:
            known = ["out", *EXPECTED]
            near = did_you_mean(key.text, known, f"expect knows: {', '.join(known)}")
            raise self.compiler.fail("E401", f"unknown figure '{clip(key.text)}'", key.mark, near)
        if not isinstance(node, Scalar) or is_null(node):
            raise self.compiler.fail("E401", f"the expected {key.text} is no figure", key.mark, f"write {key.text}: 25_028_904")
        try:
            return Figure(key.text, parse_quantity(node.text, QUANTITIES[key.text].measure), key.mark, node.text)
        except UsageError as error:
            raise self.compiler.fail("E401", error.message, node.mark, error.hint) from None

    # ── models ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def own(self, name: str, about: str, expect: Sequence[Figure]) -> Model | None:
        """Return the model of a spec that has layers of its own."""
        self.tolerant(self.read_params)
        self.tolerant(self.read_let)
        input = self.tolerant(self.input)
        self.tolerant(self.conditions_of)
        self.tolerant(self.read_blocks)
        ids = {*(input or {INPUT})}
        stages: list[tuple[str | None, list[Step]]] = []
        entry = self.root.entries.get("layers")
        if entry is None:
            if not {"layers", "model"} & {*self.meant}:
                hint = "write layers: and a list below it, or model: NAME"
                self.problems.add("E104", "the spec has no layers", self.root.mark, hint)
        elif isinstance(entry[1], Dict):
            for key, node in entry[1].entries.values():
                self.tolerant(self.compiler.label, key, "a stage")
                stages.append((key.text, self.compiler.steps(node, self.scope, ids, f"the stage {clip(key.text)}", key.mark)))
        else:
            stages.append((None, self.compiler.steps(entry[1], self.scope, ids, "the spec", entry[0].mark)))
        self.check_calls()
        network = Network(self.compiler, self.params, self.let, self.require, input or {}, stages, function_of)
        shape: Input | None = None
        if input is not None:
            fixed = all(arg.fixed for sizes in input.values() for arg in sizes)
            shape = network.input({}) if fixed and not self.problems else network.input
        model = Model(name, network, shape, family="spec", source=about or self.source.path)
        return self.expecting(model, expect) if not self.problems else model

    def read_blocks(self) -> None:
        compiler = self.compiler
        entry = self.root.entries.get("blocks")
        bodies: list[tuple[Scalar, Dict]] = []
        if entry is not None:
            for key, node in compiler.mapping(entry[1], "blocks", entry[0].mark).entries.values():
                body = self.tolerant(self.declared, key, node)
                if body is not None:
                    bodies.append((key, body))
        self.tolerant(self.read_defaults)
        for key, body in bodies:
            block = self.tolerant(self.block, key, body)
            compiler.blocks[key.text] = block or Block(key.text, {}, {}, [Step(key, None, broken=True)], {})
            compiler.blocks[key.text].calls, compiler.calls = compiler.calls, {}

    def declared(self, key: Scalar, node: Node) -> Dict:
        """Return the body of a block after noting the names of its params."""
        compiler = self.compiler
        if key.text not in RULES:
            compiler.block_params[key.text] = {}  # where the name is wrong, its calls are not wrong, too
        if key.text in (*MODIFIERS, *PART, *RESERVED):
            fact = f"'{key.text}' means something already, and cannot be the name of a block"
            raise compiler.fail("E109", fact, key.mark, f"call it {key.text}_block")
        name = compiler.name(key, "a block", tuple(RULES))
        if isinstance(node, List):
            hint = "write layers: below its name, and the list there"
            raise compiler.fail("E107", f"the block {name} is a list", node.mark, hint)
        body = compiler.mapping(node, f"the block {name}", key.mark)
        for word, _ in body.entries.values():
            if word.text not in ("params", "let", "layers", "about"):
                near = did_you_mean(word.text, ("params", "let", "layers"), "a block has: params, let, layers, about")
                raise compiler.fail("E101", f"unknown key '{clip(word.text)}' of a block", word.mark, near)
        params = body.get("params")
        if isinstance(params, List):  # names alone
            raise compiler.fail("E107", "params of a block is a list", params.mark, "write a mapping: {width, stride: 1}")
        if params is not None and not is_null(params):
            for word, default in compiler.mapping(params, f"params of {name}").entries.values():
                compiler.block_params[name][word.text] = is_null(default)
        return body

    def block(self, key: Scalar, body: Dict) -> Block:
        compiler = self.compiler
        name = key.text
        scope: dict[str, Any] = dict(self.scope)
        wide = ChainMap({IN: True}, scope)
        params: dict[str, Arg | None] = {}
        declared = body.get("params")
        if isinstance(declared, Dict):
            for word, default in declared.entries.values():
                own = compiler.name(word, "a param of a block")
                params[own] = None if is_null(default) else compiler.value(default, ANY, wide, own, word.mark)
                scope[own] = True
        let: dict[str, Arg] = {}
        entry = body.entries.get("let")
        if entry is not None:
            for word, node in compiler.mapping(entry[1], "let", entry[0].mark).entries.values():
                own = compiler.name(word, "a let", list(params))
                let[own] = compiler.value(node, ANY, wide, own, word.mark)
                scope[own] = True
        layers = body.entries.get("layers")
        if layers is None:
            raise compiler.fail("E104", f"the block {name} has no layers", key.mark, "write layers: and a list below it")
        steps = compiler.steps(layers[1], scope, {INPUT}, f"the block {name}", layers[0].mark)
        return Block(name, params, let, steps, {})

    def read_defaults(self) -> None:
        compiler = self.compiler
        entry = self.root.entries.get("defaults")
        if entry is None:
            return
        for key, node in compiler.mapping(entry[1], "defaults", entry[0].mark).entries.values():
            self.tolerant(self.default, key, node)

    def default(self, key: Scalar, node: Node) -> None:
        compiler = self.compiler
        if key.text not in RULES:
            near = did_you_mean(key.text, RULES, "defaults are those of layer types: see cnncost ops")
            raise compiler.fail("E102", f"unknown layer type '{clip(key.text)}'", key.mark, near)
        takes = arguments(key.text)
        found = compiler.arguments(key, compiler.entries(key, node, list(takes)), takes, self.scope)
        compiler.defaults[key.text] = {name: arg._replace(outer=True) for name, arg in found.items()}

    def check_calls(self) -> None:
        """Note blocks that contain themselves, through others too, and make the calls of one harmless."""
        blocks = self.compiler.blocks
        done: set[str] = set()
        for start in blocks:
            stack: list[tuple[str, list[str]]] = [(start, list(blocks[start].calls))]
            path = [start]
            while stack:
                name, waiting = stack[-1]
                if not waiting:
                    stack.pop()
                    path.pop()
                    done.add(name)
                    continue
                called = waiting.pop()
                if called in path:
                    way = [*path[path.index(called) :], called]
                    fact = f"block '{called}' contains itself: {' → '.join(way[:8])}"
                    self.problems.add("E108", fact, blocks[name].calls[called], "blocks end: use repeat for copies")
                    blocks[called] = Block(called, {}, {}, [Step(Scalar(called, True, self.root.mark), None, broken=True)], {})
                elif called not in done and called in blocks:
                    stack.append((called, list(blocks[called].calls)))
                    path.append(called)

    def from_zoo(self, name: str, expect: Sequence[Figure]) -> Model:
        """Return the model of a spec that starts from one of the zoo."""
        compiler = self.compiler
        for key, (word, _) in self.root.entries.items():
            if key in KEYS and key not in OF_MODEL:
                raise compiler.fail(
                    "E101", f"{key} cannot be used together with model", word.mark, "a spec has a model, or layers of its own"
                )
        word, node = self.root.entries["model"]
        if not isinstance(node, Scalar) or is_null(node):
            raise compiler.fail("E304", "model names no model", word.mark, "see: cnncost list")
        try:
            model = model_of(node.text, self.find)
        except UsageError as error:
            raise compiler.fail("E304", error.message, node.mark, error.hint) from None
        model = self.with_params(model)
        input = self.input()
        if input is not None:
            at = self.root.entries["input"][1].mark
            if not all(arg.fixed for sizes in input.values() for arg in sizes):
                raise compiler.fail("E107", "input is not of numbers", at)
            given = {name: tuple(arg.constant for arg in sizes) for name, sizes in input.items()}
            try:
                model = replace(model, input=model.reading(given[INPUT] if [*given] == [INPUT] else given))
            except UsageError as error:
                raise compiler.fail("E304", error.message, at, error.hint) from None
        if "name" in self.root.entries:
            model = replace(model, name=name)
        return self.expecting(model, expect)

    def expecting(self, model: Model, expect: Sequence[Figure]) -> Model:
        """Return the model with its bits, what is folded, and what the spec expects of it."""
        model = self.tolerant(self.stored, model) or model
        if not expect:
            return model
        return replace(model, expect=Expectation(self.source, tuple(expect), model.values, model.inputs))

    def stored(self, model: Model) -> Model:
        """Return the model with the bits, the density and the folding that the spec states."""
        compiler, entries = self.compiler, self.root.entries
        if "bits" in entries:
            found = compiler.bits(entries["bits"][1], entries["bits"][0].mark)
            model = replace(model, quantised=Quantised({"": found}))
        for key in ("density", "fold"):
            if key not in entries:
                continue
            node = entries[key][1]
            parts = node.items if isinstance(node, List) else [node]
            if not all(isinstance(part, Scalar) and not is_null(part) for part in parts):
                hint = "write density: 0.33" if key == "density" else "write fold: batch_norm"
                raise compiler.fail("E107", f"{key} has no such value", node.mark, hint)
            text = ",".join(part.text for part in parts if isinstance(part, Scalar))
            try:
                model = model.folded(text) if key == "fold" else model.with_bits(density=read_density(text, ""))
            except UsageError as error:
                raise compiler.fail("E107", error.message, node.mark, error.hint) from None
        return model

    def with_params(self, model: Model) -> Model:
        compiler = self.compiler
        entry = self.root.entries.get("params")
        if entry is None:
            return model
        for key, node in compiler.mapping(entry[1], "params", entry[0].mark).entries.values():
            nodes = node.items if isinstance(node, List) else [node]
            if not all(isinstance(each, Scalar) for each in nodes):
                raise compiler.fail("E107", f"the setting {clip(key.text)} is no value", key.mark)
            try:
                model = model.set([f"{key.text}={','.join(each.text for each in nodes)}"])
            except UsageError as error:
                known = key.text.partition(".")[0] in model.declared
                raise compiler.fail(
                    "E303" if known else "E103", error.message, node.mark if known else key.mark, error.hint
                ) from None
        return model


def default_name(path: str) -> str:
    """Return what a spec without a name is called: its file."""
    return "spec" if path.startswith("<") else PurePath(path).stem
