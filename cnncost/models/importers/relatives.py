"""Files that belong to the networks of Keras, Darknet, Caffe and their like but hold no layers that are read: what to give."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from cnncost.base.errors import UsageError
from cnncost.models.importers import Data

DARKNET = "darknet keeps the layers in its .cfg: give that"
CAFFE = "Caffe keeps the layers in a .prototxt beside it, deploy.prototxt or train_val.prototxt: give that"
TENSORFLOW = "save the Keras model (model.save, or model.to_json()), or convert it to ONNX with tf2onnx"


def _darknet_weights(data: Data) -> bool:
    """Whether a file begins as darknet's weights do: version 0.1 or 0.2 and a revision, as three numbers of 32 bits."""
    numbers = [int.from_bytes(data[at : at + 4], "little") for at in (0, 4, 8)]
    return len(data) >= 16 and numbers[0] == 0 and numbers[1] in (1, 2) and numbers[2] <= 9


def _caffe_model(data: Data) -> bool:
    """Whether a file begins as a NetParameter in binary form: a name, then layers (field 2, or 100)."""
    length = data[1] if len(data) > 2 else 0
    layers = data[2 + length : 4 + length]
    return data[:1] == b"\x0a" and length < 0x80 and (layers[:1] == b"\x12" or layers == b"\xa2\x06")


def _frozen_graph(data: Data) -> bool:
    """Whether a file begins as a GraphDef or a SavedModel of TensorFlow does: a node with a name and an operation."""
    return (
        re.match(rb"\x0a..?\x0a.[\w/.-]{1,100}\x12.(Placeholder|Const|NoOp|VarHandleOp|_Arg)", data[:200], re.DOTALL)
        is not None
    )


def _holds(*words: bytes) -> Callable[[Data], bool]:
    return lambda data: all(word in data[:65536] for word in words)


# What gives a file away, what it is, and what to do, in the order in which they are asked.
KNOWN: Sequence[tuple[Callable[[Data], bool], str, str]] = (
    (_darknet_weights, "a file of darknet's weights", DARKNET),
    (_frozen_graph, "a graph of TensorFlow (.pb), which is not read", TENSORFLOW),
    (_caffe_model, "a .caffemodel: weights", CAFFE),
    (
        lambda data: data[:8].startswith(b"7767517"),
        "a network of ncnn, which is not read",
        "give the file that it was converted from",
    ),
    (
        lambda data: re.match(rb"\s*(<\?xml[^>]*>\s*)?<net\s", data[:500]) is not None,
        "an OpenVINO IR, which is not read",
        "give the ONNX file that it was converted from",
    ),
    (_holds(b'"nodes"', b'"arg_nodes"'), "a symbol of MXNet, which is not read", "export it to ONNX (mxnet.onnx.export_model)"),
    (_holds(b"\nnode {", b"op:"), "a graph of TensorFlow as text, which is not read", TENSORFLOW),
    (
        lambda data: re.search(rb"(?m)^\s*-\s*\[\s*-?\d+\s*,\s*\d+\s*,\s*\w+\s*,\s*\[", data[:65536]) is not None,
        "a model of Ultralytics in YAML: names of Python classes, not layers",
        "export it to ONNX (yolo export format=onnx)",
    ),
)


def relative(data: Data, name: str) -> UsageError | None:
    """Return the error for a file that stands beside a network; None where it is none that is known.

    >>> print(relative(bytes([0, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0]) + bytes(99), "yolov4.weights"))
    'yolov4.weights' is a file of darknet's weights
    darknet keeps the layers in its .cfg: give that
    """
    for gives_away, what, remedy in KNOWN:
        if gives_away(data):
            return UsageError(f"'{name}' is {what}", remedy)
    return None


def looks(data: Data) -> str:
    """Return what a file looks like that nobody knows: how its text begins, or its bytes.

    >>> looks(b"[metadata]\\nname = x"), looks(bytes([0x1f, 0x9d, 0x90, 0xff]))
    ("text that begins with '[metadata]'", 'bytes that begin with 1f 9d 90 ff')
    """
    head = bytes(data[:2000])
    try:
        text = head.decode("utf-8", "strict" if len(data) <= 2000 else "ignore")
    except UnicodeDecodeError:
        text = "\0"
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if "\0" in text or not first.isprintable():
        return f"bytes that begin with {head[:8].hex(' ')}"
    return f"text that begins with '{first[:40]}'"
