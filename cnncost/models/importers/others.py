"""What is no network, told apart by its first bytes and never unpickled: each with what to do instead."""

from __future__ import annotations

from cnncost.base.errors import UsageError
from cnncost.models.importers import READERS, Data


def refusal(data: Data, name: str) -> UsageError:
    """Return the error for a file that no reader knows: what it looks like, and the remedy."""
    known = ", ".join(f"{what}" for what, _ in READERS.values())
    return UsageError(f"'{name}' is no network that can be read", f"known are {known}")
