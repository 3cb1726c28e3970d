"""mmcv's get_model_complexity_info, of which the tables of OpenMMLab's older repositories were made: ptflops of 2019."""

from cnncost.counting.convention import (
    MAXIMA,
    MEANS,
    NORMS,
    ON_TORCHVISION,
    WINDOWS,
    Convention,
    bias,
    called,
    each,
    macs,
    reads,
    writes,
)

FLOPS = {
    "conv": macs + bias,
    "conv_transpose": macs + bias,
    "linear": macs,
    **each(NORMS, reads + bias),
    **each(("relu", "relu6", "leaky_relu", "prelu", "elu"), writes),
    **each((*WINDOWS, *MEANS, *MAXIMA), reads),
    "upsample": writes,
}

CONVENTIONS = (
    Convention(
        "mmcv",
        "1 multiply-add = 1; convolution biases, batch norm 2 per element, ReLU and pooling modules 1 per element",
        "mmcv-lite 2.2.0, mmcv/cnn/utils/flops_counter.py",
        ran=f"mmcv-lite 2.2.0 {ON_TORCHVISION}",
        flops={
            **FLOPS,
            "Linear.conv": macs,
            **called(each(set(FLOPS) - {"conv", "conv_transpose", "linear"}, 0)),
            **each(("mean.global_avg_pool", "mean.adaptive_avg_pool"), 0),
            **each(
                (
                    "MHA.linear",
                    "SDPA.linear",
                    "F.linear",
                    "derived.layer_norm",
                    "derived.batch_norm",
                    "derived.conv",
                    "derived.linear",
                ),
                0,
            ),
        },
        per_example=True,
    ),
)
