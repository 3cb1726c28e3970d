"""The standard streams of a program that promises to write all of its output, or to say that it could not.

Python's own lose what a non-blocking pipe does not take at once, print a question mark for a sign that an encoding lacks,
and are None where the caller has closed them.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import sys
from typing import Any


class ReaderGoneError(Exception):
    """Nobody reads the output any more, as behind `| head`. No OSError: click would end the program with 1 by itself."""


class OutputError(Exception):
    """The output cannot be written: the reason in words."""


class Whole(io.RawIOBase):
    """A file descriptor that takes all it is given, waiting where the other side is slow."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.descriptor = descriptor

    def fileno(self) -> int:
        """Return the descriptor."""
        return self.descriptor

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return os.isatty(self.descriptor)

    def write(self, data: Any) -> int:
        """Write all bytes. Raises ReaderGoneError where nobody reads, OutputError where the device is full or closed."""
        rest = memoryview(data).cast("B")
        while rest:
            try:
                rest = rest[os.write(self.descriptor, rest) :]
            except BlockingIOError:
                import select

                select.select([], [self.descriptor], [])
            except BrokenPipeError:
                raise ReaderGoneError from None
            except OSError as error:
                raise OutputError((error.strerror or str(error)).lower()) from None
        return len(memoryview(data).cast("B"))


# How signs are written where an encoding lacks them; superscripts become ^12. Others are written as \uXXXX.
SPELLINGS = {
    "×": "x", "·": "*", "−": "-", "–": "-", "—": "-", "…": "...", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "→": "->",
    "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")", "√": "sqrt", "′": "'", "“": '"', "”": '"', "‘": "'", "’": "'",
    "─": "-", "━": "=", "│": "|", "┃": "|", "█": "#", "▏": "#", "▎": "#", "▍": "#", "▌": "#", "▋": "#", "▊": "#", "▉": "#",
    "▁": "_", "▂": "_", "▃": "-", "▄": "-", "▅": "=", "▆": "=", "▇": "#", "Δ": "d", "µ": "u", "ᵀ": "^T", "�": "<?>",
}  # fmt: skip
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def spelled(error: UnicodeError) -> tuple[str | bytes, int]:
    """Return what stands for signs that an encoding lacks: the handler `errors="spelled"` of `codecs`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    lacking = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda run: "^" + run[0].translate(SUPERSCRIPTS), lacking)
    spelling = "".join(SPELLINGS.get(sign, sign) for sign in lacking)
    return spelling.encode("ascii", "backslashreplace").decode("ascii"), error.end


codecs.register_error("spelled", spelled)


def prepare() -> None:
    """Put streams that write everything in place of the standard ones, where these are Python's own."""
    closed = [descriptor for descriptor in (0, 1, 2) if not _open(descriptor)]
    for _ in closed:  # else the next file that is opened gets the number, and messages are written into it
        os.open(os.devnull, os.O_RDONLY)  # the lowest free number; writing to it fails, as it should
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None or stream is getattr(sys, f"__{name}__"):
            setattr(sys, name, _whole(stream, descriptor, name == "stderr"))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="spelled")
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115  # it stands for the whole run


def _open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


class Spelling(io.TextIOWrapper):
    """A text stream whose encoding click leaves alone: what calls itself ASCII it takes for a mistake, and writes UTF-8."""

    encoding = "spelled"


# What else runs in the process, such as a user's own code, may ask a stream for its encoding and encode by it.
codecs.register(lambda name: codecs.lookup("utf-8") if name == Spelling.encoding else None)


def _whole(stream: Any, descriptor: int, line_buffering: bool) -> io.TextIOWrapper:
    if stream is not None:
        stream.flush()
    raw = Whole(descriptor)
    return Spelling(
        io.BufferedWriter(raw),
        encoding=getattr(stream, "encoding", None) or "utf-8",
        errors="spelled",
        line_buffering=line_buffering or raw.isatty(),
    )


def finish() -> None:
    """Write what the standard streams still hold. Raises ReaderGoneError and OutputError, and then drops the rest."""
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (ReaderGoneError, OutputError):
        _drop()
        raise


def _drop() -> None:
    """Let what could not be written go nowhere: Python would try again at its end, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        raw = getattr(getattr(stream, "buffer", None), "raw", None)
        if isinstance(raw, Whole):
            os.dup2(nowhere, raw.descriptor)
    os.close(nowhere)
