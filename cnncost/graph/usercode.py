"""Whose fault an exception is: that of a user's own code, which becomes an error with file and line, or ours."""

from __future__ import annotations

import os
import re
import sysconfig
import traceback
from collections.abc import Callable, Mapping
from fractions import Fraction
from types import FrameType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from cnncost.base.errors import ModelError, did_you_mean
from cnncost.base.ints import Ints
from cnncost.base.poly import Poly
from cnncost.rules import RULES
from cnncost.rules.foreign import arguments_meant, layer_meant

PACKAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")
ZOO = os.path.join(PACKAGE, "models", "zoo", "")
CALLERS = ("trace", "scoped", "run_model", "made")  # our functions that call a model function
UNKNOWN_ARGUMENT = re.compile(r"(?:\w+\.)*(\w+)\(\) got an unexpected keyword argument '(\w+)'")
WRONG_ARGUMENTS = re.compile(r"(?:\w+\.)*(\w+)\(\) (?:missing|takes) ")


class CodeError(ModelError):
    """What a model function of one's own raised: the message has its file and line."""

    @property
    def raised(self) -> BaseException | None:
        """The exception."""
        cause = self.__cause__
        while isinstance(cause, CodeError):  # the same, with the name of the model before it
            cause = cause.__cause__
        return cause


def explained(error: BaseException) -> CodeError | None:
    """Return an exception of a user's own code as an error with the place and the remedy; None where it is not the user's."""
    frames = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    place = _users(frames, error)
    if place is None:
        return None
    frame, line = place
    return CodeError(f"{where(frame.f_code.co_filename, line)}: {described(error)}", remedy(error, frame))


def described(error: BaseException) -> str:
    """Return an exception in one line: `TypeError: unsupported operand …`."""
    if isinstance(error, SystemExit):
        return f"it ends the program ({'sys.exit' if error.code is None else f'sys.exit with {_cut(error.code)}'})"
    if isinstance(error, RecursionError):
        return "RecursionError: it calls itself without end"
    text = " ".join(str(error).split()).removeprefix("Layers.")
    return f"{type(error).__name__}: {_cut(text)}" if text else type(error).__name__


def where(file: str, line: int) -> str:
    """Return FILE:LINE, the file as seen from the current directory where it lies below it."""
    try:
        relative = os.path.relpath(file)
    except ValueError:  # on another drive
        relative = file
    return f"{file if relative.startswith('..') else relative}:{line}"


def remedy(error: BaseException, frame: FrameType | None) -> str:
    """Return what to write instead, where it can be told."""
    from cnncost.graph.layers import Layers

    methods = [name for name in dir(Layers) if not name.startswith("_")]
    if isinstance(error, AttributeError) and isinstance(getattr(error, "obj", None), Layers):
        return layer_meant(str(error.name), methods) or "layer types: cnncost ops"
    if isinstance(error, NameError) and frame is not None and error.name:
        return did_you_mean(error.name, [*frame.f_locals, *frame.f_globals])
    text = str(error)
    if isinstance(error, TypeError) and (found := UNKNOWN_ARGUMENT.search(text)) and found[1] in methods:
        kind = found[1]
        known = [*(RULES[kind].arguments if kind in RULES else ()), "name"]
        written = [word for word in _keywords(frame, kind) if word not in known] if frame is not None else []
        written = written or [found[2]]
        return arguments_meant(written, known) or did_you_mean(found[2], known, f"see: cnncost ops {kind}")
    if isinstance(error, TypeError) and (found := WRONG_ARGUMENTS.search(text)) and found[1] in RULES:
        return f"see: cnncost ops {found[1]}"
    if isinstance(error, RecursionError):
        return "does it stop at some depth?"
    if isinstance(error, SystemExit):
        return "what a program does, and a model does not, belongs under: if __name__ == '__main__'"
    return ""


def _keywords(frame: FrameType, kind: str) -> list[str]:
    """Return the names of arguments in the call that failed: Python names only the first that is wrong."""
    import linecache

    positions = list(frame.f_code.co_positions())
    first, last = positions[frame.f_lasti // 2][:2] if 0 <= frame.f_lasti // 2 < len(positions) else (None, None)
    first, last = first or frame.f_lineno, last or frame.f_lineno
    text = "".join(linecache.getline(frame.f_code.co_filename, number) for number in range(first, last + 1))
    start = text.find(f".{kind}(")
    return re.findall(r"\b(\w+)\s*=(?!=)", text[max(start, 0) :])


def _users(frames: list[tuple[FrameType, int]], error: BaseException) -> tuple[FrameType, int] | None:
    """Return the innermost frame of a user's code that is to blame; None where our own code failed."""
    users: tuple[FrameType, int] | None = None
    ours = False
    for frame, line in frames:
        file = frame.f_code.co_filename
        if _is_ours(file):
            ours = frame.f_code.co_name not in CALLERS
        elif not file.startswith(ZOO) and not (ours or _is_library(file)):
            users = (frame, line)
    if users is None or (ours and not isinstance(error, (RecursionError, SystemExit))):
        return None
    return users


def _is_ours(file: str) -> bool:
    return file.startswith(PACKAGE) and not file.startswith(ZOO)


def _is_library(file: str) -> bool:
    """Whether a file is of Python or frozen into it: what a user's code calls there is told at the user's line."""
    return file.startswith("<frozen") or (file.startswith(_LIBRARY) and "site-packages" not in file)


_LIBRARY = os.path.join(sysconfig.get_path("stdlib"), "")


def unfit(function: Callable[..., Any], arguments: Mapping[str, Any]) -> list[str]:
    """Return which arguments of a rule are of a type that its signature does not name: "kernel" of `kernel="3"`.

    Where there are none, those that are columns: some arguments have to be one number.
    """
    types = get_type_hints(function)
    wrong = [name for name, value in arguments.items() if not _fits(value, types.get(name, Any))]
    return wrong or [name for name, value in arguments.items() if isinstance(value, Ints)]


def _fits(value: Any, kind: Any) -> bool:
    options, origin = get_args(kind), get_origin(kind)
    if origin is Literal:
        return isinstance(value, (str, int)) and value in options
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(part, options[0]) for part in value)
    if options:  # of a union
        return any(_fits(value, option) for option in options)
    if kind is Any or kind is int:
        return isinstance(value, (int, Poly, Ints))
    if kind is float:
        return isinstance(value, (int, float, Fraction, Poly, Ints))
    return isinstance(kind, type) and isinstance(value, kind)


def _cut(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:199] + "…"


def failed_import(error: BaseException, name: str) -> tuple[str, str]:
    """Return what is wrong with a module of the user's that cannot be imported, with the place, and the remedy."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{where(error.filename, error.lineno or 1)}: {type(error).__name__}: {error.msg}", ""
    place = _importing(error)
    if place is None:
        return f"cannot import '{name}': {described(error)}", "write package.module:function"
    frame, line = place
    hint = remedy(error, frame)
    if not hint and isinstance(error, ModuleNotFoundError):
        hint = f"install what '{error.name}' belongs to, or run where it can be found"
    return f"{where(frame.f_code.co_filename, line)}: {described(error)}", hint


def in_users_code(error: BaseException) -> bool:
    """Whether an import failed inside a module of the user's, rather than for want of it."""
    return _importing(error) is not None


def _importing(error: BaseException) -> tuple[FrameType, int] | None:
    place: tuple[FrameType, int] | None = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if not file.startswith(("<", PACKAGE)) and not _is_library(file):
            place = (frame, line)
    return place
