"""Live PyTorch modules: exported in memory and read, or recorded; held against FlopCounterMode. Skipped without torch."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import command

import cnncost
from cnncost import from_torch
from cnncost.base.errors import ModelError, UsageError
from cnncost.graph.graph import Graph

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's remarks


def totals(graph: Graph) -> tuple[int, int]:
    return sum(node.cost.params for node in graph.nodes), sum(node.cost.macs for node in graph.nodes if node.runs != 0)


def reference(module: Any, *shape: int) -> tuple[int, int]:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module.to("meta")(torch.zeros(1, *shape, device="meta"))
    return sum(p.numel() for p in module.parameters()), counter.get_total_flops() // 2


class Folded(nn.Module):
    """Heads folded into the batch, as attention with convolutions does."""

    def __init__(self) -> None:
        super().__init__()
        self.project, self.mix, self.pool = nn.Conv2d(8, 16, 3, padding=1), nn.Conv2d(4, 4, 3, 2, 1, groups=2), nn.MaxPool2d(2)

    def forward(self, x: Any) -> Any:
        y = self.project(x)
        y = y.reshape(y.shape[0] * 4, 4, *y.shape[2:])
        y = self.pool(self.mix(y))
        return y.reshape(x.shape[0], 16, *y.shape[2:]).mean((2, 3))


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(8, 8, 3, padding=1)
        self.b = self.a

    def forward(self, x: Any) -> Any:
        return self.b(self.a(x).relu())


class Chooses(nn.Module):
    """What torch.export refuses: the path depends on the data of a constant, through Python."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(8, 4, 1)
        self.calls = [0]

    def forward(self, x: Any) -> Any:
        import json

        self.calls[0] += 1
        return self.a(x) * json.loads("2")


class Attends(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attend, self.norm = nn.MultiheadAttention(8, 2, batch_first=True), nn.LayerNorm(8)

    def forward(self, x: Any) -> Any:
        tokens = self.norm(x.flatten(2).transpose(1, 2))
        return self.attend(tokens, tokens, tokens, need_weights=True)[0]


class Calls(nn.Module):
    """A function of an input and of some modules."""

    def __init__(self, function: Any, *parts: Any) -> None:
        super().__init__()
        self.function, self.parts = function, nn.ModuleList(parts)

    def forward(self, x: Any) -> Any:
        return self.function(x, *self.parts)


MODULES = {
    "folded": Folded,
    "tied": Tied,
    "chooses": Chooses,
    "attends": Attends,
    "transposed": lambda: nn.Sequential(
        nn.ConvTranspose2d(8, 6, 3, 2, 1, output_padding=1), nn.PReLU(6), nn.Upsample(scale_factor=2)
    ),
    "norms": lambda: nn.Sequential(nn.GroupNorm(2, 8), nn.InstanceNorm2d(8, affine=True), nn.BatchNorm2d(8, affine=False)),
    "recurrent": lambda: nn.Sequential(nn.Flatten(2), nn.LSTM(64, 10, 2, bidirectional=True, batch_first=True)),
    "pools": lambda: nn.Sequential(nn.AdaptiveAvgPool2d((5, 3)), nn.AvgPool2d(2, ceil_mode=True), nn.PixelShuffle(2)),
    "cells": lambda: Calls(
        lambda x, lstm, gru, rnn: rnn(gru(lstm(x[:, :, 0, 0])[0])), nn.LSTMCell(8, 5), nn.GRUCell(5, 6), nn.RNNCell(6, 3)
    ),
    "gates": lambda: nn.Sequential(nn.RMSNorm(8), nn.GLU(1), nn.LogSigmoid(), nn.RReLU(), nn.PReLU()),
    "chain": lambda: Calls(lambda x: torch.linalg.multi_dot([x[0, 0], x[0, 1][:, :3], x[0, 2][:3], x[0, 3][:, :2]])),
    "tensordot": lambda: Calls(lambda x, other: torch.tensordot(x, other.weight, dims=([1, 2], [1, 2])), nn.Conv1d(8, 3, 8)),
    "sampled": lambda: Calls(
        lambda x, conv: nn.functional.grid_sample(conv(x), x.permute(0, 2, 3, 1)[..., :2]), nn.Conv2d(8, 4, 3)
    ),
    "replicated": lambda: Calls(lambda x, conv: conv(x.unsqueeze(1)), nn.Conv3d(1, 2, 3, padding=1, padding_mode="replicate")),
    "normed": lambda: nn.utils.parametrizations.weight_norm(nn.Conv2d(8, 4, 3)),
    "unfold": lambda: nn.Sequential(nn.Unfold(3, padding=1), nn.Conv1d(72, 5, 3)),
}


@pytest.mark.parametrize("fast", [False, True], ids=["exported", "recorded"])
@pytest.mark.parametrize("name", MODULES)
def test_as_flop_counter_mode(name: str, fast: bool) -> None:
    module = MODULES[name]().eval()
    assert totals(from_torch(module, (1, 8, 8, 8), fast=fast).trace()) == reference(module, 8, 8, 8)


def test_the_module_stays_as_it_is() -> None:
    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Dropout(0.5))
    before = {key: (value.data_ptr(), value.clone()) for key, value in module.state_dict().items()}
    from_torch(module, (1, 3, 16, 16))
    from_torch(module, (1, 3, 16, 16), fast=True)
    for key, value in module.state_dict().items():
        assert value.data_ptr() == before[key][0]
        assert torch.equal(value, before[key][1])
    assert module.training
    assert not module[0]._forward_hooks


class Two(nn.Module):
    def forward(self, left: Any, right: Any) -> Any:
        return left @ right.transpose(-1, -2)


@pytest.mark.parametrize(
    "example",
    [
        lambda: (torch.zeros(1, 5, 8), torch.zeros(1, 7, 8)),
        lambda: {"left": torch.zeros(1, 5, 8), "right": torch.zeros(1, 7, 8)},
    ],
    ids=["tuple", "dict"],
)
def test_several_inputs(example: Any) -> None:
    graph = from_torch(Two(), example()).trace()
    assert totals(graph) == (0, 5 * 7 * 8)
    assert list(graph.inputs.values()) == [(5, 8), (7, 8)]


class Decides(nn.Module):
    """What can neither be exported nor run without numbers: its data decide which way it goes."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 8, 5)
        self.seen = 0
        self.register_buffer("count", torch.tensor(2))

    def forward(self, x: Any) -> Any:
        self.seen += 1
        for _ in range(int(self.count.item())):
            y = self.a(x) if float(x.sum()) > 0 else self.b(x)
        return y


@pytest.mark.parametrize(("fill", "macs"), [(1.0, 2 * 6 * 6 * 4 * 27), (0.0, 2 * 4 * 4 * 8 * 75)])
def test_what_its_data_decide_is_recorded_on_the_example(fill: float, macs: int) -> None:
    module = Decides().eval()
    before = {key: (value.data_ptr(), value.clone()) for key, value in module.state_dict().items()}
    graph = from_torch(module, torch.full((1, 3, 8, 8), fill)).trace()
    assert sum(node.cost.macs for node in graph.nodes if node.runs != 0) == macs
    assert any("depends on its data" in note for note in graph.notes)
    assert module.seen == 0
    for key, value in module.state_dict().items():
        assert value.data_ptr() == before[key][0]
        assert torch.equal(value, before[key][1])


@pytest.mark.parametrize("fast", [False, True], ids=["exported", "recorded"])
@pytest.mark.parametrize(
    ("make", "example", "params"),
    [
        (lambda: nn.Sequential(nn.Embedding(100, 16), nn.Linear(16, 8)), (1, 7), 1600 + 136),
        (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).half(), (1, 3, 8, 8), 112 + 8),
    ],
    ids=["indices", "half"],
)
def test_a_shape_has_the_type_that_the_module_takes(make: Any, example: Any, params: int, fast: bool) -> None:
    assert totals(from_torch(make().eval(), example, fast=fast).trace())[0] == params


class Nested(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 4, 3)

    def forward(self, batch: Any) -> Any:
        return {"y": self.a(batch["image"]), "z": batch["image"].mean()}


@pytest.mark.parametrize("fast", [False, True], ids=["exported", "recorded"])
def test_an_argument_may_be_a_dict(fast: bool) -> None:
    assert totals(from_torch(Nested(), ({"image": torch.zeros(1, 3, 8, 8)},), fast=fast).trace()) == (112, 6 * 6 * 4 * 27)


def test_a_lazy_module_has_to_run_first() -> None:
    with pytest.raises(ModelError, match="parameters without a size"):
        from_torch(nn.LazyConv2d(4, 3), (1, 3, 8, 8))


def test_no_weight_is_copied() -> None:
    """A layer of 64 MiB: what is allocated meanwhile, as PyTorch's profiler sees it, is less than a tenth of it."""
    from torch.profiler import ProfilerActivity, profile

    module = nn.Linear(4096, 4096).eval()
    for fast in (False, True):
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
            from_torch(module, (1, 4096), fast=fast)
        assert sum(max(0, event.self_cpu_memory_usage) for event in seen.events()) < 2**26 // 10


def test_another_size_is_the_modules() -> None:
    module = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)).eval()
    model = from_torch(module, torch.zeros(1, 3, 32, 32))
    assert totals(model.trace((3, 48, 80))) == reference(module, 3, 48, 80)


def test_what_is_no_module() -> None:
    with pytest.raises(UsageError, match=r"is no nn\.Module"):
        from_torch("resnet50", (1, 3, 224, 224))


def test_a_function_that_makes_a_module_is_a_model_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "nets_of_mine.py").write_text(
        "from torch import nn\n\ndef small(width=8):\n    return nn.Sequential(nn.Conv2d(3, width, 3), nn.ReLU())\n"
    )
    told = command("table", "nets_of_mine:small", "--input", "3,16,16", "--depth", "0", folder=tmp_path)
    assert told.code == 0, told.err
    assert "224" in told.out


CODE = """
import torch
from torch import nn


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, left, right):
        return self.conv(left).mean() + right.mean()


def breaks():
    raise RuntimeError("no file")
"""


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("Two", "--input", "right=5,4", "--input", "left=3,8,8"), 0, "3,888"),
        (("Two", "--input", "left=3,8,8", "--input", "rigth=5,4"), 2, "Two has no argument 'rigth'\n  did you mean 'right'?"),
        (("Two", "--input", "3,8,8"), 2, "missing a required argument: 'right'"),
        (("breaks", "--input", "3,8,8"), 2, "own_nets.py:15: RuntimeError: no file"),
        (("Too", "--input", "3,8,8"), 2, "did you mean 'own_nets:Two'?"),
    ],
)
def test_code_of_ones_own_in_a_process_of_its_own(words: tuple[str, ...], code: int, said: str, tmp_path: Path) -> None:
    """As a shell runs it, with the streams that the program makes for itself: torch asks them for their encoding."""
    (tmp_path / "own_nets.py").write_text(CODE.lstrip())
    asked = [sys.executable, "-m", "cnncost", "table", f"own_nets:{words[0]}", *words[1:], "--depth", "0"]
    paths = os.pathsep.join((str(Path(cnncost.__file__).parents[1]), str(tmp_path)))
    ran = subprocess.run(asked, capture_output=True, encoding="utf-8", env={**os.environ, "PYTHONPATH": paths}, cwd=tmp_path)
    assert (ran.returncode, said in ran.stdout + ran.stderr) == (code, True), ran.stdout + ran.stderr


@pytest.mark.parametrize(
    "name", ["resnet18", "mobilenet_v3_small", "shufflenet_v2_x0_5", "squeezenet1_1", "mnasnet0_5", "vit_b_32"]
)
def test_networks_of_torchvision(name: str) -> None:
    try:
        import torchvision
    except (ImportError, RuntimeError):  # not there, or its operators do not fit this build of PyTorch
        pytest.skip("torchvision cannot be imported")
    module = torchvision.models.get_model(name, weights=None).eval()
    for fast in (False, True):
        assert totals(from_torch(module, (1, 3, 224, 224), fast=fast).trace()) == reference(copy.deepcopy(module), 3, 224, 224)
