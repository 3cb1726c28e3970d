"""Accuracies on ImageNet that were published with weights, as facts: nothing here is worked out.

`accuracy.csv` has the 115 weights of torchvision 0.28: their network, top-1 and top-5 in percent of one crop of `crop` pixels
from an image whose shorter side has `resize`, the number of parameters, and the recipe of training.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.record import dataclass

SOURCE = "torchvision 0.28"
PREFIX = "IMAGENET1K_"
BEST = "best"  # of several weights those with the largest top-1


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What was measured with some weights: percent, of one crop; None where only features were published."""

    model: str
    weights: str
    crop: int
    resize: int
    top1: float | None
    top5: float | None
    params: int
    recipe: str


@cache
def published() -> tuple[Accuracy, ...]:
    """Return all accuracies, by model and in the order in which weights were published."""
    text = files(__package__).joinpath("accuracy.csv").read_text(encoding="utf-8")
    return tuple(
        Accuracy(
            row["model"],
            row["weights"],
            int(row["crop"]),
            int(row["resize"]),
            float(row["top1"]) if row["top1"] else None,
            float(row["top5"]) if row["top5"] else None,
            int(row["params"]),
            row["recipe"],
        )
        for row in csv.DictReader(text.splitlines())
    )


def spellings() -> dict[str, str]:
    """Return what weights can be asked for, and what it stands for: "best", and their names with IMAGENET1K_ or without."""
    names = list(dict.fromkeys(row.weights for row in published()))
    return {BEST: BEST, **{name.removeprefix(PREFIX): name for name in names}, **{name: name for name in names}}


def check(asked: str) -> str:
    """Return the name of the weights that are asked for, empty for any. Raises UsageError for a word that names none."""
    known = spellings()
    if asked and asked not in known:
        short = [name for name in known if not name.startswith(PREFIX)]
        raise UsageError(f"unknown weights '{asked}'", did_you_mean(asked, known, f"known: {', '.join(short)}"))
    return known[asked] if asked else ""


def accuracies(model: str, crop: object = None, params: object = None) -> Iterator[Accuracy]:
    """Iterate over what is known of a network, for an input of `crop` pixels and so many parameters where they are given."""
    for row in published():
        if row.model == model and crop in (None, row.crop) and params in (None, row.params):
            yield row


def accuracy(model: str, crop: object = None, params: object = None, weights: str = "") -> Accuracy | None:
    """Return the accuracy of a network: of the weights asked for, else of the first that were published; None for none.

    A network with other settings has other parameters, and nothing is known of it.

    >>> accuracy("resnet50"), accuracy("resnet50", weights="best").top1
    (Accuracy(model='resnet50', weights='IMAGENET1K_V1', crop=224, resize=256, top1=76.13, top5=92.862, params=25557032, \
recipe='https://github.com/pytorch/vision/tree/main/references/classification#resnet'), 80.858)
    """
    found = list(accuracies(model, crop, params))
    asked = check(weights)
    if asked == BEST:
        return max(found, key=lambda row: row.top1 or 0, default=None)
    return next((row for row in found if asked in ("", row.weights)), None)
