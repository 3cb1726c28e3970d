"""Limits of rules, met exactly, and weights that are fixed."""

from __future__ import annotations

import pytest

from cnncost.base.errors import CostError
from cnncost.rules import RULES


def test_the_longest_window_without_its_padding() -> None:
    pool = RULES["avg_pool"].function
    assert pool((1, 1, 2048), (1, 1024), count_pad=False).taps == 2 * 1024
    with pytest.raises(CostError, match="windows of 1025 without their padding are not computed"):
        pool((1, 1, 2050), (1, 1025), count_pad=False)


@pytest.mark.parametrize(("bias", "numbers"), [(True, 84 * 10 + 10), (False, 84 * 10)])
def test_fixed_weights_and_their_offsets_are_buffers(bias: bool, numbers: int) -> None:
    """LeNet-5's output compares 84 features with ten codes of 7×12 pixels (figure 3 of the paper)."""
    cost = RULES["linear"].function((84,), 10, bias=bias, learned=False)
    assert (cost.params, cost.buffers) == (0, numbers)
