"""Write cnncost/graph/layers.py: the typed methods of `Tensor`, one per rule, from the rules' own signatures.

Run it after adding a rule: python tests/tools/generate_layers.py
"""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

from cnncost import trace
from cnncost.rules import RULES, Rule
from cnncost.show.tables.rules import SHOWN_WITH, input_shapes, rule_table

SHARING = ("weights", "recurrent", "normalisation", "embeddings")  # sections of layers whose weights others may use
TARGET = Path(__file__).parents[2] / "cnncost" / "graph" / "layers.py"

HEADER = '''"""The layers as methods of `Tensor`, for completion and type checks.

Generated from the signatures in `cnncost/rules` by tests/tools/generate_layers.py; a test holds the two together.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from cnncost.base.poly import Num
from cnncost.rules.pooling import Mode, Scale
from cnncost.rules.rearrange import PadMode, Reduction, Target
from cnncost.rules.shapes import Axes, Pad, Sizes
from cnncost.rules.windows import CeilMode


class Layers:
    """One method per rule. `name` names the layer; `shared` names an earlier layer whose weights it uses."""

    __slots__ = ()

    def _apply(
        self, kind: str, others: tuple[Any, ...] | None, args: dict[str, Any], name: str | None, shared: str | None = None
    ) -> Self:
        raise NotImplementedError
'''


def method(rule: Rule) -> str:
    """Return the source of one method."""
    shapes = [p for p in inspect.signature(rule.function).parameters.values() if p.name not in rule.arguments][1:]
    given = [p for p in shapes if p.name not in rule.optional]
    others = ["*others: Self"] if rule.inputs is None else [f"{p.name}: Self" for p in given]
    passed = "others" if rule.inputs is None else "(" + ", ".join(p.name for p in given) + "," * (len(given) == 1) + ")"
    if rule.inputs == 0:
        passed = "None"  # it reads no tensor, not even this one
    if rule.optional:
        chosen = f"[t for t in ({', '.join(rule.optional)}{',' * (len(rule.optional) == 1)}) if t is not None]"
        passed = f"({''.join(f'{p.name}, ' for p in given)}*{chosen})" if given else f"tuple({chosen})"
    positional = [p for p in rule.arguments.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    keyword = [p for p in rule.arguments.values() if p.kind is p.KEYWORD_ONLY]
    shared = rule.least == 1 and rule.section in SHARING
    head = ["self", *others, *map(declaration, positional)]
    head += [] if rule.inputs is None else ["*"]
    head += [*map(declaration, keyword), *(f"{name}: Self | None = None" for name in rule.optional)]
    head += ["name: str | None = None"] + (["shared: str | None = None"] if shared else [])
    arguments = ", ".join(f'"{name}": {name}' for name in rule.arguments)
    tail = ", shared" if shared else ""
    body = f'return self._apply("{rule.kind}", {passed}, {{{arguments}}}, name{tail})'
    lines = [f"    def {rule.kind}(", *(f"        {part}," for part in head), "    ) -> Self:"]
    lines += textwrap.indent(docstring(rule), " " * 8, lambda line: bool(line.strip())).splitlines()
    if len(body) + 8 > 120:
        lines += [
            "        args: dict[str, Any] = {",
            *(f'            "{name}": {name},' for name in rule.arguments),
            "        }",
        ]
        body = f'return self._apply("{rule.kind}", {passed}, args, name{tail})'
    return "\n".join([*lines, f"        {body}", ""])


# What letters of shapes and arguments without a default are in examples.
SIZES = {"C": 64, "H": 28, "W": 28, "h": 4, "w": 4, "F": 256, "T": 49, "S": 20, "D": 64, "E": 32, "N": 49, "K": 64, "M": 10}
SIZES |= {"A": 16, "B": 32, "P": 169, "size": 2, "out": 8, "heads": 4, "height": 7, "width": 7, "tokens": 1000}
GIVEN: dict[str, Any] = {**SIZES, "kernel": 3, "count": 5, "groups": 4, "size": 2, "times": (1, 2, 2), "pad": 1}
GIVEN |= {
    "parts": 2,
    "op": "mean",
    "axis": 0,
    "start": 0,
    "stop": 4,
    "block": 2,
    "index": 0,
    "features": 10,
    "scale": 2,
    "window": 7,
}


def docstring(rule: Rule) -> str:
    """Return the rule in words, its formulas, what it raises, and an example that was run."""
    head, _, rest = rule.words.partition("\n")
    formulas = rule_table(rule.kind).rows
    told = max(len(name) for name, _ in formulas)
    lines = [hanging(f"    {name:<{told}}  {formula}", told + 6) for name, formula in formulas]
    return "\n\n".join(
        [
            f'"""{head}',
            *(textwrap.fill(part, 118) for part in rest.strip().split("\n\n") if part),
            "\n".join(lines),
            "Raises ModelError, with the layer's name, where the shapes or the arguments do not fit.",
            f'{example(rule)}\n"""',
        ]
    )


def hanging(text: str, indent: int) -> str:
    """Return text in lines of 118 characters, the later ones indented."""
    return textwrap.fill(text.rstrip(), 118, subsequent_indent=" " * indent, break_long_words=False)


def example(rule: Rule) -> str:
    """Return a session that applies the layer, and the shape that it makes."""
    shapes = [tuple(number(part) for part in shape) for shape in input_shapes(rule.kind)] or [(64, 28, 28)]
    chosen = {name: value(v) for name, v in SHOWN_WITH.get(rule.kind, {}).items() if v is not None}
    required = {p.name: GIVEN[p.name] for p in rule.arguments.values() if p.default is p.empty and p.name not in chosen}
    defaults = {name: p.default for name, p in rule.arguments.items()}
    arguments = {**required, **{name: v for name, v in chosen.items() if v != defaults[name]}}
    names = "xyzuvw"[: len(shapes)]
    said = [*names[1:], *(f"{name}={literal(v)}" for name, v in arguments.items())]
    call = f"lambda {', '.join(names)}: x.{rule.kind}({', '.join(said)})"
    given = shapes[0] if len(shapes) == 1 else dict(zip(names, shapes, strict=True))
    made = trace(eval(call), given).output  # our own text
    line = f">>> trace({call}, {literal(given)}).output"
    return f">>> from cnncost import trace\n{line}\n{made}"


def number(text: str) -> int:
    """Return a size of a shape in symbols: C·H with the numbers of `SIZES`."""
    product = 1
    for part in re.split("·", text):
        product *= int(part) if part.isdecimal() else SIZES[part]
    return product


def value(given: Any) -> Any:
    """Return an argument of `SHOWN_WITH` with numbers for its letters."""
    if isinstance(given, tuple):
        return tuple(map(value, given))
    return number(given) if isinstance(given, str) and given.replace("·", "").isupper() else given


def literal(given: Any) -> str:
    """Return an argument as Python writes it, as ruff formats it."""
    return f'"{given}"' if isinstance(given, str) else repr(given).replace("'", '"')


def declaration(parameter: inspect.Parameter) -> str:
    """Return a parameter as it stands in a signature."""
    default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
    return f"{parameter.name}: {parameter.annotation}{default}".replace("'", '"')


def generate() -> str:
    """Return the source of the module."""
    return HEADER + "\n" + "\n".join(map(method, RULES.values()))


if __name__ == "__main__":
    TARGET.write_text(generate(), encoding="utf-8")
