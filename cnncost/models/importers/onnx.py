"""Reads ONNX files: by a reader of our own, for the onnx package reads all weights and cannot tell all shapes."""

from __future__ import annotations

from cnncost.models.importers import Data
from cnncost.models.importers.protobuf import Span, WireError, fields
from cnncost.models.model import Model

MOST_FIELDS = 100_000  # of a model, which has one graph and some functions


def is_mine(data: Data) -> bool:
    """Whether the content is a ModelProto: fields of its numbers and types, a graph among them."""
    if not data[:1] or data[0] not in (0x08, 0x12, 0x1A, 0x22, 0x3A, 0x42, 0x72):
        return False
    kinds = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}
    seen, left = set(), MOST_FIELDS
    try:
        for number, kind, _, span in fields(data, (0, len(data))):
            if kinds.get(number) != kind:
                return False
            seen.add(number)
            left -= 1
            if left == 0:
                return False
            if number == 7 and not _looks(data, span):
                return False
    except WireError:
        return bool({1, 7, 8} & seen) and seen <= set(kinds)
    return bool({7, 8} & seen)


def _looks(data: Data, span: Span) -> bool:
    try:
        return all(number in (1, 2, 5, 10, 11, 12, 13, 14, 15, 16) for number, *_ in fields(data, span))
    except WireError:
        return True


def read(data: Data, name: str) -> Model:
    """Return the network of a file. Raises UsageError for what holds none."""
    from cnncost.models.importers.network import model_of
    from cnncost.models.importers.onnx_graph import program
    from cnncost.models.importers.onnx_layers import TRANSLATIONS

    return model_of(program(data, name), TRANSLATIONS)
