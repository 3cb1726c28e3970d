"""thop (pytorch-OpCounter), now and before, and the fork that Ultralytics keeps: hooks on modules; functions cost nothing."""

from cnncost.base.poly import Num
from cnncost.counting.convention import (
    CONVS,
    FORMS,
    MEANS,
    NORMS,
    ON_TORCHVISION,
    Ci,
    Co,
    Convention,
    Hi,
    Ho,
    Slip,
    Wi,
    Wo,
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
WHOLE = ((Hi // Ho) * (Wi // Wo) + 1) * writes  # windows of whole numbers
BEFORE: dict[str, Num] = {  # what was charged by all of the earlier rule sets
    "conv": macs + bias,
    "conv_transpose": SPREAD + bias,
    "leaky_relu": reads,
    "avg_pool": writes,
    **each(MEANS, WHOLE),
    **{kind: price for kind, price in FLOPS.items() if kind.startswith("upsample.") and kind != "upsample.nearest"},
}
SINGLE = Slip(("conv",), "thop of that time adds up in single precision: its totals are off by a few in a million")
EARLIER = {  # what was charged, by when, and what was wrong
    "thop_2019": (
        "biases 1 per output, batch norm 4 per element, linear layers 2 per multiply-add, a pool's width and 1 per output",
        "until January 2020",
        "thop 0.0.31-1912272122",
        {
            **BEFORE,
            "batch_norm": 4 * reads,
            "linear": 2 * macs - (writes - bias),
            "Linear.conv": 2 * macs - (writes - bias),
            "avg_pool": (kw + 1) * writes,
        },
        (SINGLE,),
    ),
    "thop_2020": (
        "biases 1 per output, batch norm 2 per element, linear layers 2 per multiply-add",
        "January to April 2020",
        "thop 0.0.31-2001170342",
        {
            **BEFORE,
            "batch_norm": 2 * reads,
            "linear": 2 * macs - (writes - bias),
            "Linear.conv": 2 * macs - (writes - bias),
        },
        (SINGLE,),
    ),
    "thop_2021": (
        "biases 1 per output, batch norm 2 per element",
        "April 2020 to June 2022",
        "thop 0.0.5-2110061705",
        {
            **BEFORE,
            "batch_norm": 2 * reads,
            "linear": macs,
            "Linear.conv": macs,
            "lstm": FLOPS["lstm"],
            "gru": FLOPS["gru"],
            "rnn": FLOPS["rnn"],
        },
        (),
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
    **{kind: FLOPS[kind] for kind in ("lstm", "gru", "rnn")},
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
        **called(each((kind for kind in flops if kind.partition(".")[0] not in FORMS), 0)),
        **each(("mean.global_avg_pool", "mean.adaptive_avg_pool"), 0),
        **each(("MHA.linear", "SDPA.linear", "derived.layer_norm", "derived.batch_norm", "derived.conv", "derived.linear"), 0),
    }


CONVENTIONS = (
    Convention(
        "thop",
        "1 multiply-add = 1; batch norm 4 per element, average pooling; biases, activations, max pooling and adds are free",
        "thop 0.1.1, thop/vision/basic_hooks.py and calc_func.py",
        ran=f"thop 0.1.1-2209072238 {ON_TORCHVISION}",
        flops=_modules(FLOPS),
        slips=SLIPS,
    ),
    *(
        Convention(
            name,
            f"as thop was {when}: {words}",
            f"{release}, thop/vision/basic_hooks.py",
            ran=f"{release} {ON_TORCHVISION}",
            flops=_modules(flops),
            slips=(*SLIPS, *more),
        )
        for name, (words, when, release, flops, more) in EARLIER.items()
    ),
    Convention(
        "ultralytics_thop",
        "as thop with group norm, pooling its true windows, attention and matrix products; resizing to the nearest is free",
        "ultralytics-thop 2.2.3, thop/profile.py and vision/basic_hooks.py",
        ran=f"ultralytics-thop 2.2.3 {ON_TORCHVISION}",
        flops={
            **_modules(FORK),
            **each(("MHA.linear", "SDPA.linear", "F.linear", "matmul", "einsum", "attention"), macs),
            **each(("MHA.attention", "SDPA.attention"), macs + 3 * scores - scores // (writes // Co)),
            "derived.layer_norm": 2 * reads + 2 * bias,
            "derived.batch_norm": 2 * reads + 2 * bias,
            **each(("derived.conv", "derived.linear"), macs),
        },
    ),
)
