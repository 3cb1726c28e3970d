"""Tensors as a PyTorch program describes them: sizes, bytes, and, by strides, whose storage an output has."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cnncost.models.importers.records import Sizes
from cnncost.models.importers.sizes import Expression


def sizes(meta: Mapping[str, Any]) -> Sizes:
    """Return the sizes in a TensorMeta: numbers, and expressions where they follow the input's."""
    found = tuple(_size(size) for size in meta["sizes"])
    if len(found) > 64:
        raise ValueError(f"a tensor of {len(found)} axes")
    return found


def _size(size: Mapping[str, Any]) -> Any:
    if "as_int" in size:
        return _natural(size["as_int"])
    return Expression(size["as_expr"]["expr_str"])


def hint(size: Mapping[str, Any]) -> int:
    """Return what a size was when the network was exported."""
    return _natural(size["as_int"] if "as_int" in size else (size["as_expr"].get("hint") or {}).get("as_int"))


BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 2, 7: 4, 8: 8, 9: 4, 10: 8, 11: 16, 12: 1, 13: 2, 28: 2}  # of a number, by ScalarType


def bytes_of(meta: Mapping[str, Any]) -> int:
    """Return how many bytes a tensor takes, at the size of the export."""
    return math.prod(map(hint, meta["sizes"])) * BYTES.get(meta.get("dtype", 7), 4)


def _natural(number: Any) -> int:
    if type(number) is not int or not 0 <= number <= 10**18:
        raise ValueError(f"the size {str(number)[:40]}")
    return number


# Operations whose output is another look at their input's storage, and those for which that depends on how it lies there.
VIEWS = (
    *(
        "view",
        "permute",
        "transpose",
        "swapaxes",
        "swapdims",
        "t",
        "expand",
        "expand_as",
        "slice",
        "select",
        "narrow",
        "unbind",
    ),
    *(
        "split",
        "split_with_sizes",
        "chunk",
        "unsafe_chunk",
        "unsafe_split",
        "squeeze",
        "unsqueeze",
        "unflatten",
        "alias",
        "detach",
    ),
    *("movedim", "unfold", "numpy_T", "mT", "diagonal", "view_as", "_unsafe_view", "lift_fresh", "dropout", "feature_dropout"),
)
PERHAPS = ("reshape", "flatten", "reshape_as", "contiguous")


def storage(operation: str, source: Mapping[str, Any] | None, result: Mapping[str, Any] | None) -> str:
    """Return whose storage the result of an operation has, by its name and by the strides that the file records.

    Source: PyTorch 2.13, the aliases of aten/src/ATen/native/native_functions.yaml; TensorUtils.cpp, computeStride.
    """
    if operation.endswith("_") and not operation.endswith("__"):
        return "in place"
    if operation in VIEWS:
        return "view"
    if source is None or result is None:
        return "" if operation in PERHAPS else "new"
    if operation in ("to", "_to_copy", "type_as"):
        return "view" if operation != "_to_copy" and source.get("dtype") == result.get("dtype") else "new"
    if operation not in PERHAPS:
        return "new"
    before, strides = ([hint(n) for n in source[key]] for key in ("sizes", "strides"))
    after = [hint(n) for n in result["sizes"]]
    if operation == "contiguous":
        return "view" if strides_of(before, strides) == [(math.prod(before), 1)] or math.prod(before) < 2 else "new"
    return "view" if looks_like(before, strides, after) else "new"


def copied(meta: Mapping[str, Any] | None) -> bool:
    """Whether a product of many matrices first copies an operand: its leading axes have to become one.

    Source: PyTorch 2.13, aten/src/ATen/native/LinearAlgebra.cpp, _matmul_impl.
    """
    if meta is None or len(meta["sizes"]) < 4:
        return False
    found, strides = ([hint(n) for n in meta[key]] for key in ("sizes", "strides"))
    return not looks_like(found, strides, [math.prod(found[:-2]), *found[-2:]])


def folded(meta: Mapping[str, Any]) -> bool:
    """Whether a linear layer first copies its input: all axes but the last have to become one.

    Source: PyTorch 2.13, aten/src/ATen/native/Linear.cpp, linear; LinearAlgebra.cpp, _matmul_impl.
    """
    found, strides = ([hint(n) for n in meta[key]] for key in ("sizes", "strides"))
    return len(found) > 2 and not looks_like(found, strides, [math.prod(found[:-1]), found[-1]])


def einsum_copies(equation: str, metas: list[Mapping[str, Any]]) -> list[bool]:
    """Whether an einsum first copies each of two operands: it is a product of many matrices, whose axes have to become three.

    Source: PyTorch 2.13, aten/src/ATen/native/Linear.cpp, einsum and sumproduct_pair.
    """
    left, _, out = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != 2 or "." in equation or any(len(t) != len(meta["sizes"]) for t, meta in zip(terms, metas, strict=True)):
        return [False, False]
    shared = [letter for letter in out if letter in terms[0] and letter in terms[1]]
    summed = [letter for letter in sorted(set(terms[0])) if letter in terms[1] and letter not in out]
    found = []
    for term, meta, last in zip(terms, metas, (True, False), strict=True):
        own = [letter for letter in out if letter in term and letter not in shared]
        groups = (shared, own, summed) if last else (shared, summed, own)
        axes = [term.index(letter) for group in groups for letter in group]
        before, strides = ([hint(meta[key][axis]) for axis in axes] for key in ("sizes", "strides"))
        after = [math.prod(hint(meta["sizes"][term.index(letter)]) for letter in group) for group in groups]
        found.append(not looks_like(before, strides, after))
    return found


def strides_of(sizes: list[int], strides: list[int]) -> list[tuple[int, int]]:
    """Return the runs of a tensor that lie densely one behind the other: how many numbers, how far apart."""
    runs: list[tuple[int, int]] = []
    for size, stride in zip(sizes[::-1], strides[::-1], strict=True):
        if size == 1:
            continue
        if runs and stride == runs[-1][0] * runs[-1][1]:
            runs[-1] = (runs[-1][0] * size, runs[-1][1])
        else:
            runs.append((size, stride))
    return runs or [(1, 1)]


def looks_like(sizes: list[int], strides: list[int], target: list[int]) -> bool:
    """Whether a tensor can be seen in other sizes without moving a number: each dense run is cut, and never two joined."""
    axes = [size for size in target[::-1] if size != 1]
    for count, _ in strides_of(sizes, strides):
        while axes and count % axes[0] == 0 and count > 1:
            count //= axes.pop(0)
        if count != 1:
            return False
    return not axes
