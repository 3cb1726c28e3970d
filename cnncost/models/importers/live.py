"""A live PyTorch module as a model: exported in memory, on a device without numbers, and read like a file.

The only place where torch is imported. The module is never run with its weights and never changed: a twin of it has
parameters of the same sizes on torch's meta device. What torch.export cannot follow is recorded while the twin runs once.
"""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cnncost.base.errors import ModelError, UsageError
from cnncost.graph.graph import Outputs, Tensor
from cnncost.models.importers import aten, pt2
from cnncost.models.importers.naming import Module, named
from cnncost.models.importers.network import model_of
from cnncost.models.importers.records import Program, Record, Ref, Weight
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
    twin = meta_twin(module)
    args, kwargs = _inputs(example)
    ties = _ties(module)
    error: Exception | None = None
    if not fast:
        try:
            return _model(_exported(twin, args, kwargs, title), ties)
        except Exception as failed:  # torch.export raises whatever the module's code and its own compiler raise
            error, twin = failed, meta_twin(module)
    try:
        return _model(_recorded(twin, args, kwargs, title), ties)
    except Exception as failed:  # the module's code
        first = str(error or failed).strip().splitlines() or [type(error or failed).__name__]
        raise ModelError(
            f"{title} can neither be exported nor run on {_shown(args, kwargs)}: {first[0][:160]}", "does it run at all?"
        ) from failed


def from_code(name: str, make: Any) -> Model:
    """Return the model of a function or class of the user's that makes an nn.Module: built and exported when it is traced."""
    built: dict[tuple[tuple[int, ...], ...], Model] = {}
    module: list[Any] = []

    def run(*xs: Tensor) -> Outputs:
        """Export the module at the sizes asked for, and run what came of it."""
        if not all(isinstance(size, int) for x in xs for size in x.shape):
            raise UsageError(f"{name} is exported at one size", "give numbers: --input 3,224,224")
        shapes = tuple(tuple(x.shape) for x in xs)
        if shapes not in built:
            if not module:
                module.append(made(make, name))
            examples = tuple((1, *shape) for shape in shapes)
            built[shapes] = from_torch(module[0], examples if len(examples) > 1 else examples[0], name=name)
        return built[shapes].function(*xs)

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


def _inputs(example: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a call, as tensors without numbers."""
    torch = _torch()

    def meta(part: Any) -> Any:
        if isinstance(part, torch.Tensor):
            return part.detach().to("meta")
        if isinstance(part, Sequence) and part and all(type(size) is int for size in part):
            return torch.zeros(tuple(part), device="meta")
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


def _exported(twin: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> Program:
    torch = _torch()
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(twin, args, kwargs), file)
    return pt2.program(file.getvalue(), name)


# ── the recorder ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _recorded(twin: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> Program:
    """Run the twin once and return the operations that it called, by the names of their schemas."""
    torch = _torch()
    from torch.utils._python_dispatch import TorchDispatchMode

    values: dict[int, str] = {}  # the values of tensors, by identity: all are kept alive
    alive: list[Any] = []
    pairs: list[tuple[Record, Module]] = []
    stack: list[tuple[str, str]] = [("", type(twin).__name__)]
    calls = [0]

    def enter(tensor: Any, value: str) -> None:
        values[id(tensor)] = value
        alive.append(tensor)

    def argument(part: Any) -> Any:
        if isinstance(part, torch.Tensor):
            if id(part) not in values:
                enter(part, f"constant_{len(alive)}")
                constants[values[id(part)]] = part
            return Ref(values[id(part)])
        if isinstance(part, (list, tuple)):
            return [argument(each) for each in part]
        return part if isinstance(part, (int, float, bool, str, type(None))) else str(part)

    class Recorder(TorchDispatchMode):  # type: ignore[misc]  # torch is not installed where types are checked
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            given = {a.name: argument(v) for a, v in zip(function._schema.arguments, args, strict=False)}
            given |= {key: argument(value) for key, value in (kwargs or {}).items()}
            held = {part.untyped_storage()._cdata for part in args if isinstance(part, torch.Tensor)}
            made = function(*args, **(kwargs or {}))
            tensors = [part for part in (made if isinstance(made, (list, tuple)) else [made]) if isinstance(part, torch.Tensor)]
            shared = any(tensor.untyped_storage()._cdata in held for tensor in tensors[:1])
            kept = "new" if not shared else "in place" if function._schema.is_mutable else "view"
            outputs = []
            for tensor in tensors:
                enter(tensor, f"v{len(alive)}")
                outputs.append(values[id(tensor)])
            if tensors:
                operation = function._schema.name.removeprefix("aten::")
                inputs = tuple(pt2.tensors(given.values()))
                shapes = tuple(tuple(tensor.shape) for tensor in tensors)
                path, kind = stack[-1]
                place = f"operation {len(pairs) + 1}"
                size = sum(tensor.untyped_storage().nbytes() for tensor in tensors) if kept == "new" else 0
                record = Record(operation, given, inputs, tuple(outputs), shapes, operation, place, kept, size)
                pairs.append((record, Module(path, kind, str(calls[0]))))
            return made

    constants: dict[str, Any] = {}
    weights: dict[str, Weight] = {}
    for own, tensor, learned in (
        *((key, tensor, True) for key, tensor in twin.named_parameters()),
        *((key, tensor, False) for key, tensor in twin.named_buffers()),
    ):
        enter(tensor, f"p_{own}")
        weights[f"p_{own}"] = Weight(own, tuple(tensor.shape), learned)
    inputs = {}
    flat = [part for part in (*args, *kwargs.values()) if isinstance(part, torch.Tensor)]
    for place, tensor in enumerate(flat):
        enter(tensor, f"input_{place}")
        inputs[f"input_{place}"] = tuple(tensor.shape)

    def before(path: str, kind: str) -> Any:
        def hook(*_: Any) -> None:
            calls[0] += 1
            stack.append((path, kind))

        return hook

    for path, part in twin.named_modules():
        kind = f"{type(part).__module__}.{type(part).__qualname__}"
        part.register_forward_pre_hook(before(path, kind))
        part.register_forward_hook(lambda *_: stack.pop() and None, always_call=True)
    with Recorder(), torch.no_grad():
        result = twin(*args, **kwargs)
    outputs: list[str] = []
    waiting = [result]
    while waiting:
        part = waiting.pop(0)
        if isinstance(part, torch.Tensor) and id(part) in values:
            outputs.append(values[id(part)])
        elif isinstance(part, Mapping):
            waiting += list(part.values())
        elif isinstance(part, (list, tuple)):
            waiting += list(part)
    for value, tensor in constants.items():
        weights[value] = Weight(value, tuple(tensor.shape), False, False)
    version = str(torch.__version__).partition("+")[0]
    return Program(name, inputs, weights, tuple(named(pairs)), tuple(outputs), dict(inputs), f"torch {version}, recorded")
