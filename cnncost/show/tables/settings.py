"""The table of `cnncost settings`: what can be changed of a network."""

from __future__ import annotations

from dataclasses import replace

from cnncost.graph.graph import stated
from cnncost.models.model import Model
from cnncost.models.settings import MISSING, Setting, shown
from cnncost.show.table import Column, Table

KINDS = {"size": "whole number", "count": "whole number", "real": "number", "flag": "true, false", "word": "text", "any": ""}


def settings_table(model: Model) -> Table:
    """Return a network's settings: name, present value, what it takes, and what it means."""
    columns = (
        Column("name", "setting"),
        Column("value", "now", of=lambda each: "" if each["required"] else shown(each["value"])),
        Column("takes", "takes", priority=2),
        Column("meaning", "meaning", priority=1, wraps=True),
    )
    records = [
        {
            "name": setting.name,
            "value": None if setting.default is MISSING else setting.default,
            "required": setting.default is MISSING,
            "takes": taken(setting),
            "meaning": model.meaning(setting.name),
        }
        for setting in model.declared.values()
    ]
    return Table.of(
        columns,
        records,
        schema="cnncost.settings/1",
        field="settings",
        head={"model": model.name},
        title=f"settings of {model.name}",
        notes=(f"change one with --set NAME=VALUE, as in: cnncost table {model.name} --set {records[0]['name']}=…",)
        if records
        else ("it has no settings",),
    )


def model_table(model: Model) -> Table:
    """Return the settings of a model, with what it reads and where it is from."""
    known = {name: shape for name, shape in model.inputs.items() if shape is not None}
    notes = [stated(known)] if known else []
    return replace(settings_table(model), title=model.name, notes=(*notes, *filter(None, (model.source,))))


def taken(setting: Setting) -> str:
    """Return what a setting takes, in words."""
    if setting.kind == "list":
        entry = taken(setting.entry) if setting.entry is not None else ""
        words = f"list of {entry}s" if entry else "list"
    else:
        words = ", ".join(map(shown, setting.choices)) if setting.choices else KINDS.get(setting.kind, setting.kind)
    return f"{words} or none" if setting.optional else words
