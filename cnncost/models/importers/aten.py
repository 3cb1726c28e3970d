"""Operations of PyTorch (aten) as layers: what `torch.export` writes, decomposed or not, and what the recorder sees.

Overloads and a trailing underscore, the mark of working in place, never change what a layer is. Arguments that are equal to
their defaults are absent from a file. Source of names and defaults: PyTorch 2.13, aten/src/ATen/native/native_functions.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cnncost.base.poly import Num
from cnncost.models.importers import axes as ax
from cnncost.models.importers import layers
from cnncost.models.importers.axes import PinnedError
from cnncost.models.importers.records import Ref
from cnncost.models.importers.replay import Call, Translation, Value

END = 2**63 - 1  # the end of a slice that goes to the end


def listed(value: Any, count: int) -> tuple[Any, ...]:
    """Return one number per axis, from a list with one for all or one for each."""
    numbers = list(value) if isinstance(value, (list, tuple)) else [value]
    if len(numbers) not in (1, count):
        raise ValueError(f"{len(numbers)} numbers for {count} axes")
    return tuple(numbers * count if len(numbers) == 1 else numbers)


# ── products ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def conv(call: Call) -> Value:
    """Every convolution, transposed ones too."""
    transposed = call.record.operation.startswith("conv_transpose") or call.get("transposed", False)
    weight = call.value("weight")
    count = weight.rank - 2
    padding = call.get("padding", 0)
    groups = call.get("groups", 1)
    return layers.conv(
        call,
        call.value("input"),
        weight,
        call.optional("bias"),
        stride=listed(call.get("stride") or 1, count),
        pad="same" if padding == "same" else listed(0 if padding == "valid" else padding, count),
        dilation=listed(call.get("dilation") or 1, count),
        groups=groups,
        transposed=transposed,
        output_pad=listed(call.get("output_padding") or 0, count),
    )


def linear(call: Call) -> Value:
    """linear(input, weight, bias): the weight is out×in."""
    return layers.linear(call, call.value("input"), call.value("weight"), call.optional("bias"), features=1)


def addmm(call: Call) -> Value:
    """addmm(bias, x, w): the weight is in×out."""
    return product(call, call.value("mat1"), call.value("mat2"), call.optional("self"))


def baddbmm(call: Call) -> Value:
    """baddbmm(bias, a, b)."""
    made = product(call, call.value("batch1"), call.value("batch2"), None)
    return layers.joined(call, "add", [made, call.value("self")])


def matmul(call: Call) -> Value:
    """matmul, mm, bmm, mv: a linear layer where the right operand is a weight."""
    a, b = call.value("self"), call.value("other", "mat2", "vec")
    if min(a.rank, b.rank) > 2:
        a, b = (
            layers.elementwise(call, x, "copy") if moved and x.tensor is not None else x
            for x, moved in zip((a, b), call.record.arguments.get("copied", (False, False)), strict=True)
        )
    return product(call, a, b, None)


def product(call: Call, a: Value, b: Value, bias: Value | None) -> Value:
    """Return a product of two values."""
    return layers.product(call, a, b, bias)


def attention(call: Call) -> list[Value]:
    """scaled_dot_product_attention and what it is decomposed into."""
    query, key, value = call.value("query"), call.value("key"), call.value("value")
    return [layers.attention(call, query, key, value, call.optional("attn_mask", "attn_bias"))]


def einsum(call: Call) -> Value:
    """einsum(equation, tensors)."""
    return layers.einsum(call, call.get("equation"), call.several("tensors"))


def recurrent(call: Call) -> list[Value | None]:
    """lstm, gru and rnn of all layers and directions; their states are given only as shapes."""
    x, params = call.value("input"), call.several("params")
    kind = "rnn" if call.record.operation.startswith("rnn") else call.record.operation
    hidden = ax.now(params[0].dims[0]) // {"lstm": 4, "gru": 3, "rnn": 1}[kind]
    state = ax.now(params[1].dims[1])
    both = bool(call.get("bidirectional", False))
    args: dict[str, Any] = {"out": hidden, "layers": call.get("num_layers", 1), "bidirectional": both}
    args["bias"] = 2 if call.get("has_biases", True) else 0
    if kind == "lstm" and state != hidden:
        args["projection"] = state
    time = 1 if x.rank == 3 and call.get("batch_first", False) else 0
    made = layers.recurrent(call, kind, x, params, args, state * (1 + both), time)
    found: list[Value | None] = [made]
    if _states(call):
        last = layers.select(call, made, time, 0)
        found += [layers.rearranged(call, last, ((), *last.dims))] * (len(call.record.outputs) - 1)
    return found


def _states(call: Call) -> bool:
    """Whether anything reads the states that a recurrent layer ends in."""
    return any(name in call.replay.read for name in call.record.outputs[1:])


def embedding(call: Call) -> Value:
    """embedding(weight, indices)."""
    return layers.embedding(call, call.value("weight"), call.value("indices"))


# ── windows ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def pool(call: Call) -> list[Value]:
    """max_pool and avg_pool of one to three axes; an empty stride is the kernel's size."""
    operation = call.record.operation
    count = int(operation.partition("d")[0][-1]) if operation[-1] == "d" else int(operation.split("d_")[0][-1])
    kernel = listed(call.get("kernel_size"), count)
    args: dict[str, Any] = {
        "kernel": kernel,
        "stride": listed(call.get("stride") or list(kernel), count),
        "pad": listed(call.get("padding") or 0, count),
        "ceil_mode": bool(call.get("ceil_mode", False)),
    }
    if operation.startswith("max"):
        args["dilation"] = listed(call.get("dilation") or 1, count)
    made = layers.windowed(call, "max_pool" if operation.startswith("max") else "avg_pool", call.value("self"), count, args)
    return [made] * len(call.record.outputs)


def adaptive_pool(call: Call) -> list[Value]:
    """adaptive_avg_pool and adaptive_max_pool."""
    operation = call.record.operation.strip("_")
    count = int(operation.partition("_pool")[2][0])
    kind = "adaptive_max_pool" if "max" in operation else "adaptive_avg_pool"
    made = layers.adaptive(call, kind, call.value("self"), listed(call.get("output_size"), count))
    return [made] * len(call.record.outputs)


def upsample(call: Call) -> Value:
    """upsample_nearest, _bilinear, _bicubic …: to a stated size, or by factors."""
    operation = call.record.operation.strip("_")
    mode = next((mode for mode in ("nearest", "bicubic", "bilinear", "trilinear", "linear") if mode in operation), "nearest")
    size, factors = call.get("output_size"), call.get("scale_factors")
    return layers.upsample(call, call.value("input", "self"), mode, size, factors)


def unfold(call: Call) -> Value:
    """im2col: the windows of a map as columns; tensor.unfold: those along one axis."""
    if "dimension" not in call.record.arguments:
        return layers.columns(
            call,
            call.value("self", "input"),
            call.get("kernel_size"),
            call.get("stride") or [1, 1],
            call.get("padding") or [0, 0],
            call.get("dilation") or [1, 1],
        )
    return layers.windows_along(call, call.value("self"), call.get("dimension"), call.get("size"), call.get("step"))


# ── norms ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def batch_norm(call: Call) -> list[Value | None]:
    """batch_norm and the three decomposed forms."""
    slots = (call.optional("weight"), call.optional("bias"))
    made = layers.norm(call, "batch_norm", call.value("input"), *slots, axis=1, args={}, stats=call.optional("running_mean"))
    for name in ("running_mean", "running_var"):
        layers.claim(call, call.optional(name), made)
    return [made] + [None] * (len(call.record.outputs) - 1)


def layer_norm(call: Call) -> list[Value | None]:
    """layer_norm over the last axes."""
    shape = call.get("normalized_shape")
    made = layers.layer_norm(call, call.value("input"), call.optional("weight"), call.optional("bias"), shape)
    return [made] + [None] * (len(call.record.outputs) - 1)


def group_norm(call: Call) -> list[Value | None]:
    """group_norm(input, num_groups)."""
    args = {"groups": call.get("num_groups", call.get("group"))}
    made = layers.norm(
        call, "group_norm", call.value("input"), call.optional("weight"), call.optional("bias"), axis=1, args=args
    )
    return [made] + [None] * (len(call.record.outputs) - 1)


def instance_norm(call: Call) -> Value:
    """instance_norm."""
    return layers.norm(
        call, "instance_norm", call.value("input"), call.optional("weight"), call.optional("bias"), axis=1, args={}
    )


# ── element by element ───────────────────────────────────────────────────────────────────────────────────────────────


def pointwise(kind: str) -> Translation:
    """Return the translation of an activation with a rule of its own."""

    def translate(call: Call) -> Value:
        return call.same(kind, call.value("self", "input"))

    return translate


def hardtanh(call: Call) -> Value:
    """hardtanh: relu6 where it clamps to 0 and 6."""
    low, high = call.get("min_val", -1), call.get("max_val", 1)
    return layers.pointwise(call, call.value("self"), "relu6" if (low, high) == (0, 6) else "hardtanh")


def softmax(call: Call) -> Value:
    """softmax along one axis."""
    return layers.softmax(call, call.value("self", "input"), call.get("dim", -1))


def dropout(call: Call) -> list[Value | None]:
    """dropout, native_dropout."""
    made = call.same("dropout", call.value("input", "self"), {"p": float(call.get("p", 0.5))})
    return [made] + [None] * (len(call.record.outputs) - 1)


def binary(kind: str) -> Translation:
    """Return the translation of an operation on one or more operands, tensors or numbers."""

    def translate(call: Call) -> Value:
        return layers.joined(call, kind, call.operands)

    return translate


def unary(call: Call) -> list[Value]:
    """An operation on one tensor without a rule of its own: exp, sqrt, clamp, …"""
    made = layers.elementwise(call, call.operands[0], call.record.operation.strip("_"))
    return [made] * len(call.record.outputs)


def alias(call: Call) -> list[Value]:
    """What gives back its input: contiguous, clone, to, detach, …; a copy where the file says that it makes one."""
    return [layers.unchanged(call, call.operands[0])] * len(call.record.outputs)


def made_like(call: Call) -> Value:
    """zeros_like and the like: numbers of the program, as many as its input has."""
    return Value(call.operands[0].dims)


def created(call: Call) -> list[Value]:
    """new_zeros and the like: numbers of the program, of a stated size."""
    return call.constants()


def prelu(call: Call) -> Value:
    """prelu(x, slopes): one for all, or one per channel."""
    return layers.prelu(call, call.value("self"), call.value("weight"), axis=1)


def weight_norm(call: Call) -> Value:
    """_weight_norm(v, g): the weight that v and g make."""
    v, g = call.value("v"), call.value("g")
    return layers.joined(call, "mul", [v, g])


# ── shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def view(call: Call) -> Value:
    """view, reshape: to stated sizes with at most one −1."""
    return layers.reshape(call, call.value("self"), call.get("size", call.get("shape", [])))


def view_as(call: Call) -> Value:
    """reshape_as, view_as."""
    return layers.reshape_like(call, call.value("self"), call.value("other"))


def flatten(call: Call) -> Value:
    """flatten(start, end)."""
    x = call.value("self")
    start, end = x.axis(call.get("start_dim", 0)), x.axis(call.get("end_dim", -1))
    if x.rank == 0:
        return layers.rearranged(call, x, ((),))
    return layers.rearranged(call, x, (*x.dims[:start], ax.joined(x.dims[start : end + 1]), *x.dims[end + 1 :]))


def unflatten(call: Call) -> Value:
    """unflatten(dim, sizes)."""
    x = call.value("self")
    dim, sizes = x.axis(call.get("dim")), call.get("sizes")
    return layers.reshape(call, x, sizes, only=dim)


def squeeze(call: Call) -> Value:
    """squeeze one axis, several, or all axes of one."""
    x = call.value("self")
    dim = call.get("dim")
    wanted = range(x.rank) if dim is None else [x.axis(d) for d in (dim if isinstance(dim, list) else [dim])]
    gone = [place for place in wanted if ax.was(x.dims[place]) == 1]
    if any(not ax.is_one(x.dims[place]) for place in gone):
        raise PinnedError("it drops an axis of one, which has grown")
    return layers.rearranged(call, x, tuple(dim for place, dim in enumerate(x.dims) if place not in gone))


def unsqueeze(call: Call) -> Value:
    """unsqueeze(dim)."""
    x = call.value("self")
    dim = x.axis(call.get("dim"), 1)
    return layers.rearranged(call, x, (*x.dims[:dim], (), *x.dims[dim:]))


def permute(call: Call) -> Value:
    """permute(dims)."""
    x = call.value("self")
    return layers.permute(call, x, [x.axis(d) for d in call.get("dims")])


def transpose(call: Call) -> Value:
    """transpose, swapaxes, t."""
    x = call.value("self")
    order = list(range(x.rank))
    a, b = x.axis(call.get("dim0", call.get("axis0", 0))), x.axis(call.get("dim1", call.get("axis1", x.rank - 1)))
    if x.rank:
        order[a], order[b] = order[b], order[a]
    return layers.permute(call, x, order)


def movedim(call: Call) -> Value:
    """movedim(source, destination)."""
    x = call.value("self")
    source, target = (
        [x.axis(d) for d in listed(call.get(name), 1)]
        if not isinstance(call.get(name), list)
        else [x.axis(d) for d in call.get(name)]
        for name in ("source", "destination")
    )
    order = [place for place in range(x.rank) if place not in source]
    for place, moved in sorted(zip(target, source, strict=True)):
        order.insert(place, moved)
    return layers.permute(call, x, order)


def expand(call: Call) -> Value:
    """expand to stated sizes; −1 keeps."""
    return layers.expand(call, call.value("self"), call.get("size"))


def expand_as(call: Call) -> Value:
    """expand_as(other)."""
    return layers.expand_like(call, call.value("self"), call.value("other"))


def repeat(call: Call) -> Value:
    """repeat, tile: so many times along each axis."""
    return layers.tile(call, call.value("self"), call.get("repeats", call.get("dims")))


def repeat_interleave(call: Call) -> Value:
    """repeat_interleave(repeats, dim): each index so many times."""
    x = call.value("self")
    dim = x.axis(call.get("dim"))
    times = [1] * x.rank
    times[dim] = call.get("repeats")
    return layers.tile(call, x, times)


def cat(call: Call) -> Value:
    """cat(tensors, dim)."""
    return layers.concat(call, call.several("tensors"), call.get("dim", 0))


def stack(call: Call) -> Value:
    """stack(tensors, dim)."""
    return layers.stack(call, call.several("tensors"), call.get("dim", 0))


def split(call: Call) -> list[Value]:
    """chunk, split, split_with_sizes, tensor_split by number."""
    x = call.value("self")
    dim = x.axis(call.get("dim", 0))
    operation = call.record.operation.removeprefix("unsafe_")
    size = ax.was(x.dims[dim])
    if not isinstance(size, int) or len(call.record.outputs) > 100_000:
        raise ValueError(f"{len(call.record.outputs)} pieces")
    if operation == "chunk":
        step = -(-size // call.get("chunks"))
        pieces: Any = [min(step, size - start) for start in range(0, size, step)]
        parts = call.get("chunks") if size % call.get("chunks") == 0 else None
    else:
        stated = call.get("split_sizes", call.get("split_size"))
        parts = None
        if not isinstance(stated, list) and -(-size // stated) != len(call.record.outputs):
            raise ValueError(f"pieces of {stated} of {size}")
        pieces = stated if isinstance(stated, list) else [min(stated, size - start) for start in range(0, size, stated)]
    return layers.split(call, x, dim, pieces, parts)


def slice_(call: Call) -> Value:
    """slice(dim, start, end, step); negative ones count from the end."""
    end = call.get("end")
    return layers.slice_(
        call, call.value("self"), call.get("dim", 0), call.get("start", 0), None if end == END else end, call.get("step", 1)
    )


def narrow(call: Call) -> Value:
    """narrow(dim, start, length)."""
    start = call.get("start")
    return layers.slice_(call, call.value("self"), call.get("dim"), start, start + call.get("length"), 1)


def select(call: Call) -> Value:
    """select(dim, index)."""
    return layers.select(call, call.value("self"), call.get("dim", 0), call.get("index", 0))


def unbind(call: Call) -> list[Value]:
    """unbind(dim): every index of an axis."""
    x = call.value("self")
    return [layers.select(call, x, call.get("dim", 0), index) for index in range(len(call.record.outputs))]


def roll(call: Call) -> Value:
    """roll: the same numbers, elsewhere."""
    return layers.elementwise(call, call.value("self"), "roll")


def pad(call: Call) -> Value:
    """pad: pairs from the last axis backwards; negative ones crop."""
    x = call.value("self")
    numbers = call.get("pad", call.get("padding"))
    pads: list[tuple[Num, Num]] = [(0, 0)] * x.rank
    for place in range(len(numbers) // 2):
        pads[x.rank - 1 - place] = (numbers[2 * place], numbers[2 * place + 1])
    return layers.pad(call, x, pads, str(call.get("mode", "constant")))


def index(call: Call) -> Value:
    """index by tensors: their shape takes the place of the axes they index."""
    indices = [call.replay.values[part] if isinstance(part, Ref) else None for part in call.record.arguments["indices"]]
    return layers.index(call, call.value("self"), indices)


def index_select(call: Call) -> Value:
    """index_select(dim, index)."""
    x, at = call.value("self"), call.value("index")
    indices: list[Value | None] = [None] * x.axis(call.get("dim")) + [at]
    return layers.index(call, x, indices)


def gather(call: Call) -> Value:
    """gather(dim, index): an element for each index."""
    return layers.taken(call, call.value("self"), call.value("index", "indices").dims)


def topk(call: Call) -> list[Value]:
    """topk(k, dim)."""
    x = call.value("self")
    dim = x.axis(call.get("dim", -1))
    made = layers.taken(call, x, (*x.dims[:dim], ax.axis(call.get("k"), call.get("k")), *x.dims[dim + 1 :]))
    return [made] * len(call.record.outputs)


def reduce(op: str) -> Callable[[Call], Value | list[Value]]:
    """Return the translation of a reduction: over some axes or all, which are kept or not."""

    def translate(call: Call) -> Value | list[Value]:
        x = call.value("self", "input")
        if op in ("max", "min") and call.optional("other") is not None:
            return layers.joined(call, f"{op}imum", call.operands)
        dim = call.get("dim")
        wanted = range(x.rank) if dim in (None, []) else [x.axis(d) for d in (dim if isinstance(dim, list) else [dim])]
        made = layers.reduce(call, x, list(wanted), bool(call.get("keepdim", False)), op)
        return [made] * len(call.record.outputs)

    return translate


def pixel_shuffle(call: Call) -> Value:
    """pixel_shuffle(upscale_factor)."""
    return layers.blocks(call, "depth_to_space", call.value("self"), call.get("upscale_factor"))


def pixel_unshuffle(call: Call) -> Value:
    """pixel_unshuffle(downscale_factor)."""
    return layers.blocks(call, "space_to_depth", call.value("self"), call.get("downscale_factor"))


def channel_shuffle(call: Call) -> Value:
    """channel_shuffle(groups)."""
    return call.same("channel_shuffle", call.value("self", "input"), {"groups": call.get("groups")})


def cond(call: Call) -> list[Value]:
    """torch.cond: the dearer side, which is said."""
    return layers.dearer(call, [argument for argument in call.record.arguments.values() if hasattr(argument, "records")])


def _each(translation: Translation, *names: str) -> dict[str, Translation]:
    return dict.fromkeys(names, translation)


TRANSLATIONS: Mapping[str, Translation] = {
    **_each(conv, "conv1d", "conv2d", "conv3d", "convolution", "_convolution"),
    **_each(conv, "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    "linear": linear,
    "addmm": addmm,
    "baddbmm": baddbmm,
    **_each(matmul, "matmul", "mm", "bmm", "mv"),
    **_each(attention, "scaled_dot_product_attention", "_scaled_dot_product_flash_attention_for_cpu"),
    **_each(attention, "_scaled_dot_product_flash_attention", "_scaled_dot_product_efficient_attention"),
    "einsum": einsum,
    **_each(recurrent, "lstm", "gru", "rnn_tanh", "rnn_relu"),
    "embedding": embedding,
    **_each(pool, "max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d"),
    **_each(pool, "max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices"),
    **_each(
        adaptive_pool, *(f"{head}adaptive_{kind}_pool{n}d" for head in ("", "_") for kind in ("avg", "max") for n in (1, 2, 3))
    ),
    **_each(upsample, "upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d", "upsample_linear1d"),
    **_each(upsample, "upsample_bilinear2d", "upsample_bicubic2d", "upsample_trilinear3d", "_upsample_bilinear2d_aa"),
    **_each(upsample, "_upsample_bicubic2d_aa", "_upsample_nearest_exact2d"),
    **_each(unfold, "unfold", "im2col"),
    **_each(batch_norm, "batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training"),
    **_each(batch_norm, "_native_batch_norm_legit_functional", "native_batch_norm", "_batch_norm_with_update"),
    **_each(layer_norm, "layer_norm", "native_layer_norm"),
    **_each(group_norm, "group_norm", "native_group_norm"),
    "instance_norm": instance_norm,
    **{kind: pointwise(kind) for kind in ("relu", "relu6", "silu", "gelu", "sigmoid", "tanh", "hardswish", "hardsigmoid")},
    **{kind: pointwise(kind) for kind in ("leaky_relu", "elu", "mish")},
    "hardtanh": hardtanh,
    **_each(softmax, "softmax", "_softmax", "log_softmax", "_log_softmax"),
    **_each(dropout, "dropout", "native_dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"),
    "add": binary("add"),
    "mul": binary("mul"),
    "sub": binary("sub"),
    "rsub": binary("sub"),
    "div": binary("div"),
    "maximum": binary("maximum"),
    "minimum": binary("minimum"),
    **{
        op: binary(f"elementwise.{op}")
        for op in (
            *(
                "eq",
                "ne",
                "lt",
                "le",
                "gt",
                "ge",
                "logical_and",
                "logical_or",
                "logical_xor",
                "where",
                "addcmul",
                "addcdiv",
                "fmod",
            ),
            *("floor_divide", "remainder", "bitwise_and", "bitwise_or", "masked_fill", "pow", "atan2", "lerp", "true_divide"),
        )
    },
    **_each(
        unary,
        *(
            "exp",
            "sqrt",
            "rsqrt",
            "neg",
            "abs",
            "log",
            "log2",
            "log1p",
            "reciprocal",
            "erf",
            "floor",
            "ceil",
            "round",
            "sin",
            "cos",
        ),
        *(
            "square",
            "sign",
            "clamp",
            "clamp_min",
            "clamp_max",
            "softplus",
            "selu",
            "celu",
            "hardshrink",
            "softshrink",
            "tanhshrink",
        ),
        *(
            "logical_not",
            "bitwise_not",
            "isnan",
            "isinf",
            "isfinite",
            "nan_to_num",
            "expm1",
            "threshold",
            "logit",
            "log_sigmoid",
        ),
        *(
            "cumsum",
            "cumprod",
            "flip",
            "tril",
            "triu",
            "sort",
            "argsort",
            "bernoulli",
            "local_response_norm",
            "relu_6",
            "softsign",
        ),
        *("fill", "zero", "index_put", "scatter", "scatter_add", "index_add", "polygamma", "erfinv", "digamma"),
    ),
    **_each(
        alias,
        *("contiguous", "clone", "detach", "alias", "to", "_to_copy", "type_as", "lift_fresh_copy", "lift_fresh", "positive"),
        *("_conj", "view_as_real", "requires_grad", "float", "half", "double", "bfloat16", "data", "cpu", "cuda", "identity"),
    ),
    **_each(made_like, "ones_like", "zeros_like", "full_like", "rand_like", "randn_like", "empty_like"),
    **_each(created, "new_zeros", "new_ones", "new_full", "new_empty"),
    "copy": binary("elementwise.copy"),
    "prelu": prelu,
    "_weight_norm": weight_norm,
    **_each(view, "view", "reshape", "_unsafe_view", "view_copy", "_reshape_alias"),
    **_each(view_as, "view_as", "reshape_as"),
    "flatten": flatten,
    "unflatten": unflatten,
    **_each(squeeze, "squeeze", "squeeze_copy"),
    **_each(unsqueeze, "unsqueeze", "unsqueeze_copy"),
    **_each(permute, "permute", "permute_copy"),
    **_each(transpose, "transpose", "swapaxes", "swapdims", "t", "numpy_T", "mT", "transpose_copy"),
    "movedim": movedim,
    **_each(expand, "expand", "expand_copy", "broadcast_to"),
    "expand_as": expand_as,
    **_each(repeat, "repeat", "tile"),
    "repeat_interleave": repeat_interleave,
    **_each(cat, "cat", "concat", "concatenate"),
    "stack": stack,
    **_each(split, "chunk", "unsafe_chunk", "split", "unsafe_split", "split_with_sizes"),
    **_each(slice_, "slice", "slice_copy"),
    "narrow": narrow,
    **_each(select, "select", "select_copy"),
    "unbind": unbind,
    "roll": roll,
    **_each(pad, "pad", "constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "replication_pad1d", "replication_pad2d"),
    "index": index,
    "index_select": index_select,
    **_each(gather, "gather", "take_along_dim"),
    "topk": topk,
    **{
        name: reduce(op)
        for name, op in {
            **{op: op for op in ("mean", "sum", "max", "min", "var", "std", "prod", "norm", "logsumexp", "argmax", "argmin")},
            "amax": "max",
            "amin": "min",
            "linalg_vector_norm": "norm",
            "var_mean": "var",
            "std_mean": "std",
            "any": "max",
            "all": "min",
            "max_dim": "max",
        }.items()
    },
    "pixel_shuffle": pixel_shuffle,
    "pixel_unshuffle": pixel_unshuffle,
    "channel_shuffle": channel_shuffle,
    "higher_order.cond": cond,
}
