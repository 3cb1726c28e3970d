"""Layers of multiply-adds: convolutions, products of matrices, attention, recurrent layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncost.models.importers import axes as ax
from cnncost.models.importers.axes import Axis, PinnedError
from cnncost.models.importers.call import Call
from cnncost.models.importers.layers.common import FOLDED, as_map, claim, for_each, last_of, many_maps, plainly, short, unruled
from cnncost.models.importers.layers.elements import broadcast, joined
from cnncost.models.importers.layers.shapes import permute, rearranged, reduce
from cnncost.models.importers.values import Value


def conv(
    call: Call,
    x: Value,
    weight: Value,
    bias: Value | None,
    *,
    stride: Any,
    pad: Any,
    dilation: Any,
    groups: int,
    transposed: bool = False,
    output_pad: Any = 0,
) -> Value:
    """Return a convolution: the weight is out×in/groups×k×k, or in×out/groups×k×k where transposed."""
    count = weight.rank - 2
    sizes = [ax.now(dim) for dim in weight.dims]
    folded = many_maps(x, count)
    if folded:  # many maps of each example: one more axis, along which the windows are 1
        x = permute(call, x, (1, 0, *range(2, x.rank)))
        count += 1
        stride, dilation, output_pad = (
            (fill, *for_each(n, count - 1)) for n, fill in ((stride, 1), (dilation, 1), (output_pad, 0))
        )
        pad = (
            pad if isinstance(pad, str) else (*(0,) * (len(for_each(pad, count - 1)) // (count - 1)), *for_each(pad, count - 1))
        )
    present = [True] * x.rank if folded else as_map(x, count)
    channels = ax.now(x.dims[-count - 1])
    if not ax.same_size(channels, sizes[0] if transposed else sizes[1] * groups):
        raise PinnedError(f"it takes {sizes[0] if transposed else sizes[1] * groups} channels and gets {channels}")
    args: dict[str, Any] = {
        "out": sizes[1] * groups if transposed else sizes[0],
        "kernel": short([1, *sizes[2:]] if folded else sizes[2:]),
        "stride": short(stride),
        "pad": pad if isinstance(pad, str) else short(pad),
        "dilation": short(dilation),
        "groups": groups,
        "bias": bias is not None,
    }
    if transposed:
        args["output_pad"] = short(output_pad)
    tensor = call.fit(x, present)
    dims: list[Axis | None] = [None] * (count + 1)
    if not folded and not transposed:
        for axis, keeps in enumerate(_keep_sizes(sizes[2:], stride, pad, dilation), start=1):
            dims[axis] = x.dims[axis - count - 1] if keeps else None
    kind = "conv_transpose" if transposed else "conv"
    if folded:
        dims[1] = x.dims[1]
        made = call.weighted(kind, tensor, args, {"weight": weight, "bias": bias}, dims, present, order=FOLDED[count])
        return permute(call, made, (1, 0, *range(2, made.rank)))
    return call.weighted(kind, tensor, args, {"weight": weight, "bias": bias}, [*x.dims[: -count - 1], *dims], present)


def _keep_sizes(kernel: Sequence[Any], stride: Any, pad: Any, dilation: Any) -> list[bool]:
    """Return along which axes a window makes an output as long as its input, whatever that is."""
    count = len(kernel)
    steps, gaps = for_each(stride, count), for_each(dilation, count)
    if isinstance(pad, str):
        return [step == 1 for step in steps]
    pads = for_each(pad, count)
    both = [2 * n for n in pads] if len(pads) == count else [pads[2 * axis] + pads[2 * axis + 1] for axis in range(count)]
    return [step == 1 and total == gap * (size - 1) for step, total, gap, size in zip(steps, both, gaps, kernel, strict=True)]


def linear(call: Call, x: Value, weight: Value, bias: Value | None, features: int) -> Value:
    """Return a linear layer on the last axis; axis `features` of the weight is what goes in."""
    if weight.rank == 1:
        return product(call, x, weight, None)
    sizes = [ax.now(dim) for dim in weight.dims[-2:]]
    if not ax.same_size(ax.now(x.dims[-1]), sizes[features]):
        raise PinnedError(f"it takes {sizes[features]} features and gets {ax.now(x.dims[-1])}")
    present = [*x.present[:-1], True]
    tensor = call.fit(x, present)
    args: dict[str, Any] = {"out": sizes[1 - features], "bias": bias is not None}
    if len(tensor.shape) > 1:
        args["axis"] = -1
    slots = {"weight": weight, "bias": bias}
    return call.weighted("linear", tensor, args, slots, [*x.dims[:-1], weight.dims[-2 + 1 - features]], present)


def product(call: Call, a: Value, b: Value, bias: Value | None) -> Value:
    """Return a product of matrices: a linear layer where the right one is a weight and nothing else."""
    if b.tensor is None and b.weight is not None and b.rank > 1 and all(dim == () for dim in b.dims[:-2]) and not a.known:
        plain = bias if bias is not None and bias.tensor is None and bias.weight is not None and bias.rank == 1 else None
        made = linear(call, a, b, plain, features=0)
        return made if plain is bias or bias is None else joined(call, "add", [made, bias])
    rows, columns = a.rank > 1, b.rank > 1
    left = a if rows else Value(((), *a.dims), a.tensor, (False, *a.present), a.weight)
    right = b if columns else Value((*b.dims, ()), b.tensor, (*b.present, False), b.weight)
    if not ax.alike(left.dims[-1], right.dims[-2]):
        raise PinnedError(f"it multiplies {ax.now(left.dims[-1])} columns by {ax.now(right.dims[-2])} rows")
    leading = broadcast([left.dims[:-2], right.dims[:-2]])
    there = [not ax.is_batch(dim) for dim in leading]
    made = call.make(
        "matmul",
        (
            call.fit(left, [*last_of(there, left.rank - 2), True, True]),
            call.fit(right, [*last_of(there, right.rank - 2), True, True]),
        ),
        {},
        [*leading, left.dims[-2], right.dims[-1]],
        [*there, True, True],
    )
    keep = [*range(len(leading)), *([len(leading)] if rows else []), *([len(leading) + 1] if columns else [])]
    if not (rows and columns):
        made = rearranged(call, made, tuple(made.dims[axis] for axis in keep))
    return made if bias is None else joined(call, "add", [made, bias])


def attention(call: Call, query: Value, key: Value, value: Value, mask: Value | None, heads: int = 1) -> Value:
    """Return scaled dot-product attention of (…, T, D) queries, keys and values."""
    if not ax.alike(query.dims[-1], key.dims[-1]) or not ax.alike(key.dims[-2], value.dims[-2]):
        raise PinnedError("its queries, keys and values no longer fit")
    if query.rank == key.rank == value.rank > 2 and _shares(query, key):
        return _grouped(call, query, key, value, mask)
    leading = broadcast([query.dims[:-2], key.dims[:-2], value.dims[:-2]])
    there = [not ax.is_batch(dim) for dim in leading]
    tensors = [call.fit(each, [*last_of(there, each.rank - 2), True, True]) for each in (query, key, value)]
    if mask is not None:
        scores = broadcast([(*leading, query.dims[-2], key.dims[-2]), mask.dims])
        if len(scores) > len(leading) + 2:
            raise PinnedError("its mask has more axes than its scores")
        if not mask.known:
            tensors.append(call.fit(mask, last_of([*there, True, True], mask.rank)))
    dims = [*leading, query.dims[-2], value.dims[-1]]
    return call.make("attention", tensors, {"heads": heads}, dims, [*there, True, True])


def _shares(query: Value, key: Value) -> bool:
    """Whether several heads of queries have one of the keys: grouped attention."""
    heads, own = ax.was(query.dims[-3]), ax.was(key.dims[-3])
    return 1 < own < heads and heads % own == 0 and ax.is_fixed(query.dims[-3]) and ax.is_fixed(key.dims[-3])


def _grouped(call: Call, query: Value, key: Value, value: Value, mask: Value | None) -> Value:
    """Return attention of which each head of keys and values serves several of queries: these have an axis of their own."""
    own = key.dims[-3]
    each = ax.was(query.dims[-3]) // ax.was(own)
    split = (own, ax.axis(each, each))
    queries = rearranged(call, query, (*query.dims[:-3], *split, *query.dims[-2:]))
    key, value = (rearranged(call, part, (*part.dims[:-2], (), *part.dims[-2:])) for part in (key, value))
    if mask is not None and mask.rank > 2:
        heads = split if mask.dims[-3] != () else ((), ())
        mask = rearranged(call, mask, (*mask.dims[:-3], *heads, *mask.dims[-2:]))
    made = attention(call, queries, key, value, mask)
    return rearranged(call, made, (*query.dims[:-1], made.dims[-1]))


def deform_conv(
    call: Call,
    x: Value,
    weight: Value,
    bias: Value | None,
    offset: Value,
    mask: Value | None,
    *,
    stride: Any,
    pad: Any,
    dilation: Any,
    groups: int,
    offset_groups: int,
) -> Value:
    """Return a deformable convolution: the weight is out×in/groups×k×k, of this layer alone."""
    numbers = [value for value in (weight, bias) if value is not None]
    if weight.rank != 4 or any(
        value.tensor is not None or value.weight is None or (value.weight.same_as or value.weight.name) in call.replay.charged
        for value in numbers
    ):
        return unruled(call)
    sizes = [ax.now(dim) for dim in weight.dims]
    args = {
        "out": sizes[0],
        "kernel": short(sizes[2:]),
        "stride": short(stride),
        "pad": short(pad),
        "dilation": short(dilation),
    }
    args |= {"groups": groups, "offset_groups": offset_groups, "bias": bias is not None}
    tensors = [call.fit(each, as_map(each, 2)) for each in (x, offset, mask) if each is not None]
    made = call.make("deform_conv", tensors, args, [x.dims[0], None, None, None], as_map(x, 2))
    for value in numbers:
        claim(call, value, made)
    return made


def einsum(call: Call, equation: str, operands: Sequence[Value]) -> Value:
    """Return a sum of products by its equation, the batch's letter left out; of one tensor it is a sum and a permutation."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow:
        once = sorted(letter for letter in set(left) if letter.isalpha() and left.count(letter) == 1)
        right = ("..." if "..." in left else "") + "".join(once)
    if len(operands) != len(terms) or len(terms) > 2:
        return unruled(call)
    terms, right = _lettered(terms, right, [operand.rank for operand in operands])
    if any(len(set(term)) != len(term) for term in (*terms, right)):
        return unruled(call)
    if len(terms) == 1:
        summed_up = [axis for axis, letter in enumerate(terms[0]) if letter not in right]
        kept = [letter for letter in terms[0] if letter in right]
        summed = reduce(call, operands[0], summed_up, False, "sum") if summed_up else operands[0]
        return permute(call, summed, [kept.index(letter) for letter in right])
    sizes: dict[str, Axis] = {}
    for term, operand in zip(terms, operands, strict=True):
        for letter, dim in zip(term, operand.dims, strict=True):
            if letter in sizes and not ax.alike(sizes[letter], dim):
                raise PinnedError(f"its axis {letter} is {ax.now(sizes[letter])} and {ax.now(dim)}")
            sizes.setdefault(letter, dim)
    gone = {letter for letter, dim in sizes.items() if ax.is_batch(dim)}
    tensors = [
        call.fit(operand, [letter not in gone for letter in term]) for term, operand in zip(terms, operands, strict=True)
    ]
    short_terms = ["".join(letter for letter in term if letter not in gone) for term in (*terms, right)]
    args = {"equation": f"{short_terms[0]},{short_terms[1]}->{short_terms[2]}"}
    return call.make("einsum", tensors, args, [sizes[letter] for letter in right])


def _lettered(terms: Sequence[str], right: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """Return the terms of an equation, and its output, with letters for the axes that "..." stands for."""
    free = [letter for letter in "ZYXWVUTSRQPONMLKJIHGFEDCBA" if letter not in "".join(terms) + right]
    counts = [rank - len(term.replace("...", "")) for term, rank in zip(terms, ranks, strict=True)]
    most = max((count for term, count in zip(terms, counts, strict=True) if "..." in term), default=0)
    letters = "".join(free[:most])
    found = [term.replace("...", letters[most - count :]) for term, count in zip(terms, counts, strict=True)]
    return found, right.replace("...", letters)


def embedding(call: Call, weight: Value, indices: Value) -> Value:
    """Return a lookup of rows of a table by indices."""
    tokens, out = ax.now(weight.dims[0]), ax.now(weight.dims[1])
    tensor = call.fit(indices)
    slots = {"weight": weight, "bias": None}
    if weight.tensor is not None:
        return unruled(call)
    dims = [*indices.dims, weight.dims[1]]
    return call.weighted("embedding", tensor, {"tokens": tokens, "out": out}, slots, dims, [*indices.present, True])


def recurrent(
    call: Call,
    kind: str,
    x: Value,
    weights: Sequence[Value],
    args: dict[str, Any],
    features: int,
    time: int,
) -> Value:
    """Return a recurrent layer over the axis `time` of a sequence; other axes but the last are sequences of their own."""
    if any(atom.batch and atom.was > 1 for atom in x.dims[time]):
        raise PinnedError("its sequence runs along the axis of the batch, and figures are those of one example")
    order = [axis for axis in range(x.rank - 1) if axis != time] + [time, x.rank - 1]
    x = permute(call, x, order)
    present = [not ax.is_batch(dim) for dim in x.dims[:-2]] + [True, True]
    if any(not there and not ax.is_one(dim) for there, dim in zip(present, x.dims, strict=True)):
        raise PinnedError("its sequences no longer fit")
    tensors = [plainly(call.fit(x, present))]
    made_elsewhere = next((value for value in weights if value.tensor is not None), None)
    if made_elsewhere is not None:  # worked out by other layers, which have the parameters
        for value in weights:
            if value.tensor is None and value.weight is not None:
                call.fit(value)
        tensors.append(call.fit(made_elsewhere))
    made = call.make(kind, tensors, args, [*x.dims[:-1], ax.axis(features, features)], present)
    for value in weights if made_elsewhere is None else ():
        claim(call, value, made)
    return permute(call, made, [order.index(axis) for axis in range(x.rank)])


def dearer(call: Call, branches: Sequence[Any]) -> list[Value]:
    """Return the dearer of the branches of a condition, and say so."""
    return call.replay.branch(call, branches)
