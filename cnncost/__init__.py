"""What a convolutional network costs, from its architecture alone: output shapes, parameters, memory and multiply-adds.

>>> import cnncost
>>> cnncost.analyze("resnext50_32x4d").total["params"]
25028904
"""

from __future__ import annotations

from typing import TYPE_CHECKING as _TYPE_CHECKING

__version__ = "0.1.0"

if _TYPE_CHECKING:
    from cnncost.api import analyze, check, compare, diff, draw, energy, explain, formula, memory, plot, report, solve, sweep
    from cnncost.base.errors import CnncostError
    from cnncost.base.poly import Poly, symbols
    from cnncost.counting import Convention
    from cnncost.graph.graph import Graph, Node, Tensor, block, trace
    from cnncost.measures.comparison import Comparison
    from cnncost.measures.energy import Energy
    from cnncost.measures.memory import Memory
    from cnncost.measures.report import Layer, Report
    from cnncost.models.importers.live import from_torch
    from cnncost.models.load import load
    from cnncost.models.model import Model, family, variant
    from cnncost.questions.check.budget import Check
    from cnncost.questions.claims import Readings
    from cnncost.questions.diff import Difference
    from cnncost.questions.explain import Explanation, Working
    from cnncost.questions.formula import Formula
    from cnncost.questions.solve.solution import Solution
    from cnncost.questions.sweep.query import Result
    from cnncost.show.pictures import Page, Picture

# Where each public name lives: imported on first use, so that `import cnncost` and `cnncost --help` cost nothing.
_HOMES = {
    "Poly": "base.poly",
    "symbols": "base.poly",
    "CnncostError": "base.errors",
    "analyze": "api",
    "compare": "api",
    "energy": "api",
    "memory": "api",
    "formula": "api",
    "solve": "api",
    "sweep": "api",
    "explain": "api",
    "check": "api",
    "diff": "api",
    "draw": "api",
    "plot": "api",
    "report": "api",
    "Convention": "counting",
    "Graph": "graph.graph",
    "Node": "graph.graph",
    "Tensor": "graph.graph",
    "block": "graph.graph",
    "trace": "graph.graph",
    "Model": "models.model",
    "family": "models.model",
    "load": "models.load",
    "from_torch": "models.importers.live",
    "variant": "models.model",
    "Report": "measures.report",
    "Layer": "measures.report",
    "Comparison": "measures.comparison",
    "Energy": "measures.energy",
    "Memory": "measures.memory",
    "Formula": "questions.formula",
    "Solution": "questions.solve.solution",
    "Result": "questions.sweep.query",
    "Explanation": "questions.explain",
    "Working": "questions.explain",
    "Readings": "questions.claims",
    "Check": "questions.check.budget",
    "Difference": "questions.diff",
    "Page": "show.pictures",
    "Picture": "show.pictures",
}

__all__ = [
    "Check",
    "CnncostError",
    "Comparison",
    "Convention",
    "Difference",
    "Energy",
    "Explanation",
    "Formula",
    "Graph",
    "Layer",
    "Memory",
    "Model",
    "Node",
    "Page",
    "Picture",
    "Poly",
    "Readings",
    "Report",
    "Result",
    "Solution",
    "Tensor",
    "Working",
    "analyze",
    "block",
    "check",
    "compare",
    "diff",
    "draw",
    "energy",
    "explain",
    "family",
    "formula",
    "from_torch",
    "load",
    "memory",
    "plot",
    "report",
    "solve",
    "sweep",
    "symbols",
    "trace",
    "variant",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'cnncost' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"cnncost.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__all__", "__doc__", "__file__", "__name__", "__path__", "__version__"])
