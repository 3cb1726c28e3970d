"""What somebody may have meant by a model's name that means nothing: the remedy of an error, in words that can be typed."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Collection, Sequence

from cnncost.base.errors import did_you_mean, nearest, one_of
from cnncost.base.files import beside, near_file

OPTIONS = ("size", "input", "until", "bits", "density", "fold")  # that are typed behind a model
REVISION = re.compile(r"(HEAD|main|master|origin/[\w./-]+)([~^]\d*)*")  # of git, alone: it names no file
LONGEST = 1_000_000  # bytes of a module that is looked through


def remedy(name: str, known: Collection[str], suffixes: Sequence[str], otherwise: str = "see: cnncost list") -> str:
    """Return what to type in place of a name: a name of the zoo that is near, a file, an option, a function of a module."""
    word, equals, value = name.partition("=")
    if equals and re.fullmatch(r"[\w.]+", word):
        option = f"--{word} {value}" if word in OPTIONS else f"--set {name}"
        return f'it belongs to a model, in quotes: "resnet50 {option}"'
    if REVISION.fullmatch(name):
        return f"what a spec was in git is REF:PATH, as in {name}:net.yaml"
    for path in (name, f"{name}.py"):
        if path.endswith(".py") and os.path.isfile(path):
            return one_of([f"{module_of(path)}:{each}" for each in functions(path)]) or "it defines no function of a tensor"
    if "," in name and all(part.strip() in known for part in name.split(",")):
        return f"models are separated by blanks: {' '.join(part.strip() for part in name.split(','))}"
    files = near_file(name, [*suffixes])
    if os.sep in name or any(os.path.exists(name + suffix) for suffix in suffixes):
        return files or did_you_mean(name.lower(), known, otherwise)
    stem, suffix = os.path.splitext(name)
    spelt = one_of([stem + near for near in nearest(suffix, suffixes)]) if suffix else ""
    return did_you_mean(name.lower(), known) or files or spelt or otherwise


def of_module(reference: str) -> str:
    """Return what to type in place of `module:function` where there is no such module."""
    module, _, function = reference.partition(":")
    path = module if module.endswith(".py") else module.replace(".", os.sep) + ".py"
    if os.path.isfile(path):
        return one_of([f"{module_of(path)}:{function}"])
    modules = {module_of(found): found for found in beside(path) if found.endswith(".py")}
    return one_of([f"{near}:{function}" for near in nearest(module, modules)]) or "write package.module:function"


def module_of(path: str) -> str:
    """Return how a file of Python is imported from the present folder.

    >>> module_of("nets/small.py")
    'nets.small'
    """
    return os.path.normpath(path).removesuffix(".py").replace(os.sep, ".")


def functions(path: str) -> list[str]:
    """Return the functions of a file that take an argument, without running it; none where it cannot be read."""
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read(LONGEST))
    except (OSError, ValueError, SyntaxError, RecursionError):
        return []
    defined = [each for each in tree.body if isinstance(each, ast.FunctionDef) and not each.name.startswith("_")]
    return [each.name for each in defined if each.args.args and not any(map(_is_block, each.decorator_list))]


def _is_block(decorator: ast.expr) -> bool:
    return (decorator.id if isinstance(decorator, ast.Name) else getattr(decorator, "attr", "")) == "block"
