"""PyTorch's own counter, FlopCounterMode, which also counts the backward pass."""

from cnncost.counting.convention import CONVS, ON_TORCHVISION, WRITTEN, Convention, Slip, each, groups, macs

CONVENTIONS = (
    Convention(
        "torch",
        "1 multiply-add = 2 FLOPs; only convolutions, linear layers and matrix products count",
        "torch 2.13.0, torch/utils/flop_counter.py",
        ran=f"torch 2.13.0+cpu {ON_TORCHVISION}",
        flops={**each((*CONVS, "matmul", "einsum", "gru", "rnn"), 2 * macs), "MHA.linear": 0, **each(WRITTEN, 2 * macs)},
        weight_gradient=each(("conv", "conv_transpose"), 2 * macs * groups),
        slips=(
            Slip(
                ("attention",),
                "torch's counter sees no scaled dot-product attention on a CPU, nor nn.MultiheadAttention's fast path",
            ),
            Slip(("lstm",), "torch's counter sees no LSTM on a CPU, which is one operator there"),
            Slip(
                ("conv", "conv_transpose"),
                "torch's counter multiplies the weight gradient of a grouped convolution by its groups",
                where=groups - 1,
                figure="weight_gradient",
            ),
        ),
    ),
)
