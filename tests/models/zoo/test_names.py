"""How networks are found: by the names that papers use, by family and source; and what their settings mean."""

from __future__ import annotations

import pytest

from cnncost import analyze, load
from cnncost.base.errors import UsageError
from cnncost.measures.depth import weighted_layers
from cnncost.models import zoo


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("ResNet-50", "resnet50"),
        ("VGG-16", "vgg16"),
        ("WRN-28-10", "wrn_28_10"),
        ("WRN-16-4", "wrn_16_4"),
        ("WRN-50-2", "wide_resnet50_2"),
        ("ResNeXt-50 (32x4d)", "resnext50_32x4d"),
        ("ResNeXt-50 (32×4d) --size 160", "resnext50_32x4d"),
        ("Inception-v3", "inception_v3"),
        ("Inception v3 --set classes=10", "inception_v3"),
        ("nin", "nin_imagenet"),
        ("RegNetX-1.6GF", "regnet_x_1_6gf"),
        ("RegNetX-16GF", "regnet_x_16gf"),
        ("WRN-22-4", "wrn_22_4"),
        ("WRN-28-2", "wrn_28_2"),
        ("SENet", "senet154"),
        ("ResNet-56", "resnet56_cifar"),
        ("ConvNeXt-T", "convnext_tiny"),
        ("ConvNeXt-XL", "convnext_xlarge"),
        ("MobileNetV3-L", "mobilenet_v3_large"),
        ("MobileNetV4-Conv-S", "mobilenetv4_conv_small"),
        ("EfficientNet-Lite0", "efficientnet_lite0"),
        ("U-Net", "unet"),
        ("DeepLabV3-ResNet50", "deeplabv3_resnet50"),
        ("DeepLab v3 (ResNet-101)", "deeplabv3_resnet101"),
        ("LR-ASPP", "lraspp_mobilenet_v3_large"),
        ("YOLOv5s", "yolov5s"),
        ("YOLOv3-SPP", "yolov3_spp"),
        ("HRNet-W18", "hrnet_w18"),
        ("HRNet-W48-C", "hrnet_w48"),
        ("ResNeSt-50", "resnest50"),
        ("RepVGG-B1g4", "repvgg_b1g4"),
        ("R(2+1)D-18", "r2plus1d_18"),
        ("DeepLabV3-R101", "deeplabv3_resnet101"),
        ("ShuffleNetV2 1.0x", "shufflenet_v2_x1_0"),
        ("GhostNet 1.3x", "ghostnet_130"),
        ("VGG-16-CIFAR", "vgg16_cifar"),
    ],
)
def test_names_of_papers(written: str, name: str) -> None:
    assert load(written).name == name


def test_every_name_means_one_network() -> None:
    names = [zoo.plain(name) for name in zoo.MODULE_OF]
    assert len(set(names)) == len(names)
    assert {zoo.find(name).name for name in zoo.ALSO.values()} == set(zoo.ALSO.values())
    assert not {zoo.plain(name) for name in zoo.MODULE_OF} & set(zoo.ALSO)
    with pytest.raises(UsageError, match="unknown model 'ResNet-51'"):
        zoo.find("ResNet-51")
    with pytest.raises(UsageError) as several:
        zoo.find("DeepLab v3")
    assert several.value.hint == "which one: deeplabv3_resnet50, deeplabv3_resnet101, deeplabv3_mobilenet_v3_large"


@pytest.mark.parametrize(
    ("written", "params"),
    [
        ("WRN-34-10", 46_160_474),  # papers on adversarial robustness print 46.2 M
        ("WRN-50-2", 68_883_240),  # torchvision's wide_resnet50_2
        ("WRN-101-2", 126_886_696),
        ("WRN-50-3 --set k=2", 68_883_240),
    ],
)
def test_any_wide_resnet(written: str, params: int) -> None:
    assert analyze(written).total["params"] == params


def test_a_wide_resnet_of_unknown_depth_says_how_to_give_it() -> None:
    with pytest.raises(UsageError, match="unknown model 'WRN-68-3'") as error:
        zoo.find("WRN-68-3")
    assert max(weighted_layers(load(error.value.hint.rpartition("depths: ")[2]).trace())) == 68


@pytest.mark.parametrize(
    ("model", "params", "macs"),
    [
        ("resnet50_d", 25_576_264, 4_328_824_832),  # timm's resnet50d
        ("resnet18 --set stem=cifar --set classes=10 --size 32", 11_173_962, None),  # kuangliu/pytorch-cifar
        ("resnet50 --set stem=cifar --set classes=10 --size 32", 23_520_842, None),
        ("resnet200 --set preact=true", 64_666_152, 15_007_481_856),  # as preact_resnet200, of arXiv:1603.05027
        ("resnet110_cifar --set preact=true --set shortcut=B", 1_730_522, 253_149_824),  # as preact_resnet110
        ("WRN-16-4", 2_748_890, None),  # the paper's code: 2.7 M; tables of knowledge distillation print 2.75 M
    ],
)
def test_what_people_vary(model: str, params: int, macs: int | None) -> None:
    total = analyze(model).total
    assert total["params"] == params
    assert macs is None or total["macs"] == macs


def test_search() -> None:
    found = [model.name for model in zoo.search("lecture")]
    assert {"vgg16_lecture", "googlenet_stem", "inception_naive", "inception_reduced", "zfnet_wide"} <= set(found)
    assert {"fcn_resnet50", "lraspp_mobilenet_v3_large", "unet"} <= {model.name for model in zoo.search("segmentation")}
    assert {"yolov3", "yolov5s"} <= {model.name for model in zoo.search("detection")}
    assert {"s3d", "r3d_18"} <= {model.name for model in zoo.search("video")}
    assert {"hrnet_w18", "ghostnet_100", "resnest50", "resnet50_d"} <= {model.name for model in zoo.search("timm")}
    assert [model.name for model in zoo.search("resnext50*")] == [
        name for name in zoo.MODULE_OF if name.startswith("resnext50")
    ]
    assert len(zoo.search(None)) == len(zoo.MODULE_OF)


def test_every_setting_has_a_meaning() -> None:
    models = [model for family in zoo.FAMILIES for model in zoo.models(family).values()]
    assert [(model.name, name) for model in models for name in model.declared if not model.meaning(name)] == []


def own(x, width: int = 8):  # type: ignore[no-untyped-def]
    """A network of one's own.

    width: channels of the one convolution
    """
    return x.conv(width, 3)


def test_the_meaning_of_ones_own_settings_stands_in_the_docstring() -> None:
    from cnncost.models.model import Model

    assert Model("own", own, (3, 8, 8)).meaning("width") == "channels of the one convolution"
