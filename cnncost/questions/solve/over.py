"""Solving at each point of a small grid: the width of every cardinality, the depth of every width."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from cnncost.base.errors import CnncostError, UsageError
from cnncost.base.record import LONGEST, dataclass
from cnncost.base.showable import Showable
from cnncost.base.text import clip
from cnncost.models.load import load
from cnncost.models.model import Model
from cnncost.questions.solve.solution import Solution, shown
from cnncost.questions.solve.solve import solve
from cnncost.questions.solve.target import Target
from cnncost.questions.sweep.space import Space, space

MOST = 1_000  # points, each of which is solved by itself


@dataclass(frozen=True, slots=True)
class Solved:
    """One point of the grid: what was put in, and what came out, or why nothing did."""

    values: Mapping[str, Any]
    solution: Solution | None
    error: str = ""

    @property
    def root(self) -> Fraction | None:
        """The root of the equation from which the value was rounded; None where a search found the value."""
        found = self.solution
        if found is None or not isinstance(found.value, (int, float)):
            return None
        main = next((index for index, goal in enumerate(found.targets) if goal.relation == "="), 0)
        own = found.equations[main]
        roots = () if own is None else own.roots
        return min(roots, key=lambda root: abs(root - Fraction(found.value)), default=None)


@dataclass(frozen=True, slots=True, repr=False)
class Solutions(Showable, Sequence[Solved]):
    """The solutions at all points of a grid, in their order."""

    model: str
    unknown: str
    over: tuple[str, ...]
    points: tuple[Solved, ...]

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: Any) -> Any:
        return self.points[index]

    def __repr__(self) -> str:
        values = ", ".join("none" if point.solution is None else str(shown(point.solution.value)) for point in self.points)
        return f"<Solutions {self.unknown} over {', '.join(self.over)}: {clip(values, LONGEST)}>"

    @property
    def solved(self) -> list[Solution]:
        """Those that there are."""
        return [point.solution for point in self.points if point.solution is not None]


def solve_over(
    model: str | Model,
    unknown: str,
    targets: Sequence[str | Target],
    over: Sequence[str],
    *,
    settings: Sequence[str] = (),
    sizes: Mapping[str, int] | None = None,
    batch: int = 1,
    **options: Any,
) -> Solutions:
    """Return the value of `unknown` at each point of `over`, which names axes as a sweep does: "G=1,2,4", "width=16:64:16".

    Other options are those of `solve`.

    >>> solve_over("resnext_block", "c", [], ["G=1,2,32"], equals="bottleneck", settings=["C=64"])
    <Solutions c over G: 64, 40, 4>

    Raises UsageError for axes that clash with what is given or asked for, and where no point has a solution.
    """
    loaded = load(model) if isinstance(model, str) else model
    grid = space(loaded.set(settings), over)
    given = {text.partition("=")[0].strip() for text in settings} | set(sizes or ())
    for axis in grid.axes:
        if axis.name == unknown:
            raise UsageError(f"{unknown} is both varied and asked for", f"leave out --over {unknown}")
        if axis.name in given or (axis.name == "size" and sizes):
            raise UsageError(f"{axis.name} is both varied and given", f"leave out the --set, --size or --input of {axis.name}")
    if grid.size > MOST:
        raise UsageError(f"{grid.size:,} points, and each is solved by itself", f"give up to {MOST:,}")
    points, errors = [], []
    for values in map(grid.values, range(grid.size)):
        try:
            found = solve(loaded, unknown, targets, **_at(grid, values, settings, sizes or {}, batch), **options)
            points.append(Solved(values, found))
        except CnncostError as error:
            errors.append(error)
            points.append(Solved(values, None, error.message))
    if len(errors) == len(points):
        raise errors[0]
    return Solutions(loaded.name, unknown, tuple(axis.name for axis in grid.axes), tuple(points))


def _at(
    grid: Space, values: Mapping[str, Any], settings: Sequence[str], sizes: Mapping[str, int], batch: int
) -> dict[str, Any]:
    """Return what `solve` is given at one point."""
    found: dict[str, Any] = {"settings": [*settings, *_settings(grid, values)], "sizes": dict(sizes), "batch": batch}
    for axis in grid.axes:
        name = axis.name.removeprefix("input.")
        if axis.role == "batch":
            found["batch"] = values[axis.name]
        elif axis.role == "size":
            axes = (grid.model.axes or ())[1:] if name == "size" else (name,)
            found["sizes"].update(dict.fromkeys(axes, values[axis.name]))
    return found


def _settings(grid: Space, values: Mapping[str, Any]) -> Iterator[str]:
    from cnncost.models.settings import shown as written

    for axis in grid.axes:
        if axis.role not in ("batch", "size"):
            yield f"{axis.name}={written(values[axis.name])}"
