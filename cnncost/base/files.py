"""Files of people, opened and read with bounds: what is no file, or too large to be one, is refused before it is read."""

from __future__ import annotations

import os
import stat
from typing import BinaryIO

from cnncost.base.errors import UsageError

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


def opened(path: str, what: str, hint: str) -> BinaryIO:
    """Return a plain file, open for reading; `what` it is ends with a blank, if it is said.

    Raises UsageError for a folder, a device, a pipe, and what cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe without a writer would wait for one
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UsageError(f"cannot read {what}'{path}': {reason}", hint) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UsageError(f"cannot read {what}'{path}': it is no file", hint)
    return open(descriptor, "rb")
