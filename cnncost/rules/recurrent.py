"""Recurrent layers over tokens: a state that is updated from token to token, by products of matrices."""

from __future__ import annotations

from cnncost.base.errors import Refusal
from cnncost.base.poly import Num
from cnncost.rules.convolution import owned
from cnncost.rules.rule import Cost, Shape, at_least, elements, refuse, require, rule, show
from cnncost.rules.shapes import Signal


def _recurrent(
    x: Shape,
    out: Num,
    gates: int,
    layers: int,
    bidirectional: bool,
    projection: Num,
    bias: int,
    last: bool,
    learned: bool,
    weight: Shape | None,
) -> Cost:
    """Return the cost of `gates` products of the token, and as many of the state, for each token, layer and direction."""
    if len(x) < 2 or isinstance(x, Signal):
        remedy = "make tokens of a map: tokens, or permute the axes of a C×L map"
        refuse(f"needs T×D tokens, got {show(x)}", remedy, Refusal.AXES)
    at_least(1, out, "out")
    at_least(1, layers, "layers")
    require(type(layers) is int, f"layers is {layers}", "give a whole number")
    require(type(bias) is int and 0 <= bias <= 2, f"bias is {bias}", "give the vectors of each gate: 2, 1 or 0")
    at_least(0, projection, "projection")
    *leading, tokens, features = x
    directions = 1 + bidirectional
    state = projection if not isinstance(projection, int) or projection else out  # what the next token and layer see
    projected = projection * out
    weights: Num = 0
    for _ in range(layers):
        weights = weights + directions * (gates * out * (features + state) + projected)
        features = directions * state
    offsets = layers * directions * gates * out
    shape = (*leading, *(() if last else (tokens,)), directions * state)
    rows = elements((*leading, tokens))
    params, buffers = owned(weights + bias * offsets, learned)
    if weight is not None:  # made by other layers
        params = buffers = 0
    return Cost(shape, params, weights * rows, bias=offsets * rows * bias, buffers=buffers)


@rule("recurrent")
def lstm(
    x: Shape,
    out: Num,
    *,
    layers: Num = 1,
    bidirectional: bool = False,
    projection: Num = 0,
    bias: Num = 2,
    last: bool = False,
    learned: bool = True,
    weight: Shape | None = None,
) -> Cost:
    """Long short-term memory over T×D tokens: T×out, or `out` features of the last state (`last`).

    Four gates, each a product of the token and one of the state; with `projection` the state is that narrow. A direction
    more doubles the features. Leading axes are sequences of their own. There are as many vectors of offsets (`bias`) as in
    PyTorch: two; Keras has 1. Weights that are fixed rather than `learned` are buffers; those computed by the network are a
    tensor, `weight`.

    Source: PyTorch's LSTM; projections as in arXiv:1402.1128.
    """
    return _recurrent(x, out, 4, layers, bidirectional, projection, bias, last, learned, weight)


@rule("recurrent")
def gru(
    x: Shape,
    out: Num,
    *,
    layers: Num = 1,
    bidirectional: bool = False,
    bias: Num = 2,
    last: bool = False,
    learned: bool = True,
    weight: Shape | None = None,
) -> Cost:
    """Gated recurrent unit over T×D tokens: as `lstm`, with three gates.

    Source: PyTorch's GRU; Keras has two vectors of offsets where `reset_after`, its default.
    """
    return _recurrent(x, out, 3, layers, bidirectional, 0, bias, last, learned, weight)


@rule("recurrent")
def rnn(
    x: Shape,
    out: Num,
    *,
    layers: Num = 1,
    bidirectional: bool = False,
    bias: Num = 2,
    last: bool = False,
    learned: bool = True,
    weight: Shape | None = None,
) -> Cost:
    """Plain recurrent layer over T×D tokens: as `lstm`, with one product of each.

    Source: PyTorch's RNN; Keras's SimpleRNN, which has one vector of offsets.
    """
    return _recurrent(x, out, 1, layers, bidirectional, 0, bias, last, learned, weight)
