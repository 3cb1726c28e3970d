"""How the numbers of one layer lie in memory: stored beforehand, over others, in another order, or in a padded copy."""

from __future__ import annotations

from collections.abc import Mapping

from cnncost.base.poly import Num, equal, same
from cnncost.graph.graph import Node
from cnncost.measures.facts import KEEP_NOTHING_WHERE, STORED, VIEWS, VIEWS_WHERE
from cnncost.rules import Shape, channels, per_axis, sides
from cnncost.rules.shapes import ChannelsLast, axis_of

APART = (-1,)  # the order of numbers that lie as their shape says, example by example, with gaps between


def is_stored(node: Node) -> bool:
    """Return whether a node is numbers that are there before the network runs: parameters, buffers, a further input."""
    return node.kind in STORED and node.args.get("counted", True) is True


def is_view(node: Node, known: Mapping[str, str]) -> bool:
    """Return whether a layer's output is another look at its input's storage, while training too.

    `known` is the graph's `storage`: what its file says.
    """
    if node.name in known:
        return known[node.name] == "view"
    if node.kind in VIEWS_WHERE:
        argument, neutral = VIEWS_WHERE[node.kind]
        value = node.args.get(argument, neutral)
        return all(same(part, neutral) for part in (value if isinstance(value, tuple) else (value,)))
    return node.kind in VIEWS


def channels_of(node: Node, x: Shape) -> Num:
    """Return the channels that a layer takes its input to have."""
    axis = node.args.get("axis")
    if isinstance(axis, int):
        return x[axis]
    if node.kind == "attention":  # whatever axes lead, heads among them
        return x[-1]
    return x[0] if node.kind in ("instance_norm", "lrn") and not isinstance(x, ChannelsLast) else channels(x)


def keeps_nothing(node: Node) -> bool:
    """Return whether a layer keeps nothing for the backward pass, though others of its type do."""
    if node.kind not in KEEP_NOTHING_WHERE:
        return False
    argument, neutral = KEEP_NOTHING_WHERE[node.kind]
    value = node.args.get(argument)
    return all(same(part, neutral) for part in (value if isinstance(value, tuple) else (value,)))


def cut(node: Node, x: Shape) -> tuple[int, ...] | None:
    """Return how a range of an axis lies: that of the first axis in order, with gaps between examples."""
    axis = axis_of(x, node.args.get("axis"))
    if len(node.cost.shape) == len(x) and equal(node.cost.shape[axis], x[axis]):
        return None
    return APART if axis == 0 else ()


def moved(node: Node, x: Shape, before: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """Return in which order numbers lie after axes were moved: the storage's axes, by those of the shape."""
    whole: tuple[int, ...] | None
    if node.kind == "tokens" and before == ():
        before = None  # flattened first, and copied
    if before in (APART, ()):
        return ()
    if node.kind == "permute":
        order = tuple(axis % len(x) for axis in node.args["order"])
        whole = order if before is None else tuple(before[axis] for axis in order) if len(before) == len(x) else ()
    elif node.kind == "tokens":  # C×(H·W) to (H·W)×C
        whole = None if before == (2, 0, 1) else (1, 0)
    else:  # (H·W)×C to C×H×W
        whole = None if before == (1, 0) else (2, 0, 1)
    if not whole:
        return whole
    long = [axis for axis, size in zip(whole, node.cost.shape, strict=True) if not (isinstance(size, int) and size == 1)]
    return None if long == sorted(long) else whole


def padded(node: Node, x: Shape) -> Shape | None:
    """Return the shape of the padded copy of an input; None where its pads are the same before and behind each axis."""
    pad = node.args.get("pad", 0)
    if isinstance(pad, int) or len(x) < 2:
        return None
    n = len(x) - 1
    both = sides(pad, n)
    if both is None:
        kernel, dilation = (per_axis(node.args.get(name, 1), name, n) for name in ("kernel", "dilation"))
        if not all(isinstance(number, int) for number in (*kernel, *dilation)):
            return None
        odd = [d * (k - 1) % 2 for k, d in zip(kernel, dilation, strict=True)]  # behind the axis there is one more
        return (x[0], *(size + more for size, more in zip(x[1:], odd, strict=True))) if any(odd) else None
    if all(both[2 * axis] is both[2 * axis + 1] or same(both[2 * axis], both[2 * axis + 1]) for axis in range(n)):
        return None
    return (x[0], *(size + both[2 * axis] + both[2 * axis + 1] for axis, size in enumerate(x[1:])))
