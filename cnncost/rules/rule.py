"""What a rule is: a function from shapes and arguments to a `Cost`, entered into `RULES` under its own name.

A rule's signature is its schema: the builder, specs, help and suggestions read it. Parameters annotated as `Shape` are the
layer's inputs, those annotated as `Shape | None` inputs that may be left out; all others are arguments. Rules use
`+ - * // **` and the functions of `cnncost.base.poly`, never a branch on a size, so each runs on integers, on columns of
integers and on letters.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NoReturn, TypeAlias

from cnncost.base.errors import CostError, Refusal
from cnncost.base.ints import Ints
from cnncost.base.poly import Num, Poly, agree_rounded, assume, equal
from cnncost.base.record import dataclass

Shape: TypeAlias = tuple[Num, ...]  # of one example, without the batch


@dataclass(frozen=True, slots=True)
class Cost:
    """What one layer makes for one example, and what it takes."""

    shape: Shape
    params: Num = 0  # learned numbers
    macs: Num = 0  # multiply-adds
    bias: Num = 0  # output elements that also get a learned offset
    taps: Num = 0  # inputs visited by parameter-free windows
    buffers: Num = 0  # numbers kept between steps but not learned: running mean and variance


SHAPES = ("Shape", "Shape | None")  # annotations of the parameters that are a layer's inputs


@dataclass(frozen=True, eq=False)
class Rule:
    """A layer type: its function, and what its signature says. Signatures are read when asked for: a network needs few."""

    kind: str
    section: str
    function: Callable[..., Cost]

    @cached_property
    def _shapes(self) -> list[inspect.Parameter]:
        return [p for p in self._parameters if p.annotation in SHAPES]

    @cached_property
    def _parameters(self) -> list[inspect.Parameter]:
        return list(inspect.signature(self.function).parameters.values())

    @cached_property
    def inputs(self) -> int | None:
        """How many tensors it takes at most; None: any number."""
        return None if any(p.kind is p.VAR_POSITIONAL for p in self._shapes) else len(self._shapes)

    @cached_property
    def arguments(self) -> Mapping[str, inspect.Parameter]:
        """The arguments in order, without the inputs."""
        return {p.name: p for p in self._parameters if p.annotation not in SHAPES}

    @cached_property
    def flags(self) -> tuple[str, ...]:
        """The arguments that are true or false."""
        return tuple(name for name, p in self.arguments.items() if p.annotation == "bool")

    @cached_property
    def optional(self) -> tuple[str, ...]:
        """The names of the inputs that may be left out, which come last."""
        return tuple(p.name for p in self._shapes if p.annotation != "Shape")

    @property
    def least(self) -> int:
        """How many tensors the rule takes at least."""
        return 1 if self.inputs is None else self.inputs - len(self.optional)

    @property
    def words(self) -> str:
        """The rule in words: the docstring, unindented."""
        return inspect.getdoc(self.function) or ""

    @property
    def summary(self) -> str:
        """The first sentence of the rule in words."""
        return self.words.split("\n", 1)[0]

    def cost(self, shapes: Sequence[Shape], args: Mapping[str, Any]) -> Cost:
        """Return what the rule says of these shapes and arguments. Raises CostError where it refuses them."""
        if not self.optional:
            return self.function(*shapes, **args)
        least = self.least
        return self.function(*shapes[:least], **dict(zip(self.optional, shapes[least:], strict=False)), **args)


RULES: dict[str, Rule] = {}


def rule(section: str) -> Callable[[Callable[..., Cost]], Callable[..., Cost]]:
    """Enter a function into `RULES` under its own name."""

    def enter(function: Callable[..., Cost]) -> Callable[..., Cost]:
        kind = function.__name__.rstrip("_")
        RULES[kind] = Rule(kind, section, function)
        return function

    return enter


# ── what rules demand ────────────────────────────────────────────────────────────────────────────────────────────────


def require(ok: Any, fact: str, remedy: str = "", kind: Refusal = Refusal.ARGUMENT) -> None:
    """Raise CostError unless `ok`: a boolean, or a boolean column whose entries must all hold. `kind` says why."""
    if ok is True:
        return
    if hasattr(ok, "all"):
        if not ok.all():
            raise CostError(fact, remedy, ok, kind)
    elif not ok:
        raise CostError(fact, remedy, kind=kind)


def holds(ok: Any) -> bool:
    """Return whether a boolean, or each entry of a boolean column, is true: asked before words are written that few need."""
    return ok is True or (hasattr(ok, "all") and bool(ok.all()))


def refuse(fact: str, remedy: str = "", kind: Refusal = Refusal.ARGUMENT) -> NoReturn:
    """Raise CostError."""
    raise CostError(fact, remedy, kind=kind)


def at_least(low: int, value: Num, name: str, remedy: str = "", kind: Refusal = Refusal.ARGUMENT) -> None:
    """Require an integer or a column to be at least `low`. Letters are sizes and are taken to be."""
    if type(value) is int and value >= low:
        return
    if isinstance(value, (int, Ints)):
        enough = value >= low
        if not holds(enough):
            require(enough, f"{name} is {value}, which is below {low}", remedy, kind)
    elif isinstance(value, Poly):
        assume(">=", value, low)
    else:
        raise CostError(f"{name} is {value!r}, which is no whole number", remedy)


def at_most(high: Num, value: Num, fact: str, remedy: str = "", kind: Refusal = Refusal.ARGUMENT) -> None:
    """Require `value <= high`, of integers and columns; of letters it is taken for granted."""
    if isinstance(value, (int, Ints)) and isinstance(high, (int, Ints)):
        require(value <= high, fact, remedy, kind)
    else:
        assume(">=", high, value)


def divide(value: Num, parts: Num, name: str, parts_name: str, kind: Refusal = Refusal.PARTS) -> Num:
    """Return value / parts, which must be whole. For letters it is ⌊value / parts⌋: equal wherever the layer is valid."""
    at_least(1, parts, parts_name)
    if isinstance(value, (int, Ints)) and isinstance(parts, (int, Ints)):
        whole = value % parts == 0
        if not holds(whole):
            require(whole, f"{parts_name}={parts} must divide the {value} {name}", kind=kind)
    else:
        assume("%", value, parts)
    return value // parts


def require_equal(a: Num, b: Num, fact: str, remedy: str = "", kind: Refusal = Refusal.INPUTS) -> None:
    """Require two sizes to be equal; candidates of a column that differ are invalid, not another structure.

    Sizes in letters that differ by rounding alone, 2·⌈H/32⌉ and ⌈H/16⌉, are taken to be equal: the closed form holds there.
    """
    if isinstance(a, Ints) or isinstance(b, Ints):
        require(a == b, fact, remedy, kind)
    elif not equal(a, b):
        require(agree_rounded(a, b), fact, remedy, kind)
        assume(">=", a, b)
        assume(">=", b, a)


def elements(x: Shape) -> Num:
    """Return the number of elements of a shape."""
    if not x:
        return 1
    count = x[0]
    for size in x[1:]:
        count = count * size
    return count


def show(x: Shape) -> str:
    """Return a shape as people write it: 3×224×224."""
    return "×".join(map(str, x)) if x else "a number"
