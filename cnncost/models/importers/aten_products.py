"""Operations of PyTorch that multiply and add, and those that look through windows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from string import ascii_lowercase
from typing import Any

from cnncost.models.importers import axes as ax
from cnncost.models.importers import layers
from cnncost.models.importers.call import Call
from cnncost.models.importers.values import Value


def listed(value: Any, count: int) -> tuple[Any, ...]:
    """Return one number per axis, from a list with one for all or one for each."""
    numbers = list(value) if isinstance(value, (list, tuple)) else [value]
    if len(numbers) not in (1, count):
        raise ValueError(f"{len(numbers)} numbers for {count} axes")
    return tuple(numbers * count if len(numbers) == 1 else numbers)


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
    x = call.value("input")
    if call.record.arguments.get("copied") and x.tensor is not None:
        x = layers.elementwise(call, x, "copy")
    return layers.linear(call, x, call.value("weight"), call.optional("bias"), features=1)


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
        a, b = _copied(call, (a, b))
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
    return layers.einsum(call, call.get("equation"), _copied(call, call.several("tensors")))


def _copied(call: Call, operands: Sequence[Value]) -> list[Value]:
    """Return operands, those copied that PyTorch copies before it multiplies: their axes have to become three."""
    moved = call.record.arguments.get("copied", [False] * len(operands))
    return [
        layers.elementwise(call, x, "copy") if copied and x.tensor is not None else x
        for x, copied in zip(operands, moved, strict=True)
    ]


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


def cell(call: Call) -> list[Value | None]:
    """lstm_cell, gru_cell, rnn_tanh_cell and rnn_relu_cell: one step of a recurrent layer."""
    x, kind = call.value("input"), call.record.operation.partition("_")[0]
    params = [call.optional(name) for name in ("w_ih", "w_hh", "b_ih", "b_hh")]
    weights = [value for value in params if value is not None]
    hidden = ax.now(call.value("w_hh").dims[1])
    step = layers.rearranged(call, x, (*x.dims[:-1], (), x.dims[-1]))
    args = {"out": hidden, "bias": 2 if params[2] is not None else 0}
    made = layers.recurrent(call, kind, step, weights, args, hidden, step.rank - 2)
    state = layers.rearranged(call, made, (*x.dims[:-1], made.dims[-1]))
    return [state] * len(call.record.outputs)


def dot(call: Call) -> Value:
    """dot and vdot: two vectors."""
    return layers.product(call, call.value("self"), call.value("tensor", "other"), None)


def outer(call: Call) -> Value:
    """outer: every element of a vector times every one of another."""
    a, b = call.value("self"), call.value("vec2")
    return layers.joined(call, "mul", [layers.rearranged(call, a, (*a.dims, ())), b])


def tensordot(call: Call) -> Value:
    """tensordot: a product of matrices over several axes of each."""
    a, b = call.value("self"), call.value("other")
    over = [[x.axis(n) for n in call.get(name)] for x, name in ((a, "dims_self"), (b, "dims_other"))]
    letters = iter(ascii_lowercase)
    left, right = ([next(letters) for _ in x.dims] for x in (a, b))
    for here, there in zip(*over, strict=True):
        right[there] = left[here]
    shared = {left[here] for here in over[0]}
    free = "".join(letter for letter in (*left, *right) if letter not in shared)
    return layers.einsum(call, f"{''.join(left)},{''.join(right)}->{free}", [a, b])


def chain(call: Call) -> Value:
    """linalg_multi_dot: a product of several matrices, in the order that takes the fewest multiply-adds."""
    parts = call.several("tensors")
    sizes = [ax.was(parts[0].dims[0]) if parts[0].rank > 1 else 1, *(ax.was(part.dims[-1]) for part in parts[:-1])]
    sizes.append(ax.was(parts[-1].dims[-1]) if parts[-1].rank > 1 else 1)

    @cache
    def best(first: int, last: int) -> tuple[int, int]:
        """Return the fewest multiply-adds of some neighbours, and behind which of them they are cut."""
        if first == last:
            return 0, first
        ends = sizes[first] * sizes[last + 1]
        return min((best(first, k)[0] + best(k + 1, last)[0] + ends * sizes[k + 1], k) for k in range(first, last))

    def made(first: int, last: int) -> Value:
        k = best(first, last)[1]
        return parts[first] if first == last else layers.product(call, made(first, k), made(k + 1, last), None)

    return made(0, len(parts) - 1)


def grid_sample(call: Call) -> Value:
    """grid_sampler: a map at the places that a grid names."""
    return layers.sampled(call, call.value("input"), call.value("grid"))


def deform_conv(call: Call) -> Value:
    """deform_conv2d of torchvision."""
    get = call.get
    return layers.deform_conv(
        call, call.value("input"), call.value("weight"), call.optional("bias"), call.value("offset"),
        call.optional("mask") if get("use_mask", False) else None,
        stride=(get("stride_h", 1), get("stride_w", 1)), pad=(get("pad_h", 0), get("pad_w", 0)),
        dilation=(get("dilation_h", 1), get("dilation_w", 1)), groups=get("groups", 1), offset_groups=get("offset_groups", 1),
    )  # fmt: skip


def _states(call: Call) -> bool:
    """Whether anything reads the states that a recurrent layer ends in."""
    return any(name in call.replay.read for name in call.record.outputs[1:])


def embedding(call: Call) -> Value:
    """embedding(weight, indices)."""
    return layers.embedding(call, call.value("weight"), call.value("indices"))


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
