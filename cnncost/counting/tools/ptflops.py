"""ptflops: hooks on modules and, by default, patches on functions that count again what some modules call inside."""

from cnncost.counting.convention import (
    CONVS,
    MAXIMA,
    MEANS,
    ON_TORCHVISION,
    RECURRENT,
    WINDOWS,
    WRITTEN,
    Ci,
    Convention,
    Hi,
    Slip,
    Wi,
    bias,
    called,
    each,
    macs,
    reads,
    scores,
    states,
    taps,
    window,
    writes,
)

SOURCE = "ptflops 0.7.5, ptflops/pytorch_ops.py"
POOLS = (*WINDOWS, *MEANS, *MAXIMA)
NORMS = ("batch_norm", "group_norm", "instance_norm", "layer_norm")
HOOKED = {  # counted where a module of that type is called
    **each(CONVS, macs + bias),
    "batch_norm": reads + bias,
    "group_norm": reads + bias,
    "instance_norm": reads + bias,
    "layer_norm": reads,  # it looks for the attribute `affine`, which a LayerNorm does not have
    **each(("relu", "relu6", "leaky_relu", "prelu", "elu", "gelu"), writes),
    **each(POOLS, reads),
    "upsample": writes,
    "lstm": macs + bias + 10 * states,
    "gru": macs + bias + 7 * states,
    "rnn": macs + bias + states,
    "deform_conv": macs + 6 * (taps // Ci) + bias,  # 24 for each tap and output position
}
HEADS = macs + scores + writes  # nn.MultiheadAttention's hook: products, softmax, scaled queries
DERIVED = each(("derived.layer_norm", "derived.batch_norm", "derived.conv", "derived.linear"), 0)  # hooks want the very class
ATTENTION = {"SDPA.attention": HEADS, "F.linear": 0, **DERIVED}
PATCHED = {  # counted where torch.nn.functional's is called, by the module's own forward too
    **each(("relu", "prelu", "elu", "gelu", "silu"), writes),
    "softmax": reads,
    **each(POOLS, reads),
    "upsample": writes,
    "lrn": 3 * reads + reads + (window - 1) * Hi * Wi,  # three products and sums, and an average pool of padded channels
}
FUNCTIONS = {"matmul": macs, "add": writes, "mul": writes}  # torch.matmul and the like; operators (@, +, *) are not patched
TWICE = ("relu", "prelu", "elu", "gelu", *POOLS, "upsample")

CONVENTIONS = (
    Convention(
        "ptflops",
        "1 multiply-add = 1; biases, batch norm 2 per element, ReLU and pooling modules 2 per element, a batch as one example",
        f"{SOURCE}: the default back end",
        ran=f"ptflops 0.7.5 {ON_TORCHVISION}",
        flops={
            **{kind: HOOKED.get(kind, 0) + PATCHED.get(kind, 0) for kind in (*HOOKED, *PATCHED)},
            **called({**each(set(HOOKED) - {*CONVS, *NORMS, *RECURRENT, "deform_conv"}, 0), **PATCHED, **FUNCTIONS}),
            **each(("mean.global_avg_pool", "mean.adaptive_avg_pool"), 0),
            "MHA.attention": HEADS + macs + scores,
            **ATTENTION,
            "written.attention": macs + scores,
            "operators.attention": macs // 2 + scores,  # the first product is an operator, the second is not
            "einsums.attention": scores,
        },
        per_example=True,
        slips=(
            Slip(
                ("MHA.attention",),
                "ptflops counts the products of nn.MultiheadAttention twice: by a hook, and where they are called",
            ),
            Slip(TWICE, "ptflops counts ReLU, pooling and resizing modules twice: by a hook, and by the function they call"),
        ),
    ),
    Convention(
        "ptflops_modules",
        "as ptflops without patched functions: modules only, each once",
        f"{SOURCE}: the default back end with functional patching switched off",
        ran=f"ptflops 0.7.5 {ON_TORCHVISION}",
        flops={
            **HOOKED,
            **called(each((*HOOKED, *PATCHED), 0)),
            **each(("mean.global_avg_pool", "mean.adaptive_avg_pool"), 0),
            "MHA.attention": HEADS,
            **ATTENTION,
        },
        per_example=True,
    ),
    Convention(
        "ptflops_aten",
        "1 multiply-add = 1; convolutions, linear layers and matrix products, with their biases",
        "ptflops 0.7.5, ptflops/aten_ops.py: the aten back end",
        ran=f"ptflops 0.7.5 {ON_TORCHVISION}",
        flops={**each((*CONVS, "gru", "rnn"), macs + bias), **each(("matmul", "einsum", "MHA.attention", *WRITTEN), macs)},
        per_example=True,
    ),
)
