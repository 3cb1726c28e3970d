"""PyTorch as the oracle: sizes, parameters and multiply-adds of its layers, and of torchvision's models where that is there.

Nothing here is needed to use or to build cnncost: without PyTorch these tests are skipped. Tensors live on the "meta" device,
where PyTorch works out shapes and computes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import examples

from cnncost import Model, analyze, load, trace
from cnncost.base.errors import ModelError
from cnncost.models.zoo import MODULE_OF
from cnncost.rules import RULES

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

try:
    import torchvision
except (ImportError, RuntimeError):  # not there, or its operators do not fit this build of PyTorch
    torchvision = None

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")  # PyTorch's remarks on speed

META = torch.device("meta")
aten = torch.ops.aten
Draw = Callable[[st.SearchStrategy[Any]], Any]
Case = tuple[tuple[int, ...], dict[str, Any], Any]  # the shape of one example, our arguments, their module

# ── layers ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def number(draw: Draw, low: int, high: int) -> int:
    return draw(st.integers(low, high))


def pair(draw: Draw, low: int, high: int) -> tuple[int, int]:
    return number(draw, low, high), number(draw, low, high)


def image(draw: Draw, channels: int | None = None) -> tuple[int, int, int]:
    return channels or number(draw, 1, 6), *pair(draw, 1, 20)


def grouped(draw: Draw) -> tuple[int, int, int]:
    """Groups, input channels, output channels."""
    groups = number(draw, 1, 4)
    return groups, groups * number(draw, 1, 3), groups * number(draw, 1, 3)


def some_shape(draw: Draw) -> tuple[int, ...]:
    return draw(st.sampled_from([image(draw), pair(draw, 1, 9), (number(draw, 1, 9),)]))


def conv(draw: Draw) -> Case:
    groups, c, out = grouped(draw)
    kernel, dilation, bias = pair(draw, 1, 5), pair(draw, 1, 3), draw(st.booleans())
    same = draw(st.booleans())
    stride, pad = (1, "same") if same else (pair(draw, 1, 4), pair(draw, 0, 4))
    args = {"out": out, "kernel": kernel, "stride": stride, "pad": pad, "groups": groups, "dilation": dilation, "bias": bias}
    return image(draw, c), args, nn.Conv2d(c, out, kernel, stride, pad, dilation, groups, bias)


def conv_transpose(draw: Draw) -> Case:
    groups, c, out = grouped(draw)
    kernel, stride, pad, dilation = pair(draw, 1, 5), pair(draw, 1, 4), pair(draw, 0, 3), pair(draw, 1, 3)
    extra = tuple(number(draw, 0, max(stride[axis], dilation[axis]) - 1) for axis in (0, 1))
    bias = draw(st.booleans())
    args = {"out": out, "kernel": kernel, "stride": stride, "pad": pad, "dilation": dilation, "output_pad": extra}
    args |= {"groups": groups, "bias": bias}
    return image(draw, c), args, nn.ConvTranspose2d(c, out, kernel, stride, pad, extra, groups, bias, dilation)


def pool(draw: Draw) -> dict[str, Any]:
    kernel = pair(draw, 1, 6)
    stride = draw(st.none() | st.tuples(st.integers(1, 5), st.integers(1, 5)))
    pad = tuple(number(draw, 0, size // 2) for size in kernel)
    return {"kernel": kernel, "stride": stride, "pad": pad, "ceil_mode": draw(st.booleans())}


def max_pool(draw: Draw) -> Case:
    args = {**pool(draw), "dilation": pair(draw, 1, 3)}
    return (
        image(draw),
        args,
        nn.MaxPool2d(*(args[n] for n in ("kernel", "stride", "pad", "dilation")), ceil_mode=args["ceil_mode"]),
    )


def avg_pool(draw: Draw) -> Case:
    args = {**pool(draw), "count_pad": draw(st.booleans())}
    return image(draw), args, nn.AvgPool2d(*(args[n] for n in ("kernel", "stride", "pad", "ceil_mode", "count_pad")))


def adaptive_avg_pool(draw: Draw) -> Case:
    out = pair(draw, 1, 9)
    return image(draw), {"out": out}, nn.AdaptiveAvgPool2d(out)


def adaptive_max_pool(draw: Draw) -> Case:
    out = pair(draw, 1, 9)
    return image(draw), {"out": out}, nn.AdaptiveMaxPool2d(out)


def linear(draw: Draw) -> Case:
    shape = draw(st.sampled_from([pair(draw, 1, 9), (number(draw, 1, 9),)]))
    out, bias = number(draw, 1, 9), draw(st.booleans())
    return shape, {"out": out, "bias": bias}, nn.Linear(shape[-1], out, bias)


def batch_norm(draw: Draw) -> Case:
    shape, affine = image(draw), draw(st.booleans())
    return shape, {"affine": affine}, nn.BatchNorm2d(shape[0], affine=affine)


def group_norm(draw: Draw) -> Case:
    groups, c, _ = grouped(draw)
    affine = draw(st.booleans())
    return (c, *pair(draw, 2, 20)), {"groups": groups, "affine": affine}, nn.GroupNorm(groups, c, affine=affine)


def instance_norm(draw: Draw) -> Case:
    affine = draw(st.booleans())
    shape = (number(draw, 1, 6), *pair(draw, 2, 20))
    return shape, {"affine": affine}, nn.InstanceNorm2d(shape[0], affine=affine)


def layer_norm(draw: Draw) -> Case:
    affine = draw(st.booleans())
    if draw(st.booleans()):
        shape = some_shape(draw)
        return shape, {"over": "all", "affine": affine}, nn.LayerNorm(shape, elementwise_affine=affine)
    tokens = pair(draw, 1, 9)
    return tokens, {"over": "channels", "affine": affine}, nn.LayerNorm(tokens[-1], elementwise_affine=affine)


def prelu(draw: Draw) -> Case:
    shape, shared = image(draw), draw(st.booleans())
    return shape, {"shared": shared}, nn.PReLU(1 if shared else shape[0])


def upsample(draw: Draw) -> Case:
    scale, mode = pair(draw, 1, 4), draw(st.sampled_from(["nearest", "bilinear", "bicubic"]))
    return image(draw), {"scale": scale, "mode": mode}, nn.Upsample(scale_factor=scale, mode=mode)


def channel_shuffle(draw: Draw) -> Case:
    groups, c, _ = grouped(draw)
    return image(draw, c), {"groups": groups}, nn.ChannelShuffle(groups)


def space_to_depth(draw: Draw) -> Case:
    size, (c, h, w) = number(draw, 1, 3), image(draw)
    return (c, size * h, size * w), {"size": size}, nn.PixelUnshuffle(size)


def pad(draw: Draw) -> Case:
    top, bottom, left, right = pair(draw, 0, 3) + pair(draw, 0, 3)
    return image(draw), {"pad": (top, bottom, left, right)}, nn.ZeroPad2d((left, right, top, bottom))


def flatten(draw: Draw) -> Case:
    return some_shape(draw), {}, nn.Flatten()


LAYERS = [
    conv,
    conv_transpose,
    max_pool,
    avg_pool,
    adaptive_avg_pool,
    adaptive_max_pool,
    linear,
    batch_norm,
    group_norm,
    instance_norm,
]
LAYERS += [layer_norm, prelu, upsample, channel_shuffle, space_to_depth, pad, flatten]


def multiply_adds(run: Callable[[], Any], *operators: Any) -> int:
    """Multiply-adds of what `run` calls, of all operators or of the named ones."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        run()
    counts = counter.get_flop_counts().get("Global", {})
    return sum(count for operator, count in counts.items() if not operators or operator in operators) // 2


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.__name__)
@examples(60)
@given(data=st.data())
def test_layer(layer: Callable[[Draw], Case], data: st.DataObject) -> None:
    with META:
        shape, args, module = layer(data.draw)
        x = torch.empty(1, *shape)
    try:
        expected = tuple(module.eval()(x).shape[1:])
    except RuntimeError:  # the window does not fit
        with pytest.raises(ModelError):
            trace(lambda x: getattr(x, layer.__name__)(**args), shape)
        return
    cost = trace(lambda x: getattr(x, layer.__name__)(**args), shape).nodes[1].cost
    assert cost.shape == expected
    assert cost.params == sum(parameter.numel() for parameter in module.parameters())
    assert cost.buffers == sum(buffer.numel() for name, buffer in module.named_buffers() if name.startswith("running"))
    assert cost.macs == multiply_adds(lambda: module(x))


@examples(200)
@given(data=st.data())
def test_pools_visit_the_inputs_that_pytorch_sums(data: st.DataObject) -> None:
    """A window of ones, divided by one: the number of real inputs in it."""
    args, shape = pool(data.draw), image(data.draw)
    given_args = (*(args[name] for name in ("kernel", "stride", "pad", "ceil_mode")), True, 1)
    try:
        sums = nn.AvgPool2d(*given_args)(torch.ones(1, *shape))
    except RuntimeError:
        return
    for kind in ("avg_pool", "max_pool"):
        assert trace(lambda x, kind=kind: getattr(x, kind)(**args, count_pad=False), shape).nodes[1].cost.taps == int(
            sums.sum()
        )


@examples(40)
@given(*[st.integers(1, 9)] * 4, st.integers(1, 3))
def test_products_of_matrices(rows: int, keys: int, features: int, out: int, heads: int) -> None:
    with META:
        a, b = torch.empty(rows, features), torch.empty(features, out)
        q, k, v = (torch.empty(heads, *shape) for shape in ((rows, features), (keys, features), (keys, out)))
    assert RULES["matmul"].function((rows, features), (features, out)).macs == multiply_adds(lambda: a @ b)
    attention = RULES["attention"].function((rows, heads * features), (keys, heads * features), (keys, heads * out), heads)
    assert attention.macs == multiply_adds(lambda: (q @ k.mT).softmax(-1) @ v)


# ── models ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def build(model: Model) -> Any:
    """torchvision's model of that name, for inference, without a single weight in memory."""
    options: dict[str, Any] = {}
    if "aux" in model.values:
        options |= {"aux_logits": model.values["aux"], "init_weights": False}
    if model.name.startswith("vit"):
        options |= {"image_size": model.input[1]}
    register = nn.Module.register_parameter

    def on_meta(module: Any, key: str, parameter: Any) -> None:
        register(module, key, parameter if parameter is None else nn.Parameter(parameter.to(META)))

    with patch.object(nn.Module, "register_parameter", on_meta):
        return torchvision.models.get_model(model.name, weights=None, **options).to(META).eval()


def outputs_of(module: Any) -> dict[str, tuple[int, ...]]:
    """Return the shapes that all parts of a module give first, by name: filled in when the module runs."""
    outputs: dict[str, tuple[int, ...]] = {}

    def note(path: str) -> Callable[..., None]:
        def hook(module: Any, inputs: Any, output: Any) -> None:
            if torch.is_tensor(output):
                outputs.setdefault(path, tuple(output.shape[1:]))

        return hook

    for path, part in module.named_modules():
        part.register_forward_hook(note(path))
    return outputs


def alike(ours: tuple[int, ...], theirs: tuple[int, ...]) -> bool:
    """Whether two outputs are the same: theirs may keep a 1×1 map, put the channels last, or the tokens in windows."""
    if len(ours) == 2:
        return ours[-1] == theirs[-1] and math.prod(ours) == math.prod(theirs)
    return theirs in (ours, (*ours, 1, 1), (*ours[1:], ours[0]))


BOTH = sorted(set(MODULE_OF) & set(torchvision.models.list_models(torchvision.models))) if torchvision else []


@pytest.mark.parametrize("name", BOTH)
def test_model(name: str) -> None:
    """Parameters, the multiply-adds of convolutions and linear layers, and the outputs of layers of the same name."""
    model = load(name)
    result = analyze(model)
    module = build(model)
    outputs = outputs_of(module)
    torch.backends.mha.set_fastpath_enabled(False)  # which is one opaque operator
    x = torch.empty(1, *model.input, device=META)
    macs = multiply_adds(lambda: module(x), aten.convolution, aten.addmm, aten.mm)
    assert result.total["params"] == sum(parameter.numel() for parameter in module.parameters())
    assert sum(result.macs[i] for i, row in enumerate(result.rows) if row.kind in ("conv", "linear")) == macs
    both = [(row.name, row.output, outputs[row.name]) for row in result.rows if row.name in outputs]
    assert [layer for layer in both if not alike(*layer[1:])] == []
    convolutions = {path for path, part in module.named_modules() if isinstance(part, nn.Conv2d) and path in outputs}
    assert convolutions <= {path for path, *_ in both}
