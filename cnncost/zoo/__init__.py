"""The zoo: one module per family, its variants as rows. `FAMILIES` is the table of contents, so that a name finds its module
without importing the others; a test holds it to what the modules define.
"""

from __future__ import annotations

from importlib import import_module

from cnncost.models import Model

FAMILIES: dict[str, str] = {
    "resnet": """
        resnet18 resnet34 resnet50 resnet101 resnet152 resnet200
        resnet18_v1 resnet34_v1 resnet50_v1 resnet101_v1 resnet152_v1 resnet200_v1
        plain18 plain34
        resnet20_cifar resnet32_cifar resnet44_cifar resnet56_cifar resnet110_cifar resnet1202_cifar
        plain20_cifar plain56_cifar
    """,
}

MODULE_OF: dict[str, str] = {name: module for module, names in FAMILIES.items() for name in names.split()}


def find(name: str) -> Model | None:
    """Return the model of that name, importing its family only; None where there is none."""
    module = MODULE_OF.get(name)
    return None if module is None else models(module)[name]


def models(module: str) -> dict[str, Model]:
    """Return the models of one family module, by name."""
    loaded = import_module(f"cnncost.zoo.{module}")
    return {model.name: model for value in vars(loaded).values() for model in getattr(value, "variants", ())}
