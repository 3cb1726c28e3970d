"""Figures of a network without its graph: for structures by the thousand, of which little is kept and much recurs.

A model function runs on tensors whose tracer only adds up. A layer met again on the same shapes costs the same, and so does a
block (`cnncost.block`) that is called again with the same arguments on the same shapes: it is not run a second time. Rules and
conventions are those of every other reading. Where figures are no such sum, as with weights that are shared by name, the tally
is none, and the candidate is traced in full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from types import FunctionType
from typing import Any, NamedTuple, NoReturn, TypeAlias

from cnncost.base.errors import CnncostError
from cnncost.base.poly import Num, Poly
from cnncost.counting.convention import Convention, key_of
from cnncost.counting.letters import value as worth
from cnncost.graph.graph import INPUT, MAX_CONNECTIONS, MAX_LAYERS, Node, Tensor, Tracer
from cnncost.questions.sweep.forms import form
from cnncost.rules import Cost, Shape

MOST = 2**17  # layers, and as many blocks, that are remembered
PLAIN = frozenset((int, bool, float, str, type(None), Fraction))  # types of arguments by which a call is recognised

Price: TypeAlias = Callable[[Node, Sequence[Node]], Num]


class UnfitError(CnncostError):
    """A network whose figures are no sum over its layers, each by itself."""


class Sums(NamedTuple):
    """What layers cost together, for one example, and how many they are."""

    params: Num = 0
    macs: Num = 0
    flops: Num = 0
    memory: Num = 0  # elements
    layers: int = 0
    connections: int = 0


class Call(NamedTuple):
    """A way to call a block: with arguments of certain types."""

    number: int
    pure: bool  # the block has no variables around it, which may have changed when it is called again
    plain: bool  # nor have its arguments


class Known:
    """What layers and blocks cost under one convention, as far as they were met."""

    def __init__(self, convention: Convention) -> None:
        self.convention = convention
        self.layers: dict[Any, tuple[Shape, Sums]] = {}
        self.blocks: dict[Any, tuple[Shape | list[Shape], Sums]] = {}
        self.calls: dict[Any, Call] = {}  # by block, types of arguments, and names of those that have one
        self.last = (1, 1)  # of the last network: its layers, and the calls that it took to add them up
        self._prices: dict[str, tuple[Price, ...]] = {}
        self._inputs: dict[Shape, Node] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return Known, (self.convention,)  # another process meets them itself

    def call(self, types: Any, block: Callable[..., Any], values: tuple[Any, ...]) -> Call:
        """Return a way to call a block that was not met yet."""
        pure = getattr(block, "__closure__", ()) is None
        call = Call(len(self.calls), pure, pure and PLAIN.issuperset(map(type, values)))
        if pure:
            self.calls[types] = call
        return call

    def sums(self, kind: str, shapes: Sequence[Shape], args: Any, cost: Cost, runs: Any) -> Sums:
        """Return what a layer is charged."""
        key = key_of(kind, args)
        prices = self._prices.get(key)
        if prices is None:
            formulas = [self.convention.formula(figure, key) for figure in ("params", "flops", "memory")]
            prices = self._prices[key] = tuple(map(_price, formulas))
        read = [self._input(shape) for shape in shapes]
        node = Node("", kind, args, tuple(range(len(read))), cost, None, runs)
        params, flops, memory = prices
        if not runs:
            return Sums(params(node, read), layers=1, connections=len(read))
        return Sums(params(node, read), cost.macs, flops(node, read), memory(node, read), 1, len(read))

    def _input(self, shape: Shape) -> Node:
        if type(shape) is not tuple:  # it says more than its sizes
            return Node("", INPUT, {}, (), Cost(shape))
        if shape not in self._inputs:
            self._inputs[shape] = Node("", INPUT, {}, (), Cost(shape))
        return self._inputs[shape]


def _price(formula: Num) -> Price:
    """Return a convention's formula as a function of a layer and the nodes that it reads."""
    if not isinstance(formula, Poly):
        return lambda node, nodes: formula
    letters = tuple(formula.letters())
    if formula.terms == {((letters[0], 1),): 1}:
        letter = letters[0]
        return lambda node, nodes: worth(letter, node, nodes)
    compiled = form(formula, ())
    return lambda node, nodes: compiled({letter: worth(letter, node, nodes) for letter in letters})


class Tally(Tracer):
    """A tracer that keeps no layers: it adds up what they cost."""

    __slots__ = ("calls", "known", "sums", "unfit")

    recalls = True

    def __init__(self, known: Known) -> None:
        self.known = known
        self.sums: list[Sums] = []
        self.calls = 0  # of layers and of blocks
        self.unfit = False
        self.prefix = ""
        self.runs = 1
        self.lent = None
        self.scopes: dict[str, None] = {}
        self.notes: dict[str, None] = {}

    @property
    def total(self) -> Sums:
        """What all layers so far cost together. Raises UnfitError where that is not known."""
        total = Sums(*map(sum, zip(*self.sums, strict=True))) if self.sums else Sums()
        if self.unfit or total.layers > MAX_LAYERS or total.connections > MAX_CONNECTIONS:
            raise UnfitError("more is asked than a sum can tell")
        return total

    def __getattr__(self, name: str) -> NoReturn:  # nodes, places, copies: what only a graph has
        self.refuse()

    def refuse(self) -> NoReturn:
        """Raise UnfitError, and remember that, should somebody catch it."""
        self.unfit = True
        raise UnfitError("more is asked than a sum can tell")

    def path(self, name: str) -> str:
        """Return a name: any will do."""
        return name

    def scope(self, name: str) -> str:
        """Return the prefix of a scope: any will do."""
        return name

    def started(self, shape: Shape) -> Tensor:
        """Return a tensor of a shape."""
        return Tensor(self, 0, shape)

    def apply(
        self, kind: str, tensors: tuple[Tensor, ...], args: dict[str, Any], name: str | None, shared: str | None
    ) -> Tensor:
        """Add up what a layer costs, and return its output. Raises ModelError where its rule refuses, and UnfitError."""
        if shared is not None or not (name is None or type(name) is str):
            self.refuse()
        self.calls += 1
        values = args.values()
        shapes = tuple([tensor.shape for tensor in tensors])
        key: Any = (kind, not self.runs, shapes, *map(type, shapes), *args, *values, *map(type, values))
        known = self.known.layers
        try:
            found = known.get(key)
        except TypeError:  # a list, which cannot be looked up
            found, key = None, None
        if found is None:
            bound, cost = self._cost(kind, shapes, args, name or kind)
            found = (cost.shape, self.known.sums(kind, shapes, bound, cost, self.runs))
            if key is not None:
                if len(known) > MOST:
                    known.clear()
                known[key] = found
        shape, sums = found
        self.sums.append(sums)
        return Tensor(self, 0, shape)

    def recalled(
        self,
        block: Callable[..., Tensor],
        x: Tensor,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        name: str | None,
        shared: str | None,
    ) -> Any:
        """Return the output of a block, run unless it was run before on the same shapes with the same arguments."""
        if shared is not None or not (name is None or type(name) is str):
            self.refuse()
        self.calls += 1
        types = (block, type(x.shape), *map(type, args), *kwargs, *map(type, kwargs.values()))
        call = self.known.calls.get(types) or self.known.call(types, block, (*args, *kwargs.values()))
        number, pure, plain = call
        key: Any = None
        if plain:
            key = (number, not self.runs, x.shape, *args, *kwargs.values())
        elif pure:
            key = self._key((number, not self.runs, x.shape), (*args, *kwargs.values()))
        known = self.known.blocks
        found = None if key is None else known.get(key)
        if found is None:
            before = len(self.sums)
            output = block(x, *args, **kwargs)
            if key is None:
                return output
            if isinstance(output, Tensor):
                shapes: Any = output.shape
            elif isinstance(output, tuple) and all(isinstance(one, Tensor) for one in output):
                shapes = [one.shape for one in output]
            else:
                return output
            own = self.sums[before:]
            total = Sums(*map(sum, zip(*own, strict=True))) if own else Sums()
            if len(known) > MOST:
                known.clear()  # nor can there be many more ways to call
            known[key] = (shapes, total)
            self.sums[before:] = [total]
            return output
        shapes, total = found
        self.sums.append(total)
        return tuple([Tensor(self, 0, shape) for shape in shapes]) if type(shapes) is list else Tensor(self, 0, shapes)

    def _key(self, start: tuple[Any, ...], values: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Return what a call with tensors, lists or functions is recognised by; None where these may change until the next."""
        key = [*start]
        for value in values:
            if isinstance(value, Tensor) and value.tracer is self:
                key += (type(value.shape), value.shape)
            elif type(value) is tuple and PLAIN.issuperset(map(type, value)):
                key += (*map(type, value), value)
            elif type(value) in PLAIN or (isinstance(value, FunctionType) and value.__closure__ is None):
                key.append(value)
            else:
                return None
        return tuple(key)
