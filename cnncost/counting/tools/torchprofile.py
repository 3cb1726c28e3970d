"""torchprofile: multiply-adds off a traced graph."""

from cnncost.counting.convention import (
    MEANS,
    NORMS,
    Ci,
    Convention,
    Slip,
    bias,
    each,
    groups,
    kh,
    kw,
    macs,
    reads,
    writes,
)

CONVENTIONS = (
    Convention(
        "torchprofile",
        "1 multiply-add = 1; norms with a scale and mean pooling 1 per output; biases, ReLU, max pooling and adds are free",
        "torchprofile 0.1.0, torchprofile/handlers.py",
        flops={
            **each(("conv", "linear", "matmul", "einsum", "attention", "lstm"), macs),
            "conv_transpose": writes * (Ci // groups) * kh * kw,
            **each(NORMS, bias),
            "lrn": 3 * reads,
            "leaky_relu": writes,
            **each(("avg_pool", *MEANS), writes),
            "upsample.bilinear": 4 * writes,
            "mul": writes,
            "reduce.mean": writes,
            "MHA.attention": macs + writes + 4,  # with scaled queries, and four products of sizes that its trace shows
        },
        slips=(
            Slip(
                ("conv_transpose",), "torchprofile counts a transposed convolution per output position, about stride² too many"
            ),
        ),
    ),
)
