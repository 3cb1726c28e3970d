"""The tables of `cnncost ops`: the layer types, and the rule of each."""

from __future__ import annotations

from math import prod
from typing import Any

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.poly import Num, symbol, symbols
from cnncost.base.site import page
from cnncost.graph.lettered import in_primes, primed
from cnncost.rules import RULES, Cost, show
from cnncost.rules.rule import Rule
from cnncost.show.table import Column, Record, Table

# What a rule is shown on, where that is not one C×H×W map: shapes in letters, and arguments that are not letters of their own.
SHOWN_ON: dict[str, tuple[str, ...]] = {
    "parameter": (),
    "opaque": ("C H W",),
    "elementwise": ("C H W",),
    "einsum": ("T K", "K D"),
    "lstm": ("T D",),
    "gru": ("T D",),
    "rnn": ("T D",),
    "embedding": ("T",),
    "depth_to_space": ("size·size·C H W",),
    "squeeze": ("C H 1",),
    "linear": ("F",),
    "matmul": ("N K", "K M"),
    "attention": ("T D", "S D", "S E"),
    "attention_bias": ("T heads·D", "P heads"),
    "space_to_depth": ("C size·h size·w",),
    "adaptive_avg_pool": ("C out·h out·w",),
    "adaptive_max_pool": ("C out·h out·w",),
    "concat": ("A H W", "B H W"),
    "mul": ("C H W", "C"),
    "class_token": ("T D",),
    "untokens": ("height·width D",),
}
# Arguments that decide which axes there are have numbers, or an example in letters.
SHOWN_WITH: dict[str, dict[str, Any]] = {
    "reshape": {"to": ("C·H", "W")},
    "expand": {"to": ("N", "C", "H", "W")},
    "permute": {"order": (1, 2, 0)},
    "squeeze": {"axis": -1},
    "unsqueeze": {"axis": 0},
    "tile": {"times": (1, 2, 2)},
    "gather": {"count": "N"},
    "parameter": {"shape": ("T", "D")},
    "elementwise": {"op": "exp"},
    "opaque": {"op": "sort", "to": ("C", "H", "W")},
    "einsum": {"equation": "tk,kd->td"},
    "gru": {"layers": 1, "bias": 2},
    "rnn": {"layers": 1, "bias": 2},
    "lstm": {"layers": 1, "bias": 2, "projection": 0},
    "attention": {"window": None},  # within windows is a case of its own, told in its words
    "upsample": {"size": None},
}
LETTERED = ("Num", "Sizes", "Pad", "Scale")  # the types of arguments that a rule takes as letters
COUNT_NAMES = ("params", "macs", "bias", "taps", "buffers")


def rule_table(kind: str) -> Table:
    """Return one rule: its arguments, its words, and its formulas, read off the rule itself by running it on letters."""
    if kind not in RULES:
        raise UsageError(f"unknown layer type '{kind}'", did_you_mean(kind, RULES, "see: cnncost ops"))
    rule = RULES[kind]
    inputs = [tuple(map(_size, shape)) for shape in input_shapes(kind)]
    letters = {name: symbol(name) for name, p in rule.arguments.items() if p.annotation.split(" | ")[0] in LETTERED}
    given = {name: _given(value) for name, value in SHOWN_WITH.get(kind, {}).items()}
    cost: Cost = rule.cost(inputs, {**letters, **given})
    output, sizes = primed(cost.shape)  # a long output size gets a name, by which the other formulas stay short
    counts = {name: in_primes(getattr(cost, name), sizes) for name in COUNT_NAMES}
    formulas = {
        "input": " and ".join(map(show, inputs)),
        "output": show(output),
        **{name: str(value) for name, value in (*sizes.items(), *counts.items()) if name in sizes or value != 0},
    }
    record = rule_record(rule)
    return Table.of(
        (Column("count", "count"), Column("formula", "formula", wraps=True)),
        [{"count": name, "formula": formula} for name, formula in formulas.items()],
        schema="cnncost.op/1",
        field="counts",
        head={**record, "formulas": formulas},
        title=f"{kind}({signature(record)})",
        prose=rule.words,
        notes=(f"more: {page('reference/layer-types', kind.replace('_', '-'))}",),
    )


def input_shapes(kind: str) -> list[list[str]]:
    """Return the shapes that a rule is shown on, each as its sizes in letters."""
    rule = RULES[kind]
    return [shape.split() for shape in SHOWN_ON.get(kind, ("C H W",) * (2 if rule.inputs is None else rule.least))]


def _size(text: str) -> Num:
    """Return a size: a number, or a product of letters."""
    return int(text) if text.isdecimal() else prod(symbols(text.replace("·", " ")))


def _given(value: Any) -> Any:
    """Return an argument of `SHOWN_WITH`, the capitals in it as letters."""
    if isinstance(value, tuple):
        return tuple(map(_given, value))
    return _size(value) if isinstance(value, str) and value.replace("·", "").isupper() else value


def ops_table() -> Table:
    """Return the layer types: kind, arguments and the rule's first sentence."""
    columns = (
        Column("kind", "type"),
        Column("arguments", "arguments", priority=1, wraps=True, of=signature),
        Column("rule", "rule", priority=2, wraps=True, of=lambda record: RULES[record["kind"]].summary),
    )
    notes = (f"{len(RULES)} layer types; cnncost ops KIND shows one with its formula", f"more: {page('layers')}")
    return Table.of(columns, list(map(rule_record, RULES.values())), schema="cnncost.ops/1", field="ops", notes=notes)


def signature(record: Record) -> str:
    """Return a rule's arguments as people write them: out, kernel, stride=1."""
    required, arguments = record["required"], record["arguments"].items()
    return ", ".join(name if name in required else f"{name}={_literal(value)}" for name, value in arguments)


def rule_record(rule: Rule) -> dict[str, Any]:
    """Return a rule's kind, inputs, arguments and words as plain data."""
    return {
        "kind": rule.kind,
        "section": rule.section,
        "inputs": rule.inputs,
        "arguments": {p.name: None if p.default is p.empty else p.default for p in rule.arguments.values()},
        "required": [p.name for p in rule.arguments.values() if p.default is p.empty],
        "rule": rule.words,
    }


def _literal(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)
