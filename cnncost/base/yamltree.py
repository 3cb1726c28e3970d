"""YAML text as a tree with places, read from the parser's events.

The events of a YAML parser are all that is used: no constructor, so nothing is ever built but text, lists and mappings, and
the limits below hold before anything is stored. The C parser of libyaml is used where PyYAML has it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from cnncost.base.files import near_file
from cnncost.base.problems import Mark, Problem, Problems, Source, SpecError
from cnncost.base.text import clip

LARGEST_FILE = 2_000_000  # bytes
DEEPEST = 64  # libyaml's own reader of nested collections ends a process at some 50,000
MOST_NODES = 200_000
LONGEST_SCALAR = 10_000


class Kind(NamedTuple):
    """A kind of file, as messages speak of it."""

    noun: str  # "spec"
    instead: str  # what to do in place of aliases
    begins: str  # what to write into an empty file


SPEC = Kind("spec", "write it out, or use blocks with params instead", "a spec begins with: cnncost: 1")


class Scalar(NamedTuple):
    """A value that is text; `plain` without quotes."""

    text: str
    plain: bool
    mark: Mark


class List(NamedTuple):
    """A list of values."""

    items: list[Any]
    mark: Mark


class Dict(NamedTuple):
    """A mapping: keys are scalars, in order, each once."""

    entries: dict[str, tuple[Scalar, Any]]
    mark: Mark

    def get(self, key: str) -> Any:
        """Return the value of a key, or None."""
        entry = self.entries.get(key)
        return None if entry is None else entry[1]


Node: TypeAlias = Scalar | List | Dict


def is_null(node: Node | None) -> bool:
    """Whether a value says nothing: empty, ~ or null."""
    return node is None or (isinstance(node, Scalar) and node.plain and node.text in ("", "~", "null"))


def read_text(path: str, kind: Kind = SPEC) -> Source:
    """Return the text of a file, `-` for the standard input. Raises SpecError where it is no text of a sensible size."""
    import sys

    shown = "<stdin>" if path == "-" else path
    try:
        if path == "-":
            data = sys.stdin.buffer.read(LARGEST_FILE + 1)
        else:
            with open(path, "rb") as file:  # a pipe, too, as in `cnncost table <(program)`: no more than this much is read
                data = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        near = near_file(path) if isinstance(error, FileNotFoundError) else ""
        raise SpecError(Source(shown, ""), [Problem("E001", f"cannot read the {kind.noun}: {reason}", None, near)]) from None
    return decoded(shown, data)


def decoded(path: str, data: bytes) -> Source:
    """Return bytes as text. Raises SpecError where they are too many, or no UTF-8."""
    empty = Source(path, "")
    if len(data) > LARGEST_FILE:
        raise SpecError(empty, [Problem("E004", f"the file has more than {LARGEST_FILE:,} bytes", None)])
    try:
        return Source(path, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fact = f"the file is no text in UTF-8: line {line} has the byte 0x{data[error.start]:02x}"
        raise SpecError(empty, [Problem("E001", fact, None, "save it as UTF-8")]) from None


def parse(source: Source, kind: Kind = SPEC) -> Node:
    """Return the tree of a text. Raises SpecError for what is no YAML, and for YAML that this program does without."""
    import yaml

    loader: Any
    if TYPE_CHECKING:
        loader = yaml.Loader
    else:
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # used for its events only
    try:
        return _Reader(source, loader(source.text), kind).document()
    except yaml.YAMLError as error:
        raise SpecError(source, [_syntax(source, error)]) from None


class _Reader:
    """Builds the tree from events, with a stack of its own: depth costs no recursion."""

    def __init__(self, source: Source, loader: Any, kind: Kind) -> None:
        self.source = source
        self.kind = kind
        self.loader = loader
        self.problems = Problems(source)

    def fail(self, code: str, message: str, mark: Any, hint: str = "", length: int = 1) -> SpecError:
        problem = Problem(code, message, Mark(mark.line, mark.column, length), hint)
        return SpecError(self.source, [*self.problems, problem])

    def document(self) -> Node:
        import yaml.events as events

        scalar, alias = events.ScalarEvent, events.AliasEvent
        sequence, mapping = events.SequenceStartEvent, events.MappingStartEvent
        ends = (events.SequenceEndEvent, events.MappingEndEvent)
        get = self.loader.get_event
        root: Node | None = None
        documents = count = 0
        stack: list[tuple[Any, Scalar | None]] = []  # open collections, and the key of each that waits for its value
        container: Any = None
        key: Scalar | None = None
        while True:
            event = get()
            kind = type(event)
            if kind is scalar:
                at = event.start_mark
                text = event.value
                if event.anchor is not None or event.tag is not None:
                    raise self._refused(event)
                if len(text) > LONGEST_SCALAR:
                    raise self.fail("E004", f"a value of {len(text):,} characters; the most is {LONGEST_SCALAR:,}", at)
                end = event.end_mark
                length = end.column - at.column if end.line == at.line else 1
                node: Any = Scalar(text, event.style is None or event.style == "", Mark(at.line, at.column, length))
            elif kind is sequence or kind is mapping:
                at = event.start_mark
                if event.anchor is not None or event.tag is not None:
                    raise self._refused(event)
                if len(stack) >= DEEPEST:
                    hint = "use blocks for what is nested deeply"
                    raise self.fail("E004", f"more than {DEEPEST} levels of nesting", at, hint)
                place = Mark(at.line, at.column)
                node = List([], place) if kind is sequence else Dict({}, place)
            elif kind in ends:
                container, key = stack.pop()
                continue
            elif kind is alias:
                raise self._refused(event)
            elif kind is events.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    raise self.fail(
                        "E003", "a second document in one file", event.start_mark, f"write one {self.kind.noun} per file"
                    )
                if event.tags or event.version:
                    raise self.fail("E003", "a YAML directive", event.start_mark, f"leave it out: {self.kind.noun}s know none")
                continue
            elif kind is events.StreamEndEvent:
                break
            else:
                continue
            count += 1
            if count > MOST_NODES:
                raise self.fail("E004", f"more than {MOST_NODES:,} values", event.start_mark, "use repeat and blocks")
            if container is None:
                root = node
            elif type(container) is List:
                container.items.append(node)
            elif key is None:
                key = self._key(node, container)
                continue
            else:
                container.entries[key.text] = (key, node)
                key = None
            if type(node) is not Scalar:
                stack.append((container, key))
                container, key = node, None
        if self.problems:
            raise SpecError(self.source, self.problems)
        if root is None:
            raise SpecError(self.source, [Problem("E006", "the file is empty", None, self.kind.begins)])
        return root

    def _key(self, node: Any, container: Dict) -> Scalar:
        """Return a key, unless it is no text or there already; a second one is noted and reading goes on."""
        if not isinstance(node, Scalar):
            raise self.fail("E107", "a list or mapping as a key", node.mark, "a key is a word")
        if node.text == "<<" and node.plain:
            raise self.fail("E003", "a merge key", node.mark, self.kind.instead, 2)
        if node.text not in container.entries:
            return node
        first = container.entries[node.text][0].mark
        fact = f"the key '{clip(node.text)}' is there already, in line {first.line + 1}"
        self.problems.add("E005", fact, node.mark, "leave out one of the two")
        return node._replace(text=f"{node.text}\0{len(container.entries)}")  # kept apart, so that reading can go on

    def _refused(self, event: Any) -> SpecError:
        import yaml.events as events

        if isinstance(event, events.AliasEvent):
            anchor = str(event.anchor)
            return self.fail("E003", f"an alias, *{clip(anchor)}", event.start_mark, self.kind.instead, len(anchor) + 1)
        if event.anchor is not None:
            return self.fail(
                "E003", f"an anchor, &{clip(event.anchor)}", event.start_mark, self.kind.instead, len(event.anchor) + 1
            )
        return self.fail(
            "E003", f"a tag, {clip(str(event.tag))}", event.start_mark, f"leave it out: {self.kind.noun}s know no tags"
        )


def _syntax(source: Source, error: Any) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    opened = getattr(error, "context_mark", None)
    if mark is not None and opened is not None and not source.raw(mark.line).strip():
        mark = opened  # what is not closed, rather than the end of the file
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).partition("\n")[0]
    context = getattr(error, "context", None)
    fact = f"this is not valid YAML: {said}" + (f" {context}" if context else "")
    if mark is None:  # a character that YAML forbids
        return Problem("E002", clip(fact, 160), None, "remove characters that cannot be printed")
    if bare := _without_a_colon(source, mark.line, said):
        return Problem("E002", bare[0], bare[1], bare[2])
    hint = "indent with spaces, not tabs" if "\t" in source.raw(mark.line) or "'\\t'" in said else "see: cnncost errors E002"
    return Problem("E002", clip(fact, 160), Mark(mark.line, mark.column), hint)


def _without_a_colon(source: Source, line: int, said: str) -> tuple[str, Mark, str] | None:
    """Return what to say of `- relu` with a line `id: a` below it, which YAML takes for one text, or for its end."""
    if not any(part in said for part in ("mapping values are not allowed", "did not find expected")):
        return None
    above = next((number for number in range(line - 1, -1, -1) if source.raw(number).strip()), None)
    found = None if above is None else re.fullmatch(r"(\s*-\s+)([A-Za-z][\w.-]*)\s*(#.*)?", source.raw(above))
    if above is None or found is None or not re.match(r"\s+[\w-]+:", source.raw(line)):
        return None
    word, below = found[2], source.raw(line).strip().partition(":")[0]
    mark = Mark(above, len(found[1]), len(word))
    return f"'{word}' has {clip(below)} below it, and no colon", mark, f"write '- {word}:' with a colon"
