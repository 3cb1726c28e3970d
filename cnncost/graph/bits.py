"""Bits per number, layer by layer, and the share of the weights that is kept: of quantised and pruned networks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from fractions import Fraction

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.record import dataclass

MOST_BITS = 64


@dataclass(frozen=True, slots=True)
class Bits:
    """Bits of a layer's weights, and of the activations that it reads; None as elsewhere."""

    weights: int | None = None
    activations: int | None = None

    def over(self, other: Bits) -> Bits:
        """Return these bits, and those of `other` where there are none."""
        return Bits(
            other.weights if self.weights is None else self.weights,
            other.activations if self.activations is None else self.activations,
        )


@dataclass(frozen=True, slots=True)
class Quantised:
    """How a network's numbers are stored: bits by layer or scope, "" for all; and the density of its weights, 1 for all."""

    bits: Mapping[str, Bits] = field(default_factory=dict)
    density: Fraction = Fraction(1)

    def __bool__(self) -> bool:
        return bool(self.bits) or self.density != 1

    def with_more(self, bits: Mapping[str, Bits], density: Fraction = Fraction(1)) -> Quantised:
        """Return the same with other bits of some layers."""
        return Quantised({**self.bits, **bits}, self.density if density == 1 else density)

    def of(self, name: str, default: int) -> tuple[int, int]:
        """Return the bits of a layer's weights and activations; what nobody says has `default`."""
        found, scope = self.bits.get(name, Bits()), name
        while scope:
            scope = scope.rpartition(".")[0]
            found = found.over(self.bits.get(scope, Bits()))
        found = found.over(Bits(default, default))
        assert found.weights is not None
        assert found.activations is not None
        return found.weights, found.activations


def read_bits(text: str) -> tuple[str, Bits]:
    """Return the layer, empty for all, and the bits of `4`, `w4a8`, `conv1=8` or `layer1=w2a4`. Raises UsageError.

    >>> read_bits("conv1=w8a4")
    ('conv1', Bits(weights=8, activations=4))
    """
    name, _, given = text.strip().rpartition("=")
    match = re.fullmatch(r"(?:w([0-9]{1,3}))?(?:a([0-9]{1,3}))?|([0-9]{1,3})", given.strip())
    parts = [part for part in (match.groups() if match else ()) if part]
    if match is None or not parts:
        raise UsageError(f"--bits {text}: '{given}' says no bits", "write 4, or w4a8 (weights 4, activations 8), or conv1=8")
    for part in parts:
        if not 1 <= int(part) <= MOST_BITS:
            raise UsageError(f"--bits {text}: {part} bits", f"give 1 to {MOST_BITS}")
    both = match[3]
    weights, activations = (int(part) if part else None for part in (match[1] or both, match[2] or both))
    return name.strip(), Bits(weights, activations)


def read_density(text: str, option: str = "--") -> Fraction:
    """Return the density of `0.33` or `33%`. Raises UsageError."""
    match = re.fullmatch(r"([0-9]{0,3}\.?[0-9]{1,9})\s*(%?)", text.strip())
    share = Fraction(match[1]) / (100 if match[2] else 1) if match else Fraction(0)
    if not 0 < share <= 1:
        raise UsageError(f"{option}density {text} is no share", "give the share of the weights that is not zero: 0.33, or 33%")
    return share


def require_layers(title: str, layers: Sequence[str], names: Iterable[str]) -> None:
    """Raise UsageError for bits of a layer or scope that a network does not have."""
    for name in names:
        if name and not any(layer == name or layer.startswith(f"{name}.") for layer in layers):
            top = ", ".join([*dict.fromkeys(layer.partition(".")[0] for layer in layers)][:12])
            raise UsageError(f"{title} has no layer '{name}' to give bits", did_you_mean(name, layers, f"its parts: {top}"))
