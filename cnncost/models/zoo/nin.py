"""Network in Network: a small perceptron at every position, and no fully connected layers."""

from __future__ import annotations

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor
from cnncost.models.model import family, variant

PAPER = "Network in Network, arXiv:1312.4400"


def mlpconv(x: Tensor, layers: dict[str, Num], kernel: int, stride: int = 1, pad: int = 0) -> Tensor:
    """Return a convolution, then 1×1 convolutions ("cascaded cross-channel pooling"), by name and width; each with a ReLU.

    Source: arXiv:1312.4400, section 3.1.
    """
    for index, (name, width) in enumerate(layers.items()):
        x = x.conv(width, 1, name=name) if index else x.conv(width, kernel, stride, pad, name=name)
        x = x.relu(name=f"relu_{name}")
    return x


@family(
    "NIN",
    source=f"{PAPER}, section 4; widths of the authors' Caffe definition (mavenlin, NIN CIFAR-10)",
    input=(3, 32, 32),
    nin_cifar=variant(),
)
def nin_cifar(x: Tensor, *, dropout: float = 0.5, classes: Num = 10) -> Tensor:
    """Three mlpconv stages; the last makes one map per class, whose means are the scores."""
    y = mlpconv(x, {"conv1": 192, "cccp1": 160, "cccp2": 96}, 5, pad=2)
    y = y.max_pool(3, 2, ceil_mode="caffe", name="pool1").dropout(dropout, name="drop3")
    y = mlpconv(y, {"conv2": 192, "cccp3": 192, "cccp4": 192}, 5, pad=2)
    y = y.avg_pool(3, 2, ceil_mode="caffe", name="pool2").dropout(dropout, name="drop6")
    y = mlpconv(y, {"conv3": 192, "cccp5": 192, "cccp6": classes}, 3, pad=1)
    return y.global_avg_pool(name="pool3")


@family(
    "NIN",
    source=f"{PAPER}; the authors' Caffe definition (mavenlin, NIN ImageNet)",
    nin_imagenet=variant(),
)
def nin_imagenet(x: Tensor, *, dropout: float = 0.5, classes: Num = 1000) -> Tensor:
    """Four mlpconv stages; the last makes one map per class, whose means are the scores."""
    y = mlpconv(x, {"conv1": 96, "cccp1": 96, "cccp2": 96}, 11, 4)
    y = y.max_pool(3, 2, ceil_mode="caffe", name="pool0")
    y = mlpconv(y, {"conv2": 256, "cccp3": 256, "cccp4": 256}, 5, pad=2)
    y = y.max_pool(3, 2, ceil_mode="caffe", name="pool2")
    y = mlpconv(y, {"conv3": 384, "cccp5": 384, "cccp6": 384}, 3, pad=1)
    y = y.max_pool(3, 2, ceil_mode="caffe", name="pool3").dropout(dropout, name="drop")
    y = mlpconv(y, {"conv4-1024": 1024, "cccp7-1024": 1024, "cccp8-1024": classes}, 3, pad=1)
    return y.global_avg_pool(name="pool4")
