"""What a column answers to a comparison. Imported where a column compares, for it needs NumPy."""

from __future__ import annotations

import numpy as np

from cnncost.base.errors import Disagreement


class Answers(np.ndarray):
    """A boolean array, an answer per candidate, which `if`, `not`, `and` and `in` can ask.

    Where all candidates answer alike that is the truth of it; otherwise `Disagreement` carries the mask to split them by.
    """

    def __bool__(self) -> bool:
        mask = self.view(np.ndarray)
        if mask.all():
            return True
        if mask.any():
            raise Disagreement(mask)
        return False
