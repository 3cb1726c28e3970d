"""What a user says of layers that a reader does not know: that they hand their input on, or which layers they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from cnncost.base.errors import UsageError
from cnncost.base.record import dataclass
from cnncost.graph.graph import Tensor
from cnncost.models.importers.text import counted

IDENTITY = "identity"


@dataclass(slots=True)
class Assumptions:
    """Types of layers, each with the spec of what they stand for, or None for the identity; and how often each was met."""

    specs: Mapping[str, str | None]
    met: list[str] = field(default_factory=list)

    def __contains__(self, type: str) -> bool:
        return type in self.specs

    def apply(self, type: str, x: Tensor, name: str) -> Tensor:
        """Return what a layer of an assumed type makes."""
        from cnncost.models.spec import read  # specs are read only where one is named

        self.met.append(type)
        path = self.specs[type]
        if path is None:
            return x
        model = read(path).model
        with x.scope(name):
            made = model.function(x, **model.settings)
        return made[0] if isinstance(made, tuple) else made

    def say(self, x: Tensor) -> None:
        """Say what was assumed, below the tables."""
        same = [type for type in self.met if self.specs[type] is None]
        other = [f"{type} as in {self.specs[type]}" for type in self.met if self.specs[type] is not None]
        if same:
            x.note(f"assumed to keep their input's shape and to cost nothing: {counted(same)}")
        if other:
            x.note(f"assumed: {counted(other)}")


def assumptions(entries: Sequence[str]) -> Assumptions:
    """Return what `--assume TYPE=identity` and `--assume TYPE=FILE.yaml` say; TYPE alone is the identity.

    >>> assumptions(["Lambda=identity", "Interp=double.yaml"]).specs
    {'Lambda': None, 'Interp': 'double.yaml'}

    Raises UsageError for anything else.
    """
    specs: dict[str, str | None] = {}
    for entry in entries:
        type, _, what = entry.partition("=")
        if not type or (what not in ("", IDENTITY) and not what.endswith((".yaml", ".yml"))):
            raise UsageError(
                f"'{entry[:60]}' says nothing about a type of layers",
                f"write TYPE={IDENTITY} (shape kept, nothing counted), or TYPE=FILE.yaml, a spec of what it stands for",
            )
        specs[type.strip()] = None if what in ("", IDENTITY) else what
    return Assumptions(specs)
