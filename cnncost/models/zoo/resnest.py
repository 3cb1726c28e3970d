"""ResNeSt: ResNets of bottlenecks whose 3×3 has several branches, weighted channel by channel."""

from __future__ import annotations

from cnncost.base.poly import Num, maximum
from cnncost.graph.graph import Tensor, block, need
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import conv_norm, divisible, shortcut
from cnncost.models.zoo.resnet import stem_of

PAPER = "ResNeSt: Split-Attention Networks, arXiv:2004.08955"
SMALLER = "zhanghang1989/ResNeSt, resnest/gluon; as in timm"
FAST = f"{PAPER}, table 2 and the authors' ablation; the 3×3 after the pooling"


@block
def split_attention(x: Tensor, out: Num, stride: int, *, radix: int, cardinality: Num) -> Tensor:
    """A grouped 3×3 to `radix` maps; what all show on average says how much of each goes into their weighted sum.

    Source: arXiv:2004.08955, section 3.1 and figure 2; layer names as in timm.
    """
    y = x.conv(radix * out, 3, stride, 1, groups=radix * cardinality, bias=False, name="conv")
    y = y.batch_norm(name="bn0").relu(name="act0")
    parts = [y.split(radix, part, name=f"split{part}") for part in range(radix)] if radix > 1 else [y]
    total = parts[0]
    for part in parts[1:]:
        total = total.add(part, name="sum")
    hidden = maximum(32, divisible(out * radix // 4, 8))
    w = total.adaptive_avg_pool(1, name="pool").conv(hidden, 1, groups=cardinality, name="fc1")
    w = w.batch_norm(name="bn1").relu(name="act1").conv(radix * out, 1, groups=cardinality, name="fc2")
    if radix == 1:
        return y.mul(w.sigmoid(name="sigmoid"), name="mul")
    w = w.reshape((cardinality, radix, -1), name="reshape").permute((1, 0, 2), name="permute")
    w = w.softmax(axis=0, name="softmax").reshape((radix * out, 1, 1), name="weights")
    weighted = [each.mul(w.split(radix, part, name=f"weight{part}"), name="mul") for part, each in enumerate(parts)]
    total = weighted[0]
    for each in weighted[1:]:
        total = total.add(each, name="weighted")
    return total


@block
def _bottleneck(x: Tensor, width: Num, stride: int, *, inner: Num, radix: int, cardinality: Num, pool_first: bool) -> Tensor:
    """1×1 to `inner` channels, split attention, 1×1 to 4·width; where the map is halved, a 3×3 average pooling does it.

    Source: arXiv:2004.08955, section 3.1 and appendix; the shortcut is ResNet-D's.
    """
    y = conv_norm(x, "conv1", "bn1", inner, 1).relu(name="act1")
    if stride != 1 and pool_first:
        y = y.avg_pool(3, stride, 1, name="avd_first")
    y = split_attention(y, inner, 1, radix=radix, cardinality=cardinality, name="conv2")
    if stride != 1 and not pool_first:
        y = y.avg_pool(3, stride, 1, name="avd_last")
    y = conv_norm(y, "conv3", "bn3", 4 * width, 1)
    return y.add(shortcut(x, 4 * width, stride, "D"), name="add").relu(name="act3")


@family(
    "ResNeSt",
    in_place=("add",),
    spelling={"*.conv2.pool": "mean", "*.conv2.softmax": "F"},
    source=f"{PAPER}, tables 1 and 3; as in timm",
    resnest14=variant(depths=(1, 1, 1, 1), source=SMALLER),
    resnest26=variant(depths=(2, 2, 2, 2), source=SMALLER),
    resnest50=variant(),
    resnest50_fast_1s4x24d=variant(radix=1, cardinality=4, base_width=24, pool_first=True, source=FAST),
    resnest50_fast_4s2x40d=variant(radix=4, cardinality=2, base_width=40, pool_first=True, source=FAST),
    resnest101=variant(input=(3, 256, 256), depths=(3, 4, 23, 3), stem_width=128),
    resnest200=variant(input=(3, 320, 320), depths=(3, 24, 36, 3), stem_width=128),
    resnest269=variant(input=(3, 416, 416), depths=(3, 30, 48, 8), stem_width=128),
)
def resnest(
    x: Tensor,
    *,
    depths: tuple[int, ...] = (3, 4, 6, 3),
    radix: int = 2,
    cardinality: Num = 1,
    base_width: Num = 64,
    pool_first: bool = False,
    width: Num = 64,
    stem_width: Num = 64,
    classes: Num = 1000,
) -> Tensor:
    """A stem of three 3×3 convolutions, stages of bottlenecks with split attention, and one linear layer.

    1s4x24d is a radix of 1, a cardinality of 4 and a base width of 24.

    radix: branches of the 3×3 convolution that split attention weighs against each other
    cardinality: groups of each branch
    pool_first: whether the pooling that halves a map is before the 3×3 convolution ("fast") or behind it
    width: channels of the first stage; each next one has twice as many, and blocks end with four times as many
    stem_width: channels of the stem's last convolution; its first two have half as many
    """
    need(radix >= 1, f"radix={radix} leaves no branch", "give 1 or more")
    y = stem_of(x, "deep", stem_width)
    for stage, depth in enumerate(depths):
        channels = width * 2**stage
        for index in range(depth):
            y = _bottleneck(
                y,
                channels,
                2 if stage and not index else 1,
                inner=channels * base_width // 64 * cardinality,
                radix=radix,
                cardinality=cardinality,
                pool_first=pool_first,
                name=f"layer{stage + 1}.{index}",
            )
    return y.global_avg_pool(name="global_pool").linear(classes, name="fc")
