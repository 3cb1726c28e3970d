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
    learned,
    macs,
    params,
    reads,
    sh,
    sw,
    writes,
)

CONVENTIONS = (
    Convention(
        "keras",
        "1 multiply-add = 2 FLOPs; biases, batch norm 2 per element and 6 per channel; parameters include moving statistics",
        "TensorFlow 2.16.2's profiler with keras-flops 0.1.2 and Keras 3.15, on the unfused graph, layer by layer",
        ran="TensorFlow 2.16.2's profiler with keras-flops 0.1.2 and Keras 3.15.1 on seven networks and 20 layers, 2026-11-26",
        flops={
            **each(("conv", "linear"), 2 * macs + bias),
            "matmul": 2 * macs,
            "conv_transpose": 2 * kh * kw * Ci * writes // (sh * sw) + bias,
            "batch_norm": 2 * reads + 6 * Ci,
            "layer_norm": 9 * reads,
            "group_norm": 6 * reads,
            **each(WINDOWS, kh * kw * writes),
            **each(MEANS, reads),
            **each(MAXIMA, reads - writes),
            "softmax": 5 * reads,
            **each(("silu", "hardsigmoid"), 2 * reads),
            "hardswish": 3 * reads,
            "prelu": 3 * reads + learned,
            "gelu": 4 * reads,
            "mish": reads,
            **each(("add", "mul"), writes),
        },
        params={"batch_norm": params + buffers},
        slips=(
            Slip(
                ("layer_norm", "group_norm"),
                "what Keras makes of a layer or group norm depends on its version: 9 and 6 per element are about right",
            ),
        ),
    ),
)
