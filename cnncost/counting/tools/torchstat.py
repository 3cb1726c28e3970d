"""torchstat's two counts, of modules called with a map of an image or with features."""

from cnncost.counting.convention import (
    WINDOWS,
    Co,
    Convention,
    Slip,
    bias,
    called,
    each,
    kh,
    kw,
    macs,
    planar,
    reads,
    writes,
)

SOURCE = "torchstat 0.0.7"
RAN = "torchstat 0.0.7 on the CNNs of torchvision 0.28.0 at all their sizes, 2026-11-26"
RELUS = ("relu", "relu6", "leaky_relu", "prelu", "elu")
MODULES = ("conv", "linear", "batch_norm", *RELUS, *WINDOWS, "softmax", "upsample")
FREE = {**called(each(set(MODULES) - {"conv", "linear"}, 0)), **each(("MHA.linear", "SDPA.linear", "F.linear"), 0)}
AGAIN = Slip(
    RELUS,
    "torchstat counts a module that is called several times once, as torchvision's ReLU in each block of a ResNet; here each"
    " call counts",
)
PLANAR = Slip(("conv", "conv_transpose"), "torchstat counts 0 for convolutions of other than two axes", where=1 - planar)
TRANSPOSED = Slip(("conv_transpose",), "torchstat does not know transposed convolutions in its column Flops, and counts 0")
RESIZED = Slip(("upsample",), "torchstat counts the output of a resizing as if it had one channel")
ADAPTIVE = Slip(("adaptive_avg_pool", "global_avg_pool"), "torchstat does not know adaptive pooling and counts 0")

CONVENTIONS = (
    Convention(
        "torchstat",
        "1 multiply-add = 1; convolution biases, batch norm 2 per element, ReLU and pooling modules 1 per element",
        f"{SOURCE}, torchstat/compute_flops.py, its column Flops",
        ran=RAN,
        flops={
            "conv": (macs + bias) * planar,
            "linear": macs,
            "batch_norm": reads + bias,
            **each((*RELUS, *WINDOWS), reads),
            "upsample": writes // Co,
            **FREE,
        },
        slips=(ADAPTIVE, AGAIN, PLANAR, TRANSPOSED, RESIZED),
        beside=("torchstat_madd",),
    ),
    Convention(
        "torchstat_madd",
        "a product and a sum count each, one sum fewer per output; batch norm 4 per element, ReLU 1, pooling its windows",
        f"{SOURCE}, torchstat/compute_madd.py, its column MAdd",
        ran=RAN,
        flops={
            "conv": (2 * macs - writes + bias) * planar,
            "conv_transpose": (2 * macs - reads + reads * (bias // writes)) * planar,
            "linear": 2 * macs - writes,
            "batch_norm": 4 * reads,
            **each(("relu", "relu6"), reads),
            "max_pool": (kh * kw - 1) * writes,
            "avg_pool": kh * kw * writes,
            "softmax": 3 * reads - 1,
            **FREE,
        },
        slips=(ADAPTIVE, AGAIN, PLANAR),
        beside=("torchstat",),
    ),
)
