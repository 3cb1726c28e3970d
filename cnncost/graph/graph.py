"""Models and graphs. A model is a function from a `Tensor` to a `Tensor`; tracing it once writes down a `Graph`."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from fractions import Fraction
from typing import Any, TypeAlias

from cnncost.base.assumed import collecting
from cnncost.base.errors import AlgebraError, CnncostError, CostError, ModelError, UsageError, did_you_mean
from cnncost.base.frozen import FrozenMap
from cnncost.base.ints import checked
from cnncost.base.poly import Num, same
from cnncost.base.record import dataclass
from cnncost.base.showable import Several, Tabled
from cnncost.graph.bits import Bits, Quantised
from cnncost.graph.layers import Layers
from cnncost.rules import RULES, Cost, Shape, at_least, channels, image, require, show
from cnncost.rules.shapes import Signal

MAX_LAYERS = 120_000  # a traced layer takes some 300 bytes and 5 to 10 µs: past this a mistyped depth, not a network
MAX_CONNECTIONS = 20 * MAX_LAYERS  # a dense block of n layers has n²/2
MAX_REMEMBERED = 2**16  # layers whose costs are kept, some 60 MB
LEAST_PICTURE = 16  # pixels of a height and width that are taken for one
INPUT = "input"  # the kind of the node that stands for the network's input

Outputs: TypeAlias = "Tensor | tuple[Tensor, ...]"


@dataclass(frozen=True, slots=True)
class Node:
    """One layer as applied: a rule, its arguments and its cost."""

    name: str  # path of scopes and a local name: "layer1.0.conv2"
    kind: str  # a key of RULES, or "input"
    args: Mapping[str, Any]  # as bound to the rule's signature
    inputs: tuple[int, ...]  # indices of earlier nodes: acyclic and sorted by construction
    cost: Cost
    shares: str | None = None  # name of the layer whose weights this one uses
    runs: Fraction | int = 1  # share of the training passes in which it runs; 0: never, at inference neither

    def __repr__(self) -> str:
        return f"<Node {self.name}: {self.kind} to {show(self.cost.shape)}, {_number(self.cost.params)} parameters>"


class _Written:
    """A node while it is written: made in a quarter of the time that a frozen one takes, and then made a `Node`."""

    __slots__ = Node.__slots__

    def __init__(
        self,
        name: str,
        kind: str,
        args: Mapping[str, Any],
        inputs: tuple[int, ...],
        cost: Cost,
        shares: str | None,
        runs: Fraction | int,
    ) -> None:
        self.name = name
        self.kind = kind
        self.args = args
        self.inputs = inputs
        self.cost = cost
        self.shares = shares
        self.runs = runs


@dataclass(frozen=True, slots=True)
class Graph(Tabled):
    """A traced network: its nodes in execution order, the inputs first. A sequence of its layers, also by name.

    Further inputs are among the layers, at no cost.

    >>> graph = trace(lambda x: x.conv(8, 3, name="conv1").relu(), (3, 32, 32))
    >>> graph
    <Graph <lambda>: 2 layers, 3×32×32 to 8×30×30>
    >>> graph["conv1"].cost.params, graph[-1].kind, [node.name for node in graph]
    (224, 'relu', ['conv1', 'relu'])
    """

    name: str
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    # How some layers are called, by patterns of their names: "F" as functions rather than modules, see cnncost.counting.
    spelling: Mapping[str, str] = field(default_factory=dict)
    in_place: tuple[str, ...] = ()  # kinds that its definition lets overwrite their input, beside those that frameworks do
    # What a file says of single layers, by name: they work "in place", are a "view" of their input, make "new" storage, or
    # are numbers of the program that are made for "each" example.
    storage: Mapping[str, str] = field(default_factory=dict)
    aside: Mapping[str, int] = field(default_factory=dict)  # bytes of numbers that the program makes by itself before a layer
    quantised: Quantised = field(default_factory=Quantised)  # bits by layer, and the density of its weights
    expect: Any = None  # what must come out: whoever has figures holds them to it by `expect.hold(output, totals)`
    about: Mapping[str, Any] = field(default_factory=dict)  # where the network comes from: its source and its settings
    places: Mapping[int, tuple[str, int, int]] = field(default_factory=dict)  # of nodes by index: file, line, column
    copies: tuple[tuple[int, ...], ...] = ()  # what its definition repeats: the node each copy begins at, and the one behind
    notes: tuple[str, ...] = ()  # what whoever reads its figures must know: layers not counted, say; one sentence each

    @property
    def input(self) -> Shape:
        """The shape of one example, of the (first) input: (C, H, W)."""
        return self.nodes[0].cost.shape

    @property
    def inputs(self) -> dict[str, Shape]:
        """The shape of one example, by the name of each input."""
        return {node.name: node.cost.shape for node in self.nodes if node.kind == INPUT}

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the model that was traced, as it had them."""
        return dict(self.about.get("settings", {}))

    @property
    def layers(self) -> tuple[Node, ...]:
        """The nodes that are layers: all but the input."""
        return Several(self.nodes[1:])

    @property
    def output(self) -> Shape:
        """The shape of the (first) output."""
        return self.nodes[self.outputs[0]].cost.shape

    def __len__(self) -> int:
        return len(self.nodes) - 1

    def __iter__(self) -> Iterator[Node]:
        return iter(self.layers)

    def __contains__(self, layer: object) -> bool:
        return any(layer in (node, node.name) for node in self.layers)

    def __getitem__(self, which: Any) -> Any:
        """Return the layer of a name or of a place, or those of a slice. Raises UsageError for a name that there is not."""
        if not isinstance(which, str):
            return self.layers[which]
        for node in self.layers:
            if node.name == which:
                return node
        near = did_you_mean(which, [node.name for node in self.layers], "its layers: " + _some(self.layers))
        raise UsageError(f"{self.name} has no layer '{which}'", near)

    def __repr__(self) -> str:
        count = len(self.nodes) - len(self.inputs)
        layers = "1 layer" if count == 1 else f"{count:,} layers"
        return f"<Graph {self.name}: {layers}, {reads(self.inputs)} to {show(self.output)}>"


def reads(inputs: Mapping[str, Shape]) -> str:
    """Return what a network reads as text: the shape of one input; of several each with its name.

    >>> reads({"left": (3, 8, 8), "right": (3, 8, 8)})
    'left 3×8×8, right 3×8×8'
    """
    return ", ".join(f"{name} {show(shape)}" if len(inputs) > 1 else show(shape) for name, shape in inputs.items())


def stated(inputs: Mapping[str, Shape]) -> str:
    """Return what a network reads as the beginning of a sentence: `input 3×8×8`, `inputs left 3×8×8, right 3×8×8`."""
    return f"{'inputs' if len(inputs) > 1 else 'input'} {reads(inputs)}"


def inputs_record(inputs: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Return what a network reads as plain data: the (first) input, and where there are several all of them by name."""
    first = list(next(iter(inputs.values())))
    return {"input": first, **({"inputs": {name: list(shape) for name, shape in inputs.items()}} if len(inputs) > 1 else {})}


def _number(value: Num) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _some(nodes: Sequence[Node]) -> str:
    """Return the first names, and how many there are."""
    names = ", ".join(node.name for node in nodes[:4])
    return names if len(nodes) <= 4 else f"{names}, …, {nodes[-1].name}"


def read_by(node: Node, nodes: Sequence[Node]) -> Shape:
    """Return the shape of a layer's (first) input; its own where it reads none, as a parameter does."""
    return nodes[node.inputs[0]].cost.shape if node.inputs else node.cost.shape


_REMEMBERED: dict[Any, tuple[Mapping[str, Any], Cost]] = {}


def as_read(shape: Shape, node: Node) -> Shape:
    """Return an input's shape as a layer reads it: two axes are a C×L map to what makes one of it by windows."""
    signal = type(shape) is tuple and len(shape) == 2 and "kernel" in node.args and isinstance(node.cost.shape, Signal)
    return Signal(shape) if signal else shape


class Tracer:
    """Writes down a graph while a model runs."""

    recalls = False  # whether it need not run a block twice

    __slots__ = (
        "aside",
        "bits",
        "connections",
        "copies",
        "indices",
        "lent",
        "memo",
        "nodes",
        "notes",
        "places",
        "prefix",
        "runs",
        "scopes",
        "storage",
        "used",
    )

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.notes: dict[str, None] = {}  # in order, each once
        self.storage: dict[str, str] = {}  # these four as in `Graph`
        self.aside: dict[str, int] = {}
        self.places: dict[int, tuple[str, int, int]] = {}
        self.copies: list[tuple[int, ...]] = []
        self.indices: dict[str, int] = {}  # of nodes by name
        self.used: dict[str, int] = {}  # how often a path was asked for
        self.connections = 0
        self.prefix = ""
        self.bits: dict[str, Bits] = {}  # of layers by name
        self.scopes: dict[str, None] = {}  # the prefixes of those opened so far
        self.runs: Fraction | int = 1
        self.lent: tuple[str, str] | None = None  # layers below the first prefix use the weights of those below the second
        # A layer met again on the same shapes costs the same: args and cost are computed once and shared by the nodes, those of
        # other networks too, unless it is to be noted what is taken for granted on the way.
        if len(_REMEMBERED) > MAX_REMEMBERED:
            _REMEMBERED.clear()
        self.memo = {} if collecting() else _REMEMBERED

    def path(self, name: str) -> str:
        """Return `name` inside the current scopes, numbered from 2 where it is taken: relu, relu_2, relu_3."""
        path = self.prefix + name
        count = self.used.get(path, 0) + 1
        self.used[path] = count
        while count > 1:
            numbered = f"{path}_{count}"
            if numbered not in self.used:
                self.used[numbered] = 1
                return numbered
            count += 1
            self.used[path] = count
        return path

    def scope(self, name: str) -> str:
        """Return the prefix of a new scope: it may be called like an input, as a member of an ensemble is."""
        path = self.prefix + name
        if path not in self.used:
            self.used[path] = 1
            return path + "."
        prefix = path + "."
        like_input = prefix not in self.scopes and self.used[path] == 1 and path not in self.indices
        named = like_input and any(node.name == path for node in self.nodes if node.kind == INPUT)
        return prefix if named else f"{self.path(name)}."

    def input(self, shape: Sequence[Num], name: str = INPUT) -> Tensor:
        """Add an input of the network."""
        index = len(self.nodes)
        self.nodes.append(Node(self.path(name), INPUT, FrozenMap(), (), Cost(tuple(shape))))
        return Tensor(self, index, self.nodes[index].cost.shape)

    def apply(
        self, kind: str, tensors: tuple[Tensor, ...], args: dict[str, Any], name: str | None, shared: str | None
    ) -> Tensor:
        """Add a layer and return its output. Raises ModelError, with the layer's name, where its rule refuses."""
        try:
            path = self.prefix + (name or kind)
        except TypeError:
            raise ModelError(f"a {kind} layer in '{self.prefix}' is named {name!r}", "a name is a text") from None
        if path in self.used:
            path = self.path(name or kind)
        else:
            self.used[path] = 1
        shapes = tuple([tensor.shape for tensor in tensors])
        values = args.values()
        # By names and values; by types too, for 1.0 and True are equal to 1.
        key: Any = (RULES[kind].function, shapes, *args, *values, *map(type, values))
        for shape in shapes:
            if type(shape) is not tuple:  # and a C×L map to tokens of its sizes
                key = (*key, *map(type, shapes))
                break
        try:
            known = self.memo.get(key)
        except TypeError:  # a list or a column, which cannot be looked up
            key, known = None, None
        if known is None:
            known = self._cost(kind, shapes, args, path)
            if key is not None:
                self.memo[key] = known
        bound, cost = known
        if shared is None and self.lent is not None and not (_none(cost.params) and _none(cost.buffers)):
            own, owner = self.lent
            shared = owner + path[len(own) :]
        if shared is not None:
            cost, shared = self._share(path, kind, bound, cost, shared)
        nodes = self.nodes
        index = len(nodes)
        self.connections += len(tensors)
        if index > MAX_LAYERS or self.connections > MAX_CONNECTIONS:
            self._refuse_size()
        node = _Written(path, kind, bound, tuple([tensor.index for tensor in tensors]), cost, shared, self.runs)
        node.__class__ = Node  # type: ignore[assignment]  # of the same slots
        nodes.append(node)  # type: ignore[arg-type]  # it is one by now
        self.indices[path] = index
        return Tensor(self, index, cost.shape)

    def recalled(
        self,
        block: Callable[..., Tensor],
        x: Tensor,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        name: str | None,
        shared: str | None,
    ) -> Tensor:
        """Return the output of a block: of a tracer that `recalls`, which only adds up, without running it a second time."""
        raise NotImplementedError

    def _cost(self, kind: str, shapes: tuple[Shape, ...], args: dict[str, Any], path: str) -> tuple[Mapping[str, Any], Cost]:
        bound = {argument: checked(value) for argument, value in args.items()}
        rule = RULES[kind]
        try:
            for flag in rule.flags:
                if type(bound.get(flag, True)) is not bool:
                    raise CostError(f"{flag} is {bound[flag]!r}, which is neither true nor false")
            return FrozenMap(bound), rule.cost(shapes, bound)
        except (CostError, AlgebraError) as error:
            shown = f"{kind} of {' and '.join(map(show, shapes))}" if shapes else kind
            valid = getattr(error, "valid", None)
            raise ModelError(f"layer '{path}' ({shown}): {error.message}", error.hint, valid) from error
        except (TypeError, ValueError, AttributeError, LookupError) as error:
            from cnncost.graph.usercode import unfit  # only an error needs it

            wrong = unfit(rule.function, bound)  # an argument of the wrong type; where all are right, the rule is wrong
            if not wrong:
                raise
            given = ", ".join(f"{argument}={bound[argument]!r}" for argument in wrong)
            raise ModelError(
                f"layer '{path}' ({kind}): cannot work with {given} ({error})", f"see: cnncost ops {kind}"
            ) from error

    def _share(self, path: str, kind: str, args: Mapping[str, Any], cost: Cost, owner: str) -> tuple[Cost, str]:
        """Return the cost without parameters of a layer that uses the weights of `owner`, and the full name of `owner`."""
        if not isinstance(owner, str):
            raise ModelError(f"layer '{path}' shares the weights of {owner!r}", 'name an earlier layer: shared="conv1"')
        full = self.prefix + owner if self.prefix + owner in self.indices else owner
        if full not in self.indices:
            raise ModelError(
                f"layer '{path}' shares the weights of '{owner}', which is no earlier layer", did_you_mean(owner, self.indices)
            )
        node = self.nodes[self.indices[full]]
        params = self._own_params(node)
        axes = len(cost.shape) - 1
        alike = all(
            _equal_on_axes(node.args.get(name), args.get(name), axes) for name in ("out", "kernel", "groups", "bias", "affine")
        )
        if node.kind != kind or not alike or not same(params, cost.params):
            raise ModelError(
                f"layer '{path}' ({kind}, {cost.params} parameters) "
                f"cannot share the weights of '{full}' ({node.kind}, {params})",
                "weights are shared between layers of one kind, with the same arguments and input channels",
            )
        shared = Cost(cost.shape, 0, cost.macs, cost.bias, cost.taps, 0)
        return shared, node.shares or full

    def _own_params(self, node: Node) -> Num:
        return self.nodes[self.indices[node.shares]].cost.params if node.shares else node.cost.params

    def _refuse_size(self) -> None:
        many = f"{MAX_LAYERS:,} layers" if len(self.nodes) > MAX_LAYERS else f"{MAX_CONNECTIONS:,} connections"
        raise ModelError(f"the network has more than {many}", "is a depth or a repeat mistyped?")


def _none(count: Num) -> bool:
    """Whether a count is nothing, whatever the symbols are."""
    return isinstance(count, int) and count == 0


def _equal_on_axes(a: Any, b: Any, axes: int) -> bool:
    """Whether two arguments say the same: 3 is (3, 3) on a map."""
    if isinstance(a, tuple) or isinstance(b, tuple):
        a, b = (value if isinstance(value, tuple) else (value,) * axes for value in (a, b))
        return len(a) == len(b) and all(map(same, a, b))
    return same(a, b)


class Tensor(Layers):
    """What flows through a model: a shape, and where it came from. Layers are its methods: `x.conv(64, 3).relu()`."""

    __slots__ = ("index", "shape", "tracer")

    def __init__(self, tracer: Tracer, index: int, shape: Shape) -> None:
        self.tracer = tracer
        self.index = index
        self.shape = shape

    def _apply(
        self, kind: str, others: tuple[Any, ...] | None, args: dict[str, Any], name: str | None, shared: str | None = None
    ) -> Any:
        """Add a layer that reads this tensor and others, or none at all (`others` None). Raises ModelError."""
        if others is None:
            return self.tracer.apply(kind, (), args, name, shared)
        for other in others:
            if not isinstance(other, Tensor):
                raise ModelError(
                    f"layer '{self.tracer.prefix}{name or kind}' ({kind}): {other!r} is no tensor",
                    "a constant costs nothing here: leave it out"
                    if isinstance(other, (int, float))
                    else f"give them one by one: {kind}(*branches)"
                    if isinstance(other, (list, tuple))
                    else "",
                )
            if other.tracer is not self.tracer:
                raise ModelError(f"layer '{self.tracer.prefix}{name or kind}' ({kind}) mixes tensors of two networks")
        return self.tracer.apply(kind, (self, *others), args, name, shared)

    @property
    def channels(self) -> Num:
        """Channels of a map; features of a vector or of each token."""
        return channels(self.shape)

    @property
    def height(self) -> Num:
        """Height of a map, in pixels."""
        return image(self.shape)[-2]

    @property
    def width(self) -> Num:
        """Width of a map, in pixels."""
        return image(self.shape)[-1]

    def __add__(self, other: Tensor | int) -> Tensor:
        return self if isinstance(other, int) and other == 0 else self._operator("add", "+", other)

    def __radd__(self, other: int) -> Tensor:  # of sum(branches), which begins at 0
        return self + other

    def __sub__(self, other: Tensor) -> Tensor:
        return self._operator("sub", "-", other)

    def __mul__(self, other: Tensor) -> Tensor:
        return self._operator("mul", "*", other)

    __rmul__ = __mul__

    def __truediv__(self, other: Tensor) -> Tensor:
        return self._operator("div", "/", other)

    def __matmul__(self, other: Tensor) -> Tensor:
        return self._operator("matmul", "@", other)

    def _operator(self, kind: str, sign: str, other: Any) -> Tensor:
        if not isinstance(other, Tensor):
            raise ModelError(
                f"x {sign} {other!r} after layer '{self.tracer.nodes[self.index].name}': the other side is no tensor",
                "constants are not traced: leave it out, or write a layer that does it",
            )
        if kind not in RULES:
            raise ModelError(f"x {sign} y: there is no layer type {kind}", "layer types: cnncost ops")
        return self._apply(kind, (other,), {}, None)  # type: ignore[no-any-return]  # `_apply` makes tensors

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Put the layers added inside `with x.scope("stage1"):` under that name; a dot opens two levels."""
        tracer = self.tracer
        if not isinstance(name, str):
            raise ModelError(f"a scope in '{tracer.prefix}' is named {name!r}", "a name is a text")
        outer = tracer.prefix
        tracer.prefix = tracer.scope(name)
        tracer.scopes[tracer.prefix] = None
        try:
            yield
        finally:
            tracer.prefix = outer

    @contextmanager
    def shares(self, owner: str | None) -> Iterator[None]:
        """Let layers added inside `with x.scope("right"), x.shares("left"):` use the weights of the same layers in that scope.

        Layers are the same if they have the same name below the two scopes. Without an owner nothing is shared.
        """
        tracer = self.tracer
        outer = tracer.lent
        if owner is not None:
            beside = f"{tracer.prefix[:-1].rpartition('.')[0]}.{owner}.".lstrip(".")  # this scope; else anywhere
            found = next((prefix for prefix in (beside, f"{owner}.") if prefix in tracer.scopes), None)
            if found is None or found == tracer.prefix:
                near = did_you_mean(owner, [scope.rstrip(".") for scope in tracer.scopes])
                raise ModelError(f"'{tracer.prefix[:-1]}' shares the weights of '{owner}', which is no earlier scope", near)
            tracer.lent = (tracer.prefix, found)
        try:
            yield
        finally:
            tracer.lent = outer

    @contextmanager
    def bits(self, weights: int | None = None, activations: int | None = None) -> Iterator[None]:
        """Give the layers added inside `with x.bits(8, 8):` so many bits for their weights and the activations they read."""
        tracer, start = self.tracer, len(self.tracer.nodes)
        yield
        for node in tracer.nodes[start:]:
            tracer.bits[node.name] = tracer.bits.get(node.name, Bits()).over(Bits(weights, activations))

    @contextmanager
    def runs(self, share: Fraction | int) -> Iterator[None]:
        """Let the layers added inside `with x.runs(share):` run in that share of training passes: their survival probability.

        With 0 they never run: their parameters are declared and count, nothing else of them does.
        """
        tracer = self.tracer
        outer = tracer.runs
        fits = isinstance(share, (int, float, Fraction)) and 0 <= share <= 1
        need(fits, f"layers cannot run in {share!r} of all passes", "give a share from 0 to 1")
        tracer.runs = outer * share
        try:
            yield
        finally:
            tracer.runs = outer

    def note(self, text: str) -> None:
        """Say something that every reader of the network's figures must know; tables show it below them."""
        self.tracer.notes[text] = None

    def __repr__(self) -> str:
        return f"<Tensor {show(self.shape)} from {self.tracer.nodes[self.index].name}>"


Block: TypeAlias = Callable[..., Tensor]


def block(function: Callable[..., Tensor]) -> Block:
    """Make a function of tensors a block: its layers get a scope of their own, named `name=` or after the function.

    A function that has a parameter `name` of its own is given it, too. `shared=` names an earlier call whose weights its
    layers use, as the towers of siamese networks do: `tower(left, name="left")`, `tower(right, shared="left")`.
    """
    own = "name" in _parameters(function)

    @functools.wraps(function)
    def scoped(x: Tensor, *args: Any, name: str | None = None, shared: str | None = None, **kwargs: Any) -> Tensor:
        if own and name is not None:
            kwargs["name"] = name
        if isinstance(x, Tensor) and x.tracer.recalls:
            return x.tracer.recalled(function, x, args, kwargs, name, shared)
        with x.scope(name or function.__name__), x.shares(shared):
            return function(x, *args, **kwargs)

    return scoped


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    code = getattr(function, "__code__", None)
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code is not None else ()


def trace(
    function: Callable[..., Outputs],
    input: Sequence[Num] | Mapping[str, Sequence[Num]],
    title: str | None = None,
    /,
    **settings: Any,
) -> Graph:
    """Run a model function once on an input of one example, (C, H, W), and return its graph, called `title`.

    Of a function of several tensors `input` names them, in order: {"left": (3, 256, 512), "right": (3, 256, 512)}. Sizes and
    `settings` may be integers, NumPy integer arrays or symbols.

    >>> trace(lambda x, width: x.conv(width, 3), (3, 32, 32), width=8).output
    (8, 30, 30)
    >>> trace(lambda left, right: left.add(right), {"left": (3, 8, 8), "right": (3, 8, 8)}).inputs
    {'left': (3, 8, 8), 'right': (3, 8, 8)}

    Raises ModelError with the layer's name where a layer cannot be applied, and with file and line where the function
    itself fails (`CodeError.raised` is what it raised).
    """
    tracer = Tracer()
    named = input if isinstance(input, Mapping) else {INPUT: input}
    shapes = {key: _shape(shape, key) for key, shape in named.items()}
    inputs = [tracer.input(shape, key) for key, shape in shapes.items()]
    try:
        with no_collection():
            result = function(*inputs, **{setting: checked(value) for setting, value in settings.items()})
    except (AlgebraError, CostError) as error:
        last = tracer.nodes[-1].name
        raise ModelError(f"{error.message} (after layer '{last}')", error.hint, getattr(error, "valid", None)) from error
    except (CnncostError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        from cnncost.graph.usercode import explained  # only an error needs it

        told = explained(error)
        if told is None:  # our own fault
            raise
        raise told from error
    for place, shape in enumerate(shapes.values()):
        if _is_turned(shape) and any(node.kind == "conv" and node.inputs[0] == place for node in tracer.nodes):
            meant = f"write {show((shape[2], shape[0], shape[1]))} for a picture"
            tracer.notes[f"channels come first: {show(shape)} is read as {shape[0]} channels; {meant}"] = None
    tensors = result if isinstance(result, tuple) else (result,)
    for tensor in tensors:
        if not isinstance(tensor, Tensor) or tensor.tracer is not tracer:
            made: Any = tensor
            if type(made).__name__ == "coroutine":
                made.close()  # else Python warns that nobody waited for it
            raise ModelError(
                f"the model {getattr(function, '__name__', 'function')} returned {result!r}",
                "a model returns a tensor, or a tuple of tensors, made from its input",
            )
    if not tensors:
        raise ModelError(f"the model {getattr(function, '__name__', 'function')} returned no tensor", "return its output")
    name = title or str(getattr(function, "__name__", "model"))
    return Graph(
        name,
        Several(tracer.nodes),
        tuple(tensor.index for tensor in tensors),
        storage=tracer.storage,
        aside=tracer.aside,
        quantised=Quantised(tracer.bits),
        places=tracer.places,
        copies=tuple(tracer.copies),
        notes=tuple(tracer.notes),
    )


def _is_turned(shape: Shape) -> bool:
    """Whether a shape looks like that of a picture with its channels last, as TensorFlow writes it."""
    if len(shape) != 3 or not all(isinstance(size, int) for size in shape):
        return False
    height, width, last = shape
    return (last == 3 and min(height, width) >= LEAST_PICTURE) or (last in (1, 4) and height == width >= LEAST_PICTURE)


def _shape(input: Any, name: str) -> Shape:
    """Return an input as a shape. Raises ModelError unless its sizes are whole numbers from 1, columns or symbols."""
    what = "the input" if name == INPUT else f"the input '{name}'"
    hint = "give the shape of one example: (channels, height, width)"
    if isinstance(input, (str, bytes)) or not hasattr(input, "__iter__"):
        raise ModelError(f"{what} {input!r} is no shape", hint)
    shape: Shape = checked(tuple(input))
    if not shape:
        raise ModelError(f"{what} () has no sizes", hint)
    for size in shape:
        try:
            at_least(1, size, "a size")
        except CostError:
            raise ModelError(f"{what} {show(shape)} has the size {size}", "sizes are whole numbers from 1") from None
    return shape


@contextmanager
def no_collection() -> Iterator[None]:
    """Pause the garbage collector: hundreds of thousands of nodes that all live on would be visited again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def need(ok: Any, message: str, hint: str = "") -> None:
    """Raise ModelError unless `ok`, a boolean or a boolean column: for what a family demands of its settings."""
    try:
        require(ok, message, hint)
    except CostError as error:
        raise ModelError(message, hint, error.valid) from None
