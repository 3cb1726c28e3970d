"""Energy by hand from the table of Horowitz (ISSCC 2014), and what fits which device."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from support import command

import cnncost
from cnncost.base.errors import UsageError
from cnncost.graph.graph import trace
from cnncost.measures.devices import DEVICES, Device
from cnncost.measures.energy import energy
from cnncost.measures.fits import fits
from cnncost.measures.memory import memory

PICO = 10**12


def test_one_convolution_by_hand() -> None:
    """4 filters of 3×3 on 3×8×8, padded: 6,912 multiply-adds; it moves 192 + 256 numbers and 112 parameters."""
    macs, moved = 4 * 27 * 64, (192 + 256 + 112) * 4
    found = cnncost.energy(trace(lambda x: x.conv(4, 3, pad=1), (3, 8, 8)))
    by_hand = {
        "multiply-adds": macs * (Fraction("3.7") + Fraction("0.9")),  # FP multiply and add of 32 bits
        "registers": macs * 12 * Fraction(6, 12),  # 6 pJ for three numbers of 32 bits
        "cache": moved * Fraction(10, 8),
        "SRAM": moved * Fraction(100, 8),
        "DRAM": moved * Fraction(1300, 8),
    }
    assert {part.name: part.joules * PICO for part in found.parts} == by_hand
    assert found.joules * PICO == sum(by_hand.values())


def test_integers_take_less() -> None:
    """8 bits: 0.2 pJ to multiply, 0.1 pJ for a sum of 32 bits; two operands of a byte and a sum of four from registers."""
    macs, moved = 4 * 27 * 64, 192 + 256 + 112
    found = cnncost.energy(trace(lambda x: x.conv(4, 3, pad=1), (3, 8, 8)), dtype="int8")
    assert found.joules * PICO == macs * (Fraction("0.3") + 6 * Fraction(1, 2)) + moved * Fraction(1410, 8)


@pytest.mark.parametrize("words", ["resnet50", "resnet50 --dtype int8 --batch 4", "mobilenet_v2 --dtype float16 --size 160"])
def test_the_sum_is_the_same_in_every_command(words: str) -> None:
    whole = json.loads(command("energy", *words.split(), "--format", "json").out)
    total = whole["total"]["energy_uj"]
    assert sum(part["energy_uj"] for part in whole["parts"]) == pytest.approx(total)
    compared = json.loads(command("compare", *words.split(), "--columns", "energy", "--format", "json").out)
    assert compared["models"][0]["total"]["energy_uj"] == pytest.approx(total)
    layers = json.loads(command("table", *words.split(), "--columns", "name,energy", "--free", "--format", "json").out)
    assert sum(layer["energy_uj"] for layer in layers["layers"]) == pytest.approx(total)


def test_an_estimate_says_so_and_what_it_assumes() -> None:
    for words in ("energy resnet18", "compare resnet18 --columns energy", "table resnet18 --columns name,energy --depth 1"):
        said = command(*words.split()).out
        assert "an estimate, Horowitz, ISSCC 2014, 45 nm" in said
        assert "each multiply-add reads two operands" in said


def test_what_the_table_does_not_have_is_refused() -> None:
    with pytest.raises(UsageError, match="no energy is known of bfloat16") as refused:
        cnncost.energy("resnet18", dtype="bfloat16")
    assert "int8" in refused.value.hint
    graph = cnncost.load("resnet18").trace((3, *cnncost.symbols("H W")))
    with pytest.raises(UsageError, match="needs numbers"):
        energy(memory(graph), "float32")


# ── devices ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_device_has_a_source_and_rates() -> None:
    for device in DEVICES.values():
        assert device.source
        assert device.bandwidth > 0
        assert all(rate > 0 for rate in device.rates.values())


@pytest.mark.parametrize(
    ("name", "cores", "megahertz"),
    [("titan_x", 3072, 1075), ("titan_x_pascal", 3584, 1531), ("gtx1080", 2560, 1733), ("gtx1080ti", 3584, 1582)],
)
def test_rates_of_desktop_cards_are_cores_times_clock(name: str, cores: int, megahertz: int) -> None:
    """Each core does a multiply-add a cycle; NVIDIA states cores and boost clock."""
    assert DEVICES[name].rate("float32") == pytest.approx(2 * cores * megahertz * 10**6, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "ram", "flash"), [("stm32f746", 320, 1024), ("stm32h743", 1024, 2048), ("nrf52840", 256, 1024)]
)
def test_memory_of_microcontrollers(name: str, ram: int, flash: int) -> None:
    """As their data sheets state it, in KB."""
    assert (DEVICES[name].memory, DEVICES[name].flash) == (ram * 1024, flash * 1024)


def test_what_fits_by_hand() -> None:
    """MobileNet 0.25 at 96×96×1 in int8, norms folded: 36 + 18 KB are live at once, and the image has 9 KB."""
    graph = cnncost.load("mobilenet_v1").set(["alpha=0.25"]).folded().trace((1, 96, 96))
    plan = memory(graph, precision="int8")
    assert plan.peak_bytes == (36 + 18) * 1024
    assert fits(plan, Device("board", {}, 1, "", memory=63 * 1024, flash=plan.params_bytes)) == "yes"
    assert fits(plan, Device("board", {}, 1, "", memory=63 * 1024 - 1, flash=plan.params_bytes)) == "no: RAM"
    assert fits(plan, Device("board", {}, 1, "", memory=63 * 1024, flash=plan.params_bytes - 1)) == "no: flash"
    assert fits(plan, Device("board", {}, 1, "", memory=63 * 1024 + plan.params_bytes)) == "yes"
    assert fits(plan, Device("board", {}, 1, "", memory=63 * 1024 + plan.params_bytes - 1)) == "no: memory"
    assert fits(plan, Device("board", {}, 1, "")) is None


def test_compare_says_what_fits() -> None:
    words = ("compare", "mobilenet_v2", "mobilenet_v2 --set width=0.35", "--dtype", "int8", "--fold", "batch_norm")
    data = json.loads(command(*words, "--device", "stm32h743", "--format", "json").out)
    assert [model["total"]["fits"] for model in data["models"]] == ["no: flash, RAM", "yes"]
    assert data["device"]["flash"] == 2 * 2**20
    assert "stm32h743 has 2 MB of flash for parameters and 1 MB of RAM" in command(*words, "--device", "stm32h743").out


def test_inference_memory_is_a_limit_and_a_target() -> None:
    """Parameters and statistics, the input, and the peak of memory."""
    plan = cnncost.memory("resnet50", batch=8)
    whole = plan.params_bytes + plan.buffers_bytes + plan.input_bytes + plan.peak_bytes
    assert cnncost.analyze("resnet50", batch=8).total["inference_memory"] == whole
    assert cnncost.check("resnet50", batch=8, inference_memory=int(whole)).ok
    assert not cnncost.check("resnet50", batch=8, inference_memory=int(whole) - 1).ok
    assert cnncost.solve("resnet50", "batch", f"inference_memory<={whole}").value == 8


@pytest.mark.parametrize(
    ("name", "gigahertz"), [("snapdragon855", (2.84, 2.42, 2.42, 2.42)), ("kirin980", (2.6, 2.6, 1.92, 1.92))]
)
def test_processors_of_phones_do_two_vectors_of_multiply_adds_a_cycle(name: str, gigahertz: tuple[float, ...]) -> None:
    """Arm, Cortex-A76 Software Optimization Guide: FMLA on both vector pipelines; two channels of 32 bits at 4,266 MHz."""
    lanes = {"float32": 4, "float16": 8, "int8": 16}  # the last by dot products of four bytes
    for dtype, each in lanes.items():
        assert DEVICES[name].rate(dtype) == pytest.approx(2 * 2 * each * sum(gigahertz) * 10**9, rel=1e-3)
    assert DEVICES[name].bandwidth == pytest.approx(8 * 4266 * 10**6, rel=2e-3)
