"""MobileNetV3: inverted residuals found by search, with squeeze-and-excitation and hard swish."""

from __future__ import annotations

from typing import Literal

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import Activation, activate, conv_norm, divisible, exact, inverted_residual, widening

PAPER = "Searching for MobileNetV3, arXiv:1905.02244"
SLIM = "tensorflow/models research/slim/nets/mobilenet/mobilenet_v3.py"

# kernel, expanded channels, output channels, squeeze-and-excitation, hard swish (else ReLU), stride
LARGE = (
    (3, 16, 16, False, False, 1),
    (3, 64, 24, False, False, 2),
    (3, 72, 24, False, False, 1),
    (5, 72, 40, True, False, 2),
    (5, 120, 40, True, False, 1),
    (5, 120, 40, True, False, 1),
    (3, 240, 80, False, True, 2),
    (3, 200, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 480, 112, True, True, 1),
    (3, 672, 112, True, True, 1),
    (5, 672, 160, True, True, 2),
    (5, 960, 160, True, True, 1),
    (5, 960, 160, True, True, 1),
)
SMALL = (
    (3, 16, 16, True, False, 2),
    (3, 72, 24, False, False, 2),
    (3, 88, 24, False, False, 1),
    (5, 96, 40, True, True, 2),
    (5, 240, 40, True, True, 1),
    (5, 240, 40, True, True, 1),
    (5, 120, 48, True, True, 1),
    (5, 144, 48, True, True, 1),
    (5, 288, 96, True, True, 2),
    (5, 576, 96, True, True, 1),
    (5, 576, 96, True, True, 1),
)
BLOCKS = {"large": (LARGE, 1280), "small": (SMALL, 1024)}


def features(
    x: Tensor,
    *,
    version: Literal["large", "small"] = "large",
    width: float = 1.0,
    scaling: Literal["torchvision", "slim"] = "torchvision",
    minimalistic: bool = False,
    output_stride: int = 32,
) -> list[Tensor]:
    """Return the maps behind the stem, each inverted residual and the last 1×1; settings as in `mobilenet_v3`."""
    blocks, _ = BLOCKS[version]
    ratio = exact(width)
    swish: Activation = "relu" if minimalistic else "hardswish"
    y = conv_norm(x, "features.0.0", "features.0.1", divisible(16 * ratio), 3, 2)
    maps = [activate(y, swish, "features.0.2")]
    before, reached, dilation = 16, 2, 1
    for index, (kernel, expanded, channels, squeezed, swished, stride) in enumerate(blocks):
        reached *= stride
        if stride != 1 and reached > output_stride:
            dilation *= stride
        y = maps[-1]
        inner = divisible(expanded * ratio if scaling == "torchvision" else y.channels * expanded // before)
        y = inverted_residual(
            y,
            divisible(channels * ratio),
            3 if minimalistic else kernel,
            stride if reached <= output_stride else 1,
            inner=inner,
            activation=swish if swished else "relu",
            squeeze=divisible(inner // 4) if squeezed and not minimalistic else None,
            gate="hardsigmoid",
            dilation=dilation,
            residual=stride == 1,
            name=f"features.{index + 1}",
        )
        maps.append(y)
        before = channels
    last = f"features.{len(blocks) + 1}"
    maps.append(activate(conv_norm(y, f"{last}.0", f"{last}.1", 6 * y.channels, 1), swish, f"{last}.2"))
    return maps


@family(
    "MobileNetV3",
    in_place=("add",),
    source=f"{PAPER}, tables 1 and 2",
    mobilenet_v3_large=variant(),
    mobilenet_v3_small=variant(version="small"),
    mobilenet_v3_large_075=variant(width=0.75, scaling="slim", source=SLIM),
    mobilenet_v3_small_075=variant(version="small", width=0.75, scaling="slim", source=SLIM),
    mobilenet_v3_large_minimalistic=variant(minimalistic=True, source=SLIM),
    mobilenet_v3_small_minimalistic=variant(version="small", minimalistic=True, source=SLIM),
)
def mobilenet_v3(
    x: Tensor,
    *,
    version: Literal["large", "small"] = "large",
    width: float = 1.0,
    scaling: Literal["torchvision", "slim"] = "torchvision",
    minimalistic: bool = False,
    output_stride: Literal[32, 16] = 32,
    dropout: float = 0.2,
    classes: Num = 1000,
) -> Tensor:
    """A 3×3 stem, inverted residuals, a 1×1 convolution, and two linear layers.

    Widths are multiples of 8 near width·c. Expanded channels scale so too ("torchvision"), or as a multiple of the channels
    that come in, with a last hidden layer that does not narrow ("slim", the authors' code). `minimalistic` networks have 3×3
    kernels and ReLU only, and no squeeze-and-excitation.

    output_stride: how many times smaller the last map is; at 16 the last kernels are dilated instead
    width: multiplier of all channels, to multiples of 8
    """
    maps = features(x, version=version, width=width, scaling=scaling, minimalistic=minimalistic, output_stride=output_stride)
    y = maps[-1].global_avg_pool(name="avgpool")
    hidden = BLOCKS[version][1] * (exact(width) if scaling == "torchvision" else widening(width))
    y = y.linear(divisible(hidden), name="classifier.0")
    y = activate(y, "relu" if minimalistic else "hardswish", "classifier.1").dropout(dropout, name="classifier.2")
    return y.linear(classes, name="classifier.3")
