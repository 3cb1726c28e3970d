"""fvcore's FlopCountAnalysis, whose "flop" is one multiply-add of a layer with weights. timm's GMACs are the same count."""

from cnncost.counting.convention import (
    MEANS,
    ON_TORCHVISION,
    RECURRENT,
    WRITTEN,
    Convention,
    Slip,
    bias,
    each,
    macs,
    planar,
    reads,
    scores,
    writes,
)

SOURCE = "fvcore 0.1.5, fvcore/nn/jit_handles.py; also timm 1.0.31"
FLOPS = {
    **each(("conv", "conv_transpose", "linear", "matmul", "einsum"), macs),
    "batch_norm": reads + bias,
    **each(("layer_norm", "group_norm", "instance_norm"), 4 * reads + bias),
    **each(MEANS, reads * planar),  # of C×H×W maps; over other axes it does not know them
    "mean.global_avg_pool": 0,
    "mean.adaptive_avg_pool": 0,
    **each(("MHA.attention", *WRITTEN), macs),
    "upsample.nearest": writes * planar,
    "upsample.bilinear": 4 * writes,
}
ACTIVATIONS = {
    **each(("conv", "conv_transpose", "linear", "matmul", "einsum"), writes),
    **each(("MHA.attention", *WRITTEN), scores + writes),  # of both products
}
ATTENTION = Slip(("attention",), "fvcore warns that it does not know scaled dot-product attention, and counts 0")
RECURRENCE = Slip(RECURRENT, "fvcore does not know recurrent layers and counts 0")
SAME = Slip(
    ("conv",), "fvcore counts 0 for a convolution whose padding is the word 'same'; it is counted here", args={"pad": "same"}
)
EINSUM = Slip(("einsums.attention", "einsum"), "fvcore reads einsum's count off a text of four digits: up to 0.05 % of these")

CONVENTIONS = (
    Convention(
        "fvcore",
        "1 multiply-add = 1; batch norm 2 per element, mean pooling its inputs; activations, max pooling and adds are free",
        f"{SOURCE}; a model in eval mode",
        ran=f"fvcore 0.1.5.post20221221 {ON_TORCHVISION}",
        flops=FLOPS,
        memory=ACTIVATIONS,
        slips=(ATTENTION, RECURRENCE, EINSUM, SAME),
    ),
    Convention(
        "fvcore_train",
        "as fvcore on a model left in train mode, as a fresh one is: batch norm 5 per element",
        SOURCE,
        ran="fvcore 0.1.5.post20221221 on ResNet-50, MobileNetV2 and GoogLeNet in train mode, 2026-11-26",
        flops={**FLOPS, "batch_norm": 4 * reads + bias},
        memory=ACTIVATIONS,
        slips=(
            Slip(
                ("batch_norm",),
                "a fresh model is in train mode, where fvcore counts batch norm as 5 per element: call eval() first",
            ),
            ATTENTION,
            EINSUM,
            SAME,
            RECURRENCE,
        ),
    ),
)
