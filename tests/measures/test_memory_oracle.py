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
from storages import inference, kept  # noqa: E402
from torch import nn  # noqa: E402

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


def outside(model: Any) -> list[Any]:
    return [*model.parameters(), *model.buffers()]


@pytest.mark.parametrize("name", names())
def test_as_pytorch(name: str) -> None:
    model, ours = build(name), cnncost.load(name)
    x = torch.zeros(BATCH, *ours.input, device=META)  # type: ignore[misc]
    outputs, peak = inference(model.eval(), x, outside(model))
    plan = memory(ours.trace(), batch=BATCH)
    assert plan.outputs_bytes + BATCH * spelled_otherwise(plan.graph) == outputs
    assert plan.peak_bytes == peak
    assert plan.kept_bytes == kept(model.train(), x, outside(model))


def test_attention_keeps_no_scores() -> None:
    """On a device with a fused kernel, a transformer keeps what we say it keeps, to the byte."""
    ours = cnncost.load("vit_b_32")
    model = torchvision.models.vit_b_32(image_size=64).train()
    assert memory(ours.trace((3, 64, 64))).kept_bytes == kept(model, torch.zeros(1, 3, 64, 64), outside(model))


# ── exports: what a file says of views and of what works in place ────────────────────────────────────────────────────

EXPORTS = (
    *("alexnet", "vgg11", "vgg16_bn", "squeezenet1_0", "resnet18", "resnet50", "resnext50_32x4d", "wide_resnet50_2"),
    *("densenet121", "googlenet", "inception_v3", "mobilenet_v2", "mobilenet_v3_large", "mnasnet1_0", "shufflenet_v2_x1_0"),
    *("efficientnet_b0", "regnet_x_400mf", "regnet_y_400mf", "convnext_tiny", "swin_t"),
    "maxvit_t",
)


def exported(model: Any, x: Any) -> Graph:
    """The graph of a module as `torch.export` writes it, read by the reader of files."""
    import io

    from cnncost.models.importers import aten, network, pt2

    file = io.BytesIO()
    torch.export.save(torch.export.export(model, (x,)), file)
    return network.model_of(pt2.program(file.getvalue(), "net.pt2"), aten.TRANSLATIONS).trace()


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_as_pytorch(name: str) -> None:
    model = build(name)
    size = 299 if name == "inception_v3" else 224
    x = torch.zeros(BATCH, 3, size, size, device=META)
    outputs, peak = inference(model.eval(), x, outside(model))
    plan = memory(exported(model.eval(), x), batch=BATCH)
    assert plan.peak_bytes == peak
    assert plan.outputs_bytes == outputs
    trained = memory(exported(model.train(), x), batch=BATCH)
    assert trained.kept_bytes == kept(model.train(), x, outside(model))


def test_an_exported_transformer_keeps_no_scores() -> None:
    model = torchvision.models.vit_b_32(image_size=64).train()
    x = torch.zeros(1, 3, 64, 64)
    assert memory(exported(model, x)).kept_bytes == kept(model, x, outside(model))
