"""What a network should cost: a quantity, a relation and an amount, or what another model has of the quantity."""

from __future__ import annotations

import re
from collections.abc import Callable

from cnncost.base.errors import UsageError
from cnncost.base.figures import Figure, figure, usable
from cnncost.base.poly import Num, symbol
from cnncost.base.record import dataclass
from cnncost.base.units import parse_quantity
from cnncost.models.instance import Instance

QUANTITIES = usable("target")  # by the name as it is typed; other names are accepted, too
RELATIONS: dict[str, Callable[[Num, Num], bool]] = {
    "<=": lambda cost, value: cost <= value,
    ">=": lambda cost, value: cost >= value,
    "<": lambda cost, value: cost < value,
    ">": lambda cost, value: cost > value,
    "=": lambda cost, value: True,  # to be met as well as can be
}


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an equation: a model under its numbers, and the letters in which its equation is written."""

    case: Instance
    letters: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()  # those of the letters whose numbers the user chose

    def number(self, letter: str) -> int:
        """Return what a letter stands for."""
        case = self.case
        value: int = case.model.values[letter] if letter in case.model.declared else case.shape[case.model.axes.index(letter)]
        return value

    def with_letters(self) -> Instance:
        """Return the case with its letters in place of their numbers."""
        case = self.case
        for letter in self.letters:
            case = case.put(letter, symbol(letter))
        return case


@dataclass(frozen=True, slots=True)
class Target:
    """What a quantity should be: a number, or what another model has of it."""

    quantity: Figure
    relation: str
    value: int = 0
    other: Side | None = None
    text: str = ""  # of the amount, as it was given: 4.1G

    @property
    def name(self) -> str:
        """How people say it: flops<=4.1G; the FLOPs of bottleneck."""
        if self.other is not None:
            return f"the {self.quantity.title} of {self.other.case.model.name}"
        return f"{self.quantity.name}{self.relation}{self.amount}"

    @property
    def amount(self) -> str:
        """What the quantity is compared with."""
        return self.other.case.model.name if self.other is not None else self.text or f"{self.value:,}"


_EXAMPLES = "write flops=4.1G, params<=26M or memory<=20MB"


def target(text: str) -> Target:
    """Return the target of `flops=4.1G`, `params<=26M`, `memory<=20MB`. Raises UsageError for anything else."""
    match = re.fullmatch(r"\s*([A-Za-z_]+)\s*(<=|>=|=|<|>)\s*(.+)", text)
    if match is None:
        raise UsageError(f"--target '{text}' names no amount", _EXAMPLES)
    name, relation, right = match.groups()
    if right[0] in "<>=":
        raise UsageError(f"--target '{text}' has no relation '{relation}{right[0]}'", _EXAMPLES)
    quantity = quantity_of(name, "--target")
    value = parse_quantity(right, quantity.measure, f"--target {text}: ")
    return Target(quantity, relation, value, text=right.strip())


def quantity_of(name: str, option: str) -> Figure:
    """Return a figure by any of its names. Raises UsageError, with the option that names it, for an unknown one."""
    return figure(name, "target", f"{option}: unknown figure '{name}'")
