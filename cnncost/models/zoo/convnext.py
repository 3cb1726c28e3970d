"""ConvNeXt: a residual network with the layers of a vision transformer."""

from __future__ import annotations

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, block, need
from cnncost.models.model import family, variant

PAPER = "A ConvNet for the 2020s, arXiv:2201.03545"


@block
def inverted_bottleneck(x: Tensor, kernel: int, expansion: Num, drop: float) -> Tensor:
    """Depthwise kernel×kernel, normalisation, 1×1 to `expansion` times the width and back, layer scale, and the input.

    Source: arXiv:2201.03545, figure 4; the 1×1 convolutions are `Linear` layers on channels-last maps in torchvision, with
    the same parameters and multiply-adds.
    """
    width = x.channels
    y = x.conv(width, kernel, 1, kernel // 2, groups=width, name="block.0").layer_norm(name="block.2")
    y = y.conv(expansion * width, 1, name="block.3").gelu(name="block.4").conv(width, 1, name="block.5")
    y = y.scale(name="layer_scale").stochastic_depth(drop, name="stochastic_depth")
    return y.add(x, name="add")


@family(
    "ConvNeXt",
    in_place=("add",),
    spelling={"*.block.[35]": "Linear", "features.0.1": "derived", "features.[246].0": "derived", "classifier.0": "derived"},
    source=f"{PAPER}, section 3; stochastic depth as its authors train",
    convnext_tiny=variant(),
    convnext_small=variant(depths=(3, 3, 27, 3), stochastic_depth=0.4),
    convnext_base=variant(depths=(3, 3, 27, 3), width=128, stochastic_depth=0.5),
    convnext_large=variant(depths=(3, 3, 27, 3), width=192, stochastic_depth=0.5),
    convnext_xlarge=variant(depths=(3, 3, 27, 3), width=256, stochastic_depth=0.4),
)
def convnext(
    x: Tensor,
    *,
    depths: tuple[int, ...] = (3, 3, 9, 3),
    width: Num = 96,
    kernel: int = 7,
    expansion: Num = 4,
    stochastic_depth: float = 0.1,
    classes: Num = 1000,
) -> Tensor:
    """A 4×4 patch stem and stages of inverted bottlenecks, with a normalised 2×2 convolution that halves the map between.

    The probability of stochastic depth rises linearly from 0 in the first block to `stochastic_depth` in the last.

    width: channels of the first stage; each next one has twice as many
    """
    need(kernel % 2 == 1, f"kernel={kernel} does not keep the size of the map", "give an odd kernel")
    y = x.conv(width, 4, 4, name="features.0.0").layer_norm(name="features.0.1")
    index, last = 0, max(sum(depths) - 1, 1)
    for stage, depth in enumerate(depths):
        if stage:
            y = y.layer_norm(name=f"features.{2 * stage}.0")
            y = y.conv(width * 2**stage, 2, 2, name=f"features.{2 * stage}.1")
        for place in range(depth):
            drop = stochastic_depth * index / last
            y = inverted_bottleneck(y, kernel, expansion, drop, name=f"features.{2 * stage + 1}.{place}")
            index += 1
    y = y.global_avg_pool(name="avgpool").layer_norm(name="classifier.0")
    return y.linear(classes, name="classifier.2")
