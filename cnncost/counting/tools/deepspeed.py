"""DeepSpeed's profiler: functions and operators are patched, so that modules are counted by what they call."""

from cnncost.counting.convention import (
    CONVS,
    MAXIMA,
    MEANS,
    NORMS,
    ON_TORCHVISION,
    WINDOWS,
    WRITTEN,
    Convention,
    Hi,
    Slip,
    Wi,
    bias,
    called,
    each,
    macs,
    reads,
    scores,
    states,
    window,
    writes,
)

SOURCE = "DeepSpeed 0.19.8, deepspeed/profiling/flops_profiler/profiler.py"

CONVENTIONS = (
    Convention(
        "deepspeed",
        "1 multiply-add = 2 FLOPs; convolution biases, norms, most activations and pooling count; +, * are free, @ is not",
        SOURCE,
        ran=f"deepspeed 0.19.8 {ON_TORCHVISION}",
        flops={
            **each(("conv", "conv_transpose"), 2 * macs + bias),
            **each(("linear", "Linear.conv", "matmul", "attention"), 2 * macs),
            **each(NORMS, 4 * reads + bias),
            "batch_norm": reads + bias,
            "lrn": 4 * reads + (window - 1) * Hi * Wi,
            **each(("relu", "leaky_relu", "prelu", "elu", "gelu", "silu"), writes),
            "softmax": reads,
            **each((*WINDOWS, *MEANS, *MAXIMA), reads),
            **each(("mean.global_avg_pool", "mean.adaptive_avg_pool"), 0),
            "upsample": writes,
            "lstm": 2 * macs + bias + 2 * states,
            "gru": 2 * macs + bias + states,
            "rnn": 2 * macs + bias - states,
            **each(("MHA.attention", *WRITTEN), 2 * macs + scores),
            **called({"relu6": writes, "add": writes, "mul": writes}),
        },
        slips=(Slip(("relu6",), "DeepSpeed counts 0 for nn.ReLU6, which goes through hardtanh"),),
        beside=("deepspeed_macs",),
    ),
    Convention(
        "deepspeed_macs",
        "1 multiply-add = 1; convolutions, linear layers and matrix products only",
        SOURCE,
        ran=f"deepspeed 0.19.8 {ON_TORCHVISION}",
        flops={**each((*CONVS, "matmul", "attention"), macs), "einsums.attention": 0},
        beside=("deepspeed",),
    ),
)
