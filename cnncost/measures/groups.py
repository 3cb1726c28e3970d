"""Groups of layers that fit every network: by scope, by the resolution of the map, by type.

Scopes are what the author named: 74 of the zoo's networks put more than nine tenths of their FLOPs into one. Resolutions
line up across networks: a layer stands at `1/4` when its output has a quarter of the input's positions along each axis, on
average and to the nearest power of two; tokens stand where the map stood that they came from; vectors are the `head`, but for
those that return to a map, as squeeze-and-excitation's do: they stand at that map's resolution.
"""

from __future__ import annotations

from math import log2, prod

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.graph.graph import Graph
from cnncost.rules import Shape

WAYS = ("scope", "resolution", "type")
ALSO = {"stage": "resolution", "kind": "type"}  # other words for them
HEAD = "head"


def way(by: str) -> str:
    """Return a way of grouping by its name. Raises UsageError for an unknown one."""
    by = ALSO.get(by, by)
    if by not in WAYS:
        raise UsageError(f"cannot group by '{by}'", did_you_mean(by, WAYS, f"groups: {', '.join(WAYS)}"))
    return by


def coarseness(stage: str) -> tuple[bool, float]:
    """Return the key by which stages are sorted: finer maps first, the head last."""
    if stage == HEAD:
        return True, 0.0
    over, under = stage.split("/")
    return False, int(under) / int(over)


def resolutions(graph: Graph) -> list[str]:
    """Return the stage of each layer: "1/1", "1/2", …, "2/1" for a map finer than the input, or "head".

    Raises UsageError where sizes are letters.

    >>> import cnncost
    >>> list(dict.fromkeys(resolutions(cnncost.load("vgg16").trace())))
    ['1/1', '1/2', '1/4', '1/8', '1/16', '1/32', 'head']
    """
    whole = _positions(graph.input, graph.input)
    found: list[str | None] = []
    for index, node in enumerate(graph.nodes):
        here = _positions(node.cost.shape, graph.input)
        if here is None and len(node.cost.shape) == 2 and node.inputs:  # tokens
            before = found[node.inputs[0]]
            found.append(before)
        elif index == 0 or (here is not None and (here > 1 or whole == 1)):
            found.append(_stage(whole or 1, here or 1, len(graph.input) - 1))
        else:
            found.append(None)
    for index in range(len(found) - 1, 0, -1):  # what returns to a map stands there
        if found[index] is not None:
            for source in graph.nodes[index].inputs:
                if source and found[source] is None:
                    found[source] = found[index]
    return [stage or HEAD for stage in found[1:]]


def _positions(shape: Shape, input: Shape) -> int | None:
    """Return how many positions a map has; None for vectors, and for tokens."""
    if len(shape) < 2 or len(shape) != len(input):
        return None
    sizes = shape[1:]
    if not all(isinstance(size, int) for size in sizes):
        raise UsageError("resolutions need numbers", "give the symbols numbers")
    return int(prod(sizes))


def _stage(whole: int, here: int, axes: int) -> str:
    octaves = round(log2(whole / here) / max(axes, 1))
    return f"1/{2**octaves}" if octaves >= 0 else f"{2**-octaves}/1"
