"""FractalNet: depth by self-similarity, without residuals."""

from __future__ import annotations

from typing import Any

from cnncost.algebra import Num
from cnncost.graph import Tensor, block, need
from cnncost.models import family, variant

PAPER = "FractalNet, arXiv:1605.07648"
HALVED: dict[str, Any] = {
    "widths": (32, 64, 128, 256, 256),
    "source": f"{PAPER}, 40 layers; the widths are our assumption: half of those of 20 layers",
}
THIN: dict[str, Any] = {"widths": (16, 32, 64, 128, 128), "classes": 100, "source": f"{PAPER}, table 3"}


@block
def conv(x: Tensor, width: Num, dropout: float) -> Tensor:
    """3×3 convolution, dropout, batch normalisation and ReLU."""
    y = x.conv(width, 3, 1, 1, bias=False, name="conv")
    if dropout:
        y = y.dropout(dropout, name="dropout")
    return y.batch_norm(name="norm").relu(name="relu")


def join(branches: list[Tensor], drop_path: float) -> Tensor:
    """Return the mean of the branches, which costs what their sum does, each dropped with probability `drop_path`."""
    if len(branches) == 1:
        return branches[0]
    if drop_path:
        branches = [branch.stochastic_depth(drop_path, name="drop_path") for branch in branches]
    return branches[0].add(*branches[1:], name="join")


def fractal(x: Tensor, width: Num, column: int, columns: int, dropout: float, drop_path: float) -> list[Tensor]:
    """Return what the columns from `column` on make of x: one convolution, next to twice the fractal without that column.

    A list, as joins that follow each other are one join.

    Source: arXiv:1605.07648, equations 1 and 2, figure 1.
    """
    shallow = conv(x, width, dropout, name=f"column{column}")
    if column == columns:
        return [shallow]
    middle = join(fractal(x, width, column + 1, columns, dropout, drop_path), drop_path)
    return [shallow, *fractal(middle, width, column + 1, columns, dropout, drop_path)]


@family(
    "FractalNet",
    source=f"{PAPER}, section 4.1",
    input=(3, 32, 32),
    fractalnet20=variant(),
    fractalnet40=variant(columns=4, **HALVED),
    fractalnet5_thin=variant(columns=1, **THIN),
    fractalnet10_thin=variant(columns=2, **THIN),
    fractalnet20_thin=variant(columns=3, **THIN),
    fractalnet40_thin=variant(columns=4, **THIN),
    fractalnet80_thin=variant(columns=5, **THIN),
    fractalnet160_thin=variant(columns=6, **THIN),
)
def fractalnet(
    x: Tensor,
    *,
    widths: tuple[int, ...] = (64, 128, 256, 512, 512),
    columns: int = 3,
    classes: Num = 10,
    dropout: tuple[float, ...] = (0.0, 0.1, 0.2, 0.3, 0.4),
    drop_path: float = 0.15,
) -> Tensor:
    """Blocks of fractals with `columns` columns, 2^(columns − 1) convolutions deep, each followed by 2×2 max-pooling.

    `drop_path` is the probability with which a join drops an input (local drop-path; one input always survives).
    """
    need(columns > 0, f"columns={columns} leaves no convolution", "give 1 or more")
    need(len(dropout) == len(widths), f"{len(dropout)} dropout rates for {len(widths)} blocks", "give one for each")
    y = x
    for index, (width, rate) in enumerate(zip(widths, dropout, strict=True), start=1):
        with y.scope(f"block{index}"):
            y = join(fractal(y, width, 1, columns, rate, drop_path), drop_path)
        y = y.max_pool(2, name=f"pool{index}")
    return y.flatten(name="flatten").linear(classes, name="prediction")
