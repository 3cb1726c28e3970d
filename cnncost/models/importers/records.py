"""What the readers of graphs bring home: operations as the file states them, before any rule is looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Any, TypeAlias

from cnncost.base.record import dataclass

Sizes: TypeAlias = tuple[Any, ...]  # all axes, the batch's too: integers, or expressions in the file's letters


class Ref(str):
    """The name of a value, where an argument may also be a word."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One operation of a file."""

    operation: str  # "conv2d", "Conv", "Convolution": a key of the format's TRANSLATIONS
    arguments: Mapping[str, Any]  # those the file states, by their names there
    inputs: tuple[str, ...]  # names of values, "" for one left out
    outputs: tuple[str, ...]
    shapes: tuple[Sizes | None, ...] = ()  # of the outputs, where the file records them
    name: str = ""  # of the layer, with its scopes: "layer1.0.conv2"
    place: str = ""  # in the file, for messages: "node 17", "line 203"
    storage: str = ""  # "in place", "view" or "new": whose storage the outputs have, where the file tells
    bytes: int = 0  # that its outputs take, where the file tells and they are new
    called: str = ""  # "module" or "function", where the file tells how the program wrote it


@dataclass(frozen=True, slots=True)
class Weight:
    """Numbers that the file holds: parameters and buffers."""

    name: str  # "layer1.0.conv2.weight"
    sizes: Sizes
    learned: bool = True  # a parameter; otherwise a buffer or a constant
    counted: bool = True  # False: a constant of the program, neither parameter nor buffer
    same_as: str = ""  # the name under which the same storage was met first
    numbers: Callable[[], list[Any] | None] | None = None  # themselves, where there are few


@dataclass(frozen=True, slots=True)
class Program:
    """A graph of records: what a reader of .pt2 or ONNX makes of a file."""

    name: str
    inputs: Mapping[str, Sizes]
    weights: Mapping[str, Weight]  # by value
    records: tuple[Record, ...]
    outputs: tuple[str, ...]
    exported: Mapping[str, tuple[int, ...]]  # the sizes of the inputs when it was exported
    source: str = ""  # who wrote the file: "torch 2.13.0"
    notes: tuple[str, ...] = ()
    opset: int = 0  # of ONNX
    follows: bool = False  # whether what is done to known numbers is followed, too, for sizes hang on it
    unused: bool = True  # whether parameters that no operation reads are the network's, too
    shapes: Mapping[str, Sizes] = field(default_factory=dict)  # what the file states of values, for those that have no rule
    weight_of: Callable[[Any, str], Weight] | None = None  # a tensor inside an operation, as numbers under a name


def refs(argument: Any) -> Iterator[Ref]:
    """Iterate over the values that an argument names."""
    if isinstance(argument, Ref):
        yield argument
    elif isinstance(argument, (list, tuple)):
        for part in argument:
            yield from refs(part)
