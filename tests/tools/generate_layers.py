"""Write cnncost/graph/layers.py: the typed methods of `Tensor`, one per rule, from the rules' own signatures.

Run it after adding a rule: python tests/tools/generate_layers.py
"""

from __future__ import annotations

import inspect
from pathlib import Path

from cnncost.rules import RULES, Rule

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
    lines += [f'        """{rule.summary}"""']
    if len(body) + 8 > 120:
        lines += [
            "        args: dict[str, Any] = {",
            *(f'            "{name}": {name},' for name in rule.arguments),
            "        }",
        ]
        body = f'return self._apply("{rule.kind}", {passed}, args, name{tail})'
    return "\n".join([*lines, f"        {body}", ""])


def declaration(parameter: inspect.Parameter) -> str:
    """Return a parameter as it stands in a signature."""
    default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
    return f"{parameter.name}: {parameter.annotation}{default}".replace("'", '"')


def generate() -> str:
    """Return the source of the module."""
    return HEADER + "\n" + "\n".join(map(method, RULES.values()))


if __name__ == "__main__":
    TARGET.write_text(generate(), encoding="utf-8")
