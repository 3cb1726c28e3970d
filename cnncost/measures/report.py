"""Reports: what a graph costs under a convention, as columns with one entry per layer or per group of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from fractions import Fraction
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from cnncost.base import usual
from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.figures import NAMES, figure, order_key
from cnncost.base.ints import Ints, checked
from cnncost.base.plain import named, plain
from cnncost.base.poly import Num, Poly, added
from cnncost.base.record import dataclass
from cnncost.base.showable import Columns, Several, Showable
from cnncost.base.units import DTYPES, dtype_name, many, short
from cnncost.base.version import __version__
from cnncost.counting import Convention, convention
from cnncost.counting.counts import Column, Counts, times
from cnncost.graph.graph import INPUT, Graph, inputs_record, no_collection
from cnncost.measures.groups import coarseness, resolutions, way
from cnncost.measures.precision import PLAIN, Setup
from cnncost.measures.rows import Row, Rows
from cnncost.rules import RULES, Shape, show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cnncost.measures.columns import Derivation
    from cnncost.measures.devices import Device

_PICTURES = "cnncost.show.pictures"  # by name, as in `Showable`: a report does not depend on how it is shown
COLUMNS = ("params", "macs", "flops", "activation_bytes", "expected_flops", "param_bytes", "buffers")  # that a report has


@dataclass(frozen=True, eq=False, repr=False)
class Report(Showable, Sequence["Layer"]):
    """What a network costs: rows, and columns of figures as NumPy arrays of the same length.

    A report is a sequence of its layers with their figures: `len(report)`, `report[0]`, `report["conv1"].params`. Figures of
    all layers are columns: `report.params`, `report.column("peak_memory")`, or `report.columns`, a dict of arrays.

    `params` and `buffers` are numbers, `macs` and `flops` counts for the whole batch, `*_bytes` bytes. `flops` and
    `activation_bytes` follow the convention; `macs` are always the multiply-adds of convolutions, linear layers and matrix
    products. Columns are read-only: int64, or Python integers (dtype object) where 2^63 could be passed; for a graph traced on
    symbols they hold polynomials. `expected_flops` are `flops` times the share of training passes in which the layer runs,
    exact fractions where layers are dropped at random (stochastic depth, drop-path).

    >>> import cnncost
    >>> report = cnncost.analyze("resnet18")
    >>> report
    <Report resnet18: 68 layers, 11.69 M params, 1.82 G FLOPs>
    >>> report["conv1"].params, report[0].flops, sum(layer.params for layer in report)
    (9408, 118013952, 11689512)
    """

    model: str
    input: Shape
    batch: Num
    dtype: str
    convention: Convention
    rows: Sequence[Row]
    counts: Counts
    params: Column
    macs: Column
    flops: Column
    activation_bytes: Column
    expected_flops: Column
    buffers: Column
    notes: tuple[str, ...] = ()  # of the graph: what whoever reads the figures must know
    trained: Setup = PLAIN  # how it is trained, for the figures that are `trained`
    weights: str = ""  # whose accuracy is asked for; empty for the first that were published

    def __post_init__(self) -> None:
        for name in _STORED:
            getattr(self, name).flags.writeable = False  # reports of one graph share columns

    def __len__(self) -> int:
        return len(self.params)

    @overload
    def __getitem__(self, index: int | str) -> Layer: ...
    @overload
    def __getitem__(self, index: slice | Sequence[int] | NDArray[Any]) -> Report: ...
    def __getitem__(self, index: Any) -> Any:
        """Return a layer by its place or its name; for a slice, a list of places or a mask the report of those rows."""
        if isinstance(index, str):
            return self._named(index)
        if isinstance(index, slice):
            return self.take(range(*index.indices(len(self))))
        if isinstance(index, (list, tuple, np.ndarray)):
            return self.take(index)
        place = range(len(self))[index]
        return Layer(self.rows[place], self, place)

    def __iter__(self) -> Iterator[Layer]:
        for place, row in enumerate(self.rows):
            yield Layer(row, self, place)

    def __contains__(self, name: object) -> bool:
        return any(name in (row.name, row) for row in self.rows)

    @property
    def inputs(self) -> dict[str, Shape]:
        """The shape of one example, by the name of each input."""
        return self.counts.graph.inputs

    def without_inputs(self) -> Report:
        """Return the report without the rows of further inputs, which are no layers and have no cost."""
        layers = [place for place, row in enumerate(self.rows) if row.kind != INPUT] if len(self.inputs) > 1 else []
        return self.take(layers) if layers and len(layers) < len(self.rows) else self

    def _named(self, name: str) -> Layer:
        for place, row in enumerate(self.rows):
            if row.name == name:
                return Layer(row, self, place)
        remedy = (
            f"a column: report.column('{name}')" if name.lower() in NAMES else did_you_mean(name, (r.name for r in self.rows))
        )
        raise UsageError(f"{self.model} has no layer '{name}'", remedy)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Report):
            return NotImplemented
        same = self._identity == other._identity and len(self) == len(other) and list(self.rows) == list(other.rows)
        return same and all(np.array_equal(getattr(self, name), getattr(other, name)) for name in _STORED)

    def __hash__(self) -> int:
        return hash((*self._identity, len(self)))

    @property
    def _identity(self) -> tuple[Any, ...]:
        return (self.model, self.input, self.batch, self.dtype, self.convention.name, self.trained)

    def __repr__(self) -> str:
        total = self.total
        params, flops = (short(n) if isinstance(n, int) else str(n) for n in (total["params"], total["flops"]))
        return f"<Report {self.model}: {many(total['layers'], 'layer')}, {params} params, {flops} FLOPs>"

    @property
    def param_bytes(self) -> Column:
        """Bytes of the parameters at the report's dtype."""
        return _frozen(times(self.params, DTYPES[self.dtype]))

    @property
    def total(self) -> Totals:
        """Totals as exact Python integers (polynomials, for symbols): the sums of the columns, and any other figure by name.

        >>> import cnncost
        >>> cnncost.analyze("resnet18").total["peak_memory"]
        6422528
        """
        return Totals(self, {name: _sum(getattr(self, name)) for name in COLUMNS})

    @property
    def columns(self) -> dict[str, Column]:
        """The columns by name, those of the layers' names, types and output shapes first: what `pandas.DataFrame` takes."""
        return Columns(
            name=_objects([row.name for row in self.rows]),
            kind=_objects([row.kind for row in self.rows]),
            output=_objects([row.output for row in self.rows]),
            **{name: getattr(self, name) for name in COLUMNS},
        )

    def column(self, name: str, device: Device | None = None) -> Column:
        """Return any column of figures by any of its names, those too that are worked out on demand: "kept_memory", ….

        `device` is what the roofline's columns need. Raises UsageError for an unknown name.

        >>> import cnncost
        >>> int(cnncost.analyze("resnet18").column("memory").sum())
        10743712
        """
        key = figure(name).key
        if key in COLUMNS:
            return getattr(self, key)  # type: ignore[no-any-return]  # these are columns
        if key == "layers":
            return _frozen(np.array([row.layers for row in self.rows], dtype=np.int64))
        return _frozen(_narrow(self.derivation(device).column(key, self.rows, self.flops.tolist())))

    def derivation(self, device: Device | None = None) -> Derivation:
        """Return what works out the columns that are not counted but derived; `device` is what the roofline's need."""
        if device is None:
            return self._derivation
        from cnncost.measures.columns import Derivation

        return Derivation(self.counts, self.convention, self.batch, self.dtype, device, self.trained, self.weights)

    @cached_property
    def _derivation(self) -> Derivation:
        from cnncost.measures.columns import Derivation  # imported late: most reports need none

        return Derivation(self.counts, self.convention, self.batch, self.dtype, None, self.trained, self.weights)

    def to_pandas(self) -> Any:
        """Return the columns as a DataFrame of pandas, a row per layer. Raises UsageError where pandas is not installed."""
        try:
            import pandas  # type: ignore[import-untyped,unused-ignore]  # its stubs are a package of their own
        except ImportError:
            raise UsageError("pandas is not installed", "pip install pandas; report.columns needs NumPy only") from None
        return pandas.DataFrame(self.columns)

    def draw(self, **options: Any) -> Any:
        """Return the drawing of the network: `depth`, `figure` and `dark` as in `cnncost.draw`."""
        return import_module(_PICTURES).draw(self, **options)

    def plot(self, kind: str = "icicle", *others: Report, **asked: Any) -> Any:
        """Return a plot of this report and others: kinds and options as in `cnncost.plot`."""
        return import_module(_PICTURES).plot(kind, self, *others, **asked)

    def save(self, path: str, *others: Report, **options: Any) -> None:
        """Write the page about this report and others to FILE.html: options as in `cnncost.report`."""
        import_module(_PICTURES).page_of(self, *others, **options).save(path)

    def group(self, depth: int | None = None, by: str | None = None) -> Report:
        """Return the report of groups: by "scope" (the usual), "resolution" or "type".

        By scope, `depth` is 0 for the whole network, 1 for its stages, 2 for their blocks, …; None one row per layer: a group
        holds the layers whose names share the first `depth` parts, as `layer1.0` of `layer1.0.conv2`. By resolution the groups
        are the strides of maps, from fine to coarse: 1/1, 1/2, …, and the head, as `cnncost.measures.groups` says.

        >>> import cnncost
        >>> [layer.name for layer in cnncost.analyze("resnet18").group(by="resolution")]
        ['1/2', '1/4', '1/8', '1/16', '1/32', 'head']
        """
        if by is not None and way(by) != "scope":
            if depth is not None:
                raise UsageError(f"a depth of {depth} is one of scopes", "leave the depth out, or group by scope")
            if way(by) == "type":
                return self.gather([row.kind for row in self.rows])
            stages = resolutions(self.counts.graph)
            keys = [stages[row.nodes[-1] - 1] for row in self.rows]
            return self.gather(keys, sorted(set(keys), key=coarseness))
        depth = 1 if depth is None and by is not None else depth
        if depth is None:
            return self
        if depth < 0:
            raise UsageError(f"depth {depth} is below 0", "0 is the total, 1 the stages, 2 the blocks")
        return self.gather([".".join(row.name.split(".")[:depth]) if depth else self.model for row in self.rows])

    def gather(self, keys: Sequence[str], order: Sequence[str] | None = None) -> Report:
        """Return the report of groups: the layers with one key are one row, in the order of `order` or of their first layer."""
        members: dict[str, list[int]] = {key: [] for key in order or ()}
        for index, key in enumerate(keys):
            members.setdefault(key, []).append(index)
        index_of = {key: position for position, key in enumerate(members)}
        where = np.fromiter((index_of[key] for key in keys), dtype=np.intp, count=len(keys))

        def summed(column: Column) -> Column:
            if column.dtype == object:
                return _objects([added(column[places]) for places in members.values()])
            sums = np.zeros(len(members), dtype=column.dtype)
            np.add.at(sums, where, column)
            return sums

        return self._with(tuple(self._joined(key, [self.rows[i] for i in part]) for key, part in members.items()), summed)

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

    def take(self, indices: Sequence[int] | Sequence[bool] | NDArray[Any]) -> Report:
        """Return the report of some of the rows: by their places, in the order given, or by a mask of all rows."""
        chosen = np.asarray(indices)
        if chosen.dtype == np.bool_ and len(chosen) != len(self):
            raise UsageError(f"a mask of {len(chosen)} for {len(self)} rows", "give one truth value a row")
        chosen = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen.astype(np.intp)
        return self._with(tuple([self.rows[i] for i in chosen.tolist()]), lambda column: column[chosen])

    def top(self, count: int, key: str) -> Report:
        """Return the `count` rows with the largest figure `key`, and one row "others" with the rest, so that totals stay."""
        figures = self.column(order_key(key)).tolist()
        return self.take(sorted(range(len(figures)), key=lambda i: -(figures[i] or 0))).head(count)

    def head(self, count: int) -> Report:
        """Return the first `count` rows, and one row "others" with the rest, so that totals stay."""
        first, rest = self.take(range(min(count, len(self.rows)))), self.rows[count:]
        if not rest:
            return first
        nodes = tuple([index for row in rest for index in row.nodes])
        last = Row(f"({many(len(rest), 'other')})", "others", (), (), {}, layers=sum(row.layers for row in rest), nodes=nodes)
        columns: dict[str, Any] = {c: np.append(getattr(first, c), _sum(getattr(self, c)[count:])) for c in _STORED}
        return replace(first, rows=(*first.rows, last), **columns)

    def _with(self, rows: tuple[Row, ...], change: Callable[[Column], Column]) -> Report:
        columns: dict[str, Any] = {column: change(getattr(self, column)) for column in _STORED}
        return replace(self, rows=Several(rows), **columns)

    def head_record(self) -> dict[str, Any]:
        """Return what holds for all rows: the model, its input, and how it was counted, by which version."""
        how = self.convention
        kinds, about = dict.fromkeys(node.kind for node in self.counts.graph.layers), self.counts.graph.about
        return {
            "model": self.model,
            **inputs_record(self.inputs),
            "batch": self.batch,
            "dtype": self.dtype,
            "convention": how.name,
            "convention_says": how.states,
            "charges": {kind: str(how.formula("flops", kind)) for kind in kinds if kind in RULES},
            "version": __version__,
            "source": about.get("source", ""),
            "settings": self.counts.graph.settings,
        }

    def _places(self) -> list[dict[str, Any]]:
        """Return the index in the graph of each row that is a layer, and its stage where sizes are numbers."""
        try:
            stages = resolutions(self.counts.graph)
        except UsageError:
            stages = []
        at = [row.nodes[0] - 1 if len(row.nodes) == 1 and row.kind != "group" else None for row in self.rows]
        return [{} if i is None else {"index": i, **({"stage": stages[i]} if stages else {})} for i in at]

    def records(self) -> list[dict[str, Any]]:
        """Return the rows with their figures, a dict each, of exact values."""
        figures = [_values(getattr(self, name)) for name in COLUMNS]
        return [
            {
                "name": row.name,
                "kind": row.kind,
                "input": list(row.inputs),
                "output": row.output,  # a shape may say where its channels are
                "args": dict(row.args),
                **dict(zip(COLUMNS, values, strict=True)),
                "layers": row.layers,
                "shares": row.shares,
                "runs": _item(row.runs),
                **place,
            }
            for row, place, *values in zip(self.rows, self._places(), *figures, strict=True)
        ]

    def to_dict(self, rows: bool = True) -> dict[str, Any]:
        """Return the report as plain data of exact integers: the object that `--format json` prints (cnncost.table/1).

        Without `rows`, "layers" is empty.
        """
        head = self.head_record()
        data = {
            **named("cnncost.table/1", head, self.total),
            **head,
            "layers": self.without_inputs().records() if rows else [],
            "total": dict(self.total),
            **({"notes": list(self.notes)} if self.notes else {}),
        }
        return plain(data)  # type: ignore[no-any-return]  # of a dict it is a dict


@dataclass(frozen=True, repr=False)
class Layer:
    """One row of a report with its figures, by any of their names: `layer.name`, `layer.params`, `layer["peak_memory"]`."""

    row: Row
    report: Report = field(compare=False)
    place: int

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in ("row", "report", "place"):
            raise AttributeError(name)
        if name in Row.__dataclass_fields__:
            return getattr(self.row, name)
        if name in NAMES:
            return self[name]
        raise AttributeError(
            f"a layer has no '{name}'; it has {', '.join(Row.__dataclass_fields__)}, and figures: {', '.join(NAMES)}"
        )

    def __getitem__(self, name: str) -> Any:
        """Return one of its figures: an exact integer wherever it is whole. Raises UsageError for an unknown one."""
        return _item(self.report.column(name)[self.place])

    def to_dict(self) -> dict[str, Any]:
        """Return the layer as plain data, as one of "layers" in `Report.to_dict`."""
        layer: dict[str, Any] = self.report[[self.place]].to_dict()["layers"][0]
        return layer

    def __repr__(self) -> str:
        params, flops = (short(n) if isinstance(n, int) else str(n) for n in (self["params"], self["flops"]))
        return f"<Layer {self.row.name}: {self.row.kind} to {show(self.row.output)}, {params} params, {flops} FLOPs>"


class Totals(dict[str, Num]):
    """The totals of a report by key. Any other figure, and any other name of one, is worked out when it is asked for."""

    def __init__(self, report: Report, known: Mapping[str, Num]) -> None:
        super().__init__(known)
        self._report = report

    def __missing__(self, name: str) -> Num:
        key, report = figure(name).key, self._report
        if key in self:
            return self[key]
        if key == "layers":
            return sum(row.layers for row in report.rows)
        return report.derivation().total(key, report.rows, self["flops"])

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


_STORED = ("params", "macs", "flops", "activation_bytes", "expected_flops", "buffers")


def report(
    graph: Graph,
    convention: str | Convention = usual.CONVENTION,
    batch: Num = 1,
    dtype: str = usual.DTYPE,
    trained: Setup = PLAIN,
) -> Report:
    """Return what a traced graph costs, one row per layer.

    `batch` multiplies multiply-adds, FLOPs and activations; `dtype` sets the bytes per number; `trained` says how the network
    is trained.
    """
    return reports(graph, [convention], batch, dtype, trained)[0]


def held(graph: Graph) -> Graph:
    """Return a graph whose figures are those that its spec expects. Raises SpecError with the place where they are not."""
    if graph.expect is None:
        return graph
    free = replace(graph, expect=None)
    graph.expect.hold(graph.output, report(free).total)
    return free


def reports(
    graph: Graph,
    chosen: Sequence[str | Convention],
    batch: Num = 1,
    dtype: str = usual.DTYPE,
    trained: Setup = PLAIN,
) -> list[Report]:
    """Return what a graph costs under each of several conventions: the layers are counted once and priced by each."""
    dtype, graph = dtype_name(dtype), held(graph)
    batch = checked(batch)
    if not isinstance(batch, Poly) and (not isinstance(batch, int) or batch < 1):
        raise UsageError(f"a batch of {batch}", "give a whole number from 1")
    found = [convention(name) if isinstance(name, str) else name for name in chosen]
    with no_collection():
        counts, rows = Counts(graph), Rows(graph)
        runs = [node.runs for node in graph.layers]
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
                    trained=trained,
                )
            )
    return made


def _frozen(column: Column) -> Column:
    column.flags.writeable = False
    return column


def _objects(values: Sequence[Any]) -> Column:
    whole = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        whole[place] = value
    return _frozen(whole)


def _values(column: Column) -> list[Num]:
    return column.tolist() if column.dtype != object else list(map(_item, column))


def _narrow(values: Sequence[Any]) -> Column:
    """Return values as a column: of integers or floats where all of them are, else of objects."""
    kinds = set(map(type, values))
    if kinds <= {int} and sum(map(abs, values)) < 2**63:
        return np.array(values, dtype=np.int64)
    return np.array(values) if kinds == {float} or kinds == {bool} else _objects(values)


def _sum(column: Column) -> Num:
    return _item(added(column) if column.dtype == object else column.sum()) if len(column) else 0


def _item(value: Any) -> Num:
    """Return one figure of a column: a Python integer, a fraction, a polynomial, or an array of many candidates."""
    if isinstance(value, Ints):
        return value.values
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else value
    return value.item() if isinstance(value, np.generic) else value
