"""What a spec's model function does: its steps under the present settings, which are held to the params' ranges and choices."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal

from cnncost.base.errors import ModelError
from cnncost.base.ints import Ints
from cnncost.base.record import dataclass
from cnncost.base.text import clip
from cnncost.graph.graph import Outputs, Tensor
from cnncost.models.model import Inputs
from cnncost.models.settings import MISSING
from cnncost.models.spec.compiler import Compiler
from cnncost.models.spec.expressions import Ratio, shown
from cnncost.models.spec.problems import Mark, SpecError
from cnncost.models.spec.run import Run, named_stage
from cnncost.models.spec.steps import INPUT, Arg, Broken, Step


@dataclass(frozen=True, slots=True)
class Param:
    """A setting that a spec declares."""

    default: Any
    mark: Mark
    choices: tuple[Any, ...] = ()
    range: tuple[Any, ...] = ()  # low, high, and a step if there is one
    help: str = ""


def bound(run: Run, let: Mapping[str, Arg], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names at the top: the settings, and what let makes of them. Raises SpecError where that has no value."""
    env: dict[str, Any] = {name: _exact(value) for name, value in settings.items()}
    try:
        for name, arg in let.items():
            env[name] = run.evaluate(arg, env, None, name)
    except Broken:
        raise SpecError(run.source, run.problems) from None
    return env


def _exact(value: Any) -> Any:
    """Return a setting as expressions compute with it: 0.35 as the ratio that its digits say."""
    if isinstance(value, float):
        number = Fraction(repr(value))
        return number.numerator if number.denominator == 1 else Ratio(number.numerator, number.denominator)
    return value


def _setting(value: Any) -> Any:
    """Return a param's default as a setting shows it: a ratio as a decimal."""
    return float(Fraction(value.numerator, value.denominator)) if isinstance(value, Ratio) else value


class Network:
    """A spec's model function: the steps, under the present settings.

    Its signature has the params, so that settings are checked and completed as any. It is pickled as the text of its spec,
    which `again` reads.
    """

    def __init__(
        self,
        compiler: Compiler,
        params: Mapping[str, Param],
        let: dict[str, Arg],
        require: Sequence[tuple[str, Arg]],
        sizes: Mapping[str, Sequence[Arg]],
        stages: Sequence[tuple[str | None, list[Step]]],
        again: Callable[[str, str], Network],
    ) -> None:
        self.compiler, self.source, self.again = compiler, compiler.source, again
        self.params, self.let, self.require, self.sizes, self.stages = params, let, require, sizes, stages
        tensor = inspect.Parameter(INPUT, inspect.Parameter.VAR_POSITIONAL)  # a name that no param has
        declared = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=_setting(param.default), annotation=_kind(param, name, self)
            )
            for name, param in params.items()
        ]
        self.__signature__ = inspect.Signature([tensor, *declared])
        self.__annotations__ = {p.name: p.annotation for p in declared if p.annotation is not MISSING}

    def __call__(self, /, *inputs: Tensor, **settings: Any) -> Outputs:
        """Run the steps on a tensor for each input. Raises SpecError with every problem met on the way."""
        return self.run(inputs, settings)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.again, (self.source.path, self.source.text)

    def input(self, settings: Mapping[str, Any]) -> Inputs:
        """Return the input under the present settings, of several each by its name. Raises SpecError where it has none."""
        run = Run(self.compiler, {})
        run.top = bound(run, self.let, settings) if settings else {}
        found = {name: self.shape(run, sizes) for name, sizes in self.sizes.items()}
        return found[INPUT] if [*found] == [INPUT] else found

    def shape(self, run: Run, sizes: Sequence[Arg]) -> tuple[Any, ...]:
        """Return the shape of one input."""
        try:
            shape = tuple(run.evaluate(arg, run.top, None, "a size of the input") for arg in sizes)
        except Broken:
            raise SpecError(self.source, run.problems) from None
        for arg, size in zip(sizes, shape, strict=True):
            if isinstance(size, int) and size < 1:
                run.note("E107", f"a size of the input is {size}", arg.mark, "sizes are whole numbers from 1")
                raise SpecError(self.source, run.problems)
        return shape

    def structural(self) -> frozenset[str]:
        """Return the params that decide how many layers there are: those in a `repeat`, through let too."""
        found: set[str] = set()

        def visit(steps: Sequence[Step]) -> None:
            for step in steps:
                found.update(step.repeat.names() if step.repeat is not None else ())
                for _, branch in getattr(step.apply, "branches", ()):
                    visit(branch if isinstance(branch, list) else ())

        for steps in (*(steps for _, steps in self.stages), *(block.steps for block in self.compiler.blocks.values())):
            visit(steps)
        for name in reversed(self.let):
            found.update(self.let[name].names() if name in found else ())
        return frozenset(found)

    def run(self, inputs: Sequence[Tensor], settings: Mapping[str, Any]) -> Outputs:
        """Return what the steps make of tensors; the first layer reads the first of them."""
        x, names = inputs[0], [*self.sizes] or [INPUT]
        if len(inputs) != len(names):
            raise ModelError(f"the spec reads {len(names)} inputs ({', '.join(names)}), got {len(inputs)}")
        run = Run(self.compiler, {})
        values = {name: settings.get(name, _setting(param.default)) for name, param in self.params.items()}
        for name, param in self.params.items():
            self.check(run, name, param, values[name])
        run.top = bound(run, self.let, values)
        self.conditions(run)
        nodes = x.tracer.nodes
        start = len(nodes)
        ids: dict[str, Any] = dict(zip(names, inputs, strict=True))
        owners: dict[str, str] = {}
        y: Tensor | None = x
        for stage, steps in self.stages:
            if stage is None:
                y = run.steps(steps, y, run.top, ids, owners)
            else:
                with named_stage(run, x, stage):
                    y = run.steps(steps, y, run.top, ids, owners)
        if y is None or run.problems:
            problems = run.problems or self.compiler.problems
            raise SpecError(self.source, problems)
        read = {index for node in nodes[start:] for index in node.inputs}
        others = [i for i in range(start, len(nodes)) if i not in read and i != y.index and nodes[i].runs != 0]
        return (y, *[Tensor(x.tracer, i, nodes[i].cost.shape) for i in others]) if others else y

    def check(self, run: Run, name: str, param: Param, value: Any) -> None:
        """Hold a setting to its param's range and choices."""
        if isinstance(value, Ints):
            fits = _fits(value, param)
            if fits is not None and not fits.all():
                raise ModelError(f"{name} is out of its range", valid=fits)
            return
        wrong = out_of_range(name, _exact(value), param)
        if wrong is not None:
            run.note("E303", wrong[0], param.mark, wrong[1])
            raise SpecError(self.source, run.problems)

    def conditions(self, run: Run) -> None:
        """Note what the spec requires and the settings do not meet."""
        for text, arg in self.require:
            try:
                holds = run.evaluate(arg, run.top, None, "a condition")
            except Broken:
                continue
            if hasattr(holds, "all"):
                if not holds.all():
                    raise ModelError(f"{run.at(arg.mark)}: not {text}", valid=holds)
            elif not holds:
                names = dict.fromkeys(arg.names())
                values = ", ".join(f"{name} = {shown(run.top[name])}" for name in names)
                run.note("E302", f"the spec requires {clip(text)}" + (f", and {values}" if values else ""), arg.mark)


def out_of_range(name: str, value: Any, param: Param) -> tuple[str, str] | None:
    """Return what is wrong with a setting, and the remedy; None where it is one that the spec allows."""
    if param.choices and value not in param.choices and not isinstance(value, Ratio):
        return f"{name} is {shown(value)}, which is no choice", f"choices: {', '.join(map(shown, param.choices))}"
    if param.range and isinstance(value, int):
        low, high = param.range[:2]
        step = param.range[2] if len(param.range) > 2 else 1
        if not low <= value <= high or (value - low) % max(step, 1):
            steps = f" in steps of {step}" if step != 1 else ""
            return f"{name} is {value}, which is out of its range", f"it goes from {low} to {high}{steps}"
    return None


def _fits(column: Ints, param: Param) -> Any:
    """Return which candidates of a column a param allows; None for all."""
    if param.choices:
        fits: Any = column == param.choices[0]
        for choice in param.choices[1:]:
            fits = fits | (column == choice)
        return fits
    if param.range:
        low, high, step = (*param.range, 1)[:3]
        return (column >= low) & (column <= high) & ((column - low) % step == 0)
    return None


def _kind(param: Param, name: str, network: Network) -> Any:
    """Return the type of a setting: `int` where it decides how many layers there are, so that it is no column of a sweep.

    A size has none: it may be a ratio in an expression, so that the spec itself checks what it is given.
    """
    default = _setting(param.default)
    if param.choices:
        return Literal[tuple(map(_setting, param.choices))]
    if isinstance(default, (bool, str, float)):
        return type(default)
    return int if name in network.structural() else MISSING
