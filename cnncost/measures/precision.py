"""How a network is trained: as what its numbers are stored, what the optimizer adds to each parameter, and what is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

from cnncost.base import usual
from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.figures import FIGURES
from cnncost.base.poly import Num
from cnncost.base.record import dataclass
from cnncost.base.units import DTYPES
from cnncost.measures.checkpoints import CHECKPOINTS


@dataclass(frozen=True, slots=True)
class Precision:
    """What each part is stored as, by dtype; `master` None for no second copy of the parameters."""

    parameters: str = "float32"
    activations: str = "float32"
    gradients: str = "float32"
    optimizer: str = "float32"
    buffers: str = "float32"
    statistics: str = "float32"
    masks: str = "float32"  # as PyTorch on a CPU; on CUDA a mask is one byte
    indices: str = "int64"
    master: str | None = None

    @classmethod
    def of(cls, dtype: str = usual.DTYPE, parts: str = "") -> Precision:
        """Return the precision with `dtype` everywhere but for indices, and `parts` otherwise: "activations=float16,…".

        Statistics and buffers of narrow types stay float32. `parts` may begin with one of `PRECISIONS`. Raises UsageError for
        what is neither a part nor a dtype.
        """
        names = [part.name for part in fields(cls)]
        wide = dtype if size_of(dtype) > DTYPES["float32"] else "float32"
        chosen: dict[str, str | None] = dict.fromkeys(names, dtype)
        chosen |= {"indices": "int64", "master": None, "statistics": wide, "buffers": wide}
        words = [word.strip() for word in parts.split(",") if word.strip()]
        for word in ",".join(PRECISIONS.get(word, word) for word in words).split(",") if words else ():
            name, equals, value = (text.strip() for text in word.partition("="))
            if not equals:
                how = f"write PART=DTYPE, as in {word if word in names else 'activations'}=float16; or {', '.join(PRECISIONS)}"
                raise UsageError(f"'{word}' says nothing about a dtype", did_you_mean(word, PRECISIONS, how))
            if name not in names:
                raise UsageError(f"no part is called '{name}'", did_you_mean(name, names, f"parts: {', '.join(names)}"))
            size_of(value)
            chosen[name] = value
        return cls(**chosen)  # type: ignore[arg-type]  # the names are checked above


PRECISIONS = {
    "mixed": "parameters=float16,activations=float16,gradients=float16,masks=float16,master=float32",
}
PRECISION_SOURCES = {"mixed": "Mixed Precision Training, arXiv:1710.03740, section 3.1"}

OPTIMIZERS = {"none": 0, "sgd": 0, "momentum": 1, "adam": 2}  # numbers kept for each parameter beside its gradient
OPTIMIZER_SOURCES = {
    "none": "gradients only",
    "sgd": "plain stochastic gradient descent",
    "momentum": "a velocity: PyTorch 2.13, torch/optim/sgd.py",
    "adam": "two moments: arXiv:1412.6980, algorithm 1",
}


def size_of(dtype: str) -> Num:
    """Return the bytes of a number of a dtype. Raises UsageError with the nearest for one that is not known."""
    if dtype not in DTYPES:
        raise UsageError(f"unknown dtype '{dtype}'", did_you_mean(dtype, DTYPES, f"known: {', '.join(DTYPES)}"))
    return DTYPES[dtype]


def known_name(what: str, name: str, known: Iterable[str]) -> None:
    """Raise UsageError with the nearest names for one that is not known."""
    names = tuple(known)
    if not isinstance(name, str):
        raise UsageError(f"{what} {name!r} is no text", f"known: {', '.join(names)}")
    if name not in names:
        raise UsageError(f"unknown {what} '{name}'", did_you_mean(name, names, f"known: {', '.join(names)}"))


@dataclass(frozen=True, slots=True)
class Setup:
    """How a network is trained, as people ask for it: figures that are `trained` depend on it.

    Raises UsageError for a name that is not known.
    """

    optimizer: str = "sgd"
    dtypes: str = ""  # of parts, as in "mixed" or "activations=float16"
    checkpoint: str = "none"

    def __post_init__(self) -> None:
        known_name("optimizer", self.optimizer, OPTIMIZERS)
        known_name("checkpointing", self.checkpoint, CHECKPOINTS)
        self.precision("float32")

    def precision(self, dtype: str) -> Precision:
        """Return as what each part is stored where everything else is of a dtype."""
        return Precision.of(dtype, self.dtypes)

    def said(self, dtype: str) -> str:
        """Return it in words: "optimizer adam, float32, no checkpointing"."""
        again = "no checkpointing" if self.checkpoint == "none" else f"checkpointing {self.checkpoint}"
        return f"optimizer {self.optimizer}, {self.dtypes or dtype}, {again}"

    def record(self, figures: Iterable[str], dtype: str) -> dict[str, Any]:
        """Return it as plain data under "trained", where one of some figures depends on it."""
        if not _trained(figures):
            return {}
        precision = asdict(self.precision(dtype))
        return {"trained": {"optimizer": self.optimizer, "checkpoint": self.checkpoint, "dtypes": precision}}

    def notes(self, figures: Iterable[str], dtype: str) -> list[str]:
        """Return the line that says it, where one of some figures depends on it."""
        return [f"training: {self.said(dtype)}"] if _trained(figures) else []


def _trained(keys: Iterable[str]) -> bool:
    return any(key in FIGURES and FIGURES[key].trained for key in keys)


PLAIN = Setup()  # what is assumed unless somebody says otherwise
