"""From a reference to a model: the one way to write a model on a command line.

A reference is `NAME`, `NAME --set SETTING=VALUE …`, a spec `FILE.yaml` or a file of another program `FILE.onnx`, one of them in
git `REF:FILE.yaml`, or `package.module:function` for a model of one's own or what makes a PyTorch module: both are run.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.poly import Num
from cnncost.base.units import whole_number
from cnncost.graph.graph import Tensor
from cnncost.graph.usercode import failed_import, in_users_code
from cnncost.models.importers import is_file, open_model
from cnncost.models.model import Model

if TYPE_CHECKING:
    from cnncost.base.limits import Limit
    from cnncost.models.spec import Spec


def load(reference: str, **settings: Any) -> Model:
    """Return a model by reference: `resnet50`, `resnet50 --set width=32`, `resnet50 + vgg16`, `net.yaml` or `module:function`.

    >>> load("resnet50", width=32).trace().output
    (1000,)

    Raises UsageError for an unknown name, with the nearest ones.
    """
    words = _words(reference)
    members = [_member(part, reference) for part in _split(words, "+")]
    model = members[0] if len(members) == 1 else ensemble(members)
    return model.with_settings(**settings)


def _named(name: str) -> Model:
    """Return the model of a file, of `package.module:function`, or of a name of the zoo."""
    return spec(name).model if is_spec(name) else _file(name) if is_file(name) else _own(name) if ":" in name else _known(name)


def _member(words: list[str], reference: str, find: Callable[[str], Model] = _named) -> Model:
    """Return the model of NAME [--set SETTING=VALUE] [--size S] [--input C,H,W], as words; `find` gives that of the name."""
    if not words:
        raise UsageError(f"no model named in '{reference}'", "see: cnncost list")
    name, options = words[0], words[1:]
    model = find(name)
    sizes = []
    while options:
        flag, equals, value = options.pop(0).partition("=")
        if flag not in ("--set", "--size", "--input") or not (equals or options):
            raise UsageError(f"cannot read '{flag}' in the model '{reference}'", "a model is NAME, or NAME --set SETTING=VALUE")
        value = value if equals else options.pop(0)
        if flag == "--set":
            model = model.set([value])
        else:
            sizes.append((flag.removeprefix("--"), value))
    for option, text in sizes:  # after the settings, of which an input may be a function
        model = replace(model, input=resized(model, option, text))
    return model


def ensemble(members: Sequence[Model]) -> Model:
    """Return the model that runs all members on one input and adds up their outputs: its cost is the sum of theirs.

    Source: ensembles as in AlexNet (section 6) and GoogLeNet (section 7). Raises UsageError where the members' inputs differ.
    """
    for member in members[1:]:
        if member.shape != members[0].shape:
            raise UsageError(
                f"{members[0].name} reads {members[0].shape} and {member.name} {member.shape}",
                'the members of an ensemble share one input: give them one, as in "inception_v3 --size 224 + resnet50"',
            )

    def run(x: Tensor) -> Tensor:
        outputs = []
        for member in members:
            with x.scope(member.name):
                output = member.function(x, **member.settings)
            outputs.append(output[0] if isinstance(output, tuple) else output)
        return outputs[0].add(*outputs[1:], name="sum")

    name = " + ".join(member.name for member in members)
    spelling = {f"{member.name}.{pattern}": form for member in members for pattern, form in member.spelling.items()}
    in_place = tuple(kind for kind in members[0].in_place if all(kind in member.in_place for member in members))
    return Model(name, run, members[0].shape, family="ensemble", spelling=spelling, in_place=in_place)


def sized(model: Model, input: str | None, size: str | None) -> Model:
    """Return a model with the input that `--input` or `--size` asks for, if any. Raises UsageError where both are given."""
    if input and size:
        raise UsageError("--input and --size both say how large the input is", "give one of them")
    for option, text in (("input", input), ("size", size)):
        if text is not None:
            model = replace(model, input=resized(model, option, text))
    return model


def resized(model: Model, option: str, text: str) -> tuple[Num, ...]:
    """Return the input that `--input C,H,W` or `--size S` (or HxW) asks of a model."""
    sizes = [whole_number(part, f"--{option} {text}") for part in re.split(r"[,x×]", text.strip())]
    if option == "input":
        if len(sizes) not in (1, 2, 3, 4):
            raise UsageError(f"--input {text} has {len(sizes)} numbers", "give channels, height and width: --input 3,224,224")
        return tuple(sizes)
    if model.shape is None:
        raise UsageError(f"{model.name} has no input of its own to resize", "give all of it: --input C,H,W")
    if len(model.shape) != 3 or len(sizes) > 2:
        raise UsageError(f"--size {text} does not fit the input {model.shape}", "give one number, or HEIGHTxWIDTH")
    return (model.shape[0], sizes[0], sizes[-1])


def names(prefix: str = "") -> list[str]:
    """Return the names of the zoo's models that begin with `prefix`."""
    from cnncost.models import zoo

    return [name for name in zoo.MODULE_OF if name.startswith(prefix)]


def _words(reference: str) -> list[str]:
    import shlex

    if not any(character.isspace() for character in reference) or (in_a_file(reference) and os.path.exists(reference)):
        return [reference] if reference else []
    try:
        return shlex.split(reference)
    except ValueError as error:
        raise UsageError(f"cannot read the model '{reference}': {error}", "mind the quotes") from None


def _split(words: Sequence[str], mark: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word == mark:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def is_spec(name: str) -> bool:
    """Whether a reference names a spec: a YAML file, or `-` for the standard input."""
    return name == "-" or name.lower().endswith((".yaml", ".yml"))


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
    from cnncost.base.git import text_at

    return read(reference, text_at(ref, path))


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

    def find(name: str) -> Model:
        if name == "-":
            raise NoPastError("the standard input has no earlier version", "name a file")
        if is_spec(name):
            from cnncost.base.git import text_at
            from cnncost.models.spec import read

            return read(f"{ref}:{name}", text_at(ref, name)).model
        if is_file(name):
            from cnncost.base.git import bytes_at

            return open_model(f"{ref}:{name}", bytes_at(ref, name))
        if ":" in name:
            raise NoPastError("code of an earlier commit is not run", "hold it against a snapshot: --against costs.json")
        return _known(name)

    members = [_member(part, reference, find) for part in _split(_words(reference), "+")]
    return members[0] if len(members) == 1 else ensemble(members)


def with_budget(reference: str) -> tuple[Model, tuple[Limit, ...]]:
    """Return a model by reference and the limits of its own: the budget of a spec, none of any other model."""
    words = _words(reference)
    if not words or not is_spec(words[0]) or "+" in words:
        return load(reference), ()
    found = spec(words[0])
    return found.model if len(words) == 1 else load(reference), found.budget


def _known(name: str) -> Model:
    from cnncost.models import zoo

    model = zoo.find(name)
    if model is None:
        raise UsageError(f"unknown model '{name}'", did_you_mean(name, zoo.MODULE_OF, "see: cnncost list"))
    return model


def _own(reference: str) -> Model:
    """Return the model of `package.module:function`, looked up with the current directory on the path.

    Raises UsageError for what is not there, and with file and line for whatever the module does wrong when imported.
    """
    from importlib import import_module

    module_name, _, attribute = reference.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        module = import_module(module_name)
    except (Exception, SystemExit) as error:
        if isinstance(error, (ModuleNotFoundError, ValueError)) and not in_users_code(error):
            raise UsageError(
                f"cannot import '{module_name}' of the model '{reference}': {error}", "write package.module:function"
            ) from error
        raise UsageError(*failed_import(error, module_name)) from error
    value = getattr(module, attribute, None)
    if isinstance(value, Model):
        return value
    if not callable(value):
        functions = [name for name, item in vars(module).items() if inspect.isfunction(item)]
        known = f"its functions: {', '.join(functions)}"
        raise UsageError(f"'{module_name}' has no model function '{attribute}'", did_you_mean(attribute, functions, known))
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
