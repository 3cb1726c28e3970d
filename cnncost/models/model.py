"""What a network is before it is traced: a function of tensors, its settings and its input; families and their variants."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import field, replace
from fractions import Fraction
from typing import Any, TypeAlias, TypeVar

from cnncost.base.errors import CnncostError, ModelError, UsageError, did_you_mean
from cnncost.base.poly import Num
from cnncost.base.record import dataclass
from cnncost.base.showable import Tabled
from cnncost.graph.bits import Quantised, read_bits, read_density, require_layers
from cnncost.graph.fold import fold, kinds_to_fold
from cnncost.graph.graph import INPUT, Graph, Outputs, Tensor, reads, trace
from cnncost.models.meanings import MEANINGS
from cnncost.models.parts import Cut, Partial, partial
from cnncost.models.settings import MISSING, Setting, declared, leading, shown, tensors
from cnncost.rules.shapes import Signal

F = TypeVar("F", bound=Callable[..., Outputs])

AXES = "CHW"  # of an input: channels, height, width
AXES_OF = {2: "CL", 3: AXES, 4: "CDHW"}  # of a map, by how many it has

Inputs: TypeAlias = tuple[Num, ...] | Mapping[str, Any]  # a shape; of several inputs the shapes by name, in order
Input: TypeAlias = Inputs | Callable[[Mapping[str, Num]], Inputs]  # or a function of the settings


STRICT: ContextVar[bool] = ContextVar("strict", default=False)  # whether a network of which something is not counted is refused


def _require_counted(name: str, graph: Graph) -> None:
    """Raise UsageError where the cost of a layer is not known."""
    said = [note for note in graph.notes if note.startswith("not counted")]
    layers = [f"'{node.name}' ({node.args['op']})" for node in graph.nodes if node.kind == "opaque"]
    if layers or said:
        more = f" and {len(layers) - 3} more" if len(layers) > 3 else ""
        fact = f"no rule for {', '.join(layers[:3])}{more}" if layers else said[0]
        raise UsageError(f"{name}: {fact}", "without --strict the others are counted, and these are named below the table")


@dataclass(frozen=True, repr=False)
class Model(Tabled):
    """A network that can be traced: a function of a tensor, or of several, with settings."""

    name: str
    function: Callable[..., Outputs]
    input: Input | None  # (C, H, W) unless another is asked for; of several tensors by name, a shape that is not known None
    settings: Mapping[str, Any] = field(default_factory=dict)  # those that differ from the function's defaults
    family: str = ""
    source: str = ""
    spelling: Mapping[str, str] = field(default_factory=dict)  # of torchvision's definition, as in `Graph`
    in_place: tuple[str, ...] = ()  # as in `Graph`
    expect: Any = None  # what must come out under its own settings, as in `Graph`
    quantised: Quantised | None = None  # bits by layer, and the density of the weights
    fold: tuple[str, ...] = ()  # layer types that disappear into the layers before them

    @property
    def declared(self) -> dict[str, Setting]:
        """The settings that can be changed, by name, with their present values: the function's parameters after the tensors."""
        now = self.settings
        found = self._declared
        return {name: replace(one, default=now[name]) if name in now else one for name, one in found.items()}

    def meaning(self, name: str) -> str:
        """Return what a setting means: a line `name: …` of the function's docstring, or what the zoo says of it, or nothing."""
        lines = (getattr(self.function, "__doc__", None) or "").splitlines()
        said = (line.strip() for line in lines if re.match(rf"\s*`?{re.escape(name)}`?:\s", line))
        own = next((line.partition(":")[2].strip() for line in said), "")
        return own or (MEANINGS.get(name, "") if getattr(self.function, "variants", ()) else "")

    @property
    def values(self) -> dict[str, Any]:
        """Every setting with its present value."""
        return {name: setting.default for name, setting in self._declared.items()} | dict(self.settings)

    @property
    def _declared(self) -> dict[str, Setting]:
        count = len(self.input) if isinstance(self.input, Mapping) else len(tensors(self.function))
        return declared(self.function, count)

    @property
    def inputs(self) -> dict[str, tuple[Num, ...] | None]:
        """The shape of one example by the name of each input; None for one that has to be given; empty where none is known.

        >>> from cnncost.models.load import load
        >>> load("resnet50").inputs
        {'input': (3, 224, 224)}
        """
        own = self.input(self.values) if callable(self.input) else self.input
        if isinstance(own, Mapping):
            return dict(own)
        names = tensors(self.function)
        return {INPUT: own} if own is not None else dict.fromkeys(names) if len(names) > 1 else {}

    @property
    def shape(self) -> tuple[Num, ...] | None:
        """The (first) input of one example under the present settings."""
        own = self.input(self.values) if callable(self.input) else self.input
        return next(iter(own.values()), None) if isinstance(own, Mapping) else own

    def setting(self, name: str) -> Setting:
        """Return a setting, `width`, or an entry of one, `depths.2` (from 0). Raises UsageError, with the nearest names."""
        base, dot, place = name.partition(".")
        settings = self.declared
        if base not in settings:
            raise UsageError(f"{self.name} has no setting '{base}'", self._known(base))
        setting = settings[base]
        if not dot:
            return setting
        now = setting.default
        if setting.kind != "list" or not isinstance(now, Sequence) or not place.isdecimal() or int(place) >= len(now):
            entries = f"{base} is {shown(now)}" + (f": its entries are 0 to {len(now) - 1}" if setting.kind == "list" else "")
            raise UsageError(f"{self.name} has no setting '{name}'", entries)
        return setting.at(int(place))

    def with_settings(self, /, **settings: Any) -> Model:
        """Return the model with some settings changed; `**{"depths.2": 8}` changes an entry of one.

        Raises UsageError for a setting that it does not have and for a value that a setting does not take.
        """
        model = self
        for name, value in settings.items():
            value = model.setting(name).checked(value)
            base, dot, place = name.partition(".")
            if dot:
                now = model.values[base]
                value = (*now[: int(place)], value, *now[int(place) + 1 :])
            model = replace(model, settings={**model.settings, base: value})
        return model

    def set(self, assignments: Sequence[str]) -> Model:
        """Return the model with settings given as text, `width=32`, `depths=3,4,6,3`, or one entry, `depths.2=8` (from 0)."""
        model = self
        for assignment in assignments:
            name, equals, text = assignment.partition("=")
            name = name.strip()
            if not equals:
                raise UsageError(f"'{assignment}' sets nothing", "write NAME=VALUE, as in width=32")
            model = model.with_settings(**{name: model.setting(name).read(text)})
        return model

    @property
    def axes(self) -> str:
        """The symbols of the axes of the (first) input, where it is a map: "CHW"; "" where it is features or tokens."""
        shape = self.shape
        if shape is None:
            return AXES
        return "" if len(shape) == 2 and not self._reads_a_signal() else AXES_OF.get(len(shape), "")

    def _reads_a_signal(self) -> bool:
        """Whether an input of two axes is read as a C×L map rather than as tokens: by a convolution, say."""
        try:
            nodes = self.trace().nodes
        except CnncostError:
            return False
        return any(node.inputs[:1] == (0,) and isinstance(node.cost.shape, Signal) for node in nodes)

    def input_at(self, sizes: Mapping[str, Num]) -> Inputs:
        """Return the input with some of its sizes changed, by axis: C, H and W. Raises UsageError where it has none of them.

        Of several inputs all maps that are as large as the first are changed in the same way.
        """
        shapes = self.inputs
        if not shapes:
            if not set(sizes) >= set(AXES):
                raise UsageError(f"{self.name} has no input size of its own", "give one: --input 3,224,224")
            return tuple(sizes[axis] for axis in AXES)
        found = self.resized(sizes)
        self._all_known(found if isinstance(found, Mapping) else {INPUT: found})
        return found

    def resized(self, sizes: Mapping[str, Num]) -> Inputs:
        """Return the input as `input_at` does, sizes that are not known among it. Raises UsageError where there is no map."""
        shapes = self.inputs
        axes = self.axes if sizes else ""
        maps = [shape for shape in shapes.values() if shape is not None and len(shape) == len(axes)]
        unknown = next((axis for axis in sizes if axis not in axes or not maps), None)
        if unknown is not None:
            read = f"reads {'×'.join(axes)}" if axes and axes != AXES else "reads no C×H×W map"
            raise UsageError(f"{self.name} {read}, so its input has no {unknown}")
        found: dict[str, Any] = dict(shapes)
        for name, shape in shapes.items() if sizes else ():
            if shape in maps and shape[1:] == maps[0][1:] and ("C" not in sizes or shape[0] == maps[0][0]):
                found[name] = tuple(sizes.get(axis, size) for axis, size in zip(axes, shape, strict=True))
        return found if len(found) > 1 or isinstance(self.input, Mapping) else next(iter(found.values()))

    def _all_known(self, shapes: Mapping[str, Any]) -> None:
        """Raise UsageError where a size is not known: a file may leave some open."""
        for name, shape in shapes.items():
            if shape is None:
                raise UsageError(f"{self.name} reads {_listed(shapes)}; '{name}' has no size", self._how_to_give([name]))
            if None in shape:
                known = ",".join("…" if size is None else str(size) for size in shape)
                which, given = (f"'{name}'", f"{name}=") if len(shapes) > 1 else ("its input", "")
                way = f"--input {given}{known} with a number for each …"
                if len(shape) == 3 and shape[0] is not None and shape[1:] == (None, None):
                    way = f"--size 224, or all of it: --input {given}{shape[0]},224,224"
                raise UsageError(f"{self.name} leaves sizes of {which} open: {known}", f"give them: {way}")

    def _how_to_give(self, names: Sequence[str]) -> str:
        return f"give {'it' if len(names) == 1 else 'each'} a shape: " + " ".join(f"--input {name}=3,224,224" for name in names)

    def reading(self, input: Sequence[Any] | Mapping[str, Sequence[Any]]) -> Inputs:
        """Return another input in the form of `input`: of several inputs those that are not named stay as they are.

        Raises UsageError for a name that it does not read, and for one shape where it reads several.
        """
        known = self.inputs
        if not isinstance(input, Iterable):
            size = f"(channels, {input}, {input})" if isinstance(input, int) else "(channels, height, width)"
            raise UsageError(f"the input {input!r} of {self.name} is no shape", f"give the shape of one example: {size}")
        if not isinstance(input, Mapping):
            if len(known) > 1:
                raise UsageError(f"{self.name} reads {_listed(known)}", self._how_to_give([*known]))
            return {next(iter(known)): tuple(input)} if isinstance(self.input, Mapping) else tuple(input)
        names = [*known] or [*(leading(self.function, len(input)) or input)]
        for name in input:
            if name not in names:
                one = f"{self.name} reads one input" if len(known) == 1 else f"{self.name} reads no input '{name}'"
                hint = "give its shape alone: --input 3,224,224" if len(known) == 1 else f"it reads {_listed(names)}"
                raise UsageError(one, did_you_mean(name, names, hint) if len(known) > 1 else hint)
        found: dict[str, Any] = {name: tuple(input[name]) if name in input else known.get(name) for name in names}
        return found if len(found) > 1 or isinstance(self.input, Mapping) else tuple(*found.values())

    def trace(self, input: Sequence[Any] | Mapping[str, Sequence[Any]] | None = None, /, **settings: Any) -> Graph:
        """Return the graph for an input of one example, (C, H, W), or for several by name; settings as keyword arguments.

        `size=160` (or `size=(160, 320)`), `H=`, `W=` and `C=` change the model's own input, `input=(3, 160, 160)` is all of it,
        `input={"left": (3, 256, 512)}` one of several.

        >>> from cnncost.models.load import load
        >>> load("resnet50").trace(size=160, width=32).input
        (3, 160, 160)

        Raises UsageError for settings and sizes that cannot be, ModelError where a layer cannot be applied.
        """
        own = self._declared
        words = {name: settings.pop(name) for name in ("input", "size", *"CDHWL") if name in settings and name not in own}
        model = self.with_settings(**settings)
        given = words.pop("input", None) if input is None else input
        if given is not None and words:
            raise UsageError(f"input and {', '.join(words)} both say how large the input is", "give one of them")
        if given is not None:
            model = replace(model, input=model.reading(given))
        shape = (
            model.input_at(_axes(words, model.axes if words else "")) if given is None or isinstance(given, Mapping) else given
        )
        missing = [name for name, setting in own.items() if setting.default is MISSING and name not in model.settings]
        if missing:
            remedy = f"give one: --set {missing[0]}=…, or --input {missing[0]}=3,224,224 where it is a tensor"
            raise UsageError(f"{self.name} needs a value for '{missing[0]}'", remedy)
        try:
            graph = trace(model.function, shape, self.name, **model.settings)
        except ModelError as error:
            named = error.of(self.name)
            if named is error:  # a spec's says where it is; nothing is its own cause
                raise
            raise named from error
        expect = model.expect if model.expect is not None and model.expect.concerns(model.values, graph.inputs) else None
        if STRICT.get():
            _require_counted(self.name, graph)
        about = {"source": model.source, "settings": model.values}
        quantised = graph.quantised
        if model.quantised is not None:
            require_layers(self.name, [node.name for node in graph.layers], model.quantised.bits)
            quantised = quantised.with_more(model.quantised.bits, model.quantised.density)
        graph = replace(
            graph, spelling=model.spelling, in_place=model.in_place, expect=expect, about=about, quantised=quantised
        )
        return fold(graph, model.fold) if model.fold else graph

    def __call__(
        self,
        *tensors: Tensor,
        name: str | None = None,
        start: str | None = None,
        until: str | Sequence[str] | None = None,
        head: bool = True,
        shared: str | None = None,
        **settings: Any,
    ) -> Any:
        """Write the network, or a part of it, into the network of some tensors, below a scope `name`; return its output.

        `until` names the layer or scope to end with, or several, whose outputs are returned as a tuple; `start` the one to
        begin with; with `head=False` it ends with its last map. `shared` names an earlier scope whose weights it uses.

        >>> import cnncost
        >>> def detector(x):
        ...     c3, c4, c5 = cnncost.load("resnet18")(x, name="body", until=("layer2", "layer3", "layer4"))
        ...     return c5.upsample(2).conv(256, 1).add(c4).conv(128, 1).upsample(2).add(c3)
        >>> cnncost.trace(detector, (3, 512, 512)).output
        (128, 64, 64)

        Raises UsageError for a layer or a setting that it does not have, ModelError where a layer does not fit.
        """
        if not tensors:
            raise UsageError(f"{self.name} is called without a tensor", "give it one: model(x); for its graph: model.trace()")
        self.require_plain("a network", "give them to the whole: Model(…).folded()")
        model = self.with_settings(**settings)
        cut = Cut(start, until if until is None or isinstance(until, str) else tuple(until), head)
        function = Partial(replace(model, expect=None), cut) if cut else model.function
        with tensors[0].scope(name or _scope(self.name)), tensors[0].shares(shared):
            return function(*tensors, **model.settings)

    def with_bits(self, *bits: str, density: str | float | Fraction = 1) -> Model:
        """Return the model with bits for its numbers: "4" for all, "w4a8" (weights, activations), "conv1=8" for one layer.

        A layer may be a scope, too; what is said of the nearest holds. `density` is the share of the weights that is not zero.

        >>> import cnncost
        >>> quantised = cnncost.load("resnet18").with_bits("4", "conv1=8", "fc=8")
        >>> cnncost.analyze(quantised).total["bops"]
        34714419200

        Raises UsageError for what says no bits; a layer that it does not have is refused when it is traced.
        """
        share = read_density(density if isinstance(density, str) else str(density)) if density != 1 else Fraction(1)
        return replace(self, quantised=(self.quantised or Quantised()).with_more(dict(map(read_bits, bits)), share))

    def folded(self, *kinds: str) -> Model:
        """Return the model with norms folded into the layers before them: of these layer types, by default batch norms.

        >>> from cnncost.models.load import load
        >>> sum(node.kind == "batch_norm" for node in load("resnet18").folded().trace())
        0

        Raises UsageError for a layer type that cannot be folded.
        """
        return replace(self, fold=kinds_to_fold(",".join(kinds) or "batch_norm"), expect=None)

    def require_plain(self, where: str, hint: str) -> None:
        """Raise UsageError where norms are folded or numbers have bits: that is said of a whole network, not of a part."""
        if self.fold or self.quantised:
            raise UsageError(f"{self.name} has {'folded norms' if self.fold else 'bits of its own'} inside {where}", hint)

    def part(self, start: str | None = None, until: str | None = None, head: bool = True) -> Model:
        """Return a part of the network as a model: from a layer or scope on, up to one, or without its head.

        >>> from cnncost.models.load import load
        >>> load("vgg16").part(until="features.9").trace().output
        (128, 56, 56)

        Raises UsageError for a layer that it does not have.
        """
        found: Model = partial(self, Cut(start, until, head))
        return found

    def __repr__(self) -> str:
        changed = ", ".join(f"{name}={shown(value)}" for name, value in self.settings.items())
        shapes = self.inputs
        known = {name: shape for name, shape in shapes.items() if shape is not None}
        read = f": {reads(known)}" if known and len(known) == len(shapes) else ""
        return f"<Model {self.name}{f' ({changed})' if changed else ''}{read}>"

    def _known(self, word: str) -> str:
        if word in ("size", "input", "batch", "dtype", "convention", "bits", "density"):
            return f"it is no setting, but an option: --{word} …"
        values = self.values
        if not values:
            return "it has no settings" + (": give them to a member, in quotes" if self.family == "ensemble" else "")
        listed = ", ".join(f"{name}={shown(value)}" for name, value in values.items())
        meaning = f"; what they mean: cnncost settings {self.name}" if self.source else ""
        return did_you_mean(word, values) or f"its settings: {listed}{meaning}"


def _scope(name: str) -> str:
    """Return a model's name as that of a scope, in which dots would open others."""
    return name.replace(".", "_")


def _listed(names: Iterable[str]) -> str:
    """Return how many inputs there are, and their names."""
    listed = [*names]
    return f"{len(listed)} inputs ({', '.join(listed)})" if len(listed) != 1 else f"one input ({listed[0]})"


def _axes(words: Mapping[str, Any], axes: str) -> dict[str, Num]:
    """Return the sizes of an input by axis, of which `size` gives all but the channels."""
    sizes: dict[str, Num] = {}
    for name, value in words.items():
        parts = tuple(value) if name == "size" and isinstance(value, (tuple, list)) else (value,)
        spatial = axes[1:] or AXES[1:]
        if len(parts) not in (1, len(spatial)):
            many = {1: "", 2: ", or (height, width)", 3: ", or (depth, height, width)"}[len(spatial)]
            raise UsageError(f"size={value!r} has {len(parts)} numbers", f"give one number{many}")
        checked = [Setting(name, "size", None, low=1).checked(part) for part in parts]
        each = checked if len(checked) > 1 else checked * len(spatial)
        sizes |= dict(zip(spatial, each, strict=True)) if name == "size" else {name: checked[0]}
    return sizes


def variant(
    *, input: Input | None = None, source: str | None = None, **settings: Any
) -> tuple[Input | None, str | None, dict[str, Any]]:
    """Return one row of a family's table: its settings, and its input and source where they differ from the family's."""
    return input, source, settings


def family(
    title: str,
    *,
    source: str,
    input: Input = (3, 224, 224),
    spelling: Mapping[str, str] | None = None,
    in_place: tuple[str, ...] = (),
    **variants: tuple[Input | None, str | None, dict[str, Any]],
) -> Callable[[F], F]:
    """Make a model function a family: `variants` are rows made with `variant`, by model name.

    `spelling` says which layers torchvision's definition calls as functions, as in `Graph`: some tools count modules only.
    `in_place` names kinds that its definition lets overwrite their first input: `("add",)` where it says `out += identity`.
    """

    def enter(function: F) -> F:
        rows = tuple(
            Model(name, function, size or input, settings, title, paper or source, spelling or {}, in_place)
            for name, (size, paper, settings) in variants.items()
        )
        function.variants = rows  # type: ignore[attr-defined]  # a function's own attribute
        return function

    return enter
