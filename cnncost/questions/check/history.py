"""Earlier versions of models: from git, and from snapshots for places without git.

A model's costs are kept as the plain data of `Report.to_dict` (schema cnncost.table/1); a snapshot holds those of several.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cnncost.base.errors import UsageError
from cnncost.base.files import read_text
from cnncost.base.limits import QUANTITIES, Limit
from cnncost.base.record import dataclass

if TYPE_CHECKING:
    from cnncost.measures.precision import Setup
    from cnncost.measures.report import Report
    from cnncost.models.model import Model

SCHEMA = "cnncost.snapshot/1"
LONGEST = 5_000  # lines of a file that is compared line by line
LARGEST = 10**300  # of a figure: what a float can hold, for shares
ONE = "cnncost.table/1"  # what `cnncost table --format json` prints: a snapshot of one model


def costs(report: Report, label: str, limits: Collection[Limit] = ()) -> dict[str, Any]:
    """Return what a model costs as plain data, under the name by which the user calls it.

    Figures that are not counted but worked out, such as the peak of its memory, are there where something `limits` them. Raises
    UsageError with its place for a limit that says what cannot be of how the model is trained.
    """
    trained = report.trained.record([QUANTITIES[each.quantity].key for each in limits], report.dtype)
    data = {**report.to_dict(), "model": label, **trained}
    for each in limits:
        figure = QUANTITIES[each.quantity]
        if not figure.expected:
            data["total"][each.key] = replace(report, trained=setup_of(each, report.trained)).total[figure.key]
    return data


def setup_of(limit: Limit, trained: Setup) -> Setup:
    """Return how a model is trained for a limit: as it says itself, else as everything is."""
    try:
        return replace(trained, **dict(limit.trained)) if limit.trained else trained
    except UsageError as error:
        place = f"{limit.file}:{limit.line}: " if limit.line is not None else ""
        raise UsageError(f"{place}{limit.quantity}: {error.message}", error.hint) from None


def snapshot(
    reports: Sequence[Report], labels: Sequence[str], limits: Mapping[str, Sequence[Limit]] | None = None
) -> dict[str, Any]:
    """Return the costs of several models as plain data: what `cnncost snapshot -o costs.json` writes.

    Beside what is counted they have the peak of memory, and what the `limits` of a model limit.
    """
    limited = {label: (Limit("peak_memory"), *(limits or {}).get(label, ())) for label in labels}
    found = [costs(report, label, limited[label]) for report, label in zip(reports, labels, strict=True)]
    return {"schema": SCHEMA, "models": found}


Data = Mapping[str, Any]  # the costs of a model, as `Report.to_dict` gives them


def is_snapshot(name: str) -> bool:
    """Whether a word names a file of costs rather than a model, which may be JSON as well, or a git ref."""
    return name.lower().endswith(".json") and not _is_network(name)


def _is_network(path: str) -> bool:
    """Whether a file in JSON holds a model of Keras."""
    from cnncost.models.importers import keras, mapped

    try:
        return keras.is_mine(mapped(path))
    except UsageError:  # it cannot be read: what reads snapshots says why
        return False


@functools.cache
def read_snapshot(path: str) -> dict[str, dict[str, Any]]:
    """Return the costs in a file, by model. Raises UsageError for anything but a snapshot or a table in JSON."""
    import json

    text = read_text(path, "the snapshot", _WRITE)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(f"cannot read the snapshot '{path}': it is no JSON", _WRITE) from None
    schema = data.get("schema") if isinstance(data, dict) else None
    models = data.get("models") if schema == SCHEMA else [data] if schema == ONE else None
    if not isinstance(models, list) or not all(map(_sound, models)):
        raise UsageError(f"'{path}' is no snapshot", _WRITE)
    named: dict[str, dict[str, Any]] = {}
    for model in models:
        if named.setdefault(model["model"], model) is not model:
            raise UsageError(f"'{path}' has two models '{model['model']}'", "keep one of them")
    return named


def pick(models: Mapping[str, dict[str, Any]], path: str, beside: Sequence[str]) -> dict[str, Any]:
    """Return the one model of a snapshot that is meant: the one named `beside` it, or the only one.

    Raises UsageError where that leaves several or none.
    """
    chosen = [model for model in beside if model in models] or list(models)
    if len(chosen) != 1:
        held = ", ".join(models) or "nothing"
        raise UsageError(f"'{path}' does not say which model is meant: it has {held}", "name one of them on the other side")
    return models[chosen[0]]


_WRITE = "write one: cnncost snapshot MODEL… -o costs.json"


def _sound(model: Any) -> bool:
    """Whether plain data has what comparisons read."""
    if not isinstance(model, Mapping) or not isinstance(model.get("total"), Mapping):
        return False
    layers = model.get("layers")
    if not isinstance(layers, list) or not all(isinstance(layer, Mapping) for layer in layers):
        return False
    texts = (model.get(key) for key in ("model", "dtype", "convention"))
    entries = (model["total"], *layers)
    names = [layer.get("name") for layer in layers]
    return (
        all(isinstance(text, str) for text in texts)
        and type(model.get("batch")) is int
        and isinstance(model.get("input"), list)
        and all(_whole(entry.get(figure)) for entry in entries for figure in FIGURES)
        and all(isinstance(name, str) for name in names)
        and len(set(names)) == len(names)
        and all(isinstance(layer.get("kind"), str) for layer in layers)
        and all(isinstance(layer.get("args"), Mapping) for layer in layers)
        and all(isinstance(layer.get("runs"), int | float) for layer in layers)
        and all(isinstance(layer.get(key), list) for layer in layers for key in ("input", "output"))
        and all(isinstance(shape, list) for layer in layers for shape in layer["input"])
    )


def _whole(number: Any) -> bool:
    """Whether a figure is a number of bits or of anything else: of dtypes below a byte bytes have eighths."""
    return type(number) in (int, float) and abs(number) < LARGEST and number * 8 % 1 == 0


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is nothing that growth could be measured from: half a sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier version of a model: itself or what it cost, and how `cnncost diff` names it."""

    found: Model | dict[str, Any]
    reference: str


def before(name: str, against: str | None, configured_in: str | None = None) -> Earlier | Missing:
    """Return an earlier version of a model: as a snapshot has it, or as it was at a git ref.

    A spec is read as it was. A network of the zoo is, at a ref, the one that the configuration of that ref lists: the file
    `configured_in`. Raises UsageError where there is no such snapshot, repository or ref, and for what was there and cannot be
    read: that is no absence.
    """
    if against is None:
        return Missing("nothing to measure it from was given with --against")
    if is_snapshot(against):
        kept = _in_snapshot(name, against)
        return kept if isinstance(kept, Missing) else Earlier(kept, against)
    from cnncost.base.git import NotInGitError, text_at
    from cnncost.models.load import NoPastError, at, in_a_file
    from cnncost.questions.check.config import bare, models_of

    try:
        if in_a_file(bare(name)) or ":" in bare(name) or " + " in name:
            return Earlier(at(against, name), _at(against, name))
        if configured_in is None:
            return Missing(f"no configuration says which {name} was meant at {against}")
        listed = models_of(text_at(against, configured_in))
    except (NotInGitError, NoPastError) as error:
        return Missing(error.message)
    alike = [name] if name in listed else [model for model in listed if bare(model) == bare(name)]
    if len(alike) != 1:
        return Missing(f"'{configured_in}' at {against} lists {'several' if alike else 'no'} {bare(name)}")
    return Earlier(at(against, alike[0]), alike[0])


def _at(against: str, name: str) -> str:
    """Return how a model is written with its files as they were at a git ref."""
    import shlex

    from cnncost.models.load import in_a_file

    words = [name] if in_a_file(name) else shlex.split(name)
    return " ".join(f"{against}:{word}" if in_a_file(word) else word for word in words)


def changed_lines(path: str, against: str | None) -> list[int]:
    """Return the lines of a file that are not as they were at a git ref, from 1; none without anything to compare."""
    from difflib import SequenceMatcher

    from cnncost.base.git import text_at

    if against is None or is_snapshot(against):
        return []
    try:
        was = text_at(against, path).splitlines()
        now = read_text(path, "the spec", "name a file").splitlines()
    except UsageError:
        return []
    if max(len(was), len(now)) > LONGEST:
        return []
    edits = SequenceMatcher(None, was, now, autojunk=False).get_opcodes()
    return [line + 1 for kind, _, _, first, last in edits if kind != "equal" for line in range(first, max(last, first + 1))]


def need(against: str) -> None:
    """Raise UsageError unless there is such a snapshot, or such a ref in the repository of this folder."""
    if is_snapshot(against):
        read_snapshot(against)
    else:
        from cnncost.base.git import need_commit

        need_commit(against)


def _in_snapshot(name: str, path: str) -> dict[str, Any] | Missing:
    """Return the costs that a snapshot has of a model. Files are the same where their paths are, however they are written."""
    models = read_snapshot(path)
    if name in models:
        return models[name]
    found = [label for label in models if _paths(label, path) & _paths(name, "")]
    if len(found) > 1:
        raise UsageError(
            f"'{path}' has several models that {name} may be: {', '.join(found)}", "write one again: cnncost snapshot"
        )
    held = ", ".join(list(models)[:5]) + " …" * (len(models) > 5)
    return models[found[0]] if found else Missing(f"'{path}' does not have it (it has {held or 'nothing'})")


def _paths(label: str, snapshot: str) -> frozenset[str]:
    """Return what files a label may mean, with its settings: from this folder, from the snapshot's and from those above it."""
    from cnncost.models.load import in_a_file
    from cnncost.questions.check.config import bare

    path = bare(label)
    if not in_a_file(path):
        return frozenset()
    folders = [os.getcwd()]
    if snapshot:
        above = os.path.dirname(os.path.abspath(snapshot))
        folders.append(above)
        while not os.path.exists(os.path.join(above, ".git")) and above != os.path.dirname(above):
            above = os.path.dirname(above)
            folders.append(above)
    return frozenset(os.path.realpath(os.path.join(folder, path)) + label[len(path) :] for folder in folders)


FIGURES = ("params", "flops", "macs", "activation_bytes", "param_bytes", "buffers")  # of a layer and of totals, all whole
