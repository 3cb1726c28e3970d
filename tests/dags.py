"""Random networks, layer by layer, as cnncost's builder and as PyTorch's operators: what the oracles of this folder draw from.

A step is a layer type, its arguments and the tensors it reads. `propose` draws one that may or may not be valid; `REFERENCE`
says how PyTorch does it, on tensors with a batch in front.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  # as everybody writes it

from cnncost.rules import channel_axis
from cnncost.rules.shapes import ChannelsLast, Signal

Shape = tuple[int, ...]


@dataclass
class Step:
    """A layer to be: its type, its arguments, and the places of the tensors that it reads."""

    kind: str
    args: dict[str, Any]
    reads: tuple[int, ...]


@dataclass
class Weights:
    """The parameters and buffers that the reference made, and multiply-adds that its counter does not see."""

    parameters: list[Any] = field(default_factory=list)
    buffers: list[Any] = field(default_factory=list)
    unseen: int = 0

    made: list[Any] = field(default_factory=list)
    place: int = 0

    def again(self) -> Weights:
        """Return the weights to be given out a second time, in the same order."""
        self.place = 0
        return self

    def _next(self, make: Callable[[], Any]) -> Any:
        if self.place == len(self.made):
            self.made.append(make())
            tensors = [self.made[-1]] if isinstance(self.made[-1], nn.Parameter) else self.made[-1].parameters()
            self.parameters += tensors
            self.buffers += [] if isinstance(self.made[-1], nn.Parameter) else self.made[-1].buffers()
        self.place += 1
        return self.made[self.place - 1]

    def new(self, *shape: int) -> Any:
        """Return a parameter."""
        return self._next(lambda: nn.Parameter(torch.rand(*shape)))

    def module(self, kind: Any, *args: Any, **options: Any) -> Any:
        """Return a module with its parameters and buffers."""
        return self._next(lambda: kind(*args, **options))


# ── proposals ────────────────────────────────────────────────────────────────────────────────────────────────────────


def propose(rng: Random, shapes: list[Shape], kinds: tuple[str, ...]) -> Step:
    """Return a step that reads some of the tensors: mostly the last ones, mostly valid."""
    kind = rng.choice(kinds)
    first = len(shapes) - 1 - min(int(rng.expovariate(1.2)), len(shapes) - 1)
    x = shapes[first]
    args, others = ARGUMENTS.get(kind, _none)(rng, x, shapes)
    return Step(kind, args, (first, *others) if kind != "parameter" else ())


def _none(rng: Random, x: Shape, shapes: list[Shape]) -> tuple[dict[str, Any], tuple[int, ...]]:
    return {}, ()


def _each(rng: Random, n: int, low: int, high: int) -> Any:
    if rng.random() < 0.5:
        return rng.randint(low, high)
    return tuple(rng.randint(low, high) for _ in range(n))


def _axes(x: Shape) -> int:
    return max(len(x) - 1, 1)


def _divisor(rng: Random, number: int) -> int:
    divisors = [d for d in range(1, number + 1) if number % d == 0]
    return rng.choice(divisors) if rng.random() < 0.9 else rng.randint(1, number + 1)


def _conv(rng: Random, x: Shape, shapes: list[Shape]) -> Any:
    n, groups = _axes(x), _divisor(rng, x[0])
    args = {"out": groups * rng.randint(1, 3), "kernel": _each(rng, n, 1, 4), "stride": _each(rng, n, 1, 3)}
    args |= {"dilation": _each(rng, n, 1, 2), "groups": groups, "bias": rng.random() < 0.5}
    args["pad"] = rng.choice([0, rng.randint(0, 3), tuple(rng.randint(0, 3) for _ in range(2 * n)), _each(rng, n, 0, 3)])
    if rng.random() < 0.15:
        args |= {"pad": "same", "stride": 1}
    return args, ()


def _conv_transpose(rng: Random, x: Shape, shapes: list[Shape]) -> Any:
    args, others = _conv(rng, x, shapes)
    args |= {"pad": _each(rng, _axes(x), 0, 2), "output_pad": rng.choice([0, _each(rng, _axes(x), 0, 2)])}
    return args, others


def _pool(rng: Random, x: Shape, shapes: list[Shape]) -> Any:
    n = _axes(x)
    args = {"kernel": _each(rng, n, 1, 4), "stride": rng.choice([None, _each(rng, n, 1, 3)]), "pad": _each(rng, n, 0, 2)}
    return {**args, "ceil_mode": rng.random() < 0.3}, ()


def _like(rng: Random, x: Shape, shapes: list[Shape], anything: float = 0.05) -> int:
    """Return the place of another tensor of the same shape, or one that broadcasts, where there is one."""
    fits = [
        i for i, y in enumerate(shapes) if len(y) == len(x) and all(a == b or 1 in (a, b) for a, b in zip(x, y, strict=True))
    ]
    return rng.choice(fits) if fits and rng.random() > anything else rng.randrange(len(shapes))


def _join(rng: Random, x: Shape, shapes: list[Shape]) -> Any:
    return {}, tuple(_like(rng, x, shapes) for _ in range(rng.choice([1, 1, 2])))


def _axis(rng: Random, x: Shape) -> int:
    return rng.randint(-len(x), len(x) - 1) if rng.random() < 0.97 else len(x)


def _concat(rng: Random, x: Shape, shapes: list[Shape]) -> Any:
    axis = rng.choice([None, _axis(rng, x)])
    along = (channel_axis(x) if axis is None else axis) % len(x)
    fits = [
        i
        for i, y in enumerate(shapes)
        if len(y) == len(x) and all(a == b for k, (a, b) in enumerate(zip(x, y, strict=True)) if k != along)
    ]
    return {"axis": axis}, (rng.choice(fits or [len(shapes) - 1]),)


def _stack(rng: Random, x: Shape, shapes: list[Shape]) -> Any:
    fits = [i for i, y in enumerate(shapes) if tuple(y) == tuple(x)]
    return {"axis": rng.randint(-len(x) - 1, len(x))}, (rng.choice(fits),)


def _matmul(rng: Random, x: Shape, shapes: list[Shape]) -> Any:
    fits = [i for i, y in enumerate(shapes) if len(x) > 1 and len(y) > 1 and y[-2] == x[-1]]
    return {}, (rng.choice(fits) if fits and rng.random() < 0.95 else rng.randrange(len(shapes)),)


def _attention(rng: Random, x: Shape, shapes: list[Shape]) -> Any:
    keys = [i for i, y in enumerate(shapes) if len(y) == len(x) and y[-1] == x[-1]]
    key = rng.choice(keys)
    values = (
        [i for i, y in enumerate(shapes) if len(y) == len(x) and len(y) > 1 and y[-2] == shapes[key][-2]]
        if len(x) > 1
        else keys
    )
    return {"heads": 1 if len(x) > 2 else _divisor(rng, x[-1])}, (key, rng.choice(values or keys))


def _reshape(rng: Random, x: Shape, shapes: list[Shape]) -> Any:
    left, to = math.prod(x), []
    for _ in range(rng.randint(0, 3)):
        to.append(_divisor(rng, left))
        left = max(left // to[-1], 1)
    to.append(rng.choice([left, -1]))
    rng.shuffle(to)
    return {"to": tuple(to)}, ()


def _permute(rng: Random, x: Shape, shapes: list[Shape]) -> Any:
    order = list(range(len(x)))
    rng.shuffle(order)
    return {"order": tuple(order)}, ()


def _slice(rng: Random, x: Shape, shapes: list[Shape]) -> Any:
    axis = _axis(rng, x)
    size = x[axis] if -len(x) <= axis < len(x) else 1
    start = rng.randint(0, size - 1)
    return {
        "start": start,
        "stop": rng.choice([None, rng.randint(start + 1, size)]),
        "step": rng.randint(1, 2),
        "axis": axis,
    }, ()


def _group_norm(rng: Random, x: Shape, shapes: list[Shape]) -> Any:
    axis = rng.choice([None, _axis(rng, x)])
    along = axis if axis is not None and -len(x) <= axis < len(x) else channel_axis(x)
    return {"groups": _divisor(rng, x[along]), "affine": rng.random() < 0.7, "axis": axis}, ()


def _layer_norm(rng: Random, x: Shape, shapes: list[Shape]) -> Any:
    last = tuple(range(-rng.randint(1, len(x)), 0))
    return {"over": rng.choice(["all", last, -1]), "affine": rng.random() < 0.7}, ()


def _expand(rng: Random, x: Shape, shapes: list[Shape]) -> Any:
    to = [rng.choice([-1, size if size > 1 else rng.randint(1, 4)]) for size in x]
    return {"to": (*([rng.randint(1, 3)] if rng.random() < 0.3 else []), *to)}, ()


def _pad(rng: Random, x: Shape, shapes: list[Shape]) -> Any:
    return {"pad": tuple(rng.randint(0, 2) for _ in range(2 * len(x)))}, ()


def _reduce(rng: Random, x: Shape, shapes: list[Shape]) -> Any:
    axes = tuple(sorted(rng.sample(range(len(x)), rng.randint(1, len(x)))))
    return {
        "op": rng.choice(["mean", "sum", "max", "norm"]),
        "axes": rng.choice([axes, axes[0]]),
        "keep": rng.random() < 0.5,
    }, ()


def _recurrent(rng: Random, x: Shape, shapes: list[Shape]) -> Any:
    args = {"out": rng.randint(1, 5), "layers": rng.randint(1, 2), "bidirectional": rng.random() < 0.5}
    return {**args, "bias": rng.choice([0, 2])}, ()


Arguments = Callable[[Random, Shape, list[Shape]], tuple[dict[str, Any], tuple[int, ...]]]
ARGUMENTS: dict[str, Arguments] = {
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "unfold": lambda rng, x, s: (
        {"kernel": _each(rng, _axes(x), 1, 3), "stride": rng.randint(1, 2), "pad": rng.randint(0, 1)},
        (),
    ),
    "linear": lambda rng, x, s: ({"out": rng.randint(1, 6), "bias": rng.random() < 0.5, "axis": -1}, ()),
    "max_pool": lambda rng, x, s: ({**_pool(rng, x, s)[0], "dilation": _each(rng, _axes(x), 1, 2)}, ()),
    "avg_pool": lambda rng, x, s: ({**_pool(rng, x, s)[0], "count_pad": rng.random() < 0.7}, ()),
    **{f"adaptive_{n}_pool": lambda rng, x, s: ({"out": _each(rng, _axes(x), 1, 5)}, ()) for n in ("avg", "max")},
    **{f"global_{n}_pool": lambda rng, x, s: ({"keep": rng.random() < 0.5}, ()) for n in ("avg", "max")},
    "upsample": lambda rng, x, s: (
        {"mode": {2: "linear", 3: "bilinear", 4: "trilinear"}.get(len(x), "nearest") if rng.random() < 0.5 else "nearest"}
        | (
            {"scale": rng.choice([1, 2, 3, 1.5, (2, 1, 3)[: len(x) - 1]])}
            if rng.random() < 0.6
            else {"size": _each(rng, _axes(x), 1, 7)}
        ),
        (),
    ),
    "batch_norm": lambda rng, x, s: ({"affine": rng.random() < 0.7, "axis": rng.choice([None, None, _axis(rng, x)])}, ()),
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    "instance_norm": lambda rng, x, s: ({"affine": rng.random() < 0.5}, ()),
    "lrn": lambda rng, x, s: ({"size": rng.randint(1, 5)}, ()),
    "scale": lambda rng, x, s: ({"bias": rng.random() < 0.5, "axis": rng.choice([None, _axis(rng, x)])}, ()),
    "bias": lambda rng, x, s: ({"axis": rng.choice([None, _axis(rng, x)])}, ()),
    "prelu": lambda rng, x, s: ({"shared": rng.random() < 0.5}, ()),
    "softmax": lambda rng, x, s: ({"axis": _axis(rng, x)}, ()),
    **dict.fromkeys(("add", "sub", "mul", "div", "maximum", "minimum"), _join),
    "elementwise": lambda rng, x, s: ({"op": rng.choice(["exp", "sqrt", "neg"])}, ()),
    "weighted_sum": lambda rng, x, s: ({"per": "layer"}, tuple(_like(rng, x, s) for _ in range(2))),
    "concat": _concat,
    "stack": _stack,
    "matmul": _matmul,
    "attention": _attention,
    "einsum": lambda rng, x, s: ({"equation": "ab,cb->ac"}, (rng.randrange(len(s)),)),
    **dict.fromkeys(("lstm", "gru", "rnn"), _recurrent),
    "flatten": lambda rng, x, s: ({"start": rng.choice([0, _axis(rng, x)]), "end": -1}, ()),
    "reshape": _reshape,
    "permute": _permute,
    "squeeze": lambda rng, x, s: ({"axis": ([i for i, n in enumerate(x) if n == 1] or [0])[0]}, ()),
    "unsqueeze": lambda rng, x, s: ({"axis": rng.randint(-len(x) - 1, len(x))}, ()),
    "expand": _expand,
    "tile": lambda rng, x, s: ({"times": tuple(rng.randint(1, 2) for _ in x)}, ()),
    "split": lambda rng, x, s: ({"parts": (p := _divisor(rng, x[channel_axis(x)])), "part": rng.randint(0, p - 1)}, ()),
    "slice": _slice,
    "select": lambda rng, x, s: ({"axis": (a := rng.randint(-len(x), len(x) - 1)), "index": rng.randint(0, x[a])}, ()),
    "gather": lambda rng, x, s: ({"axis": rng.randint(-len(x), len(x) - 1), "count": rng.randint(1, 4)}, ()),
    "reduce": _reduce,
    "pad": _pad,
    "channel_shuffle": lambda rng, x, s: ({"groups": _divisor(rng, x[0])}, ()),
    "space_to_depth": lambda rng, x, s: ({"size": rng.randint(1, 3)}, ()),
    "depth_to_space": lambda rng, x, s: ({"size": rng.randint(1, 2)}, ()),
    "untokens": lambda rng, x, s: ({"height": (h := _divisor(rng, x[0])), "width": max(x[0] // h, 1)}, ()),
    "parameter": lambda rng, x, s: ({"shape": tuple(rng.randint(1, 4) for _ in range(rng.randint(1, 3)))}, ()),
    "dropout": lambda rng, x, s: ({"p": 0.5}, ()),
}

# ── the same in PyTorch ──────────────────────────────────────────────────────────────────────────────────────────────


def _all(value: Any, n: int) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,) * n


def _map(x: Any) -> int:
    """Return the number of spatial axes of a map. Raises ValueError for what is none."""
    if not 3 <= x.dim() <= 5:
        raise ValueError("no map")
    return int(x.dim() - 2)


def _sides(pad: Any, n: int) -> tuple[int, ...]:
    return pad if isinstance(pad, tuple) and len(pad) == 2 * n else tuple(p for p in _all(pad, n) for _ in range(2))


def _torch_pads(both: tuple[int, ...]) -> list[int]:
    """Return pads of the first axis first as F.pad wants them: of the last axis first."""
    return [p for axis in reversed(range(len(both) // 2)) for p in both[2 * axis : 2 * axis + 2]]


def conv(w: Weights, a: dict[str, Any], x: Any) -> Any:
    n = _map(x)
    c, pad = x.shape[1], a["pad"]
    if pad != "same":
        both = _sides(pad, n)
        if all(both[2 * i] == both[2 * i + 1] for i in range(n)):
            pad = both[::2]
        else:
            x, pad = F.pad(x, _torch_pads(both)), 0
    kind = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[n - 1]
    return w.module(kind, c, a["out"], a["kernel"], a["stride"], pad, a["dilation"], a["groups"], a["bias"])(x)


def conv_transpose(w: Weights, a: dict[str, Any], x: Any) -> Any:
    kind = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)[_map(x) - 1]
    pad = 0 if a["pad"] == "same" else a["pad"]
    last = (a["output_pad"], a["groups"], a["bias"], a["dilation"])
    return w.module(kind, x.shape[1], a["out"], a["kernel"], a["stride"], pad, *last)(x)


def max_pool(w: Weights, a: dict[str, Any], x: Any) -> Any:
    pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[_map(x) - 1]
    return pool(x, a["kernel"], a["stride"], a["pad"], a["dilation"], a["ceil_mode"])


def avg_pool(w: Weights, a: dict[str, Any], x: Any) -> Any:
    pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[_map(x) - 1]
    return pool(x, a["kernel"], a["stride"], a["pad"], a["ceil_mode"], a["count_pad"])


def upsample(w: Weights, a: dict[str, Any], x: Any) -> Any:
    _map(x)
    return F.interpolate(x, size=a.get("size"), scale_factor=a.get("scale"), mode=a["mode"])


def batch_norm(w: Weights, a: dict[str, Any], x: Any) -> Any:
    axis = range(1, x.dim())[a["axis"]]
    layer = w.module(nn.BatchNorm1d, x.shape[axis], affine=a["affine"])
    w.buffers = [buffer for buffer in w.buffers if buffer.dim()]  # without the counter of batches
    numbers = (layer.running_mean, layer.running_var, layer.weight, layer.bias)
    y = F.batch_norm(x if axis == 1 else x.movedim(axis, 1), *numbers, training=torch.is_grad_enabled() and x.shape[0] > 1)
    return y if axis == 1 else y.movedim(1, axis)


def layer_norm(w: Weights, a: dict[str, Any], x: Any) -> Any:
    over = range(1, x.dim()) if a["over"] == "all" else a["over"] if isinstance(a["over"], tuple) else (a["over"],)
    return w.module(nn.LayerNorm, [x.shape[axis] for axis in over], elementwise_affine=a["affine"])(x)


def group_norm(w: Weights, a: dict[str, Any], x: Any) -> Any:
    axis = range(1, x.dim())[a["axis"]]
    layer = w.module(nn.GroupNorm, a["groups"], x.shape[axis], affine=a["affine"])
    return layer(x) if axis == 1 else layer(x.movedim(axis, 1)).movedim(1, axis)


def instance_norm(w: Weights, a: dict[str, Any], x: Any) -> Any:
    kind = (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)[_map(x) - 1]
    return w.module(kind, x.shape[1], affine=a["affine"])(x)


def _along(x: Any, numbers: Any, axis: int | None, first: bool) -> Any:
    place = (1 if first else x.dim() - 1) if axis is None else axis % (x.dim() - 1) + 1
    return numbers.reshape([-1 if i == place else 1 for i in range(x.dim())])


def scale(w: Weights, a: dict[str, Any], x: Any) -> Any:
    count = x.shape[1 + (range(x.dim() - 1)[a["axis"]] if a["axis"] is not None else a["channels"])]
    y = x * _along(x, w.new(count), a["axis"], a["channels"] == 0)
    return y + _along(x, w.new(count), a["axis"], a["channels"] == 0) if a["bias"] else y


def bias(w: Weights, a: dict[str, Any], x: Any) -> Any:
    count = x.shape[1 + (range(x.dim() - 1)[a["axis"]] if a["axis"] is not None else a["channels"])]
    return x + _along(x, w.new(count), a["axis"], a["channels"] == 0)


def prelu(w: Weights, a: dict[str, Any], x: Any) -> Any:
    y = x if a["channels"] == 0 or x.dim() == 2 else x.movedim(-1, 1)
    y = w.module(nn.PReLU, 1 if a["shared"] else y.shape[1])(y)
    return y if a["channels"] == 0 or x.dim() == 2 else y.movedim(1, -1)


def attention(w: Weights, a: dict[str, Any], q: Any, k: Any, v: Any) -> Any:
    if min(q.dim(), k.dim(), v.dim()) < 3:
        raise ValueError("no tokens")
    if a["heads"] > 1 or q.dim() == 3:
        heads = [t.reshape(t.shape[0], t.shape[1], a["heads"], -1).transpose(1, 2) for t in (q, k, v)]
        if any(t.shape[-1] % a["heads"] for t in (q, k, v)):
            raise ValueError("heads")
        y = torch.softmax(heads[0] @ heads[1].transpose(-1, -2), -1) @ heads[2]
        return y.transpose(1, 2).flatten(2)
    return torch.softmax(q @ k.transpose(-1, -2), -1) @ v


def recurrent(kind: Any) -> Any:
    def run(w: Weights, a: dict[str, Any], x: Any) -> Any:
        if x.dim() < 3:
            raise ValueError("no tokens")
        options = {"num_layers": a["layers"], "bias": a["bias"] == 2, "batch_first": True, "bidirectional": a["bidirectional"]}
        layer = w.module(kind, x.shape[-1], a["out"], **options)
        rows = x.reshape(-1, *x.shape[-2:])
        w.unseen += rows.shape[0] * rows.shape[1] * sum(p.numel() for p in layer.parameters() if p.dim() == 2)
        y = layer(rows)[0]
        return y.reshape(*x.shape[:-1], y.shape[-1])

    return run


def split(w: Weights, a: dict[str, Any], x: Any) -> Any:
    along = 1 if a["channels"] == 0 else x.dim() - 1
    if x.shape[along] % a["parts"]:
        raise ValueError("parts")
    return x.chunk(a["parts"], along)[a["part"]]


def slice_(w: Weights, a: dict[str, Any], x: Any) -> Any:
    index: list[Any] = [slice(None)] * x.dim()
    index[range(1, x.dim())[a["axis"]]] = slice(a["start"], a["stop"], a["step"])
    return x[tuple(index)]


def reduce(w: Weights, a: dict[str, Any], x: Any) -> Any:
    axes = [axis + 1 for axis in _all(a["axes"], 1)]
    do = {"mean": torch.mean, "sum": torch.sum, "max": torch.amax, "norm": torch.linalg.vector_norm}[a["op"]]
    return do(x, dim=axes, keepdim=a["keep"])


def depth_to_space(w: Weights, a: dict[str, Any], x: Any) -> Any:
    if x.dim() == 4:
        return F.pixel_shuffle(x, a["size"])
    n, s = _map(x), a["size"]
    c, *sizes = x.shape[1:]
    y = x.reshape(x.shape[0], c // s**n, *(s,) * n, *sizes)
    order = [axis for i in range(n) for axis in (2 + n + i, 2 + i)]
    return y.permute(0, 1, *order).reshape(x.shape[0], c // s**n, *(size * s for size in sizes))


def space_to_depth(w: Weights, a: dict[str, Any], x: Any) -> Any:
    if x.dim() == 4:
        return F.pixel_unshuffle(x, a["size"])
    n, s = _map(x), a["size"]
    c, *sizes = x.shape[1:]
    y = x.reshape(x.shape[0], c, *(part for size in sizes for part in (size // s, s)))
    return y.permute(0, 1, *(3 + 2 * i for i in range(n)), *(2 + 2 * i for i in range(n))).flatten(1, 1 + n)


def channel_shuffle(w: Weights, a: dict[str, Any], x: Any) -> Any:
    _map(x)
    return x.unflatten(1, (a["groups"], -1)).transpose(1, 2).flatten(1, 2)


def tokens(w: Weights, a: dict[str, Any], x: Any) -> Any:
    _map(x)
    return x.flatten(2).transpose(1, 2)


def weighted_sum(w: Weights, a: dict[str, Any], *xs: Any) -> Any:
    weights = w.new(len(xs))
    return sum(x * weights[i] for i, x in enumerate(xs))


def join(do: Any) -> Any:
    def run(w: Weights, a: dict[str, Any], x: Any, *others: Any) -> Any:
        for y in others:
            rank = max(x.dim(), y.dim())  # sizes of one example are aligned from the right
            x, y = (t.reshape(t.shape[0], *(1,) * (rank - t.dim()), *t.shape[1:]) for t in (x, y))
            x = do(x, y)
        return x

    return run


def expand(w: Weights, a: dict[str, Any], x: Any) -> Any:
    new = len(a["to"]) - (x.dim() - 1)
    return x.reshape(x.shape[0], *(1,) * new, *x.shape[1:]).expand(-1, *a["to"])


def matmul(w: Weights, a: dict[str, Any], x: Any, y: Any) -> Any:
    if x.dim() < 3 or y.dim() < 3:
        raise ValueError("vectors are taken one by one, with their batch")
    return join(torch.matmul)(w, a, x, y)


REFERENCE: dict[str, Callable[..., Any]] = {
    "conv": conv,
    "conv_transpose": conv_transpose,
    "linear": lambda w, a, x: w.module(nn.Linear, x.shape[-1], a["out"], a["bias"])(x),
    "matmul": matmul,
    "attention": attention,
    "einsum": lambda w, a, x, y: torch.einsum("nab,ncb->nac", x, y),
    "lstm": recurrent(nn.LSTM),
    "gru": recurrent(nn.GRU),
    "rnn": recurrent(nn.RNN),
    "unfold": lambda w, a, x: F.unfold(x, a["kernel"], 1, a["pad"], a["stride"]) if x.dim() == 4 else _refuse(),
    "max_pool": max_pool,
    "avg_pool": avg_pool,
    "global_avg_pool": lambda w, a, x: x.mean(tuple(range(2, _map(x) + 2)), a["keep"]),
    "global_max_pool": lambda w, a, x: x.amax(tuple(range(2, _map(x) + 2)), a["keep"]),
    "adaptive_avg_pool": lambda w, a, x: (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)[_map(x) - 1](
        x, a["out"]
    ),
    "adaptive_max_pool": lambda w, a, x: (F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d)[_map(x) - 1](
        x, a["out"]
    ),
    "upsample": upsample,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "group_norm": group_norm,
    "instance_norm": instance_norm,
    "lrn": lambda w, a, x: F.local_response_norm(x, a["size"]),
    "scale": scale,
    "bias": bias,
    "position_embedding": lambda w, a, x: x + w.new(*x.shape[1:]),
    "relu": lambda w, a, x: F.relu(x),
    "relu6": lambda w, a, x: F.relu6(x),
    "leaky_relu": lambda w, a, x: F.leaky_relu(x),
    "elu": lambda w, a, x: F.elu(x),
    "gelu": lambda w, a, x: F.gelu(x),
    "silu": lambda w, a, x: F.silu(x),
    "mish": lambda w, a, x: F.mish(x),
    "sigmoid": lambda w, a, x: torch.sigmoid(x),
    "tanh": lambda w, a, x: torch.tanh(x),
    "hardswish": lambda w, a, x: F.hardswish(x),
    "hardsigmoid": lambda w, a, x: F.hardsigmoid(x),
    "softmax": lambda w, a, x: torch.softmax(x, range(1, x.dim())[a["axis"]]),
    "prelu": prelu,
    "dropout": lambda w, a, x: F.dropout(x, a["p"], torch.is_grad_enabled()),
    "add": join(torch.add),
    "sub": join(torch.sub),
    "mul": join(torch.mul),
    "div": join(torch.div),
    "maximum": join(torch.maximum),
    "minimum": join(torch.minimum),
    "elementwise": lambda w, a, x: getattr(torch, a["op"])(x),
    "weighted_sum": weighted_sum,
    "concat": lambda w, a, *xs: torch.cat(xs, range(1, xs[0].dim())[a["channels"] if a["axis"] is None else a["axis"]]),
    "stack": lambda w, a, *xs: torch.stack(xs, range(1, xs[0].dim() + 1)[a["axis"]]),
    "flatten": lambda w, a, x: x.flatten(range(1, x.dim())[a["start"]], range(1, x.dim())[a["end"]]),
    "reshape": lambda w, a, x: x.reshape(x.shape[0], *a["to"]),
    "permute": lambda w, a, x: x.permute(0, *(axis + 1 for axis in a["order"])),
    "squeeze": lambda w, a, x: x.flatten(a["axis"], a["axis"] + 1) if x.shape[a["axis"] + 1] == 1 else _refuse(),
    "unsqueeze": lambda w, a, x: x.unsqueeze(range(1, x.dim() + 1)[a["axis"]]),
    "expand": expand,
    "tile": lambda w, a, x: x.repeat(1, *a["times"]),
    "split": split,
    "slice": slice_,
    "select": lambda w, a, x: x.select(range(1, x.dim())[a["axis"]], a["index"]),
    "gather": lambda w, a, x: x.index_select(range(1, x.dim())[a["axis"]], torch.zeros(a["count"], dtype=torch.int64)),
    "reduce": reduce,
    "pad": lambda w, a, x: F.pad(x, _torch_pads(a["pad"])),
    "channel_shuffle": channel_shuffle,
    "space_to_depth": space_to_depth,
    "depth_to_space": depth_to_space,
    "tokens": tokens,
    "untokens": lambda w, a, x: x.transpose(1, 2).unflatten(2, (a["height"], a["width"])) if x.dim() == 3 else _refuse(),
    "class_token": lambda w, a, x: (
        torch.cat([w.new(1, 1, x.shape[2]).expand(x.shape[0], -1, -1), x], 1) if x.dim() == 3 else _refuse()
    ),
}
KINDS = tuple(REFERENCE)


def _refuse() -> Any:
    raise ValueError("refused")


def reference(step: Step, shape: Shape, weights: Weights, xs: list[Any]) -> Any:
    """Return what PyTorch makes of a step. Raises ValueError, IndexError or RuntimeError where it refuses."""
    channels = channel_axis(shape) % max(len(shape), 1)
    given = {**step.args, "channels": channels}
    if step.kind in ("batch_norm", "group_norm", "concat") and given["axis"] is None:
        given["axis"] = channels
    return REFERENCE[step.kind](weights, given, *xs)


__all__ = ["KINDS", "ChannelsLast", "Shape", "Signal", "Step", "Weights", "propose", "reference"]
