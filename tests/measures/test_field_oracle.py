"""Receptive fields against autograd: which inputs have a gradient, of every position of random encoders and decoders.

Weights are positive, so that no gradient cancels; what lies outside the image is the padding's, so only positions whose window
lies well inside are compared. Without PyTorch these tests are skipped.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from support import NIGHTLY

from cnncost.base.errors import CnncostError
from cnncost.graph.graph import Graph, Tracer
from cnncost.measures.field import receptive_fields

torch = pytest.importorskip("torch")
from torch.nn import functional as F  # noqa: E402, N812  # as everybody writes it

NETWORKS = 2000 if NIGHTLY else 200
SIZES = {1: 120, 2: 44, 3: 20}  # of the input, by its number of axes
STEPS = ("conv", "conv", "conv", "pool", "up", "up", "smooth", "deconv", "adaptive", "branch", "pad", "slice", "shuffle")
LEAST = 3  # positions of a map


def positive(*shape: int) -> Any:
    return torch.rand(*shape, dtype=torch.float64) + 0.1


def step(rng: Random, n: int, x: Any, y: Any) -> tuple[Any, Any]:
    """Apply one random layer to our tensor and to theirs."""
    conv, transposed = ((F.conv1d, F.conv_transpose1d), (F.conv2d, F.conv_transpose2d), (F.conv3d, F.conv_transpose3d))[n - 1]
    kind = rng.choice(STEPS)
    if kind == "conv":
        k, s, d = rng.randint(1, 3), rng.randint(1, 2), rng.randint(1, 2)
        p = rng.randint(0, d * (k - 1) // 2 + 1)
        return x.conv(1, k, s, p, dilation=d, bias=False), conv(y, positive(1, 1, *(k,) * n), None, s, p, d)
    if kind == "pool":
        k = rng.randint(2, 3)
        pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[n - 1]
        return x.avg_pool(k), pool(y, k)
    if kind == "up":
        scale = rng.choice([2, 3])
        return x.upsample(scale), F.interpolate(y, scale_factor=scale)
    if kind == "smooth":
        mode = {1: "linear", 2: "bilinear", 3: "trilinear"}[n]
        scale = rng.choice([2, 3])
        return x.upsample(scale, mode=mode), F.interpolate(y, scale_factor=scale, mode=mode)
    if kind == "deconv":
        k, s, p = rng.randint(1, 4), rng.randint(1, 3), rng.randint(0, 1)
        return x.conv_transpose(1, k, s, p, bias=False), transposed(y, positive(1, 1, *(k,) * n), None, s, p)
    if kind == "adaptive":
        out = rng.randint(LEAST, max(LEAST, y.shape[2] - 1))
        pool = (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)[n - 1]
        return x.adaptive_avg_pool(out), pool(y, out)
    if kind == "branch":
        k = rng.choice([3, 5])
        return x.conv(1, k, 1, k // 2, bias=False) + x, conv(y, positive(1, 1, *(k,) * n), None, 1, k // 2) + y
    if kind == "pad":
        return x.pad(1), F.pad(y, (1, 1) * n)
    if kind == "slice":
        start, by = rng.randint(0, 1), rng.randint(1, 2)
        index = (slice(None), slice(None), *(slice(start, None, by),) * n)
        for axis in range(1, n + 1):
            x = x.slice(start, step=by, axis=axis)
        return x, y[index]
    more = positive(2**n, 1, *(1,) * n)
    z = conv(y, more)
    wide = z.reshape(1, 1, *(2,) * n, *y.shape[2:]).permute(0, 1, *(axis for i in range(n) for axis in (2 + n + i, 2 + i)))
    return x.conv(2**n, 1, bias=False).depth_to_space(2), wide.reshape(1, 1, *(2 * size for size in y.shape[2:]))


def seen(y: Any, image: Any, place: int) -> tuple[int, int] | None:
    """Return the first and the last pixel that the positions of one row see, along the first axis."""
    (gradient,) = torch.autograd.grad(y.select(2, place).sum(), image, retain_graph=True)
    touched = gradient.abs().sum([axis for axis in range(gradient.dim()) if axis != 2]).nonzero().flatten().tolist()
    return (touched[0], touched[-1]) if touched else None


@pytest.mark.parametrize("part", range(10))
def test_as_autograd(part: int) -> None:
    torch.set_num_threads(1)
    uneven = 0
    for seed in range(NETWORKS // 10):
        rng = Random(1000 * part + seed)
        n = rng.choice([1, 1, 2, 3])
        tracer = Tracer()
        x = tracer.input((1, *(SIZES[n],) * n))
        image = torch.ones(1, 1, *(SIZES[n],) * n, dtype=torch.float64, requires_grad=True)
        y = image
        for _ in range(rng.randint(1, 7)):
            try:
                x_, y_ = step(rng, n, x, y)
            except (CnncostError, RuntimeError):
                continue
            if LEAST <= y_.shape[2] <= 2 * SIZES[n]:
                x, y = x_, y_
        field = receptive_fields(Graph("net", tuple(tracer.nodes), (x.index,)))[x.index]
        if field is None:  # the windows repeat too late
            continue
        assert tuple(x.shape) == tuple(y.shape[1:])
        axis = field[0]
        uneven += axis.smallest != axis.size
        margin = SIZES[n] // 4  # nearer to an edge a window may reach over that of a map between
        for place in range(y.shape[2]):
            window = axis.at(place)
            if window is None or (margin <= window[0] and window[1] < SIZES[n] - margin):
                assert seen(y, image, place) == window, (seed, place, [node.kind for node in tracer.nodes])
    assert uneven
