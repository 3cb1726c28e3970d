"""The steps of a spec run on a tensor, for one choice of params: what is wrong with shapes is found here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeAlias

from cnncost.base.errors import (
    AlgebraError,
    CnncostError,
    CostError,
    Disagreement,
    ModelError,
    Refusal,
    UsageError,
    did_you_mean,
)
from cnncost.base.ints import Ints
from cnncost.base.poly import Poly, same
from cnncost.base.yamltree import Scalar
from cnncost.graph.graph import Tensor
from cnncost.models.parts import Partial
from cnncost.models.spec import expressions
from cnncost.models.spec.compiler import Compiler
from cnncost.models.spec.expressions import ExpressionError, Ratio
from cnncost.models.spec.problems import Mark, Problems, SpecError
from cnncost.models.spec.signatures import (
    ANY,
    NONE,
)
from cnncost.models.spec.steps import COPY, IN, INPUT, Arg, BlockCall, Broken, Inner, Join, Layer, Project, Step
from cnncost.models.spec.values import inside, suited
from cnncost.rules import RULES
from cnncost.rules.windows import LONGEST_EXACT_WINDOW

MOST_COPIES = 10_000  # of repeated items and block calls together
MOST_LAYERS = 50_000  # that a spec writes down; the taps of exact windows count, too
DEEPEST_CALLS = 64  # blocks and joins inside each other
LONGEST_TRAIL = 5  # block calls that a problem shows
LARGEST_STRIDE = 64  # of a projection

Tensors: TypeAlias = "Tensor | None"  # None: a problem was found on the way there
Env: TypeAlias = dict[str, Any]


class Run:
    """One pass of the steps through the builder, under one choice of params."""

    def __init__(self, compiler: Compiler, top: Env) -> None:
        self.compiler = compiler
        self.source = compiler.source
        self.top = top
        self.problems = Problems(compiler.source)
        self.copies = self.layers = self.depth = 0
        self.trail: list[tuple[str, Mark, str, Env]] = []
        self.stage = ""
        self.copy: int | None = None
        self.norm_layers: dict[str, Layer] = {}

    def note(self, code: str, message: str, mark: Mark, hint: str = "", used: Sequence[Arg] = ()) -> None:
        """Note a problem, with the way through block calls that led to it."""
        trail = []
        names = [name for arg in used for name in arg.names()]
        for block, called, where, env in reversed(self.trail):
            own = self.compiler.blocks[block].params
            shown = [f"{name} = {expressions.shown(env[name])}" for name in dict.fromkeys(names) if name in own and name in env]
            trail.append(
                f"in block '{block}', called at {called.line + 1}:{called.column + 1}"
                + (f" ({where})" if where else "")
                + "".join(f", {text}" for text in shown)
            )
            names = []
        if len(trail) > LONGEST_TRAIL:
            trail[LONGEST_TRAIL:] = [f"and {len(trail) - LONGEST_TRAIL} calls further out"]
        self.problems.add(code, message, mark, hint, tuple(trail))

    def evaluate(self, arg: Arg, env: Env, x: Tensor | None, what: str) -> Any:
        """Return the value of an argument. Raises Broken after noting what is wrong."""
        if arg.items is not None:
            return tuple([self.evaluate(item, env, x, f"an entry of {what}") for item in arg.items])
        if arg.expression is None:
            return arg.constant
        if arg.outer:
            env = {**self.top, **({COPY: env[COPY]} if COPY in env else {})}
        if x is not None:
            for name, _ in arg.expression.names:
                if name == IN:
                    env = {**env, IN: x.channels}
                    break
        try:
            value = arg.expression.value(env)
            if type(value) is int and arg.wants.number and arg.wants is not ANY:
                return value
            return suited(value, arg.wants, what)
        except ExpressionError as error:
            mark = inside(arg.mark, arg.plain, error)
            self.note(error.code, error.message, mark, error.hint, [arg])
        except CostError as error:
            raise ModelError(f"{self.at(arg.mark)}: {error.message}", error.hint, error.valid) from error
        except AlgebraError as error:
            if isinstance(error, Disagreement):
                raise
            self.note("E113", error.message, arg.mark, error.hint, [arg])
        raise Broken

    def at(self, mark: Mark) -> str:
        """Return file:line:column."""
        return f"{self.source.path}:{mark.line + 1}:{mark.column + 1}"

    def steps(self, steps: Sequence[Step], x: Tensors, env: Env, ids: dict[str, Any], owners: dict[str, str]) -> Tensors:
        """Return what a list of layers makes of x."""
        for step in steps:
            if step.broken:
                x = None
            elif x is not None or step.sources:
                x = self.step(step, x, env, ids, owners)
            if step.id is not None:
                ids[step.id] = x
        return x

    def step(
        self,
        step: Step,
        x: Tensors,
        env: Env,
        ids: dict[str, Any],
        owners: dict[str, str],
        others: tuple[Tensor, ...] = (),
    ) -> Tensors:
        """Return what one item makes of x."""
        if step.sources:
            found = [x if name == "identity" else self.named(name, ids, step.word.mark) for name in step.sources]
            tensors = tuple([tensor for tensor in found if tensor is not None])
            if len(tensors) < len(found):
                return None
            x, others = tensors[0], tensors[1:]
        if x is None:
            return None
        if step.bits is not None:
            with x.bits(step.bits.weights, step.bits.activations):
                return self.step(replace(step, bits=None, sources=()), x, env, ids, owners, others)
        if step.repeat is None and step.runs is None:
            return self.once(step, step.first_apply or step.apply, x, others, env, ids, owners)
        try:
            count, tracer = self.count(step, env, x), x.tracer
            begins = []
            for copy in range(count):
                begins.append(len(tracer.nodes))
                inner = env if step.repeat is None else {**env, COPY: copy}
                outer, self.copy = self.copy, copy if step.repeat is not None else self.copy
                apply = step.first_apply if copy == 0 and step.first_apply is not None else step.apply
                share = self.share(step.runs, inner, x) if step.runs is not None else None
                with x.runs(share) if share is not None else nullcontext():
                    y = self.once(step, apply, x, others, inner, ids, owners)
                self.copy = outer
                if y is None:
                    return None
                x = y
            if count > 1:
                tracer.copies.append((*begins, len(tracer.nodes)))
        except Broken:
            return None
        return x

    def count(self, step: Step, env: Env, x: Tensor) -> int:
        """Return how many copies of a repeated item there are."""
        if step.repeat is None:
            return 1
        count = self.evaluate(step.repeat, env, x, "repeat")
        if isinstance(count, Ints):
            mask = count == int(count.values.flat[0])
            if not mask.all():
                raise Disagreement(mask)
            count = int(count.values.flat[0])
        if isinstance(count, Poly):
            self.note(
                "E113", f"repeat is {count}, which depends on symbols", step.repeat.mark, "set what it depends on to a number"
            )
            raise Broken
        if count < 0:
            self.note("E107", f"repeat is {count}", step.repeat.mark, "give a whole number from 0", [step.repeat])
            raise Broken
        self.more_copies(count, step.repeat.mark)
        return int(count)

    def more_copies(self, count: int, mark: Mark) -> None:
        """Count copies. Raises SpecError past the limit."""
        self.copies += count
        if self.copies > MOST_COPIES:
            self.note("E004", f"the spec unrolls to more than {MOST_COPIES:,} copies", mark, "is a repeat mistyped?")
            raise SpecError(self.source, self.problems)

    def share(self, runs: Arg, env: Env, x: Tensor) -> Any:
        """Return the share of training passes in which an item runs."""
        share = self.evaluate(runs, env, x, "runs")
        if isinstance(share, Ratio) and isinstance(share.numerator, int) and isinstance(share.denominator, int):
            share = Fraction(share.numerator, share.denominator)
        if not isinstance(share, (int, Fraction)) or not 0 <= share <= 1:
            self.note("E107", f"runs is {share}", runs.mark, "give a share from 0 to 1", [runs])
            raise Broken
        return share

    def once(
        self,
        step: Step,
        apply: Any,
        x: Tensor,
        others: tuple[Tensor, ...],
        env: Env,
        ids: dict[str, Any],
        owners: dict[str, str],
    ) -> Tensors:
        """Return what one copy of an item makes of x."""
        try:
            if step.shares and step.shares not in owners:
                self.note("E105", f"'{step.shares}' is no layer or block whose weights could be shared", step.word.mark)
                return None
            if type(apply) is Layer:
                shared = owners.get(step.shares) if step.shares else None
                y, name = self.layer(apply, step.word.mark, x, others, env, step.id, shared)
                if step.id is not None:
                    owners[step.id] = name
                return y
            if apply is None:
                return x
            self.depth += 1
            if self.depth > DEEPEST_CALLS:
                self.note("E004", f"more than {DEEPEST_CALLS} blocks and joins inside each other", step.word.mark)
                raise SpecError(self.source, self.problems)
            try:
                if type(apply) is BlockCall:
                    return self.call(apply, step, x, env, owners)
                if type(apply) is Inner:
                    return self.inner(apply, step, (x, *others), env, ids, owners)
                return self.join(apply, step, x, env, ids, owners)
            finally:
                self.depth -= 1
        except Broken:
            return None

    def layer(
        self,
        layer: Layer,
        mark: Mark,
        x: Tensor,
        others: tuple[Tensor, ...],
        env: Env,
        name: str | None,
        shared: str | None = None,
    ) -> tuple[Tensor, str]:
        """Apply a layer, its norm and its activation; return the output and the layer's full name."""
        args = layer.fixed
        norm = self.word(layer.norm, env, x) if layer.norm is not None else None
        if layer.dynamic or (norm is not None and layer.free_bias):
            args = dict(args)
            for argument, arg in layer.dynamic:
                args[argument] = self.evaluate(arg, env, x, f"{argument} of {layer.kind}")
            if norm is not None and layer.free_bias:
                args["bias"] = False
        y = self.apply(layer, args, mark, (x, *others), name, shared)
        path = y.tracer.nodes[-1].name
        if norm is not None:
            y = self.follow(norm, mark, y, env)
        if layer.act is not None:
            act = self.word(layer.act, env, x)
            if act is not None:
                y = self.follow(act, mark, y, env)
        return y, path

    def word(self, arg: Arg, env: Env, x: Tensor) -> str | None:
        """Return the kind of a norm or an activation, None for none."""
        found = self.evaluate(arg, env, x, "norm or act")
        return None if found == NONE else found

    def follow(self, kind: str, mark: Mark, x: Tensor, env: Env) -> Tensor:
        """Apply the norm or activation that a layer asks for, with its arguments of `defaults`."""
        layer = self.compiler.default_layers.get(kind)
        if layer is None:
            layer = self.compiler.completed(Scalar(kind, True, mark), {})
            self.compiler.default_layers[kind] = layer
        args = layer.fixed
        if layer.dynamic:
            args = {**args, **{name: self.evaluate(arg, env, x, f"{name} of {kind}") for name, arg in layer.dynamic}}
        return self.apply(layer, args, mark, (x,), None, None)

    def apply(
        self, layer: Layer, args: dict[str, Any], mark: Mark, tensors: tuple[Tensor, ...], name: str | None, shared: str | None
    ) -> Tensor:
        """Apply a rule through the builder. Raises Broken after noting what it refuses."""
        kind = layer.kind
        self.layers += 1
        if args.get("count_pad") is False:  # the taps of a window without its padding are summed one by one
            sides = args["kernel"] if isinstance(args["kernel"], tuple) else (args["kernel"],)
            self.layers += sum(side for side in sides if type(side) is int and side <= LONGEST_EXACT_WINDOW)
        if self.layers > MOST_LAYERS:
            self.note("E004", f"the spec unrolls to more than {MOST_LAYERS:,} layers", mark, "is a repeat mistyped?")
            raise SpecError(self.source, self.problems)
        tracer, least, most = tensors[0].tracer, RULES[kind].least, RULES[kind].inputs
        if most == 0:
            tensors = ()  # a parameter reads nothing
        elif most is not None and not least <= len(tensors) <= most:
            count = f"{least} to {most}" if least < most else "one" if most == 1 else most
            fact = f"{kind} takes {count} {'tensor' if most == 1 else 'tensors'}"
            hint = f"name them by their ids: from: [{', '.join('abcdef'[:least])}]" if most > 1 else ""
            self.note("E201", f"{fact}, got {len(tensors)}", mark, hint)
            raise Broken
        try:
            y = tracer.apply(kind, tensors, args, name, shared)
        except ModelError as error:
            cause = error.__cause__ if isinstance(error.__cause__, (CostError, AlgebraError)) else error
            if error.valid is not None:
                raise ModelError(f"{self.at(mark)}: {cause.message}", error.hint, error.valid) from error
            self.refused(layer, cause, cause.hint, mark)
            raise Broken from None
        tracer.places[y.index] = (self.source.path, mark.line + 1, mark.column + 1)
        for size in y.shape:
            if type(size) is int and size > expressions.LARGEST:  # sizes that grow with each layer would fill the memory
                self.note("E113", f"{kind} makes a size past 10^30", mark)
                raise Broken
        return y

    def refused(self, layer: Layer, cause: CnncostError, hint: str, mark: Mark) -> None:
        """Note what a rule refuses, under the code for its reason."""
        kind, fact = layer.kind, cause.message
        code = CODE_OF.get(cause.kind, "E201") if isinstance(cause, CostError) else "E201"
        shown = fact if kind in fact or code in ("E204", "E212") else f"{kind}: {fact}"
        self.note(code, shown, mark, hint, [arg for _, arg in layer.dynamic])

    def call(self, call: BlockCall, step: Step, x: Tensor, env: Env, owners: dict[str, str]) -> Tensors:
        """Run a block's steps under a scope of its own, where it may use the weights of an earlier call."""
        block = self.compiler.blocks[call.name]
        self.more_copies(1, step.word.mark)
        inner: Env = dict(self.top)
        own: Env = {}
        where = ", ".join(
            part
            for part in (f"stage {self.stage}" if self.stage else "", "" if self.copy is None else f"copy {self.copy}")
            if part
        )
        for name, default in block.params.items():
            if name in call.args:
                own[name] = self.evaluate(call.args[name], env, x, name)
            elif default is not None:
                own[name] = self.evaluate(default, {**inner, **own}, x, name)
        inner.update(own)
        self.trail.append((call.name, step.word.mark, where, inner))
        outer, self.copy = self.copy, None
        try:
            for name, arg in block.let.items():
                inner[name] = self.evaluate(arg, inner, x, name)
            with self.part(step, call.name, x, owners):
                return self.steps(block.steps, x, inner, {INPUT: x}, {})
        finally:
            self.trail.pop()
            self.copy = outer

    def named(self, name: str, ids: dict[str, Any], mark: Mark) -> Tensors:
        """Return the tensor of an id, or of a layer or scope inside a network of that id."""
        owner, dot, path = name.partition(".")
        if dot and name not in ids and ids.get(owner) is not None:
            known = [key.partition(".")[2] for key in ids if key.startswith(f"{owner}.")]
            top = ", ".join(list(dict.fromkeys(key.partition(".")[0] for key in known))[:12])
            self.note("E106", f"'{owner}' has no layer '{path}'", mark, did_you_mean(path, known, f"its parts: {top}"))
        return ids.get(name)

    def inner(
        self,
        inner: Inner,
        step: Step,
        tensors: tuple[Tensor, ...],
        env: Env,
        ids: dict[str, Any],
        owners: dict[str, str],
    ) -> Tensors:
        """Write a network into this one, whole or in part; its layers and scopes can be named behind its id."""
        x = tensors[0]
        self.more_copies(1, step.word.mark)
        values = {name: self.evaluate(arg, env, x, name) for name, arg in inner.params.items()}
        tracer, start = x.tracer, len(x.tracer.nodes)
        name = step.id or re.sub(r"[^A-Za-z0-9_-]+", "_", inner.model.name)
        try:
            model = inner.model.with_settings(**values)
            function = Partial(replace(model, expect=None), inner.cut) if inner.cut else model.function
            with self.part(step, name, x, owners):
                prefix = tracer.prefix
                made = function(*tensors, **model.settings)
        except (UsageError, ModelError) as error:
            if isinstance(error, ModelError) and error.valid is not None:
                raise
            self.note("E201", error.message, step.word.mark, error.hint)
            raise Broken from None
        if step.id is not None:
            for index in range(start, len(tracer.nodes)):
                path = tracer.nodes[index].name[len(prefix) :]
                y = Tensor(tracer, index, tracer.nodes[index].cost.shape)
                while path:
                    ids[f"{step.id}.{path}"] = y
                    path = path.rpartition(".")[0]
        return made[-1] if isinstance(made, tuple) and inner.many else made[0] if isinstance(made, tuple) else made

    @contextmanager
    def part(self, step: Step, name: str, x: Tensor, owners: dict[str, str]) -> Iterator[None]:
        """Open the scope of a block, or of a network inside this one. Raises Broken after noting weights that do not fit."""
        try:
            with x.scope(step.id or name), x.shares(owners.get(step.shares) if step.shares else None):
                if step.id is not None:
                    owners[step.id] = x.tracer.prefix.rstrip(".")
                yield
        except ModelError as error:
            if step.shares is None or error.valid is not None:
                raise
            self.note("E201", error.message, step.word.mark, error.hint)
            raise Broken from None

    def join(self, join: Join, step: Step, x: Tensor, env: Env, ids: dict[str, Any], owners: dict[str, str]) -> Tensors:
        """Run the branches and merge them."""
        found: list[Tensors] = []
        for name, branch in join.branches:
            with x.scope(name) if name is not None and not isinstance(branch, str) else nullcontext():
                if isinstance(branch, str):
                    found.append(x if branch == "identity" else self.named(branch, ids, step.word.mark))
                elif isinstance(branch, Project):
                    found.append(self.project(branch, x, found[0], env))
                else:
                    found.append(self.steps(branch, x, env, ids, owners))
        tensors = tuple([tensor for tensor in found if tensor is not None])
        if len(tensors) < len(found):
            return None
        return self.merged(join.layer, step, tensors, env)

    def merged(self, layer: Layer, step: Step, tensors: tuple[Tensor, ...], env: Env) -> Tensor:
        """Return the branches as one tensor."""
        args = dict(layer.fixed)
        for argument, arg in layer.dynamic:
            args[argument] = self.evaluate(arg, env, tensors[0], f"{argument} of {layer.kind}")
        try:
            y = tensors[0].tracer.apply(layer.kind, tensors, args, step.id, None)
            y.tracer.places[y.index] = (self.source.path, step.word.mark.line + 1, step.word.mark.column + 1)
            return y
        except ModelError as error:
            cause = error.__cause__ if isinstance(error.__cause__, (CostError, AlgebraError)) else error
            if error.valid is not None:
                raise ModelError(f"{self.at(step.word.mark)}: {cause.message}", error.hint, error.valid) from error
            hint = "bring the shortcut to the shape of the first branch: project" if layer.kind == "add" else cause.hint
            self.refused(layer, cause, hint, step.word.mark)
            raise Broken from None

    def project(self, project: Project, x: Tensor, target: Tensors, env: Env) -> Tensors:
        """Return x where it has the shape of the target, else its projection to that shape."""
        if target is None:
            return None
        goal = target.shape
        if len(goal) == len(x.shape) and all(same(a, b) for a, b in zip(goal, x.shape, strict=True)):
            return x
        if len(goal) != 3 or len(x.shape) != 3:
            self.note("E203", "project makes maps fit, not features", project.mark, "add a linear layer in the branch")
            return None
        strides = [self.stride(size, wanted) for size, wanted in zip(x.shape[1:], goal[1:], strict=True)]
        if None in strides:
            fact = f"no stride makes {x.shape[1]}×{x.shape[2]} to {goal[1]}×{goal[2]}"
            self.note("E203", f"project cannot follow the first branch: {fact}", project.mark)
            return None
        stride = strides[0] if strides[0] == strides[1] else tuple(strides)
        layer = replace(project.layer, fixed={**project.layer.fixed, "out": goal[0], "stride": stride})
        try:
            with x.scope("project"):
                return self.layer(layer, project.mark, x, (), env, None)[0]
        except Broken:
            return None

    @staticmethod
    def stride(size: Any, wanted: Any) -> int | None:
        """Return the least s with ⌈size / s⌉ = wanted."""
        if isinstance(size, int) and isinstance(wanted, int):
            s = -(-size // wanted)
            return s if -(-size // s) == wanted else None
        return next((s for s in range(1, LARGEST_STRIDE + 1) if same((size + s - 1) // s, wanted)), None)


CODE_OF = {
    Refusal.FEATURES: "E202",
    Refusal.BRANCHES: "E203",
    Refusal.WINDOW: "E204",
    Refusal.GROUPS: "E212",
}


@contextmanager
def named_stage(run: Run, x: Tensor, name: str) -> Iterator[None]:
    """Put layers under a stage, in tables and in trails."""
    outer, run.stage = run.stage, name
    try:
        with x.scope(name):
            yield
    finally:
        run.stage = outer
