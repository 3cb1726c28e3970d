"""Operators of ONNX as layers, opsets 8 to 28, with the operators of onnxruntime that its tools write.

Inputs stand by their place, "" for one left out; attributes became inputs over time, so both are looked at. Source of names,
defaults and versions: onnx.ai/onnx/operators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnncost.models.importers import axes as ax
from cnncost.models.importers.call import Call, Translation
from cnncost.models.importers.onnx_attention import attention, few_bits, multi_head, projected, rms_norm, skip_norm
from cnncost.models.importers.onnx_elements import (
    activation,
    alias,
    batch_norm,
    clip,
    constant,
    constant_of_shape,
    dequantize,
    dropout,
    dynamic_quantize,
    eye_like,
    group_norm,
    identity,
    instance_norm,
    joined,
    layer_norm,
    lrn,
    numbers_of,
    prelu,
    shape,
    size_of,
    softmax,
)
from cnncost.models.importers.onnx_folding import ELEMENTS, fold
from cnncost.models.importers.onnx_inputs import given, numbers
from cnncost.models.importers.onnx_products import (
    causal_conv,
    conv_of,
    conv_transpose,
    deform_conv,
    einsum,
    fused_matmul,
    gemm,
    global_pool,
    grid_sample,
    matmul_of,
    pool,
    recurrent,
    resize,
)
from cnncost.models.importers.onnx_shapes import (
    blocked,
    center_crop,
    concat,
    conditional,
    depth_to_space,
    expand,
    flatten,
    gather,
    gather_elements,
    gather_nd,
    one_hot,
    pad,
    reduce,
    refused,
    reshape,
    slice_,
    space_to_depth,
    split,
    squeeze,
    tile,
    top_k,
    transpose,
    unsqueeze,
)
from cnncost.models.importers.values import Value

# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────────

ACTIVATIONS = {
    **{name: name.lower() for name in ("Relu", "Sigmoid", "Tanh", "Elu", "Gelu", "Mish", "HardSwish", "HardSigmoid")},
    "LeakyRelu": "leaky_relu",
    "Selu": "selu",
    "Celu": "celu",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Swish": "silu",
    **{
        name: name.lower()
        for name in ("Erf", "Exp", "Log", "Sqrt", "Abs", "Neg", "Floor", "Ceil", "Round", "Reciprocal", "Sign")
    },
    **{
        name: name.lower()
        for name in (
            "Not",
            "Sin",
            "Cos",
            "Tan",
            "Asin",
            "Acos",
            "Atan",
            "Sinh",
            "Cosh",
            "IsNaN",
            "IsInf",
            "Shrink",
            "Acosh",
            "Asinh",
            "Atanh",
        )
    },
    "CumSum": "cumsum",
    "CumProd": "cumprod",
    "RotaryEmbedding": "rotary",
    "com.microsoft::RotaryEmbedding": "rotary",
    "TensorScatter": "scatter",
    "Scatter": "scatter",
    "Trilu": "trilu",
    "Hardmax": "hardmax",
    "LogSoftmax": "log_softmax",
    "ThresholdedRelu": "threshold",
    "MeanVarianceNormalization": "standardize",
    "LpNormalization": "normalize",
    "ScatterND": "scatter",
    "ReverseSequence": "flip",
    "ScatterElements": "scatter",
    "BitwiseNot": "not",
    "com.microsoft::QuickGelu": "gelu",
    "com.microsoft::FastGelu": "gelu",
    "com.microsoft::Gelu": "gelu",
    "com.microsoft::QLinearSigmoid": "sigmoid",
    "com.microsoft::QLinearLeakyRelu": "leaky_relu",
    "com.microsoft::QLinearSoftmax": "softmax",
    "Bernoulli": "bernoulli",
    "RandomNormalLike": "random",
    "RandomUniformLike": "random",
}
ACTIVATIONS |= {"HardSwish": "hardswish", "HardSigmoid": "hardsigmoid"}
JOINS = {
    "Add": "add",
    "Sum": "add",
    "Sub": "sub",
    "Mul": "mul",
    "Div": "div",
    "Max": "maximum",
    "Min": "minimum",
    **{name: f"elementwise.{word}" for name, word in {"Pow": "pow", "Mean": "mean", "Where": "where", "Equal": "eq"}.items()},
    **{name: f"elementwise.{word}" for name, word in {"Less": "lt", "LessOrEqual": "le", "Greater": "gt"}.items()},
    **{name: f"elementwise.{word}" for name, word in {"GreaterOrEqual": "ge", "And": "and", "Or": "or", "Xor": "xor"}.items()},
    **{
        name: f"elementwise.{word}"
        for name, word in {
            "Mod": "mod",
            "BitwiseAnd": "and",
            "BitwiseOr": "or",
            "BitwiseXor": "xor",
            "BitShift": "shift",
            "SwiGLU": "swiglu",
        }.items()
    },
}
REDUCTIONS = {
    "ReduceMean": "mean",
    "ReduceSum": "sum",
    "ReduceMax": "max",
    "ReduceMin": "min",
    "ReduceProd": "prod",
    "ReduceL1": "norm",
    "ReduceL2": "norm",
    "ReduceLogSumExp": "logsumexp",
    "ReduceSumSquare": "sum",
    "ReduceLogSum": "sum",
    "ArgMax": "argmax",
    "ArgMin": "argmin",
}

LAYERS: Mapping[str, Translation] = {
    "Conv": conv_of(0, 1, 2),
    "com.microsoft::FusedConv": conv_of(0, 1, 2),
    "FusedConv": conv_of(0, 1, 2),
    "ConvInteger": conv_of(0, 1, None),
    "QLinearConv": conv_of(0, 3, 8),
    "ConvTranspose": conv_transpose,
    "Gemm": gemm,
    "MatMul": matmul_of(0, 1),
    "com.microsoft::FusedMatMul": fused_matmul,
    "MatMulInteger": matmul_of(0, 1),
    "QLinearMatMul": matmul_of(0, 3),
    "com.microsoft::FusedGemm": gemm,
    "com.microsoft::GemmFastGelu": gemm,
    "com.microsoft::MatMulNBits": few_bits,
    "Attention": attention,
    "com.microsoft::MultiHeadAttention": multi_head,
    "com.microsoft::Attention": projected,
    "DeformConv": deform_conv,
    "CausalConvWithState": causal_conv,
    "com.microsoft::CausalConvWithState": causal_conv,
    "GridSample": grid_sample,
    "com.microsoft::GridSample": grid_sample,
    "Einsum": einsum,
    **dict.fromkeys(("LSTM", "GRU", "RNN"), recurrent),
    "MaxPool": pool("max_pool"),
    "AveragePool": pool("avg_pool"),
    "LpPool": pool("avg_pool"),
    "GlobalAveragePool": global_pool("adaptive_avg_pool"),
    "com.microsoft::QLinearGlobalAveragePool": global_pool("adaptive_avg_pool"),
    "GlobalLpPool": global_pool("adaptive_avg_pool"),
    "GlobalMaxPool": global_pool("adaptive_max_pool"),
    **dict.fromkeys(("Resize", "Upsample"), resize),
    "BatchNormalization": batch_norm,
    "InstanceNormalization": instance_norm,
    "GroupNormalization": group_norm,
    "LayerNormalization": layer_norm,
    **dict.fromkeys(("RMSNormalization", "SimplifiedLayerNormalization"), rms_norm),
    "com.microsoft::SkipLayerNormalization": skip_norm(2, 3, 4),
    "com.microsoft::SkipSimplifiedLayerNormalization": skip_norm(2, None, 3),
    "LRN": lrn,
    **{name: activation(kind) for name, kind in ACTIVATIONS.items()},
    "Clip": clip,
    "Softmax": softmax,
    **{name: joined(kind) for name, kind in JOINS.items()},
    "com.microsoft::QLinearAdd": joined("add", (0, 3)),
    "com.microsoft::QLinearMul": joined("mul", (0, 3)),
    "com.microsoft::BiasGelu": joined("elementwise.gelu"),
    "PRelu": prelu,
    "Dropout": dropout,
    "Identity": identity,
    **dict.fromkeys(("Cast", "CastLike", "BitCast", "QuantizeLinear"), alias),
    "DequantizeLinear": dequantize,
    "DynamicQuantizeLinear": dynamic_quantize,
    "Constant": constant,
    "ConstantOfShape": constant_of_shape,
    **dict.fromkeys(("RandomNormal", "RandomUniform"), numbers_of(None)),
    **dict.fromkeys(("HannWindow", "HammingWindow", "BlackmanWindow"), numbers_of(0)),
    "EyeLike": eye_like,
    "Shape": shape,
    "Size": size_of,
    "Reshape": reshape,
    "Flatten": flatten,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Transpose": transpose,
    "Expand": expand,
    "Tile": tile,
    "Concat": concat,
    "Split": split,
    "Slice": slice_,
    "Gather": gather,
    "GatherElements": gather_elements,
    "GatherND": gather_nd,
    "OneHot": one_hot,
    "CenterCropPad": center_crop,
    "TopK": top_k,
    "Pad": pad,
    **{name: reduce(op) for name, op in REDUCTIONS.items()},
    "DepthToSpace": depth_to_space,
    "SpaceToDepth": space_to_depth,
    "If": conditional,
    **dict.fromkeys(("Loop", "Scan", "SequenceMap"), refused),
    **dict.fromkeys((f"com.microsoft.nchwc::{name}" for name in ("Conv", "ReorderInput")), blocked),
}
FOLDED = {
    *ELEMENTS,
    *("Cast", "Concat", "Gather", "Squeeze", "Unsqueeze", "Reshape", "Transpose", "Slice", "Range", "Size", "Expand", "Tile"),
    *("ReduceProd", "ReduceSum", "ReduceMax", "ReduceMin"),
}


def _or_folded(operation: str, translation: Translation | None) -> Translation:
    """Return a translation that first looks whether all its inputs are known numbers, and none of them weights."""

    def translate(call: Call) -> Value | Sequence[Value | None]:
        operands = [given(call, place) for place in range(len(call.record.inputs))]
        if operands and all(value is None or (value.tensor is None and not _weighs(value)) for value in operands):
            known = [numbers(value) for value in operands]
            if all((value is None) == (found is None) for value, found in zip(operands, known, strict=True)):
                made = fold(operation, known, call.record.arguments)
                if made is not None:
                    return Value(ax.fixed(made.sizes), content=made)
        if translation is None:
            return call.without_rule()
        return translation(call)

    return translate


def _weighs(value: Value) -> bool:
    """Whether a value is learned numbers, and more than one."""
    return value.weight is not None and value.weight.learned and any(dim != () for dim in value.dims)


TRANSLATIONS: Mapping[str, Translation] = {
    name: _or_folded(name, LAYERS.get(name)) if name in FOLDED else LAYERS[name]
    for name in (*LAYERS, *sorted(FOLDED - set(LAYERS)))
}
