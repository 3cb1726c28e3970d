"""Finished work on the disk, from which an interrupted sweep goes on.

`FILE.part.json` is a note: how far the work has come, and what it is about. `FILE.part.rows` holds rows by the million. Both
belong to one process at a time, which holds a lock; lengths and checksums tell whether they are what was written.
"""

from __future__ import annotations

import json
import os
import socket
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import IO, Any

import numpy as np

from cnncost.base.errors import UsageError
from cnncost.base.files import unwritable
from cnncost.questions.sweep.chunk import FIGURES, Array, Reason
from cnncost.questions.sweep.query import Partial, Rows
from cnncost.questions.sweep.subject import Subject

try:
    import fcntl
except ImportError:  # not on Windows, where an open file cannot be deleted either
    fcntl = None  # type: ignore[assignment]  # a module elsewhere

INTERVAL = 2.0  # seconds between two notes
AGAIN = "start again without --resume"
BLOCK = 2**22  # bytes that are checked together
HALF = 2**63  # a figure past int64 is kept as its multiples of this and the rest


class Store:
    """Finished work under a path of its own: `PATH.json`, `PATH.rows` and, while a process works on it, `PATH.lock`."""

    def __init__(self, path: str, subject: Subject, resume: bool, figures: Sequence[str] = FIGURES) -> None:
        self.figures = tuple(figures)
        self.names = ("index", *figures)
        self.notes, self.spool, self.lock = f"{path}.json", f"{path}.rows", f"{path}.lock"
        self.subject = subject
        self.written = 0  # rows
        self.checksum = 0  # of their bytes
        self.wide = False  # whether figures are kept in two numbers each
        self.spooled = False
        self.noted = time.monotonic()
        self.file: IO[bytes] | None = None
        self.held = self._hold()
        try:
            self.found = self._read() if resume else None
        except BaseException:
            self.close()
            raise
        if self.found is None:
            self.clear()

    # ── one owner ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _hold(self) -> Any:
        """Take the lock. Raises UsageError where another process has it."""
        try:
            handle = os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise unwritable(self.lock, error) from None
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = os.read(handle, 200).decode("utf-8", "replace").strip() or "another process"
                os.close(handle)
                raise UsageError(
                    f"another sweep is writing this file: {owner}", "wait for it, or write to another file, with -o"
                ) from None
            except OSError:  # a file system without locks
                pass
        if not os.path.exists(self.lock) or os.fstat(handle).st_ino != os.stat(self.lock).st_ino:
            os.close(handle)  # its last owner deleted it in between
            return self._hold()
        os.write(handle, f"process {os.getpid()} on {socket.gethostname()}".encode())
        os.ftruncate(handle, os.lseek(handle, 0, os.SEEK_CUR))
        return handle

    def close(self) -> None:
        """Let go of the files; what is kept stays."""
        if self.file is not None:
            self.file.close()
            self.file = None
        if self.held is not None:
            self._unlink(self.lock)
            os.close(self.held)
            self.held = None

    def clear(self) -> None:
        """Delete what is kept."""
        self._unlink(self.notes)
        self._unlink(self.spool)

    @staticmethod
    def _unlink(path: str) -> None:
        if os.path.exists(path):
            os.unlink(path)

    # ── what an earlier process left ─────────────────────────────────────────────────────────────────────────────────

    def _read(self) -> dict[str, Any] | None:
        """Return the note of an earlier process, or None. Raises UsageError for one that cannot be gone on from."""
        try:
            with open(self.notes, encoding="utf-8") as file:
                data = json.load(file)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot read '{self.notes}': {error}", AGAIN) from None
        if not isinstance(data, dict) or data.get("checksum") != _checksum(data):
            raise UsageError(f"'{self.notes}' is damaged", AGAIN)
        if data["digest"] != self.subject.digest:
            found = self.subject.differences(data["subject"])
            said = "; ".join(found[:3]) or "it asks another question"
            raise UsageError(
                f"'{self.notes}' is of another sweep: {said}", "repeat the command it was made with, or leave out --resume"
            )
        return data

    def load(self) -> Partial:
        """Return the work found, or none. Raises UsageError where the rows are not those that were written."""
        if self.found is None:
            return Partial()
        data = self.found
        self.written, self.wide, self.spooled = data["written"], data["wide"], data["spooled"]
        if self.spooled:
            self._check(data["rows_checksum"])
        rows = {
            name: np.array(values, dtype=object if max(values, default=0) >= HALF else np.int64)
            for name, values in data["rows"].items()
        }
        reasons = {key: Reason(**reason) for key, reason in data["reasons"].items()}
        return Partial(data["candidates"], data["valid"], data["matching"], reasons, rows, Counter(data["methods"]))

    def _check(self, checksum: int) -> None:
        """Hold the rows against their length and their checksum; what came after the note is done again."""
        left = self.written * self._width * 8
        try:
            with open(self.spool, "r+b") as file:
                if os.fstat(file.fileno()).st_size < left:
                    raise UsageError(f"'{self.spool}' is shorter than it was written", AGAIN)
                file.truncate(left)
                while left and (block := file.read(min(BLOCK, left))):
                    self.checksum = zlib.crc32(block, self.checksum)
                    left -= len(block)
        except OSError as error:
            raise UsageError(f"cannot read '{self.spool}': {(error.strerror or str(error)).lower()}", AGAIN) from None
        if self.checksum != checksum:
            raise UsageError(f"'{self.spool}' is damaged", AGAIN)

    # ── keeping ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _width(self) -> int:
        """How many int64 a row takes."""
        return 1 + len(self.figures) * (2 if self.wide else 1)

    def keep(self, rows: Rows) -> None:
        """Append rows."""
        self.spooled = True
        if not len(rows["index"]):
            return
        if not self.wide and any(rows[name].dtype == object for name in self.names):
            self._widen()
        columns = [rows["index"]]
        for name in self.figures:
            column = rows[name]
            if not self.wide:
                columns.append(column)
            elif column.dtype == object:
                columns += [column // HALF, column % HALF]
            else:
                columns += [np.zeros_like(column), column]
        data = np.stack([column.astype("<i8") for column in columns], axis=1).tobytes()
        if self.file is None:
            self.file = open(self.spool, "ab")  # noqa: SIM115  # held open until the sweep ends
        self.file.write(data)
        self.checksum = zlib.crc32(data, self.checksum)
        self.written += len(rows["index"])

    def _widen(self) -> None:
        """Write the rows kept so far again, with two numbers for each figure."""
        if self.file is not None:
            self.file.close()
            self.file = None
        kept, before = self.written, f"{self.spool}.narrow"
        self.wide, self.written, self.checksum = True, 0, 0
        if not kept:
            return
        self.note(Partial(), now=True)  # from here on there is nothing to resume until the next note
        os.replace(self.spool, before)
        table = np.memmap(before, dtype="<i8", mode="r", shape=(kept, len(self.names)))
        for start in range(0, kept, BLOCK // 64):
            part = table[start : start + BLOCK // 64]
            self.keep({name: np.array(part[:, place]) for place, name in enumerate(self.names)})
        del table
        os.unlink(before)

    def note(self, total: Partial, now: bool = False) -> None:
        """Write down how far the work has come, every few seconds or `now`."""
        if not now and time.monotonic() - self.noted < INTERVAL:
            return
        self.noted = time.monotonic()
        if self.file is not None:
            self.file.flush()
            os.fsync(self.file.fileno())
        data = {
            "digest": self.subject.digest,
            "subject": self.subject.to_dict(),
            "written": self.written,
            "rows_checksum": self.checksum,
            "wide": self.wide,
            "spooled": self.spooled,
            "candidates": total.candidates,
            "valid": total.valid,
            "matching": total.matching,
            "methods": dict(total.methods),
            "reasons": {key: asdict(reason) for key, reason in total.reasons.items()},
            "rows": {name: column.tolist() for name, column in total.rows.items()},
        }
        data["checksum"] = _checksum(data)
        with open(f"{self.notes}.new", "w", encoding="utf-8") as file:
            json.dump(data, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(f"{self.notes}.new", self.notes)

    def rows(self) -> dict[str, Any]:
        """Return the rows kept, without reading them: columns of the file."""
        if self.file is not None:
            self.file.flush()
        if not self.written:
            return {name: np.zeros(0, dtype=np.int64) for name in self.names}
        table = np.memmap(self.spool, dtype="<i8", mode="r", shape=(self.written, self._width))
        if not self.wide:
            return {name: table[:, place] for place, name in enumerate(self.names)}
        pairs = {name: Wide(table[:, 1 + 2 * place], table[:, 2 + 2 * place]) for place, name in enumerate(self.figures)}
        return {"index": table[:, 0], **pairs}


class Wide:
    """A column of integers past int64 in a file, as their multiples of 2^63 and the rest; read a part at a time."""

    def __init__(self, high: Array, low: Array) -> None:
        self.high, self.low = high, low
        self.dtype = np.dtype(object if high.any() else np.int64)

    def __len__(self) -> int:
        return len(self.low)

    def __getitem__(self, place: Any) -> Any:
        high, low = self.high[place], self.low[place]
        if isinstance(place, (int, np.integer)):
            return int(high) * HALF + int(low)
        return low if self.dtype != object else high.astype(object) * HALF + low.astype(object)


def _checksum(data: dict[str, Any]) -> int:
    """Return the checksum of a note, but for the entry that holds it."""
    plain = {key: value for key, value in data.items() if key != "checksum"}
    return zlib.crc32(json.dumps(plain, sort_keys=True).encode())
