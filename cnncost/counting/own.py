"""Conventions of one's own: a YAML file that states formulas per layer type.

    like: fvcore                       # where to start from; without it nothing is charged
    states: fvcore with ReLU and residual additions
    flops:
      relu: writes
      add: writes
      conv: 2*macs + bias

A formula is made of whole numbers and the letters of `cnncost conventions NAME`, with + - * // ** and brackets, or written as
formulas are printed: 2·macs + ⌊reads/Ci⌋. The file is read as specs are: with places, within limits, without aliases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cnncost.base.errors import AlgebraError, UsageError, did_you_mean
from cnncost.base.exact import whole
from cnncost.base.files import read_text
from cnncost.base.grammar import Dialect, ExpressionError, parse
from cnncost.base.poly import Num, symbol
from cnncost.base.problems import Mark, Problems, Source, SpecError
from cnncost.base.text import clip
from cnncost.base.yamltree import LARGEST_FILE, Dict, Kind, Node, Scalar, is_null
from cnncost.base.yamltree import parse as tree_of
from cnncost.counting.convention import FORMS, SUFFIXES, Convention, names
from cnncost.counting.letters import LETTERS
from cnncost.rules import RULES

TEXTS = ("name", "like", "states", "source")
FORMULAS = ("flops", "memory", "params", "input_gradient", "weight_gradient")
KEYS = (*TEXTS, *FORMULAS, "per_example")
KIND = Kind("convention", "write it out", f"write a mapping with some of: {', '.join(KEYS)}")
DIALECT = Dialect("formula", longest=1000)
HINT = "formulas are made of whole numbers, names, + - * // ** and brackets, as in 2*macs + bias"
VALUES = {letter: symbol(letter) for letter in LETTERS}


def read(path: str, named: Callable[[str], Convention]) -> Convention:
    """Return the convention that a YAML file states; `named` gives the one that it starts from.

    Raises SpecError with every place that cannot be used, as the errors of specs show them; UsageError for no file of text.
    """
    source = Source(path, read_text(path, "the convention", "give a YAML file, or a name", LARGEST_FILE))
    tree = tree_of(source, KIND)
    reader = _Reader(source, named)
    found = reader.convention(tree)
    if reader.problems:
        raise SpecError(source, reader.problems)
    return found


class _Reader:
    """Reads the tree of one file, and notes what cannot be used."""

    def __init__(self, source: Source, named: Callable[[str], Convention]) -> None:
        self.source = source
        self.named = named
        self.problems = Problems(source)

    def convention(self, tree: Node) -> Convention:
        if not isinstance(tree, Dict) or not tree.entries:
            self.problems.add("E104", "it states no convention", tree.mark, KIND.begins)
            raise SpecError(self.source, self.problems)
        for key, _ in tree.entries.values():
            if key.text not in KEYS:
                near = did_you_mean(key.text, KEYS, f"keys: {', '.join(KEYS)}")
                self.problems.add("E101", f"unknown key '{clip(key.text)}'", key.mark, near)
        texts = {key: self.text(key, tree.get(key)) for key in TEXTS if key in tree.entries}
        like = texts.get("like", "")
        base = self.base(like, tree.get("like"))
        charged: dict[str, Any] = {
            key: _over(getattr(base, key), self.formulas(key, tree.get(key))) for key in FORMULAS if key in tree.entries
        }
        per_example = self.truth(tree.get("per_example")) if "per_example" in tree.entries else base.per_example
        return replace(
            base,
            name=texts.get("name", Path(self.source.path).stem),
            states=texts.get("states", f"{like} with changes" if like else "as the file says"),
            source=texts.get("source", self.source.path),
            ran="",
            per_example=per_example,
            **charged,
        )

    def text(self, key: str, node: Node) -> str:
        """Return a value that is a text of one line."""
        if isinstance(node, Scalar) and not is_null(node) and node.text.isprintable():
            return node.text
        self.problems.add("E107", f"{key} is no text of one line", node.mark, f"write {key}: and a few words")
        return ""

    def truth(self, node: Node) -> bool:
        if not (isinstance(node, Scalar) and node.plain and node.text in ("true", "false")):
            self.problems.add("E107", "per_example is neither true nor false", node.mark, "write true or false")
            return False
        return node.text == "true"

    def base(self, like: str, node: Node) -> Convention:
        """Return the convention to start from."""
        if like.endswith(SUFFIXES):
            hint = "name one of the conventions that cnncost has"
            self.problems.add("E107", f"like: '{clip(like)}' is a file", node.mark, hint)
        elif like:
            try:
                return self.named(like)
            except UsageError as error:
                self.problems.add("E107", error.message, node.mark, error.hint)
        return Convention("", "", "", flops={}, memory={})

    def formulas(self, key: str, node: Node) -> dict[str, Num]:
        """Return the formulas of a figure, by layer type."""
        if not isinstance(node, Dict):
            hint = "write a mapping from layer types to formulas, as in {conv: macs}"
            self.problems.add("E107", f"{key} is no mapping", node.mark, hint)
            return {}
        found: dict[str, Num] = {}
        for kind, value in node.entries.values():
            if names(kind.text)[-1] not in RULES:
                known = [*RULES, *(f"{form}.{name}" for form in FORMS for name in RULES)]
                near = did_you_mean(kind.text, known, "see: cnncost ops")
                self.problems.add("E102", f"{key}: unknown layer type '{clip(kind.text)}'", kind.mark, near)
            elif not isinstance(value, Scalar) or is_null(value):
                self.problems.add("E107", f"{key}: {kind.text} is no formula", value.mark, HINT)
            else:
                found[kind.text] = self.formula(value)
        return found

    def formula(self, node: Scalar) -> Num:
        try:
            return formula(node.text)
        except ExpressionError as error:
            mark = node.mark
            if node.mark.length > 1 or len(node.text) == 1:  # on one line, so that a place in the text is one in the file
                mark = Mark(mark.line, mark.column + error.offset + (not node.plain), max(1, error.length))
            self.problems.add(error.code, error.message, mark, error.hint or HINT)
            return 0


def formula(text: str) -> Num:
    """Return the formula of a text: an integer, or a polynomial in `LETTERS`. Raises ExpressionError with the place.

    >>> str(formula("2·macs + 3*reads - reads//Ci"))
    '2·macs + 3·reads - ⌊reads/Ci⌋'
    """
    tree = parse(text, DIALECT)
    for letter, offset in tree.names().items():
        if letter not in LETTERS:
            hint = did_you_mean(letter, LETTERS, f"names: {', '.join(LETTERS)}")
            raise ExpressionError("E111", f"unknown name '{clip(letter)}'", offset, len(letter), hint)
    try:
        value = whole(tree, VALUES)
    except AlgebraError as error:
        raise ExpressionError("E113", error.message, 0, len(text), error.hint) from None
    if isinstance(value, int) and value < 0:
        raise ExpressionError("E113", f"it counts {value}: no layer costs less than nothing", 0, len(text))
    return value


def _over(formulas: Mapping[str, Num], changed: Mapping[str, Num]) -> dict[str, Num]:
    """Return formulas with some changed: what is said of a kind holds for all its modes and spellings not named themselves."""
    kept = {key: formula for key, formula in formulas.items() if not set(names(key)) & changed.keys()}
    return {**kept, **changed}
