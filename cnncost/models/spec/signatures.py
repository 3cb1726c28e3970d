"""What a layer type takes in a spec, read off its rule's signature: the reader and the JSON Schema both ask here."""

from __future__ import annotations

import inspect
from functools import cache
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from cnncost.base.record import dataclass
from cnncost.rules import RULES
from cnncost.rules.shapes import MOST_AXES

JOINS = tuple(kind for kind, rule in RULES.items() if rule.inputs is None)  # add, mul, concat: they take branches
PLAIN_JOINS = tuple(kind for kind in JOINS if RULES[kind].arguments.keys() <= {"axis"} and kind != "stack")  # of one: itself
NORMS = tuple(kind for kind, rule in RULES.items() if rule.section == "normalisation")
ACTIVATIONS = tuple(kind for kind, rule in RULES.items() if rule.section == "activations")
EXPANDING = tuple(kind for kind, rule in RULES.items() if rule.section == "weights" and "bias" in rule.arguments)
NONE = "none"  # no norm, no act
MODIFIERS = ("id", "from", "repeat", "first", "runs", "shares", "bits", "note")


@dataclass(frozen=True, slots=True)
class Argument:
    """What an argument may be, and its default."""

    default: Any  # inspect.Parameter.empty where it has to be given
    words: tuple[str, ...] = ()
    lengths: tuple[int, ...] = ()  # of lists
    number: bool = False  # a whole number
    decimal: bool = False  # a number that need not be whole
    boolean: bool = False
    null: bool = False
    text: bool = False  # any words, such as the name of an operation

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.default is inspect.Parameter.empty


ANY = Argument(None, number=True, decimal=True, boolean=True, null=True, lengths=tuple(range(1, 65)))  # of a block's params
CONSTANT = Argument(None, number=True, decimal=True, boolean=True)  # of the params of a spec


@cache
def arguments(kind: str) -> dict[str, Argument]:
    """Return the arguments of a layer type in a spec, the main one first: those of its rule, then norm and act."""
    rule = RULES[kind]
    hints = get_type_hints(rule.function)
    found = {name: _argument(hints.get(name, Any), parameter.default) for name, parameter in rule.arguments.items()}
    if kind in EXPANDING:
        found["norm"] = Argument(NONE, words=(NONE, *NORMS))
        found["act"] = Argument(NONE, words=(NONE, *ACTIVATIONS))
    return found


@cache
def project_arguments() -> dict[str, Argument]:
    """Return the arguments of `project`: those of the convolution it may become, its size and stride left out."""
    own = {name: argument for name, argument in arguments("conv").items() if name not in ("out", "stride")}
    return {**own, "kernel": Argument(1, number=True, lengths=(2,)), "pad": Argument("same", ("same",), (2, 4), number=True)}


@cache
def words() -> frozenset[str]:
    """Return the words that are values: a block's params may hold them, too."""
    return frozenset(word for kind in RULES for argument in arguments(kind).values() for word in argument.words)


def _argument(hint: Any, default: Any) -> Argument:
    found: dict[str, Any] = {"words": (), "lengths": ()}

    def visit(hint: Any) -> None:
        if get_origin(hint) is Literal:
            found["words"] += get_args(hint)
        elif get_origin(hint) is tuple:
            found["lengths"] += tuple(range(1, MOST_AXES + 1)) if Ellipsis in get_args(hint) else (len(get_args(hint)),)
        elif get_args(hint):
            for option in get_args(hint):
                visit(option)
        else:
            found[{bool: "boolean", float: "decimal", NoneType: "null", str: "text"}.get(hint, "number")] = True

    visit(hint)
    return Argument(default, **{**found, "lengths": tuple(sorted(set(found["lengths"])))})
