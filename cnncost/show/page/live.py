"""What a live page is answered: a spec's text or a model's name in, the data of its page or what is wrong with it out.

Plain functions: whoever carries the questions (a server on this machine, a worker in a browser) needs nothing else. Names are
those of the zoo, with settings; no file is read and nothing is imported on behalf of a page.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import suppress
from itertools import pairwise
from typing import Any

from cnncost.base import usual
from cnncost.base.errors import CnncostError, UsageError, did_you_mean
from cnncost.base.files import read_text
from cnncost.base.record import dataclass
from cnncost.measures.devices import Device
from cnncost.measures.report import report
from cnncost.models.load import is_spec, load, names
from cnncost.models.model import Model
from cnncost.models.spec import read
from cnncost.models.spec.write import write
from cnncost.show.page.data import page_data

LONGEST = 500_000  # characters of a spec
CALLED = "spec.yaml"  # in messages


@dataclass(frozen=True, slots=True)
class Counting:
    """How a live page counts."""

    convention: str = usual.CONVENTION
    dtype: str = usual.DTYPE
    batch: int = 1
    device: Device | None = None


def answer(question: Any, how: Counting) -> dict[str, Any]:
    """Answer a question: `{"spec": text}` or `{"model": name}`.

    The answer has the `page`, and for a name the `spec` that says the same; or the `problem` as text, with its place.

    >>> answer({"model": "resnet50 --set widht=32"}, Counting())["problem"].splitlines()[0]
    "error: resnet50 has no setting 'widht'"
    """
    try:
        if not isinstance(question, Mapping) or not isinstance(question.get("spec", question.get("model")), str):
            raise UsageError("the question has neither a spec nor a model", 'ask {"spec": "…"} or {"model": "resnet50"}')
        if "spec" in question:
            if len(question["spec"]) > LONGEST:
                raise UsageError(f"the spec is longer than {LONGEST:,} characters", "work on it as a file")
            return {"page": _page(read(CALLED, question["spec"]).model, how)}
        _check(question["model"])
        model = load(question["model"])
        found: dict[str, Any] = {"page": _page(model, how)}
        try:
            found["spec"] = write(model.trace(), model.source)
        except CnncostError as error:
            found["problem"] = f"{model.name} has no spec to edit: {error.message}"
        return found
    except CnncostError as error:
        return {"problem": error.text()}


def opening(reference: str, how: Counting) -> dict[str, Any]:
    """Return the answer that a page opens with: for a reference of the command line, files among them.

    Raises CnncostError where it cannot be used.
    """
    if is_spec(reference):
        text = read_text(reference, "the spec", "name a spec: net.yaml")
        return {"spec": text, "page": _page(read(reference, text).model, how)}
    model = load(reference)
    found = {"page": _page(model, how), "spec": ""}
    with suppress(CnncostError):
        found["spec"] = write(model.trace(), model.source)
    return found


def _page(model: Model, how: Counting) -> dict[str, Any]:
    counted = report(model.trace(), how.convention, how.batch, how.dtype)
    return page_data([counted], [model.name], device=how.device)


def _check(reference: str) -> None:
    """Raise UsageError unless each member of a reference is a network of the zoo: a page names no files and no modules."""
    try:
        words = shlex.split(reference)
    except ValueError:
        words = [reference]
    known = names()
    for before, word in pairwise(["+", *words]):
        if before == "+" and word not in known:
            raise UsageError(f"unknown model '{word[:80]}'", did_you_mean(word, known, "see: cnncost list"))
