"""ShuffleNet, V1 and V2: cheap 1×1 convolutions, and channels shuffled so that their groups still meet."""

from __future__ import annotations

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, block, need
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import conv_norm, portion

V1 = "ShuffleNet, arXiv:1707.01083"
V2 = "ShuffleNet V2, arXiv:1807.11164"


@block
def shuffle_v1(x: Tensor, out: Num, stride: int, groups: Num, first_groups: Num) -> Tensor:
    """Grouped 1×1 to out/4 channels, shuffle, depthwise 3×3, grouped 1×1; at stride 2 beside an average pooling.

    Source: arXiv:1707.01083, figure 2, b and c.
    """
    inner = out // 4
    y = conv_norm(x, "conv1", "bn1", inner, 1, groups=first_groups).relu(name="relu1")
    y = y.channel_shuffle(groups, name="shuffle")
    y = conv_norm(y, "conv2", "bn2", inner, 3, stride, inner)
    if stride == 1:
        return conv_norm(y, "conv3", "bn3", out, 1, groups=groups).add(x, name="add").relu(name="relu")
    y = conv_norm(y, "conv3", "bn3", out - x.channels, 1, groups=groups)
    return x.avg_pool(3, stride, 1, name="shortcut").concat(y, name="concat").relu(name="relu")


@family(
    "ShuffleNetV1",
    source=f"{V1}, table 1",
    shufflenet_v1_g1=variant(groups=1),
    shufflenet_v1_g2=variant(groups=2),
    shufflenet_v1_g3=variant(groups=3),
    shufflenet_v1_g4=variant(groups=4),
    shufflenet_v1_g8=variant(groups=8),
)
def shufflenet_v1(x: Tensor, *, groups: int = 3, scale: float = 1.0, stem: Num = 24, classes: Num = 1000) -> Tensor:
    """A 3×3 stem, max pooling, three stages of shuffle units that double the width, and one linear layer.

    The width of a network of `groups` is such that all cost about the same; `scale` multiplies that of the stages.

    groups: groups of the 1×1 convolutions, which say how wide the network is
    stem: channels of the first convolution
    """
    widths = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}
    need(groups in widths, f"groups={groups} is not in the paper's table", f"give one of {', '.join(map(str, widths))}")
    y = conv_norm(x, "conv1", "bn1", stem, 3, 2).relu(name="relu")
    y = y.max_pool(3, 2, 1, name="maxpool")
    for stage, repeats in enumerate((4, 8, 4)):
        out = portion(widths[groups] * 2**stage, scale)
        for index in range(repeats):
            first = 1 if stage == index == 0 else groups
            y = shuffle_v1(y, out, 1 if index else 2, groups, first, name=f"stage{stage + 2}.{index}")
    return y.global_avg_pool(name="globalpool").linear(classes, name="fc")


@block
def shuffle_v2(x: Tensor, out: Num, stride: int = 1) -> Tensor:
    """1×1, depthwise 3×3 and 1×1 on half of the channels, beside the other half; shuffled.

    At a stride both branches take all channels, and the other one is a depthwise 3×3 and a 1×1 convolution.

    Source: arXiv:1807.11164, figure 3, c and d.
    """
    inner = out // 2
    if stride == 1:
        kept, y = x.split(2, 0, name="chunk.0"), x.split(2, 1, name="chunk.1")
    else:
        kept = conv_norm(x, "branch1.0", "branch1.1", x.channels, 3, stride, x.channels)
        kept = conv_norm(kept, "branch1.2", "branch1.3", inner, 1).relu(name="branch1.4")
        y = x
    y = conv_norm(y, "branch2.0", "branch2.1", inner, 1).relu(name="branch2.2")
    y = conv_norm(y, "branch2.3", "branch2.4", inner, 3, stride, inner)
    y = conv_norm(y, "branch2.5", "branch2.6", inner, 1).relu(name="branch2.7")
    return kept.concat(y, name="concat").channel_shuffle(2, name="channel_shuffle")


@family(
    "ShuffleNetV2",
    source=f"{V2}, table 5",
    spelling={"mean": "mean"},
    shufflenet_v2_x0_5=variant(widths=(48, 96, 192)),
    shufflenet_v2_x1_0=variant(),
    shufflenet_v2_x1_5=variant(widths=(176, 352, 704)),
    shufflenet_v2_x2_0=variant(widths=(244, 488, 976), head=2048),
)
def shufflenet_v2(
    x: Tensor,
    *,
    widths: tuple[Num, ...] = (116, 232, 464),
    depths: tuple[int, ...] = (4, 8, 4),
    stem: Num = 24,
    head: Num = 1024,
    classes: Num = 1000,
) -> Tensor:
    """A 3×3 stem, max pooling, three stages of shuffle units, a 1×1 convolution, and one linear layer.

    stem: channels of the first convolution
    """
    need(len(widths) == len(depths), f"{len(widths)} widths for {len(depths)} depths", "each stage has one of both")
    y = conv_norm(x, "conv1.0", "conv1.1", stem, 3, 2).relu(name="conv1.2")
    y = y.max_pool(3, 2, 1, name="maxpool")
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        for index in range(depth):
            y = shuffle_v2(y, width, 1 if index else 2, name=f"stage{stage + 2}.{index}")
    y = conv_norm(y, "conv5.0", "conv5.1", head, 1).relu(name="conv5.2")
    return y.global_avg_pool(name="mean").linear(classes, name="fc")
