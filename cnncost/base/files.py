"""Files of people, opened and read with bounds: what is no file, or too large to be one, is refused before it is read."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from itertools import islice
from typing import BinaryIO

from cnncost.base.errors import UsageError, nearest, one_of

LARGEST = 64_000_000  # bytes; a snapshot of the whole zoo has 30 MB


def read_text(path: str, what: str, hint: str, most: int = LARGEST) -> str:
    """Return the text of a file of at most `most` bytes in UTF-8.

    Raises UsageError, "cannot read `what` 'path': the reason" with `hint`, for anything else: a folder, a device or pipe,
    which might never end, bytes that are no UTF-8, and a file that is larger.

    >>> read_text("/dev/zero", "the snapshot", "write one: cnncost snapshot")
    Traceback (most recent call last):
        ...
    cnncost.base.errors.UsageError: cannot read the snapshot '/dev/zero': it is no file
    write one: cnncost snapshot
    """

    with opened(path, f"{what} ", hint) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise UsageError(f"cannot read {what} '{path}': it has more than {most:,} bytes", hint)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"cannot read {what} '{path}': it is no text in UTF-8", hint) from None


def near_file(path: str, suffixes: Sequence[str] = ()) -> str:
    """Return "did you mean 'specs/tiny.yaml'?" for a file that is not there, where one with such a name is; else nothing."""
    by_stem: dict[str, list[str]] = {}  # compared without folder and suffix, which say little
    for found in beside(path):
        if found.lower().endswith(tuple(suffixes) or ("",)):
            by_stem.setdefault(_stem(found), []).append(found)
    stem, suffix = _stem(path), os.path.splitext(path)[1].lower()
    near = [found for each in nearest(stem, by_stem) for found in by_stem[each] if found != path]
    return one_of([found for found in near if _stem(found) == stem or found.lower().endswith(suffix)])


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0].lower()


def beside(path: str, most: int = 2_000) -> list[str]:
    """Return the files in the folder of a path, and those with its name in folders beside or below it: at most so many."""
    folder, name = os.path.split(path)
    found = [entry.path for entry in _entries(folder or ".", most) if entry.is_file()]
    for entry in _entries(os.path.dirname(folder) or ".", most):
        if entry.is_dir() and os.path.isfile(os.path.join(entry.path, name)):
            found.append(os.path.join(entry.path, name))
    return sorted({os.path.normpath(each) if not os.path.isabs(path) else each for each in found})


def _entries(folder: str, most: int) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(islice(entries, most))
    except OSError:
        return []


def opened(path: str, what: str, hint: str) -> BinaryIO:
    """Return a plain file, open for reading; `what` it is ends with a blank, if it is said.

    Raises UsageError for a folder, a device, a pipe, and what cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe without a writer would wait for one
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        near = near_file(path) if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"cannot read {what}'{path}': {reason}", near or hint) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UsageError(f"cannot read {what}'{path}': it is no file", hint)
    return open(descriptor, "rb")


def unwritable(path: str | os.PathLike[str], error: OSError) -> UsageError:
    """Return what to say of a file that cannot be written.

    >>> print(unwritable("out/costs.csv", FileNotFoundError(2, "No such file or directory")))
    cannot write 'out/costs.csv': no such file or directory
    there is no folder 'out': make it first, or choose another file
    """
    folder = os.path.dirname(path)
    missing = f"there is no folder '{folder}': make it first, or " if folder and not os.path.lexists(folder) else ""
    return UsageError(f"cannot write '{path}': {(error.strerror or str(error)).lower()}", f"{missing}choose another file")
