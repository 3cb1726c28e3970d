"""Run the tools whose counts are emulated on torchvision's classification models, and record what they print.

    python tests/tools/run_tools.py [MODEL or TOOL ...]

writes tests/data/tools.csv: a row for each model at each size for which it has weights, and at 224. What is there is kept,
unless the tool has another version, or a word names it or the model. Comments in the file say which version was run, and when.
Several releases of one tool share a name to import, so that each is run from a folder of its own:

    pip install --no-deps --target old thop==0.0.31.post1912272122 && PYTHONPATH=old python tests/tools/run_tools.py

Tools that only look at modules and shapes run on PyTorch's "meta" device, in seconds; those that replace functions, or read a
traced program, would see how that device works out shapes, and run on the CPU.
"""

from __future__ import annotations

import collections
import collections.abc
import contextlib
import csv
import datetime
import io
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import torch
import torchvision

FILE = Path(__file__).parents[1] / "data" / "tools.csv"


class Tool(NamedTuple):
    """A tool: the distribution that has it, what its version begins with, where it runs, and what it prints, by column."""

    package: str
    release: str
    device: str
    columns: tuple[str, ...]
    run: Callable[[Any, Any], tuple[int, ...]]


def fvcore(model: Any, x: Any) -> tuple[int, ...]:
    from fvcore.nn import ActivationCountAnalysis, FlopCountAnalysis

    both = (FlopCountAnalysis(model, x), ActivationCountAnalysis(model, x))
    return tuple(int(each.unsupported_ops_warnings(False).uncalled_modules_warnings(False).total()) for each in both)


def ptflops(model: Any, x: Any, **how: Any) -> tuple[int, ...]:
    from ptflops import get_model_complexity_info

    options = {"as_strings": False, "print_per_layer_stat": False, "verbose": False, "backend": "pytorch", **how}
    return (int(get_model_complexity_info(model, tuple(x.shape[1:]), **options)[0]),)


def ptflops_modules(model: Any, x: Any) -> tuple[int, ...]:
    return ptflops(model, x, backend_specific_config={"count_functional": False})


def ptflops_aten(model: Any, x: Any) -> tuple[int, ...]:
    return ptflops(model, x, backend="aten")


def thop(model: Any, x: Any) -> tuple[int, ...]:
    collections.Iterable = collections.abc.Iterable  # type: ignore[attr-defined]  # where releases of 2019 look for it
    from thop import profile

    return (int(profile(model, inputs=(x,), verbose=False)[0]),)


def torchinfo(model: Any, x: Any) -> tuple[int, ...]:
    from torchinfo import summary

    told = summary(model, input_data=x, verbose=0, mode="eval")
    return int(told.total_mult_adds), int(told.total_output_bytes)


def calflops(model: Any, x: Any) -> tuple[int, ...]:
    from calflops import calculate_flops

    options = {"print_results": False, "print_detailed": False, "output_as_string": False}
    return tuple(map(int, calculate_flops(model=model, input_shape=tuple(x.shape), **options)[:2]))


def deepspeed(model: Any, x: Any) -> tuple[int, ...]:
    from deepspeed.profiling.flops_profiler import get_model_profile

    options = {"print_profile": False, "detailed": False, "as_string": False, "warm_up": 0}
    return tuple(map(int, get_model_profile(model, args=[x], **options)[:2]))


def torchprofile(model: Any, x: Any) -> tuple[int, ...]:
    from torchprofile import profile_macs

    return (int(profile_macs(model, x)),)


def mmcv(model: Any, x: Any) -> tuple[int, ...]:
    from mmcv.cnn import get_model_complexity_info

    return (int(get_model_complexity_info(model, tuple(x.shape[1:]), print_per_layer_stat=False, as_strings=False)[0]),)


def torchstat(model: Any, x: Any) -> tuple[int, ...]:
    from torchstat import ModelHook

    try:
        leaves = ModelHook(model, tuple(x.shape[1:])).retrieve_leaf_modules().values()
    finally:
        for kind in {type(each) for each in model.modules() if "__call__" in vars(type(each))}:
            del kind.__call__  # it replaces the call of whole classes, and leaves it so
    return sum(int(each.Flops[0]) for each in leaves), sum(int(each.MAdd[0]) for each in leaves)


def flop_counter(model: Any, x: Any) -> tuple[int, ...]:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:  # with gradients: without, nn.MultiheadAttention takes a path of its own
        model(x)
    return (int(counter.get_total_flops()),)


def sizes(model: Any, x: Any) -> tuple[int, ...]:
    """Parameters, and running statistics: buffers without counters of batches and tables."""
    numbers = (each.numel() for name, each in model.named_buffers() if ".running_" in f".{name}")
    return sum(each.numel() for each in model.parameters()), sum(numbers)


BY_OPERATOR = ("torch", "ptflops_aten")  # which see the attention of nn.MultiheadAttention on "meta", and not on a CPU
TOO_LARGE = ("vit_h_14", 518)  # with all that the backward pass would need, 11 GB: only by tools that do not need the CPU
TOOLS = (
    Tool("torchvision", "", "meta", ("params", "buffers"), sizes),
    Tool("torch", "", "meta", ("torch",), flop_counter),
    Tool("thop", "0.0.31-1912", "meta", ("thop_2019",), thop),
    Tool("thop", "0.0.31-2001", "meta", ("thop_2020",), thop),
    Tool("thop", "0.0.5-2110", "meta", ("thop_2021",), thop),
    Tool("thop", "0.1.1", "meta", ("thop",), thop),
    Tool("ultralytics-thop", "", "meta", ("ultralytics_thop",), thop),
    Tool("torchinfo", "", "meta", ("torchinfo", "torchinfo bytes"), torchinfo),
    Tool("ptflops", "", "meta", ("ptflops_modules",), ptflops_modules),
    Tool("ptflops", "", "meta", ("ptflops_aten",), ptflops_aten),
    Tool("ptflops", "", "cpu", ("ptflops",), ptflops),
    Tool("calflops", "", "cpu", ("calflops", "calflops_macs"), calflops),
    Tool("fvcore", "", "cpu", ("fvcore", "fvcore activations"), fvcore),
    Tool("torchprofile", "", "cpu", ("torchprofile",), torchprofile),
    Tool("deepspeed", "", "cpu", ("deepspeed", "deepspeed_macs"), deepspeed),
    Tool("mmcv-lite", "", "cpu", ("mmcv",), mmcv),
    Tool("torchstat", "", "cpu", ("torchstat", "torchstat_madd"), torchstat),
)


def installed() -> Iterator[tuple[Tool, str]]:
    """Iterate over the tools that are installed, with their versions; of two with one name to import, the first on the path."""
    for tool in TOOLS:
        with contextlib.suppress(PackageNotFoundError):
            found = distribution(tool.package)
            spec = find_spec(tool.package.removeprefix("ultralytics-").removesuffix("-lite"))
            here = spec is not None and spec.origin is not None and Path(spec.origin).is_relative_to(found.locate_file(""))
            if here and found.version.startswith(tool.release):
                yield tool, found.version


def cases() -> list[tuple[str, int]]:
    """Every model, with the sizes for which torchvision has weights and 224 (Inception v3: 299); the cheapest first."""
    found = []
    for name in torchvision.models.list_models(module=torchvision.models):
        weights = list(torchvision.models.get_model_weights(name))
        sizes = {each.transforms.keywords["crop_size"] for each in weights} | {299 if name == "inception_v3" else 224}
        found += [(weights[0].meta["_ops"] * size**2, name, size) for size in sizes]
    return [(name, size) for _, name, size in sorted(found)]


def live(name: str, size: int) -> Any:
    heads = {"aux_logits": False, "init_weights": False} if name in ("inception_v3", "googlenet") else {}
    positions = {"image_size": size} if name.startswith("vit") else {}
    return getattr(torchvision.models, name)(weights=None, **heads, **positions).eval()


def measured(name: str, size: int, tool: Tool) -> dict[str, str]:
    """Return what a tool prints for a model, by column: nothing where it fails, which standard error says."""
    by_operator = tool.columns[0] in BY_OPERATOR
    if (name, size) == TOO_LARGE and (tool.device == "cpu" or by_operator):
        return {}
    device = "cpu" if name.startswith("vit") and by_operator else tool.device
    with contextlib.ExitStack() as stack:
        for init in filter(re.compile("[a-z_]+[a-z]_").fullmatch, dir(torch.nn.init)):
            stack.enter_context(patch.object(torch.nn.init, init, lambda tensor, *_, **__: tensor))
        model = live(name, size)
    for each in model.parameters() if device == "cpu" else ():
        each.data.zero_()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            numbers = tool.run(model.to(device), torch.zeros(1, 3, size, size, device=device))
    except Exception as error:  # of tools that have no maintainer any more: they fail in every way
        print(f"{name} {size}, {tool.package}: {type(error).__name__}: {str(error)[:120]}", file=sys.stderr)
        return dict.fromkeys(tool.columns, "")
    return dict(zip(tool.columns, map(str, numbers), strict=True))


def read() -> tuple[dict[str, str], dict[tuple[str, int], dict[str, str]]]:
    """Return which version was run for each column and when, and the rows."""
    if not FILE.exists():
        return {}, {}
    with FILE.open(encoding="utf-8", newline="") as file:
        lines = file.read().splitlines()
    notes = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# ") and ": " in line)
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return notes, {(row["model"], int(row["size"])): row for row in rows}


def write(notes: dict[str, str], rows: dict[tuple[str, int], dict[str, str]]) -> None:
    """Write the file; it may have columns of other programs, too, that were run by hand."""
    columns = list(dict.fromkeys([column for tool in TOOLS for column in tool.columns] + list(notes)))
    with FILE.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"# {column}: {notes[column]}\n" for column in columns if column in notes)
        writer = csv.DictWriter(file, ["model", "size", *columns], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for _, row in sorted(rows.items()))


def main(chosen: list[str]) -> None:
    warnings.simplefilter("ignore")
    today = datetime.date.today().isoformat()
    tools = [pair for pair in installed() if pair[0].package in chosen] or list(installed())
    models = [case for case in cases() if case[0] in chosen] or cases()
    for name, size in models:
        for tool, release in tools:
            note = f"{tool.package} {release}, "
            notes, rows = read()
            row = rows.setdefault((name, size), {"model": name, "size": str(size)})
            fresh = all(row.get(column) and notes.get(column, "").startswith(note) for column in tool.columns)
            if chosen or not fresh:
                row.update(measured(name, size, tool))
                write({**notes, **dict.fromkeys(tool.columns, note + today)}, rows)


if __name__ == "__main__":
    main(sys.argv[1:])
