"""The networks that a claim may be about: the one asked about, and those that are taken for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

from cnncost.base.errors import ModelError, UsageError
from cnncost.graph.graph import Graph
from cnncost.models.model import Model
from cnncost.models.settings import shown

SIZES = (32, 96, 128, 160, 192, 224, 227, 256, 260, 288, 299, 320, 331, 384, 512)  # at which networks of this kind are quoted
CLASSES = (10, 100, 1000, 1001, 200, 21, 2, 1)  # for which they are built: CIFAR, ImageNet, with a background, Tiny, VOC, …

CIFAR = (3, 32, 32)
MULTIPLIERS = (0.25, 0.35, 0.5, 0.75, 1.25, 1.3, 1.4, 1.5, 2.0)

Variant: TypeAlias = tuple[str, str, int, Model]
Network: TypeAlias = tuple[str, str, int, Graph]  # a reference, what is changed, how far that is from what was asked, the graph


def networks(model: Model, label: str) -> Iterator[Network]:
    """Iterate over a model and the networks that are taken for it, the nearest first; each is traced when it is asked for."""
    yield label, "", 0, model.trace()
    others = (*_siblings(model), *_other_sizes(model, label), *_other_settings(model, label))
    for reference, change, departs, other in sorted(others, key=lambda variant: variant[2]):
        try:
            yield reference, change, departs, other.trace()
        except (ModelError, UsageError):
            continue  # a setting or a size that the network does not allow


def _siblings(model: Model) -> Iterator[Variant]:
    """Iterate over the other models of the family: v1 of a v1.5 is near, one of another depth is far."""
    from cnncost.models import zoo

    module = zoo.MODULE_OF.get(model.name) if model.family not in ("spec", "ensemble") else None
    for name, other in zoo.models(module).items() if module else ():
        if name != model.name:
            version = name.startswith(f"{model.name}_") or model.name.startswith(f"{name}_")
            yield name, f"the variant {name}", 1 if version else 4, other


def _other_sizes(model: Model, label: str) -> Iterator[Variant]:
    shape = model.shape
    if shape is not None and len(shape) == 3:
        for size in SIZES:
            if (size, size) != shape[1:]:
                yield f"{label} --size {size}", f"--size {size}", 2, replace(model, input=(shape[0], size, size))


def _other_settings(model: Model, label: str) -> Iterator[Variant]:
    """Iterate over the model for other numbers of classes, with each of its settings changed, and with both."""
    for change, other in _class_counts(model):
        yield _changed(label, change), change, 2, other
    for name, setting in model.declared.items():
        for option in setting.values() or _multipliers(setting.default):
            if option == setting.default:
                continue
            changed = model.with_settings(**{name: option})
            change, departs = f"--set {name}={shown(option)}", 2 if isinstance(option, bool) else 3
            if option == "cifar":  # a stem for CIFAR comes with its pictures, and with its classes
                changed, change = replace(changed, input=CIFAR), f"{change} --size {CIFAR[1]}"
            yield _changed(label, change), change, departs, changed
            for more, (classes, other) in enumerate(_class_counts(changed, CLASSES[:2])):
                both = 1 + more if option == "cifar" else departs + 2
                yield _changed(_changed(label, change), classes), f"{change} {classes}", both, other


def _multipliers(default: object) -> tuple[float, ...]:
    """Return the widths in which a network is quoted that has a multiplier of them."""
    return MULTIPLIERS if isinstance(default, float) and default == 1 else ()


def _class_counts(model: Model, counts: tuple[int, ...] = CLASSES) -> Iterator[tuple[str, Model]]:
    setting = model.declared.get("classes")
    for number in counts if setting is not None else ():
        if number != model.values["classes"]:
            yield f"--set classes={number}", model.with_settings(classes=number)


def _changed(label: str, change: str) -> str:
    """Return a reference with one setting changed, in place of an earlier change of the same."""
    setting = change.partition("=")[0]
    parts = label.split(" --")
    return " --".join([parts[0], *(part for part in parts[1:] if not f"--{part}".startswith(f"{setting}=")), change[2:]])
