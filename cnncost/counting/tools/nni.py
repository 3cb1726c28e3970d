"""nni's counter of FLOPs: convolutions and linear layers, or in full mode other modules too."""

from cnncost.counting.convention import (
    CONVS,
    MEANS,
    Ci,
    Co,
    Convention,
    Hi,
    Ho,
    Slip,
    Wi,
    Wo,
    bias,
    called,
    each,
    groups,
    kh,
    kw,
    learned,
    macs,
    reads,
    writes,
)

SOURCE = "nni 3.0, nni/compression/utils/counter.py"
RAN = "nni 3.0 on 16 models of torchvision 0.28.0, 2026-11-26"
SPREAD = writes * (Ci // groups) * kh * kw
SLIPS = (
    Slip(("conv_transpose",), "nni counts a transposed convolution per output position, about stride² too many"),
    Slip(("linear",), "nni counts a linear layer once, however many tokens it is applied to", where=macs - Ci * Co),
)
OTHERS = {"Linear.conv": Ci * Co, **each(("MHA.linear", "SDPA.linear", "F.linear"), 0)}
FULL = {
    "conv": macs + bias,
    "conv_transpose": SPREAD + bias,
    "linear": learned,
    "batch_norm": reads + bias,
    "leaky_relu": writes,
    "avg_pool": writes,
    **each(MEANS, ((Hi // Ho) * (Wi // Wo) + 1) * writes),
    "upsample.bilinear": 11 * writes,
    "upsample.bicubic": 259 * writes,
}

CONVENTIONS = (
    Convention(
        "nni",
        "1 multiply-add = 1; only convolutions and linear layers count, a batch as one example",
        f"{SOURCE}, mode='default'",
        ran=RAN,
        flops={"conv": macs, "conv_transpose": SPREAD, "linear": Ci * Co, **OTHERS},
        per_example=True,
        slips=SLIPS,
    ),
    Convention(
        "nni_full",
        "as nni with biases, batch norm 2 per element and average pooling; modules only",
        f"{SOURCE}, mode='full'",
        ran=RAN,
        flops={
            **FULL,
            **called(each(set(FULL) - set(CONVS), 0)),
            **each(("mean.global_avg_pool", "mean.adaptive_avg_pool"), 0),
            **OTHERS,
            "Linear.conv": learned,
        },
        per_example=True,
        slips=SLIPS,
    ),
)
