"""The tools themselves, where they are installed, on torchvision's models: their totals beside those of the conventions.

Nothing here is needed to use or to build cnncost: what is not installed is skipped, and the reason names it. Sizes and models
are others than those of the recorded totals in tests/data, so that a rule that only fits those would be found here.

    pip install torch==2.13.0 torchvision==0.28.0 fvcore ptflops==0.7.5 thop torchinfo==1.8.0 calflops==0.3.2 torchprofile
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import Any

import pytest

from cnncost import load
from cnncost.counting import convention
from cnncost.counting.counts import Counts
from cnncost.measures.report import report
from cnncost.measures.training import training

torch = pytest.importorskip("torch", reason="torch is not installed: the tools have no models to run on")
try:
    import torchvision
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


def live(name: str) -> Any:
    bare = name.removesuffix("_no_aux")
    heads = {"aux_logits": False, "init_weights": False} if bare in ("inception_v3", "googlenet") else {}
    return getattr(torchvision.models, bare)(weights=None, **heads).eval()


def fvcore(model: Any, x: Any) -> int:
    from fvcore.nn import FlopCountAnalysis

    return int(FlopCountAnalysis(model, x).unsupported_ops_warnings(False).uncalled_modules_warnings(False).total())


def fvcore_train(model: Any, x: Any) -> int:
    return fvcore(model.train(), x)


def ptflops(model: Any, x: Any, **how: Any) -> int:
    from ptflops import get_model_complexity_info

    options = {"as_strings": False, "print_per_layer_stat": False, "verbose": False, "backend": "pytorch", **how}
    return int(get_model_complexity_info(model, tuple(x.shape[1:]), **options)[0])


def ptflops_modules(model: Any, x: Any) -> int:
    return ptflops(model, x, backend_specific_config={"count_functional": False})


def ptflops_aten(model: Any, x: Any) -> int:
    return ptflops(model, x, backend="aten")


def thop(model: Any, x: Any) -> int:
    from thop import profile

    return int(profile(model, inputs=(x,), verbose=False)[0])


def torchinfo(model: Any, x: Any) -> int:
    from torchinfo import summary

    return int(summary(model, input_data=x, verbose=0, mode="eval").total_mult_adds)


def calflops(model: Any, x: Any) -> int:
    from calflops import calculate_flops

    options = {"print_results": False, "print_detailed": False, "output_as_string": False}
    return int(calculate_flops(model=model, input_shape=tuple(x.shape), **options)[0])


def torchprofile(model: Any, x: Any) -> int:
    from torchprofile import profile_macs

    return int(profile_macs(model, x))


def torch_(model: Any, x: Any) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:  # with gradients: without, nn.MultiheadAttention takes a path of its own
        model.to("meta")(x.to("meta"))
    return int(counter.get_total_flops())


TOOLS: dict[str, tuple[str, Callable[[Any, Any], int]]] = {
    "fvcore": ("fvcore", fvcore),
    "fvcore_train": ("fvcore", fvcore_train),
    "ptflops": ("ptflops", ptflops),
    "ptflops_modules": ("ptflops", ptflops_modules),
    "ptflops_aten": ("ptflops", ptflops_aten),
    "thop": ("thop", thop),
    "torchinfo": ("torchinfo", torchinfo),
    "calflops": ("calflops", calflops),
    "torchprofile": ("torchprofile", torchprofile),
    "torch": ("torch", torch_),
}


FEW = ("resnet50", "mobilenet_v2", "googlenet")  # enough for what differs from another convention in one rule only
CASES = [(by, name) for by in TOOLS for name in (FEW if by in ("fvcore_train", "ptflops_modules") else MODELS)]


@pytest.mark.parametrize(("by", "name"), CASES)
def test_a_tool_prints_what_its_convention_gives(by: str, name: str) -> None:
    package, count = TOOLS[by]
    pytest.importorskip(package, exc_type=ImportError)  # what it needs itself may be missing
    size = MODELS[name]
    batch = 2 if by == "fvcore_train" else 1  # batch norm of one number cannot be trained
    ours = report(load(name).trace((3, size, size)), by, batch).total["flops"]
    with contextlib.redirect_stdout(io.StringIO()):
        assert count(live(name), torch.zeros(batch, 3, size, size)) == ours


@pytest.mark.parametrize("name", MODELS)
def test_pytorch_counts_a_training_step_as_we_do(name: str) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    size = MODELS[name]
    draws = name in ("efficientnet_b0", "regnet_y_400mf")  # numbers, which the "meta" device has none of
    with torch.device("cpu" if draws else "meta"):
        model, x = live(name).train(), torch.zeros(2, 3, size, size)
        with FlopCounterMode(display=False) as counter:
            model(x).sum().backward()
    ours = training(Counts(load(name).trace((3, size, size))), convention("torch"), batch=2)
    assert int(ours.total.sum()) == counter.get_total_flops()
