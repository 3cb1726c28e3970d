"""What a training step computes: the forward pass, the gradient of each layer's input and that of its weights.

Each gradient of a convolution or linear layer takes as many multiply-adds as its forward pass, so that a step costs three
times as much, but for the first layers, whose input needs no gradient. Activations, norms and pooling are free in the
backward pass: no tool counts them. With gradient checkpointing the layers of segments run forward twice.
"""

from __future__ import annotations

import numpy as np

from cnncost.base.poly import Num
from cnncost.base.record import dataclass
from cnncost.counting import Convention
from cnncost.counting.convention import GRADIENTS
from cnncost.counting.counts import Column, Counts
from cnncost.graph.graph import Graph
from cnncost.measures.checkpoints import segments


@dataclass(frozen=True, slots=True)
class Training:
    """FLOPs of one training step, per layer."""

    forward: Column
    input_gradient: Column
    weight_gradient: Column
    again: Column  # the forward pass of what checkpointing computes a second time
    notes: tuple[str, ...]  # what the convention makes of the backward pass

    @property
    def total(self) -> Column:
        """All of them together."""
        total: Column = self.forward + self.again + self.input_gradient + self.weight_gradient
        return total


def training(counts: Counts, convention: Convention, batch: Num = 1, checkpoint: str = "none") -> Training:
    """Return what a training step costs by a convention, under a way of checkpointing.

    Source: as PyTorch's FlopCounterMode counts a forward and a backward pass (torch/utils/flop_counter.py), there at 2 FLOPs
    a multiply-add.
    """
    factor = 1 if convention.per_example else batch
    graph = counts.graph
    needed = needs_gradient(graph)
    unneeded = [index for index, node in enumerate(graph.layers) if not any(needed[i] for i in node.inputs)]
    forward, inputs, weights = (
        counts.charge(convention, figure, factor) for figure in ("flops", "input_gradient", "weight_gradient")
    )
    inputs, weights = inputs.copy(), weights.copy()  # conventions share columns
    inputs[np.array(unneeded, dtype=np.intp)] = 0
    weights[np.array([isinstance(n, int) and n == 0 for n in counts.columns["learned"].tolist()], dtype=bool)] = 0
    if sum(int(abs(part).sum()) for part in (forward, forward, inputs, weights) if part.dtype != object) >= 2**63:
        forward, inputs, weights = (part.astype(object) for part in (forward, inputs, weights))
    again = np.zeros_like(forward)
    twice = np.array([index - 1 for piece in segments(graph, checkpoint) for index in piece], dtype=np.intp)
    again[twice] = forward[twice]
    slips = counts.slips(convention, *GRADIENTS)
    note = "training FLOPs: forward, and gradients of weights and of inputs that need one, as many multiply-adds each"
    if len(twice):
        note += f"; checkpointing {checkpoint} computes {len(twice)} layers again"
    return Training(forward, inputs, weights, again, (note, *(f"note: {slip}" for slip in slips)))


def needs_gradient(graph: Graph) -> list[bool]:
    """Return of each node, the input first, whether its output depends on anything learned."""
    needed: list[bool] = []
    for node in graph.nodes:
        params = node.cost.params
        learns = node.shares is not None or not (isinstance(params, int) and params == 0)
        reads = node.kind != "constant"  # whose input says only where it stands
        needed.append(learns or (reads and any(needed[i] for i in node.inputs)))
    return needed
