"""What a query is about, by content: the text of specs and conventions, the source of modules, and cnncost's own.

A query names its model; a file kept from yesterday, or a worker on another machine, may understand another network by that
name. So whatever outlives a sweep, or leaves this process, carries the digests of what the names stood for.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from cnncost.base.record import dataclass
from cnncost.counting import ALIASES, MODULE_OF
from cnncost.counting.convention import Convention
from cnncost.graph.graph import Graph
from cnncost.models.model import Model
from cnncost.models.reference import Together
from cnncost.models.settings import shown
from cnncost.models.spec.network import Network

PACKAGE = Path(__file__).parents[2]
VERSION: str = import_module("cnncost").__version__  # by name: the package stands above its parts
LIBRARIES = tuple(os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "platstdlib", "purelib", "platlib"))
SHORT = 12  # digits of a digest that people are shown


@dataclass(frozen=True)
class Subject:
    """A question and what its names stand for: everything that the answer depends on."""

    question: Mapping[str, Any]  # plain data: the model and its settings, input, axes, condition, …
    sources: Mapping[str, str]  # by name, the digest of each spec, convention and module of the user's
    version: str
    program: str  # the digest of cnncost's own source

    @property
    def digest(self) -> str:
        """One digest of all of it."""
        return _digest(json.dumps(self.to_dict(), sort_keys=True).encode())

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, for notes and the heads of files."""
        named = {"question": dict(self.question), "sources": dict(self.sources)}
        return {**named, "version": self.version, "program": self.program}

    def differences(self, kept: Mapping[str, Any]) -> list[str]:
        """Return, in words, what is another than in the plain data of a subject that was kept."""
        found = [
            f"{name} is {_said(now)} instead of {_said(before)}" if name != "layers" else "the network has other layers"
            for name, now in self.question.items()
            if (before := kept.get("question", {}).get(name)) != now
        ]
        before = kept.get("sources", {})
        found += [f"{name} has changed" for name, now in self.sources.items() if before.get(name, now) != now]
        found += [f"{name} is new" for name in self.sources if name not in before]
        if kept.get("version") != self.version:
            found.append(f"cnncost is {self.version} instead of {kept.get('version')}")
        elif kept.get("program") != self.program:
            found.append("cnncost's own source has changed")
        return found


def _said(value: Any) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def sources(model: Model, reference: object = None) -> dict[str, str]:
    """Return the digest of each text that a model comes from, by name: none for a network of the zoo."""
    found = dict(_of_function(model.function))
    if isinstance(reference, str) and ":" not in reference:  # files of other programs, by their bytes
        for word in reference.split():
            if os.path.isfile(word) and f"spec {word}" not in found:
                with open(word, "rb") as file:
                    found[f"file {word}"] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def of_convention(given: str | Convention, convention: Convention) -> dict[str, str]:
    """Return the digest of a convention that is not one of cnncost's own."""
    if isinstance(given, str) and (given in MODULE_OF or given in ALIASES):
        return {}
    stated = {
        name: sorted((key, str(formula)) for key, formula in getattr(convention, name).items())
        for name in ("flops", "memory", "params")
    }
    return {f"convention {convention.name}": _digest(json.dumps([stated, convention.per_example], sort_keys=True).encode())}


def _of_function(function: Callable[..., Any]) -> Iterator[tuple[str, str]]:
    if isinstance(function, Network):
        yield f"spec {function.source.path}", _digest(function.source.text.encode())
    elif isinstance(function, Together):
        for member in function.members:
            yield from _of_function(member.function)
    elif isinstance(whole := getattr(function, "model", None), Model):  # of which it is a part
        yield from _of_function(whole.function)
    elif not getattr(function, "__module__", "").startswith("cnncost."):
        modules = list(own_modules(function))
        for module in modules:
            yield f"module {module.__name__}", _digest(Path(str(module.__file__)).read_bytes())
        if not modules:  # of a session: by its code
            code = getattr(function, "__code__", None)
            try:
                text = inspect.getsource(function).encode()
            except (OSError, TypeError):
                text = repr(function).encode() if code is None else code.co_code + repr(code.co_consts).encode()
            yield f"function {getattr(function, '__qualname__', function)}", _digest(text)


def own_modules(function: Callable[..., Any]) -> Iterator[ModuleType]:
    """Iterate over the modules of the user's own that a model function stands in or uses: neither Python's nor installed."""
    first = sys.modules.get(getattr(function, "__module__", ""))
    waiting = [first] if first is not None else []
    seen: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module.__name__ in seen or not _is_own(module):
            continue
        seen.add(module.__name__)
        yield module
        for value in list(vars(module).values()):
            name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
            used = sys.modules.get(name) if isinstance(name, str) else None
            if used is not None:
                waiting.append(used)


def _is_own(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    if not file or not os.path.isfile(file) or module.__name__ == "__main__":
        return False
    path = os.path.abspath(file)
    return not path.startswith((os.path.join(str(PACKAGE), ""), *LIBRARIES)) and f"{os.sep}site-packages{os.sep}" not in path


@cache
def program() -> str:
    """Return the digest of cnncost's own source: two workers with the same version may still differ."""
    whole = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        whole.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0")
        whole.update(path.read_bytes())
    return whole.hexdigest()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def layers_of(graph: Graph) -> str:
    """Return the digest of a traced network: whatever it was made of, another one has other layers."""
    layers = []
    for node in graph.nodes:
        arguments = sorted((name, repr(value)) for name, value in node.args.items())
        layers.append([node.name, node.kind, arguments, list(node.inputs), repr(node.cost), repr(node.runs), node.shares])
    return _digest(json.dumps([layers, sorted(graph.spelling.items())]).encode())


def input_of(model: Model) -> Any:
    """Return the shape of a model's input as plain data, of several inputs each by its name."""
    given: Any = model.input(model.values) if callable(model.input) else model.input
    if isinstance(given, Mapping):
        return {name: list(shape) for name, shape in given.items()}
    return list(given or ())


def settings_of(model: Model) -> list[str]:
    """Return the settings of a model that differ from its function's defaults, as `--set` takes them."""
    return [f"{name}={shown(value)}" for name, value in sorted(model.settings.items())]
