"""What records of any format become: layers on the axes of the file, the batch among them, worked out at the size of this run.

A layer's tensor has the axes of one example: those of the file but the batch, wherever that stands. Every join checks that
its axes are equal in the file and now; where they are not, the record is pinned to the size of the export.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from cnncost.base.poly import Num
from cnncost.models.importers import axes as ax
from cnncost.models.importers.axes import Axes, Axis, PinnedError
from cnncost.models.importers.replay import Call, Value
from cnncost.models.importers.sizes import Expression
from cnncost.rules import RULES
from cnncost.rules.shapes import Signal


def place(present: Sequence[bool], axis: int) -> int:
    """Return which axis of the tensor an axis of the file is."""
    return sum(present[:axis])


def moved(dims: Sequence[Axis]) -> bool:
    """Whether a size is no longer what it was."""
    return not all(ax.is_batch(dim) or ax.is_fixed(dim) for dim in dims)


def _map(value: Value, count: int) -> list[bool]:
    """Return which axes a map of `count` spatial axes has: all but the first, if it has one more."""
    if value.rank == count + 2:
        if not ax.is_one(value.dims[0]):
            raise PinnedError(f"it works on {ax.now(value.dims[0])} maps of each example, which layers here do not")
        return [False] + [True] * (count + 1)
    if value.rank != count + 1:
        raise ValueError(f"an input of {value.rank} axes")
    return [True] * (count + 1)


# ── products ─────────────────────────────────────────────────────────────────────────────────────────────────────────


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
    folded = _many(x, count)
    if folded:  # many maps of each example: one more axis, along which the windows are 1
        x = permute(call, x, (1, 0, *range(2, x.rank)))
        count += 1
        stride, dilation, output_pad = (
            (fill, *_axes(n, count - 1)) for n, fill in ((stride, 1), (dilation, 1), (output_pad, 0))
        )
        pad = pad if isinstance(pad, str) else (*(0,) * (len(_axes(pad, count - 1)) // (count - 1)), *_axes(pad, count - 1))
    present = [True] * x.rank if folded else _map(x, count)
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
    kind = "conv_transpose" if transposed else "conv"
    if folded:
        dims[1] = x.dims[1]
        made = call.weighted(kind, tensor, args, {"weight": weight, "bias": bias}, dims, present, order=_FOLDED[count])
        return permute(call, made, (1, 0, *range(2, made.rank)))
    return call.weighted(kind, tensor, args, {"weight": weight, "bias": bias}, [*x.dims[: -count - 1], *dims], present)


_FOLDED = {2: (1, 0, 2), 3: (1, 0, 2, 3)}  # where the axes of the file are among those of the layer


def _many(x: Value, count: int) -> bool:
    """Whether a value holds many maps of each example, as where heads are folded into the batch."""
    return count < 3 and x.rank == count + 2 and not ax.is_one(x.dims[0])


def _axes(numbers: Any, count: int) -> tuple[Any, ...]:
    """Return a number for each axis."""
    return tuple(numbers) if isinstance(numbers, (list, tuple)) else (numbers,) * count


def short(numbers: Any) -> Any:
    """Return one number where all are equal, else a tuple of them."""
    values = tuple(numbers) if isinstance(numbers, (list, tuple)) else (numbers,)
    return values[0] if all(type(value) is int and value == values[0] for value in values) else values


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
            call.fit(left, [*_lead(there, left.rank - 2), True, True]),
            call.fit(right, [*_lead(there, right.rank - 2), True, True]),
        ),
        {},
        [*leading, left.dims[-2], right.dims[-1]],
        [*there, True, True],
    )
    keep = [*range(len(leading)), *([len(leading)] if rows else []), *([len(leading) + 1] if columns else [])]
    if not (rows and columns):
        made = rearranged(call, made, tuple(made.dims[axis] for axis in keep))
    return made if bias is None else joined(call, "add", [made, bias])


def _lead(there: Sequence[bool], count: int) -> list[bool]:
    return list(there[len(there) - count :]) if count else []


def attention(call: Call, query: Value, key: Value, value: Value, mask: Value | None, heads: int = 1) -> Value:
    """Return scaled dot-product attention of (…, T, D) queries, keys and values."""
    if not ax.alike(query.dims[-1], key.dims[-1]) or not ax.alike(key.dims[-2], value.dims[-2]):
        raise PinnedError("its queries, keys and values no longer fit")
    leading = broadcast([query.dims[:-2], key.dims[:-2], value.dims[:-2]])
    there = [not ax.is_batch(dim) for dim in leading]
    tensors = [call.fit(each, [*_lead(there, each.rank - 2), True, True]) for each in (query, key, value)]
    if mask is not None:
        scores = broadcast([(*leading, query.dims[-2], key.dims[-2]), mask.dims])
        if len(scores) > len(leading) + 2:
            raise PinnedError("its mask has more axes than its scores")
        if not mask.known:
            tensors.append(call.fit(mask, _lead([*there, True, True], mask.rank)))
    dims = [*leading, query.dims[-2], value.dims[-1]]
    return call.make("attention", tensors, {"heads": heads}, dims, [*there, True, True])


def einsum(call: Call, equation: str, operands: Sequence[Value]) -> Value:
    """Return a sum of products by its equation, the batch's letter left out."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow:
        right = "".join(sorted(letter for letter in set(left) if letter != "," and left.count(letter) == 1))
    if len(operands) != 2 or len(terms) != 2 or "." in equation:
        return _unruled(call)
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


def _unruled(call: Call) -> Value:
    return call.without_rule()[0]


def embedding(call: Call, weight: Value, indices: Value) -> Value:
    """Return a lookup of rows of a table by indices."""
    tokens, out = ax.now(weight.dims[0]), ax.now(weight.dims[1])
    tensor = call.fit(indices)
    slots = {"weight": weight, "bias": None}
    if weight.tensor is not None:
        return _unruled(call)
    dims = [*indices.dims, weight.dims[1]]
    return call.weighted("embedding", tensor, {"tokens": tokens, "out": out}, slots, dims, [*indices.present, True])


# ── windows ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def windowed(call: Call, kind: str, x: Value, count: int, args: dict[str, Any]) -> Value:
    """Return a pool over the last `count` axes."""
    folded = _many(x, count)
    if folded:
        x = permute(call, x, (1, 0, *range(2, x.rank)))
        for key, value in args.items():
            if isinstance(value, tuple):
                args[key] = (*(0 if key == "pad" else 1,) * (len(value) // count), *value)
        tensor = call.fit(x, [True] * x.rank)
        new: list[Axis | None] = [*x.dims[:2], *[None] * count]
        made = call.make(kind, (tensor,), args, new, [True] * x.rank, order=_FOLDED[count + 1])
        return permute(call, made, (1, 0, *range(2, made.rank)))
    present = _map(x, count)
    for key, value in args.items():
        args[key] = short(value) if isinstance(value, tuple) else value
    dims: list[Axis | None] = [None] * count
    return call.make(kind, (call.fit(x, present),), args, [*x.dims[:-count], *dims], present)


def adaptive(call: Call, kind: str, x: Value, out: Sequence[Any]) -> Value:
    """Return an adaptive pool; to one position it is the global one, its axes kept."""
    count = len(out)
    present = _map(x, count)
    sizes = tuple(ax.now(dim) if size is None else size for dim, size in zip(x.dims[-count:], out, strict=True))
    tensor = call.fit(x, present)
    if all(isinstance(size, int) and size == 1 for size in sizes):
        kind = "global_max_pool" if "max" in kind else "global_avg_pool"
        return call.make(kind, (_channels_first(call, tensor),), {"keep": True}, [*x.dims[:-count], *[()] * count], present)
    dims: list[Axis | None] = [dim if size is None else None for dim, size in zip(x.dims[-count:], out, strict=True)]
    return call.make(kind, (tensor,), {"out": short(sizes)}, [*x.dims[:-count], *dims], present)


def _channels_first(call: Call, tensor: Any) -> Any:
    """Return a tensor whose first axis is said to be its channels: two axes may be tokens, too."""
    if len(tensor.shape) != 2 or isinstance(tensor.shape, Signal):
        return tensor
    return type(tensor)(tensor.tracer, tensor.index, Signal(tensor.shape))


def upsample(call: Call, x: Value, mode: str, size: Sequence[Any] | None, factors: Sequence[float] | None) -> Value:
    """Return an enlarged map: to a stated size, or by factors."""
    count = len(size if size is not None else factors or ())
    present = _map(x, count)
    raw = call.record.arguments.get("output_size")
    follows = isinstance(raw, list) and any(isinstance(part, Expression) for part in raw)
    if size is not None and not follows and moved(x.dims[-count:]):
        raise PinnedError(f"it makes a map of {'×'.join(map(str, size))}, whatever the input")
    args: dict[str, Any] = {"mode": mode}
    if size is not None:
        args["size"] = short(size)
    else:
        args["scale"] = short([int(f) if float(f).is_integer() else float(f) for f in factors or ()])
    new: list[Axis | None] = [None] * count
    return call.make("upsample", (call.fit(x, present),), args, [*x.dims[:-count], *new], present)


def resized(call: Call, x: Value, mode: str, target: Sequence[Any], factors: Sequence[Any]) -> Value:
    """Return a map enlarged along any axes: to a size or by a factor where one is named, wherever the channels stand."""
    changed = [
        axis for axis, (size, factor) in enumerate(zip(target, factors, strict=True)) if size is not None or factor is not None
    ]
    if not changed:
        return x
    first = min(changed)
    front = [axis for axis in range(x.rank) if axis < first and x.present[axis]]
    if len(front) == 1 and x.rank - first <= 3:
        order = None
        spatial = list(range(first, x.rank))
    else:  # channels last
        back = x.rank - 1
        order = [*range(first), back, *range(first, back)]
        x = permute(call, x, order)
        target, factors = ([each[axis] for axis in order] for each in (target, factors))
        spatial = list(range(first + 1, x.rank))
    count = len(spatial)
    present = [*[False] * (x.rank - count - 1), *[True] * (count + 1)]
    tensor = call.fit(x, present)
    modes = {1: {"linear": "linear"}, 2: {"linear": "bilinear", "bicubic": "bicubic"}, 3: {"linear": "trilinear"}}
    args: dict[str, Any] = {"mode": modes.get(count, {}).get(mode, "nearest")}
    if any(target[axis] is not None for axis in spatial):
        args["size"] = short([ax.now(x.dims[axis]) if target[axis] is None else target[axis] for axis in spatial])
    else:
        args["scale"] = short([1 if factors[axis] is None else factors[axis] for axis in spatial])
    made = call.make("upsample", (_channels_first(call, tensor),), args, [*x.dims[:-count], *[None] * count], present)
    if order is None:
        return made
    return permute(call, made, [order.index(axis) for axis in range(x.rank)])


def columns(call: Call, x: Value, kernel: Any, stride: Any, pad: Any, dilation: Any) -> Value:
    """Return the windows of a map as columns: C·k·k × positions."""
    present = _map(x, len(kernel))
    args = {"kernel": short(kernel), "stride": short(stride), "pad": short(pad), "dilation": short(dilation)}
    return call.make(
        "unfold", (call.fit(x, present),), args, [*x.dims[: -len(kernel) - 1], None, None], [*present[:-3], True, True]
    )


def windows_along(call: Call, x: Value, dim: int, size: int, step: int) -> Value:
    """Return the windows along one axis, their elements last."""
    axis = x.axis(dim)
    now = ax.now(x.dims[axis])
    if not isinstance(now, int) or now < size:
        raise PinnedError(f"windows of {size} along {now}")
    count = (now - size) // step + 1
    tensor = call.fit(x, [*x.present[:axis], True, *x.present[axis + 1 :]])
    present = [*x.present[:axis], True, *x.present[axis + 1 :]]
    where = place(present, axis)
    tensor = call.replay.apply("gather", (tensor,), {"count": (count, size), "axis": where}, call.record.name)
    if where + 2 < len(tensor.shape):
        order = (*range(where + 1), *range(where + 2, len(tensor.shape)), where + 1)
        tensor = call.replay.apply("permute", (tensor,), {"order": order}, f"{call.record.name}.permute")
    present = [*present, True]
    return Value(
        call.measured(tensor, [*x.dims[:axis], None, *x.dims[axis + 1 :], ax.axis(size, size)], present), tensor, present
    )


# ── norms ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def norm(
    call: Call,
    kind: str,
    x: Value,
    weight: Value | None,
    bias: Value | None,
    *,
    axis: int,
    args: dict[str, Any],
    stats: Value | None = None,
) -> Value:
    """Return a normalisation along the channels, which are axis `axis` of the file."""
    plain = [
        value is not None and value.tensor is None and value.weight is not None and value.weight.learned
        for value in (weight, bias)
    ]
    known = call.replay.charged
    fresh = [
        there and value is not None and value.weight is not None and (value.weight.same_as or value.weight.name) not in known
        for there, value in zip(plain, (weight, bias), strict=True)
    ]
    args |= {"affine": any(fresh), "scale": fresh[0] or not any(fresh), "offset": fresh[1] or not any(fresh)}
    if kind == "batch_norm":
        args["track"] = stats is not None and stats.weight is not None and stats.weight.name not in known
    present = [*x.present[:axis], True, *x.present[axis + 1 :]] if axis < x.rank else list(x.present)
    args["axis"] = place(present, axis)
    made = call.make(kind, (call.fit(x, present),), args, x.dims, present)
    for there, value in zip(fresh, (weight, bias), strict=True):
        if there:
            claim(call, value, made)
    return made


def claim(call: Call, value: Value | None, made: Value) -> None:
    """Charge numbers of the file to a layer."""
    if value is not None and value.weight is not None and made.tensor is not None:
        name = call.replay.name(made.tensor)
        call.replay.charged.setdefault(value.weight.same_as or value.weight.name, name)


def layer_norm(call: Call, x: Value, weight: Value | None, bias: Value | None, shape: Sequence[int]) -> Value:
    """Return a layer norm over the last axes, whose sizes are stated."""
    count = len(shape)
    for dim, size in zip(x.dims[-count:], shape, strict=True):
        if not ax.same_size(ax.now(dim), size):
            raise PinnedError(f"it normalises {size} numbers and gets {ax.now(dim)}")
    present = [*x.present[:-count], *[True] * count]
    fresh = [
        value is not None
        and value.tensor is None
        and value.weight is not None
        and value.weight.learned
        and (value.weight.same_as or value.weight.name) not in call.replay.charged
        for value in (weight, bias)
    ]
    args = {"affine": any(fresh), "scale": fresh[0] or not any(fresh), "offset": fresh[1] or not any(fresh)}
    tensor = call.fit(x, present)
    over: Any = "all" if len(tensor.shape) == count else tuple(range(-count, 0)) if count > 1 else -1
    made = call.make("layer_norm", (tensor,), {**args, "over": over}, x.dims, present)
    for there, value in zip(fresh, (weight, bias), strict=True):
        if there:
            claim(call, value, made)
    return made


# ── element by element ───────────────────────────────────────────────────────────────────────────────────────────────


def broadcast(shapes: Sequence[Axes]) -> Axes:
    """Return the axes that several broadcast to, aligned from the right. Raises PinnedError where they no longer do."""
    rank = max(map(len, shapes), default=0)
    found: list[Axis] = []
    for place_ in range(-rank, 0):
        dims = [shape[place_] for shape in shapes if len(shape) >= -place_]
        large = [dim for dim in dims if dim != ()]
        first = next((dim for dim in large if not ax.is_batch(dim)), large[0] if large else ())
        for dim in large:
            if dim is not first and not ax.alike(dim, first) and not (ax.is_batch(dim) and ax.was(dim) in (1, ax.was(first))):
                raise PinnedError(f"it joins {ax.now(dim)} with {ax.now(first)}")
        batch = next((dim for dim in large if any(atom.batch for atom in dim)), first)
        found.append(batch if ax.now(batch) is ax.now(first) or ax.alike(batch, first) else first)
    return tuple(found)


def joined(call: Call, kind: str, operands: Sequence[Value]) -> Value:
    """Return an operation on several operands that broadcast; `kind` is a layer type, or elementwise and an operation."""
    args: dict[str, Any] = {}
    kind, _, op = kind.partition(".")
    if len(operands) == 1 and kind not in ("elementwise",):
        kind, op = "elementwise", kind
    if op:
        args["op"] = op
    operands = _batched(operands)
    dims = broadcast([operand.dims for operand in operands])
    there = [not ax.is_batch(dim) for dim in dims]
    tensors = []
    rank = sum(there)
    for operand in operands:
        if operand.known and all(dim == () for dim in operand.dims) and (operand.weight is None or not operand.weight.counted):
            continue  # a number of the program
        if (
            operand.rank == 1
            and rank > 1
            and ax.now(next(d for d, kept in zip(dims, there, strict=True) if kept)) in (1, ax.now(operand.dims[0]))
        ):
            # A vector beside a larger shape may also mean its channels: here it is the last axis.
            operand = Value(
                (*[()] * (len(dims) - 1), *operand.dims),
                operand.tensor,
                [*[False] * (len(dims) - 1), *operand.present],
                operand.weight,
            )
        tensors.append(call.fit(operand, _lead(there, operand.rank)))
    if not tensors:
        return Value(dims)
    if len(tensors) == 1 and kind != "elementwise":
        kind, args = "elementwise", {"op": kind}
    return call.make(kind, tensors, args, dims, there)


def _batched(operands: Sequence[Value]) -> list[Value]:
    """Return operands of which numbers of the program have the batch where the others have it: noise for each example."""
    found = []
    for operand in operands:
        dims = list(operand.dims)
        for other in operands if operand.known else ():
            for back in range(1, min(operand.rank, other.rank) + 1):
                dim = other.dims[-back]
                if ax.is_batch(dim) and ax.was(dim) > 1 and ax.was(dims[-back]) == ax.was(dim):
                    dims[-back] = dim
        found.append(operand if tuple(dims) == operand.dims else Value(tuple(dims), weight=operand.weight))
    return found


def pointwise(call: Call, x: Value, kind: str) -> Value:
    """Return an activation: of its own type where there is one."""
    return call.same(kind, x) if kind in RULES else elementwise(call, x, kind)


def elementwise(call: Call, x: Value, op: str) -> Value:
    """Return an operation on each element, by its name."""
    return call.same("elementwise", x, {"op": op})


def unchanged(call: Call, x: Value) -> Value:
    """Return a value as it is, or a copy of it where the file says that one is made."""
    return elementwise(call, x, "copy") if call.record.storage == "new" and x.tensor is not None else x


def softmax(call: Call, x: Value, dim: int) -> Value:
    """Return a softmax along one axis."""
    axis = x.axis(dim)
    if not x.present[axis]:
        return elementwise(call, x, "softmax")
    return call.same("softmax", x, {"axis": place(x.present, axis)})


def prelu(call: Call, x: Value, weight: Value, axis: int) -> Value:
    """Return a rectifier with learned slopes: one for all, one per channel, or joined like any operand."""
    numbers = math.prod(map(ax.was, weight.dims))
    key = weight.weight and (weight.weight.same_as or weight.weight.name)
    shared = numbers == 1
    fits = shared or (x.rank > axis and numbers == ax.was(x.dims[axis]))
    if (
        weight.tensor is not None
        or weight.weight is None
        or not weight.weight.learned
        or not fits
        or key in call.replay.charged
    ):
        return joined(call, "elementwise.prelu", [x, weight])
    args = {"shared": shared} if shared else {"shared": False, "axis": place(x.present, axis)}
    made = call.same("prelu", x, args)
    claim(call, weight, made)
    return made


# ── shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def rearranged(call: Call, x: Value, dims: Axes, output: int = 0) -> Value:
    """Return the same numbers in the same order on other axes: a layer only where an example's axes change."""
    present = [not ax.is_batch(dim) for dim in dims]
    if x.tensor is None:
        return Value(dims, weight=x.weight, present=present)
    shape = tuple([ax.now(dim) for dim, there in zip(dims, present, strict=True) if there])
    if len(shape) == len(x.tensor.shape) and all(ax.same_size(a, b) for a, b in zip(shape, x.tensor.shape, strict=True)):
        return Value(dims, x.tensor, present)
    if not shape:
        keep = tuple([True] + [False] * (len(dims) - 1))
        if not dims:
            return call.make("squeeze", (x.tensor,), {}, (), ())
        return call.make("reshape", (x.tensor,), {"to": (1,)}, dims, keep)
    if len(shape) == 1 and len(x.tensor.shape) > 1:
        return call.make("flatten", (x.tensor,), {}, dims, present, output=output)
    return call.make("reshape", (x.tensor,), {"to": shape}, dims, present, output=output)


def reshape(call: Call, x: Value, target: Sequence[Any], only: int | None = None) -> Value:
    """Return a reshape to stated sizes, −1 included; `only`: one axis is split into them, the others stay."""
    raw = call.record.arguments.get("size", call.record.arguments.get("shape", call.record.arguments.get("sizes")))
    follows = isinstance(raw, list) and any(isinstance(part, Expression) for part in raw)
    part = x.dims if only is None else (x.dims[only],)
    dims = stated(call, part, target) if follows else ax.reshaped(part, [int(size) for size in target])
    return rearranged(call, x, dims if only is None else (*x.dims[:only], *dims, *x.dims[only + 1 :]))


def stated(call: Call, dims: Axes, target: Sequence[Any], before: Sequence[int] | None = None) -> Axes:
    """Return the axes of a reshape whose sizes follow the input: as they are stated now."""
    total = ax.now(ax.joined(dims))
    rest: Num = 1
    for size in target:
        if not (isinstance(size, int) and size == -1):
            rest = size if isinstance(rest, int) and rest == 1 else rest * size
    sizes = [total // rest if isinstance(size, int) and size == -1 else size for size in target]
    if before is None:
        found = call.replay.exported and call.replay.exported.sizes.get(call.record.outputs[0])
        before = found[-len(sizes) :] if found else [size if isinstance(size, int) else 0 for size in sizes]
    try:
        walked = ax.reshaped(dims, list(before))
    except PinnedError:
        walked = tuple(ax.axis(b, s) for b, s in zip(before, sizes, strict=True))
    found_dims = [
        dim if ax.same_size(ax.now(dim), size) else (*[atom for atom in dim if atom.batch], *ax.axis(old, size))
        for dim, size, old in zip(walked, sizes, before, strict=True)
    ]
    if not any(atom.batch for dim in found_dims for atom in dim):
        batch = [atom for dim in dims for atom in dim if atom.batch]
        ones = [index for index, dim in enumerate(found_dims) if dim == ()] or [0]
        if batch and found_dims:
            found_dims[ones[0]] = (*batch, *found_dims[ones[0]])
    return tuple(found_dims)


def reshape_like(call: Call, x: Value, other: Value) -> Value:
    """Return a value on the axes of another of as many elements."""
    if not ax.same_size(ax.now(ax.joined(x.dims)), ax.now(ax.joined(other.dims))):
        raise PinnedError("the value whose shape it takes has another number of elements")
    return rearranged(call, x, other.dims)


def permute(call: Call, x: Value, order: Sequence[int]) -> Value:
    """Return the axes in another order."""
    dims, present = tuple(x.dims[axis] for axis in order), [x.present[axis] for axis in order]
    if x.tensor is None:
        return Value(dims, weight=x.weight, present=present)
    here = [place(x.present, axis) for axis in order if x.present[axis]]
    if here == sorted(here):
        return Value(dims, x.tensor, present)
    return call.make("permute", (x.tensor,), {"order": tuple(here)}, dims, present)


def expand(call: Call, x: Value, target: Sequence[Any]) -> Value:
    """Return axes of one repeated to stated sizes; −1 keeps, and so does the size that was."""
    lead = len(target) - x.rank
    dims: list[Axis] = []
    for axis, size in enumerate(target):
        own = x.dims[axis - lead] if axis >= lead else ()
        keeps = isinstance(size, int) and (size == -1 or (size == ax.was(own) and axis >= lead))
        if keeps or ax.same_size(size, ax.now(own)):
            dims.append(own)
        elif own != () and not ax.is_batch(own):
            if not ax.same_size(size, ax.now(own)):
                raise PinnedError(f"it expands {ax.now(own)} to {size}")
            dims.append(own)
        else:
            dims.append(_grown(call, axis, size))
    return expanded(call, x, tuple(dims))


def _grown(call: Call, axis: int, size: Any) -> Axis:
    """Return an axis that expand makes: the batch, where the batch is what it is made as many as."""
    batch = call.replay.batch
    if axis == 0 and batch is not None and batch.was > 1 and isinstance(size, int) and size == batch.was:
        return (batch,)
    found = call.replay.exported and call.replay.exported.sizes.get(call.record.outputs[0])
    before = found[axis] if found else size
    return ax.axis(before if isinstance(before, int) else 0, size)


def expanded(call: Call, x: Value, dims: Axes) -> Value:
    """Return a value repeated along its axes of one."""
    lead = len(dims) - x.rank
    if dims[lead:] == x.dims and all(dim == () or ax.is_batch(dim) for dim in dims[:lead]):
        return Value(dims, x.tensor, [False] * lead + list(x.present), x.weight) if lead else x
    if x.known:
        return Value(dims)
    there = [not ax.is_batch(dim) for dim in dims]
    tensor = call.fit(x, _lead(there, x.rank))
    sizes = tuple([ax.now(dim) for dim, kept in zip(dims, there, strict=True) if kept])
    if not sizes:
        return Value(dims, tensor, there)
    return call.make("expand", (tensor,), {"to": sizes}, dims, there)


def expand_like(call: Call, x: Value, other: Value) -> Value:
    """Return a value expanded to the axes of another."""
    return expanded(call, x, broadcast([x.dims, other.dims]))


def tile(call: Call, x: Value, times: Sequence[Any]) -> Value:
    """Return a value repeated along its axes."""
    lead = len(times) - x.rank
    own: list[Axis] = [*[()] * lead, *x.dims]
    dims = tuple(dim if isinstance(n, int) and n == 1 else (*dim, *ax.axis(n, n)) for dim, n in zip(own, times, strict=True))
    if x.known:
        return Value(dims)
    there = [not ax.is_batch(dim) for dim in dims]
    tensor = call.fit(Value(tuple(own), x.tensor, [*[False] * lead, *x.present], x.weight), there)
    if all(isinstance(n, int) and n == 1 for n in times):
        return Value(dims, tensor, there)
    return call.make(
        "tile", (tensor,), {"times": tuple([n for n, kept in zip(times, there, strict=True) if kept])}, dims, there
    )


def concat(call: Call, parts: Sequence[Value], dim: int) -> Value:
    """Return values side by side along an axis; the other axes are equal."""
    axis = parts[0].axis(dim)
    parts = [part for part in parts if part.rank != 1 or ax.was(part.dims[0]) != 0]  # PyTorch lets [] stand for nothing
    parts = [part for part in parts if ax.was(part.dims[axis]) != 0] or list(parts)
    if len(parts) == 1:
        return unchanged(call, parts[0])
    dims: list[Axis | None] = []
    for place_ in range(parts[0].rank):
        if place_ == axis:
            dims.append(None)
            continue
        dims.append(broadcast([(part.dims[place_],) for part in parts])[0])
        sizes = {ax.was(part.dims[place_]) for part in parts}
        if len(sizes) > 1:
            raise PinnedError(f"it puts {sorted(sizes)} side by side")
    there = [place_ == axis or not ax.is_batch(found or ()) for place_, found in enumerate(dims)]
    tensors = [call.fit(part, there) for part in parts]
    made = call.make("concat", tensors, {"axis": place(there, axis)}, dims, there)
    along = [part.dims[axis] for part in parts]
    if any(atom.batch for part in along for atom in part):
        batch = next(atom for part in along for atom in part if atom.batch)
        made.dims = (*made.dims[:axis], (batch, *ax.axis(len(parts), len(parts))), *made.dims[axis + 1 :])
    elif all(map(ax.is_fixed, along)):
        total = sum(map(ax.was, along))
        made.dims = (*made.dims[:axis], ax.axis(total, total), *made.dims[axis + 1 :])
    return made


def stack(call: Call, parts: Sequence[Value], dim: int) -> Value:
    """Return values of one shape along a new axis."""
    axis = parts[0].axis(dim, 1)
    dims = broadcast([part.dims for part in parts])
    there = [not ax.is_batch(found) for found in dims]
    tensors = [call.fit(part, there) for part in parts]
    new = ax.axis(len(parts), len(parts))
    if len(parts) == 1:
        return rearranged(call, parts[0], (*dims[:axis], (), *dims[axis:]))
    return call.make(
        "stack", tensors, {"axis": place(there, axis)}, [*dims[:axis], new, *dims[axis:]], [*there[:axis], True, *there[axis:]]
    )


def split(call: Call, x: Value, axis: int, pieces: Sequence[int], parts: int | None) -> list[Value]:
    """Return the pieces of an axis: so many equal `parts`, or of stated sizes, which then cannot grow."""
    dim = x.dims[axis]
    size = ax.now(dim)
    if moved((dim,)):
        if parts is None or (isinstance(size, int) and size % parts):
            raise PinnedError(f"it cuts {size} into pieces of {', '.join(map(str, pieces))}")
    elif sum(pieces) != ax.was(dim):
        raise ValueError(f"pieces of {sum(pieces)} for an axis of {ax.was(dim)}")
    if x.known:
        return [Value((*x.dims[:axis], ax.axis(piece, piece), *x.dims[axis + 1 :])) for piece in pieces]
    equal = len(set(pieces)) == 1
    present = [*x.present[:axis], True, *x.present[axis + 1 :]]
    tensor = call.fit(x, present)
    where, start, found = place(present, axis), 0, []
    for number, piece in enumerate(pieces):
        if len(pieces) == 1:
            return [Value(x.dims, tensor, present)]
        if equal:
            args: dict[str, Any] = {"parts": len(pieces), "part": number, "axis": where}
            kind = "split"
        else:
            kind, args = "slice", {"start": start, "stop": start + piece, "axis": where}
        new: list[Axis | None] = [*x.dims[:axis], None if moved((dim,)) else ax.axis(piece, piece), *x.dims[axis + 1 :]]
        found.append(call.make(kind, (tensor,), args, new, present, output=number))
        start += piece
    return found


def slice_(call: Call, x: Value, dim: int, start: Any, end: Any, step: Any, *, exact: bool = False) -> Value:
    """Return some indices of an axis; a negative start or end counts from the end, and a step may go backwards.

    `exact`: the numbers are those of this run, not of the export.
    """
    axis = x.axis(dim)
    was, now = ax.was(x.dims[axis]), ax.now(x.dims[axis])
    follows = any(isinstance(call.record.arguments.get(name), Expression) for name in ("start", "end"))
    start = 0 if start is None else start
    if moved((x.dims[axis],)) and not follows and not (exact and isinstance(now, int)):
        whole = end is None or (isinstance(end, int) and end >= was)
        first = start + was if start < 0 else start
        last = was if whole else end + was if end < 0 else end
        if start == 0 and whole:
            start, end = 0, None
        elif whole and start < 0:
            start, end = now + start, None  # the last ones
        elif whole and first < 2:
            start, end = first, None  # all but the first, as of a class token
        elif not whole and end < 0 and start >= 0:
            start, end = first, now + end  # all but the last ones
        elif (first, last) == (0, 1):
            start, end = 0, 1
        else:
            raise PinnedError(f"it takes {first} to {last} of {was}, and there are {now}")
    elif isinstance(now, int):
        places = range(*slice(start, end, step).indices(now)) if step != 0 else range(0)
        if not places and exact:
            return Value((*x.dims[:axis], ax.axis(0, 0), *x.dims[axis + 1 :]))
        if not places:
            raise PinnedError(f"it takes nothing of {now}")
        start, end, step = (places[0], places[-1] + 1, step) if step > 0 else (places[-1], places[0] + 1, -step)
        if end + step > now and (end == now or (now - start + step - 1) // step == len(places)):
            end = None
    if isinstance(start, int) and start == 0 and (end is None or ax.same_size(end, now)) and step == 1:
        return x
    if x.known:
        count = -(-((was if end is None else end) - start) // step)
        return Value((*x.dims[:axis], ax.axis(count, count), *x.dims[axis + 1 :]))
    present = [*x.present[:axis], True, *x.present[axis + 1 :]]
    args = {"start": start, "stop": end, "step": step, "axis": place(present, axis)}
    tensor = call.fit(x, present)
    return call.make("slice", (tensor,), args, [*x.dims[:axis], None, *x.dims[axis + 1 :]], present)


def select(call: Call, x: Value, dim: int, index: Any) -> Value:
    """Return one index of an axis, which goes."""
    axis = x.axis(dim)
    dims = (*x.dims[:axis], *x.dims[axis + 1 :])
    if x.known:
        return Value(dims)
    size = ax.now(x.dims[axis])
    if isinstance(index, int) and index < 0:
        index = size + index
    elif moved((x.dims[axis],)) and not (isinstance(index, int) and index == 0):
        raise PinnedError(f"it takes index {index} of {size}")
    present = [*x.present[:axis], True, *x.present[axis + 1 :]]
    there = [*x.present[:axis], *x.present[axis + 1 :]]
    tensor = call.fit(x, present)
    if len(tensor.shape) == 1:
        return call.make("select", (tensor,), {"index": index, "axis": 0}, dims, there)
    return call.make("select", (tensor,), {"index": index, "axis": place(present, axis)}, dims, there)


def pad(call: Call, x: Value, pads: Sequence[tuple[Num, Num]], mode: str = "constant") -> Value:
    """Return an axis longer by zeros, or shorter where a pad is negative."""
    for axis, (before, after) in enumerate(pads):
        crop = [-n if isinstance(n, int) and n < 0 else 0 for n in (before, after)]
        if any(crop):
            size = ax.now(x.dims[axis])
            tensor = call.fit(x)
            args = {"start": crop[0], "stop": size - crop[1], "axis": place(x.present, axis)}
            x = call.make(
                "slice", (tensor,), args, [*x.dims[:axis], _less(x.dims[axis], sum(crop)), *x.dims[axis + 1 :]], x.present
            )
    more = [tuple(0 if isinstance(n, int) and n < 0 else n for n in pair) for pair in pads]
    grown = [not all(isinstance(n, int) and n == 0 for n in pair) for pair in more]
    if not any(grown):
        return unchanged(call, x)
    present = [there or grow for there, grow in zip(x.present, grown, strict=True)]
    numbers = tuple([n for pair, there in zip(more, present, strict=True) if there for n in pair])
    names = {"reflect": "reflect", "replicate": "replicate", "edge": "replicate", "circular": "circular", "wrap": "circular"}
    dims = [None if grow else dim for dim, grow in zip(x.dims, grown, strict=True)]
    return call.make("pad", (call.fit(x, present),), {"pad": numbers, "mode": names.get(mode, "constant")}, dims, present)


def _less(dim: Axis, by: int) -> Axis:
    return ax.axis(ax.was(dim) - by, ax.now(dim) - by)


def index(call: Call, x: Value, indices: Sequence[Value | None]) -> Value:
    """Return elements by indices, whose shape takes the place of the axes they index."""
    given = [(axis, value) for axis, value in enumerate(indices) if value is not None]
    places = [axis for axis, _ in given]
    if not places or places != list(range(places[0], places[-1] + 1)):
        return _unruled(call)
    if any(ax.is_batch(x.dims[axis]) or moved((x.dims[axis],)) for axis in places):
        raise PinnedError("it takes indices of an axis that has grown")
    taken = broadcast([value.dims for _, value in given])
    front, back = x.dims[: places[0]], x.dims[places[-1] + 1 :]
    dims = (*front, *taken, *back)
    if x.known:
        return Value(dims)
    if len(places) > 1:
        x = rearranged(
            call, Value(x.dims, call.fit(x), x.present), (*front, ax.joined([x.dims[axis] for axis in places]), *back)
        )
    present = [*x.present[: places[0]], True, *x.present[places[0] + 1 :]]
    tensor = call.fit(x, present)
    there = [not ax.is_batch(dim) for dim in taken]
    counts = tuple([ax.now(dim) for dim, kept in zip(taken, there, strict=True) if kept])
    where = place(present, places[0])
    shown = [*present[: places[0]], *there, *present[places[0] + 1 :]]
    if not counts:
        return call.make("select", (tensor,), {"index": 0, "axis": where}, dims, shown)
    return call.make("gather", (tensor,), {"count": counts if len(counts) > 1 else counts[0], "axis": where}, dims, shown)


def taken(call: Call, x: Value, dims: Axes) -> Value:
    """Return elements chosen one by one: of the axes named."""
    if moved(x.dims):
        raise PinnedError("it takes elements by indices of the export")
    if x.known:
        return Value(dims)
    there = [not ax.is_batch(dim) for dim in dims]
    tensor = call.fit(x)
    shape = tuple([ax.now(dim) for dim, kept in zip(dims, there, strict=True) if kept])
    if not tensor.shape or not shape:
        return Value(dims, tensor, there)
    differing = [place_ for place_, (a, b) in enumerate(zip(tensor.shape, shape, strict=False)) if not ax.same_size(a, b)]
    if len(tensor.shape) == len(shape) and len(differing) <= 1:
        axis = differing[0] if differing else 0
        return call.make("gather", (tensor,), {"count": shape[axis], "axis": axis}, dims, there)
    flat = call.replay.apply("flatten", (tensor,), {}, f"{call.record.name}.flatten")
    return call.make("gather", (flat,), {"count": shape, "axis": 0}, dims, there)


REDUCTIONS = {"argmin": "argmax"}


def reduce(call: Call, x: Value, axes: Sequence[int], keep: bool, op: str) -> Value:
    """Return a reduction over some axes of the file; the mean over a map's positions is the global pool."""
    dims = [() if axis in axes else dim for axis, dim in enumerate(x.dims) if keep or axis not in axes]
    gone = [place(x.present, axis) for axis in axes if x.present[axis]]
    present = [x.present[axis] for axis in range(x.rank) if keep or axis not in axes]
    tensor = call.fit(x)
    if not gone:
        return Value(tuple(dims), tensor, present)
    rank = len(tensor.shape)
    if op in ("mean", "max") and rank == 3 and sorted(gone) == [1, 2]:
        kind = "global_avg_pool" if op == "mean" else "global_max_pool"
        return call.make(kind, (tensor,), {"keep": keep}, dims, present)
    args = {"op": REDUCTIONS.get(op, op), "axes": tuple(sorted(gone)), "keep": keep}
    return call.make("reduce", (tensor,), args, dims, present)


def blocks(call: Call, kind: str, x: Value, size: int) -> Value:
    """Return channels as positions, or positions as channels."""
    present = _map(x, 2)
    return call.make(kind, (call.fit(x, present),), {"size": size}, [*x.dims[:-3], None, None, None], present)


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


def plainly(tensor: Any) -> Any:
    """Return a tensor of which nothing is said about where its channels are: the axes of a layer are named."""
    if type(tensor.shape) is tuple:
        return tensor
    return type(tensor)(tensor.tracer, tensor.index, tuple(tensor.shape))


def dearer(call: Call, branches: Sequence[Any]) -> list[Value]:
    """Return the dearer of the branches of a condition, and say so."""
    return call.replay.branch(call, branches)
