"""PyTorch as the oracle of memory: what its operators make, and what its autograd keeps, of every convolutional network there.

Nothing here is needed to use or to build cnncost: without PyTorch and torchvision these tests are skipped. Tensors live on the
"meta" device: storages have sizes and no contents, so that all of them can be held on to while they are told apart.
"""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest

import cnncost
from cnncost.graph.graph import Graph
from cnncost.measures.memory import memory
from cnncost.models.zoo import MODULE_OF
from cnncost.rules import elements

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.autograd.graph import saved_tensors_hooks  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils._pytree import tree_leaves  # noqa: E402

try:
    import torchvision
except (ImportError, RuntimeError):  # not there, or its operators do not fit this build of PyTorch
    pytest.skip("torchvision cannot be imported", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")  # PyTorch's remarks on speed

META = torch.device("meta")
BATCH = 2
# Windowed attention keeps its scores, which we do not; plain attention on "meta" does so, too: its fused kernels need a device.
ATTENTION = ("vit", "swin", "maxvit")
NESTED_CONCATENATIONS = {"inception_v3": 786_432}  # bytes of one example, of concatenations within a concatenation
# In these the ReLU within squeeze-and-excitation, which has a name of its own, does not work in place.
OUT_OF_PLACE = ("mobilenet_v3", "regnet_y")


def spelled_otherwise(graph: Graph) -> int:
    """Bytes of one example that torchvision's definition makes beyond ours."""
    if not graph.name.startswith(OUT_OF_PLACE):
        return NESTED_CONCATENATIONS.get(graph.name, 0)
    inner = [node for node in graph.layers if node.kind == "relu" and node.cost.shape[1:] == (1, 1)]
    return sum(4 * elements(node.cost.shape) for node in inner)


def names() -> list[str]:
    known = set(MODULE_OF) & set(torchvision.models.list_models(torchvision.models))
    return sorted(name for name in known if not name.startswith(ATTENTION))


def build(name: str) -> Any:
    """torchvision's model without a single weight in memory."""
    options: dict[str, Any] = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
    register = nn.Module.register_parameter

    def on_meta(module: Any, key: str, parameter: Any) -> None:
        register(module, key, parameter if parameter is None else nn.Parameter(parameter.to(META)))

    with patch.object(nn.Module, "register_parameter", on_meta):
        return torchvision.models.get_model(name, weights=None, **options).to(META)


def storage(tensor: Any) -> int:
    return int(tensor.untyped_storage()._cdata)


class Log(TorchDispatchMode):  # type: ignore[misc, name-defined]
    """Every operator that runs, with the storages it reads and makes; all are kept alive, so that none is reused."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[list[int], dict[int, int]]] = []
        self.alive: list[Any] = []

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = operator(*args, **(kwargs or {}))
        reads = [leaf for leaf in tree_leaves((args, kwargs)) if torch.is_tensor(leaf)]
        makes = [leaf for leaf in tree_leaves(result) if torch.is_tensor(leaf)]
        if isinstance(result, tuple) and "max_pool" not in str(operator):
            makes = makes[:1]  # statistics of normalisation, which at inference are not made on a real device
        self.alive += reads + makes
        self.steps.append(([storage(t) for t in reads], {storage(t): t.untyped_storage().nbytes() for t in makes}))
        return result


def inference(model: Any, x: Any) -> tuple[int, int]:
    """Bytes of all storages that are made, and the most that live at once, each until its last reader."""
    outside = {storage(t) for t in (*model.parameters(), *model.buffers(), x)}
    with torch.no_grad(), Log() as log:
        y = model(x)
    size: dict[int, int] = {}
    born: dict[int, int] = {}
    last: dict[int, int] = {}
    for step, (reads, makes) in enumerate(log.steps):
        for key in (*reads, *makes):
            last[key] = step
        for key in makes.keys() - born.keys() - outside:
            born[key], size[key] = step, makes[key]
    last[storage(y)] = len(log.steps)
    live = [0] * (len(log.steps) + 1)
    for key, start in born.items():
        for step in range(start, min(last[key] + 1, len(live))):
            live[step] += size[key]
    return sum(size.values()), max(live)


def kept(model: Any, x: Any) -> int:
    """Bytes of the storages that the forward pass saves for the backward pass, without parameters and the image."""
    outside = {storage(t) for t in (*model.parameters(), *model.buffers(), x)}
    saved: dict[int, Any] = {}

    def pack(tensor: Any) -> Any:
        saved.setdefault(storage(tensor), tensor.untyped_storage())
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        model(x)
    return sum(held.nbytes() for key, held in saved.items() if key not in outside)


@pytest.mark.parametrize("name", names())
def test_as_pytorch(name: str) -> None:
    model, ours = build(name), cnncost.load(name)
    x = torch.zeros(BATCH, *ours.input, device=META)  # type: ignore[misc]
    outputs, peak = inference(model.eval(), x)
    plan = memory(ours.trace(), batch=BATCH)
    assert plan.outputs_bytes + BATCH * spelled_otherwise(plan.graph) == outputs
    assert plan.peak_bytes == peak
    assert plan.kept_bytes == kept(model.train(), x)


def test_attention_keeps_no_scores() -> None:
    """On a device with a fused kernel, a transformer keeps what we say it keeps, to the byte."""
    ours = cnncost.load("vit_b_32")
    model = torchvision.models.vit_b_32(image_size=64).train()
    assert memory(ours.trace((3, 64, 64))).kept_bytes == kept(model, torch.zeros(1, 3, 64, 64))
