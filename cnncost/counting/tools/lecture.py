"""The lecture's count, which is the default, and plain multiply-adds."""

from cnncost.counting.convention import POOLS, WEIGHTS, Convention, each, macs, taps

CONVENTIONS = (
    Convention(
        "lecture",
        "1 multiply-add = 1 FLOP; pooling counts its taps; biases, norms and activations are free",
        "EECS 498-007 lecture 8 and CS231n 2017 lecture 9; rules R1–R18 of the counting rules",
        ran="not run, as it is no program: held to the tables of the slides, layer by layer",
        flops={**each(WEIGHTS, macs), **each(POOLS, taps)},
    ),
    Convention(
        "macs",
        "1 multiply-add = 1 FLOP; only convolutions, linear layers and matrix products count",
        "torchvision 0.28 weights' recorded GFLOPS (_ops), which are multiply-adds",
        ran="torchvision 0.28.0's record of its 115 weights, 2026-11-26",
        flops=each(WEIGHTS, macs),
    ),
)
