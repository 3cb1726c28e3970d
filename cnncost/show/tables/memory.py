"""The tables of `cnncost memory`: a network's memory by name, and the rules it follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnncost.base.poly import Poly, equal
from cnncost.base.units import Amount, Said, many
from cnncost.graph.graph import inputs_record, stated
from cnncost.measures.attention import written_scores
from cnncost.measures.checkpoints import segments
from cnncost.measures.facts import (
    CAN_WORK_IN_PLACE,
    COUNTS,
    IN_PLACE,
    KEEP_OUTPUT_IN_PLACE,
    KEEPS,
    NOTHING_AT_INFERENCE,
    STORED,
    VIEWS,
    VIEWS_WHERE,
)
from cnncost.measures.layout import is_stored, is_view
from cnncost.measures.memory import KEPT_PARTS, Memory
from cnncost.measures.precision import OPTIMIZER_SOURCES, OPTIMIZERS, PRECISION_SOURCES, PRECISIONS, size_of
from cnncost.rules import RULES
from cnncost.show.table import Column, Plot, Stack, Table

NAMED = 6  # storages alive at the peak that are named
Line = tuple[str, Any, str | None, str]  # name, bytes, dtype, what it is


def memory_table(plan: Memory, exact: bool = False) -> Table:
    """Return every figure of a plan, with what it is made of, and the course of live bytes as a plot."""
    figures = [dict(zip(("name", "bytes", "dtype", "what"), line, strict=True)) for line in _lines(plan)]
    told = {figure["name"]: figure["bytes"] for figure in figures}
    live = plan.live
    names = [node.name for node in plan.graph.layers]
    at = plan.peak_at
    alive = plan.alive(at) if at is not None else []
    notes = [f"{stated(plan.graph.inputs)}, batch {plan.batch}; activations: {plan.convention.name}"]
    if at is not None:
        notes.append(Said(f"live while {at} runs: ", *_largest(alive)))
    if plan.checkpoint != "none":
        count = len(segments(plan.graph, plan.checkpoint))
        notes.append(f"checkpointing {plan.checkpoint}: {count} segments are computed again; {KEPT_AGAIN}")
    scores = written_scores(plan.graph)
    if not equal(scores, 0):
        more = Amount(scores * plan.batch * size_of(plan.precision.activations), "bytes")
        said = "attention is counted as a fused kernel's; this network writes it out with products and keeps its scores, too: "
        notes.append(Said(said, more, " more at least"))
    notes.append("not modelled: workspaces of convolution algorithms, fragmentation, the context of a GPU")
    notes += plan.graph.notes
    head = {
        "model": plan.graph.name,
        "settings": plan.graph.settings,
        **inputs_record(plan.graph.inputs),
        "batch": plan.batch,
        "convention": plan.convention.name,
        "dtypes": {part: getattr(plan.precision, part) for part in plan.precision.__dataclass_fields__},
        "optimizer": plan.optimizer,
        "checkpoint": plan.checkpoint,
        "segments": len(segments(plan.graph, plan.checkpoint)),
        "in_place": list(plan.in_place),
        "block": plan.block,
        "activations_bytes": told["activations"],
        "outputs_bytes": told["outputs"],
        "outputs_indices_bytes": told.get("outputs.indices", 0),
        "peak_bytes": told["peak"],
        "peak_without_indices_bytes": told.get("peak.without_indices", told["peak"]),
        "peak_at": at,
        "peak_alive": [{"layer": name, "bytes": count} for name, count in alive],
        "kept_bytes": told["kept"],
        "kept": {f"{part}_bytes": count for part, count in plan.kept_parts.items()},
        "kept_input_bytes": plan.kept_input_bytes,
        "training_bytes": told["training"],
        "training": {f"{part}_bytes": count for part, (count, _) in plan.training_parts.items()},
        "params_bytes": told["parameters"],
        "buffers_bytes": told["buffers"],
        "input_bytes": told["input"],
    }
    tail = {
        "storages": [
            {"layer": names[made.layer], "bytes": made.bytes, "first": made.layer, "last": made.last}
            for made in plan.storages()
        ],
        "timeline": [{"layer": name, "live_bytes": count} for name, count in zip(names, live, strict=True)],
    }
    columns = (
        Column("name", "name"),
        Column("bytes", "memory", "bytes"),
        Column("dtype", "stored as", priority=2),
        Column("what", "what", priority=1, wraps=True),
    )
    return Table.of(
        columns,
        figures,
        schema="cnncost.memory/1",
        field="figures",
        head=head,
        tail=tail,
        title=plan.graph.name,
        notes=tuple(notes),
        exact=exact,
        stack=_training(plan),
        plot=Plot("live while each layer runs, at inference", live, "bytes", f"{at}") if live else None,
    )


def _training(plan: Memory) -> Stack | None:
    """Return what training takes as one bar."""
    parts = tuple([(part, count) for part, (count, _) in plan.training_parts.items() if isinstance(count, int) and count])
    return Stack(f"training, optimizer {plan.optimizer}", (parts,), "bytes", legend=True) if parts else None


def _largest(alive: list[tuple[str, int]]) -> Iterator[str | Amount]:
    """Iterate over the storages that are alive: the largest by name, the others together."""
    first = sorted(alive, key=lambda each: -each[1])[:NAMED]
    rest = sum(count for _, count in alive) - sum(count for _, count in first)
    parts = [*first, *([(many(len(alive) - NAMED, "other"), rest)] if rest else [])]
    for place, (name, count) in enumerate(parts):
        yield f"{', ' if place else ''}{name} "
        yield Amount(count, "bytes", (max(each for _, each in alive),))


def _lines(plan: Memory) -> Iterator[Line]:
    how, indices = plan.precision, sum(plan.indices)
    yield "activations", plan.activations_bytes, how.activations, f"the memory column of the convention {plan.convention.name}"
    both = _dtypes(how.activations, how.indices if indices else None)
    yield "outputs", plan.outputs_bytes, both, _outputs(plan)
    if indices:
        yield "outputs.indices", indices, how.indices, "where each maximum was found"
    yield "peak", plan.peak_bytes, both, f"live at once at inference, at {plan.peak_at}"
    if indices:
        yield (
            "peak.without_indices",
            max(plan.live_without_indices, default=0),
            how.activations,
            "as if pooling made no indices",
        )
    parts = {part: count for part, count in plan.kept_parts.items() if count}
    stored = {part: getattr(how, dtype) for part, dtype in KEPT_PARTS.items()}
    yield "kept", plan.kept_bytes, _dtypes(*(stored[part] for part in parts)), "saved by the forward pass for the backward pass"
    for part, count in parts.items() if len(parts) > 1 else ():
        yield f"kept.{part}", count, stored[part], KEPT_WORDS[part]
    yield "training", plan.training_bytes, None, f"optimizer {plan.optimizer}: {OPTIMIZER_SOURCES[plan.optimizer]}"
    for part, (count, dtype) in plan.training_parts.items():
        yield f"training.{part}", count, dtype, TRAINING_WORDS[part].format(slots=OPTIMIZERS[plan.optimizer])
    yield "parameters", plan.params_bytes, how.parameters, "learned numbers, shared ones once"
    yield "buffers", plan.buffers_bytes, how.buffers, "running means and variances; in none of the above"
    yield "input", plan.input_bytes, how.activations, _input(plan)


KEPT_AGAIN = "saved for backward is what is outside of them, what they read, and the largest of them"
KEPT_WORDS = {
    "activations": "each tensor once",
    "statistics": "of normalisation: mean and spread",
    "masks": "of dropout",
    "indices": "of max pooling",
    "maps": "intermediate results",
}
TRAINING_WORDS = {
    "parameters": "those of the forward and the backward pass",
    "master": "a second copy, which the optimizer updates",
    "gradients": "one per parameter",
    "optimizer": "{slots} per parameter",
    "kept": "as above",
}


def _dtypes(*names: str | None) -> str:
    return ", ".join(dict.fromkeys(name for name in names if name))


def _input(plan: Memory) -> str:
    kept = "; kept for the backward pass, too" if plan.kept_input_bytes else ""
    return f"the image; in none of the above{kept}"


def _outputs(plan: Memory) -> str:
    made = sum(count != 0 for count in plan.outputs)
    layers = [node for node in plan.graph.layers if node.runs != 0]
    views = sum(is_view(node, plan.graph.storage) or node.kind in NOTHING_AT_INFERENCE for node in layers)
    idle = sum(is_stored(node) for node in layers)
    rest = len(layers) - made - views - idle
    return f"newly made by {many(made, 'layer')}; in place: {rest}, views: {views}"


# ── the rules ────────────────────────────────────────────────────────────────────────────────────────────────────────


def rules_table(in_place: tuple[str, ...] = IN_PLACE) -> Table:
    """Return what each layer type makes and keeps, under an in-place policy: its own tables of facts."""
    columns = (
        Column("kind", "type"),
        Column("output", "output"),
        Column("keeps", "keeps for the backward pass", wraps=True),
        Column("source", "source or reason", priority=1),
    )
    entries = [
        {"kind": kind, "output": _output(kind, in_place), "keeps": _keeps(kind, in_place), "source": _source(kind)}
        for kind in RULES
    ]
    letters = {letter for keeps in KEEPS.values() for part in FORMULAS for letter in _letters(getattr(keeps, part))}
    notes = (
        "in place: unless the input is read afterwards, or is the input image; then a new storage",
        f"can work in place, on request: {', '.join(kind for kind in CAN_WORK_IN_PLACE if kind not in in_place)}",
        *(f"{letter}: {meaning}" for letter, meaning in COUNTS.items() if letter in letters),
        *(f"optimizer {name}: {slots} per parameter ({OPTIMIZER_SOURCES[name]})" for name, slots in OPTIMIZERS.items()),
        *(f"dtypes {name}: {parts} ({PRECISION_SOURCES[name]})" for name, parts in PRECISIONS.items()),
    )
    tail = {
        "in_place": list(in_place),
        "can_work_in_place": list(CAN_WORK_IN_PLACE),
        "optimizers": dict(OPTIMIZERS),
        "dtypes": dict(PRECISIONS),
    }
    return Table.of(columns, entries, schema="cnncost.memory_rules/1", field="rules", tail=tail, notes=notes)


FORMULAS = ("statistics", "masks", "indices", "maps")


def _letters(formula: Any) -> tuple[str, ...]:
    return formula.letters() if isinstance(formula, Poly) else ()


def _output(kind: str, in_place: tuple[str, ...]) -> str:
    if kind in in_place:
        return "in place"
    if kind in VIEWS:
        return "view"
    if kind in NOTHING_AT_INFERENCE:
        return "nothing at inference"
    if kind in VIEWS_WHERE:
        argument, value = VIEWS_WHERE[kind]
        return f"view where {argument}={value}, else new"
    return "stored with the parameters" if kind in STORED else "new"


def _keeps(kind: str, in_place: tuple[str, ...]) -> str:
    keeps = KEEPS.get(kind)
    if keeps is None:
        return ""
    parts = ["input"] if keeps.inputs else []
    if kind in KEEP_OUTPUT_IN_PLACE and kind in in_place:
        parts = ["output (input where not in place)"]
    parts += ["output"] if keeps.output else []
    for part in FORMULAS:
        formula = getattr(keeps, part)
        parts += [f"{formula} {part}"] if formula != 0 else []
    return ", ".join(parts)


def _source(kind: str) -> str:
    return KEEPS[kind].source if kind in KEEPS else VIEWS.get(kind, "")
