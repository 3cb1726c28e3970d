"""Reports: what a graph costs under a convention, as columns with one entry per layer or per group of layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.ints import checked
from cnncost.base.poly import Num, Poly
from cnncost.base.units import DTYPES
from cnncost.counting import Convention, convention
from cnncost.counting.counts import Column, Counts, column, times
from cnncost.graph.graph import Graph, no_collection
from cnncost.rules.ops import Shape

if TYPE_CHECKING:
    from cnncost.measures.roofline import Device
    from cnncost.show.table import Table

FIGURES = ("params", "macs", "flops", "activation_bytes", "expected_flops", "param_bytes", "buffers")


@dataclass(frozen=True, slots=True)
class Row:
    """What a row of a report is about: a layer, or the layers of a group."""

    name: str
    kind: str
    inputs: tuple[Shape, ...]
    output: Shape
    args: Mapping[str, Any]
    layers: int = 1
    shares: str | None = None
    runs: Fraction | int = 1
    nodes: tuple[int, ...] = ()  # its layers in the graph


@dataclass(frozen=True, slots=True)
class Report:
    """What a network costs: rows, and columns of figures as NumPy arrays of the same length.

    `params` and `buffers` are numbers, `macs` and `flops` counts for the whole batch, `*_bytes` bytes. `flops` and
    `activation_bytes` follow the convention; `macs` are always the multiply-adds of convolutions, linear layers and matrix
    products. Columns are int64, or Python integers (dtype object) where 2^63 could be passed; for a graph traced on letters
    they hold polynomials. `expected_flops` are `flops` times the share of training passes in which the layer runs, exact
    fractions where layers are dropped at random (stochastic depth, drop-path).
    """

    model: str
    input: Shape
    batch: Num
    dtype: str
    convention: Convention
    rows: tuple[Row, ...]
    counts: Counts = field(repr=False)
    params: Column
    macs: Column
    flops: Column
    activation_bytes: Column
    expected_flops: Column
    buffers: Column
    notes: tuple[str, ...] = ()  # of the graph: what whoever reads the figures must know

    @property
    def param_bytes(self) -> Column:
        """Bytes of the parameters at the report's dtype."""
        return times(self.params, DTYPES[self.dtype])

    @property
    def total(self) -> dict[str, Num]:
        """Totals as exact Python integers (polynomials, for letters): the sums of the columns."""
        return {figure: _sum(getattr(self, figure)) for figure in FIGURES}

    def column(self, name: str, device: Device | None = None) -> Column:
        """Return any column of figures by its key, those too that are worked out on demand: "kept_bytes", "intensity", ….

        `device` is what the roofline's columns need. Raises UsageError for an unknown name.
        """
        if name in FIGURES:
            return getattr(self, name)  # type: ignore[no-any-return]  # FIGURES are columns
        from cnncost.measures.columns import Derivation

        return column(Derivation(self, device).column(name, self))

    def group(self, depth: int | None) -> Report:
        """Return the report of groups: 0 the whole network, 1 its stages, 2 their blocks, …; None one row per layer.

        A group holds the layers whose names share the first `depth` parts: `layer1.0` of `layer1.0.conv2` at depth 2.
        """
        if depth is None:
            return self
        if depth < 0:
            raise UsageError(f"depth {depth} is below 0", "0 is the total, 1 the stages, 2 the blocks")
        keys = [".".join(row.name.split(".")[:depth]) if depth else self.model for row in self.rows]
        members: dict[str, list[int]] = {}
        for index, key in enumerate(keys):
            members.setdefault(key, []).append(index)
        index_of = {key: position for position, key in enumerate(members)}
        where = np.fromiter((index_of[key] for key in keys), dtype=np.intp, count=len(keys))

        def gather(column: Column) -> Column:
            sums = np.zeros(len(members), dtype=column.dtype)
            np.add.at(sums, where, column)
            return sums

        return self._with(tuple(self._joined(key, [self.rows[i] for i in part]) for key, part in members.items()), gather)

    def _joined(self, name: str, rows: Sequence[Row]) -> Row:
        if len(rows) == 1 and rows[0].name == name:
            return rows[0]
        nodes = tuple([index for row in rows for index in row.nodes])
        return Row(name, "group", rows[0].inputs, rows[-1].output, {}, layers=sum(row.layers for row in rows), nodes=nodes)

    def charged(self) -> NDArray[np.bool_]:
        """Return which rows cost anything: parameters, multiply-adds, FLOPs or memory. Others have no row in the lecture."""
        costs = np.zeros(len(self.rows), dtype=bool)
        for figures in (self.params, self.macs, self.flops, self.activation_bytes):
            costs |= figures != 0
        return costs

    def take(self, indices: Sequence[int] | NDArray[Any]) -> Report:
        """Return the report of some of the rows, in the order given."""
        chosen = np.asarray(indices, dtype=np.intp)
        return self._with(tuple(self.rows[i] for i in chosen), lambda column: column[chosen])

    def top(self, count: int, key: str) -> Report:
        """Return the `count` rows with the largest figure `key`, and one row "others" with the rest, so that totals stay."""
        return self.take(np.argsort(-self.column(key), kind="stable")).head(count)

    def head(self, count: int) -> Report:
        """Return the first `count` rows, and one row "others" with the rest, so that totals stay."""
        first, rest = self.take(range(min(count, len(self.rows)))), self.rows[count:]
        if not rest:
            return first
        nodes = tuple([index for row in rest for index in row.nodes])
        last = Row(f"({len(rest)} others)", "others", (), (), {}, layers=sum(row.layers for row in rest), nodes=nodes)
        columns: dict[str, Any] = {c: np.append(getattr(first, c), _sum(getattr(self, c)[count:])) for c in _COLUMNS}
        return replace(first, rows=(*first.rows, last), **columns)

    def _with(self, rows: tuple[Row, ...], change: Callable[[Column], Column]) -> Report:
        columns: dict[str, Any] = {column: change(getattr(self, column)) for column in _COLUMNS}
        return replace(self, rows=rows, **columns)

    def to_dict(self, rows: bool = True) -> dict[str, Any]:
        """Return the report as plain data of exact integers: the object that `--format json` prints (cnncost.table/1).

        Without `rows`, "layers" is empty.
        """
        figures = [_listed(getattr(self, figure)) for figure in FIGURES] if rows else []
        return {
            "schema": "cnncost.table/1",
            "model": self.model,
            "input": [_json(size) for size in self.input],
            "batch": _json(self.batch),
            "dtype": self.dtype,
            "convention": self.convention.name,
            "layers": [
                {
                    "name": row.name,
                    "kind": row.kind,
                    "input": [[_json(size) for size in shape] for shape in row.inputs],
                    "output": [_json(size) for size in row.output],
                    "args": {name: _plain(value) for name, value in row.args.items()},
                    **dict(zip(FIGURES, values, strict=True)),
                    "layers": row.layers,
                    "shares": row.shares,
                    "runs": _json(_item(row.runs)),
                }
                for row, *values in zip(self.rows if rows else (), *figures, strict=True)
            ],
            "total": {figure: _json(value) for figure, value in self.total.items()},
            **({"notes": list(self.notes)} if self.notes else {}),
        }

    def table(self, **options: Any) -> Table:
        """Return the report as a `Table`; options as those of `cnncost.show.tables.layers.layer_table`."""
        from cnncost.show.tables.layers import layer_table

        return layer_table(self, **options)

    def __str__(self) -> str:
        from cnncost.show.render import render

        return render(self.table(), "plain")

    def _repr_html_(self) -> str:
        """Show the report as a table in notebooks."""
        from cnncost.show.render import render

        return render(self.table(), "html")


_COLUMNS = ("params", "macs", "flops", "activation_bytes", "expected_flops", "buffers")


def report(graph: Graph, convention: str | Convention = "lecture", batch: Num = 1, dtype: str = "float32") -> Report:
    """Return what a traced graph costs, one row per layer.

    `batch` multiplies multiply-adds, FLOPs and activations; `dtype` sets the bytes per number.
    """
    return reports(graph, [convention], batch, dtype)[0]


def reports(graph: Graph, chosen: Sequence[str | Convention], batch: Num = 1, dtype: str = "float32") -> list[Report]:
    """Return what a graph costs under each of several conventions: the layers are counted once and priced by each."""
    if dtype not in DTYPES:
        raise UsageError(f"unknown dtype '{dtype}'", did_you_mean(dtype, DTYPES, f"known: {', '.join(DTYPES)}"))
    batch = checked(batch)
    if not isinstance(batch, Poly) and (not isinstance(batch, int) or batch < 1):
        raise UsageError(f"a batch of {batch}", "give a whole number from 1")
    found = [convention(name) if isinstance(name, str) else name for name in chosen]
    with no_collection():
        counts, rows = Counts(graph), _rows(graph)
        runs = [row.runs for row in rows]
        always = all(share == 1 for share in runs)
        macs = times(counts.columns["macs"], batch)
        made = []
        for each in found:
            flops = counts.charge(each, "flops", 1 if each.per_example else batch)
            made.append(
                Report(
                    graph.name,
                    graph.input,
                    batch,
                    dtype,
                    each,
                    rows,
                    counts,
                    params=counts.charge(each, "params"),
                    macs=macs,
                    flops=flops,
                    activation_bytes=counts.charge(each, "memory", batch * DTYPES[dtype]),
                    expected_flops=flops if always else flops * np.array(runs, dtype=object),
                    buffers=counts.columns["buffers"],
                    notes=graph.notes,
                )
            )
    return made


def _rows(graph: Graph) -> tuple[Row, ...]:
    shapes = [node.cost.shape for node in graph.nodes]
    return tuple(
        [
            Row(
                node.name,
                node.kind,
                tuple([shapes[i] for i in node.inputs]),
                shape,
                node.args,
                1,
                node.shares,
                node.runs,
                (index,),
            )
            for index, (node, shape) in enumerate(zip(graph.layers, shapes[1:], strict=True), start=1)
        ]
    )


def _sum(column: Column) -> Num:
    return _item(column.sum()) if len(column) else 0


def _item(value: Any) -> Num:
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else value
    return value.item() if isinstance(value, np.generic) else value


def _listed(column: Column) -> list[Num]:
    """Return a column as it is in JSON."""
    return column.tolist() if column.dtype != object else [_json(_item(value)) for value in column]


def _json(value: Num) -> Num:
    """A fraction is a float in JSON, a polynomial its text; all else is an exact integer."""
    return float(value) if isinstance(value, Fraction) else str(value) if isinstance(value, Poly) else value


def _plain(value: Any) -> Any:
    return [_json(part) for part in value] if isinstance(value, tuple) else _json(value)
