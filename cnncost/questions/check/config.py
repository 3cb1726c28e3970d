"""Configuration: `cnncost.toml`, or `[tool.cnncost]` in `pyproject.toml`. Which models a project checks, and their limits.

    models = ["specs/*.yaml", "resnet50"]
    convention = "lecture"

    [budget."specs/*.yaml"]
    flops = "4.5G"
    params = { max = "26M", warn = "25M", growth = "1%", message = "the board has 32 MB of flash" }

What is wrong is reported at its line and column, which `tomllib` alone does not know.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from glob import has_magic
from itertools import islice
from pathlib import Path
from typing import Any

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.files import read_text
from cnncost.base.limits import MEANINGS, TRAINING, Limit, limit
from cnncost.base.record import dataclass
from cnncost.models.load import in_a_file, load

FILES = ("cnncost.toml", "pyproject.toml")  # in each folder, from the present one upwards, the first that says something
COUNTING = ("convention", "dtype", "batch", *TRAINING)  # how to count, as the options of these names
KEYS = ("models", *COUNTING, "budget")
EVERY = "*"  # the pattern of limits for every model that is checked
LARGEST = 1_000_000  # bytes of a configuration file

Keys = tuple[str, ...]


class ConfigError(UsageError):
    """Something in a configuration file that cannot be used, and its place: file, line and column from 1."""

    def __init__(self, place: tuple[str, int, int], message: str, hint: str = "") -> None:
        super().__init__(f"{':'.join(map(str, place))}: {message}", hint)
        self.place = place
        self.fact = message


@dataclass(frozen=True)
class Rule:
    """The limits of the models that a pattern matches: a path, a name of the zoo, or either with * and ? in it."""

    pattern: str
    folder: str  # to which paths are relative
    limits: tuple[Limit, ...]
    place: tuple[str, int, int]  # file, line, column

    @cached_property
    def models(self) -> tuple[str, ...]:
        """The models it matches, on disk and in the zoo. Raises UsageError where there is none."""
        try:
            return () if self.pattern == EVERY else tuple(expand(self.pattern, self.folder))
        except UsageError as error:
            raise ConfigError(self.place, f"a budget for no model: {error.message}", error.hint) from None

    @cached_property
    def _same(self) -> frozenset[str]:
        return frozenset(map(_identity, self.models))

    def covers(self, model: str) -> bool:
        """Return whether the limits are for this model. A bare name covers the same model with settings, too."""
        return self.pattern == EVERY or not self._same.isdisjoint((_identity(model), _identity(bare(model))))


@dataclass(frozen=True, slots=True)
class Config:
    """What a project has configured. Without a file: nothing."""

    file: str | None = None
    models: tuple[str, ...] = ()  # what is checked when no model is named
    counting: Mapping[str, Any] = field(default_factory=dict)  # of `COUNTING`
    rules: tuple[Rule, ...] = ()

    def limits(self, model: str) -> list[Limit]:
        """Return the limits of a model. Of several for one quantity the last max, warning and growth that are written hold."""
        return merged([entry for rule in self.rules if rule.covers(model) for entry in rule.limits])

    def need_use(self, models: Sequence[str]) -> None:
        """Raise ConfigError for the first budget that holds none of the models that are checked."""
        for rule in self.rules:
            if not any(map(rule.covers, models)):
                hint = f"models = … does not list it; those it lists: {', '.join(models[:5])}{' …' * (len(models) > 5)}"
                raise ConfigError(rule.place, f"the budget of '{rule.pattern}' holds none of the models that are checked", hint)


def merged(limits: Sequence[Limit]) -> list[Limit]:
    """Return limits without what a later one of the same quantity says anew: of max, warn and growth each the last holds.

    >>> from cnncost.base.limits import limit
    >>> [(each.value, each.warn) for each in merged([limit("params", {"max": 9, "warn": 5}), limit("params", {"warn": 7})])]
    [(9, None), (None, 7)]
    """
    keys = ("value", "warn", "growth")
    last = {(entry.quantity, key): entry for entry in limits for key in keys if getattr(entry, key) is not None}
    kept = []
    for entry in limits:
        holds: dict[str, Any] = {key: getattr(entry, key) if last.get((entry.quantity, key)) is entry else None for key in keys}
        if any(value is not None for value in holds.values()):
            kept.append(replace(entry, **holds))
    return kept


def expand(pattern: str, folder: str = "") -> list[str]:
    """Return the models that a pattern stands for: spec files by path, networks of the zoo by name.

    Raises UsageError where nothing matches. A word without wildcards is returned as it is. No code of a `module:function` is
    run: whoever only reads a configuration, or completes a word, must not be made to.
    """
    from cnncost.models import zoo

    if _is_pattern(pattern, folder):
        try:
            files = sorted(os.path.join(folder, path) for path in _files(pattern, folder))
        except (ValueError, NotImplementedError) as error:  # such as a**b, or a NUL
            raise UsageError(f"'{pattern}' is no pattern: {error}", "** stands for folders: specs/**/*.yaml") from None
        names = [name for name in zoo.MODULE_OF if fnmatchcase(name, pattern)]
        if not files and not names:
            hint = "patterns match spec files (*.yaml), and names of cnncost list"
            raise UsageError(f"'{pattern}' matches nothing", "a function is named in full" if ":" in pattern else hint)
        return files + names
    if in_a_file(pattern):
        path = os.path.join(folder, pattern)
        if not os.path.exists(path):
            raise UsageError(f"there is no file '{path}'", "paths are relative to the configuration file")
        return [path]
    words = _words(pattern)
    if words and in_a_file(words[0]):
        return [shlex.join([*expand(words[0], folder), *words[1:]])]
    if pattern not in zoo.MODULE_OF and not any(":" in word for word in words):
        load(pattern)
    return [pattern]


def _files(pattern: str, folder: str) -> Iterator[str]:
    """Iterate over the spec files that a pattern matches. Links to folders are not followed: they may lead in circles."""
    anchor = Path(pattern).anchor
    root = Path(anchor or folder or ".")
    dots = _hidden(Path(pattern).parts)
    for path in root.glob(str(Path(pattern).relative_to(anchor)) if anchor else pattern):
        inside = path.relative_to(root)
        if in_a_file(path.name) and (dots or not _hidden(inside.parts)) and path.is_file():
            yield str(path if anchor else inside)


def _hidden(parts: Sequence[str]) -> bool:
    return any(part.startswith(".") and part != ".." for part in parts)


def matching(word: str) -> list[str]:
    """Return the models that a word of the command line means: itself, unless it is a pattern.

    Raises UsageError for a pattern that matches nothing.
    """
    return expand(word) if _is_pattern(word) else [word]


def _is_pattern(word: str, folder: str = "") -> bool:
    """Whether a word has * ? or [ for a pattern: not as a setting's value, nor in the name of a file that is there."""
    settings = " --" in word or " + " in word
    return has_magic(word) and not settings and not os.path.exists(os.path.join(folder, word))


def _words(model: str) -> list[str]:
    if in_a_file(model):
        return [model]
    try:
        return shlex.split(model)
    except ValueError:  # said by whoever loads it
        return [model]


def bare(model: str) -> str:
    """Return a model without its settings: its name or path; an ensemble as it is."""
    words = _words(model)
    return words[0] if words and "+" not in words else model


def _identity(model: str) -> str:
    words = _words(model)
    return " ".join(os.path.realpath(word) if in_a_file(word) and ":" not in word else word for word in words)


def find(path: str | None = None, folder: str | None = None) -> Config:
    """Return the configuration of a file, or of the nearest one from `folder` (else the present one) upwards.

    An empty one where there is none. Raises UsageError with file, line and column for anything in it that cannot be used.
    """
    if path is not None:
        found = _read(path)
        if found is None:
            raise UsageError(f"'{path}' has no table [tool.cnncost]", "add one, or name another file with --config")
        return found
    folder = os.path.abspath(folder or os.getcwd())
    while True:
        for name in FILES:
            candidate = os.path.join(folder, name)
            if os.path.exists(candidate):
                found = _read(os.path.relpath(candidate))
                if found is not None:
                    return found
        above = os.path.dirname(folder)
        if above == folder:
            return Config()
        folder = above


def beside(model: str, main: Config) -> Config:
    """Return the configuration nearest to a spec's own folder where that is another file than `main`, else an empty one."""
    path = bare(model)
    if not in_a_file(path) or path == "-" or ":" in path:
        return Config()
    found = find(folder=os.path.dirname(os.path.abspath(path)))
    same = found.file is None or (main.file is not None and os.path.realpath(found.file) == os.path.realpath(main.file))
    return Config() if same else found


def below(folder: str = ".", most: int = 2_000) -> list[str]:
    """Return the configurations in folders up to two levels below: those of a repository of several projects."""
    found = []
    for pattern in ("*", "*/*"):
        for name in FILES:
            for path in islice(sorted(Path(folder).glob(f"{pattern}/{name}")), most):
                with suppress(UsageError):
                    if not _hidden(path.parts) and _read(str(path)) is not None:
                        found.append(str(path))
    return found


def models_of(text: str) -> list[str]:
    """Return what the text of a configuration lists as `models`, as written; nothing where it cannot be read."""
    import tomllib

    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return []
    listed = data.get("models", data.get("tool", {}).get("cnncost", {}).get("models", []))
    return [model for model in listed if isinstance(model, str)] if isinstance(listed, list) else []


def _read(path: str) -> Config | None:
    import tomllib

    text = read_text(path, "the configuration", "name a configuration file with --config", LARGEST)
    whole = os.path.basename(path) != "pyproject.toml"
    if not whole and not re.search("c+n+.{0,2}c?o?s?t", text, re.IGNORECASE):  # of most projects: no need to parse it
        return None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        fact, _, where = str(error).partition(" (at ")
        end = (text.count("\n") + 1, len(text) - text.rfind("\n"))
        line, column = map(int, re.findall("[0-9]+", where) or end)
        amount = re.search(r"[=,{]\s*([0-9][0-9._]*\s?[A-Za-z%]+)", text.split("\n")[line - 1])
        hint = f'an amount with a unit is written in quotes: "{amount[1]}"' if amount else "see: https://toml.io"
        raise ConfigError((path, line, column), f"{fact[:1].lower()}{fact[1:]}", hint) from None
    except RecursionError:
        raise ConfigError((path, 1, 1), "nested too deep", "see: https://toml.io") from None
    reader = _Reader(path, text, () if whole else ("tool", "cnncost"))
    table = data if whole else reader.table_of_a_project(data)
    return None if table is None else reader.config(table)


class _Reader:
    """Reads the parsed data of one file, with the places of its keys at hand."""

    def __init__(self, path: str, text: str, root: Keys) -> None:
        self.path = path
        self.text = text
        self.root = root

    @cached_property
    def places(self) -> dict[Keys, tuple[int, int]]:
        return places(self.text)

    def at(self, *keys: str) -> tuple[int, int]:
        """Return the line and column of a key: its own, or those of the statement it is written in."""
        path = self.root + keys
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))

    def error(self, keys: Keys, message: str, hint: str = "") -> ConfigError:
        return ConfigError((self.path, *self.at(*keys)), message, hint)

    def table_of_a_project(self, data: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return [tool.cnncost] of a pyproject.toml, None where there is none. Raises ConfigError for one that is misspelt."""
        from difflib import get_close_matches  # imported late: most projects configure nothing here

        hint = "write [tool.cnncost], and [tool.cnncost.budget.…] for limits"
        tools = data.get("tool", {})
        tools = tools if isinstance(tools, dict) else {}
        for place, tables in (((), data), (("tool",), tools)):
            for key in tables:
                if (place, key) != (("tool",), "cnncost") and get_close_matches(key.lower(), ["cnncost"], cutoff=0.8):
                    line, column = self.places.get((*place, key), (1, 1))
                    raise ConfigError((self.path, line, column), f"'{'.'.join((*place, key))}' configures nothing", hint)
        if "cnncost" not in tools:
            return None
        table = tools["cnncost"]
        if not isinstance(table, dict):
            raise self.error((), "tool.cnncost is no table", hint)
        return table

    def config(self, data: Any) -> Config:
        self.known(data, KEYS, (), "the configuration")
        models = data.get("models", [])
        if not isinstance(models, list) or not all(isinstance(model, str) for model in models):
            raise self.error(("models",), "models is no list of names and paths", 'write models = ["specs/*.yaml", "resnet50"]')
        folder = os.path.dirname(self.path)
        named: list[str] = []
        for pattern in models:
            try:
                named += expand(pattern, folder)
            except UsageError as error:
                raise self.error(("models",), error.message, error.hint) from None
        budget = data.get("budget", {})
        if not isinstance(budget, dict):
            raise self.error(("budget",), "budget is no table", 'write [budget."specs/*.yaml"], and limits below it')
        rules = tuple(self.rule(pattern, limits, folder) for pattern, limits in budget.items())
        chosen = named if "models" in data else [model for rule in rules for model in rule.models]
        counting = {key: self.counting(key, data[key]) for key in COUNTING if key in data}
        return Config(self.path, tuple(dict.fromkeys(chosen)), counting, rules)

    def counting(self, key: str, value: Any) -> Any:
        from cnncost.base.units import DTYPES
        from cnncost.counting import convention
        from cnncost.counting.convention import SUFFIXES
        from cnncost.measures.precision import Setup

        if key == "batch":
            if type(value) is not int or value < 1:
                raise self.error((key,), f"a batch of {value!r}", "give a whole number from 1")
            return str(value)
        if key == "convention" and isinstance(value, str):
            name = os.path.join(os.path.dirname(self.path), value) if value.endswith(SUFFIXES) else value
            try:
                convention(name)
            except UsageError as error:
                raise self.error((key,), error.message, error.hint) from None
            return name
        if key == "convention":
            raise self.error((key,), f"unknown convention {value!r}", "write the name of one, or of a YAML file")
        if key in TRAINING:
            try:
                Setup(**{key: value})
            except (UsageError, TypeError, AttributeError) as error:
                fact = error.message if isinstance(error, UsageError) else f"{key} {value!r} is no text"
                raise self.error((key,), fact, getattr(error, "hint", f"{key} is, {MEANINGS[key]}")) from None
            return value
        if not isinstance(value, str) or value not in DTYPES:
            known = did_you_mean(str(value), DTYPES, f"known: {', '.join(DTYPES)}")
            raise self.error((key,), f"unknown dtype {value!r}", known)
        return value

    def rule(self, pattern: str, limits: Any, folder: str) -> Rule:
        keys: Keys = ("budget", pattern)
        if not isinstance(limits, dict):
            hint = f'write [budget."{EVERY}"] for limits of every model, or [budget."specs/*.yaml"]'
            raise self.error(keys, f"the budget of '{pattern}' is no table of limits", hint)
        if not limits:
            raise self.error(keys, f"the budget of '{pattern}' has no limit", 'add one, such as params = "26M"')
        found = []
        for name, given in limits.items():
            try:
                found.append(limit(name, given, self.path, *self.at(*keys, name)))
            except UsageError as error:
                raise self.error((*keys, name), error.message, error.hint) from None
        rule = Rule(pattern, folder, tuple(found), (self.path, *self.at(*keys)))
        rule.models  # noqa: B018  # a pattern that matches nothing is an error, whatever is checked
        return rule

    def known(self, data: Mapping[str, Any], names: Sequence[str], keys: Keys, what: str) -> None:
        for key in data:
            if key not in names:
                hint = did_you_mean(key, names, f"keys: {', '.join(names)}")
                raise self.error((*keys, key), f"unknown key '{key}' in {what}", hint)


def places(text: str) -> dict[Keys, tuple[int, int]]:
    """Return the keys of a valid TOML document with the line and column, from 1, of the statement that first names them.

    Lines are taken together until they parse: to a header, or to a whole assignment, wherever it ends.
    """
    import tomllib

    found: dict[Keys, tuple[int, int]] = {}
    table: Keys = ()
    start, pending = 1, ""
    for number, line in enumerate(text.split("\n"), 1):
        first, start = not pending, start if pending else number
        pending += line + "\n"
        if not first and not _CLOSING.search(line):
            continue  # what goes on over lines ends on one that closes it: no use in trying
        try:
            data = tomllib.loads(pending)
        except tomllib.TOMLDecodeError:
            continue
        statement, pending = pending, ""
        paths = list(_leaves(data))
        if statement.lstrip().startswith("["):
            (table,) = paths
            paths = [()]
        for path in paths:
            whole = table + path
            for length in range(1, len(whole) + 1):
                found.setdefault(whole[:length], (start, len(statement) - len(statement.lstrip()) + 1))
    return found


_CLOSING = re.compile(r"""[]}]|"{3}|'{3}""")


def _leaves(data: Any, path: Keys = ()) -> Iterator[Keys]:
    """Iterate over the paths to values and to empty tables."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from _leaves(value, (*path, key))
    else:
        yield path
