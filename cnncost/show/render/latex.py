"""LaTeX: a tabular with the rules of booktabs, which any paper can take in.

Figures of a column have one number of decimals, so that columns that end at the right have their points in line.
"""

from __future__ import annotations

from cnncost.base import text as outside
from cnncost.show.table import Table

PREAMBLE = r"% needs \usepackage[T1]{fontenc} and \usepackage{booktabs}"
LONG = 44  # characters from which a text gets a column that breaks lines
PARAGRAPH = r"p{0.36\linewidth}"


def latex(table: Table) -> str:
    """Return a table as LaTeX: a float where it has a caption or a label, else a tabular alone."""
    headers, rows = table.text()
    align = [
        "r" if column.unit != "text" else PARAGRAPH if column.wraps and _longest(rows, at) > LONG else "l"
        for at, column in enumerate(table.columns)
    ]
    lines = [PREAMBLE, *([f"% {_remark(table.title)}"] if table.title else [])]
    inner = [rf"\begin{{tabular}}{{{''.join(align)}}}", r"\toprule", _row(headers), r"\midrule"]
    for index, row in enumerate(rows):
        if table.total is not None and index == len(table.rows) > 0:
            inner.append(r"\midrule")
        inner.append(_row(row))
    inner += [r"\bottomrule", r"\end{tabular}"]
    if table.caption or table.label:
        head = [r"\begin{table}", r"\centering"]
        head += [rf"\caption{{{outside.latex(table.caption)}}}"] if table.caption else []
        head += [rf"\label{{{table.label}}}"] if table.label else []
        inner = [*head, *inner, r"\end{table}"]
    remarks = [*table.prose.splitlines(), *table.notes]
    return "\n".join([*lines, *inner, *(f"% {_remark(line)}".rstrip() for line in remarks)])


def _longest(rows: list[list[str]], at: int) -> int:
    return max((len(row[at]) for row in rows), default=0)


def _row(cells: list[str]) -> str:
    first, *others = map(outside.latex, cells)
    first = f"{{}}{first}" if first.startswith(("[", "*")) else first  # behind \\\\ these would be its arguments
    return f"{' & '.join([first, *others])} " + r"\\"


def _remark(line: str) -> str:
    return line.replace("##[", "## [")
