"""PyTorch as the oracle of memory, on random networks of single layers: what they make, the peak, and what they keep.

Every layer is written as PyTorch's users write it, nothing works in place, and the statistics of norms are left out. Without
PyTorch these tests are skipped.
"""

from __future__ import annotations

import warnings
from random import Random
from typing import Any

import pytest
from support import NIGHTLY

from cnncost.base.errors import ModelError
from cnncost.graph.graph import Graph, Tracer
from cnncost.measures.facts import ACTIVATIONS, VIEWS
from cnncost.measures.memory import memory
from cnncost.rules.shapes import ChannelsLast, Signal

torch = pytest.importorskip("torch")
from dags import KINDS, Step, Weights, propose, reference  # noqa: E402
from storages import inference, kept  # noqa: E402

BATCH = 2
NETWORKS = 2000 if NIGHTLY else 200
UNLIKE = {  # layers that PyTorch has no operator for, or of which our row says something else
    *("attention", "lstm", "gru", "rnn"),  # fused kernels here, written out or of a library there
    *("global_max_pool", "weighted_sum", "gather", "unfold", "bias", "tile"),
    *("channel_shuffle", "space_to_depth", "depth_to_space"),  # copied, but where nothing moves
}
ORDINARY = tuple(kind for kind in KINDS if kind not in UNLIKE)
FOLLOWED = (*VIEWS, *ACTIVATIONS, "tokens", "linear", "layer_norm", "elementwise")  # that read what lies in another order
REFUSALS = (ValueError, IndexError, RuntimeError, TypeError, AttributeError, AssertionError)


def plain(step: Step, shapes: list[Any]) -> bool:
    """Whether PyTorch does what a step says by one operator: channels where they are wont to be, no scale with a bias."""
    x = shapes[0] if shapes else ()
    first = len(x) > 2 or isinstance(x, Signal)
    return not (
        isinstance(x, ChannelsLast)
        or (step.kind in ("batch_norm", "group_norm", "prelu", "instance_norm", "lrn") and not first)
        or (step.kind in ("batch_norm", "group_norm") and step.args["axis"] not in (None, 0))
        or (step.kind in ("scale", "linear") and step.args["bias"])  # added by an operator of its own, the linear one at times
        or any(len(shape) != len(x) for shape in shapes)
    )


def network(rng: Random, kinds: tuple[str, ...]) -> tuple[tuple[int, ...], list[Step], list[Weights], Graph]:
    """Return a random network whose last tensor is its output, with its weights."""
    axes = rng.choice([1, 2, 2, 3])
    shape = (rng.randint(2, 5), *(rng.randint(3, 7) for _ in range(axes)))
    tracer = Tracer()
    ours, theirs = [tracer.input(shape)], [torch.rand(BATCH, *shape)]
    steps: list[Step] = []
    weights: list[Weights] = []
    for _ in range(rng.randint(2, 8)):
        step = propose(rng, [tensor.shape for tensor in ours], kinds)
        read, own, before = [ours[i] for i in step.reads], Weights(), len(tracer.nodes)
        shapes = [tensor.shape for tensor in read]
        try:
            z = reference(step, shapes[0], own, [theirs[i] for i in step.reads])
            y = tracer.apply(step.kind, tuple(read), step.args, None, None)
        except (*REFUSALS, ModelError):
            continue
        scattered = not all(theirs[i].is_contiguous() for i in step.reads)
        if scattered and (step.kind not in FOLLOWED or len(step.reads) > 1):
            y = None
        if y is None or not plain(step, shapes) or tuple(z.shape[1:]) != tuple(y.shape) or not 0 < z.numel() < 5000:
            del tracer.nodes[before:]
            continue
        ours.append(y)
        theirs.append(z.detach())
        steps.append(step)
        weights.append(own)
    return shape, steps, weights, Graph("net", tuple(tracer.nodes), (ours[-1].index,))


@pytest.mark.parametrize("part", range(10))
def test_as_pytorch(part: int) -> None:
    torch.set_num_threads(1)
    for seed in range(NETWORKS // 10):
        rng = Random(part * 100_000 + seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shape, steps, weights, graph = network(rng, ORDINARY)
            if not steps:
                continue
            firsts = [graph.nodes[step.reads[0]].cost.shape for step in steps]

            def run(x: Any, steps: Any = steps, weights: Any = weights, firsts: Any = firsts) -> Any:
                tensors = [x]
                for step, own, first in zip(steps, weights, firsts, strict=True):
                    tensors.append(reference(step, first, own.again(), [tensors[i] for i in step.reads]))
                return tensors[-1]

            stored = [tensor for own in weights for tensor in (*own.parameters, *own.buffers)]
            image = torch.rand(BATCH, *shape)
            outputs, peak = inference(run, image, stored)
            held = kept(run, image, stored)
        plan = memory(graph, batch=BATCH, in_place=())
        assert (plan.outputs_bytes, plan.peak_bytes, plan.kept_bytes) == (outputs, peak, held), (seed, shape, steps)
