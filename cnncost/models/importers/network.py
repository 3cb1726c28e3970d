"""A program as a model: its records are run on the tensors of a trace, once at the size of the export if another is asked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from cnncost.base.errors import ModelError
from cnncost.graph.graph import Outputs, Tensor, trace
from cnncost.models.importers import axes as ax
from cnncost.models.importers.axes import Stated
from cnncost.models.importers.call import Translation
from cnncost.models.importers.inputs import main_of, runs_along_the_first, shapes_of
from cnncost.models.importers.naming import clean
from cnncost.models.importers.records import Program, Record, Weight
from cnncost.models.importers.replay import FOLLOW, Replay
from cnncost.models.importers.text import as_input, require_inputs
from cnncost.models.importers.values import Exported
from cnncost.models.model import Model


def replayed(
    program: Program,
    translations: Mapping[str, Translation],
    tensors: Mapping[str, Tensor],
    exported: Exported | None,
    assume: Sequence[str] = (),
) -> Replay:
    """Run a program on tensors, again where a join has decided what a stated size is.

    What nothing reads is declared before all else, so that the last layer is what comes out.
    """
    tracer = next(iter(tensors.values())).tracer
    start, used, indices = len(tracer.nodes), dict(tracer.used), dict(tracer.indices)
    stated: dict[tuple[str, int], Stated] = {}
    unread: list[Weight] = []
    while True:
        replay = Replay(program, translations, tensors, exported, assume, stated)
        try:
            replay.declare(unread)
            replay.run(program.records)
        except ModelError:
            if not _settled(stated):
                _require_decided(stated)
                raise
        else:
            if not _settled(stated):
                _require_decided(stated)
                left = replay.unread()
                if not left or unread:
                    return replay
                unread = left
        del tracer.nodes[start:]
        tracer.used, tracer.indices = dict(used), dict(indices)
        tracer.storage.clear()


def _settled(stated: Mapping[tuple[str, int], Stated]) -> bool:
    """Let stated sizes be what joins demand of them; whether any has changed by that."""
    changed = [each for each in stated.values() if each.used is None and each.found is not None]
    for each in changed:
        each.used = each.found
    return bool(changed)


def _require_decided(stated: Mapping[tuple[str, int], Stated]) -> None:
    """Raise ModelError for a stated size of which no join says whether it follows the input."""
    for each in stated.values():
        if each.used is None:
            raise ModelError(each.fact, FOLLOW)


def model_of(program: Program, translations: Mapping[str, Translation]) -> Model:
    """Return a program as a model: a function that runs its records on tensors of any size they can follow."""
    main = main_of(program)
    shapes = shapes_of(program, batched=not runs_along_the_first(program, main))
    known: list[Exported] = []  # what the values are as exported, once that is asked for

    def at_export(*xs: Tensor, assume: tuple[str, ...] = ()) -> Outputs:
        replay = replayed(program, translations, dict(zip(shapes, xs, strict=True)), None, assume)
        known[:] = [replay.found]
        return replay.finish()

    def stated() -> bool:
        return not any(None in shape for shape in shapes.values())  # a file may leave sizes open

    sizes = program.exported[main]
    if stated() and len(sizes) > 1 and sizes[0] != 1 and not isinstance(program.inputs[main][0], str):
        try:  # a first axis of more than one need not be the batch
            trace(at_export, as_input(_clean(shapes)), program.name)
        except ModelError as error:
            batched, shapes = shapes, shapes_of(program, batched=False)
            try:
                trace(at_export, as_input(_clean(shapes)), program.name)
            except ModelError:
                shapes = batched
                raise error.of(os.path.basename(program.name)) from None

    def run(*xs: Tensor, assume: tuple[str, ...] = ()) -> Outputs:
        """Run the records of the file; operations of the types in `assume` hand on their input."""
        require_inputs(xs, _clean(shapes))
        own = all(
            len(x.shape) == len(shape) and all(map(ax.same_size, x.shape, shape))
            for x, shape in zip(xs, shapes.values(), strict=True)
        )
        if own or not stated():
            return at_export(*xs, assume=assume)
        if not known:
            trace(at_export, as_input(_clean(shapes)), program.name, assume=assume)
        return replayed(program, translations, dict(zip(shapes, xs, strict=True)), known[0], assume).finish()

    spelling = {record.name: form for record in program.records if (form := _form(record))}
    own_input = as_input(_clean(shapes))
    return Model(os.path.basename(program.name), run, own_input, family="file", source=program.source, spelling=spelling)


def _clean(shapes: Mapping[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    """Return shapes by names that can stand on a command line."""
    return {clean(name): shape for name, shape in shapes.items()}


def _form(record: Record) -> str:
    if record.operation == "mean":
        return "mean"
    return "F" if record.called == "function" else ""
