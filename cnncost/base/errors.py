"""Errors that name the place and the remedy. Every error a user can cause is a `CnncostError`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class CnncostError(Exception):
    """Something the user can mend. `message` states the fact and the place; `hint` says what to do about it.

    Where an object lies in memory is no part of a fact: it is another number in each run, and for each candidate of a sweep.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        if " at 0x" in message:
            import re  # only these need it

            message = re.sub(" at 0x[0-9a-fA-F]+", "", message)
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def text(self) -> str:
        """Return what a terminal shows."""
        return f"error: {self.message}" + (f"\n  {self.hint}" if self.hint else "")


class UsageError(CnncostError):
    """A name, an option or a file that cannot be used."""


class AlgebraError(CnncostError):
    """A question that letters leave open, such as which of `H` and `7` is smaller."""


class Refusal(Enum):
    """Why a rule cannot be applied: what programs act on, where people read the message."""

    ARGUMENT = "an argument that the rule does not take"
    AXES = "an input with another number of axes"
    FEATURES = "a map where features are wanted"
    WINDOW = "a window that does not fit into its input"
    GROUPS = "groups that do not divide the channels"
    PARTS = "heads, windows or pieces that do not divide a size"
    INPUTS = "inputs of a product that do not match"
    BRANCHES = "branches of different shapes"


class CostError(CnncostError):
    """A rule that cannot be applied: the bare fact. The tracer adds which layer it was and makes it a `ModelError`.

    `kind` says why; `valid` is a boolean NumPy array where the rule ran on arrays: which candidates the fact does not concern.
    """

    def __init__(self, message: str, hint: str = "", valid: object = None, kind: Refusal = Refusal.ARGUMENT) -> None:
        super().__init__(message, hint)
        self.valid = valid
        self.kind = kind


class ModelError(CnncostError):
    """A model that cannot be built, with the layer at which it fails."""

    def __init__(self, message: str, hint: str = "", valid: object = None) -> None:
        super().__init__(message, hint)
        self.valid = valid

    def of(self, name: str) -> ModelError:
        """Return the error with the name of the model it concerns."""
        return type(self)(f"{name}: {self.message}", self.hint, self.valid)


class Disagreement(CnncostError):  # noqa: N818  # no error: the sweep's signal to split
    """Candidates of one array that need different graphs. `mask` is the boolean array of those that say yes."""

    def __init__(self, mask: object) -> None:
        super().__init__("the candidates need different graphs", "split them by `mask` and trace each part")
        self.mask = mask


class Several(CnncostError):  # noqa: N818  # it is not one error
    """Errors that have nothing to do with each other, told together."""

    def __init__(self, errors: Iterable[CnncostError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(map(str, self.errors)))

    def text(self) -> str:
        """Return what a terminal shows."""
        return "\n\n".join(error.text() for error in self.errors)


def each(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Return the function's value for each item. Raises the error of the one that fails, or those of several together."""
    values: list[R] = []
    errors: dict[str, CnncostError] = {}  # by text: what is wrong with all is told once
    for item in items:
        try:
            values.append(function(item))
        except CnncostError as error:
            errors.setdefault(error.text(), error)
    if errors:
        first, *others = errors.values()
        raise Several([first, *others]) if others else first
    return values


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return "did you mean 'resnet50'?" for the nearest known words, or `otherwise` when none is near."""
    return one_of(nearest(word, known)) or otherwise


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """Return up to three known words that are near, the nearest first; upper and lower case are alike.

    Names with dots of which the word is a part are nearest of all.

    >>> nearest("conv2", ["conv1", "layer1.0.conv2", "layer1.1.conv2"])
    ['layer1.0.conv2', 'layer1.1.conv2']
    """
    from difflib import get_close_matches  # imported late: only an error needs it

    lower = {name.lower(): name for name in known}
    word = str(word).lower()
    parts = [lower[name] for name in lower if "." in name and f".{word}." in f".{name}."]
    return parts[:3] or [lower[match] for match in get_close_matches(word, lower, n=3, cutoff=0.65)]


def one_of(names: Sequence[str]) -> str:
    """Return "did you mean 'a', 'b' or 'c'?" for up to three names; nothing for none.

    >>> one_of(["resnet50"]), one_of(["a", "b", "c", "d"]), one_of([])
    ("did you mean 'resnet50'?", "did you mean 'a', 'b' or 'c'?", '')
    """
    quoted = [f"'{name}'" for name in names[:3]]
    return f"did you mean {' or '.join(filter(None, (', '.join(quoted[:-1]), quoted[-1])))}?" if quoted else ""
