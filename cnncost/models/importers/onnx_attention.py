"""ONNX operators of transformers: attention, in the standard and as onnxruntime fuses it, and what stands around it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cnncost.models.importers import axes as ax
from cnncost.models.importers import layers
from cnncost.models.importers.axes import PinnedError
from cnncost.models.importers.call import Call
from cnncost.models.importers.onnx_inputs import attribute, given, needed
from cnncost.models.importers.values import Value

# onnxruntime's operators: github.com/microsoft/onnxruntime, docs/ContribOperators.md


def attention(call: Call) -> list[Value | None]:
    """Attention: of N×heads×T×D, or of N×T×heads·D where the numbers of heads are stated; past keys and values come first."""
    heads = attribute(call, "q_num_heads", 0)
    query, key, value = (needed(call, place) for place in range(3))
    made, key, value = _attended(
        call,
        query,
        key,
        value,
        heads,
        attribute(call, "kv_num_heads", heads),
        mask=given(call, 3),
        past=(given(call, 4), given(call, 5)),
    )
    return [made, key, value, None][: len(call.record.outputs)]


def multi_head(call: Call) -> list[Value | None]:
    """MultiHeadAttention of onnxruntime: N×T×D each, an offset for all three, and past keys and values."""
    query, key, value = needed(call), given(call, 1), given(call, 2)
    heads = attribute(call, "num_heads", 1)
    if key is None or value is None or any(part.rank != 3 for part in (query, key, value)):
        raise PinnedError("its queries, keys and values are in one tensor, which has no rule")
    offset = given(call, 3)
    if offset is not None and offset.tensor is None and offset.weight is not None and offset.weight.learned:
        call.fit(offset)  # its numbers are parameters; that it is added is part of the layer
    mask = given(call, 5)
    made, key, value = _attended(call, query, key, value, heads, heads, mask=mask, past=(given(call, 6), given(call, 7)))
    return [made, key, value, None][: len(call.record.outputs)]


def projected(call: Call) -> list[Value | None]:
    """Attention of onnxruntime: the projections of queries, keys and values are its own weight."""
    x, weight, bias = needed(call), needed(call, 1), given(call, 2)
    heads = attribute(call, "num_heads", 1)
    if given(call, 4) is not None:
        raise PinnedError("keys and values of earlier tokens in one tensor have no rule")
    found = layers.product(call, x, weight, bias)
    width = ax.was(found.dims[-1])
    sizes = attribute(call, "qkv_hidden_sizes") or [width // 3] * 3
    query, key, value = layers.split(call, found, found.rank - 1, sizes, None)
    made, _, _ = _attended(call, query, key, value, heads, heads, mask=given(call, 5))
    return [made, None][: len(call.record.outputs)]


def _attended(
    call: Call,
    query: Value,
    key: Value,
    value: Value,
    heads: int,
    own: int,
    *,
    mask: Value | None = None,
    past: tuple[Value | None, Value | None] = (None, None),
) -> tuple[Value, Value, Value]:
    """Return attention, and the keys and values that it saw; `own` is how many heads these have."""
    flat = query.rank == 3
    if flat:
        query = _headed(call, query, heads)
        key, value = (_headed(call, part, own) if part.rank == 3 else part for part in (key, value))
    if past[0] is not None and past[1] is not None:
        key, value = layers.concat(call, [past[0], key], -2), layers.concat(call, [past[1], value], -2)
    made = layers.attention(call, query, key, value, mask)
    if flat:
        turned = layers.permute(call, made, (0, 2, 1, 3))
        made = layers.rearranged(call, turned, (*turned.dims[:2], ax.joined(turned.dims[2:])))
    return made, key, value


def _headed(call: Call, x: Value, heads: int) -> Value:
    """Return N×T×heads·D as N×heads×T×D."""
    width: Any = ax.now(x.dims[-1])
    if not heads or not isinstance(width, int) or width % heads:
        raise PinnedError(f"{width} features do not make {heads} heads")
    dims = (*x.dims[:-1], ax.axis(heads, heads), ax.axis(width // heads, width // heads))
    return layers.permute(call, layers.rearranged(call, x, dims), (0, 2, 1, 3))


def rms_norm(call: Call) -> list[Value | None]:
    """RMSNormalization and its like: a scale for each of the last numbers, no offset."""
    x, weight = needed(call), given(call, 1)
    start = x.axis(attribute(call, "axis", -1))
    made = layers.layer_norm(call, x, weight, None, [ax.now(dim) for dim in x.dims[start:]])
    return [made] + [None] * (len(call.record.outputs) - 1)


def skip_norm(scale: int, offset: int | None, bias: int | None) -> Any:
    """Return the translation of a sum with a layer norm behind it, whose weights stand at these places."""

    def translate(call: Call) -> list[Value | None]:
        more = given(call, bias) if bias is not None else None
        total = layers.joined(call, "add", [needed(call), needed(call, 1), *([] if more is None else [more])])
        weights = needed(call, scale), None if offset is None else given(call, offset)
        made = layers.layer_norm(call, total, *weights, [ax.now(total.dims[-1])])
        return [made, None, None, total][: len(call.record.outputs)]

    return translate


def few_bits(call: Call) -> Value:
    """MatMulNBits of onnxruntime: a weight of K×N numbers of few bits, packed by the block."""
    packed, rows, columns = needed(call, 1), attribute(call, "K", 0), attribute(call, "N", 0)
    if packed.weight is None:
        raise PinnedError("its weight is worked out by the network, which has no rule")
    numbers = replace(packed.weight, sizes=(columns, rows), learned=True, counted=True, numbers=None)
    weight = Value(ax.fixed((columns, rows)), weight=numbers)
    return layers.linear(call, needed(call), weight, given(call, 5), features=1)
