"""PyTorch's own gradient checkpointing as the oracle: what is saved in the forward pass, and by each segment computed again.

Without PyTorch and torchvision these tests are skipped. Tensors live on the "meta" device, as in `test_memory_oracle`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt
from typing import Any
from unittest.mock import patch

import pytest

import cnncost
from cnncost.measures.memory import memory

torch = pytest.importorskip("torch")
from storages import storage  # noqa: E402
from torch import nn  # noqa: E402
from torch.autograd.graph import saved_tensors_hooks  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402

try:
    import torchvision
except (ImportError, RuntimeError):  # not there, or its operators do not fit this build of PyTorch
    pytest.skip("torchvision cannot be imported", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")

META = torch.device("meta")
BATCH = 2


class Again(nn.Module):
    """Modules that run one after the other under `torch.utils.checkpoint`; what they read is noted."""

    def __init__(self, modules: list[Any], read: list[Any]) -> None:
        super().__init__()
        self.inner = nn.Sequential(*modules)
        self.read = read

    def forward(self, x: Any) -> Any:
        """Run them."""
        self.read.append(x)
        return checkpoint(self.inner, x, use_reentrant=False)


def kept(model: Any, x: Any, read: list[Any]) -> int:
    """Bytes kept from the forward pass on, and by the largest segment while it is computed again; without weights and image."""
    known = {storage(t) for t in (*model.parameters(), *model.buffers(), x)}
    forward: dict[int, Any] = {}
    again: dict[int, dict[int, Any]] = {}
    hooks: list[Any] = []  # alive, so that no two have one identity
    begin = saved_tensors_hooks.__init__

    def noting(self: Any, pack: Any, unpack: Any) -> None:
        name = type(self).__name__
        hooks.append(self)

        def note(tensor: Any) -> Any:
            if name != "_checkpoint_hook":  # within a segment's first pass, which keeps nothing
                group = again.setdefault(id(self), {}) if name == "_recomputation_hook" else forward
                group.setdefault(storage(tensor), tensor.untyped_storage())
            return pack(tensor)

        begin(self, note, unpack)

    with patch.object(saved_tensors_hooks, "__init__", noting):
        with saved_tensors_hooks(lambda tensor: tensor, lambda tensor: tensor):
            y = model(x)
        forward |= {storage(t): t.untyped_storage() for t in read}
        y.sum().backward()
    parts = [{key: held for key, held in group.items() if key not in forward} for group in (*again.values(), {})]
    assert len(again) == len(read)
    first, *others = ([held.nbytes() for key, held in group.items() if key not in known] for group in (forward, *parts))
    return sum(first) + max(map(sum, others))


def listed(model: Any) -> list[Any]:
    """The modules of a network that run one after the other: blocks, and layers outside of them."""
    if isinstance(model, torchvision.models.MobileNetV2):
        return [*model.features, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), *model.classifier]
    if isinstance(model, torchvision.models.VGG):
        return [*model.features, model.avgpool, nn.Flatten(), *model.classifier]
    blocks = [block for stage in (model.layer1, model.layer2, model.layer3, model.layer4) for block in stage]
    pooled = nn.Sequential(model.avgpool, nn.Flatten())  # one layer here
    return [model.conv1, model.bn1, model.relu, model.maxpool, *blocks, pooled, model.fc]


def built(name: str) -> Any:
    return torchvision.models.get_model(name, weights=None).to(META).train()


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "mobilenet_v2"])
def test_every_block(name: str) -> None:
    read: list[Any] = []
    model = built(name)
    blocks = list(model.features) if name == "mobilenet_v2" else []
    units = [Again([unit], read) if hasattr(unit, "conv2") or unit in blocks else unit for unit in listed(model)]
    found = kept(nn.Sequential(*units), torch.zeros(BATCH, 3, 64, 64, device=META), read)
    assert memory(cnncost.load(name).trace((3, 64, 64)), batch=BATCH, checkpoint="blocks").kept_bytes == found


BLOCKS: dict[str, Callable[[Any], list[Any]]] = {  # of networks that are no plain list of modules
    "efficientnet_b0": lambda model: [block for stage in list(model.features)[1:8] for block in stage],
    "shufflenet_v2_x1_0": lambda model: [block for stage in (model.stage2, model.stage3, model.stage4) for block in stage],
    "regnet_x_400mf": lambda model: [block for stage in model.trunk_output for block in stage],
    "convnext_tiny": lambda model: [block for place in (1, 3, 5, 7) for block in model.features[place]],
    "mnasnet1_0": lambda model: [block for stage in list(model.layers)[8:14] for block in stage],
}


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_of_other_families(name: str) -> None:
    model = built(name)
    read: list[Any] = []

    def again(module: Any) -> None:
        inner = module.forward

        def forward(x: Any) -> Any:
            read.append(x)
            return checkpoint(inner, x, use_reentrant=False)

        module.forward = forward

    for block in BLOCKS[name](model):
        again(block)
    found = kept(model, torch.zeros(BATCH, 3, 96, 96, device=META), read)
    assert memory(cnncost.load(name).trace((3, 96, 96)), batch=BATCH, checkpoint="blocks").kept_bytes == found


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "vgg11", "vgg16", "vgg13_bn"])
def test_the_square_root(name: str) -> None:
    """Cut as `checkpoint_sequential` cuts: segments of n // √n modules, the last takes the rest."""
    units = listed(built(name))
    count = isqrt(len(units))
    starts = [number * (len(units) // count) for number in range(count)]
    read: list[Any] = []
    pieces = [Again(units[a:b], read) for a, b in zip(starts, [*starts[1:], None], strict=True)]
    found = kept(nn.Sequential(*pieces), torch.zeros(BATCH, 3, 64, 64, device=META), read)
    assert memory(cnncost.load(name).trace((3, 64, 64)), batch=BATCH, checkpoint="sqrt").kept_bytes == found


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_what_is_computed_again_as_flop_counter_mode(name: str) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    read: list[Any] = []
    units = [Again([unit], read) if hasattr(unit, "conv2") else unit for unit in listed(built(name))]
    x = torch.zeros(BATCH, 3, 64, 64, device=META)
    with FlopCounterMode(display=False) as counter:
        nn.Sequential(*units)(x).sum().backward()
    report = cnncost.analyze(name, size=64, batch=BATCH, convention="torch", checkpoint="blocks")
    assert report.total["training_flops"] == counter.get_total_flops()
