"""What stands in a file of Keras: the JSON of a model, in each of its forms, as layers and their calls.

Only the architecture is read. Weights stay closed, and the byte code of Lambda layers too.

Source: Keras 3.15.1, keras/src/models/functional.py and saving/serialization_lib.py; Keras 2.14, engine/functional.py.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any, TypeAlias

from cnncost.base.errors import UsageError
from cnncost.base.record import dataclass
from cnncost.models.importers import Data, as_file
from cnncost.models.importers.keras_call import Layer, Ref
from cnncost.models.importers.text import text_of

MODELS = ("Functional", "Model", "Sequential")
LARGEST_JSON = 64 << 20  # bytes; the largest seen is 1 MB
DEEPEST = 64  # models in models
HDF5 = b"\x89HDF\r\n\x1a\n"
BEGIN = re.compile(rb'\{"(?:class_name|module|name|config)": ?["{\[]')  # of the JSON in an .h5
MOST_BEGINNINGS = 10_000  # places in an .h5 that look like it

Json: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a layer: its arguments, in which tensors are references to what other layers made."""

    arguments: Sequence[Json]
    named: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Network:
    """A model: its layers, and what goes in and out. Sequential ones have no connections of their own."""

    layers: tuple[tuple[Layer, tuple[Call, ...], Network | None], ...]  # the last is the layer where it is a model itself
    inputs: tuple[Ref, ...]
    outputs: tuple[Ref, ...]
    shapes: tuple[tuple[int | None, ...] | None, ...]  # of the inputs, as in the file, without the batch
    sequential: bool
    recorded: Mapping[Ref, tuple[int | None, ...]]  # the shapes that the file says layers make, as there


# ── from the file to the JSON of a model ─────────────────────────────────────────────────────────────────────────────


def is_mine(data: Data) -> bool:
    """Whether a file holds a Keras model, or is one of the kinds that hold one.

    >>> is_mine(b'{"class_name": "Sequential", "config": []}'), is_mine(b'{"nodes": []}')
    (True, False)
    """
    if data[:4] == b"PK\x03\x04":
        return any(name == "config.json" for name in _members(data))
    if data[:8] == HDF5:
        return True
    head = bytes(data[:4096]).lstrip(b"\xef\xbb\xbf \t\r\n")
    words = (b"class_name", b"modelTopology", b"layers-model", b"graph-model")
    return head[:1] in (b"{", b'"') and (any(word in head for word in words) or b"keras_version" in bytes(data[-4096:]))


def _members(data: Data) -> list[str]:
    try:
        with zipfile.ZipFile(as_file(data)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return []


def manifest(data: Data) -> int | None:
    """Return how many numbers the weights of a TensorFlow.js model have, which stand in its JSON; None for other files."""
    if data[:8] == HDF5 or data.find(b'"weightsManifest"') < 0:
        return None
    try:
        groups = json.loads(bytes(data[:]))["weightsManifest"]
        return sum(prod(map(int, weight["shape"])) for group in groups for weight in group["weights"])
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None


def architecture(data: Data, name: str) -> dict[str, Json]:
    """Return the JSON object of the model in a file."""
    if data[:4] == b"PK\x03\x04":
        return _model(_loads(_member(data, name), name), name)
    if data[:8] == HDF5:
        return _model(_inside(data, name), name)
    found = _loads(text_of(data, name, LARGEST_JSON), name)
    for _ in range(2):  # json.dump(model.to_json(), file) makes a string of it
        found = _loads(found, name) if isinstance(found, str) else found
    return _model(found, name)


def _member(data: Data, name: str) -> str:
    try:
        with zipfile.ZipFile(as_file(data)) as archive:
            info = archive.getinfo("config.json")
            if info.file_size > LARGEST_JSON:
                raise UsageError(f"'{name}' has a config.json of {info.file_size:,} bytes", f"up to {LARGEST_JSON:,} are read")
            with archive.open(info) as member:
                content = member.read(LARGEST_JSON + 1)  # what the archive says of its size may be wrong
    except (
        zipfile.BadZipFile,
        OSError,
        zlib.error,
        KeyError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        EOFError,
    ) as error:
        raise UsageError(f"cannot read config.json in '{name}': {error}", "is the archive whole?") from None
    return text_of(content, name, LARGEST_JSON)


def _loads(text: str, name: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UsageError(f"'{name}' is no JSON: {why[:200]}", "write the file with model.to_json() or model.save()") from None


def _inside(data: Data, name: str) -> Json:
    """Return the JSON that lies uncompressed among the bytes of an .h5, where it is a string of the root."""
    decoder = json.JSONDecoder()
    budget = 4 * LARGEST_JSON
    for number, begin in enumerate(BEGIN.finditer(data)):
        if number >= MOST_BEGINNINGS or budget <= 0:
            break
        end = data.find(b"\0", begin.start(), begin.start() + LARGEST_JSON)
        text = bytes(data[begin.start() : end if end > 0 else begin.start() + LARGEST_JSON]).decode("utf-8", "replace")
        budget -= len(text)
        try:
            found, _ = decoder.raw_decode(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and "config" in found and found.get("class_name") in MODELS:
            return found
    raise UsageError(
        f"'{name}' holds no description of a Keras model: weights only, it seems",
        "save the whole model, or its architecture with model.to_json()",
    )


def _model(found: Json, name: str) -> dict[str, Json]:
    """Return the object that describes the model, which may be wrapped."""
    for _ in range(4):
        if not isinstance(found, dict) or "class_name" in found:
            break
        topology = found.get("modelTopology", found.get("model_config", found.get("config")))
        if isinstance(topology, dict) and "node" in topology:
            raise UsageError(
                f"'{name}' is a graph-model of TensorFlow.js: operations, not layers",
                "convert the Keras model to a layers-model",
            )
        found = topology
    if not isinstance(found, dict) or not isinstance(found.get("class_name"), str):
        raise UsageError(f"'{name}' describes no Keras model", "write the file with model.to_json() or model.save()")
    return found


# ── from the JSON to layers and calls ────────────────────────────────────────────────────────────────────────────────


def network(model: Mapping[str, Json], name: str, depth: int = 0) -> Network:
    """Return the layers of a model and how they are connected."""
    if depth > DEEPEST:
        raise UsageError(f"{name}: models are nested more than {DEEPEST} deep", "networks are not")
    config = model.get("config")
    listed = config.get("layers") if isinstance(config, dict) else config
    if not isinstance(listed, list):
        raise UsageError(
            f"{name}: the file names the class '{str(model.get('class_name'))[:60]}', not its layers",
            "subclassed models keep their layers in Python: build a functional model of them, or export ONNX",
        )
    sequential = model.get("class_name") == "Sequential"
    layers: list[tuple[Layer, tuple[Call, ...], Network | None]] = []
    recorded: dict[Ref, tuple[int | None, ...]] = {}
    for entry in listed:
        if not isinstance(entry, dict) or not isinstance(entry.get("class_name"), str):
            raise UsageError(f"{name}: a layer is {str(entry)[:40]!r}", "a layer has a class_name and a config")
        inner = network(entry, name, depth + 1) if entry["class_name"] in MODELS else None
        layer = _layer(entry)
        built = entry.get("build_config")
        if sequential and isinstance(built, dict) and _is_shape(built.get("input_shape")):
            recorded[Ref("", len(layers), 0)] = _sizes(built["input_shape"])
        layers.append(
            (layer, tuple(_call(node, layer.name, name, recorded) for node in _list(entry.get("inbound_nodes"))), inner)
        )
    inputs: tuple[Ref, ...] = ()
    outputs: tuple[Ref, ...] = ()
    by_name = {layer.name: layer for layer, _, _ in layers}
    if not sequential and isinstance(config, dict):
        inputs, outputs = (tuple(_refs(config.get(key), name)) for key in ("input_layers", "output_layers"))
        if not inputs or not outputs:
            raise UsageError(f"{name}: a model names no inputs or no outputs", "is the file whole?")
        shapes = [_shape(by_name[ref.layer].config if ref.layer in by_name else {}) for ref in inputs]
    else:
        first, _, inner = layers[0] if layers else (None, (), None)
        own = _shape(first.config if first else {})
        if own is None and isinstance(config, dict) and isinstance(config.get("build_input_shape"), list):
            own = _sizes(config["build_input_shape"])
        shapes = [own if own is not None or inner is None else inner.shapes[0]]
        inputs = (Ref("", 0, 0),)
    return Network(tuple(layers), inputs, outputs, tuple(shapes), sequential or not isinstance(config, dict), recorded)


def _is_shape(value: Json) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(side is None or type(side) is int for side in value)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _layer(entry: Mapping[str, Json]) -> Layer:
    config = entry.get("config")
    config = config if isinstance(config, dict) else {}
    name = entry.get("name") or config.get("name") or entry["class_name"]
    module, registered = entry.get("module"), entry.get("registered_name")
    return Layer(
        name=str(name)[:200],
        kind=str(entry["class_name"]),
        module=module if isinstance(module, str) else "",
        registered=registered if isinstance(registered, str) else "",
        config=config,
    )


def _shape(config: Mapping[str, Json]) -> tuple[int | None, ...] | None:
    for key in ("batch_shape", "batch_input_shape"):
        if isinstance(config.get(key), list):
            return _sizes(config[key])
    return None


def _sizes(sides: Sequence[Json]) -> tuple[int | None, ...]:
    """Return a shape of the file without the batch; what is open is None."""
    return tuple(side if type(side) is int and side > 0 else None for side in sides[1:])


def _refs(value: Json, name: str) -> Iterator[Ref]:
    """Iterate over a model's inputs or outputs: triples, one triple, or a mapping of them."""
    if isinstance(value, dict):
        for part in value.values():
            yield from _refs(part, name)
    elif isinstance(value, list) and len(value) >= 3 and isinstance(value[0], str):
        yield _ref(value, name)
    elif isinstance(value, list):
        for part in value:
            yield from _refs(part, name)


def _ref(value: Sequence[Json], name: str) -> Ref:
    layer, node, tensor = value[:3]
    if not isinstance(layer, str) or type(node) is not int or type(tensor) is not int:
        raise UsageError(
            f"{name}: {str(list(value[:3]))[:60]} refers to no layer", "a reference is a layer's name and two numbers"
        )
    return Ref(layer, node, tensor)


def _call(node: Json, layer: str, name: str, recorded: dict[Ref, tuple[int | None, ...]]) -> Call:
    """Return one use of a layer, as Keras 3 or Keras 2 writes it."""
    if isinstance(node, dict):
        named = node.get("kwargs")
        return Call(
            [_third(part, name, recorded) for part in _list(node.get("args"))],
            {key: _third(part, name, recorded) for key, part in named.items()} if isinstance(named, dict) else {},
        )
    if not isinstance(node, list):
        raise UsageError(f"{name}: layer '{layer[:60]}' is connected to {str(node)[:40]!r}", "is the file whole?")
    entries = [node] if node and isinstance(node[0], str) else node
    tensors: list[Json] = []
    named = {}
    for entry in entries:
        if not isinstance(entry, list) or len(entry) < 3:
            raise UsageError(f"{name}: layer '{layer[:60]}' is connected to {str(entry)[:40]!r}", "is the file whole?")
        tensors.append(entry[2] if entry[0] == "_CONSTANT_VALUE" else _ref(entry, name))
        if len(entry) > 3 and isinstance(entry[3], dict):
            named.update({key: _second(part) for key, part in entry[3].items()})
    return Call(tensors if len(tensors) == 1 else [tensors], named)


def _third(value: Json, name: str, recorded: dict[Ref, tuple[int | None, ...]]) -> Json:
    """Return an argument of Keras 3 with its tensors as references, and record their shapes."""
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        inner = value.get("config")
        history = inner.get("keras_history") if isinstance(inner, dict) else None
        if not isinstance(history, list) or len(history) < 3:
            raise UsageError(f"{name}: a tensor without its keras_history", "is the file whole?")
        ref = _ref(history, name)
        shape = inner.get("shape") if isinstance(inner, dict) else None
        if isinstance(shape, list):
            recorded[ref] = _sizes(shape)
        return ref
    if isinstance(value, list):
        return [_third(part, name, recorded) for part in value]
    if isinstance(value, dict) and "class_name" not in value:
        return {key: _third(part, name, recorded) for key, part in value.items()}
    return value


def _second(value: Json) -> Json:
    """Return an argument of Keras 2, where ["name", 0, 0] is a tensor."""
    if isinstance(value, list):
        if len(value) == 3 and isinstance(value[0], str) and type(value[1]) is int and type(value[2]) is int:
            return Ref(*value)
        return [_second(part) for part in value]
    return value


def channels_first(model: Mapping[str, Json]) -> bool:
    """Whether a model's maps have their channels first: by the first layer that says so."""
    config = model.get("config")
    for entry in _list(config.get("layers") if isinstance(config, dict) else config):
        inner = entry.get("config")
        if isinstance(inner, dict) and isinstance(inner.get("data_format"), str):
            return bool(inner["data_format"] == "channels_first")
        if entry["class_name"] in MODELS and channels_first(entry):
            return True
    return False


def read_by_windows(net: Network, number: int) -> bool:
    """Whether an input of (steps, features) goes into layers with windows over the steps."""
    if net.sequential:
        readers = [entry for entry in net.layers if entry[0].kind != "InputLayer"][:1]
    else:
        readers = [
            entry
            for entry in net.layers
            if any(ref.layer == net.inputs[number].layer for call in entry[1] for ref in tensors_of(call))
        ]
    return any(
        read_by_windows(inner, 0) if inner is not None else re.search(r"1D", layer.kind) is not None
        for layer, _, inner in readers
    )


def tensors_of(call: Call) -> Iterator[Ref]:
    """Iterate over the references in a call, those of masks left out."""
    stack: list[Json] = [
        *reversed(call.arguments),
        *(part for key, part in call.named.items() if key not in ("mask", "training")),
    ]
    while stack:
        part = stack.pop()
        if isinstance(part, Ref):
            yield part
        elif isinstance(part, list):
            stack += part
        elif isinstance(part, dict):
            stack += part.values()
