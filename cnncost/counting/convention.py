"""What a convention is, and the letters that its formulas are written in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cache

from cnncost.base.errors import AlgebraError
from cnncost.base.ints import Ints
from cnncost.base.poly import Num, Poly, equal, symbols
from cnncost.graph.graph import Graph, Node, read_by
from cnncost.rules import RULES, Shape, channels, elements, per_axis, sides

# What a rule reports about a layer, for one example.
COUNTS = ("params", "learned", "buffers", "macs", "bias", "taps", "reads", "writes")
MEANINGS = {
    "params": "learned numbers",
    "learned": "learned numbers that the layer uses, shared with an earlier layer or not",
    "buffers": "numbers kept between steps but not learned: running mean and variance",
    "macs": "multiply-adds of conv, linear and matmul kinds",
    "bias": "output elements that also get a learned offset",
    "taps": "inputs visited by parameter-free windows",
    "reads": "elements of all inputs",
    "writes": "elements of the output",
}

params, learned, buffers, macs, bias, taps, reads, writes = symbols(" ".join(COUNTS))


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


def _untransposed(node: Node, x: Shape) -> Num:
    """Output positions that a transposed convolution would have if it were none."""
    positions: Num = 1
    axes = len(x) - 1
    kernel, stride, dilation = (_each_axis(node, name, axes) for name in ("kernel", "stride", "dilation"))
    pad = sides(node.args["pad"], axes) or (0,) * (2 * axes)
    for axis, size in enumerate(x[1:]):
        both = pad[2 * axis] + pad[2 * axis + 1]
        positions = positions * ((size + both - dilation[axis] * (kernel[axis] - 1) - 1) // stride[axis] + 1)
    return positions


def _scores(node: Node, x: Shape) -> Num:
    features = channels(x) + channels(node.cost.shape)  # of a query and of a value: what each pair of tokens multiplies
    return node.args.get("heads", 1) * node.cost.macs // features


def _adaptive(node: Node, x: Shape) -> Num:
    (h, w), (rows, columns) = _area(x), _area(node.cost.shape)
    if all(isinstance(size, int) for size in (h, w, rows, columns)):
        return int((h / rows * (w / columns) + 1) * elements(node.cost.shape))
    if any(isinstance(size, Ints) for size in (h, w, rows, columns)):
        (h, w, rows, columns) = (size.values if isinstance(size, Ints) else size for size in (h, w, rows, columns))
        writes = elements(node.cost.shape)
        doubles = (h / rows * (w / columns) + 1) * (writes.values if isinstance(writes, Ints) else writes)
        return Ints(doubles.astype("int64"))
    if not (equal(h % rows, 0) and equal(w % columns, 0)):
        raise AlgebraError(f"the rounding of {h}/{rows}·{w}/{columns} in double precision depends on the letters")
    return elements(x) + elements(node.cost.shape)


# What a formula may also ask of a layer: its geometry. Each is worked out where a formula names it, from the layer and the
# shape of its (first) input.
GEOMETRY: dict[str, tuple[str, Callable[[Node, Shape], Num]]] = {
    "Ci": ("channels (features) of the input", lambda node, x: channels(x)),
    "Hi": ("height of the input", lambda node, x: _area(x)[0]),
    "Wi": ("width of the input", lambda node, x: _area(x)[1]),
    "Co": ("channels (features) of the output", lambda node, x: channels(node.cost.shape)),
    "Ho": ("height of the output", lambda node, x: _area(node.cost.shape)[0]),
    "Wo": ("width of the output", lambda node, x: _area(node.cost.shape)[1]),
    "kh": ("height of the kernel", lambda node, x: _pair(node, "kernel")[0]),
    "kw": ("width of the kernel", lambda node, x: _pair(node, "kernel")[1]),
    "sh": ("vertical stride", lambda node, x: _pair(node, "stride")[0]),
    "sw": ("horizontal stride", lambda node, x: _pair(node, "stride")[1]),
    "groups": ("groups of channels", lambda node, x: node.args.get("groups", 1)),
    "window": ("channels that a local response normalisation looks at", lambda node, x: node.args.get("size", 1)),
    "untransposed": ("output positions of a transposed convolution as if it were a plain one", _untransposed),
    "scores": ("attention weights: one per head, query and key", lambda node, x: _scores(node, x)),
    "adaptive": ("whole part of (Hi/Ho·Wi/Wo + 1)·writes in double precision", _adaptive),
}
LETTERS = {**MEANINGS, **{name: meaning for name, (meaning, _) in GEOMETRY.items()}}

Ci, Hi, Wi, Co, Ho, Wo, kh, kw, sh, sw, groups, window, untransposed, scores, adaptive = symbols(" ".join(GEOMETRY))


def _of(section: str) -> tuple[str, ...]:
    return tuple(kind for kind, rule in RULES.items() if rule.section == section)


WEIGHTS = (*_of("weights"), *_of("recurrent"))  # conv, conv_transpose, linear, matmul, attention, lstm, …
POOLS = _of("pooling")
ACTIVATIONS = tuple(kind for kind in _of("activations") if kind not in ("dropout", "stochastic_depth"))
CONVS = ("conv", "conv_transpose", "linear")
WINDOWS = ("max_pool", "avg_pool")
MEANS = ("adaptive_avg_pool", "global_avg_pool")
MAXIMA = ("adaptive_max_pool", "global_max_pool")
NORMS = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
FREE = (  # kinds that do no arithmetic at inference
    *("constant", "class_token", "flatten", "concat", "split", "slice", "pad", "channel_shuffle", "space_to_depth"),
    *("tokens", "untokens", "dropout", "stochastic_depth"),
)


def each(kinds: Iterable[str], formula: Num) -> dict[str, Num]:
    """Return one formula for several kinds."""
    return dict.fromkeys(kinds, formula)


def called(kinds: Mapping[str, Num], form: str = "F") -> dict[str, Num]:
    """Return formulas for kinds called as functions: "F.relu" for "relu"."""
    return {f"{form}.{kind}": formula for kind, formula in kinds.items()}


# How a model may spell a layer, for tools that count some spellings only.
FORMS = {
    "F": "called as a function: F.relu(x), torch.add(x, y)",
    "MHA": "a part of an nn.MultiheadAttention that returns its weights, too",
    "mean": "x.mean over height and width in place of a pooling layer",
    "xnor": "a convolution of binary weights and inputs",
}

LECTURE_MEMORY = each((*WEIGHTS, *POOLS, "flatten"), writes)
GRADIENTS = {  # what the backward pass takes, in forward passes of the layer: products have two inputs, and no weights
    "input_gradient": {**dict.fromkeys(CONVS, 1), "matmul": 2, "attention": 2},
    "weight_gradient": dict.fromkeys(CONVS, 1),
}


@dataclass(frozen=True, slots=True)
class Slip:
    """Something a tool gets wrong: the kinds it concerns, what it is, and a formula that is not 0 where it counts."""

    kinds: tuple[str, ...]
    says: str
    where: Num = 1
    figure: str = "flops"


@dataclass(frozen=True, slots=True)
class Convention:
    """One way of counting: formulas over `LETTERS`, per layer type and for one example.

    A key is a kind ("relu"), a kind with its mode ("upsample.bilinear"), or either as a model spells it ("F.relu", a relu
    called as a function); the nearest one holds, and what none names costs nothing.
    """

    name: str
    states: str  # what is counted, in one line
    source: str  # who counts so: tool, version and where
    flops: Mapping[str, Num]
    memory: Mapping[str, Num] = field(default_factory=lambda: LECTURE_MEMORY)  # elements that the memory column shows
    params: Mapping[str, Num] = field(default_factory=dict)  # kinds whose parameters are not counted as `params`
    input_gradient: Mapping[str, Num] = field(default_factory=dict)  # FLOPs of the backward pass, where they are not the
    weight_gradient: Mapping[str, Num] = field(default_factory=dict)  # forward pass's multiply-adds once more
    per_example: bool = False  # whether a batch counts like one example
    slips: tuple[Slip, ...] = ()  # of the tool, which are reproduced
    beside: tuple[str, ...] = ()  # conventions for the other figures that the same tool prints

    def formula(self, figure: str, key: str) -> Num:
        """Return the formula of a figure ("flops") for a layer's key, such as F.upsample.bilinear."""
        formulas: Mapping[str, Num] = getattr(self, figure)
        for name in names(key):
            if name in formulas:
                return formulas[name]
        if figure in GRADIENTS:
            return GRADIENTS[figure].get(names(key)[-1], 0) * self.per_multiply_add(key) * macs
        return params if figure == "params" else 0

    def per_multiply_add(self, key: str) -> int:
        """Return what a multiply-add of the layers of a key costs: 1, 2 for those who count both operations, or 0."""
        formula = self.formula("flops", key)
        return int(formula.terms.get((("macs", 1),), 1)) if isinstance(formula, Poly) and names(key)[-1] in WEIGHTS else 0


@cache
def names(key: str) -> tuple[str, ...]:
    """Return the names under which a formula for a key may be listed, nearest first.

    >>> names("F.upsample.bilinear")
    ('F.upsample.bilinear', 'F.upsample', 'upsample.bilinear', 'upsample')
    """
    first, *rest = key.split(".")
    form, kind, *mode = (first, *rest) if first in FORMS else ("", first, *rest)
    modes = (f"{kind}.{mode[0]}", kind) if mode else (kind,)
    return (*(f"{form}.{name}" for name in modes), *modes) if form else modes


def keys(graph: Graph) -> list[str]:
    """Return the key of each layer: its kind, the mode where it has one, and the model's spelling before it ("F.relu")."""
    found = [f"{node.kind}.{node.args['mode']}" if "mode" in node.args else node.kind for node in graph.layers]
    for pattern, form in graph.spelling.items():
        matches = re.compile(translate(pattern)).match
        for index, node in enumerate(graph.layers):
            if matches(node.name):
                found[index] = f"{form}.{found[index]}"
    return found


def count(letter: str, node: Node, nodes: Sequence[Node]) -> Num:
    """Return what a letter of `LETTERS` stands for at one layer of a graph's `nodes`, for one example."""
    cost = node.cost
    if letter in GEOMETRY:
        return GEOMETRY[letter][1](node, read_by(node, nodes))
    if letter == "learned":
        return next(other.cost.params for other in nodes if other.name == node.shares) if node.shares else cost.params
    if letter in ("params", "buffers"):
        return getattr(cost, letter)
    if node.runs == 0:  # declared, never run
        return 0
    if letter == "reads":
        return sum(elements(nodes[index].cost.shape) for index in node.inputs)
    return elements(cost.shape) if letter == "writes" else getattr(cost, letter)
