"""What a drawing says of a layer: a title, its family, and how wide text is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from cnncost.base.poly import same
from cnncost.graph.graph import INPUT, Node
from cnncost.rules import RULES

JOINS = ("add", "sub", "mul", "div", "maximum", "minimum", "elementwise", "weighted_sum", "concat", "stack")
SECTIONS = {"pooling": "pool", "normalisation": "norm", "activations": "act", "weights": "linear", "products": "linear"}
LEGEND = {
    "conv": "convolution",
    "linear": "linear, attention",
    "pool": "pooling",
    "norm": "normalisation",
    "act": "activation",
    "join": "add, concatenate",
    "other": "other",
}
TITLES = {
    "conv_transpose": "transposed conv",
    "batch_norm": "bn",
    "global_avg_pool": "global pool",
    "adaptive_avg_pool": "adaptive pool",
    "space_to_depth": "space to depth",
}
DRAWN_ON = ("norm", "act")  # families drawn on the layer that alone feeds them
DRAWN_ON_KINDS = ("dropout", "stochastic_depth")
CARRIES = ("conv", "linear", "join", "norm")  # families that they are drawn on


def family(kind: str) -> str:
    """Return the family of a layer type: what is drawn in one colour."""
    if "conv" in kind:
        return "conv"
    if kind in JOINS:
        return "join"
    return SECTIONS.get(RULES[kind].section, "other") if kind in RULES else "other"


def title(node: Node) -> str:
    """Return a layer in a few words.

    >>> import cnncost
    >>> title(cnncost.load("resnext50_32x4d").trace().layers[0])
    'conv 7×7 /2'
    """
    if node.kind == INPUT:
        return f"input {node.name}"
    args = node.args
    words = [TITLES.get(node.kind, node.kind.replace("_", " "))]
    groups = args.get("groups", 1)
    if node.kind == "conv" and isinstance(groups, int) and groups > 1 and _one_channel_each(node):
        words, groups = ["depthwise"], 1
    if (kernel := args.get("kernel")) is not None:
        words.append(size(kernel))
    stride = args.get("stride")
    if stride is not None and stride not in (1, (1, 1)):
        words.append(f"/{stride}" if not isinstance(stride, tuple) else f"/{_one(stride)}")
    if (dilation := args.get("dilation", 1)) not in (1, (1, 1)):
        words.append(f"dilated {_one(dilation) if isinstance(dilation, tuple) else dilation}")
    if groups != 1 and node.kind in ("conv", "conv_transpose"):
        words.append(f"g{groups}")
    return " ".join(words)


def _one_channel_each(node: Node) -> bool:
    """Return whether each filter of a convolution sees one channel."""
    kernel = node.args["kernel"]
    window = prod(kernel) if isinstance(kernel, tuple) else kernel ** (len(node.cost.shape) - 1)
    return bool(same(node.cost.macs, prod(node.cost.shape) * window))


def short(node: Node) -> str:
    """Return what is drawn on another layer in one word: bn, relu."""
    return {"batch_norm": "bn", "stochastic_depth": "drop path"}.get(node.kind, node.kind.replace("_", " "))


def entry(inputs: Mapping[str, Sequence[Any]]) -> str:
    """Return what enters a drawing from above: the (first) input's shape, with its name where further ones stand in boxes."""
    name, sizes = next(iter(inputs.items()))
    return f"{name} {shape(sizes)}" if len(inputs) > 1 else shape(sizes)


def printable(text: str) -> str:
    """Return a name from outside as a picture can show it: what is no symbol, sign or space, as a control is not, as �."""
    return text if text.isprintable() else "".join(character if character.isprintable() else "�" for character in text)


def size(value: Any) -> str:
    """Return a kernel as people write it: 3×3, 1×7; of one axis 3."""
    return "×".join(map(str, value)) if isinstance(value, tuple) else f"{value}×{value}"


def shape(sizes: Sequence[Any]) -> str:
    """Return a shape as people write it."""
    return "×".join(map(str, sizes)) or "scalar"


def _one(values: tuple[Any, ...]) -> str:
    return str(values[0]) if len(set(map(str, values))) == 1 else "×".join(map(str, values))


# Widths of characters in a font of size 1: those of DejaVu Sans, which is wider than what browsers take for system-ui or Arial,
# so that text that fits here fits everywhere. Measured with the font's own table of widths.
_WIDTHS = {
    **dict.fromkeys("ijl'", 0.29),
    **dict.fromkeys("I|.,:;! f()[]rt/-", 0.42),
    **dict.fromkeys("mMW%@", 1.0),
    **dict.fromkeys("w×+=<>~±…", 0.84),
    **dict.fromkeys("ABCDEFGHKNOPQRSTUVXYZ&", 0.76),
}
_USUAL = 0.64
BOLD = 1.12


def width(text: str, font: float, bold: bool = False) -> float:
    """Return how wide a text is at most, in pixels, at a font size."""
    return (
        sum(_WIDTHS.get(character, _USUAL if character < "ɐ" or character == "×" else 1.0) for character in text)
        * font
        * (BOLD if bold else 1)
    )


def clip(text: str, font: float, room: float, bold: bool = False) -> str:
    """Return a text that fits into `room` pixels, its middle left out where it must be."""
    if width(text, font, bold) <= room:
        return text
    keep = len(text) - 1
    while keep > 2 and width(text[: keep - keep // 2] + "…" + text[len(text) - keep // 2 :], font, bold) > room:
        keep -= 1
    return text[: keep - keep // 2] + "…" + text[len(text) - keep // 2 :]
