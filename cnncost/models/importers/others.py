"""What is no network, told apart by its content and never executed: each with what to do instead.

People mostly hold weights: state_dicts and safetensors, in which no architecture stands, and pickled modules, which need
their classes and run code when they are loaded. Of weights the names and sizes are told; nothing is unpickled but plain
containers of tensors, by an unpickler that knows nothing else.
"""

from __future__ import annotations

import io
import json
import math
import pickle
import pickletools
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from cnncost.base.errors import UsageError
from cnncost.models.importers import READERS, Data, as_file
from cnncost.models.importers.relatives import looks, relative

EXPORT = (
    "with the class that they belong to, in Python:\n"
    "    model = TheClass(); program = torch.export.export(model.eval(), (torch.zeros(1, 3, 224, 224),))\n"
    "    torch.export.save(program, 'net.pt2')    # or at once: cnncost.from_torch(model, (1, 3, 224, 224))"
)
MAGIC = {  # how a file begins, where: what it is, and what to do
    (0, b"version https://git-lfs"): ("a pointer of Git LFS, not the file itself", "fetch it: git lfs pull"),
    (0, bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")): (
        "a file of torch.save from before version 1.6",
        "load it with torch and its classes, then:\n" + EXPORT.partition("\n")[2],
    ),
    (0, b"GGUF"): ("a GGUF file of weights", "it holds no graph of layers; use the network's own framework to export it"),
    (0, b"\x1f\x8b"): ("a gzip archive", "unpack it first"),
    (0, b"<!DOCTYPE"): ("a web page, perhaps in place of a file that could not be downloaded", "fetch the file again"),
    (0, b"<html"): ("a web page, perhaps in place of a file that could not be downloaded", "fetch the file again"),
}
LARGEST_PICKLE = 16 * 2**20
SHOWN = 12  # lines of a table of parameters


def refusal(data: Data, name: str) -> UsageError:
    """Return the error for a file that no reader knows: what it looks like, and the remedy."""
    if not len(data):
        return UsageError(f"'{name}' is empty", "is it the right file?")
    for (place, magic), (what, remedy) in MAGIC.items():
        if data[place : place + len(magic)] == magic:
            return UsageError(f"'{name}' is {what}", remedy)
    if data[:4] == b"PK\x03\x04":
        return _archive(data, name)
    tensors = _safetensors(data)
    if tensors is not None:
        return _weights(name, "a safetensors file", tensors)
    if data[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        return UsageError(f"'{name}' is a pickle: loading it would run whatever code it names", EXPORT)
    known = ", ".join(what for what, _ in READERS.values())
    return relative(data, name) or UsageError(f"'{name}' is no network that can be read: {looks(data)}", f"known are: {known}")


def _archive(data: Data, name: str) -> UsageError:
    """Return the error for a zip: mostly torch.save's, or TorchScript's."""
    try:
        with zipfile.ZipFile(as_file(data)) as archive:
            names = archive.namelist()
            pickles = [member for member in names if member.rpartition("/")[2] == "data.pkl"]
            if any("/code/" in f"/{member}" for member in names) and any(member.endswith("constants.pkl") for member in names):
                return UsageError(
                    f"'{name}' is TorchScript (torch.jit.save): a compiled program, of which no layers are read",
                    EXPORT.replace("the class that they belong to", "the module that it was made from"),
                )
            if not pickles:
                return UsageError(f"'{name}' is a zip archive without a network", "unpack it, or save the network alone")
            info = archive.getinfo(pickles[0])
            if info.file_size > min(LARGEST_PICKLE, max(2**20, 200 * info.compress_size)):
                return UsageError(f"'{name}': {info.filename} would inflate to {info.file_size:,} bytes", "is it sound?")
            content = archive.read(info)
    except Exception as error:  # a damaged zip raises what zlib, struct and zipfile raise
        return UsageError(f"'{name}' is a zip archive that cannot be read: {str(error)[:80]}", "is the file complete?")
    classes = sorted(_globals(content), key=lambda text: (text.startswith("an operation"), text))
    foreign = [text for text in classes if not _harmless(*text.split(" ", 1))]
    if foreign:
        shown = ", ".join(text.replace(" ", ".") for text in foreign[:3])
        return UsageError(f"'{name}' is a pickled module: it needs {shown}, and loading it runs code", EXPORT)
    tensors = _state_dict(content)
    if not tensors:
        return UsageError(f"'{name}' is a file of torch.save without a network in it", EXPORT)
    return _weights(name, "a state_dict", tensors)


def _weights(name: str, what: str, tensors: Mapping[str, tuple[int, ...]]) -> UsageError:
    """Return the error for weights: how many, in which modules."""
    groups: dict[str, int] = {}
    for key, sizes in tensors.items():
        group = key.rpartition(".")[0] or key
        groups[group] = groups.get(group, 0) + math.prod(sizes)
    while len(groups) > SHOWN and any("." in group for group in groups):
        shorter: dict[str, int] = {}
        deepest = max(group.count(".") for group in groups)
        for group, count in groups.items():
            short = group.rpartition(".")[0] if group.count(".") == deepest else group
            shorter[short] = shorter.get(short, 0) + count
        groups = shorter
    lines = [f"    {_printable(group):<32} {count:>15,}" for group, count in list(groups.items())[:SHOWN]]
    more = f"\n    … and {len(groups) - SHOWN} more" if len(groups) > SHOWN else ""
    total = sum(groups.values())
    fact = f"'{name}' is {what}: {total:,} numbers in {len(tensors)} tensors, and no architecture"
    return UsageError(fact + "\n" + "\n".join(lines) + more, "multiply-adds need the layers between them; " + EXPORT)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text[:60])


def _safetensors(data: Data) -> dict[str, tuple[int, ...]] | None:
    """Return the tensors of a safetensors file by name: eight bytes of length, then JSON."""
    length = int.from_bytes(data[:8], "little")
    if not 2 <= length <= min(len(data) - 8, LARGEST_PICKLE) or data[8:9] != b"{":
        return None
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError):
        return None
    found = {}
    for key, entry in header.items():
        shape = entry.get("shape") if isinstance(entry, dict) else None
        if isinstance(shape, list) and all(type(size) is int and 0 <= size < 2**48 for size in shape) and len(shape) < 65:
            found[str(key)] = tuple(shape)
    return found or None


# ── pickles ──────────────────────────────────────────────────────────────────────────────────────────────────────────


PLAIN = {  # the operations of a pickle that torch.save writes for a dict of tensors: none of them allocates what it says
    *("PROTO", "FRAME", "STOP", "MARK", "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "BINPERSID", "MEMOIZE"),
    *("BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET", "BINUNICODE", "SHORT_BINUNICODE", "BINSTRING", "SHORT_BINSTRING"),
    *(
        "EMPTY_DICT",
        "EMPTY_LIST",
        "EMPTY_TUPLE",
        "TUPLE",
        "TUPLE1",
        "TUPLE2",
        "TUPLE3",
        "SETITEM",
        "SETITEMS",
        "APPEND",
        "APPENDS",
    ),
    *("NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "POP"),
}


def _globals(content: bytes) -> Iterator[str]:
    """Iterate over the classes and functions that a pickle names, without running it."""
    words: list[str] = []
    try:
        for code, argument, _ in pickletools.genops(content):
            if code.name == "GLOBAL":
                yield str(argument)
            elif code.name == "STACK_GLOBAL":
                yield " ".join(words[-2:])
            elif isinstance(argument, str):
                words = [*words[-1:], argument]
            elif code.name not in PLAIN:
                yield f"an operation ({code.name})"
    except (ValueError, UnicodeDecodeError, OverflowError, IndexError):
        yield "? damaged"


def _harmless(module: str, name: str = "") -> bool:
    """Whether a global of a pickle is one of the three that a dict of tensors needs."""
    return (
        (module, name)
        in (("collections", "OrderedDict"), ("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_parameter"))
        or (module == "torch" and name.endswith("Storage"))
        or (module, name) == ("torch.storage", "UntypedStorage")
    )


class _Sizes(tuple[int, ...]):
    """The sizes of a tensor in a pickle."""

    __slots__ = ()


class _Dict(dict[str, Any]):
    """A dict that may have attributes, as the state_dict of a module has."""


class _Tensors(pickle._Unpickler):  # the one in C makes room for what a pickle says
    """An unpickler of containers of tensors: of each tensor it keeps the sizes, and it knows nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for one of the few known globals. Raises UnpicklingError for all others."""
        if not _harmless(module, name):
            raise pickle.UnpicklingError(f"{module}.{name}")
        if name == "OrderedDict":
            return _Dict
        if name == "_rebuild_tensor_v2":
            return lambda storage, offset, size, *rest: _sizes(size)
        if name == "_rebuild_parameter":
            return lambda data, *rest: data
        return None

    def persistent_load(self, pid: Any) -> Any:
        """Return nothing in place of a storage: its numbers are not read."""
        return None


def _sizes(size: Any) -> _Sizes:
    if not isinstance(size, tuple) or len(size) > 64 or not all(type(n) is int and 0 <= n < 2**48 for n in size):
        raise pickle.UnpicklingError("a tensor of no size")
    return _Sizes(size)


def _state_dict(content: bytes) -> dict[str, tuple[int, ...]]:
    """Return the tensors in a pickle by name: at the top, or in the largest dict below it."""
    try:
        whole = _Tensors(io.BytesIO(content)).load()
    except Exception:  # a stranger's pickle may do anything but run code, and anything may come of it
        return {}
    best: dict[str, tuple[int, ...]] = {}
    waiting = [(whole, 0)]
    while waiting:
        part, depth = waiting.pop()
        if not isinstance(part, dict) or depth > 4:
            continue
        tensors = {str(key): tuple(value) for key, value in part.items() if isinstance(value, _Sizes)}
        best = tensors if len(tensors) > len(best) else best
        waiting += [(value, depth + 1) for value in part.values() if isinstance(value, dict)]
    return best
