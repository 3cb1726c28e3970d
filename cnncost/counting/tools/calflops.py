"""calflops: FLOPs and MACs by patched functions. What is written as an operator (+, *, @) costs nothing."""

from cnncost.counting.convention import (
    MAXIMA,
    MEANS,
    ON_TORCHVISION,
    WINDOWS,
    Ci,
    Co,
    Convention,
    Hi,
    Slip,
    Wi,
    bias,
    called,
    each,
    groups,
    kh,
    kw,
    macs,
    reads,
    scores,
    states,
    untransposed,
    window,
    writes,
)

SOURCE = "calflops 0.3.2, calflops/pytorch_ops.py"
TRANSPOSED = kh * kw * Ci * (Co // groups // groups) * Hi * Wi
SLIP = Slip(
    ("conv_transpose",),
    "calflops divides by the groups of a transposed convolution twice, and sizes its bias as if it were not transposed",
)

CONVENTIONS = (
    Convention(
        "calflops",
        "1 multiply-add = 2 FLOPs; convolution biases, norms, most activations and pooling count; operators such as + are free",
        SOURCE,
        ran=f"calflops 0.3.2 {ON_TORCHVISION}",
        flops={
            "conv": 2 * macs + bias,
            "conv_transpose": 2 * TRANSPOSED + bias // writes * (Co // groups) * untransposed,
            "linear": 2 * macs,
            "batch_norm": reads + bias,
            **each(("layer_norm", "group_norm", "instance_norm"), 4 * reads + bias),
            "lrn": 4 * reads + (window - 1) * Hi * Wi,
            **each(("relu", "leaky_relu", "prelu", "elu", "gelu", "silu"), writes),
            "softmax": reads,
            **each((*WINDOWS, *MEANS, *MAXIMA), reads),
            **each(("mean.global_avg_pool", "mean.adaptive_avg_pool"), 0),
            "upsample": reads,
            "lstm": 2 * macs + bias + 2 * states,
            "gru": 2 * macs + bias + states,
            "rnn": 2 * macs + bias - states,
            "MHA.attention": scores,
            "SDPA.attention": 0,
            "Linear.conv": 2 * macs,
            **each(("written.attention", "einsums.attention"), 2 * macs + scores),
            "operators.attention": macs + scores,
            **called({"matmul": 2 * macs, "add": writes, "mul": writes}),
        },
        slips=(
            SLIP,
            Slip(("relu6",), "calflops counts 0 for ReLU6, which goes through hardtanh"),
            Slip(("einsums.attention",), "calflops reads einsum's count off a text of four digits: up to 0.05 % of these"),
            Slip(("upsample",), "calflops counts, for resizing by a factor, the elements of the input, not of the output"),
        ),
        beside=("calflops_macs",),
    ),
    Convention(
        "calflops_macs",
        "1 multiply-add = 1; convolutions, linear layers and matrix products only",
        SOURCE,
        ran=f"calflops 0.3.2 {ON_TORCHVISION}",
        flops={
            "conv": macs,
            "conv_transpose": TRANSPOSED,
            "linear": macs,
            **each(("F.matmul", "written.attention"), macs),
            "operators.attention": macs // 2,
        },
        slips=(SLIP,),
        beside=("calflops",),
    ),
)
