"""The options that commands share, and what they do."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import click

from cnncost.base import usual
from cnncost.base.errors import CnncostError, UsageError, did_you_mean, each
from cnncost.base.files import unwritable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from cnncost.measures.devices import Device
    from cnncost.measures.report import Report
    from cnncost.models.model import Model
    from cnncost.show.table import Table

FROM = "Only the part from this layer or scope on, with it."


class Changes(NamedTuple):
    """What options make of a network: a part of it, bits for its numbers, norms folded."""

    start: str | None = None
    until: str | None = None
    head: bool = True
    bits: tuple[str, ...] = ()
    density: str | None = None
    fold: str | None = None

    def __bool__(self) -> bool:
        return self != Changes()

    def of(self, model: Model) -> Model:
        """Return the changed model. Raises UsageError for what cannot be."""
        from cnncost.graph.fold import kinds_to_fold

        found = model.part(self.start, self.until, self.head)
        if self.bits or self.density:
            found = found.with_bits(*self.bits, density=self.density or 1)
        return found.folded(*kinds_to_fold(self.fold)) if self.fold is not None else found

    @property
    def words(self) -> list[str]:
        """The options that ask for the part, as they are typed behind a model."""
        ends = (("--from", self.start), ("--until", self.until))
        return [*(f"{option} {name}" for option, name in ends if name), *([] if self.head else ["--no-head"])]


NONE = Changes()

F = TypeVar("F", bound=Callable[..., Any])

if TYPE_CHECKING:  # generic for type checkers; not subscriptable at run time before click 8.3
    _ParamType = click.ParamType[str]
else:
    _ParamType = click.ParamType

FORMATS = (
    "terminal",
    "plain",
    "json",
    "csv",
    "tsv",
    "markdown",
    "latex",
    "html",
)  # those of cnncost.render, named here for --help


WAYS = ("scope", "stage", "resolution", "type")  # those of cnncost.measures.groups, named here for --help


class Name(_ParamType):
    """A value out of a list of names, which completes and answers a near miss."""

    def __init__(self, what: str, known: Callable[[], Iterable[str]], several: bool = False) -> None:
        self.name = what
        self.known = known
        self.several = several  # names separated by commas, checked where they are used

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name, or raise UsageError with the nearest ones."""
        known = list(self.known())
        if not self.several and value not in known:
            near = did_you_mean(self.meant(value), known, f"known: {', '.join(known)}")
            raise UsageError(f"unknown {self.name} '{value}'", near)
        return value

    def meant(self, value: str) -> str:
        """Return the word to look for near names."""
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the names that begin as typed."""
        from click.shell_completion import CompletionItem

        done, comma, word = incomplete.rpartition(",") if self.several else ("", "", incomplete)
        return [CompletionItem(done + comma + name) for name in self.known() if name.startswith(word)]


def _dtypes() -> Iterable[str]:
    from cnncost.base.units import DTYPES

    return DTYPES


def _conventions() -> Iterable[str]:
    from cnncost.counting import ALIASES, MODULE_OF

    return (*MODULE_OF, *ALIASES)


def _columns() -> Iterable[str]:
    from cnncost.show.tables.columns import COLUMN_NAMES

    return COLUMN_NAMES


def _devices() -> Iterable[str]:
    from cnncost.measures.devices import DEVICES

    return DEVICES


def _kinds() -> Iterable[str]:
    from cnncost.rules import RULES

    return RULES


class Dtype(Name):
    """A dtype; what other programs call it is answered with its name here."""

    def meant(self, value: str) -> str:
        """Return the dtype that another name means."""
        from cnncost.base.units import ALSO

        return ALSO.get(value.lower(), value)


class ConventionName(Name):
    """The name of a convention, or a YAML file that states one."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name, or raise UsageError with what is meant; a file is read where it is used."""
        from cnncost.counting import convention
        from cnncost.counting.convention import SUFFIXES

        if not value.endswith(SUFFIXES) and value not in self.known():
            convention(value)  # raises what is wrong with it
        return value


COLUMNS = Name("column", _columns, several=True)
CONVENTION = ConventionName("convention", _conventions)
CONVENTIONS = Name("convention", _conventions, several=True)
DEVICE = Name("device", _devices)
KIND = Name("layer type", _kinds)


def complete_model(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the zoo's names that begin as typed; where there are none, have the shell complete files."""
    from click.shell_completion import CompletionItem

    from cnncost.models.load import names

    return [CompletionItem(name) for name in names(incomplete)] or [CompletionItem(incomplete, type="file")]


def _runs_code(reference: str) -> bool:
    """Whether a model is somebody's own function: completion must not import what it lies in."""
    from cnncost.models.load import in_a_file

    return any(":" in word and not in_a_file(word) for word in reference.split())


def complete_setting(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the settings of the models typed so far, as NAME=."""
    from click.shell_completion import CompletionItem

    from cnncost.models.load import load

    given = ctx.params.get("model") or ctx.params.get("models") or ctx.args  # args, while an option still lacks its value
    found: list[str] = []
    for reference in [given] if isinstance(given, str) else given:
        if _runs_code(reference):
            continue
        with suppress(CnncostError):
            found += [f"{name}=" for name in load(reference).declared if name.startswith(incomplete)]
    return [CompletionItem(name) for name in dict.fromkeys(found)]


def complete_unknown(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return what of the model typed so far can be a symbol or be solved for: its settings, its input's sizes, the batch."""
    from click.shell_completion import CompletionItem

    from cnncost.models.instance import Instance
    from cnncost.models.load import load

    reference = ctx.params.get("model") or ctx.args[0]
    if _runs_code(reference):
        return []
    with suppress(CnncostError):
        names = Instance(load(reference)).settings()
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return []


def output_options(function: F, formats: Sequence[str] = FORMATS) -> F:
    """Add --format, -o and --exact."""
    for option in (
        click.option("--exact", is_flag=True, help="Every digit, no rounding; JSON and CSV are always exact."),
        click.option("-o", "--output", "path", metavar="FILE", help="Write to FILE, in the format of its suffix."),
        click.option(
            "--format",
            "format",
            type=Name("format", lambda: formats),
            metavar="FORMAT",
            help=f"One of {', '.join(formats)}.",
        ),
    ):
        function = option(function)
    return function


def unit_option(function: F) -> F:
    """Add --unit to a command that shows memory; `show` reads it."""

    def keep(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
        from cnncost.base.units import byte_unit

        context.meta[UNIT] = "" if value is None else byte_unit(value)

    words = "Unit of memory: B, KB, MB, GB, KiB, MiB, GiB; auto for short figures.  [default: KB, or what its size asks for]"
    return click.option("--unit", metavar="UNIT", expose_value=False, callback=keep, help=words)(function)


UNIT = "cnncost.unit"  # where a command keeps it


def network_options(function: F, begins: bool = True) -> F:
    """Add the options that change the network: --set, --size, --input, --until, --bits, --fold, --assume, …"""

    @functools.wraps(function)
    def assuming(
        *args: Any,
        assume: tuple[str, ...],
        strict: bool,
        settings: tuple[str, ...],
        until: str | None,
        no_head: bool,
        bits: tuple[str, ...],
        density: str | None,
        fold: str | None,
        start: str | None = None,
        **options: Any,
    ) -> Any:
        from cnncost.models.model import STRICT

        said = (f"assume={','.join(assume)}",) if assume else ()  # a setting of networks in files
        changes = Changes(start, until, not no_head, bits, density, fold)
        token = STRICT.set(strict)
        try:
            return function(*args, settings=(*settings, *said), changes=changes, **options)
        finally:
            STRICT.reset(token)

    taking = cast(F, assuming)
    for option in (
        click.option("--strict", is_flag=True, help="Refuse a network in a file of which something is not counted."),
        click.option(
            "--assume",
            multiple=True,
            metavar="TYPE=WHAT",
            help="What an unknown layer type of a file stands for: identity, or FILE.yaml, a spec of its layers.",
        ),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="NAME=VALUE",
            shell_complete=complete_setting,
            help="Change a setting of the family: width=32, depths=3,4,6,3, depths.2=8.",
        ),
        click.option("--fold", metavar="A,B,…", help="Layer types that disappear into the layers before them: batch_norm."),
        click.option("--density", metavar="SHARE", help="The share of the weights that is not zero: 0.33; for model_size."),
        click.option(
            "--bits",
            multiple=True,
            metavar="[LAYER=]BITS",
            help="Bits of weights and activations, for bops and model_size: 4, w4a8, conv1=8.",
        ),
        click.option("--no-head", is_flag=True, help="Without what follows the last map: pooling, flattening, the classifier."),
        click.option("--until", metavar="LAYER", help="Only the part up to this layer or scope, with it."),
        *([click.option("--from", "start", metavar="LAYER", help=FROM)] if begins else []),
        click.option("--size", metavar="S", help="Height and width of the input: 224, or 224x320."),
        click.option(
            "--input",
            "input",
            multiple=True,
            metavar="C,H,W",
            help="The whole input shape; of several inputs each by its name: left=3,256,512.",
        ),
    ):
        taking = option(taking)
    return taking


def model_options(function: F, begins: bool = True) -> F:
    """Add the options that change the network or the counting."""
    for option in (
        click.option(
            "--convention",
            type=CONVENTION,
            default=usual.CONVENTION,
            show_default=True,
            metavar="NAME",
            help="How to count: a name from cnncost conventions, or a YAML file.",
        ),
        click.option(
            "--dtype",
            type=Dtype("dtype", _dtypes),
            default=usual.DTYPE,
            show_default=True,
            metavar="DTYPE",
            help="What a number is stored as.",
        ),
        click.option("--batch", metavar="N", default="1", show_default=True, help="Batch size: examples at once."),
    ):
        function = option(function)
    return network_options(function, begins)


def _optimizers() -> Iterable[str]:
    from cnncost.measures.precision import OPTIMIZERS

    return OPTIMIZERS


def _checkpoints() -> Iterable[str]:
    from cnncost.measures.checkpoints import CHECKPOINTS

    return CHECKPOINTS


def training_options(function: F) -> F:
    """Add the options that say how the network is trained, for its training memory and training FLOPs."""
    for option in (
        click.option(
            "--checkpoint",
            type=Name("checkpointing", _checkpoints),
            default="none",
            show_default=True,
            metavar="WHICH",
            help="Keep only what segments read, and compute them again: none, blocks, or sqrt for √n segments.",
        ),
        click.option(
            "--dtypes",
            default="",
            metavar="PART=DTYPE,…",
            help="What parts are stored as in training: mixed, or activations=float16,masks=uint8, …",
        ),
        click.option(
            "--optimizer",
            type=Name("optimizer", _optimizers),
            default="sgd",
            show_default=True,
            metavar="NAME",
            help="none, sgd, momentum or adam.",
        ),
    ):
        function = option(function)
    return function


def weights_option(function: F) -> F:
    """Add --weights."""
    return click.option(
        "--weights",
        type=Name("weights", _weights),
        metavar="NAME",
        help="Whose accuracy top1 and top5 are: V1, V2, best, …  [default: the first that were published]",
    )(function)


def _weights() -> Iterable[str]:
    from cnncost.measures.accuracy import spellings

    return ("all", *spellings()) if click.get_current_context().command.name == "list" else spellings()


TRAINING = ("optimizer", "dtypes", "checkpoint")  # what `training_options` gives a command


def packed(counting: dict[str, Any]) -> dict[str, Any]:
    """Return how to count with the options of `training_options` as one value, where a command has them."""
    given = {name: value for name, value in counting.items() if name in TRAINING}
    if not given:
        return counting
    from cnncost.measures.precision import Setup

    return {**{name: value for name, value in counting.items() if name not in TRAINING}, "trained": Setup(**given)}


def device_options(function: F) -> F:
    """Add the options that say which device bounds the network."""
    for option in (
        click.option("--bandwidth", metavar="RATE", help="Bytes a second, as in 3.35T; in place of the device's."),
        click.option(
            "--peak", metavar="RATE", help="Operations a second, as in 60T, a multiply-add being two; in place of the device's."
        ),
        click.option(
            "--device", type=DEVICE, metavar="NAME", help="A device of the roofline: a100, h100, …; adds its bound per layer."
        ),
    ):
        function = option(function)
    return function


def chosen_device(name: str | None, peak: str | None, bandwidth: str | None) -> Device | None:
    """Return the device that the options ask for, if any."""
    if not (name or peak or bandwidth):
        return None
    from cnncost.measures.devices import device

    return device(name, peak, bandwidth)


def chosen(
    reference: str | Model, input: Sequence[str], size: str | None, settings: Sequence[str], changes: Changes = NONE
) -> Model:
    """Return the model that a reference loads, with the settings and the input that the options ask for, or a part of it."""
    from cnncost.models.load import load
    from cnncost.models.model import Model
    from cnncost.models.reference import sized

    return changes.of(sized((reference if isinstance(reference, Model) else load(reference)).set(settings), input, size))


def reports(
    models: Sequence[str | Model],
    input: Sequence[str],
    size: str | None,
    settings: Sequence[str],
    changes: Changes = NONE,
    **counting: Any,
) -> list[Report]:
    """Return the report of each model, or of what a reference loads, under the shared options."""
    from cnncost.base.units import whole_number

    counting = packed({**counting, "batch": whole_number(counting["batch"], "--batch")})
    loaded = each(lambda reference: chosen(reference, input, size, settings, changes), models)
    graphs = each(lambda model: model.trace(), loaded)
    from cnncost.measures.report import report  # imports numpy: errors in names and settings come before it

    return [report(graph, **counting) for graph in graphs]


def costs(models: Sequence[str], **options: Any) -> list[dict[str, Any]]:
    """Return the costs of each model as plain data; those of a snapshot, FILE.json, as they were written."""
    from cnncost.questions.check import history

    kept = {model: history.read_snapshot(model) for model in models if history.is_snapshot(model)}
    live = [model for model in models if model not in kept]
    found = {model: history.costs(report, model) for model, report in zip(live, reports(live, **options), strict=True)}
    return [found[model] if model in found else history.pick(kept[model], model, models) for model in models]


def case_of(
    reference: str,
    input: Sequence[str],
    size: str | None,
    settings: Sequence[str],
    changes: Changes = NONE,
    **counting: Any,
) -> tuple[Model, dict[str, int], dict[str, Any]]:
    """Return a model, the sizes C, H and W asked of its input, and how to count, under the shared options."""
    from dataclasses import replace

    from cnncost.base.units import whole_number
    from cnncost.models.reference import sized

    model = chosen(reference, (), None, settings, changes)
    sizes: dict[str, int] = {}
    if input or size:
        resized = sized(model, input, size)
        model, shape = resized if len(resized.inputs) > 1 else model, resized.shape or ()
        axes = resized.axes
        if len(shape) != len(axes):
            asked = f"--input {input[0]}" if input else f"--size {size}"
            raise UsageError(f"{asked} is no C×H×W map", "give channels, height and width: --input 3,224,224")
        if model.axes != axes:  # another number of axes than its own
            model = replace(model, input=shape)
        sizes = dict(zip(axes if input else axes[1:], shape if input else shape[1:], strict=True))
    return model, sizes, packed({**counting, "batch": whole_number(counting["batch"], "--batch")})


def format_for(format: str | None, path: str | None) -> str:
    """Return the format in which `show` will write."""
    from cnncost.show.render import format_of

    if path is None or path == "-":
        return format or ("terminal" if sys.stdout.isatty() else "plain")
    return format or format_of(path)


def show(table: Table, format: str | None, path: str | None) -> None:
    """Print a table, or write it to a file: whole or not at all."""
    from cnncost.show.render import BINARY, render
    from cnncost.show.render.fit import width_asked
    from cnncost.show.table import described, in_unit

    chosen = format_for(format, path)
    if unit := click.get_current_context().meta.get(UNIT):
        table = in_unit(table, unit)
    if path is None or path == "-":
        click.echo(render(table, chosen, width_asked() if format is None else None))
        return
    if chosen in BINARY:
        from cnncost.show import frame

        with replacing(path) as file:
            frame.WRITERS[chosen](frame.frame(table), file)
        return
    text = render(table, "plain" if chosen == "terminal" else chosen) + "\n"
    write(path, HEAD + text if chosen == "html" else text)
    describe(path, chosen, lambda: described(table))


def describe(path: str, format: str, head: Callable[[], str]) -> None:
    """Write what holds for all rows to `path`.json beside a file of rows that cannot say it itself."""
    from pathlib import Path

    if format in ("csv", "tsv") and Path(path).is_file():  # no device or pipe
        write(f"{path}.json", f"{head()}\n")


HEAD = '<!DOCTYPE html>\n<meta charset="utf-8">\n'  # of a file, which a browser opens without being told its encoding


def emit(text: str, path: str | None) -> None:
    """Print text that is a file of its own, such as a spec, or write it to a file: whole or not at all."""
    if path is None or path == "-":
        click.echo(text, nl=False)
    else:
        write(path, text)


def write_picture(made: bytes | str, path: str | None) -> None:
    """Print a picture or a page, or write it to a file: whole or not at all."""
    data = made.encode("utf-8") if isinstance(made, str) else made
    if path is None or path == "-":
        click.echo(data, nl=False)
        return
    with replacing(path) as file:
        file.write(data)


def check_output(format: str | None, path: str | None) -> None:
    """Refuse an output file whose format is not known, before any work is done."""
    if path is not None and path != "-" and format is None:
        from cnncost.show.render import format_of, need_pyarrow

        if format_of(path) == "parquet":
            need_pyarrow()


def write(path: str, text: str) -> None:
    """Write a file through a temporary one beside it. Raises UsageError where that is not possible."""
    with replacing(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))  # names of files may hold bytes that are no text


@contextmanager
def replacing(path: str) -> Iterator[IO[bytes]]:
    """Give a file to write to that takes the place of `path` once it is whole. Raises UsageError where that is not possible."""
    import tempfile
    from pathlib import Path

    target = Path(path)
    try:
        if "\0" in path:
            raise OSError(22, "it is no name of a file")
        if target.exists() and not target.is_file():  # a device or a pipe is written to, not replaced
            if target.is_dir():
                raise IsADirectoryError(21, "it is a directory")
            with target.open("wb") as file:
                yield file
            return
        target = Path(os.path.realpath(target))  # a link stays one
        if target.is_symlink():
            raise OSError(40, "it is a link that leads to itself")
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
            os.chmod(temporary, target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~_umask())
            os.replace(temporary, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise unwritable(path, error) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
