"""Ratios that somebody published: of which figure of two networks, of which layers, and rounded when."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from cnncost.base.record import dataclass
from cnncost.base.showable import Several, Showable
from cnncost.base.units import BYTE_UNITS, COUNT_UNITS, many
from cnncost.measures.report import Report
from cnncost.questions.claims.said import Claim, claim

CONVOLUTIONS = ("conv", "conv_transpose")
SCOPES: Mapping[str, tuple[str, ...]] = {  # which layers: their types, all where none are named
    "all layers": (),
    "convolutions": CONVOLUTIONS,
    "convolutions and linear layers": (*CONVOLUTIONS, "linear"),
}
FIGURES = ("params", "flops", "macs", "activation_bytes")
PRINTED = {  # units in which a figure is printed before somebody divides, and with how many decimals
    "count": (("k", "M", "G"), COUNT_UNITS),
    "bytes": (("KB", "MB", "GB"), BYTE_UNITS),
}
MIXED, ROUNDED_FIRST = 3, 2  # how much more it takes to believe that scopes differ, or that rounded figures were divided
CLOSED = re.compile(r"\s*(x|×|times|fold)\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A way to come by a ratio: a figure of two networks, of which layers, as it is or as it was printed."""

    figure: str
    scopes: tuple[str, str]  # of the first network and of the other
    values: tuple[Fraction, Fraction]
    printed: tuple[str, str] | None  # the two figures as they were rounded before they were divided
    ratio: Fraction  # of the larger to the smaller
    match: str
    departures: int


@dataclass(frozen=True, slots=True)
class Ratios(Showable):
    """What reproduces a ratio of two networks, the likeliest first."""

    labels: tuple[str, str]
    claim: Claim
    candidates: tuple[Ratio, ...]
    settings: tuple[dict[str, Any], ...] = ()  # of both networks

    def __repr__(self) -> str:
        return f"<Ratios of {' and '.join(self.labels)}: {many(len(self.candidates), 'candidate')} for {self.claim.text}>"


def ratios(text: str, first: Report, other: Report, labels: tuple[str, str]) -> Ratios:
    """Return what reproduces a published ratio, "19.4x", of two networks.

    >>> import cnncost
    >>> pair = cnncost.compare("alexnet_lecture", "vgg16_lecture")
    >>> best = ratios("19.4x", *pair, pair.labels).candidates[0]
    >>> best.figure, best.printed, round(float(best.ratio), 2)
    ('flops', ('0.7 G', '13.6 G'), 19.43)

    Raises UsageError for a text that is no number.
    """
    said = claim(CLOSED.sub("", text))
    found = [each for key in FIGURES for each in _of_figure(key, first, other, said)]
    found.sort(key=lambda each: (each.departures, *_plainness(each), abs(each.ratio - said.value)))
    alike: dict[object, Ratio] = {}
    for each in found:  # the same two numbers again are no other explanation
        alike.setdefault((each.figure.replace("macs", "flops"), each.printed or each.values), each)
    found = list(alike.values())
    settings = (first.counts.graph.settings, other.counts.graph.settings)
    return Ratios(labels, said, Several(found), settings)


def _plainness(each: Ratio) -> tuple[int, bool]:
    """Return the key by which ways that assume as much are sorted: those of few words first, FLOPs before multiply-adds."""
    return sum(map(list(SCOPES).index, each.scopes)), each.figure == "macs"


def _of_figure(key: str, first: Report, other: Report, said: Claim) -> Iterator[Ratio]:
    """Iterate over the ways in which a figure gives the ratio: by itself, or rounded before it is divided."""
    sums = [{scope: _sum(report, key, kinds) for scope, kinds in SCOPES.items()} for report in (first, other)]
    for scopes in ((mine, theirs) for mine in SCOPES for theirs in SCOPES):
        values = (sums[0][scopes[0]], sums[1][scopes[1]])
        if not all(values):
            continue
        assumed = list(SCOPES).index(scopes[0]) if scopes[0] == scopes[1] else MIXED
        exact = _ratio(*values)
        if match := _match(said, exact):
            yield Ratio(key, scopes, values, None, exact, match[0], assumed + match[1])
            continue
        for printed, rounded in _rounded(key, values):
            ratio = _ratio(*rounded)
            if match := _match(said, ratio):
                yield Ratio(key, scopes, values, printed, ratio, match[0], assumed + ROUNDED_FIRST + match[1])
                break


def _match(said: Claim, ratio: Fraction) -> tuple[str, int] | None:
    """Return how a ratio is printed as the claim, and how much that assumes."""
    return next(((how, more) for low, high, how, more in said.intervals() if low <= ratio <= high), None)


def _sum(report: Report, key: str, kinds: tuple[str, ...]) -> Fraction:
    values = zip(report.rows, report.column(key).tolist(), strict=True)
    return Fraction(sum(value for row, value in values if not kinds or row.kind in kinds))


def _ratio(a: Fraction, b: Fraction) -> Fraction:
    return max(a, b) / min(a, b)


def _rounded(key: str, values: tuple[Fraction, Fraction]) -> Iterator[tuple[tuple[str, str], tuple[Fraction, Fraction]]]:
    """Iterate over both figures as they may have been printed: in each usual unit, with 2, 1 and no decimals."""
    names, sizes = PRINTED["bytes" if key.endswith("bytes") else "count"]
    for decimals in (2, 1, 0):
        for name in reversed(names):
            a, b = (Fraction(round(value / sizes[name] * 10**decimals), 10**decimals) for value in values)
            if a and b and (a.denominator > 1 or b.denominator > 1 or not decimals):
                texts = (f"{float(each):,.{decimals}f} {name}" for each in (a, b))
                yield (next(texts), next(texts)), (a, b)
