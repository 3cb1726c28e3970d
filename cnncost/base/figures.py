"""The figures: every number that describes a layer or a network, with all the words for it.

`FIGURES` is the one registry. Tables, limits, targets, conditions, comparisons, specs and their schema read it; how a figure
is worked out stands in `cnncost.measures`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from cnncost.base.errors import UsageError, did_you_mean, one_of
from cnncost.base.record import dataclass
from cnncost.base.units import Measure

Use = Literal["column", "limit", "target", "condition"]
Group = Literal["sum", "largest", "last", "ratio", "main", "network"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its key for programs, its name for people, and what it can be asked for.

    `limit`, `target` and `condition` are empty where the figure can be one, and else say why it cannot. Every figure can be a
    column.
    """

    key: str  # in JSON and CSV, and in the library
    name: str  # as it is typed and suggested
    title: str  # in sentences, and over totals
    unit: Literal["count", "bytes", "ratio", "number", "text"]
    also: tuple[str, ...] = ()  # other names that are accepted
    header: str = ""  # over the column of layers; the title where empty
    group: Group = (
        "sum"  # what several layers have: their sum, the largest, that of the last, a ratio of sums, the main one, none
    )
    limit: str = ""
    target: str = ""
    condition: str = ""
    expected: bool = False  # a spec can say exactly what it comes to, and costs written to a file have it
    trained: bool = False  # it depends on how the network is trained: the optimizer, dtypes of parts, checkpointing

    @property
    def words(self) -> tuple[str, ...]:
        """All names that are accepted, the usual one first."""
        return tuple(dict.fromkeys((self.name, self.key, *self.also)))

    @property
    def measure(self) -> Measure:
        """The unit of amounts of it: what can be limited is a count or bytes."""
        return "bytes" if self.unit == "bytes" else "count"

    @property
    def layers(self) -> str:
        """The key of what each layer takes of it in costs written to a file; empty where they have it for the whole only."""
        return self.key if self.expected and self.key != "layers" else ""

    def why_not(self, use: Use) -> str:
        """Return why the figure cannot be used so; nothing where it can."""
        return {"column": "", "limit": self.limit, "target": self.target, "condition": self.condition}[use]


_UNSWEPT = "it is worked out from the order of the layers, and not for every candidate of a sweep"
_MEAN = "it is a mean over training passes, not a whole number"
_PART = "it is a part of training_flops: name that"
_TIME = "it describes layers that run one by one, not a network"
_DEVICE = "it depends on a device"
_PUBLISHED = "it was measured with published weights: nothing can be worked out from it"
_ESTIMATE = "it is an estimate by a table of one technology"
_LOCAL = "it belongs to single layers: a network has none"

_ALL = (
    Figure("params", "params", "params", "count", also=("parameters",), expected=True),
    Figure("flops", "flops", "FLOPs", "count", expected=True),
    Figure("macs", "macs", "MACs", "count", expected=True),
    Figure("activation_bytes", "memory", "memory", "bytes", also=("activations", "activations_bytes"), expected=True),
    Figure(
        *("param_bytes", "param_bytes", "param memory", "bytes"),
        also=("param_memory", "params_bytes"),
        condition="it is params times the bytes of a number: name params",
        expected=True,
    ),
    Figure("buffers", "buffers", "buffers", "count", condition=_UNSWEPT, expected=True),
    Figure("layers", "layers", "layers", "count", condition=_UNSWEPT, expected=True),
    Figure("weighted_layers", "weighted_layers", "depth", "count", ("depth",), group="largest", condition=_UNSWEPT),
    Figure(
        *("peak_bytes", "peak_memory", "peak memory", "bytes"),
        also=("peak", "live", "live_bytes"),
        header="live",
        group="largest",
        condition=_UNSWEPT,
    ),
    Figure("outputs_bytes", "outputs", "output memory", "bytes", header="outputs", condition=_UNSWEPT),
    Figure(
        *("kept_bytes", "kept_memory", "kept memory", "bytes"), also=("kept",), header="kept", condition=_UNSWEPT, trained=True
    ),
    Figure("training_bytes", "training_memory", "training memory", "bytes", also=("training",), trained=True),
    *(
        Figure(
            *(f"training_{optimizer}_bytes", f"training_{optimizer}", f"training memory with {title}", "bytes"),
            condition=_UNSWEPT,
            trained=True,
        )
        for optimizer, title in (("momentum", "momentum"), ("adam", "Adam"))
    ),
    Figure("expected_flops", "expected_flops", "expected FLOPs", "count", limit=_MEAN, target=_MEAN, condition=_MEAN),
    Figure("training_flops", "training_flops", "training FLOPs", "count", condition=_UNSWEPT, trained=True),
    *(
        Figure(f"{of}_gradient_flops", f"{of}_gradient_flops", f"{of} gradient", "count", (), "", "sum", _PART, _PART, _PART)
        for of in ("input", "weight")
    ),
    Figure("bops", "bops", "BOPs", "count", also=("bit_operations",), condition=_UNSWEPT),
    Figure("model_bytes", "model_size", "model size", "bytes", condition=_UNSWEPT),
    Figure(
        *("inference_bytes", "inference_memory", "inference memory", "bytes"),
        also=("inference",),
        group="network",
        condition=_UNSWEPT,
    ),
    Figure("energy_uj", "energy", "energy (µJ)", "ratio", limit=_ESTIMATE, target=_ESTIMATE, condition=_ESTIMATE),
    *(
        Figure(key, key, title, "ratio", (), "", "network", _PUBLISHED, _PUBLISHED, _PUBLISHED)
        for key, title in (("top1", "top-1 (%)"), ("top5", "top-5 (%)"))
    ),
    Figure("weights", "weights", "weights", "text", (), "", "network", _PUBLISHED, _PUBLISHED, _PUBLISHED),
    Figure("fits", "fits", "fits", "text", (), "", "network", _DEVICE, _DEVICE, _DEVICE),
    Figure("bytes_moved", "moved", "moved", "bytes", limit=_TIME, target=_TIME, condition=_TIME),
    Figure("intensity", "intensity", "FLOPs/byte", "ratio", group="ratio", limit=_TIME, target=_TIME, condition=_TIME),
    Figure("bound_us", "bound", "bound (µs)", "ratio", limit=_DEVICE, target=_DEVICE, condition=_DEVICE),
    Figure("bound_by", "bound_by", "bound by", "text", (), "", "main", _DEVICE, _DEVICE, _DEVICE),
    *(
        Figure(key, key, title, "number", (), "", "last", _LOCAL, _LOCAL, _LOCAL)
        for key, title in (
            ("receptive_field", "field"),
            ("smallest_field", "smallest field"),
            ("exceeds_input", "> input"),
            ("effective_stride", "field stride"),
            ("effective_pad", "field pad"),
        )
    ),
)
FIGURES: dict[str, Figure] = {figure.key: figure for figure in _ALL}  # by key
NAMES: dict[str, Figure] = {word: figure for figure in _ALL for word in figure.words}  # by every name that is accepted

MEANT = {  # what people type for figures, where the word alone does not say which
    "accuracy": ("top1", "top5"),
    "time": ("bound",),
    "runtime": ("bound",),
    **dict.fromkeys(("gflops", "mflops"), ("flops",)),
    **dict.fromkeys(("gmacs", "mmacs", "madds", "mult_adds"), ("macs",)),
    **dict.fromkeys(("vram", "ram", "gpu_memory"), ("training_memory", "inference_memory", "memory")),
}


def usable(use: Use) -> dict[str, Figure]:
    """Return the figures that can be used so, by the name as it is typed."""
    return {figure.name: figure for figure in _ALL if not figure.why_not(use)}


def figure(name: str, use: Use = "column", fact: str = "") -> Figure:
    """Return the figure that a word means. Raises UsageError for none, and for one that cannot be used so.

    `fact` is the sentence for an unknown word, where another than "unknown figure" fits.

    >>> figure("peak").key, figure("live_bytes").key
    ('peak_bytes', 'peak_bytes')
    """
    found = NAMES.get(name.strip().lower())
    known = usable(use)
    listed = f"figures: {', '.join(known)}"
    if found is None:
        meant = [each for each in MEANT.get(name.strip().lower(), ()) if each in known]
        remedy = one_of(meant) or did_you_mean(name, known) or did_you_mean(name, _words(known.values()), listed)
        raise UsageError(fact or f"unknown figure '{name}'", remedy)
    if reason := found.why_not(use):
        raise UsageError(f"{found.name} cannot be a {use}: {reason}", listed)
    return found


UNSORTED = ("last", "main", "network")  # groups of figures by which layers cannot be sorted


def order_key(name: str) -> str:
    """Return the key of the figure by which rows can be sorted. Raises UsageError for a word that means none."""
    found = NAMES.get(name.strip().lower())
    if found is None or found.group in UNSORTED:
        names = [each.name for each in _ALL if each.group not in UNSORTED]
        raise UsageError(f"cannot sort by '{name}'", did_you_mean(name, names, f"figures: {', '.join(names)}"))
    return found.key


def _words(figures: Iterable[Figure]) -> list[str]:
    return [word for figure in figures for word in figure.words]
