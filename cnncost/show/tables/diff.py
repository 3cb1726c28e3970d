"""The table of `cnncost diff`: the totals of two models, and the layers that are not what they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from cnncost.base.figures import NAMES
from cnncost.base.limits import QUANTITIES
from cnncost.base.units import Amount, many
from cnncost.questions.diff import COUNTING, Data, Difference, LayerChange, StageChange, percent, sort_key, what
from cnncost.rules import show
from cnncost.show.table import Column, Record, Table

TOTALS = ("params", "flops", "macs", "memory", "layers")  # quantities whose totals are shown
BY_LAYER = ("flops", "params", "memory")  # quantities shown layer by layer
DELTAS = ("params", "flops", "macs", "activation_bytes")  # whose change each layer has in JSON
SIDES = ("name", "kind", "input", "output", "args", "runs", *DELTAS)  # what is told of a layer before and after


def difference_table(
    found: Difference, top: int | None = None, exact: bool = False, depth: int | None = None, by: str = "flops"
) -> Table:
    """Return the table of the layers that changed, the changes of figures with their sign, below the table of totals.

    With `depth` it has a row per scope, those that changed most in `by` first.
    """
    totals = {}
    for name in TOTALS:
        a, b = found.totals(QUANTITIES[name])
        totals[QUANTITIES[name].key] = {"old": a, "new": b, "change": b - a}
    if depth is not None:
        return _stages(found, totals, depth, top, sort_key(by), exact)
    records = [_record(change) for change in found.layers]
    listed = [record for record in records if record["change"] != "renamed"]
    shown = listed if top is None else listed[:top]
    if others := listed[len(shown) :]:
        shown = [*shown, {"change": "", **_rest(others), "old": None, "new": None}]
    columns = [
        Column("change", "change"),
        Column("layer", "layer", of=lambda record: record["name"]),
        Column("what", "what", priority=2),
        *(_delta(name) for name in BY_LAYER),
    ]
    return Table.of(
        columns,
        records,
        schema="cnncost.diff/1",
        field="layers",
        shown=shown,
        label="change",
        **_around(found, totals, exact),
    )


def _stages(found: Difference, totals: Record, depth: int, top: int | None, by: str, exact: bool) -> Table:
    """Return the table of the scopes that changed."""
    stages = sorted(found.by_stage(depth), key=lambda stage: -abs(stage.delta(by)))
    records = [_stage(stage) for stage in stages]
    shown: list[Record] = list(records[:top])
    if others := records[len(shown) :]:
        shown.append(_rest(others))

    def grown(record: Record) -> Any:
        sides = record.get(by) if "delta" not in record else {key: record[key][by] for key in ("old", "new") if key in record}
        return percent(sides["old"], sides["new"]) if sides else None

    columns = (
        Column("name", "stage" if depth == 1 else "scope"),
        Column("layers", "layers", "number", 2, of=_layers),
        *(_delta(name) for name in BY_LAYER),
        Column("share", f"{NAMES[by].title} %", "number", of=grown),
    )
    return Table.of(
        columns,
        records,
        schema="cnncost.diff_stages/1",
        field="stages",
        shown=shown,
        **_around(found, totals, exact),
    )


def _rest(others: Sequence[Record]) -> Record:
    """Return the row of those that have no row of their own."""
    sums = {key: sum(record["delta"][key] for record in others) for key in DELTAS}
    return {"name": f"({many(len(others), 'other')})", "delta": sums}


def _around(found: Difference, totals: Record, exact: bool) -> dict[str, Any]:
    """Return what stands around the rows, be they layers or scopes."""
    old, new = found.old, found.new
    return {
        "head": {"old": _side(old), "new": _side(new)},
        "total": totals,
        "notes": tuple(_notes(found)),
        "exact": exact,
        "above": _totals(f"{old['model']} → {new['model']}", totals, exact),
    }


def _layers(record: Record) -> str | None:
    if "old" not in record or "delta" not in record:
        return None
    was, now = record["old"]["layers"], record["new"]["layers"]
    return f"{was} → {now}" if was != now else str(now)


def _stage(stage: StageChange) -> Record:
    sums = {key: stage.total(key) for key in DELTAS}
    return {
        "name": stage.name,
        "old": {"layers": len(stage.old), **{key: was for key, (was, _) in sums.items()}},
        "new": {"layers": len(stage.new), **{key: now for key, (_, now) in sums.items()}},
        "delta": {key: now - was for key, (was, now) in sums.items()},
    }


def _totals(title: str, totals: Record, exact: bool) -> Table:
    def side(own: str, other: str) -> Callable[[Record], Amount]:
        return lambda each: Amount(each[own], each["quantity"].measure, (each[other],))

    def change(each: Record) -> Amount:
        return Amount(each["change"], each["quantity"].measure, (each["old"], each["new"]), signed=True)

    columns = (
        Column("quantity", "total", of=lambda each: each["quantity"].title),
        Column("old", "old", "number", priority=2, of=side("old", "new")),
        Column("new", "new", "number", priority=1, of=side("new", "old")),
        Column("change", "change", "number", of=change),
        Column("share", "%", "number", of=lambda each: percent(each["old"], each["new"])),
    )
    named = ((QUANTITIES[name], totals[QUANTITIES[name].key]) for name in TOTALS)
    return Table.of(columns, [{"quantity": quantity, **of} for quantity, of in named], title=title, exact=exact)


def _delta(name: str) -> Column:
    """Return the column of how much layers grew by one quantity; of the totals, how much those did."""
    quantity = QUANTITIES[name]
    key = quantity.layers

    def read(record: Record) -> Any:
        return record["delta"][key] if "delta" in record else record[key]["change"]

    return Column(key, quantity.title, quantity.measure, int(quantity.measure == "bytes"), signed=True, of=read)


def _record(change: LayerChange) -> Record:
    def side(layer: Data | None) -> dict[str, Any] | None:
        return None if layer is None else {key: value for key, value in layer.items() if key in SIDES}

    return {
        "name": change.layer["name"],
        "change": change.change,
        "what": what(change),
        "old": side(change.old),
        "new": side(change.new),
        "delta": {key: change.delta(key) for key in DELTAS},
    }


def _side(costs: Data) -> dict[str, Any]:
    return {"model": costs["model"], "settings": costs.get("settings", {}), **{key: costs[key] for key in ("input", *COUNTING)}}


def _notes(found: Difference) -> list[str]:
    old, new = found.old, found.new
    counts = Counter(change.change for change in found.layers)
    tally = [f"{counts[change]} {change}" for change in ("added", "removed", "changed", "renamed") if counts[change]]
    notes = [f"layers: {', '.join([*tally, f'{found.unchanged} unchanged'])}"]
    if old["input"] != new["input"]:
        notes.append(f"the inputs differ: {_shape(old['input'])} → {_shape(new['input'])}")
    said = [f"{side['model']}: {text}" for side in (old, new) for text in side.get("notes", ())]
    return [
        *notes,
        f"input {_shape(new['input'])}, batch {new['batch']}, {new['dtype']}; {new['convention']}",
        *dict.fromkeys(said),
    ]


def _shape(shape: Sequence[Any]) -> str:
    return show(tuple(shape))
