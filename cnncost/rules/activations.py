"""Activations and noise: layers that work on each number alone, or nearly."""

from __future__ import annotations

from fractions import Fraction

from cnncost.rules.rule import Cost, Shape, require, rule
from cnncost.rules.shapes import Axes, axis_of, positions_of


def _pointwise(kind: str, words: str) -> None:
    def function(x: Shape) -> Cost:
        return Cost(x)

    function.__name__, function.__doc__ = kind, words
    rule("activations")(function)


for _kind, _words in {
    "relu": "Rectifier: max(x, 0). Works in place: no memory, no parameters. Source: rule R10 of the counting rules.",
    "relu6": "Rectifier with a ceiling: min(max(x, 0), 6). Source: arXiv:1704.04861.",
    "leaky_relu": "Rectifier with a small fixed slope below zero.",
    "elu": "Exponential linear unit. Source: arXiv:1511.07289.",
    "gelu": "Gaussian error linear unit. Source: arXiv:1606.08415.",
    "silu": "x·sigmoid(x), also called swish. Source: arXiv:1606.08415 and arXiv:1710.05941.",
    "mish": "x·tanh(softplus(x)). Source: arXiv:1908.08681.",
    "sigmoid": "Logistic function.",
    "tanh": "Hyperbolic tangent.",
    "hardswish": "x·relu6(x + 3)/6. Source: MobileNetV3, arXiv:1905.02244.",
    "hardsigmoid": "relu6(x + 3)/6. Source: MobileNetV3, arXiv:1905.02244.",
}.items():
    _pointwise(_kind, _words)


@rule("activations")
def softmax(x: Shape, *, axis: int | None = None) -> Cost:
    """Exponentials divided by their sum, along the channels (features) or along `axis`."""
    axis_of(x, axis)
    return Cost(x)


@rule("activations")
def prelu(x: Shape, *, shared: bool = False, axis: Axes | None = None) -> Cost:
    """Rectifier with a learned slope below zero: one per channel, or one for all (`shared`).

    With `axis` there is one for each position of the axes named.

    Source: arXiv:1502.01852, section 2.1.
    """
    return Cost(x, params=1 if shared else positions_of(x, axis))


def _probability(p: float) -> None:
    require(isinstance(p, (int, float, Fraction)) and 0 <= p <= 1, f"the probability is {p!r}", "give a number from 0 to 1")


@rule("activations")
def dropout(x: Shape, p: float = 0.5) -> Cost:
    """Set each element to zero with probability `p` while training; nothing at inference.

    Source: arXiv:1207.0580.
    """
    _probability(p)
    return Cost(x)


@rule("activations")
def stochastic_depth(x: Shape, p: float = 0.5) -> Cost:
    """Drop a whole residual branch with probability `p` while training; nothing at inference.

    Source: arXiv:1603.09382.
    """
    _probability(p)
    return Cost(x)
