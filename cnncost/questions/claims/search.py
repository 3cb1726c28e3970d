"""The search: every network, every count of it and every way to print that, beside a claim; the simplest explanation first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from cnncost.base.record import dataclass
from cnncost.base.showable import Showable
from cnncost.counting import CONVENTIONS, Convention
from cnncost.models.model import Model
from cnncost.questions.claims.networks import networks
from cnncost.questions.claims.numbers import COMMON, Number, numbers
from cnncost.questions.claims.said import POWERS, Claim

SHORT_POWERS = ("1024", "1024²", "1024³", "1024⁴")
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


def readings(model: Model, said: Claim, label: str = "", own: Sequence[Convention] = ()) -> Readings:
    """Return what reproduces a claim about a model.

    `label` is what the user calls the model, where that is more than its name; `own` are conventions beside the known ones.
    """
    return Readings(model, said, label or model.name, tuple(candidates(model, said, label, own)))


def candidates(model: Model, said: Claim, label: str = "", own: Sequence[Convention] = ()) -> list[Candidate]:
    """Return what reproduces a claim about a model, the likeliest first: fewest departures, most ways, the nearest number."""
    chosen = (*own, *(each for name, each in CONVENTIONS.items() if name not in {mine.name for mine in own}))
    mine = {each.name for each in own}
    intervals = list(said.intervals())
    found: dict[Fraction, list[Candidate]] = {}
    for reference, change, departs, graph in networks(model, label or model.name):
        for number in numbers(graph, chosen, said.counts, whole=not departs):
            base = departs + (0 if number.way in mine else number.departs)
            for reading, factor, unit, unusual in _readings(number, said, exotic=not departs):
                value = number.value * factor
                shown = value * unit
                match = next(((how, more) for low, high, how, more in intervals if low <= shown <= high), None)
                if match is not None and base + unusual + match[1] <= FAR:
                    way = f"{number.way} {reading}".strip()
                    candidate = Candidate(reference, change, value, shown, (way,), match[0], base + unusual + match[1])
                    found.setdefault(value, []).append(candidate)
    merged: list[tuple[int, Candidate]] = []
    for same in found.values():  # one number in several ways: of the nearest network, all that give it
        best = min(same, key=lambda c: c.departures)
        ways = sorted((c for c in same if c.model == best.model), key=lambda c: c.departures)
        common = sum(c.ways[0].split(" ")[0] in (*COMMON, *mine) for c in ways)  # ways that are often quoted
        merged.append((common, replace(best, ways=tuple(dict.fromkeys(c.ways[0] for c in ways)))))
    merged.sort(key=lambda pair: (pair[1].departures, -pair[0], abs(pair[1].printed - said.value)))
    return [candidate for _, candidate in merged]


def _readings(number: Number, said: Claim, exotic: bool) -> Iterator[tuple[str, Fraction, Fraction, int]]:
    """Iterate over how a number may be read: the words for it, a factor, the unit it is then printed in, how unusual it is."""
    one, power = Fraction(1), POWERS.get(said.scale, 0)
    binary = Fraction(1000**power, 1024**power)
    words = f"÷ {SHORT_POWERS[power - 1]}" if power else ""
    if number.counts == "bytes":
        yield words, one, binary, 0
        if power:
            yield words.replace("1024", "1000"), one, one, 0
        return
    plain: list[tuple[str, Fraction, int]] = [("", one, 0)]
    if number.counts == "flops" and number.multiply_add:
        plain.append(("× 2", Fraction(2), 1) if number.multiply_add == 1 else ("÷ 2", Fraction(1, 2), 1))
        if exotic and number.way == "macs":
            plain.append(("× 32² (bits)", Fraction(1024), 2))
    for reading, factor, unusual in plain:
        yield reading, factor, one, unusual
        if power and exotic:
            yield f"{reading} {words}".strip(), factor, binary, unusual + 3
