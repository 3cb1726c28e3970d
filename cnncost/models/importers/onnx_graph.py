"""The graph in an ONNX file, read without the onnx package, and of the weights their names, types and sizes.

Weights are passed over by their length, in the file or beside it; small tensors are decoded where a size may hang on them.
Source: onnx/onnx.proto of ONNX 1.23.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import field, replace
from functools import partial
from typing import Any

from cnncost.base.errors import UsageError
from cnncost.base.record import dataclass
from cnncost.models.importers import Data
from cnncost.models.importers.naming import Module, clean, named
from cnncost.models.importers.onnx_exporters import folded, fused
from cnncost.models.importers.onnx_tensors import (
    FLOATS,
    UNKNOWN,
    Graph,
    Tensor,
    decoded,
    pair_of,
    sparse_of,
    tensor_of,
    value_of,
)
from cnncost.models.importers.protobuf import BYTES, Span, WireError, fields, floats, integers, signed, text
from cnncost.models.importers.records import Program, Record, Weight

MOST_NODES = 200_000  # and weights; also those that functions become, each at its calls
DEEPEST = 20  # functions in functions, graphs in graphs
SCOPES = "pkg.torch.onnx.name_scopes"  # where PyTorch's exporter says in which module a node ran
REMEDY = "export it again, and save it with its graph: torch.onnx.export(model, x, 'net.onnx')"


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
        notes = folded(graph.nodes)
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
            follows=True,
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
                tensor = tensor_of(data, inner)
                graph.weights[tensor.name] = tensor
            elif number == 11:
                name, sizes = value_of(data, inner)
                graph.inputs[name] = sizes
            elif number in (12, 13):
                name, sizes = value_of(data, inner)
                if number == 12:
                    graph.outputs.append(name)
                if sizes and all(type(size) is int for size in sizes[1:]):
                    graph.shapes[name] = tuple(1 if type(size) is not int else size for size in sizes)
            elif number == 15:
                tensor = sparse_of(data, inner)
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
                key, value = pair_of(data, inner)
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
                single[4] = tensor_of(data, inner)
            elif number == 6:
                single[5] = self._graph(inner, depth + 1)
            elif number == 22:
                single[11] = sparse_of(data, inner)
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

    # ── numbers ──

    def weight(self, tensor: Tensor, name: str) -> Weight:
        """Return a tensor of the file as numbers that layers may have: learned where they are floats."""
        learned = tensor.type in FLOATS and len(tensor.dims) > 0
        return Weight(name, tensor.dims, learned, learned, "", partial(decoded, self.data, tensor))


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
