"""Darknet's .cfg files: sections of options, read as darknet reads them.

Source: AlexeyAB/darknet at 59596d7, src/parser.c and src/option_list.c.
"""

from __future__ import annotations

import re
from dataclasses import field

from cnncost.base.errors import ModelError, UsageError
from cnncost.base.record import dataclass
from cnncost.models.importers.text import LARGEST_NUMBER

NUMBER = re.compile(r"[+-]?[0-9]+")
NETS = ("net", "network")


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the file: its type, its options as text, the first line, and its number among the layers."""

    type: str
    line: int
    index: int  # from 0 after [net], which is -1
    options: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The layer's name: its number and its type."""
        return f"{self.index}_{self.type}"

    @property
    def place(self) -> str:
        """Where the section is, for messages."""
        return f"line {self.line}: [{self.type}]"

    def number(self, key: str, default: int) -> int:
        """Return an option as C's atoi reads it: the leading digits, 0 where there are none."""
        return default if key not in self.options else self._atoi(self.options[key])

    def numbers(self, key: str) -> list[int]:
        """Return an option that is a list of numbers."""
        return [self._atoi(part) for part in self.options.get(key, "").split(",") if part]

    def _atoi(self, text: str) -> int:
        found = NUMBER.match(text)
        number = int(found.group()[:40]) if found else 0
        if abs(number) > LARGEST_NUMBER:
            raise ModelError(f"{self.place} has the number {text[:40]}", "numbers go to 10^18 here")
        return number


def sections(text: str, name: str) -> list[Section]:
    """Return the sections of a .cfg. White space inside lines means nothing, whole lines may be comments, the first of a
    repeated key wins. Raises UsageError, with the line, for what is neither a section nor an option.

    >>> sections("[net]\\nheight = 2 0\\n[maxpool]\\nsize=3 # not a comment\\nsize=5", "a.cfg")[1].number("size", 1)
    3
    """
    found: list[Section] = []
    for line, raw in enumerate(text.splitlines(), 1):
        bare = "".join(raw.split())
        if not bare or bare[0] in "#;":
            continue
        if bare[0] == "[":
            found.append(Section(bare.strip("[]"), line, len(found) - 1))
            continue
        key, equals, value = bare.partition("=")
        if not equals or not found:
            raise UsageError(
                f"{name}:{line}: '{bare[:40]}' is no option",
                "lines are [section], key=value, or comments that begin with # or ;",
            )
        found[-1].options.setdefault(key, value)
    if not found or found[0].type not in NETS:
        raise UsageError(f"{name}: the first section is no [net]", "is this a network of darknet?")
    if len(found) == 1:
        raise UsageError(f"{name}: there are no layers behind [net]", "is the file whole?")
    return found
