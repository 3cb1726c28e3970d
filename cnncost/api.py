"""The library's front door: the verbs of the command line, as functions that return values.

A `model` is a reference as on the command line ("resnet50", "net.yaml", "module:function"), a `Model`, a traced `Graph`, or a
function from a tensor to a tensor, which needs `input`, the shape (C, H, W) of one example. Further keyword arguments are the
model's own settings (`width=32`) and the sizes of its input: `size=160`, `H=`, `W=`, `input=(3, 160, 160)`.

Everything returned can be printed, shows itself as a table in a notebook, and has `table()` and `to_dict()`. All raise
CnncostError for what cannot be used, with the place and the remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from cnncost.base import usual
from cnncost.base.errors import UsageError
from cnncost.base.poly import Num, Poly
from cnncost.base.showable import Several
from cnncost.base.units import dtype_name, many
from cnncost.counting import Convention
from cnncost.counting import convention as find_convention
from cnncost.graph.graph import Graph, Outputs, no_collection, trace
from cnncost.models.instance import Instance
from cnncost.models.load import load
from cnncost.models.model import Model

if TYPE_CHECKING:
    from cnncost.measures.comparison import Comparison
    from cnncost.measures.energy import Energy
    from cnncost.measures.memory import Memory
    from cnncost.measures.precision import Setup
    from cnncost.measures.report import Report
    from cnncost.questions.check.budget import Check, Verdict
    from cnncost.questions.claims import Readings
    from cnncost.questions.diff import Difference
    from cnncost.questions.explain import Explanation, FieldWorking, GroupWorking, Working
    from cnncost.questions.formula import Formula
    from cnncost.questions.solve.over import Solutions
    from cnncost.questions.solve.solution import Solution
    from cnncost.questions.sweep.query import Result
    from cnncost.show.pictures import Page, Picture

AnyModel: TypeAlias = str | Model | Graph | Callable[..., Outputs]


def analyze(
    model: AnyModel,
    *,
    input: Any = None,
    batch: Num = 1,
    dtype: Any = usual.DTYPE,
    convention: str | Convention = usual.CONVENTION,
    optimizer: str = "sgd",
    dtypes: str = "",
    checkpoint: str = "none",
    weights: str = "",
    **settings: Any,
) -> Report:
    """Return what a network costs: a `Report`, a sequence of its layers with their figures.

    `batch` multiplies multiply-adds, FLOPs and activations; `dtype` sets the bytes per number: a name, or a type of NumPy or
    PyTorch. `optimizer`, `dtypes` and `checkpoint` say how it is trained, as in `memory`, for its training memory; `weights`
    whose accuracy `top1` and `top5` are ("V1", "V2", "best", …), by default the first that were published.

    >>> report = analyze("resnet50", width=32, dtype="float16")
    >>> report
    <Report resnet50: 174 layers, 6.92 M params, 1.05 G FLOPs>
    >>> report["conv1"].params, report.total["peak_memory"]
    (4704, 2408448)
    """
    from cnncost.measures.accuracy import check as check_weights
    from cnncost.measures.report import report

    with no_collection():
        graph = _graph(model, input, settings)
        found = report(graph, convention, batch, dtype_name(dtype), _trained(optimizer, dtypes, checkpoint))
        return replace(found, weights=check_weights(weights)) if weights else found


def compare(*models: AnyModel, labels: Sequence[str] | None = None, **options: Any) -> Comparison:
    """Return the reports of several models, side by side; options as those of `analyze`.

    `labels` are what the models are called in its table, one for each.

    >>> [report.total["params"] for report in compare("resnet18", "resnet34")]
    [11689512, 21797672]
    """
    from cnncost.measures.comparison import Comparison

    if not models:
        raise UsageError("no model to compare", 'name some: compare("resnet50", "vgg16")')
    if labels is not None and len(labels) != len(models):
        raise UsageError(f"{many(len(labels), 'label')} for {many(len(models), 'model')}", "give one label for each model")
    names = tuple(map(_label, models)) if labels is None else tuple(labels)
    return Comparison(Several([analyze(model, **options) for model in models]), names)


def memory(
    model: AnyModel,
    *,
    input: Any = None,
    batch: Num = 1,
    dtype: Any = usual.DTYPE,
    dtypes: str = "",
    optimizer: str = "sgd",
    checkpoint: str = "none",
    in_place: Sequence[str] | str | None = None,
    block: int = 1,
    convention: str | Convention = usual.CONVENTION,
    **settings: Any,
) -> Memory:
    """Return the memory of a network by name, in bytes: activations, outputs, peak, saved for backward, training memory.

    `dtypes` says what parts are stored as ("mixed", "activations=float16,masks=uint8"), `checkpoint` which segments keep only
    what they read, to be computed again ("blocks", "sqrt"), `in_place` which layer types work in place (by default as
    torchvision writes the network), `block=512` rounds every storage up as CUDA's allocator does.

    >>> memory("resnet50", batch=64, optimizer="adam").training_bytes
    5868798080
    """
    from cnncost.measures.memory import memory as plan
    from cnncost.measures.precision import Precision
    from cnncost.measures.report import held

    return plan(
        held(_graph(model, input, settings)),
        batch=batch,
        precision=Precision.of(dtype_name(dtype), dtypes),
        optimizer=optimizer,
        checkpoint=checkpoint,
        in_place=in_place.split(",") if isinstance(in_place, str) else in_place,
        block=block,
        convention=convention,
    )


def energy(model: AnyModel, *, input: Any = None, batch: int = 1, dtype: Any = usual.DTYPE, **settings: Any) -> Energy:
    """Return an estimate of the energy of a network: multiply-adds in a dtype, and bytes moved by level.

    From a table of a technology of 45 nm (Horowitz, ISSCC 2014), under the assumptions that its table prints.

    >>> energy("resnet50", dtype="int8")
    <Energy resnet50: 32.29 mJ, an estimate>
    """
    from cnncost.measures.energy import energy as estimate
    from cnncost.measures.memory import memory as plan

    name = dtype_name(dtype)
    return estimate(plan(_graph(model, input, settings), batch=batch, precision=name), name)


def formula(
    model: str | Model,
    let: str | Sequence[str] = (),
    *,
    batch: Num = 1,
    dtype: Any = usual.DTYPE,
    convention: str | Convention = usual.CONVENTION,
    **settings: Any,
) -> Formula:
    """Return what a model costs as polynomials in symbols: `let="width"`, `let=["H=32*h", "W=32*w"]`.

    A block has its own symbols as well; a network without `let` has the symbols H and W.

    >>> print(formula("bottleneck").total["flops"])
    17·C²·H·W
    """
    from cnncost.questions.formula import formula as closed

    case = _instance(model, settings)
    words = let.split(",") if isinstance(let, str) else let
    return closed(case.model, words, sizes=_whole(case), batch=batch, convention=convention, dtype=dtype_name(dtype))


def solve(
    model: str | Model,
    unknown: str,
    target: str | Sequence[str] = (),
    *,
    equals: str | Model | None = None,
    by: str = "flops",
    side: Literal["nearest", "below", "above"] = "nearest",
    among: Sequence[Any] = (),
    step: Any = None,
    over: Mapping[str, Any] | None = None,
    batch: int = 1,
    dtype: Any = usual.DTYPE,
    convention: str | Convention = usual.CONVENTION,
    optimizer: str = "sgd",
    dtypes: str = "",
    checkpoint: str = "none",
    **settings: Any,
) -> Solution | Solutions:
    """Return the value of a setting at which a model costs what `target` says, or as much as the model `equals`.

    With `over`, {"G": [1, 2, 4]}, the values at each of several values of another setting: `Solutions`, a sequence of points.

    `unknown` is a setting, an entry of one (`depths.2`), H, W, `size` or `batch`; `target` is "flops=4.1G", or one or several
    limits: ["flops<=4.1G", "memory<=60MB"]. `by` is the figure of `equals`; `optimizer`, `dtypes` and `checkpoint` say how the
    network is trained, as in `memory`.

    >>> solve("resnet50", "width", "flops<=2G").value
    44
    >>> solve("resnet50", "batch", "training_memory<=11GiB", optimizer="adam").value
    133
    >>> solve("resnext_block", "c", equals="bottleneck", over={"G": [1, 2, 4, 8, 32]}, C=64)
    <Solutions c over G: 64, 40, 24, 14, 4>
    """
    from cnncost.models.settings import shown
    from cnncost.questions.solve.solve import solve as solved

    loaded = load(model) if isinstance(model, str) else model
    own = {name: settings.pop(name) for name in list(settings) if name in loaded.declared}
    asked: dict[str, Any] = {
        "equals": equals,
        "quantity": by,
        "side": side,
        "among": [value if isinstance(value, str) else shown(value) for value in among],
        "step": None if step is None else str(step),
        "settings": [f"{name}={shown(value)}" for name, value in own.items()],
        "sizes": _whole(_instance(loaded, settings)),
        "batch": batch,
        "convention": convention,
        "dtype": dtype_name(dtype),
        "trained": _trained(optimizer, dtypes, checkpoint),
    }
    targets = [target] if isinstance(target, str) else target
    if not over:
        return solved(loaded, unknown, targets, **asked)
    from cnncost.questions.solve.over import solve_over

    return solve_over(loaded, unknown, targets, [f"{name}={_values(each, shown)}" for name, each in over.items()], **asked)


def sweep(
    model: str | Model,
    over: Mapping[str, Any] | None = None,
    *,
    where: str | None = None,
    pareto: str | None = None,
    sort: str | None = None,
    top: int | None = None,
    method: Any = "auto",
    jobs: int = 1,
    batch: Any = 1,
    dtype: Any = usual.DTYPE,
    convention: str = usual.CONVENTION,
    configurations: Iterable[Mapping[str, Any]] | None = None,
    sample: int | None = None,
    seed: int = 0,
    log: bool = False,
    optimizer: str = "sgd",
    dtypes: str = "",
    checkpoint: str = "none",
    **axes: Any,
) -> Result:
    """Return every candidate of a design space that meets the condition `where`, with its figures, as a sequence of rows.

    Axes are settings of the model, `size`, `H` or `W`, each with its values: `width=range(16, 129, 16)`, `size=[160, 224]`;
    entries of a list in `over={"depths.2": range(1, 37)}`. A setting with a single value holds for all. `pareto`, `sort` and
    `top` keep some of the rows, as on the command line; `jobs` is the number of processes. `configurations` are the candidates
    themselves, a mapping of settings each; `sample` draws so many of a space at random, as `seed` says, with `log` such that
    small numbers of a range come as often as large ones. `optimizer`, `dtypes` and `checkpoint` say how candidates are trained;
    their rows then have `training_bytes`, as they have where a condition or an order names it.

    >>> found = sweep("resnet18", width=range(16, 65, 16), where="params <= 4M")
    >>> [(row["width"], row["params"]) for row in found]
    [(16, 831096), (32, 3055880)]
    """

    from cnncost.models.settings import shown
    from cnncost.questions.sweep.listed import of
    from cnncost.questions.sweep.query import Query
    from cnncost.questions.sweep.run import sweep as swept
    from cnncost.questions.sweep.workers import processes

    given = {**(over or {}), **axes}
    if _listed(batch):
        given, batch = {**given, "batch": batch}, 1
    several = {name: values for name, values in given.items() if _listed(values)}
    case = _instance(model, {name: value for name, value in given.items() if name not in several})
    query = Query(
        replace(case.model, input=case.input) if case.sizes else case.model,
        tuple(f"{name}={_values(values, shown)}" for name, values in several.items()),
        where=where,
        pareto=pareto,
        sort=sort,
        top=top,
        every=top is None and pareto is None,
        convention=convention,
        dtype=dtype_name(dtype),
        batch=batch,
        method=method,
        configurations=None if configurations is None else of(configurations),
        sample=sample,
        seed=seed,
        log=log,
        trained=_trained(optimizer, dtypes, checkpoint),
    )
    return swept(query, None if jobs == 1 else processes(jobs))


def explain(
    model: AnyModel,
    conventions: str | Sequence[str | Convention] = usual.CONVENTION,
    *,
    claim: str | None = None,
    layer: str | None = None,
    field: str | None = None,
    input: Any = None,
    batch: Num = 1,
    dtype: Any = usual.DTYPE,
    **settings: Any,
) -> Explanation | Readings | Working | GroupWorking | FieldWorking:
    """Return where a network's numbers come from: what each convention counts for each layer type.

    With `claim`, a published number such as "3.8G", what reproduces it; with `layer`, the arithmetic of one layer, or the
    sum of a scope; with `field`, how the receptive field of one layer comes about.

    >>> explain("resnet18", "fvcore,thop").coverage[1].total
    1824033792
    >>> explain("resnet50", claim="3.8G").candidates[0].model
    'resnet50_v1'
    """
    from cnncost.counting import several

    asked = [name for name, value in (("claim", claim), ("layer", layer), ("field", field)) if value is not None]
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)} cannot be combined", "give one of them")
    if claim is not None:
        from cnncost.questions import claims

        case = _instance(model, settings) if isinstance(model, (str, Model)) else None
        if case is None or input is not None:
            raise UsageError("a claim is about a model of the zoo or a spec", 'name one: explain("resnet50", claim="3.8G")')
        return claims.readings(case.model, claims.claim(claim), _label(model))
    from cnncost.measures.report import held
    from cnncost.questions.explain import explanation, field_working, working

    named = several(conventions) if isinstance(conventions, str) else [_convention(each) for each in conventions]
    graph = held(_graph(model, input, settings))
    if field is not None:
        return field_working(graph, field)
    return explanation(graph, named, batch) if layer is None else working(graph, layer, named[0], batch, dtype_name(dtype))


def check(
    *models: AnyModel,
    against: str | None = None,
    allow_new: bool = False,
    input: Any = None,
    batch: int = 1,
    dtype: Any = usual.DTYPE,
    convention: str | Convention = usual.CONVENTION,
    settings: Mapping[str, Any] | None = None,
    optimizer: str = "sgd",
    dtypes: str = "",
    checkpoint: str = "none",
    **limits: Any,
) -> Check:
    """Return the verdicts of models held to limits: `params="26M"`, `flops=4_500_000_000`, `memory={"growth": "1%"}`.

    A spec's own budget holds as well. Growth is measured from `against`, a git ref or a file of `cnncost snapshot`, of models
    given by name; what cannot be checked fails, unless `allow_new`. `optimizer`, `dtypes` and `checkpoint` say how the
    models are trained.

    >>> check("resnet18", params="12M", flops="1G").ok
    False
    """
    from cnncost.base.limits import limit
    from cnncost.questions.check.budget import COUNTED, Check, verdicts
    from cnncost.questions.check.history import Missing, costs
    from cnncost.questions.check.hold import hold, trained

    given = [limit(name, value, "as given") for name, value in limits.items()]
    how: dict[str, Any] = {"optimizer": optimizer, "dtypes": dtypes, "checkpoint": checkpoint}

    def analyse(model: AnyModel) -> Report:
        return analyze(model, input=input, batch=batch, dtype=dtype, convention=convention, **how, **(settings or {}))

    found: list[Verdict] = []
    notes: list[str] = []
    counted: list[Mapping[str, Any]] = []
    for model in models:
        if isinstance(model, str):
            held = hold([model], analyse, given, against=against, allow_new=allow_new)
            found += held.verdicts
            notes += held.notes
            counted += held.models
        elif not given:
            raise UsageError(f"no limit for {_label(model)}", 'give one, such as params="26M"')
        else:
            base = Missing("a model without a name has no earlier version")
            report = analyse(model)
            own = costs(report, _label(model), given)
            found += verdicts(own, given, base, allow_new)
            counted.append({key: own[key] for key in COUNTED})
            notes += trained({_label(model): report}, {_label(model): given})
    if not models:
        raise UsageError("no model to check", 'name one: check("resnet50", params="26M")')
    return Check(tuple(found), tuple(dict.fromkeys(notes)), tuple(counted))


def diff(old: AnyModel, new: AnyModel, *, by: str = "flops", **options: Any) -> Difference:
    """Return what changed between two models: totals, and layer by layer, those that differ most in `by` first.

    Models may also be files of `cnncost snapshot`, and REF:path for a spec as it was in git; options as those of `analyze`.

    >>> found = diff("resnet18", "resnet34")
    >>> found.new["total"]["params"] - found.old["total"]["params"]
    10108160
    """
    from cnncost.questions.check import history
    from cnncost.questions.diff import difference

    def side(model: AnyModel, other: AnyModel) -> Any:
        if isinstance(model, str) and history.is_snapshot(model):
            return history.pick(history.read_snapshot(model), model, [_label(model), _label(other)])
        return history.costs(analyze(model, **options), _label(model))

    return difference(side(old, new), side(new, old), by)


# ── what the verbs share ─────────────────────────────────────────────────────────────────────────────────────────────


def draw(
    model: AnyModel | Report, *, depth: int | None = None, figure: str = "flops", dark: bool = False, **options: Any
) -> Picture:
    """Return the drawing of a network: boxes and lines, equal neighbours folded to ×n. Notebooks show it.

    `depth` says how many levels of scopes are drawn open, by default as many as stay readable; `figure` is that of which boxes
    show their share. Further options as those of `analyze`.

    >>> draw("resnet50", depth=1)
    <Drawing resnet50>
    """
    from cnncost.show.pictures import draw

    return draw(_report(model, options), depth=depth, figure=figure, dark=dark)


def plot(
    kind: str,
    *models: AnyModel | Report,
    figure: str = "flops",
    device: str | None = None,
    x: str = "macs",
    y: str = "top1",
    area: str = "params",
    data: str | None = None,
    dark: bool = False,
    **options: Any,
) -> Picture:
    """Return a plot: "icicle", "stages", "memory", "diff", "bubble", "roofline" or "field". Notebooks show it.

    `figure` is that of icicle, stages and diff; `device` bounds the roofline; a bubble is placed at `x` and `y` with an `area`,
    each a figure or a column of the CSV file `data`, without which `top1` and `top5` are the accuracies of torchvision's
    weights. Further options as those of `analyze`.

    >>> plot("stages", "vgg16", "resnet50")
    <Plot stages of vgg16, resnet50>
    >>> plot("bubble", "alexnet", "resnet50").figure["layer"][0]["encoding"]["y"]["title"]
    'ImageNet top-1 accuracy (%)'
    """
    from cnncost.measures.devices import device as named
    from cnncost.show.pictures import plot

    asked = {"figure": figure, "device": named(device) if device else None, "x": x, "y": y, "area": area, "data": data}
    found = [_report(model, options) for model in models]
    return plot(kind, *found, labels=[_label(model) for model in models], dark=dark, **asked)


def report(*models: AnyModel | Report, device: str | None = None, diff: bool = False, **options: Any) -> Page:
    """Return a page about 1 to 6 networks, or with `diff` about what changed from the first to the second.

    `device` bounds the roofline, by default an H100. Further options as those of `analyze`.

    >>> import cnncost
    >>> cnncost.report("resnet18", "resnet34").title
    'resnet18, resnet34'
    """
    from cnncost.measures.devices import device as named
    from cnncost.show.page.data import check_models
    from cnncost.show.pictures import page_of

    check_models(len(models), diff)
    found = [_report(model, options) for model in models]
    return page_of(*found, labels=[_label(model) for model in models], device=named(device) if device else None, diff=diff)


def _report(model: Any, options: Mapping[str, Any]) -> Report:
    """Return the report of a model; one that is a report already has been counted."""
    from cnncost.measures.report import Report

    if not isinstance(model, Report):
        return analyze(model, **options)
    if options:
        raise TypeError(f"a report is counted already: give {', '.join(options)} to analyze()")
    return model


def _graph(model: Any, input: Any, settings: dict[str, Any]) -> Graph:
    if isinstance(model, Graph):
        if input is not None or settings:
            raise UsageError("a traced graph has its input and settings", "give them to trace()")
        return model
    if isinstance(model, str):
        model = load(model)
    if isinstance(model, Model):
        return model.trace(input, **settings)
    if not callable(model):
        raise UsageError(f"{model!r:.60} is no model", "give a name, a Model, a Graph, or a function of a tensor")
    if input is None:
        raise UsageError("a model function needs an input", "give the shape of one example: input=(3, 224, 224)")
    return trace(model, input, **settings)


def _instance(model: str | Model, settings: Mapping[str, Any]) -> Instance:
    """Return a model with settings and sizes of its input in place."""
    case = Instance(load(model) if isinstance(model, str) else model)
    for name, value in settings.items():
        if name == "input" and name not in case.model.declared:
            for axis, size in zip(case.model.axes, value, strict=True):
                case = case.put(axis, size)
        elif name == "size" and isinstance(value, (tuple, list)):
            for axis, size in zip(case.model.axes[1:], value, strict=True):
                case = case.put(axis, size)
        else:
            case = case.put(name, value)
    return case


def _whole(case: Instance) -> dict[str, int]:
    return dict(case.sizes)


def _trained(optimizer: str, dtypes: str, checkpoint: str) -> Setup:
    from cnncost.measures.precision import Setup

    return Setup(optimizer, dtypes, checkpoint)


def _label(model: Any) -> str:
    """Return what the user calls a model."""
    if isinstance(model, str):
        return model
    return str(getattr(model, "name", None) or getattr(model, "model", None) or getattr(model, "__name__", "model"))


def _convention(given: str | Convention) -> Convention:
    return find_convention(given) if isinstance(given, str) else given


def _listed(values: Any) -> bool:
    """Whether an axis of a sweep has several values: a range, a list, an array, or a text such as 16:128:16 or 1,2,4."""
    return (isinstance(values, Iterable) and not isinstance(values, (str, tuple, Poly))) or (
        isinstance(values, str) and bool({",", ":", "|"} & set(values))
    )


def _values(values: Any, shown: Callable[[Any], str]) -> str:
    if isinstance(values, str):
        return values
    if isinstance(values, range) and values.step > 0 and len(values):
        return f"{values[0]}:{values[-1]}:{values.step}"
    each = list(values)
    return ("|" if any(isinstance(value, (tuple, list)) for value in each) else ",").join(map(shown, each))
