"""The zoo: one module per family, its variants as rows. `FAMILIES` is the table of contents, so that a name finds its module
without importing the others; a test holds it to what the modules define.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.models.model import Model

FAMILIES: dict[str, str] = {
    "lenet": "lenet5 lenet5_lecture",
    "alexnet": "alexnet alexnet_lecture alexnet_original alexnet_ungrouped",
    "zfnet": "zfnet zfnet_wide",
    "vgg": """
        vgg11 vgg13 vgg16 vgg19 vgg11_bn vgg13_bn vgg16_bn vgg19_bn vgg16_lecture
        vgg11_cifar vgg13_cifar vgg16_cifar vgg19_cifar
    """,
    "googlenet": """
        googlenet googlenet_aux googlenet_bvlc googlenet_bvlc_aux googlenet_stem inception_naive inception_reduced
    """,
    "inception": """
        bn_inception se_bn_inception inception_v3 inception_v3_aux inception_v3_no_aux inception_v4 inception_resnet_v2
    """,
    "polynet": "polynet",
    "xception": "xception",
    "block_models": """
        basic bottleneck resnext_block conv3x3 conv3x3_twice conv3x3_thrice conv5x5 conv7x7
        inception dense_block fire separable_conv inverted_residual squeeze_excite
    """,
    "resnet": """
        resnet18 resnet34 resnet50 resnet101 resnet152 resnet200 resnet50_d
        resnet18_v1 resnet34_v1 resnet50_v1 resnet101_v1 resnet152_v1 resnet200_v1
        plain18 plain34
        resnet20_cifar resnet32_cifar resnet44_cifar resnet56_cifar resnet110_cifar resnet1202_cifar
        resnet110_stochastic resnet1202_stochastic plain20_cifar plain56_cifar
    """,
    "preact_resnet": "preact_resnet110 preact_resnet164 preact_resnet1001 preact_resnet200",
    "wide_resnet": """
        wrn_40_1 wrn_40_2 wrn_40_4 wrn_40_8 wrn_40_10 wrn_28_10 wrn_28_12 wrn_22_8 wrn_22_10 wrn_16_8 wrn_16_10
        wrn_16_2 wrn_16_4 wrn_52_1
        wrn_40_2_b131 wrn_40_2_b31 wrn_40_2_b13 wrn_40_2_b311 wrn_28_2_b33 wrn_22_2_b313 wrn_listing
        wrn_18_1 wrn_18_1_5 wrn_18_2 wrn_18_3 wrn_34_1 wrn_34_1_5 wrn_34_2 wide_resnet50_2 wide_resnet101_2
    """,
    "resnext": """
        resnext50_1x64d resnext50_2x40d resnext50_4x24d resnext50_8x14d resnext50_32x4d
        resnext101_1x64d resnext101_2x40d resnext101_4x24d resnext101_8x14d resnext101_32x4d
        resnext101_1x100d resnext101_2x64d resnext101_64x4d resnext101_32x8d
        resnext29_8x64d resnext29_16x64d resnext29_4x64d resnext29_32x4d resnext_listing
    """,
    "senet": "se_resnet50 se_resnet101 se_resnet152 se_resnext50_32x4d se_resnext101_32x4d senet154",
    "resnest": """
        resnest14 resnest26 resnest50 resnest50_fast_1s4x24d resnest50_fast_4s2x40d resnest101 resnest200 resnest269
    """,
    "repvgg": """
        repvgg_a0 repvgg_a1 repvgg_a2 repvgg_b0 repvgg_b1 repvgg_b1g2 repvgg_b1g4 repvgg_b2 repvgg_b2g4 repvgg_b3 repvgg_b3g4
        repvgg_d2se
    """,
    "densenet": """
        densenet121 densenet161 densenet169 densenet201 densenet264
        densenet_40_12 densenet_100_12 densenet_100_24 densenet_bc_100_12 densenet_bc_250_24 densenet_bc_190_40
        densenet_bc_40_12 densenet_bc_40_36 densenet_bc_40_48 densenet_bc_40_60
    """,
    "nin": "nin_cifar nin_imagenet",
    "squeezenet": "squeezenet1_0 squeezenet1_1 squeezenet1_0_caffe squeezenet1_1_caffe",
    "mobilenet_v1": "mobilenet_v1",
    "mobilenet_v2": "mobilenet_v2",
    "mobilenet_v3": """
        mobilenet_v3_large mobilenet_v3_small mobilenet_v3_large_075 mobilenet_v3_small_075
        mobilenet_v3_large_minimalistic mobilenet_v3_small_minimalistic
    """,
    "mobilenet_v4": """
        mobilenetv4_conv_small_035 mobilenetv4_conv_small_050 mobilenetv4_conv_small mobilenetv4_conv_medium
        mobilenetv4_conv_large mobilenetv4_hybrid_medium_075 mobilenetv4_hybrid_medium mobilenetv4_hybrid_large_075
        mobilenetv4_hybrid_large
    """,
    "mnasnet": "mnasnet0_5 mnasnet0_75 mnasnet1_0 mnasnet1_3 mnasnet_a1 mnasnet_small",
    "shufflenet": """
        shufflenet_v2_x0_5 shufflenet_v2_x1_0 shufflenet_v2_x1_5 shufflenet_v2_x2_0
        shufflenet_v1_g1 shufflenet_v1_g2 shufflenet_v1_g3 shufflenet_v1_g4 shufflenet_v1_g8
    """,
    "ghostnet": "ghostnet_050 ghostnet_100 ghostnet_130",
    "efficientnet": """
        efficientnet_b0 efficientnet_b1 efficientnet_b2 efficientnet_b3 efficientnet_b4 efficientnet_b5 efficientnet_b6
        efficientnet_b7 efficientnet_lite0 efficientnet_lite1 efficientnet_lite2 efficientnet_lite3 efficientnet_lite4
        efficientnet_v2_s efficientnet_v2_m efficientnet_v2_l
    """,
    "regnet": """
        regnet_x_400mf regnet_x_800mf regnet_x_1_6gf regnet_x_3_2gf regnet_x_8gf regnet_x_16gf regnet_x_32gf
        regnet_y_400mf regnet_y_800mf regnet_y_1_6gf regnet_y_3_2gf regnet_y_8gf regnet_y_16gf regnet_y_32gf regnet_y_128gf
    """,
    "convnext": "convnext_tiny convnext_small convnext_base convnext_large convnext_xlarge",
    "hrnet": """
        hrnet_w18_small hrnet_w18_small_v2 hrnet_w18 hrnet_w30 hrnet_w32 hrnet_w40 hrnet_w44 hrnet_w48 hrnet_w64
    """,
    "darknet": "darknet53 darknet19",
    "yolo": "yolov3 yolov3_spp yolov3_tiny yolov5n yolov5s yolov5m yolov5l yolov5x",
    "unet": "unet unet_original",
    "segmentation": """
        fcn_resnet50 fcn_resnet101 deeplabv3_resnet50 deeplabv3_resnet101 deeplabv3_mobilenet_v3_large lraspp_mobilenet_v3_large
    """,
    "fractalnet": """
        fractalnet20 fractalnet40 fractalnet5_thin fractalnet10_thin fractalnet20_thin fractalnet40_thin
        fractalnet80_thin fractalnet160_thin
    """,
    "video": "r3d_18 mc3_18 r2plus1d_18 s3d",
    "vit": "vit_b_16 vit_b_32 vit_l_16 vit_l_32 vit_h_14",
    "swin": "swin_t swin_s swin_b swin_v2_t swin_v2_s swin_v2_b",
    "maxvit": "maxvit_t",
}

MODULE_OF: dict[str, str] = {name: module for module, names in FAMILIES.items() for name in names.split()}


ALSO = {  # other names of networks, written as `plain` writes them
    "nin": "nin_imagenet",
    "googlenetv1": "googlenet",
    "inceptionv1": "googlenet",
    "inceptionv2": "bn_inception",
    "lenet": "lenet5",
    "senet": "senet154",
    "wrn50_2": "wide_resnet50_2",
    "wrn101_2": "wide_resnet101_2",
    "mobilenet": "mobilenet_v1",
    "squeezenet": "squeezenet1_0",
    "resnext50": "resnext50_32x4d",
    "resnet50v1_5": "resnet50",
    "lraspp": "lraspp_mobilenet_v3_large",
    "ghostnet": "ghostnet_100",
    "r2_1d18": "r2plus1d_18",
}


class UnknownModelError(UsageError):
    """A name that no network of the zoo has."""


def find(name: str) -> Model:
    """Return the model of that name, importing its family only; as papers write it, too.

    >>> find("ResNeXt-50 (32x4d)").name, find("WRN-16-4").name, find("VGG-16").name
    ('resnext50_32x4d', 'wrn_16_4', 'vgg16')

    Any WRN-n-k is known, for CIFAR or ImageNet, whose depth says which blocks it has. Raises UnknownModelError with the nearest
    names.
    """
    known = name if name in MODULE_OF else _named().get(plain(name))
    if known is not None:
        return models(MODULE_OF[known])[known]
    wide = re.fullmatch(r"wrn([0-9]{1,4})_([0-9]{1,4})", plain(name))
    if wide:
        return _wide(name, int(wide[1]), int(wide[2]))
    longer = [other for other in MODULE_OF if plain(name) and plain(other).startswith(plain(name))]
    which = f"which one: {', '.join(longer[:4])}{', …' if len(longer) > 4 else ''}" if longer else "see: cnncost list"
    raise UnknownModelError(f"unknown model '{name}'", did_you_mean(name.lower(), MODULE_OF, which))


def _wide(name: str, n: int, k: int) -> Model:
    """Return WRN-n-k: for CIFAR where n is 6N + 4, for ImageNet where there is a ResNet-n. Raises UnknownModelError."""
    known = models("wide_resnet")
    if n % 6 == 4:
        return replace(known["wrn_28_10"].with_settings(depth=n, k=k), name=f"wrn_{n}_{k}")
    depths = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}.get(n)
    if depths is None:
        blocks = max(n - 2, 33) // 3
        how = f"wide_resnet50_2 --set k={k} --set depths=3,4,{blocks - 10},3"
        remedy = f"WRN-n-k for CIFAR has n = 6N + 4; for ImageNet give the depths: {how}"
        raise UnknownModelError(f"unknown model '{name}'", remedy)
    return replace(
        known["wrn_18_2" if n == 18 else "wide_resnet50_2"].with_settings(depths=depths, k=float(k)), name=f"wrn_{n}_{k}"
    )


def plain(name: str) -> str:
    """Return a name without case, spaces, hyphens and brackets; between two numbers there is a mark.

    >>> plain("WRN-28-10"), plain("RegNetX-1.6GF"), plain("ResNet-50")
    ('wrn28_10', 'regnetx1_6gf', 'resnet50')
    """
    small = name.lower().replace("×", "x")
    return re.sub(r"[^a-z0-9_]", "", re.sub(r"(?<![0-9])[^a-z0-9]+|[^a-z0-9]+(?![0-9])", "", re.sub(r"[^a-z0-9]+", "_", small)))


SHORT = {"tiny": "t", "small": "s", "medium": "m", "base": "b", "large": "l", "xlarge": "xl"}


ENDINGS = (  # of names, and how papers write them, too
    (r"^(resnet[0-9]+)_cifar$", r"\1"),
    (r"^(hrnet_w[0-9]+)$", r"\1_c"),  # the authors' classifiers
    (r"_resnet([0-9]+)$", r"_r\1"),  # DeepLabV3-R50
    (r"_x([0-9]_[0-9])$", r"_\1x"),  # ShuffleNetV2 1.0x
    (r"^(ghostnet)_([0-9])([0-9])[0-9]$", r"\1_\2_\3x"),
    *((f"_{long}$", f"_{short}") for long, short in SHORT.items()),
)


@cache
def _named() -> dict[str, str]:
    """Return the network of each name, written as `plain` writes it: ConvNeXt-T and ResNet-56 (for CIFAR), too."""
    other = {plain(re.sub(end, way, name)): name for end, way in ENDINGS for name in MODULE_OF if re.search(end, name)}
    return other | {plain(name): name for name in MODULE_OF} | ALSO


def search(pattern: str | None) -> list[Model]:
    """Return the models whose name, module, family or source holds a pattern, or matches one with * and ?; all for none."""
    if pattern is None:
        return [find(name) for name in MODULE_OF]
    small = pattern.lower()
    by_name = [name for name in MODULE_OF if small in name or fnmatchcase(name, small) or plain(pattern) == plain(name)]
    if any(character in small for character in "*?["):
        return [find(name) for name in by_name]
    chosen = set(by_name)
    all_models = [find(name) for name in MODULE_OF]
    texts = {m.name: (MODULE_OF[m.name], m.family.lower(), m.source.lower()) for m in all_models}
    return [m for m in all_models if m.name in chosen or any(small in text for text in texts[m.name])]


def models(module: str) -> dict[str, Model]:
    """Return the models of one family module, by name."""
    loaded = import_module(f"cnncost.models.zoo.{module}")
    own = [value for value in vars(loaded).values() if getattr(value, "__module__", None) == loaded.__name__]
    return {model.name: model for value in own for model in getattr(value, "variants", ())}
