"""Devices: how many operations a second they do, how many bytes a second they move, and how many they hold.

Each number is that of the data sheet named beside it. Of phones only the processors are here: data sheets of their graphics and
neural units say operations of an unnamed type, and no bandwidth. `--peak` and `--bandwidth` take what somebody knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.record import dataclass
from cnncost.base.units import COUNT_UNITS, DTYPES


@dataclass(frozen=True, slots=True)
class Device:
    """What bounds a device: operations a second by dtype, bytes a second, and the bytes that fit."""

    name: str
    rates: Mapping[str, int]  # dense, boost clock; a multiply-add is two operations
    bandwidth: int
    source: str
    memory: int | None = None  # bytes; of a microcontroller its RAM
    flash: int | None = None  # bytes that hold parameters, where they are not in the memory

    @property
    def room(self) -> str:
        """What fits, in words."""
        if self.memory is None:
            return f"nothing is known of the memory of {self.name}"
        if self.flash is None:
            return f"{self.name} has {size(self.memory)}"
        return f"{self.name} has {size(self.flash)} of flash for parameters and {size(self.memory)} of RAM for the rest"

    def rate(self, dtype: str) -> int:
        """Return the operations a second in a dtype. Raises UsageError where none is known."""
        if dtype not in self.rates:
            known = ", ".join(self.rates)
            raise UsageError(f"{self.name} has no rate for {dtype}", f"it has {known}; or give one with --peak")
        return self.rates[dtype]


def size(count: int) -> str:
    """Return bytes as data sheets write them: 24 GB, 320 KB, of 1024."""
    unit, scale = next((unit, 2**power) for unit, power in (("GB", 30), ("MB", 20), ("KB", 10)) if count >= 2**power)
    return f"{float(Fraction(count, scale)):g} {unit}"


GB = 2**30


def _device(name: str, bandwidth: float, source: str, memory: float | None = None, **tera: float) -> Device:
    """Return a device from its data sheet: GB/s, GB, and tera-operations per second; half stands for both 16-bit types."""
    rates: dict[str, int] = {}
    for dtype, rate in tera.items():
        for each in {"half": ("float16", "bfloat16"), "byte": ("int8", "uint8")}.get(dtype, (dtype,)):
            rates[each] = int(Fraction(str(rate)) * 10**12)
    return Device(name, rates, int(Fraction(str(bandwidth)) * 10**9), source, None if memory is None else int(memory * GB))


def _controller(
    name: str, megahertz: int, width: int, source: str, ram: int, flash: int, byte: int, float32: Fraction | int
) -> Device:
    """Return a microcontroller from its data sheet: clock, bytes a cycle, KB of RAM and of flash, and multiply-adds a cycle."""
    clock = megahertz * 10**6
    rates = {"int8": 2 * byte * clock, "uint8": 2 * byte * clock, "float32": int(2 * float32 * clock)}
    return Device(name, rates, width * clock, source, ram * 2**10, flash * 2**10)


# In a cycle SMLAD multiplies and adds two pairs of 16 bits (Armv7E-M); the data bus has 32 bits in a Cortex-M4, 64 in an M7.
# VFMA.F32 takes three cycles in a Cortex-M4 (Technical Reference Manual r0p1, table 7-1), at least one in an M7.
M4: dict[str, Any] = {"width": 4, "byte": 2, "float32": Fraction(1, 3)}
M7: dict[str, Any] = {"width": 8, "byte": 2, "float32": 1}

# Dense rates, without sparsity; 16 and 8 bits on the matrix units with 32-bit sums, float32 on the vector units (not TF32).
_GPUS = (
    _device("k40", 288, "NVIDIA Tesla K40 data sheet, 2013", 12, float64=1.43, float32=4.29),
    _device("k80", 480, "NVIDIA Tesla K80 data sheet, 2014, both GPUs, boost clock", 24, float64=2.91, float32=8.73),
    _device("m40", 288, "NVIDIA Tesla M40 data sheet, 2015, boost clock", 12, float64=0.2, float32=7),
    _device(
        "titan_x", 336.5, "NVIDIA GeForce GTX Titan X (Maxwell) specifications: 3,072 cores at 1,075 MHz", 12, float32=6.6048
    ),
    _device("titan_x_pascal", 480, "NVIDIA Titan X (Pascal) specifications: 3,584 cores at 1,531 MHz", 12, float32=10.974),
    _device("gtx1080", 320, "NVIDIA GeForce GTX 1080 whitepaper, 2016, table 1", 8, float32=8.873),
    _device("gtx1080ti", 484, "NVIDIA GeForce GTX 1080 Ti specifications: 3,584 cores at 1,582 MHz", 11, float32=11.34),
    _device("p4", 192, "NVIDIA Tesla P4 data sheet, 2016", 8, float32=5.5, byte=22),
    _device("p40", 346, "NVIDIA Tesla P40 data sheet, 2016", 24, float32=12, byte=47),
    _device("p100", 732, "NVIDIA Tesla P100 data sheet, 2016, SXM2", 16, float64=5.3, float32=10.6, float16=21.2),
    _device("v100", 900, "NVIDIA V100 data sheet, 2020, SXM2", 32, float64=7.8, float32=15.7, float16=125),
    _device("t4", 320, "NVIDIA T4 data sheet, 2019", 16, float32=8.1, float16=65, byte=130),
    _device(
        "rtx2080ti", 616, "NVIDIA Turing whitepaper, 2018, table 1, reference clock", 11, float32=13.4, float16=53.8, byte=215.2
    ),
    _device("a10", 600, "NVIDIA A10 data sheet, 2021", 24, float32=31.2, half=125, byte=250),
    _device("a100_40gb", 1555, "NVIDIA A100 data sheet, 2021, SXM4 40 GB", 40, float64=9.7, float32=19.5, half=312, byte=624),
    _device("a100", 2039, "NVIDIA A100 data sheet, 2021, SXM4 80 GB", 80, float64=9.7, float32=19.5, half=312, byte=624),
    _device("l4", 300, "NVIDIA L4 data sheet, 2023, halved for sparsity", 24, float32=30.3, half=121, byte=242.5, float8=242.5),
    _device("rtx3090", 936, "NVIDIA Ampere GA102 whitepaper 2.1, table 9", 24, float32=35.6, half=71, byte=284),
    _device("rtx4090", 1008, "NVIDIA Ada whitepaper 1.1, table 2", 24, float32=82.6, half=165.2, byte=660.6, float8=330.3),
    _device(
        "h100",
        3350,
        "NVIDIA H100 data sheet, 2023, SXM5, halved for sparsity",
        80,
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
        141,
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
        192,
        float64=81.7,
        float32=163.4,
        half=1307.4,
        byte=2614.9,
        float8=2614.9,
    ),
)
_BOARDS = (
    _device(
        "tx1", 25.6, "NVIDIA Jetson TX1 data sheet: 256 cores at 998 MHz, 64 bits of LPDDR4", 4, float32=0.511, float16=1.022
    ),
    _device(
        "tx2", 59.7, "NVIDIA Jetson TX2 data sheet: 256 cores at 1,300 MHz, 128 bits of LPDDR4", 8, float32=0.665, float16=1.33
    ),
    _device("jetson_nano", 25.6, "NVIDIA Jetson Nano data sheet, 2019", 4, float32=0.236, float16=0.472),
    _device(
        "rpi4",
        12.8,
        "Raspberry Pi 4 product brief: four Cortex-A72 at 1.5 GHz, 128 bits a cycle; 32 bits of LPDDR4-3200",
        4,
        float32=0.048,
    ),
    _device(
        "rpi5",
        17.1,
        "Raspberry Pi 5 product brief: four Cortex-A76 at 2.4 GHz, 256 bits a cycle; 32 bits of LPDDR4X-4267",
        8,
        float32=0.1536,
    ),
    _device(
        "snapdragon855",
        34.1,
        "Qualcomm Snapdragon 855 product brief: four large cores, of Cortex-A76, at 2.84 and 3 x 2.42 GHz, 256 bits a cycle; "
        "64 bits of LPDDR4X-4266",
        16,
        float32=0.1616,
        float16=0.3232,
        byte=0.6464,
    ),
    _device(
        "kirin980",
        34.1,
        "HiSilicon Kirin 980 product brief: four Cortex-A76, 2 x 2.6 and 2 x 1.92 GHz, 256 bits a cycle; "
        "64 bits of LPDDR4X-4266",
        8,
        float32=0.14464,
        float16=0.28928,
        byte=0.57856,
    ),
    _device("apple_m2", 100, "Apple, M2, June 2022: GPU of 10 cores; of iPads and Macs", 24, float32=3.6),
    _device("edge_tpu", 0.5, "Coral USB Accelerator data sheet 1.4: USB 3.1 Gen 1; 8 MB on the chip hold parameters", byte=4),
)
_CONTROLLERS = (
    _controller("stm32l476", 80, source="ST STM32L476xx data sheet, Cortex-M4", ram=128, flash=1024, **M4),
    _controller("nrf52840", 64, source="Nordic nRF52840 product specification, Cortex-M4", ram=256, flash=1024, **M4),
    _controller("stm32f407", 168, source="ST STM32F407xx data sheet, Cortex-M4", ram=192, flash=1024, **M4),
    _controller("stm32f746", 216, source="ST STM32F746xx data sheet, Cortex-M7", ram=320, flash=1024, **M7),
    _controller("stm32f767", 216, source="ST STM32F767xx data sheet, Cortex-M7", ram=512, flash=2048, **M7),
    _controller("stm32h743", 480, source="ST STM32H743xI data sheet, Cortex-M7", ram=1024, flash=2048, **M7),
    _controller(
        *(
            "esp32s3",
            240,
            32,
            "Espressif ESP32-S3 data sheet and reference manual: two LX7 with vectors of 128 bits; 8 MB of flash",
        ),
        ram=512,
        flash=8192,
        byte=32,
        float32=2,
    ),
)
DEVICES = {device.name: device for device in (*_GPUS, *_BOARDS, *_CONTROLLERS)}


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
    given = base is None or bool(peak or bandwidth)
    room = (base.memory, base.flash) if base else (None, None)
    return Device(title, rates, moved, "as given" if given or base is None else base.source, *room)


def per_second(text: str, option: str) -> int:
    """Return a rate written with a decimal unit: "3.35T", "60e12", "900G". Raises UsageError that names the option."""
    found = re.fullmatch(r"\s*([0-9]{1,18}(?:\.[0-9]{1,18})?)(?:e([0-9]{1,2}))?\s*([kMGTPE]?)(?:B|FLOPS|FLOP)?(?:/s)?\s*", text)
    value = 0 if found is None else int(Fraction(found[1]) * 10 ** int(found[2] or 0) * COUNT_UNITS[found[3]])
    if value < 1:
        raise UsageError(f"{option}: '{text[:40]}' is no rate", "write a number and a unit, as in 60T or 900G")
    return value
