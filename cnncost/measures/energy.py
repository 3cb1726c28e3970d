"""Energy: an estimate of what the arithmetic and the moving of numbers take, from a table of one technology.

The table is a processor's in 45 nm at 0.9 V; a device of today takes several times less, but the proportions hold: to fetch a
number from DRAM takes some hundred times what its multiplication takes. Below every output stands what is assumed (`ASSUMED`).

Source: Horowitz, Computing's Energy Problem (and what we can do about it), ISSCC 2014, figures 1.1.8 and 1.1.9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from cnncost.base.errors import UsageError
from cnncost.base.poly import Num
from cnncost.base.record import dataclass
from cnncost.base.showable import Showable
from cnncost.base.units import DTYPES
from cnncost.graph.graph import Graph
from cnncost.measures.memory import Memory
from cnncost.measures.roofline import bytes_moved

SOURCE = "Horowitz, ISSCC 2014, 45 nm, 0.9 V"
PICO = 10**12

# Picojoules of a multiplication and of the addition of its product; sums of integers have 32 bits.
ARITHMETIC = {
    dtype: tuple(map(Fraction, pair))
    for dtype, pair in {
        "int8": ("0.2", "0.1"),
        "uint8": ("0.2", "0.1"),
        "int32": ("3.1", "0.1"),
        "float16": ("1.1", "0.4"),
        "float32": ("3.7", "0.9"),
    }.items()
}
SUM_BYTES = {"float16": 2}  # of the sum that a multiply-add reads and writes; 4 for others


@dataclass(frozen=True, slots=True)
class Level:
    """A level of storage: picojoules a byte, and how the table states it."""

    name: str
    per_byte: Fraction
    stated: str


LEVELS = (
    Level("registers", Fraction(6, 12), "6 pJ for the registers of an instruction, three numbers of 32 bits"),
    Level("cache", Fraction(10, 8), "10 pJ for 64 bits of 8 KB"),
    Level("SRAM", Fraction(100, 8), "100 pJ for 64 bits of 1 MB"),
    Level("DRAM", Fraction(1300, 8), "1.3 to 2.6 nJ for 64 bits: the lower"),
)
ASSUMED = (
    "each multiply-add reads two operands and a sum from registers; what a layer reads and writes passes each other "
    "level once, as layers run one by one from DRAM to DRAM"
)


@dataclass(frozen=True, slots=True)
class Part:
    """One line of an estimate: so many operations or bytes, at so many picojoules each."""

    name: str
    count: Num
    unit: str  # "count" or "bytes"
    each: Fraction
    stated: str

    @property
    def joules(self) -> Fraction:
        """What it takes in all."""
        return Fraction(self.count) * self.each / PICO


@dataclass(frozen=True, repr=False)
class Energy(Showable):
    """What a network takes for a batch, by an estimate: arithmetic, and bytes moved by level."""

    graph: Graph
    batch: int
    dtype: str
    parts: tuple[Part, ...]

    @property
    def joules(self) -> Fraction:
        """All parts together."""
        return sum((part.joules for part in self.parts), Fraction(0))

    def __repr__(self) -> str:
        return f"<Energy {self.graph.name}: {float(self.joules) * 1e3:.4g} mJ, an estimate>"


def per_layer(plan: Memory, dtype: str) -> list[Fraction]:
    """Return the joules of each layer."""
    return [sum((part.joules for part in parts), Fraction(0)) for parts in _parts(plan, dtype)]


def energy(plan: Memory, dtype: str) -> Energy:
    """Return the estimate of a network whose numbers are stored in a dtype.

    Raises UsageError for a dtype that the table does not have, and where sizes are letters.

    >>> import cnncost
    >>> from cnncost.measures.memory import memory
    >>> energy(memory(cnncost.load("resnet50").trace(), precision="int8"), "int8")
    <Energy resnet50: 32.29 mJ, an estimate>
    """
    batch = plan.batch
    layers = _parts(plan, dtype)
    first = layers[0] if layers else ()
    whole = tuple(
        Part(part.name, sum(parts[place].count for parts in layers), part.unit, part.each, part.stated)
        for place, part in enumerate(first)
    )
    assert isinstance(batch, int)
    return Energy(plan.graph, batch, dtype, whole)


def _parts(plan: Memory, dtype: str) -> Sequence[Sequence[Part]]:
    """Return the lines of each layer's estimate."""
    if dtype not in ARITHMETIC:
        raise UsageError(f"no energy is known of {dtype}", f"the table of {SOURCE} has {', '.join(ARITHMETIC)}")
    product, addition = ARITHMETIC[dtype]
    stated = f"{float(product):g} pJ to multiply, {float(addition):g} pJ to add"
    touched = 2 * DTYPES[dtype] + SUM_BYTES.get(dtype, 4)
    found = []
    for node, moved in zip(plan.graph.layers, bytes_moved(plan), strict=True):
        macs = node.cost.macs * plan.batch if node.runs != 0 else 0
        if not isinstance(macs, int) or not isinstance(moved, (int, Fraction)):
            raise UsageError("an estimate of energy needs numbers", "give the symbols numbers")
        counts: Mapping[str, Num] = {"registers": macs * touched}
        found.append(
            [
                Part("multiply-adds", macs, "count", product + addition, stated),
                *(Part(level.name, counts.get(level.name, moved), "bytes", level.per_byte, level.stated) for level in LEVELS),
            ]
        )
    return found
