"""What PyTorch's operators make and what its autograd keeps, by storages: the oracle of memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def storage(tensor: Any) -> int:
    """Return what tells one storage from another while both are alive."""
    return int(tensor.untyped_storage()._cdata)


class Log(TorchDispatchMode):  # type: ignore[misc, name-defined]
    """Every operator that runs, with the storages it reads and makes; all are kept alive, so that none is reused."""

    def __init__(self, statistics: bool = False) -> None:
        super().__init__()
        self.statistics = statistics  # of norms: whether they count, as they do on a real device while training
        self.steps: list[tuple[list[int], dict[int, int]]] = []
        self.alive: list[Any] = []

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = operator(*args, **(kwargs or {}))
        reads = [leaf for leaf in tree_leaves((args, kwargs)) if torch.is_tensor(leaf)]
        makes = [leaf for leaf in tree_leaves(result) if torch.is_tensor(leaf)]
        if isinstance(result, tuple) and "max_pool" not in str(operator) and not self.statistics:
            makes = makes[:1]
        self.alive += reads + makes
        self.steps.append(([storage(t) for t in reads], {storage(t): t.untyped_storage().nbytes() for t in makes}))
        return result


def inference(model: Callable[[Any], Any], x: Any, outside: Iterable[Any], statistics: bool = False) -> tuple[int, int]:
    """Return the bytes of all storages that are made, and the most that live at once, each until its last reader.

    Those of `outside` (parameters, buffers) and the input are left out.
    """
    known = {storage(t) for t in (*outside, x)}
    with torch.no_grad(), Log(statistics) as log:
        y = model(x)
    size: dict[int, int] = {}
    born: dict[int, int] = {}
    last: dict[int, int] = {}
    for step, (reads, makes) in enumerate(log.steps):
        for key in (*reads, *makes):
            last[key] = step
        for key in makes.keys() - born.keys() - known:
            born[key], size[key] = step, makes[key]
    last[storage(y)] = len(log.steps)
    live = [0] * (len(log.steps) + 1)
    for key, start in born.items():
        for step in range(start, min(last[key] + 1, len(live))):
            live[step] += size[key]
    return sum(size.values()), max(live)


def kept(model: Callable[[Any], Any], x: Any, outside: Iterable[Any]) -> int:
    """Return the bytes of the storages that the forward pass saves for the backward pass, without `outside` and the input."""
    known = {storage(t) for t in (*outside, x)}
    saved: dict[int, Any] = {}

    def pack(tensor: Any) -> Any:
        saved.setdefault(storage(tensor), tensor.untyped_storage())
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        model(x)
    return sum(held.nbytes() for key, held in saved.items() if key not in known)
