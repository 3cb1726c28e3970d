"""What a convention is: formulas over the letters of `cnncost.counting.letters`, per layer type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from fnmatch import translate
from functools import cache
from typing import Any

from cnncost.base.poly import Num, Poly, symbol
from cnncost.base.record import dataclass
from cnncost.counting.letters import COUNTS, GEOMETRY
from cnncost.graph.graph import Graph
from cnncost.rules import RULES

params, learned, buffers, macs, bias, taps, reads, writes = map(symbol, COUNTS)
Ci, Hi, Wi, Co, Ho, Wo, kh, kw, sh, sw, groups, window, untransposed, scores, planar, states, adaptive = map(symbol, GEOMETRY)


def _of(section: str) -> tuple[str, ...]:
    return tuple(kind for kind, rule in RULES.items() if rule.section == section)


WEIGHTS = (*_of("weights"), *_of("recurrent"))  # conv, conv_transpose, linear, matmul, attention, lstm, …
POOLS = _of("pooling")
ACTIVATIONS = tuple(kind for kind in _of("activations") if kind not in ("dropout", "stochastic_depth"))
CONVS = ("conv", "conv_transpose", "linear")
WRITTEN = tuple(f"{form}.attention" for form in ("written", "operators", "einsums"))  # out of products that tools see
WINDOWS = ("max_pool", "avg_pool")
MEANS = ("adaptive_avg_pool", "global_avg_pool")
MAXIMA = ("adaptive_max_pool", "global_max_pool")
NORMS = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
FREE = (  # kinds that do no arithmetic at inference
    *("constant", "class_token", "flatten", "concat", "split", "slice", "pad", "channel_shuffle", "space_to_depth"),
    *("tokens", "untokens", "dropout", "stochastic_depth"),
    *("parameter", "reshape", "permute", "squeeze", "unsqueeze", "expand", "tile", "stack", "select", "gather"),
    *("depth_to_space", "unfold", "embedding", "attention_bias"),
)
RECURRENT = _of("recurrent")
WITH_OPERATION = ("reduce", "elementwise")  # kinds that are told apart by their operation, as "reduce.mean"


def each(kinds: Iterable[str], formula: Num) -> dict[str, Num]:
    """Return one formula for several kinds."""
    return dict.fromkeys(kinds, formula)


def called(kinds: Mapping[str, Num], form: str = "F") -> dict[str, Num]:
    """Return formulas for kinds called as functions: "F.relu" for "relu"."""
    return {f"{form}.{kind}": formula for kind, formula in kinds.items()}


ON_TORCHVISION = "on the 80 models of torchvision 0.28.0 at all their sizes, 2026-11-26"  # tests/data/tools.csv has the totals

# How a model may spell a layer, for tools that count some spellings only.
SUFFIXES = (".yaml", ".yml")  # of files of conventions
FORMS = {
    "F": "called as a function: F.relu(x), torch.add(x, y)",
    "MHA": "a part of an nn.MultiheadAttention that returns its weights, too",
    "SDPA": "a part of an nn.MultiheadAttention that returns no weights",
    "written": "attention written out with tensors' matmul: q.matmul(k)",
    "operators": "attention written out with operators and normalised queries and keys: q @ k",
    "einsums": "attention written out with torch.einsum",
    "Linear": "a convolution that is an nn.Linear on a map with its channels last",
    "derived": "a module of a class derived from the usual one, as torchvision's LayerNorm2d",
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
    args: Mapping[str, object] = field(default_factory=dict)  # which such a layer has


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
    ran: str = ""  # which version was run beside it, on what and when; or why none was
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

    @property
    def spelled(self) -> bool:
        """Whether it tells apart how a model spells its layers."""
        tables = (self.flops, self.memory, self.params)
        return any(key.partition(".")[0] in FORMS for formulas in tables for key in formulas)

    def per_multiply_add(self, key: str) -> int:
        """Return what a multiply-add of the layers of a key costs: 1, 2 where both operations are counted, or 0."""
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


def key_of(kind: str, args: Mapping[str, Any]) -> str:
    """Return the key of a layer as nobody spells it: its kind, and the mode or the operation where it has one."""
    if "mode" in args:
        return f"{kind}.{args['mode']}"
    return f"{kind}.{args['op']}" if kind in WITH_OPERATION else kind


def keys(graph: Graph) -> list[str]:
    """Return the key of each layer: its kind, the mode where it has one, and the model's spelling before it ("F.relu")."""
    found = [key_of(node.kind, node.args) for node in graph.layers]
    places = {node.name: index for index, node in enumerate(graph.layers)}
    for pattern, form in graph.spelling.items():
        if pattern in places:
            found[places[pattern]] = f"{form}.{found[places[pattern]]}"
        elif any(sign in pattern for sign in "*?["):
            matches = re.compile(translate(pattern)).match
            for index, node in enumerate(graph.layers):
                if matches(node.name):
                    found[index] = f"{form}.{found[index]}"
    return found
