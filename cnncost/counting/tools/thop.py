"""thop (pytorch-OpCounter), now and before, and the fork that Ultralytics keeps: hooks on modules; functions cost nothing."""

from cnncost.base.poly import Num
from cnncost.counting.convention import (
    CONVS,
    MEANS,
    NORMS,
    Ci,
    Co,
    Convention,
    Slip,
    adaptive,
    bias,
    called,
    each,
    groups,
    kh,
    kw,
    macs,
    reads,
    scores,
    states,
    taps,
    writes,
)

SPREAD = writes * (Ci // groups) * kh * kw
SOFTMAX = 3 * reads - reads // Ci
FLOPS: dict[str, Num] = {
    "conv": macs,
    "conv_transpose": SPREAD,
    "linear": macs,
    "batch_norm": 2 * reads + 2 * bias,
    "layer_norm": 2 * reads + 2 * bias,
    "instance_norm": 2 * reads + 2 * bias,
    "prelu": reads,
    "softmax": SOFTMAX,
    "avg_pool": writes,
    **each(MEANS, adaptive),
    "lstm": macs + bias + 8 * states,
    "gru": macs + bias + 7 * states,
    "rnn": macs + bias + states,
    "upsample.nearest": writes,
    "upsample.linear": 5 * writes,
    "upsample.bilinear": 11 * writes,
    "upsample.bicubic": 259 * writes,
}
BEFORE: dict[str, Num] = {**FLOPS, "conv": macs + bias, "conv_transpose": SPREAD + bias}
BEFORE = {kind: price for kind, price in BEFORE.items() if kind not in ("layer_norm", "instance_norm")}
EARLIER = {  # what was charged, by when
    "thop_2019": (
        "biases 1 per output, batch norm 4 per element, linear layers 2 per multiply-add",
        "until January 2020",
        {**BEFORE, "linear": 2 * macs, "batch_norm": 4 * reads},
    ),
    "thop_2020": (
        "biases 1 per output, batch norm 2 per element, linear layers 2 per multiply-add",
        "January to April 2020",
        {**BEFORE, "linear": 2 * macs, "batch_norm": 2 * reads},
    ),
    "thop_2021": (
        "biases 1 per output, batch norm 2 per element",
        "April 2020 to June 2022",
        {**BEFORE, "batch_norm": 2 * reads},
    ),
}
FORK: dict[str, Num] = {
    **each(CONVS, macs),
    **each(NORMS, 2 * reads + 2 * bias),
    "prelu": reads,
    "softmax": SOFTMAX,
    **each(("avg_pool", *MEANS), taps + writes),
    "upsample.bilinear": 11 * writes,
    "upsample.bicubic": 259 * writes,
}
PER_POSITION = Slip(("conv_transpose",), "thop counts a transposed convolution per output position, about stride² too many")
PRODUCTS = Slip(("matmul", "einsum"), "thop sees no matrix products, which are no modules, and counts 0")
UNKNOWN = Slip(("group_norm",), "thop does not know GroupNorm and counts 0")
ATTENTION = Slip(("attention",), "thop does not know attention and counts 0, for the projections of nn.MultiheadAttention too")

SLIPS = (PER_POSITION, PRODUCTS, UNKNOWN, ATTENTION)


def _modules(flops: dict[str, Num]) -> dict[str, Num]:
    """What modules are charged, with nothing for the same called as functions, nor inside of nn.MultiheadAttention."""
    return {
        **flops,
        **called(each(flops, 0)),
        "mean.global_avg_pool": 0,
        **each(("MHA.linear", "SDPA.linear", "derived.layer_norm"), 0),
    }


CONVENTIONS = (
    Convention(
        "thop",
        "1 multiply-add = 1; batch norm 4 per element, average pooling; biases, activations, max pooling and adds are free",
        "thop 0.1.1, thop/vision/basic_hooks.py and calc_func.py; run in November 2026",
        flops=_modules(FLOPS),
        slips=SLIPS,
    ),
    *(
        Convention(
            name,
            f"as thop was {when}: {words}",
            f"the history of Lyken17/pytorch-OpCounter, thop/vision/basic_hooks.py, {when}",
            flops=_modules(flops),
            slips=SLIPS,
        )
        for name, (words, when, flops) in EARLIER.items()
    ),
    Convention(
        "ultralytics_thop",
        "as thop with group norm, pooling its true windows, attention with its softmax; resizing to the nearest is free",
        "ultralytics-thop 2.2.3, thop/vision/basic_hooks.py; run in November 2026",
        flops={
            **_modules(FORK),
            **each(("MHA.linear", "SDPA.linear"), macs),
            **each(("MHA.attention", "SDPA.attention"), macs + 3 * scores - scores // (writes // Co)),
            "derived.layer_norm": 2 * reads + 2 * bias,
        },
        slips=(PRODUCTS, Slip(("attention",), "thop does not see attention that is written with functions and counts 0")),
    ),
)
