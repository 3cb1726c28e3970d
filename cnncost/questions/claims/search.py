"""The search: every network, every count of it and every way to print that, beside a claim; the simplest explanation first."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor

from cnncost.base.record import dataclass
from cnncost.base.showable import Several, Showable
from cnncost.base.units import many
from cnncost.counting import CONVENTIONS, Convention
from cnncost.models.model import Model
from cnncost.questions.claims.networks import networks
from cnncost.questions.claims.numbers import COMMON, Number, numbers
from cnncost.questions.claims.said import POWERS, Claim

SHORT_POWERS = ("1024", "1024²", "1024³", "1024⁴")
PLAIN = ("macs", "params")  # what most papers and tools print
FAR = 7  # what assumes more than this is no explanation


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way to come by a claim: a network, what is counted of it, and how that is printed."""

    model: str  # a reference that `load` takes
    change: str  # what differs from the model asked about
    value: Fraction  # the count, times or by two where the reading is so; in bytes where it is memory
    printed: Fraction  # what is rounded: the value, or its share of 1024² where M means that
    ways: tuple[str, ...]  # conventions and readings that give this value, "torch ÷ 2"
    match: str
    departures: int  # how much is to be assumed: of the network, the part, the convention, the reading and the printing


@dataclass(frozen=True, slots=True)
class Readings(Showable):
    """What reproduces a claim about a model, the likeliest first."""

    model: Model
    claim: Claim
    label: str  # what the user calls the model
    candidates: tuple[Candidate, ...]

    def __repr__(self) -> str:
        return f"<Readings of {self.claim.text} of {self.label}: {many(len(self.candidates), 'candidate')}>"


def readings(model: Model, said: Claim, label: str = "", own: Sequence[Convention] = ()) -> Readings:
    """Return what reproduces a claim about a model.

    `label` is what the user calls the model, where that is more than its name; `own` are conventions beside the known ones.
    """
    return Readings(model, said, label or model.name, Several(candidates(model, said, label, own)))


def candidates(
    model: Model, said: Claim, label: str = "", own: Sequence[Convention] = (), enough: int | None = None
) -> list[Candidate]:
    """Return what reproduces a claim about a model, the likeliest first: fewest departures, plain counts, most ways, the
    nearest number.

    Conventions of one's own, and of the paper that the network is from, assume nothing.

    Where `enough` explanations assume less than any network that is left would, these are not looked at: faster, and the
    first `enough` are the same.
    """
    chosen = (*own, *(each for name, each in CONVENTIONS.items() if name not in {mine.name for mine in own}))
    usual = {each.name for each in own} | {each.name for each in chosen if _papers(each.source) & _papers(model.source)}
    prints = _Prints(said)
    found: dict[Fraction, list[Candidate]] = {}
    for reference, change, departs, graph in networks(model, label or model.name):
        if enough is not None and sum(min(c.departures for c in same) < departs for same in found.values()) >= enough:
            break
        for number in numbers(graph, chosen, said.counts, whole=not departs):
            base = departs + (0 if number.way in usual else number.departs)
            for reading, match, unusual in prints.of(number, exotic=not departs):
                if base + unusual <= FAR:
                    way = f"{number.way} {reading.words}".strip()
                    value = number.value * reading.factor
                    candidate = Candidate(reference, change, value, value * reading.unit, (way,), match, base + unusual)
                    found.setdefault(value, []).append(candidate)
    merged = []
    for same in found.values():  # one number in several ways: of the nearest network, all that give it
        best = min(same, key=lambda c: c.departures)
        ways = sorted((c for c in same if c.model == best.model), key=lambda c: c.departures)
        merged.append(replace(best, ways=tuple(dict.fromkeys(c.ways[0] for c in ways))))
    return sorted(merged, key=lambda c: (*_plausible(c, usual), abs(c.printed - said.value)))


def _papers(source: str) -> set[str]:
    return set(re.findall(r"arXiv:\d+\.\d+", source))


def _plausible(candidate: Candidate, usual: Container[str]) -> tuple[int, int, int]:
    """Return what orders candidates: departures, then whether it is all multiply-adds or parameters, then ways often quoted."""
    plain = any(way in PLAIN for way in candidate.ways)
    common = sum(way in usual or way.split(" ")[0] in COMMON for way in candidate.ways)
    return candidate.departures, -plain, -common


@dataclass(frozen=True, slots=True)
class Reading:
    """How a number is read before it is printed: words for it, a factor, the unit it is printed in, how unusual that is.

    `spans` are the whole numbers that are then printed as the claim: from, to, how, and how much that assumes.
    """

    words: str
    factor: Fraction
    unit: Fraction
    unusual: int
    spans: tuple[tuple[int, int, str, int], ...]


class _Prints:
    """How numbers would be printed as one claim: worked out once for each kind of number, so that most are passed quickly."""

    def __init__(self, said: Claim) -> None:
        self.said = said
        self.known: dict[tuple[str, int, bool], tuple[int, int, tuple[Reading, ...]]] = {}

    def of(self, number: Number, exotic: bool) -> Iterator[tuple[Reading, str, int]]:
        """Iterate over the readings in which a number is printed as the claim, how it is cut, and how unusual both are."""
        kind = number.counts, number.multiply_add, exotic
        if kind not in self.known:
            readings = tuple(self._readings(*kind))
            spans = [span for reading in readings for span in reading.spans]
            self.known[kind] = min(low for low, *_ in spans), max(high for _, high, *_ in spans), readings
        least, most, readings = self.known[kind]
        for reading in readings if least <= number.value <= most else ():
            for low, high, how, more in reading.spans:
                if low <= number.value <= high:
                    yield reading, how, reading.unusual + more
                    break

    def _readings(self, counts: str, multiply_add: int, exotic: bool) -> Iterator[Reading]:
        one, power = Fraction(1), POWERS.get(self.said.scale, 0)
        binary = Fraction(1000**power, 1024**power)
        words = f"÷ {SHORT_POWERS[power - 1]}" if power else ""
        if counts == "bytes":
            yield self._reading(words, one, binary, 0)
            if power:
                yield self._reading(words.replace("1024", "1000"), one, one, 0)
            return
        plain: list[tuple[str, Fraction, int]] = [("", one, 0)]
        if counts == "flops" and multiply_add:
            plain.append(("× 2", Fraction(2), 1) if multiply_add == 1 else ("÷ 2", Fraction(1, 2), 1))
        for reading, factor, unusual in plain:
            yield self._reading(reading, factor, one, unusual)
            if power and exotic:
                yield self._reading(f"{reading} {words}".strip(), factor, binary, unusual + 3)

    def _reading(self, words: str, factor: Fraction, unit: Fraction, unusual: int) -> Reading:
        printed = factor * unit
        spans = ((ceil(low / printed), floor(high / printed), how, more) for low, high, how, more in self.said.intervals())
        return Reading(words, factor, unit, unusual, tuple(spans))
