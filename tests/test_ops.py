"""The rules: one answer for integers, columns and letters; brute force; and the exact words of every refusal."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncost import symbols, trace
from cnncost.algebra import Poly
from cnncost.errors import AlgebraError, CostError, ModelError
from cnncost.graph import Tensor
from cnncost.ints import Ints, checked
from cnncost.ops import RULES, Cost

# ── integers, columns and letters agree ──────────────────────────────────────────────────────────────────────────────
#
# A case is the shapes and arguments of a rule, written in letters. Capitals are what a closed form keeps as letters; the
# others always get numbers. A tuple of `st.…` where an argument stands is a choice between fixed values.

ENTRIES = 3  # candidates of a column
B, C, D, E, F, G, H, N, T, W = symbols("B C D E F G H N T W")
d, e, k, l, m, o, p, q, r, s, t = symbols("d e k l m o p q r s t")
RANGES = {**dict.fromkeys("BCDEFGNT", (1, 7)), "H": (1, 24), "W": (1, 24)}
RANGES |= {**dict.fromkeys("kl", (1, 5)), **dict.fromkeys("st", (1, 4)), **dict.fromkeys("pqr", (0, 2)), **dict.fromkeys("de", (1, 3))}
RANGES |= {**dict.fromkeys("mo", (1, 9))}

image, vector, sequence = (C, H, W), (F,), (T, D)
flag = st.booleans()
any_shape = st.sampled_from([image, vector, sequence])
pads = st.sampled_from([0, p, (p, q), (p, q, r, 0), "same"])
windows = {"kernel": st.sampled_from([k, (k, l)]), "stride": st.sampled_from([None, s, (s, t)]), "pad": pads}
tight = {  # windows without their padding: kernels are numbers
    "kernel": st.sampled_from([3, (2, 5)]),
    "stride": st.sampled_from([None, s, (s, t)]),
    "pad": st.sampled_from([0, p, (0, 1, 1, 0), "same"]),
    "count_pad": False,
}
rounding = st.sampled_from([False, True, "caffe"])

Case = tuple[tuple[Any, ...], dict[str, Any]]

CASES: dict[str, list[Case]] = {
    "conv": [
        (
            ((G * C, H, W),),
            {"out": G * N, "kernel": (k, l), "stride": s, "pad": pads, "groups": G, "dilation": (d, e), "bias": flag},
        )
    ],
    "conv_transpose": [
        (
            ((G * C, H, W),),
            {
                "out": G * N,
                "kernel": (k, l),
                "stride": (s, t),
                "pad": p,
                "output_pad": (q, r),
                "groups": G,
                "dilation": d,
                "bias": flag,
            },
        )
    ],
    "linear": [((st.sampled_from([vector, sequence]),), {"out": N, "bias": flag})],
    "matmul": [(((N, T), (T, D)), {})],
    "attention": [
        (((N, G * D), (T, G * D), (T, G * E)), {"heads": G}),
        (((N * T, G * D), (N * T, G * D), (N * T, G * E)), {"heads": G, "window": T}),
    ],
    "max_pool": [
        ((image,), {**windows, "dilation": st.sampled_from([1, d]), "ceil_mode": rounding}),
        ((image,), {**tight, "ceil_mode": rounding}),
    ],
    "avg_pool": [((image,), {**windows, "ceil_mode": rounding}), ((image,), {**tight, "ceil_mode": rounding})],
    "upsample": [((image,), {"scale": (s, t), "mode": st.sampled_from(["nearest", "bilinear", "bicubic"])})],
    "batch_norm": [((any_shape,), {"affine": flag})],
    "layer_norm": [((any_shape,), {"over": st.sampled_from(["channels", "all"]), "affine": flag})],
    "group_norm": [(((G * C, H, W),), {"groups": G, "affine": flag})],
    "lrn": [((image,), {"size": k})],
    "scale": [((any_shape,), {"bias": flag})],
    "position_embedding": [((any_shape,), {})],
    "prelu": [((any_shape,), {"shared": flag})],
    "dropout": [((any_shape,), {"p": 0.5})],
    "stochastic_depth": [((any_shape,), {"p": 0.5})],
    "add": [((image, image), {}), ((sequence, sequence, sequence), {})],
    "mul": [((image, image), {}), ((image, (C,)), {}), (((C, 1, 1), image), {}), ((vector, vector, vector), {})],
    "concat": [((image, (N, H, W), (B, H, W)), {}), ((sequence, (T, N)), {}), ((vector, (N,)), {})],
    "flatten": [((any_shape,), {})],
    "split": [(((G * C, H, W),), {"parts": G, "part": 0}), (((T, G * C),), {"parts": G, "part": 0})],
    "slice": [
        ((image,), {"start": p, "step": s, "axis": st.sampled_from([0, 1, 2])}),
        (((C, m + o, W),), {"start": 0, "stop": m, "step": s, "axis": 1}),
    ],
    "pad": [((image,), {"pad": st.sampled_from([p, (p, q), (p, q, r, 0)]), "channels": (q, r)})],
    "channel_shuffle": [(((G * C, H, W),), {"groups": G})],
    "tokens": [((image,), {})],
    "class_token": [((sequence,), {})],
    "untokens": [(((H * W, C),), {"height": H, "width": W})],
    **{f"global_{pool}_pool": [((image,), {})] for pool in ("avg", "max")},
    **{f"adaptive_{pool}_pool": [((image,), {"out": st.sampled_from([m, (m, o)])})] for pool in ("avg", "max")},
    **{
        kind: [((any_shape,), {})]
        for kind in "relu relu6 leaky_relu elu gelu silu mish sigmoid tanh hardswish hardsigmoid softmax".split()
    },
}

# What letters leave open, and why.
REFUSES_LETTERS = {
    "adaptive_avg_pool": "the greatest common divisor of a size and a number",
    "adaptive_max_pool": "the greatest common divisor of a size and a number",
    "avg_pool": "with pad 'same' and count_pad false: the padding depends on the size's remainder",
    "max_pool": "with pad 'same' and count_pad false: the padding depends on the size's remainder",
}


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == set(RULES)


def replaced(part: Any, change: Callable[[Poly], Any]) -> Any:
    """A case with every polynomial in it changed."""
    if isinstance(part, tuple):
        return tuple(replaced(item, change) for item in part)
    if isinstance(part, dict):
        return {name: replaced(item, change) for name, item in part.items()}
    return change(part) if isinstance(part, Poly) else part


def chosen(part: Any, data: st.DataObject) -> Any:
    """A case with its choices made."""
    if isinstance(part, tuple):
        return tuple(chosen(item, data) for item in part)
    if isinstance(part, dict):
        return {name: chosen(item, data) for name, item in part.items()}
    return data.draw(part) if isinstance(part, st.SearchStrategy) else part


def letters_of(part: Any) -> set[str]:
    found: set[str] = set()
    replaced(part, lambda number: found.update(number.letters()))
    return found


def counts(cost: Cost) -> dict[str, Any]:
    return {field.name: getattr(cost, field.name) for field in fields(Cost)}


def entry(number: Any, index: int) -> Any:
    if isinstance(number, tuple):
        return tuple(entry(item, index) for item in number)
    return int(number.values[index]) if isinstance(number, Ints) and number.values.ndim else number


@pytest.mark.parametrize("kind", RULES)
@settings(deadline=None, derandomize=True, max_examples=25)
@given(data=st.data())
def test_integers_columns_and_letters_agree(kind: str, data: st.DataObject) -> None:
    apply = RULES[kind].function
    shapes, args = chosen(data.draw(st.sampled_from(CASES[kind])), data)
    values: dict[str, list[int]] = {}
    columns: dict[str, Any] = {}
    for name in sorted(letters_of((shapes, args))):
        draw = st.integers(*RANGES[name])
        several = data.draw(st.booleans(), label=f"{name} varies")
        values[name] = data.draw(st.lists(draw, min_size=ENTRIES, max_size=ENTRIES)) if several else [data.draw(draw)] * ENTRIES
        columns[name] = checked(np.array(values[name])) if several else values[name][0]

    expected: list[Cost | None] = []  # None where the rule refuses these integers
    for index in range(ENTRIES):
        point = {name: numbers[index] for name, numbers in values.items()}
        at = lambda number: number.subs(point)  # noqa: B023, E731
        try:
            expected.append(apply(*replaced(shapes, at), **replaced(args, at)))
        except CostError:
            expected.append(None)

    try:
        column = apply(*replaced(shapes, lambda n: n.subs(columns)), **replaced(args, lambda n: n.subs(columns)))
    except CostError as error:
        assert None in expected, error
        if error.valid is not None:
            refused = [cost is None for cost, valid in zip(expected, np.broadcast_to(error.valid, ENTRIES), strict=True) if not valid]
            assert refused
            assert all(refused)
    else:
        assert [{name: entry(number, i) for name, number in counts(column).items()} for i in range(ENTRIES)] == [
            cost and counts(cost) for cost in expected
        ]

    for index, cost in enumerate(expected):
        if cost is None:
            continue
        point = {name: numbers[index] for name, numbers in values.items()}
        small = {name: number for name, number in point.items() if name.islower()}
        try:
            closed = apply(*replaced(shapes, lambda n: n.subs(small)), **replaced(args, lambda n: n.subs(small)))  # noqa: B023
        except AlgebraError:
            assert kind in REFUSES_LETTERS
            continue
        assert replaced(counts(closed), lambda n: n.subs(point)) == counts(cost)  # noqa: B023


# ── brute force ──────────────────────────────────────────────────────────────────────────────────────────────────────


def real_windows(size: int, kernel: int, stride: int, before: int, after: int, dilation: int, ceil: bool | str, padded: bool) -> list[int]:
    """Slide windows along one axis: how many positions of each are inside the input.

    Down: a window has to fit into the padded input. Up: windows follow until one reaches the end of the padded input, except
    one that would start behind the input (PyTorch's MaxPool2d; Caffe: only where there is padding).
    """
    reach = dilation * (kernel - 1) + 1
    inside, start = [], -before
    while start + reach <= size + after or (ceil and start - stride + reach < size + after):
        if start >= size and (ceil is True or (ceil == "caffe" and padded)):
            break
        inside.append(sum(0 <= start + tap * dilation < size for tap in range(kernel)))
        start += stride
    return inside


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's padding "SAME": as little as gives ⌈size/stride⌉ windows, the odd one behind."""
    total = max(kernel - stride if size % stride == 0 else kernel - size % stride, 0)
    return total // 2, total - total // 2


sizes = st.integers(1, 9)
kernels = st.integers(1, 5)
strides = st.integers(1, 4)
BRUTE = settings(deadline=None, derandomize=True, max_examples=300)


@BRUTE
@given(
    st.tuples(sizes, sizes),
    st.tuples(kernels, kernels),
    st.tuples(strides, strides),
    st.tuples(*[st.integers(0, 4)] * 4) | st.just("same") | st.just((0, 0, 0, 0)),
    st.integers(1, 2),
    rounding,
    flag,
)
def test_pools_slide_real_windows(
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    pad: Any,
    dilation: int,
    ceil: bool | str,
    count_pad: bool,
) -> None:
    if pad == "same":
        four, ceil, dilation = [*same_padding(size[0], kernel[0], stride[0]), *same_padding(size[1], kernel[1], stride[1])], False, 1
    else:
        pad = four = [min(number, kernel[axis // 2] - 1) for axis, number in enumerate(pad)]
    if not count_pad:
        dilation = 1
    high, wide = (
        real_windows(size[a], kernel[a], stride[a], four[2 * a], four[2 * a + 1], dilation, ceil, any(four)) for a in (0, 1)
    )
    given_pad = pad if pad == "same" else tuple(pad)
    settings = {"dilation": dilation, "ceil_mode": ceil, "count_pad": count_pad}
    if not high or not wide:
        with pytest.raises(CostError, match="does not fit"):
            RULES["max_pool"].function((3, *size), kernel, stride, given_pad, **settings)
        return
    cost = RULES["max_pool"].function((3, *size), kernel, stride, given_pad, **settings)
    assert cost.shape == (3, len(high), len(wide))
    every = sum(1 for _ in itertools.product(range(3), high, wide, range(kernel[0]), range(kernel[1])))
    assert cost.taps == (every if count_pad else 3 * sum(a * b for a in high for b in wide))
    if dilation == 1:
        del settings["dilation"]
        assert RULES["avg_pool"].function((3, *size), kernel, stride, given_pad, **settings) == cost


@BRUTE
@given(sizes, sizes, st.integers(1, 12), st.integers(1, 12))
def test_adaptive_pools_visit_their_windows(height: int, width: int, rows: int, columns: int) -> None:
    def visited(size: int, out: int) -> int:  # PyTorch: from floor(i * size / out) to ceil((i + 1) * size / out)
        return sum(len(range(i * size // out, -(-(i + 1) * size // out))) for i in range(out))

    cost = RULES["adaptive_avg_pool"].function((2, height, width), (rows, columns))
    assert cost == Cost((2, rows, columns), taps=2 * visited(height, rows) * visited(width, columns))
    assert RULES["adaptive_max_pool"].function((2, height, width), (rows, columns)) == cost


def convolution(x: Any, out: int, groups: int, kernel: Any, starts: Any) -> Iterator[tuple[int, ...]]:
    """Every multiply-add of a convolution: filter, position, input channel, tap."""
    for o, y, z in itertools.product(range(out), *starts):
        first = o // (out // groups) * (x[0] // groups)
        for channel in range(first, first + x[0] // groups):
            for i, j in itertools.product(range(kernel[0]), range(kernel[1])):
                yield o, y, z, channel, i, j


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(1, 3)),
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(*[st.integers(0, 2)] * 4) | st.just("same"),
    st.integers(1, 2),
    flag,
)
def test_convolutions_are_counted_one_by_one(
    widths: tuple[int, int, int], size: Any, kernel: Any, stride: Any, pad: Any, dilation: int, bias: bool
) -> None:
    inner, outer, groups = widths
    x, out = (inner * groups, *size), outer * groups
    four = [*same_padding(size[0], kernel[0], stride[0]), *same_padding(size[1], kernel[1], stride[1])] if pad == "same" else pad
    dilation = 1 if pad == "same" else dilation
    reach = [dilation * (number - 1) + 1 for number in kernel]
    starts = [
        [y for y in range(-four[2 * a], size[a] + four[2 * a + 1] - reach[a] + 1) if (y + four[2 * a]) % stride[a] == 0]
        for a in (0, 1)
    ]
    arguments = {"groups": groups, "dilation": dilation, "bias": bias}
    if not all(starts):
        with pytest.raises(CostError, match="does not fit"):
            RULES["conv"].function(x, out, kernel, stride, pad, **arguments)
        return
    products = list(convolution(x, out, groups, kernel, starts))
    weights = {(o, channel, i, j) for o, _, _, channel, i, j in products}
    outputs = {(o, y, z) for o, y, z, *_ in products}
    cost = RULES["conv"].function(x, out, kernel, stride, pad, **arguments)
    assert cost.shape == (out, len(starts[0]), len(starts[1]))
    assert (cost.macs, cost.params, cost.bias) == (len(products), len(weights) + out * bias, len(outputs) * bias)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(1, 3)),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.integers(1, 2),
    st.integers(0, 2),
    st.integers(0, 1),
    flag,
)
def test_transposed_convolutions_spread_every_input(
    widths: tuple[int, int, int], size: Any, kernel: Any, stride: Any, dilation: int, pad: int, output_pad: int, bias: bool
) -> None:
    inner, outer, groups = widths
    x, out = (inner * groups, *size), outer * groups
    spread = [
        (channel, channel // inner * outer + o, tap, [place[a] * stride[a] + tap[a] * dilation for a in (0, 1)])
        for channel, *place in itertools.product(range(x[0]), range(size[0]), range(size[1]))
        for o in range(outer)
        for tap in itertools.product(range(kernel[0]), range(kernel[1]))
    ]
    shape = [max(target[a] for *_, target in spread) + 1 - 2 * pad + output_pad for a in (0, 1)]
    arguments = {"output_pad": output_pad, "groups": groups, "dilation": dilation, "bias": bias}
    if min(shape) < 1:
        with pytest.raises(CostError, match="is below 1"):
            RULES["conv_transpose"].function(x, out, kernel, stride, pad, **arguments)
        return
    weights = {(channel, o, tap) for channel, o, tap, _ in spread}
    cost = RULES["conv_transpose"].function(x, out, kernel, stride, pad, **arguments)
    assert cost.shape == (out, *shape)
    assert (cost.macs, cost.params) == (len(spread), len(weights) + out * bias)
    assert cost.bias == out * shape[0] * shape[1] * bias


small = st.integers(1, 4)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(small, small, small, small, small)
def test_products_of_matrices_are_counted_one_by_one(n: int, t: int, d: int, e: int, heads: int) -> None:
    def product(rows: int, inner: int, columns: int) -> int:
        return sum(1 for _ in itertools.product(range(rows), range(inner), range(columns)))

    assert RULES["matmul"].function((n, d), (d, e)) == Cost((n, e), macs=product(n, d, e))
    assert RULES["linear"].function((t, d), e) == Cost((t, e), d * e + e, product(t, d, e), bias=t * e)
    assert RULES["linear"].function((d,), e, bias=False) == Cost((e,), d * e, product(1, d, e))
    query, key, value = (n, heads * d), (t, heads * d), (t, heads * e)
    by_head = sum(product(n, d, t) + product(n, t, e) for _ in range(heads))
    assert RULES["attention"].function(query, key, value, heads) == Cost((n, heads * e), macs=by_head)
    query, key, value = (n * t, heads * d), (n * t, heads * d), (n * t, heads * e)
    by_window = sum(product(t, d, t) + product(t, t, e) for _ in range(heads * n))
    assert RULES["attention"].function(query, key, value, heads, window=t) == Cost((n * t, heads * e), macs=by_window)


@BRUTE
@given(st.integers(1, 12), st.integers(0, 12), st.integers(1, 12) | st.none(), st.integers(1, 4), st.integers(0, 2))
def test_slices_are_those_of_python(size: int, start: int, stop: int | None, step: int, axis: int) -> None:
    shape = [4, 13, 14]
    shape[axis] = size
    taken = len(range(size)[start:stop:step])
    if not taken or (stop or 0) > size:
        with pytest.raises(CostError):
            RULES["slice"].function(tuple(shape), start, stop, step, axis=axis)
        return
    shape[axis], before = taken, tuple(shape)
    assert RULES["slice"].function(before, start, stop, step, axis=axis) == Cost(tuple(shape))
