"""The dialect as a JSON Schema (draft-07), generated from the rules' signatures: for editors, and to check specs elsewhere.

Unions are written as `"type": [...]` rather than `anyOf`, so that an editor puts a slip deep inside a block on the word
itself. What no schema can know, such as the names of a spec's own blocks, is left to the reader.
"""

from __future__ import annotations

import inspect
from typing import Any

from cnncost.base.limits import EXPECTED, MEANINGS, QUANTITIES
from cnncost.graph.bits import MOST_BITS
from cnncost.graph.fold import FOLDABLE
from cnncost.models.spec import DECLARED, KEYS, VERSION
from cnncost.models.spec.signatures import JOINS, Argument, arguments, project_arguments
from cnncost.models.spec.steps import LABEL, NAME
from cnncost.rules import RULES
from cnncost.rules.shapes import MOST_AXES

DRAFT = "http://json-schema.org/draft-07/schema#"
TITLE = "A cnncost spec: a convolutional network, as layers"
EXPRESSION = r"^[A-Za-z0-9_.+*/%<>=!(), -]+$"  # the characters that expressions are made of
NUMBER = {"type": ["integer", "string"], "pattern": EXPRESSION}
NO_BOOLEAN = r"^(?![yY][eE][sS]$|[nN][oO]$|[oO][nN]$|[oO][fF][fF]$)"  # words that YAML 1.1 takes for true and false
ABOUT = {  # the words that an editor shows
    "cnncost": "The version of the spec format. The first key of every spec.",
    "name": "What the network is called in tables; the file's name unless given.",
    "about": "A sentence about the network, and where it is from.",
    "input": "The shape of one example: channels, height, width; of several inputs a mapping from their names to shapes.",
    "params": "Settings with their defaults, for --set, sweep and solve.",
    "let": "Names for expressions, in order.",
    "defaults": "Arguments that layers have unless they say otherwise, by layer type.",
    "blocks": "Templates of layers, with params.",
    "layers": "A list of layers, or a mapping from stages to lists.",
    "model": "A model of the zoo to start from, in place of layers.",
    "require": "Conditions that the params must meet.",
    "expect": "Exact figures that the network must have.",
    "budget": "Limits for cnncost check.",
    "id": "A name for this layer's output, for from and for branches.",
    "from": "The id (or ids) that this layer reads instead of the layer before it.",
    "repeat": "How many copies; inside, i is the number of the copy, from 0.",
    "first": "Arguments of the first copy.",
    "runs": "The share of training passes in which the layer runs; 0: never.",
    "shares": "The id of an earlier layer whose weights this one uses.",
    "note": "A remark.",
    "bits": "Bits of numbers: 4, or {weights: 4, activations: 8}; of a network by default, and beside a layer its own.",
    "density": "The share of the weights that is not zero, for model_size.",
    "fold": "Layer types that disappear into the layers before them: batch_norm.",
    "inner": "A network inside this one: one of the zoo, or a spec beside this file.",
    "start": "Beside model: the layer or scope to begin with.",
    "until": "Beside model: the layer or scope to end with; or several, which id.NAME reaches.",
    "head": "Beside model: false leaves out what follows the last map.",
    "project": "The shortcut: identity where it fits the first branch, otherwise a 1x1 convolution to its shape.",
    "identity": "The untouched tensor.",
}


def schema() -> dict[str, Any]:
    """Return the JSON Schema of version 1 of the dialect."""
    layers = {"type": ["array", "object"], "items": _ref("item"), "additionalProperties": _list("item")}
    top: dict[str, Any] = {
        "cnncost": {"const": int(VERSION)},
        "name": {"type": "string"},
        "about": {"type": "string"},
        "input": {
            "type": ["array", "object"],
            "items": {**NUMBER, "minimum": 1},
            "minItems": 1,
            "maxItems": MOST_AXES,
            "propertyNames": _pattern(LABEL),
            "additionalProperties": {"type": "array", "items": {**NUMBER, "minimum": 1}, "minItems": 1, "maxItems": MOST_AXES},
            "minProperties": 1,
        },
        "params": {"type": ["object", "null"], "propertyNames": _pattern(NAME), "additionalProperties": _ref("param")},
        "let": {"type": ["object", "null"], "propertyNames": _pattern(NAME), "additionalProperties": _ref("value")},
        "defaults": _closed({kind: _ref(kind) for kind in RULES if kind not in JOINS and arguments(kind)}),
        "blocks": {"type": ["object", "null"], "propertyNames": _pattern(NAME), "additionalProperties": _ref("block")},
        "layers": layers,
        "model": {"type": "string", "examples": ["resnet50", "resnet50 + vgg16"]},
        "require": {"type": "array", "items": {"type": "string", "pattern": EXPRESSION}},
        "bits": _ref("bits"),
        "density": {"type": ["number", "string"]},
        "fold": {"type": ["string", "array"], "items": {"type": "string", "enum": [*FOLDABLE]}},
        "expect": _closed({"out": {"type": "array", "items": _ref("number")}, **{name: _ref("quantity") for name in EXPECTED}}),
        "budget": _closed({name: _ref("limit") for name in QUANTITIES}),
    }
    return {
        "$schema": DRAFT,
        "title": TITLE,
        **_closed({key: _told(key, top[key]) for key in KEYS}),
        "required": ["cnncost"],
        "if": {"required": ["model"]},
        "then": {"properties": {"layers": False, "blocks": False, "let": False, "defaults": False, "require": False}},
        "else": {
            "required": ["input", "layers"],
            "properties": {"params": {"additionalProperties": {"type": ["number", "string", "boolean", "object"]}}},
        },
        "definitions": {**_common(), **{kind: _layer(kind) for kind in RULES}},
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/definitions/{name}"}


def _list(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _ref(name)}


def _told(key: str, part: dict[str, Any]) -> dict[str, Any]:
    return {"description": ABOUT[key], **part}


def _closed(properties: dict[str, Any], *types: str) -> dict[str, Any]:
    """Return an object with these properties and no others."""
    return {"type": [*types, "object"] if types else "object", "properties": properties, "additionalProperties": False}


def _pattern(pattern: Any) -> dict[str, str]:
    return {"pattern": f"^{pattern.pattern}$"}


def _common() -> dict[str, Any]:
    modifiers: dict[str, dict[str, Any]] = {
        "id": {"type": ["string", "integer"], **_pattern(LABEL)},
        "from": {"type": ["string", "array"], "items": {"type": "string"}},
        "repeat": _ref("number"),
        "first": {"type": "object"},
        "runs": _ref("value"),
        "shares": {"type": "string"},
        "bits": _ref("bits"),
        "note": {"type": "string"},
    }
    operators = {
        **{kind: _ref(kind) for kind in RULES},
        "identity": {"type": ["null", "object"], "maxProperties": 0},
        "model": {"type": "string", "description": ABOUT["inner"], "examples": ["resnet50", "backbone.yaml"]},
    }
    part: dict[str, dict[str, Any]] = {
        "start": {"type": "string"},
        "until": {"type": ["string", "array"], "items": {"type": "string"}},
        "head": {"type": "boolean"},
        "params": {"type": "object", "additionalProperties": {"type": ["number", "string", "boolean", "array", "null"]}},
    }
    beside = {key: _told(key, form) for key, form in (*modifiers.items(), *part.items())}
    called = {"type": ["object", "array", "string", "number", "boolean", "null"]}  # of a block of the spec's own
    inside = {**operators, **beside}
    item = {"type": ["string", "object"], "minProperties": 1, "properties": inside, "additionalProperties": called}
    project = {"type": ["object", "null"], "properties": _properties(project_arguments()), "additionalProperties": False}
    of_branch = {**inside, "project": _told("project", project)}
    branch = {
        "type": ["string", "object", "array"],
        "items": {**item, "properties": of_branch},
        "properties": of_branch,
        "additionalProperties": called,
    }
    value = {"type": ["number", "string", "boolean", "null", "array"]}
    choice = {"type": ["number", "string", "boolean"]}
    declared = {
        "default": choice,
        "choices": {"type": "array", "items": choice, "minItems": 1},
        "range": {"type": "array", "items": {"type": ["integer", "string"]}, "minItems": 2, "maxItems": 3},
        "help": {"type": "string"},
    }
    block = {
        "params": {"type": ["object", "null"], "propertyNames": _pattern(NAME), "additionalProperties": value},
        "let": {"type": ["object", "null"], "propertyNames": _pattern(NAME), "additionalProperties": value},
        "layers": {"type": ["array", "object", "string"], "items": _ref("item")},
        "about": {"type": "string"},
    }
    bits = {"type": "integer", "minimum": 1, "maximum": MOST_BITS}
    limit = {name: {"type": ["number", "string"], "description": words} for name, words in MEANINGS.items()}
    return {
        "bits": {**_closed({"weights": bits, "activations": bits}, "integer"), "minimum": 1, "maximum": MOST_BITS},
        "item": item,
        "branch": branch,
        "number": NUMBER,
        "value": value,
        "param": {  # a list is a setting of a model of the zoo
            **_closed({key: declared[key] for key in DECLARED}, "number", "string", "boolean", "array"),
            "required": ["default"],
        },
        "block": {**_closed(block), "required": ["layers"]},
        "quantity": {"type": ["number", "string"], "examples": ["25_557_032", "4.5G"]},
        "limit": _closed(limit, "number", "string"),
    }


def _layer(kind: str) -> dict[str, Any]:
    """Return the schema of what stands after a layer type."""
    rule = RULES[kind]
    told = {"description": rule.summary}
    if kind in JOINS:
        return {
            **told,
            "type": ["array", "object"],
            "items": _ref("branch"),
            "properties": _properties(arguments(kind)),
            "additionalProperties": _ref("branch"),
            "minItems": 1,
        }
    takes = arguments(kind)
    if not takes:
        return {**told, "type": ["null", "object"], "maxProperties": 0}
    main = _types(next(iter(takes.values())))
    return {**told, **_closed(_properties(takes), *sorted({*main, "null"}))}


def _properties(takes: dict[str, Argument]) -> dict[str, Any]:
    return {name: _argument(argument) for name, argument in takes.items()}


def _types(argument: Argument) -> list[str]:
    """Return the JSON types of an argument; a string is a word or an expression."""
    types = ["string"]
    types += ["number"] if argument.decimal else ["integer"] if argument.number else []
    types += ["boolean"] if argument.boolean else []
    types += ["array"] if argument.lengths else []
    types += ["null"] if argument.null else []
    return types


def _argument(argument: Argument) -> dict[str, Any]:
    found: dict[str, Any] = {"type": _types(argument), "pattern": NO_BOOLEAN if argument.boolean else EXPRESSION}
    if argument.text:
        del found["pattern"]
    if argument.lengths:
        found |= {"items": _ref("number"), "minItems": min(argument.lengths), "maxItems": max(argument.lengths)}
    examples = [*([True, False] if argument.boolean else []), *(word for word in argument.words if isinstance(word, str))]
    if examples:
        found["examples"] = examples
    default = argument.default
    if default is not inspect.Parameter.empty and default is not None:
        found["default"] = list(default) if isinstance(default, tuple) else default
    return found
