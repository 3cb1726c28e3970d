"""Networks for video clips, C×D×H×W: 3-D ResNets, with convolutions split into space and time, and S3D."""

from __future__ import annotations

from typing import Literal

from cnncost.base.poly import Num, same
from cnncost.graph.graph import Tensor, block
from cnncost.models.model import family, variant

PAPER = "A Closer Look at Spatiotemporal Convolutions for Action Recognition, arXiv:1711.11248"
S3D = "Rethinking Spatiotemporal Feature Learning (S3D, for video), arXiv:1712.04851; as in torchvision"
CLIP = (3, 16, 112, 112)  # sixteen frames

Convs = Literal["3d", "mixed", "2+1d"]
Triple = tuple[int, int, int]


def _conv_norm(
    x: Tensor, name: str, norm: str, out: Num, kernel: Triple, stride: Triple = (1, 1, 1), pad: Triple | None = None
) -> Tensor:
    """Return a convolution over depth, height and width that keeps the size at stride 1, without bias, and its norm."""
    pads = tuple(side // 2 for side in kernel) if pad is None else pad
    return x.conv(out, kernel, stride, pads, bias=False, name=name).batch_norm(name=norm)


def _mixed(x: Tensor, name: str, norm: str, out: Num, stride: int, *, convs: Convs, inner: Num) -> Tensor:
    """Return a 3×3×3 convolution, a 1×3×3 one ("mixed"), or a 1×3×3 one to `inner` channels and a 3×1×1 one ("2+1d").

    Source: arXiv:1711.11248, figure 1 and section 3.5.
    """
    if convs == "3d":
        return _conv_norm(x, name, norm, out, (3, 3, 3), (stride, stride, stride))
    across = (1, stride, stride)
    if convs == "mixed":
        return _conv_norm(x, name, norm, out, (1, 3, 3), across)
    y = _conv_norm(x, f"{name}.0", f"{name}.1", inner, (1, 3, 3), across).relu(name=f"{name}.2")
    return _conv_norm(y, f"{name}.3", norm, out, (3, 1, 1), (stride, 1, 1))


@block
def residual(x: Tensor, width: Num, stride: int, *, convs: Convs) -> Tensor:
    """Two convolutions of a kind and a shortcut. A split one is as wide between its halves as makes it cost the same.

    Source: arXiv:1711.11248, section 3.5; layer names as in torchvision.
    """
    inner = x.channels * width * 27 // (x.channels * 9 + 3 * width)
    y = _mixed(x, "conv1.0", "conv1.1", width, stride, convs=convs, inner=inner).relu(name="conv1.2")
    y = _mixed(y, "conv2.0", "conv2.1", width, 1, convs=convs, inner=inner)
    if stride != 1 or not same(x.channels, width):
        along = 1 if convs == "mixed" else stride
        x = _conv_norm(x, "downsample.0", "downsample.1", width, (1, 1, 1), (along, stride, stride))
    return y.add(x, name="add").relu(name="relu")


@family(
    "Video ResNet",
    in_place=("add",),
    spelling={"layer?.?.conv?.0": "derived"},  # Conv3DSimple, Conv3DNoTemporal
    source=f"{PAPER}, table 1; as in torchvision",
    input=CLIP,
    r3d_18=variant(),
    mc3_18=variant(convs="mixed"),
    r2plus1d_18=variant(convs="2+1d"),
)
def video_resnet(
    x: Tensor, *, convs: Convs = "3d", depths: tuple[int, ...] = (2, 2, 2, 2), width: Num = 64, classes: Num = 400
) -> Tensor:
    """A stem that halves height and width, four stages of residual blocks, and one linear layer.

    convs: the convolutions: over space and time at once; over space alone but in the first stage; split into both
    width: channels of the first stage; each next one has twice as many
    """
    if convs == "2+1d":
        y = _conv_norm(x, "stem.0", "stem.1", 45, (1, 7, 7), (1, 2, 2)).relu(name="stem.2")
        y = _conv_norm(y, "stem.3", "stem.4", width, (3, 1, 1)).relu(name="stem.5")
    else:
        y = _conv_norm(x, "stem.0", "stem.1", width, (3, 7, 7), (1, 2, 2)).relu(name="stem.2")
    for stage, depth in enumerate(depths):
        kind = "3d" if convs == "mixed" and not stage else convs
        for index in range(depth):
            stride = 2 if stage and not index else 1
            y = residual(y, width * 2**stage, stride, convs=kind, name=f"layer{stage + 1}.{index}")
    return y.global_avg_pool(name="avgpool").linear(classes, name="fc")


def _conv(x: Tensor, name: str, out: Num, kernel: Triple, stride: Triple = (1, 1, 1)) -> Tensor:
    return _conv_norm(x, f"{name}.0", f"{name}.1", out, kernel, stride).relu(name=f"{name}.2")


def _separable(x: Tensor, name: str, out: Num, kernel: int, stride: int = 1) -> Tensor:
    """Return a convolution over space and then one over time, each with norm and ReLU."""
    y = _conv(x, f"{name}.0", out, (1, kernel, kernel), (1, stride, stride))
    return _conv(y, f"{name}.1", out, (kernel, 1, 1), (stride, 1, 1))


@block
def _inception(x: Tensor, n1: Num, r3: Num, n3: Num, r5: Num, n5: Num, p: Num) -> Tensor:
    """Inception's four branches, with separable 3×3×3 convolutions in two of them. Source: arXiv:1712.04851, figure 5c."""
    y3 = _separable(_conv(x, "branch1.0", r3, (1, 1, 1)), "branch1.1", n3, 3)
    y5 = _separable(_conv(x, "branch2.0", r5, (1, 1, 1)), "branch2.1", n5, 3)
    pooled = _conv(x.max_pool(3, 1, 1, name="branch3.0"), "branch3.1", p, (1, 1, 1))
    return _conv(x, "branch0", n1, (1, 1, 1)).concat(y3, y5, pooled, name="concat")


MODULES: dict[int, Triple | tuple[int, ...]] = {  # by place: a pooling's kernel, or the six widths of an inception
    4: (1, 3, 3),
    5: (64, 96, 128, 16, 32, 32),
    6: (128, 128, 192, 32, 96, 64),
    7: (3, 3, 3),
    8: (192, 96, 208, 16, 48, 64),
    9: (160, 112, 224, 24, 64, 64),
    10: (128, 128, 256, 24, 64, 64),
    11: (112, 144, 288, 32, 64, 64),
    12: (256, 160, 320, 32, 128, 128),
    13: (2, 2, 2),
    14: (256, 160, 320, 32, 128, 128),
    15: (384, 192, 384, 48, 128, 128),
}


@family("S3D", spelling={"mean": "mean"}, source=S3D, input=(3, 16, 224, 224), s3d=variant())
def s3d(x: Tensor, *, dropout: float = 0.2, classes: Num = 400) -> Tensor:
    """GoogLeNet with convolutions over space and time, one after the other; its scores are the mean over what is left."""
    y = _separable(x, "features.0", 64, 7, 2)
    y = y.max_pool((1, 3, 3), (1, 2, 2), (0, 1, 1), name="features.1")
    y = _separable(_conv(y, "features.2", 64, (1, 1, 1)), "features.3", 192, 3)
    for place, numbers in MODULES.items():
        name = f"features.{place}"
        if len(numbers) == 3:
            stride = tuple(min(side, 2) for side in numbers)
            pads = tuple(side // 2 if side == 3 else 0 for side in numbers)
            y = y.max_pool(numbers, stride, pads, name=name)
        else:
            y = _inception(y, *numbers, name=name)
    y = y.avg_pool((2, 7, 7), 1, name="avgpool").dropout(dropout, name="classifier.0")
    return y.conv(classes, 1, name="classifier.1").global_avg_pool(name="mean")
