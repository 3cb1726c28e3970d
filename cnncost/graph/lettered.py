"""Rules run on symbols: the formulas of a layer, read off its rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cnncost.base.errors import AlgebraError, CostError
from cnncost.base.poly import Num, Poly, equal, symbol, symbols
from cnncost.graph.graph import Node
from cnncost.rules import RULES, Cost, Shape
from cnncost.rules.shapes import ChannelsLast, Signal

PAIRS = {"kernel": ("kh", "kw"), "stride": ("sh", "sw"), "pad": ("ph", "pw"), "dilation": ("dh", "dw")}
SIDES = ("top", "bottom", "left", "right")
AXES = {1: ("F",), 2: ("T", "D"), 3: ("C", "H", "W"), 4: ("C", "D", "H", "W")}
PRIME = "′"


def axes_of(shape: Shape) -> tuple[str, ...]:
    """Return the letters of a shape's axes: C, H and W of a map."""
    if isinstance(shape, Signal):
        return ("C", "L")
    known = AXES.get(len(shape)) or tuple(f"A{axis}" for axis in range(len(shape)))
    return (*known[1:], known[0]) if isinstance(shape, ChannelsLast) else known


def primed(shape: Shape) -> tuple[Shape, dict[str, Poly]]:
    """Return an output shape in which long sizes have names such as H′, by which other formulas stay short, and the names."""
    short: list[Num] = []
    sizes: dict[str, Poly] = {}
    for letter, size in zip(axes_of(shape), shape, strict=True):
        if len(shape) > 2 and isinstance(size, Poly) and (len(size.terms) > 1 or "⌊" in str(size) or "⌈" in str(size)):
            sizes[letter + PRIME] = size
            size = symbol(letter + PRIME)
        short.append(size)
    return tuple(short), sizes


def in_primes(value: Num, sizes: Mapping[str, Poly]) -> Num:
    """Return a formula with the names of `primed` in place of the sizes they stand for, where it is a multiple of them."""
    for letter, size in sizes.items():
        if isinstance(value, Poly) and equal(value % size, 0):
            value = value // size * symbol(letter)
    return value


def lettered(node: Node, inputs: Sequence[Shape]) -> tuple[Cost, dict[str, Num]]:
    """Return a layer's cost in letters, and what the letters are: as many of them as the rule can work with."""
    rule = RULES[node.kind]
    for settings, sizes in ((True, True), (False, True), (False, False)):
        letters: dict[str, Num] = {}
        shapes = [_letter_shape(shape, letters) if sizes else shape for shape in inputs]
        args = {
            name: _letter_argument(name, value, letters) if settings and value != rule.arguments[name].default else value
            for name, value in node.args.items()
        }
        try:
            return rule.cost(shapes, args), letters
        except (AlgebraError, CostError):
            continue  # the rule asks which of two sizes is larger, which letters leave open
    return node.cost, {}


def _letter_shape(shape: Shape, letters: dict[str, Num]) -> Shape:
    found: list[Num] = []
    for axis, size in zip(axes_of(shape), shape, strict=True):
        number, name = 1, axis
        while name in letters and letters[name] != size:  # the second input's channels are C2 where they differ
            number += 1
            name = f"{axis}{number}"
        letters[name] = size
        found.append(symbol(name))
    return type(shape)(found)


def _letter_argument(name: str, value: Any, letters: dict[str, Num]) -> Any:
    """Return an argument as symbols: one for a number, two or four for a pair or for sides; others as they are."""
    if isinstance(value, bool) or not isinstance(value, (int, tuple)):
        return value
    if isinstance(value, int):
        letters[name] = value
        return symbol(name)
    if not all(isinstance(part, int) for part in value):
        return value
    known = SIDES if len(value) == 4 else PAIRS.get(name, tuple(f"{name}{i + 1}" for i in range(len(value))))
    letters |= dict(zip(known, value, strict=True))
    return symbols(" ".join(known))
