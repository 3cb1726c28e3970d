"""Keras: parameters with the moving statistics of batch norm, and TensorFlow's profiler as keras-flops runs it."""

from cnncost.counting.convention import (
    MAXIMA,
    MEANS,
    WINDOWS,
    Ci,
    Convention,
    Slip,
    bias,
    buffers,
    each,
    kh,
    kw,
    macs,
    params,
    reads,
    writes,
)

CONVENTIONS = (
    Convention(
        "keras",
        "1 multiply-add = 2 FLOPs; biases, batch norm 2 per element and 6 per channel; parameters include moving statistics",
        "TensorFlow's profiler as keras-flops runs it, on the unfused graph; Keras for the parameters",
        flops={
            **each(("conv", "linear"), 2 * macs + bias),
            "matmul": 2 * macs,
            "batch_norm": 2 * reads + 6 * Ci,
            **each(WINDOWS, kh * kw * writes),
            **each((*MEANS, *MAXIMA), reads),
            "softmax": 5 * reads,
            "sigmoid": reads,
            **each(("add", "mul"), writes),
        },
        params={"batch_norm": params + buffers},
        slips=(Slip(("conv_transpose",), "TensorFlow's profiler has no rule for transposed convolutions and counts 0"),),
    ),
)
