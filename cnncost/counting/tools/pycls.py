"""pycls, whose networks state their own complexity beside their layers."""

from cnncost.counting.convention import CONVS, WINDOWS, Convention, bias, each, macs, writes

CONVENTIONS = (
    Convention(
        "pycls",
        "1 multiply-add = 1; convolutions and linear layers with their biases, nothing else",
        "facebookresearch/pycls at 5719de6",
        ran="pycls at 5719de6 on the 36 configurations of its baselines, 2026-11-26",
        flops=each(CONVS, macs + bias),
        memory=each((*CONVS, *WINDOWS), writes),
    ),
)
