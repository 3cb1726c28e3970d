"""Writes docs/api.md, the reference of the library, from its docstrings.

    python tests/tools/api.py

tests/test_api.py holds the page to the docstrings; its examples are run with the other pages.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import cnncost

PAGE = Path(__file__).parents[2] / "docs" / "api.md"

HEAD = """\
# Reference of the Python library

For everybody who calls cnncost from Python: every public name, its arguments, what it returns and which errors it raises. Start
with [cnncost from Python](library.md). This page is made from the docstrings: `python tests/tools/api.py`.

```pycon
>>> import cnncost, numpy as np
>>> from cnncost import *
```
"""
TAIL = """\
See also: [cnncost from Python](library.md) · [The methods of Tensor](reference/tensor.md) · [Error codes](reference/errors.md)
"""
SECTIONS = {  # every public name stands in one of them
    "Questions about models": (
        "analyze",
        "compare",
        "memory",
        "energy",
        "formula",
        "solve",
        "sweep",
        "explain",
        "check",
        "diff",
    ),
    "Pictures": ("draw", "plot", "report", "Picture", "Page"),
    "Models": ("load", "from_torch", "family", "variant", "block", "trace", "Model", "Graph", "Node", "Tensor"),
    "Answers": (
        *(
            "Report",
            "Layer",
            "Comparison",
            "Memory",
            "Energy",
            "Formula",
            "Solution",
            "Result",
            "Explanation",
            "Readings",
            "Working",
        ),
        *("Check", "Difference"),
    ),
    "Symbols, conventions, errors": ("symbols", "Poly", "Convention", "CnncostError"),
}
EXAMPLE = re.compile(r"(?:^>>>.*\n(?:(?!>>>).+\n)*)+", re.MULTILINE)


def page() -> str:
    """Return the page."""
    placed = [name for names in SECTIONS.values() for name in names]
    missing = set(cnncost.__all__) - set(placed)
    assert not missing, f"name a section of tests/tools/api.py for {', '.join(sorted(missing))}"
    parts = [HEAD]
    for title, names in SECTIONS.items():
        shown = [name for name in names if name in cnncost.__all__]
        if shown:
            parts += [f"## {title}\n", *(entry(name, getattr(cnncost, name), made=title == "Answers") for name in shown)]
    return "\n".join([*parts, TAIL])


def entry(name: str, value: Any, made: bool = False) -> str:
    """Return what is said of a function or a class, and of each public method of the class that is its own.

    What is `made` by functions, and never called by users, needs no signature.
    """
    lines = [f"### `{name}`\n", *([] if made else [f"```python\n{signature(name, value)}\n```\n"]), prose(value)]
    if inspect.isclass(value):
        for member, what in members(value).items():
            if member.startswith("_") or not inspect.getdoc(what) or not _is_told(what):
                continue
            function = _function(what)
            call = signature(member, function) if inspect.isfunction(function) else member
            lines.append(f"- `{one_line(call)}`: {summary(what)}")
        lines.append("") if lines[-1].startswith("- ") else None
    return "\n".join(lines)


def _is_told(what: Any) -> bool:
    return isinstance(what, (property, classmethod, staticmethod)) or inspect.isfunction(what) or hasattr(what, "attrname")


def _function(what: Any) -> Any:
    return what.__func__ if isinstance(what, (classmethod, staticmethod)) else what


def members(cls: type) -> dict[str, Any]:
    """Return what a class has, and what it has from a class of the floor of measures below it, in order."""
    bases = [each for each in reversed(cls.__mro__) if each is cls or each.__module__.startswith("cnncost.measures")]
    return {name: what for each in bases for name, what in vars(each).items()}


def signature(name: str, value: Any) -> str:
    """Return a call as it is declared, a parameter a line where it is long; of what declares none its name."""
    try:
        declared = inspect.signature(value)
    except (TypeError, ValueError):
        return name
    told: list[str] = []
    for p in declared.parameters.values():
        if p.name in ("self", "cls"):
            continue
        if p.kind is p.KEYWORD_ONLY and not any(each.startswith("*") for each in told):
            told.append("*")
        stars = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        default = "" if p.default is p.empty else f" = {_default(p.default)}"
        told.append(f"{stars}{p.name}{_annotation(': ', p.annotation)}{default}")
    result = "" if inspect.isclass(value) else _annotation(" -> ", declared.return_annotation)
    line = f"{name}({', '.join(told)}){result}"
    return line if len(line) <= 96 else f"{name}(\n" + "".join(f"    {each},\n" for each in told) + f"){result}"


def _annotation(sign: str, annotation: Any) -> str:
    if annotation is inspect.Parameter.empty:
        return ""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    return sign + text


def _default(value: Any) -> str:
    return "…" if " at 0x" in repr(value) else repr(value)


def one_line(text: str) -> str:
    """Return text on one line."""
    return " ".join(text.split())


def summary(what: Any) -> str:
    """Return the first paragraph of a docstring on one line."""
    return one_line((inspect.getdoc(what) or "").split("\n\n")[0])


def prose(value: Any) -> str:
    """Return a docstring as Markdown: examples as sessions that are run."""
    text = textwrap.dedent(inspect.getdoc(value) or "").strip() + "\n"
    return EXAMPLE.sub(lambda found: f"```pycon\n{found[0].rstrip()}\n```\n", text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
