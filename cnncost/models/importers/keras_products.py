"""Keras's layers that are products in rules: Dense, EinsumDense, attention, recurrent layers.

Source: Keras 3.15.1, keras/src/layers/core, attention and rnn.
"""

from __future__ import annotations

from cnncost.graph.graph import Tensor
from cnncost.models.importers.keras_call import Applied, Layer, Made, whole


def dense(call: Applied) -> Tensor:
    """Dense: on the last axis of whatever it reads; on a map that is a convolution of 1×1."""
    x, bias, units = call.x, call.true("use_bias", True), call.number("units")
    if len(x.shape) > 1 and call.rotated(x):
        y = call.weights("", x.conv, units, (1,) * (len(x.shape) - 1), bias=bias)
    elif len(x.shape) < 3:
        y = call.weights("", x.linear, units, bias=bias)
    else:
        y = call.weights("", x.linear, units, bias=bias, axis=-1)
    call.state.rotated[y.index] = call.rotated(x)
    return call.activated(y)


def embedding(call: Applied) -> Tensor:
    """Embedding."""
    y = call.weights("", call.plain().embedding, call.number("input_dim"), call.number("output_dim"))
    call.state.rotated[y.index] = False
    return y


def attention(call: Applied) -> Tensor:
    """MultiHeadAttention: projections of query, key and value to heads, attention, and a projection back."""
    tensors = [call.plain(x) for x in call.tensors]
    query, value = tensors[0], tensors[1] if len(tensors) > 1 else tensors[0]
    key = tensors[2] if len(tensors) > 2 else value
    if any(len(x.shape) != 2 for x in (query, key, value)) or call.true("use_gate", False) or call.get("sliding_window"):
        raise ValueError("attention over more than one axis, with gates or in windows is not counted here")
    heads, width = call.number("num_heads"), call.number("key_dim")
    depth = width if call.get("value_dim") is None else call.number("value_dim")
    shape = call.get("output_shape")
    out = query.shape[-1] if shape is None else whole(shape[-1] if isinstance(shape, list) and shape else shape, "output_shape")
    bias = call.true("use_bias", True)
    with query.scope(call.name):
        projected = [
            call.weights(word, x.linear, heads * size, bias=bias, name=word)
            for word, x, size in (("query", query, width), ("key", key, width), ("value", value, depth))
        ]
        y = projected[0].attention(projected[1], projected[2], heads, name="attention")
        y = call.weights("output", y.linear, out, bias=bias, name="output")
    call.state.rotated[y.index] = False
    return y


def grouped_attention(call: Applied) -> Tensor:
    """GroupQueryAttention: several heads of the query share one of key and value."""
    tensors = [call.plain(x) for x in call.tensors]
    query, value = tensors[0], tensors[1] if len(tensors) > 1 else tensors[0]
    key = tensors[2] if len(tensors) > 2 else value
    width, heads, groups = (call.number(name) for name in ("head_dim", "num_query_heads", "num_key_value_heads"))
    if any(len(x.shape) != 2 for x in tensors) or not 0 < groups <= heads or heads % groups or call.get("use_gate"):
        raise ValueError("attention over more than one axis, or of heads in no whole groups, is not counted here")
    bias = call.true("use_bias", True)
    with query.scope(call.name):
        q = call.weights("query", query.linear, heads * width, bias=bias, name="query")
        k, v = (
            call.weights(word, x.linear, groups * width, bias=bias, name=word).tile((1, heads // groups), name=f"{word}_heads")
            for word, x in (("key", key), ("value", value))
        )
        y = q.attention(k, v, heads, name="attention")
        y = call.weights("output", y.linear, query.shape[-1], bias=bias, name="output")
    call.state.rotated[y.index] = False
    return y


def dot_attention(call: Applied) -> Tensor:
    """Attention: products of query, value and key, without projections."""
    query, value, *key = (call.plain(x) for x in call.tensors)
    if call.get("score_mode", "dot") != "dot" or call.true("use_scale", False):
        raise ValueError("scores other than the plain product are not counted here")
    y = query.attention(key[0] if key else value, value, name=call.name)
    call.state.rotated[y.index] = False
    return y


def dot(call: Applied) -> Tensor:
    """Dot: sums of products along one axis of each of two tensors."""
    first, second = (call.plain(x) for x in call.tensors)
    axes = call.get("axes")
    both = axes if isinstance(axes, list) else [axes, axes]
    if len(both) != 2:
        raise ValueError("axes are one number, or two")
    one, other = (call.axis(axis, x) for axis, x in zip(both, (first, second), strict=True))
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    a, b = ([next(letters) for _ in x.shape] for x in (first, second))
    b[other] = a[one]
    kept = [letter for letter in (*a, *b) if letter != a[one]]
    y = first.einsum(second, f"{''.join(a)},{''.join(b)}->{''.join(kept)}", name=call.name)
    call.state.rotated[y.index] = False
    return y


def einsum_dense(call: Applied) -> Tensor:
    """EinsumDense: a product with learned numbers by an equation, whose new letters have the sizes of `output_shape`."""
    x = call.plain()
    inputs, _, output = str(call.get("equation")).replace(" ", "").partition("->")
    given, comma, kernel = inputs.partition(",")
    shape = call.get("output_shape")
    shape = shape if isinstance(shape, list) else [shape]
    batch = 1 if given[:1] != "." else 3
    given, output = given[batch:], output[batch:]
    if not comma or len(given) != len(x.shape) or len(output) != len(shape):
        raise ValueError(f"its equation '{call.get('equation')}' does not fit what it reads")
    sizes = dict(zip(given, x.shape, strict=True))
    sizes |= {letter: whole(size, "output_shape") for letter, size in zip(output, shape, strict=True) if letter not in sizes}
    if not set(kernel) <= set(sizes):
        raise ValueError(f"its equation '{call.get('equation')}' leaves sizes open")
    key = (call.layer, "")
    if key in call.state.owners:
        raise ValueError("products by one equation that share their numbers are not counted here")
    weights = x.parameter(tuple(sizes[letter] for letter in kernel), name=f"{call.name}_kernel")
    call.state.owners[key] = call.name
    y = x.einsum(weights, f"{given},{kernel}->{output}", name=call.name)
    biased = call.get("bias_axes")
    if biased:
        y = y.bias(axis=tuple(output.index(letter) for letter in output if letter in biased), name=f"{call.name}_bias")
    call.state.rotated[y.index] = False
    return call.activated(y)


def recurrent(call: Applied, both: bool = False, key: str = "") -> Tensor:
    """LSTM, GRU and SimpleRNN over the steps of (steps, features); GRU with `reset_after` has two bias vectors."""
    x = call.plain()
    kind = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "rnn"}[call.layer.kind]
    vectors = (
        0
        if not call.true("use_bias", True)
        else 2
        if kind == "gru" and call.true("reset_after", "reset_after" in call.layer.config)
        else 1
    )
    if call.true("return_state", False):
        raise ValueError("states that are returned are not known here")
    y = call.weights(
        "",
        getattr(x, kind),
        call.number("units"),
        bidirectional=both,
        bias=vectors,
        last=not call.true("return_sequences", False),
    )
    call.state.rotated[y.index] = False
    return y


def bidirectional(call: Applied) -> Made:
    """Bidirectional: the wrapped layer forwards and backwards, side by side or merged."""
    inner = wrapped(call, "layer")
    if inner.layer.kind not in ("LSTM", "GRU", "SimpleRNN"):
        raise ValueError(f"it wraps a {inner.layer.kind[:40]}, which is not known here")
    y = recurrent(inner, both=True)
    how = call.get("merge_mode", "concat")
    if how == "concat":
        return y
    if how is None:
        return [y.split(2, part, axis=-1, name=f"{call.name}_half") for part in (0, 1)]
    halves = [y.split(2, part, axis=-1, name=f"{call.name}_half") for part in (0, 1)]
    return (halves[0].mul if how == "mul" else halves[0].add)(halves[1], name=f"{call.name}_merge")


def wrapped(call: Applied, key: str) -> Applied:
    """Return the call of the layer that another one wraps, under the name of the outer one."""
    entry = call.get(key)
    if not isinstance(entry, dict) or not isinstance(entry.get("class_name"), str) or not isinstance(entry.get("config"), dict):
        raise ValueError("it wraps no layer")
    known = call.state.wrapped.setdefault(
        call.layer, Layer(call.layer.name, entry["class_name"], str(entry.get("module") or ""), "", entry["config"])
    )
    return Applied(known, call.arguments, call.named, call.state)
