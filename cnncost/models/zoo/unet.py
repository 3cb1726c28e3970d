"""U-Net: a path that halves the map, one that doubles it again, and every map of the first beside its equal of the second."""

from __future__ import annotations

from typing import Literal

from cnncost.base.poly import Num, agree_rounded, same
from cnncost.graph.graph import Tensor, need
from cnncost.models.model import family, variant

PAPER = "U-Net: Convolutional Networks for Biomedical Image Segmentation, arXiv:1505.04597, figure 1"
PADDED = "milesial/Pytorch-UNet, unet_model.py, for segmentation"

Up = Literal["transposed", "bilinear"]


def _double(x: Tensor, inner: Num, out: Num, *, padded: bool, batch_norm: bool, name: str) -> Tensor:
    """Return the map after two 3×3 convolutions to `inner` and `out` channels, each with ReLU."""
    for index, width in enumerate((inner, out)):
        at = f"{name}.double_conv"
        x = x.conv(width, 3, 1, 1 if padded else 0, bias=not batch_norm, name=f"{at}.{3 * index}")
        x = x.batch_norm(name=f"{at}.{3 * index + 1}") if batch_norm else x
        x = x.relu(name=f"{at}.{3 * index + 2}")
    return x


def _sized(x: Tensor, other: Tensor, *, padded: bool, name: str) -> tuple[Tensor, Tensor]:
    """Return a map and a larger one in one size: the first gets zeros around it (`padded`), or the second's middle is taken.

    Sizes in letters that differ by rounding alone are taken to be equal.
    """
    gaps = [large - small for small, large in zip(x.shape[1:], other.shape[1:], strict=True)]
    fits = [agree_rounded(*sizes) or same(*sizes) for sizes in zip(x.shape[1:], other.shape[1:], strict=True)]
    around = [(0, 0) if fit else (gap // 2, gap - gap // 2) for gap, fit in zip(gaps, fits, strict=True)]
    if padded:
        return x if all(fits) else x.pad((*around[0], *around[1]), name=f"{name}.pad"), other
    for axis, (before, _) in enumerate(around, start=1):
        if not fits[axis - 1]:
            other = other.slice(before, before + x.shape[axis], axis=axis, name=f"{name}.crop")
    return x, other


@family(
    "U-Net",
    source=PAPER,
    unet=variant(input=(3, 512, 512), source=f"{PADDED}; after arXiv:1505.04597"),
    unet_original=variant(input=(1, 572, 572), padded=False, batch_norm=False),
)
def unet(
    x: Tensor,
    *,
    width: Num = 64,
    depth: int = 4,
    padded: bool = True,
    batch_norm: bool = True,
    up: Up = "transposed",
    classes: Num = 2,
) -> Tensor:
    """Two 3×3 convolutions at each size; `depth` times the map is halved and the width doubled, and then the reverse.

    padded: whether 3×3 convolutions keep the size; without, as in the paper, the scores are smaller than the input
    up: how a map is doubled: by a transposed 2×2 convolution, or bilinearly, and then with half as many channels
    depth: how often the map is halved
    width: channels at the size of the input; each half of the size has twice as many
    """
    need(depth >= 1, f"depth={depth} halves nothing", "give 1 or more")
    style = {"padded": padded, "batch_norm": batch_norm}
    maps = [_double(x, width, width, **style, name="inc")]
    for level in range(1, depth + 1):
        out = width * 2**level // (2 if up == "bilinear" and level == depth else 1)
        y = maps[-1].max_pool(2, name=f"down{level}.pool")
        maps.append(_double(y, out, out, **style, name=f"down{level}"))
    y = maps.pop()
    for step, skip in enumerate(reversed(maps), start=1):
        name, channels = f"up{step}", width * 2 ** (depth - step)
        if up == "bilinear":
            y = y.upsample(2, mode="bilinear", name=f"{name}.up")
            inner, out = channels, channels // (1 if step == depth else 2)
        else:
            y = y.conv_transpose(channels, 2, 2, name=f"{name}.up")
            inner = out = channels
        y, skip = _sized(y, skip, padded=padded, name=name)
        y = _double(skip.concat(y, name=f"{name}.concat"), inner, out, **style, name=f"{name}.conv")
    return y.conv(classes, 1, name="outc.conv")
