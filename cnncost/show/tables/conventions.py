"""The tables of `cnncost conventions`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cnncost.base.poly import Num, Poly
from cnncost.base.site import page
from cnncost.counting import FORMS, LETTERS, Convention
from cnncost.rules import RULES
from cnncost.show.table import Column, Record, Table

SCHEMA = "cnncost.conventions/1"


def conventions_table(chosen: Sequence[Convention]) -> Table:
    """Return the counting conventions: name, what is counted, source, and which version of a tool was run beside it."""
    columns = (
        Column("name", "name"),
        Column("states", "counts", wraps=True),
        Column("source", "source", priority=1, wraps=True),
        Column("ran", "run", priority=2, wraps=True),
    )
    notes = ("cnncost conventions NAME shows the formula of each layer type", f"more: {page('conventions')}")
    return Table.of(columns, list(map(convention_data, chosen)), schema=SCHEMA, field="conventions", notes=notes)


def convention_table(convention: Convention) -> Table:
    """Return one convention: per layer type, its FLOPs, memory and parameters as formulas over the counts."""
    figures = ("flops", "memory", *(("params",) if convention.params else ()))
    columns = (
        Column("kind", "type"),
        Column("flops_formula", "FLOPs"),
        Column("memory_formula", "memory (elements)", priority=2),
        *((Column("params_formula", "params", priority=1),) if convention.params else ()),
    )
    records: list[Record] = []
    used: set[str] = set()
    for kind in RULES:  # each kind, then its modes and spellings that are charged otherwise
        usual = convention.formula("flops", kind)
        others = [key for key in convention.flops if kind in key.split(".") and convention.flops[key] != usual]
        for key in (kind, *others):
            formulas = {figure: convention.formula(figure, key) for figure in figures}
            records.append({"kind": key, **{f"{figure}_formula": str(formula) for figure, formula in formulas.items()}})
            used.update(letter for formula in formulas.values() if isinstance(formula, Poly) for letter in formula.letters())
    forms = [form for form in FORMS if any(record["kind"].startswith(f"{form}.") for record in records)]
    notes = (
        f"{convention.name}: {convention.states}",
        f"source: {convention.source}",
        *((f"run: {convention.ran}",) if convention.ran else ()),
        *(f"note: {slip.says}" for slip in convention.slips),
        *((f"printed beside it: {', '.join(convention.beside)}",) if convention.beside else ()),
        *(f"{name}: {letter.meaning}" for name, letter in LETTERS.items() if name in used),
        *(f"{form}.…: {FORMS[form]}" for form in forms),
        f"more: {page('conventions')}",
    )
    head = {"conventions": [convention_data(convention)]}
    return Table.of(columns, records, schema=SCHEMA, field="types", head=head, notes=notes)


def convention_data(convention: Convention) -> dict[str, Any]:
    """Return a convention as plain data, formulas as text."""

    def texts(formulas: Mapping[str, Num]) -> dict[str, str]:
        return {kind: str(formula) for kind, formula in formulas.items()}

    return {
        "name": convention.name,
        "states": convention.states,
        "source": convention.source,
        "ran": convention.ran,
        "flops": texts(convention.flops),
        "memory": texts(convention.memory),
        "params": texts(convention.params),
        "input_gradient": texts(convention.input_gradient),
        "weight_gradient": texts(convention.weight_gradient),
        "per_example": convention.per_example,
        "notes": [slip.says for slip in convention.slips],
        "beside": list(convention.beside),
    }
