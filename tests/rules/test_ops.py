"""The rules: one answer for integers, columns and letters; brute force; and the exact words of every refusal."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import fields
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import examples

from cnncost import symbols, trace
from cnncost.base.errors import AlgebraError, CostError, ModelError
from cnncost.base.ints import Ints, checked
from cnncost.base.poly import Num, Poly
from cnncost.graph.graph import Tensor, Tracer
from cnncost.rules import RULES, Cost, Shape, show

# ── integers, columns and letters agree ──────────────────────────────────────────────────────────────────────────────
#
# A case holds the shapes and the arguments of a rule, written in letters; a list is a choice. Capitals stay letters in a
# closed form, the other letters always get numbers.

Case = tuple[tuple[Any, ...], dict[str, Any]]

ENTRIES = 3  # candidates of a column
RANGES = {
    letter: bounds
    for letters, bounds in {
        "BCDEFGNT": (1, 7),  # channels, features, groups, tokens
        "HW": (1, 24),
        "jk": (1, 5),  # kernels
        "st": (1, 4),  # strides
        "pqr": (0, 2),  # pads
        "de": (1, 3),  # dilations
        "mn": (1, 9),
    }.items()
    for letter in letters
}
B, C, D, E, F, G, H, N, T, W = symbols("B C D E F G H N T W")
d, e, j, k, m, n, p, q, r, s, t = symbols("d e j k m n p q r s t")

image, features, sequence = (C, H, W), (F,), (T, D)
grouped = (G * C, H, W)
flag = [False, True]
ceil_mode = [False, True, "caffe"]
signal, volume = (C, W), (C, D, H, W)
any_shape = [image, features, sequence, volume]
maps = [image, signal, volume]
windows = {"kernel": [k, (j, k)], "stride": [None, s, (s, t)], "pad": [0, p, (p, q), (p, q, r, 0), "same"]}
inner = {**windows, "kernel": [3, (2, 5)], "count_pad": False}  # without the padding: kernels are numbers


def case(*shapes: Any, **args: Any) -> Case:
    return shapes, args


BROADCAST = [
    case(image, image),
    case(sequence, sequence, sequence),
    case(image, (C,)),
    case((C, 1, 1), image),
    case(image, (1, H, W)),
    case((C, H, 1), (C, 1, W)),
    case(volume, (H, W)),
    case(image, (W,)),
    case((1,), image, (H, 1)),
]
CONV = {"out": G * N, "kernel": (j, k), "stride": (s, t), "groups": G, "bias": flag}
CASES: dict[str, list[Case]] = {
    "conv": [
        case(grouped, **CONV, pad=windows["pad"], dilation=[1, d, (d, e)], learned=flag),
        case((G * C, W), **{**CONV, "kernel": [k, (j,)], "stride": [s, (t,)]}, pad=[p, (p,), (p, q), "same"], dilation=d),
        case((G * C, D, H, W), **{**CONV, "kernel": (j, k, 1), "stride": (s, t, 1)}, pad=[p, (p, q, 0), (p, q, r, 0, 0, 0)]),
        case((C, H, W), (N, C, j, k), out=N, kernel=(j, k), pad="same"),
    ],
    "conv_transpose": [
        case(grouped, **CONV, pad=[p, (p, q, r, 0)], output_pad=(q, r), dilation=d, learned=flag),
        case(grouped, **CONV, pad="same"),
        case((C, W), out=N, kernel=k, stride=s, pad=(p, q), output_pad=r),
        case(volume, out=N, kernel=(1, j, k), stride=s, pad=p),
    ],
    "locally_connected": [case([grouped, (G * C, D, H, W)], out=G * N, kernel=k, stride=s, pad=p, groups=G, bias=flag)],
    "deform_conv": [
        case((G * C, H, W), out=N, kernel=(j, k), stride=s, pad=p, bias=flag),
        case((G * C, H, W), (2 * G * k * k, H, W), (G * k * k, H, W), out=N, kernel=k, pad="same", offset_groups=G),
    ],
    "unfold": [case(maps, kernel=k, stride=s, pad=[p, "same"], dilation=d)],
    "linear": [
        case([features, sequence], out=N, bias=flag, learned=flag),
        case(any_shape, out=N, axis=[0, -1]),
        case((T, D), (N, D), out=N),
    ],
    "matmul": [case((N, T), (T, D)), case((G, N, T), (G, T, D)), case((B, 1, N, T), (G, T, D)), case((T,), (T, D))],
    "attention": [
        case((N, G * D), (T, G * D), (T, G * E), heads=G),
        case((N * T, G * D), (N * T, G * D), (N * T, G * E), heads=G, window=T),
        case((B, G, N, D), (B, G, T, D), (B, G, T, E)),
        case((G, N, D), (G, T, D), (G, T, E), (1, N, T)),
    ],
    "einsum": [
        case((B, T, D), (N, D), equation="btd,nd->btn"),
        case((B, T, D), (B, D), equation="btd,bd"),
    ],
    **{
        kind: [case(sequence, out=N, layers=[1, 2], bidirectional=flag, bias=[0, 1, 2], last=flag)]
        for kind in ("lstm", "gru", "rnn")
    },
    "attention_bias": [case((T, G * D), (N, G))],
    "constant": [case(any_shape, tokens=N, features=G, learned=flag)],
    "max_pool": [
        case(image, **windows, dilation=[1, d], ceil_mode=ceil_mode),
        case(image, **inner, ceil_mode=ceil_mode),
        case([signal, volume], kernel=k, stride=[None, s], pad=p, ceil_mode=ceil_mode),
    ],
    "avg_pool": [
        case(image, **windows, ceil_mode=ceil_mode),
        case(image, **inner, ceil_mode=ceil_mode),
        case((C, 3, 3), kernel=2, stride=3, pad=p, ceil_mode=[True, "caffe"]),  # the last window starts behind the input
    ],
    "upsample": [
        case(image, scale=(s, t), mode=["nearest", "bilinear", "bicubic"]),
        case(maps, scale=[s, 1.5, Fraction(7, 3)]),
        case(image, size=[(m, n), m]),
        case(image, (D, N, T)),
    ],
    "batch_norm": [case(any_shape, affine=flag, scale=flag, offset=flag, track=flag, counter=flag, axis=[None, 0, -1])],
    "layer_norm": [case(any_shape, over=["channels", "all", 0, -1], affine=flag, offset=flag), case(image, over=(-2, -1))],
    "group_norm": [case(grouped, groups=G, affine=flag), case((T, H, G * C), groups=G, axis=-1)],
    "instance_norm": [case(maps, affine=flag), case((H, W, C), affine=True, axis=-1)],
    "lrn": [case(maps, size=k)],
    "scale": [case(any_shape, bias=flag, axis=[None, 0, -1]), case(image, axis=(0, 1, 2))],
    "bias": [case(any_shape, axis=[None, 0, -1])],
    "position_embedding": [case(any_shape)],
    "prelu": [case(any_shape, shared=flag, axis=[None, 0, -1])],
    "dropout": [case(any_shape, p=0.5)],
    "stochastic_depth": [case(any_shape, p=0.5)],
    **dict.fromkeys(("add", "mul"), BROADCAST),
    **{kind: [case(image, (C, 1, W))] for kind in ("sub", "div", "maximum", "minimum")},
    "elementwise": [case(image, op="exp"), case(image, (1, H, W), op="pow")],
    "weighted_sum": [case(image, image, per=["layer", "channel"]), case(sequence, sequence, sequence, per="channel")],
    "concat": [
        case(image, (N, H, W), (B, H, W)),
        case(sequence, (T, N)),
        case(features, (N,)),
        case(image, (C, N, W), axis=1),
        case(volume, (N, D, H, W)),
    ],
    "stack": [case(image, image, axis=[0, 1, -1]), case(features, features, features)],
    "flatten": [case(any_shape), case(image, start=1), case(volume, start=1, end=2)],
    "reshape": [
        case(image, to=[(C * H, W), (-1, W), (W, -1), (-1,)]),
        case((G * C, H, W), to=[(G, C, H, W), (G, -1, H * W)]),
    ],
    "permute": [case(image, order=[(1, 2, 0), (2, 0, 1)]), case(sequence, order=(1, 0))],
    "squeeze": [case((C, 1, W, 1), axis=[1, -1, (1, 3)])],
    "unsqueeze": [case(sequence, axis=[0, -1, (0, 2), (1, -1)])],
    "expand": [case((1, H, 1), to=[(C, H, W), (C, -1, -1), (N, 1, H, W)])],
    "tile": [case(image, times=[(1, s, t), (N, 1, s, t)])],
    "select": [case(volume, index=0, axis=[0, 1, -1])],
    "gather": [case(image, count=[N, (N, T)], axis=[0, 1, -1])],
    "reduce": [
        case(any_shape, op=["mean", "max", "norm"], axes=[None, 0, -1], keep=flag),
        case(volume, axes=(1, 3), keep=flag),
    ],
    "split": [case(grouped, parts=G, part=0), case((T, G * C), parts=G, part=0), case((T, G * C, W), parts=G, axis=1)],
    "slice": [case(image, start=p, step=s, axis=[0, 1, 2]), case((C, m + n, W), start=0, stop=m, step=s, axis=1)],
    "pad": [
        case(image, pad=[p, (p, q), (p, q, r, 0)], channels=(q, r)),
        case(sequence, pad=(p, q, r, 0)),
        case(volume, pad=[p, (p, q, r)]),
    ],
    "channel_shuffle": [case(grouped, groups=G)],
    "space_to_depth": [case((C, s * H, s * W), size=s)],
    "depth_to_space": [case((s * s * C, H, W), size=s), case((s * C, W), size=s)],
    "tokens": [case(maps), case((C, s * H, t * W), window=(s, t))],
    "class_token": [case(sequence)],
    "untokens": [case((H * W, C), height=H, width=W)],
    "parameter": [case(shape=(N, H, W), learned=flag)],
    "embedding": [case([features, sequence], tokens=N, out=C, learned=flag)],
    "opaque": [case(image, sequence, op="sort", to=(N, W), params=m)],
    **{f"global_{name}_pool": [case([image, volume], keep=flag)] for name in ("avg", "max")},
    **{f"adaptive_{name}_pool": [case(image, out=[m, (m, n)])] for name in ("avg", "max")},
    **{name: [case(any_shape)] for name in ("relu", "relu6", "leaky_relu", "elu", "gelu", "silu", "mish")},
    **{name: [case(any_shape)] for name in ("sigmoid", "tanh", "hardswish", "hardsigmoid")},
    "softmax": [case(any_shape, axis=[None, 0, -1])],
}
EACH = [pytest.param(kind, case, id=kind) for kind in RULES for case in CASES.get(kind, [])]


def needs_numbers(kind: str, args: dict[str, Any]) -> bool:
    """Where a closed form may be refused, because the answer depends on the remainder of a size."""
    return kind.startswith("adaptive") or "count_pad" in args


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == set(RULES)


def changed(part: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    """A case, or a part of one, with everything of one kind in it changed."""
    if isinstance(part, kind):
        return change(part)
    if isinstance(part, tuple):
        return tuple(changed(item, kind, change) for item in part)
    if isinstance(part, dict):
        return {name: changed(item, kind, change) for name, item in part.items()}
    return part


def at(part: Any, values: dict[str, Num]) -> Any:
    return changed(part, Poly, lambda number: number.subs(values))


def cost_of(kind: str, case: Case) -> dict[str, Any]:
    cost = RULES[kind].cost(*case)
    return {field.name: getattr(cost, field.name) for field in fields(Cost)}


@pytest.mark.parametrize(("kind", "case"), EACH)
@examples(8)
@given(data=st.data())
def test_integers_columns_and_letters_agree(kind: str, case: Case, data: st.DataObject) -> None:
    case = changed(case, list, lambda options: data.draw(st.sampled_from(options)))
    letters: set[str] = set()
    changed(case, Poly, lambda number: letters.update(number.letters()))
    drawn = {}
    for letter in sorted(letters):
        size = data.draw(st.sampled_from([1, ENTRIES]))
        drawn[letter] = data.draw(st.lists(st.integers(*RANGES[letter]), min_size=size, max_size=size), label=letter)
    points = [{letter: values[i % len(values)] for letter, values in drawn.items()} for i in range(ENTRIES)]

    expected: list[dict[str, Any] | None] = []  # None where the rule refuses these integers
    for point in points:
        try:
            expected.append(cost_of(kind, at(case, point)))
        except CostError:
            expected.append(None)

    columns = {letter: checked(np.array(values)) if values[1:] else values[0] for letter, values in drawn.items()}
    try:
        column = cost_of(kind, at(case, columns))
    except CostError as error:
        blamed = [i for i, valid in enumerate(np.broadcast_to(error.valid, ENTRIES)) if not valid]
        assert blamed
        assert all(expected[i] is None for i in blamed)
    else:
        assert [changed(column, Ints, lambda number, i=i: int(number.values[i])) for i in range(ENTRIES)] == expected

    for point, cost in zip(points, expected, strict=True):
        if cost is None:
            continue
        try:
            closed = cost_of(kind, at(case, {letter: number for letter, number in point.items() if letter.islower()}))
        except AlgebraError:
            assert needs_numbers(kind, case[1])
        else:
            assert at(closed, point) == cost


@pytest.mark.parametrize(
    ("kind", "case", "shape", "params", "macs", "taps"),
    [
        ("conv", case((C, H, W), out=N, kernel=3, pad=1, bias=False), "N×H×W", "9·C·N", "9·C·H·N·W", "0"),
        ("conv", case((C, H, W), out=N, kernel=D, pad="same"), "N×H×W", "C·D²·N + N", "C·D²·H·N·W", "0"),
        ("conv", case((C, H, W), out=C, kernel=3, stride=2, pad=1, groups=C), "C×⌈H/2⌉×⌈W/2⌉", "10·C", "9·C·⌈H/2⌉·⌈W/2⌉", "0"),
        ("conv", case((G * C, H, W), out=G * N, kernel=1, groups=G, bias=False), "G·N×H×W", "C·G·N", "C·G·H·N·W", "0"),
        ("max_pool", case(image, kernel=2), "C×⌊H/2⌋×⌊W/2⌋", "0", "0", "4·C·⌊H/2⌋·⌊W/2⌋"),
        ("max_pool", case(image, kernel=2, ceil_mode=True), "C×⌈H/2⌉×⌈W/2⌉", "0", "0", "4·C·⌈H/2⌉·⌈W/2⌉"),
        ("max_pool", case((1, H, 9), kernel=(D, 1), stride=1, pad=(1, 0)), "1×H - D + 3×9", "0", "0", "9·D·H - 9·D² + 27·D"),
        ("avg_pool", case((1, H, 9), kernel=3, stride=1, pad=1, count_pad=False), "1×H×9", "0", "0", "75·H - 50"),
        ("attention", case((T, D), (T, D), (T, D), heads=G), "T×D", "0", "2·D·T²", "0"),
    ],
)
def test_closed_forms(kind: str, case: Case, shape: str, params: str, macs: str, taps: str) -> None:
    cost = RULES[kind].function(*case[0], **case[1])
    assert (show(cost.shape), str(cost.params), str(cost.macs), str(cost.taps)) == (shape, params, macs, taps)


# ── brute force ──────────────────────────────────────────────────────────────────────────────────────────────────────


def pairs(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


def inside(size: int, kernel: int, stride: int, pad: tuple[int, int], dilation: int, ceil: Any, padded: bool) -> list[int]:
    """Slide windows along one axis, and return how many positions of each are inside the input.

    Rounding down, a window has to fit into the padded input. Rounding up, windows follow until one reaches the end of the
    padded input; but none starts behind the input (PyTorch's MaxPool2d; in Caffe that holds only where there is padding).
    """
    before, after = pad
    reach = dilation * (kernel - 1) + 1
    found, start = [], -before
    while start + (reach - stride if ceil else reach - 1) < size + after:
        if start >= size and (ceil is True or (ceil and padded)):
            break
        found.append(sum(0 <= start + tap * dilation < size for tap in range(kernel)))
        start += stride
    return found


def same_pad(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's "SAME": the least padding that gives ⌈size/stride⌉ windows, an odd one behind."""
    total = max(kernel - stride if size % stride == 0 else kernel - size % stride, 0)
    return total // 2, total - total // 2


pads = st.tuples(pairs(0, 4), pairs(0, 4)) | st.just(((0, 0), (0, 0))) | st.just("same")


@examples(300)
@given(pairs(1, 9), pairs(1, 5), pairs(1, 4), pads, st.integers(1, 2), st.sampled_from(ceil_mode), st.booleans())
def test_pools_slide_real_windows(
    size: Any, kernel: Any, stride: Any, pad: Any, dilation: int, ceil: Any, count_pad: bool
) -> None:
    if pad == "same":
        given_pad, dilation, ceil = pad, 1, False
        pad = tuple(same_pad(size[axis], kernel[axis], stride[axis]) for axis in (0, 1))
    else:
        pad = tuple((min(a, kernel[axis] - 1), min(b, kernel[axis] - 1)) for axis, (a, b) in enumerate(pad))
        given_pad = sum(pad, ())
    padded = any(sum(pad, ()))
    high, wide = (inside(size[i], kernel[i], stride[i], pad[i], dilation, ceil, padded) for i in (0, 1))
    shape, options = (3, *size), {"ceil_mode": ceil, "count_pad": count_pad}
    pools = [RULES["max_pool"].function, *([RULES["avg_pool"].function] if dilation == 1 else [])]
    if dilation > 1:
        options["dilation"], options["count_pad"] = dilation, True
    for pool in pools:
        if not high or not wide:
            with pytest.raises(CostError, match="does not fit"):
                pool(shape, kernel, stride, given_pad, **options)
            continue
        visits = sum(1 for _ in itertools.product(range(3), high, wide, *map(range, kernel)))
        if not options["count_pad"]:
            visits = 3 * sum(a * b for a in high for b in wide)
        assert pool(shape, kernel, stride, given_pad, **options) == Cost((3, len(high), len(wide)), taps=visits)


@examples(100)
@given(pairs(1, 9), pairs(1, 12))
def test_adaptive_pools_visit_their_windows(size: tuple[int, int], out: tuple[int, int]) -> None:
    visits = 2
    for number, count in zip(size, out, strict=True):  # PyTorch: floor(i·n/out) to ceil((i + 1)·n/out)
        visits *= sum(len(range(i * number // count, -(-(i + 1) * number // count))) for i in range(count))
    for pool in ("adaptive_avg_pool", "adaptive_max_pool"):
        assert RULES[pool].function((2, *size), out) == Cost((2, *out), taps=visits)


widths = st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(1, 2))  # groups, input and output channels of each


@examples(80)
@given(widths, pairs(1, 5), pairs(1, 3), pairs(1, 3), pads, st.integers(1, 2), st.booleans())
def test_convolutions_are_counted_one_by_one(
    widths: tuple[int, int, int], size: Any, kernel: Any, stride: Any, pad: Any, dilation: int, bias: bool
) -> None:
    groups, inputs, outputs = widths
    given_pad = pad if pad == "same" else sum(pad, ())
    if pad == "same":
        dilation, pad = 1, tuple(same_pad(size[axis], kernel[axis], stride[axis]) for axis in (0, 1))
    reach = [dilation * (number - 1) for number in kernel]
    places = [range(-pad[i][0], size[i] + pad[i][1] - reach[i], stride[i]) for i in (0, 1)]
    arguments = ((groups * inputs, *size), groups * outputs, kernel, stride, given_pad)
    options = {"groups": groups, "dilation": dilation, "bias": bias}
    if not all(places):
        with pytest.raises(CostError, match="does not fit"):
            RULES["conv"].function(*arguments, **options)
        return
    made, products, weights = set(), 0, set()
    for group, o, *place in itertools.product(range(groups), range(outputs), *places):
        made.add((group, o, *place))
        for weight in itertools.product(range(inputs), *map(range, kernel)):
            products += 1
            weights.add((group, o, *weight))
    shape = (groups * outputs, len(places[0]), len(places[1]))
    expected = Cost(shape, len(weights) + groups * outputs * bias, products, bias=len(made) * bias)
    assert RULES["conv"].function(*arguments, **options) == expected


@examples(80)
@given(widths, pairs(1, 4), pairs(1, 3), pairs(1, 3), st.integers(1, 2), pairs(0, 2), pairs(0, 1), st.booleans())
def test_transposed_convolutions_spread_every_input(
    widths: tuple[int, int, int], size: Any, kernel: Any, stride: Any, dilation: int, pad: Any, extra: Any, bias: bool
) -> None:
    groups, inputs, outputs = widths
    products, weights, ends = 0, set(), [0, 0]
    for group, i, o, *place in itertools.product(range(groups), range(inputs), range(outputs), *map(range, size)):
        for tap in itertools.product(*map(range, kernel)):
            products += 1
            weights.add((group, i, o, *tap))
            ends = [max(ends[a], place[a] * stride[a] + tap[a] * dilation + 1) for a in (0, 1)]
    high, wide = (ends[a] - 2 * pad[a] + extra[a] for a in (0, 1))
    arguments = ((groups * inputs, *size), groups * outputs, kernel, stride, pad)
    options = {"output_pad": extra, "groups": groups, "dilation": dilation, "bias": bias}
    if any(extra[axis] >= max(stride[axis], dilation) for axis in (0, 1)):
        with pytest.raises(CostError, match=r"output_pad=|is below 1"):
            RULES["conv_transpose"].function(*arguments, **options)
        return
    if high < 1 or wide < 1:
        with pytest.raises(CostError, match="is below 1"):
            RULES["conv_transpose"].function(*arguments, **options)
        return
    out = groups * outputs
    expected = Cost((out, high, wide), len(weights) + out * bias, products, bias=out * high * wide * bias)
    assert RULES["conv_transpose"].function(*arguments, **options) == expected


small = st.integers(1, 4)


@examples(60)
@given(small, small, small, small, small)
def test_products_of_matrices_are_counted_one_by_one(rows: int, keys: int, d: int, e: int, heads: int) -> None:
    def product(*sizes: int) -> int:
        return sum(1 for _ in itertools.product(*map(range, sizes)))

    matmul, linear, attention = (RULES[kind].function for kind in ("matmul", "linear", "attention"))
    assert matmul((rows, d), (d, e)) == Cost((rows, e), macs=product(rows, d, e))
    assert linear((rows, d), e) == Cost((rows, e), d * e + e, product(rows, d, e), bias=rows * e)
    assert linear((d,), e, bias=False) == Cost((e,), d * e, product(d, e))
    macs = sum(product(rows, keys, d) + product(rows, keys, e) for _ in range(heads))
    assert attention((rows, heads * d), (keys, heads * d), (keys, heads * e), heads) == Cost((rows, heads * e), macs=macs)
    macs = sum(product(keys, keys, d) + product(keys, keys, e) for _ in range(heads) for _ in range(rows))
    tokens = rows * keys  # in `rows` windows of `keys` tokens
    windowed = attention((tokens, heads * d), (tokens, heads * d), (tokens, heads * e), heads, window=keys)
    assert windowed == Cost((tokens, heads * e), macs=macs)


@examples(200)
@given(st.integers(1, 12), st.integers(0, 12), st.integers(1, 12) | st.none(), st.integers(1, 4), st.integers(0, 2))
def test_slices_are_those_of_python(size: int, start: int, stop: int | None, step: int, axis: int) -> None:
    before: Shape = (*(4, 13, 14)[:axis], size, *(4, 13, 14)[axis + 1 :])
    taken = len(range(size)[start:stop:step])
    if not taken or (stop or 0) > size:
        with pytest.raises(CostError):
            RULES["slice"].function(before, start, stop, step, axis=axis)
        return
    after = (*before[:axis], taken, *before[axis + 1 :])
    assert RULES["slice"].function(before, start, stop, step, axis=axis) == Cost(after)


# ── NumPy ────────────────────────────────────────────────────────────────────────────────────────────────────────────

# A rule, the shapes it takes, its arguments, and what it does to arrays of those shapes.
IN_NUMPY: list[tuple[str, list[Shape], dict[str, Any], Callable[..., Any]]] = [
    ("add", [(2, 3, 4)] * 3, {}, lambda a, b, c: a + b + c),
    ("mul", [(5, 4), (5, 4)], {}, np.multiply),
    ("mul", [(2, 3, 4), (2,)], {}, lambda a, gate: a * gate[:, None, None]),
    ("mul", [(2, 1, 1), (2, 3, 4)], {}, np.multiply),
    ("concat", [(2, 3, 4), (5, 3, 4), (1, 3, 4)], {}, lambda *xs: np.concatenate(xs, axis=0)),
    ("concat", [(5, 2), (5, 3)], {}, lambda *xs: np.concatenate(xs, axis=1)),
    ("concat", [(5,), (3,)], {}, lambda *xs: np.concatenate(xs)),
    ("flatten", [(2, 3, 4)], {}, np.ravel),
    ("split", [(6, 3, 4)], {"parts": 3, "part": 2}, lambda a: np.split(a, 3, axis=0)[2]),
    ("split", [(5, 6)], {"parts": 2}, lambda a: np.split(a, 2, axis=1)[0]),
    ("pad", [(2, 3, 4)], {"pad": (1, 2, 3, 5), "channels": (7, 9)}, lambda a: np.pad(a, ((7, 9), (1, 2), (3, 5)))),
    ("pad", [(2, 3, 4)], {"pad": (1, 2)}, lambda a: np.pad(a, ((0, 0), (1, 1), (2, 2)))),
    ("tokens", [(2, 3, 4)], {}, lambda a: a.reshape(2, 12).T),
    ("untokens", [(12, 2)], {"height": 3, "width": 4}, lambda a: a.T.reshape(2, 3, 4)),
    ("class_token", [(5, 2)], {}, lambda a: np.vstack([np.zeros((1, 2)), a])),
    ("upsample", [(2, 3, 4)], {"scale": (2, 5)}, lambda a: a.repeat(2, axis=1).repeat(5, axis=2)),
    ("upsample", [(2, 3, 4)], {}, lambda a: np.kron(a, np.ones((1, 2, 2)))),
    (
        "space_to_depth",
        [(2, 6, 9)],
        {"size": 3},
        lambda a: np.stack([a[:, i::3, j::3] for i in range(3) for j in range(3)], 1).reshape(18, 2, 3),
    ),
    ("channel_shuffle", [(6, 3, 4)], {"groups": 2}, lambda a: a.reshape(2, 3, 3, 4).swapaxes(0, 1).reshape(6, 3, 4)),
    ("global_avg_pool", [(2, 3, 4)], {}, lambda a: a.mean((1, 2))),
    ("global_max_pool", [(2, 3, 4)], {}, lambda a: a.max((1, 2))),
    ("matmul", [(3, 4), (4, 5)], {}, np.matmul),
]


@pytest.mark.parametrize(("kind", "shapes", "args", "function"), IN_NUMPY, ids=[row[0] for row in IN_NUMPY])
def test_shapes_are_those_of_numpy(kind: str, shapes: list[Shape], args: dict[str, Any], function: Callable[..., Any]) -> None:
    assert RULES[kind].function(*shapes, **args).shape == function(*map(np.ones, shapes)).shape


# ── what is learned, offset, kept and visited ────────────────────────────────────────────────────────────────────────

FREE = "relu relu6 leaky_relu elu gelu silu mish sigmoid tanh hardswish hardsigmoid softmax dropout stochastic_depth flatten"


@pytest.mark.parametrize("kind", FREE.split())
def test_free_kinds(kind: str) -> None:
    shape = (4, 5, 6)
    assert RULES[kind].function(shape) == Cost(shape if kind != "flatten" else (120,))


MAP, TOKENS = (4, 5, 6), (7, 4)


@pytest.mark.parametrize(
    ("kind", "shape", "args", "cost"),
    [
        ("batch_norm", MAP, {}, {"params": 8, "bias": 120, "buffers": 8}),
        ("batch_norm", MAP, {"affine": False}, {"buffers": 8}),
        ("layer_norm", MAP, {}, {"params": 8, "bias": 120}),
        ("layer_norm", MAP, {"over": "all"}, {"params": 240, "bias": 120}),
        ("layer_norm", TOKENS, {}, {"params": 8, "bias": 28}),
        ("layer_norm", TOKENS, {"affine": False}, {}),
        ("group_norm", MAP, {"groups": 2}, {"params": 8, "bias": 120}),
        ("instance_norm", MAP, {}, {}),
        ("instance_norm", MAP, {"affine": True}, {"params": 8, "bias": 120}),
        ("group_norm", MAP, {"groups": 2, "affine": False}, {}),
        ("lrn", MAP, {}, {"taps": 5 * 120}),
        ("scale", MAP, {}, {"params": 4}),
        ("scale", TOKENS, {"bias": True}, {"params": 8, "bias": 28}),
        ("position_embedding", TOKENS, {}, {"params": 28, "bias": 28}),
        ("prelu", MAP, {}, {"params": 4}),
        ("prelu", MAP, {"shared": True}, {"params": 1}),
        ("dropout", MAP, {"p": 0}, {}),
        ("stochastic_depth", MAP, {"p": 1}, {}),
    ],
)
def test_what_keeps_the_shape(kind: str, shape: Shape, args: dict[str, Any], cost: dict[str, int]) -> None:
    assert RULES[kind].function(shape, **args) == Cost(shape, **cost)


def test_what_makes_a_shape() -> None:
    assert RULES["class_token"].function((7, 4)) == Cost((8, 4), params=4)
    assert RULES["constant"].function(MAP, 3, 2) == Cost((3, 2))
    assert RULES["constant"].function(MAP, 3, 2, learned=True) == Cost((3, 2), params=6)
    assert RULES["attention_bias"].function((9, 8), (25, 4)) == Cost((9, 8))
    assert RULES["global_avg_pool"].function((1024, 7, 7)) == Cost((1024,), taps=50_176)  # the lecture's rule R16
    for mode, inputs in {"nearest": 1, "bilinear": 4, "bicubic": 16}.items():
        assert RULES["upsample"].function((2, 3, 4), (2, 5), mode=mode) == Cost((2, 6, 20), taps=240 * inputs)


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# An input and a model, then the message after "layer 'conv' (", then the hint.
REFUSALS = """
(3, 8, 8) x.conv(8, 9)
    conv of 3×8×8: the output height is 0, which is below 1
    a 9×9 window does not fit into the 8×8 input: use a smaller one, or pad

(3, 8, 4) x.conv(8, 3, pad=(0, 1), dilation=(1, 4))
    conv of 3×8×4: the output width is -2, which is below 1
    a 3×3 window (dilation 4) does not fit into the 8×4 input: use a smaller one, or pad

(3, 8, 8) x.conv(8, (3, 3, 3))
    conv of 3×8×8: kernel=(3, 3, 3) has 3 numbers
    give one number, or two: vertical, horizontal

(3, 8, 8) x.conv(8, 0)
    conv of 3×8×8: kernel is 0, which is below 1

(3, 8, 8) x.conv(8, 3.5)
    conv of 3×8×8: kernel is 3.5, which is no whole number

(3, 8, 8) x.conv(8, 3, stride=0)
    conv of 3×8×8: stride is 0, which is below 1

(3, 8, 8) x.conv(8, 3, pad=-1)
    conv of 3×8×8: pad is -1, which is below 0

(3, 8, 8) x.conv(8, 3, pad="valid")
    conv of 3×8×8: pad is 'valid'
    write 0, which other frameworks call valid

(3, 8, 8) x.conv(8, 3, pad=(1, 2, 3))
    conv of 3×8×8: pad=(1, 2, 3) has 3 numbers
    give one, two or four: top, bottom, left, right

(3, 8, 8) x.conv(0, 3)
    conv of 3×8×8: out is 0, which is below 1

(3, 8, 8) x.conv("8", 3)
    conv of 3×8×8: out is '8', which is no whole number

(3, 8, 8) x.conv(8, None)
    conv of 3×8×8: kernel is None, which is no whole number

(3, 8, 8) x.conv(8, 3, groups=2)
    conv of 3×8×8: groups=2 must divide the 3 input channels

(4, 8, 8) x.conv(6, 3, groups=4)
    conv of 4×8×8: groups=4 must divide the 6 filters

(4, 8, 8) x.conv(4, 3, groups=0)
    conv of 4×8×8: groups is 0, which is below 1

(10,) x.conv(8, 3)
    conv of 10: needs a C×H×W map, got 10
    a map has channels and one to three axes: C×L, C×H×W, C×D×H×W

(4, 8, 8) x.conv_transpose(4, 3, pad=9)
    conv_transpose of 4×8×8: the output height is -8, which is below 1
    use less padding

(4, 8, 8) x.conv_transpose(4, 3, groups=3)
    conv_transpose of 4×8×8: groups=3 must divide the 4 input channels

(4, 8, 8) x.linear(10)
    linear of 4×8×8: needs features, got a 4×8×8 map
    add flatten or global_avg_pool before it, tokens to apply it at every position, or name an axis: axis=-1

(4,) x.linear(0)
    linear of 4: out is 0, which is below 1

(4, 8) x.matmul(x)
    matmul of 4×8 and 4×8: cannot multiply 4×8 by 4×8: the inner sizes differ

(4, 8) x.attention(x, x, 3)
    attention of 4×8 and 4×8 and 4×8: heads=3 must divide the 8 query features

(4, 8) x.attention(x.linear(6), x)
    attention of 4×8 and 4×6 and 4×8: queries have 8 features and keys 6

(4, 8) x.attention(x, x, window=3)
    attention of 4×8 and 4×8 and 4×8: window=3 must divide the 4 tokens

(4, 8, 8) x.max_pool(2, pad=2)
    max_pool of 4×8×8: pad=2 leaves windows of 2 without any input

(4, 8, 8) x.max_pool((1, 3), pad=(0, 0, 3, 0))
    max_pool of 4×8×8: pad=3 leaves windows of 3 without any input

(4, 8, 8) x.avg_pool((3, 4), pad=(0, 3, 3, 0))
    avg_pool of 4×8×8: pad=3 leaves windows of 3 without any input

(4, 8, 8) x.max_pool((3, 2), pad=(2, 2, 1, 2))
    max_pool of 4×8×8: pad=2 leaves windows of 2 without any input

(4, 8, 8) x.max_pool(9)
    max_pool of 4×8×8: the output height is 0, which is below 1
    a 9×9 window does not fit into the 8×8 input: use a smaller one, or pad

(4, 8, 8) x.max_pool(2, ceil_mode="up")
    max_pool of 4×8×8: ceil_mode is 'up'
    give true, false or 'caffe'

(4, 8, 8) x.max_pool(2, dilation=2, count_pad=False)
    max_pool of 4×8×8: dilated windows without their padding are not computed
    leave count_pad true

(4, 5000, 5000) x.avg_pool(1025, count_pad=False)
    avg_pool of 4×5000×5000: windows of 1025 without their padding are not computed
    count_pad=false needs a kernel given as a number up to 1024

(4,) x.global_avg_pool()
    global_avg_pool of 4: needs a C×H×W map, got 4
    a map has channels and one to three axes: C×L, C×H×W, C×D×H×W

(4, 8, 8) x.adaptive_avg_pool(0)
    adaptive_avg_pool of 4×8×8: out is 0, which is below 1

(4, 8, 8) x.adaptive_avg_pool((1, 2, 3))
    adaptive_avg_pool of 4×8×8: out=(1, 2, 3) has 3 numbers
    give one number, or two: vertical, horizontal

(4, 8, 8) x.upsample(2, mode="linear")
    upsample of 4×8×8: mode is 'linear'
    give one of nearest, bilinear, bicubic

(4, 8, 8) x.upsample(0)
    upsample of 4×8×8: scale is 0, which is below 1

(4, 8, 8) x.layer_norm(over="width")
    layer_norm of 4×8×8: over is 'width'
    give channels or all

(4, 8, 8) x.group_norm(3)
    group_norm of 4×8×8: groups=3 must divide the 4 channels

(4,) x.lrn()
    lrn of 4: needs a C×H×W map, got 4

(4, 8, 8) x.lrn(0)
    lrn of 4×8×8: size is 0, which is below 1

(4, 8, 8) x.dropout(1.5)
    dropout of 4×8×8: the probability is 1.5
    give a number from 0 to 1

(4, 8, 8) x.stochastic_depth(-1)
    stochastic_depth of 4×8×8: the probability is -1
    give a number from 0 to 1

(4, 8, 8) x + x.conv(5, 1)
    add of 4×8×8 and 5×8×8: cannot add 4×8×8 and 5×8×8: shapes must be equal, or broadcast
    bring the branches to one shape, with a 1×1 convolution (a projection) for instance

(4, 8, 8) x.add(x.flatten())
    add of 4×8×8 and 256: cannot add 4×8×8 and 256: shapes must be equal, or broadcast
    bring the branches to one shape, with a 1×1 convolution (a projection) for instance

(4, 8, 8) x * x.conv(5, 1)
    mul of 4×8×8 and 5×8×8: cannot multiply 4×8×8 and 5×8×8: shapes must be equal, or broadcast
    a gate has the map's channels, or one; and its sizes, or 1

(4, 8, 8) x * x.conv(5, 1).global_avg_pool()
    mul of 4×8×8 and 5: cannot multiply 4×8×8 and 5: shapes must be equal, or broadcast
    a gate has the map's channels, or one; and its sizes, or 1

(4, 8, 8) x.mul(x.tokens())
    mul of 4×8×8 and 64×4: cannot multiply 4×8×8 and 64×4: shapes must be equal, or broadcast
    a gate has the map's channels, or one; and its sizes, or 1

(4, 8, 8) x.concat(x.max_pool(2))
    concat of 4×8×8 and 4×4×4: cannot concatenate 4×8×8 and 4×4×4: only channels may differ

(4, 8) x.concat(x.slice(stop=2))
    concat of 4×8 and 2×8: cannot concatenate 4×8 and 2×8: only channels may differ

(4, 8, 8) x.concat(x.flatten())
    concat of 4×8×8 and 256: cannot concatenate 4×8×8 and 256: only channels may differ

(4, 8, 8) x.split(3)
    split of 4×8×8: parts=3 must divide the 4 channels

(4, 8, 8) x.split(2, 2)
    split of 4×8×8: there is no part 2 of 2
    parts are counted from 0

(4, 8, 8) x.split(2, -1)
    split of 4×8×8: part is -1, which is below 0

(4, 8, 8) x.slice(axis=3)
    slice of 4×8×8: there is no axis 3 in 4×8×8
    axes are those of one example, without the batch, from 0

(4, 8, 8) x.slice(stop=5)
    slice of 4×8×8: stop=5 is past the 4 there are

(4, 8, 8) x.slice(start=4)
    slice of 4×8×8: the number of indices taken is 0, which is below 1

(4, 8, 8) x.slice(start=-1)
    slice of 4×8×8: start is -1, which is below 0

(4, 8, 8) x.slice(step=0)
    slice of 4×8×8: step is 0, which is below 1

(4, 8, 8) x.pad("same")
    pad of 4×8×8: pad cannot be 'same' here
    give the number of zeros

(4, 8, 8) x.pad(channels=(-1, 0))
    pad of 4×8×8: channels is -1, which is below 0

(4, 8, 8) x.channel_shuffle(3)
    channel_shuffle of 4×8×8: groups=3 must divide the 4 channels

(4, 7, 8) x.space_to_depth(2)
    space_to_depth of 4×7×8: size=2 must divide the 7 rows

(4, 7, 8) x.tokens(window=2)
    tokens of 4×7×8: window=2 must divide the 7 rows

(4, 8, 8) x.class_token()
    class_token of 4×8×8: needs tokens, got 4×8×8

(4, 8, 8) x.matmul(x.slice(stop=7, axis=1))
    matmul of 4×8×8 and 4×7×8: cannot multiply 4×8×8 by 4×7×8: the inner sizes differ

(3, 4, 5) x.matmul(x.conv(2, 1).permute((0, 2, 1)))
    matmul of 3×4×5 and 2×5×4: cannot multiply 3×4×5 by 2×5×4: the leading axes do not broadcast

(4,) x.attention(x, x)
    attention of 4 and 4 and 4: needs tokens, got 4, 4 and 4

(2, 4, 8) x.attention(x.slice(stop=1), x, mask=x.conv(1, 1))
    attention of 2×4×8 and 1×4×8 and 2×4×8 and 1×4×8: a mask of 1×4×8 does not fit the 2×4×4 scores

(4, 8, 8) x.conv(8, 3, weight=x)
    conv of 4×8×8 and 4×8×8: a weight of 4×8×8 does not hold 8 filters of 4×3×3

(4, 8, 8, 8) x.conv(8, (3, 3))
    conv of 4×8×8×8: kernel=(3, 3) has 2 numbers
    give one number, or three: depth, vertical, horizontal

(4, 8, 8, 8) x.conv(8, 3, pad=(1, 1))
    conv of 4×8×8×8: pad=(1, 1) has 2 numbers
    give one, three or six: before and after of depth, height and width

(4, 8) x.conv(8, (3, 3))
    conv of 4×8: kernel=(3, 3) has 2 numbers
    give one number

(4, 8) x.max_pool(2, pad=(0, 1, 1))
    max_pool of 4×8: pad=(0, 1, 1) has 3 numbers
    give one or two: before, after

(4, 8, 8, 8) x.avg_pool(9)
    avg_pool of 4×8×8×8: the output depth is 0, which is below 1
    a 9×9×9 window does not fit into the 8×8×8 input: use a smaller one, or pad

(2, 2, 2, 2, 2) x.conv(8, 1)
    conv of 2×2×2×2×2: needs a C×H×W map, got 2×2×2×2×2
    a map has channels and one to three axes: C×L, C×H×W, C×D×H×W

(4, 8, 8) x.permute((1, 2, 0)).conv(8, 3)
    conv of 8×8×4: needs a map with its channels first, got 8×8×4 with them last
    permute it back

(4, 8, 8) x.conv_transpose(4, 3, 2, output_pad=2)
    conv_transpose of 4×8×8: output_pad=2 is not below the stride 2, nor below the dilation 1
    the last outputs would see no input

(4, 8, 8) x.conv_transpose(4, 3, 2, pad="same", output_pad=1)
    conv_transpose of 4×8×8: output_pad adds to stated pads, not to 'same'

(4, 8, 8) x.deform_conv(4, 3, pad=1, offset=x.conv(17, 1))
    deform_conv of 4×8×8 and 17×8×8: offset is 17×8×8, where 18×8×8 is wanted

(4, 8, 8) x.deform_conv(4, 3, pad=1, offset=x.flatten())
    deform_conv of 4×8×8 and 256: offset is 256, where 18×8×8 is wanted

(4, 8) x.deform_conv(4, 3)
    deform_conv of 4×8: needs a C×H×W map, got 4×8
    deformable convolutions have two axes

(4, 8) x.global_avg_pool()
    global_avg_pool of 4×8: needs a map, and 4×8 may be tokens
    for the mean over tokens: reduce with axes 0; for that over a C×L map: with axes 1

(4, 8) x.upsample(2, mode="bilinear")
    upsample of 4×8: mode is 'bilinear'
    give one of nearest, linear

(4, 8, 8) x.upsample(0.1)
    upsample of 4×8×8: the output size is 0, which is below 1
    give a larger scale

(4, 8, 8) x.upsample(-1.5)
    upsample of 4×8×8: scale is -3/2, which is not above 0
    give a number above 0, such as 2 or 1.5

(4, 8, 8) x.upsample("x")
    upsample of 4×8×8: scale is 'x', which is no number
    give a number above 0, such as 2 or 1.5

(4, 8, 8) x.upsample(like=x.flatten())
    upsample of 4×8×8 and 256: the map whose size is wanted has another number of axes

(4, 8, 8) x.linear(10, axis=3)
    linear of 4×8×8: there is no axis 3 in 4×8×8
    axes are those of one example, without the batch, from 0

(4, 8) x.conv(3, 1).lstm(8)
    lstm of 3×8: needs T×D tokens, got 3×8
    make tokens of a map: tokens, or permute the axes of a C×L map

(4, 8) x.lstm(8, bias=3)
    lstm of 4×8: bias is 3
    give the vectors of each gate: 2, 1 or 0

(4, 8) x.lstm(8, layers=0)
    lstm of 4×8: layers is 0, which is below 1

(4, 8) x.einsum(x, "tk,kd->td")
    einsum of 4×8 and 4×8: 'k' of 'tk,kd->td' is 8 and 4

(4, 8) x.einsum(x, "tk->t")
    einsum of 4×8 and 4×8: cannot read the equation 'tk->t'
    write the axes of both tensors and of the output, one character each: 'tk,kd->td'

(4, 8) x.einsum(x, "tkd,td->t")
    einsum of 4×8 and 4×8: 'tkd' of 'tkd,td->t' has 3 letters for 4×8
    write the axes of both tensors and of the output, one character each: 'tk,kd->td'

(4, 8) x.einsum(x, "td,td->tt")
    einsum of 4×8 and 4×8: the output 'tt' of 'td,td->tt' names an axis twice, or one that no tensor has
    write the axes of both tensors and of the output, one character each: 'tk,kd->td'

(4, 8, 8) x.layer_norm(over=(1, -2))
    layer_norm of 4×8×8: axes=(1, -2) names an axis twice

(4, 8, 8) x.scale(axis=5)
    scale of 4×8×8: there is no axis 5 in 4×8×8
    axes are those of one example, without the batch, from 0

(4, 8, 8) x.elementwise(op="Exp!")
    elementwise of 4×8×8: op is 'Exp!', which names no operation
    write a word in small letters, such as exp

(4, 8, 8) x.weighted_sum(x, per="pixel")
    weighted_sum of 4×8×8 and 4×8×8: per is 'pixel'
    give layer or channel

(4, 8, 8) x.concat(x.max_pool(2), axis=1)
    concat of 4×8×8 and 4×4×4: cannot concatenate 4×8×8 and 4×4×4: only sizes of axis 1 may differ

(4, 8, 8) x.stack(x.max_pool(2))
    stack of 4×8×8 and 4×4×4: cannot stack 4×8×8 and 4×4×4: shapes must be equal

(4, 8, 8) x.flatten(2, 1)
    flatten of 4×8×8: axis 1 does not come after axis 2

(4, 8, 8) x.reshape((-1, 7))
    reshape of 4×8×8: 4×8×8 has 256 numbers, which do not fill -1×7

(4, 8, 8) x.reshape((-1, -1))
    reshape of 4×8×8: to=(-1, -1) leaves more than one size open
    one size may be -1

(4, 8, 8) x.reshape((16, 17))
    reshape of 4×8×8: 4×8×8 has 256 numbers, which do not fill 16×17

(4, 8, 8) x.permute((0, 1))
    permute of 4×8×8: order=(0, 1) has 2 axes, 4×8×8 has 3
    name each axis once

(4, 8, 8) x.permute((0, 1, 1))
    permute of 4×8×8: axes=(0, 1, 1) names an axis twice

(4, 8, 8) x.squeeze(0)
    squeeze of 4×8×8: axis 0 of 4×8×8 has more than one position

(4, 8, 8) x.unsqueeze(4)
    unsqueeze of 4×8×8: there is no axis 4 in 4×8×8
    axes are those of one example, without the batch, from 0

(4, 8, 8) x.expand((8, 8, 8))
    expand of 4×8×8: cannot expand 4×8×8 to 8×8×8
    only axes of size 1 are repeated

(4, 8, 8) x.expand((8, 8))
    expand of 4×8×8: cannot expand 4×8×8 to 8×8
    name every axis; new ones come first

(4, 8, 8) x.tile((2, 2))
    tile of 4×8×8: times=(2, 2) has 2 numbers, 4×8×8 has 3 axes

(4, 8, 8) x.select(4)
    select of 4×8×8: there is no index 4 among 4
    indices are counted from 0

(4, 8, 8) x.gather(0)
    gather of 4×8×8: count is 0, which is below 1

(4, 8, 8) x.reduce("median")
    reduce of 4×8×8: op is 'median'
    give one of mean, sum, max, min, prod, norm, var, std, logsumexp, argmax, any, all

(4, 8, 8) x.reduce(axes=3)
    reduce of 4×8×8: there is no axis 3 in 4×8×8
    axes are those of one example, without the batch, from 0

(4, 8, 8) x.pad((1, 0, 0, 0, 0, 0), channels=1)
    pad of 4×8×8: the pads of every axis are stated, and the channels once more

(4, 8, 8) x.pad(1, mode="mirror")
    pad of 4×8×8: mode is 'mirror'
    give one of constant, reflect, replicate, circular

(6, 8, 8) x.depth_to_space(2)
    depth_to_space of 6×8×8: size·size=4 must divide the 6 channels

(4, 8, 8) x.parameter((0, 3))
    parameter: a size is 0, which is below 1

(4, 8, 8) x.opaque(op="", to=(3,))
    opaque of 4×8×8: op is '', which names no operation
    write the operation's name

(4, 8, 8) x.parameter((3, 3)).class_token().untokens(2, 3)
    untokens of 4×3: 4 tokens do not fill a 2×3 map

(4, 8) x.untokens(3, 2)
    untokens of 4×8: 4 tokens do not fill a 3×2 map

(4, 8, 8) x.untokens(2, 2)
    untokens of 4×8×8: needs tokens, got 4×8×8

(4, H, 8) x.max_pool(2, pad="same", count_pad=False)
    max_pool of 4×H×8: whether 2·⌈H/2⌉ - H < 0 depends on the symbols
    give the symbols numbers, or set the setting that asks to a number

(4, H, 8) x.adaptive_avg_pool(3)
    adaptive_avg_pool of 4×H×8: the greatest common divisor of H and 3 depends on the symbols

(4, H, 8) x + x.max_pool(2)
    add of 4×H×8 and 4×⌊H/2⌋×4: cannot add 4×H×8 and 4×⌊H/2⌋×4: shapes must be equal, or broadcast
    bring the branches to one shape, with a 1×1 convolution (a projection) for instance

(4,) x.dropout('x')
    dropout of 4: the probability is 'x'
    give a number from 0 to 1
"""


@pytest.mark.parametrize("refusal", REFUSALS.strip().split("\n\n"), ids=lambda text: text.split("\n")[0])
def test_refusal(refusal: str) -> None:
    call, fact, hint = (*refusal.split("\n    "), "")[:3]
    input, model = call.split(") ", 1)
    with pytest.raises(ModelError) as caught:
        trace(lambda x: eval(model, {"x": x}), eval(input + ")", {"H": H}))
    layer, fact = fact.split(": ", 1)
    assert caught.value.message == f"layer '{layer.split()[0]}' ({layer}): {fact}"
    assert caught.value.hint == hint


@pytest.mark.parametrize("model", ["x.pad(channels=(1, 2, 3))", "x.pad(channels=(1,))"])
def test_numbers_too_many_or_too_few_are_refused(model: str) -> None:
    with pytest.raises(ModelError, match="layer 'pad'"):
        trace(lambda x: eval(model, {"x": x}), (4, 8, 8))


def test_a_refusal_of_candidates_says_which() -> None:
    with pytest.raises(ModelError) as caught:
        trace(lambda x, groups: x.conv(12, 3, groups=groups), (4, 8, 8), groups=np.array([1, 2, 3, 4]))
    assert caught.value.message == "layer 'conv' (conv of 4×8×8): groups=[1 2 3 4] must divide the 4 input channels"
    assert list(caught.value.valid) == [True, True, False, True]


JUNK = [None, "x", "", -1, 0, 1.5, float("nan"), (), (2,), (2, 3), (2, 2, 2), (0, -1, 0, 0), [2], {}, object(), H]
JUNK += [np.array([2, 3]), np.array([0, -1]), np.array([0.5, 1])]


@pytest.mark.parametrize("kind", CASES)
def test_no_argument_breaks_a_rule(kind: str) -> None:
    """Whatever an argument is: either the counts are exact and not negative, or the refusal names the layer."""
    first = changed(CASES[kind][0], list, lambda options: options[0])
    shapes, args = at(first, {letter: 4 if letter.isupper() else 2 for letter in RANGES})
    for name in RULES[kind].arguments:
        for junk in JUNK:
            tracer = Tracer()
            tracer.input((1, 1, 1))
            tensors = tuple(Tensor(tracer, 0, shape) for shape in shapes)
            try:
                tracer.apply(kind, tensors, {**args, name: junk}, None, None)
            except ModelError as error:
                assert f"layer '{kind}'" in error.message  # noqa: PT017
                continue
            cost = tracer.nodes[-1].cost
            for number in (*cost.shape, cost.params, cost.macs, cost.bias, cost.taps, cost.buffers):
                assert isinstance(number, (int, Ints, Poly)), (name, junk)
                if not isinstance(number, Poly):
                    assert np.all(number >= 0), (name, junk)


def test_an_axis_of_one_number_for_some_candidates_only() -> None:
    """As for each candidate alone: 1 fits any size, 3 does not fit 5."""
    einsum = RULES["einsum"].function
    both = einsum((1, 5), (1, checked(np.array([1, 5]))), equation="ab,cb->ac")
    assert [int(number) for number in both.macs.values] == [einsum((1, 5), (1, b), equation="ab,cb->ac").macs for b in (1, 5)]
    with pytest.raises(CostError) as refused:
        einsum((1, 5), (1, checked(np.array([1, 3]))), equation="ab,cb->ac")
    assert np.asarray(refused.value.valid).tolist() == [True, False]


def test_locally_connected_as_keras_says() -> None:
    """Its documentation on LocallyConnected2D(64, (3, 3)) of 32×32×3: "30*30 * (3*3*3*64) + 30*30*64 parameters"."""
    cost = RULES["locally_connected"].function((3, 32, 32), 64, 3)
    assert cost.params == 30 * 30 * (3 * 3 * 3 * 64) + 30 * 30 * 64
    windows = [
        (i, j, f) for i in range(30) for j in range(30) for f in range(64)
    ]  # each with weights of its own, counted one by one
    assert cost.macs == len(windows) * 3 * 3 * 3
    assert cost.shape == (64, 30, 30)
