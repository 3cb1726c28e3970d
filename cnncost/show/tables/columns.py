"""The columns that a table of layers can have: what describes a layer, and every figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.figures import FIGURES, NAMES
from cnncost.base.poly import Num
from cnncost.base.units import Shown, many
from cnncost.graph.graph import reads
from cnncost.rules import Shape, channel_axis, channels, show
from cnncost.show.table import Column, Record, exact

if TYPE_CHECKING:
    from cnncost.measures.devices import Device

FILTERED = ("conv", "conv_transpose", "linear")  # kinds whose `out` counts filters


def _channels(shape: Shape) -> Num | None:
    return channels(shape) if shape else None


def _size(shape: Shape) -> Shown | None:
    """H×W of a map; the number of tokens; nothing for features."""
    axis = channel_axis(shape) if shape else 0
    others = (*shape[:axis], *shape[axis + 1 :]) if axis >= 0 else shape[:-1]
    return Shown(others, show(others) + (" tokens" if axis < 0 and len(shape) == 2 else "")) if others else None


def inputs_read(costs: Record) -> Shown:
    """Return what a model reads: one shape, or several with their names."""
    shape = tuple(costs["input"])
    return Shown(shape, show(shape)) if "inputs" not in costs else Shown(text := reads(costs["inputs"]), text)


def _input(layer: Record) -> Shape:
    first: Shape = layer["input"][0] if layer["input"] else ()
    return first


def _input_channels(layer: Record) -> Any:
    """Return the channels of the input; of a concatenation along them those of each branch: 128+192+96+256, 64+3·32."""
    shapes: list[Shape] = list(layer["input"])
    if layer["kind"] != "concat" or _channels(layer["output"]) == _channels(shapes[0]):
        return _channels(_input(layer))
    runs = [(key, len(list(group))) for key, group in groupby(map(_channels, shapes))]
    text = "+".join(f"{count}·{key}" if count > 1 else f"{key}" for key, count in runs)
    return Shown(sum(map(_channels, shapes)), text)


def _summed(value: Any) -> str:
    """Return the channels of a concatenation's branches as their sum."""
    return "" if value is None else str(exact(value))


def _pair(value: Any) -> Any:
    """One number where both axes agree, else vertical×horizontal; four pads as top,bottom,left,right."""
    if not isinstance(value, (tuple, list)):
        return value
    same = all(part == value[0] for part in value)
    return Shown(tuple(value), str(value[0]) if same else ("×" if len(value) == 2 else ",").join(map(str, value)))


def _per_axis(layer: Record, value: Any) -> Any:
    """Return an argument of a window as one number for each axis."""
    return (value,) * (len(_input(layer)) - 1) if value is not None and not isinstance(value, (tuple, str)) else value


def _kernel(layer: Record) -> Shown | None:
    value = _per_axis(layer, layer["args"].get("kernel"))
    return None if value is None else Shown(value, show(value))


def _stride(layer: Record) -> Any:
    value = layer["args"].get("stride")
    return _pair(_per_axis(layer, layer["args"].get("kernel") if value is None else value))


def _pad(layer: Record) -> Any:
    return _pair(_per_axis(layer, layer["args"].get("pad"))) if "kernel" in layer["args"] else None


def _kind(layer: Record) -> str:
    if layer["kind"] == "group":
        return many(layer["layers"], "layer")
    notes = [f"shares {layer['shares']}"] if layer["shares"] else []
    notes += [] if layer["runs"] else ["never run"]
    return f"{layer['kind']} ({', '.join(notes)})" if notes else str(layer["kind"])


# What describes a layer, read off its record in cnncost.table/1. Figures and outputs stay longest.
TEXT_COLUMNS: dict[str, Column] = {
    column.key: column
    for column in (
        Column("name", "layer"),
        Column("kind", "type", priority=8, of=_kind),
        Column("input_channels", "in C", "number", 6, brief=_summed, of=_input_channels),
        Column("input_size", "in H×W", "number", priority=9, of=lambda layer: _size(_input(layer))),
        Column(
            "filters", "filters", "number", 11, of=lambda layer: layer["args"].get("out") if layer["kind"] in FILTERED else None
        ),
        Column("kernel", "kernel", "number", priority=2, of=_kernel),
        Column("stride", "stride", "number", priority=3, of=_stride),
        Column("pad", "pad", "number", priority=10, of=_pad),
        Column("groups", "groups", "number", priority=2, of=lambda layer: layer["args"].get("groups")),
        Column("output_channels", "out C", "number", priority=2, of=lambda layer: _channels(layer["output"])),
        Column("output_size", "out H×W", "number", priority=3, of=lambda layer: _size(layer["output"])),
        Column("layers", "layers", "number", priority=11),
        Column("runs", "runs", "share", priority=11),
    )
}


def _local(key: str) -> Callable[[Record], Any]:
    """Return how a figure of single layers is shown: one number for both axes, else vertical×horizontal; true as yes."""

    def read(layer: Record) -> Any:
        value = layer.get(key)
        return Shown(value, "yes" if value else "") if isinstance(value, bool) else _pair(value)

    return read


SHARES = {"memory_share": "activation_bytes", "params_share": "params", "flops_share": "flops"}  # of which figure each is
SHARE_COLUMNS = {key: Column(key, f"{FIGURES[figure].title} %", "share", priority=2) for key, figure in SHARES.items()}
LASTING = ("params", "flops", "macs")  # figures that stay however narrow the terminal is
FIGURE_COLUMNS: dict[str, Column] = {  # by the key of each figure
    each.key: Column(
        each.key,
        each.header or each.title,
        each.unit,
        int(each.key not in LASTING),
        of=_local(each.key) if each.group == "last" else None,
    )
    for each in FIGURES.values()
    if each.key not in TEXT_COLUMNS
}
SETS = {  # names that stand for several columns
    "input": ("input_channels", "input_size"),
    "output": ("output_channels", "output_size"),
    "type": ("kind",),
    "training_step": ("flops", "input_gradient_flops", "weight_gradient_flops", "training_flops"),
    "rf": ("receptive_field", "exceeds_input"),
    "field": ("receptive_field", "exceeds_input", "effective_stride", "effective_pad"),
}
DEVICE_COLUMNS = ("intensity", "bound_us", "bound_by")  # what a device adds unless its bound is among the columns asked for
DEFAULT_COLUMNS = (
    "name,kind,input,filters,kernel,stride,pad,output,memory,params,flops"  # the lecture's table, with the layer's type
)
GROUP_COLUMNS = "name,layers,memory,memory_share,params,params_share,flops,flops_share"  # of groups by resolution and type
BAR_COLUMNS = "name,output,memory,params,flops"  # where bars take room
COLUMN_NAMES = tuple(dict.fromkeys((*TEXT_COLUMNS, *(f.name for f in FIGURES.values()), *SHARES, *SETS)))  # as offered


def device_record(device: Device | None, dtype: str) -> dict[str, Any]:
    """Return a device with its rates, for programs."""
    if device is None:
        return {}
    rates = {"name": device.name, "rate": device.rate(dtype), "bandwidth": device.bandwidth}
    return {"device": {**rates, "memory": device.memory, "flash": device.flash, "source": device.source}}


def named_columns(columns: str | Iterable[str]) -> list[str]:
    """Return the names of columns, which are one text with commas or a list. Raises UsageError for anything else.

    >>> named_columns("name, Params"), named_columns(["name", "params"])
    (['name', 'params'], ['name', 'params'])
    """
    parts = columns.split(",") if isinstance(columns, str) else list(columns) if isinstance(columns, Iterable) else [columns]
    if not all(isinstance(part, str) for part in parts):
        raise UsageError(f"columns are {columns!r}", 'give their names: "name,params", or ["name", "params"]')
    return [part.strip().lower() for part in parts]


def column_keys(columns: str | Iterable[str]) -> list[str]:
    """Return the column keys of a list such as "name,output,params". Raises UsageError for an unknown one."""
    keys: list[str] = []
    for word in filter(None, named_columns(columns)):
        if word not in (*TEXT_COLUMNS, *SHARES, *SETS, *NAMES):
            listed = f"columns: {', '.join(COLUMN_NAMES)}"
            raise UsageError(f"unknown column '{word}'", did_you_mean(word, (*COLUMN_NAMES, *NAMES), listed))
        found = SETS[word] if word in SETS else (word,) if word in (*TEXT_COLUMNS, *SHARES) else (NAMES[word].key,)
        keys += [key for key in found if key not in keys]
    if not keys:
        raise UsageError("no columns named", f"columns: {', '.join(COLUMN_NAMES)}")
    return keys
