"""What a formula may ask of a layer: one way to work out each letter, for layers one at a time and for columns of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter

from cnncost.base.errors import AlgebraError
from cnncost.base.ints import Ints
from cnncost.base.poly import Num, equal
from cnncost.base.record import dataclass
from cnncost.graph.graph import Node, read_by
from cnncost.rules import Shape, channels, elements, per_axis, sides
from cnncost.rules.shapes import Signal


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter: what it means, and how it is worked out, for one example, from a layer and all nodes of its graph.

    A `work` is nothing at layers that are declared and never run. `column`, where it is quicker, gives it for several layers.
    """

    meaning: str
    of: Callable[[Node, Sequence[Node]], Num]
    work: bool = False
    column: Callable[[Sequence[Node], Sequence[Node]], list[Num]] | None = None


def _area(shape: Shape) -> tuple[Num, Num]:
    """Height and width of a map: a C×L map is one row high, the planes of a C×D×H×W map stand in one column."""
    if len(shape) == 3:
        return shape[1], shape[2]
    if len(shape) == 2 and type(shape) is not tuple:
        return 1, shape[1]
    return (elements(shape[1:-1]), shape[-1]) if len(shape) > 3 else (1, 1)


def _each_axis(node: Node, name: str, axes: int) -> tuple[Num, ...]:
    value = node.args.get(name)
    if value is None and name == "stride":
        value = node.args.get("kernel")  # a pooling's stride is its kernel unless given
    return per_axis(1 if value is None else value, name, len(value) if isinstance(value, tuple) else axes)


def _pair(node: Node, name: str) -> tuple[Num, Num]:
    """A window's extent as height and width: kd·kh by kw over C×D×H×W, 1 by k over C×L."""
    numbers = _each_axis(node, name, max(len(node.cost.shape) - 1, 1))
    return (elements(numbers[:-1]) if len(numbers) > 1 else 1), numbers[-1]


def _input(node: Node, nodes: Sequence[Node]) -> Shape:
    """The shape of the (first) input, as the layer reads it: of a layer that makes a C×L map it is one."""
    x = read_by(node, nodes)
    return Signal(x) if type(x) is tuple and len(x) == 2 and isinstance(node.cost.shape, Signal) else x


def _channels(node: Node, x: Shape) -> Num:
    """Channels of the input, or the positions of the axis that the layer works along."""
    axis = node.args.get("axis")
    return x[axis] if isinstance(axis, int) and x else channels(x)


def _planar(node: Node, nodes: Sequence[Node]) -> Num:
    return int(len(read_by(node, nodes)) == 3)


def _states(node: Node, nodes: Sequence[Node]) -> Num:
    x, args = read_by(node, nodes), node.args
    directions = 2 if args.get("bidirectional") else 1
    return elements(x[:-1]) * args.get("out", 1) * args.get("layers", 1) * directions


def _untransposed(node: Node, nodes: Sequence[Node]) -> Num:
    """Output positions that a transposed convolution would have if it were none."""
    x = read_by(node, nodes)
    positions: Num = 1
    axes = len(x) - 1
    kernel, stride, dilation = (_each_axis(node, name, axes) for name in ("kernel", "stride", "dilation"))
    pad = sides(node.args["pad"], axes) or (0,) * (2 * axes)
    for axis, size in enumerate(x[1:]):
        both = pad[2 * axis] + pad[2 * axis + 1]
        positions = positions * ((size + both - dilation[axis] * (kernel[axis] - 1) - 1) // stride[axis] + 1)
    return positions


def _scores(node: Node, nodes: Sequence[Node]) -> Num:
    features = channels(read_by(node, nodes)) + channels(
        node.cost.shape
    )  # of a query and of a value: what each pair of tokens multiplies
    return node.args.get("heads", 1) * node.cost.macs // features


def _adaptive(node: Node, nodes: Sequence[Node]) -> Num:
    x = _input(node, nodes)
    (h, w), (rows, columns) = _area(x), _area(node.cost.shape)
    if all(isinstance(size, int) for size in (h, w, rows, columns)):
        return int((h / rows * (w / columns) + 1) * elements(node.cost.shape))
    if any(isinstance(size, Ints) for size in (h, w, rows, columns)):
        (h, w, rows, columns) = (size.values if isinstance(size, Ints) else size for size in (h, w, rows, columns))
        writes = elements(node.cost.shape)
        doubles = (h / rows * (w / columns) + 1) * (writes.values if isinstance(writes, Ints) else writes)
        return Ints(doubles.astype("int64"))
    if not (equal(h % rows, 0) and equal(w % columns, 0)):
        raise AlgebraError(f"the rounding of {h}/{rows}·{w}/{columns} in double precision depends on the symbols")
    return elements(x) + elements(node.cost.shape)


def _reported(meaning: str, name: str, work: bool = False) -> Letter:
    """Return a letter that stands for what a rule reports."""
    get = attrgetter(f"cost.{name}")
    return Letter(meaning, lambda node, nodes: get(node), work, lambda layers, nodes: list(map(get, layers)))


def _learned(node: Node, nodes: Sequence[Node]) -> Num:
    return _all_learned([node], nodes)[0]


def _all_learned(layers: Sequence[Node], nodes: Sequence[Node]) -> list[Num]:
    own = {node.name: node.cost.params for node in nodes} if any(node.shares for node in layers) else {}
    return [own[node.shares] if node.shares else node.cost.params for node in layers]


# What a rule reports about a layer.
COUNTS: dict[str, Letter] = {
    "params": _reported("learned numbers", "params"),
    "learned": Letter(
        "learned numbers that the layer uses, shared with an earlier layer or not", _learned, column=_all_learned
    ),
    "buffers": _reported("numbers kept between steps but not learned: running mean and variance", "buffers"),
    "macs": _reported("multiply-adds of conv, linear and matmul kinds", "macs", work=True),
    "bias": _reported("output elements that also get a learned offset", "bias", work=True),
    "taps": _reported("inputs visited by parameter-free windows", "taps", work=True),
    "reads": Letter(
        "elements of all inputs", lambda node, nodes: sum([elements(nodes[i].cost.shape) for i in node.inputs]), work=True
    ),
    "writes": Letter("elements of the output", lambda node, nodes: elements(node.cost.shape), work=True),
}
# Its geometry, which is worked out where a formula names it.
GEOMETRY: dict[str, Letter] = {
    "Ci": Letter("channels (features) of the input", lambda node, nodes: _channels(node, _input(node, nodes))),
    "Hi": Letter("height of the input", lambda node, nodes: _area(_input(node, nodes))[0]),
    "Wi": Letter("width of the input", lambda node, nodes: _area(_input(node, nodes))[1]),
    "Co": Letter("channels (features) of the output", lambda node, nodes: channels(node.cost.shape)),
    "Ho": Letter("height of the output", lambda node, nodes: _area(node.cost.shape)[0]),
    "Wo": Letter("width of the output", lambda node, nodes: _area(node.cost.shape)[1]),
    "kh": Letter("height of the kernel", lambda node, nodes: _pair(node, "kernel")[0]),
    "kw": Letter("width of the kernel", lambda node, nodes: _pair(node, "kernel")[1]),
    "sh": Letter("vertical stride", lambda node, nodes: _pair(node, "stride")[0]),
    "sw": Letter("horizontal stride", lambda node, nodes: _pair(node, "stride")[1]),
    "groups": Letter("groups of channels", lambda node, nodes: node.args.get("groups", 1)),
    "window": Letter(
        "channels that a local response normalisation looks at, tokens that attend to one another",
        lambda node, nodes: node.args.get("size") or node.args.get("window") or 1,
    ),
    "untransposed": Letter("output positions of a transposed convolution as if it were a plain one", _untransposed),
    "scores": Letter("attention weights: one per head, query and key", _scores),
    "planar": Letter("1 where the input has a height and a width, 0 where it has other axes", _planar),
    "states": Letter("numbers that a recurrent layer updates: of each token, layer and direction", _states),
    "adaptive": Letter("whole part of (Hi/Ho·Wi/Wo + 1)·writes in double precision", _adaptive),
}
LETTERS: dict[str, Letter] = {**COUNTS, **GEOMETRY}
ALWAYS_POSITIVE = frozenset(("writes", *GEOMETRY)) - {"untransposed", "scores", "planar", "adaptive"}  # so that they may divide


def value(letter: str, node: Node, nodes: Sequence[Node]) -> Num:
    """Return what a letter stands for at one layer of a graph's `nodes`, for one example."""
    known = LETTERS[letter]
    return 0 if known.work and node.runs == 0 else known.of(node, nodes)


def values(letter: str, layers: Sequence[Node], nodes: Sequence[Node]) -> list[Num]:
    """Return what a letter stands for at several layers, as `value` does."""
    known = LETTERS[letter]
    if known.column is not None:
        numbers = known.column(layers, nodes)
    else:
        of = known.of
        numbers = [of(node, nodes) for node in layers]
    if known.work:
        for index, node in enumerate(layers):
            if node.runs == 0:
                numbers[index] = 0
    return numbers
