"""The graph in an ONNX file, read without the onnx package, and of the weights their names, types and sizes.

Weights are passed over by their length, in the file or beside it; small tensors are decoded where a size may hang on them.
Source: onnx/onnx.proto of ONNX 1.23.
"""

from __future__ import annotations

import math
import re
import struct
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from typing import Any

from cnncost.base.errors import UsageError
from cnncost.base.record import dataclass
from cnncost.models.importers import Data
from cnncost.models.importers.naming import Module, clean, named
from cnncost.models.importers.protobuf import BYTES, Span, WireError, fields, floats, integers, signed, text
from cnncost.models.importers.records import Program, Record, Weight

MOST_NODES = 200_000  # and weights; also those that functions become, each at its calls
DEEPEST = 20  # functions in functions, graphs in graphs
SMALL = 4096  # numbers of a tensor that are worth decoding: sizes, axes, scales
FORMATS = {  # data types, as the letters of struct and their size
    1: ("f", 4),
    2: ("B", 1),
    3: ("b", 1),
    4: ("H", 2),
    5: ("h", 2),
    6: ("i", 4),
    7: ("q", 8),
    9: ("?", 1),
    10: ("e", 2),
    11: ("d", 8),
    12: ("I", 4),
    13: ("Q", 8),
}
FLOATS = (1, 10, 11, 16)  # float32, float16, float64, bfloat16
UNKNOWN = None  # a size that the file leaves open
SCOPES = "pkg.torch.onnx.name_scopes"  # where PyTorch's exporter says in which module a node ran
REMEDY = "export it again, and save it with its graph: torch.onnx.export(model, x, 'net.onnx')"


@dataclass(slots=True)
class Tensor:
    """A TensorProto: sizes and type, and where its numbers are."""

    name: str = ""
    dims: tuple[int, ...] = ()
    type: int = 0
    raw: Span | None = None
    given: list[Any] = field(default_factory=list)  # numbers that stand one by one
    external: bool = False
    whole: bool = True  # whether `given` has been decoded


@dataclass(slots=True)
class Graph:
    """A GraphProto: of a model, or of a branch."""

    nodes: list[Record] = field(default_factory=list)
    modules: list[Module] = field(default_factory=list)
    weights: dict[str, Tensor] = field(default_factory=dict)
    inputs: dict[str, tuple[Any, ...] | None] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    shapes: dict[str, tuple[Any, ...]] = field(default_factory=dict)  # that the file states of values, right or wrong

    @property
    def records(self) -> tuple[Record, ...]:
        """The nodes, named, as a branch has them."""
        return tuple(named(list(zip(self.nodes, self.modules, strict=True))))


def program(data: Data, name: str) -> Program:
    """Return the records of a file. Raises UsageError for what holds none."""
    try:
        return _File(data, name).program()
    except WireError as error:
        raise UsageError(f"'{name}' is no ONNX model that can be read: {error}", "is the file complete?") from None
    except (ValueError, struct.error, RecursionError, OverflowError) as error:
        fact = f"{type(error).__name__} {error}"[:100]
        raise UsageError(f"'{name}' is no ONNX model that can be read: {fact}", "is the file damaged?") from None


class _File:
    """One file while it is read."""

    def __init__(self, data: Data, name: str) -> None:
        self.data, self.name = data, name
        self.functions: dict[tuple[str, str], _Function] = {}
        self.count = self.seen = 0  # nodes and weights; bytes that were looked at
        self.opset = 0
        self.producer = ""

    def program(self) -> Program:
        data, graphs, version = self.data, [], ""
        functions = []
        for number, _, _, span in fields(data, (0, len(data))):
            if number == 2:
                self.producer = text(data, span)[:40]
            elif number == 3:
                version = text(data, span)[:20]
            elif number == 7:
                graphs.append(span)
            elif number == 8:
                domain, opset = "", 0
                for n, _, v, s in fields(data, span):
                    domain, opset = (text(data, s), opset) if n == 1 else (domain, v if n == 2 else opset)
                if domain in ("", "ai.onnx"):
                    self.opset = opset
            elif number == 25:
                functions.append(span)
        if not graphs:
            raise UsageError(f"'{self.name}' is an ONNX file without a graph", REMEDY)
        for span in functions:
            function = self._function(span)
            self.functions[function.domain, function.name] = function
        graph = self._graph(graphs[-1], 0)
        if not graph.nodes:
            raise UsageError(f"'{self.name}' is an ONNX model without a node", REMEDY)
        inputs = {name: sizes for name, sizes in graph.inputs.items() if name not in graph.weights and sizes is not None}
        weights = {name: self.weight(tensor, name) for name, tensor in graph.weights.items()}
        exported = _exported(inputs)
        source = f"{self.producer} {version}".strip() or "ONNX"
        fused(graph, self._sizes(graph))
        notes = _folded(graph.nodes)
        records = tuple(named(list(zip(graph.nodes, graph.modules, strict=True))))
        return Program(
            self.name,
            inputs,
            weights,
            records,
            tuple(graph.outputs),
            exported,
            source,
            notes,
            opset=self.opset,
            unused=False,
            weight_of=self.weight,
            shapes=graph.shapes,
        )

    def _sizes(self, graph: Graph) -> dict[str, tuple[int, ...]]:
        """Return the sizes of all weights of a graph, those in nodes too."""
        found = {name: tensor.dims for name, tensor in graph.weights.items()}
        for node in graph.nodes:
            tensor = node.arguments.get("value")
            if node.operation == "Constant" and isinstance(tensor, Tensor):
                found[node.outputs[0]] = tensor.dims
            elif node.operation == "ConstantOfShape" and node.inputs and node.inputs[0] in graph.weights:
                found[node.outputs[0]] = tuple(decoded(self.data, graph.weights[node.inputs[0]]) or ())
        return found

    # ── messages ──

    def _graph(self, span: Span, depth: int) -> Graph:
        if depth > DEEPEST:
            raise WireError(f"graphs nested more than {DEEPEST} deep")
        graph, data = Graph(), self.data
        for number, kind, _, inner in fields(data, span):
            if kind != BYTES:
                continue
            if number != 1:
                self._counted(inner)
            if number == 1:
                self._node(inner, graph, depth)
            elif number == 5:
                tensor = self._tensor(inner)
                graph.weights[tensor.name] = tensor
            elif number == 11:
                name, sizes = self._value(inner)
                graph.inputs[name] = sizes
            elif number in (12, 13):
                name, sizes = self._value(inner)
                if number == 12:
                    graph.outputs.append(name)
                if sizes and all(type(size) is int for size in sizes[1:]):
                    graph.shapes[name] = tuple(1 if type(size) is not int else size for size in sizes)
            elif number == 15:
                tensor = self._sparse(inner)
                graph.weights[tensor.name] = tensor
        for place, (record, module) in enumerate(zip(graph.nodes, graph.modules, strict=True)):
            if module.kind == UNNAMED:  # weights stand behind the nodes
                graph.modules[place] = _module(record, module.call, graph.weights)
        return graph

    def _node(self, span: Span, graph: Graph, depth: int) -> None:
        data = self.data
        inputs, outputs, attributes, scopes = [], [], [], ""
        name = operation = domain = ""
        for number, _, _, inner in fields(data, span):
            if number == 1:
                inputs.append(text(data, inner))
            elif number == 2:
                outputs.append(text(data, inner))
            elif number == 3:
                name = text(data, inner)
            elif number == 4:
                operation = text(data, inner)
            elif number == 5:
                attributes.append(inner)
            elif number == 7:
                domain = text(data, inner)
            elif number == 9:
                key, value = self._pair(inner)
                scopes = value if key == SCOPES else scopes
        self._counted(span)
        arguments = dict(self._attribute(inner, depth) for inner in attributes)
        full = operation if domain in ("", "ai.onnx") else f"{domain}::{operation}"
        record = Record(full, arguments, tuple(inputs), tuple(outputs), (), name, f"node {self.count}")
        function = self.functions.get((domain, operation))
        if function is not None:
            self._inline(function, record, graph, depth)
            return
        graph.nodes.append(record)
        graph.modules.append(Module("", UNNAMED, scopes))

    def _counted(self, span: Span) -> None:
        """Count a node or a weight, and how much of the file it is. Raises WireError for more than a network has."""
        self.count += 1
        self.seen += span[1] - span[0]
        if self.count > MOST_NODES:
            raise WireError(f"more than {MOST_NODES:,} nodes and weights")
        if self.seen > 20 * len(self.data) + 2**24:
            raise WireError("functions that call each other again and again")

    def _inline(self, function: _Function, call: Record, graph: Graph, depth: int) -> None:
        """Put the nodes of a local function in place of its call, the call's names and attributes for the function's own."""
        if depth > DEEPEST:
            raise WireError(f"functions nested more than {DEEPEST} deep")
        names = dict(zip(function.inputs, call.inputs, strict=False)) | dict(zip(function.outputs, call.outputs, strict=False))
        prefix = f"{(call.name or call.operation)[:80]}#{self.count}/"
        body = Graph(weights=graph.weights)
        for span in function.nodes:
            self._node(span, body, depth + 1)
        for record, module in zip(body.nodes, body.modules, strict=True):
            given = {}
            for key, value in record.arguments.items():
                if isinstance(value, _Reference):
                    if value in call.arguments or value in function.defaults:
                        given[key] = call.arguments.get(value, function.defaults.get(value))
                else:
                    given[key] = value
            inner = replace(
                record,
                arguments=given,
                inputs=tuple(names.get(name, prefix + name) if name else "" for name in record.inputs),
                outputs=tuple(names.get(name, prefix + name) if name else "" for name in record.outputs),
            )
            graph.nodes.append(inner)
            scope = call.name or call.operation.rpartition("::")[2]
            named_later = module.kind != UNNAMED or module.call
            graph.modules.append(module if named_later else Module(clean(scope), "", prefix))

    def _function(self, span: Span) -> _Function:
        found, data = _Function(), self.data
        for number, _, _, inner in fields(data, span):
            if number == 1:
                found.name = text(data, inner)
            elif number == 4:
                found.inputs.append(text(data, inner))
            elif number == 5:
                found.outputs.append(text(data, inner))
            elif number == 7:
                found.nodes.append(inner)
            elif number == 10:
                found.domain = text(data, inner)
            elif number == 11:
                key, value = self._attribute(inner, 0)
                found.defaults[key] = value
        return found

    def _attribute(self, span: Span, depth: int) -> tuple[str, Any]:
        data = self.data
        name, kind, reference = "", 0, ""
        single: dict[int, Any] = {}
        many: dict[int, list[Any]] = {6: [], 7: [], 8: []}
        for number, wire, value, inner in fields(data, span):
            if number == 1:
                name = text(data, inner)
            elif number == 2:
                single[1] = struct.unpack("<f", data[inner[0] : inner[1]])[0]
            elif number == 3:
                single[2] = signed(value)
            elif number == 4:
                single[3] = text(data, inner)
            elif number == 5:
                single[4] = self._tensor(inner)
            elif number == 6:
                single[5] = self._graph(inner, depth + 1)
            elif number == 22:
                single[11] = self._sparse(inner)
            elif number == 7:
                many[6] += floats(data, inner)
            elif number == 8:
                many[7] += integers(data, wire, value, inner)
            elif number == 9:
                many[8].append(text(data, inner))
            elif number == 20:
                kind = value
            elif number == 21:
                reference = text(data, inner)
        if reference:
            return name, _Reference(reference)
        if kind in many:
            return name, many[kind]
        zeros = {1: 0.0, 2: 0, 3: ""}
        if kind in single or kind in zeros:
            return name, single.get(kind, zeros.get(kind))
        return name, next(iter(single.values()), None) if single else next((part for part in many.values() if part), [])

    def _tensor(self, span: Span) -> Tensor:
        data, found = self.data, Tensor()
        dims: list[int] = []
        for number, wire, value, inner in fields(data, span):
            if number == 1:
                dims += integers(data, wire, value, inner)
            elif number == 2:
                found.type = value
            elif number == 8:
                found.name = text(data, inner)
            elif number == 9:
                found.raw = inner
            elif number == 14:
                found.external = value == 1
            elif number in (4, 5, 7, 10):
                found.given.append((number, wire, value, inner))
        if len(dims) > 64 or any(not 0 <= dim <= 10**12 for dim in dims):
            raise WireError(f"a tensor of {len(dims)} axes, or of sizes below 0")
        found.dims = tuple(dims)
        return found

    def _sparse(self, span: Span) -> Tensor:
        found, dims = Tensor(), []
        for number, wire, value, inner in fields(self.data, span):
            if number == 1:
                found = self._tensor(inner)
            elif number == 3:
                dims += integers(self.data, wire, value, inner)
        return Tensor(found.name, tuple(dims), found.type, external=True)

    def _value(self, span: Span) -> tuple[str, tuple[Any, ...] | None]:
        """Return a ValueInfo: its name, and the sizes of its tensor, None for those left open."""
        data, name, sizes = self.data, "", None
        for number, _, _, inner in fields(data, span):
            if number == 1:
                name = text(data, inner)
            elif number == 2:
                for n, _, _, tensor in fields(data, inner):
                    if n == 1:
                        for m, _, _, shape in fields(data, tensor):
                            if m == 2:
                                sizes = tuple(self._dim(dim) for k, _, _, dim in fields(data, shape) if k == 1)
                        sizes = () if sizes is None else sizes
        return name, sizes

    def _dim(self, span: Span) -> Any:
        """Return a size: a number, a name that stands for one, or nothing."""
        for number, _, value, inner in fields(self.data, span):
            if number == 1 and 0 < signed(value) <= 10**12:
                return value
            if number == 2 and text(self.data, inner) not in ("", "?"):
                return text(self.data, inner)
        return UNKNOWN

    def _pair(self, span: Span) -> tuple[str, str]:
        found = ["", ""]
        for number, kind, _, inner in fields(self.data, span):
            if number in (1, 2) and kind == BYTES:
                found[number - 1] = text(self.data, inner)
        return found[0], found[1]

    # ── numbers ──

    def weight(self, tensor: Tensor, name: str) -> Weight:
        """Return a tensor of the file as numbers that layers may have: learned where they are floats."""
        learned = tensor.type in FLOATS and len(tensor.dims) > 0
        return Weight(name, tensor.dims, learned, learned, "", partial(decoded, self.data, tensor))


def _folded(nodes: Sequence[Record]) -> tuple[str, ...]:
    """Return what is said of a graph whose batch norms the exporter has folded into its convolutions."""
    convs = [node for node in nodes if node.operation == "Conv"]
    biased = sum(len(node.inputs) > 2 and bool(node.inputs[2]) for node in convs)
    if len(convs) < 5 or 10 * biased < 9 * len(convs) or any(node.operation == "BatchNormalization" for node in nodes):
        return ()
    return ("as exported: convolutions have biases and there is no batch norm; exporters fold norms into convolutions",)


def fused(graph: Graph, sizes: Mapping[str, tuple[int, ...]]) -> None:
    """Let the product of a matrix and a weight have the bias that an Add behind it adds, where nothing else reads it.

    `sizes` are those of all weights, by name.
    """
    readers = Counter(name for node in graph.nodes for name in node.inputs)
    readers.update(graph.outputs)
    readers.update(name for node in graph.nodes for value in node.arguments.values() for name in _captured(value))
    makers = {node.outputs[0]: place for place, node in enumerate(graph.nodes) if node.operation == "MatMul" and node.outputs}
    gone = set()
    for place, node in enumerate(graph.nodes):
        if node.operation != "Add" or len(node.inputs) != 2:
            continue
        for product, bias in (node.inputs, node.inputs[::-1]):
            maker = makers.get(product)
            if maker is None or maker in gone or readers[product] != 1 or len(graph.nodes[maker].inputs) != 2:
                continue
            right = sizes.get(graph.nodes[maker].inputs[1], ())
            if len(right) == 2 and sizes.get(bias) == right[1:] != (1,):
                before = graph.nodes[maker]
                graph.nodes[maker] = replace(before, arguments={**before.arguments, "bias": bias}, outputs=node.outputs)
                gone.add(place)
                break
    graph.modules = [module for place, module in enumerate(graph.modules) if place not in gone]
    graph.nodes = [node for place, node in enumerate(graph.nodes) if place not in gone]


def _captured(value: Any) -> Iterator[str]:
    """Iterate over the names that a branch reads of the graph around it."""
    if isinstance(value, Graph):
        for node in value.nodes:
            yield from node.inputs
            for inner in node.arguments.values():
                yield from _captured(inner)
        yield from value.outputs


def _exported(inputs: Mapping[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    """Return the sizes of the inputs, None for those that the file leaves open; a batch that it leaves open is one."""
    first = next((sizes for sizes in inputs.values() if len(sizes) > 1), ())
    batch = first[0] if first and isinstance(first[0], str) else None
    return {
        name: tuple(
            size if isinstance(size, int) else 1 if place == 0 or size == batch is not None else UNKNOWN
            for place, size in enumerate(sizes)
        )
        for name, sizes in inputs.items()
    }


@dataclass(slots=True)
class _Function:
    """A FunctionProto, its nodes not yet read: they are read at each call."""

    name: str = ""
    domain: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    nodes: list[Span] = field(default_factory=list)
    defaults: dict[str, Any] = field(default_factory=dict)


class _Reference(str):
    """The name of the function's attribute that an attribute inside it takes its value from."""

    __slots__ = ()


def decoded(data: Data, tensor: Tensor) -> list[Any] | None:
    """Return the numbers of a small tensor; None for a large one, and for what is not in the file."""
    count = math.prod(tensor.dims)
    if count > SMALL or tensor.external or tensor.type not in FORMATS:
        return None
    letter, size = FORMATS[tensor.type]
    if tensor.raw is not None:
        start, end = tensor.raw
        if end - start < count * size:
            return None
        return list(struct.unpack(f"<{count}{letter}", data[start : start + count * size]))
    found: list[Any] = []
    for number, wire, value, span in tensor.given:
        if number == 4:
            found += floats(data, span)
        elif number == 10:
            found += struct.unpack(f"<{(span[1] - span[0]) // 8}d", data[span[0] : span[0] + (span[1] - span[0]) // 8 * 8])
        else:
            found += integers(data, wire, value, span)
    if tensor.type == 9:
        found = [bool(number) for number in found]
    return found if len(found) == count else None


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────

UNNAMED = "?"  # the class of a module that is not yet looked for
QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")


def _module(record: Record, scopes: str, weights: Mapping[str, Tensor]) -> Module:
    """Return in which module a node ran: as the exporter says, or by the names of its weight and of itself."""
    own = [name for name in record.inputs[1:2] if name in weights and "." in name]
    if own and own[0].rpartition(".")[2] in ("weight", "weight_g", "kernel", "gamma", "scale"):
        return Module(clean(own[0].rpartition(".")[0]), "weight", record.outputs[0] if record.outputs else "")
    if scopes:
        found = [part[0] or part[1] for part in QUOTED.findall(scopes)][:-1]
        return Module(clean(found[-1]) if found and found[-1] else "", "", "")
    path = last = ""
    parts = [part for part in record.name.rpartition(";")[2].split("/") if part]
    for part in parts[:-1] if len(parts) > 1 or record.name.startswith("/") else parts:
        if last and part.startswith(f"{last}."):  # layer1, layer1.0: the second holds the first
            path = path[: len(path) - len(last)] + part
        else:
            path = f"{path}.{part}" if path else part
        last = part
    return Module(clean(path) if path else "", "", "")
