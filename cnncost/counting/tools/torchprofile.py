"""torchprofile: multiply-adds off a traced graph."""

from cnncost.counting.convention import (
    MEANS,
    NORMS,
    ON_TORCHVISION,
    Ci,
    Co,
    Convention,
    Slip,
    bias,
    each,
    groups,
    kh,
    kw,
    macs,
    reads,
    scores,
    window,
    writes,
)

ALIKE = (Ci // Co) * (Co // Ci)  # 1 where as many channels leave it as enter it, else 0

CONVENTIONS = (
    Convention(
        "torchprofile",
        "1 multiply-add = 1; norms with a scale and mean pooling 1 per output; biases, ReLU, max pooling and adds are free",
        "torchprofile 0.1.0, torchprofile/handlers.py",
        ran=f"torchprofile 0.1.0 {ON_TORCHVISION}",
        flops={
            **each(("conv", "linear", "matmul", "einsum", "attention", "lstm"), macs),
            "conv_transpose": writes * (Ci + (Ci // groups - Ci) * ALIKE) * kh * kw,
            **each(NORMS, bias),
            "lrn": 3 * reads,
            "leaky_relu": writes,
            **each(("avg_pool", *MEANS), writes),
            "upsample.bilinear": 4 * writes,
            "mul": writes,
            "reduce.mean": writes,
            "scale": writes,
            "SDPA.attention": macs + 4,
            "written.attention": macs + writes + 2,  # with scaled queries, and products of sizes
            "einsums.attention": macs + writes + 1,
            "class_token": 1,
            "operators.attention": macs + scores + scores * window // (writes // Co) + 3,  # with scaled scores and biases
            "MHA.attention": macs + writes + 4,  # with scaled queries, and four products of sizes that its trace shows
        },
        slips=(
            Slip(
                ("conv_transpose",),
                "torchprofile counts a transposed convolution per output position, about stride² too many, and its groups"
                " only where as many channels leave it as enter it",
            ),
            Slip(
                ("conv",),
                "torchprofile counts 0 for a convolution whose padding is the word 'same'; it is counted here",
                args={"pad": "same"},
            ),
        ),
    ),
)
