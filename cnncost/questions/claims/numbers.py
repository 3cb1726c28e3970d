"""What can be counted of a network: all of it or a part, by every convention, its parameters, and what it takes in bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from cnncost.base import usual
from cnncost.base.record import dataclass
from cnncost.base.units import DTYPES
from cnncost.counting import Convention
from cnncost.counting.convention import LECTURE_MEMORY, NORMS
from cnncost.graph.graph import Graph
from cnncost.questions.claims.said import Counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cnncost.counting.counts import Counts as Columns

COMMON = ("lecture", "macs", "fvcore", "ptflops", "thop", "torch", "calflops", "keras")  # whose figures are often quoted
CONVOLUTIONS = ("conv", "conv_transpose")
BITS = (32, 16, 8, 4, 3, 2)  # of weights and of activations, in papers on quantisation
HEAD = ("linear", "relu", "dropout", "flatten", "softmax", "sigmoid", "silu", "hardswish")  # of a classifier, from its end


@dataclass(frozen=True, slots=True)
class Number:
    """One number that describes a network: what is counted, the price of a multiply-add in it, and how unusual that is."""

    way: str
    counts: Counts
    multiply_add: int
    value: int
    departs: int


Part: TypeAlias = "tuple[str, NDArray[Any], int]"  # its name, which layers are in it, how unusual it is


def numbers(graph: Graph, chosen: Sequence[Convention], asked: Counts | None, whole: bool = False) -> Iterator[Number]:
    """Iterate over the numbers that describe a network: of all its layers and of some, by each convention.

    `asked` is what alone is wanted, of flops, params and bytes; where it is None, flops and params are. `whole` asks for the
    parts that end at a layer, and for memory while the network runs.
    """
    from cnncost.counting.counts import Counts as Columns  # imports numpy: a claim that cannot be read comes before it

    counts = Columns(graph)
    parts = list(_parts(graph))
    if asked in (None, "flops"):
        yield from _flops(counts, chosen, parts, list(_beginnings(graph)) if whole else [])
        if whole:
            yield from _bit_operations(counts.columns["macs"])
    if asked in (None, "params"):
        yield from _params(counts, chosen, parts)
    if asked == "bytes":
        yield from _bytes(counts, chosen, parts, whole)


def _parts(graph: Graph) -> Iterator[Part]:
    """Iterate over the parts of a network that are counted by themselves."""
    import numpy as np

    kinds = [node.kind for node in graph.layers]
    head = len(kinds)
    while head and kinds[head - 1] in HEAD:
        head -= 1

    def part(name: str, departs: int, chosen: Callable[[int, str], bool]) -> Part:
        return name, np.array([chosen(index, kind) for index, kind in enumerate(kinds)], dtype=bool), departs

    yield part("", 0, lambda index, kind: True)
    yield part("convolutions only", 1, lambda index, kind: kind in CONVOLUTIONS)
    yield part("without the head", 1, lambda index, kind: index < head)
    yield part("without norms", 1, lambda index, kind: kind not in NORMS)


def _beginnings(graph: Graph) -> Iterator[Part]:
    """Iterate over the beginnings of a network: to each pooling layer, and to the end of each part that has a name."""
    import numpy as np

    layers = graph.layers
    tops = [node.name.split(".")[0] for node in layers]
    for index, node in enumerate(layers[:-1]):
        ends = tops[index] != tops[index + 1]
        if ends or "pool" in node.kind:
            name = tops[index] if ends else node.name
            yield f"to {name}", np.arange(len(layers)) <= index, 3


def _flops(
    counts: Columns, chosen: Sequence[Convention], parts: Sequence[Part], beginnings: Sequence[Part]
) -> Iterator[Number]:
    for each in chosen:
        column = counts.charge(each, "flops")
        price = each.per_multiply_add("conv")
        unusual = int(each.name not in COMMON)
        for name, value, departs in _sums(column, (*parts, *(beginnings if each.name in COMMON[:2] else ()))):
            way = f"{each.name} ({name})" if name else each.name
            yield Number(way, "flops", price, value, departs + unusual)


def _bit_operations(macs: NDArray[Any]) -> Iterator[Number]:
    """Iterate over multiply-adds times the bits of both factors: the same in all layers, or 8 in the first and in the last."""
    with_any = [int(number) for number in macs if number]
    for bits in BITS:
        yield Number(f"bit operations of {bits} bits", "flops", 0, sum(with_any) * bits**2, 2 + (bits != 32))
        if bits < 8 and len(with_any) > 1:
            ends = (with_any[0] + with_any[-1]) * (8**2 - bits**2)
            words = f"bit operations of {bits} bits, 8 in the first and the last layer"
            yield Number(words, "flops", 0, sum(with_any) * bits**2 + ends, 3)


def _sums(column: NDArray[Any], parts: Sequence[Part]) -> Iterator[tuple[str, int, int]]:
    """Iterate over what the parts of a network sum to; a part that leaves out nothing says nothing."""
    total = int(column.sum())
    for name, where, departs in parts:
        value = int(column[where].sum())
        if not name or value != total:
            yield name, value, departs


def _params(counts: Columns, chosen: Sequence[Convention], parts: Sequence[Part]) -> Iterator[Number]:
    """Iterate over parameters: as they are, and of the same network with small differences that other programs make."""
    layers = counts.graph.layers
    biases = sum(node.cost.shape[0] for node in layers if node.kind in CONVOLUTIONS and node.args.get("bias") is False)
    scales = sum(node.cost.params // 2 for node in layers if node.kind == "batch_norm" and node.args.get("affine"))
    channels = counts.graph.nodes[0].cost.shape[0]
    twins = (
        ("", 0, 0),
        ("with biases in all convolutions", biases, 1),
        ("norms without a scale", -scales, 1),
        ("the input normalised", 2 * channels + 1, 1),
    )
    for each in chosen:
        if each.name != usual.CONVENTION and not (each.params and each.name == each.name.split("_")[0]):
            continue
        column = counts.charge(each, "params")
        words = "params" if each.name == usual.CONVENTION else f"params by {each.name}"
        unusual = int(each.name != usual.CONVENTION)
        for name, value, departs in _sums(column, parts):
            rare = departs + unusual + (name == "convolutions only")
            yield Number(f"{words} ({name})" if name else words, "params", 0, value, rare)
        for name, more, departs in twins:
            if more and (each.name == "keras" or name != "the input normalised"):
                yield Number(f"{words} ({name})", "params", 0, int(column.sum()) + more, departs + unusual)


def _bytes(counts: Columns, chosen: Sequence[Convention], parts: Sequence[Part], whole: bool) -> Iterator[Number]:
    for each in chosen:
        if each.name != usual.CONVENTION and each.memory is LECTURE_MEMORY:
            continue
        column = counts.charge(each, "memory") * DTYPES["float32"]
        words = "memory" if each.name == usual.CONVENTION else f"memory by {each.name}"
        unusual = int(each.name not in COMMON)
        for name, value, departs in _sums(column, parts):
            yield Number(f"{words} ({name})" if name else words, "bytes", 0, value, departs + unusual)
    params, buffers = (int(counts.columns[letter].sum()) for letter in ("params", "buffers"))
    for name, count, departs in _sums(counts.columns["params"], parts):
        if name:
            yield Number(f"weights in float32 ({name})", "bytes", 0, count * DTYPES["float32"], departs + 1)
    for dtype in ("float32", "float16", "int8"):
        for name, count, departs in (("weights", params, 0), ("weights and statistics", params + buffers, 1)):
            unusual = departs + (dtype != "float32")
            yield Number(f"{name} in {dtype}", "bytes", 0, count * DTYPES[dtype], unusual)
    if whole:
        from cnncost.measures.memory import memory

        plan = memory(counts.graph)
        for name, value in (("peak memory", plan.peak_bytes), ("kept memory", plan.kept_bytes)):
            yield Number(name, "bytes", 0, int(value), 1)
        yield Number("training memory", "bytes", 0, int(plan.training_bytes), 1)
