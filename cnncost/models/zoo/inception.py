"""BN-Inception, Inception-v3, Inception-v4 and Inception-ResNet-v2."""

from __future__ import annotations

from typing import Literal, TypeAlias

from cnncost.base.poly import Num
from cnncost.graph.graph import Outputs, Tensor, block
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import conv_norm_relu, exactly, reduced, separable_conv, squeeze_excite

Widths: TypeAlias = tuple[Num, ...]  # filters of the convolutions of a branch, one after the other
Kernels: TypeAlias = tuple[int | tuple[int, int], ...]
Pool = Literal["avg", "max"]
Grid = Literal["a", "b", "c"]  # of 35×35, 17×17 and 8×8 positions at 299×299

BATCH_NORM = "Batch Normalization, arXiv:1502.03167"
RETHINKING = "Rethinking the Inception Architecture, arXiv:1512.00567"
SQUEEZE = "Squeeze-and-Excitation Networks, arXiv:1709.01507"
V4 = "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning, arXiv:1602.07261"

ROW, COLUMN = (1, 7), (7, 1)


# ── what modules are made of ─────────────────────────────────────────────────────────────────────────────────────────


def chain(
    x: Tensor,
    name: str,
    widths: Widths,
    kernels: Kernels,
    stride: int = 1,
    *,
    valid: bool = False,
    shared: bool = False,
) -> Tensor:
    """Return a branch: convolutions with normalisation and ReLU; `stride` and `valid` are those of the last one."""
    for index, (width, kernel) in enumerate(zip(widths, kernels, strict=True), 1):
        unit = name if len(widths) == 1 else f"{name}_{index}"
        last = index == len(widths)
        x = conv_norm_relu(x, unit, width, kernel, stride if last else 1, valid=valid and last, shared=shared)
    return x


def halved(x: Tensor, name: str, widths: Widths, kernels: Kernels) -> Tensor:
    """Return a branch whose last convolution halves the map."""
    return chain(x, name, widths, kernels, 2, valid=True)


def projected(x: Tensor, out: Num) -> Tensor:
    """Return the branch of average pooling and a 1×1 convolution."""
    return conv_norm_relu(x.avg_pool(3, 1, 1, name="avg_pool"), "branch_pool", out, 1)


def fork(x: Tensor, name: str, out: Num) -> tuple[Tensor, Tensor]:
    """Return a 1×3 and a 3×1 convolution side by side."""
    return conv_norm_relu(x, f"{name}a", out, (1, 3)), conv_norm_relu(x, f"{name}b", out, (3, 1))


@block
def inception_a(x: Tensor, one: Num, two: Widths, three: Widths, pool: Num, *, kernel: int = 3) -> Tensor:
    """Module of the 35×35 grid: 1×1; 1×1, `kernel`×`kernel`; 1×1, 3×3, 3×3; average pooling, 1×1.

    Source: arXiv:1602.07261, figure 4; with a 5×5: torchvision's InceptionA.
    """
    return chain(x, "branch1x1", (one,), (1,)).concat(
        chain(x, f"branch{kernel}x{kernel}", two, (1, kernel)),
        chain(x, "branch3x3dbl", three, (1, 3, 3)),
        projected(x, pool),
        name="concat",
    )


@block
def reduction_a(x: Tensor, one: Num, three: Widths) -> Tensor:
    """Module from 35×35 to 17×17: 3×3; 1×1, 3×3, 3×3; max pooling.

    Source: arXiv:1602.07261, figure 7; its table 1 has the widths, n and (k, l, m).
    """
    return halved(x, "branch3x3", (one,), (3,)).concat(
        halved(x, "branch3x3dbl", three, (1, 3, 3)), x.max_pool(3, 2, name="max_pool"), name="concat"
    )


@block
def inception_b(x: Tensor, one: Num, three: Widths, five: Widths, pool: Num) -> Tensor:
    """Module of the 17×17 grid: 1×1; 1×1, 1×7, 7×1; 1×1 and twice 7×1, 1×7; average pooling, 1×1.

    Source: arXiv:1602.07261, figure 5; torchvision's InceptionC.
    """
    return chain(x, "branch1x1", (one,), (1,)).concat(
        chain(x, "branch7x7", three, (1, ROW, COLUMN)),
        chain(x, "branch7x7dbl", five, (1, COLUMN, ROW, COLUMN, ROW)),
        projected(x, pool),
        name="concat",
    )


@block
def reduction_b(x: Tensor, two: Widths, four: Widths) -> Tensor:
    """Module from 17×17 to 8×8: 1×1, 3×3; 1×1, 1×7, 7×1, 3×3; max pooling.

    Source: arXiv:1602.07261, figure 8; torchvision's InceptionD.
    """
    return halved(x, "branch3x3", two, (1, 3)).concat(
        halved(x, "branch7x7x3", four, (1, ROW, COLUMN, 3)), x.max_pool(3, 2, name="max_pool"), name="concat"
    )


@block
def inception_c(x: Tensor, one: Num, single: Num, double: Widths, kernels: Kernels, forked: Num, pool: Num) -> Tensor:
    """Module of the 8×8 grid: 1×1; 1×1 and `double` of the given `kernels`, which both fork; average pooling, 1×1.

    Source: arXiv:1602.07261, figure 6; torchvision's InceptionE.
    """
    return chain(x, "branch1x1", (one,), (1,)).concat(
        *fork(conv_norm_relu(x, "branch3x3_1", single, 1), "branch3x3_2", forked),
        *fork(chain(x, "branch3x3dbl", double, kernels), f"branch3x3dbl_{len(double) + 1}", forked),
        projected(x, pool),
        name="concat",
    )


BRANCHES: dict[Grid, dict[str, tuple[Widths, Kernels]]] = {  # of the residual module of each grid
    "a": {"branch1x1": ((32,), (1,)), "branch3x3": ((32, 32), (1, 3)), "branch3x3dbl": ((32, 48, 64), (1, 3, 3))},
    "b": {"branch1x1": ((192,), (1,)), "branch7x7": ((128, 160, 192), (1, ROW, COLUMN))},
    "c": {"branch1x1": ((192,), (1,)), "branch3x3": ((192, 224, 256), (1, (1, 3), (3, 1)))},
}


def residual_branches(x: Tensor, grid: Grid, *, shared: bool = False) -> Tensor:
    """Return the branches of the residual module of a grid; with `shared` their weights are those of the ones before.

    Source: arXiv:1602.07261, figures 16, 17 and 19.
    """
    branches = [chain(x, name, *units, shared=shared) for name, units in BRANCHES[grid].items()]
    return branches[0].concat(*branches[1:], name="concat")


@block
def residual_reduction_b(x: Tensor, first: Widths, second: Widths, third: Widths) -> Tensor:
    """Module from 17×17 to 8×8 of the residual networks: twice 1×1, 3×3; 1×1, 3×3, 3×3; max pooling.

    Source: arXiv:1602.07261, figure 18.
    """
    return halved(x, "branch3x3", first, (1, 3)).concat(
        halved(x, "branch3x3b", second, (1, 3)),
        halved(x, "branch3x3dbl", third, (1, 3, 3)),
        x.max_pool(3, 2, name="max_pool"),
        name="concat",
    )


def first_convolutions(x: Tensor) -> Tensor:
    """Return what every stem begins with: three 3×3 convolutions, the first at stride 2."""
    y = conv_norm_relu(x, "Conv2d_1a_3x3", 32, 3, 2, valid=True)
    y = conv_norm_relu(y, "Conv2d_2a_3x3", 32, 3, valid=True)
    return conv_norm_relu(y, "Conv2d_2b_3x3", 64, 3)


def plain_stem(x: Tensor) -> Tensor:
    """Return the 192 channels that the stem of Inception-v3 makes. Source: torchvision's inception_v3."""
    y = first_convolutions(x).max_pool(3, 2, name="maxpool1")
    y = conv_norm_relu(y, "Conv2d_3b_1x1", 80, 1)
    y = conv_norm_relu(y, "Conv2d_4a_3x3", 192, 3, valid=True)
    return y.max_pool(3, 2, name="maxpool2")


@block
def stem(x: Tensor) -> Tensor:
    """Stem with branches, from 299×299 to 384×35×35.

    Source: arXiv:1602.07261, figure 3; the names are those of TF-Slim's inception_v4.
    """
    y = pool_beside_conv(first_convolutions(x), 96, name="Mixed_3a")
    with y.scope("Mixed_4a"):
        y = chain(y, "branch3x3", (64, 96), (1, 3), valid=True).concat(
            chain(y, "branch7x7", (64, 64, 64, 96), (1, ROW, COLUMN, 3), valid=True), name="concat"
        )
    return pool_beside_conv(y, 192, name="Mixed_5a")


@block
def pool_beside_conv(x: Tensor, out: Num) -> Tensor:
    """Max pooling and a 3×3 convolution side by side, which both halve the map."""
    return x.max_pool(3, 2, name="max_pool").concat(halved(x, "branch3x3", (out,), (3,)), name="concat")


# ── BN-Inception ─────────────────────────────────────────────────────────────────────────────────────────────────────

MODULES: dict[str, tuple[int, tuple[int, int], tuple[int, int], Pool, int]] = {
    # 1×1, (reduce, 3×3), (reduce, double 3×3), pooling and the projection after it; 0: none, the map is halved
    "inception_3a": (64, (64, 64), (64, 96), "avg", 32),
    "inception_3b": (64, (64, 96), (64, 96), "avg", 64),
    "inception_3c": (0, (128, 160), (64, 96), "max", 0),
    "inception_4a": (224, (64, 96), (96, 128), "avg", 128),
    "inception_4b": (192, (96, 128), (96, 128), "avg", 128),
    "inception_4c": (160, (128, 160), (128, 160), "avg", 96),
    "inception_4d": (96, (128, 192), (160, 192), "avg", 96),
    "inception_4e": (0, (128, 192), (192, 256), "max", 0),
    "inception_5a": (352, (192, 320), (160, 224), "avg", 128),
    "inception_5b": (352, (192, 320), (192, 224), "max", 128),
}


@block
def double_inception(x: Tensor, one: Num, three: Widths, double: Widths, pool: Pool, projection: Num, *, stride: int) -> Tensor:
    """GoogLeNet's module with two 3×3 in place of the 5×5; at stride 2 without the 1×1 branch and the projection.

    Source: arXiv:1502.03167, figure 5.
    """
    branches = [conv_norm_relu(x, "1x1", one, 1)] if stride == 1 else []
    y = conv_norm_relu(x, "3x3_reduce", three[0], 1)
    branches.append(conv_norm_relu(y, "3x3", three[1], 3, stride))
    y = conv_norm_relu(x, "double3x3_reduce", double[0], 1)
    y = conv_norm_relu(y, "double3x3a", double[1], 3)
    branches.append(conv_norm_relu(y, "double3x3b", double[1], 3, stride))
    y = x.avg_pool(3, stride, "same", name="pool") if pool == "avg" else x.max_pool(3, stride, "same", name="pool")
    branches.append(conv_norm_relu(y, "pool_proj", projection, 1) if stride == 1 else y)
    return branches[0].concat(*branches[1:], name="concat")


@family(
    "BN-Inception",
    source=f"{BATCH_NORM}, figure 5",
    bn_inception=variant(),
    se_bn_inception=variant(
        projection_4cd=128,
        reduction=16,
        source=f"{SQUEEZE}; the authors' definition, github.com/hujie-frank/SENet",
    ),
)
def bn_inception(
    x: Tensor,
    *,
    separable_stem: bool = False,
    projection_4cd: Num = 96,
    reduction: Num | None = None,
    classes: Num = 1000,
) -> Tensor:
    """Ten modules with double 3×3 convolutions, of which 3c and 4e halve the map.

    With `separable_stem` the first convolution is separable, with 8 filters per colour, as in the paper. `projection_4cd`
    are the channels of 4c and 4d after their pooling: 128 in the widely used Caffe definition. With `reduction` the
    output of each module is recalibrated by squeeze-and-excitation.
    """
    if separable_stem:
        y = separable_conv(x, 64, 7, 2, multiplier=8, name="conv1").batch_norm(name="conv1.bn").relu(name="conv1.relu")
    else:
        y = conv_norm_relu(x, "conv1", 64, 7, 2)
    y = y.max_pool(3, 2, "same", name="pool1")
    y = conv_norm_relu(y, "conv2.3x3_reduce", 64, 1)
    y = conv_norm_relu(y, "conv2.3x3", 192, 3)
    y = y.max_pool(3, 2, "same", name="pool2")
    for name, (one, three, double, pool, projection) in MODULES.items():
        projected_to = projection_4cd if name in ("inception_4c", "inception_4d") else projection
        y = double_inception(y, one, three, double, pool, projected_to, stride=1 if one else 2, name=name)
        if reduction is not None:
            y = squeeze_excite(y, reduced(y.channels, reduction), name=f"{name}.se")
    return y.global_avg_pool(name="avgpool").linear(classes, name="linear")


# ── Inception-v3 ─────────────────────────────────────────────────────────────────────────────────────────────────────


@block
def auxiliary(x: Tensor, classes: Num, *, runs: bool) -> Tensor:
    """Auxiliary classifier with batch normalisation. One that never `runs` fits a map of any size.

    Source: arXiv:1512.00567, section 4; torchvision's InceptionAux.
    """
    if runs:
        pooled = x.avg_pool(5, 3, name="avg_pool")
    else:
        pooled = x.constant(5 * 5, x.channels, name="nothing").untokens(5, 5, name="map")
    y = conv_norm_relu(pooled, "conv0", 128, 1)
    y = conv_norm_relu(y, "conv1", 768, 5, valid=True)
    return y.global_avg_pool(name="avgpool").linear(classes, name="fc")


@family(
    "Inception-v3",
    source=f"{RETHINKING}, table 1; details of torchvision's inception_v3",
    spelling={"*relu": "F", "Mixed_*.???_pool": "F", "AuxLogits.avg*pool": "F"},
    input=(3, 299, 299),
    inception_v3=variant(aux=True, aux_runs=False),
    inception_v3_aux=variant(aux=True),
    inception_v3_no_aux=variant(),
)
def inception_v3(x: Tensor, *, aux: bool = False, aux_runs: bool = True, dropout: float = 0.5, classes: Num = 1000) -> Outputs:
    """Three modules on each of the 35×35 and 8×8 grids and five on the 17×17 one, reductions included.

    With `aux` there is an auxiliary classifier. It is a second output, as in training; or with `aux_runs` false its
    parameters are there but it does not run, as in torchvision's network at inference.
    """
    y = plain_stem(x)
    for letter, pool in zip("bcd", (32, 64, 64), strict=True):
        y = inception_a(y, 64, (48, 64), (64, 96, 96), pool, kernel=5, name=f"Mixed_5{letter}")
    y = reduction_a(y, 384, (64, 96, 96), name="Mixed_6a")
    for letter, width in zip("bcde", (128, 160, 160, 192), strict=True):
        y = inception_b(y, 192, (width, width, 192), (width,) * 4 + (192,), 192, name=f"Mixed_6{letter}")
    side: tuple[Tensor, ...] = ()
    if aux:
        with y.runs(1 if aux_runs else 0):
            side = (auxiliary(y, classes, runs=aux_runs, name="AuxLogits"),)
    y = reduction_b(y, (192, 320), (192, 192, 192, 192), name="Mixed_7a")
    for letter in "bc":
        y = inception_c(y, 320, 384, (448, 384), (1, 3), 384, 192, name=f"Mixed_7{letter}")
    y = y.global_avg_pool(name="avgpool").dropout(dropout, name="dropout").linear(classes, name="fc")
    return (y, *side) if side and aux_runs else y


# ── Inception-v4 and Inception-ResNet-v2 ─────────────────────────────────────────────────────────────────────────────


@family("Inception-v4", source=f"{V4}, figure 9", input=(3, 299, 299), inception_v4=variant())
def inception_v4(x: Tensor, *, depths: tuple[int, ...] = (4, 7, 3), dropout: float = 0.2, classes: Num = 1000) -> Tensor:
    """A stem with branches, and uniform modules on three grids: 4 × A, 7 × B and 3 × C."""
    a, b, c = exactly(3, depths, "depths")
    y = stem(x)
    for index in range(a):
        y = inception_a(y, 96, (64, 96), (64, 96, 96), 96, name=f"inception_a.{index + 1}")
    y = reduction_a(y, 384, (192, 224, 256))
    for index in range(b):
        y = inception_b(y, 384, (192, 224, 256), (192, 192, 224, 224, 256), 128, name=f"inception_b.{index + 1}")
    y = reduction_b(y, (192, 192), (256, 256, 320, 320))
    for index in range(c):
        y = inception_c(y, 256, 384, (384, 448, 512), (1, (3, 1), (1, 3)), 256, 256, name=f"inception_c.{index + 1}")
    return y.global_avg_pool(name="avgpool").dropout(dropout, name="dropout").linear(classes, name="linear")


@block
def inception_resnet(x: Tensor, grid: Grid, *, relu: bool = True) -> Tensor:
    """Residual module: branches, a linear 1×1 convolution back to the channels of the input, and the sum."""
    y = x.add(residual_branches(x, grid).conv(x.channels, 1, name="up"), name="add")
    return y.relu(name="relu") if relu else y


@family(
    "Inception-ResNet",
    source=f"{V4}, figures 15 to 19; widths and depths of the released definition, TF-Slim's inception_resnet_v2",
    input=(3, 299, 299),
    inception_resnet_v2=variant(),
)
def inception_resnet_v2(
    x: Tensor, *, depths: tuple[int, ...] = (10, 20, 10), dropout: float = 0.2, classes: Num = 1000
) -> Tensor:
    """Residual Inception modules on three grids, 10 × A, 20 × B and 10 × C, after the stem of Inception-v3."""
    a, b, c = exactly(3, depths, "depths")
    with x.scope("stem"):
        y = plain_stem(x)
        y = inception_a(y, 96, (48, 64), (64, 96, 96), 64, kernel=5, name="Mixed_5b")
    for index in range(a):
        y = inception_resnet(y, "a", name=f"inception_resnet_a.{index + 1}")
    y = reduction_a(y, 384, (256, 256, 384))
    for index in range(b):
        y = inception_resnet(y, "b", name=f"inception_resnet_b.{index + 1}")
    y = residual_reduction_b(y, (256, 384), (256, 288), (256, 288, 320), name="reduction_b")
    for index in range(c):
        y = inception_resnet(y, "c", relu=index + 1 < c, name=f"inception_resnet_c.{index + 1}")
    y = conv_norm_relu(y, "Conv2d_7b_1x1", 1536, 1)
    return y.global_avg_pool(name="avgpool").dropout(dropout, name="dropout").linear(classes, name="linear")
