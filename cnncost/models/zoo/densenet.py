"""DenseNet: every layer sees the maps of all layers before it in its block."""

from __future__ import annotations

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, block, need
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import portion

PAPER = "Densely Connected Convolutional Networks, arXiv:1608.06993"
WIDE = "liuzhuang13/DenseNet README, Wide-DenseNet"


@block
def dense_layer(x: Tensor, *others: Tensor, growth: Num, bottleneck: Num = 4, dropout: float = 0.0) -> Tensor:
    """`growth` maps from all maps so far: a 1×1 convolution to bottleneck·growth channels (none at 0), then a 3×3.

    Source: arXiv:1608.06993, section 3.
    """

    def convolved(y: Tensor, number: int, out: Num, kernel: int) -> Tensor:
        y = y.batch_norm(name=f"norm{number}").relu(name=f"relu{number}")
        y = y.conv(out, kernel, 1, kernel // 2, bias=False, name=f"conv{number}")
        return y.dropout(dropout, name=f"dropout{number}") if dropout else y

    y = x.concat(*others, name="concat")  # for the first layer of a block a copy, as in torchvision
    if bottleneck:
        y = convolved(y, 1, bottleneck * growth, 1)
    return convolved(y, 2 if bottleneck else 1, growth, 3)


@block
def dense_block(x: Tensor, depth: int, growth: Num, bottleneck: Num = 4, dropout: float = 0.0) -> Tensor:
    """`depth` dense layers: C channels become C + depth·growth.

    Source: arXiv:1608.06993, figure 1.
    """
    maps = [x]
    for index in range(depth):
        layer = f"denselayer{index + 1}"
        maps.append(dense_layer(*maps, growth=growth, bottleneck=bottleneck, dropout=dropout, name=layer))
    return x.concat(*maps[1:], name="concat")


@block
def transition(x: Tensor, compression: float = 0.5, dropout: float = 0.0) -> Tensor:
    """A 1×1 convolution to ⌊compression·C⌋ channels, and average pooling that halves the map.

    Source: arXiv:1608.06993, section 3.
    """
    y = x.batch_norm(name="norm").relu(name="relu")
    y = y.conv(portion(x.channels, compression), 1, bias=False, name="conv")
    if dropout:
        y = y.dropout(dropout, name="dropout")
    return y.avg_pool(2, name="pool")


def dense_blocks(
    x: Tensor, depths: tuple[int, ...], growth: Num, bottleneck: Num, compression: float, dropout: float = 0.0
) -> Tensor:
    """Return the map after the dense blocks, and transitions between them."""
    need(0 < compression <= 1, f"compression={compression} is not above 0 and up to 1", "0.5 halves, 1.0 keeps the channels")
    for index, depth in enumerate(depths):
        if index:
            x = transition(x, compression, dropout, name=f"transition{index}")
        x = dense_block(x, depth, growth, bottleneck, dropout, name=f"denseblock{index + 1}")
    return x


@family(
    "DenseNet",
    source=f"{PAPER}, table 1",
    spelling={"relu": "F", "avgpool": "F"},
    densenet121=variant(),
    densenet161=variant(
        depths=(6, 12, 36, 24), growth=48, stem=96, source="arXiv:1608.06993, earlier versions, and the authors' release"
    ),
    densenet169=variant(depths=(6, 12, 32, 32)),
    densenet201=variant(depths=(6, 12, 48, 32)),
    densenet264=variant(depths=(6, 12, 64, 48)),
)
def densenet(
    x: Tensor,
    *,
    depths: tuple[int, ...] = (6, 12, 24, 16),
    growth: Num = 32,
    stem: Num = 64,
    bottleneck: Num = 4,
    compression: float = 0.5,
    classes: Num = 1000,
) -> Tensor:
    """A 7×7 stem, dense blocks with transitions between them that halve channels and map, and one linear layer.

    stem: channels of the first convolution
    """
    with x.scope("features"):
        y = x.conv(stem, 7, 2, 3, bias=False, name="conv0").batch_norm(name="norm0").relu(name="relu0")
        y = y.max_pool(3, 2, 1, name="pool0")
        y = dense_blocks(y, depths, growth, bottleneck, compression)
        y = y.batch_norm(name="norm5")
    return y.relu(name="relu").global_avg_pool(name="avgpool").linear(classes, name="classifier")


@family(
    "DenseNet CIFAR",
    source=f"{PAPER}, table 2",
    input=(3, 32, 32),
    densenet_40_12=variant(),
    densenet_100_12=variant(depth=100),
    densenet_100_24=variant(depth=100, growth=24),
    densenet_bc_100_12=variant(depth=100, bottleneck=4, compression=0.5),
    densenet_bc_250_24=variant(depth=250, growth=24, bottleneck=4, compression=0.5),
    densenet_bc_190_40=variant(depth=190, growth=40, bottleneck=4, compression=0.5),
    densenet_bc_40_12=variant(bottleneck=4, compression=0.5),
    densenet_bc_40_36=variant(growth=36, bottleneck=4, compression=0.5, source=WIDE),
    densenet_bc_40_48=variant(growth=48, bottleneck=4, compression=0.5, source=WIDE),
    densenet_bc_40_60=variant(growth=60, bottleneck=4, compression=0.5, source=WIDE),
)
def densenet_cifar(
    x: Tensor,
    *,
    depth: int = 40,
    growth: Num = 12,
    bottleneck: Num = 0,
    compression: float = 1.0,
    stem: Num | None = None,
    dropout: float = 0.0,
    classes: Num = 10,
) -> Tensor:
    """A 3×3 stem and three dense blocks of (depth − 4)/3 layers, or of half as many bottleneck layers (B).

    The stem has 16 channels, or twice the growth where the transitions compress as well as the layers (BC).

    depth: layers with weights, the number in the network's name
    stem: channels of the first convolution; none: 16, or twice the growth (BC)
    """
    per_layer = 2 if bottleneck else 1
    layers, rest = divmod(depth - 4, 3 * per_layer)
    near = ", ".join(str(3 * per_layer * n + 4) for n in (max(layers, 1), max(layers, 1) + 1))
    need(layers >= 1 and rest == 0, f"depth={depth} is not {3 * per_layer}n + 4 with n ≥ 1", f"near it are {near}")
    if stem is None:
        stem = 2 * growth if bottleneck and compression < 1 else 16
    y = x.conv(stem, 3, 1, 1, bias=False, name="conv")
    y = dense_blocks(y, (layers,) * 3, growth, bottleneck, compression, dropout)
    y = y.batch_norm(name="norm").relu(name="relu")
    return y.global_avg_pool(name="avgpool").linear(classes, name="classifier")
