"""Networks of darknet: the sections of a .cfg, applied one after the other, and the heads as outputs."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

from cnncost.base.errors import CostError, ModelError, did_you_mean
from cnncost.graph.graph import Tensor
from cnncost.models.importers import Data
from cnncost.models.importers.assume import Assumptions, assumptions
from cnncost.models.importers.darknet_file import NETS, Section, sections
from cnncost.models.importers.darknet_layers import HEADS, RECURRENT, SOURCES, STRIDED, TRANSLATIONS, strides
from cnncost.models.importers.text import say_growth, text_of
from cnncost.models.model import Model


def is_mine(data: Data) -> bool:
    """Whether a file's first section is [net] or [network].

    >>> is_mine(b"# tiny\\n[net]\\nwidth=32"), is_mine(b"[metadata]\\nname = setup")
    (True, False)
    """
    for line in bytes(data[:65536]).splitlines():
        bare = b"".join(line.split())
        if bare and bare[:1] not in (b"#", b";"):
            return bare.strip(b"[]").decode("latin-1") in NETS and bare[:1] == b"["
    return False


def refuse(layer: Section) -> None:
    """Raise for a section that has no translation."""
    if layer.type in RECURRENT:
        raise ModelError(
            f"{layer.place} is recurrent: what it costs depends on the steps it is run for",
            "recurrent networks of darknet are not read",
        )
    raise ModelError(
        f"{layer.place} is no section that is known",
        did_you_mean(
            layer.type[:40],
            TRANSLATIONS,
            f"if it keeps its input's shape and costs nothing: --assume {layer.type[:40]}=identity",
        ),
    )


def replay(layers: Sequence[Section], x: Tensor, assumed: Assumptions) -> list[Tensor]:
    """Apply the layers to a tensor and return what each makes. Raises ModelError with the line and the section."""
    made: list[Tensor] = []
    first = x
    for layer in layers:
        sources = []
        for reference in layer.numbers(SOURCES.get(layer.type, "")):
            index = reference if reference >= 0 else layer.index + reference
            if not 0 <= index < layer.index:
                raise ModelError(
                    f"{layer.place} refers to layer {reference}, which is no earlier one", "layers count from 0 after [net]"
                )
            sources.append(made[index])
        if layer.type in SOURCES and not sources:
            raise ModelError(f"{layer.place} names no earlier layer", f"give {SOURCES[layer.type]}=-1, for instance")
        if layer.type in assumed:
            x = assumed.apply(layer.type, x, layer.name)
            made.append(x)
            continue
        if layer.type not in TRANSLATIONS:
            refuse(layer)
        if layer.type == "route":
            _require_one_size(layer, sources, layers)
        try:
            with first.scope(layer.name):
                x = TRANSLATIONS[layer.type](layer, x, sources)
        except CostError as error:
            raise ModelError(f"{layer.place}: {error.message}", error.hint) from error
        made.append(x)
    return made


def _require_one_size(layer: Section, sources: Sequence[Tensor], layers: Sequence[Section]) -> None:
    """Raise ModelError where maps of different sizes are put side by side, and say which inputs avoid that."""
    sizes = {source.shape[1:] for source in sources}
    if len(sizes) > 1 and all(type(side) is int for size in sizes for side in size):
        shown = " and ".join("×".join(map(str, source.shape)) for source in sources)
        raise ModelError(
            f"{layer.place}: maps of different sizes meet: {shown}",
            f"give a height and a width that are multiples of {coarsest(layers)}, all strides together",
        )


def coarsest(layers: Sequence[Section]) -> int:
    """Return how many pixels of the input lie behind one of the coarsest map, along an axis."""
    steps: list[Fraction] = []
    for layer in layers:
        step = steps[-1] if steps else Fraction(1)
        if layer.type in SOURCES and (references := layer.numbers(SOURCES[layer.type])):
            index = references[0] if references[0] >= 0 else layer.index + references[0]
            step = steps[index] if layer.type == "route" and 0 <= index < len(steps) else step
        elif layer.type in STRIDED:
            step *= max(max(strides(layer)), 1)
        elif layer.type == "upsample":
            step /= max(layer.number("stride", 2), 1)
        steps.append(step)
    return int(max(steps))


def read(data: Data, name: str) -> Model:
    """Return the model of a .cfg. Raises UsageError for what is no network of darknet.

    The heads ([yolo], [region], …) are its outputs; where there are none, the last layer is.
    """
    net, *layers = sections(text_of(data, name), name)
    size = tuple(net.number(key, 0) for key in ("channels", "height", "width"))
    given = net.number("inputs", 0)
    shape = size if all(side > 0 for side in size) else (given,) if given > 0 else None

    def run(x: Tensor, *, assume: tuple[str, ...] = ()) -> tuple[Tensor, ...]:
        assumed = assumptions(assume)
        made = replay(layers, x, assumed)
        heads = [tensor for layer, tensor in zip(layers, made, strict=True) if layer.type in HEADS] or made[-1:]
        assumed.say(x)
        say_growth((x,), shape, partial(run, assume=assume))
        return tuple({tensor.index: tensor for tensor in heads}.values())

    binary = {f"{layer.name}.conv": "xnor" for layer in layers if layer.number("xnor", 0)}
    return Model(name, run, shape, family="darknet", source=f"{name}, a network of darknet", spelling=binary)
