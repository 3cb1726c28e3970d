"""A live PyTorch module as a model: exported in memory, on a device without numbers, and read like a file.

The only place where torch is imported. The module is never run with its weights and never changed: a twin of it has
parameters of the same sizes on torch's meta device. What torch.export cannot follow is recorded while the twin runs once.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import io
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cnncost.base.errors import ModelError, UsageError, did_you_mean
from cnncost.graph.graph import Outputs, Tensor
from cnncost.models.importers import aten, pt2
from cnncost.models.importers.network import model_of
from cnncost.models.importers.recorder import recorded
from cnncost.models.importers.records import Program
from cnncost.models.model import Model

INSTALL = "it needs PyTorch, which cnncost does not install: pip install torch"


def from_torch(module: Any, example: Any, *, fast: bool = False, name: str | None = None) -> Model:
    """Return a PyTorch module as a model, from an example of its input.

    `example` is a shape with the batch, (1, 3, 224, 224), a tensor, a tuple of tensors, or a dict of them by argument.
    `fast` records the operations of one run in place of torch.export: ten times quicker, and for what cannot be exported.
    The mode is the module's own: call `module.eval()` before, for a network as it is used.

    Raises UsageError where torch is missing or the example does not fit, ModelError for what can neither be exported nor run.
    """
    torch = _torch()
    if not isinstance(module, torch.nn.Module):
        raise UsageError(
            f"a {type(module).__name__} is no nn.Module", "give the module itself: from_torch(model, (1, 3, 224, 224))"
        )
    title = name or type(module).__name__
    ties = _ties(module)
    error: Exception | None = None
    for types in _types(torch, module, example):
        args, kwargs = _inputs(torch, example, "meta", types)
        if not fast:
            try:
                return _model(_exported(torch, meta_twin(module), args, kwargs, title), ties)
            except Exception as failed:  # torch.export raises whatever the module's code and its own compiler raise
                error = error or failed
        try:
            return _model(recorded(torch, meta_twin(module), args, kwargs, title), ties)
        except Exception as failed:  # the module's code
            error = error or failed
        try:
            return _model(_run(torch, module, example, types, title), ties)
        except Exception as failed:
            error = error or failed
    first = str(error).strip().splitlines() or [type(error).__name__]
    raise ModelError(
        f"{title} can neither be exported nor run on {_shown(args, kwargs)}: {first[0][:160]}",
        "does it run at all on such an input? a tensor has a type, too: torch.zeros(1, 7, dtype=torch.long)",
    ) from error


def _types(torch: Any, module: Any, example: Any) -> list[Any]:
    """Return which types to try for examples that are given as shapes: that of the parameters, then whole numbers."""
    if any(isinstance(part, torch.nn.parameter.UninitializedParameter) for part in module.parameters()):
        raise ModelError(
            f"{type(module).__name__} has parameters without a size yet", "run it once on an example first: it is lazy"
        )
    floats = [part.dtype for part in module.parameters() if part.is_floating_point()]
    stated = _inputs(torch, example, "meta", torch.int64) if _has_shapes(example) else None
    return [floats[0] if floats else torch.float32, *([torch.int64] if stated else [])]


def _has_shapes(example: Any) -> bool:
    """Whether an example, or a part of it, is a shape."""
    if isinstance(example, Mapping):
        return any(map(_has_shapes, example.values()))
    if not isinstance(example, (list, tuple)) or not example:
        return False
    return all(type(size) is int for size in example) or any(map(_has_shapes, example))


def _run(torch: Any, module: Any, example: Any, types: Any, title: str) -> Program:
    """Return the operations of one run with the module's own weights: where its data decides what runs.

    The module is copied but for its parameters, which the copy shares: a run changes buffers and attributes at most.
    """
    memo = {id(parameter): parameter for parameter in module.parameters()}
    device = next((parameter.device for parameter in module.parameters()), "cpu")
    args, kwargs = _inputs(torch, example, device, types)
    program = recorded(torch, copy.deepcopy(module, memo), args, kwargs, title)
    return replace(program, notes=(*program.notes, "what it does depends on its data: recorded in one run on the example"))


def from_code(name: str, make: Any) -> Model:
    """Return the model of a function or class of the user's that makes an nn.Module: built and exported when it is traced."""
    built: dict[tuple[tuple[str, tuple[int, ...]], ...], Model] = {}
    module: list[Any] = []

    def run(*xs: Tensor) -> Outputs:
        """Export the module at the sizes asked for, and run what came of it."""
        if not all(isinstance(size, int) for x in xs for size in x.shape):
            raise UsageError(f"{name} is exported at one size", "give numbers: --input 3,224,224")
        if not module:
            module.append(made(make, name))
        named = {x.tracer.nodes[x.index].name: x for x in xs}
        if len(xs) > 1:  # by the names of its arguments, in whatever order they are given
            known = list(inspect.signature(module[0].forward).parameters)
            wrong = next((key for key in named if key not in known), None)
            if wrong is not None:
                raise UsageError(
                    f"{name} has no argument '{wrong}'", did_you_mean(wrong, known, f"its arguments: {', '.join(known)}")
                )
            named = dict(sorted(named.items(), key=lambda item: known.index(item[0])))
        shapes = tuple((key, tuple(x.shape)) for key, x in named.items())
        if shapes not in built:
            examples = {key: (1, *shape) for key, shape in shapes}
            built[shapes] = from_torch(module[0], examples if len(xs) > 1 else next(iter(examples.values())), name=name)
        return built[shapes].function(*named.values())

    return Model(name, run, None, family="torch", source="user code that makes an nn.Module")


def made(make: Any, name: str) -> Any:
    """Return the module that a user's function or class makes, or the module that it is, as it is used: in eval mode."""
    torch = _torch()
    module = make if isinstance(make, torch.nn.Module) else make()
    if not isinstance(module, torch.nn.Module):
        raise UsageError(f"{name} made a {type(module).__name__}, and no nn.Module", "return the module, or take a tensor")
    return copy.deepcopy(module).eval() if module is make else module.eval()


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise UsageError(f"a live module cannot be read: {error}", INSTALL) from None
    return torch


def meta_twin(module: Any) -> Any:
    """Return a copy of a module whose parameters and buffers have sizes and no numbers; the module stays as it is."""
    torch = _torch()
    memo: dict[int, Any] = {}
    for parameter in module.parameters():
        if not isinstance(parameter, torch.nn.parameter.UninitializedParameter):
            memo[id(parameter)] = torch.nn.Parameter(parameter.detach().to("meta"), requires_grad=parameter.requires_grad)
    for buffer in module.buffers():
        memo[id(buffer)] = buffer.detach().to("meta")
    return copy.deepcopy(module, memo)


def _inputs(torch: Any, example: Any, device: Any, types: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a call on a device, shapes as zeros of a type; on torch's meta device tensors have no numbers."""

    def meta(part: Any) -> Any:
        if isinstance(part, torch.Tensor):
            return part.detach().to(device)
        if isinstance(part, Sequence) and part and all(type(size) is int for size in part):
            return torch.zeros(tuple(part), device=device, dtype=types)
        if isinstance(part, Mapping):
            return {key: meta(value) for key, value in part.items()}
        if isinstance(part, (list, tuple)):
            return type(part)(map(meta, part))
        return part

    if isinstance(example, Mapping):
        return (), {str(key): meta(value) for key, value in example.items()}
    if isinstance(example, tuple) and not all(type(size) is int for size in example):
        return tuple(map(meta, example)), {}
    found = meta(example)
    if not isinstance(found, torch.Tensor):
        raise UsageError(
            f"the example is {example!r}", "give a shape with the batch, a tensor, a tuple or a dict: (1, 3, 224, 224)"
        )
    return (found,), {}


def _shown(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    shapes = [getattr(part, "shape", part) for part in (*args, *kwargs.values())]
    return ", ".join("×".join(map(str, shape)) if hasattr(shape, "__iter__") else str(shape) for shape in shapes)


def _ties(module: Any) -> dict[str, str]:
    """Return the parameters that are another under a second name: their names, and the first one's."""
    first: dict[int, str] = {}
    ties = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        owner = first.setdefault(id(parameter), name)
        if owner != name:
            ties[name] = owner
    return ties


def _model(program: Program, ties: Mapping[str, str]) -> Model:
    weights = {value: replace(weight, same_as=ties.get(weight.name, "")) for value, weight in program.weights.items()}
    model = model_of(replace(program, weights=weights), aten.TRANSLATIONS)
    model.trace()
    return model


def _exported(torch: Any, twin: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> Program:
    file, silent = io.BytesIO(), logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # torch writes pages about what it cannot follow; it is tried otherwise
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            torch.export.save(torch.export.export(twin, args, kwargs), file)
    finally:
        logging.disable(silent)
    return pt2.program(file.getvalue(), name)
