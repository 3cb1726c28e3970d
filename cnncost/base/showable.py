"""Values that can be looked at: printed as a table, and shown as one in notebooks."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from cnncost.base.plain import plain


class Showable:
    """A value that has a table.

    Tables are built on a floor above, where each type of value has its builder; it is found by the value's type, when
    somebody looks (`cnncost.show.window`).
    """

    def table(self, **options: Any) -> Any:
        """Return the value as a `cnncost.show.table.Table`; options are those of the builder of its type."""
        return _window().table_of(self, **options)

    def to_dict(self) -> dict[str, Any]:
        """Return the value as plain data of exact integers: the object that `--format json` prints."""
        return plain(self.table().data)  # type: ignore[no-any-return]  # of a dict it is a dict

    def __str__(self) -> str:
        text: str = _window().text(self)
        return text

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        text: str = _window().notebook(self)
        return text


def _window() -> Any:
    return import_module("cnncost.show.window")  # by name: nothing below it depends on how values are shown
