"""The lecture's count, which is the default, and plain multiply-adds."""

from cnncost.counting.convention import POOLS, WEIGHTS, Convention, each, macs, taps

CONVENTIONS = (
    Convention(
        "lecture",
        "1 multiply-add = 1 FLOP; pooling counts its taps; biases, norms and activations are free",
        "EECS 498-007 lecture 8 and CS231n 2017 lecture 9; rules R1–R18 of the counting rules",
        flops={**each(WEIGHTS, macs), **each(POOLS, taps)},
    ),
    Convention(
        "macs",
        "1 multiply-add = 1 FLOP; only convolutions, linear layers and matrix products count",
        "torchvision 0.28 weights' recorded GFLOPS (_ops), which are multiply-adds",
        flops=each(WEIGHTS, macs),
    ),
)
