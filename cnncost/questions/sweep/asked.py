"""A number that tells whether a model asked anything of it, beyond counting with it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any


class Asked(int):
    """A whole number that notes each question: comparisons, remainders, whether it is 0. What is computed from it asks, too.

    `range(number)` and `[layer] * number` are no questions.

    >>> asked = []
    >>> depth = Asked(3, asked)
    >>> len(range(depth)), asked
    (3, [])
    >>> depth + 1 == 4, asked
    (True, ['=='])
    """

    asked: list[str]

    def __new__(cls, value: int, asked: list[str]) -> Asked:
        """Return the number; questions are appended to `asked`."""
        made = super().__new__(cls, value)
        made.asked = asked
        return made

    __hash__ = int.__hash__

    def __bool__(self) -> bool:
        """Whether it is other than 0: a question, too."""
        self.asked.append("if")
        return int(self) != 0


def _question(sign: str, function: Callable[[Any, Any], Any]) -> Callable[[Asked, object], Any]:
    def method(self: Asked, other: object) -> Any:
        self.asked.append(sign)
        return function(int(self), int(other) if isinstance(other, Asked) else other)

    return method


def _arithmetic(function: Callable[[Any, Any], Any], swap: bool) -> Callable[[Asked, object], Any]:
    def method(self: Asked, other: object) -> Any:
        plain = int(other) if isinstance(other, Asked) else other
        value = function(plain, int(self)) if swap else function(int(self), plain)
        return Asked(value, self.asked) if type(value) is int else value

    return method


QUESTIONS = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "%": "mod", "//": "floordiv"}
for _sign, _name in QUESTIONS.items():
    setattr(Asked, f"__{_name}__", _question(_sign, getattr(operator, _name)))
for _name in ("add", "sub", "mul"):
    setattr(Asked, f"__{_name}__", _arithmetic(getattr(operator, _name), swap=False))
    setattr(Asked, f"__r{_name}__", _arithmetic(getattr(operator, _name), swap=True))
