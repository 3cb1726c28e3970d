"""torchinfo's mult-adds: the parameters of each layer, times the output positions of convolutions."""

from cnncost.counting.convention import (
    NORMS,
    ON_TORCHVISION,
    RECURRENT,
    Ci,
    Co,
    Convention,
    Slip,
    bias,
    each,
    groups,
    kh,
    kw,
    learned,
    macs,
    writes,
)

OWNERS = (
    "conv",
    "conv_transpose",
    "linear",
    *NORMS,
    "prelu",
    *RECURRENT,
    "embedding",
    "deform_conv",
)  # modules with parameters, which alone it lists
UNSEEN = ("MHA.linear", "SDPA.linear", "F.linear")  # which are no modules that are called

CONVENTIONS = (
    Convention(
        "torchinfo",
        "1 multiply-add = 1 with the bias as one more; other layers their parameters, once",
        "torchinfo 1.8.0, torchinfo/layer_info.py",
        ran=f"torchinfo 1.8.0 {ON_TORCHVISION}",
        flops={
            "conv": macs + bias,
            "conv_transpose": writes * (Ci // groups) * kh * kw + bias,
            **each(("linear", *NORMS, "prelu", "embedding"), learned),
            **each((*RECURRENT, "deform_conv"), macs + bias),
            "Linear.conv": learned,
            **each(UNSEEN, 0),
        },
        memory={**each(OWNERS, 2 * writes), **each(NORMS, 2 * bias), **each(UNSEEN, 0)},
        slips=(
            Slip(("conv_transpose",), "torchinfo counts a transposed convolution per output position, about stride² too many"),
            Slip(
                ("linear",), "torchinfo counts a linear layer once, however many tokens it is applied to", where=macs - Ci * Co
            ),
        ),
    ),
)
