"""HRNet: maps of several resolutions side by side, which exchange what they have found."""

from __future__ import annotations

from cnncost.base.poly import Num, same
from cnncost.graph.graph import Tensor, need
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import basic, bottleneck, conv_norm, exactly

PAPER = "Deep High-Resolution Representation Learning for Visual Recognition, arXiv:1908.07919"
SMALL = "HRNet/HRNet-Image-Classification, experiments; as in timm"


def _halved(x: Tensor, name: str, out: Num, times: int, *, last_relu: bool) -> Tensor:
    """Return the map after `times` 3×3 convolutions of stride 2, the last of which has `out` channels."""
    for index in range(times):
        last = index == times - 1
        x = conv_norm(x, f"{name}.{index}.0", f"{name}.{index}.1", out if last else x.channels, 3, 2)
        x = x.relu(name=f"{name}.{index}.2") if last_relu or not last else x
    return x


def _exchange(maps: list[Tensor], name: str) -> list[Tensor]:
    """Return each map as the sum of all, brought to its size: up by a 1×1 convolution and repeating, down by 3×3 ones.

    Source: arXiv:1908.07919, figure 3.
    """
    fused = []
    for target, own in enumerate(maps):
        total: Tensor | None = None
        for source, other in enumerate(maps):
            path = f"{name}.{target}.{source}"
            if source > target:
                other = conv_norm(other, f"{path}.0", f"{path}.1", own.channels, 1)
                other = other.upsample(2 ** (source - target), name=f"{path}.2")
            elif source < target:
                other = _halved(other, path, own.channels, target - source, last_relu=False)
            total = other if total is None else total.add(other, name=f"{name}.{target}.add")
        assert total is not None
        fused.append(total.relu(name=f"{name}.{target}.act"))
    return fused


def _head(maps: list[Tensor], classes: Num) -> Tensor:
    """Return the scores: bottlenecks widen each map, and from the largest on each is halved and added to the next."""
    y: Tensor | None = None
    for index, each in enumerate(maps):
        name = f"head.{index}"
        wide = bottleneck(each, 32 * 2**index, name=f"{name}.incre")
        if y is not None:
            y = conv_norm(y, f"{name}.downsamp.0", f"{name}.downsamp.1", wide.channels, 3, 2, bias=True)
            wide = wide.add(y.relu(name=f"{name}.downsamp.2"), name=f"{name}.add")
        y = wide
    assert y is not None
    y = conv_norm(y, "head.final.0", "head.final.1", 2048, 1, bias=True).relu(name="head.final.2")
    return y.global_avg_pool(name="global_pool").linear(classes, name="classifier")


@family(
    "HRNet",
    in_place=("add",),
    source=f"{PAPER}, section 3 and appendix A; as in timm",
    hrnet_w18_small=variant(width=16, depth=2, stem_depth=1, stem_width=32, modules=(1, 1, 1), source=SMALL),
    hrnet_w18_small_v2=variant(depth=2, stem_depth=2, modules=(1, 3, 2), source=SMALL),
    hrnet_w18=variant(),
    hrnet_w30=variant(width=30),
    hrnet_w32=variant(width=32),
    hrnet_w40=variant(width=40),
    hrnet_w44=variant(width=44),
    hrnet_w48=variant(width=48),
    hrnet_w64=variant(width=64),
)
def hrnet(
    x: Tensor,
    *,
    width: Num = 18,
    depth: int = 4,
    modules: tuple[int, ...] = (1, 4, 3),
    stem_width: Num = 64,
    stem_depth: int = 4,
    classes: Num = 1000,
) -> Tensor:
    """Two 3×3 convolutions, bottlenecks, then stages of 2, 3 and 4 maps that are width·2^i wide, and a classifier.

    A stage repeats `modules`: `depth` basic blocks on each map, after which the maps are exchanged.

    width: channels of the largest map; each map of half its size has twice as many
    depth: basic blocks on each map, in each module
    modules: how often the maps are exchanged, in the stages of 2, 3 and 4 maps
    stem_width: channels inside the bottlenecks of the first stage
    stem_depth: bottlenecks of the first stage
    """
    modules = exactly(3, modules, "modules")
    need(depth >= 1 and stem_depth >= 1 and min(modules) >= 1, "a stage is empty", "give 1 or more")
    y = conv_norm(x, "conv1", "bn1", 64, 3, 2).relu(name="act1")
    y = conv_norm(y, "conv2", "bn2", 64, 3, 2).relu(name="act2")
    for index in range(stem_depth):
        y = bottleneck(y, stem_width, name=f"layer1.{index}")
    maps = [y]
    for stage, repeats in enumerate(modules, start=2):
        before, path = maps, f"transition{stage - 1}"
        maps = []
        for index in range(stage):
            wanted = width * 2**index
            if index >= len(before):
                steps = index + 1 - len(before)
                maps.append(_halved(before[-1], f"{path}.{index}", wanted, steps, last_relu=True))
            elif same(before[index].channels, wanted):
                maps.append(before[index])
            else:
                names = (f"{path}.{index}.0", f"{path}.{index}.1")
                maps.append(conv_norm(before[index], *names, wanted, 3).relu(name=f"{path}.{index}.2"))
        for module in range(repeats):
            name = f"stage{stage}.{module}"
            for index in range(stage):
                for place in range(depth):
                    maps[index] = basic(maps[index], width * 2**index, name=f"{name}.branches.{index}.{place}")
            maps = _exchange(maps, f"{name}.fuse_layers")
    return _head(maps, classes)
