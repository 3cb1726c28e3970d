"""The roofline: how many FLOPs a layer does per byte it moves, and what bound a device's two rates put on it.

A layer cannot finish before its multiply-adds are done at the device's peak rate, nor before its operands have moved at the
device's bandwidth. Both are bounds for layers run one by one, from memory to memory; neither says how long a layer takes.

Source: Williams, Waterman and Patterson, Roofline, CACM 52(4), 2009.
"""

from __future__ import annotations

from fractions import Fraction

from cnncost.base.poly import Num
from cnncost.base.record import dataclass
from cnncost.base.units import DTYPES
from cnncost.measures.devices import Device
from cnncost.measures.facts import LOOKED_UP, NOTHING_AT_INFERENCE
from cnncost.measures.layout import is_stored, is_view
from cnncost.measures.memory import Memory
from cnncost.rules import elements

OPERATIONS_PER_MAC = 2  # vendors count the multiplication and the addition


def bytes_moved(plan: Memory) -> tuple[Num, ...]:
    """Return the bytes each layer moves at inference: inputs and parameters read, the output written, each once.

    Views, and what does nothing at inference, move nothing.
    """
    how, graph = plan.precision, plan.graph
    sizes, nodes = plan.tensor_bytes, graph.nodes
    parameter, buffer = DTYPES[how.parameters], DTYPES[how.buffers]
    own = {node.name: node for node in graph.layers} if any(node.shares for node in graph.layers) else {}
    moved: list[Num] = []
    for index, node in enumerate(nodes[1:], start=1):
        if node.runs == 0 or is_view(node, graph.storage) or node.kind in NOTHING_AT_INFERENCE or is_stored(node):
            moved.append(0)
            continue
        weights = own[node.shares].cost if node.shares else node.cost
        activations = sum([sizes[i] for i in node.inputs]) + sizes[index]
        if node.kind in LOOKED_UP:  # as many of its numbers as the output has
            moved.append(activations + elements(node.cost.shape) * parameter)
            continue
        moved.append(activations + weights.params * parameter + weights.buffers * buffer)
    return tuple(moved)


@dataclass(frozen=True, slots=True)
class Bound:
    """The least time, in seconds, that a device's rates allow, and which of the two sets it."""

    seconds: Fraction
    by: str  # "compute" or "memory"


def bound(macs: int, moved: int | Fraction, device: Device, dtype: str) -> Bound:
    """Return the roofline bound of a layer that does `macs` multiply-adds and moves `moved` bytes."""
    compute = Fraction(OPERATIONS_PER_MAC * macs, device.rate(dtype))
    memory = Fraction(moved) / device.bandwidth
    return Bound(compute, "compute") if compute > memory else Bound(memory, "memory")


def ridge(device: Device, dtype: str) -> Fraction:
    """Return the multiply-adds per byte above which compute is the bound."""
    return Fraction(device.rate(dtype), OPERATIONS_PER_MAC * device.bandwidth)
