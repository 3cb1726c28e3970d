"""Names of layers: the module they ran in, and the operation where a module has several."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from cnncost.models.importers.records import Record

# Modules of torch.nn that hold others and have operations of their own.
CONTAINERS = ("MultiheadAttention", "LSTM", "GRU", "RNN", "Sequential", "ModuleList", "TransformerEncoderLayer")
WEIGHING = (
    *("conv1d", "conv2d", "conv3d", "conv_transpose2d", "convolution", "linear", "addmm", "mm", "lstm", "gru"),
    *("batch_norm", "native_batch_norm", "native_layer_norm"),
    *("Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization", "LayerNormalization", "LSTM", "GRU", "QLinearConv"),
)


class Module(NamedTuple):
    """The innermost module in which an operation ran: its path, its class, and which call of it this was."""

    path: str
    kind: str
    call: str


def clean(name: str) -> str:
    """Return a name of a file as one that can be printed and typed."""
    return re.sub(r"[^\w.:/#+-]", "_", name)[:200].strip("/.") or "layer"


def named(pairs: Sequence[tuple[Record, Module]]) -> Iterator[Record]:
    """Iterate over the records, each named by the module it ran in: by the module alone where it is its only operation."""
    count = Counter(module for _, module in pairs)
    above = {module.path.rpartition(".")[0] for _, module in pairs}
    weighing = Counter(module for record, module in pairs if _weighs(record))
    taken: Counter[str] = Counter()
    for record, module in pairs:
        path, operation = module.path, record.operation.rpartition("::")[2].strip("_")
        operation = operation if operation.islower() else operation.lower()
        leaf = module.kind.startswith("torch.nn.modules.") and module.kind.rpartition(".")[2] not in CONTAINERS
        alone = path and path not in above and count[module] == 1
        main = path and (leaf or module.kind in ("", "weight")) and _weighs(record) and weighing[module] == 1
        name = path if alone or main else f"{path}.{operation}" if path else operation
        taken[name] += 1
        numbered = name if taken[name] == 1 else f"{name}_{taken[name]}"
        yield replace(record, name=numbered, called="module" if leaf else record.called)


def _weighs(record: Record) -> bool:
    return record.operation.strip("_").removesuffix("_legit_no_training").removesuffix("_legit_functional") in WEIGHING
