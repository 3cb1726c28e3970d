"""onnx-tool, which prices every operator, exponentials at 32 multiply-adds."""

from cnncost.counting.convention import (
    MAXIMA,
    MEANS,
    WINDOWS,
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
    window,
    writes,
)

CONVENTIONS = (
    Convention(
        "onnx_tool",
        "1 multiply-add = 1; biases, ReLU and adds 1 per element, batch norm 31, pooling its windows, softmax 36",
        "onnx-tool 1.0.1, on a graph whose batch norms are nodes of their own",
        ran="onnx-tool 1.0.1 on six models of torchvision 0.28.0, exported with their norms, 2026-11-26",
        flops={
            **each(("conv", "linear"), macs + bias),
            **each(("matmul", "attention"), macs),
            "conv_transpose": writes * (Co // groups) * kh * kw + bias,
            "batch_norm": 31 * writes,
            "layer_norm": 7 * reads,
            "relu": writes,
            **each(WINDOWS, kh * kw * writes),
            **each((*MEANS, *MAXIMA), reads + 4 * writes),
            **each(("adaptive_avg_pool", "adaptive_max_pool"), reads + 4 * writes * (Co // writes)),  # 4 where 1×1 comes out
            "softmax": 36 * reads,
            "sigmoid": 32 * reads,
            "lrn": (37 + window) * reads,
            "upsample.bilinear": 4 * writes,
            "upsample.bicubic": 8 * writes,
            **each(("add", "mul"), writes),
        },
        slips=(Slip(("conv_transpose",), "onnx-tool takes the wrong side of a transposed convolution's filters"),),
    ),
)
