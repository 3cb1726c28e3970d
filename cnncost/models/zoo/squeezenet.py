"""SqueezeNet: fire modules, which squeeze the channels before they expand them."""

from __future__ import annotations

from typing import Literal

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, block, need
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import portion

PAPER = "SqueezeNet, arXiv:1602.07360"
CAFFE = "forresti/SqueezeNet, SqueezeNet_v1.{}/deploy.prototxt"


Names = Literal["torchvision", "paper"]


@block
def fire(x: Tensor, squeeze: Num, expand1x1: Num, expand3x3: Num, names: Names = "torchvision") -> Tensor:
    """A 1×1 convolution to few channels, then 1×1 and 3×3 convolutions of those side by side.

    Source: arXiv:1602.07360, figure 1.
    """
    y = x.conv(squeeze, 1, name="squeeze1x1" if names == "paper" else "squeeze").relu(name="squeeze_activation")
    left = y.conv(expand1x1, 1, name="expand1x1").relu(name="expand1x1_activation")
    right = y.conv(expand3x3, 3, 1, 1, name="expand3x3").relu(name="expand3x3_activation")
    return left.concat(right, name="concat")


@family(
    "SqueezeNet",
    source=f"{PAPER}, table 1",
    squeezenet1_0=variant(),
    squeezenet1_1=variant(stem=64, stem_kernel=3, fires=(2, 2, 4), source=CAFFE.format(1)),
    squeezenet1_0_caffe=variant(input=(3, 227, 227), head_pad=1, names="paper", source=CAFFE.format(0)),
    squeezenet1_1_caffe=variant(
        input=(3, 227, 227), stem=64, stem_kernel=3, fires=(2, 2, 4), names="paper", source=CAFFE.format(1)
    ),
)
def squeezenet(
    x: Tensor,
    *,
    stem: Num = 96,
    stem_kernel: int = 7,
    fires: tuple[int, ...] = (3, 4, 1),
    base: Num = 128,
    increment: Num = 128,
    every: int = 2,
    squeeze_ratio: float = 0.125,
    share_3x3: float = 0.5,
    head_pad: int = 0,
    dropout: float = 0.5,
    classes: Num = 1000,
    names: Names = "torchvision",
) -> Tensor:
    """A strided stem, runs of fire modules with max pooling before each run, a 1×1 convolution to the classes and their means.

    Fire module i expands to e = base + increment·⌊i/every⌋ channels, of which `share_3x3` come from 3×3 filters, and squeezes
    to squeeze_ratio·e (section 5 of the paper).

    stem: channels of the first convolution
    """
    need(every >= 1, f"every={every} is below 1", "the width grows after every so many fire modules")
    paper = names == "paper"
    y = x.conv(stem, stem_kernel, 2, name="conv1" if paper else "features.0")
    y = y.relu(name="relu_conv1" if paper else "features.1")
    number = 2  # of the next fire module: in the paper conv1 is number 1
    for run, length in enumerate(fires):
        y = y.max_pool(3, 2, ceil_mode=True, name=f"pool{number - 1}" if paper else f"features.{number + run}")
        for _ in range(length):
            expand = base + increment * ((number - 2) // every)
            expand3x3 = portion(expand, share_3x3)
            name = f"fire{number}" if paper else f"features.{number + run + 1}"
            y = fire(y, portion(expand, squeeze_ratio), expand - expand3x3, expand3x3, names, name=name)
            number += 1
    y = y.dropout(dropout, name=f"drop{number - 1}" if paper else "classifier.0")
    y = y.conv(classes, 1, 1, head_pad, name=f"conv{number}" if paper else "classifier.1")
    y = y.relu(name=f"relu_conv{number}" if paper else "classifier.2")
    return y.global_avg_pool(name=f"pool{number}" if paper else "classifier.3")
