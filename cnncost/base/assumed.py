"""What is taken for granted of letters while a model is traced: a closed form holds where all of it does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

from cnncost.base.notation import Num

_assumed: ContextVar[dict[tuple[str, Num, Num], None] | None] = ContextVar("assumed", default=None)


@contextmanager
def assumptions() -> Iterator[dict[tuple[str, Num, Num], None]]:
    """Collect what is taken for granted of letters inside `with assumptions() as found:`, in order.

    The keys of `found` are ("!=", a, b), (">=", a, b) and ("%", a, b) for b divides a. A closed form holds where all do.
    """
    found: dict[tuple[str, Num, Num], None] = {}
    token = _assumed.set(found)
    try:
        yield found
    finally:
        _assumed.reset(token)


def collecting() -> bool:
    """Whether what is taken for granted is being collected: what was worked out before must then be worked out again."""
    return _assumed.get() is not None


def asked_by_a_model(frame: FrameType) -> bool:
    """Whether code outside this package asks, while it is traced on letters."""
    return _assumed.get() is not None and not frame.f_globals.get("__name__", "").startswith("cnncost.")


def assume(relation: str, a: Num, b: Num) -> None:
    """Note what is taken for granted of letters, for `assumptions`."""
    found = _assumed.get()
    if found is not None:
        found[relation, a, b] = None
