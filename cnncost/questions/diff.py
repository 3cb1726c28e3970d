"""What changed between two models: totals, and layer by layer what was added, removed or changed.

Works on plain data (schema cnncost.table/1), so that a snapshot compares like a model of today.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.figures import FIGURES, NAMES, Figure
from cnncost.base.limits import QUANTITIES
from cnncost.base.record import dataclass
from cnncost.base.showable import Facts, Several, Showable
from cnncost.base.units import Shown, many
from cnncost.rules import show

COUNTING = ("convention", "dtype", "batch")  # in which two sides may not differ
WEIGHED = ("flops", "params", "memory")  # quantities by which layers are ordered

Data = Mapping[str, Any]
Change = Literal["added", "removed", "changed", "renamed"]


@dataclass(frozen=True, slots=True)
class LayerChange:
    """One layer that is not what it was: as plain data before and after, None where it was not there."""

    change: Change
    old: Data | None
    new: Data | None

    def __repr__(self) -> str:
        return f"<LayerChange {self.change}: {self.layer['name']}>"

    @property
    def layer(self) -> Data:
        """The layer as it is, or was."""
        layer = self.new if self.new is not None else self.old
        assert layer is not None
        return layer

    def delta(self, key: str) -> int:
        """Return by how much a figure has grown."""
        return (self.new[key] if self.new else 0) - (self.old[key] if self.old else 0)


@dataclass(frozen=True, slots=True)
class StageChange:
    """One scope that is not what it was: its layers as plain data before and after."""

    name: str
    old: Sequence[Data]
    new: Sequence[Data]

    def total(self, key: str) -> tuple[int, int]:
        """Return a figure's sum before and after."""
        was, now = (sum(layer[key] for layer in side) for side in (self.old, self.new))
        return was, now

    def delta(self, key: str) -> int:
        """Return by how much a figure has grown."""
        was, now = self.total(key)
        return now - was


@dataclass(frozen=True, slots=True)
class Difference(Showable):
    """What changed from one model to another."""

    old: Data
    new: Data
    layers: tuple[LayerChange, ...]  # heaviest first
    unchanged: int

    def __repr__(self) -> str:
        changed = f"{many(len(self.layers), 'layer')} changed, {self.unchanged:,} unchanged"
        return f"<Difference {self.old['model']} → {self.new['model']}: {changed}>"

    def by_stage(self, depth: int = 1) -> list[StageChange]:
        """Return what changed scope by scope, those that did not left out, in the order of the layers.

        A scope is the first parts of a layer's name, `depth` of them at most; a layer of no scope is one of its own.
        """
        sides: dict[str, tuple[list[Data], list[Data]]] = {}
        for place, costs in enumerate((self.new, self.old)):
            for layer in costs["layers"]:
                *scopes, _ = layer["name"].split(".")
                name = ".".join(scopes[:depth]) or layer["name"]
                sides.setdefault(name, ([], []))[place].append(layer)
        return [
            StageChange(name, old, new)
            for name, (new, old) in sides.items()
            if sorted(map(_content, old)) != sorted(map(_content, new))
        ]

    def totals(self, quantity: Figure) -> tuple[int, int]:
        """Return a figure's total before and after."""
        return total(self.old, quantity), total(self.new, quantity)


def total(costs: Data, quantity: Figure, key: str = "") -> int:
    """Return a figure's total from the plain data of a model, which may have it under another key than the figure's."""
    if quantity.key == "layers":
        return len(costs["layers"])
    key = key or quantity.key
    if key not in costs["total"]:
        raise UsageError(f"the costs of {costs['model']} do not say its {quantity.title}", "write them again: cnncost snapshot")
    value: int = costs["total"][key]
    return value


def need_same_counting(old: Data, new: Data) -> None:
    """Raise UsageError where two models are counted differently: then figures differ though the networks do not."""
    for key in COUNTING:
        if old[key] != new[key]:
            raise UsageError(
                f"{old['model']} is counted with {key} {old[key]} and {new['model']} with {new[key]}",
                f"count both in the same way: --{key} {old[key]}",
            )


def need_same_training(old: Data, new: Data) -> None:
    """Raise UsageError where two models are trained differently, as far as both say how."""
    before, now = old.get("trained") or {}, new.get("trained") or {}
    for key in before.keys() & now.keys():
        if before[key] != now[key]:
            said = [f"{key} {which[key]}" for which in (before, now)]
            fact = f"{old['model']} was counted as trained with {said[0]}, {new['model']} with {said[1]}"
            same = "give both the same --dtypes" if key == "dtypes" else f"train both in the same way: --{key} {before[key]}"
            raise UsageError(fact, same)


def difference(old: Data, new: Data, by: str = "flops") -> Difference:
    """Return what changed from `old` to `new`, layers by the change of the quantity `by`, heaviest first.

    Layers are matched by name, or, where that leaves less to tell, by what they are: those are renamed. Raises UsageError
    where the two are counted differently.
    """
    need_same_counting(old, new)
    # Inserting a layer shifts the numbered names of those after it; changing a width makes layers look like their neighbours
    # of old. Whichever reading leaves less to tell is taken.
    a, b = ([(_content(layer), layer) for layer in side["layers"]] for side in (old, new))
    readings = [_match(a, b, renamed) for renamed in (False, True)]
    changes, unchanged = min(readings, key=lambda reading: sum(change.change != "renamed" for change in reading[0]))
    order = [sort_key(by), *(QUANTITIES[name].layers for name in WEIGHED)]
    changes.sort(key=lambda change: [-abs(change.delta(key)) for key in order])
    return Difference(Facts(old), Facts(new), Several(changes), unchanged)


def sort_key(by: str) -> str:
    """Return the figure of layers that a quantity sums. Raises UsageError for an unknown one, and for one of no layer."""
    found = NAMES.get(by.strip().lower())
    if found is None or not found.layers:
        names = [each.name for each in FIGURES.values() if each.layers]
        raise UsageError(f"cannot sort by '{by}'", did_you_mean(by, names, f"figures: {', '.join(names)}"))
    return found.layers


def _match(old: Sequence[tuple[str, Data]], new: Sequence[tuple[str, Data]], renamed: bool) -> tuple[list[LayerChange], int]:
    """Return the changes between layers given with their content, and how many did not change."""
    before = {layer["name"]: (content, layer) for content, layer in old}
    same = {layer["name"] for content, layer in new if before.get(layer["name"], ("",))[0] == content}
    moved: dict[str, deque[Data]] = defaultdict(deque)  # layers of old by content, those matched left out
    for content, layer in old:
        if layer["name"] in same:
            del before[layer["name"]]
        elif renamed:
            moved[content].append(layer)
    changes: list[LayerChange] = []
    rest: list[Data] = []
    for content, layer in new:
        if layer["name"] in same:
            continue
        if candidates := moved.get(content):
            was = candidates.popleft()
            changes.append(LayerChange("renamed", was, layer))
            del before[was["name"]]
        else:
            rest.append(layer)
    for layer in rest:
        _, namesake = before.pop(layer["name"], ("", None))
        changes.append(LayerChange("changed" if namesake else "added", namesake, layer))
    changes += [LayerChange("removed", layer, None) for _, layer in before.values()]
    return changes, len(same)


def _content(layer: Data) -> str:
    """What makes a layer the same: everything but its name and its place, as text."""
    from json import dumps

    return dumps(
        {key: value for key, value in layer.items() if key not in ("name", "shares", "index", "stage")}, sort_keys=True
    )


def what(change: LayerChange) -> str:
    """Return what a layer is, or what of it changed, in words."""
    old, new = change.old, change.new
    if change.change == "renamed":
        return f"was {old['name'] if old else ''}"
    if old is None or new is None:
        layer = change.layer
        return f"{layer['kind']} → {_shape(layer['output'])}"
    parts = [f"{old['kind']} → {new['kind']}"] if old["kind"] != new["kind"] else [new["kind"]]
    for name in {**old["args"], **new["args"]}:
        a, b = old["args"].get(name), new["args"].get(name)
        if a != b:
            parts.append(f"{name} {_plain(a)} → {_plain(b)}")
    if old["input"] != new["input"]:
        parts.append(f"input {' and '.join(map(_shape, old['input']))} → {' and '.join(map(_shape, new['input']))}")
    if old["runs"] != new["runs"]:
        parts.append(f"runs {old['runs']:.1%} → {new['runs']:.1%}")
    return ", ".join(parts)


def _shape(shape: Sequence[Any]) -> str:
    return show(tuple(shape))


def _plain(value: Any) -> str:
    return (
        ",".join(map(str, value)) if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else str(value)
    )


def percent(old: int, new: int) -> Shown | None:
    """Return by how much a figure has grown, of what it was; None where it was nothing."""
    if old == 0:
        return None
    share = float(Fraction(new - old) / Fraction(old))  # of dtypes below a byte they are no whole numbers
    text = f"{share:+.2%}"
    if new != old and text[1:] == "0.00%":
        text = f"{share * 100:+.1g}%"
    return Shown(share, text if new != old else "0%")
