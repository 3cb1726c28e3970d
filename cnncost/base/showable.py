"""Values that can be looked at: printed as a table, and shown as one in notebooks."""

from __future__ import annotations

from importlib import import_module
from typing import Any, TypeVar

from cnncost.base.plain import plain

MOST = 2_000  # characters of a value that are shown unasked
FEW = 4  # entries of a sequence that are shown unasked

T = TypeVar("T")


class Several(tuple[T, ...]):
    """A tuple that shows its first entries and how many more it has.

    >>> Several(range(9)), Several("ab")
    ((0, 1, 2, 3, … 5 more), ('a', 'b'))
    """

    __slots__ = ()

    def __repr__(self) -> str:
        first = ", ".join(map(repr, self[:FEW]))
        return f"({first}, … {len(self) - FEW} more)" if len(self) > FEW else tuple.__repr__(self)


class Facts(dict[str, T]):
    """Plain data that shows its keys.

    >>> Facts(model="resnet18", layers=[1, 2, 3])
    <Facts: model, layers>
    """

    def __repr__(self) -> str:
        return f"<Facts: {', '.join(self)}>"


class Columns(dict[str, T]):
    """Columns by name, as pandas and Polars take them, which show how long they are.

    >>> Columns(name=["a", "b"], params=[1, 2])
    <Columns name, params: 2 rows>
    """

    def __repr__(self) -> str:
        rows = len(next(iter(self.values()), ()))  # type: ignore[arg-type]  # of a column
        return f"<Columns {', '.join(self)}: {rows:,} rows>"


class Tabled:
    """A value that has a table, which notebooks show.

    Tables are built on a floor above, where each type of value has its builder; it is found by the value's type, when
    somebody looks (`cnncost.show.window`).
    """

    __slots__ = ()

    def table(self, **options: Any) -> Any:
        """Return the value as a `cnncost.show.table.Table`; options are those of the builder of its type."""
        return _window().table_of(self, **options)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: what is long in short, and the whole folded below."""
        text: str = _window().notebook(self)
        return text


class Showable(Tabled):
    """A value that is its table: it prints as one, and has the object of `--format json`."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the value as plain data of exact integers: the object that `--format json` prints."""
        return plain(self.table().data)  # type: ignore[no-any-return]  # of a dict it is a dict

    def __str__(self) -> str:
        text: str = _window().text(self)
        return text


def _window() -> Any:
    return import_module("cnncost.show.window")  # by name: nothing below it depends on how values are shown
