"""Items as the lines of a spec."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from cnncost.models.spec.items import Item, Shortcut
from cnncost.models.spec.signatures import JOINS, NONE

WIDTH = 110  # of a line, where it can be broken


def written(items: Sequence[Item]) -> list[str]:
    """Return the lines of a list of layers."""
    return [line for item in items for line in item_lines(item)]


def indented(lines: Sequence[str], by: int) -> list[str]:
    """Return lines moved to the right."""
    return [" " * by + line for line in lines]


def item_lines(item: Item) -> list[str]:
    """Return the lines of one item, the first with its dash."""
    if item.branches is not None:
        lines = branch_lines(item)
    else:
        args = {
            name: value for name, value in item.args.items() if name not in item.omitted or not alike(value, item.omitted[name])
        }
        lone = len(args) == 1 and next(iter(args)) == next(iter(item.args), None) and item.op != "dropout"
        if not args:
            head = item.op
        elif (lone and item.op not in JOINS) or (item.op in ("dropout", "stochastic_depth")):
            head = f"{item.op}: {value_text(next(iter(args.values())))}"
        else:
            head = f"{item.op}: {{{', '.join(f'{name}: {value_text(value)}' for name, value in args.items())}}}"
        lines = [head]
    more = []
    if item.sources:
        more.append(f"from: {item.sources[0] if len(item.sources) == 1 else '[' + ', '.join(item.sources) + ']'}")
    if item.repeat != 1:
        more.append(f"repeat: {value_text(item.repeat)}")
    if item.first:
        more.append(f"first: {{{', '.join(f'{name}: {value_text(value)}' for name, value in item.first.items())}}}")
    if item.runs != 1:
        more.append(f"runs: {value_text(item.runs)}")
    if item.shares:
        more.append(f"shares: {item.shares}")
    if item.id:
        more.append(f"id: {item.id}")
    if more and ":" not in lines[0]:
        lines[0] += ":"
    return ["- " + lines[0], *indented([*lines[1:], *more], 2)]


def branch_lines(item: Item) -> list[str]:
    """Return the lines of a join."""
    branches = item.branches or []
    if all(isinstance(branch, str) for branch in branches):
        line = f"{item.op}: [{', '.join(map(str, branches))}]"
        return [line] if len(line) < WIDTH else [f"{item.op}:", *(f"  - {branch}" for branch in branches)]
    lines = [f"{item.op}:"]
    for branch in branches:
        if isinstance(branch, str):
            lines.append(f"  - {branch}")
        elif isinstance(branch, Shortcut):
            inside = ", ".join(f"{name}: {value_text(value)}" for name, value in branch.args)
            lines.append(f"  - project: {{{inside}}}" if inside else "  - project")
        else:
            inner = written(branch)
            lines += ["  - " + inner[0], *indented(inner[1:], 4)]
    return lines


MARKS = re.compile(r"[,:{}\[\]#&!|>'\"%@`]")  # that mean something in YAML


def alike(a: Any, b: Any) -> bool:
    """Whether two values are the same, true and 1 apart."""
    return type(a) is type(b) and bool(a == b)


def value_text(value: Any) -> str:
    """Return a value as a spec writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return NONE
    if isinstance(value, tuple):
        return f"[{', '.join(map(value_text, value))}]"
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}" if value.denominator != 1 else str(value.numerator)
    if isinstance(value, str) and MARKS.search(value):
        return quoted(value)
    return repr(value) if isinstance(value, float) else str(value)


def quoted(text: str) -> str:
    """Return text as a YAML scalar."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9 _.,()/-]*", text) and not text.endswith(" ")
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
