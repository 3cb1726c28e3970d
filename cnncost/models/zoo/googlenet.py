"""GoogLeNet as released for Caffe and as in torchvision, its Inception modules, and its stem."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from cnncost.base.poly import Num
from cnncost.graph.graph import Outputs, Tensor, block
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import conv_norm_relu

PAPER = "Going Deeper with Convolutions, arXiv:1409.4842"
BVLC = f"{PAPER}, table 1; BVLC/caffe models/bvlc_googlenet"
TORCHVISION = f"{PAPER}, table 1; with batch normalisation as in torchvision"
LECTURE = "CS231n 2017 and EECS 498-007, lectures on CNN architectures"

Unit = Callable[..., Tensor]  # (x, name, out, kernel, stride=1): a convolution that keeps the size, and what follows it

# Filters of 1×1; 1×1 before 3×3, 3×3; 1×1 before 5×5, 5×5; 1×1 after the pooling: table 1 of the paper.
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
WITH_HEAD = ("4a", "4d")  # modules whose output an auxiliary classifier reads, too

TORCHVISION_NAMES = {
    "1x1": "branch1",
    "3x3_reduce": "branch2.0",
    "3x3": "branch2.1",
    "5x5_reduce": "branch3.0",
    "5x5": "branch3.1",
    "pool": "branch4.0",
    "pool_proj": "branch4.1",
    "output": "concat",
}


def conv_relu(x: Tensor, name: str, out: Num, kernel: int, stride: int = 1, *, bias: bool = True) -> Tensor:
    """Return a size-keeping convolution followed by a ReLU."""
    return x.conv(out, kernel, stride, kernel // 2, bias=bias, name=name).relu(name=f"relu_{name}")


@block
def inception(
    x: Tensor,
    narrow: Num,
    reduce3: Num | None,
    three: Num,
    reduce5: Num | None,
    five: Num,
    pool: Num | None,
    *,
    unit: Unit = conv_relu,
    largest: int = 5,
    names: Mapping[str, str] | None = None,
) -> Tensor:
    """Four branches side by side: 1×1; 1×1 and 3×3; 1×1 and 5×5; 3×3 max pooling and 1×1; their maps are concatenated.

    A 1×1 given as None is left out; the paper's naive module has none before 3×3 and 5×5 and after the pooling.
    `largest` is the window of the third branch. `names` replace the layer names of the Caffe definition.

    Source: arXiv:1409.4842, figure 2.
    """

    def called(name: str) -> str:
        return name if names is None else names[name]

    def reduced(y: Tensor, name: str, out: Num | None) -> Tensor:
        return y if out is None else unit(y, called(name), out, 1)

    first = unit(x, called("1x1"), narrow, 1)
    second = unit(reduced(x, "3x3_reduce", reduce3), called("3x3"), three, 3)
    third = unit(reduced(x, "5x5_reduce", reduce5), called("5x5"), five, largest)
    fourth = reduced(x.max_pool(3, 1, 1, name=called("pool")), "pool_proj", pool)
    return first.concat(second, third, fourth, name=called("output"))


def auxiliary(
    x: Tensor,
    unit: Unit,
    classes: Num,
    dropout: float,
    fc: str = "fc",
    drop: str = "drop_fc",
    classifier: str = "classifier",
) -> Tensor:
    """Return the scores that an auxiliary classifier gives a pooled 4×4 map: a 1×1 convolution and two linear layers.

    Source: arXiv:1409.4842, section 5.
    """
    y = unit(x, "conv", 128, 1).flatten(name="flatten")
    return y.linear(1024, name=fc).relu(name=f"relu_{fc}").dropout(dropout, name=drop).linear(classes, name=classifier)


@family(
    "GoogLeNet",
    source=BVLC,
    googlenet_bvlc=variant(),
    googlenet_bvlc_aux=variant(aux=True),
)
def googlenet_bvlc(
    x: Tensor, *, classes: Num = 1000, dropout: float = 0.4, dropout_aux: float = 0.7, aux: bool = False
) -> Outputs:
    """A stem, nine Inception modules with pooling between, global average pooling and one linear layer.

    With `aux` the two auxiliary classifiers of training are there, and their scores follow the main ones.
    """
    with x.scope("conv1"):
        y = conv_relu(x, "7x7_s2", 64, 7, 2)
    with x.scope("pool1"):
        y = y.max_pool(3, 2, ceil_mode="caffe", name="3x3_s2").lrn(5, name="norm1")
    with x.scope("conv2"):
        y = conv_relu(conv_relu(y, "3x3_reduce", 64, 1), "3x3", 192, 3).lrn(5, name="norm2")
    y = y.max_pool(3, 2, ceil_mode="caffe", name="pool2.3x3_s2")
    heads: list[Tensor] = []
    for name, filters in MODULES.items():
        y = inception(y, *filters, name=f"inception_{name}")
        if aux and name in WITH_HEAD:
            with x.scope(f"loss{len(heads) + 1}"):
                pooled = y.avg_pool(5, 3, ceil_mode="caffe", name="ave_pool")
                heads.append(auxiliary(pooled, conv_relu, classes, dropout_aux))
        if name in ("3b", "4e"):
            y = y.max_pool(3, 2, ceil_mode="caffe", name=f"pool{name[0]}.3x3_s2")
    with x.scope("pool5"):
        y = y.global_avg_pool(name="7x7_s1").dropout(dropout, name="drop_7x7_s1")
    y = y.linear(classes, name="loss3.classifier")
    return (y, *heads) if aux else y


@family(
    "GoogLeNet",
    source=TORCHVISION,
    spelling={"*relu*": "F", "aux?.avgpool": "F"},
    googlenet=variant(),
    googlenet_aux=variant(aux=True),
)
def googlenet(
    x: Tensor,
    *,
    classes: Num = 1000,
    dropout: float = 0.2,
    dropout_aux: float = 0.7,
    aux: bool = False,
    largest: int = 3,
    last_pool: int = 2,
) -> Outputs:
    """GoogLeNet with batch normalisation in place of biases, named as in torchvision.

    The window of the third branches is 3×3 there (`largest`), and that of the last max pooling 2×2 (`last_pool`); the
    paper has 5 and 3. With `aux` the two auxiliary classifiers of training are there, and their scores follow the main
    ones.

    aux: whether there are the two auxiliary classifiers, for training
    """
    y = conv_norm_relu(x, "conv1", 64, 7, 2).max_pool(3, 2, ceil_mode=True, name="maxpool1")
    y = conv_norm_relu(y, "conv2", 64, 1)
    y = conv_norm_relu(y, "conv3", 192, 3).max_pool(3, 2, ceil_mode=True, name="maxpool2")
    heads: list[Tensor] = []
    for name, filters in MODULES.items():
        y = inception(y, *filters, unit=conv_norm_relu, largest=largest, names=TORCHVISION_NAMES, name=f"inception{name}")
        if aux and name in WITH_HEAD:
            with x.scope(f"aux{len(heads) + 1}"):
                pooled = y.adaptive_avg_pool(4, name="avgpool")
                heads.append(auxiliary(pooled, conv_norm_relu, classes, dropout_aux, "fc1", "dropout", "fc2"))
        if name == "3b":
            y = y.max_pool(3, 2, ceil_mode=True, name="maxpool3")
        elif name == "4e":
            y = y.max_pool(last_pool, 2, ceil_mode=True, name="maxpool4")
    y = y.global_avg_pool(name="avgpool").dropout(dropout, name="dropout").linear(classes, name="fc")
    return (y, *heads) if aux else y


@family("GoogLeNet", source=LECTURE, googlenet_stem=variant())
def googlenet_stem(x: Tensor, *, width: Num = 64, bias: bool = True) -> Tensor:
    """The layers before the first Inception module: 224 → 28 for a fifteenth of the multiply-adds that VGG takes.

    width: channels of the first convolution
    """
    y = conv_relu(x, "conv1", width, 7, 2, bias=bias).max_pool(3, 2, 1, name="pool1")
    y = conv_relu(y, "conv2_reduce", width, 1, bias=bias)
    return conv_relu(y, "conv2", 3 * width, 3, bias=bias).max_pool(3, 2, 1, name="pool2")


@family(
    "Inception module",
    source=f"{PAPER}, figure 2; filters as in CS231n 2017, lecture 9",
    input=(256, 28, 28),
    inception_naive=variant(reduce3=None, reduce5=None, pool=None),
    inception_reduced=variant(),
)
def inception_module(
    x: Tensor,
    *,
    narrow: Num = 128,
    reduce3: Num | None = 64,
    three: Num = 192,
    reduce5: Num | None = 64,
    five: Num = 96,
    pool: Num | None = 64,
    bias: bool = False,
) -> Tensor:
    """One Inception module; `none` for a 1×1 before 3×3 or 5×5, or after the pooling, leaves it out.

    pool: filters after the pooling branch; none: there is no 1×1 convolution
    """
    unit = partial(conv_relu, bias=bias)
    return inception(x, narrow, reduce3, three, reduce5, five, pool, unit=unit)
