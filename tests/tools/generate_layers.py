"""Write cnncost/graph/layers.py: the typed methods of `Tensor`, one per rule, from the rules' own signatures.

Run it after adding a rule: python tests/tools/generate_layers.py
"""

from __future__ import annotations

import inspect
from pathlib import Path

from cnncost.rules.ops import RULES, Rule

TARGET = Path(__file__).parents[2] / "cnncost" / "graph" / "layers.py"

HEADER = '''"""The layers as methods of `Tensor`, for completion and type checks.

Generated from the signatures in `cnncost/rules/ops.py` by tests/tools/generate_layers.py; a test holds the two together.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from cnncost.base.poly import Num
from cnncost.rules.ops import CeilMode, Pad, Pair


class Layers:
    """One method per rule. `name` names the layer; `shared` names an earlier layer whose weights it uses."""

    __slots__ = ()

    def _apply(
        self, kind: str, others: tuple[Any, ...], args: dict[str, Any], name: str | None, shared: str | None = None
    ) -> Self:
        raise NotImplementedError
'''


def method(rule: Rule) -> str:
    """Return the source of one method."""
    shapes = [p for p in inspect.signature(rule.function).parameters.values() if p.name not in rule.arguments][1:]
    others = ["*others: Self"] if rule.inputs is None else [f"{p.name}: Self" for p in shapes]
    passed = "others" if rule.inputs is None else "(" + "".join(f"{p.name}, " for p in shapes).rstrip(" ") + ")"
    if len(shapes) > 1 and rule.inputs is not None:
        passed = "(" + ", ".join(p.name for p in shapes) + ")"
    positional = [p for p in rule.arguments.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    keyword = [p for p in rule.arguments.values() if p.kind is p.KEYWORD_ONLY]
    shared = rule.inputs == 1 and rule.section in ("weights", "normalisation", "embeddings")
    head = ["self", *others, *map(declaration, positional)]
    head += [] if rule.inputs is None else ["*"]
    head += [*map(declaration, keyword), "name: str | None = None"] + (["shared: str | None = None"] if shared else [])
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
