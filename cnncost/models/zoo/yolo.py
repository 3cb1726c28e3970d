"""YOLO: detectors that say at each position of several maps what is there. YOLOv3 of Darknet, and YOLOv5.

The first output is that of the last head.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import count

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, block, need
from cnncost.models.model import family, variant
from cnncost.models.zoo import darknet
from cnncost.models.zoo.blocks import conv_norm, exact

V3 = "YOLOv3: An Incremental Improvement, arXiv:1804.02767"
FILES = "object detection, pjreddie/darknet cfg"
V5 = "ultralytics/yolov5, object detection, models of v6.0 and later"

BOXES = 3  # at each position
PLACE = 5  # numbers that say where a box is, and whether


def scores(x: Tensor, classes: Num, name: str) -> Tensor:
    """Return what is said at each position: of each of three boxes its place, and a score for each class."""
    return x.conv(BOXES * (PLACE + classes), 1, name=name)


# ── YOLOv3 ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@family(
    "YOLOv3",
    source=f"{V3}, section 2.3; {FILES}/yolov3.cfg",
    input=(3, 416, 416),
    yolov3=variant(),
    yolov3_spp=variant(pyramid=(5, 9, 13), source=f"{V3}; {FILES}/yolov3-spp.cfg"),
)
def yolov3(
    x: Tensor,
    *,
    depths: tuple[int, ...] = (1, 2, 8, 8, 4),
    width: Num = 32,
    pyramid: tuple[int, ...] = (),
    classes: Num = 80,
) -> tuple[Tensor, ...]:
    """Darknet-53 without its classifier, and three heads: on its last map, and on the doubled one beside each earlier map.

    pyramid: kernels of max poolings side by side in the first head, as in yolov3_spp; none: there are none
    width: channels of the first convolution; each stage has twice as many as the one before
    """
    need(len(depths) >= 3, f"{len(depths)} stages leave no three maps", "give 3 or more, as in 1,2,8,8,4")
    with x.scope("backbone"):
        *_, c3, c4, c5 = darknet.features(x, depths, width)
    found = []
    y = c5
    for head, skip in enumerate((None, c4, c3)):
        inner = c5.channels // 2 ** (head + 1)
        with x.scope(f"head{head}"):
            names = map("conv{}".format, count())
            if skip is not None:
                y = darknet.conv(y, inner, 1, name="route").upsample(2, name="up").concat(skip, name="concat")
            for side, out in ((1, inner), (3, 2 * inner), (1, inner)):
                y = darknet.conv(y, out, side, name=next(names))
            if head == 0 and pyramid:
                pools = [y.max_pool(side, 1, side // 2, name=f"pool{side}") for side in pyramid[::-1]]
                y = darknet.conv(pools[0].concat(*pools[1:], y, name="pyramid"), inner, 1, name=next(names))
            y = darknet.conv(y, 2 * inner, 3, name=next(names))
            y = darknet.conv(y, inner, 1, name=next(names))
            found.append(scores(darknet.conv(y, 2 * inner, 3, name="last"), classes, "scores"))
    return found[-1], *found[:-1]


@family("YOLOv3", source=f"{FILES}/yolov3-tiny.cfg", input=(3, 416, 416), yolov3_tiny=variant())
def yolov3_tiny(x: Tensor, *, width: Num = 16, classes: Num = 80) -> tuple[Tensor, Tensor]:
    """Seven 3×3 convolutions with poolings between, and two heads.

    width: channels of the first convolution; each of the next six has twice as many
    """
    maps = [x]
    with x.scope("backbone"):
        for index in range(7):
            y = maps[-1]
            if index == 6:  # keeps the size
                y = y.pad((0, 1, 0, 1), name="pad").max_pool(2, 1, name="pool6")
            elif index:
                y = y.max_pool(2, name=f"pool{index}")
            maps.append(darknet.conv(y, width * 2**index, name=f"conv{index}"))
    with x.scope("head0"):
        y = darknet.conv(maps[-1], width * 16, 1, name="conv0")
        first = scores(darknet.conv(y, width * 32, name="last"), classes, "scores")
    with x.scope("head1"):
        y = darknet.conv(y, width * 8, 1, name="route").upsample(2, name="up").concat(maps[5], name="concat")
        second = scores(darknet.conv(y, width * 16, name="last"), classes, "scores")
    return second, first


# ── YOLOv5 ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@block
def conv5(x: Tensor, out: Num, kernel: int, stride: int = 1) -> Tensor:
    """Convolution, batch normalisation and SiLU."""
    return conv_norm(x, "conv", "bn", out, kernel, stride).silu(name="act")


@block
def c3(x: Tensor, out: Num, number: int, *, residual: bool = True) -> Tensor:
    """Half of the channels pass `number` blocks of a 1×1 and a 3×3 convolution, half only a 1×1; joined by a 1×1.

    Source: ultralytics/yolov5, models/common.py.
    """
    inner = out // 2
    y = conv5(x, inner, 1, name="cv1")
    for index in range(number):
        z = conv5(conv5(y, inner, 1, name=f"m.{index}.cv1"), inner, 3, name=f"m.{index}.cv2")
        y = z.add(y, name=f"m.{index}.add") if residual else z
    return conv5(y.concat(conv5(x, inner, 1, name="cv2"), name="concat"), out, 1, name="cv3")


@block
def sppf(x: Tensor, out: Num) -> Tensor:
    """A 1×1 to half the channels, three 5×5 max poolings one after another, all of them side by side, and a 1×1.

    Source: ultralytics/yolov5, models/common.py.
    """
    maps = [conv5(x, x.channels // 2, 1, name="cv1")]
    for index in range(3):
        maps.append(maps[-1].max_pool(5, 1, 2, name=f"m{index}"))
    return conv5(maps[0].concat(*maps[1:], name="concat"), out, 1, name="cv2")


@family(
    "YOLOv5",
    source=V5,
    input=(3, 640, 640),
    yolov5n=variant(width=0.25, depth=0.33),
    yolov5s=variant(width=0.5, depth=0.33),
    yolov5m=variant(width=0.75, depth=0.67),
    yolov5l=variant(),
    yolov5x=variant(width=1.25, depth=1.33),
)
def yolov5(x: Tensor, *, width: float = 1.0, depth: float = 1.0, classes: Num = 80) -> tuple[Tensor, ...]:
    """A backbone, a path that doubles its maps, one that halves them again, and three heads; layers numbered as in its files.

    depth: multiplier of the blocks in each C3, rounded
    width: multiplier of all channels, rounded up to multiples of 8
    """
    need(depth > 0, f"depth={depth} leaves no blocks", "give a multiplier such as 0.33")
    ratio = exact(width)

    def wide(channels: int) -> Num:
        scaled = channels * ratio
        top, bottom = getattr(scaled, "numerator", scaled), getattr(scaled, "denominator", 1)
        return -(-top // (8 * bottom)) * 8

    def deep(number: int) -> int:
        return max(round(Fraction(number * exact(depth))), 1)

    with x.scope("backbone"):
        y = x.conv(wide(64), 6, 2, 2, bias=False, name="0.conv").batch_norm(name="0.bn").silu(name="0.act")
        kept = []
        for index, (channels, number) in enumerate(((128, 3), (256, 6), (512, 9), (1024, 3))):
            y = conv5(y, wide(channels), 3, 2, name=f"{2 * index + 1}")
            y = c3(y, wide(channels), deep(number), name=f"{2 * index + 2}")
            kept.append(y)
        y = sppf(y, wide(1024), name="9")
    _, p3, p4, _ = kept
    with x.scope("head"):
        y10 = conv5(y, wide(512), 1, name="10")
        y = y10.upsample(2, name="11").concat(p4, name="12")
        y14 = conv5(c3(y, wide(512), deep(3), residual=False, name="13"), wide(256), 1, name="14")
        y = y14.upsample(2, name="15").concat(p3, name="16")
        y17 = c3(y, wide(256), deep(3), residual=False, name="17")
        y = conv5(y17, wide(256), 3, 2, name="18").concat(y14, name="19")
        y20 = c3(y, wide(512), deep(3), residual=False, name="20")
        y = conv5(y20, wide(512), 3, 2, name="21").concat(y10, name="22")
        y23 = c3(y, wide(1024), deep(3), residual=False, name="23")
        *others, last = (scores(each, classes, f"24.m.{index}") for index, each in enumerate((y17, y20, y23)))
    return last, *others
