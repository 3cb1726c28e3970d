"""thop (pytorch-OpCounter): hooks on modules; what is called as a function costs nothing."""

from cnncost.counting.convention import (
    MEANS,
    Ci,
    Convention,
    Slip,
    adaptive,
    bias,
    called,
    each,
    groups,
    kh,
    kw,
    macs,
    reads,
    states,
    writes,
)

FLOPS = {
    "conv": macs,
    "conv_transpose": writes * (Ci // groups) * kh * kw,
    "linear": macs,
    "batch_norm": 2 * reads + 2 * bias,
    "layer_norm": 2 * reads + 2 * bias,
    "instance_norm": 2 * reads + 2 * bias,
    "prelu": reads,
    "softmax": 3 * reads - reads // Ci,
    "avg_pool": writes,
    **each(MEANS, adaptive),
    "lstm": macs + bias + 8 * states,
    "gru": macs + bias + 7 * states,
    "rnn": macs + bias + states,
    "upsample.nearest": writes,
    "upsample.linear": 5 * writes,
    "upsample.bilinear": 11 * writes,
    "upsample.bicubic": 259 * writes,
}

CONVENTIONS = (
    Convention(
        "thop",
        "1 multiply-add = 1; batch norm 4 per element, average pooling; biases, activations, max pooling and adds are free",
        "thop 0.1.1, thop/vision/basic_hooks.py and calc_func.py",
        flops={**FLOPS, **called(each(FLOPS, 0)), "mean.global_avg_pool": 0, "MHA.linear": 0},
        slips=(
            Slip(("conv_transpose",), "thop counts a transposed convolution per output position, about stride² too many"),
            Slip(("matmul", "einsum"), "thop sees no matrix products, which are no modules, and counts 0"),
            Slip(("group_norm",), "thop does not know GroupNorm and counts 0"),
            Slip(("attention",), "thop does not know attention and counts 0, for the projections of nn.MultiheadAttention too"),
        ),
    ),
)
