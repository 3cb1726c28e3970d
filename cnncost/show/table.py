"""Tables: columns with units and rows of values, exact until they are rendered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from cnncost.base.plain import named, plain
from cnncost.base.record import dataclass
from cnncost.base.showable import Facts, Several, Showable
from cnncost.base.text import Math, line
from cnncost.base.units import Amount, Measure, Said, Shown, figures, many, scale
from cnncost.base.version import __version__
from cnncost.show.blocks import bar, course

Record: TypeAlias = Mapping[str, Any]  # what one row is about: exact values by key
Unit = Literal["text", "number", "count", "bytes", "ratio", "share", "change", "bar", "course"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key in machine formats, its title for people, its unit, and how early it goes when space is short."""

    key: str
    title: str
    unit: Unit = "text"
    priority: int = 0  # 0 always stays; the highest number is dropped first
    wraps: bool = False  # long text, which a narrow terminal folds
    signed: bool = False  # a change: what has grown gets a +
    scaled: str = ""  # columns that have the same have one unit
    drawn: bool = False  # only terminals show it: a bar, a course
    brief: Callable[[Any], str] | None = None  # a cell where the whole does not fit: one line, whatever the width
    of: Callable[[Record], Any] | None = None  # how a cell is read off a record; by its key, if not otherwise

    def __repr__(self) -> str:
        return f"<Column {self.key}: {self.title}>"

    def read(self, record: Record) -> Any:
        """Return the cell of a record."""
        return record.get(self.key) if self.of is None else self.of(record)


@dataclass(frozen=True, slots=True)
class Plot:
    """Figures in execution order, for the formats that can show their course; the largest is marked."""

    title: str
    values: tuple[int, ...]
    unit: Measure
    mark: str  # what stands at the largest


@dataclass(frozen=True, slots=True)
class Stack:
    """Lengths side by side that fill a line, for terminals: rows of labels with their values, one line for each row."""

    title: str
    rows: tuple[tuple[tuple[str, int], ...], ...]
    unit: Measure
    legend: bool = False  # whether the labels stand below, with their figures


@dataclass(frozen=True, slots=True)
class Table(Showable):
    """What a command shows, before any formatting: exact values. `Table.of` is the one way to make it."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: tuple[Any, ...] | None = None
    title: str = ""
    caption: str = ""  # of a table for a paper
    label: str = ""  # by which a paper refers to it
    prose: str = ""  # paragraphs of our own below the table: nothing from outside
    notes: tuple[str, ...] = ()
    data: Mapping[str, Any] | None = None  # the object that the json format prints
    field: str = ""  # where the object has the records of the rows
    exact: bool = False
    memory: str = ""  # the unit of memory that is asked for: KB, MB, …, or auto
    plot: Plot | None = None
    stack: Stack | None = None  # above the table, in terminals
    weighed: bool = False  # whether terminals colour figures by their share of the total
    above: Table | None = None  # a table that people read first; formats for programs leave it out

    @classmethod
    def of(
        cls,
        columns: Sequence[Column],
        records: Sequence[Record],
        *,
        schema: str = "",
        field: str = "",
        head: Mapping[str, Any] | None = None,
        total: Record | None = None,
        tail: Mapping[str, Any] | None = None,
        shown: Sequence[Record] | None = None,
        label: str = "name",
        **rest: Any,
    ) -> Table:
        """Return the table of records: its cells and its JSON object are two readings of them, so that they cannot differ.

        The object holds `schema`, the version, `head`, the records under `field`, their `total`, and `tail`; a table that
        stands above another has none. `shown` are the records that have a row, where that is not all of them; `label` is the
        column that names the total. `rest` are fields of the table.
        """
        data: dict[str, Any] | None = None
        if schema:
            name = named(schema, head, records if total is None else total)
            data = {**name, "version": __version__, **(head or {}), field: list(records)}
            data |= {"total": total} if total is not None else {}
            data |= tail or {}
        rows = Several([tuple([column.read(record) for column in columns]) for record in (records if shown is None else shown)])
        last = None if total is None else tuple(["total" if c.key == label else _of_total(c, total) for c in columns])
        return cls(Several(columns), rows, last, data=None if data is None else Facts(data), field=field, **rest)

    @property
    def head(self) -> dict[str, Any]:
        """What holds for all rows, the total among it: the object without its records. It goes with files of rows."""
        return {key: value for key, value in (self.data or {}).items() if key != self.field}

    def __repr__(self) -> str:
        titled = f" {self.title}" if self.title else ""
        return f"<Table{titled}: {many(len(self.rows), 'row')} of {many(len(self.columns), 'column')}>"

    @property
    def body(self) -> tuple[tuple[Any, ...], ...]:
        """The rows, the total last."""
        return self.rows if self.total is None else Several((*self.rows, self.total))

    def select(self, keep: Sequence[int]) -> Table:
        """Return the table of some of its columns."""

        def pick(row: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(row[i] for i in keep)

        total = None if self.total is None else pick(self.total)
        return replace(self, columns=pick(self.columns), rows=Several(map(pick, self.rows)), total=total)

    def blank(self, keys: Collection[str]) -> Table:
        """Return the table with nothing in the columns of some keys: a sheet to fill in."""
        gaps = [column.key in keys for column in self.columns]

        def without(row: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(None if gap else cell for gap, cell in zip(gaps, row, strict=True))

        total = None if self.total is None else without(self.total)
        return replace(self, rows=tuple(map(without, self.rows)), total=total)

    def undrawn(self) -> Table:
        """Return the table without what only terminals show."""
        kept = [index for index, column in enumerate(self.columns) if not column.drawn]
        return self if len(kept) == len(self.columns) else self.select(kept)

    def seen(self) -> Table:
        """Return the table for people: none of its texts moves a cursor or begins another line. Its cells follow in `text`."""
        prose = "\n".join(map(line, self.prose.split("\n")))
        plot = self.plot and replace(self.plot, title=line(self.plot.title), mark=line(self.plot.mark))
        stack = self.stack and replace(
            self.stack,
            title=line(self.stack.title),
            rows=tuple(tuple((line(label), value) for label, value in row) for row in self.stack.rows),
        )
        titles = tuple(replace(column, title=line(column.title)) for column in self.columns)
        notes = tuple([line(note.text(self.exact, self.memory) if isinstance(note, Said) else note) for note in self.notes])
        return replace(
            self,
            columns=titles,
            title=line(self.title),
            caption=line(self.caption),
            prose=prose,
            notes=notes,
            plot=plot,
            stack=stack,
        )

    def text(self) -> tuple[list[str], list[list[str]]]:
        """Return headers and rows as people read them: each column in one unit, rounded once, the total last."""
        columns = [self._text_of(index) for index in range(len(self.columns))]
        return _unique([head for head, _ in columns]), [list(row) for row in zip(*(cells for _, cells in columns), strict=True)]

    def _seen(self, value: Any) -> str:
        value = value.text(self.exact, self.memory) if isinstance(value, Amount) else value
        return "" if value is None else value if isinstance(value, Math) else line(str(value))

    def _text_of(self, index: int) -> tuple[str, list[str]]:
        column = self.columns[index]
        values = [row[index] for row in self.body]
        if column.unit in ("text", "number"):
            return column.title, [self._seen(value) for value in values]
        if column.unit == "bar":
            largest = max((value for value in values if value is not None), default=0)
            return column.title, [bar(value, largest) for value in values]
        if column.unit == "course":
            most = max((max(value, default=0) for value in values if value), default=0)
            return column.title, [course(value or (), most) for value in values]
        if column.unit == "ratio":
            return column.title, _decimal(values, self.exact)
        if column.unit == "share":
            return column.title, ["" if value is None else f"{float(value):.1%}" for value in values]
        if column.unit == "change":
            return column.title, ["" if value is None else f"{float(100 * value):+.1f} %" for value in values]
        if any(getattr(value, "shape", ()) for value in values):  # of many candidates at once
            unit = " (bytes)" if column.unit == "bytes" else ""
            return f"{column.title}{unit}", [_range(value) for value in values]
        alike = [at for at, other in enumerate(self.columns) if other.scaled and other.scaled == column.scaled]
        kin = [row[at] for at in alike for row in self.body] or values
        unit, size = scale(kin, "bytes" if column.unit == "bytes" else "count", self.exact, self.memory)
        shown = figures(values, size, self.exact)
        if column.signed:
            shown = [f"+{text}" if value is not None and value > 0 else text for text, value in zip(shown, values, strict=True)]
        return (f"{column.title} ({unit})" if unit else column.title), shown


def _unique(titles: list[str]) -> list[str]:
    """Return titles of which no two are alike: those that come again have a number."""
    seen: dict[str, int] = {}
    found = []
    for title in titles:
        seen[title] = seen.get(title, 0) + 1
        found.append(f"{title} ({seen[title]})" if title and seen[title] > 1 else title)
    return found


def _decimal(values: Sequence[Any], exact: bool) -> list[str]:
    """Return quotients and estimates with one number of decimals: three, or one where they are large and not `exact`."""
    numbers = [None if value is None else float(value) for value in values]
    largest = max((abs(number) for number in numbers if number is not None), default=0.0)
    decimals = 3 if exact or largest < 1_000 else 1
    return ["" if each is None else f"{each:,.{decimals}f}" for each in numbers]


def exact(cell: Any) -> Any:
    """Return the value of a cell for programs: whole numbers as integers, sizes of several axes as a tuple, text as text."""
    value = cell.value if isinstance(cell, (Amount, Shown)) else cell
    if isinstance(value, Fraction) and value.denominator == 1:
        return value.numerator
    return str(value) if isinstance(value, str) else value


def word(cell: Any) -> str:
    """Return a cell as one word for programs: true and false, sizes as 11x11, or one number where all axes have it."""
    value = exact(cell)
    if isinstance(value, tuple):
        first, text = str(value[0]), str(cell)
        return first if text.replace(",", "") == first else text.replace(" × ", "×").replace("×", "x")
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def described(table: Table) -> str:
    """Return what holds for all rows of a table as JSON."""
    import json  # imported late: text needs none

    return json.dumps(plain(table.head), ensure_ascii=False)


def in_unit(table: Table, memory: str) -> Table:
    """Return a table, and the one above it, with memory in another unit."""
    above = None if table.above is None else in_unit(table.above, memory)
    return replace(table, memory=memory, above=above)


def _of_total(column: Column, total: Record) -> Any:
    """Return the cell of the total: nothing where the column describes single rows."""
    try:
        return column.read(total)
    except KeyError:
        return None


def _range(value: Any) -> str:
    """Return a cell of a report on columns: the smallest and the largest of the array, or what all have."""
    if value is None or not getattr(value, "shape", ()):
        return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
    low, high = int(value.min()), int(value.max())
    return f"{low:,}" if low == high else f"{low:,} … {high:,}"
