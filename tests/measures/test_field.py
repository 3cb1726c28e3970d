"""Receptive fields: published figures, every pixel by brute force, and branches."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support import examples

import cnncost
from cnncost.graph.graph import Graph, Tensor, trace
from cnncost.measures.field import Axis, exceeds, receptive_fields

# ── published ────────────────────────────────────────────────────────────────────────────────────────────────────────
# google-research/receptive_field, README: size, stride and padding at the last layer with a height and a width. TF-Slim pads
# "same", which at stride 2 and an even size is one zero less before the map than behind it.


def last_map(graph: Graph) -> tuple[int, int, int]:
    """Field, stride and padding of the last map that is larger than a pixel and no pooling of a whole map."""
    fields = receptive_fields(graph)
    end = next(
        (i for i, node in enumerate(graph.nodes) if node.cost.shape[1:] in ((), (1, 1)) and node.kind != "input"), len(fields)
    )
    vertical, horizontal = fields[end - 1] or (Axis(0), Axis(0))
    assert vertical == horizontal
    return vertical.size, vertical.stride, vertical.pad


def slim_resnet(x: Tensor, depths: tuple[int, ...]) -> Tensor:
    """TF-Slim's resnet_v1: the stride of a stage in its last unit, whose shortcut takes every second pixel."""
    x = x.conv(64, 7, 2, 3).max_pool(3, 2, "same")
    for stage, depth in enumerate(depths):
        for unit in range(depth):
            stride = 2 if stage < 3 and unit == depth - 1 else 1
            y = x.conv(8, 1).conv(8, 3, stride, 1).conv(64, 1)
            x = y.add(x if stride == 1 else x.max_pool(1, stride))
    return x


def slim_mobilenet(x: Tensor) -> Tensor:
    x = x.conv(8, 3, 2, "same")
    for stride in (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1):
        x = x.conv(8, 3, stride, "same", groups=8).conv(8, 1)
    return x


def slim_inception_v2(x: Tensor) -> Tensor:
    """TF-Slim's inception_v2 up to Mixed_5c: 1×1; 1×1, 3×3; 1×1, 3×3, 3×3; pool, 1×1. With a stride the first is left out."""
    x = x.conv(8, 7, 2, "same").max_pool(3, 2, "same").conv(8, 1).conv(8, 3, 1, "same").max_pool(3, 2, "same")
    for stride in (1, 1, 2, 1, 1, 1, 1, 2, 1, 1):
        double = x.conv(8, 1).conv(8, 3, stride, "same")
        triple = x.conv(8, 1).conv(8, 3, 1, "same").conv(8, 3, stride, "same")
        pooled = x.max_pool(3, stride, "same")
        x = double.concat(triple, pooled) if stride == 2 else x.conv(8, 1).concat(double, triple, pooled.conv(8, 1))
    return x


def slim(model: Callable[..., Tensor], **settings: Any) -> Graph:
    return trace(model, (3, 224, 224), **settings)


PUBLISHED: dict[str, tuple[Callable[[], Graph], tuple[int, int, int]]] = {
    "alexnet_v2": (lambda: cnncost.load("alexnet_original").trace(), (195, 32, 64)),
    "vgg_16": (lambda: cnncost.load("vgg16_lecture", depths=(2, 2, 3, 3, 3)).trace(), (212, 32, 90)),
    "inception_v2": (lambda: slim(slim_inception_v2), (699, 32, 318)),
    "inception_v3": (lambda: cnncost.load("inception_v3_no_aux").trace(), (1311, 32, 618)),
    "inception_v4": (lambda: cnncost.load("inception_v4").trace(), (2071, 32, 998)),
    "inception_resnet_v2": (lambda: cnncost.load("inception_resnet_v2").trace(), (3039, 32, 1482)),
    "mobilenet_v1": (lambda: slim(slim_mobilenet), (315, 32, 126)),
    "resnet_v1_50": (lambda: slim(slim_resnet, depths=(3, 4, 6, 3)), (483, 32, 239)),
    "resnet_v1_101": (lambda: slim(slim_resnet, depths=(3, 4, 23, 3)), (1027, 32, 511)),
    "resnet_v1_152": (lambda: slim(slim_resnet, depths=(3, 8, 36, 3)), (1507, 32, 751)),
    "resnet_v1_200": (lambda: slim(slim_resnet, depths=(3, 24, 36, 3)), (1763, 32, 879)),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published(name: str) -> None:
    graph, expected = PUBLISHED[name]
    assert last_map(graph()) == expected


def test_alexnet_layer_by_layer() -> None:
    """google-research/receptive_field, alexnet_v2, which has the paper's windows."""
    graph = cnncost.load("alexnet_original").trace()
    fields = dict(zip((node.name for node in graph.nodes), receptive_fields(graph), strict=True))
    published = {"conv1": (11, 4, 0), "pool1": (19, 8, 0), "conv2": (51, 8, 16), "conv3": (99, 16, 32)}
    published |= {"conv4": (131, 16, 48), "conv5": (163, 16, 64), "pool5": (195, 32, 64)}
    for name, (size, stride, pad) in published.items():
        assert fields[name] == (Axis(size, stride, pad),) * 2


@pytest.mark.parametrize(("name", "size"), [("conv5x5", 5), ("conv3x3_twice", 5), ("conv7x7", 7), ("conv3x3_thrice", 7)])
def test_stacks_of_3x3_see_what_one_large_window_sees(name: str, size: int) -> None:
    """CS231n 2017 lecture 9: two 3×3 see 5×5, three see 7×7."""
    assert receptive_fields(cnncost.load(name).trace())[-1] == (Axis(size, 1, size // 2),) * 2


# ── by brute force ───────────────────────────────────────────────────────────────────────────────────────────────────

SIZE = 41  # pixels of the axis below

window = st.tuples(st.just("window"), st.integers(1, 5), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2))
steps = st.one_of(
    window,
    st.tuples(st.just("pad"), st.integers(0, 3), st.integers(0, 3)),
    st.tuples(st.just("slice"), st.integers(0, 2), st.integers(1, 2)),
    st.tuples(st.just("branch"), st.integers(0, 2), st.integers(1, 4), st.integers(1, 3)),
    st.tuples(st.just("pool"), st.integers(1, 4)),
    st.tuples(st.just("nearest"), st.integers(1, 2)),
)
STRIDE_OF = {"window": 2, "slice": 2, "branch": 3, "pool": 1}  # where in a step its stride stands
Seen = list[tuple[int, int]]  # for each position the first and the last pixel it sees, the padding's as pixels outside


def apply(x: Tensor, step: tuple[Any, ...]) -> Tensor:
    kind, *args = step
    if kind == "window":
        kernel, stride, pad, dilation = args
        return x.conv(1, (kernel, 1), (stride, 1), (pad, 0), dilation=(dilation, 1))
    if kind == "pad":
        return x.pad((args[0], args[1], 0, 0))
    if kind == "slice":
        return x.slice(args[0], step=args[1], axis=1)
    if kind == "branch":
        pad, kernel, stride = args
        left = x.conv(1, (2 * pad + 1, 1), (stride, 1), (pad, 0))
        reach = (kernel - 1) // 2
        return left.concat(x.max_pool((kernel, 1), (stride, 1), (reach, kernel - 1 - reach, 0, 0)))
    if kind == "pool":
        return x.avg_pool((args[0], 1))
    return x.upsample((args[0], 1))


def see(seen: Seen, kernel: int, stride: int, pad: int, after: int, dilation: int, pitch: int) -> Seen:
    """Slide a window over positions, those of the padding carrying on at the same distance."""
    first, last = seen[0], seen[-1]
    ahead = [(first[0] - i * pitch, first[1] - i * pitch) for i in range(pad, 0, -1)]
    behind = [(last[0] + i * pitch, last[1] + i * pitch) for i in range(1, after + 1)]
    padded = [*ahead, *seen, *behind]
    reach = dilation * (kernel - 1)
    return [
        (min(p[0] for p in padded[i : i + reach + 1 : dilation]), max(p[1] for p in padded[i : i + reach + 1 : dilation]))
        for i in range(0, len(padded) - reach, stride)
    ]


def walk(seen: Seen, step: tuple[Any, ...], p: int) -> Seen:
    kind, *args = step
    if kind == "window":
        kernel, stride, pad, dilation = args
        return see(seen, kernel, stride, pad, pad, dilation, p)
    if kind == "pad":
        return see(seen, 1, 1, args[0], args[1], 1, p)
    if kind == "slice":
        return seen[args[0] :: args[1]]
    if kind == "branch":
        pad, kernel, stride = args
        reach = (kernel - 1) // 2
        left = see(seen, 2 * pad + 1, stride, pad, pad, 1, p)
        right = see(seen, kernel, stride, reach, kernel - 1 - reach, 1, p)
        return [(min(a[0], b[0]), max(a[1], b[1])) for a, b in zip(left, right, strict=True)]
    if kind == "pool":
        return see(seen, args[0], args[0], 0, 0, 1, p)
    return [pair for pair in seen for _ in range(args[0])]


@examples(400)
@given(st.lists(steps, min_size=1, max_size=6))
def test_every_position_by_brute_force(chain: list[tuple[Any, ...]]) -> None:
    """Position u sees u·stride − pad to u·stride − pad + size − 1; positions outside the image are the padding's."""
    chain = sorted(chain, key=lambda step: step[0] == "nearest")  # a window over repeated pixels would not be a range of them
    try:
        graph = trace(lambda x: [x := apply(x, step) for step in chain][-1], (1, SIZE, 1))
    except cnncost.CnncostError:  # a window does not fit
        assume(False)
    seen: Seen = [(u, u) for u in range(SIZE)]
    pitch = 1
    for step in chain:
        seen = walk(seen, step, pitch)
        pitch *= step[STRIDE_OF[step[0]]] if step[0] in STRIDE_OF else 1
    field = receptive_fields(graph)[-1]
    assert field is not None
    axis = field[0]
    repeat = 1
    for step in chain:
        repeat *= step[1] if step[0] == "nearest" else 1
    assert len(seen) == graph.output[1]
    stride = axis.stride * repeat
    assert seen == [
        (u // repeat * stride - axis.pad, u // repeat * stride - axis.pad + axis.size - 1) for u in range(len(seen))
    ]


# ── branches, and what has no window ─────────────────────────────────────────────────────────────────────────────────


def field_of(model: Callable[[Tensor], Tensor], shape: tuple[int, ...] = (4, 32, 32)) -> tuple[Axis, Axis] | None:
    return receptive_fields(trace(model, shape))[-1]


def test_the_widest_path_counts() -> None:
    both = field_of(lambda x: x.conv(4, 1).concat(x.conv(4, 5, pad=2), x.conv(4, 3, pad=1)))
    assert both == (Axis(5, 1, 2),) * 2


def test_branches_off_centre_see_what_either_sees() -> None:
    shifted = field_of(lambda x: x.conv(4, 3, pad=(2, 0, 1, 1)).add(x.conv(4, 3, pad=(0, 2, 1, 1))))
    assert shifted == (Axis(5, 1, 2), Axis(3, 1, 1))


def test_a_gate_sees_the_whole_map() -> None:
    gated = field_of(lambda x: x.mul(x.global_avg_pool()).conv(4, 3, pad=1))
    assert gated == (Axis(34, 1, 1),) * 2


def test_what_sees_the_whole_map_may_be_put_in_another_shape() -> None:
    """The weights of split attention: all of them see what the mean sees, in whatever shape they are."""

    def split(x: Tensor) -> Tensor:
        weights = x.global_avg_pool(keep=True).conv(8, 1).reshape((1, 2, 4)).permute((1, 0, 2)).softmax(axis=0)
        return x.mul(weights.reshape((8, 1, 1)).split(2)).conv(4, 3, pad=1)

    assert field_of(split) == (Axis(34, 1, 1),) * 2
    assert field_of(lambda x: x.reshape((4, 16, 64)).conv(4, 3, pad=1)) is None


def test_transposed_convolution_and_upsampling() -> None:
    assert field_of(lambda x: x.conv(4, 2, 2).conv_transpose(4, 2, 2)) == (Axis(2, 1, 0),) * 2
    assert field_of(lambda x: x.upsample(2)) == (Axis(1, Fraction(1, 2), 0),) * 2
    assert field_of(lambda x: x.conv_transpose(4, 4, 2, 1)) == (Axis(2, Fraction(1, 2), 1),) * 2


def test_adaptive_pooling_and_linear_layers() -> None:
    assert field_of(lambda x: x.adaptive_avg_pool(4)) == (Axis(8, 8, 0),) * 2
    assert field_of(lambda x: x.adaptive_avg_pool(5))[0].size == 8  # type: ignore[index]  # rows 6 to 13 for the second of five
    assert field_of(lambda x: x.conv(4, 3, pad=1).flatten().linear(7)) == (Axis(34, 32, 1),) * 2


def test_attention_sees_all_tokens_and_windows_are_not_worked_out() -> None:
    def attend(x: Tensor, window: int | None) -> Tensor:
        tokens = x.conv(4, 4, 4).tokens()
        return tokens.attention(tokens, tokens, window=window)

    assert field_of(lambda x: attend(x, None)) == (Axis(32, 32, 0),) * 2
    assert field_of(lambda x: attend(x, 4).linear(9)) is None


def test_what_exceeds_the_input() -> None:
    assert exceeds((Axis(32), Axis(32)), (3, 32, 32)) is False
    assert exceeds((Axis(33), Axis(32)), (3, 32, 32)) is True
    assert exceeds(None, (3, 32, 32)) is None
    (h,) = cnncost.symbols("H")
    assert exceeds((Axis(33), Axis(32)), (3, h, h)) is None


def test_letters() -> None:
    c, h, w = cnncost.symbols("C H W")
    graph = trace(lambda x: x.conv(c, 3, 2, 1).conv(c, 3, pad=1).global_avg_pool(), (c, 2 * h, 2 * w))
    fields = receptive_fields(graph)
    assert fields[2] == (Axis(7, 2, 3),) * 2
    assert str(fields[3][0].size) == "2·H + 5"  # type: ignore[index]


# ── as columns ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_columns() -> None:
    table = cnncost.analyze("vgg16").table(columns="name,rf,field", free=True)
    assert [column.key for column in table.columns[1:]] == [
        *("receptive_field", "exceeds_input", "effective_stride", "effective_pad"),
    ]
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["features.30"] == (212, "", 32, 90)
    assert rows["flatten"] == (404, "yes", 224, 90)
    assert any("larger than the 224×224 input in 8 of 40 layers" in note for note in table.notes)
    assert table.data is not None
    layer = next(layer for layer in table.data["layers"] if layer["name"] == "flatten")
    assert (layer["receptive_field"], layer["exceeds_input"]) == (404, True)


def test_a_group_shows_its_last_layer_s_field() -> None:
    table = cnncost.analyze("vgg16").table(columns="name,rf", depth=1)
    assert [row[1] for row in table.rows] == [212, 212, 404, 404]
