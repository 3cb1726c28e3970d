"""Operations of PyTorch that rearrange, cut, join and reduce."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncost.base.poly import Num
from cnncost.models.importers import axes as ax
from cnncost.models.importers import layers
from cnncost.models.importers.aten_products import listed
from cnncost.models.importers.axes import PinnedError
from cnncost.models.importers.call import Call
from cnncost.models.importers.records import Ref
from cnncost.models.importers.values import Value

END = 2**63 - 1  # the end of a slice that goes to the end


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
