"""What a convolutional network costs, from its architecture alone: output shapes, parameters, memory and multiply-adds.

>>> import cnncost
>>> cnncost.analyze("resnext50_32x4d").total["params"]
25028904
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncost.base.version import __version__ as __version__

if TYPE_CHECKING:
    from cnncost.api import analyze, compare
    from cnncost.base.errors import CnncostError
    from cnncost.base.poly import Poly, symbols
    from cnncost.counting import Convention
    from cnncost.graph.graph import Graph, Node, Tensor, block, trace
    from cnncost.measures.report import Report
    from cnncost.models.load import load
    from cnncost.models.model import Model, family, variant

# Where each public name lives: imported on first use, so that `import cnncost` and `cnncost --help` cost nothing.
_HOMES = {
    "Poly": "base.poly",
    "symbols": "base.poly",
    "analyze": "api",
    "compare": "api",
    "Convention": "counting",
    "CnncostError": "base.errors",
    "Graph": "graph.graph",
    "Node": "graph.graph",
    "Tensor": "graph.graph",
    "block": "graph.graph",
    "trace": "graph.graph",
    "Model": "models.model",
    "family": "models.model",
    "load": "models.load",
    "variant": "models.model",
    "Report": "measures.report",
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
