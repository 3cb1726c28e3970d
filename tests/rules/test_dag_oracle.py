"""Random networks of 3 to 40 layers of all types against PyTorch: shapes, parameters, buffers, multiply-adds and refusals.

Each network is then taken at two sizes at once, as columns, and in symbols: both have to say what the integers said. 300
networks by day and 10,000 by night, always from the same seeds by day. Without PyTorch these tests are skipped.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from random import Random
from typing import Any

import numpy as np
import pytest
from support import NIGHTLY

from cnncost.base.errors import CnncostError, ModelError
from cnncost.base.ints import Ints, checked
from cnncost.base.poly import Poly, symbols
from cnncost.graph.graph import Node, Tensor, Tracer
from cnncost.rules import Cost

torch = pytest.importorskip("torch")
from dags import KINDS, ChannelsLast, Signal, Step, Weights, propose, reference  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

BATCHES = 30
NETWORKS = (10_000 if NIGHTLY else 300) // BATCHES
LARGEST = 20_000  # elements of a tensor that is worked on further
COUNTED = ("conv", "conv_transpose", "linear", "matmul", "attention", "einsum", "lstm", "gru", "rnn")  # with multiply-adds
REFUSALS = (ValueError, IndexError, RuntimeError, TypeError, AttributeError, AssertionError)


def parted(step: Step, shapes: Sequence[Any], refusal: str) -> bool:
    """Whether we and PyTorch may differ about a step: what docs and the rules' words say of it."""
    kind, x = step.kind, shapes[0] if shapes else ()
    vector = len(shapes) > 1 and len({len(shape) for shape in shapes}) > 1 and any(len(shape) == 1 for shape in shapes)
    return (
        # a pad below the kernel, as Caffe has it, above half of it
        (kind in ("max_pool", "avg_pool") and "half" in refusal)
        # over three axes PyTorch asks for a kernel no larger than the input without its pads
        or (kind in ("max_pool", "avg_pool") and "smaller than kernel size" in refusal)
        # norms over a single number, which PyTorch refuses in training
        or "Expected more than 1" in refusal
        # a map whose channels are known to be last; C×L and tokens are told apart
        or isinstance(x, ChannelsLast)
        or (kind.startswith("global") and len(x) == 2 and not isinstance(x, Signal))
        or (kind in ("lstm", "gru", "rnn") and isinstance(x, Signal))
        # a vector beside a map may hold one number for each channel
        or vector
        # a C×L map beside tokens says for both where the channels are
        or (kind == "concat" and len({type(shape) for shape in shapes}) > 1)
        or (kind == "weighted_sum" and len({len(shape) for shape in shapes}) > 1)
        # more than eight axes
        or (kind in ("expand", "tile", "reshape", "unsqueeze") and " numbers" in refusal)
        # what the reference does not do: no axes left, vectors of a batch, windows over one or three axes
        or "scalar" in refusal
        or (kind == "matmul" and min(map(len, shapes)) < 2)
        or (kind == "unfold" and len(x) != 3)
    )


def grown(rng: Random) -> tuple[tuple[int, ...], list[Step], list[Node]]:
    """Return a random network that PyTorch and we agree about: its input, its steps and our nodes."""
    axes = rng.choice([1, 2, 2, 3])
    shape = (rng.randint(1, 6), *(rng.randint(1, {1: 20, 2: 12, 3: 6}[axes]) for _ in range(axes)))
    if rng.random() < 0.15:
        shape = shape[:1]
    batch = rng.randint(1, 3)
    tracer = Tracer()
    ours, theirs = [tracer.input(shape)], [torch.rand(batch, *shape)]
    steps: list[Step] = []
    for _ in range(rng.randint(3, 40)):
        step = propose(rng, [tensor.shape for tensor in ours], KINDS)
        read = [ours[i] for i in step.reads]
        shapes = [tensor.shape for tensor in read]
        y, refusal = None, ""
        try:
            y = tracer.apply(step.kind, tuple(read), step.args, None, None)
        except ModelError as error:
            refusal = error.message
        weights, counter = Weights(), FlopCounterMode(display=False)
        z = None
        try:
            if step.kind in COUNTED:
                with counter:
                    z = reference(step, shapes[0], weights, [theirs[i] for i in step.reads])
            else:
                z = reference(step, shapes[0], weights, [theirs[i] for i in step.reads])
            if z.dim() < 2 or not z.numel():
                z, refusal = None, "a scalar"
        except REFUSALS as error:
            refusal = f"{type(error).__name__}: {error}"
        if y is None or z is None or tuple(y.shape) != tuple(z.shape[1:]):
            assert (y is None) == (z is None) or parted(step, shapes, refusal), (step, shapes, refusal)
            assert y is None or z is None or parted(step, shapes, refusal), (step, shapes, y, z.shape)
            continue
        cost = tracer.nodes[-1].cost
        macs = counter.get_total_flops() // 2 if step.kind in COUNTED else 0
        macs = (macs or weights.unseen) // batch
        wanted = (sum(p.numel() for p in weights.parameters), sum(b.numel() for b in weights.buffers), macs)
        if step.kind == "einsum" and 1 in (shapes[0][1], shapes[1][1]):
            wanted = (*wanted[:2], cost.macs)  # over an axis of one number PyTorch multiplies without a sum, and counts nothing
        if (cost.params, cost.buffers, cost.macs) != wanted:
            assert parted(step, shapes, ""), (step, shapes)
            continue
        if z.numel() <= LARGEST:
            ours.append(y)
            theirs.append(z.detach().contiguous())
            steps.append(step)
    return shape, steps, [tracer.nodes[tensor.index] for tensor in ours]


def tried(shape: Sequence[Any], steps: Sequence[Step]) -> tuple[list[Cost] | None, CnncostError | None]:
    """Return the costs of the same steps on another input, or why one of them refuses."""
    tracer = Tracer()
    tensors: list[Tensor] = [tracer.input(tuple(shape))]
    try:
        for step in steps:
            tensors.append(tracer.apply(step.kind, tuple(tensors[i] for i in step.reads), step.args, None, None))
    except CnncostError as error:
        return None, error
    return [tracer.nodes[tensor.index].cost for tensor in tensors], None


def at(cost: Cost, pick: Any) -> list[Any]:
    """Return all numbers of a cost, each at one candidate or at one point."""
    counts = [getattr(cost, each.name) for each in fields(Cost) if each.name != "shape"]
    return [pick(number) for number in (*cost.shape, *counts)]


@pytest.mark.parametrize("part", range(BATCHES))
def test_random_networks(part: int) -> None:
    torch.set_num_threads(1)
    for seed in range(NETWORKS):
        rng = Random(part * 1_000_000 + seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shape, steps, nodes = grown(rng)
        one = [node.cost for node in nodes]
        other = (shape[0], *(size + rng.randint(0, 3) for size in shape[1:]))
        two, _ = tried(other, steps)
        column = [size if size == more else checked(np.array([size, more])) for size, more in zip(shape, other, strict=True)]
        both, refusal = tried(column, steps)
        if both is None:  # a column says which candidates are refused: never the first, which is valid
            valid = getattr(refusal, "valid", None)
            assert valid is None or bool(np.broadcast_to(valid, 2)[0])
            assert valid is None or two is None
        else:
            for expected, place in ((one, 0), (two, 1)):
                for cost, alone in zip(both, expected or (), strict=bool(expected)):
                    assert at(cost, partial(candidate, place)) == at(alone, int), (place, alone)
        closed, _ = tried((shape[0], *symbols("H W D")[: len(shape) - 1]), steps)
        point = dict(zip(("H", "W", "D"), shape[1:], strict=False))
        for cost, alone in zip(closed or (), one, strict=bool(closed)):
            assert at(cost, partial(subs, point)) == at(alone, int), alone


def candidate(place: int, number: Any) -> int:
    """Return one candidate of a column."""
    return int(number.values[place]) if isinstance(number, Ints) else number


def subs(point: dict[str, int], number: Any) -> Any:
    """Return a closed form at a point."""
    return number.subs(point) if isinstance(number, Poly) else number
