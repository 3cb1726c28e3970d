"""The operations that a PyTorch module calls while it runs once, as records: for what torch.export cannot follow.

They are seen by a TorchDispatchMode, which is how FlopCounterMode sees them: below ScriptModules, autograd functions and
operations that PyTorch composes of others, each with its schema, by which its arguments have names. A TorchFunctionMode would
see calls as they are written, before they are taken apart, but none of those inside such a function, and arguments without a
schema. The module that an operation belongs to is known by hooks, on a twin of the module.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnncost.models.importers import pt2
from cnncost.models.importers.naming import Module, named
from cnncost.models.importers.records import Program, Record, Ref, Weight


def recorded(torch: Any, twin: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> Program:
    """Run a module once and return the operations that it called, by the names of their schemas. `torch` is the package."""
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

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
            held = {part.untyped_storage()._cdata for part in tree_leaves((args, kwargs)) if isinstance(part, torch.Tensor)}
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
    flat = [part for part in tree_leaves((args, kwargs)) if isinstance(part, torch.Tensor)]
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
