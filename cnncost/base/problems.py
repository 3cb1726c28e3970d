"""Problems of a text from outside: each with its place, drawn with the source line and a caret.

What the codes mean is told by `cnncost.models.spec.problems.CODES`; those from E001 to E006 and E107 concern any YAML text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from cnncost.base.errors import ModelError
from cnncost.base.grammar import window
from cnncost.base.record import dataclass

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # those of YAML, so that lines are counted as its parser does
MOST_PROBLEMS = 20  # that are told at once


class Mark(NamedTuple):
    """A place in a spec, counted from 0, and how many characters are meant."""

    line: int
    column: int
    length: int = 1


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a spec and what the user calls it."""

    path: str
    text: str

    def raw(self, number: int) -> str:
        """Return a line, counted from 0."""
        start = 0
        for _ in range(number):
            found = LINE_BREAK.search(self.text, start)
            if found is None:
                return ""
            start = found.end()
        end = LINE_BREAK.search(self.text, start)
        return self.text[start : end.start() if end else len(self.text)]

    def line(self, number: int) -> str:
        """Return a line as it can be printed: controls and tabs as spaces."""
        return "".join(character if character.isprintable() else " " for character in self.raw(number))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a stable code, the fact, the place and the remedy; `trail` leads to it through block calls."""

    code: str
    message: str
    mark: Mark | None
    hint: str = ""
    trail: tuple[str, ...] = ()


class Problems(list[Problem]):
    """The problems found so far in a spec. One that has too many is not read to its end."""

    def __init__(self, source: Source, found: Iterable[Problem] = ()) -> None:
        super().__init__(found)
        self.source = source

    def add(self, code: str, message: str, mark: Mark | None, hint: str = "", trail: tuple[str, ...] = ()) -> None:
        """Note a problem, once. Raises SpecError where there are too many."""
        if any((known.code, known.mark) == (code, mark) for known in self):
            return
        self.append(Problem(code, message, mark, hint, trail))
        if len(self) >= MOST_PROBLEMS:
            raise SpecError(self.source, self)


class SpecError(ModelError):
    """A spec that cannot be used, with every problem found in it."""

    def __init__(self, source: Source, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = tuple(sorted(problems, key=lambda p: (p.mark or Mark(0, 0))[:2]))
        first = self.problems[0]
        super().__init__(f"{place(source, first.mark)}: {first.message} [{first.code}]", first.hint)

    def of(self, name: str) -> SpecError:
        """Return the error itself: it says where it is already."""
        return self

    def text(self) -> str:
        """Return all problems as a terminal shows them: code, fact, place, source line, caret, remedy."""
        drawn = [draw(self.source, problem) for problem in self.problems]
        more = [f"{MOST_PROBLEMS} problems are shown: correct these first"] if len(drawn) >= MOST_PROBLEMS else []
        return "\n\n".join([*drawn, *more])


def place(source: Source, mark: Mark | None) -> str:
    """Return file:line:column, as editors and terminals follow it."""
    return source.path if mark is None else f"{source.path}:{mark.line + 1}:{mark.column + 1}"


def draw(source: Source, problem: Problem) -> str:
    """Return one problem with its source line and a caret under what is meant."""
    number = "" if problem.mark is None else str(problem.mark.line + 1)
    gutter = " " * max(1, len(number))
    lines = [f"error[{problem.code}]: {problem.message}", f"{gutter}--> {place(source, problem.mark)}"]
    if problem.mark is not None:
        shown, column = window(source.line(problem.mark.line), problem.mark.column)
        carets = "^" * max(1, min(problem.mark.length, len(shown) - column))
        lines += [f"{gutter} |", f"{number} | {shown}".rstrip(), f"{gutter} | {' ' * column}{carets}"]
    lines += [f"{gutter} = {note}" for note in (*problem.trail, problem.hint) if note]
    return "\n".join(lines)
