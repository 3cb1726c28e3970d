"""Netscope's five counters, for Caffe networks. A batch_norm stands for Caffe's BatchNorm and, if affine, its Scale."""

from collections.abc import Mapping

from cnncost.base.poly import Num
from cnncost.counting.convention import (
    ACTIVATIONS,
    MAXIMA,
    MEANS,
    NORMS,
    WEIGHTS,
    WINDOWS,
    Ci,
    Co,
    Convention,
    Hi,
    Slip,
    Wi,
    bias,
    buffers,
    each,
    kh,
    kw,
    macs,
    params,
    reads,
    taps,
    writes,
)

RELUS = ("relu", "relu6", "leaky_relu", "prelu", "elu")
CLASSES: dict[str, tuple[str, Mapping[str, Num]]] = {
    "macc": (
        "multiply-adds",
        {
            **each(("conv", "linear"), macs),
            "conv_transpose": Ci * Co * kh * kw * Hi * Wi,
            "batch_norm": bias,
            "scale": reads,
            "lrn": taps,
        },
    ),
    "comp": ("comparisons", {**each(RELUS, reads), "max_pool": kh * kw * writes, **each(MAXIMA, reads), "dropout": reads}),
    "add": (
        "additions",
        {
            "batch_norm": reads,
            "lrn": reads,
            "avg_pool": kh * kw * writes,
            **each(MEANS, reads),
            **each(("add", "mul"), writes),
            "softmax": reads,
        },
    ),
    "div": ("divisions", {"batch_norm": reads, "lrn": 2 * reads, "softmax": reads}),
    "exp": ("exponentials", {"lrn": reads, "softmax": reads}),
}
OUTPUTS = each((*WEIGHTS, *WINDOWS, *MEANS, *MAXIMA, *NORMS, *ACTIVATIONS, "lrn", "scale", "dropout", "add", "concat"), writes)
NAMES = {name: "netscope" if name == "macc" else f"netscope_{name}" for name in CLASSES}

CONVENTIONS = tuple(
    Convention(
        NAMES[name],
        f"Netscope's {name}: {words}" + ("; batch norm's Scale is one" if name == "macc" else ""),
        "Netscope CNN Analyzer at 8ae36d8",
        ran="its analyzer at 8ae36d8 on its presets ResNet-50, -152, GoogLeNet, Inception-v4 and SqueezeNet (both), 2026-11-26",
        flops=flops,
        memory={**OUTPUTS, "batch_norm": writes + bias},  # of BatchNorm and of Scale
        params={"batch_norm": buffers, "scale": 0, "prelu": 0, "lrn": 2, "conv_transpose": params - bias // (Hi * Wi)},
        slips=(
            Slip(("lrn",), "Netscope gives a local response normalisation 2 parameters"),
            Slip(("conv_transpose",), "Netscope ignores the groups of a transposed convolution, and its bias"),
        ),
        beside=tuple(other for other in NAMES.values() if other != NAMES[name]),
    )
    for name, (words, flops) in CLASSES.items()
)
