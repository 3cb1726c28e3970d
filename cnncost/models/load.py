"""From a reference to a model: the one way to write a model on a command line.

A reference is `NAME`, `NAME --set SETTING=VALUE …`, a spec `FILE.yaml` or a file of another program `FILE.onnx`, one of them in
git `REF:FILE.yaml`, or `package.module:function` for a model of one's own or what makes a PyTorch module: both are run.
"""

from __future__ import annotations

import inspect
import os
import sys
from typing import TYPE_CHECKING, Any

from cnncost.base.errors import UsageError, nearest, one_of
from cnncost.base.files import near_file
from cnncost.models import zoo
from cnncost.models.importers import SUFFIXES, is_file, open_model
from cnncost.models.model import Model
from cnncost.models.reference import model_of, split

SPECS = (".yaml", ".yml")  # the suffixes of specs

if TYPE_CHECKING:
    from cnncost.base.limits import Limit
    from cnncost.models.spec import Spec


def load(reference: str | os.PathLike[str], /, **settings: Any) -> Model:
    """Return a model by reference: `resnet50`, `resnet50 --set width=32`, `resnet50 + vgg16`, `net.yaml` or `module:function`.

    >>> load("resnet50", width=32).trace().output
    (1000,)

    A path is the file of a spec or of another program. Raises UsageError for an unknown name, with the nearest ones.
    """
    if isinstance(reference, os.PathLike):
        reference = os.fspath(reference)
        return find(f"./{reference}" if ":" in reference and not _is_path(reference) else reference).with_settings(**settings)
    if not isinstance(reference, str):
        raise UsageError(f"{reference!r} names no model", 'give a name, "resnet50", or a path')
    return model_of(_words(reference), find).with_settings(**settings)


def find(name: str) -> Model:
    """Return the model of one name: of a spec or another file, of `package.module:function`, or of the zoo."""
    if is_spec(name):
        stem, suffix = os.path.splitext(name)
        if suffix and stem in zoo.MODULE_OF and not os.path.exists(name):
            raise UsageError(f"there is no file '{name}'", near_file(name) or f"did you mean '{stem}'?")
        return spec(name).model
    if is_file(name):
        return _file(name)
    try:
        return _own(name) if ":" in name else zoo.find(name)
    except zoo.UnknownModelError as error:
        from cnncost.models.meant import remedy  # only an error needs it

        raise UsageError(error.message, remedy(name, zoo.MODULE_OF, (*SPECS, *SUFFIXES), error.hint)) from None


def _words(reference: str) -> list[str]:
    """Return the words of a reference; a file may have spaces in its name."""
    return [reference] if in_a_file(reference) and os.path.exists(reference) else split(reference)


def names(prefix: str = "") -> list[str]:
    """Return the names of the zoo's models that begin with `prefix`."""
    return [name for name in zoo.MODULE_OF if name.startswith(prefix)]


def is_spec(name: str) -> bool:
    """Whether a reference names a spec: a YAML file, or `-` for the standard input."""
    return name == "-" or name.lower().endswith(SPECS)


def in_a_file(name: str) -> bool:
    """Whether a reference names a file: a spec, or a network as another program writes it."""
    return is_spec(name) or is_file(name)


def spec(reference: str) -> Spec:
    """Return the spec in a file, or, of `REF:path`, as it was in git at a commit, branch or tag.

    `REF:path` never means a file of that name: whoever can add files could else plant an earlier version. Such a file is
    read as `./REF:path`.
    """
    from cnncost.models.spec import read

    ref, colon, path = reference.partition(":")
    if not colon or _is_path(ref):
        return read(reference)
    return spec_at(ref, path)


def spec_at(ref: str, path: str, outer: tuple[str, ...] = ()) -> Spec:
    """Return a spec as it was at a git ref, those that it names too. Raises NotInGitError where it was not there."""
    from cnncost.base.git import text_at
    from cnncost.models.spec import read

    def beside(name: str) -> Model:
        whole = os.path.join(os.path.dirname(path), name)
        if whole in (*outer, path):
            raise UsageError(f"the spec {name} contains itself", "a network inside another is a smaller one")
        return spec_at(ref, whole, (*outer, path)).model

    return read(f"{ref}:{path}", text_at(ref, path), beside)


def _file(reference: str) -> Model:
    """Return the network in a file of another program, or, of `REF:path`, as it was in git at a commit, branch or tag."""
    ref, colon, path = reference.partition(":")
    if not colon or _is_path(ref):
        return open_model(reference)
    from cnncost.base.git import bytes_at

    return open_model(reference, bytes_at(ref, path))


def _is_path(before_colon: str) -> bool:
    """Whether a colon belongs to a path: no ref begins with a dot or holds a slash at its start, and drives have one letter."""
    return before_colon.startswith((".", os.sep)) or (os.name == "nt" and len(before_colon) == 1)


class NoPastError(UsageError):
    """A model of which there is no earlier version in git."""


def at(ref: str, reference: str) -> Model:
    """Return a model whose specs are as they were at a git ref, settings as in `reference`.

    Raises NotInGitError for a spec that was not there, NoPastError for what git cannot have: a spec of the standard input,
    and `module:function`, whose earlier code is not run; UsageError for what was there and cannot be read.
    """

    def past(name: str) -> Model:
        if name == "-":
            raise NoPastError("the standard input has no earlier version", "name a file")
        if is_spec(name):
            return spec_at(ref, name).model
        if is_file(name):
            from cnncost.base.git import bytes_at

            return open_model(f"{ref}:{name}", bytes_at(ref, name))
        if ":" in name:
            raise NoPastError("code of an earlier commit is not run", "hold it against a snapshot: --against costs.json")
        return zoo.find(name)

    return model_of(_words(reference), past)


def with_budget(reference: str) -> tuple[Model, tuple[Limit, ...]]:
    """Return a model by reference and the limits of its own: the budget of a spec, none of any other model."""
    words = _words(reference)
    if not words or not is_spec(words[0]) or "+" in words:
        return load(reference), ()
    found = spec(words[0])
    return found.model if len(words) == 1 else load(reference), found.budget


def _own(reference: str) -> Model:
    """Return the model of `package.module:function`, looked up with the current directory on the path.

    Raises UsageError for what is not there, and with file and line for whatever the module does wrong when imported.
    """
    from importlib import import_module

    module_name, _, attribute = reference.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
    if module_name.startswith(".") or "/" in module_name or os.sep in module_name:
        from cnncost.models.meant import of_module

        raise UsageError(f"'{module_name}' is a path, and no name of a module", of_module(reference))
    try:
        module = import_module(module_name)
    except (Exception, SystemExit) as error:
        from cnncost.graph.usercode import failed_import, in_users_code  # only an error needs it

        if isinstance(error, (ModuleNotFoundError, ValueError)) and not in_users_code(error):
            from cnncost.models.meant import of_module

            fact = f"cannot import '{module_name}' of the model '{reference}': {error}"
            raise UsageError(fact, of_module(reference)) from error
        raise UsageError(*failed_import(error, module_name)) from error
    value = getattr(module, attribute, None)
    if isinstance(value, Model):
        return value
    if not callable(value):
        own = [item for item in vars(module).values() if getattr(item, "__module__", "") == module.__name__]
        reads = [item for item in own if inspect.isfunction(item) and inspect.signature(item).parameters]
        makes = [
            item
            for item in own
            if "torch" in sys.modules and inspect.isroutine(item) | inspect.isclass(item) and _makes_module(item)
        ]
        functions = list(dict.fromkeys(item.__name__ for item in (*reads, *makes)))
        known = f"its functions: {', '.join(functions)}" if functions else "it defines no function of a tensor"
        near = one_of([f"{module_name}:{name}" for name in nearest(attribute, functions)])
        raise UsageError(f"'{module_name}' has no model function '{attribute}'", near or known)
    if _makes_module(value):
        from cnncost.models.importers.live import from_code

        return from_code(attribute, value)
    return Model(attribute, value, None, family=module_name)


def _makes_module(value: Any) -> bool:
    """Whether what a user names makes a PyTorch module, or is one: a model function of ours takes a tensor."""
    torch = sys.modules.get("torch")
    if torch is not None and (
        isinstance(value, torch.nn.Module) or (isinstance(value, type) and issubclass(value, torch.nn.Module))
    ):
        return True
    if not inspect.isfunction(value):
        return False
    parameters = inspect.signature(value).parameters.values()
    return all(p.default is not p.empty or p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters)
