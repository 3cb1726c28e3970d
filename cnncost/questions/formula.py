"""Closed forms: what a network costs as polynomials in symbols, from the same trace that gives the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from cnncost.base import usual
from cnncost.base.errors import AlgebraError, ModelError, UsageError
from cnncost.base.exact import expression
from cnncost.base.notation import LATEX, PYTHON, TEXT, Style, written
from cnncost.base.plain import plain
from cnncost.base.poly import Num, Poly, assumptions, equal, symbol
from cnncost.base.problems import SpecError
from cnncost.base.record import dataclass
from cnncost.base.roots import common_factor
from cnncost.base.showable import MOST, Showable
from cnncost.base.units import require_whole_bytes
from cnncost.counting import Convention
from cnncost.graph.usercode import CodeError
from cnncost.models.instance import Instance
from cnncost.models.load import load
from cnncost.models.model import AXES, Model
from cnncost.models.parts import Partial
from cnncost.models.settings import MISSING

if TYPE_CHECKING:
    from cnncost.measures.report import Report

FIGURES = ("params", "flops", "macs", "activation_bytes")


@dataclass(frozen=True, slots=True, repr=False)
class Formula(Showable):
    """A network's cost in symbols, which stand for whole numbers of at least 1."""

    report: Report
    letters: tuple[str, ...]
    spatial: tuple[str, ...]  # those of the input's height and width and of the batch, which are factored out
    assumed: tuple[tuple[str, Num, Num], ...]  # ("!=", a, b), (">=", a, b), ("%", a, b): where it holds

    def __repr__(self) -> str:
        return f"<Formula of {self.report.model} in {', '.join(self.letters)}>"

    def _repr_latex_(self) -> str | None:
        """Return the forms as equations below one another, for notebooks and papers, unless they are too long."""
        lines = [rf"\text{{{name.replace('_', ' ')}}} &= {self.write(value, LATEX)}" for name, value in self.total.items()]
        text = "$$\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}$$"
        return text if len(text) <= MOST else None

    @property
    def total(self) -> dict[str, Num]:
        """The closed forms of the whole network, by figure."""
        total = self.report.total
        return {figure: total[figure] for figure in FIGURES}

    @property
    def params_by_kind(self) -> dict[str, Num]:
        """The parameters of each type of layer that has any."""
        found: dict[str, Num] = {}
        for row, params in zip(self.report.rows, self.report.params.tolist(), strict=True):
            found[row.kind] = found.get(row.kind, 0) + params
        return {kind: value for kind, value in found.items() if value != 0}

    def write(self, value: Num, style: Style = TEXT) -> str:
        """Return one form as people write it: H·W·(8·C·G·c + 9·G·c²)."""
        return written(value, style, self.spatial)

    def conditions(self, style: Style = TEXT) -> list[str]:
        """Return what was taken for granted of the symbols: where it fails the network is another one."""
        relations = {"!=": "{} ≠ {}", ">=": "{} ≥ {}", "==": "{} = {}", "%": "{} is a multiple of {}"}
        if style is PYTHON:
            relations = {"!=": "{} != {}", ">=": "{} >= {}", "==": "{} == {}", "%": "({}) % ({}) == 0"}
        both = {(a, b) for name, a, b in self.assumed if name == ">=" and (">=", b, a) in self.assumed}
        return [
            relations[name if (a, b) not in both else "=="].format(*(written(side, style) for side in _reduced(name, a, b)))
            for name, a, b in self.assumed
            if (a, b) not in both or (b, a) not in both or self.assumed.index((name, a, b)) < self.assumed.index((name, b, a))
        ]

    def to_dict(self, depth: int | None = None) -> dict[str, Any]:
        """Return the forms as Python expressions of the symbols: the object of `--format json` (cnncost.formula/1)."""
        return plain(self.table(depth=depth).data)  # type: ignore[no-any-return]  # of a dict it is a dict


def is_block(model: Model) -> bool:
    """Whether a model is a block: its input follows from its settings, so that these are its natural symbols."""
    inside = isinstance(model.function, Partial) and model.function.cut.start is not None  # its input follows from its network
    return callable(model.input) and not inside


def natural_letters(model: Model) -> tuple[str, ...]:
    """Return the symbols in which a model is written unless others are asked for.

    A block's sizes that are not set, and H and W; of a whole network H and W.
    """
    if not is_block(model):
        return tuple((model.axes or AXES)[1:])
    open_ones = {name: setting for name, setting in model.declared.items() if name not in model.settings}
    sizes = (name for name, setting in open_ones.items() if setting.kind == "size" and setting.default is not None)
    return (*sizes, *(model.axes or AXES)[1:])


def formula(
    model: str | Model,
    let: Sequence[str] = (),
    *,
    sizes: Mapping[str, int] | None = None,
    batch: Num = 1,
    convention: str | Convention = usual.CONVENTION,
    dtype: str = usual.DTYPE,
) -> Formula:
    """Return what a model costs as polynomials in symbols.

    `let` names what becomes a symbol: `C`, `width`, `H`; or puts an expression in its place: `H=32*h`. Names are those of
    the model's settings, H, W and C of its input (`size` is H and W), and `batch`. A block keeps its natural symbols beside
    these; a network without `let` has the symbols H and W. `sizes` are numbers for H and W, or all of C, H and W.

    >>> formula("bottleneck").write(formula("bottleneck").total["flops"])
    '17·C²·H·W'

    Raises CnncostError for a name that there is not, and for what symbols leave open, with the layer at which they do.
    """
    model = load(model) if isinstance(model, str) else model
    case = Instance(model, dict(sizes or {}), batch)
    require_whole_bytes(dtype, "a formula")
    values = dict(map(_let, let))
    if "size" in values and "size" not in model.declared:
        values |= dict.fromkeys((model.axes or AXES)[1:], values.pop("size"))
    if not let or is_block(model):
        taken = {name.partition(".")[0] for name in values} | set(sizes or {})
        values |= {name: symbol(name) for name in natural_letters(model) if name not in taken}
    for name, value in values.items():
        if not case.setting(name).number:
            raise UsageError(
                f"{model.name}: '{name}' is no number, so it cannot be a symbol",
                f"symbols can stand for {', '.join(_offered(case))}",
            )
        case = case.put(name, value)
    open_ones = [name for name, setting in model.declared.items() if setting.default is MISSING and name not in model.settings]
    if missing := [name for name in open_ones if name not in values]:
        remedy = f"give it a number, --set {missing[0]}=…, or make it a symbol: --let {missing[0]}"
        raise UsageError(f"{model.name} needs a value for '{missing[0]}'", remedy)
    with assumptions() as assumed:
        try:
            found = costs_of(case, convention, dtype)
        except (CodeError, TypeError, ValueError, RecursionError) as error:  # the model's own code, on a letter
            cause = error.raised if isinstance(error, CodeError) else error
            told = isinstance(error, CodeError) and error.hint and not isinstance(cause, RecursionError)
            if told or not isinstance(cause, (TypeError, ValueError, RecursionError)):
                raise  # whatever its sizes are
            reason = "it would never end" if isinstance(cause, RecursionError) else cause
            raise UsageError(
                f"{model.name} cannot be traced with a symbol for {' or '.join(values)} ({reason})",
                "symbols know + - * // ** and comparisons: give it a number, with --set",
            ) from error
        except SpecError:  # it says where, and what to do about it
            raise
        except ModelError as error:
            remedy = _remedy(case, values) if _left_open(error) else error.hint
            raise type(error)(error.message, remedy or _structure(model, values) or error.hint) from error
    if isinstance(case.batch, Poly):
        assumed[">=", case.batch, 1] = None
    for name, a, b in assumed:
        if name == ">=" and _certain("<", a, b):
            raise UsageError(
                f"{model.name}: {written(a)} is below {written(b)} whatever the symbols are", "symbols count from 1"
            )
    letters = {letter for value in values.values() for letter in (value.letters() if isinstance(value, Poly) else ())}
    spatial = {letter for size in (*case.shape[1:], case.batch) if isinstance(size, Poly) for letter in size.letters()}
    in_order = tuple(sorted(letters, key=lambda letter: (len(letter), letter)))
    return Formula(found, in_order, tuple(sorted(spatial)), tuple(fact for fact in assumed if not _certain(*fact)))


def _let(text: str) -> tuple[str, Num]:
    """Return (name, value) of `C`, `H=32*h` or `depths.2=n`."""
    name, equals, right = (part.strip() for part in text.partition("="))
    if not name:
        raise UsageError(f"--let '{text}' names no symbol", "write NAME, or NAME=EXPRESSION as in H=32*h")
    if not equals:
        right = name.replace(".", "_")
    try:
        return name, expression(right)
    except AlgebraError as error:
        raise UsageError(f"--let {text}: {error.message}", error.hint) from None


def costs_of(case: Instance, convention: str | Convention = usual.CONVENTION, dtype: str = usual.DTYPE) -> Report:
    """Return what a model costs at given sizes."""
    graph = case.trace()
    from cnncost.measures.report import report  # imports numpy: errors in names and letters come before it

    return report(graph, convention, case.batch, dtype)


def _offered(case: Instance) -> list[str]:
    return [name for name, setting in case.settings().items() if setting.number]


def _left_open(error: BaseException | None) -> bool:
    """Whether an error comes from a question that symbols leave open."""
    return error is not None and (isinstance(error, AlgebraError) or _left_open(error.__cause__))


def _remedy(case: Instance, values: Mapping[str, Num]) -> str:
    """Return the assumption on the input's sizes under which there is a closed form, where there is one."""
    shape = case.model.shape
    known = case.model.axes
    axes = [axis for axis in known[1:] if isinstance(values.get(axis), Poly)]
    if shape is None or not axes:
        return ""
    for axis in axes:
        size = shape[known.index(axis)]
        if not isinstance(size, int):
            return ""
        case = case.put(axis, size * symbol(axis.lower()))
    try:
        case.trace()
    except (AlgebraError, ModelError):
        return f"give the input a size, --size {shape[1]}, and symbols to settings: {', '.join(_offered(case))}"
    multiples = " ".join(f"--let {axis}={shape[known.index(axis)]}*{axis.lower()}" for axis in axes)
    return f"there is a closed form for multiples of its own input: {multiples}"


def _structure(model: Model, values: Mapping[str, Num]) -> str:
    """Return the remedy where a symbol stands for a setting that decides which layers there are."""
    settings = Instance(model)
    whole = [name for name in values if settings.setting(name).kind == "count"]
    return f"{' and '.join(whole)} can decide which layers there are: give it a number, with --set" if whole else ""


def _reduced(relation: str, a: Num, b: Num) -> tuple[Num, Num]:
    """Return two sides that must differ without what they have in common: C ≠ C·t is t ≠ 1."""
    if relation != "!=":
        return a, b
    shared = prod(common_factor(a - b))
    if all(equal(side % shared, 0) for side in (a, b)):
        a, b = a // shared, b // shared
    return (a, b) if isinstance(a, Poly) else (b, a)


def _certain(relation: str, a: Num, b: Num) -> bool:
    """Whether a relation holds for all values of the symbols."""
    try:
        if relation in (">=", "<"):
            return bool(a >= b if relation == ">=" else a < b)
        return bool(a < b or a > b) if relation == "!=" else bool(a % b == 0)
    except AlgebraError:
        return False
