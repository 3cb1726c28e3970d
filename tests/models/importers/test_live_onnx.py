"""ONNX's own tests of its operators, a third of some 900 models of one node: each output has the shape that ONNX says.

Skipped without the onnx package, which the tests of its operators come with.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from cnncost.base.errors import CnncostError
from cnncost.graph.graph import trace
from cnncost.models.importers import axes as ax
from cnncost.models.importers import onnx_graph
from cnncost.models.importers.inputs import shapes_of
from cnncost.models.importers.onnx_layers import TRANSLATIONS
from cnncost.models.importers.replay import Replay

np = pytest.importorskip("numpy")
onnx = pytest.importorskip("onnx")
cases = pytest.importorskip("onnx.backend.test.case.node")

pytestmark = pytest.mark.filterwarnings("ignore")  # what ONNX's reference says of its own arithmetic


def alone(case: Any) -> tuple[bytes, dict[str, list[int]]] | None:
    """Return a case's model, its inputs but the first of floats as numbers of the file, and the shapes of its outputs."""
    model = onnx.ModelProto.FromString(case.model.SerializeToString())
    given, made = case.data_sets[0]
    kept = None
    for value, array in zip(list(model.graph.input), given, strict=False):
        if not isinstance(array, (np.ndarray, np.generic)) or np.asarray(array).dtype.kind not in "fiub":
            return None
        if kept is None and np.asarray(array).ndim and np.asarray(array).dtype.kind == "f":
            kept = value.name
            continue
        array = np.asarray(array)
        kind = value.type.tensor_type.elem_type
        model.graph.initializer.append(onnx.helper.make_tensor(value.name, kind, array.shape, array.flatten()))
        model.graph.input.remove(value)
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")  # so that nothing can be copied
    wanted = {
        value.name: list(np.asarray(array).shape)
        for value, array in zip(model.graph.output, made, strict=False)
        if isinstance(array, (np.ndarray, np.generic))
    }
    return (model.SerializeToString(), wanted) if kept is not None and wanted else None


def found(data: bytes, name: str) -> dict[str, list[int]]:
    """Return the shapes that the rules make, as they run at the size of the file."""
    program = onnx_graph.program(data, name)
    for batched in (True, False):
        shapes, runs = shapes_of(program, batched), []

        def run(*xs: Any, shapes: Any = shapes, runs: Any = runs) -> Any:
            replay = Replay(program, TRANSLATIONS, dict(zip(shapes, xs, strict=True)), None)
            runs.append(replay)
            replay.run(program.records)
            return xs[0]

        try:
            trace(run, next(iter(shapes.values())) if len(shapes) == 1 else dict(shapes), name)
        except CnncostError:
            if batched:
                continue
            raise
        values = runs[-1].values
        return {key: [ax.was(dim) for dim in value.dims] for key, value in values.items()}
    raise AssertionError


def test_outputs_have_the_shapes_that_onnx_says() -> None:
    outcome: Counter[str] = Counter()
    wrong = []
    for case in cases.collect_testcases(None)[::3]:
        try:
            taken = alone(case) if case.model is not None and not case.name.endswith("_expanded") else None
        except (TypeError, ValueError):  # numbers of four bits, text
            taken = None
        if taken is None:
            continue
        data, wanted = taken
        try:
            shapes = found(data, case.name)
        except CnncostError:
            outcome["refused"] += 1
            continue
        outcome["read"] += 1
        wrong += [(case.name, shapes[key], shape) for key, shape in wanted.items() if key in shapes and shapes[key] != shape]
    assert not wrong
    assert outcome["read"] > 200
