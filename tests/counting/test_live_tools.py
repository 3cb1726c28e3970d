"""The tools themselves, where they are installed, on torchvision's models: their totals beside those of the conventions.

Nothing here is needed to use or to build cnncost: what is not installed is skipped, and the reason names it. Sizes and models
are others than those of the recorded totals in tests/data, so that a rule that only fits those would be found here.

    pip install torch==2.13.0 torchvision==0.28.0 fvcore ptflops==0.7.5 thop torchinfo==1.8.0 calflops==0.3.2 torchprofile
"""

from __future__ import annotations

from typing import Any

import pytest
from tools.totals import charged, within

from cnncost import load
from cnncost.counting import convention
from cnncost.counting.counts import Counts
from cnncost.measures.report import report
from cnncost.measures.training import training

torch = pytest.importorskip("torch", reason="torch is not installed: the tools have no models to run on")
try:
    import torchvision
    from tools import run_tools
except (ImportError, RuntimeError) as error:  # not there, or its operators do not fit this build of PyTorch
    pytest.skip(f"torchvision is not usable: {error}", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore")  # the tools' remarks, and PyTorch's on the tools

MODELS = {  # at a size that costs little
    "alexnet": 96,
    "vgg11_bn": 64,
    "googlenet": 96,
    "inception_v3_no_aux": 128,
    "resnet34": 72,
    "resnet50": 64,
    "resnext50_32x4d": 64,
    "densenet121": 64,
    "squeezenet1_1": 97,
    "mobilenet_v2": 96,
    "mobilenet_v3_small": 96,
    "mnasnet0_5": 96,
    "shufflenet_v2_x0_5": 96,
    "efficientnet_b0": 64,
    "regnet_y_400mf": 64,
    "convnext_tiny": 64,
    "swin_t": 64,
    "swin_v2_t": 64,
    "vit_b_32": 224,
}


def live(name: str, size: int) -> Any:
    return run_tools.live(name.removesuffix("_no_aux"), size)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("tool", [tool for tool, _ in run_tools.installed()], ids=lambda tool: tool.columns[0])
def test_a_tool_prints_what_its_convention_gives(tool: Any, name: str) -> None:
    size = MODELS[name]
    printed = run_tools.measured(name.removesuffix("_no_aux"), size, tool)
    if not all(printed.values()):
        pytest.skip(f"{tool.package} fails")  # what it needs itself may be missing
    counts = Counts(load(name).trace((3, size, size)))
    for column, number in printed.items():
        assert abs(charged(counts, column) - int(number)) <= within(name, column) * int(number), column


@pytest.mark.parametrize("name", ["resnet50", "mobilenet_v2", "googlenet"])
def test_fvcore_in_train_mode(name: str) -> None:
    analysis = pytest.importorskip("fvcore.nn", exc_type=ImportError).FlopCountAnalysis
    size = MODELS[name]
    flops = analysis(live(name, size).train(), torch.zeros(2, 3, size, size))  # batch norm of one number cannot be trained
    ours = report(load(name).trace((3, size, size)), "fvcore_train", 2).total["flops"]
    assert flops.unsupported_ops_warnings(False).uncalled_modules_warnings(False).total() == ours


OTHERS = {  # of torchvision's other collections
    "deeplabv3_mobilenet_v3_large": (3, 65, 65),
    "lraspp_mobilenet_v3_large": (3, 65, 65),
    "r3d_18": (3, 8, 48, 48),
    "r2plus1d_18": (3, 8, 48, 48),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("by", ["fvcore", "ptflops", "thop", "torchinfo"])
def test_a_tool_on_segmentation_and_video(by: str, name: str) -> None:
    pytest.importorskip(by, exc_type=ImportError)
    arguments = {"weights_backbone": None} if "mobilenet" in name else {}
    model = torchvision.models.get_model(name, weights=None, **arguments).eval()
    printed, *_ = getattr(run_tools, by)(model, torch.zeros(1, *OTHERS[name]))
    assert printed == report(load(name).trace(OTHERS[name]), by).total["flops"]


@pytest.mark.parametrize("name", MODELS)
def test_pytorch_counts_a_training_step_as_we_do(name: str) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    size = MODELS[name]
    batch = 1 if name == "swin_v2_t" else 2  # its network of offsets runs once, whatever the batch
    numbers = ("efficientnet_b0", "regnet_y_400mf", "vit_b_32")  # are drawn, or nn.MultiheadAttention is another on "meta"
    with torch.device("cpu" if name in numbers else "meta"):
        model, x = live(name, size).train(), torch.zeros(batch, 3, size, size)
        with FlopCounterMode(display=False) as counter:
            model(x).sum().backward()
    ours = training(Counts(load(name).trace((3, size, size))), convention("torch"), batch=batch)
    assert int(ours.total.sum()) == counter.get_total_flops()
