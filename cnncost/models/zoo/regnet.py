"""RegNet: widths that grow linearly, in few steps."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from math import log

from cnncost.base.poly import Num, same
from cnncost.graph.graph import Tensor, block, need
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import conv_norm, divisible, squeeze_excite

PAPER = "Designing Network Design Spaces, arXiv:2003.13678"
STEEPEST = 1e9  # powers of it are still floating-point numbers


@block
def residual(x: Tensor, width: Num, stride: int, *, group_width: int, hidden: int) -> Tensor:
    """1×1, grouped 3×3, squeeze-and-excitation with `hidden` channels unless 0, 1×1, and a shortcut; all of one width.

    Source: arXiv:2003.13678, figure 4; squeeze-and-excitation (Y): section 4.
    """
    shortcut = x if stride == 1 and same(x.channels, width) else conv_norm(x, "proj.0", "proj.1", width, 1, stride)
    y = conv_norm(x, "f.a.0", "f.a.1", width, 1).relu(name="f.a.2")
    y = conv_norm(y, "f.b.0", "f.b.1", width, 3, stride, width // group_width).relu(name="f.b.2")
    if hidden:
        y = squeeze_excite(y, hidden, name="f.se")
    y = conv_norm(y, "f.c.0", "f.c.1", width, 1)
    return y.add(shortcut, name="add").relu(name="activation")


def quantised(depth: int, w0: int, wa: float, wm: float) -> Iterator[int]:
    """Yield the width of each block: w0 + wa·j, rounded to the nearest w0·wmˢ with a whole s, and this to a multiple of 8.

    Source: arXiv:2003.13678, equations 2 to 4.
    """
    for j in range(depth):
        step = round(log(1 + wa * j / w0) / log(wm))
        yield 8 * round(w0 * wm**step / 8)


@family(
    "RegNet",
    source=f"{PAPER}, section 3.3; parameters as in torchvision",
    regnet_x_400mf=variant(depth=22, w0=24, wa=24.48, wm=2.54, group_width=16),
    regnet_x_800mf=variant(depth=16, w0=56, wa=35.73, wm=2.28, group_width=16),
    regnet_x_1_6gf=variant(depth=18, w0=80, wa=34.01, wm=2.25, group_width=24),
    regnet_x_3_2gf=variant(depth=25, w0=88, wa=26.31, wm=2.25, group_width=48),
    regnet_x_8gf=variant(depth=23, w0=80, wa=49.56, wm=2.88, group_width=120),
    regnet_x_16gf=variant(depth=22, w0=216, wa=55.59, wm=2.1, group_width=128),
    regnet_x_32gf=variant(depth=23, w0=320, wa=69.86, wm=2.0, group_width=168),
    regnet_y_400mf=variant(depth=16, w0=48, wa=27.89, wm=2.09, group_width=8, se_ratio=0.25),
    regnet_y_800mf=variant(depth=14, w0=56, wa=38.84, wm=2.4, group_width=16, se_ratio=0.25),
    regnet_y_1_6gf=variant(depth=27, w0=48, wa=20.71, wm=2.65, group_width=24, se_ratio=0.25),
    regnet_y_3_2gf=variant(depth=21, w0=80, wa=42.63, wm=2.66, group_width=24, se_ratio=0.25),
    regnet_y_8gf=variant(depth=17, w0=192, wa=76.82, wm=2.19, group_width=56, se_ratio=0.25),
    regnet_y_16gf=variant(depth=18, w0=200, wa=106.23, wm=2.48, group_width=112, se_ratio=0.25),
    regnet_y_32gf=variant(depth=20, w0=232, wa=115.89, wm=2.53, group_width=232, se_ratio=0.25),
    regnet_y_128gf=variant(depth=27, w0=456, wa=160.83, wm=2.52, group_width=264, se_ratio=0.25),
)
def regnet(
    x: Tensor,
    *,
    depth: int = 22,
    w0: int = 24,
    wa: float = 24.48,
    wm: float = 2.54,
    group_width: int = 16,
    se_ratio: float = 0.0,
    stem: int = 32,
    classes: Num = 1000,
) -> Tensor:
    """A 3×3 stem and stages of residual blocks, each halving the map, with the widths of a quantised line.

    `w0` is the line's start, `wa` its slope and `wm` the factor between widths. Blocks of one width make a stage, whose width
    becomes a multiple of `group_width`. `se_ratio` is relative to a block's input.

    depth: blocks in all; the widths say which stage each belongs to
    stem: channels of the first convolution
    """
    need(depth > 0 and stem > 0 and group_width > 0, f"depth={depth}, stem={stem} and group_width={group_width} are from 1")
    need(w0 > 0 and w0 % 8 == 0, f"w0={w0} is no multiple of 8", "as in equation 2 of the paper")
    need(
        0 <= wa < STEEPEST and 1 < wm < STEEPEST,
        f"wa={wa} and wm={wm} give no growing widths",
        "wa is from 0 and wm above 1, and neither is huge",
    )
    need(0 <= se_ratio <= 1, f"se_ratio={se_ratio} is no ratio", "give a number from 0 to 1; 0 leaves it out")
    y = conv_norm(x, "stem.0", "stem.1", stem, 3, 2).relu(name="stem.2")
    before = stem
    for stage, (line, blocks) in enumerate(groupby(quantised(depth, w0, wa, wm)), start=1):
        group = min(group_width, line)
        width = divisible(line, group)
        for index, _ in enumerate(blocks):
            name = f"trunk_output.block{stage}.block{stage}-{index}"
            hidden = round(se_ratio * before)
            y = residual(y, width, 1 if index else 2, group_width=group, hidden=hidden, name=name)
            before = width
    return y.global_avg_pool(name="avgpool").linear(classes, name="fc")
