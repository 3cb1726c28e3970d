"""Several reports side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from cnncost.base.record import LONGEST, dataclass
from cnncost.base.showable import Showable
from cnncost.base.text import clip
from cnncost.measures.report import Report


@dataclass(frozen=True, slots=True)
class Comparison(Showable, Sequence[Report]):
    """The reports of several models, and what the user calls each; ratios in its table are to the first."""

    reports: tuple[Report, ...]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.reports)

    @overload
    def __getitem__(self, index: int) -> Report: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Report]: ...
    def __getitem__(self, index: int | slice) -> Report | Sequence[Report]:
        return self.reports[index]

    def __repr__(self) -> str:
        return f"<Comparison of {clip(', '.join(self.labels), LONGEST)}>"
