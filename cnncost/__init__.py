"""What a convolutional network costs, from its architecture alone: output shapes, parameters, memory and multiply-adds.

>>> import cnncost
>>> cnncost.analyze("resnext50_32x4d").total["params"]
25028904
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from cnncost.algebra import Poly, symbols
    from cnncost.api import analyze, compare
    from cnncost.conventions import Convention
    from cnncost.errors import CnncostError
    from cnncost.graph import Graph, Node, Tensor, block, trace
    from cnncost.models import Model, family, load, variant
    from cnncost.report import Report

# Where each public name lives: imported on first use, so that `import cnncost` and `cnncost --help` cost nothing.
_HOMES = {
    "Poly": "algebra",
    "symbols": "algebra",
    "analyze": "api",
    "compare": "api",
    "Convention": "conventions",
    "CnncostError": "errors",
    "Graph": "graph",
    "Node": "graph",
    "Tensor": "graph",
    "block": "graph",
    "trace": "graph",
    "Model": "models",
    "family": "models",
    "load": "models",
    "variant": "models",
    "Report": "report",
}

__all__ = [
    "CnncostError",
    "Convention",
    "Graph",
    "Model",
    "Node",
    "Poly",
    "Report",
    "Tensor",
    "analyze",
    "block",
    "compare",
    "family",
    "load",
    "symbols",
    "trace",
    "variant",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cnncost' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"cnncost.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
