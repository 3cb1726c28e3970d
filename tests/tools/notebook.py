"""Runs the notebook of the documentation in this process, and writes what its cells show.

    python tests/tools/notebook.py

What Jupyter does with the last value of a cell is done here without it: its text, and its HTML and LaTeX where it has them.
tests/test_notebook.py runs the cells again and compares.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.ipynb"
KINDS = {"text/html": "_repr_html_", "text/latex": "_repr_latex_"}


def executed(notebook: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Iterate over what the cells with code show, one after the other, in one namespace."""
    names: dict[str, Any] = {}
    codes = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for count, cell in enumerate(codes, start=1):
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        with redirect_stdout(StringIO()) as printed:
            exec(compile(tree, f"cell {count}", "exec"), names)
            value = None if last is None else eval(compile(ast.Expression(last.value), f"cell {count}", "eval"), names)
        outputs: list[dict[str, Any]] = []
        if printed.getvalue():
            outputs.append({"name": "stdout", "output_type": "stream", "text": printed.getvalue().splitlines(keepends=True)})
        if value is not None:
            data = {"text/plain": repr(value).splitlines(keepends=True)}
            for kind, method in KINDS.items():
                if hasattr(value, method) and (text := getattr(value, method)()) is not None:
                    data[kind] = text.splitlines(keepends=True)
            result = {"data": data, "execution_count": count, "metadata": {}, "output_type": "execute_result"}
            outputs.append(result)
        yield outputs


def main() -> None:
    """Write what the cells show into the notebook."""
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    codes = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for count, (cell, outputs) in enumerate(zip(codes, executed(notebook), strict=True), start=1):
        cell |= {"execution_count": count, "outputs": outputs}
    NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
