"""What a published number says: its value, how exactly, and what it counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Literal, TypeAlias

from cnncost.base.errors import UsageError
from cnncost.base.record import dataclass

Counts: TypeAlias = Literal["flops", "params", "bytes"]

SCALES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12}
POWERS = {"k": 1, "m": 2, "g": 3, "b": 3, "t": 4}  # of 1000, or of 1024 where somebody divided by that
WORDS: dict[str, Counts] = {
    **dict.fromkeys(("flops", "flop", "macs", "mac", "maccs", "madds", "madd", "ops", "bops", "bitops"), "flops"),
    **dict.fromkeys(("params", "param", "parameters", "weights"), "params"),
    **dict.fromkeys(("bytes", "byte", "ib"), "bytes"),
}
BEHIND_THE_POINT = 3  # how much is assumed where a zero behind the point is no digit
CLAIM = re.compile(r"([0-9][0-9,_]*)(?:\.([0-9]+))?\s*([kmgbt]?)\s*([a-z]*)", re.IGNORECASE)
REMEDY = "write a number as it was published: 3.8G, 25.6M params, 48.6 MB, 4089184256"


@dataclass(frozen=True, slots=True)
class Claim:
    """A number that somebody published: its value, the size of its last digit, and what it counts, if it says so.

    `scale` is the letter of its unit, "g" of 3.8G. `zeros` says of each zero at its end, from the last, how much is assumed
    where it is no digit: 1 of 600M, more of 8.00G, where somebody wrote it behind the point.
    """

    text: str
    value: Fraction
    last_digit: Fraction
    counts: Counts | None
    scale: str = ""
    zeros: tuple[int, ...] = ()

    def intervals(self) -> Iterator[tuple[Fraction, Fraction, str, int]]:
        """Iterate over the numbers that are printed so: from, to, how, and how much that assumes; the narrowest first.

        Each zero at its end may be no digit: 600M may be 601.5 million rounded to tens.
        """
        half = self.last_digit / 2
        yield self.value - half, self.value + half, "rounded", 0
        yield self.value, self.value + self.last_digit * Fraction(10**9 - 1, 10**9), "truncated", 1
        for dropped in range(1, len(self.zeros) + 1):
            within = half * 10**dropped
            yield self.value - within, self.value + within, "rounded", sum(self.zeros[:dropped])


def claim(text: str) -> Claim:
    """Return a claim such as "3.8G", "25.6M params", "48.6 MB" or "4,089,184,256".

    >>> claim("600M").value, claim("600M").last_digit, claim("600M").zeros
    (Fraction(600000000, 1), Fraction(1000000, 1), (1, 1))

    Raises UsageError where it is no number.
    """
    found = CLAIM.fullmatch(text.strip())
    if not found or len(text) > 60:
        raise UsageError(f"cannot read the claim '{text[:60]}'", REMEDY)
    digits, decimals, scale, word = re.sub("[,_]", "", found[1]), found[2] or "", found[3].lower(), found[4].lower()
    if scale + word in WORDS:  # the m of "512 macs" is no scale
        scale, word = "", scale + word
    counts = "bytes" if word == "b" and scale else WORDS.get(word)
    if word and counts is None:
        raise UsageError(f"cannot read the claim '{text[:60]}'", REMEDY)
    value = Fraction(int(digits + decimals), 10 ** len(decimals)) * SCALES[scale]
    if not value:
        raise UsageError(f"the claim '{text[:60]}' is nothing", "write a number as it was published: 3.8G")
    written = digits + decimals
    zeros = len(written) - len(written.rstrip("0"))
    if not decimals and not scale:  # of 3800000000 two digits are meant
        return Claim(text.strip(), value, Fraction(10**zeros), counts)
    behind = min(zeros, len(decimals))
    assumed = (BEHIND_THE_POINT,) * behind + (1,) * (zeros - behind)
    return Claim(text.strip(), value, Fraction(SCALES[scale], 10 ** len(decimals)), counts, scale, assumed)
