"""FractalNet: depth by self-similarity, without residuals."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, block, need
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import exact

PAPER = "FractalNet, arXiv:1605.07648"
HALVED: dict[str, Any] = {
    "widths": (32, 64, 128, 256, 256),
    "source": f"{PAPER}, table 1; its widths are assumed: half of those of 20 layers",
}
THIN: dict[str, Any] = {"widths": (16, 32, 64, 128, 128), "classes": 100, "source": f"{PAPER}, table 3"}
MOST_COLUMNS = 16  # whose deepest path has 2^15 convolutions in a block


@block
def conv(x: Tensor, width: Num, dropout: float) -> Tensor:
    """3×3 convolution, dropout, batch normalisation and ReLU."""
    y = x.conv(width, 3, 1, 1, bias=False, name="conv")
    if dropout:
        y = y.dropout(dropout, name="dropout")
    return y.batch_norm(name="norm").relu(name="relu")


def kept(drop: Fraction, paths: int, inputs: int) -> Fraction:
    """Return the probability that a join of `inputs` keeps at least one of some `paths` among them.

    Each is dropped with probability `drop`; should that leave none, one is kept after all, each as likely.

    Source: arXiv:1605.07648, section 3.1; the authors' fractal_join_layer.cpp, github.com/gustavla/fractalnet.
    """
    return 1 - drop**paths + drop**inputs * Fraction(paths, inputs)


def join(branches: list[Tensor], drop: Fraction) -> Tensor:
    """Return the mean of the branches, which costs what their sum does, each dropped with probability `drop`."""
    if len(branches) == 1:
        return branches[0]
    if drop:
        branches = [branch.stochastic_depth(float(drop), name="drop_path") for branch in branches]
    return branches[0].add(*branches[1:], name="join")


def fractal(x: Tensor, width: Num, columns: int, *, dropout: float, drop: Fraction) -> Tensor:
    """Return the fractal of so many columns, 1 to 2^(columns − 1) convolutions deep.

    A convolution runs where the join that reads it keeps it, and is asked itself: joins keep at least one input, so the one
    between the two halves of a fractal is asked where the join at the end keeps any path of the second half.

    Source: arXiv:1605.07648, equations 1 and 2, figure 1.
    """

    def expanded(x: Tensor, column: int, inputs: int) -> list[Tensor]:
        """Return what the columns from `column` on make of x for a join of `inputs`: joins in a row are one."""
        deeper = columns - column
        with x.runs(kept(drop, 1, inputs)):
            shallow = conv(x, width, dropout, name=f"column{column}")
        if not deeper:
            return [shallow]
        with x.runs(kept(drop, deeper, inputs)):
            middle = join(expanded(x, column + 1, deeper), drop)
        return [shallow, *expanded(middle, column + 1, inputs)]

    return join(expanded(x, 1, columns), drop)


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
    widths: tuple[Num, ...] = (64, 128, 256, 512, 512),
    columns: int = 3,
    classes: Num = 10,
    dropout: tuple[float, ...] = (0.0, 0.1, 0.2, 0.3, 0.4),
    drop_path: float = 0.0,
) -> Tensor:
    """Blocks of fractals with `columns` columns, 2^(columns − 1) convolutions deep, each followed by 2×2 max pooling.

    With `drop_path` joins drop inputs while training, each with that probability but never all (local drop-path): what no
    join asks for need not run. The paper trains with 0.15.
    """
    need(0 < columns <= MOST_COLUMNS, f"columns={columns} is not from 1 to {MOST_COLUMNS}", "try 3, which is 20 layers deep")
    need(len(dropout) == len(widths), f"{len(dropout)} dropout rates for {len(widths)} blocks", "give one for each")
    need(0 <= drop_path <= 1, f"drop_path={drop_path} is no probability", "give a number from 0 to 1")
    y = x
    for index, (width, rate) in enumerate(zip(widths, dropout, strict=True), start=1):
        with y.scope(f"block{index}"):
            y = fractal(y, width, columns, dropout=rate, drop=Fraction(exact(drop_path)))
        y = y.max_pool(2, name=f"pool{index}")
    return y.flatten(name="flatten").linear(classes, name="prediction")
