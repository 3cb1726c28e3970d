"""Caffe's networks as text: which layers a .prototxt has in a phase, what it reads, and what each type of layer is in rules.

Source: BVLC/caffe at 9b89154, src/caffe/proto/caffe.proto, net.cpp and the layers; forks as far as their layers are named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import Any, Literal, TypeAlias, get_args

from cnncost.base.errors import CostError, ModelError, did_you_mean
from cnncost.base.record import dataclass
from cnncost.graph.graph import Tensor
from cnncost.models.importers import Data
from cnncost.models.importers.assume import Assumptions, assumptions
from cnncost.models.importers.caffe_file import FIELDS, WEIGHTED, Layer, layers_of
from cnncost.models.importers.caffe_layers import TRANSLATIONS
from cnncost.models.importers.prototxt import Message, parse
from cnncost.models.importers.text import as_input, as_stated, counted, require_inputs, say_buffers, say_growth, text_of
from cnncost.models.model import Model

Shape: TypeAlias = tuple[int, ...]

BEGIN = re.compile(rb"(?:^|[\s};])(?:layers?\s*:?\s*[{<]|input(?:_dim|_shape)?\s*[:{<])")
SOLVER = re.compile(rb"(?m)^\s*(?:base_lr|solver_mode|train_net|test_net|lr_policy|net)\s*:")
Phase: TypeAlias = Literal["TRAIN", "TEST"]
PHASES = get_args(Phase)
CHANNELS = 3  # of the images that data layers load, unless they say otherwise
PLACEHOLDER = 32  # an input smaller than that is overwritten by the program, as OpenPose's 16×16 is


def is_mine(data: Data) -> bool:
    """Whether a file is a network of Caffe, or a solver, whose message says which network to take.

    >>> is_mine(b'name: "n"\\nlayer { type: "ReLU" }'), is_mine(b'{"class_name": "Sequential"}')
    (True, False)
    """
    head = bytes(data[: 1 << 20])
    if b"\0" in head or head.lstrip()[:1] in (b"{", b"[", b"<"):
        return False
    bare = re.sub(rb"#[^\n]*", b"", head)
    return bool(BEGIN.search(bare) or len(SOLVER.findall(bare)) > 1)


@dataclass(frozen=True, slots=True)
class Network:
    """A network as it is in one phase: what it reads, with sizes where the file has them, and its layers."""

    inputs: Mapping[str, Shape | None]  # of one example, without the batch
    labels: tuple[str, ...]  # blobs that only losses read
    layers: tuple[Layer, ...]


def read(data: Data, name: str) -> Model:
    """Return the model of a .prototxt. Raises UsageError, with the line, for what is no network of Caffe."""
    text = text_of(data, name)
    net = parse(text, name)
    every = layers_of(net, text, name)
    default: Phase = "TRAIN" if net.message("state").text("phase") in ("TRAIN", "0") else "TEST"
    try:
        networks = {phase: network(net, every, phase) for phase in PHASES}
    except ModelError as error:
        raise error.of(name) from None

    def run(*xs: Tensor, phase: Phase = default, assume: tuple[str, ...] = ()) -> tuple[Tensor, ...]:
        net = networks[phase]
        require_inputs(xs, net.inputs)
        assumed = assumptions(assume)
        outputs = replay(net, xs, assumed)
        assumed.say(xs[0])
        say_buffers(xs[0], "Caffe")
        _say_placeholder(xs[0], net)
        say_growth(xs, as_input(net.inputs), partial(run, phase=phase, assume=assume))
        return outputs

    def shape(settings: Mapping[str, Any]) -> Any:
        return as_input(networks[settings["phase"]].inputs)

    return Model(name, run, shape, family="caffe", source=f"{name}, a network of Caffe")


def _say_placeholder(x: Tensor, net: Network) -> None:
    """Point out an input that the program around the network overwrites: tiny ones, and those beside regions."""
    own = next(iter(net.inputs.values()))
    whole = all(node.kind != "linear" for node in x.tracer.nodes)
    tiny = own is not None and len(own) == 3 and max(own[1:]) < PLACEHOLDER and whole
    if own is not None and as_stated((x,), (own,)) and (tiny or any(blob in ("im_info", "rois") for blob in net.labels)):
        sides = "×".join(map(str, own[1:]))
        x.note(f"the input of {sides} in the file is a placeholder, which the program overwrites: give --size")


# ── from the file to the layers of a phase ───────────────────────────────────────────────────────────────────────────


def _runs(layer: Layer, phase: str) -> bool:
    """Whether a layer is part of the network in a phase: level 0, no stages."""
    include, exclude = layer.fields.messages("include"), layer.fields.messages("exclude")
    return any(_meets(rule, phase) for rule in include) if include else not any(_meets(rule, phase) for rule in exclude)


def _meets(rule: Message, phase: str) -> bool:
    named = rule.text("phase", phase)
    named = PHASES[int(named)] if named in ("0", "1") else named
    return (
        named == phase
        and rule.number("min_level", 0) <= 0 <= rule.number("max_level", 0)
        and not rule.get("stage")  # a stage that the rule demands is never given
    )


def network(net: Message, every: Sequence[Layer], phase: str) -> Network:
    """Return the network of a phase: its layers but those that load data, and what they load."""
    layers = [layer for layer in every if _guarded(layer, lambda layer: _runs(layer, phase))]
    loading = [layer for layer in layers if layer.loads]
    if not loading and "input" not in net:
        loading = [layer for layer in every if layer.loads]  # those of the other phase
    inputs: dict[str, Shape | None] = {}
    labels: list[str] = []
    for blob, shape in _declared(net):
        inputs[blob] = shape
    first = {layer.tops[0] for layer in loading if layer.tops}
    data = {  # what data layers load beside their first blob is a label, unless weights read it or it is joined to the first
        blob
        for layer in layers
        if layer.type in WEIGHTED or (layer.type in ("Concat", "Eltwise") and first.intersection(layer.bottoms))
        for blob in layer.bottoms
    }
    crop = next((size for layer in every if layer.loads and (size := _guarded(layer, _crop))), 0)
    for layer in loading:
        for number, blob in enumerate(layer.tops):
            if layer.type not in ("Input", "DummyData") and blob not in inputs and number and blob not in data:
                labels.append(blob)
            elif layer.type != "Input" and blob in inputs:
                continue
            else:
                inputs[blob] = _guarded(layer, partial(_loaded, number=number, crop=crop))
    rest = [layer for layer in layers if not layer.loads]
    touched = {blob for layer in rest if layer.type in TRANSLATIONS for blob in layer.bottoms}
    used = {blob: shape for blob, shape in inputs.items() if blob in touched and shape != ()} or dict([*inputs.items()][:1])
    return Network(used, tuple({*labels, *inputs} - set(used)), tuple(rest))


def _guarded(layer: Layer, ask: Callable[[Layer], Any]) -> Any:
    """Return what a question about a layer yields; a number that is none becomes a message with the layer's place."""
    try:
        return ask(layer)
    except ValueError as error:
        raise ModelError(f"{layer.place}: {error}", "see the layer's parameters in caffe.proto") from None


def _declared(net: Message) -> Iterator[tuple[str, Shape | None]]:
    """Iterate over the inputs at the top of a file: `input:` with `input_shape` or four `input_dim` each."""
    shapes = net.messages("input_shape")
    try:
        sizes = net.numbers("input_dim")
        for number, blob in enumerate(net.texts("input")):
            sides = shapes[number].numbers("dim") if number < len(shapes) else sizes[4 * number : 4 * number + 4]
            yield blob, _example(sides)
    except ValueError as error:
        raise ModelError(f"the input's {error}", "sizes are whole numbers from 1") from None


def _example(sides: Sequence[int]) -> Shape | None:
    """Return a blob's shape without its batch; None where there is none."""
    return tuple(sides[1:]) if sides else None


def _crop(layer: Layer) -> int:
    """Return the size that a data layer cuts images to; 0 where it does not."""
    for holder in ("transform_param", "data_param", "image_data_param", "window_data_param"):
        if size := layer.fields.message(holder).number("crop_size", 0):
            return size
    return 0


def _loaded(layer: Layer, number: int, crop: int) -> Shape | None:
    """Return the shape of what a data layer loads as its `number`-th blob."""
    shapes = layer.fields.message("input_param").messages("shape") or layer.fields.message("dummy_data_param").messages("shape")
    if shapes:
        return _example(shapes[min(number, len(shapes) - 1)].numbers("dim"))
    memory = layer.fields.message("memory_data_param")
    if memory:
        return tuple(memory.number(side, 1) for side in ("channels", "height", "width"))
    dummy = layer.fields.message("dummy_data_param")
    if "channels" in dummy:
        sides = [dummy.numbers(side) for side in ("channels", "height", "width")]
        return tuple(side[min(number, len(side) - 1)] for side in sides if side)
    size = _crop(layer) or crop
    return (CHANNELS, size, size) if size else None


# ── from the layers to rules ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Uncounted:
    """The layers that have no translation, and those behind them."""

    unknown: list[Layer] = field(default_factory=list)
    behind: list[tuple[Layer, Layer]] = field(default_factory=list)  # a layer, and the unknown one it hangs behind


def replay(net: Network, inputs: Sequence[Tensor], assumed: Assumptions) -> tuple[Tensor, ...]:
    """Apply a network's layers to its inputs and return what nothing reads: its outputs.

    Layers without a translation are cut where nothing with weights hangs behind them, refused otherwise: see `_judge`.
    """
    blobs = dict(zip(net.inputs, inputs, strict=True))
    lost: dict[str, Layer | None] = dict.fromkeys(net.labels)  # blobs that are not made: labels, or behind an unknown layer
    left = Uncounted()
    made: list[Tensor] = []
    owners: dict[tuple[str, ...], str] = {}
    for layer in net.layers:
        missing = [blob for blob in layer.bottoms if blob not in blobs]
        cause = next((found for blob in missing if (found := lost.get(blob))), None)
        tensors = [blobs[blob] for blob in layer.bottoms if blob in blobs]
        outputs: list[Tensor] = []
        if layer.is_end or (missing and all(blob in lost for blob in layer.bottoms) and cause is None):
            pass
        elif layer.type not in TRANSLATIONS and layer.type not in assumed:
            left.unknown.append(layer)
            cause = layer
        elif cause is not None:
            left.behind.append((layer, cause))
        elif missing or not layer.bottoms:
            what = f"'{missing[0]}', which no earlier layer makes" if missing else "nothing"
            raise ModelError(
                f"{layer.place} reads {what}", did_you_mean(missing[0], list(blobs)[-1000:]) if missing else "give it a bottom"
            )
        elif layer.type in assumed:
            outputs = [assumed.apply(layer.type, tensors[0], layer.path)] * len(layer.tops)
            made += outputs
        else:
            outputs = _apply(layer, tensors, owners)
            made += outputs
        for number, top in enumerate(layer.tops):  # a later blob takes the place of an earlier one of its name
            if number < len(outputs):
                blobs[top] = outputs[number]
                lost.pop(top, None)
            else:
                blobs.pop(top, None)
                lost[top] = cause
    _judge(left, inputs[0], made)
    strange = [
        f"{name}.{key}"
        for layer in net.layers
        if layer.type in TRANSLATIONS
        for name in layer.fields.keys() & FIELDS.keys()
        for message in layer.fields.messages(name)
        for key in message.keys() - FIELDS[name]
    ]
    if strange:
        inputs[0].note(f"fields that are not known, and were not read: {counted(sorted(strange))}")
    read_by = {index for node in inputs[0].tracer.nodes for index in node.inputs}
    ends = {tensor.index: tensor for tensor in made if tensor.index not in read_by}
    return tuple(ends.values()) or tuple(made[-1:])


def _apply(layer: Layer, tensors: list[Tensor], owners: dict[tuple[str, ...], str]) -> list[Tensor]:
    """Return what a layer makes: one tensor for each top. `owners` are the layers that named weights belong to."""
    names = layer.weights
    owner = owners.get(names) if names else None
    try:
        if owner is None and names and any(names[0] == other[0] for other in owners):
            raise ValueError("some of the weights are another layer's, and some its own")
        made = TRANSLATIONS[layer.type](layer, tensors, owner)
    except (CostError, ValueError) as error:
        raise ModelError(f"{layer.place}: {getattr(error, 'message', error)}", getattr(error, "hint", "")) from None
    outputs = [made] * max(len(layer.tops), 1) if isinstance(made, Tensor) else list(made)
    if names:
        owners.setdefault(names, outputs[0].tracer.nodes[outputs[0].index].name)
    return outputs


def _judge(left: Uncounted, x: Tensor, made: Sequence[Tensor]) -> None:
    """Say what is not counted, or refuse: a layer without a translation must not hide what others cost.

    Post-processing, behind which nothing has weights, is cut and listed. Behind layers that work on regions of an image the
    network goes on once for each region: what hangs there is not counted, and listed. All else is refused.
    """
    weighted = [(layer, cause) for layer, cause in left.behind if layer.type in WEIGHTED]
    inside = next((cause for _, cause in weighted if not cause.is_regional), None)
    inside = inside or next((layer for layer in left.unknown if layer.learns and not layer.is_regional), None)
    if inside is not None:
        raise ModelError(
            f"{inside.place} is of a type that is not known, and layers with weights follow it or it has weights itself",
            f"if it keeps its input's shape and costs nothing: --assume {inside.type}=identity",
        )
    if not made or (weighted and not any(node.cost.params for node in x.tracer.nodes)):
        first = left.unknown[0] if left.unknown else None
        raise ModelError(
            "nothing of the file could be counted" + (f": all hangs behind {first.place}" if first else ""),
            "is it the second half of a network? Give the file with the first half, too",
        )
    if weighted:
        names = [layer.name for layer, _ in weighted]
        types = dict.fromkeys(cause.type for _, cause in weighted)
        shown = ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
        x.note(
            f"counted up to {' and '.join(types)}; not counted, for they run once for each region: "
            f"{len(names)} {'layer' if len(names) == 1 else 'layers'} with weights ({shown})"
        )
    rest = [layer.type for layer in left.unknown] + [layer.type for layer, _ in left.behind if layer.type not in WEIGHTED]
    if rest:
        x.note(f"not counted: {counted(rest)}")
