"""Facts about layer types that memory is worked out from: what works in place, what is a view, and what is kept.

They are PyTorch's, measured on its operators (tests/measures/test_memory_oracle.py); each layer type has its row in
each table, and a test holds the tables complete. `cnncost memory --rules` prints them.
"""

from __future__ import annotations

from cnncost.base.poly import Num, symbols
from cnncost.base.record import dataclass
from cnncost.graph.graph import INPUT, Node
from cnncost.rules import RULES

# ── what works in place, and what is a view ──────────────────────────────────────────────────────────────────────────

ACTIVATIONS = tuple(kind for kind, rule in RULES.items() if rule.section == "activations")

CAN_WORK_IN_PLACE = (  # they keep their input's shape
    *ACTIVATIONS,
    *("add", "mul", "batch_norm", "scale", "position_embedding"),
    *("sub", "div", "bias", "elementwise"),
)

# The layer types that work in place unless asked otherwise: those that PyTorch's modules offer `inplace` for. torchvision sets
# it wherever it writes them, but in squeeze-and-excitation, whose maps have one pixel.
IN_PLACE = ("relu", "relu6", "leaky_relu", "elu", "silu", "mish", "hardswish")

VIEWS = {  # their output is another look at their input's storage
    "flatten": "the same numbers in the same order",
    "split": "a range of the channels",
    "slice": "every step-th index",
    "untokens": "the same numbers, tokens last",
    "attention_bias": "the queries; the bias is added to the scores",
    "reshape": "the same numbers in the same order",
    "permute": "the same numbers, the axes in another order",
    "squeeze": "the same numbers, without axes of one position",
    "unsqueeze": "the same numbers, with axes of one position",
    "expand": "the same numbers, met again and again",
    "select": "one index",
}
VIEWS_WHERE = {"tokens": ("window", 1), "dropout": ("p", 0), "stochastic_depth": ("p", 0)}  # where an argument has that value
NOTHING_AT_INFERENCE = ("dropout", "stochastic_depth")  # views at inference; while training they make a tensor
STORED = ("constant", "parameter", INPUT)  # parameters, buffers and further inputs, not activations
LOOKED_UP = ("embedding",)  # of whose parameters only those are read that an index names
MAKE = (  # they make a tensor, whatever they are asked
    *(
        "conv",
        "conv_transpose",
        "locally_connected",
        "deform_conv",
        "unfold",
        "linear",
        "matmul",
        "attention",
        "einsum",
        "lstm",
    ),
    *("gru", "rnn", "max_pool", "avg_pool", "global_avg_pool", "global_max_pool", "adaptive_avg_pool", "adaptive_max_pool"),
    *("upsample", "layer_norm", "group_norm", "instance_norm", "lrn", "maximum", "minimum", "weighted_sum", "concat", "stack"),
    *("tile", "gather", "reduce", "pad", "channel_shuffle", "space_to_depth", "depth_to_space", "embedding", "class_token"),
    "opaque",
)

# Whose tensors lie in another order than their shape says: views that move axes, and what works on each of their numbers. What
# needs them in order copies them first: `COPY_FIRST` as a tensor of its own, a flatten or reshape in place of a view.
MOVE_AXES = ("permute", "tokens", "untokens")
KEEP_ORDER = (*ACTIVATIONS, "add", "sub", "mul", "div", "maximum", "minimum", "elementwise", "scale", "bias")
COPY_FIRST = ("linear",)
COPY_INSTEAD = ("flatten", "reshape", "tokens")
PADDED_FIRST = (
    "conv",
    "max_pool",
    "avg_pool",
)  # pads that differ before and behind an axis are written into a copy of the input

# ── what is kept for the backward pass ───────────────────────────────────────────────────────────────────────────────

COUNTS = {  # what the formulas of `Keeps` and `Makes` are made of
    "batch": "examples at once",
    "channels": "channels of the input, of one example",
    "writes": "elements of the output, of one example",
    "positions": "positions of the input, of one example: elements of a channel",
    "apart": "groups of numbers of one example that are normalised apart",
    "groups": "the layer's groups",
    "heads": "the layer's heads",
    "size": "the layer's size",
    "layers": "the layer's layers",
    "affine": "1 where the layer has scales and offsets, 0 where it has none",
    "others": "inputs of the layer beside the first two",
    "more": "1 where it has such inputs, 0 where it has none",
}
batch, channels_, writes, positions, apart, groups, heads, size, layers, affine, others, more = symbols(" ".join(COUNTS))


@dataclass(frozen=True, slots=True)
class Keeps:
    """What a layer type keeps for its backward pass beside parameters."""

    inputs: bool = False
    output: bool = False
    statistics: Num = 0  # numbers, as formulas over COUNTS
    masks: Num = 0
    indices: Num = 0
    maps: Num = 0  # intermediate results, stored as activations are
    source: str = "PyTorch 2.13, tools/autograd/derivatives.yaml"


@dataclass(frozen=True, slots=True)
class Makes:
    """What a layer type makes beside its output, as formulas over COUNTS: in all, and at once with its output."""

    total: Num
    live: Num
    source: str


NOTHING, INPUT_ONLY, OUTPUT_ONLY, BOTH = Keeps(), Keeps(inputs=True), Keeps(output=True), Keeps(inputs=True, output=True)
CHAIN = Keeps(inputs=True, maps=batch * writes * others)
CELLS = "cuDNN's reserve space: the gates and cells of each token; PyTorch 2.13, aten/src/ATen/native/RNN.cpp"

KEEPS: dict[str, Keeps] = {  # of a kind, or of a kind with its operation
    **dict.fromkeys(("conv", "conv_transpose", "locally_connected", "linear", "scale", "prelu"), INPUT_ONLY),
    **dict.fromkeys(("matmul", "einsum", "div", "maximum", "minimum", "mul"), CHAIN),
    "deform_conv": INPUT_ONLY,
    **dict.fromkeys(("relu", "sigmoid", "tanh", "softmax"), OUTPUT_ONLY),
    **dict.fromkeys(("relu6", "leaky_relu", "elu", "gelu", "silu", "mish", "hardswish", "hardsigmoid"), INPUT_ONLY),
    "elementwise": INPUT_ONLY,
    **dict.fromkeys([f"elementwise.{op}" for op in ("exp", "sqrt", "rsqrt", "reciprocal", "tanh", "sigmoid")], OUTPUT_ONLY),
    **dict.fromkeys([f"elementwise.{op}" for op in ("neg", "identity", "floor", "ceil", "round", "sign", "where")], NOTHING),
    **dict.fromkeys([f"elementwise.{op}" for op in ("copy", "roll", "flip", "cumsum", "add", "sub", "mul", "div")], NOTHING),
    "reduce": BOTH,
    "reduce.mean": NOTHING,
    "reduce.sum": NOTHING,
    "weighted_sum": INPUT_ONLY,
    **dict.fromkeys(("avg_pool", "adaptive_avg_pool"), INPUT_ONLY),
    **dict.fromkeys(("max_pool", "global_max_pool", "adaptive_max_pool"), Keeps(inputs=True, indices=batch * writes)),
    "batch_norm": Keeps(inputs=True, statistics=2 * channels_),
    "layer_norm": Keeps(inputs=True, statistics=2 * batch * apart),
    "group_norm": Keeps(inputs=True, statistics=2 * batch * groups),
    "instance_norm": Keeps(
        inputs=True,
        statistics=2 * batch * channels_ + batch * channels_ * affine,
        source="PyTorch 2.13, aten/src/ATen/native/Normalization.cpp: instance_norm repeats its scales for each example",
    ),
    "lrn": Keeps(
        inputs=True,
        maps=batch * (2 * writes + (channels_ + size - 1) * positions),
        source="PyTorch 2.13, torch/nn/functional.py local_response_norm: padded squares, their scaled sum, its power",
    ),
    "dropout": Keeps(masks=batch * writes, source="PyTorch 2.13, aten/src/ATen/native/Dropout.cpp"),
    "stochastic_depth": Keeps(masks=batch, source="torchvision 0.28, ops/stochastic_depth.py, mode row"),
    "attention": Keeps(
        inputs=True,
        output=True,
        statistics=batch * heads * positions,
        source="FlashAttention, arXiv:2205.14135, algorithm 2: no scores, but the log of each query's sum of exponentials",
    ),
    "lstm": Keeps(inputs=True, output=True, maps=5 * batch * writes * layers, source=CELLS),
    "gru": Keeps(inputs=True, output=True, maps=4 * batch * writes * layers, source=CELLS),
    "rnn": Keeps(inputs=True, output=True, maps=batch * writes * (layers - 1), source=CELLS),
    "embedding": INPUT_ONLY,
    "opaque": Keeps(inputs=True, output=True, source="unknown: as much as a layer can keep without results in between"),
}
KEEP_NOTHING = (  # they need neither input nor output to go back
    *("add", "sub", "concat", "stack", "global_avg_pool", "upsample", "unfold", "bias", "tile", "gather", "pad"),
    *("channel_shuffle", "space_to_depth", "depth_to_space", "position_embedding", "class_token", "constant", "parameter"),
    *VIEWS,
    "tokens",
)
KEEP_NOTHING_WHERE = {"adaptive_avg_pool": ("out", 1)}  # where an argument has that value: it is a mean then
KEEP_OUTPUT_IN_PLACE = ("leaky_relu", "elu")  # in place they keep their output instead of a copy of their input
KEEP_FOR_WEIGHTS = ("conv", "conv_transpose", "locally_connected", "linear")  # the input, where their weights are learned
KEEP_FOR_OTHERS = ("mul", "matmul", "einsum")  # an input, where a gradient flows to another one

MAKES: dict[str, Makes] = {  # beside the output
    "lrn": Makes(
        total=batch * (5 * writes + (channels_ + size - 1) * positions),
        live=batch * (channels_ + size - 1) * positions,
        source="PyTorch 2.13, torch/nn/functional.py local_response_norm: squares, padded, their scaled mean, its power",
    ),
    "instance_norm": Makes(
        total=2 * batch * channels_ * affine,
        live=2 * batch * channels_ * affine,
        source="PyTorch 2.13, aten/src/ATen/native/Normalization.cpp: scales and offsets are repeated for each example",
    ),
    **dict.fromkeys(
        ("add", "sub", "mul", "div", "maximum", "minimum"),
        Makes(total=batch * writes * others, live=batch * writes * more, source="more than two tensors are taken two by two"),
    ),
}


def keeps_of(node: Node) -> Keeps:
    """Return what a layer keeps: by its operation where that makes a difference."""
    if "op" in node.args:
        return KEEPS.get(f"{node.kind}.{node.args['op']}") or KEEPS.get(node.kind, NOTHING)
    return KEEPS.get(node.kind, NOTHING)
