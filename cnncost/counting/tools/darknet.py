"""Darknet's BFLOPS, as it prints them for each layer and in total, in FLOPs. They are not twice the multiply-adds."""

from cnncost.counting.convention import WINDOWS, Convention, called, each, macs, reads, taps, writes

CONVENTIONS = (
    Convention(
        "darknet",
        "1 multiply-add of a convolution = 2; pooling 1 per tap, shortcuts 1 per element added; connected and local layers 0",
        "AlexeyAB/darknet at 59596d7, src/*_layer.c (bflops)",
        ran="darknet at 59596d7, built for a CPU, on 21 of its configurations, 2026-11-26",
        flops={
            "conv": 2 * macs,
            **called({"conv": 2 * macs // 32}, "xnor"),
            **each(WINDOWS, taps),
            "add": reads - writes,
            "weighted_sum": 2 * (reads - writes),
        },
    ),
)
