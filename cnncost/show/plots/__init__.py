"""Plots: pure functions from reports to Vega-Lite objects, which any program that knows Vega-Lite draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.record import dataclass
from cnncost.base.units import many
from cnncost.measures.devices import DEVICES, Device
from cnncost.measures.report import Report
from cnncost.show.plots import bars, dots, lines
from cnncost.show.plots.points import axis_title, known, points

MANY = 99


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of plot: how many networks it takes, what it shows, and what draws it."""

    least: int
    most: int
    shows: str
    draw: Callable[..., dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plot can be asked for beside its networks."""

    figure: str = "flops"
    device: Device | None = None
    x: str = "macs"
    y: str = "top1"
    area: str = "params"
    data: str | None = None
    dark: bool = False


Names = Sequence[str]
KINDS: dict[str, Kind] = {
    "icicle": Kind(1, 1, "what each stage, block and layer costs", lambda r, n, a: bars.icicle(r[0], a.figure, dark=a.dark)),
    "stages": Kind(1, MANY, "networks side by side, by resolution", lambda r, n, a: bars.stages(r, n, a.figure, dark=a.dark)),
    "memory": Kind(1, 7, "live memory over execution", lambda r, n, a: lines.memory(r, n, dark=a.dark)),
    "diff": Kind(2, 2, "what changed, layer by layer", lambda r, n, a: bars.changes(r[0], r[1], n, a.figure, dark=a.dark)),
    "bubble": Kind(1, MANY, "accuracy, or any figure, against any other, parameters as area", lambda r, n, a: _bubble(r, n, a)),
    "roofline": Kind(
        1,
        1,
        "layers under a device's roofline",
        lambda r, n, a: dots.roofline(r[0], n[0], a.device or DEVICES["h100"], dark=a.dark),
    ),
    "field": Kind(1, 7, "the receptive field along depth", lambda r, n, a: lines.field(r, n, dark=a.dark)),
}


def figure(kind: str, reports: Sequence[Report], labels: Sequence[str] | None = None, **asked: Any) -> dict[str, Any]:
    """Return a plot of reports as a Vega-Lite object; `asked` are the fields of `Asked`.

    Raises UsageError for an unknown kind, and for more or fewer reports than it takes.

    >>> import cnncost
    >>> figure("stages", [cnncost.analyze("resnet18"), cnncost.analyze("vgg16")])["mark"]["type"]
    'bar'
    """
    check(kind, len(reports))
    names = list(labels or [report.model for report in reports])
    return KINDS[kind].draw(list(reports), names, Asked(**asked))


def check(kind: str, count: int) -> None:
    """Raise UsageError for an unknown kind of plot, and for more or fewer models than it takes."""
    if kind not in KINDS:
        raise UsageError(f"no plot is called '{kind}'", did_you_mean(kind, KINDS, f"plots: {', '.join(KINDS)}"))
    found = KINDS[kind]
    if not found.least <= count <= found.most:
        takes = str(found.least) if found.least == found.most else f"{found.least} to {found.most}"
        others = ", ".join(name for name, each in KINDS.items() if each.least <= count <= each.most)
        remedy = f"it shows {found.shows}, of {takes}; plots of {many(count, 'model')}: {others}"
        raise UsageError(f"a plot '{kind}' of {many(count, 'model')}", remedy)


def _bubble(reports: Sequence[Report], labels: Sequence[str], asked: Asked) -> dict[str, Any]:
    data, names = known(asked.data), (asked.x, asked.y, asked.area)
    titles = [axis_title(name, data)[0] for name in names]
    return dots.bubble(points(reports, labels, names, data), *titles, dark=asked.dark)
