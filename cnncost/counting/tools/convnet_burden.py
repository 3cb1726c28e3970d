"""convnet-burden: Caffe networks as MatConvNet runs them, batch norm folded into convolutions."""

from cnncost.counting.convention import (
    MAXIMA,
    MEANS,
    WINDOWS,
    Ci,
    Convention,
    Ho,
    Slip,
    Wo,
    bias,
    buffers,
    each,
    kh,
    kw,
    macs,
    params,
    reads,
    sh,
    sw,
    writes,
)

CONVENTIONS = (
    Convention(
        "convnet_burden",
        "1 multiply-add = 1; biases, ReLU 2 per element, pooling windows as large as their stride, adds; batch norm is folded",
        "albanie/convnet-burden at 9c7f31b",
        ran="not run, as it needs MATLAB: held to its rules and to the sizes that it publishes",
        flops={
            **each(("conv", "linear"), macs + bias),
            "conv_transpose": reads * kh * kw * Ci + bias,
            **each(("relu", "leaky_relu"), 2 * writes),
            **each(WINDOWS, 2 * writes * sh * sw),
            **each((*MEANS, *MAXIMA), reads),
            "lrn": writes + (2 + 2 * Ci) * Ho * Wo,
            "upsample.bilinear": 4 * writes,
            **each(("add", "mul", "scale"), writes),
        },
        memory=each(("conv", "conv_transpose", "linear", "batch_norm", *WINDOWS, *MEANS, *MAXIMA, "add", "concat"), writes),
        params={"batch_norm": params + buffers},
        slips=(
            Slip(
                WINDOWS,
                "convnet-burden counts a pooling window as large as its stride, not as its kernel",
                where=kh * kw - sh * sw,
            ),
            Slip(("conv_transpose",), "convnet-burden multiplies by the wrong side of a transposed convolution's filters"),
        ),
    ),
)
