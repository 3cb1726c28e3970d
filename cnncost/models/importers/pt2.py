"""Reads the `.pt2` archives of `torch.export.save`, without torch: a zip of which one JSON file is the network.

Source: PyTorch 2.13, torch/_export/serde/schema.py and torch/export/pt2_archive/_package.py; the layout of older versions from
the same loaders. Weights, constants and sample inputs are never opened: some are pickles, and none says anything about cost.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from cnncost.base.errors import UsageError
from cnncost.models.importers import LARGEST_TEXT, Data, as_file
from cnncost.models.importers.naming import Module, named
from cnncost.models.importers.pt2_tensors import bytes_of, copied, einsum_copies, folded, hint, sizes, storage
from cnncost.models.importers.records import Program, Record, Ref, Sizes, Weight
from cnncost.models.importers.sizes import Expression
from cnncost.models.model import Model

PROGRAM = re.compile(r"(?:.*/)?models/([^/]+)\.json|(?:.*/)?serialized_exported_program\.json")
WEIGHTS = re.compile(r"(?:.*/)?data/weights/([^/]+)_weights_config\.json")
MAJOR = 8  # of the schema: torch refuses another, too
MOST_NODES = 1_000_000
DEEPEST = 100  # graphs inside graphs, which cond makes
INFLATES = 200  # times: JSON of real archives shrinks to a thirtieth, a bomb to a thousandth
SMALL = 16 * 2**20  # bytes that may be inflated whatever the ratio
EXPORT = "save it with torch.export.save(torch.export.export(model.eval(), (x,)), 'net.pt2')"


def is_mine(data: Data) -> bool:
    """Whether the content is a zip with a program of torch.export in it, or a package that should have one."""
    if data[:4] != b"PK\x03\x04":
        return False
    names = _names(data)
    return any(PROGRAM.fullmatch(name) or name.endswith("archive_format") for name in names)


def read(data: Data, name: str) -> Model:
    """Return the network of an archive. Raises UsageError for what holds none."""
    from cnncost.models.importers.aten import TRANSLATIONS
    from cnncost.models.importers.network import model_of

    return model_of(program(data, name), TRANSLATIONS)


def program(data: Data, name: str) -> Program:
    """Return the records of an archive. Raises UsageError for what holds none."""
    names = _names(data)
    with zipfile.ZipFile(as_file(data)) as archive:
        programs = [member for member in names if PROGRAM.fullmatch(member)]
        if not programs:
            raise _without_program(names, name)
        if len(programs) > 1:
            held = ", ".join(str(match[1]) for member in programs if (match := PROGRAM.fullmatch(member)))
            raise UsageError(f"'{name}' holds several programs: {held}", "save one of them in an archive of its own")
        whole = _json(archive, programs[0], name)
        ties = [member for member in names if WEIGHTS.fullmatch(member)]
        config = _json(archive, ties[0], name) if len(ties) == 1 else {}
    try:
        return _program(whole, config, name)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, StopIteration) as error:
        fact = f"{type(error).__name__} {error}"[:100]
        raise UsageError(f"'{name}' is no program of torch.export that can be read: {fact}", EXPORT) from None


def _names(data: Data) -> list[str]:
    try:
        with zipfile.ZipFile(as_file(data)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeDecodeError, RecursionError):
        return []


def _without_program(names: list[str], name: str) -> UsageError:
    if any("data/aotinductor/" in member for member in names):
        return UsageError(f"'{name}' is a package compiled by AOTInductor, which holds no graph", EXPORT)
    return UsageError(f"'{name}' holds no program: torch.export.save stopped half way, or the file is cut off", EXPORT)


def _json(archive: zipfile.ZipFile, member: str, name: str) -> dict[str, Any]:
    """Return a JSON member as data, its size checked before it is inflated."""
    info = archive.getinfo(member)
    if info.file_size > LARGEST_TEXT or info.file_size > max(SMALL, INFLATES * info.compress_size):
        raise UsageError(f"'{name}': {member} would inflate to {info.file_size:,} bytes", "is it a network at all?")
    try:
        with archive.open(info) as file:
            text = file.read(info.file_size + 1)
        if text.count(b"{") + text.count(b"[") > 1000 + len(text) // 10:  # programs have one in 27 to 52 bytes
            raise UsageError(f"'{name}': {member} is all brackets", "is it a network at all?")
        found = json.loads(text)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        raise UsageError(f"'{name}': {member} cannot be read: {str(error)[:100]}", "is the file complete?") from None
    except Exception as error:  # zlib.error; RecursionError is a RuntimeError
        if type(error).__module__ != "zlib":
            raise
        raise UsageError(f"'{name}': {member} cannot be inflated: {error}", "is the file complete?") from None
    if not isinstance(found, dict):
        raise UsageError(f"'{name}': {member} is no JSON object", "is the file damaged?")
    return found


def _program(whole: dict[str, Any], config: dict[str, Any], name: str) -> Program:
    version = whole.get("schema_version") or {}
    major = version.get("major", MAJOR) if isinstance(version, dict) else version
    if major != MAJOR:
        raise UsageError(
            f"'{name}' has version {major} of torch.export's format, and {MAJOR} is read", "save it with torch 2.6 or newer"
        )
    module = whole["graph_module"]
    graph, signature = module["graph"], module["signature"]
    values = graph["tensor_values"]
    inputs: dict[str, Sizes] = {}
    weights: dict[str, Weight] = {}
    ties = _Ties(config)
    for entry in signature["input_specs"]:
        (what, spec), *_ = entry.items()
        argument = spec.get("arg") or {}
        if what == "user_input":
            tensor = argument.get("as_tensor") if isinstance(argument, dict) else None
            if tensor is not None:
                inputs[str(tensor["name"])] = sizes(values[tensor["name"]])
        elif what in ("parameter", "buffer", "tensor_constant"):
            own = next(str(spec[key]) for key in ("parameter_name", "buffer_name", "tensor_constant_name") if key in spec)
            value, shape = argument["name"], sizes(values[argument["name"]])
            learned, counted = what == "parameter", what == "parameter" or (what == "buffer" and spec.get("persistent", True))
            weights[value] = Weight(own, shape, learned, counted, ties.first(own, shape) if learned else "")
    records = tuple(named([(record, _module(stack)) for record, stack in _records(graph, 0)]))
    outputs = [str(output["as_tensor"]["name"]) for output in graph["outputs"] if "as_tensor" in output]
    results = [spec["user_output"]["arg"] for spec in signature.get("output_specs") or () if "user_output" in spec]
    wanted = [str(result["as_tensor"]["name"]) for result in results if "as_tensor" in result]
    notes = ("exported in training mode",) if any(_trains(record) for record in records) else ()
    exported = {value: tuple(hint(size) for size in values[value]["sizes"]) for value in inputs}
    source = f"torch {str(whole.get('torch_version') or '').partition('+')[0]}, torch.export".replace("torch ,", "torch,")
    return Program(name, inputs, weights, records, tuple(wanted or outputs), exported, source[:80], notes)


def _trains(record: Record) -> bool:
    return record.operation == "batch_norm" and record.arguments.get("training") is True


class _Ties:
    """Which parameters are one: those at the same place of the same storage."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.storages: dict[str, tuple[Any, ...]] = {}
        self.owners: dict[tuple[Any, ...], str] = {}
        entries = config.get("config")
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            meta = entry.get("tensor_meta") or {}
            shape = tuple(size.get("as_int") for size in meta.get("sizes", ()))
            self.storages[name] = (entry.get("path_name"), (meta.get("storage_offset") or {}).get("as_int"), shape)
        # On the meta device all parameters are said to lie in one storage: then the file does not tell which are one.
        shapes = Counter(path for path, *_ in set(self.storages.values()))
        self.unknown = {path for path, count in shapes.items() if count > 1}

    def first(self, name: str, shape: Sizes) -> str:
        """Return the parameter that was met first with the same storage, "" for the first."""
        storage = self.storages.get(name)
        if storage is None or storage[0] is None or storage[0] in self.unknown:
            return ""
        owner = self.owners.setdefault(storage, name)
        return "" if owner == name else owner


def _records(graph: Mapping[str, Any], depth: int) -> Iterator[tuple[Record, str]]:
    """Iterate over the operations of a graph that make tensors, each with the stack of modules it ran in."""
    if depth > DEEPEST or len(graph["nodes"]) > MOST_NODES:
        raise ValueError("graphs nested too deep, or too many nodes")
    values, numbers = graph["tensor_values"], graph.get("sym_int_values") or {}
    for number, node in enumerate(graph["nodes"], start=1):
        outputs = tuple(_outputs(node))
        if not outputs:
            continue  # arithmetic on sizes, and assertions
        arguments = {}
        for position, entry in enumerate(node["inputs"]):
            arguments[entry["name"] or str(position)] = _argument(entry["arg"], numbers, depth)
        shapes = tuple(sizes(values[output]) if output in values else None for output in outputs)
        metadata = node.get("metadata") or {}
        target = str(node["target"]).removeprefix("torch.ops.").removeprefix("aten.")
        space, _, rest = target.partition(".")
        overloads = ("higher_order", "_operator", "math")  # of them the whole name counts; of others the first word, or two
        operation = target if space in overloads else f"{space}::{rest.partition('.')[0]}" if "." in rest else space
        inputs = tuple(tensors(arguments.values()))
        called = "" if "method_descriptor" in str(metadata.get("torch_fn", "")) else "function"
        own = str(node.get("name") or operation)
        drops = arguments.get("train") is True and arguments.get("p") != 0
        kept = "new" if drops else storage(operation, *(values.get(name) for name in ((*inputs, "")[0], outputs[0])))
        if operation == "matmul":
            arguments["copied"] = [copied(values.get(name)) for name in inputs]
        elif operation == "linear" and inputs and inputs[0] in values:
            arguments["copied"] = folded(values[inputs[0]])
        elif operation == "einsum" and len(inputs) == 2 and all(name in values for name in inputs):
            arguments["copied"] = einsum_copies(str(arguments.get("equation")), [values[name] for name in inputs])
        made = sum(bytes_of(values[output]) for output in outputs if output in values) if kept == "new" else 0
        record = Record(operation, arguments, inputs, outputs, shapes, own, f"node {number}", kept, made, called)
        yield record, str(metadata.get("nn_module_stack") or "")


def tensors(arguments: Any) -> Iterator[str]:
    """Iterate over the values that arguments name, those in lists too."""
    for argument in arguments:
        if isinstance(argument, Ref):
            yield argument
        elif isinstance(argument, list):
            yield from (part for part in argument if isinstance(part, Ref))


def _outputs(node: Mapping[str, Any]) -> Iterator[str]:
    for output in node["outputs"]:
        if "as_tensor" in output:
            yield str(output["as_tensor"]["name"])
        elif "as_tensors" in output:
            yield from (str(part["name"]) for part in output["as_tensors"])


def _argument(argument: Mapping[str, Any], numbers: Mapping[str, Any], depth: int) -> Any:
    """Return an argument as a value: numbers, words, lists; tensors as `Ref`, sizes that follow the input as `Expression`."""
    (key, value), *_ = argument.items()
    if key == "as_none":
        return None
    if key in ("as_tensor", "as_optional_tensor"):
        return Ref(value["name"]) if "name" in value else _argument(value, numbers, depth)
    if key == "as_tensors":
        return [Ref(part["name"]) for part in value]
    if key == "as_optional_tensors":
        return [_argument(part, numbers, depth) for part in value]
    if key == "as_sym_int":
        return _symbolic(value, numbers)
    if key == "as_sym_ints":
        return [_symbolic(part, numbers) for part in value]
    if key == "as_graph":
        inner = value["graph"]
        inputs = [name["as_tensor"]["name"] for name in inner["inputs"] if "as_tensor" in name]
        outputs = [name["as_tensor"]["name"] for name in inner["outputs"] if "as_tensor" in name]
        return Branch(
            tuple(inputs),
            tuple(named([(record, _module(stack)) for record, stack in _records(inner, depth + 1)])),
            tuple(outputs),
        )
    return value


class Branch:
    """A graph inside an operation: one side of torch.cond."""

    def __init__(self, inputs: tuple[str, ...], records: tuple[Record, ...], outputs: tuple[str, ...]) -> None:
        self.inputs, self.records, self.outputs = inputs, records, outputs


def _symbolic(value: Mapping[str, Any], numbers: Mapping[str, Any]) -> Any:
    if "as_int" in value:
        return value["as_int"]
    size = numbers[value["as_name"]]
    return size["as_int"] if "as_int" in size else Expression(size["as_expr"]["expr_str"])


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _module(stack: str) -> Module:
    key, _, rest = stack.rpartition(";")[2].partition(",")
    path, _, kind = rest.partition(",")
    if "module_stack" in key:  # what torch writes where it computes sizes
        return Module("", "", "")
    return Module(path, kind, key)
