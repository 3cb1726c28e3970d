"""Counting conventions: what each one counts for each layer type, as formulas over the counts that rules report.

What tools and textbooks disagree about is data here: one module per tool, with its version and its slips. A convention
prices a layer by substituting the layer's counts into a polynomial; kinds it does not list are free.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.counting.convention import FORMS, FREE, SUFFIXES, Convention
from cnncost.counting.letters import COUNTS, LETTERS

# The table of contents, so that a name finds its module without importing the others; a test holds it to what they define.
MODULES: dict[str, str] = {
    "lecture": "lecture macs",
    "fvcore": "fvcore fvcore_train",
    "ptflops": "ptflops ptflops_modules ptflops_aten",
    "thop": "thop thop_2019 thop_2020 thop_2021 ultralytics_thop",
    "calflops": "calflops calflops_macs",
    "deepspeed": "deepspeed deepspeed_macs",
    "torch": "torch",
    "torchinfo": "torchinfo",
    "torchprofile": "torchprofile",
    "mmcv": "mmcv",
    "torchstat": "torchstat torchstat_madd",
    "nni": "nni nni_full",
    "netscope": "netscope netscope_comp netscope_add netscope_div netscope_exp",
    "convnet_burden": "convnet_burden",
    "pycls": "pycls",
    "senet": "senet",
    "keras": "keras",
    "darknet": "darknet",
    "onnx_tool": "onnx_tool",
}
MODULE_OF: dict[str, str] = {name: module for module, names in MODULES.items() for name in names.split()}
COUNTS_AS = {  # programs that bring no count of their own, and the convention by which they count
    **dict.fromkeys(("mmdetection", "mmdet", "mmclassification", "mmcls", "mmsegmentation", "mmseg", "mmpose"), "mmcv"),
    **dict.fromkeys(("mmengine", "mmpretrain", "detectron2", "slowfast", "pytorchvideo", "classy_vision"), "fvcore"),
    **dict.fromkeys(("ultralytics", "yolov5", "yolov8"), "ultralytics_thop"),
    **dict.fromkeys(("keras_flops", "tensorflow", "tf", "tf_profiler"), "keras"),
    **dict.fromkeys(("pytorch_opcounter", "opcounter"), "thop"),
    **dict.fromkeys(("flops_counter", "flops_counter_pytorch", "get_model_complexity_info"), "ptflops"),
    **dict.fromkeys(("pytorch", "flopcountermode"), "torch"),
    "torchsummaryx": "macs",
    "onnx": "onnx_tool",
}
ALIASES = {"timm": "fvcore", "torchvision": "macs"}  # tools whose figures are those of another's convention


def convention(name: str) -> Convention:
    """Return the convention of that name, or of a YAML file. Raises UsageError with the nearest names otherwise."""
    if name.endswith(SUFFIXES):
        from cnncost.counting.own import read

        return read(name, convention)
    name = ALIASES.get(name, name)
    if name not in MODULE_OF:
        known = ", ".join(MODULE_OF)
        other = COUNTS_AS.get(name.lower().replace("-", "_").replace(".", "_"))
        remedy = f"{name} counts as {other} does: --convention {other}" if other else ""
        near = did_you_mean(name, (*MODULE_OF, *ALIASES), f"known: {known}")
        raise UsageError(f"unknown convention '{name}'", remedy or near)
    return CONVENTIONS[name]


def several(text: str) -> list[Convention]:
    """Return the conventions of a list such as "fvcore,thop" or "netscope*". Raises UsageError for an unknown one."""
    from fnmatch import filter as matching

    found: list[Convention] = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        found += map(convention, matching(MODULE_OF, word) or [word])
    if not found:
        raise UsageError("no convention named", f"known: {', '.join(MODULE_OF)}")
    return list({each.name: each for each in found}.values())


def module(name: str) -> dict[str, Convention]:
    """Return the conventions of one module, by name."""
    found: tuple[Convention, ...] = import_module(f"cnncost.counting.tools.{name}").CONVENTIONS
    return {each.name: each for each in found}


class Catalogue(Mapping[str, Convention]):
    """All conventions by name, in the order of the table of contents; each module is imported when it is asked for."""

    def __getitem__(self, name: str) -> Convention:
        return module(MODULE_OF[name])[name]

    def __iter__(self) -> Iterator[str]:
        return iter(MODULE_OF)

    def __len__(self) -> int:
        return len(MODULE_OF)


CONVENTIONS = Catalogue()


__all__ = [
    "ALIASES",
    "CONVENTIONS",
    "COUNTS",
    "FORMS",
    "FREE",
    "LETTERS",
    "MODULES",
    "MODULE_OF",
    "Convention",
    "convention",
    "several",
]
