"""Layers over any number of axes, and what people ask of them: figures that PyTorch, torchvision or authors established."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from cnncost.base.errors import CostError, ModelError
from cnncost.base.ints import Ints
from cnncost.graph.graph import Graph, Tensor, trace
from cnncost.rules import RULES
from cnncost.rules.windows import LONGEST_EXACT_WINDOW

Model = Callable[[Tensor], Tensor]


def total(graph: Graph) -> tuple[int, int]:
    return sum(node.cost.params for node in graph.layers), sum(node.cost.macs for node in graph.layers)


def r3d_18(x: Tensor) -> Tensor:
    """A Closer Look at Spatiotemporal Convolutions, arXiv:1711.11248, as torchvision has it."""
    x = x.conv(64, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False).batch_norm().relu()
    for stage, out in enumerate((64, 128, 256, 512)):
        for unit in range(2):
            stride = 2 if stage and not unit else 1
            y = x.conv(out, 3, stride, 1, bias=False).batch_norm().relu().conv(out, 3, 1, 1, bias=False).batch_norm()
            x = (y + (x.conv(out, 1, stride, bias=False).batch_norm() if stride > 1 else x)).relu()
    return x.global_avg_pool().linear(400)


def test_r3d_18_has_torchvision_s_numbers() -> None:
    """torchvision 0.28, r3d_18 at 3×16×112×112, with torch's FlopCounterMode."""
    assert total(trace(r3d_18, (3, 16, 112, 112))) == (33_371_472, 40_696_553_472)


@pytest.mark.parametrize(
    ("model", "shape", "output", "params", "macs"),
    [
        (lambda x: x.depth_to_space(2), (256, 360, 640), (64, 720, 1280), 0, 0),
        (lambda x: x.upsample(size=(129, 129), mode="bilinear"), (16, 65, 65), (16, 129, 129), 0, 0),
        (lambda x: x.adaptive_avg_pool(1).upsample(like=x), (256, 64, 128), (256, 64, 128), 0, 0),
        (
            lambda x: x.conv(64, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False),
            (3, 16, 112, 112),
            (64, 16, 56, 56),
            28_224,
            1_416_167_424,
        ),
        (lambda x: x.lstm(128), (250, 12), (250, 128), 72_704, 17_920_000),
        (lambda x: x.gru(128), (10, 128), (10, 128), 99_072, 983_040),
        (lambda x: x.deform_conv(64, 3, pad=1), (64, 64, 64), (64, 64, 64), 36_928, 150_994_944),
        (lambda x: x.reduce("mean", 0, keep=True), (64, 32, 32), (1, 32, 32), 0, 0),
        (lambda x: x.embedding(174_106, 100), (50,), (50, 100), 17_410_600, 0),
        # Keras's Conv1D text classifier of a course: 64,128 + 82,048 + …, with an LSTM in PyTorch's manner beside it.
        (lambda x: x.conv(128, 5), (100, 1000), (128, 996), 64_128, 128 * 100 * 5 * 996),
        # timm's layer norm and linear on H×W×C, as ConvNeXt and Swin write them.
        (lambda x: x.layer_norm(over=-1).linear(384, axis=-1), (56, 56, 96), (56, 56, 384), 192 + 96 * 384 + 384, 115_605_504),
        # yolov1's [local]: 256 filters of 3×3 over 1024 channels at 7×7, one each.
        (lambda x: x.locally_connected(256, 3, 1, 1), (1024, 7, 7), (256, 7, 7), 49 * (256 * 1024 * 9 + 256), 115_605_504),
    ],
)
def test_layers(model: Model, shape: Any, output: Any, params: int, macs: int) -> None:
    graph = trace(model, shape)
    assert (tuple(graph.output), *total(graph)) == (output, params, macs)


def test_the_channels_of_a_signal_are_known_and_permute_says_where_they_went() -> None:
    graph = trace(lambda x: x.conv(64, 16, 4).batch_norm().max_pool(2).global_avg_pool(), (12, 4096))
    assert [node.cost.params for node in graph.layers] == [12 * 16 * 64 + 64, 128, 0, 0]
    last = trace(lambda x: x.conv(96, 4, 4).permute((1, 2, 0)).layer_norm().linear(384).relu().linear(96), (3, 224, 224))
    assert last.output == (56, 56, 96)
    assert last["layer_norm"].cost.params == 192
    back = trace(lambda x: x.permute((1, 2, 0)).permute((2, 0, 1)).batch_norm(), (5, 3, 4))
    assert back["batch_norm"].cost.params == 10


def test_a_map_with_one_axis_left_is_a_signal() -> None:
    for model in (
        lambda x: x.squeeze(1).batch_norm(),
        lambda x: x.flatten(1).batch_norm(),
        lambda x: x.select(0, axis=1).batch_norm(),
        lambda x: x.reduce("mean", 1).batch_norm(),
    ):
        assert trace(model, (6, 1, 50)).nodes[-1].cost.params == 12
    with pytest.raises(ModelError, match="needs features, got a 8×20 map"):
        trace(lambda x: x.conv(8, 1).linear(10), (6, 20))
    assert trace(lambda x: x.conv(8, 1).linear(10, axis=-1), (6, 20)).output == (8, 10)


def test_tokens_and_signals_of_the_same_sizes_are_not_taken_for_each_other() -> None:
    graph = trace(lambda x: (x.conv(8, 1).batch_norm(), x.batch_norm()), (8, 5))
    assert [node.cost.params for node in graph.layers if node.kind == "batch_norm"] == [16, 10]


def test_a_gate_that_is_one_pixel_for_some_candidates_only() -> None:
    def net(x: Tensor) -> Tensor:
        y = x.conv(16, 3, 2, pad=1).max_pool(2)
        return y * y.avg_pool(7, 7, ceil_mode=True).conv(16, 1).sigmoid()

    alone = {}
    for size in (28, 56, 84):
        try:
            alone[size] = trace(net, (3, size, size)).output
        except ModelError:
            alone[size] = None
    assert alone[28] == (16, 7, 7)
    with pytest.raises(ModelError) as caught:
        trace(net, (3, np.array([28, 56, 84]), np.array([28, 56, 84])))
    assert list(caught.value.valid) == [shape is not None for shape in alone.values()]
    both = trace(lambda x, c: x * x.conv(c, 1), (4, 6, 6), c=np.array([1, 4])).output
    assert isinstance(both[0], Ints)
    assert both[0].values.tolist() == [4, 4]


def test_computed_and_fixed_weights() -> None:
    """CondConv (arXiv:1904.04971) computes one set of filters, involution (arXiv:2103.06255) one for each position."""
    conv = RULES["conv"]
    plain = conv.cost([(8, 6, 6)], {"out": 8, "kernel": 3, "pad": 1, "bias": False})
    for weight in ((8, 8, 3, 3), (8 * 8 * 9, 6, 6)):
        computed = conv.cost([(8, 6, 6), weight], {"out": 8, "kernel": 3, "pad": 1, "bias": False})
        assert (computed.macs, computed.params, computed.buffers) == (plain.macs, 0, 0)
    fixed = conv.cost([(8, 6, 6)], {"out": 8, "kernel": 3, "pad": 1, "learned": False})
    assert (fixed.macs, fixed.params, fixed.buffers) == (plain.macs, 0, 8 * 8 * 9 + 8)
    codes = RULES["linear"].cost([(84,)], {"out": 10, "learned": False})
    assert (codes.params, codes.buffers) == (0, 850)


def test_attention_counts_queries_with_keys_and_weights_with_values_apart() -> None:
    """One query and key for two values: torch's counter on bmm has 2·3·4 + 2·(2·3·5)."""
    cost = RULES["attention"].cost([(1, 2, 4), (1, 3, 4), (2, 3, 5)], {})
    assert (cost.shape, cost.macs) == ((2, 2, 5), 2 * 3 * 4 + 2 * (2 * 3 * 5))


def test_heads_divide_queries_and_values() -> None:
    attention = RULES["attention"].function
    with pytest.raises(CostError, match="heads=2 must divide the 9 value features"):
        attention((6, 8), (6, 8), (6, 9), 2)
    with pytest.raises(CostError, match="heads=3 must divide the 8 query features"):
        attention((6, 8), (6, 8), (6, 9), 3)


def test_the_longest_window_without_its_padding() -> None:
    pool = RULES["avg_pool"].function
    longest = LONGEST_EXACT_WINDOW
    assert pool((1, longest), longest, count_pad=False).taps == longest
    with pytest.raises(CostError, match=f"windows of {longest + 1} without"):
        pool((1, longest + 1), longest + 1, count_pad=False)


def test_transposed_convolutions_that_keep_the_size() -> None:
    """Keras's Conv2DTranspose(padding="same"): H·stride, for kernels below and above the stride."""
    for kernel, stride in ((2, 2), (3, 2), (4, 2), (1, 3), (5, 4)):
        cost = RULES["conv_transpose"].function((8, 7, 9), 4, kernel, stride, "same", bias=False)
        assert cost.shape == (4, 7 * stride, 9 * stride)


@pytest.mark.parametrize(("size", "scale", "made"), [(7, 1.5, 10), (65, Fraction(129, 65), 129), (10, 0.5, 5), (28, 8.0, 224)])
def test_scales_need_not_be_whole(size: int, scale: Any, made: int) -> None:
    """torch.nn.functional.interpolate: the size is ⌊size·scale⌋."""
    assert trace(lambda x: x.upsample(scale), (2, size, size)).output == (2, made, made)
