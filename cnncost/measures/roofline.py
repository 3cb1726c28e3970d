"""The roofline: how many FLOPs a layer does per byte it moves, and what bound a device's two rates put on it.

A layer cannot finish before its multiply-adds are done at the device's peak rate, nor before its operands have moved at the
device's bandwidth. Both are bounds for layers run one by one, from memory to memory; neither says how long a layer takes.

Source: Williams, Waterman and Patterson, Roofline, CACM 52(4), 2009.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.poly import Num
from cnncost.base.units import COUNT_UNITS, DTYPES
from cnncost.measures.memory import NOTHING_AT_INFERENCE, STORED, Memory, is_view

OPERATIONS_PER_MAC = 2  # vendors count the multiplication and the addition


@dataclass(frozen=True, slots=True)
class Device:
    """What bounds a device: operations a second by dtype, and bytes a second."""

    name: str
    rates: Mapping[str, int]  # dense, boost clock; a multiply-add is two operations
    bandwidth: int
    source: str

    def rate(self, dtype: str) -> int:
        """Return the operations a second in a dtype. Raises UsageError where none is known."""
        if dtype not in self.rates:
            known = ", ".join(self.rates)
            raise UsageError(f"{self.name} has no rate for {dtype}", f"it has {known}; or give one with --peak")
        return self.rates[dtype]


def _device(name: str, bandwidth: int, source: str, **tera: float) -> Device:
    """Return a device from its data sheet: GB/s and tera-operations per second; half stands for both 16-bit types."""
    rates: dict[str, int] = {}
    for dtype, rate in tera.items():
        for each in {"half": ("float16", "bfloat16"), "byte": ("int8", "uint8")}.get(dtype, (dtype,)):
            rates[each] = int(Fraction(str(rate)) * 10**12)
    return Device(name, rates, bandwidth * 10**9, source)


# Dense rates, without sparsity; 16 and 8 bits on the matrix units with 32-bit sums, float32 on the vector units (not TF32).
DEVICES = {
    device.name: device
    for device in (
        _device("p100", 732, "NVIDIA Tesla P100 data sheet, 2016, SXM2", float64=5.3, float32=10.6, float16=21.2),
        _device("v100", 900, "NVIDIA V100 data sheet, 2020, SXM2", float64=7.8, float32=15.7, float16=125),
        _device("t4", 320, "NVIDIA T4 data sheet, 2019", float32=8.1, float16=65, byte=130),
        _device("a10", 600, "NVIDIA A10 data sheet, 2021", float32=31.2, half=125, byte=250),
        _device("a100_40gb", 1555, "NVIDIA A100 data sheet, 2021, SXM4 40 GB", float64=9.7, float32=19.5, half=312, byte=624),
        _device("a100", 2039, "NVIDIA A100 data sheet, 2021, SXM4 80 GB", float64=9.7, float32=19.5, half=312, byte=624),
        _device("l4", 300, "NVIDIA L4 data sheet, 2023, halved for sparsity", float32=30.3, half=121, byte=242.5, float8=242.5),
        _device("rtx3090", 936, "NVIDIA Ampere GA102 whitepaper 2.1, table 9", float32=35.6, half=71, byte=284),
        _device("rtx4090", 1008, "NVIDIA Ada whitepaper 1.1, table 2", float32=82.6, half=165.2, byte=660.6, float8=330.3),
        _device(
            "h100",
            3350,
            "NVIDIA H100 data sheet, 2023, SXM5, halved for sparsity",
            float64=34,
            float32=67,
            half=989.5,
            byte=1979,
            float8=1979,
        ),
        _device(
            "h200",
            4800,
            "NVIDIA H200 data sheet, 2024, SXM, halved for sparsity",
            float64=34,
            float32=67,
            half=989.5,
            byte=1979,
            float8=1979,
        ),
        _device(
            "mi300x",
            5300,
            "AMD Instinct MI300X data sheet, 2023",
            float64=81.7,
            float32=163.4,
            half=1307.4,
            byte=2614.9,
            float8=2614.9,
        ),
    )
}


def device(name: str | None = None, peak: str | None = None, bandwidth: str | None = None) -> Device:
    """Return a device of `DEVICES`, or one given by its rates as text: "60T" operations and "3.35T" bytes a second.

    A given rate replaces the device's own. Raises UsageError for an unknown name, or where a rate is missing.
    """
    if name is not None and name not in DEVICES:
        known = f"known: {', '.join(DEVICES)}; or give --peak and --bandwidth"
        raise UsageError(f"unknown device '{name}'", did_you_mean(name, DEVICES, known))
    base = DEVICES[name] if name else None
    if base is None and not (peak and bandwidth):
        raise UsageError(
            "a roofline needs a peak rate and a bandwidth", "give --device NAME, or both: --peak 60T --bandwidth 3.35T"
        )
    rates = dict.fromkeys(DTYPES, per_second(peak, "--peak")) if peak else base.rates if base else {}
    moved = per_second(bandwidth, "--bandwidth") if bandwidth else base.bandwidth if base else 0
    title = name or "device"
    return Device(title, rates, moved, base.source if base and not (peak or bandwidth) else "as given")


def per_second(text: str, option: str) -> int:
    """Return a rate written with a decimal unit: "3.35T", "60e12", "900G". Raises UsageError that names the option."""
    found = re.fullmatch(r"\s*([0-9]{1,18}(?:\.[0-9]{1,18})?)(?:e([0-9]{1,2}))?\s*([kMGTPE]?)(?:B|FLOPS|FLOP)?(?:/s)?\s*", text)
    value = 0 if found is None else int(Fraction(found[1]) * 10 ** int(found[2] or 0) * COUNT_UNITS[found[3]])
    if value < 1:
        raise UsageError(f"{option}: '{text[:40]}' is no rate", "write a number and a unit, as in 60T or 900G")
    return value


def bytes_moved(plan: Memory) -> tuple[Num, ...]:
    """Return the bytes each layer moves at inference: inputs and parameters read, the output written, each once.

    Views, and what does nothing at inference, move nothing.
    """
    how, graph = plan.precision, plan.graph
    sizes, nodes = plan.tensor_bytes, graph.nodes
    parameter, buffer = DTYPES[how.parameters], DTYPES[how.buffers]
    own = {node.name: node for node in graph.layers} if any(node.shares for node in graph.layers) else {}
    moved: list[Num] = []
    for index, node in enumerate(nodes[1:], start=1):
        if node.runs == 0 or is_view(node) or node.kind in NOTHING_AT_INFERENCE or node.kind in STORED:
            moved.append(0)
            continue
        weights = own[node.shares].cost if node.shares else node.cost
        activations = sum([sizes[i] for i in node.inputs]) + sizes[index]
        moved.append(activations + weights.params * parameter + weights.buffers * buffer)
    return tuple(moved)


@dataclass(frozen=True, slots=True)
class Bound:
    """The least time, in seconds, that a device's rates allow, and which of the two sets it."""

    seconds: Fraction
    by: str  # "compute" or "memory"


def bound(macs: int, moved: int, device: Device, dtype: str) -> Bound:
    """Return the roofline bound of a layer that does `macs` multiply-adds and moves `moved` bytes."""
    compute = Fraction(OPERATIONS_PER_MAC * macs, device.rate(dtype))
    memory = Fraction(moved, device.bandwidth)
    return Bound(compute, "compute") if compute > memory else Bound(memory, "memory")


def ridge(device: Device, dtype: str) -> Fraction:
    """Return the multiply-adds per byte above which compute is the bound."""
    return Fraction(device.rate(dtype), OPERATIONS_PER_MAC * device.bandwidth)


__all__ = ["DEVICES", "Bound", "Device", "bound", "bytes_moved", "device", "per_second", "ridge"]
