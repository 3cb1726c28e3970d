"""Figures for people: one unit per column, rounded once, here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.poly import Num, Poly
from cnncost.base.record import dataclass

Measure: TypeAlias = Literal["count", "bytes"]

SHORT = 10**9  # figures below this are shown in full
BITS = {  # per number
    "float64": 64,
    "float32": 32,
    "float16": 16,
    "bfloat16": 16,
    "float8": 8,
    "int64": 64,
    "int32": 32,
    "int16": 16,
    "int8": 8,
    "uint8": 8,
    "int6": 6,
    "int4": 4,
    "int2": 2,
    "binary": 1,
}
DTYPES: dict[str, Num] = {  # bytes per number; a fraction below a byte, so that sums are exact and rounding is the renderer's
    name: bits // 8 if bits % 8 == 0 else Fraction(bits, 8) for name, bits in BITS.items()
}


def require_whole_bytes(dtype: str, what: str) -> None:
    """Raise UsageError for a dtype of which a number is no whole byte, where `what` counts in whole ones."""
    if not isinstance(DTYPES[dtype], int):
        raise UsageError(
            f"{what} counts memory in whole bytes, and a number of {dtype} takes {BITS[dtype]} bits",
            f"take int8, of which {dtype} is {Fraction(BITS[dtype], 8)}; bit operations go by --bits",
        )


def dtype_name(dtype: Any) -> str:
    """Return the name of a dtype: of a name itself, of a type of Python or NumPy, of a dtype of NumPy or PyTorch.

    >>> dtype_name("float16"), dtype_name(float)
    ('float16', 'float64')

    Raises UsageError for one whose size is not known.
    """
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype)
    name = {"float": "float64", "int": "int64"}.get(name, name) if isinstance(dtype, type) else name.rpartition(".")[2]
    if name not in DTYPES:
        known = ALSO.get(name.lower(), name)
        raise UsageError(f"unknown dtype '{name}'", did_you_mean(known, DTYPES, f"known: {', '.join(DTYPES)}"))
    return name


ALSO = {"half": "float16", "single": "float32", "float": "float32", "double": "float64"}  # what other programs call them
ALSO |= {f"fp{bits}": f"float{bits}" for bits in (8, 16, 32, 64)} | {"bf16": "bfloat16", "int": "int32", "byte": "uint8"}


COUNT_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}
BYTE_UNITS = {"KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40, "PB": 2**50}  # 1 KB = 1024 bytes, as in the lecture
ASKED = {  # units of memory that one can ask for; a KiB is what the lecture calls a KB
    "B": 1,
    **{unit: size for unit, size in BYTE_UNITS.items() if unit != "PB"},
    **{f"{unit[0]}iB": size for unit, size in BYTE_UNITS.items() if unit != "PB"},
}
AUTO = "auto"  # asks for the unit that keeps the figures of a column short
LONG = {"": 10**6, AUTO: 10**4}  # what memory stays below where a larger unit is there: usually, and with `auto`
DECIMALS = 2  # of figures that are rounded


def byte_unit(text: str) -> str:
    """Return the unit of memory that a word means, in any case. Raises UsageError for an unknown one.

    >>> byte_unit("mib"), byte_unit("auto")
    ('MiB', 'auto')
    """
    known = {unit.lower(): unit for unit in (*ASKED, AUTO)}
    if text.strip().lower() not in known:
        listed = f"units: {', '.join(known.values())}; 1 KB = 1 KiB = 1024 bytes"
        raise UsageError(f"unknown unit '{text.strip()[:40]}'", listed)
    return known[text.strip().lower()]


def scale(values: Sequence[Num], measure: Measure, exact: bool = False, asked: str = "") -> tuple[str, int]:
    """Return the unit in which figures that stand together are shown, and its size.

    Counts are shown in full below 10⁹. Memory is in KB while it has at most six digits before the point, then in MB, …;
    `asked` is another unit, or "auto" for one that keeps it below 10,000. `exact` keeps the smallest unit.

    >>> scale([2_395_296], "bytes"), scale([2_395_296], "bytes", asked="MB"), scale([10**10], "count")
    (('KB', 1024), ('MB', 1048576), ('M', 1000000))
    """
    largest = max((abs(int(value)) for value in values if value is not None and not isinstance(value, Poly)), default=0)
    if measure == "bytes":
        if asked in ASKED:
            return asked, ASKED[asked]
        units = [*BYTE_UNITS.items()][: 1 if exact and not asked else None]
        return next((each for each in units if largest < LONG[asked] * each[1]), units[-1])
    fitting = [each for each in COUNT_UNITS.items() if largest >= 1000 * each[1]]
    return ("", 1) if exact or largest < SHORT else fitting[-1]


def figures(values: Sequence[Num], size: int, exact: bool) -> list[str]:
    """Return values / size with thousands separators and one number of decimals, so that their points stand in line.

    Counts of ones have none, whatever is rounded two, and `exact` ones as many as the longest needs. What is not nothing is
    never shown as nothing.

    >>> figures([802_816, 186_624, 4_000], 1024, exact=False), figures([5, 10**9], 10**6, exact=False)
    (['784.00', '182.25', '3.91'], ['<0.01', '1,000.00'])
    """
    numbers = [value if isinstance(value, Poly) or value is None else Fraction(value) / size for value in values]
    lengths = [_decimals(number) for number in numbers if isinstance(number, Fraction)]
    if exact or (size == 1 and max(lengths, default=0) == 0):
        decimals = DECIMALS if -1 in lengths else max(lengths, default=0)  # of a fraction without an end: rounded
    else:
        decimals = DECIMALS
    return [_figure(number, decimals) for number in numbers]


def figure(value: Num, size: int, exact: bool) -> str:
    """Return one figure of a sentence as `figures` does, without decimals where it is whole."""
    whole = not isinstance(value, Poly) and value % size == 0
    return figures([value], size, exact or whole)[0]


def many(count: int, noun: str) -> str:
    """Return how many of something there are, in words: 1 layer, 1,024 layers."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def short(value: int) -> str:
    """Return a count in three to four digits with its unit: 4.23 G, 25.03 M, 810."""
    for unit, size in reversed(COUNT_UNITS.items()):
        if abs(value) >= size > 1:
            return f"{float(value / size):.2f} {unit}"
    return str(value if value == int(value) else float(value))  # bytes of dtypes below one have fractions


def _figure(number: Num, decimals: int) -> str:
    if not isinstance(number, Fraction):
        return "" if number is None else str(number)
    sign, rounded = "-" if number < 0 else "", abs(round(number * 10**decimals))
    if number and not rounded:
        return f"{sign}<{'0.' if decimals > 1 else ''}{'1':0>{decimals}}"
    digits = f"{rounded:0{decimals + 1}d}"
    whole, part = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    return f"{sign}{int(whole):,}{'.' + part if part else ''}"


def _decimals(number: Fraction) -> int:
    """Number of decimals after which a fraction ends; -1 where it does not."""
    rest = number.denominator
    twos = (rest & -rest).bit_length() - 1
    rest, fives = rest >> twos, 0
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else -1


class Shown(str):
    """How people read an exact value, which it knows: a figure of a column whose figures differ in unit, sizes of several axes.

    >>> Shown((3, 224, 224), "3×224×224"), Shown((3, 224, 224), "3×224×224").value
    ('3×224×224', (3, 224, 224))
    """

    value: Any

    def __new__(cls, value: Any, text: str) -> Shown:
        """Return the text of a value."""
        made = super().__new__(cls, text)
        made.value = value
        return made

    @property
    def text(self) -> str:
        """The text by itself."""
        return str(self)


@dataclass(frozen=True, slots=True)
class Amount:
    """An exact figure that is shown in one unit with those that stand beside it, once it is known which unit is asked for."""

    value: Num
    measure: Measure
    beside: tuple[Num, ...] = ()
    signed: bool = False  # a change: what has grown gets a +
    bare: bool = False  # digits alone, unless a unit is asked for

    def text(self, exact: bool = False, asked: str = "") -> str:
        """Return the figure with its unit.

        >>> Amount(4 * 2**20, "bytes", signed=True).text(), Amount(4 * 2**20, "bytes").text(asked="MB")
        ('+4,096.00 KB', '4.00 MB')
        """
        if self.bare and not asked:
            return f"{self.value:,}"
        values = [self.value, *self.beside]
        unit, size, exact = _together(values, self.measure, exact, asked)
        text = f"{figures(values, size, exact)[0]} {unit}".rstrip()
        return f"+{text}" if self.signed and self.value > 0 else text

    def __str__(self) -> str:
        return self.text()


class Said(str):
    """A sentence with amounts in it, which follow the unit that is asked for: text by itself, in the usual unit.

    >>> Said("fc1 ", Amount(4 * 2**20, "bytes")), Said("fc1 ", Amount(4 * 2**20, "bytes")).text(asked="MB")
    ('fc1 4,096.00 KB', 'fc1 4.00 MB')
    """

    parts: tuple[str | Amount, ...]

    def __new__(cls, *parts: str | Amount) -> Said:
        """Return the sentence that parts make."""
        said = super().__new__(cls, "".join(map(str, parts)))
        said.parts = parts
        return said

    def text(self, exact: bool = False, asked: str = "") -> str:
        """Return the sentence with its amounts in a unit."""
        return "".join(part.text(exact, asked) if isinstance(part, Amount) else part for part in self.parts)


def amounts(values: Sequence[Num], measure: Measure, exact: bool = False) -> list[Shown]:
    """Return figures that stand in one sentence, in one unit; in every digit where rounding would make two of them look alike.

    >>> [cell.text for cell in amounts([4_232_386_560, 4_500_000_000], "count")]
    ['4,232.39 M', '4,500 M']
    >>> [cell.text for cell in amounts([4_500_000_001, 4_500_000_000], "count")]
    ['4,500,000,001', '4,500,000,000']
    """
    unit, size, exact = _together(values, measure, exact)
    return [Shown(value, f"{figure(value, size, exact)} {unit}".rstrip()) for value in values]


def _together(values: Sequence[Num], measure: Measure, exact: bool, asked: str = "") -> tuple[str, int, bool]:
    """Return the unit of figures, its size, and whether every digit is needed to tell them apart."""
    unit, size = ("B", 1) if exact and measure == "bytes" and not asked else scale(values, measure, exact, asked)
    if not exact and len({round(Fraction(value) / size, DECIMALS) for value in values}) < len(set(values)):
        return _together(values, measure, True, asked)
    return unit, size, exact


SUFFIXES: dict[Measure, dict[str, int]] = {  # of quantities as people write them, in lower case
    "count": {suffix.lower(): size for suffix, size in COUNT_UNITS.items() if suffix != "E"},  # 1e is an exponent cut short
    "bytes": {"": 1, "b": 1}
    | {suffix.lower(): size for suffix, size in BYTE_UNITS.items()}
    | {f"{suffix[0]}ib".lower(): size for suffix, size in BYTE_UNITS.items()},
}
_QUANTITY = r"(?a)([0-9]{1,3}(?:,[0-9]{3})+|[0-9][0-9_]{0,40})?(\.[0-9]{1,30})?(?:e\+?([0-9]{1,2}))?\s*([a-z]*)"


def parse_quantity(text: str, unit: Measure, place: str = "") -> int:
    """Return the whole number meant by a text such as `4.5G`, `26_000_000`, `20KB` or `40 MiB`.

    Counts take k, M, G, T and P, powers of 1000. Bytes take B, and KB, MB, GB, … or KiB, MiB, GiB, …, both powers of 1024 as
    everywhere in this program; of 9.3MB the fraction of a byte is dropped. Raises UsageError for anything else, after `place`.

    >>> parse_quantity("4.5G", "count"), parse_quantity("40 MiB", "bytes")
    (4500000000, 41943040)
    """
    match = re.fullmatch(_QUANTITY, text.strip().lower())
    sizes = SUFFIXES[unit]
    if match is None or not (match[1] or match[2]) or match[4] not in sizes:
        kind, examples = ("number", "26M, 4.5G") if unit == "count" else ("number of bytes", "512KB, 40 MiB")
        raise UsageError(f"{place}'{text.strip()[:40]}' is no {kind}", f"write it as {examples} or 25_557_032")
    digits = (match[1] or "0").replace(",", "").replace("_", "") + (match[2] or "")
    number = Fraction(digits) * 10 ** int(match[3] or 0)
    if not match[4] and number.denominator != 1:
        raise UsageError(f"{place}'{text.strip()[:40]}' is no whole number", "write digits, as in 25_557_032")
    return int(number * sizes[match[4]])


LARGEST_NUMBER = 10**18  # what a size or a setting may be, at most: beyond it is a slip, not a network


def whole_number(text: str, place: str, low: int = 1) -> int:
    """Return a whole number written in digits, `_` between them allowed. Raises UsageError that names the place."""
    digits = text.strip().replace("_", "")
    if not re.fullmatch(r"[+-]?[0-9]{1,30}", digits):
        raise UsageError(f"{place}: '{text.strip()[:40]}' is no whole number", "write digits, as in 224")
    number = int(digits)
    if not low <= number <= LARGEST_NUMBER:
        raise UsageError(
            f"{place}: {number} is {'below' if number < low else 'above'} what is possible", f"give {low} to 10^18"
        )
    return number
