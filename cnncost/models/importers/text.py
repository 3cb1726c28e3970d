"""What the readers of text formats share: bytes as text under a cap, and what they say below the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cnncost.base.errors import CnncostError, ModelError, UsageError
from cnncost.graph.graph import Tensor, trace
from cnncost.rules import show

LARGEST_TEXT = 8 << 20  # bytes; the largest network file seen is 236 KB
LARGEST_NUMBER = 10**18  # beyond it a number in a file is a slip or an attack, not a size


def text_of(data: Any, name: str, largest: int = LARGEST_TEXT) -> str:
    """Return a file's bytes as text: UTF-8, with or without its mark, else Latin-1. Raises UsageError past `largest`."""
    if len(data) > largest:
        raise UsageError(
            f"'{name}' is {len(data):,} bytes long, more than the {largest:,} that are read",
            "a description of a network is a few hundred kilobytes at most: is this the file with the weights?",
        )
    try:
        return bytes(data[:]).decode("utf-8-sig")
    except UnicodeDecodeError:
        return bytes(data[:]).decode("latin-1")


def counted(words: Iterable[str]) -> str:
    """Return how often each word comes, in order of first sight: "12 Permute, 6 PriorBox".

    >>> counted(["Permute", "PriorBox", "Permute"])
    '2 Permute, 1 PriorBox'
    """
    return ", ".join(f"{count} {word}" for word, count in Counter(words).items())


def say_buffers(x: Tensor, format: str) -> None:
    """Say how many numbers a format counts as weights that are not learned: its users know the sum."""
    nodes = x.tracer.nodes
    params, buffers = sum(node.cost.params for node in nodes), sum(node.cost.buffers for node in nodes)
    if type(params) is int and type(buffers) is int and buffers:
        x.note(f"+{buffers:,} buffers = {params + buffers:,} in {format}")


def in_numbers(*shapes: Any) -> bool:
    """Whether all sizes of some shapes are plain numbers: no letters, no columns, none open."""
    return all(shape is not None and all(type(size) is int for size in shape) for shape in shapes)


def as_stated(xs: Sequence[Tensor], shapes: Iterable[Any]) -> bool:
    """Whether tensors have the shapes that a file states; letters and columns never have, and are not asked."""
    stated = list(shapes)
    numbers = in_numbers(*stated, *(x.shape for x in xs))
    return numbers and all(tuple(shape) == tuple(x.shape) for shape, x in zip(stated, xs, strict=True))


def say_growth(xs: Sequence[Tensor], own: Any, function: Callable[..., Any]) -> None:
    """Say where other inputs than the file's change how many parameters there are: layers behind flatten grow with them."""
    shapes = list(own.values()) if isinstance(own, dict) else [own]
    given = [x.shape for x in xs]
    if own is None or not in_numbers(*shapes, *given) or as_stated(xs, shapes):
        return
    try:
        before = sum(node.cost.params for node in trace(function, own).nodes)
    except CnncostError:  # the file's own size is refused: there is nothing to compare with
        return
    now = sum(node.cost.params for node in xs[0].tracer.nodes)
    if now != before:
        at, was = (" and ".join(map(show, each)) for each in (given, shapes))
        xs[0].note(f"parameters change with the input: {before:,} at the file's {was}, {now:,} at {at}")


def as_input(shapes: Mapping[str, Any]) -> Any:
    """Return the input of a model: a shape, or a mapping of names to shapes where there are several; None for unknown ones."""
    return next(iter(shapes.values())) if len(shapes) == 1 else dict(shapes) or None


def require_inputs(xs: Sequence[Tensor], shapes: Mapping[str, Any]) -> None:
    """Raise ModelError unless there is a tensor for each of a network's inputs, of as many axes where the file tells."""
    if len(xs) != len(shapes):
        listed = ", ".join(shapes)
        raise ModelError(
            f"it reads {len(shapes)} inputs: {listed}",
            "give each its shape: " + " ".join(f"--input {name}=3,224,224" for name in shapes),
        )
    for x, (name, shape) in zip(xs, shapes.items(), strict=True):
        if not shape or len(x.shape) == len(shape):
            continue
        own = ["…" if size is None else str(size) for size in shape]
        which, option = (f" '{name}'", f"{name}=") if len(shapes) > 1 else ("", "")
        axes = "1 axis" if len(x.shape) == 1 else f"{len(x.shape)} axes"
        raise ModelError(
            f"its input{which} is {'×'.join(own)}, and {show(x.shape)} has {axes}",
            f"give the shape of one example, without a batch: --input {option}{','.join(own)}",
        )
