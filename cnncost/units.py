"""Figures for people: one unit per column, rounded once, here."""

from __future__ import annotations

import re
from fractions import Fraction

from cnncost.algebra import Num, Poly
from cnncost.errors import UsageError

SHORT = 10**9  # figures below this are shown in full
DTYPES = {  # bytes per number
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "float8": 1,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
}
COUNT_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}
BYTE_UNITS = {"KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40, "PB": 2**50}  # 1 KB = 1024 bytes, as in the lecture
KB_DECIMALS = 5  # 1000 numbers of 4 bytes are 3.90625 KB


def unit_of(values: list[Num], units: dict[str, int], exact: bool) -> str:
    """Return the unit in which a column is shown: the smallest one, or one that fits where the largest figure is long."""
    smallest = next(iter(units))
    numbers = [abs(int(value)) for value in values if value is not None and not isinstance(value, Poly)]
    largest = max(numbers, default=0)
    if exact or largest < SHORT * units[smallest]:
        return smallest
    fitting = [unit for unit, size in units.items() if largest >= size * 1000]
    return fitting[-1] if fitting else smallest


def figures(values: list[Num], size: int, exact: bool) -> list[str]:
    """Return values / size with thousands separators: all in full where they are short or `exact`, else to two decimals."""
    numbers = [value if isinstance(value, Poly) or value is None else Fraction(value) / size for value in values]
    lengths = [_decimals(number) for number in numbers if isinstance(number, Fraction)]
    full = exact or (size in (1, BYTE_UNITS["KB"]) and all(0 <= length <= KB_DECIMALS for length in lengths))
    return [_figure(number, full) for number in numbers]


def figure(value: Num, size: int, exact: bool) -> str:
    """Return one figure as `figures` does, without decimals where it is whole."""
    whole = not isinstance(value, Poly) and value % size == 0
    return figures([value], size, exact or whole)[0]


def short(value: int) -> str:
    """Return a count in three to four digits with its unit: 4.23 G, 25.03 M, 810."""
    for unit, size in reversed(COUNT_UNITS.items()):
        if abs(value) >= size > 1:
            return f"{value / size:.2f} {unit}"
    return str(value)


def _figure(number: Num, full: bool) -> str:
    if not isinstance(number, Fraction):
        return "" if number is None else str(number)
    decimals = _decimals(number) if full or number == 0 else 2
    if decimals < 0:  # a fraction without an end
        decimals = 2
    digits = f"{abs(round(number * 10**decimals)):0{decimals + 1}d}"
    whole, part = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    return f"{'-' if number < 0 else ''}{int(whole):,}{'.' + part if part else ''}"


def _decimals(number: Fraction) -> int:
    """Number of decimals after which a fraction ends; -1 where it does not."""
    for decimals in range(64):
        if number.denominator == 1:
            return decimals
        number = number * 10 % 1
    return -1


AMOUNT = re.compile(r"([0-9][0-9_]*(?:\.[0-9]+)?)(?:[eE]\+?([0-9]{1,2}))?\s*([A-Za-z]*)")


def amount(text: str, place: str, in_bytes: bool = False) -> int:
    """Return a count such as 4.1G, 25.6M, 1e9 or 16_000, or bytes such as 20MB, 1.5GiB or 4096.

    1 KB and 1 KiB are 1024 bytes, as in the lecture. Raises UsageError that names the place.
    """
    match = AMOUNT.fullmatch(text.strip())
    units = {**BYTE_UNITS, **{f"{unit[0]}iB": size for unit, size in BYTE_UNITS.items()}, "B": 1, "": 1}
    units = {name.lower(): size for name, size in units.items()} if in_bytes else COUNT_UNITS | {"K": 1000}
    if match is None:
        raise UsageError(
            f"{place}: '{text.strip()[:40]}' is no amount", "write 20MB or 1.5GiB" if in_bytes else "write 4.1G or 26M"
        )
    digits, exponent, unit = match.groups()
    size = units.get(unit.lower() if in_bytes else unit)
    if size is None:
        known = "B, KB, MB, GB, TB, or KiB, MiB, GiB, TiB" if in_bytes else "k, M, G, T, P"
        raise UsageError(f"{place}: '{unit}' is no unit of {'memory' if in_bytes else 'counts'}", f"units: {known}")
    value = Fraction(digits.replace("_", "")) * 10 ** int(exponent or 0) * size
    return int(value)
