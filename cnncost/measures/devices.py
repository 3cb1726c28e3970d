"""Devices: how many operations a second they do, and how many bytes a second they move."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.record import dataclass
from cnncost.base.units import COUNT_UNITS, DTYPES


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
