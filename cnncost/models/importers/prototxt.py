"""The text form of protocol buffers, as people write it in .prototxt files: fields, messages, lists, comments.

What protobuf refuses and everybody writes is read: fields nobody knows, `name: { }`, `,` and `;` between fields.

Source: the text format of protocol buffers (protobuf.dev/reference/protobuf/textformat-spec).
"""

from __future__ import annotations

import re

from cnncost.base.errors import UsageError
from cnncost.models.importers.text import LARGEST_NUMBER

DEEPEST = 64  # messages in messages

# One step of the text: white space and comments, then a scalar field, the begin of a message or of a list, an end, or a value
# inside a list. Whole fields are one step, since a file has ten thousand of them.
_SPACE = r"(?:[ \t\r\n,;]|\#[^\n]*(?:\n|\Z))"
_SCALAR = r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|[-+.\w/]+"
STEP = re.compile(
    rf"{_SPACE}*"
    rf"(?:(?P<field>\w+)[ \t\r\n]*:[ \t\r\n]*(?P<scalar>{_SCALAR})"
    r"|(?P<open>\w+)[ \t\r\n]*:?[ \t\r\n]*(?P<brace>[{<\[])"
    r"|(?P<end>[}>\]])"
    rf"|(?P<item>{_SCALAR})"
    r"|(?P<inner>[{<])"
    r"|(?P<bare>\w+[ \t\r\n]*:)"
    r"|(?P<last>\Z))"
)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
CLOSING = {"{": "}", "<": ">", "[": "]"}


class Message(dict[str, list["str | Message"]]):
    """The fields of a message: every value of each, in the file's order; scalars as they are written, without quotes."""

    __slots__ = ("at",)

    def __init__(self, at: int = 0) -> None:
        super().__init__()
        self.at = at  # where it begins in the text

    def text(self, key: str, default: str = "") -> str:
        """Return the last value of a field that holds one word or string."""
        values = self.get(key)
        value = values[-1] if values else default
        return value if isinstance(value, str) else default

    def texts(self, key: str) -> list[str]:
        """Return all values of a field that are words or strings."""
        return [value for value in self.get(key, ()) if isinstance(value, str)]

    def message(self, key: str) -> Message:
        """Return the fields of all messages of one name together, as protobuf merges them; none where there is none."""
        found = self.messages(key)
        if len(found) < 2:
            return found[0] if found else Message(self.at)
        merged = Message(found[0].at)
        for message in found:
            for name, values in message.items():
                merged.setdefault(name, []).extend(values)
        return merged

    def messages(self, key: str) -> list[Message]:
        """Return the messages of a repeated field."""
        return [value for value in self.get(key, ()) if isinstance(value, Message)]

    def number(self, key: str, default: int) -> int:
        """Return the last value of a field as a whole number. Raises ValueError for anything else."""
        values = self.get(key)
        return whole(values[-1], key) if values else default

    def numbers(self, key: str) -> list[int]:
        """Return all values of a field as whole numbers."""
        return [whole(value, key) for value in self.get(key, ())]

    def real(self, key: str, default: float) -> float:
        """Return the last value of a field as a number."""
        text = self.text(key)
        try:
            return float(text.rstrip("fF")) if self.get(key) else default
        except ValueError:
            raise ValueError(f"{key} is '{text[:40]}', which is no number") from None

    def true(self, key: str, default: bool) -> bool:
        """Return the last value of a field as true or false, which 1 and 0 are as well."""
        if not self.get(key):
            return default
        text = self.text(key)
        if text not in TRUTH:
            raise ValueError(f"{key} is '{text[:40]}', which is neither true nor false")
        return TRUTH[text]

    def choice(self, key: str, names: tuple[str, ...]) -> str:
        """Return one of an enumeration's names, which may be given by number; the first where there is none."""
        text = self.text(key, names[0])
        if text.isdecimal() and int(text[:9]) < len(names):
            return names[int(text[:9])]
        if text not in names:
            raise ValueError(f"{key} is '{text[:40]}'; it can be {', '.join(names)}")
        return text


TRUTH = {"true": True, "True": True, "t": True, "1": True, "false": False, "False": False, "f": False, "0": False}


def whole(value: str | Message, key: str) -> int:
    """Return a value as a whole number: decimal, 0x16 or 010. Raises ValueError."""
    text = value if isinstance(value, str) else "{"
    bare = text.lstrip("+-")
    try:
        if len(text) > 40:
            raise ValueError
        number = int(bare, 16 if bare[:2] in ("0x", "0X") else 8 if bare[:1] == "0" and len(bare) > 1 else 10)
    except ValueError:
        raise ValueError(f"{key} is '{text[:40]}', which is no whole number") from None
    if number > LARGEST_NUMBER:
        raise ValueError(f"{key} is {text}; numbers go to 10^18 here")
    return -number if text[:1] == "-" else number


def line_of(text: str, at: int) -> int:
    """Return the line of a position, from 1."""
    return text.count("\n", 0, at) + 1


def parse(text: str, name: str) -> Message:
    """Return the fields of a whole file. Raises UsageError, with the line, for what cannot be read.

    >>> net = parse('name: "a" "b"  layer { type: RELU bottom: ["x", "y"] }', "a.prototxt")
    >>> net.text("name"), net.messages("layer")[0].texts("bottom")
    ('ab', ['x', 'y'])
    """
    root = current = Message()
    open_messages: list[tuple[Message, str]] = []  # those around the current one, and how the current one ends
    list_of: str | None = None  # the field whose list is being read
    last: tuple[Message, str] | None = None  # a string, to which an adjacent string is joined
    at = 0

    def wrong(what: str, remedy: str, place: int | None = None) -> UsageError:
        return UsageError(f"{name}:{line_of(text, at if place is None else place)}: {what}", remedy)

    step = STEP.match
    while True:
        found = step(text, at)
        if found is None:
            place = at + len(re.match(rf"{_SPACE}*", text[at : at + 100_000]).group())  # type: ignore[union-attr]  # nothing matches, too
            raise wrong(
                f"cannot read {text[place : place + 20]!r}", "the text form of protobuf is: name: value, or name { … }", place
            )
        which = found.lastgroup
        if which == "scalar":
            key, value = found["field"], found["scalar"]
            if list_of is not None:
                raise wrong(f"the list of {list_of} holds '{key}:'", "is its ] missing?")
            last = (current, key) if value[0] in "\"'" else None
            current.setdefault(key, []).append(_plain(value))
        elif which == "end":
            end = found["end"]
            if list_of is not None and end == "]":
                list_of = None
            elif not open_messages or list_of is not None or end != open_messages[-1][1][0]:
                raise wrong(f"unexpected '{end}'", "is a bracket missing or doubled?", found.start("end"))
            else:
                current, mark = open_messages.pop()
                list_of = mark[1:] or None
            last = None
        elif which in ("brace", "inner"):
            brace = found[which]
            key = found["open"] if which == "brace" else list_of
            if key is None or (which == "brace" and list_of is not None):
                raise wrong(f"unexpected '{brace}'", "a message has a name before it: layer { … }", found.start(which))
            if brace == "[":
                list_of = key
                current.setdefault(key, [])
            else:
                if len(open_messages) >= DEEPEST:
                    raise wrong(f"messages are nested more than {DEEPEST} deep", "networks are not")
                message = Message(found.start("open") if which == "brace" else found.start("inner"))
                current.setdefault(key, []).append(message)
                open_messages.append((current, CLOSING[brace] + (list_of or "")))
                current, list_of = message, None
            last = None
        elif which == "item":
            value = found["item"]
            if list_of is not None:
                current[list_of].append(_plain(value))
                last = (current, list_of) if value[0] in "\"'" else None
            elif last is not None and value[0] in "\"'":
                holder, key = last
                holder[key][-1] = str(holder[key][-1]) + _plain(value)
            else:
                raise wrong(f"'{value[:20]}' has no value", "write name: value, or name { … }", found.start("item"))
        elif which == "bare":
            raise wrong(
                f"'{found['bare'].rstrip(': ')[:20]}' has no value", "write name: value, or name { … }", found.start("bare")
            )
        else:
            if open_messages or list_of is not None:
                raise wrong(
                    "the file ends inside a message",
                    f"'{open_messages[-1][1][0] if open_messages else ']'}' is missing at the end",
                    len(text),
                )
            return root
        at = found.end()


def _plain(value: str) -> str:
    if value[0] not in "\"'":
        return value
    inner = value[1:-1]
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), inner) if "\\" in inner else inner
