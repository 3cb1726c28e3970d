"""Finished work on the disk, from which an interrupted sweep goes on."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from dataclasses import asdict
from typing import Any

import numpy as np

from cnncost.base.errors import UsageError
from cnncost.questions.sweep.chunk import FIGURES, Reason
from cnncost.questions.sweep.query import Partial, Query, Rows


class Store:
    """Finished work on the disk: counts and reasons in PATH.json, rows by the million in PATH.rows, five int64 each."""

    INTERVAL = 2.0  # seconds between two notes

    def __init__(self, path: str, query: Query, resume: bool) -> None:
        self.notes, self.spool = f"{path}.json", f"{path}.rows"
        self.query = repr(query)
        self.written = 0
        self.noted = time.monotonic()
        self.spooled = False
        self.found: dict[str, Any] | None = None
        if resume:
            try:
                with open(self.notes, encoding="utf-8") as file:
                    self.found = json.load(file)
            except FileNotFoundError:
                self.found = None
            except (OSError, ValueError) as error:
                raise UsageError(f"cannot read '{self.notes}': {error}", "start again without --resume") from None
            if self.found is not None and self.found["query"] != self.query:
                raise UsageError(f"'{self.notes}' is of another sweep", "repeat the command it was made with, or drop --resume")
        else:
            self.remove()

    def load(self) -> Partial:
        """Return the work found, or none."""
        if self.found is None:
            return Partial()
        data = self.found
        self.written = data["written"]
        if self.written:
            self.spooled = True
            with open(self.spool, "r+b") as file:
                file.truncate(self.written * 8 * (1 + len(FIGURES)))  # what came after the last note is done again
        rows = {
            name: np.array(values, dtype=object if max(values, default=0) >= 2**63 else np.int64)
            for name, values in data["rows"].items()
        }
        reasons = {key: Reason(**reason) for key, reason in data["reasons"].items()}
        return Partial(data["candidates"], data["valid"], data["matching"], reasons, rows, Counter(data["methods"]))

    def keep(self, rows: Rows) -> None:
        """Append rows."""
        self.spooled = True
        columns = [rows[name] for name in ("index", *FIGURES)]
        if any(column.dtype == object for column in columns):
            raise UsageError("a figure passes 2^63", "narrow the space, or ask for --top N rows")
        if len(columns[0]):
            with open(self.spool, "ab") as file:
                np.stack(columns, axis=1).astype("<i8").tofile(file)
            self.written += len(columns[0])

    def note(self, total: Partial, now: bool = False) -> None:
        """Write down how far the work has come, every few seconds or `now`."""
        if not now and time.monotonic() - self.noted < self.INTERVAL:
            return
        self.noted = time.monotonic()
        data = {
            "query": self.query,
            "written": self.written,
            "candidates": total.candidates,
            "valid": total.valid,
            "matching": total.matching,
            "methods": total.methods,
            "reasons": {key: asdict(reason) for key, reason in total.reasons.items()},
            "rows": {name: column.tolist() for name, column in total.rows.items()},
        }
        with open(f"{self.notes}.new", "w", encoding="utf-8") as file:
            json.dump(data, file)
        os.replace(f"{self.notes}.new", self.notes)

    def rows(self) -> Rows:
        """Return the rows kept, without reading them: columns of the file."""
        names = ("index", *FIGURES)
        if not self.written:
            return {name: np.zeros(0, dtype=np.int64) for name in names}
        table = np.memmap(self.spool, dtype="<i8", mode="r", shape=(self.written, len(names)))
        return {name: table[:, place] for place, name in enumerate(names)}

    def remove(self) -> None:
        """Delete what is kept."""
        for path in (self.notes, self.spool):
            if os.path.exists(path):
                os.unlink(path)
