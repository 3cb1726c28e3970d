"""Networks in files that other programs wrote: which files they are, and which reader reads one.

A reader is a module with two functions: `is_mine(data)`, whether the content is of its format, and `read(data, name)`,
which returns a `Model` like any other or raises UsageError. Content decides, not the suffix: the suffix only says which
words of a command line are files, and whom to ask first. Nothing is unpickled, executed or inflated unasked.
"""

from __future__ import annotations

import io
import mmap
import os
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from cnncost.base.files import opened

if TYPE_CHECKING:
    from cnncost.base.errors import UsageError
    from cnncost.models.model import Model

Data: TypeAlias = bytes | mmap.mmap  # a whole file: slices are bytes, and what is not looked at is not loaded

READERS = {  # a module of this package: what it reads, and the suffixes such files have
    "pt2": ("a PyTorch program (torch.export)", (".pt2",)),
    "onnx": ("an ONNX model", (".onnx",)),
    "keras": ("a Keras model", (".keras", ".h5", ".hdf5", ".json")),
    "caffe": ("a Caffe network", (".prototxt", ".pbtxt", ".pt")),
    "darknet": ("a Darknet network", (".cfg",)),
    "tflite": ("a TensorFlow Lite model", (".tflite",)),
}
WEIGHTS = (
    ".pth",
    ".pt",
    ".bin",
    ".ckpt",
    ".safetensors",
    ".caffemodel",
    ".weights",
    ".npz",
    ".pb",
    ".param",
)  # asked for, and told apart
SUFFIXES = tuple(dict.fromkeys(suffix for _, suffixes in READERS.values() for suffix in suffixes)) + WEIGHTS
LARGEST_TEXT = 64 * 2**20  # bytes of JSON or text that are read at once; weights beside it do not count


def is_file(reference: str) -> bool:
    """Whether a word of a command line names a file of another program: `net.onnx`, or `REF:net.onnx` in git."""
    return reference.lower().endswith(SUFFIXES)


def open_model(reference: str, data: Data | None = None) -> Model:
    """Return the model in a file, or in its bytes where they come from elsewhere. Raises UsageError for what is none."""
    content = mapped(reference) if data is None else data
    suffix = os.path.splitext(reference.lower())[1]
    first = [name for name, (_, suffixes) in READERS.items() if suffix in suffixes]
    for name in dict.fromkeys((*first, *READERS)):
        reader = _reader(name)
        if reader is not None and reader.is_mine(content):
            model: Model = reader.read(content, reference)
            return model
    error: UsageError = _reader("others").refusal(content, reference)  # what no reader takes is told apart like what they do
    raise error


def mapped(path: str) -> Data:
    """Return the bytes of a file, loaded as they are looked at. Raises UsageError where it cannot be read."""
    with opened(path, "", "is the path right?") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if os.fstat(file.fileno()).st_size else b""


def as_file(data: Data) -> IO[bytes]:
    """Return the bytes as a file to seek in, for zipfile."""
    return io.BytesIO(data) if isinstance(data, bytes) else io.BufferedReader(_View(data))


class _View(io.RawIOBase):
    """A mapped file as a stream: a map cannot say that it is seekable before Python 3.13."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data, self.place = data, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer and return how many bytes there were."""
        part = self.data[self.place : self.place + len(buffer)]
        buffer[: len(part)] = part
        self.place += len(part)
        return len(part)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place and return it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.place, io.SEEK_END: len(self.data)}[whence]
        if start + offset < 0:
            raise ValueError(f"a place of {start + offset}")
        self.place = start + offset
        return self.place


def _reader(name: str) -> Any:
    """Return the module of a reader; None where it is not there yet."""
    module = f"{__name__}.{name}"
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return None
