"""ONNX operators that rearrange, cut, join and reduce; and those that choose what runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from cnncost.models.importers import axes as ax
from cnncost.models.importers import layers
from cnncost.models.importers.axes import Axis, PinnedError
from cnncost.models.importers.call import Call, Translation
from cnncost.models.importers.onnx_elements import weight
from cnncost.models.importers.onnx_folding import Numbers, fold
from cnncost.models.importers.onnx_inputs import attribute, before, given, listed, needed, numbers
from cnncost.models.importers.onnx_tensors import Graph
from cnncost.models.importers.values import Value


def reshape(call: Call) -> Value:
    """Reshape: 0 keeps the size of the input (unless allowzero), −1 is what the others leave."""
    x = needed(call)
    target = listed(call, "shape", 1) or []
    earlier = before(call, 1) or target
    keep = not attribute(call, "allowzero", 0)
    zero = [keep and isinstance(size, int) and size == 0 for size in target]
    old = [ax.was(x.dims[place]) if kept else size for place, (size, kept) in enumerate(zip(earlier, zero, strict=True))]
    if all(ax.same_size(a, b) for a, b in zip(earlier, target, strict=True)):
        made = layers.rearranged(call, x, _kept(x, zero, ax.reshaped(x.dims, old)))
    else:
        new = [ax.now(x.dims[place]) if kept else size for place, (size, kept) in enumerate(zip(target, zero, strict=True))]
        made = layers.rearranged(call, x, layers.stated(call, x.dims, new, ax.resolved(math.prod(map(ax.was, x.dims)), old)))
    content = numbers(x)
    if content is not None and made.tensor is None:
        made.content = Numbers(content.values, tuple(map(ax.now, made.dims)))
    return made


def _kept(x: Value, zero: Sequence[bool], dims: Sequence[Axis]) -> tuple[Axis, ...]:
    """Return axes with those that 0 keeps as the input has them, as far as the atoms before them agree."""
    if all(zero[: len(dims)]) and len(dims) == x.rank:
        return x.dims
    return tuple(dims)


def flatten(call: Call) -> Value:
    """Flatten to two axes."""
    x = needed(call)
    axis = attribute(call, "axis", 1)
    axis = axis + x.rank if axis < 0 else axis
    return layers.rearranged(call, x, (ax.joined(x.dims[:axis]), ax.joined(x.dims[axis:])))


def squeeze(call: Call) -> Value:
    """Squeeze the axes named, or all of one."""
    x = needed(call)
    axes = listed(call, "axes", 1)
    gone = (
        [x.axis(n) for n in axes]
        if axes is not None
        else [n for n, dim in enumerate(x.dims) if ax.was(dim) == 1 and not ax.is_batch(dim)]
    )
    if any(not ax.is_one(x.dims[place]) for place in gone):
        raise PinnedError("it drops an axis of one, which has grown")
    return layers.rearranged(call, x, tuple(dim for place, dim in enumerate(x.dims) if place not in gone))


def unsqueeze(call: Call) -> Value:
    """Unsqueeze: new axes of one, counted in the result."""
    x = needed(call)
    axes = listed(call, "axes", 1) or []
    rank = x.rank + len(axes)
    new = sorted(n % rank for n in axes)
    dims = list(x.dims)
    for place in new:
        dims.insert(place, ())
    return layers.rearranged(call, x, tuple(dims))


def transpose(call: Call) -> Value:
    """Transpose; without perm the axes are reversed."""
    x = needed(call)
    return layers.permute(call, x, attribute(call, "perm", list(range(x.rank))[::-1]))


def expand(call: Call) -> Value:
    """Expand: broadcasts with a shape."""
    x = needed(call)
    target = listed(call, "", 1) or []
    rank = max(len(target), x.rank)
    sizes = [1] * (rank - len(target)) + list(target)
    lead = rank - x.rank
    wanted = [
        -1 if place >= lead and isinstance(size, int) and size in (1, ax.was(x.dims[place - lead])) else size
        for place, size in enumerate(sizes)
    ]
    return layers.expand(call, x, wanted)


def tile(call: Call) -> Value:
    """Tile."""
    return layers.tile(call, needed(call), listed(call, "", 1) or [])


def concat(call: Call) -> Value:
    """Concat."""
    return layers.concat(call, call.operands, attribute(call, "axis", 0))


def split(call: Call) -> list[Value]:
    """Split: of stated sizes, or into as many equal parts as there are outputs."""
    x = needed(call)
    axis = x.axis(attribute(call, "axis", 0))
    pieces = listed(call, "split", 1)
    size = ax.was(x.dims[axis])
    parts = None
    if pieces is None:
        count = attribute(call, "num_outputs", len(call.record.outputs))
        if not 0 < count <= len(call.record.outputs):
            raise ValueError(f"{count} parts")
        step = -(-size // count)
        pieces = [min(step, size - start) for start in range(0, size, step)]
        parts = count if size % count == 0 else None
    return layers.split(call, x, axis, pieces, parts)


def slice_(call: Call) -> Value:
    """Slice: several axes at once; attributes below opset 10."""
    x = needed(call)
    starts, ends = listed(call, "starts", 1) or [], listed(call, "ends", 2) or []
    axes = listed(call, "axes", 3) or list(range(len(starts)))
    steps = listed(call, "", 4) or [1] * len(starts)
    content = numbers(x)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        size = ax.now(x.dims[x.axis(axis)])
        if isinstance(end, int) and end >= 2**31 - 1:
            end = None
        if isinstance(step, int) and step < 0 and isinstance(end, int) and isinstance(size, int) and end < -size:
            end = None
        if isinstance(step, int) and step < 0 and isinstance(start, int) and start >= 2**31 - 1:
            start = None
        x = layers.slice_(call, x, axis, start, end, step, exact=True)
    if content is not None and x.tensor is None:
        made = fold("Slice", [numbers(given(call, n)) for n in range(len(call.record.inputs))], call.record.arguments)
        x = Value(x.dims, weight=x.weight, content=made)
    return x


def gather(call: Call) -> Value:
    """Gather along an axis: a lookup in a table of weights, an index, or several."""
    x, at = needed(call), needed(call, 1)
    axis = x.axis(attribute(call, "axis", 0))
    if x.tensor is None and x.weight is not None and x.weight.learned and axis == 0 and x.rank == 2 and at.tensor is not None:
        return layers.embedding(call, x, at)
    where = numbers(at)
    if where is not None and where.sizes == ():
        if ax.is_batch(x.dims[axis]):
            return Value((*x.dims[:axis], *x.dims[axis + 1 :]), x.tensor, [*x.present[:axis], *x.present[axis + 1 :]])
        return layers.select(call, x, axis, where.one)
    indices: list[Value | None] = [None] * axis + [at]
    return layers.index(call, x, indices)


def gather_elements(call: Call) -> Value:
    """GatherElements: an element for each index."""
    return layers.taken(call, needed(call), needed(call, 1).dims)


def gather_nd(call: Call) -> Value:
    """GatherND: an element, or a part, for each row of indices."""
    x, at = needed(call), needed(call, 1)
    return layers.taken(call, x, (*at.dims[:-1], *x.dims[attribute(call, "batch_dims", 0) + ax.was(at.dims[-1]) :]))


def one_hot(call: Call) -> Value:
    """OneHot: a new axis with a place for each index."""
    x = needed(call)
    depth = (listed(call, "", 1) or [1])[0]
    axis = x.axis(attribute(call, "axis", -1), 1)
    wide = layers.rearranged(call, x, (*x.dims[:axis], (), *x.dims[axis:]))
    sizes = [depth if place == axis else -1 for place in range(wide.rank)]
    return layers.elementwise(call, layers.expand(call, wide, sizes), "one_hot")


def center_crop(call: Call) -> Value:
    """CenterCropPad: cut, or padded with zeros, on both sides to stated sizes."""
    x = needed(call)
    target = listed(call, "", 1) or []
    axes = [x.axis(n) for n in attribute(call, "axes", list(range(x.rank)))]
    pads: list[tuple[Any, Any]] = [(0, 0)] * x.rank
    for axis, size in zip(axes, target, strict=True):
        now = ax.now(x.dims[axis])
        if not isinstance(now, int) or not isinstance(size, int):
            raise PinnedError("it cuts a size that is a symbol")
        if size < now:
            start = (now - size) // 2
            x = layers.slice_(call, x, axis, start, start + size, 1, exact=True)
        pads[axis] = (max(0, size - now) // 2, max(0, size - now) - max(0, size - now) // 2)
    return layers.pad(call, x, pads)


def top_k(call: Call) -> list[Value]:
    """TopK along an axis."""
    x = needed(call)
    axis = x.axis(attribute(call, "axis", -1))
    count = (listed(call, "", 1) or [attribute(call, "k", 1)])[0]
    made = layers.taken(call, x, (*x.dims[:axis], ax.axis(count, count), *x.dims[axis + 1 :]))
    return [made] * len(call.record.outputs)


def pad(call: Call) -> Value:
    """Pad: all begins, then all ends; of all axes or of those named."""
    x = needed(call)
    found = attribute(call, "pads", attribute(call, "paddings"))
    found = listed(call, "", 1) if found is None else found
    if found is None:
        raise LookupError("it has no pads")
    named = listed(call, "", 3)
    axes = [x.axis(n) for n in named] if named is not None else list(range(x.rank))
    pads: list[tuple[Any, Any]] = [(0, 0)] * x.rank
    for place, axis in enumerate(axes):
        pads[axis] = (found[place], found[place + len(axes)])
    return layers.pad(call, x, pads, attribute(call, "mode", "constant"))


def reduce(op: str) -> Translation:
    """Return the translation of a reduction; its axes stay unless keepdims is 0."""

    def translate(call: Call) -> Value:
        x = needed(call)
        if op in ("argmax", "argmin"):
            axes: list[Any] | None = [attribute(call, "axis", 0)]
        else:
            axes = listed(call, "axes", 1)
        if not axes and attribute(call, "noop_with_empty_axes", 0):
            return x
        wanted = [x.axis(n) for n in axes] if axes else list(range(x.rank))
        return layers.reduce(call, x, wanted, bool(attribute(call, "keepdims", 1)), op)

    return translate


def depth_to_space(call: Call) -> Value:
    """DepthToSpace."""
    return layers.blocks(call, "depth_to_space", needed(call), attribute(call, "blocksize", 1))


def space_to_depth(call: Call) -> Value:
    """SpaceToDepth."""
    return layers.blocks(call, "space_to_depth", needed(call), attribute(call, "blocksize", 1))


def conditional(call: Call) -> list[Value]:
    """If: the branch that the condition takes where it is known, else the dearer."""
    sides = [call.record.arguments.get(name) for name in ("then_branch", "else_branch")]
    graphs = [side for side in sides if isinstance(side, Graph)]
    if len(graphs) != 2:
        raise LookupError("it has not two branches")
    for graph in graphs:
        for name, tensor in graph.weights.items():
            call.replay.values[name] = Value(ax.fixed(tensor.dims), weight=weight(call, tensor, name))
    known = numbers(needed(call))
    if known is not None and len(known.values) == 1:
        graphs = [graphs[0] if known.one else graphs[1]]
    return call.replay.branch(call, [Side(graph) for graph in graphs])


class Side:
    """A branch of If: it reads the names of the graph around it."""

    def __init__(self, graph: Graph) -> None:
        self.inputs: tuple[str, ...] = ()
        self.records, self.outputs = graph.records, tuple(graph.outputs)


def refused(call: Call) -> Value:
    """Loop, Scan and the like: how often they run is not in the file."""
    raise PinnedError(
        "how often it runs is not in the file, so its cost is not known",
        "export the network without it (PyTorch's exporter unrolls loops of a fixed length), or the body as a file of its own",
    )


def blocked(call: Call) -> Value:
    """Operators on blocks of channels, which onnxruntime writes for one type of processor: weights are padded in them."""
    raise PinnedError(
        "onnxruntime has written the file for one type of processor, with weights that are padded",
        "give the file that it was made from, or optimise it no further than ORT_ENABLE_EXTENDED",
    )
