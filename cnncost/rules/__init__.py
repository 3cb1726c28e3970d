"""The rules: one function per layer type, from shapes and arguments to a `Cost`.

Shapes are of one example, without the batch, of any rank: (C, H, W) is a map, (F,) features, (T, D) tokens. All numbers are
exact. `rule` says what a rule is; the sections of rules follow one another in `RULES` as they are imported here.
"""

# ruff: noqa: I001  # the sections stand in the order in which people read them
from cnncost.rules import convolution, products, recurrent, pooling, norms, activations, joins, rearrange, sources  # noqa: F401
from cnncost.rules.rule import RULES, Cost, Rule, Shape, at_least, divide, elements, require, rule, show
from cnncost.rules.shapes import Axes, Pad, Sizes, channel_axis, channels, image, per_axis, sides
from cnncost.rules.windows import CeilMode

__all__ = [
    "RULES",
    "Axes",
    "CeilMode",
    "Cost",
    "Pad",
    "Rule",
    "Shape",
    "Sizes",
    "at_least",
    "channel_axis",
    "channels",
    "divide",
    "elements",
    "image",
    "per_axis",
    "require",
    "rule",
    "show",
    "sides",
]
