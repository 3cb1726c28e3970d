"""What can be limited, and limits as people write them: in a spec, in a configuration file, on a command line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.figures import Figure, figure, usable
from cnncost.base.record import dataclass
from cnncost.base.units import Measure, parse_quantity

QUANTITIES = usable("limit")  # by the name that limits use
EXPECTED = tuple(name for name, each in QUANTITIES.items() if each.expected)  # sums of layers, which a spec can expect exactly
MEANINGS = {
    "max": "the most that is allowed",
    "warn": "where a warning begins",
    "growth": "how much more than before is allowed: 1%, or an amount such as 100k",
    "message": "what the author of the limit has to say when it is broken",
    "optimizer": "of training memory: none, sgd, momentum or adam",
    "dtypes": "of training memory: what parts are stored as, mixed or PART=DTYPE,…",
    "checkpoint": "of training memory: which segments are computed again, none, blocks or sqrt",
}
TRAINING = ("optimizer", "dtypes", "checkpoint")


@dataclass(frozen=True, slots=True)
class Growth:
    """How much more than before is allowed: a share of what was there, or an amount."""

    text: str  # as written
    share: Fraction = Fraction(0)
    amount: int = 0

    def most(self, before: int) -> int:
        """Return the largest value allowed after `before`."""
        return before + int(before * self.share) + self.amount


@dataclass(frozen=True, slots=True)
class Limit:
    """What one quantity may come to, and where that is written (lines and columns from 1; none on a command line)."""

    quantity: str  # a key of QUANTITIES
    value: int | None = None  # at most
    file: str | None = None
    line: int | None = None
    column: int | None = None
    warn: int | None = None  # above it a warning
    growth: Growth | None = None
    message: str = ""
    trained: tuple[tuple[str, str], ...] = ()  # what it says itself of how the network is trained

    @property
    def key(self) -> str:
        """Under which totals have what it limits: the figure's key, with what the limit says of training."""
        return ", ".join([QUANTITIES[self.quantity].key, *(f"{name} {value}" for name, value in self.trained)])


def quantity(name: str) -> Figure:
    """Return the figure of that name. Raises UsageError with the nearest names for none, and for one that has no limits."""
    return figure(name, "limit", f"unknown figure '{name}'")


def limit(name: str, given: Any, file: str | None = None, line: int | None = None, column: int | None = None) -> Limit:
    """Return the limit that is written as `name: given`: a number, a text such as "26M", or a mapping with `max`, `warn`, …

    Raises UsageError with the bare fact, to which the caller adds the place.
    """
    what = quantity(name)
    name, unit = what.name, what.measure
    if not isinstance(given, Mapping):
        return Limit(name, _number(given, unit, name), file, line, column)
    for key in given:
        if key not in MEANINGS:
            raise UsageError(f"unknown key '{key}' in the limit of {name}", did_you_mean(str(key), MEANINGS, _KEYS))
    most = None if "max" not in given else _number(given["max"], unit, f"max of {name}")
    warn = None if "warn" not in given else _number(given["warn"], unit, f"warn of {name}")
    growth = None if "growth" not in given else _growth(given["growth"], unit, f"growth of {name}")
    message = given.get("message", "")
    if not isinstance(message, str):
        raise UsageError(f"message of {name}: {message!r} is no text", "put it in quotes")
    trained = [(key, given[key]) for key in TRAINING if key in given]
    for key, value in trained:
        if not what.trained:
            raise UsageError(f"{key} says nothing about {name}", f"it is for limits of training_memory; {_KEYS}")
        if not isinstance(value, str):
            raise UsageError(f"{key} of {name}: {value!r} is no text", f"{key} is, {MEANINGS[key]}")
    if most is None and warn is None and growth is None:
        raise UsageError(f"the limit of {name} limits nothing", "give it max, warn or growth")
    if most is not None and warn is not None and warn > most:
        raise UsageError(f"the warning of {name} at {warn:,} comes after its max of {most:,}", "make warn the smaller one")
    return Limit(name, most, file, line, column, warn, growth, message, tuple(trained))


_KEYS = f"a limit has: {', '.join(MEANINGS)}"


def _number(given: Any, unit: Measure, place: str) -> int:
    """Return a limit's number from what was written. Raises UsageError with the place."""
    if isinstance(given, str):
        try:
            return parse_quantity(given, unit)
        except UsageError as error:
            raise UsageError(f"{place}: {error.message}", error.hint) from None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < float("inf") or given % 1:
        raise UsageError(f"{place}: {given!r} is no whole number from 0", 'write it as 26_000_000 or "26M"')
    return int(given)


_SHARE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*%", re.ASCII)


def _growth(given: Any, unit: Measure, place: str) -> Growth:
    if isinstance(given, str) and (match := _SHARE.fullmatch(given.strip())):
        return Growth(given.strip(), share=Fraction(match[1]) / 100)
    try:
        amount = _number(given, unit, place)
    except UsageError as error:
        raise UsageError(error.message, "write a share as 1%, or an amount as 100k") from None
    return Growth(str(given), amount=amount)
