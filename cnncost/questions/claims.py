"""Numbers that somebody published: which network, counted how, gives them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from cnncost.base.errors import ModelError, UsageError
from cnncost.base.poly import Num
from cnncost.base.showable import Showable
from cnncost.counting import CONVENTIONS, MODULES, Convention
from cnncost.graph.graph import Graph
from cnncost.models.model import Model
from cnncost.models.settings import shown

SIZES = (192, 224, 227, 256, 288, 299, 320, 331, 384)  # at which networks of this kind are quoted
SCALES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12}
WORDS = {"flops": "flops", "flop": "flops", "macs": "flops", "mac": "flops", "params": "params", "parameters": "params"}
CLAIM = re.compile(r"([0-9][0-9,_]*)(?:\.([0-9]+))?\s*([kmgbt]?)\s*([a-z]*)", re.IGNORECASE)
COMMON = ("params", "lecture", "macs", "fvcore", "ptflops", "thop", "torch", "calflops")  # whose figures are often quoted
READINGS = {  # of a count, by what it charges a multiply-add: one of multiply-adds may be quoted as FLOPs, and the reverse
    0: {"": Fraction(1)},
    1: {"": Fraction(1), "× 2": Fraction(2)},
    2: {"": Fraction(1), "÷ 2": Fraction(1, 2)},
}


@dataclass(frozen=True, slots=True)
class Claim:
    """A number that somebody published: its value, the size of its last digit, and what it counts, if it says so."""

    text: str
    value: Fraction
    last_digit: Fraction
    counts: Literal["flops", "params"] | None

    def match(self, value: Num) -> Literal["rounded", "truncated"] | None:
        """Return how a number is printed as this claim, or None where it is not."""
        over = value - self.value
        if abs(over) * 2 <= self.last_digit:
            return "rounded"
        return "truncated" if 0 <= over < self.last_digit else None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way to come by a claim: a network, what is counted of it, and how that is printed."""

    model: str  # a reference that `load` takes
    change: str  # what differs from the model asked about
    value: Fraction
    ways: tuple[str, ...]  # conventions and readings that give this value, "torch ÷ 2"
    match: str
    departures: int  # how much is to be assumed: of the network, the reading and the printing


@dataclass(frozen=True, slots=True)
class Readings(Showable):
    """What reproduces a claim about a model, the likeliest first."""

    model: Model
    claim: Claim
    label: str  # what the user calls the model
    candidates: tuple[Candidate, ...]


def readings(model: Model, said: Claim, label: str = "") -> Readings:
    """Return what reproduces a claim about a model; `label` is what the user calls it, where that is more than its name."""
    return Readings(model, said, label or model.name, tuple(candidates(model, said, label)))


def claim(text: str) -> Claim:
    """Return a claim such as "3.8G", "25.6M params" or "4,089,184,256". Raises UsageError where it is no number."""
    found = CLAIM.fullmatch(text.strip())
    if not found or len(text) > 60 or (found[4] and found[4].lower() not in WORDS):
        raise UsageError(
            f"cannot read the claim '{text[:60]}'", "write a number as it was published: 3.8G, 25.6M params, 4089184256"
        )
    whole, decimals, scale, word = found[1], found[2] or "", found[3], found[4].lower()
    digits = re.sub("[,_]", "", whole)
    unit = SCALES[scale.lower()]
    value = Fraction(int(digits + decimals), 10 ** len(decimals)) * unit
    if value == 0:
        raise UsageError(f"the claim '{text}' is zero", "write a number as it was published: 3.8G")
    zeros = len(digits) - len(digits.rstrip("0")) if not decimals and not scale else 0  # of 3800000000 two digits are meant
    counts: Any = WORDS.get(word)
    return Claim(text.strip(), value, Fraction(unit * 10**zeros, 10 ** len(decimals)), counts)


def candidates(model: Model, said: Claim, label: str = "") -> list[Candidate]:
    """Return what reproduces a claim about a model, the likeliest first: fewest departures, most ways, the nearest number.

    `label` is what the user calls the model, where that is more than its name.
    """
    chosen = list(CONVENTIONS.values())
    found: dict[Fraction, list[Candidate]] = {}
    for reference, change, departs, graph in variants_of(model, label or model.name):
        for name, figure, price, value in _figures(graph, chosen):
            if said.counts not in (None, figure):
                continue
            for reading, factor in READINGS[price].items():
                match = said.match(value * factor)
                if match is not None:
                    way = f"{name} {reading}".strip()
                    assumed = departs + bool(reading) + (match == "truncated") + (name not in COMMON)
                    candidate = Candidate(reference, change, value * factor, (way,), match, assumed)
                    found.setdefault(candidate.value, []).append(candidate)
    merged = []
    for same in found.values():  # one number in several ways: of the nearest network, all that give it
        best = min(same, key=lambda c: c.departures)
        ways = sorted((c for c in same if c.model == best.model), key=lambda c: c.departures)
        merged.append(replace(best, ways=tuple(c.ways[0] for c in ways)))
    return sorted(merged, key=lambda c: (c.departures, -len(c.ways), abs(c.value - said.value)))


def _figures(graph: Graph, chosen: Iterable[Convention]) -> Iterator[tuple[str, str, int, int]]:
    """Iterate over the numbers that describe a network: whose, "flops" or "params", the price of a multiply-add, the value."""
    from cnncost.counting.counts import Counts  # imports numpy: a claim that cannot be read comes before it

    counts = Counts(graph)
    for each in chosen:
        yield each.name, "flops", each.per_multiply_add("conv"), int(counts.charge(each, "flops").sum())
        if each.name == "lecture" or (each.params and each.name in MODULES):
            words = "params" if each.name == "lecture" else f"params by {each.name}"
            yield words, "params", 0, int(counts.charge(each, "params").sum())


def variants_of(model: Model, label: str) -> Iterator[tuple[str, str, int, Graph]]:
    """Iterate over a model and its known variants: how each is called, what is changed, how far from it, its graph."""
    yield label, "", 0, model.trace()
    for reference, change, departures, other in (
        *_siblings(model),
        *_other_sizes(model, label),
        *_other_settings(model, label),
    ):
        try:
            yield reference, change, departures, other.trace()
        except (ModelError, UsageError):
            continue  # a setting or a size that the network does not allow


Variant: TypeAlias = tuple[str, str, int, Model]


def _siblings(model: Model) -> Iterator[Variant]:
    """Iterate over the other models of the family: v1 of a v1.5, one with auxiliary heads, one of another depth."""
    from cnncost.models import zoo

    module = zoo.MODULE_OF.get(model.name) if model.family not in ("spec", "ensemble") else None
    for name, other in zoo.models(module).items() if module else ():
        if name != model.name:
            version = name.startswith(model.name) or model.name.startswith(name)
            yield name, f"the variant {name}", 1 if version else 2, other


def _other_sizes(model: Model, label: str) -> Iterator[Variant]:
    shape = model.shape
    if shape is not None and len(shape) == 3:
        for size in SIZES:
            if (size, size) != shape[1:]:
                yield f"{label} --size {size}", f"--size {size}", 1, replace(model, input=(shape[0], size, size))


def _other_settings(model: Model, label: str) -> Iterator[Variant]:
    """Iterate over the model with each of its switches changed."""
    for name, setting in model.declared.items():
        for option in setting.values():
            if option != setting.default:
                change = f"--set {name}={shown(option)}"
                departures = 1 if isinstance(option, bool) else 2
                yield f"{label} {change}", change, departures, model.with_settings(**{name: option})
