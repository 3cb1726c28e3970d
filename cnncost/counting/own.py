"""Conventions of one's own: a YAML file that states formulas per layer type.

    like: fvcore                       # where to start from; without it nothing is charged
    states: fvcore with ReLU and residual additions
    flops:
      relu: writes
      add: writes
      conv: 2*macs + bias

A formula is made of whole numbers and the letters of `cnncost conventions NAME`, with + - * // ** and brackets.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cnncost.base.errors import AlgebraError, UsageError, did_you_mean
from cnncost.base.poly import Num, Poly, symbol
from cnncost.counting.convention import FORMS, LETTERS, Convention, names
from cnncost.rules import RULES

LONGEST = 1000  # characters of a formula
HIGHEST = 4  # exponent
TEXTS = ("name", "like", "states", "source")
FORMULAS = ("flops", "memory", "params", "input_gradient", "weight_gradient")
KEYS = (*TEXTS, *FORMULAS, "per_example")
SIGNS = {"·": "*", "×": "*", "−": "-"}  # as formulas are printed
OPERATIONS: dict[type, Callable[[Num, Num], Num]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}


def read(path: str) -> Convention:
    """Return the convention that a YAML file states. Raises UsageError with the file and the place that cannot be used."""
    import yaml

    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"cannot read the convention '{path}': {reason}", "give a YAML file, or a name") from None
    try:
        stated = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
        problem = getattr(error, "problem", None) or "no YAML"
        raise UsageError(f"{place}: {problem}", "docs/conventions.md has an example") from None
    except RecursionError:
        raise UsageError(f"{path}: nested too deeply", "a convention is a mapping of mappings") from None
    return stated_by(stated, path)


def stated_by(stated: Any, path: str) -> Convention:
    """Return the convention of a mapping, as read from the file `path`."""
    from cnncost.counting import convention

    if not isinstance(stated, dict) or not stated:
        raise UsageError(f"{path}: states no convention", f"write a mapping with some of: {', '.join(KEYS)}")
    for key in stated:
        if key not in KEYS:
            raise UsageError(f"{path}: unknown key '{key}'", did_you_mean(str(key), KEYS, f"keys: {', '.join(KEYS)}"))
    for key in TEXTS:
        if not isinstance(stated.get(key, ""), str):
            raise UsageError(f"{path}: {key} is {stated[key]!r}, which is no text", "put it in quotes")
    per_example = stated.get("per_example", None)
    if not isinstance(per_example, (bool, type(None))):
        raise UsageError(f"{path}: per_example is {per_example!r}", "write true or false")
    like = stated.get("like")
    if like is not None and like.endswith((".yaml", ".yml")):
        raise UsageError(f"{path}: like: '{like}' is a file", "name one of the conventions that cnncost has")
    base = convention(like) if like else Convention("", "", "", flops={}, memory={})
    given = {key: _formulas(stated[key], f"{path}: {key}") for key in FORMULAS if key in stated}
    charged: dict[str, Any] = {key: _over(getattr(base, key), changed) for key, changed in given.items()}
    return replace(
        base,
        name=stated.get("name", Path(path).stem),
        states=stated.get("states", f"{like} with changes" if like else "as the file says"),
        source=stated.get("source", path),
        per_example=base.per_example if per_example is None else per_example,
        **charged,
    )


def _over(formulas: Mapping[str, Num], changed: Mapping[str, Num]) -> dict[str, Num]:
    """Return formulas with some changed: what is said of a kind holds for all its modes and spellings not named themselves."""
    kept = {key: formula for key, formula in formulas.items() if not set(names(key)) & changed.keys()}
    return {**kept, **changed}


def _formulas(stated: Any, place: str) -> dict[str, Num]:
    if not isinstance(stated, dict):
        raise UsageError(f"{place} is {stated!r}", "write a mapping from layer types to formulas, as in {conv: macs}")
    found: dict[str, Num] = {}
    for key, text in stated.items():
        known = [*RULES, *(f"{form}.{kind}" for form in FORMS for kind in RULES)]
        if not isinstance(key, str) or names(key)[-1] not in RULES:
            hint = did_you_mean(str(key), known, "see: cnncost ops")
            raise UsageError(f"{place}: unknown layer type '{key}'", hint)
        found[key] = formula(text, f"{place}: {key}")
    return found


def formula(text: Any, place: str) -> Num:
    """Return the formula of a text such as "2*macs + bias". Raises UsageError that names the place and what is wrong there."""
    if isinstance(text, bool) or not isinstance(text, (int, str)):
        raise UsageError(f"{place}: {text!r} is no formula", "write one such as 2*macs + bias, or a whole number")
    source = str(text)
    for sign, ascii_sign in SIGNS.items():
        source = source.replace(sign, ascii_sign)
    hint = "formulas are made of whole numbers, letters, + - * // ** and brackets, as in 2*macs + bias"
    if len(source) > LONGEST:
        raise UsageError(f"{place}: a formula of {len(source)} characters", f"write at most {LONGEST}")
    try:
        tree = ast.parse(source.strip(), mode="eval").body
        value = _value(tree, place)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UsageError(f"{place}: cannot read the formula '{text}'", hint) from None
    except AlgebraError as error:
        raise UsageError(f"{place}: {error.message}", error.hint) from None
    if not isinstance(value, (int, Poly)):
        raise UsageError(f"{place}: '{text}' is no whole number of anything", hint)
    return value


def _value(tree: ast.AST, place: str) -> Num:
    match tree:
        case ast.Constant(value=int() as number) if not isinstance(number, bool) and abs(number) <= 10**18:
            return number
        case ast.Name(id=letter):
            if letter not in LETTERS:
                hint = did_you_mean(letter, LETTERS, f"letters: {', '.join(LETTERS)}")
                raise UsageError(f"{place}: unknown letter '{letter}'", hint)
            return symbol(letter)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, place)
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() as power)) if 0 <= power <= HIGHEST:
            return _value(left, place) ** power
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATIONS:
            divisor = _value(right, place)
            if isinstance(op, ast.FloorDiv) and isinstance(divisor, int) and divisor == 0:
                raise AlgebraError("a formula divides by 0")
            return OPERATIONS[type(op)](_value(left, place), divisor)
    raise SyntaxError(ast.unparse(tree))
