"""Networks that classify every pixel, on backbones that classify images: FCN, DeepLabV3 and LR-ASPP of torchvision."""

from __future__ import annotations

from typing import Literal

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor
from cnncost.models.model import family, variant
from cnncost.models.zoo import mobilenet_v3, resnet
from cnncost.models.zoo.blocks import conv_norm

FCN = "Fully Convolutional Networks for Semantic Segmentation, arXiv:1411.4038; as in torchvision"
DEEPLAB = "Rethinking Atrous Convolution for Semantic Image Segmentation (DeepLabV3), arXiv:1706.05587; as in torchvision"
LRASPP = "Searching for MobileNetV3, arXiv:1905.02244, section 6.4: semantic segmentation; as in torchvision"

Backbone = Literal["resnet50", "resnet101", "mobilenet_v3_large"]
SIZE = (3, 520, 520)  # of torchvision's evaluation
RESIZED = {"out": "F", "aux": "F"}  # by F.interpolate


def _backbone(x: Tensor, backbone: Backbone) -> tuple[Tensor, Tensor]:
    """Return the last map of a dilated backbone, and the earlier one that the auxiliary head reads.

    ResNets are dilated to an eighth of the input, MobileNetV3 to a sixteenth.
    """
    with x.scope("backbone"):
        if backbone == "mobilenet_v3_large":
            maps = mobilenet_v3.features(x, output_stride=16)
            return maps[-1], maps[4]
        depths = (3, 4, 23, 3) if backbone == "resnet101" else (3, 4, 6, 3)
        *_, third, fourth = resnet.stages_of(resnet.stem_of(x, "7x7", 64), depths=depths, output_stride=8)
    return fourth, third


def _fcn_head(x: Tensor, classes: Num, name: str) -> Tensor:
    """Return the scores of a 3×3 convolution to a quarter of the channels, and a 1×1. Source: torchvision's FCNHead."""
    y = conv_norm(x, f"{name}.0", f"{name}.1", x.channels // 4, 3).relu(name=f"{name}.2")
    return y.dropout(0.1, name=f"{name}.3").conv(classes, 1, name=f"{name}.4")


def _aspp(x: Tensor, width: Num, rates: tuple[int, ...], name: str) -> Tensor:
    """Return atrous spatial pyramid pooling: a 1×1, a dilated 3×3 for each rate and the mean of the map, side by side; a 1×1.

    Source: arXiv:1706.05587, figure 5; names as in torchvision.
    """
    with x.scope(f"{name}.convs"):
        branches = [conv_norm(x, "0.0", "0.1", width, 1).relu(name="0.2")]
        for index, rate in enumerate(rates, start=1):
            y = conv_norm(x, f"{index}.0", f"{index}.1", width, 3, dilation=rate)
            branches.append(y.relu(name=f"{index}.2"))
        last = len(rates) + 1
        y = x.adaptive_avg_pool(1, name=f"{last}.0")
        y = conv_norm(y, f"{last}.1", f"{last}.2", width, 1).relu(name=f"{last}.3")
        branches.append(y.upsample(size=x.shape[1:], mode="bilinear", name=f"{last}.up"))
    y = branches[0].concat(*branches[1:], name=f"{name}.concat")
    y = conv_norm(y, f"{name}.project.0", f"{name}.project.1", width, 1).relu(name=f"{name}.project.2")
    return y.dropout(0.5, name=f"{name}.project.3")


def _resized(x: Tensor, scores: Tensor, head: Tensor | None, classes: Num) -> Tensor | tuple[Tensor, Tensor]:
    """Return scores as large as the input, and those of the auxiliary head where it has something to read."""
    if head is None:
        return scores.upsample(size=x.shape[1:], mode="bilinear", name="out")
    other = _fcn_head(head, classes, "aux_classifier").upsample(size=x.shape[1:], mode="bilinear", name="aux")
    return scores.upsample(size=x.shape[1:], mode="bilinear", name="out"), other


@family(
    "FCN",
    in_place=("add",),
    spelling=RESIZED,
    source=FCN,
    input=SIZE,
    fcn_resnet50=variant(),
    fcn_resnet101=variant(backbone="resnet101"),
)
def fcn(x: Tensor, *, backbone: Backbone = "resnet50", aux: bool = False, classes: Num = 21) -> Tensor | tuple[Tensor, Tensor]:
    """A dilated backbone, a 3×3 and a 1×1 convolution, and scores resized to the input.

    aux: whether there is an auxiliary head on an earlier map, as in torchvision's weights; its scores are a second output
    """
    y, earlier = _backbone(x, backbone)
    return _resized(x, _fcn_head(y, classes, "classifier"), earlier if aux else None, classes)


@family(
    "DeepLabV3",
    in_place=("add",),
    spelling={**RESIZED, "*.up": "F"},
    source=DEEPLAB,
    input=SIZE,
    deeplabv3_resnet50=variant(),
    deeplabv3_resnet101=variant(backbone="resnet101"),
    deeplabv3_mobilenet_v3_large=variant(backbone="mobilenet_v3_large"),
)
def deeplabv3(
    x: Tensor,
    *,
    backbone: Backbone = "resnet50",
    width: Num = 256,
    rates: tuple[int, ...] = (12, 24, 36),
    aux: bool = False,
    classes: Num = 21,
) -> Tensor | tuple[Tensor, Tensor]:
    """A dilated backbone, atrous spatial pyramid pooling, a 3×3 and a 1×1 convolution, and scores resized to the input.

    aux: whether there is an auxiliary head on an earlier map, as in torchvision's weights; its scores are a second output
    rates: dilations of the 3×3 convolutions side by side
    width: channels of each branch and of the head
    """
    y, earlier = _backbone(x, backbone)
    y = _aspp(y, width, rates, "classifier.0")
    y = conv_norm(y, "classifier.1", "classifier.2", width, 3).relu(name="classifier.3")
    return _resized(x, y.conv(classes, 1, name="classifier.4"), earlier if aux else None, classes)


@family(
    "LR-ASPP",
    in_place=("add",),
    spelling={"out": "F", "*.up": "F"},
    source=LRASPP,
    input=SIZE,
    lraspp_mobilenet_v3_large=variant(),
)
def lraspp(x: Tensor, *, width: Num = 128, classes: Num = 21) -> Tensor:
    """A dilated MobileNetV3, a 1×1 convolution weighted by the map's mean, and scores of two maps added.

    width: channels of the head
    """
    high, low = _backbone(x, "mobilenet_v3_large")
    y = conv_norm(high, "classifier.cbr.0", "classifier.cbr.1", width, 1).relu(name="classifier.cbr.2")
    gate = high.adaptive_avg_pool(1, name="classifier.scale.0").conv(width, 1, bias=False, name="classifier.scale.1")
    y = y.mul(gate.sigmoid(name="classifier.scale.2"), name="classifier.mul")
    y = y.upsample(size=low.shape[1:], mode="bilinear", name="classifier.up")
    scores = low.conv(classes, 1, name="classifier.low_classifier")
    scores = scores.add(y.conv(classes, 1, name="classifier.high_classifier"), name="classifier.add")
    return scores.upsample(size=x.shape[1:], mode="bilinear", name="out")
