"""Whether a network fits a device: its parameters, and what is live at once at inference."""

from __future__ import annotations

from cnncost.base.poly import Num
from cnncost.measures.devices import Device
from cnncost.measures.memory import Memory


def stored_bytes(plan: Memory) -> Num:
    """Return the bytes of what is there before an image comes: parameters, and statistics of norms."""
    return plan.params_bytes + plan.buffers_bytes


def working_bytes(plan: Memory) -> Num:
    """Return the bytes that inference takes beside them: the input, and the peak of what layers make."""
    return plan.input_bytes + plan.peak_bytes


def fits(plan: Memory, device: Device) -> str | None:
    """Return "yes", or "no" with what is too small; None where the device's memory is not known.

    Where a device has flash, what is stored lies there and only the rest in its RAM; else all of it in its memory.
    """
    stored, working = stored_bytes(plan), working_bytes(plan)
    if device.memory is None or not isinstance(stored, int) or not isinstance(working, int):
        return None
    if device.flash is None:
        return "yes" if stored + working <= device.memory else "no: memory"
    short = [name for name, need, there in (("flash", stored, device.flash), ("RAM", working, device.memory)) if need > there]
    return f"no: {', '.join(short)}" if short else "yes"
