"""RepVGG: trained with three branches side by side, deployed as one 3×3 convolution after another."""

from __future__ import annotations

from cnncost.base.poly import Num, minimum, same
from cnncost.graph.graph import Tensor, block, need
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import conv_norm, reduced, squeeze_excite

PAPER = "RepVGG: Making VGG-style ConvNets Great Again, arXiv:2101.03697"
RELEASED = "DingXiaoH/RepVGG, repvgg.py; as in timm"
A, B, D = (2, 4, 14, 1), (4, 6, 16, 1), (8, 14, 24, 1)


@block
def layer(
    x: Tensor, out: Num, stride: int = 1, *, groups: Num = 1, reduction: Num | None = None, deploy: bool = False
) -> Tensor:
    """A 3×3 and a 1×1 convolution and, where the shape stays, the input itself, each normalised; their sum; ReLU.

    Once trained the three are one 3×3 convolution with biases (`deploy`), for all of them are linear.

    Source: arXiv:2101.03697, figures 2 and 4; layer names as in DingXiaoH/RepVGG.
    """
    if deploy:
        y = x.conv(out, 3, stride, 1, groups=groups, name="rbr_reparam")
    else:
        y = conv_norm(x, "rbr_dense.conv", "rbr_dense.bn", out, 3, stride, groups)
        y = y.add(conv_norm(x, "rbr_1x1.conv", "rbr_1x1.bn", out, 1, stride, groups), name="add")
        if stride == 1 and same(x.channels, out):
            y = y.add(x.batch_norm(name="rbr_identity"), name="add")
    if reduction is not None:
        y = squeeze_excite(y, reduced(out, reduction), name="se")
    return y.relu(name="nonlinearity")


@family(
    "RepVGG",
    source=f"{PAPER}, tables 2 and 3",
    repvgg_a0=variant(depths=A, widths=(48, 96, 192, 1280)),
    repvgg_a1=variant(depths=A, widths=(64, 128, 256, 1280)),
    repvgg_a2=variant(depths=A, widths=(96, 192, 384, 1408)),
    repvgg_b0=variant(),
    repvgg_b1=variant(widths=(128, 256, 512, 2048)),
    repvgg_b1g2=variant(widths=(128, 256, 512, 2048), groups=2),
    repvgg_b1g4=variant(widths=(128, 256, 512, 2048), groups=4),
    repvgg_b2=variant(widths=(160, 320, 640, 2560)),
    repvgg_b2g4=variant(widths=(160, 320, 640, 2560), groups=4),
    repvgg_b3=variant(widths=(192, 384, 768, 2560)),
    repvgg_b3g4=variant(widths=(192, 384, 768, 2560), groups=4),
    repvgg_d2se=variant(input=(3, 320, 320), depths=D, widths=(160, 320, 640, 2560), reduction=16, source=RELEASED),
)
def repvgg(
    x: Tensor,
    *,
    depths: tuple[int, ...] = B,
    widths: tuple[Num, ...] = (64, 128, 256, 1280),
    groups: Num = 1,
    reduction: Num | None = None,
    deploy: bool = False,
    classes: Num = 1000,
) -> Tensor:
    """A stem of at most 64 channels and four stages, all of whose layers are alike; each halves the map; one linear layer.

    Every second layer has `groups`. With `deploy` each layer is the one 3×3 convolution that its branches amount to.

    deploy: whether the three branches of a layer are merged into one 3×3 convolution, as for inference
    groups: groups of every second convolution
    """
    need(len(depths) == len(widths), f"{len(depths)} depths and {len(widths)} widths", "each stage has one of both")
    need(len(widths) > 0, "no stage is left", "give depths and widths")
    y = layer(x, minimum(64, widths[0]), 2, reduction=reduction, deploy=deploy, name="stage0")
    number = 0
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True), start=1):
        for index in range(depth):
            number += 1
            among = groups if number % 2 == 0 else 1
            stride = 1 if index else 2
            name = f"stage{stage}.{index}"
            y = layer(y, width, stride, groups=among, reduction=reduction, deploy=deploy, name=name)
    return y.global_avg_pool(name="gap").linear(classes, name="linear")
